/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Stage 4, flow: the connection that a packet belongs to, and what every packet of an established
 * one costs: one look-up. Called by forward.h; what is not that simple goes to flow_miss.h.
 */
#ifndef WEFT_BPF_STAGES_FLOW_H
#define WEFT_BPF_STAGES_FLOW_H

#include <linux/in.h>
#include <bpf/bpf_endian.h>

#include "../lib/tcp.h"
#include "flow_table.h"
#include "policy.h"

/* Is it ICMP of its own IP version? Anything else with that protocol number is just a protocol. */
static __always_inline int weft_is_icmp(const struct weft_hdrs *h)
{
	return (h->version == 4 && h->l4_proto == IPPROTO_ICMP) ||
	       (h->version == 6 && h->l4_proto == IPPROTO_ICMPV6);
}

/** enum weft_query - the part of an ICMP message in a question and its answer. */
enum weft_query {
	WEFT_QUERY_NONE,
	WEFT_QUERY_ASK,
	WEFT_QUERY_REPLY,
};

/* Spec: RFC 792, RFC 4443 section 4. @type receives the question's type. */
static __always_inline int weft_query_of(const struct weft_hdrs *h, __u8 *type)
{
	*type = h->icmp_type;
	if (h->version == 6) {
		*type = WEFT_ICMP6_ECHO;
		return h->icmp_type == WEFT_ICMP6_ECHO         ? WEFT_QUERY_ASK
		       : h->icmp_type == WEFT_ICMP6_ECHO_REPLY ? WEFT_QUERY_REPLY
							       : WEFT_QUERY_NONE;
	}
	switch (h->icmp_type) {
	case WEFT_ICMP_ECHO:
	case WEFT_ICMP_TIMESTAMP:
		return WEFT_QUERY_ASK;
	case WEFT_ICMP_ECHO_REPLY:
		*type = WEFT_ICMP_ECHO;
		return WEFT_QUERY_REPLY;
	case WEFT_ICMP_TIMESTAMP_REPLY:
		*type = WEFT_ICMP_TIMESTAMP;
		return WEFT_QUERY_REPLY;
	}
	return WEFT_QUERY_NONE;
}

/* Both addresses and ports, each on its side. Two copies, because a variable index into the stack
 * would cost the verifier its memory of what is there. */
static __always_inline void weft_key_fill(struct weft_flow_key *key, const struct weft_hdrs *h,
					  int side, __be16 sport, __be16 dport)
{
	if (side) {
		key->addr[1] = h->saddr;
		key->addr[0] = h->daddr;
		key->port[1] = sport;
		key->port[0] = dport;
	} else {
		key->addr[0] = h->saddr;
		key->addr[1] = h->daddr;
		key->port[0] = sport;
		key->port[1] = dport;
	}
}

/**
 * weft_flow_key_of - the connection that a packet with these headers belongs to.
 * @h: an IP packet's.
 * @key: filled.
 *
 * Return: the side of @key that the packet's source is on, 0 or 1; -1: an ICMP message that is part
 * of none.
 */
static __always_inline int weft_flow_key_of(const struct weft_hdrs *h, __u32 network,
					    struct weft_flow_key *key)
{
	__be16 sport = 0, dport = 0, asked;
	int side, query;
	__u8 type;

	key->network = network;
	key->proto = h->l4_proto;
	key->asker = 0;
	if (weft_is_icmp(h)) {
		query = weft_query_of(h, &type);
		if (query == WEFT_QUERY_NONE)
			return -1;
		side = weft_flow_side(&h->saddr, &h->daddr, 0, 0);
		asked = bpf_htons(WEFT_FLOW_QUERY(type, h->icmp_code));
		if (query == WEFT_QUERY_ASK) {
			key->asker = side;
			weft_key_fill(key, h, side, h->sport, asked);
		} else {
			key->asker = !side;
			weft_key_fill(key, h, side, asked, h->sport);
		}
		return side;
	}
	if (h->l4_proto == IPPROTO_TCP || h->l4_proto == IPPROTO_UDP ||
	    h->l4_proto == IPPROTO_SCTP) {
		sport = h->sport;
		dport = h->dport;
	}
	side = weft_flow_side(&h->saddr, &h->daddr, sport, dport);
	weft_key_fill(key, h, side, sport, dport);
	return side;
}

static __always_inline void weft_seg_of(const struct weft_hdrs *h, struct weft_tcp_seg *s)
{
	s->seq = bpf_ntohl(h->tcp_seq);
	s->ack = bpf_ntohl(h->tcp_ack);
	s->len = h->l4_len - h->l4_hlen;
	s->win = bpf_ntohs(h->tcp_win);
	s->flags = h->tcp_flags;
	s->scale = WEFT_TCP_NO_SCALE;
}

/*
 * Was @f decided under what is in force, and is the packet's sender where the flow has it? Its
 * receiver then is too, because it has the receiver's MAC address.
 */
static __always_inline int weft_flow_fresh(const struct weft_pkt *p, const struct weft_flow *f,
					   int side)
{
	return weft_word(&f->decided) == weft_word(&p->generation) &&
	       weft_word(&f->hop[side]) == weft_word(&p->here) &&
	       weft_mac_equal(f->mac[side], p->h.smac) && weft_mac_equal(f->mac[!side], p->h.dmac);
}

