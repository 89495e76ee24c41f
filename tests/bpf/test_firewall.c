/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Short conversations under policies: what passes, what is dropped, and at whose port it counts.
 *
 *     to web1      allowed: TCP 80, UDP 53, ICMP echo; rejected: TCP 81; all else is denied
 *     from web3    rejected: TCP 81; all else is denied
 */
#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <setjmp.h>
#include <string.h>
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <cmocka.h>

#include "check.h"
#include "flows.h"
#include "tests.h"
#include "wires.h"

enum { GENERATION = 1, SET_WEB1 = 3, SET_WEB3 = 5, STEPS_MAX = 6 };

enum { FIN = 1, SYN = 2, RST = 4, ACK = 0x10 };

#define TCP_ACK_OFF 42 /* of an IPv4 packet without options */
#define TCP_WIN_OFF 48

/**
 * struct step - one packet.
 * @in: from @from. @ack: of TCP over IPv4, with a window of 1000.
 * @drop: what becomes of it; 0 = it passes. @at: whose port it counts at.
 */
struct step {
	enum wire from;
	const struct layer *in;
	__u32 ack;
	enum weft_drop drop;
	enum wire at;
};

struct script {
	const char *name;
	struct step steps[STEPS_MAX];
};

/* clang-format off */
#define SENT(to, from) ETH(.dst = MAC_##to, .src = MAC_##from)
#define V4(to, from, ...) IP4(.src = IP4_##from, .dst = IP4_##to, __VA_ARGS__)
#define TO_WEB1(...) PKT(SENT(WEB1, WEB2), V4(WEB1, WEB2), __VA_ARGS__)
#define TO_WEB2(...) PKT(SENT(WEB2, WEB1), V4(WEB2, WEB1), __VA_ARGS__)
#define FROM_WEB3(...) PKT(SENT(WEB2, WEB3), V4(WEB2, WEB3), __VA_ARGS__)
#define PIECE(at, more) PKT(SENT(WEB1, WEB2), \
	V4(WEB1, WEB2, .id = 7, .proto = 17, .frag = (at) | ((more) ? WEFT_IP_MF : 0)), DATA(8))
#define FIRST PKT(SENT(WEB1, WEB2), V4(WEB1, WEB2, .id = 7, .frag = WEFT_IP_MF), \
		  UDP(.sport = 1000, .dport = 53, .len = 200), DATA(24))

