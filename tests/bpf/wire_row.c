/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Runs a struct wire_row through tc_underlay and through xdp_underlay; see rows.h. */
#include <string.h>

#include "rows.h"
#include "wires.h"

#define META_LEN sizeof(struct weft_meta)

static enum network_id network_of(const struct wire_row *row)
{
	return row->network ? row->network : NET_WEB;
}

static enum tunnel_id tunnel_of(const struct wire_row *row)
{
	return row->tunnel ? row->tunnel : TUNNEL_B;
}

void wire_row_inner(const struct wire_row *row, const struct packet *in, bool by_tc,
		    struct packet *out)
{
	/* The kernel keeps room for an IP header of the outer version, or TC pads. */
	__u32 least = WEFT_ETH_HLEN + (in->data[12] == 0x08 ? 20 : 40);

	if (row->inner)
		packet_build(out, row->inner, in);
	else
		packet_build(out, PKT(REF(.off = in->inner)), in);
	if (by_tc && out->len < least)
		out->len = WEFT_ETH_MIN_FRAME;
}

void wire_row_moves(const struct wire_row *row, __u32 len, struct moves *want)
{
	enum network_id net = network_of(row);
	enum weft_drop drop = row->drop ? row->drop : row->inner_drop;

	if (drop)
		moves_add(want, C_DROP, PORT_ID(UPLINK), drop, 1, len);
	if (drop || !row->take)
		return;
	moves_add(want, C_NET_FROM_UNDERLAY, net, 0, 1, len);
	for (unsigned int wire = 0; wire < WIRE_MAX; wire++) {
		if (!(row->to & TO(wire)))
			continue;
		moves_add(want, C_TO_PORT, PORT_ID(wire), 0, 1, len);
		moves_add(want, C_NET_TO_PORTS, net, 0, 1, len);
	}
}

static bool begin(const struct wire_row *row, struct packet *in, struct run *r, enum prog prog)
{
	int err;

	packet_build(in, row->in, NULL);
	if (row->cut)
		in->len = row->cut;
	if (row->setup)
		row->setup();
	check_begin();
	*r = (struct run){.prog = prog, .ifindex = wires_index(UPLINK)};
	err = prog_run(r, in->data, in->len);
	return check(!err, "test run: %s", strerror(-err));
}

static void end(const struct wire_row *row)
{
	if (row->setup)
		tables_fill();
	check_end();
}

/* All copies but the last were really sent. */
static void check_clones(const struct wire_row *row, const struct packet *want)
{
	static __u8 got[PACKET_MAX];
	int n;

	for (unsigned int wire = 0; wire < UPLINK; wire++) {
		bool gets = row->to & TO(wire) && wire != last_bit(row->to);

		n = wires_receive(wire, got, sizeof(got), NULL, gets ? check_patience() : 0);
		if (!gets)
			check(n < 0, "a copy too much at port %u", wire);
		else if (check(n > 0, "no copy at port %u", wire))
			check_packet("a copy", want, got, n);
	}
}

void wire_row_run_tc(void **state)
{
	const struct wire_row *row = *state;
	static struct packet in, inner;
	static struct run r;
	struct moves want = {};

	if (begin(row, &in, &r, TC_UNDERLAY)) {
		int verdict = row->drop || row->inner_drop ? TC_SHOT
			      : row->take                  ? TC_REDIRECT
							   : TC_UNSPEC;

		check(r.verdict == verdict, "verdict %d", r.verdict);
		if (row->take)
			wire_row_inner(row, &in, true, &inner);
		wire_row_moves(row, row->take ? inner.len : in.len, &want);
		check_moves(&want);
		if (verdict == TC_REDIRECT) {
			check_packet("the inner frame", &inner, r.data, r.len);
			check_clones(row, &inner);
		} else if (verdict == TC_UNSPEC) {
			check_packet("not ours, but changed", &in, r.data, r.len);
		}
	}
	end(row);
}

/* What xdp_underlay leaves for tc_underlay: metadata, and the frame under a parked address. */
static void check_parked(const struct wire_row *row, struct packet *inner, const struct run *r)
{
	const __u8 parked[] = WEFT_PARKED_MAC;
	struct weft_meta want = {
		.magic = WEFT_META_MAGIC,
		.tunnel = tunnel_of(row),
		.network = network_of(row),
		.identity = row->identity,
	};

	memcpy(want.dmac, inner->data, sizeof(want.dmac));
	memcpy(inner->data, parked, sizeof(parked));
	if (!check(r->meta_len == META_LEN && r->len >= META_LEN, "metadata: %u bytes",
		   r->meta_len))
		return;
	check(!memcmp(r->data, &want, META_LEN), "the metadata is wrong");
	check_packet("the parked frame", inner, r->data + META_LEN, r->len - META_LEN);
}

void wire_row_run_xdp(void **state)
{
	const struct wire_row *row = *state;
	static struct packet in, inner;
	static struct run r;
	struct moves want = {};

	if (begin(row, &in, &r, XDP_UNDERLAY)) {
		check(r.verdict == (row->drop ? XDP_IS_DROP : XDP_IS_PASS), "verdict %d",
		      r.verdict);
		if (row->drop)
			wire_row_moves(row, in.len, &want);
		check_moves(&want);
		if (row->take) {
			wire_row_inner(row, &in, false, &inner);
			check_parked(row, &inner, &r);
		} else if (!row->drop) {
			check(!r.meta_len, "metadata on a frame that is not ours");
			check_packet("not ours, but changed", &in, r.data, r.len);
		}
	}
	end(row);
}
