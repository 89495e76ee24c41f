/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The flow tables: find, make, establish, forget. Which table an entry belongs to is in
 * weft/flow.h; what its packets do to it is in flow.h and flow_miss.h.
 *
 *     first packet ──> weft_flows_new, or weft_flows_over for a port with more than its share
 *     established  ──> weft_flows, with a kernel timer; or weft_flows_over, as above
 */
#ifndef WEFT_BPF_STAGES_FLOW_TABLE_H
#define WEFT_BPF_STAGES_FLOW_TABLE_H

#include <stddef.h>
#include <linux/in.h>

#include "../lib/stats.h"
#include "../maps.h"
#include "../pkt.h"

#define WEFT_NS_PER_MS     1000000ULL
#define WEFT_NS_PER_S      1000000000ULL
#define WEFT_STREAM_AGE_NS (2 * WEFT_NS_PER_S) /* a datagram flow this old is worth a place */
#define WEFT_CLOCK_MONO    1                   /* CLOCK_MONOTONIC; <time.h> is not for BPF */

/** enum weft_flow_table - where an entry was found. */
enum weft_flow_table {
	WEFT_TABLE_NONE,
	WEFT_TABLE_FLOWS,
	WEFT_TABLE_NEW,
	WEFT_TABLE_OVER,
};

/**
 * struct weft_scratch - what is too large for the stack.
 * @flow: an entry being put together.
 * @timer: with it makes a struct weft_flow_entry: room for the kernel's timer, which begins as
 * zero. Its own type would not do, for nobody may copy a timer.
 * @learned: the same of weft_learned.
 * @key: of the packet's flow.
 * @quote, @quote_key: the packet that an ICMP error quotes, and its flow.
 * @late: see weft_flow_arm_late.
 * @refused: tick in which this CPU last gave up to establish a flow, for want of a timer. Until it
 * is over the kernel is not asked again, which would cost every packet an entry made for nothing.
 */
struct weft_scratch {
	struct weft_flow flow;
	__u64 timer[2];
	struct weft_learned learned;
	struct weft_flow_key key;
	struct weft_flow_key quote_key;
	struct weft_hdrs quote;
	struct weft_flow_key late;
	__u32 refused;
	__u32 pad;
};
_Static_assert(offsetof(struct weft_scratch, timer) == offsetof(struct weft_flow_entry, timer),
	       "copied to it");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct weft_scratch);
} weft_scratch SEC(".maps");

static __always_inline struct weft_scratch *weft_scratch_of(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&weft_scratch, &zero);
}

static __always_inline __u32 weft_ticks(void)
{
	return (__u32)bpf_jiffies64();
}

static __always_inline const struct weft_flow_conf *weft_flow_conf_of(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&weft_flow_conf, &zero);
}

static __always_inline struct weft_flow_stat *weft_flow_stat_of(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&weft_flow_stat, &zero);
}

/*
 * Nanoseconds until @f times out, counted from now; 0 = it has. The index is used before the call,
 * and at once: Linux 6.1 forgets what it has learned of a number that is saved across one.
 */
static __always_inline __u64 weft_flow_left(const struct weft_flow *f)
{
	const struct weft_flow_conf *conf = weft_flow_conf_of();
	__u32 state = f->state;
	__u64 idle, life;

	if (!conf || state >= __WEFT_FLOW_STATE_MAX)
		return 0;
	life = *(const volatile __u32 *)&conf->timeout_ms[state] * WEFT_NS_PER_MS;
	idle = (__u64)(weft_ticks() - f->seen) * conf->tick_ns;
	return life > idle ? life - idle : 0;
}

static __always_inline struct weft_flow_use *weft_port_use(__u32 port)
{
	return bpf_map_lookup_elem(&weft_flow_use, &port);
}

static __always_inline struct weft_flow_use *weft_network_use(__u32 network)
{
	return bpf_map_lookup_elem(&weft_net_use, &network);
}

