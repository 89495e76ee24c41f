/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * plan_policy.c: from one generation of policies to the next, on tables that stand for the
 * kernel's: what is written, what is left alone, what was left over.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include <weft/flow.h>

#include "compile.h"
#include "config.h"
#include "diag.h"
#include "limits.h"
#include "plan.h"
#include "util.h"

#define HEAD                                                                                       \
	"nodes:\n"                                                                                 \
	"  - {name: a, vtep: 192.0.2.1}\n"                                                         \
	"networks:\n"                                                                              \
	"  - {name: one, vni: 1}\n"
#define PORT(name, n, more)                                                                        \
	"  - {name: " name ", node: a, interface: v" n ", network: one, mac: 02:00:00:00:00:0" n   \
	", addresses: [10.9.0.1" n "]" more "}\n"
#define WEB_PORTS                                                                                  \
	"ports:\n" PORT("web-1", "1", ", groups: web") PORT("web-2", "2", ", groups: web")         \
		PORT("lb-1", "3", ", groups: lb") PORT("free", "4", "")
#define RULES(rules)                                                                               \
	"policies:\n"                                                                              \
	"  - name: n\n"                                                                            \
	"    applies_to: web\n"                                                                    \
	"    direction: ingress\n"                                                                 \
	"    rules: [" rules "]\n"
#define A "{from: lb, protocol: tcp, ports: [80, 443]}"
#define B "{from: {cidrs: 192.0.2.0/24}}"

/** struct kernel - what it holds, and the plan to make it something else. @keep: both halves. */
struct kernel {
	struct tables now;
	struct config *cfg;
	struct diag *diag;
	struct plan plan;
	bool keep;
};

static size_t route(void *arg __attribute__((unused)),
		    const struct in6_addr *remote __attribute__((unused)))
{
	return 0;
}

static void forget_plan(struct kernel *k)
{
	struct plan *plan = &k->plan;

	tables_clear(&plan->wanted);
	for (int id = 0; id < __TABLE_WANTED_MAX; id++) {
		table_diff_clear(&plan->diff[id]);
		rows_clear(&plan->stale[id]);
	}
	rows_clear(&plan->passing);
	config_free(k->cfg);
	diag_free(k->diag);
	k->cfg = NULL;
	k->diag = NULL;
}

/* Interfaces have the numbers in their names. */
static void compile_ports(struct kernel *k)
{
	struct plan *plan = &k->plan;
	struct port_fact ports[16] = {};
	const struct compile_input in = {.cfg = plan->cfg,
					 .node = plan->node,
					 .ports = ports,
					 .route = route,
					 .previous = &k->now};

	assert_true(k->cfg->ports.n <= ARRAY_SIZE(ports));
	for (size_t i = 0; i < k->cfg->ports.n; i++) {
		ports[i].ifindex = k->cfg->ports.v[i].interface.v[1] - '0';
		ports[i].delivery = WEFT_DELIVER_PEER;
	}
	assert_int_equal(compile(&in, k->diag, &plan->wanted), 0);
}

static void plan_for(struct kernel *k, const char *yaml, bool fresh)
{
	struct plan *plan = &k->plan;

	forget_plan(k);
	k->diag = diag_new();
	if (config_load_bytes("test.yaml", yaml, strlen(yaml), k->diag, &k->cfg)) {
		diag_print(k->diag, stderr);
		fail();
	}
	*plan = (struct plan){.cfg = k->cfg, .node = config_find_node(k->cfg, "a")};
	maps_init(&plan->pinned);
	plan->terms.keep_halves = k->keep;
	plan->was_known = k->keep;
	plan->fresh_policies = fresh;
	plan->pinned.fd[TABLE_GENERATION] = fresh ? 1000 : -1; /* only asked whether it is one */
	tables_init(&plan->wanted);
	plan->actual = k->now;
	compile_ports(k);
	assert_int_equal(plan_policies(plan, k->diag), 0);
	assert_int_equal(diag_count(k->diag), 0);
	for (int id = 0; id < TABLE_GENERATION; id++)
		assert_int_equal(plan_diff(plan, id), 0);
	assert_int_equal(plan_generation(plan), 0);
}

