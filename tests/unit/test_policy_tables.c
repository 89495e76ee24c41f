/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The tables of policies beyond what they decide: ids that stay, generations that do not touch each
 * other, what is shared, and what does not fit.
 */
#include "policy/world.h"

#include "identity.h"

#define HEAD                                                                                       \
	"nodes:\n"                                                                                 \
	"  - {name: a, vtep: 192.0.2.1, uplinks: [up0]}\n"                                         \
	"  - {name: b, vtep: 192.0.2.2, uplinks: [up0]}\n"                                         \
	"networks:\n"                                                                              \
	"  - {name: one, vni: 1, subnets: [10.9.0.0/24]}\n"                                        \
	"  - {name: two, vni: 2, default_policy: deny}\n"                                          \
	"ports:\n"                                                                                 \
	"  - {name: web-1, node: a, interface: v1, network: one, mac: 02:00:00:00:00:01,\n"        \
	"     addresses: [10.9.0.11], groups: web}\n"                                              \
	"  - {name: web-2, node: a, interface: v2, network: one, mac: 02:00:00:00:00:02,\n"        \
	"     addresses: [10.9.0.12], groups: web}\n"                                              \
	"  - {name: lb-1, node: b, network: one, mac: 02:00:00:00:00:03,\n"                        \
	"     addresses: [10.9.0.13, 10.9.0.14], groups: [lb]}\n"                                  \
	"  - {name: db-1, node: b, network: one, mac: 02:00:00:00:00:04,\n"                        \
	"     addresses: [10.9.0.15], groups: [db]}\n"                                             \
	"  - {name: far-1, node: b, network: two, mac: 02:00:00:00:00:04,\n"                       \
	"     addresses: [10.9.0.15], groups: [web, lb, db]}\n"

/* One whose groups are known by what its node tells only. */
#define NAMELESS "  - {name: lb-2, node: b, network: one, mac: 02:00:00:00:00:05, groups: [lb]}\n"

#define POLICY(name, dir, rules)                                                                   \
	"  - {name: " name ", applies_to: web, direction: " dir ", rules: [" rules "]}\n"

#define A "{from: lb, protocol: tcp, ports: [80, 443]}"
#define B "{from: {cidrs: [10.0.0.0/8, 192.0.2.0/24]}}"
#define C "{action: deny, protocol: udp}"
#define D "{from: [db], protocol: 0}"

static size_t rows(const struct world *w, enum table_id id)
{
	return w->t.t[id].rows.n;
}

static __u32 row_id(const struct table *t, size_t i)
{
	__u32 id;

	memcpy(&id, table_key(t, i), sizeof(id));
	return id;
}

/* Id of a rule; 0 if there is none. */
static __u32 rule_id(const struct world *w, const char *policy, __u32 index)
{
	const struct table *t = &w->t.t[TABLE_RULE_INFO];

	for (size_t i = 0; i < t->rows.n; i++) {
		const struct weft_rule_info *info = table_value(t, i);

		if (!strcmp(info->policy, policy) && info->index == index)
			return row_id(t, i);
	}
	return 0;
}

/* Compile a file on top of what @w holds, as the next generation. */
static void apply(struct world *w, const char *yaml)
{
	struct table before = {};
	__u32 generation = w->generation + 1;

	if (w->cfg) {
		before = w->t.t[TABLE_RULE_INFO];
		table_init(&w->t.t[TABLE_RULE_INFO], before.desc);
		world_clear(w);
	}
	world_load(w, yaml);
	world_compile(w, generation, before.desc ? &before : NULL);
	assert_int_equal(diag_count(w->diag), 0);
	table_clear(&before);
}

static void ids_stay(void **state)
{
	struct world w = {};
	__u32 a, b, c, rest;

	(void)state;
	apply(&w, HEAD "policies:\n" POLICY("n", "ingress", A ", " B));
	a = rule_id(&w, "n", 0);
	b = rule_id(&w, "n", 1);
	rest = rule_id(&w, "n", WEFT_POL_RULE_DEFAULT);
	assert_true(a && b && rest && a != b && a != rest && b != rest);
	assert_int_equal(rows(&w, TABLE_RULE_INFO), 3);

	/* Another rule before them, and a deny, which is asked first. */
	apply(&w, HEAD "policies:\n" POLICY("n", "ingress", D ", " A ", " C ", " B));
	assert_int_equal(rule_id(&w, "n", 1), a);
	assert_int_equal(rule_id(&w, "n", 3), b);
	assert_int_equal(rule_id(&w, "n", WEFT_POL_RULE_DEFAULT), rest);
	c = rule_id(&w, "n", 2);

	/* Another policy first; the rules the other way round, spelled otherwise. */
	apply(&w, HEAD "policies:\n" POLICY("m", "ingress", A) POLICY(
			  "n", "ingress",
			  "{from: {cidrs: [192.0.2.0/24, 10.0.0.0/8]}, action: allow}, " C
			  ", {protocol: 6, ports: [443, 80-80, 80], from: {groups: [lb, lb]}}"));
	assert_int_equal(rule_id(&w, "n", 2), a);
	assert_int_equal(rule_id(&w, "n", 0), b);
	assert_int_equal(rule_id(&w, "n", 1), c);
	assert_int_not_equal(rule_id(&w, "m", 0), a);
	world_clear(&w);
}

