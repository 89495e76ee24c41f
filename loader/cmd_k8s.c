/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* weft k8s: Kubernetes' NetworkPolicies to policies of weft, from files or from a cluster. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cmd.h"
#include "config.h"
#include "diag.h"
#include "k8s.h"
#include "k8s_follow.h"
#include "lockdown.h"
#include "print.h"
#include "util.h"
#include "value.h"
#include "yaml_out.h"

enum {
	OPT_NODE = 0x200,
	OPT_ADMIT,
	OPT_JSON,
	OPT_WATCH,
	OPT_SERVER,
	OPT_TOKEN,
	OPT_CA,
	OPT_CERT,
	OPT_KEY,
	OPT_SOCKET,
};

/** struct options - the command line. @follow: for --watch. */
struct options {
	struct k8s_options k8s;
	struct k8s_follow follow;
	json_t *admit;
	bool watch;
	char **files;
	size_t n_files;
	bool json;
};

static const struct argp_option argp_options[] = {
	{"node", OPT_NODE, "NAME", 0, "Only what the pods of this node need", 0},
	{"admit", OPT_ADMIT, "GROUP|ADDRESS", 0,
	 "Always let pods and these talk: the node's own host port and address; several times", 0},
	{"json", OPT_JSON, NULL, 0, "Print JSON instead of YAML", 0},
	{NULL, 0, NULL, 0, "To follow a cluster:", 1},
	{"watch", OPT_WATCH, NULL, 0, "Ask the API server, and keep this node's agent up to date",
	 1},
	{"socket", OPT_SOCKET, "PATH", 0, "The agent's socket (/run/weft/NODE.sock)", 1},
	{"server", OPT_SERVER, "URL", 0, "The API server; without it, as a pod finds it", 1},
	{"token-file", OPT_TOKEN, "FILE", 0, "A bearer token for the API server", 1},
	{"ca-file", OPT_CA, "FILE", 0, "Who vouches for the API server", 1},
	{"cert-file", OPT_CERT, "FILE", 0, "A client certificate (PEM)", 1},
	{"key-file", OPT_KEY, "FILE", 0, "and its key", 1},
	{},
};

/* "192.0.2.1" or "192.0.2.0/24" as a prefix. Return: whether it is one. */
static bool is_prefix(const char *arg, struct cfg_addr *out)
{
	static const struct schema_type address = {.kind = SCHEMA_ADDRESS};
	static const struct schema_type prefix = {.kind = SCHEMA_PREFIX};
	struct value_problem problem = {};

	if (strchr(arg, '/'))
		return value_parse(&prefix, arg, out, &problem);
	if (!value_parse(&address, arg, out, &problem))
		return false;
	out->prefix_len = value_is_ipv4(&out->v) ? 32 : 128;
	return true;
}

/* Who is admitted, as a peer of weft: {"groups": [..], "cidrs": [..]}. */
static void set_admit(struct options *o, const char *arg, const struct argp_state *state)
{
	static const struct schema_type label = {.kind = SCHEMA_LABEL};
	struct value_problem problem = {};
	struct cfg_addr prefix = {};
	struct cfg_str word = {};
	bool is_addr = is_prefix(arg, &prefix);
	const char *key = is_addr ? "cidrs" : "groups";
	json_t *list;

	if (!is_addr && !value_parse(&label, arg, &word, &problem))
		argp_error(state, "--admit %s: the word %s", arg, problem.wrong);
	free(word.v);
	if (!o->admit)
		o->admit = json_object();
	list = json_object_get(o->admit, key);
	if (!list) {
		json_object_set_new(o->admit, key, json_array());
		list = json_object_get(o->admit, key);
	}
	if (json_array_append_new(list, json_string(is_addr ? value_prefix(&prefix).s : arg)))
		argp_failure(state, CMD_FAILED, ENOMEM, "--admit");
	o->k8s.admit = o->admit;
}

static bool parse_watch(int key, char *arg, struct options *o)
{
	struct k8s_source_config *source = &o->follow.source;
	const char **text = key == OPT_SERVER   ? &source->server
			    : key == OPT_TOKEN  ? &source->token_file
			    : key == OPT_CA     ? &source->ca_file
			    : key == OPT_CERT   ? &source->cert_file
			    : key == OPT_KEY    ? &source->key_file
			    : key == OPT_SOCKET ? &o->follow.socket
						: NULL;

	if (text)
		*text = arg;
	return text;
}

static void check_options(const struct options *o, const struct argp_state *state)
{
	const struct k8s_follow *f = &o->follow;

	if (o->watch && (o->n_files || o->json))
		argp_error(state, "--watch reads no FILE and prints no documents");
	if (o->watch && !o->k8s.node)
		argp_error(state, "--watch needs --node: this node's name in the cluster");
	if (!o->watch && (f->socket || f->source.server || f->source.token_file ||
			  f->source.ca_file || f->source.cert_file || f->source.key_file))
		argp_error(state, "only --watch asks an API server or an agent");
	if (!o->watch && !o->n_files)
		argp_error(state, "name the FILEs to read; - is standard input");
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
	case OPT_WATCH:
		o->watch = true;
		return 0;
	case ARGP_KEY_END:
		check_options(o, state);
		return 0;
	default:
		return parse_watch(key, arg, o) ? 0 : ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	.options = argp_options,
	.parser = parse,
	.args_doc = "FILE...\n--watch --node NAME",
	.doc = "Turn NetworkPolicies of Kubernetes into policies and address sets, printed as a "
	       "part "
	       "of a configuration file. The files hold objects as kubectl prints and reads them, "
	       "YAML or JSON: NetworkPolicies, and the Namespaces, Pods, Services and Endpoints "
	       "that they are about. Policies select ports by the pods that they were made for."
	       "\v"
	       "With --watch the objects are an API server's, and the policies of this node's pods "
	       "are given to its agent, now and whenever they change. They stay in force when this "
	       "ends. What it does is said on standard output, a JSON object a line.",
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
	struct k8s_options options = o->k8s;
	json_auto_t *documents = NULL;
	int err;

	options.input = in;
	err = k8s_convert(in->objects, &options, &documents);
	if (err)
		return cmd_error(CMD_FAILED, "%s", strerror(-err));
	return report(in) ? CMD_INVALID : print(documents, o->json);
}

static enum cmd_exit follow(struct options *o)
{
	_cleanup_free_ char *problem = NULL;
	int err = lockdown_all();

	if (err)
		return cmd_error(CMD_FAILED, "give up what is not needed: %s", strerror(-err));
	o->follow.node = o->k8s.node;
	o->follow.admit = o->k8s.admit;
	err = k8s_follow(&o->follow, &problem);
	if (!err)
		return CMD_OK;
	return cmd_error(err == -EINVAL ? CMD_INVALID : CMD_FAILED, "%s",
			 problem ?: strerror(-err));
}

static enum cmd_exit convert_files(const struct options *o)
{
	_cleanup_(k8s_input_clear) struct k8s_input in = {};
	bool wrong = false;

	for (size_t i = 0; i < o->n_files; i++) {
		int err = k8s_read(&in, o->files[i]);

		if (err && err != -EINVAL)
			return cmd_error(CMD_FAILED, "%s: %s", o->files[i], strerror(-err));
		wrong |= err;
	}
	if (!wrong)
		return convert(o, &in);
	report(&in);
	return CMD_INVALID;
}

int cmd_k8s(int argc, char **argv)
{
	struct options o = {};
	enum cmd_exit status;

	cmd_parse(&argp, argc, argv, &o);
	status = o.watch ? follow(&o) : convert_files(&o);
	json_decref(o.admit);
	return status;
}
