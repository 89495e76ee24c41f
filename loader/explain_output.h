/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* What comes out of the datapath for a packet, and where to: the packet, copies, or an answer. */
#ifndef WEFT_LOADER_EXPLAIN_OUTPUT_H
#define WEFT_LOADER_EXPLAIN_OUTPUT_H

#include "explain_run.h"
#include "show.h"

struct words;

/** enum explain_target - to whom. */
enum explain_target {
	EXPLAIN_TO_PORT,
	EXPLAIN_TO_NODE,
	EXPLAIN_TO_WIRE,   /* an uplink's, in the network's VLAN */
	EXPLAIN_TO_SENDER, /* an answer, by the port that it asked by */
	EXPLAIN_TO_HOST,   /* untouched */
	__EXPLAIN_TARGET_MAX,
};

/**
 * struct explain_output - one frame that leaves.
 * @name: of the port or node.
 * @interface: that it leaves by.
 * @frame: its first @kept bytes of @len.
 * @outer_len: bytes of outer headers in front of the workload's frame.
 */
struct explain_output {
	enum explain_target to;
	struct view_name name;
	struct view_name interface;
	const __u8 *frame;
	__u32 len;
	__u32 kept;
	__u32 outer_len;
};

/** explain_take - takes an output. Return: 0; anything else ends the walk. */
typedef int (*explain_take)(void *arg, const struct explain_output *output);

/** explain_outputs - hand out everything that leaves. Return: 0, or what @take returned. */
int explain_outputs(const struct explain_world *w, const struct explain_result *result,
		    explain_take take, void *arg);

/** explain_target_name - "port", "node", "wire", "sender", "host". */
const char *explain_target_name(enum explain_target to);

/** explain_frame_words - a frame in words: "1.2.3.4 > 1.2.3.5 ICMP echo request, 98 bytes". */
void explain_frame_words(struct words *words, const __u8 *frame, __u32 kept, __u32 len);

/** explain_verdict_words - in a line: "dropped: POLICY_DENY_INGRESS at web-1 by web-in#3 (line
 * 14)".
 */
void explain_verdict_words(struct words *words, const struct explain_world *w,
			   const struct explain_result *result);

#endif
