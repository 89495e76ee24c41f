/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The flow table: connection tracking and forwarding cache in one. An entry is a whole connection:
 * its two sides, where each of them is, what has been decided about it, and how far it has come.
 *
 *     weft_flows        what both sides have agreed to: TCP once established, UDP streams
 *     weft_flows_new    what one side alone can make: half-open TCP, short exchanges, ICMP
 *     weft_flows_over   the same, of ports and networks that have more than their share
 *
 * The last two evict their least recently used entry when they are full, so a flood loses only its
 * like; the first never evicts. An entry of weft_flows ends by its own kernel timer, without any
 * process.
 */
#ifndef WEFT_FLOW_H
#define WEFT_FLOW_H

#include <linux/bpf.h>
#include <linux/types.h>

#include <weft/abi.h>
#include <weft/policy.h>

/**
 * struct weft_flow_key - a connection, whichever way its packets go.
 * @addr, @port: of both sides, the lower side first; weft_flow_side() says which. @port: ports of
 *               TCP, UDP and SCTP; of an ICMP or ICMPv6 query the identifier on the side that asks,
 *               and WEFT_FLOW_QUERY of the query on the other; else 0. Network order.
 * @network: network id.
 * @proto: IP protocol, behind IPv6 extension headers.
 * @asker: ICMP queries: the side that asks.
 */
struct weft_flow_key {
	struct weft_addr addr[2];
	__be16 port[2];
	__u16 network;
	__u8 proto;
	__u8 asker;
};
_Static_assert(sizeof(struct weft_flow_key) == 40, "ABI");

/* An ICMP query as a flow's key has it, host order. An answer has its question's code. */
#define WEFT_FLOW_QUERY(type, code) ((__u16)((code) << 8 | (type)))
#define WEFT_FLOW_QUERY_TYPE(query) ((query)&0xff)
#define WEFT_FLOW_QUERY_CODE(query) ((query) >> 8)

/**
 * weft_flow_side - on which side of a key does a packet's source stand?
 *
 * The side with the lower address, then the lower port; "lower" means nothing but that both
 * directions find the same order, so the words are compared as the machine reads them.
 * Return: 0 or 1.
 */
static inline __attribute__((always_inline)) int weft_flow_side(const struct weft_addr *saddr,
								const struct weft_addr *daddr,
								__be16 sport, __be16 dport)
{
	for (int i = 3; i >= 0; i--) /* IPv4 addresses differ in the last word only */
		if (saddr->words[i] != daddr->words[i])
			return saddr->words[i] > daddr->words[i];
	return sport > dport;
}

/** enum weft_flow_state - how far a connection has come; index of its timeout. */
enum weft_flow_state {
	WEFT_FLOW_NONE,
	WEFT_TCP_SYN_SENT,
	WEFT_TCP_SYN_SENT2, /* simultaneous open: SYNs in both directions */
	WEFT_TCP_SYN_RECV,  /* SYN-ACK seen */
	WEFT_TCP_ESTABLISHED,
	WEFT_TCP_FIN_WAIT,   /* a FIN in one direction */
	WEFT_TCP_CLOSE_WAIT, /* and acknowledged */
	WEFT_TCP_LAST_ACK,   /* FINs in both directions */
	WEFT_TCP_TIME_WAIT,  /* and acknowledged */
	WEFT_TCP_CLOSE,      /* reset */
	WEFT_UDP_UNREPLIED,
	WEFT_UDP_REPLIED,
	WEFT_ICMP_UNREPLIED, /* ICMP and ICMPv6 queries */
	WEFT_ICMP_REPLIED,
	WEFT_OTHER_UNREPLIED, /* every other protocol */
	WEFT_OTHER_REPLIED,
	__WEFT_FLOW_STATE_MAX,
};

/** enum weft_hop_kind - how a side of a flow is reached. */
enum weft_hop_kind {
	WEFT_HOP_NONE,
	WEFT_HOP_LOCAL,  /* @target: interface index, @port: port id */
	WEFT_HOP_TUNNEL, /* @target: tunnel id */
	WEFT_HOP_FLOOD,  /* nobody knows where it is */
	WEFT_HOP_WIRE,   /* beyond an uplink, in its VLAN: as WEFT_HOP_LOCAL, but no port's policies
			  */
};

