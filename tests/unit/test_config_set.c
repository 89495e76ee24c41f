/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* set.c, the index of names and addresses, and suggest.c, the nearest of them. */
#include <errno.h>

#include "config/expect.h"

#include "set.h"
#include "suggest.h"
#include "util.h"

static void starts_empty(void **state)
{
	struct set set = {};
	size_t index = 7;

	(void)state;
	assert_false(set_find(&set, "a", 1, &index));
	assert_int_equal(index, 7);
	set_clear(&set);
}

static void keeps_the_first(void **state)
{
	_cleanup_(set_clear) struct set set = {};
	size_t index = 0;

	(void)state;
	assert_int_equal(set_add(&set, "web", 3, 1, NULL), 0);
	assert_int_equal(set_add(&set, "web", 3, 2, &index), -EEXIST);
	assert_int_equal(index, 1);
	assert_int_equal(set_add(&set, "web", 3, 3, NULL), -EEXIST);
	assert_true(set_find(&set, "web", 3, &index));
	assert_int_equal(index, 1);
	assert_int_equal(set.n, 1);
}

/* Keys are bytes: their length counts, and a NUL is a byte like any other. */
static void tells_keys_apart(void **state)
{
	_cleanup_(set_clear) struct set set = {};
	static const struct {
		const char *bytes;
		size_t len;
	} keys[] = {{"", 0}, {"\0", 1}, {"\0\0", 2}, {"a", 1}, {"a\0", 2}, {"ab", 2}, {"b", 1}};
	size_t i, index;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(keys); i++)
		assert_int_equal(set_add(&set, keys[i].bytes, keys[i].len, i, NULL), 0);
	for (i = 0; i < ARRAY_SIZE(keys); i++) {
		assert_true(set_find(&set, keys[i].bytes, keys[i].len, &index));
		assert_int_equal(index, i);
	}
}

/* Against an array that says who is in: whoever was put behind a key that goes is still found. */
static void removes(void **state)
{
	_cleanup_(set_clear) struct set set = {};
	const size_t n = 3000;
	bool in[3000] = {};
	size_t index;

	(void)state;
	srand(4711);
	for (size_t i = 0; i < 60000; i++) {
		size_t key = rand() % n;

		if (in[key])
			assert_true(set_remove(&set, &key, sizeof(key)));
		else
			assert_int_equal(set_add(&set, &key, sizeof(key), key, NULL), 0);
		in[key] = !in[key];
	}
	for (size_t key = 0; key < n; key++) {
		assert_int_equal(set_find(&set, &key, sizeof(key), &index), in[key]);
		assert_true(!in[key] || index == key);
		assert_int_equal(set_remove(&set, &key, sizeof(key)), in[key]);
	}
	assert_int_equal(set.n, 0);
}

static void grows(void **state)
{
	_cleanup_(set_clear) struct set set = {};
	const size_t n = 100000;
	size_t i, index;

	(void)state;
	for (i = 0; i < n; i++)
		assert_int_equal(set_add(&set, &i, sizeof(i), n - i, NULL), 0);
	for (i = 0; i < n; i++) {
		assert_true(set_find(&set, &i, sizeof(i), &index));
		assert_int_equal(index, n - i);
	}
	assert_false(set_find(&set, &n, sizeof(n), NULL));
}

static void usable_after_clear(void **state)
{
	_cleanup_(set_clear) struct set set = {};

	(void)state;
	assert_int_equal(set_add(&set, "a", 1, 0, NULL), 0);
	set_clear(&set);
	assert_false(set_find(&set, "a", 1, NULL));
	assert_int_equal(set_add(&set, "a", 1, 0, NULL), 0);
}

/* What waits comes and goes for as long as an agent runs. */
static void forgets(void **state)
{
	_cleanup_(set_clear) struct set set = {};
	size_t size;

	(void)state;
	for (size_t i = 0; i < 100; i++) {
		assert_int_equal(set_add(&set, &i, sizeof(i), i, NULL), 0);
		assert_true(set_remove(&set, &i, sizeof(i)));
	}
	size = set.keys_size;
	for (size_t i = 0; i < 100000; i++) {
		assert_int_equal(set_add(&set, &i, sizeof(i), i, NULL), 0);
		assert_true(set_find(&set, &i, sizeof(i), NULL));
		assert_true(set_remove(&set, &i, sizeof(i)));
		assert_false(set_find(&set, &i, sizeof(i), NULL));
	}
	assert_int_equal(set.keys_size, size);
}

static void suggests_the_nearest(void **state)
{
	static const char *const words[] = {"node", "nodes", "networks", "ports", "addresses", "x"};
	static const struct {
		const char *word, *best;
	} cases[] = {
		{"nodse", "nodes"},
		{"nod", "node"},
		{"netwroks", "networks"},
		{"port", "ports"},
		{"adress", "addresses"},
		{"prots", "ports"},
		{"vni", NULL},
		{"y", NULL},
		{"", NULL},
		{"Nodes", "nodes"},
		{"a word that is longer than any name may be, so that nothing can be near it",
		 NULL},
	};
	size_t i, j;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct suggestion s = {.word = cases[i].word};

		for (j = 0; j < ARRAY_SIZE(words); j++)
			suggest_try(&s, words[j]);
		if (cases[i].best)
			assert_string_equal(s.best, cases[i].best);
		else
			assert_null(s.best);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(starts_empty),
		cmocka_unit_test(keeps_the_first),
		cmocka_unit_test(tells_keys_apart),
		cmocka_unit_test(grows),
		cmocka_unit_test(removes),
		cmocka_unit_test(forgets),
		cmocka_unit_test(usable_after_clear),
		cmocka_unit_test(suggests_the_nearest),
	};

	return cmocka_run_group_tests_name("config set", tests, NULL, NULL);
}
