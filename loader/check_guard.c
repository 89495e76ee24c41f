/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* What ports may send and get: address pairs and isolation; see check.h. */
#include "check_parts.h"

#include <string.h>

#include "value.h"

static void check_isolation(struct checker *c, const struct cfg_port *port, size_t i)
{
	bool community = port->isolation.v == CFG_COMMUNITY;

	if (community == !!port->community.v || !c->whole)
		return;
	if (community) {
		diag_error(c->diag, DIAG_AT(port->isolation, "ports[%zu].isolation", i),
			   "it does not say which community");
		diag_hint(c->diag, "add the key community with its name");
		return;
	}
	diag_error(c->diag, DIAG_AT(port->community, "ports[%zu].community", i),
		   "a community without isolation: community");
	diag_hint(c->diag, "add isolation: community, or remove this");
}

/* A port that learns has hosts behind it that the file does not know. */
static void check_learning(struct checker *c, const struct cfg_port *port, size_t i)
{
	if (!port->learning.v)
		return;
	if (port->port_security.line && port->port_security.v) {
		diag_error(c->diag, DIAG_AT(port->port_security, "ports[%zu].port_security", i),
			   "a port that learns any address cannot be secured");
		diag_hint(c->diag, "leave out one of port_security and learning");
	}
	if (port->allowed_address_pairs.n) {
		const struct cfg_pair *pair = &port->allowed_address_pairs.v[0];

		diag_error(c->diag, DIAG_AT(*pair, "ports[%zu].allowed_address_pairs[0]", i),
			   "a port that learns may use any address");
		diag_hint(c->diag, "leave out one of allowed_address_pairs and learning");
	}
}

/* Whoever has a MAC address of his own gets what is sent to it: nobody else may answer from it. */
static void check_pair_mac(struct checker *c, const struct cfg_port *port, size_t i, size_t j)
{
	const struct cfg_mac *mac = &port->allowed_address_pairs.v[j].mac;
	size_t network = check_resolve(&c->networks, &port->network);
	struct scoped_key key = {.scope = network};
	size_t line;

	if (!mac->line || network == NONE || !memcmp(mac->v, port->mac.v, sizeof(mac->v)))
		return;
	memcpy(key.bytes, mac->v, sizeof(mac->v));
	if (!set_find(&c->macs, &key, sizeof(key), &line))
		return;
	diag_error(c->diag, DIAG_AT(*mac, "ports[%zu].allowed_address_pairs[%zu].mac", i, j),
		   "%s is the own address of the port in %s", value_mac(mac->v).s,
		   diag_line(line).s);
	diag_hint(c->diag, "name a MAC address that moves, or leave mac out for the port's own");
}

void check_guards(struct checker *c)
{
	const struct cfg_port *port;

	for (size_t i = 0; i < c->cfg->ports.n && !c->err; i++) {
		port = &c->cfg->ports.v[i];
		check_isolation(c, port, i);
		check_learning(c, port, i);
		for (size_t j = 0; j < port->allowed_address_pairs.n; j++)
			check_pair_mac(c, port, i, j);
	}
}
