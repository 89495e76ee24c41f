/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Names for what stands in records; see explain_names.h. */
#include "explain_names.h"

#include <stdio.h>

#include <weft/trace.h>

#include "capture_words.h"
#include "explain_world.h"

struct view_name explain_interface(const struct explain_world *w, __u32 ifindex)
{
	const struct weft_port *port = view_interface_port(&w->view, ifindex);
	const struct weft_port_info *info = port ? view_port_info(&w->view, port->id) : NULL;
	struct view_name name;

	if (info)
		snprintf(name.s, sizeof(name.s), "%.*s", WEFT_IFNAME_LEN, info->interface);
	else
		snprintf(name.s, sizeof(name.s), "#%u", ifindex);
	return name;
}

const char *explain_table_name(int table)
{
	switch (table) {
	case WEFT_TRACE_TABLE_FLOWS:
		return table_descs[TABLE_FLOWS].name;
	case WEFT_TRACE_TABLE_NEW:
		return table_descs[TABLE_FLOWS_NEW].name;
	case WEFT_TRACE_TABLE_OVER:
		return table_descs[TABLE_FLOWS_OVER].name;
	default:
		return NULL;
	}
}

const char *explain_policy_verdict(int action)
{
	return action == WEFT_POL_ALLOW ? "allow" : action == WEFT_POL_REJECT ? "reject" : "deny";
}

void explain_rule_words(struct words *words, const struct explain_world *w, __u32 rule)
{
	const struct weft_rule_info *info = table_get(&w->rules.info, &rule);

	if (!info && table_get(&w->old_rules.info, &rule)) {
		words_add(words, "%s of what is in force", rules_name(&w->old_rules, rule).s);
		return;
	}
	words_add(words, "%s", rules_name(&w->rules, rule).s);
	if (!info || !info->line)
		return;
	if (w->lines[0])
		words_add(words, " (%s:%u)", w->lines, info->line);
	else
		words_add(words, " (line %u)", info->line);
}
