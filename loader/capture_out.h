/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* What a capture writes: pcapng, a line a packet, or a JSON object a packet. */
#ifndef WEFT_LOADER_CAPTURE_OUT_H
#define WEFT_LOADER_CAPTURE_OUT_H

#include <stdio.h>
#include <linux/types.h>

#include <weft/capture.h>

#include "pcapng.h"
#include "set.h"

struct capture_names;

/** enum capture_format - how. */
enum capture_format {
	CAPTURE_TEXT,
	CAPTURE_JSON,
	CAPTURE_PCAPNG,
};

/**
 * struct capture_out - where records go to.
 * @filter: what is captured, in words, for the file's reader; NULL: all.
 * @snaplen: bytes of a frame at most.
 * @limit: packets to write at most; 0 = no limit.
 * @written: packets.
 * @err: first failure to write.
 */
struct capture_out {
	enum capture_format format;
	FILE *stream;
	struct capture_names *names;
	const char *filter;
	__u32 snaplen;
	__u64 limit;
	__u64 written;
	int err;
	__u64 to_wall_ns;      /* from CLOCK_MONOTONIC to the time since 1970 */
	struct pcapng pcapng;  /* and what belongs to it: */
	struct set interfaces; /* those described, by id and name */
	__u8 *frame;           /* room for one with its VLAN tag back in place */
};

/**
 * capture_out_begin - write what comes first.
 * @out: the members up to @limit are set, the rest is zero; capture_out_clear() releases it.
 *
 * Return: 0; -errno.
 */
int capture_out_begin(struct capture_out *out);

/**
 * capture_out_record - write one record; a capture_fn.
 * @arg: struct capture_out.
 *
 * Return: 0; -ECANCELED: @limit is reached; another -errno.
 */
int capture_out_record(void *arg, const struct weft_cap_rec *rec, const __u8 *frame);

/**
 * capture_out_flush - get out what was written so far, and look at the clock, whose time of day may
 * have been set.
 *
 * Return: 0 or -errno.
 */
int capture_out_flush(struct capture_out *out);

/** capture_out_clear - release it; the stream stays open. Also for _cleanup_(). */
void capture_out_clear(struct capture_out *out);

#endif
