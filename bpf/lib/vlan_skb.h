/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Putting VLAN tags on an skb, and taking them off.
 *
 * The kernel's helpers make no difference between tags in the frame and in the metadata (hardware
 * offload): bpf_skb_vlan_pop() takes off the outermost, wherever it is, and leaves the next one in
 * the metadata; bpf_skb_vlan_push() puts one into the metadata, and what was there into the frame.
 * So a GSO packet stays one that the kernel can segment. Neither writes by pointer, see
 * weft_restore.
 */
#ifndef WEFT_BPF_LIB_VLAN_SKB_H
#define WEFT_BPF_LIB_VLAN_SKB_H

#include "vlan.h"

static __always_inline const struct weft_tags *weft_tags_of(__u32 port)
{
	return bpf_map_lookup_elem(&weft_tags, &port);
}

static __always_inline long weft_tag_push(weft_ctx *ctx, __u16 proto, __u16 tci)
{
	return bpf_skb_vlan_push(ctx, bpf_htons(proto), tci);
}

/**
 * weft_tags_put_on - the tags that a frame has at a port: the tenant's own, and the port's.
 * @port: its id.
 *
 * A global function, verified once on its own.
 * Return: how many there are, for weft_tags_take_off(); -1 if the kernel refuses.
 */
__attribute__((noinline)) int weft_tags_put_on(weft_ctx *ctx, struct weft_pkt *p, __u32 port)
{
	const struct weft_tags *t = weft_tags_of(port);
	int n = 0;

	if (!p)
		return -1;
	if (p->tag) {
		if (weft_tag_push(ctx, p->tag >> 16, p->tag))
			return -1;
		n++;
	}
	if (t && t->vlan) {
		if (weft_tag_push(ctx, WEFT_ETH_P_8021Q, t->vlan | p->prio))
			return -1;
		n++;
	}
	if (t && t->service) {
		if (weft_tag_push(ctx, WEFT_ETH_P_8021AD, t->service | p->prio))
			return -1;
		n++;
	}
	return n;
}

/** weft_tags_take_off - @n tags. Return: 0, or an error. */
static __always_inline long weft_tags_take_off(weft_ctx *ctx, int n)
{
	long err = 0;

	if (n > 0)
		err = bpf_skb_vlan_pop(ctx);
	if (n > 1 && !err)
		err = bpf_skb_vlan_pop(ctx);
	return err;
}

#endif
