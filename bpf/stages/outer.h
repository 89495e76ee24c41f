/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Stage 2a, outer headers: which encapsulation a packet from the wire has, and what its headers
 * say. Called by classify.h, which asks the tables whether to believe it.
 *
 *     [IP][UDP][VXLAN]                 VNI, with the group policy extension an identity
 *     [IP][UDP][Geneve][option]...     VNI, in weft's own option an identity
 *     [IP][GRE with a key]             VSID, which is a VNI
 *
 * Reserved bits are ignored. What stands behind the UDP datagram or the IP packet is not of it.
 * (A GSO packet may be longer than these lengths can say, so it is not measured by them.)
 */
#ifndef WEFT_BPF_STAGES_OUTER_H
#define WEFT_BPF_STAGES_OUTER_H

#include <linux/in.h>
#include <linux/udp.h>
#include <bpf/bpf_endian.h>

#include "../pkt.h"

/* Ethernet in GRE? GRE with another payload is somebody else's tunnel. */
static __always_inline int weft_is_nvgre(weft_ctx *ctx, const struct weft_hdrs *h)
{
	struct {
		__be16 flags;
		__be16 proto;
	} gre;

	if (h->flags & WEFT_H_FRAG_LATER || h->l4_len < sizeof(gre) ||
	    ctx_load(ctx, h->l4_off, &gre, sizeof(gre)))
		return 0;
	return gre.proto == bpf_htons(WEFT_ETH_P_TEB);
}

/**
 * weft_outer_encap - which of our encapsulations a packet has.
 * @p: parsed, as far as that was possible.
 * @node: this node.
 *
 * Return: enum weft_encap, VXLAN for VXLAN-GBP too; WEFT_ENCAP_NONE: it is not ours.
 */
static __always_inline __u32 weft_outer_encap(weft_ctx *ctx, const struct weft_pkt *p,
					      const struct weft_node *node)
{
	const struct weft_hdrs *h = &p->h;

	if (h->l4_proto == IPPROTO_UDP && h->dport) {
		if (h->dport == node->vxlan_port)
			return WEFT_ENCAP_VXLAN;
		if (h->dport == node->geneve_port)
			return WEFT_ENCAP_GENEVE;
	} else if (h->l4_proto == IPPROTO_GRE && node->nvgre && weft_is_nvgre(ctx, h)) {
		return WEFT_ENCAP_NVGRE;
	}
	return WEFT_ENCAP_NONE;
}

/** struct weft_outer_udp - UDP header and eight bytes: all of VXLAN, the fixed part of Geneve. */
struct weft_outer_udp {
	struct udphdr udp;
	union {
		struct weft_vxlanhdr vxlan;
		struct weft_genevehdr geneve;
	};
};

/* By pointer if it lies in the linear part, which is as good as always, and the quicker way. */
static __always_inline int weft_outer_load(weft_ctx *ctx, __u32 off, struct weft_outer_udp *w)
{
	const struct weft_outer_udp *at = ctx_data(ctx) + (off & (WEFT_HDR_WINDOW - 1));

	if (off >= WEFT_HDR_WINDOW || (void *)(at + 1) > ctx_data_end(ctx))
		return ctx_load(ctx, off, w, sizeof(*w));
	*w = *at;
	return 0;
}

/* Has the datagram room for @len bytes of headers and an Ethernet header? */
static __always_inline int weft_udp_holds(const struct weft_pkt *p, const struct udphdr *udp,
					  __u32 len)
{
	return p->gso_size || bpf_ntohs(udp->len) >= len + WEFT_ETH_HLEN;
}

/* Spec: RFC 7348 section 5: the I flag must be set. The extension's A bit ("policy has been
 * applied") does not count here: a port's own policies are always asked. */
static __always_inline int weft_outer_vxlan(weft_ctx *ctx, struct weft_pkt *p)
{
	struct weft_outer_udp w;
	__u32 flags;

	if (weft_outer_load(ctx, p->h.l4_off, &w) || !weft_udp_holds(p, &w.udp, sizeof(w)))
		return -WEFT_DROP_HDR_TRUNC;
	flags = bpf_ntohl(w.vxlan.flags);
	if (!(flags & WEFT_VXLAN_FLAG_I))
		return -WEFT_DROP_VXLAN_INVALID_HDR;
	p->vni = bpf_ntohl(w.vxlan.vni) >> 8;
	p->identity = flags & WEFT_VXLAN_FLAG_G ? flags & WEFT_VXLAN_GROUP : 0;
	p->outer_len = p->h.l4_off + sizeof(w);
	return 0;
}

static __always_inline int weft_is_source(const struct weft_geneve_opt *o)
{
	return o->class == bpf_htons(WEFT_GENEVE_CLASS) && o->type == WEFT_GENEVE_SOURCE;
}

/**
 * weft_geneve_options - step over Geneve options; what our own says goes into @p.
 * @off, @len: the options.
 *
 * A global function, verified once on its own. An option of ours may be longer than we know it.
 * Return: 0; -WEFT_DROP_HDR_TRUNC; -WEFT_DROP_GENEVE_INVALID_OPT; -WEFT_DROP_GENEVE_CRITICAL_OPT.
 * Spec: RFC 8926 section 3.5. The header's C bit says no more than the options do, and a packet
 * that wears it wrongly is judged by them.
 */
