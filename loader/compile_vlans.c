/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Trunks, and networks that live on an uplink as a VLAN; see compile.h. */
#include "compile_parts.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static bool is_trunk(const struct compiler *c, __u32 ifindex)
{
	return set_find(&c->trunks, &ifindex, sizeof(ifindex), NULL);
}

/* The interface itself: what no port of it has is counted there. */
static void add_trunk(struct compiler *c, const struct cfg_port *cfg_port,
		      const struct port_fact *fact)
{
	struct weft_port trunk = {.kind = WEFT_PORT_TRUNK};
	int err = set_add(&c->trunks, &fact->ifindex, sizeof(fact->ifindex), 0, NULL);

	if (err) {
		c->err = err == -EEXIST ? 0 : err;
		return;
	}
	trunk.id = compile_port_id(c, WEFT_PORT_TRUNK, cfg_port->interface.v);
	compile_put_info(c, &trunk, cfg_port->interface.v, cfg_port->interface.v, fact->ifindex,
			 fact->nic && compile_promisc(c, trunk.id, fact->promisc));
	compile_put(c, TABLE_PORTS, &fact->ifindex, &trunk);
}

void compile_trunks(struct compiler *c)
{
	for (size_t i = 0; i < c->cfg->ports.n && !c->err; i++) {
		const struct cfg_port *port = &c->cfg->ports.v[i];

		if (c->in->ports[i].ifindex && (port->vlan.v || port->service_vlan.v))
			add_trunk(c, port, &c->in->ports[i]);
	}
}

void compile_place_port(struct compiler *c, const struct cfg_port *cfg_port,
			const struct port_fact *fact, const struct weft_port *port)
{
	const struct weft_tags tags = {.service = cfg_port->service_vlan.v,
				       .vlan = cfg_port->vlan.v};
	const struct weft_vlan_key key = {fact->ifindex, tags.service, tags.vlan};

	if (!is_trunk(c, fact->ifindex)) {
		compile_put(c, TABLE_PORTS, &fact->ifindex, port);
		return;
	}
	if (tags.service || tags.vlan)
		compile_put(c, TABLE_TAGS, &port->id, &tags);
	compile_put(c, TABLE_VLANS, &key, port);
}

bool compile_promisc(const struct compiler *c, __u32 id, bool now)
{
	const struct weft_port_info *before = table_get(&c->in->previous->t[TABLE_PORT_INFO], &id);

	return !now || (before && before->promisc);
}

/* The uplink that names the network, else the first. Return: an index. */
static size_t uplink_of(const struct compiler *c, const struct cfg_network *network)
{
	const struct cfg_uplinks *uplinks = &c->node->uplinks;

	for (size_t i = 0; i < uplinks->n; i++)
		for (size_t j = 0; j < uplinks->v[i].networks.n; j++)
			if (!strcmp(uplinks->v[i].networks.v[j].v, network->name.v))
				return i;
	return 0;
}

/** struct wire_name - "eth0", "eth0.70", "eth0.300.70". */
struct wire_name {
	char s[WEFT_NAME_LEN];
};

static struct wire_name wire_name(const char *interface, const struct weft_tags *tags)
{
	struct wire_name name;
	int n = snprintf(name.s, sizeof(name.s), "%.15s", interface);

	if (tags->service)
		n += snprintf(name.s + n, sizeof(name.s) - n, ".%u", tags->service);
	if (tags->vlan)
		snprintf(name.s + n, sizeof(name.s) - n, ".%u", tags->vlan);
	return name;
}

static void check_mtu(struct compiler *c, size_t i, const char *interface, __u32 mtu)
{
	const struct cfg_network *network = &c->cfg->networks.v[i];

	c->nets[i].mtu = mtu;
	if (network->mtu.v <= mtu)
		return;
	diag_error(c->diag, DIAG_AT(network->mtu, "networks[%zu].mtu", i),
		   "%llu is more than the %u that the uplink %s carries", network->mtu.v, mtu,
		   diag_quote(interface).s);
	diag_hint(c->diag, "leave it out, or raise the uplink's MTU");
}

/* Nobody has listed all the hosts on a wire, hence WEFT_PORT_LEARN. */
static void compile_wire(struct compiler *c, size_t i)
{
	const struct cfg_network *network = &c->cfg->networks.v[i];
	const struct weft_tags tags = {network->service_vlan.v, network->vlan.v, .wire = 1};
	bool tagged = tags.service || tags.vlan;
	struct weft_port port = {
		.network = c->nets[i].id,
		.kind = WEFT_PORT_WIRE,
		.delivery = WEFT_DELIVER_REDIRECT | (tagged ? WEFT_DELIVER_TAGGED : 0),
		.flags = WEFT_PORT_LEARN | WEFT_PORT_LIMIT_PASS,
		.mac_limit = network->mac_limit.v,
	};
	size_t uplink = uplink_of(c, network);
	struct weft_vlan_key key = {.service = tags.service, .vlan = tags.vlan};
	const struct uplink_fact *fact;
	const char *interface;
	struct wire_name name;

	if (!c->node->uplinks.n || !c->in->uplinks[uplink].ifindex)
		return;
	fact = &c->in->uplinks[uplink];
	key.ifindex = fact->ifindex;
	interface = c->node->uplinks.v[uplink].interface.v;
	name = wire_name(interface, &tags);
	port.id = compile_port_id(c, WEFT_PORT_WIRE, name.s);
	compile_put_info(c, &port, name.s, interface, fact->ifindex,
			 compile_promisc(c, port.id, fact->promisc));
	compile_put(c, TABLE_TAGS, &port.id, &tags);
	compile_put(c, TABLE_VLANS, &key, &port);
	compile_flood_add(c, i, WEFT_FLOOD_PORT,
			  &(struct weft_flood_member){.ifindex = fact->ifindex, .port = port.id});
	c->nets[i].wire = (struct weft_fdb_entry){
		.kind = WEFT_FDB_WIRE,
		.delivery = port.delivery,
		.ifindex = fact->ifindex,
		.port = port.id,
	};
	c->nets[i].learns = true;
	check_mtu(c, i, interface, fact->mtu);
}

void compile_wires(struct compiler *c)
{
	for (size_t i = 0; i < c->cfg->networks.n; i++)
		if (c->nets[i].id && compile_is_wire(c, i))
			compile_wire(c, i);
}
