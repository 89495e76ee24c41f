/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * TCP connections: may this segment pass, and how far has its connection come? Pure functions of a
 * flow and a segment; which flow it is, and what becomes of it, is for the flow stage to say. The
 * state machine is in tcp_state.h, the window in tcp_window.h; here they come together.
 *
 * What passes is what Linux' nf_conntrack passes by default (tcp_loose 1, tcp_be_liberal 0,
 * tcp_ignore_invalid_rst 0), as of 6.18; tests/diff holds the two against each other. What differs
 * is in docs/flows.md.
 *
 * Include a ctx layer (lib/ctx_*.h) first. Without locks: two CPUs may run the two directions of a
 * flow at once. Each number is one store, and a side's own direction is the one that writes nearly
 * all of them; the state changes by compare-and-swap.
 */
#ifndef WEFT_BPF_LIB_TCP_H
#define WEFT_BPF_LIB_TCP_H

#include "tcp_window.h"

#define WEFT_TCP_RETRIES 4
#define WEFT_TCP_HLEN    20

#define WEFT_TCP_REOPEN 1 /* weft_tcp_track() */

/**
 * weft_tcp_settled - have both sides agreed to the connection?
 *
 * After a handshake, or, of a connection that was met in its middle, after an answer and what
 * follows it. Nobody can bring a flow this far alone.
 */
static __always_inline int weft_tcp_settled(const struct weft_flow *f)
{
	return (f->tcp_flags[0] | f->tcp_flags[1]) & WEFT_TCP_SETTLED;
}

static __always_inline int weft_tcp_answered(const struct weft_flow *f)
{
	return f->tcp_flags[weft_tcp_origin(f) ^ 1] & WEFT_TCP_HEARD;
}

/* The answer to a connection was a reset: there never was one. */
static __always_inline int weft_tcp_is_void(const struct weft_flow *f)
{
	return f->state == WEFT_TCP_CLOSE && !weft_tcp_answered(f);
}

static __always_inline __u8 weft_tcp_last_kind(const struct weft_flow *f)
{
	return f->tcp_last.kind & ~WEFT_TCP_KIND_SIDE;
}

static __always_inline int weft_tcp_last_side(const struct weft_flow *f)
{
	return !!(f->tcp_last.kind & WEFT_TCP_KIND_SIDE);
}

static __always_inline void weft_tcp_remember(struct weft_flow *f, int side, __u32 kind)
{
	f->tcp_last.kind = kind | (side ? WEFT_TCP_KIND_SIDE : 0);
}

/* Which of a flow's states is changed at once: the first word of them. */
union weft_tcp_word {
	struct {
		__u8 state;
		__u8 flags;
		__u8 origin;
		__u8 pad;
	};
	__u32 word;
};
_Static_assert(sizeof(union weft_tcp_word) == 4, "swapped as a word");
_Static_assert(__builtin_offsetof(struct weft_flow, state) % 4 == 0, "swapped as a word");

/*
 * @from -> @to. If another CPU has taken the connection further meanwhile, the segment's effect is
 * that on the new state, as if it had come a moment later.
 */
static __always_inline void weft_tcp_move(struct weft_flow *f, __u32 kind, int reply, __u32 from,
					  __u32 to)
{
	__u32 *word = (__u32 *)&f->state;
	union weft_tcp_word old, new;

	if (from == to)
		return;
	for (int i = 0; i < WEFT_TCP_RETRIES; i++) {
		old.word = *(volatile __u32 *)word;
		if (old.state != from) {
			from = old.state;
			to = weft_tcp_next(from, kind, reply);
			if (from == to || to >= __WEFT_FLOW_STATE_MAX)
				return;
		}
		new = old;
		new.state = to;
		if (__sync_val_compare_and_swap(word, old.word, new.word) == old.word)
			return;
	}
	f->state = to;
}

/*
 * A SYN, SYN-ACK or ACK that does not fit what we know is let by; its answer will show whether we
 * or the sender are out of step.
 */
