/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Flows and learned addresses copied to a new size, while the programs at work go on with the old
 * tables. */
#ifndef WEFT_LOADER_FLOW_COPY_H
#define WEFT_LOADER_FLOW_COPY_H

struct table_desc;

/**
 * flows_copy - copy the entries of weft_flows that @to does not have yet, as many as it has room
 * for.
 *
 * They still have to be adopted (orders.h): they have no timer and are not counted. Of a TCP
 * connection they do not have the window: it has moved on by the time that they are used, and is
 * learnt anew as if the connection had been met in its middle.
 *
 * Return: 0 or -errno.
 */
int flows_copy(int from, int to);

/** flows_begun_copy - the same for weft_flows_new and weft_flows_over: as they are. */
int flows_begun_copy(int from, int to, const struct table_desc *desc);

/** flow_use_copy - copy weft_flow_use or weft_net_use without the flows that are counted there. */
int flow_use_copy(int from, int to, const struct table_desc *desc);

/** learned_copy - flows_copy() for weft_learned; nothing is left out of an entry. */
int learned_copy(int from, int to);

/** learn_use_copy - copy weft_learn_port and its like without the addresses that are counted there.
 */
int learn_use_copy(int from, int to, const struct table_desc *desc);

#endif
