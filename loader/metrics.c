/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* A node's maps as metrics; see metrics.h. */
#include "metrics.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <weft/fdb.h>

#include "drops.h"
#include "map_io.h"
#include "status.h"
#include "util.h"

#define COUNTERS                                                                                   \
	(VIEW_TABLE(TABLE_PORT_STAT) | VIEW_TABLE(TABLE_NET_STAT) | VIEW_TABLE(TABLE_DROPS) |      \
	 VIEW_TABLE(TABLE_RULE_STAT) | VIEW_TABLE(TABLE_FDB))

/** struct source - what all of it is read from. */
struct source {
	struct status status;
	struct view counters;
	struct firewall firewall;
	FILE *out;
};

static void source_clear(struct source *s)
{
	firewall_clear(&s->firewall);
	view_clear(&s->counters);
	status_clear(&s->status);
}

static __u32 id_at(const struct table *table, size_t row)
{
	__u32 id;

	memcpy(&id, table_key(table, row), sizeof(id));
	return id;
}

/** struct counter - a struct weft_count in a table's value. */
struct counter {
	const char *direction;
	size_t offset;
};

static const struct counter port_counters[] = {
	{"from_port", offsetof(struct weft_port_stat, from_port)},
	{"to_port", offsetof(struct weft_port_stat, to_port)},
};

static const struct counter network_counters[] = {
	{"from_ports", offsetof(struct weft_net_stat, from_ports)},
	{"to_ports", offsetof(struct weft_net_stat, to_ports)},
	{"from_underlay", offsetof(struct weft_net_stat, from_underlay)},
	{"to_underlay", offsetof(struct weft_net_stat, to_underlay)},
};

static double count_of(const void *value, const struct counter *counter, bool bytes)
{
	struct weft_count count = {};

	if (value)
		memcpy(&count, (const char *)value + counter->offset, sizeof(count));
	return bytes ? count.bytes : count.packets;
}

static void port_traffic(const struct source *s, const char *name, bool bytes)
{
	for (size_t i = 0; i < s->status.n_ports; i++) {
		const struct member *m = &s->status.members[i];
		const void *stat = table_get(&s->counters.t[TABLE_PORT_STAT], &m->id);
		struct view_name network = {};

		if (m->port)
			network = view_network_name(&s->status.view, m->port->network);
		for (size_t j = 0; j < ARRAY_SIZE(port_counters); j++)
			METRIC(s->out, name, count_of(stat, &port_counters[j], bytes), "port",
			       m->info->name, "interface", member_interface(m), "direction",
			       port_counters[j].direction, "network",
			       network.s[0] ? network.s : NULL);
	}
}

static void network_traffic(const struct source *s, const char *name, bool bytes)
{
	const struct table *names = &s->status.view.t[TABLE_NET_INFO];

	for (size_t i = 0; i < names->rows.n; i++) {
		const __u32 id = id_at(names, i);
		const void *stat = table_get(&s->counters.t[TABLE_NET_STAT], &id);

		for (size_t j = 0; j < ARRAY_SIZE(network_counters); j++)
			METRIC(s->out, name, count_of(stat, &network_counters[j], bytes), "network",
			       view_network_name(&s->status.view, id).s, "direction",
			       network_counters[j].direction);
	}
}

static void drops(const struct source *s, const char *name, bool bytes)
{
	const struct table *table = &s->counters.t[TABLE_DROPS];

	for (size_t i = 0; i < table->rows.n; i++) {
		const struct weft_drop_key *key = table_key(table, i);
		const struct weft_count *count = table_value(table, i);

		METRIC(s->out, name, bytes ? count->bytes : count->packets, "port",
		       key->port ? view_port_name(&s->status.view, key->port).s : "", "reason",
		       drops_name(key->reason));
	}
}

/** struct pair - the same in packets and in bytes. */
static const struct pair {
	const char *packets;
	const char *bytes;
	const char *help;
	void (*write)(const struct source *s, const char *name, bool bytes);
} pairs[] = {
	{"weft_port_packets_total", "weft_port_bytes_total",
	 "sent by a workload (from_port) or delivered to it (to_port).", port_traffic},
	{"weft_network_packets_total", "weft_network_bytes_total",
	 "of a network on this node, by where they came from or went.", network_traffic},
	{"weft_dropped_packets_total", "weft_dropped_bytes_total",
	 "dropped, by the port or uplink they came in by, and by reason.", drops},
};

