/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * One resource: list it, watch it, and get over whatever goes wrong. See k8s_source_feed.h.
 *
 * What failed is tried again after a while, longer each time, until a watch has proved itself: has
 * brought an event, or stood for half a second. A list that went well proves nothing, since a
 * server that refuses each watch would then be asked for list after list.
 */
#include "k8s_source_feed.h"

#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>
#include <event2/util.h>

#include "util.h"

#define PAGE_OBJECTS     500
#define PAGES_MAX        10000
#define LIST_TIMEOUT_S   300
#define LIST_SILENCE_S   30
#define REFUSAL_MAX      (64 * 1024) /* bytes that are read of one */
#define RETRY_MIN_MS     200
#define RETRY_MAX_MS     30000
#define RETRY_AFTER_MAX  300 /* s */
#define SETTLED_AFTER_MS 500
/* A server that fails so often at watching from a version may have lost it. */
#define FAILURES_TO_LIST 5

static void start(struct k8s_feed *feed);

static void wake_in(struct k8s_feed *feed, unsigned int ms)
{
	const struct timeval in = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};

	event_add(feed->timer, &in);
}

static unsigned int random_number(void)
{
	unsigned int n;

	evutil_secure_rng_get_bytes(&n, sizeof(n));
	return n;
}

unsigned int k8s_retry_ms(unsigned int failures, unsigned int random)
{
	unsigned int ms = RETRY_MIN_MS;

	while (--failures && ms < RETRY_MAX_MS)
		ms *= 2;
	if (ms > RETRY_MAX_MS)
		ms = RETRY_MAX_MS;
	/* Not all nodes at once. */
	return ms == RETRY_MIN_MS ? ms + random % ms : ms / 2 + random % (ms / 2 + 1);
}

static void set_problem(struct k8s_feed *feed, const struct k8s_problem *problem)
{
	const struct k8s_feed_owner *owner = feed->owner;

	if (!strcmp(feed->problem.s, problem->s))
		return;
	feed->problem = *problem;
	if (owner->problem)
		owner->problem(feed->resource->plural, problem->s[0] ? problem->s : NULL,
			       owner->arg);
}

static void fail(struct k8s_feed *feed, long wait_s, const struct k8s_problem *why)
{
	struct k8s_problem problem;
	unsigned int ms;

	k8s_complain(&problem, "%s %s: %.400s", feed->state == K8S_FEED_WATCHING ? "watch" : "list",
		     feed->resource->plural, why->s);
	k8s_store_clear(&feed->next);
	feed->state = K8S_FEED_WAITING;
	feed->failures++;
	ms = k8s_retry_ms(feed->failures, random_number());
	if (wait_s > RETRY_AFTER_MAX)
		wait_s = RETRY_AFTER_MAX;
	wake_in(feed, ms > wait_s * 1000 ? ms : (unsigned int)wait_s * 1000);
	set_problem(feed, &problem);
}

__attribute__((format(printf, 2, 3))) static void fail_with(struct k8s_feed *feed,
							    const char *format, ...)
{
	struct k8s_problem why = {};
	va_list args;

	va_start(args, format);
	vsnprintf(why.s, sizeof(why.s), format, args);
	va_end(args);
	fail(feed, 0, &why);
}

static void settle(struct k8s_feed *feed)
{
	static const struct k8s_problem none;

	feed->settled = true;
	feed->failures = 0;
	set_problem(feed, &none);
}

static void on_timer(evutil_socket_t fd __attribute__((unused)), short what __attribute__((unused)),
		     void *arg)
{
	struct k8s_feed *feed = arg;

	if (feed->state == K8S_FEED_WAITING)
		start(feed);
	else
		settle(feed);
}

static void on_began(void *arg, long status)
{
	struct k8s_feed *feed = arg;

	if (feed->state == K8S_FEED_WATCHING && status == 200)
		wake_in(feed, SETTLED_AFTER_MS);
}

static int on_item(void *arg, const char *s, size_t n)
{
	struct k8s_feed *feed = arg;

	return k8s_apply_item(feed->resource, &feed->next, s, n, &feed->nonsense);
}

