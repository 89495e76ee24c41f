/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The numbers in weft_generation; see generation.h. */
#include "generation.h"

#define STRIDE 16 /* more than one apply adds; even */

static __u32 even(__u32 n)
{
	return n + (n & 1);
}

struct generations generations_plan(struct weft_generation was, struct generation_change change)
{
	bool killed = was.forwarding & 1, moves = change.forwarding || change.fresh || killed;
	struct generations g = {.was = was, .kept = was};
	__u32 from = was.forwarding;

	if (change.fresh || killed)
		from = even(from) + STRIDE;
	if (change.fresh)
		g.kept.forwarding = ++from;
	g.begin = g.kept;
	g.begin.policy += change.policy;
	if (moves)
		g.begin.forwarding = even(from) + 1;

	g.turn = g.begin;
	if (moves)
		g.turn.forwarding += change.removal ? 2 : 1;
	g.end = g.turn;
	g.end.forwarding = even(g.turn.forwarding);

	g.undoing = g.end;
	g.undoing.forwarding++;
	g.undone = g.end;
	g.undone.policy = was.policy;
	g.undone.forwarding += 2;
	return g;
}
