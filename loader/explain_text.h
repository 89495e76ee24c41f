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

/** explain_interface - name of an interface, or "#7". */
struct view_name explain_interface(const struct explain_world *w, __u32 ifindex);

/** explain_port_at - name of the port with this interface, or "#7". */
struct view_name explain_port_at(const struct explain_world *w, __u32 ifindex);

/** explain_rule_words - which rule: "web-in#3 (two-hosts.yaml:14)", or without the file's name. */
void explain_rule_words(struct words *words, const struct explain_world *w, __u32 rule);

/** explain_policy_verdict - "allow", "deny", "reject". */
const char *explain_policy_verdict(int action);

/** explain_table_name - name of a map of enum weft_trace_table. */
const char *explain_table_name(int table);

#endif
