/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* weft status: what runs on this node, and whether it is what a file says. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "agent_client.h"
#include "bpf_log.h"
#include "cmd.h"
#include "config.h"
#include "diag.h"
#include "lock.h"
#include "pins.h"
#include "plan.h"
#include "print.h"
#include "status.h"
#include "util.h"

/** struct options - the command line. */
struct options {
	struct cmd_common common;
	const char *file;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &o->common;
		return 0;
	case ARGP_KEY_ARG:
		if (o->file)
			argp_error(state, "one FILE at a time");
		o->file = arg;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_child children[] = {{.argp = &cmd_common_argp}, {}};

static const struct argp argp = {
	.parser = parse,
	.args_doc = "[FILE]",
	.doc = "Print what weft runs on this node and, with FILE, whether it is what the file says."
	       "\v"
	       "Exit status 0 if all of it is attached and, with FILE, in step; 3 if not.",
	.children = children,
};

static enum cmd_exit load(const char *file, struct diag *diag, struct config **cfg)
{
	int err;

	err = config_load(file, diag, cfg);
	if (!err)
		return CMD_OK;
	if (!diag_count(diag))
		return cmd_error(CMD_FAILED, "%s: %s", file, strerror(-err));
	diag_print(diag, stderr);
	return CMD_INVALID;
}

/* There is nothing to tell of, but a program that asked for a document gets one. */
static void print_not_applied(const struct options *o)
{
	if (o->common.json)
		print_json(json_pack("{s:s?, s:b, s:b, s:s?}", "node", o->common.node, "applied", 0,
				     "in_step", 0, "file", o->file),
			   stdout);
}

static enum cmd_exit no_status(const struct pins *pins, const char *what, int err)
{
	if (err == -ENOENT)
		return cmd_error(CMD_NOT_APPLIED,
				 "node \"%s\" has no table %s: apply its file again", pins->node,
				 what);
	return cmd_error(CMD_FAILED, "%s: %s%s", what,
			 err == -EPROTO ? "made by another version of weft" : strerror(-err),
			 err == -EPERM ? "; weft needs root" : "");
}

static enum cmd_exit print(const struct options *o, const struct status *status,
			   const struct verdict *verdict)
{
	int err;

	err = o->common.json ? status_print_json(status, verdict) : status_print(status, verdict);
	if (err)
		return cmd_error(CMD_FAILED, "status: %s", strerror(-err));
	if (verdict->errors && !o->common.json) {
		fflush(stdout);
		diag_print(verdict->errors, stderr);
	}
	return verdict->in_step ? CMD_OK : CMD_NOT_APPLIED;
}

static enum cmd_exit print_against(const struct options *o, const struct status *status,
				   const struct cfg_node *node, const struct config *cfg,
				   json_t *agent, struct diag *diag)
{
	/* Policies of before are no difference to what is in force. */
	const struct plan_terms terms = {.keep_halves = true};
	_cleanup_(plan_clear) struct plan plan = {};
	_cleanup_free_ char *problem = NULL;
	struct verdict verdict = {.file = o->file, .plan = &plan, .agent = agent};
	struct plan_summary summary;

	if (plan_make(cfg, node, &terms, diag, &plan, &problem))
		return cmd_error(CMD_FAILED, "%s", problem ?: strerror(ENOMEM));
	if (diag_count(diag)) {
		verdict.plan = NULL;
		verdict.errors = diag;
	} else {
		summary = plan_summarize(&plan);
		verdict.in_step = status_whole(status) && plan_summary_empty(&summary);
	}
	return print(o, status, &verdict);
}

static void json_putp(json_t **json)
{
	json_decref(*json);
}

/* What the node's agent says of itself; NULL if none runs, or none answers. */
static json_t *ask_agent(const struct pins *pins)
{
	json_t *answer = NULL;
	int status;

	if (!lock_held(pins->node, LOCK_AGENT))
		return NULL;
	if (agent_ask(pins->node, NULL, "GET", "/v1/agent", NULL, &status, &answer) ||
	    status != 200) {
		json_decref(answer);
		return NULL;
	}
	return answer;
}

static enum cmd_exit show_status(const struct options *o, const struct pins *pins,
				 const struct config *cfg, struct diag *diag)
{
	_cleanup_(json_putp) json_t *agent = ask_agent(pins);
	_cleanup_(status_clear) struct status status;
	struct verdict verdict = {.file = o->file, .agent = agent};
	const struct cfg_node *node;
	const char *failed;
	int err;

	err = status_read(pins, NULL, &status, &failed);
	if (err)
		return no_status(pins, failed, err);
	if (!cfg) {
		verdict.in_step = status_whole(&status) && (!agent || status_agent_in_step(agent));
		return print(o, &status, &verdict);
	}
	if (config_select_node(cfg, pins->node, diag, &node)) {
		verdict.errors = diag;
		return print(o, &status, &verdict);
	}
	return print_against(o, &status, node, cfg, agent, diag);
}

/* The node that is meant: by --node, by the file, or the only one. */
static enum cmd_exit choose(struct options *o, const struct config *cfg, struct pins *pins)
{
	const struct cfg_node *self = cfg ? config_find_self(cfg, o->common.node) : NULL;
	enum cmd_exit exit;

	if (!o->common.node && self)
		o->common.node = self->name.v;
	exit = cmd_choose_node(&o->common, pins);
	if (exit == CMD_NOT_APPLIED)
		print_not_applied(o);
	return exit;
}

int cmd_status(int argc, char **argv)
{
	_cleanup_(config_freep) struct config *cfg = NULL;
	_cleanup_(diag_freep) struct diag *diag = diag_new();
	struct options o = {};
	enum cmd_exit exit;
	struct pins pins;

	cmd_parse(&argp, argc, argv, &o);
	bpf_log_capture();
	if (!diag)
		return cmd_error(CMD_FAILED, "%s", strerror(ENOMEM));
	exit = cmd_enter_netns(&o.common);
	if (!exit && o.file)
		exit = load(o.file, diag, &cfg);
	if (!exit)
		exit = choose(&o, cfg, &pins);
	return exit ?: show_status(&o, &pins, cfg, diag);
}
