/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Stage 4a, learn: may the frame's source MAC address be here, and what does it tell? Called by
 * forward.h for frames that no flow vouches for. weft/fdb.h has the rules, this the work:
 *
 *     static? ──yes──> is it here? ──no──> drop
 *       └─no─> learned? ──no──> a share left? ──yes──> insert
 *                └─yes─> here? ──yes──> confirm
 *                          └─no──> held? flapping? ──no──> move, have flows look again
 *
 * Several CPUs may learn, move and remove the same address at the same time. Whoever changes an
 * entry's place does so by compare and exchange, and he alone then counts; an entry that is to be
 * removed first loses its place.
 */
#ifndef WEFT_BPF_STAGES_LEARN_H
#define WEFT_BPF_STAGES_LEARN_H

#include "../lib/vlan_skb.h"
#include "flow_table.h"

#define WEFT_E2BIG 7 /* <errno.h> is not for BPF */

static __always_inline struct weft_learn_use *weft_learn_port_of(__u32 port)
{
	return bpf_map_lookup_elem(&weft_learn_port, &port);
}

static __always_inline struct weft_learn_use *weft_learn_net_of(__u32 network)
{
	return bpf_map_lookup_elem(&weft_learn_net, &network);
}

static __always_inline struct weft_learn_use *weft_learn_vtep_of(__u32 tunnel, __u32 network)
{
	struct weft_learn_vtep_key key = {.tunnel = tunnel, .network = network};

	return bpf_map_lookup_elem(&weft_learn_vtep, &key);
}

/* The counts of a place: of a port or wire, or of a VTEP in a network. */
static __always_inline struct weft_learn_use *weft_learn_at(const struct weft_hop *at,
							    __u32 network)
{
	return at->kind == WEFT_HOP_TUNNEL ? weft_learn_vtep_of(at->target, network)
					   : weft_learn_port_of(at->port);
}

/* A function of its own, because of the stack that it takes. */
static __attribute__((noinline)) int weft_learn_vtep_new(__u32 tunnel, __u32 network)
{
	struct weft_learn_vtep_key key = {.tunnel = tunnel, .network = network};
	const struct weft_learn_use zero = {};

	return bpf_map_update_elem(&weft_learn_vtep, &key, &zero, BPF_NOEXIST);
}

/* Of a VTEP, these are made when they are first needed. */
static __always_inline struct weft_learn_use *weft_learn_at_new(const struct weft_hop *at,
								__u32 network)
{
	struct weft_learn_use *u = weft_learn_at(at, network);

	if (u || at->kind != WEFT_HOP_TUNNEL)
		return u;
	weft_learn_vtep_new(at->target, network);
	return weft_learn_vtep_of(at->target, network);
}

static __always_inline void weft_learn_give(struct weft_learn_use *u)
{
	if (u && u->learned)
		__sync_fetch_and_add(&u->learned, -1);
}

/* One place more of a share of @most. Return: whether there was one. */
static __always_inline int weft_learn_take(struct weft_learn_use *u, __u32 most)
{
	if (!u)
		return 0;
	if (__sync_fetch_and_add(&u->learned, 1) < most)
		return 1;
	__sync_fetch_and_add(&u->learned, -1);
	return 0;
}

static __always_inline __u32 weft_learn_most(const struct weft_pkt *p,
					     const struct weft_network *net)
{
	struct weft_vlan_key key = {.ifindex = p->ifindex};
	const struct weft_port *port;
	const struct weft_tags *tags;

	if (p->here.kind == WEFT_HOP_TUNNEL)
		return net->vtep_mac_limit;
	port = bpf_map_lookup_elem(&weft_ports, &key.ifindex);
	if (port && port->kind != WEFT_PORT_ACCESS) {
		tags = weft_tags_of(p->here.port);
		if (tags) {
			key.service = tags->service;
			key.vlan = tags->vlan;
		}
		port = bpf_map_lookup_elem(&weft_vlans, &key);
	}
	return port ? port->mac_limit : 0;
}

static __always_inline __u64 weft_age_ns(const struct weft_network *net)
{
	return net->flags & WEFT_NET_LEARN ? net->mac_age_ms * WEFT_NS_PER_MS : 0;
}

/* Nanoseconds until @m is too old, counted from now; 0 = it is. */
static __always_inline __u64 weft_learned_left(const struct weft_learned *m, __u32 network)
{
	const struct weft_network *net = bpf_map_lookup_elem(&weft_networks, &network);
	__u64 seen = m->seen_ns, now = bpf_ktime_get_ns(), age; /* in this order */

	if (!net)
		return 0;
	age = weft_age_ns(net);
	return age > now - seen ? age - (now - seen) : 0;
}

