/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Tables of flows and learned addresses of another size; see flow_copy.h. */
#include "flow_copy.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>

#include <weft/fdb.h>
#include <weft/flow.h>

#include "map_io.h"
#include "util.h"

/** struct copier - a copy on its way. @edit: changes a value. Return: whether to copy it. */
struct copier {
	int to;
	const struct table_desc *desc;
	bool (*edit)(const void *key, void *value);
};

static bool edit_flow(const void *key, void *value)
{
	const struct weft_flow_key *k = key;
	struct weft_flow *f = &((struct weft_flow_entry *)value)->flow;

	f->flags &= ~WEFT_FLOW_COUNTED;
	if (k->proto != IPPROTO_TCP)
		return true;
	memset(f->tcp, 0, sizeof(f->tcp));
	memset(&f->tcp_last, 0, sizeof(f->tcp_last));
	for (int side = 0; side < 2; side++)
		f->tcp_flags[side] = (f->tcp_flags[side] & ~WEFT_TCP_HAS_ACK) | WEFT_TCP_LOOSE;
	return true;
}

static bool edit_nothing(const void *key __attribute__((unused)),
			 void *value __attribute__((unused)))
{
	return true;
}

/* A slot that says nothing may lie behind the end of a smaller array. */
static bool edit_use(const void *key __attribute__((unused)), void *value)
{
	struct weft_flow_use *use = value;

	use->established = 0;
	return use->over || use->begun;
}

static bool edit_learned(const void *key __attribute__((unused)), void *value)
{
	struct weft_learned *m = value;

	m->counted = 0;
	return m->where.kind != WEFT_HOP_NONE;
}

static bool edit_learn_use(const void *key __attribute__((unused)), void *value)
{
	struct weft_learn_use *use = value;

	use->learned = 0;
	return use->refused || use->moved || use->held;
}

static int copy_some(void *arg, const __u8 *keys, const __u8 *values, __u32 n)
{
	const struct copier *c = arg;
	const struct table_desc *desc = c->desc;
	_cleanup_(rows_clear) struct rows rows = {};
	int err = 0;

	for (__u32 i = 0; i < n && !err; i++) {
		const __u8 *key = keys + (size_t)i * desc->key_size;

		err = rows_add(&rows, desc, key, values + (size_t)i * desc->value_size);
		if (!err && !c->edit(key, rows.values + (rows.n - 1) * desc->value_size))
			rows.n--;
	}
	if (err)
		return err;
	return desc->array ? map_put(c->to, desc, &rows) : map_put_new(c->to, desc, &rows);
}

/* As many as there is room for. */
static int copy(struct copier *c, int from)
{
	int err = map_walk(from, c->desc, copy_some, c);

	return err == -E2BIG ? 0 : err;
}

int flows_copy(int from, int to)
{
	struct copier c = {.to = to, .desc = &table_descs[TABLE_FLOWS], .edit = edit_flow};

	return copy(&c, from);
}

int learned_copy(int from, int to)
{
	struct copier c = {.to = to, .desc = &table_descs[TABLE_LEARNED], .edit = edit_learned};

	return copy(&c, from);
}

int learn_use_copy(int from, int to, const struct table_desc *desc)
{
	struct copier c = {.to = to, .desc = desc, .edit = edit_learn_use};

	return copy(&c, from);
}

int flows_begun_copy(int from, int to, const struct table_desc *desc)
{
	struct copier c = {.to = to, .desc = desc, .edit = edit_nothing};

	return map_walk(from, desc, copy_some, &c);
}

int flow_use_copy(int from, int to, const struct table_desc *desc)
{
	struct copier c = {.to = to, .desc = desc, .edit = edit_use};

	return map_walk(from, desc, copy_some, &c);
}
