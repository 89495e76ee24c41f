/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Stage 4e, snoop: reads IGMP and MLD. Called by forward.h for what goes to a group MAC address, in
 * a network that snoops; multicast.h keeps the table.
 *
 *     report, leave    read here; on to multicast routers and to all other nodes, which read it too
 *     query            read here; flooded
 *     224.0.0.x, IPv6 of link-local scope: flooded, as are groups that are not IP
 *     any other group  to its members and to multicast routers
 *
 * A leave of one member, while the node has others, is not for the rest of the world: it is taken
 * out of the packet.
 * Spec: RFC 4541 sections 2.1 and 3; RFC 2236, RFC 3376, RFC 2710, RFC 3810.
 */
#ifndef WEFT_BPF_STAGES_SNOOP_H
#define WEFT_BPF_STAGES_SNOOP_H

#include "../lib/csum.h"
#include "multicast.h"

#define WEFT_MCAST_RECORDS_MAX 256
#define WEFT_MCAST_SUM_CHUNK   64
#define WEFT_MCAST_SUM_MAX     9216 /* bytes of a report that are summed */

/* Groups of everybody's concern, which nobody joins or everybody has joined; RFC 4541 section
 * 2.1.2, RFC 4291 section 2.7 (scopes up to link-local). */
static __always_inline int weft_mcast_for_all(const struct weft_addr *a, __u8 version)
{
	if (version == 4)
		return a->bytes[12] == 224 && !a->bytes[13] && !a->bytes[14];
	return (a->bytes[1] & 0x0f) <= 2;
}

/**
 * struct weft_mcast_walk - where the walk over a report's group records stands.
 * @off: of the next record, bytes from the frame's start.
 * @left: bytes of the message from there on.
 * @v6: MLD.
 * @bad: a record does not fit.
 */
struct weft_mcast_walk {
	weft_ctx *ctx;
	struct weft_pkt *p;
	__u32 off;
	__u32 left;
	__u32 v6;
	__u32 bad;
};

/* The node goes on being a member: the leave becomes a report that says so. */
static __always_inline void weft_mcast_stay(struct weft_mcast_walk *w, __u8 aux)
{
	const __u8 type = WEFT_MCAST_TO_EXCLUDE;
	__be16 from = bpf_htons(WEFT_MCAST_TO_INCLUDE << 8 | aux);
	__be16 to = bpf_htons(WEFT_MCAST_TO_EXCLUDE << 8 | aux);

	bpf_l4_csum_replace(w->ctx, w->p->h.l4_off + 2, from, to, sizeof(to));
	ctx_store(w->ctx, w->off, &type, sizeof(type));
}

static __always_inline long weft_mcast_do(struct weft_mcast_walk *w, __u8 type, __u8 aux,
					  __u32 sources, struct weft_addr *group)
{
	if (weft_mcast_for_all(group, w->v6 ? 6 : 4) || !weft_addr_is_group(group, w->v6 ? 6 : 4))
		return 0;
	switch (type) {
	case WEFT_MCAST_IS_INCLUDE:
	case WEFT_MCAST_TO_INCLUDE:
		if (sources)
			weft_mcast_join(w->p, group);
		else if (weft_mcast_leave(w->p, group) && type == WEFT_MCAST_TO_INCLUDE)
			weft_mcast_stay(w, aux);
		break;
	case WEFT_MCAST_IS_EXCLUDE:
	case WEFT_MCAST_TO_EXCLUDE:
	case WEFT_MCAST_ALLOW:
		weft_mcast_join(w->p, group);
		break;
	}
	return 0;
}

static long weft_mcast_record(__u32 i, void *arg)
{
	struct weft_mcast_walk *w = arg;
	__u32 addr = w->v6 ? 16 : 4, size;
	struct weft_addr group = {};
	struct {
		__u8 type;
		__u8 aux;
		__be16 sources;
	} r;

	if (w->left < sizeof(r) + addr || ctx_load(w->ctx, w->off, &r, sizeof(r)) ||
	    (w->v6 ? ctx_load(w->ctx, w->off + sizeof(r), group.bytes, 16)
		   : ctx_load(w->ctx, w->off + sizeof(r), group.bytes + 12, 4))) {
		w->bad = 1;
		return 1;
	}
	if (!w->v6)
		group.words[2] = bpf_htonl(0xffff);
	size = sizeof(r) + addr * (1 + bpf_ntohs(r.sources)) + 4u * r.aux;
	if (size > w->left) {
		w->bad = 1;
		return 1;
	}
	weft_mcast_do(w, r.type, r.aux, bpf_ntohs(r.sources), &group);
	w->off += size;
	w->left -= size;
	return 0;
}