/**
 * weft_learned_drop - remove an entry.
 * @key, @m: of it.
 *
 * Return: whether somebody else has not been faster.
 */
static __always_inline int weft_learned_drop(struct weft_fdb_key *key, struct weft_learned *m)
{
	__u64 was = weft_word(&m->where);
	struct weft_hop at;

	*(__u64 *)&at = was;
	if (at.kind == WEFT_HOP_NONE ||
	    __sync_val_compare_and_swap((__u64 *)&m->where, was, 0) != was)
		return 0;
	if (m->counted) {
		weft_learn_give(weft_learn_at(&at, key->network));
		weft_learn_give(weft_learn_net_of(key->network));
	}
	bpf_map_delete_elem(&weft_learned, key);
	return 1;
}

/**
 * struct weft_sweep - a walk over the whole table.
 * @now: CLOCK_MONOTONIC, when it began.
 * @age_ns: how long addresses of @network are believed; those of one network often come in a row.
 * @swept: entries removed.
 */
struct weft_sweep {
	__u64 now;
	__u64 age_ns;
	__u32 swept;
	__u32 network;
};

static long weft_learned_sweep(void *map, struct weft_fdb_key *key, struct weft_learned *m,
			       struct weft_sweep *s)
{
	const struct weft_network *net;
	struct weft_fdb_key copy = *key; /* which the kernel may use for something else */
	__u64 seen = m->seen_ns;

	if (copy.network != s->network) {
		s->network = copy.network;
		net = bpf_map_lookup_elem(&weft_networks, &s->network);
		s->age_ns = net ? weft_age_ns(net) : 0;
	}
	if (seen <= s->now && s->now - seen >= s->age_ns)
		s->swept += weft_learned_drop(&copy, m);
	return 0;
}

/*
 * Somebody needs a place: remove what is too old, if that was not just tried. A global function.
 * Return: whether something was removed.
 */
__attribute__((noinline)) int weft_learn_sweep(void)
{
	__u32 zero = 0;
	struct weft_learn_node *node = bpf_map_lookup_elem(&weft_learn_node, &zero);
	__u64 now = bpf_ktime_get_ns(), was;
	/* Zeros, and no network; but see weft_flood_begin. */
	struct weft_sweep s = {
		.now = now, .age_ns = now >> 63, .swept = now >> 63, .network = now >> 63};

	if (!node)
		return 0;
	was = node->swept_ns;
	if (now - was < WEFT_LEARN_SWEEP_NS ||
	    __sync_val_compare_and_swap(&node->swept_ns, was, now) != was)
		return 0;
	bpf_for_each_map_elem(&weft_learned, weft_learned_sweep, &s, 0);
	node->swept += s.swept;
	return !!s.swept;
}

/* The frame's source is not learned, for want of @u's share. */
static __always_inline int weft_learn_refuse(const struct weft_pkt *p, struct weft_learn_use *u)
{
	if (u)
		__sync_fetch_and_add(&u->refused, 1);
	return p->from_underlay || p->port_flags & WEFT_PORT_LIMIT_PASS ? 0 : -WEFT_DROP_MAC_LIMIT;
}

static __always_inline int weft_learn_insert(const struct weft_pkt *p, struct weft_fdb_key *key)
{
	struct weft_scratch *s = weft_scratch_of();

	if (!s)
		return -1;
	__builtin_memset(&s->learned, 0, sizeof(s->learned));
	s->learned.where = p->here;
	s->learned.seen_ns = bpf_ktime_get_ns();
	s->learned.since_ns = s->learned.seen_ns;
	s->learned.counted = 1;
	return bpf_map_update_elem(&weft_learned, key, &s->learned, BPF_NOEXIST);
}

/* Return: NULL; the counts of whoever has no share or no room left. */
static __always_inline struct weft_learn_use *
weft_learn_try(struct weft_pkt *p, struct weft_fdb_key *key, const struct weft_network *net)
{
	struct weft_learn_use *own = weft_learn_at_new(&p->here, p->network);
	struct weft_learn_use *all = weft_learn_net_of(p->network);
	int err;

	if (!weft_learn_take(own, weft_learn_most(p, net)))
		return own;
	if (!weft_learn_take(all, net->mac_limit)) {
		weft_learn_give(own);
		return all;
	}
	err = weft_learn_insert(p, key);
	if (!err)
		return 0;
	weft_learn_give(own);
	weft_learn_give(all);
	/* Else somebody was faster, or there is no memory now: a later frame will tell. */
	return err == -WEFT_E2BIG ? all : 0;
}

