/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The entries of a transaction, and the counters of who comes and goes; see apply.h. */
#include "apply_parts.h"

#include <errno.h>
#include <string.h>

#include <weft/multicast.h>

#include "map_io.h"
#include "util.h"

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

static bool is_fresh(const struct apply *a, enum table_id id)
{
	return table_is_policy(id) && a->plan->fresh_policies;
}

/* A table of policies that is made anew gets all its rows; nothing was copied there. */
static const struct rows *added_to(const struct apply *a, enum table_id id)
{
	return is_fresh(a, id) ? &a->plan->wanted.t[id].rows : &a->plan->diff[id].added;
}

static int undo_add(void *arg)
{
	const struct table_step *step = arg;

	return take(step, added_to(step->apply, step->id));
}

static int add_rows(void *arg)
{
	const struct table_step *step = arg;
	int err = put(step, added_to(step->apply, step->id));

	if (err)
		undo_add(arg);
	return err;
}

static int remove_stale(void *arg)
{
	const struct table_step *step = arg;

	return take(step, &step->apply->plan->stale[step->id]);
}

static int add_passing(void *arg)
{
	const struct table_step *step = arg;

	return put(step, &step->apply->plan->passing);
}

static int remove_passing(void *arg)
{
	const struct table_step *step = arg;

	return take(step, &step->apply->plan->passing);
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

static int clear_port_drops(const struct apply *a, const struct rows *ports)
{
	_cleanup_(table_clear) struct table ids;
	int err = 0;

	table_init(&ids, &table_descs[TABLE_PORT_INFO]);
	for (size_t i = 0; i < ports->n && !err; i++)
		err = table_put(&ids, ports->keys + i * ids.desc->key_size,
				ports->values + i * ids.desc->value_size);
	return err ? err : clear_drops(a, &ids);
}

static bool has_id(const struct rows *ids, __u32 id)
{
	for (size_t i = 0; i < ids->n; i++)
		if (!memcmp(ids->keys + i * sizeof(id), &id, sizeof(id)))
			return true;
	return false;
}

/* Members of multicast groups stand there by the ids of ports, tunnels and networks. */
static int clear_members(const struct apply *a,
			 const struct rows *(*rows)(const struct apply *a, enum table_id names))
{
	_cleanup_(table_clear) struct table members;
	_cleanup_(rows_clear) struct rows dead = {};
	const struct weft_mcast_key *key;
	enum table_id names;
	int err;

	table_init(&members, &table_descs[TABLE_MCAST]);
	if (!rows(a, TABLE_PORT_INFO)->n && !rows(a, TABLE_TUN_INFO)->n &&
	    !rows(a, TABLE_NET_INFO)->n)
		return 0;
	err = map_read(a->use.fd[TABLE_MCAST], &members);
	for (size_t i = 0; i < members.rows.n && !err; i++) {
		key = table_key(&members, i);
		names = key->kind == WEFT_FLOOD_PORT ? TABLE_PORT_INFO : TABLE_TUN_INFO;
		if (has_id(rows(a, names), key->member) ||
		    has_id(rows(a, TABLE_NET_INFO), key->network))
			err = rows_add(&dead, members.desc, key, table_value(&members, i));
	}
	return err ? err : map_remove(a->use.fd[TABLE_MCAST], members.desc, &dead);
}

/* What is counted by the ids that a table of names gives out. */
static const struct {
	enum table_id counter;
	enum table_id names;
} counters[] = {
	{TABLE_PORT_STAT, TABLE_PORT_INFO},  {TABLE_ICMP_NEXT, TABLE_PORT_INFO},
	{TABLE_FLOW_USE, TABLE_PORT_INFO},   {TABLE_LEARN_PORT, TABLE_PORT_INFO},
	{TABLE_NET_STAT, TABLE_NET_INFO},    {TABLE_NET_USE, TABLE_NET_INFO},
	{TABLE_LEARN_NET, TABLE_NET_INFO},   {TABLE_RULE_STAT, TABLE_RULE_INFO},
	{TABLE_PORT_STATE, TABLE_PORT_INFO}, {TABLE_BUM_STAT, TABLE_NET_INFO},
	{TABLE_MCAST_NET, TABLE_NET_INFO},
};

/* Who gets an id begins at zero. @rows: the names that come, or go. */
static int clear_counters(const struct apply *a,
			  const struct rows *(*rows)(const struct apply *a, enum table_id names))
{
	const struct rows *ids;
	int err = 0;

	for (size_t i = 0; i < ARRAY_SIZE(counters) && !err; i++) {
		ids = rows(a, counters[i].names);
		if (!ids->n)
			continue;
		err = map_remove(a->use.fd[counters[i].counter], &table_descs[counters[i].counter],
				 ids);
	}
	ids = rows(a, TABLE_PORT_INFO);
	if (!err && ids->n)
		err = clear_port_drops(a, ids);
	return err ? err : clear_members(a, rows);
}

static const struct rows *names_added(const struct apply *a, enum table_id names)
{
	return &a->plan->diff[names].added;
}

static const struct rows *names_removed(const struct apply *a, enum table_id names)
{
	return &a->plan->diff[names].removed;
}

static bool any_names(const struct apply *a,
		      const struct rows *(*rows)(const struct apply *a, enum table_id names))
{
	return rows(a, TABLE_PORT_INFO)->n || rows(a, TABLE_NET_INFO)->n ||
	       rows(a, TABLE_RULE_INFO)->n || rows(a, TABLE_TUN_INFO)->n;
}

static int clear_new_counters(void *arg)
{
	return clear_counters(arg, names_added);
}

static int clear_old_counters(void *arg)
{
	return clear_counters(arg, names_removed);
}

/* Tables from @first to @last, both included. */
static int write_tables(struct apply *a, enum table_id first, enum table_id last)
{
	int err = 0;

	for (int id = first; id <= (int)last && !err; id++) {
		const struct rows *added = added_to(a, id);
		const struct table_diff *diff = &a->plan->diff[id];

		if (added->n)
			err = journal_do(a->journal, add_rows, undo_add, &a->tables[id],
					 "add %zu entries to %s", added->n, table_descs[id].name);
		if (diff->changed.n && !err && !is_fresh(a, id))
			err = journal_do(a->journal, change_rows, undo_change, &a->tables[id],
					 "change %zu entries of %s", diff->changed.n,
					 table_descs[id].name);
	}
	return err;
}

static int clear_tables(struct apply *a, enum table_id last, enum table_id first)
{
	int err = 0;

	for (int id = last; id >= (int)first && !err; id--)
		if (a->plan->diff[id].removed.n && !is_fresh(a, id))
			err = journal_do(a->journal, remove_rows, undo_remove, &a->tables[id],
					 "remove %zu entries from %s", a->plan->diff[id].removed.n,
					 table_descs[id].name);
	return err;
}

int apply_new_names(struct apply *a)
{
	int err = 0;

	/* Maps that are all new count from zero anyway. */
	if (any_names(a, names_added) && a->plan->pinned.fd[TABLE_PORT_STAT] >= 0)
		err = journal_do(a->journal, clear_new_counters, NULL, a,
				 "clear the counters of new ports, networks and rules");
	return err ? err : write_tables(a, 0, TABLE_POL_L4 - 1);
}

int apply_new_policies(struct apply *a)
{
	int err = 0;

	for (int id = TABLE_POL_PORTS; id >= TABLE_POL_L4 && !err; id--)
		if (a->plan->stale[id].n && !is_fresh(a, id))
			err = journal_do(a->journal, remove_stale, NULL, &a->tables[id],
					 "remove %zu stale entries from %s", a->plan->stale[id].n,
					 table_descs[id].name);
	if (!err)
		err = write_tables(a, TABLE_POL_L4, TABLE_POL_PORTS);
	if (!err && a->plan->passing.n)
		err = journal_do(a->journal, add_passing, remove_passing,
				 &a->tables[TABLE_POL_PORTS], "judge %zu ports until they leave",
				 a->plan->passing.n);
	return err;
}

int apply_new_entries(struct apply *a)
{
	return write_tables(a, TABLE_POL_PORTS + 1, TABLE_GENERATION - 1);
}

int apply_remove_entries(struct apply *a)
{
	int err;

	err = clear_tables(a, TABLE_GENERATION - 1, TABLE_POL_PORTS + 1);
	if (!err && a->plan->passing.n)
		err = journal_do(a->journal, remove_passing, add_passing,
				 &a->tables[TABLE_POL_PORTS], "forget %zu ports that have left",
				 a->plan->passing.n);
	return err ? err : clear_tables(a, TABLE_POL_PORTS, TABLE_POL_L4);
}

int apply_remove_names(struct apply *a)
{
	int err;

	err = clear_tables(a, TABLE_POL_L4 - 1, 0);
	if (!err && any_names(a, names_removed))
		err = journal_do(a->journal, clear_old_counters, NULL, a,
				 "clear the counters of old ports, networks and rules");
	return err;
}
