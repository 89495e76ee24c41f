/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* A packet's way through the programs; see explain_run.h. */
#include "explain_run.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "explain_live.h"
#include "explain_world.h"
#include "util.h"

#define ROUNDS 4 /* a fragment's first, then its flow, and one to spare */

static const char *const verdicts[__EXPLAIN_VERDICT_MAX] = {
	[EXPLAIN_DELIVERED] = "delivered", [EXPLAIN_SENT] = "sent",
	[EXPLAIN_FLOODED] = "flooded",     [EXPLAIN_ANSWERED] = "answered",
	[EXPLAIN_DROPPED] = "dropped",     [EXPLAIN_REFUSED] = "refused",
	[EXPLAIN_PASSED] = "passed",
};

const char *explain_verdict_name(enum explain_verdict verdict)
{
	return verdicts[verdict];
}

const struct weft_trace_rec *explain_find(const struct explain_leg *leg, __u32 step)
{
	for (__u32 i = explain_records(leg); i > 0; i--)
		if (leg->trace.recs[i - 1].step == step)
			return &leg->trace.recs[i - 1];
	return NULL;
}

int explain_frame_of(struct explain_input *in)
{
	int err = explain_build(&in->packet, &in->frame);

	if (err)
		return err;
	return in->outer.encap ? explain_wrap(&in->outer, &in->frame)
			       : explain_tag(in->tags.service, in->tags.vlan, &in->frame);
}

/* The kernel keeps a frame's outermost tag beside it; on its way out it is in its place. */
static void restore_tags(struct explain_leg *leg)
{
	const struct weft_trace_rec *to = explain_find(leg, WEFT_TRACE_HANDOVER);

	for (__u32 i = 0; i < explain_records(leg); i++) {
		struct weft_trace_rec *r = &leg->trace.recs[i];
		struct weft_trace_frame *frame = &r->copy.frame;

		if (r->step != WEFT_TRACE_COPY || !frame->tag)
			continue;
		explain_put_tag(frame->head, WEFT_TRACE_HEAD - WEFT_VLAN_HLEN, frame->tag);
		frame->len += WEFT_VLAN_HLEN;
	}
	if (!to || !to->hop.tag || leg->end <= 0 || leg->end == WEFT_TRACE_FLOOD)
		return;
	explain_put_tag(leg->out, leg->out_len, to->hop.tag);
	leg->out_len += WEFT_VLAN_HLEN;
}

/* @leg: prog, answer, frame, len and the input part of trace are set. */
static int run_leg(const struct trace_progs *progs, struct explain_leg *leg)
{
	struct trace_run run = {
		.mark = leg->answer ? WEFT_MARK_ANSWER : 0,
		.frame = leg->frame,
		.len = leg->len,
		.out = leg->out,
		.out_len = sizeof(leg->out),
	};
	const struct weft_trace_rec *end;
	int err;

	err = trace_progs_run(progs, leg->prog, &run, &leg->trace);
	if (err)
		return err;
	end = explain_find(leg, WEFT_TRACE_END);
	leg->end = end ? end->result : -WEFT_DROP_NONE;
	leg->out_len = run.out_len - run.meta_len;
	if (run.meta_len < sizeof(leg->trace.meta)) {
		restore_tags(leg);
		return 0;
	}
	memcpy(&leg->trace.meta, leg->out + run.meta_len - sizeof(leg->trace.meta),
	       sizeof(leg->trace.meta));
	memmove(leg->out, leg->out + run.meta_len, leg->out_len);
	leg->trace.has_meta = 1;
	return 0;
}

/* The next leg begins with what @from left. */
static struct explain_leg *next_leg(struct explain_result *r, const struct explain_leg *from,
				    enum trace_prog prog, __u32 ifindex)
{
	struct explain_leg *leg = &r->legs[r->n_legs++];

	memcpy(leg->frame, from->out, from->out_len);
	leg->len = from->out_len;
	leg->prog = prog;
	leg->trace.ifindex = ifindex;
	return leg;
}

/* What XDP lets pass goes on at TC, with what XDP found out about it. */
static int run_xdp(const struct trace_progs *progs, struct explain_result *r,
		   struct explain_leg **leg)
{
	struct explain_leg *xdp = *leg, *tc;
	int err;

	err = run_leg(progs, xdp);
	if (err || xdp->end != WEFT_TRACE_PASS)
		return err;
	tc = next_leg(r, xdp, TRACE_TC_UNDERLAY, xdp->trace.ifindex);
	tc->trace.meta = xdp->trace.meta;
	tc->trace.has_meta = xdp->trace.has_meta;
	*leg = tc;
	return run_leg(progs, tc);
}

