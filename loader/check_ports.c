/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Ports: their references, interfaces, MAC and IP addresses; see check.h. */
#include "check_parts.h"

#include <string.h>

#include "value.h"

static const char *network_name(const struct checker *c, size_t network)
{
	const char *name = check_row_name(&c->networks, network);

	return name ? name : "?";
}

static void check_mac(struct checker *c, const struct cfg_port *port, size_t i, size_t network)
{
	static const __u8 unset[sizeof(port->mac.v)];
	const struct cfg_mac *mac = &port->mac;
	size_t first;

	if (!memcmp(mac->v, unset, sizeof(unset)) ||
	    !check_taken(c, &c->macs, network, mac->v, sizeof(mac->v), mac->line, &first))
		return;
	diag_error(c->diag, DIAG_AT(*mac, "ports[%zu].mac", i),
		   "%s is already used in network %s in %s", value_mac(mac->v).s,
		   diag_quote(network_name(c, network)).s, diag_line(first).s);
	diag_hint(c->diag, "each port of a network has a MAC address of its own");
}

/* One thing that a port is told or not told, and why that is wrong. */
static void refuse(struct checker *c, const struct cfg_pos *at, const char *key, size_t i,
		   const char *wrong, const char *right)
{
	diag_error(c->diag, DIAG_AT(*at, "ports[%zu].%s", i, key), "%s", wrong);
	diag_hint(c->diag, "%s", right);
}

/* A port that does not learn has one address, and nothing to limit. */
static void check_learning(struct checker *c, const struct cfg_port *port, size_t i)
{
	const struct cfg_pos *row = (const void *)port, *where = (const void *)port->addresses.v;

	if (!port->mac.line && port->addresses.n)
		refuse(c, where, "addresses[0]", i, "a port with addresses needs a MAC address",
		       "add \"mac\", which ARP requests for them are answered with");
	else if (!port->mac.line && !port->learning.v && port->line)
		refuse(c, row, "mac", i, "the key is missing",
		       "expected a unicast MAC address, or \"learning: true\" for a port that any "
		       "may be behind");
	if (port->learning.v)
		return;
	if (port->mac_limit.line)
		refuse(c, (const void *)&port->mac_limit, "mac_limit", i,
		       "the port learns no MAC addresses", "add \"learning: true\"");
	if (port->mac_limit_action.line)
		refuse(c, (const void *)&port->mac_limit_action, "mac_limit_action", i,
		       "the port learns no MAC addresses", "add \"learning: true\"");
}

/* The first and the last address of an IPv4 subnet belong to no host, RFC 1122 and RFC 3021. */
static const char *reserved(const struct cfg_addr *subnet, const struct cfg_addr *addr)
{
	__u32 host_bits;

	if (!value_is_ipv4(&subnet->v) || subnet->prefix_len > 30)
		return NULL;
	host_bits = 0xffffffffu >> subnet->prefix_len;
	if (!(ntohl(addr->v.s6_addr32[3]) & host_bits))
		return "network";
	return !(~ntohl(addr->v.s6_addr32[3]) & host_bits) ? "broadcast" : NULL;
}

/* Every IPv6 host has a link-local address, and no subnet holds it. */
static void check_in_subnet(struct checker *c, const struct cfg_addr *addr, size_t i, size_t j,
			    size_t network)
{
	const struct net_facts *facts = &c->net_facts[network];
	const struct cfg_addr *subnet;
	const char *what;

	if (!facts->has_subnets || IN6_IS_ADDR_LINKLOCAL(&addr->v))
		return;
	subnet = check_subnet_of(facts, addr);
	if (!subnet) {
		diag_error(c->diag, DIAG_AT(*addr, "ports[%zu].addresses[%zu]", i, j),
			   "%s is outside every subnet of network %s", value_addr(addr).s,
			   diag_quote(network_name(c, network)).s);
		diag_hint(c->diag, "use an address of %s%s, or add a subnet",
			  value_prefix(facts->subnets[0]).s, facts->n_subnets > 1 ? ", ..." : "");
		return;
	}
	what = reserved(subnet, addr);
	if (what) {
		diag_error(c->diag, DIAG_AT(*addr, "ports[%zu].addresses[%zu]", i, j),
			   "%s is the %s address of %s", value_addr(addr).s, what,
			   value_prefix(subnet).s);
		diag_hint(c->diag, "use an address between the first and the last");
	}
}

static void check_address(struct checker *c, const struct cfg_addr *addr, size_t i, size_t j,
			  size_t network)
{
	size_t first;

	if (IN6_IS_ADDR_UNSPECIFIED(&addr->v))
		return;
	if (!value_is_ipv4(&addr->v))
		c->net_facts[network].has_ipv6 = true;
	check_in_subnet(c, addr, i, j, network);
	if (!check_taken(c, &c->addresses, network, &addr->v, sizeof(addr->v), addr->line, &first))
		return;
	diag_error(c->diag, DIAG_AT(*addr, "ports[%zu].addresses[%zu]", i, j),
		   "%s is already used in network %s in %s", value_addr(addr).s,
		   diag_quote(network_name(c, network)).s, diag_line(first).s);
	diag_hint(c->diag, "each port of a network has addresses of its own");
}

static void check_port(struct checker *c, const struct cfg_port *port, size_t i)
{
	size_t node = check_resolve(&c->nodes, &port->node);
	size_t network = check_resolve(&c->networks, &port->network);
	size_t j;

	if (node == NONE) {
		check_unknown(c, &c->nodes, &port->node, DIAG_AT(port->node, "ports[%zu].node", i));
	} else {
		c->node_ports[node]++;
		check_interface(c, i, node, network);
	}
	if (network == NONE) {
		check_unknown(c, &c->networks, &port->network,
			      DIAG_AT(port->network, "ports[%zu].network", i));
		return;
	}
	check_join(c, network, node);
	check_mac(c, port, i, network);
	check_learning(c, port, i);
	for (j = 0; j < port->addresses.n; j++)
		check_address(c, &port->addresses.v[j], i, j, network);
}

void check_ports(struct checker *c)
{
	size_t i;

	for (i = 0; i < c->cfg->ports.n && !c->err; i++)
		check_port(c, &c->cfg->ports.v[i], i);
}