static void another_rule_has_another_id(void **state)
{
	static const char *const others[] = {
		"{from: lb, protocol: tcp, ports: [80, 444]}",
		"{from: lb, protocol: udp, ports: [80, 443]}",
		"{from: db, protocol: tcp, ports: [80, 443]}",
		"{from: {cidrs: 10.9.0.0/24}, protocol: tcp, ports: [80, 443]}",
		"{action: deny, from: lb, protocol: tcp, ports: [80, 443]}",
		"{protocol: tcp, ports: [80, 443]}",
		"{from: lb, protocol: tcp}",
	};
	__u32 seen[ARRAY_SIZE(others) + 1];
	struct world w = {};
	char text[4096];

	(void)state;
	apply(&w, HEAD "policies:\n" POLICY("n", "ingress", A));
	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		seen[i] = rule_id(&w, "n", 0);
		snprintf(text, sizeof(text),
			 HEAD "policies:\n  - {name: n, applies_to: web, direction: ingress, "
			      "rules: [%s]}\n",
			 others[i]);
		apply(&w, text);
		assert_int_not_equal(rule_id(&w, "n", 0), seen[i]);
	}
	/* In the other direction, and in a policy of another name. */
	seen[0] = rule_id(&w, "n", 0);
	apply(&w, HEAD "policies:\n" POLICY("n", "egress", "{to: lb, protocol: tcp}"));
	assert_int_not_equal(rule_id(&w, "n", 0), seen[0]);
	seen[0] = rule_id(&w, "n", 0);
	apply(&w, HEAD "policies:\n" POLICY("m", "egress", "{to: lb, protocol: tcp}"));
	assert_int_not_equal(rule_id(&w, "m", 0), seen[0]);
	world_clear(&w);
}

static void same_rules_are_several(void **state)
{
	struct world w = {};
	__u32 a, b;

	(void)state;
	apply(&w, HEAD "policies:\n" POLICY("n", "ingress", A ", " A));
	a = rule_id(&w, "n", 0);
	b = rule_id(&w, "n", 1);
	assert_int_not_equal(a, b);
	apply(&w, HEAD "policies:\n" POLICY("n", "ingress", A ", " B ", " A));
	assert_int_equal(rule_id(&w, "n", 0), a);
	assert_int_equal(rule_id(&w, "n", 2), b);
	world_clear(&w);
}

/* Random edits: who was there keeps its id, who is new has one that nobody had just before. */
static void ids_stay_in_random_edits(void **state)
{
	static const char *const rules[] = {A, B, C, D, "{}", "{action: reject, protocol: 47}"};
	__u32 ids[ARRAY_SIZE(rules)] = {}, next[ARRAY_SIZE(rules)];
	unsigned int seed = 1;
	struct world w = {};

	(void)state;
	for (int round = 0; round < 300; round++) {
		unsigned int order[ARRAY_SIZE(rules)], n = 0;
		char text[4096], *end;

		for (unsigned int i = 0; i < ARRAY_SIZE(rules); i++) {
			unsigned int at = rand_r(&seed) % (n + 1);

			if (rand_r(&seed) % 3 == 0)
				continue;
			memmove(&order[at + 1], &order[at], (n - at) * sizeof(order[0]));
			order[at] = i;
			n++;
		}
		end = stpcpy(text, HEAD "policies:\n  - {name: n, applies_to: web, direction: "
					"ingress, rules: [");
		for (unsigned int i = 0; i < n; i++)
			end += sprintf(end, "%s%s", i ? ", " : "", rules[order[i]]);
		strcpy(end, "]}\n");
		apply(&w, text);

		memset(next, 0, sizeof(next));
		for (unsigned int i = 0; i < n; i++)
			next[order[i]] = rule_id(&w, "n", i);
		for (unsigned int i = 0; i < ARRAY_SIZE(rules); i++) {
			if (ids[i] && next[i])
				assert_int_equal(ids[i], next[i]);
			for (unsigned int j = 0; j < ARRAY_SIZE(rules); j++) {
				if (i != j && next[i])
					assert_true(next[i] != ids[j] && next[i] != next[j]);
			}
		}
		memcpy(ids, next, sizeof(ids));
	}
	world_clear(&w);
}

