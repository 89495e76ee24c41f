/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Rows to and from the kernel's maps; the only caller of bpf_map_*_elem and _batch. See tables.h
 * for what a row is.
 *
 * Batches where the kernel has them, one by one where it has not; arrays that can be mapped into
 * memory without any system call (map_window.h).
 */
#ifndef WEFT_LOADER_MAP_IO_H
#define WEFT_LOADER_MAP_IO_H

#include "tables.h"

/**
 * map_read - append all entries of a map to a table.
 * @table: of the map's shape. Of per-CPU maps the sum over all CPUs is stored; of array maps, the
 * entries that are not all zero.
 *
 * Return: 0 or -errno; the table then holds what was read so far.
 */
int map_read(int fd, struct table *table);

/**
 * map_take - takes some entries from map_walk(), as the kernel hands them out.
 * @keys, @values: of @n entries, one behind the other. A per-CPU value has a part for every
 * possible CPU, each rounded up to 8 bytes.
 *
 * Return: 0; anything else ends the walk.
 */
typedef int (*map_take)(void *arg, const __u8 *keys, const __u8 *values, __u32 n);

/**
 * map_walk - go through a map's entries, some thousand at a time; of an array, through all of them.
 *
 * Takes the same memory however many there are. Entries that come or go meanwhile may be met or
 * not; @take may remove those that it is given.
 *
 * Return: 0; what @take returned; -errno.
 */
int map_walk(int fd, const struct table_desc *desc, map_take take, void *arg);

/** map_put - write rows, be they new or not. Return: 0 or -errno with some rows written. */
int map_put(int fd, const struct table_desc *desc, const struct rows *rows);

/**
 * map_put_new - write rows of a hash that are not there yet; others stay as they are.
 *
 * Return: 0; -E2BIG if there is no room for more; another -errno; some rows are then written.
 */
int map_put_new(int fd, const struct table_desc *desc, const struct rows *rows);

/**
 * map_remove - delete the entries with these keys; of arrays and per-CPU arrays, zero them. One
 * that is not there is as good as deleted.
 *
 * Return: 0 or -errno with some rows deleted.
 */
int map_remove(int fd, const struct table_desc *desc, const struct rows *rows);

/**
 * map_copy - copy every entry of @from into @to, each CPU's value to the same CPU.
 *
 * Return: 0 or -errno.
 */
int map_copy(int from, int to, const struct table_desc *desc);

#endif
