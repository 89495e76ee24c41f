/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Ingress and egress rules of a NetworkPolicy. What is wrong with one is left out: a rule only
 * allows, so that what is left allows less than was meant, never more.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "k8s_parts.h"
#include "util.h"
#include "value.h"

#define PORT_MAX 65535

static int parse_cidr(struct k8s *k, const struct k8s_path *path, const json_t *value,
		      struct cfg_addr *out)
{
	const char *text = json_string_value(value), *slash = text ? strchr(text, '/') : NULL;
	char addr[INET6_ADDRSTRLEN] = "";
	char *end = NULL;
	long len;

	if (slash && (size_t)(slash - text) < sizeof(addr))
		memcpy(addr, text, slash - text);
	len = slash && slash[1] >= '0' && slash[1] <= '9' ? strtol(slash + 1, &end, 10) : -1;
	if (!k8s_parse_addr(addr, &out->v) || !end || *end || len < 0 ||
	    len > (value_is_ipv4(&out->v) ? 32 : 128))
		return k8s_wrong(k, path, "such as 10.0.0.0/8 or fd00::/8", "should be a prefix");
	out->prefix_len = len;
	value_mask(&out->v, len); /* the API server lets host bits pass */
	return 0;
}

static int read_except(struct k8s *k, const struct k8s_path *path, const json_t *list,
		       struct k8s_block *block)
{
	json_t *item;
	size_t i;

	block->except = calloc(json_array_size(list) + 1, sizeof(*block->except));
	if (!block->except) {
		k->err = -ENOMEM;
		return -ENOMEM;
	}
	json_array_foreach (list, i, item) {
		struct k8s_path at = k8s_down(path, item, ".except[%zu]", i);
		struct cfg_addr *except = &block->except[block->n_except];

		if (parse_cidr(k, &at, item, except))
			return -EINVAL;
		if (!value_holds(&block->cidr, except))
			return k8s_wrong(k, &at, NULL, "should be inside of cidr");
		block->n_except++;
	}
	return 0;
}

/* A block of which something is wrong is nobody: with its exceptions it would allow too much. */
static void read_block(struct k8s *k, const struct k8s_path *path, const json_t *value,
		       struct k8s_peers *peers)
{
	static const char *const keys[] = {"cidr", "except", NULL};
	struct k8s_block *block = &peers->blocks[peers->n_blocks];
	const json_t *cidr = json_object_get(value, "cidr"), *except;
	struct k8s_path at = k8s_down(path, cidr, ".cidr");
	bool bad;

	if (k8s_keys(k, path, value, keys) || parse_cidr(k, &at, cidr, &block->cidr))
		return;
	except = json_object_get(value, "except");
	at = k8s_down(path, except, ".except");
	except = k8s_items(k, &at, except, &bad);
	if (bad)
		return;
	if (!read_except(k, path, except, block)) {
		peers->n_blocks++;
		return;
	}
	free(block->except);
	*block = (struct k8s_block){};
}

static const json_t *present(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	return json_is_null(value) ? NULL : value;
}

static void read_peer(struct k8s *k, const struct k8s_path *path, const json_t *value,
		      const char *ns, struct k8s_peers *peers)
{
	static const char *const keys[] = {"podSelector", "namespaceSelector", "ipBlock", NULL};
	const json_t *pods = present(value, keys[0]), *namespaces = present(value, keys[1]);
	const json_t *block = present(value, keys[2]);
	size_t selection;

	if (!json_is_object(value)) {
		k8s_wrong(k, path, NULL, "should be a mapping");
		return;
	}
	if (k8s_keys(k, path, value, keys))
		return;
	if (!block == !(pods || namespaces)) {
		k8s_wrong(k, path, "podSelector, namespaceSelector, both of these, or ipBlock",
			  block ? "it names an ipBlock and pods" : "it names nobody");
		return;
	}
	if (block) {
		struct k8s_path at = k8s_down(path, block, ".ipBlock");

		read_block(k, &at, block, peers);
		return;
	}
	selection = k8s_select(k, path, namespaces ? NULL : ns, pods, namespaces);
	if (selection != K8S_NONE)
		peers->selections[peers->n_selections++] = selection;
}

