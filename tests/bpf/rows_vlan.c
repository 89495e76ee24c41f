/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Frames with tags: every way in, and every way out; see vlan.h. */
#include <linux/virtio_net.h>

#include "hand.h"
#include "vlan.h"

static void guard(enum wire wire, enum weft_pol_dir dir)
{
	hand_ruleset(1, wire, dir, 7); /* a rule set that allows nothing */
	hand_generation(1);
}

static void guard_lone_out(void)
{
	guard(LONE1, WEFT_POL_EGRESS);
}

static void guard_lone_in(void)
{
	guard(LONE1, WEFT_POL_INGRESS);
}

/* Whoever opens a connection to T10 is told that he may not. */
static void reject_at_t10(void)
{
	const struct weft_pol_range all = {.action = WEFT_POL_REJECT, .rule = 1};
	const struct weft_pol_ranges list = hand_list(1, &all, 1);
	const struct weft_pol_port port = {.ruleset = {[WEFT_POL_INGRESS] = 3}};
	const __u32 set = 3, slot = 2 * P_T10 + 1;

	table_put("weft_pol_sets", &set, &list);
	table_put("weft_pol_ports", &slot, &port);
	hand_generation(1);
}

static void no_native(void)
{
	const struct weft_vlan_key key = {.ifindex = wires_index(STRAY)};

	table_delete("weft_vlans", &key);
}

/* clang-format off */
#define Q(id) VLAN(.tci = (id))
#define AD(id) VLAN(.tpid = 0x88a8, .tci = (id))
#define PCP(p) ((p) << 13)
#define DEI 0x1000
#define SENT(to, from) ETH(.dst = MAC_##to, .src = MAC_##from)
#define ALL(from) ETH(.dst = MAC_BROADCAST, .src = MAC_##from)
#define V4(to, from) IP4(.src = from, .dst = to)
#define HELLO V4(IP4_WEB2, IP4_T10), UDP(.sport = 1000, .dport = 2000), DATA(40)
#define BACK V4(IP4_T10, IP4_WEB_B), UDP(.sport = 2000, .dport = 1000), DATA(40)
#define HELLO6 IP6(.src = IP6_WEB_NOBODY, .dst = IP6_WEB2), UDP(.sport = 1000, .dport = 2000), DATA(40)
#define NOT_IP DATA(60)
#define TO_VTEP ETH(.dst = MAC_ROUTER, .src = MAC_UPLINK)
#define IN_B(net, ...) TO_VTEP, IP4(.src = VTEP4_A, .dst = VTEP4_B, .frag = 0x4000, __VA_ARGS__), \
		      UDP(.sport = ANY, .dport = 4789, .csum = FORCE(0)), VXLAN(.vni = net)
#define IN_C(net, ...) TO_VTEP, IP6(.src = VTEP6_A, .dst = VTEP6_C, .flow = ANY, __VA_ARGS__), \
		      UDP(.sport = ANY, .dport = 4789, .csum = FORCE(0)), VXLAN(.vni = net)
#define FROM_B(net, ...) ETH(.dst = MAC_UPLINK, .src = MAC_ROUTER), \
		      IP4(.src = VTEP4_B, .dst = VTEP4_A, .frag = 0x4000, __VA_ARGS__), \
		      UDP(.sport = 50000, .dport = 4789, .csum = FORCE(0)), VXLAN(.vni = net)
#define FROM_C(net) ETH(.dst = MAC_UPLINK, .src = MAC_ROUTER), \
		      IP6(.src = VTEP6_C, .dst = VTEP6_A), \
		      UDP(.sport = 50000, .dport = 4789, .csum = FORCE(0)), VXLAN(.vni = net)

#define WEB1_ .from = WEB1, .port = PORT_ID(WEB1), .network = NET_WEB
#define WEB2_ .from = WEB2, .port = PORT_ID(WEB2), .network = NET_WEB
#define LONE1_ .from = LONE1, .port = PORT_ID(LONE1), .network = NET_TAGS
#define GONE1_ .from = GONE1, .port = PORT_ID(GONE1), .network = NET_V70
#define T(p, net) .from = STRAY, .port = p, .network = net
#define TRUNK T(P_TRUNK, 0)
#define T10 T(P_T10, NET_WEB)
#define W(p, net) .from = UPLINK, .port = p, .network = net
#define VIA_B(net) .from = UPLINK, .network = net
#define AT(w, ...) { w, PORT_ID(w), PKT(__VA_ARGS__) }
#define ON_TRUNK(p, ...) { STRAY, p, PKT(__VA_ARGS__) }
#define ON_WIRE(p, ...) { UPLINK, p, PKT(__VA_ARGS__) }
/* Several segments in one, on real interfaces only. */
#define SEGS(l3) .segs = 4, .vnet = { VIRTIO_NET_HDR_GSO_TCPV4, (l3) + 40, 1000, (l3) + 20, 16 }
#define SEGMENTS V4(IP4_WEB2, IP4_T10), TCP(.sport = 1, .dport = 2, .csum = PARTIAL), DATA(4000)

