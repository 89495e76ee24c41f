/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* weft capture: between its command line (cmd_capture.c) and its run (cmd_capture_run.c). */
#ifndef WEFT_LOADER_CMD_CAPTURE_H
#define WEFT_LOADER_CMD_CAPTURE_H

#include <linux/types.h>

#include "capture.h"
#include "cmd.h"

/**
 * struct capture_options - the command line.
 * @want: but for network and port, which stand below by name; NULL = any.
 * @file: to write pcapng to, "-" is standard output; NULL = text.
 * @count: packets to end after; 0 = no end.
 * @duration_ns: time to end after; 0 = no end.
 */
struct capture_options {
	struct cmd_common common;
	struct capture_want want;
	const char *network;
	const char *port;
	const char *file;
	__u64 count;
	__u64 duration_ns;
};

/** cmd_capture_run - capture until the end. Return: the verb's exit status; all is said. */
enum cmd_exit cmd_capture_run(const struct capture_options *o);

#endif
