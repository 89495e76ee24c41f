/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Schema-driven decoder; see decode.h. */
#include "decode.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "diag.h"
#include "suggest.h"
#include "util.h"
#include "value.h"

/* Aliases let a short file stand for a very long one; this many uses of a node are honest. */
#define REUSE_FACTOR 4
#define REUSE_BASE   100000

#define MAX_KEYS      32 /* of one table */
#define MAX_SHOWN_KEY 64 /* a longer one is not worth the room in a path */

struct decoder {
	yaml_document_t *document;
	struct diag *diag;
	char path[DIAG_KEY_LEN]; /* of the value at hand: "ports[3].mac" */
	size_t path_len;
	size_t budget; /* values that may still be decoded */
};

static void decode_value(struct decoder *d, const struct schema_type *type, yaml_node_t *node,
			 void *out);

static const char *text_of(const yaml_node_t *node)
{
	return (const char *)node->data.scalar.value;
}

static struct diag_at at_node(const struct decoder *d, const yaml_node_t *node)
{
	return diag_at(node->start_mark.line + 1, node->start_mark.column + 1, "%s", d->path);
}

static void set_pos(void *value, const yaml_node_t *node)
{
	struct cfg_pos pos = {node->start_mark.line + 1, node->start_mark.column + 1};

	memcpy(value, &pos, sizeof(pos));
}

/* Extend the path; the return value takes leave_path() back to where it was. */
__attribute__((format(printf, 2, 3))) static size_t enter_path(struct decoder *d, const char *fmt,
							       ...)
{
	size_t before = d->path_len, room = sizeof(d->path) - before;
	va_list args;
	size_t len;

	va_start(args, fmt);
	len = vsnprintf(d->path + before, room, fmt, args);
	va_end(args);
	d->path_len += len < room ? len : room - 1;
	return before;
}

static void leave_path(struct decoder *d, size_t before)
{
	d->path_len = before;
	d->path[before] = '\0';
}

static size_t enter_key(struct decoder *d, const char *name)
{
	return enter_path(d, "%s%s", d->path_len ? "." : "", name);
}

static const char *node_kind(const yaml_node_t *node)
{
	switch (node->type) {
	case YAML_SEQUENCE_NODE:
		return "a list";
	case YAML_MAPPING_NODE:
		return "a mapping";
	default:
		return node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE ? "a plain value"
									  : "a string";
	}
}

static bool is_null(const yaml_node_t *node)
{
	static const char *const nulls[] = {"", "~", "null", "Null", "NULL"};
	size_t i;

	if (node->type != YAML_SCALAR_NODE || node->data.scalar.style != YAML_PLAIN_SCALAR_STYLE)
		return false;
	for (i = 0; i < ARRAY_SIZE(nulls); i++) {
		if (!strcmp(text_of(node), nulls[i]))
			return true;
	}
	return false;
}

static void refuse_type(struct decoder *d, const struct schema_type *type, const yaml_node_t *node)
{
	if (is_null(node))
		diag_error(d->diag, at_node(d, node), "there is no value");
	else
		diag_error(d->diag, at_node(d, node), "%s cannot stand here", node_kind(node));
	if (type->kind == SCHEMA_LIST && node->type == YAML_SCALAR_NODE && !is_null(node))
		diag_hint(d->diag, "write it as a list: [%s]", diag_quote(text_of(node)).s);
	else
		diag_hint(d->diag, "expected %s", schema_expected(type).s);
}

/* Whether a scalar node can be a value of @type as far as YAML's own types go. */
static bool fits_scalar(const struct schema_type *type, const yaml_node_t *node)
{
	if (node->type != YAML_SCALAR_NODE || is_null(node))
		return false;
	if (type->kind != SCHEMA_NUMBER && type->kind != SCHEMA_BOOL)
		return true;
	return node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
}

static void decode_scalar(struct decoder *d, const struct schema_type *type, yaml_node_t *node,
			  void *out)
{
	struct value_problem problem;

	if (!fits_scalar(type, node)) {
		refuse_type(d, type, node);
		return;
	}
	if (strlen(text_of(node)) != node->data.scalar.length) {
		diag_error(d->diag, at_node(d, node), "the value contains a NUL character");
		return;
	}
	set_pos(out, node);
	if (value_parse(type, text_of(node), out, &problem))
		return;
	diag_error(d->diag, at_node(d, node), "%s %s", diag_quote(text_of(node)).s, problem.wrong);
	if (problem.right.s[0])
		diag_hint(d->diag, "%s", problem.right.s);
	else
		diag_hint(d->diag, "expected %s", schema_expected(type).s);
}

static void check_length(struct decoder *d, const struct schema_type *type, yaml_node_t *node,
			 size_t n)
{
	if (n >= type->min_items && (!type->max_items || n <= type->max_items))
		return;
	if (n)
		diag_error(d->diag, at_node(d, node), "%zu items are too many", n);
	else
		diag_error(d->diag, at_node(d, node), "the list is empty");
	if (type->max_items)
		diag_hint(d->diag, "give %zu to %zu", type->min_items, type->max_items);
	else
		diag_hint(d->diag, "give at least %zu", type->min_items);
}

