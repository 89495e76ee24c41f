/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Explicit congestion notification across a tunnel. Spec: RFC 6040, normal mode: the outer header
 * copies the inner codepoint on the way in (stages/encap.h); on the way out the two combine.
 */
#ifndef WEFT_BPF_LIB_ECN_H
#define WEFT_BPF_LIB_ECN_H

#include <bpf/bpf_endian.h>

#include "../pkt.h"
#include "csum.h"

/* What the inner codepoint becomes; -WEFT_DROP_IP_TUNNEL_ECN where it cannot carry the mark. */
static __always_inline int weft_ecn_combine(__u8 outer, __u8 inner)
{
	if (outer == WEFT_ECN_CE)
		return inner == WEFT_ECN_NOT_ECT ? -WEFT_DROP_IP_TUNNEL_ECN : WEFT_ECN_CE;
	if (outer == WEFT_ECN_ECT1 && inner == WEFT_ECN_ECT0)
		return WEFT_ECN_ECT1;
	return inner;
}

/* @off: the inner IP header. The first four bytes hold all that changes, but for the checksum. */
static __always_inline int weft_ecn_rewrite(weft_ctx *ctx, struct weft_pkt *p, __u32 off, int v4,
					    __u8 outer)
{
	__be16 from, to, check;
	__u8 inner, shift = v4 ? 0 : 4;
	int ecn;

	if (ctx_load(ctx, off, &from, sizeof(from)))
		return 0; /* shorter than an IP header: parse will name it */
	inner = bpf_ntohs(from) >> shift & WEFT_ECN_MASK;
	ecn = weft_ecn_combine(outer, inner);
	if (ecn < 0 || ecn == inner)
		return ecn < 0 ? ecn : 0;
	to = from ^ bpf_htons((inner ^ ecn) << shift);
	if (v4) {
		if (ctx_load(ctx, off + 10, &check, sizeof(check)))
			return 0;
		check = weft_csum_replace(check, from, to);
		ctx_store(ctx, off + 10, &check, sizeof(check));
	}
	ctx_store(ctx, off, &to, sizeof(to));
	return 0;
}

/**
 * weft_ecn_decap - carry a congestion mark from the outer header into the inner one.
 * @p: outer headers parsed, not yet stripped; outer_len set.
 *
 * Return: 0, or -WEFT_DROP_IP_TUNNEL_ECN. Spec: RFC 6040 section 4.2.
 */
static __always_inline int weft_ecn_decap(weft_ctx *ctx, struct weft_pkt *p)
{
	__u8 outer = p->h.tos & WEFT_ECN_MASK;
	__u32 off = p->outer_len + 2 * WEFT_ETH_ALEN;
	__be16 proto;

	if (outer != WEFT_ECN_CE && outer != WEFT_ECN_ECT1)
		return 0;
	if (ctx_load(ctx, off, &proto, sizeof(proto)))
		return 0;
	if (weft_is_tag(proto)) {
		off += WEFT_VLAN_HLEN;
		if (ctx_load(ctx, off, &proto, sizeof(proto)))
			return 0;
	}
	if (proto == bpf_htons(WEFT_ETH_P_IPV4))
		return weft_ecn_rewrite(ctx, p, off + sizeof(proto), 1, outer);
	if (proto == bpf_htons(WEFT_ETH_P_IPV6))
		return weft_ecn_rewrite(ctx, p, off + sizeof(proto), 0, outer);
	return 0;
}

#endif
