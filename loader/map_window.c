/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Arrays mapped into memory; see map_window.h. */
#include "map_window.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "datapath.h"
#include "util.h"

int window_open(int fd, const struct table_desc *desc, struct window *window)
{
	struct map_shape shape;
	int err;

	*window = (struct window){};
	err = map_shape_of(fd, &shape);
	if (err)
		return err;
	window->n = shape.max_entries;
	window->stride = (desc->value_size + 7) / 8 * 8;
	window->len = window->n * window->stride;
	window->slots = mmap(NULL, window->len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (window->slots != MAP_FAILED)
		return 0;
	window->slots = NULL;
	return -errno;
}

void window_close(struct window *window)
{
	if (window->slots)
		munmap(window->slots, window->len);
	*window = (struct window){};
}

int window_read(const struct window *window, struct table *table)
{
	static const __u8 zero[64];
	size_t size = table->desc->value_size;
	int err = 0;

	if (size > sizeof(zero))
		return -EINVAL;
	for (__u32 i = 0; i < window->n && !err; i++) {
		const __u8 *slot = window->slots + i * window->stride;

		if (memcmp(slot, zero, size) != 0)
			err = table_put(table, &i, slot);
	}
	return err;
}

int window_write(const struct window *window, const struct table_desc *desc, const __u8 *keys,
		 const __u8 *values, size_t n)
{
	__u32 key;

	for (size_t i = 0; i < n; i++) {
		memcpy(&key, keys + i * sizeof(key), sizeof(key));
		if (key >= window->n)
			return -E2BIG;
	}
	for (size_t i = 0; i < n; i++) {
		memcpy(&key, keys + i * sizeof(key), sizeof(key));
		if (values)
			memcpy(window->slots + key * window->stride, values + i * desc->value_size,
			       desc->value_size);
		else
			memset(window->slots + key * window->stride, 0, desc->value_size);
	}
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return 0;
}
