/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* weft down: remove everything that apply made, and nothing else. */
#include <errno.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "apply.h"
#include "bpf_log.h"
#include "cmd.h"
#include "lock.h"
#include "pins.h"
#include "print.h"
#include "util.h"

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct cmd_common *common = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = common;
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "%s: down takes no file; --node says which node", arg);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_child children[] = {{.argp = &cmd_common_argp}, {}};

static const struct argp argp = {
	.parser = parse,
	.doc = "Take a node down: detach its programs and remove its tables. Needs no file: what "
	       "is "
	       "removed is what is there. Nothing to remove is fine.",
	.children = children,
};

static enum cmd_exit report(const struct cmd_common *common, const char *node,
			    const struct down_summary *sum)
{
	json_t *json;

	if (!common->json) {
		printf("%s: %zu program%s detached, %zu map%s removed\n", node, sum->programs,
		       sum->programs == 1 ? "" : "s", sum->maps, sum->maps == 1 ? "" : "s");
		return CMD_OK;
	}
	json = json_pack("{ss sI sI}", "node", node, "programs", (json_int_t)sum->programs, "maps",
			 (json_int_t)sum->maps);
	if (print_json(json, stdout))
		return cmd_error(CMD_FAILED, "%s", strerror(ENOMEM));
	return CMD_OK;
}

static enum cmd_exit down(const struct cmd_common *common, const struct pins *pins)
{
	_cleanup_close_ int lock = -1;
	_cleanup_free_ char *what = NULL;
	const char *node = pins->node;
	struct down_summary sum;
	enum cmd_exit status;
	int err;

	status = cmd_take_lock(node, false, &lock);
	if (status)
		return status;
	err = down_node(pins, &sum, &what);
	if (err == -EEXIST)
		return cmd_error(CMD_FAILED, "node %s: %s; give that one with --netns", node, what);
	if (err) {
		cmd_error(CMD_FAILED, "node %s: %s: %s", node, what ? what : "down",
			  strerror(-err));
		bpf_log_print(stderr);
		return CMD_FAILED;
	}
	lock_remove(node);
	return report(common, node, &sum);
}

/* Down twice is down once: nothing applied is not an error. */
static enum cmd_exit choose(const struct cmd_common *common, struct pins *pins, bool *nothing)
{
	_cleanup_(pins_names_freep) char **names = NULL;
	int err;

	*nothing = false;
	if (common->node) {
		pins_init(pins, common->node);
		return CMD_OK;
	}
	err = pins_nodes(&names);
	if (!err && !*names) {
		*nothing = true;
		return CMD_OK;
	}
	return cmd_choose_node(common, pins);
}

int cmd_down(int argc, char **argv)
{
	struct cmd_common common = {};
	enum cmd_exit status;
	struct pins pins;
	bool nothing;

	cmd_parse(&argp, argc, argv, &common);
	bpf_log_capture();
	status = choose(&common, &pins, &nothing);
	if (status || nothing)
		return status;
	status = cmd_enter_netns(&common);
	return status ? status : down(&common, &pins);
}
