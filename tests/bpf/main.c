/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The packet tests: every program of the datapath, on packets. Needs root and nothing else: network
 * namespaces and maps are the test's own and end with it.
 *
 *     test_packets [--pcap FILE] [--corpus DIRECTORY] [--filter PATTERN]
 *
 * --pcap writes what weft emitted, for check-dissect.sh; --corpus only writes the tables' frames,
 * for tests/fuzz; --filter runs the tests whose names match (*, ?). WEFT_TEST_THIN=N runs every Nth
 * case of the exhaustive tests.
 */
#include <getopt.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "dump.h"
#include "rows.h"
#include "script.h"
#include "tests.h"
#include "wires.h"

const struct port_table *const every_port_table[] = {
	&forward_table, &malformed_table, &answer_table, &flood_table,     &too_big_table,
	&encap_table,   &security_table,  &guard_table,  &multicast_table, NULL,
};

const struct wire_table *const every_wire_table[] = {
	&admit_table,      &inner_table,          &ecn_table, &decap_table, &wire_security_table,
	&wire_guard_table, &wire_multicast_table, NULL,
};

const struct script_table *const every_script_table[] = {
	&tcp_scripts,
	&datagram_scripts,
	&policy_scripts,
	NULL,
};

int run_rows(const char *name, const void *rows, size_t n, size_t size, CMUnitTestFunction test)
{
	struct CMUnitTest *tests = calloc(n, sizeof(*tests));
	char *names = calloc(n, 160);
	int failed;

	if (!tests || !names)
		abort();
	for (size_t i = 0; i < n; i++) {
		const void *row = (const char *)rows + i * size;

		/* A row begins with its name. */
		snprintf(names + i * 160, 160, "%s: %s", name, *(const char *const *)row);
		tests[i] = (struct CMUnitTest){names + i * 160, test, NULL, NULL, (void *)row};
	}
	failed = _cmocka_run_group_tests(name, tests, n, NULL, NULL);
	free(names);
	free(tests);
	return failed;
}

static int run_tables(void)
{
	char name[80];
	int failed = 0;

	for (int i = 0; every_port_table[i]; i++) {
		const struct port_table *t = every_port_table[i];

		failed += run_rows(t->name, t->rows, t->n, sizeof(t->rows[0]), port_row_run);
	}
	for (int i = 0; every_wire_table[i]; i++) {
		const struct wire_table *t = every_wire_table[i];

		snprintf(name, sizeof(name), "XDP, %s", t->name);
		failed += run_rows(name, t->rows, t->n, sizeof(t->rows[0]), wire_row_run_xdp);
		snprintf(name, sizeof(name), "TC, %s", t->name);
		failed += run_rows(name, t->rows, t->n, sizeof(t->rows[0]), wire_row_run_tc);
	}
	return failed;
}

static int set_up(void)
{
	int err = wires_make();

	if (err) {
		fprintf(stderr, "Bail out! cannot make namespaces: %s\n", strerror(-err));
		return err;
	}
	err = progs_load();
	if (err) {
		fprintf(stderr, "Bail out! cannot load the programs: %s\n", strerror(-err));
		return err;
	}
	tables_fill();
	return 0;
}

static int usage(void)
{
	fputs("usage: test_packets [--pcap FILE] [--corpus DIRECTORY] [--filter PATTERN]\n",
	      stderr);
	return 2;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{"pcap", required_argument, NULL, 'p'},
		{"corpus", required_argument, NULL, 'c'},
		{"filter", required_argument, NULL, 'f'},
		{},
	};
	int option, failed = 0;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'c')
			return dump_corpus(optarg) ? 1 : 0;
		if (option == 'f')
			cmocka_set_test_filter(optarg);
		else if (option != 'p' || dump_open(optarg))
			return usage();
	}
	if (geteuid()) {
		puts("1..1\nok 1 - packet tests # SKIP they load BPF programs, which needs root");
		return 0;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (set_up())
		return 1;
	failed += test_programs() + run_tables() + test_firewall() + test_identity() +
		  test_routed() + test_scripts() + test_flow() + test_memory() + test_learn() +
		  test_round_trip() + test_vlan() + test_guard();
	failed += test_cut() + test_mutate() + test_live();
	failed += test_all_reasons();
	if (dump_close()) {
		fputs("# cannot write the pcap file\n", stderr);
		failed++;
	}
	return failed ? 1 : 0;
}
