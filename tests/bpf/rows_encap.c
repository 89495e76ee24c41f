/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* tc_from_port: into tunnels of every kind, one by one and all of them at once. */
#include "rows.h"

static void only(enum tunnel_id one, enum tunnel_id other)
{
	for (enum tunnel_id id = TUNNEL_NVGRE4; id < TUNNEL_MAX; id++)
		if (id != one && id != other)
			put_member(NET_MIX, WEFT_FLOOD_TUNNEL, id, NULL);
}

/* As long, of another family and kind. */
static void geneve4_and_nvgre6(void)
{
	only(TUNNEL_GENEVE4, TUNNEL_NVGRE6);
}

static void gbp4_and_plain4(void)
{
	only(TUNNEL_GBP4, TUNNEL_PLAIN4);
}

static void nvgre4_only(void)
{
	only(TUNNEL_NVGRE4, TUNNEL_NVGRE4);
}

/* clang-format off */
#define TO_FAR(tunnel) ETH(.dst = MAC_MIX(tunnel), .src = MAC_MIX1)
#define V4(...) IP4(.src = IP4_MIX1, .dst = IP4_MIX, __VA_ARGS__)
#define V6(...) IP6(.src = IP6_MIX1, .dst = IP6_MIX, __VA_ARGS__)
#define HELLO UDP(.sport = 1000, .dport = 2000), DATA(64)
#define SHOUT ETH(.dst = MAC_BROADCAST, .src = MAC_MIX1), \
	IP4(.src = IP4_MIX1, .dst = IP4_BROADCAST), UDP(.sport = 1000, .dport = 2000), DATA(40)
#define ALL_FAR (VIA(TUNNEL_NVGRE4) | VIA(TUNNEL_GBP4) | VIA(TUNNEL_PLAIN4) | \
		 VIA(TUNNEL_GENEVE4) | VIA(TUNNEL_NVGRE6) | VIA(TUNNEL_GBP6) | \
		 VIA(TUNNEL_PLAIN6) | VIA(TUNNEL_GENEVE6))

/* Whatever comes, by one tunnel. */
#define BY(words, tunnel, mtu) \
	{ "IPv4 by " words, .from = MIX1, .to = VIA(tunnel), .in = PKT(TO_FAR(tunnel), V4(), HELLO) }, \
	{ "IPv6 by " words, .from = MIX1, .to = VIA(tunnel), .in = PKT(TO_FAR(tunnel), V6(), HELLO) }, \
	{ "ECT(0) by " words, .from = MIX1, .to = VIA(tunnel), .ecn = 2, \
	  .in = PKT(TO_FAR(tunnel), V4(.tos = 0xba), TCP(.sport = 1, .dport = 2)) }, \
	{ "CE by " words, .from = MIX1, .to = VIA(tunnel), .ecn = 3, \
	  .in = PKT(TO_FAR(tunnel), V6(.tc = 0xbb), TCP(.sport = 1, .dport = 2)) }, \
	{ "what is not IP by " words, .from = MIX1, .to = VIA(tunnel), .marked = true, \
	  .in = PKT(TO_FAR(tunnel), DATA(46)) }, \
	{ "the largest packet that fits " words, .from = MIX1, .to = VIA(tunnel), \
	  .in = PKT(TO_FAR(tunnel), V4(), UDP(.sport = 1, .dport = 2), DATA((mtu) - 28)) }, \
	{ "one byte too much for " words, .from = MIX1, .drop = WEFT_DROP_PKT_TOO_BIG, \
	  .in = PKT(TO_FAR(tunnel), V4(), UDP(.sport = 1, .dport = 2), DATA((mtu) - 27)), \
	  .reply = PKT(ETH(.dst = MAC_MIX1, .src = MAC_MIX(tunnel)), \
		       IP4(.src = IP4_MIX, .dst = IP4_MIX1), \
		       ICMP(.type = 3, .code = 4, .rest = mtu), REF(.off = 14, .len = 256)) }

static const struct port_row rows[] = {
	BY("VXLAN-GBP over IPv4", TUNNEL_GBP4, MTU_GBP4),
	BY("VXLAN-GBP over IPv6", TUNNEL_GBP6, MTU_GBP6),
	BY("Geneve over IPv4", TUNNEL_GENEVE4, MTU_GENEVE4),
	BY("Geneve over IPv6", TUNNEL_GENEVE6, MTU_GENEVE6),
	BY("Geneve without an option over IPv4", TUNNEL_PLAIN4, MTU_GBP4),
	BY("Geneve without an option over IPv6", TUNNEL_PLAIN6, MTU_GBP6),
	BY("NVGRE over IPv4", TUNNEL_NVGRE4, MTU_NVGRE4),
	BY("NVGRE over IPv6", TUNNEL_NVGRE6, MTU_NVGRE6),

	{ "a broadcast by all of them", .from = MIX1, .to = ALL_FAR, .marked = true,
	  .in = PKT(SHOUT) },
	{ "an IPv6 multicast by all of them", .from = MIX1, .to = ALL_FAR, .marked = true,
	  .in = PKT(ETH(.dst = MAC_GROUP6, .src = MAC_MIX1),
		    IP6(.src = IP6_MIX1, .dst = IP6_GROUP, .hlim = 1), EXT(.nh = 0), HELLO) },
	{ "what is not IP by all of them", .from = MIX1, .to = ALL_FAR, .marked = true,
	  .in = PKT(ETH(.dst = MAC_BROADCAST, .src = MAC_MIX1), DATA(46)) },
	{ "every copy carries the ECN mark", .from = MIX1, .to = ALL_FAR, .marked = true, .ecn = 2,
	  .in = PKT(ETH(.dst = MAC_NOBODY, .src = MAC_MIX1), V4(.tos = 2), HELLO) },
	{ "to two tunnels whose headers are as long", .setup = geneve4_and_nvgre6, .from = MIX1,
	  .to = VIA(TUNNEL_GENEVE4) | VIA(TUNNEL_NVGRE6), .marked = true, .in = PKT(SHOUT) },
	{ "to two tunnels of one kind", .setup = gbp4_and_plain4, .from = MIX1,
	  .to = VIA(TUNNEL_GBP4) | VIA(TUNNEL_PLAIN4), .not_live = true, .in = PKT(SHOUT) },
	{ "to one NVGRE tunnel", .setup = nvgre4_only, .from = MIX1, .to = VIA(TUNNEL_NVGRE4),
	  .in = PKT(SHOUT) },
};

const struct port_table encap_table = { "encapsulations", rows, sizeof(rows) / sizeof(rows[0]) };
/* clang-format on */
