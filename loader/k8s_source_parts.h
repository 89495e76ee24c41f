/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * What the files of k8s_source share, from the wire upwards:
 *
 *	k8s_source_curl.c	libcurl, loaded when needed
 *	k8s_source_login.c	where the server is and who we are
 *	k8s_source_http.c	transfers on an event loop
 *	k8s_source_lines.c	a watch's bytes -> lines
 *	k8s_source_items.c	a list's bytes -> objects, one at a time
 *	k8s_source_trim.c	an object -> what is kept of it
 *	k8s_source_store.c	the objects of one resource
 *	k8s_source_event.c	a line, or an object of a list -> the store
 *	k8s_source_status.c	what the server refuses, in words
 *	k8s_source_feed.c	one resource's list and watch, and what to do when they fail
 *	k8s_source.c		a feed of each kind
 *
 * From lines.c to status.c nothing touches network, files or time: see the fuzz target.
 */
#ifndef WEFT_LOADER_K8S_SOURCE_PARTS_H
#define WEFT_LOADER_K8S_SOURCE_PARTS_H

#include <stdbool.h>
#include <stddef.h>
#include <jansson.h>

#include "k8s_kinds.h"
#include "k8s_source.h"

struct event;
struct event_base;

/*
 * A server takes objects of 1.5 MiB, and a character may become six in JSON. Less would let whoever
 * may make a pod end the watch for everybody.
 */
#define K8S_OBJECT_MAX  (16 << 20) /* bytes of JSON */
#define K8S_DEPTH_MAX   64         /* of nested JSON; jansson recurses */
#define K8S_OBJECTS_MAX 200000     /* of one resource */
#define K8S_PROBLEM_LEN 512

/** struct k8s_problem - what is wrong, in words; empty: nothing. */
struct k8s_problem {
	char s[K8S_PROBLEM_LEN];
};

/** k8s_complain - say what is wrong. What is no printable ASCII becomes "?". Return: -EBADMSG. */
__attribute__((format(printf, 2, 3))) int k8s_complain(struct k8s_problem *problem,
						       const char *format, ...);

/** struct k8s_bytes - a buffer that grows, up to K8S_OBJECT_MAX. */
struct k8s_bytes {
	char *s; /* not ended by a NUL */
	size_t n;
	size_t room;
};

/** k8s_bytes_add - append. Return: 0, -EMSGSIZE: that would be too much, -ENOMEM. */
int k8s_bytes_add(struct k8s_bytes *b, const char *s, size_t n);

/** k8s_bytes_reset - empty it, and give back a room that is unusually large. */
void k8s_bytes_reset(struct k8s_bytes *b);

void k8s_bytes_clear(struct k8s_bytes *b);

/**
 * k8s_piece_fn - a line or an object is there.
 * @s: not ended by a NUL.
 *
 * Return: 0, or a negative errno, which ends what is being read.
 */
typedef int (*k8s_piece_fn)(void *arg, const char *s, size_t n);

/**
 * k8s_lines_add - bytes of a watch have come.
 * @partial: the line that has no end yet.
 *
 * Return: 0; what @fn returned; -EMSGSIZE: a line is too long; -ENOMEM.
 */
int k8s_lines_add(struct k8s_bytes *partial, const char *s, size_t n, k8s_piece_fn fn, void *arg);

/**
 * struct k8s_items - a list as it comes in: {"kind": "PodList", ..., "items": [{...}, {...}]}.
 *
 * Objects are handed out as soon as they are whole, so that never more than one is in memory as
 * text. What remains of the list without them is kept in @frame.
 */
struct k8s_items {
	struct k8s_bytes frame;
	struct k8s_bytes item;
	unsigned int depth;
	bool string;
	bool escaped;
	bool in_items; /* depth 2 and more is within the array */
	bool had_items;
};

/** k8s_items_add - bytes of a list have come. Return: as k8s_lines_add(); -EBADMSG: no list. */
int k8s_items_add(struct k8s_items *items, const char *s, size_t n, k8s_piece_fn fn, void *arg);

void k8s_items_clear(struct k8s_items *items);

