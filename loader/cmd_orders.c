/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* What verbs need that have a program remove something; see cmd.h. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "bpf_log.h"
#include "cmd.h"
#include "datapath.h"
#include "pins.h"
#include "util.h"

enum cmd_exit cmd_open_orders(const struct pins *pins, enum orders_about about,
			      struct orders *orders)
{
	_cleanup_(maps_close) struct maps maps;
	int err;

	orders->prog = -1;
	err = maps_open_pinned(pins, &maps);
	if (!err)
		err = orders_open(&maps, about, orders);
	if (!err)
		return CMD_OK;
	if (err == -ENOENT)
		return cmd_error(CMD_NOT_APPLIED, "node \"%s\" lacks tables; apply its file again",
				 pins->node);
	cmd_error(CMD_FAILED, "node %s: load the program that removes them: %s", pins->node,
		  strerror(-err));
	bpf_log_print(stderr);
	return CMD_FAILED;
}
