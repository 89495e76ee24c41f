/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* compile.c: what a file becomes on each node, and that a small edit stays a small change. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include <weft/abi.h>
#include <weft/guard.h>

#include "compile.h"
#include "config.h"
#include "diag.h"
#include "limits.h"
#include "util.h"

#define NODES                                                                                      \
	"nodes:\n"                                                                                 \
	"  - {name: a, vtep: [192.0.2.1, \"2001:db8::1\"], uplinks: [up0, up1]}\n"                 \
	"  - {name: b, vtep: [192.0.2.2, \"2001:db8::2\"]}\n"                                      \
	"  - {name: c, vtep: 192.0.2.3}\n"                                                         \
	"  - {name: d, vtep: \"2001:db8::4\"}\n"

#define WEB "networks:\n  - {name: web, vni: 100}\n"

#define PORT(name, node, net, mac)                                                                 \
	"  - {name: " name ", node: " node ", interface: v-" name ", network: " net                \
	", mac: \"02:00:00:00:00:" mac "\"}\n"

/* A machine made up for a test. Interface indices: 100 + port's index; uplinks 1 and 2. */
struct machine {
	__u32 mtu;
	__u32 skew;                /* added to the ports' indices */
	struct in6_addr by_second; /* leaves by up1 */
};

/* What a series of applies left, each compiled on top of the last. */
struct node {
	struct machine machine;
	struct tables state;
	struct diag *diag;
};

static size_t route(void *arg, const struct in6_addr *remote)
{
	const struct machine *machine = arg;

	return !memcmp(remote, &machine->by_second, sizeof(*remote));
}

static void compile_on(struct node *node, const char *name, const char *yaml, struct tables *out)
{
	_cleanup_(config_freep) struct config *cfg = NULL;
	struct uplink_fact uplinks[2] = {{.ifindex = 1}, {.ifindex = 2}};
	struct compile_input in = {.route = route, .route_arg = &node->machine};
	struct port_fact *ports;

	diag_free(node->diag);
	node->diag = diag_new();
	if (config_load_bytes("test.yaml", yaml, strlen(yaml), node->diag, &cfg)) {
		diag_print(node->diag, stderr);
		fail();
	}
	in.cfg = cfg;
	in.node = config_find_node(cfg, name);
	assert_non_null(in.node);
	uplinks[0].mtu = uplinks[1].mtu = node->machine.mtu;
	in.uplinks = uplinks;
	ports = calloc(cfg->ports.n + 1, sizeof(*ports));
	for (size_t i = 0; i < cfg->ports.n; i++) {
		if (strcmp(cfg->ports.v[i].node.v, name))
			continue;
		ports[i].ifindex = 100 + i + node->machine.skew;
		ports[i].delivery = WEFT_DELIVER_PEER;
	}
	in.ports = ports;
	in.previous = &node->state;
	assert_int_equal(compile(&in, node->diag, out), 0);
	free(ports);
}

/* Compile and take the result for what the kernel holds. */
static void apply(struct node *node, const char *yaml)
{
	struct tables out;

	tables_init(&out);
	compile_on(node, "a", yaml, &out);
	if (diag_count(node->diag))
		diag_print(node->diag, stderr);
	assert_int_equal(diag_count(node->diag), 0);
	tables_clear(&node->state);
	node->state = out;
}

/* Rows that differ between the state and what this file would make of it. */
static size_t changes(struct node *node, const char *yaml)
{
	struct table_diff diff = {};
	struct tables out;
	size_t n = 0;

	tables_init(&out);
	compile_on(node, "a", yaml, &out);
	for (int i = 0; i < __TABLE_WANTED_MAX; i++) {
		assert_int_equal(table_diff(&node->state.t[i], &out.t[i], &diff), 0);
		n += diff.added.n + diff.changed.n + diff.removed.n;
		table_diff_clear(&diff);
	}
	tables_clear(&out);
	return n;
}

static int setup(void **state)
{
	struct node *node = calloc(1, sizeof(*node));

	node->machine.mtu = 1500;
	tables_init(&node->state);
	*state = node;
	return 0;
}

static int teardown(void **state)
{
	struct node *node = *state;

	tables_clear(&node->state);
	diag_free(node->diag);
	free(node);
	return 0;
}

static size_t rows(const struct node *node, enum table_id id)
{
	return node->state.t[id].rows.n;
}

static const void *row(const struct node *node, enum table_id id, const void *key)
{
	return table_get(&node->state.t[id], key);
}

static __u32 port_id(const struct node *node, const char *name)
{
	const struct table *t = &node->state.t[TABLE_PORT_INFO];

	for (size_t i = 0; i < t->rows.n; i++)
		if (!strcmp(((const struct weft_port_info *)table_value(t, i))->name, name))
			return *(const __u32 *)table_key(t, i);
	return 0;
}

static __u16 network_id(const struct node *node, const char *name)
{
	const struct table *t = &node->state.t[TABLE_NET_INFO];

	for (size_t i = 0; i < t->rows.n; i++)
		if (!strcmp(((const struct weft_network_info *)table_value(t, i))->name, name))
			return *(const __u32 *)table_key(t, i);
	return 0;
}

static struct weft_addr addr(const char *text)
{
	struct weft_addr a = {};

	if (strchr(text, ':')) {
		assert_int_equal(inet_pton(AF_INET6, text, a.bytes), 1);
	} else {
		a.bytes[10] = a.bytes[11] = 0xff;
		assert_int_equal(inet_pton(AF_INET, text, a.bytes + 12), 1);
	}
	return a;
}

static __u32 tunnel_id(const struct node *node, const char *remote)
{
	struct weft_addr key = addr(remote);
	const __u32 *id = row(node, TABLE_VTEPS, &key);

	return id ? *id : 0;
}

static const struct weft_tunnel *tunnel(const struct node *node, const char *remote)
{
	__u32 id = tunnel_id(node, remote);

	return row(node, TABLE_TUNNELS, &id);
}

static const struct weft_fdb_entry *fdb(const struct node *node, const char *network, __u8 last)
{
	struct weft_fdb_key key = {.mac = {2, 0, 0, 0, 0, last},
				   .network = network_id(node, network)};

	return row(node, TABLE_FDB, &key);
}

