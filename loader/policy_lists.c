/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * For each rule set, its ranges about anybody and about each class; see policy_parts.h.
 *
 * Only classes that some rule of the set names are looked at, and classes that differ only in
 * tokens that the set does not ask for share a list. So the work is that of writing the result.
 */
#include "policy_parts.h"

#include <string.h>

/* The orders of a set's rules, ascending: by a bit for each order, or one after the other. */
static void gather_ranks(struct pol *p, size_t set, __u64 *bits)
{
	const __u64 *policies = pol_policies(p, set);
	size_t n_policies = p->cfg->policies.n;

	p->ranks.n = 0;
	memset(bits, 0, (p->n_rules / 64 + 1) * sizeof(*bits));
	for (size_t i = 0; i < n_policies; i++) {
		struct slice orders;

		if (!policies[i / 64])
			i |= 63;
		if (i >= n_policies || !pol_bit(policies, i))
			continue;
		orders = lists_get(&p->policy_rules, i);
		for (size_t j = 0; j < orders.n; j++)
			bits[orders.v[j] / 64] |= 1ull << orders.v[j] % 64;
	}
	for (size_t i = 0; i <= p->n_rules / 64; i++) {
		for (__u64 word = bits[i]; word && !p->err; word &= word - 1)
			p->err = numbers_add(&p->ranks, i * 64 + __builtin_ctzll(word));
	}
}

/* Which rules are about anybody, and which about whom. */
static void split(struct pol *p, const struct pol_set *set)
{
	p->anybody.n = 0;
	p->token_pairs.list.n = p->token_pairs.number.n = 0;
	for (size_t i = 0; i < p->ranks.n && !p->err; i++) {
		__u32 order = p->ranks.v[i];
		struct slice tokens = pol_rule_tokens(p, &p->rules[order]);

		if (p->rules[order].anybody)
			p->err = numbers_add(&p->anybody, order);
		for (size_t j = 0; j < tokens.n && !p->err; j++) {
			if (pol_token_counts(p, set, tokens.v[j]))
				p->err = pairs_add(&p->token_pairs, tokens.v[j], order);
		}
	}
	if (!p->err)
		p->err = lists_build(&p->token_rules, p->n_tokens, &p->token_pairs);
}

static void touch(struct pol *p, size_t set, __u32 class)
{
	__u32 network = p->classes[class].network, own = p->sets[set].network;

	if (p->err || p->seen[class] == set + 1)
		return;
	p->seen[class] = set + 1;
	if (network == own || network == POL_MANY || own == POL_MANY)
		p->err = numbers_add(&p->touched, class);
}

/* The classes that some rule of the set is about. */
static void gather_classes(struct pol *p, size_t set)
{
	p->touched.n = 0;
	for (size_t i = 0; i < p->n_tokens; i++) {
		struct slice classes = lists_get(&p->token_classes, i);

		if (!lists_get(&p->token_rules, i).n)
			continue;
		for (size_t j = 0; j < classes.n; j++) {
			struct slice more = lists_get(&p->block_classes, classes.v[j]);

			touch(p, set, classes.v[j]);
			for (size_t k = 0; k < more.n; k++)
				touch(p, set, more.v[k]);
		}
	}
}

/* The class's tokens that the set asks for. */
static void gather_tokens(struct pol *p, const struct pol_class *class)
{
	const __u32 *members = p->members.v + class->first;

	for (size_t i = 0; i < class->n && !p->err; i++) {
		if (lists_get(&p->token_rules, members[i]).n)
			p->err = numbers_add(&p->key_numbers, members[i]);
	}
}

static void gather_rules(struct pol *p)
{
	p->gathered.n = 0;
	for (size_t i = 0; i < p->key_numbers.n && !p->err; i++)
		p->err = numbers_append(&p->gathered,
					lists_get(&p->token_rules, p->key_numbers.v[i]));
	if (p->key_numbers.n > 1)
		numbers_sort(&p->gathered, 0);
}

static void list_class(struct pol *p, const struct pol_sink *sink, size_t set, __u32 number)
{
	const struct pol_class *class = &p->classes[number];
	size_t list;

	p->key_numbers.n = 0;
	gather_tokens(p, class);
	if (class->block)
		gather_tokens(p, &p->classes[class->block]);
	if (p->err || !p->key_numbers.n)
		return;
	if (!set_find(&p->memo, p->key_numbers.v, p->key_numbers.n * sizeof(*p->key_numbers.v),
		      &list)) {
		gather_rules(p);
		pol_paint(p, numbers_all(&p->gathered), POL_NONE);
		if (p->err)
			return;
		list = sink->list(sink->arg, set, numbers_all(&p->gathered), false);
		p->err = set_add(&p->memo, p->key_numbers.v,
				 p->key_numbers.n * sizeof(*p->key_numbers.v), list, NULL);
	}
	if (!p->err)
		sink->match(sink->arg, set, number, list);
}

static void list_set(struct pol *p, const struct pol_sink *sink, size_t set)
{
	split(p, &p->sets[set]);
	pol_paint(p, numbers_all(&p->anybody), p->sets[set].fallback);
	if (p->err)
		return;
	sink->match(sink->arg, set, 0, sink->list(sink->arg, set, numbers_all(&p->anybody), true));
	gather_classes(p, set);
	for (size_t i = 0; i < p->touched.n && !p->err; i++)
		list_class(p, sink, set, p->touched.v[i]);
	set_clear(&p->memo);
}

void pol_lists(struct pol *p, const struct pol_sink *sink)
{
	_cleanup_free_ __u64 *bits = calloc(p->n_rules / 64 + 1, sizeof(*bits));

	free(p->seen);
	p->seen = calloc(p->n_classes + 1, sizeof(*p->seen));
	if (!bits || !p->seen)
		p->err = -ENOMEM;
	for (size_t i = 0; i < p->n_sets && !p->err; i++) {
		gather_ranks(p, i, bits);
		list_set(p, sink, i);
	}
}
