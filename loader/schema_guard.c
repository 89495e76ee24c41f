/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* What a port may send and get: address pairs and storm control; see schema.c. */
#include "config.h"
#include "schema_parts.h"

static const struct schema_key pair_keys[] = {
	{
		.name = "mac",
		.type = {.kind = SCHEMA_MAC},
		.offset = offsetof(struct cfg_pair, mac),
		.doc = "Source MAC address. Without it, the port's own.",
		.example = "00:00:5e:00:01:07",
	},
	{
		.name = "address",
		.type = {.kind = SCHEMA_PREFIX, .whole = true, .host = true},
		.offset = offsetof(struct cfg_pair, address),
		.required = true,
		.doc = "IP address or prefix that may be used with it.",
		.example = "10.9.0.100",
	},
	{},
};

const struct schema_table schema_pair = {
	.doc = "An address that a port may use besides its own, such as one that moves between "
	       "hosts (VRRP) or a network behind the workload. A lone address is short for "
	       "`{address: ADDRESS}`. It is not answered for: the workload does that.",
	.keys = pair_keys,
	.size = sizeof(struct cfg_pair),
	.shorthand = "address",
	.rules = WORDS("A MAC address of a pair is not another port's own."),
};

static const struct schema_key storm_keys[] = {
	{
		.name = "broadcast",
		.type = {.kind = SCHEMA_NUMBER, .min = 1, .max = CFG_STORM_MAX},
		.offset = offsetof(struct cfg_storm, broadcast),
		.doc = "Broadcasts. ARP requests that weft answers itself are not counted.",
		.example = "500",
	},
	{
		.name = "multicast",
		.type = {.kind = SCHEMA_NUMBER, .min = 1, .max = CFG_STORM_MAX},
		.offset = offsetof(struct cfg_storm, multicast),
		.doc = "Multicasts. Neighbour solicitations that weft answers itself are not "
		       "counted.",
		.example = "1000",
	},
	{
		.name = "unknown_unicast",
		.type = {.kind = SCHEMA_NUMBER, .min = 1, .max = CFG_STORM_MAX},
		.offset = offsetof(struct cfg_storm, unknown_unicast),
		.doc = "Frames for a MAC address that nobody known has.",
		.example = "500",
	},
	{},
};

const struct schema_table schema_storm = {
	.doc = "How many packets a second of each kind a port may have flooded. What is more is "
	       "dropped and counted; what 50 ms give may come at once. Without a key there is no "
	       "limit.",
	.keys = storm_keys,
	.size = sizeof(struct cfg_storm),
};
