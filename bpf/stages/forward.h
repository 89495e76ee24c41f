/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Stage 4, forward: where does the frame go, and may it? After classify.h, before encap.h and
 * deliver.h.
 *
 *     IP to one MAC address:  flow hit ────────────────────────────────────────────> act
 *                               └no─> sender, route (FDB) ─> miss (flow_miss.h) ───> act
 *                                      └ return path, before it is routed
 *     other to one:                   sender, route, opaque ───────────────────────> act
 *     to a group:                     sender, opaque, answer (ARP, ND) or policy ──> flood
 */
#ifndef WEFT_BPF_STAGES_FORWARD_H
#define WEFT_BPF_STAGES_FORWARD_H

#include "answer.h"
#include "flood.h"
#include "flow_miss.h"
#include "frag.h"
#include "learn.h"
#include "neighbour_security.h"
#include "reject.h"
#include "related.h"
#include "return_path.h"
#include "snoop.h"

/* Broadcast, multicast and unknown unicast. */
static __always_inline int weft_forward_bum(weft_ctx *ctx, struct weft_pkt *p,
					    const struct weft_network *net, const int from_underlay)
{
	int err = 0;

	if (net->flags & WEFT_NET_FLOOD) {
		if (!from_underlay)
			err = weft_may_flood(ctx, p, net->flags & WEFT_NET_LOOPS);
		else if (net->flags & WEFT_NET_LOOPS)
			err = weft_loop(ctx, p);
		if (err)
			return err;
		return from_underlay ? weft_replicate_local(ctx, p, net)
				     : weft_replicate(ctx, p, net);
	}
	if (weft_mac_is_broadcast(p->h.dmac))
		return -WEFT_DROP_BROADCAST_REFUSED;
	if (weft_mac_is_group(p->h.dmac))
		return -WEFT_DROP_MULTICAST_REFUSED;
	return -WEFT_DROP_UNKNOWN_UNICAST;
}

/*
 * A fragment's ports. Where they cannot be known it is the more so nobody's connection; that is a
 * reason to drop it only where somebody asks for them.
 */
static __always_inline int weft_frag_look(struct weft_pkt *p)
{
	int err = p->h.flags & WEFT_H_FRAG ? weft_frag(&p->h, p->network) : 0;

	if (err == -WEFT_DROP_FRAG_OVERLAP)
		return err;
	p->frag_drop = -err;
	return 0;
}

/*
 * What is not IP goes by its MAC address alone. Not so what may be IP all the same, hidden by a
 * tag: not through policies, which would not see it (VU#855201, CVE-2021-27853).
 */
static __always_inline int weft_opaque(struct weft_pkt *p, struct weft_hop *to)
{
	const struct weft_hop nobody = {};

	if (weft_is_old_tag(p->h.eth_proto))
		return -WEFT_DROP_VLAN_OLD_TPID;
	if (!p->tag)
		return 0;
	to->delivery |= WEFT_DELIVER_TAGGED;
	if (!weft_is_guarded(p, to))
		return 0;
	if (!weft_is_guarded(p, &nobody))
		p->port = weft_hop_port(to); /* whose policies it is about */
	return -WEFT_DROP_VLAN_UNJUDGED;
}

/* Port security, of what is no connection's. */
static __always_inline int weft_guard(weft_ctx *ctx, struct weft_pkt *p, struct weft_hop *to)
{
	int err;

	if (!p->h.version)
		return weft_guard_l2(ctx, p);
	err = weft_guard_ip(p, to);
	return !err && weft_is_nd(&p->h) ? weft_guard_nd(ctx, p) : err;
}

/**
 * weft_admit_group - everything that may stop a frame for a group.
 *
 * A global function, verified once on its own.
 * Return: 0; a final action, of answer or snoop; a drop.
 */
__attribute__((noinline)) int weft_admit_group(weft_ctx *ctx, struct weft_pkt *p, int snoops)
{
	struct weft_hop everybody = {.kind = WEFT_HOP_FLOOD};
	int act;

	if (!p)
		return -WEFT_DROP_NETWORK_UNKNOWN;
	act = weft_sender(p);
	if (!act && !p->h.version)
		act = weft_opaque(p, &everybody);
	if (!act)
		act = weft_guard(ctx, p, &everybody);
	if (!act && !p->from_underlay)
		act = weft_answer(ctx, p);
	if (!act && weft_is_judged(&p->h)) {
		act = weft_frag_look(p);
		if (!act)
			act = weft_judge_once(p, &everybody);
	}
	return !act && snoops ? weft_snoop(ctx, p) : act;
}

static __always_inline int weft_forward_group(weft_ctx *ctx, struct weft_pkt *p,
					      const struct weft_network *net,
					      const int from_underlay)
{
	const __u16 snoops = WEFT_NET_FLOOD | WEFT_NET_SNOOP;
	int act = weft_admit_group(ctx, p, (net->flags & snoops) == snoops);

	return act ? act : weft_forward_bum(ctx, p, net, from_underlay);
}

