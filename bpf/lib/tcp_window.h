/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * TCP, part 2: the window. For every segment the four bounds of G. van Rooij, "Real Stateful TCP
 * Packet Filtering in IP Filter" (2001):
 *
 *     I    seq  <= sender's max_end                     no more than the receiver has room for
 *     II   end  >= sender's end - receiver's max_win    no older than the receiver may still lack
 *     III  ack  <= receiver's end                       no more than was sent
 *     IV   ack  >= receiver's end - the largest window  not absurdly old
 */
#ifndef WEFT_BPF_LIB_TCP_WINDOW_H
#define WEFT_BPF_LIB_TCP_WINDOW_H

#include <weft/drop.h>

#include "tcp_state.h"

#define WEFT_TCP_ACK_WINDOW 66000 /* an ACK may be this old at least: 64 KiB, and some */

/* In range, for the verifier. */
static __always_inline int weft_tcp_origin(const struct weft_flow *f)
{
	return f->origin & 1;
}

static __always_inline __u32 weft_tcp_ack_window(const struct weft_tcp_side *from)
{
	return from->max_win > WEFT_TCP_ACK_WINDOW ? from->max_win : WEFT_TCP_ACK_WINDOW;
}

/* What a SYN's option says of the scale. */
static __always_inline void weft_tcp_set_scale(struct weft_flow *f, int side, __u8 scale)
{
	__u8 flags =
		f->tcp_flags[side] & ~(WEFT_TCP_HAS_SCALE | WEFT_TCP_HAS_FIN | WEFT_TCP_HAS_ACK);

	if (scale == WEFT_TCP_NO_SCALE)
		scale = 0;
	else
		flags |= WEFT_TCP_HAS_SCALE;
	f->tcp_scale[side] = scale > WEFT_TCP_SCALE_MAX ? WEFT_TCP_SCALE_MAX : scale;
	f->tcp_flags[side] = flags;
}

/* A side's numbers begin with this SYN. RFC 7323 section 2.2: both sides scale, or none does. */
static __always_inline void weft_tcp_begin(struct weft_flow *f, int side,
					   const struct weft_tcp_seg *s)
{
	struct weft_tcp_side *from = &f->tcp[side];

	from->end = weft_tcp_end(s);
	from->max_end = from->end;
	from->max_win = s->win ?: 1;
	weft_tcp_set_scale(f, side, s->scale);
	if (side != weft_tcp_origin(f) &&
	    !(f->tcp_flags[0] & f->tcp_flags[1] & WEFT_TCP_HAS_SCALE)) {
		f->tcp_scale[0] = 0;
		f->tcp_scale[1] = 0;
	}
}

/* A side's numbers begin with a segment from the middle: guess. */
static __always_inline void weft_tcp_guess(struct weft_flow *f, int side,
					   const struct weft_tcp_seg *s)
{
	struct weft_tcp_side *from = &f->tcp[side], *to = &f->tcp[side ^ 1];

	from->end = weft_tcp_end(s);
	from->max_win = (__u32)s->win << (f->tcp_scale[side] & 15) ?: 1;
	from->max_end = from->end + from->max_win;
	if (!to->max_win) {
		to->end = s->ack;
		to->max_end = s->ack;
	} else if (s->ack == to->end + 1) {
		to->end++; /* it answers a keep-alive, which repeats the number before its own */
	}
}

/*
 * Bring both sides up to date with a segment in window. @ack: its acknowledgement, or what
 * stands for one.
 */
static __always_inline void weft_tcp_advance(struct weft_flow *f, int side,
					     const struct weft_tcp_seg *s, __u32 end, __u32 ack)
{
	struct weft_tcp_side *from = &f->tcp[side], *to = &f->tcp[side ^ 1];
	__u32 win = s->win, beyond = end - from->max_end;

	if (!(s->flags & WEFT_TCP_SYN))
		win <<= f->tcp_scale[side] & 15;
	if (from->max_win < win)
		from->max_win = win;
	if (weft_seq_before(from->end, end))
		from->end = end;
	if (s->flags & WEFT_TCP_ACK) {
		if (!(f->tcp_flags[side] & WEFT_TCP_HAS_ACK)) {
			f->tcp_flags[side] |= WEFT_TCP_HAS_ACK;
			from->max_ack = ack;
		} else if (weft_seq_before(from->max_ack, ack)) {
			from->max_ack = ack;
		}
	}
	if (to->max_win && (__s32)beyond > 0)
		to->max_win += beyond; /* it must have offered more than we saw */
	if (!weft_seq_before(ack + win, to->max_end))
		to->max_end = ack + win + !win; /* a closed window is probed with one byte */
}

