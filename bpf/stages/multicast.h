/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Stage 4e, multicast: who is a member of which group, and who gets a copy of a flooded frame.
 * Called by snoop.h with what reports say, and by flood.h for each copy. The table is explained in
 * weft/multicast.h.
 */
#ifndef WEFT_BPF_STAGES_MULTICAST_H
#define WEFT_BPF_STAGES_MULTICAST_H

#include "storm.h"

#define WEFT_MCAST_PORTS_MAX (1 << 16)

static __always_inline __u64 weft_mcast_queried(__u32 network)
{
	const struct weft_mcast_net *n = bpf_map_lookup_elem(&weft_mcast_net, &network);

	return n ? n->queried_ns : 0;
}

/*
 * Is there such a member? Removes a membership that is over. @group: all zero: a router.
 *
 * A global function, verified once on its own.
 */
__attribute__((noinline)) int weft_mcast_has(struct weft_addr *group, __u32 network, __u32 kind,
					     __u32 member)
{
	struct weft_mcast_key key = {.member = member, .network = network, .kind = kind};
	const struct weft_mcast *m;

	if (!group)
		return 0;
	key.group = *group;
	m = bpf_map_lookup_elem(&weft_mcast, &key);
	if (!m)
		return 0;
	if (!weft_mcast_over(m, weft_addr_is_zero(&key.group), weft_mcast_queried(network),
			     bpf_ktime_get_ns()))
		return 1;
	bpf_map_delete_elem(&weft_mcast, &key);
	return 0;
}

/* A network's wire leads to other nodes, as a tunnel does. */
static __always_inline int weft_mcast_is_wire(__u32 port)
{
	const struct weft_tags *t = bpf_map_lookup_elem(&weft_tags, &port);

	return t && t->wire;
}

/**
 * weft_copy_wanted - does a member of the network get a copy of @p?
 * @kind: enum weft_flood_kind.
 * @member: port id or tunnel id.
 *
 * A global function, verified once on its own. Sets p->kept_apart where isolation says no.
 */
__attribute__((noinline)) int weft_copy_wanted(struct weft_pkt *p, __u32 kind, __u32 member)
{
	const struct weft_guard *g = 0;
	struct weft_addr nobody = {};

	if (!p)
		return 0;
	if (kind == WEFT_FLOOD_PORT) {
		g = weft_guard_of(member);
		if (!g)
			return 1;
		if (!weft_iso_allows(p->role, g->isolation)) {
			p->kept_apart = 1;
			return 0;
		}
		if (weft_loop_cut(member, g))
			return 0;
	}
	if (p->copies == WEFT_COPIES_ALL || (g && g->flags & WEFT_GUARD_ROUTER))
		return 1;
	if (p->copies == WEFT_COPIES_ROUTERS &&
	    (kind == WEFT_FLOOD_TUNNEL || weft_mcast_is_wire(member)))
		return 1;
	if (p->copies == WEFT_COPIES_GROUP && weft_mcast_has(&p->h.daddr, p->network, kind, member))
		return 1;
	return weft_mcast_has(&nobody, p->network, kind, member);
}

/* Who sent the packet, as a member. */
static __always_inline void weft_mcast_sender(const struct weft_pkt *p, struct weft_mcast_key *key)
{
	int tunnel = p->here.kind == WEFT_HOP_TUNNEL;

	key->network = p->network;
	key->kind = tunnel ? WEFT_FLOOD_TUNNEL : WEFT_FLOOD_PORT;
	key->member = tunnel ? p->tunnel : p->here.port;
}

/* May a port begin one more membership? A port of this node has a share of the table. */
static __always_inline int weft_mcast_room(const struct weft_mcast_key *key, __u64 now)
{
	__u32 epoch = now / WEFT_MCAST_EPOCH_NS;
	struct weft_port_state *s;

	if (key->kind != WEFT_FLOOD_PORT)
		return 1;
	s = weft_port_state_of(key->member);
	if (!s)
		return 0;
	if (s->epoch != epoch) {
		s->epoch = epoch;
		s->groups = 0;
	}
	return __sync_fetch_and_add(&s->groups, 1) < WEFT_MCAST_PORT_MAX;
}

