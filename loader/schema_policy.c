/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The keys `address_sets` and `policies`; see schema.c. What they mean is in docs/policy.md. */
#include "config.h"
#include "schema_parts.h"

static const struct schema_table subject_table, rule_table, peer_table;

static const struct schema_type label_item = {.kind = SCHEMA_LABEL};
static const struct schema_type block_item = {.kind = SCHEMA_PREFIX, .whole = true};
static const struct schema_type ports_item = {.kind = SCHEMA_PORTS};
static const struct schema_type rule_item = {.kind = SCHEMA_TABLE, .table = &rule_table};
static const struct schema_type network_item = {.kind = SCHEMA_REFERENCE, .target = "network"};
static const struct schema_type port_item = {.kind = SCHEMA_REFERENCE, .target = "port"};
static const struct schema_type pod_item = {.kind = SCHEMA_ID};
static const struct schema_type set_item = {.kind = SCHEMA_REFERENCE, .target = "address set"};

/* A list that may stand alone, but not be empty: an empty one could be read as nobody or anybody.
 */
#define SOME(of)                                                                                   \
	{                                                                                          \
		.kind = SCHEMA_LIST, .item = &(of), .min_items = 1, .lone = true                   \
	}

static const struct schema_key address_set_keys[] = {
	{
		.name = "name",
		.type = {.kind = SCHEMA_NAME},
		.offset = offsetof(struct cfg_address_set, name),
		.required = true,
		.doc = "What rules call this set.",
		.example = "office",
	},
	{
		.name = "cidrs",
		.type = SOME(block_item),
		.offset = offsetof(struct cfg_address_set, cidrs),
		.required = true,
		.doc = "The prefixes in the set.",
		.example = "[10.0.0.0/8, \"fd00::/8\"]",
	},
	{
		.name = "except",
		.type = SOME(block_item),
		.offset = offsetof(struct cfg_address_set, except),
		.doc = "Prefixes that are not in the set, whatever `cidrs` says.",
		.example = "[10.1.0.0/16]",
	},
	{},
};

const struct schema_table schema_address_set = {
	.doc = "Prefixes with exceptions, under one name.",
	.keys = address_set_keys,
	.size = sizeof(struct cfg_address_set),
	.rules = WORDS("No two sets have the same name."),
};

static const struct schema_key policy_keys[] = {
	{
		.name = "name",
		.type = {.kind = SCHEMA_NAME},
		.offset = offsetof(struct cfg_policy, name),
		.required = true,
		.doc = "What output and counters call this policy.",
		.example = "web-in",
	},
	{
		.name = "applies_to",
		.type = {.kind = SCHEMA_TABLE, .table = &subject_table},
		.offset = offsetof(struct cfg_policy, applies_to),
		.required = true,
		.doc = "The ports that this policy selects.",
		.example = "web",
	},
	{
		.name = "direction",
		.type = {.kind = SCHEMA_ENUM,
			 .names = WORDS([CFG_INGRESS] = "ingress", [CFG_EGRESS] = "egress")},
		.offset = offsetof(struct cfg_policy, direction),
		.required = true,
		.doc = "Which connections of those ports it judges, from the workload's own view: "
		       "`ingress`, those that others open to it; `egress`, those that it opens.",
		.example = "ingress",
	},
	{
		.name = "tier",
		.type = {.kind = SCHEMA_NUMBER, .max = 65535},
		.offset = offsetof(struct cfg_policy, tier),
		.fallback = "100",
		.doc = "All rules of a lower tier come before all rules of a higher one.",
		.example = "10",
	},
	{
		.name = "priority",
		.type = {.kind = SCHEMA_NUMBER, .max = 65535},
		.offset = offsetof(struct cfg_policy, priority),
		.fallback = "100",
		.doc = "Order within the tier, lower first. Between policies of equal tier and "
		       "priority, `deny` and `reject` come before `allow`.",
		.example = "50",
	},
	{
		.name = "default",
		.type = {.kind = SCHEMA_ENUM,
			 .names =
				 WORDS([CFG_DEFAULT_DENY] = "deny", [CFG_DEFAULT_REJECT] = "reject",
				       [CFG_DEFAULT_NONE] = "none")},
		.offset = offsetof(struct cfg_policy, fallback),
		.fallback = "deny",
		.doc = "What traffic in this direction meets if no rule of any policy matches it. "
		       "`none` leaves it to the other policies of the port and to the network's "
		       "`default_policy`.",
		.example = "reject",
	},
	{
		.name = "keep_established",
		.type = {.kind = SCHEMA_BOOL},
		.offset = offsetof(struct cfg_policy, keep_established),
		.fallback = "false",
		.doc = "Whether connections that this policy allowed live on when a later file "
		       "denies them.",
		.example = "true",
	},
	{
		.name = "rules",
		.type = {.kind = SCHEMA_LIST, .item = &rule_item},
		.offset = offsetof(struct cfg_policy, rules),
		.doc = "What is allowed and what is not. Without rules, the default alone.",
	},
	{},
};

const struct schema_table schema_policy = {
	.doc = "Rules about the connections of some ports, in one direction. Packets of a "
	       "connection that was allowed are allowed both ways.",
	.keys = policy_keys,
	.size = sizeof(struct cfg_policy),
	.rules = WORDS("No two policies have the same name."),
	.example = "policies:\n"
		   "  - name: web-in\n"
		   "    applies_to: web\n"
		   "    direction: ingress\n"
		   "    tier: 10\n"
		   "    priority: 50\n"
		   "    default: reject\n"
		   "    keep_established: true\n"
		   "    rules:\n"
		   "      - {action: allow, from: lb, protocol: tcp, ports: [80, 443, 8000-8080]}\n"
		   "      - {action: deny, from: {cidrs: [10.9.0.0/24]}, protocol: icmp}\n",
};

