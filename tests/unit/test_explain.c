/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* weft explain: the words of its command line, the frames that it makes of them (compared with what
 * scapy makes), and records in words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <weft/trace.h>

#include "drops.h"
#include "explain_options.h"
#include "explain_output.h"
#include "explain_packet.h"
#include "explain_text.h"
#include "explain_world.h"
#include "util.h"

/* -- words of the command line -------------------------------------------------------------- */

static void test_number(void **state)
{
	static const char *const wrong[] = {"",    "-1",  "+1",  " 1",    "1 ",
					    "0x1", "1e1", "256", "65536", "99999999999999999999"};
	struct explain_number n = {.v = 7};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		assert_false(explain_parse_number(wrong[i], 0, 255, &n));
		assert_int_equal(n.v, 7);
		assert_false(n.given);
	}
	assert_true(explain_parse_number("0", 0, 255, &n));
	assert_true(n.given);
	assert_int_equal(n.v, 0);
	assert_true(explain_parse_number("255", 0, 255, &n));
	assert_int_equal(n.v, 255);
	assert_false(explain_parse_number("0", 1, 255, &n));
}

static void test_mac(void **state)
{
	static const char *const wrong[] = {"",
					    "02:00:00:00:00",
					    "02:00:00:00:00:1",
					    "02:00:00:00:00:001",
					    "02:00:00:00:00:0g",
					    "02-00-00-00-00-01",
					    "02:00:00:00:00:01:02",
					    "0200.0000.0001"};
	const __u8 right[WEFT_ETH_ALEN] = {0x02, 0xAB, 0xcd, 0, 0xff, 1};
	struct explain_mac mac = {};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		assert_false(explain_parse_mac(wrong[i], &mac));
	assert_false(mac.given);
	assert_true(explain_parse_mac("02:AB:cd:00:ff:01", &mac));
	assert_memory_equal(mac.v, right, sizeof(right));
}

static void test_flags(void **state)
{
	static const char *const wrong[] = {"",         "SYNACK", "SYN,",   ",SYN",
					    "SYN,,ACK", "S",      "SYN ACK"};
	struct explain_number flags = {};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		assert_false(explain_parse_flags(wrong[i], &flags));
	assert_true(explain_parse_flags("syn,ACK", &flags));
	assert_int_equal(flags.v, 0x12);
	assert_true(explain_parse_flags("FIN,SYN,RST,PSH,ACK,URG,ECE,CWR", &flags));
	assert_int_equal(flags.v, 0xff);
	assert_true(explain_parse_flags("none", &flags));
	assert_true(flags.given);
	assert_int_equal(flags.v, 0);
}

static void test_icmp(void **state)
{
	static const char *const wrong[] = {"", "/", "3/", "/1", "256", "3/256", "3/1/2", "echo"};
	struct explain_number type = {}, code = {};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		assert_false(explain_parse_icmp(wrong[i], &type, &code));
	assert_true(explain_parse_icmp("3/4", &type, &code));
	assert_int_equal(type.v, 3);
	assert_int_equal(code.v, 4);
	assert_true(explain_parse_icmp("128", &type, &code));
	assert_int_equal(type.v, 128);
	assert_false(code.given);
}

static void check_pcap(const char *text, bool ok, const char *path, unsigned long frame)
{
	char copy[32];
	unsigned long n = 0;

	snprintf(copy, sizeof(copy), "%s", text);
	assert_int_equal(explain_parse_pcap(copy, &n), ok);
	if (!ok)
		return;
	assert_string_equal(copy, path);
	assert_int_equal(n, frame);
}

static void test_pcap_name(void **state)
{
	(void)state;
	check_pcap("x.pcap", true, "x.pcap", 1);
	check_pcap("x.pcap:3", true, "x.pcap", 3);
	check_pcap("x:2:3", true, "x:2", 3);
	check_pcap("x:y", true, "x:y", 1);
	check_pcap("x:", true, "x:", 1);
	check_pcap("x:0", false, NULL, 0);
	check_pcap(":3", false, NULL, 0);
	check_pcap("", false, NULL, 0);
}

/* -- frames --------------------------------------------------------------------------------- */

static struct weft_addr addr_of(const char *text)
{
	struct weft_addr addr = {.bytes = {[10] = 0xff, [11] = 0xff}};

	if (inet_pton(AF_INET, text, &addr.words[3]) != 1)
		assert_int_equal(inet_pton(AF_INET6, text, &addr), 1);
	return addr;
}

