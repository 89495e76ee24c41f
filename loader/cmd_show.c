/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* weft show: prints what the pinned maps hold. What to print is in show_<thing>.c. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cmd.h"
#include "config.h"
#include "drops.h"
#include "fdb_filter.h"
#include "flow_filter.h"
#include "pins.h"
#include "print.h"
#include "show.h"
#include "suggest.h"
#include "util.h"
#include "value.h"

static const struct show_kind *const kinds[] = {
	&show_networks, &show_ports,    &show_fdb,   &show_tunnels,
	&show_drops,    &show_policies, &show_flows, &show_multicast,
};

/** struct options - the command line. */
struct options {
	struct cmd_common common;
	struct flow_filter flows;
	struct fdb_filter macs;
	const struct show_kind *kind;
	const char *network;
	const char *port;
	const char *policy;
	__u64 limit;
	bool all;
	bool reasons;
	bool markdown;
	bool denied;
	bool expired;
	bool count;
};

enum {
	OPT_NETWORK = 0x200,
	OPT_PORT,
	OPT_ALL,
	OPT_REASONS,
	OPT_MARKDOWN,
	OPT_POLICY,
	OPT_DENIED,
	OPT_EXPIRED,
	OPT_LIMIT,
	OPT_COUNT,
};

static const struct argp_option options[] = {
	{"network", OPT_NETWORK, "NAME", 0, "Only what belongs to this network", 0},
	{"port", OPT_PORT, "NAME", 0,
	 "Only what belongs to this port (ports, fdb, drops, flows, "
	 "multicast)",
	 0},
	{"all", OPT_ALL, NULL, 0, "drops: list the reasons that have no drops too", 0},
	{"reasons", OPT_REASONS, NULL, 0, "drops: explain every reason, count nothing", 0},
	{"markdown", OPT_MARKDOWN, NULL, 0, "with --reasons: as a page of documentation", 0},
	{"policy", OPT_POLICY, "NAME", 0, "policies: only this one", 0},
	{"denied", OPT_DENIED, NULL, 0, "policies: only rules that have denied something", 0},
	{"expired", OPT_EXPIRED, NULL, 0, "flows: list those that are over too", 0},
	{"limit", OPT_LIMIT, "N", 0, "flows: end after N", 0},
	{"count", OPT_COUNT, NULL, 0, "flows: only say how many", 0},
	{},
};

static void choose_kind(struct options *o, const char *name, struct argp_state *state)
{
	struct suggestion s = {.word = name};
	size_t i;

	if (o->kind)
		argp_error(state, "one thing at a time");
	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		suggest_try(&s, kinds[i]->name);
		if (!strcmp(kinds[i]->name, name))
			o->kind = kinds[i];
	}
	if (!o->kind && s.best)
		argp_error(state, "cannot show \"%s\"; did you mean \"%s\"?", name, s.best);
	else if (!o->kind)
		argp_error(state, "cannot show \"%s\"", name);
}

/* An option that was given and is not for what is asked for, or NULL. */
static const char *misplaced(const struct options *o)
{
	const unsigned int filters = o->kind->filters;

	if (o->network && !(filters & SHOW_BY_NETWORK))
		return "--network";
	if (o->port && !(filters & SHOW_BY_PORT))
		return "--port";
	if (o->all && o->kind != &show_drops)
		return "--all";
	if (o->reasons && o->kind != &show_drops)
		return "--reasons";
	if ((o->policy || o->denied) && !(filters & SHOW_BY_POLICY))
		return o->policy ? "--policy" : "--denied";
	if (cmd_fdb_option(&o->macs) && !(filters & SHOW_BY_MAC))
		return cmd_fdb_option(&o->macs);
	if (filters & SHOW_BY_FLOW)
		return NULL;
	if (o->expired || o->limit || o->count)
		return o->expired ? "--expired" : o->limit ? "--limit" : "--count";
	return cmd_flow_option(&o->flows);
}

static void check_options(struct options *o, struct argp_state *state)
{
	const char *option;

	if (!o->kind) {
		argp_error(state,
			   "say what: networks, ports, fdb, tunnels, drops, policies, flows or "
			   "multicast");
		return;
	}
	option = misplaced(o);
	if (option)
		argp_error(state, "%s takes no %s", o->kind->name, option);
	else if (o->markdown && !o->reasons)
		argp_error(state, "--markdown goes with --reasons");
	else if (o->count && o->limit)
		argp_error(state, "--count counts all; it takes no --limit");
	else if (o->count)
		o->kind = &show_flow_counts;
}

