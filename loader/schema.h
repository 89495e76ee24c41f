/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * What a configuration file may say: one description for the decoder (decode.c), its error
 * messages, the reference page (schema_markdown.c) and the JSON Schema for editors (schema_json.c).
 * The description itself is in schema.c and its neighbours and reads as documentation.
 */
#ifndef WEFT_LOADER_SCHEMA_H
#define WEFT_LOADER_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <jansson.h>
#include <linux/types.h>

/** enum schema_kind - what a value is, and which struct of config.h holds it. */
enum schema_kind {
	SCHEMA_NAME,      /* struct cfg_str: name of a row, also a directory and a table key */
	SCHEMA_REFERENCE, /* struct cfg_str: name of a row elsewhere in the file */
	SCHEMA_INTERFACE, /* struct cfg_str: name of a network interface */
	SCHEMA_LABEL,     /* struct cfg_str: a group */
	SCHEMA_ID,        /* struct cfg_str: what somebody else calls a thing */
	SCHEMA_NUMBER,    /* struct cfg_num */
	SCHEMA_BOOL,      /* struct cfg_num, 0 or 1 */
	SCHEMA_ENUM,      /* struct cfg_num, index in @names */
	SCHEMA_MAC,       /* struct cfg_mac, unicast and not zero */
	SCHEMA_ADDRESS,   /* struct cfg_addr */
	SCHEMA_PREFIX,    /* struct cfg_addr, no host bits */
	SCHEMA_PROTOCOL,  /* struct cfg_num: IP protocol or CFG_PROTOCOL_ANY */
	SCHEMA_PORTS,     /* struct cfg_range: a port or a range of them */
	SCHEMA_DURATION,  /* struct cfg_num, milliseconds, 1 to CFG_DURATION_MAX */
	SCHEMA_LIST,      /* struct cfg_strs and its kin: array of @item, count */
	SCHEMA_TABLE,     /* a struct with the keys of @table */
	__SCHEMA_MAX,
};

struct schema_table;

/** struct schema_type - the values a key takes. Only what the kind needs is set. */
struct schema_type {
	enum schema_kind kind;
	__u64 min, max;                   /* NUMBER */
	const char *const *names;         /* ENUM, NULL-terminated */
	const char *target;               /* REFERENCE: "node", "network", .. */
	bool whole;                       /* PREFIX: may be all addresses */
	bool host;                        /* PREFIX: may be a lone address */
	const struct schema_type *item;   /* LIST */
	size_t min_items, max_items;      /* LIST; 0 = no limit */
	bool lone;                        /* LIST: one item may stand without its list */
	const struct schema_table *table; /* TABLE */
};

/** struct schema_key - a key of a table. */
struct schema_key {
	const char *name;
	struct schema_type type;
	size_t offset; /* in the struct of the table */
	bool required;
	const char *fallback; /* default, as the file would say it; NULL: absent stays absent */
	const char *doc;      /* one or a few whole sentences, Markdown */
	const char *example;  /* a value, in YAML's flow style */
};

/** struct schema_table - a mapping in the file, and the struct it is decoded into. */
struct schema_table {
	const char *doc;
	const struct schema_key *keys; /* ends with a key without name */
	size_t size;                   /* of the struct */
	const char *shorthand;         /* key that its value alone stands for, or NULL */
	const char *const *rules;      /* what check.c demands beyond one key; ends with NULL */
	const char *example;           /* YAML lines; NULL: made of the keys' own examples */
};

/** struct schema_text - a phrase, by value. */
struct schema_text {
	char s[256];
};

/** schema_root - the file's top level, decoded into struct config. */
extern const struct schema_table schema_root;

/** schema_encap_name - how the file spells an encapsulation; @encap: enum cfg_encap. */
const char *schema_encap_name(__u64 encap);

/** schema_find_key - a table's key by name, or NULL. */
const struct schema_key *schema_find_key(const struct schema_table *table, const char *name);

/** schema_size - bytes of the struct that holds a value of this type. */
size_t schema_size(const struct schema_type *type);

/** struct schema_list - the layout of every list in config.h, whatever its items are. */
struct schema_list {
	void *v;
	size_t n;
};

/** schema_set_default - give a key of @row, which is all zero, the value it has when absent. */
void schema_set_default(const struct schema_key *key, void *row);

/** schema_set_defaults - schema_set_default() for every key of a table. */
void schema_set_defaults(const struct schema_table *table, void *row);

/** schema_free - release everything that @row owns, but not @row. */
void schema_free(const struct schema_table *table, void *row);

/** schema_shift_lines - add to the line of every value in @row that was given. */
void schema_shift_lines(const struct schema_table *table, void *row, int lines);

/** schema_expected - what a value must be, as the end of "must be ...": "a number from 1 to 65535".
 */
struct schema_text schema_expected(const struct schema_type *type);

/** schema_key_names - the keys of a table, with commas between them. */
struct schema_text schema_key_names(const struct schema_table *table);

/** schema_json - JSON Schema (draft 7) of the file; NULL without memory. The caller owns it. */
json_t *schema_json(void);

/** schema_markdown - write the reference page. */
void schema_markdown(FILE *out);

#endif
