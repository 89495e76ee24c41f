/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * What VLAN tags a frame has. Within the pipeline it has none: they are all taken off when it comes
 * in, and put on when it goes out, see vlan_skb.h. Spec: IEEE 802.1Q.
 */
#ifndef WEFT_BPF_LIB_VLAN_H
#define WEFT_BPF_LIB_VLAN_H

#include <bpf/bpf_endian.h>

#include "../maps.h"
#include "../pkt.h"

/**
 * struct weft_tag_pair - a frame's tags, TPID << 16 | TCI, host order; 0 = none.
 * @outer: the outermost.
 * @inner: the next.
 */
struct weft_tag_pair {
	__u32 outer;
	__u32 inner;
};

static __always_inline __u32 weft_tag_vid(__u32 tag)
{
	return tag & WEFT_VLAN_VID;
}

/* The @i-th tag in the frame. */
static __always_inline __u32 weft_tag_in_frame(weft_ctx *ctx, __u32 i)
{
	__be16 tag[2];

	if (ctx_load(ctx, 2 * WEFT_ETH_ALEN + i * WEFT_VLAN_HLEN, tag, sizeof(tag)))
		return 0;
	return (__u32)bpf_ntohs(tag[0]) << 16 | bpf_ntohs(tag[1]);
}

/**
 * weft_tags_read - what tags has the frame? One without a VLAN id only says a priority, and counts
 * as none.
 * @p: parsed as far as the tags; prio is set.
 * @t: filled with the first two, also when there are more.
 *
 * Return: 0; -WEFT_DROP_VLAN_TOO_DEEP.
 */
static __always_inline int weft_tags_read(weft_ctx *ctx, struct weft_pkt *p,
					  struct weft_tag_pair *t)
{
	__u32 n = p->h.vlans, first = n ? weft_tag_in_frame(ctx, 0) : 0;

	t->outer = p->tagged ? ctx_vlan_tag(ctx) : first;
	t->inner = p->tagged ? first : n > 1 ? weft_tag_in_frame(ctx, 1) : 0;
	p->prio = t->outer & WEFT_VLAN_PRIO;
	if (!weft_tag_vid(t->inner))
		t->inner = 0;
	if (!weft_tag_vid(t->outer)) {
		t->outer = t->inner;
		t->inner = 0;
	}
	return p->tagged + n > 2 ? -WEFT_DROP_VLAN_TOO_DEEP : 0;
}

/** weft_tag_hide - from here on the frame goes by its MAC addresses; see struct weft_pkt. */
static __always_inline void weft_tag_hide(struct weft_pkt *p)
{
	p->h.version = 0;
	p->h.flags = 0;
}

/** weft_tags_carried - may frames of the packet's network have a tag of the tenant's own? */
static __always_inline int weft_tags_carried(const struct weft_pkt *p)
{
	__u32 id = p->network;
	const struct weft_network *net = bpf_map_lookup_elem(&weft_networks, &id);

	return net && net->flags & WEFT_NET_TAGS;
}

/**
 * weft_tags_own - what is left of the tags is the tenant's own.
 * @p: network known; tag is set.
 *
 * Return: 0; -WEFT_DROP_VLAN_UNEXPECTED; -WEFT_DROP_VLAN_TOO_DEEP.
 */
static __always_inline int weft_tags_own(struct weft_pkt *p, const struct weft_tag_pair *t)
{
	if (!t->outer)
		return 0;
	if (!weft_tags_carried(p))
		return -WEFT_DROP_VLAN_UNEXPECTED;
	if (t->inner)
		return -WEFT_DROP_VLAN_TOO_DEEP;
	p->tag = t->outer;
	return 0;
}

#endif
