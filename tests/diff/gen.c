/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * See gen.h. A connection's segments wait on two wires, in front of the worlds and behind them:
 *
 *     peer A -- before[A] --> worlds -- after[A] --> peer B       and the other way round
 */
#include <string.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <weft/flow.h>

#include "forge.h"
#include "gen.h"
#include "peer.h"
#include "rng.h"
#include "talk.h"
#include "util.h"

#define CONVERSATIONS 16
#define WIRE_MAX      8
#define STEPS_MIN     5
#define STEPS_MORE    150
#define TALK_PERCENT  25

/** struct wire - segments under way, oldest first. */
struct wire {
	struct seg segs[WIRE_MAX];
	unsigned int n;
};

struct conversation {
	struct probe tuple;
	struct peer peer[2];
	struct wire before[2];
	struct wire after[2];
	unsigned int steps; /* that it still takes */
};

static struct conversation all[CONVERSATIONS];
static struct conversation *current; /* whose probe is with the worlds; NULL: none's */
static struct seg pending;
static bool forged;
static uint64_t number;
uint64_t rng_state;

static void wire_add(struct wire *w, const struct seg *s)
{
	if (w->n < WIRE_MAX && !chance(4))
		w->segs[w->n++] = *s;
	if (w->n < WIRE_MAX && chance(3))
		w->segs[w->n++] = *s;
}

/* Mostly the oldest. */
static struct seg wire_take(struct wire *w)
{
	unsigned int i = chance(85) ? 0 : below(w->n);
	struct seg s = w->segs[i];

	memmove(&w->segs[i], &w->segs[i + 1], (w->n - i - 1) * sizeof(s));
	w->n--;
	return s;
}

static void collect(struct conversation *c)
{
	for (int end = 0; end < 2; end++) {
		for (unsigned int i = 0; i < c->peer[end].n_out; i++)
			wire_add(&c->before[end], &c->peer[end].out[i]);
		c->peer[end].n_out = 0;
	}
}

/* Few enough port numbers that they come again. Which of them a rule allows: see kernel.c. */
static void begin(struct conversation *c)
{
	memset(c, 0, sizeof(*c));
	c->steps = STEPS_MIN + below(STEPS_MORE);
	c->tuple.v6 = chance(30);
	c->tuple.proto = IPPROTO_TCP;
	c->tuple.port[END_A] = ONE_OF(22, 40000, 41000, 41000, 41000, 41000) + below(300);
	if (c->tuple.port[END_A] < 1000)
		c->tuple.port[END_A] = 22;
	c->tuple.port[END_B] = ONE_OF(80, 80, 443, 8000, 8001, 8080, 50000, 81);
	if (chance(15)) {
		peer_meet(&c->peer[0], &c->peer[1]);
		return;
	}
	c->peer[END_B].state = PEER_LISTEN;
	if (c->tuple.port[END_A] == 22 || chance(5))
		c->peer[END_A].state = PEER_LISTEN;
}

/*
 * The very next segment, with room for all of it? Only those are sent in fragments: weft judges a
 * segment by its first one, which is not as long, and at the edge of a window that makes a
 * difference.
 */
static bool is_next(const struct probe *p)
{
	const struct weft_flow *f = weft_flow_of(p);
	const struct weft_tcp_side *from;

	if (!f)
		return false;
	from = &f->tcp[weft_side(p, p->from)];
	return p->seq == from->end && (int32_t)(from->max_end - p->seq - p->len) > 0;
}

static void describe(struct conversation *c, int from, struct probe *p)
{
	*p = c->tuple;
	p->no = number++;
	p->from = from;
	p->seq = pending.seq;
	p->ack = pending.ack;
	p->len = pending.len;
	p->win = pending.win;
	p->flags = pending.flags;
	p->scale = pending.scale;
	p->why = pending.why;
	if (is_next(p) && p->len >= PIECES_MIN && chance(10))
		p->pieces = 2 + below(PIECES_MAX - 1);
	else
		p->extra = chance(90) ? EXTRA_NONE : 1 + below(3);
	current = c;
}

static void act(struct conversation *c)
{
	int end = below(2);

	if (c->peer[end].state == PEER_LISTEN && c->peer[!end].state != PEER_LISTEN && chance(90))
		end = !end;
	peer_act(&c->peer[end]);
	if (c->peer[end].state == PEER_SYN_SENT && c->peer[!end].state == PEER_CLOSED && chance(20))
		peer_act(&c->peer[!end]);
}

static void deliver(struct conversation *c)
{
	for (int end = 0; end < 2; end++) {
		while (c->after[end].n && chance(80)) {
			struct seg s = wire_take(&c->after[end]);

			peer_receive(&c->peer[!end], &s);
		}
	}
	collect(c);
}

/* One step of a conversation. Return: whether it has a packet for the worlds. */
static bool step(struct conversation *c, struct probe *p)
{
	int end = below(2);

	if (!c->steps--) {
		begin(c);
		return false;
	}
	deliver(c);
	forged = chance(8);
	if (forged) {
		forge(&c->tuple, end, &pending);
		describe(c, end, p);
		return true;
	}
	if (!c->before[end].n)
		end = !end;
	if (!c->before[end].n || chance(5)) {
		act(c);
		collect(c);
		return false;
	}
	pending = wire_take(&c->before[end]);
	describe(c, end, p);
	return true;
}

void gen_seed(uint64_t seed)
{
	rng_state = seed;
	number = 1;
	for (int i = 0; i < CONVERSATIONS; i++)
		begin(&all[i]);
	talk_begin();
}

void gen_next(struct probe *p)
{
	current = NULL;
	if (chance(TALK_PERCENT)) {
		talk_next(p, &all[below(CONVERSATIONS)].tuple);
		p->no = number++;
		return;
	}
	while (!step(&all[below(CONVERSATIONS)], p))
		;
}

void gen_result(const struct probe *p, enum verdict v)
{
	if (current && v == PASSED && (!forged || chance(30)))
		wire_add(&current->after[p->from], &pending);
}
