/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* tc_from_port: headers that contradict themselves or each other. */
#include "rows.h"

/* clang-format off */
#define TO_WEB2 ETH(.dst = MAC_WEB2, .src = MAC_WEB1)
#define V4(...) IP4(.src = IP4_WEB1, .dst = IP4_WEB2, __VA_ARGS__)
#define V6(...) IP6(.src = IP6_WEB1, .dst = IP6_WEB2, __VA_ARGS__)
#define PORTS .sport = 1000, .dport = 2000

static const struct port_row rows[] = {
	{ "a frame that ends with its Ethernet header", .from = WEB1,
	  .drop = WEFT_DROP_HDR_TRUNC, .in = PKT(TO_WEB2, ARP()), .cut = 15 },
	{ "a frame that ends in a VLAN tag", .from = WEB1, .drop = WEFT_DROP_HDR_TRUNC,
	  .in = PKT(TO_WEB2, VLAN()), .cut = 16, .not_live = true },
	{ "ARP that is too short", .from = WEB1, .drop = WEFT_DROP_HDR_TRUNC,
	  .in = PKT(TO_WEB2, ARP()), .cut = 41 },
	{ "three VLAN tags", .from = WEB1, .drop = WEFT_DROP_VLAN_TOO_DEEP, .not_live = true,
	  .in = PKT(TO_WEB2, VLAN(.tpid = 0x88a8), VLAN(), VLAN(), V4(), UDP(PORTS)) },

	{ "IPv4 with another version", .from = WEB1, .drop = WEFT_DROP_IP_INHDR,
	  .in = PKT(TO_WEB2, V4(.version = 5), UDP(PORTS), DATA(32)) },
	{ "IPv4 with a header length under 20", .from = WEB1, .drop = WEFT_DROP_IP_INHDR,
	  .in = PKT(TO_WEB2, V4(.ihl = 4), UDP(PORTS), DATA(32)) },
	{ "IPv4 with a header longer than the packet", .from = WEB1, .drop = WEFT_DROP_IP_INHDR,
	  .in = PKT(TO_WEB2, V4(.ihl = 15), UDP(PORTS), DATA(4)) },
	{ "IPv4 with a total length shorter than the header", .from = WEB1,
	  .drop = WEFT_DROP_IP_INHDR, .in = PKT(TO_WEB2, V4(.len = 19), UDP(PORTS), DATA(32)) },
	{ "IPv4 with a total length beyond the frame", .from = WEB1, .drop = WEFT_DROP_IP_INHDR,
	  .in = PKT(TO_WEB2, V4(.len = 61), UDP(PORTS), DATA(32)) },
	{ "IPv4 with total length 0, not GSO", .from = WEB1, .drop = WEFT_DROP_IP_INHDR,
	  .in = PKT(TO_WEB2, V4(.len = FORCE(0)), UDP(PORTS), DATA(32)) },

	{ "IPv6 with another version", .from = WEB1, .drop = WEFT_DROP_IP_INHDR,
	  .in = PKT(TO_WEB2, V6(.version = 4), UDP(PORTS), DATA(32)) },
	{ "IPv6 with a payload length beyond the frame", .from = WEB1, .drop = WEFT_DROP_IP_INHDR,
	  .in = PKT(TO_WEB2, V6(.len = 41), UDP(PORTS), DATA(32)) },
	{ "IPv6 with payload length 0 in front of a hop-by-hop header, not GSO", .from = WEB1,
	  .drop = WEFT_DROP_HDR_TRUNC,
	  .in = PKT(TO_WEB2, V6(.len = FORCE(0)), EXT(.nh = 0), UDP(PORTS), DATA(32)) },
	{ "an IPv6 extension header beyond the payload", .from = WEB1, .drop = WEFT_DROP_HDR_TRUNC,
	  .in = PKT(TO_WEB2, V6(.len = 8), EXT(.nh = 60, .len = 16), UDP(PORTS), DATA(32)) },
	{ "an IPv6 payload that ends where an extension header begins", .from = WEB1,
	  .drop = WEFT_DROP_HDR_TRUNC,
	  .in = PKT(TO_WEB2, V6(.len = 8), EXT(.nh = 60), EXT(.nh = 60), UDP(PORTS), DATA(32)) },
	{ "more IPv6 extension headers than are followed", .from = WEB1,
	  .drop = WEFT_DROP_IPV6_EXTHDR,
	  .in = PKT(TO_WEB2, V6(), EXT(.nh = 60), EXT(.nh = 60), EXT(.nh = 60), EXT(.nh = 60),
		    EXT(.nh = 60), EXT(.nh = 60), EXT(.nh = 60), UDP(PORTS), DATA(32)) },
	{ "IPv6 extension headers over more bytes than are followed", .from = WEB1,
	  .drop = WEFT_DROP_IPV6_EXTHDR,
	  .in = PKT(TO_WEB2, V6(), EXT(.nh = 60, .len = 2000), UDP(PORTS), DATA(32)) },
	{ "an IPv6 routing header of type 0", .from = WEB1, .drop = WEFT_DROP_IPV6_RH0,
	  .in = PKT(TO_WEB2, V6(), EXT(.nh = 43, .len = 24), UDP(PORTS), DATA(32)) },

	{ "UDP with a length under 8", .from = WEB1, .drop = WEFT_DROP_L4_INHDR,
	  .in = PKT(TO_WEB2, V4(), UDP(PORTS, .len = 7), DATA(32)) },
	{ "UDP with a length beyond the IP packet", .from = WEB1, .drop = WEFT_DROP_L4_INHDR,
	  .in = PKT(TO_WEB2, V4(), UDP(PORTS, .len = 41), DATA(32), PAD(8)) },
	{ "UDP that the IP packet has no room for", .from = WEB1, .drop = WEFT_DROP_HDR_TRUNC,
	  .in = PKT(TO_WEB2, V4(.len = 27), UDP(PORTS), PAD(8)) },
	{ "TCP with a header under 20", .from = WEB1, .drop = WEFT_DROP_L4_INHDR,
	  .in = PKT(TO_WEB2, V4(), TCP(PORTS, .doff = 4), DATA(32)) },
	{ "TCP with a header longer than the IP packet", .from = WEB1, .drop = WEFT_DROP_L4_INHDR,
	  .in = PKT(TO_WEB2, V6(), TCP(PORTS, .doff = 8), DATA(8), PAD(8)) },
	{ "TCP that the IP packet has no room for", .from = WEB1, .drop = WEFT_DROP_HDR_TRUNC,
	  .in = PKT(TO_WEB2, V6(.len = 19), TCP(PORTS), PAD(8)) },
	{ "ICMP of three bytes", .from = WEB1, .drop = WEFT_DROP_HDR_TRUNC,
	  .in = PKT(TO_WEB2, V4(.len = 23), ICMP(.type = 8), PAD(8)) },
	{ "a first fragment too small for its L4 header", .from = WEB1,
	  .drop = WEFT_DROP_HDR_TRUNC,
	  .in = PKT(TO_WEB2, V4(.frag = 0x2000, .proto = 6), DATA(8)) },
};

const struct port_table malformed_table = { "malformed", rows, sizeof(rows) / sizeof(rows[0]) };
