/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Counters: per CPU, indexed by small ids. The one place that counts a drop. */
#ifndef WEFT_BPF_LIB_STATS_H
#define WEFT_BPF_LIB_STATS_H

#include "../maps.h"
#include "../pkt.h"
#include "capture.h"

static __always_inline void weft_count(struct weft_count *c, const struct weft_pkt *p)
{
	c->packets += p->segs;
	c->bytes += p->len;
}

/**
 * weft_count_drop_at - a packet is lost: count @reason against a port or uplink, and show it to
 *                      whoever captures.
 * @ctx: it is still the packet that is lost, and not yet the answer to it.
 * @port: 0: the one that @p came in by.
 *
 * Not inlined: drops are off the fast path, and there are several exits that count one.
 */
__attribute__((noinline)) int weft_count_drop_at(weft_ctx *ctx, struct weft_pkt *p, __u32 port,
						 __u32 reason)
{
	struct weft_drop_key key = {.port = port, .reason = reason};
	struct weft_count first = {}, *c;

	if (!p)
		return 0;
	weft_cap_drop(ctx, p, port, reason);
	if (!key.port) {
		__u32 ifindex = p->ifindex;
		struct weft_port *in = bpf_map_lookup_elem(&weft_ports, &ifindex);

		if (in)
			key.port = in->id;
	}
	trace_drop(key.port, reason);
	c = bpf_map_lookup_elem(&weft_drops, &key);
	if (!c) {
		/* Another CPU may insert at the same time; whoever wins, the row is there after. */
		bpf_map_update_elem(&weft_drops, &key, &first, BPF_NOEXIST);
		c = bpf_map_lookup_elem(&weft_drops, &key);
		if (!c)
			return 0;
	}
	weft_count(c, p);
	return 0;
}

/** weft_count_drop - count @reason against whom the packet's verdict is about: p->port. */
static __always_inline void weft_count_drop(weft_ctx *ctx, struct weft_pkt *p, __u32 reason)
{
	weft_count_drop_at(ctx, p, p->port, reason);
}

/** weft_count_to_port - a copy was handed to local port @id. */
static __always_inline void weft_count_to_port(const struct weft_pkt *p, __u32 id)
{
	struct weft_port_stat *s = bpf_map_lookup_elem(&weft_port_stat, &id);

	if (s)
		weft_count(&s->to_port, p);
}

/** weft_count_from_port - the packet of port @p->port was accepted. */
static __always_inline void weft_count_from_port(const struct weft_pkt *p)
{
	__u32 id = p->port;
	struct weft_port_stat *s = bpf_map_lookup_elem(&weft_port_stat, &id);

	if (s)
		weft_count(&s->from_port, p);
}

static __always_inline struct weft_net_stat *weft_net_stat_of(const struct weft_pkt *p)
{
	__u32 id = p->network;

	return bpf_map_lookup_elem(&weft_net_stat, &id);
}

#endif
