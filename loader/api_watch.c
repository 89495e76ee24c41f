/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Events for who watches: an answer that does not end, a JSON object a line; see api.h. */
#include <string.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>

#include "api_parts.h"
#include "util.h"

/* Who is that far behind does not read. */
#define BEHIND_MAX (1024 * 1024)

/* The request has gone before its connection does. */
static void forget(struct evhttp_connection *connection, void *arg)
{
	struct api *api = arg;

	for (size_t i = 0; i < API_WATCHERS; i++)
		if (api->watchers[i].connection == connection)
			api->watchers[i] = (struct api_watcher){};
}

void api_watch(const struct api_request *r)
{
	struct evhttp_connection *connection = evhttp_request_get_connection(r->http);
	struct api_watcher *place = NULL;

	for (size_t i = 0; i < API_WATCHERS && !place; i++)
		if (!r->api->watchers[i].http)
			place = &r->api->watchers[i];
	if (!place) {
		api_refuse(r, 503, "%d watch already", API_WATCHERS);
		return;
	}
	*place = (struct api_watcher){.http = r->http, .connection = connection};
	evhttp_connection_set_closecb(connection, forget, r->api);
	/* Nothing may happen for long. */
	bufferevent_set_timeouts(evhttp_connection_get_bufferevent(connection), NULL, NULL);
	evhttp_add_header(evhttp_request_get_output_headers(r->http), "Content-Type",
			  "application/x-ndjson");
	evhttp_send_reply_start(r->http, 200, "OK");
}

static size_t behind(const struct api_watcher *watcher)
{
	struct bufferevent *bev = evhttp_connection_get_bufferevent(watcher->connection);

	return evbuffer_get_length(bufferevent_get_output(bev));
}

void api_tell(struct api *api, const char *line, size_t len)
{
	struct evbuffer *part = evbuffer_new();

	for (size_t i = 0; i < API_WATCHERS && part; i++) {
		const struct api_watcher *watcher = &api->watchers[i];

		if (!watcher->http)
			continue;
		if (behind(watcher) > BEHIND_MAX)
			evhttp_connection_free(watcher->connection); /* which is to forget() it */
		else if (!evbuffer_add(part, line, len))
			evhttp_send_reply_chunk(watcher->http, part);
	}
	if (part)
		evbuffer_free(part);
}

void api_watch_close(struct api *api)
{
	for (size_t i = 0; i < API_WATCHERS; i++)
		if (api->watchers[i].http)
			evhttp_connection_free(api->watchers[i].connection);
}
