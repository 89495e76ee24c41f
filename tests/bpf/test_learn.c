/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Learned MAC addresses: what a frame teaches, and where the next one goes. Ports web1 and web3
 * learn, web2 does not; the network learns from its VTEPs b and c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <time.h>
#include <bpf/bpf.h>
#include <cmocka.h>

#include "check.h"
#include "flows.h"
#include "learn.h"
#include "rows.h"
#include "tests.h"
#include "wires.h"

enum { STEPS_MAX = 16 };

/**
 * struct learn_step - one frame, or a change.
 * @by: where it comes in; UPLINK: by the tunnel that @in says. No @in: nothing is sent.
 * @drop, @to: what becomes of it, as in the tables' rows.
 * @before: changes something first. @older_ms: so much time passes first.
 * @mac, @at: where that address is to be afterwards; @at 0: it is not learned.
 */
struct learn_step {
	enum wire by;
	const struct layer *in;
	enum weft_drop drop;
	__u32 to;
	void (*before)(void);
	__u32 older_ms;
	struct mac mac;
	__u32 at;
};

struct learn_script {
	const char *name;
	void (*setup)(void);
	struct learn_step steps[STEPS_MAX];
};

static void port_passes(void)
{
	learn_port(WEB1, LEARN_PORT_LIMIT, WEFT_PORT_LIMIT_PASS);
}

static void no_tunnels(void)
{
	struct weft_network n;
	__u32 id = NET_WEB;

	bpf_map_lookup_elem(map_fd("weft_networks"), &id, &n);
	n.flags &= ~WEFT_NET_LEARN_TUNNELS;
	table_put("weft_networks", &id, &n);
}

static void small_network(void)
{
	learn_network(NET_WEB, WEFT_NET_LEARN_TUNNELS, LEARN_AGE_MS, 2, LEARN_VTEP_LIMIT);
}

static void static_l1(void)
{
	struct weft_fdb_key key = {.network = NET_WEB, .mac = MAC_L1};
	struct weft_fdb_entry e = {.kind = WEFT_FDB_LOCAL,
				   .delivery = WEFT_DELIVER_REDIRECT,
				   .ifindex = wires_index(WEB3),
				   .port = PORT_ID(WEB3)};

	table_put("weft_fdb", &key, &e);
}

static void no_static_l1(void)
{
	struct weft_fdb_key key = {.network = NET_WEB, .mac = MAC_L1};

	table_delete("weft_fdb", &key);
}

