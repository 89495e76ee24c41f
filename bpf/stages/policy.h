/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Stage 4c, policy: may this connection be? Asked for first packets, and for those of flows that
 * were decided under another generation; called by flow_miss.h, and by flood.h for each copy.
 *
 * The rules are data: see weft/policy.h for how a rule set, a peer's class and a binary search come
 * to a verdict, and loader/policy.h for who makes the tables.
 */
#ifndef WEFT_BPF_STAGES_POLICY_H
#define WEFT_BPF_STAGES_POLICY_H

#include <linux/in.h>
#include <bpf/bpf_endian.h>

#include "../lib/stats.h"
#include "../maps.h"
#include "../pkt.h"

/**
 * struct weft_ask - a question to the policies of both ends, and the answer.
 * @saddr, @daddr: who opens the connection, and to whom.
 * @point: WEFT_POL_POINT of what it opens.
 * @generation: of the policies; read once for each packet.
 * @port: by enum weft_pol_dir: the id of the local port that it leaves to (ingress), and enters
 * from (egress); 0 = that end is not here, and not asked.
 * @identity: of the groups of who opens it, 0 = not told.
 * @network: network id.
 * @flags: answer: WEFT_FLOW_GUARDED, WEFT_FLOW_KEEP.
 * @dir: answer: the direction that denied.
 * @rule: answer: by enum weft_pol_dir: the rule that decided; 0 = no rule set.
 */
struct weft_ask {
	struct weft_addr saddr;
	struct weft_addr daddr;
	__u32 point;
	__u32 generation;
	__u32 port[__WEFT_POL_DIR_MAX];
	__u32 identity;
	__u16 network;
	__u8 flags;
	__u8 dir;
	__u32 rule[__WEFT_POL_DIR_MAX];
};

/* One question at a time and CPU; the stack has no room for it. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct weft_ask);
} weft_ask SEC(".maps");

static __always_inline struct weft_ask *weft_ask_new(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&weft_ask, &zero);
}

/**
 * weft_is_judged - do policies and flows have to do with the packet? IP, except the neighbour
 * discovery of IPv6, which is to IPv6 what ARP is to IPv4. Spec: RFC 4861: only with hop limit 255;
 * RFC 6980: never in fragments.
 */
static __always_inline int weft_is_judged(const struct weft_hdrs *h)
{
	if (!h->version)
		return 0;
	return !(h->version == 6 && h->l4_proto == IPPROTO_ICMPV6 && h->ttl == 255 &&
		 !(h->flags & WEFT_H_FRAG) && h->icmp_type >= WEFT_ND_FIRST &&
		 h->icmp_type <= WEFT_ND_LAST);
}

/**
 * weft_pol_search - the entry of a list of ranges that holds a point.
 * @first, @count: the list, as in struct weft_pol_ranges.
 *
 * A global function, verified once. Return: index of `weft_pol_l4`.
 */
__attribute__((noinline)) int weft_pol_search(__u32 first, __u32 count, __u32 point)
{
	const struct weft_pol_range *r;
	__u32 half, at;

	for (int i = 0; i < WEFT_POL_SEARCH_STEPS; i++) {
		if (count < 2)
			break;
		half = count / 2;
		at = first + 2 * half;
		r = bpf_map_lookup_elem(&weft_pol_l4, &at);
		if (r && r->start <= point) {
			first = at;
			count -= half;
		} else {
			count = half;
		}
	}
	return first;
}

static __always_inline const struct weft_pol_range *
weft_pol_find(const struct weft_pol_ranges *list, __u32 point)
{
	__u32 at = weft_pol_search(list->first, list->count, point);

	return bpf_map_lookup_elem(&weft_pol_l4, &at);
}

/* The class of an endpoint that the file has and some rule tells from others; 0 = it is none. */
static __always_inline __u32 weft_pol_class_of(const struct weft_addr *peer,
					       const struct weft_ask *a)
{
	struct weft_pol_addr_key key = {
		.addr = *peer, .network = a->network, .parity = a->generation & 1};
	const __u32 *id = bpf_map_lookup_elem(&weft_pol_class, &key);

	return id ? *id : 0;
}

/* What an address tells by itself; 0 = nothing. */
static __always_inline __u32 weft_pol_block_of(const struct weft_addr *peer,
					       const struct weft_ask *a)
{
	struct weft_pol_cidr_key key = {
		.prefixlen = 32 + 8 * sizeof(*peer), .parity = a->generation & 1, .addr = *peer};
	const __u32 *id = bpf_map_lookup_elem(&weft_pol_cidr, &key);

	return id ? *id : 0;
}

