/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* What one packet does to the next: limits, loops, memberships. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <bpf/bpf.h>
#include <cmocka.h>

#include "check.h"
#include "invariant.h"
#include "multicast.h"
#include "packet.h"
#include "prog_run.h"
#include "tests.h"
#include "wires.h"

#define SECURE (WEFT_GUARD_SECURE | WEFT_GUARD_ADDRS)
#define SECOND 1000000000ULL

static int send_from(enum wire wire, const struct layer *layers)
{
	static struct packet in;
	static struct run r;

	packet_build(&in, layers, NULL);
	r = (struct run){.prog = wire == UPLINK ? TC_UNDERLAY : FROM_PORT,
			 .ifindex = wires_index(wire)};
	assert_int_equal(prog_run(&r, in.data, in.len), 0);
	return r.verdict;
}

/* Packets lost for @reason since the last call of counters_moved(). */
static __u64 lost(enum weft_drop reason)
{
	struct moved moved[MOVED_MAX];
	int n = counters_moved(moved);
	__u64 packets = 0;

	for (int i = 0; i < n; i++)
		if (moved[i].kind == C_DROP && moved[i].reason == reason)
			packets += moved[i].packets;
	return packets;
}

static void begin(void)
{
	struct moved moved[MOVED_MAX];

	check_begin();
	counters_moved(moved);
}

static void end(void)
{
	static __u8 frame[PACKET_MAX];

	for (enum wire wire = 0; wire < UPLINK; wire++)
		while (wires_receive(wire, frame, sizeof(frame), NULL, 0) >= 0)
			;
	while (wires_receive_near(frame, sizeof(frame), 0) >= 0)
		;
	tables_fill();
	check_end();
}

/* It is dropped at @wire, for @reason and nothing else. */
static void expect_drop(enum wire wire, enum weft_drop reason, const struct layer *layers)
{
	struct moved before[MOVED_MAX];
	static struct packet in;
	struct moves want = {};

	counters_moved(before);
	packet_build(&in, layers, NULL);
	check(send_from(wire, layers) == TC_SHOT, "%s is not dropped", drop_name(reason));
	moves_add(&want, C_DROP, PORT_ID(wire), reason, 1, in.len);
	check_moves(&want);
}

/* clang-format off */
#define SHOUT(n) PKT(ETH(.dst = MAC_BROADCAST, .src = MAC_WEB1), \
	IP4(.src = IP4_WEB1, .dst = IP4_BROADCAST, .id = n), UDP(.sport = 1000, .dport = 2000), DATA(40))
#define ROAR(n) PKT(ETH(.dst = MAC_BROADCAST, .src = MAC_NOBODY), \
	IP4(.src = IP4_WEB1, .dst = IP4_BROADCAST, .id = n), UDP(.sport = 1000, .dport = 2000), DATA(40))
#define FROM_B ETH(.dst = MAC_UPLINK, .src = MAC_ROUTER), \
	       IP4(.src = VTEP4_B, .dst = VTEP4_A, .frag = 0x4000), \
	       UDP(.sport = 50000, .dport = 4789, .csum = FORCE(0)), VXLAN(.vni = VNI_WEB)
#define FROM(mac) ETH(.dst = mac, .src = MAC_WEB1)
#define IGMP2(kind) FROM(MAC_MCAST4), IGMP_TO(IP4_MCAST), IGMP(.type = kind, .rest = 0xef010203)
#define IGMP3(...) FROM(MAC_IGMP3), IGMP_TO(IP4_IGMP3), IGMP(.type = 0x22, .rest = 1), BYTES(__VA_ARGS__)
#define MLD1(kind) FROM(MAC_MCAST6), MLD_TO(IP6_MCAST), ICMP6(.type = kind), BYTES(GROUP6_BYTES)
#define MLD2(...) FROM(MAC_MLD2), MLD_TO(IP6_MLD2), ICMP6(.type = 143, .rest = 1), BYTES(__VA_ARGS__)
#define B_REPORTS(kind) FROM_B, ETH(.dst = MAC_MCAST4, .src = MAC_WEB_B), \
	IP4(.src = IP4_WEB_B, .dst = IP4_MCAST, .ttl = 1), IGMP(.type = kind, .rest = 0xef010203)
/* clang-format on */

/*
 * 100 a second: 50 ms give 5 at once, and each 10 ms one more. The clock is the kernel's, so what
 * has passed is compared with what the time that it took allows, at most and at least.
 */
