/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Stage 4, forward: where does the frame go? Known unicast by the FDB, questions about known
 * neighbours are answered (answer.h), everything else is replicated (flood.h) or refused.
 * After classify.h, before encap.h and deliver.h.
 */
#ifndef WEFT_BPF_STAGES_FORWARD_H
#define WEFT_BPF_STAGES_FORWARD_H

#include "answer.h"
#include "flood.h"

/* Broadcast, multicast and unknown unicast. */
static __always_inline int weft_forward_bum(struct weft_pkt *p, const struct weft_network *net,
					    int from_underlay)
{
	if (net->flags & WEFT_NET_FLOOD)
		return from_underlay ? weft_replicate_local(p, net) : weft_replicate(p, net);
	if (weft_mac_is_broadcast(p->h.dmac))
		return -WEFT_DROP_BROADCAST_REFUSED;
	if (weft_mac_is_group(p->h.dmac))
		return -WEFT_DROP_MULTICAST_REFUSED;
	return -WEFT_DROP_UNKNOWN_UNICAST;
}

static __always_inline int weft_forward_group(struct weft_pkt *p, const struct weft_network *net,
					      int from_underlay)
{
	int act = from_underlay ? 0 : weft_answer(p);

	return act ? act : weft_forward_bum(p, net, from_underlay);
}

/**
 * weft_forward - stage 4: decide, and act on the decision.
 * @p: classified; sets vni.
 * @from_underlay: as in @p, but constant where it is called: what comes by a tunnel goes into none,
 *                 so tc_underlay has none of the code that encapsulates. It must not have it,
 * either: see weft_restore.
 *
 * Return: a final action; -WEFT_DROP_NETWORK_UNKNOWN; -WEFT_DROP_HAIRPIN;
 * -WEFT_DROP_SPLIT_HORIZON; -WEFT_DROP_UNKNOWN_UNICAST, -WEFT_DROP_BROADCAST_REFUSED or
 * -WEFT_DROP_MULTICAST_REFUSED; what answer, flood, deliver and encap return.
 */
static __always_inline int weft_forward(struct weft_pkt *p, const int from_underlay)
{
	const struct weft_network *net;
	const struct weft_fdb_entry *dst;
	struct weft_fdb_key key;
	__u32 id = p->network;

	net = bpf_map_lookup_elem(&weft_networks, &id);
	if (!net || !(net->flags & WEFT_NET_PRESENT))
		return -WEFT_DROP_NETWORK_UNKNOWN;
	p->vni = net->vni;
	if (weft_mac_is_group(p->h.dmac))
		return weft_forward_group(p, net, from_underlay);
	__builtin_memcpy(key.mac, p->h.dmac, sizeof(key.mac));
	key.network = p->network;
	dst = bpf_map_lookup_elem(&weft_fdb, &key);
	if (!dst)
		return weft_forward_bum(p, net, from_underlay);
	if (dst->kind == WEFT_FDB_LOCAL)
		return dst->port == p->port ? -WEFT_DROP_HAIRPIN : weft_deliver(p, dst);
	return from_underlay ? -WEFT_DROP_SPLIT_HORIZON : weft_encap(p, dst->tunnel);
}

#endif
