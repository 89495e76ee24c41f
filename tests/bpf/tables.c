/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Fills the maps; see tables.h. Counters are read in counters.c. */
#include <stdlib.h>
#include <string.h>
#include <arpa/inet.h>
#include <bpf/bpf.h>

#include "flows.h"
#include "hand.h"
#include "packet.h"
#include "prog_run.h"
#include "tables.h"
#include "tunnels.h"
#include "wires.h"

struct mac {
	__u8 b[6];
};

void table_put(const char *map, const void *key, const void *val)
{
	if (bpf_map_update_elem(map_fd(map), key, val, BPF_ANY)) {
		fprintf(stderr, "# cannot write map %s\n", map);
		exit(1);
	}
}

static struct weft_addr addr4(const __u8 *v4)
{
	struct weft_addr a = {.bytes = {[10] = 0xff, [11] = 0xff}};

	memcpy(&a.words[3], v4, 4);
	return a;
}

static struct weft_addr addr6(const __u8 *v6)
{
	struct weft_addr a;

	memcpy(&a, v6, 16);
	return a;
}

void put_node(const __u8 *vtep4, const __u8 *vtep6, __u16 vxlan_port)
{
	struct weft_node n = {
		.vxlan_port = htons(vxlan_port),
		.geneve_port = htons(WEFT_GENEVE_PORT),
		.nvgre = 1,
	};
	__u32 zero = 0;

	if (vtep4)
		memcpy(&n.vtep4, vtep4, 4);
	if (vtep6)
		memcpy(n.vtep6, vtep6, 16);
	table_put("weft_node", &zero, &n);
}

void put_encaps(__u16 geneve_port, bool nvgre)
{
	struct weft_node n;
	__u32 zero = 0;

	bpf_map_lookup_elem(map_fd("weft_node"), &zero, &n);
	n.geneve_port = htons(geneve_port);
	n.nvgre = nvgre;
	table_put("weft_node", &zero, &n);
}

static void put_port(enum wire wire, enum network_id net, struct mac mac, enum weft_delivery how)
{
	struct weft_port p = {
		.id = PORT_ID(wire),
		.network = wire == UPLINK ? 0 : net,
		.kind = wire == UPLINK ? WEFT_PORT_UPLINK : WEFT_PORT_ACCESS,
		.delivery = how,
		.identity = wire == MIX1 ? IDENTITY_MIX1 : 0,
	};
	__u32 ifindex = wires_index(wire);

	memcpy(p.mac, mac.b, 6);
	table_put("weft_ports", &ifindex, &p);
}

static void put_network(enum network_id id, __u32 vni, __u16 flags, __u32 ports, __u32 tunnels)
{
	struct weft_network n = {
		.vni = vni,
		.flags = WEFT_NET_PRESENT | flags,
		.mtu = MTU_C,
		.flood_ports = ports,
		.flood_tunnels = tunnels,
		.flood_header = tunnel_header_len(id == NET_MIX ? TUNNEL_NVGRE4 : TUNNEL_B),
	};
	struct weft_vni_key key = {.vni = vni, .encap = WEFT_ENCAP_VXLAN};
	__u32 net = id;

	table_put("weft_networks", &net, &n);
	table_put("weft_vnis", &key, &net);
	key.encap = WEFT_ENCAP_GENEVE;
	table_put("weft_vnis", &key, &net);
	key.encap = WEFT_ENCAP_NVGRE;
	table_put("weft_vnis", &key, &net);
}

void put_network_mtu(enum network_id id, __u16 mtu)
{
	struct weft_network n;
	__u32 net = id;

	bpf_map_lookup_elem(map_fd("weft_networks"), &net, &n);
	n.mtu = mtu;
	table_put("weft_networks", &net, &n);
}

static void put_fdb(enum network_id net, struct mac mac, const struct weft_fdb_entry *e)
{
	struct weft_fdb_key key = {.network = net};

	memcpy(key.mac, mac.b, 6);
	table_put("weft_fdb", &key, e);
}

static void put_neigh(enum network_id net, const struct weft_addr *addr, struct mac mac)
{
	struct weft_neigh_key key = {.addr = *addr, .network = net};
	struct weft_neigh n = {};

	memcpy(n.mac, mac.b, 6);
	table_put("weft_neigh", &key, &n);
}

/* An endpoint of @net: where its frames go, and who answers for it. */
static void put_endpoint(enum network_id net, struct mac mac, const struct weft_fdb_entry *where,
			 const __u8 *ip4, const __u8 *ip6)
{
	struct weft_addr a;

	put_fdb(net, mac, where);
	if (ip4) {
		a = addr4(ip4);
		put_neigh(net, &a, mac);
	}
	if (ip6) {
		a = addr6(ip6);
		put_neigh(net, &a, mac);
	}
}