static void write_traffic(const struct source *s)
{
	char help[128];

	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++) {
		snprintf(help, sizeof(help), "Packets %s", pairs[i].help);
		metrics_family(s->out, pairs[i].packets, "counter", help);
		pairs[i].write(s, pairs[i].packets, false);
		snprintf(help, sizeof(help), "Bytes %s", pairs[i].help);
		metrics_family(s->out, pairs[i].bytes, "counter", help);
		pairs[i].write(s, pairs[i].bytes, true);
	}
}

static void write_identity(const struct source *s)
{
	char version[16];

	snprintf(version, sizeof(version), "%d", WEFT_ABI_VERSION);
	metrics_family(s->out, "weft_build_info", "gauge", "The weft that reads these. Always 1.");
	METRIC(s->out, "weft_build_info", 1, "version", WEFT_VERSION, "tables", version, "node",
	       view_node_name(&s->status.view).s);
}

static void write_members(const struct source *s)
{
	const struct member *m;

	metrics_family(s->out, "weft_ports", "gauge", "Ports of this node by state.");
	for (int state = 0; state < __MEMBER_STATE_MAX; state++)
		METRIC(s->out, "weft_ports", s->status.states[state], "state",
		       member_state_name(state));
	metrics_family(s->out, "weft_port_attached", "gauge",
		       "Whether a port has its interface and its program.");
	for (size_t i = 0; i < s->status.n_ports; i++) {
		m = &s->status.members[i];
		METRIC(s->out, "weft_port_attached", m->state == MEMBER_ATTACHED, "port",
		       m->info->name, "interface", member_interface(m));
	}
	metrics_family(s->out, "weft_uplink_xdp_mode", "gauge",
		       "How XDP is attached to an uplink: 1 for the mode in use.");
	for (size_t i = s->status.n_ports; i < s->status.n_members; i++) {
		m = &s->status.members[i];
		if (m->info->kind == WEFT_PORT_UPLINK)
			METRIC(s->out, "weft_uplink_xdp_mode", 1, "interface", member_interface(m),
			       "mode", member_xdp_name(m));
	}
}

/** struct number - a lone one. */
struct number {
	const char *name;
	const char *type;
	double value;
	const char *help;
};

static void write_numbers(FILE *out, const struct number *numbers, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		metrics_family(out, numbers[i].name, numbers[i].type, numbers[i].help);
		METRIC(out, numbers[i].name, numbers[i].value, NULL);
	}
}

static void write_flows(const struct source *s)
{
	const struct firewall *f = &s->firewall;
	const struct number numbers[] = {
		{"weft_policy_generation", "gauge", f->generation.policy,
		 "Number of the policies in force."},
		{"weft_policy_rules", "gauge", f->rules, "Rules and defaults in force."},
		{"weft_policy_verdicts_total", "counter", f->stat.judged,
		 "Verdicts asked of the policies: first packets, and flows judged again."},
		{"weft_flows", "gauge", f->established, "Established flows."},
		{"weft_flows_limit", "gauge", f->limit, "Most established flows there may be."},
		{"weft_flows_half_open_total", "counter", f->stat.created, "Flows begun."},
		{"weft_flows_over_quota_total", "counter", f->stat.over,
		 "Flows begun beyond their port's share."},
		{"weft_flows_established_total", "counter", f->stat.established,
		 "Flows that became established."},
		{"weft_flows_ended_total", "counter", f->stat.ended,
		 "Established flows that ended."},
		{"weft_flows_full_total", "counter", f->stat.full,
		 "Flows that found no room among the established."},
		{"weft_flows_lost_total", "counter", f->stat.lost,
		 "Flows that found no room at all; their packets are judged one by one."},
	};

	write_numbers(s->out, numbers, ARRAY_SIZE(numbers));
}

/** struct share - something counted by port or network id. @offset: of a __u64. */
static const struct share {
	const char *name;
	const char *type;
	enum table_id table;
	bool network;
	size_t offset;
	const char *help;
} shares[] = {
	{"weft_port_flows", "gauge", TABLE_FLOW_USE, false,
	 offsetof(struct weft_flow_use, established), "Established flows of a port."},
	{"weft_port_flows_refused_total", "counter", TABLE_FLOW_USE, false,
	 offsetof(struct weft_flow_use, over), "Flows refused for being beyond a port's share."},
	{"weft_network_flows", "gauge", TABLE_NET_USE, true,
	 offsetof(struct weft_flow_use, established), "Established flows of a network."},
	{"weft_network_flows_refused_total", "counter", TABLE_NET_USE, true,
	 offsetof(struct weft_flow_use, over), "Flows refused for being beyond a network's share."},
	{"weft_network_learned_addresses", "gauge", TABLE_LEARN_NET, true,
	 offsetof(struct weft_learn_use, learned), "MAC addresses learned in a network."},
	{"weft_network_learning_refused_total", "counter", TABLE_LEARN_NET, true,
	 offsetof(struct weft_learn_use, refused),
	 "Frames whose source was not learned, for want of room or of a share."},
	{"weft_network_moved_addresses_total", "counter", TABLE_LEARN_NET, true,
	 offsetof(struct weft_learn_use, moved), "Learned addresses that moved."},
};

