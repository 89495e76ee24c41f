/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * What passes between `weft explain` and its copy of the datapath: where the packet is to come in,
 * and what every stage found and decided. Host order where nothing else is said.
 *
 * The programs that are attached do not know any of this: bpf/lib/trace_off.h leaves the hooks
 * empty there.
 */
#ifndef WEFT_TRACE_H
#define WEFT_TRACE_H

#include <weft/abi.h>
#include <weft/fdb.h>
#include <weft/flow.h>
#include <weft/policy.h>

/**
 * enum weft_trace_step - what a record is about; members of struct weft_trace_rec's union in
 * brackets. @found says whether there was such an entry.
 */
enum weft_trace_step {
	WEFT_TRACE_NONE,
	WEFT_TRACE_PARSE,    /* [frame] @result: 0 or a drop; also of the inner frame */
	WEFT_TRACE_PORT,     /* [port] look-up of the interface */
	WEFT_TRACE_VLAN,     /* [port] that the tags name, where several share an interface */
	WEFT_TRACE_PEER,     /* [peer] look-up of remote VTEP and VNI */
	WEFT_TRACE_CLASSIFY, /* [none] @result: 0, a drop, or WEFT_TRACE_PASS */
	WEFT_TRACE_WIRE,     /* [none] is it of a network on the wire? @result: as above */
	WEFT_TRACE_RESTORE,  /* [none] what XDP found out; @result: as above */
	WEFT_TRACE_DECAP,    /* [none] @result: 0 or a drop */
	WEFT_TRACE_NETWORK,  /* [network] */
	WEFT_TRACE_SENDER,   /* [fdb] source of a frame from the underlay */
	WEFT_TRACE_RETURN,   /* [fdb] the router that an answer goes back to */
	WEFT_TRACE_FDB,      /* [fdb] destination */
	WEFT_TRACE_LEARN,    /* [learned] source, where sources are learned */
	WEFT_TRACE_LEARNED,  /* [learned] destination that is not static */
	WEFT_TRACE_ADDRESS,  /* [neigh] whose is the source address? */
	WEFT_TRACE_QUESTION, /* [neigh] whose is the address that is asked for? */
	WEFT_TRACE_FRAGMENT, /* [frag] */
	WEFT_TRACE_FLOW,     /* [flow] the packet's own flow */
	WEFT_TRACE_STALE,    /* [none] it was decided under other policies, or in other places */
	WEFT_TRACE_RELATED,  /* [flow] the flow that an ICMP error is about */
	WEFT_TRACE_POLICY,   /* [policy] one direction; @result: enum weft_pol_action */
	WEFT_TRACE_BEGIN,    /* [none] a flow would be made; @result: enum weft_trace_table */
	WEFT_TRACE_SETTLE,   /* [none] it would move to the table of established ones */
	WEFT_TRACE_TUNNEL,   /* [tunnel] to encapsulate for; not found: slot not in use */
	WEFT_TRACE_COPY,     /* [copy] of a flooded frame */
	WEFT_TRACE_HANDOVER, /* [hop] to a port: the frame, or the answer to it */
	WEFT_TRACE_DROP,     /* [drop] counted */
	WEFT_TRACE_END,      /* [none] @result: what the pipeline returned, WEFT_TRACE_PASS and so
				on, or a drop */
	__WEFT_TRACE_MAX,
};

/** enum weft_trace_end - final actions; the numbers of bpf/pkt.h's enum weft_action. */
enum weft_trace_end {
	WEFT_TRACE_PASS = 1,
	WEFT_TRACE_DELIVER,
	WEFT_TRACE_SEND,
	WEFT_TRACE_FLOOD,
	WEFT_TRACE_REPLY,
	WEFT_TRACE_REFUSE,
	WEFT_TRACE_DENIED,
};

/** enum weft_trace_table - flow tables; the numbers of bpf/stages/flow_table.h. */
enum weft_trace_table {
	WEFT_TRACE_TABLE_NONE,
	WEFT_TRACE_TABLE_FLOWS,
	WEFT_TRACE_TABLE_NEW,
	WEFT_TRACE_TABLE_OVER,
};

#define WEFT_TRACE_HEAD 256 /* bytes of a frame that a record keeps; a power of two */

