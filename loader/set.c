/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* A hash set of byte strings; see set.h. */
#include "set.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_SLOTS 64
#define FIRST_KEYS  1024

/* Eight bytes at a time; the fold lets the better mixed upper half take part in what follows. */
static __u64 mix(__u64 hash, __u64 word)
{
	hash = (hash ^ word) * 0x9e3779b97f4a7c15;
	return hash ^ (hash >> 32);
}

static __u32 hash_bytes(const void *key, size_t len)
{
	const __u8 *p = key;
	__u64 hash = len, word;

	for (; len >= sizeof(word); len -= sizeof(word), p += sizeof(word)) {
		memcpy(&word, p, sizeof(word));
		hash = mix(hash, word);
	}
	word = 0;
	memcpy(&word, p, len);
	return mix(hash, word);
}

/* The slot that holds the key, or the free one where it belongs. */
static struct set_slot *probe(const struct set *set, const void *key, size_t len, __u32 hash)
{
	size_t mask = set->n_slots - 1;
	struct set_slot *slot;
	size_t i;

	for (i = hash & mask;; i = (i + 1) & mask) {
		slot = &set->slots[i];
		if (!slot->key)
			return slot;
		if (slot->hash == hash && slot->key_len == len &&
		    !memcmp(set->keys + slot->key, key, len))
			return slot;
	}
}

static int grow_slots(struct set *set, size_t n_slots)
{
	struct set bigger = *set;
	size_t i;

	bigger.n_slots = n_slots;
	bigger.slots = calloc(n_slots, sizeof(*bigger.slots));
	if (!bigger.slots)
		return -ENOMEM;

	for (i = 0; i < set->n_slots; i++) {
		struct set_slot *old = &set->slots[i];

		if (old->key)
			*probe(&bigger, set->keys + old->key, old->key_len, old->hash) = *old;
	}
	free(set->slots);
	*set = bigger;
	return 0;
}

static int grow_keys(struct set *set, size_t len)
{
	size_t size = set->keys_size ? set->keys_size : FIRST_KEYS;
	char *keys;

	while (size - set->keys_len < len)
		size *= 2;
	keys = realloc(set->keys, size);
	if (!keys)
		return -ENOMEM;
	set->keys = keys;
	set->keys_size = size;
	return 0;
}

static int reserve(struct set *set, size_t len)
{
	int err;

	if (set->n * 2 >= set->n_slots) {
		err = grow_slots(set, set->n_slots ? set->n_slots * 2 : FIRST_SLOTS);
		if (err)
			return err;
	}
	if (!set->keys_len)
		set->keys_len = 1;
	if (set->keys_size < set->keys_len + len)
		return grow_keys(set, len);
	return 0;
}

int set_add(struct set *set, const void *key, size_t len, size_t index, size_t *existing)
{
	__u32 hash = hash_bytes(key, len);
	struct set_slot *slot;
	int err;

	err = reserve(set, len);
	if (err)
		return err;

	slot = probe(set, key, len, hash);
	if (slot->key) {
		if (existing)
			*existing = slot->index;
		return -EEXIST;
	}

	memcpy(set->keys + set->keys_len, key, len);
	*slot = (struct set_slot){
		.hash = hash, .key_len = len, .key = set->keys_len, .index = index};
	set->keys_len += len;
	set->n++;
	return 0;
}

bool set_find(const struct set *set, const void *key, size_t len, size_t *index)
{
	const struct set_slot *slot;

	if (!set->n)
		return false;
	slot = probe(set, key, len, hash_bytes(key, len));
	if (!slot->key)
		return false;
	if (index)
		*index = slot->index;
	return true;
}

int set_reserve(struct set *set, size_t n)
{
	size_t n_slots = FIRST_SLOTS;

	while (n_slots < n * 2 + 2)
		n_slots *= 2;
	return n_slots > set->n_slots ? grow_slots(set, n_slots) : 0;
}

void set_move(struct set *set, const void *key, size_t len, size_t index)
{
	struct set_slot *slot = set->n ? probe(set, key, len, hash_bytes(key, len)) : NULL;

	if (slot && slot->key)
		slot->index = index;
}

/* Whoever was put behind the free slot only because that was taken moves up. */
static void close_gap(struct set *set, size_t gap)
{
	size_t mask = set->n_slots - 1;

	for (size_t i = (gap + 1) & mask; set->slots[i].key; i = (i + 1) & mask) {
		size_t home = set->slots[i].hash & mask;

		if (((i - home) & mask) < ((i - gap) & mask))
			continue;
		set->slots[gap] = set->slots[i];
		gap = i;
	}
	set->slots[gap] = (struct set_slot){};
}

bool set_remove(struct set *set, const void *key, size_t len)
{
	struct set_slot *slot = set->n ? probe(set, key, len, hash_bytes(key, len)) : NULL;

	if (!slot || !slot->key)
		return false;
	set->n--;
	close_gap(set, slot - set->slots);
	if (!set->n) /* or one that fills and empties all the time would grow all the time */
		set->keys_len = 1;
	return true;
}

void set_clear(struct set *set)
{
	free(set->slots);
	free(set->keys);
	*set = (struct set){};
}
