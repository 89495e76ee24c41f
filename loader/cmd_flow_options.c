/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Options that say which flows are meant, for `weft show flows` and `weft flows`; see cmd.h. */
#include "cmd.h"

#include "flow_filter.h"
#include "value.h"

enum {
	OPT_BY = 0x300, /* and enum flow_by */
};

static const struct argp_option by_options[] = {
	{"address", OPT_BY + FLOW_BY_ADDRESS, "ADDRESS[/LENGTH]", 0, "Either side has this address",
	 0},
	{"peer-port", OPT_BY + FLOW_BY_PEER_PORT, "N", 0, "Opened to this TCP, UDP or SCTP port",
	 0},
	{"protocol", OPT_BY + FLOW_BY_PROTOCOL, "NAME", 0,
	 "tcp, udp, sctp, icmp, icmpv6 or a number", 0},
	{"state", OPT_BY + FLOW_BY_STATE, "STATE", 0, "In this state, or one of several", 0},
	{"table", OPT_BY + FLOW_BY_TABLE, "TABLE", 0, "In this table: established, new or over", 0},
	{},
};

const char *cmd_flow_option(const struct flow_filter *filter)
{
	static const char *const options[__FLOW_BY_MAX] = {
		[FLOW_BY_ADDRESS] = "--address",   [FLOW_BY_PEER_PORT] = "--peer-port",
		[FLOW_BY_PROTOCOL] = "--protocol", [FLOW_BY_STATE] = "--state",
		[FLOW_BY_TABLE] = "--table",
	};

	for (int by = 0; by < __FLOW_BY_MAX; by++)
		if (filter->set & 1u << by)
			return options[by];
	return NULL;
}

static error_t parse_by(int key, char *arg, struct argp_state *state)
{
	struct flow_filter *filter = state->input;
	struct value_problem problem;

	if (key < OPT_BY || key >= OPT_BY + __FLOW_BY_MAX)
		return ARGP_ERR_UNKNOWN;
	if (!flow_filter_set(filter, key - OPT_BY, arg, &problem))
		argp_error(state, "--%s %s: %s; %s", by_options[key - OPT_BY].name, arg,
			   problem.wrong, problem.right.s);
	return 0;
}

const struct argp cmd_flow_argp = {.options = by_options, .parser = parse_by};
