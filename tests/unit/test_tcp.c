/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * bpf/lib/tcp.h: the state machine, the window, resets, reuse. What passes and what does not is
 * nf_conntrack's; tests/diff asks the kernel itself.
 *
 * The opener of a connection begins at OPENER, the other side at ANSWERER, with windows of WIN
 * bytes and no scale unless a test says otherwise.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "../../bpf/lib/ctx_host.h"
#include "../../bpf/lib/tcp.h"
#include "util.h"

#define OPENER   1000
#define ANSWERER 5000
#define WIN      10000

#define FIN    WEFT_TCP_FIN
#define SYN    WEFT_TCP_SYN
#define RST    WEFT_TCP_RST
#define ACK    WEFT_TCP_ACK
#define URG    WEFT_TCP_URG
#define PSH    0x08
#define ECE    0x40
#define CWR    0x80
#define SYNACK (SYN | ACK)
#define FINACK (FIN | ACK)

/* One flow at a time. The opener's side is 1 in every test that does not say otherwise. */
static struct weft_flow flow;
static int opener;
static uint32_t opener_isn;
static uint32_t answerer_isn;

enum who { OPENS, ANSWERS };

static struct weft_tcp_seg segment(uint8_t flags, uint32_t seq, uint32_t ack, uint32_t len)
{
	return (struct weft_tcp_seg){.seq = seq,
				     .ack = ack,
				     .len = len,
				     .win = WIN,
				     .flags = flags,
				     .scale = WEFT_TCP_NO_SCALE};
}

static int pass(enum who who, struct weft_tcp_seg s)
{
	int side = who == OPENS ? opener : !opener;

	return weft_tcp_fast(&flow, side, &s) ? 0 : weft_tcp_track(&flow, side, &s);
}

/* Numbers count from each side's first one. */
static int send_with(enum who who, uint8_t flags, uint32_t seq, uint32_t ack, uint32_t len,
		     uint16_t win)
{
	uint32_t own = who == OPENS ? opener_isn : answerer_isn;
	uint32_t his = who == OPENS ? answerer_isn : opener_isn;
	struct weft_tcp_seg s = segment(flags, own + seq, flags & ACK ? his + ack : 0, len);

	s.win = win;
	return pass(who, s);
}

static int send(enum who who, uint8_t flags, uint32_t seq, uint32_t ack, uint32_t len)
{
	return send_with(who, flags, seq, ack, len, WIN);
}

#define assert_passes(call, want)                                                                  \
	do {                                                                                       \
		assert_int_equal(call, 0);                                                         \
		assert_int_equal(flow.state, want);                                                \
	} while (0)

#define assert_dropped(call, reason)                                                               \
	do {                                                                                       \
		int _before = flow.state;                                                          \
		assert_int_equal(call, -(reason));                                                 \
		assert_int_equal(flow.state, _before);                                             \
	} while (0)

static void open_scaled(uint8_t his_scale, uint8_t answer_scale)
{
	struct weft_tcp_seg s = segment(SYN, opener_isn, 0, 0);

	s.scale = his_scale;
	memset(&flow, 0, sizeof(flow));
	assert_int_equal(weft_tcp_open(&flow, opener, &s), 0);
	s = segment(SYNACK, answerer_isn, opener_isn + 1, 0);
	s.scale = answer_scale;
	assert_passes(pass(ANSWERS, s), WEFT_TCP_SYN_RECV);
	assert_false(weft_tcp_settled(&flow));
	assert_passes(send(OPENS, ACK, 1, 1, 0), WEFT_TCP_ESTABLISHED);
	assert_true(weft_tcp_settled(&flow));
}

static void establish(void)
{
	open_scaled(WEFT_TCP_NO_SCALE, WEFT_TCP_NO_SCALE);
}

static int begin(void **state)
{
	(void)state;
	memset(&flow, 0, sizeof(flow));
	opener = 1;
	opener_isn = OPENER;
	answerer_isn = ANSWERER;
	return 0;
}

static int begin_with_syn(void **state)
{
	struct weft_tcp_seg s = segment(SYN, OPENER, 0, 0);

	begin(state);
	return weft_tcp_open(&flow, opener, &s);
}

static int begin_established(void **state)
{
	begin(state);
	establish();
	return 0;
}

