/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Members of a network: the nodes that own a port in it or are listed by it. Can each reach the
 * others, and do their packets fit? See check.h.
 */
#include "check_parts.h"

#include <errno.h>
#include <string.h>

#include "value.h"

/* RFC 8200, section 5. IPv4's own least, 576, is the schema's. */
#define IPV6_MIN_MTU 1280

static bool has_family(const struct cfg_node *node, bool ipv4)
{
	size_t i;

	for (i = 0; i < node->vtep.n; i++) {
		if (IN6_IS_ADDR_UNSPECIFIED(&node->vtep.v[i].v))
			return true; /* meant to be one, but wrong by itself */
		if (value_is_ipv4(&node->vtep.v[i].v) == ipv4)
			return true;
	}
	return !node->vtep.n;
}

void check_join(struct checker *c, size_t network, size_t node)
{
	struct net_facts *facts = &c->net_facts[network];
	__u32 member = node;
	size_t first;

	if (node == NONE ||
	    check_taken(c, &c->members, network, &member, sizeof(member), 0, &first))
		return;
	facts->members++;
	if (facts->without_ipv4 == NONE && !has_family(&c->cfg->nodes.v[node], true))
		facts->without_ipv4 = node;
	if (facts->without_ipv6 == NONE && !has_family(&c->cfg->nodes.v[node], false))
		facts->without_ipv6 = node;
	check_join_encap(c, network, node);
}

static void join_listed(struct checker *c, size_t i)
{
	const struct cfg_network *network = &c->cfg->networks.v[i];
	const struct cfg_str *ref;
	struct set listed = {};
	size_t j, node, first;

	for (j = 0; j < network->nodes.n; j++) {
		ref = &network->nodes.v[j];
		node = check_resolve(&c->nodes, ref);
		if (node == NONE) {
			check_unknown(c, &c->nodes, ref,
				      DIAG_AT(*ref, "networks[%zu].nodes[%zu]", i, j));
			continue;
		}
		check_join(c, i, node);
		if (check_taken(c, &listed, i, &node, sizeof(node), ref->line, &first)) {
			diag_error(c->diag, DIAG_AT(*ref, "networks[%zu].nodes[%zu]", i, j),
				   "the node %s is already listed", diag_quote(ref->v).s);
			diag_hint(c->diag, "name each node once");
		}
	}
	set_clear(&listed);
}

static void refuse_family(struct checker *c, size_t i, size_t node, const char *family)
{
	diag_error(c->diag, DIAG_AT(c->cfg->networks.v[i].underlay, "networks[%zu].underlay", i),
		   "node %s of this network has no %s VTEP address",
		   diag_quote(check_row_name(&c->nodes, node)).s, family);
	diag_hint(c->diag, "add one to its vtep, or choose another underlay");
}

static void check_underlay(struct checker *c, size_t i)
{
	const struct cfg_network *network = &c->cfg->networks.v[i];
	const struct net_facts *facts = &c->net_facts[i];
	bool no_ipv4 = facts->without_ipv4 != NONE, no_ipv6 = facts->without_ipv6 != NONE;

	if (facts->members < 2 || network->encap.v == CFG_ENCAP_VLAN)
		return;
	if (network->underlay.v == CFG_UNDERLAY_IPV4 && no_ipv4)
		refuse_family(c, i, facts->without_ipv4, "IPv4");
	if (network->underlay.v == CFG_UNDERLAY_IPV6 && no_ipv6)
		refuse_family(c, i, facts->without_ipv6, "IPv6");
	if (network->underlay.v == CFG_UNDERLAY_AUTO && no_ipv4 && no_ipv6) {
		diag_error(c->diag, DIAG_AT(*network, "networks[%zu]", i),
			   "node %s has no IPv6 VTEP address and node %s no IPv4 one, so that "
			   "they cannot reach each other",
			   diag_quote(check_row_name(&c->nodes, facts->without_ipv6)).s,
			   diag_quote(check_row_name(&c->nodes, facts->without_ipv4)).s);
		diag_hint(c->diag, "give all nodes of a network one family in common");
	}
}

static void check_mtu(struct checker *c, size_t i)
{
	const struct cfg_num *mtu = &c->cfg->networks.v[i].mtu;

	if (!mtu->v || mtu->v >= IPV6_MIN_MTU || !c->net_facts[i].has_ipv6)
		return;
	diag_error(c->diag, DIAG_AT(*mtu, "networks[%zu].mtu", i),
		   "%llu is too small for IPv6, which this network has", mtu->v);
	diag_hint(c->diag, "expected at least %d", IPV6_MIN_MTU);
}

void check_members(struct checker *c)
{
	size_t i;

	if (c->cfg->node.v && check_resolve(&c->nodes, &c->cfg->node) == NONE)
		check_unknown(c, &c->nodes, &c->cfg->node, DIAG_AT(c->cfg->node, "node"));
	for (i = 0; i < c->cfg->networks.n && !c->err; i++) {
		join_listed(c, i);
		check_underlay(c, i);
		check_mtu(c, i);
	}
}