/* An address that is not in the table. */
static __attribute__((noinline)) int weft_learn_new(struct weft_pkt *p, struct weft_fdb_key *key,
						    const struct weft_network *net)
{
	struct weft_learn_use *full = weft_learn_try(p, key, net);

	if (full && weft_learn_sweep())
		full = weft_learn_try(p, key, net);
	return full ? weft_learn_refuse(p, full) : 0;
}

static __always_inline void weft_learn_report(const struct weft_pkt *p,
					      const struct weft_fdb_key *key,
					      const struct weft_learned *m)
{
	__u32 zero = 0;
	struct weft_learn_node *log = bpf_map_lookup_elem(&weft_learn_node, &zero);
	struct weft_learn_event *e;

	if (!log)
		return;
	e = &log->events[__sync_fetch_and_add(&log->n, 1) & (WEFT_LEARN_EVENTS - 1)];
	e->mac = *key;
	e->at = m->where;
	e->from = p->here;
	e->when_ns = bpf_ktime_get_ns();
}

/* Counts a move of @m that is about to be made. Return: whether it must not be. */
static __always_inline int weft_learn_flaps(const struct weft_pkt *p,
					    const struct weft_fdb_key *key, struct weft_learned *m)
{
	__u64 now = bpf_ktime_get_ns();

	if (now < m->held_ns)
		return 1;
	if (now - m->second_ns >= WEFT_NS_PER_S) {
		m->second_ns = now;
		m->recent = 0;
	}
	if (m->recent < WEFT_LEARN_MOVES)
		return 0;
	m->held_ns = now + WEFT_LEARN_HOLD_NS;
	weft_learn_report(p, key, m);
	return 1;
}

/* An address that is elsewhere, as far as the table knows. */
static __attribute__((noinline)) int weft_learn_move(struct weft_pkt *p, struct weft_fdb_key *key,
						     struct weft_learned *m,
						     const struct weft_network *net)
{
	struct weft_learn_use *own = weft_learn_at_new(&p->here, p->network);
	struct weft_learn_use *all = weft_learn_net_of(p->network);
	__u64 was = weft_word(&m->where);
	struct weft_hop at;

	*(__u64 *)&at = was;
	if (!own || !all || at.kind == WEFT_HOP_NONE)
		return 0;
	if (weft_learn_flaps(p, key, m)) {
		__sync_fetch_and_add(&own->held, 1);
		__sync_fetch_and_add(&all->held, 1);
		return -WEFT_DROP_MAC_FLAPPING;
	}
	if (!weft_learn_take(own, weft_learn_most(p, net)) &&
	    !(weft_learn_sweep() && weft_learn_take(own, weft_learn_most(p, net))))
		return weft_learn_refuse(p, own);
	if (__sync_val_compare_and_swap((__u64 *)&m->where, was, weft_word(&p->here)) != was) {
		weft_learn_give(own);
		return 0;
	}
	m->seen_ns = bpf_ktime_get_ns();
	m->since_ns = m->seen_ns;
	m->recent++;
	m->moves++;
	weft_learn_give(m->counted ? weft_learn_at(&at, p->network) : own);
	__sync_fetch_and_add(&own->moved, 1);
	__sync_fetch_and_add(&all->moved, 1); /* after the move: see weft_learn_generation */
	return 0;
}

/**
 * weft_learn - learn from a frame's source.
 * @p: classified, its network known; the source is not static.
 *
 * A global function, verified once on its own.
 * Return: 0; -WEFT_DROP_MAC_LIMIT; -WEFT_DROP_MAC_FLAPPING.
 */
__attribute__((noinline)) int weft_learn(struct weft_pkt *p)
{
	const struct weft_network *net;
	struct weft_learned *m;
	struct weft_fdb_key key;
	__u32 network;

	if (!p)
		return 0;
	network = p->network;
	net = bpf_map_lookup_elem(&weft_networks, &network);
	if (!net)
		return 0;
	__builtin_memcpy(key.mac, p->h.smac, sizeof(key.mac));
	key.network = network;
	m = bpf_map_lookup_elem(&weft_learned, &key);
	trace_learned(WEFT_TRACE_LEARN, &key, m, &p->here);
	if (!m)
		return weft_learn_new(p, &key, net);
	if (weft_word(&m->where) != weft_word(&p->here))
		return weft_learn_move(p, &key, m, net);
	m->seen_ns = bpf_ktime_get_ns();
	return 0;
}

/*
 * Who may send from an address of the file? Its own port, what comes by its own VTEP's tunnel, or
 * from its own wire.
 */
