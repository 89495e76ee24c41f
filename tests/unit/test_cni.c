/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* weft-cni: from what a runtime says to the port that the agent is asked for, and to a result. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cni/cni.h"
#include "util.h"

#define HEAD "{'cniVersion': '1.0.0', 'name': 'n', 'network': 'web', 'socket': '/s'"
#define PODS                                                                                       \
	"'runtimeConfig': {'io.kubernetes.cri.pod-annotations': {'weft/network': 'blue', "         \
	"'weft/groups': 'x,y'}}"

/** struct row - @conf: with ' for "; @code: of the error; @port: what the wanted port contains. */
struct row {
	const char *what;
	const char *conf;
	const char *args;
	enum cni_code code;
	const char *port;
};

/* clang-format off */
static const struct row rows[] = {
	{ "the least", HEAD "}", "", CNI_OK, "{'network': 'web', 'container': 'c', 'container_interface': 'eth0'}" },
	{ "no JSON", "{", "", CNI_DECODE, NULL },
	{ "a list", "[]", "", CNI_DECODE, NULL },
	{ "nothing", "", "", CNI_DECODE, NULL },
	{ "a version to come", "{'cniVersion': '9.0.0', 'name': 'n', 'network': 'web'}", "", CNI_VERSION, NULL },
	{ "no version is 0.3.0's way", "{'name': 'n', 'network': 'web', 'socket': '/s'}", "", CNI_OK, "{}" },
	{ "no name", "{'cniVersion': '1.0.0', 'network': 'web'}", "", CNI_CONFIG, NULL },
	{ "no network", "{'cniVersion': '1.0.0', 'name': 'n'}", "", CNI_CONFIG, NULL },
	{ "a network that is a number", "{'cniVersion': '1.0.0', 'name': 'n', 'network': 1}", "", CNI_CONFIG, NULL },
	{ "a path for an IPAM plugin", HEAD ", 'ipam': {'type': '../sh'}}", "", CNI_CONFIG, NULL },
	{ "a result that is none", HEAD ", 'prevResult': 'x'}", "", CNI_CONFIG, NULL },
	{ "a result that is not there", HEAD ", 'prevResult': null}", "", CNI_OK, "{}" },
	{ "arguments without a value", HEAD "}", "IgnoreUnknown", CNI_ENVIRONMENT, NULL },
	{ "arguments that are not UTF-8", HEAD "}", "A=\xff", CNI_ENVIRONMENT, NULL },
	{ "semicolons without anything", HEAD "}", ";;IgnoreUnknown=1;", CNI_OK, "{}" },
	{ "a pod", HEAD "}", "IgnoreUnknown=1;K8S_POD_NAME=p;K8S_POD_NAMESPACE=s", CNI_OK, "{'pod': 's/p'}" },
	{ "podman's name", HEAD "}", "K8S_POD_NAME=p", CNI_OK, "{'pod': 'p'}" },
	{ "addresses twice", HEAD ", 'runtimeConfig': {'ips': ['10.0.0.1', '10.0.0.1', '10.0.0.1/24']}}", "",
	  CNI_OK, "{'addresses': ['10.0.0.1']}" },
	{ "capital letters", HEAD ", 'RuntimeConfig': {'IPs': ['10.0.0.1'], 'MAC': '02:00:00:00:00:01'}}", "",
	  CNI_OK, "{'addresses': ['10.0.0.1'], 'mac': '02:00:00:00:00:01'}" },
	{ "addresses: runtimeConfig before CNI_ARGS", HEAD ", 'runtimeConfig': {'ips': ['10.0.0.1']}}", "IP=10.0.0.2",
	  CNI_OK, "{'addresses': ['10.0.0.1']}" },
	{ "addresses: CNI_ARGS before args", HEAD ", 'args': {'cni': {'ips': ['10.0.0.1']}}}", "IP=10.0.0.2,fd00::2",
	  CNI_OK, "{'addresses': ['10.0.0.2', 'fd00::2']}" },
	{ "addresses of args", HEAD ", 'args': {'cni': {'ips': ['10.0.0.1/24'], 'mac': 'm'}}}", "",
	  CNI_OK, "{'addresses': ['10.0.0.1'], 'mac': 'm'}" },
	{ "addresses that are none", HEAD ", 'runtimeConfig': {'ips': [1, null, {}, '']}}", "", CNI_OK, "{'addresses': null}" },
	{ "network of CNI_ARGS before args", HEAD ", 'args': {'cni': {'network': 'x'}}}", "network=y", CNI_OK, "{'network': 'y'}" },
	{ "network of args", HEAD ", 'args': {'cni': {'network': 'x'}}}", "", CNI_OK, "{'network': 'x'}" },
	{ "groups of everywhere", HEAD ", 'groups': 'a, b', 'args': {'cni': {'groups': ['c', 'a']}}}", "",
	  CNI_OK, "{'groups': ['a', 'b', 'c']}" },
	{ "a pod may not choose", HEAD ", " PODS "}", "", CNI_CONFIG, NULL },
	{ "a pod may choose another", HEAD ", 'networks': ['red'], " PODS "}", "", CNI_CONFIG, NULL },
	{ "a pod may choose that", HEAD ", 'networks': ['red', 'blue'], " PODS "}", "",
	  CNI_OK, "{'network': 'blue', 'groups': null}" },
	{ "a pod may choose groups", HEAD ", 'networks': ['blue'], 'pod_groups': true, " PODS "}", "",
	  CNI_OK, "{'groups': ['x', 'y']}" },
	{ "an annotation by another name", HEAD ", 'weft/network': 'blue'}", "", CNI_OK, "{'network': 'web'}" },
};
/* clang-format on */

