/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The machine as the file needs it; see facts.h. */
#include "facts.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "config.h"
#include "diag.h"
#include "suggest.h"
#include "util.h"
#include "value.h"

/* The kernel gives out interface indexes from 1 on. */
#define PRETENDED_PORT   0x70000000
#define PRETENDED_UPLINK 0x7f000000
#define PRETENDED_MTU    1500

/** struct role - an interface that the file names, and where. */
struct role {
	const struct cfg_str *name;
	struct diag_at at;
};

static void refuse_missing(const struct ifaces *ifaces, const struct role *role, struct diag *diag)
{
	struct suggestion s = {.word = role->name->v};

	diag_error(diag, role->at, "no interface is called %s in this network namespace",
		   diag_quote(role->name->v).s);
	/* Every other missing one costs a comparison with every interface. */
	for (size_t i = 0; i < ifaces->n && diag_count(diag) < 50; i++)
		suggest_try(&s, ifaces->v[i].name);
	if (s.best)
		diag_hint(diag, "did you mean %s?", diag_quote(s.best).s);
	else
		diag_hint(diag, "make it before weft is to use it");
}

static void refuse_port(const struct iface *iface, const struct role *role, struct diag *diag)
{
	diag_error(diag, role->at, "%s is %s%s, which cannot be a port", diag_quote(iface->name).s,
		   iface->loopback  ? "the loopback"
		   : iface->type[0] ? "of kind "
				    : "a NIC",
		   iface->loopback ? "" : iface->type);
	diag_hint(diag, "a port is the host's side of a veth pair, a tap, or a NIC");
}

static void read_port(struct facts *facts, size_t i, struct diag *diag)
{
	const struct cfg_port *port = &facts->cfg->ports.v[i];
	const struct role role = {
		.name = &port->interface,
		.at = DIAG_AT(port->interface, "ports[%zu].interface", i),
	};
	const struct iface *iface;

	if (!port->interface.v) /* config_check_local() has complained */
		return;
	iface = ifaces_find(&facts->ifaces, port->interface.v);
	if (!iface && port->host_interface.v) /* host_ports_bring() makes it */
		return;
	if (!iface) {
		refuse_missing(&facts->ifaces, &role, diag);
		return;
	}
	if (iface->kind == IFACE_OTHER && (iface->loopback || iface->type[0])) {
		refuse_port(iface, &role, diag);
		return;
	}
	if (iface->master && iface->master != facts->devices.bridge) {
		const struct iface *master = ifaces_find_index(&facts->ifaces, iface->master);

		diag_error(diag, role.at, "%s belongs to %s already", diag_quote(iface->name).s,
			   diag_quote(master ? master->name : "another interface").s);
		diag_hint(diag, "take it out: ip link set %s nomaster", iface->name);
		return;
	}
	facts->ports[i] = (struct port_fact){
		.ifindex = iface->ifindex,
		.delivery = iface->peer_elsewhere && iface->kind == IFACE_VETH
				    ? WEFT_DELIVER_PEER
				    : WEFT_DELIVER_REDIRECT,
		.nic = iface->kind == IFACE_OTHER,
		.promisc = iface->promisc,
	};
}

static void read_uplink(struct facts *facts, size_t i, struct diag *diag)
{
	const struct cfg_str *name = &facts->node->uplinks.v[i].interface;
	const struct iface *iface = ifaces_find(&facts->ifaces, name->v);
	const struct role role = {
		.name = name,
		.at = DIAG_AT(*name, "nodes[%zu].uplinks[%zu]",
			      (size_t)(facts->node - facts->cfg->nodes.v), i),
	};

	if (!iface) {
		refuse_missing(&facts->ifaces, &role, diag);
		return;
	}
	if (iface->loopback) {
		diag_error(diag, role.at, "%s is the loopback, which leads nowhere",
			   diag_quote(iface->name).s);
		diag_hint(diag, "name the NIC that reaches the other nodes");
		return;
	}
	facts->uplinks[i] = (struct uplink_fact){
		.ifindex = iface->ifindex, .mtu = iface->mtu, .promisc = iface->promisc};
}

