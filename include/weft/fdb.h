/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Learned MAC addresses: what the FDB of the file (`weft_fdb`, see abi.h) does not say and frames
 * have told.
 *
 *     weft_fdb      static: from the file; the loader writes; always asked first
 *     weft_learned  from the source addresses of frames, where a port or a network asks for it; the
 *                   datapath writes
 *
 * An entry has one place. It ages: one that nobody has confirmed for the network's mac_age_ms is
 * not used, whoever looks. It stays in the table until it is confirmed, or until somebody finds no
 * share or no room for a new one: he sweeps all out that are too old, at most once in
 * WEFT_LEARN_SWEEP_NS. No process is needed, and no memory but the table's. (Kernel timers, as
 * flows have them, take memory that the kernel may not have to give to a packet.)
 *
 * An entry moves when its address is seen elsewhere; one that moves more than WEFT_LEARN_MOVES
 * times within a second is held where it is for WEFT_LEARN_HOLD_NS, and frames that come from
 * elsewhere are dropped meanwhile.
 *
 * Nobody's entries are evicted for somebody else's: every port, every VTEP in a network, and every
 * network has its share, and what is beyond it is not learned.
 */
#ifndef WEFT_FDB_H
#define WEFT_FDB_H

#include <linux/types.h>

#include <weft/abi.h>
#include <weft/flow.h>

#define WEFT_LEARN_MOVES    5             /* within a second */
#define WEFT_LEARN_HOLD_NS  1000000000ULL /* from the move that was one too many */
#define WEFT_LEARN_SWEEP_NS 1000000000ULL

/**
 * struct weft_learned - `weft_learned`, hash by struct weft_fdb_key: where a learned MAC address
 * is. Times are CLOCK_MONOTONIC.
 * @where: a port of this node, or the tunnel to a VTEP; WEFT_HOP_NONE: about to be removed.
 * @seen_ns: its last frame that told. A flow's frames tell about once in WEFT_FLOW_BEAT ticks.
 * @since_ns: when it was first seen there.
 * @second_ns: when the second began in which @recent moves were counted.
 * @held_ns: it stays where it is until then.
 * @moves: all of them.
 * @recent: see @second_ns.
 * @counted: it is in @learned of its place's and its network's struct weft_learn_use.
 */
struct weft_learned {
	struct weft_hop where;
	__u64 seen_ns;
	__u64 since_ns;
	__u64 second_ns;
	__u64 held_ns;
	__u32 moves;
	__u16 recent;
	__u8 counted;
	__u8 pad;
};
_Static_assert(sizeof(struct weft_learned) == 48, "ABI");

/**
 * struct weft_learn_use - `weft_learn_port`, array by port id; `weft_learn_net`, array by network
 * id; `weft_learn_vtep`, hash by struct weft_learn_vtep_key: who has how many learned addresses.
 * @learned: entries of `weft_learned`, those that are too old and not yet swept out included.
 * @refused: frames whose source was not learned, for want of a share or of room. Only ever grows,
 *           as the next two.
 * @moved: addresses that moved there; of a network: within it, and those that were made forgotten.
 *         Flows are decided again when their network's has changed.
 * @held: frames from addresses that were held elsewhere.
 *
 * Written by the datapath, and by the loader when an id is given out.
 */
struct weft_learn_use {
	__u64 learned;
	__u64 refused;
	__u64 moved;
	__u64 held;
};
_Static_assert(sizeof(struct weft_learn_use) == 32, "ABI");

/** struct weft_learn_vtep_key - `weft_learn_vtep`: a remote VTEP's part in a network. */
struct weft_learn_vtep_key {
	__u32 tunnel;
	__u16 network;
	__u16 pad;
};
_Static_assert(sizeof(struct weft_learn_vtep_key) == 8, "ABI");

/**
 * struct weft_learn_event - an address that was held.
 * @mac: which.
 * @at: where it is held.
 * @from: where it wanted to move.
 * @when_ns: when the hold began, CLOCK_MONOTONIC.
 */
struct weft_learn_event {
	struct weft_fdb_key mac;
	struct weft_hop at;
	struct weft_hop from;
	__u64 when_ns;
};
_Static_assert(sizeof(struct weft_learn_event) == 32, "ABI");

#define WEFT_LEARN_EVENTS 64 /* a power of two */

/**
 * struct weft_learn_node - `weft_learn_node`, array of one: what is about the whole table.
 * @swept_ns: when entries that were too old were last swept out, CLOCK_MONOTONIC.
 * @swept: entries that were. Only ever grows.
 * @n: events that there have been; number i is in slot i modulo WEFT_LEARN_EVENTS. The youngest may
 *     be half written.
 * @events: the latest addresses that were held. One that is held for long is there once for each
 *          second of it.
 */
struct weft_learn_node {
	__u64 swept_ns;
	__u64 swept;
	__u64 n;
	struct weft_learn_event events[WEFT_LEARN_EVENTS];
};

/** enum weft_learn_order_kind - what the loader can have done to learned addresses. */
enum weft_learn_order_kind {
	WEFT_LEARN_FORGET, /* remove them */
	WEFT_LEARN_ADOPT,  /* that were copied in: count them */
};

#define WEFT_LEARN_ORDER_KEYS 64

/**
 * struct weft_learn_order - the "packet" that tc_learn_order is run on; as struct weft_flow_order.
 */
struct weft_learn_order {
	__u8 eth[WEFT_ETH_HLEN];
	__u16 kind;
	__u32 n;
	__u32 pad;
	struct weft_fdb_key keys[WEFT_LEARN_ORDER_KEYS];
};
_Static_assert(sizeof(struct weft_learn_order) == 24 + 64 * 8, "ABI");

#endif
