/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Stage 1, parse: from the frame's first byte to the L4 header. Before classify.h; run again on the
 * inner frame after decap.h.
 *
 * A cursor walks the headers. Every step checks the packet's end, and every length that a header
 * gives is checked against the room its outer header left, in order, before it is used: a length
 * never changes what an earlier check decided. The frame is reached through the ctx layer only:
 * with lib/ctx_host.h this file builds on the host, for the fuzzer.
 */
#ifndef WEFT_BPF_STAGES_PARSE_H
#define WEFT_BPF_STAGES_PARSE_H

#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <bpf/bpf_endian.h>

#include "../pkt.h"

#define WEFT_IPV6_EXT_MAX 6 /* extension headers followed; real packets have one or two */

/* IPv6 extension headers without a UAPI name in every header set; RFC 8200, RFC 4302. */
#define WEFT_NH_HOP      0
#define WEFT_NH_ROUTING  43
#define WEFT_NH_FRAGMENT 44
#define WEFT_NH_AUTH     51
#define WEFT_NH_DEST     60

struct weft_cursor {
	const void *start;
	const void *pos;
	const void *end;
};

/** weft_take - step over @len bytes; NULL if the frame's linear part ends before. */
static __always_inline const void *weft_take(struct weft_cursor *c, __u32 len)
{
	const void *p = c->pos;

	if (p + len > c->end)
		return NULL;
	c->pos = p + len;
	return p;
}

static __always_inline void weft_addr_set4(struct weft_addr *a, __be32 v4)
{
	a->words[0] = 0;
	a->words[1] = 0;
	a->words[2] = bpf_htonl(0xffff);
	a->words[3] = v4;
}

/* Ethernet and up to two tags. Spec: IEEE 802.1Q. */
static __always_inline int weft_parse_eth(struct weft_hdrs *h, struct weft_cursor *c)
{
	const struct {
		__u8 macs[2 * WEFT_ETH_ALEN];
		__be16 proto;
	} *eth = weft_take(c, WEFT_ETH_HLEN);

	if (!eth)
		return -WEFT_DROP_HDR_TRUNC;
	__builtin_memcpy(h->macs, eth->macs, sizeof(h->macs));
	h->eth_proto = eth->proto;
#pragma unroll
	for (int i = 0; i < 3; i++) {
		const struct weft_vlanhdr *vlan;

		if (!weft_is_tag(h->eth_proto))
			break;
		if (i == 2)
			return -WEFT_DROP_VLAN_TOO_DEEP;
		vlan = weft_take(c, sizeof(*vlan));
		if (!vlan)
			return -WEFT_DROP_HDR_TRUNC;
		h->vlan_tci[i] = vlan->tci;
		h->eth_proto = vlan->proto;
		h->vlans = i + 1;
	}
	h->l3_off = c->pos - c->start;
	return 0;
}

static __always_inline int weft_parse_tcp(struct weft_hdrs *h, struct weft_cursor *c, __u32 room)
{
	const struct tcphdr *tcp = weft_take(c, sizeof(*tcp));

	if (!tcp || room < sizeof(*tcp))
		return -WEFT_DROP_HDR_TRUNC;
	h->sport = tcp->source;
	h->dport = tcp->dest;
	h->l4_hlen = tcp->doff * 4;
	if (h->l4_hlen < sizeof(*tcp) || h->l4_hlen > room)
		return -WEFT_DROP_L4_INHDR;
	h->tcp_seq = tcp->seq;
	h->tcp_ack = tcp->ack_seq;
	h->tcp_win = tcp->window;
	h->tcp_flags = ((const __u8 *)tcp)[13];
	return 0;
}

/* A first fragment announces the length of the whole datagram, so only its lower bound counts. */
static __always_inline int weft_parse_udp(struct weft_hdrs *h, struct weft_cursor *c, __u32 room)
{
	const struct udphdr *udp = weft_take(c, sizeof(*udp));
	__u32 len;

	if (!udp || room < sizeof(*udp))
		return -WEFT_DROP_HDR_TRUNC;
	h->sport = udp->source;
	h->dport = udp->dest;
	h->l4_hlen = sizeof(*udp);
	len = bpf_ntohs(udp->len);
	if (len < sizeof(*udp) || (len > room && !(h->flags & WEFT_H_FRAG)))
		return -WEFT_DROP_L4_INHDR;
	return 0;
}