static void test_storm(void **state)
{
	const struct weft_guard g = {.flags = SECURE, .storm_ns = {SECOND / 100}};
	const unsigned int n = 400;
	__u64 from, took, dropped, most;

	(void)state;
	begin();
	put_guard(WEB1, &g);
	from = mcast_now();
	for (unsigned int i = 0; i < n; i++)
		send_from(WEB1, SHOUT(i));
	took = mcast_now() - from;
	dropped = lost(WEFT_DROP_STORM_BROADCAST);
	most = 5 + took / (SECOND / 100) + 1;
	check(n - dropped <= most && n - dropped + 3 >= most,
	      "%llu of %u passed within %llu us, not about %llu", n - dropped, n, took / 1000,
	      most);
	end();
}

/* A limit below what 50 ms give: one packet, and then none for a tenth of a second. */
static void test_slow_storm(void **state)
{
	const struct weft_guard g = {.flags = SECURE, .storm_ns = {4 * SECOND}};

	(void)state;
	begin();
	put_guard(WEB1, &g);
	for (int i = 0; i < 10; i++)
		send_from(WEB1, SHOUT(i));
	check(lost(WEFT_DROP_STORM_BROADCAST) == 9, "not exactly one has passed");
	end();
}

static void look_for_loops(__u16 flags)
{
	put_network_flags(NET_WEB, WEFT_NET_LOOPS);
	for (int i = WEB1; i <= WEB3; i++)
		put_guard(i, &(struct weft_guard){.flags = flags, .loop_block_ms = 60000});
}

static struct weft_port_state state_of(enum wire wire)
{
	struct weft_port_state s = {};
	__u32 port = PORT_ID(wire);

	bpf_map_lookup_elem(map_fd("weft_port_state"), &port, &s);
	return s;
}

/* The broadcast of somebody behind web1 comes back by web2; both may send from any address. */
static void test_loop(void **state)
{
	struct weft_port_state s;

	(void)state;
	begin();
	look_for_loops(WEFT_GUARD_LOOP_BLOCK);
	send_from(WEB1, ROAR(1));
	send_from(WEB1, ROAR(1)); /* its sender repeats it */
	check(!state_of(WEB1).loops, "a repetition is no loop");
	expect_drop(WEB2, WEFT_DROP_LOOP_DETECTED, ROAR(1));
	s = state_of(WEB2);
	check(s.loops == 1 && s.loop_port == PORT_ID(WEB1) && s.loop_until_ns > mcast_now(),
	      "loops %llu, from port %u", s.loops, s.loop_port);
	expect_drop(WEB2, WEFT_DROP_LOOP_BLOCKED, ROAR(2));
	/* The other side of the loop is not cut off as well. */
	expect_drop(WEB3, WEFT_DROP_LOOP_DETECTED, ROAR(1));
	check(state_of(WEB3).loops == 1 && !state_of(WEB3).loop_until_ns, "two ports are cut off");
	end();
}

static void test_loop_reported(void **state)
{
	(void)state;
	begin();
	look_for_loops(0);
	send_from(WEB1, ROAR(1));
	check(send_from(WEB2, ROAR(1)) == TC_REDIRECT, "it was not flooded");
	check(state_of(WEB2).loops == 1 && !state_of(WEB2).loop_until_ns, "it was not reported");
	end();
}

/* A secured port is deaf to it anyway; and the frame may have come by a tunnel first. */
static void test_loop_secured(void **state)
{
	const struct layer *from_b = PKT(FROM_B, ETH(.dst = MAC_BROADCAST, .src = MAC_WEB_B),
					 IP4(.src = IP4_WEB_B, .dst = IP4_BROADCAST),
					 UDP(.sport = 1, .dport = 2), DATA(40));
	const struct layer *back = PKT(ETH(.dst = MAC_BROADCAST, .src = MAC_WEB_B),
				       IP4(.src = IP4_WEB_B, .dst = IP4_BROADCAST),
				       UDP(.sport = 1, .dport = 2), DATA(40));

	(void)state;
	begin();
	look_for_loops(SECURE);
	check(send_from(UPLINK, from_b) == TC_REDIRECT, "it was not flooded");
	expect_drop(WEB2, WEFT_DROP_MAC_SPOOFED, back);
	check(state_of(WEB2).loops == 1 && !state_of(WEB2).loop_port, "it was not reported");
	end();
}

/* Old frames are new ones. */
static void test_loop_window(void **state)
{
	struct weft_flooded_key key;
	struct weft_flooded seen;

	(void)state;
	begin();
	look_for_loops(0);
	send_from(WEB1, ROAR(1));
	check(!bpf_map_get_next_key(map_fd("weft_flooded"), NULL, &key), "nothing is remembered");
	bpf_map_lookup_elem(map_fd("weft_flooded"), &key, &seen);
	seen.ns -= WEFT_LOOP_WINDOW_NS;
	table_put("weft_flooded", &key, &seen);
	send_from(WEB2, ROAR(1));
	check(!state_of(WEB2).loops, "a loop that took too long");
	end();
}