static const struct weft_peer *peer(const struct node *node, const char *remote, __u32 vni)
{
	struct weft_peer_key key = {.remote = addr(remote), .vni = vni, .encap = WEFT_ENCAP_VXLAN};

	return row(node, TABLE_PEERS, &key);
}

static const struct weft_network *network(const struct node *node, const char *name)
{
	__u32 id = network_id(node, name);

	return row(node, TABLE_NETWORKS, &id);
}

static const struct weft_flood_member *flood(const struct node *node, const char *name,
					     enum weft_flood_kind kind, __u32 slot)
{
	struct weft_flood_key key = {.network = network_id(node, name), .kind = kind, .slot = slot};

	return row(node, TABLE_FLOOD, &key);
}

static void test_two_nodes(void **state)
{
	struct node *n = *state;
	__u32 zero = 0, ifindex = 100, up = 1;
	const struct weft_node *self;
	const struct weft_port *port;
	const struct weft_fdb_entry *entry;

	apply(n, NODES WEB "ports:\n" PORT("w1", "a", "web", "01") PORT("w2", "b", "web", "02"));

	self = row(n, TABLE_NODE, &zero);
	assert_int_equal(self->vtep4, inet_addr("192.0.2.1"));
	assert_int_equal(self->vxlan_port, htons(4789));
	assert_memory_equal(self->vtep6, addr("2001:db8::1").bytes, 16);
	assert_string_equal(row(n, TABLE_NODE_INFO, &zero), "a");

	port = row(n, TABLE_PORTS, &ifindex);
	assert_int_equal(port->kind, WEFT_PORT_ACCESS);
	assert_int_equal(port->delivery, WEFT_DELIVER_PEER);
	assert_int_equal(port->id, port_id(n, "w1"));
	assert_int_equal(port->network, 1);
	assert_memory_equal(port->mac, "\2\0\0\0\0\1", 6);
	port = row(n, TABLE_PORTS, &up);
	assert_int_equal(port->kind, WEFT_PORT_UPLINK);
	assert_int_equal(port->id, port_id(n, "up0"));
	assert_int_equal(port->network, 0);
	assert_int_equal(rows(n, TABLE_PORTS), 3);

	entry = fdb(n, "web", 1);
	assert_int_equal(entry->kind, WEFT_FDB_LOCAL);
	assert_int_equal(entry->ifindex, 100);
	assert_int_equal(entry->port, port_id(n, "w1"));
	entry = fdb(n, "web", 2);
	assert_int_equal(entry->kind, WEFT_FDB_REMOTE);
	assert_int_equal(entry->tunnel, tunnel_id(n, "192.0.2.2"));

	assert_int_equal(peer(n, "192.0.2.2", 100)->network, 1);
	assert_int_equal(peer(n, "192.0.2.2", 100)->tunnel, tunnel_id(n, "192.0.2.2"));
	assert_null(peer(n, "192.0.2.3", 100));
	assert_int_equal(rows(n, TABLE_TUNNELS), 1);
	assert_int_equal(network(n, "web")->vni, 100);
	assert_int_equal(network(n, "web")->flags,
			 WEFT_NET_PRESENT | WEFT_NET_FLOOD | WEFT_NET_LOOPS);
	assert_int_equal(network(n, "web")->mtu, 1450);
	assert_int_equal(network(n, "web")->flood_ports, 1);
	assert_int_equal(network(n, "web")->flood_tunnels, 1);
}

/* RFC 1071 over the template as it will be sent, compared with the sum of the loader. */
static void test_ipv4_header(void **state)
{
	static const __u8 expected[36] = {
		0x45, 0, 0, 0, 0,    0,    0x40, 0, 64, 17, 0,    0, 192, 0, 2, 1, 192, 0,
		2,    2, 0, 0, 0x12, 0xb5, 0,    0, 0,  0,  0x08, 0, 0,   0, 0, 0, 0,   0,
	};
	struct node *n = *state;
	const struct weft_tunnel *t;
	__u32 sum = 0, folded;
	struct weft_addr remote = addr("192.0.2.2");

	apply(n, NODES WEB "ports:\n" PORT("w1", "a", "web", "01") PORT("w2", "b", "web", "02"));
	t = tunnel(n, "192.0.2.2");
	assert_int_equal(t->header_len, sizeof(expected));
	assert_memory_equal(t->header, expected, sizeof(expected));
	assert_int_equal(t->family, WEFT_FAMILY_IPV4);
	assert_int_equal(t->encap, WEFT_ENCAP_VXLAN);
	assert_int_equal(t->mtu, 1450);
	assert_int_equal(t->ifindex, 1);
	assert_memory_equal(&t->remote, &remote, sizeof(remote));

	for (int i = 0; i < 20; i += 2)
		sum += expected[i] << 8 | expected[i + 1];
	sum = (sum & 0xffff) + (sum >> 16);
	folded = (t->csum & 0xffff) + (t->csum >> 16);
	assert_int_equal(folded, htons(sum));
}

static void test_ipv6_underlay(void **state)
{
	static const __u8 expected[56] = {
		0x60, 0,    0,    0,        0,    0,    17,   64,   0x20,
		0x01, 0x0d, 0xb8, [23] = 1, 0x20, 0x01, 0x0d, 0xb8, [39] = 2,
		0,    0,    0x12, 0xb5,     0,    0,    0,    0,    0x08,
	};
	struct node *n = *state;

	apply(n, NODES "networks:\n  - {name: web, vni: 100, underlay: ipv6}\n"
		       "ports:\n" PORT("w1", "a", "web", "01") PORT("w2", "b", "web", "02"));
	assert_null(tunnel(n, "192.0.2.2"));
	assert_int_equal(tunnel(n, "2001:db8::2")->header_len, sizeof(expected));
	assert_memory_equal(tunnel(n, "2001:db8::2")->header, expected, sizeof(expected));
	assert_int_equal(tunnel(n, "2001:db8::2")->family, WEFT_FAMILY_IPV6);
	assert_int_equal(tunnel(n, "2001:db8::2")->mtu, 1430);
	assert_int_equal(tunnel(n, "2001:db8::2")->csum, 0);
	assert_int_equal(network(n, "web")->mtu, 1430);
	assert_non_null(peer(n, "2001:db8::2", 100));
	assert_null(peer(n, "192.0.2.2", 100));
}