/* A report, or a router's query. A global function, verified once on its own. */
__attribute__((noinline)) int weft_mcast_join(struct weft_pkt *p, struct weft_addr *group)
{
	struct weft_mcast fresh = {.seen_ns = bpf_ktime_get_ns()}, *m;
	struct weft_mcast_key key = {};

	if (!p || !group)
		return 0;
	key.group = *group;
	weft_mcast_sender(p, &key);
	m = bpf_map_lookup_elem(&weft_mcast, &key);
	if (m) {
		m->seen_ns = fresh.seen_ns;
		m->until_ns = 0;
	} else if (weft_mcast_room(&key, fresh.seen_ns)) {
		bpf_map_update_elem(&weft_mcast, &key, &fresh, BPF_ANY);
	}
	return 0;
}

/** struct weft_mcast_search - for another local member of a group. */
struct weft_mcast_search {
	struct weft_pkt *p;
	struct weft_addr group;
	__u32 found;
};

static long weft_mcast_search_port(__u32 slot, void *arg)
{
	struct weft_mcast_search *s = arg;
	struct weft_flood_key key = {
		.network = s->p->network, .kind = WEFT_FLOOD_PORT, .slot = slot};
	const struct weft_flood_member *m = bpf_map_lookup_elem(&weft_flood, &key);

	if (!m || m->port == s->p->here.port)
		return 0;
	s->found |= weft_mcast_has(&s->group, s->p->network, WEFT_FLOOD_PORT, m->port);
	return !!s->found;
}

/* May there be hosts behind a port or wire that do not hear of each other? */
static __always_inline int weft_mcast_is_shared(const struct weft_mcast_key *key)
{
	return key->kind == WEFT_FLOOD_PORT && !weft_is_secure(weft_guard_of(key->member));
}

/*
 * A leave. From a secured port, which is one workload, it counts at once; so does another node's,
 * which is the last of its members'. Where a router will ask the rest, these have time to answer.
 * Behind a port without port security, or a wire, there may be others: where nobody will ask, they
 * stay members.
 *
 * A global function, verified once on its own.
 * Return: whether this node has other members.
 */
__attribute__((noinline)) int weft_mcast_leave(struct weft_pkt *p, struct weft_addr *group)
{
	__u64 now = bpf_ktime_get_ns(), queried;
	int shared;
	struct weft_mcast_search s = {.p = p};
	struct weft_mcast_key key = {};
	struct weft_network *net;
	struct weft_mcast *m;
	__u32 id;

	if (!p || !group)
		return 0;
	key.group = *group;
	weft_mcast_sender(p, &key);
	m = bpf_map_lookup_elem(&weft_mcast, &key);
	queried = weft_mcast_queried(p->network);
	shared = weft_mcast_is_shared(&key);
	if (m && (shared || key.kind == WEFT_FLOOD_TUNNEL) && queried &&
	    now - queried < WEFT_MCAST_ROUTER_NS) {
		m->until_ns = now + WEFT_MCAST_LEAVE_NS;
		return 0;
	}
	if (m && shared)
		return 1;
	if (m)
		bpf_map_delete_elem(&weft_mcast, &key);
	if (p->from_underlay)
		return 0;
	id = p->network;
	net = bpf_map_lookup_elem(&weft_networks, &id);
	if (!net)
		return 0;
	s.group = key.group;
	s.found = now >> 63; /* 0; but see weft_flood_begin */
	bpf_loop(net->flood_ports < WEFT_MCAST_PORTS_MAX ? net->flood_ports : WEFT_MCAST_PORTS_MAX,
		 weft_mcast_search_port, &s, 0);
	return !!s.found;
}

#endif
