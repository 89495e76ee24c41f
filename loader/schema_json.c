/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The schema as JSON Schema, for editors that complete and underline as one types. Draft 7: what
 * their YAML modes know best. It says what one key shows; `weft check` knows the rest.
 */
#include "schema.h"

#include <string.h>

#include "config.h"

#define NAME_PATTERN      "^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$"
#define INTERFACE_PATTERN "^[^/:\\s]{1,15}$"
#define LABEL_PATTERN     "^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$"
#define ID_PATTERN        "^[A-Za-z0-9][A-Za-z0-9_./-]{0,319}$"
#define MAC_PATTERN       "^[0-9A-Fa-f][02468ACEace](:[0-9A-Fa-f]{2}){5}$"
#define PREFIX_PATTERN    "^[0-9A-Fa-f:.]+/[1-9][0-9]{0,2}$"
#define BLOCK_PATTERN     "^[0-9A-Fa-f:.]+/(0|[1-9][0-9]{0,2})$"
#define HOST_PATTERN      "^[0-9A-Fa-f:.]+(/(0|[1-9][0-9]{0,2}))?$"
#define PORTS_PATTERN     "^(0|[1-9][0-9]{0,4})(-(0|[1-9][0-9]{0,4}))?$"
#define DURATION_PATTERN  "^[1-9][0-9]{0,8}(ms|s|m|h|d)?$"

static json_t *type_json(const struct schema_type *type);

static json_t *string_json(const char *pattern)
{
	return json_pack("{s:s, s:s}", "type", "string", "pattern", pattern);
}

static json_t *enum_json(const struct schema_type *type)
{
	json_t *names = json_array();
	const char *const *name;

	for (name = type->names; *name; name++)
		json_array_append_new(names, json_string(*name));
	return json_pack("{s:o}", "enum", names);
}

/* A number, or what else @text says. */
static json_t *number_or_json(int min, int max, json_t *text)
{
	return json_pack("{s:[{s:s, s:i, s:i}, o]}", "anyOf", "type", "integer", "minimum", min,
			 "maximum", max, text);
}

static json_t *protocol_json(void)
{
	return number_or_json(0, 255,
			      json_pack("{s:[s, s, s, s, s, s]}", "enum", "any", "tcp", "udp",
					"sctp", "icmp", "icmpv6"));
}

static json_t *list_json(const struct schema_type *type)
{
	json_t *list = json_pack("{s:s, s:o}", "type", "array", "items", type_json(type->item));

	if (type->min_items)
		json_object_set_new(list, "minItems", json_integer(type->min_items));
	if (type->max_items)
		json_object_set_new(list, "maxItems", json_integer(type->max_items));
	if (!type->lone)
		return list;
	return json_pack("{s:[o, o]}", "anyOf", type_json(type->item), list);
}

/* A default is written as the file would say it: numbers and booleans are JSON already. */
static json_t *fallback_json(const struct schema_key *key)
{
	json_t *value = json_loads(key->fallback, JSON_DECODE_ANY, NULL);

	return value ? value : json_string(key->fallback);
}

static json_t *key_json(const struct schema_key *key)
{
	json_t *json = type_json(&key->type);

	json_object_set_new(json, "description", json_string(key->doc));
	if (key->fallback)
		json_object_set_new(json, "default", fallback_json(key));
	return json;
}

static json_t *table_json(const struct schema_table *table)
{
	json_t *properties = json_object(), *required = json_array(), *json;
	const struct schema_key *key;

	for (key = table->keys; key->name; key++) {
		json_object_set_new(properties, key->name, key_json(key));
		if (key->required)
			json_array_append_new(required, json_string(key->name));
	}
	json = json_pack("{s:s, s:s, s:o, s:o, s:b}", "type", "object", "description", table->doc,
			 "properties", properties, "required", required, "additionalProperties", 0);
	if (!table->shorthand)
		return json;
	key = schema_find_key(table, table->shorthand);
	return json_pack("{s:[o, o]}", "anyOf", key_json(key), json);
}

static json_t *type_json(const struct schema_type *type)
{
	switch (type->kind) {
	case SCHEMA_NAME:
	case SCHEMA_REFERENCE:
		return string_json(NAME_PATTERN);
	case SCHEMA_INTERFACE:
		return string_json(INTERFACE_PATTERN);
	case SCHEMA_NUMBER:
		return json_pack("{s:s, s:I, s:I}", "type", "integer", "minimum",
				 (json_int_t)type->min, "maximum", (json_int_t)type->max);
	case SCHEMA_BOOL:
		return json_pack("{s:s}", "type", "boolean");
	case SCHEMA_ENUM:
		return enum_json(type);
	case SCHEMA_MAC:
		return string_json(MAC_PATTERN);
	case SCHEMA_ADDRESS:
		return json_pack("{s:s, s:[{s:s}, {s:s}]}", "type", "string", "anyOf", "format",
				 "ipv4", "format", "ipv6");
	case SCHEMA_LABEL:
		return string_json(LABEL_PATTERN);
	case SCHEMA_ID:
		return string_json(ID_PATTERN);
	case SCHEMA_PREFIX:
		return string_json(type->host    ? HOST_PATTERN
				   : type->whole ? BLOCK_PATTERN
						 : PREFIX_PATTERN);
	case SCHEMA_PROTOCOL:
		return protocol_json();
	case SCHEMA_PORTS:
		return number_or_json(0, 65535, string_json(PORTS_PATTERN));
	case SCHEMA_DURATION:
		return number_or_json(1, CFG_DURATION_MAX / 1000, string_json(DURATION_PATTERN));
	case SCHEMA_LIST:
		return list_json(type);
	case SCHEMA_TABLE:
		return table_json(type->table);
	case __SCHEMA_MAX:
		break;
	}
	return NULL;
}

json_t *schema_json(void)
{
	json_t *json = table_json(&schema_root);

	json_object_set_new(json, "$schema",
			    json_string("http://json-schema.org/draft-07/schema#"));
	json_object_set_new(json, "title", json_string("weft configuration"));
	return json;
}
