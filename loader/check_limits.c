/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The limits hold at least what the file itself has; see check.h. */
#include "check_parts.h"

#include <string.h>

/*
 * A limit that the file does not give has no place there. The last row of the list that does not
 * fit is as near as one gets.
 */
static struct diag_at at_limit(const struct cfg_num *limit, const char *name,
			       const struct rows *rows)
{
	struct cfg_pos last = {};

	if (limit->line || !rows->n)
		return DIAG_AT(*limit, "limits.%s", name);
	memcpy(&last, rows->v + (rows->n - 1) * rows->size, sizeof(last));
	return DIAG_AT(last, "limits.%s", name);
}

static void check_limit(struct checker *c, const struct cfg_num *limit, const char *name,
			const struct rows *rows, size_t needed, const char *what)
{
	if (!limit->v || needed <= limit->v)
		return;
	diag_error(c->diag, at_limit(limit, name, rows), "the limit is %llu, but %s is %zu",
		   limit->v, what, needed);
	diag_hint(c->diag, "raise limits.%s to at least %zu", name, needed);
}

static size_t most_ports(const struct checker *c)
{
	size_t i, most = 0;

	for (i = 0; i < c->cfg->nodes.n; i++) {
		if (c->node_ports[i] > most)
			most = c->node_ports[i];
	}
	return most;
}

/* As seen by the node that has the fewest itself. */
static size_t most_remote_vteps(const struct checker *c)
{
	const struct cfg_nodes *nodes = &c->cfg->nodes;
	size_t i, all = 0, fewest = nodes->n ? nodes->v[0].vtep.n : 0;

	for (i = 0; i < nodes->n; i++) {
		all += nodes->v[i].vtep.n;
		if (nodes->v[i].vtep.n < fewest)
			fewest = nodes->v[i].vtep.n;
	}
	return all - fewest;
}

void check_limits(struct checker *c)
{
	const struct cfg_limits *limits = &c->cfg->limits;

	check_limit(c, &limits->networks, "networks", &c->networks, c->networks.n,
		    "the number of networks");
	check_limit(c, &limits->ports, "ports", &c->ports, most_ports(c),
		    "the number of ports and uplinks of one node");
	check_limit(c, &limits->endpoints, "endpoints", &c->ports, c->ports.n,
		    "the number of MAC addresses");
	check_limit(c, &limits->endpoints, "endpoints", &c->ports, (c->addresses.n + 1) / 2,
		    "half the number of IP addresses");
	check_limit(c, &limits->vteps, "vteps", &c->nodes, most_remote_vteps(c),
		    "the number of other nodes' VTEP addresses");
}
