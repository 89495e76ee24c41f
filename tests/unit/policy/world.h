/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * For the tests of policies: a file compiled for node "a", with made-up ids, and packets looked up
 * in the tables as the head of <weft/policy.h> says, step by step.
 */
#ifndef WEFT_TESTS_POLICY_WORLD_H
#define WEFT_TESTS_POLICY_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <weft/policy.h>

#include "config.h"
#include "diag.h"
#include "policy.h"
#include "util.h"

/** struct world - one compiled file. */
struct world {
	struct config *cfg;
	struct diag *diag;
	struct tables t;
	__u32 *ports;
	__u16 *networks;
	__u32 generation;
};

/** struct packet - the first of a connection, as a port sees it. */
struct packet {
	size_t port; /* of the file */
	__u32 direction;
	struct in6_addr peer;
	__u8 protocol;
	__u16 detail;   /* destination port, or type and code */
	__u32 identity; /* of the peer's groups, as it was told; 0 = it was not */
};

/** struct verdict - what decided. @rule: id; 0: nothing restricts the port. */
struct verdict {
	__u32 action;
	__u32 rule;
	bool keep;
};

static inline void world_clear(struct world *w)
{
	tables_clear(&w->t);
	config_free(w->cfg);
	diag_free(w->diag);
	free(w->ports);
	free(w->networks);
	memset(w, 0, sizeof(*w));
}

/* Ids as compile() could have given them: of ports here, and of networks with a port here. */
static inline void world_ids(struct world *w)
{
	const struct config *cfg = w->cfg;

	w->ports = calloc(cfg->ports.n + 1, sizeof(*w->ports));
	w->networks = calloc(cfg->networks.n + 1, sizeof(*w->networks));
	assert_true(w->ports && w->networks);
	for (size_t i = 0; i < cfg->ports.n; i++) {
		size_t network =
			config_find_network(cfg, cfg->ports.v[i].network.v) - cfg->networks.v;

		if (strcmp(cfg->ports.v[i].node.v, "a") != 0)
			continue;
		w->ports[i] = 3 + i;
		w->networks[network] = 7 + network;
	}
}

static inline void world_load(struct world *w, const char *yaml)
{
	memset(w, 0, sizeof(*w));
	tables_init(&w->t);
	w->diag = diag_new();
	if (config_load_bytes("test.yaml", yaml, strlen(yaml), w->diag, &w->cfg)) {
		diag_print(w->diag, stderr);
		fprintf(stderr, "%s", yaml);
		fail();
	}
	world_ids(w);
}

/* @rules: `weft_rule_info` so far, or NULL. What does not fit is in @w->diag. */
static inline void world_compile(struct world *w, __u32 generation, const struct table *rules)
{
	struct policy_input in = {
		.cfg = w->cfg,
		.ports = w->ports,
		.networks = w->networks,
		.generation = generation,
		.rules = rules,
	};

	tables_clear(&w->t);
	w->generation = generation;
	assert_int_equal(policy_compile(&in, w->diag, &w->t), 0);
}

static inline void world_make(struct world *w, const char *yaml)
{
	world_load(w, yaml);
	world_compile(w, 1, NULL);
	if (diag_count(w->diag))
		diag_print(w->diag, stderr);
	assert_int_equal(diag_count(w->diag), 0);
}

static inline bool world_bits(const __u8 *a, const __u8 *b, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		if ((a[i / 8] ^ b[i / 8]) >> (7 - i % 8) & 1)
			return false;
	}
	return true;
}

/* Longest-prefix match, the plain way. */
static inline __u32 world_block(const struct world *w, const struct in6_addr *addr)
{
	const struct table *t = &w->t.t[TABLE_POL_CIDR];
	const struct weft_pol_cidr_key *key;
	__u32 longest = 0, class = 0;

	for (size_t i = 0; i < t->rows.n; i++) {
		key = table_key(t, i);
		assert_true(key->prefixlen >= 32 && key->prefixlen <= 160);
		if (key->prefixlen < longest || key->parity != (w->generation & 1))
			continue;
		if (!world_bits(key->addr.bytes, addr->s6_addr, key->prefixlen - 32))
			continue;
		longest = key->prefixlen;
		class = *(const __u32 *)table_value(t, i);
	}
	return class;
}

