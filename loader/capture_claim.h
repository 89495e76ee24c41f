/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Who captures on a node: one process at a time, and that only as long as it says so every second.
 *
 * The map weft_cap_conf names the owner and when its word runs out. All who write there hold a lock
 * (flock on the node's directory of maps) for the moment of it. So a process that was killed leaves
 * neither a lock nor a capture behind, and one that was stopped and goes on later finds out whether
 * somebody else has taken over meanwhile.
 */
#ifndef WEFT_LOADER_CAPTURE_CLAIM_H
#define WEFT_LOADER_CAPTURE_CLAIM_H

#include <stdbool.h>
#include <sys/types.h>
#include <linux/types.h>

#include <weft/capture.h>

struct pins;

#define CLAIM_NS       2000000000ULL /* how long the owner's word holds */
#define CLAIM_RENEW_NS 1000000000ULL /* how often he gives it */

/** struct claim - a hold on a node's capture. @lock and @conf are -1 where there is none. */
struct claim {
	const struct pins *pins;
	int lock;
	int conf;
	__u32 conf_id; /* of the map */
	__u64 owner;
};

/** claim_now - CLOCK_MONOTONIC, ns. */
__u64 claim_now(void);

/**
 * claim_open - look at a node's capture; takes nothing yet.
 * @claim: uninitialised; claim_close() releases it, after a failure too.
 * @pins: must outlive @claim.
 *
 * Return: 0; -ENOENT if the node has no map weft_cap_conf; -EPROTO if that has another layout;
 * -errno.
 */
int claim_open(const struct pins *pins, struct claim *claim);

/** claim_close - release the descriptors, and with them the lock. Also for _cleanup_(). */
void claim_close(struct claim *claim);

/**
 * claim_take - lock, and make sure that nobody captures.
 * @force: or that nobody will any more: whoever does finds out when he renews.
 * @holder: receives the process id of whoever does.
 *
 * Takes up to two seconds if somebody seems to: it waits for that one to renew, or not to.
 * Return: 0, locked: claim_write() and claim_unlock() are to follow; -EBUSY; -errno.
 */
int claim_take(struct claim *claim, bool force, pid_t *holder);

/** claim_lock - lock, if we are still the owner. Return: 0; as claim_renew(). */
int claim_lock(struct claim *claim, struct weft_cap_conf *conf);

void claim_unlock(struct claim *claim);

/** claim_write - say what is wanted; locked. Fills in owner and process id. Return: 0 or -errno. */
int claim_write(const struct claim *claim, struct weft_cap_conf *conf);

/**
 * claim_renew - give our word for another CLAIM_NS.
 * @holder: receives the process id of whoever has taken over.
 *
 * Return: 0; -ESTALE if somebody has taken over; -ENOENT if the node was taken down; -errno.
 */
int claim_renew(struct claim *claim, pid_t *holder);

#endif
