/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Stage 1 at TC: parse.h on an skb, of which only the first bytes may be linear. */
#ifndef WEFT_BPF_STAGES_PARSE_SKB_H
#define WEFT_BPF_STAGES_PARSE_SKB_H

#include "parse.h"

static __always_inline int weft_parse_linear(weft_ctx *ctx, struct weft_pkt *p)
{
	__builtin_memset(&p->h, 0, sizeof(p->h));
	return weft_parse(&p->h, ctx, p->len, p->gso_size);
}

static __attribute__((noinline)) int weft_parse_again(weft_ctx *ctx, struct weft_pkt *p)
{
	return weft_parse_linear(ctx, p);
}

/*
 * Headers outside the linear part are pulled in once; what is short then is truncated. Not a loop:
 * clang 14 lays one out so that Linux 6.1 takes it for an endless one.
 */
static __always_inline int weft_parse_ctx(weft_ctx *ctx, struct weft_pkt *p)
{
	int err = weft_parse_linear(ctx, p);

	if (err == -WEFT_DROP_HDR_TRUNC && ctx_pull(ctx))
		err = weft_parse_again(ctx, p);
	return trace_parsed(ctx, err);
}

#endif
