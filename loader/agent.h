/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * `weft agent`: an apply that stays. One thread, one event loop:
 *
 *	file, signals, interfaces, addresses, clock      agent_watch.c says that something may
 *differ
 *	             |
 *	     agent_reconcile()                           agent.c: the file read if it changed; then
 *	             |                                   plan_make(), apply_plan(), as `weft apply`
 *	         events                                  agent_event.c: what was done, as JSON lines
 *
 *	API (api.h) --> agent_change()                   documents beside the file, at once
 *
 * The kernel's tables are the realized state and outlive the agent, so nothing here is needed for a
 * packet to pass, and an agent that starts takes over what it finds. What it wants is the last file
 * that was right together with the documents of its API. What the machine does not have (yet) is
 * pending: all else is done without it.
 */
#ifndef WEFT_LOADER_AGENT_H
#define WEFT_LOADER_AGENT_H

#include <stdbool.h>
#include <sys/stat.h>
#include <jansson.h>

#include "config.h"
#include "documents.h"
#include "netlink.h"
#include "pins.h"
#include "plan.h"
#include "set.h"

struct api;
struct agent_watch;
struct diag;
struct event_base;

/** enum agent_why - what made the agent look; a set. */
enum agent_why {
	WHY_START = 0x01,
	WHY_FILE = 0x02,      /* the file may have changed */
	WHY_SIGNAL = 0x04,    /* asked to read it in any case */
	WHY_INTERFACE = 0x08, /* an interface of the file came, went or changed */
	WHY_ADDRESS = 0x10,
	WHY_TIMER = 0x20,
	WHY_API = 0x40,
	WHY_RETRY = 0x80, /* it failed the last time */
	WHY_NEW = 0x100,  /* the file was another, and right */
};

/**
 * struct agent_options - the command line.
 * @interval_ms: time between two looks that nothing asked for.
 * @socket, @state: paths; NULL = the usual ones.
 * @metrics: address and port that Prometheus may ask at; NULL = none.
 * @unconfined: keep all rights.
 */
struct agent_options {
	const char *file;
	unsigned int interval_ms;
	const char *socket;
	const char *state;
	const char *metrics;
	bool unconfined;
};

/**
 * struct outcome - of one attempt to make the kernel what is wanted. outcome_clear() releases it.
 * @err: 0; -EINVAL with @errors; -EBUSY; another -errno.
 * @problem: what failed, in words; NULL with @errors.
 * @errors: what is wrong with the documents.
 * @list: of agent_try(): the same as JSON.
 * @pending: what the machine does not have (yet).
 * @waiting: of agent_try(): the same as JSON.
 * @sum: what was, or would be, done.
 * @ports: that came and went.
 * @entries, @programs: the same table by table and program by program.
 * @ms: how long it took.
 */
struct outcome {
	int err;
	char *problem;
	struct diag *errors;
	json_t *list;
	struct diag *pending;
	json_t *waiting;
	struct plan_summary sum;
	json_t *ports;
	json_t *entries;
	json_t *programs;
	double ms;
};

/** outcome_init - nothing tried yet. Return: 0 or -ENOMEM. */
int outcome_init(struct outcome *out);

/** outcome_clear - also for _cleanup_(). */
void outcome_clear(struct outcome *out);

/** AGENT_BUCKETS - of struct agent_counts: below 1 ms, 4 ms, 16 ms, ... and above. */
#define AGENT_BUCKETS 8

/**
 * struct agent_counts - since the agent began.
 * @applies, @failures: attempts to make the kernel what is wanted, and those that failed.
 * @repairs: applies that found the kernel changed by somebody else.
 * @took: how many took less than 4^i milliseconds.
 */
struct agent_counts {
	__u64 applies;
	__u64 failures;
	__u64 repairs;
	__u64 took[AGENT_BUCKETS];
	double seconds;
};

/**
 * struct agent - see above.
 * @file: the last that was right; NULL: none was yet.
 * @mark: what the file was when it was read and taken.
 * @seen: what it was when it was looked at last.
 * @file_errors, @file_problem: why the file as it is now is not in force; NULL if it is.
 * @documents: of the API.
 * @wanted: both together; its rows are @file's and @documents'.
 * @self: this node in it.
 * @settled: the kernel was once what is wanted.
 * @pending, @problem: of the last attempt.
 * @ifaces: as the last attempt has seen them.
 * @interfaces: names of interfaces that @wanted has on this node.
 * @no_xdp: indices of uplinks that refused XDP where it was optional.
 * @known: what the kernel has, since the last look at it.
 * @mtus: of this node's networks by name, as of the last apply.
 * @observed: of the datapath's own counts; see agent_observe.c.
 * @progs: the programs at work, as it may become impossible to find out.
 * @stragglers: see struct plan_terms; until agent_settle().
 */
