/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Every frame of the tables, cut at every length, through every program. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include "invariant.h"
#include "rows.h"
#include "tests.h"

#define FAILURES_MAX 5

static void cut(const struct layer *layers, enum wire from, int *failures, unsigned int *runs)
{
	static struct packet p;

	packet_build(&p, layers, NULL);
	for (__u32 len = *runs % thin(); len <= p.len; len += thin()) {
		for (enum prog prog = 0; prog < PROG_MAX && *failures < FAILURES_MAX; prog++) {
			enum wire wire = prog == FROM_PORT ? from : UPLINK;

			*failures += !check_invariants(prog, wire,
						       &(struct frame){.data = p.data, .len = len});
			++*runs;
		}
	}
}

/* Long ones are payload, most of them; a few of those will do. */
static bool is_long(const struct layer *layers)
{
	static struct packet p;

	packet_build(&p, layers, NULL);
	return p.len > 300;
}

static void test_port_rows(void **state)
{
	unsigned int runs = 0;
	int failures = 0, longs = 0;

	(void)state;
	check_begin();
	for (int t = 0; every_port_table[t]; t++) {
		const struct port_table *table = every_port_table[t];

		for (size_t i = 0; i < table->n; i++) {
			if (!is_long(table->rows[i].in) || longs++ < 3)
				cut(table->rows[i].in, table->rows[i].from, &failures, &runs);
		}
	}
	printf("# %u runs\n", runs);
	check_end();
}

static void test_wire_rows(void **state)
{
	unsigned int runs = 0;
	int failures = 0;

	(void)state;
	check_begin();
	for (int t = 0; every_wire_table[t]; t++) {
		const struct wire_table *table = every_wire_table[t];

		for (size_t i = 0; i < table->n; i++) {
			if (!is_long(table->rows[i].in))
				cut(table->rows[i].in, WEB1, &failures, &runs);
		}
	}
	printf("# %u runs\n", runs);
	check_end();
}

/* The control messages that a network which snoops reads, from both sides. */
static void test_snooping(void **state)
{
	unsigned int runs = 0;
	int failures = 0;

	(void)state;
	check_begin();
	put_network_flags(NET_WEB, WEFT_NET_SNOOP | WEFT_NET_LOOPS);
	for (size_t i = 0; i < multicast_table.n; i++)
		cut(multicast_table.rows[i].in, multicast_table.rows[i].from, &failures, &runs);
	for (size_t i = 0; i < wire_multicast_table.n; i++)
		cut(wire_multicast_table.rows[i].in, WEB1, &failures, &runs);
	printf("# %u runs\n", runs);
	tables_fill();
	check_end();
}

/* Linux 6.18 can be told where the first buffer ends. */
static bool kernel_splits(void)
{
	static struct run r = {.prog = XDP_UNDERLAY, .linear = 64};
	static __u8 frame[100];

	return !prog_run(&r, frame, sizeof(frame));
}

static void split(const struct layer *layers, int *failures, unsigned int *runs)
{
	static struct packet p;

	packet_build(&p, layers, NULL);
	for (__u32 linear = WEFT_ETH_HLEN + *runs % thin(); linear < p.len; linear += thin()) {
		const struct frame f = {.data = p.data, .len = p.len, .linear = linear};

		if (*failures < FAILURES_MAX)
			*failures += !check_invariants(XDP_UNDERLAY, UPLINK, &f);
		++*runs;
	}
}

static void test_split(void **state)
{
	unsigned int runs = 0;
	int failures = 0;

	(void)state;
	if (!kernel_splits()) {
		puts("# this kernel does not split packets for a test run");
		return;
	}
	check_begin();
	for (int t = 0; every_wire_table[t]; t++) {
		const struct wire_table *table = every_wire_table[t];

		for (size_t i = 0; i < table->n; i++) {
			if (!is_long(table->rows[i].in))
				split(table->rows[i].in, &failures, &runs);
		}
	}
	printf("# %u runs\n", runs);
	check_end();
}

int test_cut(void)
{
	const struct CMUnitTest tests[] = {
		{"what a workload sends, cut at every length", test_port_rows, NULL, NULL, NULL},
		{"what the wire brings, cut at every length", test_wire_rows, NULL, NULL, NULL},
		{"multicast control, cut at every length", test_snooping, NULL, NULL, NULL},
		{"what the wire brings, split in two at every byte", test_split, NULL, NULL, NULL},
	};

	return cmocka_run_group_tests_name("cut", tests, NULL, NULL);
}