static const struct script scripts[] = {
	{ "denied at the receiver", {
		{ .from = WEB2, .in = TO_WEB1(UDP(.sport = 1000, .dport = 99), DATA(4)), 0,
		  WEFT_DROP_POLICY_DENY_INGRESS, WEB1 } } },
	{ "rejected at the receiver", {
		{ .from = WEB2, .in = TO_WEB1(TCP(.sport = 1000, .dport = 81, .seq = 1, .flags = SYN)), 0,
		  WEFT_DROP_POLICY_REJECT_INGRESS, WEB1 } } },
	{ "denied at the sender", {
		{ .from = WEB3, .in = FROM_WEB3(UDP(.sport = 1000, .dport = 99), DATA(4)), 0,
		  WEFT_DROP_POLICY_DENY_EGRESS, WEB3 } } },
	{ "rejected at the sender", {
		{ .from = WEB3, .in = FROM_WEB3(TCP(.sport = 1000, .dport = 81, .seq = 1, .flags = SYN)), 0,
		  WEFT_DROP_POLICY_REJECT_EGRESS, WEB3 } } },
	{ "replies need no rule", {
		{ .from = WEB2, .in = TO_WEB1(UDP(.sport = 1000, .dport = 53), DATA(4)) },
		{ .from = WEB1, .in = TO_WEB2(UDP(.sport = 53, .dport = 1000), DATA(4)) },
		{ .from = WEB2, .in = TO_WEB1(UDP(.sport = 1000, .dport = 53), DATA(4)) } } },
	{ "what a guarded port opens itself is answered", {
		{ .from = WEB1, .in = TO_WEB2(UDP(.sport = 1000, .dport = 99), DATA(4)) },
		{ .from = WEB2, .in = TO_WEB1(UDP(.sport = 99, .dport = 1000), DATA(4)) },
		{ .from = WEB2, .in = TO_WEB1(UDP(.sport = 99, .dport = 1001), DATA(4)), 0,
		  WEFT_DROP_POLICY_DENY_INGRESS, WEB1 } } },
	{ "another endpoint's address", {
		{ .from = WEB2, .in = PKT(SENT(WEB1, WEB2), V4(WEB1, WEB3),
			    TCP(.sport = 1000, .dport = 80, .seq = 1, .flags = SYN)), 0,
		  WEFT_DROP_ADDR_SPOOFED, WEB2 } } },
	{ "SYN with FIN", {
		{ .from = WEB2, .in = TO_WEB1(TCP(.sport = 1000, .dport = 80, .seq = 1, .flags = SYN | FIN)), 0,
		  WEFT_DROP_TCP_INVALID_FLAGS, WEB2 } } },
	{ "SYN-ACK of no connection", {
		{ .from = WEB2, .in = TO_WEB1(TCP(.sport = 1000, .dport = 80, .seq = 1, .flags = SYN | ACK)), 9,
		  WEFT_DROP_TCP_INVALID_STATE, WEB2 } } },
	{ "a connection, and a segment out of its window", {
		{ .from = WEB2, .in = TO_WEB1(TCP(.sport = 1000, .dport = 80, .seq = 100, .flags = SYN)) },
		{ .from = WEB1, .in = TO_WEB2(TCP(.sport = 80, .dport = 1000, .seq = 500, .flags = SYN | ACK)),
		  .ack = 101 },
		{ .from = WEB2, .in = TO_WEB1(TCP(.sport = 1000, .dport = 80, .seq = 101, .flags = ACK)), .ack = 501 },
		{ .from = WEB2, .in = TO_WEB1(TCP(.sport = 1000, .dport = 80, .seq = 101, .flags = ACK),
				DATA(100)), .ack = 501 },
		{ .from = WEB2, .in = TO_WEB1(TCP(.sport = 1000, .dport = 80, .seq = 900000, .flags = ACK),
				DATA(100)), .ack = 501, WEFT_DROP_TCP_OUT_OF_WINDOW, WEB2 } } },
	{ "between ports that nothing restricts nothing is invalid", {
		{ .from = DB1, .in = PKT(SENT(DB_B, DB1), V4(DB_B, DB1),
			   TCP(.sport = 1000, .dport = 80, .seq = 1, .flags = SYN | ACK)), 9 } } },
	{ "an error about nobody's packet", {
		{ .from = WEB2, .in = TO_WEB1(ICMP(.type = WEFT_ICMP_UNREACH, .code = 1), DATA(28)), 0,
		  WEFT_DROP_ICMP_UNRELATED, WEB2 } } },
	{ "an error about a packet that was sent", {
		{ .from = WEB2, .in = TO_WEB1(UDP(.sport = 1000, .dport = 53), DATA(4)) },
		{ .from = WEB1, .in = PKT(SENT(WEB2, WEB1), V4(WEB2, WEB1),
			    ICMP(.type = WEFT_ICMP_UNREACH, .code = 3),
			    V4(WEB1, WEB2), UDP(.sport = 1000, .dport = 53), DATA(4)) } } },
	{ "an error about a connection that its answer refused", {
		{ .from = WEB1, .in = TO_WEB2(TCP(.sport = 1000, .dport = 80, .seq = 100, .flags = SYN)) },
		{ .from = WEB2, .in = TO_WEB1(TCP(.sport = 80, .dport = 1000, .flags = RST | ACK)), .ack = 101 },
		{ .from = WEB2, .in = PKT(SENT(WEB1, WEB2), V4(WEB1, WEB2),
			    ICMP(.type = WEFT_ICMP_UNREACH, .code = 3),
			    V4(WEB2, WEB1), TCP(.sport = 1000, .dport = 80, .seq = 100, .flags = SYN)),
		  0, WEFT_DROP_ICMP_UNRELATED, WEB2 } } },
	{ "an echo, its answer, and an answer to nothing", {
		{ .from = WEB2, .in = TO_WEB1(ICMP(.type = WEFT_ICMP_ECHO, .rest = 0x00070001), DATA(8)) },
		{ .from = WEB1, .in = TO_WEB2(ICMP(.type = WEFT_ICMP_ECHO_REPLY, .rest = 0x00070001), DATA(8)) },
		{ .from = WEB2, .in = TO_WEB1(ICMP(.type = WEFT_ICMP_ECHO_REPLY, .rest = 0x00090001), DATA(8)),
		  0, WEFT_DROP_ICMP_INVALID, WEB2 } } },
	{ "a fragment without its first", {
		{ .from = WEB2, .in = PIECE(4, 0), 0, WEFT_DROP_FRAG_FIRST_MISSING, WEB2 } } },
	{ "fragments follow the first, in any order", {
		{ .from = WEB2, .in = FIRST }, { .from = WEB2, .in = PIECE(5, 0) }, { .from = WEB2, .in = PIECE(4, 1) } } },
	{ "overlapping fragments", {
		{ .from = WEB2, .in = FIRST }, { .from = WEB2, .in = PIECE(2, 0), 0, WEFT_DROP_FRAG_OVERLAP, WEB2 },
		{ .from = WEB2, .in = PIECE(4, 0), 0, WEFT_DROP_FRAG_OVERLAP, WEB2 } } },
	{ "scattered fragments", {
		{ .from = WEB2, .in = FIRST }, { .from = WEB2, .in = PIECE(10, 1) }, { .from = WEB2, .in = PIECE(20, 1) },
		{ .from = WEB2, .in = PIECE(30, 1) },
		{ .from = WEB2, .in = PIECE(40, 1), 0, WEFT_DROP_FRAG_SCATTERED, WEB2 } } },
};
/* clang-format on */

