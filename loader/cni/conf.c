/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* What the runtime said: configuration, CNI_ARGS, runtimeConfig; see cni.h. */
#include "cni.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "agent_client.h"
#include "util.h"

#define ANNOTATIONS "io.kubernetes.cri.pod-annotations"

static const char *const versions[] = {"0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0"};

const char *cni_version_known(const char *version)
{
	for (size_t i = 0; i < ARRAY_SIZE(versions); i++)
		if (!strcmp(versions[i], version))
			return versions[i];
	return NULL;
}

/* As text they are in order. */
bool cni_version_at_least(const char *version, const char *least)
{
	return strcmp(version, least) >= 0;
}

json_t *cni_versions(void)
{
	json_t *list = json_array();

	for (size_t i = 0; i < ARRAY_SIZE(versions); i++)
		json_array_append_new(list, json_string(versions[i]));
	return list;
}

/* Some runtimes write keys with capitals. */
static json_t *get(const json_t *object, const char *name)
{
	const char *key;
	json_t *value;

	json_object_foreach ((json_t *)object, key, value)
		if (!strcasecmp(key, name))
			return value;
	return NULL;
}

static const char *get_text(const json_t *object, const char *name)
{
	const char *text = json_string_value(get(object, name));

	return text && *text ? text : NULL;
}

/* FNV-1a, 64 bits, of all that tells one attachment from another. */
static unsigned long long hash(const char *container, const char *ifname)
{
	unsigned long long h = 14695981039346656037ULL;

	for (const char *p = container; *p; p++)
		h = (h ^ (unsigned char)*p) * 1099511628211ULL;
	h = (h ^ '/') * 1099511628211ULL;
	for (const char *p = ifname; *p; p++)
		h = (h ^ (unsigned char)*p) * 1099511628211ULL;
	return h ^ h >> 31;
}

void cni_name_things(struct cni *c, const char *container, const char *ifname)
{
	unsigned long long h = hash(container, ifname);

	snprintf(c->port, sizeof(c->port), "cni-%016llx", h);
	snprintf(c->host_if, sizeof(c->host_if), "weft%011llx", h & 0xfffffffffffULL);
}

/* CNI_ARGS: KEY=VALUE;KEY=VALUE. The last of several wins. */
static int read_args(struct cni *c)
{
	const char *env = getenv("CNI_ARGS");
	_cleanup_free_ char *text = strdup(env ?: "");
	char *save = NULL, *equals;

	c->args = json_object();
	if (!text)
		return cni_fail(&c->error, CNI_IO, "out of memory", "CNI_ARGS");
	for (char *part = strtok_r(text, ";", &save); part; part = strtok_r(NULL, ";", &save)) {
		equals = strchr(part, '=');
		if (!equals)
			return cni_fail(&c->error, CNI_ENVIRONMENT, "CNI_ARGS is wrong",
					"\"%.100s\" is not KEY=VALUE", part);
		*equals = '\0';
		if (json_object_set_new(c->args, part, json_string(equals + 1)))
			return cni_fail(&c->error, CNI_ENVIRONMENT, "CNI_ARGS is wrong",
					"it is not UTF-8");
	}
	return 0;
}

/* The only agent there is, unless the configuration says which. */
static int find_socket(struct cni *c)
{
	const char *socket = get_text(c->conf, "socket"), *node = get_text(c->conf, "node");
	glob_t found = {};
	size_t n;

	if (socket || node) {
		n = socket ? snprintf(c->socket, sizeof(c->socket), "%s", socket)
			   : snprintf(c->socket, sizeof(c->socket), AGENT_SOCKET, node);
		if (n >= sizeof(c->socket))
			return cni_fail(&c->error, CNI_CONFIG, "the configuration is wrong",
					"\"socket\" is too long");
		return 0;
	}
	n = glob("/run/weft/*.sock", 0, NULL, &found) ? 0 : found.gl_pathc;
	if (n == 1)
		snprintf(c->socket, sizeof(c->socket), "%s", found.gl_pathv[0]);
	globfree(&found);
	if (n > 1)
		return cni_fail(&c->error, CNI_CONFIG, "there are several agents",
				"the configuration has to say by \"node\" which is meant");
	return 0; /* without one there will be no answer */
}

static int is_wrong(struct cni *c, const char *what)
{
	return cni_fail(&c->error, CNI_CONFIG, "the configuration is wrong", "%s", what);
}

static int read_conf(struct cni *c)
{
	const json_t *before = json_object_get(c->conf, "prevResult");

	c->name = get_text(c->conf, "name");
	c->ipam = get_text(get(c->conf, "ipam"), "type");
	if (!c->name || strlen(c->name) > 200)
		return is_wrong(c, "\"name\" is missing or too long");
	if (!get_text(c->conf, "network"))
		return is_wrong(c, "\"network\" has to name a network of weft's");
	if (c->ipam && strchr(c->ipam, '/'))
		return is_wrong(c, "\"ipam.type\" is the name of a plugin, not a path");
	if (before && !json_is_object(before) && !json_is_null(before))
		return is_wrong(c, "\"prevResult\" is not an object");
	return 0;
}

int cni_read(struct cni *c)
{
	json_error_t error;
	const char *version;

	c->conf = json_loads(c->text, 0, &error);
	if (!json_is_object(c->conf))
		return cni_fail(&c->error, CNI_DECODE, "the network configuration is not JSON",
				"line %d: %s", error.line, error.text);
	version = get_text(c->conf, "cniVersion") ?: "0.3.0";
	c->version = cni_version_known(version);
	if (!c->version)
		return cni_fail(&c->error, CNI_VERSION, "the version is not supported",
				"cniVersion %.20s; weft-cni knows 0.3.0, 0.3.1, 0.4.0, 1.0.0 and "
				"1.1.0",
				version);
	return read_conf(c) || read_args(c) || find_socket(c) ? -1 : 0;
}