static struct explain_packet packet_of(int family, __u8 proto)
{
	return (struct explain_packet){
		.smac = {0x02, 0, 0, 0, 0, 1},
		.dmac = {0x02, 0, 0, 0, 0, 2},
		.from = addr_of(family == 4 ? "10.9.0.11" : "fd00:9::11"),
		.to = addr_of(family == 4 ? "10.9.0.12" : "fd00:9::12"),
		.proto = proto,
		.sport = 40000,
		.seq = 1,
		.ttl = 64,
	};
}

static void check_frame(const struct explain_frame *frame, const char *hex)
{
	char text[512];

	assert_true(2 * frame->len < sizeof(text));
	for (__u32 i = 0; i < frame->len; i++)
		snprintf(text + 2 * i, 3, "%02x", frame->bytes[i]);
	assert_string_equal(text, hex);
}

static void check_built(const struct explain_packet *packet, const char *hex)
{
	static struct explain_frame frame;

	assert_int_equal(explain_build(packet, &frame), 0);
	check_frame(&frame, hex);
}

#define PROTO_FRAME "02000000000202000000000108004500001400004000402f26930a09000b0a09000c"

static void test_frames(void **state)
{
	struct explain_packet p = packet_of(4, IPPROTO_TCP);

	(void)state;
	p.dport = 443;
	p.tcp_flags = 0x02;
	check_built(&p,
		    "02000000000202000000000108004500002800004000400626a80a09000b0a09000c9c4001bb00"
		    "000001000000005002fffffdbd0000");
	p = packet_of(6, IPPROTO_UDP);
	p.dport = 53;
	p.size = 40 + 8 + 3;
	p.ttl = 9;
	check_built(&p,
		    "02000000000202000000000186dd60000000000b1109fd000009000000000000000000000011fd"
		    "0000090000000000000000000000129c400035000b692c000000");
	p = packet_of(4, IPPROTO_ICMP);
	p.icmp_type = 8;
	check_built(&p,
		    "02000000000202000000000108004500001c00004000400126b90a09000b0a09000c08005bbe9c"
		    "400001");
	p = packet_of(6, IPPROTO_ICMPV6);
	p.icmp_type = 128;
	check_built(&p,
		    "02000000000202000000000186dd6000000000083a40fd000009000000000000000000000011fd"
		    "0000090000000000000000000000128000e9449c400001");
	p = packet_of(4, IPPROTO_SCTP);
	p.dport = 7;
	check_built(&p,
		    "02000000000202000000000108004500002000004000408426320a09000b0a09000c9c40000700"
		    "00000028676c04");
	p = packet_of(4, IPPROTO_GRE);
	check_built(&p, PROTO_FRAME);
}

static void test_questions(void **state)
{
	struct explain_packet p = packet_of(4, 0);

	(void)state;
	p.kind = EXPLAIN_QUESTION;
	memset(p.dmac, 0xff, sizeof(p.dmac));
	check_built(&p,
		    "ffffffffffff020000000001080600010800060400010200000000010a09000b00000000000"
		    "00a09000c");
	p = packet_of(6, 0);
	p.kind = EXPLAIN_QUESTION;
	memcpy(p.dmac, (__u8[]){0x33, 0x33, 0xff, 0, 0, 0x12}, sizeof(p.dmac));
	check_built(&p,
		    "3333ff00001202000000000186dd6000000000203afffd000009000000000000000000000011ff"
		    "0200000000000000000001ff00001287007d5500000000fd000009000000000000000000000012"
		    "0101020000000001");
}