static __always_inline void weft_use_add(struct weft_flow_use *u)
{
	if (u)
		__sync_fetch_and_add(&u->established, 1);
}

static __always_inline void weft_use_sub(struct weft_flow_use *u)
{
	if (u && u->established)
		__sync_fetch_and_add(&u->established, -1);
}

static __always_inline __u32 weft_hop_port(const struct weft_hop *hop)
{
	return hop->kind == WEFT_HOP_LOCAL ? hop->port : 0;
}

/** weft_flow_charge - count @f where it belongs: with its local ports and its network. */
static __always_inline void weft_flow_charge(struct weft_flow *f, __u32 network)
{
	__u32 a = weft_hop_port(&f->hop[0]), b = weft_hop_port(&f->hop[1]);

	if (a)
		weft_use_add(weft_port_use(a));
	if (b)
		weft_use_add(weft_port_use(b));
	weft_use_add(weft_network_use(network));
	f->flags |= WEFT_FLOW_COUNTED;
}

/** weft_flow_discharge - and undo that. */
static __always_inline void weft_flow_discharge(struct weft_flow *f, __u32 network)
{
	__u32 a = weft_hop_port(&f->hop[0]), b = weft_hop_port(&f->hop[1]);

	if (!(f->flags & WEFT_FLOW_COUNTED))
		return;
	f->flags &= ~WEFT_FLOW_COUNTED;
	if (a)
		weft_use_sub(weft_port_use(a));
	if (b)
		weft_use_sub(weft_port_use(b));
	weft_use_sub(weft_network_use(network));
}

static int weft_flow_timer(void *map, struct weft_flow_key *key, struct weft_flow_entry *e);

/* Entries of weft_flows that the kernel had no timer for, oldest first. Linux 6.18 refuses in
 * bursts, however much memory there is. */
struct {
	__uint(type, BPF_MAP_TYPE_QUEUE);
	__uint(max_entries, 4096);
	__type(value, struct weft_flow_key);
} weft_flow_untimed SEC(".maps");

#define WEFT_EBUSY 16 /* <errno.h> is not for BPF */

/*
 * The first time; from then on the callback and weft_flow_rearm() carry on. Return: 0, also if the
 * timer has to wait; WEFT_EBUSY: it has one; -1: it will never get one, and must not stay.
 */
static __always_inline int weft_flow_arm(struct weft_flow_key *key, struct weft_flow_entry *e)
{
	long err = bpf_timer_init(&e->timer, &weft_flows, WEFT_CLOCK_MONO);

	if (err == -WEFT_EBUSY)
		return WEFT_EBUSY;
	if (err)
		return bpf_map_push_elem(&weft_flow_untimed, key, 0) ? -1 : 0;
	bpf_timer_set_callback(&e->timer, weft_flow_timer);
	bpf_timer_start(&e->timer, weft_flow_left(&e->flow), 0);
	return 0;
}

/**
 * weft_flow_arm_late - arm what has waited longest for its timer. Asked with every flow that is
 * established, so that of any burst nothing is left before long.
 *
 * A global function, verified once.
 */
__attribute__((noinline)) int weft_flow_arm_late(void)
{
	struct weft_scratch *s = weft_scratch_of();
	struct weft_flow_entry *e;

	if (!s || bpf_map_pop_elem(&weft_flow_untimed, &s->late))
		return 0;
	e = bpf_map_lookup_elem(&weft_flows, &s->late);
	return e ? weft_flow_arm(&s->late, e) : 0;
}

/** weft_flow_rearm - the state has changed, and with it the timeout. */
static __always_inline void weft_flow_rearm(struct weft_flow_key *key)
{
	struct weft_flow_entry *e = bpf_map_lookup_elem(&weft_flows, key);

	if (e)
		bpf_timer_start(&e->timer, weft_flow_left(&e->flow), 0);
}

