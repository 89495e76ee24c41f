/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Ten thousand rules, ten thousand endpoints: how long does it take to compile them, and how much
 * does it come to? Prints what docs/policy.md tells. The bounds are loose, for slow and busy
 * machines; a square of something would break them all the same.
 */
#include "policy/world.h"

#include "check.h"

#include <time.h>

#define RULES     10000
#define ENDPOINTS 10000

#if defined(__SANITIZE_ADDRESS__)
#define SECONDS 20.0
#else
#define SECONDS 0.5
#endif

/** struct scale - a file to make. @local: ports of the node that compiles. @refused: too large. */
struct scale {
	const char *name;
	unsigned int local;
	void (*policies)(FILE *out);
	const char *(*groups)(unsigned int endpoint, char *buffer, size_t size);
	bool refused;
};

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static const char *hundred_groups(unsigned int endpoint, char *buffer, size_t size)
{
	snprintf(buffer, size, "[web, g%u]", endpoint % 100);
	return buffer;
}

static const char *own_group(unsigned int endpoint, char *buffer, size_t size)
{
	snprintf(buffer, size, "[web, g%u]", endpoint);
	return buffer;
}

static void policy(FILE *out, const char *name, const char *subject)
{
	fprintf(out, "  - name: %s\n    applies_to: %s\n    direction: ingress\n    rules:\n", name,
		subject);
}

static void by_hundred_groups(FILE *out)
{
	policy(out, "all", "web");
	for (unsigned int i = 0; i < RULES; i++)
		fprintf(out, "      - {from: g%u, protocol: tcp, ports: %u}\n", i % 100, i * 6);
}

static void by_own_group(FILE *out)
{
	policy(out, "all", "web");
	for (unsigned int i = 0; i < RULES; i++)
		fprintf(out, "      - {from: g%u, protocol: tcp, ports: 80}\n", i);
}

static void by_cidr(FILE *out)
{
	policy(out, "all", "web");
	for (unsigned int i = 0; i < RULES; i++)
		fprintf(out, "      - {action: %s, from: {cidrs: 172.%u.%u.0/24}, protocol: tcp}\n",
			i % 3 ? "allow" : "deny", i / 256, i % 256);
}

/* Each address in a /8, a /16 and a /24 that have a hundred rules of their own. */
static void by_nested_cidr(FILE *out)
{
	policy(out, "all", "web");
	for (unsigned int i = 0; i < RULES; i++) {
		if (i < 30)
			fprintf(out,
				"      - {from: {cidrs: 172.0.0.0/%u}, protocol: tcp, ports: %u}\n",
				8 * (i % 3 + 1), i);
		else
			fprintf(out,
				"      - {from: {cidrs: 172.0.0.%u/32}, protocol: tcp, ports: "
				"%u}\n",
				i % 256, i);
	}
}

static void by_port(FILE *out)
{
	policy(out, "all", "web");
	for (unsigned int i = 0; i < RULES; i++)
		fprintf(out, "      - {action: %s, protocol: %s, ports: %u-%u}\n",
			i % 2 ? "allow" : "deny", i % 4 < 2 ? "tcp" : "udp", i * 6, i * 6 + 9);
}

/* Ten rules for each group: as many rule sets as there are groups among the local ports. */
static void by_own_policy(FILE *out)
{
	char name[16], group[16];

	for (unsigned int i = 0; i < RULES / 10; i++) {
		snprintf(name, sizeof(name), "p%u", i);
		snprintf(group, sizeof(group), "g%u", i);
		policy(out, name, group);
		for (unsigned int j = 0; j < 10; j++)
			fprintf(out, "      - {from: g%u, protocol: tcp, ports: %u}\n",
				(i * 7 + j * 100) % 1000, 80 + j);
	}
}

/* A policy for each rule, and all of them for all ports. */
static void by_many_policies(FILE *out)
{
	char name[16];

	for (unsigned int i = 0; i < RULES / 2; i++) {
		snprintf(name, sizeof(name), "p%u", i);
		policy(out, name, "web");
		fprintf(out, "      - {from: g%u, protocol: tcp, ports: %u}\n", i, i % 7);
	}
}

