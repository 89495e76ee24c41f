/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* See script_play.h. */
#include <errno.h>
#include <string.h>

#include "dump.h"
#include "live.h"
#include "rows.h"
#include "script_play.h"
#include "wires.h"

static const struct host *sender_of(const struct stage *stage, const struct step *step)
{
	return host_of(stage, step->leaves_at ? step->leaves_at : step->by);
}

/* The kernel keeps room for an IP header of the outer version, or TC pads. */
static void pad_as_tc(const struct host *from, struct packet *p)
{
	__u32 least = WEFT_ETH_HLEN + (from->tunnel == TUNNEL_C ? 40 : 20);

	if (!host_is_local(from) && p->len < least)
		p->len = WEFT_ETH_MIN_FRAME;
}

/* In the tunnel that leads to @host. */
static void wrap_for(const struct host *host, const struct packet *p, struct packet *out)
{
	const struct port_row as_port = {.from = WEB1};

	port_row_copy(&as_port, p, WIRE_MAX + host->tunnel, out);
}

static void copy_for(unsigned int bit, const struct packet *p, struct packet *out)
{
	const struct port_row as_port = {.from = WEB1};

	port_row_copy(&as_port, p, bit, out);
}

/* The answer in the name of a port enters by that port, and leaves through the tunnel. */
static void second_pass(const struct host *from, const struct host *to, const struct packet *answer,
			const struct run *first)
{
	static struct packet want;
	static struct run r;

	check(first->mark == WEFT_MARK_ANSWER, "mark %x on the answer", first->mark);
	r = (struct run){.prog = FROM_PORT, .ifindex = wires_index(to->wire), .mark = first->mark};
	if (!check(!prog_run(&r, first->data, first->len), "cannot run on the answer"))
		return;
	check(r.verdict == TC_REDIRECT, "verdict %d on the answer", r.verdict);
	check(!r.mark, "the mark stays");
	wrap_for(from, answer, &want);
	check_packet("the answer in its tunnel", &want, r.data, r.len);
	dump_packet(r.data, r.len);
}

static void check_output(const struct stage *stage, const struct step *step,
			 const struct packet *frame, const struct packet *answer,
			 const struct run *r)
{
	static struct packet want;
	const struct host *from = sender_of(stage, step);
	__u32 copies = script_copies(stage, step);

	if (step->answer) {
		check_packet("the answer", answer, r->data, r->len);
		dump_packet(r->data, r->len);
		if (!host_is_local(from))
			second_pass(from, host_of(stage, script_dst(step)), answer, r);
	} else if (copies) {
		copy_for(last_bit(copies), frame, &want);
		check_packet("the packet", &want, r->data, r->len);
	}
}

void play_by_run(const struct stage *stage, const struct step *step, const struct packet *frame,
		 const struct packet *answer, struct moves *moves)
{
	static struct packet in, at_tc;
	static struct run r;
	const struct host *from = sender_of(stage, step);
	bool local = host_is_local(from);
	bool shot = !step->answer && !script_copies(stage, step);
	int err;

	at_tc = *frame;
	pad_as_tc(from, &at_tc);
	if (local)
		in = *frame;
	else
		script_wrap(from, frame, &in);
	r = (struct run){.prog = local ? FROM_PORT : TC_UNDERLAY,
			 .ifindex = wires_index(local ? from->wire : UPLINK),
			 .gso_size = step->gso_size,
			 .gso_segs = step->gso_segs};
	err = prog_run(&r, in.data, in.len);
	if (!check(!err, "test run: %s", strerror(-err)))
		return;
	script_moves(stage, step, at_tc.len, answer->len, moves);
	check(r.verdict == (shot ? TC_SHOT : TC_REDIRECT), "verdict %d", r.verdict);
	if (!shot && r.verdict == TC_REDIRECT)
		check_output(stage, step, &at_tc, answer, &r);
	wires_drain(); /* of clones, which were really sent */
}

/* On the wire an encapsulated frame has the addresses of uplink and next hop. */
static void expect_in_tunnel(const char *what, struct packet *want)
{
	const __u8 to[] = MAC_ROUTER, from[] = MAC_UPLINK;

	memcpy(want->data, to, sizeof(to));
	memcpy(want->data + 6, from, sizeof(from));
	live_expect(what, UPLINK, want);
}

static void expect_answer(const struct host *from, const struct packet *answer)
{
	static struct packet want;

	if (host_is_local(from)) {
		live_expect("the answer", from->wire, answer);
		return;
	}
	wrap_for(from, answer, &want);
	expect_in_tunnel("the answer in its tunnel", &want);
}

static void play_live(const struct stage *stage, const struct step *step,
		      const struct packet *frame, const struct packet *answer, struct moves *moves)
{
	static struct packet in, want;
	const struct host *from = sender_of(stage, step);
	__u32 copies = script_copies(stage, step);
	int err;

	if (!host_is_local(from))
		script_wrap(from, frame, &in);
	err = host_is_local(from) ? wires_send(from->wire, frame->data, frame->len, NULL)
				  : wires_send(UPLINK, in.data, in.len, NULL);
	if (!check(!err, "cannot send: %s", strerror(-err)))
		return;
	script_moves(stage, step, frame->len, answer->len, moves);
	for (unsigned int bit = 0; bit < 32; bit++) {
		if (!(copies & 1u << bit))
			continue;
		copy_for(bit, frame, &want);
		if (bit < WIRE_MAX)
			live_expect("a copy", bit, &want);
		else
			expect_in_tunnel("a copy", &want);
	}
	if (step->answer)
		expect_answer(from, answer);
}

void play_by_tc(const struct stage *stage, const struct step *step, const struct packet *frame,
		const struct packet *answer, struct moves *moves)
{
	static struct packet padded;

	padded = *frame;
	pad_as_tc(sender_of(stage, step), &padded);
	play_live(stage, step, &padded, answer, moves);
}

void play_by_xdp(const struct stage *stage, const struct step *step, const struct packet *frame,
		 const struct packet *answer, struct moves *moves)
{
	play_live(stage, step, frame, answer, moves);
}
