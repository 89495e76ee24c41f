/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Names on a command line to the ids in a node's tables, and complaints where there is none. */
#include <errno.h>
#include <string.h>

#include "cmd.h"
#include "pins.h"
#include "show.h"
#include "suggest.h"

static enum cmd_exit unknown(const char *what, const struct suggestion *s)
{
	if (s->best)
		return cmd_error(CMD_FAILED, "no %s is called \"%s\" here; did you mean \"%s\"?",
				 what, s->word, s->best);
	return cmd_error(CMD_FAILED, "no %s is called \"%s\" here", what, s->word);
}

enum cmd_exit cmd_find_network(const struct view *view, const char *name, __u32 *id)
{
	const struct table *infos = &view->t[TABLE_NET_INFO];
	const struct weft_network_info *info;
	struct suggestion s = {.word = name};

	for (size_t i = 0; i < infos->rows.n; i++) {
		info = table_value(infos, i);
		suggest_try(&s, info->name);
		if (strcmp(info->name, name) != 0)
			continue;
		*id = *(const __u32 *)table_key(infos, i);
		return CMD_OK;
	}
	return unknown("network", &s);
}

/* An uplink or trunk, being named by its interface, may be called like a port. */
enum cmd_exit cmd_find_port(const struct view *view, const char *name, __u32 *id)
{
	const struct table *infos = &view->t[TABLE_PORT_INFO];
	const struct weft_port_info *info;
	struct suggestion s = {.word = name};
	__u32 found = 0;

	for (size_t i = 0; i < infos->rows.n; i++) {
		info = table_value(infos, i);
		suggest_try(&s, info->name);
		if (strcmp(info->name, name) != 0 || (found && info->kind != WEFT_PORT_ACCESS))
			continue;
		found = *(const __u32 *)table_key(infos, i);
	}
	if (!found)
		return unknown("port", &s);
	*id = found;
	return CMD_OK;
}

/* The defaults of networks go by the networks' names, which are not policies'. */
enum cmd_exit cmd_find_policy(const struct rules *rules, const char *name)
{
	const struct weft_rule_info *info;
	struct suggestion s = {.word = name};

	for (size_t i = 0; i < rules->info.rows.n; i++) {
		info = table_value(&rules->info, i);
		if (info->index == WEFT_POL_RULE_NETWORK)
			continue;
		suggest_try(&s, info->policy);
		if (!strcmp(info->policy, name))
			return CMD_OK;
	}
	return unknown("policy", &s);
}

enum cmd_exit cmd_no_table(const struct pins *pins, const char *table, int err)
{
	if (err == -ENOENT)
		return cmd_error(CMD_NOT_APPLIED,
				 "node \"%s\" has no table %s; apply its file again", pins->node,
				 table);
	if (err == -EPROTO)
		return cmd_error(CMD_FAILED, "table %s was made by another version of weft", table);
	return cmd_error(CMD_FAILED, "table %s: %s%s", table, strerror(-err),
			 err == -EPERM ? "; weft needs root" : "");
}
