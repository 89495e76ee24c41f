/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* weft show policies: each rule, and what it decided; see show.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "flow_read.h"
#include "print.h"
#include "show.h"
#include "util.h"

static const struct print_column columns[] = {
	{NULL, "POLICY", NULL, PRINT_TEXT},
	{"policy", NULL, NULL, PRINT_TEXT},
	{"network", NULL, NULL, PRINT_TEXT},
	{NULL, "RULE", NULL, PRINT_TEXT},
	{"kind", NULL, NULL, PRINT_TEXT},
	{"rule", NULL, NULL, PRINT_NUMBER},
	{"direction", "DIRECTION", NULL, PRINT_TEXT},
	{"action", "ACTION", NULL, PRINT_TEXT},
	{"line", "LINE", NULL, PRINT_NUMBER},
	{"id", "ID", NULL, PRINT_NUMBER},
	{"packets", "PACKETS", NULL, PRINT_NUMBER},
	{"bytes", "BYTES", NULL, PRINT_NUMBER},
	{"hits", "HITS", NULL, PRINT_NUMBER},
	{NULL, "LAST HIT", NULL, PRINT_TEXT},
	{"last_hit_ms", NULL, NULL, PRINT_NUMBER},
};

/** struct row - a rule in the order of the listing; @first is the line that its policy begins at.
 */
struct row {
	__u32 id;
	__u32 first;
	const struct weft_rule_info *info;
	struct weft_rule_stat stat;
};

static bool is_network(const struct row *row)
{
	return row->info->index == WEFT_POL_RULE_NETWORK;
}

/* Defaults have the largest indices: they come last. */
static int by_policy(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	if (is_network(x) != is_network(y))
		return is_network(x) ? 1 : -1;
	return strverscmp(x->info->policy, y->info->policy)
		       ?: (x->info->direction > y->info->direction) -
				  (x->info->direction < y->info->direction)
		       ?: (x->info->index > y->info->index) - (x->info->index < y->info->index);
}

/* Policies as they stand in the file, then networks. */
static int by_place(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	if (is_network(x) != is_network(y) || x->first == y->first)
		return by_policy(a, b);
	return x->first < y->first ? -1 : 1;
}

/* Rows must be in the order of by_policy(). */
static void find_first_lines(struct row *rows, size_t n)
{
	size_t i, j, end;

	for (i = 0; i < n; i = end) {
		for (end = i; end < n && is_network(&rows[end]) == is_network(&rows[i]) &&
			      !strcmp(rows[end].info->policy, rows[i].info->policy);
		     end++)
			if (rows[end].info->line < rows[i].first)
				rows[i].first = rows[end].info->line;
		for (j = i; j < end; j++)
			rows[j].first = rows[i].first;
	}
}

static bool denies(const struct row *row)
{
	return row->info->action == WEFT_POL_DENY || row->info->action == WEFT_POL_REJECT;
}

static size_t collect(const struct show *show, struct row *rows)
{
	const struct table *infos = &show->rules.info;
	const struct weft_rule_stat *stat;
	struct row *row = rows;

	for (size_t i = 0; i < infos->rows.n; i++) {
		*row = (struct row){.id = *(const __u32 *)table_key(infos, i),
				    .info = table_value(infos, i)};
		row->first = row->info->line;
		stat = table_get(&show->rules.stat, &row->id);
		if (stat)
			row->stat = *stat;
		if ((show->policy &&
		     (is_network(row) || strcmp(show->policy, row->info->policy) != 0)) ||
		    (show->denied && (!denies(row) || !row->stat.hits)))
			continue;
		row++;
	}
	return row - rows;
}

static const char *action_name(__u32 action)
{
	switch (action) {
	case WEFT_POL_ALLOW:
		return "allow";
	case WEFT_POL_DENY:
		return "deny";
	case WEFT_POL_REJECT:
		return "reject";
	default:
		return NULL;
	}
}

static void print_place(const struct weft_rule_info *info, struct print_table *out)
{
	bool network = info->index == WEFT_POL_RULE_NETWORK;
	char index[16];

	snprintf(index, sizeof(index), "%u", info->index);
	print_text(out, info->policy);
	print_text(out, network ? NULL : info->policy);
	print_text(out, network ? info->policy : NULL);
	if (network || info->index == WEFT_POL_RULE_DEFAULT) {
		print_text(out, network ? "network default" : "default");
		print_text(out, network ? "network_default" : "default");
		print_absent(out);
		return;
	}
	print_text(out, index);
	print_text(out, "rule");
	print_number(out, info->index);
}

static void print_row(const struct row *row, const struct flow_time *time, struct print_table *out)
{
	const struct weft_rule_info *info = row->info;
	__u64 age;

	print_place(info, out);
	print_text(out, info->direction == WEFT_POL_INGRESS ? "ingress" : "egress");
	print_text(out, action_name(info->action));
	print_number(out, info->line);
	print_number(out, row->id);
	print_count(out, &row->stat.count);
	print_number(out, row->stat.hits);
	if (!row->stat.last_hit_ns) {
		print_text(out, "never");
		print_absent(out);
		return;
	}
	age = flow_age_ms(time, row->stat.last_hit_ns);
	print_text(out, print_span(age).s);
	print_number(out, age);
}

static int fill(const struct show *show, struct print_table *out)
{
	_cleanup_free_ struct row *rows = NULL;
	struct flow_time time = {.now_ns = flow_now_ns()};
	size_t i, n;

	rows = calloc(show->rules.info.rows.n + 1, sizeof(*rows));
	if (!rows)
		return -ENOMEM;
	n = collect(show, rows);
	qsort(rows, n, sizeof(*rows), by_policy);
	find_first_lines(rows, n);
	qsort(rows, n, sizeof(*rows), by_place);
	for (i = 0; i < n; i++)
		print_row(&rows[i], &time, out);
	return 0;
}

const struct show_kind show_policies = {
	.name = "policies",
	.rules = true,
	.filters = SHOW_BY_POLICY,
	.columns = columns,
	.n_columns = ARRAY_SIZE(columns),
	.fill = fill,
};
