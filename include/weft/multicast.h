/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Who wants which multicast group: what IGMP and MLD snooping (RFC 4541) have heard.
 *
 * A row is a membership. It is made and refreshed by reports and ends with a leave. It grows old
 * only while somebody queries: where nobody does hosts report only once, so it lasts. Nothing has
 * to run for that: whoever looks at a row compares its times, and the datapath deletes what it
 * finds to be over.
 */
#ifndef WEFT_MULTICAST_H
#define WEFT_MULTICAST_H

#include <linux/types.h>

#include <weft/abi.h>

/**
 * struct weft_mcast_key - `weft_mcast`: a member of a multicast group.
 * @group: its address; all zero: not a group, but that a multicast router is there.
 * @member: port id or tunnel id.
 * @network: network id.
 * @kind: enum weft_flood_kind: which of them.
 */
struct weft_mcast_key {
	struct weft_addr group;
	__u32 member;
	__u16 network;
	__u16 kind;
};
_Static_assert(sizeof(struct weft_mcast_key) == 24, "ABI");

/**
 * struct weft_mcast - `weft_mcast`, LRU hash. Times are CLOCK_MONOTONIC.
 * @seen_ns: last report, or of a router its last query.
 * @until_ns: somebody has left: over then, unless another report comes; 0 = nobody has.
 */
struct weft_mcast {
	__u64 seen_ns;
	__u64 until_ns;
};
_Static_assert(sizeof(struct weft_mcast) == 16, "ABI");

/**
 * struct weft_mcast_net - `weft_mcast_net`, array by network id.
 * @queried_ns: last general query, CLOCK_MONOTONIC; 0 = never.
 * @cut_ns: when a port of the network was last cut off for a loop.
 */
struct weft_mcast_net {
	__u64 queried_ns;
	__u64 cut_ns;
};
_Static_assert(sizeof(struct weft_mcast_net) == 16, "ABI");

/* RFC 3376 section 8, RFC 3810 section 9. */
#define WEFT_MCAST_AGE_NS    260000000000ULL /* membership interval */
#define WEFT_MCAST_ROUTER_NS 255000000000ULL /* other querier present interval */
#define WEFT_MCAST_ANSWER_NS 10000000000ULL  /* time to answer a query */
#define WEFT_MCAST_LEAVE_NS  3000000000ULL   /* after a leave, for others to say that they stay */
#define WEFT_MCAST_EPOCH_NS  260000000000ULL /* a port may begin so many memberships within it: */
#define WEFT_MCAST_PORT_MAX  128

/**
 * weft_mcast_over - is a membership over?
 * @router: the row is about a router.
 * @queried_ns: of its network.
 * @now: CLOCK_MONOTONIC.
 */
static inline __attribute__((always_inline)) int
weft_mcast_over(const struct weft_mcast *m, int router, __u64 queried_ns, __u64 now)
{
	if (router)
		return now > m->seen_ns + WEFT_MCAST_ROUTER_NS;
	if (m->until_ns)
		return now > m->until_ns;
	return queried_ns > m->seen_ns + WEFT_MCAST_AGE_NS &&
	       now > queried_ns + WEFT_MCAST_ANSWER_NS;
}

#endif
