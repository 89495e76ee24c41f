/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* From the underlay, by the inner headers: xdp_underlay takes them all, tc_underlay decides. */
#include <stddef.h>

#include "rows.h"
#include "wires.h"

/* clang-format off */
#define FROM_B ETH(.dst = MAC_UPLINK, .src = MAC_ROUTER), \
	       IP4(.src = VTEP4_B, .dst = VTEP4_A, .frag = 0x4000), \
	       UDP(.sport = 50000, .dport = 4789, .csum = FORCE(0)), VXLAN(.vni = VNI_WEB)
#define FROM_C ETH(.dst = MAC_UPLINK, .src = MAC_ROUTER), \
	       IP6(.src = VTEP6_C, .dst = VTEP6_A), \
	       UDP(.sport = 50000, .dport = 4789, .csum = FORCE(0)), VXLAN(.vni = VNI_WEB)
#define TO_DB(vtep) ETH(.dst = MAC_UPLINK, .src = MAC_ROUTER), \
		    IP4(.src = vtep, .dst = VTEP4_A, .frag = 0x4000), \
		    UDP(.sport = 50000, .dport = 4789, .csum = FORCE(0)), VXLAN(.vni = VNI_DB)
#define WEB1_FROM(mac) ETH(.dst = MAC_WEB1, .src = mac)
#define V4 IP4(.src = IP4_WEB_B, .dst = IP4_WEB1)
#define V6 IP6(.src = IP6_WEB_B, .dst = IP6_WEB1)
#define PORTS .sport = 1000, .dport = 2000
#define MAC_B MAC_WEB_B
#define MAC_C MAC_WEB_C

