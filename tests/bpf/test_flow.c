/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* What takes several packets to see: the entropy of the outer source port, the rate of ICMP errors,
 * and the way of an encapsulated frame through the uplink's own ingress. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <cmocka.h>

#include "check.h"
#include "flows.h"
#include "hand.h"
#include "tests.h"
#include "wires.h"

/* clang-format off */
#define TO_B ETH(.dst = MAC_WEB_B, .src = MAC_WEB1)
#define TO_C ETH(.dst = MAC_WEB_C, .src = MAC_WEB1)
#define V4(...) IP4(.src = IP4_WEB1, .dst = IP4_WEB_B, __VA_ARGS__)
#define V6(...) IP6(.src = IP6_WEB1, .dst = IP6_WEB_B, __VA_ARGS__)
#define FROM_TO .sport = 1000, .dport = 2000
/* clang-format on */

/* Sends it from web1. Return: outer source port, and the flow label in the upper half. */
static __u32 entropy_of(const struct layer *layers)
{
	static struct packet in;
	static struct run r;
	const __u8 *udp;
	__u32 label;
	bool v4;

	flows_clear();
	packet_build(&in, layers, NULL);
	r = (struct run){.prog = FROM_PORT, .ifindex = wires_index(WEB1)};
	assert_int_equal(prog_run(&r, in.data, in.len), 0);
	assert_int_equal(r.verdict, TC_REDIRECT);
	check_sport(r.data);
	v4 = r.data[12] == 0x08;
	udp = r.data + WEFT_ETH_HLEN + (v4 ? 20 : 40);
	label = v4 ? 0 : r.data[16] << 8 | r.data[17];
	return label << 16 | udp[0] << 8 | udp[1];
}

/** struct same_row - packets that must, or should not, take one path. */
struct same_row {
	const char *name;
	const struct layer *one, *other;
	bool same;
};

/* clang-format off */
static const struct same_row same_rows[] = {
	{ "other payload", PKT(TO_B, V4(), UDP(FROM_TO), DATA(10)),
	  PKT(TO_B, V4(.id = 99, .tos = 2), UDP(FROM_TO), DATA(700)), true },
	{ "other payload, IPv6", PKT(TO_C, V6(), TCP(FROM_TO), DATA(10)),
	  PKT(TO_C, V6(.flow = 0x12345), TCP(FROM_TO, .seq = 1234, .options = 3), DATA(700)), true },
	{ "other source port", PKT(TO_B, V4(), UDP(FROM_TO)),
	  PKT(TO_B, V4(), UDP(.sport = 1001, .dport = 2000)), false },
	{ "other destination port", PKT(TO_B, V4(), UDP(FROM_TO)),
	  PKT(TO_B, V4(), UDP(.sport = 1000, .dport = 2001)), false },
	{ "ports the other way round", PKT(TO_B, V4(), UDP(FROM_TO)),
	  PKT(TO_B, V4(), UDP(.sport = 2000, .dport = 1000)), false },
	{ "other protocol", PKT(TO_B, V4(), UDP(FROM_TO)), PKT(TO_B, V4(), TCP(FROM_TO)), false },
	{ "other source address", PKT(TO_B, V4(), UDP(FROM_TO)),
	  PKT(TO_B, IP4(.src = IP4_WEB2, .dst = IP4_WEB_B), UDP(FROM_TO)), false },
	{ "other destination address", PKT(TO_B, V4(), UDP(FROM_TO)),
	  PKT(TO_B, IP4(.src = IP4_WEB1, .dst = IP4_WEB_C), UDP(FROM_TO)), false },
	{ "other echo identifier", PKT(TO_B, V4(), ICMP(.type = 8, .rest = 0x10001)),
	  PKT(TO_B, V4(), ICMP(.type = 8, .rest = 0x20001)), false },
	{ "other echo sequence number", PKT(TO_B, V4(), ICMP(.type = 8, .rest = 0x10001)),
	  PKT(TO_B, V4(), ICMP(.type = 8, .rest = 0x10002)), true },
	{ "IPv4 fragments, first and later", PKT(TO_B, V4(.frag = 0x2000), UDP(FROM_TO, .len = 3000),
						 DATA(24)),
	  PKT(TO_B, V4(.frag = 4, .proto = 17), DATA(32)), true },
	{ "IPv6 fragments, first and later", PKT(TO_C, V6(), FRAG(.frag = 1), UDP(FROM_TO, .len = 3000),
						 DATA(24)),
	  PKT(TO_C, V6(), FRAG(.frag = 0x21, .proto = 17), DATA(32)), true },
	{ "IPv6 fragments with an extension header in the first",
	  PKT(TO_C, V6(), FRAG(.frag = 1), EXT(.nh = 60), UDP(FROM_TO, .len = 3000), DATA(24)),
	  PKT(TO_C, V6(), FRAG(.frag = 0x21, .proto = 60), DATA(32)), true },
	{ "fragments of other protocols' packets", PKT(TO_B, V4(.frag = 4, .proto = 17), DATA(32)),
	  PKT(TO_B, V4(.frag = 8, .proto = 17), DATA(64)), true },
	{ "what is not IP, other payload", PKT(TO_B, DATA(20)), PKT(TO_B, DATA(50)), true },
};
/* clang-format on */

