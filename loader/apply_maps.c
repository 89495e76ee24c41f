/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The maps and entries of a transaction; see apply.h.
 *
 * A map whose size changes is made anew beside the old one, filled, and takes over its pin when the
 * programs have been switched. Until then the old programs and the old map are as they were.
 */
#include "apply_parts.h"

#include <errno.h>
#include <string.h>

#include "map_io.h"
#include "util.h"

static bool is_resized(const struct apply *a, enum table_id id)
{
	return a->plan->create[id] && a->plan->pinned.fd[id] >= 0;
}

/* Also clears away what a killed apply has left. */
static int make_dirs(void *arg)
{
	struct apply *a = arg;
	const struct pins *pins = &a->plan->pins;
	_cleanup_(pins_names_freep) char **names = NULL;
	int err;

	err = pins_mount();
	if (!err)
		err = pins_make_dirs(pins, &a->new_node);
	if (!err)
		err = pins_list(pins, PINS_NEW, &names);
	for (char **name = names; name && *name && !err; name++)
		err = pins_unpin(pins, PINS_NEW, *name);
	return err;
}

static int remove_dirs(void *arg)
{
	const struct apply *a = arg;

	if (a->new_node)
		pins_remove_dirs(&a->plan->pins);
	return 0;
}

static int create_maps(void *arg)
{
	struct apply *a = arg;
	int err;

	err = datapath_create_maps(a->plan->create, &a->made);
	for (int id = 0; id < __TABLE_MAX && !err; id++)
		if (a->plan->create[id])
			a->use.fd[id] = a->made.fd[id];
	return err;
}

static enum pins_dir place_of(const struct table_step *step)
{
	return is_resized(step->apply, step->id) ? PINS_NEW : PINS_MAPS;
}

static int pin_map(void *arg)
{
	const struct table_step *step = arg;

	return pins_pin(&step->apply->plan->pins, place_of(step), table_descs[step->id].name,
			step->apply->use.fd[step->id]);
}

static int unpin_map(void *arg)
{
	const struct table_step *step = arg;

	return pins_unpin(&step->apply->plan->pins, place_of(step), table_descs[step->id].name);
}

static int copy_map(void *arg)
{
	const struct table_step *step = arg;

	return map_copy(step->apply->plan->pinned.fd[step->id], step->apply->use.fd[step->id],
			&table_descs[step->id]);
}

int apply_make_maps(struct apply *a)
{
	bool any = false;
	int err;

	for (int id = 0; id < __TABLE_MAX; id++)
		any |= a->plan->create[id];
	if (!any)
		return 0;

	err = journal_do(a->journal, make_dirs, remove_dirs, a, "make %s", a->plan->pins.base);
	if (!err)
		err = journal_do(a->journal, create_maps, NULL, a, "create the maps");
	for (int id = 0; id < __TABLE_MAX && !err; id++) {
		if (!a->plan->create[id])
			continue;
		err = journal_do(a->journal, pin_map, unpin_map, &a->tables[id], "pin %s",
				 table_descs[id].name);
		if (!err && is_resized(a, id) && id < __TABLE_WANTED_MAX)
			err = journal_do(a->journal, copy_map, NULL, &a->tables[id],
					 "copy %s to its new size", table_descs[id].name);
	}
	return err;
}

/* Late, because the programs at work still count in the old ones. */
int apply_copy_counters(struct apply *a)
{
	int err = 0;

	for (int id = __TABLE_WANTED_MAX; id < __TABLE_MAX && !err; id++)
		if (is_resized(a, id))
			err = journal_do(a->journal, copy_map, NULL, &a->tables[id],
					 "copy %s to its new size", table_descs[id].name);
	return err;
}

static int commit_map(void *arg)
{
	const struct table_step *step = arg;

	return pins_commit(&step->apply->plan->pins, table_descs[step->id].name);
}

static int uncommit_map(void *arg)
{
	const struct table_step *step = arg;
	const struct plan *plan = step->apply->plan;
	const char *name = table_descs[step->id].name;
	int err;

	err = pins_unpin(&plan->pins, PINS_MAPS, name);
	return err ? err : pins_pin(&plan->pins, PINS_MAPS, name, plan->pinned.fd[step->id]);
}

int apply_commit_maps(struct apply *a)
{
	int err = 0;

	for (int id = 0; id < __TABLE_MAX && !err; id++)
		if (is_resized(a, id))
			err = journal_do(a->journal, commit_map, uncommit_map, &a->tables[id],
					 "put the new %s in the place of the old one",
					 table_descs[id].name);
	return err;
}

static int put(const struct table_step *step, const struct rows *rows)
{
	return map_put(step->apply->use.fd[step->id], &table_descs[step->id], rows);
}

static int take(const struct table_step *step, const struct rows *rows)
{
	return map_remove(step->apply->use.fd[step->id], &table_descs[step->id], rows);
}