static char *quoted(const char *text)
{
	char *json = strdup(text);

	for (char *p = json; *p; p++)
		if (*p == '\'')
			*p = '"';
	return json;
}

static void clear(struct cni *c)
{
	json_decref(c->conf);
	json_decref(c->args);
	free(c->text);
}

static struct cni call(const char *conf, const char *args)
{
	struct cni c = {.command = "ADD",
			.container = "c",
			.ifname = "eth0",
			.netns = "/nowhere",
			.text = quoted(conf)};

	setenv("CNI_ARGS", args, 1);
	return c;
}

static void check_contains(const struct row *row, const json_t *port)
{
	_cleanup_free_ char *text = quoted(row->port);
	json_auto_t *want = json_loads(text, 0, NULL);
	const char *key;
	json_t *value;

	assert_non_null(want);
	json_object_foreach (want, key, value)
		if (json_is_null(value) ? !!json_object_get(port, key)
					: !json_equal(value, json_object_get(port, key)))
			fail_msg("%s: %s is %s", row->what, key,
				 json_dumps(json_object_get(port, key), JSON_ENCODE_ANY));
}

static void reads_what_runtimes_say(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct cni c = call(rows[i].conf, rows[i].args);
		json_t *port = NULL, *error;

		if (!cni_read(&c)) {
			cni_name_things(&c, c.container, c.ifname);
			port = cni_wanted_port(&c, NULL);
		}
		if (c.error.code != rows[i].code || !port != !!rows[i].code)
			fail_msg("%s: code %d, %s", rows[i].what, c.error.code, c.error.details);
		if (port) {
			check_contains(&rows[i], port);
		} else {
			error = result_error(&c);
			assert_int_equal(json_integer_value(json_object_get(error, "code")),
					 rows[i].code);
			assert_non_null(json_string_value(json_object_get(error, "msg")));
			json_decref(error);
		}
		json_decref(port);
		clear(&c);
	}
}

/* The interface's name is the kernel's to bear, and the port's the agent's. */
static void names_are_different(void **state)
{
	struct cni a = {}, b = {}, c = {}, d = {};

	(void)state;
	cni_name_things(&a, "c1", "eth0");
	cni_name_things(&b, "c1", "eth1");
	cni_name_things(&c, "c1eth0", "");
	cni_name_things(&d, "c1", "eth0");
	assert_int_equal(strlen(a.host_if), IFNAMSIZ - 1);
	assert_string_equal(a.host_if, d.host_if);
	assert_string_equal(a.port, d.port);
	assert_string_not_equal(a.host_if, b.host_if);
	assert_string_not_equal(a.port, b.port);
	assert_string_not_equal(a.port, c.port);
}

