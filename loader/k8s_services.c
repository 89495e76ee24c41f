/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Services in egress rules. A pod sends to a Service's address, and weft judges it there, before
 * the node (kube-proxy) puts a pod's address in its place; but NetworkPolicies speak of the pods.
 * So a rule is also about a Service's port if it is about every one of its endpoints: then
 * whichever is chosen, the rule would have allowed it.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "k8s_parts.h"
#include "util.h"
#include "value.h"

/** struct lookup - a Service's port, and whether a rule allows its endpoints. */
struct lookup {
	struct k8s *k;
	const struct k8s_rule *rule;
	const char *name; /* of the port; "" if it has none */
	const char *protocol;
	size_t seen;
};

static __u32 port_of(const struct lookup *l, const json_t *subset)
{
	json_t *port;
	size_t i;

	json_array_foreach (json_object_get(subset, "ports"), i, port) {
		const char *name = json_string_value(json_object_get(port, "name")) ?: "";
		const char *protocol = k8s_protocol(json_object_get(port, "protocol"));

		if (protocol && !strcmp(name, l->name) && !strcmp(protocol, l->protocol))
			return json_integer_value(json_object_get(port, "port"));
	}
	return 0;
}

/* Those that are not ready may be next. */
static bool subset_allowed(struct lookup *l, const json_t *subset)
{
	static const char *const lists[] = {"addresses", "notReadyAddresses"};
	__u32 port = port_of(l, subset);
	json_t *address;
	size_t i;

	for (size_t list = 0; port && list < ARRAY_SIZE(lists); list++) {
		json_array_foreach (json_object_get(subset, lists[list]), i, address) {
			const char *text = json_string_value(json_object_get(address, "ip"));
			struct in6_addr addr;

			if (!text || !k8s_parse_addr(text, &addr) ||
			    !k8s_rule_allows(l->k, l->rule, &addr, l->protocol, port))
				return false;
			l->seen++;
		}
	}
	return true;
}

static bool all_allowed(struct lookup *l, const json_t *endpoints)
{
	json_t *subset;
	size_t i;

	json_array_foreach (json_object_get(endpoints, "subsets"), i, subset) {
		if (!subset_allowed(l, subset))
			return false;
	}
	return l->seen;
}

static void add_address(struct k8s *k, json_t *cidrs, const json_t *value)
{
	const char *text = json_string_value(value);
	struct in6_addr addr;
	struct cfg_addr prefix = {};
	json_t *word;

	if (!text || !k8s_parse_addr(text, &addr)) /* "None": a headless Service has none */
		return;
	prefix.v = addr;
	prefix.prefix_len = value_is_ipv4(&addr) ? 32 : 128;
	word = json_string(value_prefix(&prefix).s);
	for (size_t i = 0; i < json_array_size(cidrs); i++) {
		if (json_equal(json_array_get(cidrs, i), word)) {
			json_decref(word);
			return;
		}
	}
	if (json_array_append_new(cidrs, word))
		k->err = -ENOMEM;
}

/* Addresses by which pods reach the Service from within the cluster. */
static json_t *addresses_of(struct k8s *k, const json_t *service)
{
	static const char *const lists[] = {"clusterIPs", "externalIPs"};
	const json_t *spec = json_object_get(service, "spec");
	const json_t *balancer = json_object_get(
		json_object_get(json_object_get(service, "status"), "loadBalancer"), "ingress");
	json_t *cidrs = json_array(), *item;
	size_t i;

	if (!cidrs) {
		k->err = -ENOMEM;
		return NULL;
	}
	add_address(k, cidrs, json_object_get(spec, "clusterIP"));
	for (size_t list = 0; list < ARRAY_SIZE(lists); list++) {
		json_array_foreach (json_object_get(spec, lists[list]), i, item) {
			add_address(k, cidrs, item);
		}
	}
	json_array_foreach (balancer, i, item) {
		add_address(k, cidrs, json_object_get(item, "ip"));
	}
	return cidrs;
}

static void emit_port(struct k8s *k, const struct k8s_rule *rule, const json_t *port,
		      const json_t *endpoints, json_t *cidrs, json_t *rules)
{
	struct lookup l = {.k = k, .rule = rule};
	json_int_t number = json_integer_value(json_object_get(port, "port"));
	json_t *added;

	l.name = json_string_value(json_object_get(port, "name")) ?: "";
	l.protocol = k8s_protocol(json_object_get(port, "protocol"));
	if (!l.protocol || number < 1 || number > 65535 || !all_allowed(&l, endpoints))
		return;
	added = json_pack("{s:{s:O}, s:s, s:[I]}", "to", "cidrs", cidrs, "protocol", l.protocol,
			  "ports", number);
	if (!added || json_array_append_new(rules, added))
		k->err = -ENOMEM;
}

void k8s_services_emit(struct k8s *k, const struct k8s_rule *rule, json_t *rules)
{
	if (rule->peers.any && rule->all_ports)
		return; /* it allows everything anyway */
	for (size_t i = 0; i < k->n_services && !k->err; i++) {
		json_auto_t *cidrs = addresses_of(k, k->services[i]);
		char id[2 * DIAG_KEY_LEN];
		json_t *port;
		size_t at, j;

		k8s_id(k->services[i], id, sizeof(id));
		if (!json_array_size(cidrs) || !set_find(&k->endpoints_of, id, strlen(id), &at))
			continue;
		json_array_foreach (
			json_object_get(json_object_get(k->services[i], "spec"), "ports"), j,
			port) {
			emit_port(k, rule, port, k->endpoints[at], cidrs, rules);
		}
	}
}
