/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Learned addresses in a node's status: how many, who has used up his share, and what flaps. */
#include <errno.h>
#include <string.h>

#include <weft/fdb.h>

#include "flow_read.h"
#include "print.h"
#include "set.h"
#include "status.h"
#include "util.h"

#define SCARCE    80 /* percent of the room that are worth a word */
#define NS_PER_MS 1000000ULL

static const struct print_column pressure_columns[] = {
	{"on", "LEARNING", NULL, PRINT_TEXT},     {"name", "NAME", NULL, PRINT_TEXT},
	{"network", "NETWORK", NULL, PRINT_TEXT}, {"learned", "LEARNED", NULL, PRINT_NUMBER},
	{"most", "MOST", NULL, PRINT_NUMBER},     {"refused", "REFUSED", NULL, PRINT_NUMBER},
};

static const struct print_column held_columns[] = {
	{"mac", "FLAPPING", NULL, PRINT_TEXT},      {"network", "NETWORK", NULL, PRINT_TEXT},
	{"at", "HELD-AT", NULL, PRINT_TEXT},        {"from", "SEEN-AT", NULL, PRINT_TEXT},
	{"seconds", "SECONDS", NULL, PRINT_NUMBER}, {NULL, "AGO", NULL, PRINT_TEXT},
	{"ago_ms", NULL, NULL, PRINT_NUMBER},
};

/** struct share - a row of the first table. @refused: frames that taught nothing, ever. */
struct share {
	const char *on;
	const char *name;
	const char *network;
	const struct weft_learn_use *use;
	__u64 most;
};

static void add_share(struct learning *l, const struct share *s)
{
	if (!s->use->refused && s->use->learned * 100 < s->most * SCARCE)
		return;
	print_text(&l->pressure, s->on);
	print_text(&l->pressure, s->name);
	print_text(&l->pressure, s->network);
	print_number(&l->pressure, s->use->learned);
	print_number(&l->pressure, s->most);
	print_number(&l->pressure, s->use->refused);
}

static const struct weft_network *network_of(const struct view *view, __u32 id)
{
	static const struct weft_network none;
	const struct weft_network *network = table_get(&view->t[TABLE_NETWORKS], &id);

	return network ? network : &none;
}

static void add_networks(struct learning *l, const struct view *view)
{
	const struct table *table = &view->t[TABLE_LEARN_NET];
	const struct weft_learn_use *use;
	struct view_name name;
	__u32 id;

	for (size_t i = 0; i < table->rows.n; i++) {
		memcpy(&id, table_key(table, i), sizeof(id));
		use = table_value(table, i);
		name = view_network_name(view, id);
		l->learned += use->learned;
		if (network_of(view, id)->flags & WEFT_NET_LEARN)
			add_share(l, &(struct share){.on = "network",
						     .name = name.s,
						     .network = name.s,
						     .use = use,
						     .most = network_of(view, id)->mac_limit});
	}
}

static void add_ports(struct learning *l, const struct view *view)
{
	const struct table *table = &view->t[TABLE_LEARN_PORT];
	const struct weft_port *port;
	__u32 id;

	for (size_t i = 0; i < table->rows.n; i++) {
		memcpy(&id, table_key(table, i), sizeof(id));
		port = view_port(view, id);
		if (port && port->flags & WEFT_PORT_LEARN)
			add_share(l, &(struct share){
					     .on = "port",
					     .name = view_port_name(view, id).s,
					     .network = view_network_name(view, port->network).s,
					     .use = table_value(table, i),
					     .most = port->mac_limit});
	}
}

static void add_vteps(struct learning *l, const struct view *view)
{
	const struct table *table = &view->t[TABLE_LEARN_VTEP];
	const struct weft_learn_vtep_key *key;

	for (size_t i = 0; i < table->rows.n; i++) {
		key = table_key(table, i);
		add_share(l,
			  &(struct share){.on = "vtep",
					  .name = view_tunnel_name(view, key->tunnel).s,
					  .network = view_network_name(view, key->network).s,
					  .use = table_value(table, i),
					  .most = network_of(view, key->network)->vtep_mac_limit});
	}
}

static struct view_name place_name(const struct view *view, const struct weft_hop *at)
{
	return at->kind == WEFT_HOP_TUNNEL ? view_tunnel_name(view, at->target)
					   : view_port_name(view, at->port);
}

static void add_event(struct learning *l, const struct view *view, const struct weft_learn_event *e,
		      size_t seconds, __u64 now_ns)
{
	const __u64 ago = now_ns > e->when_ns ? (now_ns - e->when_ns) / NS_PER_MS : 0;

	print_text(&l->held, print_mac(e->mac.mac).s);
	print_text(&l->held, view_network_name(view, e->mac.network).s);
	print_text(&l->held, place_name(view, &e->at).s);
	print_text(&l->held, place_name(view, &e->from).s);
	print_number(&l->held, seconds);
	print_text(&l->held, print_span(ago).s);
	print_number(&l->held, ago);
}

/* Each address once, the latest first. */
static int add_held(struct learning *l, const struct view *view)
{
	const __u32 zero = 0;
	const struct weft_learn_node *log = table_get(&view->t[TABLE_LEARN_NODE], &zero);
	size_t kept = !log ? 0 : log->n < WEFT_LEARN_EVENTS ? log->n : WEFT_LEARN_EVENTS;
	_cleanup_(set_clear) struct set seen = {};
	const struct weft_learn_event *latest[WEFT_LEARN_EVENTS];
	size_t times[WEFT_LEARN_EVENTS] = {}, n = 0, known;
	const __u64 now_ns = flow_now_ns();
	int err;

	for (size_t i = 1; i <= kept; i++) {
		const struct weft_learn_event *e = &log->events[(log->n - i) % WEFT_LEARN_EVENTS];

		known = n;
		err = set_add(&seen, &e->mac, sizeof(e->mac), n, &known);
		if (err && err != -EEXIST)
			return err;
		if (!err)
			latest[n++] = e;
		times[known]++;
	}
	for (size_t i = 0; i < n; i++)
		add_event(l, view, latest[i], times[i], now_ns);
	return 0;
}

int learning_read(const struct status *s, struct learning *l)
{
	struct map_shape shape;
	int err;

	*l = (struct learning){};
	print_init(&l->pressure, pressure_columns, ARRAY_SIZE(pressure_columns));
	print_init(&l->held, held_columns, ARRAY_SIZE(held_columns));
	err = map_shape_of(s->maps.fd[TABLE_LEARNED], &shape);
	if (err)
		return err;
	l->limit = shape.max_entries;
	add_ports(l, &s->view);
	add_networks(l, &s->view);
	add_vteps(l, &s->view);
	err = add_held(l, &s->view);
	return err ?: l->pressure.err ?: l->held.err;
}

void learning_clear(struct learning *l)
{
	print_clear(&l->pressure);
	print_clear(&l->held);
}

void learning_print(const struct learning *l, FILE *out)
{
	fprintf(out, "fdb     %llu of %u learned\n", l->learned, l->limit);
}

json_t *learning_json(const struct learning *l)
{
	return json_pack("{s:I, s:I, s:o, s:o}", "learned", (json_int_t)l->learned, "limit",
			 (json_int_t)l->limit, "pressure", print_rows(&l->pressure), "held",
			 print_rows(&l->held));
}