/* clang-format off */
#define ALL_BUT_1 (TO(WEB2) | TO(WEB3) | VIA(TUNNEL_B) | VIA(TUNNEL_C))
#define ALL_BUT_2 (TO(WEB1) | TO(WEB3) | VIA(TUNNEL_B) | VIA(TUNNEL_C))
#define ALL_BUT_3 (TO(WEB1) | TO(WEB2) | VIA(TUNNEL_B) | VIA(TUNNEL_C))
#define ALL_LOCAL (TO(WEB1) | TO(WEB2) | TO(WEB3))
#define FROM(w, to_mac, from_mac) .by = w, \
	.in = PKT(ETH(.dst = MAC_##to_mac, .src = MAC_##from_mac), DATA(46))
#define OUTER_B ETH(.dst = MAC_UPLINK, .src = MAC_ROUTER), IP4(.src = VTEP4_B, .dst = VTEP4_A, \
	.frag = 0x4000), UDP(.sport = 50000, .dport = 4789, .csum = FORCE(0))
#define OUTER_C ETH(.dst = MAC_UPLINK, .src = MAC_ROUTER), IP6(.src = VTEP6_C, .dst = VTEP6_A), \
	UDP(.sport = 50000, .dport = 4789, .csum = FORCE(0))
#define FROM_B(to_mac, from_mac) .by = UPLINK, .in = PKT(OUTER_B, VXLAN(.vni = VNI_WEB), \
	ETH(.dst = MAC_##to_mac, .src = MAC_##from_mac), DATA(46))
#define FROM_C(to_mac, from_mac) .by = UPLINK, .in = PKT(OUTER_C, VXLAN(.vni = VNI_WEB), \
	ETH(.dst = MAC_##to_mac, .src = MAC_##from_mac), DATA(46))
#define LOST(reason) .drop = WEFT_DROP_##reason
#define IS_AT(m, where) .mac = { MAC_##m }, .at = where
#define NOT_LEARNED(m) .mac = { MAC_##m }
#define MOVE(w) { FROM(w, BROADCAST, L1), .to = w == WEB1 ? ALL_BUT_1 : ALL_BUT_3, \
		  IS_AT(L1, TO(w)) }

static const struct learn_script scripts[] = {
	{ "a broadcast teaches", .steps = {
		{ FROM(WEB1, BROADCAST, L1), .to = ALL_BUT_1, IS_AT(L1, TO(WEB1)) },
		{ FROM(WEB2, L1, WEB2), .to = TO(WEB1) },
		{ FROM_B(L1, WEB_B), .to = TO(WEB1) },
		{ FROM(WEB3, L1, WEB3), .to = TO(WEB1) },
	} },
	{ "a unicast teaches", .steps = {
		{ FROM(WEB1, WEB2, L1), .to = TO(WEB2), IS_AT(L1, TO(WEB1)) },
		{ FROM(WEB2, L1, WEB2), .to = TO(WEB1) },
		{ FROM(WEB2, L2, WEB2), .to = ALL_BUT_2, NOT_LEARNED(L2) },
	} },
	{ "an ARP request that is answered teaches", .steps = {
		{ .by = WEB1, .in = PKT(ETH(.dst = MAC_BROADCAST, .src = MAC_L1),
			ARP(.sha = MAC_L1, .spa = IP4_WEB_NOBODY, .tpa = IP4_WEB_NOBODY)),
		  .to = ALL_BUT_1, IS_AT(L1, TO(WEB1)) },
	} },
	{ "two behind one port", .steps = {
		{ FROM(WEB1, BROADCAST, L1), .to = ALL_BUT_1 },
		{ FROM(WEB1, BROADCAST, L2), .to = ALL_BUT_1 },
		{ FROM(WEB1, L2, L1), LOST(HAIRPIN) },
		{ FROM(WEB3, L2, L3), .to = TO(WEB1), IS_AT(L3, TO(WEB3)) },
	} },
	{ "a learning port has its own address too", .steps = {
		{ FROM(WEB1, WEB2, WEB1), .to = TO(WEB2), NOT_LEARNED(WEB1) },
		{ FROM(WEB2, WEB1, WEB2), .to = TO(WEB1) },
	} },
	{ "a port that does not learn", .steps = {
		{ FROM(WEB2, BROADCAST, L1), LOST(MAC_SPOOFED), NOT_LEARNED(L1) },
	} },
	{ "nobody claims an address of the file", .steps = {
		{ FROM(WEB1, BROADCAST, WEB2), LOST(MAC_SPOOFED), NOT_LEARNED(WEB2) },
		{ FROM(WEB1, WEB3, WEB2), LOST(MAC_SPOOFED) },
		{ FROM(WEB1, WEB3, WEB_B), LOST(MAC_SPOOFED), NOT_LEARNED(WEB_B) },
		{ FROM_B(WEB1, WEB2), LOST(LOCAL_MAC), NOT_LEARNED(WEB2) },
		{ FROM_B(WEB1, WEB_C), LOST(MAC_WRONG_VTEP), NOT_LEARNED(WEB_C) },
	} },
	{ "the file comes first", .steps = {
		{ FROM(WEB1, BROADCAST, L1), .to = ALL_BUT_1, IS_AT(L1, TO(WEB1)) },
		{ FROM(WEB2, L1, WEB2), .to = TO(WEB3), .before = static_l1 },
		{ FROM(WEB1, BROADCAST, L1), LOST(MAC_SPOOFED) },
		{ FROM(WEB3, BROADCAST, L1), .to = ALL_BUT_3, IS_AT(L1, TO(WEB1)) },
		{ FROM(WEB2, L1, WEB2), .to = TO(WEB1), .before = no_static_l1 },
	} },
	{ "behind a VTEP", .steps = {
		{ FROM_B(BROADCAST, L1), .to = ALL_LOCAL, IS_AT(L1, VIA(TUNNEL_B)) },
		{ FROM(WEB2, L1, WEB2), .to = VIA(TUNNEL_B) },
		{ FROM_C(WEB1, L2), .to = TO(WEB1), IS_AT(L2, VIA(TUNNEL_C)) },
		{ FROM(WEB2, L2, WEB2), .to = VIA(TUNNEL_C) },
		{ FROM_C(L1, L2), LOST(SPLIT_HORIZON) },
	} },
	{ "VTEPs that are not to be learned from", .setup = no_tunnels, .steps = {
		{ FROM_B(BROADCAST, L1), .to = ALL_LOCAL, NOT_LEARNED(L1) },
		{ FROM(WEB1, BROADCAST, L1), .to = ALL_BUT_1, IS_AT(L1, TO(WEB1)) },
		{ FROM_B(BROADCAST, L1), .to = ALL_LOCAL, IS_AT(L1, TO(WEB1)) },
	} },
	{ "a move from port to port, to a VTEP, to another, and back", .steps = {
		{ FROM(WEB1, BROADCAST, L1), .to = ALL_BUT_1 },
		{ FROM(WEB3, BROADCAST, L1), .to = ALL_BUT_3, IS_AT(L1, TO(WEB3)) },
		{ FROM(WEB2, L1, WEB2), .to = TO(WEB3) },
		{ FROM_B(WEB2, L1), .to = TO(WEB2), IS_AT(L1, VIA(TUNNEL_B)) },
		{ FROM(WEB2, L1, WEB2), .to = VIA(TUNNEL_B) },
		{ FROM_C(WEB2, L1), .to = TO(WEB2), IS_AT(L1, VIA(TUNNEL_C)) },
		{ FROM(WEB2, L1, WEB2), .to = VIA(TUNNEL_C) },
		{ FROM(WEB1, WEB2, L1), .to = TO(WEB2), IS_AT(L1, TO(WEB1)) },
		{ FROM(WEB2, L1, WEB2), .to = TO(WEB1) },
	} },
	{ "more than five moves within a second", .steps = {
		MOVE(WEB1), MOVE(WEB3), MOVE(WEB1), MOVE(WEB3), MOVE(WEB1), MOVE(WEB3),
		{ FROM(WEB1, BROADCAST, L1), LOST(MAC_FLAPPING), IS_AT(L1, TO(WEB3)) },
		{ FROM_B(WEB2, L1), LOST(MAC_FLAPPING), IS_AT(L1, TO(WEB3)) },
		{ FROM(WEB3, WEB2, L1), .to = TO(WEB2), IS_AT(L1, TO(WEB3)) },
		{ FROM(WEB2, L1, WEB2), .to = TO(WEB3) },
		{ FROM(WEB1, WEB2, L1), LOST(MAC_FLAPPING), .older_ms = 900 },
		{ FROM(WEB1, WEB2, L1), .to = TO(WEB2), .older_ms = 200, IS_AT(L1, TO(WEB1)) },
	} },
	{ "five moves within each second", .steps = {
		MOVE(WEB1), MOVE(WEB3), MOVE(WEB1), MOVE(WEB3), MOVE(WEB1), MOVE(WEB3),
		{ FROM(WEB1, WEB2, L1), .to = TO(WEB2), .older_ms = 1000, IS_AT(L1, TO(WEB1)) },
		MOVE(WEB3), MOVE(WEB1), MOVE(WEB3), MOVE(WEB1),
		{ FROM(WEB3, WEB2, L1), LOST(MAC_FLAPPING), IS_AT(L1, TO(WEB1)) },
	} },
	{ "more than a port may", .steps = {
		{ FROM(WEB1, WEB2, L1), .to = TO(WEB2) },
		{ FROM(WEB1, WEB2, L2), .to = TO(WEB2) },
		{ FROM(WEB1, WEB2, L3), .to = TO(WEB2) },
		{ FROM(WEB1, WEB2, L4), .to = TO(WEB2), IS_AT(L4, TO(WEB1)) },
		{ FROM(WEB1, WEB2, L5), LOST(MAC_LIMIT), NOT_LEARNED(L5) },
		{ FROM(WEB1, WEB2, L4), .to = TO(WEB2) },
		{ FROM(WEB3, WEB2, L5), .to = TO(WEB2), IS_AT(L5, TO(WEB3)) },
		{ FROM(WEB1, WEB2, L5), LOST(MAC_LIMIT), IS_AT(L5, TO(WEB3)) },
		{ FROM(WEB3, WEB2, L4), .to = TO(WEB2), IS_AT(L4, TO(WEB3)) },
		{ FROM(WEB1, WEB2, L5), .to = TO(WEB2), IS_AT(L5, TO(WEB1)) },
	} },
	{ "more than a port may, and it floods", .setup = port_passes, .steps = {
		{ FROM(WEB1, WEB2, L1), .to = TO(WEB2) },
		{ FROM(WEB1, WEB2, L2), .to = TO(WEB2) },
		{ FROM(WEB1, WEB2, L3), .to = TO(WEB2) },
		{ FROM(WEB1, WEB2, L4), .to = TO(WEB2) },
		{ FROM(WEB1, WEB2, L5), .to = TO(WEB2), NOT_LEARNED(L5) },
		{ FROM(WEB2, L5, WEB2), .to = ALL_BUT_2 },
		{ FROM(WEB2, L4, WEB2), .to = TO(WEB1) },
	} },
	{ "more than a network may", .setup = small_network, .steps = {
		{ FROM(WEB1, WEB2, L1), .to = TO(WEB2) },
		{ FROM(WEB3, WEB2, L2), .to = TO(WEB2) },
		{ FROM(WEB1, WEB2, L3), LOST(MAC_LIMIT), NOT_LEARNED(L3) },
		{ FROM_B(WEB2, L4), .to = TO(WEB2), NOT_LEARNED(L4) },
		{ FROM(WEB3, WEB2, L1), .to = TO(WEB2), IS_AT(L1, TO(WEB3)) },
	} },
	{ "more than a VTEP may", .steps = {
		{ FROM_B(WEB2, L1), .to = TO(WEB2) },
		{ FROM_B(WEB2, L2), .to = TO(WEB2) },
		{ FROM_B(WEB2, L3), .to = TO(WEB2), IS_AT(L3, VIA(TUNNEL_B)) },
		{ FROM_B(WEB2, L4), .to = TO(WEB2), NOT_LEARNED(L4) },
		{ FROM_C(WEB2, L4), .to = TO(WEB2), IS_AT(L4, VIA(TUNNEL_C)) },
		{ FROM_B(WEB2, L4), .to = TO(WEB2), IS_AT(L4, VIA(TUNNEL_C)) },
	} },
	{ "what is too old is not used, whoever looks", .steps = {
		{ FROM(WEB1, WEB2, L1), .to = TO(WEB2) },
		{ FROM(WEB2, L1, WEB2), .to = TO(WEB1), .older_ms = LEARN_AGE_MS - 1000 },
		{ FROM(WEB2, L1, WEB2), .to = ALL_BUT_2, .older_ms = 1000, IS_AT(L1, TO(WEB1)) },
		{ FROM(WEB1, WEB2, L1), .to = TO(WEB2) },
		{ FROM(WEB2, L1, WEB2), .to = TO(WEB1) },
		{ FROM(WEB1, BROADCAST, L1), .to = ALL_BUT_1, .older_ms = LEARN_AGE_MS - 1000 },
		{ FROM(WEB2, L1, WEB2), .to = TO(WEB1), .older_ms = LEARN_AGE_MS - 1000 },
		{ FROM(WEB3, WEB2, L1), .to = TO(WEB2), .older_ms = LEARN_AGE_MS, IS_AT(L1, TO(WEB3)) },
	} },
};
/* clang-format on */

static void want_moves(const struct learn_step *s, const struct packet *in, struct moves *want)
{
	const struct port_row port = {.from = s->by, .drop = s->drop, .to = s->to};
	const struct wire_row wire = {.take = true, .inner_drop = s->drop, .to = s->to};
	static struct packet inner;

	if (s->by != UPLINK) {
		port_row_moves(&port, in->len, want);
		return;
	}
	wire_row_inner(&wire, in, true, &inner);
	wire_row_moves(&wire, inner.len, want);
}

static void play(const struct learn_step *s, int i)
{
	static struct packet in;
	static struct run r;
	struct moves want = {};
	__u32 at;

	if (s->before)
		s->before();
	if (s->older_ms)
		learn_age(s->older_ms);
	if (s->in) {
		packet_build(&in, s->in, NULL);
		r = (struct run){.prog = s->by == UPLINK ? TC_UNDERLAY : FROM_PORT,
				 .ifindex = wires_index(s->by)};
		assert_int_equal(prog_run(&r, in.data, in.len), 0);
		check(r.verdict == (s->drop ? TC_SHOT : TC_REDIRECT), "verdict %d", r.verdict);
		want_moves(s, &in, &want);
		check_moves(&want);
		wires_drain();
	}
	if (memcmp(s->mac.b, A_MAC(MAC_NONE).b, sizeof(s->mac.b)) != 0) {
		at = learn_find(NET_WEB, s->mac, NULL);
		check(at == s->at, "the address is at %x, not at %x", at, s->at);
	}
	if (check_failures())
		check(false, "at step %d", i);
}

static void test_script(void **state)
{
	const struct learn_script *script = *state;

	learn_begin(script->setup);
	for (int i = 0; i < STEPS_MAX && script->steps[i].in && !check_failures(); i++)
		play(&script->steps[i], i + 1);
	no_static_l1();
	learn_end();
}

int test_learn(void)
{
	return test_learn_flows() + run_rows("learning", scripts,
					     sizeof(scripts) / sizeof(scripts[0]),
					     sizeof(scripts[0]), test_script);
}
