/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Label selectors, as k8s.io/apimachinery has them (pkg/apis/meta/v1, LabelSelector): all of
 * matchLabels and of matchExpressions have to hold; without either, everything is selected.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "k8s_parts.h"
#include "util.h"

enum operator{ OP_IN, OP_NOT_IN, OP_EXISTS, OP_DOES_NOT_EXIST, OP_NONE };

static enum operator operator_of(const json_t *expression)
{
	static const char *const words[] = {"In", "NotIn", "Exists", "DoesNotExist"};
	const char *word = json_string_value(json_object_get(expression, "operator"));

	for (size_t i = 0; word && i < ARRAY_SIZE(words); i++)
		if (!strcmp(word, words[i]))
			return i;
	return OP_NONE;
}

static int check_labels(struct k8s *k, const struct k8s_path *path, const json_t *labels)
{
	const char *key;
	json_t *value;
	int err = 0;

	if (!labels || json_is_null(labels))
		return 0;
	if (!json_is_object(labels))
		return k8s_wrong(k, path, NULL, "should be a mapping of labels");
	json_object_foreach ((json_t *)labels, key, value) {
		struct k8s_path at = k8s_down(path, value, "[%.40s]", key);

		if (!json_is_string(value))
			err = k8s_wrong(k, &at, "quote it", "a label's value is text");
	}
	return err;
}

static int check_values(struct k8s *k, const struct k8s_path *path, const json_t *expression)
{
	const json_t *values = json_object_get(expression, "values");
	struct k8s_path at = k8s_down(path, values, ".values");
	enum operator op = operator_of(expression);
	json_t *value;
	bool bad;
	size_t i;
	int err = 0;

	values = k8s_items(k, &at, values, &bad);
	if (bad)
		return -EINVAL;
	if ((op == OP_IN || op == OP_NOT_IN) && !json_array_size(values))
		return k8s_wrong(k, &at, NULL, "In and NotIn need values");
	if ((op == OP_EXISTS || op == OP_DOES_NOT_EXIST) && json_array_size(values))
		return k8s_wrong(k, &at, NULL, "Exists and DoesNotExist have no values");
	json_array_foreach (values, i, value) {
		if (!json_is_string(value))
			err = k8s_wrong(k, &at, "quote it", "a label's value is text");
	}
	return err;
}

static int check_expression(struct k8s *k, const struct k8s_path *path, const json_t *expression)
{
	static const char *const keys[] = {"key", "operator", "values", NULL};

	if (!json_is_object(expression))
		return k8s_wrong(k, path, NULL, "should be a mapping");
	if (k8s_keys(k, path, expression, keys))
		return -EINVAL;
	if (!json_is_string(json_object_get(expression, "key")))
		return k8s_wrong(k, path, NULL, "it needs a key");
	if (operator_of(expression) == OP_NONE)
		return k8s_wrong(k, path, "In, NotIn, Exists or DoesNotExist",
				 "it needs an operator");
	return check_values(k, path, expression);
}

static int check_selector(struct k8s *k, const struct k8s_path *path, const json_t *selector)
{
	static const char *const keys[] = {"matchLabels", "matchExpressions", NULL};
	const json_t *expressions = json_object_get(selector, "matchExpressions");
	struct k8s_path at = k8s_down(path, NULL, ".matchLabels");
	json_t *expression;
	bool bad;
	size_t i;
	int err;

	if (k8s_keys(k, path, selector, keys))
		return -EINVAL;
	err = check_labels(k, &at, json_object_get(selector, "matchLabels"));
	at = k8s_down(path, expressions, ".matchExpressions");
	expressions = k8s_items(k, &at, expressions, &bad);
	if (bad)
		return -EINVAL;
	json_array_foreach (expressions, i, expression) {
		at = k8s_down(path, expression, ".matchExpressions[%zu]", i);
		if (check_expression(k, &at, expression))
			err = -EINVAL;
	}
	return err;
}

static bool among(const json_t *values, const char *word)
{
	json_t *value;
	size_t i;

	json_array_foreach (values, i, value) {
		if (!strcmp(json_string_value(value), word))
			return true;
	}
	return false;
}

