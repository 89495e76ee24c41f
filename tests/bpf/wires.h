/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Interfaces for the packet tests: two network namespaces of the test's own, gone when it ends. */
#ifndef WEFT_TEST_WIRES_H
#define WEFT_TEST_WIRES_H

#include <stdbool.h>
#include <linux/types.h>

#include "actors.h"

/** struct vnet - how a frame is handed to the kernel; as virtio puts it. 0 = as it is. */
struct vnet {
	__u8 gso_type; /* VIRTIO_NET_HDR_GSO_* */
	__u16 hdr_len; /* linear bytes, where the frame is larger than a page */
	__u16 gso_size;
	__u16 csum_start, csum_offset;
};

/** struct arrival - what the kernel took a frame for. */
struct arrival {
	__u16 protocol; /* host order */
	__u8 pkttype;   /* PACKET_HOST, ... */
};

/** wires_make - make both namespaces and all interfaces. Return: 0 or -errno. */
int wires_make(void);

/** wires_ip - run `ip -batch` on @commands in node a's namespace. Return: 0 or -EIO. */
int wires_ip(const char *commands);

/** wires_offload - may node a's end of a wire leave checksums and segments to the far end? */
int wires_offload(enum wire wire, bool on);

/** wires_index - ifindex of node a's end of a wire. */
__u32 wires_index(enum wire wire);

/** wires_send - inject a frame at a wire's far end. @vnet may be NULL. Return: 0 or -errno. */
int wires_send(enum wire wire, const void *frame, __u32 len, const struct vnet *vnet);

/**
 * wires_receive - what came out of a wire's far end.
 * @frame: gets up to @size bytes.
 * @vnet: gets the offload that was pending, may be NULL.
 * @wait_ms: how long to wait for a frame.
 *
 * Frames that the kernel sends of its own accord (to IPv6 group addresses) are passed over on the
 * uplink. Return: bytes; -EAGAIN if none came.
 */
int wires_receive(enum wire wire, void *frame, __u32 size, struct vnet *vnet, int wait_ms);

/** wires_arrival - of the frame that wires_receive() gave last. */
struct arrival wires_arrival(void);

/**
 * wires_receive_near - as wires_receive(), for what entered the uplink by its ingress.
 */
int wires_receive_near(void *frame, __u32 size, int wait_ms);

/** wires_drain - forget what came. */
void wires_drain(void);

#endif
