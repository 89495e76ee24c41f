/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The parts of `weft explain`: its command line is cmd_explain.c, running it cmd_explain_run.c, and
 * from names to addresses cmd_explain_find.c with cmd_explain_outer.c. */
#ifndef WEFT_LOADER_CMD_EXPLAIN_H
#define WEFT_LOADER_CMD_EXPLAIN_H

#include "cmd.h"
#include "explain_options.h"

struct explain_input;
struct explain_world;
struct pcap_frame;

/**
 * struct explain_options - the command line.
 * @config: file that is not applied; NULL: what is in force.
 * @verbose: every step, also those that decided nothing.
 * @hex: frames as bytes too.
 */
struct explain_options {
	struct cmd_common common;
	const char *config;
	struct explain_want want;
	bool verbose;
	bool hex;
};

/** cmd_explain_run - do it. Return: an exit status. */
enum cmd_exit cmd_explain_run(const struct explain_options *o);

/**
 * cmd_explain_find - find the packet that is meant.
 * @in: receives it.
 *
 * Return: CMD_OK; CMD_INVALID or CMD_FAILED, said on standard error.
 */
enum cmd_exit cmd_explain_find(const struct explain_world *w, const struct explain_want *want,
			       struct explain_input *in);

/** cmd_explain_find_frame - the same, where the frame is @frame of a file. */
enum cmd_exit cmd_explain_find_frame(const struct explain_world *w, const struct explain_want *want,
				     const struct pcap_frame *frame, struct explain_input *in);

#endif
