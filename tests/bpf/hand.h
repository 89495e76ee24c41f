/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Policies put into the tables by hand, for the parts of a script. The rules of a port and
 * direction are asked in the order in which they stand; what none of them matches is denied by
 * RULE_DEFAULT.
 */
#ifndef WEFT_TEST_HAND_H
#define WEFT_TEST_HAND_H

#include <weft/policy.h>

#include "hosts.h"

#define RULE_DEFAULT 200

/**
 * struct hand_rule - one rule; a policy is a list of them up to one without an action.
 * @id: rule id.
 * @on, @dir: whose, and which way. Has no effect where that part is not played on node a.
 * @action: enum weft_pol_action.
 * @first, @last: points that it matches.
 * @echo: or echo requests of the stage's IP version.
 * @peer: the other end, NONE = anybody.
 * @keep: WEFT_POL_KEEP.
 */
struct hand_rule {
	__u32 id;
	enum role on;
	enum weft_pol_dir dir;
	enum weft_pol_action action;
	__u32 first, last;
	bool echo;
	enum role peer;
	bool keep;
};

/* clang-format off */
#define IN WEFT_POL_INGRESS
#define OUT WEFT_POL_EGRESS
#define ALLOW .action = WEFT_POL_ALLOW
#define DENY .action = WEFT_POL_DENY
#define REJECT .action = WEFT_POL_REJECT
#define EVERYTHING .last = ~0u
#define PORTS(proto, from, to) .first = WEFT_POL_POINT(proto, from), .last = WEFT_POL_POINT(proto, to)
#define TCP_PORT(n) PORTS(6, n, n)
#define UDP_PORT(n) PORTS(17, n, n)
#define SCTP_PORT(n) PORTS(132, n, n)
#define PROTOCOL(n) PORTS(n, 0, 0xffff)
#define ECHO_REQUESTS .echo = true
/* clang-format on */

/** hand_apply - put @rules into force under a new generation. NULL: nothing restricts anybody. */
void hand_apply(const struct stage *stage, const struct hand_rule *rules);

/** hand_guards - does one of @rules restrict @role in direction @dir, on node a? */
bool hand_guards(const struct stage *stage, const struct hand_rule *rules, enum role role,
		 enum weft_pol_dir dir);

/** hand_moved - something about ports, networks, endpoints or tunnels has changed. */
void hand_moved(void);

/** hand_clear - no policies, generation 0. */
void hand_clear(void);

/** hand_list - @n ranges into `weft_pol_l4`, for @generation, behind those put there before. */
struct weft_pol_ranges hand_list(__u32 generation, const struct weft_pol_range *ranges, __u32 n);

/** hand_ruleset - rule set of port @wire in one direction; the other one is set free. */
void hand_ruleset(__u32 generation, enum wire wire, enum weft_pol_dir dir, __u32 ruleset);

/** hand_generation - the generation in force becomes @policy. */
void hand_generation(__u32 policy);

#endif
