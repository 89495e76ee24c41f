/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The hooks of `weft explain`: each writes a record to a map of the process that explains. See
 * trace_off.h for what they are, and weft/trace.h for the records.
 *
 * They change nothing else of what the pipeline does, but for two things: the interface that the
 * packet comes in by is the one that the map says, and nothing is cloned, because a clone is sent
 * at once, even in a test run.
 */
#ifndef WEFT_BPF_LIB_TRACE_H
#define WEFT_BPF_LIB_TRACE_H

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include <weft/trace.h>

#include "../pkt.h"

/* Not inlined, because the stages need all of the stack; XDP has no use for some. */
#define TRACE_HOOK  __attribute__((noinline, unused))
#define TRACE_STAGE __attribute__((noinline))

_Static_assert((int)WEFT_TRACE_PASS == WEFT_ACT_PASS &&
		       (int)WEFT_TRACE_DELIVER == WEFT_ACT_DELIVER &&
		       (int)WEFT_TRACE_SEND == WEFT_ACT_SEND &&
		       (int)WEFT_TRACE_FLOOD == WEFT_ACT_FLOOD &&
		       (int)WEFT_TRACE_REPLY == WEFT_ACT_REPLY &&
		       (int)WEFT_TRACE_REFUSE == WEFT_ACT_REFUSE &&
		       (int)WEFT_TRACE_DENIED == WEFT_ACT_DENIED,
	       "an end is an action");

/* Of one process, and never pinned. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct weft_trace);
} weft_trace SEC(".maps");

static __always_inline struct weft_trace *trace_of(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&weft_trace, &zero);
}

/* The next record, or NULL if there is no room for one. */
static __always_inline struct weft_trace_rec *trace_next(__u32 step, int found)
{
	struct weft_trace *t = trace_of();
	struct weft_trace_rec *r;
	__u32 i;

	if (!t)
		return 0;
	i = t->n++;
	if (i >= WEFT_TRACE_MAX)
		return 0;
	r = &t->recs[i];
	r->step = step;
	r->found = found;
	return r;
}

static __always_inline void trace_head(weft_ctx *ctx, struct weft_trace_frame *frame)
{
	__u32 len = ctx_len(ctx);

	frame->len = len;
	frame->tag = ctx_vlan_tag(ctx);
	if (len >= WEFT_TRACE_HEAD)
		ctx_load(ctx, 0, frame->head, WEFT_TRACE_HEAD);
	else /* so put that Linux 6.1 sees 1 .. WEFT_TRACE_HEAD */
		ctx_load(ctx, 0, frame->head, ((len - 1) & (WEFT_TRACE_HEAD - 1)) + 1);
}

static TRACE_HOOK __u32 trace_ifindex(weft_ctx *ctx)
{
	struct weft_trace *t = trace_of();

	return t ? t->ifindex : 0;
}

static TRACE_HOOK const struct weft_meta *trace_meta(const weft_ctx *ctx)
{
	struct weft_trace *t = trace_of();

	return t && t->has_meta ? &t->meta : 0;
}

static __always_inline int trace_meta_whole(const struct weft_meta *meta, const void *frame)
{
	return meta != 0;
}

static TRACE_HOOK int trace_result(__u32 step, int result)
{
	struct weft_trace_rec *r = trace_next(step, 1);

	if (r)
		r->result = result;
	return result;
}

static TRACE_HOOK int trace_parsed(weft_ctx *ctx, int result)
{
	struct weft_trace_rec *r = trace_next(WEFT_TRACE_PARSE, 1);

	if (r) {
		r->result = result;
		trace_head(ctx, &r->frame);
	}
	return result;
}

static TRACE_HOOK void trace_port(__u32 step, __u32 ifindex, const struct weft_port *port)
{
	struct weft_trace_rec *r = trace_next(step, !!port);

	if (!r)
		return;
	r->port.ifindex = ifindex;
	if (port)
		r->port.port = *port;
}

static TRACE_HOOK void trace_peer(const struct weft_peer_key *key, const struct weft_peer *peer)
{
	struct weft_trace_rec *r = trace_next(WEFT_TRACE_PEER, !!peer);

	if (!r)
		return;
	r->peer.key = *key;
	if (peer)
		r->peer.peer = *peer;
}

