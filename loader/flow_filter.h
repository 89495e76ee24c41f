/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Which flows are meant: conditions as typed on a command line, all of which a flow has to meet.
 * And the words for what a flow is. Knows nothing of maps or options.
 */
#ifndef WEFT_LOADER_FLOW_FILTER_H
#define WEFT_LOADER_FLOW_FILTER_H

#include <stdbool.h>
#include <linux/types.h>

#include <weft/flow.h>

struct value_problem;

/** enum flow_table - the maps that flows are in. */
enum flow_table {
	FLOW_TABLE_ESTABLISHED, /* weft_flows */
	FLOW_TABLE_NEW,         /* weft_flows_new */
	FLOW_TABLE_OVER,        /* weft_flows_over */
	__FLOW_TABLE_MAX,
};

/** enum flow_by - conditions that are given as text. */
enum flow_by {
	FLOW_BY_ADDRESS,
	FLOW_BY_PEER_PORT,
	FLOW_BY_PROTOCOL,
	FLOW_BY_STATE,
	FLOW_BY_TABLE,
	__FLOW_BY_MAX,
};

/**
 * struct flow_filter - conditions. All zero: every flow.
 * @set: bits 1 << enum flow_by: of what flow_filter_set() was given.
 * @network: id; 0 = any.
 * @port: id of a port of this node, on either side; 0 = any.
 * @addr, @bits: FLOW_BY_ADDRESS: prefix that either side is in; its length, IPv4-mapped too.
 * @peer_port: FLOW_BY_PEER_PORT: port that the flow was opened to. Network order.
 * @proto: FLOW_BY_PROTOCOL.
 * @states: FLOW_BY_STATE: bits 1 << enum weft_flow_state.
 * @tables: FLOW_BY_TABLE: bits 1 << enum flow_table.
 */
struct flow_filter {
	unsigned int set;
	__u32 network;
	__u32 port;
	struct weft_addr addr;
	__u8 bits;
	__be16 peer_port;
	__u8 proto;
	__u32 states;
	__u32 tables;
};

/**
 * flow_filter_set - add a condition. Several states, or tables, are alternatives; of the others
 * there is one each.
 * @problem: set on failure, both its members.
 *
 * Return: true; false if the text is wrong: @filter is then unchanged.
 */
bool flow_filter_set(struct flow_filter *filter, enum flow_by by, const char *text,
		     struct value_problem *problem);

/** flow_filter_table - may flows in this table match? */
bool flow_filter_table(const struct flow_filter *filter, enum flow_table table);

/** flow_filter_match - is this flow, of a table that may match, meant? */
bool flow_filter_match(const struct flow_filter *filter, const struct weft_flow_key *key,
		       const struct weft_flow *flow);

/** flow_filter_empty - is every flow meant? */
static inline bool flow_filter_empty(const struct flow_filter *filter)
{
	return !filter->set && !filter->network && !filter->port;
}

/** flow_table_name - "established", "new" or "over". */
const char *flow_table_name(enum flow_table table);

/** flow_state_name - "ESTABLISHED"; NULL for a number that is no state. */
const char *flow_state_name(unsigned int state);

/** flow_protocol_name - "tcp"; NULL for a protocol that goes by its number. */
const char *flow_protocol_name(__u8 proto);

/** flow_has_ports - do packets of this protocol have ports that weft reads? */
bool flow_has_ports(__u8 proto);

/** flow_is_query - do flows of this protocol have an identifier, as ICMP queries do? */
bool flow_is_query(__u8 proto);

#endif
