/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The rules that this run is about, in the order in which they are asked; see policy_parts.h.
 *
 * Tier, then priority; within equal ones deny and reject before allow, then the file's order. All
 * defaults come behind all rules: those of policies in the same order, then those of networks.
 */
#include "policy_parts.h"

#include <string.h>

/** struct ref - a rule and its rank. 31 bits of running number are enough for any file. */
struct ref {
	__u64 rank;
	__u32 policy;
	__u32 rule; /* POL_NONE: the policy's default */
};

static int compare(const void *a, const void *b)
{
	const struct ref *x = a, *y = b;

	return x->rank < y->rank ? -1 : x->rank > y->rank;
}

static __u64 rank_of(const struct cfg_policy *policy, const struct cfg_rule *rule, size_t number)
{
	__u64 allow = rule && rule->action.v == CFG_ALLOW;

	return policy->tier.v << 48 | policy->priority.v << 32 | allow << 31 | number;
}

/* Rules, or else defaults, of the policies in use. */
static size_t gather(struct pol *p, bool defaults, struct ref *refs)
{
	const struct cfg_policy *policy;
	size_t n = 0;

	for (__u32 i = 0; i < p->cfg->policies.n; i++) {
		policy = &p->cfg->policies.v[i];
		if (!pol_bit(p->used, i))
			continue;
		for (__u32 j = 0; !defaults && j < policy->rules.n; j++, n++)
			refs[n] = (struct ref){rank_of(policy, &policy->rules.v[j], n), i, j};
		if (!defaults || policy->fallback.v == CFG_DEFAULT_NONE)
			continue;
		refs[n] = (struct ref){rank_of(policy, NULL, n), i, POL_NONE};
		n++;
	}
	qsort(refs, n, sizeof(*refs), compare);
	return n;
}

const struct cfg_peer *pol_peer(const struct cfg_policy *policy, const struct cfg_rule *rule)
{
	const struct cfg_peer *peer = policy->direction.v == CFG_INGRESS ? &rule->from : &rule->to;

	return peer->line ? peer : NULL;
}

static void add_span(struct pol *p, __u32 first, __u32 last)
{
	if (pol_grow(p, &p->spans, p->n_spans, &p->spans_size, sizeof(*p->spans)))
		return;
	p->spans[p->n_spans++] = (struct pol_span){first, last};
}

static int compare_spans(const void *a, const void *b)
{
	const struct pol_span *x = a, *y = b;

	return x->first < y->first ? -1 : x->first > y->first;
}

/* Ports as the file lists them, in any order and overlapping, to spans that are neither. */
static void add_ports(struct pol *p, const struct cfg_rule *rule)
{
	__u32 base = WEFT_POL_POINT(rule->protocol.v, 0);
	size_t begin = p->n_spans, kept = begin;

	for (size_t i = 0; i < rule->ports.n; i++)
		add_span(p, base | rule->ports.v[i].first, base | rule->ports.v[i].last);
	if (p->err)
		return;
	qsort(p->spans + begin, rule->ports.n, sizeof(*p->spans), compare_spans);
	for (size_t i = begin; i < p->n_spans; i++) {
		const struct pol_span span = p->spans[i];

		if (kept == begin || span.first > p->spans[kept - 1].last + 1)
			p->spans[kept++] = span;
		else if (span.last > p->spans[kept - 1].last)
			p->spans[kept - 1].last = span.last;
	}
	p->n_spans = kept;
}

static void add_spans(struct pol *p, const struct cfg_rule *rule)
{
	__u32 base, type = rule->icmp_type.v, code = rule->icmp_code.v;

	if (rule->protocol.v == CFG_PROTOCOL_ANY) {
		add_span(p, 0, POL_POINTS - 1);
		return;
	}
	base = WEFT_POL_POINT(rule->protocol.v, 0);
	if (rule->ports.n)
		add_ports(p, rule);
	else if (rule->icmp_code.line)
		add_span(p, base | type << 8 | code, base | type << 8 | code);
	else if (rule->icmp_type.line)
		add_span(p, base | type << 8, base | type << 8 | 0xff);
	else
		add_span(p, base, base | 0xffff);
}

