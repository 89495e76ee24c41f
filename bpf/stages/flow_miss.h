/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Stage 4b, flow miss: first packets, changes of a connection's state, and flows that were decided
 * when other policies or other places were in force. Called by forward.h after flow.h found nothing
 * or could not deal with it.
 *
 *     entry? ──no──> may it open one? ──> policy ──> weft_flow_begin
 *       └─yes──> decided under what is in force? ──no──> policy, in the direction it was opened
 *                     └─────────────────────────────────> track its state ──> weft_flow_establish
 *
 * A packet that is invalid is dropped only where some policy guards one of its ends: between ports
 * that nothing restricts weft is a switch, and has not necessarily seen both directions.
 */
#ifndef WEFT_BPF_STAGES_FLOW_MISS_H
#define WEFT_BPF_STAGES_FLOW_MISS_H

#include "flow.h"
#include "port_security.h"
#include "routed.h"

/* What the opening packet asks for. */
static __always_inline __u32 weft_point_of(const struct weft_flow_key *key, int origin)
{
	int icmp = key->proto == IPPROTO_ICMP || key->proto == IPPROTO_ICMPV6;
	__u32 detail = bpf_ntohs((icmp ? key->asker : origin) ? key->port[0] : key->port[1]);

	if (icmp)
		detail = WEFT_FLOW_QUERY_TYPE(detail) << 8 | WEFT_FLOW_QUERY_CODE(detail);
	return WEFT_POL_POINT(key->proto, detail);
}

/* The question whether @key may be opened from @origin, when its sides are at @from and @to. */
static __always_inline void weft_ask_flow(struct weft_ask *a, const struct weft_pkt *p,
					  const struct weft_flow_key *key, int origin,
					  const struct weft_hop *from, const struct weft_hop *to)
{
	a->saddr = origin ? key->addr[1] : key->addr[0];
	a->daddr = origin ? key->addr[0] : key->addr[1];
	a->point = weft_point_of(key, origin);
	a->generation = p->generation.policy;
	a->port[WEFT_POL_EGRESS] = weft_hop_port(from);
	a->port[WEFT_POL_INGRESS] = weft_hop_port(to);
	a->network = p->network;
}

/*
 * The groups of who opened @f, at @opener. Of a port that has its interface to itself they are
 * known; of who is behind a tunnel, or a tag, they are those of the packet that opened it.
 */
static __always_inline __u32 weft_opener_identity(const struct weft_flow *f,
						  const struct weft_hop *opener)
{
	__u32 ifindex = opener->target;
	const struct weft_port *port;

	if (opener->kind != WEFT_HOP_LOCAL)
		return f->identity;
	port = bpf_map_lookup_elem(&weft_ports, &ifindex);
	return port && port->id == opener->port ? port->identity : f->identity;
}

/* Counted against the port whose policies said so, and by the rule that did. */
static __always_inline int weft_deny(struct weft_pkt *p, const struct weft_ask *a, int action)
{
	if (a->dir == WEFT_POL_EGRESS) {
		p->port = a->port[WEFT_POL_EGRESS];
		p->rule = a->rule[WEFT_POL_EGRESS];
	} else {
		p->port = a->port[WEFT_POL_INGRESS];
		p->rule = a->rule[WEFT_POL_INGRESS];
	}
	weft_count_rule(p, p->rule);
	return weft_denied(action, a->dir);
}

/*
 * A packet that is no connection's: judged by itself, and not remembered. @to: where it goes; the
 * receiver's policies are asked if it is a port of this node.
 */
