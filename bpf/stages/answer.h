/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Stage 4a, answer: ARP requests and IPv6 neighbour solicitations of a port for endpoints that the
 * tables know are turned into the answer on the spot. Called by forward.h for group-addressed
 * frames from a port; unicast ones are probes of reachability and go to the endpoint itself.
 *
 * Left to flood: requests for unknown addresses, and those in which the sender speaks of its own
 * address (gratuitous ARP, duplicate address detection), which are not questions to us.
 */
#ifndef WEFT_BPF_STAGES_ANSWER_H
#define WEFT_BPF_STAGES_ANSWER_H

#include <stddef.h>
#include <linux/in.h>
#include <linux/ipv6.h>
#include <bpf/bpf_endian.h>

#include "../lib/csum.h"
#include "../maps.h"
#include "../pkt.h"
#include "deliver.h"
#include "neighbour_security.h"

/* Isolation: who must not talk to whom does not hear of him either. The question is flooded then,
 * so that a router that answers for others can. */
static __always_inline int weft_answer_apart(const struct weft_pkt *p, const struct weft_neigh *n)
{
	const struct weft_guard *g = weft_guard_of(p->here.port);
	struct weft_fdb_key key = {.network = p->network};
	const struct weft_fdb_entry *e;

	if (!g || g->isolation == WEFT_ISO_PROMISCUOUS)
		return 0;
	__builtin_memcpy(key.mac, n->mac, sizeof(key.mac));
	e = bpf_map_lookup_elem(&weft_fdb, &key);
	return e && !weft_iso_allows(g->isolation, e->isolation);
}

/* The MAC address of @addr in the packet's network, unless it is the sender's own. */
static __always_inline const struct weft_neigh *weft_neigh_of(const struct weft_pkt *p,
							      const struct weft_addr *addr)
{
	struct weft_neigh_key key = {.addr = *addr, .network = p->network};
	const struct weft_neigh *n = bpf_map_lookup_elem(&weft_neigh, &key);

	trace_neigh(WEFT_TRACE_QUESTION, &key, n);
	return n && !weft_mac_equal(n->mac, p->h.smac) && !weft_answer_apart(p, n) ? n : 0;
}

static __always_inline void weft_count_answer(const struct weft_pkt *p)
{
	__u32 id = p->network;
	struct weft_bum_stat *s = bpf_map_lookup_elem(&weft_bum_stat, &id);

	if (s && p->h.version)
		s->nd_answered++;
	else if (s)
		s->arp_answered++;
}

/* Spec: RFC 826; RFC 5227 section 1.1 (probes: the sender's protocol address is zero). */
static __attribute__((noinline)) int weft_answer_arp(weft_ctx *ctx, struct weft_pkt *p)
{
	const struct weft_neigh *n = weft_neigh_of(p, &p->h.daddr);
	struct {
		__u8 pad[2];
		__u8 eth[WEFT_ETH_HLEN];
		struct weft_arphdr arp;
	} r = {};
	const __be16 proto = bpf_htons(WEFT_ETH_P_ARP);

	if (!n || weft_addr_equal(&p->h.saddr, &p->h.daddr))
		return 0;
	if (ctx_load(ctx, 0, r.eth, sizeof(r) - sizeof(r.pad)))
		return -WEFT_DROP_REPLY_FAILED;
	__builtin_memcpy(r.eth, p->h.smac, WEFT_ETH_ALEN);
	__builtin_memcpy(r.eth + WEFT_ETH_ALEN, n->mac, WEFT_ETH_ALEN);
	__builtin_memcpy(r.eth + 2 * WEFT_ETH_ALEN, &proto, sizeof(proto));
	r.arp.op = bpf_htons(WEFT_ARP_REPLY);
	__builtin_memcpy(r.arp.tha, r.arp.sha, WEFT_ETH_ALEN);
	__builtin_memcpy(r.arp.sha, n->mac, WEFT_ETH_ALEN);
	__builtin_memcpy(r.arp.spa, &p->h.daddr.words[3], sizeof(r.arp.spa));
	__builtin_memcpy(r.arp.tpa, &p->h.saddr.words[3], sizeof(r.arp.tpa));
	if (ctx_store(ctx, 0, r.eth, sizeof(r) - sizeof(r.pad)))
		return -WEFT_DROP_REPLY_FAILED;
	weft_count_answer(p);
	return weft_reply(ctx, p);
}

struct weft_nd_frame {
	__u8 pad[2];
	__u8 eth[WEFT_ETH_HLEN];
	struct ipv6hdr ip;
	struct weft_ndmsg nd;
};

