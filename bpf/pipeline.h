/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The datapath's table of contents at TC; the XDP side is short enough to stand in xdp.bpf.c.
 *
 *     from a port:     parse -> classify ----------------> forward -+-> deliver   (local port)
 *     from the wire:   parse -> classify -> decap -> parse -> ^     +-> encap     (remote VTEP)
 *                                    `----> vlan -----------> ^     +-> to wire   (VLAN of an
 * uplink) or XDP has done that: restore -> parse ^     +-> flood     (everybody)
 *                                                                   +-> answer    (ARP, ND, too
 * big)
 */
#ifndef WEFT_BPF_PIPELINE_H
#define WEFT_BPF_PIPELINE_H

#include "stages/parse_skb.h"
#include "stages/classify.h"
#include "stages/classify_port.h"
#include "stages/decap_tc.h"
#include "stages/forward.h"
#include "stages/order.h"

static __always_inline void weft_pkt_init(weft_ctx *ctx, struct weft_pkt *p)
{
	__builtin_memset(p, 0, sizeof(*p));
	p->len = ctx_len(ctx);
	p->gso_size = ctx_gso_size(ctx);
	p->segs = ctx_segs(ctx);
	p->ifindex = trace_ifindex(ctx);
	p->tagged = ctx_vlan_present(ctx);
	weft_generation_read(p);
}

/* One packet at a time and CPU: TC programs run with bottom halves off, and not within each other.
 */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct weft_pkt);
} weft_pkt SEC(".maps");

static __always_inline struct weft_pkt *weft_pkt_new(weft_ctx *ctx)
{
	__u32 zero = 0;
	struct weft_pkt *p = bpf_map_lookup_elem(&weft_pkt, &zero);

	if (p)
		weft_pkt_init(ctx, p);
	return p;
}

/* A source MAC address that is not the port's own may still be allowed, or mean a loop. */
static __always_inline int weft_classify_workload(weft_ctx *ctx, struct weft_pkt *p)
{
	int err = weft_classify_port(ctx, p, weft_parse_ctx(ctx, p));

	if (err != -WEFT_DROP_MAC_SPOOFED)
		return err;
	err = weft_guard_mac(p);
	if (err && weft_mac_is_group(p->h.dmac))
		err = weft_loop(ctx, p) ?: err;
	return err;
}

/** weft_from_port - what a workload sends. Never WEFT_ACT_PASS: all of it is ours. */
static __always_inline int weft_from_port(weft_ctx *ctx, struct weft_pkt *p)
{
	int err = trace_result(WEFT_TRACE_CLASSIFY, weft_classify_workload(ctx, p));

	return err ? err : weft_forward(ctx, p, 0);
}

/** weft_answer_from_port - what tc_underlay refused in the name of a port's workload. */
static __always_inline int weft_answer_from_port(weft_ctx *ctx, struct weft_pkt *p)
{
	int err = trace_result(WEFT_TRACE_CLASSIFY, weft_classify_workload(ctx, p));

	return err ? err : weft_forward_answer(ctx, p);
}

/*
 * Outer headers, where xdp_underlay has not dealt with them; or else a VLAN's tags, and p->here is
 * then that wire.
 */
static __always_inline int weft_strip_outer(weft_ctx *ctx, struct weft_pkt *p)
{
	int parsed = weft_parse_ctx(ctx, p), err;
	__u8 tagged = p->tagged;

	if (tagged && !weft_tag_vid(ctx_vlan_tag(ctx)))
		p->tagged = 0; /* a priority, and no VLAN */
	err = trace_result(WEFT_TRACE_CLASSIFY, weft_classify_underlay(ctx, p, parsed));
	p->tagged = tagged;
	if (err == WEFT_ACT_PASS)
		return trace_result(WEFT_TRACE_WIRE, weft_classify_wire(ctx, p, parsed));
	return err ? err : trace_result(WEFT_TRACE_DECAP, weft_decap_tc(ctx, p));
}

/** weft_from_underlay - what the wire brings. */
static __always_inline int weft_from_underlay(weft_ctx *ctx, struct weft_pkt *p)
{
	int err;

	p->from_underlay = 1;
	err = trace_result(WEFT_TRACE_RESTORE, weft_restore(ctx, p));
	if (err == WEFT_ACT_PASS)
		err = weft_strip_outer(ctx, p);
	if (!err && p->here.kind != WEFT_HOP_WIRE) {
		err = weft_parse_ctx(ctx, p);
		if (!err)
			err = trace_result(WEFT_TRACE_CLASSIFY, weft_classify_inner(p));
	}
	return err ? err : weft_forward(ctx, p, 1);
}

#endif
