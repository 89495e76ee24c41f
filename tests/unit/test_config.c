/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The configuration file from text to struct config: every file of config/good is accepted, every
 * file of config/bad is refused with exactly the errors that its comments expect (config/expect.h),
 * and every file of config/warn accepted with exactly the warnings.
 */
#include <dirent.h>
#include <errno.h>
#include <libgen.h>
#include <stdlib.h>

#include "config/expect.h"

#include "check.h"
#include "config.h"
#include "util.h"

#define MAX_FIXTURES 192

/* A file beside this one. */
static void path_to(char *path, size_t size, const char *folder, const char *name)
{
	char here[] = __FILE__;

	snprintf(path, size, "%s/config/%s/%s", dirname(here), folder, name);
}

static char *read_text(const char *path)
{
	FILE *file = fopen(path, "r");
	char *text = calloc(1, 1 << 16);

	assert_non_null(file);
	assert_non_null(text);
	assert_true(fread(text, 1, (1 << 16) - 1, file) > 0);
	fclose(file);
	return text;
}

static void accepts(void **state)
{
	_cleanup_(diag_freep) struct diag *diag = diag_new();
	_cleanup_(config_freep) struct config *cfg = NULL;
	struct expects none = {};
	char path[512];
	int err;

	path_to(path, sizeof(path), "good", *state);
	err = config_load(path, diag, &cfg);
	if (!err)
		err = config_warn(cfg, diag);
	expects_check(&none, diag);
	assert_int_equal(err, 0);
	assert_non_null(cfg);
}

static void warns(void **state)
{
	_cleanup_(diag_freep) struct diag *diag = diag_new();
	_cleanup_(config_freep) struct config *cfg = NULL;
	struct expects expects = {};
	_cleanup_free_ char *text = NULL;
	char path[512];

	path_to(path, sizeof(path), "warn", *state);
	text = read_text(path);
	expects_read(&expects, text);
	assert_true(expects.n > 0);
	assert_int_equal(config_load(path, diag, &cfg), 0);
	assert_int_equal(config_warn(cfg, diag), 0);
	expects_check(&expects, diag);
	assert_int_equal(diag_count(diag), 0);
	assert_int_equal(diag_warnings(diag), expects.n);
}

static void refuses(void **state)
{
	_cleanup_(diag_freep) struct diag *diag = diag_new();
	struct config untouched, *cfg = &untouched;
	struct expects expects = {};
	_cleanup_free_ char *text = NULL;
	char path[512];

	path_to(path, sizeof(path), "bad", *state);
	text = read_text(path);
	expects_read(&expects, text);
	assert_true(expects.n > 0);
	assert_int_equal(config_load(path, diag, &cfg), -EINVAL);
	assert_ptr_equal(cfg, &untouched);
	expects_check(&expects, diag);
	assert_int_equal(diag_count(diag), expects.n);
}

static int is_fixture(const struct dirent *entry)
{
	return strstr(entry->d_name, ".yaml") != NULL;
}

/* A test for each file of a folder. */
static size_t add_fixtures(struct CMUnitTest *tests, const char *folder, CMUnitTestFunction test)
{
	struct dirent **entries;
	char path[512];
	int n, i;

	path_to(path, sizeof(path), folder, "");
	n = scandir(path, &entries, is_fixture, alphasort);
	if (n <= 0 || n > MAX_FIXTURES / 3) {
		fprintf(stderr, "%s: no fixtures, or too many\n", path);
		exit(EXIT_FAILURE);
	}
	for (i = 0; i < n; i++) {
		char *name = strdup(entries[i]->d_name);

		tests[i] =
			(struct CMUnitTest){.name = name, .test_func = test, .initial_state = name};
		free(entries[i]);
	}
	free(entries);
	return n;
}

int main(void)
{
	struct CMUnitTest tests[MAX_FIXTURES] = {};
	size_t n, i;
	int failed;

	n = add_fixtures(tests, "good", accepts);
	n += add_fixtures(tests + n, "bad", refuses);
	n += add_fixtures(tests + n, "warn", warns);
	failed = _cmocka_run_group_tests("config fixtures", tests, n, NULL, NULL);
	for (i = 0; i < n; i++)
		free((char *)tests[i].name);
	return failed;
}