/* The plan is carried out. */
static void carry_out(struct kernel *k)
{
	tables_clear(&k->now);
	k->now = k->plan.wanted;
	tables_init(&k->plan.wanted);
}

static void apply(struct kernel *k, const char *yaml)
{
	plan_for(k, yaml, false);
	carry_out(k);
}

static int setup(void **state)
{
	struct kernel *k = calloc(1, sizeof(*k));

	tables_init(&k->now);
	*state = k;
	return 0;
}

static int teardown(void **state)
{
	struct kernel *k = *state;

	forget_plan(k);
	tables_clear(&k->now);
	free(k);
	return 0;
}

static size_t written(const struct kernel *k, enum table_id id)
{
	return k->plan.diff[id].added.n + k->plan.diff[id].changed.n;
}

static size_t policies_written(const struct kernel *k)
{
	size_t n = 0;

	for (int id = TABLE_POL_L4; id <= TABLE_POL_PORTS; id++)
		n += written(k, id);
	return n;
}

static size_t removed(const struct kernel *k)
{
	size_t n = 0;

	for (int id = 0; id < __TABLE_WANTED_MAX; id++)
		n += k->plan.diff[id].removed.n;
	return n;
}

static size_t stale(const struct kernel *k)
{
	size_t n = 0;

	for (int id = 0; id < __TABLE_WANTED_MAX; id++)
		n += k->plan.stale[id].n;
	return n;
}

static __u32 number(const void *key)
{
	__u32 n;

	memcpy(&n, key, sizeof(n));
	return n;
}

/* Id of a port that the kernel, or else the file, has. */
static __u32 port_id(const struct tables *tables, const char *name)
{
	const struct table *t = &tables->t[TABLE_PORT_INFO];

	for (size_t i = 0; i < t->rows.n; i++)
		if (!strcmp(((const struct weft_port_info *)table_value(t, i))->name, name))
			return number(table_key(t, i));
	fail();
	return 0;
}

/* Is the first number of a key the one whose lowest bit is the generation's? */
static bool is_numbered(int id)
{
	return id != TABLE_POL_CLASS && id != TABLE_POL_CIDR && id != TABLE_POL_IDENT;
}

static void first_generation(void **state)
{
	struct kernel *k = *state;

	plan_for(k, HEAD WEB_PORTS RULES(A), false);
	assert_true(k->plan.new_policies);
	assert_int_equal(k->plan.generations.begin.policy, 1);
	assert_int_equal(k->plan.generations.end.policy, 1);
	assert_true(policies_written(k) > 0);
	for (int id = TABLE_POL_L4; id <= TABLE_POL_PORTS; id++)
		for (size_t i = 0; is_numbered(id) && i < k->plan.diff[id].added.n; i++)
			assert_int_equal(
				number(k->plan.diff[id].added.keys + i * table_descs[id].key_size) &
					1,
				1);
	assert_int_equal(removed(k), 0);
}

static void nothing_to_do(void **state)
{
	struct kernel *k = *state;

	apply(k, HEAD WEB_PORTS RULES(A ", " B));
	plan_for(k, HEAD WEB_PORTS RULES(A ", " B), false);
	assert_false(k->plan.new_policies);
	for (int id = 0; id < __TABLE_WANTED_MAX; id++)
		assert_true(table_diff_empty(&k->plan.diff[id]));
	/* Without any policies as well. */
	apply(k, HEAD WEB_PORTS);
	plan_for(k, HEAD WEB_PORTS, false);
	assert_false(k->plan.new_policies);
	assert_true(table_diff_empty(&k->plan.diff[TABLE_GENERATION]));
}

static void lines_are_names_only(void **state)
{
	struct kernel *k = *state;

	apply(k, HEAD WEB_PORTS RULES(A));
	plan_for(k, "# A comment.\n" HEAD WEB_PORTS RULES(A), false);
	assert_false(k->plan.new_policies);
	for (int id = 0; id < __TABLE_WANTED_MAX; id++)
		if (id != TABLE_RULE_INFO)
			assert_true(table_diff_empty(&k->plan.diff[id]));
	assert_int_equal(k->plan.diff[TABLE_RULE_INFO].changed.n, 2);
	assert_int_equal(k->plan.diff[TABLE_RULE_INFO].added.n, 0);
}

