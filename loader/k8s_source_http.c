/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* See k8s_source_http.h. */
#include "k8s_source_http.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <event2/event.h>

#include "util.h"

#define CONNECT_TIMEOUT_S 10
#define KEEPALIVE_IDLE_S  30
#define KEEPALIVE_EACH_S  10
/* How long a peer may leave data or keepalives unacknowledged: it is dead then. */
#define UNACKED_MAX_MS 60000
#define BUFFER_BYTES   (256L * 1024)

struct k8s_http {
	const struct k8s_curl *curl;
	const struct k8s_login *login;
	struct event_base *base;
	CURLM *multi;
	struct event *timer;
};

struct k8s_transfer {
	struct k8s_http *http;
	CURL *easy;
	struct curl_slist *headers;
	struct k8s_http_user user;
	char error[CURL_ERROR_SIZE];
};

static long get_long(const struct k8s_transfer *t, CURLINFO info)
{
	long value = 0;

	t->http->curl->easy_getinfo(t->easy, info, &value);
	return value;
}

static void transfer_free(struct k8s_transfer *t)
{
	const struct k8s_curl *curl = t->http->curl;

	if (t->easy) {
		curl->multi_remove_handle(t->http->multi, t->easy);
		curl->easy_cleanup(t->easy);
	}
	/* A token is in there. */
	for (struct curl_slist *header = t->headers; header; header = header->next)
		explicit_bzero(header->data, strlen(header->data));
	curl->slist_free_all(t->headers);
	free(t);
}

static void finish(struct k8s_transfer *t, CURLcode code)
{
	const struct k8s_http_user user = t->user;
	struct k8s_result result = {.status = get_long(t, CURLINFO_RESPONSE_CODE)};
	curl_off_t wait_s = 0;
	char why[CURL_ERROR_SIZE + 64];

	t->http->curl->easy_getinfo(t->easy, CURLINFO_RETRY_AFTER, &wait_s);
	result.wait_s = wait_s > 0 && wait_s < 86400 ? (long)wait_s : 0;
	if (code) {
		snprintf(why, sizeof(why), "%s",
			 t->error[0] ? t->error : t->http->curl->easy_strerror(code));
		result.why = why;
	}
	transfer_free(t);
	user.done(user.arg, &result);
}

/* Not from within libcurl's own calls: done() may begin a transfer. */
static void finish_all(struct k8s_http *http)
{
	struct k8s_transfer *t;
	CURLMsg *message;
	int left;

	while ((message = http->curl->multi_info_read(http->multi, &left))) {
		if (message->msg != CURLMSG_DONE)
			continue;
		http->curl->easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &t);
		finish(t, message->data.result);
	}
}

static void socket_ready(evutil_socket_t fd, short what, void *arg)
{
	struct k8s_http *http = arg;
	int action =
		(what & EV_READ ? CURL_CSELECT_IN : 0) | (what & EV_WRITE ? CURL_CSELECT_OUT : 0);
	int running;

	http->curl->multi_socket_action(http->multi, fd, action, &running);
	finish_all(http);
}

static void time_is_up(evutil_socket_t fd __attribute__((unused)),
		       short what __attribute__((unused)), void *arg)
{
	struct k8s_http *http = arg;
	int running;

	http->curl->multi_socket_action(http->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	finish_all(http);
}

static int want_socket(CURL *easy __attribute__((unused)), curl_socket_t fd, int what, void *arg,
		       void *event)
{
	struct k8s_http *http = arg;
	short flags = EV_PERSIST | (what & CURL_POLL_IN ? EV_READ : 0) |
		      (what & CURL_POLL_OUT ? EV_WRITE : 0);

	if (event)
		event_free(event);
	event = what == CURL_POLL_REMOVE ? NULL
					 : event_new(http->base, fd, flags, socket_ready, http);
	http->curl->multi_assign(http->multi, fd, event);
	if (what == CURL_POLL_REMOVE)
		return 0;
	return event && !event_add(event, NULL) ? 0 : -1;
}

static int want_time(CURLM *multi __attribute__((unused)), long ms, void *arg)
{
	struct k8s_http *http = arg;
	const struct timeval in = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};

	if (ms < 0)
		return event_del(http->timer);
	return event_add(http->timer, &in);
}