/* ICMP and ICMPv6 share the first four bytes; echo messages have an identifier in the next two. */
static __always_inline int weft_parse_icmp(struct weft_hdrs *h, struct weft_cursor *c, __u32 room)
{
	const struct {
		__u8 type;
		__u8 code;
		__be16 csum;
	} *icmp = weft_take(c, sizeof(*icmp));
	const __be16 *id;

	if (!icmp || room < sizeof(*icmp))
		return -WEFT_DROP_HDR_TRUNC;
	h->icmp_type = icmp->type;
	h->icmp_code = icmp->code;
	if (room < 8)
		return 0;
	id = weft_take(c, sizeof(*id));
	if (!id)
		return -WEFT_DROP_HDR_TRUNC;
	h->sport = *id;
	return 0;
}

/* Ports are all that is read of it. Spec: RFC 9260 section 3.1. */
static __always_inline int weft_parse_sctp(struct weft_hdrs *h, struct weft_cursor *c, __u32 room)
{
	const struct {
		__be16 source;
		__be16 dest;
		__be32 tag;
		__be32 csum;
	} *sctp = weft_take(c, sizeof(*sctp));

	if (!sctp || room < sizeof(*sctp))
		return -WEFT_DROP_HDR_TRUNC;
	h->sport = sctp->source;
	h->dport = sctp->dest;
	return 0;
}

/* @room: bytes that the IP header leaves for L4; padding behind the IP packet is not in it. */
static __always_inline int weft_parse_l4(struct weft_hdrs *h, struct weft_cursor *c, __u32 room)
{
	if (h->flags & WEFT_H_FRAG_LATER)
		return 0;
	h->l4_off = c->pos - c->start;
	h->l4_len = room;
	switch (h->l4_proto) {
	case IPPROTO_TCP:
		return weft_parse_tcp(h, c, room);
	case IPPROTO_UDP:
		return weft_parse_udp(h, c, room);
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		return weft_parse_icmp(h, c, room);
	case IPPROTO_SCTP:
		return weft_parse_sctp(h, c, room);
	}
	return 0;
}

static __always_inline __u8 weft_frag_flags(__u32 off, __u32 more)
{
	return WEFT_H_FRAG | (off ? WEFT_H_FRAG_LATER : 0) | (more ? WEFT_H_FRAG_MORE : 0);
}

/*
 * Spec: RFC 791. A total length of 0 is the kernel's BIG TCP, which exists on GSO packets only.
 */
static __always_inline int weft_parse_ipv4(struct weft_hdrs *h, struct weft_cursor *c, __u32 room,
					   int gso)
{
	const struct iphdr *ip = weft_take(c, sizeof(*ip));
	__u32 hlen, total;
	__u16 frag;

	if (!ip)
		return -WEFT_DROP_HDR_TRUNC;
	hlen = ip->ihl * 4;
	total = bpf_ntohs(ip->tot_len);
	if (!total && gso)
		total = room;
	if (ip->version != 4 || hlen < sizeof(*ip) || total < hlen || total > room)
		return -WEFT_DROP_IP_INHDR;
	h->version = 4;
	h->l4_proto = ip->protocol;
	h->tos = ip->tos;
	h->ttl = ip->ttl;
	weft_addr_set4(&h->saddr, ip->saddr);
	weft_addr_set4(&h->daddr, ip->daddr);
	frag = bpf_ntohs(ip->frag_off);
	if (frag & (WEFT_IP_MF | WEFT_IP_OFFSET)) {
		h->flags |= weft_frag_flags(frag & WEFT_IP_OFFSET, frag & WEFT_IP_MF);
		h->frag_id = ip->id;
		h->frag_off = frag & WEFT_IP_OFFSET;
		h->frag_len = total - hlen;
	}
	if (!weft_take(c, hlen - sizeof(*ip)))
		return -WEFT_DROP_HDR_TRUNC;
	return weft_parse_l4(h, c, total - hlen);
}

