/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* See peer.h. */
#include <netinet/tcp.h>

#include "peer.h"
#include "probe.h"
#include "rng.h"

#define TH_ECE_CWR 0xc0

static bool before(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) < 0;
}

/* Numbers near the end of their range, often, so that they wrap around. */
static uint32_t initial(void)
{
	return chance(40) ? -below(20000) : rng();
}

static struct seg *put(struct peer *p, uint8_t flags, uint32_t seq, uint16_t len, const char *why)
{
	static struct seg lost;
	struct seg *s = p->n_out < PEER_OUT ? &p->out[p->n_out++] : &lost;

	*s = (struct seg){.why = why,
			  .seq = seq,
			  .ack = flags & TH_ACK ? p->rcv : 0,
			  .len = len,
			  .win = p->win,
			  .flags = flags,
			  .scale = NO_SCALE};
	return s;
}

static void put_syn(struct peer *p, uint8_t flags, const char *why)
{
	/* RFC 7323: a SYN-ACK scales only if the SYN did. */
	put(p, flags, p->una, 0, why)->scale = p->scale;
}

static void put_ack(struct peer *p, const char *why)
{
	put(p, TH_ACK, p->nxt, 0, why);
}

static void begin(struct peer *p)
{
	p->una = initial();
	p->nxt = p->una + 1;
	p->win = ONE_OF(65535, 64240, 29200, 8192, 1000, 0);
	p->scale = ONE_OF(7, 7, 7, 0, 2, 10, 14, NO_SCALE, NO_SCALE, 15);
	p->scales = false;
	p->his_scale = 0;
	p->fin_sent = p->fin_got = false;
}

static void open_up(struct peer *p)
{
	p->state = PEER_SYN_SENT;
	begin(p);
	p->rcv = 0;
	put_syn(p, TH_SYN, "connect");
}

static void take_scale(struct peer *p, const struct seg *s)
{
	p->scales = p->scale != NO_SCALE && s->scale != NO_SCALE;
	p->his_scale = !p->scales ? 0 : s->scale > 14 ? 14 : s->scale;
}

static void take_window(struct peer *p, const struct seg *s)
{
	p->room = (uint32_t)s->win << (s->flags & TH_SYN ? 0 : p->his_scale);
}

static void reset(struct peer *p, const struct seg *s)
{
	struct seg *r;

	if (s->flags & TH_RST)
		return;
	if (s->flags & TH_ACK) {
		put(p, TH_RST, s->ack, 0, "reset: no such connection");
		return;
	}
	r = put(p, TH_RST | TH_ACK, 0, 0, "reset: refused");
	r->ack = s->seq + s->len + !!(s->flags & TH_SYN) + !!(s->flags & TH_FIN);
	r->win = 0;
}

static void receive_closed(struct peer *p, const struct seg *s)
{
	if (p->state != PEER_LISTEN || (s->flags & (TH_SYN | TH_ACK | TH_RST)) != TH_SYN) {
		reset(p, s);
		return;
	}
	begin(p);
	p->state = PEER_SYN_RECEIVED;
	p->rcv = s->seq + 1;
	take_window(p, s);
	if (s->scale == NO_SCALE)
		p->scale = NO_SCALE;
	take_scale(p, s);
	put_syn(p, TH_SYN | TH_ACK, "accept");
}

static void receive_syn_sent(struct peer *p, const struct seg *s)
{
	if (s->flags & TH_ACK && s->ack != p->nxt) {
		reset(p, s);
		return;
	}
	if (s->flags & TH_RST) {
		if (s->flags & TH_ACK)
			p->state = PEER_CLOSED;
		return;
	}
	if (!(s->flags & TH_SYN))
		return;
	p->rcv = s->seq + 1;
	take_scale(p, s);
	take_window(p, s);
	if (s->flags & TH_ACK) {
		p->una = p->nxt;
		p->state = PEER_OPEN;
		put_ack(p, "connected");
	} else {
		p->state = PEER_SYN_RECEIVED;
		put_syn(p, TH_SYN | TH_ACK, "simultaneous open");
	}
}

/* Is any of it in the window? */
static bool acceptable(const struct peer *p, const struct seg *s)
{
	uint32_t win = (uint32_t)p->win << (p->scales ? p->scale & 15 : 0);

	if (!win)
		return s->seq == p->rcv && !s->len;
	return !before(s->seq + s->len, p->rcv) && before(s->seq, p->rcv + win);
}

static void take_data(struct peer *p, const struct seg *s)
{
	uint32_t end = s->seq + s->len;

	if (before(p->rcv, s->seq)) {
		if (s->len || s->flags & TH_FIN)
			put_ack(p, "something is missing");
		return;
	}
	if (before(p->rcv, end))
		p->rcv = end;
	if (s->flags & TH_FIN && p->rcv == end && !p->fin_got) {
		p->rcv++;
		p->fin_got = true;
	}
	if ((s->len && chance(70)) || s->flags & TH_FIN)
		put_ack(p, "acknowledge");
	if (p->fin_sent && p->fin_got && p->una == p->nxt)
		p->state = chance(50) ? PEER_CLOSED : PEER_LISTEN;
}

