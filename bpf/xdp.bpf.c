/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The XDP program: admit what the wire brings for our VTEP, drop the rest of that before it costs
 * an skb, strip the tunnel header, and let the driver's GRO see the inner frame. tc_underlay goes
 * on.
 *
 * An object of its own, because libxdp loads it when it attaches it.
 */
#include "lib/ctx_xdp.h"
#include "lib/trace_off.h"

#include "config.h"
#include "lib/stats.h"
#include "stages/parse.h"
#include "stages/classify.h"
#include "stages/decap_xdp.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

static __always_inline int weft_strip(weft_ctx *ctx, struct weft_pkt *p)
{
	int err = trace_parsed(ctx, weft_parse(&p->h, ctx, p->len, 0));

	err = trace_result(WEFT_TRACE_CLASSIFY, weft_classify_underlay(ctx, p, err));
	return err ? err : trace_result(WEFT_TRACE_DECAP, weft_decap_xdp(ctx, p));
}

/* The loader says whether it takes packets of several buffers. */
SEC("xdp")
int xdp_underlay(struct xdp_md *xdp)
{
	struct weft_pkt p = {.segs = 1, .from_underlay = 1};
	int act;

	p.len = ctx_len(xdp);
	p.ifindex = trace_ifindex(xdp);
	weft_generation_read(&p);
	act = trace_result(WEFT_TRACE_END, weft_strip(xdp, &p));
	if (act == WEFT_ACT_PASS)
		return XDP_PASS;
	weft_count_drop(xdp, &p, -act);
	return XDP_DROP;
}