/** struct member_row - a report, and whether there is a membership after it. */
struct member_row {
	const char *name;
	const struct weft_addr *group;
	const struct layer *in;
	enum wire from;
	bool before;
	bool after;
};

/* clang-format off */
static const struct member_row member_rows[] = {
	{ "IGMP version 1", &mcast_group4, .in = PKT(IGMP2(0x12)), .after = true },
	{ "IGMP version 2", &mcast_group4, .in = PKT(IGMP2(0x16)), .after = true },
	{ "a leave of IGMP version 2", &mcast_group4, .in = PKT(IGMP2(0x17)), .before = true },
	{ "IS_EX without sources", &mcast_group4, .in = PKT(IGMP3(2, 0, 0, 0, GROUP4_BYTES)), .after = true },
	{ "IS_IN with a source", &mcast_group4, .in = PKT(IGMP3(1, 0, 0, 1, GROUP4_BYTES, 10, 0, 0, 1)), .after = true },
	{ "TO_EX", &mcast_group4, .in = PKT(IGMP3(4, 0, 0, 0, GROUP4_BYTES)), .after = true },
	{ "TO_IN with a source", &mcast_group4, .in = PKT(IGMP3(3, 0, 0, 1, GROUP4_BYTES, 10, 0, 0, 1)), .after = true },
	{ "TO_IN without", &mcast_group4, .in = PKT(IGMP3(3, 0, 0, 0, GROUP4_BYTES)), .before = true },
	{ "ALLOW", &mcast_group4, .in = PKT(IGMP3(5, 0, 0, 1, GROUP4_BYTES, 10, 0, 0, 1)), .after = true },
	{ "BLOCK", &mcast_group4, .in = PKT(IGMP3(6, 0, 0, 1, GROUP4_BYTES, 10, 0, 0, 1)) },
	{ "BLOCK of a member", &mcast_group4, .in = PKT(IGMP3(6, 0, 0, 1, GROUP4_BYTES, 10, 0, 0, 1)),
	  .before = true, .after = true },
	{ "a kind of record that nobody knows", &mcast_group4, .in = PKT(IGMP3(9, 0, 0, 0, GROUP4_BYTES)) },
	{ "the second of two records, behind auxiliary data", &mcast_group4,
	  .in = PKT(FROM(MAC_IGMP3), IGMP_TO(IP4_IGMP3), IGMP(.type = 0x22, .rest = 2),
	      BYTES(4, 1, 0, 1, 239, 9, 9, 9, 10, 0, 0, 1, 0, 0, 0, 0), BYTES(4, 0, 0, 0, GROUP4_BYTES)), .after = true },
	{ "MLD version 1", &mcast_group6, .in = PKT(MLD1(131)), .after = true },
	{ "done of MLD version 1", &mcast_group6, .in = PKT(MLD1(132)), .before = true },
	{ "TO_EX of MLD version 2", &mcast_group6, .in = PKT(MLD2(4, 0, 0, 0, GROUP6_BYTES)), .after = true },
	{ "TO_IN of MLD version 2", &mcast_group6, .in = PKT(MLD2(3, 0, 0, 0, GROUP6_BYTES)), .before = true },
	{ "a report with a wrong checksum", &mcast_group4,
	  .in = PKT(FROM(MAC_MCAST4), IGMP_TO(IP4_MCAST), IGMP(.type = 0x16, .rest = 0xef010203, .csum = FORCE(1))) },
	{ "a leave with a wrong checksum", &mcast_group4,
	  .in = PKT(FROM(MAC_MCAST4), IGMP_TO(IP4_MCAST), IGMP(.type = 0x17, .rest = 0xef010203, .csum = FORCE(1))),
	  .before = true, .after = true },
	{ "another's address", &mcast_group4,
	  .in = PKT(FROM(MAC_MCAST4), IP4(.src = IP4_WEB2, .dst = IP4_MCAST, .ttl = 1), IGMP(.type = 0x16, .rest = 0xef010203)) },
	{ "another's MAC address", &mcast_group4,
	  .in = PKT(ETH(.dst = MAC_MCAST4, .src = MAC_WEB2), IGMP_TO(IP4_MCAST), IGMP(.type = 0x16, .rest = 0xef010203)) },
	{ "a fragment", &mcast_group4,
	  .in = PKT(FROM(MAC_MCAST4), IP4(.src = IP4_WEB1, .dst = IP4_MCAST, .ttl = 1, .frag = 0x2000),
	      IGMP(.type = 0x16, .rest = 0xef010203)) },
	{ "another node's report", &mcast_group4, .in = PKT(B_REPORTS(0x16)), .from = UPLINK, .after = true },
	{ "another node's leave", &mcast_group4, .in = PKT(B_REPORTS(0x17)), .from = UPLINK, .before = true },
};
/* clang-format on */

