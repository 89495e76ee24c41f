/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* tc_from_port: port security. What is said in another's name or as what the port is not is lost;
 * what a workload needs passes. */
#include <arpa/inet.h>
#include <string.h>

#include "rows.h"

#define SECURE (WEFT_GUARD_SECURE | WEFT_GUARD_ADDRS)

static void web1_is(__u16 flags)
{
	put_guard(WEB1, &(struct weft_guard){.flags = flags});
}

static void mac_only(void)
{
	web1_is(WEFT_GUARD_SECURE);
}

static void a_server(void)
{
	web1_is(SECURE | WEFT_GUARD_DHCP);
}

static void a_router(void)
{
	web1_is(SECURE | WEFT_GUARD_ROUTER);
}

static void web2_is_a_server(void)
{
	put_guard(WEB2, &(struct weft_guard){.flags = SECURE | WEFT_GUARD_DHCP});
}

static void web2_is_open(void)
{
	put_guard(WEB2, &(struct weft_guard){.flags = WEFT_GUARD_SECURE});
}

static void pair(enum wire wire, const __u8 *mac, const struct weft_addr *addr, __u32 len,
		 __u32 family)
{
	put_guard(wire, &(struct weft_guard){.flags = SECURE | WEFT_GUARD_PAIRS});
	put_pair(wire, mac, NULL, 0, 0);
	put_pair(wire, mac, addr, len, family);
}

/* Its own MAC address with 10.9.0.96/28, in which .99 is nobody's and none is in the file. */
static void own_mac_pair(void)
{
	const __u8 mac[] = MAC_WEB1;
	const struct weft_addr addr = {.bytes = {[10] = 0xff, 0xff, 10, 9, 0, 96}};

	pair(WEB1, mac, &addr, 96 + 28, WEFT_PAIR_IPV4);
}

static void web2_own_mac_pair(void)
{
	const __u8 mac[] = MAC_WEB2;
	const struct weft_addr addr = {.bytes = {[10] = 0xff, 0xff, 10, 9, 0, 96}};

	pair(WEB2, mac, &addr, 96 + 28, WEFT_PAIR_IPV4);
}

/* A virtual router's MAC address, with addresses that web1 has not: VRRP. */
#define MAC_VRRP                                                                                   \
	{                                                                                          \
		0, 0, 0x5e, 0, 1, 7                                                                \
	}
static void vrrp(void)
{
	const __u8 mac[] = MAC_VRRP;
	const struct weft_addr v4 = {.bytes = {[10] = 0xff, 0xff, 10, 9, 0, 99}};
	const struct weft_addr v6 = {.bytes = IP6_WEB_NOBODY};

	pair(WEB1, mac, &v4, 128, WEFT_PAIR_IPV4);
	pair(WEB1, mac, &v6, 128, WEFT_PAIR_IPV6);
}

/* clang-format off */
#define LLA_WEB1 { 0xfe, 0x80, [11] = 0xff, [12] = 0xfe, [14] = 1, [15] = 0x11 } /* EUI-64 */
#define LLA_WEB2 { 0xfe, 0x80, [11] = 0xff, [12] = 0xfe, [14] = 1, [15] = 0x12 }
#define LLA_VRRP { 0xfe, 0x80, [8] = 2, [10] = 0x5e, [11] = 0xff, [12] = 0xfe, [14] = 1, [15] = 7 }
#define LLA_OTHER { 0xfe, 0x80, [15] = 0x11 }
#define IP6_ALL_ROUTERS { 0xff, 2, [15] = 2 }
#define IP6_DHCP { 0xff, 2, [13] = 1, [15] = 2 } /* ff02::1:2 */
#define MAC_ALL_ROUTERS { 0x33, 0x33, 0, 0, 0, 2 }
#define MAC_DHCP6 { 0x33, 0x33, 0, 1, 0, 2 }
#define MAC_VRRP_GROUP { 1, 0, 0x5e, 0, 0, 18 }
#define IP4_VRRP { 224, 0, 0, 18 }

#define WEB2_FROM(mac) ETH(.dst = MAC_WEB2, .src = mac)
#define TO_2 WEB2_FROM(MAC_WEB1)
#define TO_ALL ETH(.dst = MAC_BROADCAST, .src = MAC_WEB1)
#define TO_GROUP(mac) ETH(.dst = mac, .src = MAC_WEB1)
#define V4(s, d) IP4(.src = s, .dst = d)
#define V6(s, d) IP6(.src = s, .dst = d)
#define ND6(s, d) IP6(.src = s, .dst = d, .hlim = 255)
#define HELLO UDP(.sport = 1000, .dport = 2000), DATA(40)
#define ALL_BUT_WEB1 (TO(WEB2) | TO(WEB3) | VIA(TUNNEL_B) | VIA(TUNNEL_C))
#define FLOODED .from = WEB1, .to = ALL_BUT_WEB1, .marked = true
#define DELIVERED .from = WEB1, .to = TO(WEB2)
#define LOST(reason) .from = WEB1, .drop = WEFT_DROP_##reason
#define DHCP4(s, d) UDP(.sport = s, .dport = d), DATA(240)
#define SLLA(mac...) BYTES(1, 1, mac)
#define TLLA(mac...) BYTES(2, 1, mac)
#define OWN 2, 0, 0, 0, 1, 0x11
#define OTHERS 2, 0, 0, 0, 1, 0x12
#define SOLICITED_BY_WEB2 ND(.type = 136, .flags = 0x60000000, .target = IP6_WEB1, .opt = 2, .mac = MAC_WEB1)

