/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The programs of bpf/probe.bpf.c, which test uplinks, brought into the kernel; they go with the
 * process. */
#ifndef WEFT_LOADER_DATAPATH_PROBE_H
#define WEFT_LOADER_DATAPATH_PROBE_H

#include <linux/types.h>

#define PROBE_HEADER_LEN 64 /* Ethernet, IPv4, UDP, VXLAN, Ethernet */

struct weft_probe;

/**
 * struct probe_seen - what the programs that look have seen: packets, as XDP saw them.
 * @frames: all.
 * @marked: those whose metadata took a mark.
 * @arrived, @bare: of those without a VLAN tag that reached TC: with the mark, and without.
 */
struct probe_seen {
	__u64 frames;
	__u64 marked;
	__u64 arrived;
	__u64 bare;
};

/**
 * probe_load_look - load the programs that look.
 * @out: release with probe_free().
 * @xdp, @tc: receive descriptors, which stay @out's.
 *
 * Return: 0 or -errno.
 */
int probe_load_look(struct weft_probe **out, int *xdp, int *tc);

/** probe_load_send - load the program that sends in a tunnel, by @ifindex; likewise. */
int probe_load_send(__u32 ifindex, struct weft_probe **out, int *tc);

/** probe_seen - what they have seen so far. */
struct probe_seen probe_seen(const struct weft_probe *probe);

/** probe_set_header - what takes the place of the next packet's Ethernet header. */
void probe_set_header(struct weft_probe *probe, const __u8 header[static PROBE_HEADER_LEN]);

/** probe_free - NULL is fine. */
void probe_free(struct weft_probe *probe);

#endif
