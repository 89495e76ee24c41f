/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Stage 2, classify, for what a port sends; see classify.h. After parse.h, before forward.h. */
#ifndef WEFT_BPF_STAGES_CLASSIFY_PORT_H
#define WEFT_BPF_STAGES_CLASSIFY_PORT_H

#include "vlan.h"

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
	__u32 ifindex = p->ifindex;
	const struct weft_port *port = bpf_map_lookup_elem(&weft_ports, &ifindex);

	if (!port)
		return -WEFT_DROP_PORT_UNKNOWN;
	if (port->kind != WEFT_PORT_ACCESS || p->h.vlans || p->tagged)
		return weft_classify_tagged(ctx, p, parsed);
	weft_classify_as(p, port, WEFT_HOP_LOCAL);
	return parsed ? parsed : weft_classify_mac(p, port);
}

#endif