/*
 * What is out of window. A side that was met in mid-connection is trusted: its scale is not known.
 * Return: @verdict, or 0.
 */
static __always_inline int weft_tcp_out(const struct weft_flow *f, int side, int verdict)
{
	return f->tcp_flags[side] & WEFT_TCP_LOOSE ? 0 : verdict;
}

/*
 * More than the receiver's window, as far as we know it. Some senders do that by a little; the
 * receiver may acknowledge it, so it is noted.
 */
static __always_inline int weft_tcp_overshoot(struct weft_flow *f, int side, __u32 end, __u32 ack)
{
	struct weft_tcp_side *from = &f->tcp[side], *to = &f->tcp[side ^ 1];

	if (!to->max_win || weft_seq_before(end, from->end - to->max_win) ||
	    weft_seq_before(to->end, ack) ||
	    weft_seq_before(ack, to->end - weft_tcp_ack_window(from)) ||
	    end - from->max_end + 1 > to->max_win)
		return weft_tcp_out(f, side, -WEFT_DROP_TCP_OUT_OF_WINDOW);
	from->end = end;
	return weft_tcp_out(f, side, WEFT_TCP_LET_BY);
}

/*
 * The four bounds. What is merely old is let by, for the receiver's answer tells the sender what it
 * has missed.
 * Return: 0 with the sides brought up to date; WEFT_TCP_LET_BY; -WEFT_DROP_TCP_OUT_OF_WINDOW.
 */
static __always_inline int weft_tcp_bounds(struct weft_flow *f, int side,
					   const struct weft_tcp_seg *s, __u32 state)
{
	struct weft_tcp_side *from = &f->tcp[side], *to = &f->tcp[side ^ 1];
	__u32 seq = s->seq, end = weft_tcp_end(s), ack = s->ack;

	if (!(s->flags & WEFT_TCP_ACK) || (!ack && s->flags & WEFT_TCP_RST))
		ack = to->end;
	if (s->flags & WEFT_TCP_RST && !seq && state == WEFT_TCP_SYN_SENT)
		seq = end = from->end; /* resets that answer a SYN have no number */
	if (weft_seq_before(from->max_end, seq))
		return weft_tcp_overshoot(f, side, end, ack);
	if (weft_seq_before(to->end, ack))
		return weft_tcp_out(f, side, -WEFT_DROP_TCP_OUT_OF_WINDOW);
	if (to->max_win && weft_seq_before(end, from->end - to->max_win))
		return weft_tcp_out(f, side, WEFT_TCP_LET_BY);
	if (weft_seq_before(ack, to->end - weft_tcp_ack_window(from)))
		return weft_tcp_out(f, side, WEFT_TCP_LET_BY);
	weft_tcp_advance(f, side, s, end, ack);
	if (weft_tcp_kind(s->flags) == WEFT_TCP_KIND_ACK)
		f->tcp_last.end = end;
	return 0;
}

/**
 * weft_tcp_window - the window, of a side that may not have been heard before.
 * @f: its side @side becomes known, or is brought up to date.
 * @state: @f's.
 *
 * A global function, to spare the verifier: it need not know what comes of every way through here.
 * Return: as weft_tcp_bounds().
 */
__attribute__((noinline)) int weft_tcp_window(struct weft_flow *f, int side,
					      const struct weft_tcp_seg *s, __u32 state)
{
	int opening = state == WEFT_TCP_SYN_SENT || state == WEFT_TCP_SYN_RECV;
	struct weft_tcp_side *from;

	if (!f || !s)
		return WEFT_TCP_LET_BY;
	side &= 1;
	from = &f->tcp[side];
	if (!from->max_win && !(s->flags & WEFT_TCP_SYN)) {
		weft_tcp_guess(f, side, s);
	} else if (s->flags & WEFT_TCP_SYN &&
		   (!from->max_win || (opening && weft_seq_before(from->end, weft_tcp_end(s))))) {
		weft_tcp_begin(f, side, s);
		if (side != weft_tcp_origin(f) && !(s->flags & WEFT_TCP_ACK))
			return 0; /* SYNs crossed */
	}
	return weft_tcp_bounds(f, side, s, state);
}

#endif