static void test_member(void **state)
{
	const struct member_row *row = *state;
	struct mcast_member who = row->from == UPLINK ? MCAST_TUNNEL(TUNNEL_B) : MCAST_PORT(WEB1);
	struct weft_mcast m;

	begin();
	put_network_flags(NET_WEB, WEFT_NET_SNOOP);
	if (row->before)
		mcast_put(row->group, who, NULL);
	send_from(row->from, row->in);
	check(mcast_get(row->group, who, &m) == row->after, "a member is %sthere",
	      row->after ? "not " : "");
	end();
}

/* It lasts while nobody asks, and ends when somebody has asked and got no answer for long. */
static void test_ageing(void **state)
{
	const struct layer *data = PKT(FROM(MAC_MCAST4), IP4(.src = IP4_WEB1, .dst = IP4_MCAST),
				       UDP(.sport = 1, .dport = 2), DATA(20));
	const __u64 now = mcast_now();
	struct weft_mcast m = {.seen_ns = 1};
	__u32 net = NET_WEB;

	(void)state;
	begin();
	put_network_flags(NET_WEB, WEFT_NET_SNOOP);
	mcast_put(&mcast_group4, MCAST_PORT(WEB2), &m);
	check(send_from(WEB1, data) == TC_REDIRECT, "over without a query");
	table_put("weft_mcast_net", &net, &(struct weft_mcast_net){.queried_ns = now - SECOND});
	m.seen_ns = now - SECOND - WEFT_MCAST_AGE_NS + SECOND / 2;
	mcast_put(&mcast_group4, MCAST_PORT(WEB2), &m);
	check(send_from(WEB1, data) == TC_REDIRECT, "over too early");
	table_put("weft_mcast_net", &net,
		  &(struct weft_mcast_net){.queried_ns = now - WEFT_MCAST_ANSWER_NS - SECOND});
	m.seen_ns = now - WEFT_MCAST_ANSWER_NS - 2 * SECOND - WEFT_MCAST_AGE_NS;
	mcast_put(&mcast_group4, MCAST_PORT(WEB2), &m);
	check(send_from(WEB1, data) == TC_SHOT, "not over");
	check(!mcast_get(&mcast_group4, MCAST_PORT(WEB2), &m), "still there");
	/* A router that has fallen silent. */
	m.seen_ns = now - WEFT_MCAST_ROUTER_NS - SECOND;
	mcast_put(&mcast_router, MCAST_PORT(WEB2), &m);
	check(send_from(WEB1, data) == TC_SHOT, "a router for ever");
	end();
}

/* Where a querier will ask, what another node's host leaves is kept for a moment. */
static void test_leave_with_querier(void **state)
{
	struct weft_mcast m;
	__u32 net = NET_WEB;

	(void)state;
	begin();
	put_network_flags(NET_WEB, WEFT_NET_SNOOP);
	table_put("weft_mcast_net", &net, &(struct weft_mcast_net){.queried_ns = mcast_now()});
	send_from(UPLINK, PKT(B_REPORTS(0x16)));
	send_from(UPLINK, PKT(B_REPORTS(0x17)));
	check(mcast_get(&mcast_group4, MCAST_TUNNEL(TUNNEL_B), &m) && m.until_ns > mcast_now() &&
		      m.until_ns <= mcast_now() + WEFT_MCAST_LEAVE_NS,
	      "until %llu", m.until_ns);
	send_from(UPLINK, PKT(B_REPORTS(0x16)));
	check(mcast_get(&mcast_group4, MCAST_TUNNEL(TUNNEL_B), &m) && !m.until_ns,
	      "somebody stays, but it is going");
	end();
}