static int on_event(void *arg, const char *s, size_t n)
{
	struct k8s_feed *feed = arg;
	struct k8s_effect effect = {};
	int err;

	err = k8s_apply_event(feed->resource, &feed->store, s, n, &effect, &feed->nonsense);
	if (err)
		return err;
	feed->events++;
	free(feed->version);
	feed->version = effect.version;
	if (!feed->settled)
		settle(feed);
	if (effect.changed)
		feed->owner->changed(feed->owner->source);
	return 0;
}

static int on_data(void *arg, long status, const char *s, size_t n)
{
	struct k8s_feed *feed = arg;
	int err;

	if (status != 200) {
		if (feed->refusal.n < REFUSAL_MAX)
			k8s_bytes_add(&feed->refusal, s, n);
		return 0;
	}
	if (feed->state == K8S_FEED_LISTING)
		err = k8s_items_add(&feed->items, s, n, on_item, feed);
	else
		err = k8s_lines_add(&feed->line, s, n, on_event, feed);
	if (!err)
		return 0;
	/* What we have may be out of step with what we did not understand. */
	feed->must_list = true;
	if (err == -EMSGSIZE)
		k8s_complain(&feed->nonsense, "an object of more than %d bytes", K8S_OBJECT_MAX);
	else if (err == -ENOMEM)
		k8s_complain(&feed->nonsense, "out of memory");
	else if (!feed->nonsense.s[0])
		k8s_complain(&feed->nonsense, "the answer is no list of objects");
	return err;
}

static void refused(struct k8s_feed *feed, const struct k8s_result *result)
{
	long status = result->status;
	bool may_pass = status == 401 || status == 403 || status == 429 ||
			(status >= 500 && feed->failures < FAILURES_TO_LIST);
	struct k8s_problem why;

	k8s_explain_refusal(feed->resource, status, feed->refusal.s, feed->refusal.n, &why);
	if (!may_pass)
		feed->must_list = true;
	fail(feed, result->wait_s, &why);
}

/* All that belongs to one transfer. */
static void forget_answer(struct k8s_feed *feed)
{
	k8s_items_clear(&feed->items);
	k8s_bytes_reset(&feed->line);
	k8s_bytes_clear(&feed->refusal);
	feed->nonsense.s[0] = '\0';
	feed->settled = false;
}

static void on_done(void *arg, const struct k8s_result *result);

static void get(struct k8s_feed *feed, const struct k8s_get *request)
{
	const struct k8s_http_user user = {
		.began = on_began, .data = on_data, .done = on_done, .arg = feed};
	struct k8s_problem problem;

	forget_answer(feed);
	feed->transfer = k8s_http_get(feed->owner->http, request, &user, &problem);
	if (!feed->transfer)
		fail(feed, 0, &problem);
}

static void get_page(struct k8s_feed *feed)
{
	_cleanup_free_ char *from = k8s_http_escape(feed->owner->http, feed->next_page ?: "");
	_cleanup_free_ char *path = NULL;

	if (!from || asprintf(&path, "%s?limit=%d%s%s", feed->resource->path, PAGE_OBJECTS,
			      feed->next_page ? "&continue=" : "", from) < 0) {
		path = NULL;
		fail_with(feed, "out of memory");
		return;
	}
	get(feed, &(struct k8s_get){
			  .path = path, .timeout_s = LIST_TIMEOUT_S, .silence_s = LIST_SILENCE_S});
}

static void begin_list(struct k8s_feed *feed)
{
	feed->state = K8S_FEED_LISTING;
	feed->lists++;
	feed->pages = 0;
	free(TAKE_PTR(feed->next_page));
	k8s_store_clear(&feed->next);
	if (k8s_store_init(&feed->next))
		fail_with(feed, "out of memory");
	else
		get_page(feed);
}

static void begin_watch(struct k8s_feed *feed)
{
	unsigned int base = feed->owner->watch_seconds, seconds = base + random_number() % base;
	_cleanup_free_ char *from = k8s_http_escape(feed->owner->http, feed->version);
	_cleanup_free_ char *path = NULL;

	feed->state = K8S_FEED_WATCHING;
	feed->watches++;
	if (!from ||
	    asprintf(&path,
		     "%s?watch=1&allowWatchBookmarks=true&resourceVersion=%s&timeoutSeconds=%u",
		     feed->resource->path, from, seconds) < 0) {
		path = NULL;
		fail_with(feed, "out of memory");
		return;
	}
	/* The server ends it in time, or is not there any more. */
	get(feed, &(struct k8s_get){.path = path, .timeout_s = seconds + base / 10 + 2});
}