static __always_inline void weft_tcp_note(struct weft_flow *f, int side,
					  const struct weft_tcp_seg *s, __u32 state)
{
	__u32 kind = weft_tcp_kind(s->flags);

	weft_tcp_remember(f, side, kind);
	f->tcp_last.end = weft_tcp_end(s);
	f->tcp_last.win = s->win;
	if (side == weft_tcp_origin(f) && kind == WEFT_TCP_KIND_SYN) {
		f->tcp_last.scale = s->scale;
		f->tcp_flags[side] &= ~(WEFT_TCP_SIMULTANEOUS | WEFT_TCP_CHALLENGE);
		if (state == WEFT_TCP_LAST_ACK)
			f->tcp_flags[side] |= WEFT_TCP_CHALLENGE;
	} else if (side != weft_tcp_origin(f) && kind == WEFT_TCP_KIND_ACK &&
		   state == WEFT_TCP_SYN_SENT) {
		f->tcp[side].max_ack = s->ack; /* which the opener may reset */
	}
}

/* Does this SYN-ACK answer a SYN that was let by? Then both ends began anew, and so do we. */
static __always_inline int weft_tcp_resync(struct weft_flow *f, int side,
					   const struct weft_tcp_seg *s)
{
	const __u8 keep = WEFT_TCP_HEARD | WEFT_TCP_SETTLED;
	int opener = side ^ 1;

	if (weft_tcp_kind(s->flags) != WEFT_TCP_KIND_SYNACK ||
	    weft_tcp_last_kind(f) != WEFT_TCP_KIND_SYN || weft_tcp_last_side(f) == side ||
	    s->ack != f->tcp_last.end)
		return 0;
	f->tcp[opener].end = f->tcp_last.end;
	f->tcp[opener].max_end = f->tcp_last.end;
	f->tcp[opener].max_win = f->tcp_last.win ?: 1;
	f->tcp_flags[opener] &= keep;
	weft_tcp_set_scale(f, opener, f->tcp_last.scale);
	__builtin_memset(&f->tcp[side], 0, sizeof(f->tcp[side]));
	f->tcp_scale[side] = 0;
	f->tcp_flags[side] &= keep | WEFT_TCP_LOOSE;
	return 1;
}

/*
 * A reset. In an established connection it has to have the very number that the other end expects,
 * or stand right behind what its sender has sent; one that is merely in window passes, and the
 * other end asks back (RFC 5961 section 3.2).
 *
 * Return: WEFT_TCP_CLOSE; @state if it passes without closing anything; WEFT_TCP_LET_BY if it
 * closes the connection whatever the window says; -WEFT_DROP_TCP_OUT_OF_WINDOW.
 */
static __always_inline int weft_tcp_reset(const struct weft_flow *f, int side,
					  const struct weft_tcp_seg *s, __u32 state)
{
	const __u8 last = weft_tcp_last_kind(f);
	const int established = state == WEFT_TCP_ESTABLISHED && weft_tcp_settled(f);

	if (state >= WEFT_TCP_FIN_WAIT)
		return WEFT_TCP_LET_BY;
	if (f->tcp_flags[side ^ 1] & WEFT_TCP_HAS_ACK && last != WEFT_TCP_KIND_SYN) {
		__u32 expected = f->tcp[side ^ 1].max_ack;

		if (!s->seq && !established)
			return WEFT_TCP_CLOSE;
		if (weft_seq_before(s->seq, expected))
			return -WEFT_DROP_TCP_OUT_OF_WINDOW;
		if (!established || s->seq == expected ||
		    (last == WEFT_TCP_KIND_ACK && weft_tcp_last_side(f) == side &&
		     s->seq == f->tcp_last.end))
			return WEFT_TCP_CLOSE;
		return state;
	}
	if (s->ack == f->tcp_last.end &&
	    ((last == WEFT_TCP_KIND_SYN && weft_tcp_last_side(f) != side && weft_tcp_answered(f)) ||
	     (last == WEFT_TCP_KIND_ACK && !weft_tcp_settled(f))))
		return WEFT_TCP_LET_BY; /* it answers what was let by */
	if (state == WEFT_TCP_SYN_SENT && last == WEFT_TCP_KIND_ACK &&
	    weft_tcp_last_side(f) != weft_tcp_origin(f) &&
	    s->seq == f->tcp[weft_tcp_origin(f) ^ 1].max_ack)
		return WEFT_TCP_LET_BY; /* likewise */
	return WEFT_TCP_CLOSE;
}