/*
 * The whole machine. Columns: SYN_SENT, SYN_SENT2, SYN_RECV, ESTABLISHED, FIN_WAIT, CLOSE_WAIT,
 * LAST_ACK, TIME_WAIT, CLOSE, as one letter each: s 2 r e f c l t x; "-" is invalid, "." let by,
 * "n" a connection afresh.
 */
static const struct {
	uint8_t kind;
	uint8_t reply;
	const char *next;
} machine[] = {
	/*                                s2refcltx */
	{WEFT_TCP_KIND_SYN, OPENS, "s2.....nn"},    {WEFT_TCP_KIND_SYN, ANSWERS, "22-----n-"},
	{WEFT_TCP_KIND_SYNACK, OPENS, "-rr------"}, {WEFT_TCP_KIND_SYNACK, ANSWERS, "rr......."},
	{WEFT_TCP_KIND_FIN, OPENS, "--ffllltx"},    {WEFT_TCP_KIND_FIN, ANSWERS, "--ffllltx"},
	{WEFT_TCP_KIND_ACK, OPENS, "--eeccttx"},    {WEFT_TCP_KIND_ACK, ANSWERS, "..reccttx"},
	{WEFT_TCP_KIND_RST, OPENS, "xxxxxxxxx"},    {WEFT_TCP_KIND_RST, ANSWERS, "xxxxxxxxx"},
};

static void test_machine(void **state)
{
	static const char letters[] = "?s2refcltx";

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(machine); i++) {
		for (uint32_t from = WEFT_TCP_SYN_SENT; from <= WEFT_TCP_CLOSE; from++) {
			uint32_t to = weft_tcp_next(from, machine[i].kind, machine[i].reply);
			char got = to == WEFT_TCP_INVALID  ? '-'
				   : to == WEFT_TCP_LET_BY ? '.'
				   : to == WEFT_TCP_AFRESH ? 'n'
							   : letters[to];

			if (got != machine[i].next[from - 1])
				fail_msg("row %zu, state %c: %c", i, letters[from], got);
		}
	}
}

static void test_flags(void **state)
{
	static const uint8_t good[] = {SYN,    SYN | URG,    SYNACK, RST,      RST | ACK,
				       FINACK, FINACK | URG, ACK,    ACK | URG};
	bool valid[256] = {};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		for (int more = 0; more < 8; more++)
			valid[good[i] | (more & 1 ? PSH : 0) | (more & 2 ? ECE : 0) |
			      (more & 4 ? CWR : 0)] = true;
	for (int flags = 0; flags < 256; flags++)
		assert_int_equal(weft_tcp_flags_valid(flags), valid[flags]);
	establish();
	assert_dropped(send(OPENS, 0, 1, 1, 0), WEFT_DROP_TCP_INVALID_FLAGS);
	assert_dropped(send(OPENS, FIN, 1, 1, 0), WEFT_DROP_TCP_INVALID_FLAGS);
	assert_dropped(send(OPENS, SYN | FIN, 1, 1, 0), WEFT_DROP_TCP_INVALID_FLAGS);
	assert_dropped(send(OPENS, SYN | RST, 1, 1, 0), WEFT_DROP_TCP_INVALID_FLAGS);
	assert_dropped(send(OPENS, 0xff, 1, 1, 0), WEFT_DROP_TCP_INVALID_FLAGS);
}

/* Which segments open a connection; the others leave the flow alone. */
static void test_open(void **state)
{
	static const uint8_t never[] = {SYNACK, FINACK, RST, RST | ACK};
	struct weft_flow before;
	struct weft_tcp_seg s;

	(void)state;
	memset(&flow, 0x5a, sizeof(flow));
	before = flow;
	for (size_t i = 0; i < ARRAY_SIZE(never); i++) {
		s = segment(never[i], 1, 1, 0);
		assert_int_equal(weft_tcp_open(&flow, 0, &s), -WEFT_DROP_TCP_INVALID_STATE);
	}
	s = segment(FIN | SYN, 1, 1, 0);
	assert_int_equal(weft_tcp_open(&flow, 0, &s), -WEFT_DROP_TCP_INVALID_FLAGS);
	assert_memory_equal(&flow, &before, sizeof(flow));
	for (int side = 0; side < 2; side++) {
		s = segment(SYN, 1, 0, 0);
		assert_int_equal(weft_tcp_open(&flow, side, &s), 0);
		assert_int_equal(flow.state, WEFT_TCP_SYN_SENT);
		assert_int_equal(flow.origin, side);
		s = segment(ACK | PSH, 1, 1, 100);
		assert_int_equal(weft_tcp_open(&flow, side, &s), 0);
		assert_int_equal(flow.state, WEFT_TCP_ESTABLISHED);
		assert_int_equal(flow.origin, side);
	}
	assert_int_equal(flow.mac[0][0], 0x5a); /* nothing else is touched */
}

