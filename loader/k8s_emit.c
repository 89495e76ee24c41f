/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * A rule of a NetworkPolicy as rules of weft: one for each protocol, since a rule of weft has one;
 * and in egress rules one for each number that a named port stands for among the peers.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "k8s_parts.h"
#include "util.h"
#include "value.h"

#define PORT_MAX 65535

static void append(struct k8s *k, json_t *list, json_t *value)
{
	if (!value || json_array_append_new(list, value))
		k->err = -ENOMEM;
}

/* Add a list to a mapping, unless it is empty. */
static void put_list(struct k8s *k, json_t *object, const char *key, json_t *list)
{
	if (json_array_size(list) && json_object_set(object, key, list))
		k->err = -ENOMEM;
}

static void list_blocks(struct k8s *k, const struct k8s_peers *peers, json_t *cidrs, json_t *sets)
{
	for (size_t i = 0; i < peers->n_blocks && !k->err; i++) {
		const struct k8s_block *block = &peers->blocks[i];
		const char *name = block->n_except ? k8s_set_of_block(k, block) : NULL;

		if (name)
			append(k, sets, json_string(name));
		else if (!block->n_except)
			append(k, cidrs, json_string(value_prefix(&block->cidr).s));
	}
}

json_t *k8s_peer(struct k8s *k, const struct k8s_peers *peers)
{
	json_auto_t *sets = json_array(), *cidrs = json_array();
	json_t *peer = json_object();

	if (!sets || !cidrs || !peer)
		k->err = -ENOMEM;
	for (size_t i = 0; i < peers->n_selections && !k->err; i++) {
		const struct k8s_selection *s = &k->selections[peers->selections[i]];
		const char *name = k8s_set_of_pods(k, s);

		if (name)
			append(k, sets, json_string(name));
	}
	list_blocks(k, peers, cidrs, sets);
	put_list(k, peer, "sets", sets);
	put_list(k, peer, "cidrs", cidrs);
	if (json_object_size(peer))
		return peer;
	json_decref(peer);
	return NULL;
}

static json_t *port_word(__u32 first, __u32 last)
{
	char text[24];

	if (first == last)
		return json_integer(first);
	snprintf(text, sizeof(text), "%u-%u", first, last);
	return json_string(text);
}

/* @ports: NULL or empty: all. @peer: NULL: anybody. Both are the caller's. */
static void add_rule(struct k8s *k, json_t *rules, const char *list, json_t *peer,
		     const char *protocol, json_t *ports)
{
	json_t *rule = json_object();

	if (!rule || (peer && json_object_set(rule, list, peer)) ||
	    (protocol && json_object_set_new(rule, "protocol", json_string(protocol))) ||
	    (json_array_size(ports) && json_object_set(rule, "ports", ports)) ||
	    json_array_append(rules, rule))
		k->err = -ENOMEM;
	json_decref(rule);
}

/* Return: whether the rule is about this protocol at all. @ports stays empty if about all ports. */
static bool gather_ports(struct k8s *k, const struct k8s_rule *rule, const char *protocol,
			 const struct k8s_pod *pod, json_t *ports)
{
	bool some = false;

	for (size_t i = 0; i < rule->n_ports; i++) {
		const struct k8s_port *port = &rule->ports[i];
		__u32 number;

		if (strcmp(port->protocol, protocol) != 0)
			continue;
		if (!port->name && !port->first) {
			json_array_clear(ports);
			return true;
		}
		if (!port->name) {
			append(k, ports, port_word(port->first, port->last));
			some = true;
			continue;
		}
		number = pod ? k8s_container_port(pod, port->name, protocol) : 0;
		if (number)
			append(k, ports, port_word(number, number));
		some |= number;
	}
	return some;
}

/** struct target - an address that an egress rule's named port may be about, and its number there.
 */
struct target {
	struct in6_addr addr;
	__u32 number; /* 0: none, or done with */
};

static bool is_meant(const struct k8s *k, const struct k8s_peers *peers, size_t pod,
		     const struct in6_addr *addr)
{
	for (size_t i = 0; i < peers->n_selections; i++)
		if (k8s_pods_have(&k->selections[peers->selections[i]].pods, pod))
			return true;
	for (size_t i = 0; i < peers->n_blocks; i++)
		if (k8s_block_holds(&peers->blocks[i], addr))
			return true;
	return peers->any;
}

static size_t gather_targets(struct k8s *k, const struct k8s_rule *rule,
			     const struct k8s_port *port, struct target **out)
{
	size_t n = 0, max = 0;
	struct target *targets;

	for (size_t i = 0; i < k->n_pods; i++)
		max += k->pods[i].n_addrs;
	targets = calloc(max + 1, sizeof(*targets));
	if (!targets)
		k->err = -ENOMEM;
	for (size_t i = 0; targets && i < k->n_pods; i++) {
		const struct k8s_pod *pod = &k->pods[i];
		__u32 number = k8s_container_port(pod, port->name, port->protocol);

		for (size_t j = 0; number && j < pod->n_addrs; j++)
			if (is_meant(k, &rule->peers, i, &pod->addrs[j]))
				targets[n++] = (struct target){pod->addrs[j], number};
	}
	*out = targets;
	return n;
}

