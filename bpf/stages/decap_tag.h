/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Stage 3a, decap of a frame that has a tag within its tunnel; for decap_tc.h and decap_xdp.h. */
#ifndef WEFT_BPF_STAGES_DECAP_TAG_H
#define WEFT_BPF_STAGES_DECAP_TAG_H

#include "../lib/vlan.h"

/**
 * weft_decap_tag - the tag of an inner frame: the tenant's own, or one that only says a priority.
 * @p: classified; tag is set.
 * @off: of the inner frame.
 * @proto: the tag's TPID; becomes the ethertype behind it.
 *
 * Return: 0; -WEFT_DROP_HDR_TRUNC; -WEFT_DROP_VLAN_UNEXPECTED; -WEFT_DROP_VLAN_TOO_DEEP.
 */
static __always_inline int weft_decap_tag(weft_ctx *ctx, struct weft_pkt *p, __u32 off,
					  __be16 *proto)
{
	struct weft_tag_pair tags = {};
	struct weft_vlanhdr vlan;

	if (ctx_load(ctx, off + WEFT_ETH_HLEN, &vlan, sizeof(vlan)))
		return -WEFT_DROP_HDR_TRUNC;
	if (weft_tag_vid(bpf_ntohs(vlan.tci)))
		tags.outer = (__u32)bpf_ntohs(*proto) << 16 | bpf_ntohs(vlan.tci);
	*proto = vlan.proto;
	if (weft_is_tag(vlan.proto))
		return weft_tags_carried(p) ? -WEFT_DROP_VLAN_TOO_DEEP : -WEFT_DROP_VLAN_UNEXPECTED;
	p->prio = bpf_ntohs(vlan.tci) & WEFT_VLAN_PRIO;
	return weft_tags_own(p, &tags);
}

#endif
