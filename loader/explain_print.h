/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* A packet's way, printed: for people, or as one JSON document. */
#ifndef WEFT_LOADER_EXPLAIN_PRINT_H
#define WEFT_LOADER_EXPLAIN_PRINT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "explain_run.h"

/**
 * struct explain_report - what is to be printed.
 * @verbose: also steps that decided nothing.
 * @hex: frames as bytes too.
 */
struct explain_report {
	const struct explain_world *w;
	const struct explain_input *in;
	const struct explain_result *result;
	bool verbose;
	bool hex;
};

/** explain_print - write it for people. */
void explain_print(const struct explain_report *report, FILE *out);

/** explain_json - the same for programs; NULL without memory. */
json_t *explain_json(const struct explain_report *report);

#endif
