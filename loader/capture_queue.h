/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Records of all CPUs in the order in which they were made. Each CPU has a buffer of its own, so
 * that what is read from one after the other has to be put in order again.
 */
#ifndef WEFT_LOADER_CAPTURE_QUEUE_H
#define WEFT_LOADER_CAPTURE_QUEUE_H

#include <stddef.h>
#include <linux/types.h>

#include <weft/capture.h>

/** struct capture_slot - one record: where it is, and what it is ordered by. */
struct capture_slot {
	__u64 time_ns;
	__u64 number; /* as they came, for records of one instant */
	size_t offset;
	size_t len;
};

/** struct capture_queue - records that wait. All zero is an empty one. */
struct capture_queue {
	struct capture_slot *slots;
	size_t n;
	size_t slots_size;
	__u8 *bytes;
	size_t len;
	size_t size;
	__u64 number;
};

/**
 * capture_fn - takes a record.
 * @frame: @rec->offset + @rec->cap_len bytes.
 *
 * Return: 0, or an -errno that ends the walk.
 */
typedef int (*capture_fn)(void *arg, const struct weft_cap_rec *rec, const __u8 *frame);

/**
 * capture_queue_add - keep a record.
 * @data: struct weft_cap_rec, not aligned, and the frame; copied.
 * @len: bytes there are; there may be padding behind the frame.
 *
 * Return: 0; -EBADMSG if it is shorter than it says; -ENOMEM.
 */
int capture_queue_add(struct capture_queue *queue, const void *data, size_t len);

/**
 * capture_queue_take - hand out, in order, and forget all records up to @until_ns.
 *
 * Return: 0; -ENOMEM; what @fn returned if not 0, then the records from that one on are lost.
 */
int capture_queue_take(struct capture_queue *queue, __u64 until_ns, capture_fn fn, void *arg);

/** capture_queue_clear - forget all. Also for _cleanup_(). */
void capture_queue_clear(struct capture_queue *queue);

#endif