/* Who is not in the file has the role of the port that he is behind; elsewhere he is isolated. */
static __always_inline __u16 weft_learned_role(const struct weft_hop *to)
{
	const struct weft_guard *g = to->kind == WEFT_HOP_LOCAL ? weft_guard_of(to->port) : 0;

	return g ? g->isolation : WEFT_ISO_ISOLATED;
}

/* Where the FDB has the destination. */
static __always_inline void weft_route_find(struct weft_pkt *p, struct weft_hop *to)
{
	const struct weft_fdb_entry *dst;
	struct weft_fdb_key key;

	__builtin_memcpy(key.mac, p->h.dmac, sizeof(key.mac));
	key.network = p->network;
	dst = bpf_map_lookup_elem(&weft_fdb, &key);
	trace_fdb(WEFT_TRACE_FDB, &key, dst);
	if (!dst) {
		*to = (struct weft_hop){.kind = WEFT_HOP_FLOOD};
		if (p->net_flags & WEFT_NET_LEARN && weft_learned_find(p, to))
			p->to_role = weft_learned_role(to);
		return;
	}
	p->to_role = dst->isolation;
	p->to_routed = !!(dst->flags & WEFT_FDB_ROUTED);
	if (dst->kind != WEFT_FDB_REMOTE) {
		*to = (struct weft_hop){.target = dst->ifindex,
					.port = dst->port,
					.kind = dst->kind == WEFT_FDB_LOCAL ? WEFT_HOP_LOCAL
									    : WEFT_HOP_WIRE,
					.delivery = dst->delivery};
	} else {
		*to = (struct weft_hop){.target = dst->tunnel, .kind = WEFT_HOP_TUNNEL};
	}
}

/*
 * And may it go there? Return: 0; -WEFT_DROP_HAIRPIN; -WEFT_DROP_SPLIT_HORIZON: what comes by a
 * tunnel goes into none.
 */
static __always_inline int weft_route(struct weft_pkt *p, struct weft_hop *to)
{
	weft_route_find(p, to);
	if (to->port && to->port == p->here.port)
		return -WEFT_DROP_HAIRPIN;
	if (to->kind == WEFT_HOP_TUNNEL && p->from_underlay)
		return -WEFT_DROP_SPLIT_HORIZON;
	return 0;
}

/* Does isolation keep sender and receiver apart? */
static __always_inline int weft_apart(struct weft_pkt *p)
{
	const struct weft_guard *g;

	if (p->to_role == WEFT_ISO_PROMISCUOUS)
		return 0;
	if (!p->from_underlay) {
		g = weft_guard_of(p->here.port);
		p->role = g ? g->isolation : WEFT_ISO_PROMISCUOUS;
	}
	return weft_iso_allows(p->role, p->to_role) ? 0 : -WEFT_DROP_ISOLATED;
}

/* What is judged packet by packet, and not remembered: it has no ports, it is no question or
 * answer, or nobody can answer it. */
static __always_inline int weft_admit_once(weft_ctx *ctx, struct weft_pkt *p, struct weft_hop *to)
{
	int err = weft_guard(ctx, p, to);

	if (err || !weft_is_judged(&p->h))
		return err;
	if (p->frag_drop)
		return weft_is_guarded(p, to) ? -p->frag_drop : 0;
	if (weft_is_icmp_error(&p->h))
		return weft_related(ctx, p, to);
	return weft_judge_once(p, to);
}

/**
 * weft_admit - everything that may stop a frame for one MAC address, where no flow says that all is
 * as before.
 * @side: in its flow, whose key is in struct weft_scratch; -1: it has none.
 * @to: receives where it goes.
 *
 * A global function, verified once on its own. (Before Linux 6.2 the memory that such a one is
 * handed cannot be a map's key, hence the detour of @key.)
 * Return: 0; what weft_sender, return_path, route, opaque, guard, related and flow_miss return;
 * -WEFT_DROP_ISOLATED; -p->frag_drop.
 */
__attribute__((noinline)) int weft_admit(weft_ctx *ctx, struct weft_pkt *p, int side,
					 struct weft_hop *to)
{
	struct weft_scratch *s = weft_scratch_of();
	int err;

	if (!p || !s || !to)
		return -WEFT_DROP_NETWORK_UNKNOWN;
	err = weft_sender(p);
	if (!err && p->net_flags & WEFT_NET_ROUTED && p->h.version)
		err = weft_return_path(ctx, p, side);
	if (!err)
		err = weft_route(p, to);
	if (!err)
		err = weft_apart(p);
	if (!err && !p->h.version)
		err = weft_opaque(p, to);
	if (err)
		return err;
	if (side < 0 || p->frag_drop || weft_is_icmp_error(&p->h) ||
	    weft_addr_is_group(&p->h.daddr, p->h.version))
		return weft_admit_once(ctx, p, to);
	return weft_flow_miss(ctx, p, &s->key, side, to);
}

/*
 * The flow's key, and a hit on it. Return: 1 with @to filled; 0 with @key and @side filled; a drop.
 */
