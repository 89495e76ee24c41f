/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The programs of a transaction: loaded if needed, attached, replaced, detached. See apply.h. */
#include "apply_parts.h"

#include <errno.h>
#include <string.h>

#include "bpf_log.h"
#include "util.h"

static bool needs(const struct apply *a, const char *prog)
{
	const struct op *op;

	for (size_t i = 0; i < a->plan->n_ops; i++) {
		op = &a->plan->ops[i];
		if ((op->kind == OP_TC_ATTACH || op->kind == OP_TC_REPLACE) &&
		    !strcmp(op->prog, prog))
			return true;
	}
	return false;
}

/* A program that is at work on other interfaces, or was, need not be loaded again. */
static int borrow(const struct apply *a, const char *prog)
{
	const struct attachment *at;

	if (a->plan->programs_stale)
		return -1;
	for (size_t i = 0; i < a->plan->attachments.n; i++) {
		at = &a->plan->attachments.v[i];
		if (at->tc_prog.current && !strcmp(at->tc_prog.name, prog))
			return progs_fd(a->plan->progs, at->tc_prog.prog);
	}
	return progs_kept(a->plan->progs, prog, datapath_tc_build(), map_id(a->use.fd[TABLE_NODE]));
}

/* So that the next plan knows them again, whatever it may ask the kernel. */
static int describe(struct apply *a)
{
	const int fds[] = {a->from_port, a->underlay};
	__u32 tables[__TABLE_MAX];
	int err = 0;

	for (int id = 0; id < __TABLE_MAX; id++)
		tables[id] = map_id(a->use.fd[id]);
	for (size_t i = 0; i < ARRAY_SIZE(fds) && !err; i++)
		err = progs_add(a->plan->progs, fds[i], datapath_tc_build(), tables, __TABLE_MAX);
	return err;
}

static int load_tc(void *arg)
{
	struct apply *a = arg;
	int err;

	bpf_log_clear();
	closep(&a->from_port);
	closep(&a->underlay);
	a->from_port = a->underlay = -1;
	err = datapath_load_tc(&a->use, &a->from_port, &a->underlay);
	if (!err)
		err = describe(a);
	if (!err)
		bpf_log_clear();
	return err;
}

int apply_load(struct apply *a)
{
	bool ports = needs(a, PROG_FROM_PORT), uplinks = needs(a, PROG_TC_UNDERLAY);

	if (ports)
		a->from_port = borrow(a, PROG_FROM_PORT);
	if (uplinks)
		a->underlay = borrow(a, PROG_TC_UNDERLAY);
	if ((ports && a->from_port < 0) || (uplinks && a->underlay < 0))
		return journal_do(a->journal, load_tc, NULL, a, "load the TC programs");
	return 0;
}

/* Keeps a program alive that is about to lose its last place. */
static int keep(struct apply *a, __u32 prog)
{
	_cleanup_close_ int fd = progs_fd(a->plan->progs, prog);
	int *kept;

	if (fd < 0)
		return fd;
	kept = reallocarray(a->kept, a->n_kept + 1, sizeof(*kept));
	if (!kept)
		return -ENOMEM;
	a->kept = kept;
	a->kept[a->n_kept++] = TAKE_FD(fd);
	return 0;
}

/* Ten thousand ports have few programs between them: each is kept once. */
static int keep_old_programs(struct apply *a)
{
	_cleanup_(set_clear) struct set seen = {};
	int err = 0;

	for (size_t i = 0; i < a->plan->n_ops && !err; i++) {
		const struct attachment *before = &a->plan->ops[i].before;
		const __u32 ids[] = {before->tc_prog.prog, before->xdp_prog.prog};

		for (size_t j = 0; j < ARRAY_SIZE(ids) && !err; j++)
			if (ids[j] && !set_add(&seen, &ids[j], sizeof(ids[j]), 0, NULL))
				err = keep(a, ids[j]);
	}
	return err;
}

static int program_of(const struct op_step *step)
{
	return strcmp(step->op->prog, PROG_FROM_PORT) ? step->apply->underlay
						      : step->apply->from_port;
}

static struct whose whose_of(const struct op_step *step)
{
	return (struct whose){
		.progs = step->apply->plan->progs,
		.node = map_id(step->apply->use.fd[TABLE_NODE]),
	};
}

static int do_tc_attach(void *arg)
{
	const struct op_step *step = arg;
	struct op *op = step->op;
	int err;

	err = tc_attach(&step->apply->plan->pins, op->tc, op->before.ifindex, program_of(step),
			step->apply->use.fd[TABLE_NODE]);
	op->done = !err;
	return err;
}

static int undo_tc_attach(void *arg)
{
	const struct op_step *step = arg;
	const struct attachment now = {
		.ifindex = step->op->before.ifindex,
		.tc = step->op->tc,
		.pins = step->op->tc == TC_TCX ? ATTACH_PIN_TCX
					       : ATTACH_PIN_CLSACT | ATTACH_PIN_QDISC,
	};

	return tc_detach(&step->apply->plan->pins, &now);
}

static int do_tc_replace(void *arg)
{
	const struct op_step *step = arg;
	struct op *op = step->op;
	int err;

	err = tc_replace(&step->apply->plan->pins, op->tc, op->before.ifindex, program_of(step));
	op->done = !err;
	return err;
}

