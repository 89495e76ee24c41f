/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * One end of a connection: as much of a TCP as it takes to keep a conversation going, RFC 9293 and
 * RFC 5961. It has no timers; the generator tells it what to do.
 */
#ifndef WEFT_DIFF_PEER_H
#define WEFT_DIFF_PEER_H

#include <stdbool.h>
#include <stdint.h>

#define PEER_OUT 8

enum peer_state { PEER_CLOSED, PEER_LISTEN, PEER_SYN_SENT, PEER_SYN_RECEIVED, PEER_OPEN };

/** struct seg - a segment under way. */
struct seg {
	const char *why;
	uint32_t seq;
	uint32_t ack;
	uint16_t len;
	uint16_t win;
	uint8_t flags;
	uint8_t scale;
};

/**
 * struct peer - an end.
 * @una, @nxt: what it has sent: unacknowledged, next.
 * @rcv: what it expects.
 * @room: the other's window, scaled.
 * @win: its own, as it sends it.
 * @scale, @scales: its own window scale; both scale.
 * @fin_sent, @fin_got: who has said all.
 * @out, @n_out: segments to send.
 */
struct peer {
	enum peer_state state;
	uint32_t una;
	uint32_t nxt;
	uint32_t rcv;
	uint32_t room;
	uint16_t win;
	uint8_t scale;
	uint8_t his_scale;
	bool scales;
	bool fin_sent;
	bool fin_got;
	struct seg out[PEER_OUT];
	unsigned int n_out;
};

/** peer_receive - @s has arrived; what it has to say to that goes to @out. */
void peer_receive(struct peer *p, const struct seg *s);

/** peer_act - do something of its own accord. */
void peer_act(struct peer *p);

/** peer_meet - two ends that have been connected for a while. */
void peer_meet(struct peer *a, struct peer *b);

#endif