struct k8s_http *k8s_http_open(const struct k8s_curl *curl, struct event_base *base,
			       const struct k8s_login *login)
{
	struct k8s_http *http = calloc(1, sizeof(*http));

	if (!http)
		return NULL;
	*http = (struct k8s_http){.curl = curl, .login = login, .base = base};
	http->timer = evtimer_new(base, time_is_up, http);
	http->multi = curl->multi_init();
	if (!http->timer || !http->multi) {
		k8s_http_close(http);
		return NULL;
	}
	curl->multi_setopt(http->multi, CURLMOPT_SOCKETFUNCTION, want_socket);
	curl->multi_setopt(http->multi, CURLMOPT_SOCKETDATA, http);
	curl->multi_setopt(http->multi, CURLMOPT_TIMERFUNCTION, want_time);
	curl->multi_setopt(http->multi, CURLMOPT_TIMERDATA, http);
	return http;
}

void k8s_http_close(struct k8s_http *http)
{
	if (!http)
		return;
	if (http->multi)
		http->curl->multi_cleanup(http->multi);
	if (http->timer)
		event_free(http->timer);
	free(http);
}

static size_t on_header(char *s, size_t size, size_t n, void *arg)
{
	const struct k8s_transfer *t = arg;
	long status = get_long(t, CURLINFO_RESPONSE_CODE);
	bool last = size * n == 2 && s[0] == '\r';

	/* What comes with 1xx is not the answer yet. */
	if (last && status >= 200)
		t->user.began(t->user.arg, status);
	return size * n;
}

static size_t on_data(char *s, size_t size, size_t n, void *arg)
{
	const struct k8s_transfer *t = arg;
	long status = get_long(t, CURLINFO_RESPONSE_CODE);

	return t->user.data(t->user.arg, status, s, size * n) ? 0 : size * n;
}

/* A failure here is the kernel's not to know the option, which only makes it slower to notice. */
static int on_socket(void *arg __attribute__((unused)), curl_socket_t fd,
		     curlsocktype purpose __attribute__((unused)))
{
	unsigned int ms = UNACKED_MAX_MS;

	setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &ms, sizeof(ms));
	return CURL_SOCKOPT_OK;
}

struct option {
	CURLoption option;
	long number;
	const void *pointer; /* where there is no number */
};

static CURLcode set_all(const struct k8s_transfer *t, const struct option *options, size_t n)
{
	CURLcode code = CURLE_OK;

	for (size_t i = 0; i < n && !code; i++) {
		const struct option *o = &options[i];

		if (o->option < CURLOPTTYPE_OBJECTPOINT)
			code = t->http->curl->easy_setopt(t->easy, o->option, o->number);
		else
			code = t->http->curl->easy_setopt(t->easy, o->option, o->pointer);
	}
	return code;
}

/* Nothing of the environment counts, nor of a user's files. */
static CURLcode set_manners(const struct k8s_transfer *t)
{
	static const struct option options[] = {
		{CURLOPT_NOSIGNAL, 1, NULL},
		{CURLOPT_FOLLOWLOCATION, 0, NULL},
		{CURLOPT_PROXY, 0, ""},
		{CURLOPT_PROTOCOLS_STR, 0, "http,https"},
		{CURLOPT_USERAGENT, 0, "weft/" WEFT_VERSION},
		/* One stuck connection is to be one stuck watch. */
		{CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1, NULL},
		{CURLOPT_BUFFERSIZE, BUFFER_BYTES, NULL},
		{CURLOPT_CONNECTTIMEOUT, CONNECT_TIMEOUT_S, NULL},
		{CURLOPT_TCP_KEEPALIVE, 1, NULL},
		{CURLOPT_TCP_KEEPIDLE, KEEPALIVE_IDLE_S, NULL},
		{CURLOPT_TCP_KEEPINTVL, KEEPALIVE_EACH_S, NULL},
		{CURLOPT_SSL_VERIFYPEER, 1, NULL},
		{CURLOPT_SSL_VERIFYHOST, 2, NULL},
		{CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2, NULL},
		/* Authorities are replaced too. */
		{CURLOPT_CA_CACHE_TIMEOUT, 0, NULL},
	};

	return set_all(t, options, ARRAY_SIZE(options));
}

