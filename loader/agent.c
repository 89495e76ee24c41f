/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* What the agent wants, and how the kernel becomes that; see agent.h. */
#include "agent_parts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "apply.h"
#include "bpf_log.h"
#include "check.h"
#include "clock.h"
#include "diag.h"
#include "host_ports.h"
#include "journal.h"
#include "lock.h"
#include "offload_node.h"
#include "status.h"
#include "util.h"

#define LOCK_PAUSE_MS  10
#define VANISHED_TRIES 5
#define LOCK_TRIES     50

int outcome_init(struct outcome *out)
{
	*out = (struct outcome){.errors = diag_new(), .pending = diag_new()};
	return out->errors && out->pending ? 0 : -ENOMEM;
}

void outcome_clear(struct outcome *out)
{
	free(out->problem);
	diag_free(out->errors);
	diag_free(out->pending);
	json_decref(out->list);
	json_decref(out->waiting);
	json_decref(out->ports);
	json_decref(out->entries);
	json_decref(out->programs);
	*out = (struct outcome){};
}

static int fail(struct outcome *out, int err, const char *what)
{
	if (!out->problem && asprintf(&out->problem, "%s: %s", what, strerror(-err)) < 0)
		out->problem = NULL;
	return err;
}

static int fail_apply(struct outcome *out, const struct journal *journal, int err)
{
	if (asprintf(&out->problem, "%s: %s%s%s", journal->failed ? journal->failed : "apply",
		     strerror(-err), journal->stuck ? "; not all could be undone: " : "",
		     journal->stuck ? journal->stuck : "") < 0)
		out->problem = NULL;
	bpf_log_print(stderr);
	return err;
}

static void describe(const struct plan *plan, struct outcome *out)
{
	_cleanup_(differences_clear) struct differences differences;

	out->sum = plan_summarize(plan);
	differences_fill(plan, &differences);
	out->entries = print_rows(&differences.entries);
	out->programs = print_rows(&differences.programs);
}

static void note_refused(struct agent *a, const struct plan *plan)
{
	for (size_t i = 0; i < plan->n_ops; i++) {
		const __u32 ifindex = plan->ops[i].before.ifindex;

		if (plan->ops[i].optional && !plan->ops[i].done)
			set_add(&a->no_xdp, &ifindex, sizeof(ifindex), 0, NULL);
	}
}

/* The rows of one table of names are the ports that are attached, or were. */
static void add_ports(json_t *list, enum agent_event event, const struct rows *rows)
{
	const struct weft_port_info *info;

	for (size_t i = 0; i < rows->n; i++) {
		info = (const void *)(rows->values + i * sizeof(*info));
		if (info->kind != WEFT_PORT_GUARD)
			json_array_append_new(list,
					      json_pack("{s:i, s:s, s:s}", "event", event, "port",
							info->name, "interface", info->interface));
	}
}

/* What is attached, and what could be again. Old programs hold on to old maps. */
static void forget_programs(struct agent *a, const struct plan *plan, size_t first_new)
{
	const struct attachments *at = &plan->attachments;
	_cleanup_free_ __u32 *ids = calloc(2 * at->n + a->progs.n + 1, sizeof(*ids));
	size_t n = 0;

	for (size_t i = 0; i < at->n && ids; i++) {
		ids[n++] = at->v[i].tc_prog.prog;
		ids[n++] = at->v[i].xdp_prog.prog;
	}
	for (size_t i = 0; i < a->progs.n && ids; i++)
		if (i >= first_new ||
		    (!plan->programs_stale && a->progs.v[i].build == datapath_tc_build()))
			ids[n++] = a->progs.v[i].id;
	if (ids)
		progs_retain(&a->progs, ids, n);
}

/* What the interfaces of workloads may be told. Where a network has no tunnel, as much as they
 * like. */
static void note_mtus(struct agent *a, const struct plan *plan)
{
	const struct table *names = &plan->wanted.t[TABLE_NET_INFO];
	const struct weft_network_info *info;
	const struct weft_network *row;

	json_decref(a->mtus);
	a->mtus = json_object();
	for (size_t i = 0; i < names->rows.n; i++) {
		info = table_value(names, i);
		row = table_get(&plan->wanted.t[TABLE_NETWORKS], table_key(names, i));
		if (row && row->mtu != COMPILE_NO_MTU)
			json_object_set_new(a->mtus, info->name, json_integer(row->mtu));
	}
}

static void note_done(struct agent *a, struct plan *plan, size_t first_new, struct outcome *out)
{
	const struct table_diff *names = &plan->diff[TABLE_PORT_INFO];

	note_mtus(a, plan);
	note_refused(a, plan);
	forget_programs(a, plan, first_new);
	out->ports = json_array();
	add_ports(out->ports, EVENT_PORT_DOWN, &names->removed);
	add_ports(out->ports, EVENT_PORT_UP, &names->added);
	add_ports(out->ports, EVENT_PORT_UP, &names->changed);
}

