/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The life of TCP connections. What exactly is in window is for tests/diff. */
#include "script.h"

/* clang-format off */
static const struct hand_rule all_asked[] = {
	{ .id = 11, .on = A, .dir = OUT, ALLOW, TCP_PORT(80) },
	{ .id = 12, .on = B, .dir = IN, ALLOW, TCP_PORT(80) },
	{ .id = 21, .on = B, .dir = OUT, DENY, EVERYTHING },
	{ .id = 22, .on = A, .dir = IN, DENY, EVERYTHING },
	{},
};

#define GUARDED .policy = all_asked, .rule = { 12, 11 }

#define A_TO_B .sport = 1000, .dport = 80
#define B_TO_A .sport = 80, .dport = 1000
#define TCP_A(...) FROM_A(TCP(A_TO_B, __VA_ARGS__))
#define TCP_B(...) FROM_B(TCP(B_TO_A, __VA_ARGS__))
#define DATA_A(n, ...) FROM_A(TCP(A_TO_B, ACK, __VA_ARGS__), DATA(n))
#define DATA_B(n, ...) FROM_B(TCP(B_TO_A, ACK, __VA_ARGS__), DATA(n))

/* A's numbers begin at 100, B's at 500. */
#define HANDSHAKE \
	{ TCP_A(SYN, .seq = 100, .scale = 7), FLOW(NEW, TCP_SYN_SENT, 1, 0) }, \
	{ TCP_B(SYN_ACK, .seq = 500, .ack = 101, .scale = 7), FLOW(NEW, TCP_SYN_RECV, 1, 1) }, \
	{ TCP_A(ACK, .seq = 101, .ack = 501), FLOW(ESTABLISHED, TCP_ESTABLISHED, 2, 1) }
#define CLOSE_BY_A \
	{ TCP_A(FIN_ACK, .seq = 101, .ack = 501), FLOW(ESTABLISHED, TCP_FIN_WAIT, 3, 1) }, \
	{ TCP_B(FIN_ACK, .seq = 501, .ack = 102), FLOW(ESTABLISHED, TCP_LAST_ACK, 3, 2) }, \
	{ TCP_A(ACK, .seq = 102, .ack = 502), FLOW(ESTABLISHED, TCP_TIME_WAIT, 4, 2) }