static void parse_limit(struct options *o, const char *text, struct argp_state *state)
{
	static const struct schema_type type = {.kind = SCHEMA_NUMBER, .min = 1, .max = 1000000000};
	struct value_problem problem;
	struct cfg_num number = {};

	if (!value_parse(&type, text, &number, &problem))
		argp_error(state, "--limit %s: %s; write %s", text, problem.wrong,
			   schema_expected(&type).s);
	o->limit = number.v;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &o->common;
		state->child_inputs[1] = &o->flows;
		state->child_inputs[2] = &o->macs;
		state->child_inputs[3] = &o->macs;
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
	case OPT_REASONS:
		o->reasons = true;
		return 0;
	case OPT_MARKDOWN:
		o->markdown = true;
		return 0;
	case OPT_POLICY:
		o->policy = arg;
		return 0;
	case OPT_DENIED:
		o->denied = true;
		return 0;
	case OPT_EXPIRED:
		o->expired = true;
		return 0;
	case OPT_LIMIT:
		parse_limit(o, arg, state);
		return 0;
	case OPT_COUNT:
		o->count = true;
		return 0;
	case ARGP_KEY_ARG:
		choose_kind(o, arg, state);
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
	{.argp = &cmd_flow_argp, .header = "Which flows:", .group = 1},
	{.argp = &cmd_fdb_argp, .header = "Which addresses of fdb:", .group = 2},
	{.argp = &cmd_fdb_origin_argp, .group = 2},
	{},
};

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.args_doc = "networks|ports|fdb|tunnels|drops|policies|flows|multicast",
	.doc = "Print what the kernel's tables hold on this node."
	       "\v"
	       "networks  each network's VNI, MTU, members and traffic\n"
	       "ports     each port and uplink of this node, its traffic and drops\n"
	       "fdb       where each MAC address is: behind a port or a remote VTEP\n"
	       "tunnels   each remote VTEP, the way to it, the networks shared with it\n"
	       "drops     packets lost, by port and reason\n"
	       "policies  each rule of the firewall, and what it decided\n"
	       "flows     each connection that is known, in no order\n"
	       "multicast who gets which multicast group, where a network snoops\n",
	.children = children,
};

static enum cmd_exit resolve(struct options *o, struct show *show)
{
	enum cmd_exit status = CMD_OK;

	if (o->network)
		status = cmd_find_network(&show->view, o->network, &show->network);
	if (!status && o->port)
		status = cmd_find_port(&show->view, o->port, &show->port);
	if (!status && o->policy)
		status = cmd_find_policy(&show->rules, o->policy);
	o->flows.network = show->network;
	o->flows.port = show->port;
	o->macs.network = show->network;
	o->macs.port = show->port;
	return status;
}

static int fill(const struct options *o, const struct show *show, const char *node)
{
	_cleanup_(print_clear) struct print_table table;
	int err;

	print_init(&table, o->kind->columns, o->kind->n_columns);
	err = o->kind->fill(show, &table);
	if (!err && o->common.json)
		err = print_json_rows(&table, node, o->kind->name, stdout);
	else if (!err)
		err = print_table(&table, stdout);
	return err;
}

static int stream(const struct options *o, const struct show *show, const char *node)
{
	_cleanup_(print_stream_clear) struct print_stream out;
	int err;

	print_stream_init(&out, o->kind->columns, o->kind->n_columns, o->common.json, stdout);
	out.node = node;
	out.name = o->kind->name;
	err = o->kind->write(show, &out);
	return err ?: print_stream_end(&out);
}

static enum cmd_exit print(const struct options *o, const struct show *show)
{
	const struct view_name node = view_node_name(&show->view);
	int err;

	*show->failed = NULL;
	err = o->kind->write ? stream(o, show, node.s) : fill(o, show, node.s);
	if (err && *show->failed)
		return cmd_no_table(show->pins, *show->failed, err);
	if (err && ferror(stdout)) /* which cmd_finish() says */
		return CMD_FAILED;
	return err ? cmd_error(CMD_FAILED, "show %s: %s", o->kind->name, strerror(-err)) : CMD_OK;
}

static void clear(struct show *show)
{
	view_clear(&show->view);
	rules_clear(&show->rules);
}

static enum cmd_exit show_tables(struct options *o)
{
	const char *failed = NULL;
	_cleanup_(clear) struct show show = {
		.failed = &failed,
		.all = o->all,
		.policy = o->policy,
		.denied = o->denied,
		.flows = &o->flows,
		.macs = &o->macs,
		.expired = o->expired,
		.limit = o->limit,
	};
	enum cmd_exit status;
	struct pins pins;
	int err;

	status = cmd_choose_node(&o->common, &pins);
	if (status)
		return status;
	show.pins = &pins;
	err = view_read(&pins, VIEW_NAMES | o->kind->tables, &show.view, &failed);
	if (!err && o->kind->rules)
		err = rules_read(&pins, &show.rules, &failed);
	if (err)
		return cmd_no_table(&pins, failed, err);
	status = resolve(o, &show);
	return status ?: print(o, &show);
}

static enum cmd_exit show_reasons(const struct options *o)
{
	static const struct print_column columns[] = {
		{"number", "NUMBER", NULL, PRINT_NUMBER},
		{"reason", "REASON", NULL, PRINT_TEXT},
		{"meaning", "MEANING", NULL, PRINT_TEXT},
	};
	_cleanup_(print_clear) struct print_table table;
	int reason, err;

	print_init(&table, columns, ARRAY_SIZE(columns));
	for (reason = WEFT_DROP_NONE + 1; reason < __WEFT_DROP_MAX; reason++) {
		print_number(&table, reason);
		print_text(&table, drops_name(reason));
		print_text(&table, drops_meaning(reason));
	}
	if (o->common.json)
		err = print_json(json_pack("{s:o}", "reasons", print_rows(&table)), stdout);
	else
		err = print_table(&table, stdout);
	return err ? cmd_error(CMD_FAILED, "show drops: %s", strerror(-err)) : CMD_OK;
}

int cmd_show(int argc, char **argv)
{
	struct options o = {};

	cmd_parse(&argp, argc, argv, &o);
	if (o.markdown) {
		drops_markdown(stdout);
		return CMD_OK;
	}
	return o.reasons ? show_reasons(&o) : show_tables(&o);
}