static void test_wrapped(void **state)
{
	const struct explain_packet p = packet_of(4, IPPROTO_GRE);
	struct explain_outer outer = {
		.encap = WEFT_ENCAP_VXLAN,
		.from = addr_of("192.0.2.1"),
		.to = addr_of("192.0.2.2"),
		.port = htons(4789),
		.vni = 100,
	};
	static struct explain_frame frame;

	(void)state;
	assert_int_equal(explain_build(&p, &frame), 0);
	assert_int_equal(explain_wrap(&outer, &frame), 0);
	check_frame(&frame,
		    "020000000002020000000001080045000046000040004011b6a3c0000201c0000202c00012b5"
		    "003200000800000000006400" PROTO_FRAME);
	outer.from = addr_of("2001:db8::1");
	outer.to = addr_of("2001:db8::2");
	assert_int_equal(explain_build(&p, &frame), 0);
	assert_int_equal(explain_wrap(&outer, &frame), 0);
	check_frame(&frame,
		    "02000000000202000000000186dd600000000032114020010db8000000000000000000000001"
		    "20010db8000000000000000000000002c00012b5003200000800000000006400" PROTO_FRAME);
	outer.encap = WEFT_ENCAP_GENEVE;
	outer.from = addr_of("192.0.2.1");
	outer.to = addr_of("192.0.2.2");
	outer.port = htons(6081);
	assert_int_equal(explain_build(&p, &frame), 0);
	assert_int_equal(explain_wrap(&outer, &frame), 0);
	check_frame(&frame,
		    "020000000002020000000001080045000046000040004011b6a3c0000201c0000202c00017c1"
		    "003200000000655800006400" PROTO_FRAME);
	outer.encap = WEFT_ENCAP_NVGRE;
	assert_int_equal(explain_build(&p, &frame), 0);
	assert_int_equal(explain_wrap(&outer, &frame), 0);
	check_frame(&frame, "02000000000202000000000108004500003e000040004"
			    "02fb68dc0000201c0000202"
			    "2000655800006400" PROTO_FRAME);
	outer.encap = WEFT_ENCAP_NONE;
	assert_int_equal(explain_wrap(&outer, &frame), -EAFNOSUPPORT);
}

static void test_sizes(void **state)
{
	struct explain_packet p = packet_of(4, IPPROTO_TCP);
	const struct explain_outer outer = {.encap = WEFT_ENCAP_VXLAN,
					    .from = addr_of("192.0.2.1"),
					    .to = addr_of("192.0.2.2")};
	static struct explain_frame frame;

	(void)state;
	assert_int_equal(explain_headers_len(&p), 40);
	p.size = 39;
	assert_int_equal(explain_build(&p, &frame), -EMSGSIZE);
	p.size = 40;
	assert_int_equal(explain_build(&p, &frame), 0);
	assert_int_equal(frame.len, 54);
	p.size = EXPLAIN_FRAME_MAX - WEFT_ETH_HLEN + 1;
	assert_int_equal(explain_build(&p, &frame), -EMSGSIZE);
	p.size--;
	assert_int_equal(explain_build(&p, &frame), 0);
	assert_int_equal(frame.len, EXPLAIN_FRAME_MAX);
	assert_int_equal(explain_wrap(&outer, &frame), -EMSGSIZE);
}

/* -- records in words ----------------------------------------------------------------------- */

static const __u32 port = 3, network = 2, tunnel = 1, rule = 7, ifindex = 12;

static void put(struct table *table, const void *key, const void *value)
{
	assert_int_equal(table_put(table, key, value), 0);
}

static void make_world(struct explain_world *w)
{
	struct view *view = &w->view;

	explain_world_init(w);
	put(&view->t[TABLE_PORT_INFO], &port,
	    &(struct weft_port_info){.name = "web-1",
				     .interface = "veth1",
				     .ifindex = ifindex,
				     .kind = WEFT_PORT_ACCESS});
	put(&view->t[TABLE_PORTS], &ifindex,
	    &(struct weft_port){.id = port, .network = network, .kind = WEFT_PORT_ACCESS});
	put(&view->t[TABLE_NET_INFO], &network, &(struct weft_network_info){.name = "web"});
	put(&view->t[TABLE_TUN_INFO], &tunnel, &(struct weft_tunnel_info){.node = "b"});
	put(&w->rules.info, &rule,
	    &(struct weft_rule_info){.policy = "web-in", .index = 4, .line = 31});
}

static void check_step(const struct explain_world *w, struct explain_leg *leg, const char *stage,
		       const char *table, const char *text)
{
	struct explain_step step;

	leg->trace.n = 1;
	assert_true(explain_step_of(w, leg, &leg->trace.recs[0], &step));
	assert_string_equal(step.stage, stage);
	assert_string_equal(step.words.s, text);
	if (table)
		assert_string_equal(step.table, table);
	else
		assert_null(step.table);
}

