/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Stage 3 at XDP, decap: strip the tunnel header and let the driver go on with the inner frame, so
 * that GRO merges inner segments. After classify.h; tc_underlay takes over from restore.h.
 *
 * Between here and tc_underlay the inner frame is in the stack's hands. It travels under a
 * destination MAC that no host owns, the true one in the metadata: should somebody detach the TC
 * program, the stack finds a frame for somebody else and drops it.
 */
#ifndef WEFT_BPF_STAGES_DECAP_XDP_H
#define WEFT_BPF_STAGES_DECAP_XDP_H

#include "../lib/ecn.h"
#include "decap_tag.h"

/*
 * The inner frame begins the packet, and has a tag. It goes into p->tag: the stack would take it
 * off before tc_underlay sees the frame, and the metadata with it.
 */
static __always_inline int weft_untag_xdp(weft_ctx *ctx, struct weft_pkt *p, __be16 proto)
{
	__u8 eth[WEFT_ETH_HLEN];
	int err = weft_decap_tag(ctx, p, 0, &proto);

	if (err)
		return err;
	if (ctx_load(ctx, 0, eth, sizeof(eth)))
		return -WEFT_DROP_DECAP_FAILED;
	__builtin_memcpy(eth + 2 * WEFT_ETH_ALEN, &proto, sizeof(proto));
	if (bpf_xdp_adjust_head(ctx, WEFT_VLAN_HLEN) || ctx_store(ctx, 0, eth, sizeof(eth)))
		return -WEFT_DROP_DECAP_FAILED;
	return 0;
}

/**
 * weft_decap_xdp - stage 3: strip @p->outer_len bytes, leave a struct weft_meta.
 * @p: classified.
 *
 * Shrinks the head by outer_len; every packet pointer is dead after.
 * Return: WEFT_ACT_PASS, also where the driver has no metadata (the frame is then untouched, and
 * tc_underlay decapsulates); -WEFT_DROP_IP_TUNNEL_ECN; -WEFT_DROP_DECAP_FAILED;
 * what weft_decap_tag() returns.
 */
static __always_inline int weft_decap_xdp(weft_ctx *ctx, struct weft_pkt *p)
{
	const __u8 parked[WEFT_ETH_ALEN] = WEFT_PARKED_MAC;
	struct weft_meta *meta;
	__be16 proto;
	__u8 *dmac;
	int err;

	if (bpf_xdp_adjust_meta(ctx, -(int)sizeof(*meta)))
		return WEFT_ACT_PASS;
	err = weft_ecn_decap(ctx, p);
	if (err)
		return err;
	if (bpf_xdp_adjust_head(ctx, p->outer_len))
		return -WEFT_DROP_DECAP_FAILED;
	meta = (void *)(long)ctx->data_meta;
	dmac = ctx_data(ctx);
	if ((void *)(meta + 1) > (void *)dmac || (void *)(dmac + WEFT_ETH_HLEN) > ctx_data_end(ctx))
		return -WEFT_DROP_DECAP_FAILED;
	__builtin_memcpy(&proto, dmac + 2 * WEFT_ETH_ALEN, sizeof(proto));
	if (weft_is_tag(proto)) {
		err = weft_untag_xdp(ctx, p, proto);
		if (err)
			return err;
		meta = (void *)(long)ctx->data_meta;
		dmac = ctx_data(ctx);
		if ((void *)(meta + 1) > (void *)dmac ||
		    (void *)(dmac + WEFT_ETH_HLEN) > ctx_data_end(ctx))
			return -WEFT_DROP_DECAP_FAILED;
	}
	meta->magic = WEFT_META_MAGIC;
	meta->tunnel = p->tunnel;
	meta->tag = p->tag;
	meta->network = p->network;
	meta->identity = p->identity;
	__builtin_memcpy(meta->dmac, dmac, WEFT_ETH_ALEN);
	__builtin_memcpy(dmac, parked, WEFT_ETH_ALEN);
	return WEFT_ACT_PASS;
}

#endif
