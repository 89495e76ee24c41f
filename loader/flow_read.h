/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The flow tables, read while the datapath writes them: one flow after the other, in bounded
 * memory, without holding anybody up.
 *
 * That is no snapshot: a flow that is made, ends or changes its table meanwhile may be met, missed
 * or, if it changes its table, met twice.
 */
#ifndef WEFT_LOADER_FLOW_READ_H
#define WEFT_LOADER_FLOW_READ_H

#include <stdbool.h>
#include <linux/types.h>

#include <weft/flow.h>

#include "flow_filter.h"

struct pins;

/**
 * struct flow_time - what makes spans of time of a flow's stamps.
 * @now_ns: CLOCK_MONOTONIC.
 */
struct flow_time {
	__u64 now_ns;
	struct weft_flow_clock clock;
	struct weft_flow_conf conf;
};

/**
 * struct flow_seen - a flow as it was a moment ago. Valid during a flow_take.
 * @stale: decided under another generation than the one in force when reading began.
 */
struct flow_seen {
	enum flow_table table;
	const struct weft_flow_key *key;
	const struct weft_flow *flow;
	const struct flow_time *time;
	bool stale;
};

/** flow_take - takes a flow. Return: 0; anything else ends the reading. */
typedef int (*flow_take)(void *arg, const struct flow_seen *seen);

/**
 * flow_read - go through the flows of a node that a filter means.
 * @failed: receives the map that a failure is about, if it is about one; else NULL.
 *
 * Return: 0; what @take returned; -ENOENT if a map is not pinned; -EPROTO if one has another
 * layout; -errno.
 */
int flow_read(const struct pins *pins, const struct flow_filter *filter, flow_take take, void *arg,
	      const char **failed);

/** flow_now_ns - CLOCK_MONOTONIC, now. */
__u64 flow_now_ns(void);

/** flow_age_ms - since a moment of CLOCK_MONOTONIC; 0 if that is yet to come. */
__u64 flow_age_ms(const struct flow_time *time, __u64 since_ns);

/**
 * flow_idle_ms - since the flow's last packet.
 *
 * Return: false if it cannot be told: the datapath has not yet set its clock.
 */
bool flow_idle_ms(const struct flow_time *time, const struct weft_flow *flow, __u64 *ms);

/** flow_left_ms - until the flow times out; 0 if it has. Return: as flow_idle_ms(). */
bool flow_left_ms(const struct flow_time *time, const struct weft_flow *flow, __u64 *ms);

/**
 * flow_expired - has it timed out, with nobody having taken it away yet?
 *
 * Entries of the LRU tables stay until their room is wanted or their connection begins anew; those
 * of weft_flows have a timer, which alone decides.
 */
bool flow_expired(const struct flow_seen *seen);

#endif