/*
 * The class of an identity; 0 = none. Of endpoints that the file has, the file knows better: who
 * is in no group there is in none, whatever was told.
 */
static __always_inline __u32 weft_pol_ident_of(const struct weft_addr *peer, __u32 identity,
					       const struct weft_ask *a)
{
	struct weft_pol_ident_key key = {
		.identity = identity, .network = a->network, .parity = a->generation & 1};
	struct weft_neigh_key neigh = {.addr = *peer, .network = a->network};
	const __u32 *id;

	if (!identity || bpf_map_lookup_elem(&weft_neigh, &neigh))
		return 0;
	id = bpf_map_lookup_elem(&weft_pol_ident, &key);
	return id ? *id : 0;
}

/* The earlier of @best and the rule of @ruleset about @class_id. */
static __always_inline const struct weft_pol_range *
weft_pol_better(const struct weft_pol_range *best, __u32 ruleset, __u32 class_id, __u32 point)
{
	struct weft_pol_match_key key = {.ruleset = ruleset, .class_id = class_id};
	const struct weft_pol_ranges *list;
	const struct weft_pol_range *own;

	if (!class_id)
		return best;
	list = bpf_map_lookup_elem(&weft_pol_match, &key);
	own = list ? weft_pol_find(list, point) : 0;
	return own && best && own->order < best->order ? own : best;
}

/*
 * The first rule of @ruleset that matches: among those about anybody, and those about this peer.
 * @identity: of the peer, 0 = not told.
 */
static __always_inline const struct weft_pol_range *weft_pol_decide(__u32 ruleset,
								    const struct weft_addr *peer,
								    __u32 identity,
								    const struct weft_ask *a)
{
	const struct weft_pol_ranges *list = bpf_map_lookup_elem(&weft_pol_sets, &ruleset);
	const struct weft_pol_range *best;
	__u32 known;

	if (!list || !list->count)
		return 0;
	best = weft_pol_find(list, a->point);
	known = weft_pol_class_of(peer, a);
	if (!known)
		best = weft_pol_better(best, ruleset, weft_pol_ident_of(peer, identity, a),
				       a->point);
	return weft_pol_better(best, ruleset, known ?: weft_pol_block_of(peer, a), a->point);
}

static __always_inline void weft_count_hit(__u32 rule)
{
	struct weft_rule_stat *s = bpf_map_lookup_elem(&weft_rule_stat, &rule);

	if (!s)
		return;
	s->hits++;
	s->last_hit_ns = bpf_ktime_get_ns();
}

static __always_inline void weft_count_rule(const struct weft_pkt *p, __u32 rule)
{
	struct weft_rule_stat *s;

	if (!rule)
		return;
	s = bpf_map_lookup_elem(&weft_rule_stat, &rule);
	if (s)
		weft_count(&s->count, p);
}

static __always_inline __u32 weft_ruleset_of(__u32 port, __u32 generation, __u32 dir)
{
	__u32 slot = 2 * port + (generation & 1);
	const struct weft_pol_port *p = bpf_map_lookup_elem(&weft_pol_ports, &slot);

	return p ? p->ruleset[dir] : 0;
}

/*
 * A global function: one direction. What the tables do not say is denied, by no rule.
 * Return: enum weft_pol_action.
 */
__attribute__((noinline)) int weft_judge_dir(struct weft_ask *a, __u32 dir)
{
	const struct weft_pol_range *r;
	__u32 ruleset;

	if (!a)
		return WEFT_POL_DENY;
	dir &= 1;
	ruleset = weft_ruleset_of(a->port[dir], a->generation, dir);
	a->rule[dir] = 0;
	if (!a->port[dir] || !ruleset)
		return WEFT_POL_ALLOW;
	a->flags |= WEFT_FLOW_GUARDED;
	a->dir = dir;
	if (dir == WEFT_POL_EGRESS)
		r = weft_pol_decide(ruleset, &a->daddr, 0, a);
	else
		r = weft_pol_decide(ruleset, &a->saddr, a->identity, a);
	if (!r || !r->action) {
		a->flags &= ~WEFT_FLOW_KEEP;
		return WEFT_POL_DENY;
	}
	if (!(r->flags & WEFT_POL_KEEP))
		a->flags &= ~WEFT_FLOW_KEEP;
	a->rule[dir] = r->rule;
	weft_count_hit(r->rule);
	return r->action;
}

