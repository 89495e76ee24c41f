/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Learned MAC addresses over time: flows that follow them, room that is made, orders of the
 * loader's, and two CPUs at once. l1 is behind the learning port web1, and speaks with web2.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <time.h>
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <cmocka.h>

#include "check.h"
#include "flows.h"
#include "learn.h"
#include "rows.h"
#include "tests.h"
#include "wires.h"

/* clang-format off */
#define IP4_L1 { 10, 9, 0, 71 }
#define L1_TO_WEB2 PKT(ETH(.dst = MAC_WEB2, .src = MAC_L1), IP4(.src = IP4_L1, .dst = IP4_WEB2), \
		       UDP(.sport = 1000, .dport = 2000), DATA(32))
#define WEB2_TO_L1 PKT(ETH(.dst = MAC_L1, .src = MAC_WEB2), IP4(.src = IP4_WEB2, .dst = IP4_L1), \
		       UDP(.sport = 2000, .dport = 1000), DATA(32))
#define L1_ANNOUNCED PKT(ETH(.dst = MAC_BROADCAST, .src = MAC_L1), \
			 ARP(.sha = MAC_L1, .spa = IP4_L1, .tpa = IP4_L1))
#define ALL_BUT_1 (TO(WEB2) | TO(WEB3) | VIA(TUNNEL_B) | VIA(TUNNEL_C))
#define ALL_BUT_2 (TO(WEB1) | TO(WEB3) | VIA(TUNNEL_B) | VIA(TUNNEL_C))
#define ALL_BUT_3 (TO(WEB1) | TO(WEB2) | VIA(TUNNEL_B) | VIA(TUNNEL_C))
/* clang-format on */

static const struct mac l1 = {MAC_L1};

static void wait_ms(__u32 ms)
{
	const struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L};

	nanosleep(&t, NULL);
}

/* How long a flow's packets may go by without anybody looking where its sides are. */
static __u32 beat_ms(void)
{
	struct timespec tick = {};

	clock_getres(CLOCK_MONOTONIC_COARSE, &tick);
	return (WEFT_FLOW_BEAT + 1) * (tick.tv_nsec / 1000) / 1000;
}

/* A frame of a workload, and who gets it. */
static void put_in(enum wire from, const struct layer *layers, __u32 to, const char *when)
{
	const struct port_row row = {.from = from, .to = to};
	static struct packet in;
	static struct run r;
	struct moves want = {};

	packet_build(&in, layers, NULL);
	r = (struct run){.prog = FROM_PORT, .ifindex = wires_index(from)};
	assert_int_equal(prog_run(&r, in.data, in.len), 0);
	port_row_moves(&row, in.len, &want);
	if (!check_moves(&want))
		check(false, "%s", when);
	wires_drain();
}

static void fill_key(struct weft_flow_key *key)
{
	static struct packet in;

	packet_build(&in, L1_TO_WEB2, NULL);
	flow_key_of(&in, NET_WEB, key);
}

/* A stream that has a place in weft_flows, so that its packets cost one look-up. */
static void establish(void)
{
	struct weft_flow_key key;
	struct weft_flow flow;

	put_in(WEB1, L1_TO_WEB2, TO(WEB2), "there");
	put_in(WEB2, WEB2_TO_L1, TO(WEB1), "and back");
	flows_age(3000);
	put_in(WEB1, L1_TO_WEB2, TO(WEB2), "there again");
	put_in(WEB2, WEB2_TO_L1, TO(WEB1), "and back again");
	fill_key(&key);
	check(flow_find(&key, &flow) == FLOW_ESTABLISHED, "the flow is not established");
	check(flow.flags & WEFT_FLOW_LEARNED, "the flow does not know that its network learns");
}

