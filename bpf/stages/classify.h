/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Stage 2, classify: whose packet is it? From a port, the port names the network and may only speak
 * with its own MAC address, unless it learns (classify_port.h; of a trunk the tags name it,
 * vlan.h). From the underlay, the VTEP address, the encapsulation, the sender and the VNI together
 * do; or the tags, vlan.h. After parse.h, before decap.h (underlay) or forward.h.
 */
#ifndef WEFT_BPF_STAGES_CLASSIFY_H
#define WEFT_BPF_STAGES_CLASSIFY_H

#include <bpf/bpf_endian.h>

#include "../lib/vlan.h"
#include "../maps.h"
#include "../pkt.h"
#include "classify_peer.h"
#include "outer.h"

/* Is the packet, as far as it could be parsed, for our VTEP? */
static __always_inline int weft_is_for_vtep(const struct weft_pkt *p, const struct weft_node *node)
{
	const struct weft_hdrs *h = &p->h;

	if (h->vlans || p->tagged)
		return 0;
	if (h->version == 4)
		return node->vtep4 && h->daddr.words[3] == node->vtep4;
	return h->version == 6 && !weft_addr_is_zero(&h->daddr) &&
	       weft_addr_equal(&h->daddr, (const void *)node->vtep6);
}

/*
 * The sender, as a key. IPv4 addresses stand IPv4-mapped in the tables; on the wire such an address
 * is nobody's (RFC 6890 section 2.2.3), and must not pass for the IPv4 VTEP.
 */
static __always_inline int weft_classify_sender(const struct weft_hdrs *h, struct weft_addr *remote)
{
	*remote = h->saddr;
	if (h->version == 6 && !(remote->words[0] | remote->words[1]) &&
	    remote->words[2] == bpf_htonl(0xffff))
		return -WEFT_DROP_VTEP_UNKNOWN;
	return 0;
}

/* The row is missing: which half of (sender, VNI) was wrong? */
static __always_inline int weft_peer_missing(const struct weft_peer_key *key)
{
	struct weft_vni_key vni = {.vni = key->vni, .encap = key->encap};

	if (!bpf_map_lookup_elem(&weft_vteps, &key->remote))
		return -WEFT_DROP_VTEP_UNKNOWN;
	if (!bpf_map_lookup_elem(&weft_vnis, &vni))
		return -WEFT_DROP_VXLAN_VNI_NOT_FOUND;
	return -WEFT_DROP_VTEP_NOT_MEMBER;
}

/**
 * weft_classify_underlay - stage 2 for a frame from the wire.
 * @p: outer headers parsed; sets vni, network, tunnel, identity and outer_len.
 * @parsed: what parse returned. It only counts once the frame is known to be ours.
 *
 * Return: 0 it is ours and to be decapsulated; WEFT_ACT_PASS it is not ours; a drop: it was
 * addressed to our VTEP in one of our encapsulations, but @parsed, -WEFT_DROP_OUTER_NOT_UNICAST,
 * -WEFT_DROP_OUTER_FRAGMENT, what weft_outer_read returns, -WEFT_DROP_VTEP_UNKNOWN,
 * -WEFT_DROP_VXLAN_VNI_NOT_FOUND, -WEFT_DROP_VTEP_NOT_MEMBER.
 * Spec: RFC 7348 sections 4 and 5; the outer UDP checksum is not verified (section 5: MAY).
 */
static __always_inline int weft_classify_underlay(weft_ctx *ctx, struct weft_pkt *p, int parsed)
{
	const struct weft_node *node;
	const struct weft_peer *peer;
	struct weft_peer_key key;
	__u32 zero = 0;
	int err;

	node = bpf_map_lookup_elem(&weft_node, &zero);
	if (!node || !weft_is_for_vtep(p, node))
		return WEFT_ACT_PASS;
	key.encap = weft_outer_encap(ctx, p, node);
	if (key.encap == WEFT_ENCAP_NONE)
		return WEFT_ACT_PASS;
	if (parsed)
		return parsed;
	if (weft_mac_is_group(p->h.dmac))
		return -WEFT_DROP_OUTER_NOT_UNICAST;
	if (p->h.flags & WEFT_H_FRAG)
		return -WEFT_DROP_OUTER_FRAGMENT;
	err = weft_classify_sender(&p->h, &key.remote);
	if (!err)
		err = weft_outer_read(ctx, p, key.encap);
	if (err)
		return err;
	key.vni = p->vni;
	peer = weft_peer_of(p, &key);
	trace_peer(&key, peer);
	if (!peer)
		return weft_peer_missing(&key);
	if (p->outer_len + WEFT_ETH_HLEN > p->len)
		return -WEFT_DROP_HDR_TRUNC;
	p->tunnel = peer->tunnel;
	p->network = peer->network;
	if (!(peer->flags & WEFT_PEER_IDENTITY))
		p->identity = 0;
	return 0;
}

/**
 * weft_classify_inner - stage 2 for the frame that came out of a tunnel.
 * @p: inner headers parsed; network and tunnel known, and the tenant's tag off. Sets here.
 *
 * Return: 0; -WEFT_DROP_VLAN_UNEXPECTED; -WEFT_DROP_MAC_INVALID_SOURCE.
 */
static __always_inline int weft_classify_inner(struct weft_pkt *p)
{
	p->here = (struct weft_hop){.target = p->tunnel, .kind = WEFT_HOP_TUNNEL};
	if (p->h.vlans)
		return -WEFT_DROP_VLAN_UNEXPECTED;
	if (p->tag)
		weft_tag_hide(p);
	if (weft_mac_is_group(p->h.smac) || weft_mac_is_zero(p->h.smac))
		return -WEFT_DROP_MAC_INVALID_SOURCE;
	return 0;
}

#endif