/* What the plan saw, for those who hear of changes; it has no interfaces after this. */
static void keep_interfaces(struct agent *a, struct plan *plan)
{
	ifaces_clear(&a->ifaces);
	a->ifaces = plan->facts.ifaces;
	plan->facts.ifaces = (struct ifaces){};
	a->devices = plan->facts.devices;
}

/* weft's own devices: only about speed, so that the next look is soon enough if it fails. What it
 * does, it does by an apply of its own. */
static void finish(struct agent *a, struct plan *plan, struct outcome *out)
{
	struct plan_summary before = out->sum;
	const char *refused;

	apply_devices(plan, &out->sum);
	offload_settle(plan, &refused);
	if (memcmp(&before, &out->sum, sizeof(before)) != 0)
		known_clear(&a->known);
	else
		plan_learn(plan, &a->known);
}

void agent_settle(struct agent *a)
{
	if (a->stragglers)
		apply_wait();
	a->stragglers = false;
}

/* Who else may change a node beside an agent is soon done. */
static int take_lock(const struct agent *a, int *lock)
{
	const struct timespec pause = {.tv_nsec = LOCK_PAUSE_MS * 1000000};
	pid_t holder = 0;
	int err = -EBUSY;

	for (int i = 0; i < LOCK_TRIES && err == -EBUSY; i++) {
		if (i)
			nanosleep(&pause, NULL);
		err = lock_take(a->node, LOCK_CHANGE, lock, &holder);
	}
	return err;
}

/* @made: host ports that were made for it; they stay once it is done. */
static int carry_out(struct agent *a, struct plan *plan, struct set *made, struct outcome *out)
{
	_cleanup_free_ char *what = NULL;
	_cleanup_(journal_clear) struct journal journal = {};
	const size_t first_new = a->progs.n;
	_cleanup_close_ int lock = -1;
	int err;

	err = take_lock(a, &lock);
	if (err)
		return fail(out, err, "another weft is changing the node");
	err = offload_test(plan, out->errors);
	if (!err)
		err = apply_plan(plan, &journal);
	if (err)
		return fail_apply(out, &journal, err);
	set_clear(made);
	describe(plan, out);
	note_done(a, plan, first_new, out);
	a->settled = true;
	if (plan->new_policies) {
		a->stragglers = true;
		agent_settle_soon(a);
	}
	finish(a, plan, out);
	err = host_ports_settle(plan, &what);
	keep_interfaces(a, plan);
	return err ? fail(out, err, what ?: "host ports") : 0;
}

static int run_plan(struct agent *a, const struct config *cfg, const struct cfg_node *self,
		    const struct agent_try *try, struct set *made, struct outcome *out)
{
	const struct plan_terms terms = {
		.pending = out->pending,
		.settled = a->settled,
		.no_xdp = &a->no_xdp,
		.keep_halves = true,
		.new_policies = try->new_policies,
		.stragglers = a->stragglers,
		.known = try->trusting ? &a->known : NULL,
		.progs = &a->progs,
	};
	_cleanup_(plan_clear) struct plan plan = {};
	int err;

	bpf_log_clear();
	err = plan_make(cfg, self, &terms, out->errors, &plan, &out->problem);
	if (!err && !try->dry_run && !diag_count(out->errors))
		return carry_out(a, &plan, made, out);
	if (plan.was_known) { /* nothing was done, so it holds on */
		a->known = (struct known){.valid = true, .tables = plan.actual};
		tables_init(&plan.actual);
	}
	if (err)
		return fail(out, err, "plan");
	if (diag_count(out->errors))
		return -EINVAL;
	describe(&plan, out);
	return 0;
}

/* Host ports are made first, so that the plan finds their interfaces. */
static int run(struct agent *a, const struct config *cfg, const struct cfg_node *self,
	       const struct agent_try *try, struct outcome *out)
{
	_cleanup_(set_clear) struct set made = {};
	_cleanup_free_ char *what = NULL;
	int err = try->dry_run ? 0 : host_ports_bring(cfg, self, &made, &what);

	if (err)
		fail(out, err, what ?: "make host ports");
	else
		err = run_plan(a, cfg, self, try, &made, out);
	if (err)
		host_ports_take_back(cfg, self, &made);
	return err;
}

static void count(struct agent *a, const struct outcome *out)
{
	double limit = 1;

	a->counts.applies++;
	a->counts.failures += out->err != 0;
	a->counts.seconds += out->ms / 1000;
	for (int i = 0; i < AGENT_BUCKETS; i++, limit *= 4)
		a->counts.took[i] += out->ms < limit;
}

