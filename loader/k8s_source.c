/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Three feeds, and whom they serve. See k8s_source.h. */
#include "k8s_source.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "k8s_source_feed.h"
#include "util.h"

#define WATCH_SECONDS     300
#define WATCH_SECONDS_MAX 3600 /* libcurl counts milliseconds */

struct k8s_source {
	struct k8s_login login;
	struct k8s_feed_owner owner;
	struct k8s_feed feeds[__K8S_KIND_MAX];
	struct event *tell; /* made active when there is something to tell */
	k8s_changed_fn changed;
	void *arg;
};

/* Later, and once for all that this turn of the loop brings. */
static void feed_changed(void *arg)
{
	const struct k8s_source *source = arg;

	event_active(source->tell, EV_TIMEOUT, 0);
}

static void tell(evutil_socket_t fd __attribute__((unused)), short what __attribute__((unused)),
		 void *arg)
{
	const struct k8s_source *source = arg;

	source->changed(source->arg); /* which may have closed it */
}

static int open_parts(struct k8s_source *source, const struct k8s_curl *curl,
		      const struct k8s_source_config *config, struct k8s_problem *problem)
{
	struct k8s_feed_owner *owner = &source->owner;
	int err = k8s_login_open(curl, config, &source->login, problem);

	if (err)
		return err;
	owner->http = k8s_http_open(curl, owner->base, &source->login);
	source->tell = evtimer_new(owner->base, tell, source);
	if (!owner->http || !source->tell)
		return -ENOMEM;
	for (int i = 0; i < __K8S_KIND_MAX && !err; i++)
		err = k8s_feed_open(&source->feeds[i], &k8s_resources[i], owner);
	return err;
}

static struct k8s_source *open_source(struct event_base *base,
				      const struct k8s_source_config *config,
				      k8s_changed_fn changed, void *arg,
				      struct k8s_problem *problem)
{
	unsigned int seconds = config->watch_seconds ?: WATCH_SECONDS;
	const char *why = "";
	const struct k8s_curl *curl = k8s_curl_load(&why);
	struct k8s_source *source;

	if (!curl) {
		k8s_complain(problem, "libcurl cannot be loaded (Debian: libcurl4): %.300s", why);
		return NULL;
	}
	source = calloc(1, sizeof(*source));
	if (!source)
		return NULL;
	source->changed = changed;
	source->arg = arg;
	source->owner = (struct k8s_feed_owner){
		.base = base,
		.watch_seconds = seconds < WATCH_SECONDS_MAX ? seconds : WATCH_SECONDS_MAX,
		.changed = feed_changed,
		.source = source,
		.problem = config->problem,
		.arg = arg,
	};
	if (!open_parts(source, curl, config, problem))
		return source;
	k8s_source_close(source);
	return NULL;
}

struct k8s_source *k8s_source_open(struct event_base *base, const struct k8s_source_config *config,
				   k8s_changed_fn changed, void *arg, char **problem)
{
	struct k8s_problem text = {"out of memory"};
	struct k8s_source *source = open_source(base, config, changed, arg, &text);

	if (!source)
		*problem = strdup(text.s);
	return source;
}

void k8s_source_close(struct k8s_source *source)
{
	if (!source)
		return;
	for (int i = 0; i < __K8S_KIND_MAX; i++)
		k8s_feed_close(&source->feeds[i]);
	k8s_http_close(source->owner.http);
	if (source->tell)
		event_free(source->tell);
	k8s_login_close(&source->login);
	free(source);
}

bool k8s_source_synced(const struct k8s_source *source)
{
	for (int i = 0; i < __K8S_KIND_MAX; i++)
		if (!source->feeds[i].synced)
			return false;
	return true;
}

json_t *k8s_source_objects(const struct k8s_source *source)
{
	json_t *array = json_array();

	for (int i = 0; i < __K8S_KIND_MAX && array; i++) {
		if (k8s_store_append(&source->feeds[i].store, array)) {
			json_decref(array);
			array = NULL;
		}
	}
	return array;
}

json_t *k8s_source_report(const struct k8s_source *source)
{
	json_t *array = json_array();

	for (int i = 0; i < __K8S_KIND_MAX && array; i++) {
		if (json_array_append_new(array, k8s_feed_report(&source->feeds[i]))) {
			json_decref(array);
			array = NULL;
		}
	}
	return array;
}