static const struct weft_tunnel *tunnel_by(const struct node *node, __u8 encap, const char *remote)
{
	struct weft_addr to = addr(remote);
	const struct table *tunnels = &node->state.t[TABLE_TUNNELS];

	for (size_t i = 0; i < tunnels->rows.n; i++) {
		const struct weft_tunnel *t = table_value(tunnels, i);

		if (t->encap == encap && !memcmp(&t->remote, &to, sizeof(to)))
			return t;
	}
	return NULL;
}

static const struct weft_peer *peer_by(const struct node *node, __u8 encap, const char *remote,
				       __u32 vni)
{
	struct weft_peer_key key = {.remote = addr(remote), .vni = vni, .encap = encap};

	return row(node, TABLE_PEERS, &key);
}

static __u32 vni_of(const struct node *node, __u8 encap, __u32 vni)
{
	struct weft_vni_key key = {.vni = vni, .encap = encap};
	const __u32 *id = row(node, TABLE_VNIS, &key);

	return id ? *id : 0;
}

/* b runs weft, c does not; d knows VXLAN only. */
#define ENCAP_NODES                                                                                \
	"geneve_port: 6082\n"                                                                      \
	"nodes:\n"                                                                                 \
	"  - {name: a, vtep: [192.0.2.1, \"2001:db8::1\"], uplinks: [up0]}\n"                      \
	"  - {name: b, vtep: [192.0.2.2, \"2001:db8::2\"], uplinks: [up0]}\n"                      \
	"  - {name: c, vtep: 192.0.2.3}\n"                                                         \
	"  - {name: d, vtep: 192.0.2.4, encap: vxlan}\n"

static void test_encap_headers(void **state)
{
	static const __u8 geneve[28] = {
		0, 0, 0x17, 0xc2, 0, 0, 0, 0, 3, 0, 0x65, 0x58, 0, 0, 0, 0, 0xff, 0x77, 1, 2,
	};
	static const __u8 plain[16] = {0, 0, 0x17, 0xc2, 0, 0, 0, 0, 0, 0, 0x65, 0x58};
	static const __u8 gbp[16] = {0, 0, 0x12, 0xb5, 0, 0, 0, 0, 8};
	static const __u8 nvgre[8] = {0x20, 0, 0x65, 0x58};
	struct node *n = *state;
	const struct weft_tunnel *t;
	const struct weft_node *self;
	__u32 zero = 0;

	apply(n, ENCAP_NODES
	      "networks:\n"
	      "  - {name: g, vni: 5000, encap: geneve, nodes: [a, b, c]}\n"
	      "  - {name: g6, vni: 5001, encap: geneve, underlay: ipv6, nodes: [a, b]}\n"
	      "  - {name: p, vni: 5002, encap: vxlan-gbp, nodes: [a, b]}\n"
	      "  - {name: n, vni: 5003, encap: nvgre, nodes: [a, b]}\n");
	t = tunnel_by(n, WEFT_ENCAP_GENEVE, "192.0.2.2");
	assert_int_equal(t->header_len, 20 + sizeof(geneve));
	assert_memory_equal(t->header + 20, geneve, sizeof(geneve));
	assert_int_equal(t->header[9], 17);
	assert_int_equal(t->flags, WEFT_TUNNEL_SOURCE);
	assert_int_equal(t->mtu, 1438);
	t = tunnel_by(n, WEFT_ENCAP_GENEVE, "192.0.2.3");
	assert_int_equal(t->header_len, 20 + sizeof(plain));
	assert_memory_equal(t->header + 20, plain, sizeof(plain));
	assert_int_equal(t->flags, 0);
	t = tunnel_by(n, WEFT_ENCAP_GENEVE, "2001:db8::2");
	assert_int_equal(t->header_len, 40 + sizeof(geneve));
	assert_memory_equal(t->header + 40, geneve, sizeof(geneve));
	t = tunnel_by(n, WEFT_ENCAP_VXLAN_GBP, "192.0.2.2");
	assert_int_equal(t->header_len, 20 + sizeof(gbp));
	assert_memory_equal(t->header + 20, gbp, sizeof(gbp));
	t = tunnel_by(n, WEFT_ENCAP_NVGRE, "192.0.2.2");
	assert_int_equal(t->header_len, 20 + sizeof(nvgre));
	assert_memory_equal(t->header + 20, nvgre, sizeof(nvgre));
	assert_int_equal(t->header[9], 47);
	assert_int_equal(t->mtu, 1458);
	assert_int_equal(rows(n, TABLE_TUNNELS), 5);
	assert_int_equal(network(n, "g")->mtu, 1438);
	assert_int_equal(network(n, "g")->flood_header, 36);
	assert_int_equal(network(n, "n")->flood_header, 28);

	self = row(n, TABLE_NODE, &zero);
	assert_int_equal(self->geneve_port, htons(6082));
	assert_int_equal(self->nvgre, 1);
}