static bool holds(const json_t *expression, const json_t *labels)
{
	const char *key = json_string_value(json_object_get(expression, "key"));
	const char *value = json_string_value(json_object_get(labels, key));
	const json_t *values = json_object_get(expression, "values");

	switch (operator_of(expression)) {
	case OP_IN:
		return value && among(values, value);
	case OP_NOT_IN: /* also if there is no such label */
		return !value || !among(values, value);
	case OP_EXISTS:
		return value;
	default:
		return !value;
	}
}

/* @selector: checked, or nothing, which selects all. */
static bool selects(const json_t *selector, const json_t *labels)
{
	json_t *wanted, *expression;
	const char *key;
	size_t i;

	json_object_foreach (json_object_get(selector, "matchLabels"), key, wanted) {
		const char *value = json_string_value(json_object_get(labels, key));

		if (!value || strcmp(value, json_string_value(wanted)) != 0)
			return false;
	}
	json_array_foreach (json_object_get(selector, "matchExpressions"), i, expression) {
		if (!holds(expression, labels))
			return false;
	}
	return true;
}

void k8s_pods_add(struct k8s *k, struct k8s_pods *list, size_t pod)
{
	if (list->n == list->size) {
		size_t size = list->size ? 2 * list->size : 16;
		__u32 *more = reallocarray(list->v, size, sizeof(*more));

		if (!more) {
			k->err = -ENOMEM;
			return;
		}
		list->v = more;
		list->size = size;
	}
	list->v[list->n++] = pod;
}

bool k8s_pods_have(const struct k8s_pods *list, size_t pod)
{
	size_t low = 0, high = list->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (list->v[middle] == pod)
			return true;
		if (list->v[middle] < pod)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

static void select_in(struct k8s *k, const char *ns, const json_t *selector, struct k8s_pods *out)
{
	size_t i, end;

	for (k8s_pods_of(k, ns, &i, &end); i < end && !k->err; i++)
		if (selects(selector, k->pods[i].labels))
			k8s_pods_add(k, out, i);
}

/* The same words give the same key, in whatever order they stand. */
static char *key_of(struct k8s *k, const char *ns, const json_t *pods, const json_t *namespaces)
{
	json_t *words = json_pack("[s?, O?, O?]", ns, pods, namespaces);
	char *key = words ? json_dumps(words, JSON_COMPACT | JSON_SORT_KEYS) : NULL;

	json_decref(words);
	if (!key)
		k->err = -ENOMEM;
	return key;
}

static struct k8s_selection *new_selection(struct k8s *k)
{
	if (k->n_selections == k->selections_size) {
		size_t size = k->selections_size ? 2 * k->selections_size : 64;
		struct k8s_selection *more = reallocarray(k->selections, size, sizeof(*more));

		if (!more) {
			k->err = -ENOMEM;
			return NULL;
		}
		k->selections = more;
		k->selections_size = size;
	}
	k->selections[k->n_selections] = (struct k8s_selection){};
	return &k->selections[k->n_selections++];
}

static int check_both(struct k8s *k, const struct k8s_path *path, const json_t *pods,
		      const json_t *namespaces)
{
	struct k8s_path at = k8s_down(path, pods, ".podSelector");
	int err = check_selector(k, &at, pods);

	at = k8s_down(path, namespaces, ".namespaceSelector");
	return check_selector(k, &at, namespaces) || err ? -EINVAL : 0;
}

size_t k8s_select(struct k8s *k, const struct k8s_path *path, const char *ns, const json_t *pods,
		  const json_t *namespaces)
{
	struct k8s_selection *selection;
	size_t known;
	char *key;

	if (check_both(k, path, pods, namespaces))
		return K8S_NONE;
	key = key_of(k, ns, pods, namespaces);
	if (!key)
		return K8S_NONE;
	if (set_find(&k->selection_of, key, strlen(key), &known)) {
		free(key);
		return known;
	}
	selection = new_selection(k);
	if (!selection) {
		free(key);
		return K8S_NONE;
	}
	selection->key = key;
	if (ns)
		select_in(k, ns, pods, &selection->pods);
	for (size_t i = 0; !ns && i < k->n_namespaces; i++)
		if (selects(namespaces, k->namespaces[i].labels))
			select_in(k, k->namespaces[i].name, pods, &selection->pods);
	k->err = set_add(&k->selection_of, key, strlen(key), k->n_selections - 1, NULL) ?: k->err;
	return k->n_selections - 1;
}
