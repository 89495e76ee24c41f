/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Which node a machine is, and what the file must say about that one only (check_local.c). */
#include <errno.h>
#include <sys/utsname.h>

#include "config/expect.h"

#include "check.h"
#include "config.h"
#include "util.h"

static const char text[] =
	"nodes:\n"
	"  - {name: alpha, vtep: 192.0.2.1, uplinks: [eth0]}\n"
	"  - {name: beta, vtep: 192.0.2.2}\n"
	"  - {name: gamma, vtep: 192.0.2.3}\n"
	"networks:\n"
	"  - {name: web, vni: 1}\n"
	"  - {name: lone, vni: 2, nodes: [gamma]}\n"
	"ports:\n"
	"  - {name: p1, node: alpha, network: web, mac: 02:00:00:00:00:01}\n"
	"  - {name: p2, node: alpha, network: web, mac: 02:00:00:00:00:02, interface: v2}\n"
	"  - {name: p3, node: beta, network: web, mac: 02:00:00:00:00:03, interface: v3}\n"
	"  - {name: p4, node: gamma, network: lone, mac: 02:00:00:00:00:04, interface: v4}\n";

static struct config *load(const char *yaml)
{
	_cleanup_(diag_freep) struct diag *diag = diag_new();
	struct config *cfg = NULL;

	assert_int_equal(config_load_bytes("test.yaml", yaml, strlen(yaml), diag, &cfg), 0);
	return cfg;
}

/* What is wrong with the file for node @name. */
static void check(const char *name, struct expects *expects)
{
	_cleanup_(diag_freep) struct diag *diag = diag_new();
	_cleanup_(config_freep) struct config *cfg = load(text);
	const struct cfg_node *self;

	assert_int_equal(config_select_node(cfg, name, diag, &self), 0);
	assert_string_equal(self->name.v, name);
	assert_int_equal(config_check_local(cfg, self, diag), 0);
	expects_check(expects, diag);
}

static void port_without_interface(void **state)
{
	struct expects expects = {.v = {{9, 5, "ports[0].interface",
					 "the key is missing, and this is node \"alpha\""}},
				  .n = 1};

	(void)state;
	check("alpha", &expects);
}

static void node_without_uplink(void **state)
{
	struct expects expects = {.v = {{3, 5, "nodes[1].uplinks",
					 "\"beta\" has no uplink, but shares network \"web\""}},
				  .n = 1};

	(void)state;
	check("beta", &expects);
}

/* All its networks end on it. */
static void lone_node_needs_no_uplink(void **state)
{
	struct expects expects = {};

	(void)state;
	check("gamma", &expects);
}

static void unknown_node(void **state)
{
	_cleanup_(diag_freep) struct diag *diag = diag_new();
	_cleanup_(config_freep) struct config *cfg = load(text);
	const struct cfg_node *self = cfg->nodes.v;
	struct expects expects = {
		.v = {{0, 0, "nodes", "no node is called \"aplha\"; did you mean \"alpha\"?"},
		      {0, 0, "nodes", "no node is called \"zzz\"; say which one"}},
		.n = 2};

	(void)state;
	assert_int_equal(config_select_node(cfg, "aplha", diag, &self), -ENOENT);
	assert_int_equal(config_select_node(cfg, "zzz", diag, &self), -ENOENT);
	assert_ptr_equal(self, cfg->nodes.v);
	expects_check(&expects, diag);
}

static void file_names_the_node(void **state)
{
	_cleanup_(config_freep) struct config *cfg =
		load("node: b\nnodes: [{name: a, vtep: 192.0.2.1}, {name: b, vtep: 192.0.2.2}]\n");

	(void)state;
	assert_ptr_equal(config_find_self(cfg, NULL), &cfg->nodes.v[1]);
	assert_ptr_equal(config_find_self(cfg, "a"), &cfg->nodes.v[0]);
}

static void host_names_the_node(void **state)
{
	_cleanup_(config_freep) struct config *cfg = NULL;
	struct utsname host;
	char yaml[512];

	(void)state;
	assert_int_equal(uname(&host), 0);
	host.nodename[strcspn(host.nodename, ".")] = '\0';
	snprintf(yaml, sizeof(yaml),
		 "nodes: [{name: x%.40s, vtep: 192.0.2.1}, {name: %.40s, vtep: 192.0.2.2}]",
		 host.nodename, host.nodename);
	cfg = load(yaml);
	assert_ptr_equal(config_find_self(cfg, NULL), &cfg->nodes.v[1]);
}

static void nobody_names_the_node(void **state)
{
	_cleanup_(diag_freep) struct diag *diag = diag_new();
	_cleanup_(config_freep) struct config *cfg = load(text);
	struct expects expects = {.v = {{0, 0, "nodes", ", the name of this host"}}, .n = 1};
	const struct cfg_node *self;

	(void)state;
	assert_null(config_find_self(cfg, NULL));
	assert_int_equal(config_select_node(cfg, NULL, diag, &self), -ENOENT);
	expects_check(&expects, diag);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(port_without_interface),    cmocka_unit_test(node_without_uplink),
		cmocka_unit_test(lone_node_needs_no_uplink), cmocka_unit_test(unknown_node),
		cmocka_unit_test(file_names_the_node),       cmocka_unit_test(host_names_the_node),
		cmocka_unit_test(nobody_names_the_node),
	};

	return cmocka_run_group_tests_name("config local", tests, NULL, NULL);
}
