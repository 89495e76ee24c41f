/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* ADD, DEL, CHECK, GC, STATUS; see cni.h. */
#include <stdio.h>
#include <string.h>

#include "cni.h"

/* Of what @from says, what net_set_up() takes: addresses and routes of an IPAM plugin. */
static json_t *attachment_of(const json_t *answer, const json_t *ipam)
{
	json_t *attachment = json_copy(json_object_get(answer, "attachment"));
	json_t *ips = json_object_get(ipam, "ips"), *routes = json_object_get(ipam, "routes");

	if (ipam) {
		json_object_set_new(attachment, "addresses", ips ? json_incref(ips) : json_array());
		json_object_set_new(attachment, "routes",
				    routes ? json_incref(routes) : json_array());
	}
	return attachment;
}

/* The interface first: the agent attaches a port at once if it is there. What of it is done when
 * something fails, leave() undoes. */
static int join(struct cni *c, const json_t *ipam, json_t **answer)
{
	json_auto_t *port = cni_wanted_port(c, ipam), *attachment = NULL;
	const char *mac;

	if (!port || net_add(c) || port_add(c, port, answer))
		return -1;
	mac = json_string_value(json_object_get(json_object_get(*answer, "port"), "mac"));
	attachment = attachment_of(*answer, ipam);
	return net_set_up(c, mac, attachment);
}

/* Whatever of it is there; the first error is kept. */
static int leave(struct cni *c)
{
	struct cni_error first = c->error;

	c->error = (struct cni_error){};
	port_del(c, c->port); /* first, or the agent would wonder where its interface is */
	if (!first.code)
		first = c->error;
	c->error = (struct cni_error){};
	net_del(c, c->host_if);
	if (!first.code)
		first = c->error;
	c->error = (struct cni_error){};
	if (c->ipam)
		ipam_run(c, "DEL", NULL);
	if (!first.code)
		first = c->error;
	c->error = first;
	return first.code ? -1 : 0;
}

/* An attachment that is there already is somebody's, and not for this call to undo. */
static int is_free(struct cni *c)
{
	json_auto_t *entry = NULL;

	if (port_get(c, &entry))
		return -1;
	return !entry ? 0
		      : cni_fail(&c->error, CNI_REFUSED, "the container has this interface already",
				 "%s of %.100s is port %s", c->ifname, c->container, c->port);
}

int verb_add(struct cni *c, json_t **out)
{
	json_auto_t *ipam = NULL, *answer = NULL;

	note_catch_up(c);
	if (is_free(c) || port_await_policies(c))
		return -1;
	if (c->ipam && ipam_run(c, "ADD", &ipam))
		return -1;
	if (join(c, ipam, &answer)) {
		leave(c);
		return -1;
	}
	*out = result_add(c, answer, ipam);
	return 0;
}

int verb_del(struct cni *c, json_t **out)
{
	(void)out;
	note_catch_up(c);
	return leave(c);
}

/* The port is what was asked for, and at work. */
static int check_port(struct cni *c, json_t **entry)
{
	const char *state, *why;

	if (port_look(c) || port_get(c, entry))
		return -1;
	if (!*entry)
		return cni_fail(&c->error, CNI_DIFFERS, "the port is gone",
				"the weft agent has no port %s", c->port);
	state = json_string_value(json_object_get(*entry, "state"));
	why = json_string_value(json_object_get(*entry, "why"));
	return state && !strcmp(state, "attached")
		       ? 0
		       : cni_fail(&c->error, CNI_DIFFERS, "the port is not attached", "%s: %s",
				  state ?: "?", why ?: "see weft status");
}

