/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* What the schema knows about the structs of config.h: their layout, defaults and ownership. */
#include "schema.h"

#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "value.h"

#define STARTS_WITH_POS(type)                                                                      \
	_Static_assert(offsetof(type, line) == offsetof(struct cfg_pos, line) &&                   \
			       offsetof(type, column) == offsetof(struct cfg_pos, column),         \
		       #type)
STARTS_WITH_POS(struct cfg_str);
STARTS_WITH_POS(struct cfg_num);
STARTS_WITH_POS(struct cfg_mac);
STARTS_WITH_POS(struct cfg_addr);
STARTS_WITH_POS(struct cfg_range);
STARTS_WITH_POS(struct cfg_uplink);
STARTS_WITH_POS(struct cfg_node);
STARTS_WITH_POS(struct cfg_network);
STARTS_WITH_POS(struct cfg_port);
STARTS_WITH_POS(struct cfg_pair);
STARTS_WITH_POS(struct cfg_storm);
STARTS_WITH_POS(struct cfg_pool);
STARTS_WITH_POS(struct cfg_address_set);
STARTS_WITH_POS(struct cfg_subject);
STARTS_WITH_POS(struct cfg_peer);
STARTS_WITH_POS(struct cfg_rule);
STARTS_WITH_POS(struct cfg_policy);
STARTS_WITH_POS(struct cfg_limits);
STARTS_WITH_POS(struct cfg_timeouts);
STARTS_WITH_POS(struct cfg_flows);
STARTS_WITH_POS(struct config);

#define IS_LIST(type)                                                                              \
	_Static_assert(sizeof(type) == sizeof(struct schema_list) &&                               \
			       offsetof(type, n) == offsetof(struct schema_list, n),               \
		       #type)
IS_LIST(struct cfg_strs);
IS_LIST(struct cfg_addrs);
IS_LIST(struct cfg_ranges);
IS_LIST(struct cfg_uplinks);
IS_LIST(struct cfg_nodes);
IS_LIST(struct cfg_pairs);
IS_LIST(struct cfg_pools);
IS_LIST(struct cfg_networks);
IS_LIST(struct cfg_ports);
IS_LIST(struct cfg_address_sets);
IS_LIST(struct cfg_rules);
IS_LIST(struct cfg_policies);

size_t schema_size(const struct schema_type *type)
{
	switch (type->kind) {
	case SCHEMA_NAME:
	case SCHEMA_REFERENCE:
	case SCHEMA_INTERFACE:
	case SCHEMA_LABEL:
	case SCHEMA_ID:
		return sizeof(struct cfg_str);
	case SCHEMA_NUMBER:
	case SCHEMA_PROTOCOL:
	case SCHEMA_BOOL:
	case SCHEMA_ENUM:
	case SCHEMA_DURATION:
		return sizeof(struct cfg_num);
	case SCHEMA_MAC:
		return sizeof(struct cfg_mac);
	case SCHEMA_ADDRESS:
	case SCHEMA_PREFIX:
		return sizeof(struct cfg_addr);
	case SCHEMA_PORTS:
		return sizeof(struct cfg_range);
	case SCHEMA_LIST:
		return sizeof(struct cfg_strs);
	case SCHEMA_TABLE:
		return type->table->size;
	case __SCHEMA_MAX:
		break;
	}
	return 0;
}

void schema_set_default(const struct schema_key *key, void *row)
{
	void *value = (char *)row + key->offset;
	struct value_problem problem;

	if (key->fallback)
		value_parse(&key->type, key->fallback, value, &problem);
	else if (key->type.kind == SCHEMA_TABLE)
		schema_set_defaults(key->type.table, value);
}

void schema_set_defaults(const struct schema_table *table, void *row)
{
	const struct schema_key *key;

	for (key = table->keys; key->name; key++)
		schema_set_default(key, row);
}

static void free_value(const struct schema_type *type, void *value)
{
	struct cfg_str *str = value;
	struct schema_list list;
	size_t i;

	switch (type->kind) {
	case SCHEMA_NAME:
	case SCHEMA_REFERENCE:
	case SCHEMA_INTERFACE:
	case SCHEMA_LABEL:
	case SCHEMA_ID:
		free(str->v);
		break;
	case SCHEMA_LIST:
		memcpy(&list, value, sizeof(list));
		for (i = 0; i < list.n; i++)
			free_value(type->item, (char *)list.v + i * schema_size(type->item));
		free(list.v);
		break;
	case SCHEMA_TABLE:
		schema_free(type->table, value);
		break;
	default:
		break;
	}
}

void schema_free(const struct schema_table *table, void *row)
{
	const struct schema_key *key;

	for (key = table->keys; key->name; key++)
		free_value(&key->type, (char *)row + key->offset);
}

static void shift(void *value, int lines)
{
	struct cfg_pos pos;

	memcpy(&pos, value, sizeof(pos));
	if (pos.line)
		pos.line += lines;
	memcpy(value, &pos, sizeof(pos));
}

static void shift_value(const struct schema_type *type, void *value, int lines)
{
	struct schema_list list;
	size_t i;

	if (type->kind == SCHEMA_LIST) {
		memcpy(&list, value, sizeof(list));
		for (i = 0; i < list.n; i++)
			shift_value(type->item, (char *)list.v + i * schema_size(type->item),
				    lines);
	} else if (type->kind == SCHEMA_TABLE) {
		schema_shift_lines(type->table, value, lines);
	} else {
		shift(value, lines);
	}
}

void schema_shift_lines(const struct schema_table *table, void *row, int lines)
{
	const struct schema_key *key;

	shift(row, lines);
	for (key = table->keys; key->name; key++)
		shift_value(&key->type, (char *)row + key->offset, lines);
}