static __attribute__((noinline)) int weft_judge_once(struct weft_pkt *p, const struct weft_hop *to)
{
	struct weft_ask *a = weft_ask_new();
	int action;

	if (!a)
		return -WEFT_DROP_POLICY_DENY_EGRESS;
	weft_ask_packet(a, p);
	a->port[WEFT_POL_EGRESS] = weft_hop_port(&p->here);
	a->port[WEFT_POL_INGRESS] = weft_hop_port(to);
	if (p->routed) {
		weft_ask_source(a);
		p->identity = a->identity;
	}
	action = weft_judge(a);
	if (a->flags & WEFT_FLOW_GUARDED && weft_addr_spoofed(p))
		return -WEFT_DROP_ADDR_SPOOFED;
	if (action != WEFT_POL_ALLOW)
		return weft_deny(p, a, action);
	return p->frag_drop && a->flags & WEFT_FLOW_GUARDED ? -p->frag_drop : 0;
}

/* Where the packet says that the flow's sides are; the generations go last, see weft_flow_fresh. */
static __always_inline void weft_flow_place(const struct weft_pkt *p, struct weft_flow *f, int side,
					    const struct weft_hop *to)
{
	f->hop[side] = p->here;
	f->hop[!side] = *to;
	__builtin_memcpy(f->mac[side], p->h.smac, WEFT_ETH_ALEN);
	__builtin_memcpy(f->mac[!side], p->h.dmac, WEFT_ETH_ALEN);
	barrier();
	*(volatile __u64 *)&f->decided = weft_word(&p->generation);
}

static __always_inline int weft_flow_placed(const struct weft_pkt *p, const struct weft_flow *f,
					    int side, const struct weft_hop *to)
{
	return weft_word(&f->hop[side]) == weft_word(&p->here) &&
	       weft_word(&f->hop[!side]) == weft_word(to);
}

/* The same for a flow that counts where it is. Not inlined, for the stack's sake. */
static __attribute__((noinline)) void weft_flow_move(struct weft_pkt *p, struct weft_flow *f,
						     int side, const struct weft_hop *to)
{
	side &= 1;
	weft_flow_discharge(f, p->network);
	weft_flow_place(p, f, side, to);
	weft_flow_charge(f, p->network);
}

/*
 * Does the opener's side of the flow come by a router? His own packet shows it. Of an answer, the
 * return path has shown it: it is on its way to the router.
 */
static __always_inline int weft_flow_by_router(const struct weft_pkt *p, const struct weft_flow *f,
					       int side)
{
	return side == f->origin
		       ? p->routed
		       : f->flags & WEFT_FLOW_ROUTED && weft_mac_equal(f->mac[!side], p->h.dmac);
}

/*
 * The flow was decided when other policies were in force, or one of its sides is elsewhere now: may
 * it go on? A denial leaves the entry as it is, so the next generation may let it go on.
 */
static __attribute__((noinline)) int weft_flow_decide(struct weft_pkt *p, struct weft_flow_key *key,
						      struct weft_flow *f, int side,
						      const struct weft_hop *to)
{
	int origin = f->origin & 1, placed, action;
	struct weft_ask *a = weft_ask_new();

	if (!a)
		return -WEFT_DROP_POLICY_DENY_EGRESS;
	side &= 1;
	placed = weft_flow_placed(p, f, side, to);
	if (origin == side) {
		weft_ask_flow(a, p, key, origin, &p->here, to);
		a->identity = p->identity;
	} else {
		weft_ask_flow(a, p, key, origin, to, &p->here);
		a->identity = weft_opener_identity(f, to);
	}
	if (weft_flow_by_router(p, f, side))
		weft_ask_source(a);
	action = weft_judge(a);
	if (!placed && a->flags & WEFT_FLOW_GUARDED && weft_addr_spoofed(p))
		return -WEFT_DROP_ADDR_SPOOFED;
	if (action != WEFT_POL_ALLOW && !(placed && f->flags & WEFT_FLOW_KEEP))
		return weft_deny(p, a, action);
	if (action == WEFT_POL_ALLOW) {
		f->rule[WEFT_POL_EGRESS] = a->rule[WEFT_POL_EGRESS];
		f->rule[WEFT_POL_INGRESS] = a->rule[WEFT_POL_INGRESS];
		f->identity = a->identity;
		f->flags = (f->flags & (WEFT_FLOW_COUNTED | WEFT_FLOW_ROUTED)) | a->flags;
		if (p->net_flags & WEFT_NET_LEARN)
			f->flags |= WEFT_FLOW_LEARNED;
	}
	if (weft_flow_by_router(p, f, side))
		f->flags |= WEFT_FLOW_ROUTED;
	else
		f->flags &= ~WEFT_FLOW_ROUTED;
	if (!placed && f->flags & WEFT_FLOW_COUNTED)
		weft_flow_move(p, f, side, to);
	else
		weft_flow_place(p, f, side, to);
	return 0;
}

