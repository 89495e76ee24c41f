/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* weft show networks; see show.h. */
#include "show.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <weft/guard.h>

#include "print.h"
#include "util.h"

static const struct print_column columns[] = {
	{"network", "NETWORK", NULL, PRINT_TEXT},
	{"id", "ID", NULL, PRINT_NUMBER},
	{"vni", "VNI", NULL, PRINT_NUMBER},
	{"vlan", "VLAN", NULL, PRINT_TEXT},
	{"mtu", "MTU", NULL, PRINT_NUMBER},
	{"flood", "FLOOD", NULL, PRINT_BOOL},
	{"vlan_transparent", "TAGS", NULL, PRINT_BOOL},
	{"ports", "PORTS", NULL, PRINT_NUMBER},
	{"vteps", "VTEPS", NULL, PRINT_NUMBER},
	{"packets", "PACKETS", "from_ports", PRINT_NUMBER},
	{"bytes", "BYTES", "from_ports", PRINT_NUMBER},
	{"packets", "PACKETS", "to_ports", PRINT_NUMBER},
	{"bytes", "BYTES", "to_ports", PRINT_NUMBER},
	{"packets", "PACKETS", "from_underlay", PRINT_NUMBER},
	{"bytes", "BYTES", "from_underlay", PRINT_NUMBER},
	{"packets", "PACKETS", "to_underlay", PRINT_NUMBER},
	{"bytes", "BYTES", "to_underlay", PRINT_NUMBER},
	{"arp", "ARP", "answered", PRINT_NUMBER},
	{"nd", "ND", "answered", PRINT_NUMBER},
	{"snooping", NULL, NULL, PRINT_BOOL},
	{"reports", NULL, "multicast", PRINT_NUMBER},
	{"queries", NULL, "multicast", PRINT_NUMBER},
};

static int by_name(const void *a, const void *b)
{
	const struct view_network *x = a, *y = b;

	return strverscmp(x->name.s, y->name.s);
}

/* Counts in rows that are still in the order of their ids. */
static struct view_network *find(struct view_network *rows, size_t n, __u32 id)
{
	size_t low = 0, high = n, middle;

	while (low < high) {
		middle = (low + high) / 2;
		if (rows[middle].id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low < n && rows[low].id == id ? &rows[low] : NULL;
}

static void count_ports(const struct view *view, const struct table *ports,
			struct view_network *rows, size_t n)
{
	const struct weft_port *port;
	struct view_network *row;

	for (size_t i = 0; i < ports->rows.n; i++) {
		port = table_value(ports, i);
		row = find(rows, n, port->network);
		if (row && port->kind == WEFT_PORT_ACCESS)
			row->ports++;
		else if (row && port->kind == WEFT_PORT_WIRE)
			row->wire = view_tags(view, port->id);
	}
}

static void count_members(const struct view *view, struct view_network *rows, size_t n)
{
	const struct table *peers = &view->t[TABLE_PEERS];
	struct view_network *row;
	size_t i;

	count_ports(view, &view->t[TABLE_PORTS], rows, n);
	count_ports(view, &view->t[TABLE_VLANS], rows, n);
	for (i = 0; i < peers->rows.n; i++) {
		row = find(rows, n, ((const struct weft_peer *)table_value(peers, i))->network);
		if (row)
			row->vteps++;
	}
}

/* Arrays are read in the order of their indices, so the rows come sorted by id. */
static size_t collect(const struct view *view, __u32 only, struct view_network *rows)
{
	const struct table *networks = &view->t[TABLE_NETWORKS];
	const struct weft_network *network;
	size_t i, n = 0;
	__u32 id;

	for (i = 0; i < networks->rows.n; i++) {
		network = table_value(networks, i);
		id = *(const __u32 *)table_key(networks, i);
		if (!(network->flags & WEFT_NET_PRESENT) || (only && only != id))
			continue;
		rows[n++] = (struct view_network){
			.name = view_network_name(view, id),
			.id = id,
			.network = network,
		};
	}
	return n;
}

int view_networks(const struct view *view, __u32 only, struct view_network **out, size_t *n)
{
	struct view_network *rows;

	rows = calloc(view->t[TABLE_NETWORKS].rows.n + 1, sizeof(*rows));
	if (!rows)
		return -ENOMEM;
	*n = collect(view, only, rows);
	count_members(view, rows, *n);
	qsort(rows, *n, sizeof(*rows), by_name);
	*out = rows;
	return 0;
}

void view_print_carrier(const struct view_network *row, struct print_table *out)
{
	if (row->network->vni)
		print_number(out, row->network->vni);
	else
		print_absent(out);
	if (row->wire)
		print_text(out, row->wire->service || row->wire->vlan ? view_tags_name(row->wire).s
								      : "untagged");
	else
		print_absent(out);
}

static void print_row(const struct view *view, const struct view_network *row,
		      struct print_table *out)
{
	static const struct weft_net_stat nothing;
	static const struct weft_bum_stat quiet;
	const struct weft_net_stat *stat = table_get(&view->t[TABLE_NET_STAT], &row->id);
	const struct weft_bum_stat *bum = table_get(&view->t[TABLE_BUM_STAT], &row->id);

	if (!stat)
		stat = &nothing;
	if (!bum)
		bum = &quiet;
	print_text(out, row->name.s);
	print_number(out, row->id);
	view_print_carrier(row, out);
	print_number(out, row->network->mtu);
	print_bool(out, row->network->flags & WEFT_NET_FLOOD);
	print_bool(out, row->network->flags & WEFT_NET_TAGS);
	print_number(out, row->ports);
	print_number(out, row->vteps);
	print_count(out, &stat->from_ports);
	print_count(out, &stat->to_ports);
	print_count(out, &stat->from_underlay);
	print_count(out, &stat->to_underlay);
	print_number(out, bum->arp_answered);
	print_number(out, bum->nd_answered);
	print_bool(out, row->network->flags & WEFT_NET_SNOOP);
	print_number(out, bum->reports);
	print_number(out, bum->queries);
}

static int fill(const struct show *show, struct print_table *out)
{
	_cleanup_free_ struct view_network *rows = NULL;
	size_t i, n;

	if (view_networks(&show->view, show->network, &rows, &n))
		return -ENOMEM;
	for (i = 0; i < n; i++)
		print_row(&show->view, &rows[i], out);
	return 0;
}

const struct show_kind show_networks = {
	.name = "networks",
	.tables = VIEW_TABLE(TABLE_NETWORKS) | VIEW_PORTS | VIEW_TABLE(TABLE_PEERS) |
		  VIEW_TABLE(TABLE_NET_STAT) | VIEW_TABLE(TABLE_BUM_STAT),
	.filters = SHOW_BY_NETWORK,
	.columns = columns,
	.n_columns = ARRAY_SIZE(columns),
	.fill = fill,
};