/* One remote VTEP with two encapsulations is two tunnels, and only what was agreed is accepted. */
static void test_encap_of_a_node(void **state)
{
	struct node *n = *state;
	const struct weft_node *self;
	__u32 zero = 0;

	apply(n, ENCAP_NODES "networks:\n"
			     "  - {name: x, vni: 1, encap: geneve, nodes: [a, b, d]}\n"
			     "  - {name: y, vni: 2, encap: vxlan-gbp, nodes: [a, b]}\n");
	assert_int_equal(rows(n, TABLE_TUNNELS), 3);
	assert_int_equal(rows(n, TABLE_VTEPS), 2);
	assert_non_null(tunnel_by(n, WEFT_ENCAP_GENEVE, "192.0.2.2"));
	assert_non_null(tunnel_by(n, WEFT_ENCAP_VXLAN_GBP, "192.0.2.2"));
	assert_non_null(tunnel_by(n, WEFT_ENCAP_VXLAN, "192.0.2.4"));
	assert_int_equal(rows(n, TABLE_PEERS), 3);
	assert_int_equal(peer_by(n, WEFT_ENCAP_GENEVE, "192.0.2.2", 1)->flags, WEFT_PEER_IDENTITY);
	assert_int_equal(peer_by(n, WEFT_ENCAP_VXLAN, "192.0.2.2", 2)->flags, WEFT_PEER_IDENTITY);
	assert_int_equal(peer_by(n, WEFT_ENCAP_VXLAN, "192.0.2.4", 1)->flags, 0);
	assert_int_equal(vni_of(n, WEFT_ENCAP_GENEVE, 1), network_id(n, "x"));
	assert_int_equal(vni_of(n, WEFT_ENCAP_VXLAN, 1), network_id(n, "x"));
	assert_int_equal(vni_of(n, WEFT_ENCAP_VXLAN, 2), network_id(n, "y"));
	assert_int_equal(rows(n, TABLE_VNIS), 3);
	assert_int_equal(network(n, "x")->flood_header, 36);
	assert_int_equal(network(n, "x")->mtu, 1438);
	self = row(n, TABLE_NODE, &zero);
	assert_int_equal(self->nvgre, 0);

	apply(n, ENCAP_NODES "networks:\n"
			     "  - {name: x, vni: 1, nodes: [a, b, d]}\n");
	self = row(n, TABLE_NODE, &zero);
	assert_int_equal(self->geneve_port, 0);
}

static void test_identity(void **state)
{
	static const char file[] = ENCAP_NODES
		"networks:\n  - {name: x, vni: 1, encap: geneve}\nports:\n"
		"  - {name: p, node: a, interface: v1, network: x, mac: 02:00:00:00:00:01}\n"
		"  - {name: q, node: a, interface: v2, network: x, mac: 02:00:00:00:00:02,\n"
		"     groups: [web, prod]}\n"
		"  - {name: r, node: a, interface: v3, network: x, mac: 02:00:00:00:00:03,\n"
		"     groups: [prod, web, prod]}\n"
		"  - {name: s, node: a, interface: v4, network: x, mac: 02:00:00:00:00:04,\n"
		"     groups: web}\n";
	/* Other nodes, and other versions of weft, go by these numbers. */
	static const __u32 expected[] = {0, 0xe8549347, 0xe8549347, 0x8b8f9c35};
	struct node *n = *state;

	apply(n, file);
	for (__u32 i = 0; i < ARRAY_SIZE(expected); i++) {
		__u32 ifindex = 100 + i;
		const struct weft_port *port = row(n, TABLE_PORTS, &ifindex);

		assert_int_equal(port->identity, expected[i]);
	}
	assert_int_equal(weft_identity_short(0xe8549347), 0x7b13);
	assert_int_equal(weft_identity_short(0x80008000), 1);
	assert_int_equal(weft_identity_short(0), 0);
}

/* `auto` prefers IPv4; one remote node can have a tunnel of each family. */
static void test_both_families(void **state)
{
	struct node *n = *state;

	apply(n, NODES "networks:\n"
		       "  - {name: x, vni: 1, nodes: [a, b]}\n"
		       "  - {name: y, vni: 2, nodes: [a, b], underlay: ipv6}\n"
		       "  - {name: z, vni: 3, nodes: [a, d]}\n");
	assert_int_equal(rows(n, TABLE_TUNNELS), 3);
	assert_int_equal(rows(n, TABLE_VTEPS), 3);
	assert_int_not_equal(tunnel_id(n, "192.0.2.2"), tunnel_id(n, "2001:db8::2"));
	assert_int_equal(peer(n, "192.0.2.2", 1)->network, network_id(n, "x"));
	assert_int_equal(peer(n, "2001:db8::2", 2)->network, network_id(n, "y"));
	assert_int_equal(peer(n, "2001:db8::4", 3)->network, network_id(n, "z"));
	assert_null(peer(n, "2001:db8::2", 1));
	assert_int_equal(rows(n, TABLE_PEERS), 3);
}

/* Only what this node takes part in, and only remote nodes that do too. */
static void test_membership(void **state)
{
	struct node *n = *state;

	apply(n, NODES "networks:\n"
		       "  - {name: mine, vni: 1}\n"
		       "  - {name: listed, vni: 2, nodes: [a]}\n"
		       "  - {name: theirs, vni: 3, nodes: [b, c]}\n"
		       "ports:\n" PORT("p1", "a", "mine", "01") PORT("p2", "c", "listed", "02")
			       PORT("p3", "b", "theirs", "03") PORT("p4", "c", "theirs", "04"));
	assert_int_equal(rows(n, TABLE_NETWORKS), 2);
	assert_int_equal(network_id(n, "theirs"), 0);
	assert_int_equal(tunnel_id(n, "192.0.2.2"), 0);
	assert_int_not_equal(tunnel_id(n, "192.0.2.3"), 0);
	assert_int_equal(rows(n, TABLE_VNIS), 2);
	assert_int_equal(rows(n, TABLE_FDB), 2);
	assert_non_null(peer(n, "192.0.2.3", 2));
	assert_int_equal(rows(n, TABLE_PEERS), 1);
	assert_int_equal(fdb(n, "listed", 2)->kind, WEFT_FDB_REMOTE);
	assert_int_equal(network(n, "mine")->flood_tunnels, 0);
	assert_int_equal(network(n, "mine")->mtu, 0xffff);
	assert_int_equal(network(n, "listed")->flood_ports, 0);
}

static void test_neighbours(void **state)
{
	struct node *n = *state;
	struct weft_neigh_key key = {};
	const struct weft_neigh *neigh;

	apply(n, NODES WEB "ports:\n"
			   "  - {name: w1, node: a, interface: v, network: web, mac: "
			   "\"02:00:00:00:00:01\", addresses: [10.9.0.1, \"fd00::1\"]}\n"
			   "  - {name: w2, node: b, network: web, mac: \"02:00:00:00:00:02\", "
			   "addresses: [10.9.0.2]}\n");
	assert_int_equal(rows(n, TABLE_NEIGH), 3);
	key.network = network_id(n, "web");
	key.addr = addr("fd00::1");
	neigh = row(n, TABLE_NEIGH, &key);
	assert_memory_equal(neigh->mac, "\2\0\0\0\0\1", 6);
	key.addr = addr("10.9.0.2");
	neigh = row(n, TABLE_NEIGH, &key);
	assert_memory_equal(neigh->mac, "\2\0\0\0\0\2", 6);
}

