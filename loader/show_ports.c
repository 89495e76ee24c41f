/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* weft show ports; see show.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <weft/guard.h>

#include "print.h"
#include "show.h"
#include "util.h"

static const struct print_column columns[] = {
	{"port", "PORT", NULL, PRINT_TEXT},
	{"id", NULL, NULL, PRINT_NUMBER},
	{"interface", "INTERFACE", NULL, PRINT_TEXT},
	{"ifindex", NULL, NULL, PRINT_NUMBER},
	{"kind", "KIND", NULL, PRINT_TEXT},
	{"network", "NETWORK", NULL, PRINT_TEXT},
	{"vlan", "VLAN", NULL, PRINT_TEXT},
	{"mac", "MAC", NULL, PRINT_TEXT},
	{"delivery", "DELIVERY", NULL, PRINT_TEXT},
	{"packets", "PACKETS", "from_port", PRINT_NUMBER},
	{"bytes", "BYTES", "from_port", PRINT_NUMBER},
	{"packets", "PACKETS", "to_port", PRINT_NUMBER},
	{"bytes", "BYTES", "to_port", PRINT_NUMBER},
	{"drops", "DROPS", NULL, PRINT_NUMBER},
	{"port_security", "SECURE", NULL, PRINT_BOOL},
	{"isolation", "ISOLATION", NULL, PRINT_TEXT},
	{"broadcast", NULL, "storm_drops", PRINT_NUMBER},
	{"multicast", NULL, "storm_drops", PRINT_NUMBER},
	{"unknown_unicast", NULL, "storm_drops", PRINT_NUMBER},
	{"loops", NULL, NULL, PRINT_NUMBER},
	{"addresses", "ADDRESSES", NULL, PRINT_LIST},
	{"identity", NULL, NULL, PRINT_NUMBER},
};

/** struct row - a port in the order of the listing; @port is NULL if its interface is gone. */
struct row {
	__u32 id;
	const struct weft_port_info *info;
	const struct weft_port *port;
};

/* Uplinks after ports: they answer another question. */
static int by_name(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	if (x->info->kind != y->info->kind)
		return x->info->kind < y->info->kind ? -1 : 1;
	return strverscmp(x->info->name, y->info->name);
}

static const char *kind_name(__u32 kind)
{
	switch (kind) {
	case WEFT_PORT_ACCESS:
		return "access";
	case WEFT_PORT_UPLINK:
		return "uplink";
	case WEFT_PORT_GUARD:
		return "guard";
	case WEFT_PORT_TRUNK:
		return "trunk";
	case WEFT_PORT_WIRE:
		return "wire";
	default:
		return NULL;
	}
}

static const char *delivery_name(__u32 delivery)
{
	switch (delivery & ~WEFT_DELIVER_TAGGED) {
	case WEFT_DELIVER_PEER:
		return "peer";
	case WEFT_DELIVER_REDIRECT:
		return "redirect";
	default:
		return NULL;
	}
}

static __u64 count_drops(const struct view *view, __u32 port)
{
	struct weft_drop_key key = {.port = port};
	const struct weft_count *count;
	__u64 sum = 0;
	int reason;

	for (reason = WEFT_DROP_NONE; reason < __WEFT_DROP_MAX; reason++) {
		key.reason = reason;
		count = table_get(&view->t[TABLE_DROPS], &key);
		sum += count ? count->packets : 0;
	}
	return sum;
}

static size_t collect(const struct show *show, struct row *rows)
{
	const struct table *infos = &show->view.t[TABLE_PORT_INFO];
	const struct weft_port_info *info;
	const struct weft_port *port;
	size_t i, n = 0;
	__u32 id;

	for (i = 0; i < infos->rows.n; i++) {
		id = *(const __u32 *)table_key(infos, i);
		info = table_value(infos, i);
		port = view_port(&show->view, id);
		if ((show->port && show->port != id) ||
		    (show->network && (!port || show->network != port->network)))
			continue;
		rows[n++] = (struct row){.id = id, .info = info, .port = port};
	}
	return n;
}

/* One that learns may be without. */
static bool has_mac(const struct weft_port *port)
{
	static const __u8 none[WEFT_ETH_ALEN];

	return memcmp(port->mac, none, sizeof(none)) != 0;
}

static void print_place(const struct view *view, const struct weft_port *port,
			struct print_table *out)
{
	const struct weft_tags *tags = port ? view_tags(view, port->id) : NULL;