static const struct script scripts[] = {
	{ "a connection opens, talks and closes in good order", GUARDED, .steps = {
		HANDSHAKE,
		{ DATA_A(100, .seq = 101, .ack = 501), FLOW(ESTABLISHED, TCP_ESTABLISHED, 3, 1) },
		{ DATA_B(700, .seq = 501, .ack = 201), FLOW(ESTABLISHED, TCP_ESTABLISHED, 3, 2) },
		{ TCP_A(FIN_ACK, .seq = 201, .ack = 1201), FLOW(ESTABLISHED, TCP_FIN_WAIT, 4, 2) },
		{ TCP_B(ACK, .seq = 1201, .ack = 202), FLOW(ESTABLISHED, TCP_CLOSE_WAIT, 4, 3) },
		{ TCP_B(FIN_ACK, .seq = 1201, .ack = 202), FLOW(ESTABLISHED, TCP_LAST_ACK, 4, 4) },
		{ TCP_A(ACK, .seq = 202, .ack = 1202), FLOW(ESTABLISHED, TCP_TIME_WAIT, 5, 4) } } },
	{ "the other side closes first", GUARDED, .steps = {
		HANDSHAKE,
		{ TCP_B(FIN_ACK, .seq = 501, .ack = 101), FLOW(ESTABLISHED, TCP_FIN_WAIT, 2, 2) },
		{ TCP_A(ACK, .seq = 101, .ack = 502), FLOW(ESTABLISHED, TCP_CLOSE_WAIT, 3, 2) },
		{ TCP_A(FIN_ACK, .seq = 101, .ack = 502), FLOW(ESTABLISHED, TCP_LAST_ACK, 4, 2) },
		{ TCP_B(ACK, .seq = 502, .ack = 102), FLOW(ESTABLISHED, TCP_TIME_WAIT, 4, 3) } } },
	{ "one direction is closed, the other goes on", GUARDED, .steps = {
		HANDSHAKE,
		{ TCP_A(FIN_ACK, .seq = 101, .ack = 501), FLOW(ESTABLISHED, TCP_FIN_WAIT, 3, 1) },
		{ TCP_B(ACK, .seq = 501, .ack = 102), FLOW(ESTABLISHED, TCP_CLOSE_WAIT, 3, 2) },
		{ DATA_B(1000, .seq = 501, .ack = 102), FLOW(ESTABLISHED, TCP_CLOSE_WAIT, 3, 3) },
		{ TCP_A(ACK, .seq = 102, .ack = 1501), FLOW(ESTABLISHED, TCP_CLOSE_WAIT, 4, 3) },
		{ DATA_B(1000, .seq = 1501, .ack = 102), FLOW(ESTABLISHED, TCP_CLOSE_WAIT, 4, 4) } } },
	{ "both close at once", GUARDED, .steps = {
		HANDSHAKE,
		{ TCP_A(FIN_ACK, .seq = 101, .ack = 501), FLOW(ESTABLISHED, TCP_FIN_WAIT, 3, 1) },
		{ TCP_B(FIN_ACK, .seq = 501, .ack = 101), FLOW(ESTABLISHED, TCP_LAST_ACK, 3, 2) },
		{ TCP_A(ACK, .seq = 102, .ack = 502), FLOW(ESTABLISHED, TCP_TIME_WAIT, 4, 2) },
		{ TCP_B(ACK, .seq = 502, .ack = 102), FLOW(ESTABLISHED, TCP_TIME_WAIT, 4, 3) } } },
	{ "a SYN and its answer come twice", GUARDED, .steps = {
		{ TCP_A(SYN, .seq = 100), FLOW(NEW, TCP_SYN_SENT, 1, 0) },
		{ TCP_A(SYN, .seq = 100), FLOW(NEW, TCP_SYN_SENT, 2, 0) },
		{ TCP_B(SYN_ACK, .seq = 500, .ack = 101), FLOW(NEW, TCP_SYN_RECV, 2, 1) },
		{ TCP_B(SYN_ACK, .seq = 500, .ack = 101), FLOW(NEW, TCP_SYN_RECV, 2, 2) },
		{ TCP_A(ACK, .seq = 101, .ack = 501), FLOW(ESTABLISHED, TCP_ESTABLISHED, 3, 2) },
		{ TCP_B(SYN_ACK, .seq = 500, .ack = 101),
		  FLOW(ESTABLISHED, TCP_ESTABLISHED, 3, 3) } } },
	{ "SYNs cross", GUARDED, .steps = {
		{ TCP_A(SYN, .seq = 100), FLOW(NEW, TCP_SYN_SENT, 1, 0) },
		{ TCP_B(SYN, .seq = 500), FLOW(NEW, TCP_SYN_SENT2, 1, 1) },
		{ TCP_A(SYN_ACK, .seq = 100, .ack = 501), FLOW(NEW, TCP_SYN_RECV, 2, 1) },
		{ TCP_B(SYN_ACK, .seq = 500, .ack = 101), FLOW(NEW, TCP_SYN_RECV, 2, 2) },
		{ TCP_A(ACK, .seq = 101, .ack = 501),
		  FLOW(ESTABLISHED, TCP_ESTABLISHED, 3, 2) } } },
	{ "the opener resets it", GUARDED, .steps = {
		HANDSHAKE,
		{ TCP_A(RST, .seq = 101), FLOW(ESTABLISHED, TCP_CLOSE, 3, 1) } } },
	{ "the other side resets it", GUARDED, .steps = {
		HANDSHAKE,
		{ TCP_B(RST_ACK, .seq = 501, .ack = 101), FLOW(ESTABLISHED, TCP_CLOSE, 2, 2) } } },
	{ "a reset that is merely in window closes nothing", GUARDED, .steps = {
		HANDSHAKE,
		{ TCP_B(RST, .seq = 511), FLOW(ESTABLISHED, TCP_ESTABLISHED, 2, 2) } } },
	{ "refused, and tried again", GUARDED, .steps = {
		{ TCP_A(SYN, .seq = 100), FLOW(NEW, TCP_SYN_SENT, 1, 0) },
		{ TCP_B(RST_ACK, .seq = FORCE(0), .ack = 101), FLOW(NEW, TCP_CLOSE, 1, 1) },
		{ TCP_A(SYN, .seq = 300), FLOW(NEW, TCP_SYN_SENT, 1, 0) },
		{ TCP_B(SYN_ACK, .seq = 700, .ack = 301), FLOW(NEW, TCP_SYN_RECV, 1, 1) },
		{ TCP_A(ACK, .seq = 301, .ack = 701), FLOW(ESTABLISHED, TCP_ESTABLISHED, 2, 1) } } },
	{ "the ports of a closed connection are used again", GUARDED, .steps = {
		HANDSHAKE, CLOSE_BY_A,
		{ TCP_A(SYN, .seq = 90000), FLOW(NEW, TCP_SYN_SENT, 1, 0) },
		{ TCP_B(SYN_ACK, .seq = 70000, .ack = 90001), FLOW(NEW, TCP_SYN_RECV, 1, 1) },
		{ TCP_A(ACK, .seq = 90001, .ack = 70001),
		  FLOW(ESTABLISHED, TCP_ESTABLISHED, 2, 1) } } },
	{ "segments are counted one by one", GUARDED, .places = AT(LOCAL), .not_live = true, .steps = {
		HANDSHAKE,
		{ DATA_A(1200, .seq = 101, .ack = 501), .gso_size = 400, .gso_segs = 3,
		  FLOW(ESTABLISHED, TCP_ESTABLISHED, 5, 1) } } },

	{ "segments in fragments are as long as all of them", GUARDED, .steps = {
		HANDSHAKE,
		{ FROM_A(FRAGMENT(.id = 7, .more = 1), TCP(A_TO_B, ACK, .seq = 101, .ack = 501), DATA(68)) },
		{ FROM_A(FRAGMENT(.id = 7, .off = 11, .more = 1), RAW(6, 88)) },
		{ FROM_A(FRAGMENT(.id = 7, .off = 22), RAW(6, 50)) },
		{ DATA_B(10, .seq = 501, .ack = 307), FLOW(ESTABLISHED, TCP_ESTABLISHED, 5, 2) },
		{ DATA_B(10, .seq = 511, .ack = 308), LOST(TCP_OUT_OF_WINDOW),
		  FLOW(ESTABLISHED, TCP_ESTABLISHED, 5, 2) },
		{ DATA_A(10, .seq = 307, .ack = 511), FLOW(ESTABLISHED, TCP_ESTABLISHED, 6, 2) } } },
	{ "a segment sent again in fragments", GUARDED, .steps = {
		HANDSHAKE,
		{ DATA_A(206, .seq = 101, .ack = 501), FLOW(ESTABLISHED, TCP_ESTABLISHED, 3, 1) },
		{ FROM_A(FRAGMENT(.id = 8, .more = 1), TCP(A_TO_B, ACK, .seq = 101, .ack = 501), DATA(156)) },
		{ FROM_A(FRAGMENT(.id = 8, .off = 22), RAW(6, 50)) },
		{ DATA_B(10, .seq = 501, .ack = 307), FLOW(ESTABLISHED, TCP_ESTABLISHED, 5, 2) } } },

	{ "a connection that is older than we are", GUARDED, .steps = {
		{ DATA_A(10, .seq = 5000, .ack = 9000), FLOW(NEW, TCP_ESTABLISHED, 1, 0) },
		{ DATA_B(10, .seq = 9000, .ack = 5010), FLOW(NEW, TCP_ESTABLISHED, 1, 1) },
		{ DATA_A(10, .seq = 5010, .ack = 9010), FLOW(ESTABLISHED, TCP_ESTABLISHED, 2, 1) },
		{ DATA_A(10, .seq = 800000, .ack = 9010),
		  FLOW(ESTABLISHED, TCP_ESTABLISHED, 3, 1) } } },
	{ "its other side speaks first: that opens what no rule allows", GUARDED,
	  .places = AT(LOCAL) | FROM_OUTSIDE, .steps = {
		{ DATA_B(10, .seq = 9000, .ack = 5010), LOST(POLICY_DENY_EGRESS), NO_FLOW },
		{ DATA_A(10, .seq = 5000, .ack = 9000), FLOW(NEW, TCP_ESTABLISHED, 1, 0) },
		{ DATA_B(10, .seq = 9000, .ack = 5010), FLOW(NEW, TCP_ESTABLISHED, 1, 1) } } },
	{ "the same, where the rule is on the receiver", GUARDED, .places = AT(OUT), .steps = {
		{ DATA_B(10, .seq = 9000, .ack = 5010), LOST(POLICY_DENY_INGRESS), NO_FLOW } } },

	{ "flags that no segment has", GUARDED, .steps = {
		{ TCP_A(.flags = FORCE(0), .seq = 100), LOST(TCP_INVALID_FLAGS), NO_FLOW },
		{ TCP_A(.flags = 0x01, .seq = 100), LOST(TCP_INVALID_FLAGS), NO_FLOW },
		{ TCP_A(.flags = 0x03, .seq = 100), LOST(TCP_INVALID_FLAGS), NO_FLOW },
		{ TCP_A(.flags = 0x06, .seq = 100), LOST(TCP_INVALID_FLAGS), NO_FLOW },
		{ TCP_A(.flags = 0x05, .seq = 100), LOST(TCP_INVALID_FLAGS), NO_FLOW },
		{ TCP_A(.flags = 0x29, .seq = 100), LOST(TCP_INVALID_FLAGS), NO_FLOW },
		{ TCP_A(.flags = 0x3f, .seq = 100), LOST(TCP_INVALID_FLAGS), NO_FLOW },
		HANDSHAKE,
		{ TCP_A(.flags = FORCE(0), .seq = 101, .ack = 501), LOST(TCP_INVALID_FLAGS),
		  FLOW(ESTABLISHED, TCP_ESTABLISHED, 2, 1) },
		{ TCP_B(.flags = 0x13, .seq = 501, .ack = 101), LOST(TCP_INVALID_FLAGS),
		  FLOW(ESTABLISHED, TCP_ESTABLISHED, 2, 1) } } },
	{ "segments that open nothing", GUARDED, .steps = {
		{ TCP_A(SYN_ACK, .seq = 100, .ack = 5), LOST(TCP_INVALID_STATE), NO_FLOW },
		{ TCP_A(FIN_ACK, .seq = 100, .ack = 5), LOST(TCP_INVALID_STATE), NO_FLOW },
		{ TCP_A(RST, .seq = 100), LOST(TCP_INVALID_STATE), NO_FLOW },
		{ TCP_A(RST_ACK, .seq = 100, .ack = 5), LOST(TCP_INVALID_STATE), NO_FLOW } } },
	{ "segments that the state does not allow", GUARDED, .steps = {
		{ TCP_A(SYN, .seq = 100), FLOW(NEW, TCP_SYN_SENT, 1, 0) },
		{ TCP_A(ACK, .seq = 101, .ack = 1), LOST(TCP_INVALID_STATE),
		  FLOW(NEW, TCP_SYN_SENT, 1, 0) },
		{ TCP_A(FIN_ACK, .seq = 101, .ack = 1), LOST(TCP_INVALID_STATE),
		  FLOW(NEW, TCP_SYN_SENT, 1, 0) },
		{ TCP_B(SYN_ACK, .seq = 500, .ack = 101), FLOW(NEW, TCP_SYN_RECV, 1, 1) },
		{ TCP_A(ACK, .seq = 101, .ack = 501), FLOW(ESTABLISHED, TCP_ESTABLISHED, 2, 1) },
		{ TCP_B(SYN, .seq = 600), LOST(TCP_INVALID_STATE),
		  FLOW(ESTABLISHED, TCP_ESTABLISHED, 2, 1) },
		{ TCP_A(SYN_ACK, .seq = 101, .ack = 501), LOST(TCP_INVALID_STATE),
		  FLOW(ESTABLISHED, TCP_ESTABLISHED, 2, 1) } } },
	{ "numbers out of the window", GUARDED, .steps = {
		HANDSHAKE,
		{ DATA_A(10, .seq = 900000, .ack = 501), LOST(TCP_OUT_OF_WINDOW),
		  FLOW(ESTABLISHED, TCP_ESTABLISHED, 2, 1) },
		{ DATA_A(10, .seq = 101, .ack = 502), LOST(TCP_OUT_OF_WINDOW),
		  FLOW(ESTABLISHED, TCP_ESTABLISHED, 2, 1) },
		{ DATA_B(10, .seq = 900000, .ack = 101), LOST(TCP_OUT_OF_WINDOW),
		  FLOW(ESTABLISHED, TCP_ESTABLISHED, 2, 1) },
		{ TCP_B(RST, .seq = 400), LOST(TCP_OUT_OF_WINDOW),
		  FLOW(ESTABLISHED, TCP_ESTABLISHED, 2, 1) },
		{ DATA_A(10, .seq = 101, .ack = 501),
		  FLOW(ESTABLISHED, TCP_ESTABLISHED, 3, 1) } } },

	{ "where nothing is restricted, connections are known all the same", .steps = {
		HANDSHAKE, CLOSE_BY_A } },
	{ "where nothing is restricted, nothing is invalid", .steps = {
		{ TCP_A(SYN_ACK, .seq = 100, .ack = 5), NO_FLOW },
		{ TCP_A(RST, .seq = 100), NO_FLOW },
		{ TCP_A(.flags = 0x3f, .seq = 100), NO_FLOW },
		{ TCP_A(.flags = FORCE(0), .seq = 100), NO_FLOW },
		HANDSHAKE,
		{ DATA_A(10, .seq = 900000, .ack = 501), FLOW(ESTABLISHED, TCP_ESTABLISHED, 2, 1) },
		{ TCP_A(.flags = 0x3f, .seq = 101), FLOW(ESTABLISHED, TCP_ESTABLISHED, 2, 1) },
		{ TCP_B(SYN, .seq = 600), FLOW(ESTABLISHED, TCP_ESTABLISHED, 2, 1) } } },
	{ "where nothing is restricted, either side opens a connection that we do not know", .steps = {
		{ DATA_B(10, .seq = 9000, .ack = 5010), OPENER(B), FLOW(NEW, TCP_ESTABLISHED, 1, 0) },
		{ DATA_A(10, .seq = 5010, .ack = 9010), OPENER(B), FLOW(NEW, TCP_ESTABLISHED, 1, 1) },
		{ DATA_B(10, .seq = 9010, .ack = 5020), OPENER(B),
		  FLOW(ESTABLISHED, TCP_ESTABLISHED, 2, 1) } } },
};
/* clang-format on */

const struct script_table tcp_scripts = SCRIPT_TABLE("TCP", scripts);
