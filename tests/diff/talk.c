/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* See talk.h. Mostly somebody speaks and the other one answers; sometimes it is the wrong one. */
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <netinet/tcp.h>

#include "rng.h"
#include "talk.h"

#define TALKS      24
#define STEPS_MORE 12

/**
 * struct talk - packets with the same addresses and ports.
 * @tuple: one that the opener sends.
 * @steps: that it still takes.
 */
struct talk {
	struct probe tuple;
	unsigned int steps;
};

static struct talk all[TALKS];

/* Few enough numbers that they come again. Which of them a rule allows: see kernel.c. */
static void choose_ports(struct probe *t)
{
	t->port[t->from] = 30000 + below(200);
	t->port[!t->from] = ONE_OF(53, 8000, 8001, 514, 41000, 41001, 7, 54);
}

static void choose_query(struct probe *t)
{
	t->proto = t->v6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP;
	t->port[0] = below(60);
	t->icmp_type = t->v6 ? ICMP6_ECHO_REQUEST : ONE_OF(ICMP_ECHO, ICMP_ECHO, ICMP_TIMESTAMP);
	t->icmp_code = ONE_OF(0, 0, 0, 7, 7, 1, 255);
}

static void begin(struct talk *k)
{
	struct probe *t = &k->tuple;

	*k = (struct talk){.steps = 1 + below(STEPS_MORE)};
	t->v6 = chance(40);
	t->from = chance(60) ? END_A : END_B;
	if (chance(50)) {
		t->proto = IPPROTO_UDP;
		choose_ports(t);
	} else if (chance(80)) {
		choose_query(t);
	} else {
		t->proto = OTHER;
	}
}

static void answer(struct probe *p)
{
	p->why = "answer";
	p->from = !p->from;
	if (probe_is_icmp(p))
		p->icmp_type = probe_answer(p->icmp_type);
}

static void speak(struct probe *p, const struct talk *k)
{
	*p = k->tuple;
	p->why = "question";
	p->len = ONE_OF(0, 1, 64, 1400, 8000);
	if (p->len >= PIECES_MIN && chance(20))
		p->pieces = 2 + below(PIECES_MAX - 1);
	else
		p->extra = chance(80) ? EXTRA_NONE : 1 + below(3);
	if (chance(45))
		answer(p);
	if (!probe_is_icmp(p))
		return;
	if (chance(8))
		p->from = !p->from;
	if (chance(8))
		p->icmp_code = ONE_OF(0, 7, 1);
	if (chance(4)) /* of no query that is known; far from neighbour discovery */
		p->icmp_type = p->v6 ? 150 + below(50) : 40 + below(200);
}

static void choose_error(struct probe *p)
{
	if (p->v6) {
		p->proto = IPPROTO_ICMPV6;
		p->icmp_type = ONE_OF(ICMP6_DST_UNREACH, ICMP6_PACKET_TOO_BIG, ICMP6_TIME_EXCEEDED,
				      ICMP6_PARAM_PROB, 100);
	} else {
		p->proto = IPPROTO_ICMP;
		p->icmp_type = ONE_OF(ICMP_UNREACH, ICMP_UNREACH, ICMP_SOURCEQUENCH, ICMP_REDIRECT,
				      ICMP_TIMXCEED, ICMP_PARAMPROB);
	}
	p->icmp_code = below(16);
}

/* About @p, which it replaces. Whoever was spoken to sends it, as a rule. */
static void complain(struct probe *p)
{
	p->quote_proto = p->proto;
	p->quote_from = p->from;
	p->quote_type = p->icmp_type;
	p->quote_code = p->icmp_code;
	p->quote_extra = p->extra;
	p->quote_short = chance(50);
	p->pieces = 0;
	p->why = "error";
	p->from = chance(85) ? !p->from : p->from;
	p->len = ONE_OF(0, 64, 500);
	p->extra = chance(80) ? EXTRA_NONE : 1 + below(3);
	choose_error(p);
}

void talk_begin(void)
{
	for (int i = 0; i < TALKS; i++)
		begin(&all[i]);
}

void talk_next(struct probe *p, const struct probe *tcp)
{
	struct talk *k = &all[below(TALKS)];

	if (!k->steps--)
		begin(k);
	if (chance(10)) {
		*p = *tcp;
		p->flags = TH_ACK;
		p->scale = NO_SCALE;
		p->from = below(2);
		complain(p);
		return;
	}
	speak(p, k);
	if (chance(25))
		complain(p);
}
