/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* What is said in objects of Kubernetes, and what is wrong with it; see k8s.h. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "k8s_parts.h"
#include "suggest.h"
#include "util.h"

static const struct k8s_place *find_place(const struct k8s_input *in, const json_t *value)
{
	size_t i;

	return in && value && set_find(&in->place_of, &value, sizeof(value), &i) ? &in->places[i]
										 : NULL;
}

struct diag_at k8s_where(const struct k8s_input *in, const json_t *value, const json_t *near,
			 const char *key)
{
	const struct k8s_place *place = find_place(in, value) ?: find_place(in, near);

	return diag_at(place ? place->line : 0, place ? place->column : 0, "%s", key);
}

static struct diag *record_of(struct k8s *k, const struct k8s_path *path)
{
	const struct k8s_place *place = find_place(k->options->input, path->at);

	return place ? k->options->input->files[place->file] : k->options->diag;
}

int k8s_wrong(struct k8s *k, const struct k8s_path *path, const char *hint, const char *message)
{
	struct diag *diag = record_of(k, path);

	if (!diag)
		return -EINVAL;
	diag_error(diag, k8s_where(k->options->input, path->at, NULL, path->s), "%s", message);
	if (hint)
		diag_hint(diag, "%s", hint);
	return -EINVAL;
}

void k8s_warn(struct k8s *k, const struct k8s_path *path, const char *message)
{
	struct diag *diag = record_of(k, path);

	if (diag)
		diag_warning(diag, k8s_where(k->options->input, path->at, NULL, path->s), "%s",
			     message);
}

struct k8s_path k8s_top(const json_t *object)
{
	struct k8s_path path = {.at = object};

	snprintf(path.s, sizeof(path.s),
		 "%s %.40s/%.40s: ", json_string_value(json_object_get(object, "kind")),
		 k8s_meta(object, "namespace") ?: "default", k8s_meta(object, "name") ?: "");
	return path;
}

struct k8s_path k8s_down(const struct k8s_path *up, const json_t *value, const char *step, ...)
{
	struct k8s_path path = *up;
	size_t len = strlen(path.s);
	va_list args;

	if (value && !json_is_null(value) && !json_is_boolean(value))
		path.at = value;
	va_start(args, step);
	vsnprintf(path.s + len, sizeof(path.s) - len, step, args);
	va_end(args);
	return path;
}

static bool known_key(const char *key, const char *const *keys, struct suggestion *s)
{
	for (; *keys; keys++) {
		if (!strcmp(key, *keys))
			return true;
		suggest_try(s, *keys);
	}
	return false;
}

int k8s_keys(struct k8s *k, const struct k8s_path *path, const json_t *value,
	     const char *const *keys)
{
	const char *key;
	json_t *item;
	char hint[64];
	int err = 0;

	if (!value || json_is_null(value))
		return 0;
	if (!json_is_object(value))
		return k8s_wrong(k, path, NULL, "should be a mapping");
	json_object_foreach ((json_t *)value, key, item) {
		struct suggestion s = {.word = key};
		struct k8s_path at;

		if (known_key(key, keys, &s))
			continue;
		at = k8s_down(path, item, ".%.30s", key);
		snprintf(hint, sizeof(hint), "did you mean %s?", s.best);
		err = k8s_wrong(k, &at, s.best ? hint : NULL, "no such key");
	}
	return err;
}

const json_t *k8s_items(struct k8s *k, const struct k8s_path *path, const json_t *list, bool *bad)
{
	*bad = false;
	if (!list || json_is_null(list))
		return NULL;
	if (json_is_array(list))
		return list;
	*bad = true;
	k8s_wrong(k, path, NULL, "should be a list");
	return NULL;
}

const char *k8s_meta(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(json_object_get(object, "metadata"), key));
}

const char *k8s_protocol(const json_t *value)
{
	static const char *const words[][2] = {{"TCP", "tcp"}, {"UDP", "udp"}, {"SCTP", "sctp"}};
	const char *word = json_string_value(value);

	if (!value || json_is_null(value))
		return "tcp";
	for (size_t i = 0; word && i < ARRAY_SIZE(words); i++)
		if (!strcmp(word, words[i][0]))
			return words[i][1];
	return NULL;
}

void k8s_id(const json_t *object, char *out, size_t size)
{
	snprintf(out, size, "%s/%s", k8s_meta(object, "namespace") ?: "default",
		 k8s_meta(object, "name"));
}

bool k8s_parse_addr(const char *text, struct in6_addr *out)
{
	struct in6_addr addr = {};

	if (inet_pton(AF_INET, text, &addr.s6_addr[12]) == 1)
		addr.s6_addr[10] = addr.s6_addr[11] = 0xff;
	else if (inet_pton(AF_INET6, text, &addr) != 1)
		return false;
	*out = addr;
	return true;
}
