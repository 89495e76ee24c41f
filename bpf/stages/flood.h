/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Stage 4b, flood: one copy for every other member of the network. Called by forward.h for
 * broadcast, multicast and unknown unicast; head-end replication, as RFC 7432 calls it.
 *
 * Local members first, while the frame is as it came. Then, for a frame from a port, the remote
 * ones: those whose tunnels have the shortest header, and so on up to the longest, so that the room
 * in front only ever grows. A frame from the underlay goes to local members only (split horizon).
 *
 * Every copy but the last is a clone; the last is the frame itself.
 */
#ifndef WEFT_BPF_STAGES_FLOOD_H
#define WEFT_BPF_STAGES_FLOOD_H

#include "deliver.h"
#include "encap.h"
#include "multicast.h"
#include "policy.h"

#define WEFT_FLOOD_MAX    (1 << 16) /* slots visited at most */
#define WEFT_FLOOD_PASSES 5         /* lengths of headers there are: 28, 36, 48, 56, 68 */

/**
 * struct weft_flood_run - one pass over a replication list.
 * @last: the member that waits: it gets a clone if another one turns up, else the frame itself.
 * @slot, @slots: of the tunnels: the next to visit, and how many there are.
 * @waiting: @last is set.
 * @room: bytes of header that the frame has in front of the inner one.
 * @family, @encap: of the tunnel that the room was made for, where the kernel was told.
 * @by_ingress: the frame cannot leave by redirect_neigh.
 * @header: tunnels with this length of header only.
 * @next: of the longer ones that were met, the shortest; 255 = none was.
 * @judged: the policies of local members are asked.
 * @denied: one of them denied its copy.
 */
struct weft_flood_run {
	weft_ctx *ctx;
	struct weft_pkt *p;
	struct weft_flood_member last;
	__u32 slot;
	__u32 slots;
	__u8 waiting;
	__u8 room;
	__u8 family;
	__u8 encap;
	__u8 by_ingress;
	__u8 header;
	__u8 next;
	__u8 judged;
	__u8 denied;
};

#define WEFT_FLOOD_NO_NEXT 255

/*
 * Nobody waits, nothing is grown. But the verifier must not know: before Linux 6.7 it looks at the
 * function that bpf_loop calls as if it were called once, and cuts out what that first call does
 * not reach. So whatever the calls leave for each other starts as a number that it cannot tell.
 */
static __always_inline void weft_flood_begin(struct weft_flood_run *r, weft_ctx *ctx,
					     struct weft_pkt *p)
{
	__u32 any = bpf_get_prandom_u32();
	__u8 no = bpf_ktime_get_ns() >> 63;

	r->ctx = ctx;
	r->p = p;
	r->last.ifindex = any;
	r->last.port = any;
	r->last.tunnel = any;
	r->waiting = no;
	r->room = no;
	r->family = no;
	r->encap = no;
	r->by_ingress = no;
	r->judged = weft_is_judged(&p->h) || p->tag;
	r->denied = no;
}

/*
 * Room for the header of @t, given what is there already. The kernel was told once what kind of
 * tunnel this is. For a frame by itself that matters little, it is read anew behind the uplink's
 * ingress; but it cuts segments as it was told, and cannot be told again.
 */
static __always_inline long weft_flood_grow(struct weft_flood_run *r, struct weft_tunnel *t)
{
	int same = t->family == r->family &&
		   (t->encap == WEFT_ENCAP_NVGRE) == (r->encap == WEFT_ENCAP_NVGRE);
	long err = 0;

	if (r->room) {
		if (r->p->gso_size &&
		    (t->encap == WEFT_ENCAP_NVGRE) != (r->encap == WEFT_ENCAP_NVGRE))
			return -1;
		if (t->header_len != r->room)
			err = bpf_skb_change_head(r->ctx, t->header_len - r->room, 0);
		if (t->header_len != r->room || !same)
			r->by_ingress = 1;
	} else {
		err = weft_encap_room(r->ctx, r->p, t);
		if (err < 0)
			return err;
		if (err == WEFT_ENCAP_PUSHED) {
			r->by_ingress = 1;
		} else {
			r->family = t->family;
			r->encap = t->encap;
		}
		err = 0;
	}
	if (!err)
		r->room = t->header_len;
	return err;
}

/* Make the frame tunnel @m's. Return: the tunnel, or NULL if that is impossible. */
static __always_inline const struct weft_tunnel *weft_flood_wrap(struct weft_flood_run *r,
								 const struct weft_flood_member *m)
{
	struct weft_tunnel *t = weft_tunnel_of(m->tunnel);

	if (!t || weft_flood_grow(r, t) || weft_encap_write(r->ctx, r->p, t) ||
	    weft_encap_tag(r->ctx, r->p, t))
		return 0;
	return t;
}

