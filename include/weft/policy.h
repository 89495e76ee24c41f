/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Policy as the datapath sees it: rule sets compiled to tables. The loader does the thinking
 * (loader/policy.c); a first packet costs a handful of look-ups however many rules there are.
 *
 *     port, direction ──> rule set ──┬──────────────> its ranges about anybody ──┐
 *                                    │                                           ├─> lower order
 *     peer's address ──> class ──────┴─> (rule set, class) -> ranges about it ───┘       wins
 *
 * A class is what rules can tell about a peer: the set of groups, networks and address blocks that
 * it is in. A known endpoint has one; of anybody else the address may tell one class (blocks), and
 * the identity that came with the packet another (groups): then both classes' rules are asked.
 * Ranges split the space of (protocol, destination port) at the points where some rule begins or
 * ends, each with the first rule that matches there; a binary search finds the one.
 *
 * A set of policies is a generation. All tables hold two: entries of generation g are reached only
 * through weft_generation.policy = g, so writing that one word is the transaction. Rule set, class
 * and range numbers are never shared between the two generations in the tables: rule sets, classes
 * and ranges of generation g have the numbers 2n + (g & 1).
 */
#ifndef WEFT_POLICY_H
#define WEFT_POLICY_H

#include <weft/abi.h>

/** enum weft_pol_dir - direction of a policy, from the workload's own view as in Kubernetes. */
enum weft_pol_dir {
	WEFT_POL_INGRESS, /* to the port */
	WEFT_POL_EGRESS,  /* from the port */
	__WEFT_POL_DIR_MAX,
};

/** enum weft_pol_action - what a rule says. */
enum weft_pol_action {
	WEFT_POL_NONE,
	WEFT_POL_ALLOW,
	WEFT_POL_DENY,   /* drop */
	WEFT_POL_REJECT, /* drop, and tell the sender: TCP RST, else ICMP administratively
			    prohibited */
};

/* A later set that denies leaves flows accepted under this rule alone. */
#define WEFT_POL_KEEP 0x01

/**
 * struct weft_generation - `weft_generation`, array of one: what is in force.
 * @policy: generation of the policies; 0 = none was ever applied. The parity selects the half of
 *          every table.
 * @forwarding: changes with every change of ports, networks, endpoints or tunnels.
 *
 * Written last in a transaction, with one 8-byte store. A flow that was decided under another
 * generation is decided again with its next packet.
 */
struct weft_generation {
	__u32 policy;
	__u32 forwarding;
} __attribute__((aligned(8)));
_Static_assert(sizeof(struct weft_generation) == 8, "ABI");

#define WEFT_POL_SHUT 1 /* never a rule set's id: what the tables do not say is denied */

/**
 * struct weft_pol_port - `weft_pol_ports`, array by port id * 2 + (generation & 1).
 * @ruleset: by enum weft_pol_dir; 0 = nothing restricts the port in that direction; WEFT_POL_SHUT =
 *           it is about to leave.
 */
struct weft_pol_port {
	__u32 ruleset[__WEFT_POL_DIR_MAX];
};
_Static_assert(sizeof(struct weft_pol_port) == 8, "ABI");

/**
 * struct weft_pol_ranges - a list of ranges: the @count entries @first, @first + 2, .. of
 * `weft_pol_l4`.
 *
 * `weft_pol_sets`, array by rule set id (2..): the rules about anybody. Covers every point, because
 * the set's default stands at its end.
 * `weft_pol_match`, hash by struct weft_pol_match_key: the rules about a class. May leave points
 * out (order WEFT_POL_ORDER_NONE).
 */
struct weft_pol_ranges {
	__u32 first;
	__u32 count; /* 0 = unused */
};
_Static_assert(sizeof(struct weft_pol_ranges) == 8, "ABI");

struct weft_pol_match_key {
	__u32 ruleset;
	__u32 class_id; /* 2.. */
};
_Static_assert(sizeof(struct weft_pol_match_key) == 8, "ABI");

