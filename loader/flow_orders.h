/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Flows that the loader wants gone, or adopted after it has copied them.
 *
 * Whoever deletes an entry of weft_flows from user space leaves the counts of its port and network
 * wrong, and only a program can start a kernel timer. So a program does it, on keys that the loader
 * hands it: tc_flow_order, which is attached nowhere and run by BPF_PROG_TEST_RUN.
 */
#ifndef WEFT_LOADER_FLOW_ORDERS_H
#define WEFT_LOADER_FLOW_ORDERS_H

#include <stddef.h>

#include <weft/flow.h>

struct maps;

/** struct flow_orders - the program, loaded. */
struct flow_orders {
	int prog;
};

/**
 * flow_orders_open - load the program on a node's maps.
 * @maps: all of them, as maps_open_pinned() opens them; only needed during the call.
 * @orders: uninitialised; flow_orders_close() releases it, after a failure too.
 *
 * Return: 0; -ENOENT if @maps lacks one; another -errno if the kernel refuses the program:
 * bpf_log.h then has the verifier's word.
 */
int flow_orders_open(const struct maps *maps, struct flow_orders *orders);

/**
 * flow_orders_run - have something done to flows.
 * @keys: may hold a key more than once, and keys that no table has.
 * @done: the number of keys that had an entry is added; may be NULL.
 *
 * A key is looked for in all flow tables (WEFT_FLOW_ADOPT: in weft_flows alone). Some microseconds
 * for each WEFT_FLOW_ORDER_KEYS of them.
 *
 * Return: 0; -errno with some of it done.
 */
int flow_orders_run(struct flow_orders *orders, enum weft_flow_order_kind kind,
		    const struct weft_flow_key *keys, size_t n, size_t *done);

/** flow_orders_close - unload the program. Also for _cleanup_(). */
void flow_orders_close(struct flow_orders *orders);

#endif
