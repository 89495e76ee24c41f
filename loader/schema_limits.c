/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The key `limits`; see schema.c. */
#include "config.h"
#include "schema_parts.h"

static const struct schema_key limits_keys[] = {
	{
		.name = "networks",
		.type = {.kind = SCHEMA_NUMBER, .min = 1, .max = 65535},
		.offset = offsetof(struct cfg_limits, networks),
		.fallback = "4096",
		.doc = "Networks.",
		.example = "64",
	},
	{
		.name = "ports",
		.type = {.kind = SCHEMA_NUMBER, .min = 1, .max = 65535},
		.offset = offsetof(struct cfg_limits, ports),
		.fallback = "16384",
		.doc = "Ports and uplinks of one node.",
		.example = "256",
	},
	{
		.name = "endpoints",
		.type = {.kind = SCHEMA_NUMBER, .min = 1, .max = 4194304},
		.offset = offsetof(struct cfg_limits, endpoints),
		.fallback = "131072",
		.doc = "MAC addresses that one node knows, its own and remote ones, with two IP "
		       "addresses each on average.",
		.example = "1024",
	},
	{
		.name = "vteps",
		.type = {.kind = SCHEMA_NUMBER, .min = 1, .max = 65536},
		.offset = offsetof(struct cfg_limits, vteps),
		.fallback = "4096",
		.doc = "VTEP addresses of other nodes; one that is spoken to by two encapsulations "
		       "counts twice.",
		.example = "16",
	},
	{
		.name = "rules",
		.type = {.kind = SCHEMA_NUMBER, .min = 1, .max = CFG_POLICY_MAX},
		.offset = offsetof(struct cfg_limits, rules),
		.fallback = "16384",
		.doc = "Rules that one node enforces; each policy with a default counts one more.",
		.example = "1024",
	},
	{
		.name = "policy_ranges",
		.type = {.kind = SCHEMA_NUMBER, .min = 1, .max = CFG_POLICY_MAX},
		.offset = offsetof(struct cfg_limits, policy_ranges),
		.fallback = "131072",
		.doc = "Ranges of protocols and ports that the rules of one node come to; see "
		       "[policy.md](policy.md).",
		.example = "8192",
	},
	{
		.name = "policy_matches",
		.type = {.kind = SCHEMA_NUMBER, .min = 1, .max = CFG_POLICY_MAX},
		.offset = offsetof(struct cfg_limits, policy_matches),
		.fallback = "65536",
		.doc = "Pairs of a rule set and a kind of peer that the rule set tells apart.",
		.example = "4096",
	},
	{
		.name = "address_blocks",
		.type = {.kind = SCHEMA_NUMBER, .min = 1, .max = CFG_POLICY_MAX},
		.offset = offsetof(struct cfg_limits, address_blocks),
		.fallback = "16384",
		.doc = "Prefixes that the rules of one node tell apart.",
		.example = "1024",
	},
	{
		.name = "flows",
		.type = {.kind = SCHEMA_NUMBER, .min = 16, .max = CFG_FLOWS_MAX},
		.offset = offsetof(struct cfg_limits, flows),
		.fallback = "262144",
		.doc = "Established connections that one node tracks. When there are more, they "
		       "have no place of their own and go on among those that are not established.",
		.example = "65536",
	},
	{
		.name = "half_open",
		.type = {.kind = SCHEMA_NUMBER, .min = 16, .max = CFG_FLOWS_MAX},
		.offset = offsetof(struct cfg_limits, half_open),
		.fallback = "65536",
		.doc = "Connections that are not established, short exchanges included. When there "
		       "are more, the least recently used is forgotten. A quarter as many again "
		       "have room for ports and networks beyond their share, see `flows`.",
		.example = "16384",
	},
	{
		.name = "fdb_learned",
		.type = {.kind = SCHEMA_NUMBER, .min = 16, .max = 262144},
		.offset = offsetof(struct cfg_limits, fdb_learned),
		.fallback = "16384",
		.doc = "Learned MAC addresses that one node knows. When there are more, they are "
		       "not learned; nothing is forgotten for them. Whoever finds no room looks "
		       "for "
		       "addresses that are too old, at most once a second; that takes about 2 ms "
		       "for 16384.",
		.example = "4096",
	},
	{
		.name = "fragments",
		.type = {.kind = SCHEMA_NUMBER, .min = 16, .max = CFG_FLOWS_MAX},
		.offset = offsetof(struct cfg_limits, fragments),
		.fallback = "4096",
		.doc = "Fragmented datagrams on their way at the same time.",
		.example = "1024",
	},
	{
		.name = "multicast_members",
		.type = {.kind = SCHEMA_NUMBER, .min = 16, .max = CFG_FLOWS_MAX},
		.offset = offsetof(struct cfg_limits, multicast_members),
		.fallback = "16384",
		.doc = "Memberships in multicast groups that one node knows of: of each of its "
		       "ports, and of each other node. When there are more, the least recently "
		       "used "
		       "is forgotten.",
		.example = "4096",
	},
	{},
};

const struct schema_table schema_limits = {
	.doc = "How many entries the kernel tables have room for. The defaults suit most files; "
	       "`weft "
	       "check` says which one to raise.",
	.keys = limits_keys,
	.size = sizeof(struct cfg_limits),
	.rules = WORDS("Each limit is large enough for this file."),
};
