/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* What the parts of an apply share: apply.c (order), apply_maps.c (maps and entries),
 * apply_programs.c (programs). */
#ifndef WEFT_LOADER_APPLY_PARTS_H
#define WEFT_LOADER_APPLY_PARTS_H

#include "datapath.h"
#include "journal.h"
#include "plan.h"

/** struct table_step, struct op_step - arguments of the journal's steps. */
struct table_step {
	struct apply *apply;
	enum table_id id;
};

struct op_step {
	struct apply *apply;
	struct op *op;
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
};

/* apply_maps.c, in the order of the transaction. Each returns 0 or -errno. */
int apply_make_maps(struct apply *a);
int apply_new_entries(struct apply *a);
int apply_copy_counters(struct apply *a);
int apply_commit_maps(struct apply *a);
int apply_remove_entries(struct apply *a);

/* apply_programs.c */
int apply_load(struct apply *a);
int apply_switch(struct apply *a);
int apply_detach(struct apply *a);

#endif
