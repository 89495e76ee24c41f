/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* What the kernel has after an apply, without asking it; see plan.h. */
#include <errno.h>

#include "plan.h"
#include "util.h"

void known_clear(struct known *known)
{
	if (known->valid)
		tables_clear(&known->tables);
	*known = (struct known){};
}

static int put_all(struct table *table, const struct rows *rows)
{
	int err = 0;

	for (size_t i = 0; i < rows->n && !err; i++)
		err = table_put(table, rows->keys + i * table->desc->key_size,
				rows->values + i * table->desc->value_size);
	return err;
}

static void remove_all(struct table *table, const struct rows *rows)
{
	for (size_t i = 0; i < rows->n; i++)
		table_remove(table, rows->keys + i * table->desc->key_size);
}

/* What was done to the kernel's table, done to what was read of it. */
static int follow(struct table *table, const struct table_diff *diff, const struct rows *stale)
{
	int err;

	remove_all(table, stale);
	remove_all(table, &diff->removed);
	err = put_all(table, &diff->added);
	return err ? err : put_all(table, &diff->changed);
}

/* In the order of what was wanted, which the next plan will have too. Beside the half that was
 * wanted of a policy table, the other is what it was. */
static int rebuild(struct plan *plan, enum table_id id)
{
	const struct table *actual = &plan->actual.t[id];
	__u32 half = plan->generations.end.policy & 1;
	struct table *wanted = &plan->wanted.t[id];
	int err = 0;

	for (size_t i = 0; i < actual->rows.n && !err; i++)
		if (plan->terms.keep_halves && table_is_policy(id) &&
		    policy_half(id, table_key(actual, i)) != half)
			err = table_put(wanted, table_key(actual, i), table_value(actual, i));
	return err;
}

static bool made_any(const struct plan *plan)
{
	for (int id = 0; id < __TABLE_MAX; id++)
		if (plan->create[id])
			return true;
	return false;
}

void plan_learn(struct plan *plan, struct known *known)
{
	struct tables *tables = plan->was_known ? &plan->actual : &plan->wanted;
	int err = 0;

	known_clear(known);
	if (made_any(plan))
		return;
	for (int id = 0; id < __TABLE_WANTED_MAX && !err; id++)
		err = plan->was_known ? follow(&tables->t[id], &plan->diff[id], &plan->stale[id])
				      : rebuild(plan, id);
	if (err)
		return;
	*known = (struct known){.valid = true, .tables = *tables};
	tables_init(tables);
}
