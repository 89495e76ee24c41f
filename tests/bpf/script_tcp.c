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

#define TCP_A(...) FROM_A(TCP(.sport = 1000, .dport = 80, __VA_ARGS__))
#define TCP_B(...) FROM_B(TCP(.sport = 80, .dport = 1000, __VA_ARGS__))
#define DATA_A(n, ...) FROM_A(TCP(.sport = 1000, .dport = 80, ACK, __VA_ARGS__), DATA(n))
#define DATA_B(n, ...) FROM_B(TCP(.sport = 80, .dport = 1000, ACK, __VA_ARGS__), DATA(n))

/* A's numbers begin at 100, B's at 500. */
#define HANDSHAKE \
	{ TCP_A(SYN, .seq = 100, .scale = 7), FLOW(NEW, TCP_SYN_SENT, 1, 0) }, \
	{ TCP_B(SYN_ACK, .seq = 500, .ack = 101, .scale = 7), FLOW(NEW, TCP_SYN_RECV, 1, 1) }, \
	{ TCP_A(ACK, .seq = 101, .ack = 501), FLOW(ESTABLISHED, TCP_ESTABLISHED, 2, 1) }

static const struct script scripts[] = {
	{ "a connection opens, talks and closes in good order", GUARDED, .steps = {
		HANDSHAKE,
		{ DATA_A(100, .seq = 101, .ack = 501), FLOW(ESTABLISHED, TCP_ESTABLISHED, 3, 1) },
		{ DATA_B(700, .seq = 501, .ack = 201), FLOW(ESTABLISHED, TCP_ESTABLISHED, 3, 2) },
		{ TCP_A(FIN_ACK, .seq = 201, .ack = 1201), FLOW(ESTABLISHED, TCP_FIN_WAIT, 4, 2) },
		{ TCP_B(ACK, .seq = 1201, .ack = 202), FLOW(ESTABLISHED, TCP_CLOSE_WAIT, 4, 3) },
		{ TCP_B(FIN_ACK, .seq = 1201, .ack = 202), FLOW(ESTABLISHED, TCP_LAST_ACK, 4, 4) },
		{ TCP_A(ACK, .seq = 202, .ack = 1202), FLOW(ESTABLISHED, TCP_TIME_WAIT, 5, 4) } } },
};
/* clang-format on */

const struct script_table tcp_scripts = SCRIPT_TABLE("TCP", scripts);
