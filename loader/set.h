/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * A set of byte strings, each with an index into an array of the caller's: "which row already has
 * this name, this MAC address, this (network, address)?" in constant time.
 *
 * An all-zero struct set is an empty set. Keys are copied; the copy of one that is removed stays
 * until the set is cleared.
 */
#ifndef WEFT_LOADER_SET_H
#define WEFT_LOADER_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <linux/types.h>

struct set_slot {
	__u32 hash;
	__u32 key_len;
	size_t key;   /* offset in struct set's @keys; 0 = free slot */
	size_t index; /* the caller's */
};

struct set {
	struct set_slot *slots; /* open addressing, linear probing, at most half full */
	size_t n_slots;         /* a power of two, or 0 */
	size_t n;
	char *keys; /* all keys one after the other; byte 0 is unused */
	size_t keys_len;
	size_t keys_size;
};

/**
 * set_add - add a key, unless it is there.
 * @key: @len bytes, copied. Structs used as keys must have no padding, or have it zeroed.
 * @index: what to remember with the key.
 * @existing: receives the index of the key that was there; may be NULL.
 *
 * Return: 0 if added; -EEXIST if it was there (the set is unchanged); -ENOMEM.
 */
int set_add(struct set *set, const void *key, size_t len, size_t index, size_t *existing);

/**
 * set_find - look a key up.
 * @index: receives what was remembered with the key; may be NULL; untouched if there is none.
 */
bool set_find(const struct set *set, const void *key, size_t len, size_t *index);

/** set_move - remember another index with a key that is there. */
void set_move(struct set *set, const void *key, size_t len, size_t index);

/** set_remove - forget a key. Return: whether it was there. */
bool set_remove(struct set *set, const void *key, size_t len);

/** set_reserve - make room for @n keys at once. Return: 0 or -ENOMEM. */
int set_reserve(struct set *set, size_t n);

/** set_clear - release everything; the set is empty and usable again. */
void set_clear(struct set *set);

#endif
