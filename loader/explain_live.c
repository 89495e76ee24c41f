/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Live entries for a run; see explain_live.h. */
#include "explain_live.h"

#include <errno.h>
#include <string.h>

#include <bpf/bpf.h>

#include "explain_world.h"
#include "util.h"

/** struct asked - a key in a table; what struct explain_live's set holds. */
struct asked {
	__u32 table;
	__u8 key[sizeof(struct weft_flow_key)];
};

static const enum table_id flow_tables[] = {TABLE_FLOWS, TABLE_FLOWS_NEW, TABLE_FLOWS_OVER};

_Static_assert(sizeof(struct weft_frag_key) <= sizeof(struct weft_flow_key) &&
		       sizeof(struct weft_fdb_key) <= sizeof(struct weft_flow_key),
	       "fits");

/** struct taker - one call of explain_live_take(). */
struct taker {
	struct explain_live *live;
	struct explain_world *w;
	bool again;
};

/* The entry that a run has made goes, and the live one comes. */
static int restore(const struct taker *t, const struct asked *asked, bool *live)
{
	__u8 value[sizeof(struct weft_flow_entry)] = {};
	int own = t->w->maps.fd[asked->table], pinned = t->w->pinned.fd[asked->table], err;

	err = bpf_map_delete_elem(own, asked->key);
	if (err && err != -ENOENT)
		return err;
	*live = pinned >= 0 && !bpf_map_lookup_elem(pinned, asked->key, value);
	return *live ? bpf_map_update_elem(own, asked->key, value, BPF_ANY) : 0;
}

static int take_key(struct taker *t, enum table_id table, const void *key)
{
	struct asked asked = {.table = table};
	bool live;
	int err, added;

	memcpy(asked.key, key, table_descs[table].key_size);
	added = set_add(&t->live->keys, &asked, sizeof(asked), 0, NULL);
	if (added && added != -EEXIST)
		return added;
	err = restore(t, &asked, &live);
	if (!added && !err && live) {
		t->live->found++;
		t->again = true;
	}
	return err;
}

/* New stages that remember something name their tables here. */
static int take_record(struct taker *t, const struct weft_trace_rec *r)
{
	int err = 0;

	switch (r->step) {
	case WEFT_TRACE_FLOW:
	case WEFT_TRACE_RELATED:
		for (size_t i = 0; i < ARRAY_SIZE(flow_tables) && !err; i++)
			err = take_key(t, flow_tables[i], &r->flow.key);
		return err;
	case WEFT_TRACE_LEARN:
	case WEFT_TRACE_LEARNED:
		return take_key(t, TABLE_LEARNED, &r->learned.key);
	case WEFT_TRACE_FRAGMENT:
		return take_key(t, TABLE_FRAGS, &r->frag.key);
	default:
		return 0;
	}
}

int explain_live_take(struct explain_live *live, struct explain_world *w,
		      const struct explain_result *result, bool *again)
{
	struct taker t = {.live = live, .w = w};
	int err = 0;

	for (int i = 0; i < result->n_legs && !err; i++) {
		const struct explain_leg *leg = &result->legs[i];

		for (__u32 j = 0; j < explain_records(leg) && !err; j++)
			err = take_record(&t, &leg->trace.recs[j]);
	}
	*again = t.again;
	return err ? err : explain_world_mirror(w);
}

bool explain_live_flow(const struct explain_world *w, const struct weft_flow_key *key,
		       struct weft_flow_entry *entry)
{
	for (size_t i = 0; i < ARRAY_SIZE(flow_tables); i++) {
		int fd = w->pinned.fd[flow_tables[i]];

		if (fd >= 0 && !bpf_map_lookup_elem(fd, key, entry))
			return true;
	}
	return false;
}

void explain_live_clear(struct explain_live *live)
{
	set_clear(&live->keys);
}
