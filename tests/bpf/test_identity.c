/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Groups as tunnels and ports tell them: who is believed, and when it counts.
 *
 *     to mix1      who is in FAR's groups may send UDP 53; all else is denied
 *     addresses    KNOWN's own class may send UDP 54; those of BLOCK may not send UDP 53, but
 *                  first of all may send UDP 55
 *
 * A sender is not in the file (10.9.0.21), or in it without a class (NAMED), or with one (KNOWN).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <bpf/bpf.h>
#include <cmocka.h>

#include "check.h"
#include "hand.h"
#include "tests.h"
#include "wires.h"

enum { SET = 2, CLASS_FAR = 10, CLASS_KNOWN = 12, CLASS_BLOCK = 14, STEPS_MAX = 4 };

/* clang-format off */
#define KNOWN { 10, 9, 0, 31 }
#define NAMED { 10, 9, 0, 32 }
#define BLOCK { 10, 9, 7, 1 } /* of 10.9.7.0/24 */
/* clang-format on */

/**
 * struct step - a packet.
 * @prog: tc_underlay, or tc_from_port by @from.
 * @again: another generation of the same policies comes into force before.
 * @denied: counted at mix1.
 */
struct step {
	enum prog prog;
	enum wire from;
	const struct layer *in;
	bool again;
	bool denied;
};

/** struct story - packets in their order. @setup: tables for it. */
struct story {
	const char *name;
	void (*setup)(void);
	struct step steps[STEPS_MAX];
};

/* Another port of mix's network, in FAR's groups; its addresses are not in the file. */
static void web3_in_mix(void)
{
	__u32 ifindex = wires_index(WEB3);
	struct weft_port port;

	bpf_map_lookup_elem(map_fd("weft_ports"), &ifindex, &port);
	port.network = NET_MIX;
	port.identity = IDENTITY_FAR;
	table_put("weft_ports", &ifindex, &port);
}

static void nobody_is_believed(void)
{
	const struct weft_addr e = {.bytes = {[10] = 0xff, [11] = 0xff, 192, 0, 2, 5}};
	struct weft_peer_key key = {.remote = e, .vni = VNI_MIX, .encap = WEFT_ENCAP_VXLAN};
	struct weft_peer peer = {.tunnel = TUNNEL_GBP4, .network = NET_MIX};

	table_put("weft_peers", &key, &peer);
}

/* clang-format off */
#define OUTER(src_) ETH(.dst = MAC_UPLINK, .src = MAC_ROUTER), IP4(.src = src_, .dst = VTEP4_A)
#define INNER ETH(.dst = MAC_MIX1, .src = MAC_MIX(TUNNEL_GENEVE4))
#define ASKING(port) UDP(.sport = 1000, .dport = port), DATA(20)
#define TOLD(id, from, port) TC_UNDERLAY, .in = PKT(OUTER(VTEP4_E), UDP(.sport = 50000, .dport = 6081), \
	GENEVE(.vni = VNI_MIX), OPT(.class = 0xff77, .type = 1, .words = 2, .a = id), \
	INNER, IP4(.src = from, .dst = IP4_MIX1), ASKING(port))
#define TOLD_LATE(id, from, port) TC_UNDERLAY, .in = PKT(OUTER(VTEP4_E), \
	UDP(.sport = 50000, .dport = 6081), GENEVE(.vni = VNI_MIX), OPT(.class = 1, .words = 3), \
	OPT(.class = 0xff77, .type = 1, .words = 2, .a = id), INNER, IP4(.src = from, .dst = IP4_MIX1), ASKING(port))
#define UNTOLD(from, port) TC_UNDERLAY, .in = PKT(OUTER(VTEP4_E), UDP(.sport = 50000, .dport = 6081), \
	GENEVE(.vni = VNI_MIX), INNER, IP4(.src = from, .dst = IP4_MIX1), ASKING(port))
#define BY_GBP(id, port) TC_UNDERLAY, .in = PKT(OUTER(VTEP4_E), UDP(.sport = 50000, .dport = 4789), \
	VXLAN(.vni = VNI_MIX, .flip = (id) ? 0x80000000 | (id) : 0), \
	ETH(.dst = MAC_MIX1, .src = MAC_MIX(TUNNEL_GBP4)), \
	IP4(.src = IP4_MIX, .dst = IP4_MIX1), ASKING(port))
#define BY_NVGRE(port) TC_UNDERLAY, .in = PKT(OUTER(VTEP4_E), GRE(.vsid = VNI_MIX), \
	ETH(.dst = MAC_MIX1, .src = MAC_MIX(TUNNEL_NVGRE4)), \
	IP4(.src = IP4_MIX, .dst = IP4_MIX1), ASKING(port))
