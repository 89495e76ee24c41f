/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The schema agrees with itself and with what is made of it: examples are right, the committed
 * reference page is the one that would be printed, and the JSON Schema judges as the decoder does.
 */
#include <libgen.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "config/expect.h"

#include "compose.h"
#include "config.h"
#include "decode.h"
#include "schema.h"
#include "util.h"
#include "value.h"

#define MAX_KEYS      32 /* as in decode.c */
#define VALIDATE_SKIP 77

static const struct schema_table *table_of(const struct schema_type *type)
{
	if (type->kind == SCHEMA_LIST)
		return table_of(type->item);
	return type->kind == SCHEMA_TABLE ? type->table : NULL;
}

/* Call @visit for a table and all below it. */
static void walk(const struct schema_table *table, void (*visit)(const struct schema_table *))
{
	const struct schema_key *key;

	visit(table);
	for (key = table->keys; key->name; key++) {
		if (table_of(&key->type))
			walk(table_of(&key->type), visit);
	}
}

static bool is_sentences(const char *text)
{
	size_t len = strlen(text);

	return len > 1 && text[len - 1] == '.' && !strchr(text, '\n') && !strchr(text, '|');
}

static void check_table(const struct schema_table *table)
{
	const struct schema_key *key;
	const char *const *rule;

	assert_true(is_sentences(table->doc));
	for (rule = table->rules; rule && *rule; rule++)
		assert_true(is_sentences(*rule));
	for (key = table->keys; key->name; key++) {
		assert_true(is_sentences(key->doc));
		assert_true(key->offset + schema_size(&key->type) <= table->size);
		assert_true(key->offset % sizeof(int) == 0 &&
			    key->offset >= sizeof(struct cfg_pos));
		assert_false(key->required && key->fallback);
		if (!table->example)
			assert_non_null(key->example);
	}
	assert_true(key - table->keys <= MAX_KEYS);
	if (table->shorthand)
		assert_non_null(schema_find_key(table, table->shorthand));
}

static void tables_are_complete(void **state)
{
	(void)state;
	walk(&schema_root, check_table);
}

static void check_fallbacks(const struct schema_table *table)
{
	_cleanup_free_ char *row = calloc(1, table->size);
	const struct schema_key *key;
	struct value_problem problem;

	for (key = table->keys; key->name; key++) {
		if (!key->fallback)
			continue;
		/* Strings would leak when a shorthand overwrites them. */
		assert_true(schema_size(&key->type) == sizeof(struct cfg_num));
		assert_true(value_parse(&key->type, key->fallback, row + key->offset, &problem));
	}
}

static void fallbacks_are_right(void **state)
{
	(void)state;
	walk(&schema_root, check_fallbacks);
}

/* Decode { KEY: EXAMPLE, ... } as a row of its table. */
static void check_examples(const struct schema_table *table)
{
	_cleanup_(diag_freep) struct diag *diag = diag_new();
	_cleanup_free_ char *row = calloc(1, table->size), *text = NULL;
	struct expects none = {};
	const struct schema_key *key;
	yaml_document_t document;
	size_t size;
	FILE *out;

	if (table->example)
		return;
	out = open_memstream(&text, &size);
	for (key = table->keys; key->name; key++)
		fprintf(out, "%s: %s\n", key->name, key->example);
	fclose(out);
	assert_int_equal(compose(text, size, diag, &document), 0);
	decode(&document, table, diag, row);
	expects_check(&none, diag);
	schema_free(table, row);
	yaml_document_delete(&document);
}

static void examples_are_right(void **state)
{
	(void)state;
	walk(&schema_root, check_examples);
}

static void whole_example_is_right(void **state)
{
	_cleanup_(diag_freep) struct diag *diag = diag_new();
	_cleanup_(config_freep) struct config *cfg = NULL;
	struct expects none = {};

	(void)state;
	config_load_bytes("example", schema_root.example, strlen(schema_root.example), diag, &cfg);
	expects_check(&none, diag);
	assert_non_null(cfg);
}

#define FILE_MAX (1 << 20)

static char *read_file(const char *path)
{
	_cleanup_free_ char *text = calloc(1, FILE_MAX);
	FILE *file = fopen(path, "r");

	assert_non_null(file);
	assert_true(fread(text, 1, FILE_MAX - 1, file) > 0);
	fclose(file);
	return TAKE_PTR(text);
}

/* To bring the page up to date: weft schema --markdown > docs/configuration.md */
static void page_is_up_to_date(void **state)
{
	_cleanup_free_ char *page = NULL, *committed = NULL;
	char here[] = __FILE__, path[512];
	size_t size;
	FILE *out;

	(void)state;
	snprintf(path, sizeof(path), "%s/../../docs/configuration.md", dirname(here));
	committed = read_file(path);
	out = open_memstream(&page, &size);
	schema_markdown(out);
	fclose(out);
	assert_string_equal(page, committed);
}

static void json_has_its_parts(void **state)
{
	const char *draft, *vni_type, *pattern;
	json_int_t max, limit;
	json_t *schema, *underlay, *uplink;
	int unknown_ports = 1;

	(void)state;
	schema = schema_json();
	assert_int_equal(
		json_unpack(schema,
			    "{s:s, s:{s:{s:{s:{s:{s:s, s:I}, s:o}}}, s:{s:{s:b, s:{s:{s:s}}}}, "
			    "s:{s:{s:{s:I}}}, s:{s:{s:{s:{s:o}}}}}}",
			    "$schema", &draft, "properties", "networks", "items", "properties",
			    "vni", "type", &vni_type, "maximum", &max, "underlay", &underlay,
			    "ports", "items", "additionalProperties", &unknown_ports, "properties",
			    "mac", "pattern", &pattern, "limits", "properties", "vteps", "default",
			    &limit, "nodes", "items", "properties", "uplinks", "items", &uplink),
		0);
	assert_string_equal(draft, "http://json-schema.org/draft-07/schema#");
	assert_string_equal(vni_type, "integer");
	assert_int_equal(max, 0xffffff);
	assert_int_equal(json_array_size(json_object_get(underlay, "enum")), 3);
	assert_false(unknown_ports);
	assert_int_equal(limit, 4096);
	assert_int_equal(json_array_size(json_object_get(uplink, "anyOf")), 2);
	json_decref(schema);
}

/* jsonschema's opinion of the fixtures; see config/validate.py. */
static void json_judges_as_weft_does(void **state)
{
	char here[] = __FILE__, path[] = "/tmp/weft-schema-XXXXXX", command[1024];
	json_t *schema = schema_json();
	int fd = mkstemp(path), status;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(json_dumpfd(schema, fd, 0), 0);
	close(fd);
	json_decref(schema);
	snprintf(command, sizeof(command), "/usr/bin/python3 %s/config/validate.py %s",
		 dirname(here), path);
	status = system(command);
	unlink(path);
	if (WIFEXITED(status) && WEXITSTATUS(status) == VALIDATE_SKIP) {
		print_message("python3-jsonschema is not installed\n");
		skip();
	}
	assert_int_equal(status, 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(tables_are_complete),
		cmocka_unit_test(fallbacks_are_right),
		cmocka_unit_test(examples_are_right),
		cmocka_unit_test(whole_example_is_right),
		cmocka_unit_test(page_is_up_to_date),
		cmocka_unit_test(json_has_its_parts),
		cmocka_unit_test(json_judges_as_weft_does),
	};

	return cmocka_run_group_tests_name("config schema", tests, NULL, NULL);
}
