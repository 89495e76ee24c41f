/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The objects by kind, and pods as rules see them; see k8s.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "k8s_parts.h"
#include "util.h"

static __u32 port_in(const json_t *containers, const char *name, const char *protocol)
{
	json_t *container, *port;
	size_t i, j;

	json_array_foreach (containers, i, container) {
		json_array_foreach (json_object_get(container, "ports"), j, port) {
			const char *its = json_string_value(json_object_get(port, "name"));
			const char *word = k8s_protocol(json_object_get(port, "protocol"));

			if (its && !strcmp(its, name) && word && !strcmp(word, protocol))
				return json_integer_value(json_object_get(port, "containerPort"));
		}
	}
	return 0;
}

__u32 k8s_container_port(const struct k8s_pod *pod, const char *name, const char *protocol)
{
	const json_t *spec = json_object_get(pod->object, "spec");

	return port_in(json_object_get(spec, "containers"), name, protocol)
		       ?: port_in(json_object_get(spec, "initContainers"), name, protocol);
}

/* Text that is no address is none: the API server has looked at it. */
static void add_addr(struct k8s *k, struct k8s_pod *pod, const json_t *text)
{
	struct in6_addr addr, *more;

	if (!json_string_value(text) || !k8s_parse_addr(json_string_value(text), &addr))
		return;
	for (size_t i = 0; i < pod->n_addrs; i++)
		if (!memcmp(&pod->addrs[i], &addr, sizeof(addr)))
			return;
	more = reallocarray(pod->addrs, pod->n_addrs + 1, sizeof(*more));
	if (!more) {
		k->err = -ENOMEM;
		return;
	}
	pod->addrs = more;
	more[pod->n_addrs++] = addr;
}

/* A pod that is done keeps its address in its status, and another may have it meanwhile. */
static bool is_ours(const json_t *object)
{
	const char *phase =
		json_string_value(json_object_get(json_object_get(object, "status"), "phase"));

	if (json_is_true(json_object_get(json_object_get(object, "spec"), "hostNetwork")))
		return false;
	return !phase || (strcmp(phase, "Succeeded") != 0 && strcmp(phase, "Failed") != 0);
}

static void take_pod(struct k8s *k, const json_t *object)
{
	const char *node =
		json_string_value(json_object_get(json_object_get(object, "spec"), "nodeName"));
	const json_t *status = json_object_get(object, "status"), *item;
	struct k8s_pod *pod = &k->pods[k->n_pods];
	size_t i;

	if (!is_ours(object))
		return;
	*pod = (struct k8s_pod){
		.object = object,
		.ns = k8s_meta(object, "namespace") ?: "default",
		.name = k8s_meta(object, "name"),
		.labels = json_object_get(json_object_get(object, "metadata"), "labels"),
		.here = !k->options->node || (node && !strcmp(node, k->options->node)),
	};
	if (asprintf(&pod->id, "%s/%s", pod->ns, pod->name) < 0) {
		pod->id = NULL;
		k->err = -ENOMEM;
		return;
	}
	k->n_pods++;
	add_addr(k, pod, json_object_get(status, "podIP"));
	json_array_foreach (json_object_get(status, "podIPs"), i, item) {
		add_addr(k, pod, json_object_get(item, "ip"));
	}
}

static int compare_pods(const void *x, const void *y)
{
	const struct k8s_pod *a = x, *b = y;

	return strcmp(a->ns, b->ns) ?: strcmp(a->name, b->name);
}

static int compare_namespaces(const void *x, const void *y)
{
	const struct k8s_namespace *a = x, *b = y;

	return strcmp(a->name, b->name);
}

static int compare_objects(const void *x, const void *y)
{
	const json_t *const *a = x, *const *b = y;

	return strcmp(k8s_meta(*a, "namespace") ?: "default",
		      k8s_meta(*b, "namespace") ?: "default")
		       ?: strcmp(k8s_meta(*a, "name"), k8s_meta(*b, "name"));
}

void k8s_pods_of(const struct k8s *k, const char *ns, size_t *first, size_t *end)
{
	size_t low = 0, high = k->n_pods;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(k->pods[middle].ns, ns) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	*first = *end = low;
	while (*end < k->n_pods && !strcmp(k->pods[*end].ns, ns))
		++*end;
}

