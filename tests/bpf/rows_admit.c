/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* From the underlay, by the outer headers: what is ours, what is refused, what is decapsulated. */
#include "rows.h"

static void no_ipv6_vtep(void)
{
	const __u8 a[] = VTEP4_A;

	put_node(a, NULL, WEFT_VXLAN_PORT);
}

static void no_ipv4_vtep(void)
{
	const __u8 a[] = VTEP6_A;

	put_node(NULL, a, WEFT_VXLAN_PORT);
}

static void no_vxlan(void)
{
	const __u8 a[] = VTEP4_A;

	put_node(a, NULL, 0);
}

static void other_port(void)
{
	const __u8 a4[] = VTEP4_A, a6[] = VTEP6_A;

	put_node(a4, a6, 8472);
}

/* clang-format off */
#define US ETH(.dst = MAC_UPLINK, .src = MAC_ROUTER)
#define V4(s, d, ...) IP4(.src = s, .dst = d, .frag = 0x4000, __VA_ARGS__)
#define V6(s, d, ...) IP6(.src = s, .dst = d, __VA_ARGS__)
#define TUNNEL UDP(.sport = 50000, .dport = 4789, .csum = FORCE(0))
#define FROM_B US, V4(VTEP4_B, VTEP4_A), TUNNEL
#define FROM_C US, V6(VTEP6_C, VTEP6_A), TUNNEL
#define WEB VXLAN(.vni = VNI_WEB)
#define HELLO ETH(.dst = MAC_WEB1, .src = MAC_WEB_B), IP4(.src = IP4_WEB_B, .dst = IP4_WEB1), \
	      UDP(.sport = 1000, .dport = 2000), DATA(40)
#define HELLO_C ETH(.dst = MAC_WEB1, .src = MAC_WEB_C), IP4(.src = IP4_WEB_C, .dst = IP4_WEB1), \
		UDP(.sport = 1000, .dport = 2000), DATA(40)
#define TAKEN .take = true, .to = TO(WEB1)
#define TAKEN_C .take = true, .to = TO(WEB1), .tunnel = TUNNEL_C

