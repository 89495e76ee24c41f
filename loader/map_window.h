/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * A map of large size and few entries, mapped into memory: looking through an array of a quarter
 * million slots takes a tenth of a second by system calls, and a millisecond this way.
 */
#ifndef WEFT_LOADER_MAP_WINDOW_H
#define WEFT_LOADER_MAP_WINDOW_H

#include "tables.h"

/** struct window - a mapped array. */
struct window {
	__u8 *slots;
	size_t n;
	size_t stride; /* bytes from one slot to the next */
	size_t len;
};

/**
 * window_open - map an array.
 * @desc: its shape; @mapped.
 * @window: uninitialised; window_close() releases it, after a failure too.
 *
 * Return: 0 or -errno.
 */
int window_open(int fd, const struct table_desc *desc, struct window *window);

/** window_close - also for _cleanup_(). */
void window_close(struct window *window);

/** window_read - append the slots that are not all zero to a table. Return: 0 or -ENOMEM. */
int window_read(const struct window *window, struct table *table);

/**
 * window_write - set slots.
 * @keys: of @n slots.
 * @values: for each of them; NULL: zero.
 *
 * Who sees what is written later sees this too. Return: 0; -E2BIG if a key is beyond the end, with
 * nothing written.
 */
int window_write(const struct window *window, const struct table_desc *desc, const __u8 *keys,
		 const __u8 *values, size_t n);

#endif
