/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Stage 3 at TC, decap: take over what xdp_underlay stripped, or strip it here where XDP is absent.
 * After classify.h, before the inner frame is parsed.
 */
#ifndef WEFT_BPF_STAGES_DECAP_TC_H
#define WEFT_BPF_STAGES_DECAP_TC_H

#include <bpf/bpf_endian.h>

#include "../lib/ecn.h"
#include "decap_tag.h"

/**
 * weft_restore - take over a frame that xdp_underlay decapsulated.
 * @p: fresh; sets network, tunnel, tag and identity.
 *
 * Nothing in tc_underlay may write to the packet by pointer. For a program that does, the kernel
 * copies a packet that somebody else holds too (a tcpdump on the uplink) before the program starts,
 * and the copy has lost the metadata.
 * Return: 0 its own destination is back in place; WEFT_ACT_PASS it is no such frame;
 * -WEFT_DROP_META_LOST: it bears the parked address, but not our metadata.
 */
static __always_inline int weft_restore(weft_ctx *ctx, struct weft_pkt *p)
{
	const __u8 parked[WEFT_ETH_ALEN] = WEFT_PARKED_MAC;
	const struct weft_meta *meta = trace_meta(ctx);
	const __u8 *frame = ctx_data(ctx);
	__u8 dmac[WEFT_ETH_ALEN];

	if ((void *)(frame + WEFT_ETH_HLEN) > ctx_data_end(ctx) || !weft_mac_equal(frame, parked))
		return WEFT_ACT_PASS;
	if (!trace_meta_whole(meta, frame) || meta->magic != WEFT_META_MAGIC)
		return -WEFT_DROP_META_LOST;
	p->network = meta->network;
	p->tunnel = meta->tunnel;
	p->tag = meta->tag;
	p->identity = meta->identity;
	__builtin_memcpy(dmac, meta->dmac, sizeof(dmac));
	return ctx_store(ctx, 0, dmac, sizeof(dmac)) ? -WEFT_DROP_META_LOST : 0;
}

/*
 * The kernel shrinks a frame only if what remains could be an IP packet of the *outer* version. An
 * ARP packet behind an IPv6 underlay is shorter than that: pad it to Ethernet's minimum and try
 * again. Not at once: it does not pad a frame that came over a veth with its offloads pending, and
 * those can be shrunk as they are.
 */
static __always_inline long weft_decap_pad(weft_ctx *ctx, struct weft_pkt *p, __u32 off)
{
	if (p->len - off >= WEFT_ETH_MIN_FRAME)
		return -1;
	return bpf_skb_change_tail(ctx, off + WEFT_ETH_MIN_FRAME, 0);
}

/* Linux 6.3; the headers of Debian 12 are older. */
#define WEFT_ADJ_ROOM_DECAP_L3_IPV4 (1ULL << 7)
#define WEFT_ADJ_ROOM_DECAP_L3_IPV6 (1ULL << 8)

/*
 * Remove the outer headers. skb->protocol keeps the outer ethertype unless the kernel is told of
 * another one; it must be right for a GSO packet, which may be segmented on its way. Older kernels
 * refuse to be told, and nobody can say "ARP": p->proto_stale then makes deliver.h hand the frame
 * over in a way that reads the protocol again.
 */
static __always_inline long weft_decap_shrink(weft_ctx *ctx, struct weft_pkt *p, __be16 proto,
					      __u32 off)
{
	const __u64 flags = BPF_F_ADJ_ROOM_FIXED_GSO;
	const int len = -(int)off;

	p->proto_stale = 0;
	if (proto == p->h.eth_proto)
		return bpf_skb_adjust_room(ctx, len, BPF_ADJ_ROOM_MAC, flags);
	if (proto == bpf_htons(WEFT_ETH_P_IPV4) &&
	    !bpf_skb_adjust_room(ctx, len, BPF_ADJ_ROOM_MAC, flags | WEFT_ADJ_ROOM_DECAP_L3_IPV4))
		return 0;
	if (proto == bpf_htons(WEFT_ETH_P_IPV6) &&
	    !bpf_skb_adjust_room(ctx, len, BPF_ADJ_ROOM_MAC, flags | WEFT_ADJ_ROOM_DECAP_L3_IPV6))
		return 0;
	p->proto_stale = 1;
	return bpf_skb_adjust_room(ctx, len, BPF_ADJ_ROOM_MAC, flags);
}

/**
 * weft_decap_tc - stage 3: strip the outer headers of an skb, and a tag beside it.
 * @p: classified; len becomes the inner frame's. The tenant's tag goes too, into p->tag.
 *
 * The kernel removes bytes behind the MAC header, so the inner Ethernet header is saved, goes with
 * them, and is written over the outer one.
 * Return: 0; -WEFT_DROP_IP_TUNNEL_ECN; -WEFT_DROP_VLAN_*; -WEFT_DROP_DECAP_FAILED.
 */
static __always_inline int weft_decap_tc(weft_ctx *ctx, struct weft_pkt *p)
{
	__u32 off = p->outer_len;
	__u8 eth[WEFT_ETH_HLEN];
	__be16 proto;
	int err;

	err = weft_ecn_decap(ctx, p);
	if (err)
		return err;
	if (p->tagged && bpf_skb_vlan_pop(ctx))
		return -WEFT_DROP_DECAP_FAILED;
	if (ctx_load(ctx, off, eth, sizeof(eth)))
		return -WEFT_DROP_DECAP_FAILED;
	__builtin_memcpy(&proto, eth + 2 * WEFT_ETH_ALEN, sizeof(proto));
	if (weft_is_tag(proto)) {
		err = weft_decap_tag(ctx, p, off, &proto);
		if (err)
			return err;
		off += WEFT_VLAN_HLEN;
		__builtin_memcpy(eth + 2 * WEFT_ETH_ALEN, &proto, sizeof(proto));
	}
	if (weft_decap_shrink(ctx, p, proto, off) &&
	    (weft_decap_pad(ctx, p, off) || weft_decap_shrink(ctx, p, proto, off)))
		return -WEFT_DROP_DECAP_FAILED;
	if (ctx_store(ctx, 0, eth, sizeof(eth)))
		return -WEFT_DROP_DECAP_FAILED;
	p->len = ctx_len(ctx);
	return 0;
}

#endif
