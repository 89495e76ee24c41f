/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* weft check: everything that is wrong with a file, before anything is touched. */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "check.h"
#include "cmd.h"
#include "config.h"
#include "diag.h"
#include "policy.h"
#include "util.h"

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
	case ARGP_KEY_END:
		if (!o->file)
			argp_error(state, "name the FILE to check");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_child children[] = {{.argp = &cmd_common_argp}, {}};

static const struct argp argp = {
	.parser = parse,
	.args_doc = "FILE",
	.doc = "Check a configuration file (- is standard input) and report everything that is "
	       "wrong with it, and what is allowed but hardly meant (warnings). What the file must "
	       "say about the node that runs it is checked for --node, "
	       "else the file's own `node`, else the host's name if it is a node's.",
	.children = children,
};

/* Return: 0, or -errno; what is wrong with the file is @diag's. */
static int check_self(const struct config *cfg, const char *wanted, struct diag *diag,
		      const struct cfg_node **self)
{
	int err;

	*self = config_find_self(cfg, wanted);
	if (!*self && wanted)
		return config_select_node(cfg, wanted, diag, self);
	if (!*self)
		return 0;
	err = config_check_local(cfg, *self, diag);
	return err ? err : policy_check(cfg, *self, diag);
}

static void print_count(size_t n, const char *word)
{
	printf("%zu %s%s, ", n, word, n == 1 ? "" : "s");
}

static void print_summary(const char *file, const struct config *cfg, const struct cfg_node *self)
{
	printf("%s: ", file);
	print_count(cfg->nodes.n, "node");
	print_count(cfg->networks.n, "network");
	if (cfg->policies.n)
		printf("%zu polic%s, ", cfg->policies.n, cfg->policies.n == 1 ? "y" : "ies");
	printf("%zu port%s; ok", cfg->ports.n, cfg->ports.n == 1 ? "" : "s");
	if (self)
		printf(" for node %s", self->name.v);
	putchar('\n');
}

static int print_json(struct diag *diag)
{
	json_t *entries = diag_json(diag);
	int err;

	if (!entries)
		return -ENOMEM;
	err = json_dumpf(entries, stdout, JSON_INDENT(2));
	json_decref(entries);
	putchar('\n');
	return err;
}

static int report(const struct options *o, const struct config *cfg, const struct cfg_node *self,
		  struct diag *diag)
{
	bool wrong = diag_count(diag);

	if (o->common.json) {
		if (print_json(diag))
			return cmd_error(CMD_FAILED, "cannot print the report");
	} else {
		diag_print(diag, stderr);
		if (!wrong)
			print_summary(o->file, cfg, self);
	}
	return wrong ? CMD_INVALID : CMD_OK;
}

int cmd_check(int argc, char **argv)
{
	_cleanup_(config_freep) struct config *cfg = NULL;
	_cleanup_(diag_freep) struct diag *diag = diag_new();
	const struct cfg_node *self = NULL;
	struct options o = {};
	int err;

	cmd_parse(&argp, argc, argv, &o);
	if (!diag)
		return cmd_error(CMD_FAILED, "%s", strerror(ENOMEM));

	err = config_load(o.file, diag, &cfg);
	if (!err)
		err = config_warn(cfg, diag);
	if (!err)
		err = check_self(cfg, o.common.node, diag, &self);
	if (err && !diag_count(diag))
		return cmd_error(CMD_FAILED, "%s: %s", o.file, strerror(-err));
	return report(&o, cfg, self, diag);
}
