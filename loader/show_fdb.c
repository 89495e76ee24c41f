/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* weft show fdb: where each MAC address is; see show.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fdb_filter.h"
#include "flow_read.h"
#include "print.h"
#include "show.h"
#include "util.h"

#define NS_PER_MS 1000000ULL

static const struct print_column columns[] = {
	{"network", "NETWORK", NULL, PRINT_TEXT},     {"mac", "MAC", NULL, PRINT_TEXT},
	{"kind", "KIND", NULL, PRINT_TEXT},           {"port", "PORT", NULL, PRINT_TEXT},
	{"node", "NODE", NULL, PRINT_TEXT},           {"vtep", "VTEP", NULL, PRINT_TEXT},
	{"static", "STATIC", NULL, PRINT_BOOL},       {NULL, "AGE", NULL, PRINT_TEXT},
	{"age_ms", NULL, NULL, PRINT_NUMBER},         {"left_ms", NULL, NULL, PRINT_NUMBER},
	{"moves", "MOVES", NULL, PRINT_NUMBER},       {"held", "HELD", NULL, PRINT_BOOL},
	{"addresses", "ADDRESSES", NULL, PRINT_LIST},
};

/** struct row - an address in the order of the listing. */
struct row {
	struct view_name network;
	struct fdb_seen seen;
};

static int by_name(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	return strverscmp(x->network.s, y->network.s)
		       ?: memcmp(x->seen.key->mac, y->seen.key->mac, sizeof(x->seen.key->mac));
}

/* Milliseconds that a learned address is still believed; 0: it is too old, and its timer is due. */
static __u64 left_ms(const struct view *view, const struct fdb_seen *seen, __u64 age_ms)
{
	__u32 id = seen->key->network;
	const struct weft_network *network = table_get(&view->t[TABLE_NETWORKS], &id);

	return network && network->mac_age_ms > age_ms ? network->mac_age_ms - age_ms : 0;
}

static __u64 age_ms(const struct fdb_seen *seen, __u64 now_ns)
{
	return now_ns > seen->learned->seen_ns ? (now_ns - seen->learned->seen_ns) / NS_PER_MS : 0;
}

static bool is_wanted(const struct show *show, const struct fdb_seen *seen, __u64 now_ns)
{
	if (seen->learned && !left_ms(&show->view, seen, age_ms(seen, now_ns)))
		return false;
	return fdb_filter_match(show->macs, &show->view, seen);
}

static size_t collect(const struct show *show, __u64 now_ns, struct row *rows)
{
	const struct table *fdb = &show->view.t[TABLE_FDB];
	const struct table *learned = &show->view.t[TABLE_LEARNED];
	struct row *row = rows;

	for (size_t i = 0; i < fdb->rows.n + learned->rows.n; i++) {
		size_t j = i - fdb->rows.n;

		if (i < fdb->rows.n)
			row->seen = fdb_static(table_key(fdb, i), table_value(fdb, i));
		else
			row->seen = fdb_learned(table_key(learned, j), table_value(learned, j));
		if (!is_wanted(show, &row->seen, now_ns))
			continue;
		row->network = view_network_name(&show->view, row->seen.key->network);
		row++;
	}
	return row - rows;
}

static void print_local(const struct view *view, const struct weft_hop *at, struct print_table *out)
{
	print_text(out, "local");
	print_text(out, view_port_name(view, at->port).s);
	print_text(out, view_node_name(view).s);
	print_absent(out);
}

/* Some host on the wire of an uplink: which node's it is, the wire does not tell. */
static void print_wire(const struct view *view, const struct weft_hop *at, struct print_table *out)
{
	print_text(out, "wire");
	print_text(out, view_port_name(view, at->port).s);
	print_absent(out);
	print_absent(out);
}

static void print_remote(const struct view *view, const struct weft_hop *at,
			 struct print_table *out)
{
	const struct weft_tunnel *tunnel = table_get(&view->t[TABLE_TUNNELS], &at->target);

	print_text(out, "remote");
	print_absent(out);
	print_text(out, view_tunnel_name(view, at->target).s);
	print_text(out, tunnel ? print_addr(&tunnel->remote).s : NULL);
}

static void print_age(const struct view *view, const struct fdb_seen *seen, __u64 now_ns,
		      struct print_table *out)
{
	__u64 age;

	if (!seen->learned) {
		for (int i = 0; i < 5; i++)
			print_absent(out);
		return;
	}
	age = age_ms(seen, now_ns);
	print_text(out, print_span(age).s);
	print_number(out, age);
	print_number(out, left_ms(view, seen, age));
	print_number(out, seen->learned->moves);
	print_bool(out, seen->learned->held_ns > now_ns);
}

static void print_row(const struct view *view, const struct row *row, __u64 now_ns,
		      const struct addresses *addresses, struct print_table *out)
{
	const struct fdb_seen *seen = &row->seen;

	print_text(out, row->network.s);
	print_text(out, print_mac(seen->key->mac).s);
	if (seen->at.kind == WEFT_HOP_LOCAL)
		print_local(view, &seen->at, out);
	else if (seen->at.kind == WEFT_HOP_WIRE)
		print_wire(view, &seen->at, out);
	else
		print_remote(view, &seen->at, out);
	print_bool(out, !seen->learned);
	print_age(view, seen, now_ns, out);
	addresses_print(addresses, seen->key->network, seen->key->mac, out);
}

static int fill(const struct show *show, struct print_table *out)
{
	_cleanup_(addresses_clear) struct addresses addresses = {};
	_cleanup_free_ struct row *rows = NULL;
	const __u64 now_ns = flow_now_ns();
	size_t i, n;

	n = show->view.t[TABLE_FDB].rows.n + show->view.t[TABLE_LEARNED].rows.n;
	rows = calloc(n + 1, sizeof(*rows));
	if (!rows || addresses_sort(&show->view, &addresses))
		return -ENOMEM;
	n = collect(show, now_ns, rows);
	qsort(rows, n, sizeof(*rows), by_name);
	for (i = 0; i < n; i++)
		print_row(&show->view, &rows[i], now_ns, &addresses, out);
	return 0;
}

const struct show_kind show_fdb = {
	.name = "fdb",
	.tables = VIEW_TABLE(TABLE_FDB) | VIEW_TABLE(TABLE_LEARNED) | VIEW_TABLE(TABLE_TUNNELS) |
		  VIEW_TABLE(TABLE_NETWORKS) | VIEW_TABLE(TABLE_NEIGH),
	.filters = SHOW_BY_NETWORK | SHOW_BY_PORT | SHOW_BY_MAC,
	.columns = columns,
	.n_columns = ARRAY_SIZE(columns),
	.fill = fill,
};