/* The new half is written, the old one removed, and what is not about policies is left alone. */
static void one_rule_changes(void **state)
{
	struct kernel *k = *state;
	size_t before = 0;

	apply(k, HEAD WEB_PORTS RULES(A));
	for (int id = TABLE_POL_L4; id <= TABLE_POL_PORTS; id++)
		before += k->now.t[id].rows.n;
	plan_for(k, HEAD WEB_PORTS RULES(A ", " B), false);
	assert_true(k->plan.new_policies);
	assert_int_equal(k->plan.generations.begin.policy, 2);
	assert_int_equal(k->plan.generations.begin.forwarding, k->plan.generations.was.forwarding);
	for (int id = 0; id < TABLE_GENERATION; id++) {
		if (!table_is_policy(id) && id != TABLE_RULE_INFO)
			assert_true(table_diff_empty(&k->plan.diff[id]));
		assert_int_equal(k->plan.diff[id].changed.n, 0);
	}
	assert_int_equal(written(k, TABLE_RULE_INFO), 1);
	assert_int_equal(removed(k), before);
	assert_int_equal(stale(k), 0);
}

/* What a killed apply has written for a generation that never came. */
static void leftovers_go_first(void **state)
{
	struct weft_pol_range range = {.start = 7};
	__u32 class = 5;
	struct weft_pol_addr_key addr = {.network = 1, .parity = 0};
	struct weft_pol_cidr_key cidr = {.prefixlen = 64, .parity = 0};
	struct kernel *k = *state;

	apply(k, HEAD WEB_PORTS RULES(A));
	assert_int_equal(table_put(&k->now.t[TABLE_POL_L4], &(__u32){0}, &range), 0);
	assert_int_equal(table_put(&k->now.t[TABLE_POL_L4], &(__u32){1000}, &range), 0);
	assert_int_equal(table_put(&k->now.t[TABLE_POL_CLASS], &addr, &class), 0);
	assert_int_equal(table_put(&k->now.t[TABLE_POL_CIDR], &cidr, &class), 0);

	/* They are in the half that is not in force, so nothing else is changed. */
	plan_for(k, HEAD WEB_PORTS RULES(A), false);
	assert_false(k->plan.new_policies);
	assert_int_equal(removed(k), 4);
	assert_int_equal(policies_written(k), 0);

	/* Those that are not overwritten go before anything is written. */
	plan_for(k, HEAD WEB_PORTS RULES(B), false);
	assert_true(k->plan.new_policies);
	assert_int_equal(stale(k), 3);
	assert_int_equal(k->plan.stale[TABLE_POL_L4].n, 1);
	assert_int_equal(number(k->plan.stale[TABLE_POL_L4].keys), 1000);
	assert_int_equal(k->plan.diff[TABLE_POL_L4].changed.n, 1);
	for (int id = TABLE_POL_L4; id <= TABLE_POL_PORTS; id++)
		for (size_t i = 0; i < k->plan.diff[id].removed.n; i++)
			if (is_numbered(id))
				assert_int_equal(number(k->plan.diff[id].removed.keys +
							i * table_descs[id].key_size) &
							 1,
						 1);
}

/* The kernel's rows of one half are those of @tables, and no others. */
static void assert_half(const struct kernel *k, const struct tables *tables, __u32 half)
{
	for (int id = TABLE_POL_L4; id <= TABLE_POL_PORTS; id++) {
		const struct table *now = &k->now.t[id], *other = &tables->t[id];
		size_t n = 0;

		for (size_t i = 0; i < now->rows.n; i++) {
			const void *key = table_key(now, i), *value;

			if (policy_half(id, key) != half)
				continue;
			value = table_get(other, key);
			assert_non_null(value);
			assert_memory_equal(value, table_value(now, i), now->desc->value_size);
			n++;
		}
		assert_int_equal(n, other->rows.n);
	}
}

/*
 * What is not in force any more stays, so that the next change only writes where it differs from
 * that; and what the kernel has is known without asking.
 */
