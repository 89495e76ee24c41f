/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The flow tables, as the tests look at them and set them up. */
#ifndef WEFT_TEST_FLOWS_H
#define WEFT_TEST_FLOWS_H

#include <stdbool.h>
#include <weft/flow.h>

#include "actors.h"
#include "packet.h"

/** enum flow_table - where an entry is. */
enum flow_table {
	FLOW_NOWHERE,
	FLOW_ESTABLISHED, /* weft_flows */
	FLOW_NEW,         /* weft_flows_new */
	FLOW_OVER,        /* weft_flows_over */
	FLOW_TABLES_MAX,
};

#define FLOWS_MAX     256  /* weft_flows, weft_flows_over */
#define FLOWS_NEW_MAX 4096 /* weft_flows_new: Linux evicts as many at once as a small one has */
#define FLOW_QUOTA    128  /* for a port and for a network, unless a test says otherwise */
#define FLOW_HOUR_MS  3600000u

/** flows_map - name of a table's map. */
const char *flows_map(enum flow_table table);

/**
 * put_flow_conf - timeouts and quotas. What is 0 in @conf is an hour, or FLOW_QUOTA; the length of
 * a tick is filled in.
 */
void put_flow_conf(const struct weft_flow_conf *conf);

/** flows_clear - forget every connection and fragment, and who had how many. */
void flows_clear(void);

/**
 * flow_key_of - the connection that a frame belongs to; worked out from its bytes.
 * @frame: IPv4 or IPv6 without extension headers, whole.
 * Return: the side of the key that it comes from.
 */
int flow_key_of(const struct packet *frame, enum network_id network, struct weft_flow_key *key);

/** flow_find - the entry of @key. Return: where it is; FLOW_NOWHERE also if it is in two tables. */
enum flow_table flow_find(const struct weft_flow_key *key, struct weft_flow *flow);

/** flow_edit - change an entry that is not in weft_flows, whose timers are the kernel's. */
void flow_edit(const struct weft_flow_key *key, enum flow_table table, const struct weft_flow *f);

/** flows_age - make all entries that are not in weft_flows older, and idle for, @ms more. */
void flows_age(__u32 ms);

/** flow_use - who has how many: of a port, or of a network. */
struct weft_flow_use flow_use(__u32 port);
struct weft_flow_use flow_net_use(__u32 network);

/** flow_stat - what happened in the tables, of all CPUs. */
struct weft_flow_stat flow_stat(void);

/** flows_count - entries of a table. */
unsigned int flows_count(enum flow_table table);

/** check_flow_use - do the counts of established flows agree with what is in weft_flows? */
bool check_flow_use(void);

/** flow_state_name, flow_table_name - for people. */
const char *flow_state_name(__u8 state);
const char *flow_table_name(enum flow_table table);

#endif
