/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Policies into tables; see policy.h. Ids and sizes are decided here, the rest in policy_parts.h.
 */
#include "policy.h"

#include <stdlib.h>
#include <string.h>

#include "identity.h"
#include "ids.h"
#include "policy_parts.h"

/** struct emitter - one run of policy_compile(). */
struct emitter {
	struct pol pol;
	const struct policy_input *in;
	struct diag *diag;
	struct tables *out;
	struct ids ids;
	bool *judged; /* by network: some port of it has a rule set */

	struct set list_index;         /* ranges -> list */
	struct weft_pol_ranges *lists; /* as if there were this generation only */
	size_t n_lists, lists_size;
	struct weft_pol_range *ranges;
	size_t n_ranges, ranges_size;
	size_t n_matches;
	size_t longest;
};

/** struct rule_key - what makes a rule the same one. No padding. */
struct rule_key {
	char policy[WEFT_NAME_LEN];
	__u64 identity;
};

static void put(struct emitter *e, enum table_id id, const void *key, const void *value)
{
	if (!e->pol.err)
		e->pol.err = table_put(&e->out->t[id], key, value);
}

static __u32 parity(const struct emitter *e)
{
	return e->in->generation & 1;
}

/* Id of a rule set or class, by its number from 1. */
static __u32 id_of(const struct emitter *e, __u32 number)
{
	return number ? 2 * number + parity(e) : 0;
}

static int load_ids(struct emitter *e)
{
	const struct table *rules = e->in->rules;
	int err = 0;

	for (size_t i = 0; rules && i < rules->rows.n && !err; i++) {
		const struct weft_rule_info *info = table_value(rules, i);
		struct rule_key key = {.identity = info->identity};
		__u32 id;

		memcpy(&id, table_key(rules, i), sizeof(id));
		memcpy(key.policy, info->policy, sizeof(key.policy));
		err = ids_keep(&e->ids, &key, sizeof(key), id);
	}
	return err;
}

static void describe(const struct pol_rule *rule, struct weft_rule_info *info)
{
	const struct cfg_network *network = rule->network;
	const char *name;

	if (rule->policy) {
		name = rule->policy->name.v;
		info->index =
			rule->rule ? rule->rule - rule->policy->rules.v : WEFT_POL_RULE_DEFAULT;
		info->line = rule->rule                    ? rule->rule->line
			     : rule->policy->fallback.line ? rule->policy->fallback.line
							   : rule->policy->line;
	} else {
		name = network->name.v;
		info->index = WEFT_POL_RULE_NETWORK;
		info->line =
			network->default_policy.line ? network->default_policy.line : network->line;
	}
	strncpy(info->policy, name, sizeof(info->policy) - 1);
	info->direction = rule->direction;
	info->action = rule->action;
}

/* Rules that say the same in one policy still are several. */
static void emit_rules(struct emitter *e)
{
	struct pol *p = &e->pol;
	struct set taken = {};

	if (!p->err)
		p->err = load_ids(e);
	for (size_t i = 0; i < p->n_all && !p->err; i++) {
		struct pol_rule *rule = &p->rules[i];
		struct weft_rule_info info = {.identity = pol_identity(p, rule)};
		struct rule_key key;
		int err;

		describe(rule, &info);
		memcpy(key.policy, info.policy, sizeof(key.policy));
		do {
			key.identity = info.identity;
			err = set_add(&taken, &key, sizeof(key), i, NULL);
		} while (err == -EEXIST && ++info.identity);
		p->err = err ? err : ids_get(&e->ids, &key, sizeof(key), &rule->id);
		put(e, TABLE_RULE_INFO, &rule->id, &info);
	}
	set_clear(&taken);
}

static void emit_ports(struct emitter *e)
{
	const struct pol *p = &e->pol;

	for (size_t i = 0; i < p->cfg->ports.n && !p->err; i++) {
		const __u32 *sets = &p->port_sets[2 * i];
		__u32 key = e->in->ports[i] * 2 + parity(e);
		struct weft_pol_port port = {};

		for (int dir = 0; dir < __WEFT_POL_DIR_MAX; dir++) {
			if (sets[dir] != POL_NONE)
				port.ruleset[dir] = id_of(e, sets[dir] + 1);
		}
		if (!port.ruleset[WEFT_POL_INGRESS] && !port.ruleset[WEFT_POL_EGRESS])
			continue;
		e->judged[p->port_network[i]] = true;
		put(e, TABLE_POL_PORTS, &key, &port);
	}
}

