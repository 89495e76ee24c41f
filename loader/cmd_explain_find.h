/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* What the two halves of finding a packet share: cmd_explain_find.c (the workload's frame) and
 * cmd_explain_outer.c (the remote VTEP around it). */
#ifndef WEFT_LOADER_CMD_EXPLAIN_FIND_H
#define WEFT_LOADER_CMD_EXPLAIN_FIND_H

#include "cmd_explain.h"
#include "explain_run.h"
#include "explain_world.h"

/**
 * struct finder - a packet that is being found.
 * @network: id, 0 = not known yet.
 * @port: that sends it; NULL: it comes in by an uplink.
 * @v6, @v4: the family, once something has decided it.
 */
struct finder {
	const struct explain_world *w;
	const struct explain_want *want;
	struct explain_input *in;
	__u32 network;
	const struct weft_port *port;
	bool v4;
	bool v6;
};

/** finder_addr - an address as text. Return: whether it is one. */
bool finder_addr(const char *text, struct weft_addr *addr);

/** finder_place - where the FDB has a MAC address of the network, or NULL. */
const struct weft_fdb_entry *finder_place(const struct finder *f, const __u8 *mac);

/** finder_or - a number that was given, or @fallback. */
static inline __u32 finder_or(const struct explain_number *n, __u32 fallback)
{
	return n->given ? n->v : fallback;
}

/** finder_outer - find who sends the frame, and how. Return: as cmd_explain_find(). */
enum cmd_exit finder_outer(struct finder *f);

#endif
