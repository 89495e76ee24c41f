/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * What floor.bpf.c and its loader floorctl.c agree on.
 */
#ifndef BENCH_FLOOR_H
#define BENCH_FLOOR_H

#include <linux/types.h>

#define FLOOR_VXLAN_PORT 4789
#define FLOOR_VLAN       10

#define FLOOR_OUTER4 50 /* bytes of outer Ethernet, IP, UDP and VXLAN headers */
#define FLOOR_OUTER6 70

struct floor_cfg {
	__u32 uplink_ifindex;
	__u32 port_ifindex; /* host side of the veth to deliver to */

	/* The outer headers as they go on the wire, lengths 0; the IPv4 checksum field holds the
	 * checksum of the rest. Whole words, to be copied as such. */
	__u64 outer4[(FLOOR_OUTER4 + 7) / 8];
	__u64 outer6[(FLOOR_OUTER6 + 7) / 8];
};

#endif