/**
 * weft_judge - stage 4c: ask the policies of both ends, the sender's first.
 * @a: the question; the answer is filled in.
 *
 * Return: enum weft_pol_action; a->dir and a->rule[a->dir] say who denied.
 */
static __always_inline int weft_judge(struct weft_ask *a)
{
	__u32 zero = 0;
	struct weft_flow_stat *stat = bpf_map_lookup_elem(&weft_flow_stat, &zero);
	int action;

	if (stat)
		stat->judged++;
	a->flags = WEFT_FLOW_KEEP;
	action = weft_judge_dir(a, WEFT_POL_EGRESS);
	trace_policy(&a->daddr, 2 * a->port[WEFT_POL_EGRESS] + WEFT_POL_EGRESS, a->point,
		     a->rule[WEFT_POL_EGRESS], action);
	if (action == WEFT_POL_ALLOW) {
		action = weft_judge_dir(a, WEFT_POL_INGRESS);
		trace_policy(&a->saddr, 2 * a->port[WEFT_POL_INGRESS] + WEFT_POL_INGRESS, a->point,
			     a->rule[WEFT_POL_INGRESS], action);
	}
	if (!(a->flags & WEFT_FLOW_GUARDED))
		a->flags = 0;
	return action;
}

/* The question about a packet that is no connection's; the ports are the caller's to fill in. */
static __always_inline void weft_ask_packet(struct weft_ask *a, const struct weft_pkt *p)
{
	__u32 detail = bpf_ntohs(p->h.dport);

	if (p->h.l4_proto == IPPROTO_ICMP || p->h.l4_proto == IPPROTO_ICMPV6)
		detail = (__u32)p->h.icmp_type << 8 | p->h.icmp_code;
	a->saddr = p->h.saddr;
	a->daddr = p->h.daddr;
	a->point = WEFT_POL_POINT(p->h.l4_proto, detail);
	a->generation = p->generation.policy;
	a->identity = p->identity;
	a->network = p->network;
}

/*
 * Policies know peers by their addresses: where one is asked, nobody may speak with an address that
 * the file gives to somebody else.
 */
static __always_inline int weft_addr_spoofed(const struct weft_pkt *p)
{
	struct weft_neigh_key key = {.addr = p->h.saddr, .network = p->network};
	const struct weft_neigh *n = bpf_map_lookup_elem(&weft_neigh, &key);

	trace_neigh(WEFT_TRACE_ADDRESS, &key, n);
	return n && !p->routed && !weft_mac_equal(n->mac, p->h.smac);
}

/**
 * weft_judge_copy - may local port @port have a copy of a flooded packet?
 * @p: one that is judged, see weft_is_judged; or one that cannot be, because it has a tag.
 *
 * Return: 0; -WEFT_DROP_VLAN_UNJUDGED; -WEFT_DROP_ADDR_SPOOFED; -p->frag_drop;
 * -WEFT_DROP_POLICY_DENY_INGRESS.
 */
static __attribute__((noinline)) int weft_judge_copy(struct weft_pkt *p, __u32 port)
{
	struct weft_ask *a = weft_ask_new();
	int action;

	if (!weft_ruleset_of(port, p->generation.policy, WEFT_POL_INGRESS))
		return 0;
	if (p->tag)
		return -WEFT_DROP_VLAN_UNJUDGED;
	if (weft_addr_spoofed(p))
		return -WEFT_DROP_ADDR_SPOOFED;
	if (p->frag_drop)
		return -p->frag_drop;
	if (!a)
		return -WEFT_DROP_POLICY_DENY_INGRESS;
	weft_ask_packet(a, p);
	a->port[WEFT_POL_EGRESS] = 0;
	a->port[WEFT_POL_INGRESS] = port;
	action = weft_judge(a);
	if (action == WEFT_POL_ALLOW)
		return 0;
	weft_count_rule(p, a->rule[WEFT_POL_INGRESS]);
	return -WEFT_DROP_POLICY_DENY_INGRESS;
}

/** weft_denied - the drop reason of a verdict that is not "allow". */
static __always_inline int weft_denied(int action, __u32 dir)
{
	if (action == WEFT_POL_REJECT)
		return dir == WEFT_POL_EGRESS ? -WEFT_DROP_POLICY_REJECT_EGRESS
					      : -WEFT_DROP_POLICY_REJECT_INGRESS;
	return dir == WEFT_POL_EGRESS ? -WEFT_DROP_POLICY_DENY_EGRESS
				      : -WEFT_DROP_POLICY_DENY_INGRESS;
}

#endif
