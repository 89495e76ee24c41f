/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* weft show flows: the connections that are known, written as they are read; see show.h. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "flow_read.h"
#include "print.h"
#include "show.h"
#include "util.h"

#define ENDED 1 /* from a flow_take: the rest is not wanted */

#define SIDE(group)                                                                                \
	{NULL, "ADDRESS", group, PRINT_TEXT}, {"address", NULL, group, PRINT_TEXT},                \
		{"port", NULL, group, PRINT_NUMBER}, {"kind", NULL, group, PRINT_TEXT},            \
		{"at", "AT", group, PRINT_TEXT}, {"packets", "PACKETS", group, PRINT_NUMBER},      \
	{                                                                                          \
		"bytes", "BYTES", group, PRINT_NUMBER                                              \
	}
#define SPAN(key, title)                                                                           \
	{NULL, title, NULL, PRINT_TEXT},                                                           \
	{                                                                                          \
		key, NULL, NULL, PRINT_NUMBER                                                      \
	}

static const char origin[] = "origin", other[] = "other", rules[] = "rules";

static const struct print_column columns[] = {
	{"network", "NETWORK", NULL, PRINT_TEXT},
	{"protocol", "PROTOCOL", NULL, PRINT_TEXT},
	{"protocol_number", NULL, NULL, PRINT_NUMBER},
	SIDE(origin),
	SIDE(other),
	{"icmp_id", NULL, NULL, PRINT_NUMBER},
	{"table", "TABLE", NULL, PRINT_TEXT},
	{"state", "STATE", NULL, PRINT_TEXT},
	SPAN("age_ms", "AGE"),
	SPAN("idle_ms", "IDLE"),
	SPAN("left_ms", "LEFT"),
	{"egress", "EGRESS", rules, PRINT_TEXT},
	{"egress_id", NULL, rules, PRINT_NUMBER},
	{"ingress", "INGRESS", rules, PRINT_TEXT},
	{"ingress_id", NULL, rules, PRINT_NUMBER},
	{NULL, "FLAGS", NULL, PRINT_LIST},
	{"guarded", NULL, NULL, PRINT_BOOL},
	{"keep", NULL, NULL, PRINT_BOOL},
	{"loose", NULL, NULL, PRINT_BOOL},
	{"routed", NULL, NULL, PRINT_BOOL},
	{"stale", NULL, NULL, PRINT_BOOL},
	{"expired", NULL, NULL, PRINT_BOOL},
};

/** struct lister - flows on their way to the output. */
struct lister {
	const struct show *show;
	struct print_stream *out;
	__u64 n;
};

/** struct side_text - "10.9.0.11:443", "[fd00:9::11]:443". */
struct side_text {
	char s[sizeof(struct print_addr) + sizeof("[]:65535")];
};

/* A query's identifier stands where ports do, on the side that asks. */
static struct side_text side_text(const struct weft_flow_key *key, int side)
{
	const struct print_addr addr = print_addr(&key->addr[side]);
	struct side_text text;

	if (!flow_has_ports(key->proto) && !(flow_is_query(key->proto) && side == (key->asker & 1)))
		snprintf(text.s, sizeof(text.s), "%s", addr.s);
	else
		snprintf(text.s, sizeof(text.s), strchr(addr.s, ':') ? "[%s]:%u" : "%s:%u", addr.s,
			 ntohs(key->port[side]));
	return text;
}

static void print_where(const struct view *view, const struct weft_hop *hop,
			struct print_table *out)
{
	switch (hop->kind) {
	case WEFT_HOP_LOCAL:
		print_text(out, "local");
		print_text(out, view_port_name(view, hop->port).s);
		break;
	case WEFT_HOP_TUNNEL:
		print_text(out, "remote");
		print_text(out, view_tunnel_name(view, hop->target).s);
		break;
	case WEFT_HOP_WIRE:
		print_text(out, "wire");
		print_text(out, view_port_name(view, hop->port).s);
		break;
	case WEFT_HOP_FLOOD:
		print_text(out, "flood");
		print_text(out, "everywhere");
		break;
	default:
		print_absent(out);
		print_absent(out);
	}
}

static void print_side(const struct view *view, const struct flow_seen *seen, int side,
		       struct print_table *out)
{
	const struct weft_flow_key *key = seen->key;

	print_text(out, side_text(key, side).s);
	print_text(out, print_addr(&key->addr[side]).s);
	if (flow_has_ports(key->proto))
		print_number(out, ntohs(key->port[side]));
	else
		print_absent(out);
	print_where(view, &seen->flow->hop[side], out);
	print_count(out, &seen->flow->count[side]);
}

static void print_ms(bool known, __u64 ms, struct print_table *out)
{
	if (known) {
		print_text(out, print_span(ms).s);
		print_number(out, ms);
	} else {
		print_absent(out);
		print_absent(out);
	}
}