/* A point: protocol << 16 | destination port (TCP, UDP, SCTP), or type << 8 | code (ICMP, ICMPv6),
 * or 0. */
#define WEFT_POL_POINT(proto, detail) ((__u32)(proto) << 16 | (detail))
#define WEFT_POL_ORDER_NONE           0xffffffffU
#define WEFT_POL_SEARCH_STEPS         18 /* a list has fewer than 2^18 ranges */

/**
 * struct weft_pol_range - `weft_pol_l4`, array: the points from @start up to those of
 *                         the next entry of its list.
 * @start: first point; the first entry of a list has 0.
 * @order: rank of @rule in its rule set, lower first; WEFT_POL_ORDER_NONE = no rule.
 * @rule: rule id, stable across applies; index of `weft_rule_stat` and key of `weft_rule_info`.
 * @action: enum weft_pol_action.
 * @flags: WEFT_POL_KEEP.
 */
struct weft_pol_range {
	__u32 start;
	__u32 order;
	__u32 rule;
	__u8 action;
	__u8 flags;
	__u16 pad;
};
_Static_assert(sizeof(struct weft_pol_range) == 16, "ABI");

/**
 * struct weft_pol_addr_key - `weft_pol_class`, hash to __u32 class: a known endpoint.
 * @parity: generation & 1.
 */
struct weft_pol_addr_key {
	struct weft_addr addr;
	__u16 network;
	__u16 parity;
};
_Static_assert(sizeof(struct weft_pol_addr_key) == 20, "ABI");

/**
 * struct weft_pol_ident_key - `weft_pol_ident`, hash to __u32 class: an endpoint that the file does
 * not have, by the groups that its node says it is in.
 * @identity: in either form, see weft_identity_short(); never 0.
 * @parity: generation & 1.
 */
struct weft_pol_ident_key {
	__u32 identity;
	__u16 network;
	__u16 parity;
};
_Static_assert(sizeof(struct weft_pol_ident_key) == 8, "ABI");

/**
 * struct weft_pol_cidr_key - `weft_pol_cidr`, longest-prefix match to __u32 class: anybody else.
 * @prefixlen: bits of @parity and @addr that count: 32 + 96 + n for IPv4, 32 + n for IPv6.
 *
 * Class 0 is that of a hole in a shorter prefix: no rule tells these addresses from any others.
 */
struct weft_pol_cidr_key {
	__u32 prefixlen;
	__u32 parity;
	struct weft_addr addr;
};
_Static_assert(sizeof(struct weft_pol_cidr_key) == 24, "ABI");

/**
 * struct weft_rule_stat - `weft_rule_stat`, per-CPU array by rule id.
 * @hits: flows decided (first packets, and packets judged again under a new generation).
 * @last_hit_ns: CLOCK_MONOTONIC.
 */
struct weft_rule_stat {
	struct weft_count count; /* all packets of flows that the rule decided */
	__u64 hits;
	__u64 last_hit_ns;
};

/**
 * struct weft_rule_info - `weft_rule_info`, hash by rule id (1..): for people, and for the loader,
 * to know a rule again.
 * @identity: hash of what the rule says. With @policy, it decides which rule of the next file gets
 *            this id; @index and @line may change under it.
 */
struct weft_rule_info {
	char policy[WEFT_NAME_LEN]; /* WEFT_POL_RULE_NETWORK: the network's name */
	__u64 identity;
	__u32 index;     /* of the rule in its policy, from 0; or WEFT_POL_RULE_* */
	__u32 line;      /* in the file that was applied */
	__u32 direction; /* enum weft_pol_dir */
	__u32 action;    /* enum weft_pol_action */
};
_Static_assert(sizeof(struct weft_rule_info) == 88, "ABI");

/* Instead of an index: the default of the policy, and that of the network. */
#define WEFT_POL_RULE_DEFAULT 0xffffffffU
#define WEFT_POL_RULE_NETWORK 0xfffffffeU

#endif
