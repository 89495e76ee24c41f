/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The checks in their order, and what they share; see check.h. */
#include "check.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "check_parts.h"
#include "suggest.h"
#include "util.h"

/* Suggesting looks at every name, so a file that is wrong everywhere must not suggest everywhere.
 */
#define MAX_SUGGESTIONS 50

bool check_taken(struct checker *c, struct set *set, size_t scope, const void *bytes, size_t len,
		 int line, size_t *first)
{
	struct scoped_key key = {.scope = scope};
	int err;

	memcpy(key.bytes, bytes, len);
	err = set_add(set, &key, sizeof(key), line, first);
	if (err == -ENOMEM)
		c->err = err;
	return err == -EEXIST;
}

static const struct cfg_str *row_name(const struct rows *rows, size_t i)
{
	return (const struct cfg_str *)(rows->v + i * rows->size + rows->name_offset);
}

const char *check_row_name(const struct rows *rows, size_t i)
{
	return row_name(rows, i)->v;
}

size_t check_resolve(const struct rows *rows, const struct cfg_str *ref)
{
	size_t i;

	return ref->v && set_find(rows->index, ref->v, strlen(ref->v), &i) ? i : NONE;
}

void check_unknown(struct checker *c, const struct rows *rows, const struct cfg_str *ref,
		   struct diag_at at)
{
	struct suggestion s = {.word = ref->v};
	size_t i;

	if (!ref->v || !rows->known)
		return;
	diag_error(c->diag, at, "no %s is called %s", rows->one, diag_quote(ref->v).s);
	if (!rows->n) {
		diag_hint(c->diag, "the file has no %s", rows->list);
		return;
	}
	if (!c->suggestions)
		return;
	c->suggestions--;
	for (i = 0; i < rows->n; i++) {
		if (check_row_name(rows, i))
			suggest_try(&s, check_row_name(rows, i));
	}
	if (s.best)
		diag_hint(c->diag, "did you mean %s?", diag_quote(s.best).s);
	else
		diag_hint(c->diag, "add it to %s, or name one that is there", rows->list);
}

static void check_row(struct checker *c, struct rows *rows, size_t i)
{
	const struct cfg_str *name = row_name(rows, i);
	size_t first;
	int err;

	if (!name->v)
		return;
	err = set_add(rows->index, name->v, strlen(name->v), i, &first);
	if (err == -ENOMEM)
		c->err = err;
	if (err != -EEXIST)
		return;
	diag_error(c->diag, DIAG_AT(*name, "%s[%zu].name", rows->list, i),
		   "the name %s is already used in %s", diag_quote(name->v).s,
		   diag_line(row_name(rows, first)->line).s);
	diag_hint(c->diag, "give each %s a name of its own", rows->one);
}

static void check_list(struct checker *c, struct rows *rows)
{
	size_t i;

	rows->known = rows->n || !diag_count(c->diag);
	for (i = 0; i < rows->n; i++)
		check_row(c, rows, i);
}

void check_names(struct checker *c)
{
	check_list(c, &c->nodes);
	check_list(c, &c->networks);
	check_list(c, &c->ports);
	check_list(c, &c->address_sets);
	check_list(c, &c->policies);
}

static void release(struct checker *c)
{
	size_t i;

	set_clear(&c->policy_index);
	set_clear(&c->members);
	set_clear(&c->interfaces);
	set_clear(&c->uplinks);
	set_clear(&c->joined);
	set_clear(&c->trunks);
	set_clear(&c->macs);
	set_clear(&c->addresses);
	for (i = 0; c->net_facts && i < c->networks.n; i++)
		free(c->net_facts[i].subnets);
	free(c->net_facts);
	free(c->node_ports);
}

/* struct rows of a list of struct config. */
#define ROWS(cfg, field, word, set)                                                                \
	{                                                                                          \
		.list = #field, .one = (word), .index = (set), .v = (const char *)(cfg)->field.v,  \
		.n = (cfg)->field.n, .size = sizeof(*(cfg)->field.v),                              \
		.name_offset = offsetof(typeof(*(cfg)->field.v), name)                             \
	}

static int run(struct checker *c)
{
	static void (*const checks[])(struct checker * c) = {
		check_names,   check_nodes,           check_networks, check_ports,
		check_trunks,  check_guards,          check_pools,    check_host_ports,
		check_members, check_uplink_networks, check_encaps,   check_policies,
		check_limits,
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(checks) && !c->err; i++)
		checks[i](c);
	return c->err;
}

int config_check(struct config *cfg, struct diag *diag)
{
	_cleanup_(release) struct checker c = {
		.cfg = cfg,
		.diag = diag,
		.whole = !diag_count(diag),
		.nodes = ROWS(cfg, nodes, "node", &cfg->node_index),
		.networks = ROWS(cfg, networks, "network", &cfg->network_index),
		.ports = ROWS(cfg, ports, "port", &cfg->port_index),
		.address_sets = ROWS(cfg, address_sets, "address set", &cfg->address_set_index),
		.policies = ROWS(cfg, policies, "policy", &c.policy_index),
		.suggestions = MAX_SUGGESTIONS,
	};

	c.net_facts = calloc(cfg->networks.n + 1, sizeof(*c.net_facts));
	c.node_ports = calloc(cfg->nodes.n + 1, sizeof(*c.node_ports));
	if (!c.net_facts || !c.node_ports)
		return -ENOMEM;
	return run(&c);
}
