/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Tables as people and programs see them, and the pages that are made from lists in the code.
 */
#include <errno.h>
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "drops.h"
#include "print.h"
#include "tables.h"
#include "util.h"

/** struct memory - a stream that ends up in memory; memory_end() says what was written. */
struct memory {
	FILE *stream;
	char *text;
	size_t len;
};

static FILE *memory_begin(struct memory *memory)
{
	memory->stream = open_memstream(&memory->text, &memory->len);
	assert_non_null(memory->stream);
	return memory->stream;
}

static const char *memory_end(struct memory *memory)
{
	assert_int_equal(fclose(memory->stream), 0);
	return memory->text;
}

static void memory_clear(struct memory *memory)
{
	free(memory->text);
}

static const struct print_column columns[] = {
	{"name", "NAME", NULL, PRINT_TEXT},     {"id", NULL, NULL, PRINT_NUMBER},
	{NULL, "N", NULL, PRINT_NUMBER},        {"up", "UP", NULL, PRINT_BOOL},
	{"ips", "ADDRESSES", NULL, PRINT_LIST},
};

static void add_row(struct print_table *t, const char *name, __u64 n, bool up, const char *ip)
{
	print_text(t, name);
	print_number(t, n);
	print_number(t, n);
	print_bool(t, up);
	print_list(t);
	for (; ip && *ip; ip += strlen(ip) + 1)
		print_item(t, ip);
}

static void expect_table(const struct print_table *t, const char *expected)
{
	_cleanup_(memory_clear) struct memory memory = {};

	assert_int_equal(print_table(t, memory_begin(&memory)), 0);
	assert_string_equal(memory_end(&memory), expected);
}

static void expect_json(const struct print_table *t, const char *expected)
{
	_cleanup_free_ char *text = NULL;
	json_t *rows = print_rows(t);

	assert_non_null(rows);
	text = json_dumps(rows, 0);
	json_decref(rows);
	assert_string_equal(text, expected);
}

static void aligns_columns(void **state __attribute__((unused)))
{
	_cleanup_(print_clear) struct print_table t;

	print_init(&t, columns, ARRAY_SIZE(columns));
	add_row(&t, "web-1", 7, true, "10.9.0.11\0fd00:9::11\0");
	add_row(&t, "a-very-long-name", 18446744073709551615u, false, NULL);
	add_row(&t, NULL, 0, true, "10.9.0.12\0");
	expect_table(&t, "NAME                                 N  UP   ADDRESSES\n"
			 "web-1                                7  yes  10.9.0.11,fd00:9::11\n"
			 "a-very-long-name  18446744073709551615  no   -\n"
			 "-                                    0  yes  10.9.0.12\n");
}

static void gives_json_the_same_rows(void **state __attribute__((unused)))
{
	_cleanup_(print_clear) struct print_table t;

	print_init(&t, columns, ARRAY_SIZE(columns));
	add_row(&t, "web-1", 7, true, "10.9.0.11\0fd00:9::11\0");
	add_row(&t, NULL, 9007199254740993, false, NULL);
	expect_json(&t, "[{\"name\": \"web-1\", \"id\": 7, \"up\": true, "
			"\"ips\": [\"10.9.0.11\", \"fd00:9::11\"]}, "
			"{\"name\": null, \"id\": 9007199254740993, \"up\": false, \"ips\": []}]");
}

static void prints_nothing_but_a_header(void **state __attribute__((unused)))
{
	_cleanup_(print_clear) struct print_table t;

	print_init(&t, columns, ARRAY_SIZE(columns));
	expect_table(&t, "NAME  N  UP  ADDRESSES\n");
	expect_json(&t, "[]");
}

static void groups_columns(void **state __attribute__((unused)))
{
	static const struct print_column grouped[] = {
		{"port", "PORT", NULL, PRINT_TEXT},
		{"packets", "PACKETS", "from_port", PRINT_NUMBER},
		{"bytes", "BYTES", "from_port", PRINT_NUMBER},
		{"packets", "N", "to_the_other_port", PRINT_NUMBER},
		{"drops", "DROPS", NULL, PRINT_NUMBER},
	};
	_cleanup_(print_clear) struct print_table t;

	print_init(&t, grouped, ARRAY_SIZE(grouped));
	print_text(&t, "web-1");
	print_count(&t, &(struct weft_count){.packets = 1, .bytes = 12345678});
	print_number(&t, 3);
	print_absent(&t);
	expect_table(&t, "               from port  to the other port\n"
			 "PORT   PACKETS     BYTES                  N  DROPS\n"
			 "web-1        1  12345678                  3      -\n");
	expect_json(&t, "[{\"port\": \"web-1\", \"from_port\": {\"packets\": 1, "
			"\"bytes\": 12345678}, \"to_the_other_port\": {\"packets\": 3}, "
			"\"drops\": null}]");
}

