/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The tables once more, on real interfaces: the frame is sent, and seen where it comes out. This is
 * where redirects, neighbours, metadata from XDP to TC and the kernel's own handling show.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "live.h"
#include "rows.h"
#include "script_play.h"
#include "tests.h"
#include "wires.h"

static enum live_mode mode;

/* The kernel takes a tag off before the program sees the frame. */
static __u32 counted_len(const struct packet *in)
{
	__u16 proto = in->data[12] << 8 | in->data[13];

	return in->len - (proto == WEFT_ETH_P_8021Q || proto == WEFT_ETH_P_8021AD ? 4 : 0);
}

/* On the wire an encapsulated frame has the addresses of uplink and next hop. */
static void expect_copies(const struct port_row *row, const struct packet *in)
{
	static struct packet want;
	const __u8 to[] = MAC_ROUTER, from[] = MAC_UPLINK;

	for (unsigned int bit = 0; bit < 32; bit++) {
		if (!(row->to & 1u << bit))
			continue;
		port_row_copy(row, in, bit, &want);
		if (bit >= WIRE_MAX) {
			memcpy(want.data, to, sizeof(to));
			memcpy(want.data + 6, from, sizeof(from));
		}
		live_expect("a copy", bit < WIRE_MAX ? bit : UPLINK, &want);
	}
}

static void test_port_row(void **state)
{
	const struct port_row *row = *state;
	static struct packet in, want, as;
	struct moves moves = {};

	packet_build(&in, row->in, NULL);
	if (row->cut)
		in.len = row->cut;
	if (row->setup)
		row->setup();
	check_begin();
	assert_int_equal(wires_send(row->from, in.data, in.len, NULL), 0);
	expect_copies(row, port_row_sent(row, &in, &as));
	if (row->reply) {
		packet_build(&want, row->reply, &in);
		live_expect("the answer", row->from, &want);
	}
	port_row_moves(row, counted_len(&in), &moves);
	check_moves_soon(&moves);
	live_expect_no_more();
	if (row->setup)
		tables_fill();
	check_end();
}

static void test_wire_row(void **state)
{
	const struct wire_row *row = *state;
	static struct packet in, inner;
	struct moves moves = {};

	packet_build(&in, row->in, NULL);
	if (row->cut)
		in.len = row->cut;
	if (row->setup)
		row->setup();
	check_begin();
	assert_int_equal(wires_send(UPLINK, in.data, in.len, NULL), 0);
	if (row->take)
		wire_row_inner(row, &in, mode == LIVE_TC, &inner);
	for (enum wire wire = 0; row->take && wire < UPLINK; wire++) {
		if (row->to & TO(wire))
			live_expect("the inner frame", wire, &inner);
	}
	wire_row_moves(row, row->take ? inner.len : in.len, &moves);
	check_moves_soon(&moves);
	live_expect_no_more();
	if (row->setup)
		tables_fill();
	check_end();
}

/* Rows that can be sent, into @to. Return: how many. */
static size_t live_port_rows(const struct port_table *table, struct port_row *to)
{
	size_t n = 0;

	for (size_t i = 0; i < table->n; i++) {
		if (!table->rows[i].not_live)
			to[n++] = table->rows[i];
	}
	return n;
}

static size_t live_wire_rows(const struct wire_table *table, struct wire_row *to)
{
	size_t n = 0;

	for (size_t i = 0; i < table->n; i++) {
		if (!table->rows[i].not_live)
			to[n++] = table->rows[i];
	}
	return n;
}

static int run_port_tables(void)
{
	char name[80];
	int failed = 0;

	for (int t = 0; every_port_table[t]; t++) {
		const struct port_table *table = every_port_table[t];
		struct port_row *rows = calloc(table->n, sizeof(*rows));
		size_t n = live_port_rows(table, rows);

		snprintf(name, sizeof(name), "sent, %s", table->name);
		failed += run_rows(name, rows, n, sizeof(*rows), test_port_row);
		free(rows);
	}
	return failed;
}

static int run_wire_tables(enum live_mode how, const char *words)
{
	char name[80];
	int failed = 0;

	mode = how;
	if (live_uplink(how)) {
		printf("Bail out! cannot attach to the uplink: %s\n", words);
		return 1;
	}
	for (int t = 0; every_wire_table[t]; t++) {
		const struct wire_table *table = every_wire_table[t];
		struct wire_row *rows = calloc(table->n, sizeof(*rows));
		size_t n = live_wire_rows(table, rows);

		snprintf(name, sizeof(name), "%s, %s", words, table->name);
		failed += run_rows(name, rows, n, sizeof(*rows), test_wire_row);
		free(rows);
	}
	return how == LIVE_TC ? failed : failed + run_scripts(words, play_by_xdp);
}

int test_live(void)
{
	int failed = 0;

	if (live_ports() || live_uplink(LIVE_TC)) {
		puts("Bail out! cannot attach the programs");
		return 1;
	}
	failed += run_port_tables() + test_offload() + test_segmented();
	failed += test_vlan_live();
	failed += run_scripts("sent", play_by_tc);
	failed += run_wire_tables(LIVE_TC, "received by TC");
	failed += run_wire_tables(LIVE_XDP_NATIVE, "received by XDP");
	failed += run_wire_tables(LIVE_XDP_GENERIC, "received by generic XDP");
	if (live_detach()) {
		puts("Bail out! cannot detach the programs");
		failed++;
	}
	return failed;
}