static void both_halves_are_kept(void **state)
{
	static const char *const files[] = {
		HEAD WEB_PORTS RULES(A),
		HEAD WEB_PORTS RULES(A ", " B),
		HEAD WEB_PORTS RULES("{from: web, protocol: udp}, " A),
		HEAD WEB_PORTS RULES(B),
		HEAD WEB_PORTS,
		HEAD WEB_PORTS RULES(A),
	};
	struct tables before = {}, wanted;
	struct kernel *k = *state;
	struct known known = {};

	k->keep = true;
	tables_init(&before);
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		plan_for(k, files[i], false);
		assert_true(k->plan.new_policies);
		for (int id = TABLE_POL_L4; id <= TABLE_POL_PORTS; id++)
			assert_int_equal(k->plan.diff[id].removed.n, 0);
		wanted = k->plan.wanted;
		plan_learn(&k->plan, &known);
		assert_true(known.valid);
		k->now = known.tables;
		known = (struct known){};
		assert_half(k, &wanted, (i + 1) & 1);
		assert_half(k, &before, i & 1);
		tables_clear(&before);
		before = wanted;
		tables_init(&k->plan.wanted);
		plan_for(k, files[i], false);
		assert_false(k->plan.new_policies);
		assert_int_equal(policies_written(k) + removed(k) + stale(k), 0);
	}
	/* Back to where it was two changes ago: nothing is left to be written. */
	plan_for(k, HEAD WEB_PORTS, false);
	assert_int_equal(policies_written(k), 0);
	assert_true(stale(k) == 0 && k->plan.new_policies);
	tables_clear(&before);
}

static const struct weft_pol_port *passing(const struct kernel *k, __u32 port)
{
	const struct rows *rows = &k->plan.passing;

	for (size_t i = 0; i < rows->n; i++)
		if (number(rows->keys + i * sizeof(__u32)) / 2 == port)
			return (const struct weft_pol_port *)rows->values + i;
	return NULL;
}

/* A port that leaves is shut where it was restricted, in the half that comes into force. */
static void who_leaves_is_shut(void **state)
{
	struct kernel *k = *state;
	__u32 web, free;

	apply(k, HEAD WEB_PORTS RULES(A));
	web = port_id(&k->now, "web-2");
	free = port_id(&k->now, "free");
	plan_for(k,
		 HEAD "ports:\n" PORT("web-1", "1", ", groups: web")
			 PORT("lb-1", "3", ", groups: lb") RULES(A ", " B),
		 false);
	assert_int_equal(k->plan.passing.n, 1);
	assert_non_null(passing(k, web));
	assert_null(passing(k, free));
	assert_int_equal(number(k->plan.passing.keys), 2 * web);
	assert_int_equal(passing(k, web)->ruleset[WEFT_POL_INGRESS], WEFT_POL_SHUT);
	assert_int_equal(passing(k, web)->ruleset[WEFT_POL_EGRESS], 0);
}

/* One that only has another name is judged as what it becomes. */
static void who_is_renamed_has_an_heir(void **state)
{
	struct kernel *k = *state;
	const struct weft_pol_port *row;
	__u32 old, key;

	apply(k, HEAD WEB_PORTS RULES(A));
	old = port_id(&k->now, "web-2");
	plan_for(k,
		 HEAD "ports:\n" PORT("web-1", "1", ", groups: web")
			 PORT("web-two", "2", ", groups: web") PORT("lb-1", "3", ", groups: lb")
				 PORT("free", "4", "") RULES(A ", " B),
		 false);
	key = 2 * port_id(&k->plan.wanted, "web-two");
	row = table_get(&k->plan.wanted.t[TABLE_POL_PORTS], &key);
	assert_non_null(row);
	assert_non_null(passing(k, old));
	assert_memory_equal(passing(k, old), row, sizeof(*row));
}

/* Rows of ports that have left do not make the others' policies new. */
static void a_leaver_without_class(void **state)
{
	static const char all[] = HEAD "ports:\n" PORT("web-1", "1", ", groups: web")
		PORT("web-2", "2", ", groups: web") RULES("{protocol: tcp}");
	static const char less[] =
		HEAD "ports:\n" PORT("web-1", "1", ", groups: web") RULES("{protocol: tcp}");
	struct kernel *k = *state;

	apply(k, all);
	plan_for(k, less, false);
	assert_false(k->plan.new_policies);
	assert_int_equal(k->plan.diff[TABLE_POL_PORTS].removed.n, 1);
	assert_int_equal(policies_written(k), 0);
	assert_int_equal(k->plan.passing.n, 0);
	/* But programs with new tables of policies look for it in vain. */
	plan_for(k, less, true);
	assert_false(k->plan.new_policies);
	assert_int_equal(k->plan.passing.n, 1);
}

