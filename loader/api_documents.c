/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Documents: list, get, put, delete, several at once; see api.h. */
#include <errno.h>
#include <string.h>

#include "api_change.h"
#include "api_parts.h"
#include "diag.h"
#include "documents_parts.h"
#include "encode.h"
#include "util.h"

/** struct reasons - why ports are not attached, by their names. */
struct reasons {
	json_t *by_name;
};

static struct reasons reasons_of(const struct agent *a)
{
	json_t *list = agent_errors_json(a->wanted, a->pending), *entry;
	struct reasons reasons = {json_object()};
	size_t i;

	json_array_foreach (list, i, entry) {
		const char *kind = json_string_value(json_object_get(entry, "kind"));
		const char *name = json_string_value(json_object_get(entry, "name"));

		if (name && !strcmp(kind, "port"))
			json_object_set(reasons.by_name, name, json_object_get(entry, "message"));
	}
	json_decref(list);
	return reasons;
}

static void reasons_clear(struct reasons *reasons)
{
	json_decref(reasons->by_name);
}

/* A document as it is listed: what it says, where it comes from, what has become of it. */
static json_t *entry_json(const struct agent *a, const struct reasons *reasons,
			  enum document_kind kind, const void *row, bool from_api)
{
	const char *name = document_row_name(kind, row), *state = "in_force";
	json_t *why = json_object_get(reasons->by_name, name);
	const struct cfg_port *port = row;

	if (kind != DOCUMENT_PORT)
		why = NULL;
	else if (strcmp(port->node.v, a->node) != 0)
		state = "remote";
	else
		state = why ? "pending" : "attached";
	if (a->problem || !a->wanted)
		state = "failed";
	return json_pack("{s:s, s:s, s:s, s:O?, s:o}", "name", name, "source",
			 from_api ? "api" : "file", "state", state, "why", why, "document",
			 encode(document_table(kind), row));
}

/* The rows of one list, the file's first. */
static struct schema_list rows_of(const struct config *cfg, enum document_kind kind)
{
	struct schema_list rows;

	memcpy(&rows, (const char *)cfg + document_key(kind)->offset, sizeof(rows));
	return rows;
}

static size_t from_file(const struct agent *a, enum document_kind kind)
{
	return a->file ? rows_of(a->file, kind).n : 0;
}

void api_list(const struct api_request *r)
{
	const struct agent *a = r->agent;
	_cleanup_(reasons_clear) struct reasons reasons = reasons_of(a);
	size_t size = document_table(r->kind)->size, file = from_file(a, r->kind);
	json_t *list = json_array();
	struct schema_list rows;

	if (!a->wanted) {
		json_decref(list);
		api_refuse(r, 503, "the file was never right; see /v1/agent");
		return;
	}
	rows = rows_of(a->wanted, r->kind);
	for (size_t i = 0; i < rows.n; i++)
		json_array_append_new(list, entry_json(a, &reasons, r->kind,
						       (const char *)rows.v + i * size, i >= file));
	api_reply(r, 200, json_pack("{s:o}", document_list(r->kind), list));
}

/* Return: index among the rows that are wanted, or how many there are. */
static size_t find(const struct agent *a, enum document_kind kind, const char *name,
		   const void **row)
{
	struct schema_list rows = a->wanted ? rows_of(a->wanted, kind) : (struct schema_list){};
	size_t size = document_table(kind)->size, i;

	for (i = 0; i < rows.n; i++) {
		*row = (const char *)rows.v + i * size;
		if (!strcmp(document_row_name(kind, *row), name))
			return i;
	}
	*row = NULL;
	return i;
}

void api_get(const struct api_request *r)
{
	_cleanup_(reasons_clear) struct reasons reasons = reasons_of(r->agent);
	const void *row;
	size_t i = find(r->agent, r->kind, r->segments[1], &row);

	if (row)
		api_reply(r, 200,
			  entry_json(r->agent, &reasons, r->kind, row,
				     i >= from_file(r->agent, r->kind)));
	else
		api_refuse(r, 404, "no %s is called %s", document_word(r->kind),
			   diag_quote(r->segments[1]).s);
}

/* The file's own are not the API's to change. Refused if so. */
static bool is_files(const struct api_request *r)
{
	const void *row;
	size_t i = find(r->agent, r->kind, r->segments[1], &row);

	if (!row || i >= from_file(r->agent, r->kind))
		return false;
	api_refuse(r, 409, "the %s %s is in %s: change it there", document_word(r->kind),
		   diag_quote(r->segments[1]).s, r->agent->options.file);
	return true;
}

void api_put(const struct api_request *r)
{
	_cleanup_(documents_change_freep) struct documents_change *change = documents_change_new();
	_cleanup_(diag_freep) struct diag *diag = api_diag();
	const char *name;
	int err;

	if (is_files(r))
		return;
	err = change && diag ? documents_decode(r->kind, r->body, r->len, diag, change) : -ENOMEM;
	if (err) {
		api_refuse_change(r, err, diag);
		return;
	}
	name = document_name(documents_change_put(change, r->kind));
	if (strcmp(name, r->segments[1]) != 0)
		api_refuse(r, 422, "the document's name is %s, but it was put as %s",
			   diag_quote(name).s, diag_quote(r->segments[1]).s);
	else
		api_change(r, &change);
}

/* Who asked for a new port may have been killed over it, and this be the cleaning up. */
static bool will_be(const struct api_request *r)
{
	const char *name = r->segments[1];
	size_t i;

	return documents_find(&r->agent->documents, r->kind, name) ||
	       (r->kind == DOCUMENT_PORT && set_find(&r->api->waiting, name, strlen(name), &i));
}

void api_delete(const struct api_request *r)
{
	_cleanup_(documents_change_freep) struct documents_change *change = documents_change_new();

	if (is_files(r))
		return;
	if (!will_be(r))
		api_refuse(r, 404, "no %s is called %s", document_word(r->kind),
			   diag_quote(r->segments[1]).s);
	else if (!change || documents_delete(r->kind, r->segments[1], change))
		api_reply(r, 500, NULL);
	else
		api_change(r, &change);
}

void api_transact(const struct api_request *r)
{
	_cleanup_(documents_change_freep) struct documents_change *change = documents_change_new();
	_cleanup_(diag_freep) struct diag *diag = api_diag();
	int err = change && diag ? documents_decode_change(r->body, r->len, diag, change) : -ENOMEM;

	if (err)
		api_refuse_change(r, err, diag);
	else
		api_change(r, &change);
}