/**
 * struct weft_hop - where a side of a flow is. Eight bytes, written and read at once.
 * @target: see enum weft_hop_kind.
 * @port: of a local side or a wire: its port id.
 * @kind: enum weft_hop_kind.
 * @delivery: of a local side or a wire: enum weft_delivery.
 */
struct weft_hop {
	__u32 target;
	__u16 port;
	__u8 kind;
	__u8 delivery;
} __attribute__((aligned(8)));
_Static_assert(sizeof(struct weft_hop) == 8, "ABI");

/* Of a side: @tcp_flags of struct weft_flow. */
#define WEFT_TCP_HAS_SCALE    0x01 /* it offered window scaling */
#define WEFT_TCP_HAS_FIN      0x02 /* its FIN was the first: the connection was closed in good order */
#define WEFT_TCP_LOOSE        0x04 /* met in mid-connection: its scale is not known */
#define WEFT_TCP_HAS_ACK      0x08 /* max_ack is known */
#define WEFT_TCP_HEARD        0x10 /* it has answered */
#define WEFT_TCP_SETTLED      0x20 /* both directions are established; set on both sides at once */
#define WEFT_TCP_SIMULTANEOUS 0x40 /* SYNs crossed */
#define WEFT_TCP_CHALLENGE    0x80 /* a SYN of it was let by, which an ACK may answer; RFC 5961 */

/**
 * struct weft_tcp_side - what is known of one side's sequence numbers. Host order.
 * @end: highest sequence number sent, and one.
 * @max_end: highest that the other side's window lets it send, and one.
 * @max_win: largest window that it has offered, scaled.
 * @max_ack: highest acknowledgement that it has sent.
 *
 * All zero: nothing was heard of it yet.
 * Source: G. van Rooij, "Real Stateful TCP Packet Filtering in IP Filter".
 */
struct weft_tcp_side {
	__u32 end;
	__u32 max_end;
	__u32 max_win;
	__u32 max_ack;
};
_Static_assert(sizeof(struct weft_tcp_side) == 16, "ABI");

/**
 * struct weft_tcp_last - the last segment that was in window, or that was let by although it was
 * not: what comes next may answer it.
 * @end: its sequence number and length, host order.
 * @win: its window, as sent.
 * @kind: enum weft_tcp_kind of bpf/lib/tcp.h, and 0x80 if side 1 sent it.
 * @scale: of a SYN that was let by: its window scale, 0xff = none.
 */
struct weft_tcp_last {
	__u32 end;
	__u16 win;
	__u8 kind;
	__u8 scale;
};
_Static_assert(sizeof(struct weft_tcp_last) == 8, "ABI");

#define WEFT_FLOW_GUARDED 0x01 /* a rule set was asked: what is invalid is dropped */
#define WEFT_FLOW_KEEP    0x02 /* every rule that accepted it says so: later denials spare it */
#define WEFT_FLOW_COUNTED 0x04 /* it is in `weft_flow_use` and `weft_net_use` */
#define WEFT_FLOW_LEARNED 0x08 /* its network learns: both places are looked up now and then */
#define WEFT_FLOW_ROUTED  0x10 /* its opener's packets come by a router: answers go to that */

/* A side's packets have the places looked up, and its MAC address confirmed, once in so many ticks:
 * 0.5 s, 2 s or 5 s where the kernel has 1000, 250 or 100 a second. */
#define WEFT_FLOW_BEAT_BITS 9
#define WEFT_FLOW_BEAT      (1u << WEFT_FLOW_BEAT_BITS)

