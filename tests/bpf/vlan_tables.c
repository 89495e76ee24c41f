/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Fills the tables with the actors of vlan.h. */
#include <stdlib.h>
#include <string.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "vlan.h"

#define SEVERAL (WEFT_PORT_LEARN | WEFT_PORT_LIMIT_PASS) /* and nothing is learned */

/* struct vlan_port - a port of the trunk, or a network on the uplink. */
struct vlan_port {
	__u32 id;
	enum wire wire;
	enum network_id network;
	__u16 service, vlan, flags;
	__u8 mac[6];
};

static const struct vlan_port ports[] = {
	{P_T_DB, STRAY, NET_DB, 0, 0, 0, MAC_T_DB},
	{P_T10, STRAY, NET_WEB, 0, 10, 0, MAC_T10},
	{P_T40, STRAY, NET_BARE, 0, 40, 0, MAC_T40},
	{P_S30, STRAY, NET_TAGS, 30, 0, 0, MAC_S30},
	{P_SC, STRAY, NET_LONE, 31, 32, SEVERAL, MAC_NONE},
	{P_W70, UPLINK, NET_V70, 0, 70, SEVERAL, MAC_NONE},
	{P_W0, UPLINK, NET_BARE, 0, 0, SEVERAL, MAC_NONE},
};

/* Each CPU remembers what an interface is, for as long as a generation lasts. */
static void forget_ports(void)
{
	struct bpf_map_info info = {};
	__u32 len = sizeof(info);
	void *nothing;

	bpf_obj_get_info_by_fd(map_fd("weft_port_seen"), &info, &len);
	nothing = calloc(libbpf_num_possible_cpus(), (info.value_size + 7) & ~7u);
	for (__u32 slot = 0; slot < info.max_entries; slot++)
		table_put("weft_port_seen", &slot, nothing);
	free(nothing);
}

static __u8 delivery_of(const struct vlan_port *p)
{
	return WEFT_DELIVER_REDIRECT | (p->service || p->vlan ? WEFT_DELIVER_TAGGED : 0);
}

static struct weft_vlan_key key_of(const struct vlan_port *p)
{
	return (struct weft_vlan_key){wires_index(p->wire), p->service, p->vlan};
}

static void put_fdb(enum network_id network, const __u8 *mac, const struct weft_fdb_entry *entry)
{
	struct weft_fdb_key key = {.network = network};

	memcpy(key.mac, mac, 6);
	table_put("weft_fdb", &key, entry);
}

static void put_vlan_port(const struct vlan_port *p)
{
	const struct weft_tags tags = {p->service, p->vlan, p->wire == UPLINK};
	const struct weft_vlan_key key = key_of(p);
	struct weft_port row = {
		.id = p->id,
		.network = p->network,
		.kind = p->wire == UPLINK ? WEFT_PORT_WIRE : WEFT_PORT_ACCESS,
		.delivery = delivery_of(p),
		.flags = p->flags,
	};
	const struct weft_fdb_entry entry = {
		.kind = WEFT_FDB_LOCAL,
		.delivery = row.delivery,
		.ifindex = key.ifindex,
		.port = p->id,
	};

	memcpy(row.mac, p->mac, 6);
	table_put("weft_vlans", &key, &row);
	table_put("weft_guards", &row.id, &(struct weft_guard){.flags = WEFT_GUARD_SECURE});
	table_put("weft_tags", &p->id, &tags);
	if (!p->flags)
		put_fdb(p->network, p->mac, &entry);
}

/* Another network for one of the access ports. */
static void move_port(enum wire wire, enum network_id network, const __u8 *mac)
{
	__u32 ifindex = wires_index(wire);
	struct weft_port row = {.id = PORT_ID(wire),
				.network = network,
				.kind = WEFT_PORT_ACCESS,
				.delivery = WEFT_DELIVER_PEER};
	const struct weft_fdb_entry entry = {.kind = WEFT_FDB_LOCAL,
					     .delivery = row.delivery,
					     .ifindex = ifindex,
					     .port = row.id};

	memcpy(row.mac, mac, 6);
	table_put("weft_ports", &ifindex, &row);
	put_fdb(network, mac, &entry);
}

static void put_network(enum network_id id, __u32 vni, __u16 flags, __u32 n, __u32 tunnels)
{
	const struct weft_network net = {
		.vni = vni,
		.flags = WEFT_NET_PRESENT | WEFT_NET_FLOOD | flags,
		.mtu = 1400,
		.flood_ports = n,
		.flood_tunnels = tunnels,
	};
	__u32 key = id;

	table_put("weft_networks", &key, &net);
}

static void put_members(enum network_id network, enum wire wire, __u32 port, enum wire other_wire,
			__u32 other)
{
	put_member(network, WEFT_FLOOD_PORT, 0,
		   &(struct weft_flood_member){.ifindex = wires_index(wire), .port = port});
	put_member(network, WEFT_FLOOD_PORT, 1,
		   &(struct weft_flood_member){.ifindex = wires_index(other_wire), .port = other});
}

