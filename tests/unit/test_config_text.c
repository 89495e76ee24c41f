/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * What a fixture cannot show (see test_config.c): exact columns, bytes that are not text, YAML that
 * is none, and files made to be hard to read. Also that values arrive as the file says them.
 */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "config/expect.h"

#include "config.h"
#include "util.h"

#define NODES "nodes: [{name: a, vtep: 192.0.2.1}]\n"

static const struct text_case {
	const char *name;
	const char *text;
	size_t len; /* 0: up to the NUL */
	struct expect expect;
} cases[] = {
	{"empty", "", 0, {0, 0, "", "the file is empty; see the reference"}},
	{"comment only", "# nothing\n\n", 0, {0, 0, "", "the file is empty"}},
	{"empty document", "---\n", 0, {2, 1, "", "there is no value; expected a mapping"}},
	{"scalar root",
	 "web",
	 0,
	 {1, 1, "", "a plain value cannot stand here; expected a mapping"}},
	{"list root", "- a", 0, {1, 1, "", "a list cannot stand here; expected a mapping with"}},
	{"empty mapping", "{}", 0, {1, 1, "nodes", "the key is missing"}},
	{"second document", NODES "---\n" NODES, 0, {2, 1, "", "a second YAML document begins"}},
	{"text after the end", NODES "...\nfoo: bar\n", 0, {3, 1, "", "did not find expected"}},
	{"value's column", NODES "vxlan_port:   0\n", 0, {2, 15, "vxlan_port", "out of range"}},
	{"key's column", NODES "  # two\nlimits: {port: 1}\n", 0, {3, 10, "limits.port", "ports"}},
	{"characters, not bytes",
	 "nodes: [{name: a, vtep: 192.0.2.1, uplinks: [\"\u00e4\u00f6\u20ac\"], x: 1}]",
	 0,
	 {1, 54, "nodes[0].x", "unknown key"}},
	{"tab", "nodes:\n\t- name: a\n", 0, {2, 1, "", "a tab cannot indent in YAML; use spaces"}},
	{"open bracket", "nodes: [", 0, {2, 1, "", "not YAML: did not find expected node"}},
	{"open quote",
	 "nodes: \"a\nb",
	 0,
	 {2, 2, "", "while scanning a quoted scalar; that began in line 1"}},
	{"indentation", "nodes:\n    - {}\n   - {}\n", 0, {3, 4, "", "look at the indentation"}},
	{"missing space", "node:a\nnodes: []\n", 0, {2, 6, "", "a missing quote, or a key"}},
	{"latin-1", "nodes: [{name: \xe4}]\n", 0, {1, 17, "", "not text: "}},
	{"truncated UTF-8", "node: \xe2\x82", 0, {1, 7, "", "save the file as UTF-8"}},
	{"surrogate", "# \xed\xa0\x80\n", 0, {1, 3, "", "not text: "}},
	{"NUL byte", "node: \0\n", 8, {1, 7, "", "not text: control characters"}},
	{"escape byte", "a: b\nnode: \x1b[2J\n", 0, {2, 7, "", "not text: control characters"}},
	{"NUL escape", NODES "node: \"a\\0b\"\n", 0, {2, 7, "node", "contains a NUL character"}},
	{"terminal escape",
	 "nodes: [{name: \"\\e[2J\\x9b\\u009bx\", vtep: 192.0.2.1}]\n",
	 0,
	 {1, 16, "nodes[0].name", "\"?[2J????x\" does not begin"}},
	{"unknown alias", NODES "node: *b\n", 0, {2, 7, "", "no anchor \"b\" before this"}},
	{"alias of itself", "nodes: &n [*n]\n", 0, {1, 12, "", "the alias \"n\" contains itself"}},
	{"alias of an ancestor", "&r {nodes: [{a: *r}]}", 0, {1, 17, "", "contains itself"}},
	{"unknown YAML version", "%YAML 2.0\n---\n" NODES, 0, {1, 1, "", "incompatible YAML"}},
	{"unknown tag handle", "node: !x!y a\n", 0, {1, 7, "", "undefined tag handle"}},
	{"long name",
	 "nodes: [{name: \"a\", vtep: \"\\u20ac\\u20ac\\u20ac\\u20ac\\u20ac\\u20ac\\u20ac"
	 "\\u20ac\\u20ac\\u20ac\\u20ac\\u20ac\\u20ac\\u20ac\\u20ac\\u20ac\\u20ac\\u20ac\\u20ac\\u20"
	 "ac"
	 "\"}]",
	 0,
	 {1, 27, "nodes[0].vtep", "\u20ac...\" is not an IP address"}},
};

