/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Stage 2, classify, for what a port sends; see classify.h. After parse.h, before forward.h. */
#ifndef WEFT_BPF_STAGES_CLASSIFY_PORT_H
#define WEFT_BPF_STAGES_CLASSIFY_PORT_H

#include "vlan.h"

#define WEFT_PORT_MEMORY 256 /* a power of two */

/**
 * struct weft_port_seen - `weft_port_seen`: what `weft_ports` said about an interface.
 * @generation: when that was. Every change of a port ends in another one.
 */
struct weft_port_seen {
	struct weft_generation generation;
	__u32 ifindex;
	struct weft_port port;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, WEFT_PORT_MEMORY);
	__type(key, __u32);
	__type(value, struct weft_port_seen);
} weft_port_seen SEC(".maps");

/*
 * The port that a packet comes in by. Every packet asks, and a look-up in a hash table costs as
 * much as all of its parsing: each CPU remembers the answers.
 */
static __always_inline const struct weft_port *weft_port_in(const struct weft_pkt *p)
{
	__u32 ifindex = p->ifindex, slot = ifindex % WEFT_PORT_MEMORY;
	struct weft_port_seen *seen = bpf_map_lookup_elem(&weft_port_seen, &slot);
	const struct weft_port *port;

	if (seen && seen->ifindex == ifindex &&
	    weft_word(&seen->generation) == weft_word(&p->generation))
		return &seen->port;
	port = bpf_map_lookup_elem(&weft_ports, &ifindex);
	if (!port || !seen)
		return port;
	seen->port = *port;
	seen->generation = p->generation;
	seen->ifindex = ifindex;
	return &seen->port;
}

/**
 * weft_classify_port - stage 2 for a frame from a workload.
 * @p: parsed; sets port, network, delivery and here, and what weft_classify_tagged() does.
 * @parsed: what parse returned; a malformed frame is dropped once the port to blame is known.
 *
 * Return: 0; -WEFT_DROP_PORT_UNKNOWN; @parsed; -WEFT_DROP_MAC_INVALID_SOURCE;
 * -WEFT_DROP_MAC_SPOOFED; what weft_classify_tagged() returns.
 */
static __always_inline int weft_classify_port(weft_ctx *ctx, struct weft_pkt *p, int parsed)
{
	const struct weft_port *port = weft_port_in(p);

	trace_port(WEFT_TRACE_PORT, p->ifindex, port);
	if (!port)
		return -WEFT_DROP_PORT_UNKNOWN;
	if (port->kind != WEFT_PORT_ACCESS || p->h.vlans || p->tagged)
		return weft_classify_tagged(ctx, p, parsed);
	weft_classify_as(p, port, WEFT_HOP_LOCAL);
	return parsed ? parsed : weft_classify_mac(p, port);
}

#endif