static const struct weft_guard *guard(struct node *n, const char *port)
{
	__u32 id = port_id(n, port);

	return row(n, TABLE_GUARDS, &id);
}

static void test_guards(void **state)
{
	static const char file[] = NODES
		"networks:\n"
		"  - {name: web, vni: 100, multicast_snooping: true, loop_protection: block,\n"
		"     loop_block: 2s, storm_control: {broadcast: 1000, multicast: 500}}\n"
		"ports:\n"
		"  - {name: w1, node: a, interface: v1, network: web, mac: \"02:00:00:00:00:01\",\n"
		"     addresses: [10.9.0.1], isolation: isolated, dhcp_server: true,\n"
		"     storm_control: {broadcast: 20}}\n"
		"  - {name: w2, node: a, interface: v2, network: web, mac: \"02:00:00:00:00:02\",\n"
		"     isolation: community, community: blue, router: true}\n"
		"  - {name: w3, node: a, interface: v3, network: web, mac: \"02:00:00:00:00:03\",\n"
		"     port_security: false, isolation: community, community: red}\n"
		"  - {name: w4, node: b, interface: v4, network: web, mac: \"02:00:00:00:00:04\",\n"
		"     isolation: community, community: blue}\n";
	struct node *n = *state;
	__u16 blue, red;

	apply(n, file);
	assert_int_equal(network(n, "web")->flags,
			 WEFT_NET_PRESENT | WEFT_NET_FLOOD | WEFT_NET_SNOOP | WEFT_NET_LOOPS);
	assert_int_equal(guard(n, "w1")->flags, WEFT_GUARD_SECURE | WEFT_GUARD_ADDRS |
							WEFT_GUARD_DHCP | WEFT_GUARD_LOOP_BLOCK);
	assert_int_equal(guard(n, "w1")->isolation, WEFT_ISO_ISOLATED);
	assert_int_equal(guard(n, "w1")->storm_ns[WEFT_STORM_BROADCAST], 50000000);
	assert_int_equal(guard(n, "w1")->storm_ns[WEFT_STORM_MULTICAST], 2000000);
	assert_int_equal(guard(n, "w1")->storm_ns[WEFT_STORM_UNKNOWN], 0);
	assert_int_equal(guard(n, "w1")->loop_block_ms, 2000);
	assert_int_equal(guard(n, "w2")->flags,
			 WEFT_GUARD_SECURE | WEFT_GUARD_ROUTER | WEFT_GUARD_LOOP_BLOCK);
	assert_int_equal(guard(n, "w3")->flags, WEFT_GUARD_LOOP_BLOCK);
	blue = guard(n, "w2")->isolation;
	red = guard(n, "w3")->isolation;
	assert_true(blue >= WEFT_ISO_COMMUNITY && red >= WEFT_ISO_COMMUNITY && blue != red);
	assert_int_equal(fdb(n, "web", 1)->isolation, WEFT_ISO_ISOLATED);
	assert_int_equal(fdb(n, "web", 4)->isolation, blue);
	assert_int_equal(changes(n, file), 0);
}

/* Every node knows every node's router, and which networks have one. */
static void test_routed(void **state)
{
	static const char file[] = NODES
		"networks:\n"
		"  - {name: web, vni: 100}\n"
		"  - {name: db, vni: 200}\n"
		"ports:\n"
		"  - {name: h1, node: a, interface: v1, host_interface: n1, network: web,\n"
		"     mac: \"02:00:00:00:00:01\", routed: true}\n"
		"  - {name: h2, node: b, interface: v2, host_interface: n2, network: web,\n"
		"     mac: \"02:00:00:00:00:02\", routed: true}\n"
		"  - {name: h3, node: a, interface: v3, host_interface: n3, network: db,\n"
		"     mac: \"02:00:00:00:00:03\"}\n"
		"  - {name: w4, node: b, interface: v4, network: db, mac: \"02:00:00:00:00:04\"}\n";
	struct node *n = *state;

	apply(n, file);
	assert_int_equal(fdb(n, "web", 1)->kind, WEFT_FDB_LOCAL);
	assert_int_equal(fdb(n, "web", 1)->flags, WEFT_FDB_ROUTED);
	assert_int_equal(fdb(n, "web", 2)->kind, WEFT_FDB_REMOTE);
	assert_int_equal(fdb(n, "web", 2)->flags, WEFT_FDB_ROUTED);
	assert_int_equal(fdb(n, "db", 3)->flags, 0);
	assert_int_equal(fdb(n, "db", 4)->flags, 0);
	assert_true(network(n, "web")->flags & WEFT_NET_ROUTED);
	assert_false(network(n, "db")->flags & WEFT_NET_ROUTED);
	assert_int_equal(changes(n, file), 0);
}

/* What says nothing but zeros has no row, for in an array it would be no other than none. */
static void test_no_guard(void **state)
{
	struct node *n = *state;
	static const char file[] =
		NODES WEB "ports:\n  - {name: w1, node: a, interface: v1, network: web, mac: "
			  "\"02:00:00:00:00:01\", port_security: false}\n";

	apply(n, file);
	assert_int_equal(rows(n, TABLE_GUARDS), 0);
	assert_int_equal(changes(n, file), 0);
}

static __u32 pair(struct node *n, __u32 prefixlen, __u8 mac, const char *address)
{
	struct weft_pair_key key = {.prefixlen = WEFT_PAIR_BITS + prefixlen,
				    .port = port_id(n, "w1"),
				    .mac = {2, 0, 0, 0, 0, mac}};
	const __u32 *what;

	if (address)
		key.addr = addr(address);
	what = table_get(&n->state.t[TABLE_PAIRS], &key);
	return what ? *what : 0;
}

