/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* What the parts of an apply share: apply.c (order), apply_maps.c (maps), apply_entries.c
 * (entries), apply_generation.c (what is in force), apply_flows.c (flows), apply_learned.c (learned
 * addresses), apply_programs.c (programs). */
#ifndef WEFT_LOADER_APPLY_PARTS_H
#define WEFT_LOADER_APPLY_PARTS_H

#include "datapath.h"
#include "journal.h"
#include "plan.h"

/** struct table_step, struct op_step, struct generation_step - arguments of the journal's steps. */
struct table_step {
	struct apply *apply;
	enum table_id id;
};

struct op_step {
	struct apply *apply;
	struct op *op;
};

struct generation_step {
	struct apply *apply;
	const struct weft_generation *row;
};

/**
 * struct apply - a transaction.
 * @new_node: the node's directory was made by it.
 * @made: maps made by it.
 * @use: the maps that programs are to work with, made or found; borrowed.
 * @from_port, @underlay: the TC programs, -1 unless needed.
 * @kept: descriptors of programs that are replaced, so that they can come back.
 */
struct apply {
	struct plan *plan;
	struct journal *journal;
	bool new_node;
	struct maps made;
	struct maps use;
	int from_port;
	int underlay;
	int *kept;
	size_t n_kept;
	struct table_step tables[__TABLE_MAX];
	struct op_step *ops;
	struct generation_step begin;
	struct generation_step turn;
	struct generation_step end;
};

/** apply_resizes - is there a map already that another is made in place of? */
static inline bool apply_resizes(const struct apply *a, enum table_id id)
{
	return a->plan->create[id] && a->plan->pinned.fd[id] >= 0;
}

/* The stages of a transaction; apply.c has their order. Each returns 0 or -errno. */

/* apply_maps.c */
int apply_make_maps(struct apply *a);
int apply_copy_counters(struct apply *a);
int apply_commit_maps(struct apply *a);

/* apply_entries.c */
int apply_new_names(struct apply *a);
int apply_new_policies(struct apply *a);
int apply_new_entries(struct apply *a);
int apply_remove_entries(struct apply *a);
int apply_remove_names(struct apply *a);
int apply_file(struct apply *a);

/* apply_generation.c; see generation.h */
int apply_begin(struct apply *a);
int apply_turn(struct apply *a);
int apply_end(struct apply *a);

/* apply_flows.c */
int apply_adopt_flows(struct apply *a);
int apply_forget_flows(struct apply *a);

/* apply_learned.c */
int apply_adopt_learned(struct apply *a);
int apply_forget_learned(struct apply *a);

/* apply_programs.c */
int apply_load(struct apply *a);
int apply_switch(struct apply *a);
int apply_detach(struct apply *a);

#endif