static void infos_say_it_all(void **state)
{
	const struct weft_rule_info *info;
	struct world w = {};

	(void)state;
	apply(&w,
	      HEAD "  - {name: x, node: a, interface: v9, network: two, mac: 02:00:00:00:00:09}\n"
		   "policies:\n"
		   "  - name: n\n"
		   "    applies_to: web\n"
		   "    direction: egress\n"
		   "    default: reject\n"
		   "    rules:\n"
		   "      - {action: deny}\n"
		   "  - {name: unused, applies_to: lb, direction: ingress}\n");
	info = world_info(&w, rule_id(&w, "n", 0));
	assert_non_null(info);
	assert_int_equal(info->line, 25);
	assert_int_equal(info->direction, WEFT_POL_EGRESS);
	assert_int_equal(info->action, WEFT_POL_DENY);
	info = world_info(&w, rule_id(&w, "n", WEFT_POL_RULE_DEFAULT));
	assert_non_null(info);
	assert_int_equal(info->line, 23);
	assert_int_equal(info->action, WEFT_POL_REJECT);
	info = world_info(&w, rule_id(&w, "two", WEFT_POL_RULE_NETWORK));
	assert_non_null(info);
	assert_int_equal(info->line, 6);
	assert_int_equal(info->action, WEFT_POL_DENY);
	/* Two of network two, one in each direction; nothing of a policy for other nodes' ports. */
	assert_int_equal(rows(&w, TABLE_RULE_INFO), 4);
	assert_int_equal(rule_id(&w, "unused", WEFT_POL_RULE_DEFAULT), 0);
	world_clear(&w);
}

static void keep_is_of_allowing_rules(void **state)
{
	struct packet packet = {.peer = world_addr("10.9.0.13"), .protocol = 6};
	struct world w = {};

	(void)state;
	apply(&w,
	      HEAD "policies:\n"
		   "  - {name: n, applies_to: web, direction: ingress, keep_established: true,\n"
		   "     rules: [{action: deny, protocol: udp}, {from: lb}]}\n"
		   "  - {name: m, applies_to: web, direction: ingress, rules: [{from: db}]}\n");
	assert_true(world_look_up(&w, &packet).keep);
	packet.protocol = 17;
	assert_false(world_look_up(&w, &packet).keep);
	packet.protocol = 6;
	packet.peer = world_addr("10.9.0.15");
	assert_int_equal(world_look_up(&w, &packet).action, WEFT_POL_ALLOW);
	assert_false(world_look_up(&w, &packet).keep);
	world_clear(&w);
}

/*
 * All that two generations have in common are the rules' names: whichever files they are of, and
 * however many ranges they have.
 */
static void generations_are_apart(void **state)
{
	static const char some[] =
		HEAD NAMELESS "policies:\n" POLICY("n", "ingress", A ", " B ", " C);
	static const char more[] = HEAD NAMELESS "policies:\n" POLICY(
		"n", "ingress",
		A ", " B ", " C
		  ", {protocol: sctp, ports: [1, 3, 5, 7, 9]}, {from: lb, protocol: 47}");
	struct world one, two;

	(void)state;
	world_load(&one, some);
	world_load(&two, more);
	world_compile(&one, 6, NULL);
	world_compile(&two, 7, &one.t.t[TABLE_RULE_INFO]);
	assert_true(rows(&two, TABLE_POL_L4) > rows(&one, TABLE_POL_L4));
	for (int i = TABLE_POL_L4; i <= TABLE_POL_PORTS; i++) {
		const struct table *t = &one.t.t[i];

		assert_true(table_is_policy(i));
		assert_true(t->rows.n > 0 && two.t.t[i].rows.n > 0);
		for (size_t j = 0; j < t->rows.n; j++)
			assert_null(table_get(&two.t.t[i], table_key(t, j)));
	}
	for (size_t j = 0; j < rows(&one, TABLE_RULE_INFO); j++)
		assert_non_null(table_get(&two.t.t[TABLE_RULE_INFO],
					  table_key(&one.t.t[TABLE_RULE_INFO], j)));
	world_clear(&one);
	world_clear(&two);
}

