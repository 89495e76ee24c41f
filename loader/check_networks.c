/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Networks, each by itself: VNI and subnets; see check.h. */
#include "check_parts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "value.h"

/* Of two equal ones, the later in the file is in the wrong. */
static int compare_for_sort(const void *a, const void *b)
{
	const struct cfg_addr *x = *(const struct cfg_addr *const *)a;
	const struct cfg_addr *y = *(const struct cfg_addr *const *)b;
	int diff = value_compare(x, y);

	return diff ? diff : x < y ? -1 : 1;
}

static void refuse_overlap(struct checker *c, size_t i, const struct cfg_addr *late,
			   const struct cfg_addr *early)
{
	size_t j = late - c->cfg->networks.v[i].subnets.v;

	diag_error(c->diag, DIAG_AT(*late, "networks[%zu].subnets[%zu]", i, j),
		   "%s overlaps %s in %s", value_prefix(late).s, value_prefix(early).s,
		   diag_line(early->line).s);
	diag_hint(c->diag, "keep the larger one, or split it");
}

/* struct nest - the subnets that hold the one at hand, outermost first. */
struct nest {
	const struct cfg_addr *v[129]; /* each longer than the one before */
	bool refused[129];             /* one complaint about each is enough */
	size_t n;
};

/*
 * Prefixes are disjoint or one inside the other, and in sorted order an outer one comes right
 * before those inside it. So it is enough to compare each with the innermost that holds it.
 */
static void nest_add(struct checker *c, size_t i, struct nest *nest, const struct cfg_addr *subnet)
{
	const struct cfg_addr *outer;
	bool *refused, late;

	while (nest->n && !value_holds(nest->v[nest->n - 1], subnet))
		nest->n--;
	nest->refused[nest->n] = false;
	if (nest->n) {
		outer = nest->v[nest->n - 1];
		late = subnet > outer; /* in the file: which of the two is in the wrong */
		refused = late ? &nest->refused[nest->n] : &nest->refused[nest->n - 1];
		if (!*refused)
			refuse_overlap(c, i, late ? subnet : outer, late ? outer : subnet);
		*refused = true;
		if (outer->prefix_len == subnet->prefix_len)
			return;
	}
	nest->v[nest->n++] = subnet;
}

static void check_subnets(struct checker *c, size_t i)
{
	const struct cfg_addrs *subnets = &c->cfg->networks.v[i].subnets;
	struct net_facts *facts = &c->net_facts[i];
	const struct cfg_addr **sorted = calloc(subnets->n + 1, sizeof(sorted[0]));
	struct nest nest = {};
	size_t n = 0, j;

	facts->subnets = sorted;
	if (!sorted) {
		c->err = -ENOMEM;
		return;
	}
	for (j = 0; j < subnets->n; j++) {
		if (subnets->v[j].prefix_len)
			sorted[n++] = &subnets->v[j];
	}
	facts->has_subnets = n && n == subnets->n;
	qsort(sorted, n, sizeof(sorted[0]), compare_for_sort);

	for (j = 0; j < n; j++) {
		facts->has_ipv6 |= !value_is_ipv4(&sorted[j]->v);
		nest_add(c, i, &nest, sorted[j]);
		if (nest.n == 1 && nest.v[0] == sorted[j])
			sorted[facts->n_subnets++] = sorted[j];
	}
}

const struct cfg_addr *check_subnet_of(const struct net_facts *facts, const struct cfg_addr *addr)
{
	size_t low = 0, high = facts->n_subnets;

	/* The last subnet that does not sort after the address. */
	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (value_compare(facts->subnets[mid], addr) <= 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low && value_holds(facts->subnets[low - 1], addr) ? facts->subnets[low - 1] : NULL;
}

static void check_vni(struct checker *c, size_t i, struct set *vnis)
{
	const struct cfg_network *network = &c->cfg->networks.v[i];
	size_t first;

	if (!network->vni.v || network->encap.v == CFG_ENCAP_VLAN)
		return;
	/* One space for all encapsulations: a node may ask for another than the network's. */
	if (!check_taken(c, vnis, 0, &network->vni.v, sizeof(network->vni.v), network->vni.line,
			 &first))
		return;
	diag_error(c->diag, DIAG_AT(network->vni, "networks[%zu].vni", i),
		   "the VNI %llu is already used in %s", network->vni.v, diag_line(first).s);
	diag_hint(c->diag, "each network has a VNI of its own");
}

/* Flows confirm the addresses that they use every few seconds; see WEFT_FLOW_BEAT. */
static void check_age(struct checker *c, size_t i)
{
	const struct cfg_num *age = &c->cfg->networks.v[i].mac_age;

	if (!age->v || age->v >= CFG_MAC_AGE_MIN)
		return;
	diag_error(c->diag, DIAG_AT(*age, "networks[%zu].mac_age", i),
		   "addresses in use would age between two of their frames");
	diag_hint(c->diag, "use %ds or more", CFG_MAC_AGE_MIN / 1000);
}

void check_networks(struct checker *c)
{
	struct set vnis = {}, wires = {};
	size_t i;

	for (i = 0; i < c->cfg->networks.n && !c->err; i++) {
		c->net_facts[i].without_ipv4 = NONE;
		c->net_facts[i].without_ipv6 = NONE;
		c->net_facts[i].with_encap = NONE;
		check_vni(c, i, &vnis);
		check_network_tags(c, i, &wires);
		check_age(c, i);
		check_subnets(c, i);
	}
	set_clear(&vnis);
	set_clear(&wires);
}