struct agent {
	struct agent_options options;
	struct event_base *base;
	struct agent_watch *watch;
	struct api *api;
	char node[WEFT_NAME_LEN];
	struct pins pins;
	int lock;
	char *socket; /* if they are not given in @options */
	char *state;

	struct config *file;
	struct stat mark;
	struct stat seen;
	struct diag *file_errors;
	char *file_problem;
	struct documents documents;
	struct config *wanted;
	const struct cfg_node *self;

	bool settled;
	struct diag *pending;
	char *problem;
	struct ifaces ifaces;
	struct devices devices;
	struct set interfaces;
	struct set no_xdp;
	struct known known;
	struct progs progs;
	bool stragglers;
	struct agent_counts counts;
	json_t *observed;
	json_t *mtus;
};

/**
 * agent_open - read the file and the documents, choose the node, take its lock.
 * @node: name given on the command line, or NULL.
 * @diag: told what is wrong with the file.
 * @problem: receives what else went wrong, in words; the caller frees it.
 *
 * Return: 0; -EINVAL if @diag was told something; -EBUSY if another agent has the node; -errno.
 */
int agent_open(struct agent *a, const char *node, struct diag *diag, char **problem);

/** agent_close - release everything; what is in the kernel stays. */
void agent_close(struct agent *a);

/**
 * agent_reconcile - look at both sides, and make the kernel what is wanted.
 * @why: set of enum agent_why.
 *
 * Return: 0; -errno, to be tried again.
 */
int agent_reconcile(struct agent *a, unsigned int why);

/** agent_file_differs - whether the file is another than when it was looked at last. */
bool agent_file_differs(const struct agent *a);

/**
 * struct agent_try - how something is tried.
 * @dry_run: only say what would be done.
 * @keep: write the documents to the agent's file, so that they survive it.
 * @trusting: the kernel has what it had after the last attempt; else it is read.
 * @new_policies: see struct plan_terms.
 */
struct agent_try {
	bool dry_run;
	bool keep;
	bool trusting;
	bool new_policies;
};

/**
 * agent_try - make the kernel what other documents want; they are then the agent's.
 * @docs: taken over and emptied on success.
 * @out: from outcome_init().
 *
 * Return: @out's err.
 */
int agent_try(struct agent *a, struct documents *docs, const struct agent_try *try,
	      struct outcome *out);

/** agent_settle - let packets pass that may still be judged by policies of before. */
void agent_settle(struct agent *a);

/** agent_settle_soon - agent_settle() when there is nothing else to do; agent_watch.c. */
void agent_settle_soon(struct agent *a);

/** agent_say - what was done, as events. @out: of an attempt that was not in vain. */
void agent_say(struct agent *a, unsigned int why, const struct outcome *out);

/** agent_status - what `weft status` and the API say of the agent itself; the caller owns it. */
json_t *agent_status(const struct agent *a);

/**
 * agent_errors_json - diag_json(), each with "kind" and "name" of the document that it is about.
 * @cfg: what the complaints are about; may be NULL.
 */
json_t *agent_errors_json(const struct config *cfg, struct diag *diag);

/** agent_why_json - a list of words. */
json_t *agent_why_json(unsigned int why);

/* agent_watch.c: what wakes it. */

/** agent_watch_open - hear of the file, of interfaces, addresses, signals. Return: 0 or -errno. */
int agent_watch_open(struct agent *a);

void agent_watch_close(struct agent *a);

/** agent_wake - reconcile soon. @after_ms: not before; later wakes put it off, but not for long. */
void agent_wake(struct agent *a, unsigned int why, unsigned int after_ms);

/** agent_observe - see what the datapath has counted, and say what is worth it; agent_observe.c. */
void agent_observe(struct agent *a);

/* agent_event.c: what it says. */

/** enum agent_event - kinds of events. */
enum agent_event {
	EVENT_STARTED,
	EVENT_STOPPED,
	EVENT_RECONCILED, /* something was changed */
	EVENT_REPAIRED,   /* somebody else had changed something */
	EVENT_FAILED,
	EVENT_FILE_REFUSED,
	EVENT_PORT_UP, /* a port is attached */
	EVENT_PORT_DOWN,
	EVENT_LINK_UP, /* a port's interface is up */
	EVENT_LINK_DOWN,
	EVENT_ROLLED_BACK,
	EVENT_PRESSURE,
	EVENT_DENIED,
	EVENT_LEARNED,
	EVENT_MOVED,
	EVENT_FLAP,
	__EVENT_MAX,
};

/**
 * agent_event - say that something happened: a line of JSON on standard output, and to all who
 * watch the API. Too many of one kind are counted instead of said.
 * @fields: an object, taken over; NULL = none.
 */
void agent_event(struct agent *a, enum agent_event event, json_t *fields);

#endif
