/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Flows without a handshake: UDP, SCTP, ICMP queries, everything else. */
#include "script.h"

static void two_seconds_on(const struct stage *stage)
{
	(void)stage;
	flows_age(2000);
}

static void nearly_two_seconds_on(const struct stage *stage)
{
	(void)stage;
	flows_age(1000);
}

static void an_hour_on(const struct stage *stage)
{
	(void)stage;
	flows_age(FLOW_HOUR_MS);
}

/* clang-format off */
/* What A asks, and nothing else. */
static const struct hand_rule a_asks[] = {
	{ .id = 11, .on = A, .dir = OUT, ALLOW, EVERYTHING },
	{ .id = 12, .on = B, .dir = IN, ALLOW, EVERYTHING },
	{ .id = 21, .on = B, .dir = OUT, DENY, EVERYTHING },
	{ .id = 22, .on = A, .dir = IN, DENY, EVERYTHING },
	{},
};

/* Either may ask. */
static const struct hand_rule both_ask[] = {
	{ .id = 11, .on = A, .dir = OUT, ALLOW, EVERYTHING },
	{ .id = 12, .on = B, .dir = IN, ALLOW, EVERYTHING },
	{ .id = 11, .on = B, .dir = OUT, ALLOW, EVERYTHING },
	{ .id = 12, .on = A, .dir = IN, ALLOW, EVERYTHING },
	{},
};

#define GUARDED .policy = a_asks, .rule = { 12, 11 }
#define OPEN_TO_BOTH .policy = both_ask, .rule = { 12, 11 }
#define UDP_A FROM_A(UDP(.sport = 1000, .dport = 53), DATA(30))
#define UDP_B FROM_B(UDP(.sport = 53, .dport = 1000), DATA(300))
#define SCTP_A FROM_A(SCTP(.sport = 1000, .dport = 36412), DATA(30))
#define SCTP_B FROM_B(SCTP(.sport = 36412, .dport = 1000), DATA(30))
#define PING_A(i, s) FROM_A(PING(.id = i, .seq = s), DATA(56))
#define PING_B(i, s) FROM_B(PING(.id = i, .seq = s), DATA(56))
#define PONG_A(i, s) FROM_A(PING(.reply = 1, .id = i, .seq = s), DATA(56))
#define PONG_B(i, s) FROM_B(PING(.reply = 1, .id = i, .seq = s), DATA(56))
#define STAMP_A(t) FROM_A(ICMP(.type = t, .rest = 0x70001), DATA(12))
#define STAMP_B(t) FROM_B(ICMP(.type = t, .rest = 0x70001), DATA(12))

