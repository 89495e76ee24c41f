/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* What comes out for a packet; see explain_output.h. */
#include "explain_output.h"

#include <stdio.h>

#include "capture_words.h"
#include "drops.h"
#include "explain_names.h"
#include "explain_world.h"

static const char *const targets[__EXPLAIN_TARGET_MAX] = {
	[EXPLAIN_TO_PORT] = "port",     [EXPLAIN_TO_NODE] = "node", [EXPLAIN_TO_WIRE] = "wire",
	[EXPLAIN_TO_SENDER] = "sender", [EXPLAIN_TO_HOST] = "host",
};

const char *explain_target_name(enum explain_target to)
{
	return targets[to];
}

void explain_frame_words(struct words *words, const __u8 *frame, __u32 kept, __u32 len)
{
	words_frame(words, frame, kept);
	words_add(words, ", %u bytes", len);
}

static void to_port(const struct explain_world *w, __u32 port, __u32 ifindex,
		    struct explain_output *out)
{
	const struct weft_port_info *info = view_port_info(&w->view, port);

	out->to = info && info->kind == WEFT_PORT_WIRE ? EXPLAIN_TO_WIRE : EXPLAIN_TO_PORT;
	out->name = view_port_name(&w->view, port);
	out->interface = explain_interface(w, ifindex);
}

static void to_node(const struct explain_world *w, __u32 id, struct explain_output *out)
{
	const struct weft_tunnel *t = table_get(&w->view.t[TABLE_TUNNELS], &id);

	out->to = EXPLAIN_TO_NODE;
	out->name = view_tunnel_name(&w->view, id);
	if (!t)
		return;
	out->interface = explain_interface(w, t->ifindex);
	out->outer_len = WEFT_ETH_HLEN + t->header_len;
}

static int take_copies(const struct explain_world *w, const struct explain_leg *leg,
		       explain_take take, void *arg)
{
	int err = 0;

	for (__u32 i = 0; i < explain_records(leg) && !err; i++) {
		const struct weft_trace_rec *r = &leg->trace.recs[i];
		const struct weft_trace_frame *frame = &r->copy.frame;
		struct explain_output out = {
			.frame = frame->head,
			.len = frame->len,
			.kept = frame->len < WEFT_TRACE_HEAD ? frame->len : WEFT_TRACE_HEAD,
		};

		if (r->step != WEFT_TRACE_COPY)
			continue;
		if (r->copy.member.port)
			to_port(w, r->copy.member.port, r->copy.member.ifindex, &out);
		else
			to_node(w, r->copy.member.tunnel, &out);
		err = take(arg, &out);
	}
	return err;
}

int explain_outputs(const struct explain_world *w, const struct explain_result *result,
		    explain_take take, void *arg)
{
	const struct explain_leg *leg = &result->legs[result->n_legs - 1];
	const struct weft_trace_rec *port = explain_find(leg, WEFT_TRACE_HANDOVER);
	const struct weft_trace_rec *tunnel = explain_find(leg, WEFT_TRACE_TUNNEL);
	struct explain_output out = {.frame = leg->out, .len = leg->out_len, .kept = leg->out_len};

	if (leg->end == WEFT_TRACE_FLOOD)
		return take_copies(w, leg, take, arg);
	if (leg->end == WEFT_TRACE_SEND && tunnel) {
		to_node(w, tunnel->tunnel.id, &out);
	} else if (leg->end == WEFT_TRACE_PASS) {
		out.to = EXPLAIN_TO_HOST;
		out.interface = explain_interface(w, leg->trace.ifindex);
	} else if (port && leg->end > 0 && leg->end != WEFT_TRACE_DENIED) {
		to_port(w, port->hop.port, port->hop.ifindex, &out);
		if (leg->end != WEFT_TRACE_DELIVER && leg->end != WEFT_TRACE_SEND)
			out.to = EXPLAIN_TO_SENDER;
	} else {
		return 0;
	}
	return take(arg, &out);
}

static int count_one(void *arg, const struct explain_output *out __attribute__((unused)))
{
	++*(int *)arg;
	return 0;
}

static int keep_one(void *arg, const struct explain_output *out)
{
	*(struct explain_output *)arg = *out;
	return 0;
}

static void add_reason(struct words *words, const struct explain_world *w,
		       const struct explain_result *result)
{
	const char *name = drops_name(result->reason);

	if (!name)
		return;
	words_add(words, ": %s", name);
	if (result->reason_port)
		words_add(words, " at %s", view_port_name(&w->view, result->reason_port).s);
	if (!result->rule)
		return;
	words_add(words, " by ");
	explain_rule_words(words, w, result->rule);
}

void explain_verdict_words(struct words *words, const struct explain_world *w,
			   const struct explain_result *result)
{
	struct explain_output out = {};
	int copies = 0;

	words_add(words, "%s", explain_verdict_name(result->verdict));
	explain_outputs(w, result, keep_one, &out);
	switch (result->verdict) {
	case EXPLAIN_DELIVERED:
		words_add(words, " to port %s", out.name.s);
		break;
	case EXPLAIN_SENT:
		words_add(words, " to %s %s", explain_target_name(out.to), out.name.s);
		break;
	case EXPLAIN_FLOODED:
		explain_outputs(w, result, count_one, &copies);
		words_add(words, ": %d %s", copies, copies == 1 ? "copy" : "copies");
		break;
	case EXPLAIN_REFUSED:
	case EXPLAIN_DROPPED:
		add_reason(words, w, result);
		break;
	case EXPLAIN_PASSED:
		words_add(words, " on to the host: it is not for weft");
		break;
	default:
		break;
	}
}
