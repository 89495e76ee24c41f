/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * A list's bytes as objects, one at a time, and text as JSON. See k8s_source_parts.h.
 *
 * The scanner knows strings and brackets only, which is enough to find where an object ends;
 * whether it is one is for the parser to say. It looks for the one array that the list has of its
 * own.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "k8s_source_parts.h"
#include "util.h"

#define ITEMS_DEPTH 2 /* of what is within the array, but in no object of it */

/* Brackets and strings. Return: whether the depth is still bearable. */
static bool follow(struct k8s_items *items, char c)
{
	if (items->escaped)
		items->escaped = false;
	else if (items->string && c == '\\')
		items->escaped = true;
	else if (c == '"')
		items->string = !items->string;
	else if (!items->string && (c == '{' || c == '['))
		items->depth++;
	else if (!items->string && (c == '}' || c == ']') && items->depth)
		items->depth--;
	return items->depth <= K8S_DEPTH_MAX;
}

static bool is_space_or_comma(char c)
{
	return c == ',' || c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

/* Where an object begins, or goes on. Return: how many bytes belong to it; a negative errno. */
static ssize_t in_object(struct k8s_items *items, const char *s, size_t n, k8s_piece_fn fn,
			 void *arg)
{
	bool whole = false;
	size_t i = 0;
	int err;

	while (i < n && !whole) {
		if (!follow(items, s[i++]))
			return -EBADMSG;
		whole = items->depth == ITEMS_DEPTH;
	}
	err = k8s_bytes_add(&items->item, s, i);
	if (!err && whole)
		err = fn(arg, items->item.s, items->item.n);
	if (whole)
		k8s_bytes_reset(&items->item);
	return err ?: (ssize_t)i;
}

/* A byte that belongs to no object of the array. */
static int between(struct k8s_items *items, char c)
{
	unsigned int before = items->depth;

	if (!follow(items, c))
		return -EBADMSG;
	if (items->in_items && c != ']')
		return is_space_or_comma(c) ? 0 : -EBADMSG;
	if (items->in_items)
		items->in_items = false;
	else if (c == '[' && before == ITEMS_DEPTH - 1 && items->depth == ITEMS_DEPTH) {
		if (items->had_items)
			return -EBADMSG;
		items->in_items = true;
		items->had_items = true;
	}
	return k8s_bytes_add(&items->frame, &c, 1);
}

int k8s_items_add(struct k8s_items *items, const char *s, size_t n, k8s_piece_fn fn, void *arg)
{
	while (n) {
		bool object = items->depth > ITEMS_DEPTH || *s == '{';
		ssize_t used = 1;
		int err = 0;

		if (items->in_items && object) {
			used = in_object(items, s, n, fn, arg);
			err = used < 0 ? (int)used : 0;
		} else {
			err = between(items, *s);
		}
		if (err)
			return err;
		s += used;
		n -= (size_t)used;
	}
	return 0;
}

void k8s_items_clear(struct k8s_items *items)
{
	k8s_bytes_clear(&items->frame);
	k8s_bytes_clear(&items->item);
	*items = (struct k8s_items){};
}

static bool too_deep(const char *s, size_t n)
{
	struct k8s_items scan = {};

	for (size_t i = 0; i < n; i++)
		if (!follow(&scan, s[i]))
			return true;
	return false;
}

json_t *k8s_parse(const char *s, size_t n, struct k8s_problem *problem)
{
	json_error_t error;
	json_t *json;

	if (too_deep(s, n)) {
		k8s_complain(problem, "JSON that is nested more than %d levels deep",
			     K8S_DEPTH_MAX);
		return NULL;
	}
	/* An annotation may hold NUL, which is no reason to miss the pod that has it. */
	json = json_loadb(s, n, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);
	if (!json) {
		k8s_complain(problem, "not JSON, at byte %d: %s", error.position, error.text);
		return NULL;
	}
	if (!json_is_object(json)) {
		k8s_complain(problem, "JSON that is no object");
		json_decref(json);
		return NULL;
	}
	return json;
}

const char *k8s_version(const json_t *object)
{
	const json_t *metadata = json_object_get(object, "metadata");
	const char *version = json_string_value(json_object_get(metadata, "resourceVersion"));

	return version && *version ? version : NULL;
}

static int read_page(const json_t *list, struct k8s_page *page)
{
	const json_t *metadata = json_object_get(list, "metadata");
	const char *next = json_string_value(json_object_get(metadata, "continue"));
	_cleanup_free_ char *version = strdup(k8s_version(list));

	if (!version)
		return -ENOMEM;
	if (next && *next) {
		page->next = strdup(next);
		if (!page->next)
			return -ENOMEM;
	}
	page->version = TAKE_PTR(version);
	return 0;
}

int k8s_items_end(const struct k8s_items *items, const struct k8s_resource *resource,
		  struct k8s_page *page, struct k8s_problem *problem)
{
	json_auto_t *list = k8s_parse(items->frame.s ?: "", items->frame.n, problem);
	const char *kind = json_string_value(json_object_get(list, "kind"));
	const json_t *array = json_object_get(list, "items");
	size_t len = strlen(resource->kind);

	if (!list)
		return -EBADMSG;
	if (!kind || strncmp(kind, resource->kind, len) != 0 || strcmp(kind + len, "List") != 0)
		return k8s_complain(problem, "a list of kind %s, not %sList", kind ?: "none",
				    resource->kind);
	/* A server may say null for none. */
	if (items->had_items ? !json_is_array(array) : array && !json_is_null(array))
		return k8s_complain(problem, "a list whose items are no array");
	if (!k8s_version(list))
		return k8s_complain(problem, "a list without metadata.resourceVersion");
	return read_page(list, page);
}
