/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Hook access without a hook: a frame in memory, for tests and fuzzers of stages/parse.h. */
#ifndef WEFT_BPF_LIB_CTX_H
#define WEFT_BPF_LIB_CTX_H

#include <string.h>
#include <linux/types.h>

/**
 * weft_ctx - a frame, as in an skb.
 * @data: its first @linear bytes, which may be reached by pointer.
 * @frame: all @len bytes; may be the same memory.
 */
typedef struct {
	const __u8 *data;
	const __u8 *frame;
	__u32 linear;
	__u32 len;
} weft_ctx;

static inline const void *ctx_data(const weft_ctx *ctx)
{
	return ctx->data;
}

static inline const void *ctx_data_end(const weft_ctx *ctx)
{
	return ctx->data + ctx->linear;
}

static inline long ctx_load(weft_ctx *ctx, __u32 off, void *to, __u32 len)
{
	if (off > ctx->len || len > ctx->len - off)
		return -1;
	memcpy(to, ctx->frame + off, len);
	return 0;
}

#endif
