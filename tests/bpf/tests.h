/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The groups of tests, for main.c. Each runs its group; return: number of failures. */
#ifndef WEFT_TEST_TESTS_H
#define WEFT_TEST_TESTS_H

#include <stddef.h>

/** run_rows - a cmocka group with one test a row; each row begins with its name. */
int run_rows(const char *name, const void *rows, size_t n, size_t size, void (*test)(void **state));

int test_programs(void);
int test_firewall(void);
int test_identity(void);
int test_routed(void);
int test_scripts(void);
int test_flow(void);
int test_memory(void);
int test_learn(void);
int test_learn_flows(void); /* called by test_learn() */
int test_round_trip(void);
int test_vlan(void);
int test_cut(void);
int test_guard(void);
int test_mutate(void);
int test_live(void);
/* Called by test_live(), with the programs attached. */
int test_offload(void);
int test_segmented(void);
int test_vlan_live(void);

/** test_all_reasons - run last: has every drop reason been seen by some test? */
int test_all_reasons(void);

#endif
