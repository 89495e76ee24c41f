/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* What is kept of an object: a tenth of a pod. See k8s_source_objects(). */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "k8s_source_parts.h"
#include "util.h"

int k8s_complain(struct k8s_problem *problem, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(problem->s, sizeof(problem->s), format, args);
	va_end(args);
	for (char *p = problem->s; *p; p++)
		if (*p < ' ' || *p > '~')
			*p = '?';
	return -EBADMSG;
}

static const char *type_name(json_type type)
{
	switch (type) {
	case JSON_OBJECT:
		return "object";
	case JSON_ARRAY:
		return "array";
	case JSON_STRING:
		return "string";
	default:
		return "boolean";
	}
}

static bool is_of(const json_t *value, json_type type)
{
	return type == JSON_TRUE ? json_is_boolean(value) : json_typeof(value) == type;
}

int k8s_take(const json_t *from, const char *key, json_type type, json_t *to,
	     struct k8s_problem *problem)
{
	json_t *value = json_object_get(from, key);

	if (!value || json_is_null(value))
		return 0;
	if (!is_of(value, type))
		return k8s_complain(problem, "%s is no %s", key, type_name(type));
	return json_object_set(to, key, value) ? -ENOMEM : 0;
}

struct field {
	const char *key;
	json_type type; /* JSON_TRUE: a boolean */
};

static int take_all(const json_t *from, const struct field *fields, json_t *to,
		    struct k8s_problem *problem)
{
	for (; fields->key; fields++) {
		int err = k8s_take(from, fields->key, fields->type, to, problem);

		if (err)
			return err;
	}
	return 0;
}

/* Another object in @to, which owns it. Return: borrowed, NULL without memory. */
static json_t *add_object(json_t *to, const char *key)
{
	json_t *object = json_object();

	return object && !json_object_set_new(to, key, object) ? object : NULL;
}

/* Of containers only what they listen on, and nothing of those that do not say. */
static int take_containers(const json_t *spec, const char *key, json_t *to,
			   struct k8s_problem *problem)
{
	static const struct field fields[] = {
		{"ports", JSON_ARRAY}, {"restartPolicy", JSON_STRING}, {}};
	const json_t *containers = json_object_get(spec, key);
	json_t *kept = json_array();
	const json_t *container;
	size_t i;
	int err = kept ? 0 : -ENOMEM;

	if (containers && !json_is_null(containers) && !json_is_array(containers))
		err = k8s_complain(problem, "%s is no array", key);
	json_array_foreach (containers, i, container) {
		json_t *one = err ? NULL : json_object();

		if (!err)
			err = one ? take_all(container, fields, one, problem) : -ENOMEM;
		if (!err && json_array_size(json_object_get(one, "ports")))
			err = json_array_append(kept, one) ? -ENOMEM : 0;
		json_decref(one);
	}
	if (!err && json_array_size(kept))
		err = json_object_set(to, key, kept) ? -ENOMEM : 0;
	json_decref(kept);
	return err;
}

static int get_object(const json_t *from, const char *key, const json_t **value,
		      struct k8s_problem *problem)
{
	*value = json_object_get(from, key);
	if (*value && !json_is_object(*value) && !json_is_null(*value))
		return k8s_complain(problem, "%s is no object", key);
	return 0;
}

/** struct halves - an object's spec and status: as they came, and what is kept of them. */
struct halves {
	const json_t *from_spec;
	json_t *spec;
};

static int take_halves(const json_t *from, json_t *to, const struct field *spec_fields,
		       const struct field *status_fields, struct halves *halves,
		       struct k8s_problem *problem)
{
	json_t *status;
	const json_t *from_status = NULL;
	int err;

	halves->spec = add_object(to, "spec");
	status = add_object(to, "status");
	err = halves->spec && status ? 0 : -ENOMEM;
	if (!err)
		err = get_object(from, "spec", &halves->from_spec, problem);
	if (!err)
		err = get_object(from, "status", &from_status, problem);
	if (!err)
		err = take_all(halves->from_spec, spec_fields, halves->spec, problem);
	if (!err)
		err = take_all(from_status, status_fields, status, problem);
	return err;
}

int k8s_trim_pod(const json_t *from, json_t *to, struct k8s_problem *problem)
{
	static const struct field spec_fields[] = {
		{"nodeName", JSON_STRING}, {"hostNetwork", JSON_TRUE}, {}};
	static const struct field status_fields[] = {
		{"phase", JSON_STRING}, {"podIP", JSON_STRING}, {"podIPs", JSON_ARRAY}, {}};
	struct halves h = {};
	int err = take_halves(from, to, spec_fields, status_fields, &h, problem);

	if (!err)
		err = take_containers(h.from_spec, "containers", h.spec, problem);
	if (!err)
		err = take_containers(h.from_spec, "initContainers", h.spec, problem);
	return err;
}