static struct diag *load(const char *text, size_t len, struct config **cfg, int *err)
{
	struct diag *diag = diag_new();

	assert_non_null(diag);
	*err = config_load_bytes("test.yaml", text, len, diag, cfg);
	return diag;
}

static void refuses(void **state)
{
	const struct text_case *t = *state;
	_cleanup_(diag_freep) struct diag *diag = NULL;
	struct expects expects = {.v = {t->expect}, .n = 1};
	struct config *cfg = NULL;
	int err;

	diag = load(t->text, t->len ? t->len : strlen(t->text), &cfg, &err);
	expects_check(&expects, diag);
	assert_int_equal(err, -EINVAL);
	assert_null(cfg);
}

/* @text must be refused for one reason. */
static void refuse_one(const char *text, size_t len, const char *part)
{
	_cleanup_(diag_freep) struct diag *diag = NULL;
	const struct diag_entry *entries;
	struct config *cfg = NULL;
	size_t n;
	int err;

	diag = load(text, len, &cfg, &err);
	entries = diag_entries(diag, &n);
	assert_int_equal(err, -EINVAL);
	assert_true(n > 0);
	assert_non_null(strstr(entries[0].message, part));
}

static char *repeat(const char *unit, size_t times, size_t *len)
{
	char *text = malloc(strlen(unit) * times + 1), *p = text;
	size_t i;

	assert_non_null(text);
	for (i = 0; i < times; i++)
		p = stpcpy(p, unit);
	*len = p - text;
	return text;
}

/* Deep nesting costs libyaml's own loader quadratic time and decode() its stack. */
static void deep_nesting(void **state)
{
	static const char *const units[] = {"[", "{a: ", "- ", "? "};
	size_t i, len;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(units); i++) {
		_cleanup_free_ char *text = repeat(units[i], 1000000, &len);

		refuse_one(text, len, "nested more than 32 levels deep");
	}
}

static void huge_scalar(void **state)
{
	_cleanup_free_ char *digits = NULL, *text = NULL;
	size_t len;

	(void)state;
	digits = repeat("7", 1 << 20, &len);
	assert_true(asprintf(&text, NODES "vxlan_port: %s\n", digits) > 0);
	refuse_one(text, strlen(text), "\" is out of range");
}

static void too_large(void **state)
{
	_cleanup_free_ char *text = NULL;
	size_t len;

	(void)state;
	text = repeat("#", CFG_FILE_MAX + 1, &len);
	refuse_one(text, len, "the file is larger than 64 MiB");
}

/* 5,000 times one port of 5,000 addresses, in 60 kB. */
static void alias_bomb(void **state)
{
	_cleanup_free_ char *addresses = NULL, *ports = NULL, *text = NULL;
	size_t len;

	(void)state;
	addresses = repeat("10.0.0.1,", 5000, &len);
	ports = repeat("*p,", 5000, &len);
	assert_true(asprintf(&text, NODES "ports: [&p {addresses: [%s]}, %s]", addresses, ports) >
		    0);
	refuse_one(text, strlen(text), "the file's aliases repeat too much");
}

/* The first error of each of 20,000 rows; what is kept is bounded, what is counted is not. */
static void many_errors(void **state)
{
	_cleanup_(diag_freep) struct diag *diag = NULL;
	_cleanup_free_ char *rows = NULL, *text = NULL;
	struct config *cfg = NULL;
	size_t n, len;
	int err;

	(void)state;
	rows = repeat("- 1\n", 20000, &len);
	assert_true(asprintf(&text, NODES "ports:\n%s", rows) > 0);
	diag = load(text, strlen(text), &cfg, &err);
	diag_entries(diag, &n);
	assert_int_equal(err, -EINVAL);
	assert_int_equal(n, 1000);
	assert_int_equal(diag_count(diag), 20000);
}