/* An interface that was there has gone since: with containers, that is no reason for anything to
 * fail. What was done is undone, and the next plan has the interface as pending. */
static int forget_attempt(struct outcome *out)
{
	struct diag *pending = diag_new();

	if (!pending)
		return -ENOMEM;
	diag_free(out->pending);
	out->pending = pending;
	free(TAKE_PTR(out->problem));
	return 0;
}

int agent_attempt(struct agent *a, const struct config *cfg, const struct cfg_node *self,
		  const struct agent_try *try, struct outcome *out)
{
	double start = clock_ms();

	out->err = run(a, cfg, self, try, out);
	for (int i = 0; i < VANISHED_TRIES && out->err == -ENODEV && !forget_attempt(out); i++)
		out->err = run(a, cfg, self, try, out);
	out->ms = clock_ms() - start;
	if (!try->dry_run)
		count(a, out);
	return out->err;
}

int agent_judge(const struct config *file, const struct documents *docs, const char *node,
		struct diag *diag, struct candidate *out)
{
	int err;

	err = documents_merge(file, docs, &out->wanted);
	if (!err)
		err = config_check(out->wanted, diag);
	if (!err && diag_count(diag))
		err = -EINVAL;
	if (!err)
		err = config_select_node(out->wanted, node, diag, &out->self) ? -EINVAL : 0;
	return err;
}

static void add_interface(struct agent *a, const char *name)
{
	if (name)
		set_add(&a->interfaces, name, strlen(name), 0, NULL);
}

void agent_adopt(struct agent *a, const struct candidate *c)
{
	config_free(a->wanted);
	a->wanted = c->wanted;
	a->self = c->self;
	set_clear(&a->interfaces);
	for (size_t i = 0; i < a->self->uplinks.n; i++)
		add_interface(a, a->self->uplinks.v[i].interface.v);
	for (size_t i = 0; i < a->wanted->ports.n; i++)
		if (!strcmp(a->wanted->ports.v[i].node.v, a->node))
			add_interface(a, a->wanted->ports.v[i].interface.v);
}

void agent_remember(struct agent *a, struct outcome *out)
{
	diag_free(a->pending);
	a->pending = TAKE_PTR(out->pending);
	free(a->problem);
	a->problem = NULL;
}

int agent_try(struct agent *a, struct documents *docs, const struct agent_try *try,
	      struct outcome *out)
{
	struct candidate c = {};

	if (!a->file) {
		out->err = -EAGAIN;
		return fail(out, out->err, "the file is wrong, so there is nothing to add to");
	}
	diag_set_file(out->errors, a->options.file);
	out->err = agent_judge(a->file, docs, a->node, out->errors, &c);
	if (!out->err && !try->dry_run && try->keep)
		out->err = documents_prepare(a->options.state, docs);
	if (!out->err)
		agent_attempt(a, c.wanted, c.self, try, out);
	if (!out->err && !try->dry_run && try->keep)
		out->err = documents_commit(a->options.state);
	out->list = agent_errors_json(c.wanted, out->errors);
	out->waiting = agent_errors_json(c.wanted, out->pending);
	if (out->err || try->dry_run) {
		config_free(c.wanted);
		return out->err == -EINVAL ? out->err
		       : out->err          ? fail(out, out->err, a->options.state)
					   : 0;
	}
	agent_adopt(a, &c);
	documents_clear(&a->documents);
	a->documents = *docs;
	*docs = (struct documents){};
	agent_remember(a, out);
	return 0;
}

/* With neither side known to have changed, it was somebody else who changed the kernel. */
static bool is_repair(unsigned int why)
{
	return !(why & (WHY_START | WHY_INTERFACE | WHY_ADDRESS | WHY_RETRY | WHY_API | WHY_NEW));
}

void agent_say(struct agent *a, unsigned int why, const struct outcome *out)
{
	json_t *port, *fields;
	size_t i;

	if (plan_summary_empty(&out->sum))
		return;
	a->counts.repairs += is_repair(why);
	json_array_foreach (out->ports, i, port) {
		fields = json_copy(port);
		json_object_del(fields, "event");
		agent_event(a, json_integer_value(json_object_get(port, "event")), fields);
	}
	agent_event(a, is_repair(why) ? EVENT_REPAIRED : EVENT_RECONCILED,
		    json_pack("{s:o, s:f, s:O, s:O, s:i}", "why", agent_why_json(why), "ms",
			      out->ms, "entries", out->entries, "programs", out->programs,
			      "pending", (int)diag_count(a->pending)));
}