static __u32 told(struct world *w, const char *peer, __u32 identity)
{
	struct packet packet = {
		.peer = world_addr(peer), .protocol = 6, .detail = 80, .identity = identity};

	return world_look_up(w, &packet).action;
}

/* Groups of senders that the file does not have: as Geneve tells them, and as VXLAN-GBP does. */
static void told_groups(void **state)
{
	static const char text[] = HEAD NAMELESS "policies:\n" POLICY(
		"n", "ingress", "{action: deny, from: {cidrs: 10.9.0.128/25}}, " A);
	const __u32 lb = identity_of(&(struct cfg_strs){&(struct cfg_str){.v = "lb"}, 1});
	const __u32 db = identity_of(&(struct cfg_strs){&(struct cfg_str){.v = "db"}, 1});
	struct world w = {};

	(void)state;
	apply(&w, text);
	assert_int_equal(told(&w, "10.9.0.99", lb), WEFT_POL_ALLOW);
	assert_int_equal(told(&w, "10.9.0.99", weft_identity_short(lb)), WEFT_POL_ALLOW);
	assert_int_equal(told(&w, "10.9.0.99", db), WEFT_POL_DENY);
	assert_int_equal(told(&w, "10.9.0.99", 0), WEFT_POL_DENY);
	/* Its address is known to be bad, and that rule comes first. */
	assert_int_equal(told(&w, "10.9.0.200", lb), WEFT_POL_DENY);
	/* lb-1, by its address. */
	assert_int_equal(told(&w, "10.9.0.13", 0), WEFT_POL_ALLOW);
	world_clear(&w);
}

/* So an apply can tell that nothing changed by compiling for the generation in force. */
static void same_in_same_out(void **state)
{
	static const char text[] = HEAD "policies:\n" POLICY("n", "ingress", A ", " B ", " C);
	struct world one, two;

	(void)state;
	world_load(&one, text);
	world_load(&two, text);
	world_compile(&one, 3, NULL);
	world_compile(&two, 3, &one.t.t[TABLE_RULE_INFO]);
	for (int i = 0; i < __TABLE_WANTED_MAX; i++) {
		struct table_diff diff = {};

		assert_int_equal(table_diff(&one.t.t[i], &two.t.t[i], &diff), 0);
		assert_true(table_diff_empty(&diff));
		table_diff_clear(&diff);
	}
	world_clear(&one);
	world_clear(&two);
}

static void equals_are_shared(void **state)
{
	struct world w = {};

	(void)state;
	/* Two ports, one rule set; three addresses, two classes; lb and db have lists of their own.
	 */
	apply(&w, HEAD "policies:\n" POLICY("n", "ingress", A ", " D));
	assert_int_equal(rows(&w, TABLE_POL_PORTS), 2);
	assert_int_equal(rows(&w, TABLE_POL_SETS), 1);
	assert_int_equal(rows(&w, TABLE_POL_CLASS), 3);
	assert_int_equal(rows(&w, TABLE_POL_MATCH), 2);
	assert_int_equal(rows(&w, TABLE_POL_CIDR), 0);
	/* A rule about both: one list. */
	apply(&w, HEAD "policies:\n" POLICY("n", "ingress", "{from: {groups: [lb, db]}}"));
	assert_int_equal(rows(&w, TABLE_POL_MATCH), 2);
	assert_int_equal(rows(&w, TABLE_POL_L4), 2);
	/* A prefix is an entry, but a set is one prefix if one holds the other. */
	apply(&w, HEAD
	      "policies:\n" POLICY("n", "ingress", "{from: {cidrs: [10.0.0.0/8, 10.1.0.0/16]}}"));
	assert_int_equal(rows(&w, TABLE_POL_CIDR), 2);
	assert_int_equal(rows(&w, TABLE_POL_CLASS), 5);
	apply(&w, HEAD "address_sets:\n  - {name: s, cidrs: [10.0.0.0/8, 10.1.0.0/16]}\n"
		       "policies:\n" POLICY("n", "ingress", "{from: {sets: s}}"));
	assert_int_equal(rows(&w, TABLE_POL_CIDR), 1);
	/* Groups that no rule names make no difference. */
	apply(&w, HEAD "policies:\n" POLICY("n", "ingress", C));
	assert_int_equal(rows(&w, TABLE_POL_CLASS), 0);
	assert_int_equal(rows(&w, TABLE_POL_MATCH), 0);
	apply(&w, HEAD);
	for (int i = 0; i < __TABLE_WANTED_MAX; i++)
		assert_int_equal(rows(&w, i), 0);
	world_clear(&w);
}

