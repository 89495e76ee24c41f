/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Stage 4d, related: ICMP errors. One belongs to the connection whose packet it quotes, and passes
 * if that connection does, on its way to whoever sent the quoted packet. Called by forward.h.
 */
#ifndef WEFT_BPF_STAGES_RELATED_H
#define WEFT_BPF_STAGES_RELATED_H

#include "flow_miss.h"
#include "parse.h"

/* Spec: RFC 792, RFC 4443 section 2.1. */
static __always_inline int weft_is_icmp_error(const struct weft_hdrs *h)
{
	if (!weft_is_icmp(h))
		return 0;
	if (h->version == 6)
		return h->icmp_type < WEFT_ICMP6_INFO;
	return h->icmp_type == WEFT_ICMP_UNREACH || h->icmp_type == WEFT_ICMP_QUENCH ||
	       h->icmp_type == WEFT_ICMP_REDIRECT || h->icmp_type == WEFT_ICMP_TIME_EXCEEDED ||
	       h->icmp_type == WEFT_ICMP_PARAMETER;
}

static __always_inline int weft_quote_ipv4(weft_ctx *ctx, __u32 *off, struct weft_hdrs *q)
{
	struct iphdr ip;

	if (ctx_load(ctx, *off, &ip, sizeof(ip)) || ip.version != 4 || ip.ihl < 5 ||
	    ip.frag_off & bpf_htons(WEFT_IP_OFFSET))
		return -1;
	q->version = 4;
	q->l4_proto = ip.protocol;
	weft_addr_set4(&q->saddr, ip.saddr);
	weft_addr_set4(&q->daddr, ip.daddr);
	*off += ip.ihl * 4;
	return 0;
}

static __always_inline int weft_quote_ipv6(weft_ctx *ctx, __u32 *off, struct weft_hdrs *q)
{
	struct weft_ext_walk w = {.room = WEFT_HDR_WINDOW};
	struct ipv6hdr ip;

	if (ctx_load(ctx, *off, &ip, sizeof(ip)) || ip.version != 6)
		return -1;
	q->version = 6;
	__builtin_memcpy(&q->saddr, &ip.saddr, sizeof(q->saddr));
	__builtin_memcpy(&q->daddr, &ip.daddr, sizeof(q->daddr));
	w.off = *off + sizeof(ip);
	w.nh = ip.nexthdr;
	if (weft_walk_ext(ctx, &w) || w.flags & WEFT_H_FRAG_LATER)
		return -1;
	q->l4_proto = w.nh;
	*off = w.off;
	return 0;
}

/**
 * weft_quote - read the packet that an ICMP error quotes, as far as flows need it.
 * @off: where it begins.
 * @version: its IP version, which is the error's own.
 * @q: all zero; filled.
 *
 * A global function, verified once. Return: 0, or -1 if too little is quoted.
 */
__attribute__((noinline)) int weft_quote(weft_ctx *ctx, __u32 off, __u32 version,
					 struct weft_hdrs *q)
{
	__u8 l4[8];
	int err;

	if (!q || off > WEFT_HDR_WINDOW)
		return -1;
	err = version == 4 ? weft_quote_ipv4(ctx, &off, q) : weft_quote_ipv6(ctx, &off, q);
	if (err || ctx_load(ctx, off, l4, sizeof(l4)))
		return -1;
	if (weft_is_icmp(q)) {
		q->icmp_type = l4[0];
		q->icmp_code = l4[1];
		__builtin_memcpy(&q->sport, l4 + 4, sizeof(q->sport));
	} else {
		__builtin_memcpy(&q->sport, l4, sizeof(q->sport));
		__builtin_memcpy(&q->dport, l4 + 2, sizeof(q->dport));
	}
	return 0;
}

/* Does anybody restrict one of the ends? */
static __always_inline int weft_is_guarded(const struct weft_pkt *p, const struct weft_hop *to)
{
	__u32 from = weft_hop_port(&p->here), port = weft_hop_port(to);

	return (from && weft_ruleset_of(from, p->generation.policy, WEFT_POL_EGRESS)) ||
	       (port && weft_ruleset_of(port, p->generation.policy, WEFT_POL_INGRESS));
}

/* The flow may go on under the policies in force? It is not changed: that is up to its packets. */
static __always_inline int weft_related_judge(struct weft_pkt *p, struct weft_flow_key *key,
					      const struct weft_flow *f)
{
	int origin = f->origin & 1, action;
	struct weft_ask *a = weft_ask_new();

	if (!a)
		return -WEFT_DROP_POLICY_DENY_EGRESS;
	weft_ask_flow(a, p, key, origin, &f->hop[origin], &f->hop[!origin]);
	a->identity = weft_opener_identity(f, &f->hop[origin]);
	if (f->flags & WEFT_FLOW_ROUTED)
		weft_ask_source(a);
	action = weft_judge(a);
	if (action == WEFT_POL_ALLOW || f->flags & WEFT_FLOW_KEEP)
		return 0;
	return weft_deny(p, a, action);
}

/**
 * weft_quoted_flow - the flow of the packet that an ICMP error quotes.
 * @s: quote and quote_key are filled.
 *
 * Return: the side of the key that the quoted packet came from; -1: the error quotes too little, or
 * it is not on its way to whoever sent that packet.
 */
static __attribute__((noinline)) int weft_quoted_flow(weft_ctx *ctx, const struct weft_pkt *p,
						      struct weft_scratch *s)
{
	__builtin_memset(&s->quote, 0, sizeof(s->quote));
	if (weft_quote(ctx, p->h.l4_off + 8, p->h.version, &s->quote) ||
	    !weft_addr_equal(&s->quote.saddr, &p->h.daddr))
		return -1;
	return weft_flow_key_of(&s->quote, p->network, &s->quote_key);
}

/**
 * weft_related - stage 4d: an ICMP error.
 * @p: classified.
 * @to: where it goes by the FDB.
 *
 * Return: 0 it may go there; -WEFT_DROP_ICMP_UNRELATED, if an end is restricted;
 * -WEFT_DROP_POLICY_*.
 */
static __attribute__((noinline)) int weft_related(weft_ctx *ctx, struct weft_pkt *p,
						  const struct weft_hop *to)
{
	struct weft_scratch *s = weft_scratch_of();
	struct weft_flow *f;
	__u8 table;
	int side;

	if (!s)
		return -WEFT_DROP_ICMP_UNRELATED;
	side = weft_quoted_flow(ctx, p, s);
	if (side < 0)
		goto unrelated;
	f = weft_flow_find(&s->quote_key, &table);
	trace_flow(WEFT_TRACE_RELATED, &s->quote_key, f, side, table);
	if (!f || weft_tcp_is_void(f) || weft_word(&f->hop[side & 1]) != weft_word(to))
		goto unrelated;
	p->rule = f->rule[WEFT_POL_INGRESS] ?: f->rule[WEFT_POL_EGRESS];
	if (f->decided.policy != p->generation.policy)
		return weft_related_judge(p, &s->quote_key, f);
	return 0;
unrelated:
	return weft_is_guarded(p, to) ? -WEFT_DROP_ICMP_UNRELATED : 0;
}

#endif
