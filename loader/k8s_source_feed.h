/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* One resource's list and watch. See k8s_source_parts.h. */
#ifndef WEFT_LOADER_K8S_SOURCE_FEED_H
#define WEFT_LOADER_K8S_SOURCE_FEED_H

#include <stdint.h>

#include "k8s_source_http.h"
#include "k8s_source_parts.h"

enum k8s_feed_state {
	K8S_FEED_WAITING, /* before the first attempt, or after one that failed */
	K8S_FEED_LISTING,
	K8S_FEED_WATCHING,
};

/** struct k8s_feed_owner - what all feeds share, and whom they tell. */
struct k8s_feed_owner {
	struct k8s_http *http;
	struct event_base *base;
	unsigned int watch_seconds;
	void (*changed)(void *source); /* objects, or synced */
	void *source;
	k8s_problem_fn problem;
	void *arg; /* of problem */
};

/** struct k8s_feed - where it stands. */
struct k8s_feed {
	const struct k8s_resource *resource;
	const struct k8s_feed_owner *owner;
	enum k8s_feed_state state;
	struct k8s_transfer *transfer; /* NULL while it waits */
	struct event *timer;           /* WAITING: try again; WATCHING: it has gone well so far */

	struct k8s_store store; /* what is known */
	bool synced;            /* it has been whole once */
	bool must_list;         /* there is no version to watch from */
	char *version;          /* to watch from */

	struct k8s_store next; /* a new list, as far as it is in */
	char *next_page;
	unsigned int pages;
	struct k8s_items items;

	struct k8s_bytes line;
	bool settled; /* this watch has proved itself */

	struct k8s_bytes refusal;    /* what came with a status other than 200 */
	struct k8s_problem nonsense; /* why we broke the transfer off */

	unsigned int failures;
	struct k8s_problem problem;
	uint64_t lists;
	uint64_t watches;
	uint64_t events;
};

/** k8s_feed_open - begin at the loop's next turn. @feed is zeroed. Return: 0 or -ENOMEM. */
int k8s_feed_open(struct k8s_feed *feed, const struct k8s_resource *resource,
		  const struct k8s_feed_owner *owner);

/** k8s_feed_close - also of one that is zeroed, or whose opening failed. */
void k8s_feed_close(struct k8s_feed *feed);

/** k8s_feed_report - see k8s_source_report(). Return: a new reference, NULL without memory. */
json_t *k8s_feed_report(const struct k8s_feed *feed);

/** k8s_retry_ms - how long to wait. @failures: so far, from 1; @random: any number. */
unsigned int k8s_retry_ms(unsigned int failures, unsigned int random);

#endif
