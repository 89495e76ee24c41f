/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Flows and learned addresses that the loader wants gone, or adopted after it has copied them.
 *
 * Whoever deletes such an entry from user space leaves the counts of its port and network wrong,
 * and only a program can start a kernel timer. So a program does it, on keys that the loader hands
 * it: tc_flow_order or tc_learn_order, which are attached nowhere and run by BPF_PROG_TEST_RUN.
 */
#ifndef WEFT_LOADER_ORDERS_H
#define WEFT_LOADER_ORDERS_H

#include <stddef.h>

struct maps;

/** enum orders_about - what the keys are. */
enum orders_about {
	ORDERS_FLOWS,   /* struct weft_flow_key; kinds: enum weft_flow_order_kind */
	ORDERS_LEARNED, /* struct weft_fdb_key; kinds: enum weft_learn_order_kind */
	__ORDERS_MAX,
};

/** struct orders - the program, loaded. */
struct orders {
	enum orders_about about;
	int prog;
};

/**
 * orders_open - load the program on a node's maps.
 * @maps: all of them, as maps_open_pinned() opens them; only needed during the call.
 * @orders: uninitialised; orders_close() releases it, after a failure too.
 *
 * Return: 0; -ENOENT if @maps lacks one; another -errno if the kernel refuses the program:
 * bpf_log.h then has the verifier's word.
 */
int orders_open(const struct maps *maps, enum orders_about about, struct orders *orders);

/**
 * orders_run - have something done.
 * @kind: see enum orders_about.
 * @keys: may hold a key more than once, and keys that no table has.
 * @done: the number of keys that had an entry is added; may be NULL.
 *
 * A flow is looked for in all flow tables (WEFT_FLOW_ADOPT: in weft_flows alone). Some microseconds
 * for each WEFT_FLOW_ORDER_KEYS or WEFT_LEARN_ORDER_KEYS of them.
 *
 * Return: 0; -errno with some of it done.
 */
int orders_run(const struct orders *orders, int kind, const void *keys, size_t n, size_t *done);

/** orders_close - unload the program. Also for _cleanup_(). */
void orders_close(struct orders *orders);

#endif
