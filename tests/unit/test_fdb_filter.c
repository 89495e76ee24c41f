/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* fdb_filter.c: which MAC addresses a command line means, and what it is told if it means none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <string.h>

#include "fdb_filter.h"
#include "show.h"
#include "util.h"
#include "value.h"

static const struct weft_fdb_key key = {.mac = {2, 0, 0, 0, 0, 7}, .network = 3};
static const struct weft_learned here = {
	.where = {.kind = WEFT_HOP_LOCAL, .target = 11, .port = 5}};
static const struct weft_learned there = {.where = {.kind = WEFT_HOP_TUNNEL, .target = 2}};
static const struct weft_learned wire = {.where = {.kind = WEFT_HOP_WIRE, .target = 4, .port = 6}};

/* Tunnel 2 leads to 192.0.2.2. */
static int setup(void **state)
{
	static struct view view;
	struct weft_tunnel tunnel = {.remote.bytes = {[10] = 0xff, [11] = 0xff, 192, 0, 2, 2}};
	const __u32 id = 2;

	memset(&view, 0, sizeof(view));
	table_init(&view.t[TABLE_TUNNELS], &table_descs[TABLE_TUNNELS]);
	assert_int_equal(table_put(&view.t[TABLE_TUNNELS], &id, &tunnel), 0);
	*state = &view;
	return 0;
}

static int teardown(void **state)
{
	table_clear(&((struct view *)*state)->t[TABLE_TUNNELS]);
	return 0;
}

static bool means(const struct view *view, const struct fdb_filter *filter,
		  const struct weft_learned *learned)
{
	struct fdb_seen seen = fdb_learned(&key, learned);

	return fdb_filter_match(filter, view, &seen);
}

static struct fdb_filter by(enum fdb_by by, const char *text)
{
	struct fdb_filter filter = {};
	struct value_problem problem;

	assert_true(fdb_filter_set(&filter, by, text, &problem));
	assert_false(fdb_filter_empty(&filter));
	return filter;
}

static void every_address(void **state)
{
	const struct fdb_filter all = {};

	assert_true(fdb_filter_empty(&all));
	assert_true(means(*state, &all, &here) && means(*state, &all, &there));
}

static void one_condition(void **state)
{
	static const struct {
		enum fdb_by by;
		const char *text;
		bool here, there, wire;
	} rows[] = {
		{FDB_BY_MAC, "02:00:00:00:00:07", true, true, true},
		{FDB_BY_MAC, "02:00:00:00:00:08", false, false, false},
		{FDB_BY_VTEP, "192.0.2.2", false, true, false},
		{FDB_BY_VTEP, "192.0.2.3", false, false, false},
		{FDB_BY_VTEP, "2001:db8::2", false, false, false},
		{FDB_BY_LOCAL, NULL, true, false, false},
		{FDB_BY_REMOTE, NULL, false, true, true},
		{FDB_BY_LEARNED, NULL, true, true, true},
		{FDB_BY_STATIC, NULL, false, false, false},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct fdb_filter filter = by(rows[i].by, rows[i].text);

		assert_int_equal(means(*state, &filter, &here), rows[i].here);
		assert_int_equal(means(*state, &filter, &there), rows[i].there);
		assert_int_equal(means(*state, &filter, &wire), rows[i].wire);
	}
}

static void places(void **state)
{
	struct fdb_filter filter = {.port = 5};

	assert_true(means(*state, &filter, &here));
	assert_false(means(*state, &filter, &there) || means(*state, &filter, &wire));
	filter.port = 6;
	assert_true(means(*state, &filter, &wire));
	filter = (struct fdb_filter){.network = 3};
	assert_true(means(*state, &filter, &here));
	filter.network = 4;
	assert_false(means(*state, &filter, &here));
}

static void all_conditions(void **state)
{
	struct fdb_filter filter = by(FDB_BY_MAC, "02:00:00:00:00:07");
	struct value_problem problem;

	assert_true(fdb_filter_set(&filter, FDB_BY_REMOTE, NULL, &problem));
	assert_true(means(*state, &filter, &there));
	assert_false(means(*state, &filter, &here));
}

static void rows_of_the_file(void **state)
{
	const struct weft_fdb_entry local = {.kind = WEFT_FDB_LOCAL, .ifindex = 11, .port = 5};
	const struct weft_fdb_entry remote = {.kind = WEFT_FDB_REMOTE, .tunnel = 2};
	struct fdb_seen seen = fdb_static(&key, &local);
	struct fdb_filter filter = by(FDB_BY_STATIC, NULL);

	assert_true(fdb_filter_match(&filter, *state, &seen));
	filter.port = 5;
	assert_true(fdb_filter_match(&filter, *state, &seen));
	seen = fdb_static(&key, &remote);
	assert_false(fdb_filter_match(&filter, *state, &seen));
	filter = by(FDB_BY_VTEP, "192.0.2.2");
	assert_true(fdb_filter_match(&filter, *state, &seen));
	filter = by(FDB_BY_LEARNED, NULL);
	assert_false(fdb_filter_match(&filter, *state, &seen));
}

static void wrong_words(void **state __attribute__((unused)))
{
	static const struct {
		enum fdb_by by;
		const char *text;
		const char *right;
	} rows[] = {
		{FDB_BY_MAC, "02:00", "write a MAC address"},
		{FDB_BY_MAC, "", "write a MAC address"},
		{FDB_BY_MAC, "01:00:00:00:00:01", "write a MAC address"},
		{FDB_BY_VTEP, "b", "write the address of a VTEP"},
		{FDB_BY_VTEP, "192.0.2.0/24", "write the address of a VTEP"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct fdb_filter filter = {};
		struct value_problem problem;

		assert_false(fdb_filter_set(&filter, rows[i].by, rows[i].text, &problem));
		assert_non_null(problem.wrong);
		assert_true(fdb_filter_empty(&filter));
		if (!strstr(problem.right.s, rows[i].right))
			fail_msg("%s: %s", rows[i].text, problem.right.s);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(every_address),  TEST(one_condition),    TEST(places),
		TEST(all_conditions), TEST(rows_of_the_file), TEST(wrong_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
