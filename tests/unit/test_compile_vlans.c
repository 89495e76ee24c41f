/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* compile_vlans.c: what trunks and networks on a wire become. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "compile.h"
#include "config.h"
#include "diag.h"
#include "util.h"

/* struct machine - node a: its interfaces, by the order in which the file names them. */
struct machine {
	struct tables state;
	struct diag *diag;
	bool promisc; /* somebody has made its NICs so */
	__u32 mtu;
};

enum { UP0 = 1, UP1 = 2, TAP = 10, NIC = 11, VETH = 12 };

static __u32 ifindex_of(const char *interface)
{
	static const struct {
		const char *name;
		__u32 ifindex;
	} known[] = {{"tap", TAP}, {"nic", NIC}, {"veth", VETH}};

	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (!strcmp(known[i].name, interface))
			return known[i].ifindex;
	return 0;
}

static size_t first_uplink(void *arg, const struct in6_addr *remote)
{
	(void)arg;
	(void)remote;
	return 0;
}

/* The ports of node a are made of what there is. */
static void find_ports(const struct machine *m, const struct config *cfg, struct port_fact *facts)
{
	for (size_t i = 0; i < cfg->ports.n; i++) {
		const struct cfg_port *port = &cfg->ports.v[i];

		if (strcmp(port->node.v, "a"))
			continue;
		facts[i].ifindex = ifindex_of(port->interface.v);
		facts[i].nic = facts[i].ifindex == NIC;
		facts[i].promisc = facts[i].nic && m->promisc;
		facts[i].delivery =
			facts[i].ifindex == VETH ? WEFT_DELIVER_PEER : WEFT_DELIVER_REDIRECT;
	}
}

/* On top of what was compiled before. */
static void apply(struct machine *m, const char *yaml)
{
	_cleanup_(config_freep) struct config *cfg = NULL;
	const struct uplink_fact uplinks[] = {{UP0, m->mtu, m->promisc}, {UP1, m->mtu, m->promisc}};
	struct compile_input in = {
		.route = first_uplink, .uplinks = uplinks, .previous = &m->state};
	struct tables out;

	diag_free(m->diag);
	m->diag = diag_new();
	if (config_load_bytes("test.yaml", yaml, strlen(yaml), m->diag, &cfg)) {
		diag_print(m->diag, stderr);
		fail();
	}
	in.cfg = cfg;
	in.node = config_find_node(cfg, "a");
	in.ports = calloc(cfg->ports.n + 1, sizeof(*in.ports));
	find_ports(m, cfg, (struct port_fact *)in.ports);
	tables_init(&out);
	assert_int_equal(compile(&in, m->diag, &out), 0);
	free((void *)in.ports);
	tables_clear(&m->state);
	m->state = out;
}

static const void *row(const struct machine *m, enum table_id id, const void *key)
{
	return table_get(&m->state.t[id], key);
}

static const struct weft_port_info *info_of(const struct machine *m, const char *name, __u32 *id)
{
	const struct table *t = &m->state.t[TABLE_PORT_INFO];

	for (size_t i = 0; i < t->rows.n; i++) {
		const struct weft_port_info *info = table_value(t, i);

		memcpy(id, table_key(t, i), sizeof(*id));
		if (!strcmp(info->name, name))
			return info;
	}
	*id = 0;
	return NULL;
}

static const struct weft_port *vlan(const struct machine *m, __u32 ifindex, __u16 service, __u16 id)
{
	const struct weft_vlan_key key = {ifindex, service, id};

	return row(m, TABLE_VLANS, &key);
}

#define NODES                                                                                      \
	"nodes:\n"                                                                                 \
	"  - {name: a, vtep: 192.0.2.1, uplinks: [up0, {interface: up1, networks: [far]}]}\n"      \
	"  - {name: b, vtep: 192.0.2.2}\n"
#define NETWORKS                                                                                   \
	"networks:\n"                                                                              \
	"  - {name: web, vni: 100}\n  - {name: db, vni: 200}\n"                                    \
	"  - {name: own, vni: 300, vlan_transparent: true}\n"                                      \
	"  - {name: lan, encap: vlan, vlan: 70}\n"                                                 \
	"  - {name: far, encap: vlan, service_vlan: 7, vlan: 8, mtu: 1400}\n"

