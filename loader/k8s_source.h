/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * What a cluster's API server says: its NetworkPolicies, and the Namespaces, Pods, Services and
 * Endpoints that they are about, listed once, watched
 * from then on, and kept as JSON values.
 *
 *	list, in pages ──> watch from the list's version ──> event by event
 *	  ^                   |         ^  |
 *	  |  410, or what makes no sense|  | ended: again from the last version
 *	  +───────────────────+         +──+
 *
 * Each kind goes its own way. While one is out of step, whatever is wrong with the server
 *or the way to it, what was known last stays as it is: old knowledge is better than none. A new
 *list takes the place of the old objects in one step, when it is whole.
 *
 * Only what the network's policies turn on is kept of an object; see k8s_source_objects().
 *
 * Servers of Kubernetes 1.20 and newer. libcurl is loaded when a source is opened, not with the
 * program: with all that it brings along it would cost every other command some milliseconds.
 */
#ifndef WEFT_LOADER_K8S_SOURCE_H
#define WEFT_LOADER_K8S_SOURCE_H

#include <stdbool.h>
#include <jansson.h>

struct event_base;
struct k8s_source;

/**
 * k8s_changed_fn - objects have changed, or all kinds have been listed for the first time.
 *
 * Called by the event loop and at most once a turn of it, however many objects have changed. May
 * close the source.
 */
typedef void (*k8s_changed_fn)(void *arg);

/**
 * k8s_problem_fn - something is wrong, or is right again.
 * @plural: "namespaces", "pods", ..
 * @problem: one line, without control characters; NULL: it is right again. Not the same twice in a
 * row.
 *
 * Must not close the source.
 */
typedef void (*k8s_problem_fn)(const char *plural, const char *problem, void *arg);

/** struct k8s_source_config - where the API server is, and who we are. Strings are copied. */
struct k8s_source_config {
	/* https://host[:port][/path] or http://...; NULL: we run in a pod, and its environment
	 * says. */
	const char *server;

	/*
	 * Holds a bearer token. Read for each request, as tokens are replaced before they expire.
	 * NULL: in a pod its service account's; else none. Never sent over http.
	 */
	const char *token_file;

	/* Who vouches for the server. NULL: in a pod its service account's; else as the system has
	 * it. */
	const char *ca_file;

	/* Our certificate and its key (PEM), or NULL both. */
	const char *cert_file;
	const char *key_file;

	/* How long a watch lasts, at least, and less than twice that; seconds. 0: 300. */
	unsigned int watch_seconds;

	k8s_problem_fn problem; /* or NULL */
};

/**
 * k8s_source_open - begin to list and to watch, as the event loop turns.
 * @base: outlives the source.
 * @arg: for @changed and the configuration's @problem.
 * @problem: set to what is wrong, in words, if that is the return value; to be freed. NULL if there
 *is no memory even for that.
 *
 * That a server cannot be reached, or does not let us in, is no failure: it is tried again.
 *
 * Return: a source, to be closed; NULL if the configuration is wrong, a file that it names cannot
 *be read, or libcurl is missing.
 */
struct k8s_source *k8s_source_open(struct event_base *base, const struct k8s_source_config *config,
				   k8s_changed_fn changed, void *arg, char **problem);

/** k8s_source_close - end all transfers and forget all objects. NULL is none. */
void k8s_source_close(struct k8s_source *source);

/** k8s_source_synced - whether each kind has been listed wholly, at least once. */
bool k8s_source_synced(const struct k8s_source *source);

/**
 * k8s_source_objects - all objects that are known, in the order of kind, namespace and name.
 *
 * The same objects give the same array. Each has apiVersion, kind, and of its metadata name,
 * namespace, uid, deletionTimestamp and labels, where it has them. In addition
 *
 *	Endpoints	subsets: of addresses and notReadyAddresses ip, and ports
 *	Namespace	nothing
 *	NetworkPolicy	spec, wholly
 *	Pod		spec: nodeName, hostNetwork, of each of containers and initContainers ports
 *			and restartPolicy; status: phase, podIP, podIPs
 *	Service		spec: clusterIP, clusterIPs, externalIPs, ports; status: loadBalancer
 *
 * A key whose value the server gave as null is left out. resourceVersion is left out too: it
 *changes with each heartbeat. The types of these values have been checked, those within spec of a
 * NetworkPolicy and within ports and podIPs have not.
 *
 * Return: a new reference, or NULL if there is no memory. The objects in the array are the source's
 * own and not to be changed; those that the source forgets later stay valid.
 */
json_t *k8s_source_objects(const struct k8s_source *source);

/**
 * k8s_source_report - how it goes, for logs and status.
 *
 * Return: a new reference to an array, a kind each, NULL if there is no memory:
 *
 *	{"resource": "pods", "state": "watching", "synced": true, "objects": 17, "version": "4711",
 *	 "lists": 1, "watches": 3, "events": 230, "failures": 0, "problem": null}
 *
 * state: "listing", "watching", or "waiting" before another attempt. lists, watches: requests
 *begun; failures: attempts in vain since something last went right.
 */
json_t *k8s_source_report(const struct k8s_source *source);

#endif
