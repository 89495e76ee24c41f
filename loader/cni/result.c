/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* What the runtime gets to know; see cni.h. Spec: "ADD Success" of each version. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cni.h"

int cni_fail(struct cni_error *e, enum cni_code code, const char *msg, const char *details, ...)
{
	va_list args;

	if (e->code)
		return -1;
	e->code = code;
	snprintf(e->msg, sizeof(e->msg), "%s", msg);
	va_start(args, details);
	vsnprintf(e->details, sizeof(e->details), details, args);
	va_end(args);
	return -1;
}

/* Input that is not UTF-8, or was cut within a character, must not keep us from complaining. */
static json_t *text_of(const char *text)
{
	json_t *string = json_string(text);
	char ascii[1024];

	if (string)
		return string;
	snprintf(ascii, sizeof(ascii), "%s", text);
	for (char *p = ascii; *p; p++)
		if (*p & 0x80)
			*p = '?';
	return json_string(ascii);
}

json_t *result_error(const struct cni *c)
{
	const struct cni_error *e = &c->error;

	return json_pack("{s:s, s:i, s:o, s:o}", "cniVersion", c->version ?: "1.0.0", "code",
			 (int)e->code, "msg", text_of(e->msg), "details", text_of(e->details));
}

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
	const char *chosen = json_string_value(json_object_get(port, "mac"));
	char mac[18];

	net_host_mac(c, mac);
	json_array_append_new(list, json_pack("{s:s, s:s}", "name", c->host_if, "mac", mac));
	if (!chosen) /* a port that learns has the one that the kernel has made */
		net_inside_mac(c, mac);
	inside = json_pack("{s:s, s:s, s:s}", "name", c->ifname, "mac", chosen ?: mac, "sandbox",
			   c->netns);
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
	json_t *result = json_is_object(before) ? json_deep_copy(before) : json_object();

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
