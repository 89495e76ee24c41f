/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Small numbers for things with a name, the same in every apply: who had an id keeps it, who is new
 * gets the lowest that nobody has or had.
 */
#ifndef WEFT_LOADER_IDS_H
#define WEFT_LOADER_IDS_H

#include <stddef.h>
#include <linux/types.h>

#include "set.h"

/** struct ids - ids in use. Set @first and zero the rest. */
struct ids {
	__u32 first;       /* lowest id that is given out */
	__u32 next;        /* all below are in use */
	struct set by_key; /* key -> id */
	struct set used;   /* id -> nothing */
};

/** ids_reserve - say that this id is in use, by whomever. Return: 0 or -ENOMEM. */
int ids_reserve(struct ids *ids, __u32 id);

/**
 * ids_keep - say that @key has this id already.
 *
 * Return: 0, also if @key has another id or the id is another's: it is then merely in use; -ENOMEM.
 */
int ids_keep(struct ids *ids, const void *key, size_t len, __u32 id);

/** ids_get - the id of @key, its old one or a new one. Return: 0 or -ENOMEM. */
int ids_get(struct ids *ids, const void *key, size_t len, __u32 *id);

/** ids_clear - release everything. */
void ids_clear(struct ids *ids);

#endif
