/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The rows of `networks[].pools`; see schema.c. */
#include "config.h"
#include "schema_parts.h"

static const struct schema_type prefix_item = {.kind = SCHEMA_PREFIX, .host = true};
static const struct schema_type route_item = {.kind = SCHEMA_PREFIX, .whole = true, .host = true};
static const struct schema_type address_item = {.kind = SCHEMA_ADDRESS};

static const struct schema_key pool_keys[] = {
	{
		.name = "node",
		.type = {.kind = SCHEMA_REFERENCE, .target = "node"},
		.offset = offsetof(struct cfg_pool, node),
		.required = true,
		.doc = "The node whose agent gives them.",
		.example = "a",
	},
	{
		.name = "cidrs",
		.type = {.kind = SCHEMA_LIST, .item = &prefix_item, .min_items = 1, .lone = true},
		.offset = offsetof(struct cfg_pool, cidrs),
		.required = true,
		.doc = "What there is to give: prefixes, or lone addresses. A container gets one "
		       "address of each family that the pools of its node have.",
		.example = "[10.9.0.128/26, \"fd00:9::1:0/112\"]",
	},
	{
		.name = "except",
		.type = {.kind = SCHEMA_LIST, .item = &prefix_item, .lone = true},
		.offset = offsetof(struct cfg_pool, except),
		.doc = "What of it is not given. Addresses that the file's ports have, gateways, "
		       "and "
		       "the first and last address of an IPv4 prefix are not given anyway.",
		.example = "10.9.0.130",
	},
	{
		.name = "gateways",
		.type = {.kind = SCHEMA_LIST, .item = &address_item, .max_items = 2, .lone = true},
		.offset = offsetof(struct cfg_pool, gateways),
		.doc = "The router that containers of this pool use, one of each family at most.",
		.example = "10.9.0.1",
	},
	{
		.name = "routes",
		.type = {.kind = SCHEMA_LIST, .item = &route_item, .lone = true},
		.offset = offsetof(struct cfg_pool, routes),
		.doc = "What they reach by it. Without it, everything.",
		.example = "10.0.0.0/8",
	},
	{},
};

const struct schema_table schema_pool = {
	.doc = "Addresses of one node, of which its agent gives each container some that nobody "
	       "has. A lost allocation cannot be: it is the port itself.",
	.keys = pool_keys,
	.size = sizeof(struct cfg_pool),
	.rules = WORDS("`cidrs` and `gateways` lie in the network's `subnets`.",
		       "No two pools of a network have an address in common, on whichever node.",
		       "`routes` need a gateway of their family, of which there is one at most."),
};