/* A segment of the connection: it has its effect. @from: the state under which it was judged. */
static __always_inline void weft_tcp_enter(struct weft_flow *f, int side, __u32 kind, __u32 from,
					   __u32 to)
{
	weft_tcp_remember(f, side, kind);
	weft_tcp_move(f, kind, side != weft_tcp_origin(f), from, to);
	if (from != to && to == WEFT_TCP_FIN_WAIT)
		f->tcp_flags[side] |= WEFT_TCP_HAS_FIN;
	if (to == WEFT_TCP_ESTABLISHED &&
	    (from == WEFT_TCP_SYN_RECV || from == WEFT_TCP_ESTABLISHED) && weft_tcp_answered(f) &&
	    !(f->tcp_flags[0] & f->tcp_flags[1] & WEFT_TCP_SETTLED)) {
		f->tcp_flags[0] |= WEFT_TCP_SETTLED;
		f->tcp_flags[1] |= WEFT_TCP_SETTLED;
	}
}

/* A FIN or reset out of window is remembered all the same, but for one that answers another. */
static __always_inline void weft_tcp_refuse(struct weft_flow *f, int side, __u32 kind)
{
	__u8 last = weft_tcp_last_kind(f);

	if (!weft_tcp_settled(f) || (kind != WEFT_TCP_KIND_FIN && kind != WEFT_TCP_KIND_RST))
		return;
	if (weft_tcp_last_side(f) == side ||
	    (last != WEFT_TCP_KIND_FIN && last != WEFT_TCP_KIND_RST))
		weft_tcp_remember(f, side, kind);
}

/*
 * An ACK that answers a SYN which was let by does not acknowledge the last FIN. RFC 5961.
 * Return: is it one? There is one to a SYN.
 */
static __always_inline int weft_tcp_challenge(struct weft_flow *f, int side,
					      const struct weft_tcp_seg *s, __u32 state)
{
	__u8 *flags = &f->tcp_flags[weft_tcp_origin(f)];

	if (state != WEFT_TCP_LAST_ACK || weft_tcp_kind(s->flags) != WEFT_TCP_KIND_ACK ||
	    weft_tcp_last_kind(f) != WEFT_TCP_KIND_SYN || weft_tcp_last_side(f) == side ||
	    !(*flags & WEFT_TCP_CHALLENGE))
		return 0;
	*flags &= ~WEFT_TCP_CHALLENGE;
	return 1;
}

/*
 * A simultaneous open: SYNs cross, then a SYN-ACK, and either side's ACK completes it.
 * Return: @next, corrected.
 */
static __always_inline __u32 weft_tcp_crossing(struct weft_flow *f, __u32 kind, __u32 next)
{
	__u8 *flags = &f->tcp_flags[weft_tcp_origin(f)];

	if (next == WEFT_TCP_SYN_SENT2)
		*flags |= WEFT_TCP_SIMULTANEOUS;
	if (next == WEFT_TCP_SYN_RECV && kind == WEFT_TCP_KIND_ACK &&
	    *flags & WEFT_TCP_SIMULTANEOUS)
		return WEFT_TCP_ESTABLISHED;
	return next;
}

/* A SYN that finds the connection closed, by FINs or by its own sender's reset, opens another. */
static __always_inline int weft_tcp_may_reopen(const struct weft_flow *f, int side)
{
	return (f->tcp_flags[0] | f->tcp_flags[1]) & WEFT_TCP_HAS_FIN ||
	       (weft_tcp_last_kind(f) == WEFT_TCP_KIND_RST && weft_tcp_last_side(f) == side);
}

/*
 * @from: the state. It is read once: another CPU may change it at any time.
 * @to: the state that the segment leads to if it is in window.
 * Return: as weft_tcp_track().
 */
static __always_inline int weft_tcp_judge(struct weft_flow *f, int side,
					  const struct weft_tcp_seg *s, __u32 from, __u32 to)
{
	__u32 kind = weft_tcp_kind(s->flags);
	int err = 0;

	if (weft_tcp_challenge(f, side, s, from))
		return 0;
	to = weft_tcp_crossing(f, kind, to);
	if (kind == WEFT_TCP_KIND_RST) {
		err = weft_tcp_reset(f, side, s, from);
		if (err < 0)
			return err;
		to = err;
	}
	if (to == WEFT_TCP_LET_BY) {
		weft_tcp_enter(f, side, kind, from, WEFT_TCP_CLOSE);
		return 0;
	}
	err = weft_tcp_window(f, side, s, from);
	if (!err)
		weft_tcp_enter(f, side, kind, from, to);
	else if (err < 0)
		weft_tcp_refuse(f, side, kind);
	return err == WEFT_TCP_LET_BY ? 0 : err;
}

