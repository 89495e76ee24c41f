/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * A capture on a node: asks the datapath for records and hands them out in order. What is done with
 * them is capture_out.c's business, who may capture capture_claim.c's.
 */
#ifndef WEFT_LOADER_CAPTURE_H
#define WEFT_LOADER_CAPTURE_H

#include <stdbool.h>
#include <sys/types.h>
#include <linux/types.h>

#include "capture_queue.h"

struct pins;
struct capture;

/**
 * struct capture_want - what to capture; members as in struct weft_cap_conf.
 * @rate: records a second in the long run; 0 = no bound.
 * @force: take over from whoever captures now.
 */
struct capture_want {
	bool drops;
	__u32 reason;
	__u32 network;
	__u32 port;
	__u32 sample;
	__u32 snaplen;
	__u32 rate;
	bool force;
};

/** struct capture_problem - more about a failure: the map that it is about, or who was faster. */
struct capture_problem {
	const char *map;
	pid_t holder;
};

/**
 * capture_begin - begin to capture.
 * @pins: must outlive the capture.
 * @out: receives it; capture_freep() ends it.
 *
 * Return: 0; -EBUSY: @problem->holder captures already; -ENOENT: @problem->map is not there;
 * -EPROTO: it has another layout; -errno.
 */
int capture_begin(const struct pins *pins, const struct capture_want *want, struct capture **out,
		  struct capture_problem *problem);

/** capture_fd - to poll for. Few records may wait without it being readable: read now and then. */
int capture_fd(const struct capture *capture);

/**
 * capture_read - hand out what has come, but for the last few ms, and keep the capture alive; to be
 * called several times a second.
 *
 * Return: 0; -ESTALE: @problem->holder has taken over; -ENOENT: the node was taken down; -errno;
 * what @fn returned if not 0.
 */
int capture_read(struct capture *capture, capture_fn fn, void *arg,
		 struct capture_problem *problem);

/**
 * capture_end - end the capture and hand out what is left.
 * @fn: NULL: forget it.
 * @stat: receives the datapath's count; zero if somebody has taken over.
 *
 * Return: 0; -errno; what @fn returned if not 0.
 */
int capture_end(struct capture *capture, capture_fn fn, void *arg, struct weft_cap_stat *stat);

/** capture_freep - end the capture if it has not ended, and release it. */
void capture_freep(struct capture **capture);

#endif
