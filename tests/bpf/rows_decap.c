/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* From the underlay: Geneve with its options, VXLAN-GBP, NVGRE. */
#include "rows.h"

static void no_geneve(void)
{
	put_encaps(0, true);
}

static void no_nvgre(void)
{
	put_encaps(6081, false);
}

static void other_port(void)
{
	put_encaps(6082, true);
}

/* clang-format off */
#define US ETH(.dst = MAC_UPLINK, .src = MAC_ROUTER)
#define FROM_E US, IP4(.src = VTEP4_E, .dst = VTEP4_A, .frag = 0x4000)
#define FROM_E6 US, IP6(.src = VTEP6_E, .dst = VTEP6_A)
#define TO_PORT(n) UDP(.sport = 50000, .dport = n, .csum = FORCE(0))
#define MIX GENEVE(.vni = VNI_MIX)
#define OURS(...) OPT(.class = 0xff77, .type = 1, __VA_ARGS__)
#define SOURCE OURS(.words = 2, .a = IDENTITY_FAR, .b = 9)
#define FOREIGN(n) OPT(.class = 0x0102, .type = 0x23, .words = n)
#define CRITICAL OPT(.class = 0x0102, .type = 0x80, .words = 1)
#define HELLO ETH(.dst = MAC_MIX1, .src = MAC_NOBODY), IP4(.src = IP4_MIX, .dst = IP4_MIX1), \
	      UDP(.sport = 1000, .dport = 2000), DATA(40)
#define HELLO6 ETH(.dst = MAC_MIX1, .src = MAC_NOBODY), IP6(.src = IP6_MIX, .dst = IP6_MIX1), \
	       UDP(.sport = 1000, .dport = 2000), DATA(40)
#define GENEVE4 FROM_E, TO_PORT(6081)
#define GENEVE6 FROM_E6, TO_PORT(6081)
#define TAKEN(from_) .take = true, .to = TO(MIX1), .network = NET_MIX, .tunnel = from_
#define TOLD .identity = IDENTITY_FAR
#define LOST(why) .drop = WEFT_DROP_##why

