/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* See forge.h. What the edges are is asked of weft; the kernel has the same, or the test fails. */
#include <netinet/tcp.h>

#include <weft/flow.h>

#include "forge.h"
#include "rng.h"
#include "world.h"

#define ACK_WINDOW 66000

static uint8_t flags(void)
{
	if (chance(10))
		return rng();
	return ONE_OF(TH_SYN, TH_SYN, TH_SYN | TH_ACK, TH_SYN | TH_ACK, TH_ACK, TH_ACK, TH_ACK,
		      TH_ACK | TH_PUSH, TH_FIN | TH_ACK, TH_FIN | TH_ACK, TH_RST, TH_RST, TH_RST,
		      TH_RST | TH_ACK, TH_RST | TH_ACK);
}

static uint32_t edge(uint32_t number)
{
	return number + ONE_OF(0, 0, 0, 1, -1, 2, -2, 100);
}

static uint32_t pick_seq(const struct weft_flow *f, int side)
{
	const struct weft_tcp_side *from = &f->tcp[side], *to = &f->tcp[!side];

	switch (below(8)) {
	case 0:
		return edge(from->end);
	case 1:
		return edge(from->max_end);
	case 2:
		return edge(from->end - to->max_win);
	case 3:
	case 4:
		return edge(to->max_ack);
	case 5:
		return edge(f->tcp_last.end);
	case 6:
		return from->end + below(to->max_win);
	}
	return chance(50) ? 0 : rng();
}

static uint32_t pick_ack(const struct weft_flow *f, int side)
{
	const struct weft_tcp_side *from = &f->tcp[side], *to = &f->tcp[!side];
	uint32_t oldest = from->max_win > ACK_WINDOW ? from->max_win : ACK_WINDOW;

	switch (below(8)) {
	case 0:
	case 1:
		return edge(to->end);
	case 2:
		return edge(to->end - oldest);
	case 3:
		return edge(f->tcp_last.end);
	case 4:
		return edge(from->max_ack);
	case 5:
		return to->end - below(oldest);
	}
	return chance(50) ? 0 : rng();
}

void forge(const struct probe *tuple, enum end end, struct seg *s)
{
	const struct weft_flow *f = weft_flow_of(tuple);
	int side = weft_side(tuple, end);

	*s = (struct seg){.why = "forged",
			  .seq = f ? pick_seq(f, side) : rng(),
			  .ack = f ? pick_ack(f, side) : rng(),
			  .len = ONE_OF(0, 0, 0, 1, 100, 1460, 8000),
			  .win = ONE_OF(0, 1, 1000, 65535),
			  .flags = flags(),
			  .scale = ONE_OF(NO_SCALE, 0, 7, 14, 200)};
	if (s->len && chance(30))
		s->seq -= s->len; /* the edge where it ends */
}
