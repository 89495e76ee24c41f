/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* weft show multicast: who gets which multicast group; see show.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <weft/guard.h>
#include <weft/multicast.h>

#include "print.h"
#include "show.h"
#include "util.h"

static const struct print_column columns[] = {
	{"network", "NETWORK", NULL, PRINT_TEXT}, {"group", "GROUP", NULL, PRINT_TEXT},
	{"router", NULL, NULL, PRINT_BOOL},       {"port", "PORT", NULL, PRINT_TEXT},
	{"node", "NODE", NULL, PRINT_TEXT},       {"heard_ms", NULL, NULL, PRINT_NUMBER},
	{NULL, "HEARD", NULL, PRINT_TEXT},
};

/** struct row - a member. @m: NULL: a router that the file names. */
struct row {
	struct weft_mcast_key key;
	struct view_name network;
	struct view_name member;
	const struct weft_mcast *m;
};

static bool is_router(const struct row *row)
{
	static const struct weft_addr all;

	return !memcmp(&row->key.group, &all, sizeof(all));
}

/* Routers of a network come first, then groups; of one group, ports before other nodes. */
static int by_group(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	return strverscmp(x->network.s, y->network.s)
		       ?: memcmp(&x->key.group, &y->key.group, sizeof(x->key.group))
		       ?: (int)x->key.kind - (int)y->key.kind
		       ?: strverscmp(x->member.s, y->member.s);
}

static __u64 now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

static bool is_wanted(const struct show *show, const struct weft_mcast_key *key)
{
	if (show->network && show->network != key->network)
		return false;
	return !show->port || (key->kind == WEFT_FLOOD_PORT && show->port == key->member);
}

static void add(const struct show *show, const struct weft_mcast_key *key,
		const struct weft_mcast *m, struct row **next)
{
	const struct view *view = &show->view;

	if (!is_wanted(show, key))
		return;
	*(*next)++ = (struct row){
		.key = *key,
		.network = view_network_name(view, key->network),
		.member = key->kind == WEFT_FLOOD_PORT ? view_port_name(view, key->member)
						       : view_tunnel_name(view, key->member),
		.m = m,
	};
}

/* What is over may still be in the table. */
static void collect_heard(const struct show *show, struct row **next)
{
	const struct table *members = &show->view.t[TABLE_MCAST];
	const struct weft_mcast_net *net;
	const struct weft_mcast_key *key;
	const struct weft_mcast *m;
	const __u64 now = now_ns();
	__u32 id;

	for (size_t i = 0; i < members->rows.n; i++) {
		key = table_key(members, i);
		m = table_value(members, i);
		id = key->network;
		net = table_get(&show->view.t[TABLE_MCAST_NET], &id);
		if (!weft_mcast_over(m, is_router(&(struct row){.key = *key}),
				     net ? net->queried_ns : 0, now))
			add(show, key, m, next);
	}
}

/* Ports that the file calls routers, in networks that snoop. */
static void collect_said(const struct show *show, struct row **next)
{
	const struct table *ports = &show->view.t[TABLE_PORTS];
	const struct weft_network *network;
	const struct weft_guard *guard;
	const struct weft_port *port;
	__u32 id;

	for (size_t i = 0; i < ports->rows.n; i++) {
		port = table_value(ports, i);
		id = port->network;
		network = table_get(&show->view.t[TABLE_NETWORKS], &id);
		guard = table_get(&show->view.t[TABLE_GUARDS], &port->id);
		if (!network || !(network->flags & WEFT_NET_SNOOP) || !guard ||
		    !(guard->flags & WEFT_GUARD_ROUTER))
			continue;
		add(show, &(struct weft_mcast_key){.member = port->id, .network = port->network},
		    NULL, next);
	}
}

static void print_row(const struct row *row, __u64 now, struct print_table *out)
{
	__u64 ms = row->m && now > row->m->seen_ns ? (now - row->m->seen_ns) / 1000000 : 0;

	print_text(out, row->network.s);
	print_text(out, is_router(row) ? NULL : print_addr(&row->key.group).s);
	print_bool(out, is_router(row));
	print_text(out, row->key.kind == WEFT_FLOOD_PORT ? row->member.s : NULL);
	print_text(out, row->key.kind == WEFT_FLOOD_PORT ? NULL : row->member.s);
	if (row->m) {
		print_number(out, ms);
		print_text(out, print_span(ms).s);
	} else {
		print_absent(out);
		print_absent(out);
	}
}

static int fill(const struct show *show, struct print_table *out)
{
	_cleanup_free_ struct row *rows = NULL;
	const __u64 now = now_ns();
	struct row *next;

	rows = calloc(show->view.t[TABLE_MCAST].rows.n + show->view.t[TABLE_PORTS].rows.n + 1,
		      sizeof(*rows));
	if (!rows)
		return -ENOMEM;
	next = rows;
	collect_said(show, &next);
	collect_heard(show, &next);
	qsort(rows, next - rows, sizeof(*rows), by_group);
	for (const struct row *row = rows; row < next; row++)
		print_row(row, now, out);
	return 0;
}

const struct show_kind show_multicast = {
	.name = "multicast",
	.tables = VIEW_TABLE(TABLE_MCAST) | VIEW_TABLE(TABLE_MCAST_NET) | VIEW_TABLE(TABLE_PORTS) |
		  VIEW_TABLE(TABLE_NETWORKS) | VIEW_TABLE(TABLE_GUARDS),
	.filters = SHOW_BY_NETWORK | SHOW_BY_PORT,
	.columns = columns,
	.n_columns = ARRAY_SIZE(columns),
	.fill = fill,
};
