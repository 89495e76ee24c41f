/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Addresses for containers: every one that may be given is, once, and no other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "pool.h"
#include "util.h"
#include "value.h"

#define LIST_MAX 8

/** struct row - a pool; lists end with NULL. @n: addresses that it has to give, of @family. */
struct row {
	const char *name;
	const char *subnets[LIST_MAX];
	const char *cidrs[LIST_MAX];
	const char *except[LIST_MAX];
	const char *gateways[LIST_MAX];
	int family;
	unsigned int n;
	const char *first;
	const char *last;
};

/* clang-format off */
static const struct row rows[] = {
	{ "a whole subnet, less network, broadcast and gateway", { "10.9.0.0/28" }, { "10.9.0.0/28" },
	  {}, { "10.9.0.1" }, 4, 13, "10.9.0.2", "10.9.0.14" },
	{ "part of a subnet, less first and last", { "10.9.0.0/16" }, { "10.9.1.0/29" },
	  {}, {}, 4, 6, "10.9.1.1", "10.9.1.6" },
	{ "two parts", { "10.9.0.0/16" }, { "10.9.1.0/30", "10.9.3.0/31" },
	  {}, {}, 4, 4, "10.9.1.1", "10.9.3.1" },
	{ "lone addresses", { "10.9.0.0/16" }, { "10.9.1.7/32", "10.9.1.9/32" },
	  {}, {}, 4, 2, "10.9.1.7", "10.9.1.9" },
	{ "a point-to-point subnet has no broadcast", { "10.9.0.0/31" }, { "10.9.0.0/31" },
	  {}, {}, 4, 2, "10.9.0.0", "10.9.0.1" },
	{ "exceptions, of one and of many", { "10.9.0.0/16" }, { "10.9.1.0/28" },
	  { "10.9.1.3/32", "10.9.1.8/29" }, {}, 4, 6, "10.9.1.1", "10.9.1.7" },
	{ "all excepted", { "10.0.0.0/8" }, { "10.0.0.0/8" }, { "10.0.0.0/8" }, {}, 4, 0, NULL, NULL },
	{ "the end of all addresses", { "255.255.255.0/24" }, { "255.255.255.252/30" },
	  {}, {}, 4, 2, "255.255.255.253", "255.255.255.254" },
	{ "IPv6: the subnet's first is the routers'", { "fd00::/64" }, { "fd00::/125" },
	  {}, { "fd00::1" }, 6, 6, "fd00::2", "fd00::7" },
	{ "IPv6 has no broadcast", { "fd00::/125" }, { "fd00::/125" }, {}, {}, 6, 7, "fd00::1", "fd00::7" },
	{ "the other family's are not given", { "10.9.0.0/16", "fd00::/64" }, { "10.9.1.0/30", "fd00::8/126" },
	  {}, {}, 6, 4, "fd00::8", "fd00::b" },
};
/* clang-format on */

static void fill(struct cfg_addrs *list, const char *const *words, bool host)
{
	const struct schema_type type = {.kind = host ? SCHEMA_ADDRESS : SCHEMA_PREFIX,
					 .whole = true};
	struct value_problem problem;

	for (; words[list->n]; list->n++) {
		list->v = realloc(list->v, (list->n + 1) * sizeof(*list->v));
		assert_true(value_parse(&type, words[list->n], &list->v[list->n], &problem));
	}
}

static void release(struct cfg_network *network, struct cfg_pool *pool)
{
	free(network->subnets.v);
	free(pool->cidrs.v);
	free(pool->except.v);
	free(pool->gateways.v);
}

static void build(const struct row *row, struct cfg_network *network, struct cfg_pool *pool)
{
	fill(&network->subnets, row->subnets, false);
	fill(&pool->cidrs, row->cidrs, false);
	fill(&pool->except, row->except, false);
	fill(&pool->gateways, row->gateways, true);
	network->pools = (struct cfg_pools){pool, 1};
}

static const char *text_of(const struct in6_addr *addr)
{
	static struct value_text text;

	text = value_addr(&(struct cfg_addr){.v = *addr});
	return text.s;
}

/* One after the other until there is none: each once, first to last. */
static void test_all(void **state)
{
	const struct row *row = *state;
	struct cfg_network network = {};
	struct in6_addr addr, last;
	struct cfg_pool pool = {};
	struct set taken = {};
	unsigned int n = 0;
	char first[64] = "";

	build(row, &network, &pool);
	while (!pool_pick(&network, &pool, row->family == 4, &taken, n ? &last : NULL, &addr)) {
		assert_false(set_find(&taken, &addr, sizeof(addr), NULL));
		assert_int_equal(pool_take(&taken, &addr), 0);
		if (!n++)
			snprintf(first, sizeof(first), "%s", text_of(&addr));
		last = addr;
	}
	assert_int_equal(n, row->n);
	assert_string_equal(first, row->first ?: "");
	if (n)
		assert_string_equal(text_of(&last), row->last);
	/* One that is freed is found again, from wherever the last was. */
	if (n) {
		set_remove(&taken, &last, sizeof(last));
		assert_int_equal(pool_pick(&network, &pool, row->family == 4, &taken, &last, &addr),
				 0);
		assert_memory_equal(&addr, &last, sizeof(addr));
	}
	set_clear(&taken);
	release(&network, &pool);
}

/* A freed address waits until all others have had their turn. */
static void test_turns(void **state)
{
	const struct row row = {"", {"10.9.0.0/16"}, {"10.9.1.0/29"}, {}, {}, 4, 8, NULL, NULL};
	struct cfg_network network = {};
	struct in6_addr addr, last;
	struct cfg_pool pool = {};
	struct set taken = {};

	(void)state;
	build(&row, &network, &pool);
	for (int i = 0; i < 100; i++) {
		assert_int_equal(pool_pick(&network, &pool, true, &taken, i ? &last : NULL, &addr),
				 0);
		assert_int_equal(addr.s6_addr[15], 1 + i % 6);
		last = addr;
	}
	assert_int_equal(pool_pick(&network, &pool, false, &taken, &last, &addr), -ENOENT);
	release(&network, &pool);
}

static void test_mac(void **state)
{
	const __u8 want[] = {0x0a, 0x58, 10, 9, 1, 7};
	struct in6_addr addr;
	__u8 mac[6], other[6];

	(void)state;
	assert_int_equal(inet_pton(AF_INET6, "::ffff:10.9.1.7", &addr), 1);
	pool_mac(&addr, mac);
	assert_memory_equal(mac, want, sizeof(mac));
	assert_int_equal(inet_pton(AF_INET6, "fd00::7", &addr), 1);
	pool_mac(&addr, mac);
	assert_int_equal(inet_pton(AF_INET6, "fd00::8", &addr), 1);
	pool_mac(&addr, other);
	assert_int_equal(mac[1], 0x59);
	assert_memory_not_equal(mac, other, sizeof(mac));
}

int main(void)
{
	struct CMUnitTest tests[ARRAY_SIZE(rows) + 2] = {
		{"a freed address waits its turn", test_turns, NULL, NULL, NULL},
		{"MAC addresses", test_mac, NULL, NULL, NULL},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		tests[i + 2] =
			(struct CMUnitTest){rows[i].name, test_all, NULL, NULL, (void *)&rows[i]};
	return cmocka_run_group_tests_name("pool", tests, NULL, NULL);
}