/**
 * struct weft_trace_frame - a frame as it is at this step.
 * @len: bytes.
 * @tag: VLAN tag that it has beside them, TPID << 16 | TCI; 0 = none.
 * @head: how it begins.
 */
struct weft_trace_frame {
	__u32 len;
	__u32 tag;
	__u8 head[WEFT_TRACE_HEAD];
};

struct weft_trace_port {
	__u32 ifindex;
	struct weft_port port;
};

struct weft_trace_peer {
	struct weft_peer_key key;
	struct weft_peer peer;
};

struct weft_trace_network {
	__u32 id;
	struct weft_network network;
};

struct weft_trace_fdb {
	struct weft_fdb_key key;
	struct weft_fdb_entry entry;
};

/** struct weft_trace_learned - @here: where the frame comes from. */
struct weft_trace_learned {
	struct weft_fdb_key key;
	struct weft_hop here;
	struct weft_learned learned;
};

struct weft_trace_neigh {
	struct weft_neigh_key key;
	struct weft_neigh neigh;
};

struct weft_trace_frag {
	struct weft_frag_key key;
	struct weft_frag frag;
};

/**
 * struct weft_trace_flow - a look-up in the flow tables.
 * @side: that the packet's source is on.
 * @table: enum weft_trace_table.
 */
struct weft_trace_flow {
	struct weft_flow_key key;
	struct weft_flow flow;
	__u8 side;
	__u8 table;
	__u16 pad;
};

/**
 * struct weft_trace_policy - a verdict of one port's policies.
 * @peer: the other end.
 * @dir: enum weft_pol_dir.
 * @port: id; 0: the port is not here.
 * @point: WEFT_POL_POINT.
 * @rule: that decided, if @found; else nothing restricts the port, or, where the verdict is no
 *        "allow", its rule set is not in the tables.
 */
struct weft_trace_policy {
	struct weft_addr peer;
	__u32 dir;
	__u32 port;
	__u32 point;
	__u32 rule;
};

struct weft_trace_tunnel {
	__u32 id;
	struct weft_tunnel tunnel;
};

/** struct weft_trace_copy - a copy of a flooded frame. @member says for whom. */
struct weft_trace_copy {
	struct weft_flood_member member;
	struct weft_trace_frame frame;
};

/**
 * struct weft_trace_hop - a frame goes to a port.
 * @delivery: enum weft_delivery.
 * @port: id.
 * @tag: as in struct weft_trace_frame.
 */
struct weft_trace_hop {
	__u32 ifindex;
	__u32 delivery;
	__u32 port;
	__u32 tag;
};

/** struct weft_trace_drop - as in struct weft_drop_key. */
struct weft_trace_drop {
	__u32 port;
	__u32 reason;
};

/** struct weft_trace_rec - one step of a packet's way. */
struct weft_trace_rec {
	__u16 step;
	__u16 found;
	__s32 result;
	union {
		struct weft_trace_frame frame;
		struct weft_trace_port port;
		struct weft_trace_peer peer;
		struct weft_trace_network network;
		struct weft_trace_fdb fdb;
		struct weft_trace_learned learned;
		struct weft_trace_neigh neigh;
		struct weft_trace_frag frag;
		struct weft_trace_flow flow;
		struct weft_trace_policy policy;
		struct weft_trace_tunnel tunnel;
		struct weft_trace_copy copy;
		struct weft_trace_hop hop;
		struct weft_trace_drop drop;
	};
};

#define WEFT_TRACE_MAX 512 /* records of one packet; more are only counted */

/**
 * struct weft_trace - `weft_trace`, array of one, of the process that explains.
 * @ifindex: interface that the packet comes in by; it need not exist.
 * @has_meta: TC: XDP has left @meta.
 * @n: records that the packet made; those from WEFT_TRACE_MAX on are not kept.
 *
 * Written by `weft explain` before a run, with @n 0, and by the programs.
 */
struct weft_trace {
	__u32 ifindex;
	__u32 has_meta;
	struct weft_meta meta;
	__u32 n;
	__u32 pad;
	struct weft_trace_rec recs[WEFT_TRACE_MAX];
};

#endif