__attribute__((noinline)) int weft_geneve_options(weft_ctx *ctx, struct weft_pkt *p, __u32 off,
						  __u32 len)
{
	struct weft_geneve_opt o;
	__be32 identity;
	__u32 size;

	if (!p)
		return -WEFT_DROP_HDR_TRUNC;
	for (int i = 0; i < WEFT_GENEVE_OPTS_MAX && len; i++) {
		if (ctx_load(ctx, off, &o, sizeof(o)))
			return -WEFT_DROP_HDR_TRUNC;
		size = sizeof(o) + 4 * (o.len & WEFT_GENEVE_OPT_LEN);
		if (size > len)
			return -WEFT_DROP_GENEVE_INVALID_OPT;
		if (weft_is_source(&o) && size >= sizeof(o) + sizeof(identity)) {
			if (ctx_load(ctx, off + sizeof(o), &identity, sizeof(identity)))
				return -WEFT_DROP_HDR_TRUNC;
			p->identity = bpf_ntohl(identity);
		} else if (o.type & WEFT_GENEVE_OPT_CRITICAL) {
			return -WEFT_DROP_GENEVE_CRITICAL_OPT;
		}
		off += size;
		len -= size;
	}
	return 0;
}

/* All that weft itself sends, without a walk. Return: 1 if that is what is there. */
static __always_inline int weft_geneve_ours(weft_ctx *ctx, struct weft_pkt *p, __u32 off, __u32 len)
{
	struct weft_geneve_source s;

	if (len != sizeof(s) || ctx_load(ctx, off, &s, sizeof(s)) || !weft_is_source(&s.opt) ||
	    s.opt.len != (sizeof(s) - sizeof(s.opt)) / 4)
		return 0;
	p->identity = bpf_ntohl(s.identity);
	return 1;
}

/*
 * Spec: RFC 8926 section 3.4: another version and another payload are dropped; the payload of a
 * control packet is not forwarded. No control message is known to weft.
 */
static __always_inline int weft_outer_geneve(weft_ctx *ctx, struct weft_pkt *p)
{
	struct weft_outer_udp w;
	__u32 options, off;

	if (weft_outer_load(ctx, p->h.l4_off, &w))
		return -WEFT_DROP_HDR_TRUNC;
	if (w.geneve.ver_opt & WEFT_GENEVE_VERSION)
		return -WEFT_DROP_GENEVE_INVALID_HDR;
	options = 4 * (w.geneve.ver_opt & WEFT_GENEVE_OPT_WORDS);
	if (!weft_udp_holds(p, &w.udp, sizeof(w) + options))
		return -WEFT_DROP_HDR_TRUNC;
	if (w.geneve.flags & WEFT_GENEVE_CONTROL)
		return -WEFT_DROP_GENEVE_CONTROL;
	if (w.geneve.proto != bpf_htons(WEFT_ETH_P_TEB))
		return -WEFT_DROP_GENEVE_INVALID_HDR;
	off = p->h.l4_off + sizeof(w);
	p->vni = bpf_ntohl(w.geneve.vni) >> 8;
	p->outer_len = off + options;
	if (!options || weft_geneve_ours(ctx, p, off, options))
		return 0;
	return weft_geneve_options(ctx, p, off, options);
}

/* Spec: RFC 7637 section 3.2. The FlowID has done its work on the way. */
static __always_inline int weft_outer_nvgre(weft_ctx *ctx, struct weft_pkt *p)
{
	struct weft_nvgrehdr w;

	if (ctx_load(ctx, p->h.l4_off, &w, sizeof(w)) ||
	    (!p->gso_size && p->h.l4_len < sizeof(w) + WEFT_ETH_HLEN))
		return -WEFT_DROP_HDR_TRUNC;
	if ((w.flags & bpf_htons(WEFT_NVGRE_MASK)) != bpf_htons(WEFT_NVGRE_FLAGS))
		return -WEFT_DROP_NVGRE_INVALID_HDR;
	p->vni = bpf_ntohl(w.key) >> 8;
	p->outer_len = p->h.l4_off + sizeof(w);
	return 0;
}

/**
 * weft_outer_read - what the headers of the encapsulation say.
 * @p: parsed; sets vni, identity and outer_len. Nothing of it may be believed yet.
 * @encap: of weft_outer_encap().
 *
 * Return: 0; -WEFT_DROP_HDR_TRUNC; -WEFT_DROP_VXLAN_INVALID_HDR; -WEFT_DROP_GENEVE_*;
 * -WEFT_DROP_NVGRE_INVALID_HDR.
 */
static __always_inline int weft_outer_read(weft_ctx *ctx, struct weft_pkt *p, __u32 encap)
{
	switch (encap) {
	case WEFT_ENCAP_VXLAN:
		return weft_outer_vxlan(ctx, p);
	case WEFT_ENCAP_GENEVE:
		return weft_outer_geneve(ctx, p);
	}
	return weft_outer_nvgre(ctx, p);
}

#endif
