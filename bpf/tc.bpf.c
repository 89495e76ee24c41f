/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The TC programs: what a workload sends, and what the wire brings. Neighbour: pipeline.h. */
#include "lib/ctx_skb.h"

#include "config.h"
#include "pipeline.h"
#include "lib/exit.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

SEC("tc")
int tc_from_port(struct __sk_buff *skb)
{
	struct weft_pkt p = {};

	weft_pkt_init(&p, skb);
	return weft_exit_tc(&p, weft_from_port(&p));
}

SEC("tc")
int tc_underlay(struct __sk_buff *skb)
{
	struct weft_pkt p = {};

	if (skb->mark == WEFT_MARK_SEND) { /* our own, on its way out */
		skb->mark = 0;
		return bpf_redirect_neigh(skb->ifindex, 0, 0, 0);
	}
	weft_pkt_init(&p, skb);
	return weft_exit_tc(&p, weft_from_underlay(&p));
}
