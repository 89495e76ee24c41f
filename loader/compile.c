/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* From the file to table entries; see compile.h. This file has the order, ports and networks. */
#include "compile_parts.h"

#include <errno.h>
#include <string.h>

#include "devices.h"
#include "identity.h"

/* No tunnel, no bound: a network within one node carries what its ports carry. */

static bool is_here(const struct compiler *c, const struct cfg_str *node)
{
	return !strcmp(node->v, c->node->name.v);
}

static size_t network_of(const struct compiler *c, const struct cfg_port *port)
{
	return config_find_network(c->cfg, port->network.v) - c->cfg->networks.v;
}

static void take_part(struct compiler *c, size_t network)
{
	struct net_state *net = &c->nets[network];

	if (!net->id)
		net->id = compile_network_id(c, c->cfg->networks.v[network].name.v);
	net->mtu = COMPILE_NO_MTU;
}

/* The networks with a port or a pool here, and those that list this node. */
static void choose_networks(struct compiler *c)
{
	const struct cfg_network *network;

	for (size_t i = 0; i < c->cfg->networks.n; i++) {
		network = &c->cfg->networks.v[i];
		for (size_t j = 0; j < network->nodes.n; j++)
			if (is_here(c, &network->nodes.v[j]))
				take_part(c, i);
		for (size_t j = 0; j < network->pools.n; j++)
			if (is_here(c, &network->pools.v[j].node))
				take_part(c, i);
	}
	for (size_t i = 0; i < c->cfg->ports.n; i++)
		if (is_here(c, &c->cfg->ports.v[i].node))
			take_part(c, network_of(c, &c->cfg->ports.v[i]));
}

static void compile_node(struct compiler *c)
{
	struct weft_node node = {
		.vxlan_port = htons(c->cfg->vxlan_port.v),
		.nvgre = config_uses(c->cfg, CFG_ENCAP_NVGRE),
	};
	struct weft_node_info info = {};
	const struct in6_addr *vtep;
	__u32 zero = 0;

	for (size_t i = 0; i < c->node->vtep.n; i++) {
		vtep = &c->node->vtep.v[i].v;
		if (IN6_IS_ADDR_V4MAPPED(vtep))
			memcpy(&node.vtep4, &vtep->s6_addr[12], sizeof(node.vtep4));
		else
			memcpy(node.vtep6, vtep, sizeof(node.vtep6));
	}
	if (config_uses(c->cfg, CFG_ENCAP_GENEVE))
		node.geneve_port = htons(c->cfg->geneve_port.v);
	strncpy(info.name, c->node->name.v, sizeof(info.name) - 1);
	compile_put(c, TABLE_NODE, &zero, &node);
	compile_put(c, TABLE_NODE_INFO, &zero, &info);
}

void compile_put_info(struct compiler *c, const struct weft_port *port, const char *name,
		      const char *interface, __u32 ifindex, bool promisc)
{
	struct weft_port_info info = {.ifindex = ifindex, .kind = port->kind, .promisc = promisc};

	strncpy(info.name, name, sizeof(info.name) - 1);
	strncpy(info.interface, interface, sizeof(info.interface) - 1);
	compile_put(c, TABLE_PORT_INFO, &port->id, &info);
}

static void put_port(struct compiler *c, const char *name, __u32 ifindex,
		     const struct weft_port *port)
{
	compile_put_info(c, port, name, name, ifindex, false);
	compile_put(c, TABLE_PORTS, &ifindex, port);
}

static void compile_uplinks(struct compiler *c)
{
	struct weft_port port = {.kind = WEFT_PORT_UPLINK};
	const char *interface;

	for (size_t i = 0; i < c->node->uplinks.n; i++) {
		if (!c->in->uplinks[i].ifindex)
			continue;
		interface = c->node->uplinks.v[i].interface.v;
		port.id = compile_port_id(c, WEFT_PORT_UPLINK, interface);
		put_port(c, interface, c->in->uplinks[i].ifindex, &port);
	}
}

/* A port of no network: what it receives has nowhere to go. */
static void compile_guard(struct compiler *c)
{
	struct weft_port port = {.kind = WEFT_PORT_GUARD};

	if (!c->in->guard)
		return;
	port.id = compile_port_id(c, WEFT_PORT_GUARD, DEVICE_VXLAN);
	put_port(c, DEVICE_VXLAN, c->in->guard, &port);
}

/* A port that any MAC address may be behind has no endpoint of its own, unless the file says so. */
static void put_endpoint(struct compiler *c, const struct cfg_port *port, __u16 network,
			 const struct weft_fdb_entry *entry)
{
	struct weft_fdb_key fdb_key = {.network = network};
	struct weft_neigh neigh = {};

	if (!port->mac.line)
		return;
	memcpy(fdb_key.mac, port->mac.v, sizeof(fdb_key.mac));
	memcpy(neigh.mac, port->mac.v, sizeof(neigh.mac));
	compile_put(c, TABLE_FDB, &fdb_key, entry);
	for (size_t i = 0; i < port->addresses.n; i++) {
		struct weft_neigh_key key = {.network = network};

		memcpy(&key.addr, &port->addresses.v[i].v, sizeof(key.addr));
		compile_put(c, TABLE_NEIGH, &key, &neigh);
	}
}

static __u16 fdb_flags(const struct cfg_port *port)
{
	return port->routed.v ? WEFT_FDB_ROUTED : 0;
}

