/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The file compared with the kernel; see plan.h. */
#include "plan.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "check.h"
#include "compile.h"
#include "config.h"
#include "diag.h"
#include "limits.h"
#include "map_io.h"
#include "util.h"

/* Says what is wrong, and with what. Return: @err. */
static int fail(char **problem, int err, const char *what)
{
	if (asprintf(problem, "%s: %s", what, strerror(-err)) < 0)
		*problem = NULL;
	return err;
}

static int fail_text(char **problem, int err, const char *text)
{
	*problem = strdup(text);
	return err;
}

static int open_pinned(struct plan *plan, char **problem)
{
	const struct pins *pins = &plan->pins;
	int err;

	err = pins_check(pins);
	if (err == -EPERM)
		return fail_text(problem, err,
				 PINS_BPFFS "/weft has directories that are not root's alone; weft "
					    "did not make them and does not use them");
	if (err)
		return fail(problem, err, pins->base);
	err = maps_open_pinned(pins, &plan->pinned);
	return err ? fail(problem, err, pins->base) : 0;
}

static int refuse_layout(const struct plan *plan, enum table_id id, char **problem)
{
	const struct pins_path path = pins_path(&plan->pins, PINS_MAPS, table_descs[id].name);

	if (asprintf(problem,
		     "the map %s has another layout than this weft works with; take the node down "
		     "with the weft that made it",
		     path.s) < 0)
		*problem = NULL;
	return -EPROTO;
}

static int check_layouts(const struct plan *plan, const struct map_shape *expected, char **problem)
{
	struct map_shape shape;
	int err;

	for (int id = 0; id < __TABLE_MAX; id++) {
		if (plan->pinned.fd[id] < 0)
			continue;
		err = map_shape_of(plan->pinned.fd[id], &shape);
		if (err)
			return fail(problem, err, table_descs[id].name);
		if (shape.type != expected[id].type || shape.flags != expected[id].flags ||
		    shape.key_size != expected[id].key_size ||
		    shape.value_size != expected[id].value_size)
			return refuse_layout(plan, id, problem);
	}
	return 0;
}

static int read_actual(struct plan *plan, char **problem)
{
	struct map_shape expected[__TABLE_MAX];
	int err;

	err = datapath_shapes(expected);
	if (err)
		return fail(problem, err, "the BPF programs in this binary");
	err = check_layouts(plan, expected, problem);
	if (!err && plan->terms.known && plan->terms.known->valid) {
		plan->actual = plan->terms.known->tables;
		*plan->terms.known = (struct known){};
		plan->was_known = true;
		return 0;
	}
	for (int id = 0; id < __TABLE_WANTED_MAX && !err; id++) {
		if (plan->pinned.fd[id] < 0)
			continue;
		err = map_read(plan->pinned.fd[id], &plan->actual.t[id]);
		if (err)
			fail(problem, err, table_descs[id].name);
	}
	return err;
}

static int compile_wanted(struct plan *plan, struct diag *diag)
{
	const struct compile_input input = {
		.cfg = plan->cfg,
		.node = plan->node,
		.ports = plan->facts.ports,
		.uplinks = plan->facts.uplinks,
		.guard = plan->facts.devices.vxlan,
		.tick_ns = plan->facts.tick_ns,
		.route = facts_route,
		.route_arg = &plan->facts,
		.previous = &plan->actual,
	};
	int err = 0;

	/* Much the same, mostly. */
	for (int id = 0; id < __TABLE_WANTED_MAX && !err; id++)
		err = table_reserve(&plan->wanted.t[id], plan->actual.t[id].rows.n);
	if (!err)
		err = compile(&input, diag, &plan->wanted);
	if (!err && !diag_count(diag))
		err = plan_policies(plan, diag);
	if (!err)
		limits_check(plan->cfg, &plan->wanted, &plan->actual, diag);
	return err;
}

static __u32 entries_of(const struct plan *plan, enum table_id id)
{
	return limits_entries(plan->cfg, id, &plan->wanted, &plan->actual);
}

/* One generation is in all of these: if one is another, the programs that work with it need the
 * others for themselves too, lest an apply that comes after a killed one change them under it. */
static bool is_of_policies(enum table_id id)
{
	return table_is_policy(id) || id == TABLE_GENERATION;
}

/* The second and third count the entries of the first. */
static bool is_of_flows(enum table_id id)
{
	return id == TABLE_FLOWS || id == TABLE_FLOW_USE || id == TABLE_NET_USE;
}

/* The same. */
static bool is_of_learning(enum table_id id)
{
	return id >= TABLE_LEARNED && id <= TABLE_LEARN_VTEP;
}

/* Tables that are made anew together. Return: whether they are. */
static bool make_together(struct plan *plan, bool (*belongs)(enum table_id id))
{
	bool any = false;

	for (int id = 0; id < __TABLE_MAX; id++)
		any |= belongs(id) && plan->create[id];
	for (int id = 0; id < __TABLE_MAX && any; id++) {
		if (!belongs(id) || plan->create[id])
			continue;
		plan->create[id] = entries_of(plan, id);
		plan->along[id] = true;
	}
	return any;
}

static int plan_maps(struct plan *plan)
{
	struct map_shape shape;
	__u32 entries;
	int err;

	for (int id = 0; id < __TABLE_MAX; id++) {
		entries = entries_of(plan, id);
		if (plan->pinned.fd[id] >= 0) {
			err = map_shape_of(plan->pinned.fd[id], &shape);
			if (err)
				return err;
			if (shape.max_entries == entries)
				continue;
		}
		plan->create[id] = entries;
		plan->programs_stale = true;
	}
	plan->fresh_policies = make_together(plan, is_of_policies);
	make_together(plan, is_of_flows);
	make_together(plan, is_of_learning);
	return 0;
}

