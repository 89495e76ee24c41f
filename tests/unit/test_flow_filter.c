/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* flow_filter.c: which flows a command line means, and what it is told if it means none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <string.h>

#include "flow_filter.h"
#include "util.h"
#include "value.h"

/** struct flow - an entry of a flow table. */
struct flow {
	struct weft_flow_key key;
	struct weft_flow flow;
};

static struct weft_addr addr_of(const char *text)
{
	struct weft_addr addr = {.bytes = {[10] = 0xff, [11] = 0xff}};

	if (inet_pton(AF_INET, text, &addr.words[3]) != 1)
		assert_int_equal(inet_pton(AF_INET6, text, &addr), 1);
	return addr;
}

/* Side 1 opens it, so that a test sees when sides are mixed up. */
static struct flow flow_of(__u8 proto, const char *to, __u16 to_port, const char *from,
			   __u16 from_port)
{
	return (struct flow){
		.key = {.addr = {addr_of(to), addr_of(from)},
			.port = {htons(to_port), htons(from_port)},
			.network = 3,
			.proto = proto},
		.flow = {.origin = 1, .state = WEFT_TCP_ESTABLISHED},
	};
}

static bool matches(const struct flow_filter *filter, const struct flow *flow)
{
	return flow_filter_match(filter, &flow->key, &flow->flow);
}

static struct flow_filter filter_of(enum flow_by by, const char *text)
{
	struct flow_filter filter = {};
	struct value_problem problem;

	if (!flow_filter_set(&filter, by, text, &problem))
		fail_msg("%s: %s", text, problem.wrong);
	return filter;
}

static bool matches_text(const struct flow *flow, enum flow_by by, const char *text)
{
	struct flow_filter filter = filter_of(by, text);

	return matches(&filter, flow);
}

static void no_condition_means_all(void **state __attribute__((unused)))
{
	const struct flow_filter filter = {};
	struct flow flow = flow_of(IPPROTO_TCP, "10.9.0.11", 443, "10.9.0.12", 40000);

	assert_true(flow_filter_empty(&filter));
	assert_true(matches(&filter, &flow));
	for (int i = 0; i < __FLOW_TABLE_MAX; i++)
		assert_true(flow_filter_table(&filter, i));
}

static void addresses_of_both_families(void **state __attribute__((unused)))
{
	struct flow v4 = flow_of(IPPROTO_TCP, "10.9.0.11", 443, "10.9.128.12", 40000);
	struct flow v6 = flow_of(IPPROTO_TCP, "fd00:9::11", 443, "2001:db8:1:2::3", 40000);
	static const struct {
		const char *text;
		bool v4, v6;
	} rows[] = {
		{"10.9.0.11", true, false},     {"10.9.128.12", true, false},
		{"10.9.0.1", false, false},     {"10.9.0.11/32", true, false},
		{"10.9.0.10/31", true, false},  {"10.9.0.12/31", false, false},
		{"10.9.128.0/17", true, false}, {"10.9.64.0/18", false, false},
		{"10.0.0.0/8", true, false},    {"10.8.0.0/15", true, false},
		{"10.10.0.0/15", false, false}, {"0.0.0.0/0", true, false},
		{"0.0.0.0/1", true, false},     {"128.0.0.0/1", false, false},
		{"::/0", false, true},          {"::/1", false, true},
		{"fd00:9::11", false, true},    {"2001:db8:1:2::3/128", false, true},
		{"fd00:9::10", false, false},   {"fd00:9::/64", false, true},
		{"2001:db8::/47", false, true}, {"2001:db8:2::/47", false, false},
		{"8000::/1", false, true},      {"8000::/2", false, false},
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		if (matches_text(&v4, FLOW_BY_ADDRESS, rows[i].text) != rows[i].v4)
			fail_msg("%s: IPv4", rows[i].text);
		if (matches_text(&v6, FLOW_BY_ADDRESS, rows[i].text) != rows[i].v6)
			fail_msg("%s: IPv6", rows[i].text);
	}
}

