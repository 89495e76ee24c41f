/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Stage 5, encap: wrap the frame for its remote VTEP and send it. After forward.h.
 *
 *     before           [eth][packet]
 *     after  [outer eth][IP][UDP][VXLAN][eth][packet]
 *            [outer eth][IP][UDP][Geneve][source][eth][packet]
 *            [outer eth][IP][GRE with key][eth][packet]
 *                       `-- header template --'
 *
 * The kernel makes the room behind the Ethernet header, so the inner Ethernet header is written
 * anew from the parsed view and the old one's bytes become the outer one. A tag of the tenant's own
 * comes in between, behind the inner Ethernet header's addresses.
 *
 * BPF copies constant lengths only, so the code that writes a header stands here once for each of
 * its lengths: for VXLAN where it is called, for the others in a function of their own.
 */
#ifndef WEFT_BPF_STAGES_ENCAP_H
#define WEFT_BPF_STAGES_ENCAP_H

#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/udp.h>
#include <bpf/bpf_endian.h>

#include "../lib/csum.h"
#include "../lib/hash.h"
#include "../maps.h"
#include "../pkt.h"
#include "next_hop.h"
#include "too_big.h"

#define WEFT_SPORT_MIN 49152 /* RFC 7348 section 5: the dynamic range */

/* Bytes of an encapsulation's own headers, between the outer IP header and the inner frame. */
#define WEFT_UDP_LEN    (sizeof(struct udphdr) + 8) /* VXLAN; Geneve without options */
#define WEFT_SOURCE_LEN (WEFT_UDP_LEN + sizeof(struct weft_geneve_source))
#define WEFT_NVGRE_LEN  sizeof(struct weft_nvgrehdr)
_Static_assert(sizeof(struct ipv6hdr) + WEFT_SOURCE_LEN == WEFT_TUNNEL_HDR_MAX, "template");

/**
 * struct weft_outer4, struct weft_outer6 - what goes in front of the inner packet.
 * @own: the encapsulation's own headers, and the inner Ethernet header behind them.
 */
struct weft_outer4 {
	__u8 pad[2]; /* aligns the IP header; not sent */
	__u8 eth[WEFT_ETH_HLEN];
	struct iphdr ip;
	__be32 own[];
} __attribute__((aligned(4)));

struct weft_outer6 {
	__u8 pad[2];
	__u8 eth[WEFT_ETH_HLEN];
	struct ipv6hdr ip;
	__be32 own[];
} __attribute__((aligned(4)));

/** struct weft_inner_eth - the inner Ethernet header, where it is aligned. */
struct weft_inner_eth {
	__u8 macs[2 * WEFT_ETH_ALEN];
	__be16 proto;
} __attribute__((aligned(4)));

/** weft_tunnel_of - the tunnel with @id, or NULL if the slot is not in use. */
static __always_inline struct weft_tunnel *weft_tunnel_of(__u32 id)
{
	struct weft_tunnel *t = bpf_map_lookup_elem(&weft_tunnels, &id);

	return t && t->header_len ? t : 0;
}

static __always_inline __u8 weft_inner_ecn(const struct weft_hdrs *h)
{
	return h->tos & WEFT_ECN_MASK; /* tos is 0 where there is no IP */
}

/*
 * What differs per packet in the encapsulation's own headers. @encap is constant where it is
 * called. @len: bytes from there on.
 */
static __always_inline void weft_write_own(__be32 *own, const struct weft_pkt *p, __u32 hash,
					   __u32 len, const enum weft_encap encap, const __u32 size)
{
	__be32 vni = bpf_htonl(p->vni << 8);
	struct udphdr *udp = (void *)own;
	__u16 group = 0;

	if (encap == WEFT_ENCAP_NVGRE) {
		own[1] = vni | bpf_htonl(hash & 0xff);
		return;
	}
	udp->source = bpf_htons(WEFT_SPORT_MIN | (hash & 0x3fff));
	udp->len = bpf_htons(len);
	own[3] = vni;
	if (encap == WEFT_ENCAP_VXLAN_GBP)
		group = weft_identity_short(p->identity);
	if (group)
		own[2] = bpf_htonl(WEFT_VXLAN_FLAG_I | WEFT_VXLAN_FLAG_G | group);
	if (size == WEFT_SOURCE_LEN) {
		own[5] = bpf_htonl(p->identity);
		own[6] = bpf_htonl(p->here.port);
	}
}

/* @proto: of the outer packet. redirect_neigh fills in the addresses; until then, none that could
 * be a group's. */
static __always_inline void weft_write_eth(__u8 *eth, __be16 proto)
{
	__builtin_memset(eth, 0, 2 * WEFT_ETH_ALEN);
	__builtin_memcpy(eth + 2 * WEFT_ETH_ALEN, &proto, sizeof(proto));
}

static __always_inline void weft_write_inner(struct weft_inner_eth *inner,
					     const struct weft_hdrs *h)
{
	__builtin_memcpy(inner->macs, h->macs, sizeof(inner->macs));
	inner->proto = h->eth_proto;
}

/*
 * @len: bytes of the frame without its first Ethernet header. @size: of the encapsulation's own
 * headers. Return: 0, or -1 if the head is not linear, which growing it has just made sure of.
 */
static __always_inline int weft_write_v4(weft_ctx *ctx, struct weft_pkt *p,
					 const struct weft_tunnel *t, __u32 hash, __u32 len,
					 const enum weft_encap encap, const __u32 size)
{
	struct weft_outer4 *w = ctx_data(ctx) - sizeof(w->pad);
	struct weft_inner_eth *inner = (void *)w->own + size;

	if ((void *)inner + WEFT_ETH_HLEN > ctx_data_end(ctx))
		return -1;
	__builtin_memcpy(&w->ip, t->header, sizeof(w->ip) + size);
	w->ip.tos = weft_inner_ecn(&p->h);
	w->ip.tot_len = bpf_htons(len);
	w->ip.check = weft_csum_fold(t->csum + bpf_htons(w->ip.tos) + w->ip.tot_len);
	weft_write_own(w->own, p, hash, len - sizeof(w->ip), encap, size);
	weft_write_eth(w->eth, bpf_htons(WEFT_ETH_P_IPV4));
	weft_write_inner(inner, &p->h);
	return 0;
}

static __always_inline int weft_write_v6(weft_ctx *ctx, struct weft_pkt *p,
					 const struct weft_tunnel *t, __u32 hash, __u32 len,
					 const enum weft_encap encap, const __u32 size)
{
	struct weft_outer6 *w = ctx_data(ctx) - sizeof(w->pad);
	struct weft_inner_eth *inner = (void *)w->own + size;
	__u8 ecn = weft_inner_ecn(&p->h);

	if ((void *)inner + WEFT_ETH_HLEN > ctx_data_end(ctx))
		return -1;
	__builtin_memcpy(&w->ip, t->header, sizeof(w->ip) + size);
	w->ip.flow_lbl[0] = ecn << 4 | (hash >> 16 & 0x0f); /* RFC 6438: entropy here too */
	w->ip.flow_lbl[1] = hash >> 8;
	w->ip.flow_lbl[2] = hash;
	w->ip.payload_len = bpf_htons(len - sizeof(w->ip));
	weft_write_own(w->own, p, hash, len - sizeof(w->ip), encap, size);
	weft_write_eth(w->eth, bpf_htons(WEFT_ETH_P_IPV6));
	weft_write_inner(inner, &p->h);
	return 0;
}

static __always_inline int weft_write(weft_ctx *ctx, struct weft_pkt *p,
				      const struct weft_tunnel *t, const enum weft_encap encap,
				      const __u32 size)
{
	__u32 len = ctx_len(ctx) - WEFT_ETH_HLEN;
	__u32 hash = weft_flow_hash(&p->h);

	if (t->family == WEFT_FAMILY_IPV4)
		return weft_write_v4(ctx, p, t, hash, len, encap, size);
	return weft_write_v6(ctx, p, t, hash, len, encap, size);
}

/* The other encapsulations. A global function, verified once on its own. */
__attribute__((noinline)) int weft_write_other(weft_ctx *ctx, struct weft_pkt *p,
					       struct weft_tunnel *t)
{
	if (!p || !t)
		return -1;
	switch (t->encap) {
	case WEFT_ENCAP_VXLAN_GBP:
		return weft_write(ctx, p, t, WEFT_ENCAP_VXLAN_GBP, WEFT_UDP_LEN);
	case WEFT_ENCAP_GENEVE:
		if (t->flags & WEFT_TUNNEL_SOURCE)
			return weft_write(ctx, p, t, WEFT_ENCAP_GENEVE, WEFT_SOURCE_LEN);
		return weft_write(ctx, p, t, WEFT_ENCAP_GENEVE, WEFT_UDP_LEN);
	case WEFT_ENCAP_NVGRE:
		return weft_write(ctx, p, t, WEFT_ENCAP_NVGRE, WEFT_NVGRE_LEN);
	}
	return -1;
}

/** weft_encap_write - fill the outer headers of @t; the room for them is there. */
static __always_inline int weft_encap_write(weft_ctx *ctx, struct weft_pkt *p,
					    struct weft_tunnel *t)
{
	if (t->encap == WEFT_ENCAP_VXLAN)
		return weft_write(ctx, p, t, WEFT_ENCAP_VXLAN, WEFT_UDP_LEN);
	return weft_write_other(ctx, p, t);
}

/**
 * weft_encap_grow - make room for the outer headers of an IP packet, GSO and all.
 * @inner_hlen: bytes of the inner Ethernet header, with its tag.
 *
 * Return: 0, or what the kernel refused with (it refuses what is not IP, and a packet that is
 * already some other tunnel's with offload pending).
 */
static __always_inline long weft_encap_grow(weft_ctx *ctx, const struct weft_tunnel *t,
					    const __u64 inner_hlen)
{
	__u64 flags = BPF_F_ADJ_ROOM_FIXED_GSO | BPF_F_ADJ_ROOM_ENCAP_L2(inner_hlen) |
		      BPF_F_ADJ_ROOM_ENCAP_L2_ETH;

	flags |= t->family == WEFT_FAMILY_IPV4 ? BPF_F_ADJ_ROOM_ENCAP_L3_IPV4
					       : BPF_F_ADJ_ROOM_ENCAP_L3_IPV6;
	flags |= t->encap == WEFT_ENCAP_NVGRE ? BPF_F_ADJ_ROOM_ENCAP_L4_GRE
					      : BPF_F_ADJ_ROOM_ENCAP_L4_UDP;
	return bpf_skb_adjust_room(ctx, t->header_len + inner_hlen, BPF_ADJ_ROOM_MAC, flags);
}

/**
 * weft_encap_push - make room in front of any frame. Not for GSO: segments would lack the headers.
 *
 * skb->protocol stays the payload's, so the frame cannot go to redirect_neigh from here; it takes
 * the way through the uplink's ingress (weft_send_by_ingress), where the stack reads it again.
 */
static __always_inline long weft_encap_push(weft_ctx *ctx, struct weft_pkt *p,
					    const struct weft_tunnel *t)
{
	if (p->gso_size)
		return -1;
	return bpf_skb_change_head(
		ctx, t->header_len + WEFT_ETH_HLEN + (p->tag ? WEFT_VLAN_HLEN : 0), 0);
}

/** enum weft_encap_way - how room was made, and so how the frame can leave. */
enum weft_encap_way {
	WEFT_ENCAP_GROWN,
	WEFT_ENCAP_GROWN_TAGGED,
	WEFT_ENCAP_PUSHED, /* by the uplink's ingress */
};

/**
 * weft_encap_room - make room for any frame: what is not IP, and what has a tag of the tenant's
 * own, whose IP packet may still be a GSO packet.
 * @p: h.version is 0 if it has a tag; see struct weft_pkt.
 *
 * A global function, verified once on its own. Return: enum weft_encap_way, or an error.
 */
__attribute__((noinline)) int weft_encap_room(weft_ctx *ctx, struct weft_pkt *p,
					      struct weft_tunnel *t)
{
	if (!p || !t)
		return -1;
	if (p->tag && !weft_encap_grow(ctx, t, WEFT_ETH_HLEN + WEFT_VLAN_HLEN))
		return WEFT_ENCAP_GROWN_TAGGED;
	if (p->h.version && !weft_encap_grow(ctx, t, WEFT_ETH_HLEN))
		return WEFT_ENCAP_GROWN;
	return weft_encap_push(ctx, p, t) ? -1 : WEFT_ENCAP_PUSHED;
}

/* The inner Ethernet header is written, and has room for a tag behind it. */
static __always_inline long weft_encap_tag(weft_ctx *ctx, const struct weft_pkt *p,
					   const struct weft_tunnel *t)
{
	const __be16 tag[] = {bpf_htons(p->tag >> 16), bpf_htons(p->tag), p->h.eth_proto};

	if (!p->tag)
		return 0;
	return ctx_store(ctx, WEFT_ETH_HLEN + t->header_len + 2 * WEFT_ETH_ALEN, tag, sizeof(tag));
}

/** weft_send_by_ingress - let tc_underlay send the encapsulated frame; see WEFT_MARK_SEND. */
static __always_inline int weft_send_by_ingress(weft_ctx *ctx, __u32 ifindex)
{
	ctx->mark = WEFT_MARK_SEND;
	bpf_redirect(ifindex, BPF_F_INGRESS);
	return WEFT_ACT_SEND;
}

/* The inner frame is longer than its L3 packet by a tag that nobody has allowed for. */
static __always_inline int weft_tag_fits(const struct weft_pkt *p, __u32 mtu)
{
	return !p->tag || weft_fits(p, mtu - WEFT_VLAN_HLEN);
}

/**
 * weft_encap - stage 5: wrap the frame and send it to a remote VTEP.
 * @p: decided; every packet pointer is dead after.
 * @id: tunnel id.
 *
 * Outer: DF, TTL 64, UDP checksum 0 (on IPv6 by RFC 6935), source port or FlowID and flow label
 * from the inner flow, ECN of the inner packet (RFC 6040). The next hop is the kernel's business.
 * Return: WEFT_ACT_SEND; WEFT_ACT_REFUSE if it was too big and the sender was told;
 * -WEFT_DROP_TUNNEL_UNKNOWN; -WEFT_DROP_PKT_TOO_BIG; -WEFT_DROP_ENCAP_FAILED.
 * Spec: RFC 7348 section 5; RFC 8926 section 3; RFC 7637 section 3.
 */
static __always_inline int weft_encap(weft_ctx *ctx, struct weft_pkt *p, __u32 id)
{
	struct weft_tunnel *t = weft_tunnel_of(id);
	int way = WEFT_ENCAP_GROWN;

	trace_tunnel(id, t);
	p->tunnel = id;
	if (!t)
		return -WEFT_DROP_TUNNEL_UNKNOWN;
	if (!weft_fits(p, t->mtu))
		return weft_too_big(ctx, p, t->mtu);
	if (!p->h.version || weft_encap_grow(ctx, t, WEFT_ETH_HLEN)) {
		if (!weft_tag_fits(p, t->mtu))
			return -WEFT_DROP_PKT_TOO_BIG;
		way = weft_encap_room(ctx, p, t);
	}
	if (way < 0 || weft_encap_write(ctx, p, t))
		return -WEFT_DROP_ENCAP_FAILED;
	if (way) {
		if (weft_encap_tag(ctx, p, t))
			return -WEFT_DROP_ENCAP_FAILED;
		if (way == WEFT_ENCAP_PUSHED)
			return weft_send_by_ingress(ctx, t->ifindex);
	}
	weft_send_to_next_hop(ctx, p, id, t);
	return WEFT_ACT_SEND;
}

#endif