/* Sender and answer swap places; a sender without an address yet hears it with all nodes. */
static __always_inline void weft_fill_advert(const struct weft_pkt *p, const struct weft_neigh *n,
					     const struct weft_addr *target,
					     struct weft_nd_frame *r)
{
	const struct weft_addr all_nodes = {.bytes = {0xff, 0x02, [15] = 1}};
	const __u8 all_nodes_mac[WEFT_ETH_ALEN] = {0x33, 0x33, 0, 0, 0, 1};
	const __be16 proto = bpf_htons(WEFT_ETH_P_IPV6);
	const struct weft_addr *s = &p->h.saddr;
	int dad = weft_addr_is_zero(s);

	__builtin_memcpy(r->eth, dad ? all_nodes_mac : p->h.smac, WEFT_ETH_ALEN);
	__builtin_memcpy(r->eth + WEFT_ETH_ALEN, n->mac, WEFT_ETH_ALEN);
	__builtin_memcpy(r->eth + 2 * WEFT_ETH_ALEN, &proto, sizeof(proto));
	r->ip.version = 6;
	r->ip.payload_len = bpf_htons(sizeof(r->nd));
	r->ip.nexthdr = IPPROTO_ICMPV6;
	r->ip.hop_limit = 255;
	__builtin_memcpy(&r->ip.saddr, target, sizeof(*target));
	__builtin_memcpy(&r->ip.daddr, dad ? &all_nodes : s, sizeof(*s));
	r->nd.type = WEFT_ND_ADVERT;
	r->nd.flags = bpf_htonl(WEFT_ND_FLAG_OVERRIDE | (dad ? 0 : WEFT_ND_FLAG_SOLICITED));
	__builtin_memcpy(r->nd.target, target, sizeof(*target));
	r->nd.opt_type = WEFT_ND_OPT_TARGET;
	r->nd.opt_len = 1;
	__builtin_memcpy(r->nd.opt_mac, n->mac, WEFT_ETH_ALEN);
}

/* Spec: RFC 4861 sections 4.4 and 7.2.4; pseudo-header: RFC 8200 section 8.1. */
static __attribute__((noinline)) int weft_answer_nd(weft_ctx *ctx, struct weft_pkt *p)
{
	const __be32 pseudo[2] = {bpf_htonl(sizeof(struct weft_ndmsg)), bpf_htonl(IPPROTO_ICMPV6)};
	const struct weft_neigh *n;
	struct weft_addr target;
	struct weft_nd_frame r = {};
	__be16 len;
	__s64 sum;

	/* A target behind the IP packet's end is none; RFC 4861 section 7.1.1. */
	if (ctx_load(ctx, p->h.l3_off + offsetof(struct ipv6hdr, payload_len), &len, sizeof(len)) ||
	    bpf_ntohs(len) < WEFT_ND_SOLICIT_LEN)
		return 0;
	if (ctx_load(ctx, p->h.l4_off + 8, &target, sizeof(target)))
		return -WEFT_DROP_HDR_TRUNC;
	n = weft_neigh_of(p, &target);
	if (!n)
		return 0;
	weft_fill_advert(p, n, &target, &r);
	sum = bpf_csum_diff(0, 0, (void *)&r.ip.saddr, 2 * sizeof(r.ip.saddr) + sizeof(r.nd), 0);
	sum = bpf_csum_diff(0, 0, (void *)pseudo, sizeof(pseudo), sum);
	r.nd.csum = weft_csum_fold(sum);
	if (bpf_skb_change_tail(ctx, sizeof(r) - sizeof(r.pad), 0) ||
	    ctx_store(ctx, 0, r.eth, sizeof(r) - sizeof(r.pad)))
		return -WEFT_DROP_REPLY_FAILED;
	weft_count_answer(p);
	return weft_reply(ctx, p);
}

/**
 * weft_answer - stage 4a: answer an ARP request or a neighbour solicitation in place.
 * @p: from a port, group-addressed.
 *
 * Return: WEFT_ACT_REPLY; 0 it is not a question that we can answer; -WEFT_DROP_REPLY_FAILED;
 * -WEFT_DROP_HDR_TRUNC.
 */
static __always_inline int weft_answer(weft_ctx *ctx, struct weft_pkt *p)
{
	const struct weft_hdrs *h = &p->h;

	if (h->flags & WEFT_H_ARP)
		return h->arp_op == bpf_htons(WEFT_ARP_REQUEST) ? weft_answer_arp(ctx, p) : 0;
	return weft_is_nd(h) && weft_nd_is_question(h) ? weft_answer_nd(ctx, p) : 0;
}

#endif
