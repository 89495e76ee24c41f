/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Tags: who has which on a trunk, and on an uplink's wire; see check.h. */
#include "check_parts.h"

#include <errno.h>
#include <string.h>

static struct diag_at at_port(const struct cfg_port *port, size_t i, const char *key)
{
	const struct cfg_num *tag = port->vlan.line ? &port->vlan : &port->service_vlan;

	return tag->line ? DIAG_AT(*tag, "ports[%zu].%s", i,
				   port->vlan.line ? "vlan" : "service_vlan")
			 : DIAG_AT(port->interface, "ports[%zu].%s", i, key);
}

static bool has_tags(const struct cfg_port *port)
{
	return port->vlan.v || port->service_vlan.v;
}

static struct port_place place_of(const struct cfg_port *port)
{
	struct port_place place = {.service = port->service_vlan.v, .vlan = port->vlan.v};

	strncpy(place.interface, port->interface.v, sizeof(place.interface) - 1);
	return place;
}

bool check_place_is_taken(struct checker *c, struct set *set, size_t node,
			  const struct port_place *place, int line, size_t *first)
{
	return check_taken(c, set, node, place, sizeof(*place), line, first);
}

static bool find_place(const struct set *set, size_t node, const struct port_place *place,
		       size_t *line)
{
	struct scoped_key key = {.scope = node};

	memcpy(key.bytes, place, sizeof(*place));
	return set_find(set, &key, sizeof(key), line);
}

/* A set of places: that one is there already is no complaint. */
static void note_place(struct checker *c, struct set *set, size_t node,
		       const struct port_place *place, int line)
{
	size_t first;

	check_place_is_taken(c, set, node, place, line, &first);
}

static void refuse_place(struct checker *c, const struct cfg_port *port, size_t i, size_t first)
{
	if (has_tags(port)) {
		diag_error(c->diag, at_port(port, i, "interface"),
			   "the port in %s has the same tags on the interface %s",
			   diag_line(first).s, diag_quote(port->interface.v).s);
		diag_hint(c->diag, "each port of a trunk has tags of its own");
		return;
	}
	diag_error(c->diag, at_port(port, i, "interface"),
		   "the interface %s is already used on this node in %s",
		   diag_quote(port->interface.v).s, diag_line(first).s);
	diag_hint(c->diag,
		  "each port and each uplink has an interface of its own, unless a \"vlan\" "
		  "tells ports apart");
}

static void note_trunk(struct checker *c, const struct cfg_port *port, size_t node)
{
	struct port_place place = place_of(port);
	bool both = place.service && place.vlan;

	place.vlan = 0;
	if (both)
		note_place(c, &c->trunks, node, &place, port->vlan.line);
	place.service = 0;
	note_place(c, &c->trunks, node, &place, port->interface.line);
}

void check_interface(struct checker *c, size_t i, size_t node, size_t network)
{
	const struct cfg_port *port = &c->cfg->ports.v[i];
	struct port_place place;
	size_t first;

	if (!port->interface.v)
		return;
	place = place_of(port);
	if (check_place_is_taken(c, &c->interfaces, node, &place, port->interface.line, &first)) {
		refuse_place(c, port, i, first);
		return;
	}
	if (has_tags(port))
		note_trunk(c, port, node);
	place.service = place.vlan = 0;
	if (find_place(&c->uplinks, node, &place, &first)) {
		diag_error(c->diag, DIAG_AT(port->interface, "ports[%zu].interface", i),
			   "the interface %s is already used on this node in %s",
			   diag_quote(port->interface.v).s, diag_line(first).s);
		diag_hint(c->diag,
			  "an uplink has no ports; a network with \"encap: vlan\" can live "
			  "on it");
		return;
	}
	place.network = network;
	if (network != NONE &&
	    check_place_is_taken(c, &c->joined, node, &place, port->interface.line, &first)) {
		diag_error(c->diag, DIAG_AT(port->network, "ports[%zu].network", i),
			   "the port in %s is in this network already, on the same interface",
			   diag_line(first).s);
		diag_hint(c->diag, "two VLANs of a trunk are two networks");
	}
}

/* Would a tag of a tenant's own, behind those of its port, be taken for another port's? */
static void check_own_tags(struct checker *c, size_t i, size_t node)
{
	const struct cfg_port *port = &c->cfg->ports.v[i];
	struct port_place place = place_of(port);
	size_t line;

	if (place.service && place.vlan) {
		diag_error(c->diag, at_port(port, i, "interface"),
			   "the network %s is vlan_transparent, and a frame has two tags at most",
			   diag_quote(port->network.v).s);
		diag_hint(c->diag, "give the port one of \"vlan\" and \"service_vlan\"");
		return;
	}
	if (place.vlan || !find_place(&c->trunks, node, &place, &line))
		return;
	if (place.service) {
		diag_error(c->diag, at_port(port, i, "interface"),
			   "the tags of network %s could be taken for the \"vlan\" in %s",
			   diag_quote(port->network.v).s, diag_line(line).s);
		diag_hint(c->diag, "give one of the ports another service_vlan");
	} else {
		diag_error(c->diag, at_port(port, i, "interface"),
			   "the tags of network %s could be taken for those of the trunk %s",
			   diag_quote(port->network.v).s, diag_quote(port->interface.v).s);
		diag_hint(c->diag, "give the port a \"service_vlan\" or a \"vlan\"");
	}
}