/* Addresses that the runtime knows are those that the agent lets the port use. */
static int check_addresses(struct cni *c, const json_t *entry, const json_t *before)
{
	const json_t *own = json_object_get(json_object_get(entry, "document"), "addresses");
	const json_t *ips = json_object_get(before, "ips");
	const json_t *ip, *item;
	size_t i, j;

	json_array_foreach (ips, i, ip) {
		const char *text = json_string_value(json_object_get(ip, "address")) ?: "";
		bool found = !net_is_own(c, before, ip);

		json_array_foreach (own, j, item) {
			const char *addr = json_string_value(item) ?: "";

			found |= !strncmp(addr, text, strlen(addr)) && text[strlen(addr)] == '/';
		}
		if (!found)
			return cni_fail(&c->error, CNI_DIFFERS, "the addresses differ",
					"%.60s is not the port's", text);
	}
	return 0;
}

int verb_check(struct cni *c, json_t **out)
{
	const json_t *before = json_object_get(c->conf, "prevResult");
	json_auto_t *entry = NULL;
	const char *mac;

	(void)out;
	if (!json_is_object(before))
		return cni_fail(&c->error, CNI_CONFIG, "there is nothing to check against",
				"CHECK needs prevResult");
	if (c->ipam && ipam_run(c, "CHECK", NULL))
		return -1;
	if (check_port(c, &entry) || check_addresses(c, entry, before))
		return -1;
	mac = json_string_value(json_object_get(json_object_get(entry, "document"), "mac"));
	return net_check(c, mac, before);
}

/* What the runtime says is all there is, as "CONTAINER IFNAME". */
static int read_valid(struct cni *c, json_t *valid)
{
	const json_t *list = json_object_get(c->conf, "cni.dev/valid-attachments"), *item;
	size_t i;

	if (!json_is_array(list))
		return cni_fail(&c->error, CNI_CONFIG, "GC needs cni.dev/valid-attachments",
				"a list of what is still in use");
	json_array_foreach (list, i, item) {
		const char *container = json_string_value(json_object_get(item, "containerID"));
		const char *ifname = json_string_value(json_object_get(item, "ifname"));
		char key[300];

		if (!container || !ifname)
			return cni_fail(&c->error, CNI_CONFIG, "an attachment is not one",
					"cni.dev/valid-attachments[%zu] needs containerID and "
					"ifname",
					i);
		snprintf(key, sizeof(key), "%s %s", container, ifname);
		json_object_set_new(valid, key, json_true());
	}
	return 0;
}

/* Ports of this configuration that nobody has any more. */
static int collect_ports(struct cni *c, const json_t *valid)
{
	json_auto_t *ports = NULL;
	const json_t *entry;
	int err = 0;
	size_t i;

	if (port_list(c, &ports))
		return -1;
	json_array_foreach (ports, i, entry) {
		const json_t *doc = json_object_get(entry, "document");
		const char *conf = json_string_value(json_object_get(doc, "container_network"));
		const char *id = json_string_value(json_object_get(doc, "container"));
		const char *ifname = json_string_value(json_object_get(doc, "container_interface"));
		const char *host_if = json_string_value(json_object_get(doc, "interface"));
		char key[300];

		if (!conf || !id || !ifname || strcmp(conf, c->name) != 0)
			continue;
		snprintf(key, sizeof(key), "%s %s", id, ifname);
		if (json_object_get(valid, key))
			continue;
		err |= port_del(c, json_string_value(json_object_get(entry, "name")));
		err |= host_if ? net_del(c, host_if) : 0;
	}
	return err ? -1 : 0;
}

int verb_gc(struct cni *c, json_t **out)
{
	json_auto_t *valid = json_object(), *left = NULL;
	const json_t *name;
	int err;
	size_t i;

	(void)out;
	note_catch_up(c);
	if (read_valid(c, valid))
		return -1;
	err = collect_ports(c, valid);
	if (!net_leftovers(c, valid, &left))
		json_array_foreach (left, i, name)
			err |= net_del(c, json_string_value(name));
	else
		err = -1;
	if (c->ipam && ipam_knows(c, "1.1.0"))
		err |= ipam_run(c, "GC", NULL);
	return err ? -1 : 0;
}

int verb_status(struct cni *c, json_t **out)
{
	(void)out;
	note_catch_up(c);
	if (port_ready(c))
		return -1;
	return c->ipam && ipam_knows(c, "1.1.0") ? ipam_run(c, "STATUS", NULL) : 0;
}
