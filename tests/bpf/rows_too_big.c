/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* tc_from_port: what does not fit its tunnel, and who is told. The rate limit is in test_flow.c. */
#include "rows.h"

/* A network's own limit only counts for frames that go to everybody. */
static void narrow_network(void)
{
	put_network_mtu(NET_WEB, 1280);
}

/* clang-format off */
#define TO_B ETH(.dst = MAC_WEB_B, .src = MAC_WEB1)
#define TO_C ETH(.dst = MAC_WEB_C, .src = MAC_WEB1)
#define V4(d, ...) IP4(.src = IP4_WEB1, .dst = d, __VA_ARGS__)
#define V6(d, ...) IP6(.src = IP6_WEB1, .dst = d, __VA_ARGS__)
#define PORTS .sport = 1000, .dport = 2000
/* The errors: in the name of the destination, with the packet's first 256 or 1024 bytes. */
#define NEEDED(mac, ip, mtu) PKT(ETH(.dst = MAC_WEB1, .src = mac), \
	IP4(.src = ip, .dst = IP4_WEB1), ICMP(.type = 3, .code = 4, .rest = mtu), \
	REF(.off = 14, .len = 256))
#define TOO_BIG(mac, ip, mtu) PKT(ETH(.dst = MAC_WEB1, .src = mac), \
	IP6(.src = ip, .dst = IP6_WEB1), ICMP6(.type = 2, .rest = mtu), \
	REF(.off = 14, .len = 1024))
#define LOST .from = WEB1, .drop = WEFT_DROP_PKT_TOO_BIG