/**
 * struct weft_flow - `weft_flows_new`, `weft_flows_over`, LRU hash by struct weft_flow_key: a
 * connection. And in `weft_flows`, see struct weft_flow_entry.
 * @decided: generations under which @rule and @hop were found; when they are no longer in force the
 *           next packet has them found again.
 * @hop: where each side is.
 * @mac: their MAC addresses; WEFT_FLOW_ROUTED: the router's in place of the opener's.
 * @seen: time of the last packet, in ticks of the kernel (jiffies), low word; see
 *        struct weft_flow_clock.
 * @state: enum weft_flow_state.
 * @flags: WEFT_FLOW_*.
 * @origin: the side that opened it, 0 or 1.
 * @beat: WEFT_FLOW_LEARNED: when each side last had that done, in units of WEFT_FLOW_BEAT, modulo
 *        16; side 1 in the upper half.
 * @rule: by enum weft_pol_dir: the rule that accepted it at the port that it enters and at the port
 *        that it leaves; 0 = nothing restricts that port, or it is on another node.
 * @tcp_scale: TCP: each side's window scale, RFC 7323.
 * @tcp_flags: each side's WEFT_TCP_*.
 * @count: packets that each side has sent. Two CPUs that carry the same direction at the same
 *         moment may lose a count.
 * @tcp_last: the last segment.
 * @tcp: each side's sequence numbers.
 * @created_ns: CLOCK_MONOTONIC.
 * @identity: of the groups of the side that opened it, if that is behind a tunnel and was told with
 *            the packet that did; or is behind a router, and has a port on this node.
 *
 * The datapath writes; members that another CPU may change at the same time are each one store.
 * What every packet needs comes first: in a table of a million, each cache line is a wait for
 * memory.
 */
struct weft_flow {
	struct weft_generation decided;
	struct weft_hop hop[2];
	__u8 mac[2][WEFT_ETH_ALEN];
	__u32 seen;
	__u8 state;
	__u8 flags;
	__u8 origin;
	__u8 beat;
	__u32 rule[__WEFT_POL_DIR_MAX];
	__u8 tcp_scale[2];
	__u8 tcp_flags[2];
	struct weft_count count[2];
	struct weft_tcp_last tcp_last;
	struct weft_tcp_side tcp[2];
	__u64 created_ns;
	__u32 identity;
	__u32 pad2;
};
_Static_assert(sizeof(struct weft_flow) == 144, "ABI");

/**
 * struct weft_flow_entry - `weft_flows`, hash by struct weft_flow_key: an established connection.
 * @timer: ends it when it has been idle for long enough. The kernel's; reads as zero.
 */
struct weft_flow_entry {
	struct weft_flow flow;
	struct bpf_timer timer;
};
_Static_assert(sizeof(struct weft_flow_entry) == 160, "ABI");

/**
 * struct weft_flow_conf - `weft_flow_conf`, array of one: how long flows last, and how many there
 * may be. Written by the loader.
 * @timeout_ms: by enum weft_flow_state.
 * @tick_ns: length of one of the kernel's ticks.
 * @per_port: entries of `weft_flows` that a port may have.
 * @per_network: the same for a network.
 * @new_per_port: flows that a port may begin within a second without their becoming established;
 *                what is more goes to `weft_flows_over`.
 */
struct weft_flow_conf {
	__u32 timeout_ms[__WEFT_FLOW_STATE_MAX];
	__u32 tick_ns;
	__u32 per_port;
	__u32 per_network;
	__u32 new_per_port;
};
_Static_assert(sizeof(struct weft_flow_conf) == 80, "ABI");

/**
 * struct weft_flow_clock - `weft_flow_clock`, array of one: two clocks read at the same time, by
 * the datapath whenever it makes a flow.
 * @ns: CLOCK_MONOTONIC.
 * @ticks: jiffies, 64 bits.
 */
struct weft_flow_clock {
	__u64 ns;
	__u64 ticks;
};
_Static_assert(sizeof(struct weft_flow_clock) == 16, "ABI");

/**
 * struct weft_flow_use - `weft_flow_use`, array by port id, and `weft_net_use`, array by network
 * id: who has how many flows. Written by the datapath, and by the loader when an id is given out.
 * @established: entries of `weft_flows`.
 * @begun: flows begun, and not established, in the second @second; half of it is forgotten with
 *         every second that passes. Ports only.
 * @second: CLOCK_MONOTONIC, seconds.
 * @over: flows that were refused a place for being more than the port's or network's share. Only
 *        ever grows.
 */