static void receive_open(struct peer *p, const struct seg *s)
{
	if (!acceptable(p, s)) {
		if (!(s->flags & TH_RST))
			put_ack(p, "not acceptable");
		return;
	}
	if (s->flags & TH_RST) {
		if (s->seq == p->rcv)
			p->state = chance(50) ? PEER_CLOSED : PEER_LISTEN;
		else
			put_ack(p, "challenge the reset");
		return;
	}
	if (s->flags & TH_SYN) {
		put_ack(p, "challenge the SYN");
		return;
	}
	if (!(s->flags & TH_ACK))
		return;
	if (before(p->nxt, s->ack)) {
		put_ack(p, "acknowledges what was not sent");
		return;
	}
	if (before(p->una, s->ack))
		p->una = s->ack;
	if (p->state == PEER_SYN_RECEIVED)
		p->state = PEER_OPEN;
	take_window(p, s);
	take_data(p, s);
}

void peer_receive(struct peer *p, const struct seg *s)
{
	if (p->state == PEER_CLOSED || p->state == PEER_LISTEN)
		receive_closed(p, s);
	else if (p->state == PEER_SYN_SENT)
		receive_syn_sent(p, s);
	else
		receive_open(p, s);
}

static void send_data(struct peer *p)
{
	uint32_t len = ONE_OF(1, 100, 536, 1460, 1460, 2920, 8900);
	uint32_t space = p->una + p->room - p->nxt;

	if ((int32_t)space < (int32_t)len && !chance(5))
		len = (int32_t)space > 0 ? space : 0;
	if (!len || p->fin_sent) {
		put_ack(p, "nothing to send");
		return;
	}
	put(p, TH_ACK | (chance(50) ? TH_PUSH : 0) | (chance(5) ? TH_ECE_CWR : 0), p->nxt, len,
	    "data");
	p->nxt += len;
}

static void retransmit(struct peer *p)
{
	uint32_t len = p->nxt - p->una - p->fin_sent;

	if (len > 1460)
		len = 1460;
	if (p->fin_sent && p->nxt - p->una <= 1460 + 1U)
		put(p, TH_ACK | TH_FIN, p->una, len, "retransmit");
	else
		put(p, TH_ACK, p->una, len, "retransmit");
}

static void finish(struct peer *p)
{
	if (p->fin_sent) {
		put(p, TH_ACK | TH_FIN, p->nxt - 1, 0, "FIN again");
		return;
	}
	put(p, TH_ACK | TH_FIN, p->nxt, 0, "shut down");
	p->nxt++;
	p->fin_sent = true;
}

static void act_open(struct peer *p)
{
	uint32_t dice = below(100);

	if (dice < 45) {
		send_data(p);
	} else if (dice < 55) {
		put_ack(p, "acknowledge, late");
	} else if (dice < 65) {
		retransmit(p);
	} else if (dice < 70) {
		put(p, TH_ACK, p->nxt - 1, chance(50), "keep alive");
	} else if (dice < 76) {
		p->win = ONE_OF(0, 0, 1, 500, 20000, 65535);
		put_ack(p, "another window");
	} else if (dice < 90) {
		finish(p);
	} else if (dice < 94) {
		put(p, TH_RST | (chance(50) ? TH_ACK : 0), p->nxt, 0, "abort");
		p->state = chance(50) ? PEER_CLOSED : PEER_LISTEN;
	} else if (dice < 97) {
		p->state = chance(50) ? PEER_CLOSED : PEER_LISTEN; /* it has rebooted */
	} else {
		open_up(p); /* likewise, and calls again */
	}
}

void peer_act(struct peer *p)
{
	switch (p->state) {
	case PEER_CLOSED:
	case PEER_LISTEN:
		if (chance(70))
			open_up(p);
		else
			p->state = PEER_LISTEN;
		break;
	case PEER_SYN_SENT:
		if (chance(80))
			put_syn(p, TH_SYN, "connect again");
		else
			open_up(p);
		break;
	case PEER_SYN_RECEIVED:
		put_syn(p, TH_SYN | TH_ACK, "accept again");
		break;
	case PEER_OPEN:
		act_open(p);
	}
}

void peer_meet(struct peer *a, struct peer *b)
{
	begin(a);
	begin(b);
	a->state = b->state = PEER_OPEN;
	a->una = a->nxt;
	b->una = b->nxt;
	a->rcv = b->nxt;
	b->rcv = a->nxt;
	a->scales = b->scales = a->scale != NO_SCALE && b->scale != NO_SCALE;
	a->his_scale = a->scales ? b->scale : 0;
	b->his_scale = a->scales ? a->scale : 0;
	a->room = (uint32_t)b->win << (a->his_scale & 15);
	b->room = (uint32_t)a->win << (b->his_scale & 15);
}
