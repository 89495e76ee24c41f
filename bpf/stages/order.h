/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * What the loader has done to flows and learned addresses, by running tc_flow_order on a struct
 * weft_flow_order, and tc_learn_order on a struct weft_learn_order: only a program can start and
 * cancel the kernel's timers, and count along.
 */
#ifndef WEFT_BPF_STAGES_ORDER_H
#define WEFT_BPF_STAGES_ORDER_H

#include <stddef.h>

#include "flow_table.h"
#include "learn.h"

/* An entry that was copied in. One whose timer runs was counted before. */
static __always_inline int weft_flow_adopt(struct weft_flow_key *key)
{
	struct weft_flow_entry *e = bpf_map_lookup_elem(&weft_flows, key);

	int armed;

	if (!e)
		return 0;
	armed = weft_flow_arm(key, e);
	if (armed == WEFT_EBUSY)
		return 1;
	e->flow.flags &= ~WEFT_FLOW_COUNTED;
	if (armed < 0)
		bpf_map_delete_elem(&weft_flows, key);
	else
		weft_flow_charge(&e->flow, key->network);
	return 1;
}

/**
 * struct weft_order_run - where the walk over an order stands.
 * @done: keys that had an entry.
 */
struct weft_order_run {
	weft_ctx *ctx;
	__u32 done;
	__u32 kind;
};

static long weft_order_key(__u32 i, void *arg)
{
	struct weft_order_run *r = arg;
	struct weft_flow_key key;

	if (i >= WEFT_FLOW_ORDER_KEYS ||
	    ctx_load(r->ctx, offsetof(struct weft_flow_order, keys) + i * sizeof(key), &key,
		     sizeof(key)))
		return 1;
	r->done += r->kind == WEFT_FLOW_ADOPT ? weft_flow_adopt(&key) : weft_flow_forget(&key);
	return 0;
}

static long weft_order_mac(__u32 i, void *arg)
{
	struct weft_order_run *r = arg;
	struct weft_fdb_key key;

	if (i >= WEFT_LEARN_ORDER_KEYS ||
	    ctx_load(r->ctx, offsetof(struct weft_learn_order, keys) + i * sizeof(key), &key,
		     sizeof(key)))
		return 1;
	r->done +=
		r->kind == WEFT_LEARN_ADOPT ? weft_learned_adopt(&key) : weft_learned_forget(&key);
	return 0;
}

/** weft_flow_orders - carry out an order. Return: how many of its keys had an entry. */
static __always_inline int weft_flow_orders(weft_ctx *ctx)
{
	struct weft_order_run r = {.ctx = ctx};
	__u16 kind;
	__u32 n;

	if (ctx_load(ctx, offsetof(struct weft_flow_order, kind), &kind, sizeof(kind)) ||
	    ctx_load(ctx, offsetof(struct weft_flow_order, n), &n, sizeof(n)))
		return 0;
	r.kind = kind;
	r.done = bpf_ktime_get_ns() >> 63; /* 0; but see weft_flood_begin */
	bpf_loop(n < WEFT_FLOW_ORDER_KEYS ? n : WEFT_FLOW_ORDER_KEYS, weft_order_key, &r, 0);
	return r.done;
}

/** weft_learn_orders - the same for learned addresses. */
static __always_inline int weft_learn_orders(weft_ctx *ctx)
{
	struct weft_order_run r = {.ctx = ctx};
	__u16 kind;
	__u32 n;

	if (ctx_load(ctx, offsetof(struct weft_learn_order, kind), &kind, sizeof(kind)) ||
	    ctx_load(ctx, offsetof(struct weft_learn_order, n), &n, sizeof(n)))
		return 0;
	r.kind = kind;
	r.done = bpf_ktime_get_ns() >> 63; /* 0; but see weft_flood_begin */
	bpf_loop(n < WEFT_LEARN_ORDER_KEYS ? n : WEFT_LEARN_ORDER_KEYS, weft_order_mac, &r, 0);
	return r.done;
}

#endif