/* From who runs containers: the runtime's CNI_ARGS, and the configuration's "args". */
static json_t *trusted(const struct cni *c, const char *name)
{
	return get(c->args, name) ?: get(get(get(c->conf, "args"), "cni"), name);
}

/* From who owns the pod. */
static const char *annotation(const struct cni *c, const char *name)
{
	return get_text(get(get(c->conf, "runtimeConfig"), ANNOTATIONS), name);
}

static bool lists(const json_t *list, const char *text)
{
	const json_t *item;
	size_t i;

	json_array_foreach (list, i, item)
		if (json_is_string(item) && !strcmp(json_string_value(item), text))
			return true;
	return false;
}

/* A pod may ask for a network only if the configuration lets it. */
static const char *choose_network(struct cni *c)
{
	const char *asked = json_string_value(trusted(c, "network"));
	const char *pods = annotation(c, "weft/network");

	if (asked && *asked)
		return asked;
	if (pods && !lists(get(c->conf, "networks"), pods)) {
		cni_fail(&c->error, CNI_CONFIG, "the pod may not choose that network",
			 "\"%.63s\" is not in \"networks\" of the configuration", pods);
		return NULL;
	}
	return pods ?: get_text(c->conf, "network");
}

static void add_words(json_t *list, const char *words)
{
	_cleanup_free_ char *text = strdup(words ?: "");
	char *save = NULL;

	for (char *w = text ? strtok_r(text, ", ", &save) : NULL; w;
	     w = strtok_r(NULL, ", ", &save))
		if (!lists(list, w))
			json_array_append_new(list, json_string(w));
}

/* A list, or one string with commas. */
static void add_groups(json_t *list, const json_t *groups)
{
	const json_t *item;
	size_t i;

	add_words(list, json_string_value(groups));
	json_array_foreach (groups, i, item) {
		add_words(list, json_string_value(item));
	}
}

static json_t *choose_groups(const struct cni *c)
{
	json_t *list = json_array();

	add_groups(list, get(c->conf, "groups"));
	add_groups(list, trusted(c, "groups"));
	if (json_is_true(get(c->conf, "pod_groups")))
		add_words(list, annotation(c, "weft/groups"));
	return list;
}

/* Once each, and without the prefix length that some of them have. */
static void add_address(json_t *list, const char *text)
{
	_cleanup_free_ char *addr = strndup(text ?: "", strcspn(text ?: "", "/"));

	if (addr && *addr && !lists(list, addr))
		json_array_append_new(list, json_string(addr));
}

static void add_addresses(json_t *list, const json_t *ips)
{
	const json_t *item;
	size_t i;

	if (json_is_string(ips)) {
		_cleanup_free_ char *text = strdup(json_string_value(ips));
		char *save = NULL;

		for (char *w = text ? strtok_r(text, ",", &save) : NULL; w;
		     w = strtok_r(NULL, ",", &save))
			add_address(list, w);
	}
	json_array_foreach (ips, i, item) {
		add_address(list,
			    json_string_value(json_is_object(item) ? get(item, "address") : item));
	}
}

/* The other plugin's, or who asked for them first: runtimeConfig, CNI_ARGS, "args". */
static json_t *choose_addresses(const struct cni *c, const json_t *ipam)
{
	json_t *list = json_array();

	if (ipam)
		add_addresses(list, json_object_get(ipam, "ips"));
	else
		add_addresses(list, get(get(c->conf, "runtimeConfig"), "ips"));
	if (!json_array_size(list))
		add_addresses(list, get(c->args, "IP"));
	if (!json_array_size(list))
		add_addresses(list, trusted(c, "ips"));
	return list;
}

static const char *choose_mac(const struct cni *c)
{
	return get_text(get(c->conf, "runtimeConfig"), "mac")
		       ?: json_string_value(trusted(c, "mac"));
}

static void add_pod(const struct cni *c, json_t *port)
{
	const char *namespace = get_text(c->args, "K8S_POD_NAMESPACE");
	const char *name = get_text(c->args, "K8S_POD_NAME");

	if (namespace && name)
		json_object_set_new(port, "pod", json_sprintf("%s/%s", namespace, name));
	else if (name) /* podman puts the container's name there */
		json_object_set_new(port, "pod", json_string(name));
}

json_t *cni_wanted_port(struct cni *c, const json_t *ipam)
{
	const char *network = choose_network(c), *mac = choose_mac(c);
	json_t *port;

	if (!network)
		return NULL;
	port = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "name", c->port, "network", network,
			 "interface", c->host_if, "container", c->container, "container_interface",
			 c->ifname, "container_network", c->name);
	json_object_set_new(port, "groups", choose_groups(c));
	json_object_set_new(port, "addresses", choose_addresses(c, ipam));
	if (mac)
		json_object_set_new(port, "mac", json_string(mac));
	add_pod(c, port);
	if (!json_array_size(json_object_get(port, "groups")))
		json_object_del(port, "groups");
	if (!json_array_size(json_object_get(port, "addresses")))
		json_object_del(port, "addresses");
	if (!port)
		cni_fail(&c->error, CNI_IO, "out of memory", "the port");
	return port;
}
