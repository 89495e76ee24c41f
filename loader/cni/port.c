/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The agent's side: the port; see cni.h. */
#include <stdio.h>
#include <string.h>

#include "agent_client.h"
#include "cni.h"
#include "util.h"

/* What the agent complains about, in one line. */
static void complaint(const json_t *answer, char *text, size_t size)
{
	const json_t *errors = json_object_get(answer, "errors"), *entry;
	const char *error = json_string_value(json_object_get(answer, "error"));
	size_t len, i;

	len = snprintf(text, size, "%s", error ?: "it gave no reason");
	json_array_foreach (errors, i, entry) {
		const char *message = json_string_value(json_object_get(entry, "message"));

		if (message && len < size)
			len += snprintf(text + len, size - len, "%s %s", i ? ";" : ":", message);
	}
}

static int no_agent(struct cni *c, int err)
{
	return cni_fail(&c->error, strcmp(c->command, "STATUS") ? CNI_TRY_AGAIN : CNI_NOT_AVAILABLE,
			"the weft agent does not answer", "%s: %s",
			*c->socket ? c->socket : "/run/weft", strerror(-err));
}

/* Return: HTTP status, or -1. */
static int ask(struct cni *c, const char *method, const char *path, const json_t *body,
	       json_t **answer)
{
	int status = 0, err;

	err = *c->socket ? agent_ask(NULL, c->socket, method, path, body, &status, answer)
			 : -ENOENT;
	if (err)
		return no_agent(c, err);
	if (status == 503) { /* it is there, and cannot just now */
		char text[600];

		complaint(*answer, text, sizeof(text));
		json_decref(*answer);
		*answer = NULL;
		return cni_fail(&c->error, CNI_TRY_AGAIN, "the weft agent is busy", "%s", text);
	}
	return status;
}

static int refused(struct cni *c, const char *what, const json_t *answer)
{
	char text[800];

	complaint(answer, text, sizeof(text));
	return cni_fail(&c->error, CNI_REFUSED, what, "%s", text);
}

int port_add(struct cni *c, const json_t *port, json_t **answer)
{
	json_t *got = NULL;
	int status = ask(c, "POST", "/v1/ports", port, &got);

	if (status == 200 && json_is_object(json_object_get(got, "attachment"))) {
		*answer = got;
		return 0;
	}
	if (status > 0)
		refused(c, "the weft agent refused the port", got);
	json_decref(got);
	return -1;
}

int port_get(struct cni *c, json_t **entry)
{
	char path[64];
	int status;

	*entry = NULL;
	snprintf(path, sizeof(path), "/v1/ports/%s", c->port);
	status = ask(c, "GET", path, NULL, entry);
	if (status == 200)
		return 0;
	if (status > 0 && status != 404)
		refused(c, "the weft agent does not tell about the port", *entry);
	json_decref(*entry);
	*entry = NULL;
	return status == 404 ? 0 : -1;
}

int port_del_now(struct cni *c, const char *port)
{
	json_t *answer = NULL;
	char path[64];
	int status;

	snprintf(path, sizeof(path), "/v1/ports/%s", port);
	status = ask(c, "DELETE", path, NULL, &answer);
	if (status > 0 && status != 200 && status != 404)
		refused(c, "the weft agent did not delete the port", answer);
	json_decref(answer);
	return status == 200 || status == 404 ? 0 : -1;
}

int port_del(struct cni *c, const char *port)
{
	struct cni_error why;

	if (!port_del_now(c, port))
		return 0;
	if (c->error.code != CNI_TRY_AGAIN)
		return -1;
	why = c->error;
	c->error = (struct cni_error){};
	if (!note_write(c, port))
		return 0;
	c->error = why; /* the runtime has to remember, then */
	return -1;
}

int port_list(struct cni *c, json_t **ports)
{
	json_t *answer = NULL;
	int status = ask(c, "GET", "/v1/ports", NULL, &answer);

	*ports = status == 200 ? json_incref(json_object_get(answer, "ports")) : NULL;
	if (status > 0 && !*ports)
		refused(c, "the weft agent does not list its ports", answer);
	json_decref(answer);
	return *ports ? 0 : -1;
}

int port_ready(struct cni *c)
{
	const char *network = json_string_value(json_object_get(c->conf, "network"));
	json_t *answer = NULL;
	char path[128];
	int status;

	snprintf(path, sizeof(path), "/v1/networks/%.63s", network);
	status = ask(c, "GET", path, NULL, &answer);
	json_decref(answer);
	if (status == 200)
		return 0;
	if (status < 0 && c->error.code == CNI_TRY_AGAIN)
		c->error.code = CNI_NOT_AVAILABLE;
	return status < 0 ? -1
			  : cni_fail(&c->error, CNI_NOT_AVAILABLE, "the network does not exist",
				     "there is no network %.63s", network);
}

int port_look(struct cni *c)
{
	json_t *answer = NULL;
	int status = ask(c, "POST", "/v1/reconcile", NULL, &answer);

	json_decref(answer);
	return status < 0 ? -1 : 0;
}
