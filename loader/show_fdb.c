/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* weft show fdb: where each MAC address is; see show.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "print.h"
#include "show.h"
#include "util.h"

static const struct print_column columns[] = {
	{"network", "NETWORK", NULL, PRINT_TEXT}, {"mac", "MAC", NULL, PRINT_TEXT},
	{"kind", "KIND", NULL, PRINT_TEXT},       {"port", "PORT", NULL, PRINT_TEXT},
	{"node", "NODE", NULL, PRINT_TEXT},       {"vtep", "VTEP", NULL, PRINT_TEXT},
	{"static", "STATIC", NULL, PRINT_BOOL},   {"addresses", "ADDRESSES", NULL, PRINT_LIST},
};

/** struct row - an entry in the order of the listing. */
struct row {
	struct view_name network;
	const struct weft_fdb_key *key;
	const struct weft_fdb_entry *entry;
};

static int by_name(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	return strverscmp(x->network.s, y->network.s)
		       ?: memcmp(x->key->mac, y->key->mac, sizeof(x->key->mac));
}

static bool is_wanted(const struct show *show, const struct weft_fdb_key *key,
		      const struct weft_fdb_entry *entry)
{
	if (show->network && show->network != key->network)
		return false;
	return !show->port || (entry->kind != WEFT_FDB_REMOTE && entry->port == show->port);
}

static size_t collect(const struct show *show, struct row *rows)
{
	const struct table *fdb = &show->view.t[TABLE_FDB];
	struct row *row = rows;
	size_t i;

	for (i = 0; i < fdb->rows.n; i++) {
		row->key = table_key(fdb, i);
		row->entry = table_value(fdb, i);
		if (!is_wanted(show, row->key, row->entry))
			continue;
		row->network = view_network_name(&show->view, row->key->network);
		row++;
	}
	return row - rows;
}

static void print_local(const struct view *view, const struct weft_fdb_entry *entry,
			struct print_table *out)
{
	print_text(out, "local");
	print_text(out, view_port_name(view, entry->port).s);
	print_text(out, view_node_name(view).s);
	print_absent(out);
}

/* Some host on the wire of an uplink: which node's it is, the wire does not tell. */
static void print_wire(const struct view *view, const struct weft_fdb_entry *entry,
		       struct print_table *out)
{
	print_text(out, "wire");
	print_text(out, view_port_name(view, entry->port).s);
	print_absent(out);
	print_absent(out);
}

static void print_remote(const struct view *view, const struct weft_fdb_entry *entry,
			 struct print_table *out)
{
	const struct weft_tunnel *tunnel = table_get(&view->t[TABLE_TUNNELS], &entry->tunnel);

	print_text(out, "remote");
	print_absent(out);
	print_text(out, view_tunnel_name(view, entry->tunnel).s);
	print_text(out, tunnel ? print_addr(&tunnel->remote).s : NULL);
}

static void print_row(const struct view *view, const struct row *row,
		      const struct addresses *addresses, struct print_table *out)
{
	print_text(out, row->network.s);
	print_text(out, print_mac(row->key->mac).s);
	if (row->entry->kind == WEFT_FDB_LOCAL)
		print_local(view, row->entry, out);
	else if (row->entry->kind == WEFT_FDB_WIRE)
		print_wire(view, row->entry, out);
	else
		print_remote(view, row->entry, out);
	print_bool(out, true); /* all of them come from the file */
	addresses_print(addresses, row->key->network, row->key->mac, out);
}

static int fill(const struct show *show, struct print_table *out)
{
	_cleanup_(addresses_clear) struct addresses addresses = {};
	_cleanup_free_ struct row *rows = NULL;
	size_t i, n;

	rows = calloc(show->view.t[TABLE_FDB].rows.n + 1, sizeof(*rows));
	if (!rows || addresses_sort(&show->view, &addresses))
		return -ENOMEM;
	n = collect(show, rows);
	qsort(rows, n, sizeof(*rows), by_name);
	for (i = 0; i < n; i++)
		print_row(&show->view, &rows[i], &addresses, out);
	return 0;
}

const struct show_kind show_fdb = {
	.name = "fdb",
	.tables = VIEW_TABLE(TABLE_FDB) | VIEW_TABLE(TABLE_TUNNELS) | VIEW_TABLE(TABLE_NEIGH),
	.filters = SHOW_BY_NETWORK | SHOW_BY_PORT,
	.columns = columns,
	.n_columns = ARRAY_SIZE(columns),
	.fill = fill,
};