static const char limited[] =
	HEAD "policies:\n" POLICY("n", "ingress", A ", " B ", " C ", " D) "limits: {%s: %zu}\n";

static void checked_for_a_node(void **state)
{
	char text[4096];
	struct world w;

	(void)state;
	snprintf(text, sizeof(text), limited, "rules", (size_t)4);
	world_load(&w, text);
	assert_int_equal(policy_check(w.cfg, config_find_node(w.cfg, "b"), w.diag), 0);
	/* Of network two, the policies and its own default for the other direction. */
	assert_int_equal(diag_count(w.diag), 1);
	world_clear(&w);
	world_load(&w, HEAD "policies:\n" POLICY("n", "ingress", A) "limits: {rules: 3}\n");
	assert_int_equal(policy_check(w.cfg, config_find_node(w.cfg, "a"), w.diag), 0);
	assert_int_equal(diag_count(w.diag), 0);
	world_clear(&w);
}

static void ids_come_from_compile(void **state)
{
	struct weft_port_info port = {.name = "web-2", .kind = WEFT_PORT_ACCESS};
	struct weft_network_info network = {.name = "two"};
	struct tables tables;
	__u32 ports[5], id = 77;
	__u16 networks[2];
	struct world w;

	(void)state;
	world_load(&w, HEAD);
	tables_init(&tables);
	assert_int_equal(table_put(&tables.t[TABLE_PORT_INFO], &id, &port), 0);
	assert_int_equal(table_put(&tables.t[TABLE_NET_INFO], &id, &network), 0);
	/* An uplink called like a port, and a port that has gone. */
	id = 78;
	port.kind = WEFT_PORT_UPLINK;
	assert_int_equal(table_put(&tables.t[TABLE_PORT_INFO], &id, &port), 0);
	id = 79;
	strcpy(port.name, "gone");
	assert_int_equal(table_put(&tables.t[TABLE_PORT_INFO], &id, &port), 0);
	policy_ids(w.cfg, config_find_node(w.cfg, "a"), &tables, ports, networks);
	assert_int_equal(ports[1], 77);
	assert_int_equal(ports[0] | ports[2] | ports[3] | ports[4], 0);
	assert_int_equal(networks[0], 0);
	assert_int_equal(networks[1], 77);
	tables_clear(&tables);
	world_clear(&w);
}

/** struct limit_case - a policy, and a limit that is one too small for it. */
struct limit_case {
	const char *key;
	size_t needed;
	const char *message;
};

static const struct limit_case limits[] = {
	{"rules", 5, "the policies of this node need 5 rules"},
	{"policy_matches", 4, "need 4 pairs of a rule set and a kind of peer"},
	{"policy_ranges", 9, "need 9 ranges"},
	{"address_blocks", 2, "need 2 prefixes"},
};

static void limits_hold(void **state)
{
	const struct limit_case *c = *state;
	const struct diag_entry *entries;
	char text[4096], key[64];
	struct world w;
	size_t n;

	snprintf(text, sizeof(text), limited, c->key, c->needed);
	world_load(&w, text);
	world_compile(&w, 1, NULL);
	diag_print(w.diag, stderr);
	assert_int_equal(diag_count(w.diag), 0);
	world_clear(&w);

	snprintf(text, sizeof(text), limited, c->key, c->needed - 1);
	world_load(&w, text);
	world_compile(&w, 1, NULL);
	entries = diag_entries(w.diag, &n);
	assert_int_equal(n, 1);
	snprintf(key, sizeof(key), "limits.%s", c->key);
	assert_string_equal(entries[0].at.key, key);
	assert_int_equal(entries[0].at.line, 20);
	assert_non_null(strstr(entries[0].message, c->message));
	snprintf(text, sizeof(text), "raise %s to at least %zu", key, c->needed);
	assert_string_equal(entries[0].hint, text);
	world_clear(&w);
}

static struct world refused(char *text, const char *part)
{
	const struct diag_entry *entries;
	struct world w;
	size_t n;

