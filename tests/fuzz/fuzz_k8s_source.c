/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Fuzz what an API server says: the first byte says what the rest is to be, a list or a watch of
 *one of the resources. Built and run by `make fuzz`, by hand:
 *
 *	build/tests/fuzz/fuzz_k8s_source -max_total_time=60 tests/fuzz/corpus/k8s_source
 *
 * Beyond what the sanitizers find: how the network cuts the bytes makes no difference; what is
 * refused is complained about and changes nothing; what is taken is in order, can be written, and
 * loses nothing when it is trimmed again.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "k8s_source_parts.h"
#include "util.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool ok)
{
	if (!ok)
		abort();
}

/** struct reader - what one pass over the bytes has come to. */
struct reader {
	const struct k8s_resource *resource;
	struct k8s_store store;
	struct k8s_problem problem;
	bool list;
};

static int take_item(void *arg, const char *s, size_t n)
{
	struct reader *r = arg;
	int err = k8s_apply_item(r->resource, &r->store, s, n, &r->problem);

	require(!err || (err == -EBADMSG && r->problem.s[0]));
	return err;
}

static int take_event(void *arg, const char *s, size_t n)
{
	struct reader *r = arg;
	struct k8s_effect effect = {};
	json_t *before = json_copy(r->store.objects);
	int err = k8s_apply_event(r->resource, &r->store, s, n, &effect, &r->problem);

	require(!err || (err == -EBADMSG && r->problem.s[0]));
	require(!err == !!effect.version);
	require(effect.changed == !json_equal(before, r->store.objects));
	require(!err || !effect.changed);
	free(effect.version);
	json_decref(before);
	return err;
}

static int end_list(struct reader *r, const struct k8s_items *items)
{
	struct k8s_page page = {};
	int err = k8s_items_end(items, r->resource, &page, &r->problem);

	require(!err || (err == -EBADMSG && r->problem.s[0]));
	require(!err == !!page.version);
	free(page.version);
	free(page.next);
	return err;
}

/* @step: bytes at a time. */
static int read_all(struct reader *r, const char *s, size_t n, size_t step)
{
	struct k8s_items items = {};
	struct k8s_bytes line = {};
	int err = 0;

	for (size_t i = 0; i < n && !err; i += step) {
		size_t len = n - i < step ? n - i : step;

		if (r->list)
			err = k8s_items_add(&items, s + i, len, take_item, r);
		else
			err = k8s_lines_add(&line, s + i, len, take_event, r);
	}
	if (r->list && !err)
		err = end_list(r, &items);
	k8s_items_clear(&items);
	k8s_bytes_clear(&line);
	return err;
}

static const char *name_of(const json_t *object, const char *key)
{
	const json_t *metadata = json_object_get(object, "metadata");

	return json_string_value(json_object_get(metadata, key)) ?: "";
}

static void require_order(const json_t *a, const json_t *b)
{
	int order = strcmp(name_of(a, "namespace"), name_of(b, "namespace"));

	require(order < 0 || (!order && strcmp(name_of(a, "name"), name_of(b, "name")) < 0));
}

static void check(const struct reader *r)
{
	json_auto_t *array = json_array();
	const json_t *object, *last = NULL;
	size_t i;

	require(!k8s_store_append(&r->store, array));
	require(json_array_size(array) == k8s_store_count(&r->store));
	json_array_foreach (array, i, object) {
		struct k8s_problem problem;
		json_t *again = k8s_trim(r->resource, object, &problem);
		_cleanup_free_ char *text = json_dumps(object, JSON_COMPACT);

		require(text && json_equal(object, again));
		json_decref(again);
		if (last)
			require_order(last, object);
		last = object;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reader whole = {}, cut = {};
	int err;

	if (!size)
		return 0;
	whole.resource = &k8s_resources[data[0] % __K8S_KIND_MAX];
	whole.list = data[0] & 0x40;
	cut = whole;
	require(!k8s_store_init(&whole.store) && !k8s_store_init(&cut.store));
	err = read_all(&whole, (const char *)data + 1, size - 1, size);
	require(err == read_all(&cut, (const char *)data + 1, size - 1, 1 + size % 7));
	require(!strcmp(whole.problem.s, cut.problem.s));
	require(json_equal(whole.store.objects, cut.store.objects));
	check(&whole);
	k8s_store_clear(&whole.store);
	k8s_store_clear(&cut.store);
	return 0;
}
