/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Nodes: their VTEP addresses and uplinks; see check.h. */
#include "check_parts.h"

#include <string.h>

#include "value.h"

/* VTEP addresses have one scope, the underlay. */
#define UNDERLAY 0

static bool is_set(const struct cfg_addr *addr)
{
	return !IN6_IS_ADDR_UNSPECIFIED(&addr->v);
}

static void check_one_per_family(struct checker *c, const struct cfg_node *node, size_t i)
{
	const struct cfg_addr *a = node->vtep.v;
	bool ipv4;

	if (node->vtep.n != 2 || !is_set(&a[0]) || !is_set(&a[1]))
		return;
	ipv4 = value_is_ipv4(&a[0].v);
	if (ipv4 != value_is_ipv4(&a[1].v))
		return;
	diag_error(c->diag, DIAG_AT(a[1], "nodes[%zu].vtep[1]", i), "both addresses are %s",
		   ipv4 ? "IPv4" : "IPv6");
	diag_hint(c->diag, "give at most one IPv4 and one IPv6 address");
}

static void check_vtep(struct checker *c, const struct cfg_addr *addr, size_t i, size_t j,
		       struct set *vteps)
{
	size_t first;

	if (!is_set(addr))
		return;
	if (IN6_IS_ADDR_LINKLOCAL(&addr->v)) {
		diag_error(c->diag, DIAG_AT(*addr, "nodes[%zu].vtep[%zu]", i, j),
			   "%s is a link-local address", value_addr(addr).s);
		diag_hint(c->diag, "give an address that is routed between the nodes");
	}
	if (check_taken(c, vteps, UNDERLAY, &addr->v, sizeof(addr->v), addr->line, &first)) {
		diag_error(c->diag, DIAG_AT(*addr, "nodes[%zu].vtep[%zu]", i, j),
			   "%s is already a VTEP address in %s", value_addr(addr).s,
			   diag_line(first).s);
		diag_hint(c->diag, "each node has addresses of its own");
	}
}

static void check_uplink(struct checker *c, const struct cfg_uplink *uplink, size_t i, size_t j)
{
	const struct cfg_str *name = &uplink->interface;
	struct port_place place = {};
	size_t first;

	if (!name->v)
		return;
	strncpy(place.interface, name->v, sizeof(place.interface) - 1);
	if (!check_place_is_taken(c, &c->uplinks, i, &place, name->line, &first))
		return;
	diag_error(c->diag, DIAG_AT(*name, "nodes[%zu].uplinks[%zu]", i, j),
		   "the interface %s is already used on this node in %s", diag_quote(name->v).s,
		   diag_line(first).s);
	diag_hint(c->diag, "name each uplink once");
}

/* The kernel cuts what it has to fill in the checksums of. */
static void check_offload(struct checker *c, const struct cfg_uplink *uplink, size_t i, size_t j)
{
	if (uplink->checksum.v != CFG_OFFLOAD_KERNEL ||
	    uplink->segmentation.v != CFG_OFFLOAD_DEVICE)
		return;
	diag_error(c->diag,
		   DIAG_AT(uplink->segmentation, "nodes[%zu].uplinks[%zu].segmentation", i, j),
		   "a device does not cut packets whose checksums the kernel fills in (%s)",
		   diag_line(uplink->checksum.line).s);
	diag_hint(c->diag, "leave \"checksum\" out, or let the kernel do both");
}

void check_nodes(struct checker *c)
{
	const struct cfg_node *node;
	struct set vteps = {};
	size_t i, j;

	for (i = 0; i < c->cfg->nodes.n; i++) {
		node = &c->cfg->nodes.v[i];
		for (j = 0; j < node->vtep.n; j++)
			check_vtep(c, &node->vtep.v[j], i, j, &vteps);
		check_one_per_family(c, node, i);
		for (j = 0; j < node->uplinks.n; j++) {
			check_uplink(c, &node->uplinks.v[j], i, j);
			check_offload(c, &node->uplinks.v[j], i, j);
		}
		c->node_ports[i] = node->uplinks.n;
	}
	set_clear(&vteps);
}
