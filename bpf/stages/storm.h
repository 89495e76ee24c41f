/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Stage 4d, storm control and loops: what a frame has to pass before it is flooded. Called by
 * forward.h for broadcast, multicast and unknown unicast; questions that are answered in place do
 * not come here.
 *
 * A rate is kept as the time when the port will have paid for what it has sent (the virtual
 * scheduling of ITU-T I.371), which each packet moves on by compare-and-swap: two CPUs cannot spend
 * the same nanoseconds. Whoever loses that race WEFT_STORM_TRIES times drops its packet, so a limit
 * may only ever be missed downwards.
 */
#ifndef WEFT_BPF_STAGES_STORM_H
#define WEFT_BPF_STAGES_STORM_H

#include "../lib/stats.h"
#include "port_security.h"

#define WEFT_STORM_TRIES 4
#define WEFT_LOOP_BYTES  64 /* of a frame that are compared .. */
#define WEFT_LOOP_SHORT  32 /* .. and of one that is shorter */

static __always_inline enum weft_storm weft_storm_of(const struct weft_pkt *p)
{
	if (weft_mac_is_broadcast(p->h.dmac))
		return WEFT_STORM_BROADCAST;
	return weft_mac_is_group(p->h.dmac) ? WEFT_STORM_MULTICAST : WEFT_STORM_UNKNOWN;
}

static __always_inline struct weft_port_state *weft_port_state_of(__u32 port)
{
	return bpf_map_lookup_elem(&weft_port_state, &port);
}

/* Take the time that @p costs. Return: whether there was enough. */
static __always_inline int weft_storm_pay(__u64 *next, __u64 cost, __u64 now)
{
	for (int i = 0; i < WEFT_STORM_TRIES; i++) {
		__u64 was = *(volatile __u64 *)next;
		__u64 at = was > now ? was : now;

		if (at - now >= WEFT_STORM_BURST_NS)
			return 0;
		if (__sync_val_compare_and_swap(next, was, at + cost) == was)
			return 1;
	}
	return 0;
}

static __always_inline int weft_storm(const struct weft_pkt *p, const struct weft_guard *g,
				      struct weft_port_state *s, __u64 now)
{
	__u32 kind = weft_storm_of(p);
	__u64 cost = kind == WEFT_STORM_BROADCAST   ? g->storm_ns[WEFT_STORM_BROADCAST]
		     : kind == WEFT_STORM_MULTICAST ? g->storm_ns[WEFT_STORM_MULTICAST]
						    : g->storm_ns[WEFT_STORM_UNKNOWN];
	__u64 *next = kind == WEFT_STORM_BROADCAST   ? &s->storm_next_ns[WEFT_STORM_BROADCAST]
		      : kind == WEFT_STORM_MULTICAST ? &s->storm_next_ns[WEFT_STORM_MULTICAST]
						     : &s->storm_next_ns[WEFT_STORM_UNKNOWN];

	if (!cost || weft_storm_pay(next, cost * p->segs, now))
		return 0;
	return kind == WEFT_STORM_BROADCAST   ? -WEFT_DROP_STORM_BROADCAST
	       : kind == WEFT_STORM_MULTICAST ? -WEFT_DROP_STORM_MULTICAST
					      : -WEFT_DROP_STORM_UNKNOWN;
}

/* FNV-1a, by words. */
static __always_inline int weft_flooded_hash(weft_ctx *ctx, const struct weft_pkt *p, __u64 *hash)
{
	__u64 words[WEFT_LOOP_BYTES / 8] = {};
	__u64 h = 0xcbf29ce484222325ULL ^ p->len;

	if (p->len >= WEFT_LOOP_BYTES ? ctx_load(ctx, 0, words, WEFT_LOOP_BYTES)
				      : ctx_load(ctx, 0, words, WEFT_LOOP_SHORT))
		return -1;
	for (int i = 0; i < WEFT_LOOP_BYTES / 8; i++) {
		h = (h ^ words[i]) * 0x100000001b3ULL;
		h ^= h >> 29;
	}
	*hash = h;
	return 0;
}

