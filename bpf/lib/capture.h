/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * What `weft capture` sees: drops where they are counted (stats.h), all else at the exit (exit.h).
 * While nobody captures, that is one array look-up and a branch.
 *
 * The frame's bytes go from the packet straight into the reader's buffer: neither they nor the
 * record need room on the stack or a map of their own size.
 */
#ifndef WEFT_BPF_LIB_CAPTURE_H
#define WEFT_BPF_LIB_CAPTURE_H

#include <weft/capture.h>

#include "../maps.h"
#include "../pkt.h"

_Static_assert((int)WEFT_CAP_PASSED == WEFT_ACT_PASS &&
		       (int)WEFT_CAP_DELIVERED == WEFT_ACT_DELIVER &&
		       (int)WEFT_CAP_SENT == WEFT_ACT_SEND &&
		       (int)WEFT_CAP_FLOODED == WEFT_ACT_FLOOD &&
		       (int)WEFT_CAP_ANSWERED == WEFT_ACT_REPLY &&
		       (int)WEFT_CAP_REFUSED == WEFT_ACT_REFUSE &&
		       (int)WEFT_CAP_TAKEN == WEFT_ACT_TAKEN,
	       "a verdict is an action");

static __always_inline int weft_cap_on(void)
{
	__u32 zero = 0;
	const struct weft_cap_conf *conf = bpf_map_lookup_elem(&weft_cap_conf, &zero);

	return conf && conf->until_ns;
}

/* Bytes of outer headers in front of a frame that was @len bytes long before it got them. */
static __always_inline __u32 weft_cap_offset(const struct weft_cap_rec *r, __u32 len)
{
	if (r->from_underlay || len <= r->len || r->out_port)
		return 0;
	if (r->verdict != WEFT_CAP_SENT && r->verdict != WEFT_CAP_FLOODED &&
	    r->reason != WEFT_DROP_ENCAP_FAILED && r->reason != WEFT_DROP_REPLICA_LOST)
		return 0;
	return len - r->len;
}

static __always_inline int weft_cap_matches(const struct weft_cap_conf *conf,
					    const struct weft_cap_rec *r)
{
	if ((conf->flags & WEFT_CAP_DROPS) && r->verdict != WEFT_CAP_DROPPED)
		return 0;
	if (conf->reason && conf->reason != r->reason)
		return 0;
	if (conf->network && conf->network != r->network)
		return 0;
	return !conf->port || conf->port == r->port || conf->port == r->out_port;
}

/* May there be a record now? Of two CPUs that ask at the same time, one gets no for an answer. */
static __always_inline int weft_cap_allowed(struct weft_cap_conf *conf, __u64 now)
{
	__u64 next = conf->next_ns;
	__u64 at = next > now ? next : now;

	if (!conf->interval_ns)
		return 1;
	if (at - now > WEFT_CAP_BURST_NS)
		return 0;
	return __sync_val_compare_and_swap(&conf->next_ns, next, at + conf->interval_ns) == next;
}

static __always_inline void weft_cap_measure(const struct weft_cap_conf *conf,
					     struct weft_cap_rec *r, weft_ctx *ctx)
{
	__u32 len = ctx_len(ctx);

	r->offset = weft_cap_offset(r, len);
	r->len = len - r->offset;
	r->cap_len = r->len < conf->snaplen ? r->len : conf->snaplen;
	r->vlan = ctx_vlan_tag(ctx);
}

/* Who it came in by: @p->port may be the one whose policies deny it. */
static __always_inline __u32 weft_cap_port(const struct weft_pkt *p)
{
	__u32 ifindex = p->ifindex;
	const struct weft_port *port;

	if (p->here.port)
		return p->here.port;
	port = bpf_map_lookup_elem(&weft_ports, &ifindex);
	return port ? port->id : 0;
}

static __always_inline void weft_cap_describe(struct weft_cap_rec *r, const struct weft_pkt *p,
					      __u32 port, int verdict, __u32 reason)
{
	r->len = p->len;
	r->gso_size = p->gso_size;
	r->segs = p->segs;
	r->ifindex = p->ifindex;
	r->port = weft_cap_port(p);
	r->out_port = port != r->port ? port : 0;
	r->tunnel = p->tunnel;
	r->rule = p->rule;
	r->network = p->network;
	r->reason = reason;
	r->verdict = verdict;
	r->hook = ctx_is_xdp() ? WEFT_CAP_XDP : WEFT_CAP_TC;
	r->from_underlay = p->from_underlay;
}

static __always_inline void weft_cap_output(struct weft_cap_stat *stat, struct weft_cap_rec *r,
					    weft_ctx *ctx)
{
	__u64 bytes = r->offset + r->cap_len;

	r->unsaid = stat->unsaid;
	if (bpf_perf_event_output(ctx, &weft_cap_out, BPF_F_CURRENT_CPU | bytes << 32, r,
				  sizeof(*r))) {
		stat->lost++;
		stat->unsaid++;
		return;
	}
	stat->recorded++;
	stat->unsaid = 0;
}

/**
 * weft_cap_write - record a packet, if it is wanted.
 * @port: WEFT_CAP_DROPPED: whom the drop is counted against; else where it is delivered to; 0 =
 *        nobody.
 * @verdict: enum weft_cap_verdict.
 * @reason: enum weft_drop, or 0.
 *
 * A global function, verified once on its own and not for every path that leads here.
 * Return: 0.
 */
__attribute__((noinline)) int weft_cap_write(weft_ctx *ctx, struct weft_pkt *p, __u32 port,
					     int verdict, __u32 reason)
{
	__u32 zero = 0;
	struct weft_cap_conf *conf = bpf_map_lookup_elem(&weft_cap_conf, &zero);
	struct weft_cap_stat *stat = bpf_map_lookup_elem(&weft_cap_stat, &zero);
	struct weft_cap_rec *r = bpf_map_lookup_elem(&weft_cap_rec, &zero);
	__u64 now = bpf_ktime_get_ns();
	__u64 until;

	if (!p || !conf || !stat || !r)
		return 0;
	until = conf->until_ns;
	if (now > until) { /* unless it has been renewed just now */
		__sync_val_compare_and_swap(&conf->until_ns, until, 0);
		return 0;
	}
	weft_cap_describe(r, p, port, verdict, reason);
	if (!weft_cap_matches(conf, r))
		return 0;
	stat->seen++;
	if (conf->sample > 1 && bpf_get_prandom_u32() % conf->sample)
		return 0;
	if (!weft_cap_allowed(conf, now)) {
		stat->limited++;
		stat->unsaid++;
		return 0;
	}
	r->time_ns = now;
	weft_cap_measure(conf, r, ctx);
	weft_cap_output(stat, r, ctx);
	return 0;
}

/** weft_cap_drop - let a capture see a packet that is lost. weft_count_drop_at() does that. */
static __always_inline void weft_cap_drop(weft_ctx *ctx, struct weft_pkt *p, __u32 port,
					  __u32 reason)
{
	if (weft_cap_on())
		weft_cap_write(ctx, p, port, WEFT_CAP_DROPPED, reason);
}

/** weft_cap_seen - let a capture see a packet that ends in a final action other than a drop. */
static __always_inline void weft_cap_seen(weft_ctx *ctx, struct weft_pkt *p, int act)
{
	if (weft_cap_on())
		weft_cap_write(ctx, p, p->out_port, act, 0);
}

#endif
