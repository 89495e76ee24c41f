/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Pools of addresses for containers: no address is two nodes' to give. See check.h. */
#include "check_parts.h"

#include <errno.h>
#include <stdlib.h>

#include "value.h"

/** struct claim - a prefix of a pool. @pool, @at: where it stands. */
struct claim {
	const struct cfg_addr *prefix;
	size_t pool;
	size_t at;
};

/* In the file; rows are anywhere in memory. */
static bool is_later(const struct cfg_addr *a, const struct cfg_addr *b)
{
	return a->line != b->line ? a->line > b->line : a->column > b->column;
}

static int compare_claims(const void *a, const void *b)
{
	const struct claim *x = a, *y = b;
	int diff = value_compare(x->prefix, y->prefix);

	return diff ? diff : is_later(x->prefix, y->prefix) ? 1 : -1;
}

static void refuse_overlap(struct checker *c, size_t network, const struct claim *late,
			   const struct claim *early)
{
	diag_error(c->diag,
		   DIAG_AT(*late->prefix, "networks[%zu].pools[%zu].cidrs[%zu]", network,
			   late->pool, late->at),
		   "%s overlaps %s in %s", value_prefix(late->prefix).s,
		   value_prefix(early->prefix).s, diag_line(early->prefix->line).s);
	diag_hint(c->diag, "give each pool addresses of its own");
}

/* In sorted order, whatever overlaps a prefix follows it, and lies within. */
static void check_overlap(struct checker *c, size_t network, struct claim *claims, size_t n)
{
	const struct claim *outer = NULL;

	qsort(claims, n, sizeof(claims[0]), compare_claims);
	for (size_t i = 0; i < n; i++) {
		const struct claim *claim = &claims[i];

		if (!outer || !value_holds(outer->prefix, claim->prefix))
			outer = claim;
		else if (is_later(claim->prefix, outer->prefix))
			refuse_overlap(c, network, claim, outer);
		else
			refuse_overlap(c, network, outer, claim);
	}
}

static void check_inside(struct checker *c, size_t network, const struct cfg_addr *addr,
			 struct diag_at at)
{
	const struct net_facts *facts = &c->net_facts[network];

	if (IN6_IS_ADDR_UNSPECIFIED(&addr->v) || check_subnet_of(facts, addr))
		return;
	diag_error(c->diag, at, "%s is in none of the network's subnets", value_addr(addr).s);
	diag_hint(c->diag, "add its subnet to networks[%zu].subnets", network);
}

static const struct cfg_addr *gateway_for(const struct cfg_pool *pool, const struct cfg_addr *to)
{
	for (size_t i = 0; i < pool->gateways.n; i++)
		if (value_is_ipv4(&pool->gateways.v[i].v) == value_is_ipv4(&to->v))
			return &pool->gateways.v[i];
	return NULL;
}

static void check_gateways(struct checker *c, size_t network, size_t i)
{
	const struct cfg_pool *pool = &c->cfg->networks.v[network].pools.v[i];

	for (size_t j = 0; j < pool->gateways.n; j++) {
		const struct cfg_addr *gateway = &pool->gateways.v[j];
		struct diag_at at =
			DIAG_AT(*gateway, "networks[%zu].pools[%zu].gateways[%zu]", network, i, j);

		check_inside(c, network, gateway, at);
		if (gateway_for(pool, gateway) == gateway)
			continue;
		diag_error(c->diag, at, "there is already a gateway of this family");
		diag_hint(c->diag, "name one IPv4 and one IPv6 gateway at most");
	}
	for (size_t j = 0; j < pool->routes.n; j++) {
		if (gateway_for(pool, &pool->routes.v[j]))
			continue;
		diag_error(c->diag,
			   DIAG_AT(pool->routes.v[j], "networks[%zu].pools[%zu].routes[%zu]",
				   network, i, j),
			   "there is no gateway of this family");
		diag_hint(c->diag, "add one to networks[%zu].pools[%zu].gateways", network, i);
	}
}

static void check_pool(struct checker *c, size_t network, size_t i)
{
	const struct cfg_pool *pool = &c->cfg->networks.v[network].pools.v[i];
	size_t node = check_resolve(&c->nodes, &pool->node);

	if (node == NONE)
		check_unknown(c, &c->nodes, &pool->node,
			      DIAG_AT(pool->node, "networks[%zu].pools[%zu].node", network, i));
	else
		check_join(c, network, node);
	for (size_t j = 0; j < pool->cidrs.n; j++)
		check_inside(c, network, &pool->cidrs.v[j],
			     DIAG_AT(pool->cidrs.v[j], "networks[%zu].pools[%zu].cidrs[%zu]",
				     network, i, j));
	check_gateways(c, network, i);
}

static void check_network(struct checker *c, size_t network)
{
	const struct cfg_pools *pools = &c->cfg->networks.v[network].pools;
	struct claim *claims;
	size_t n = 0;

	for (size_t i = 0; i < pools->n; i++) {
		check_pool(c, network, i);
		n += pools->v[i].cidrs.n;
	}
	claims = calloc(n + 1, sizeof(claims[0]));
	if (!claims) {
		c->err = -ENOMEM;
		return;
	}
	n = 0;
	for (size_t i = 0; i < pools->n; i++)
		for (size_t j = 0; j < pools->v[i].cidrs.n; j++)
			claims[n++] = (struct claim){&pools->v[i].cidrs.v[j], i, j};
	check_overlap(c, network, claims, n);
	free(claims);
}

void check_pools(struct checker *c)
{
	for (size_t i = 0; i < c->networks.n; i++)
		if (c->cfg->networks.v[i].pools.n)
			check_network(c, i);
}