#define REPLY(to, port) FROM_PORT, MIX1, \
	.in = PKT(ETH(.dst = MAC_MIX(TUNNEL_GENEVE4), .src = MAC_MIX1), \
		  IP4(.src = IP4_MIX1, .dst = to), UDP(.sport = port, .dport = 1000), DATA(20))
#define LOCAL(port) FROM_PORT, WEB3, .in = PKT(ETH(.dst = MAC_MIX1, .src = MAC_WEB3), \
	IP4(.src = IP4_MIX, .dst = IP4_MIX1), ASKING(port))
#define LOCAL_REPLY(port) FROM_PORT, MIX1, .in = PKT(ETH(.dst = MAC_WEB3, .src = MAC_MIX1), \
	IP4(.src = IP4_MIX1, .dst = IP4_MIX), UDP(.sport = port, .dport = 1000), DATA(20))
#define DENIED .denied = true

static const struct story stories[] = {
	{ .name = "told by Geneve", .steps = { { TOLD(IDENTITY_FAR, IP4_MIX, 53) },
			      { TOLD(IDENTITY_FAR, IP4_MIX, 54), DENIED } } },
	{ .name = "told by Geneve among other options", .steps = { { TOLD_LATE(IDENTITY_FAR, IP4_MIX, 53) } } },
	{ .name = "told by VXLAN-GBP", .steps = { { BY_GBP(IDENTITY_FAR_SHORT, 53) },
				 { BY_GBP(IDENTITY_FAR_SHORT, 54), DENIED } } },
	{ .name = "told in 16 bits by Geneve", .steps = { { TOLD(IDENTITY_FAR_SHORT, IP4_MIX, 53) } } },
	{ .name = "not told by Geneve", .steps = { { UNTOLD(IP4_MIX, 53), DENIED } } },
	{ .name = "not told by VXLAN-GBP", .steps = { { BY_GBP(0, 53), DENIED } } },
	{ .name = "not told by NVGRE", .steps = { { BY_NVGRE(53), DENIED } } },
	{ .name = "told a number that is nobody's", .steps = { { TOLD(IDENTITY_FAR + 1, IP4_MIX, 53), DENIED },
					      { TOLD(0xffffffff, IP4_MIX, 53), DENIED } } },
	{ .name = "told by one who is not believed", .steps = { { BY_GBP(IDENTITY_FAR_SHORT, 53), DENIED } },
	  .setup = nobody_is_believed },
	{ .name = "a known endpoint's own class counts, and no other",
	  .steps = { { TOLD(IDENTITY_FAR, KNOWN, 54) }, { TOLD(IDENTITY_FAR, KNOWN, 53), DENIED } } },
	{ .name = "a known endpoint without a class has none", .steps = { { TOLD(IDENTITY_FAR, NAMED, 53), DENIED } } },
	{ .name = "the address tells too, and the earlier rule wins",
	  .steps = { { TOLD(IDENTITY_FAR, BLOCK, 55) }, { TOLD(IDENTITY_FAR, BLOCK, 53), DENIED },
	    { UNTOLD(BLOCK, 55) } } },
	{ .name = "a reply under other policies is judged by what was told",
	  .steps = { { TOLD(IDENTITY_FAR, IP4_MIX, 53) }, { REPLY(IP4_MIX, 53) },
	    { REPLY(IP4_MIX, 53), .again = true }, { TOLD(IDENTITY_FAR, IP4_MIX, 53) } } },
	{ .name = "who is told otherwise later is judged by that",
	  .steps = { { TOLD(IDENTITY_FAR, IP4_MIX, 53) },
	    { TOLD(IDENTITY_FAR + 1, IP4_MIX, 53), .again = true, DENIED } } },
	{ .name = "a port of this node", .steps = { { LOCAL(53) }, { LOCAL(54), DENIED } }, .setup = web3_in_mix },
	{ .name = "a reply to a port of this node under other policies",
	  .steps = { { LOCAL(53) }, { LOCAL_REPLY(53), .again = true } }, .setup = web3_in_mix },
};

/* clang-format on */

#define RANGE(point, n, act)                                                                       \
	{                                                                                          \
		.start = (point), .order = (n), .rule = (n), .action = WEFT_POL_##act              \
	}
#define NOTHING(point)                                                                             \
	{                                                                                          \
		.start = (point), .order = WEFT_POL_ORDER_NONE                                     \
	}

static struct weft_addr address(const __u8 *v4)
{
	struct weft_addr a = {.bytes = {[10] = 0xff, [11] = 0xff}};

	memcpy(&a.words[3], v4, 4);
	return a;
}

