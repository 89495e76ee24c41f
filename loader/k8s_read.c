/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Files of Kubernetes' objects, as kubectl reads and writes them; see k8s.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "compose.h"
#include "config.h"
#include "diag.h"
#include "k8s_parts.h"
#include "util.h"

/* Aliases let a short file stand for a very long one. */
#define VALUES_MAX 20000000

/** struct reader - a file that is being read. */
struct reader {
	struct k8s_input *in;
	struct diag *diag;
	yaml_document_t *document;
	struct set ignored; /* kinds that were warned of */
	size_t values;
	int err;
};

static json_t *to_json(struct reader *r, const yaml_node_t *node);

static struct diag_at at(const yaml_node_t *node)
{
	return diag_at(node->start_mark.line + 1, node->start_mark.column + 1, "%s", "");
}

static const char *text(const yaml_node_t *node)
{
	return (const char *)node->data.scalar.value;
}

static bool is_one_of(const char *word, const char *const *words)
{
	for (; *words; words++)
		if (!strcmp(word, *words))
			return true;
	return false;
}

static bool is_integer(const char *s)
{
	s += *s == '-';
	if (s[0] == '0' && s[1])
		return false;
	return *s && !s[strspn(s, "0123456789")] && strlen(s) < 19;
}

/* As Kubernetes reads YAML, which is as YAML 1.1 has it: yes and off are truth values. */
static json_t *plain(const char *s)
{
	static const char *const nothing[] = {"", "~", "null", "Null", "NULL", NULL};
	static const char *const yes[] = {"true", "True", "TRUE", "yes", "Yes",
					  "YES",  "on",   "On",   "ON",  NULL};
	static const char *const no[] = {"false", "False", "FALSE", "no",  "No",
					 "NO",    "off",   "Off",   "OFF", NULL};

	if (is_one_of(s, nothing))
		return json_null();
	if (is_one_of(s, yes))
		return json_true();
	if (is_one_of(s, no))
		return json_false();
	if (is_integer(s))
		return json_integer(strtoll(s, NULL, 10));
	return json_string(s);
}

static json_t *scalar(struct reader *r, const yaml_node_t *node)
{
	json_t *value;

	if (strlen(text(node)) != node->data.scalar.length) {
		diag_error(r->diag, at(node), "there is a NUL character in the text");
		return json_null();
	}
	value = node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE ? plain(text(node))
								   : json_string(text(node));
	return value;
}

static json_t *sequence(struct reader *r, const yaml_node_t *node)
{
	json_t *list = json_array();
	const yaml_node_item_t *item = node->data.sequence.items.start;

	for (; list && !r->err && item < node->data.sequence.items.top; item++)
		if (json_array_append_new(list,
					  to_json(r, yaml_document_get_node(r->document, *item))))
			r->err = -ENOMEM;
	return list;
}

static json_t *mapping(struct reader *r, const yaml_node_t *node)
{
	json_t *object = json_object();
	const yaml_node_pair_t *pair = node->data.mapping.pairs.start;

	for (; object && !r->err && pair < node->data.mapping.pairs.top; pair++) {
		const yaml_node_t *key = yaml_document_get_node(r->document, pair->key);

		if (key->type != YAML_SCALAR_NODE) {
			diag_error(r->diag, at(key), "a key that is not a word");
			continue;
		}
		if (json_object_get(object, text(key))) {
			diag_error(r->diag, at(key), "the key %s stands here twice",
				   diag_quote(text(key)).s);
			continue;
		}
		if (json_object_set_new(
			    object, text(key),
			    to_json(r, yaml_document_get_node(r->document, pair->value))))
			r->err = -ENOMEM;
	}
	return object;
}

/* null and the truth values are one object each, everywhere: they have no place of their own. */
static void remember(struct reader *r, const json_t *value, const yaml_node_t *node)
{
	struct k8s_input *in = r->in;

	if (json_is_null(value) || json_is_boolean(value))
		return;
	if (in->n_places == in->places_size) {
		size_t size = in->places_size ? 2 * in->places_size : 1024;
		struct k8s_place *more = reallocarray(in->places, size, sizeof(*more));

		if (!more) {
			r->err = -ENOMEM;
			return;
		}
		in->places = more;
		in->places_size = size;
	}
	in->places[in->n_places] = (struct k8s_place){in->n_files - 1, node->start_mark.line + 1,
						      node->start_mark.column + 1};
	if (set_add(&in->place_of, &value, sizeof(value), in->n_places++, NULL) == -ENOMEM)
		r->err = -ENOMEM;
}

/* Return: a value, NULL without memory. */
static json_t *to_json(struct reader *r, const yaml_node_t *node)
{
	json_t *value;

	if (++r->values > VALUES_MAX) {
		if (!r->err)
			r->err = diag_error(r->diag, at(node), "more than %d values", VALUES_MAX);
		return json_null();
	}
	if (node->type == YAML_SCALAR_NODE)
		value = scalar(r, node);
	else
		value = node->type == YAML_SEQUENCE_NODE ? sequence(r, node) : mapping(r, node);
	if (value)
		remember(r, value, node);
	else if (!r->err)
		r->err = -ENOMEM;
	return value;
}

static void complain(struct reader *r, const json_t *value, const char *what)
{
	struct diag_at where = k8s_where(r->in, value, NULL, "");

	diag_error(r->diag, where, "%s", what);
}

