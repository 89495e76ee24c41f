/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The schema as the reference page docs/configuration.md. */
#include "schema.h"

#include <ctype.h>
#include <string.h>

static const char intro[] =
	"# The configuration file\n"
	"\n"
	"This page is made by `weft schema --markdown`; `weft schema` prints the same as a JSON\n"
	"Schema for editors. `weft check FILE` reports everything that is wrong with a file, each\n"
	"error with its place, its key and what would be right.\n"
	"\n"
	"The file is one YAML document in UTF-8, at most 64 MiB; JSON is YAML too. Unknown and\n"
	"repeated keys are errors, and so are tags and merge keys (`<<`); an alias may stand for\n"
	"a whole value. Numbers are decimal, booleans are `true` and `false`. Inside `[]` and\n"
	"`{}`, put IPv6 addresses in quotes.\n";

static const struct schema_table *table_of(const struct schema_type *type)
{
	if (type->kind == SCHEMA_LIST)
		return table_of(type->item);
	return type->kind == SCHEMA_TABLE ? type->table : NULL;
}

/* Where a key's table is in the file: "nodes[].uplinks[]". */
static struct schema_text path_of(const char *parent, const struct schema_key *key)
{
	struct schema_text path;

	snprintf(path.s, sizeof(path.s), "%s%s%s%s", parent, *parent ? "." : "", key->name,
		 key->type.kind == SCHEMA_LIST ? "[]" : "");
	return path;
}

/* The anchor that Markdown renderers give a heading: its letters, digits and underscores. */
static void print_link(FILE *out, const char *path)
{
	fprintf(out, "[`%s`](#", path);
	for (; *path; path++) {
		if (isalnum((unsigned char)*path) || *path == '_')
			fputc(*path, out);
	}
	fputc(')', out);
}

static void print_value(FILE *out, const char *parent, const struct schema_key *key)
{
	if (!table_of(&key->type)) {
		fputs(schema_expected(&key->type).s, out);
		return;
	}
	fputs(key->type.kind == SCHEMA_LIST ? "a list of " : "a mapping, ", out);
	print_link(out, path_of(parent, key).s);
}

static void print_key(FILE *out, const char *parent, const struct schema_key *key)
{
	fprintf(out, "| `%s` | ", key->name);
	print_value(out, parent, key);
	if (key->fallback)
		fprintf(out, " | `%s`", key->fallback);
	else
		fputs(key->required ? " | required" : " | none", out);
	fprintf(out, " | %s |\n", key->doc);
}

/* One row made of the keys' examples, under the key that leads to the table. */
static void print_row(FILE *out, const struct schema_key *via, const struct schema_table *table)
{
	const char *indent = via->type.kind == SCHEMA_LIST ? "  - " : "  ";
	const struct schema_key *key;

	fprintf(out, "%s:\n", via->name);
	for (key = table->keys; key->name; key++) {
		fprintf(out, "%s%s: %s\n", indent, key->name, key->example);
		indent = via->type.kind == SCHEMA_LIST ? "    " : "  ";
	}
}

static void print_rules(FILE *out, const struct schema_table *table)
{
	const char *const *rule;

	if (!table->rules)
		return;
	fputs("\nAlso checked:\n\n", out);
	for (rule = table->rules; *rule; rule++)
		fprintf(out, "- %s\n", *rule);
}

/* @via: the key that leads to the table, NULL for the top level. */
static void print_table(FILE *out, const char *path, const struct schema_key *via,
			const struct schema_table *table)
{
	const struct schema_key *key;

	fprintf(out, "\n## %s\n\n%s\n", via ? path : "Top level", table->doc);
	fputs("\n| Key | Value | Default | Meaning |\n| --- | --- | --- | --- |\n", out);
	for (key = table->keys; key->name; key++)
		print_key(out, path, key);
	print_rules(out, table);

	fputs("\n```yaml\n", out);
	if (table->example)
		fputs(table->example, out);
	else if (via)
		print_row(out, via, table);
	fputs("```\n", out);

	for (key = table->keys; key->name; key++) {
		if (table_of(&key->type))
			print_table(out, path_of(path, key).s, key, table_of(&key->type));
	}
}

void schema_markdown(FILE *out)
{
	fputs(intro, out);
	print_table(out, "", NULL, &schema_root);
}
