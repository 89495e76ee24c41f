/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Runs a struct port_row through tc_from_port; see rows.h. */
#include <string.h>

#include "dump.h"
#include "rows.h"
#include "tunnels.h"
#include "wires.h"

enum network_id row_network(enum wire from)
{
	static const enum network_id of[WIRE_MAX] = {
		[WEB1] = NET_WEB, [WEB2] = NET_WEB,   [WEB3] = NET_WEB,
		[DB1] = NET_DB,   [LONE1] = NET_LONE, [MIX1] = NET_MIX,
	};

	return of[from];
}

unsigned int last_bit(__u32 to)
{
	/* IPv6 tunnels are visited after all others. */
	return to & VIA(TUNNEL_C) ? WIRE_MAX + TUNNEL_C : 31 - __builtin_clz(to);
}

void port_row_copy(const struct port_row *row, const struct packet *in, unsigned int bit,
		   struct packet *out)
{
	static const __u32 vnis[NET_MAX] = {
		[NET_WEB] = VNI_WEB, [NET_DB] = VNI_DB, [NET_MIX] = VNI_MIX};
	__u32 vni = vnis[row_network(row->from)];

	if (bit < WIRE_MAX)
		*out = *in;
	else
		tunnel_wrap(bit - WIRE_MAX, in, vni, row->ecn,
			    row->from == MIX1 ? IDENTITY_MIX1 : 0, PORT_ID(row->from), out);
}

void port_row_moves(const struct port_row *row, __u32 len, struct moves *want)
{
	__u32 port = PORT_ID(row->from);
	__u32 segs = row->gso_segs ? row->gso_segs : 1;
	enum network_id net = row_network(row->from);

	if (row->drop)
		moves_add(want, C_DROP, port, row->drop, segs, len);
	for (unsigned int bit = 0; bit < 32; bit++) {
		if (!(row->to & 1u << bit))
			continue;
		if (bit < WIRE_MAX) {
			moves_add(want, C_TO_PORT, PORT_ID(bit), 0, segs, len);
			moves_add(want, C_NET_TO_PORTS, net, 0, segs, len);
		} else {
			moves_add(want, C_NET_TO_UNDERLAY, net, 0, segs, len);
		}
	}
	if (row->last_lost || (row->drop && !row->to))
		return;
	moves_add(want, C_FROM_PORT, port, 0, segs, len);
	moves_add(want, C_NET_FROM_PORTS, net, 0, segs, len);
}

/* Every copy but the last was really sent, and waits at its interface. */
static void check_clones(const struct port_row *row, const struct packet *in)
{
	static struct packet want;
	static __u8 got[PACKET_MAX];
	__u32 clones = row->to;
	int n;

	if (!row->last_lost)
		clones &= ~(1u << last_bit(row->to));
	for (unsigned int bit = 0; bit < 32; bit++) {
		if (!(clones & 1u << bit))
			continue;
		n = bit < WIRE_MAX ? wires_receive(bit, got, sizeof(got), NULL, check_patience())
				   : wires_receive_near(got, sizeof(got), check_patience());
		if (!check(n > 0, "copy %u was not sent", bit))
			continue;
		port_row_copy(row, in, bit, &want);
		check_packet("a copy", &want, got, n);
		if (bit >= WIRE_MAX && !row->odd)
			dump_packet(got, n);
	}
	for (unsigned int wire = 0; wire < UPLINK; wire++)
		check(wires_receive(wire, got, sizeof(got), NULL, 0) < 0,
		      "a copy too much at port %u", wire);
	check(wires_receive_near(got, sizeof(got), 0) < 0, "a copy too much at the uplink");
}

static void check_output(const struct port_row *row, const struct packet *in, const struct run *r)
{
	static struct packet want;
	bool tunnel = row->to && last_bit(row->to) >= WIRE_MAX;

	if (row->reply)
		packet_build(&want, row->reply, in);
	else if (row->to)
		port_row_copy(row, in, last_bit(row->to), &want);
	else
		return;
	if (!check_packet("the packet", &want, r->data, r->len))
		return;
	if (tunnel)
		check_sport(r->data);
	if ((tunnel || row->reply) && !row->odd)
		dump_packet(r->data, r->len);
	check(r->mark == (row->marked ? WEFT_MARK_SEND : 0), "mark %x", r->mark);
}

const struct packet *port_row_sent(const struct port_row *row, const struct packet *in,
				   struct packet *as)
{
	if (!row->as)
		return in;
	packet_build(as, row->as, in);
	return as;
}

void port_row_run(void **state)
{
	const struct port_row *row = *state;
	static struct packet in, as;
	static struct run r;
	struct moves want = {};
	bool shot = row->last_lost || row->taken || (row->drop && !row->to && !row->reply);
	int err;

	packet_build(&in, row->in, NULL);
	if (row->cut)
		in.len = row->cut;
	if (row->setup)
		row->setup();
	check_begin();
	r = (struct run){.prog = FROM_PORT,
			 .ifindex = wires_index(row->from),
			 .gso_size = row->gso_size,
			 .gso_segs = row->gso_segs};
	err = prog_run(&r, in.data, in.len);
	if (check(!err, "test run: %s", strerror(-err))) {
		check(r.verdict == (shot ? TC_SHOT : TC_REDIRECT), "verdict %d", r.verdict);
		port_row_moves(row, in.len, &want);
		check_moves(&want);
		if (!row->last_lost)
			check_output(row, port_row_sent(row, &in, &as), &r);
		if (__builtin_popcount(row->to) + row->last_lost > 1)
			check_clones(row, port_row_sent(row, &in, &as));
	}
	if (row->setup)
		tables_fill();
	check_end();
}