static void the_port_it_was_opened_to(void **state __attribute__((unused)))
{
	struct flow flow = flow_of(IPPROTO_TCP, "10.9.0.11", 443, "10.9.0.12", 40000);

	assert_true(matches_text(&flow, FLOW_BY_PEER_PORT, "443"));
	assert_false(matches_text(&flow, FLOW_BY_PEER_PORT, "40000"));
	assert_false(matches_text(&flow, FLOW_BY_PEER_PORT, "0"));
	flow.flow.origin = 0;
	assert_true(matches_text(&flow, FLOW_BY_PEER_PORT, "40000"));
	assert_false(matches_text(&flow, FLOW_BY_PEER_PORT, "443"));
	flow = flow_of(IPPROTO_SCTP, "10.9.0.11", 443, "10.9.0.12", 40000);
	assert_true(matches_text(&flow, FLOW_BY_PEER_PORT, "443"));
}

/* What stands in the place of ports is an identifier, or nothing. */
static void no_port_where_there_is_none(void **state __attribute__((unused)))
{
	struct flow ping = flow_of(IPPROTO_ICMP, "10.9.0.11", 8, "10.9.0.12", 443);
	struct flow gre = flow_of(IPPROTO_GRE, "10.9.0.11", 0, "10.9.0.12", 0);

	assert_false(matches_text(&ping, FLOW_BY_PEER_PORT, "8"));
	assert_false(matches_text(&ping, FLOW_BY_PEER_PORT, "443"));
	assert_false(matches_text(&gre, FLOW_BY_PEER_PORT, "0"));
}

static void protocols_by_name_and_number(void **state __attribute__((unused)))
{
	static const struct {
		const char *text;
		__u8 proto;
	} rows[] = {
		{"tcp", IPPROTO_TCP},
		{"udp", IPPROTO_UDP},
		{"sctp", IPPROTO_SCTP},
		{"icmp", IPPROTO_ICMP},
		{"icmpv6", IPPROTO_ICMPV6},
		{"47", IPPROTO_GRE},
		{"6", IPPROTO_TCP},
		{"0", 0},
		{"255", 255},
	};
	size_t i, j;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		for (j = 0; j < ARRAY_SIZE(rows); j++) {
			struct flow flow = flow_of(rows[j].proto, "10.9.0.11", 0, "10.9.0.12", 0);

			assert_int_equal(matches_text(&flow, FLOW_BY_PROTOCOL, rows[i].text),
					 rows[i].proto == rows[j].proto);
		}
	}
}

static void every_state_has_a_name(void **state __attribute__((unused)))
{
	struct flow flow = flow_of(IPPROTO_TCP, "10.9.0.11", 443, "10.9.0.12", 40000);

	assert_null(flow_state_name(WEFT_FLOW_NONE));
	assert_null(flow_state_name(__WEFT_FLOW_STATE_MAX));
	for (unsigned int i = WEFT_FLOW_NONE + 1; i < __WEFT_FLOW_STATE_MAX; i++) {
		assert_non_null(flow_state_name(i));
		flow.flow.state = i;
		assert_true(matches_text(&flow, FLOW_BY_STATE, flow_state_name(i)));
	}
}

static void states_as_people_write_them(void **state __attribute__((unused)))
{
	struct flow flow = flow_of(IPPROTO_TCP, "10.9.0.11", 443, "10.9.0.12", 40000);

	flow.flow.state = WEFT_TCP_SYN_SENT;
	assert_true(matches_text(&flow, FLOW_BY_STATE, "SYN_SENT"));
	assert_true(matches_text(&flow, FLOW_BY_STATE, "syn_sent"));
	assert_true(matches_text(&flow, FLOW_BY_STATE, "syn-sent"));
	assert_false(matches_text(&flow, FLOW_BY_STATE, "syn-sent2"));
	assert_false(matches_text(&flow, FLOW_BY_STATE, "ESTABLISHED"));
	flow.flow.state = 255; /* of a later version */
	assert_false(matches_text(&flow, FLOW_BY_STATE, "ESTABLISHED"));
}