static void test_handshake(void **state)
{
	(void)state;
	for (opener = 0; opener < 2; opener++)
		establish();
}

/* Nobody talks before the handshake is over. */
static void test_handshake_is_enforced(void **state)
{
	(void)state;
	assert_dropped(send(OPENS, ACK, 1, 1, 0), WEFT_DROP_TCP_INVALID_STATE);
	assert_dropped(send(OPENS, FINACK, 1, 1, 0), WEFT_DROP_TCP_INVALID_STATE);
	assert_dropped(send(OPENS, SYNACK, 0, 1, 0), WEFT_DROP_TCP_INVALID_STATE);
	assert_dropped(send(ANSWERS, FINACK, 1, 1, 0), WEFT_DROP_TCP_INVALID_STATE);
	assert_passes(send(OPENS, SYN, 0, 0, 0), WEFT_TCP_SYN_SENT); /* once more */
	assert_dropped(send(ANSWERS, SYNACK, 0, 2, 0), WEFT_DROP_TCP_OUT_OF_WINDOW);
	assert_passes(send(ANSWERS, SYNACK, 0, 1, 0), WEFT_TCP_SYN_RECV);
	assert_passes(send(ANSWERS, SYNACK, 0, 1, 0), WEFT_TCP_SYN_RECV);
	assert_dropped(send(ANSWERS, SYN, 0, 0, 0), WEFT_DROP_TCP_INVALID_STATE);
	assert_dropped(send(OPENS, ACK, 1, 2, 0), WEFT_DROP_TCP_OUT_OF_WINDOW);
	assert_passes(send(OPENS, ACK, 1, 1, 0), WEFT_TCP_ESTABLISHED);
}

static void test_simultaneous_open(void **state)
{
	(void)state;
	assert_passes(send(ANSWERS, SYN, 0, 0, 0), WEFT_TCP_SYN_SENT2);
	assert_passes(send(OPENS, SYN, 0, 0, 0), WEFT_TCP_SYN_SENT2);
	assert_passes(send(OPENS, SYNACK, 0, 1, 0), WEFT_TCP_SYN_RECV);
	assert_passes(send(ANSWERS, ACK, 1, 1, 0), WEFT_TCP_ESTABLISHED);
	assert_passes(send(OPENS, ACK, 1, 1, 100), WEFT_TCP_ESTABLISHED);
	assert_true(weft_tcp_settled(&flow));
}

static void test_close(void **state)
{
	(void)state;
	assert_passes(send(OPENS, FINACK, 1, 1, 0), WEFT_TCP_FIN_WAIT);
	assert_passes(send(ANSWERS, ACK, 1, 2, 0), WEFT_TCP_CLOSE_WAIT);
	assert_passes(send(ANSWERS, FINACK, 1, 2, 0), WEFT_TCP_LAST_ACK);
	assert_passes(send(ANSWERS, FINACK, 1, 2, 0), WEFT_TCP_LAST_ACK);
	assert_passes(send(OPENS, ACK, 2, 2, 0), WEFT_TCP_TIME_WAIT);
	assert_passes(send(OPENS, ACK, 2, 2, 0), WEFT_TCP_TIME_WAIT);
}

/* The answerer closes, the opener goes on for as long as it likes. */
static void test_half_close(void **state)
{
	uint32_t at = 1;

	(void)state;
	assert_passes(send(ANSWERS, FINACK, 1, 1, 0), WEFT_TCP_FIN_WAIT);
	assert_passes(send(OPENS, ACK, at, 2, 0), WEFT_TCP_CLOSE_WAIT);
	for (int i = 0; i < 100; i++, at += 1000) {
		assert_passes(send(OPENS, ACK | PSH, at, 2, 1000), WEFT_TCP_CLOSE_WAIT);
		assert_passes(send(ANSWERS, ACK, 2, at + 1000, 0), WEFT_TCP_CLOSE_WAIT);
	}
	assert_passes(send(OPENS, FINACK, at, 2, 500), WEFT_TCP_LAST_ACK);
	assert_passes(send(ANSWERS, ACK, 2, at + 501, 0), WEFT_TCP_TIME_WAIT);
}

