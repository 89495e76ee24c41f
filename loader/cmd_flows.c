/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* weft flows: have the kernel forget flows. To see them, weft show flows. */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include <weft/flow.h>

#include "bpf_log.h"
#include "cmd.h"
#include "flow_filter.h"
#include "flow_read.h"
#include "pins.h"
#include "print.h"
#include "show.h"
#include "suggest.h"
#include "util.h"

#define FLUSH "flush" /* the only thing there is to do */

/** struct options - the command line. */
struct options {
	struct cmd_common common;
	struct flow_filter flows;
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
	{"network", OPT_NETWORK, "NAME", 0, "Only those of this network", 1},
	{"port", OPT_PORT, "NAME", 0, "Only those from or to this port of this node", 1},
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
		argp_error(state, "flows cannot be \"%s\"; did you mean \"%s\"?", what, s.best);
	else if (!o->flush)
		argp_error(state, "flows cannot be \"%s\"; there is flush, and weft show flows",
			   what);
}

static void check_options(const struct options *o, struct argp_state *state)
{
	bool some = o->network || o->port || !flow_filter_empty(&o->flows);

	if (!o->flush)
		argp_state_help(state, stderr,
				(ARGP_HELP_STD_HELP & ~ARGP_HELP_EXIT_OK) | ARGP_HELP_EXIT_ERR);
	else if (!some && !o->all)
		argp_error(state, "flush: say which flows, or --all");
	else if (some && o->all)
		argp_error(state, "flush: --all does not go with %s",
			   o->network ? "--network"
			   : o->port  ? "--port"
				      : cmd_flow_option(&o->flows));
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &o->common;
		state->child_inputs[1] = &o->flows;
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
	{.argp = &cmd_flow_argp, .group = 1},
	{},
};

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.args_doc = "flush",
	.doc = "Have the kernel forget flows: what it has decided about them, and how far they "
	       "have come. The next packet of one is judged as the first of a new flow would be. "
	       "To see flows: weft show flows.\v"
	       "Say which flows, or --all. Those that meet all conditions are meant; several "
	       "states or tables are alternatives.",
	.children = children,
};

/** struct flush - keys on their way to the program. */
struct flush {
	struct orders orders;
	struct weft_flow_key keys[64 * WEFT_FLOW_ORDER_KEYS];
	size_t n;
	size_t done;
};

static int send_keys(struct flush *flush)
{
	int err = orders_run(&flush->orders, WEFT_FLOW_FORGET, flush->keys, flush->n, &flush->done);

	flush->n = 0;
	return err;
}

static int take(void *arg, const struct flow_seen *seen)
{
	struct flush *flush = arg;

	flush->keys[flush->n++] = *seen->key;
	return flush->n == ARRAY_SIZE(flush->keys) ? send_keys(flush) : 0;
}

static void flush_close(struct flush *flush)
{
	orders_close(&flush->orders);
}

static enum cmd_exit report(const struct options *o, const char *node, size_t n)
{
	if (!o->common.json)
		printf("%s: %zu flow%s flushed\n", node, n, n == 1 ? "" : "s");
	else if (print_json(json_pack("{ss sI}", "node", node, "flows", (json_int_t)n), stdout))
		return cmd_error(CMD_FAILED, "%s", strerror(ENOMEM));
	return CMD_OK;
}

static enum cmd_exit flush_flows(const struct options *o, const struct pins *pins)
{
	_cleanup_(flush_close) struct flush flush = {};
	const char *failed;
	enum cmd_exit status;
	int err;

	status = cmd_open_orders(pins, ORDERS_FLOWS, &flush.orders);
	if (status)
		return status;
	err = flow_read(pins, &o->flows, take, &flush, &failed);
	if (err && failed)
		return cmd_no_table(pins, failed, err);
	if (!err)
		err = send_keys(&flush);
	if (err)
		return cmd_error(CMD_FAILED, "node %s: flush: %s, after %zu flows", pins->node,
				 strerror(-err), flush.done);
	return report(o, pins->node, flush.done);
}

static enum cmd_exit resolve(struct options *o, const struct pins *pins)
{
	_cleanup_(view_clear) struct view view;
	enum cmd_exit status = CMD_OK;
	const char *failed;
	int err;

	err = view_read(pins, VIEW_NAMES, &view, &failed);
	if (err)
		return cmd_no_table(pins, failed, err);
	if (o->network)
		status = cmd_find_network(&view, o->network, &o->flows.network);
	if (!status && o->port)
		status = cmd_find_port(&view, o->port, &o->flows.port);
	return status;
}

int cmd_flows(int argc, char **argv)
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
	if (!status)
		status = resolve(&o, &pins);
	return status ?: flush_flows(&o, &pins);
}
