/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* weft fdb: have the kernel forget learned MAC addresses. To see them, weft show fdb. */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bpf_log.h"
#include "cmd.h"
#include "fdb_filter.h"
#include "pins.h"
#include "print.h"
#include "show.h"
#include "suggest.h"
#include "util.h"

#define FLUSH "flush" /* the only thing there is to do */

/** struct options - the command line. */
struct options {
	struct cmd_common common;
	struct fdb_filter macs;
	const char *network;
	const char *port;
	bool flush;
	bool all;
};

enum {
	OPT_NETWORK = 0x200,
	OPT_PORT,
	OPT_ALL,
};

static const struct argp_option options[] = {
	{"all", OPT_ALL, NULL, 0, "All of them", 0},
	{"network", OPT_NETWORK, "NAME", 0, "Only those in this network", 1},
	{"port", OPT_PORT, "NAME", 0, "Only those behind this port of this node", 1},
	{},
};

static void choose(struct options *o, const char *what, struct argp_state *state)
{
	struct suggestion s = {.word = what};

	if (o->flush)
		argp_error(state, "%s: flush takes options only", what);
	o->flush = !strcmp(what, FLUSH);
	suggest_try(&s, FLUSH);
	if (!o->flush && s.best)
		argp_error(state, "fdb cannot be \"%s\"; did you mean \"%s\"?", what, s.best);
	else if (!o->flush)
		argp_error(state, "fdb cannot be \"%s\"; there is flush, and weft show fdb", what);
}

static void check_options(const struct options *o, struct argp_state *state)
{
	bool some = o->network || o->port || !fdb_filter_empty(&o->macs);

	if (!o->flush)
		argp_state_help(state, stderr,
				(ARGP_HELP_STD_HELP & ~ARGP_HELP_EXIT_OK) | ARGP_HELP_EXIT_ERR);
	else if (!some && !o->all)
		argp_error(state, "flush: say which addresses, or --all");
	else if (some && o->all)
		argp_error(state, "flush: --all does not go with %s",
			   o->network ? "--network"
			   : o->port  ? "--port"
				      : cmd_fdb_option(&o->macs));
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &o->common;
		state->child_inputs[1] = &o->macs;
		return 0;
	case OPT_NETWORK:
		o->network = arg;
		return 0;
	case OPT_PORT:
		o->port = arg;
		return 0;
	case OPT_ALL:
		o->all = true;
		return 0;
	case ARGP_KEY_ARG:
		choose(o, arg, state);
		return 0;
	case ARGP_KEY_END:
		check_options(o, state);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_child children[] = {
	{.argp = &cmd_common_argp},
	{.argp = &cmd_fdb_argp, .group = 1},
	{},
};

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.args_doc = "flush",
	.doc = "Have the kernel forget learned MAC addresses; those of the file stay. Frames for "
	       "one that is forgotten are flooded until it is learned again. To see them: weft "
	       "show fdb --learned.\v"
	       "Say which addresses, or --all. Those that meet all conditions are meant.",
	.children = children,
};

/* Keys of the addresses that are meant. Return: 0 or -ENOMEM. */
static int select_keys(const struct options *o, const struct view *view, struct weft_fdb_key **keys,
		       size_t *n)
{
	const struct table *learned = &view->t[TABLE_LEARNED];
	struct fdb_seen seen;

	*keys = calloc(learned->rows.n + 1, sizeof(**keys));
	if (!*keys)
		return -ENOMEM;
	for (size_t i = 0; i < learned->rows.n; i++) {
		seen = fdb_learned(table_key(learned, i), table_value(learned, i));
		if (fdb_filter_match(&o->macs, view, &seen))
			(*keys)[(*n)++] = *seen.key;
	}
	return 0;
}

static enum cmd_exit report(const struct options *o, const char *node, size_t n)
{
	if (!o->common.json)
		printf("%s: %zu learned address%s flushed\n", node, n, n == 1 ? "" : "es");
	else if (print_json(json_pack("{ss sI}", "node", node, "addresses", (json_int_t)n), stdout))
		return cmd_error(CMD_FAILED, "%s", strerror(ENOMEM));
	return CMD_OK;
}

static enum cmd_exit flush_learned(const struct options *o, const struct pins *pins,
				   const struct view *view)
{
	_cleanup_free_ struct weft_fdb_key *keys = NULL;
	_cleanup_(orders_close) struct orders orders;
	enum cmd_exit status;
	size_t n = 0, done = 0;
	int err;

	status = cmd_open_orders(pins, ORDERS_LEARNED, &orders);
	if (status)
		return status;
	err = select_keys(o, view, &keys, &n);
	if (!err)
		err = orders_run(&orders, WEFT_LEARN_FORGET, keys, n, &done);
	if (err)
		return cmd_error(CMD_FAILED, "node %s: flush: %s, after %zu addresses", pins->node,
				 strerror(-err), done);
	return report(o, pins->node, done);
}

static enum cmd_exit flush(struct options *o, const struct pins *pins)
{
	_cleanup_(view_clear) struct view view;
	enum cmd_exit status = CMD_OK;
	const char *failed;
	int err;

	err = view_read(pins, VIEW_NAMES | VIEW_TABLE(TABLE_LEARNED) | VIEW_TABLE(TABLE_TUNNELS),
			&view, &failed);
	if (err)
		return cmd_no_table(pins, failed, err);
	if (o->network)
		status = cmd_find_network(&view, o->network, &o->macs.network);
	if (!status && o->port)
		status = cmd_find_port(&view, o->port, &o->macs.port);
	return status ?: flush_learned(o, pins, &view);
}

int cmd_fdb(int argc, char **argv)
{
	_cleanup_close_ int lock = -1;
	struct options o = {};
	enum cmd_exit status;
	struct pins pins;

	cmd_parse(&argp, argc, argv, &o);
	bpf_log_capture();
	status = cmd_choose_node(&o.common, &pins);
	if (!status)
		status = cmd_enter_netns(&o.common);
	if (!status)
		status = cmd_take_lock(pins.node, true, &lock);
	return status ?: flush(&o, &pins);
}
