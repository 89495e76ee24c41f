/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The flow tables, read; see flow_read.h. */
#include "flow_read.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include <weft/fdb.h>

#include "map_io.h"
#include "pins.h"
#include "show.h"
#include "util.h"

#define NS_PER_MS 1000000

static const enum table_id tables[__FLOW_TABLE_MAX] = {
	[FLOW_TABLE_ESTABLISHED] = TABLE_FLOWS,
	[FLOW_TABLE_NEW] = TABLE_FLOWS_NEW,
	[FLOW_TABLE_OVER] = TABLE_FLOWS_OVER,
};

/**
 * struct walk - a table on its way through map_walk().
 * @moved: weft_learn_net, which flows of networks that learn were decided under too.
 */
struct walk {
	const struct flow_filter *filter;
	const struct table_desc *desc;
	struct weft_generation generation;
	struct table moved;
	struct flow_time time;
	struct flow_seen seen;
	flow_take take;
	void *arg;
	bool taken; /* @take has ended it */
};

static int read_whole(const struct pins *pins, enum table_id id, struct table *table,
		      const char **failed)
{
	_cleanup_close_ int fd = -1;
	int err;

	table_init(table, &table_descs[id]);
	err = view_open(pins, table->desc, &fd);
	if (!err)
		err = map_read(fd, table);
	if (err)
		*failed = table->desc->name;
	return err;
}

/* The one value of an array of one, zero if nobody has written it. */
static int read_one(const struct pins *pins, enum table_id id, void *value, const char **failed)
{
	_cleanup_(table_clear) struct table table;
	int err = read_whole(pins, id, &table, failed);

	if (!err && table.rows.n)
		memcpy(value, table_value(&table, 0), table.desc->value_size);
	return err;
}

static void walk_clear(struct walk *w)
{
	table_clear(&w->moved);
}

/* See weft_learn_generation in bpf/stages/learn.h. */
static bool is_stale(const struct walk *w, const struct weft_flow_key *key,
		     const struct weft_flow *flow)
{
	struct weft_generation now = w->generation;
	const struct weft_learn_use *use;
	__u32 network = key->network;

	use = flow->flags & WEFT_FLOW_LEARNED ? table_get(&w->moved, &network) : NULL;
	if (use)
		now.forwarding += use->moved;
	return memcmp(&flow->decided, &now, sizeof(now)) != 0;
}

/* Also of the larger struct weft_flow_entry: it begins with a struct weft_flow. */
static int take_flows(void *arg, const __u8 *keys, const __u8 *values, __u32 n)
{
	struct walk *w = arg;
	int err = 0;

	w->time.now_ns = flow_now_ns();
	for (__u32 i = 0; i < n && !err; i++) {
		w->seen.key = (const void *)(keys + i * sizeof(struct weft_flow_key));
		w->seen.flow = (const void *)(values + (size_t)i * w->desc->value_size);
		if (!flow_filter_match(w->filter, w->seen.key, w->seen.flow))
			continue;
		w->seen.stale = is_stale(w, w->seen.key, w->seen.flow);
		err = w->take(w->arg, &w->seen);
		w->taken = err;
	}
	return err;
}

static int read_table(const struct pins *pins, struct walk *w, enum flow_table table,
		      const char **failed)
{
	_cleanup_close_ int fd = -1;
	int err;

	w->desc = &table_descs[tables[table]];
	w->seen.table = table;
	err = view_open(pins, w->desc, &fd);
	if (!err)
		err = map_walk(fd, w->desc, take_flows, w);
	if (err && !w->taken)
		*failed = w->desc->name;
	return err;
}

int flow_read(const struct pins *pins, const struct flow_filter *filter, flow_take take, void *arg,
	      const char **failed)
{
	_cleanup_(walk_clear) struct walk w = {.filter = filter, .take = take, .arg = arg};
	int err;

	*failed = NULL;
	w.seen.time = &w.time;
	err = read_one(pins, TABLE_GENERATION, &w.generation, failed);
	if (!err)
		err = read_whole(pins, TABLE_LEARN_NET, &w.moved, failed);
	if (!err)
		err = read_one(pins, TABLE_FLOW_CONF, &w.time.conf, failed);
	if (!err)
		err = read_one(pins, TABLE_FLOW_CLOCK, &w.time.clock, failed);
	for (int i = 0; i < __FLOW_TABLE_MAX && !err; i++)
		if (flow_filter_table(filter, i))
			err = read_table(pins, &w, i, failed);
	return err;
}

__u64 flow_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ULL + now.tv_nsec;
}

__u64 flow_age_ms(const struct flow_time *time, __u64 since_ns)
{
	return time->now_ns > since_ns ? (time->now_ns - since_ns) / NS_PER_MS : 0;
}

/* Only the low words of tick counts are kept, and their difference is right across a wrap. */
bool flow_idle_ms(const struct flow_time *time, const struct weft_flow *flow, __u64 *ms)
{
	__u32 tick_ns = time->conf.tick_ns, ticks;
	__s32 idle;

	if (!tick_ns || !time->clock.ns)
		return false;
	ticks = time->clock.ticks + (__s64)(time->now_ns - time->clock.ns) / (__s64)tick_ns;
	idle = ticks - flow->seen;
	*ms = idle > 0 ? (__u64)idle * tick_ns / NS_PER_MS : 0;
	return true;
}

bool flow_left_ms(const struct flow_time *time, const struct weft_flow *flow, __u64 *ms)
{
	__u64 idle, timeout;

	if (flow->state >= __WEFT_FLOW_STATE_MAX || !flow_idle_ms(time, flow, &idle))
		return false;
	timeout = time->conf.timeout_ms[flow->state];
	*ms = timeout > idle ? timeout - idle : 0;
	return true;
}

bool flow_expired(const struct flow_seen *seen)
{
	__u64 left;

	return seen->table != FLOW_TABLE_ESTABLISHED &&
	       flow_left_ms(seen->time, seen->flow, &left) && !left;
}