static const struct port_row rows[] = {
	/* addresses of IP packets */
	{ "its own IPv4 address", DELIVERED, .in = PKT(TO_2, V4(IP4_WEB1, IP4_WEB2), HELLO) },
	{ "its own IPv6 address", DELIVERED, .in = PKT(TO_2, V6(IP6_WEB1, IP6_WEB2), HELLO) },
	{ "the link-local address of its MAC address, to another's", DELIVERED,
	  .in = PKT(TO_2, V6(LLA_WEB1, LLA_WEB2), HELLO) },
	{ "another's IPv4 address", LOST(ADDR_SPOOFED), .in = PKT(TO_2, V4(IP4_WEB3, IP4_WEB2), HELLO) },
	{ "another's IPv6 address", LOST(ADDR_SPOOFED), .in = PKT(TO_2, V6(IP6_WEB_B, IP6_WEB2), HELLO) },
	{ "nobody's IPv4 address", LOST(ADDR_NOT_OWN), .in = PKT(TO_2, V4(IP4_WEB_NOBODY, IP4_WEB2), HELLO) },
	{ "nobody's IPv6 address", LOST(ADDR_NOT_OWN), .in = PKT(TO_2, V6(IP6_WEB_NOBODY, IP6_WEB2), HELLO) },
	{ "another link-local address", LOST(ADDR_NOT_OWN), .in = PKT(TO_2, V6(LLA_OTHER, IP6_WEB2), HELLO) },
	{ "the link-local address of another's MAC address", LOST(ADDR_NOT_OWN),
	  .in = PKT(TO_2, V6(LLA_WEB2, IP6_WEB2), HELLO) },
	{ "no IPv4 address", LOST(ADDR_NOT_OWN), .in = PKT(TO_2, V4(IP4_NONE, IP4_WEB2), HELLO) },
	{ "no IPv6 address", LOST(ADDR_NOT_OWN), .in = PKT(TO_2, V6(IP6_NONE, IP6_WEB2), HELLO) },
	{ "an IPv4 group's address", LOST(ADDR_NOT_OWN), .in = PKT(TO_2, V4(IP4_GROUP, IP4_WEB2), HELLO) },
	{ "everybody's IPv4 address", LOST(ADDR_NOT_OWN), .in = PKT(TO_2, V4(IP4_BROADCAST, IP4_WEB2), HELLO) },
	{ "an IPv6 group's address", LOST(ADDR_NOT_OWN), .in = PKT(TO_2, V6(IP6_GROUP, IP6_WEB2), HELLO) },
	{ "another's address in a broadcast", LOST(ADDR_SPOOFED),
	  .in = PKT(TO_ALL, V4(IP4_WEB2, IP4_BROADCAST), HELLO) },
	{ "another's address to an IPv6 group", LOST(ADDR_SPOOFED),
	  .in = PKT(TO_GROUP(MAC_GROUP6), V6(IP6_WEB2, IP6_GROUP), HELLO) },
	{ "another's address, to nobody known", LOST(ADDR_SPOOFED),
	  .in = PKT(ETH(.dst = MAC_NOBODY, .src = MAC_WEB1), V4(IP4_WEB2, IP4_WEB_NOBODY), HELLO) },
	{ "another's address, into a tunnel", LOST(ADDR_SPOOFED),
	  .in = PKT(ETH(.dst = MAC_WEB_B, .src = MAC_WEB1), V4(IP4_WEB2, IP4_WEB_B), HELLO) },
	{ "another's address on a fragment", LOST(ADDR_SPOOFED),
	  .in = PKT(TO_2, IP4(.src = IP4_WEB3, .dst = IP4_WEB2, .frag = 100, .proto = 17), DATA(40)) },
	{ "nobody's address in an ICMP error", LOST(ADDR_NOT_OWN),
	  .in = PKT(TO_2, V4(IP4_WEB_NOBODY, IP4_WEB2), ICMP(.type = 3, .code = 1), DATA(28)) },
	{ "to an address that is not its receiver's", LOST(ADDR_NOT_RECEIVER),
	  .in = PKT(TO_2, V4(IP4_WEB1, IP4_WEB_NOBODY), HELLO) },
	{ "to an IPv6 address that is another's than its receiver's", LOST(ADDR_NOT_RECEIVER),
	  .in = PKT(TO_2, V6(IP6_WEB1, IP6_WEB3), HELLO) },
	{ "to any address of a port that may have any", .setup = web2_is_open, DELIVERED,
	  .in = PKT(TO_2, V4(IP4_WEB1, IP4_WEB_NOBODY), HELLO) },
	{ "to a group's address at one MAC address", DELIVERED,
	  .in = PKT(TO_2, V4(IP4_WEB1, IP4_GROUP), HELLO) },
	{ "nobody's address, from a port without addresses", .setup = mac_only, DELIVERED,
	  .in = PKT(TO_2, V4(IP4_WEB_NOBODY, IP4_WEB2), HELLO) },
	{ "another's address, from a port without addresses", .setup = mac_only, LOST(ADDR_SPOOFED),
	  .in = PKT(TO_2, V4(IP4_WEB3, IP4_WEB2), HELLO) },
	{ "anything, without port security", .setup = port_security_off, DELIVERED,
	  .in = PKT(WEB2_FROM(MAC_NOBODY), V4(IP4_WEB3, IP4_WEB_NOBODY), HELLO) },

	{ "another endpoint's MAC address, without port security", .setup = port_security_off,
	  LOST(MAC_SPOOFED), .in = PKT(WEB2_FROM(MAC_WEB3), V4(IP4_WEB3, IP4_WEB2), HELLO) },

	/* pairs */
	{ "an allowed prefix", .setup = own_mac_pair, DELIVERED,
	  .in = PKT(TO_2, V4(IP4_WEB_NOBODY, IP4_WEB2), HELLO) },
	{ "beside an allowed prefix", .setup = own_mac_pair, LOST(ADDR_NOT_OWN),
	  .in = PKT(TO_2, IP4(.src = { 10, 9, 0, 112 }, .dst = IP4_WEB2), HELLO) },
	{ "to an allowed prefix", .setup = web2_own_mac_pair, DELIVERED,
	  .in = PKT(TO_2, V4(IP4_WEB1, IP4_WEB_NOBODY), HELLO) },
	{ "ARP from an allowed prefix", .setup = own_mac_pair, FLOODED,
	  .in = PKT(TO_ALL, ARP(.sha = MAC_WEB1, .spa = IP4_WEB_NOBODY, .tpa = IP4_WEB_NOBODY)) },
	{ "an allowed MAC address with its address", .setup = vrrp, DELIVERED,
	  .in = PKT(WEB2_FROM(MAC_VRRP), V4(IP4_WEB_NOBODY, IP4_WEB2), HELLO) },
	{ "an allowed MAC address with its IPv6 address", .setup = vrrp, DELIVERED,
	  .in = PKT(WEB2_FROM(MAC_VRRP), V6(IP6_WEB_NOBODY, IP6_WEB2), HELLO) },
	{ "an allowed MAC address with its link-local address", .setup = vrrp, DELIVERED,
	  .in = PKT(WEB2_FROM(MAC_VRRP), V6(LLA_VRRP, IP6_WEB2), HELLO) },
	{ "an allowed MAC address with the port's own IP address", .setup = vrrp, LOST(ADDR_SPOOFED),
	  .in = PKT(WEB2_FROM(MAC_VRRP), V4(IP4_WEB1, IP4_WEB2), HELLO) },
	{ "the port's own MAC address with the other's IP address", .setup = vrrp, LOST(ADDR_NOT_OWN),
	  .in = PKT(TO_2, V4(IP4_WEB_NOBODY, IP4_WEB2), HELLO) },
	{ "the port's own addresses beside a pair", .setup = vrrp, DELIVERED,
	  .in = PKT(TO_2, V4(IP4_WEB1, IP4_WEB2), HELLO) },
	{ "gratuitous ARP of a virtual router", .setup = vrrp, FLOODED,
	  .in = PKT(ETH(.dst = MAC_BROADCAST, .src = MAC_VRRP),
		    ARP(.sha = MAC_VRRP, .spa = IP4_WEB_NOBODY, .tpa = IP4_WEB_NOBODY)) },
	{ "an advertisement of a virtual router", .setup = vrrp, FLOODED,
	  .in = PKT(ETH(.dst = MAC_ALL_NODES, .src = MAC_VRRP), ND6(LLA_VRRP, IP6_ALL_NODES),
		    ND(.type = 136, .flags = 0x20000000, .target = IP6_WEB_NOBODY, .opt = 2,
		       .mac = MAC_VRRP)) },
	{ "VRRP itself", .setup = vrrp, FLOODED, .odd = true,
	  .in = PKT(TO_GROUP(MAC_VRRP_GROUP), IP4(.src = IP4_WEB1, .dst = IP4_VRRP, .ttl = 255),
		    RAW(112, 20)) },
	{ "another MAC address than the allowed one", .setup = vrrp, LOST(MAC_SPOOFED),
	  .in = PKT(WEB2_FROM(MAC_NOBODY), V4(IP4_WEB_NOBODY, IP4_WEB2), HELLO) },
	{ "another's pair", LOST(MAC_SPOOFED),
	  .in = PKT(WEB2_FROM(MAC_VRRP), V4(IP4_WEB_NOBODY, IP4_WEB2), HELLO) },

	/* ARP */
	{ "ARP in another's name, by its MAC address", LOST(ARP_SPOOFED),
	  .in = PKT(TO_ALL, ARP(.sha = MAC_WEB2, .spa = IP4_WEB1, .tpa = IP4_WEB3)) },
	{ "ARP in another's name, by its IP address", LOST(ARP_SPOOFED),
	  .in = PKT(TO_ALL, ARP(.sha = MAC_WEB1, .spa = IP4_WEB2, .tpa = IP4_WEB3)) },
	{ "ARP in nobody's name", LOST(ARP_SPOOFED),
	  .in = PKT(TO_ALL, ARP(.sha = MAC_WEB1, .spa = IP4_WEB_NOBODY, .tpa = IP4_WEB3)) },
	{ "an ARP reply in another's name, to one", LOST(ARP_SPOOFED),
	  .in = PKT(TO_2, ARP(.op = 2, .sha = MAC_WEB1, .spa = IP4_WEB3, .tha = MAC_WEB2,
			      .tpa = IP4_WEB2)) },
	{ "an ARP reply in its own name, to one", DELIVERED,
	  .in = PKT(TO_2, ARP(.op = 2, .sha = MAC_WEB1, .spa = IP4_WEB1, .tha = MAC_WEB2,
			      .tpa = IP4_WEB2)) },
	{ "gratuitous ARP for another's address", LOST(ARP_SPOOFED),
	  .in = PKT(TO_ALL, ARP(.sha = MAC_WEB1, .spa = IP4_WEB2, .tpa = IP4_WEB2)) },
	{ "an ARP reply from no address", LOST(ARP_SPOOFED),
	  .in = PKT(TO_ALL, ARP(.op = 2, .sha = MAC_WEB1, .tpa = IP4_WEB1)) },
	{ "an ARP probe for an address that nobody has", LOST(ARP_SPOOFED),
	  .in = PKT(TO_ALL, ARP(.sha = MAC_WEB1, .tpa = IP4_WEB_NOBODY)) },
	{ "an ARP probe for another's address, to its owner", LOST(ARP_SPOOFED),
	  .in = PKT(TO_2, ARP(.sha = MAC_WEB1, .tpa = IP4_WEB2)) },
	{ "ARP of other hardware cannot be judged", LOST(ARP_SPOOFED),
	  .in = PKT(TO_ALL, ARP(.htype = 6, .sha = MAC_WEB1, .spa = IP4_WEB1, .tpa = IP4_WEB2)) },
	{ "ARP from any address, of a port without addresses", .setup = mac_only, FLOODED,
	  .in = PKT(TO_ALL, ARP(.sha = MAC_WEB1, .spa = IP4_WEB_NOBODY, .tpa = IP4_WEB_NOBODY)) },

	/* neighbour discovery */
	{ "an advertisement for another's address", LOST(ND_SPOOFED),
	  .in = PKT(TO_GROUP(MAC_ALL_NODES), ND6(IP6_WEB1, IP6_ALL_NODES),
		    ND(.type = 136, .target = IP6_WEB2, .opt = 2, .mac = MAC_WEB1)) },
	{ "an advertisement for nobody's address, to one", LOST(ND_SPOOFED),
	  .in = PKT(TO_2, ND6(IP6_WEB1, IP6_WEB2),
		    ND(.type = 136, .target = IP6_WEB_NOBODY, .opt = 2, .mac = MAC_WEB1)) },
	{ "an advertisement with another's link-layer address", LOST(ND_SPOOFED),
	  .in = PKT(TO_2, ND6(IP6_WEB1, IP6_WEB2),
		    ND(.type = 136, .target = IP6_WEB1, .opt = 2, .mac = MAC_WEB3)) },
	{ "an advertisement of its own address", DELIVERED,
	  .in = PKT(TO_2, ND6(IP6_WEB1, IP6_WEB2), SOLICITED_BY_WEB2) },
	{ "an advertisement of its link-local address", DELIVERED,
	  .in = PKT(TO_2, ND6(LLA_WEB1, IP6_WEB2),
		    ND(.type = 136, .target = LLA_WEB1, .opt = 2, .mac = MAC_WEB1)) },
	{ "an advertisement from another's address", LOST(ADDR_SPOOFED),
	  .in = PKT(TO_2, ND6(IP6_WEB3, IP6_WEB2), SOLICITED_BY_WEB2) },
	{ "a solicitation with another's link-layer address", LOST(ND_SPOOFED),
	  .in = PKT(TO_GROUP(MAC_SOLICITED(0x12)), ND6(IP6_WEB1, IP6_SOLICITED(0x12)),
		    ND(.target = IP6_WEB2, .opt = 1, .mac = MAC_WEB3)) },
	{ "the second option is another's link-layer address", LOST(ND_SPOOFED),
	  .in = PKT(TO_2, ND6(IP6_WEB1, IP6_WEB2),
		    ND(.target = IP6_WEB2, .opt = 1, .mac = MAC_WEB1), SLLA(OTHERS)) },
	{ "a solicitation with options that are not addresses", DELIVERED,
	  .in = PKT(TO_2, ND6(IP6_WEB1, IP6_WEB2),
		    ND(.target = IP6_WEB2), BYTES(14, 1, 1, 2, 3, 4, 5, 6), SLLA(OWN)) },
	{ "a solicitation without an address, but with a link-layer one", LOST(ND_SPOOFED),
	  .in = PKT(TO_GROUP(MAC_SOLICITED(0x11)), ND6(IP6_NONE, IP6_SOLICITED(0x11)),
		    ND(.target = IP6_WEB1, .opt = 1, .mac = MAC_WEB1)) },
	{ "detection of duplicates of an address that nobody has", LOST(ND_SPOOFED),
	  .in = PKT(TO_GROUP(MAC_SOLICITED(0x99)), ND6(IP6_NONE, IP6_SOLICITED(0x99)),
		    ND(.target = IP6_WEB_NOBODY)) },
	{ "detection of duplicates of another's address, which would not be answered in place",
	  LOST(ND_SPOOFED),
	  .in = PKT(TO_GROUP(MAC_SOLICITED(0x12)), ND6(IP6_NONE, IP6_SOLICITED(0x12)),
		    EXT(.nh = 60), ND(.target = IP6_WEB2)) },
	{ "detection of duplicates of its link-local address", FLOODED,
	  .in = PKT(TO_GROUP(MAC_SOLICITED(0x11)), ND6(IP6_NONE, IP6_SOLICITED(0x11)),
		    ND(.target = LLA_WEB1)) },
	{ "a router solicitation", FLOODED,
	  .in = PKT(TO_GROUP(MAC_ALL_ROUTERS), ND6(LLA_WEB1, IP6_ALL_ROUTERS), ICMP6(.type = 133),
		    SLLA(OWN)) },
	{ "a router solicitation from no address", FLOODED,
	  .in = PKT(TO_GROUP(MAC_ALL_ROUTERS), ND6(IP6_NONE, IP6_ALL_ROUTERS), ICMP6(.type = 133)) },
	{ "a router solicitation with another's link-layer address", LOST(ND_SPOOFED),
	  .in = PKT(TO_GROUP(MAC_ALL_ROUTERS), ND6(LLA_WEB1, IP6_ALL_ROUTERS), ICMP6(.type = 133),
		    SLLA(OTHERS)) },
	{ "an option of length 0", LOST(ND_INVALID),
	  .in = PKT(TO_2, ND6(IP6_WEB1, IP6_WEB2), ND(.target = IP6_WEB2),
		    BYTES(1, 0, 0, 0, 0, 0, 0, 0)), .odd = true },
	{ "an option longer than the message", LOST(ND_INVALID),
	  .in = PKT(TO_2, ND6(IP6_WEB1, IP6_WEB2), ND(.target = IP6_WEB2),
		    BYTES(14, 2, 0, 0, 0, 0, 0, 0)), .odd = true },
	{ "half an option", LOST(ND_INVALID),
	  .in = PKT(TO_2, ND6(IP6_WEB1, IP6_WEB2), ND(.target = IP6_WEB2), BYTES(14, 1, 0, 0)),
	  .odd = true },
	{ "more options than are looked at", LOST(ND_INVALID),
	  .in = PKT(TO_2, ND6(IP6_WEB1, IP6_WEB2), ND(.target = IP6_WEB2),
		    BYTES([0] = 14, 1, [8] = 14, 1, [16] = 14, 1, [24] = 14, 1, [32] = 14, 1,
			  [40] = 14, 1, [48] = 14, 1, [56] = 14, 1, [64] = 14, 1, [72] = 14, 1,
			  [80] = 14, 1, [88] = 14, 1, [96] = 14, 1, [104] = 14, 1, [112] = 14, 1,
			  [120] = 14, 1, [128] = 14, 1, [135] = 0)) },
	{ "an advertisement without a target", LOST(ND_INVALID),
	  .in = PKT(TO_2, ND6(IP6_WEB1, IP6_WEB2), ICMP6(.type = 136)), .odd = true },
	{ "the first fragment of an advertisement", LOST(ND_INVALID),
	  .in = PKT(TO_2, ND6(IP6_WEB1, IP6_WEB2), FRAG(.frag = 1), SOLICITED_BY_WEB2) },

	/* servers and routers */
	{ "a DHCP client that has no address", FLOODED, .odd = true,
	  .in = PKT(TO_ALL, V4(IP4_NONE, IP4_BROADCAST), DHCP4(68, 67)) },
	{ "a DHCP client that has one", .setup = web2_is_a_server, DELIVERED,
	  .in = PKT(TO_2, V4(IP4_WEB1, IP4_WEB2), DHCP4(68, 67)) },
	{ "a DHCP client to a port that is no server", LOST(DHCP_SERVER),
	  .in = PKT(TO_2, V4(IP4_WEB1, IP4_WEB2), DHCP4(68, 67)) },
	{ "a DHCP server's offer to all", LOST(DHCP_SERVER),
	  .in = PKT(TO_ALL, V4(IP4_WEB1, IP4_BROADCAST), DHCP4(67, 68)) },
	{ "a DHCP server's offer to one", LOST(DHCP_SERVER),
	  .in = PKT(TO_2, V4(IP4_WEB1, IP4_WEB2), DHCP4(67, 68)) },
	{ "a DHCP server's offer from another port", LOST(DHCP_SERVER),
	  .in = PKT(TO_2, V4(IP4_WEB1, IP4_WEB2), DHCP4(6767, 68)) },
	{ "a DHCP relay", LOST(DHCP_SERVER),
	  .in = PKT(ETH(.dst = MAC_WEB_B, .src = MAC_WEB1), V4(IP4_WEB1, IP4_WEB_B), DHCP4(67, 67)) },
	{ "a DHCP server's offer, where there is one", .setup = a_server, FLOODED, .odd = true,
	  .in = PKT(TO_ALL, V4(IP4_WEB1, IP4_BROADCAST), DHCP4(67, 68)) },
	{ "a DHCPv6 client", FLOODED,
	  .in = PKT(TO_GROUP(MAC_DHCP6), V6(LLA_WEB1, IP6_DHCP), UDP(.sport = 546, .dport = 547),
		    DATA(30)) },
	{ "a DHCPv6 client to a port that is no server", LOST(DHCPV6_SERVER),
	  .in = PKT(TO_2, V6(LLA_WEB1, IP6_WEB2), UDP(.sport = 546, .dport = 547), DATA(30)) },
	{ "a DHCPv6 server", LOST(DHCPV6_SERVER),
	  .in = PKT(TO_2, V6(LLA_WEB1, IP6_WEB2), UDP(.sport = 547, .dport = 546), DATA(30)) },
	{ "a DHCPv6 server, by its clients' port", LOST(DHCPV6_SERVER),
	  .in = PKT(TO_2, V6(LLA_WEB1, IP6_WEB2), UDP(.sport = 5470, .dport = 546), DATA(30)) },
	{ "a DHCPv6 server, where there is one", .setup = a_server, DELIVERED,
	  .in = PKT(TO_2, V6(LLA_WEB1, IP6_WEB2), UDP(.sport = 547, .dport = 546), DATA(30)) },
	{ "a router advertisement", LOST(ROUTER_ADVERT),
	  .in = PKT(TO_GROUP(MAC_ALL_NODES), ND6(LLA_WEB1, IP6_ALL_NODES), ICMP6(.type = 134),
		    BYTES(0, 0, 0, 0, 0, 0, 0, 0), SLLA(OWN)) },
	{ "a router advertisement behind extension headers", LOST(ROUTER_ADVERT),
	  .in = PKT(TO_GROUP(MAC_ALL_NODES), ND6(LLA_WEB1, IP6_ALL_NODES), EXT(.nh = 60),
		    EXT(.nh = 60), ICMP6(.type = 134), BYTES(0, 0, 0, 0, 0, 0, 0, 0)) },
	{ "a router advertisement's first fragment", LOST(ROUTER_ADVERT),
	  .in = PKT(TO_GROUP(MAC_ALL_NODES), ND6(LLA_WEB1, IP6_ALL_NODES), FRAG(.frag = 1),
		    ICMP6(.type = 134), BYTES(0, 0, 0, 0, 0, 0, 0, 0)) },
	{ "a router advertisement that seems routed", LOST(ROUTER_ADVERT),
	  .in = PKT(TO_2, V6(LLA_WEB1, IP6_WEB2), ICMP6(.type = 134), BYTES(0, 0, 0, 0, 0, 0, 0, 0)) },
	{ "a redirect", LOST(ROUTER_ADVERT),
	  .in = PKT(TO_2, ND6(LLA_WEB1, IP6_WEB2), ICMP6(.type = 137), BYTES([31] = 0)) },
	{ "an IPv4 redirect", LOST(ROUTER_ADVERT),
	  .in = PKT(TO_2, V4(IP4_WEB1, IP4_WEB2), ICMP(.type = 5), DATA(28)) },
	{ "a router's advertisement", .setup = a_router, FLOODED,
	  .in = PKT(TO_GROUP(MAC_ALL_NODES), ND6(LLA_WEB1, IP6_ALL_NODES), ICMP6(.type = 134),
		    BYTES(0, 0, 0, 0, 0, 0, 0, 0), SLLA(OWN)) },
	{ "a router's advertisement with another's link-layer address", .setup = a_router,
	  LOST(ND_SPOOFED),
	  .in = PKT(TO_GROUP(MAC_ALL_NODES), ND6(LLA_WEB1, IP6_ALL_NODES), ICMP6(.type = 134),
		    BYTES(0, 0, 0, 0, 0, 0, 0, 0), SLLA(OTHERS)) },
	{ "a router's redirect to another", .setup = a_router, DELIVERED,
	  .in = PKT(TO_2, ND6(LLA_WEB1, IP6_WEB2), ICMP6(.type = 137), BYTES([31] = 0), TLLA(OTHERS)) },

	/* tunnels and framing */
	{ "a tunnel packet to this node", LOST(TUNNEL_FROM_PORT),
	  .in = PKT(ETH(.dst = MAC_NOBODY, .src = MAC_WEB1), V4(IP4_WEB1, VTEP4_A),
		    UDP(.sport = 50000, .dport = 4789), VXLAN(.vni = VNI_DB), DATA(60)) },
	{ "a tunnel packet to another node", LOST(TUNNEL_FROM_PORT),
	  .in = PKT(ETH(.dst = MAC_NOBODY, .src = MAC_WEB1), V6(IP6_WEB1, VTEP6_C),
		    UDP(.sport = 50000, .dport = 4789), VXLAN(.vni = VNI_DB), DATA(60)) },
	{ "a Geneve packet to this node", LOST(TUNNEL_FROM_PORT),
	  .in = PKT(ETH(.dst = MAC_NOBODY, .src = MAC_WEB1), V4(IP4_WEB1, VTEP4_A),
		    UDP(.sport = 50000, .dport = 6081), DATA(60)) },
	{ "a GRE packet to another node", LOST(TUNNEL_FROM_PORT),
	  .in = PKT(ETH(.dst = MAC_NOBODY, .src = MAC_WEB1), V4(IP4_WEB1, VTEP4_B), RAW(47, 60)) },
	{ "a workload's own tunnel", DELIVERED,
	  .in = PKT(TO_2, V4(IP4_WEB1, IP4_WEB2), UDP(.sport = 50000, .dport = 4789),
		    VXLAN(.vni = VNI_DB), DATA(60)) },
	{ "802.3 with a length", LOST(FRAME_LLC),
	  .in = PKT(ETH(.dst = MAC_GROUP4, .src = MAC_WEB1, .proto = 38), BYTES(0x42, 0x42, 3), DATA(35)) },
	{ "IP in SNAP", LOST(FRAME_LLC),
	  .in = PKT(ETH(.dst = MAC_WEB2, .src = MAC_WEB1, .proto = 48),
		    BYTES(0xaa, 0xaa, 3, 0, 0, 0, 8, 0), DATA(40)) },
	{ "802.3 with a length, without port security", .setup = port_security_off, FLOODED,
	  .not_live = true, .odd = true,
	  .in = PKT(ETH(.dst = MAC_GROUP4, .src = MAC_WEB1, .proto = 38), BYTES(0x42, 0x42, 3), DATA(35)) },
	{ "ARP in SNAP, without port security", .setup = port_security_off, LOST(FRAME_LLC),
	  .in = PKT(ETH(.dst = MAC_BROADCAST, .src = MAC_WEB1, .proto = 48),
		    BYTES(0xaa, 0xaa, 3, 0, 0, 0, 8, 6), DATA(40)) },
	{ "LLC too short to be anything, without port security", .setup = port_security_off, FLOODED,
	  .not_live = true, .odd = true,
	  .in = PKT(ETH(.dst = MAC_BROADCAST, .src = MAC_WEB1, .proto = 3), BYTES(0xaa, 0xaa, 3)) },
};

