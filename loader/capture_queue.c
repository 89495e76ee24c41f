/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Records in order; see capture_queue.h. */
#include "capture_queue.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util.h"

static int reserve(void **array, size_t *size, size_t wanted, size_t element)
{
	size_t larger = *size ? *size : 64;
	void *moved;

	if (wanted <= *size)
		return 0;
	while (larger < wanted)
		larger *= 2;
	moved = reallocarray(*array, larger, element);
	if (!moved)
		return -ENOMEM;
	*array = moved;
	*size = larger;
	return 0;
}

static int push(struct capture_queue *queue, __u64 time_ns, const void *data, size_t len)
{
	int err;

	err = reserve((void **)&queue->slots, &queue->slots_size, queue->n + 1,
		      sizeof(*queue->slots));
	if (!err)
		err = reserve((void **)&queue->bytes, &queue->size, queue->len + len, 1);
	if (err)
		return err;
	queue->slots[queue->n++] = (struct capture_slot){
		.time_ns = time_ns,
		.number = queue->number++,
		.offset = queue->len,
		.len = len,
	};
	if (len)
		memcpy(queue->bytes + queue->len, data, len);
	queue->len += len;
	return 0;
}

int capture_queue_add(struct capture_queue *queue, const void *data, size_t len)
{
	struct weft_cap_rec rec;
	__u64 wanted;

	if (len < sizeof(rec))
		return -EBADMSG;
	memcpy(&rec, data, sizeof(rec));
	wanted = sizeof(rec) + (__u64)rec.offset + rec.cap_len;
	if (wanted > len)
		return -EBADMSG;
	return push(queue, rec.time_ns, data, wanted);
}

static int by_time(const void *a, const void *b)
{
	const struct capture_slot *x = a, *y = b;

	if (x->time_ns != y->time_ns)
		return x->time_ns < y->time_ns ? -1 : 1;
	return (x->number > y->number) - (x->number < y->number);
}

static int hand_out(const struct capture_queue *queue, const struct capture_slot *slot,
		    capture_fn fn, void *arg)
{
	const __u8 *data = queue->bytes + slot->offset;
	struct weft_cap_rec rec;

	memcpy(&rec, data, sizeof(rec));
	return fn(arg, &rec, data + sizeof(rec));
}

int capture_queue_take(struct capture_queue *queue, __u64 until_ns, capture_fn fn, void *arg)
{
	_cleanup_(capture_queue_clear) struct capture_queue rest = {.number = queue->number};
	const struct capture_slot *slot;
	struct capture_queue all;
	int err = 0;

	if (queue->n)
		qsort(queue->slots, queue->n, sizeof(*queue->slots), by_time);
	for (size_t i = 0; i < queue->n && !err; i++) {
		slot = &queue->slots[i];
		if (slot->time_ns <= until_ns)
			err = hand_out(queue, slot, fn, arg);
		else
			err = push(&rest, slot->time_ns, queue->bytes + slot->offset, slot->len);
	}
	all = *queue;
	*queue = rest;
	rest = all;
	return err;
}

void capture_queue_clear(struct capture_queue *queue)
{
	free(queue->slots);
	free(queue->bytes);
	*queue = (struct capture_queue){};
}