/* FINs that cross: both sides' before either's ACK. */
static void test_crossing_fins(void **state)
{
	(void)state;
	assert_passes(send(OPENS, FINACK, 1, 1, 0), WEFT_TCP_FIN_WAIT);
	assert_passes(send(ANSWERS, FINACK, 1, 1, 0), WEFT_TCP_LAST_ACK);
	assert_passes(send(OPENS, ACK, 2, 2, 0), WEFT_TCP_TIME_WAIT);
}

static void test_reuse(void **state)
{
	static const uint8_t closing[] = {WEFT_TCP_FIN_WAIT, WEFT_TCP_CLOSE_WAIT,
					  WEFT_TCP_LAST_ACK};

	for (enum who who = OPENS; who <= ANSWERS; who++) {
		begin_established(state);
		test_close(state);
		assert_int_equal(send(who, SYN, 50000, 0, 0), WEFT_TCP_REOPEN);
	}
	begin_established(state); /* reset: by him who calls again */
	assert_passes(send(OPENS, RST, 1, 0, 0), WEFT_TCP_CLOSE);
	assert_int_equal(send(OPENS, SYN, 50000, 0, 0), WEFT_TCP_REOPEN);
	assert_dropped(send(ANSWERS, SYN, 50000, 0, 0), WEFT_DROP_TCP_INVALID_STATE);
	for (size_t i = 0; i < ARRAY_SIZE(closing); i++) {
		begin_established(state);
		flow.state = closing[i];
		assert_passes(send(OPENS, SYN, 50000, 0, 0), closing[i]);
		assert_dropped(send(ANSWERS, SYN, 50000, 0, 0), WEFT_DROP_TCP_INVALID_STATE);
	}
}

/* A refused connection leaves nothing that a later segment would belong to. */
static void test_refused(void **state)
{
	static const uint8_t any[] = {SYN, SYNACK, ACK, FINACK, RST};

	(void)state;
	assert_dropped(send(ANSWERS, RST | ACK, 0, 3, 0), WEFT_DROP_TCP_OUT_OF_WINDOW);
	assert_passes(send(ANSWERS, RST | ACK, 0, 1, 0), WEFT_TCP_CLOSE);
	for (size_t i = 0; i < ARRAY_SIZE(any); i++) {
		assert_int_equal(send(OPENS, any[i], 7, 1, 0), WEFT_TCP_REOPEN);
		assert_int_equal(send(ANSWERS, any[i], 7, 1, 0), WEFT_TCP_REOPEN);
	}
}

/* Numbers of an established connection at each of the four bounds, and beside it. */
static void test_bounds(void **state)
{
	for (enum who who = OPENS; who <= ANSWERS; who++) {
		begin_established(state);
		/* I: the other side has offered WIN bytes from 1 on */
		assert_passes(send(who, ACK, WIN + 1, 1, 1), WEFT_TCP_ESTABLISHED);
		begin_established(state);
		assert_passes(send(who, ACK, WIN + 1, 1, WIN), WEFT_TCP_ESTABLISHED);
		begin_established(state);
		assert_dropped(send(who, ACK, WIN + 2, 1, WIN), WEFT_DROP_TCP_OUT_OF_WINDOW);
		/* a little too much passes, and may be acknowledged */
		assert_passes(send(who, ACK, WIN + 2, 1, 1), WEFT_TCP_ESTABLISHED);
		assert_passes(send(!who, ACK, 1, WIN + 3, 0), WEFT_TCP_ESTABLISHED);
		/* III: what was not sent cannot be acknowledged */
		begin_established(state);
		assert_dropped(send(who, ACK, 1, 2, 0), WEFT_DROP_TCP_OUT_OF_WINDOW);
		assert_dropped(send(who, FINACK, 1, 2, 0), WEFT_DROP_TCP_OUT_OF_WINDOW);
	}
}

