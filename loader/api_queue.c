/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Changes that wait to be made; see api.h.
 *
 * What takes long about a change is the kernel's waiting for packets, which is the same for one
 * port and for thirty. So changes that have come in while another was made are made together, and
 * each is answered as if it had been alone. If that fails, one of them is wrong, and each is tried
 * by itself.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "api_change.h"
#include "api_parts.h"
#include "diag.h"
#include "util.h"

/* Together; those that come after them wait for the next turn. */
#define BATCH 256

/**
 * struct api_queued - a change that waits.
 * @http: NULL if who asked has hung up.
 * @port: see api_queue().
 */
struct api_queued {
	TAILQ_ENTRY(api_queued) next;
	struct evhttp_request *http;
	struct evhttp_connection *connection;
	struct documents_change *change;
	json_t *port;
};

TAILQ_HEAD(api_queue_head, api_queued);

/** struct api_queue - those that wait. */
struct api_queue {
	struct api *api;
	struct event *turn;
	struct api_queue_head head;
};

/* Who does not wait for the answer does not get one; what he asked for may yet be done. */
static void hung_up(struct evhttp_connection *connection, void *arg)
{
	struct api_queue *queue = arg;
	struct api_queued *q;

	TAILQ_FOREACH(q, &queue->head, next)
	if (q->connection == connection)
		q->http = NULL;
}

/* Out of the queue, with nobody to be told of the connection's end any more. */
static void drop(struct api_queue *queue, struct api_queued *q)
{
	const char *name = json_string_value(json_object_get(q->port, "name"));

	TAILQ_REMOVE(&queue->head, q, next);
	if (name) {
		api_unclaim(queue->api, q->port);
		set_remove(&queue->api->waiting, name, strlen(name));
	}
	json_decref(q->port);
	documents_change_free(q->change);
	free(q);
}

static struct api_request request_of(const struct api_queue *queue, const struct api_queued *q)
{
	struct api_request r = {.api = queue->api, .agent = queue->api->agent, .http = q->http};

	return r;
}

/** struct batch - changes that are tried together. */
struct batch {
	struct documents after;
	struct outcome out;
	struct diag *diag;
};

static void batch_clear(struct batch *b)
{
	documents_clear(&b->after);
	outcome_clear(&b->out);
	diag_free(b->diag);
}

/* The first @n that wait. Return: 0; else with @b->diag or @b->out told. */
static int try_first(struct api_queue *queue, size_t n, struct batch *b)
{
	const unsigned int policies = 1u << DOCUMENT_POLICY | 1u << DOCUMENT_ADDRESS_SET;
	struct agent *a = queue->api->agent;
	struct agent_try try = {.keep = true, .trusting = true};
	struct api_queued *q;
	int err = outcome_init(&b->out);

	b->diag = api_diag();
	if (!err && !b->diag)
		err = -ENOMEM;
	if (!err)
		err = documents_copy(&a->documents, &b->after);
	q = TAILQ_FIRST(&queue->head);
	for (; q && n && !err; n--, q = TAILQ_NEXT(q, next))
		err = documents_apply(&b->after, q->change, b->diag);
	if (err)
		return err;
	try.new_policies = documents_differ(&a->documents, &b->after, policies);
	return agent_try(a, &b->after, &try, &b->out);
}

/* It was there when it was asked for, but another one that waited has deleted it, or not made it.
 */
static bool is_gone(const struct api_queued *q, const struct batch *b, int err)
{
	return err == -EINVAL && !b->out.err &&
	       evhttp_request_get_command(q->http) == EVHTTP_REQ_DELETE;
}

static void answer(struct api_queue *queue, struct api_queued *q, const struct batch *b, int err)
{
	struct api_request r = request_of(queue, q);

	if (q->http)
		evhttp_connection_set_closecb(q->connection, NULL, NULL);
	if (q->http && !err) {
		json_t *answer = api_outcome(&b->out, false);

		if (q->port)
			json_object_update_new(answer, api_attachment(r.agent, q->port));
		api_reply(&r, 200, answer);
	}
	if (q->http && is_gone(q, b, err))
		api_refuse(&r, 404, "it is gone already");
	else if (q->http && err && b->out.err)
		api_refuse_outcome(&r, &b->out);
	else if (q->http && err)
		api_refuse_change(&r, err, b->diag);
	drop(queue, q);
}

/* Return: whether the first @n are done with. */
static bool take_first(struct api_queue *queue, size_t n)
{
	_cleanup_(batch_clear) struct batch b = {};
	int err = try_first(queue, n, &b);

	if (err && n > 1)
		return false;
	if (!err)
		agent_say(queue->api->agent, WHY_API, &b.out);
	while (n--)
		answer(queue, TAILQ_FIRST(&queue->head), &b, err);
	return true;
}

static void turn(evutil_socket_t fd __attribute__((unused)), short what __attribute__((unused)),
		 void *arg)
{
	const struct timeval now = {};
	struct api_queue *queue = arg;
	struct api_queued *q;
	size_t n = 0;

	TAILQ_FOREACH(q, &queue->head, next)
	n += n < BATCH;
	if (n && !take_first(queue, n))
		while (n--)
			take_first(queue, 1);
	if (!TAILQ_EMPTY(&queue->head))
		event_add(queue->turn, &now);
}

void api_queue(const struct api_request *r, struct documents_change **change, json_t *port)
{
	struct api_queued *q = calloc(1, sizeof(*q));
	struct api_queue *queue = r->api->queue;
	const struct timeval now = {};

	if (!q) {
		json_decref(port);
		api_reply(r, 500, NULL);
		return;
	}
	q->http = r->http;
	q->connection = evhttp_request_get_connection(r->http);
	q->change = TAKE_PTR(*change);
	q->port = port;
	TAILQ_INSERT_TAIL(&queue->head, q, next);
	evhttp_connection_set_closecb(q->connection, hung_up, queue);
	if (!event_pending(queue->turn, EV_TIMEOUT, NULL))
		event_add(queue->turn, &now);
}

int api_queue_open(struct api *api)
{
	struct api_queue *queue = calloc(1, sizeof(*queue));

	if (!queue)
		return -ENOMEM;
	queue->api = api;
	TAILQ_INIT(&queue->head);
	api->queue = queue;
	queue->turn = evtimer_new(api->agent->base, turn, queue);
	return queue->turn ? 0 : -ENOMEM;
}

/* After the connections: they tell it of their end. */
void api_queue_close(struct api *api)
{
	struct api_queue *queue = TAKE_PTR(api->queue);

	if (!queue)
		return;
	while (!TAILQ_EMPTY(&queue->head))
		drop(queue, TAILQ_FIRST(&queue->head));
	if (queue->turn)
		event_free(queue->turn);
	free(queue);
}
