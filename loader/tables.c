/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Tables as data; see tables.h. */
#include "tables.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <weft/abi.h>
#include <weft/capture.h>
#include <weft/fdb.h>
#include <weft/flow.h>
#include <weft/guard.h>
#include <weft/multicast.h>
#include <weft/policy.h>

#define FIRST_ROWS 64

#define HASH(map, key, value)                                                                      \
	{                                                                                          \
		.name = map, .key_size = sizeof(key), .value_size = sizeof(value)                  \
	}
#define ARRAY(map, value)                                                                          \
	{                                                                                          \
		.name = map, .key_size = sizeof(__u32), .value_size = sizeof(value), .array = true \
	}
#define MAPPED_ARRAY(map, value)                                                                   \
	{                                                                                          \
		.name = map, .key_size = sizeof(__u32), .value_size = sizeof(value),               \
		.array = true, .mapped = true                                                      \
	}
#define PERCPU_ARRAY(map, value)                                                                   \
	{                                                                                          \
		.name = map, .key_size = sizeof(__u32), .value_size = sizeof(value),               \
		.array = true, .percpu = true                                                      \
	}
#define PERCPU_HASH(map, key, value)                                                               \
	{                                                                                          \
		.name = map, .key_size = sizeof(key), .value_size = sizeof(value), .percpu = true  \
	}

const struct table_desc table_descs[__TABLE_MAX] = {
	[TABLE_NODE] = ARRAY("weft_node", struct weft_node),
	[TABLE_TUNNELS] = ARRAY("weft_tunnels", struct weft_tunnel),
	[TABLE_NETWORKS] = ARRAY("weft_networks", struct weft_network),
	[TABLE_VNIS] = HASH("weft_vnis", struct weft_vni_key, __u32),
	[TABLE_VTEPS] = HASH("weft_vteps", struct weft_addr, __u32),
	[TABLE_PEERS] = HASH("weft_peers", struct weft_peer_key, struct weft_peer),
	[TABLE_NODE_INFO] = ARRAY("weft_node_info", struct weft_node_info),
	[TABLE_TUN_INFO] = HASH("weft_tun_info", __u32, struct weft_tunnel_info),
	[TABLE_NET_INFO] = HASH("weft_net_info", __u32, struct weft_network_info),
	[TABLE_PORT_INFO] = HASH("weft_port_info", __u32, struct weft_port_info),
	[TABLE_RULE_INFO] = HASH("weft_rule_info", __u32, struct weft_rule_info),
	[TABLE_FLOW_CONF] = ARRAY("weft_flow_conf", struct weft_flow_conf),
	[TABLE_POL_L4] = MAPPED_ARRAY("weft_pol_l4", struct weft_pol_range),
	[TABLE_POL_MATCH] =
		HASH("weft_pol_match", struct weft_pol_match_key, struct weft_pol_ranges),
	[TABLE_POL_SETS] = MAPPED_ARRAY("weft_pol_sets", struct weft_pol_ranges),
	[TABLE_POL_CLASS] = HASH("weft_pol_class", struct weft_pol_addr_key, __u32),
	[TABLE_POL_CIDR] = HASH("weft_pol_cidr", struct weft_pol_cidr_key, __u32),
	[TABLE_POL_IDENT] = HASH("weft_pol_ident", struct weft_pol_ident_key, __u32),
	[TABLE_POL_PORTS] = MAPPED_ARRAY("weft_pol_ports", struct weft_pol_port),
	[TABLE_GUARDS] = ARRAY("weft_guards", struct weft_guard),
	[TABLE_PAIRS] = HASH("weft_pairs", struct weft_pair_key, __u32),
	[TABLE_TAGS] = ARRAY("weft_tags", struct weft_tags),
	[TABLE_VLANS] = HASH("weft_vlans", struct weft_vlan_key, struct weft_port),
	[TABLE_PORTS] = HASH("weft_ports", __u32, struct weft_port),
	[TABLE_NEIGH] = HASH("weft_neigh", struct weft_neigh_key, struct weft_neigh),
	[TABLE_FDB] = HASH("weft_fdb", struct weft_fdb_key, struct weft_fdb_entry),
	[TABLE_FLOOD] = HASH("weft_flood", struct weft_flood_key, struct weft_flood_member),
	[TABLE_GENERATION] = ARRAY("weft_generation", struct weft_generation),
	[TABLE_PORT_STAT] = PERCPU_ARRAY("weft_port_stat", struct weft_port_stat),
	[TABLE_NET_STAT] = PERCPU_ARRAY("weft_net_stat", struct weft_net_stat),
	[TABLE_DROPS] = PERCPU_HASH("weft_drops", struct weft_drop_key, struct weft_count),
	[TABLE_ICMP_NEXT] = ARRAY("weft_icmp_next", __u64),
	[TABLE_PORT_STATE] = ARRAY("weft_port_state", struct weft_port_state),
	[TABLE_FLOODED] = HASH("weft_flooded", struct weft_flooded_key, struct weft_flooded),
	[TABLE_BUM_STAT] = PERCPU_ARRAY("weft_bum_stat", struct weft_bum_stat),
	[TABLE_MCAST] = HASH("weft_mcast", struct weft_mcast_key, struct weft_mcast),
	[TABLE_MCAST_NET] = ARRAY("weft_mcast_net", struct weft_mcast_net),
	[TABLE_RULE_STAT] = PERCPU_ARRAY("weft_rule_stat", struct weft_rule_stat),
	[TABLE_FLOWS] = HASH("weft_flows", struct weft_flow_key, struct weft_flow_entry),
	[TABLE_FLOWS_NEW] = HASH("weft_flows_new", struct weft_flow_key, struct weft_flow),
	[TABLE_FLOWS_OVER] = HASH("weft_flows_over", struct weft_flow_key, struct weft_flow),
	[TABLE_FRAGS] = HASH("weft_frags", struct weft_frag_key, struct weft_frag),
	[TABLE_FLOW_CLOCK] = ARRAY("weft_flow_clock", struct weft_flow_clock),
	[TABLE_FLOW_USE] = ARRAY("weft_flow_use", struct weft_flow_use),
	[TABLE_NET_USE] = ARRAY("weft_net_use", struct weft_flow_use),
	[TABLE_FLOW_STAT] = PERCPU_ARRAY("weft_flow_stat", struct weft_flow_stat),
	[TABLE_LEARNED] = HASH("weft_learned", struct weft_fdb_key, struct weft_learned),
	[TABLE_LEARN_PORT] = ARRAY("weft_learn_port", struct weft_learn_use),
	[TABLE_LEARN_NET] = ARRAY("weft_learn_net", struct weft_learn_use),
	[TABLE_LEARN_VTEP] =
		HASH("weft_learn_vtep", struct weft_learn_vtep_key, struct weft_learn_use),
	[TABLE_LEARN_NODE] = ARRAY("weft_learn_node", struct weft_learn_node),
	[TABLE_CAP_CONF] = ARRAY("weft_cap_conf", struct weft_cap_conf),
	[TABLE_CAP_STAT] = PERCPU_ARRAY("weft_cap_stat", struct weft_cap_stat),
	[TABLE_CAP_REC] = PERCPU_ARRAY("weft_cap_rec", struct weft_cap_rec),
	[TABLE_CAP_OUT] = ARRAY("weft_cap_out", __u32),
	[TABLE_FILE_INFO] = ARRAY("weft_file_info", struct weft_file_info),
};