static void test_same(void **state)
{
	const struct same_row *row = *state;
	__u32 one, other;

	check_begin();
	port_security_off();
	one = entropy_of(row->one);
	other = entropy_of(row->other);
	tables_fill();
	check(row->same == (one == other), "entropy %08x and %08x", one, other);
	check_end();
}

/* 4,096 flows on 16,384 source ports: a good hash hits some 3,600 different ones. */
static void test_spread(void **state)
{
	static bool used[65536];
	unsigned int flows = thin() < 64 ? 4096 / thin() : 64, different = 0;

	(void)state;
	check_begin();
	for (unsigned int i = 0; i < flows; i++) {
		__u16 port = entropy_of(
			PKT(TO_B, V4(), UDP(.sport = 1024 + i % 64, .dport = 5000 + i / 64)));

		different += !used[port];
		used[port] = true;
	}
	check(different > flows * 5 / 6, "%u flows, %u source ports", flows, different);
	check_end();
}

static __u64 now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

/* The bucket of web1 is full again at @full_at; what becomes of a packet that is too big? */
static int too_big_verdict(__u64 full_at)
{
	static struct packet in;
	static struct run r;

	packet_build(&in, PKT(TO_B, V4(), UDP(FROM_TO), DATA(1472)), NULL);
	put_icmp_next(WEB1, full_at);
	r = (struct run){.prog = FROM_PORT, .ifindex = wires_index(WEB1)};
	assert_int_equal(prog_run(&r, in.data, in.len), 0);
	return r.verdict;
}

static void test_error_rate(void **state)
{
	const __u64 ms = WEFT_ICMP_INTERVAL_NS, second = 1000 * ms;
	struct moves lost = {};
	__u64 at;

	(void)state;
	check_begin();
	moves_add(&lost, C_DROP, PORT_ID(WEB1), WEFT_DROP_PKT_TOO_BIG, 3, 3 * 1514);

	at = now_ns();
	check(too_big_verdict(0) == TC_REDIRECT, "a full bucket refuses");
	check(get_icmp_next(WEB1) >= at + ms && get_icmp_next(WEB1) < at + second,
	      "a full bucket: %llu ns after now", get_icmp_next(WEB1) - at);

	at = now_ns() + 50 * ms;
	check(too_big_verdict(at) == TC_REDIRECT, "half a bucket refuses");
	check(get_icmp_next(WEB1) == at + ms, "half a bucket: %lld ns taken",
	      (long long)(get_icmp_next(WEB1) - at));

	at = now_ns() + WEFT_ICMP_BURST * ms + second;
	check(too_big_verdict(at) == TC_SHOT, "an empty bucket gives");
	check(get_icmp_next(WEB1) == at, "an empty bucket is charged");

	check_moves(&lost);
	put_icmp_next(WEB1, 0);
	check_end();
}