/* The port is part of a loop. One port of a network at a time is cut off: that is enough, and
 * frames that are on their way then would cut off the other side too. */
static __always_inline int weft_loop_found(const struct weft_pkt *p, __u32 origin, __u64 now)
{
	const struct weft_guard *g = weft_guard_of(p->port);
	struct weft_port_state *s = weft_port_state_of(p->port);
	__u32 network = p->network;
	struct weft_mcast_net *net = bpf_map_lookup_elem(&weft_mcast_net, &network);

	if (!g || !s || !net)
		return 0;
	s->loop_seen_ns = now;
	s->loop_port = origin;
	__sync_fetch_and_add(&s->loops, 1);
	if (!(g->flags & WEFT_GUARD_LOOP_BLOCK))
		return 0;
	if (now - net->cut_ns > WEFT_LOOP_PAUSE_NS) {
		net->cut_ns = now;
		s->loop_until_ns = now + g->loop_block_ms * 1000000ULL;
	}
	return -WEFT_DROP_LOOP_DETECTED;
}

/**
 * weft_loop - remember a frame that is about to be flooded; has it been before?
 * @p: from a port: p->port; from the underlay it is only remembered.
 *
 * The same bytes from the same source MAC address, at another port than a moment ago: that is what
 * a switch sees of a loop. A frame that its sender repeats comes by the same port.
 *
 * A global function, verified once on its own.
 * Return: 0; -WEFT_DROP_LOOP_DETECTED where the port is to be cut off for it.
 */
__attribute__((noinline)) int weft_loop(weft_ctx *ctx, struct weft_pkt *p)
{
	struct weft_flooded_key key = {};
	struct weft_flooded mark = {}, *seen;

	if (!p)
		return 0;
	key.network = p->network;
	mark.ns = bpf_ktime_get_ns();
	mark.port = p->from_underlay ? 0 : p->here.port;
	if (weft_flooded_hash(ctx, p, &key.hash))
		return 0;
	seen = bpf_map_lookup_elem(&weft_flooded, &key);
	if (seen && mark.ns - seen->ns < WEFT_LOOP_WINDOW_NS && seen->port != mark.port)
		return p->from_underlay ? 0 : weft_loop_found(p, seen->port, mark.ns);
	bpf_map_update_elem(&weft_flooded, &key, &mark, BPF_ANY);
	return 0;
}

/** weft_loop_cut - is a port cut off for a loop? */
static __always_inline int weft_loop_cut(__u32 port, const struct weft_guard *g)
{
	const struct weft_port_state *s;

	if (!(g->flags & WEFT_GUARD_LOOP_BLOCK))
		return 0;
	s = weft_port_state_of(port);
	return s && s->loop_until_ns && s->loop_until_ns > bpf_ktime_get_ns();
}

/**
 * weft_may_flood - stage 4d, for a frame from a port.
 * @loops: its network looks for them.
 *
 * A global function, verified once on its own.
 * Return: 0; -WEFT_DROP_LOOP_BLOCKED; -WEFT_DROP_STORM_*; -WEFT_DROP_LOOP_DETECTED.
 */
__attribute__((noinline)) int weft_may_flood(weft_ctx *ctx, struct weft_pkt *p, int loops)
{
	const struct weft_guard *g;
	struct weft_port_state *s;
	int err;

	if (!p)
		return -WEFT_DROP_NETWORK_UNKNOWN;
	g = weft_guard_of(p->here.port);
	s = weft_port_state_of(p->here.port);
	if (!g || !s)
		return 0;
	p->role = g->isolation;
	if (weft_loop_cut(p->here.port, g))
		return -WEFT_DROP_LOOP_BLOCKED;
	err = weft_storm(p, g, s, bpf_ktime_get_ns());
	if (err || !loops)
		return err;
	return weft_loop(ctx, p);
}

#endif
