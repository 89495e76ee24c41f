/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* weft show tunnels: remote VTEPs and the networks shared with them; see show.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "print.h"
#include "show.h"
#include "util.h"

static const struct print_column columns[] = {
	{"node", "NODE", NULL, PRINT_TEXT},         {"id", NULL, NULL, PRINT_NUMBER},
	{"vtep", "VTEP", NULL, PRINT_TEXT},         {"encap", "ENCAP", NULL, PRINT_TEXT},
	{"underlay", "UNDERLAY", NULL, PRINT_TEXT}, {"uplink", "UPLINK", NULL, PRINT_TEXT},
	{"mtu", "MTU", NULL, PRINT_NUMBER},         {"networks", "NETWORKS", NULL, PRINT_LIST},
};

/** struct member - a network that a tunnel carries. */
struct member {
	__u32 tunnel;
	struct view_name network;
};

struct members {
	struct member *v;
	size_t n;
};

/** struct row - a tunnel in the order of the listing, with its part of the members. */
struct row {
	struct view_name node;
	__u32 id;
	const struct weft_tunnel *tunnel;
	struct members members;
};

static int by_name(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	return strverscmp(x->node.s, y->node.s)
		       ?: memcmp(&x->tunnel->remote, &y->tunnel->remote, sizeof(x->tunnel->remote))
		       ?: x->tunnel->encap - y->tunnel->encap;
}

static int by_tunnel(const void *a, const void *b)
{
	const struct member *x = a, *y = b;

	if (x->tunnel != y->tunnel)
		return x->tunnel < y->tunnel ? -1 : 1;
	return strverscmp(x->network.s, y->network.s);
}

const char *view_encap_name(__u8 encap)
{
	switch (encap) {
	case WEFT_ENCAP_VXLAN:
		return "vxlan";
	case WEFT_ENCAP_VXLAN_GBP:
		return "vxlan-gbp";
	case WEFT_ENCAP_GENEVE:
		return "geneve";
	case WEFT_ENCAP_NVGRE:
		return "nvgre";
	default:
		return NULL;
	}
}

static const char *family_name(__u8 family)
{
	switch (family) {
	case WEFT_FAMILY_IPV4:
		return "ipv4";
	case WEFT_FAMILY_IPV6:
		return "ipv6";
	default:
		return NULL;
	}
}

static int collect_members(const struct show *show, struct members *out)
{
	const struct table *peers = &show->view.t[TABLE_PEERS];
	const struct weft_peer *peer;
	size_t i;

	out->v = calloc(peers->rows.n + 1, sizeof(*out->v));
	if (!out->v)
		return -ENOMEM;
	for (i = 0; i < peers->rows.n; i++) {
		peer = table_value(peers, i);
		if (show->network && show->network != peer->network)
			continue;
		out->v[out->n++] = (struct member){
			.tunnel = peer->tunnel,
			.network = view_network_name(&show->view, peer->network),
		};
	}
	qsort(out->v, out->n, sizeof(*out->v), by_tunnel);
	return 0;
}

/* Cuts the next tunnel's part off the front of the sorted members. */
static struct members take_members(struct members *all, __u32 tunnel)
{
	struct members part = {};

	while (all->n && all->v->tunnel < tunnel) {
		all->v++;
		all->n--;
	}
	part.v = all->v;
	while (all->n && all->v->tunnel == tunnel) {
		all->v++;
		all->n--;
		part.n++;
	}
	return part;
}

/* Arrays are read in the order of their indices, which is that of the members. */
static size_t collect(const struct show *show, struct members members, struct row *rows)
{
	const struct table *tunnels = &show->view.t[TABLE_TUNNELS];
	struct row *row = rows;
	size_t i;

	for (i = 0; i < tunnels->rows.n; i++) {
		row->id = *(const __u32 *)table_key(tunnels, i);
		row->tunnel = table_value(tunnels, i);
		row->members = take_members(&members, row->id);
		if (!row->tunnel->header_len || (show->network && !row->members.n))
			continue;
		row->node = view_tunnel_name(&show->view, row->id);
		row++;
	}
	return row - rows;
}

static void print_row(const struct view *view, const struct row *row, struct print_table *out)
{
	const struct weft_port *uplink = view_interface_port(view, row->tunnel->ifindex);
	const struct weft_port_info *info = uplink ? view_port_info(view, uplink->id) : NULL;
	size_t i;

	print_text(out, row->node.s);
	print_number(out, row->id);
	print_text(out, print_addr(&row->tunnel->remote).s);
	print_text(out, view_encap_name(row->tunnel->encap));
	print_text(out, family_name(row->tunnel->family));
	print_text(out, info ? info->interface : NULL);
	print_number(out, row->tunnel->mtu);
	print_list(out);
	for (i = 0; i < row->members.n; i++)
		print_item(out, row->members.v[i].network.s);
}

static int fill(const struct show *show, struct print_table *out)
{
	_cleanup_free_ struct member *all = NULL;
	_cleanup_free_ struct row *rows = NULL;
	struct members members = {};
	size_t i, n;

	rows = calloc(show->view.t[TABLE_TUNNELS].rows.n + 1, sizeof(*rows));
	if (!rows || collect_members(show, &members))
		return -ENOMEM;
	all = members.v;
	n = collect(show, members, rows);
	qsort(rows, n, sizeof(*rows), by_name);
	for (i = 0; i < n; i++)
		print_row(&show->view, &rows[i], out);
	return 0;
}

const struct show_kind show_tunnels = {
	.name = "tunnels",
	.tables = VIEW_TABLE(TABLE_TUNNELS) | VIEW_TABLE(TABLE_PEERS) | VIEW_TABLE(TABLE_PORTS),
	.filters = SHOW_BY_NETWORK,
	.columns = columns,
	.n_columns = ARRAY_SIZE(columns),
	.fill = fill,
};
