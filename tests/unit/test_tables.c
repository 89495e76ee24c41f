/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* tables.c: rows, and the difference between two tables. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "tables.h"
#include "util.h"

static const struct table_desc desc = {.name = "test", .key_size = 4, .value_size = 8};

static void put(struct table *table, __u32 key, __u64 value)
{
	assert_int_equal(table_put(table, &key, &value), 0);
}

static __u64 get(const struct table *table, __u32 key)
{
	const __u64 *value = table_get(table, &key);

	return value ? *value : 0;
}

static void test_put_and_get(void **state __attribute__((unused)))
{
	_cleanup_(table_clear) struct table t;

	table_init(&t, &desc);
	assert_null(table_get(&t, &(__u32){1}));
	put(&t, 1, 10);
	put(&t, 2, 20);
	put(&t, 1, 11);
	assert_int_equal(t.rows.n, 2);
	assert_int_equal(get(&t, 1), 11);
	assert_int_equal(get(&t, 2), 20);
	assert_int_equal(get(&t, 3), 0);
	assert_int_equal(*(const __u32 *)table_key(&t, 1), 2);
	assert_int_equal(*(const __u64 *)table_value(&t, 1), 20);
}

static void test_many_rows(void **state __attribute__((unused)))
{
	_cleanup_(table_clear) struct table t;

	table_init(&t, &desc);
	for (__u32 i = 0; i < 20000; i++)
		put(&t, i * 7, i + 1);
	assert_int_equal(t.rows.n, 20000);
	for (__u32 i = 0; i < 20000; i++)
		assert_int_equal(get(&t, i * 7), i + 1);
}

static void test_remove(void **state __attribute__((unused)))
{
	_cleanup_(table_clear) struct table t;

	table_init(&t, &desc);
	assert_int_equal(table_reserve(&t, 100), 0);
	for (__u32 i = 1; i <= 100; i++)
		put(&t, i, i * 10);
	for (__u32 i = 1; i <= 100; i += 2)
		table_remove(&t, &i);
	table_remove(&t, &(__u32){1});
	assert_int_equal(t.rows.n, 50);
	for (__u32 i = 1; i <= 100; i++)
		assert_int_equal(get(&t, i), i % 2 ? 0 : i * 10);
	put(&t, 1, 7);
	assert_int_equal(get(&t, 1), 7);
}

static bool is_even(void *arg __attribute__((unused)), const void *key)
{
	return !(*(const __u32 *)key % 2);
}

/* Rows that do not count stay, whether they are wanted or not. */
static void test_diff_among(void **state __attribute__((unused)))
{
	_cleanup_(table_diff_clear) struct table_diff diff = {};
	_cleanup_(table_clear) struct table actual, wanted;

	table_init(&actual, &desc);
	table_init(&wanted, &desc);
	for (__u32 i = 1; i <= 6; i++)
		put(&actual, i, i);
	put(&wanted, 6, 7);
	put(&wanted, 2, 2);
	put(&wanted, 8, 8);
	assert_int_equal(table_diff_among(&actual, &wanted, is_even, NULL, &diff), 0);
	assert_int_equal(diff.added.n, 1);
	assert_int_equal(diff.changed.n, 1);
	assert_int_equal(diff.removed.n, 1);
	assert_int_equal(*(const __u32 *)diff.removed.keys, 4);
}

static void test_diff(void **state __attribute__((unused)))
{
	_cleanup_(table_diff_clear) struct table_diff diff = {};
	_cleanup_(table_clear) struct table actual, wanted;

	table_init(&actual, &desc);
	table_init(&wanted, &desc);
	put(&actual, 1, 10); /* stays */
	put(&actual, 2, 20); /* changes */
	put(&actual, 3, 30); /* goes */
	put(&wanted, 4, 40); /* comes */
	put(&wanted, 2, 21);
	put(&wanted, 1, 10);

	assert_int_equal(table_diff(&actual, &wanted, &diff), 0);
	assert_false(table_diff_empty(&diff));
	assert_int_equal(diff.added.n, 1);
	assert_int_equal(*(__u32 *)diff.added.keys, 4);
	assert_int_equal(*(__u64 *)diff.added.values, 40);
	assert_int_equal(diff.changed.n, 1);
	assert_int_equal(*(__u32 *)diff.changed.keys, 2);
	assert_int_equal(*(__u64 *)diff.changed.values, 21);
	assert_int_equal(diff.previous.n, 1);
	assert_int_equal(*(__u32 *)diff.previous.keys, 2);
	assert_int_equal(*(__u64 *)diff.previous.values, 20);
	assert_int_equal(diff.removed.n, 1);
	assert_int_equal(*(__u32 *)diff.removed.keys, 3);
	assert_int_equal(*(__u64 *)diff.removed.values, 30);
}

static void test_diff_of_equals_is_empty(void **state __attribute__((unused)))
{
	_cleanup_(table_diff_clear) struct table_diff diff = {};
	_cleanup_(table_clear) struct table a, b;

	table_init(&a, &desc);
	table_init(&b, &desc);
	assert_int_equal(table_diff(&a, &b, &diff), 0);
	assert_true(table_diff_empty(&diff));
	for (__u32 i = 0; i < 1000; i++) {
		put(&a, i, i * 3);
		put(&b, 999 - i, (999 - i) * 3);
	}
	assert_int_equal(table_diff(&a, &b, &diff), 0);
	assert_true(table_diff_empty(&diff));
}

/* The names are what pins are called, and the kernel keeps 15 characters of them. */
static void test_descriptors(void **state __attribute__((unused)))
{
	for (int i = 0; i < __TABLE_MAX; i++) {
		const struct table_desc *d = &table_descs[i];

		assert_non_null(d->name);
		assert_true(strlen(d->name) <= 15);
		assert_null(strchr(d->name, '.'));
		assert_true(d->key_size && d->value_size);
		if (d->array)
			assert_int_equal(d->key_size, sizeof(__u32));
		if (d->percpu)
			assert_int_equal(d->value_size % sizeof(__u64), 0);
		for (int j = 0; j < i; j++)
			assert_string_not_equal(d->name, table_descs[j].name);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_put_and_get), cmocka_unit_test(test_many_rows),
		cmocka_unit_test(test_remove),      cmocka_unit_test(test_diff_among),
		cmocka_unit_test(test_diff),        cmocka_unit_test(test_diff_of_equals_is_empty),
		cmocka_unit_test(test_descriptors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
