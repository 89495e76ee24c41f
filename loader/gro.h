/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Merging inner segments where XDP does not strip the tunnel header.
 *
 * The stack's GRO looks into a UDP tunnel only if somebody receives on its port. So, for uplinks
 * without XDP, weft makes a vxlan device whose only use is its socket: TCP segments then reach
 * tc_underlay merged, with the outer headers of the first. Nothing is ever sent or delivered by
 * the device. It is a port of kind WEFT_PORT_GUARD: whatever reaches it (because somebody detached
 * tc_underlay, say) meets tc_from_port, and is dropped and counted there.
 *
 * All of this is about speed: whether it works out never decides whether an apply does.
 */
#ifndef WEFT_LOADER_GRO_H
#define WEFT_LOADER_GRO_H

#include <stdbool.h>
#include <linux/types.h>

#define GRO_DEVICE "weft-gro"

/**
 * struct gro - the device as it is, in this network namespace.
 * @ifindex: 0 = there is none of this node's.
 * @taken: another node, or somebody else, has an interface of that name.
 * @port: UDP port.
 */
struct gro {
	__u32 ifindex;
	__u16 port;
	bool up;
	bool taken;
};

/** gro_find - look for the device of node @node. Return: 0, also without one; -errno. */
int gro_find(const char *node, struct gro *gro);

/** gro_create - make the device, down. Its guard has to be attached before it goes up. */
int gro_create(const char *node, __u16 port);

/** gro_up - let it receive. Return: 0; -EADDRINUSE if somebody has the UDP port; -errno. */
int gro_up(__u32 ifindex);

/** gro_remove - remove the device of node @node; fine if there is none. */
int gro_remove(const char *node);

#endif