static void test_trunk(void **state)
{
	struct machine *m = *state;
	__u32 tap = TAP, veth = VETH, id, trunk;
	const struct weft_tags *tags;
	const struct weft_port *port;

	apply(m, NODES NETWORKS
	      "ports:\n"
	      "  - {name: native, node: a, interface: tap, network: web, mac: "
	      "'02:00:00:00:00:01'}\n"
	      "  - {name: tagged, node: a, interface: tap, vlan: 10, network: db,"
	      " mac: '02:00:00:00:00:01'}\n"
	      "  - {name: service, node: a, interface: tap, service_vlan: 30, network: own,"
	      " learning: true}\n"
	      "  - {name: plain, node: a, interface: veth, network: db, mac: "
	      "'02:00:00:00:00:02'}\n");
	port = row(m, TABLE_PORTS, &tap);
	assert_int_equal(port->kind, WEFT_PORT_TRUNK);
	assert_int_equal(port->network, 0);
	assert_non_null(info_of(m, "tap", &trunk));
	assert_int_equal(port->id, trunk);

	port = vlan(m, TAP, 0, 0);
	info_of(m, "native", &id);
	assert_int_equal(port->id, id);
	assert_int_equal(port->delivery, WEFT_DELIVER_REDIRECT);
	assert_null(row(m, TABLE_TAGS, &id));

	port = vlan(m, TAP, 0, 10);
	info_of(m, "tagged", &id);
	assert_int_equal(port->id, id);
	assert_int_equal(port->kind, WEFT_PORT_ACCESS);
	assert_int_equal(port->delivery, WEFT_DELIVER_REDIRECT | WEFT_DELIVER_TAGGED);
	tags = row(m, TABLE_TAGS, &id);
	assert_int_equal(tags->vlan, 10);
	assert_int_equal(tags->service, 0);

	port = vlan(m, TAP, 30, 0);
	assert_true(port->flags & WEFT_PORT_LEARN);
	assert_int_equal(m->state.t[TABLE_VLANS].rows.n, 3 + 0);

	port = row(m, TABLE_PORTS, &veth);
	assert_int_equal(port->kind, WEFT_PORT_ACCESS);
	assert_int_equal(port->delivery, WEFT_DELIVER_PEER);
}

static void test_flags(void **state)
{
	struct machine *m = *state;
	__u32 id = 1;

	apply(m, NODES NETWORKS
	      "ports:\n"
	      "  - {name: p, node: a, interface: veth, network: own, mac: '02:00:00:00:00:02'}\n");
	assert_true(((const struct weft_network *)row(m, TABLE_NETWORKS, &id))->flags &
		    WEFT_NET_TAGS);
}

/* One with a VLAN is a trunk, if only of that one. A port that leaves takes its tags along. */
static void test_changes(void **state)
{
	struct machine *m = *state;
	__u32 tap = TAP, id, later;

	apply(m, NODES NETWORKS "ports:\n"
				"  - {name: p, node: a, interface: tap, vlan: 9, network: web, "
				"mac: '02:00:00:00:00:01'}\n");
	info_of(m, "p", &id);
	assert_int_equal(((const struct weft_port *)row(m, TABLE_PORTS, &tap))->kind,
			 WEFT_PORT_TRUNK);
	apply(m, NODES NETWORKS
	      "ports:\n"
	      "  - {name: p, node: a, interface: tap, network: web, mac: '02:00:00:00:00:01'}\n");
	info_of(m, "p", &later);
	assert_int_equal(id, later);
	assert_int_equal(((const struct weft_port *)row(m, TABLE_PORTS, &tap))->id, id);
	assert_int_equal(m->state.t[TABLE_VLANS].rows.n, 0);
	assert_int_equal(m->state.t[TABLE_TAGS].rows.n, 0);
	assert_null(info_of(m, "tap", &id));
}

#define ON_WIRES                                                                                   \
	NODES NETWORKS                                                                             \
		"ports:\n"                                                                         \
		"  - {name: p, node: a, interface: veth, network: lan, mac: "                      \
		"'02:00:00:00:00:01'}\n"                                                           \
		"  - {name: q, node: a, interface: tap, network: far, mac: '02:00:00:00:00:02'}\n" \
		"  - {name: r, node: b, interface: x, network: lan, mac: '02:00:00:00:00:03',"     \
		" addresses: [10.0.0.3]}\n"

