/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The agent's side: the port; see cni.h. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "agent_client.h"
#include "cni.h"
#include "k8s.h"
#include "util.h"

/* How long a pod may have to wait until whoever follows the cluster has told the agent of it. */
#define AWAIT_MS 10000
#define POLL_MS  50

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

/* Return: 1 if the policies of the pod are known to the agent, 0 if not, -1. */
static int is_pod_known(struct cni *c, const char *pod)
{
	json_auto_t *got = NULL;
	int status = ask(c, "GET", "/v1/policies/" K8S_KNOWN, NULL, &got);
	const json_t *pods = json_object_get(
		json_object_get(json_object_get(got, "document"), "applies_to"), "pods");
	json_t *item;
	size_t i;

	if (status < 0)
		return -1;
	json_array_foreach (pods, i, item) {
		if (!strcmp(json_string_value(item) ?: "", pod))
			return 1;
	}
	return json_is_string(pods) && !strcmp(json_string_value(pods), pod);
}

int port_await_policies(struct cni *c)
{
	const char *namespace = json_string_value(json_object_get(c->args, "K8S_POD_NAMESPACE"));
	const char *name = json_string_value(json_object_get(c->args, "K8S_POD_NAME"));
	const struct timespec pause = {.tv_nsec = POLL_MS * 1000000};
	_cleanup_free_ char *pod = NULL;

	if (!json_is_true(json_object_get(c->conf, "network_policies")) || !namespace || !name)
		return 0;
	if (asprintf(&pod, "%s/%s", namespace, name) < 0) {
		pod = NULL;
		return cni_fail(&c->error, CNI_IO, "out of memory", "the pod's name");
	}
	for (int waited = 0; waited <= AWAIT_MS; waited += POLL_MS) {
		int known = is_pod_known(c, pod);

		if (known)
			return known < 0 ? -1 : 0;
		nanosleep(&pause, NULL);
	}
	return cni_fail(&c->error, CNI_TRY_AGAIN, "the pod's policies are not known yet",
			"%.200s is not in policy " K8S_KNOWN "; does weft k8s --watch run?", pod);
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