static void test_flow_moves(void **state __attribute__((unused)))
{
	__u64 judged;

	learn_begin(NULL);
	establish();
	judged = flow_stat().judged;
	put_in(WEB2, WEB2_TO_L1, TO(WEB1), "before the move");
	check(flow_stat().judged == judged, "a packet of an established flow was judged");
	put_in(WEB3, L1_ANNOUNCED, ALL_BUT_3, "the announcement");
	put_in(WEB2, WEB2_TO_L1, TO(WEB3), "the first after the move");
	check(flow_stat().judged == judged + 1, "the move was not noticed");
	put_in(WEB2, WEB2_TO_L1, TO(WEB3), "the second");
	check(flow_stat().judged == judged + 1, "it is noticed again and again");
	put_in(WEB3, L1_TO_WEB2, TO(WEB2), "from the new place");
	check(check_flow_use(), "flows are counted at the wrong port");
	learn_end();
}

/* The flow is idle on one side: its own packets must not keep a dead address alive. */
static void test_flow_ages(void **state __attribute__((unused)))
{
	struct weft_learned entry;

	learn_begin(NULL);
	establish();
	learn_age(LEARN_AGE_MS);
	wait_ms(beat_ms());
	put_in(WEB2, WEB2_TO_L1, ALL_BUT_2, "one beat after the address was too old");
	put_in(WEB2, WEB2_TO_L1, ALL_BUT_2, "and the next");
	put_in(WEB1, L1_TO_WEB2, TO(WEB2), "it is alive");
	check(learn_find(NET_WEB, l1, &entry) == TO(WEB1), "the address is lost");
	put_in(WEB2, WEB2_TO_L1, TO(WEB1), "found again");
	learn_end();
}

static void test_flow_confirms(void **state __attribute__((unused)))
{
	struct weft_learned entry, later;

	learn_begin(NULL);
	establish();
	learn_age(LEARN_AGE_MS - 2 * beat_ms() - 500);
	learn_find(NET_WEB, l1, &entry);
	put_in(WEB1, L1_TO_WEB2, TO(WEB2), "within a beat");
	wait_ms(beat_ms());
	put_in(WEB1, L1_TO_WEB2, TO(WEB2), "in the next beat");
	learn_find(NET_WEB, l1, &later);
	check(later.seen_ns > entry.seen_ns, "nobody has confirmed the address");
	check(later.moves == 0, "it moved");
	learn_end();
}

/* Whoever was flooded to is found when he speaks, by flows too that are older. */
static void test_flow_finds(void **state __attribute__((unused)))
{
	learn_begin(NULL);
	put_in(WEB2, WEB2_TO_L1, ALL_BUT_2, "to somebody unknown");
	put_in(WEB2, WEB2_TO_L1, ALL_BUT_2, "again");
	put_in(WEB3, L1_ANNOUNCED, ALL_BUT_3, "he speaks");
	put_in(WEB2, WEB2_TO_L1, TO(WEB3), "known now");
	learn_end();
}

static int from_mac(enum wire wire, __u32 number)
{
	static __thread struct packet in;
	static __thread struct run r;
	const __be32 n = htonl(0x70000 + number); /* nobody's of actors.h */

	packet_build(&in, PKT(ETH(.dst = MAC_WEB2, .src = MAC_L1), DATA(46)), NULL);
	memcpy(in.data + 8, &n, sizeof(n));
	r = (struct run){.prog = FROM_PORT, .ifindex = wires_index(wire)};
	assert_int_equal(prog_run(&r, in.data, in.len), 0);
	return r.verdict;
}

#define FROM_1(mac) WEB1, PKT(ETH(.dst = MAC_WEB2, .src = mac), DATA(46)), TO(WEB2)

/* What is too old stays where it is, unused, until its place is wanted; not more than once a
 * second. */
static void test_sweep(void **state __attribute__((unused)))
{
	learn_begin(NULL);
	put_in(FROM_1(MAC_L1), "l1");
	put_in(FROM_1(MAC_L2), "l2");
	put_in(FROM_1(MAC_L3), "l3");
	learn_age(LEARN_AGE_MS);
	put_in(FROM_1(MAC_L2), "l2 once more");
	put_in(FROM_1(MAC_L4), "l4, the last that the port may");
	check(learn_find(NET_WEB, l1, NULL) == TO(WEB1), "swept before there was need");
	put_in(FROM_1(MAC_L5), "l5, one too many");
	check(!learn_find(NET_WEB, l1, NULL) && !learn_find(NET_WEB, A_MAC(MAC_L3), NULL),
	      "what is too old is still there");
	check(learn_find(NET_WEB, A_MAC(MAC_L2), NULL) == TO(WEB1), "what was confirmed is gone");
	check(learn_find(NET_WEB, A_MAC(MAC_L5), NULL) == TO(WEB1), "l5 has no place");
	check(learn_node().swept == 2, "%llu swept", learn_node().swept);
	learn_end();
}