/**
 * struct weft_ext_walk - where the walk over IPv6 extension headers stands.
 * @off: bytes from the frame's start to the next header.
 * @room: bytes that the IPv6 payload length leaves from there on.
 * @nh: kind of the next header.
 * @flags: WEFT_H_FRAG and so on.
 * @frag_id, @frag_off, @frag_len: as in struct weft_hdrs.
 */
struct weft_ext_walk {
	__u32 off;
	__u32 room;
	__u32 nh;
	__u32 flags;
	__u32 frag_id;
	__u16 frag_off;
	__u16 frag_len;
};

static __always_inline int weft_is_ext(__u32 nh)
{
	return nh == WEFT_NH_HOP || nh == WEFT_NH_ROUTING || nh == WEFT_NH_FRAGMENT ||
	       nh == WEFT_NH_AUTH || nh == WEFT_NH_DEST;
}

/* Spec: RFC 6946: a fragment header without fragmentation makes no fragment. */
static __always_inline void weft_walk_frag(struct weft_ext_walk *w, const __u8 *ext)
{
	__u32 frag = (__u32)ext[2] << 8 | ext[3];

	if (!(frag & 0xfff9))
		return;
	w->flags |= weft_frag_flags(frag >> 3, frag & 1);
	__builtin_memcpy(&w->frag_id, ext + 4, sizeof(w->frag_id));
	w->frag_off = frag >> 3;
	w->frag_len = w->room - 8;
}

/**
 * weft_walk_ext - step over IPv6 extension headers.
 *
 * A global function, verified once on its own and not for every path that leads here; it loads
 * through the context because it is off the fast path.
 * Return: 0 with @w at the first header that is none; -WEFT_DROP_HDR_TRUNC, -WEFT_DROP_IPV6_RH0,
 * -WEFT_DROP_IPV6_EXTHDR.
 * Spec: RFC 8200 section 4; RFC 4302 section 2.2 (AH counts in 4 bytes); RFC 5095 (RH0).
 */
__attribute__((noinline)) int weft_walk_ext(weft_ctx *ctx, struct weft_ext_walk *w)
{
	__u8 ext[8];
	__u32 len;

	if (!w)
		return -WEFT_DROP_HDR_TRUNC;
	for (int i = 0; i < WEFT_IPV6_EXT_MAX; i++) {
		if (!weft_is_ext(w->nh) || (w->flags & WEFT_H_FRAG_LATER))
			return 0;
		if (w->room < 8 || ctx_load(ctx, w->off, ext, sizeof(ext)))
			return -WEFT_DROP_HDR_TRUNC;
		len = (ext[1] + 1) * 8;
		if (w->nh == WEFT_NH_FRAGMENT) {
			len = 8;
			weft_walk_frag(w, ext);
		} else if (w->nh == WEFT_NH_AUTH) {
			len = (ext[1] + 2) * 4;
		} else if (w->nh == WEFT_NH_ROUTING && !ext[2]) {
			return -WEFT_DROP_IPV6_RH0;
		}
		if (w->room < len)
			return -WEFT_DROP_HDR_TRUNC;
		w->nh = ext[0];
		w->off += len;
		w->room -= len;
	}
	return weft_is_ext(w->nh) ? -WEFT_DROP_IPV6_EXTHDR : 0;
}

/* Leaves the cursor at the L4 header. Return: 0 or a drop; @room is what the headers leave. */
static __always_inline int weft_skip_ext(struct weft_hdrs *h, struct weft_cursor *c, weft_ctx *ctx,
					 __u32 *room)
{
	struct weft_ext_walk w = {.off = c->pos - c->start, .room = *room, .nh = h->l4_proto};
	int err;

	err = weft_walk_ext(ctx, &w);
	h->flags |= w.flags;
	h->frag_id = w.frag_id;
	h->frag_off = w.frag_off;
	h->frag_len = w.frag_len;
	h->l4_proto = w.nh;
	if (err)
		return err;
	if (w.off > WEFT_HDR_WINDOW)
		return -WEFT_DROP_IPV6_EXTHDR;
	*room = w.room;
	c->pos = c->start + w.off;
	return 0;
}

