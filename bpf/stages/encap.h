/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Stage 5, encap: wrap the frame for its remote VTEP and send it. After forward.h.
 *
 *     before           [eth][packet]
 *     after  [outer eth][IP][UDP][VXLAN][eth][packet]
 *                       `-- header template --'
 *
 * The kernel makes the room behind the Ethernet header, so the inner Ethernet header is written
 * anew from the parsed view and the old one's bytes become the outer one.
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
#include "too_big.h"

#define WEFT_SPORT_MIN 49152 /* RFC 7348 section 5: the dynamic range */

/** struct weft_vxlan4_hdr, struct weft_vxlan6_hdr - what goes in front of the inner packet. */
struct weft_vxlan4_hdr {
	__u8 pad[2]; /* aligns the IP header; not sent */
	__u8 eth[WEFT_ETH_HLEN];
	struct iphdr ip;
	struct udphdr udp;
	struct weft_vxlanhdr vxlan;
	__u8 inner_eth[WEFT_ETH_HLEN];
} __attribute__((aligned(4)));

struct weft_vxlan6_hdr {
	__u8 pad[2];
	__u8 eth[WEFT_ETH_HLEN];
	struct ipv6hdr ip;
	struct udphdr udp;
	struct weft_vxlanhdr vxlan;
	__u8 inner_eth[WEFT_ETH_HLEN];
} __attribute__((aligned(4)));

#define WEFT_VXLAN4_LEN 36 /* IPv4 + UDP + VXLAN */
#define WEFT_VXLAN6_LEN 56
_Static_assert(sizeof(struct iphdr) + 16 == WEFT_VXLAN4_LEN, "template");
_Static_assert(sizeof(struct ipv6hdr) + 16 == WEFT_VXLAN6_LEN, "template");

/** weft_tunnel_of - the tunnel with @id, or NULL if the slot is not in use. */
static __always_inline const struct weft_tunnel *weft_tunnel_of(__u32 id)
{
	const struct weft_tunnel *t = bpf_map_lookup_elem(&weft_tunnels, &id);

	return t && t->header_len ? t : 0;
}

static __always_inline __u8 weft_inner_ecn(const struct weft_hdrs *h)
{
	return h->tos & WEFT_ECN_MASK; /* tos is 0 where there is no IP */
}

static __always_inline void weft_write_l4(struct udphdr *udp, struct weft_vxlanhdr *vxlan,
					  const struct weft_pkt *p, __u32 hash, __u32 len)
{
	udp->source = bpf_htons(WEFT_SPORT_MIN | (hash & 0x3fff));
	udp->len = bpf_htons(len);
	vxlan->vni = bpf_htonl(p->vni << 8);
}

static __always_inline void weft_write_macs(const struct weft_hdrs *h, __u8 *eth, __u8 *inner)
{
	/* redirect_neigh fills in the addresses; until then, none that could be a group's. */
	__builtin_memset(eth, 0, 2 * WEFT_ETH_ALEN);
	__builtin_memcpy(inner, h->macs, sizeof(h->macs));
	__builtin_memcpy(inner + sizeof(h->macs), &h->eth_proto, sizeof(h->eth_proto));
}

/*
 * @len: bytes of the frame without its first Ethernet header. Return: 0, or -1 if the head is not
 * linear, which growing it has just made sure of.
 */
static __always_inline int weft_write_v4(weft_ctx *ctx, struct weft_pkt *p,
					 const struct weft_tunnel *t, __u32 hash, __u32 len)
{
	struct weft_vxlan4_hdr *w = ctx_data(ctx) - sizeof(w->pad);
	const __be16 proto = bpf_htons(WEFT_ETH_P_IPV4);

	if ((void *)(w->inner_eth + sizeof(w->inner_eth)) > ctx_data_end(ctx))
		return -1;
	__builtin_memcpy(&w->ip, t->header, WEFT_VXLAN4_LEN);
	w->ip.tos = weft_inner_ecn(&p->h);
	w->ip.tot_len = bpf_htons(len);
	w->ip.check = weft_csum_fold(t->csum + bpf_htons(w->ip.tos) + w->ip.tot_len);
	weft_write_l4(&w->udp, &w->vxlan, p, hash, len - sizeof(w->ip));
	weft_write_macs(&p->h, w->eth, w->inner_eth);
	__builtin_memcpy(w->eth + 2 * WEFT_ETH_ALEN, &proto, sizeof(proto));
	return 0;
}

static __always_inline int weft_write_v6(weft_ctx *ctx, struct weft_pkt *p,
					 const struct weft_tunnel *t, __u32 hash, __u32 len)
{
	struct weft_vxlan6_hdr *w = ctx_data(ctx) - sizeof(w->pad);
	const __be16 proto = bpf_htons(WEFT_ETH_P_IPV6);
	__u8 ecn = weft_inner_ecn(&p->h);

	if ((void *)(w->inner_eth + sizeof(w->inner_eth)) > ctx_data_end(ctx))
		return -1;
	__builtin_memcpy(&w->ip, t->header, WEFT_VXLAN6_LEN);
	w->ip.flow_lbl[0] = ecn << 4 | (hash >> 16 & 0x0f); /* RFC 6438: entropy here too */
	w->ip.flow_lbl[1] = hash >> 8;
	w->ip.flow_lbl[2] = hash;
	w->ip.payload_len = bpf_htons(len - sizeof(w->ip));
	weft_write_l4(&w->udp, &w->vxlan, p, hash, len - sizeof(w->ip));
	weft_write_macs(&p->h, w->eth, w->inner_eth);
	__builtin_memcpy(w->eth + 2 * WEFT_ETH_ALEN, &proto, sizeof(proto));
	return 0;
}

/** weft_encap_write - fill the outer headers of @t; the room for them is there. */
static __always_inline int weft_encap_write(weft_ctx *ctx, struct weft_pkt *p,
					    const struct weft_tunnel *t)
{
	__u32 len = ctx_len(ctx) - WEFT_ETH_HLEN;
	__u32 hash = weft_flow_hash(&p->h);

	if (t->family == WEFT_FAMILY_IPV4)
		return weft_write_v4(ctx, p, t, hash, len);
	return weft_write_v6(ctx, p, t, hash, len);
}

/**
 * weft_encap_grow - make room for the outer headers of an IP packet, GSO and all.
 * Return: 0, or what the kernel refused with (it refuses what is not IP, and a packet that is
 * already some other tunnel's with offload pending).
 */
static __always_inline long weft_encap_grow(weft_ctx *ctx, __u8 family)
{
	const __u64 common = BPF_F_ADJ_ROOM_FIXED_GSO | BPF_F_ADJ_ROOM_ENCAP_L4_UDP |
			     BPF_F_ADJ_ROOM_ENCAP_L2(WEFT_ETH_HLEN) | BPF_F_ADJ_ROOM_ENCAP_L2_ETH;

	if (family == WEFT_FAMILY_IPV4)
		return bpf_skb_adjust_room(ctx, WEFT_VXLAN4_LEN + WEFT_ETH_HLEN, BPF_ADJ_ROOM_MAC,
					   common | BPF_F_ADJ_ROOM_ENCAP_L3_IPV4);
	return bpf_skb_adjust_room(ctx, WEFT_VXLAN6_LEN + WEFT_ETH_HLEN, BPF_ADJ_ROOM_MAC,
				   common | BPF_F_ADJ_ROOM_ENCAP_L3_IPV6);
}

/**
 * weft_encap_push - make room in front of any frame. Not for GSO: segments would lack the headers.
 *
 * skb->protocol stays the payload's, so the frame cannot go to redirect_neigh from here; it takes
 * the way through the uplink's ingress (weft_send_by_ingress), where the stack reads it again.
 */
static __always_inline long weft_encap_push(weft_ctx *ctx, struct weft_pkt *p, __u8 family)
{
	if (p->gso_size)
		return -1;
	return bpf_skb_change_head(
		ctx,
		(family == WEFT_FAMILY_IPV4 ? WEFT_VXLAN4_LEN : WEFT_VXLAN6_LEN) + WEFT_ETH_HLEN,
		0);
}

/** weft_send_by_ingress - let tc_underlay send the encapsulated frame; see WEFT_MARK_SEND. */
static __always_inline int weft_send_by_ingress(weft_ctx *ctx, __u32 ifindex)
{
	ctx->mark = WEFT_MARK_SEND;
	bpf_redirect(ifindex, BPF_F_INGRESS);
	return WEFT_ACT_SEND;
}

/**
 * weft_encap - stage 5: wrap the frame and send it to a remote VTEP.
 * @p: decided; every packet pointer is dead after.
 * @id: tunnel id.
 *
 * Outer: DF, TTL 64, UDP checksum 0 (on IPv6 by RFC 6935), source port and flow label from the
 * inner flow, ECN of the inner packet (RFC 6040). The next hop is the kernel's business. Return:
 * WEFT_ACT_SEND; WEFT_ACT_REFUSE if it was too big and the sender was told;
 * -WEFT_DROP_TUNNEL_UNKNOWN; -WEFT_DROP_PKT_TOO_BIG; -WEFT_DROP_ENCAP_FAILED.
 * Spec: RFC 7348 section 5.
 */
static __always_inline int weft_encap(weft_ctx *ctx, struct weft_pkt *p, __u32 id)
{
	const struct weft_tunnel *t = weft_tunnel_of(id);
	int by_ingress = 0;

	trace_tunnel(id, t);
	p->tunnel = id;
	if (!t)
		return -WEFT_DROP_TUNNEL_UNKNOWN;
	if (!weft_fits(p, t->mtu))
		return weft_too_big(ctx, p, t->mtu);
	if (!p->h.version || weft_encap_grow(ctx, t->family)) {
		if (weft_encap_push(ctx, p, t->family))
			return -WEFT_DROP_ENCAP_FAILED;
		by_ingress = 1;
	}
	if (weft_encap_write(ctx, p, t))
		return -WEFT_DROP_ENCAP_FAILED;
	if (by_ingress)
		return weft_send_by_ingress(ctx, t->ifindex);
	bpf_redirect_neigh(t->ifindex, 0, 0, 0);
	return WEFT_ACT_SEND;
}

#endif