/* Two bytes of UTF-8 are one column; a wide character is two; a combining one is none. */
static void counts_characters_not_bytes(void **state __attribute__((unused)))
{
	static const struct print_column two[] = {
		{"a", "A", NULL, PRINT_TEXT},
		{"b", "B", NULL, PRINT_TEXT},
	};
	_cleanup_(print_clear) struct print_table t;

	print_init(&t, two, ARRAY_SIZE(two));
	print_text(&t, "v\u00e9th");
	print_text(&t, "1");
	print_text(&t, "\u7db2\u8def");
	print_text(&t, "2");
	print_text(&t, "abce\u0301d");
	print_text(&t, "3");
	expect_table(&t, "A      B\n"
			 "v\u00e9th   1\n"
			 "\u7db2\u8def   2\n"
			 "abce\u0301d  3\n");
}

static void defuses_text(void **state __attribute__((unused)))
{
	static const struct print_column one[] = {{"a", "A", NULL, PRINT_TEXT}};
	_cleanup_(print_clear) struct print_table t;

	print_init(&t, one, ARRAY_SIZE(one));
	print_text(&t, "a\x1b[2Jb\nc\td\x7f");
	print_text(&t,
		   "x\xc2\x9by\xff\xe2\x82"); /* a C1 control, no UTF-8, a character cut short */
	print_text(&t, "");
	expect_table(&t, "A\n"
			 "a?[2Jb?c?d?\n"
			 "x?y???\n"
			 "-\n");
	expect_json(&t, "[{\"a\": \"a?[2Jb?c?d?\"}, {\"a\": \"x?y???\"}, {\"a\": \"\"}]");
}

static void refuses_cells_that_do_not_fit(void **state __attribute__((unused)))
{
	_cleanup_(print_clear) struct print_table t;

	print_init(&t, columns, ARRAY_SIZE(columns));
	print_number(&t, 1);
	assert_int_equal(print_table(&t, stderr), -EINVAL);
	assert_null(print_rows(&t));

	print_clear(&t);
	print_text(&t, "half a row");
	assert_int_equal(print_table(&t, stderr), -EINVAL);
	assert_null(print_rows(&t));

	print_clear(&t);
	print_text(&t, "no list");
	print_item(&t, "10.9.0.11");
	assert_int_equal(print_table(&t, stderr), -EINVAL);
}