static const struct port_row rows[] = {
	{ "IPv4 UDP, one byte too long", LOST,
	  .in = PKT(TO_B, V4(IP4_WEB_B, .frag = 0x4000), UDP(PORTS), DATA(MTU_B - 27)),
	  .reply = NEEDED(MAC_WEB_B, IP4_WEB_B, MTU_B) },
	{ "IPv4 UDP without DF", LOST,
	  .in = PKT(TO_B, V4(IP4_WEB_B), UDP(PORTS), DATA(1472)),
	  .reply = NEEDED(MAC_WEB_B, IP4_WEB_B, MTU_B) },
	{ "IPv4 TCP over an IPv6 underlay", LOST,
	  .in = PKT(TO_C, V4(IP4_WEB_C, .frag = 0x4000), TCP(PORTS, .options = 3), DATA(1448)),
	  .reply = NEEDED(MAC_WEB_C, IP4_WEB_C, MTU_C) },
	{ "IPv4 with options, which are quoted", LOST,
	  .in = PKT(TO_B, V4(IP4_WEB_B, .options = 5), UDP(PORTS), DATA(1452)),
	  .reply = NEEDED(MAC_WEB_B, IP4_WEB_B, MTU_B) },
	{ "an echo request", LOST,
	  .in = PKT(TO_B, V4(IP4_WEB_B), ICMP(.type = 8, .rest = 0x10001), DATA(1472)),
	  .reply = NEEDED(MAC_WEB_B, IP4_WEB_B, MTU_B) },
	{ "an echo reply", LOST,
	  .in = PKT(TO_B, V4(IP4_WEB_B), ICMP(.type = 0, .rest = 0x10001), DATA(1472)),
	  .reply = NEEDED(MAC_WEB_B, IP4_WEB_B, MTU_B) },
	{ "a first fragment", LOST,
	  .in = PKT(TO_B, V4(IP4_WEB_B, .frag = 0x2000), UDP(PORTS, .len = 3000), DATA(1472)),
	  .reply = NEEDED(MAC_WEB_B, IP4_WEB_B, MTU_B) },
	{ "IPv6 UDP, one byte too long", LOST,
	  .in = PKT(TO_C, V6(IP6_WEB_C), UDP(PORTS), DATA(MTU_C - 47)),
	  .reply = TOO_BIG(MAC_WEB_C, IP6_WEB_C, MTU_C) },
	{ "IPv6 TCP over an IPv4 underlay", LOST,
	  .in = PKT(TO_B, V6(IP6_WEB_B, .flow = 0x12345), TCP(PORTS), DATA(1440)),
	  .reply = TOO_BIG(MAC_WEB_B, IP6_WEB_B, MTU_B) },
	{ "an ICMPv6 echo request", LOST,
	  .in = PKT(TO_C, V6(IP6_WEB_C), ICMP6(.type = 128, .rest = 0x10001), DATA(1452)),
	  .reply = TOO_BIG(MAC_WEB_C, IP6_WEB_C, MTU_C) },
	{ "IPv6 behind extension headers", LOST,
	  .in = PKT(TO_C, V6(IP6_WEB_C), EXT(.nh = 60), FRAG(.frag = 1), UDP(PORTS, .len = 3000),
		    DATA(1400)),
	  .reply = TOO_BIG(MAC_WEB_C, IP6_WEB_C, MTU_C) },
	{ "unknown unicast, by the network's limit", LOST,
	  .in = PKT(ETH(.dst = MAC_NOBODY, .src = MAC_WEB1), V4(IP4_WEB_NOBODY), UDP(PORTS),
		    DATA(MTU_C - 27)),
	  .reply = NEEDED(MAC_NOBODY, IP4_WEB_NOBODY, MTU_C) },

	{ "unicast only heeds its own tunnel's limit", .setup = narrow_network, .from = WEB1,
	  .to = VIA(TUNNEL_B), .in = PKT(TO_B, V4(IP4_WEB_B), UDP(PORTS), DATA(1400)) },
	{ "to a local port anything fits", .from = WEB1, .to = TO(WEB2),
	  .in = PKT(ETH(.dst = MAC_WEB2, .src = MAC_WEB1), V4(IP4_WEB2), UDP(PORTS), DATA(3000)) },
	{ "a tunnel for jumbo frames", .from = DB1, .to = VIA(TUNNEL_D),
	  .in = PKT(ETH(.dst = MAC_DB_D, .src = MAC_DB1), V4(IP4_DB_D), UDP(PORTS), DATA(3000)) },

	{ "no error about an ICMP error", LOST,
	  .in = PKT(TO_B, V4(IP4_WEB_B), ICMP(.type = 3, .code = 1), DATA(1472)) },
	{ "no error about a later fragment", LOST,
	  .in = PKT(TO_B, V4(IP4_WEB_B, .frag = 100, .proto = 17), DATA(1480)) },
	{ "no error to nobody", .setup = port_security_off, LOST,
	  .in = PKT(TO_B, IP4(.dst = IP4_WEB_B), UDP(PORTS), DATA(1472)) },
	{ "no error to a group", .setup = port_security_off, LOST,
	  .in = PKT(TO_B, IP4(.src = IP4_GROUP, .dst = IP4_WEB_B), UDP(PORTS), DATA(1472)) },
	{ "no error about a broadcast", LOST,
	  .in = PKT(ETH(.dst = MAC_BROADCAST, .src = MAC_WEB1), V4(IP4_BROADCAST), UDP(PORTS),
		    DATA(1472)) },
	{ "no error in the name of a group, by its MAC address", LOST,
	  .in = PKT(ETH(.dst = MAC_GROUP4, .src = MAC_WEB1), V4(IP4_GROUP), UDP(PORTS),
		    DATA(1472)) },
	{ "no error in the name of a group, by nothing but its MAC address", LOST,
	  .in = PKT(ETH(.dst = MAC_GROUP4, .src = MAC_WEB1), V4(IP4_WEB_B), UDP(PORTS),
		    DATA(1472)) },
	{ "no error in the name of a group, by its IP address", LOST,
	  .in = PKT(TO_B, V4(IP4_GROUP), UDP(PORTS), DATA(1472)) },
	{ "no error about an ICMPv6 error", LOST,
	  .in = PKT(TO_C, V6(IP6_WEB_C), ICMP6(.type = 1), DATA(1452)) },
	{ "no error about a later IPv6 fragment", LOST,
	  .in = PKT(TO_C, V6(IP6_WEB_C), FRAG(.frag = 0x100, .proto = 17), DATA(1440)) },
	{ "no error to no IPv6 address", .setup = port_security_off, LOST,
	  .in = PKT(TO_C, IP6(.dst = IP6_WEB_C), UDP(PORTS), DATA(1452)) },
	{ "no error to an IPv6 group", .setup = port_security_off, LOST,
	  .in = PKT(TO_C, IP6(.src = IP6_GROUP, .dst = IP6_WEB_C), UDP(PORTS), DATA(1452)) },
	{ "no error in the name of an IPv6 group, by its MAC address", LOST,
	  .in = PKT(ETH(.dst = MAC_GROUP6, .src = MAC_WEB1), V6(IP6_GROUP), UDP(PORTS),
		    DATA(1452)) },
	{ "no error in the name of an IPv6 group, by its IP address", LOST,
	  .in = PKT(TO_C, V6(IP6_GROUP), UDP(PORTS), DATA(1452)) },
	{ "no error about what is not IP", LOST, .in = PKT(TO_B, DATA(1500)) },

	/* GSO: each segment counts. The kernel refuses to encapsulate what TEST_RUN calls GSO. */
	{ "GSO with segments that fit", .from = WEB1, .drop = WEFT_DROP_ENCAP_FAILED,
	  .in = PKT(TO_B, V4(IP4_WEB_B), TCP(PORTS), DATA(3000)),
	  .gso_size = MTU_B - 40, .gso_segs = 3, .not_live = true },
	{ "GSO with segments one byte too long", LOST,
	  .in = PKT(TO_B, V4(IP4_WEB_B), TCP(PORTS), DATA(3000)),
	  .gso_size = MTU_B - 39, .gso_segs = 3, .not_live = true,
	  .reply = NEEDED(MAC_WEB_B, IP4_WEB_B, MTU_B) },
	{ "UDP GSO with segments one byte too long, IPv6", LOST,
	  .in = PKT(TO_C, V6(IP6_WEB_C), UDP(PORTS), DATA(3000)),
	  .gso_size = MTU_C - 47, .gso_segs = 3, .not_live = true,
	  .reply = TOO_BIG(MAC_WEB_C, IP6_WEB_C, MTU_C) },
};

const struct port_table too_big_table = { "too big", rows, sizeof(rows) / sizeof(rows[0]) };