/** weft_flow_drop - remove the entry of weft_flows. */
static __always_inline void weft_flow_drop(struct weft_flow_key *key, struct weft_flow *f)
{
	struct weft_flow_stat *stat = weft_flow_stat_of();

	weft_flow_discharge(f, key->network);
	bpf_map_delete_elem(&weft_flows, key);
	if (stat)
		stat->ended++;
}

/* Nobody re-arms the timer for a packet: it finds out here how long the flow has been idle. */
static int weft_flow_timer(void *map, struct weft_flow_key *key, struct weft_flow_entry *e)
{
	__u64 left = weft_flow_left(&e->flow);

	if (left)
		bpf_timer_start(&e->timer, left, 0);
	else
		weft_flow_drop(key, &e->flow);
	return 0;
}

/* Entries of the other two tables have no timer: they are over when somebody looks. */
static __always_inline struct weft_flow *weft_flow_find_lru(struct weft_flow_key *key, __u8 *table)
{
	struct weft_flow *f = bpf_map_lookup_elem(&weft_flows_new, key);

	*table = WEFT_TABLE_NEW;
	if (!f) {
		f = bpf_map_lookup_elem(&weft_flows_over, key);
		*table = WEFT_TABLE_OVER;
	}
	if (f && weft_flow_left(f))
		return f;
	*table = WEFT_TABLE_NONE;
	return 0;
}

/** weft_flow_find - the entry of @key in any table; @table receives which. */
static __always_inline struct weft_flow *weft_flow_find(struct weft_flow_key *key, __u8 *table)
{
	struct weft_flow_entry *e = bpf_map_lookup_elem(&weft_flows, key);

	*table = WEFT_TABLE_FLOWS;
	return e ? &e->flow : weft_flow_find_lru(key, table);
}

/** weft_flow_forget - remove the entry of @key from wherever it is. Return: whether it was. */
static __always_inline int weft_flow_forget(struct weft_flow_key *key)
{
	struct weft_flow_entry *e = bpf_map_lookup_elem(&weft_flows, key);
	int any = 0;

	if (e) {
		weft_flow_drop(key, &e->flow);
		any = 1;
	}
	any |= !bpf_map_delete_elem(&weft_flows_new, key);
	any |= !bpf_map_delete_elem(&weft_flows_over, key);
	return any;
}

/*
 * Has @port begun more than its share of flows? Charges it with one more. Seconds are counted
 * down lazily: whoever comes first in a new second halves what was before.
 */
static __always_inline int weft_begun_over(__u32 port, const struct weft_flow_conf *conf)
{
	struct weft_flow_use *u = weft_port_use(port);
	__u32 now, past;

	if (!u)
		return 0;
	now = bpf_ktime_get_ns() / WEFT_NS_PER_S;
	past = now - u->second;
	if (past) {
		u->second = now;
		u->begun = past < 32 ? u->begun >> past : 0;
	}
	if (u->begun >= conf->new_per_port) {
		__sync_fetch_and_add(&u->over, 1);
		return 1;
	}
	u->begun++;
	return 0;
}

static __always_inline void weft_clock_set(void)
{
	__u32 zero = 0;
	struct weft_flow_clock *c = bpf_map_lookup_elem(&weft_flow_clock, &zero);

	if (!c)
		return;
	c->ns = bpf_ktime_get_ns();
	c->ticks = bpf_jiffies64();
}

/**
 * weft_flow_begin - make an entry for a first packet.
 * @f: the entry, which is copied.
 * @port: the local port to charge: the sender's, or that of whom a remote sender speaks to.
 */