const struct port_table security_table = { "port security", rows, sizeof(rows) / sizeof(rows[0]) };

#define FROM_B ETH(.dst = MAC_UPLINK, .src = MAC_ROUTER), \
	       IP4(.src = VTEP4_B, .dst = VTEP4_A, .frag = 0x4000), \
	       UDP(.sport = 50000, .dport = 4789, .csum = FORCE(0)), VXLAN(.vni = VNI_WEB)
#define WEB1_FROM_B ETH(.dst = MAC_WEB1, .src = MAC_WEB_B)
#define ALL_FROM_B ETH(.dst = MAC_BROADCAST, .src = MAC_WEB_B)
#define INNER(reason) .take = true, .inner_drop = WEFT_DROP_##reason
#define THROUGH .take = true, .to = TO(WEB1)

static const struct wire_row wire_rows[] = {
	{ "from the IPv4 address of a port of this node", INNER(LOCAL_ADDR),
	  .in = PKT(FROM_B, WEB1_FROM_B, V4(IP4_WEB2, IP4_WEB1), HELLO) },
	{ "from the IPv6 address of a port of this node", INNER(LOCAL_ADDR),
	  .in = PKT(FROM_B, WEB1_FROM_B, V6(IP6_WEB2, IP6_WEB1), HELLO) },
	{ "from the receiver's own address", INNER(LOCAL_ADDR),
	  .in = PKT(FROM_B, WEB1_FROM_B, V4(IP4_WEB1, IP4_WEB1), HELLO) },
	{ "a broadcast from the address of a port of this node", INNER(LOCAL_ADDR),
	  .in = PKT(FROM_B, ALL_FROM_B, V4(IP4_WEB2, IP4_BROADCAST), HELLO) },
	{ "ARP in the name of a port of this node", INNER(LOCAL_ADDR),
	  .in = PKT(FROM_B, ALL_FROM_B, ARP(.sha = MAC_WEB_B, .spa = IP4_WEB2, .tpa = IP4_WEB2)) },
	{ "an ARP reply in the name of a port of this node", INNER(LOCAL_ADDR),
	  .in = PKT(FROM_B, WEB1_FROM_B, ARP(.op = 2, .sha = MAC_WEB_B, .spa = IP4_WEB2,
					     .tha = MAC_WEB1, .tpa = IP4_WEB1)) },
	{ "an advertisement in the name of a port of this node", INNER(LOCAL_ADDR),
	  .in = PKT(FROM_B, WEB1_FROM_B, ND6(IP6_WEB_B, IP6_WEB1),
		    ND(.type = 136, .target = IP6_WEB2, .opt = 2, .mac = MAC_WEB_B)) },
	{ "from another node's endpoint, which is for that node to judge", THROUGH,
	  .in = PKT(FROM_B, WEB1_FROM_B, V4(IP4_WEB_C, IP4_WEB1), HELLO) },
	{ "an advertisement from outside", THROUGH,
	  .in = PKT(FROM_B, WEB1_FROM_B, ND6(IP6_WEB_B, IP6_WEB1),
		    ND(.type = 136, .target = IP6_WEB_B, .opt = 2, .mac = MAC_WEB_B)) },
	{ "a router advertisement from outside", .take = true, .to = TO(WEB1) | TO(WEB2) | TO(WEB3),
	  .in = PKT(FROM_B, ETH(.dst = MAC_ALL_NODES, .src = MAC_WEB_B), ND6(IP6_WEB_B, IP6_ALL_NODES),
		    ICMP6(.type = 134), BYTES(0, 0, 0, 0, 0, 0, 0, 0)) },
	{ "a DHCP offer from outside", THROUGH,
	  .in = PKT(FROM_B, WEB1_FROM_B, V4(IP4_WEB_B, IP4_WEB1), DHCP4(67, 68)) },
	{ "a DHCP request from outside to a port that is no server", INNER(DHCP_SERVER),
	  .in = PKT(FROM_B, WEB1_FROM_B, V4(IP4_WEB_B, IP4_WEB1), DHCP4(68, 67)) },
	{ "to an address that is not its receiver's", INNER(ADDR_NOT_RECEIVER),
	  .in = PKT(FROM_B, WEB1_FROM_B, V4(IP4_WEB_B, IP4_WEB2), HELLO) },
	{ "IPv6 in SNAP from outside", INNER(FRAME_LLC),
	  .in = PKT(FROM_B, ETH(.dst = MAC_WEB1, .src = MAC_WEB_B, .proto = 48),
		    BYTES(0xaa, 0xaa, 3, 0, 0, 0, 0x86, 0xdd), DATA(40)) },
	{ "LLC from outside", THROUGH, .not_live = true,
	  .in = PKT(FROM_B, ETH(.dst = MAC_WEB1, .src = MAC_WEB_B, .proto = 38),
		    BYTES(0x42, 0x42, 3), DATA(35)) },
};

const struct wire_table wire_security_table = { "security, out of a tunnel", wire_rows,
	sizeof(wire_rows) / sizeof(wire_rows[0]) };