static void decode_list(struct decoder *d, const struct schema_type *type, yaml_node_t *node,
			void *out)
{
	bool lone = type->lone && node->type == YAML_SCALAR_NODE && !is_null(node);
	size_t size = schema_size(type->item), i;
	yaml_node_item_t *items;
	struct schema_list list;

	if (!lone && node->type != YAML_SEQUENCE_NODE) {
		refuse_type(d, type, node);
		return;
	}
	items = node->data.sequence.items.start;
	list.n = lone ? 1 : node->data.sequence.items.top - items;
	check_length(d, type, node, list.n);

	list.v = calloc(list.n + 1, size);
	if (!list.v) {
		diag_error(d->diag, at_node(d, node), "the list does not fit into memory");
		return;
	}
	memcpy(out, &list, sizeof(list));
	if (lone)
		decode_value(d, type->item, node, list.v);
	for (i = 0; !lone && i < list.n; i++) {
		size_t before = enter_path(d, "[%zu]", i);

		decode_value(d, type->item, yaml_document_get_node(d->document, items[i]),
			     (char *)list.v + i * size);
		leave_path(d, before);
	}
}

static void refuse_key(struct decoder *d, const struct schema_table *table, const yaml_node_t *node)
{
	struct suggestion s = {.word = text_of(node)};
	const struct schema_key *key;

	if (!strcmp(s.word, "<<") && node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE) {
		diag_error(d->diag, at_node(d, node), "merge keys (<<) are not supported");
		diag_hint(d->diag, "write the keys out; an alias can stand for a whole value");
		return;
	}
	for (key = table->keys; key->name; key++)
		suggest_try(&s, key->name);
	diag_error(d->diag, at_node(d, node), "unknown key %s", diag_quote(s.word).s);
	if (s.best)
		diag_hint(d->diag, "did you mean \"%s\"?", s.best);
	else
		diag_hint(d->diag, "the keys here are %s", schema_key_names(table).s);
}

/* One "key: value" of a mapping. @seen: the line of each of the table's keys so far. */
static void decode_pair(struct decoder *d, const struct schema_table *table,
			const yaml_node_pair_t *pair, size_t *seen, void *out)
{
	yaml_node_t *name = yaml_document_get_node(d->document, pair->key);
	yaml_node_t *value = yaml_document_get_node(d->document, pair->value);
	const struct schema_key *key;
	size_t before, *line;

	if (name->type != YAML_SCALAR_NODE) {
		diag_error(d->diag, at_node(d, name), "%s cannot be a key", node_kind(name));
		diag_hint(d->diag, "the keys here are %s", schema_key_names(table).s);
		return;
	}
	key = schema_find_key(table, text_of(name));
	if (!key) {
		before = enter_key(d, name->data.scalar.length < MAX_SHOWN_KEY ? text_of(name)
									       : "...");
		refuse_key(d, table, name);
		leave_path(d, before);
		return;
	}

	before = enter_key(d, key->name);
	line = &seen[key - table->keys];
	if (*line) {
		diag_error(d->diag, at_node(d, name), "the key is already given in line %zu",
			   *line);
		diag_hint(d->diag, "keep one of the two");
	} else {
		*line = name->start_mark.line + 1;
		decode_value(d, &key->type, value, (char *)out + key->offset);
	}
	leave_path(d, before);
}

static void finish_table(struct decoder *d, const struct schema_table *table, yaml_node_t *node,
			 const size_t *seen, void *out)
{
	const struct schema_key *key;

	for (key = table->keys; key->name; key++) {
		size_t before;

		if (seen[key - table->keys])
			continue;
		if (!key->required) {
			schema_set_default(key, out);
			continue;
		}
		before = enter_key(d, key->name);
		diag_error(d->diag, at_node(d, node), "the key is missing");
		diag_hint(d->diag, "expected %s", schema_expected(&key->type).s);
		leave_path(d, before);
	}
}

/* Whether a node that is no mapping can stand for a table's one key. */
static bool fits_shorthand(const struct schema_table *table, const yaml_node_t *node)
{
	if (!table->shorthand)
		return false;
	if (node->type == YAML_SEQUENCE_NODE)
		return schema_find_key(table, table->shorthand)->type.kind == SCHEMA_LIST;
	return node->type == YAML_SCALAR_NODE && !is_null(node);
}

static void decode_table(struct decoder *d, const struct schema_type *type, yaml_node_t *node,
			 void *out)
{
	const struct schema_table *table = type->table;
	size_t seen[MAX_KEYS] = {};
	yaml_node_pair_t *pair;

	if (node->type == YAML_MAPPING_NODE) {
		set_pos(out, node);
		for (pair = node->data.mapping.pairs.start; pair < node->data.mapping.pairs.top;
		     pair++)
			decode_pair(d, table, pair, seen, out);
		finish_table(d, table, node, seen, out);
	} else if (fits_shorthand(table, node)) {
		const struct schema_key *key = schema_find_key(table, table->shorthand);

		set_pos(out, node);
		schema_set_defaults(table, out);
		decode_value(d, &key->type, node, (char *)out + key->offset);
	} else {
		refuse_type(d, type, node);
	}
}

static void decode_value(struct decoder *d, const struct schema_type *type, yaml_node_t *node,
			 void *out)
{
	if (!d->budget) /* decode() reports it */
		return;
	d->budget--;

	if (type->kind == SCHEMA_TABLE)
		decode_table(d, type, node, out);
	else if (type->kind == SCHEMA_LIST)
		decode_list(d, type, node, out);
	else
		decode_scalar(d, type, node, out);
}

void decode(yaml_document_t *document, const struct schema_table *table, struct diag *diag,
	    void *out)
{
	struct schema_type type = {.kind = SCHEMA_TABLE, .table = table};
	size_t nodes = document->nodes.top - document->nodes.start;
	struct decoder d = {
		.document = document, .diag = diag, .budget = REUSE_BASE + REUSE_FACTOR * nodes};

	decode_value(&d, &type, yaml_document_get_root_node(document), out);
	if (!d.budget) {
		diag_error(diag, diag_at(0, 0, "%s", ""), "the file's aliases repeat too much");
		diag_hint(diag, "write repeated values out");
	}
}
