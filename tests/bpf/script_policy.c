/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Who may open what: policies of both ends. How rules are found is in test_rules.c. */
#include "script.h"

/* clang-format off */
static const struct hand_rule b_admits[] = {
	{ .id = 1, .on = B, .dir = IN, DENY, TCP_PORT(22) },
	{ .id = 2, .on = B, .dir = IN, ALLOW, TCP_PORT(80) },
	{ .id = 3, .on = B, .dir = IN, ALLOW, TCP_PORT(0) },
	{ .id = 4, .on = B, .dir = IN, ALLOW, ECHO_REQUESTS },
	{ .id = 5, .on = B, .dir = IN, ALLOW, UDP_PORT(53), .peer = A },
	{ .id = 6, .on = B, .dir = IN, ALLOW, PORTS(6, 8000, 8080) },
	{},
};

static const struct hand_rule a_asks_80[] = {
	{ .id = 1, .on = A, .dir = OUT, ALLOW, TCP_PORT(80) },
	{},
};

/* Egress says more than ingress, and the other way round. */
static const struct hand_rule both_ends[] = {
	{ .id = 1, .on = A, .dir = OUT, ALLOW, PORTS(6, 80, 81) },
	{ .id = 2, .on = B, .dir = IN, ALLOW, PORTS(6, 81, 82) },
	{},
};

/* A rule about anybody before, between and behind rules about a peer. */
static const struct hand_rule in_order[] = {
	{ .id = 1, .on = B, .dir = IN, DENY, TCP_PORT(1) },
	{ .id = 2, .on = B, .dir = IN, ALLOW, PORTS(6, 1, 3), .peer = A },
	{ .id = 3, .on = B, .dir = IN, DENY, PORTS(6, 2, 4) },
	{ .id = 4, .on = B, .dir = IN, ALLOW, PORTS(6, 1, 5), .peer = A },
	{ .id = 5, .on = B, .dir = IN, ALLOW, TCP_PORT(4) },
	{},
};

static const struct hand_rule nothing_comes_in[] = {
	{ .id = 1, .on = A, .dir = IN, DENY, EVERYTHING },
	{ .id = 2, .on = B, .dir = IN, DENY, EVERYTHING },
	{},
};

static const struct hand_rule nothing_goes_out[] = {
	{ .id = 1, .on = A, .dir = OUT, DENY, EVERYTHING },
	{},
};

static const struct hand_rule b_shuts[] = {
	{ .id = 1, .on = B, .dir = IN, DENY, EVERYTHING },
	{ .id = 2, .on = C, .dir = IN, ALLOW, UDP_PORT(1067) },
	{},
};

static const struct hand_rule codes[] = {
	{ .id = 1, .on = B, .dir = IN, ALLOW, PORTS(1, 42 << 8, 42 << 8) },
	{ .id = 2, .on = B, .dir = IN, ALLOW, PORTS(0, 0, 0) },
	{},
};

static const struct hand_rule echo_codes[] = {
	{ .id = 1, .on = B, .dir = IN, ALLOW, ECHO_REQUESTS },
	{ .id = 2, .on = A, .dir = IN, ALLOW, EVERYTHING },
	{},
};

static const struct hand_rule from_c_only[] = {
	{ .id = 1, .on = B, .dir = IN, ALLOW, EVERYTHING, .peer = C },
	{},
};

#define AT_B .places = AT(LOCAL) | FROM_OUTSIDE
#define AT_A .places = AT(LOCAL) | AT(OUT)
#define SYN_TO(port) FROM_A(TCP(.sport = 1000, .dport = port, SYN, .seq = 100))
#define UDP_TO(port) FROM_A(UDP(.sport = 1000, .dport = port), DATA(30))
#define DENIED_IN LOST(POLICY_DENY_INGRESS), NO_FLOW
#define DENIED_OUT LOST(POLICY_DENY_EGRESS), NO_FLOW
#define SOLICIT(hops) PKT(ETH(.dst = MAC_WEB2, .src = MAC_WEB1), \
	IP6(.src = IP6_WEB1, .dst = IP6_WEB2, .hlim = hops), ND(.target = IP6_WEB2))