static const struct script scripts[] = {
	{ "UDP: a question, its answer, and a stream after two seconds", GUARDED, .steps = {
		{ UDP_A, FLOW(NEW, UDP_UNREPLIED, 1, 0) },
		{ UDP_A, FLOW(NEW, UDP_UNREPLIED, 2, 0) },
		{ UDP_B, FLOW(NEW, UDP_REPLIED, 2, 1) },
		{ UDP_A, FLOW(NEW, UDP_REPLIED, 3, 1) },
		{ .change = nearly_two_seconds_on, UDP_B, FLOW(NEW, UDP_REPLIED, 3, 2) },
		{ .change = nearly_two_seconds_on, UDP_B, FLOW(ESTABLISHED, UDP_REPLIED, 3, 3) },
		{ UDP_A, FLOW(ESTABLISHED, UDP_REPLIED, 4, 3) },
		{ UDP_B, FLOW(ESTABLISHED, UDP_REPLIED, 4, 4) } } },
	{ "UDP: the answer after two seconds makes it a stream", GUARDED, .steps = {
		{ UDP_A, FLOW(NEW, UDP_UNREPLIED, 1, 0) },
		{ .change = two_seconds_on, UDP_B, FLOW(ESTABLISHED, UDP_REPLIED, 1, 1) } } },
	{ "UDP: nobody makes a stream alone", GUARDED, .steps = {
		{ UDP_A, FLOW(NEW, UDP_UNREPLIED, 1, 0) },
		{ .change = two_seconds_on, UDP_A, FLOW(NEW, UDP_UNREPLIED, 2, 0) },
		{ .change = two_seconds_on, UDP_A, FLOW(NEW, UDP_UNREPLIED, 3, 0) } } },
	{ "UDP: another port is another flow", GUARDED, .steps = {
		{ UDP_A, FLOW(NEW, UDP_UNREPLIED, 1, 0) },
		{ FROM_A(UDP(.sport = 1001, .dport = 53), DATA(30)), FLOW(NEW, UDP_UNREPLIED, 1, 0) },
		{ FROM_A(UDP(.sport = 1000, .dport = 54), DATA(30)), FLOW(NEW, UDP_UNREPLIED, 1, 0) },
		{ FROM_A(TCP(.sport = 1000, .dport = 53, SYN), DATA(30)), FLOW(NEW, TCP_SYN_SENT, 1, 0) } } },
	{ "UDP: the same port on both sides", GUARDED, .steps = {
		{ FROM_A(UDP(.sport = 500, .dport = 500), DATA(30)), FLOW(NEW, UDP_UNREPLIED, 1, 0) },
		{ FROM_B(UDP(.sport = 500, .dport = 500), DATA(30)), FLOW(NEW, UDP_REPLIED, 1, 1) } } },
	{ "UDP: port 0 is a port", GUARDED, .steps = {
		{ FROM_A(UDP(.sport = FORCE(0), .dport = 0), DATA(30)), FLOW(NEW, UDP_UNREPLIED, 1, 0) },
		{ FROM_B(UDP(.sport = FORCE(0), .dport = 0), DATA(30)), FLOW(NEW, UDP_REPLIED, 1, 1) } } },
	{ "UDP: what B was not asked", GUARDED, .places = AT(LOCAL) | FROM_OUTSIDE, .steps = {
		{ UDP_B, LOST(POLICY_DENY_EGRESS), NO_FLOW },
		{ UDP_A, FLOW(NEW, UDP_UNREPLIED, 1, 0) },
		{ FROM_B(UDP(.sport = 53, .dport = 1001), DATA(30)), LOST(POLICY_DENY_EGRESS), NO_FLOW },
		{ FROM_B(UDP(.sport = 54, .dport = 1000), DATA(30)), LOST(POLICY_DENY_EGRESS), NO_FLOW } } },
	{ "UDP: what B was not asked, judged at A", GUARDED, .places = AT(OUT), .steps = {
		{ UDP_B, LOST(POLICY_DENY_INGRESS), NO_FLOW },
		{ UDP_A, FLOW(NEW, UDP_UNREPLIED, 1, 0) },
		{ UDP_B, FLOW(NEW, UDP_REPLIED, 1, 1) } } },
	{ "UDP: an entry that has timed out counts for nothing", GUARDED,
	  .places = AT(LOCAL) | FROM_OUTSIDE, .steps = {
		{ UDP_A, FLOW(NEW, UDP_UNREPLIED, 1, 0) },
		{ .change = an_hour_on, UDP_B, LOST(POLICY_DENY_EGRESS) },
		{ UDP_A, FLOW(NEW, UDP_UNREPLIED, 1, 0) },
		{ UDP_B, FLOW(NEW, UDP_REPLIED, 1, 1) } } },
	{ "UDP: where nothing is restricted", .steps = {
		{ UDP_B, OPENER(B), FLOW(NEW, UDP_UNREPLIED, 1, 0) },
		{ UDP_A, OPENER(B), FLOW(NEW, UDP_REPLIED, 1, 1) },
		{ .change = two_seconds_on, UDP_B, OPENER(B), FLOW(ESTABLISHED, UDP_REPLIED, 2, 1) } } },

	{ "SCTP is told apart by its ports", GUARDED, .steps = {
		{ SCTP_A, FLOW(NEW, OTHER_UNREPLIED, 1, 0) },
		{ SCTP_B, FLOW(NEW, OTHER_REPLIED, 1, 1) },
		{ FROM_A(SCTP(.sport = 1001, .dport = 36412), DATA(30)), FLOW(NEW, OTHER_UNREPLIED, 1, 0) },
		{ .change = two_seconds_on, SCTP_A, FLOW(ESTABLISHED, OTHER_REPLIED, 2, 1) } } },
	{ "other protocols are told apart by their addresses", GUARDED, .steps = {
		{ FROM_A(RAW(47, 40)), FLOW(NEW, OTHER_UNREPLIED, 1, 0) },
		{ FROM_A(RAW(47, 60)), FLOW(NEW, OTHER_UNREPLIED, 2, 0) },
		{ FROM_A(RAW(50, 60)), FLOW(NEW, OTHER_UNREPLIED, 1, 0) },
		{ FROM_B(RAW(47, 40)), FLOW(NEW, OTHER_REPLIED, 2, 1) },
		{ .change = two_seconds_on, FROM_A(RAW(47, 40)), FLOW(ESTABLISHED, OTHER_REPLIED, 3, 1) },
		{ FROM_A(RAW(47, 30)), FLOW(ESTABLISHED, OTHER_REPLIED, 4, 1) } } },
	{ "protocol 0 is a protocol", GUARDED, .family = 4, .steps = {
		{ FROM_A(RAW(FORCE(0), 40)), FLOW(NEW, OTHER_UNREPLIED, 1, 0) },
		{ FROM_B(RAW(FORCE(0), 40)), FLOW(NEW, OTHER_REPLIED, 1, 1) } } },
	{ "the ICMP of the other IP version is just a protocol", GUARDED, .family = 4, .steps = {
		{ FROM_A(RAW(58, 40)), FLOW(NEW, OTHER_UNREPLIED, 1, 0) } } },

	{ "an echo and its answer", GUARDED, .steps = {
		{ PING_A(7, 1), FLOW(NEW, ICMP_UNREPLIED, 1, 0) },
		{ PONG_B(7, 1), FLOW(NEW, ICMP_REPLIED, 1, 1) },
		{ PING_A(7, 2), FLOW(NEW, ICMP_REPLIED, 2, 1) },
		{ PONG_B(7, 2), FLOW(NEW, ICMP_REPLIED, 2, 2) },
		{ .change = two_seconds_on, PING_A(7, 3), FLOW(NEW, ICMP_REPLIED, 3, 2) } } },
	{ "echoes with identifier 0, and with the one that is their type", GUARDED, .steps = {
		{ PING_A(0, 1), FLOW(NEW, ICMP_UNREPLIED, 1, 0) },
		{ PONG_B(0, 1), FLOW(NEW, ICMP_REPLIED, 1, 1) },
		{ PING_A(8, 1), FLOW(NEW, ICMP_UNREPLIED, 1, 0) },
		{ PONG_B(8, 1), FLOW(NEW, ICMP_REPLIED, 1, 1) },
		{ PING_A(128, 1), FLOW(NEW, ICMP_UNREPLIED, 1, 0) },
		{ PONG_B(128, 1), FLOW(NEW, ICMP_REPLIED, 1, 1) } } },
	{ "both ask with one identifier", OPEN_TO_BOTH, .steps = {
		{ PING_A(7, 1), FLOW(NEW, ICMP_UNREPLIED, 1, 0) },
		{ PING_B(7, 9), OPENER(B), FLOW(NEW, ICMP_UNREPLIED, 1, 0) },
		{ PONG_B(7, 1), FLOW(NEW, ICMP_REPLIED, 1, 1) },
		{ PONG_A(7, 9), OPENER(B), FLOW(NEW, ICMP_REPLIED, 1, 1) } } },
	{ "both ask, but only one may", GUARDED, .places = AT(LOCAL) | FROM_OUTSIDE, .steps = {
		{ PING_A(7, 1), FLOW(NEW, ICMP_UNREPLIED, 1, 0) },
		{ PING_B(7, 1), LOST(POLICY_DENY_EGRESS), OPENER(B), NO_FLOW },
		{ PONG_B(7, 1), FLOW(NEW, ICMP_REPLIED, 1, 1) } } },
	{ "answers to nothing", OPEN_TO_BOTH, .steps = {
		{ PONG_B(7, 1), LOST(ICMP_INVALID), NO_FLOW },
		{ PONG_A(7, 1), LOST(ICMP_INVALID), NO_FLOW },
		{ PING_A(7, 1), FLOW(NEW, ICMP_UNREPLIED, 1, 0) },
		{ PONG_A(7, 1), LOST(ICMP_INVALID), OPENER(B), NO_FLOW },
		{ PONG_B(8, 1), LOST(ICMP_INVALID), NO_FLOW } } },
	{ "answers to nothing, where nothing is restricted", .steps = {
		{ PONG_B(7, 1), NO_FLOW } } },
	{ "a timestamp and its answer, which is not an echo's", GUARDED, .family = 4, .steps = {
		{ STAMP_A(13), FLOW(NEW, ICMP_UNREPLIED, 1, 0) },
		{ PING_A(7, 1), FLOW(NEW, ICMP_UNREPLIED, 1, 0) },
		{ STAMP_B(14), FLOW(NEW, ICMP_REPLIED, 1, 1) },
		{ PONG_B(7, 1), FLOW(NEW, ICMP_REPLIED, 1, 1) } } },
	{ "ICMP messages that are neither question, answer nor error", OPEN_TO_BOTH, .family = 4,
	  .steps = {
		{ STAMP_A(9), NO_FLOW },
		{ STAMP_B(42), NO_FLOW } } },
};
/* clang-format on */

const struct script_table datagram_scripts = SCRIPT_TABLE("datagrams", scripts);