static int compare_tables(struct plan *plan)
{
	int err = 0;

	for (int id = 0; id < TABLE_GENERATION && !err; id++)
		err = plan_diff(plan, id);
	if (!err)
		err = plan_maps(plan);
	return err ? err : plan_generation(plan);
}

static int plan_changes(struct plan *plan, struct diag *diag, char **problem)
{
	int err = compare_tables(plan);

	if (err)
		return fail(problem, err, "compare the tables");

	err = attach_read(&plan->pins, &plan->pinned, plan->progs, !plan->terms.settled,
			  &plan->attachments);
	if (err)
		return fail(problem, err, "find the attached programs");
	if (plan->attachments.elsewhere)
		return fail_text(problem, -EEXIST,
				 "it is applied in another network namespace; give that one with "
				 "--netns, or take the node down there first");
	err = plan_offloads(plan, diag);
	if (!err)
		err = plan_attachments(plan);
	return err ? fail(problem, err, "compare the attached programs") : 0;
}

/* What the file is to be compared with. @terms: may be NULL. */
static int look_around(const struct config *cfg, const struct cfg_node *node,
		       const struct plan_terms *terms, struct diag *diag, struct plan *plan,
		       char **problem)
{
	int err;

	*plan = (struct plan){.cfg = cfg, .node = node};
	if (terms)
		plan->terms = *terms;
	plan->progs = plan->terms.progs ?: &plan->own_progs;
	*problem = NULL;
	maps_init(&plan->pinned);
	tables_init(&plan->wanted);
	tables_init(&plan->actual);
	pins_init(&plan->pins, node->name.v);

	err = config_check_local(cfg, node, diag);
	if (!err)
		err = facts_read(cfg, node, plan->terms.pending ?: diag, &plan->facts);
	if (err)
		return fail(problem, err, "look at this machine's interfaces");
	err = open_pinned(plan, problem);
	return err ? err : read_actual(plan, problem);
}

int plan_make(const struct config *cfg, const struct cfg_node *node, const struct plan_terms *terms,
	      struct diag *diag, struct plan *plan, char **problem)
{
	int err;

	err = look_around(cfg, node, terms, diag, plan, problem);
	if (err)
		return err;
	err = compile_wanted(plan, diag);
	if (err)
		return fail(problem, err, "compile the file");
	return diag_count(diag) ? 0 : plan_changes(plan, diag, problem);
}

int plan_preview(const struct config *cfg, const struct cfg_node *node, struct diag *diag,
		 struct diag *fit, struct plan *plan, char **problem)
{
	const struct plan_terms terms = {.pending = fit};
	int err;

	err = look_around(cfg, node, &terms, diag, plan, problem);
	if (err || diag_count(diag))
		return err;
	facts_pretend(&plan->facts);
	err = compile_wanted(plan, diag);
	if (!err && !diag_count(diag))
		err = compare_tables(plan);
	return err ? fail(problem, err, "compile the file") : 0;
}

void plan_clear(struct plan *plan)
{
	facts_clear(&plan->facts);
	maps_close(&plan->pinned);
	tables_clear(&plan->wanted);
	tables_clear(&plan->actual);
	for (int id = 0; id < __TABLE_WANTED_MAX; id++) {
		table_diff_clear(&plan->diff[id]);
		rows_clear(&plan->stale[id]);
	}
	rows_clear(&plan->passing);
	progs_clear(&plan->own_progs);
	attachments_clear(&plan->attachments);
	offload_state_clear(&plan->offload_state);
	free(plan->offloads);
	plan->offloads = NULL;
	free(plan->ops);
	plan->ops = NULL;
	plan->n_ops = 0;
}

static void count_op(const struct op *op, struct plan_summary *sum)
{
	switch (op->kind) {
	case OP_TC_ATTACH:
	case OP_XDP_ATTACH:
		sum->attached += !op->optional || op->done;
		break;
	case OP_TC_REPLACE:
	case OP_XDP_REPLACE:
		sum->replaced++;
		break;
	case OP_TC_DETACH:
		sum->detached += op->tc != TC_NONE;
		break;
	case OP_XDP_DETACH:
		sum->detached += op->xdp != XDP_NONE;
		break;
	case __OP_MAX:
		break;
	}
}

struct plan_summary plan_summarize(const struct plan *plan)
{
	struct plan_summary sum = {};

	for (int id = 0; id < __TABLE_WANTED_MAX; id++) {
		sum.added += plan->diff[id].added.n;
		sum.changed += plan->diff[id].changed.n;
		sum.removed += plan->diff[id].removed.n + plan->stale[id].n;
	}
	for (int id = 0; id < __TABLE_MAX; id++) {
		sum.made += plan->create[id] && plan->pinned.fd[id] < 0;
		sum.resized += plan->create[id] && plan->pinned.fd[id] >= 0;
	}
	for (size_t i = 0; i < plan->n_ops; i++)
		count_op(&plan->ops[i], &sum);
	return sum;
}

bool plan_summary_empty(const struct plan_summary *sum)
{
	return !sum->added && !sum->changed && !sum->removed && !sum->attached && !sum->replaced &&
	       !sum->detached && !sum->made && !sum->resized;
}
