/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* See k8s_follow.h. */
#include "k8s_follow.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "agent_client.h"
#include "clock.h"
#include "diag.h"
#include "event_line.h"
#include "k8s.h"
#include "k8s_change.h"
#include "notify.h"
#include "util.h"

#define GATHER_MS      20  /* events of a pod come in bursts */
#define APART_MS       100 /* between two changes, at least */
#define APART_FACTOR   4   /* and so many times as long as one takes: a fifth of a processor */
#define RETRY_FIRST_MS 200 /* twice as long each time */
#define RETRY_LAST_MS  30000
#define CHECK_SECONDS                                                                              \
	60 /* how often the agent is told all of it, in case somebody else was there */

/** struct follower - a cluster that is followed. */
struct follower {
	const struct k8s_follow *options;
	struct event_base *base;
	struct k8s_source *source;
	struct event *sync;
	json_t *told;       /* documents as the agent has them; NULL: not known */
	char *complaints;   /* the latest, so that they are not said again */
	char *refusal;      /* likewise the agent's */
	double last_ms;     /* when the agent was told last */
	double took_ms;     /* how long that took */
	unsigned int tries; /* in vain, since it last went right */
	bool ready;
};

static void say(const char *event, json_t *fields)
{
	free(event_line(event, fields));
}

static void schedule(struct follower *f, double ms)
{
	const struct timeval in = {.tv_sec = (time_t)(ms / 1000),
				   .tv_usec = (suseconds_t)(ms * 1000) % 1000000};

	evtimer_add(f->sync, &in);
}

/* Not sooner than what was scheduled for a reason: a retry that waits goes on waiting. */
static void changed(void *arg)
{
	struct follower *f = arg;
	double apart = f->took_ms * APART_FACTOR > APART_MS ? f->took_ms * APART_FACTOR : APART_MS;
	double left = apart - (clock_ms() - f->last_ms);

	if (!evtimer_pending(f->sync, NULL))
		schedule(f, left > GATHER_MS ? left : GATHER_MS);
}

static void server_problem(const char *plural, const char *problem,
			   void *arg __attribute__((unused)))
{
	say("server", json_pack("{s:s, s:s?}", "resource", plural, "problem", problem));
}

/* What is wrong with objects is said once, until something else is. */
static void say_complaints(struct follower *f, struct diag *diag)
{
	json_t *entries = diag_json(diag);
	char *text = entries ? json_dumps(entries, JSON_COMPACT) : NULL;
	bool same = text && f->complaints && !strcmp(text, f->complaints);

	if (text && !same && (f->complaints || json_array_size(entries)))
		say("objects", json_pack("{s:O}", "errors", entries));
	json_decref(entries);
	if (!text)
		return;
	free(f->complaints);
	f->complaints = text;
}

/* Return: the documents by kind and name, NULL without memory. */
static json_t *wanted(struct follower *f)
{
	_cleanup_(diag_freep) struct diag *diag = diag_new();
	json_auto_t *objects = k8s_source_objects(f->source), *documents = NULL;
	const struct k8s_options options = {.node = f->options->node,
					    .admit = f->options->admit,
					    .list_pods = true,
					    .diag = diag};

	if (!diag || !objects || k8s_convert(objects, &options, &documents))
		return NULL;
	say_complaints(f, diag);
	return k8s_change_by_name(documents);
}

static int ask(const struct follower *f, const char *method, const char *path, const json_t *body,
	       json_t **answer)
{
	int status = 0;
	int err = agent_ask(f->options->node, f->options->socket, method, path, body, &status,
			    answer);

	return err ? err : status;
}

/* The names that a follower before this one has left with the agent. */
static int recall(struct follower *f)
{
	json_t *known = json_object();
	int status = 200;

	for (size_t i = 0; known && i < K8S_CHANGE_KINDS && status == 200; i++) {
		json_auto_t *answer = NULL;
		char path[64];

		snprintf(path, sizeof(path), "/v1/%s", k8s_change_kinds[i]);
		status = ask(f, "GET", path, NULL, &answer);
		if (status == 200 && k8s_change_recall(known, k8s_change_kinds[i], answer))
			status = -ENOMEM;
	}
	if (!known)
		return -ENOMEM;
	if (status == 200)
		f->told = known;
	else
		json_decref(known);
	return status;
}

/* Why the agent did not take it, once. */
static void say_refusal(struct follower *f, int status, json_t *answer)
{
	json_t *fields = status < 0 ? json_pack("{s:s}", "problem", strerror(-status))
				    : json_pack("{s:i, s:O?}", "status", status, "answer", answer);
	char *text = fields ? json_dumps(fields, JSON_COMPACT) : NULL;

	if (text && (!f->refusal || strcmp(text, f->refusal) != 0))
		say("refused", json_incref(fields));
	json_decref(fields);
	if (!text)
		return;
	free(f->refusal);
	f->refusal = text;
}