/* An answer in the name of a port enters by that port. */
static int run_answer(const struct trace_progs *progs, struct explain_result *r,
		      const struct explain_leg *leg)
{
	const struct weft_trace_rec *to = explain_find(leg, WEFT_TRACE_HANDOVER);
	struct explain_leg *answer;

	if (leg->prog != TRACE_TC_UNDERLAY || leg->end != WEFT_TRACE_REFUSE || !to)
		return 0;
	answer = next_leg(r, leg, TRACE_FROM_PORT, to->hop.ifindex);
	answer->answer = true;
	return run_leg(progs, answer);
}

static int run_once(const struct explain_world *w, const struct trace_progs *progs,
		    const struct explain_input *in, struct explain_result *r)
{
	struct explain_leg *leg = &r->legs[0];
	int err;

	memset(r, 0, sizeof(*r));
	r->n_legs = 1;
	memcpy(leg->frame, in->frame.bytes, in->frame.len);
	leg->len = in->frame.len;
	leg->trace.ifindex = in->ifindex;
	leg->prog = in->underlay ? TRACE_TC_UNDERLAY : TRACE_FROM_PORT;
	if (in->underlay && explain_world_has_xdp(w, in->ifindex)) {
		leg->prog = TRACE_XDP_UNDERLAY;
		err = run_xdp(progs, r, &leg);
	} else {
		err = run_leg(progs, leg);
	}
	return err ? err : run_answer(progs, r, leg);
}

/*
 * A described segment of a connection that is under way takes the numbers that are due: nobody
 * knows them by heart, and with others it would be out of window.
 */
static int fit_segment(struct explain_input *in, const struct explain_world *w,
		       const struct explain_result *r)
{
	const struct weft_trace_rec *rec = NULL;
	struct weft_flow_entry entry = {};
	const struct weft_tcp_side *tcp = entry.flow.tcp;
	int side;

	if (!in->described || in->packet.kind != EXPLAIN_IP || in->packet.proto != IPPROTO_TCP)
		return 0;
	for (int i = 0; i < r->n_legs && !rec; i++)
		rec = explain_find(&r->legs[i], WEFT_TRACE_FLOW);
	if (!rec || !explain_live_flow(w, &rec->flow.key, &entry))
		return 0;
	side = rec->flow.side & 1;
	if (!(in->packet.tcp_flags & 0x02))
		in->packet.seq = tcp[side].end;
	if (in->packet.tcp_flags & 0x10)
		in->packet.ack = tcp[!side].end;
	return explain_frame_of(in);
}

static bool is_policy(__u32 reason)
{
	return reason == WEFT_DROP_POLICY_DENY_EGRESS || reason == WEFT_DROP_POLICY_DENY_INGRESS ||
	       reason == WEFT_DROP_POLICY_REJECT_EGRESS ||
	       reason == WEFT_DROP_POLICY_REJECT_INGRESS;
}

/* The packet's fate is decided in the last leg that is its own. */
static void judge(struct explain_result *r)
{
	const struct explain_leg *leg = &r->legs[r->n_legs - 1];
	const struct weft_trace_rec *drop, *policy;

	if (leg->answer)
		leg--;
	drop = explain_find(leg, WEFT_TRACE_DROP);
	policy = explain_find(leg, WEFT_TRACE_POLICY);
	switch (leg->end) {
	case WEFT_TRACE_PASS:
		r->verdict = EXPLAIN_PASSED;
		return;
	case WEFT_TRACE_DELIVER:
		r->verdict = EXPLAIN_DELIVERED;
		return;
	case WEFT_TRACE_SEND:
		r->verdict = EXPLAIN_SENT;
		return;
	case WEFT_TRACE_FLOOD:
		r->verdict = EXPLAIN_FLOODED;
		return;
	case WEFT_TRACE_REPLY:
		r->verdict = EXPLAIN_ANSWERED;
		return;
	case WEFT_TRACE_REFUSE:
		r->verdict = EXPLAIN_REFUSED;
		break;
	default:
		r->verdict = EXPLAIN_DROPPED;
	}
	if (leg->end < 0)
		r->reason = -leg->end;
	if (!drop)
		return;
	r->reason = r->reason ?: drop->drop.reason;
	r->reason_port = drop->drop.port;
	if (policy && is_policy(r->reason) && policy->result != WEFT_POL_ALLOW)
		r->rule = policy->policy.rule;
}

int explain_run(struct explain_world *w, const struct trace_progs *progs, struct explain_input *in,
		struct explain_result *r)
{
	_cleanup_(explain_live_clear) struct explain_live live = {};
	bool again = true;
	int err = 0;

	for (int round = 0; round < ROUNDS && again && !err; round++) {
		err = run_once(w, progs, in, r);
		if (!err)
			err = explain_live_take(&live, w, r, &again);
		if (!err && again)
			err = fit_segment(in, w, r);
	}
	r->live = live.found;
	judge(r);
	return err;
}
