/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Stage 2, classify: whose packet is it? From a port, the port names the network and may only speak
 * with its own MAC address. From the underlay, the VTEP address, the UDP port, the sender and the
 * VNI together do. After parse.h, before decap.h (underlay) or forward.h.
 */
#ifndef WEFT_BPF_STAGES_CLASSIFY_H
#define WEFT_BPF_STAGES_CLASSIFY_H

#include <linux/in.h>
#include <linux/udp.h>
#include <bpf/bpf_endian.h>

#include "../maps.h"
#include "../pkt.h"

/**
 * weft_classify_port - stage 2 for a frame from a workload.
 * @p: parsed; sets port, network, delivery and here.
 * @parsed: what parse returned; a malformed frame is dropped once the port to blame is known.
 *
 * Return: 0; -WEFT_DROP_PORT_UNKNOWN; @parsed; -WEFT_DROP_VLAN_UNEXPECTED;
 * -WEFT_DROP_MAC_INVALID_SOURCE; -WEFT_DROP_MAC_SPOOFED.
 */
static __always_inline int weft_classify_port(struct weft_pkt *p, int parsed)
{
	__u32 ifindex = p->ifindex;
	const struct weft_port *port = bpf_map_lookup_elem(&weft_ports, &ifindex);

	trace_port(ifindex, port);
	if (!port || port->kind != WEFT_PORT_ACCESS)
		return -WEFT_DROP_PORT_UNKNOWN;
	p->port = port->id;
	p->network = port->network;
	p->delivery = port->delivery;
	p->here = (struct weft_hop){.target = ifindex,
				    .port = port->id,
				    .kind = WEFT_HOP_LOCAL,
				    .delivery = port->delivery};
	if (parsed)
		return parsed;
	if (p->h.vlans || p->tagged)
		return -WEFT_DROP_VLAN_UNEXPECTED;
	if (weft_mac_is_group(p->h.smac) || weft_mac_is_zero(p->h.smac))
		return -WEFT_DROP_MAC_INVALID_SOURCE;
	if (!weft_mac_equal(p->h.smac, port->mac))
		return -WEFT_DROP_MAC_SPOOFED;
	return 0;
}

/* Is the packet, as far as it could be parsed, UDP to our VTEP and tunnel port? */
static __always_inline int weft_is_for_vtep(const struct weft_pkt *p, const struct weft_node *node)
{
	const struct weft_hdrs *h = &p->h;

	if (h->l4_proto != IPPROTO_UDP || !h->dport || h->dport != node->vxlan_port)
		return 0;
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

/*
 * Spec: RFC 7348 section 5: the I flag must be set, every reserved bit is ignored. What stands
 * behind the UDP datagram is not of it. (A GSO packet may be longer than the length field can say.)
 */
static __always_inline int weft_classify_vxlan(weft_ctx *ctx, struct weft_pkt *p,
					       struct weft_peer_key *key)
{
	struct {
		struct udphdr udp;
		struct weft_vxlanhdr vxlan;
	} w;

	if (ctx_load(ctx, p->h.l4_off, &w, sizeof(w)))
		return -WEFT_DROP_HDR_TRUNC;
	if (!p->gso_size && bpf_ntohs(w.udp.len) < sizeof(w) + WEFT_ETH_HLEN)
		return -WEFT_DROP_HDR_TRUNC;
	if (!(w.vxlan.flags & bpf_htonl(WEFT_VXLAN_FLAG_I)))
		return -WEFT_DROP_VXLAN_INVALID_HDR;
	p->vni = bpf_ntohl(w.vxlan.vni) >> 8;
	p->outer_len = p->h.l4_off + sizeof(w);
	key->vni = p->vni;
	key->encap = WEFT_ENCAP_VXLAN;
	return 0;
}

/**
 * weft_classify_underlay - stage 2 for a frame from the wire.
 * @p: outer headers parsed; sets vni, network, tunnel and outer_len.
 * @parsed: what parse returned. It only counts once the frame is known to be ours.
 *
 * Return: 0 it is ours and to be decapsulated; WEFT_ACT_PASS it is not ours; a drop: it was
 * addressed to our VTEP and tunnel port, but @parsed, -WEFT_DROP_OUTER_NOT_UNICAST,
 * -WEFT_DROP_OUTER_FRAGMENT, -WEFT_DROP_HDR_TRUNC, -WEFT_DROP_VXLAN_INVALID_HDR,
 * -WEFT_DROP_VTEP_UNKNOWN, -WEFT_DROP_VXLAN_VNI_NOT_FOUND, -WEFT_DROP_VTEP_NOT_MEMBER.
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
	if (parsed)
		return parsed;
	if (weft_mac_is_group(p->h.dmac))
		return -WEFT_DROP_OUTER_NOT_UNICAST;
	if (p->h.flags & WEFT_H_FRAG)
		return -WEFT_DROP_OUTER_FRAGMENT;
	err = weft_classify_sender(&p->h, &key.remote);
	if (!err)
		err = weft_classify_vxlan(ctx, p, &key);
	if (err)
		return err;
	peer = bpf_map_lookup_elem(&weft_peers, &key);
	trace_peer(&key, peer);
	if (!peer)
		return weft_peer_missing(&key);
	if (p->outer_len + WEFT_ETH_HLEN > p->len)
		return -WEFT_DROP_HDR_TRUNC;
	p->tunnel = peer->tunnel;
	p->network = peer->network;
	return 0;
}

/**
 * weft_classify_inner - stage 2 for the frame that came out of a tunnel.
 * @p: inner headers parsed; network and tunnel known. Sets here.
 *
 * Return: 0; -WEFT_DROP_VLAN_UNEXPECTED; -WEFT_DROP_MAC_INVALID_SOURCE.
 */
static __always_inline int weft_classify_inner(struct weft_pkt *p)
{
	p->here = (struct weft_hop){.target = p->tunnel, .kind = WEFT_HOP_TUNNEL};
	if (p->h.vlans)
		return -WEFT_DROP_VLAN_UNEXPECTED;
	if (weft_mac_is_group(p->h.smac) || weft_mac_is_zero(p->h.smac))
		return -WEFT_DROP_MAC_INVALID_SOURCE;
	return 0;
}

/**
 * weft_classify_sender_mac - may this VTEP speak for this MAC address?
 * @p: as above.
 *
 * The VTEP was checked, but it may lie about whom it speaks for: a frame must not carry the MAC
 * address of one of our own ports, nor one that the file places behind another VTEP. Asked by
 * forward.h for all but the packets of flows that are known to come by this tunnel.
 *
 * Return: 0; -WEFT_DROP_LOCAL_MAC; -WEFT_DROP_MAC_WRONG_VTEP.
 */
static __always_inline int weft_classify_sender_mac(const struct weft_pkt *p)
{
	const struct weft_fdb_entry *src;
	struct weft_fdb_key key;

	__builtin_memcpy(key.mac, p->h.smac, sizeof(key.mac));
	key.network = p->network;
	src = bpf_map_lookup_elem(&weft_fdb, &key);
	trace_fdb(WEFT_TRACE_SENDER, &key, src);
	if (!src)
		return 0;
	if (src->kind == WEFT_FDB_LOCAL)
		return -WEFT_DROP_LOCAL_MAC;
	return src->tunnel == p->tunnel ? 0 : -WEFT_DROP_MAC_WRONG_VTEP;
}

#endif