const struct vlan_row vlan_rows[] = {
	/* access ports */
	{ "a priority tag on an access port counts as none", WEB1_,
	  .in = PKT(SENT(WEB2, WEB1), Q(PCP(5)), HELLO),
	  .out = { AT(WEB2, SENT(WEB2, WEB1), HELLO) } },
	{ "two priority tags", WEB1_,
	  .in = PKT(SENT(WEB2, WEB1), AD(PCP(5)), Q(PCP(3)), HELLO),
	  .out = { AT(WEB2, SENT(WEB2, WEB1), HELLO) } },
	{ "a priority tag, into a tunnel", WEB1_,
	  .in = PKT(SENT(WEB_B, WEB1), Q(PCP(5) | DEI), HELLO),
	  .out = { { UPLINK, 0, PKT(IN_B(VNI_WEB), SENT(WEB_B, WEB1), HELLO) } } },
	{ "a priority tag that hides a spoofed address", WEB1_, .drop = WEFT_DROP_MAC_SPOOFED,
	  .late = true, .in = PKT(SENT(WEB2, WEB3), Q(0), HELLO) },
	{ "a priority tag that hides a VLAN tag", WEB1_, .drop = WEFT_DROP_VLAN_UNEXPECTED,
	  .in = PKT(SENT(WEB2, WEB1), Q(0), Q(10), HELLO) },
	{ "a tag on an access port", WEB1_, .drop = WEFT_DROP_VLAN_UNEXPECTED,
	  .in = PKT(SENT(WEB2, WEB1), Q(10), HELLO) },
	{ "a service tag on an access port", WEB1_, .drop = WEFT_DROP_VLAN_UNEXPECTED,
	  .in = PKT(SENT(WEB2, WEB1), AD(30), HELLO) },
	{ "two tags on an access port", WEB1_, .drop = WEFT_DROP_VLAN_UNEXPECTED,
	  .in = PKT(SENT(WEB2, WEB1), Q(10), Q(20), HELLO) },
	{ "three tags on an access port", WEB1_, .drop = WEFT_DROP_VLAN_TOO_DEEP,
	  .in = PKT(SENT(WEB2, WEB1), Q(10), Q(20), Q(30), HELLO) },
	{ "four tags on an access port", WEB1_, .drop = WEFT_DROP_VLAN_TOO_DEEP,
	  .in = PKT(SENT(WEB2, WEB1), Q(10), Q(20), Q(30), Q(40), HELLO) },
	{ "a tag from before the standard", WEB1_, .drop = WEFT_DROP_VLAN_OLD_TPID,
	  .in = PKT(ETH(.dst = MAC_WEB2, .src = MAC_WEB1, .proto = 0x9100), Q(10), HELLO) },
	{ "a tag from before the standard, to everybody", WEB1_, .drop = WEFT_DROP_VLAN_OLD_TPID,
	  .in = PKT(ETH(.dst = MAC_BROADCAST, .src = MAC_WEB1, .proto = 0x9200), Q(10), HELLO) },
	{ "a tag from before the standard, behind a priority tag", WEB1_,
	  .drop = WEFT_DROP_VLAN_OLD_TPID, .late = true,
	  .in = PKT(SENT(WEB2, WEB1), VLAN(.proto = 0x9300), DATA(40)) },

	/* trunk -> access, and back */
	{ "from a trunk to an access port", T10,
	  .in = PKT(SENT(WEB2, T10), Q(10), HELLO), .out = { AT(WEB2, SENT(WEB2, T10), HELLO) } },
	{ "from a trunk to a tap, IPv6", T10,
	  .in = PKT(SENT(WEB3, T10), Q(10), HELLO6), .out = { AT(WEB3, SENT(WEB3, T10), HELLO6) } },
	{ "from a trunk, what is not IP", T10,
	  .in = PKT(SENT(WEB2, T10), Q(10), NOT_IP), .out = { AT(WEB2, SENT(WEB2, T10), NOT_IP) } },
	{ "from a trunk into a tunnel", T10,
	  .in = PKT(SENT(WEB_B, T10), Q(10), HELLO),
	  .out = { { UPLINK, 0, PKT(IN_B(VNI_WEB), SENT(WEB_B, T10), HELLO) } } },
	{ "from a trunk into an IPv6 tunnel", T10,
	  .in = PKT(SENT(WEB_C, T10), Q(10), NOT_IP),
	  .out = { { UPLINK, 0, PKT(IN_C(VNI_WEB), SENT(WEB_C, T10), NOT_IP) } } },
	{ "from an access port to a trunk", WEB2_,
	  .in = PKT(SENT(T10, WEB2), BACK), .out = { ON_TRUNK(P_T10, SENT(T10, WEB2), Q(10), BACK) } },
	{ "a priority goes from tag to tag", WEB2_,
	  .in = PKT(SENT(T10, WEB2), Q(PCP(6) | DEI), BACK),
	  .out = { ON_TRUNK(P_T10, SENT(T10, WEB2), Q(10 | PCP(6) | DEI), BACK) } },
	{ "from a tunnel to a trunk", VIA_B(NET_WEB),
	  .in = PKT(FROM_B(VNI_WEB), SENT(T10, WEB_B), BACK), .len = 82,
	  .out = { ON_TRUNK(P_T10, SENT(T10, WEB_B), Q(10), BACK) } },
	{ "from a tunnel to everybody", VIA_B(NET_WEB),
	  .in = PKT(FROM_B(VNI_WEB), ALL(WEB_B), BACK), .len = 82,
	  .out = { AT(WEB1, ALL(WEB_B), BACK), ON_TRUNK(P_T10, ALL(WEB_B), Q(10), BACK),
		   AT(WEB2, ALL(WEB_B), BACK), AT(WEB3, ALL(WEB_B), BACK) } },
	{ "from a trunk to everybody", T10,
	  .in = PKT(ALL(T10), Q(10 | PCP(2)), HELLO),
	  .out = { AT(WEB1, ALL(T10), HELLO), AT(WEB2, ALL(T10), HELLO), AT(WEB3, ALL(T10), HELLO),
		   { UPLINK, 0, PKT(IN_B(VNI_WEB), ALL(T10), HELLO) },
		   { UPLINK, 0, PKT(IN_C(VNI_WEB), ALL(T10), HELLO) } } },
	{ "from an access port to everybody", WEB1_,
	  .in = PKT(ALL(WEB1), Q(PCP(7)), NOT_IP),
	  .out = { ON_TRUNK(P_T10, ALL(WEB1), Q(10 | PCP(7)), NOT_IP),
		   AT(WEB2, ALL(WEB1), NOT_IP), AT(WEB3, ALL(WEB1), NOT_IP),
		   { UPLINK, 0, PKT(IN_B(VNI_WEB), ALL(WEB1), NOT_IP) },
		   { UPLINK, 0, PKT(IN_C(VNI_WEB), ALL(WEB1), NOT_IP) } } },
	{ "an ARP request on a trunk is answered there", T10,
	  .in = PKT(ALL(T10), Q(10 | PCP(3)),
		    ARP(.sha = MAC_T10, .spa = IP4_T10, .tpa = IP4_WEB_B), PAD(14)),
	  .out = { { STRAY, 0, PKT(SENT(T10, WEB_B), Q(10 | PCP(3)),
		     ARP(.op = 2, .sha = MAC_WEB_B, .spa = IP4_WEB_B, .tha = MAC_T10, .tpa = IP4_T10),
		     PAD(14)) } } },
	{ "too big for the tunnel, told on the trunk", T10, .drop = WEFT_DROP_PKT_TOO_BIG, .late = true,
	  .in = PKT(SENT(WEB_B, T10), Q(10), V4(IP4_WEB_B, IP4_T10), UDP(.sport = 1, .dport = 2),
		    DATA(MTU_B - 27)),
	  .out = { { STRAY, 0, PKT(SENT(T10, WEB_B), Q(10), V4(IP4_T10, IP4_WEB_B),
		     ICMP(.type = 3, .code = 4, .rest = MTU_B), REF(.off = 18, .len = 256)) } } },
	{ "the native port of a trunk", T(P_T_DB, NET_DB),
	  .in = PKT(SENT(DB1, T_DB), HELLO), .out = { AT(DB1, SENT(DB1, T_DB), HELLO) } },
	{ "to the native port", .from = DB1, .port = PORT_ID(DB1), .network = NET_DB,
	  .in = PKT(SENT(T_DB, DB1), HELLO), .out = { ON_TRUNK(P_T_DB, SENT(T_DB, DB1), HELLO) } },
	{ "a priority tag on the native port", T(P_T_DB, NET_DB),
	  .in = PKT(SENT(DB1, T_DB), Q(PCP(1)), HELLO), .out = { AT(DB1, SENT(DB1, T_DB), HELLO) } },
	{ "untagged on a trunk without a native port", .setup = no_native, TRUNK,
	  .drop = WEFT_DROP_VLAN_UNTAGGED, .in = PKT(SENT(DB1, T_DB), HELLO) },
	{ "a priority tag on a trunk without a native port", .setup = no_native, TRUNK,
	  .drop = WEFT_DROP_VLAN_UNTAGGED, .in = PKT(SENT(DB1, T_DB), Q(PCP(1)), HELLO) },
	{ "a VLAN that the trunk does not have", TRUNK, .drop = WEFT_DROP_VLAN_NOT_ALLOWED,
	  .in = PKT(SENT(WEB2, T10), Q(11), HELLO) },
	{ "a VLAN with the wrong kind of tag", TRUNK, .drop = WEFT_DROP_VLAN_NOT_ALLOWED,
	  .in = PKT(SENT(WEB2, T10), AD(10), HELLO) },
	{ "a service VLAN with the wrong kind of tag", TRUNK, .drop = WEFT_DROP_VLAN_NOT_ALLOWED,
	  .in = PKT(SENT(WEB2, T10), Q(30), HELLO) },
	{ "a trunk's VLAN, and another tag behind it", T10, .drop = WEFT_DROP_VLAN_UNEXPECTED,
	  .in = PKT(SENT(WEB2, T10), Q(10), Q(20), HELLO) },
	{ "a trunk's VLAN behind one that it does not have", TRUNK,
	  .drop = WEFT_DROP_VLAN_NOT_ALLOWED, .in = PKT(SENT(WEB2, T10), Q(1), Q(10), HELLO) },
	{ "a trunk's VLAN with a priority tag before and behind it", T10,
	  .in = PKT(SENT(WEB2, T10), Q(0), Q(10), HELLO), .out = { AT(WEB2, SENT(WEB2, T10), HELLO) } },
	{ "three tags on a trunk", TRUNK, .drop = WEFT_DROP_VLAN_TOO_DEEP,
	  .in = PKT(SENT(WEB2, T10), Q(10), Q(20), Q(30), HELLO) },
	{ "an address of another VLAN", T10, .drop = WEFT_DROP_MAC_SPOOFED, .late = true,
	  .in = PKT(SENT(WEB2, T_DB), Q(10), HELLO) },
	{ "a broken packet in a VLAN", T10, .drop = WEFT_DROP_IP_INHDR,
	  .in = PKT(SENT(WEB2, T10), Q(10), IP4(.src = IP4_T10, .dst = IP4_WEB2, .len = 10),
		    DATA(40)) },
	{ "to itself, within a VLAN", T10, .drop = WEFT_DROP_HAIRPIN, .late = true,
	  .in = PKT(SENT(T10, T10), Q(10), HELLO) },

	/* 802.1ad, and tags of the tenant's own */
	{ "a service VLAN", T(P_S30, NET_TAGS),
	  .in = PKT(SENT(LONE1, S30), AD(30), HELLO), .out = { AT(LONE1, SENT(LONE1, S30), HELLO) } },
	{ "a tenant's tag within a service VLAN", T(P_S30, NET_TAGS),
	  .in = PKT(SENT(LONE1, S30), AD(30), Q(5 | PCP(4)), HELLO),
	  .out = { AT(LONE1, SENT(LONE1, S30), Q(5 | PCP(4)), HELLO) } },
	{ "a tenant's service tag within a service VLAN", T(P_S30, NET_TAGS),
	  .in = PKT(SENT(LONE1, S30), AD(30), AD(5), NOT_IP),
	  .out = { AT(LONE1, SENT(LONE1, S30), AD(5), NOT_IP) } },
	{ "a tenant's tag, to a service VLAN", LONE1_,
	  .in = PKT(SENT(S30, LONE1), Q(5), BACK),
	  .out = { ON_TRUNK(P_S30, SENT(S30, LONE1), AD(30), Q(5), BACK) } },
	{ "a tenant's tag into a tunnel", LONE1_,
	  .in = PKT(SENT(TAGS_B, LONE1), Q(5 | PCP(4)), HELLO),
	  .out = { { UPLINK, 0, PKT(IN_B(VNI_TAGS), SENT(TAGS_B, LONE1), Q(5 | PCP(4)), HELLO) } } },
	{ "a tenant's tag into an IPv6 tunnel, with an ECN mark", LONE1_,
	  .in = PKT(SENT(TAGS_C, LONE1), AD(5), IP4(.src = IP4_T10, .dst = IP4_WEB2, .tos = 2),
		    UDP(.sport = 1, .dport = 2), DATA(4)),
	  .out = { { UPLINK, 0, PKT(IN_C(VNI_TAGS, .tc = 2), SENT(TAGS_C, LONE1), AD(5),
		     IP4(.src = IP4_T10, .dst = IP4_WEB2, .tos = 2), UDP(.sport = 1, .dport = 2),
		     DATA(4)) } } },
	{ "a tenant's tagged ARP is not our business", LONE1_,
	  .in = PKT(SENT(TAGS_B, LONE1), Q(5),
		    ARP(.sha = MAC_LONE1, .spa = IP4_T10, .tpa = IP4_WEB_B), PAD(14)),
	  .out = { { UPLINK, 0, PKT(IN_B(VNI_TAGS), SENT(TAGS_B, LONE1), Q(5),
		     ARP(.sha = MAC_LONE1, .spa = IP4_T10, .tpa = IP4_WEB_B), PAD(14)) } } },
	{ "a tenant's tag from a tunnel", VIA_B(NET_TAGS),
	  .in = PKT(FROM_B(VNI_TAGS), SENT(LONE1, TAGS_B), Q(5 | PCP(4)), HELLO), .len = 82,
	  .out = { AT(LONE1, SENT(LONE1, TAGS_B), Q(5 | PCP(4)), HELLO) } },
	{ "a tenant's tag from an IPv6 tunnel, to a service VLAN", VIA_B(NET_TAGS),
	  .in = PKT(FROM_C(VNI_TAGS), SENT(S30, TAGS_C), Q(5), HELLO), .len = 82,
	  .out = { ON_TRUNK(P_S30, SENT(S30, TAGS_C), AD(30), Q(5), HELLO) } },
	{ "congestion on the way of a tenant's tagged packet", VIA_B(NET_TAGS),
	  .in = PKT(FROM_B(VNI_TAGS, .tos = 3), SENT(LONE1, TAGS_B), Q(5),
		IP4(.src = IP4_T10, .dst = IP4_WEB2, .tos = 2), UDP(.sport = 1, .dport = 2),
		DATA(40)), .len = 82,
	  .out = { AT(LONE1, SENT(LONE1, TAGS_B), Q(5), IP4(.src = IP4_T10, .dst = IP4_WEB2, .tos = 3),
		       UDP(.sport = 1, .dport = 2), DATA(40)) } },
	{ "a priority tag within a tunnel counts as none", VIA_B(NET_WEB),
	  .in = PKT(FROM_B(VNI_WEB), SENT(WEB1, WEB_B), Q(PCP(4)), HELLO), .len = 82,
	  .out = { AT(WEB1, SENT(WEB1, WEB_B), HELLO) } },
	{ "a tag within a tunnel of a network that carries none", VIA_B(NET_WEB),
	  .drop = WEFT_DROP_VLAN_UNEXPECTED,
	  .in = PKT(FROM_B(VNI_WEB), SENT(WEB1, WEB_B), Q(5), HELLO) },
	{ "two tags within a tunnel of a network that carries none", VIA_B(NET_WEB),
	  .drop = WEFT_DROP_VLAN_UNEXPECTED,
	  .in = PKT(FROM_B(VNI_WEB), SENT(WEB1, WEB_B), AD(5), Q(6), HELLO) },
	{ "two tags within a tunnel", VIA_B(NET_TAGS), .drop = WEFT_DROP_VLAN_TOO_DEEP,
	  .in = PKT(FROM_B(VNI_TAGS), SENT(LONE1, TAGS_B), AD(5), Q(6), HELLO) },
	{ "a tag within a tunnel, cut", VIA_B(NET_TAGS), .drop = WEFT_DROP_HDR_TRUNC,
	  .in = PKT(FROM_B(VNI_TAGS), ETH(.dst = MAC_LONE1, .src = MAC_TAGS_B, .proto = 0x8100),
		DATA(3)) },
	{ "two tags of the tenant's own", LONE1_, .drop = WEFT_DROP_VLAN_TOO_DEEP,
	  .in = PKT(SENT(TAGS_B, LONE1), AD(5), Q(6), HELLO) },
	{ "a tenant's tag to everybody", LONE1_,
	  .in = PKT(ALL(LONE1), Q(5), HELLO),
	  .out = { ON_TRUNK(P_S30, ALL(LONE1), AD(30), Q(5), HELLO),
		   { UPLINK, 0, PKT(IN_B(VNI_TAGS), ALL(LONE1), Q(5), HELLO) },
		   { UPLINK, 0, PKT(IN_C(VNI_TAGS), ALL(LONE1), Q(5), HELLO) } } },
	{ "a tenant's tag to everybody, what is not IP", LONE1_,
	  .in = PKT(ALL(LONE1), Q(5), NOT_IP),
	  .out = { ON_TRUNK(P_S30, ALL(LONE1), AD(30), Q(5), NOT_IP),
		   { UPLINK, 0, PKT(IN_B(VNI_TAGS), ALL(LONE1), Q(5), NOT_IP) },
		   { UPLINK, 0, PKT(IN_C(VNI_TAGS), ALL(LONE1), Q(5), NOT_IP) } } },
	{ "a tenant's tagged packet that just fits", LONE1_,
	  .in = PKT(SENT(TAGS_B, LONE1), Q(5), V4(IP4_WEB2, IP4_T10), UDP(.sport = 1, .dport = 2),
		    DATA(MTU_B - 32)),
	  .out = { { UPLINK, 0, PKT(IN_B(VNI_TAGS), SENT(TAGS_B, LONE1), Q(5), V4(IP4_WEB2, IP4_T10),
		     UDP(.sport = 1, .dport = 2), DATA(MTU_B - 32)) } } },
	{ "a tenant's tagged packet that does not fit by its tag", LONE1_, .late = true,
	  .drop = WEFT_DROP_PKT_TOO_BIG,
	  .in = PKT(SENT(TAGS_B, LONE1), Q(5), V4(IP4_WEB2, IP4_T10), UDP(.sport = 1, .dport = 2),
		    DATA(MTU_B - 31)) },
	{ "a tenant's tagged packet that does not fit at all", LONE1_, .late = true,
	  .drop = WEFT_DROP_PKT_TOO_BIG,
	  .in = PKT(ALL(LONE1), Q(5), V4(IP4_WEB2, IP4_T10), UDP(.sport = 1, .dport = 2),
		    DATA(MTU_B)) },
	{ "policies cannot judge what a tag hides, on its way out", .setup = guard_lone_out, LONE1_,
	  .drop = WEFT_DROP_VLAN_UNJUDGED, .late = true,
	  .in = PKT(SENT(TAGS_B, LONE1), Q(5), HELLO) },
	{ "policies cannot judge what a tag hides, to everybody", .setup = guard_lone_out, LONE1_,
	  .drop = WEFT_DROP_VLAN_UNJUDGED, .late = true, .in = PKT(ALL(LONE1), Q(5), HELLO) },
	{ "policies cannot judge what a tag hides, on its way in", .setup = guard_lone_in,
	  VIA_B(NET_TAGS), .drop = WEFT_DROP_VLAN_UNJUDGED, .at = PORT_ID(LONE1), .late = true,
	  .in = PKT(FROM_B(VNI_TAGS), SENT(LONE1, TAGS_B), Q(5), HELLO) },
	{ "no copy for a port whose policies cannot judge it", .setup = guard_lone_in,
	  T(P_S30, NET_TAGS), .drop = WEFT_DROP_VLAN_UNJUDGED, .at = PORT_ID(LONE1), .late = true,
	  .copied = true, .in = PKT(ALL(S30), AD(30), Q(5), HELLO),
	  .out = { { UPLINK, 0, PKT(IN_B(VNI_TAGS), ALL(S30), Q(5), HELLO) },
		   { UPLINK, 0, PKT(IN_C(VNI_TAGS), ALL(S30), Q(5), HELLO) } } },
	{ "a service VLAN and a VLAN within name a port", T(P_SC, NET_LONE),
	  .in = PKT(SENT(NOBODY, PLAIN), AD(31), Q(32), HELLO),
	  .out = { { UPLINK, 0, PKT(IN_B(VNI_LONE), SENT(NOBODY, PLAIN), HELLO) } } },
	{ "a service VLAN without the VLAN within", TRUNK, .drop = WEFT_DROP_VLAN_NOT_ALLOWED,
	  .in = PKT(SENT(NOBODY, PLAIN), AD(31), HELLO) },
	{ "a service VLAN with another VLAN within", TRUNK, .drop = WEFT_DROP_VLAN_NOT_ALLOWED,
	  .in = PKT(SENT(NOBODY, PLAIN), AD(31), Q(33), HELLO) },

	/* a network on the uplink's wire */
	{ "from the wire to a port", W(P_W70, NET_V70),
	  .in = PKT(SENT(GONE1, BEYOND), Q(70), HELLO), .out = { AT(GONE1, SENT(GONE1, BEYOND), HELLO) } },
	{ "from a host that nobody has listed", W(P_W70, NET_V70),
	  .in = PKT(SENT(GONE1, PLAIN), Q(70 | PCP(3)), NOT_IP),
	  .out = { AT(GONE1, SENT(GONE1, PLAIN), NOT_IP) } },
	{ "from a port to the wire", GONE1_,
	  .in = PKT(SENT(BEYOND, GONE1), HELLO), .out = { ON_WIRE(P_W70, SENT(BEYOND, GONE1), Q(70), HELLO) } },
	{ "from a port to an unknown host", GONE1_,
	  .in = PKT(SENT(PLAIN, GONE1), HELLO), .out = { ON_WIRE(P_W70, SENT(PLAIN, GONE1), Q(70), HELLO) } },
	{ "from a port to everybody", GONE1_,
	  .in = PKT(ALL(GONE1), Q(PCP(2)), HELLO),
	  .out = { ON_WIRE(P_W70, ALL(GONE1), Q(70 | PCP(2)), HELLO) } },
	{ "from the wire to everybody", W(P_W70, NET_V70),
	  .in = PKT(ALL(PLAIN), Q(70), HELLO), .out = { AT(GONE1, ALL(PLAIN), HELLO) } },
	{ "from the wire to the wire", W(P_W70, NET_V70), .drop = WEFT_DROP_HAIRPIN, .late = true,
	  .in = PKT(SENT(BEYOND, PLAIN), Q(70), HELLO) },
	{ "a local address from the wire", W(P_W70, NET_V70), .drop = WEFT_DROP_LOCAL_MAC, .late = true,
	  .in = PKT(SENT(BEYOND, GONE1), Q(70), HELLO) },
	{ "a local address from the wire, to everybody", W(P_W70, NET_V70),
	  .drop = WEFT_DROP_LOCAL_MAC, .late = true, .in = PKT(ALL(GONE1), Q(70), HELLO) },
	{ "another tag behind the wire's", W(P_W70, NET_V70), .drop = WEFT_DROP_VLAN_UNEXPECTED,
	  .in = PKT(SENT(GONE1, BEYOND), Q(70), Q(5), HELLO) },
	{ "three tags, of which the wire's is the first", W(P_W70, NET_V70),
	  .drop = WEFT_DROP_VLAN_TOO_DEEP, .in = PKT(SENT(GONE1, BEYOND), Q(70), Q(5), Q(6), HELLO) },
	{ "a broken packet in the wire's VLAN", W(P_W70, NET_V70), .drop = WEFT_DROP_IP_INHDR,
	  .in = PKT(SENT(GONE1, BEYOND), Q(70), IP4(.src = IP4_T10, .dst = IP4_WEB2, .len = 10),
		    DATA(40)) },
	{ "too big for the wire", GONE1_, .drop = WEFT_DROP_PKT_TOO_BIG,
	  .in = PKT(SENT(BEYOND, GONE1), V4(IP4_WEB2, IP4_T10), UDP(.sport = 1, .dport = 2), DATA(1373)),
	  .out = { { GONE1, 0, PKT(SENT(GONE1, BEYOND), V4(IP4_T10, IP4_WEB2),
		     ICMP(.type = 3, .code = 4, .rest = 1400), REF(.off = 14, .len = 256)) } } },
	{ "too big for the wire, to everybody", GONE1_, .drop = WEFT_DROP_PKT_TOO_BIG,
	  .in = PKT(ALL(GONE1), V4(IP4_WEB2, IP4_T10), UDP(.sport = 1, .dport = 2), DATA(1373)) },
	{ "another VLAN of the wire is not ours", .from = UPLINK, .pass = true,
	  .in = PKT(SENT(GONE1, BEYOND), Q(71), HELLO) },
	{ "our VLAN behind another is not ours", .from = UPLINK, .pass = true,
	  .in = PKT(SENT(GONE1, BEYOND), Q(71), Q(70), HELLO) },
	{ "our VLAN as a service tag is not ours", .from = UPLINK, .pass = true,
	  .in = PKT(SENT(GONE1, BEYOND), AD(70), HELLO) },
	{ "from the untagged wire to a port", W(P_W0, NET_BARE),
	  .in = PKT(SENT(T40, PLAIN), HELLO), .out = { ON_TRUNK(P_T40, SENT(T40, PLAIN), Q(40), HELLO) } },
	{ "a priority tag on the untagged wire", W(P_W0, NET_BARE),
	  .in = PKT(SENT(T40, PLAIN), Q(PCP(5)), HELLO),
	  .out = { ON_TRUNK(P_T40, SENT(T40, PLAIN), Q(40 | PCP(5)), HELLO) } },
	{ "from a trunk to the untagged wire", T(P_T40, NET_BARE),
	  .in = PKT(SENT(PLAIN, T40), Q(40), HELLO), .out = { ON_WIRE(P_W0, SENT(PLAIN, T40), HELLO) } },
	{ "the host's own on the untagged wire", .from = UPLINK, .pass = true,
	  .in = PKT(SENT(UPLINK, PLAIN), HELLO) },
	{ "somebody else's on the untagged wire", .from = UPLINK, .pass = true,
	  .in = PKT(SENT(NOBODY, PLAIN), HELLO) },
	{ "everybody's on the untagged wire is ours and the host's", W(P_W0, NET_BARE), .pass = true,
	  .shared = true, .in = PKT(ALL(PLAIN), HELLO),
	  .out = { ON_TRUNK(P_T40, ALL(PLAIN), Q(40), HELLO) } },
	{ "the wire's own control frames are not ours", .from = UPLINK, .pass = true,
	  .in = PKT(ETH(.dst = { 0x01, 0x80, 0xc2, 0, 0, 0x0e }, .src = MAC_PLAIN, .proto = 0x88cc),
		    DATA(46)) },

	/* many hosts behind a port */
	{ "a listed address from a gateway's port", T(P_SC, NET_LONE), .drop = WEFT_DROP_MAC_SPOOFED,
	  .late = true, .setup = NULL, .in = PKT(SENT(NOBODY, LONE1), AD(31), Q(32), HELLO) },
	{ "a group address from a gateway's port", T(P_SC, NET_LONE),
	  .drop = WEFT_DROP_MAC_INVALID_SOURCE, .late = true,
	  .in = PKT(ETH(.dst = MAC_NOBODY, .src = MAC_GROUP4), AD(31), Q(32), HELLO) },
};