static void prints_as_promised(void **state)
{
	static const char text[] =
		NODES "networks: [{name: web, vni: 1}]\nports:\n"
		      "  - {name: p, node: a, network: wbe, mac: 02:00:00:00:00:01}\n";
	static const char expected[] =
		"test.yaml:4:33: error: ports[0].network: no network is called \"wbe\"; did you "
		"mean \"web\"?\ntest.yaml: 1 error\n";
	_cleanup_(diag_freep) struct diag *diag = NULL;
	_cleanup_free_ char *printed = NULL;
	struct config *cfg = NULL;
	size_t size;
	FILE *out;
	int err;

	(void)state;
	diag = load(text, strlen(text), &cfg, &err);
	out = open_memstream(&printed, &size);
	diag_print(diag, out);
	fclose(out);
	assert_string_equal(printed, expected);
}

static void prints_warnings(void **state)
{
	_cleanup_(diag_freep) struct diag *diag = diag_new();
	_cleanup_free_ char *printed = NULL;
	const char *severity;
	json_t *json;
	size_t size;
	FILE *out = open_memstream(&printed, &size);

	(void)state;
	diag_set_file(diag, "test.yaml");
	diag_warning(diag, diag_at(7, 3, "policies"), "hardly meant");
	assert_int_equal(diag_count(diag), 0);
	diag_print(diag, out);
	diag_error(diag, diag_at(5, 1, "ports"), "wrong");
	diag_hint(diag, "right");
	diag_warning(diag, diag_at(6, 1, "ports"), "odd");
	assert_int_equal(diag_count(diag), 1);
	assert_int_equal(diag_warnings(diag), 2);
	diag_print(diag, out);
	fclose(out);
	assert_string_equal(printed, "test.yaml:7:3: warning: policies: hardly meant\n"
				     "test.yaml: 1 warning\n"
				     "test.yaml:5:1: error: ports: wrong; right\n"
				     "test.yaml:6:1: warning: ports: odd\n"
				     "test.yaml:7:3: warning: policies: hardly meant\n"
				     "test.yaml: 1 error and 2 warnings\n");
	json = diag_json(diag);
	assert_int_equal(json_unpack(json_array_get(json, 1), "{s:s}", "severity", &severity), 0);
	assert_string_equal(severity, "warning");
	json_decref(json);
}

static void json_as_promised(void **state)
{
	_cleanup_(diag_freep) struct diag *diag = NULL;
	const char *file, *severity, *key, *message, *hint;
	struct config *cfg = NULL;
	int err, line, column;
	json_t *json;

	(void)state;
	diag = load(NODES "vxlan_port: 0", strlen(NODES "vxlan_port: 0"), &cfg, &err);
	json = diag_json(diag);
	assert_int_equal(json_unpack(json, "[{s:s, s:i, s:i, s:s, s:s, s:s, s:s !} !]", "file",
				     &file, "line", &line, "column", &column, "severity", &severity,
				     "key", &key, "message", &message, "hint", &hint),
			 0);
	assert_string_equal(file, "test.yaml");
	assert_int_equal(line, 2);
	assert_int_equal(column, 13);
	assert_string_equal(severity, "error");
	assert_string_equal(key, "vxlan_port");
	assert_string_equal(message, "\"0\" is out of range");
	assert_string_equal(hint, "expected a number from 1 to 65535");
	json_decref(json);
}

static const char full[] =
	"node: b\n"
	"nodes:\n"
	"  - {name: a, vtep: 192.0.2.1, uplinks: [eth0, {interface: eth1, xdp: off}]}\n"
	"  - {name: b, vtep: [\"2001:db8::1\", 192.0.2.2], uplinks: [eth0]}\n"
	"networks:\n"
	"  - {name: web, vni: 100, subnets: [10.9.0.0/24], flood: false, mtu: 1400}\n"
	"ports:\n"
	"  - {name: p, node: a, network: web, mac: 02:00:0a:0B:00:01,\n"
	"     addresses: [10.9.0.11]}\n";

