/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* What the runtime gets to know; see cni.h. Spec: "ADD Success" of each version. */
#include <string.h>

#include "cni.h"

static json_t *list_of(json_t *result, const char *name)
{
	json_t *list = json_object_get(result, name);

	if (!json_is_array(list)) {
		list = json_array();
		json_object_set_new(result, name, list);
	}
	return list;
}

/* Both ends. Return: index of the container's. */
static size_t add_interfaces(struct cni *c, json_t *result, const json_t *answer)
{
	const json_t *port = json_object_get(answer, "port");
	json_t *list = list_of(result, "interfaces"), *inside;
	char mac[18];

	net_host_mac(c, mac);
	json_array_append_new(list, json_pack("{s:s, s:s}", "name", c->host_if, "mac", mac));
	inside = json_pack("{s:s, s:O, s:s}", "name", c->ifname, "mac",
			   json_object_get(port, "mac"), "sandbox", c->netns);
	if (cni_version_at_least(c->version, "1.1.0"))
		json_object_set(inside, "mtu",
				json_object_get(json_object_get(answer, "attachment"), "mtu"));
	json_array_append_new(list, inside);
	return json_array_size(list) - 1;
}

/* Before 1.0.0, an address said which version of IP it is of. */
static void add_ip(struct cni *c, json_t *list, const json_t *from, size_t interface)
{
	json_t *ip = json_pack("{s:O, s:i}", "address", json_object_get(from, "address"),
			       "interface", (int)interface);
	const char *text = json_string_value(json_object_get(from, "address"));

	if (json_object_get(from, "gateway"))
		json_object_set(ip, "gateway", json_object_get(from, "gateway"));
	if (!cni_version_at_least(c->version, "1.0.0"))
		json_object_set_new(ip, "version",
				    json_string(text && strchr(text, ':') ? "6" : "4"));
	json_array_append_new(list, ip);
}

/* What an earlier plugin of the chain had is kept. */
static json_t *begin(struct cni *c)
{
	const json_t *before = json_object_get(c->conf, "prevResult");
	json_t *result = before ? json_deep_copy(before) : json_object();

	json_object_set_new(result, "cniVersion", json_string(c->version));
	return result;
}

json_t *result_add(struct cni *c, const json_t *answer, const json_t *ipam)
{
	const json_t *attachment = json_object_get(answer, "attachment"), *item;
	const json_t *ips = json_object_get(ipam ?: attachment, ipam ? "ips" : "addresses");
	const json_t *dns = json_object_get(c->conf, "dns");
	json_t *result = begin(c);
	size_t interface = add_interfaces(c, result, answer), i;

	json_array_foreach (ips, i, item) {
		add_ip(c, list_of(result, "ips"), item, interface);
	}
	json_array_foreach (json_object_get(ipam ?: attachment, "routes"), i, item) {
		json_array_append(list_of(result, "routes"), (json_t *)item);
	}
	if (!dns && ipam)
		dns = json_object_get(ipam, "dns");
	if (dns)
		json_object_set(result, "dns", (json_t *)dns);
	else if (!json_object_get(result, "dns"))
		json_object_set_new(result, "dns", json_object());
	return result;
}