static void put_local(enum wire wire, enum network_id net, struct mac mac, enum weft_delivery how,
		      const __u8 *ip4, const __u8 *ip6)
{
	struct weft_fdb_entry e = {
		.kind = WEFT_FDB_LOCAL,
		.delivery = how,
		.ifindex = wires_index(wire),
		.port = PORT_ID(wire),
	};

	put_port(wire, net, mac, how);
	put_endpoint(net, mac, &e, ip4, ip6);
}

static void put_remote(enum tunnel_id tunnel, enum network_id net, struct mac mac, const __u8 *ip4,
		       const __u8 *ip6)
{
	struct weft_fdb_entry e = {.kind = WEFT_FDB_REMOTE, .tunnel = tunnel};

	put_endpoint(net, mac, &e, ip4, ip6);
}

void put_member(enum network_id net, enum weft_flood_kind kind, __u32 slot,
		const struct weft_flood_member *member)
{
	struct weft_flood_key key = {.network = net, .kind = kind, .slot = slot};

	if (member)
		table_put("weft_flood", &key, member);
	else
		bpf_map_delete_elem(map_fd("weft_flood"), &key);
}

static void put_flood_port(enum network_id net, __u32 slot, enum wire wire)
{
	struct weft_flood_member m = {.ifindex = wires_index(wire), .port = PORT_ID(wire)};

	put_member(net, WEFT_FLOOD_PORT, slot, &m);
}

static void put_flood_tunnel(enum network_id net, __u32 slot, enum tunnel_id tunnel)
{
	struct weft_flood_member m = {.tunnel = tunnel};

	put_member(net, WEFT_FLOOD_TUNNEL, slot, &m);
}

void put_tunnel_ifindex(enum tunnel_id id, __u32 ifindex)
{
	struct weft_tunnel t;
	__u32 tunnel = id;

	bpf_map_lookup_elem(map_fd("weft_tunnels"), &tunnel, &t);
	t.ifindex = ifindex;
	table_put("weft_tunnels", &tunnel, &t);
}

void put_icmp_next(enum wire wire, __u64 at_ns)
{
	__u32 port = PORT_ID(wire);

	table_put("weft_icmp_next", &port, &at_ns);
}

__u64 get_icmp_next(enum wire wire)
{
	__u32 port = PORT_ID(wire);
	__u64 at = 0;

	bpf_map_lookup_elem(map_fd("weft_icmp_next"), &port, &at);
	return at;
}

void put_guard(enum wire wire, const struct weft_guard *guard)
{
	__u32 port = PORT_ID(wire);

	table_put("weft_guards", &port, guard);
}

void put_pair(enum wire wire, const __u8 mac[static 6], const struct weft_addr *addr,
	      __u32 prefix_len, __u32 what)
{
	struct weft_pair_key key = {.prefixlen = WEFT_PAIR_BITS, .port = PORT_ID(wire)};

	memcpy(key.mac, mac, 6);
	what |= WEFT_PAIR_MAC;
	if (addr) {
		key.addr = *addr;
		key.prefixlen += prefix_len;
	}
	table_put("weft_pairs", &key, &what);
}

void put_role(enum network_id net, const __u8 mac[static 6], __u16 role)
{
	struct weft_fdb_key key = {.network = net};
	struct weft_fdb_entry e;

	memcpy(key.mac, mac, 6);
	if (bpf_map_lookup_elem(map_fd("weft_fdb"), &key, &e))
		return;
	e.isolation = role;
	table_put("weft_fdb", &key, &e);
}

void put_routed(enum network_id net, const __u8 mac[static 6], bool on)
{
	struct weft_fdb_key key = {.network = net};
	struct weft_fdb_entry e;

	memcpy(key.mac, mac, 6);
	if (bpf_map_lookup_elem(map_fd("weft_fdb"), &key, &e))
		return;
	e.flags = on ? WEFT_FDB_ROUTED : 0;
	table_put("weft_fdb", &key, &e);
	put_network_flags(net, WEFT_NET_ROUTED);
}

void put_network_flags(enum network_id id, __u16 flags)
{
	struct weft_network n;
	__u32 net = id;

	bpf_map_lookup_elem(map_fd("weft_networks"), &net, &n);
	n.flags |= flags;
	table_put("weft_networks", &net, &n);
}

static void clear_guards(void)
{
	const struct weft_port_state nothing = {};
	const struct weft_mcast_net never = {};

	for (__u32 id = 0; id < PORT_MAX; id++)
		table_put("weft_port_state", &id, &nothing);
	for (__u32 id = 0; id < NET_MAX; id++)
		table_put("weft_mcast_net", &id, &never);
	table_clear("weft_pairs");
	table_clear("weft_mcast");
	table_clear("weft_flooded");
}

/* As the loader makes them unless the file says otherwise. */
static void fill_guards(void)
{
	const struct weft_guard none = {}, secure = {.flags = WEFT_GUARD_SECURE};
	const struct weft_guard listed = {.flags = WEFT_GUARD_SECURE | WEFT_GUARD_ADDRS};

	clear_guards();
	for (int i = 0; i < WIRE_MAX; i++)
		put_guard(i, i == WEB1 || i == WEB2 || i == WEB3 || i == DB1 ? &listed
			     : i == UPLINK || i == STRAY                     ? &none
									     : &secure);
}