/* What is cut off within a character is complained about nevertheless. */
static void complains_in_utf8(void **state)
{
	static const char *const texts[] = {"\xc3\xa4", "cut \xc3", "\xff\xfe", ""};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct cni c = {};
		json_auto_t *error = NULL;

		assert_int_equal(cni_fail(&c.error, CNI_CONFIG, "wrong", "%s", texts[i]), -1);
		assert_int_equal(cni_fail(&c.error, CNI_IO, "later", "x"), -1);
		error = result_error(&c);
		assert_non_null(error);
		assert_int_equal(json_integer_value(json_object_get(error, "code")), CNI_CONFIG);
		assert_non_null(json_string_value(json_object_get(error, "details")));
	}
}

static json_t *result_of(struct cni *c, const char *version, const char *before)
{
	static const char text[] =
		"{'port': {'mac': '0a:58:0a:09:01:04'}, 'attachment': {'mtu': 1450, 'addresses': ["
		"{'address': '10.9.1.4/16', 'gateway': '10.9.1.1'}, {'address': 'fd00::4/64'}], "
		"'routes': [{'dst': '0.0.0.0/0', 'gw': '10.9.1.1'}]}}";
	_cleanup_free_ char *conf = NULL, *answer = quoted(text);
	json_auto_t *json = json_loads(answer, 0, NULL);

	assert_true(asprintf(&conf,
			     "{'cniVersion': '%s', 'name': 'n', 'network': 'web', 'socket': '/s', "
			     "'dns': {'nameservers': ['10.9.0.53']}, 'prevResult': %s}",
			     version, before) > 0);
	*c = call(conf, "");
	assert_int_equal(cni_read(c), 0);
	cni_name_things(c, c->container, c->ifname);
	return result_add(c, json, NULL);
}

static void results_speak_each_version(void **state)
{
	static const char *const versions[] = {"0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(versions); i++) {
		struct cni c;
		json_auto_t *result = result_of(&c, versions[i], "null"), *want = NULL;
		_cleanup_free_ char *text = NULL, *json = NULL;
		const char *four = i < 3 ? ", 'version': '4'" : "";
		const char *six = i < 3 ? ", 'version': '6'" : "";
		const char *mtu = i < 4 ? "" : ", 'mtu': 1450";

		assert_true(
			asprintf(&text,
				 "{'cniVersion': '%s', 'interfaces': [{'name': '%s', 'mac': ''}, "
				 "{'name': 'eth0', 'mac': '0a:58:0a:09:01:04', "
				 "'sandbox': '/nowhere'%s}], 'ips': ["
				 "{'address': '10.9.1.4/16', 'gateway': '10.9.1.1', "
				 "'interface': 1%s}, {'address': 'fd00::4/64', 'interface': 1%s}], "
				 "'routes': [{'dst': '0.0.0.0/0', 'gw': '10.9.1.1'}], "
				 "'dns': {'nameservers': ['10.9.0.53']}}",
				 versions[i], c.host_if, mtu, four, six) > 0);
		json = quoted(text);
		want = json_loads(json, 0, NULL);
		assert_non_null(want);
		if (!json_equal(result, want))
			fail_msg("%s: %s", versions[i], json_dumps(result, 0));
		clear(&c);
	}
}

/* An earlier plugin's interfaces and addresses stay, and ours are counted behind them. */
static void results_continue_a_chain(void **state)
{
	struct cni c;
	json_auto_t *result = result_of(&c, "1.0.0",
					"{'cniVersion': '1.0.0', 'interfaces': [{'name': 'lo'}], "
					"'ips': [{'address': '10.1.0.1/24', 'interface': 0}]}");
	const json_t *ips = json_object_get(result, "ips");

	(void)state;
	assert_int_equal(json_array_size(json_object_get(result, "interfaces")), 3);
	assert_int_equal(json_array_size(ips), 3);
	assert_int_equal(json_integer_value(json_object_get(json_array_get(ips, 0), "interface")),
			 0);
	assert_int_equal(json_integer_value(json_object_get(json_array_get(ips, 1), "interface")),
			 2);
	clear(&c);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_what_runtimes_say),
		cmocka_unit_test(names_are_different),
		cmocka_unit_test(complains_in_utf8),
		cmocka_unit_test(results_speak_each_version),
		cmocka_unit_test(results_continue_a_chain),
	};

	return cmocka_run_group_tests_name("cni", tests, NULL, NULL);
}
