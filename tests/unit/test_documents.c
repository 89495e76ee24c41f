/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* What the agent's API takes: texts that are let in, sets of documents, and the way back to text.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "check.h"
#include "config.h"
#include "diag.h"
#include "documents.h"
#include "encode.h"
#include "schema.h"
#include "util.h"

#define PORT(name, mac, address)                                                                   \
	"{\"name\":\"" name "\",\"node\":\"a\",\"network\":\"web\",\"interface\":\"i-" name        \
	"\",\"mac\":\"02:00:00:00:00:" mac "\",\"addresses\":[\"" address "\"]}"

#define CONTAINER_PORT(name, mac, address)                                                         \
	"{\"name\":\"" name "\",\"node\":\"a\",\"network\":\"web\",\"interface\":\"i-" name        \
	"\",\"mac\":\"02:00:00:00:00:" mac "\",\"addresses\":[\"" address                          \
	"\"],\"container\":\"id\"}"

static const char base[] = "nodes: [{name: a, vtep: 192.0.2.1, uplinks: [eth0]}]\n"
			   "networks: [{name: web, vni: 7, subnets: [10.0.0.0/24]}]\n"
			   "ports: [{name: p, node: a, interface: i, network: web,\n"
			   "         mac: \"02:00:00:00:00:01\", addresses: [10.0.0.1]}]\n";

static struct diag *new_diag(void)
{
	struct diag *diag = diag_new();

	assert_non_null(diag);
	return diag;
}

/* Return: the error of a change made of a text; the set is then as the change left it. */
static int change(struct documents *docs, const char *text)
{
	_cleanup_(documents_change_freep) struct documents_change *c = documents_change_new();
	_cleanup_(diag_freep) struct diag *diag = new_diag();
	int err;

	err = json_guard(text, strlen(text), diag);
	if (!err)
		err = documents_decode_change(text, strlen(text), diag, c);
	return err ? err : documents_apply(docs, c, diag);
}

static void test_guard(void **state __attribute__((unused)))
{
	static const struct {
		const char *text;
		int err;
	} cases[] = {
		{"{}", 0},
		{" {\"a\": [1, 2.5, null, true, \"x\"]}\n", 0},
		{"{\"a\": \"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\\\"[[[\"}", 0},
		{"", -EINVAL},
		{"[]", -EINVAL},
		{"7", -EINVAL},
		{"{", -EINVAL},
		{"{\"a\": 1,}", -EINVAL},
		{"{\"a\": 1} x", -EINVAL},
		{"{\"a\": 1, \"a\": 2}", -EINVAL},
		{"{\"b\": {\"a\": 1, \"a\": 2}}", -EINVAL},
		{"{\"a\": \"\xff\"}", -EINVAL},
		{"{a: 1}", -EINVAL},
		{"{\"a\": *x}", -EINVAL},
		{"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[", -EINVAL},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_(diag_freep) struct diag *diag = new_diag();
		int err = json_guard(cases[i].text, strlen(cases[i].text), diag);

		if (err != cases[i].err || (err && diag_count(diag) != 1))
			fail_msg("%s: %d, %zu", cases[i].text, err, diag_count(diag));
	}
}

