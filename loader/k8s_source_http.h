/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * GET requests to one server on an event loop: libcurl's multi interface says which sockets it
 * wants watched and when it wants to be woken, libevent does so. See k8s_source_parts.h.
 */
#ifndef WEFT_LOADER_K8S_SOURCE_HTTP_H
#define WEFT_LOADER_K8S_SOURCE_HTTP_H

#include "k8s_source_login.h"

struct k8s_http;
struct k8s_transfer;

/** struct k8s_result - how a transfer has ended. */
struct k8s_result {
	long status;     /* of HTTP; 0: it did not come to that */
	long wait_s;     /* Retry-After, or 0 */
	const char *why; /* what broke it off, in words; NULL: it came to its end */
};

/** struct k8s_http_user - who is told of a transfer. @done comes last, and not for a cancelled one.
 */
struct k8s_http_user {
	/* The headers are in. */
	void (*began)(void *arg, long status);
	/* Bytes of the answer, whatever its status. Return: 0, or anything else to break it off. */
	int (*data)(void *arg, long status, const char *s, size_t n);
	/* May begin another. */
	void (*done)(void *arg, const struct k8s_result *result);
	void *arg;
};

/** struct k8s_get - a request. */
struct k8s_get {
	const char *path;       /* with its query */
	unsigned int timeout_s; /* for the whole of it */
	unsigned int silence_s; /* how long nothing may come; 0: as long as the whole */
};

/** k8s_http_open - nothing is sent yet. @login outlives it. Return: NULL without memory. */
struct k8s_http *k8s_http_open(const struct k8s_curl *curl, struct event_base *base,
			       const struct k8s_login *login);

/** k8s_http_close - all transfers must have ended or been cancelled. NULL is none. */
void k8s_http_close(struct k8s_http *http);

/**
 * k8s_http_get - begin a transfer.
 *
 * Return: valid until done() or k8s_http_cancel(); NULL: see @problem.
 */
struct k8s_transfer *k8s_http_get(struct k8s_http *http, const struct k8s_get *get,
				  const struct k8s_http_user *user, struct k8s_problem *problem);

/** k8s_http_cancel - end it without a word. Not from began() or data(). NULL is none. */
void k8s_http_cancel(struct k8s_transfer *transfer);

/** k8s_http_escape - for a query. Return: to be freed; NULL without memory. */
char *k8s_http_escape(const struct k8s_http *http, const char *s);

#endif
