/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* weft schema: what a configuration file may say, for editors and for people. */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>

#include "cmd.h"
#include "schema.h"
#include "util.h"

enum {
	OPT_MARKDOWN = 0x200,
};

static const struct argp_option options[] = {
	{"markdown", OPT_MARKDOWN, NULL, 0, "Print the reference page instead of JSON Schema", 0},
	{},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	bool *markdown = state->input;

	(void)arg;
	if (key != OPT_MARKDOWN)
		return ARGP_ERR_UNKNOWN;
	*markdown = true;
	return 0;
}

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.doc = "Print the JSON Schema (draft 7) of the configuration file. In an editor with a "
	       "YAML "
	       "language server, begin a file with \"# yaml-language-server: $schema=PATH\".",
};

static int print_json(void)
{
	json_t *schema = schema_json();
	int err;

	if (!schema)
		return -ENOMEM;
	err = json_dumpf(schema, stdout, JSON_INDENT(2));
	json_decref(schema);
	putchar('\n');
	return err;
}

int cmd_schema(int argc, char **argv)
{
	bool markdown = false;

	cmd_parse(&argp, argc, argv, &markdown);
	if (markdown)
		schema_markdown(stdout);
	else if (print_json())
		return cmd_error(CMD_FAILED, "cannot print the schema");
	return CMD_OK;
}