static void test_sweep_rate(void **state __attribute__((unused)))
{
	__u64 at;

	learn_begin(NULL);
	for (__u32 i = 0; i < LEARN_PORT_LIMIT; i++)
		check(from_mac(WEB1, i) == TC_REDIRECT, "address %u", i);
	check(from_mac(WEB1, 100) == TC_SHOT, "one too many");
	at = learn_node().swept_ns;
	check(at, "nobody has swept");
	for (__u32 i = 0; i < 100; i++)
		check(from_mac(WEB1, 101 + i) == TC_SHOT, "one too many");
	check(learn_node().swept_ns == at, "swept again at once");
	learn_age(1000);
	check(from_mac(WEB1, 300) == TC_SHOT, "one too many");
	check(learn_node().swept_ns > at, "not swept again after a second");
	learn_end();
}

static int order(__u16 kind, struct mac mac)
{
	struct weft_learn_order o = {.kind = kind, .n = 2, .keys[0].network = NET_WEB};

	memcpy(o.keys[0].mac, mac.b, sizeof(mac.b));
	o.keys[1] = o.keys[0];
	o.keys[1].network = NET_DB; /* nobody's */
	return learn_order_run(&o);
}

static void test_forget(void **state __attribute__((unused)))
{
	learn_begin(NULL);
	establish();
	check(order(WEFT_LEARN_FORGET, l1) == 1, "not one address");
	check(!learn_find(NET_WEB, l1, NULL), "it is still there");
	check(order(WEFT_LEARN_FORGET, l1) == 0, "it was there a second time");
	check_learn_use();
	put_in(WEB2, WEB2_TO_L1, ALL_BUT_2, "a flow knows at once");
	learn_end();
}

static void test_adopt(void **state __attribute__((unused)))
{
	struct weft_learned entry;

	learn_begin(NULL);
	put_in(FROM_1(MAC_L1), "l1");
	check(order(WEFT_LEARN_ADOPT, l1) == 1, "it is there");
	check_learn_use();
	learn_find(NET_WEB, l1, &entry);
	entry.counted = 0;
	learn_clear();
	learn_put(NET_WEB, l1, &entry);
	check(order(WEFT_LEARN_ADOPT, l1) == 1, "not one address");
	check_learn_use();
	check(order(WEFT_LEARN_ADOPT, l1) == 1, "it is there");
	learn_end();
}

/* It moves, or is forgotten, before it was adopted. */
static void test_not_adopted(void **state __attribute__((unused)))
{
	struct weft_learned entry;

	learn_begin(NULL);
	put_in(FROM_1(MAC_L1), "l1");
	learn_find(NET_WEB, l1, &entry);
	entry.counted = 0;
	learn_clear();
	learn_put(NET_WEB, l1, &entry);
	put_in(WEB3, L1_ANNOUNCED, ALL_BUT_3, "a move");
	check(!learn_port_use(WEB3).learned && !learn_net_use(NET_WEB).learned,
	      "counted too early");
	check(order(WEFT_LEARN_ADOPT, l1) == 1, "not one address");
	check_learn_use();
	learn_find(NET_WEB, l1, &entry);
	entry.counted = 0;
	learn_clear();
	learn_put(NET_WEB, l1, &entry);
	check(order(WEFT_LEARN_FORGET, l1) == 1, "not one address");
	learn_end();
}

/* More than the table holds, although all shares allow it. */
static void generous(void)
{
	learn_port(WEB1, 10000, 0);
	learn_port(WEB3, 10000, 0);
	learn_network(NET_WEB, 0, LEARN_AGE_MS, 10000, 0);
}