/* II and IV: what is old passes, but has no effect. */
static void test_old_segments(void **state)
{
	struct weft_flow before;

	(void)state;
	for (uint32_t at = 1; at < 100001; at += 5000) {
		assert_passes(send(OPENS, ACK, at, 1, 5000), WEFT_TCP_ESTABLISHED);
		assert_passes(send(ANSWERS, ACK, 1, at + 5000, 0), WEFT_TCP_ESTABLISHED);
	}
	assert_passes(send(OPENS, FINACK, 100000 - WIN, 1, 0), WEFT_TCP_FIN_WAIT);
	assert_passes(send(ANSWERS, FINACK, 1, 100001 - WEFT_TCP_ACK_WINDOW, 0), WEFT_TCP_LAST_ACK);
	flow.state = WEFT_TCP_ESTABLISHED;
	before = flow;
	assert_passes(send(OPENS, FINACK, 99999 - WIN, 1, 0), WEFT_TCP_ESTABLISHED);
	assert_passes(send(OPENS, ACK, 1, 1, 5000), WEFT_TCP_ESTABLISHED);
	assert_passes(send(ANSWERS, FINACK, 2, 100000 - WEFT_TCP_ACK_WINDOW, 0),
		      WEFT_TCP_ESTABLISHED);
	assert_memory_equal(&flow, &before, sizeof(flow));
}

/* Round the end of the number space, both sides, with segments of every length. */
static void test_wraparound(void **state)
{
	uint32_t a = 1, b = 1;

	(void)state;
	opener_isn = -20000;
	answerer_isn = -3000;
	establish();
	for (uint32_t len = 1; len < 400; len++) {
		assert_passes(send(OPENS, ACK, a, b, len), WEFT_TCP_ESTABLISHED);
		a += len;
		assert_passes(send(ANSWERS, ACK | PSH, b, a, 400 - len), WEFT_TCP_ESTABLISHED);
		b += 400 - len;
		assert_dropped(send(OPENS, ACK, a, b + 1, 0), WEFT_DROP_TCP_OUT_OF_WINDOW);
		assert_dropped(send(OPENS, ACK, a + 2 * WIN, b, 1), WEFT_DROP_TCP_OUT_OF_WINDOW);
	}
	assert_true(opener_isn + a < WIN * 10 && answerer_isn + b < WIN * 10);
	assert_passes(send(OPENS, FINACK, a, b, 0), WEFT_TCP_FIN_WAIT);
}

/* @scale as it counts: how much may the opener send at once? */
static void try_scale(uint8_t his, uint8_t answer, uint8_t counts)
{
	uint32_t most = (uint32_t)WIN << counts;

	open_scaled(his, answer);
	assert_passes(send(ANSWERS, ACK, 1, 1, 0), WEFT_TCP_ESTABLISHED);
	assert_dropped(send(OPENS, ACK, most + 2, 1, most), WEFT_DROP_TCP_OUT_OF_WINDOW);
	assert_passes(send(OPENS, ACK, most + 1, 1, 1), WEFT_TCP_ESTABLISHED);
	assert_passes(send(ANSWERS, ACK, 1, most + 2, 0), WEFT_TCP_ESTABLISHED);
}

static void test_scale(void **state)
{
	(void)state;
	try_scale(7, 3, 3);
	try_scale(0, 14, 14);
	try_scale(14, 0, 0);
	try_scale(2, 200, WEFT_TCP_SCALE_MAX); /* RFC 7323: take it for 14 */
	try_scale(WEFT_TCP_NO_SCALE, 3, 0);    /* both, or none */
	try_scale(7, WEFT_TCP_NO_SCALE, 0);
}

/* A SYN that comes again with another number, and other options, is the one that counts. */
static void test_syn_again(void **state)
{
	struct weft_tcp_seg s = segment(SYN, OPENER + 500, 0, 0);

	(void)state;
	s.scale = 5;
	assert_passes(pass(OPENS, s), WEFT_TCP_SYN_SENT);
	s = segment(SYNACK, ANSWERER, OPENER + 501, 0);
	s.scale = 6;
	assert_passes(pass(ANSWERS, s), WEFT_TCP_SYN_RECV);
	assert_int_equal(flow.tcp_scale[opener], 5);
	assert_int_equal(flow.tcp_scale[!opener], 6);
}

/* GSO: one packet of many segments is as good as the segments. */
static void test_gso(void **state)
{
	(void)state;
	open_scaled(7, 7);
	assert_passes(send(ANSWERS, ACK, 1, 1, 0), WEFT_TCP_ESTABLISHED);
	for (uint32_t at = 1, i = 0; i < 1000; i++, at += 500000) {
		assert_passes(send(OPENS, ACK | PSH, at, 1, 500000), WEFT_TCP_ESTABLISHED);
		assert_int_equal(flow.tcp[opener].end, OPENER + at + 500000);
		assert_passes(send(ANSWERS, ACK, 1, at + 500000, 0), WEFT_TCP_ESTABLISHED);
	}
}

