/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* See k8s_change.h. */
#include "k8s_change.h"

#include <errno.h>
#include <string.h>

#include "k8s.h"

const char *const k8s_change_kinds[K8S_CHANGE_KINDS] = {"address_sets", "policies"};

json_t *k8s_change_by_name(const json_t *documents)
{
	json_t *out = json_object();

	for (size_t kind = 0; out && kind < K8S_CHANGE_KINDS; kind++) {
		json_t *by_name = json_object(), *document;
		size_t i;
		int err = json_object_set_new(out, k8s_change_kinds[kind], by_name);

		json_array_foreach (json_object_get(documents, k8s_change_kinds[kind]), i,
				    document) {
			const char *name = json_string_value(json_object_get(document, "name"));

			err = err || json_object_set(by_name, name, document);
		}
		if (err) {
			json_decref(out);
			out = NULL;
		}
	}
	return out;
}

int k8s_change_recall(json_t *known, const char *kind, const json_t *answer)
{
	json_t *names = json_object(), *entry;
	size_t i;
	int err = json_object_set_new(known, kind, names);

	json_array_foreach (json_object_get(answer, kind), i, entry) {
		const char *name = json_string_value(json_object_get(entry, "name"));
		const char *source = json_string_value(json_object_get(entry, "source"));

		if (!name || !source || strcmp(source, "api") != 0 ||
		    strncmp(name, K8S_PREFIX, strlen(K8S_PREFIX)) != 0)
			continue;
		err = err || json_object_set_new(names, name, json_null());
	}
	return err ? -ENOMEM : 0;
}

/* Those of @there that are not @here, or not the same: as documents, or by their names. */
static int list(json_t *out, const char *kind, const json_t *there, const json_t *here, bool names)
{
	json_t *differing = json_array(), *document;
	const char *name;
	int err = !differing;

	json_object_foreach ((json_t *)json_object_get(there, kind), name, document) {
		const json_t *other = json_object_get(json_object_get(here, kind), name);

		if (names && !other)
			err = err || json_array_append_new(differing, json_string(name));
		else if (!names && (!other || !json_equal(other, document)))
			err = err || json_array_append(differing, document);
	}
	if (!err && json_array_size(differing))
		err = json_object_set(out, kind, differing);
	json_decref(differing);
	return err;
}

json_t *k8s_change(const json_t *known, const json_t *wanted)
{
	json_t *put = json_object(), *gone = json_object();
	json_t *change = json_pack("{s:o, s:o}", "put", put, "delete", gone);
	int err = !change;

	for (size_t kind = 0; !err && kind < K8S_CHANGE_KINDS; kind++)
		err = list(put, k8s_change_kinds[kind], wanted, known, false) ||
		      list(gone, k8s_change_kinds[kind], known, wanted, true);
	if (!err)
		return change;
	json_decref(change);
	return NULL;
}

bool k8s_change_is_empty(const json_t *change)
{
	return !k8s_change_count(change, "put") && !k8s_change_count(change, "delete");
}

int k8s_change_count(const json_t *change, const char *what)
{
	const char *kind;
	json_t *documents;
	size_t n = 0;

	json_object_foreach (json_object_get(change, what), kind, documents) {
		n += json_array_size(documents);
	}
	return (int)n;
}