static void writes_a_document(void **state __attribute__((unused)))
{
	_cleanup_(print_clear) struct print_table t;
	_cleanup_(memory_clear) struct memory memory = {};
	json_t *doc;

	print_init(&t, columns, ARRAY_SIZE(columns));
	add_row(&t, "web-1", 7, true, NULL);
	add_row(&t, "web-2", 8, true, NULL);
	assert_int_equal(print_json_rows(&t, "a", "ports", memory_begin(&memory)), 0);
	assert_string_equal(memory_end(&memory),
			    "{\n  \"node\": \"a\",\n  \"ports\": [\n"
			    "    {\"name\": \"web-1\", \"id\": 7, \"up\": true, \"ips\": []},\n"
			    "    {\"name\": \"web-2\", \"id\": 8, \"up\": true, \"ips\": []}\n"
			    "  ]\n}\n");
	doc = json_loads(memory.text, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(doc);
	json_decref(doc);
}

static void writes_an_empty_document(void **state __attribute__((unused)))
{
	_cleanup_(print_clear) struct print_table t;
	_cleanup_(memory_clear) struct memory memory = {};

	print_init(&t, columns, ARRAY_SIZE(columns));
	assert_int_equal(print_json_rows(&t, "a", "ports", memory_begin(&memory)), 0);
	assert_string_equal(memory_end(&memory), "{\n  \"node\": \"a\",\n  \"ports\": []\n}\n");
}

static void spells_addresses(void **state __attribute__((unused)))
{
	struct weft_addr ipv4 = {.bytes = {[10] = 255, 255, 192, 0, 2, 1}};
	struct weft_addr ipv6 = {.bytes = {0x20, 0x01, 0x0d, 0xb8, [15] = 1}};
	const __u8 mac[WEFT_ETH_ALEN] = {2, 0, 0xab, 0xcd, 0, 0x0f};

	assert_string_equal(print_addr(&ipv4).s, "192.0.2.1");
	assert_string_equal(print_addr(&ipv6).s, "2001:db8::1");
	assert_string_equal(print_mac(mac).s, "02:00:ab:cd:00:0f");
}

static void names_drops(void **state __attribute__((unused)))
{
	int reason;

	assert_string_equal(drops_name(WEFT_DROP_MAC_SPOOFED), "MAC_SPOOFED");
	assert_null(drops_name(WEFT_DROP_NONE));
	assert_null(drops_name(__WEFT_DROP_MAX));
	assert_null(drops_meaning(__WEFT_DROP_MAX));
	for (reason = WEFT_DROP_NONE + 1; reason < __WEFT_DROP_MAX; reason++) {
		assert_non_null(drops_name(reason));
		assert_non_null(drops_meaning(reason));
	}
}

/* A page of documentation; tests run from the top of the tree. */
static const char *read_page(struct memory *memory, const char *path)
{
	FILE *page = fopen(path, "r");
	int c;

	if (!page)
		fail_msg("%s: %s", path, strerror(errno));
	memory_begin(memory);
	while ((c = getc(page)) != EOF)
		putc(c, memory->stream);
	fclose(page);
	return memory_end(memory);
}

/* docs/drops.md is `weft show drops --reasons --markdown`. */
static void documents_drops(void **state __attribute__((unused)))
{
	_cleanup_(memory_clear) struct memory made = {}, kept = {};

	drops_markdown(memory_begin(&made));
	assert_string_equal(read_page(&kept, "docs/drops.md"), memory_end(&made));
}

static const char *map_type(enum table_id id)
{
	const struct table_desc *desc = &table_descs[id];

	if (id == TABLE_POL_CIDR || id == TABLE_PAIRS)
		return "Longest-prefix match";
	if (id == TABLE_FLOWS_NEW || id == TABLE_FLOWS_OVER || id == TABLE_FRAGS ||
	    id == TABLE_FLOODED || id == TABLE_MCAST)
		return "LRU hash";
	if (desc->array)
		return desc->percpu ? "Per-CPU array" : "Array";
	return desc->percpu ? "Per-CPU hash" : "Hash";
}

/* Each map has its section in docs/maps.md, and that its type and sizes, however the lines break.
 */
static void documents_maps(void **state __attribute__((unused)))
{
	_cleanup_(memory_clear) struct memory page = {};
	const struct table_desc *desc;
	char heading[64], sizes[64];
	char *section, *end, *p;
	int id;

	for (id = 0; id < __TABLE_MAX; id++) {
		desc = &table_descs[id];
		memory_clear(&page);
		snprintf(heading, sizeof(heading), "\n## %s\n", desc->name);
		snprintf(sizes, sizeof(sizes), "; key %u bytes, value %u bytes.", desc->key_size,
			 desc->value_size);
		section = strstr(read_page(&page, "docs/maps.md"), heading);
		if (!section)
			fail_msg("docs/maps.md has no section %s", desc->name);
		section += strlen(heading);
		end = strstr(section, "\n## ");
		if (end)
			*end = '\0';
		for (p = section; *p; p++)
			*p = *p == '\n' ? ' ' : *p;
		if (!strstr(section, sizes) || !strstr(section, map_type(id)))
			fail_msg("docs/maps.md, %s: \"%s%s\" expected", desc->name, map_type(id),
				 sizes);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(aligns_columns),
		cmocka_unit_test(gives_json_the_same_rows),
		cmocka_unit_test(prints_nothing_but_a_header),
		cmocka_unit_test(groups_columns),
		cmocka_unit_test(counts_characters_not_bytes),
		cmocka_unit_test(defuses_text),
		cmocka_unit_test(refuses_cells_that_do_not_fit),
		cmocka_unit_test(writes_a_document),
		cmocka_unit_test(writes_an_empty_document),
		cmocka_unit_test(spells_addresses),
		cmocka_unit_test(names_drops),
		cmocka_unit_test(documents_drops),
		cmocka_unit_test(documents_maps),
	};

	setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests_name("print", tests, NULL, NULL);
}
