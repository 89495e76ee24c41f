/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Rows to and from the kernel; see map_io.h. */
#include "map_io.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "map_window.h"
#include "util.h"

#define BATCH_BYTES (1u << 20)
#define BATCH_ROWS  4096u

#ifndef ENOTSUPP /* the kernel's own, which no header of user space has */
#define ENOTSUPP 524
#endif

/* What the kernel exchanges for one row. Per-CPU values are rounded up to 8 bytes each. */
struct shape {
	__u32 key_size;
	__u32 stride;
	__u32 cpus; /* 0 = not per-CPU */
};

static int shape_of(const struct table_desc *desc, struct shape *shape)
{
	int cpus = 0;

	if (desc->percpu) {
		cpus = libbpf_num_possible_cpus();
		if (cpus < 0)
			return cpus;
	}
	shape->key_size = desc->key_size;
	shape->cpus = cpus;
	shape->stride = cpus ? (desc->value_size + 7) / 8 * 8 * cpus : desc->value_size;
	return 0;
}

static bool no_batches(int err)
{
	return err == -EINVAL || err == -ENOTSUPP || err == -EOPNOTSUPP;
}

static bool all_zero(const __u8 *bytes, size_t len)
{
	return !len || (!bytes[0] && !memcmp(bytes, bytes + 1, len - 1));
}

static int walk_single(int fd, const struct shape *shape, map_take take, void *arg)
{
	_cleanup_free_ __u8 *keys = calloc(2, shape->key_size);
	_cleanup_free_ __u8 *value = calloc(1, shape->stride);
	__u8 *prev = NULL, *key = keys;
	int err;

	if (!keys || !value)
		return -ENOMEM;
	while (!(err = bpf_map_get_next_key(fd, prev, key))) {
		err = bpf_map_lookup_elem(fd, key, value);
		if (!err)
			err = take(arg, key, value, 1);
		if (err && err != -ENOENT)
			return err;
		prev = key;
		key = key == keys ? keys + shape->key_size : keys;
	}
	return err == -ENOENT ? 0 : err;
}

/*
 * The kernel hands out whole hash buckets, so a bucket that does not fit is -ENOSPC. Buckets have
 * about one entry each; one with thousands is not met with keys that we choose.
 *
 * Where a walk stands is told by a bucket's number or, of arrays and tries, by the last key.
 */
static int walk(int fd, const struct shape *shape, map_take take, void *arg)
{
	__u32 rows = BATCH_BYTES / shape->stride, n;
	_cleanup_free_ __u8 *place = calloc(1, shape->key_size + sizeof(__u32));
	_cleanup_free_ __u8 *keys = NULL;
	_cleanup_free_ __u8 *values = NULL;
	bool first = true;
	int err, end;

	rows = rows > BATCH_ROWS ? BATCH_ROWS : rows < 64 ? 64 : rows;
	keys = calloc(rows, shape->key_size);
	values = calloc(rows, shape->stride);
	if (!place || !keys || !values)
		return -ENOMEM;

	do {
		n = rows;
		end = bpf_map_lookup_batch(fd, first ? NULL : place, place, keys, values, &n, NULL);
		if (first && no_batches(end))
			return walk_single(fd, shape, take, arg);
		if (end && end != -ENOENT)
			return end;
		err = n ? take(arg, keys, values, n) : 0;
		if (err)
			return err;
		first = false;
	} while (!end);
	return 0;
}

static int put_raw(int fd, const struct shape *shape, const __u8 *keys, const __u8 *values,
		   size_t n)
{
	__u32 count;
	int err = 0;

	while (n) {
		count = n < BATCH_ROWS ? n : BATCH_ROWS;
		/* A batch has a fixed cost; below a few rows it is not worth it. */
		err = n < 4 ? -ENOTSUPP : bpf_map_update_batch(fd, keys, values, &count, NULL);
		if (no_batches(err)) {
			err = bpf_map_update_elem(fd, keys, values, BPF_ANY);
			count = 1;
		}
		if (err)
			return err;
		keys += (size_t)count * shape->key_size;
		values += (size_t)count * shape->stride;
		n -= count;
	}
	return 0;
}

static int put_new_raw(int fd, const struct shape *shape, const __u8 *keys, const __u8 *values,
		       size_t n)
{
	LIBBPF_OPTS(bpf_map_batch_opts, opts, .elem_flags = BPF_NOEXIST);
	__u32 count;
	int err;

	while (n) {
		count = n < BATCH_ROWS ? n : BATCH_ROWS;
		err = n < 4 ? -ENOTSUPP : bpf_map_update_batch(fd, keys, values, &count, &opts);
		if (no_batches(err)) {
			err = bpf_map_update_elem(fd, keys, values, BPF_NOEXIST);
			count = !err;
		}
		if (err == -EEXIST) /* stopped at one that is there: go on behind it */
			count++;
		else if (err)
			return err;
		keys += (size_t)count * shape->key_size;
		values += (size_t)count * shape->stride;
		n -= count;
	}
	return 0;
}

static int zero_raw(int fd, const struct shape *shape, const struct rows *rows)
{
	_cleanup_free_ __u8 *zeros = calloc(BATCH_ROWS, shape->stride);
	size_t n;
	int err = 0;

	if (!zeros)
		return -ENOMEM;
	for (size_t i = 0; i < rows->n && !err; i += n) {
		n = rows->n - i < BATCH_ROWS ? rows->n - i : BATCH_ROWS;
		err = put_raw(fd, shape, rows->keys + i * shape->key_size, zeros, n);
	}
	return err;
}

