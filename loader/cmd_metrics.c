/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* weft metrics: a node's counters for Prometheus, whether an agent runs or not. */
#include <stdio.h>
#include <string.h>

#include "bpf_log.h"
#include "cmd.h"
#include "metrics.h"
#include "pins.h"

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct cmd_common *common = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = common;
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "%s: metrics takes no argument", arg);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_child children[] = {{.argp = &cmd_common_argp}, {}};

static const struct argp argp = {
	.parser = parse,
	.doc = "Print a node's counters as text for Prometheus. Read from the kernel's tables: no "
	       "agent has to run. Those of the agent itself are added where an agent is asked "
	       "(weft agent --metrics).",
	.children = children,
};

int cmd_metrics(int argc, char **argv)
{
	struct cmd_common common = {};
	const char *failed = NULL;
	enum cmd_exit status;
	struct pins pins;
	int err;

	cmd_parse(&argp, argc, argv, &common);
	bpf_log_capture();
	status = cmd_choose_node(&common, &pins);
	if (!status)
		status = cmd_enter_netns(&common);
	if (status)
		return status;
	err = metrics_write(&pins, NULL, stdout, &failed);
	return err ? cmd_no_table(&pins, failed, err) : CMD_OK;
}