int k8s_trim_policy(const json_t *from, json_t *to, struct k8s_problem *problem)
{
	return k8s_take(from, "spec", JSON_OBJECT, to, problem);
}

int k8s_trim_service(const json_t *from, json_t *to, struct k8s_problem *problem)
{
	static const struct field spec_fields[] = {{"clusterIP", JSON_STRING},
						   {"clusterIPs", JSON_ARRAY},
						   {"externalIPs", JSON_ARRAY},
						   {"ports", JSON_ARRAY},
						   {}};
	static const struct field status_fields[] = {{"loadBalancer", JSON_OBJECT}, {}};
	struct halves h = {};

	return take_halves(from, to, spec_fields, status_fields, &h, problem);
}

/* Of an address only the address: who has it and where is said of pods. */
static int take_addresses(const json_t *subset, const char *key, json_t *to,
			  struct k8s_problem *problem)
{
	static const struct field fields[] = {{"ip", JSON_STRING}, {}};
	const json_t *list = json_object_get(subset, key), *address;
	json_t *kept = json_array();
	size_t i;
	int err = kept && !json_object_set_new(to, key, kept) ? 0 : -ENOMEM;

	if (!err && list && !json_is_null(list) && !json_is_array(list))
		err = k8s_complain(problem, "%s is no array", key);
	json_array_foreach (list, i, address) {
		json_t *one = err ? NULL : json_object();

		if (!err)
			err = one && !json_array_append_new(kept, one) ? 0 : -ENOMEM;
		if (!err)
			err = take_all(address, fields, one, problem);
	}
	return err;
}

int k8s_trim_endpoints(const json_t *from, json_t *to, struct k8s_problem *problem)
{
	static const struct field fields[] = {{"ports", JSON_ARRAY}, {}};
	const json_t *list = json_object_get(from, "subsets"), *subset;
	json_t *subsets = json_array();
	size_t i;
	int err = subsets && !json_object_set_new(to, "subsets", subsets) ? 0 : -ENOMEM;

	if (!err && list && !json_is_null(list) && !json_is_array(list))
		err = k8s_complain(problem, "subsets is no array");
	json_array_foreach (list, i, subset) {
		json_t *one = err ? NULL : json_object();

		if (!err)
			err = one && !json_array_append_new(subsets, one) ? 0 : -ENOMEM;
		if (!err)
			err = take_addresses(subset, "addresses", one, problem);
		if (!err)
			err = take_addresses(subset, "notReadyAddresses", one, problem);
		if (!err)
			err = take_all(subset, fields, one, problem);
	}
	return err;
}

static int check_labels(const json_t *metadata, struct k8s_problem *problem)
{
	json_t *labels = json_object_get(metadata, "labels"), *value;
	const char *key;

	json_object_foreach (labels, key, value) {
		if (!json_is_string(value))
			return k8s_complain(problem, "label %s is no string", key);
	}
	return 0;
}

/* A name must be fit to find the object by. */
static int check_name(const json_t *metadata, const char *key, struct k8s_problem *problem)
{
	const json_t *value = json_object_get(metadata, key);
	const char *s = json_string_value(value);

	if (!s || !*s)
		return k8s_complain(problem, "an object without metadata.%s", key);
	if (strchr(s, '/') || strlen(s) != json_string_length(value))
		return k8s_complain(problem, "metadata.%s holds what no name may", key);
	return 0;
}

static int trim_metadata(const struct k8s_resource *resource, const json_t *from, json_t *to,
			 struct k8s_problem *problem)
{
	static const struct field fields[] = {
		{"name", JSON_STRING},   {"namespace", JSON_STRING},
		{"uid", JSON_STRING},    {"deletionTimestamp", JSON_STRING},
		{"labels", JSON_OBJECT}, {}};
	json_t *metadata = add_object(to, "metadata");
	int err;

	if (!metadata)
		return -ENOMEM;
	err = take_all(json_object_get(from, "metadata"), fields, metadata, problem);
	if (!err)
		err = check_name(metadata, "name", problem);
	if (!err && resource->namespaced)
		err = check_name(metadata, "namespace", problem);
	return err ?: check_labels(metadata, problem);
}

json_t *k8s_trim(const struct k8s_resource *resource, const json_t *object,
		 struct k8s_problem *problem)
{
	json_t *kept = json_pack("{s:s, s:s}", "apiVersion", resource->api_version, "kind",
				 resource->kind);
	int err = kept ? trim_metadata(resource, object, kept, problem) : -ENOMEM;

	if (!err && resource->trim)
		err = resource->trim(object, kept, problem);
	if (!err)
		return kept;
	if (err == -ENOMEM)
		k8s_complain(problem, "out of memory");
	json_decref(kept);
	return NULL;
}
