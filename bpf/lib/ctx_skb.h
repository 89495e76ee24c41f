/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Hook access for TC programs. ctx_xdp.h gives the same names for XDP; an entry file includes one
 * of the two, and no other file names a context type.
 */
#ifndef WEFT_BPF_LIB_CTX_H
#define WEFT_BPF_LIB_CTX_H

#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_endian.h>

#ifndef __always_inline
#define __always_inline inline __attribute__((always_inline))
#endif

typedef struct __sk_buff weft_ctx;

#define WEFT_CTX_PULL_MAX 512 /* bytes worth making linear: more headers than this nobody has */

static __always_inline void *ctx_data(const weft_ctx *ctx)
{
	return (void *)(long)ctx->data;
}

static __always_inline void *ctx_data_end(const weft_ctx *ctx)
{
	return (void *)(long)ctx->data_end;
}

/** ctx_len - bytes of the whole frame, linear or not. */
static __always_inline __u32 ctx_len(weft_ctx *ctx)
{
	return ctx->len;
}

static __always_inline __u32 ctx_ifindex(const weft_ctx *ctx)
{
	return ctx->ifindex;
}

static __always_inline __u32 ctx_gso_size(const weft_ctx *ctx)
{
	return ctx->gso_size;
}

/** ctx_segs - wire packets that this one stands for. */
static __always_inline __u32 ctx_segs(const weft_ctx *ctx)
{
	return ctx->gso_segs ?: 1;
}

/** ctx_vlan_present - a tag was stripped into packet metadata (hardware offload). */
static __always_inline int ctx_vlan_present(const weft_ctx *ctx)
{
	return ctx->vlan_present;
}

/** ctx_vlan_tag - that tag, as protocol << 16 | TCI; 0 if there is none. */
static __always_inline __u32 ctx_vlan_tag(const weft_ctx *ctx)
{
	return ctx->vlan_present ? bpf_ntohs(ctx->vlan_proto) << 16 | ctx->vlan_tci : 0;
}

static __always_inline int ctx_is_xdp(void)
{
	return 0;
}

/** ctx_pull - make more of the frame linear. Return: true if that is worth another parse. */
static __always_inline int ctx_pull(weft_ctx *ctx)
{
	__u32 want = ctx->len < WEFT_CTX_PULL_MAX ? ctx->len : WEFT_CTX_PULL_MAX;

	if (ctx_data(ctx) + want <= ctx_data_end(ctx))
		return 0;
	return !bpf_skb_pull_data(ctx, want);
}

static __always_inline long ctx_load(weft_ctx *ctx, __u32 off, void *to, __u32 len)
{
	return bpf_skb_load_bytes(ctx, off, to, len);
}

static __always_inline long ctx_store(weft_ctx *ctx, __u32 off, const void *from, __u32 len)
{
	return bpf_skb_store_bytes(ctx, off, from, len, 0);
}

#endif
