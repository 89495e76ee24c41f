/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The schema in words: phrases that error messages and the reference page share. */
#include "schema.h"

#include <stdarg.h>
#include <string.h>

/* Append; what does not fit is cut. */
__attribute__((format(printf, 2, 3))) static void add(struct schema_text *text, const char *fmt,
						      ...)
{
	size_t len = strlen(text->s);
	va_list args;

	va_start(args, fmt);
	vsnprintf(text->s + len, sizeof(text->s) - len, fmt, args);
	va_end(args);
}

static void add_names(struct schema_text *text, const struct schema_type *type)
{
	const char *const *name;

	for (name = type->names; *name; name++)
		add(text, "%s%s", name == type->names ? "" : name[1] ? ", " : " or ", *name);
}

struct schema_text schema_key_names(const struct schema_table *table)
{
	struct schema_text text = {};
	const struct schema_key *key;

	for (key = table->keys; key->name; key++)
		add(&text, "%s%s", key == table->keys ? "" : ", ", key->name);
	return text;
}

/* Kinds that are the same wherever they stand. */
static const char *const phrases[__SCHEMA_MAX] = {
	[SCHEMA_NAME] = "1 to 63 letters, digits, \"-\" and \"_\", the first a letter or digit",
	[SCHEMA_INTERFACE] = "an interface name: 1 to 15 characters, no blank, \"/\" or \":\"",
	[SCHEMA_LABEL] =
		"1 to 63 letters, digits, \"-\", \"_\" and \".\", the first a letter or digit",
	/* clang-format off */
	[SCHEMA_ID] = "1 to 320 letters, digits, \"-\", \"_\", \".\" and \"/\", the first a letter or digit",
	/* clang-format on */
	[SCHEMA_BOOL] = "true or false",
	[SCHEMA_MAC] = "a unicast MAC address such as 02:00:00:00:00:01",
	[SCHEMA_ADDRESS] = "a unicast IPv4 or IPv6 address",
	[SCHEMA_PREFIX] = "a prefix such as 10.9.0.0/24 or \"fd00:9::/64\"",
	[SCHEMA_PROTOCOL] = "tcp, udp, sctp, icmp, icmpv6, any or a number from 0 to 255",
	[SCHEMA_PORTS] = "a port from 0 to 65535 or a range such as 8000-8080",
	[SCHEMA_DURATION] = "a time from 1ms to 10d such as 30 or 30s, 500ms, 2m, 1h",
};

static void add_expected(struct schema_text *text, const struct schema_type *type);

static void add_list(struct schema_text *text, const struct schema_type *type)
{
	if (!type->lone)
		add(text, "a list; each item ");
	add_expected(text, type->item);
	if (type->lone)
		add(text, ", or a list of them");
}

static void add_table(struct schema_text *text, const struct schema_table *table)
{
	add(text, "a mapping with the keys %s", schema_key_names(table).s);
	if (table->shorthand)
		add(text, ", or only its %s", table->shorthand);
}

static void add_expected(struct schema_text *text, const struct schema_type *type)
{
	switch (type->kind) {
	case SCHEMA_REFERENCE:
		add(text, "the name of %s %s", strchr("aeiou", type->target[0]) ? "an" : "a",
		    type->target);
		break;
	case SCHEMA_NUMBER:
		add(text, "a number from %llu to %llu", type->min, type->max);
		break;
	case SCHEMA_ENUM:
		add_names(text, type);
		break;
	case SCHEMA_LIST:
		add_list(text, type);
		break;
	case SCHEMA_TABLE:
		add_table(text, type->table);
		break;
	case SCHEMA_PREFIX:
		add(text, "%s%s", type->host ? "an address or " : "", phrases[type->kind]);
		break;
	default:
		add(text, "%s", phrases[type->kind]);
		break;
	}
}

struct schema_text schema_expected(const struct schema_type *type)
{
	struct schema_text text = {};

	add_expected(&text, type);
	return text;
}