static void test_put_and_delete(void **state __attribute__((unused)))
{
	_cleanup_(documents_clear) struct documents docs = {}, before = {};
	const struct document *q;

	assert_int_equal(change(&docs, "{\"put\":{\"ports\":[" PORT("q", "02", "10.0.0.2") "," PORT(
					       "r", "03", "10.0.0.3") "]}}"),
			 0);
	assert_int_equal(documents_count(&docs), 2);
	q = documents_find(&docs, DOCUMENT_PORT, "q");
	assert_string_equal(document_name(q), "q");
	assert_null(documents_find(&docs, DOCUMENT_PORT, "p"));
	assert_null(documents_find(&docs, DOCUMENT_NETWORK, "q"));

	assert_int_equal(documents_copy(&docs, &before), 0);
	assert_false(documents_differ(&docs, &before, ~0u));
	assert_int_equal(change(&docs, "{\"put\":{\"ports\":[" PORT("q", "02", "10.0.0.2") "]}}"),
			 0);
	assert_false(documents_differ(&docs, &before, ~0u));
	assert_int_equal(change(&docs, "{\"put\":{\"ports\":[" PORT("q", "04", "10.0.0.4") "]}}"),
			 0);
	assert_true(documents_differ(&docs, &before, 1u << DOCUMENT_PORT));
	assert_false(documents_differ(&docs, &before, 1u << DOCUMENT_POLICY));
	assert_int_equal(documents_count(&docs), 2);
	assert_ptr_equal(documents_find(&before, DOCUMENT_PORT, "q"), q);

	assert_int_equal(change(&docs, "{\"delete\":{\"ports\":[\"q\",\"r\"]}}"), 0);
	assert_int_equal(documents_count(&docs), 0);
	assert_int_equal(documents_count(&before), 2);
}

static void test_wrong_changes(void **state __attribute__((unused)))
{
	static const char *const wrong[] = {
		"{\"put\":{\"ports\":[" PORT("q", "02", "10.0.0.2") "," PORT("q", "03",
									     "10.0.0.3") "]}}",
		"{\"delete\":{\"ports\":[\"q\"]}}",
		"{\"put\":{\"port\":[]}}",
		"{\"put\":{\"ports\":[{\"name\":\"q\"}]}}",
		"{\"put\":{\"nodes\":[]}}",
		"{\"delete\":{\"ports\":[\"a/b\"]}}",
	};

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		_cleanup_(documents_clear) struct documents docs = {};

		if (change(&docs, wrong[i]) != -EINVAL)
			fail_msg("%s", wrong[i]);
	}
}

/* Complaints are about the row, whoever wrote it; and say where the other one is. */
static void test_judged_with_the_file(void **state __attribute__((unused)))
{
	_cleanup_(config_freep) struct config *file = NULL, *both = NULL;
	_cleanup_(documents_clear) struct documents docs = {};
	_cleanup_(diag_freep) struct diag *diag = new_diag();
	const struct diag_entry *entries;
	char path[] = "/tmp/weft-documents-XXXXXX";
	int fd = mkstemp(path);
	size_t n;

	assert_int_equal(write(fd, base, strlen(base)), strlen(base));
	close(fd);
	assert_int_equal(config_read(path, diag, &file), 0);
	assert_int_equal(
		change(&docs, "{\"put\":{\"ports\":[" PORT("q", "01", "10.0.1.2") "," PORT(
				      "r", "03", "10.0.0.3") "," PORT("s", "03", "10.0.0.4") "]}}"),
		0);
	assert_int_equal(documents_merge(file, &docs, &both), 0);
	assert_int_equal(both->ports.n, 4);
	assert_int_equal(config_check(both, diag), 0);
	entries = diag_entries(diag, &n);
	assert_int_equal(n, 3);
	for (size_t i = 0; i < n; i++)
		assert_true(entries[i].at.line > DIAG_LINE_API);
	assert_non_null(strstr(entries[0].message, "already used in network \"web\" in "));
	assert_int_equal(diag_count(diag), 3);
	assert_string_equal(diag_line(3).s, "line 3");
	assert_string_equal(diag_line(DIAG_LINE_API + 1).s, "a document of the API");
	unlink(path);
}

