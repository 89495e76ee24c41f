/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Stage 4e, routed packets: what a node sends by its host port in the name of others, because it
 * routes for them (a Service's translation, an answer from the world). Such a packet has the host
 * port's MAC address and the IP address of whom it comes from; policies judge it by the latter.
 * Called by return_path.h, flow_miss.h and related.h.
 */
#ifndef WEFT_BPF_STAGES_ROUTED_H
#define WEFT_BPF_STAGES_ROUTED_H

#include "policy.h"
#include "port_security.h"

/* RFC 4291 section 2.5.6: routers do not forward these. */
static __always_inline int weft_addr_is_link_local6(const struct weft_addr *a)
{
	return (a->words[0] & bpf_htonl(0xffc00000)) == bpf_htonl(0xfe800000);
}

/**
 * weft_routed_find - is it a routed packet?
 * @p: an IP packet to one MAC address; sets routed. The groups that go with it are not the host
 *     port's: weft_ask_source() finds them.
 *
 * Believed of static MAC addresses only, in their place: from the underlay, weft_sender() has
 * checked that; of a port, which may have another's as an address pair, it is seen here. A global
 * function, verified once on its own.
 */
__attribute__((noinline)) int weft_routed_find(struct weft_pkt *p)
{
	const struct weft_fdb_entry *e;
	const struct weft_neigh *n;
	struct weft_neigh_key key = {};
	struct weft_fdb_key fdb = {};

	if (!p)
		return 0;
	__builtin_memcpy(fdb.mac, p->h.smac, sizeof(fdb.mac));
	fdb.network = p->network;
	e = bpf_map_lookup_elem(&weft_fdb, &fdb);
	if (!e || !(e->flags & WEFT_FDB_ROUTED) || weft_addr_is_link_local6(&p->h.saddr))
		return 0;
	if (!p->from_underlay && e->port != p->here.port)
		return 0;
	key.addr = p->h.saddr;
	key.network = p->network;
	n = bpf_map_lookup_elem(&weft_neigh, &key);
	if (n && weft_mac_equal(n->mac, p->h.smac))
		return 0;
	p->routed = 1;
	if (!p->from_underlay)
		p->identity = 0;
	return 0;
}

/* The groups of the workload at @e, a place on this node. */
static __always_inline __u32 weft_identity_at(const struct weft_fdb_entry *e)
{
	struct weft_vlan_key vlan = {.ifindex = e->ifindex};
	__u32 ifindex = e->ifindex, id = e->port;
	const struct weft_port *port = bpf_map_lookup_elem(&weft_ports, &ifindex);
	const struct weft_tags *tags;

	if (port && port->kind == WEFT_PORT_TRUNK) {
		tags = bpf_map_lookup_elem(&weft_tags, &id);
		if (!tags)
			return 0;
		vlan.service = tags->service;
		vlan.vlan = tags->vlan;
		port = bpf_map_lookup_elem(&weft_vlans, &vlan);
	}
	return port && port->id == id ? port->identity : 0;
}

/**
 * weft_ask_source - ask about a routed packet's source instead of the host port.
 * @a: the question, about the host port so far; port and identity of the sender are set.
 *
 * If the source has a port on this node, that port's egress policies are asked, and its groups are
 * known: so a Service leads nobody to where he may not go. Of anybody else, the host port's egress
 * policies are asked; his groups are those that were told, and none if this node routes for him.
 *
 * A global function, verified once on its own.
 */
__attribute__((noinline)) int weft_ask_source(struct weft_ask *a)
{
	const struct weft_fdb_entry *e = 0;
	const struct weft_neigh *n;
	struct weft_neigh_key key = {};
	struct weft_fdb_key fdb = {};

	if (!a)
		return 0;
	key.addr = a->saddr;
	key.network = a->network;
	n = bpf_map_lookup_elem(&weft_neigh, &key);
	if (n) {
		__builtin_memcpy(fdb.mac, n->mac, sizeof(fdb.mac));
		fdb.network = a->network;
		e = bpf_map_lookup_elem(&weft_fdb, &fdb);
	}
	if (e && e->kind == WEFT_FDB_LOCAL) {
		a->port[WEFT_POL_EGRESS] = e->port;
		a->identity = weft_identity_at(e);
	} else if (a->port[WEFT_POL_EGRESS]) {
		a->identity = 0;
	}
	return 0;
}

#endif
