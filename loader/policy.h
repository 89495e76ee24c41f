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
 * enum policy_table_id - the maps of <weft/policy.h> that the loader writes.
 *
 * The order is the order in which entries are made, so that nothing points to what is not there
 * yet: names first, the generation last. They are removed in reverse, but the generation never.
 */
enum policy_table_id {
	POLICY_RULE_INFO,
	POLICY_L4,
	POLICY_MATCH,
	POLICY_SETS,
	POLICY_CLASS,
	POLICY_CIDR,
	POLICY_PORTS,
	POLICY_GENERATION,
	__POLICY_TABLE_MAX,
};

extern const struct table_desc policy_descs[__POLICY_TABLE_MAX];

/**
 * struct policy_tables - what one generation needs in the maps. Initialise with
 * policy_tables_init().
 *
 * Keys of two generations of different parity are never the same, except in POLICY_RULE_INFO, which
 * both share, and POLICY_GENERATION.
 */
struct policy_tables {
	struct table t[__POLICY_TABLE_MAX];
};

/**
 * struct policy_input - everything policy_compile() looks at.
 * @ports: ids of this node's ports, by index of cfg->ports; 0 = not a port of this node.
 * @networks: ids of networks, by index of cfg->networks; 0 = this node takes no part.
 * @generation: that the tables are for; its parity decides on keys and ids.
 * @first_range: index of `weft_pol_l4` from which there is room for limits.policy_ranges entries;
 *               see policy_first_range().
 * @rules: `weft_rule_info` as it is now, rows of both generations; NULL = none yet.
 */
struct policy_input {
	const struct config *cfg;
	const __u32 *ports;
	const __u16 *networks;
	__u32 generation;
	__u32 first_range;
	const struct table *rules;
};

/**
 * policy_compile - fill the tables of one generation.
 * @diag: told if anything does not fit its limit.
 * @out: initialised and empty tables; release them in any case. If @diag was told something they
 *       are incomplete and must not be used.
 *
 * Return: 0, also if @diag was told something; -ENOMEM.
 */
int policy_compile(const struct policy_input *in, struct diag *diag, struct policy_tables *out);

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

/** policy_first_range - where the ranges of a generation begin: each parity has its half. */
__u32 policy_first_range(const struct config *cfg, __u32 generation);

/** policy_tables_init - empty tables of all kinds. */
void policy_tables_init(struct policy_tables *tables);

/** policy_tables_clear - release all tables; also for _cleanup_(). */
void policy_tables_clear(struct policy_tables *tables);

#endif
