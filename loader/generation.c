/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The numbers in weft_generation; see generation.h. */
#include "generation.h"

/* More than one apply adds: the numbers of one that was killed are all below. Even, so that the
 * half in force stays the same. */
#define STRIDE 8

static __u32 even(__u32 n)
{
	return n + (n & 1);
}

/* The next number after @n that stands for the same half as @was. */
static __u32 same_half(__u32 n, __u32 was)
{
	return n + ((n ^ was) & 1 ? 1 : 2);
}

static struct weft_generation keep(const struct weft_generation *was)
{
	if (!was->policy)
		return *was;
	return (struct weft_generation){
		.policy = was->policy + STRIDE,
		.forwarding = even(was->forwarding) + STRIDE,
	};
}

struct generations generations_plan(struct weft_generation was, struct generation_change change)
{
	bool moves = change.forwarding || change.fresh || was.forwarding & 1;
	struct generations g = {.was = was, .kept = was};

	if (change.fresh)
		g.kept = keep(&was);
	g.begin = g.kept;
	if (change.policy)
		g.begin.policy++;
	else if (change.fresh)
		g.begin.policy = same_half(g.kept.policy, was.policy);
	if (moves)
		g.begin.forwarding = even(g.kept.forwarding) + 1;

	g.turn = g.begin;
	if (moves)
		g.turn.forwarding += change.removal ? 2 : 1;
	g.end = g.turn;
	g.end.forwarding = even(g.turn.forwarding);

	g.undoing = g.begin;
	g.undoing.forwarding = even(g.end.forwarding) + 1;
	g.undone = g.begin;
	g.undone.forwarding = even(g.end.forwarding) + 2;
	if (g.begin.policy != was.policy)
		g.undone.policy = same_half(g.begin.policy, was.policy);
	return g;
}