static void test_wires(void **state)
{
	struct machine *m = *state;
	struct weft_fdb_key key = {.mac = {2, 0, 0, 0, 0, 3}};
	const struct weft_fdb_entry *entry;
	const struct weft_network *network;
	const struct weft_port *port;
	__u32 id, lan;

	apply(m, ON_WIRES);
	assert_int_equal(diag_count(m->diag), 0);
	port = vlan(m, UP0, 0, 70);
	assert_int_equal(port->kind, WEFT_PORT_WIRE);
	assert_int_equal(port->delivery, WEFT_DELIVER_REDIRECT | WEFT_DELIVER_TAGGED);
	assert_true(port->flags & WEFT_PORT_LEARN);
	assert_non_null(info_of(m, "up0.70", &id));
	assert_int_equal(port->id, id);
	assert_true(((const struct weft_tags *)row(m, TABLE_TAGS, &id))->wire);

	lan = key.network = port->network;
	entry = row(m, TABLE_FDB, &key);
	assert_int_equal(entry->kind, WEFT_FDB_WIRE);
	assert_int_equal(entry->ifindex, UP0);
	assert_int_equal(entry->port, id);
	network = row(m, TABLE_NETWORKS, &lan);
	assert_int_equal(network->vni, 0);
	assert_int_equal(network->mtu, 1500);
	assert_int_equal(network->flags & (WEFT_NET_WIRE | WEFT_NET_TAGS | WEFT_NET_LEARN),
			 WEFT_NET_WIRE | WEFT_NET_LEARN);
	assert_int_equal(network->flood_ports, 2);
	assert_int_equal(network->flood_tunnels, 0);

	port = vlan(m, UP1, 7, 8);
	assert_int_equal(port->kind, WEFT_PORT_WIRE);
	assert_non_null(info_of(m, "up1.7.8", &id));
	lan = port->network;
	assert_int_equal(((const struct weft_network *)row(m, TABLE_NETWORKS, &lan))->mtu, 1400);
	assert_int_equal(m->state.t[TABLE_TUNNELS].rows.n, 0);
	assert_int_equal(m->state.t[TABLE_VNIS].rows.n, 0);
}

static void test_narrow_wire(void **state)
{
	struct machine *m = *state;

	m->mtu = 1300;
	apply(m, ON_WIRES);
	assert_int_equal(diag_count(m->diag), 1);
}

/* Whoever was first to make a NIC promiscuous has it so. */
static void test_promiscuous(void **state)
{
	static const char *const yaml =
		NODES NETWORKS "ports:\n  - {name: gw, node: a, interface: nic, network: web,"
			       " learning: true}\n"
			       "  - {name: p, node: a, interface: veth, network: lan,"
			       " mac: '02:00:00:00:00:01'}\n";
	struct machine *m = *state;
	__u32 id;

	apply(m, yaml);
	assert_int_equal(info_of(m, "gw", &id)->promisc, 1);
	assert_int_equal(info_of(m, "up0.70", &id)->promisc, 1);
	assert_int_equal(info_of(m, "p", &id)->promisc, 0);
	m->promisc = true; /* by what was just applied */
	apply(m, yaml);
	assert_int_equal(info_of(m, "gw", &id)->promisc, 1);
	tables_clear(&m->state);
	apply(m, yaml);
	assert_int_equal(info_of(m, "gw", &id)->promisc, 0);
	assert_int_equal(info_of(m, "up0.70", &id)->promisc, 0);
}

static int setup(void **state)
{
	struct machine *m = calloc(1, sizeof(*m));

	m->mtu = 1500;
	tables_init(&m->state);
	*state = m;
	return 0;
}

static int teardown(void **state)
{
	struct machine *m = *state;

	tables_clear(&m->state);
	diag_free(m->diag);
	free(m);
	return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(trunk), TEST(flags),       TEST(changes),
		TEST(wires), TEST(narrow_wire), TEST(promiscuous),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
