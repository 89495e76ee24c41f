/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Names for what stands in the records of a packet's way. */
#ifndef WEFT_LOADER_EXPLAIN_NAMES_H
#define WEFT_LOADER_EXPLAIN_NAMES_H

#include "show.h"

struct explain_world;
struct words;

/** explain_interface - name of an interface, or "#7". */
struct view_name explain_interface(const struct explain_world *w, __u32 ifindex);

/** explain_rule_words - which rule: "web-in#3 (two-hosts.yaml:14)", or without the file's name. */
void explain_rule_words(struct words *words, const struct explain_world *w, __u32 rule);

/** explain_policy_verdict - "allow", "deny", "reject". */
const char *explain_policy_verdict(int action);

/** explain_table_name - name of a map of enum weft_trace_table. */
const char *explain_table_name(int table);

#endif