static void test_closed_window(void **state)
{
	(void)state;
	assert_passes(send(OPENS, ACK, 1, 1, WIN), WEFT_TCP_ESTABLISHED);
	assert_passes(send_with(ANSWERS, ACK, 1, WIN + 1, 0, 0), WEFT_TCP_ESTABLISHED);
	assert_passes(send(OPENS, ACK, WIN + 1, 1, 1), WEFT_TCP_ESTABLISHED); /* probe */
	assert_passes(send(OPENS, ACK, WIN, 1, 0), WEFT_TCP_ESTABLISHED);     /* keep-alive */
	assert_dropped(send(OPENS, ACK, 3 * WIN, 1, 1), WEFT_DROP_TCP_OUT_OF_WINDOW);
}

/* Only the number that the other end expects closes; in window it passes; else it is dropped. */
static void test_reset(void **state)
{
	for (enum who who = OPENS; who <= ANSWERS; who++) {
		begin_established(state);
		assert_passes(send(!who, ACK, 1, 1, 100), WEFT_TCP_ESTABLISHED);
		assert_passes(send(who, ACK, 1, 101, 700), WEFT_TCP_ESTABLISHED);
		assert_passes(send(!who, ACK, 101, 501, 0), WEFT_TCP_ESTABLISHED); /* of 701 */
		assert_dropped(send(who, RST, 500, 0, 0), WEFT_DROP_TCP_OUT_OF_WINDOW);
		assert_dropped(send(who, RST, 502 + 2 * WIN, 0, 0), WEFT_DROP_TCP_OUT_OF_WINDOW);
		assert_passes(send(who, RST, 502, 0, 0), WEFT_TCP_ESTABLISHED);
		assert_passes(send(who, RST, 501 + WIN, 0, 0), WEFT_TCP_ESTABLISHED);
		assert_dropped(send(who, RST | ACK, 501, 102, 0), WEFT_DROP_TCP_OUT_OF_WINDOW);
		assert_passes(send(who, RST, 501, 0, 0), WEFT_TCP_CLOSE);
	}
}

/* A reset right behind its sender's data, of which the other end has said nothing yet. */
static void test_reset_behind_data(void **state)
{
	(void)state;
	assert_passes(send(ANSWERS, ACK, 1, 1, 0), WEFT_TCP_ESTABLISHED);
	assert_passes(send(OPENS, ACK | PSH, 1, 1, 300), WEFT_TCP_ESTABLISHED);
	assert_passes(send(OPENS, RST, 301, 0, 0), WEFT_TCP_CLOSE);
}

/* A rebooted opener calls again: RFC 9293, figure 9. */
static void test_half_open(void **state)
{
	(void)state;
	assert_passes(send(OPENS, SYN, 70000, 0, 0), WEFT_TCP_ESTABLISHED);
	assert_passes(send(ANSWERS, ACK, 1, 1, 0), WEFT_TCP_ESTABLISHED);
	assert_passes(send(OPENS, RST, 1, 0, 0), WEFT_TCP_CLOSE);
	assert_int_equal(send(OPENS, SYN, 70000, 0, 0), WEFT_TCP_REOPEN);
}

/* Both have forgotten the connection, and begin anew: so do we, with the new numbers and scales. */
static void test_resync(void **state)
{
	struct weft_tcp_seg s = segment(SYN, OPENER + 900000, 0, 0);

	(void)state;
	s.scale = 4;
	assert_passes(pass(OPENS, s), WEFT_TCP_ESTABLISHED);
	s = segment(SYNACK, ANSWERER + 800000, OPENER + 900002, 0);
	assert_passes(pass(ANSWERS, s), WEFT_TCP_ESTABLISHED); /* not an answer to that SYN */
	s = segment(SYN, OPENER + 900000, 0, 0);
	s.scale = 4;
	assert_passes(pass(OPENS, s), WEFT_TCP_ESTABLISHED);
	s = segment(SYNACK, ANSWERER + 800000, OPENER + 900001, 0);
	s.scale = 8;
	assert_passes(pass(ANSWERS, s), WEFT_TCP_SYN_RECV);
	assert_int_equal(flow.tcp_scale[opener], 4);
	assert_int_equal(flow.tcp_scale[!opener], 8);
	assert_passes(send(OPENS, ACK, 900001, 800001, 0), WEFT_TCP_ESTABLISHED);
	assert_dropped(send(OPENS, ACK, 900001, 800002, 0), WEFT_DROP_TCP_OUT_OF_WINDOW);
}

