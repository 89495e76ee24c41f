/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* What the agent and the kernel have: agent, status, flows, drops; see api.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/buffer.h>

#include "api_parts.h"
#include "flow_filter.h"
#include "print.h"
#include "show.h"
#include "status.h"
#include "util.h"
#include "value.h"

#define FLOWS      1000
#define FLOWS_MOST 100000

void api_agent(const struct api_request *r)
{
	api_reply(r, 200, agent_status(r->agent));
}

static void refuse_table(const struct api_request *r, const char *failed, int err)
{
	if (err == -ENOENT)
		api_refuse(r, 503, "nothing is applied here yet");
	else
		api_refuse(r, 500, "%s: %s", failed, strerror(-err));
}

void api_status(const struct api_request *r)
{
	_cleanup_(status_clear) struct status status;
	json_t *agent = agent_status(r->agent), *json;
	struct verdict verdict = {
		.file = r->agent->options.file,
		.in_step = status_agent_in_step(agent),
		.agent = agent,
	};
	const char *failed;
	int err;

	err = status_read(&r->agent->pins, &r->agent->progs, &status, &failed);
	if (err) {
		json_decref(agent);
		refuse_table(r, failed, err);
		return;
	}
	verdict.in_step = verdict.in_step && status_whole(&status);
	json = status_json(&status, &verdict);
	json_decref(agent);
	api_reply(r, 200, json);
}

/** struct listing - a show kind on its way to a text. */
struct listing {
	struct show show;
	FILE *out;
	char *text;
	size_t len;
};

static void listing_clear(struct listing *l)
{
	view_clear(&l->show.view);
	rules_clear(&l->show.rules);
	if (l->out)
		fclose(l->out);
	free(l->text);
}

static int write_rows(const struct show_kind *kind, struct listing *l)
{
	const struct view_name node = view_node_name(&l->show.view);
	_cleanup_(print_stream_clear) struct print_stream stream = {};
	_cleanup_(print_clear) struct print_table table;
	int err;

	print_init(&table, kind->columns, kind->n_columns);
	print_stream_init(&stream, kind->columns, kind->n_columns, true, l->out);
	stream.node = node.s;
	stream.name = kind->name;
	if (kind->write) {
		err = kind->write(&l->show, &stream);
		return err ?: print_stream_end(&stream);
	}
	err = kind->fill(&l->show, &table);
	return err ?: print_json_rows(&table, node.s, kind->name, l->out);
}

static void reply_text(const struct api_request *r, const struct listing *l)
{
	struct evbuffer *body = evbuffer_new();

	if (!body || evbuffer_add(body, l->text, l->len)) {
		evhttp_send_error(r->http, 500, NULL);
	} else {
		evhttp_add_header(evhttp_request_get_output_headers(r->http), "Content-Type",
				  "application/json");
		evhttp_send_reply(r->http, 200, "OK", body);
	}
	if (body)
		evbuffer_free(body);
}

static void reply_rows(const struct api_request *r, const struct show_kind *kind, struct listing *l)
{
	int err;

	l->out = open_memstream(&l->text, &l->len);
	err = l->out ? write_rows(kind, l) : -ENOMEM;
	if (!err && fflush(l->out))
		err = -ENOMEM;
	if (err)
		refuse_table(r, *l->show.failed ?: kind->name, err);
	else
		reply_text(r, l);
}

static int begin(const struct api_request *r, const struct show_kind *kind, struct listing *l)
{
	int err;

	l->show.pins = &r->agent->pins;
	err = view_read(&r->agent->pins, VIEW_NAMES | kind->tables, &l->show.view, l->show.failed);
	if (!err && kind->rules)
		err = rules_read(&r->agent->pins, &l->show.rules, l->show.failed);
	if (err)
		refuse_table(r, *l->show.failed, err);
	return err;
}

void api_drops(const struct api_request *r)
{
	const char *failed = NULL;
	_cleanup_(listing_clear) struct listing l = {.show = {.failed = &failed}};

	if (!begin(r, &show_drops, &l))
		reply_rows(r, &show_drops, &l);
}

/* A name in a table of names, as its id. Return: whether there is one; refused if not. */
static bool find_name(const struct api_request *r, const struct view *view, enum table_id id,
		      const char *parameter, __u32 *out)
{
	const char *name = api_query(r, parameter);
	const struct table *names = &view->t[id];

	if (!name)
		return true;
	for (size_t i = 0; i < names->rows.n; i++) {
		/* Both kinds of names begin with the name. */
		if (strncmp(table_value(names, i), name, WEFT_NAME_LEN) != 0)
			continue;
		memcpy(out, table_key(names, i), sizeof(*out));
		return true;
	}
	api_refuse(r, 404, "no %s on this node is called so", parameter);
	return false;
}

static bool add_conditions(const struct api_request *r, struct flow_filter *filter)
{
	static const char *const names[__FLOW_BY_MAX] = {
		[FLOW_BY_ADDRESS] = "address",   [FLOW_BY_PEER_PORT] = "peer_port",
		[FLOW_BY_PROTOCOL] = "protocol", [FLOW_BY_STATE] = "state",
		[FLOW_BY_TABLE] = "table",
	};
	struct value_problem problem;

	for (int by = 0; by < __FLOW_BY_MAX; by++) {
		const char *text = api_query(r, names[by]);

		if (!text || flow_filter_set(filter, by, text, &problem))
			continue;
		api_refuse(r, 400, "%s %s; %s", names[by], problem.wrong, problem.right.s);
		return false;
	}
	return true;
}

void api_flows(const struct api_request *r)
{
	const char *failed = NULL;
	struct flow_filter filter = {};
	_cleanup_(listing_clear) struct listing l = {.show = {.failed = &failed, .flows = &filter}};
	unsigned long limit = FLOWS;

	if (!api_query_number(r, "limit", 1, FLOWS_MOST, &limit) || !add_conditions(r, &filter) ||
	    begin(r, &show_flows, &l) ||
	    !find_name(r, &l.show.view, TABLE_NET_INFO, "network", &filter.network) ||
	    !find_name(r, &l.show.view, TABLE_PORT_INFO, "port", &filter.port))
		return;
	l.show.limit = limit;
	l.show.network = filter.network;
	l.show.port = filter.port;
	reply_rows(r, &show_flows, &l);
}

void api_reconcile(const struct api_request *r)
{
	agent_reconcile(r->agent, WHY_API | WHY_FILE);
	api_agent(r);
}