/** struct k8s_page - what a list says beside its objects. To be freed. */
struct k8s_page {
	char *version;
	char *next; /* where the next page begins; NULL: this was the last */
};

/** k8s_items_end - the list has ended. Return: 0; -EBADMSG: and that is wrong, see @problem;
 * -ENOMEM. */
int k8s_items_end(const struct k8s_items *items, const struct k8s_resource *resource,
		  struct k8s_page *page, struct k8s_problem *problem);

/**
 * k8s_parse - a JSON object from untrusted text.
 *
 * Return: a new reference; NULL: see @problem.
 */
json_t *k8s_parse(const char *s, size_t n, struct k8s_problem *problem);

/** k8s_version - metadata.resourceVersion of an object; NULL: it has none. */
const char *k8s_version(const json_t *object);

/**
 * k8s_trim - what is kept of an object; see k8s_source_objects().
 *
 * Return: a new reference, which may share values with @object; NULL: see @problem.
 */
json_t *k8s_trim(const struct k8s_resource *resource, const json_t *object,
		 struct k8s_problem *problem);

/** k8s_take - the value of a key for @to, if there is one, of a type. Return: 0, -EBADMSG, -ENOMEM.
 */
int k8s_take(const json_t *from, const char *key, json_type type, json_t *to,
	     struct k8s_problem *problem);

int k8s_trim_pod(const json_t *from, json_t *to, struct k8s_problem *problem);
int k8s_trim_policy(const json_t *from, json_t *to, struct k8s_problem *problem);
int k8s_trim_service(const json_t *from, json_t *to, struct k8s_problem *problem);
int k8s_trim_endpoints(const json_t *from, json_t *to, struct k8s_problem *problem);

/** struct k8s_store - the objects of one resource, trimmed, by "namespace/name". */
struct k8s_store {
	json_t *objects;
};

/** k8s_store_init - an empty one. Return: 0 or -ENOMEM. */
int k8s_store_init(struct k8s_store *store);

void k8s_store_clear(struct k8s_store *store);

size_t k8s_store_count(const struct k8s_store *store);

/** k8s_store_put - add or replace. Takes @object over in any case. Return: whether that is a
 * change; -ENOSPC, -ENOMEM. */
int k8s_store_put(struct k8s_store *store, json_t *object);

/** k8s_store_remove - forget an object like this one. Return: whether there was one; -ENOMEM. */
int k8s_store_remove(struct k8s_store *store, const json_t *object);

/** k8s_store_replace - put a new list in the place of @store; @with is empty then. Return: whether
 * that is a change. */
bool k8s_store_replace(struct k8s_store *store, struct k8s_store *with);

/** k8s_store_append - append all objects to an array, in order. Return: 0 or -ENOMEM. */
int k8s_store_append(const struct k8s_store *store, json_t *array);

/** k8s_apply_item - an object of a list. Return: 0; -EBADMSG: see @problem; -ENOMEM. */
int k8s_apply_item(const struct k8s_resource *resource, struct k8s_store *store, const char *s,
		   size_t n, struct k8s_problem *problem);

/** struct k8s_effect - what an event came to. */
struct k8s_effect {
	bool changed;
	char *version; /* to watch from; to be freed */
};

/**
 * k8s_apply_event - a line of a watch.
 *
 * Return: 0; -EBADMSG: it makes no sense, or says that the watch is over; see @problem; -ENOMEM.
 * The store is as it was then.
 */
int k8s_apply_event(const struct k8s_resource *resource, struct k8s_store *store, const char *s,
		    size_t n, struct k8s_effect *effect, struct k8s_problem *problem);

/** k8s_status_text - what a Status says: "reason: message". Empty if it says nothing, or is none.
 */
void k8s_status_text(const json_t *status, struct k8s_problem *text);

/**
 * k8s_explain_refusal - what an HTTP status other than 200 means to whoever runs this.
 * @s: what came with it, a Status perhaps.
 */
void k8s_explain_refusal(const struct k8s_resource *resource, long status, const char *s, size_t n,
			 struct k8s_problem *why);

#endif