static void put_class(__u32 parity, __u32 class, const struct weft_pol_range *ranges, __u32 n)
{
	struct weft_pol_match_key key = {.ruleset = SET + parity, .class_id = class + parity};
	struct weft_pol_ranges list = hand_list(parity, ranges, n);

	table_put("weft_pol_match", &key, &list);
}

static void put_identity(__u32 parity, __u32 identity)
{
	struct weft_pol_ident_key key = {
		.identity = identity, .network = NET_MIX, .parity = parity};
	__u32 class = CLASS_FAR + parity;

	table_put("weft_pol_ident", &key, &class);
}

static void put_known(__u32 parity)
{
	const __u8 known[] = KNOWN, named[] = NAMED, block[] = BLOCK;
	struct weft_pol_addr_key key = {
		.addr = address(known), .network = NET_MIX, .parity = parity};
	struct weft_pol_cidr_key cidr = {
		.prefixlen = 32 + 96 + 24, .parity = parity, .addr = address(block)};
	struct weft_neigh_key neigh = {.addr = address(known), .network = NET_MIX};
	struct weft_neigh at = {.mac = MAC_MIX(TUNNEL_GENEVE4)};
	__u32 class = CLASS_KNOWN + parity;

	table_put("weft_pol_class", &key, &class);
	table_put("weft_neigh", &neigh, &at);
	neigh.addr = address(named);
	table_put("weft_neigh", &neigh, &at);
	class = CLASS_BLOCK + parity;
	table_put("weft_pol_cidr", &cidr, &class);
}

static void put_policies(__u32 generation)
{
	static const struct weft_pol_range anybody[] = {RANGE(0, 9, DENY)};
	static const struct weft_pol_range far[] = {NOTHING(0),
						    RANGE(WEFT_POL_POINT(17, 53), 5, ALLOW),
						    NOTHING(WEFT_POL_POINT(17, 54))};
	static const struct weft_pol_range known[] = {NOTHING(0),
						      RANGE(WEFT_POL_POINT(17, 54), 5, ALLOW),
						      NOTHING(WEFT_POL_POINT(17, 55))};
	static const struct weft_pol_range block[] = {
		NOTHING(0), RANGE(WEFT_POL_POINT(17, 53), 2, DENY), NOTHING(WEFT_POL_POINT(17, 54)),
		RANGE(WEFT_POL_POINT(17, 55), 1, ALLOW), NOTHING(WEFT_POL_POINT(17, 56))};
	__u32 parity = generation & 1, set = SET + parity;
	struct weft_pol_ranges list = hand_list(parity, anybody, 1);

	table_put("weft_pol_sets", &set, &list);
	put_class(parity, CLASS_FAR, far, 3);
	put_class(parity, CLASS_KNOWN, known, 3);
	put_class(parity, CLASS_BLOCK, block, 5);
	put_identity(parity, IDENTITY_FAR);
	put_identity(parity, IDENTITY_FAR_SHORT);
	put_known(parity);
	hand_ruleset(generation, MIX1, WEFT_POL_INGRESS, set);
	hand_generation(generation);
}

static void run_step(const struct step *step, int number)
{
	static struct packet in;
	static struct run r;
	struct moved moved[MOVED_MAX];
	bool denied = false;
	int n;

	packet_build(&in, step->in, NULL);
	r = (struct run){.prog = step->prog,
			 .ifindex = wires_index(step->prog == TC_UNDERLAY ? UPLINK : step->from)};
	assert_int_equal(prog_run(&r, in.data, in.len), 0);
	n = counters_moved(moved);
	for (int i = 0; i < n; i++) {
		if (moved[i].kind != C_DROP)
			continue;
		denied = true;
		check(moved[i].reason == WEFT_DROP_POLICY_DENY_INGRESS &&
			      moved[i].id == PORT_ID(MIX1),
		      "packet %d: %s", number, drop_name(moved[i].reason));
	}
	check(denied == step->denied, "packet %d: %s", number, denied ? "denied" : "passed");
	check(r.verdict == (step->denied ? TC_SHOT : TC_REDIRECT), "packet %d: verdict %d", number,
	      r.verdict);
}

static void test_story(void **state)
{
	const struct story *story = *state;
	__u32 generation = 1;

	hand_clear();
	port_security_off();
	put_policies(generation);
	if (story->setup)
		story->setup();
	check_begin();
	for (int i = 0; i < STEPS_MAX && story->steps[i].in; i++) {
		if (story->steps[i].again)
			put_policies(++generation);
		run_step(&story->steps[i], i);
	}
	hand_clear();
	table_clear("weft_pol_ident");
	table_clear("weft_neigh");
	tables_fill();
	check_end();
}

int test_identity(void)
{
	return run_rows("identity", stories, sizeof(stories) / sizeof(stories[0]),
			sizeof(stories[0]), test_story);
}