static void say_applied(struct follower *f, const json_t *change, double began)
{
	say("applied",
	    json_pack("{s:i, s:i, s:f}", "put", k8s_change_count(change, "put"), "deleted",
		      k8s_change_count(change, "delete"), "ms", clock_ms() - began));
	if (!f->ready)
		notify("READY=1");
	f->ready = true;
	free(TAKE_PTR(f->refusal));
}

/* Return: 200, another status of HTTP, or -errno. */
static int send_change(struct follower *f, json_t *documents, double began)
{
	json_auto_t *change = k8s_change(f->told, documents), *answer = NULL;
	int status = change ? 200 : -ENOMEM;
	bool empty = change && k8s_change_is_empty(change);

	if (change && !empty)
		status = ask(f, "POST", "/v1/transactions", change, &answer);
	if (status != 200) {
		say_refusal(f, status, answer);
		return status;
	}
	json_decref(f->told);
	f->told = json_incref(documents);
	if (!empty || !f->ready)
		say_applied(f, change, began);
	return status;
}

static int tell(struct follower *f, json_t *documents)
{
	double began = clock_ms();
	int status = f->told ? 200 : recall(f);

	if (status == 200)
		return send_change(f, documents, began);
	say_refusal(f, status, NULL);
	return status;
}

static void retry(struct follower *f)
{
	double ms = RETRY_FIRST_MS;

	for (unsigned int i = 0; i < f->tries && ms < RETRY_LAST_MS; i++)
		ms *= 2;
	f->tries++;
	json_decref(f->told); /* it may have been done all the same */
	f->told = NULL;
	schedule(f, ms < RETRY_LAST_MS ? ms : RETRY_LAST_MS);
}

static void sync_now(evutil_socket_t fd __attribute__((unused)), short what __attribute__((unused)),
		     void *arg)
{
	struct follower *f = arg;
	json_auto_t *documents = NULL;
	double began = clock_ms();

	if (!k8s_source_synced(f->source))
		return; /* half of a cluster would forbid what the other half allows */
	documents = wanted(f);
	if (!documents || tell(f, documents) != 200)
		retry(f);
	else
		f->tries = 0;
	f->last_ms = clock_ms();
	f->took_ms = f->last_ms - began;
}

/* All of it again: the agent answers soon that nothing changes. */
static void check(evutil_socket_t fd __attribute__((unused)), short what __attribute__((unused)),
		  void *arg)
{
	struct follower *f = arg;

	if (f->tries)
		return;
	json_decref(f->told);
	f->told = NULL;
	changed(f);
}

static void stop(evutil_socket_t fd __attribute__((unused)), short what __attribute__((unused)),
		 void *arg)
{
	event_base_loopbreak(arg);
}

static int turn(struct follower *f)
{
	const struct timeval often = {.tv_sec = CHECK_SECONDS};
	struct event *events[] = {
		evsignal_new(f->base, SIGTERM, stop, f->base),
		evsignal_new(f->base, SIGINT, stop, f->base),
		event_new(f->base, -1, EV_PERSIST, check, f),
	};
	int err = 0;

	for (size_t i = 0; i < ARRAY_SIZE(events); i++)
		if (!events[i] || event_add(events[i], events[i] == events[2] ? &often : NULL))
			err = -ENOMEM;
	if (!err)
		event_base_dispatch(f->base);
	for (size_t i = 0; i < ARRAY_SIZE(events); i++)
		if (events[i])
			event_free(events[i]);
	return err;
}

static int open_follower(struct follower *f, char **problem)
{
	struct k8s_source_config config = f->options->source;

	f->base = event_base_new();
	f->sync = f->base ? evtimer_new(f->base, sync_now, f) : NULL;
	if (!f->sync)
		return -ENOMEM;
	config.problem = server_problem;
	f->source = k8s_source_open(f->base, &config, changed, f, problem);
	return f->source ? 0 : -EINVAL;
}

int k8s_follow(const struct k8s_follow *options, char **problem)
{
	struct follower f = {.options = options};
	int err;

	signal(SIGPIPE, SIG_IGN);
	err = open_follower(&f, problem);
	if (!err) {
		say("started", json_pack("{s:s}", "node", options->node));
		err = turn(&f);
		say("stopped", NULL);
	}
	k8s_source_close(f.source);
	if (f.sync)
		event_free(f.sync);
	if (f.base)
		event_base_free(f.base);
	json_decref(f.told);
	free(f.complaints);
	free(f.refusal);
	return err;
}
