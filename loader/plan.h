/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * What would have to be done to make this node what the file says: the file compiled, the kernel
 * read, the two compared. Making a plan changes nothing; apply.c carries it out, `weft apply
 * --dry-run` prints it, `weft status FILE` only asks whether it is empty.
 */
#ifndef WEFT_LOADER_PLAN_H
#define WEFT_LOADER_PLAN_H

#include <stdbool.h>

#include "attach.h"
#include "datapath.h"
#include "facts.h"
#include "generation.h"
#include "offload_state.h"
#include "pins.h"
#include "tables.h"

struct cfg_node;
struct config;
struct diag;

/** enum op_kind - what can be done to a program on an interface. */
enum op_kind {
	OP_TC_ATTACH,
	OP_TC_REPLACE,
	OP_TC_DETACH,
	OP_XDP_ATTACH,
	OP_XDP_REPLACE,
	OP_XDP_DETACH,
	__OP_MAX,
};

/**
 * struct op - something to be done to an interface.
 * @before: what is there now.
 * @interface: its name, or "#7" if it has gone.
 * @prog: name of the program.
 * @tc, @xdp: how it is, or is to be, attached.
 * @optional: fine if it fails: XDP where the file leaves it to us.
 * @done: it was carried out; stays false if it was optional and failed.
 */
struct op {
	enum op_kind kind;
	struct attachment before;
	char interface[WEFT_IFNAME_LEN];
	const char *prog;
	enum tc_kind tc;
	enum xdp_kind xdp;
	bool optional;
	bool done;
};

/**
 * struct plan_terms - what a plan may take for granted. All zero: all of the file, or nothing.
 * @pending: told what the file names and this machine does not have (yet); the plan is made for the
 *           rest. NULL: that is an error like others.
 * @settled: the node is this process's, in this network namespace: what of it is attached in
 *           another has moved there, and is let go.
 * @no_xdp: indices of uplinks that are not to be tried with XDP where it is optional; may be NULL.
 * @keep_halves: leave policies that are not in force any more in their half of the tables. The next
 *               change of policies then writes only where it differs from the last but one, and who
 *               asks for a difference is not told of them.
 * @new_policies: policies are known to change: don't compile them just to find out.
 * @known: what the kernel is known to have, instead of reading it; NULL: read it.
 * @progs: programs that are known already, to be added to; NULL: none.
 * @stragglers: packets may be on their way that look into the half that is not in force.
 */
struct plan_terms {
	struct diag *pending;
	bool settled;
	const struct set *no_xdp;
	bool keep_halves;
	bool new_policies;
	bool stragglers;
	struct known *known;
	struct progs *progs;
};

/** struct known - what the kernel's tables hold, as far as it was us who wrote them. */
struct known {
	bool valid;
	struct tables tables;
};

/**
 * struct plan - see above.
 * @terms: of plan_make().
 * @pinned: the maps as they are.
 * @create: by table: entries of a map to be made, 0 if it is there and has the right size.
 * @along: by table: it is made anew only because others are, and comes before them where they are
 *         put in their places: should we be killed there, its size would not tell.
 * @diff: what turns @actual into @wanted; TABLE_GENERATION's says only whether it changes.
 * @stale: of tables of policies: rows in the half that is to be written, left by an apply that was
 *         killed: removed before anything is written there.
 * @passing: rows of TABLE_POL_PORTS for ports that are leaving; in the half that is to be written,
 *           until the ports have left.
 * @generations: of TABLE_GENERATION.
 * @new_policies: the policies in force become others.
 * @fresh_policies: the tables of policies are made anew, all of them and TABLE_GENERATION: what was
 *                  in them stays with the programs that work with the old ones.
 * @was_known: @actual is of @terms.
 * @programs_stale: maps are to be made, so all programs have to be loaded anew.
 * @offload_state: what is remembered of uplinks.
 * @offloads: what is decided about them, by their place in the file; zero for one that is missing.
 */
