/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The groups of the multicast tests, and the table of members. */
#ifndef WEFT_TEST_MULTICAST_H
#define WEFT_TEST_MULTICAST_H

#include <stdbool.h>

#include "tables.h"

/* clang-format off */
#define GROUP4_BYTES 239, 1, 2, 3
#define GROUP6_BYTES 0xff, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2
#define IP4_MCAST { GROUP4_BYTES }
#define IP6_MCAST { GROUP6_BYTES }
#define MAC_MCAST4 { 1, 0, 0x5e, 1, 2, 3 }
#define MAC_MCAST6 { 0x33, 0x33, 0, 0, 1, 2 }
#define IP4_ALL_HOSTS { 224, 0, 0, 1 }
#define MAC_ALL_HOSTS { 1, 0, 0x5e, 0, 0, 1 }
#define IP4_ALL_ROUTERS { 224, 0, 0, 2 }
#define MAC_ALL_ROUTERS4 { 1, 0, 0x5e, 0, 0, 2 }
#define IP4_IGMP3 { 224, 0, 0, 22 }
#define MAC_IGMP3 { 1, 0, 0x5e, 0, 0, 22 }
#define IP6_MLD2 { 0xff, 2, [15] = 0x16 }
#define MAC_MLD2 { 0x33, 0x33, 0, 0, 0, 0x16 }
#define LLA_WEB1 { 0xfe, 0x80, [11] = 0xff, [12] = 0xfe, [14] = 1, [15] = 0x11 }

#define IGMP_TO(group) IP4(.src = IP4_WEB1, .dst = group, .ttl = 1, .options = 1)
#define MLD_TO(group) IP6(.src = LLA_WEB1, .dst = group, .hlim = 1), EXT(.nh = 0)
/* clang-format on */

extern const struct weft_addr mcast_group4, mcast_group6, mcast_router;

/** struct mcast_member - a port or tunnel of network web. */
struct mcast_member {
	__u16 kind;
	__u32 id;
};

#define MCAST_PORT(wire)     ((struct mcast_member){.kind = WEFT_FLOOD_PORT, .id = PORT_ID(wire)})
#define MCAST_TUNNEL(tunnel) ((struct mcast_member){.kind = WEFT_FLOOD_TUNNEL, .id = (tunnel)})

/** mcast_put - make a member. @m: NULL: heard of just now. */
void mcast_put(const struct weft_addr *group, struct mcast_member member,
	       const struct weft_mcast *m);

/** mcast_get - look one up. Return: whether there is one. */
bool mcast_get(const struct weft_addr *group, struct mcast_member member, struct weft_mcast *m);

/** mcast_count - rows of the table. */
unsigned int mcast_count(void);

/** mcast_now - CLOCK_MONOTONIC, ns. */
__u64 mcast_now(void);

#endif