static void read_peers(struct k8s *k, const struct k8s_path *path, const json_t *list,
		       const char *ns, struct k8s_peers *peers)
{
	bool bad;
	json_t *item;
	size_t i;

	list = k8s_items(k, path, list, &bad);
	peers->any = !bad && !json_array_size(list);
	peers->selections = calloc(json_array_size(list) + 1, sizeof(*peers->selections));
	peers->blocks = calloc(json_array_size(list) + 1, sizeof(*peers->blocks));
	if (!peers->selections || !peers->blocks) {
		k->err = -ENOMEM;
		return;
	}
	json_array_foreach (list, i, item) {
		struct k8s_path at = k8s_down(path, item, "[%zu]", i);

		read_peer(k, &at, item, ns, peers);
	}
}

static int read_number(struct k8s *k, const struct k8s_path *path, const json_t *value, __u32 *out)
{
	json_int_t number = json_integer_value(value);

	if (!json_is_integer(value) || number < 1 || number > PORT_MAX)
		return k8s_wrong(k, path, "1 to 65535", "should be a port");
	*out = number;
	return 0;
}

static int read_end(struct k8s *k, const struct k8s_path *path, const json_t *value,
		    struct k8s_port *port)
{
	const json_t *end = present(value, "endPort");
	struct k8s_path at = k8s_down(path, end, ".endPort");

	port->last = port->first;
	if (!end)
		return 0;
	if (port->name || !port->first)
		return k8s_wrong(k, &at, NULL, "it needs a port that is a number");
	if (read_number(k, &at, end, &port->last))
		return -EINVAL;
	return port->last >= port->first ? 0 : k8s_wrong(k, &at, NULL, "is less than port");
}

static int read_port(struct k8s *k, const struct k8s_path *path, const json_t *value,
		     struct k8s_port *port)
{
	static const char *const keys[] = {"protocol", "port", "endPort", NULL};
	const json_t *number = present(value, "port");
	struct k8s_path at = k8s_down(path, number, ".port");

	if (!json_is_object(value))
		return k8s_wrong(k, path, NULL, "should be a mapping");
	if (k8s_keys(k, path, value, keys))
		return -EINVAL;
	port->protocol = k8s_protocol(json_object_get(value, "protocol"));
	if (!port->protocol)
		return k8s_wrong(k, path, "TCP, UDP or SCTP", "no such protocol");
	if (json_is_string(number)) {
		port->name = json_string_value(number);
		if (!*port->name || !port->name[strspn(port->name, "0123456789")])
			return k8s_wrong(k, &at, "write a number without quotes",
					 "should be a number, or a name");
	} else if (number && read_number(k, &at, number, &port->first)) {
		return -EINVAL;
	}
	if (read_end(k, path, value, port))
		return -EINVAL;
	if (!number)
		port->last = PORT_MAX; /* all of the protocol */
	return 0;
}

static void read_ports(struct k8s *k, const struct k8s_path *path, const json_t *list,
		       struct k8s_rule *rule)
{
	bool bad;
	json_t *item;
	size_t i;

	list = k8s_items(k, path, list, &bad);
	rule->all_ports = !bad && !json_array_size(list);
	rule->ports = calloc(json_array_size(list) + 1, sizeof(*rule->ports));
	if (!rule->ports) {
		k->err = -ENOMEM;
		return;
	}
	json_array_foreach (list, i, item) {
		struct k8s_path at = k8s_down(path, item, "[%zu]", i);
		struct k8s_port port = {};

		if (!read_port(k, &at, item, &port))
			rule->ports[rule->n_ports++] = port;
	}
}

void k8s_rule_read(struct k8s *k, const struct k8s_path *path, const json_t *value, const char *ns,
		   const char *list, struct k8s_rule *rule)
{
	const char *const keys[] = {list, "ports", NULL};
	const json_t *peers = json_object_get(value, list),
		     *ports = json_object_get(value, "ports");
	struct k8s_path at = k8s_down(path, peers, ".%s", list);

	*rule = (struct k8s_rule){};
	if (!json_is_object(value)) {
		k8s_wrong(k, path, "{} allows everything", "should be a mapping");
		return;
	}
	if (k8s_keys(k, path, value, keys))
		return;
	read_peers(k, &at, peers, ns, &rule->peers);
	at = k8s_down(path, ports, ".ports");
	read_ports(k, &at, ports, rule);
}

void k8s_rule_clear(struct k8s_rule *rule)
{
	for (size_t i = 0; i < rule->peers.n_blocks; i++)
		free(rule->peers.blocks[i].except);
	free(rule->peers.blocks);
	free(rule->peers.selections);
	free(rule->ports);
	*rule = (struct k8s_rule){};
}
