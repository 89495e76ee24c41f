/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Stage 6a, reject: drop a packet that a rule rejects, and tell its sender: by a reset if it is
 * TCP, else by an ICMP error. In the name of the packet's destination, and at the rate of all
 * errors; see icmp_error.h. Called by forward.h; off the fast path.
 */
#ifndef WEFT_BPF_STAGES_REJECT_H
#define WEFT_BPF_STAGES_REJECT_H

#include <linux/tcp.h>

#include "../lib/tcp.h"
#include "deliver.h"
#include "icmp_error.h"

/* Spec: RFC 9293 section 3.5.2, group 1: by the segment's own numbers, as if there were no port. */
static __always_inline void weft_fill_reset(struct tcphdr *tcp, const struct weft_hdrs *h)
{
	__u32 len = h->l4_len - h->l4_hlen;

	tcp->source = h->dport;
	tcp->dest = h->sport;
	tcp->doff = sizeof(*tcp) / 4;
	tcp->rst = 1;
	if (h->tcp_flags & WEFT_TCP_ACK) {
		tcp->seq = h->tcp_ack;
		return;
	}
	len += !!(h->tcp_flags & WEFT_TCP_SYN) + !!(h->tcp_flags & WEFT_TCP_FIN);
	tcp->ack = 1;
	tcp->ack_seq = bpf_htonl(bpf_ntohl(h->tcp_seq) + len);
}

/**
 * weft_reset_write4 - write the reset that answers a TCP segment.
 * @ctx: as weft_make_room left it.
 * @h: of the segment.
 *
 * A global function, verified once on its own. Return: 0, or an error.
 */
__attribute__((noinline)) int weft_reset_write4(weft_ctx *ctx, struct weft_hdrs *h)
{
	struct {
		__u8 pad[2];
		__u8 eth[WEFT_ETH_HLEN];
		struct iphdr ip;
		struct tcphdr tcp;
	} r = {.ip = {.protocol = IPPROTO_TCP, .frag_off = bpf_htons(WEFT_IP_DF)}};
	const __be32 pseudo = bpf_htonl(IPPROTO_TCP << 16 | sizeof(r.tcp));

	if (!h)
		return -1;
	weft_answer_eth(h, r.eth, bpf_htons(WEFT_ETH_P_IPV4));
	weft_answer_ipv4(&r.ip, h, sizeof(r.tcp));
	weft_fill_reset(&r.tcp, h);
	/* The addresses, which the pseudo-header has, and the segment stand side by side. */
	r.tcp.check =
		weft_csum_fold(bpf_csum_diff(0, 0, (void *)&r.ip.saddr, 8 + sizeof(r.tcp), pseudo));
	return ctx_store(ctx, 0, r.eth, sizeof(r) - sizeof(r.pad));
}

/** weft_reset_write6 - the same over IPv6. */
__attribute__((noinline)) int weft_reset_write6(weft_ctx *ctx, struct weft_hdrs *h)
{
	struct {
		__u8 pad[2];
		__u8 eth[WEFT_ETH_HLEN];
		struct ipv6hdr ip;
		struct tcphdr tcp;
	} r = {.ip = {.nexthdr = IPPROTO_TCP}};
	__s64 sum;

	if (!h)
		return -1;
	weft_answer_eth(h, r.eth, bpf_htons(WEFT_ETH_P_IPV6));
	weft_answer_ipv6(&r.ip, h, sizeof(r.tcp));
	weft_fill_reset(&r.tcp, h);
	sum = bpf_csum_diff(0, 0, (void *)&r.tcp, sizeof(r.tcp), 0);
	r.tcp.check = weft_csum_fold(weft_sum_pseudo6(&r.ip, sum));
	return ctx_store(ctx, 0, r.eth, sizeof(r) - sizeof(r.pad));
}

static __always_inline int weft_reset(weft_ctx *ctx, struct weft_hdrs *h)
{
	int v4 = h->version == 4;
	__u32 room = (v4 ? sizeof(struct iphdr) : sizeof(struct ipv6hdr)) + sizeof(struct tcphdr);

	if (weft_make_room(ctx, h->l4_off, room, 0) < 0)
		return -1;
	return v4 ? weft_reset_write4(ctx, h) : weft_reset_write6(ctx, h);
}

/* Spec: RFC 1812 section 5.2.7.1 (code 13); RFC 4443 section 3.1 (code 1). */
static __always_inline int weft_unreachable(weft_ctx *ctx, struct weft_hdrs *h)
{
	__u32 kind = h->version == 4 ? WEFT_ICMP_UNREACH << 8 | WEFT_ICMP_CODE_ADMIN
				     : WEFT_ICMP6_UNREACH << 8 | WEFT_ICMP6_CODE_ADMIN;

	return weft_icmp_error(ctx, h, kind, 0);
}

/*
 * Who pays for the answer: the port that sent, or the one that is spoken for, so that a flood from
 * the underlay silences nobody but its target.
 */
static __always_inline __u32 weft_reject_payer(const struct weft_pkt *p, __u32 out, __u32 port)
{
	const struct weft_port *row;

	if (!p->from_underlay)
		return p->port;
	row = bpf_map_lookup_elem(&weft_ports, &out);
	if (!row)
		return 0;
	return row->kind == WEFT_PORT_TRUNK || row->id == port ? port : 0;
}

/**
 * weft_reject - stage 6a: tell the sender of a packet that a rule rejects it.
 * @ctx: the packet; it becomes the answer. From a port it goes back to the port; from the underlay
 *       it enters by @out under WEFT_MARK_ANSWER, as if the workload had answered, and tc_from_port
 *       sends it through the tunnel, or out to the wire.
 * @p: of it.
 * @reason: -WEFT_DROP_POLICY_REJECT_*.
 * @out: from the underlay: ifindex of the local port that the packet was for; else anything.
 * @port: its id.
 *
 * A global function, verified once on its own.
 * Return: WEFT_ACT_REFUSE with the loss counted against p->port; @reason where there is no answer:
 * the rate limit or the packet's kind does not allow it, or @out is no port; WEFT_ACT_DENIED where
 * the kernel refuses it.
 */
__attribute__((noinline)) int weft_reject(weft_ctx *ctx, struct weft_pkt *p, int reason, __u32 out,
					  __u32 port)
{
	__u32 payer;
	int tcp;

	if (!p || !weft_may_answer(&p->h))
		return reason;
	tcp = p->h.l4_proto == IPPROTO_TCP;
	if (tcp && p->h.tcp_flags & WEFT_TCP_RST)
		return reason;
	payer = weft_reject_payer(p, out, port);
	if (!payer || !weft_icmp_allowed(payer))
		return reason;
	weft_count_drop(ctx, p, -reason);
	if (tcp ? weft_reset(ctx, &p->h) : weft_unreachable(ctx, &p->h))
		return WEFT_ACT_DENIED;
	if (!p->from_underlay)
		return weft_reply(ctx, p) < 0 ? WEFT_ACT_DENIED : WEFT_ACT_REFUSE;
	if (weft_tags_put_on(ctx, p, port) < 0)
		return WEFT_ACT_DENIED;
	trace_handover(ctx, out, WEFT_DELIVER_NONE, port);
	ctx->mark = WEFT_MARK_ANSWER;
	bpf_redirect(out, BPF_F_INGRESS);
	return WEFT_ACT_REFUSE;
}

#endif