/* Nine thousand rules for all ports, and one more for each: no two ports share a rule set. */
static void by_port_and_own(FILE *out)
{
	char name[16], group[16];

	policy(out, "all", "web");
	for (unsigned int i = 0; i < RULES - 1000; i++)
		fprintf(out, "      - {action: %s, protocol: tcp, ports: %u}\n",
			i % 2 ? "allow" : "deny", i * 7);
	for (unsigned int i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "p%u", i);
		snprintf(group, sizeof(group), "g%u", i);
		policy(out, name, group);
		fprintf(out, "      - {protocol: udp, ports: %u}\n", i);
	}
}

static const struct scale scales[] = {
	{"100 groups", 100, by_hundred_groups, hundred_groups, false},
	{"10,000 groups", 100, by_own_group, own_group, false},
	{"10,000 groups, 1,000 ports", 1000, by_own_group, own_group, false},
	{"10,000 CIDRs", 100, by_cidr, own_group, false},
	{"10,000 CIDRs, 1,000 ports", 1000, by_cidr, own_group, false},
	{"CIDRs in CIDRs", 100, by_nested_cidr, own_group, false},
	{"10,000 port ranges", 100, by_port, own_group, false},
	{"1,000 policies and rule sets", 1000, by_own_policy, own_group, false},
	{"5,000 policies, 1,000 ports", 1000, by_many_policies, own_group, false},
	{"1,000 large rule sets", 1000, by_port_and_own, own_group, true},
};

static char *make_file(const struct scale *scale)
{
	char groups[64], *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	fputs("nodes:\n  - {name: a, vtep: 192.0.2.1, uplinks: [up0]}\n"
	      "  - {name: b, vtep: 192.0.2.2, uplinks: [up0]}\n"
	      "networks:\n  - {name: one, vni: 1, subnets: [10.0.0.0/8]}\nports:\n",
	      out);
	for (unsigned int i = 0; i < ENDPOINTS; i++)
		fprintf(out,
			"  - {name: p%u, node: %s, interface: v%u, network: one, "
			"mac: 02:00:00:00:%02x:%02x, addresses: [10.0.%u.%u], groups: %s}\n",
			i, i < scale->local ? "a" : "b", i, i / 256, i % 256, i / 200 + 1,
			i % 200 + 1, scale->groups(i, groups, sizeof(groups)));
	fputs("policies:\n", out);
	scale->policies(out);
	fclose(out);
	return text;
}

static size_t rows(const struct world *w, enum table_id id)
{
	return w->t.t[id].rows.n;
}

static void compiles_in_time(void **state)
{
	const struct scale *scale = *state;
	char *text = make_file(scale);
	double start = now(), loaded, compiled, warned;
	struct world w;

	world_load(&w, text);
	loaded = now();
	world_compile(&w, 1, NULL);
	compiled = now();
	if (!scale->refused)
		assert_int_equal(config_warn(w.cfg, w.diag), 0);
	warned = now();
	assert_int_equal(diag_count(w.diag), scale->refused ? 1 : 0);
	print_message("%s: read in %.0f ms, compiled in %.1f ms, %zu warnings in %.1f ms\n",
		      scale->name, (loaded - start) * 1e3, (compiled - loaded) * 1e3,
		      diag_warnings(w.diag), (warned - compiled) * 1e3);
	print_message("    sets %zu, matches %zu, ranges %zu, endpoints %zu, prefixes %zu\n",
		      rows(&w, TABLE_POL_SETS), rows(&w, TABLE_POL_MATCH), rows(&w, TABLE_POL_L4),
		      rows(&w, TABLE_POL_CLASS), rows(&w, TABLE_POL_CIDR));
	/* To be refused, a file is compiled up to what no limit allows. */
	assert_true(compiled - loaded < (scale->refused ? 6 : 1) * SECONDS);
	assert_true(warned - compiled < 10 * SECONDS);
	assert_int_equal(rows(&w, TABLE_POL_PORTS), scale->local);
	world_clear(&w);
	free(text);
}

int main(void)
{
	struct CMUnitTest tests[ARRAY_SIZE(scales)] = {};

	for (size_t i = 0; i < ARRAY_SIZE(scales); i++)
		tests[i] = (struct CMUnitTest){.name = scales[i].name,
					       .test_func = compiles_in_time,
					       .initial_state = (void *)&scales[i]};
	return cmocka_run_group_tests_name("policy scale", tests, NULL, NULL);
}