static const struct wire_row rows[] = {
	/* Geneve */
	{ "Geneve over IPv4", TAKEN(TUNNEL_GENEVE4), .in = PKT(GENEVE4, MIX, HELLO) },
	{ "Geneve over IPv6", TAKEN(TUNNEL_GENEVE6), .in = PKT(GENEVE6, MIX, HELLO6) },
	{ "Geneve from a VTEP that sends no options", TAKEN(TUNNEL_PLAIN4),
	  .in = PKT(US, IP4(.src = VTEP4_F, .dst = VTEP4_A), TO_PORT(6081), MIX, HELLO) },
	{ "our option", TAKEN(TUNNEL_GENEVE4), TOLD, .in = PKT(GENEVE4, MIX, SOURCE, HELLO) },
	{ "our option over IPv6", TAKEN(TUNNEL_GENEVE6), TOLD,
	  .in = PKT(GENEVE6, MIX, SOURCE, HELLO) },
	{ "our option, shorter", TAKEN(TUNNEL_GENEVE4), TOLD,
	  .in = PKT(GENEVE4, MIX, OURS(.words = 1, .a = IDENTITY_FAR), HELLO) },
	{ "our option, longer than we know it", TAKEN(TUNNEL_GENEVE4), TOLD,
	  .in = PKT(GENEVE4, MIX, OURS(.words = 5, .a = IDENTITY_FAR), HELLO) },
	{ "our option without anything in it", TAKEN(TUNNEL_GENEVE4),
	  .in = PKT(GENEVE4, MIX, OURS(.words = 0), HELLO) },
	{ "our option between others", TAKEN(TUNNEL_GENEVE4), TOLD,
	  .in = PKT(GENEVE4, MIX, FOREIGN(0), FOREIGN(3), SOURCE, FOREIGN(1), HELLO) },
	{ "another option as long as ours", TAKEN(TUNNEL_GENEVE4),
	  .in = PKT(GENEVE4, MIX, FOREIGN(2), HELLO) },
	{ "another type of our class", TAKEN(TUNNEL_GENEVE4),
	  .in = PKT(GENEVE4, MIX, OPT(.class = 0xff77, .type = 2, .words = 2, .a = 1), HELLO) },
	{ "as many options as there can be", TAKEN(TUNNEL_GENEVE6),
	  .in = PKT(GENEVE6, MIX, FOREIGN(31), FOREIGN(29), FOREIGN(0), HELLO) },
	{ "as many options as there can be, ours the last", TAKEN(TUNNEL_GENEVE6), TOLD,
	  .in = PKT(GENEVE6, MIX, FOREIGN(31), FOREIGN(27), SOURCE, HELLO) },
	{ "reserved bits of the header and of an option", TAKEN(TUNNEL_GENEVE4), TOLD,
	  .in = PKT(GENEVE4, GENEVE(.vni = VNI_MIX, .flags = 0x3f, .reserved = 0xff),
		    OURS(.words = 2, .a = IDENTITY_FAR, .len = 0xe2), HELLO) },
	{ "the C bit, where nothing is critical", TAKEN(TUNNEL_GENEVE4),
	  .in = PKT(GENEVE4, GENEVE(.vni = VNI_MIX, .flags = 0x40), FOREIGN(1), HELLO) },
	{ "another Geneve port", .setup = other_port, TAKEN(TUNNEL_GENEVE4),
	  .in = PKT(FROM_E, TO_PORT(6082), MIX, HELLO) },
	{ "Geneve, where this node has none", .setup = no_geneve,
	  .in = PKT(GENEVE4, MIX, SOURCE, HELLO) },
	{ "a critical option", LOST(GENEVE_CRITICAL_OPT),
	  .in = PKT(GENEVE4, GENEVE(.vni = VNI_MIX, .flags = 0x40), CRITICAL, HELLO) },
	{ "a critical option behind ours, over IPv6", LOST(GENEVE_CRITICAL_OPT),
	  .in = PKT(GENEVE6, GENEVE(.vni = VNI_MIX, .flags = 0x40), SOURCE, CRITICAL, HELLO6) },
	{ "a critical option, without the C bit", LOST(GENEVE_CRITICAL_OPT),
	  .in = PKT(GENEVE4, MIX, CRITICAL, HELLO) },
	{ "a critical option of our class", LOST(GENEVE_CRITICAL_OPT),
	  .in = PKT(GENEVE4, MIX, OPT(.class = 0xff77, .type = 0x81, .words = 2), HELLO) },
	{ "an option longer than all of them", LOST(GENEVE_INVALID_OPT),
	  .in = PKT(GENEVE4, MIX, OPT(.class = 0x0102, .words = 1, .len = 2), HELLO) },
	{ "our option, longer than all of them", LOST(GENEVE_INVALID_OPT),
	  .in = PKT(GENEVE4, MIX, OURS(.words = 2, .a = IDENTITY_FAR, .len = 3), HELLO) },
	{ "options that end in the middle of one", LOST(GENEVE_INVALID_OPT),
	  .in = PKT(GENEVE6, GENEVE(.vni = VNI_MIX, .opts = 5), FOREIGN(2), FOREIGN(2), HELLO6) },
	{ "version 1", LOST(GENEVE_INVALID_HDR),
	  .in = PKT(GENEVE4, GENEVE(.vni = VNI_MIX, .version = 1), HELLO) },
	{ "version 3, with the O bit", LOST(GENEVE_INVALID_HDR),
	  .in = PKT(GENEVE6, GENEVE(.vni = VNI_MIX, .version = 3, .flags = 0x80), HELLO6) },
	{ "Geneve with IPv4 in it", LOST(GENEVE_INVALID_HDR),
	  .in = PKT(GENEVE4, GENEVE(.vni = VNI_MIX, .proto = 0x0800), HELLO) },
	{ "a control packet", LOST(GENEVE_CONTROL),
	  .in = PKT(GENEVE4, GENEVE(.vni = VNI_MIX, .flags = 0x80), HELLO) },
	{ "a control packet of another payload, with options", LOST(GENEVE_CONTROL),
	  .in = PKT(GENEVE6, GENEVE(.vni = VNI_MIX, .flags = 0xc0, .proto = 1), CRITICAL, HELLO6) },
	{ "options that the datagram has no room for", LOST(HDR_TRUNC),
	  .in = PKT(GENEVE4, GENEVE(.vni = VNI_MIX, .opts = 63), DATA(40)) },
	{ "an inner Ethernet header that the datagram has no room for behind the options",
	  LOST(HDR_TRUNC),
	  .in = PKT(FROM_E, UDP(.sport = 1, .dport = 6081, .len = 16 + 12 + 13), MIX, SOURCE, HELLO) },
	{ "cut within the Geneve header", LOST(HDR_TRUNC), .in = PKT(GENEVE4, DATA(7)) },
	{ "an unknown VNI by Geneve", LOST(VXLAN_VNI_NOT_FOUND),
	  .in = PKT(GENEVE4, GENEVE(.vni = VNI_NOBODY), HELLO) },
	{ "Geneve from nobody we know", LOST(VTEP_UNKNOWN),
	  .in = PKT(US, IP4(.src = VTEP4_STRANGER, .dst = VTEP4_A), TO_PORT(6081), MIX, SOURCE,
		    HELLO) },
	{ "Geneve from a VTEP that speaks VXLAN", LOST(VTEP_NOT_MEMBER),
	  .in = PKT(US, IP4(.src = VTEP4_B, .dst = VTEP4_A), TO_PORT(6081),
		    GENEVE(.vni = VNI_WEB), HELLO) },
	{ "ECT(1) by Geneve", TAKEN(TUNNEL_GENEVE4),
	  .in = PKT(US, IP4(.src = VTEP4_E, .dst = VTEP4_A, .tos = 1), TO_PORT(6081), MIX,
		    FOREIGN(7), ETH(.dst = MAC_MIX1, .src = MAC_NOBODY),
		    IP4(.src = IP4_MIX, .dst = IP4_MIX1, .tos = 2), UDP(.sport = 1, .dport = 2)),
	  .inner = PKT(ETH(.dst = MAC_MIX1, .src = MAC_NOBODY),
		       IP4(.src = IP4_MIX, .dst = IP4_MIX1, .tos = 1), UDP(.sport = 1, .dport = 2)) },
	{ "CE on Not-ECT by Geneve", LOST(IP_TUNNEL_ECN),
	  .in = PKT(US, IP6(.src = VTEP6_E, .dst = VTEP6_A, .tc = 3), TO_PORT(6081), MIX, SOURCE,
		    HELLO) },

	/* VXLAN-GBP */
	{ "VXLAN-GBP over IPv4", TAKEN(TUNNEL_GBP4), .identity = IDENTITY_FAR_SHORT,
	  .in = PKT(FROM_E, TO_PORT(4789),
		    VXLAN(.vni = VNI_MIX, .flip = 0x80000000 | IDENTITY_FAR_SHORT), HELLO) },
	{ "VXLAN-GBP over IPv6", TAKEN(TUNNEL_GBP6), .identity = IDENTITY_FAR_SHORT,
	  .in = PKT(FROM_E6, TO_PORT(4789),
		    VXLAN(.vni = VNI_MIX, .flip = 0x80000000 | IDENTITY_FAR_SHORT), HELLO6) },
	{ "VXLAN-GBP with all other bits, policy applied and reserved", TAKEN(TUNNEL_GBP4),
	  .identity = IDENTITY_FAR_SHORT,
	  .in = PKT(FROM_E, TO_PORT(4789),
		    VXLAN(.vni = VNI_MIX, .flip = 0xf7ff0000 | IDENTITY_FAR_SHORT, .reserved = 7),
		    HELLO) },
	{ "a group without the G flag", TAKEN(TUNNEL_GBP4),
	  .in = PKT(FROM_E, TO_PORT(4789), VXLAN(.vni = VNI_MIX, .flip = IDENTITY_FAR_SHORT), HELLO) },
	{ "the G flag without the I flag", LOST(VXLAN_INVALID_HDR),
	  .in = PKT(FROM_E, TO_PORT(4789), VXLAN(.vni = VNI_MIX, .flip = 0x88000001), HELLO) },
	{ "a group from a VTEP that is not asked for it", .take = true, .to = TO(WEB1),
	  .in = PKT(US, IP4(.src = VTEP4_B, .dst = VTEP4_A), TO_PORT(4789),
		    VXLAN(.vni = VNI_WEB, .flip = 0x80000000 | IDENTITY_FAR_SHORT),
		    ETH(.dst = MAC_WEB1, .src = MAC_WEB_B), IP4(.src = IP4_WEB_B, .dst = IP4_WEB1),
		    UDP(.sport = 1000, .dport = 2000), DATA(40)) },

	/* NVGRE */
	{ "NVGRE over IPv4", TAKEN(TUNNEL_NVGRE4), .in = PKT(FROM_E, GRE(.vsid = VNI_MIX), HELLO) },
	{ "NVGRE over IPv6", TAKEN(TUNNEL_NVGRE6), .in = PKT(FROM_E6, GRE(.vsid = VNI_MIX), HELLO6) },
	{ "any FlowID", TAKEN(TUNNEL_NVGRE4),
	  .in = PKT(FROM_E, GRE(.vsid = VNI_MIX, .flow = 0xff), HELLO) },
	{ "reserved bits of GRE", TAKEN(TUNNEL_NVGRE4),
	  .in = PKT(FROM_E, GRE(.vsid = VNI_MIX, .flags = 0x23f8), HELLO) },
	{ "NVGRE behind IPv4 options", TAKEN(TUNNEL_NVGRE4),
	  .in = PKT(US, IP4(.src = VTEP4_E, .dst = VTEP4_A, .options = 10), GRE(.vsid = VNI_MIX),
		    HELLO) },
	{ "CE by NVGRE", TAKEN(TUNNEL_NVGRE6),
	  .in = PKT(US, IP6(.src = VTEP6_E, .dst = VTEP6_A, .tc = 3), GRE(.vsid = VNI_MIX),
		    ETH(.dst = MAC_MIX1, .src = MAC_NOBODY),
		    IP6(.src = IP6_MIX, .dst = IP6_MIX1, .tc = 2), UDP(.sport = 1, .dport = 2)),
	  .inner = PKT(ETH(.dst = MAC_MIX1, .src = MAC_NOBODY),
		       IP6(.src = IP6_MIX, .dst = IP6_MIX1, .tc = 3), UDP(.sport = 1, .dport = 2)) },
	{ "NVGRE, where this node has none", .setup = no_nvgre, .not_live = true,
	  .in = PKT(FROM_E, GRE(.vsid = VNI_MIX), HELLO) },
	{ "IPv4 in GRE", .not_live = true,
	  .in = PKT(FROM_E, GRE(.vsid = VNI_MIX, .proto = 0x0800), DATA(60)) },
	{ "GRE to another address", .not_live = true,
	  .in = PKT(US, IP4(.src = VTEP4_E, .dst = IP4_ELSE), GRE(.vsid = VNI_MIX), HELLO) },
	{ "GRE too short to say what it carries", .not_live = true,
	  .in = PKT(US, IP4(.src = VTEP4_E, .dst = VTEP4_A, .len = 23), GRE(.vsid = VNI_MIX), HELLO) },
	{ "a later fragment of GRE", .not_live = true,
	  .in = PKT(US, IP4(.src = VTEP4_E, .dst = VTEP4_A, .frag = 100, .proto = 47), DATA(60)) },
	{ "a first fragment of NVGRE", LOST(OUTER_FRAGMENT),
	  .in = PKT(US, IP4(.src = VTEP4_E, .dst = VTEP4_A, .frag = 0x2000), GRE(.vsid = VNI_MIX),
		    HELLO) },
	{ "without a key", LOST(NVGRE_INVALID_HDR),
	  .in = PKT(FROM_E, GRE(.flags = FORCE(0)), HELLO) },
	{ "with a checksum", LOST(NVGRE_INVALID_HDR),
	  .in = PKT(FROM_E, GRE(.flags = 0xa000), HELLO) },
	{ "with a sequence number", LOST(NVGRE_INVALID_HDR),
	  .in = PKT(FROM_E6, GRE(.flags = 0x3000), HELLO6) },
	{ "with routing", LOST(NVGRE_INVALID_HDR), .in = PKT(FROM_E, GRE(.flags = 0x6000), HELLO) },
	{ "GRE of version 1", LOST(NVGRE_INVALID_HDR),
	  .in = PKT(FROM_E, GRE(.flags = 0x2001), HELLO) },
	{ "cut within the key", LOST(HDR_TRUNC),
	  .in = PKT(US, IP4(.src = VTEP4_E, .dst = VTEP4_A, .len = 26), GRE(.vsid = VNI_MIX), HELLO) },
	{ "an inner Ethernet header that the IP packet has no room for", LOST(HDR_TRUNC),
	  .in = PKT(US, IP6(.src = VTEP6_E, .dst = VTEP6_A, .len = 21), GRE(.vsid = VNI_MIX), HELLO6) },
	{ "an unknown VSID", LOST(VXLAN_VNI_NOT_FOUND),
	  .in = PKT(FROM_E, GRE(.vsid = VNI_NOBODY), HELLO) },
	{ "NVGRE from nobody we know", LOST(VTEP_UNKNOWN),
	  .in = PKT(US, IP6(.src = VTEP6_STRANGER, .dst = VTEP6_A), GRE(.vsid = VNI_MIX), HELLO6) },
	{ "NVGRE from a VTEP that speaks Geneve", LOST(VTEP_NOT_MEMBER),
	  .in = PKT(US, IP4(.src = VTEP4_F, .dst = VTEP4_A), GRE(.vsid = VNI_MIX), HELLO) },
	{ "NVGRE to the broadcast MAC address", LOST(OUTER_NOT_UNICAST),
	  .in = PKT(ETH(.dst = MAC_BROADCAST, .src = MAC_ROUTER),
		    IP4(.src = VTEP4_E, .dst = VTEP4_A), GRE(.vsid = VNI_MIX), HELLO) },
};

const struct wire_table decap_table = { "encapsulations", rows, sizeof(rows) / sizeof(rows[0]) };