static TRACE_STAGE int weft_admit_fast(weft_ctx *ctx, struct weft_pkt *p, struct weft_flow_key *key,
				       int *side, struct weft_hop *to)
{
	int err;

	*side = -1;
	if (!weft_is_judged(&p->h))
		return 0;
	err = weft_frag_look(p);
	if (err)
		return err;
	*side = weft_flow_key_of(&p->h, p->network, key);
	if (*side < 0 || p->h.flags & WEFT_H_FRAG)
		return 0;
	return weft_flow_hit(ctx, p, key, *side, to);
}

/*
 * Out by an uplink, in the network's VLAN. The wire carries as much as the network. Return:
 * WEFT_ACT_SEND; what too_big returns; -WEFT_DROP_PKT_TOO_BIG; -WEFT_DROP_ENCAP_FAILED.
 */
static __attribute__((noinline)) int weft_to_wire(weft_ctx *ctx, struct weft_pkt *p,
						  const struct weft_network *net,
						  const struct weft_hop *to)
{
	int err;

	if (!weft_fits(p, net->mtu))
		return weft_too_big(ctx, p, net->mtu);
	if (!weft_tag_fits(p, net->mtu))
		return -WEFT_DROP_PKT_TOO_BIG;
	err = weft_handover(ctx, p, to->target, to->delivery, to->port);
	if (err)
		return err;
	p->out_port = to->port;
	weft_count_to_port(p, to->port);
	return WEFT_ACT_SEND;
}

static __always_inline int weft_act(weft_ctx *ctx, struct weft_pkt *p,
				    const struct weft_network *net, const struct weft_hop *to,
				    const int from_underlay)
{
	if (to->kind == WEFT_HOP_LOCAL)
		return weft_deliver(ctx, p, to);
	if (to->kind == WEFT_HOP_TUNNEL && !from_underlay)
		return weft_encap(ctx, p, to->target);
	if (to->kind == WEFT_HOP_WIRE && !from_underlay)
		return weft_to_wire(ctx, p, net, to);
	return weft_forward_bum(ctx, p, net, from_underlay);
}

static __always_inline int weft_refuse(weft_ctx *ctx, struct weft_pkt *p, int err,
				       const struct weft_hop *to)
{
	if (err == -WEFT_DROP_POLICY_REJECT_EGRESS || err == -WEFT_DROP_POLICY_REJECT_INGRESS)
		return weft_reject(ctx, p, err, to->target, to->port);
	return err;
}

/**
 * weft_forward - stage 4: decide, and act on the decision.
 * @p: classified; sets vni, net_flags and generation.
 * @from_underlay: as in @p, but constant where it is called: what comes by a tunnel goes into none,
 *                 so tc_underlay has none of the code that encapsulates. It must not have it,
 *                 either: see weft_restore.
 *
 * Return: a final action; -WEFT_DROP_NETWORK_UNKNOWN; -WEFT_DROP_HAIRPIN;
 * -WEFT_DROP_SPLIT_HORIZON; -WEFT_DROP_UNKNOWN_UNICAST, -WEFT_DROP_BROADCAST_REFUSED or
 * -WEFT_DROP_MULTICAST_REFUSED; -WEFT_DROP_VLAN_OLD_TPID, -WEFT_DROP_VLAN_UNJUDGED;
 * -WEFT_DROP_FRAG_*; what weft_sender, flow_miss, related, answer, flood, deliver and encap return.
 */
static __always_inline int weft_forward(weft_ctx *ctx, struct weft_pkt *p, const int from_underlay)
{
	const struct weft_network *net;
	struct weft_scratch *s = weft_scratch_of();
	struct weft_hop to = {};
	__u32 id = p->network;
	int side, act;

	net = bpf_map_lookup_elem(&weft_networks, &id);
	trace_network(id, net);
	if (!net || !s || !(net->flags & WEFT_NET_PRESENT))
		return -WEFT_DROP_NETWORK_UNKNOWN;
	p->vni = net->vni;
	p->net_flags = net->flags;
	if (net->flags & WEFT_NET_LEARN)
		weft_learn_generation(p);
	if (weft_mac_is_group(p->h.dmac))
		return weft_forward_group(ctx, p, net, from_underlay);
	act = weft_admit_fast(ctx, p, &s->key, &side, &to);
	if (!act)
		act = weft_admit(ctx, p, side, &to);
	if (act < 0)
		return weft_refuse(ctx, p, act, &to);
	return weft_act(ctx, p, net, &to, from_underlay);
}

/** weft_forward_answer - the same for an answer made in a port's name, which nobody judges. */
static __always_inline int weft_forward_answer(weft_ctx *ctx, struct weft_pkt *p)
{
	const struct weft_network *net;
	struct weft_hop to = {};
	__u32 id = p->network;
	int err;

	net = bpf_map_lookup_elem(&weft_networks, &id);
	trace_network(id, net);
	if (!net || !(net->flags & WEFT_NET_PRESENT))
		return -WEFT_DROP_NETWORK_UNKNOWN;
	p->vni = net->vni;
	p->net_flags = net->flags;
	err = weft_route(p, &to);
	return err ? err : weft_act(ctx, p, net, &to, 0);
}

#endif
