/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Options that say which MAC addresses are meant, for `weft show fdb` and `weft fdb`; see cmd.h. */
#include "cmd.h"

#include "fdb_filter.h"
#include "value.h"

enum {
	OPT_BY = 0x400, /* and enum fdb_by */
};

static const struct argp_option by_options[] = {
	{"mac", OPT_BY + FDB_BY_MAC, "ADDRESS", 0, "This MAC address", 0},
	{"vtep", OPT_BY + FDB_BY_VTEP, "ADDRESS", 0, "Behind this remote VTEP", 0},
	{"local", OPT_BY + FDB_BY_LOCAL, NULL, 0, "Behind ports of this node", 0},
	{"remote", OPT_BY + FDB_BY_REMOTE, NULL, 0, "Behind remote VTEPs, or on wires", 0},
	{},
};

/* That an address is learned goes without saying where it is to be forgotten. */
static const struct argp_option origin_options[] = {
	{"learned", OPT_BY + FDB_BY_LEARNED, NULL, 0, "Learned from frames", 0},
	{"static", OPT_BY + FDB_BY_STATIC, NULL, 0, "From the file", 0},
	{},
};

const char *cmd_fdb_option(const struct fdb_filter *filter)
{
	static const char *const options[__FDB_BY_MAX] = {
		[FDB_BY_MAC] = "--mac",         [FDB_BY_VTEP] = "--vtep",
		[FDB_BY_LOCAL] = "--local",     [FDB_BY_REMOTE] = "--remote",
		[FDB_BY_LEARNED] = "--learned", [FDB_BY_STATIC] = "--static",
	};

	for (int by = 0; by < __FDB_BY_MAX; by++)
		if (filter->set & 1u << by)
			return options[by];
	return NULL;
}

static error_t parse_by(int key, char *arg, struct argp_state *state)
{
	struct fdb_filter *filter = state->input;
	struct value_problem problem;

	if (key < OPT_BY || key >= OPT_BY + __FDB_BY_MAX)
		return ARGP_ERR_UNKNOWN;
	if (!fdb_filter_set(filter, key - OPT_BY, arg, &problem))
		argp_error(state, "--%s %s: %s; %s", by_options[key - OPT_BY].name, arg,
			   problem.wrong, problem.right.s);
	return 0;
}

const struct argp cmd_fdb_argp = {.options = by_options, .parser = parse_by};
const struct argp cmd_fdb_origin_argp = {.options = origin_options, .parser = parse_by};