static void put(const char *map, const void *key, const void *value)
{
	assert_int_equal(bpf_map_update_elem(map_fd(map), key, value, BPF_ANY), 0);
}

/* Ranges of one generation have every other place. Return: the place behind them. */
static __u32 put_set(__u32 set, __u32 first, const struct weft_pol_range *ranges, __u32 n)
{
	const struct weft_pol_ranges list = {.first = first, .count = n};

	for (__u32 i = 0; i < n; i++, first += 2)
		put("weft_pol_l4", &first, &ranges[i]);
	put("weft_pol_sets", &set, &list);
	return first;
}

static void put_ruleset(enum wire wire, enum weft_pol_dir dir, __u32 set)
{
	__u32 slot = 2 * PORT_ID(wire) + (GENERATION & 1);
	struct weft_pol_port port = {};

	port.ruleset[dir] = set;
	put("weft_pol_ports", &slot, &port);
}

static void put_generation(__u32 policy)
{
	const struct weft_generation g = {.policy = policy, .forwarding = policy};
	__u32 zero = 0;

	put("weft_generation", &zero, &g);
}

#define RANGE(point, n, act)                                                                       \
	{                                                                                          \
		.start = (point), .order = (n), .rule = (n), .action = WEFT_POL_##act              \
	}
#define ECHO WEFT_POL_POINT(1, WEFT_ICMP_ECHO << 8)

static void put_policies(void)
{
	static const struct weft_pol_range web1[] = {
		RANGE(0, 9, DENY),
		RANGE(ECHO, 1, ALLOW),
		RANGE(ECHO + 1, 9, DENY),
		RANGE(WEFT_POL_POINT(6, 80), 2, ALLOW),
		RANGE(WEFT_POL_POINT(6, 81), 3, REJECT),
		RANGE(WEFT_POL_POINT(6, 82), 9, DENY),
		RANGE(WEFT_POL_POINT(17, 53), 4, ALLOW),
		RANGE(WEFT_POL_POINT(17, 54), 9, DENY),
	};
	static const struct weft_pol_range web3[] = {
		RANGE(0, 8, DENY),
		RANGE(WEFT_POL_POINT(6, 81), 5, REJECT),
		RANGE(WEFT_POL_POINT(6, 82), 8, DENY),
	};
	__u32 next = put_set(SET_WEB1, GENERATION & 1, web1, sizeof(web1) / sizeof(web1[0]));

	put_set(SET_WEB3, next, web3, sizeof(web3) / sizeof(web3[0]));
	put_ruleset(WEB1, WEFT_POL_INGRESS, SET_WEB1);
	put_ruleset(WEB3, WEFT_POL_EGRESS, SET_WEB3);
	put_generation(GENERATION);
}

/* Only losses count here: the rows of the other tables look at everything else. */
static bool only_drops(struct moved *moved, int *n)
{
	int kept = 0;

	for (int i = 0; i < *n; i++)
		if (moved[i].kind == C_DROP)
			moved[kept++] = moved[i];
	*n = kept;
	return kept;
}

static void run_step(const struct step *step, int number)
{
	static struct packet in;
	static struct run r;
	const __be32 ack = htonl(step->ack);
	const __be16 win = htons(1000);
	struct moved moved[MOVED_MAX];
	int n;

	packet_build(&in, step->in, NULL);
	if (in.data[23] == 6) {
		memcpy(in.data + TCP_ACK_OFF, &ack, sizeof(ack));
		memcpy(in.data + TCP_WIN_OFF, &win, sizeof(win));
	}
	r = (struct run){.prog = FROM_PORT, .ifindex = wires_index(step->from)};
	assert_int_equal(prog_run(&r, in.data, in.len), 0);
	if (step->drop) {
		struct moves want = {};

		moves_add(&want, C_DROP, PORT_ID(step->at), step->drop, 1, in.len);
		check(check_moves(&want), "packet %d", number);
		return;
	}
	n = counters_moved(moved);
	check(!only_drops(moved, &n), "packet %d was dropped: %s", number,
	      n ? drop_name(moved[0].reason) : "");
	check(r.verdict == TC_REDIRECT, "packet %d: verdict %d", number, r.verdict);
}

