/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Live entries for a run: those flows and datagrams in pieces that the packet was seen to ask for
 * are copied from the node's tables into the run's own. The programs themselves say which: so keys
 * are made in one place, and the next run meets what a packet on the wire would.
 */
#ifndef WEFT_LOADER_EXPLAIN_LIVE_H
#define WEFT_LOADER_EXPLAIN_LIVE_H

#include "explain_run.h"
#include "set.h"

/**
 * struct explain_live - what was asked for so far. All zero at first.
 * @keys: by table id and key.
 * @found: number of live entries among them.
 */
struct explain_live {
	struct set keys;
	int found;
};

/**
 * explain_live_take - look for what the latest run asked for, and put the run's own tables back to
 * where they were, with all live entries in them.
 * @again: receives whether there was something that the run did not meet.
 *
 * Return: 0 or -errno.
 */
int explain_live_take(struct explain_live *live, struct explain_world *w,
		      const struct explain_result *result, bool *again);

/** explain_live_flow - the live entry of a flow, wherever it is. Return: whether there is one. */
bool explain_live_flow(const struct explain_world *w, const struct weft_flow_key *key,
		       struct weft_flow_entry *entry);

/** explain_live_clear - release it. Also for _cleanup_(). */
void explain_live_clear(struct explain_live *live);

#endif
