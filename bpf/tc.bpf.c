/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The TC programs: what a workload sends, and what the wire brings. Neighbour: pipeline.h. */
#include "lib/ctx_skb.h"
#include "lib/trace_off.h"

#include "config.h"
#include "pipeline.h"
#include "lib/exit.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

SEC("tc")
int tc_from_port(struct __sk_buff *skb)
{
	struct weft_pkt *p = weft_pkt_new(skb);

	if (!p)
		return TC_ACT_SHOT;
	if (skb->mark == WEFT_MARK_ANSWER) { /* our own, in the name of this port */
		skb->mark = 0;
		return weft_exit_answer(
			skb, p, trace_result(WEFT_TRACE_END, weft_answer_from_port(skb, p)));
	}
	return weft_exit_tc(skb, p, trace_result(WEFT_TRACE_END, weft_from_port(skb, p)));
}

SEC("tc")
int tc_underlay(struct __sk_buff *skb)
{
	struct weft_pkt *p = weft_pkt_new(skb);

	if (!p)
		return TC_ACT_SHOT;
	if (skb->mark == WEFT_MARK_SEND) { /* our own, on its way out */
		skb->mark = 0;
		return bpf_redirect_neigh(skb->ifindex, 0, 0, 0);
	}
	return weft_exit_tc(skb, p, trace_result(WEFT_TRACE_END, weft_from_underlay(skb, p)));
}

/* Not attached: the loader runs it on a struct weft_flow_order. */
SEC("tc")
int tc_flow_order(struct __sk_buff *skb)
{
	return weft_flow_orders(skb);
}

/* Nor this: on a struct weft_learn_order. */
SEC("tc")
int tc_learn_order(struct __sk_buff *skb)
{
	return weft_learn_orders(skb);
}
