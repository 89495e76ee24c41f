/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * TCP, part 1: what a segment is, and the state machine of RFC 9293, seen from between the ends.
 * Part 2, the window: tcp_window.h. What is for others to call: tcp.h.
 */
#ifndef WEFT_BPF_LIB_TCP_STATE_H
#define WEFT_BPF_LIB_TCP_STATE_H

#include <linux/types.h>

#include <weft/flow.h>

#ifndef __always_inline
#define __always_inline inline __attribute__((always_inline))
#endif

#define WEFT_TCP_FIN 0x01
#define WEFT_TCP_SYN 0x02
#define WEFT_TCP_RST 0x04
#define WEFT_TCP_ACK 0x10
#define WEFT_TCP_URG 0x20

#define WEFT_TCP_NO_SCALE  0xff
#define WEFT_TCP_SCALE_MAX 14 /* RFC 7323 section 2.3 */

/**
 * struct weft_tcp_seg - a segment. Host order.
 * @seq, @ack: as sent.
 * @len: bytes of payload, of a GSO packet all of it.
 * @win: as sent, not scaled.
 * @flags: FIN 1, SYN 2, RST 4, PSH 8, ACK 0x10, URG 0x20, ECE 0x40, CWR 0x80.
 * @scale: of a SYN: its window scale option, WEFT_TCP_NO_SCALE without one.
 */
struct weft_tcp_seg {
	__u32 seq;
	__u32 ack;
	__u32 len;
	__u16 win;
	__u8 flags;
	__u8 scale;
};

/** enum weft_tcp_kind - what a segment is to the state machine; struct weft_tcp_last. */
enum weft_tcp_kind {
	WEFT_TCP_KIND_NONE,
	WEFT_TCP_KIND_SYN,
	WEFT_TCP_KIND_SYNACK,
	WEFT_TCP_KIND_FIN,
	WEFT_TCP_KIND_ACK,
	WEFT_TCP_KIND_RST,
};

#define WEFT_TCP_KIND_SIDE 0x80 /* side 1 sent it */

/** enum weft_tcp_step - what weft_tcp_next() may say instead of a state. */
enum weft_tcp_step {
	WEFT_TCP_LET_BY = __WEFT_FLOW_STATE_MAX, /* perhaps the ends know better: pass, stay */
	WEFT_TCP_INVALID,
	WEFT_TCP_AFRESH, /* a SYN after the end */
};

/* Is @a before @b? Sequence numbers wrap around. */
static __always_inline int weft_seq_before(__u32 a, __u32 b)
{
	return (__s32)(a - b) < 0;
}

static __always_inline __u32 weft_tcp_end(const struct weft_tcp_seg *s)
{
	return s->seq + s->len + !!(s->flags & WEFT_TCP_SYN) + !!(s->flags & WEFT_TCP_FIN);
}

/* PSH, ECE and CWR go with everything; URG does not go with SYN-ACK and RST. */
static __always_inline int weft_tcp_flags_valid(__u8 flags)
{
	switch (flags &
		(WEFT_TCP_FIN | WEFT_TCP_SYN | WEFT_TCP_RST | WEFT_TCP_ACK | WEFT_TCP_URG)) {
	case WEFT_TCP_SYN:
	case WEFT_TCP_SYN | WEFT_TCP_URG:
	case WEFT_TCP_SYN | WEFT_TCP_ACK:
	case WEFT_TCP_RST:
	case WEFT_TCP_RST | WEFT_TCP_ACK:
	case WEFT_TCP_FIN | WEFT_TCP_ACK:
	case WEFT_TCP_FIN | WEFT_TCP_ACK | WEFT_TCP_URG:
	case WEFT_TCP_ACK:
	case WEFT_TCP_ACK | WEFT_TCP_URG:
		return 1;
	}
	return 0;
}

/* @flags: valid ones. */
static __always_inline __u32 weft_tcp_kind(__u8 flags)
{
	if (flags & WEFT_TCP_RST)
		return WEFT_TCP_KIND_RST;
	if (flags & WEFT_TCP_SYN)
		return flags & WEFT_TCP_ACK ? WEFT_TCP_KIND_SYNACK : WEFT_TCP_KIND_SYN;
	return flags & WEFT_TCP_FIN ? WEFT_TCP_KIND_FIN : WEFT_TCP_KIND_ACK;
}

static __always_inline int weft_tcp_is_open(__u32 state)
{
	return state == WEFT_TCP_SYN_SENT || state == WEFT_TCP_SYN_SENT2;
}

/*
 * A SYN of an opener whose connection is up may mean that it has rebooted: the other end knows, and
 * answers with a SYN-ACK or with an ACK that the opener resets. RFC 9293 section 3.5.1, RFC 5961.
 */
static __always_inline __u32 weft_tcp_next_syn(__u32 state, int reply)
{
	if (weft_tcp_is_open(state))
		return reply ? WEFT_TCP_SYN_SENT2 : state;
	if (state == WEFT_TCP_TIME_WAIT || (state == WEFT_TCP_CLOSE && !reply))
		return WEFT_TCP_AFRESH;
	return reply ? WEFT_TCP_INVALID : WEFT_TCP_LET_BY;
}

static __always_inline __u32 weft_tcp_next_synack(__u32 state, int reply)
{
	if (state == WEFT_TCP_SYN_SENT2 || state == (reply ? WEFT_TCP_SYN_SENT : WEFT_TCP_SYN_RECV))
		return WEFT_TCP_SYN_RECV;
	return reply ? WEFT_TCP_LET_BY : WEFT_TCP_INVALID;
}

static __always_inline __u32 weft_tcp_next_fin(__u32 state)
{
	if (weft_tcp_is_open(state))
		return WEFT_TCP_INVALID;
	if (state >= WEFT_TCP_TIME_WAIT)
		return state;
	return state <= WEFT_TCP_ESTABLISHED ? WEFT_TCP_FIN_WAIT : WEFT_TCP_LAST_ACK;
}

static __always_inline __u32 weft_tcp_next_ack(__u32 state, int reply)
{
	if (weft_tcp_is_open(state))
		return reply ? WEFT_TCP_LET_BY : WEFT_TCP_INVALID;
	if (state == WEFT_TCP_SYN_RECV)
		return reply ? WEFT_TCP_SYN_RECV : WEFT_TCP_ESTABLISHED;
	if (state == WEFT_TCP_FIN_WAIT)
		return WEFT_TCP_CLOSE_WAIT;
	return state == WEFT_TCP_LAST_ACK ? WEFT_TCP_TIME_WAIT : state;
}

/**
 * weft_tcp_next - the state machine.
 * @state: a TCP state.
 * @kind: enum weft_tcp_kind.
 * @reply: from the side that did not open the connection.
 *
 * Return: the state that follows, or enum weft_tcp_step.
 */
static __always_inline __u32 weft_tcp_next(__u32 state, __u32 kind, int reply)
{
	if (kind == WEFT_TCP_KIND_ACK)
		return weft_tcp_next_ack(state, reply);
	if (kind == WEFT_TCP_KIND_FIN)
		return weft_tcp_next_fin(state);
	if (kind == WEFT_TCP_KIND_SYN)
		return weft_tcp_next_syn(state, reply);
	if (kind == WEFT_TCP_KIND_SYNACK)
		return weft_tcp_next_synack(state, reply);
	return WEFT_TCP_CLOSE;
}

#endif
