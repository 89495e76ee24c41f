/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Stage 4f, return path: an answer to what came by a node's host port goes back there, although its
 * sender addresses it to the workload that asked. The node has translated the question (a Service's
 * address to B's), and alone can translate the answer.
 *
 *     A ──────> host port of the node ─┐ to B              source: A's IP, the host port's MAC
 *                                      └─> host port ──> B
 *                                      ┌── host port <── B to A's MAC; readdressed
 *     A <────── host port of the node ─┘ from the Service
 *
 * The flow of the question remembers: it is WEFT_FLOW_ROUTED, and has the host port's MAC address
 * in the place of A's. Only host ports that the file says are routed can do that, see routed.h.
 * Called by forward.h before it looks where a packet goes; flow.h does the same for established
 * flows.
 */
#ifndef WEFT_BPF_STAGES_RETURN_PATH_H
#define WEFT_BPF_STAGES_RETURN_PATH_H

#include "related.h"
#include "routed.h"

/*
 * The flow that the packet answers: its own, or the one that an ICMP error is about. Return: NULL
 * if there is none, or if the packet is its opener's.
 */
static __always_inline const struct weft_flow *
weft_return_flow(weft_ctx *ctx, const struct weft_pkt *p, int side, struct weft_scratch *s)
{
	const struct weft_flow *f;
	__u8 table;

	if (side >= 0) {
		f = weft_flow_find(&s->key, &table);
		return f && side != f->origin ? f : 0;
	}
	if (!weft_is_icmp_error(&p->h))
		return 0;
	side = weft_quoted_flow(ctx, p, s);
	if (side < 0)
		return 0;
	f = weft_flow_find(&s->quote_key, &table);
	return f && side == f->origin ? f : 0;
}

/* Is the router of @f still one, and is it the packet's way there? */
static __always_inline int weft_return_valid(const struct weft_pkt *p, const __u8 *router)
{
	struct weft_fdb_key key = {.network = p->network};
	const struct weft_fdb_entry *e;

	if (weft_mac_equal(p->h.smac, router) || weft_mac_equal(p->h.dmac, router))
		return 0;
	__builtin_memcpy(key.mac, router, sizeof(key.mac));
	e = bpf_map_lookup_elem(&weft_fdb, &key);
	trace_fdb(WEFT_TRACE_RETURN, &key, e);
	return e && e->flags & WEFT_FDB_ROUTED && (!p->from_underlay || e->kind == WEFT_FDB_LOCAL);
}

/**
 * weft_return_path - stage 4f.
 * @p: an IP packet to one MAC address, in a network that has routed host ports. Sets routed, and
 *     readdresses an answer.
 * @side: in its flow, whose key is in struct weft_scratch; -1: it has none.
 *
 * A global function, verified once on its own. Return: 0; -WEFT_DROP_ENCAP_FAILED.
 */
__attribute__((noinline)) int weft_return_path(weft_ctx *ctx, struct weft_pkt *p, int side)
{
	struct weft_scratch *s = weft_scratch_of();
	const struct weft_flow *f;
	const __u8 *router;

	if (!p || !s)
		return 0;
	weft_routed_find(p);
	f = weft_return_flow(ctx, p, side, s);
	if (!f || !(f->flags & WEFT_FLOW_ROUTED))
		return 0;
	router = f->origin ? f->mac[1] : f->mac[0];
	if (!weft_return_valid(p, router))
		return 0;
	return weft_readdress(ctx, p, router) ? -WEFT_DROP_ENCAP_FAILED : 0;
}

#endif