static TRACE_HOOK void trace_network(__u32 id, const struct weft_network *network)
{
	struct weft_trace_rec *r = trace_next(WEFT_TRACE_NETWORK, !!network);

	if (!r)
		return;
	r->network.id = id;
	if (network)
		r->network.network = *network;
}

static TRACE_HOOK void trace_fdb(__u32 step, const struct weft_fdb_key *key,
				 const struct weft_fdb_entry *entry)
{
	struct weft_trace_rec *r = trace_next(step, !!entry);

	if (!r)
		return;
	r->fdb.key = *key;
	if (entry)
		r->fdb.entry = *entry;
}

static TRACE_HOOK void trace_neigh(__u32 step, const struct weft_neigh_key *key,
				   const struct weft_neigh *neigh)
{
	struct weft_trace_rec *r = trace_next(step, !!neigh);

	if (!r)
		return;
	r->neigh.key = *key;
	if (neigh)
		r->neigh.neigh = *neigh;
}

static TRACE_HOOK void trace_learned(__u32 step, const struct weft_fdb_key *key,
				     const struct weft_learned *entry, const struct weft_hop *here)
{
	struct weft_trace_rec *r = trace_next(step, !!entry);

	if (!r)
		return;
	r->learned.key = *key;
	r->learned.here = *here;
	if (entry)
		r->learned.learned = *entry;
}

static TRACE_HOOK void trace_frag(const struct weft_frag_key *key, const struct weft_frag *frag)
{
	struct weft_trace_rec *r = trace_next(WEFT_TRACE_FRAGMENT, !!frag);

	if (!r)
		return;
	r->frag.key = *key;
	if (frag)
		r->frag.frag = *frag;
}

static __always_inline void trace_flow(__u32 step, const struct weft_flow_key *key,
				       const struct weft_flow *flow, int side, int table)
{
	struct weft_trace_rec *r = trace_next(step, !!flow);

	if (!r)
		return;
	r->flow.key = *key;
	if (flow)
		r->flow.flow = *flow;
	r->flow.side = side;
	r->flow.table = table;
}

static TRACE_HOOK void trace_policy(const struct weft_addr *peer, __u32 slot, __u32 point,
				    __u32 rule, int action)
{
	struct weft_trace_rec *r = trace_next(WEFT_TRACE_POLICY, !!rule);

	if (!r)
		return;
	r->result = action;
	r->policy.peer = *peer;
	r->policy.dir = slot & 1;
	r->policy.port = slot >> 1;
	r->policy.point = point;
	r->policy.rule = rule;
}

static TRACE_HOOK void trace_tunnel(__u32 id, const struct weft_tunnel *tunnel)
{
	struct weft_trace_rec *r = trace_next(WEFT_TRACE_TUNNEL, !!tunnel);

	if (!r)
		return;
	r->tunnel.id = id;
	if (tunnel)
		r->tunnel.tunnel = *tunnel;
}

static TRACE_HOOK void trace_copy(weft_ctx *ctx, const struct weft_flood_member *member)
{
	struct weft_trace_rec *r = trace_next(WEFT_TRACE_COPY, 1);

	if (!r)
		return;
	r->copy.member = *member;
	trace_head(ctx, &r->copy.frame);
}

static __always_inline long trace_clone(weft_ctx *ctx, const struct weft_flood_member *member,
					__u32 ifindex, __u64 flags)
{
	trace_copy(ctx, member);
	return 0;
}

static TRACE_HOOK void trace_handover(weft_ctx *ctx, __u32 ifindex, __u32 delivery, __u32 port)
{
	struct weft_trace_rec *r = trace_next(WEFT_TRACE_HANDOVER, 1);

	if (!r)
		return;
	r->hop.ifindex = ifindex;
	r->hop.delivery = delivery;
	r->hop.port = port;
	r->hop.tag = ctx_vlan_tag(ctx);
}

static TRACE_HOOK void trace_drop(__u32 port, __u32 reason)
{
	struct weft_trace_rec *r = trace_next(WEFT_TRACE_DROP, 1);

	if (!r)
		return;
	r->drop.port = port;
	r->drop.reason = reason;
}

#endif