static void states_and_tables_are_alternatives(void **state __attribute__((unused)))
{
	struct flow flow = flow_of(IPPROTO_UDP, "10.9.0.11", 443, "10.9.0.12", 40000);
	struct flow_filter filter = filter_of(FLOW_BY_STATE, "UNREPLIED");
	struct value_problem problem;

	assert_true(flow_filter_set(&filter, FLOW_BY_STATE, "TIME_WAIT", &problem));
	for (unsigned int i = 0; i < __WEFT_FLOW_STATE_MAX; i++) {
		flow.flow.state = i;
		assert_int_equal(matches(&filter, &flow),
				 i == WEFT_UDP_UNREPLIED || i == WEFT_ICMP_UNREPLIED ||
					 i == WEFT_OTHER_UNREPLIED || i == WEFT_TCP_TIME_WAIT);
	}
	filter = filter_of(FLOW_BY_TABLE, "new");
	assert_false(flow_filter_table(&filter, FLOW_TABLE_ESTABLISHED));
	assert_true(flow_filter_table(&filter, FLOW_TABLE_NEW));
	assert_true(flow_filter_set(&filter, FLOW_BY_TABLE, "over", &problem));
	assert_true(flow_filter_table(&filter, FLOW_TABLE_OVER));
	assert_false(flow_filter_table(&filter, FLOW_TABLE_ESTABLISHED));
}

static void ports_and_networks_by_id(void **state __attribute__((unused)))
{
	struct flow flow = flow_of(IPPROTO_TCP, "10.9.0.11", 443, "10.9.0.12", 40000);
	struct flow_filter filter = {.port = 7};

	flow.flow.hop[0] = (struct weft_hop){.kind = WEFT_HOP_TUNNEL, .target = 7, .port = 7};
	flow.flow.hop[1] = (struct weft_hop){.kind = WEFT_HOP_LOCAL, .target = 7, .port = 8};
	assert_false(matches(&filter, &flow));
	flow.flow.hop[1].port = 7;
	assert_true(matches(&filter, &flow));
	flow.flow.hop[0] = flow.flow.hop[1];
	flow.flow.hop[1] = (struct weft_hop){};
	assert_true(matches(&filter, &flow));
	assert_false(flow_filter_empty(&filter));

	filter = (struct flow_filter){.network = 3};
	assert_true(matches(&filter, &flow));
	filter.network = 4;
	assert_false(matches(&filter, &flow));
	assert_false(flow_filter_empty(&filter));
}

static void all_conditions_have_to_be_met(void **state __attribute__((unused)))
{
	struct flow flow = flow_of(IPPROTO_TCP, "10.9.0.11", 443, "10.9.0.12", 40000);
	static const struct {
		enum flow_by by;
		const char *right, *wrong;
	} rows[] = {
		{FLOW_BY_ADDRESS, "10.9.0.12", "10.9.0.13"},
		{FLOW_BY_PEER_PORT, "443", "444"},
		{FLOW_BY_PROTOCOL, "tcp", "udp"},
		{FLOW_BY_STATE, "established", "close"},
	};
	struct value_problem problem;
	size_t i, wrong;

	for (wrong = 0; wrong <= ARRAY_SIZE(rows); wrong++) {
		struct flow_filter filter = {.network = 3};

		for (i = 0; i < ARRAY_SIZE(rows); i++)
			assert_true(flow_filter_set(&filter, rows[i].by,
						    i == wrong ? rows[i].wrong : rows[i].right,
						    &problem));
		assert_int_equal(matches(&filter, &flow), wrong == ARRAY_SIZE(rows));
	}
}