static void write_shares(const struct source *s)
{
	for (size_t i = 0; i < ARRAY_SIZE(shares); i++) {
		const struct table *table = &s->status.view.t[shares[i].table];

		metrics_family(s->out, shares[i].name, shares[i].type, shares[i].help);
		for (size_t row = 0; row < table->rows.n; row++) {
			const __u32 id = id_at(table, row);
			const struct view *view = &s->status.view;
			__u64 value;

			memcpy(&value, (const char *)table_value(table, row) + shares[i].offset,
			       sizeof(value));
			METRIC(s->out, shares[i].name, value,
			       shares[i].network ? "network" : "port",
			       (shares[i].network ? view_network_name(view, id)
						  : view_port_name(view, id))
				       .s);
		}
	}
}

static void write_fdb(const struct source *s)
{
	const struct table *fdb = &s->counters.t[TABLE_FDB];
	size_t local = 0;

	for (size_t i = 0; i < fdb->rows.n; i++)
		local += ((const struct weft_fdb_entry *)table_value(fdb, i))->kind ==
			 WEFT_FDB_LOCAL;
	metrics_family(s->out, "weft_fdb_entries", "gauge",
		       "MAC addresses of the file, by where they are.");
	METRIC(s->out, "weft_fdb_entries", local, "place", "local");
	METRIC(s->out, "weft_fdb_entries", fdb->rows.n - local, "place", "remote");
}

static int count_rows(void *arg, const __u8 *keys __attribute__((unused)),
		      const __u8 *values __attribute__((unused)), __u32 n)
{
	*(__u64 *)arg += n;
	return 0;
}

/* Flows are counted by who has them; the least used of the half-open make room by themselves. */
static int entries_of(const struct source *s, enum table_id id, __u64 *n)
{
	const struct table *networks = &s->status.view.t[TABLE_LEARN_NET];

	*n = 0;
	if (id == TABLE_FLOWS)
		*n = s->firewall.established;
	else if (id != TABLE_LEARNED)
		return map_walk(s->status.maps.fd[id], &table_descs[id], count_rows, n);
	for (size_t i = 0; i < networks->rows.n && id == TABLE_LEARNED; i++)
		*n += ((const struct weft_learn_use *)table_value(networks, i))->learned;
	return 0;
}

static bool is_filled(enum table_id id)
{
	return !table_descs[id].array && id != TABLE_FLOWS_NEW && id != TABLE_FLOWS_OVER &&
	       id != TABLE_FRAGS;
}

static int write_maps(const struct source *s)
{
	struct map_shape shape;
	int err = 0;
	__u64 n;

	metrics_family(s->out, "weft_map_entries", "gauge", "Entries of a BPF hash map.");
	for (int id = 0; id < __TABLE_MAX && !err; id++) {
		if (!is_filled(id))
			continue;
		err = entries_of(s, id, &n);
		METRIC(s->out, "weft_map_entries", n, "map", table_descs[id].name);
	}
	metrics_family(s->out, "weft_map_max_entries", "gauge", "Most entries of a BPF hash map.");
	for (int id = 0; id < __TABLE_MAX && !err; id++) {
		if (!is_filled(id))
			continue;
		err = map_shape_of(s->status.maps.fd[id], &shape);
		METRIC(s->out, "weft_map_max_entries", shape.max_entries, "map",
		       table_descs[id].name);
	}
	return err;
}

static int write_all(const struct source *s)
{
	write_identity(s);
	write_traffic(s);
	write_members(s);
	write_flows(s);
	write_shares(s);
	write_fdb(s);
	return write_maps(s);
}

int metrics_write(const struct pins *pins, struct progs *progs, FILE *out, const char **failed)
{
	_cleanup_(source_clear) struct source s = {.out = out};
	int err;

	err = status_read(pins, progs, &s.status, failed);
	if (!err)
		err = view_read(pins, COUNTERS, &s.counters, failed);
	if (err)
		return err;
	*failed = "flows";
	err = firewall_read(&s.status, &s.firewall);
	*failed = "maps";
	return err ? err : write_all(&s);
}
