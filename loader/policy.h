/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * From policies in the file to the tables of <weft/policy.h>: a pure function of the file, of the
 * ids that compile.c gave to this node's ports and networks, and of the rule ids given before.
 *
 * It is compiled whole every time; that is fast enough (docs/policy.md), and nothing can be stale.
 * Two things in it are stable: a rule keeps its id as long as its policy's name and its own text
 * stay, wherever it moves; and the same input gives the same tables, so that an apply finds out
 * whether anything changed by compiling for the generation in force and comparing.
 */
#ifndef WEFT_LOADER_POLICY_H
#define WEFT_LOADER_POLICY_H

#include <linux/types.h>

#include "tables.h"

struct cfg_node;
struct config;
struct diag;

/**
 * struct policy_input - everything policy_compile() looks at.
 * @ports: ids of this node's ports, by index of cfg->ports; 0 = not a port of this node.
 * @networks: ids of networks, by index of cfg->networks; 0 = this node takes no part.
 * @generation: that the tables are for; its parity decides on keys and ids.
 * @rules: `weft_rule_info` as it is now, rows of both generations; NULL = none yet.
 */
struct policy_input {
	const struct config *cfg;
	const __u32 *ports;
	const __u16 *networks;
	__u32 generation;
	const struct table *rules;
};

/**
 * policy_compile - fill the tables of one generation: TABLE_RULE_INFO, and those of which
 * table_is_policy().
 * @diag: told if anything does not fit its limit.
 * @out: initialised; these tables are empty, others are left alone. Release them in any case. If
 *       @diag was told something they are incomplete and must not be used.
 *
 * Keys of two generations of different parity are never the same, except in TABLE_RULE_INFO, which
 * all share.
 *
 * Return: 0, also if @diag was told something; -ENOMEM.
 */
int policy_compile(const struct policy_input *in, struct diag *diag, struct tables *out);

/**
 * policy_ids - the arrays of struct policy_input from what compile() made.
 * @ports, @networks: arrays with an entry for each of cfg->ports and cfg->networks; filled.
 */
void policy_ids(const struct config *cfg, const struct cfg_node *node, const struct tables *tables,
		__u32 *ports, __u16 *networks);

/**
 * policy_check - do the policies of a node fit its limits? Compiles them with made-up ids.
 * @diag: told what does not fit.
 *
 * Return: 0, also if @diag was told something; -ENOMEM.
 */
int policy_check(const struct config *cfg, const struct cfg_node *node, struct diag *diag);

#endif
