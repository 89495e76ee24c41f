/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The objects of one resource. See k8s_source_parts.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "k8s_source_parts.h"
#include "util.h"

int k8s_store_init(struct k8s_store *store)
{
	store->objects = json_object();
	return store->objects ? 0 : -ENOMEM;
}

void k8s_store_clear(struct k8s_store *store)
{
	json_decref(store->objects);
	store->objects = NULL;
}

size_t k8s_store_count(const struct k8s_store *store)
{
	return json_object_size(store->objects);
}

static const char *in_metadata(const json_t *object, const char *key)
{
	const json_t *metadata = json_object_get(object, "metadata");

	return json_string_value(json_object_get(metadata, key)) ?: "";
}

/* Return: to be freed; NULL without memory. */
static char *key_of(const json_t *object)
{
	char *key;

	if (asprintf(&key, "%s/%s", in_metadata(object, "namespace"), in_metadata(object, "name")) <
	    0)
		return NULL;
	return key;
}

int k8s_store_put(struct k8s_store *store, json_t *object)
{
	_cleanup_free_ char *key = key_of(object);
	const json_t *old = key ? json_object_get(store->objects, key) : NULL;
	int err = 0;

	if (!key)
		err = -ENOMEM;
	else if (!old && k8s_store_count(store) >= K8S_OBJECTS_MAX)
		err = -ENOSPC;
	if (err || (old && json_equal(old, object))) {
		json_decref(object);
		return err;
	}
	return json_object_set_new(store->objects, key, object) ? -ENOMEM : 1;
}

int k8s_store_remove(struct k8s_store *store, const json_t *object)
{
	_cleanup_free_ char *key = key_of(object);

	if (!key)
		return -ENOMEM;
	return !json_object_del(store->objects, key);
}

bool k8s_store_replace(struct k8s_store *store, struct k8s_store *with)
{
	bool changed = !json_equal(store->objects, with->objects);

	json_decref(store->objects);
	store->objects = TAKE_PTR(with->objects);
	return changed;
}

/* Not by the key that the store has: "a-b/x" would come before "a/x". */
static int compare(const void *a, const void *b)
{
	const json_t *x = *(json_t *const *)a, *y = *(json_t *const *)b;
	int order = strcmp(in_metadata(x, "namespace"), in_metadata(y, "namespace"));

	return order ?: strcmp(in_metadata(x, "name"), in_metadata(y, "name"));
}

int k8s_store_append(const struct k8s_store *store, json_t *array)
{
	size_t n = k8s_store_count(store), i = 0;
	_cleanup_free_ json_t **sorted = calloc(n ?: 1, sizeof(json_t *));
	const char *key;
	json_t *object;

	if (!sorted)
		return -ENOMEM;
	json_object_foreach (store->objects, key, object) {
		sorted[i++] = object;
	}
	qsort(sorted, n, sizeof(json_t *), compare);
	for (i = 0; i < n; i++)
		if (json_array_append(array, sorted[i]))
			return -ENOMEM;
	return 0;
}