static __always_inline int weft_sender_static(const struct weft_pkt *p,
					      const struct weft_fdb_entry *src)
{
	if (src->kind == WEFT_FDB_REMOTE
		    ? p->here.kind == WEFT_HOP_TUNNEL && src->tunnel == p->tunnel
		    : src->port == p->here.port)
		return 0;
	if (!p->from_underlay)
		return -WEFT_DROP_MAC_SPOOFED;
	return src->kind == WEFT_FDB_LOCAL ? -WEFT_DROP_LOCAL_MAC : -WEFT_DROP_MAC_WRONG_VTEP;
}

/**
 * weft_sender - stage 4a: may the frame's source MAC address be where the frame comes from?
 * @p: classified, its network known.
 *
 * A port that does not learn has shown its only address already. A VTEP was checked, but it may lie
 * about whom it speaks for: a frame must not carry the MAC address of one of our own ports, nor one
 * that the file places behind another VTEP.
 *
 * Sets role of what comes from the underlay: who is not in the file is isolated.
 *
 * Return: 0; -WEFT_DROP_MAC_SPOOFED; -WEFT_DROP_LOCAL_MAC; -WEFT_DROP_MAC_WRONG_VTEP; what
 * weft_learn returns.
 */
static __always_inline int weft_sender(struct weft_pkt *p)
{
	int learns = p->here.kind == WEFT_HOP_TUNNEL ? p->net_flags & WEFT_NET_LEARN_TUNNELS
						     : p->port_flags & WEFT_PORT_LEARN;
	const struct weft_fdb_entry *src;
	struct weft_fdb_key key;

	if (!learns && !p->from_underlay)
		return 0;
	__builtin_memcpy(key.mac, p->h.smac, sizeof(key.mac));
	key.network = p->network;
	src = bpf_map_lookup_elem(&weft_fdb, &key);
	p->role = src ? src->isolation : WEFT_ISO_ISOLATED;
	trace_fdb(WEFT_TRACE_SENDER, &key, src);
	if (src)
		return weft_sender_static(p, src);
	return learns ? weft_learn(p) : 0;
}

/**
 * weft_learned_find - where a frame's destination was learned to be.
 * @to: receives it, if it was and is not too old.
 *
 * A global function, verified once. Return: whether it was.
 */
__attribute__((noinline)) int weft_learned_find(struct weft_pkt *p, struct weft_hop *to)
{
	struct weft_learned *m;
	struct weft_fdb_key key;
	struct weft_hop at;

	if (!p || !to)
		return 0;
	__builtin_memcpy(key.mac, p->h.dmac, sizeof(key.mac));
	key.network = p->network;
	m = bpf_map_lookup_elem(&weft_learned, &key);
	trace_learned(WEFT_TRACE_LEARNED, &key, m, &p->here);
	if (!m)
		return 0;
	*(__u64 *)&at = weft_word(&m->where);
	if (at.kind == WEFT_HOP_NONE || !weft_learned_left(m, key.network))
		return 0;
	*to = at;
	return 1;
}

/**
 * weft_learn_generation - have flows of this network decided again when an address has moved.
 * @p: its generation is read; the network learns.
 *
 * Both numbers only grow, so their sum does not come back with another meaning. It is read before
 * any place is looked up, and a move is counted after it was made: a flow that was decided by the
 * old place has the old sum.
 */
static __always_inline void weft_learn_generation(struct weft_pkt *p)
{
	const struct weft_learn_use *u = weft_learn_net_of(p->network);

	if (u)
		p->generation.forwarding += *(const volatile __u32 *)&u->moved;
}

/* What the loader has done to learned addresses; see order.h. */
static __always_inline int weft_learned_forget(struct weft_fdb_key *key)
{
	struct weft_learned *m = bpf_map_lookup_elem(&weft_learned, key);
	struct weft_learn_use *all = weft_learn_net_of(key->network);

	if (!m || !weft_learned_drop(key, m))
		return 0;
	if (all)
		__sync_fetch_and_add(&all->moved, 1);
	return 1;
}

/* An entry that was copied in. Others are counted already. */
static __always_inline int weft_learned_adopt(struct weft_fdb_key *key)
{
	struct weft_learned *m = bpf_map_lookup_elem(&weft_learned, key);
	struct weft_hop at;

	if (!m)
		return 0;
	*(__u64 *)&at = weft_word(&m->where);
	if (m->counted || at.kind == WEFT_HOP_NONE)
		return 1;
	m->counted = 1;
	weft_learn_take(weft_learn_at_new(&at, key->network), ~0u);
	weft_learn_take(weft_learn_net_of(key->network), ~0u);
	return 1;
}

#endif
