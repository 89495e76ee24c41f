/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* weft show: prints what the pinned maps hold. What to print is in show_<thing>.c. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cmd.h"
#include "drops.h"
#include "pins.h"
#include "print.h"
#include "show.h"
#include "suggest.h"
#include "util.h"

static const struct show_kind *const kinds[] = {
	&show_networks, &show_ports, &show_fdb, &show_tunnels, &show_drops,
};

/** struct options - the command line. */
struct options {
	struct cmd_common common;
	const struct show_kind *kind;
	const char *network;
	const char *port;
	bool all;
	bool reasons;
	bool markdown;
};

enum {
	OPT_NETWORK = 0x200,
	OPT_PORT,
	OPT_ALL,
	OPT_REASONS,
	OPT_MARKDOWN,
};

static const struct argp_option options[] = {
	{"network", OPT_NETWORK, "NAME", 0, "Only what belongs to this network", 0},
	{"port", OPT_PORT, "NAME", 0, "Only what belongs to this port (ports, fdb, drops)", 0},
	{"all", OPT_ALL, NULL, 0, "drops: list the reasons that have no drops too", 0},
	{"reasons", OPT_REASONS, NULL, 0, "drops: explain every reason, count nothing", 0},
	{"markdown", OPT_MARKDOWN, NULL, 0, "with --reasons: as a page of documentation", 0},
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

static void check_options(const struct options *o, struct argp_state *state)
{
	if (!o->kind)
		argp_error(state, "say what: networks, ports, fdb, tunnels or drops");
	else if (o->network && !(o->kind->filters & SHOW_BY_NETWORK))
		argp_error(state, "%s takes no --network", o->kind->name);
	else if (o->port && !(o->kind->filters & SHOW_BY_PORT))
		argp_error(state, "%s takes no --port", o->kind->name);
	else if ((o->all || o->reasons) && o->kind != &show_drops)
		argp_error(state, "%s takes no --%s", o->kind->name, o->all ? "all" : "reasons");
	else if (o->markdown && !o->reasons)
		argp_error(state, "--markdown goes with --reasons");
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &o->common;
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

static const struct argp_child children[] = {{.argp = &cmd_common_argp}, {}};

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.args_doc = "networks|ports|fdb|tunnels|drops",
	.doc = "Print what the kernel's tables hold on this node."
	       "\v"
	       "networks  each network's VNI, MTU, members and traffic\n"
	       "ports     each port and uplink of this node, its traffic and drops\n"
	       "fdb       where each MAC address is: behind a port or a remote VTEP\n"
	       "tunnels   each remote VTEP, the way to it, the networks shared with it\n"
	       "drops     packets lost, by port and reason\n",
	.children = children,
};

/* An id by its name, or 0; @s sees all names, of which one may have been meant. */
static __u32 find_network(const struct view *view, const char *name, struct suggestion *s)
{
	const struct table *infos = &view->t[TABLE_NET_INFO];
	const struct weft_network_info *info;
	size_t i;

	for (i = 0; i < infos->rows.n; i++) {
		info = table_value(infos, i);
		suggest_try(s, info->name);
		if (!strcmp(info->name, name))
			return *(const __u32 *)table_key(infos, i);
	}
	return 0;
}

/* The same for ports; an uplink, being named by its interface, may be called like a port. */
static __u32 find_port(const struct view *view, const char *name, struct suggestion *s)
{
	const struct table *infos = &view->t[TABLE_PORT_INFO];
	const struct weft_port_info *info;
	__u32 id = 0;
	size_t i;

	for (i = 0; i < infos->rows.n; i++) {
		info = table_value(infos, i);
		suggest_try(s, info->name);
		if (strcmp(info->name, name) != 0 || (id && info->kind == WEFT_PORT_UPLINK))
			continue;
		id = *(const __u32 *)table_key(infos, i);
	}
	return id;
}

static enum cmd_exit unknown(const char *what, const struct suggestion *s)
{
	if (s->best)
		return cmd_error(CMD_FAILED, "no %s is called \"%s\" here; did you mean \"%s\"?",
				 what, s->word, s->best);
	return cmd_error(CMD_FAILED, "no %s is called \"%s\" here", what, s->word);
}

static enum cmd_exit resolve(const struct options *o, struct show *show)
{
	struct suggestion network = {.word = o->network}, port = {.word = o->port};

	if (o->network) {
		show->network = find_network(&show->view, o->network, &network);
		if (!show->network)
			return unknown("network", &network);
	}
	if (o->port) {
		show->port = find_port(&show->view, o->port, &port);
		if (!show->port)
			return unknown("port", &port);
	}
	return CMD_OK;
}

static enum cmd_exit print(const struct options *o, const struct show *show)
{
	_cleanup_(print_clear) struct print_table table;
	int err;

	print_init(&table, o->kind->columns, o->kind->n_columns);
	err = o->kind->fill(show, &table);
	if (!err && o->common.json)
		err = print_json_rows(&table, view_node_name(&show->view).s, o->kind->name, stdout);
	else if (!err)
		err = print_table(&table, stdout);
	return err ? cmd_error(CMD_FAILED, "show %s: %s", o->kind->name, strerror(-err)) : CMD_OK;
}

static enum cmd_exit no_view(const struct pins *pins, const char *table, int err)
{
	if (err == -ENOENT)
		return cmd_error(CMD_NOT_APPLIED,
				 "node \"%s\" has no table %s; apply its file again", pins->node,
				 table);
	if (err == -EPROTO)
		return cmd_error(CMD_FAILED, "table %s was made by another version of weft", table);
	return cmd_error(CMD_FAILED, "table %s: %s%s", table, strerror(-err),
			 err == -EPERM ? "; weft needs root" : "");
}

static void clear(struct show *show)
{
	view_clear(&show->view);
}

static enum cmd_exit show_tables(const struct options *o)
{
	_cleanup_(clear) struct show show = {.all = o->all};
	const char *failed;
	enum cmd_exit status;
	struct pins pins;
	int err;

	status = cmd_choose_node(&o->common, &pins);
	if (status)
		return status;
	err = view_read(&pins, VIEW_NAMES | o->kind->tables, &show.view, &failed);
	if (err)
		return no_view(&pins, failed, err);
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
