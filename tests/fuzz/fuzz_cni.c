/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Fuzz what a container runtime says to weft-cni: the first line is CNI_ARGS, the rest standard
 * input. Built and run by `make fuzz`, by hand:
 *
 *	build/tests/fuzz/fuzz_cni -max_total_time=60 tests/fuzz/corpus/cni
 *
 * Beyond what the sanitizers find: what is refused is complained about in JSON, and what is taken
 * comes to the document of a port that can be sent, and to a result that can be printed.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cni/cni.h"
#include "util.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool ok)
{
	if (!ok)
		abort();
}

/* The kernel has no part in this. */
void net_host_mac(const struct cni *c, char mac[static 18])
{
	require(*c->host_if);
	strcpy(mac, "02:00:00:00:00:01");
}

void net_inside_mac(const struct cni *c, char mac[static 18])
{
	net_host_mac(c, mac);
}

static void require_text(json_t *json)
{
	_cleanup_free_ char *text = json ? json_dumps(json, 0) : NULL;

	require(text);
	json_decref(json);
}

static void go_on(struct cni *c)
{
	static const char text[] =
		"{\"port\": {\"mac\": \"02:00:00:00:00:02\"}, \"attachment\": "
		"{\"mtu\": 1450, \"addresses\": [{\"address\": \"10.0.0.1/8\"}]}}";
	json_auto_t *answer = json_loads(text, 0, NULL);
	const json_t *ipam = json_object_get(c->conf, "prevResult");
	json_t *port;

	cni_name_things(c, c->container, c->ifname);
	port = cni_wanted_port(c, json_is_object(ipam) ? ipam : NULL);
	require(!port == !!c->error.code);
	if (!port)
		return;
	require(json_is_string(json_object_get(port, "name")));
	require(json_is_string(json_object_get(port, "network")));
	require_text(port);
	require_text(result_add(c, answer, NULL));
	if (json_is_object(ipam))
		require_text(result_add(c, answer, ipam));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *end = memchr(data, '\n', size);
	size_t first = end ? (size_t)(end - data) : 0;
	_cleanup_free_ char *args = strndup((const char *)data, first);
	struct cni c = {.command = "ADD", .container = "c", .ifname = "eth0", .netns = "/nowhere"};

	c.text = strndup((const char *)data + (end ? first + 1 : 0), size - (end ? first + 1 : 0));
	require(args && c.text);
	setenv("CNI_ARGS", args, 1);
	if (!cni_read(&c))
		go_on(&c);
	else
		require(c.error.code && *c.error.msg);
	require_text(result_error(&c));
	json_decref(c.conf);
	json_decref(c.args);
	free(c.text);
	return 0;
}
