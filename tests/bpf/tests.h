/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The groups of tests, for main.c. Each runs its group; return: number of failures. */
#ifndef WEFT_TEST_TESTS_H
#define WEFT_TEST_TESTS_H

#include <stddef.h>

/** run_rows - a cmocka group with one test a row; each row begins with its name. */
int run_rows(const char *name, const void *rows, size_t n, size_t size, void (*test)(void **state));

#endif
