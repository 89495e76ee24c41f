/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The kinds of Kubernetes' objects that NetworkPolicies are, or are about. */
#ifndef WEFT_LOADER_K8S_KINDS_H
#define WEFT_LOADER_K8S_KINDS_H

#include <stdbool.h>
#include <jansson.h>

/** enum k8s_kind - in the order of their names. */
enum k8s_kind {
	K8S_ENDPOINTS,
	K8S_NAMESPACE,
	K8S_NETWORK_POLICY,
	K8S_POD,
	K8S_SERVICE,
	__K8S_KIND_MAX, /* none of these */
};

struct k8s_problem;

/** struct k8s_resource - how a kind is called, and asked for. */
struct k8s_resource {
	const char *kind;
	const char *plural;
	const char *group;       /* of the API, as in RBAC rules: "" is the core's */
	const char *api_version; /* as objects have it */
	const char *path;        /* on the server */
	bool namespaced;
	/* What is kept of an object besides its metadata; or NULL: nothing. */
	int (*trim)(const json_t *from, json_t *to, struct k8s_problem *problem);
};

extern const struct k8s_resource k8s_resources[__K8S_KIND_MAX];

/** k8s_kind_of - by kind and apiVersion: other projects have a kind NetworkPolicy as well. */
enum k8s_kind k8s_kind_of(const json_t *object);

#endif