/* A new port is in the new half, which comes into force before the port does. */
static void a_port_comes(void **state)
{
	struct kernel *k = *state;
	__u32 key;

	apply(k, HEAD "ports:\n" PORT("web-1", "1", ", groups: web") RULES(A));
	plan_for(k, HEAD WEB_PORTS RULES(A), false);
	assert_true(k->plan.new_policies);
	key = 2 * port_id(&k->plan.wanted, "web-2");
	assert_non_null(table_get(&k->plan.wanted.t[TABLE_POL_PORTS], &key));
	assert_int_equal(k->plan.generations.begin.policy, 2);
	assert_int_equal(k->plan.generations.begin.forwarding & 1, 1);
	assert_int_equal(k->plan.generations.turn.forwarding & 1, 0);
}

static void rows_that_flows_remember(void **state)
{
	struct kernel *k = *state;
	struct weft_generation was;

	apply(k, HEAD WEB_PORTS);
	/* Another MAC address. */
	plan_for(k,
		 HEAD
		 "ports:\n" PORT("web-1", "1", ", groups: web") PORT("web-2", "2", ", groups: web")
			 PORT("lb-1", "3",
			      ", groups: lb") "  - {name: free, node: a, interface: v4, network: "
					      "one, "
					      "mac: 02:00:00:00:00:09, addresses: [10.9.0.14]}\n",
		 false);
	was = k->plan.generations.was;
	assert_int_equal(k->plan.generations.begin.forwarding, was.forwarding + 1);
	assert_int_equal(k->plan.generations.turn.forwarding, was.forwarding + 3);
	assert_int_equal(k->plan.generations.end.forwarding, was.forwarding + 4);
	/* A longer timeout is nobody's business. */
	plan_for(k, HEAD WEB_PORTS "flows: {timeouts: {udp: 31}}\n", false);
	assert_int_equal(k->plan.generations.end.forwarding, was.forwarding);
	assert_int_equal(k->plan.diff[TABLE_FLOW_CONF].changed.n, 1);
}

/* An apply was killed while it changed forwarding: the next one has flows look again. */
static void unfinished_is_finished(void **state)
{
	struct weft_generation row = {.policy = 1, .forwarding = 3};
	struct kernel *k = *state;

	apply(k, HEAD WEB_PORTS RULES(A));
	assert_int_equal(table_put(&k->now.t[TABLE_GENERATION], &(__u32){0}, &row), 0);
	plan_for(k, HEAD WEB_PORTS RULES(A), false);
	assert_false(k->plan.new_policies);
	assert_int_equal(k->plan.diff[TABLE_GENERATION].changed.n, 1);
	assert_int_equal(k->plan.generations.end.policy, 1);
	assert_int_equal(k->plan.generations.end.forwarding & 1, 0);
	assert_true(k->plan.generations.end.forwarding > 3);
}

static void does_not_fit(void **state)
{
	static const char text[] = HEAD WEB_PORTS RULES(A ", " B) "limits: {policy_ranges: 2}\n";
	struct kernel *k = *state;
	struct plan *plan = &k->plan;

	k->diag = diag_new();
	assert_int_equal(config_load_bytes("f", text, strlen(text), k->diag, &k->cfg), 0);
	*plan = (struct plan){.cfg = k->cfg, .node = config_find_node(k->cfg, "a")};
	tables_init(&plan->wanted);
	plan->actual = k->now;
	compile_ports(k);
	assert_int_equal(plan_policies(plan, k->diag), 0);
	assert_true(diag_count(k->diag) > 0);
}