struct weft_flow_use {
	__u64 established;
	__u32 begun;
	__u32 second;
	__u64 over;
};
_Static_assert(sizeof(struct weft_flow_use) == 24, "ABI");

/**
 * struct weft_flow_stat - `weft_flow_stat`, per-CPU array of one: what happened in the flow tables.
 * @created: entries made in weft_flows_new and weft_flows_over.
 * @over: of these, those in weft_flows_over.
 * @established: entries made in weft_flows.
 * @ended: entries of weft_flows that timed out, were closed and used anew, or were flushed.
 * @full: flows that found no room in weft_flows and stayed where they were.
 * @lost: flows that no table took; their packets were judged one by one.
 * @judged: verdicts asked of the policy tables.
 */
struct weft_flow_stat {
	__u64 created;
	__u64 over;
	__u64 established;
	__u64 ended;
	__u64 full;
	__u64 lost;
	__u64 judged;
};

/** enum weft_flow_order_kind - what the loader can have done to flows. */
enum weft_flow_order_kind {
	WEFT_FLOW_FORGET, /* remove them */
	WEFT_FLOW_ADOPT,  /* entries of weft_flows that were copied in: start their timers, count
			     them */
};

#define WEFT_FLOW_ORDER_KEYS 32

/**
 * struct weft_flow_order - the "packet" that tc_flow_order, a program that is attached nowhere, is
 * run on by BPF_PROG_TEST_RUN. Only a program can keep timers and counts right.
 * @eth: anything; test runs insist on an Ethernet header.
 * @kind: enum weft_flow_order_kind.
 * @n: of @keys.
 *
 * The program returns how many of the keys had an entry.
 */
struct weft_flow_order {
	__u8 eth[WEFT_ETH_HLEN];
	__u16 kind;
	__u32 n;
	__u32 pad;
	struct weft_flow_key keys[WEFT_FLOW_ORDER_KEYS];
};
_Static_assert(sizeof(struct weft_flow_order) == 24 + 32 * 40, "ABI");

/**
 * struct weft_frag_key - `weft_frags`: an IP datagram that travels in pieces.
 * @id: as in the packet, IPv4: the low 16 bits.
 * @proto: IPv4; IPv6: 0, because only the first fragment's counts.
 */
struct weft_frag_key {
	struct weft_addr saddr;
	struct weft_addr daddr;
	__u32 id;
	__u16 network;
	__u8 proto;
	__u8 pad;
};
_Static_assert(sizeof(struct weft_frag_key) == 40, "ABI");

/** struct weft_frag_range - bytes of a datagram, in units of 8: from @start up to @end. */
struct weft_frag_range {
	__u16 start;
	__u16 end;
};

#define WEFT_FRAG_RANGES 4 /* separate pieces of a datagram that are kept track of */

/**
 * struct weft_frag - `weft_frags`, LRU hash: what the first fragment said, and which parts have
 * come.
 * @sport, @dport: as in struct weft_hdrs: ports, or an ICMP query's identifier.
 * @proto: IP protocol, behind IPv6 extension headers.
 * @icmp_type, @icmp_code: of ICMP and ICMPv6.
 * @bad: two fragments overlapped; nothing of it passes any more. RFC 5722.
 * @total: where the datagram ends, in units of 8; 0 = the last fragment has not come.
 * @head: where the first fragment ends.
 * @ranges: of the parts that have come, touching ones joined; @end 0 = not in use.
 * @tcp_base: TCP: the sequence number that stands before the first byte of the datagram, if the
 *            header were data and SYN and FIN came first. Host order.
 * @seen: jiffies of the first fragment, low word.
 */
struct weft_frag {
	__be16 sport;
	__be16 dport;
	__u8 proto;
	__u8 icmp_type;
	__u8 icmp_code;
	__u8 bad;
	__u16 total;
	__u16 head;
	struct weft_frag_range ranges[WEFT_FRAG_RANGES];
	__u32 tcp_base;
	__u32 seen;
};
_Static_assert(sizeof(struct weft_frag) == 36, "ABI");

#define WEFT_FRAG_TIMEOUT_MS 30000 /* as net.ipv4.ipfrag_time */

#endif