	world_load(&w, text);
	world_compile(&w, 1, NULL);
	entries = diag_entries(w.diag, &n);
	assert_true(n > 0);
	if (!strstr(entries[0].message, part) &&
	    (!entries[0].hint || !strstr(entries[0].hint, part)))
		diag_print(w.diag, stderr);
	assert_true(strstr(entries[0].message, part) ||
		    (entries[0].hint && strstr(entries[0].hint, part)));
	free(text);
	return w;
}

/* Two thousand addresses in a prefix with a thousand ports: four million ranges. */
static void more_than_any_limit(void **state)
{
	struct world w;
	char *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	(void)state;
	fputs(HEAD "policies:\n  - name: n\n    applies_to: web\n    direction: ingress\n"
		   "    rules:\n",
	      out);
	for (int i = 0; i < 1000; i++)
		fprintf(out, "      - {from: {cidrs: 172.16.0.0/16}, protocol: tcp, ports: %d}\n",
			i * 2);
	for (int i = 0; i < 2110; i++)
		fprintf(out, "      - {from: {cidrs: 172.16.%d.%d/32}, protocol: udp}\n", i / 256,
			i % 256);
	fclose(out);
	w = refused(text, "more than any limit allows");
	world_clear(&w);
}

/* Five thousand sets that hold five thousand addresses each. */
static void too_many_members(void **state)
{
	struct world w;
	char *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	(void)state;
	fputs(HEAD "address_sets:\n", out);
	for (int i = 0; i < 5000; i++)
		fprintf(out, "  - {name: s%d, cidrs: [172.16.0.0/16, 172.16.%d.%d/32]}\n", i,
			i / 256, i % 256);
	for (int i = 0; i < 5000; i++)
		fprintf(out, "  - {name: t%d, cidrs: [172.16.%d.%d/32]}\n", i, i / 256, i % 256);
	fputs("policies:\n  - name: n\n    applies_to: web\n    direction: ingress\n    rules:\n",
	      out);
	for (int i = 0; i < 5000; i++)
		fprintf(out, "      - {from: {sets: [s%d, t%d]}, protocol: tcp}\n", i, i);
	fclose(out);
	w = refused(text, "too many address sets and prefixes hold the same addresses");
	world_clear(&w);
}

/* A range is found in WEFT_POL_SEARCH_STEPS steps, or the set is refused. */
static void too_long_a_list(void **state)
{
	static const char *const protocols[] = {"tcp", "udp", "sctp"};
	struct world w;
	char *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	(void)state;
	fputs(HEAD "limits: {rules: 100000, policy_ranges: 4000000}\n"
		   "policies:\n  - name: n\n    applies_to: web\n    direction: ingress\n"
		   "    rules:\n",
	      out);
	for (size_t i = 0; i < ARRAY_SIZE(protocols); i++) {
		fprintf(out, "      - {protocol: %s, ports: [0", protocols[i]);
		for (int port = 2; port < 65536; port += 2)
			fprintf(out, ", %d", port);
		fputs("]}\n", out);
	}
	for (int i = 0; i < 32768; i++)
		fprintf(out, "      - {protocol: icmp, icmp_type: %d, icmp_code: %d}\n", i / 128,
			i % 128 * 2);
	fclose(out);
	w = refused(text, "come to 262145 ranges; 262143 are the most");
	world_clear(&w);
}

int main(void)
{
	static const struct CMUnitTest others[] = {
		cmocka_unit_test(ids_stay),
		cmocka_unit_test(another_rule_has_another_id),
		cmocka_unit_test(same_rules_are_several),
		cmocka_unit_test(ids_stay_in_random_edits),
		cmocka_unit_test(infos_say_it_all),
		cmocka_unit_test(keep_is_of_allowing_rules),
		cmocka_unit_test(generations_are_apart),
		cmocka_unit_test(told_groups),
		cmocka_unit_test(same_in_same_out),
		cmocka_unit_test(equals_are_shared),
		cmocka_unit_test(checked_for_a_node),
		cmocka_unit_test(ids_come_from_compile),
		cmocka_unit_test(more_than_any_limit),
		cmocka_unit_test(too_many_members),
		cmocka_unit_test(too_long_a_list),
	};
	struct CMUnitTest tests[ARRAY_SIZE(limits)] = {};
	int failed;

	for (size_t i = 0; i < ARRAY_SIZE(limits); i++)
		tests[i] = (struct CMUnitTest){.name = limits[i].key,
					       .test_func = limits_hold,
					       .initial_state = (void *)&limits[i]};
	failed = cmocka_run_group_tests_name("policy limits", tests, NULL, NULL);
	return failed + cmocka_run_group_tests_name("policy tables", others, NULL, NULL);
}