void port_security_off(void)
{
	for (int i = 0; i < WIRE_MAX; i++)
		put_guard(i, &(struct weft_guard){});
}

#define OCTETS(n, ...) ((const __u8[n])__VA_ARGS__)
#define A_MAC(...)     ((struct mac){__VA_ARGS__})

static void fill_ports(void)
{
	put_local(WEB1, NET_WEB, A_MAC(MAC_WEB1), WEFT_DELIVER_PEER, OCTETS(4, IP4_WEB1),
		  OCTETS(16, IP6_WEB1));
	put_local(WEB2, NET_WEB, A_MAC(MAC_WEB2), WEFT_DELIVER_PEER, OCTETS(4, IP4_WEB2),
		  OCTETS(16, IP6_WEB2));
	put_local(WEB3, NET_WEB, A_MAC(MAC_WEB3), WEFT_DELIVER_REDIRECT, OCTETS(4, IP4_WEB3),
		  OCTETS(16, IP6_WEB3));
	put_local(DB1, NET_DB, A_MAC(MAC_DB1), WEFT_DELIVER_PEER, OCTETS(4, IP4_DB1), NULL);
	put_local(LONE1, NET_LONE, A_MAC(MAC_LONE1), WEFT_DELIVER_PEER, NULL, NULL);
	put_local(MIX1, NET_MIX, A_MAC(MAC_MIX1), WEFT_DELIVER_PEER, OCTETS(4, IP4_MIX1),
		  OCTETS(16, IP6_MIX1));
	put_local(GONE1, NET_GONE, A_MAC(MAC_GONE1), WEFT_DELIVER_PEER, NULL, NULL);
	put_port(UPLINK, 0, A_MAC(MAC_NONE), WEFT_DELIVER_NONE);
}

static void fill_remotes(void)
{
	tunnels_fill();
	put_remote(TUNNEL_B, NET_WEB, A_MAC(MAC_WEB_B), OCTETS(4, IP4_WEB_B),
		   OCTETS(16, IP6_WEB_B));
	put_remote(TUNNEL_C, NET_WEB, A_MAC(MAC_WEB_C), OCTETS(4, IP4_WEB_C),
		   OCTETS(16, IP6_WEB_C));
	put_remote(TUNNEL_B, NET_DB, A_MAC(MAC_DB_B), OCTETS(4, IP4_DB_B), NULL);
	put_remote(TUNNEL_D, NET_DB, A_MAC(MAC_DB_D), OCTETS(4, IP4_DB_D), NULL);
	for (enum tunnel_id id = TUNNEL_NVGRE4; id < TUNNEL_MAX; id++)
		put_remote(id, NET_MIX, A_MAC(MAC_MIX(id)), NULL, NULL);
	put_remote(TUNNEL_LOST, NET_WEB, A_MAC(MAC_LOST), NULL, NULL);
}

void table_clear(const char *map)
{
	__u8 key[64];

	while (!bpf_map_get_next_key(map_fd(map), NULL, key))
		if (bpf_map_delete_elem(map_fd(map), key))
			break;
}

void table_delete(const char *map, const void *key)
{
	bpf_map_delete_elem(map_fd(map), key);
}

void tables_fill(void)
{
	const __u8 a4[] = VTEP4_A, a6[] = VTEP6_A;

	put_node(a4, a6, WEFT_VXLAN_PORT);
	put_flow_conf(&(struct weft_flow_conf){});
	fill_guards();
	fill_ports();
	fill_remotes();
	/* Slots with gaps, as they are after a member has left. */
	put_network(NET_WEB, VNI_WEB, WEFT_NET_FLOOD, 5, 4);
	put_network(NET_DB, VNI_DB, 0, 0, 0);
	put_network(NET_LONE, VNI_LONE, WEFT_NET_FLOOD, 1, 0);
	put_network(NET_MIX, VNI_MIX, WEFT_NET_FLOOD, 1, TUNNEL_MAX);
	put_flood_port(NET_MIX, 0, MIX1);
	for (enum tunnel_id id = TUNNEL_NVGRE4; id < TUNNEL_MAX; id++)
		put_flood_tunnel(NET_MIX, id, id);
	put_flood_port(NET_WEB, 0, WEB1);
	put_flood_port(NET_WEB, 2, WEB2);
	put_flood_port(NET_WEB, 4, WEB3);
	put_flood_port(NET_LONE, 0, LONE1);
	put_flood_tunnel(NET_WEB, 1, TUNNEL_C);
	put_flood_tunnel(NET_WEB, 3, TUNNEL_B);
	put_member(NET_WEB, WEFT_FLOOD_TUNNEL, 0, NULL);
	for (int i = 0; i < WIRE_MAX; i++)
		put_icmp_next(i, 0);
	hand_moved(); /* ports are remembered for one generation */
}
