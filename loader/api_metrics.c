/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Metrics over the API's socket, and over TCP for Prometheus: the node's (metrics.h) and the
 * agent's own. Who may not be root may ask here, so there is one request and one answer, and
 * however often they ask, it is put together anew no more than twice a second.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include <event2/buffer.h>
#include <event2/listener.h>
#include <event2/util.h>

#include "api_parts.h"
#include "diag.h"
#include "metrics.h"
#include "util.h"

#define FRESH_MS     500
#define HEADERS_MAX  4096
#define IDLE_SECONDS 10

/** struct api_metrics - the answer, and who listens for the question. @ms: when it was made. */
struct api_metrics {
	struct agent *agent;
	struct evhttp *http;
	char *text;
	size_t len;
	double ms;
};

static double now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1e3 + now.tv_nsec / 1e6;
}

static void write_number(FILE *out, const char *name, const char *type, double value,
			 const char *help)
{
	metrics_family(out, name, type, help);
	METRIC(out, name, value, NULL);
}

static void write_durations(FILE *out, const struct agent_counts *counts)
{
	static const char name[] = "weft_agent_apply_duration_seconds";
	static const char bucket[] = "weft_agent_apply_duration_seconds_bucket";
	double limit = 0.001;
	char text[32];

	metrics_family(out, name, "histogram", "How long the applies of this agent took.");
	for (int i = 0; i < AGENT_BUCKETS; i++, limit *= 4) {
		snprintf(text, sizeof(text), "%g", limit);
		METRIC(out, bucket, counts->took[i], "le", text);
	}
	METRIC(out, bucket, counts->applies, "le", "+Inf");
	METRIC(out, "weft_agent_apply_duration_seconds_sum", counts->seconds, NULL);
	METRIC(out, "weft_agent_apply_duration_seconds_count", counts->applies, NULL);
}

static void write_agent(const struct agent *a, FILE *out)
{
	json_t *status = agent_status(a);

	write_number(out, "weft_agent_in_step", "gauge",
		     json_is_true(json_object_get(status, "in_step")),
		     "Whether the node is all that the file and the API say.");
	write_number(out, "weft_agent_file_in_force", "gauge",
		     json_is_true(json_object_get(status, "file_in_force")),
		     "Whether the file as it is now is in force.");
	write_number(out, "weft_agent_pending", "gauge", a->pending ? diag_count(a->pending) : 0,
		     "Things that the file or the API names and this machine does not have.");
	write_number(out, "weft_agent_apply_failures_total", "counter", a->counts.failures,
		     "Applies that failed.");
	write_number(out, "weft_agent_repairs_total", "counter", a->counts.repairs,
		     "Applies that put right what somebody else had changed.");
	write_durations(out, &a->counts);
	json_decref(status);
}

static int refresh(struct api_metrics *m)
{
	const char *failed;
	char *text = NULL;
	size_t len = 0;
	FILE *out;
	int err;

	if (m->text && now_ms() - m->ms < FRESH_MS)
		return 0;
	out = open_memstream(&text, &len);
	if (!out)
		return -ENOMEM;
	err = metrics_write(&m->agent->pins, &m->agent->progs, out, &failed);
	if (err == -ENOENT) /* nothing is applied yet */
		err = 0;
	write_agent(m->agent, out);
	if (fclose(out) && !err)
		err = -ENOMEM;
	if (err) {
		free(text);
		return err;
	}
	free(m->text);
	m->text = text;
	m->len = len;
	m->ms = now_ms();
	return 0;
}

static void answer(struct evhttp_request *http, void *arg)
{
	struct evbuffer *body = evbuffer_new();
	struct api_metrics *m = arg;

	if (!body || refresh(m) || evbuffer_add(body, m->text, m->len)) {
		evhttp_send_error(http, 500, NULL);
	} else {
		evhttp_add_header(evhttp_request_get_output_headers(http), "Content-Type",
				  "text/plain; version=0.0.4; charset=utf-8");
		evhttp_send_reply(http, 200, "OK", body);
	}
	if (body)
		evbuffer_free(body);
}

/* "127.0.0.1:9470", "[::1]:9470", ":9470" for all of IPv6 and IPv4. */
static int make_socket(const char *where, evutil_socket_t *out)
{
	_cleanup_close_ int fd = -1;
	struct sockaddr_storage addr;
	int len = sizeof(addr), on = 1;
	char any[64];

	if (where[0] == ':') {
		snprintf(any, sizeof(any), "[::]%s", where);
		where = any;
	}
	if (evutil_parse_sockaddr_port(where, (struct sockaddr *)&addr, &len) ||
	    !strrchr(where, ':'))
		return -EINVAL;
	fd = socket(addr.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&addr, len) || listen(fd, 16))
		return -errno;
	*out = TAKE_FD(fd);
	return 0;
}

static int serve(struct api_metrics *m, const char *where)
{
	struct evconnlistener *listener;
	evutil_socket_t fd = -1;
	int err;

	err = make_socket(where, &fd);
	if (err)
		return err;
	m->http = evhttp_new(m->agent->base);
	listener = evconnlistener_new(m->agent->base, NULL, NULL,
				      LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, fd);
	if (!m->http || !listener || !evhttp_bind_listener(m->http, listener)) {
		if (listener)
			evconnlistener_free(listener);
		else
			close(fd);
		return -ENOMEM;
	}
	evhttp_set_allowed_methods(m->http, EVHTTP_REQ_GET);
	evhttp_set_max_headers_size(m->http, HEADERS_MAX);
	evhttp_set_max_body_size(m->http, 0);
	evhttp_set_timeout(m->http, IDLE_SECONDS);
	evhttp_set_cb(m->http, "/metrics", answer, m); /* all else is not found */
	return 0;
}

int api_metrics_open(struct api *api)
{
	const char *where = api->agent->options.metrics;

	api->metrics = calloc(1, sizeof(*api->metrics));
	if (!api->metrics)
		return -ENOMEM;
	api->metrics->agent = api->agent;
	return where ? serve(api->metrics, where) : 0;
}

void api_metrics(const struct api_request *r)
{
	answer(r->http, r->api->metrics);
}

void api_metrics_close(struct api *api)
{
	struct api_metrics *m = TAKE_PTR(api->metrics);

	if (!m)
		return;
	if (m->http)
		evhttp_free(m->http);
	free(m->text);
	free(m);
}
