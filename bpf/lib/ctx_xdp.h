/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Hook access for XDP programs; see ctx_skb.h. */
#ifndef WEFT_BPF_LIB_CTX_H
#define WEFT_BPF_LIB_CTX_H

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#ifndef __always_inline
#define __always_inline inline __attribute__((always_inline))
#endif

typedef struct xdp_md weft_ctx;

static __always_inline void *ctx_data(const weft_ctx *ctx)
{
	return (void *)(long)ctx->data;
}

static __always_inline void *ctx_data_end(const weft_ctx *ctx)
{
	return (void *)(long)ctx->data_end;
}

/** ctx_len - bytes of the whole frame, all buffers. */
static __always_inline __u32 ctx_len(weft_ctx *ctx)
{
	return bpf_xdp_get_buff_len(ctx);
}

static __always_inline __u32 ctx_ifindex(const weft_ctx *ctx)
{
	return ctx->ingress_ifindex;
}

/* XDP sees frames before they could be merged. */
static __always_inline __u32 ctx_gso_size(const weft_ctx *ctx)
{
	return 0;
}

static __always_inline __u32 ctx_segs(const weft_ctx *ctx)
{
	return 1;
}

static __always_inline int ctx_vlan_present(const weft_ctx *ctx)
{
	return 0;
}

static __always_inline __u32 ctx_vlan_tag(const weft_ctx *ctx)
{
	return 0;
}

static __always_inline int ctx_is_xdp(void)
{
	return 1;
}

/* A driver puts the headers into the first buffer; there is no pulling. */
static __always_inline int ctx_pull(weft_ctx *ctx)
{
	return 0;
}

static __always_inline long ctx_load(weft_ctx *ctx, __u32 off, void *to, __u32 len)
{
	return bpf_xdp_load_bytes(ctx, off, to, len);
}

static __always_inline long ctx_store(weft_ctx *ctx, __u32 off, const void *from, __u32 len)
{
	return bpf_xdp_store_bytes(ctx, off, (void *)from, len);
}

#endif
