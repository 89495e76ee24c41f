/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* What keeps a node from being what its file says; see status.h and plan.h. */
#include "plan.h"
#include "status.h"
#include "util.h"

static const struct print_column entry_columns[] = {
	{"table", "TABLE", NULL, PRINT_TEXT},     {"add", "ADD", NULL, PRINT_NUMBER},
	{"change", "CHANGE", NULL, PRINT_NUMBER}, {"remove", "REMOVE", NULL, PRINT_NUMBER},
	{"resize", "RESIZE", NULL, PRINT_BOOL},
};

static const struct print_column program_columns[] = {
	{"program", "PROGRAM", NULL, PRINT_TEXT},
	{"do", "DO", NULL, PRINT_TEXT},
	{"interface", "INTERFACE", NULL, PRINT_TEXT},
	{"by", "BY", NULL, PRINT_TEXT},
};

static void fill_entries(const struct plan *plan, struct print_table *out)
{
	static const struct table_diff nothing;
	const struct table_diff *diff;
	int id;

	for (id = 0; id < __TABLE_MAX; id++) {
		diff = id < __TABLE_WANTED_MAX ? &plan->diff[id] : &nothing;
		if (table_diff_empty(diff) && !plan->create[id])
			continue;
		print_text(out, table_descs[id].name);
		print_number(out, diff->added.n);
		print_number(out, diff->changed.n);
		print_number(out, diff->removed.n);
		print_bool(out, plan->create[id]);
	}
}

/* What plan_summarize() does not count: a try that may be refused, and only a pin to be removed. */
static bool is_silent(const struct op *op)
{
	return op->optional || (op->kind == OP_TC_DETACH && op->tc == TC_NONE) ||
	       (op->kind == OP_XDP_DETACH && op->xdp == XDP_NONE);
}

static void fill_programs(const struct plan *plan, struct print_table *out)
{
	const struct op *op;
	size_t i;

	for (i = 0; i < plan->n_ops; i++) {
		op = &plan->ops[i];
		if (is_silent(op))
			continue;
		print_text(out, op->prog);
		print_text(out, op_verb(op->kind));
		print_text(out, op->interface);
		print_text(out, op_how(op));
	}
}

void differences_fill(const struct plan *plan, struct differences *out)
{
	print_init(&out->entries, entry_columns, ARRAY_SIZE(entry_columns));
	print_init(&out->programs, program_columns, ARRAY_SIZE(program_columns));
	if (!plan)
		return;
	fill_entries(plan, &out->entries);
	fill_programs(plan, &out->programs);
}

void differences_clear(struct differences *differences)
{
	print_clear(&differences->entries);
	print_clear(&differences->programs);
}
