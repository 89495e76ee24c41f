/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* What the parts of the API share; see api.h. */
#ifndef WEFT_LOADER_API_PARTS_H
#define WEFT_LOADER_API_PARTS_H

#include <stdbool.h>
#include <sys/queue.h>
#include <jansson.h>

#include <event2/event.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>

#include "agent.h"
#include "api.h"

#define API_SEGMENTS 4 /* of a path, behind /v1 */
#define API_WATCHERS 64

/**
 * struct api_trial - a change that waits to be confirmed.
 * @id: 0 = there is none.
 * @before: the documents to go back to.
 */
struct api_trial {
	unsigned int id;
	unsigned int last_id;
	struct documents before;
	struct event *timer;
	double until_ms;
};

/** struct api_watcher - an answer that does not end; @http is NULL in a free place. */
struct api_watcher {
	struct evhttp_request *http;
	struct evhttp_connection *connection;
};

/**
 * struct api - see api.h.
 * @claimed: addresses of ports that wait in the queue; struct claim_key of api_attach.c.
 * @waiting: names of those ports.
 * @taken: addresses that ports have in network @taken_in, as of @taken_of applies.
 * @cursors: the address that each pool has given last, so that the next is another.
 */
struct api {
	struct agent *agent;
	struct evhttp *http;
	struct api_trial trial;
	struct api_watcher watchers[API_WATCHERS];
	struct api_metrics *metrics;
	struct api_queue *queue;
	struct set claimed;
	struct set waiting;
	struct set taken;
	unsigned long long taken_of;
	char taken_in[WEFT_NAME_LEN];
	json_t *cursors;
};

/**
 * struct api_request - a request on its way to an answer.
 * @segments: of the path behind /v1, decoded.
 * @kind: of a path that begins with a list of documents.
 * @body: @len bytes that passed json_guard(), or none.
 */
struct api_request {
	struct api *api;
	struct agent *agent;
	struct evhttp_request *http;
	char *segments[API_SEGMENTS];
	size_t n_segments;
	enum document_kind kind;
	struct evkeyvalq query;
	const char *body;
	size_t len;
};

/** api_reply - answer. @json: taken over; NULL counts as lack of memory. */
void api_reply(const struct api_request *r, int status, json_t *json);

/**
 * api_abandon - give up a request whose connection ends, from the connection's close callback.
 * evhttp leaves to us what it has taken off a connection that failed, and frees the rest with it.
 */
void api_abandon(struct evhttp_request *http);

/** api_refuse - answer {"error": MESSAGE}. */
void api_refuse(const struct api_request *r, int status, const char *message, ...)
	__attribute__((format(printf, 3, 4)));

/** api_diag - diag_new() for what is wrong with a body. */
struct diag *api_diag(void);

/** api_query - a parameter, or NULL. */
const char *api_query(const struct api_request *r, const char *name);

/** api_query_flag - whether a parameter is given as 1 or true, or alone. */
bool api_query_flag(const struct api_request *r, const char *name);

/** api_query_number - a parameter from @min to @max; @value untouched if it is not given.
 *
 * Return: false if it is something else; refused then.
 */
bool api_query_number(const struct api_request *r, const char *name, unsigned long min,
		      unsigned long max, unsigned long *value);

/* The handlers; each answers. */
void api_list(const struct api_request *r);
void api_get(const struct api_request *r);
void api_put(const struct api_request *r);
void api_attach(const struct api_request *r);
void api_delete(const struct api_request *r);
void api_transact(const struct api_request *r);
void api_trial_get(const struct api_request *r);
void api_trial_confirm(const struct api_request *r);
void api_trial_undo(const struct api_request *r);
void api_status(const struct api_request *r);
void api_agent(const struct api_request *r);
void api_flows(const struct api_request *r);
void api_drops(const struct api_request *r);
void api_reconcile(const struct api_request *r);
void api_watch(const struct api_request *r);

/**
 * api_queue - make a change together with others that wait, and answer then.
 * @change: taken over.
 * @port: of api_attach(): the document, taken over; else NULL.
 */
void api_queue(const struct api_request *r, struct documents_change **change, json_t *port);

/** api_attachment - what the answer about a new port has besides: its document, and what its
 * interface needs to be told. */
json_t *api_attachment(const struct agent *a, const json_t *port);

/** api_unclaim - its addresses are its own now, or nobody's. */
void api_unclaim(struct api *api, const json_t *port);

int api_queue_open(struct api *api);
void api_queue_close(struct api *api);

void api_metrics(const struct api_request *r);

/** api_metrics_open - listen where Prometheus is to ask, if anywhere. Return: 0 or -errno. */
int api_metrics_open(struct api *api);

void api_metrics_close(struct api *api);

/** api_watch_close - hang up on all who watch. */
void api_watch_close(struct api *api);

/** api_trial_close - forget what waits to be confirmed; it stays as it is. */
void api_trial_close(struct api *api);

#endif