static __always_inline void weft_count_copy(const struct weft_pkt *p, __u32 port)
{
	struct weft_net_stat *n = weft_net_stat_of(p);
	const struct weft_tags *t = port ? weft_tags_of(port) : 0;

	if (port)
		weft_count_to_port(p, port);
	if (n)
		weft_count(port && !(t && t->wire) ? &n->to_ports : &n->to_underlay, p);
}

static __always_inline long weft_clone_to_tunnel(struct weft_flood_run *r,
						 const struct weft_flood_member *m)
{
	const struct weft_tunnel *t = weft_flood_wrap(r, m);
	weft_ctx *ctx = r->ctx;
	__u32 mark = ctx->mark;
	long err;

	if (!t)
		return -1;
	ctx->mark = WEFT_MARK_SEND;
	err = trace_clone(ctx, m, t->ifindex, BPF_F_INGRESS);
	ctx->mark = mark;
	return err;
}

static __always_inline void weft_count_clone(weft_ctx *ctx, struct weft_pkt *p, __u32 port,
					     long err)
{
	if (err)
		weft_count_drop(ctx, p, WEFT_DROP_REPLICA_LOST);
	else
		weft_count_copy(p, port);
}

/* Somebody comes after the port @last: give it a clone, with the tags that it has there. */
static __attribute__((noinline)) void weft_clone_to_port(struct weft_flood_run *r)
{
	int tags = weft_tags_put_on(r->ctx, r->p, r->last.port);
	long err = tags < 0 ? tags : trace_clone(r->ctx, &r->last, r->last.ifindex, 0);

	weft_tags_take_off(r->ctx, tags);
	weft_count_clone(r->ctx, r->p, r->last.port, err);
}

/* The same, where @last may also be a tunnel. */
static __attribute__((noinline)) void weft_flood_clone(struct weft_flood_run *r)
{
	if (r->last.port)
		weft_clone_to_port(r);
	else
		weft_count_clone(r->ctx, r->p, 0, weft_clone_to_tunnel(r, &r->last));
}

/* Nobody comes after @last: it gets the frame itself. */
static __always_inline int weft_last_to_port(struct weft_flood_run *r)
{
	if (weft_tags_put_on(r->ctx, r->p, r->last.port) < 0)
		return -WEFT_DROP_REPLICA_LOST;
	trace_copy(r->ctx, &r->last);
	weft_count_copy(r->p, r->last.port);
	bpf_redirect(r->last.ifindex, 0);
	return WEFT_ACT_FLOOD;
}

static __always_inline int weft_flood_last(struct weft_flood_run *r)
{
	const struct weft_tunnel *t;

	if (r->last.port)
		return weft_last_to_port(r);
	t = weft_flood_wrap(r, &r->last);
	if (!t)
		return -WEFT_DROP_REPLICA_LOST;
	trace_copy(r->ctx, &r->last);
	weft_count_copy(r->p, 0);
	if (r->by_ingress)
		weft_send_by_ingress(r->ctx, t->ifindex);
	else
		bpf_redirect_neigh(t->ifindex, 0, 0, 0);
	return WEFT_ACT_FLOOD;
}

static __always_inline const struct weft_flood_member *
weft_flood_member(const struct weft_flood_run *r, __u16 kind, __u32 slot)
{
	struct weft_flood_key key = {.network = r->p->network, .kind = kind, .slot = slot};

	return bpf_map_lookup_elem(&weft_flood, &key);
}

/* Every local member's own policies decide about its copy. Return: whether they deny it. */
static __attribute__((noinline)) int weft_flood_deny(struct weft_flood_run *r, __u32 port)
{
	int err = weft_judge_copy(r->p, port);

	if (!err)
		return 0;
	weft_count_drop_at(r->ctx, r->p, port, -err);
	r->denied = 1;
	return 1;
}

/* Nobody got a copy. Denied ones have been counted, each at its port; a report was for us. */
static __always_inline int weft_flood_nobody(const struct weft_flood_run *r)
{
	if (r->denied)
		return WEFT_ACT_DENIED;
	if (r->p->copies == WEFT_COPIES_ROUTERS)
		return WEFT_ACT_TAKEN;
	if (r->p->kept_apart)
		return -WEFT_DROP_ISOLATED;
	return r->p->copies == WEFT_COPIES_GROUP ? -WEFT_DROP_MULTICAST_NO_MEMBER
						 : -WEFT_DROP_NO_RECEIVER;
}

