/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Stage 2a, vlan: classification of everything that has to do with tags. Called by classify.h for
 * what a port sends, unless that is an untagged frame of an access port; by pipeline.h for what the
 * wire brings, if it is nothing for our VTEP.
 *
 *     tags (none, one, or 802.1ad and 802.1Q) -> weft_vlans -> port, and with it the network
 *     what is left of them                    -> the tenant's own tag, or a drop
 *
 * Then they are all taken off. So nobody reaches a VLAN by a second tag: what names a port is what
 * the frame has outermost, a native port's frames have none, and the loader sees to it that no
 * network whose tenants may tag goes out untagged where tags have a meaning.
 */
#ifndef WEFT_BPF_STAGES_VLAN_H
#define WEFT_BPF_STAGES_VLAN_H

#include "../lib/vlan_skb.h"
#include "learn.h"
#include "parse_skb.h"

/* Where the frame belongs, as its port says. @kind: enum weft_hop_kind. */
static __always_inline void weft_classify_as(struct weft_pkt *p, const struct weft_port *port,
					     __u8 kind)
{
	p->port = port->id;
	p->network = port->network;
	p->port_flags = port->flags;
	p->identity = port->identity;
	p->delivery = port->delivery;
	p->here = (struct weft_hop){
		.target = p->ifindex, .port = port->id, .kind = kind, .delivery = port->delivery};
}

/* May the frame's source speak at this port? Where it learns, learn.h knows more. */
static __always_inline int weft_classify_mac(const struct weft_pkt *p, const struct weft_port *port)
{
	if (weft_mac_is_group(p->h.smac) || weft_mac_is_zero(p->h.smac))
		return -WEFT_DROP_MAC_INVALID_SOURCE;
	if (!weft_mac_equal(p->h.smac, port->mac) && !(port->flags & WEFT_PORT_LEARN))
		return -WEFT_DROP_MAC_SPOOFED;
	return 0;
}

/*
 * The port of a trunk or uplink that the tags name, or NULL. Those that name it go from @t. An
 * 802.1Q tag behind an 802.1ad one belongs to the name if some port says so.
 */
static __always_inline const struct weft_port *weft_vlan_port(const struct weft_pkt *p,
							      struct weft_tag_pair *t)
{
	struct weft_vlan_key key = {.ifindex = p->ifindex};
	const struct weft_port *port;

	if (t->outer >> 16 != WEFT_ETH_P_8021AD) {
		key.vlan = weft_tag_vid(t->outer);
		port = bpf_map_lookup_elem(&weft_vlans, &key);
	} else {
		key.service = weft_tag_vid(t->outer);
		if (t->inner >> 16 == WEFT_ETH_P_8021Q) {
			key.vlan = weft_tag_vid(t->inner);
			port = bpf_map_lookup_elem(&weft_vlans, &key);
			if (port) {
				t->outer = 0;
				return port;
			}
			key.vlan = 0;
		}
		port = bpf_map_lookup_elem(&weft_vlans, &key);
	}
	if (port) {
		t->outer = t->inner;
		t->inner = 0;
	}
	return port;
}

/* Take all tags off; what was parsed behind those in the frame is elsewhere then. */
static __always_inline int weft_tags_strip(weft_ctx *ctx, struct weft_pkt *p)
{
	int moved = p->h.vlans, err = 0;

	if (weft_tags_take_off(ctx, p->tagged + moved) || ctx_vlan_present(ctx))
		return -WEFT_DROP_DECAP_FAILED;
	if (moved) {
		p->len = ctx_len(ctx);
		err = weft_parse_ctx(ctx, p);
		if (!err && p->h.vlans)
			err = -WEFT_DROP_DECAP_FAILED;
	}
	if (p->tag)
		weft_tag_hide(p);
	return err;
}

/**
 * weft_classify_tagged - stage 2a for a frame from a port: tagged, or on a trunk.
 * @p, @parsed: as in weft_classify_port().
 *
 * A global function, verified once on its own.
 * Return: 0 with all tags off, and the tenant's own in p->tag; -WEFT_DROP_PORT_UNKNOWN; @parsed;
 * -WEFT_DROP_VLAN_TOO_DEEP, -WEFT_DROP_VLAN_NOT_ALLOWED, -WEFT_DROP_VLAN_UNTAGGED,
 * -WEFT_DROP_VLAN_UNEXPECTED; -WEFT_DROP_MAC_INVALID_SOURCE, -WEFT_DROP_MAC_SPOOFED;
 * -WEFT_DROP_DECAP_FAILED.
 */