/* IGMPv3 and MLDv2 reports differ in the length of addresses only. */
static __attribute__((noinline)) int weft_mcast_records(weft_ctx *ctx, struct weft_pkt *p)
{
	struct weft_mcast_walk w;
	__be16 n;

	if (p->h.l4_len < 8 || ctx_load(ctx, p->h.l4_off + 6, &n, sizeof(n)))
		return -WEFT_DROP_MULTICAST_INVALID;
	w.ctx = ctx;
	w.p = p;
	w.off = p->h.l4_off + 8;
	w.left = p->h.l4_len - 8;
	w.v6 = p->h.version == 6;
	w.bad = bpf_ktime_get_ns() >> 63; /* 0; but see weft_flood_begin */
	n = bpf_ntohs(n);
	bpf_loop(n < WEFT_MCAST_RECORDS_MAX ? n : WEFT_MCAST_RECORDS_MAX, weft_mcast_record, &w, 0);
	return w.bad ? -WEFT_DROP_MULTICAST_INVALID : 0;
}

/** struct weft_mcast_sum - a checksum on its way. */
struct weft_mcast_sum {
	weft_ctx *ctx;
	__u32 off;
	__u32 left;
	__s64 sum;
};

static long weft_mcast_sum_chunk(__u32 i, void *arg)
{
	__u32 words[WEFT_MCAST_SUM_CHUNK / 4] = {};
	struct weft_mcast_sum *s = arg;
	__u32 n = s->left;

	if (!n)
		return 1;
	if (n > sizeof(words))
		n = sizeof(words);
	if (ctx_load(s->ctx, s->off, words, ((n - 1) & (sizeof(words) - 1)) + 1))
		return 1;
	s->sum = bpf_csum_diff(0, 0, words, sizeof(words), s->sum);
	s->off += n;
	s->left -= n;
	return 0;
}

/*
 * Does the message bear the checksum that it should?
 *
 * A global function, verified once on its own. One that is longer than any real one is not trusted.
 */
__attribute__((noinline)) int weft_mcast_intact(weft_ctx *ctx, struct weft_pkt *p)
{
	struct weft_mcast_sum s;
	__be32 pseudo[2];

	if (!p)
		return 0;
	s.ctx = ctx;
	s.off = p->h.l4_off;
	s.left = p->h.l4_len;
	s.sum = 0;
	if (p->h.version == 6) {
		struct weft_addr both[2] = {p->h.saddr, p->h.daddr};

		pseudo[0] = bpf_htonl(p->h.l4_len);
		pseudo[1] = bpf_htonl(IPPROTO_ICMPV6);
		s.sum = bpf_csum_diff(0, 0, (void *)both, sizeof(both), 0);
		s.sum = bpf_csum_diff(0, 0, (void *)pseudo, sizeof(pseudo), s.sum);
	}
	bpf_loop(WEFT_MCAST_SUM_MAX / WEFT_MCAST_SUM_CHUNK, weft_mcast_sum_chunk, &s, 0);
	return !s.left && !weft_csum_fold(s.sum);
}

static __always_inline void weft_mcast_count(const struct weft_pkt *p, int query)
{
	__u32 id = p->network;
	struct weft_bum_stat *s = bpf_map_lookup_elem(&weft_bum_stat, &id);

	if (s && query)
		s->queries++;
	else if (s)
		s->reports++;
}

/* From a port that is secured and no router's, a query is an attempt to become one. One from no
 * address (a switch's) makes nobody a router; RFC 4541 section 2.1.1. */
static __always_inline int weft_mcast_query(struct weft_pkt *p, struct weft_addr *group)
{
	const struct weft_guard *g = p->from_underlay ? 0 : weft_guard_of(p->here.port);
	__u32 id = p->network;
	struct weft_mcast_net *net = bpf_map_lookup_elem(&weft_mcast_net, &id);
	struct weft_addr nobody = {};

	if (weft_is_secure(g) && !(g->flags & WEFT_GUARD_ROUTER))
		return -WEFT_DROP_MULTICAST_QUERY;
	weft_mcast_count(p, 1);
	if (weft_addr_is_nobody(&p->h.saddr, p->h.version))
		return 0;
	if (net && weft_addr_is_nobody(group, p->h.version))
		net->queried_ns = bpf_ktime_get_ns();
	weft_mcast_join(p, &nobody);
	return 0;
}

