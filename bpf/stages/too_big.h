/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Stage 5a, what does not fit: tell the sender the size that does. Called by encap.h and flood.h;
 * off the fast path.
 *
 * The error is sent whether or not DF is set: a switch cannot fragment, and a sender that learns
 * the size will.
 */
#ifndef WEFT_BPF_STAGES_TOO_BIG_H
#define WEFT_BPF_STAGES_TOO_BIG_H

#include "deliver.h"
#include "icmp_error.h"

/**
 * weft_fits - is every segment of @p at most @mtu bytes of L3 packet?
 *
 * A GSO packet is judged by what its segments will be: headers plus gso_size.
 */
static __always_inline int weft_fits(const struct weft_pkt *p, __u32 mtu)
{
	if (p->gso_size)
		return p->gso_size + p->h.l4_off + p->h.l4_hlen - p->h.l3_off <= mtu;
	return p->len - p->h.l3_off <= mtu;
}

/**
 * weft_too_big - stage 5a: answer a packet that does not fit.
 * @ctx: the packet; it becomes the answer.
 * @p: of it; from a port.
 * @mtu: L3 bytes that would fit.
 *
 * A global function, verified once on its own.
 * Return: WEFT_ACT_REFUSE with the loss counted; -WEFT_DROP_PKT_TOO_BIG where an answer is not
 * allowed (by the rate limit or by the packet's kind); WEFT_ACT_DENIED where the kernel refuses it.
 * Spec: RFC 1191 section 4 (next-hop MTU); RFC 4443 section 3.2.
 */
__attribute__((noinline)) int weft_too_big(weft_ctx *ctx, struct weft_pkt *p, __u32 mtu)
{
	__u32 kind = WEFT_ICMP6_TOO_BIG << 8, rest = mtu;

	if (!p || !weft_may_answer(&p->h) || !weft_icmp_allowed(p->port))
		return -WEFT_DROP_PKT_TOO_BIG;
	if (p->h.version == 4) {
		kind = WEFT_ICMP_UNREACH << 8 | WEFT_ICMP_CODE_FRAG_NEEDED;
		rest = mtu & 0xffff;
	}
	weft_count_drop(ctx, p, WEFT_DROP_PKT_TOO_BIG);
	if (weft_icmp_error(ctx, &p->h, kind, bpf_htonl(rest)))
		return WEFT_ACT_DENIED;
	return weft_reply(ctx, p) < 0 ? WEFT_ACT_DENIED : WEFT_ACT_REFUSE;
}

#endif
