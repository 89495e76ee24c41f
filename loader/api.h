/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The agent's API: HTTP with JSON over a UNIX socket that is root's alone. docs/openapi.yaml
 * describes it, request by request.
 *
 *	api.c             the socket, who may ask, what answers
 *	api_documents.c   networks, ports, address sets, policies: list, get, put, delete
 *	api_change.c      a change: dry, on trial, or by the queue
 *	api_queue.c       changes that wait, made together
 *	api_views.c       what the kernel has: status, flows, drops
 *	api_watch.c       events, as they happen
 *	api_metrics.c     counters for Prometheus, over TCP too
 */
#ifndef WEFT_LOADER_API_H
#define WEFT_LOADER_API_H

#include <stddef.h>

struct agent;
struct api;

/** api_open - listen. @out: released by api_close(). Return: 0 or -errno. */
int api_open(struct agent *a, struct api **out);

/** api_close - hang up; NULL is fine. */
void api_close(struct api *api);

/** api_tell - a line for all who watch. */
void api_tell(struct api *api, const char *line, size_t len);

#endif
