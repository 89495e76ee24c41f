/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* See flows.h. */
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "check.h"
#include "flows.h"
#include "prog_run.h"
#include "tables.h"

#define NS_PER_MS 1000000ULL

const char *flows_map(enum flow_table table)
{
	static const char *const maps[FLOW_TABLES_MAX] = {
		[FLOW_ESTABLISHED] = "weft_flows",
		[FLOW_NEW] = "weft_flows_new",
		[FLOW_OVER] = "weft_flows_over",
	};

	return maps[table];
}

/* The coarse clocks move on with every tick. */
static __u32 tick_ns(void)
{
	struct timespec tick = {};

	clock_getres(CLOCK_MONOTONIC_COARSE, &tick);
	return tick.tv_nsec;
}

void put_flow_conf(const struct weft_flow_conf *conf)
{
	struct weft_flow_conf c = *conf;
	const __u32 zero = 0;

	for (int i = 0; i < __WEFT_FLOW_STATE_MAX; i++)
		c.timeout_ms[i] = c.timeout_ms[i] ? c.timeout_ms[i] : FLOW_HOUR_MS;
	c.tick_ns = tick_ns();
	c.per_port = c.per_port ? c.per_port : FLOW_QUOTA;
	c.per_network = c.per_network ? c.per_network : FLOW_QUOTA;
	c.new_per_port = c.new_per_port ? c.new_per_port : FLOW_QUOTA;
	table_put("weft_flow_conf", &zero, &c);
}

void flows_clear(void)
{
	const struct weft_flow_use none = {};

	for (enum flow_table t = FLOW_ESTABLISHED; t < FLOW_TABLES_MAX; t++)
		table_clear(flows_map(t));
	table_clear("weft_frags");
	for (__u32 i = 0; i < PORT_MAX; i++)
		table_put("weft_flow_use", &i, &none);
	for (__u32 i = 0; i < NET_MAX; i++)
		table_put("weft_net_use", &i, &none);
}

/** struct ends - what a packet says of its connection; ports in network order. */
struct ends {
	struct weft_addr saddr, daddr;
	__be16 sport, dport;
	__u8 proto;
};

static const __u8 *read_ip(const struct packet *p, struct ends *e)
{
	const __u8 *ip = p->data + 14;

	memset(e, 0, sizeof(*e));
	if (ip[0] >> 4 == 6) {
		memcpy(&e->saddr, ip + 8, 16);
		memcpy(&e->daddr, ip + 24, 16);
		e->proto = ip[6];
		return ip + 40;
	}
	memset(e->saddr.bytes + 10, 0xff, 2);
	memset(e->daddr.bytes + 10, 0xff, 2);
	memcpy(e->saddr.bytes + 12, ip + 12, 4);
	memcpy(e->daddr.bytes + 12, ip + 16, 4);
	e->proto = ip[9];
	return ip + 4 * (ip[0] & 15);
}

/* A query's identifier is on the side that asks, its type and code on the other. Return: 1 = it
 * asks. */
static int read_query(const __u8 *icmp, struct ends *e)
{
	bool v6 = e->proto == 58, asks = v6 ? icmp[0] == 128 : icmp[0] == 8 || icmp[0] == 13;
	__u8 question = v6 ? 128 : asks ? icmp[0] : icmp[0] == 0 ? 8 : 13;
	__be16 type = htons(icmp[1] << 8 | question);
	__be16 id;

	memcpy(&id, icmp + 4, 2);
	e->sport = asks ? id : type;
	e->dport = asks ? type : id;
	return asks;
}

int flow_key_of(const struct packet *frame, enum network_id network, struct weft_flow_key *key)
{
	struct ends e;
	const __u8 *l4 = read_ip(frame, &e);
	bool icmp = e.proto == (frame->data[14] >> 4 == 4 ? 1 : 58);
	bool asks = icmp && read_query(l4, &e);
	int side;

	if (e.proto == 6 || e.proto == 17 || e.proto == 132) {
		memcpy(&e.sport, l4, 2);
		memcpy(&e.dport, l4 + 2, 2);
	}
	side = icmp ? weft_flow_side(&e.saddr, &e.daddr, 0, 0)
		    : weft_flow_side(&e.saddr, &e.daddr, e.sport, e.dport);
	memset(key, 0, sizeof(*key));
	key->network = network;
	key->proto = e.proto;
	key->asker = icmp ? (asks ? side : !side) : 0;
	key->addr[side] = e.saddr;
	key->addr[!side] = e.daddr;
	key->port[side] = e.sport;
	key->port[!side] = e.dport;
	return side;
}

enum flow_table flow_find(const struct weft_flow_key *key, struct weft_flow *flow)
{
	enum flow_table found = FLOW_NOWHERE;
	struct weft_flow_entry e;