static void run_script(void **state)
{
	const struct script *script = *state;

	check_begin();
	put_policies();
	for (int i = 0; i < STEPS_MAX && script->steps[i].in; i++)
		run_step(&script->steps[i], i + 1);
	put_ruleset(WEB1, WEFT_POL_INGRESS, 0);
	put_ruleset(WEB3, WEFT_POL_EGRESS, 0);
	put_generation(0);
	tables_fill();
	check_end();
}

/*
 * Two contradictory generations: under the odd one web3 may send and web1 takes nothing, under the
 * even one it is the other way round. A packet that is judged by one of them wholly never arrives;
 * it would take the first half of one and the second half of the other.
 */
static void put_contradiction(void)
{
	static const struct weft_pol_range allow[] = {RANGE(0, 1, ALLOW)};
	static const struct weft_pol_range deny[] = {RANGE(0, 2, DENY)};

	for (__u32 parity = 0; parity < 2; parity++) {
		__u32 yes = 2 + parity, no = 4 + parity, next = put_set(yes, parity, allow, 1);
		struct weft_pol_port from = {}, to = {};
		__u32 web3 = 2 * PORT_ID(WEB3) + parity, web1 = 2 * PORT_ID(WEB1) + parity;

		put_set(no, next, deny, 1);
		from.ruleset[WEFT_POL_EGRESS] = parity ? yes : no;
		to.ruleset[WEFT_POL_INGRESS] = parity ? no : yes;
		put("weft_pol_ports", &web3, &from);
		put("weft_pol_ports", &web1, &to);
	}
}

static void put_nothing(void)
{
	const struct weft_pol_port none = {};

	put_generation(0);
	for (__u32 slot = 0; slot < 2 * PORT_MAX; slot++)
		put("weft_pol_ports", &slot, &none);
}

enum { FLIPS = 10000, FLIPS_ALONE = 10, PATIENCE = 10000000 };

static atomic_int flips, packets;

/* With one CPU for both, the sender would otherwise hardly get a turn. */
static void wait_for_packet(void)
{
	int before = atomic_load(&packets);

	for (int i = 0; i < PATIENCE && atomic_load(&packets) == before; i++)
		sched_yield();
}

static void *flip(void *arg __attribute__((unused)))
{
	for (int i = 1; i <= FLIPS; i++) {
		put_generation(i);
		atomic_store(&flips, i);
		if (i % FLIPS_ALONE == 0)
			wait_for_packet();
	}
	return NULL;
}

static void test_transaction(void **state __attribute__((unused)))
{
	static struct packet in;
	static struct run r;
	int arrived = 0, changes = 0, before = 0, now;
	pthread_t flipper;

	check_begin();
	put_contradiction();
	put_generation(0);
	atomic_store(&flips, 0);
	atomic_store(&packets, 0);
	packet_build(&in, PKT(SENT(WEB1, WEB3), V4(WEB1, WEB3), UDP(.sport = 1, .dport = 2)), NULL);
	assert_int_equal(pthread_create(&flipper, NULL, flip, NULL), 0);
	do {
		now = atomic_load(&flips);
		changes += now != before;
		before = now;
		r = (struct run){.prog = FROM_PORT, .ifindex = wires_index(WEB3)};
		assert_int_equal(prog_run(&r, in.data, in.len), 0);
		arrived += r.verdict != TC_SHOT;
		atomic_fetch_add(&packets, 1);
	} while (now < FLIPS);
	pthread_join(flipper, NULL);
	printf("# %d packets while two sets alternated %d times, %d of them noticed\n",
	       atomic_load(&packets), FLIPS, changes);
	check(!arrived, "%d packets were judged by both", arrived);
	check(changes > 100, "the sender saw only %d changes", changes);
	put_nothing();
	tables_fill();
	check_end();
}

int test_firewall(void)
{
	const struct CMUnitTest transaction[] = {cmocka_unit_test(test_transaction)};

	return run_rows("firewall", scripts, sizeof(scripts) / sizeof(scripts[0]),
			sizeof(scripts[0]), run_script) +
	       cmocka_run_group_tests(transaction, NULL, NULL);
}