static void test_pairs(void **state)
{
	struct node *n = *state;

	apply(n, NODES WEB "ports:\n  - {name: w1, node: a, interface: v1, network: web, mac: "
			   "\"02:00:00:00:00:01\", allowed_address_pairs: [10.9.0.5, 10.8.0.0/16, "
			   "{mac: \"02:00:00:00:00:77\", address: \"fd00::/16\"}, "
			   "{mac: \"02:00:00:00:00:77\", address: \"::/0\"}, "
			   "{mac: \"02:00:00:00:00:78\", address: 0.0.0.0/0}]}\n");
	assert_int_equal(guard(n, "w1")->flags,
			 WEFT_GUARD_SECURE | WEFT_GUARD_ADDRS | WEFT_GUARD_PAIRS);
	assert_int_equal(rows(n, TABLE_PAIRS), 7);
	assert_int_equal(pair(n, 0, 1, NULL), WEFT_PAIR_MAC);
	assert_int_equal(pair(n, 128, 1, "10.9.0.5"), WEFT_PAIR_MAC | WEFT_PAIR_IPV4);
	assert_int_equal(pair(n, 96 + 16, 1, "10.8.0.0"), WEFT_PAIR_MAC | WEFT_PAIR_IPV4);
	assert_int_equal(pair(n, 0, 0x77, NULL), WEFT_PAIR_MAC | WEFT_PAIR_IPV6);
	assert_int_equal(pair(n, 16, 0x77, "fd00::"), WEFT_PAIR_MAC | WEFT_PAIR_IPV6);
	assert_int_equal(pair(n, 0, 0x78, NULL), WEFT_PAIR_MAC);
	assert_int_equal(pair(n, 96, 0x78, "0.0.0.0"), WEFT_PAIR_MAC | WEFT_PAIR_IPV4);
}

static void test_without_flooding(void **state)
{
	struct node *n = *state;

	apply(n, NODES "networks:\n  - {name: web, vni: 1, flood: false}\nports:\n" PORT(
			 "w1", "a", "web", "01") PORT("w2", "b", "web", "02"));
	assert_int_equal(network(n, "web")->flags, WEFT_NET_PRESENT | WEFT_NET_LOOPS);
	assert_int_equal(rows(n, TABLE_FLOOD), 0);
	assert_int_equal(network(n, "web")->flood_ports, 0);
}

static void test_same_file_changes_nothing(void **state)
{
	static const char file[] =
		NODES "networks:\n  - {name: x, vni: 1}\n  - {name: y, vni: 2, nodes: [a, b, c]}\n"
		      "ports:\n" PORT("p1", "a", "x", "01") PORT("p2", "b", "x", "02")
			      PORT("p3", "a", "y", "03") PORT("p4", "c", "x", "04");
	struct node *n = *state;

	apply(n, file);
	assert_int_equal(changes(n, file), 0);
}

/* The order of the file is for people. */
static void test_order_does_not_matter(void **state)
{
	struct node *n = *state;
	__u32 p1, p2, x;

	apply(n, NODES "networks:\n  - {name: x, vni: 1}\n  - {name: y, vni: 2}\n"
		       "ports:\n" PORT("p1", "b", "x", "01") PORT("p2", "a", "x", "02")
			       PORT("p3", "a", "y", "03"));
	p1 = port_id(n, "p2");
	p2 = port_id(n, "p3");
	x = network_id(n, "x");
	n->machine.skew = 1; /* p2 and p3 keep their interfaces */
	apply(n, NODES "networks:\n  - {name: y, vni: 2}\n  - {name: x, vni: 1}\n"
		       "ports:\n" PORT("p2", "a", "x", "02") PORT("p3", "a", "y", "03")
			       PORT("p1", "b", "x", "01"));
	assert_int_equal(port_id(n, "p2"), p1);
	assert_int_equal(port_id(n, "p3"), p2);
	assert_int_equal(network_id(n, "x"), x);
}

static void test_adding_a_port_is_small(void **state)
{
	struct node *n = *state;

	apply(n, NODES WEB "ports:\n" PORT("p1", "a", "web", "01") PORT("p2", "b", "web", "02"));
	/* A remote one where its node is a member already: its MAC address and nothing else. */
	assert_int_equal(changes(n, NODES WEB "ports:\n" PORT("p1", "a", "web", "01") PORT(
					    "p2", "b", "web", "02") PORT("p3", "b", "web", "03")),
			 1);
	/* A local one: port, name, guard, MAC, replica, and the length of the replication list. */
	assert_int_equal(changes(n, NODES WEB "ports:\n" PORT("p1", "a", "web", "01") PORT(
					    "p2", "b", "web", "02") PORT("p3", "a", "web", "03")),
			 6);
}

static void test_removing_in_the_middle(void **state)
{
	struct node *n = *state;
	__u32 p1, p3, p4;

	apply(n, NODES WEB "ports:\n" PORT("p1", "a", "web", "01") PORT("p2", "a", "web", "02")
			 PORT("p3", "a", "web", "03"));
	p1 = port_id(n, "p1");
	p3 = port_id(n, "p3");
	n->machine.skew = 0;
	apply(n, NODES WEB "ports:\n" PORT("p1", "a", "web", "01") PORT("p3", "a", "web", "03"));
	assert_int_equal(port_id(n, "p1"), p1);
	assert_int_equal(port_id(n, "p3"), p3);
	/* The list keeps its hole and its length. */
	assert_non_null(flood(n, "web", WEFT_FLOOD_PORT, 0));
	assert_null(flood(n, "web", WEFT_FLOOD_PORT, 1));
	assert_int_equal(flood(n, "web", WEFT_FLOOD_PORT, 2)->port, p3);
	assert_int_equal(network(n, "web")->flood_ports, 3);

	/* A new member fills the hole; its id is the one that has become free. */
	apply(n, NODES WEB "ports:\n" PORT("p1", "a", "web", "01") PORT("p3", "a", "web", "03")
			 PORT("p4", "a", "web", "04"));
	p4 = port_id(n, "p4");
	assert_int_equal(flood(n, "web", WEFT_FLOOD_PORT, 1)->port, p4);
	assert_int_equal(network(n, "web")->flood_ports, 3);

	/* The last slot goes, and the list gets shorter. */
	apply(n, NODES WEB "ports:\n" PORT("p1", "a", "web", "01") PORT("p4", "a", "web", "04"));
	assert_int_equal(network(n, "web")->flood_ports, 2);
	assert_int_equal(port_id(n, "p4"), p4);
}

