/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * A node for policies only: the loaded programs, tables that are filled by hand, and one packet at
 * a time through tc_from_port by BPF_PROG_TEST_RUN. Beside the ports of the file there is one port
 * in each network that no policy is about, to send to and from.
 */
#ifndef WEFT_CLASSIFY_NODE_H
#define WEFT_CLASSIFY_NODE_H

#include "../unit/policy/world.h"

/** node_load - load the programs, and fill in all that does not change. Return: 0, -errno. */
int node_load(void);

/** node_close - unload them. */
void node_close(void);

/**
 * node_policies - the policies of @w come into force.
 *
 * Those of the generation before remain in the other half of the tables.
 */
void node_policies(const struct world *w);

/** node_can_send - would the datapath ask policies about @packet by its own numbers? */
bool node_can_send(const struct packet *packet);

/**
 * node_send - send @packet from the port that it is about, or to it.
 * @rule: whose hit is looked for.
 * @v: receives what became of it; @v->rule: @rule if it was hit, else ~0.
 * @guarded: receives whether the flow says that somebody was asked; true if there is no flow.
 * Return: whether the packet made a flow, so that @v->keep is known.
 */
bool node_send(const struct world *w, const struct packet *packet, __u32 rule, struct verdict *v,
	       bool *guarded);

#endif