static CURLcode set_callbacks(struct k8s_transfer *t)
{
	const struct k8s_curl *curl = t->http->curl;
	const struct option options[] = {
		{CURLOPT_PRIVATE, 0, t},
		{CURLOPT_WRITEDATA, 0, t},
		{CURLOPT_HEADERDATA, 0, t},
		{CURLOPT_ERRORBUFFER, 0, t->error},
		{CURLOPT_HTTPHEADER, 0, t->headers},
	};
	CURLcode code = set_all(t, options, ARRAY_SIZE(options));

	code = code ?: curl->easy_setopt(t->easy, CURLOPT_WRITEFUNCTION, on_data);
	code = code ?: curl->easy_setopt(t->easy, CURLOPT_HEADERFUNCTION, on_header);
	return code ?: curl->easy_setopt(t->easy, CURLOPT_SOCKOPTFUNCTION, on_socket);
}

static CURLcode set_request(const struct k8s_transfer *t, const struct k8s_get *get,
			    const char *url)
{
	const struct k8s_login *login = t->http->login;
	const struct option options[] = {
		{CURLOPT_URL, 0, url},
		{CURLOPT_TIMEOUT, get->timeout_s, NULL},
		{CURLOPT_LOW_SPEED_LIMIT, get->silence_s ? 1 : 0, NULL},
		{CURLOPT_LOW_SPEED_TIME, get->silence_s, NULL},
		{CURLOPT_SSLCERT, 0, login->cert_file},
		{CURLOPT_SSLKEY, 0, login->key_file},
		{CURLOPT_CAINFO, 0, login->ca_file},
		/* libcurl would trust the authorities of the system as well. */
		{CURLOPT_CAPATH, 0, NULL},
	};

	/* The last two only where an authority is named. */
	return set_all(t, options, ARRAY_SIZE(options) - (login->ca_file ? 0 : 2));
}

static int add_header(struct k8s_transfer *t, const char *header)
{
	struct curl_slist *longer = t->http->curl->slist_append(t->headers, header);

	if (!longer)
		return -ENOMEM;
	t->headers = longer;
	return 0;
}

/* All that a transfer needs. Return: 0, -EBADMSG, -ENOMEM. */
static int prepare(struct k8s_transfer *t, const struct k8s_get *get, struct k8s_problem *problem)
{
	const struct k8s_http *http = t->http;
	_cleanup_free_ char *url = NULL, *header = NULL;
	CURLcode code;
	int err;

	if (!t->easy)
		return -ENOMEM;
	if (asprintf(&url, "%s%s", http->login->server, get->path) < 0) {
		url = NULL;
		return -ENOMEM;
	}
	err = k8s_login_header(http->login, &header, problem);
	if (!err)
		err = add_header(t, "Accept: application/json");
	if (!err && header) {
		err = add_header(t, header);
		explicit_bzero(header, strlen(header));
	}
	if (err)
		return err;
	code = set_manners(t) ?: set_callbacks(t) ?: set_request(t, get, url);
	if (code)
		return k8s_complain(problem, "libcurl: %s", http->curl->easy_strerror(code));
	return http->curl->multi_add_handle(http->multi, t->easy) ? -ENOMEM : 0;
}

struct k8s_transfer *k8s_http_get(struct k8s_http *http, const struct k8s_get *get,
				  const struct k8s_http_user *user, struct k8s_problem *problem)
{
	struct k8s_transfer *t = calloc(1, sizeof(*t));
	int err;

	if (!t) {
		k8s_complain(problem, "out of memory");
		return NULL;
	}
	*t = (struct k8s_transfer){.http = http, .easy = http->curl->easy_init(), .user = *user};
	err = prepare(t, get, problem);
	if (!err)
		return t;
	if (err == -ENOMEM)
		k8s_complain(problem, "out of memory");
	transfer_free(t);
	return NULL;
}

void k8s_http_cancel(struct k8s_transfer *transfer)
{
	if (transfer)
		transfer_free(transfer);
}

char *k8s_http_escape(const struct k8s_http *http, const char *s)
{
	char *escaped = http->curl->easy_escape(NULL, s, 0);
	char *copy = escaped ? strdup(escaped) : NULL;

	http->curl->free(escaped);
	return copy;
}