static __always_inline void weft_flow_begin(struct weft_flow_key *key, struct weft_flow *f,
					    __u32 port)
{
	const struct weft_flow_conf *conf = weft_flow_conf_of();
	struct weft_flow_stat *stat = weft_flow_stat_of();
	int over, err;

	if (!conf || !stat)
		return;
	weft_clock_set();
	over = weft_begun_over(port, conf);
	if (over)
		err = bpf_map_update_elem(&weft_flows_over, key, f, BPF_ANY);
	else
		err = bpf_map_update_elem(&weft_flows_new, key, f, BPF_ANY);
	trace_result(WEFT_TRACE_BEGIN, over ? WEFT_TABLE_OVER : WEFT_TABLE_NEW);
	stat->created++;
	stat->over += over;
	stat->lost += !!err;
}

/* Has one of the ports, or the network, as many established flows as it may? */
static __always_inline int weft_use_full(struct weft_flow_use *u, __u32 most)
{
	if (!u || u->established < most)
		return 0;
	__sync_fetch_and_add(&u->over, 1);
	return 1;
}

static __always_inline int weft_flow_has_share(const struct weft_flow *f, __u32 network,
					       const struct weft_flow_conf *conf)
{
	__u32 a = weft_hop_port(&f->hop[0]), b = weft_hop_port(&f->hop[1]);

	return !(a && weft_use_full(weft_port_use(a), conf->per_port)) &&
	       !(b && weft_use_full(weft_port_use(b), conf->per_port)) &&
	       !weft_use_full(weft_network_use(network), conf->per_network);
}

/* It is not half-open any more: it does not count as begun. */
static __always_inline void weft_begun_sub(__u32 port)
{
	struct weft_flow_use *u = port ? weft_port_use(port) : 0;

	if (u && u->begun)
		u->begun--;
}

/* Copy @f from its LRU table to weft_flows. Return: whether it is there now. */
static __always_inline int weft_flow_insert(struct weft_flow_key *key, const struct weft_flow *f)
{
	struct weft_flow_stat *stat = weft_flow_stat_of();
	struct weft_scratch *copy = weft_scratch_of();
	struct weft_flow_entry *e;

	if (!stat || !copy)
		return 0;
	copy->flow = *f;
	if (bpf_map_update_elem(&weft_flows, key, copy, BPF_NOEXIST)) {
		stat->full++;
		return 0;
	}
	e = bpf_map_lookup_elem(&weft_flows, key);
	if (!e)
		return 0;
	weft_flow_charge(&e->flow, key->network);
	if (weft_flow_arm(key, e) < 0) {
		copy->refused = weft_ticks();
		weft_flow_drop(key, &e->flow);
		return 0;
	}
	weft_flow_arm_late();
	weft_flow_arm_late(); /* twice: they become fewer */
	trace_result(WEFT_TRACE_SETTLE, WEFT_TABLE_FLOWS);
	stat->established++;
	return 1;
}

/**
 * weft_flow_establish - give a flow that both sides agree to a place that no flood takes away.
 * @f: its entry in an LRU table; dead if this returns true.
 *
 * Without a share left, or without room, it goes on as it is, in weft_flows_over: there it competes
 * with its like, and is tried again with its next packet. In a tick in which the kernel has refused
 * a timer it stays where it is.
 * Return: true if it has moved.
 */
static __always_inline int weft_flow_establish(struct weft_flow_key *key, struct weft_flow *f,
					       __u8 table)
{
	const struct weft_flow_conf *conf = weft_flow_conf_of();
	const struct weft_scratch *s = weft_scratch_of();

	if (!conf || !s || s->refused == weft_ticks())
		return 0;
	if (weft_flow_has_share(f, key->network, conf) && weft_flow_insert(key, f)) {
		weft_begun_sub(weft_hop_port(&f->hop[0]));
		weft_begun_sub(weft_hop_port(&f->hop[1]));
	} else if (table == WEFT_TABLE_OVER ||
		   bpf_map_update_elem(&weft_flows_over, key, f, BPF_ANY)) {
		return 0;
	}
	if (table == WEFT_TABLE_NEW)
		bpf_map_delete_elem(&weft_flows_new, key);
	else
		bpf_map_delete_elem(&weft_flows_over, key);
	return 1;
}

#endif
