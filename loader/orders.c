/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Orders about flows and learned addresses, carried out by programs; see orders.h. */
#include "orders.h"

#include <errno.h>
#include <string.h>

#include <bpf/bpf.h>
#include <weft/fdb.h>
#include <weft/flow.h>

#include "datapath.h"
#include "util.h"

/** union order - what a program is run on. All kinds begin alike. */
union order {
	struct weft_flow_order flows;
	struct weft_learn_order learned;
};
_Static_assert(offsetof(struct weft_flow_order, kind) == offsetof(struct weft_learn_order, kind) &&
		       offsetof(struct weft_flow_order, n) ==
			       offsetof(struct weft_learn_order, n) &&
		       offsetof(struct weft_flow_order, keys) ==
			       offsetof(struct weft_learn_order, keys),
	       "orders begin alike");

static const struct {
	const char *prog;
	size_t key_size;
	size_t keys;
	size_t size;
} shapes[__ORDERS_MAX] = {
	[ORDERS_FLOWS] = {PROG_FLOW_ORDER, sizeof(struct weft_flow_key), WEFT_FLOW_ORDER_KEYS,
			  sizeof(struct weft_flow_order)},
	[ORDERS_LEARNED] = {PROG_LEARN_ORDER, sizeof(struct weft_fdb_key), WEFT_LEARN_ORDER_KEYS,
			    sizeof(struct weft_learn_order)},
};

int orders_open(const struct maps *maps, enum orders_about about, struct orders *orders)
{
	*orders = (struct orders){.about = about, .prog = -1};
	for (int id = 0; id < __TABLE_MAX; id++)
		if (maps->fd[id] < 0)
			return -ENOENT;
	return datapath_load_order(maps, shapes[about].prog, &orders->prog);
}

/* The program returns how many of the keys had an entry. */
static int run(const struct orders *orders, union order *order, size_t *done)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = order,
		    .data_size_in = shapes[orders->about].size, .repeat = 1);
	int err;

	err = bpf_prog_test_run_opts(orders->prog, &opts);
	if (err)
		return err;
	if (opts.retval > order->flows.n) /* not a number of keys: the program refused the order */
		return -EPROTO;
	if (done)
		*done += opts.retval;
	return 0;
}

int orders_run(const struct orders *orders, int kind, const void *keys, size_t n, size_t *done)
{
	const size_t most = shapes[orders->about].keys, key_size = shapes[orders->about].key_size;
	union order order = {.flows.kind = kind};
	const __u8 *key = keys;
	int err = 0;

	for (; n && !err; n -= order.flows.n, key += order.flows.n * key_size) {
		order.flows.n = n < most ? n : most;
		memcpy(order.flows.keys, key, order.flows.n * key_size);
		err = run(orders, &order, done);
	}
	return err;
}

void orders_close(struct orders *orders)
{
	closep(&orders->prog);
	orders->prog = -1;
}
