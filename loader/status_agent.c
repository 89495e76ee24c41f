/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* What the agent of a node says of itself, in the node's status; see status.h. */
#include <errno.h>
#include <string.h>

#include "print.h"
#include "status.h"
#include "util.h"

static const struct print_column columns[] = {
	{"kind", "WAITS", NULL, PRINT_TEXT},
	{"name", "NAME", NULL, PRINT_TEXT},
	{"why", "WHY", NULL, PRINT_TEXT},
};

static const char *string(const json_t *agent, const char *key)
{
	return json_string_value(json_object_get(agent, key));
}

bool status_agent_in_step(const json_t *agent)
{
	return json_is_true(json_object_get(agent, "in_step"));
}

static const char *state_of(const json_t *agent)
{
	if (string(agent, "problem"))
		return string(agent, "problem");
	if (string(agent, "file_problem"))
		return string(agent, "file_problem");
	if (json_array_size(json_object_get(agent, "file_errors")))
		return "the file as it is now is wrong; the one before is in force";
	return status_agent_in_step(agent) ? "in step" : "not all is here yet";
}

void status_agent_print(const json_t *agent, FILE *out)
{
	if (!agent)
		return;
	fprintf(out, "agent   process %lld, %s: %s\n",
		json_integer_value(json_object_get(agent, "pid")), string(agent, "file") ?: "?",
		state_of(agent));
}

/* What is wrong with the file comes first: that is for somebody to do. */
static void add_all(struct print_table *out, const json_t *list, const char *kind)
{
	json_t *entry;
	size_t i;

	json_array_foreach (list, i, entry) {
		const char *name = string(entry, "name");

		print_text(out, string(entry, "kind") ?: kind);
		print_text(out, name ?: string(entry, "key"));
		print_text(out, string(entry, "message"));
	}
}

int status_agent_table(const json_t *agent, FILE *out)
{
	_cleanup_(print_clear) struct print_table table;

	print_init(&table, columns, ARRAY_SIZE(columns));
	if (agent) {
		add_all(&table, json_object_get(agent, "file_errors"), "file");
		add_all(&table, json_object_get(agent, "pending"), "node");
	}
	if (!table.n)
		return table.err;
	fputc('\n', out);
	return print_table(&table, out);
}