static void values_arrive(void **state)
{
	static const __u8 mac[] = {2, 0, 0x0a, 0x0b, 0, 1};
	static const struct in6_addr ip = {
		.s6_addr = {[10] = 0xff, [11] = 0xff, [12] = 10, [13] = 9, [15] = 11}};
	_cleanup_(config_freep) struct config *cfg = NULL;
	_cleanup_(diag_freep) struct diag *diag = NULL;
	const struct cfg_network *web;
	const struct cfg_port *port;
	int err;

	(void)state;
	diag = load(full, strlen(full), &cfg, &err);
	assert_int_equal(err, 0);
	assert_string_equal(cfg->node.v, "b");
	assert_int_equal(cfg->nodes.n, 2);
	assert_int_equal(cfg->nodes.v[0].uplinks.n, 2);
	assert_int_equal(cfg->nodes.v[0].uplinks.v[0].xdp.v, CFG_XDP_AUTO);
	assert_string_equal(cfg->nodes.v[0].uplinks.v[1].interface.v, "eth1");
	assert_int_equal(cfg->nodes.v[0].uplinks.v[1].xdp.v, CFG_XDP_OFF);
	assert_int_equal(cfg->nodes.v[1].vtep.n, 2);
	assert_int_equal(cfg->nodes.v[1].vtep.v[0].prefix_len, 128);
	assert_int_equal(cfg->nodes.v[1].vtep.v[1].prefix_len, 32);

	web = config_find_network(cfg, "web");
	assert_ptr_equal(web, &cfg->networks.v[0]);
	assert_int_equal(web->vni.v, 100);
	assert_int_equal(web->mtu.v, 1400);
	assert_int_equal(web->flood.v, 0);
	assert_int_equal(web->subnets.v[0].prefix_len, 24);

	port = &cfg->ports.v[0];
	assert_memory_equal(port->mac.v, mac, sizeof(mac));
	assert_null(port->interface.v);
	assert_int_equal(port->addresses.n, 1);
	assert_memory_equal(&port->addresses.v[0].v, &ip, sizeof(ip));
	assert_int_equal(port->addresses.v[0].line, 9);
	assert_int_equal(port->addresses.v[0].column, 18);
}

static void defaults_arrive(void **state)
{
	static const char text[] = NODES "networks: [{name: web, vni: 1}]\nlimits: {ports: 7}\n";
	_cleanup_(config_freep) struct config *cfg = NULL;
	_cleanup_(diag_freep) struct diag *diag = NULL;
	int err;

	(void)state;
	diag = load(text, strlen(text), &cfg, &err);
	assert_int_equal(err, 0);
	assert_null(cfg->node.v);
	assert_int_equal(cfg->vxlan_port.v, 4789);
	assert_int_equal(cfg->vxlan_port.line, 0);
	assert_int_equal(cfg->networks.v[0].encap.v, CFG_ENCAP_VXLAN);
	assert_int_equal(cfg->networks.v[0].underlay.v, CFG_UNDERLAY_AUTO);
	assert_int_equal(cfg->networks.v[0].flood.v, 1);
	assert_int_equal(cfg->networks.v[0].mtu.v, 0);
	assert_int_equal(cfg->limits.networks.v, 4096);
	assert_int_equal(cfg->limits.ports.v, 7);
	assert_int_equal(cfg->limits.endpoints.v, 131072);
	assert_int_equal(cfg->limits.vteps.v, 4096);
}

static void files(void **state)
{
	_cleanup_(diag_freep) struct diag *diag = diag_new();
	struct config *cfg = NULL;

	(void)state;
	assert_int_equal(config_load("/nonexistent/weft.yaml", diag, &cfg), -ENOENT);
	assert_int_equal(config_load("/", diag, &cfg), -EISDIR);
	assert_int_equal(diag_count(diag), 0);
	assert_null(cfg);
}

int main(void)
{
	static const struct CMUnitTest others[] = {
		cmocka_unit_test(deep_nesting),    cmocka_unit_test(huge_scalar),
		cmocka_unit_test(too_large),       cmocka_unit_test(alias_bomb),
		cmocka_unit_test(many_errors),     cmocka_unit_test(prints_as_promised),
		cmocka_unit_test(prints_warnings), cmocka_unit_test(json_as_promised),
		cmocka_unit_test(values_arrive),   cmocka_unit_test(defaults_arrive),
		cmocka_unit_test(files),
	};
	struct CMUnitTest tests[ARRAY_SIZE(cases)] = {};
	int failed;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++)
		tests[i] = (struct CMUnitTest){.name = cases[i].name,
					       .test_func = refuses,
					       .initial_state = (void *)&cases[i]};
	failed = cmocka_run_group_tests_name("config text", tests, NULL, NULL);
	return failed + cmocka_run_group_tests_name("config", others, NULL, NULL);
}