/* RFC 5961: the ACK that answers a stray SYN does not acknowledge the last FIN. */
static void test_challenge(void **state)
{
	(void)state;
	assert_passes(send(OPENS, FINACK, 1, 1, 0), WEFT_TCP_FIN_WAIT);
	assert_passes(send(ANSWERS, FINACK, 1, 2, 0), WEFT_TCP_LAST_ACK);
	assert_passes(send(OPENS, SYN, 70000, 0, 0), WEFT_TCP_LAST_ACK);
	assert_passes(send(ANSWERS, ACK, 2, 2, 0), WEFT_TCP_LAST_ACK);
	assert_passes(send(ANSWERS, ACK, 2, 2, 0), WEFT_TCP_TIME_WAIT);
}

/* Met in its middle: the numbers are not held against it, the flags are. */
static void test_pickup(void **state)
{
	struct weft_tcp_seg s = segment(ACK, OPENER, ANSWERER, 100);

	(void)state;
	assert_int_equal(weft_tcp_open(&flow, opener, &s), 0);
	assert_int_equal(flow.state, WEFT_TCP_ESTABLISHED);
	assert_false(weft_tcp_settled(&flow));
	assert_passes(send(ANSWERS, ACK, 1, 101, 0), WEFT_TCP_ESTABLISHED);
	assert_false(weft_tcp_settled(&flow));
	assert_passes(send(OPENS, ACK, 101, 1, 0), WEFT_TCP_ESTABLISHED);
	assert_true(weft_tcp_settled(&flow));
	assert_passes(send(OPENS, ACK, 9000000, 1, 100), WEFT_TCP_ESTABLISHED);
	assert_passes(send(ANSWERS, ACK, 1, 9000100, 0), WEFT_TCP_ESTABLISHED);
	assert_dropped(send(OPENS, SYNACK, 1, 1, 0), WEFT_DROP_TCP_INVALID_STATE);
	assert_passes(send(ANSWERS, FINACK, 1, 9000100, 0), WEFT_TCP_FIN_WAIT);
}

/* Two CPUs at once: a segment that was judged in a state which is gone counts in the one there is.
 */
static void test_race(void **state)
{
	(void)state;
	flow.flags = WEFT_FLOW_GUARDED;
	flow.state = WEFT_TCP_FIN_WAIT; /* the other side's FIN was faster than ours */
	weft_tcp_move(&flow, WEFT_TCP_KIND_FIN, 0, WEFT_TCP_ESTABLISHED, WEFT_TCP_FIN_WAIT);
	assert_int_equal(flow.state, WEFT_TCP_LAST_ACK);
	flow.state = WEFT_TCP_CLOSE;
	weft_tcp_move(&flow, WEFT_TCP_KIND_ACK, 0, WEFT_TCP_SYN_RECV, WEFT_TCP_ESTABLISHED);
	assert_int_equal(flow.state, WEFT_TCP_CLOSE);
	flow.state = WEFT_TCP_SYN_SENT; /* begun anew: the FIN was of what is past */
	weft_tcp_move(&flow, WEFT_TCP_KIND_FIN, 0, WEFT_TCP_ESTABLISHED, WEFT_TCP_FIN_WAIT);
	assert_int_equal(flow.state, WEFT_TCP_SYN_SENT);
	assert_int_equal(flow.flags, WEFT_FLOW_GUARDED);
	assert_int_equal(flow.origin, opener);
}

/* Whatever the fast path takes, the slow one would have taken with the same effect. */
static void test_fast_is_slow(void **state)
{
	unsigned int taken = 0;

	srand(1);
	for (int i = 0; i < 200000; i++) {
		enum who who = rand() % 2;
		struct weft_tcp_seg s;
		struct weft_flow slow;

		if (i % 500 == 0) {
			begin(state);
			opener = rand() % 2;
			opener_isn = rand() * 2U;
			open_scaled(rand() % 9, rand() % 9);
		}
		s = segment(rand() % 4 ? ACK : rand(), flow.tcp[who ^ !opener].end, 0,
			    rand() % 2000);
		s.seq += rand() % 9 ? 0 : rand() % (4 * WIN) - 2 * WIN;
		s.ack = flow.tcp[who ^ opener].end - rand() % WIN + (rand() % 50 == 0);
		s.win = rand();
		slow = flow;
		if (!weft_tcp_fast(&flow, who ^ !opener, &s)) {
			assert_memory_equal(&flow, &slow, sizeof(flow));
			continue;
		}
		taken++;
		assert_int_equal(weft_tcp_track(&slow, who ^ !opener, &s), 0);
		assert_memory_equal(&flow, &slow, sizeof(flow));
	}
	assert_true(taken > 10000);
}