static const struct schema_key subject_keys[] = {
	{
		.name = "groups",
		.type = SOME(label_item),
		.offset = offsetof(struct cfg_subject, groups),
		.doc = "All ports in one of these groups.",
		.example = "[web]",
	},
	{
		.name = "networks",
		.type = SOME(network_item),
		.offset = offsetof(struct cfg_subject, networks),
		.doc = "All ports of these networks.",
		.example = "[web]",
	},
	{
		.name = "ports",
		.type = SOME(port_item),
		.offset = offsetof(struct cfg_subject, ports),
		.doc = "These ports.",
		.example = "[db-1, db-2]",
	},
	{
		.name = "pods",
		.type = SOME(pod_item),
		.offset = offsetof(struct cfg_subject, pods),
		.doc = "The ports that were made for these Kubernetes pods, now or later, each as "
		       "`NAMESPACE/NAME`.",
		.example = "[default/web-1]",
	},
	{},
};

static const struct schema_table subject_table = {
	.doc = "Ports that meet any one of these conditions. A name or a list of names alone is "
	       "short for `{groups: ...}`.",
	.keys = subject_keys,
	.size = sizeof(struct cfg_subject),
	.shorthand = "groups",
	.rules = WORDS("At least one condition is given."),
};

static const struct schema_key rule_keys[] = {
	{
		.name = "action",
		.type = {.kind = SCHEMA_ENUM,
			 .names = WORDS([CFG_ALLOW] = "allow", [CFG_DENY] = "deny",
					[CFG_REJECT] = "reject")},
		.offset = offsetof(struct cfg_rule, action),
		.fallback = "allow",
		.doc = "`deny` drops the packet; `reject` also tells its sender: TCP by a reset, "
		       "else by an ICMP error (administratively prohibited).",
	},
	{
		.name = "from",
		.type = {.kind = SCHEMA_TABLE, .table = &peer_table},
		.offset = offsetof(struct cfg_rule, from),
		.doc = "Ingress: who opens the connection. Without it, anybody.",
	},
	{
		.name = "to",
		.type = {.kind = SCHEMA_TABLE, .table = &peer_table},
		.offset = offsetof(struct cfg_rule, to),
		.doc = "Egress: whom the connection goes to. Without it, anybody.",
	},
	{
		.name = "protocol",
		.type = {.kind = SCHEMA_PROTOCOL},
		.offset = offsetof(struct cfg_rule, protocol),
		.fallback = "any",
		.doc = "IP protocol. 0 is a protocol like others, not `any`.",
	},
	{
		.name = "ports",
		.type = SOME(ports_item),
		.offset = offsetof(struct cfg_rule, ports),
		.doc = "Destination ports. Only with tcp, udp or sctp; without it, all.",
	},
	{
		.name = "icmp_type",
		.type = {.kind = SCHEMA_NUMBER, .max = 255},
		.offset = offsetof(struct cfg_rule, icmp_type),
		.doc = "Type of message. Only with icmp or icmpv6; without it, all.",
	},
	{
		.name = "icmp_code",
		.type = {.kind = SCHEMA_NUMBER, .max = 255},
		.offset = offsetof(struct cfg_rule, icmp_code),
		.doc = "Code of message, within the type. Without it, all.",
	},
	{},
};

static const struct schema_table rule_table = {
	.doc = "A rule matches what meets all of its conditions; `{}` matches everything.",
	.keys = rule_keys,
	.size = sizeof(struct cfg_rule),
	.rules = WORDS("`from` stands in ingress policies only, `to` in egress policies only.",
		       "`ports`, `icmp_type` and `icmp_code` fit the protocol.",
		       "`weft check` warns of rules that never match: because other rules come "
		       "first, or because there is no such peer."),
	.example = "rules:\n"
		   "  - {action: allow, from: {groups: [lb]}, protocol: tcp, ports: [80, 443]}\n"
		   "  - {action: deny, from: {networks: [db], sets: [office]}, protocol: 47}\n"
		   "  - {action: reject, protocol: icmp, icmp_type: 8, icmp_code: 0}\n",
};

static const struct schema_key peer_keys[] = {
	{
		.name = "groups",
		.type = SOME(label_item),
		.offset = offsetof(struct cfg_peer, groups),
		.doc = "Workloads in one of these groups, in the port's own network.",
		.example = "[lb]",
	},
	{
		.name = "networks",
		.type = SOME(network_item),
		.offset = offsetof(struct cfg_peer, networks),
		.doc = "Workloads of these networks, and addresses in their subnets or link-local; "
		       "only for ports in the same network.",
		.example = "[web]",
	},
	{
		.name = "cidrs",
		.type = SOME(block_item),
		.offset = offsetof(struct cfg_peer, cidrs),
		.doc = "Addresses in one of these prefixes, whoever has them.",
		.example = "[10.9.0.0/24, 0.0.0.0/0]",
	},
	{
		.name = "sets",
		.type = SOME(set_item),
		.offset = offsetof(struct cfg_peer, sets),
		.doc = "Addresses in one of these `address_sets`.",
		.example = "[office]",
	},
	{},
};

static const struct schema_table peer_table = {
	.doc = "The other end: whoever meets any one of these conditions. A name or a list of "
	       "names alone is short for `{groups: ...}`.",
	.keys = peer_keys,
	.size = sizeof(struct cfg_peer),
	.shorthand = "groups",
	.rules = WORDS("At least one condition is given."),
};
