/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* print_stream.c: a table that is written while it is filled says what one that is kept says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "print.h"
#include "util.h"

#define MANY 5000 /* rows, several parts */

static const struct print_column columns[] = {
	{"name", "NAME", NULL, PRINT_TEXT},
	{"n", "N", "group", PRINT_NUMBER},
	{"ips", "ADDRESSES", NULL, PRINT_LIST},
};

static void add_row(struct print_table *t, size_t i)
{
	char text[32];

	snprintf(text, sizeof(text), "row-%zu", i);
	print_text(t, text);
	print_number(t, i);
	print_list(t);
	print_item(t, text);
}

/* Return: what was written; free() releases it. */
static char *stream(size_t rows, bool json)
{
	_cleanup_(print_stream_clear) struct print_stream s;
	char *text = NULL;
	size_t len, i;
	FILE *out = open_memstream(&text, &len);

	print_stream_init(&s, columns, ARRAY_SIZE(columns), json, out);
	s.node = "a";
	s.name = "rows";
	for (i = 0; i < rows; i++) {
		add_row(&s.table, i);
		assert_int_equal(print_stream_row(&s), 0);
		assert_true(s.table.n <= MANY / 2 * ARRAY_SIZE(columns));
	}
	assert_int_equal(print_stream_end(&s), 0);
	assert_int_equal(fclose(out), 0);
	return text;
}

static char *whole(size_t rows, bool json)
{
	_cleanup_(print_clear) struct print_table t;
	char *text = NULL;
	size_t len, i;
	FILE *out = open_memstream(&text, &len);

	print_init(&t, columns, ARRAY_SIZE(columns));
	for (i = 0; i < rows; i++)
		add_row(&t, i);
	if (json)
		assert_int_equal(print_json_rows(&t, "a", "rows", out), 0);
	else
		assert_int_equal(print_table(&t, out), 0);
	assert_int_equal(fclose(out), 0);
	return text;
}

static void expect_the_same(size_t rows, bool json)
{
	_cleanup_free_ char *streamed = stream(rows, json);
	_cleanup_free_ char *kept = whole(rows, json);

	assert_string_equal(streamed, kept);
}

static void few_rows(void **state __attribute__((unused)))
{
	for (size_t rows = 0; rows < 3; rows++) {
		expect_the_same(rows, false);
		expect_the_same(rows, true);
	}
}

/* Also if a part ends exactly where the rows do. */
static void many_rows_of_json(void **state __attribute__((unused)))
{
	_cleanup_free_ char *text = stream(MANY, true);
	json_t *doc = json_loads(text, 0, NULL);

	assert_non_null(doc);
	assert_int_equal(json_array_size(json_object_get(doc, "rows")), MANY);
	json_decref(doc);
	expect_the_same(MANY, true);
	for (size_t rows = 1023; rows <= 1025; rows++)
		expect_the_same(rows, true);
}

/* One header; lines of a later part are never narrower than those before it. */
static void many_rows_of_text(void **state __attribute__((unused)))
{
	_cleanup_free_ char *text = stream(MANY, false);
	size_t lines = 0, headers = 0, length = 0;
	char *line, *rest = text;

	while ((line = strsep(&rest, "\n")) && *line) {
		assert_true(lines < 2 || strlen(line) >= length);
		if (lines++ >= 2)
			length = strlen(line);
		headers += !!strstr(line, "ADDRESSES");
	}
	assert_int_equal(lines, MANY + 2);
	assert_int_equal(headers, 1);
	expect_the_same(1000, false);
}

static void cells_have_to_fit(void **state __attribute__((unused)))
{
	_cleanup_(print_stream_clear) struct print_stream s;

	print_stream_init(&s, columns, ARRAY_SIZE(columns), false, stdout);
	print_number(&s.table, 1);
	assert_int_equal(print_stream_row(&s), -EINVAL);
	assert_int_equal(print_stream_end(&s), -EINVAL);
}

static void a_full_disk_ends_it(void **state __attribute__((unused)))
{
	_cleanup_(print_stream_clear) struct print_stream s;
	FILE *full = fopen("/dev/full", "w");
	int err = 0;
	size_t i;

	assert_non_null(full);
	print_stream_init(&s, columns, ARRAY_SIZE(columns), false, full);
	for (i = 0; i < MANY && !err; i++) {
		add_row(&s.table, i);
		err = print_stream_row(&s);
	}
	assert_int_equal(err, -EIO);
	fclose(full);
}

static void spans_of_time(void **state __attribute__((unused)))
{
	static const struct {
		__u64 ms;
		const char *text;
	} rows[] = {
		{0, "0ms"},           {999, "999ms"},
		{1000, "1.0s"},       {9999, "9.9s"},
		{10000, "10s"},       {59999, "59s"},
		{60000, "1m00s"},     {750000, "12m30s"},
		{3599999, "59m59s"},  {3600000, "1h00m"},
		{86399999, "23h59m"}, {86400000, "1d00h"},
		{432000000, "5d00h"}, {~0ULL, "213503982334d14h"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_string_equal(print_span(rows[i].ms).s, rows[i].text);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(few_rows),
		cmocka_unit_test(many_rows_of_json),
		cmocka_unit_test(many_rows_of_text),
		cmocka_unit_test(cells_have_to_fit),
		cmocka_unit_test(a_full_disk_ends_it),
		cmocka_unit_test(spans_of_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