/* What goes and what comes are in the tables together for a moment. */
static void test_an_id_is_not_inherited_at_once(void **state)
{
	struct node *n = *state;
	__u32 old, port;

	apply(n, NODES "networks:\n  - {name: x, vni: 1}\nports:\n" PORT("p1", "a", "x", "01")
			 PORT("p2", "b", "x", "02"));
	old = network_id(n, "x");
	port = port_id(n, "p1");
	apply(n, NODES "networks:\n  - {name: y, vni: 2}\nports:\n" PORT("p3", "a", "y", "01")
			 PORT("p4", "c", "y", "02"));
	assert_int_not_equal(network_id(n, "y"), old);
	assert_int_not_equal(port_id(n, "p3"), port);
	assert_int_equal(tunnel_id(n, "192.0.2.2"), 0);
	assert_int_equal(tunnel_id(n, "192.0.2.3"), 2);
	/* An apply later it is free. */
	apply(n, NODES "networks:\n  - {name: y, vni: 2}\n  - {name: z, vni: 3, nodes: [a]}\n"
		       "ports:\n" PORT("p3", "a", "y", "01") PORT("p4", "c", "y", "02"));
	assert_int_equal(network_id(n, "z"), old);
}

/* An interrupted apply: the name was made, and nothing else. */
static void test_a_name_alone_keeps_its_id(void **state)
{
	struct node *n = *state;
	struct weft_network_info net = {.name = "half"};
	struct weft_tunnel_info tun = {.node = "half"};
	__u32 one = 1;

	table_put(&n->state.t[TABLE_NET_INFO], &one, &net);
	table_put(&n->state.t[TABLE_TUN_INFO], &one, &tun);
	apply(n, NODES WEB "ports:\n" PORT("p1", "a", "web", "01") PORT("p2", "b", "web", "02"));
	assert_int_equal(network_id(n, "web"), 2);
	assert_int_equal(tunnel_id(n, "192.0.2.2"), 2);
}

static void test_renamed_node_keeps_its_tunnel(void **state)
{
	struct node *n = *state;
	const struct weft_tunnel_info *info;
	__u32 id;

	apply(n, "nodes:\n  - {name: a, vtep: 192.0.2.1, uplinks: [up0]}\n"
		 "  - {name: b, vtep: 192.0.2.2}\n" WEB "ports:\n" PORT("p1", "a", "web", "01")
			 PORT("p2", "b", "web", "02"));
	id = tunnel_id(n, "192.0.2.2");
	apply(n, "nodes:\n  - {name: a, vtep: 192.0.2.1, uplinks: [up0]}\n"
		 "  - {name: bb, vtep: 192.0.2.2}\n" WEB "ports:\n" PORT("p1", "a", "web", "01")
			 PORT("p2", "bb", "web", "02"));
	assert_int_equal(tunnel_id(n, "192.0.2.2"), id);
	info = row(n, TABLE_TUN_INFO, &id);
	assert_string_equal(info->node, "bb");
}

/* The interface was made anew: another index, everything else stays. */
static void test_new_ifindex(void **state)
{
	static const char file[] = NODES WEB "ports:\n" PORT("p1", "a", "web", "01");
	struct node *n = *state;
	__u32 id, old = 100, new = 150;

	apply(n, file);
	id = port_id(n, "p1");
	n->machine.skew = 50;
	apply(n, file);
	assert_int_equal(port_id(n, "p1"), id);
	assert_null(row(n, TABLE_PORTS, &old));
	assert_non_null(row(n, TABLE_PORTS, &new));
	assert_int_equal(fdb(n, "web", 1)->ifindex, 150);
	assert_int_equal(flood(n, "web", WEFT_FLOOD_PORT, 0)->ifindex, 150);
}

static void test_new_vni_keeps_the_network(void **state)
{
	struct node *n = *state;
	struct weft_vni_key key = {.vni = 200, .encap = WEFT_ENCAP_VXLAN};
	__u32 id;

	apply(n, NODES "networks:\n  - {name: x, vni: 100}\nports:\n" PORT("p1", "a", "x", "01")
			 PORT("p2", "b", "x", "02"));
	id = network_id(n, "x");
	apply(n, NODES "networks:\n  - {name: x, vni: 200}\nports:\n" PORT("p1", "a", "x", "01")
			 PORT("p2", "b", "x", "02"));
	assert_int_equal(network_id(n, "x"), id);
	assert_int_equal(network(n, "x")->vni, 200);
	assert_int_equal(*(const __u32 *)row(n, TABLE_VNIS, &key), id);
	assert_null(peer(n, "192.0.2.2", 100));
	assert_non_null(peer(n, "192.0.2.2", 200));
}

static void test_route_chooses_the_uplink(void **state)
{
	struct node *n = *state;
	struct weft_addr second = addr("192.0.2.3");

	memcpy(&n->machine.by_second, &second, sizeof(second));
	apply(n, NODES "networks:\n  - {name: x, vni: 1, nodes: [a, b, c]}\n");
	assert_int_equal(tunnel(n, "192.0.2.2")->ifindex, 1);
	assert_int_equal(tunnel(n, "192.0.2.3")->ifindex, 2);
}

static void test_mtu(void **state)
{
	struct node *n = *state;

	n->machine.mtu = 9000;
	apply(n, NODES "networks:\n  - {name: x, vni: 1, nodes: [a, b]}\n"
		       "  - {name: y, vni: 2, nodes: [a, b], mtu: 1400}\n"
		       "  - {name: z, vni: 3, nodes: [a, d, b], underlay: ipv6}\n"
		       "  - {name: alone, vni: 4, nodes: [a], mtu: 1300}\n");
	assert_int_equal(network(n, "x")->mtu, 8950);
	assert_int_equal(network(n, "y")->mtu, 1400);
	assert_int_equal(network(n, "z")->mtu, 8930);
	assert_int_equal(network(n, "alone")->mtu, 1300);
}

static const char *complaint(struct node *n, const char *yaml, int *line)
{
	const struct diag_entry *entries;
	struct tables out;
	size_t count;

	tables_init(&out);
	compile_on(n, "a", yaml, &out);
	tables_clear(&out);
	entries = diag_entries(n->diag, &count);
	assert_int_equal(count, 1);
	*line = entries[0].at.line;
	return entries[0].at.key;
}

