/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The API's socket, who may ask, and what answers; see api.h. */
#include "api.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/listener.h>

#include "api_parts.h"
#include "diag.h"
#include "util.h"

#define BACKLOG      1024
#define HEADERS_MAX  (8 * 1024)
#define BODY_MAX     (16 * 1024 * 1024)
#define IDLE_SECONDS 60

/**
 * struct route - a request that is known.
 * @path: behind /v1. {documents} stands for a list of documents, other {words} for anything.
 * @body: it has one, of JSON.
 */
struct route {
	const char *path[API_SEGMENTS];
	void (*answer)(const struct api_request *r);
	enum evhttp_cmd_type method;
	bool body;
};

static void list_routes(const struct api_request *r);

static const struct route routes[] = {
	{{NULL}, list_routes, EVHTTP_REQ_GET, false},
	{{"agent"}, api_agent, EVHTTP_REQ_GET, false},
	{{"status"}, api_status, EVHTTP_REQ_GET, false},
	{{"flows"}, api_flows, EVHTTP_REQ_GET, false},
	{{"drops"}, api_drops, EVHTTP_REQ_GET, false},
	{{"watch"}, api_watch, EVHTTP_REQ_GET, false},
	{{"metrics"}, api_metrics, EVHTTP_REQ_GET, false},
	{{"reconcile"}, api_reconcile, EVHTTP_REQ_POST, false},
	{{"transactions"}, api_trial_get, EVHTTP_REQ_GET, false},
	{{"transactions"}, api_transact, EVHTTP_REQ_POST, true},
	{{"transactions", "{id}", "confirm"}, api_trial_confirm, EVHTTP_REQ_POST, false},
	{{"transactions", "{id}"}, api_trial_undo, EVHTTP_REQ_DELETE, false},
	{{"ports"}, api_attach, EVHTTP_REQ_POST, true},
	{{"{documents}"}, api_list, EVHTTP_REQ_GET, false},
	{{"{documents}", "{name}"}, api_get, EVHTTP_REQ_GET, false},
	{{"{documents}", "{name}"}, api_put, EVHTTP_REQ_PUT, true},
	{{"{documents}", "{name}"}, api_delete, EVHTTP_REQ_DELETE, false},
};

static const char *method_name(enum evhttp_cmd_type method)
{
	switch (method) {
	case EVHTTP_REQ_GET:
		return "GET";
	case EVHTTP_REQ_PUT:
		return "PUT";
	case EVHTTP_REQ_POST:
		return "POST";
	case EVHTTP_REQ_DELETE:
		return "DELETE";
	default:
		return "?";
	}
}