static void put_block(struct emitter *e, const struct in6_addr *addr, __u8 len, __u32 class)
{
	struct weft_pol_cidr_key key = {.prefixlen = 32 + len, .parity = parity(e)};
	__u32 id = id_of(e, class);

	memcpy(&key.addr, addr, sizeof(key.addr));
	put(e, TABLE_POL_CIDR, &key, &id);
}

static void emit_blocks(struct emitter *e)
{
	static const struct in6_addr ipv4 = {.s6_addr = {[10] = 0xff, [11] = 0xff}};
	const struct pol *p = &e->pol;

	for (size_t i = 0; i < p->n_nodes; i++) {
		if (p->nodes[i].class != POL_NONE)
			put_block(e, &p->nodes[i].addr, p->nodes[i].len, p->nodes[i].class);
	}
	if (p->ipv6_over_ipv4 && !p->ipv4_whole)
		put_block(e, &ipv4, 96, 0);
}

/* Endpoints without tokens can be left out: no block holds them, or they would have its tokens. */
static void emit_endpoints(struct emitter *e)
{
	struct pol *p = &e->pol;

	for (size_t i = 0; i < p->cfg->ports.n && !p->err; i++) {
		const struct cfg_addrs *addrs = &p->cfg->ports.v[i].addresses;
		__u32 network = p->port_network[i];

		if (!e->judged[network] || !e->in->networks[network])
			continue;
		for (size_t j = 0; j < addrs->n; j++) {
			struct weft_pol_addr_key key = {.network = e->in->networks[network],
							.parity = parity(e)};
			__u32 class = id_of(e, pol_port_class(p, i, &addrs->v[j].v));

			memcpy(&key.addr, &addrs->v[j].v, sizeof(key.addr));
			if (class)
				put(e, TABLE_POL_CLASS, &key, &class);
		}
	}
}

/*
 * For senders that the file does not have: behind a tunnel that tells their groups, or behind a
 * port that does not list its addresses. Ports with the same groups write the same rows.
 */
static void emit_identities(struct emitter *e)
{
	struct pol *p = &e->pol;
	bool told =
		config_uses(p->cfg, CFG_ENCAP_GENEVE) || config_uses(p->cfg, CFG_ENCAP_VXLAN_GBP);

	for (size_t i = 0; i < p->cfg->ports.n && !p->err; i++) {
		__u32 network = p->port_network[i], class;
		struct weft_pol_ident_key key = {
			.identity = identity_of(&p->cfg->ports.v[i].groups),
			.network = e->in->networks[network],
			.parity = parity(e),
		};

		if (!e->judged[network] || !key.network || !key.identity ||
		    (!told && p->cfg->ports.v[i].addresses.n))
			continue;
		class = id_of(e, pol_member_class(p, i, 0));
		if (!class)
			continue;
		put(e, TABLE_POL_IDENT, &key, &class);
		key.identity = weft_identity_short(key.identity);
		put(e, TABLE_POL_IDENT, &key, &class);
	}
}

/* Index in weft_pol_l4: the generations' ranges alternate. */
static __u32 index_of(const struct emitter *e, __u32 range)
{
	return 2 * range + parity(e);
}

/* A list of ranges, or one that is the same. */
static __u32 take_list(void *arg, size_t set, struct slice orders, bool anybody)
{
	struct emitter *e = arg;
	struct pol *p = &e->pol;
	const struct pol_ranges *new = &p->painted;
	size_t list = e->n_lists;
	int err;

	(void)set, (void)orders, (void)anybody;
	if (new->n > e->longest)
		e->longest = new->n;
	err = set_add(&e->list_index, new->v, new->n * sizeof(*new->v), list, &list);
	if (err == -EEXIST)
		return list;
	p->err = err;
	if (e->n_ranges + new->n > CFG_POLICY_MAX) {
		e->n_ranges += new->n;
		p->err = -E2BIG;
	}
	if (pol_grow(p, &e->lists, e->n_lists, &e->lists_size, sizeof(*e->lists)))
		return 0;
	e->lists[e->n_lists++] = (struct weft_pol_ranges){.first = e->n_ranges, .count = new->n};
	for (size_t i = 0; i < new->n; i++) {
		if (pol_grow(p, &e->ranges, e->n_ranges, &e->ranges_size, sizeof(*e->ranges)))
			return 0;
		e->ranges[e->n_ranges++] = new->v[i];
	}
	return list;
}