static void print_times(const struct flow_seen *seen, struct print_table *out)
{
	__u64 idle = 0, left = 0;
	bool known;

	print_ms(true, flow_age_ms(seen->time, seen->flow->created_ns), out);
	known = flow_idle_ms(seen->time, seen->flow, &idle);
	print_ms(known, idle, out);
	known = flow_left_ms(seen->time, seen->flow, &left);
	print_ms(known, left, out);
}

static void print_rule(const struct show *show, __u32 id, struct print_table *out)
{
	if (id) {
		print_text(out, rules_name(&show->rules, id).s);
		print_number(out, id);
	} else {
		print_absent(out);
		print_absent(out);
	}
}

static void print_flags(const struct flow_seen *seen, struct print_table *out)
{
	const struct weft_flow *flow = seen->flow;
	const struct {
		const char *name;
		bool set;
	} flags[] = {
		{"guarded", flow->flags & WEFT_FLOW_GUARDED},
		{"keep", flow->flags & WEFT_FLOW_KEEP},
		{"loose", (flow->tcp_flags[0] | flow->tcp_flags[1]) & WEFT_TCP_LOOSE},
		{"routed", flow->flags & WEFT_FLOW_ROUTED},
		{"stale", seen->stale},
		{"expired", flow_expired(seen)},
	};

	print_list(out);
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
		if (flags[i].set)
			print_item(out, flags[i].name);
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
		print_bool(out, flags[i].set);
}

static void print_protocol(__u8 proto, struct print_table *out)
{
	const char *name = flow_protocol_name(proto);
	char number[8];

	snprintf(number, sizeof(number), "%u", proto);
	print_text(out, name ?: number);
	print_number(out, proto);
}

static void print_flow(const struct show *show, const struct flow_seen *seen,
		       struct print_table *out)
{
	const struct weft_flow_key *key = seen->key;
	const struct weft_flow *flow = seen->flow;
	int from = flow->origin & 1;

	print_text(out, view_network_name(&show->view, key->network).s);
	print_protocol(key->proto, out);
	print_side(&show->view, seen, from, out);
	print_side(&show->view, seen, !from, out);
	if (flow_is_query(key->proto))
		print_number(out, ntohs(key->port[key->asker & 1]));
	else
		print_absent(out);
	print_text(out, flow_table_name(seen->table));
	print_text(out, flow_state_name(flow->state));
	print_times(seen, out);
	print_rule(show, flow->rule[WEFT_POL_EGRESS], out);
	print_rule(show, flow->rule[WEFT_POL_INGRESS], out);
	print_flags(seen, out);
}

static int take(void *arg, const struct flow_seen *seen)
{
	struct lister *lister = arg;
	const struct show *show = lister->show;
	int err;

	if (!show->expired && flow_expired(seen))
		return 0;
	print_flow(show, seen, &lister->out->table);
	err = print_stream_row(lister->out);
	return err ?: ++lister->n == show->limit ? ENDED : 0;
}

static int list(const struct show *show, struct print_stream *out)
{
	struct lister lister = {.show = show, .out = out};
	int err = flow_read(show->pins, show->flows, take, &lister, show->failed);

	return err == ENDED ? 0 : err;
}

const struct show_kind show_flows = {
	.name = "flows",
	.rules = true,
	.filters = SHOW_BY_NETWORK | SHOW_BY_PORT | SHOW_BY_FLOW,
	.columns = columns,
	.n_columns = ARRAY_SIZE(columns),
	.write = list,
};

static const struct print_column count_columns[] = {
	{"table", "TABLE", NULL, PRINT_TEXT},
	{"flows", "FLOWS", NULL, PRINT_NUMBER},
};

/** struct counter - flows by table. */
struct counter {
	const struct show *show;
	__u64 n[__FLOW_TABLE_MAX];
};

static int count_one(void *arg, const struct flow_seen *seen)
{
	struct counter *counter = arg;

	if (counter->show->expired || !flow_expired(seen))
		counter->n[seen->table]++;
	return 0;
}

static int count(const struct show *show, struct print_stream *out)
{
	struct counter counter = {.show = show};
	int err = flow_read(show->pins, show->flows, count_one, &counter, show->failed);

	for (int i = 0; i < __FLOW_TABLE_MAX && !err; i++) {
		if (!flow_filter_table(show->flows, i))
			continue;
		print_text(&out->table, flow_table_name(i));
		print_number(&out->table, counter.n[i]);
		err = print_stream_row(out);
	}
	return err;
}

const struct show_kind show_flow_counts = {
	.name = "counts",
	.filters = SHOW_BY_NETWORK | SHOW_BY_PORT | SHOW_BY_FLOW,
	.columns = count_columns,
	.n_columns = ARRAY_SIZE(count_columns),
	.write = count,
};