static void bad_text_is_told_what_would_be_right(void **state __attribute__((unused)))
{
	static const struct {
		enum flow_by by;
		const char *text, *wrong, *right;
	} rows[] = {
		{FLOW_BY_ADDRESS, "10.9.0.256", "is not an IP address", "fd00:9::/64"},
		{FLOW_BY_ADDRESS, "", "is not an IP address", "10.9.0.11"},
		{FLOW_BY_ADDRESS, "web-1", "is not an IP address", "10.9.0.11"},
		{FLOW_BY_ADDRESS, "10.9.0.0/33", "has a wrong prefix length", "10.9.0.0/24"},
		{FLOW_BY_ADDRESS, "fd00::/129", "has a wrong prefix length", "fd00:9::/64"},
		{FLOW_BY_ADDRESS, "10.9.0.0/", "has a wrong prefix length", "10.9.0.0/24"},
		{FLOW_BY_ADDRESS, "10.9.0.11/24", "has host bits set", "write 10.9.0.0/24"},
		{FLOW_BY_ADDRESS, "2001:db8:1::/47", "has host bits set", "2001:db8::/47"},
		{FLOW_BY_ADDRESS, "::ffff:10.9.0.11", "is an IPv4 address in IPv6 form",
		 "10.9.0.11"},
		{FLOW_BY_ADDRESS,
		 "0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000",
		 "is not an IP address", "10.9.0.11"},
		{FLOW_BY_PEER_PORT, "65536", "is out of range", "from 0 to 65535"},
		{FLOW_BY_PEER_PORT, "-1", "is out of range", "from 0 to 65535"},
		{FLOW_BY_PEER_PORT, "https", "is not a decimal number", "from 0 to 65535"},
		{FLOW_BY_PEER_PORT, "80-90", "is not a decimal number", "from 0 to 65535"},
		{FLOW_BY_PROTOCOL, "tpc", "is not known here", "tcp, udp, sctp, icmp, icmpv6"},
		{FLOW_BY_PROTOCOL, "256", "is out of range", "from 0 to 255"},
		{FLOW_BY_PROTOCOL, "any", "is every protocol", "tcp, udp"},
		{FLOW_BY_STATE, "open", "is no state", "SYN_RECV, ESTABLISHED"},
		{FLOW_BY_STATE, "", "is no state", "UNREPLIED or REPLIED"},
		{FLOW_BY_STATE, "ESTABLISHED_AND_MORE", "is no state", "ESTABLISHED"},
		{FLOW_BY_TABLE, "weft_flows", "is no table of flows", "established, new or over"},
	};
	const struct flow_filter nothing = {};
	struct flow_filter filter = {};
	struct value_problem problem;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_false(flow_filter_set(&filter, rows[i].by, rows[i].text, &problem));
		assert_string_equal(problem.wrong, rows[i].wrong);
		if (!strstr(problem.right.s, rows[i].right))
			fail_msg("%s: \"%s\" does not say \"%s\"", rows[i].text, problem.right.s,
				 rows[i].right);
		assert_memory_equal(&filter, &nothing, sizeof(filter));
	}
}

static void one_of_a_kind(void **state __attribute__((unused)))
{
	struct flow_filter filter = filter_of(FLOW_BY_PROTOCOL, "tcp"), before = filter;
	struct value_problem problem;

	assert_false(flow_filter_set(&filter, FLOW_BY_PROTOCOL, "udp", &problem));
	assert_string_equal(problem.right.s, "give one");
	assert_memory_equal(&filter, &before, sizeof(filter));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_condition_means_all),
		cmocka_unit_test(addresses_of_both_families),
		cmocka_unit_test(the_port_it_was_opened_to),
		cmocka_unit_test(no_port_where_there_is_none),
		cmocka_unit_test(protocols_by_name_and_number),
		cmocka_unit_test(every_state_has_a_name),
		cmocka_unit_test(states_as_people_write_them),
		cmocka_unit_test(states_and_tables_are_alternatives),
		cmocka_unit_test(ports_and_networks_by_id),
		cmocka_unit_test(all_conditions_have_to_be_met),
		cmocka_unit_test(bad_text_is_told_what_would_be_right),
		cmocka_unit_test(one_of_a_kind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