/* What the set of those is called by: the pods, which a selector or block may bring in or leave. */
static char *key_of(const struct k8s *k, const struct k8s_peers *peers, const struct k8s_port *port,
		    __u32 number)
{
	char *key = NULL, *longer;

	if (asprintf(&key, "%s %s %u%s", port->name, port->protocol, number,
		     peers->any ? " any" : "") < 0)
		return NULL;
	for (size_t i = 0; i < peers->n_selections; i++) {
		if (asprintf(&longer, "%s %s", key, k->selections[peers->selections[i]].key) < 0)
			longer = NULL;
		free(key);
		key = longer;
		if (!key)
			return NULL;
	}
	for (size_t i = 0; i < peers->n_blocks; i++) {
		const struct k8s_block *block = &peers->blocks[i];

		for (size_t j = 0; j <= block->n_except; j++) {
			if (asprintf(&longer, "%s %s%s", key, j ? "!" : "",
				     value_prefix(j ? &block->except[j - 1] : &block->cidr).s) < 0)
				longer = NULL;
			free(key);
			key = longer;
			if (!key)
				return NULL;
		}
	}
	return key;
}

static void emit_number(struct k8s *k, const struct k8s_rule *rule, const struct k8s_port *port,
			__u32 number, struct in6_addr *addrs, size_t n, json_t *rules)
{
	_cleanup_free_ char *key = key_of(k, &rule->peers, port, number);
	json_auto_t *peer = NULL, *ports = json_pack("[i]", (int)number);
	const char *name;

	if (!key || !ports) {
		k->err = -ENOMEM;
		return;
	}
	name = k8s_set_of_addrs(k, addrs, n, key);
	peer = name ? json_pack("{s:[s]}", "sets", name) : NULL;
	if (peer)
		add_rule(k, rules, "to", peer, port->protocol, ports);
	else if (name)
		k->err = -ENOMEM;
}

/* A named port of egress: each pod has its own number for it. */
static void emit_named(struct k8s *k, const struct k8s_rule *rule, const struct k8s_port *port,
		       json_t *rules)
{
	_cleanup_free_ struct target *targets = NULL;
	_cleanup_free_ struct in6_addr *same = NULL;
	size_t n = gather_targets(k, rule, port, &targets);

	same = calloc(n + 1, sizeof(*same));
	if (!same)
		k->err = -ENOMEM;
	for (size_t i = 0; i < n && !k->err; i++) {
		__u32 number = targets[i].number;
		size_t alike = 0;

		for (size_t j = i; number && j < n; j++) {
			if (targets[j].number != number)
				continue;
			same[alike++] = targets[j].addr;
			targets[j].number = 0;
		}
		if (alike)
			emit_number(k, rule, port, number, same, alike, rules);
	}
}

/* Whether a rule says something about a pod's ports: then its peers' set is needed. */
static bool says_something(const struct k8s_rule *rule, const struct k8s_pod *pod)
{
	for (size_t i = 0; i < rule->n_ports; i++) {
		const struct k8s_port *port = &rule->ports[i];

		if (!port->name || (pod && k8s_container_port(pod, port->name, port->protocol)))
			return true;
	}
	return rule->all_ports;
}

static void emit_numbers(struct k8s *k, const struct k8s_rule *rule, const char *list,
			 const struct k8s_pod *pod, json_t *rules)
{
	static const char *const protocols[] = {"tcp", "udp", "sctp"};
	json_auto_t *peer = rule->peers.any ? NULL : k8s_peer(k, &rule->peers);

	if (!rule->peers.any && !peer)
		return; /* nobody */
	if (rule->all_ports)
		add_rule(k, rules, list, peer, NULL, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(protocols) && !k->err; i++) {
		json_auto_t *ports = json_array();

		if (!ports)
			k->err = -ENOMEM;
		else if (gather_ports(k, rule, protocols[i], pod, ports))
			add_rule(k, rules, list, peer, protocols[i], ports);
	}
}

void k8s_rule_emit(struct k8s *k, const struct k8s_rule *rule, const char *list,
		   const struct k8s_pod *pod, json_t *rules)
{
	if (says_something(rule, pod))
		emit_numbers(k, rule, list, pod, rules);
	for (size_t i = 0; i < rule->n_ports && !pod && !k->err; i++)
		if (rule->ports[i].name)
			emit_named(k, rule, &rule->ports[i], rules);
}

static bool port_is(const struct k8s *k, const struct k8s_port *port, const struct in6_addr *addr,
		    const char *protocol, __u32 number)
{
	size_t pod;

	if (strcmp(port->protocol, protocol) != 0)
		return false;
	if (!port->name)
		return number >= port->first && number <= port->last;
	return set_find(&k->pod_of, addr, sizeof(*addr), &pod) &&
	       k8s_container_port(&k->pods[pod], port->name, protocol) == number;
}

static bool peer_is(const struct k8s *k, const struct k8s_peers *peers, const struct in6_addr *addr)
{
	size_t pod;

	if (peers->any)
		return true;
	for (size_t i = 0; i < peers->n_blocks; i++)
		if (k8s_block_holds(&peers->blocks[i], addr))
			return true;
	if (!set_find(&k->pod_of, addr, sizeof(*addr), &pod))
		return false;
	for (size_t i = 0; i < peers->n_selections; i++)
		if (k8s_pods_have(&k->selections[peers->selections[i]].pods, pod))
			return true;
	return false;
}

bool k8s_rule_allows(const struct k8s *k, const struct k8s_rule *rule, const struct in6_addr *addr,
		     const char *protocol, __u32 port)
{
	if (!peer_is(k, &rule->peers, addr))
		return false;
	for (size_t i = 0; i < rule->n_ports; i++)
		if (port_is(k, &rule->ports[i], addr, protocol, port))
			return true;
	return rule->all_ports;
}