static void start(struct k8s_feed *feed)
{
	if (feed->must_list)
		begin_list(feed);
	else
		begin_watch(feed);
}

static void commit_list(struct k8s_feed *feed, struct k8s_page *page)
{
	bool first = !feed->synced;

	free(feed->version);
	feed->version = TAKE_PTR(page->version);
	feed->must_list = false;
	feed->synced = true;
	if (k8s_store_replace(&feed->store, &feed->next) || first)
		feed->owner->changed(feed->owner->source);
	/* A list passes through memory that is many times what remains of it. */
	malloc_trim(0);
	begin_watch(feed);
}

static void end_page(struct k8s_feed *feed)
{
	struct k8s_problem problem = {"out of memory"};
	struct k8s_page page = {};
	int err = k8s_items_end(&feed->items, feed->resource, &page, &problem);

	free(feed->next_page);
	feed->next_page = TAKE_PTR(page.next);
	if (err)
		fail(feed, 0, &problem);
	else if (!feed->next_page)
		commit_list(feed, &page);
	else if (++feed->pages < PAGES_MAX)
		get_page(feed);
	else
		fail_with(feed, "more than %d pages", PAGES_MAX);
	free(page.version);
}

static void end_watch(struct k8s_feed *feed)
{
	if (feed->line.n)
		fail_with(feed, "it ended within a line");
	else if (!feed->settled)
		fail_with(feed, "the server ended it at once");
	else
		begin_watch(feed);
}

static void on_done(void *arg, const struct k8s_result *result)
{
	struct k8s_feed *feed = arg;

	feed->transfer = NULL;
	event_del(feed->timer);
	if (feed->nonsense.s[0])
		fail(feed, 0, &feed->nonsense);
	else if (result->why)
		fail_with(feed, "%s", result->why);
	else if (result->status != 200)
		refused(feed, result);
	else if (feed->state == K8S_FEED_LISTING)
		end_page(feed);
	else
		end_watch(feed);
}

int k8s_feed_open(struct k8s_feed *feed, const struct k8s_resource *resource,
		  const struct k8s_feed_owner *owner)
{
	feed->resource = resource;
	feed->owner = owner;
	feed->must_list = true;
	feed->timer = evtimer_new(owner->base, on_timer, feed);
	if (!feed->timer || k8s_store_init(&feed->store))
		return -ENOMEM;
	wake_in(feed, 0);
	return 0;
}

void k8s_feed_close(struct k8s_feed *feed)
{
	k8s_http_cancel(feed->transfer);
	if (feed->timer)
		event_free(feed->timer);
	k8s_items_clear(&feed->items);
	k8s_bytes_clear(&feed->line);
	k8s_bytes_clear(&feed->refusal);
	k8s_store_clear(&feed->store);
	k8s_store_clear(&feed->next);
	free(feed->next_page);
	free(feed->version);
	*feed = (struct k8s_feed){};
}

json_t *k8s_feed_report(const struct k8s_feed *feed)
{
	static const char *const states[] = {
		[K8S_FEED_WAITING] = "waiting",
		[K8S_FEED_LISTING] = "listing",
		[K8S_FEED_WATCHING] = "watching",
	};

	return json_pack("{s:s, s:s, s:b, s:I, s:s?, s:I, s:I, s:I, s:i, s:s?}", "resource",
			 feed->resource->plural, "state", states[feed->state], "synced",
			 feed->synced, "objects", (json_int_t)k8s_store_count(&feed->store),
			 "version", feed->version, "lists", (json_int_t)feed->lists, "watches",
			 (json_int_t)feed->watches, "events", (json_int_t)feed->events, "failures",
			 (int)feed->failures, "problem",
			 feed->problem.s[0] ? feed->problem.s : NULL);
}