static const char *status_text(int status)
{
	static const struct {
		int status;
		const char *text;
	} texts[] = {
		{200, "OK"},
		{400, "Bad Request"},
		{403, "Forbidden"},
		{404, "Not Found"},
		{405, "Method Not Allowed"},
		{409, "Conflict"},
		{422, "Unprocessable Entity"},
		{500, "Internal Server Error"},
		{503, "Service Unavailable"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		if (texts[i].status == status)
			return texts[i].text;
	return "Status";
}

void api_reply(const struct api_request *r, int status, json_t *json)
{
	struct evkeyvalq *headers = evhttp_request_get_output_headers(r->http);
	char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;
	struct evbuffer *body = evbuffer_new();

	json_decref(json);
	evhttp_add_header(headers, "Content-Type", "application/json");
	if (body && text && !evbuffer_add_printf(body, "%s\n", text))
		text = NULL;
	if (!body || !text)
		evhttp_send_error(r->http, 500, NULL);
	else
		evhttp_send_reply(r->http, status, status_text(status), body);
	free(text);
	if (body)
		evbuffer_free(body);
}

void api_abandon(struct evhttp_request *http)
{
	if (!evhttp_request_get_connection(http))
		evhttp_request_free(http);
}

void api_refuse(const struct api_request *r, int status, const char *message, ...)
{
	va_list args;

	va_start(args, message);
	api_reply(r, status, json_pack("{s:o}", "error", json_vsprintf(message, args)));
	va_end(args);
}

const char *api_query(const struct api_request *r, const char *name)
{
	return evhttp_find_header(&r->query, name);
}

bool api_query_flag(const struct api_request *r, const char *name)
{
	const char *value = api_query(r, name);

	return value && (!*value || !strcmp(value, "1") || !strcmp(value, "true"));
}

bool api_query_number(const struct api_request *r, const char *name, unsigned long min,
		      unsigned long max, unsigned long *value)
{
	const char *text = api_query(r, name);
	unsigned long number;
	char *end;

	if (!text)
		return true;
	errno = 0;
	number = strtoul(text, &end, 10);
	if (*text < '0' || *text > '9' || *end || errno || number < min || number > max) {
		api_refuse(r, 400, "%s: give a number from %lu to %lu", name, min, max);
		return false;
	}
	*value = number;
	return true;
}

struct diag *api_diag(void)
{
	struct diag *diag = diag_new();

	if (diag)
		diag_set_file(diag, "API");
	return diag;
}

static bool is_list(const char *segment, enum document_kind *kind)
{
	for (int i = 0; i < __DOCUMENT_KIND_MAX; i++) {
		if (strcmp(document_list(i), segment) != 0)
			continue;
		*kind = i;
		return true;
	}
	return false;
}

static bool fits_path(const struct route *route, struct api_request *r)
{
	size_t i;

	for (i = 0; i < API_SEGMENTS && route->path[i]; i++) {
		if (i >= r->n_segments)
			return false;
		if (!strcmp(route->path[i], "{documents}")) {
			if (!is_list(r->segments[i], &r->kind))
				return false;
		} else if (route->path[i][0] != '{' &&
			   strcmp(route->path[i], r->segments[i]) != 0) {
			return false;
		}
	}
	return i == r->n_segments;
}

static json_t *route_json(const struct route *route, const char *documents)
{
	json_t *path = json_string("/v1");

	for (size_t i = 0; i < API_SEGMENTS && route->path[i]; i++) {
		const char *part =
			strcmp(route->path[i], "{documents}") ? route->path[i] : documents;
		json_t *longer = json_sprintf("%s/%s", json_string_value(path), part);

		json_decref(path);
		path = longer;
	}
	return json_pack("{s:s, s:o}", "method", method_name(route->method), "path", path);
}

static void list_routes(const struct api_request *r)
{
	json_t *list = json_array();

	for (size_t i = 0; i < ARRAY_SIZE(routes); i++) {
		bool each = routes[i].path[0] && !strcmp(routes[i].path[0], "{documents}");

		for (int kind = 0; kind < (each ? __DOCUMENT_KIND_MAX : 1); kind++)
			json_array_append_new(list, route_json(&routes[i], document_list(kind)));
	}
	api_reply(r, 200, json_pack("{s:s, s:o}", "version", WEFT_VERSION, "routes", list));
}

/* The body has to be strict JSON before anything looks into it. */
static bool guard_body(const struct api_request *r)
{
	_cleanup_(diag_freep) struct diag *diag = api_diag();

	if (!diag) {
		api_reply(r, 500, NULL);
		return false;
	}
	if (!json_guard(r->body, r->len, diag))
		return true;
	api_reply(r, 400,
		  json_pack("{s:s, s:o}", "error", "the body is not what is read here", "errors",
			    diag_json(diag)));
	return false;
}

static void dispatch(struct api_request *r)
{
	enum evhttp_cmd_type method = evhttp_request_get_command(r->http);
	bool known = false;

	for (size_t i = 0; i < ARRAY_SIZE(routes); i++) {
		if (!fits_path(&routes[i], r))
			continue;
		known = true;
		if (routes[i].method != method)
			continue;
		if (!routes[i].body || guard_body(r))
			routes[i].answer(r);
		return;
	}
	api_refuse(r, known ? 405 : 404, known ? "not with %s" : "there is nothing here for %s",
		   method_name(method));
}

/* Root alone, as the socket's mode says already. */
static bool may_ask(struct evhttp_request *http)
{
	struct bufferevent *bev =
		evhttp_connection_get_bufferevent(evhttp_request_get_connection(http));
	struct ucred peer;
	socklen_t len = sizeof(peer);

	return !getsockopt(bufferevent_getfd(bev), SOL_SOCKET, SO_PEERCRED, &peer, &len) &&
	       peer.uid == geteuid();
}

/* Return: whether the path begins with /v1 and has no more parts than any that is known. */
static bool split_path(struct api_request *r, const char *path)
{
	const char *next;
	size_t len;

	if (strncmp(path, "/v1", 3) != 0 || (path[3] && path[3] != '/'))
		return false;
	for (path += 3; *path; path = next) {
		char part[256];

		path++;
		len = strcspn(path, "/");
		next = path + len;
		if (!len && !*next) /* a slash at the end */
			break;
		if (!len || len >= sizeof(part) || r->n_segments == API_SEGMENTS)
			return false;
		memcpy(part, path, len);
		part[len] = '\0';
		r->segments[r->n_segments] = evhttp_uridecode(part, 0, NULL);
		if (!r->segments[r->n_segments++])
			return false;
	}
	return true;
}

static void release(struct api_request *r)
{
	for (size_t i = 0; i < r->n_segments; i++)
		free(r->segments[i]);
	evhttp_clear_headers(&r->query);
}

static void answer(struct evhttp_request *http, void *arg)
{
	const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(http);
	struct evbuffer *body = evhttp_request_get_input_buffer(http);
	struct api *api = arg;
	_cleanup_(release) struct api_request r = {.api = api, .agent = api->agent, .http = http};
	const char *query = uri ? evhttp_uri_get_query(uri) : NULL;

	TAILQ_INIT(&r.query);
	r.len = evbuffer_get_length(body);
	r.body = r.len ? (const char *)evbuffer_pullup(body, -1) : "";
	if (!may_ask(http))
		api_refuse(&r, 403, "only root may ask");
	else if (!uri || (query && evhttp_parse_query_str(query, &r.query)) || !r.body)
		api_refuse(&r, 400, "the address is not one");
	else if (!split_path(&r, evhttp_uri_get_path(uri) ?: ""))
		api_refuse(&r, 404, "there is nothing here; GET /v1 lists what there is");
	else
		dispatch(&r);
}

/* In a directory that nobody else can enter, with a name that comes whole and accessible to root
 * alone. */
static int make_socket(const char *path, int *out)
{
	_cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	mode_t mask;
	int err;

	if (fd < 0)
		return -errno;
	if (strlen(path) >= sizeof(addr.sun_path))
		return -ENAMETOOLONG;
	memcpy(addr.sun_path, path, strlen(path) + 1);
	if (unlink(path) && errno != ENOENT) /* of an agent before us: we hold its lock */
		return -errno;
	mask = umask(0177);
	err = bind(fd, (struct sockaddr *)&addr, sizeof(addr)) ? -errno : 0;
	umask(mask);
	if (!err && listen(fd, BACKLOG))
		err = -errno;
	if (!err)
		*out = TAKE_FD(fd);
	return err;
}

static int serve(struct api *api, int fd)
{
	struct evconnlistener *listener;

	api->http = evhttp_new(api->agent->base);
	if (!api->http)
		return -ENOMEM;
	evhttp_set_allowed_methods(api->http, EVHTTP_REQ_GET | EVHTTP_REQ_PUT | EVHTTP_REQ_POST |
						      EVHTTP_REQ_DELETE);
	evhttp_set_max_headers_size(api->http, HEADERS_MAX);
	evhttp_set_max_body_size(api->http, BODY_MAX);
	evhttp_set_timeout(api->http, IDLE_SECONDS);
	evhttp_set_gencb(api->http, answer, api);
	listener = evconnlistener_new(api->agent->base, NULL, NULL,
				      LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, fd);
	if (!listener)
		return -ENOMEM;
	if (evhttp_bind_listener(api->http, listener))
		return 0;
	evconnlistener_free(listener);
	return -ENOMEM;
}

int api_open(struct agent *a, struct api **out)
{
	struct api *api = calloc(1, sizeof(*api));
	int fd = -1, err;

	if (!api)
		return -ENOMEM;
	api->agent = a;
	api->taken_of = ~0ULL;
	api->cursors = json_object();
	err = api_queue_open(api);
	if (!err)
		err = api_metrics_open(api);
	if (!err)
		err = make_socket(a->options.socket, &fd);
	if (!err)
		err = serve(api, fd);
	if (err) {
		closep(&fd);
		api_close(api);
		return err;
	}
	*out = api;
	return 0;
}

void api_close(struct api *api)
{
	if (!api)
		return;
	api_watch_close(api);
	api_trial_close(api);
	api_metrics_close(api);
	if (api->http)
		evhttp_free(api->http);
	api_queue_close(api);
	set_clear(&api->claimed);
	set_clear(&api->waiting);
	set_clear(&api->taken);
	json_decref(api->cursors);
	unlink(api->agent->options.socket);
	free(api);
}
