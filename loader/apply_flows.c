/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Flows in a transaction: those that were copied, and those of ports and networks that are gone. */
#include "apply_parts.h"

#include <errno.h>
#include <string.h>

#include <weft/flow.h>

#include "bpf_log.h"
#include "flow_copy.h"
#include "orders.h"
#include "map_io.h"
#include "util.h"

/**
 * struct order - flows picked out of the tables, and what is to be done with them.
 * @orders: loaded with the first flow that there is.
 * @chosen: which.
 */
struct order {
	const struct apply *apply;
	struct orders orders;
	enum weft_flow_order_kind kind;
	bool (*chosen)(const struct apply *a, const struct weft_flow_key *key,
		       const struct weft_flow *flow);
	size_t value_size;
};

static void order_clear(struct order *order)
{
	orders_close(&order->orders);
}

static int run_on(struct order *order, const struct weft_flow_key *keys, size_t n)
{
	int err = 0;

	if (order->orders.prog < 0)
		err = orders_open(&order->apply->use, ORDERS_FLOWS, &order->orders);
	return err ? err : orders_run(&order->orders, order->kind, keys, n, NULL);
}

/* The values of all flow tables begin with a struct weft_flow. */
static int take_flows(void *arg, const __u8 *keys, const __u8 *values, __u32 n)
{
	struct order *order = arg;
	_cleanup_free_ struct weft_flow_key *chosen = calloc(n, sizeof(*chosen));
	size_t n_chosen = 0;

	if (!chosen)
		return -ENOMEM;
	for (__u32 i = 0; i < n; i++) {
		const void *key = keys + (size_t)i * sizeof(*chosen);
		const void *flow = values + (size_t)i * order->value_size;

		if (order->chosen(order->apply, key, flow))
			memcpy(&chosen[n_chosen++], key, sizeof(*chosen));
	}
	return n_chosen ? run_on(order, chosen, n_chosen) : 0;
}

static int walk(struct order *order, enum table_id id)
{
	order->value_size = table_descs[id].value_size;
	return map_walk(order->apply->use.fd[id], &table_descs[id], take_flows, order);
}

static bool all(const struct apply *a __attribute__((unused)),
		const struct weft_flow_key *key __attribute__((unused)),
		const struct weft_flow *flow __attribute__((unused)))
{
	return true;
}

/* Once more what was established in the old table meanwhile; then all that have no timer. */
static int adopt(void *arg)
{
	struct apply *a = arg;
	_cleanup_(order_clear) struct order order = {
		.apply = a, .orders.prog = -1, .kind = WEFT_FLOW_ADOPT, .chosen = all};
	int err;

	bpf_log_clear();
	err = flows_copy(a->plan->pinned.fd[TABLE_FLOWS], a->use.fd[TABLE_FLOWS]);
	if (!err)
		err = walk(&order, TABLE_FLOWS);
	if (!err)
		bpf_log_clear();
	return err;
}

/* Those that began while the programs were switched, one after the other: their answers are to
 * come. */
static int take_begun(void *arg)
{
	const struct table_step *step = arg;

	return flows_begun_copy(step->apply->plan->pinned.fd[step->id],
				step->apply->use.fd[step->id], &table_descs[step->id]);
}

int apply_adopt_flows(struct apply *a)
{
	static const enum table_id begun[] = {TABLE_FLOWS_NEW, TABLE_FLOWS_OVER};
	int err = 0;

	for (size_t i = 0; i < ARRAY_SIZE(begun) && !err; i++)
		if (apply_resizes(a, begun[i]))
			err = journal_do(a->journal, take_begun, NULL, &a->tables[begun[i]],
					 "copy the last of %s", table_descs[begun[i]].name);
	if (err || !apply_resizes(a, TABLE_FLOWS))
		return err;
	return journal_do(a->journal, adopt, NULL, a, "adopt the flows of the old table");
}

static bool has_gone(const struct apply *a, enum table_id names, __u32 id)
{
	return table_get(&a->plan->actual.t[names], &id) &&
	       !table_get(&a->plan->wanted.t[names], &id);
}

static bool is_orphan(const struct apply *a, const struct weft_flow_key *key,
		      const struct weft_flow *flow)
{
	for (int side = 0; side < 2; side++)
		if (flow->hop[side].kind == WEFT_HOP_LOCAL &&
		    has_gone(a, TABLE_PORT_INFO, flow->hop[side].port))
			return true;
	return has_gone(a, TABLE_NET_INFO, key->network);
}

static int forget(void *arg)
{
	static const enum table_id tables[] = {TABLE_FLOWS, TABLE_FLOWS_NEW, TABLE_FLOWS_OVER};
	_cleanup_(order_clear) struct order order = {
		.apply = arg, .orders.prog = -1, .kind = WEFT_FLOW_FORGET, .chosen = is_orphan};
	int err = 0;

	bpf_log_clear();
	for (size_t i = 0; i < ARRAY_SIZE(tables) && !err; i++)
		err = walk(&order, tables[i]);
	if (!err)
		bpf_log_clear();
	return err;
}

/* Before their names go, so that their ids are not given out until this is done. */
int apply_forget_flows(struct apply *a)
{
	if (!a->plan->diff[TABLE_PORT_INFO].removed.n && !a->plan->diff[TABLE_NET_INFO].removed.n)
		return 0;
	return journal_do(a->journal, forget, NULL, a,
			  "forget the flows of old ports and networks");
}