static void compile_local_port(struct compiler *c, const struct cfg_port *cfg_port, size_t network,
			       const struct port_fact *fact)
{
	bool tagged = cfg_port->vlan.v || cfg_port->service_vlan.v;
	struct weft_port port = {
		.network = c->nets[network].id,
		.kind = WEFT_PORT_ACCESS,
		.delivery = fact->delivery | (tagged ? WEFT_DELIVER_TAGGED : 0),
		.identity = identity_of(&cfg_port->groups),
	};
	struct weft_fdb_entry entry = {
		.kind = WEFT_FDB_LOCAL,
		.delivery = port.delivery,
		.ifindex = fact->ifindex,
		.isolation = compile_guard_role(c, cfg_port),
		.flags = fdb_flags(cfg_port),
	};

	if (!fact->ifindex)
		return;
	port.id = compile_port_id(c, WEFT_PORT_ACCESS, cfg_port->name.v);
	entry.port = port.id;
	memcpy(port.mac, cfg_port->mac.v, sizeof(port.mac));
	compile_port_learning(c, cfg_port, network, &port);
	compile_put_info(c, &port, cfg_port->name.v, cfg_port->interface.v, fact->ifindex,
			 fact->nic && compile_promisc(c, port.id, fact->promisc));
	compile_guard_port(c, cfg_port, network, port.id);
	compile_place_port(c, cfg_port, fact, &port);
	put_endpoint(c, cfg_port, port.network, &entry);
	compile_flood_add(c, network, WEFT_FLOOD_PORT,
			  &(struct weft_flood_member){.ifindex = fact->ifindex, .port = port.id});
}

static void compile_remote_port(struct compiler *c, const struct cfg_port *port, size_t network)
{
	size_t node = config_find_node(c->cfg, port->node.v) - c->cfg->nodes.v;
	struct weft_fdb_entry entry = {.kind = WEFT_FDB_REMOTE};

	if (compile_is_wire(c, network))
		entry = c->nets[network].wire;
	else
		entry.tunnel = compile_tunnel_to(c, network, node);
	entry.isolation = compile_guard_role(c, port);
	entry.flags = fdb_flags(port);
	if (entry.tunnel || entry.port)
		put_endpoint(c, port, c->nets[network].id, &entry);
}

static void compile_ports(struct compiler *c)
{
	const struct cfg_port *port;
	size_t network;

	for (size_t i = 0; i < c->cfg->ports.n && !c->err; i++) {
		port = &c->cfg->ports.v[i];
		network = network_of(c, port);
		if (!c->nets[network].id)
			continue;
		if (port->routed.v)
			c->nets[network].routed = true;
		if (is_here(c, &port->node))
			compile_local_port(c, port, network, &c->in->ports[i]);
		else
			compile_remote_port(c, port, network);
	}
}

static __u16 network_flags(const struct cfg_network *network)
{
	__u16 flags = WEFT_NET_PRESENT;

	if (network->flood.v)
		flags |= WEFT_NET_FLOOD;
	if (network->vlan_transparent.v)
		flags |= WEFT_NET_TAGS;
	if (network->encap.v == CFG_ENCAP_VLAN)
		flags |= WEFT_NET_WIRE;
	if (network->multicast_snooping.v)
		flags |= WEFT_NET_SNOOP;
	if (network->loop_protection.v != CFG_LOOP_OFF)
		flags |= WEFT_NET_LOOPS;
	return flags;
}

static void compile_network(struct compiler *c, size_t i)
{
	const struct cfg_network *network = &c->cfg->networks.v[i];
	const struct net_state *net = &c->nets[i];
	struct weft_network row = {
		.vni = network->vni.v,
		.flags = network_flags(network),
		.mtu = net->mtu,
		.flood_ports = net->flood[WEFT_FLOOD_PORT],
		.flood_tunnels = net->flood[WEFT_FLOOD_TUNNEL],
		.flood_header = net->flood_header,
	};
	struct weft_network_info info = {};
	__u32 id = net->id;

	if (!id)
		return;
	if (network->mtu.v && network->mtu.v < net->mtu)
		row.mtu = network->mtu.v;
	if (net->routed)
		row.flags |= WEFT_NET_ROUTED;
	compile_network_learning(network, net, &row);
	strncpy(info.name, network->name.v, sizeof(info.name) - 1);
	compile_put(c, TABLE_NETWORKS, &id, &row);
	compile_put(c, TABLE_NET_INFO, &id, &info);
	if (!compile_is_wire(c, i))
		compile_vni(c, i);
}

static int run(struct compiler *c)
{
	compile_ids_load(c);
	choose_networks(c);
	compile_node(c);
	compile_flow_conf(c);
	compile_uplinks(c);
	compile_guard(c);
	compile_trunks(c);
	compile_wires(c);
	compile_members(c);
	compile_ports(c);
	compile_flood(c);
	for (size_t i = 0; i < c->cfg->networks.n; i++)
		compile_network(c, i);
	return c->err;
}

static void release(struct compiler *c)
{
	ids_clear(&c->port_ids);
	ids_clear(&c->network_ids);
	ids_clear(&c->tunnel_ids);
	set_clear(&c->members);
	set_clear(&c->trunks);
	set_clear(&c->communities);
	set_clear(&c->community_numbers);
	free(c->nets);
	free(c->flood);
}

int compile(const struct compile_input *in, struct diag *diag, struct tables *out)
{
	_cleanup_(release) struct compiler c = {
		.in = in,
		.cfg = in->cfg,
		.node = in->node,
		.diag = diag,
		.out = out,
		.port_ids = {.first = 1},
		.network_ids = {.first = 1},
		.tunnel_ids = {.first = 1},
	};

	c.nets = calloc(in->cfg->networks.n + 1, sizeof(*c.nets));
	if (!c.nets)
		return -ENOMEM;
	return run(&c);
}