static int delete_raw(int fd, const struct shape *shape, const struct rows *rows)
{
	const __u8 *keys = rows->keys;
	size_t n = rows->n;
	__u32 count;
	int err;

	while (n) {
		count = n < BATCH_ROWS ? n : BATCH_ROWS;
		err = n < 4 ? -ENOTSUPP : bpf_map_delete_batch(fd, keys, &count, NULL);
		if (no_batches(err)) {
			count = 0;
			err = bpf_map_delete_elem(fd, keys);
			if (!err)
				count = 1;
		}
		if (err == -ENOENT) /* stopped at one that is gone: go on behind it */
			count++;
		else if (err)
			return err;
		keys += (size_t)count * shape->key_size;
		n -= count;
	}
	return 0;
}

struct reader {
	struct table *table;
	const struct shape *shape;
};

static int take_row(const struct reader *r, const __u8 *key, const __u8 *value)
{
	const struct table_desc *desc = r->table->desc;

	if (desc->array && all_zero(value, desc->value_size))
		return 0;
	return table_put(r->table, key, value);
}

static int take_rows(void *arg, const __u8 *keys, const __u8 *values, __u32 n)
{
	const struct reader *r = arg;
	int err = 0;

	for (__u32 i = 0; i < n && !err; i++)
		err = take_row(r, keys + i * r->shape->key_size,
			       values + (size_t)i * r->shape->stride);
	return err;
}

/* Adds up counters over CPUs. */
static int take_sums(void *arg, const __u8 *keys, const __u8 *values, __u32 n)
{
	const struct reader *r = arg;
	size_t words = r->table->desc->value_size / sizeof(__u64);
	__u64 sums[words];
	__u64 word;
	int err = 0;

	for (__u32 i = 0; i < n && !err; i++) {
		memset(sums, 0, sizeof(sums));
		for (size_t j = 0; j < words * r->shape->cpus; j++) {
			memcpy(&word, values, sizeof(word));
			sums[j % words] += word;
			values += sizeof(word);
		}
		err = take_row(r, keys + i * r->shape->key_size, (__u8 *)sums);
	}
	return err;
}

static int read_mapped(int fd, struct table *table)
{
	_cleanup_(window_close) struct window window;
	int err;

	err = window_open(fd, table->desc, &window);
	return err ? err : window_read(&window, table);
}

static int write_mapped(int fd, const struct table_desc *desc, const __u8 *keys, const __u8 *values,
			size_t n)
{
	_cleanup_(window_close) struct window window;
	int err;

	err = window_open(fd, desc, &window);
	return err ? err : window_write(&window, desc, keys, values, n);
}

int map_read(int fd, struct table *table)
{
	struct shape shape;
	struct reader reader = {.table = table, .shape = &shape};
	int err;

	if (table->desc->mapped)
		return read_mapped(fd, table);
	err = shape_of(table->desc, &shape);
	if (err)
		return err;
	return walk(fd, &shape, shape.cpus ? take_sums : take_rows, &reader);
}

int map_walk(int fd, const struct table_desc *desc, map_take take, void *arg)
{
	struct shape shape;
	int err;

	err = shape_of(desc, &shape);
	return err ?: walk(fd, &shape, take, arg);
}

int map_put(int fd, const struct table_desc *desc, const struct rows *rows)
{
	struct shape shape;
	int err;

	if (desc->mapped)
		return write_mapped(fd, desc, rows->keys, rows->values, rows->n);
	err = shape_of(desc, &shape);
	if (err)
		return err;
	return put_raw(fd, &shape, rows->keys, rows->values, rows->n);
}

int map_put_new(int fd, const struct table_desc *desc, const struct rows *rows)
{
	struct shape shape;
	int err;

	err = shape_of(desc, &shape);
	return err ? err : put_new_raw(fd, &shape, rows->keys, rows->values, rows->n);
}

int map_remove(int fd, const struct table_desc *desc, const struct rows *rows)
{
	struct shape shape;
	int err;

	if (desc->mapped)
		return write_mapped(fd, desc, rows->keys, NULL, rows->n);
	err = shape_of(desc, &shape);
	if (err)
		return err;
	return desc->array ? zero_raw(fd, &shape, rows) : delete_raw(fd, &shape, rows);
}

struct copier {
	int to;
	const struct shape *shape;
	bool array;
};

static int copy_rows(void *arg, const __u8 *keys, const __u8 *values, __u32 n)
{
	const struct copier *c = arg;
	const struct shape *shape = c->shape;
	__u32 run = 0;
	int err = 0;

	if (!c->array)
		return put_raw(c->to, shape, keys, values, n);

	/* A new array is zero; and what is zero may lie behind the end of a smaller one. */
	for (__u32 i = 0; i <= n && !err; i++) {
		if (i < n && !all_zero(values + (size_t)i * shape->stride, shape->stride)) {
			run++;
		} else if (run) {
			err = put_raw(c->to, shape, keys + (i - run) * shape->key_size,
				      values + (size_t)(i - run) * shape->stride, run);
			run = 0;
		}
	}
	return err;
}

int map_copy(int from, int to, const struct table_desc *desc)
{
	struct shape shape;
	struct copier copier = {.to = to, .shape = &shape, .array = desc->array};
	int err;

	err = shape_of(desc, &shape);
	if (err)
		return err;
	return walk(from, &shape, copy_rows, &copier);
}
