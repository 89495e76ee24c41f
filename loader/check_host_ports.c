/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Host ports: weft makes their interfaces, so nobody else may have them. See check.h. */
#include "check_parts.h"

#include <string.h>

static void refuse(struct checker *c, const struct cfg_port *port, size_t i, const char *wrong,
		   const char *right)
{
	diag_error(c->diag, DIAG_AT(port->host_interface, "ports[%zu].host_interface", i), "%s",
		   wrong);
	diag_hint(c->diag, "%s", right);
}

static bool is_taken(struct set *set, size_t node, const char *name, size_t *line)
{
	struct scoped_key key = {.scope = node};
	struct port_place place = {};

	memcpy(place.interface, name, strlen(name));
	memcpy(key.bytes, &place, sizeof(place));
	return set_find(set, &key, sizeof(key), line);
}

/* Both ends have names of their own: among ports, uplinks and other host ports of the node. */
static void check_ends(struct checker *c, const struct cfg_port *port, size_t i, size_t node,
		       struct set *ends)
{
	const char *name = port->host_interface.v;
	size_t line = 0;
	struct port_place place = {};

	memcpy(place.interface, name, strlen(name));
	if (!is_taken(&c->interfaces, node, name, &line) &&
	    !is_taken(&c->uplinks, node, name, &line) &&
	    !check_taken(c, ends, node, &place, sizeof(place), port->host_interface.line, &line))
		return;
	diag_error(c->diag, DIAG_AT(port->host_interface, "ports[%zu].host_interface", i),
		   "the interface %s is already used on this node in %s", diag_quote(name).s,
		   diag_line(line).s);
	diag_hint(c->diag, "weft makes it: choose a name that nothing has");
}

/* Who speaks for others has at least a MAC address of his own, and nobody but a node may. */
static void check_routed(struct checker *c, const struct cfg_port *port, size_t i)
{
	const char *wrong, *right;

	if (!port->routed.v)
		return;
	if (!port->host_interface.v) {
		wrong = "only a host port routes for others";
		right = "add \"host_interface\", or let a workload that routes have "
			"\"allowed_address_pairs\"";
	} else if (!port->port_security.v) {
		wrong = "a port that routes has port security";
		right = "leave out \"port_security\": with \"routed\" it may forward all addresses";
	} else {
		return;
	}
	diag_error(c->diag, DIAG_AT(port->routed, "ports[%zu].routed", i), "%s", wrong);
	diag_hint(c->diag, "%s", right);
}

void check_host_ports(struct checker *c)
{
	struct set ends = {};

	for (size_t i = 0; i < c->cfg->ports.n; i++) {
		const struct cfg_port *port = &c->cfg->ports.v[i];
		size_t node = check_resolve(&c->nodes, &port->node);

		check_routed(c, port, i);
		if (!port->host_interface.v)
			continue;
		if (!port->interface.v)
			refuse(c, port, i, "the port has no interface",
			       "add \"interface\", a name for the other end");
		if (port->vlan.v || port->service_vlan.v)
			refuse(c, port, i, "the interface has no tags", "leave out the VLAN");
		if (port->learning.v)
			refuse(c, port, i, "the port's addresses are known",
			       "leave out \"learning\"");
		if (node != NONE)
			check_ends(c, port, i, node, &ends);
	}
	set_clear(&ends);
}