/* tc_from_port marks what needs tc_underlay to send it. */
static void test_sends_marked(void **state)
{
	static struct packet in;
	static struct run r;
	const struct moves none = {};

	(void)state;
	packet_build(&in,
		     PKT(ETH(), IP4(.src = VTEP4_A, .dst = VTEP4_B), UDP(.dport = 4789), DATA(60)),
		     NULL);
	check_begin();
	r = (struct run){
		.prog = TC_UNDERLAY, .ifindex = wires_index(UPLINK), .mark = WEFT_MARK_SEND};
	assert_int_equal(prog_run(&r, in.data, in.len), 0);
	check(r.verdict == TC_REDIRECT, "verdict %d", r.verdict);
	check(!r.mark, "the mark stays");
	check_packet("the frame", &in, r.data, r.len);
	check_moves(&none);
	check_end();
}

/* As if xdp_underlay had parked it, but there is no metadata: nobody can say whose it is. */
static void test_without_meta(void **state)
{
	static struct packet in;
	static struct run r;
	struct moves lost = {};

	(void)state;
	packet_build(&in,
		     PKT(ETH(.dst = WEFT_PARKED_MAC, .src = MAC_WEB_B),
			 IP4(.src = IP4_WEB_B, .dst = IP4_WEB1), UDP(FROM_TO), DATA(60)),
		     NULL);
	check_begin();
	r = (struct run){.prog = TC_UNDERLAY, .ifindex = wires_index(UPLINK)};
	assert_int_equal(prog_run(&r, in.data, in.len), 0);
	check(r.verdict == TC_SHOT, "verdict %d", r.verdict);
	moves_add(&lost, C_DROP, PORT_ID(UPLINK), WEFT_DROP_META_LOST, 1, in.len);
	check_moves(&lost);
	check_end();
}

/* Segments in a tunnel, of a kind that the kernel does not know how to shorten. */
static void test_cannot_strip(void **state)
{
	static struct packet in;
	static struct run r;
	struct moves lost = {};

	(void)state;
	packet_build(&in,
		     PKT(ETH(.dst = MAC_UPLINK, .src = MAC_ROUTER),
			 IP4(.src = VTEP4_B, .dst = VTEP4_A), UDP(.dport = 4789, .csum = FORCE(0)),
			 VXLAN(.vni = VNI_WEB), ETH(.dst = MAC_WEB1, .src = MAC_WEB_B), DATA(600)),
		     NULL);
	check_begin();
	r = (struct run){.prog = TC_UNDERLAY,
			 .ifindex = wires_index(UPLINK),
			 .gso_size = 200,
			 .gso_segs = 3};
	assert_int_equal(prog_run(&r, in.data, in.len), 0);
	check(r.verdict == TC_SHOT, "verdict %d", r.verdict);
	moves_add(&lost, C_DROP, PORT_ID(UPLINK), WEFT_DROP_DECAP_FAILED, 3, in.len);
	check_moves(&lost);
	check_end();
}

static void send_segment(enum wire from, __u8 flags, __u32 seq, __u32 ack)
{
	static struct packet in;
	static struct run r;

	packet_build(&in,
		     from == WEB1 ? PKT(ETH(.dst = MAC_WEB2, .src = MAC_WEB1),
					IP4(.src = IP4_WEB1, .dst = IP4_WEB2),
					TCP(FROM_TO, .flags = flags, .seq = seq, .ack = ack))
				  : PKT(ETH(.dst = MAC_WEB1, .src = MAC_WEB2),
					IP4(.src = IP4_WEB2, .dst = IP4_WEB1),
					TCP(.sport = 2000, .dport = 1000, .flags = flags,
					    .seq = seq, .ack = ack)),
		     NULL);
	r = (struct run){.prog = FROM_PORT, .ifindex = wires_index(from)};
	assert_int_equal(prog_run(&r, in.data, in.len), 0);
	assert_int_equal(r.verdict, TC_REDIRECT);
}

