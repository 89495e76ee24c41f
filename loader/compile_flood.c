/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Replication lists. A member keeps its slot for as long as it is a member, so that one who joins
 * or leaves is one write; holes are filled first. See struct weft_flood_key.
 */
#include "compile_parts.h"

#include <errno.h>
#include <stdlib.h>

/** struct flood_identity - a member, whatever its slot. No padding. */
struct flood_identity {
	__u16 network;
	__u16 kind;
	__u32 id; /* of the port or tunnel */
};

static struct flood_identity identity(const struct weft_flood_key *key,
				      const struct weft_flood_member *member)
{
	return (struct flood_identity){
		.network = key->network,
		.kind = key->kind,
		.id = key->kind == WEFT_FLOOD_PORT ? member->port : member->tunnel,
	};
}

void compile_flood_add(struct compiler *c, size_t network, enum weft_flood_kind kind,
		       const struct weft_flood_member *member)
{
	struct flood_row *rows;
	size_t size;

	if (!c->cfg->networks.v[network].flood.v || c->err)
		return;
	if (c->n_flood == c->flood_size) {
		size = c->flood_size ? c->flood_size * 2 : 64;
		rows = reallocarray(c->flood, size, sizeof(*rows));
		if (!rows) {
			c->err = -ENOMEM;
			return;
		}
		c->flood = rows;
		c->flood_size = size;
	}
	c->flood[c->n_flood++] = (struct flood_row){
		.network = network,
		.key = {.network = c->nets[network].id, .kind = kind},
		.member = *member,
	};
}

static void place(struct compiler *c, struct set *taken, struct flood_row *row, __u32 slot)
{
	__u32 *slots = &c->nets[row->network].flood[row->key.kind];

	row->key.slot = slot;
	row->placed = true;
	if (slot >= *slots)
		*slots = slot + 1;
	c->err = set_add(taken, &row->key, sizeof(row->key), 0, NULL);
	if (!c->err)
		compile_put(c, TABLE_FLOOD, &row->key, &row->member);
}

static void place_known(struct compiler *c, struct set *taken)
{
	const struct table *previous = &c->in->previous->t[TABLE_FLOOD];
	_cleanup_(set_clear) struct set slots = {};
	struct flood_identity who;
	size_t slot;

	for (size_t i = 0; i < previous->rows.n && !c->err; i++) {
		const struct weft_flood_key *key = table_key(previous, i);

		who = identity(key, table_value(previous, i));
		c->err = set_add(&slots, &who, sizeof(who), key->slot, NULL);
		if (c->err == -EEXIST) /* twice in a list: one of the two rows goes */
			c->err = 0;
	}
	for (size_t i = 0; i < c->n_flood && !c->err; i++) {
		who = identity(&c->flood[i].key, &c->flood[i].member);
		if (set_find(&slots, &who, sizeof(who), &slot))
			place(c, taken, &c->flood[i], slot);
	}
}

static void place_new(struct compiler *c, struct set *taken)
{
	__u32(*next)[2] = calloc(c->cfg->networks.n + 1, sizeof(*next));
	struct flood_row *row;
	__u32 *slot;

	if (!next)
		c->err = -ENOMEM;
	for (size_t i = 0; i < c->n_flood && !c->err; i++) {
		row = &c->flood[i];
		if (row->placed)
			continue;
		slot = &next[row->network][row->key.kind];
		do
			row->key.slot = (*slot)++;
		while (set_find(taken, &row->key, sizeof(row->key), NULL));
		place(c, taken, row, row->key.slot);
	}
	free(next);
}

void compile_flood(struct compiler *c)
{
	_cleanup_(set_clear) struct set taken = {};

	if (!c->err)
		place_known(c, &taken);
	if (!c->err)
		place_new(c, &taken);
}
