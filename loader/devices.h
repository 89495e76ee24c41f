/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Two devices of weft's own on a node with uplinks. No packet is meant to pass either; they are
 * there for what the kernel does because they are.
 *
 * `weft-vxlan`, a vxlan device. While it is up it holds the UDP port, and that makes the stack's
 * GRO look into tunnels: where XDP does not strip the tunnel header, TCP segments reach tc_underlay
 * merged. It is a port of kind WEFT_PORT_GUARD: what reaches it (because somebody detached
 * tc_underlay, say) meets tc_from_port, and is dropped and counted there.
 *
 * `weft-ports`, a bridge that is never up, with all ports and weft-vxlan in it. The kernel gives
 * every device in a bridge the largest headroom that one of them needs, so workloads allocate their
 * packets with room for a tunnel header, which else costs a new buffer per packet. And should
 * somebody detach tc_from_port, a port's frames end in a bridge that is down, not in the host's
 * stack.
 *
 * All of this is about speed, and a second lock on the door: an apply does not fail over it.
 */
#ifndef WEFT_LOADER_DEVICES_H
#define WEFT_LOADER_DEVICES_H

#include <stdbool.h>
#include <linux/types.h>

#define DEVICE_VXLAN  "weft-vxlan"
#define DEVICE_BRIDGE "weft-ports"

/* A bridge takes 1023 (BR_MAX_PORTS in the kernel's net/bridge/br_private.h), one is weft-vxlan. */
#define DEVICE_BRIDGE_PORTS 1022

/**
 * struct devices - what there is of them in this network namespace, belonging to one node.
 * @vxlan, @bridge: interface indices, 0 = none.
 * @port: UDP port of @vxlan.
 * @up: @vxlan is up.
 * @taken: somebody else, or another node, has a device by one of the names.
 */
struct devices {
	__u32 vxlan;
	__u32 bridge;
	__u16 port;
	bool up;
	bool taken;
};

/** devices_find - look for node @node's. Return: 0, also without any; -errno. */
int devices_find(const char *node, struct devices *found);

/** devices_create - make what is missing of the two, down, and put one into the other. */
int devices_create(const char *node, __u16 port, const struct devices *present);

/** devices_set_up - let weft-vxlan receive, or not. Return: 0; -EADDRINUSE; -errno. */
int devices_set_up(__u32 ifindex, bool up);

/** devices_set_master - put an interface into a bridge; 0 = take it out. */
int devices_set_master(__u32 ifindex, __u32 bridge);

/** devices_set_promisc - let an interface take in frames for everybody, or not any more. */
int devices_set_promisc(__u32 ifindex, bool on);

/** devices_remove - remove node @node's; fine if there are none. */
int devices_remove(const char *node);

#endif
