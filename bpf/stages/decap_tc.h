/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Stage 3 at TC, decap: take over what xdp_underlay stripped, or strip it here where XDP is absent.
 * After classify.h, before the inner frame is parsed.
 */
#ifndef WEFT_BPF_STAGES_DECAP_TC_H
#define WEFT_BPF_STAGES_DECAP_TC_H

#include <bpf/bpf_endian.h>

#include "../lib/ecn.h"
#include "../pkt.h"

/**
 * weft_restore - take over a frame that xdp_underlay decapsulated.
 * @p: fresh; sets network and tunnel.
 *
 * Return: true if the frame bears our metadata and the parked address; its own destination is then
 * back in place.
 */
static __always_inline int weft_restore(struct weft_pkt *p)
{
	const __u8 parked[WEFT_ETH_ALEN] = WEFT_PARKED_MAC;
	const struct weft_meta *meta = (void *)(long)p->ctx->data_meta;
	__u8 *dmac = ctx_data(p->ctx);

	if ((void *)(meta + 1) > (void *)dmac || (void *)(dmac + WEFT_ETH_HLEN) > ctx_data_end(p->ctx))
		return 0;
	if (meta->magic != WEFT_META_MAGIC || !weft_mac_equal(dmac, parked))
		return 0;
	p->network = meta->network;
	p->tunnel = meta->tunnel;
	__builtin_memcpy(dmac, meta->dmac, WEFT_ETH_ALEN);
	return 1;
}

/*
 * The kernel shrinks a frame only if what remains could be an IP packet of the *outer* version. An
 * ARP packet behind an IPv6 underlay is shorter than that: pad it to Ethernet's minimum first.
 */
static __always_inline int weft_decap_pad(struct weft_pkt *p)
{
	__u32 inner = p->len - p->outer_len;

	if (inner >= WEFT_ETH_MIN_FRAME)
		return 0;
	return bpf_skb_change_tail(p->ctx, p->outer_len + WEFT_ETH_MIN_FRAME, 0) ?
		       -WEFT_DROP_DECAP_FAILED : 0;
}

/**
 * weft_decap_tc - stage 3: strip the outer headers of an skb.
 * @p: classified; len becomes the inner frame's.
 *
 * The kernel removes bytes behind the MAC header, so the inner Ethernet header is saved, goes with
 * them, and is written over the outer one. skb->protocol keeps the outer ethertype: where the inner
 * one differs, @p->proto_stale tells deliver.h to hand the frame over in a way that reads it again.
 * Return: 0; -WEFT_DROP_IP_TUNNEL_ECN; -WEFT_DROP_DECAP_FAILED.
 */
static __always_inline int weft_decap_tc(struct weft_pkt *p)
{
	__u8 eth[WEFT_ETH_HLEN];
	__be16 proto;
	int err;

	err = weft_ecn_decap(p);
	if (!err)
		err = weft_decap_pad(p);
	if (err)
		return err;
	if (ctx_load(p->ctx, p->outer_len, eth, sizeof(eth)) ||
	    bpf_skb_adjust_room(p->ctx, -(int)p->outer_len, BPF_ADJ_ROOM_MAC,
				BPF_F_ADJ_ROOM_FIXED_GSO) ||
	    ctx_store(p->ctx, 0, eth, sizeof(eth)))
		return -WEFT_DROP_DECAP_FAILED;
	__builtin_memcpy(&proto, eth + 2 * WEFT_ETH_ALEN, sizeof(proto));
	p->proto_stale = proto != p->h.eth_proto;
	p->len = ctx_len(p->ctx);
	return 0;
}

#endif