static inline __u16 world_network(const struct world *w, size_t port)
{
	const char *network = w->cfg->ports.v[port].network.v;

	return w->networks[config_find_network(w->cfg, network) - w->cfg->networks.v];
}

/* Of an endpoint that the file has, or 0. */
static inline __u32 world_class(const struct world *w, size_t port, const struct in6_addr *addr)
{
	struct weft_pol_addr_key key = {.network = world_network(w, port),
					.parity = w->generation & 1};
	const __u32 *class;

	memcpy(&key.addr, addr, sizeof(key.addr));
	class = table_get(&w->t.t[TABLE_POL_CLASS], &key);
	return class ? *class : 0;
}

static inline __u32 world_told(const struct world *w, size_t port, __u32 identity)
{
	struct weft_pol_ident_key key = {.identity = identity,
					 .network = world_network(w, port),
					 .parity = w->generation & 1};
	const __u32 *class = table_get(&w->t.t[TABLE_POL_IDENT], &key);

	return class ? *class : 0;
}

static inline const struct weft_pol_range *world_range(const struct world *w, __u32 i)
{
	const struct weft_pol_range *range = table_get(&w->t.t[TABLE_POL_L4], &i);

	assert_non_null(range);
	return range;
}

/* The last range that does not begin after @point, in as many steps as the datapath may take. */
static inline struct weft_pol_range world_search(const struct world *w,
						 const struct weft_pol_ranges *list, __u32 point)
{
	__u32 low = 0, high = list->count;

	assert_true(list->count > 0);
	assert_int_equal(list->first & 1, w->generation & 1);
	assert_int_equal(world_range(w, list->first)->start, 0);
	for (int i = 0; i < WEFT_POL_SEARCH_STEPS && high - low > 1; i++) {
		__u32 mid = (low + high) / 2;

		if (world_range(w, list->first + 2 * mid)->start <= point)
			low = mid;
		else
			high = mid;
	}
	assert_int_equal(high - low, 1);
	return *world_range(w, list->first + 2 * low);
}

/* The rules about a class, if there are any, may come before what was found so far. */
static inline void world_better(const struct world *w, const struct weft_pol_match_key *match,
				__u32 point, struct weft_pol_range *best)
{
	const struct weft_pol_ranges *list = table_get(&w->t.t[TABLE_POL_MATCH], match);
	struct weft_pol_range range;

	if (!match->class_id || !list)
		return;
	range = world_search(w, list, point);
	if (range.order < best->order)
		*best = range;
}

static inline struct verdict world_look_up(const struct world *w, const struct packet *packet)
{
	__u32 key = w->ports[packet->port] * 2 + (w->generation & 1);
	const struct weft_pol_port *port = table_get(&w->t.t[TABLE_POL_PORTS], &key);
	__u32 point = WEFT_POL_POINT(packet->protocol, packet->detail);
	struct weft_pol_match_key match = {};
	const struct weft_pol_ranges *list;
	struct weft_pol_range best;
	__u32 class;

	if (!port || !port->ruleset[packet->direction])
		return (struct verdict){.action = WEFT_POL_ALLOW};
	match.ruleset = port->ruleset[packet->direction];
	list = table_get(&w->t.t[TABLE_POL_SETS], &match.ruleset);
	assert_non_null(list);
	best = world_search(w, list, point);
	assert_true(best.order != WEFT_POL_ORDER_NONE);
	class = world_class(w, packet->port, &packet->peer);
	if (!class) {
		match.class_id = world_told(w, packet->port, packet->identity);
		world_better(w, &match, point, &best);
	}
	match.class_id = class ? class : world_block(w, &packet->peer);
	world_better(w, &match, point, &best);
	return (struct verdict){best.action, best.rule, best.flags & WEFT_POL_KEEP};
}

static inline const struct weft_rule_info *world_info(const struct world *w, __u32 rule)
{
	return table_get(&w->t.t[TABLE_RULE_INFO], &rule);
}

/* Text to the address as the tables have it. */
static inline struct in6_addr world_addr(const char *text)
{
	struct in6_addr addr = {.s6_addr = {[10] = 0xff, [11] = 0xff}};

	if (inet_pton(AF_INET, text, &addr.s6_addr[12]) != 1)
		assert_int_equal(inet_pton(AF_INET6, text, &addr), 1);
	return addr;
}

#endif
