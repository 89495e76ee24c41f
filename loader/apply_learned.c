/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Learned addresses in a transaction: those that were copied, and those whose place is gone. */
#include "apply_parts.h"

#include <errno.h>
#include <string.h>

#include <weft/fdb.h>

#include "bpf_log.h"
#include "flow_copy.h"
#include "map_io.h"
#include "orders.h"
#include "set.h"
#include "util.h"

/**
 * struct learning - addresses picked out of the table, and what is to be done with them.
 * @orders: loaded with the first address that there is.
 * @parts: struct weft_learn_vtep_key of every VTEP's part in a network.
 */
struct learning {
	const struct apply *apply;
	struct orders orders;
	enum weft_learn_order_kind kind;
	struct set parts;
};

static void learning_clear(struct learning *l)
{
	orders_close(&l->orders);
	set_clear(&l->parts);
}

static const struct weft_network *network_of(const struct learning *l, __u32 id)
{
	return table_get(&l->apply->plan->wanted.t[TABLE_NETWORKS], &id);
}

static bool is_part(const struct learning *l, __u32 tunnel, __u16 network)
{
	const struct weft_learn_vtep_key key = {.tunnel = tunnel, .network = network};

	return set_find(&l->parts, &key, sizeof(key), NULL);
}

/* The port or wire that an address was learned at, as it is to be. */
static const struct weft_port *port_at(const struct learning *l, const struct weft_hop *at)
{
	const struct tables *wanted = &l->apply->plan->wanted;
	const __u32 port = at->port;
	const struct weft_tags *tags = table_get(&wanted->t[TABLE_TAGS], &port);
	struct weft_vlan_key key = {.ifindex = at->target};
	const struct weft_port *row = table_get(&wanted->t[TABLE_PORTS], &key.ifindex);

	if (row && row->id == port)
		return row;
	if (tags) {
		key.service = tags->service;
		key.vlan = tags->vlan;
	}
	row = table_get(&wanted->t[TABLE_VLANS], &key);
	return row && row->id == port ? row : NULL;
}

/* Could it be learned there today? What the file has now would only take up room. */
static bool is_valid(const struct learning *l, const struct weft_fdb_key *key,
		     const struct weft_hop *at)
{
	const struct weft_network *network = network_of(l, key->network);
	const struct weft_port *port;

	if (!network || table_get(&l->apply->plan->wanted.t[TABLE_FDB], key))
		return false;
	if (at->kind == WEFT_HOP_TUNNEL)
		return network->flags & WEFT_NET_LEARN_TUNNELS &&
		       is_part(l, at->target, key->network);
	port = port_at(l, at);
	return port && port->network == key->network && port->delivery == at->delivery &&
	       port->flags & WEFT_PORT_LEARN;
}

static bool is_chosen(const struct learning *l, const struct weft_fdb_key *key,
		      const struct weft_learned *m)
{
	return l->kind == WEFT_LEARN_ADOPT || !is_valid(l, key, &m->where);
}

static int take_learned(void *arg, const __u8 *keys, const __u8 *values, __u32 n)
{
	struct learning *l = arg;
	_cleanup_free_ struct weft_fdb_key *chosen = calloc(n, sizeof(*chosen));
	size_t n_chosen = 0;
	int err = 0;

	if (!chosen)
		return -ENOMEM;
	for (__u32 i = 0; i < n; i++) {
		const struct weft_fdb_key *key = (const void *)(keys + i * sizeof(*key));
		const struct weft_learned *m = (const void *)(values + i * sizeof(*m));

		if (is_chosen(l, key, m))
			chosen[n_chosen++] = *key;
	}
	if (n_chosen && l->orders.prog < 0)
		err = orders_open(&l->apply->use, ORDERS_LEARNED, &l->orders);
	return err || !n_chosen ? err : orders_run(&l->orders, l->kind, chosen, n_chosen, NULL);
}

static int walk(struct learning *l)
{
	return map_walk(l->apply->use.fd[TABLE_LEARNED], &table_descs[TABLE_LEARNED], take_learned,
			l);
}

/* Once more what was learned in the old table meanwhile; then all that are not counted. */
static int adopt(void *arg)
{
	struct apply *a = arg;
	_cleanup_(learning_clear) struct learning l = {
		.apply = a, .orders.prog = -1, .kind = WEFT_LEARN_ADOPT};
	int err;

	bpf_log_clear();
	err = learned_copy(a->plan->pinned.fd[TABLE_LEARNED], a->use.fd[TABLE_LEARNED]);
	if (!err)
		err = walk(&l);
	if (!err)
		bpf_log_clear();
	return err;
}

int apply_adopt_learned(struct apply *a)
{
	if (!apply_resizes(a, TABLE_LEARNED))
		return 0;
	return journal_do(a->journal, adopt, NULL, a,
			  "adopt the learned addresses of the old table");
}

static int find_parts(struct learning *l)
{
	const struct table *peers = &l->apply->plan->wanted.t[TABLE_PEERS];
	int err = 0;

	for (size_t i = 0; i < peers->rows.n && (!err || err == -EEXIST); i++) {
		const struct weft_peer *peer = table_value(peers, i);
		const struct weft_learn_vtep_key key = {.tunnel = peer->tunnel,
							.network = peer->network};

		err = set_add(&l->parts, &key, sizeof(key), 0, NULL);
	}
	return err == -EEXIST ? 0 : err;
}

/* The counts of VTEPs that have no part in their network any more. */
static int forget_vteps(const struct learning *l)
{
	const struct table_desc *desc = &table_descs[TABLE_LEARN_VTEP];
	int fd = l->apply->use.fd[TABLE_LEARN_VTEP];
	_cleanup_(table_clear) struct table counts;
	_cleanup_(rows_clear) struct rows gone = {};
	int err;

	table_init(&counts, desc);
	err = map_read(fd, &counts);
	for (size_t i = 0; i < counts.rows.n && !err; i++) {
		const struct weft_learn_vtep_key *key = table_key(&counts, i);

		if (!is_part(l, key->tunnel, key->network))
			err = rows_add(&gone, desc, key, table_value(&counts, i));
	}
	return err ? err : map_remove(fd, desc, &gone);
}

static int forget(void *arg)
{
	_cleanup_(learning_clear) struct learning l = {
		.apply = arg, .orders.prog = -1, .kind = WEFT_LEARN_FORGET};
	int err;

	bpf_log_clear();
	err = find_parts(&l);
	if (!err)
		err = walk(&l);
	if (!err)
		err = forget_vteps(&l);
	if (!err)
		bpf_log_clear();
	return err;
}

/* While flows may still be decided by what goes: apply_end() has them decided again after it. */
int apply_forget_learned(struct apply *a)
{
	const struct generations *g = &a->plan->generations;

	if (generation_same(&g->end, &g->was) || a->plan->pinned.fd[TABLE_LEARNED] < 0)
		return 0;
	return journal_do(a->journal, forget, NULL, a,
			  "forget learned addresses whose place is gone");
}