/* Queries make routers, and start the clock; those of a switch, which has no address, do not. */
static void test_queriers(void **state)
{
	struct weft_mcast_net n;
	struct weft_mcast m;
	__u32 net = NET_WEB;

	(void)state;
	begin();
	put_network_flags(NET_WEB, WEFT_NET_SNOOP);
	send_from(UPLINK, PKT(FROM_B, ETH(.dst = MAC_ALL_HOSTS, .src = MAC_WEB_B),
			      IP4(.dst = IP4_ALL_HOSTS, .ttl = 1), IGMP(.type = 0x11)));
	check(!mcast_get(&mcast_router, MCAST_TUNNEL(TUNNEL_B), &m), "a router without an address");
	send_from(UPLINK,
		  PKT(FROM_B, ETH(.dst = MAC_ALL_HOSTS, .src = MAC_WEB_B),
		      IP4(.src = IP4_WEB_B, .dst = IP4_ALL_HOSTS, .ttl = 1), IGMP(.type = 0x11)));
	check(mcast_get(&mcast_router, MCAST_TUNNEL(TUNNEL_B), &m), "no router");
	bpf_map_lookup_elem(map_fd("weft_mcast_net"), &net, &n);
	check(n.queried_ns, "nobody has asked");
	end();
}

/* A port gets as many memberships as are its share, and another still gets its first. */
static void test_share(void **state)
{
	static struct packet in;
	struct weft_mcast m;

	(void)state;
	begin();
	put_network_flags(NET_WEB, WEFT_NET_SNOOP);
	for (__u32 i = 0; i < 2 * WEFT_MCAST_PORT_MAX; i++)
		send_from(WEB1, PKT(FROM(MAC_MCAST4), IGMP_TO(IP4_MCAST),
				    IGMP(.type = 0x16, .rest = 0xef020000 + i)));
	check(mcast_count() == WEFT_MCAST_PORT_MAX, "%u memberships", mcast_count());
	packet_build(&in,
		     PKT(ETH(.dst = MAC_MCAST4, .src = MAC_WEB2),
			 IP4(.src = IP4_WEB2, .dst = IP4_MCAST, .ttl = 1),
			 IGMP(.type = 0x16, .rest = 0xef010203)),
		     NULL);
	prog_run(&(struct run){.prog = FROM_PORT, .ifindex = wires_index(WEB2)}, in.data, in.len);
	check(mcast_get(&mcast_group4, MCAST_PORT(WEB2), &m), "no room for another port");
	end();
}

/* Reports with any records, and the right checksum: nothing happens that must not, and no more
 * memberships begin than there is room for. */
static void test_any_records(void **state)
{
	static struct packet in;
	__u8 bytes[200];

	(void)state;
	begin();
	put_network_flags(NET_WEB, WEFT_NET_SNOOP);
	srandom(7);
	for (unsigned int i = 0; i < 4000 / thin() + 1; i++) {
		const bool v6 = i % 2;
		const struct layer any = {.kind = L_BYTES,
					  .bytes = {.v = bytes, .len = random() % sizeof(bytes)}};
		const struct layer v4[] = {FROM(MAC_IGMP3),
					   IGMP_TO(IP4_IGMP3),
					   IGMP(.type = 0x22, .rest = random() % 12),
					   any,
					   {.kind = L_END}};
		const struct layer mld[] = {FROM(MAC_MLD2),
					    MLD_TO(IP6_MLD2),
					    ICMP6(.type = 143, .rest = random() % 12),
					    any,
					    {.kind = L_END}};

		for (size_t j = 0; j < sizeof(bytes); j++)
			bytes[j] = random() % 4 ? random() % 8 : random();
		packet_build(&in, v6 ? mld : v4, NULL);
		if (!check_invariants(FROM_PORT, WEB1,
				      &(struct frame){.data = in.data, .len = in.len}))
			break;
	}
	check(mcast_count() <= WEFT_MCAST_PORT_MAX, "%u memberships", mcast_count());
	end();
}

int test_guard(void)
{
	const struct CMUnitTest tests[] = {
		{"a storm is limited", test_storm, NULL, NULL, NULL},
		{"a slow storm is limited", test_slow_storm, NULL, NULL, NULL},
		{"a loop is cut", test_loop, NULL, NULL, NULL},
		{"a loop is reported", test_loop_reported, NULL, NULL, NULL},
		{"a loop of secured ports", test_loop_secured, NULL, NULL, NULL},
		{"a slow loop is none", test_loop_window, NULL, NULL, NULL},
		{"memberships grow old", test_ageing, NULL, NULL, NULL},
		{"a leave where somebody asks", test_leave_with_querier, NULL, NULL, NULL},
		{"queriers", test_queriers, NULL, NULL, NULL},
		{"shares of the table", test_share, NULL, NULL, NULL},
		{"reports with any records", test_any_records, NULL, NULL, NULL},
	};

	return run_rows("membership", member_rows, sizeof(member_rows) / sizeof(member_rows[0]),
			sizeof(member_rows[0]), test_member) +
	       cmocka_run_group_tests_name("guard", tests, NULL, NULL);
}