static const struct table_diff *diff_of(const struct table_step *step)
{
	return &step->apply->plan->diff[step->id];
}

static int undo_add(void *arg)
{
	return take(arg, &diff_of(arg)->added);
}

static int add_rows(void *arg)
{
	int err = put(arg, &diff_of(arg)->added);

	if (err)
		undo_add(arg);
	return err;
}

static int undo_change(void *arg)
{
	return put(arg, &diff_of(arg)->previous);
}

static int change_rows(void *arg)
{
	int err = put(arg, &diff_of(arg)->changed);

	if (err)
		undo_change(arg);
	return err;
}

static int undo_remove(void *arg)
{
	return put(arg, &diff_of(arg)->removed);
}

static int remove_rows(void *arg)
{
	int err = take(arg, &diff_of(arg)->removed);

	if (err)
		undo_remove(arg);
	return err;
}

/* Drops are counted by port and reason; only those that happened have a row. */
static int clear_drops(const struct apply *a, const struct table *ids)
{
	_cleanup_(table_clear) struct table drops;
	_cleanup_(rows_clear) struct rows dead = {};
	const struct weft_drop_key *key;
	int err;

	table_init(&drops, &table_descs[TABLE_DROPS]);
	err = map_read(a->use.fd[TABLE_DROPS], &drops);
	for (size_t i = 0; i < drops.rows.n && !err; i++) {
		key = table_key(&drops, i);
		if (table_get(ids, &key->port))
			err = rows_add(&dead, drops.desc, key, table_value(&drops, i));
	}
	return err ? err : map_remove(a->use.fd[TABLE_DROPS], drops.desc, &dead);
}

/* Counters of ports and networks that come or go: who gets an id begins at zero. */
static int clear_counters(const struct apply *a, const struct rows *ports,
			  const struct rows *networks)
{
	_cleanup_(table_clear) struct table ids;
	const struct maps *maps = &a->use;
	int err = 0;

	table_init(&ids, &table_descs[TABLE_PORT_INFO]);
	for (size_t i = 0; i < ports->n && !err; i++)
		err = table_put(&ids, ports->keys + i * ids.desc->key_size,
				ports->values + i * ids.desc->value_size);
	if (!err && networks->n)
		err = map_remove(maps->fd[TABLE_NET_STAT], &table_descs[TABLE_NET_STAT], networks);
	if (err || !ports->n)
		return err;
	err = map_remove(maps->fd[TABLE_PORT_STAT], &table_descs[TABLE_PORT_STAT], ports);
	if (!err)
		err = map_remove(maps->fd[TABLE_ICMP_NEXT], &table_descs[TABLE_ICMP_NEXT], ports);
	return err ? err : clear_drops(a, &ids);
}

static int clear_new_counters(void *arg)
{
	const struct apply *a = arg;

	return clear_counters(a, &a->plan->diff[TABLE_PORT_INFO].added,
			      &a->plan->diff[TABLE_NET_INFO].added);
}

static int clear_old_counters(void *arg)
{
	const struct apply *a = arg;

	return clear_counters(a, &a->plan->diff[TABLE_PORT_INFO].removed,
			      &a->plan->diff[TABLE_NET_INFO].removed);
}

int apply_new_entries(struct apply *a)
{
	const struct table_diff *ports = &a->plan->diff[TABLE_PORT_INFO];
	const struct table_diff *networks = &a->plan->diff[TABLE_NET_INFO];
	int err = 0;

	/* Maps that are all new count from zero anyway. */
	if ((ports->added.n || networks->added.n) && a->plan->pinned.fd[TABLE_PORT_STAT] >= 0)
		err = journal_do(a->journal, clear_new_counters, NULL, a,
				 "clear the counters of new ports and networks");
	for (int id = 0; id < __TABLE_WANTED_MAX && !err; id++) {
		const struct table_diff *diff = &a->plan->diff[id];

		if (diff->added.n)
			err = journal_do(a->journal, add_rows, undo_add, &a->tables[id],
					 "add %zu entries to %s", diff->added.n,
					 table_descs[id].name);
		if (diff->changed.n && !err)
			err = journal_do(a->journal, change_rows, undo_change, &a->tables[id],
					 "change %zu entries of %s", diff->changed.n,
					 table_descs[id].name);
	}
	return err;
}

int apply_remove_entries(struct apply *a)
{
	int err = 0;

	for (int id = __TABLE_WANTED_MAX - 1; id >= 0 && !err; id--)
		if (a->plan->diff[id].removed.n)
			err = journal_do(a->journal, remove_rows, undo_remove, &a->tables[id],
					 "remove %zu entries from %s", a->plan->diff[id].removed.n,
					 table_descs[id].name);
	if (!err &&
	    (a->plan->diff[TABLE_PORT_INFO].removed.n || a->plan->diff[TABLE_NET_INFO].removed.n))
		err = journal_do(a->journal, clear_old_counters, NULL, a,
				 "clear the counters of old ports and networks");
	return err;
}
