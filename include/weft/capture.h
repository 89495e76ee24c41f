/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * What passes between the datapath and `weft capture`. Everything is in host order, but for the
 * frame itself.
 *
 * The datapath writes records to a perf event array. The buffers behind it belong to the process
 * that captures: the kernel takes them out of the array when that process ends, however it ends.
 * So a capture costs memory while it runs, and nothing of it can stay behind.
 */
#ifndef WEFT_CAPTURE_H
#define WEFT_CAPTURE_H

#include <weft/abi.h>

/* A record has to fit a perf sample, which is less than 64 KiB. */
#define WEFT_CAP_SNAPLEN_MAX 32768

/* Records that may come at once before the rate bound counts, as time. */
#define WEFT_CAP_BURST_NS 100000000ULL

#define WEFT_CAP_DROPS 0x00000001 /* lost packets only */

/**
 * struct weft_cap_conf - `weft_cap_conf`, array of one: whether somebody captures, and what.
 * @until_ns: CLOCK_MONOTONIC; 0 = nobody captures, and a packet looks no further. The process that
 *            captures renews it every second. The datapath zeroes it once it has passed: a capture
 *            that was killed falls silent by itself.
 * @next_ns: rate bound: CLOCK_MONOTONIC at which the bucket will be full again. Datapath writes.
 * @interval_ns: rate bound: ns from one record to the next in the long run; 0 = no bound.
 * @owner: a random number that the capturing process knows again; see loader/capture.c for who may
 *         write when.
 * @pid: of that process, for people.
 * @flags: WEFT_CAP_*.
 * @reason: only drops for this reason; 0 = any.
 * @network: only this network; 0 = any, also none.
 * @port: only what came in by, or was delivered to, the port or uplink with this id; 0 = any.
 * @sample: one packet in so many, chosen at random; 0 and 1 = every one.
 * @snaplen: bytes of a frame to record at most.
 */
struct weft_cap_conf {
	__u64 until_ns;
	__u64 next_ns;
	__u64 interval_ns;
	__u64 owner;
	__u32 pid;
	__u32 flags;
	__u32 reason;
	__u32 network;
	__u32 port;
	__u32 sample;
	__u32 snaplen;
	__u32 pad;
};
_Static_assert(sizeof(struct weft_cap_conf) == 64, "ABI");

/**
 * struct weft_cap_stat - `weft_cap_stat`, per-CPU array of one: packets that the filter let through
 *                        since the capture began.
 * @seen: all of them.
 * @recorded: written to the buffer.
 * @limited: left out by the rate bound.
 * @lost: left out because the buffer was full.
 * @unsaid: @limited and @lost since the last record of this CPU.
 *
 * What is missing from the sum of three to @seen was left out by @sample.
 */
struct weft_cap_stat {
	__u64 seen;
	__u64 recorded;
	__u64 limited;
	__u64 lost;
	__u64 unsaid;
};

/** enum weft_cap_verdict - what became of a packet; the numbers of enum weft_action. */
enum weft_cap_verdict {
	WEFT_CAP_DROPPED,
	WEFT_CAP_PASSED,    /* left to the host; not recorded */
	WEFT_CAP_DELIVERED, /* to @out_port */
	WEFT_CAP_SENT,      /* into a tunnel */
	WEFT_CAP_FLOODED,   /* copied to the members of its network */
	WEFT_CAP_ANSWERED,  /* the frame is the answer to it */
	WEFT_CAP_REFUSED,   /* the same, to a packet that was dropped */
	WEFT_CAP_DENIED,    /* not recorded: its drops were */
	WEFT_CAP_SHARED,    /* recorded as WEFT_CAP_FLOODED */
	WEFT_CAP_TAKEN,     /* read by the datapath itself, and for nobody else */
	__WEFT_CAP_VERDICT_MAX,
};

/** enum weft_cap_hook - which kind of program saw it. */
enum weft_cap_hook {
	WEFT_CAP_TC,
	WEFT_CAP_XDP,
};

/**
 * struct weft_cap_rec - what stands in front of each recorded frame.
 * @time_ns: CLOCK_MONOTONIC.
 * @len: bytes of the frame.
 * @cap_len: bytes of it that follow.
 * @offset: bytes in front of these that are not of it: the outer headers that weft gave it.
 * @vlan: tag protocol << 16 | TCI, if the kernel took a VLAN tag off the frame; else 0.
 * @gso_size: payload bytes per segment; 0 = not GSO.
 * @segs: wire packets that it stands for.
 * @ifindex: interface that it came in by.
 * @port: id of that port or uplink; 0 = none known.
 * @out_port: WEFT_CAP_DELIVERED: id of the port; WEFT_CAP_DROPPED: of the port that would have got
 * it and whose policies deny it; else 0.
 * @tunnel: id of the tunnel that it came by or, from a port, was to go into; 0 = none.
 * @rule: id of the policy rule that decided; 0 = none.
 * @unsaid: packets that the filter let through and that were not recorded, since the last record of
 *          this CPU; not those that @sample left out.
 * @network: id; 0 = not known (yet).
 * @reason: enum weft_drop; 0 unless WEFT_CAP_DROPPED.
 * @verdict: enum weft_cap_verdict.
 * @hook: enum weft_cap_hook.
 * @from_underlay: else from a port.
 *
 * The frame is the workload's own, without tunnel headers, as far as they had been taken off by the
 * time: a packet that is dropped before that is shown with them.
 */
struct weft_cap_rec {
	__u64 time_ns;
	__u32 len;
	__u32 cap_len;
	__u32 offset;
	__u32 vlan;
	__u32 gso_size;
	__u32 segs;
	__u32 ifindex;
	__u32 port;
	__u32 out_port;
	__u32 tunnel;
	__u32 rule;
	__u32 unsaid;
	__u16 network;
	__u16 reason;
	__u8 verdict;
	__u8 hook;
	__u8 from_underlay;
	__u8 pad;
};
_Static_assert(sizeof(struct weft_cap_rec) == 64, "ABI");

#endif
