/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The firewall's part of a node's status: what is in force, and where room gets scarce. */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "print.h"
#include "status.h"
#include "util.h"

#define SCARCE 80 /* percent of the room that are worth a word */

static const struct print_column pressure_columns[] = {
	{"on", "PRESSURE", NULL, PRINT_TEXT},       {"name", "NAME", NULL, PRINT_TEXT},
	{"flows", "FLOWS", NULL, PRINT_NUMBER},     {"most", "MOST", NULL, PRINT_NUMBER},
	{"refused", "REFUSED", NULL, PRINT_NUMBER},
};

/** struct pressure - a row of the table. @refused: flows that got no place, ever. */
struct pressure {
	const char *on;
	const char *name;
	__u64 flows;
	__u64 most;
	__u64 refused;
};

static void add_pressure(struct firewall *f, const struct pressure *p)
{
	if (!p->refused && p->flows * 100 < p->most * SCARCE)
		return;
	print_text(&f->pressure, p->on);
	print_text(&f->pressure, p->name);
	print_number(&f->pressure, p->flows);
	print_number(&f->pressure, p->most);
	print_number(&f->pressure, p->refused);
}

/* The one row of a table of one, or zeros. */
static void read_one(const struct view *view, enum table_id id, void *out)
{
	const __u32 zero = 0;
	const void *row = table_get(&view->t[id], &zero);

	if (row)
		memcpy(out, row, table_descs[id].value_size);
}

static void add_shares(struct firewall *f, const struct view *view, enum table_id id, __u64 most)
{
	const struct table *table = &view->t[id];
	const struct weft_flow_use *use;
	struct view_name name;
	__u32 owner;

	for (size_t i = 0; i < table->rows.n; i++) {
		memcpy(&owner, table_key(table, i), sizeof(owner));
		use = table_value(table, i);
		name = id == TABLE_FLOW_USE ? view_port_name(view, owner)
					    : view_network_name(view, owner);
		add_pressure(f, &(struct pressure){.on = id == TABLE_FLOW_USE ? "port" : "network",
						   .name = name.s,
						   .flows = use->established,
						   .most = most,
						   .refused = use->over});
	}
}

/* Of @use->begun, what a flow that began now would find; see weft_begun_over() of bpf/. */
static __u32 begun_now(const struct weft_flow_use *use, __u32 second)
{
	__u32 past = second - use->second;

	return past < 32 ? use->begun >> past : 0;
}

/*
 * How full the table of half-open flows is, nobody counts: who is used least goes. But if as many
 * as it holds begin within a second or two, that is how long a flow has to be answered.
 */
static int add_half_open(struct firewall *f, const struct status *s)
{
	const struct table *ports = &s->view.t[TABLE_FLOW_USE];
	struct timespec now;
	struct map_shape shape;
	__u64 begun = 0;
	int err;

	err = map_shape_of(s->maps.fd[TABLE_FLOWS_NEW], &shape);
	if (err)
		return err;
	clock_gettime(CLOCK_MONOTONIC, &now);
	for (size_t i = 0; i < ports->rows.n; i++)
		begun += begun_now(table_value(ports, i), now.tv_sec);
	add_pressure(f, &(struct pressure){.on = "half-open",
					   .name = view_node_name(&s->view).s,
					   .flows = begun,
					   .most = shape.max_entries});
	return 0;
}

int firewall_read(const struct status *s, struct firewall *f)
{
	const struct table *networks = &s->view.t[TABLE_NET_USE];
	struct weft_flow_conf conf = {};
	struct map_shape shape;
	int err;

	*f = (struct firewall){.rules = s->view.t[TABLE_RULE_INFO].rows.n};
	print_init(&f->pressure, pressure_columns, ARRAY_SIZE(pressure_columns));
	err = map_shape_of(s->maps.fd[TABLE_FLOWS], &shape);
	if (err)
		return err;
	f->limit = shape.max_entries;
	read_one(&s->view, TABLE_GENERATION, &f->generation);
	read_one(&s->view, TABLE_FLOW_STAT, &f->stat);
	read_one(&s->view, TABLE_FLOW_CONF, &conf);
	for (size_t i = 0; i < networks->rows.n; i++)
		f->established +=
			((const struct weft_flow_use *)table_value(networks, i))->established;

	add_pressure(f, &(struct pressure){.on = "node",
					   .name = view_node_name(&s->view).s,
					   .flows = f->established,
					   .most = f->limit,
					   .refused = f->stat.full + f->stat.lost});
	err = add_half_open(f, s);
	if (err)
		return err;
	add_shares(f, &s->view, TABLE_NET_USE, conf.per_network);
	add_shares(f, &s->view, TABLE_FLOW_USE, conf.per_port);
	return f->pressure.err;
}

void firewall_clear(struct firewall *f)
{
	print_clear(&f->pressure);
}

/* An apply that runs right now shows the same as one that was killed. */
static bool is_unfinished(const struct firewall *f)
{
	return f->generation.forwarding & 1;
}

void firewall_print(const struct firewall *f, FILE *out)
{
	fprintf(out, "policy  generation %u, %zu rule%s%s\n", f->generation.policy, f->rules,
		f->rules == 1 ? "" : "s",
		is_unfinished(f) ? "; an apply is under way or was killed" : "");
	fprintf(out, "flows   %llu of %u established\n", f->established, f->limit);
}

json_t *firewall_json(const struct firewall *f)
{
	return json_pack("{s:I, s:b, s:I, s:{s:I, s:I, s:I, s:I, s:I, s:I, s:I}, s:o}",
			 "generation", (json_int_t)f->generation.policy, "unfinished",
			 is_unfinished(f), "rules", (json_int_t)f->rules, "flows", "established",
			 (json_int_t)f->established, "limit", (json_int_t)f->limit, "created",
			 (json_int_t)f->stat.created, "over", (json_int_t)f->stat.over, "full",
			 (json_int_t)f->stat.full, "lost", (json_int_t)f->stat.lost, "judged",
			 (json_int_t)f->stat.judged, "pressure", print_rows(&f->pressure));
}
