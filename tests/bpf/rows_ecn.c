/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Out of a tunnel: all of RFC 6040's figure 4, for both inner and both outer families. */
#include <stddef.h>

#include "rows.h"

/* clang-format off */
#define US ETH(.dst = MAC_UPLINK, .src = MAC_ROUTER)
#define TUNNEL UDP(.sport = 50000, .dport = 4789, .csum = FORCE(0)), VXLAN(.vni = VNI_WEB)
#define IN_V4(tos_) US, IP4(.src = VTEP4_B, .dst = VTEP4_A, .tos = 0xa0 | (tos_)), TUNNEL
#define IN_V6(tc_) US, IP6(.src = VTEP6_C, .dst = VTEP6_A, .tc = 0xa0 | (tc_)), TUNNEL
/* The inner DSCP is its own, and stays. */
#define V4(mac, ecn) ETH(.dst = MAC_WEB1, .src = mac), \
	IP4(.src = IP4_WEB_B, .dst = IP4_WEB1, .tos = 0xb8 | (ecn), .id = 7), \
	TCP(.sport = 1, .dport = 2), DATA(20)
#define V6(mac, ecn) ETH(.dst = MAC_WEB1, .src = mac), \
	IP6(.src = IP6_WEB_B, .dst = IP6_WEB1, .tc = 0xb8 | (ecn), .flow = 0x54321), \
	TCP(.sport = 1, .dport = 2), DATA(20)

enum { NOT_ECT, ECT1, ECT0, CE };

/* What the inner codepoint becomes, in all four pairings of families. */
#define BECOMES(words, outer, was, is) \
	{ words ", IPv4 in IPv4", .take = true, .to = TO(WEB1), \
	  .in = PKT(IN_V4(outer), V4(MAC_WEB_B, was)), .inner = PKT(V4(MAC_WEB_B, is)) }, \
	{ words ", IPv6 in IPv4", .take = true, .to = TO(WEB1), \
	  .in = PKT(IN_V4(outer), V6(MAC_WEB_B, was)), .inner = PKT(V6(MAC_WEB_B, is)) }, \
	{ words ", IPv4 in IPv6", .take = true, .to = TO(WEB1), .tunnel = TUNNEL_C, \
	  .in = PKT(IN_V6(outer), V4(MAC_WEB_C, was)), .inner = PKT(V4(MAC_WEB_C, is)) }, \
	{ words ", IPv6 in IPv6", .take = true, .to = TO(WEB1), .tunnel = TUNNEL_C, \
	  .in = PKT(IN_V6(outer), V6(MAC_WEB_C, was)), .inner = PKT(V6(MAC_WEB_C, is)) }

static const struct wire_row rows[] = {
	BECOMES("Not-ECT stays under Not-ECT", NOT_ECT, NOT_ECT, NOT_ECT),
	BECOMES("Not-ECT stays under ECT(0)", ECT0, NOT_ECT, NOT_ECT),
	BECOMES("Not-ECT stays under ECT(1)", ECT1, NOT_ECT, NOT_ECT),
	BECOMES("ECT(0) stays under Not-ECT", NOT_ECT, ECT0, ECT0),
	BECOMES("ECT(0) stays under ECT(0)", ECT0, ECT0, ECT0),
	BECOMES("ECT(0) becomes ECT(1)", ECT1, ECT0, ECT1),
	BECOMES("ECT(0) becomes CE", CE, ECT0, CE),
	BECOMES("ECT(1) stays under Not-ECT", NOT_ECT, ECT1, ECT1),
	BECOMES("ECT(1) stays under ECT(0)", ECT0, ECT1, ECT1),
	BECOMES("ECT(1) stays under ECT(1)", ECT1, ECT1, ECT1),
	BECOMES("ECT(1) becomes CE", CE, ECT1, CE),
	BECOMES("CE stays under Not-ECT", NOT_ECT, CE, CE),
	BECOMES("CE stays under ECT(0)", ECT0, CE, CE),
	BECOMES("CE stays under ECT(1)", ECT1, CE, CE),
	BECOMES("CE stays under CE", CE, CE, CE),
	{ "CE on Not-ECT, IPv4 in IPv4", .drop = WEFT_DROP_IP_TUNNEL_ECN,
	  .in = PKT(IN_V4(CE), V4(MAC_WEB_B, NOT_ECT)) },
	{ "CE on Not-ECT, IPv6 in IPv4", .drop = WEFT_DROP_IP_TUNNEL_ECN,
	  .in = PKT(IN_V4(CE), V6(MAC_WEB_B, NOT_ECT)) },
	{ "CE on Not-ECT, IPv4 in IPv6", .drop = WEFT_DROP_IP_TUNNEL_ECN,
	  .in = PKT(IN_V6(CE), V4(MAC_WEB_C, NOT_ECT)) },
	{ "CE on Not-ECT, IPv6 in IPv6", .drop = WEFT_DROP_IP_TUNNEL_ECN,
	  .in = PKT(IN_V6(CE), V6(MAC_WEB_C, NOT_ECT)) },
	{ "CE on what is not IP", .take = true, .to = TO(WEB1),
	  .in = PKT(IN_V4(CE), ETH(.dst = MAC_WEB1, .src = MAC_WEB_B), DATA(50)) },
};

const struct wire_table ecn_table = { "ECN, RFC 6040", rows, sizeof(rows) / sizeof(rows[0]) };
