/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The datapath's table of contents at TC; the XDP side is short enough to stand in xdp.bpf.c.
 *
 *     from a port:     parse -> classify ----------------> forward -+-> deliver   (local port)
 *     from the wire:   parse -> classify -> decap -> parse -> ^     +-> encap     (remote VTEP)
 *                      or XDP has done that: restore -> parse ^     +-> flood     (everybody)
 *                                                                   +-> answer    (ARP, ND, too
 * big)
 */
#ifndef WEFT_BPF_PIPELINE_H
#define WEFT_BPF_PIPELINE_H

#include "stages/parse.h"
#include "stages/classify.h"
#include "stages/decap_tc.h"
#include "stages/forward.h"

static __always_inline void weft_pkt_init(struct weft_pkt *p, weft_ctx *ctx)
{
	p->ctx = ctx;
	p->len = ctx_len(ctx);
	p->gso_size = ctx_gso_size(ctx);
	p->segs = ctx_segs(ctx);
	p->ifindex = ctx_ifindex(ctx);
}

static __always_inline int weft_parse_linear(struct weft_pkt *p)
{
	__builtin_memset(&p->h, 0, sizeof(p->h));
	return weft_parse(&p->h, p->ctx, p->len, p->gso_size);
}

static __attribute__((noinline)) int weft_parse_again(struct weft_pkt *p)
{
	return weft_parse_linear(p);
}

/*
 * Headers outside the linear part are pulled in once; what is short then is truncated. Not a loop:
 * clang 14 lays one out so that Linux 6.1 takes it for an endless one.
 */
static __always_inline int weft_parse_ctx(struct weft_pkt *p)
{
	int err = weft_parse_linear(p);

	return err == -WEFT_DROP_HDR_TRUNC && ctx_pull(p->ctx) ? weft_parse_again(p) : err;
}

/** weft_from_port - what a workload sends. Never WEFT_ACT_PASS: all of it is ours. */
static __always_inline int weft_from_port(struct weft_pkt *p)
{
	int err = weft_classify_port(p, weft_parse_ctx(p));

	return err ? err : weft_forward(p, 0);
}

/* Outer headers, where xdp_underlay has not dealt with them. */
static __always_inline int weft_strip_outer(struct weft_pkt *p)
{
	int err = weft_classify_underlay(p, weft_parse_ctx(p));

	return err ? err : weft_decap_tc(p);
}

/** weft_from_underlay - what the wire brings. */
static __always_inline int weft_from_underlay(struct weft_pkt *p)
{
	int err;

	p->from_underlay = 1;
	err = weft_restore(p);
	if (err == WEFT_ACT_PASS)
		err = weft_strip_outer(p);
	if (err)
		return err;
	err = weft_parse_ctx(p);
	if (!err)
		err = weft_classify_inner(p);
	return err ? err : weft_forward(p, 1);
}

#endif