static int rows_grow(struct rows *rows, const struct table_desc *desc, size_t size)
{
	__u8 *keys, *values;

	keys = reallocarray(rows->keys, size, desc->key_size);
	if (!keys)
		return -ENOMEM;
	rows->keys = keys;

	values = reallocarray(rows->values, size, desc->value_size);
	if (!values)
		return -ENOMEM;
	rows->values = values;

	rows->size = size;
	return 0;
}

int rows_add(struct rows *rows, const struct table_desc *desc, const void *key, const void *value)
{
	int err;

	if (rows->n == rows->size) {
		err = rows_grow(rows, desc, rows->size ? rows->size * 2 : FIRST_ROWS);
		if (err)
			return err;
	}
	memcpy(rows->keys + rows->n * desc->key_size, key, desc->key_size);
	memcpy(rows->values + rows->n * desc->value_size, value, desc->value_size);
	rows->n++;
	return 0;
}

void rows_clear(struct rows *rows)
{
	free(rows->keys);
	free(rows->values);
	*rows = (struct rows){};
}

void table_init(struct table *table, const struct table_desc *desc)
{
	*table = (struct table){.desc = desc};
}

void table_clear(struct table *table)
{
	rows_clear(&table->rows);
	set_clear(&table->index);
}

int table_put(struct table *table, const void *key, const void *value)
{
	const struct table_desc *desc = table->desc;
	size_t row;
	int err;

	err = set_add(&table->index, key, desc->key_size, table->rows.n, &row);
	if (err == -EEXIST) {
		memcpy(table->rows.values + row * desc->value_size, value, desc->value_size);
		return 0;
	}
	if (err)
		return err;
	return rows_add(&table->rows, desc, key, value);
}

