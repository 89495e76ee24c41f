/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * A packet's way through the programs, and what becomes of it: XDP and TC where it comes by an
 * uplink, and once more TC where an answer to it has to find its own way.
 */
#ifndef WEFT_LOADER_EXPLAIN_RUN_H
#define WEFT_LOADER_EXPLAIN_RUN_H

#include <stdbool.h>

#include <weft/trace.h>

#include "datapath_trace.h"
#include "explain_packet.h"

struct explain_world;

#define EXPLAIN_LEGS 3
#define EXPLAIN_ROOM (EXPLAIN_FRAME_MAX + 2048) /* a frame, and what may be put in front of it */

/**
 * struct explain_input - the packet.
 * @ifindex: interface that it comes in by.
 * @underlay: an uplink, else a port.
 * @frame: as it comes in.
 * @described: @frame was made of @packet, of @tags and, if that names an encapsulation, of @outer,
 *             so that it may be made again with the sequence numbers that a connection is at.
 */
struct explain_input {
	__u32 ifindex;
	bool underlay;
	struct explain_frame frame;
	bool described;
	struct explain_packet packet;
	struct weft_tags tags;
	struct explain_outer outer;
};

/**
 * struct explain_leg - one program's run.
 * @answer: the packet is an answer that weft made in the name of the port.
 * @frame, @len: that came in.
 * @out, @out_len: that the program left, without metadata.
 * @trace: records. Its @ifindex says where the packet came in.
 * @end: enum weft_trace_end, or a negated drop reason.
 */
struct explain_leg {
	enum trace_prog prog;
	bool answer;
	__u8 frame[EXPLAIN_ROOM];
	__u32 len;
	__u8 out[EXPLAIN_ROOM];
	__u32 out_len;
	struct weft_trace trace;
	int end;
};

/** enum explain_verdict - what becomes of a packet. */
enum explain_verdict {
	EXPLAIN_DELIVERED, /* to a port here */
	EXPLAIN_SENT,      /* into a tunnel */
	EXPLAIN_FLOODED,   /* some copies were made */
	EXPLAIN_ANSWERED,  /* by weft, in the name of whom it asks for */
	EXPLAIN_DROPPED,
	EXPLAIN_REFUSED, /* dropped, and the sender is told */
	EXPLAIN_PASSED,  /* not for weft: left to the host */
	__EXPLAIN_VERDICT_MAX,
};

/**
 * struct explain_result - all of it.
 * @live: live flows and fragments that the packet met.
 * @reason: enum weft_drop of the packet, or of its copies if all were dropped; else 0.
 * @reason_port: id of the port that it counts against.
 * @rule: id of the rule that denies it; 0 = none does.
 */
struct explain_result {
	struct explain_leg legs[EXPLAIN_LEGS];
	int n_legs;
	int live;
	enum explain_verdict verdict;
	__u32 reason;
	__u32 reason_port;
	__u32 rule;
};

/** explain_frame_of - make @in's frame of what describes it. Return: as explain_build(). */
int explain_frame_of(struct explain_input *in);

/**
 * explain_run - run the programs.
 * @progs: on @w's maps.
 * @result: receives it; large.
 *
 * Return: 0; -errno, of which -EINVAL means that the kernel does not take such a frame.
 */
int explain_run(struct explain_world *w, const struct trace_progs *progs, struct explain_input *in,
		struct explain_result *result);

/** explain_verdict_name - "dropped". */
const char *explain_verdict_name(enum explain_verdict verdict);

/** explain_records - records that are there. */
static inline __u32 explain_records(const struct explain_leg *leg)
{
	return leg->trace.n < WEFT_TRACE_MAX ? leg->trace.n : WEFT_TRACE_MAX;
}

/** explain_find - the last record of a step in a leg, or NULL. */
const struct weft_trace_rec *explain_find(const struct explain_leg *leg, __u32 step);

#endif