static void no_port_security(const struct stage *stage)
{
	(void)stage;
	port_security_off();
}

static const struct script scripts[] = {
	{ "ingress: what the rules allow, and nothing else", .policy = b_admits, AT_B, .steps = {
		{ SYN_TO(80), FLOW(NEW, TCP_SYN_SENT, 1, 0), RULES(2, 0) },
		{ SYN_TO(79), DENIED_IN },
		{ SYN_TO(81), DENIED_IN },
		{ SYN_TO(22), DENIED_IN },
		{ SYN_TO(8000), FLOW(NEW, TCP_SYN_SENT, 1, 0), RULES(6, 0) },
		{ SYN_TO(8080), FLOW(NEW, TCP_SYN_SENT, 1, 0), RULES(6, 0) },
		{ SYN_TO(8081), DENIED_IN },
		{ SYN_TO(7999), DENIED_IN },
		{ UDP_TO(80), DENIED_IN },
		{ UDP_TO(53), FLOW(NEW, UDP_UNREPLIED, 1, 0), RULES(5, 0) },
		{ FROM_A(PING(.id = 7), DATA(20)), FLOW(NEW, ICMP_UNREPLIED, 1, 0), RULES(4, 0) },
		{ FROM_A(RAW(47, 30)), DENIED_IN },
		{ FROM_A(SCTP(.dport = 80), DATA(8)), DENIED_IN } } },
	{ "ingress: a peer that the rule is not about", .policy = b_admits, AT_B, .steps = {
		{ FROM_C(UDP(.sport = 1000, .dport = 53), DATA(30)), .dst = B, DENIED_IN },
		{ FROM_C(TCP(.sport = 1000, .dport = 80, SYN)), .dst = B, OPENER(C),
		  .flow.look = true, .flow.table = FLOW_NEW, .flow.state = WEFT_TCP_SYN_SENT,
		  .flow.packets = { 1 }, .flow.rule = (const __u32[]){ 2, 0 } } } },
	{ "ingress: port 0 is a port", .policy = b_admits, AT_B, .steps = {
		{ SYN_TO(0), FLOW(NEW, TCP_SYN_SENT, 1, 0), RULES(3, 0) },
		{ SYN_TO(1), DENIED_IN },
		{ UDP_TO(0), DENIED_IN } } },
	{ "ingress: type, code and protocol 0 are values", .policy = codes, AT_B, .family = 4, .steps = {
		{ FROM_A(ICMP(.type = 42), DATA(20)), NO_FLOW },
		{ FROM_A(ICMP(.type = 42, .code = 1), DATA(20)), DENIED_IN },
		{ FROM_A(ICMP(.type = 41), DATA(20)), DENIED_IN },
		{ FROM_A(PING(.id = 7), DATA(20)), DENIED_IN },
		{ FROM_A(RAW(FORCE(0), 20)), FLOW(NEW, OTHER_UNREPLIED, 1, 0), RULES(2, 0) },
		{ FROM_A(RAW(2, 20)), DENIED_IN } } },
	{ "ingress: an echo with a code is not the echo that is allowed", .policy = echo_codes, AT_B,
	  .steps = {
		{ FROM_A(PING(.id = 7, .code = 1), DATA(20)), DENIED_IN },
		{ FROM_A(PING(.id = 7), DATA(20)), FLOW(NEW, ICMP_UNREPLIED, 1, 0), RULES(1, 0) },
		{ FROM_A(PING(.id = 7, .code = 1), DATA(20)), LOST(POLICY_DENY_INGRESS),
		  FLOW(NEW, ICMP_UNREPLIED, 1, 0), RULES(1, 0), .of = PKT(PING(.id = 7)) } } },
	{ "ingress: what B opens needs no rule here", .policy = b_admits, AT_B, .steps = {
		{ FROM_B(UDP(.sport = 99, .dport = 98), DATA(30)), OPENER(B),
		  FLOW(NEW, UDP_UNREPLIED, 1, 0), RULES(0, 0) },
		{ FROM_A(UDP(.sport = 98, .dport = 99), DATA(30)), OPENER(B),
		  FLOW(NEW, UDP_REPLIED, 1, 1), RULES(0, 0) } } },
	{ "egress: what the rules allow, and nothing else", .policy = a_asks_80, AT_A, .steps = {
		{ SYN_TO(80), FLOW(NEW, TCP_SYN_SENT, 1, 0), RULES(0, 1) },
		{ SYN_TO(81), DENIED_OUT },
		{ UDP_TO(80), DENIED_OUT },
		{ FROM_A(PING(.id = 7), DATA(20)), DENIED_OUT },
		{ FROM_C(TCP(.sport = 1000, .dport = 81, SYN)), .dst = B } } },
	{ "egress: what A is asked needs no rule here", .policy = a_asks_80, AT_A, .steps = {
		{ FROM_B(UDP(.sport = 99, .dport = 98), DATA(30)), OPENER(B),
		  FLOW(NEW, UDP_UNREPLIED, 1, 0), RULES(0, 0) },
		{ FROM_A(UDP(.sport = 98, .dport = 99), DATA(30)), OPENER(B),
		  FLOW(NEW, UDP_REPLIED, 1, 1), RULES(0, 0) } } },
	{ "both ends have to allow it, and the sender is asked first", .policy = both_ends,
	  .places = AT(LOCAL), .steps = {
		{ SYN_TO(79), DENIED_OUT },
		{ SYN_TO(80), DENIED_IN },
		{ SYN_TO(81), FLOW(NEW, TCP_SYN_SENT, 1, 0), RULES(2, 1) },
		{ SYN_TO(82), DENIED_OUT },
		{ SYN_TO(83), DENIED_OUT } } },
	{ "of rules about anybody and about the peer, the one that stands first", .policy = in_order,
	  AT_B, .steps = {
		{ SYN_TO(1), DENIED_IN },
		{ SYN_TO(2), FLOW(NEW, TCP_SYN_SENT, 1, 0), RULES(2, 0) },
		{ SYN_TO(3), FLOW(NEW, TCP_SYN_SENT, 1, 0), RULES(2, 0) },
		{ SYN_TO(4), DENIED_IN },
		{ SYN_TO(5), FLOW(NEW, TCP_SYN_SENT, 1, 0), RULES(4, 0) },
		{ SYN_TO(6), DENIED_IN } } },

	{ "another endpoint's address", .policy = from_c_only, .places = AT(LOCAL), .steps = {
		{ .change = no_port_security, UDP_TO(53), DENIED_IN },
		{ UDP_TO(53), .claims = C, LOST(ADDR_SPOOFED),
		  .of_by = C, .of = PKT(UDP(.sport = 1000, .dport = 53)), NO_FLOW },
		{ SYN_TO(80), .claims = C, LOST(ADDR_SPOOFED) },
		{ FROM_A(PING(.id = 7), DATA(20)), .claims = C, LOST(ADDR_SPOOFED) },
		{ FROM_A(ICMP(.type = 200), DATA(20)), .claims = C, LOST(ADDR_SPOOFED) } } },
	{ "an address of this node's, from another", .policy = from_c_only,
	  .places = FROM_OUTSIDE, .steps = {
		{ UDP_TO(53), .claims = C, LOST(LOCAL_ADDR),
		  .of_by = C, .of = PKT(UDP(.sport = 1000, .dport = 53)), NO_FLOW },
		{ SYN_TO(80), .claims = C, LOST(LOCAL_ADDR) },
		{ FROM_A(PING(.id = 7), DATA(20)), .claims = C, LOST(LOCAL_ADDR) },
		{ FROM_A(ICMP(.type = 200), DATA(20)), .claims = C, LOST(LOCAL_ADDR) },
		{ UDP_TO(53), .dst = ALL, .claims = C, LOST(LOCAL_ADDR) },
		{ .change = no_port_security, UDP_TO(53), .claims = C, LOST(LOCAL_ADDR) } } },
	{ "another endpoint's address, from whom the sender's own policies allow it",
	  .policy = a_asks_80, AT_A, .steps = {
		{ SYN_TO(80), .claims = C, LOST(ADDR_SPOOFED) } } },
	{ "an address that the file gives to nobody", .policy = a_asks_80, AT_A, .steps = {
		{ SYN_TO(80), .claims = STRANGER, LOST(ADDR_NOT_OWN) },
		{ .change = no_port_security, SYN_TO(80), .claims = STRANGER } } },
	{ "another endpoint's address, where nothing is restricted", AT_A, .steps = {
		{ UDP_TO(53), .claims = C, LOST(ADDR_SPOOFED) },
		{ .change = no_port_security, UDP_TO(53), .claims = C } } },

	{ "neighbour discovery is nobody's to judge", .policy = nothing_comes_in,
	  .places = AT(LOCAL), .family = 6, .steps = {
		{ .by = A, .frame = SOLICIT(255) },
		{ .by = A, .frame = SOLICIT(254), LOST(POLICY_DENY_INGRESS) } } },
	{ "nor is it on its way out", .policy = nothing_goes_out, .places = AT(LOCAL), .family = 6,
	  .steps = {
		{ .by = A, .frame = SOLICIT(255) },
		{ .by = A, .frame = SOLICIT(254), LOST(POLICY_DENY_EGRESS) } } },
	{ "nor ARP, nor what is not IP", .policy = nothing_goes_out, .places = AT(LOCAL), .family = 4,
	  .steps = {
		{ .by = A, .frame = PKT(ETH(.dst = MAC_WEB2, .src = MAC_WEB1),
			ARP(.op = 2, .sha = MAC_WEB1, .spa = IP4_WEB1, .tpa = IP4_WEB2)) },
		{ .by = A, .frame = PKT(ETH(.dst = MAC_WEB2, .src = MAC_WEB1), DATA(40)) },
		{ UDP_TO(1), DENIED_OUT } } },

	{ "a broadcast is denied on its way out once", .policy = nothing_goes_out, AT_A, .steps = {
		{ UDP_TO(67), .dst = ALL, LOST(POLICY_DENY_EGRESS) } } },
	{ "each receiver of a broadcast has its own say", .policy = b_shuts, AT_B, .steps = {
		{ UDP_TO(1067), .dst = ALL, .denied = 1 << B },
		{ UDP_TO(1068), .dst = ALL, .denied = 1 << B | 1 << C } } },
	{ "a frame for nobody known too", .policy = b_shuts, AT_B, .steps = {
		{ UDP_TO(1067), .dst = STRANGER, .denied = 1 << B },
		{ UDP_TO(1068), .dst = STRANGER, .denied = 1 << B | 1 << C } } },
	{ "and is denied on its way out once", .policy = nothing_goes_out, AT_A, .steps = {
		{ UDP_TO(67), .dst = STRANGER, LOST(POLICY_DENY_EGRESS) } } },
	{ "a broadcast in another's name", .policy = from_c_only, .places = AT(LOCAL), .steps = {
		{ UDP_TO(53), .dst = ALL, .claims = C, LOST(ADDR_SPOOFED) },
		{ .change = no_port_security, UDP_TO(53), .dst = ALL, .claims = C, .denied = 1 << B,
		  .denied_for = WEFT_DROP_ADDR_SPOOFED } } },
};
/* clang-format on */

const struct script_table policy_scripts = SCRIPT_TABLE("policies", scripts);