static void put_peer(const struct weft_addr *remote, enum tunnel_id tunnel)
{
	const struct weft_peer_key key = {*remote, VNI_TAGS, WEFT_ENCAP_VXLAN};
	const struct weft_peer peer = {.tunnel = tunnel, .network = NET_TAGS};
	const struct weft_vni_key vni = {VNI_TAGS, WEFT_ENCAP_VXLAN};
	__u32 id = NET_TAGS;

	table_put("weft_peers", &key, &peer);
	table_put("weft_vnis", &vni, &id);
}

static void fill_remotes(void)
{
	const struct weft_addr b = {.bytes = {[10] = 0xff, [11] = 0xff, 192, 0, 2, 2}};
	const struct weft_addr c = {.bytes = VTEP6_C};
	const struct weft_fdb_entry at_b = {.kind = WEFT_FDB_REMOTE, .tunnel = TUNNEL_B};
	const struct weft_fdb_entry at_c = {.kind = WEFT_FDB_REMOTE, .tunnel = TUNNEL_C};
	const struct weft_fdb_entry on_wire = {
		.kind = WEFT_FDB_WIRE,
		.delivery = WEFT_DELIVER_REDIRECT | WEFT_DELIVER_TAGGED,
		.ifindex = wires_index(UPLINK),
		.port = P_W70,
	};

	put_peer(&b, TUNNEL_B);
	put_peer(&c, TUNNEL_C);
	put_fdb(NET_TAGS, (const __u8[6])MAC_TAGS_B, &at_b);
	put_fdb(NET_TAGS, (const __u8[6])MAC_TAGS_C, &at_c);
	put_fdb(NET_V70, (const __u8[6])MAC_BEYOND, &on_wire);
}

void vlan_tables_fill(void)
{
	const struct weft_port trunk = {.id = P_TRUNK, .kind = WEFT_PORT_TRUNK};
	__u32 stray = wires_index(STRAY);

	port_security_off(); /* of IP addresses, which the networks here have not */
	table_put("weft_ports", &stray, &trunk);
	for (size_t i = 0; i < sizeof(ports) / sizeof(ports[0]); i++)
		put_vlan_port(&ports[i]);
	move_port(LONE1, NET_TAGS, (const __u8[6])MAC_LONE1);
	move_port(GONE1, NET_V70, (const __u8[6])MAC_GONE1);
	fill_remotes();
	put_network(NET_TAGS, VNI_TAGS, WEFT_NET_TAGS, 2, 2);
	put_network(NET_V70, 0, WEFT_NET_WIRE, 2, 0);
	put_network(NET_BARE, 0, WEFT_NET_WIRE, 2, 0);
	put_network(NET_LONE, VNI_LONE, 0, 1, 1);
	put_members(NET_TAGS, LONE1, PORT_ID(LONE1), STRAY, P_S30);
	put_members(NET_V70, GONE1, PORT_ID(GONE1), UPLINK, P_W70);
	put_members(NET_BARE, STRAY, P_T40, UPLINK, P_W0);
	put_member(NET_LONE, WEFT_FLOOD_PORT, 0,
		   &(struct weft_flood_member){.ifindex = stray, .port = P_SC});
	put_member(NET_LONE, WEFT_FLOOD_TUNNEL, 0, &(struct weft_flood_member){.tunnel = TUNNEL_B});
	put_member(NET_TAGS, WEFT_FLOOD_TUNNEL, 0, &(struct weft_flood_member){.tunnel = TUNNEL_C});
	put_member(NET_TAGS, WEFT_FLOOD_TUNNEL, 1, &(struct weft_flood_member){.tunnel = TUNNEL_B});
	put_member(NET_WEB, WEFT_FLOOD_PORT, 1,
		   &(struct weft_flood_member){.ifindex = stray, .port = P_T10});
	forget_ports();
}

void vlan_tables_clear(void)
{
	const struct weft_network no_network = {};
	const struct weft_tags no_tags = {};
	const __u8 lone[6] = MAC_LONE1, gone[6] = MAC_GONE1;
	__u32 stray = wires_index(STRAY);

	table_delete("weft_ports", &stray);
	table_clear("weft_vlans");
	table_clear("weft_fdb");
	table_clear("weft_flood");
	for (__u32 id = PORT_VLANS; id < PORT_MAX; id++)
		table_put("weft_tags", &id, &no_tags);
	for (__u32 id = NET_TAGS; id < NET_MAX; id++)
		table_put("weft_networks", &id, &no_network);
	move_port(LONE1, NET_LONE, lone);
	move_port(GONE1, NET_GONE, gone);
	for (__u32 id = PORT_VLANS; id < PORT_MAX; id++)
		table_put("weft_guards", &id, &(struct weft_guard){});
	table_clear("weft_fdb");
	forget_ports();
	tables_fill();
}