static void test_mtu_too_large(void **state)
{
	struct node *n = *state;
	int line;

	assert_string_equal(complaint(n,
				      NODES "networks:\n"
					    "  - {name: x, vni: 1, nodes: [a, b, c], mtu: 1451}\n",
				      &line),
			    "networks[0].mtu");
	assert_int_equal(line, 7);
}

static void test_underlay_too_narrow_for_ipv6(void **state)
{
	struct node *n = *state;
	int line;

	n->machine.mtu = 1280 + 49;
	assert_string_equal(complaint(n,
				      NODES "networks:\n"
					    "  - {name: v4, vni: 1, nodes: [a, b]}\n"
					    "  - {name: v6, vni: 2, nodes: [a, b, c], "
					    "subnets: [\"fd00::/64\"]}\n",
				      &line),
			    "networks[1]");
	assert_int_equal(line, 8);
	n->machine.mtu++;
	apply(n, NODES "networks:\n"
		       "  - {name: v6, vni: 2, nodes: [a, b, c], subnets: [\"fd00::/64\"]}\n");
}

static void test_limits(void **state)
{
	static const char file[] =
		NODES "limits: {ports: 3, vteps: 5, networks: 1, endpoints: 2}\n" WEB
		      "ports:\n" PORT("p1", "a", "web", "01") PORT("p2", "b", "web", "02");
	_cleanup_(config_freep) struct config *cfg = NULL;
	struct tables actual;
	struct node *n = *state;
	__u32 id = 9;
	size_t count;

	apply(n, file);
	assert_int_equal(config_load_bytes("f", file, strlen(file), n->diag, &cfg), 0);
	tables_init(&actual);

	assert_int_equal(limits_entries(cfg, TABLE_NODE, &n->state, &actual), 1);
	assert_int_equal(limits_entries(cfg, TABLE_PORTS, &n->state, &actual), 3);
	assert_int_equal(limits_entries(cfg, TABLE_PORT_STAT, &n->state, &actual), 4);
	assert_int_equal(limits_entries(cfg, TABLE_NEIGH, &n->state, &actual), 4);
	assert_int_equal(limits_entries(cfg, TABLE_DROPS, &n->state, &actual), 3 * __WEFT_DROP_MAX);
	/* An id beyond the limit, from a time when it was higher. */
	table_put(&actual.t[TABLE_NET_INFO], &id, &(struct weft_network_info){.name = "old"});
	assert_int_equal(limits_entries(cfg, TABLE_NETWORKS, &n->state, &actual), 10);
	assert_int_equal(limits_entries(cfg, TABLE_NET_INFO, &n->state, &actual), 1);

	limits_check(cfg, &n->state, &n->state, n->diag);
	assert_int_equal(diag_count(n->diag), 0);
	limits_check(cfg, &n->state, &actual, n->diag);
	assert_string_equal(diag_entries(n->diag, &count)[0].at.key, "limits.networks");
	assert_int_equal(count, 1);
	tables_clear(&actual);
}

static const struct weft_network *network_row(const struct node *node, const char *name)
{
	const __u32 id = network_id(node, name);

	return row(node, TABLE_NETWORKS, &id);
}

static void test_learning(void **state)
{
	struct node *node = *state;
	const __u16 learn = WEFT_NET_LEARN | WEFT_NET_LEARN_TUNNELS;
	const __u32 bridge = 100, first = 101;
	const struct weft_port *port;
	const struct weft_network *network;

	apply(node, NODES
	      "networks:\n"
	      "  - {name: web, vni: 100, learning: true, mac_age: 1m, mac_limit: 101}\n"
	      "  - {name: db, vni: 200, vtep_mac_limit: 7}\n"
	      "  - {name: lone, vni: 300}\n"
	      "ports:\n"
	      "  - {name: lan, node: a, interface: br0, network: web, learning: true, mac_limit: "
	      "9}\n"
	      "  - {name: lan-2, node: a, interface: br1, network: db, learning: true,\n"
	      "     mac: \"02:00:00:00:00:02\", mac_limit_action: flood}\n"
	      "  - {name: lan-b, node: b, network: web, learning: true}\n" PORT("one", "a", "lone",
										"03"));

	port = row(node, TABLE_PORTS, &bridge);
	assert_int_equal(port->flags, WEFT_PORT_LEARN);
	assert_int_equal(port->mac_limit, 9);
	port = row(node, TABLE_PORTS, &first);
	assert_int_equal(port->flags, WEFT_PORT_LEARN | WEFT_PORT_LIMIT_PASS);
	assert_int_equal(port->mac_limit, 1024);
	assert_int_equal(rows(node, TABLE_FDB), 2); /* lan-2 and one have an address */

	network = network_row(node, "web");
	assert_int_equal(network->flags & learn, learn);
	assert_int_equal(network->mac_age_ms, 60000);
	assert_int_equal(network->mac_limit, 101);
	assert_int_equal(network->vtep_mac_limit, 51);
	network = network_row(node, "db");
	assert_int_equal(network->flags & learn, WEFT_NET_LEARN);
	assert_int_equal(network->vtep_mac_limit, 7);
	network = network_row(node, "lone");
	assert_int_equal(network->flags & learn, 0);
	assert_int_equal(network->mac_limit, 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, setup, teardown)
		TEST(two_nodes),
		TEST(ipv4_header),
		TEST(ipv6_underlay),
		TEST(encap_headers),
		TEST(encap_of_a_node),
		TEST(identity),
		TEST(both_families),
		TEST(membership),
		TEST(neighbours),
		TEST(without_flooding),
		TEST(guards),
		TEST(routed),
		TEST(no_guard),
		TEST(pairs),
		TEST(same_file_changes_nothing),
		TEST(order_does_not_matter),
		TEST(adding_a_port_is_small),
		TEST(removing_in_the_middle),
		TEST(an_id_is_not_inherited_at_once),
		TEST(a_name_alone_keeps_its_id),
		TEST(renamed_node_keeps_its_tunnel),
		TEST(new_ifindex),
		TEST(new_vni_keeps_the_network),
		TEST(route_chooses_the_uplink),
		TEST(mtu),
		TEST(mtu_too_large),
		TEST(underlay_too_narrow_for_ipv6),
		TEST(limits),
		TEST(learning),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