static void test_steps(void **state)
{
	char drop[256];
	_cleanup_(explain_world_clear) struct explain_world w;
	static struct explain_leg leg;
	struct weft_trace_rec *r = &leg.trace.recs[0];

	(void)state;
	make_world(&w);
	*r = (struct weft_trace_rec){.step = WEFT_TRACE_PORT, .port.ifindex = 99};
	check_step(&w, &leg, "classify", "weft_ports", "#99 is no port of a network");
	*r = (struct weft_trace_rec){
		.step = WEFT_TRACE_FDB,
		.found = 1,
		.fdb = {.key.mac = {2, 0, 0, 0, 0, 5},
			.entry = {.kind = WEFT_FDB_REMOTE, .tunnel = 1}},
	};
	check_step(&w, &leg, "forward", "weft_fdb", "02:00:00:00:00:05 is behind node b");
	r->fdb.entry = (struct weft_fdb_entry){.kind = WEFT_FDB_LOCAL, .port = port};
	check_step(&w, &leg, "forward", "weft_fdb", "02:00:00:00:00:05 is at port web-1");
	r->found = 0;
	check_step(&w, &leg, "forward", "weft_fdb", "02:00:00:00:00:05 is nobody's that is known");
	*r = (struct weft_trace_rec){.step = WEFT_TRACE_DROP,
				     .drop = {.port = port, .reason = WEFT_DROP_MAC_SPOOFED}};
	snprintf(drop, sizeof(drop), "MAC_SPOOFED at web-1: %s",
		 drops_meaning(WEFT_DROP_MAC_SPOOFED));
	check_step(&w, &leg, "drop", NULL, drop);
	*r = (struct weft_trace_rec){.step = WEFT_TRACE_TUNNEL, .tunnel.id = 9};
	check_step(&w, &leg, "encap", "weft_tunnels", "tunnel 9 is not in the table");
}

static void test_policy_steps(void **state)
{
	_cleanup_(explain_world_clear) struct explain_world w;
	static struct explain_leg leg;
	struct weft_trace_rec *r = &leg.trace.recs[0];

	(void)state;
	make_world(&w);
	*r = (struct weft_trace_rec){
		.step = WEFT_TRACE_POLICY,
		.found = 1,
		.result = WEFT_POL_REJECT,
		.policy = {.dir = WEFT_POL_INGRESS, .port = port, .rule = rule},
	};
	check_step(&w, &leg, "policy", "weft_rule_info",
		   "ingress of web-1: reject by web-in#4 (line 31)");
	strcpy(w.lines, "two.yaml");
	check_step(&w, &leg, "policy", "weft_rule_info",
		   "ingress of web-1: reject by web-in#4 (two.yaml:31)");
	r->found = 0;
	r->result = WEFT_POL_ALLOW;
	check_step(&w, &leg, "policy", "weft_pol_ports",
		   "ingress of web-1: allow, nothing restricts it");
	r->policy.port = 0;
	check_step(&w, &leg, "policy", "weft_pol_ports",
		   "ingress: the receiver is not here, and not asked");
}

/* A record that a newer datapath may make, and what it may hold. */
static void test_any_record(void **state)
{
	_cleanup_(explain_world_clear) struct explain_world w;
	static struct explain_leg leg;
	struct weft_trace_rec *r = &leg.trace.recs[0];
	struct explain_step step;

	(void)state;
	make_world(&w);
	for (int fill = 0; fill < 256; fill += 51) {
		memset(r, fill, sizeof(*r));
		for (r->step = 0; r->step < __WEFT_TRACE_MAX + 2; r->step++)
			for (r->found = 0; r->found < 2; r->found++)
				explain_step_of(&w, &leg, r, &step);
	}
}

static void test_verdict_words(void **state)
{
	_cleanup_(explain_world_clear) struct explain_world w;
	static struct explain_result result;
	struct words words = {};

	(void)state;
	make_world(&w);
	result.n_legs = 1;
	result.verdict = EXPLAIN_DROPPED;
	result.reason = WEFT_DROP_POLICY_DENY_INGRESS;
	result.reason_port = port;
	result.rule = rule;
	explain_verdict_words(&words, &w, &result);
	assert_string_equal(words.s, "dropped: POLICY_DENY_INGRESS at web-1 by web-in#4 (line 31)");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_number),        cmocka_unit_test(test_mac),
		cmocka_unit_test(test_flags),         cmocka_unit_test(test_icmp),
		cmocka_unit_test(test_pcap_name),     cmocka_unit_test(test_frames),
		cmocka_unit_test(test_questions),     cmocka_unit_test(test_wrapped),
		cmocka_unit_test(test_sizes),         cmocka_unit_test(test_steps),
		cmocka_unit_test(test_policy_steps),  cmocka_unit_test(test_any_record),
		cmocka_unit_test(test_verdict_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