static void set_rule(struct pol *p, struct pol_rule *out, const struct ref *ref)
{
	static const __u8 actions[] = {
		[CFG_ALLOW] = WEFT_POL_ALLOW,
		[CFG_DENY] = WEFT_POL_DENY,
		[CFG_REJECT] = WEFT_POL_REJECT,
	};
	const struct cfg_policy *policy = &p->cfg->policies.v[ref->policy];

	out->policy = policy;
	out->direction = policy->direction.v;
	out->anybody = true;
	if (ref->rule == POL_NONE) {
		out->action =
			policy->fallback.v == CFG_DEFAULT_REJECT ? WEFT_POL_REJECT : WEFT_POL_DENY;
		return;
	}
	out->rule = &policy->rules.v[ref->rule];
	out->action = actions[out->rule->action.v];
	if (out->action == WEFT_POL_ALLOW && policy->keep_established.v)
		out->flags = WEFT_POL_KEEP;
	out->anybody = !pol_peer(policy, out->rule);
	out->first_span = p->n_spans;
	add_spans(p, out->rule);
	out->n_spans = p->n_spans - out->first_span;
	pol_tokens(p, out);
}

/* The default of a network in one direction: its order, made when first asked for. */
static __u32 network_default(struct pol *p, __u32 *known, const struct pol_set *set)
{
	__u32 *order = &known[2 * set->scope + set->direction];
	const struct cfg_network *network = &p->cfg->networks.v[set->scope];

	if (!*order) {
		p->rules[p->n_all] = (struct pol_rule){
			.network = network,
			.direction = set->direction,
			.action = network->default_policy.v == CFG_ALLOW ? WEFT_POL_ALLOW
									 : WEFT_POL_DENY,
			.anybody = true,
		};
		*order = ++p->n_all;
	}
	return *order - 1;
}

/* The first default, in order, of a rule set's policies; else that of its network. */
static void choose_defaults(struct pol *p, size_t end)
{
	_cleanup_free_ __u32 *known = calloc(2 * p->cfg->networks.n + 1, sizeof(*known));

	if (!known)
		p->err = -ENOMEM;
	for (size_t i = 0; i < p->n_sets && !p->err; i++) {
		const __u64 *policies = pol_policies(p, i);
		size_t order = p->n_rules;

		while (order < end &&
		       !pol_bit(policies, p->rules[order].policy - p->cfg->policies.v))
			order++;
		p->sets[i].fallback = order < end ? order : network_default(p, known, &p->sets[i]);
	}
}

static void index_rules(struct pol *p)
{
	struct pairs pairs = {};

	for (size_t i = 0; i < p->n_rules && !p->err; i++)
		p->err = pairs_add(&pairs, p->rules[i].policy - p->cfg->policies.v, i);
	if (!p->err)
		p->err = lists_build(&p->policy_rules, p->cfg->policies.n, &pairs);
	pairs_clear(&pairs);
}

void pol_rules(struct pol *p)
{
	_cleanup_free_ struct ref *refs = NULL;
	size_t n = 1;

	for (size_t i = 0; i < p->cfg->policies.n; i++)
		n += p->cfg->policies.v[i].rules.n + 1;
	refs = calloc(n, sizeof(*refs));
	p->rules = calloc(n + 2 * p->n_sets, sizeof(*p->rules));
	if (!refs || !p->rules) {
		p->err = -ENOMEM;
		return;
	}
	p->n_rules = gather(p, false, refs);
	for (size_t i = 0; i < p->n_rules && !p->err; i++)
		set_rule(p, &p->rules[i], &refs[i]);
	n = gather(p, true, refs);
	for (size_t i = 0; i < n && !p->err; i++)
		set_rule(p, &p->rules[p->n_rules + i], &refs[i]);
	p->n_all = p->n_rules + n;
	pol_tokens_end(p);
	index_rules(p);
	choose_defaults(p, p->n_all);
}
