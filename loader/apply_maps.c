/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The maps of a transaction; see apply.h.
 *
 * A map whose size changes is made anew beside the old one, filled, and takes over its pin when the
 * programs have been switched. Until then the old programs and the old map are as they were.
 */
#include "apply_parts.h"

#include <errno.h>
#include <string.h>

#include "flow_copy.h"
#include "map_io.h"
#include "util.h"

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
	return apply_resizes(step->apply, step->id) ? PINS_NEW : PINS_MAPS;
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
	int from = step->apply->plan->pinned.fd[step->id];
	int to = step->apply->use.fd[step->id];

	if (step->id == TABLE_FLOWS)
		return flows_copy(from, to);
	if (step->id == TABLE_LEARNED)
		return learned_copy(from, to);
	if (step->id >= TABLE_LEARN_PORT && step->id <= TABLE_LEARN_VTEP)
		return learn_use_copy(from, to, &table_descs[step->id]);
	if (step->id == TABLE_FLOW_USE || step->id == TABLE_NET_USE)
		return flow_use_copy(from, to, &table_descs[step->id]);
	return map_copy(from, to, &table_descs[step->id]);
}

/* Tables of policies, if any is made anew, are filled by apply_new_policies(). */
static bool is_copied_early(const struct apply *a, enum table_id id)
{
	return id < TABLE_GENERATION && !(table_is_policy(id) && a->plan->fresh_policies);
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
		if (!err && apply_resizes(a, id) && is_copied_early(a, id))
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
		if (apply_resizes(a, id))
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

static int commit(struct apply *a, bool along)
{
	int err = 0;

	for (int id = 0; id < __TABLE_MAX && !err; id++)
		if (apply_resizes(a, id) && a->plan->along[id] == along)
			err = journal_do(a->journal, commit_map, uncommit_map, &a->tables[id],
					 "put the new %s in the place of the old one",
					 table_descs[id].name);
	return err;
}

int apply_commit_maps(struct apply *a)
{
	int err = commit(a, true);

	return err ? err : commit(a, false);
}