#define SYN_TO_T10 IP4(.src = IP4_WEB_B, .dst = IP4_T10), \
		   TCP(.sport = 1000, .dport = 80, .seq = 7, .flags = 2)
#define RST_FROM_T10 IP4(.src = IP4_T10, .dst = IP4_WEB_B, .frag = 0x4000), \
		     TCP(.sport = 80, .dport = 1000, .seq = FORCE(0), .ack = 8, .flags = 0x14, \
			 .win = FORCE(0))

const struct vlan_row vlan_live_rows[] = {
	{ "a tunnel packet with a priority tag", VIA_B(NET_WEB), .len = 82,
	  .in = PKT(ETH(.dst = MAC_UPLINK, .src = MAC_ROUTER), Q(PCP(3)),
		    IP4(.src = VTEP4_B, .dst = VTEP4_A, .frag = 0x4000),
		    UDP(.sport = 50000, .dport = 4789, .csum = FORCE(0)), VXLAN(.vni = VNI_WEB),
		    SENT(WEB1, WEB_B), HELLO),
	  .out = { AT(WEB1, SENT(WEB1, WEB_B), HELLO) } },
	{ "a tunnel packet in a VLAN is not ours", .from = UPLINK, .pass = true,
	  .in = PKT(ETH(.dst = MAC_UPLINK, .src = MAC_ROUTER), Q(7),
		    IP4(.src = VTEP4_B, .dst = VTEP4_A, .frag = 0x4000),
		    UDP(.sport = 50000, .dport = 4789, .csum = FORCE(0)), VXLAN(.vni = VNI_WEB),
		    SENT(WEB1, WEB_B), HELLO) },
	{ "a port of a trunk rejects what a tunnel brings", .setup = reject_at_t10, VIA_B(NET_WEB),
	  .drop = WEFT_DROP_POLICY_REJECT_INGRESS, .late = true, .at = P_T10, .answer = 54,
	  .in = PKT(FROM_B(VNI_WEB), SENT(T10, WEB_B), SYN_TO_T10),
	  .out = { { UPLINK, 0, PKT(IN_B(VNI_WEB), SENT(WEB_B, T10), RST_FROM_T10) } } },
	{ "a port of a trunk rejects what another port sends", .setup = reject_at_t10, WEB2_,
	  .drop = WEFT_DROP_POLICY_REJECT_INGRESS, .late = true, .at = P_T10,
	  .in = PKT(SENT(T10, WEB2), IP4(.src = IP4_WEB2, .dst = IP4_T10),
		    TCP(.sport = 1000, .dport = 80, .seq = 7, .flags = 2)),
	  .out = { { WEB2, 0, PKT(SENT(WEB2, T10), IP4(.src = IP4_T10, .dst = IP4_WEB2, .frag = 0x4000),
		     TCP(.sport = 80, .dport = 1000, .seq = FORCE(0), .ack = 8, .flags = 0x14,
			 .win = FORCE(0))) } } },
};

