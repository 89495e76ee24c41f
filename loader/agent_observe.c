/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * What the agent notices in the datapath's own counts, each time it looks without being woken: what
 * gets scarce, what was denied, which addresses were learned, moved, or flap. One event for each
 * thing that changed since the last time, however often it happened.
 */
#include <errno.h>
#include <string.h>

#include <weft/fdb.h>

#include "agent.h"
#include "rule_read.h"
#include "status.h"
#include "util.h"

/** struct observer - one look. @now: what was seen, by what it is about, as numbers. */
struct observer {
	struct agent *agent;
	json_t *now;
};

/*
 * Note a number that counts up, and say so if it has. What the agent finds when it begins may have
 * happened long ago; but what is scarce still is.
 *
 * @fields: of the event; taken over.
 */
static void observe(struct observer *o, enum agent_event event, const char *about, __u64 number,
		    json_t *fields)
{
	const json_t *before = json_object_get(o->agent->observed, about);
	bool first = !o->agent->observed && event != EVENT_PRESSURE;
	__u64 was = json_integer_value(before);
	bool grown = number > was || (event == EVENT_PRESSURE && !before);

	json_object_set_new(o->now, about, json_integer(number));
	grown = grown && !first;
	if (grown && before && fields)
		json_object_set_new(fields, "more", json_integer(number - was));
	if (grown)
		agent_event(o->agent, event, fields);
	else
		json_decref(fields);
}

static void observe_pressure(struct observer *o, const struct print_table *table)
{
	json_t *rows = print_rows(table), *row;
	size_t i;

	json_array_foreach (rows, i, row) {
		json_t *about = json_sprintf("pressure/%s/%s",
					     json_string_value(json_object_get(row, "on")),
					     json_string_value(json_object_get(row, "name")));

		if (about)
			observe(o, EVENT_PRESSURE, json_string_value(about),
				json_integer_value(json_object_get(row, "refused")),
				json_copy(row));
		json_decref(about);
	}
	json_decref(rows);
}

/* An address flaps as long as it is held now and then. */
static void observe_flaps(struct observer *o, const struct print_table *table)
{
	json_t *rows = print_rows(table), *row;
	size_t i;

	json_array_foreach (rows, i, row) {
		json_t *about = json_sprintf("flap/%s/%s",
					     json_string_value(json_object_get(row, "network")),
					     json_string_value(json_object_get(row, "mac")));

		if (about)
			observe(o, EVENT_FLAP, json_string_value(about),
				json_integer_value(json_object_get(row, "seconds")),
				json_copy(row));
		json_decref(about);
	}
	json_decref(rows);
}

static void observe_learning(struct observer *o, const struct view *view)
{
	const struct table *table = &view->t[TABLE_LEARN_NET];

	for (size_t i = 0; i < table->rows.n; i++) {
		const struct weft_learn_use *use = table_value(table, i);
		__u32 id;
		char about[96];
		struct view_name name;

		memcpy(&id, table_key(table, i), sizeof(id));
		name = view_network_name(view, id);
		snprintf(about, sizeof(about), "learned/%s", name.s);
		observe(o, EVENT_LEARNED, about, use->learned,
			json_pack("{s:s, s:I}", "network", name.s, "addresses",
				  (json_int_t)use->learned));
		snprintf(about, sizeof(about), "moved/%s", name.s);
		observe(o, EVENT_MOVED, about, use->moved,
			json_pack("{s:s, s:I}", "network", name.s, "moves",
				  (json_int_t)use->moved));
	}
}

static int observe_denials(struct observer *o)
{
	_cleanup_(rules_clear) struct rules rules;
	const struct weft_rule_info *info;
	const struct weft_rule_stat *stat;
	const char *failed;
	char about[64];
	int err;

	err = rules_read(&o->agent->pins, &rules, &failed);
	for (size_t i = 0; i < rules.stat.rows.n && !err; i++) {
		const void *id = table_key(&rules.stat, i);
		struct rule_name name;
		__u32 number;

		memcpy(&number, id, sizeof(number));
		info = table_get(&rules.info, id);
		stat = table_value(&rules.stat, i);
		if (!info || info->action == WEFT_POL_ALLOW)
			continue;
		name = rules_name(&rules, number);
		snprintf(about, sizeof(about), "denied/%u", number);
		observe(o, EVENT_DENIED, about, stat->hits,
			json_pack("{s:s, s:s, s:I, s:I}", "rule", name.s, "direction",
				  info->direction == WEFT_POL_INGRESS ? "ingress" : "egress",
				  "flows", (json_int_t)stat->hits, "packets",
				  (json_int_t)stat->count.packets));
	}
	return err;
}

static int observe_status(struct observer *o)
{
	_cleanup_(learning_clear) struct learning learning = {};
	_cleanup_(firewall_clear) struct firewall firewall = {};
	_cleanup_(status_clear) struct status status;
	const char *failed;
	int err;

	err = status_read(&o->agent->pins, &o->agent->progs, &status, &failed);
	if (!err)
		err = firewall_read(&status, &firewall);
	if (!err)
		err = learning_read(&status, &learning);
	if (err)
		return err;
	observe_pressure(o, &firewall.pressure);
	observe_pressure(o, &learning.pressure);
	observe_flaps(o, &learning.held);
	observe_learning(o, &status.view);
	return 0;
}

void agent_observe(struct agent *a)
{
	struct observer o = {.agent = a, .now = json_object()};

	if (!o.now)
		return;
	if (observe_status(&o) || observe_denials(&o)) {
		json_decref(o.now); /* nothing there, or not now */
		return;
	}
	json_decref(a->observed);
	a->observed = o.now;
}