	if (!port || !port->network) {
		print_absent(out);
		print_absent(out);
		print_absent(out);
		print_absent(out);
		return;
	}
	print_text(out, view_network_name(view, port->network).s);
	print_text(out,
		   port->delivery & WEFT_DELIVER_TAGGED && tags ? view_tags_name(tags).s : NULL);
	print_text(out, has_mac(port) ? print_mac(port->mac).s : NULL);
	print_text(out, delivery_name(port->delivery));
}

static void print_traffic(const struct view *view, const struct row *row, struct print_table *out)
{
	static const struct weft_port_stat nothing;
	const struct weft_port_stat *stat = table_get(&view->t[TABLE_PORT_STAT], &row->id);

	/* An uplink is counted by network only, and so is what a wire brings; a trunk by port. */
	if (row->info->kind != WEFT_PORT_ACCESS && row->info->kind != WEFT_PORT_WIRE) {
		print_absent(out);
		print_absent(out);
		print_absent(out);
		print_absent(out);
		return;
	}
	if (!stat)
		stat = &nothing;
	if (row->info->kind == WEFT_PORT_WIRE) {
		print_absent(out);
		print_absent(out);
	} else {
		print_count(out, &stat->from_port);
	}
	print_count(out, &stat->to_port);
}

static const char *isolation_name(__u16 role)
{
	return role == WEFT_ISO_PROMISCUOUS ? "promiscuous"
	       : role == WEFT_ISO_ISOLATED  ? "isolated"
					    : "community";
}

static __u64 count_drop(const struct view *view, __u32 port, enum weft_drop reason)
{
	const struct weft_drop_key key = {.port = port, .reason = reason};
	const struct weft_count *count = table_get(&view->t[TABLE_DROPS], &key);

	return count ? count->packets : 0;
}

static void print_guard(const struct view *view, const struct row *row, struct print_table *out)
{
	const struct weft_port_state *state = table_get(&view->t[TABLE_PORT_STATE], &row->id);
	const struct weft_guard *guard = table_get(&view->t[TABLE_GUARDS], &row->id);

	if (row->info->kind != WEFT_PORT_ACCESS) {
		for (int i = 0; i < 6; i++)
			print_absent(out);
		return;
	}
	print_bool(out, guard && guard->flags & WEFT_GUARD_SECURE);
	print_text(out, isolation_name(guard ? guard->isolation : WEFT_ISO_PROMISCUOUS));
	print_number(out, count_drop(view, row->id, WEFT_DROP_STORM_BROADCAST));
	print_number(out, count_drop(view, row->id, WEFT_DROP_STORM_MULTICAST));
	print_number(out, count_drop(view, row->id, WEFT_DROP_STORM_UNKNOWN));
	print_number(out, state ? state->loops : 0);
}

static void print_row(const struct view *view, const struct row *row,
		      const struct addresses *addresses, struct print_table *out)
{
	print_text(out, view_port_name(view, row->id).s);
	print_number(out, row->id);
	print_text(out, row->info->interface);
	print_number(out, row->info->ifindex);
	print_text(out, kind_name(row->info->kind));
	print_place(view, row->port, out);
	print_traffic(view, row, out);
	print_number(out, count_drops(view, row->id));
	print_guard(view, row, out);
	if (row->port)
		addresses_print(addresses, row->port->network, row->port->mac, out);
	else
		print_list(out);
	if (row->port && row->port->kind == WEFT_PORT_ACCESS)
		print_number(out, row->port->identity);
	else
		print_absent(out);
}

static int fill(const struct show *show, struct print_table *out)
{
	_cleanup_(addresses_clear) struct addresses addresses = {};
	_cleanup_free_ struct row *rows = NULL;
	size_t i, n;

	rows = calloc(show->view.t[TABLE_PORT_INFO].rows.n + 1, sizeof(*rows));
	if (!rows || addresses_sort(&show->view, &addresses))
		return -ENOMEM;
	n = collect(show, rows);
	qsort(rows, n, sizeof(*rows), by_name);
	for (i = 0; i < n; i++)
		print_row(&show->view, &rows[i], &addresses, out);
	return 0;
}

const struct show_kind show_ports = {
	.name = "ports",
	.tables = VIEW_PORTS | VIEW_TABLE(TABLE_PORT_STAT) | VIEW_TABLE(TABLE_DROPS) |
		  VIEW_TABLE(TABLE_NEIGH) | VIEW_TABLE(TABLE_GUARDS) | VIEW_TABLE(TABLE_PORT_STATE),
	.filters = SHOW_BY_NETWORK | SHOW_BY_PORT,
	.columns = columns,
	.n_columns = ARRAY_SIZE(columns),
	.fill = fill,
};