__attribute__((noinline)) int weft_classify_tagged(weft_ctx *ctx, struct weft_pkt *p, int parsed)
{
	struct weft_tag_pair tags = {};
	const struct weft_port *port;
	__u32 ifindex;
	int err;

	if (!p)
		return -WEFT_DROP_PORT_UNKNOWN;
	ifindex = p->ifindex;
	port = bpf_map_lookup_elem(&weft_ports, &ifindex);
	if (!port || (port->kind != WEFT_PORT_ACCESS && port->kind != WEFT_PORT_TRUNK))
		return -WEFT_DROP_PORT_UNKNOWN;
	p->port = port->id;
	if (parsed && !p->h.l3_off) /* it does not even have all of its tags */
		return parsed;
	err = weft_tags_read(ctx, p, &tags);
	if (err)
		return err;
	if (port->kind == WEFT_PORT_TRUNK)
		port = weft_vlan_port(p, &tags);
	trace_port(WEFT_TRACE_VLAN, p->ifindex, port);
	if (!port)
		return tags.outer ? -WEFT_DROP_VLAN_NOT_ALLOWED : -WEFT_DROP_VLAN_UNTAGGED;
	weft_classify_as(p, port, WEFT_HOP_LOCAL);
	if (parsed)
		return parsed;
	err = weft_tags_own(p, &tags);
	if (!err)
		err = weft_tags_strip(ctx, p);
	return err ? err : weft_classify_mac(p, port);
}

/* IEEE 802.1Q section 8.6.3: frames to these addresses are about the wire itself. */
static __always_inline int weft_mac_is_reserved(const __u8 *mac)
{
	return mac[0] == 0x01 && mac[1] == 0x80 && mac[2] == 0xc2 && !(mac[3] | mac[4]) &&
	       mac[5] < 0x10;
}

/*
 * A segment that the host has a part in too: ours is what goes to a port of this node, and a copy
 * of what goes to everybody.
 */
static __always_inline int weft_wire_is_ours(struct weft_pkt *p, const struct weft_port *port)
{
	const struct weft_fdb_entry *to;
	struct weft_hop learned = {};
	struct weft_fdb_key key;

	if (weft_mac_is_group(p->h.dmac))
		return !weft_mac_is_reserved(p->h.dmac);
	__builtin_memcpy(key.mac, p->h.dmac, sizeof(key.mac));
	key.network = port->network;
	to = bpf_map_lookup_elem(&weft_fdb, &key);
	if (to)
		return to->kind == WEFT_FDB_LOCAL;
	p->network = port->network;
	return weft_learned_find(p, &learned) && learned.kind == WEFT_HOP_LOCAL;
}

/**
 * weft_classify_wire - stage 2a for a frame on an uplink that is not for our VTEP: is it of a
 * network that lives there as a VLAN?
 * @p, @parsed: as in weft_classify_underlay().
 *
 * A global function, verified once on its own. Nothing here may write by pointer, see weft_restore.
 * Return: 0 it is, with all tags off; WEFT_ACT_PASS it is not ours; else as weft_classify_tagged().
 */
__attribute__((noinline)) int weft_classify_wire(weft_ctx *ctx, struct weft_pkt *p, int parsed)
{
	struct weft_tag_pair tags = {};
	const struct weft_port *port;
	int err;

	if (!p)
		return WEFT_ACT_PASS;
	err = weft_tags_read(ctx, p, &tags);
	if (!err)
		err = parsed;
	p->shared = !tags.outer;
	if (p->shared && !p->h.l3_off)
		return WEFT_ACT_PASS;
	port = weft_vlan_port(p, &tags);
	trace_port(WEFT_TRACE_VLAN, p->ifindex, port);
	if (!port || (p->shared && !weft_wire_is_ours(p, port)))
		return WEFT_ACT_PASS;
	weft_classify_as(p, port, WEFT_HOP_WIRE);
	if (!err)
		err = weft_tags_own(p, &tags);
	if (!err)
		err = weft_tags_strip(ctx, p);
	return err ? err : weft_classify_mac(p, port);
}

#endif