static void take_match(void *arg, size_t set, __u32 class, __u32 list)
{
	struct emitter *e = arg;
	struct weft_pol_match_key key = {.ruleset = id_of(e, set + 1), .class_id = id_of(e, class)};
	struct weft_pol_ranges ranges;

	if (e->pol.err)
		return;
	ranges = e->lists[list];
	ranges.first = index_of(e, ranges.first);
	if (!class)
		put(e, TABLE_POL_SETS, &key.ruleset, &ranges);
	else if (++e->n_matches <= e->pol.cfg->limits.policy_matches.v)
		put(e, TABLE_POL_MATCH, &key, &ranges);
	else if (e->n_matches > CFG_POLICY_MAX)
		e->pol.err = -E2BIG;
}

static void emit_ranges(struct emitter *e)
{
	for (size_t i = 0; i < e->n_ranges && !e->pol.err; i++) {
		__u32 key = index_of(e, i);

		put(e, TABLE_POL_L4, &key, &e->ranges[i]);
	}
}

static void check_limit(struct emitter *e, const struct cfg_num *limit, const char *name,
			size_t needed, const char *what)
{
	if (needed <= limit->v)
		return;
	diag_error(e->diag, DIAG_AT(*limit, "limits.%s", name),
		   "the limit is %llu, but the policies of this node need %zu %s", limit->v, needed,
		   what);
	if (needed <= CFG_POLICY_MAX)
		diag_hint(e->diag, "raise limits.%s to at least %zu", name, needed);
	else
		diag_hint(e->diag, "that is more than any limit allows; see docs/policy.md for "
				   "what makes them many");
}

/* All that can be said before the lists are made, which takes the longest. */
static void check_early(struct emitter *e)
{
	const struct cfg_limits *limits = &e->pol.cfg->limits;

	if (e->pol.err)
		return;
	check_limit(e, &limits->rules, "rules", e->pol.n_all, "rules");
	check_limit(e, &limits->address_blocks, "address_blocks", e->out->t[TABLE_POL_CIDR].rows.n,
		    "prefixes");
	if (!e->pol.too_many_members)
		return;
	diag_error(e->diag, DIAG_AT(limits->address_blocks, "limits.address_blocks"),
		   "too many address sets and prefixes hold the same addresses");
	diag_hint(e->diag, "put them together into fewer sets; no limit helps");
}

static void check_late(struct emitter *e)
{
	const struct cfg_limits *limits = &e->pol.cfg->limits;

	if (e->pol.err == -E2BIG)
		e->pol.err = 0;
	if (e->pol.err)
		return;
	check_limit(e, &limits->policy_matches, "policy_matches", e->n_matches,
		    "pairs of a rule set and a kind of peer");
	check_limit(e, &limits->policy_ranges, "policy_ranges", e->n_ranges, "ranges");
	if (e->longest >> WEFT_POL_SEARCH_STEPS) {
		diag_error(
			e->diag, DIAG_AT(limits->policy_ranges, "limits.policy_ranges"),
			"the rules of one port about one peer come to %zu ranges; %u are the most",
			e->longest, (1u << WEFT_POL_SEARCH_STEPS) - 1);
		diag_hint(e->diag, "name fewer port ranges");
	}
}

static void run(struct emitter *e)
{
	const struct pol_sink sink = {.arg = e, .list = take_list, .match = take_match};
	size_t errors = diag_count(e->diag);
	struct pol *p = &e->pol;

	pol_select(p, e->in->ports);
	if (!p->err)
		pol_rules(p);
	emit_rules(e);
	emit_ports(e);
	if (!p->err)
		pol_blocks(p);
	emit_blocks(e);
	emit_endpoints(e);
	emit_identities(e);
	if (!p->err)
		pol_classes_end(p);
	check_early(e);
	if (p->err || diag_count(e->diag) > errors)
		return;
	pol_lists(p, &sink);
	check_late(e);
	if (!p->err && diag_count(e->diag) == errors)
		emit_ranges(e);
}

static void release(struct emitter *e)
{
	pol_clear(&e->pol);
	ids_clear(&e->ids);
	set_clear(&e->list_index);
	free(e->judged);
	free(e->lists);
	free(e->ranges);
}

int policy_compile(const struct policy_input *in, struct diag *diag, struct tables *out)
{
	_cleanup_(release) struct emitter e = {
		.pol.cfg = in->cfg,
		.in = in,
		.diag = diag,
		.out = out,
		.ids.first = 1,
	};

	e.judged = calloc(in->cfg->networks.n + 1, sizeof(*e.judged));
	if (!e.judged)
		return -ENOMEM;
	run(&e);
	return e.pol.err;
}
