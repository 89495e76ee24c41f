/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Stage 6, deliver: hand the frame to a local port. After forward.h. */
#ifndef WEFT_BPF_STAGES_DELIVER_H
#define WEFT_BPF_STAGES_DELIVER_H

#include "../lib/stats.h"
#include "../pkt.h"

/* linux/if_packet.h's PACKET_HOST, whose header does not compile for BPF. */
#define WEFT_PACKET_HOST 0

/*
 * bpf_redirect_peer puts the frame into the workload's namespace at once; the frame is then taken
 * as it is, so its type and protocol must be right. bpf_redirect sends it through the device, which
 * reads both from the Ethernet header again.
 */
static __always_inline void weft_handover(weft_ctx *ctx, struct weft_pkt *p, __u32 ifindex,
					  __u8 delivery)
{
	trace_handover(ifindex, delivery);
	if (delivery != WEFT_DELIVER_PEER || p->proto_stale) {
		bpf_redirect(ifindex, 0);
		return;
	}
	if (ctx->pkt_type != WEFT_PACKET_HOST)
		bpf_skb_change_type(ctx, WEFT_PACKET_HOST);
	bpf_redirect_peer(ifindex, 0);
}

/** weft_deliver - stage 6: give the frame to the local port @to. Return: WEFT_ACT_DELIVER. */
static __always_inline int weft_deliver(weft_ctx *ctx, struct weft_pkt *p,
					const struct weft_hop *to)
{
	p->out_port = to->port;
	weft_handover(ctx, p, to->target, to->delivery);
	return WEFT_ACT_DELIVER;
}

/** weft_reply - send what the frame was turned into back to the port it came from. */
static __always_inline int weft_reply(weft_ctx *ctx, struct weft_pkt *p)
{
	weft_handover(ctx, p, p->ifindex, p->delivery);
	return WEFT_ACT_REPLY;
}

#endif
