/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* A question to the agent of a node, by its API (docs/agent.md); for verbs that need one answer. */
#ifndef WEFT_LOADER_AGENT_CLIENT_H
#define WEFT_LOADER_AGENT_CLIENT_H

#include <jansson.h>

#define AGENT_SOCKET "/run/weft/%s.sock" /* with the node's name */

/**
 * agent_ask - one request, one answer.
 * @socket: path of the agent's socket; NULL: the usual one of @node.
 * @method: "GET", "PUT", ...
 * @path: "/v1/ports/web-1"; what is not a letter, digit, or one of -_./?=& is the caller's to
 * encode.
 * @body: NULL = none.
 * @status: receives the HTTP status.
 * @answer: receives the document, which the caller owns; NULL if there is none.
 *
 * Return: 0, also if the agent refused; -ENOENT or -ECONNREFUSED if no agent listens; -EPROTO if
 * what answered is not one; -ETIMEDOUT; another -errno.
 */
int agent_ask(const char *node, const char *socket, const char *method, const char *path,
	      const json_t *body, int *status, json_t **answer);

#endif
