/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The node that runs the file: which one it is, and what the file must say about it that it need
 * not say about others. See check.h.
 */
#include "check.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "config.h"
#include "diag.h"
#include "suggest.h"
#include "util.h"

/* Up to its first dot: a node's name has none. */
static struct utsname host(void)
{
	struct utsname host = {};

	if (!uname(&host))
		host.nodename[strcspn(host.nodename, ".")] = '\0';
	return host;
}

const struct cfg_node *config_find_self(const struct config *cfg, const char *wanted)
{
	if (!wanted)
		wanted = cfg->node.v;
	return config_find_node(cfg, wanted ? wanted : host().nodename);
}

static void refuse_node(const struct config *cfg, const char *name, const char *whose,
			struct diag *diag)
{
	struct suggestion s = {.word = name};
	size_t i;

	diag_error(diag, diag_at(0, 0, "nodes"), "no node is called %s%s", diag_quote(name).s,
		   whose);
	for (i = 0; i < cfg->nodes.n; i++)
		suggest_try(&s, cfg->nodes.v[i].name.v);
	if (s.best)
		diag_hint(diag, "did you mean %s?", diag_quote(s.best).s);
	else
		diag_hint(diag, "say which one this machine is, such as --node %s",
			  cfg->nodes.v[0].name.v);
}

int config_select_node(const struct config *cfg, const char *wanted, struct diag *diag,
		       const struct cfg_node **out)
{
	const struct cfg_node *node = config_find_self(cfg, wanted);

	if (!node) {
		if (wanted)
			refuse_node(cfg, wanted, "", diag);
		else
			refuse_node(cfg, host().nodename, ", the name of this host", diag);
		return -ENOENT;
	}
	*out = node;
	return 0;
}

/* struct share - how a network is spread, as seen from one node. */
struct share {
	bool here;
	bool elsewhere;
};

static void note_member(struct share *share, const char *member, const struct cfg_node *self)
{
	if (!strcmp(member, self->name.v))
		share->here = true;
	else
		share->elsewhere = true;
}

static void note_members(const struct config *cfg, const struct cfg_node *self,
			 struct share *shares)
{
	const struct cfg_network *network;
	const struct cfg_port *port;
	size_t i, j;

	for (i = 0; i < cfg->ports.n; i++) {
		port = &cfg->ports.v[i];
		network = config_find_network(cfg, port->network.v);
		note_member(&shares[network - cfg->networks.v], port->node.v, self);
	}
	for (i = 0; i < cfg->networks.n; i++) {
		network = &cfg->networks.v[i];
		for (j = 0; j < network->nodes.n; j++)
			note_member(&shares[i], network->nodes.v[j].v, self);
	}
}

/* A node all of whose networks end on it needs no underlay. */
static int check_has_uplink(const struct config *cfg, const struct cfg_node *self,
			    struct diag *diag)
{
	_cleanup_free_ struct share *shares = calloc(cfg->networks.n + 1, sizeof(*shares));
	size_t i;

	if (!shares)
		return -ENOMEM;
	if (self->uplinks.n)
		return 0;

	note_members(cfg, self, shares);
	for (i = 0; i < cfg->networks.n; i++) {
		if (!shares[i].here || !shares[i].elsewhere)
			continue;
		diag_error(diag, DIAG_AT(*self, "nodes[%zu].uplinks", self - cfg->nodes.v),
			   "node %s has no uplink, but shares network %s with other nodes",
			   diag_quote(self->name.v).s, diag_quote(cfg->networks.v[i].name.v).s);
		diag_hint(diag, "name the NIC that reaches them: uplinks: [eth0]");
		break;
	}
	return 0;
}

int config_check_local(const struct config *cfg, const struct cfg_node *self, struct diag *diag)
{
	const struct cfg_port *port;
	size_t i;

	for (i = 0; i < cfg->ports.n; i++) {
		port = &cfg->ports.v[i];
		if (port->interface.v || strcmp(port->node.v, self->name.v) != 0)
			continue;
		diag_error(diag, DIAG_AT(*port, "ports[%zu].interface", i),
			   "the key is missing, and this is node %s", diag_quote(self->name.v).s);
		diag_hint(diag, "name the host's side of the workload's veth pair, or its tap");
	}
	return check_has_uplink(cfg, self, diag);
}