/*
 * Is it time to look again where both sides are, and to confirm the sender's learned MAC address?
 * Only asked where the network learns. What ticks away unnoticed while the other side alone sends
 * is at most every sixteenth beat.
 */
static __always_inline int weft_flow_late(const struct weft_flow *f, int side)
{
	__u32 now = weft_ticks(), beat = side ? f->beat >> 4 : f->beat & 0xf;

	return now - f->seen >= WEFT_FLOW_BEAT || beat != (now >> WEFT_FLOW_BEAT_BITS & 0xf);
}

/* That was done. */
static __always_inline void weft_flow_beat(struct weft_flow *f, int side)
{
	__u8 beat = weft_ticks() >> WEFT_FLOW_BEAT_BITS & 0xf;

	f->beat = side ? (f->beat & 0x0f) | beat << 4 : (f->beat & 0xf0) | beat;
}

/* The packet is one of the flow's. */
static __always_inline void weft_flow_count(const struct weft_pkt *p, struct weft_flow *f, int side)
{
	f->seen = weft_ticks();
	weft_count(&f->count[side], p);
	weft_count_rule(p, f->rule[WEFT_POL_EGRESS]);
	weft_count_rule(p, f->rule[WEFT_POL_INGRESS]);
}

/*
 * Does a packet from @side change nothing about a flow that is not established? TCP's always may;
 * of a stream of datagrams that has an answer, the age is asked (weft_flow_lasts); and who is
 * flooded to may have been learned since.
 */
static __always_inline int weft_flow_is_still(const struct weft_flow *f, int side)
{
	if (f->hop[!side].kind == WEFT_HOP_FLOOD)
		return 0;
	switch (f->state) {
	case WEFT_UDP_UNREPLIED:
	case WEFT_ICMP_UNREPLIED:
	case WEFT_OTHER_UNREPLIED:
		return side == f->origin;
	case WEFT_ICMP_REPLIED:
		return 1;
	}
	return 0;
}

/*
 * The flow of such a packet: what is sent without an answer (logs, video, telemetry) never gets
 * beyond the table of the new ones. Return: NULL if it is not that simple.
 */
static __always_inline struct weft_flow *weft_flow_still(const struct weft_flow_key *key, int side)
{
	struct weft_flow *f;

	if (key->proto == IPPROTO_TCP)
		return 0;
	f = bpf_map_lookup_elem(&weft_flows_new, key);
	return f && weft_flow_is_still(f, side) && weft_flow_left(f) ? f : 0;
}

/*
 * Send the packet to the MAC address @to instead. The header in front of the packet says so, and
 * @p, which the outer headers are written from. Return: 0, or an error where the kernel refuses.
 */
static __always_inline int weft_readdress(weft_ctx *ctx, struct weft_pkt *p, const __u8 *to)
{
	__u8 mac[WEFT_ETH_ALEN];

	__builtin_memcpy(mac, to, sizeof(mac));
	if (ctx_store(ctx, 0, mac, sizeof(mac)))
		return -1;
	__builtin_memcpy(p->h.dmac, mac, sizeof(mac));
	return 0;
}

/*
 * A packet of a flow that is routed, as return_path.h found it out: an answer goes to the router,
 * whatever the sender has addressed it to; what the router forwards has the opener's groups, not
 * its own.
 */
static __attribute__((noinline)) void weft_flow_routed(weft_ctx *ctx, struct weft_pkt *p,
						       const struct weft_flow *f, int side)
{
	side &= 1;
	if (weft_word(&f->decided) != weft_word(&p->generation) ||
	    weft_word(&f->hop[side]) != weft_word(&p->here) ||
	    !weft_mac_equal(f->mac[side], p->h.smac))
		return;
	if (side != f->origin)
		weft_readdress(ctx, p, f->mac[!side]);
	else if (!p->from_underlay)
		p->identity = f->identity;
}

/**
 * weft_flow_hit - stage 4: a packet of a known connection, of which nothing is new.
 * @p: classified; an IP packet, whole.
 * @key, @side: of it.
 * @hop: receives where it goes.
 *
 * Return: whether it was; else nothing is changed, but for the way of a flow that is routed.
 */
static __always_inline int weft_flow_hit(weft_ctx *ctx, struct weft_pkt *p,
					 const struct weft_flow_key *key, int side,
					 struct weft_hop *hop)
{
	struct weft_flow_entry *e = bpf_map_lookup_elem(&weft_flows, key);
	struct weft_tcp_seg seg;
	struct weft_flow *f;

	side &= 1;
	f = e ? &e->flow : weft_flow_still(key, side);
	if (!f)
		return 0;
	if (f->flags & WEFT_FLOW_ROUTED)
		weft_flow_routed(ctx, p, f, side);
	if (!weft_flow_fresh(p, f, side))
		return 0;
	if (f->flags & WEFT_FLOW_LEARNED && weft_flow_late(f, side))
		return 0;
	if (p->h.l4_proto == IPPROTO_TCP) {
		weft_seg_of(&p->h, &seg);
		if (!weft_tcp_fast(f, side, &seg))
			return 0;
	}
	trace_flow(WEFT_TRACE_FLOW, key, f, side, e ? WEFT_TABLE_FLOWS : WEFT_TABLE_NEW);
	*hop = f->hop[!side];
	weft_flow_count(p, f, side);
	return 1;
}

#endif
