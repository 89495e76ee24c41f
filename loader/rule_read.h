/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The rules of a node as its maps have them: what each is called and what it decided. Needs no
 * file: the names are in the maps too.
 */
#ifndef WEFT_LOADER_RULE_READ_H
#define WEFT_LOADER_RULE_READ_H

#include <weft/policy.h>

#include "tables.h"

struct pins;

/**
 * struct rules - rules by id.
 * @info: rows of struct weft_rule_info.
 * @stat: rows of struct weft_rule_stat, over all CPUs: sums, and the latest hit. Those of ids that
 *        are all zero are left out.
 */
struct rules {
	struct table info;
	struct table stat;
};

/** struct rule_name - what a rule is called, see rules_name(). */
struct rule_name {
	char s[WEFT_NAME_LEN + sizeof("#network-default")];
};

/**
 * rules_read - read a node's rules.
 * @rules: uninitialised; rules_clear() releases it, after a failure too.
 * @failed: receives the map that a failure is about.
 *
 * Return: 0; -ENOENT if a map is not pinned; -EPROTO if it has another layout; -errno.
 */
int rules_read(const struct pins *pins, struct rules *rules, const char **failed);

/** rules_clear - release them. Also for _cleanup_(). */
void rules_clear(struct rules *rules);

/**
 * rules_name - "web-in#3", the rule with this index in the policy; "web-in#default"; for the
 * default of a network "web#network-default"; "#17" for an id that has no rule (any more).
 */
struct rule_name rules_name(const struct rules *rules, __u32 id);

/** rule_stat_add - add what another CPU has counted: sums, and the later of two hits. */
void rule_stat_add(struct weft_rule_stat *sum, const struct weft_rule_stat *one);

#endif