void check_trunks(struct checker *c)
{
	const struct cfg_network *networks = c->cfg->networks.v;
	size_t i, node, network;

	for (i = 0; i < c->cfg->ports.n && !c->err; i++) {
		const struct cfg_port *port = &c->cfg->ports.v[i];

		node = check_resolve(&c->nodes, &port->node);
		network = check_resolve(&c->networks, &port->network);
		if (port->interface.v && node != NONE && network != NONE &&
		    networks[network].vlan_transparent.v)
			check_own_tags(c, i, node);
	}
}

static void refuse_key(struct checker *c, const struct cfg_num *value, size_t i, const char *key,
		       const char *wrong, const char *right)
{
	diag_error(c->diag, DIAG_AT(*value, "networks[%zu].%s", i, key), "%s", wrong);
	diag_hint(c->diag, "%s", right);
}

/* Given, but no value; decode() has said so. */
static bool is_wrong(const struct cfg_num *tag)
{
	return tag->line && !tag->v;
}

static void check_wire(struct checker *c, size_t i, struct set *wires)
{
	const struct cfg_network *network = &c->cfg->networks.v[i];
	const __u16 tags[] = {network->service_vlan.v, network->vlan.v};
	size_t first;

	if (network->vni.line)
		refuse_key(c, &network->vni, i, "vni", "a network with \"encap: vlan\" has no VNI",
			   "leave it out; \"vlan\" says which tag it has on the wire");
	if (is_wrong(&network->vlan) || is_wrong(&network->service_vlan))
		return;
	if (check_taken(c, wires, 0, tags, sizeof(tags), network->line, &first)) {
		diag_error(c->diag, DIAG_AT(*network, "networks[%zu]", i),
			   "the network in %s has the same tags on the wire", diag_line(first).s);
		diag_hint(c->diag, "each network with \"encap: vlan\" has tags of its own");
	}
	if (network->vlan_transparent.v && (!network->vlan.v || network->service_vlan.v))
		refuse_key(c, &network->vlan_transparent, i, "vlan_transparent",
			   "tags of the workloads' own could be taken for those of other networks",
			   "give the network a \"vlan\" and no \"service_vlan\"");
}

void check_network_tags(struct checker *c, size_t i, struct set *wires)
{
	const struct cfg_network *network = &c->cfg->networks.v[i];

	if (network->encap.v == CFG_ENCAP_VLAN) {
		check_wire(c, i, wires);
		return;
	}
	if (!network->vni.line && network->line) {
		diag_error(c->diag, DIAG_AT(*network, "networks[%zu].vni", i),
			   "the key is missing");
		diag_hint(c->diag, "expected a number from 1 to 16777215, or \"encap: vlan\"");
	}
	if (network->vlan.line)
		refuse_key(c, &network->vlan, i, "vlan", "the network is in tunnels",
			   "add \"encap: vlan\", or give the tag to a port");
	if (network->service_vlan.line)
		refuse_key(c, &network->service_vlan, i, "service_vlan",
			   "the network is in tunnels",
			   "add \"encap: vlan\", or give the tag to a port");
}

static void check_lives(struct checker *c, size_t i, size_t j, size_t k, struct set *lives)
{
	const struct cfg_str *ref = &c->cfg->nodes.v[i].uplinks.v[j].networks.v[k];
	struct diag_at at = DIAG_AT(*ref, "nodes[%zu].uplinks[%zu].networks[%zu]", i, j, k);
	size_t network = check_resolve(&c->networks, ref), first;
	__u32 key = network;

	if (network == NONE) {
		check_unknown(c, &c->networks, ref, at);
	} else if (c->cfg->networks.v[network].encap.v != CFG_ENCAP_VLAN) {
		diag_error(c->diag, at, "the network %s is in tunnels", diag_quote(ref->v).s);
		diag_hint(c->diag, "only one with \"encap: vlan\" lives on an uplink");
	} else if (check_taken(c, lives, i, &key, sizeof(key), ref->line, &first)) {
		diag_error(c->diag, at, "the network %s lives on the uplink in %s already",
			   diag_quote(ref->v).s, diag_line(first).s);
		diag_hint(c->diag, "it has one uplink on each node");
	}
}

void check_uplink_networks(struct checker *c)
{
	struct set lives = {};

	for (size_t i = 0; i < c->cfg->nodes.n && !c->err; i++) {
		const struct cfg_uplinks *uplinks = &c->cfg->nodes.v[i].uplinks;

		for (size_t j = 0; j < uplinks->n; j++)
			for (size_t k = 0; k < uplinks->v[j].networks.n; k++)
				check_lives(c, i, j, k, &lives);
	}
	set_clear(&lives);
}