const struct vlan_row vlan_gso_rows[] = {
	{ "GSO from a trunk", T10, SEGS(18),
	  .in = PKT(SENT(WEB2, T10), Q(10), SEGMENTS), .out = { AT(WEB2, SENT(WEB2, T10), SEGMENTS) } },
	{ "GSO from a trunk into a tunnel", T10, SEGS(18),
	  .in = PKT(SENT(WEB_B, T10), Q(10), SEGMENTS),
	  .out = { { UPLINK, 0, PKT(IN_B(VNI_WEB), SENT(WEB_B, T10), SEGMENTS) } } },
	{ "GSO to a trunk", WEB2_, SEGS(14),
	  .in = PKT(SENT(T10, WEB2), SEGMENTS), .out = { ON_TRUNK(P_T10, SENT(T10, WEB2), Q(10), SEGMENTS) } },
	{ "GSO to the wire", GONE1_, SEGS(14),
	  .in = PKT(SENT(BEYOND, GONE1), SEGMENTS), .out = { ON_WIRE(P_W70, SENT(BEYOND, GONE1), Q(70), SEGMENTS) } },
	{ "GSO from the wire", W(P_W70, NET_V70), SEGS(18),
	  .in = PKT(SENT(GONE1, BEYOND), Q(70), SEGMENTS), .out = { AT(GONE1, SENT(GONE1, BEYOND), SEGMENTS) } },
	{ "GSO with a tenant's tag, to a service VLAN", LONE1_, SEGS(18),
	  .in = PKT(SENT(S30, LONE1), Q(5), SEGMENTS),
	  .out = { ON_TRUNK(P_S30, SENT(S30, LONE1), AD(30), Q(5), SEGMENTS) } },
	{ "GSO with a tenant's tag, into a tunnel", LONE1_, SEGS(18),
	  .in = PKT(SENT(TAGS_B, LONE1), Q(5), SEGMENTS),
	  .out = { { UPLINK, 0, PKT(IN_B(VNI_TAGS), SENT(TAGS_B, LONE1), Q(5), SEGMENTS) } } },
	{ "GSO with a tenant's tag, into an IPv6 tunnel", LONE1_, SEGS(18),
	  .in = PKT(SENT(TAGS_C, LONE1), Q(5), SEGMENTS),
	  .out = { { UPLINK, 0, PKT(IN_C(VNI_TAGS), SENT(TAGS_C, LONE1), Q(5), SEGMENTS) } } },
	{ "GSO with a tenant's tag, to everybody", LONE1_, SEGS(18),
	  .in = PKT(ALL(LONE1), Q(5), SEGMENTS),
	  .out = { ON_TRUNK(P_S30, ALL(LONE1), AD(30), Q(5), SEGMENTS),
		   { UPLINK, 0, PKT(IN_B(VNI_TAGS), ALL(LONE1), Q(5), SEGMENTS) },
		   { UPLINK, 0, PKT(IN_C(VNI_TAGS), ALL(LONE1), Q(5), SEGMENTS) } } },
};

const size_t vlan_live_rows_n = sizeof(vlan_live_rows) / sizeof(vlan_live_rows[0]);
const size_t vlan_gso_rows_n = sizeof(vlan_gso_rows) / sizeof(vlan_gso_rows[0]);
const size_t vlan_rows_n = sizeof(vlan_rows) / sizeof(vlan_rows[0]);