/* A message of the older versions, about one group. */
static __always_inline int weft_mcast_one(struct weft_pkt *p, struct weft_addr *group, int leave)
{
	if (!weft_addr_is_group(group, p->h.version))
		return -WEFT_DROP_MULTICAST_INVALID;
	if (weft_mcast_for_all(group, p->h.version))
		return 0;
	if (leave)
		return weft_mcast_leave(p, group) && !p->from_underlay ? WEFT_ACT_TAKEN : 0;
	weft_mcast_join(p, group);
	return 0;
}

static __always_inline int weft_mcast_igmp(weft_ctx *ctx, struct weft_pkt *p)
{
	struct weft_addr group = {};
	__u8 type;

	if (p->h.l4_len < 8 || ctx_load(ctx, p->h.l4_off, &type, sizeof(type)) ||
	    ctx_load(ctx, p->h.l4_off + 4, group.bytes + 12, 4) || !weft_mcast_intact(ctx, p))
		return -WEFT_DROP_MULTICAST_INVALID;
	group.words[2] = bpf_htonl(0xffff);
	switch (type) {
	case WEFT_IGMP_QUERY:
		return weft_mcast_query(p, &group);
	case WEFT_IGMP_REPORT:
	case WEFT_IGMP2_REPORT:
	case WEFT_IGMP2_LEAVE:
		p->copies = WEFT_COPIES_ROUTERS;
		weft_mcast_count(p, 0);
		return weft_mcast_one(p, &group, type == WEFT_IGMP2_LEAVE);
	case WEFT_IGMP3_REPORT:
		p->copies = WEFT_COPIES_ROUTERS;
		weft_mcast_count(p, 0);
		return weft_mcast_records(ctx, p);
	}
	return 0;
}

static __always_inline int weft_is_mld(const struct weft_hdrs *h)
{
	return h->l4_proto == IPPROTO_ICMPV6 &&
	       ((h->icmp_type >= WEFT_MLD_QUERY && h->icmp_type <= WEFT_MLD_DONE) ||
		h->icmp_type == WEFT_MLD2_REPORT);
}

/* Spec: RFC 3810 section 5.2.13 and RFC 3590 (source), section 5 (hop limit). */
static __always_inline int weft_mcast_mld(weft_ctx *ctx, struct weft_pkt *p)
{
	int link = p->h.saddr.words[0] == bpf_htonl(0xfe800000);
	struct weft_addr group = {};
	__u8 type = p->h.icmp_type;

	if (p->h.ttl != 1 || (!link && (type == WEFT_MLD_QUERY || !weft_addr_is_zero(&p->h.saddr))))
		return -WEFT_DROP_MULTICAST_INVALID;
	if (!weft_mcast_intact(ctx, p))
		return -WEFT_DROP_MULTICAST_INVALID;
	if (type != WEFT_MLD2_REPORT &&
	    (p->h.l4_len < 24 || ctx_load(ctx, p->h.l4_off + 8, &group, sizeof(group))))
		return -WEFT_DROP_MULTICAST_INVALID;
	if (type == WEFT_MLD_QUERY)
		return weft_mcast_query(p, &group);
	p->copies = WEFT_COPIES_ROUTERS;
	weft_mcast_count(p, 0);
	if (type == WEFT_MLD2_REPORT)
		return weft_mcast_records(ctx, p);
	return weft_mcast_one(p, &group, type == WEFT_MLD_DONE);
}

/**
 * weft_snoop - stage 4e.
 * @p: to a group MAC address; sets copies.
 *
 * A global function, verified once on its own. A record that leaves may be rewritten, so that
 * packet pointers are dead after.
 * Return: 0 it is to be flooded, to p->copies; WEFT_ACT_TAKEN; -WEFT_DROP_MULTICAST_INVALID;
 * -WEFT_DROP_MULTICAST_QUERY.
 */
__attribute__((noinline)) int weft_snoop(weft_ctx *ctx, struct weft_pkt *p)
{
	if (!p)
		return -WEFT_DROP_NETWORK_UNKNOWN;
	if (!p->h.version || !weft_addr_is_group(&p->h.daddr, p->h.version) ||
	    weft_mac_is_broadcast(p->h.dmac))
		return 0;
	if (!(p->h.flags & WEFT_H_FRAG)) {
		if (p->h.version == 4 && p->h.l4_proto == WEFT_IP_P_IGMP)
			return weft_mcast_igmp(ctx, p);
		if (p->h.version == 6 && weft_is_mld(&p->h))
			return weft_mcast_mld(ctx, p);
	}
	if (!weft_mcast_for_all(&p->h.daddr, p->h.version))
		p->copies = WEFT_COPIES_GROUP;
	return 0;
}

#endif