/* Two whole generations have room, and so has every id that was given out. */
static void sizes(void **state)
{
	static const char text[] = HEAD WEB_PORTS RULES(
		A ", " B) "limits: {ports: 8, endpoints: 16, networks: 4, rules: 10, "
			  "policy_ranges: 100,\n"
			  "  policy_matches: 20, address_blocks: 30, flows: 64, half_open: 32, "
			  "fragments: 16}\n";
	static const struct {
		enum table_id id;
		__u32 entries;
	} expected[] = {
		{TABLE_POL_L4, 200},   {TABLE_POL_MATCH, 40}, {TABLE_POL_SETS, 36},
		{TABLE_POL_CLASS, 64}, {TABLE_POL_CIDR, 60},  {TABLE_POL_PORTS, 18},
		{TABLE_GENERATION, 1}, {TABLE_RULE_INFO, 20}, {TABLE_RULE_STAT, 11},
		{TABLE_FLOWS, 64},     {TABLE_FLOWS_NEW, 32}, {TABLE_FLOWS_OVER, 8},
		{TABLE_FRAGS, 16},     {TABLE_FLOW_CONF, 1},  {TABLE_FLOW_CLOCK, 1},
		{TABLE_FLOW_STAT, 1},  {TABLE_FLOW_USE, 9},   {TABLE_NET_USE, 5},
	};
	struct weft_rule_info rule = {};
	struct weft_port_info port = {};
	struct kernel *k = *state;

	plan_for(k, text, false);
	for (size_t i = 0; i < ARRAY_SIZE(expected); i++)
		assert_int_equal(limits_entries(k->cfg, expected[i].id, &k->plan.wanted, &k->now),
				 expected[i].entries);
	assert_int_equal(table_put(&k->now.t[TABLE_RULE_INFO], &(__u32){15}, &rule), 0);
	assert_int_equal(table_put(&k->now.t[TABLE_PORT_INFO], &(__u32){11}, &port), 0);
	assert_int_equal(limits_entries(k->cfg, TABLE_RULE_STAT, &k->plan.wanted, &k->now), 16);
	assert_int_equal(limits_entries(k->cfg, TABLE_POL_PORTS, &k->plan.wanted, &k->now), 24);
	assert_int_equal(limits_entries(k->cfg, TABLE_FLOW_USE, &k->plan.wanted, &k->now), 12);
}

static void flow_conf(void **state)
{
	static const char text[] =
		HEAD "limits: {flows: 1000}\n"
		     "flows:\n"
		     "  timeouts: {tcp_established: 2h, udp: 500ms, icmp: 3, other: 5d}\n"
		     "  per_network: 70\n";
	const struct weft_flow_conf *conf;
	struct kernel *k = *state;
	__u32 zero = 0;

	plan_for(k, text, false);
	conf = table_get(&k->plan.wanted.t[TABLE_FLOW_CONF], &zero);
	assert_non_null(conf);
	assert_int_equal(conf->timeout_ms[WEFT_TCP_ESTABLISHED], 7200000);
	assert_int_equal(conf->timeout_ms[WEFT_UDP_UNREPLIED], 500);
	assert_int_equal(conf->timeout_ms[WEFT_UDP_REPLIED], 120000);
	assert_int_equal(conf->timeout_ms[WEFT_ICMP_UNREPLIED], 3000);
	assert_int_equal(conf->timeout_ms[WEFT_ICMP_REPLIED], 3000);
	assert_int_equal(conf->timeout_ms[WEFT_OTHER_REPLIED], 432000000);
	assert_int_equal(conf->timeout_ms[WEFT_FLOW_NONE], 0);
	for (int i = WEFT_FLOW_NONE + 1; i < __WEFT_FLOW_STATE_MAX; i++)
		assert_int_not_equal(conf->timeout_ms[i], 0);
	assert_int_equal(conf->per_port, 500);
	assert_int_equal(conf->per_network, 70);
	assert_int_equal(conf->new_per_port, 16384);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(first_generation),
		TEST(nothing_to_do),
		TEST(lines_are_names_only),
		TEST(one_rule_changes),
		TEST(leftovers_go_first),
		TEST(both_halves_are_kept),
		TEST(who_leaves_is_shut),
		TEST(who_is_renamed_has_an_heir),
		TEST(a_leaver_without_class),
		TEST(a_port_comes),
		TEST(rows_that_flows_remember),
		TEST(unfinished_is_finished),
		TEST(does_not_fit),
		TEST(sizes),
		TEST(flow_conf),
	};

	return cmocka_run_group_tests_name("plan of policies", tests, NULL, NULL);
}