static int undo_tc_replace(void *arg)
{
	const struct op_step *step = arg;
	const struct op *op = step->op;
	_cleanup_close_ int old = progs_fd(step->apply->plan->progs, op->before.tc_prog.prog);

	if (old < 0)
		return old;
	return tc_replace(&step->apply->plan->pins, op->tc, op->before.ifindex, old);
}

static int do_tc_detach(void *arg)
{
	const struct op_step *step = arg;
	int err = tc_detach(&step->apply->plan->pins, &step->op->before);

	step->op->done = !err;
	return err;
}

static int undo_tc_detach(void *arg)
{
	const struct op_step *step = arg;
	const struct attachment *before = &step->op->before;
	_cleanup_close_ int old = -1;

	if (before->tc == TC_NONE)
		return 0;
	old = progs_fd(step->apply->plan->progs, before->tc_prog.prog);
	if (old < 0)
		return old;
	return tc_attach(&step->apply->plan->pins, before->tc, before->ifindex, old,
			 step->apply->use.fd[TABLE_NODE]);
}

/* XDP that the file leaves to us may fail: then TC decapsulates. */
static int do_xdp_attach(void *arg)
{
	const struct op_step *step = arg;
	struct op *op = step->op;
	int err;

	bpf_log_clear();
	err = xdp_attach(&step->apply->plan->pins, &step->apply->use, op->xdp, op->before.ifindex);
	op->done = !err;
	if (op->optional)
		err = 0;
	if (!err)
		bpf_log_clear();
	return err;
}

static int undo_xdp_attach(void *arg)
{
	const struct op_step *step = arg;
	const struct whose whose = whose_of(step);
	struct attachment now = {.ifindex = step->op->before.ifindex, .pins = ATTACH_PIN_XDP};
	int err;

	if (!step->op->done)
		return 0;
	err = xdp_read(&whose, &now);
	return err ? err : xdp_detach(&step->apply->plan->pins, &whose, &now);
}

/* Puts back what was there, whatever is there now. */
static int undo_xdp(void *arg)
{
	const struct op_step *step = arg;
	const struct whose whose = whose_of(step);
	const struct attachment *before = &step->op->before;
	_cleanup_close_ int old = -1;

	if (before->xdp == XDP_NONE)
		return 0;
	old = progs_fd(step->apply->plan->progs, before->xdp_prog.prog);
	if (old < 0)
		return old;
	return xdp_restore(&step->apply->plan->pins, &step->apply->use, &whose, before, old);
}

static int do_xdp_replace(void *arg)
{
	const struct op_step *step = arg;
	int err;

	bpf_log_clear();
	err = xdp_replace(&step->apply->use, &step->op->before);
	if (err)
		undo_xdp(arg);
	else
		bpf_log_clear();
	step->op->done = !err;
	return err;
}

static int do_xdp_detach(void *arg)
{
	const struct op_step *step = arg;
	const struct whose whose = whose_of(step);
	int err = xdp_detach(&step->apply->plan->pins, &whose, &step->op->before);

	step->op->done = !err;
	return err;
}

static const struct {
	step_fn run;
	step_fn undo;
} op_steps[__OP_MAX] = {
	[OP_TC_ATTACH] = {do_tc_attach, undo_tc_attach},
	[OP_TC_REPLACE] = {do_tc_replace, undo_tc_replace},
	[OP_TC_DETACH] = {do_tc_detach, undo_tc_detach},
	[OP_XDP_ATTACH] = {do_xdp_attach, undo_xdp_attach},
	[OP_XDP_REPLACE] = {do_xdp_replace, undo_xdp},
	[OP_XDP_DETACH] = {do_xdp_detach, undo_xdp},
};

static int run_ops(struct apply *a, bool (*chosen)(enum op_kind kind))
{
	const struct op *op;
	int err = 0;

	for (size_t i = 0; i < a->plan->n_ops && !err; i++) {
		op = &a->plan->ops[i];
		if (chosen(op->kind))
			err = journal_do(
				a->journal, op_steps[op->kind].run, op_steps[op->kind].undo,
				&a->ops[i], "%s %s %s %s (%s)", op_verb(op->kind), op->prog,
				op->kind == OP_TC_DETACH || op->kind == OP_XDP_DETACH ? "from"
										      : "on",
				op->interface, op_how(op));
	}
	return err;
}

static bool tc_comes(enum op_kind kind)
{
	return kind == OP_TC_ATTACH || kind == OP_TC_REPLACE;
}

static bool is_xdp(enum op_kind kind)
{
	return kind == OP_XDP_ATTACH || kind == OP_XDP_REPLACE || kind == OP_XDP_DETACH;
}

static bool tc_goes(enum op_kind kind)
{
	return kind == OP_TC_DETACH;
}

/* TC is there before XDP, and still there after it: what XDP has decapsulated needs TC. */
int apply_switch(struct apply *a)
{
	int err = keep_old_programs(a);

	if (!err)
		err = run_ops(a, tc_comes);
	return err ? err : run_ops(a, is_xdp);
}

int apply_detach(struct apply *a)
{
	return run_ops(a, tc_goes);
}