/* An entry that got no timer when it was made gets one with the next flow, and ends by it. */
static void test_late_timer(void **state)
{
	const struct weft_flow_key key = {.port = {1, 2}, .network = NET_WEB, .proto = 17};
	struct weft_flow_entry e = {.flow.state = WEFT_UDP_REPLIED};
	struct moved moved[MOVED_MAX];
	int left = 200;

	(void)state;
	check_begin();
	flows_clear();
	put_flow_conf(&(struct weft_flow_conf){.timeout_ms[WEFT_UDP_REPLIED] = 1});
	table_put("weft_flows", &key, &e);
	assert_int_equal(bpf_map_update_elem(map_fd("weft_flow_untimed"), NULL, &key, 0), 0);
	send_segment(WEB1, 0x02, 100, 0);
	send_segment(WEB2, 0x12, 500, 101);
	check(!bpf_map_lookup_elem(map_fd("weft_flows"), &key, &e), "it has ended too early");
	send_segment(WEB1, 0x10, 101, 501);
	while (left-- && !bpf_map_lookup_elem(map_fd("weft_flows"), &key, &e))
		usleep(10000);
	check(left > 0, "it is still there");
	counters_moved(moved);
	flows_clear();
	put_flow_conf(&(struct weft_flow_conf){});
	check_end();
}

/* The last but one word of struct weft_scratch, of all CPUs: @refused. */
static void put_refused(__u32 tick)
{
	__u32 zero = 0, length = sizeof(struct bpf_map_info), size;
	struct bpf_map_info info = {};
	__u8 *all;

	assert_int_equal(bpf_obj_get_info_by_fd(map_fd("weft_scratch"), &info, &length), 0);
	size = (info.value_size + 7) & ~7u;
	all = calloc((size_t)libbpf_num_possible_cpus(), size);
	assert_non_null(all);
	assert_int_equal(bpf_map_lookup_elem(map_fd("weft_scratch"), &zero, all), 0);
	for (int cpu = 0; cpu < libbpf_num_possible_cpus(); cpu++)
		memcpy(all + (size_t)cpu * size + info.value_size - 2 * sizeof(tick), &tick,
		       sizeof(tick));
	assert_int_equal(bpf_map_update_elem(map_fd("weft_scratch"), &zero, all, 0), 0);
	free(all);
}

/* In a tick in which a timer was refused no flow is established; in the next one it is. */
static void test_refused_timer(void **state)
{
	struct moved moved[MOVED_MAX];
	struct weft_flow_clock clock;
	__u32 zero = 0;
	int tries = 200;

	(void)state;
	check_begin();
	do { /* until all of it has happened within a tick */
		flows_clear();
		send_segment(WEB1, 0x02, 100, 0);
		send_segment(WEB2, 0x12, 500, 101);
		assert_int_equal(bpf_map_lookup_elem(map_fd("weft_flow_clock"), &zero, &clock), 0);
		put_refused((__u32)clock.ticks);
		send_segment(WEB1, 0x10, 101, 501);
	} while (flows_count(FLOW_ESTABLISHED) && --tries);
	check(tries > 0 && flows_count(FLOW_NEW) == 1, "it is established all the same");
	usleep(50000);
	send_segment(WEB1, 0x10, 101, 501);
	check(flows_count(FLOW_ESTABLISHED) == 1 && !flows_count(FLOW_NEW), "it stays there");
	counters_moved(moved);
	flows_clear();
	check_end();
}

int test_flow(void)
{
	const struct CMUnitTest tests[] = {
		{"flows spread over source ports", test_spread, NULL, NULL, NULL},
		{"ICMP errors are limited", test_error_rate, NULL, NULL, NULL},
		{"tc_underlay sends what is marked", test_sends_marked, NULL, NULL, NULL},
		{"GSO that the kernel cannot decapsulate", test_cannot_strip, NULL, NULL, NULL},
		{"a parked frame without metadata", test_without_meta, NULL, NULL, NULL},
		{"a timer that comes late", test_late_timer, NULL, NULL, NULL},
		{"a timer that is refused", test_refused_timer, NULL, NULL, NULL},
	};

	return run_rows("entropy", same_rows, sizeof(same_rows) / sizeof(same_rows[0]),
			sizeof(same_rows[0]), test_same) +
	       cmocka_run_group_tests_name("flow", tests, NULL, NULL);
}
