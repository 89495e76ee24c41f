/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Stage 6, deliver: hand the frame to a local port. After forward.h. */
#ifndef WEFT_BPF_STAGES_DELIVER_H
#define WEFT_BPF_STAGES_DELIVER_H

#include "../lib/stats.h"
#include "../lib/vlan_skb.h"

/* linux/if_packet.h's PACKET_HOST, whose header does not compile for BPF. */
#define WEFT_PACKET_HOST 0

/*
 * bpf_redirect_peer puts the frame into the workload's namespace at once; the frame is then taken
 * as it is, so its type and protocol must be right. bpf_redirect sends it through the device, which
 * reads both from the Ethernet header again.
 */
static __always_inline void weft_handover_as(weft_ctx *ctx, struct weft_pkt *p, __u32 ifindex,
					     int peer)
{
	if (!peer || p->proto_stale) {
		bpf_redirect(ifindex, 0);
		return;
	}
	if (ctx->pkt_type != WEFT_PACKET_HOST)
		bpf_skb_change_type(ctx, WEFT_PACKET_HOST);
	bpf_redirect_peer(ifindex, 0);
}

/*
 * @port: whose tags the frame gets if @delivery says so. Return: 0; -WEFT_DROP_ENCAP_FAILED.
 */
static __always_inline int weft_handover(weft_ctx *ctx, struct weft_pkt *p, __u32 ifindex,
					 __u8 delivery, __u32 port)
{
	if (delivery & WEFT_DELIVER_TAGGED) {
		if (weft_tags_put_on(ctx, p, port) < 0)
			return -WEFT_DROP_ENCAP_FAILED;
		delivery &= ~WEFT_DELIVER_TAGGED;
	}
	trace_handover(ctx, ifindex, delivery, port);
	weft_handover_as(ctx, p, ifindex, delivery == WEFT_DELIVER_PEER);
	return 0;
}

/**
 * weft_deliver - stage 6: give the frame to the local port @to.
 * Return: WEFT_ACT_DELIVER; -WEFT_DROP_ENCAP_FAILED.
 */
static __always_inline int weft_deliver(weft_ctx *ctx, struct weft_pkt *p,
					const struct weft_hop *to)
{
	int err = weft_handover(ctx, p, to->target, to->delivery, to->port);

	if (err)
		return err;
	p->out_port = to->port;
	return WEFT_ACT_DELIVER;
}

/**
 * weft_reply - send what the frame was turned into back to the port it came from.
 * Return: WEFT_ACT_REPLY; -WEFT_DROP_ENCAP_FAILED.
 */
static __always_inline int weft_reply(weft_ctx *ctx, struct weft_pkt *p)
{
	int err = weft_handover(ctx, p, p->ifindex, p->delivery, p->here.port);

	return err ? err : WEFT_ACT_REPLY;
}

#endif