/* Spec: RFC 8200. A payload length of 0 in front of a hop-by-hop header is BIG TCP, as above. */
static __always_inline int weft_parse_ipv6(struct weft_hdrs *h, struct weft_cursor *c,
					   weft_ctx *ctx, __u32 room, int gso)
{
	const struct ipv6hdr *ip = weft_take(c, sizeof(*ip));
	__u32 payload;
	int err;

	if (!ip)
		return -WEFT_DROP_HDR_TRUNC;
	payload = bpf_ntohs(ip->payload_len);
	if (ip->version != 6 || room < sizeof(*ip) || payload > room - sizeof(*ip))
		return -WEFT_DROP_IP_INHDR;
	h->version = 6;
	h->l4_proto = ip->nexthdr;
	h->tos = ip->priority << 4 | ip->flow_lbl[0] >> 4;
	h->ttl = ip->hop_limit;
	__builtin_memcpy(&h->saddr, &ip->saddr, sizeof(h->saddr));
	__builtin_memcpy(&h->daddr, &ip->daddr, sizeof(h->daddr));
	if (!payload && h->l4_proto == WEFT_NH_HOP && gso)
		payload = room - sizeof(*ip);
	if (weft_is_ext(h->l4_proto)) {
		err = weft_skip_ext(h, c, ctx, &payload);
		if (err)
			return err;
	}
	return weft_parse_l4(h, c, payload);
}

/* What is not ARP for IPv4 over Ethernet stays an unparsed payload. Spec: RFC 826. */
static __always_inline int weft_parse_arp(struct weft_hdrs *h, struct weft_cursor *c)
{
	const struct weft_arphdr *arp = weft_take(c, sizeof(*arp));
	__be32 v4;

	if (!arp)
		return -WEFT_DROP_HDR_TRUNC;
	if (arp->htype != bpf_htons(WEFT_ARP_HTYPE_ETHER) ||
	    arp->ptype != bpf_htons(WEFT_ETH_P_IPV4) || arp->hlen != WEFT_ETH_ALEN ||
	    arp->plen != 4)
		return 0;
	h->flags |= WEFT_H_ARP;
	h->arp_op = arp->op;
	__builtin_memcpy(&v4, arp->spa, sizeof(v4));
	weft_addr_set4(&h->saddr, v4);
	__builtin_memcpy(&v4, arp->tpa, sizeof(v4));
	weft_addr_set4(&h->daddr, v4);
	return 0;
}

/**
 * weft_parse - stage 1: describe a frame's headers.
 * @h: zeroed; filled as far as the headers go, also when a drop is returned.
 * @ctx: the frame.
 * @len: bytes of the whole frame, linear or not.
 * @gso: the frame stands for several segments.
 *
 * Return: 0, or -WEFT_DROP_*. -WEFT_DROP_HDR_TRUNC may also mean that a header lies outside the
 * linear part; the caller that can pull more in tries again.
 */
static __always_inline int weft_parse(struct weft_hdrs *h, weft_ctx *ctx, __u32 len, int gso)
{
	const void *data = ctx_data(ctx);
	struct weft_cursor c = {.start = data, .pos = data, .end = ctx_data_end(ctx)};
	int err;

	err = weft_parse_eth(h, &c);
	if (err)
		return err;
	switch (h->eth_proto) {
	case bpf_htons(WEFT_ETH_P_IPV4):
		return weft_parse_ipv4(h, &c, len - h->l3_off, gso);
	case bpf_htons(WEFT_ETH_P_IPV6):
		return weft_parse_ipv6(h, &c, ctx, len - h->l3_off, gso);
	case bpf_htons(WEFT_ETH_P_ARP):
		return weft_parse_arp(h, &c);
	}
	return 0;
}

#endif