static void take(struct k8s *k, const json_t *object)
{
	switch (k8s_kind_of(object)) {
	case K8S_NAMESPACE:
		k->namespaces[k->n_namespaces++] = (struct k8s_namespace){
			k8s_meta(object, "name"),
			json_object_get(json_object_get(object, "metadata"), "labels")};
		return;
	case K8S_POD:
		take_pod(k, object);
		return;
	case K8S_SERVICE:
		k->services[k->n_services++] = object;
		return;
	case K8S_ENDPOINTS:
		k->endpoints[k->n_endpoints++] = object;
		return;
	case K8S_NETWORK_POLICY:
		k->policies[k->n_policies++] = object;
		return;
	default:
		return;
	}
}

/* RFC 1123, as Kubernetes has it: names of weft's documents are made of them. */
static bool is_name(const char *text, size_t max)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789-.";

	return *text && !text[strspn(text, letters)] && *text != '-' && *text != '.' &&
	       strlen(text) <= max;
}

static bool has_names(const json_t *object)
{
	const char *name = k8s_meta(object, "name"), *ns = k8s_meta(object, "namespace");

	return name && is_name(name, 253) && (!ns || (is_name(ns, 63) && !strchr(ns, '.')));
}

/* An object has a name of its own among those of its kind and namespace. */
static bool check_name(struct k8s *k, const json_t *object, struct set *names)
{
	struct k8s_path path = k8s_top(object);
	_cleanup_free_ char *name = NULL;
	enum k8s_kind kind = k8s_kind_of(object);
	int err;

	if (kind == __K8S_KIND_MAX)
		return false;
	if (!has_names(object)) {
		k8s_wrong(k, &path, "small letters, digits, \"-\" and \".\"",
			  "it needs a metadata.name, and a namespace that is one");
		return false;
	}
	if (asprintf(&name, "%d %s/%s", kind,
		     kind == K8S_NAMESPACE ? "" : k8s_meta(object, "namespace") ?: "default",
		     k8s_meta(object, "name")) < 0) {
		name = NULL;
		k->err = -ENOMEM;
		return false;
	}
	err = set_add(names, name, strlen(name), 0, NULL);
	if (err == -EEXIST)
		k8s_wrong(k, &path, NULL, "there is another of its name");
	else if (err)
		k->err = err;
	return !err;
}

static void sort(void *v, size_t n, size_t size, int (*compare)(const void *, const void *))
{
	if (n)
		qsort(v, n, size, compare);
}

static void index_addresses(struct k8s *k)
{
	for (size_t i = 0; i < k->n_pods && !k->err; i++)
		for (size_t j = 0; j < k->pods[i].n_addrs && !k->err; j++)
			if (set_add(&k->pod_of, &k->pods[i].addrs[j], sizeof(struct in6_addr), i,
				    NULL) == -ENOMEM)
				k->err = -ENOMEM;
}

static void index_endpoints(struct k8s *k)
{
	for (size_t i = 0; i < k->n_endpoints && !k->err; i++) {
		char id[2 * DIAG_KEY_LEN];

		k8s_id(k->endpoints[i], id, sizeof(id));
		k->err = set_add(&k->endpoints_of, id, strlen(id), i, NULL);
	}
}

void k8s_world(struct k8s *k, const json_t *objects)
{
	size_t n = json_array_size(objects) + 1, i;
	struct set names = {};
	json_t *object;

	k->pods = calloc(n, sizeof(*k->pods));
	k->namespaces = calloc(n, sizeof(*k->namespaces));
	k->policies = calloc(n, sizeof(*k->policies));
	k->services = calloc(n, sizeof(*k->services));
	k->endpoints = calloc(n, sizeof(*k->endpoints));
	if (!k->pods || !k->namespaces || !k->policies || !k->services || !k->endpoints)
		k->err = -ENOMEM;
	json_array_foreach (objects, i, object) {
		if (!k->err && check_name(k, object, &names))
			take(k, object);
	}
	set_clear(&names);
	if (k->err)
		return;
	sort(k->pods, k->n_pods, sizeof(*k->pods), compare_pods);
	sort(k->namespaces, k->n_namespaces, sizeof(*k->namespaces), compare_namespaces);
	sort(k->policies, k->n_policies, sizeof(*k->policies), compare_objects);
	sort(k->services, k->n_services, sizeof(*k->services), compare_objects);
	index_addresses(k);
	index_endpoints(k);
}

void k8s_world_clear(struct k8s *k)
{
	for (size_t i = 0; i < k->n_pods; i++) {
		free(k->pods[i].id);
		free(k->pods[i].addrs);
	}
	free(k->pods);
	free(k->namespaces);
	free(k->policies);
	free(k->services);
	free(k->endpoints);
	set_clear(&k->pod_of);
	set_clear(&k->endpoints_of);
}
