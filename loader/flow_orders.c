/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Orders about flows, carried out by a program; see flow_orders.h. */
#include "flow_orders.h"

#include <errno.h>
#include <string.h>

#include <bpf/bpf.h>

#include "datapath.h"
#include "util.h"

int flow_orders_open(const struct maps *maps, struct flow_orders *orders)
{
	orders->prog = -1;
	for (int id = 0; id < __TABLE_MAX; id++)
		if (maps->fd[id] < 0)
			return -ENOENT;
	return datapath_load_flow_order(maps, &orders->prog);
}

/* The program returns how many of the keys had an entry. */
static int run(const struct flow_orders *orders, struct weft_flow_order *order, size_t *done)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = order, .data_size_in = sizeof(*order),
		    .repeat = 1);
	int err;

	err = bpf_prog_test_run_opts(orders->prog, &opts);
	if (err)
		return err;
	if (opts.retval > order->n) /* not a number of keys: the program refused the order */
		return -EPROTO;
	if (done)
		*done += opts.retval;
	return 0;
}

int flow_orders_run(struct flow_orders *orders, enum weft_flow_order_kind kind,
		    const struct weft_flow_key *keys, size_t n, size_t *done)
{
	struct weft_flow_order order = {.kind = kind};
	int err = 0;

	for (; n && !err; n -= order.n, keys += order.n) {
		order.n = n < WEFT_FLOW_ORDER_KEYS ? n : WEFT_FLOW_ORDER_KEYS;
		memcpy(order.keys, keys, order.n * sizeof(*keys));
		err = run(orders, &order, done);
	}
	return err;
}

void flow_orders_close(struct flow_orders *orders)
{
	closep(&orders->prog);
	orders->prog = -1;
}
