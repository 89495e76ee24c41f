/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Stage 2c, neighbour discovery from a port: the target of an advertisement and every link-layer
 * address in an option must be the port's own. Called by forward.h, after port_security.h has let
 * the packet pass as IP.
 *
 * Who may send router advertisements and redirects is decided there. A redirect's link-layer
 * address is another's by nature, so it is not looked at.
 */
#ifndef WEFT_BPF_STAGES_NEIGHBOUR_SECURITY_H
#define WEFT_BPF_STAGES_NEIGHBOUR_SECURITY_H

#include <linux/in.h>
#include <linux/ipv6.h>

#include "port_security.h"

#define WEFT_ND_OPTIONS_MAX 16

static __always_inline int weft_is_nd(const struct weft_hdrs *h)
{
	return h->version == 6 && h->l4_proto == IPPROTO_ICMPV6 && h->icmp_type >= WEFT_ND_FIRST &&
	       h->icmp_type <= WEFT_ND_LAST;
}

/* Bytes in front of the options; RFC 4861 section 4. */
static __always_inline __u32 weft_nd_fixed(__u8 type)
{
	switch (type) {
	case WEFT_ND_FIRST:
		return 8;
	case WEFT_ND_ROUTER:
		return 16;
	case WEFT_ND_REDIRECT:
		return 40;
	}
	return WEFT_ND_SOLICIT_LEN;
}

/*
 * Spec: RFC 4861 section 4.6 (a length of 0 is invalid) and section 4.3 (no source link-layer
 * address from the unspecified address).
 */
static __always_inline int weft_nd_options(weft_ctx *ctx, const struct weft_pkt *p, __u32 off,
					   __u32 left)
{
	int nobody = weft_addr_is_zero(&p->h.saddr);
	struct {
		__u8 type;
		__u8 len;
		__u8 mac[WEFT_ETH_ALEN];
	} opt;

	for (int i = 0; i < WEFT_ND_OPTIONS_MAX; i++) {
		if (!left)
			return 0;
		if (left < sizeof(opt) || ctx_load(ctx, off, &opt, sizeof(opt)) || !opt.len ||
		    opt.len * 8u > left)
			return -WEFT_DROP_ND_INVALID;
		if ((opt.type == WEFT_ND_OPT_SOURCE || opt.type == WEFT_ND_OPT_TARGET) &&
		    (nobody || !weft_mac_equal(opt.mac, p->h.smac)))
			return -WEFT_DROP_ND_SPOOFED;
		off += opt.len * 8u;
		left -= opt.len * 8u;
	}
	return left ? -WEFT_DROP_ND_INVALID : 0;
}

/* Will answer.h answer it, if the target is known? A valid solicitation has hop limit 255 and code
 * 0; RFC 4861 section 7.1.1. */
static __always_inline int weft_nd_is_question(const struct weft_hdrs *h)
{
	return h->icmp_type == WEFT_ND_SOLICIT && !h->icmp_code && h->ttl == 255 &&
	       !(h->flags & WEFT_H_FRAG) && h->l4_off == h->l3_off + sizeof(struct ipv6hdr);
}

static __always_inline int weft_guard_target(struct weft_pkt *p, struct weft_addr *target)
{
	struct weft_hdrs *h = &p->h;

	if (p->from_underlay)
		return h->icmp_type == WEFT_ND_ADVERT ? weft_guard_local(p, target) : 0;
	if (h->icmp_type == WEFT_ND_ADVERT)
		return weft_owns(p, target, p->here.port, 0) ? -WEFT_DROP_ND_SPOOFED : 0;
	if (h->icmp_type != WEFT_ND_SOLICIT || !weft_addr_is_zero(&h->saddr))
		return 0;
	return weft_guard_probe(p, target, p->here.port,
				weft_mac_is_group(h->dmac) && weft_nd_is_question(h))
		       ? -WEFT_DROP_ND_SPOOFED
		       : 0;
}

/**
 * weft_guard_nd - stage 2c.
 * @p: an ICMPv6 packet of neighbour discovery; in pieces it is none (RFC 6980).
 *
 * A global function, verified once on its own.
 * Return: 0; -WEFT_DROP_ND_SPOOFED; -WEFT_DROP_ND_INVALID; -WEFT_DROP_LOCAL_ADDR.
 */
__attribute__((noinline)) int weft_guard_nd(weft_ctx *ctx, struct weft_pkt *p)
{
	struct weft_addr target;
	__u32 fixed;

	if (!p)
		return -WEFT_DROP_NETWORK_UNKNOWN;
	if (!p->from_underlay && !weft_is_secure(weft_guard_of(p->here.port)))
		return 0;
	fixed = weft_nd_fixed(p->h.icmp_type);
	if (p->h.l4_len < fixed || p->h.flags & WEFT_H_FRAG)
		return p->from_underlay ? 0 : -WEFT_DROP_ND_INVALID;
	if (fixed >= WEFT_ND_SOLICIT_LEN) {
		int err;

		if (ctx_load(ctx, p->h.l4_off + 8, &target, sizeof(target)))
			return -WEFT_DROP_HDR_TRUNC;
		err = weft_guard_target(p, &target);
		if (err)
			return err;
	}
	if (p->from_underlay || p->h.icmp_type == WEFT_ND_REDIRECT)
		return 0;
	return weft_nd_options(ctx, p, p->h.l4_off + fixed, p->h.l4_len - fixed);
}

#endif
