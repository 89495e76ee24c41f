/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The forwarding table of metavxlan.bpf.c, which peers.py writes byte by byte.
 */
#ifndef BENCH_METAVXLAN_H
#define BENCH_METAVXLAN_H

#include <linux/types.h>

struct meta_key {
	__u32 vni;
	__u8 mac[6];
	__u8 pad[2];
};

struct meta_value {
	__u32 ifindex; /* of the host side of the veth if local, else of the vxlan device */
	__u8 local;
	__u8 ipv6;
	__u8 pad[2];
	__u32 remote[4]; /* IPv4: the first, in host byte order; IPv6: as on the wire */
};

#endif
