/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The one exit of the TC programs: counts, and turns the pipeline's verdict into the hook's. */
#ifndef WEFT_BPF_LIB_EXIT_H
#define WEFT_BPF_LIB_EXIT_H

#include "stats.h"

static __always_inline void weft_count_accepted(const struct weft_pkt *p, int act)
{
	struct weft_net_stat *n = weft_net_stat_of(p);

	if (!p->from_underlay)
		weft_count_from_port(p);
	if (act == WEFT_ACT_DELIVER)
		weft_count_to_port(p, p->out_port);
	if (!n)
		return;
	weft_count(p->from_underlay ? &n->from_underlay : &n->from_ports, p);
	if (act == WEFT_ACT_DELIVER)
		weft_count(&n->to_ports, p);
	else if (act == WEFT_ACT_SEND)
		weft_count(&n->to_underlay, p);
}

/**
 * weft_exit_tc - count the packet and end.
 * @act: enum weft_action, or a negated drop reason.
 *
 * TC_ACT_UNSPEC lets the next program on the hook see what is not ours; it is TCX_NEXT for tcx and
 * "no verdict" for clsact.
 * Return: the program's return code.
 */
static __always_inline int weft_exit_tc(weft_ctx *ctx, struct weft_pkt *p, int act)
{
	if (act == WEFT_ACT_PASS)
		return TC_ACT_UNSPEC;
	if (act < 0) {
		weft_count_drop(ctx, p, -act);
		return TC_ACT_SHOT;
	}
	if (act == WEFT_ACT_DENIED)
		return TC_ACT_SHOT;
	weft_cap_seen(ctx, p, act == WEFT_ACT_SHARED ? WEFT_ACT_FLOOD : act);
	if (act != WEFT_ACT_REFUSE)
		weft_count_accepted(p, act);
	if (act == WEFT_ACT_TAKEN)
		return TC_ACT_SHOT;
	return act == WEFT_ACT_SHARED ? TC_ACT_UNSPEC : TC_ACT_REDIRECT;
}

/**
 * weft_exit_answer - the same for an answer that tc_underlay made: the workload has not sent it,
 * so it counts as nothing but what goes out.
 */
static __always_inline int weft_exit_answer(weft_ctx *ctx, struct weft_pkt *p, int act)
{
	struct weft_net_stat *n = weft_net_stat_of(p);

	if (act < 0) {
		weft_count_drop(ctx, p, -act);
		return TC_ACT_SHOT;
	}
	if (act == WEFT_ACT_SEND && n)
		weft_count(&n->to_underlay, p);
	return act == WEFT_ACT_DENIED ? TC_ACT_SHOT : TC_ACT_REDIRECT;
}

#endif
