/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* flow_read.c, rule_read.c: stamps to spans of time; what several CPUs have counted; rules' names.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "flow_read.h"
#include "policy.h"
#include "rule_read.h"
#include "util.h"

#define MS 1000000ULL

/* 10 s have passed since the clock was set, to ticks of 4 ms. */
static struct flow_time time_at(__u64 ticks)
{
	return (struct flow_time){
		.now_ns = 110000 * MS,
		.clock = {.ns = 100000 * MS, .ticks = ticks},
		.conf = {.tick_ns = 4 * MS,
			 .timeout_ms = {[WEFT_TCP_SYN_SENT] = 5000, [WEFT_UDP_REPLIED] = 180000}},
	};
}

static __u64 idle_of(const struct flow_time *time, __u64 seen)
{
	const struct weft_flow flow = {.seen = seen};
	__u64 ms = ~0ULL;

	assert_true(flow_idle_ms(time, &flow, &ms));
	return ms;
}

static void idle_since_the_last_packet(void **state __attribute__((unused)))
{
	struct flow_time time = time_at(5000);

	assert_int_equal(idle_of(&time, 5000), 10000);
	assert_int_equal(idle_of(&time, 5000 + 2500), 0);
	assert_int_equal(idle_of(&time, 5000 + 2499), 4);
	assert_int_equal(idle_of(&time, 5000 - 250), 11000);
	/* the datapath may be a tick ahead of us */
	assert_int_equal(idle_of(&time, 5000 + 2501), 0);
}

/* Only 32 bits of a tick count are kept: they come around every few weeks. */
static void ticks_wrap(void **state __attribute__((unused)))
{
	struct flow_time time = time_at(0x2fffffff0);

	assert_int_equal(idle_of(&time, 0xfffffff0), 10000);
	assert_int_equal(idle_of(&time, 0x300000000), 10000 - 16 * 4);
	assert_int_equal(idle_of(&time, 0x2fffffff0 - 250), 11000);
}

/* Somebody made a flow between our reading of the two clocks. */
static void a_clock_from_the_future(void **state __attribute__((unused)))
{
	struct flow_time time = time_at(5000);

	time.now_ns = time.clock.ns - 1000 * MS;
	assert_int_equal(idle_of(&time, 5000), 0);
	assert_int_equal(idle_of(&time, 4000), 3000);
}

static void no_clock_no_idea(void **state __attribute__((unused)))
{
	struct weft_flow flow = {.state = WEFT_TCP_SYN_SENT};
	struct flow_time time = time_at(5000);
	struct flow_seen seen = {.table = FLOW_TABLE_NEW, .flow = &flow, .time = &time};
	__u64 ms;

	assert_true(flow_idle_ms(&time, &flow, &ms));
	time.clock = (struct weft_flow_clock){};
	assert_false(flow_idle_ms(&time, &flow, &ms));
	assert_false(flow_left_ms(&time, &flow, &ms));
	assert_false(flow_expired(&seen));
	time = time_at(5000);
	time.conf.tick_ns = 0;
	assert_false(flow_idle_ms(&time, &flow, &ms));
	assert_false(flow_expired(&seen));
}

static void left_until_the_timeout(void **state __attribute__((unused)))
{
	struct weft_flow flow = {.state = WEFT_UDP_REPLIED, .seen = 5000};
	struct flow_time time = time_at(5000);
	__u64 ms;

	assert_true(flow_left_ms(&time, &flow, &ms));
	assert_int_equal(ms, 170000);
	flow.state = WEFT_TCP_SYN_SENT;
	assert_true(flow_left_ms(&time, &flow, &ms));
	assert_int_equal(ms, 0);
	flow.state = __WEFT_FLOW_STATE_MAX; /* of a later version */
	assert_false(flow_left_ms(&time, &flow, &ms));
}

static void established_ones_have_a_timer(void **state __attribute__((unused)))
{
	struct weft_flow flow = {.state = WEFT_TCP_SYN_SENT, .seen = 5000};
	struct flow_time time = time_at(5000);
	struct flow_seen seen = {.table = FLOW_TABLE_NEW, .flow = &flow, .time = &time};

	assert_true(flow_expired(&seen));
	seen.table = FLOW_TABLE_OVER;
	assert_true(flow_expired(&seen));
	seen.table = FLOW_TABLE_ESTABLISHED;
	assert_false(flow_expired(&seen));
	seen.table = FLOW_TABLE_NEW;
	flow.seen = 5000 + 2500 - 1249; /* 4.996 s ago */
	assert_false(flow_expired(&seen));
	flow.seen--;
	assert_true(flow_expired(&seen));
}

static void age(void **state __attribute__((unused)))
{
	struct flow_time time = time_at(5000);

	assert_int_equal(flow_age_ms(&time, 100000 * MS), 10000);
	assert_int_equal(flow_age_ms(&time, 111000 * MS), 0);
}

static void counts_add_up_and_the_last_hit_wins(void **state __attribute__((unused)))
{
	static const struct weft_rule_stat cpus[] = {
		{.count = {1, 100}, .hits = 1, .last_hit_ns = 500},
		{},
		{.count = {2, 300}, .hits = 2, .last_hit_ns = 700},
		{.count = {4, 500}, .hits = 4, .last_hit_ns = 600},
	};
	struct weft_rule_stat sum = {};

	for (size_t i = 0; i < ARRAY_SIZE(cpus); i++)
		rule_stat_add(&sum, &cpus[i]);
	assert_int_equal(sum.count.packets, 7);
	assert_int_equal(sum.count.bytes, 900);
	assert_int_equal(sum.hits, 7);
	assert_int_equal(sum.last_hit_ns, 700);
}

static void rules_have_names(void **state __attribute__((unused)))
{
	static const struct weft_rule_info infos[] = {
		{.policy = "web-in", .index = 3},
		{.policy = "web-in", .index = WEFT_POL_RULE_DEFAULT},
		{.policy = "web", .index = WEFT_POL_RULE_NETWORK},
	};
	_cleanup_(rules_clear) struct rules rules = {};
	struct weft_rule_info longest = {.index = WEFT_POL_RULE_NETWORK};
	struct rule_name name;

	table_init(&rules.info, &table_descs[TABLE_RULE_INFO]);
	for (__u32 id = 1; id <= ARRAY_SIZE(infos); id++)
		assert_int_equal(table_put(&rules.info, &id, &infos[id - 1]), 0);
	assert_string_equal(rules_name(&rules, 1).s, "web-in#3");
	assert_string_equal(rules_name(&rules, 2).s, "web-in#default");
	assert_string_equal(rules_name(&rules, 3).s, "web#network-default");
	assert_string_equal(rules_name(&rules, 17).s, "#17");

	memset(longest.policy, 'x', sizeof(longest.policy)); /* without its NUL */
	assert_int_equal(table_put(&rules.info, &(__u32){4}, &longest), 0);
	name = rules_name(&rules, 4);
	assert_int_equal(strlen(name.s), WEFT_NAME_LEN - 1 + strlen("#network-default"));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(idle_since_the_last_packet),
		cmocka_unit_test(ticks_wrap),
		cmocka_unit_test(a_clock_from_the_future),
		cmocka_unit_test(no_clock_no_idea),
		cmocka_unit_test(left_until_the_timeout),
		cmocka_unit_test(established_ones_have_a_timer),
		cmocka_unit_test(age),
		cmocka_unit_test(counts_add_up_and_the_last_hit_wins),
		cmocka_unit_test(rules_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
