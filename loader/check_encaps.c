/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Encapsulations: that both ends of every tunnel have the same one in mind, and that it can say
 * what it has to. See check.h.
 */
#include "check_parts.h"

#include <string.h>

#include <weft/abi.h>

#include "identity.h"
#include "schema.h"

void check_join_encap(struct checker *c, size_t network, size_t node)
{
	struct net_facts *facts = &c->net_facts[network];
	const struct cfg_num *encap = &c->cfg->nodes.v[node].encap;
	const struct cfg_num *other;

	if (!encap->line || c->cfg->networks.v[network].encap.v == CFG_ENCAP_VLAN)
		return;
	if (facts->with_encap == NONE) {
		facts->with_encap = node;
		return;
	}
	other = &c->cfg->nodes.v[facts->with_encap].encap;
	if (encap->v == other->v || facts->encap_refused)
		return;
	facts->encap_refused = true;
	diag_error(c->diag, DIAG_AT(*encap, "nodes[%zu].encap", node),
		   "node %s, in network %s too, has %s in line %d, so that there is none between "
		   "them",
		   diag_quote(check_row_name(&c->nodes, facts->with_encap)).s,
		   diag_quote(check_row_name(&c->networks, network)).s, schema_encap_name(other->v),
		   other->line);
	diag_hint(c->diag, "leave one of them out");
}

static bool may_use(const struct checker *c, size_t i, enum cfg_encap encap)
{
	size_t node = c->net_facts[i].with_encap;

	return c->cfg->networks.v[i].encap.v == encap ||
	       (node != NONE && c->cfg->nodes.v[node].encap.v == encap);
}

static void check_vsid(struct checker *c, size_t i)
{
	const struct cfg_num *vni = &c->cfg->networks.v[i].vni;

	if (!vni->v || (vni->v >= WEFT_VSID_MIN && vni->v <= WEFT_VSID_MAX) ||
	    !may_use(c, i, CFG_ENCAP_NVGRE))
		return;
	diag_error(c->diag, DIAG_AT(*vni, "networks[%zu].vni", i),
		   "NVGRE reserves the number %llu (RFC 7637)", vni->v);
	diag_hint(c->diag, "expected a number from %u to %u", WEFT_VSID_MIN, WEFT_VSID_MAX);
}

/* Spec: RFC 7637 section 3.3. */
static void check_tags(struct checker *c, size_t i)
{
	const struct cfg_num *tags = &c->cfg->networks.v[i].vlan_transparent;

	if (!tags->v || !may_use(c, i, CFG_ENCAP_NVGRE))
		return;
	diag_error(c->diag, DIAG_AT(*tags, "networks[%zu].vlan_transparent", i),
		   "NVGRE carries no VLAN tags (RFC 7637)");
	diag_hint(c->diag, "choose another encapsulation");
}

static void check_udp_ports(struct checker *c)
{
	const struct config *cfg = c->cfg;
	const struct cfg_num *given = cfg->geneve_port.line ? &cfg->geneve_port : &cfg->vxlan_port;

	if (cfg->geneve_port.v != cfg->vxlan_port.v || !config_uses(cfg, CFG_ENCAP_GENEVE))
		return;
	diag_error(c->diag,
		   DIAG_AT(*given, "%s", cfg->geneve_port.line ? "geneve_port" : "vxlan_port"),
		   "VXLAN and Geneve both have the UDP port %llu", given->v);
	diag_hint(c->diag, "give each a port of its own");
}

static bool is_among(const struct cfg_strs *groups, const char *group)
{
	for (size_t i = 0; i < groups->n; i++)
		if (!strcmp(groups->v[i].v, group))
			return true;
	return false;
}

static bool is_part(const struct cfg_strs *a, const struct cfg_strs *b)
{
	for (size_t i = 0; i < a->n; i++)
		if (!is_among(b, a->v[i].v))
			return false;
	return true;
}

/* Nobody could tell the groups of port @i from those of port @first. */
static void refuse_identity(struct checker *c, size_t i, size_t first, __u32 number,
			    const char *encap)
{
	const struct cfg_port *port = &c->cfg->ports.v[i], *other = &c->cfg->ports.v[first];

	diag_error(c->diag, DIAG_AT(port->groups.v[0], "ports[%zu].groups", i),
		   "%s carries these groups as the number %#x, and those of port %s in %s too",
		   encap, number, diag_quote(other->name.v).s,
		   diag_line(other->groups.v[0].line).s);
	diag_hint(c->diag, "give one of the groups another name");
}

/* @seen: (length in bytes, number) -> the first port with it. */
static void check_identity(struct checker *c, struct set *seen, size_t i, __u32 number, int length)
{
	const struct cfg_strs *groups = &c->cfg->ports.v[i].groups, *others;
	size_t first;

	if (!check_taken(c, seen, length, &number, sizeof(number), i, &first))
		return;
	others = &c->cfg->ports.v[first].groups;
	if (!is_part(groups, others) || !is_part(others, groups))
		refuse_identity(c, i, first, number, length == 2 ? "VXLAN-GBP" : "Geneve");
}

static void check_identities(struct checker *c)
{
	bool gbp = config_uses(c->cfg, CFG_ENCAP_VXLAN_GBP);
	bool geneve = config_uses(c->cfg, CFG_ENCAP_GENEVE);
	struct set seen = {};

	for (size_t i = 0; i < c->cfg->ports.n && (gbp || geneve) && !c->err; i++) {
		__u32 identity = identity_of(&c->cfg->ports.v[i].groups);

		if (identity && geneve)
			check_identity(c, &seen, i, identity, 4);
		if (identity && gbp)
			check_identity(c, &seen, i, weft_identity_short(identity), 2);
	}
	set_clear(&seen);
}

void check_encaps(struct checker *c)
{
	for (size_t i = 0; i < c->cfg->networks.n; i++) {
		check_vsid(c, i);
		check_tags(c, i);
	}
	check_udp_ports(c);
	if (c->whole)
		check_identities(c);
}
