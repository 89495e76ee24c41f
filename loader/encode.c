/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Schema-driven encoder; see encode.h. */
#include "encode.h"

#include <stdio.h>
#include <string.h>

#include "config.h"
#include "value.h"

static json_t *encode_protocol(__u64 protocol)
{
	const char *name = value_protocol(protocol);

	return name ? json_string(name) : json_integer(protocol);
}

static json_t *encode_range(const struct cfg_range *range)
{
	if (range->first == range->last)
		return json_integer(range->first);
	return json_sprintf("%u-%u", range->first, range->last);
}

static json_t *encode_duration(__u64 ms)
{
	return ms % 1000 ? json_sprintf("%llums", ms) : json_integer(ms / 1000);
}

/* A lone address where one may stand. */
static json_t *encode_prefix(const struct schema_type *type, const struct cfg_addr *prefix)
{
	bool lone = prefix->prefix_len == (value_is_ipv4(&prefix->v) ? 32 : 128);

	return json_string(type->host && lone ? value_addr(prefix).s : value_prefix(prefix).s);
}

static json_t *encode_list(const struct schema_type *type, const void *value);

static json_t *encode_value(const struct schema_type *type, const void *value)
{
	const struct cfg_str *str = value;
	const struct cfg_num *num = value;

	switch (type->kind) {
	case SCHEMA_NAME:
	case SCHEMA_REFERENCE:
	case SCHEMA_INTERFACE:
	case SCHEMA_LABEL:
	case SCHEMA_ID:
		return json_string(str->v);
	case SCHEMA_NUMBER:
		return json_integer(num->v);
	case SCHEMA_BOOL:
		return json_boolean(num->v);
	case SCHEMA_ENUM:
		return json_string(type->names[num->v]);
	case SCHEMA_MAC:
		return json_string(value_mac(((const struct cfg_mac *)value)->v).s);
	case SCHEMA_ADDRESS:
		return json_string(value_addr(value).s);
	case SCHEMA_PREFIX:
		return encode_prefix(type, value);
	case SCHEMA_PROTOCOL:
		return encode_protocol(num->v);
	case SCHEMA_PORTS:
		return encode_range(value);
	case SCHEMA_DURATION:
		return encode_duration(num->v);
	case SCHEMA_LIST:
		return encode_list(type, value);
	case SCHEMA_TABLE:
		return encode(type->table, value);
	case __SCHEMA_MAX:
		break;
	}
	return NULL;
}

static json_t *encode_list(const struct schema_type *type, const void *value)
{
	size_t size = schema_size(type->item);
	json_t *array = json_array();
	struct schema_list list;

	memcpy(&list, value, sizeof(list));
	for (size_t i = 0; i < list.n && array; i++) {
		if (!json_array_append_new(
			    array, encode_value(type->item, (const char *)list.v + i * size)))
			continue;
		json_decref(array);
		array = NULL;
	}
	return array;
}

/* A list has no place of its own; an empty one says what an absent one does. */
static bool is_given(const struct schema_type *type, const void *value)
{
	struct schema_list list;
	struct cfg_pos pos;

	if (type->kind == SCHEMA_LIST) {
		memcpy(&list, value, sizeof(list));
		return list.n;
	}
	memcpy(&pos, value, sizeof(pos));
	return pos.line;
}

json_t *encode(const struct schema_table *table, const void *row)
{
	const struct schema_key *key;
	json_t *json = json_object();

	for (key = table->keys; key->name && json; key++) {
		const void *value = (const char *)row + key->offset;

		if (!is_given(&key->type, value) ||
		    !json_object_set_new(json, key->name, encode_value(&key->type, value)))
			continue;
		json_decref(json);
		json = NULL;
	}
	return json;
}