static void test_full(void **state __attribute__((unused)))
{
	struct weft_learn_use use;
	int lost = 0;

	learn_begin(generous);
	for (__u32 i = 0; i < FLOWS_MAX + 50; i++)
		lost += from_mac(WEB1, i) == TC_SHOT;
	use = learn_net_use(NET_WEB);
	check(lost == 50 && use.refused == 50 && use.learned == FLOWS_MAX,
	      "%d lost, %llu refused, %llu learned", lost, use.refused, use.learned);
	check(from_mac(WEB1, 7) == TC_REDIRECT, "one that was learned is forgotten");
	learn_end();
}

#define ROUNDS 20000

static void *hammer(void *wire)
{
	for (__u32 i = 0; i < ROUNDS; i++)
		from_mac(*(enum wire *)wire, i * 7 % 20);
	return NULL;
}

/* Both ports claim the same twenty addresses at the same time, which also age. */
static void test_race(void **state __attribute__((unused)))
{
	enum wire wires[] = {WEB1, WEB3};
	pthread_t threads[2];
	struct weft_learn_node node;

	learn_begin(generous);
	learn_network(NET_WEB, 0, 5, 10, 0); /* so that room has to be made */
	for (int i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, hammer, &wires[i]), 0);
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	check_learn_use();
	node = learn_node();
	printf("# %llu moves, %llu held frames in %llu holds\n", learn_net_use(NET_WEB).moved,
	       learn_net_use(NET_WEB).held, node.n);
	check(learn_net_use(NET_WEB).moved, "nothing moved");
	learn_end();
}

static void test_log(void **state __attribute__((unused)))
{
	const struct weft_fdb_key key = {.mac = MAC_L1, .network = NET_WEB};
	struct weft_learn_node node;

	learn_begin(NULL);
	for (int i = 0; i < 20; i++)
		put_in(i & 1 ? WEB3 : WEB1, L1_ANNOUNCED, i & 1 ? ALL_BUT_3 : ALL_BUT_1, "a move"),
			learn_age(i == 5 ? 0 : 250); /* four a second are fine */
	check(!learn_node().n, "a slow move is reported");
	for (int i = 0; i < 12; i++)
		from_mac(i & 1 ? WEB3 : WEB1, 7);
	node = learn_node();
	check(node.n == 1, "%llu events", node.n);
	check(memcmp(&node.events[0].mac, &key, sizeof(key)) != 0, "the wrong address");
	check(node.events[0].at.port == PORT_ID(WEB3) &&
		      node.events[0].from.port == PORT_ID(WEB1) && node.events[0].when_ns,
	      "held at port %u, not at %u", node.events[0].at.port, PORT_ID(WEB3));
	check(learn_net_use(NET_WEB).held == 3, "%llu held", learn_net_use(NET_WEB).held);
	learn_end();
}

int test_learn_flows(void)
{
	const struct CMUnitTest tests[] = {
		{"a flow follows a move at once", test_flow_moves, NULL, NULL, NULL},
		{"a flow forgets what is too old", test_flow_ages, NULL, NULL, NULL},
		{"a flow confirms its sender's address", test_flow_confirms, NULL, NULL, NULL},
		{"a flow finds whoever speaks", test_flow_finds, NULL, NULL, NULL},
		{"room is made where it is wanted", test_sweep, NULL, NULL, NULL},
		{"but not all the time", test_sweep_rate, NULL, NULL, NULL},
		{"the loader has one forgotten", test_forget, NULL, NULL, NULL},
		{"the loader has one adopted", test_adopt, NULL, NULL, NULL},
		{"and another not in time", test_not_adopted, NULL, NULL, NULL},
		{"a full table", test_full, NULL, NULL, NULL},
		{"flaps are reported", test_log, NULL, NULL, NULL},
		{"two CPUs and many moves", test_race, NULL, NULL, NULL},
	};

	return cmocka_run_group_tests_name("learning, over time", tests, NULL, NULL);
}
