/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* weft show drops: who lost packets, and why; see show.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drops.h"
#include "print.h"
#include "show.h"
#include "util.h"

static const struct print_column columns[] = {
	{"port", "PORT", NULL, PRINT_TEXT},         {"network", "NETWORK", NULL, PRINT_TEXT},
	{"reason", "REASON", NULL, PRINT_TEXT},     {"number", NULL, NULL, PRINT_NUMBER},
	{"packets", "PACKETS", NULL, PRINT_NUMBER}, {"bytes", "BYTES", NULL, PRINT_NUMBER},
	{"meaning", "MEANING", NULL, PRINT_TEXT},
};

/** struct row - a drop counter in the order of the listing; @port is empty if none is known. */
struct row {
	struct view_name port;
	__u32 network;
	__u32 reason;
	struct weft_count count;
};

/* What no port is known for comes last. */
static int by_name(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	if (!x->port.s[0] != !y->port.s[0])
		return x->port.s[0] ? -1 : 1;
	return strverscmp(x->port.s, y->port.s)
		       ?: (x->reason > y->reason) - (x->reason < y->reason);
}

static __u32 network_of(const struct view *view, __u32 id)
{
	const struct weft_port *port = view_port(view, id);

	return port ? port->network : 0;
}

static size_t collect(const struct show *show, struct row *rows)
{
	const struct table *drops = &show->view.t[TABLE_DROPS];
	const struct weft_drop_key *key;
	struct row *row = rows;
	size_t i;

	for (i = 0; i < drops->rows.n; i++) {
		key = table_key(drops, i);
		*row = (struct row){
			.network = network_of(&show->view, key->port),
			.reason = key->reason,
			.count = *(const struct weft_count *)table_value(drops, i),
		};
		if (!row->count.packets || (show->port && show->port != key->port) ||
		    (show->network && show->network != row->network))
			continue;
		if (key->port)
			row->port = view_port_name(&show->view, key->port);
		row++;
	}
	return row - rows;
}

/* For --all: a row of zeros for each reason that has none. */
static size_t add_missing(const struct show *show, struct row *rows, size_t n)
{
	bool seen[__WEFT_DROP_MAX] = {};
	struct row *row = rows + n;
	size_t i;

	for (i = 0; i < n; i++)
		if (rows[i].reason < __WEFT_DROP_MAX)
			seen[rows[i].reason] = true;
	for (i = WEFT_DROP_NONE + 1; i < __WEFT_DROP_MAX; i++) {
		if (seen[i])
			continue;
		*row = (struct row){.reason = i, .network = show->network};
		if (show->port) {
			row->port = view_port_name(&show->view, show->port);
			row->network = network_of(&show->view, show->port);
		}
		row++;
	}
	return row - rows;
}

static void print_row(const struct view *view, const struct row *row, struct print_table *out)
{
	const char *reason = drops_name(row->reason);
	char number[16];

	snprintf(number, sizeof(number), "#%u", row->reason);
	print_text(out, row->port.s[0] ? row->port.s : NULL);
	print_text(out, row->network ? view_network_name(view, row->network).s : NULL);
	print_text(out, reason ?: number);
	print_number(out, row->reason);
	print_count(out, &row->count);
	print_text(out, drops_meaning(row->reason));
}

static int fill(const struct show *show, struct print_table *out)
{
	_cleanup_free_ struct row *rows = NULL;
	size_t i, n;

	rows = calloc(show->view.t[TABLE_DROPS].rows.n + __WEFT_DROP_MAX, sizeof(*rows));
	if (!rows)
		return -ENOMEM;
	n = collect(show, rows);
	if (show->all)
		n = add_missing(show, rows, n);
	qsort(rows, n, sizeof(*rows), by_name);
	for (i = 0; i < n; i++)
		print_row(&show->view, &rows[i], out);
	return 0;
}

const struct show_kind show_drops = {
	.name = "drops",
	.tables = VIEW_TABLE(TABLE_DROPS) | VIEW_PORTS,
	.filters = SHOW_BY_NETWORK | SHOW_BY_PORT,
	.columns = columns,
	.n_columns = ARRAY_SIZE(columns),
	.fill = fill,
};