/* Global functions, so that the verifier sees all of lib/tcp.h once and not for every way there. */
__attribute__((noinline)) int weft_tcp_opens(struct weft_flow *f, int side, struct weft_tcp_seg *s)
{
	return f && s ? weft_tcp_open(f, side, s) : 0;
}

__attribute__((noinline)) int weft_tcp_tracks(struct weft_flow *f, int side, struct weft_tcp_seg *s)
{
	return f && s ? weft_tcp_track(f, side, s) : 0;
}

static __always_inline void weft_seg_read(weft_ctx *ctx, const struct weft_pkt *p,
					  struct weft_tcp_seg *s)
{
	weft_seg_of(&p->h, s);
	if (s->flags & WEFT_TCP_SYN)
		s->scale = weft_tcp_scale(ctx, p->h.l4_off, p->h.l4_hlen);
}

/* Return: 0; a drop; WEFT_TCP_REOPEN. What has no states of its own only learns of replies. */
static __always_inline int weft_flow_track(weft_ctx *ctx, struct weft_pkt *p, struct weft_flow *f,
					   int side)
{
	struct weft_tcp_seg seg;

	if (p->h.flags & WEFT_H_FRAG_LATER) {
		if (p->h.l4_proto == IPPROTO_TCP)
			weft_tcp_reach(f, side, bpf_ntohl(p->h.tcp_seq), p->h.frag_len);
		return 0;
	}
	if (p->h.l4_proto == IPPROTO_TCP) {
		weft_seg_read(ctx, p, &seg);
		return weft_tcp_tracks(f, side, &seg);
	}
	if (side == f->origin)
		return 0;
	switch (f->state) {
	case WEFT_UDP_UNREPLIED:
		f->state = WEFT_UDP_REPLIED;
		break;
	case WEFT_ICMP_UNREPLIED:
		f->state = WEFT_ICMP_REPLIED;
		break;
	case WEFT_OTHER_UNREPLIED:
		f->state = WEFT_OTHER_REPLIED;
		break;
	}
	return 0;
}

/* Do both sides agree to it, for longer than a question and an answer take? */
static __always_inline int weft_flow_lasts(const struct weft_flow *f)
{
	if (f->state == WEFT_UDP_REPLIED || f->state == WEFT_OTHER_REPLIED)
		return bpf_ktime_get_ns() - f->created_ns >= WEFT_STREAM_AGE_NS;
	return weft_tcp_settled(f);
}

#define WEFT_MISS_NEW 2 /* no entry; beside WEFT_TCP_REOPEN */

/* Stage 4b for a packet of a flow that is known. */
static __attribute__((noinline)) int weft_flow_next(weft_ctx *ctx, struct weft_pkt *p,
						    struct weft_flow_key *key, int side,
						    const struct weft_hop *to)
{
	struct weft_flow *f;
	__u8 table, state;
	int err;

	side &= 1;
	f = weft_flow_find(key, &table);
	trace_flow(WEFT_TRACE_FLOW, key, f, side, table);
	if (!f)
		return WEFT_MISS_NEW;
	if (!weft_flow_fresh(p, f, side) || !weft_flow_placed(p, f, side, to)) {
		trace_result(WEFT_TRACE_STALE, 0);
		err = weft_guard_ip(p, to);
		if (!err)
			err = weft_flow_decide(p, key, f, side, to);
		if (err)
			return err;
	}
	weft_flow_beat(f, side);
	if (p->routed && side == f->origin)
		p->identity = f->identity;
	p->guarded = f->flags & WEFT_FLOW_GUARDED;
	p->rule = f->rule[WEFT_POL_INGRESS] ?: f->rule[WEFT_POL_EGRESS];
	state = f->state;
	err = weft_flow_track(ctx, p, f, side);
	if (err)
		return err;
	weft_flow_count(p, f, side);
	if (table != WEFT_TABLE_FLOWS) {
		if (weft_flow_lasts(f))
			weft_flow_establish(key, f, table);
	} else if (f->state != state) {
		weft_flow_rearm(key);
	}
	return 0;
}