static __always_inline int weft_tcp_dispatch(struct weft_flow *f, int side,
					     const struct weft_tcp_seg *s)
{
	__u32 from = *(const volatile __u8 *)&f->state, to;

	to = weft_tcp_next(from, weft_tcp_kind(s->flags), side != weft_tcp_origin(f));
	if (to == WEFT_TCP_INVALID)
		return -WEFT_DROP_TCP_INVALID_STATE;
	if (to == WEFT_TCP_AFRESH && weft_tcp_may_reopen(f, side))
		return WEFT_TCP_REOPEN;
	if (to == WEFT_TCP_AFRESH || to == WEFT_TCP_LET_BY) {
		if (!weft_tcp_resync(f, side, s)) {
			weft_tcp_note(f, side, s, from);
			return 0;
		}
		to = WEFT_TCP_SYN_RECV;
	}
	return weft_tcp_judge(f, side, s, from, to);
}

/**
 * weft_tcp_open - the first segment of a connection.
 * @f: its flow; sets @state, @origin and all of @tcp*.
 * @side: of its sender, 0 or 1.
 *
 * A SYN, or, for the connection may be older than we are, an ACK. Of such a one no window is known,
 * nor a scale, so its numbers are never held against it.
 * Return: 0; -WEFT_DROP_TCP_INVALID_FLAGS; -WEFT_DROP_TCP_INVALID_STATE if it opens none; @f is
 * then untouched.
 */
static __always_inline int weft_tcp_open(struct weft_flow *f, int side,
					 const struct weft_tcp_seg *s)
{
	__u32 kind;

	if (!weft_tcp_flags_valid(s->flags))
		return -WEFT_DROP_TCP_INVALID_FLAGS;
	kind = weft_tcp_kind(s->flags);
	if (kind != WEFT_TCP_KIND_SYN && kind != WEFT_TCP_KIND_ACK)
		return -WEFT_DROP_TCP_INVALID_STATE;
	side &= 1;
	f->origin = side;
	__builtin_memset(f->tcp, 0, sizeof(f->tcp));
	__builtin_memset(&f->tcp_last, 0, sizeof(f->tcp_last));
	__builtin_memset(f->tcp_scale, 0, sizeof(f->tcp_scale));
	__builtin_memset(f->tcp_flags, 0, sizeof(f->tcp_flags));
	weft_tcp_remember(f, side, kind);
	if (kind == WEFT_TCP_KIND_SYN) {
		weft_tcp_begin(f, side, s);
		f->state = WEFT_TCP_SYN_SENT;
		return 0;
	}
	f->tcp[side].end = weft_tcp_end(s);
	f->tcp[side].max_win = s->win ?: 1;
	f->tcp[side].max_end = f->tcp[side].end + f->tcp[side].max_win;
	f->tcp_flags[0] = WEFT_TCP_LOOSE;
	f->tcp_flags[1] = WEFT_TCP_LOOSE;
	f->state = WEFT_TCP_ESTABLISHED;
	weft_tcp_bounds(f, side, s, WEFT_FLOW_NONE);
	return 0;
}

/**
 * weft_tcp_track - a later segment.
 * @f: the flow, as weft_tcp_open() and weft_tcp_track() left it.
 * @side: of the sender, 0 or 1.
 *
 * Return: 0, and @f is up to date; WEFT_TCP_REOPEN if it is the first of another connection with
 * the same addresses and ports: the caller forgets @f and starts again;
 * -WEFT_DROP_TCP_INVALID_FLAGS, -WEFT_DROP_TCP_INVALID_STATE, -WEFT_DROP_TCP_OUT_OF_WINDOW.
 */
static __always_inline int weft_tcp_track(struct weft_flow *f, int side,
					  const struct weft_tcp_seg *s)
{
	int err;

	side &= 1;
	if (!weft_tcp_flags_valid(s->flags))
		return -WEFT_DROP_TCP_INVALID_FLAGS;
	if (weft_tcp_is_void(f))
		return WEFT_TCP_REOPEN;
	err = weft_tcp_dispatch(f, side, s);
	if (!err && side != weft_tcp_origin(f) && !weft_tcp_answered(f) &&
	    f->state != WEFT_TCP_CLOSE)
		f->tcp_flags[side] |= WEFT_TCP_HEARD;
	return err;
}