static void test_saved_and_read_back(void **state __attribute__((unused)))
{
	_cleanup_(documents_clear) struct documents docs = {}, back = {}, none = {};
	_cleanup_(diag_freep) struct diag *diag = new_diag();
	char path[64];

	snprintf(path, sizeof(path), "/tmp/weft-documents-%d.json", getpid());
	unlink(path);
	assert_int_equal(documents_load(path, diag, &none), 0);
	assert_int_equal(documents_count(&none), 0);
	assert_int_equal(
		change(&docs,
		       "{\"put\":{\"ports\":[" PORT(
			       "q", "02",
			       "10.0.0.2") "],\"networks\":[{\"name\":\"n\",\"vni\":9}],"
					   "\"address_sets\":[{\"name\":\"s\",\"cidrs\":\"10.0.0.0/"
					   "8\"}],\"policies\":[{\"name\":\"l\",\"applies_to\":"
					   "\"g\",\"direction\":\"ingress\",\"rules\":[{\"from\":{"
					   "\"sets\":\"s\"},\"protocol\":\"tcp\",\"ports\":[80,"
					   "\"90-99\"]}]}]}}"),
		0);
	assert_int_equal(documents_prepare(path, &docs), 0);
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(documents_commit(path), 0);
	assert_int_equal(documents_load(path, diag, &back), 0);
	assert_int_equal(documents_count(&back), 4);
	assert_false(documents_differ(&docs, &back, ~0u));
	unlink(path);
}

/* As a state file of an earlier boot has it. */
static void say_another_boot(const char *path)
{
	char command[256];

	snprintf(command, sizeof(command), "sed -i 's/^{\"boot\": \"[^\"]*\"/{\"boot\": \"x\"/' %s",
		 path);
	assert_int_equal(system(command), 0);
}

static void test_containers_end_with_the_kernel(void **state __attribute__((unused)))
{
	_cleanup_(documents_clear) struct documents docs = {}, same = {}, next = {};
	_cleanup_(diag_freep) struct diag *diag = new_diag();
	char path[64];

	snprintf(path, sizeof(path), "/tmp/weft-documents-%d.json", getpid());
	assert_int_equal(
		change(&docs,
		       "{\"put\":{\"ports\":[" PORT("p", "01", "10.0.0.1") "," CONTAINER_PORT(
			       "c", "02", "10.0.0.2") "," PORT("q", "03", "10.0.0.3") "]}}"),
		0);
	assert_int_equal(documents_prepare(path, &docs), 0);
	assert_int_equal(documents_commit(path), 0);
	assert_int_equal(documents_load(path, diag, &same), 0);
	assert_int_equal(documents_count(&same), 3);
	say_another_boot(path);
	assert_int_equal(documents_load(path, diag, &next), 0);
	assert_int_equal(documents_count(&next), 2);
	assert_non_null(documents_find(&next, DOCUMENT_PORT, "p"));
	assert_non_null(documents_find(&next, DOCUMENT_PORT, "q"));
	unlink(path);
}

/* Every file that is right, through JSON and back, says the same. */
static void test_encoded_files(void **state __attribute__((unused)))
{
	glob_t files;

	assert_int_equal(glob("tests/unit/config/good/*.yaml", 0, NULL, &files), 0);
	for (size_t i = 0; i < files.gl_pathc; i++) {
		_cleanup_(config_freep) struct config *cfg = NULL, *again = NULL;
		_cleanup_(diag_freep) struct diag *diag = new_diag();
		_cleanup_free_ char *text = NULL;
		json_t *json, *same;

		assert_int_equal(config_load(files.gl_pathv[i], diag, &cfg), 0);
		json = encode(&schema_root, cfg);
		text = json_dumps(json, JSON_INDENT(1));
		if (config_load_bytes("encoded", text, strlen(text), diag, &again)) {
			diag_print(diag, stderr);
			fail_msg("%s: %s", files.gl_pathv[i], text);
		}
		same = encode(&schema_root, again);
		if (!json_equal(json, same))
			fail_msg("%s: %s", files.gl_pathv[i], text);
		json_decref(json);
		json_decref(same);
	}
	globfree(&files);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_guard),
		cmocka_unit_test(test_put_and_delete),
		cmocka_unit_test(test_wrong_changes),
		cmocka_unit_test(test_judged_with_the_file),
		cmocka_unit_test(test_saved_and_read_back),
		cmocka_unit_test(test_containers_end_with_the_kernel),
		cmocka_unit_test(test_encoded_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