/* May the packet be a connection's first? Fills in its states. */
static __always_inline int weft_flow_open(weft_ctx *ctx, struct weft_pkt *p, struct weft_flow *f,
					  int side)
{
	struct weft_tcp_seg seg;
	__u8 type;

	if (p->h.l4_proto == IPPROTO_TCP) {
		weft_seg_read(ctx, p, &seg);
		return weft_tcp_opens(f, side, &seg);
	}
	if (weft_is_icmp(&p->h)) {
		f->state = WEFT_ICMP_UNREPLIED;
		return weft_query_of(&p->h, &type) == WEFT_QUERY_ASK ? 0 : -WEFT_DROP_ICMP_INVALID;
	}
	f->state = p->h.l4_proto == IPPROTO_UDP ? WEFT_UDP_UNREPLIED : WEFT_OTHER_UNREPLIED;
	return 0;
}

/* Stage 4b for a packet of no flow that is known. */
static __attribute__((noinline)) int weft_flow_first(weft_ctx *ctx, struct weft_pkt *p,
						     struct weft_flow_key *key, int side,
						     const struct weft_hop *to)
{
	struct weft_scratch *s = weft_scratch_of();
	struct weft_flow *f;
	int err, invalid;

	if (!s)
		return 0;
	err = weft_guard_ip(p, to);
	if (err)
		return err;
	side &= 1;
	f = &s->flow;
	__builtin_memset(f, 0, sizeof(*f));
	f->origin = side;
	f->created_ns = bpf_ktime_get_ns();
	invalid = p->h.flags & WEFT_H_FRAG_LATER ? WEFT_ACT_PASS : weft_flow_open(ctx, p, f, side);
	err = weft_flow_decide(p, key, f, side, to);
	if (err)
		return err;
	if (p->routed)
		p->identity = f->identity;
	p->guarded = f->flags & WEFT_FLOW_GUARDED;
	p->rule = f->rule[WEFT_POL_INGRESS] ?: f->rule[WEFT_POL_EGRESS];
	if (invalid)
		return invalid < 0 ? invalid : 0;
	weft_flow_beat(f, side);
	weft_flow_count(p, f, side);
	weft_flow_begin(key, f, p->from_underlay ? weft_hop_port(to) : p->port);
	return 0;
}

/**
 * weft_flow_miss - stage 4b.
 * @p: classified; an IP packet. Of a fragment, the ports are known.
 * @key, @side: of it.
 * @to: where it goes by the FDB.
 *
 * Return: 0 it may go there; -WEFT_DROP_POLICY_*; -WEFT_DROP_ADDR_SPOOFED; -WEFT_DROP_TCP_*;
 * -WEFT_DROP_ICMP_INVALID.
 */
static __always_inline int weft_flow_miss(weft_ctx *ctx, struct weft_pkt *p,
					  struct weft_flow_key *key, int side,
					  const struct weft_hop *to)
{
	int err = weft_flow_next(ctx, p, key, side, to);

	if (err == WEFT_TCP_REOPEN)
		weft_flow_forget(key);
	if (err > 0)
		err = weft_flow_first(ctx, p, key, side, to);
	if (err <= -WEFT_DROP_TCP_INVALID_FLAGS && err >= -WEFT_DROP_ICMP_INVALID && !p->guarded)
		return 0;
	return err;
}

#endif