int table_reserve(struct table *table, size_t n)
{
	int err = n > table->rows.size ? rows_grow(&table->rows, table->desc, n) : 0;

	return err ? err : set_reserve(&table->index, n);
}

void table_remove(struct table *table, const void *key)
{
	const struct table_desc *desc = table->desc;
	struct rows *rows = &table->rows;
	size_t row, last = rows->n - 1;

	if (!set_find(&table->index, key, desc->key_size, &row))
		return;
	set_remove(&table->index, key, desc->key_size);
	if (row != last) {
		memcpy(rows->keys + row * desc->key_size, rows->keys + last * desc->key_size,
		       desc->key_size);
		memcpy(rows->values + row * desc->value_size,
		       rows->values + last * desc->value_size, desc->value_size);
		set_move(&table->index, rows->keys + row * desc->key_size, desc->key_size, row);
	}
	rows->n--;
}

const void *table_get(const struct table *table, const void *key)
{
	size_t row;

	if (!set_find(&table->index, key, table->desc->key_size, &row))
		return NULL;
	return table_value(table, row);
}

__u32 table_highest_id(const struct table *table)
{
	__u32 id, highest = 0;

	for (size_t i = 0; i < table->rows.n; i++) {
		memcpy(&id, table_key(table, i), sizeof(id));
		if (id > highest)
			highest = id;
	}
	return highest;
}

void tables_init(struct tables *tables)
{
	for (int i = 0; i < __TABLE_WANTED_MAX; i++)
		table_init(&tables->t[i], &table_descs[i]);
}

void tables_clear(struct tables *tables)
{
	for (int i = 0; i < __TABLE_WANTED_MAX; i++)
		table_clear(&tables->t[i]);
}

/*
 * A row by its key, or NULL. Two states of one node have most rows in the same order, so the row
 * behind the one that was found last is looked at first.
 */
static const void *find_near(const struct table *table, const void *key, size_t *near)
{
	size_t row = *near;

	if (row >= table->rows.n ||
	    memcmp(table_key(table, row), key, table->desc->key_size) != 0) {
		if (!set_find(&table->index, key, table->desc->key_size, &row))
			return NULL;
	}
	*near = row + 1;
	return table_value(table, row);
}

static int diff_wanted(const struct table *actual, const struct table *wanted,
		       struct table_diff *diff)
{
	const struct table_desc *desc = wanted->desc;
	const void *key, *value, *old;
	size_t near = 0;
	int err = 0;

	for (size_t i = 0; i < wanted->rows.n && !err; i++) {
		key = table_key(wanted, i);
		value = table_value(wanted, i);
		old = find_near(actual, key, &near);
		if (!old) {
			err = rows_add(&diff->added, desc, key, value);
		} else if (memcmp(old, value, desc->value_size) != 0) {
			err = rows_add(&diff->changed, desc, key, value);
			if (!err)
				err = rows_add(&diff->previous, desc, key, old);
		}
	}
	return err;
}

static int diff_actual(const struct table *actual, const struct table *wanted,
		       bool (*counts)(void *arg, const void *key), void *arg,
		       struct table_diff *diff)
{
	const void *key;
	size_t near = 0;
	int err = 0;

	for (size_t i = 0; i < actual->rows.n && !err; i++) {
		key = table_key(actual, i);
		if ((!counts || counts(arg, key)) && !find_near(wanted, key, &near))
			err = rows_add(&diff->removed, actual->desc, key, table_value(actual, i));
	}
	return err;
}

int table_diff(const struct table *actual, const struct table *wanted, struct table_diff *diff)
{
	return table_diff_among(actual, wanted, NULL, NULL, diff);
}

int table_diff_among(const struct table *actual, const struct table *wanted,
		     bool (*counts)(void *arg, const void *key), void *arg, struct table_diff *diff)
{
	int err;

	err = diff_wanted(actual, wanted, diff);
	if (!err)
		err = diff_actual(actual, wanted, counts, arg, diff);
	if (err)
		table_diff_clear(diff);
	return err;
}

void table_diff_clear(struct table_diff *diff)
{
	rows_clear(&diff->added);
	rows_clear(&diff->changed);
	rows_clear(&diff->previous);
	rows_clear(&diff->removed);
}
