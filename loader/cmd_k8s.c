/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* weft k8s: Kubernetes' NetworkPolicies to policies of weft, from files. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cmd.h"
#include "config.h"
#include "diag.h"
#include "k8s.h"
#include "print.h"
#include "util.h"
#include "value.h"
#include "yaml_out.h"

enum {
	OPT_NODE = 0x200,
	OPT_ADMIT,
	OPT_JSON,
};

struct options {
	struct k8s_options k8s;
	char **files;
	size_t n_files;
	bool json;
};

static const struct argp_option argp_options[] = {
	{"node", OPT_NODE, "NAME", 0, "Only what the pods of this node need", 0},
	{"admit", OPT_ADMIT, "GROUP", 0,
	 "Always let pods and members of this group talk: the node's own host port", 0},
	{"json", OPT_JSON, NULL, 0, "Print JSON instead of YAML", 0},
	{},
};

static void set_admit(struct options *o, char *arg, const struct argp_state *state)
{
	static const struct schema_type label = {.kind = SCHEMA_LABEL};
	struct value_problem problem = {};
	struct cfg_str word = {};

	if (!value_parse(&label, arg, &word, &problem))
		argp_error(state, "--admit %s: the word %s", arg, problem.wrong);
	free(word.v);
	o->k8s.admit = arg;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case OPT_NODE:
		o->k8s.node = arg;
		return 0;
	case OPT_ADMIT:
		set_admit(o, arg, state);
		return 0;
	case OPT_JSON:
		o->json = true;
		return 0;
	case ARGP_KEY_ARGS:
		o->files = state->argv + state->next;
		o->n_files = state->argc - state->next;
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "name the FILEs to read; - is standard input");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	.options = argp_options,
	.parser = parse,
	.args_doc = "FILE...",
	.doc = "Turn NetworkPolicies of Kubernetes into policies and address sets, printed as a "
	       "part "
	       "of a configuration file. The files hold objects as kubectl prints and reads them, "
	       "YAML or JSON: NetworkPolicies, and the Namespaces, Pods, Services and Endpoints "
	       "that they are about. Policies select ports by the pods that they were made for.",
};

/* Return: the number of errors. */
static size_t report(const struct k8s_input *in)
{
	size_t errors = 0;

	for (size_t i = 0; i < in->n_files; i++) {
		diag_print(in->files[i], stderr);
		errors += diag_count(in->files[i]);
	}
	return errors;
}

static enum cmd_exit print(json_t *documents, bool json)
{
	int err = json ? print_json(json_incref(documents), stdout) : yaml_out(documents, stdout);

	return err ? cmd_error(CMD_FAILED, "%s", strerror(-err)) : CMD_OK;
}

static enum cmd_exit convert(const struct options *o, struct k8s_input *in)
{
	json_auto_t *documents = NULL;
	int err = k8s_convert(in->objects, &o->k8s, &documents);

	if (err)
		return cmd_error(CMD_FAILED, "%s", strerror(-err));
	return report(in) ? CMD_INVALID : print(documents, o->json);
}

int cmd_k8s(int argc, char **argv)
{
	_cleanup_(k8s_input_clear) struct k8s_input in = {};
	struct options o = {};
	bool wrong = false;

	cmd_parse(&argp, argc, argv, &o);
	o.k8s.input = &in;
	for (size_t i = 0; i < o.n_files; i++) {
		int err = k8s_read(&in, o.files[i]);

		if (err && err != -EINVAL)
			return cmd_error(CMD_FAILED, "%s: %s", o.files[i], strerror(-err));
		wrong |= err;
	}
	if (!wrong)
		return convert(&o, &in);
	report(&in);
	return CMD_INVALID;
}