static long weft_flood_port(__u32 slot, void *arg)
{
	struct weft_flood_run *r = arg;
	const struct weft_flood_member *m = weft_flood_member(r, WEFT_FLOOD_PORT, slot);

	if (!m || m->port == r->p->here.port || !weft_copy_wanted(r->p, WEFT_FLOOD_PORT, m->port))
		return 0;
	if (r->judged && weft_flood_deny(r, m->port))
		return 0;
	if (r->waiting)
		weft_clone_to_port(r);
	r->last = *m;
	r->waiting = 1;
	return 0;
}

/* Is it this tunnel's turn, or a later pass's? One that is gone has its turn, and is lost. */
static __always_inline int weft_flood_turn(struct weft_flood_run *r, const struct weft_tunnel *t)
{
	if (!t || t->header_len == r->header)
		return 1;
	if (t->header_len > r->header && t->header_len < r->next)
		r->next = t->header_len;
	return 0;
}

/* One slot after the other, and from the first again while there are longer headers. */
static long weft_flood_tunnel(__u32 i, void *arg)
{
	struct weft_flood_run *r = arg;
	const struct weft_flood_member *m;

	if (r->slot >= r->slots) {
		if (r->next == WEFT_FLOOD_NO_NEXT)
			return 1;
		r->header = r->next;
		r->next = WEFT_FLOOD_NO_NEXT;
		r->slot = 0;
	}
	m = weft_flood_member(r, WEFT_FLOOD_TUNNEL, r->slot++);
	if (!m || !weft_flood_turn(r, weft_tunnel_of(m->tunnel)))
		return 0;
	if (r->p->copies && !weft_copy_wanted(r->p, WEFT_FLOOD_TUNNEL, m->tunnel))
		return 0;
	if (r->waiting)
		weft_flood_clone(r);
	r->last = *m;
	r->waiting = 1;
	return 0;
}

static __always_inline void weft_flood_ports(struct weft_flood_run *r, __u32 slots)
{
	bpf_loop(slots < WEFT_FLOOD_MAX ? slots : WEFT_FLOOD_MAX, weft_flood_port, r, 0);
}

/* See weft_flood_begin for what the verifier must not know. */
static __always_inline void weft_flood_tunnels(struct weft_flood_run *r,
					       const struct weft_network *net)
{
	__u8 no = bpf_ktime_get_ns() >> 63;
	__u32 slots = net->flood_tunnels;

	r->slots = slots < WEFT_FLOOD_MAX ? slots : WEFT_FLOOD_MAX;
	r->slot = no;
	r->header = net->flood_header;
	r->next = ~(no * 0xff);
	bpf_loop(r->slots * WEFT_FLOOD_PASSES + 1, weft_flood_tunnel, r, 0);
}

/**
 * weft_replicate - stage 4b: replicate a frame from a port.
 * @p: classified; becomes the last copy.
 * @net: its network.
 *
 * A flooded frame must fit every tunnel of the network, or its wire.
 * Return: WEFT_ACT_FLOOD; WEFT_ACT_REFUSE (too big, the sender was told); -WEFT_DROP_PKT_TOO_BIG;
 * -WEFT_DROP_NO_RECEIVER, -WEFT_DROP_ISOLATED, -WEFT_DROP_MULTICAST_NO_MEMBER; WEFT_ACT_DENIED;
 * WEFT_ACT_TAKEN; -WEFT_DROP_REPLICA_LOST (the last copy; the others are counted here).
 */
static __attribute__((noinline)) int weft_replicate(weft_ctx *ctx, struct weft_pkt *p,
						    const struct weft_network *net)
{
	struct weft_flood_run r;

	if (net->flood_tunnels || net->flags & WEFT_NET_WIRE) {
		if (!weft_fits(p, net->mtu))
			return weft_too_big(ctx, p, net->mtu);
		if (!weft_tag_fits(p, net->mtu))
			return -WEFT_DROP_PKT_TOO_BIG;
	}
	weft_flood_begin(&r, ctx, p);
	weft_flood_ports(&r, net->flood_ports);
	if (net->flood_tunnels)
		weft_flood_tunnels(&r, net);
	return r.waiting ? weft_flood_last(&r) : weft_flood_nobody(&r);
}

/**
 * weft_replicate_local - stage 4b for a frame from the underlay, which goes to no tunnel.
 * Return: as above, as far as it has to do with ports. If the
 * host has a part in the frame (p->shared): WEFT_ACT_SHARED.
 */
static __attribute__((noinline)) int weft_replicate_local(weft_ctx *ctx, struct weft_pkt *p,
							  const struct weft_network *net)
{
	struct weft_flood_run r;

	weft_flood_begin(&r, ctx, p);
	weft_flood_ports(&r, net->flood_ports);
	if (p->shared) {
		if (r.waiting)
			weft_clone_to_port(&r);
		return WEFT_ACT_SHARED;
	}
	return r.waiting ? weft_last_to_port(&r) : weft_flood_nobody(&r);
}

#endif
