/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* journal.c: a failure undoes what came before, last first, and says what it was. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "journal.h"
#include "util.h"

/* What was done and undone, in order: "+a +b -b -a". */
static char trace[64];

/** struct act - a step of a test. */
struct act {
	const char *name;
	int err;
	int undo_err;
};

static void note(char sign, const char *name)
{
	size_t len = strlen(trace);

	snprintf(trace + len, sizeof(trace) - len, "%s%c%s", len ? " " : "", sign, name);
}

static int run(void *arg)
{
	const struct act *act = arg;

	if (!act->err)
		note('+', act->name);
	return act->err;
}

static int undo(void *arg)
{
	const struct act *act = arg;

	note('-', act->name);
	return act->undo_err;
}

static int setup(void **state __attribute__((unused)))
{
	trace[0] = '\0';
	unsetenv("WEFT_TEST_FAIL_STEP");
	return 0;
}

static void test_undoes_in_reverse(void **state __attribute__((unused)))
{
	_cleanup_(journal_clear) struct journal j = {};
	struct act a = {"a", 0, 0}, b = {"b", 0, 0}, c = {"c", -EBUSY, 0};

	assert_int_equal(journal_do(&j, run, undo, &a, "do %s", "a"), 0);
	assert_int_equal(journal_do(&j, run, undo, &b, "do %s", "b"), 0);
	assert_null(j.failed);
	assert_int_equal(journal_do(&j, run, undo, &c, "do %s", "c"), -EBUSY);
	assert_string_equal(j.failed, "do c");
	journal_undo(&j);
	assert_string_equal(trace, "+a +b -b -a");
	assert_null(j.stuck);
}

static void test_undoes_once(void **state __attribute__((unused)))
{
	_cleanup_(journal_clear) struct journal j = {};
	struct act a = {"a", 0, 0}, b = {"b", 0, 0};

	journal_do(&j, run, undo, &a, "a");
	journal_do(&j, run, NULL, &b, "b");
	journal_undo(&j);
	journal_undo(&j);
	assert_string_equal(trace, "+a +b -a");
}

/* What cannot be undone does not keep the rest from being undone. */
static void test_says_what_is_stuck(void **state __attribute__((unused)))
{
	_cleanup_(journal_clear) struct journal j = {};
	struct act a = {"a", 0, -EIO}, b = {"b", 0, -ENODEV}, c = {"c", 0, 0};

	journal_do(&j, run, undo, &a, "make %s", "a");
	journal_do(&j, run, undo, &b, "make %s", "b");
	journal_do(&j, run, undo, &c, "make %s", "c");
	journal_undo(&j);
	assert_string_equal(trace, "+a +b +c -c -b -a");
	assert_string_equal(j.stuck, "make b: No such device\nmake a: Input/output error\n");
}

static void test_many_steps(void **state __attribute__((unused)))
{
	_cleanup_(journal_clear) struct journal j = {};
	struct act a = {"", 0, 0};

	for (int i = 0; i < 10000; i++)
		assert_int_equal(journal_do(&j, run, NULL, &a, "step %d", i), 0);
	assert_int_equal(j.n, 10000);
	assert_int_equal(j.steps, 10000);
	assert_string_equal(j.v[9999].what, "step 9999");
}

static void test_fails_where_a_test_says(void **state __attribute__((unused)))
{
	_cleanup_(journal_clear) struct journal j = {};
	struct act a = {"a", 0, 0}, b = {"b", 0, 0};

	setenv("WEFT_TEST_FAIL_STEP", "2", 1);
	assert_int_equal(journal_do(&j, run, undo, &a, "a"), 0);
	assert_int_equal(journal_do(&j, run, undo, &b, "b"), -EIO);
	journal_undo(&j);
	assert_string_equal(trace, "+a -a");
	assert_int_equal(j.steps, 2);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_undoes_in_reverse, setup),
		cmocka_unit_test_setup(test_undoes_once, setup),
		cmocka_unit_test_setup(test_says_what_is_stuck, setup),
		cmocka_unit_test_setup(test_many_steps, setup),
		cmocka_unit_test_setup(test_fails_where_a_test_says, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