static void ignore(struct reader *r, const json_t *object, const char *what)
{
	int err = set_add(&r->ignored, what, strlen(what), 0, NULL);

	if (err == -ENOMEM)
		r->err = err;
	if (err)
		return;
	diag_warning(r->diag, k8s_where(r->in, object, NULL, ""),
		     "objects of kind %s say nothing about policies, and are not looked at",
		     diag_quote(what).s);
}

/* What the API server would add: kubectl's namespace, and since 1.21 a namespace's name as label.
 */
static void complete(struct reader *r, json_t *object)
{
	json_t *meta = json_object_get(object, "metadata"), *labels;
	enum k8s_kind kind = k8s_kind_of(object);

	if (!json_is_object(meta) || !k8s_meta(object, "name"))
		return;
	if (kind != K8S_NAMESPACE) {
		if (!k8s_meta(object, "namespace") &&
		    json_object_set_new(meta, "namespace", json_string("default")))
			r->err = -ENOMEM;
		return;
	}
	labels = json_object_get(meta, "labels");
	if (!json_is_object(labels)) {
		if (json_object_set_new(meta, "labels", json_object()))
			r->err = -ENOMEM;
		labels = json_object_get(meta, "labels");
	}
	if (json_object_set(labels, "kubernetes.io/metadata.name", json_object_get(meta, "name")))
		r->err = -ENOMEM;
}

static void take(struct reader *r, json_t *object)
{
	const char *kind = json_string_value(json_object_get(object, "kind"));
	const char *api = json_string_value(json_object_get(object, "apiVersion"));

	if (!json_is_object(object) || !kind || !api) {
		complain(r, object, "an object has an apiVersion and a kind");
		return;
	}
	if (k8s_kind_of(object) == __K8S_KIND_MAX) {
		char what[128];

		snprintf(what, sizeof(what), "%.60s of %.60s", kind, api);
		ignore(r, object, what);
		return;
	}
	complete(r, object);
	if (json_array_append(r->in->objects, object))
		r->err = -ENOMEM;
}

/* kubectl writes lists as kind List; the API server as PodList, whose items leave their kind out.
 */
static void take_list(struct reader *r, json_t *list, const char *kind)
{
	size_t len = strlen(kind) - strlen("List");
	json_t *items = json_object_get(list, "items");
	json_t *item;
	size_t i;

	if (!json_is_array(items)) {
		complain(r, list, "a list has items");
		return;
	}
	json_array_foreach (items, i, item) {
		if (len && json_is_object(item) && !json_object_get(item, "kind") &&
		    (json_object_set_new(item, "kind", json_stringn(kind, len)) ||
		     json_object_set(item, "apiVersion", json_object_get(list, "apiVersion"))))
			r->err = -ENOMEM;
		take(r, item);
	}
}

static int add_document(yaml_document_t *document, void *arg)
{
	struct reader *r = arg;
	_cleanup_(json_decrefp) json_t *root = NULL;
	const char *kind;

	r->document = document;
	root = to_json(r, yaml_document_get_root_node(document));
	if (r->err || json_is_null(root)) /* "---" with nothing behind it */
		return r->err;
	kind = json_string_value(json_object_get(root, "kind"));
	/* What the places are found by must not be used again by another value. */
	if (json_array_append(r->in->roots, root))
		return -ENOMEM;
	if (kind && strlen(kind) >= 4 && !strcmp(kind + strlen(kind) - 4, "List"))
		take_list(r, root, kind);
	else
		take(r, root);
	return r->err;
}

static int add_file(struct k8s_input *in)
{
	struct diag **files = reallocarray(in->files, in->n_files + 1, sizeof(*files));

	if (!files)
		return -ENOMEM;
	in->files = files;
	files[in->n_files] = diag_new();
	if (!files[in->n_files])
		return -ENOMEM;
	in->n_files++;
	if (!in->objects)
		in->objects = json_array();
	if (!in->roots)
		in->roots = json_array();
	return in->objects && in->roots ? 0 : -ENOMEM;
}

int k8s_read_bytes(struct k8s_input *in, const char *name, const void *bytes, size_t len)
{
	struct reader r = {.in = in};
	int err = add_file(in);

	if (err)
		return err;
	r.diag = in->files[in->n_files - 1];
	diag_set_file(r.diag, name);
	if (len > CFG_FILE_MAX)
		return diag_error(r.diag, diag_at(0, 0, "%s", ""), "the file is larger than %u MiB",
				  CFG_FILE_MAX >> 20);
	err = compose_each(bytes, len, r.diag, add_document, &r);
	set_clear(&r.ignored);
	if (err)
		return err;
	return diag_count(r.diag) ? -EINVAL : 0;
}

int k8s_read(struct k8s_input *in, const char *path)
{
	_cleanup_free_ char *bytes = NULL;
	size_t len = 0;
	int err = config_bytes(path, &bytes, &len);

	return err ? err : k8s_read_bytes(in, strcmp(path, "-") ? path : "<stdin>", bytes, len);
}

void k8s_input_clear(struct k8s_input *in)
{
	for (size_t i = 0; i < in->n_files; i++)
		diag_free(in->files[i]);
	free(in->files);
	free(in->places);
	set_clear(&in->place_of);
	json_decref(in->objects);
	json_decref(in->roots);
	*in = (struct k8s_input){};
}
