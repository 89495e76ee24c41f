/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * What stands in weft_generation, and when. Pure arithmetic on the two numbers of its one row; see
 * apply.h for the transaction that they are part of.
 *
 *	policy      The half of the policy tables that is in force: that of its parity. The other
 *half is empty at rest; new policies are written there, and are in force from when this grows by
 *one. forwarding  Even at rest; odd while ports, networks, tunnels, MAC addresses, neighbours or
 *	            replication lists are being changed. It grows whenever what flows remember of
 *these may have become wrong. Whoever finds it odd comes after an apply that was killed.
 *
 * A flow is decided again when the pair is not the one that it was decided under. So a pair must
 * not come back with another meaning, not even after an apply that was undone or killed: numbers
 * only grow, and are written before anything is decided under them.
 */
#ifndef WEFT_LOADER_GENERATION_H
#define WEFT_LOADER_GENERATION_H

#include <stdbool.h>

#include <weft/policy.h>

/**
 * struct generation_change - what an apply is about.
 * @policy: the policies become others.
 * @forwarding: rows change that flows remember.
 * @removal: some of them are removed.
 * @fresh: the tables of policies are made anew, and weft_generation with them: the programs at work
 *         go on with the old ones until each is replaced.
 */
struct generation_change {
	bool policy;
	bool forwarding;
	bool removal;
	bool fresh;
};

/**
 * struct generations - the rows of one apply, in the order in which they are written. One that is
 * the same as the one before is not written.
 * @was: found.
 * @kept: if fresh: into the old map, of the same meaning as @was, before anything is decided under
 *        what follows.
 * @begin: the new policies are complete, nothing else is changed yet.
 * @turn: all that is new is in place: nobody decides by what is to be removed.
 * @end: all that is old has gone.
 * @undoing: if the apply fails after @turn: what was changed is about to be changed back.
 * @undone: if the apply fails after @begin, at last; of the same meaning as @was.
 */
struct generations {
	struct weft_generation was;
	struct weft_generation kept;
	struct weft_generation begin;
	struct weft_generation turn;
	struct weft_generation end;
	struct weft_generation undoing;
	struct weft_generation undone;
};

/**
 * generations_plan - choose the rows.
 * @was: all zero: nothing was ever applied.
 *
 * Without any change, and with @was at rest, all of them are @was.
 */
struct generations generations_plan(struct weft_generation was, struct generation_change change);

/** generation_same - are two rows the same? */
static inline bool generation_same(const struct weft_generation *a, const struct weft_generation *b)
{
	return a->policy == b->policy && a->forwarding == b->forwarding;
}

#endif
