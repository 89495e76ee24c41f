/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* weft apply: make the kernel do what a file says, changing only what differs. */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "apply.h"
#include "bpf_log.h"
#include "cmd.h"
#include "config.h"
#include "diag.h"
#include "devices.h"
#include "host_ports.h"
#include "journal.h"
#include "offload_node.h"
#include "plan.h"
#include "print.h"
#include "util.h"

enum {
	OPT_DRY_RUN = 'n',
};

struct options {
	struct cmd_common common;
	const char *file;
	bool dry_run;
};

static const struct argp_option argp_options[] = {
	{"dry-run", OPT_DRY_RUN, NULL, 0, "Say what would be done, and do nothing", 0},
	{},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &o->common;
		return 0;
	case OPT_DRY_RUN:
		o->dry_run = true;
		return 0;
	case ARGP_KEY_ARG:
		if (o->file)
			argp_error(state, "one FILE at a time");
		o->file = arg;
		return 0;
	case ARGP_KEY_END:
		if (!o->file)
			argp_error(state, "name the FILE to apply");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_child children[] = {{.argp = &cmd_common_argp}, {}};

static const struct argp argp = {
	.options = argp_options,
	.parser = parse,
	.args_doc = "FILE",
	.doc = "Make this node what a configuration file says (- is standard input). Only what "
	       "differs is changed; if anything fails, all is undone. A file that does not fit "
	       "this machine is refused before anything is touched.",
	.children = children,
};

/* What is wrong with the file, in either form. */
static enum cmd_exit report_invalid(const struct options *o, struct diag *diag)
{
	if (!o->common.json)
		diag_print(diag, stderr);
	else if (print_json(diag_json(diag), stdout))
		return cmd_error(CMD_FAILED, "%s", strerror(ENOMEM));
	return CMD_INVALID;
}

static void print_part(size_t n, const char *verb, const char *one, const char **glue)
{
	if (!n)
		return;
	printf("%s%zu %s%s %s", *glue, n, one, n == 1 ? "" : "s", verb);
	*glue = "; ";
}

static void print_summary(const char *node, const struct plan_summary *sum, bool dry_run)
{
	const char *glue = dry_run ? "would be: " : "";

	printf("%s: ", node);
	if (plan_summary_empty(sum)) {
		puts("0 changes");
		return;
	}
	if (sum->added || sum->changed || sum->removed) {
		printf("%s%zu %s added, %zu changed, %zu removed", glue, sum->added,
		       sum->added == 1 ? "entry" : "entries", sum->changed, sum->removed);
		glue = "; ";
	}
	print_part(sum->attached, "attached", "program", &glue);
	print_part(sum->replaced, "replaced", "program", &glue);
	print_part(sum->detached, "detached", "program", &glue);
	print_part(sum->made, "made", "map", &glue);
	print_part(sum->resized, "resized", "map", &glue);
	putchar('\n');
}

/* For --dry-run: table by table, interface by interface. */
static void print_details(const struct plan *plan)
{
	for (int id = 0; id < __TABLE_WANTED_MAX; id++) {
		const struct table_diff *diff = &plan->diff[id];

		if (!table_diff_empty(diff))
			printf("  %-15s %zu added, %zu changed, %zu removed\n",
			       table_descs[id].name, diff->added.n, diff->changed.n,
			       diff->removed.n);
	}
	for (size_t i = 0; i < plan->n_ops; i++)
		printf("  %-15s %s %s (%s)%s\n", plan->ops[i].interface, op_verb(plan->ops[i].kind),
		       plan->ops[i].prog, op_how(&plan->ops[i]),
		       plan->ops[i].optional ? " if the driver can" : "");
}

static json_t *ops_json(const struct plan *plan, bool dry_run)
{
	json_t *list = json_array();

	for (size_t i = 0; i < plan->n_ops && list; i++) {
		const struct op *op = &plan->ops[i];

		if (dry_run || op->done)
			json_array_append_new(list,
					      json_pack("{ss ss ss ss}", "do", op_verb(op->kind),
							"program", op->prog, "interface",
							op->interface, "by", op_how(op)));
	}
	return list;
}

static json_t *summary_json(const struct plan *plan, const struct plan_summary *sum, bool dry_run)
{
	return json_pack("{ss sb sb s{sI sI sI} s{sI sI sI so} s{sI sI}}", "node",
			 plan->node->name.v, "dry_run", dry_run, "changes",
			 !plan_summary_empty(sum), "entries", "added", (json_int_t)sum->added,
			 "changed", (json_int_t)sum->changed, "removed", (json_int_t)sum->removed,
			 "programs", "attached", (json_int_t)sum->attached, "replaced",
			 (json_int_t)sum->replaced, "detached", (json_int_t)sum->detached, "steps",
			 ops_json(plan, dry_run), "maps", "made", (json_int_t)sum->made, "resized",
			 (json_int_t)sum->resized);
}

static enum cmd_exit report_done(const struct options *o, const struct plan *plan,
				 const struct plan_summary *sum)
{
	if (o->common.json) {
		if (print_json(summary_json(plan, sum, o->dry_run), stdout))
			return cmd_error(CMD_FAILED, "%s", strerror(ENOMEM));
		return CMD_OK;
	}
	print_summary(plan->node->name.v, sum, o->dry_run);
	if (o->dry_run)
		print_details(plan);
	return CMD_OK;
}

/* Things that work, but perhaps not as meant. */
static void print_notes(const struct plan *plan)
{
	const struct facts *facts = &plan->facts;
	struct weft_addr detour;

	memcpy(&detour, &facts->detour, sizeof(detour));
	if (facts->detours)
		fprintf(stderr,
			"weft: note: %s%s is not reached by an uplink, as far as the routes say; "
			"the tunnel uses %s\n",
			print_addr(&detour).s, facts->detours > 1 ? " (and others)" : "",
			plan->node->uplinks.v[0].interface.v);
	for (size_t i = 0; i < plan->n_ops; i++)
		if (plan->ops[i].optional && !plan->ops[i].done)
			fprintf(stderr,
				"weft: note: %s takes no XDP program; tunnels end at TC there\n",
				plan->ops[i].interface);
}

/* All works without the device, only slower. */
static void print_devices_note(const struct plan *plan, int err)
{
	if (err == -EADDRINUSE || err == -EEXIST)
		fprintf(stderr,
			"weft: note: UDP port %llu, or one of the names " DEVICE_VXLAN
			" and " DEVICE_BRIDGE " is somebody else's; TCP through tunnels may be "
			"slower\n",
			plan->cfg->vxlan_port.v);
	else if (err)
		fprintf(stderr,
			"weft: note: the devices " DEVICE_VXLAN " and " DEVICE_BRIDGE
			" are not as they should be (%s); tunnels will be slower\n",
			strerror(-err));
}

/* A device may say no to what it has said that it can. */
static void print_features_note(struct plan *plan)
{
	const char *interface = NULL;
	int err = offload_settle(plan, &interface);

	if (err)
		fprintf(stderr,
			"weft: note: the features of %s could not be switched (%s); see \"weft "
			"status\"\n",
			interface ?: "an uplink", strerror(-err));
}

static enum cmd_exit test_uplinks(const struct cfg_node *node, struct plan *plan, struct diag *diag)
{
	int err = offload_test(plan, diag);

	return err ? cmd_error(CMD_FAILED, "node %s: test the uplinks: %s", node->name.v,
			       strerror(-err))
		   : CMD_OK;
}

static enum cmd_exit report_failure(const char *node, const struct journal *journal, int err)
{
	cmd_error(CMD_FAILED, "node %s: %s: %s", node, journal->failed ? journal->failed : "apply",
		  strerror(-err));
	bpf_log_print(stderr);
	if (journal->stuck)
		return cmd_error(CMD_FAILED, "not all could be undone; apply again\n%s",
				 journal->stuck);
	return cmd_error(CMD_FAILED, "all was undone; node %s is as it was", node);
}

/* Return: CMD_OK once there is a place for the state that outlives us. */
static enum cmd_exit mount_bpffs(void)
{
	int err = pins_mount();

	if (err == -EXDEV)
		return cmd_error(CMD_FAILED,
				 "there is no bpffs at %s in this mount namespace, and one mounted "
				 "now would vanish with it; \"ip netns exec\" makes such "
				 "namespaces: use --netns instead",
				 PINS_BPFFS);
	if (err)
		return cmd_error(CMD_FAILED, "mount bpffs at %s: %s", PINS_BPFFS, strerror(-err));
	return CMD_OK;
}

static enum cmd_exit report_host_ports(const struct cfg_node *node, int err, const char *what)
{
	return cmd_error(CMD_FAILED, "node %s: %s: %s%s", node->name.v, what ?: "host ports",
			 err == -EEXIST ? "an interface of that name exists, and is not weft's"
					: strerror(-err),
			 geteuid() ? "; weft needs root" : "");
}

/* Once this is done, host ports that were made for it stay. */
static enum cmd_exit carry_out(const struct cfg_node *node, struct plan *plan, struct set *made)
{
	_cleanup_(journal_clear) struct journal journal = {};
	int err;

	if (mount_bpffs())
		return CMD_FAILED;
	err = apply_plan(plan, &journal);
	if (err)
		return report_failure(node->name.v, &journal, err);
	set_clear(made);
	return CMD_OK;
}

static enum cmd_exit apply_with(const struct options *o, const struct config *cfg,
				const struct cfg_node *node, struct diag *diag, struct set *made)
{
	_cleanup_free_ char *problem = NULL, *what = NULL;
	_cleanup_(plan_clear) struct plan plan = {};
	struct plan_summary sum;
	int err;

	err = plan_make(cfg, node, NULL, diag, &plan, &problem);
	if (!err && diag_count(diag))
		return report_invalid(o, diag);
	if (err)
		return cmd_error(CMD_FAILED, "node %s: %s%s", node->name.v,
				 problem ? problem : strerror(-err),
				 geteuid() ? "; weft needs root" : "");
	if (!o->dry_run && (test_uplinks(node, &plan, diag) || carry_out(node, &plan, made)))
		return CMD_FAILED;
	sum = plan_summarize(&plan);
	if (!o->dry_run) {
		print_notes(&plan);
		print_devices_note(&plan, apply_devices(&plan, &sum));
		print_features_note(&plan);
		err = host_ports_settle(&plan, &what);
	}
	return err ? report_host_ports(node, err, what) : report_done(o, &plan, &sum);
}

/* Host ports are made first, so that the plan finds their interfaces. */
static enum cmd_exit apply(const struct options *o, const struct config *cfg,
			   const struct cfg_node *node, struct diag *diag)
{
	_cleanup_(set_clear) struct set made = {};
	_cleanup_free_ char *what = NULL;
	enum cmd_exit status;
	int err;

	err = o->dry_run ? 0 : host_ports_bring(cfg, node, &made, &what);
	status = err ? report_host_ports(node, err, what) : apply_with(o, cfg, node, diag, &made);
	if (status != CMD_OK)
		host_ports_take_back(cfg, node, &made);
	return status;
}

static int load(const struct options *o, struct diag *diag, struct config **cfg,
		const struct cfg_node **node)
{
	int err;

	err = config_load(o->file, diag, cfg);
	return err ? err : config_select_node(*cfg, o->common.node, diag, node);
}

int cmd_apply(int argc, char **argv)
{
	_cleanup_(config_freep) struct config *cfg = NULL;
	_cleanup_(diag_freep) struct diag *diag = diag_new();
	_cleanup_close_ int lock = -1;
	const struct cfg_node *node;
	enum cmd_exit status;
	struct options o = {};
	int err;

	cmd_parse(&argp, argc, argv, &o);
	bpf_log_capture();
	if (!diag)
		return cmd_error(CMD_FAILED, "%s", strerror(ENOMEM));
	err = load(&o, diag, &cfg, &node);
	if (err && !diag_count(diag))
		return cmd_error(CMD_FAILED, "%s: %s", o.file, strerror(-err));
	if (err)
		return report_invalid(&o, diag);

	status = o.dry_run ? CMD_OK : cmd_take_lock(node->name.v, false, &lock);
	if (status == CMD_OK)
		status = cmd_enter_netns(&o.common);
	return status == CMD_OK ? apply(&o, cfg, node, diag) : status;
}