struct plan {
	const struct config *cfg;
	const struct cfg_node *node;
	struct plan_terms terms;
	struct pins pins;
	struct facts facts;
	struct maps pinned;
	__u32 create[__TABLE_MAX];
	bool along[__TABLE_MAX];
	struct tables wanted;
	struct tables actual;
	struct table_diff diff[__TABLE_WANTED_MAX];
	struct rows stale[__TABLE_WANTED_MAX];
	struct rows passing;
	struct generations generations;
	struct progs *progs; /* of @terms, or @own_progs */
	struct progs own_progs;
	struct attachments attachments;
	bool new_policies;
	bool fresh_policies;
	bool programs_stale;
	bool was_known;
	struct offload_state offload_state;
	struct offload *offloads;
	struct op *ops;
	size_t n_ops;
	size_t ops_size;
};

/**
 * struct plan_summary - a plan in numbers. All zero: the node is what the file says.
 * @added, @changed, @removed: table entries.
 * @attached, @replaced, @detached: programs; optional ones that may be refused are not counted.
 * @made, @resized: maps.
 */
struct plan_summary {
	size_t added;
	size_t changed;
	size_t removed;
	size_t attached;
	size_t replaced;
	size_t detached;
	size_t made;
	size_t resized;
};

/**
 * plan_make - compare the file with this machine.
 * @cfg, @node: must outlive the plan.
 * @terms: may be NULL: none.
 * @diag: told everything about the file that does not fit the machine. The plan is then no good.
 * @plan: all zero; release with plan_clear() in any case.
 * @problem: receives, on failure, what went wrong, in words; the caller frees it.
 *
 * Return: 0, also if @diag was told something; -errno.
 */
int plan_make(const struct config *cfg, const struct cfg_node *node, const struct plan_terms *terms,
	      struct diag *diag, struct plan *plan, char **problem);

/**
 * plan_preview - compile a file for a machine that need not have what it names: only @wanted and
 * what was read for it are filled in. Such a plan must not be carried out.
 * @diag: as above.
 * @fit: told what does not fit the machine, and was made up; see facts_pretend().
 *
 * Return: as plan_make().
 */
int plan_preview(const struct config *cfg, const struct cfg_node *node, struct diag *diag,
		 struct diag *fit, struct plan *plan, char **problem);

/** plan_clear - release a plan. Also for _cleanup_(). */
void plan_clear(struct plan *plan);

/** plan_summarize - count. After the plan was carried out: what was done. */
struct plan_summary plan_summarize(const struct plan *plan);

/** plan_summary_empty - whether there is nothing to do. */
bool plan_summary_empty(const struct plan_summary *summary);

/**
 * plan_policies - the part of plan_make() that compiles policies, for the generation in force if
 * they are no others, else for the next; plan_policy.c.
 *
 * Return: 0, also if @diag was told something; -ENOMEM.
 */
int plan_policies(struct plan *plan, struct diag *diag);

/**
 * plan_generation - the part of plan_make() that says how one generation follows the other, once
 * all else of @wanted is compiled and compared.
 *
 * Return: 0 or -ENOMEM.
 */
int plan_generation(struct plan *plan);

/** plan_diff - the part of plan_make() that compares one table; plan_policy.c. */
int plan_diff(struct plan *plan, enum table_id id);

/**
 * plan_learn - after apply_plan(): what the kernel has now, from what it had and what was done.
 * @known: filled; all empty and not valid if that cannot be told. plan_known.c.
 */
void plan_learn(struct plan *plan, struct known *known);

/** known_clear - nothing is known. Also for _cleanup_(). */
void known_clear(struct known *known);

/** policy_half - the half of a policy table, 0 or 1, that a row belongs to. */
__u32 policy_half(enum table_id id, const void *key);

/**
 * plan_offloads - the part of plan_make() that decides how uplinks work, once @attachments is
 * known; plan_offload.c. Once more, when tests have found out more: plan_attachments() too then.
 * @diag: told what the file asks of an uplink that it cannot do.
 *
 * Return: 0 or -ENOMEM.
 */
int plan_offloads(struct plan *plan, struct diag *diag);

/** plan_attachments - the part of plan_make() that chooses @ops; plan_attach.c. */
int plan_attachments(struct plan *plan);

/** op_verb - "attach", "replace" or "detach". */
const char *op_verb(enum op_kind kind);

/** op_how - "tcx", "clsact", "native", "generic". */
const char *op_how(const struct op *op);

#endif
