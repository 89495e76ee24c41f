/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * What a port may send, and what it may get: port security, isolation, storm control and loop
 * protection. Asked for the first packet of a connection, for ARP, neighbour discovery and whatever
 * else is no connection's, and for frames that are flooded; never for packets of flows that are
 * known.
 */
#ifndef WEFT_GUARD_H
#define WEFT_GUARD_H

#include <linux/types.h>

#include <weft/abi.h>

#define WEFT_GUARD_SECURE     0x0001 /* port security is on */
#define WEFT_GUARD_ADDRS      0x0002 /* it may use the addresses that the tables have, no others */
#define WEFT_GUARD_PAIRS      0x0004 /* it has rows in `weft_pairs` */
#define WEFT_GUARD_DHCP       0x0008 /* it may speak as a DHCP or DHCPv6 server */
#define WEFT_GUARD_ROUTER     0x0010 /* it may speak as a router, and gets all multicast groups */
#define WEFT_GUARD_LOOP_BLOCK 0x0020 /* a loop through it is cut, not only reported */

/**
 * enum weft_isolation - the role of an endpoint in its network's private VLAN; RFC 5517. Numbers
 * from WEFT_ISO_COMMUNITY on are communities, numbered by the loader.
 */
enum weft_isolation {
	WEFT_ISO_PROMISCUOUS,
	WEFT_ISO_ISOLATED,
	WEFT_ISO_COMMUNITY,
};

/** weft_iso_allows - may endpoints of these roles talk to each other? */
static inline __attribute__((always_inline)) int weft_iso_allows(__u16 a, __u16 b)
{
	return a == WEFT_ISO_PROMISCUOUS || b == WEFT_ISO_PROMISCUOUS ||
	       (a == b && a >= WEFT_ISO_COMMUNITY);
}

/** enum weft_storm - kinds of frames whose rate can be limited. */
enum weft_storm {
	WEFT_STORM_BROADCAST,
	WEFT_STORM_MULTICAST,
	WEFT_STORM_UNKNOWN, /* unknown unicast */
	__WEFT_STORM_MAX,
};

#define WEFT_STORM_BURST_NS 50000000ULL /* as much as the rate gives in 50 ms may come at once */

/**
 * struct weft_guard - `weft_guards`, array by port id. Written by the loader.
 * @flags: WEFT_GUARD_*.
 * @isolation: enum weft_isolation.
 * @storm_ns: by enum weft_storm: nanoseconds for each packet; 0 = as many as come.
 * @loop_block_ms: how long a port is cut off after a loop.
 */
struct weft_guard {
	__u16 flags;
	__u16 isolation;
	__u32 storm_ns[__WEFT_STORM_MAX];
	__u32 loop_block_ms;
};
_Static_assert(sizeof(struct weft_guard) == 20, "ABI");

/**
 * struct weft_port_state - `weft_port_state`, array by port id. Written by the datapath, and by
 * the loader when an id is given out. Times are CLOCK_MONOTONIC.
 * @storm_next_ns: by enum weft_storm: when the port will have paid for all that it has sent.
 * @loop_seen_ns: a frame that had been flooded came back by this port; 0 = never.
 * @loop_until_ns: it is cut off until then.
 * @loops: how often that happened.
 * @loop_port: where that frame had come in before; 0 = by a tunnel.
 * @epoch, @groups: multicast memberships begun in this epoch, see WEFT_MCAST_EPOCH_NS.
 */
struct weft_port_state {
	__u64 storm_next_ns[__WEFT_STORM_MAX];
	__u64 loop_seen_ns;
	__u64 loop_until_ns;
	__u64 loops;
	__u32 loop_port;
	__u32 epoch;
	__u32 groups;
	__u32 pad;
};
_Static_assert(sizeof(struct weft_port_state) == 64, "ABI");

/**
 * struct weft_pair_key - `weft_pairs`: addresses that a port may use besides its own.
 * @prefixlen: bits of what follows that count: WEFT_PAIR_BITS, and those of @addr's prefix.
 */
struct weft_pair_key {
	__u32 prefixlen;
	__u32 port;
	__u8 mac[WEFT_ETH_ALEN];
	__u16 pad;
	struct weft_addr addr;
};
_Static_assert(sizeof(struct weft_pair_key) == 32, "ABI");

#define WEFT_PAIR_BITS (8 * (4 + WEFT_ETH_ALEN + 2)) /* port and MAC address */

/* `weft_pairs`, LPM trie to __u32: for which packets the row is meant. */
#define WEFT_PAIR_MAC  0x01 /* the MAC address may be used; every row says so */
#define WEFT_PAIR_IPV4 0x02 /* with this IPv4 prefix */
#define WEFT_PAIR_IPV6 0x04 /* with this IPv6 prefix */

/**
 * struct weft_flooded_key - `weft_flooded`: a frame that was flooded.
 * @hash: of its first bytes.
 */
struct weft_flooded_key {
	__u64 hash;
	__u16 network;
	__u16 pad[3];
};
_Static_assert(sizeof(struct weft_flooded_key) == 16, "ABI");

/** struct weft_flooded - `weft_flooded`, LRU hash: when, and where it came in. */
struct weft_flooded {
	__u64 ns;   /* CLOCK_MONOTONIC */
	__u32 port; /* 0 = by a tunnel */
	__u32 pad;
};
_Static_assert(sizeof(struct weft_flooded) == 16, "ABI");

#define WEFT_LOOP_WINDOW_NS 250000000ULL  /* a frame that comes back later is a new one */
#define WEFT_LOOP_PAUSE_NS  1000000000ULL /* between two ports of a network that are cut off */

/**
 * struct weft_bum_stat - `weft_bum_stat`, per-CPU array by network id: questions answered in place,
 * and multicast control messages read. All of it only ever grows.
 */
struct weft_bum_stat {
	__u64 arp_answered;
	__u64 nd_answered;
	__u64 reports; /* IGMP and MLD: joins and leaves */
	__u64 queries;
};
_Static_assert(sizeof(struct weft_bum_stat) == 32, "ABI");

#endif
