/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* A record of a packet's way in words: which stage, which table, what it found and decided. */
#ifndef WEFT_LOADER_EXPLAIN_TEXT_H
#define WEFT_LOADER_EXPLAIN_TEXT_H

#include <stdbool.h>

#include <weft/trace.h>

#include "capture_words.h"
#include "show.h"

struct explain_leg;
struct explain_world;

/**
 * struct explain_step - a record in words.
 * @stage: "classify".
 * @table: map that was looked into, or NULL.
 * @detail: it decided nothing.
 */
struct explain_step {
	const char *stage;
	const char *table;
	bool detail;
	struct words words;
};

/** explain_step_of - put a record of a leg into words. Return: false if there is nothing to say. */
bool explain_step_of(const struct explain_world *w, const struct explain_leg *leg,
		     const struct weft_trace_rec *rec, struct explain_step *step);

#endif
