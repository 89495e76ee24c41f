/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* What the server says, put into effect. See k8s_source_parts.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "k8s_source_parts.h"
#include "util.h"

static int put(const struct k8s_resource *resource, struct k8s_store *store, json_t *object,
	       struct k8s_problem *problem)
{
	int err = k8s_store_put(store, object);

	if (err == -ENOSPC)
		return k8s_complain(problem, "more than %d %s", K8S_OBJECTS_MAX, resource->plural);
	return err;
}

int k8s_apply_item(const struct k8s_resource *resource, struct k8s_store *store, const char *s,
		   size_t n, struct k8s_problem *problem)
{
	json_auto_t *object = k8s_parse(s, n, problem);
	json_t *kept = object ? k8s_trim(resource, object, problem) : NULL;
	int err;

	if (!kept)
		return -EBADMSG;
	err = put(resource, store, kept, problem);
	return err < 0 ? err : 0;
}

static int apply_error(const json_t *status, struct k8s_problem *problem)
{
	struct k8s_problem text;

	k8s_status_text(status, &text);
	return k8s_complain(problem, "the server ended the watch: %.400s",
			    text.s[0] ? text.s : "it does not say why");
}

static int apply_object(const struct k8s_resource *resource, struct k8s_store *store,
			const json_t *object, bool remove, struct k8s_problem *problem)
{
	json_t *kept = k8s_trim(resource, object, problem);
	int effect;

	if (!kept)
		return -EBADMSG;
	if (!remove)
		return put(resource, store, kept, problem);
	effect = k8s_store_remove(store, kept);
	json_decref(kept);
	return effect;
}

static int check_kind(const struct k8s_resource *resource, const json_t *object,
		      struct k8s_problem *problem)
{
	const char *kind = json_string_value(json_object_get(object, "kind"));

	if (!kind || strcmp(kind, resource->kind) != 0)
		return k8s_complain(problem, "an event about kind %.64s, not %s", kind ?: "none",
				    resource->kind);
	if (!k8s_version(object))
		return k8s_complain(problem, "an event without metadata.resourceVersion");
	return 0;
}

int k8s_apply_event(const struct k8s_resource *resource, struct k8s_store *store, const char *s,
		    size_t n, struct k8s_effect *effect, struct k8s_problem *problem)
{
	json_auto_t *event = k8s_parse(s, n, problem);
	const char *type = json_string_value(json_object_get(event, "type"));
	const json_t *object = json_object_get(event, "object");
	int err;

	if (!event)
		return -EBADMSG;
	if (!type || !json_is_object(object))
		return k8s_complain(problem, "an event without type or object");
	if (!strcmp(type, "ERROR"))
		return apply_error(object, problem);
	err = check_kind(resource, object, problem);
	if (err)
		return err;
	effect->version = strdup(k8s_version(object));
	if (!effect->version)
		return -ENOMEM;
	if (!strcmp(type, "BOOKMARK"))
		return 0;
	if (strcmp(type, "ADDED") != 0 && strcmp(type, "MODIFIED") != 0 &&
	    strcmp(type, "DELETED") != 0)
		err = k8s_complain(problem, "an event of type %.64s", type);
	else
		err = apply_object(resource, store, object, !strcmp(type, "DELETED"), problem);
	if (err < 0) {
		free(TAKE_PTR(effect->version));
		return err;
	}
	effect->changed = err;
	return 0;
}