/**
 * weft_tcp_reach - a later fragment of a segment.
 * @f, @side: as above.
 * @seq, @len: of it.
 *
 * Its first fragment was judged for all of it, but did not say how long it is: without this, what
 * acknowledges the rest of it would acknowledge what was never sent. If the first one was dropped
 * or only let by, this one does not count either: it does not join on to what does.
 */
static __always_inline void weft_tcp_reach(struct weft_flow *f, int side, __u32 seq, __u32 len)
{
	struct weft_tcp_side *from = &f->tcp[side & 1];
	__u32 end = seq + len;

	if (!weft_seq_before(from->end, end) || weft_seq_before(from->end, seq))
		return;
	from->end = end;
	if (weft_tcp_last_side(f) == (side & 1))
		f->tcp_last.end = end;
}

/**
 * weft_tcp_fast - the fast path: an ordinary segment of an established connection.
 * @f, @side, @s: as above.
 *
 * The four bounds as differences, which are all in order if none of them has the sign bit.
 * Return: 1 if it is in window, with @f brought up to date as weft_tcp_track() would; else 0, with
 * nothing changed: ask weft_tcp_track().
 */
static __always_inline int weft_tcp_fast(struct weft_flow *f, int side,
					 const struct weft_tcp_seg *s)
{
	const __u8 need = WEFT_TCP_SETTLED | WEFT_TCP_HAS_ACK;
	const __u8 others = WEFT_TCP_FIN | WEFT_TCP_SYN | WEFT_TCP_RST | WEFT_TCP_URG;
	struct weft_tcp_side *from, *to;
	__u32 end = s->seq + s->len;

	side &= 1;
	from = &f->tcp[side];
	to = &f->tcp[side ^ 1];
	if (f->state != WEFT_TCP_ESTABLISHED ||
	    (s->flags & (others | WEFT_TCP_ACK)) != WEFT_TCP_ACK ||
	    (f->tcp_flags[side] & need) != need)
		return 0;
	if ((__s32)((from->max_end - s->seq) | (end - from->end + to->max_win) |
		    (to->end - s->ack) | (s->ack - to->end + weft_tcp_ack_window(from))) < 0)
		return 0;
	weft_tcp_advance(f, side, s, end, s->ack);
	f->tcp_last.end = end;
	weft_tcp_remember(f, side, WEFT_TCP_KIND_ACK);
	return 1;
}

#define WEFT_TCP_OPTIONS_MAX 40
#define WEFT_TCP_OPT_END     0
#define WEFT_TCP_OPT_NOP     1
#define WEFT_TCP_OPT_SCALE   3

/**
 * weft_tcp_scale - the window scale that a SYN offers.
 * @off: of the TCP header, bytes from the frame's start.
 * @hlen: bytes of the TCP header.
 *
 * A global function, verified once; it loads through the context because it is off the fast path.
 * Return: 0 to 14; WEFT_TCP_NO_SCALE without the option, or if what stands before it is no option.
 * Spec: RFC 9293 section 3.1; RFC 7323 section 2.2.
 */
__attribute__((noinline)) int weft_tcp_scale(weft_ctx *ctx, __u32 off, __u32 hlen)
{
	__u32 at = WEFT_TCP_HLEN;
	int scale = WEFT_TCP_NO_SCALE;
	__u8 opt[3];

	for (int i = 0; i < WEFT_TCP_OPTIONS_MAX; i++) {
		if (at >= hlen || ctx_load(ctx, off + at, opt, 1) || opt[0] == WEFT_TCP_OPT_END)
			break;
		if (opt[0] == WEFT_TCP_OPT_NOP) {
			at++;
			continue;
		}
		if (at + 2 > hlen || ctx_load(ctx, off + at, opt, 2) || opt[1] < 2 ||
		    at + opt[1] > hlen)
			break;
		if (opt[0] == WEFT_TCP_OPT_SCALE && opt[1] == 3 && !ctx_load(ctx, off + at, opt, 3))
			scale = opt[2] > WEFT_TCP_SCALE_MAX ? WEFT_TCP_SCALE_MAX : opt[2];
		at += opt[1];
	}
	return scale;
}

#endif