static const struct wire_row rows[] = {
	/* not ours */
	{ "ssh to the host", .in = PKT(US, V4(IP4_ELSE, VTEP4_A), TCP(.sport = 40000, .dport = 22),
				       DATA(20)) },
	{ "another UDP port", .in = PKT(US, V4(VTEP4_B, VTEP4_A), UDP(.sport = 50000, .dport = 4790),
					WEB, HELLO) },
	{ "TCP to the tunnel port", .in = PKT(US, V4(VTEP4_B, VTEP4_A),
					      TCP(.sport = 50000, .dport = 4789), DATA(40)) },
	{ "another address", .in = PKT(US, V4(VTEP4_B, IP4_ELSE), TUNNEL, WEB, HELLO) },
	{ "another IPv6 address", .in = PKT(US, V6(VTEP6_C, IP6_ELSE), TUNNEL, WEB, HELLO_C) },
	{ "IPv4 with options", .in = PKT(US, V4(IP4_ELSE, VTEP4_A, .options = 4),
					 TCP(.sport = 1, .dport = 22), DATA(8)) },
	{ "IPv6 with extension headers", .in = PKT(US, V6(IP6_ELSE, VTEP6_A), EXT(.nh = 0),
						   TCP(.sport = 1, .dport = 22), DATA(8)) },
	{ "more IPv6 extension headers than we follow", .in = PKT(US, V6(IP6_ELSE, VTEP6_A),
		EXT(.nh = 60), EXT(.nh = 60), EXT(.nh = 60), EXT(.nh = 60), EXT(.nh = 60),
		EXT(.nh = 60), EXT(.nh = 60), UDP(.sport = 1, .dport = 2), DATA(8)) },
	{ "an IPv6 routing header of type 0", .in = PKT(US, V6(IP6_ELSE, VTEP6_A), EXT(.nh = 43),
							TUNNEL, DATA(30)) },
	{ "multicast", .in = PKT(ETH(.dst = MAC_GROUP4, .src = MAC_ROUTER), V4(IP4_ELSE, IP4_GROUP),
				 TUNNEL, WEB, HELLO) },
	{ "ARP", .in = PKT(ETH(.dst = MAC_BROADCAST, .src = MAC_ROUTER),
			   ARP(.sha = MAC_ROUTER, .spa = VTEP4_B, .tpa = VTEP4_A)) },
	{ "a neighbour solicitation for the VTEP's own address",
	  .in = PKT(ETH(.dst = MAC_SOLICITED(1), .src = MAC_ROUTER),
		    IP6(.src = VTEP6_C, .dst = IP6_SOLICITED(1), .hlim = 255),
		    ND(.target = VTEP6_A, .opt = 1, .mac = MAC_ROUTER)) },
	{ "what is not IP", .in = PKT(US, DATA(60)) },
	{ "tagged", .in = PKT(US, VLAN(.tci = 7), V4(VTEP4_B, VTEP4_A), TUNNEL, WEB, HELLO) },
	{ "tagged twice", .in = PKT(US, VLAN(.tpid = 0x88a8, .tci = 7), VLAN(.tci = 8),
				    V4(VTEP4_B, VTEP4_A), TUNNEL, WEB, HELLO) },
	{ "tagged three times", .in = PKT(US, VLAN(.tpid = 0x88a8, .tci = 7), VLAN(.tci = 8),
					  VLAN(.tci = 9), V4(VTEP4_B, VTEP4_A), TUNNEL, WEB, HELLO) },
	{ "a fragment's tail", .in = PKT(US, IP4(.src = VTEP4_B, .dst = VTEP4_A, .frag = 100,
						 .proto = 17), DATA(60)) },
	{ "an IPv6 fragment's tail", .in = PKT(US, V6(VTEP6_C, VTEP6_A),
					       FRAG(.frag = 0x100, .proto = 17), DATA(60)) },
	{ "broken IPv4", .in = PKT(US, V4(VTEP4_B, VTEP4_A, .len = 10), TUNNEL, WEB, HELLO) },
	{ "cut within the UDP header", .in = PKT(FROM_B, WEB, HELLO), .cut = 41 },
	{ "cut within the IPv6 header's payload", .in = PKT(FROM_C, WEB, HELLO_C), .cut = 61 },
	{ "IPv6 tunnel traffic to no address, on a node without an IPv6 VTEP",
	  .setup = no_ipv6_vtep,
	  .in = PKT(US, V6(VTEP6_C, IP6_NONE), TUNNEL, WEB, HELLO_C), .not_live = true },
	{ "IPv4 tunnel traffic to no address, on a node without an IPv4 VTEP",
	  .setup = no_ipv4_vtep,
	  .in = PKT(US, V4(VTEP4_B, IP4_NONE), TUNNEL, WEB, HELLO), .not_live = true },
	{ "UDP to port 0, on a node without VXLAN", .setup = no_vxlan,
	  .in = PKT(US, V4(VTEP4_B, VTEP4_A), UDP(.sport = 1, .csum = FORCE(0)), WEB, HELLO) },

	/* ours, and refused */
	{ "UDP length beyond the packet", .drop = WEFT_DROP_L4_INHDR,
	  .in = PKT(US, V4(VTEP4_B, VTEP4_A), UDP(.sport = 1, .dport = 4789, .len = 2000), WEB,
		    HELLO) },
	{ "UDP length under 8", .drop = WEFT_DROP_L4_INHDR,
	  .in = PKT(US, V4(VTEP4_B, VTEP4_A), UDP(.sport = 1, .dport = 4789, .len = 4), WEB, HELLO) },
	{ "to the broadcast MAC address", .drop = WEFT_DROP_OUTER_NOT_UNICAST,
	  .in = PKT(ETH(.dst = MAC_BROADCAST, .src = MAC_ROUTER), V4(VTEP4_B, VTEP4_A), TUNNEL,
		    WEB, HELLO) },
	{ "to a multicast MAC address, IPv6", .drop = WEFT_DROP_OUTER_NOT_UNICAST,
	  .in = PKT(ETH(.dst = MAC_GROUP6, .src = MAC_ROUTER), V6(VTEP6_C, VTEP6_A), TUNNEL, WEB,
		    HELLO_C) },
	{ "a first fragment", .drop = WEFT_DROP_OUTER_FRAGMENT,
	  .in = PKT(US, IP4(.src = VTEP4_B, .dst = VTEP4_A, .frag = 0x2000), TUNNEL, WEB, HELLO) },
	{ "a first fragment, IPv6", .drop = WEFT_DROP_OUTER_FRAGMENT,
	  .in = PKT(US, V6(VTEP6_C, VTEP6_A), FRAG(.frag = 1), TUNNEL, WEB, HELLO_C) },
	{ "no I flag", .drop = WEFT_DROP_VXLAN_INVALID_HDR,
	  .in = PKT(FROM_B, VXLAN(.vni = VNI_WEB, .flip = 0x08000000), HELLO) },
	{ "no I flag, but all others", .drop = WEFT_DROP_VXLAN_INVALID_HDR,
	  .in = PKT(FROM_C, VXLAN(.vni = VNI_WEB, .flip = 0xffffffff), HELLO_C) },
	{ "an unknown VNI", .drop = WEFT_DROP_VXLAN_VNI_NOT_FOUND,
	  .in = PKT(FROM_B, VXLAN(.vni = VNI_NOBODY), HELLO) },
	{ "an unknown VTEP", .drop = WEFT_DROP_VTEP_UNKNOWN,
	  .in = PKT(US, V4(VTEP4_STRANGER, VTEP4_A), TUNNEL, WEB, HELLO) },
	{ "an unknown IPv6 VTEP", .drop = WEFT_DROP_VTEP_UNKNOWN,
	  .in = PKT(US, V6(VTEP6_STRANGER, VTEP6_A), TUNNEL, WEB, HELLO_C) },
	{ "our own VTEP", .drop = WEFT_DROP_VTEP_UNKNOWN,
	  .in = PKT(US, V4(VTEP4_A, VTEP4_A), TUNNEL, WEB, HELLO), .not_live = true },
	{ "an IPv4 VTEP's address, mapped into IPv6", .drop = WEFT_DROP_VTEP_UNKNOWN,
	  .in = PKT(US, V6(IP6_MAPPED_B, VTEP6_A), TUNNEL, WEB, HELLO) },
	{ "a VTEP that is no member of the network", .drop = WEFT_DROP_VTEP_NOT_MEMBER,
	  .in = PKT(US, V4(VTEP4_D, VTEP4_A), TUNNEL, WEB, HELLO) },
	{ "a member of another network only, IPv6", .drop = WEFT_DROP_VTEP_NOT_MEMBER,
	  .in = PKT(FROM_C, VXLAN(.vni = VNI_DB), HELLO_C) },
	{ "cut within the VXLAN header", .drop = WEFT_DROP_HDR_TRUNC,
	  .in = PKT(FROM_B, DATA(7)) },
	{ "cut within the inner Ethernet header", .drop = WEFT_DROP_HDR_TRUNC,
	  .in = PKT(FROM_B, WEB, DATA(13)) },
	{ "a VXLAN header behind the UDP datagram", .drop = WEFT_DROP_HDR_TRUNC,
	  .in = PKT(US, V4(VTEP4_B, VTEP4_A), UDP(.sport = 1, .dport = 4789, .len = 8), WEB, HELLO) },
	{ "an inner Ethernet header that the UDP datagram has no room for",
	  .drop = WEFT_DROP_HDR_TRUNC,
	  .in = PKT(US, V6(VTEP6_C, VTEP6_A), UDP(.sport = 1, .dport = 4789, .len = 29), WEB,
		    HELLO_C) },
	{ "a VXLAN header behind the IP packet", .drop = WEFT_DROP_HDR_TRUNC,
	  .in = PKT(US, V4(VTEP4_B, VTEP4_A, .len = 28), UDP(.sport = 1, .dport = 4789, .len = 8),
		    WEB, HELLO) },

	/* taken */
	{ "VXLAN over IPv4", TAKEN, .in = PKT(FROM_B, WEB, HELLO) },
	{ "VXLAN over IPv6", TAKEN_C, .in = PKT(FROM_C, WEB, HELLO_C) },
	{ "every reserved bit set", TAKEN,
	  .in = PKT(FROM_B, VXLAN(.vni = VNI_WEB, .flip = 0xf7ffffff, .reserved = 0xff), HELLO) },
	{ "a UDP checksum, which nobody checks", TAKEN,
	  .in = PKT(US, V4(VTEP4_B, VTEP4_A), UDP(.sport = 50000, .dport = 4789,
						  .csum = FORCE(0x1234)), WEB, HELLO) },
	{ "any source port, 0 too", TAKEN,
	  .in = PKT(US, V4(VTEP4_B, VTEP4_A), UDP(.dport = 4789, .csum = FORCE(0)), WEB, HELLO) },
	{ "outer IPv4 options", TAKEN,
	  .in = PKT(US, V4(VTEP4_B, VTEP4_A, .options = 10), TUNNEL, WEB, HELLO) },
	{ "outer IPv6 extension headers", TAKEN_C,
	  .in = PKT(US, V6(VTEP6_C, VTEP6_A), EXT(.nh = 0), EXT(.nh = 60, .len = 16), TUNNEL, WEB,
		    HELLO_C) },
	{ "an outer atomic fragment", TAKEN_C,
	  .in = PKT(US, V6(VTEP6_C, VTEP6_A), FRAG(.frag = 0), TUNNEL, WEB, HELLO_C) },
	{ "without DF, with an id, TTL 1", TAKEN,
	  .in = PKT(US, IP4(.src = VTEP4_B, .dst = VTEP4_A, .id = 77, .ttl = 1), TUNNEL, WEB, HELLO) },
	{ "the other network of a VTEP", .take = true, .network = NET_DB, .to = TO(DB1),
	  .in = PKT(FROM_B, VXLAN(.vni = VNI_DB), ETH(.dst = MAC_DB1, .src = MAC_DB_B),
		    IP4(.src = IP4_DB_B, .dst = IP4_DB1), UDP(.sport = 1, .dport = 2), DATA(40)) },
	{ "another tunnel port", .setup = other_port, TAKEN,
	  .in = PKT(US, V4(VTEP4_B, VTEP4_A), UDP(.sport = 50000, .dport = 8472, .csum = FORCE(0)),
		    WEB, HELLO) },
};

const struct wire_table admit_table = { "from the underlay", rows, sizeof(rows) / sizeof(rows[0]) };