/* Packets from an address that the machine does not have would not find their way back. */
static int check_vteps(const struct facts *facts, struct diag *diag)
{
	const struct cfg_addrs *vtep = &facts->node->vtep;
	size_t node = facts->node - facts->cfg->nodes.v;
	struct in6_addr addrs[vtep->n + 1];
	bool found[vtep->n + 1];
	int err;

	for (size_t i = 0; i < vtep->n; i++)
		addrs[i] = vtep->v[i].v;
	err = local_addresses(addrs, vtep->n, found);
	for (size_t i = 0; i < vtep->n && !err; i++) {
		if (found[i])
			continue;
		diag_error(diag, DIAG_AT(vtep->v[i], "nodes[%zu].vtep[%zu]", node, i),
			   "this machine does not have the address %s", value_addr(&vtep->v[i]).s);
		diag_hint(diag, "configure it on an interface, or say with --node which node this "
				"is");
	}
	return err;
}

/* The coarse clocks move on with every tick. */
static __u32 tick_ns(void)
{
	struct timespec tick = {};

	clock_getres(CLOCK_MONOTONIC_COARSE, &tick);
	return tick.tv_nsec;
}

int facts_read(const struct config *cfg, const struct cfg_node *node, struct diag *diag,
	       struct facts *facts)
{
	int err;

	*facts = (struct facts){.cfg = cfg, .node = node, .tick_ns = tick_ns()};
	facts->ports = calloc(cfg->ports.n + 1, sizeof(*facts->ports));
	facts->uplinks = calloc(node->uplinks.n + 1, sizeof(*facts->uplinks));
	if (!facts->ports || !facts->uplinks)
		return -ENOMEM;
	err = ifaces_read(&facts->ifaces);
	if (!err)
		err = routes_open(&facts->routes);
	if (!err)
		err = devices_find(node->name.v, &facts->devices);
	if (!err && node->uplinks.n)
		err = check_vteps(facts, diag);
	if (err)
		return err;

	for (size_t i = 0; i < node->uplinks.n; i++)
		read_uplink(facts, i, diag);
	for (size_t i = 0; i < cfg->ports.n; i++)
		if (!strcmp(cfg->ports.v[i].node.v, node->name.v))
			read_port(facts, i, diag);
	return 0;
}

void facts_pretend(struct facts *facts)
{
	for (size_t i = 0; i < facts->node->uplinks.n; i++)
		if (!facts->uplinks[i].ifindex)
			facts->uplinks[i] = (struct uplink_fact){
				.ifindex = PRETENDED_UPLINK + i,
				.mtu = PRETENDED_MTU,
			};
	for (size_t i = 0; i < facts->cfg->ports.n; i++)
		if (!facts->ports[i].ifindex &&
		    !strcmp(facts->cfg->ports.v[i].node.v, facts->node->name.v))
			facts->ports[i] = (struct port_fact){
				.ifindex = PRETENDED_PORT + i,
				.delivery = WEFT_DELIVER_PEER,
			};
}

void facts_clear(struct facts *facts)
{
	ifaces_clear(&facts->ifaces);
	routes_close(facts->routes);
	free(facts->ports);
	free(facts->uplinks);
	*facts = (struct facts){};
}

/* Index 0 also if no uplink is usable. */
static size_t first_usable(const struct facts *facts)
{
	for (size_t i = 0; i < facts->node->uplinks.n; i++)
		if (facts->uplinks[i].ifindex)
			return i;
	return 0;
}

size_t facts_route(void *arg, const struct in6_addr *remote)
{
	struct facts *facts = arg;
	__u32 ifindex;

	if (!routes_out(facts->routes, remote, &ifindex))
		for (size_t i = 0; i < facts->node->uplinks.n; i++)
			if (facts->uplinks[i].ifindex == ifindex)
				return i;
	facts->detours++;
	facts->detour = *remote;
	return first_usable(facts);
}
