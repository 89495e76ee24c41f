/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * What is remembered of a node's uplinks from one run of weft to the next, in LOCK_DIR: what tests
 * of them have shown, what was decided, and which features weft has switched, so that it can put
 * them back. The directory goes with a reboot, as do the features.
 *
 * An entry is good for the interface that it was made for: of this index, in this network
 * namespace. A file that is missing, damaged or of another namespace is as good as empty.
 */
#ifndef WEFT_LOADER_OFFLOAD_STATE_H
#define WEFT_LOADER_OFFLOAD_STATE_H

#include <stddef.h>

#include "offload.h"

/**
 * struct offload_record - one uplink.
 * @tests: what was found out; @tested: features that were on then, a set of NIC_BIT().
 * @mtu: of then, bytes.
 * @has_tested: these are set.
 * @switched: features that weft has switched; @was_on: those of them that were on before.
 * @meta_lost, @received: frames that had lost their metadata, and frames that came in by tunnels,
 *                        when it was last looked at.
 * @decided: @offload is set.
 */
struct offload_record {
	char interface[WEFT_IFNAME_LEN];
	__u32 ifindex;
	struct offload_tests tests;
	__u32 tested;
	__u32 mtu;
	bool has_tested;
	__u32 switched;
	__u32 was_on;
	__u64 meta_lost;
	__u64 received;
	struct offload offload;
	bool decided;
};

/** struct offload_state - all of a node. All zero at first. */
struct offload_state {
	struct offload_record *v;
	size_t n;
};

/**
 * offload_state_read - read what was remembered.
 * @state: all zero; release with offload_state_clear() in any case.
 *
 * Return: 0, also if there is nothing; -ENOMEM.
 */
int offload_state_read(const char *node, struct offload_state *state);

/** offload_state_write - remember; in one step, if it differs. Return: 0 or -errno. */
int offload_state_write(const char *node, const struct offload_state *state);

/** offload_state_remove - forget. */
void offload_state_remove(const char *node);

/** offload_state_find - the record of an interface, or NULL. */
struct offload_record *offload_state_find(const struct offload_state *state, __u32 ifindex);

/** offload_state_get - likewise; made if there is none. Return: NULL without memory. */
struct offload_record *offload_state_get(struct offload_state *state, const char *interface,
					 __u32 ifindex);

/** offload_was - features that would be on had weft not switched any: a set of NIC_BIT(). */
static inline __u32 offload_was(const struct offload_record *record, const struct nic *nic)
{
	return (nic->on & ~record->switched) | (record->was_on & record->switched);
}

/** offload_state_clear - also for _cleanup_(). */
void offload_state_clear(struct offload_state *state);

#endif