static const struct wire_row rows[] = {
	{ "IPv4 in IPv4 to a veth", .take = true, .to = TO(WEB1),
	  .in = PKT(FROM_B, WEB1_FROM(MAC_B), V4, TCP(PORTS, .options = 3), DATA(100)) },
	{ "IPv6 in IPv4 to a veth", .take = true, .to = TO(WEB1),
	  .in = PKT(FROM_B, WEB1_FROM(MAC_B), V6, TCP(PORTS, .options = 3), DATA(100)) },
	{ "IPv4 in IPv6 to a veth", .take = true, .to = TO(WEB1), .tunnel = TUNNEL_C,
	  .in = PKT(FROM_C, WEB1_FROM(MAC_C), V4, UDP(PORTS), DATA(100)) },
	{ "IPv6 in IPv6 to a veth", .take = true, .to = TO(WEB1), .tunnel = TUNNEL_C,
	  .in = PKT(FROM_C, WEB1_FROM(MAC_C), V6, ICMP6(.type = 128), DATA(56)) },
	{ "IPv4 in IPv4 to a tap", .take = true, .to = TO(WEB3),
	  .in = PKT(FROM_B, ETH(.dst = MAC_WEB3, .src = MAC_B),
		    IP4(.src = IP4_WEB_B, .dst = IP4_WEB3), ICMP(.type = 8), DATA(56)) },
	{ "IPv6 in IPv4 to a tap", .take = true, .to = TO(WEB3),
	  .in = PKT(FROM_B, ETH(.dst = MAC_WEB3, .src = MAC_B),
		    IP6(.src = IP6_WEB_B, .dst = IP6_WEB3), UDP(PORTS), DATA(56)) },
	{ "from an address nobody has told us", .take = true, .to = TO(WEB1),
	  .in = PKT(FROM_B, WEB1_FROM(MAC_NOBODY), V4, UDP(PORTS), DATA(30)) },
	{ "ARP in IPv4, which is short", .take = true, .to = TO(WEB1),
	  .in = PKT(FROM_B, WEB1_FROM(MAC_B), ARP(.sha = MAC_B, .spa = IP4_WEB_B,
						  .tpa = IP4_WEB1)) },
	{ "ARP in IPv6, shorter than an IPv6 header", .take = true, .to = TO(WEB1),
	  .tunnel = TUNNEL_C,
	  .in = PKT(FROM_C, WEB1_FROM(MAC_C), ARP(.op = 2, .sha = MAC_C, .spa = IP4_WEB_C,
						  .tha = MAC_WEB1, .tpa = IP4_WEB1)) },
	{ "ARP in IPv6 to a tap", .take = true, .to = TO(WEB3), .tunnel = TUNNEL_C,
	  .in = PKT(FROM_C, ETH(.dst = MAC_WEB3, .src = MAC_C), ARP(.sha = MAC_C)) },
	{ "what is not IP, in IPv4", .take = true, .to = TO(WEB1),
	  .in = PKT(FROM_B, WEB1_FROM(MAC_B), DATA(46)) },
	{ "what is not IP, in IPv6", .take = true, .to = TO(WEB1), .tunnel = TUNNEL_C,
	  .in = PKT(FROM_C, WEB1_FROM(MAC_C), DATA(46)) },
	{ "the shortest frame, in IPv4", .take = true, .to = TO(WEB1),
	  .in = PKT(FROM_B, WEB1_FROM(MAC_B), DATA(1)) },
	{ "the shortest frame, in IPv6", .take = true, .to = TO(WEB1), .tunnel = TUNNEL_C,
	  .in = PKT(FROM_C, WEB1_FROM(MAC_C), DATA(1)) },
	{ "a fragment", .take = true, .to = TO(WEB1),
	  .in = PKT(FROM_B, WEB1_FROM(MAC_B), IP4(.src = IP4_WEB_B, .dst = IP4_WEB1, .frag = 0x10,
						  .proto = 17), DATA(100)) },
	{ "VXLAN in VXLAN, the inner one a workload's own affair", .take = true, .to = TO(WEB1),
	  .in = PKT(FROM_B, WEB1_FROM(MAC_B), V4, UDP(.sport = 1, .dport = 4789),
		    VXLAN(.vni = VNI_DB), DATA(60)) },
	{ "an ARP request to all is not answered, but spread", .take = true,
	  .to = TO(WEB1) | TO(WEB2) | TO(WEB3),
	  .in = PKT(FROM_B, ETH(.dst = MAC_BROADCAST, .src = MAC_B),
		    ARP(.sha = MAC_B, .spa = IP4_WEB_B, .tpa = IP4_WEB1)) },
	{ "an IPv6 multicast over IPv4, to every port and to no tunnel", .take = true,
	  .to = TO(WEB1) | TO(WEB2) | TO(WEB3),
	  .in = PKT(FROM_B, ETH(.dst = MAC_GROUP6, .src = MAC_B),
		    IP6(.src = IP6_WEB_B, .dst = IP6_GROUP), UDP(PORTS), DATA(30)) },
	{ "unknown unicast over IPv6, to every port", .take = true, .tunnel = TUNNEL_C,
	  .to = TO(WEB1) | TO(WEB2) | TO(WEB3),
	  .in = PKT(FROM_C, ETH(.dst = MAC_NOBODY, .src = MAC_C), V4, UDP(PORTS), DATA(30)) },
	{ "larger than any tunnel of the network, to every port", .take = true,
	  .to = TO(WEB1) | TO(WEB2) | TO(WEB3),
	  .in = PKT(FROM_B, ETH(.dst = MAC_BROADCAST, .src = MAC_B), V4, UDP(PORTS), DATA(2000)) },

	{ "tagged", .drop = WEFT_DROP_VLAN_UNEXPECTED,
	  .in = PKT(FROM_B, WEB1_FROM(MAC_B), VLAN(.tci = 100), V4, UDP(PORTS), DATA(30)) },
	{ "tagged with priority only, 802.1ad, in IPv6", .take = true, .to = TO(WEB1),
	  .tunnel = TUNNEL_C,
	  .in = PKT(FROM_C, WEB1_FROM(MAC_C), VLAN(.tpid = 0x88a8, .tci = 0xe000), V6,
		    UDP(PORTS), DATA(30)),
	  .inner = PKT(WEB1_FROM(MAC_C), V6, UDP(PORTS), DATA(30)) },
	{ "from a group address", .take = true, .inner_drop = WEFT_DROP_MAC_INVALID_SOURCE,
	  .in = PKT(FROM_B, WEB1_FROM(MAC_GROUP4), V4, UDP(PORTS), DATA(30)) },
	{ "from no address", .take = true, .inner_drop = WEFT_DROP_MAC_INVALID_SOURCE,
	  .in = PKT(FROM_B, WEB1_FROM(MAC_NONE), V4, UDP(PORTS), DATA(30)) },
	{ "from the address of a port of this node", .take = true,
	  .inner_drop = WEFT_DROP_LOCAL_MAC,
	  .in = PKT(FROM_B, WEB1_FROM(MAC_WEB2), V4, UDP(PORTS), DATA(30)) },
	{ "from an address that is behind another VTEP", .take = true,
	  .inner_drop = WEFT_DROP_MAC_WRONG_VTEP,
	  .in = PKT(FROM_B, WEB1_FROM(MAC_WEB_C), V4, UDP(PORTS), DATA(30)) },
	{ "to an address behind another tunnel", .take = true,
	  .inner_drop = WEFT_DROP_SPLIT_HORIZON,
	  .in = PKT(FROM_B, ETH(.dst = MAC_WEB_C, .src = MAC_B), V4, UDP(PORTS), DATA(30)) },
	{ "back to where it came from", .take = true, .inner_drop = WEFT_DROP_SPLIT_HORIZON,
	  .in = PKT(FROM_B, ETH(.dst = MAC_B, .src = MAC_B), V4, UDP(PORTS), DATA(30)) },
	{ "unknown unicast, refused", .take = true, .network = NET_DB, .tunnel = TUNNEL_D,
	  .inner_drop = WEFT_DROP_UNKNOWN_UNICAST,
	  .in = PKT(TO_DB(VTEP4_D), ETH(.dst = MAC_NOBODY, .src = MAC_DB_D), V4, UDP(PORTS),
		    DATA(30)) },
	{ "a broadcast, refused", .take = true, .network = NET_DB, .tunnel = TUNNEL_D,
	  .inner_drop = WEFT_DROP_BROADCAST_REFUSED,
	  .in = PKT(TO_DB(VTEP4_D), ETH(.dst = MAC_BROADCAST, .src = MAC_DB_D), V4, UDP(PORTS),
		    DATA(30)) },
	{ "a multicast, refused", .take = true, .network = NET_DB,
	  .inner_drop = WEFT_DROP_MULTICAST_REFUSED,
	  .in = PKT(TO_DB(VTEP4_B), ETH(.dst = MAC_GROUP4, .src = MAC_DB_B), V4, UDP(PORTS),
		    DATA(30)) },
	{ "broken IPv4", .take = true, .inner_drop = WEFT_DROP_IP_INHDR,
	  .in = PKT(FROM_B, WEB1_FROM(MAC_B), IP4(.src = IP4_WEB_B, .dst = IP4_WEB1, .len = 2000),
		    UDP(PORTS), DATA(30)) },
	{ "broken TCP", .take = true, .inner_drop = WEFT_DROP_L4_INHDR,
	  .in = PKT(FROM_B, WEB1_FROM(MAC_B), V4, TCP(PORTS, .doff = 4), DATA(30)) },
	{ "nothing but an inner Ethernet header", .take = true, .inner_drop = WEFT_DROP_IP_INHDR,
	  .in = PKT(FROM_B, ETH(.dst = MAC_WEB1, .src = MAC_B, .proto = 0x0800)),
	  .not_live = true },
};

const struct wire_table inner_table = { "out of a tunnel", rows, sizeof(rows) / sizeof(rows[0]) };
