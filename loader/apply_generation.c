/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* What is in force, at each turn of a transaction; see generation.h and apply.h. */
#include "apply_parts.h"

#include "map_io.h"

static int write_row(int fd, const struct weft_generation *row)
{
	struct weft_generation value = *row;
	__u32 zero = 0;
	const struct rows rows = {.keys = (__u8 *)&zero, .values = (__u8 *)&value, .n = 1};

	return map_put(fd, &table_descs[TABLE_GENERATION], &rows);
}

static int put_row(void *arg)
{
	const struct generation_step *step = arg;

	return write_row(step->apply->use.fd[TABLE_GENERATION], step->row);
}

/* The programs that work with the old map go on as before. */
static int keep_old(void *arg)
{
	const struct apply *a = arg;

	return write_row(a->plan->pinned.fd[TABLE_GENERATION], &a->plan->generations.kept);
}

static int undo_begin(void *arg)
{
	const struct generation_step *step = arg;
	const struct plan *plan = step->apply->plan;
	int old = plan->pinned.fd[TABLE_GENERATION];

	return old < 0 ? 0 : write_row(old, &plan->generations.undone);
}

/* What was at rest is about to change again. */
static int undo_change(void *arg)
{
	const struct generation_step *step = arg;

	return write_row(step->apply->use.fd[TABLE_GENERATION],
			 &step->apply->plan->generations.undoing);
}

int apply_begin(struct apply *a)
{
	const struct generations *g = &a->plan->generations;
	int err = 0;

	if (!generation_same(&g->kept, &g->was))
		err = journal_do(a->journal, keep_old, NULL, a, "keep generation %u in force",
				 g->kept.policy);
	if (err || generation_same(&g->begin, &g->was))
		return err;
	a->begin = (struct generation_step){.apply = a, .row = &g->begin};
	return journal_do(a->journal, put_row, undo_begin, &a->begin, "put generation %u in force",
			  g->begin.policy);
}

int apply_turn(struct apply *a)
{
	const struct generations *g = &a->plan->generations;

	if (generation_same(&g->turn, &g->begin))
		return 0;
	a->turn = (struct generation_step){.apply = a, .row = &g->turn};
	return journal_do(a->journal, put_row, undo_change, &a->turn, "have flows follow");
}

int apply_end(struct apply *a)
{
	const struct generations *g = &a->plan->generations;

	if (generation_same(&g->end, &g->turn))
		return 0;
	a->end = (struct generation_step){.apply = a, .row = &g->end};
	return journal_do(a->journal, put_row, undo_change, &a->end,
			  "have flows leave what is gone");
}