static int scale_of(const uint8_t *options, size_t len, uint32_t hlen)
{
	uint8_t frame[34 + WEFT_TCP_HLEN + WEFT_TCP_OPTIONS_MAX] = {};
	weft_ctx ctx = {.data = frame, .frame = frame, .len = 34 + WEFT_TCP_HLEN + len};

	memcpy(frame + 34 + WEFT_TCP_HLEN, options, len);
	return weft_tcp_scale(&ctx, 34, hlen);
}

static void test_scale_option(void **state)
{
	static const struct {
		uint8_t options[WEFT_TCP_OPTIONS_MAX];
		uint8_t len;
		uint8_t scale;
	} rows[] = {
		{{}, 0, WEFT_TCP_NO_SCALE},
		{{1, 3, 3, 7}, 4, 7},
		{{3, 3, 0, 0}, 4, 0},
		{{3, 3, 15, 0}, 4, 14},
		{{3, 3, 255, 0}, 4, 14},
		{{2, 4, 5, 180, 4, 2, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8, 1, 3, 3, 9}, 20, 9},
		{{3, 3, 1, 3, 3, 2, 1, 1}, 8, 2},                 /* the last one counts */
		{{0, 3, 3, 7}, 4, WEFT_TCP_NO_SCALE},             /* behind the end */
		{{3, 4, 7, 7}, 4, WEFT_TCP_NO_SCALE},             /* of another length */
		{{2, 1, 3, 3, 7, 1, 1, 1}, 8, WEFT_TCP_NO_SCALE}, /* a length that cannot be */
		{{2, 0, 3, 3, 7, 1, 1, 1}, 8, WEFT_TCP_NO_SCALE},
		{{1, 1, 3, 3}, 4, WEFT_TCP_NO_SCALE}, /* cut off */
		{{1, 1, 1, 3}, 4, WEFT_TCP_NO_SCALE},
		{{2, 9, 1, 3, 3, 7, 1, 1}, 8, WEFT_TCP_NO_SCALE},
		{{1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
		  1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 3, 3, 5},
		 40,
		 5},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(
			scale_of(rows[i].options, rows[i].len, WEFT_TCP_HLEN + rows[i].len),
			rows[i].scale);
	/* a header that claims more than there is, and one that is too short */
	assert_int_equal(scale_of(rows[1].options, 3, 24), WEFT_TCP_NO_SCALE);
	assert_int_equal(scale_of(rows[1].options, 4, 0), WEFT_TCP_NO_SCALE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_machine),
		cmocka_unit_test_setup(test_flags, begin),
		cmocka_unit_test(test_open),
		cmocka_unit_test_setup(test_handshake, begin),
		cmocka_unit_test_setup(test_handshake_is_enforced, begin_with_syn),
		cmocka_unit_test_setup(test_simultaneous_open, begin_with_syn),
		cmocka_unit_test_setup(test_close, begin_established),
		cmocka_unit_test_setup(test_half_close, begin_established),
		cmocka_unit_test_setup(test_crossing_fins, begin_established),
		cmocka_unit_test(test_reuse),
		cmocka_unit_test_setup(test_refused, begin_with_syn),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test_setup(test_old_segments, begin_established),
		cmocka_unit_test_setup(test_wraparound, begin),
		cmocka_unit_test_setup(test_scale, begin),
		cmocka_unit_test_setup(test_syn_again, begin_with_syn),
		cmocka_unit_test_setup(test_gso, begin),
		cmocka_unit_test_setup(test_closed_window, begin_established),
		cmocka_unit_test(test_reset),
		cmocka_unit_test_setup(test_reset_behind_data, begin_established),
		cmocka_unit_test_setup(test_half_open, begin_established),
		cmocka_unit_test_setup(test_resync, begin_established),
		cmocka_unit_test_setup(test_challenge, begin_established),
		cmocka_unit_test_setup(test_pickup, begin),
		cmocka_unit_test_setup(test_race, begin_established),
		cmocka_unit_test(test_fast_is_slow),
		cmocka_unit_test(test_scale_option),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
