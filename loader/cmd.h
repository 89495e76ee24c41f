/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * What all verbs of the command line share: exit statuses, common options, choice of the node.
 *
 * main.c finds the verb; cmd_<verb>.c parses its arguments with cmd_parse(), calls one module and
 * prints. argv[0] of a verb is its name.
 */
#ifndef WEFT_LOADER_CMD_H
#define WEFT_LOADER_CMD_H

#include <argp.h>
#include <stdbool.h>

#include <weft/abi.h>

#include "orders.h"

struct fdb_filter;
struct flow_filter;
struct pins;
struct rules;
struct view;

/** enum cmd_exit - exit statuses, the same for every verb; a script may rely on them. */
enum cmd_exit {
	CMD_OK,
	CMD_FAILED,      /* it was tried and went wrong, or what was asked for is not there */
	CMD_INVALID,     /* the file or the command line is wrong; nothing was tried */
	CMD_NOT_APPLIED, /* nothing is applied on this node, or not what the file says */
	CMD_BUSY,        /* another weft is at work on this node */
	CMD_DROPPED,     /* explain: the packet is dropped, or refused */
	CMD_PASSED,      /* explain: it is not for weft */
};

/**
 * struct cmd_common - options that every verb takes.
 * @node: name of the node, fit to be a directory's name; NULL if not given.
 * @netns: network namespace to work in; NULL if not given: the caller's.
 * @json: print one JSON document instead of text.
 */
struct cmd_common {
	const char *node;
	const char *netns;
	bool json;
};

/*
 * cmd_common_argp - parses --node, --netns and --json. A verb names it among the children of its
 * own argp and, on ARGP_KEY_INIT, sets state->child_inputs[0] to its struct cmd_common.
 */
extern const struct argp cmd_common_argp;

/**
 * cmd_parse - argp_parse() as "weft VERB", so that help and complaints name the whole command.
 * @input: handed to the parser.
 *
 * Does not return for --help (exit status 0) or a wrong command line (CMD_INVALID).
 */
void cmd_parse(const struct argp *argp, int argc, char **argv, void *input);

/**
 * cmd_choose_node - which node is meant: the one that --node says, or the only one applied here.
 * @pins: receives its place in bpffs, known to be made by root; untouched on failure.
 *
 * Return: CMD_OK; CMD_NOT_APPLIED if there is no such node, CMD_INVALID if there are several to
 * choose from, or CMD_FAILED; all said on standard error.
 */
enum cmd_exit cmd_choose_node(const struct cmd_common *common, struct pins *pins);

/**
 * cmd_enter_netns - enter the namespace that --netns names, if it was given.
 *
 * Return: CMD_OK, or CMD_FAILED, said on standard error.
 */
enum cmd_exit cmd_enter_netns(const struct cmd_common *common);

/**
 * cmd_take_lock - be the only one that changes a node, until @fd is closed.
 * @beside_agent: fine while an agent looks after the node, which would soon undo an apply. Who only
 *                removes what an apply copies need only not be beside an apply.
 *
 * Return: CMD_OK; CMD_BUSY or CMD_FAILED, said on standard error.
 */
enum cmd_exit cmd_take_lock(const char *node, bool beside_agent, int *fd);

/**
 * cmd_error - say what went wrong, as "weft: MESSAGE", on standard error.
 * @status: why, returned as it is.
 */
enum cmd_exit cmd_error(enum cmd_exit status, const char *message, ...)
	__attribute__((format(printf, 2, 3)));

/**
 * cmd_find_network, cmd_find_port, cmd_find_policy - find what a name on the command line means.
 * @view: needs VIEW_NAMES.
 * @id: receives its id; untouched on failure.
 *
 * Return: CMD_OK, or CMD_FAILED if there is none, said on standard error.
 */
enum cmd_exit cmd_find_network(const struct view *view, const char *name, __u32 *id);
enum cmd_exit cmd_find_port(const struct view *view, const char *name, __u32 *id);
enum cmd_exit cmd_find_policy(const struct rules *rules, const char *name);

/** cmd_no_table - say that a map could not be read. Return: CMD_FAILED, or CMD_NOT_APPLIED. */
enum cmd_exit cmd_no_table(const struct pins *pins, const char *table, int err);

/*
 * cmd_flow_argp - parses the conditions of flow_filter.h but for network and port. A child like
 * cmd_common_argp; its input is a struct flow_filter.
 */
extern const struct argp cmd_flow_argp;

/** cmd_flow_option - an option that cmd_flow_argp has met, or NULL: "--state". */
const char *cmd_flow_option(const struct flow_filter *filter);

/*
 * cmd_fdb_argp - the same for fdb_filter.h; cmd_fdb_origin_argp: --learned and --static.
 */
extern const struct argp cmd_fdb_argp, cmd_fdb_origin_argp;

/** cmd_fdb_option - an option that they have met, or NULL: "--mac". */
const char *cmd_fdb_option(const struct fdb_filter *filter);

/**
 * cmd_open_orders - orders_open() on a node's tables.
 * @orders: orders_close() releases it, after a failure too.
 *
 * Return: CMD_OK, CMD_NOT_APPLIED or CMD_FAILED, said on standard error.
 */
enum cmd_exit cmd_open_orders(const struct pins *pins, enum orders_about about,
			      struct orders *orders);

/**
 * cmd_finish - make sure that what was printed got out.
 * @status: what the verb returned.
 *
 * Return: @status, or CMD_FAILED if standard output could not be written (full disk), which is said
 * on standard error.
 */
int cmd_finish(int status);

/* The verbs. Each returns an enum cmd_exit. */
int cmd_check(int argc, char **argv);
int cmd_apply(int argc, char **argv);
int cmd_agent(int argc, char **argv);
int cmd_metrics(int argc, char **argv);
int cmd_down(int argc, char **argv);
int cmd_status(int argc, char **argv);
int cmd_show(int argc, char **argv);
int cmd_flows(int argc, char **argv);
int cmd_fdb(int argc, char **argv);
int cmd_capture(int argc, char **argv);
int cmd_explain(int argc, char **argv);
int cmd_k8s(int argc, char **argv);
int cmd_schema(int argc, char **argv);

#endif