	for (enum flow_table t = FLOW_ESTABLISHED; t < FLOW_TABLES_MAX; t++) {
		if (bpf_map_lookup_elem(map_fd(flows_map(t)), key, &e))
			continue;
		if (found != FLOW_NOWHERE)
			return FLOW_NOWHERE;
		found = t;
		*flow = e.flow;
	}
	return found;
}

void flow_edit(const struct weft_flow_key *key, enum flow_table table, const struct weft_flow *f)
{
	table_put(flows_map(table), key, f);
}

static void age_table(enum flow_table table, __u32 ms)
{
	struct weft_flow_key keys[32];
	struct weft_flow f;
	unsigned int n = 0;

	/* Keys first: an update moves an entry in its bucket. */
	while (n < 32 &&
	       !bpf_map_get_next_key(map_fd(flows_map(table)), n ? &keys[n - 1] : NULL, &keys[n]))
		n++;
	while (n--) {
		if (bpf_map_lookup_elem(map_fd(flows_map(table)), &keys[n], &f))
			continue;
		f.created_ns -= ms * NS_PER_MS;
		f.seen -= ms * NS_PER_MS / tick_ns();
		flow_edit(&keys[n], table, &f);
	}
}

void flows_age(__u32 ms)
{
	age_table(FLOW_NEW, ms);
	age_table(FLOW_OVER, ms);
}

static struct weft_flow_use use_of(const char *map, __u32 id)
{
	struct weft_flow_use use = {};

	bpf_map_lookup_elem(map_fd(map), &id, &use);
	return use;
}

struct weft_flow_use flow_use(__u32 port)
{
	return use_of("weft_flow_use", port);
}

struct weft_flow_use flow_net_use(__u32 network)
{
	return use_of("weft_net_use", network);
}

struct weft_flow_stat flow_stat(void)
{
	struct weft_flow_stat sum = {};
	__u64 *values = calloc(libbpf_num_possible_cpus(), sizeof(sum));
	const __u32 zero = 0, words = sizeof(sum) / sizeof(*values);

	if (!values || bpf_map_lookup_elem(map_fd("weft_flow_stat"), &zero, values))
		abort();
	for (__u32 i = 0; i < words * libbpf_num_possible_cpus(); i++)
		((__u64 *)&sum)[i % words] += values[i];
	free(values);
	return sum;
}

unsigned int flows_count(enum flow_table table)
{
	struct weft_flow_key key, *at = NULL;
	unsigned int n = 0;

	while (n < 2 * FLOWS_NEW_MAX && !bpf_map_get_next_key(map_fd(flows_map(table)), at, &key)) {
		at = &key;
		n++;
	}
	return n;
}

/* Adds up what is in weft_flows. */
static void count_established(__u64 ports[PORT_MAX], __u64 nets[NET_MAX])
{
	struct weft_flow_key key, *at = NULL;
	struct weft_flow_entry e;
	int fd = map_fd("weft_flows");

	for (int n = 0; n < 2 * FLOWS_MAX && !bpf_map_get_next_key(fd, at, &key); n++) {
		at = &key;
		if (bpf_map_lookup_elem(fd, &key, &e) || !(e.flow.flags & WEFT_FLOW_COUNTED))
			continue;
		nets[key.network < NET_MAX ? key.network : 0]++;
		for (int side = 0; side < 2; side++) {
			const struct weft_hop *hop = &e.flow.hop[side];

			if (hop->kind == WEFT_HOP_LOCAL && hop->port < PORT_MAX)
				ports[hop->port]++;
		}
	}
}

bool check_flow_use(void)
{
	__u64 ports[PORT_MAX] = {}, nets[NET_MAX] = {};
	bool ok = true;

	count_established(ports, nets);
	for (__u32 i = 0; i < PORT_MAX; i++)
		ok &= check(flow_use(i).established == ports[i],
			    "port %u has %llu flows, but counts %llu", i, ports[i],
			    flow_use(i).established);
	for (__u32 i = 0; i < NET_MAX; i++)
		ok &= check(flow_net_use(i).established == nets[i],
			    "network %u has %llu flows, but counts %llu", i, nets[i],
			    flow_net_use(i).established);
	return ok;
}

const char *flow_state_name(__u8 state)
{
	static const char *const names[__WEFT_FLOW_STATE_MAX] = {
		"none",           "syn-sent",     "syn-sent2",       "syn-recv",
		"established",    "fin-wait",     "close-wait",      "last-ack",
		"time-wait",      "close",        "udp-unreplied",   "udp-replied",
		"icmp-unreplied", "icmp-replied", "other-unreplied", "other-replied",
	};

	return state < __WEFT_FLOW_STATE_MAX ? names[state] : "?";
}

const char *flow_table_name(enum flow_table table)
{
	return table ? flows_map(table) : "no table";
}
