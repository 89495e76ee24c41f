/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * What stands in weft_generation, and when. Pure arithmetic on the two numbers of its one row; see
 * apply.h for the transaction that they are part of.
 *
 * "policy" is the generation of the policies. The half of their tables that has its parity is in
 * force, the other half is empty at rest: new policies are written there, and come into force when
 * this grows by one.
 *
 * "forwarding" grows whenever what flows remember of ports, networks, tunnels and endpoints may
 * have become wrong. It is even at rest and odd while any of these is being changed, so that an
 * apply that comes after a killed one knows; it then begins beyond all that the killed one may have
 * used.
 *
 * A flow is decided again when the pair is not the one that it was decided under. So a pair must
 * not come back with another meaning, whatever fails or is killed.
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
 * @fresh: the tables of policies are made anew, and weft_generation with them, although there were
 *         some: the programs at work go on with the old ones until each is replaced.
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
 *        what follows; odd, so that the next apply knows, should we be killed.
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
