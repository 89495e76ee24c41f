/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* See k8s_kinds.h. */
#include "k8s_kinds.h"

#include <string.h>

#include "k8s_source_parts.h"

const struct k8s_resource k8s_resources[__K8S_KIND_MAX] = {
	[K8S_ENDPOINTS] = {.kind = "Endpoints",
			   .plural = "endpoints",
			   .group = "",
			   .api_version = "v1",
			   .path = "/api/v1/endpoints",
			   .namespaced = true,
			   .trim = k8s_trim_endpoints},
	[K8S_NAMESPACE] = {.kind = "Namespace",
			   .plural = "namespaces",
			   .group = "",
			   .api_version = "v1",
			   .path = "/api/v1/namespaces"},
	[K8S_NETWORK_POLICY] = {.kind = "NetworkPolicy",
				.plural = "networkpolicies",
				.group = "networking.k8s.io",
				.api_version = "networking.k8s.io/v1",
				.path = "/apis/networking.k8s.io/v1/networkpolicies",
				.namespaced = true,
				.trim = k8s_trim_policy},
	[K8S_POD] = {.kind = "Pod",
		     .plural = "pods",
		     .group = "",
		     .api_version = "v1",
		     .path = "/api/v1/pods",
		     .namespaced = true,
		     .trim = k8s_trim_pod},
	[K8S_SERVICE] = {.kind = "Service",
			 .plural = "services",
			 .group = "",
			 .api_version = "v1",
			 .path = "/api/v1/services",
			 .namespaced = true,
			 .trim = k8s_trim_service},
};

enum k8s_kind k8s_kind_of(const json_t *object)
{
	const char *kind = json_string_value(json_object_get(object, "kind")) ?: "";
	const char *api = json_string_value(json_object_get(object, "apiVersion")) ?: "";
	int i = 0;

	while (i < __K8S_KIND_MAX && (strcmp(kind, k8s_resources[i].kind) != 0 ||
				      strcmp(api, k8s_resources[i].api_version) != 0))
		i++;
	return i;
}
