/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The tables' rows: a packet, and what should become of it. A row says that once; it is run by
 * BPF_PROG_TEST_RUN (port_row.c, wire_row.c) and, with the programs attached to real interfaces, by
 * sending the packet (live.c), where one also sees at which interface it comes out.
 */
#ifndef WEFT_TEST_ROWS_H
#define WEFT_TEST_ROWS_H

#include "check.h"

#define TO(wire)    (1u << (wire))
#define VIA(tunnel) (1u << (WIRE_MAX + (tunnel)))

/**
 * struct port_row - a frame from a workload, for tc_from_port.
 * @setup: changes tables for this row; they are filled anew after it.
 * @from: where it comes in.
 * @in: the frame. @cut: bytes of it that there are, 0 = all.
 * @gso_size, @gso_segs: of the skb.
 * @drop: counted as lost; alone, with @reply (it was too big) or with @to (a replica was lost).
 * @to: TO() each local port and VIA() each tunnel that gets a copy.
 * @ecn: TOS or traffic class of the outer header.
 * @marked: the last copy takes the way through the uplink's ingress.
 * @last_lost: the replica that was lost is the last one.
 * @as: what the copies are of, if not of @in.
 * @taken: accepted, and for nobody.
 * @reply: what goes back to @from instead; REF() is the frame that came.
 * @not_live: makes no sense, or something else, with real interfaces.
 * @odd: the frame itself is none that a dissector would like.
 */
struct port_row {
	const char *name;
	void (*setup)(void);
	enum wire from;
	const struct layer *in;
	__u32 cut;
	__u32 gso_size, gso_segs;
	enum weft_drop drop;
	__u32 to;
	__u32 ecn;
	bool marked;
	bool last_lost;
	const struct layer *as;
	bool taken;
	const struct layer *reply;
	bool not_live;
	bool odd;
};

/**
 * struct wire_row - a frame from the underlay, for xdp_underlay and tc_underlay.
 * @setup, @in, @cut: as above.
 * @drop: refused by its outer headers.
 * @take: it is decapsulated. Neither @drop nor @take: not ours.
 * @inner: what comes out of it; NULL: what was in it.
 * @network, @tunnel: what it is taken for; web and b unless given.
 * @identity: of its sender's groups.
 * @inner_drop: then refused by its inner headers.
 * @to: TO() each local port that gets a copy.
 * @not_live: as above.
 */
struct wire_row {
	const char *name;
	void (*setup)(void);
	const struct layer *in;
	__u32 cut;
	enum weft_drop drop;
	bool take;
	const struct layer *inner;
	enum network_id network;
	enum tunnel_id tunnel;
	__u32 identity;
	enum weft_drop inner_drop;
	__u32 to;
	bool not_live;
};

/** struct port_table, struct wire_table - a file's rows. */
struct port_table {
	const char *name;
	const struct port_row *rows;
	size_t n;
};

struct wire_table {
	const char *name;
	const struct wire_row *rows;
	size_t n;
};

extern const struct port_table forward_table, answer_table, too_big_table, flood_table,
	malformed_table, encap_table, security_table, guard_table, multicast_table;
extern const struct wire_table admit_table, inner_table, ecn_table, decap_table,
	wire_security_table, wire_guard_table, wire_multicast_table;

/** every_port_table, every_wire_table - all of the above, up to a NULL. */
extern const struct port_table *const every_port_table[];
extern const struct wire_table *const every_wire_table[];

/** port_row_moves - counters that should move for a row. @len: of the frame that came in. */
void port_row_moves(const struct port_row *row, __u32 len, struct moves *want);

/** port_row_copy - the frame that tunnel or port number @bit of row->to gets. */
void port_row_copy(const struct port_row *row, const struct packet *in, unsigned int bit,
		   struct packet *out);

/** port_row_sent - @in, or row->as in @as. */
const struct packet *port_row_sent(const struct port_row *row, const struct packet *in,
				   struct packet *as);

/** wire_row_inner - the frame that comes out of @in. @by_tc: decapsulated by tc_underlay. */
void wire_row_inner(const struct wire_row *row, const struct packet *in, bool by_tc,
		    struct packet *out);

/** wire_row_moves - counters that should move at TC. @len: of the frame that is counted. */
void wire_row_moves(const struct wire_row *row, __u32 len, struct moves *want);

/** row_network - network of a port. */
enum network_id row_network(enum wire from);

/** last_bit - the highest of a row's copies, which is made last. */
unsigned int last_bit(__u32 to);

/** Tests on one row, for cmocka; *@state is the row. */
void port_row_run(void **state);
void wire_row_run_tc(void **state);
void wire_row_run_xdp(void **state);

#endif
