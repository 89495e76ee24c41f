/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* See learn.h. */
#include <stdlib.h>
#include <string.h>
#include <bpf/bpf.h>

#include "check.h"
#include "hand.h"
#include "learn.h"
#include "rows.h"
#include "wires.h"

#define NS_PER_MS   1000000ULL
#define ENTRIES_MAX 256

void learn_clear(void)
{
	const struct weft_learn_use none = {};
	const struct weft_learn_node empty = {};
	const __u32 zero = 0;

	table_clear("weft_learned");
	table_clear("weft_learn_vtep");
	for (__u32 i = 0; i < PORT_MAX; i++)
		table_put("weft_learn_port", &i, &none);
	for (__u32 i = 0; i < NET_MAX; i++)
		table_put("weft_learn_net", &i, &none);
	table_put("weft_learn_node", &zero, &empty);
}

void learn_port(enum wire wire, __u32 limit, __u16 flags)
{
	__u32 ifindex = wires_index(wire);
	struct weft_port p;

	if (bpf_map_lookup_elem(map_fd("weft_ports"), &ifindex, &p))
		abort();
	p.flags = WEFT_PORT_LEARN | flags;
	p.mac_limit = limit;
	table_put("weft_ports", &ifindex, &p);
	hand_moved();
}

void learn_network(enum network_id net, __u16 flags, __u32 age_ms, __u32 limit, __u32 vtep_limit)
{
	struct weft_network n;
	__u32 id = net;

	if (bpf_map_lookup_elem(map_fd("weft_networks"), &id, &n))
		abort();
	n.flags |= WEFT_NET_LEARN | flags;
	n.mac_age_ms = age_ms;
	n.mac_limit = limit;
	n.vtep_mac_limit = vtep_limit;
	table_put("weft_networks", &id, &n);
}

static struct weft_fdb_key key_of(enum network_id net, struct mac mac)
{
	struct weft_fdb_key key = {.network = net};

	memcpy(key.mac, mac.b, sizeof(key.mac));
	return key;
}

static __u32 place_of(const struct weft_hop *at)
{
	if (at->kind == WEFT_HOP_TUNNEL)
		return VIA(at->target);
	for (unsigned int wire = 0; wire < WIRE_MAX; wire++)
		if (at->kind == WEFT_HOP_LOCAL && at->target == (__u32)wires_index(wire))
			return TO(wire);
	return 0;
}

__u32 learn_find(enum network_id net, struct mac mac, struct weft_learned *entry)
{
	struct weft_fdb_key key = key_of(net, mac);
	struct weft_learned e;

	if (bpf_map_lookup_elem(map_fd("weft_learned"), &key, &e))
		return 0;
	if (entry)
		*entry = e;
	return place_of(&e.where);
}

void learn_put(enum network_id net, struct mac mac, const struct weft_learned *entry)
{
	struct weft_fdb_key key = key_of(net, mac);

	table_put("weft_learned", &key, entry);
}

/* All entries. Return: how many. */
static __u32 read_all(struct weft_fdb_key keys[static ENTRIES_MAX],
		      struct weft_learned entries[static ENTRIES_MAX])
{
	__u32 n = ENTRIES_MAX, next;

	bpf_map_lookup_batch(map_fd("weft_learned"), NULL, &next, keys, entries, &n, NULL);
	return n;
}

struct weft_learn_node learn_node(void)
{
	struct weft_learn_node node;
	__u32 zero = 0;

	if (bpf_map_lookup_elem(map_fd("weft_learn_node"), &zero, &node))
		abort();
	return node;
}

void learn_age(__u32 ms)
{
	static struct weft_fdb_key keys[ENTRIES_MAX];
	static struct weft_learned entries[ENTRIES_MAX];
	struct weft_learn_node node = learn_node();
	__u32 n = read_all(keys, entries), zero = 0;

	for (__u32 i = 0; i < n; i++) {
		struct weft_learned *m = &entries[i];

		m->seen_ns -= ms * NS_PER_MS;
		m->since_ns -= ms * NS_PER_MS;
		m->second_ns -= m->second_ns ? ms * NS_PER_MS : 0;
		m->held_ns -= m->held_ns ? ms * NS_PER_MS : 0;
		table_put("weft_learned", &keys[i], m);
	}
	node.swept_ns -= node.swept_ns ? ms * NS_PER_MS : 0;
	table_put("weft_learn_node", &zero, &node);
}

static struct weft_learn_use use_of(const char *map, const void *key)
{
	struct weft_learn_use use = {};

	bpf_map_lookup_elem(map_fd(map), key, &use);
	return use;
}

struct weft_learn_use learn_port_use(enum wire wire)
{
	__u32 port = PORT_ID(wire);

	return use_of("weft_learn_port", &port);
}

struct weft_learn_use learn_net_use(enum network_id net)
{
	__u32 id = net;

	return use_of("weft_learn_net", &id);
}

struct weft_learn_use learn_vtep_use(enum tunnel_id tunnel, enum network_id net)
{
	struct weft_learn_vtep_key key = {.tunnel = tunnel, .network = net};

	return use_of("weft_learn_vtep", &key);
}

bool check_learn_use(void)
{
	static struct weft_fdb_key keys[ENTRIES_MAX];
	static struct weft_learned entries[ENTRIES_MAX];
	__u32 n = read_all(keys, entries), ports[PORT_MAX] = {}, nets[NET_MAX] = {};
	__u32 vteps[NET_MAX][TUNNEL_MAX] = {};
	bool ok = true;

	for (__u32 i = 0; i < n; i++) {
		const struct weft_hop *at = &entries[i].where;

		nets[keys[i].network]++;
		if (at->kind == WEFT_HOP_LOCAL)
			ports[at->port]++;
		else
			vteps[keys[i].network][at->target]++;
	}
	for (__u32 i = 0; i < PORT_MAX; i++)
		ok &= check(use_of("weft_learn_port", &i).learned == ports[i],
			    "port %u: %llu learned, %u in the table", i,
			    use_of("weft_learn_port", &i).learned, ports[i]);
	for (__u32 i = 0; i < NET_MAX; i++)
		ok &= check(learn_net_use(i).learned == nets[i],
			    "network %u: %llu learned, %u in the table", i,
			    learn_net_use(i).learned, nets[i]);
	for (__u32 i = 0; i < NET_MAX; i++)
		for (__u32 t = 0; t < TUNNEL_MAX; t++)
			ok &= check(learn_vtep_use(t, i).learned == vteps[i][t],
				    "network %u, VTEP %u: %llu learned, %u in the table", i, t,
				    learn_vtep_use(t, i).learned, vteps[i][t]);
	return ok;
}

void learn_begin(void (*setup)(void))
{
	tables_fill();
	port_security_off();
	put_guard(WEB2, &(struct weft_guard){.flags = WEFT_GUARD_SECURE});
	learn_port(WEB1, LEARN_PORT_LIMIT, 0);
	learn_port(WEB3, LEARN_PORT_LIMIT, 0);
	learn_network(NET_WEB, WEFT_NET_LEARN_TUNNELS, LEARN_AGE_MS, LEARN_NET_LIMIT,
		      LEARN_VTEP_LIMIT);
	learn_clear();
	if (setup)
		setup();
	check_begin();
}

void learn_end(void)
{
	check_learn_use();
	learn_clear();
	tables_fill();
	check_end();
}
