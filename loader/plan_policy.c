/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * From the policies in force to those of the file; see plan.h, and generation.h for the numbers.
 *
 * The policies are compiled for the generation in force. If that is what the kernel has, nothing is
 * to be done; else they are compiled for the next, whose half of the tables nobody looks at.
 */
#include "plan.h"

#include <errno.h>
#include <string.h>

#include "config.h"
#include "diag.h"
#include "policy.h"
#include "util.h"

static __u32 id_of(const void *key)
{
	__u32 id;

	memcpy(&id, key, sizeof(id));
	return id;
}

/* The half of the tables that a row belongs to: of keys that are numbers, of rule sets and of
 * classes it is the lowest bit. */
__u32 policy_half(enum table_id id, const void *key)
{
	const struct weft_pol_cidr_key *cidr = key;
	const struct weft_pol_addr_key *addr = key;
	const struct weft_pol_ident_key *ident = key;

	if (id == TABLE_POL_CIDR)
		return cidr->parity & 1;
	if (id == TABLE_POL_CLASS)
		return addr->parity & 1;
	if (id == TABLE_POL_IDENT)
		return ident->parity & 1;
	return id_of(key) & 1;
}

static struct weft_generation in_force(const struct plan *plan)
{
	const struct weft_generation *row;
	__u32 zero = 0;

	row = table_get(&plan->actual.t[TABLE_GENERATION], &zero);
	return row ? *row : (struct weft_generation){};
}

/* Whether a row of TABLE_POL_PORTS is about a port that the file does not have any more. */
static bool has_left(const struct plan *plan, const void *key)
{
	__u32 port = id_of(key) / 2;

	return !table_get(&plan->wanted.t[TABLE_PORT_INFO], &port);
}

/* Whether the kernel's rows of one half are those that are wanted. */
static bool same_rows(const struct plan *plan, enum table_id id, __u32 half)
{
	const struct table *actual = &plan->actual.t[id], *wanted = &plan->wanted.t[id];
	size_t n = 0;

	for (size_t i = 0; i < actual->rows.n; i++) {
		const void *key = table_key(actual, i), *value;

		if (policy_half(id, key) != half || (id == TABLE_POL_PORTS && has_left(plan, key)))
			continue;
		value = table_get(wanted, key);
		if (!value || memcmp(value, table_value(actual, i), actual->desc->value_size) != 0)
			return false;
		n++;
	}
	return n == wanted->rows.n;
}

static bool same_policies(const struct plan *plan, __u32 half)
{
	for (int id = 0; id < __TABLE_WANTED_MAX; id++)
		if (table_is_policy(id) && !same_rows(plan, id, half))
			return false;
	return true;
}

static void forget(struct tables *tables)
{
	for (int id = 0; id < __TABLE_WANTED_MAX; id++)
		if (table_is_policy(id) || id == TABLE_RULE_INFO)
			table_clear(&tables->t[id]);
}

int plan_policies(struct plan *plan, struct diag *diag)
{
	const struct config *cfg = plan->cfg;
	_cleanup_free_ __u32 *ports = calloc(cfg->ports.n + 1, sizeof(*ports));
	_cleanup_free_ __u16 *networks = calloc(cfg->networks.n + 1, sizeof(*networks));
	struct weft_generation was = in_force(plan);
	size_t errors = diag_count(diag);
	struct policy_input in = {
		.cfg = cfg,
		.ports = ports,
		.networks = networks,
		.generation = was.policy ? was.policy : 1,
		.rules = &plan->actual.t[TABLE_RULE_INFO],
	};
	int err;

	if (!ports || !networks)
		return -ENOMEM;
	policy_ids(cfg, plan->node, &plan->wanted, ports, networks);
	if (plan->terms.new_policies && was.policy) {
		plan->new_policies = true;
		in.generation++;
		return policy_compile(&in, diag, &plan->wanted);
	}
	err = policy_compile(&in, diag, &plan->wanted);
	if (err || diag_count(diag) > errors)
		return err;
	plan->new_policies = !was.policy || !same_policies(plan, was.policy & 1);
	if (!was.policy || !plan->new_policies)
		return 0;
	forget(&plan->wanted);
	in.generation++;
	return policy_compile(&in, diag, &plan->wanted);
}

/* The half that the wanted policies are in. */
static __u32 wanted_half(const struct plan *plan)
{
	return (in_force(plan).policy + plan->new_policies) & 1;
}

/** struct half - one half of one table. */
struct half {
	enum table_id id;
	__u32 half;
};

static bool is_in_half(void *arg, const void *key)
{
	const struct half *half = arg;

	return policy_half(half->id, key) == half->half;
}

int plan_diff(struct plan *plan, enum table_id id)
{
	struct half half = {.id = id, .half = wanted_half(plan)};
	bool some = plan->terms.keep_halves && table_is_policy(id);

	return table_diff_among(&plan->actual.t[id], &plan->wanted.t[id], some ? is_in_half : NULL,
				&half, &plan->diff[id]);
}

/* Of the rows that are to go, take out those in the half that is to be written. */
static int split_stale(struct plan *plan, enum table_id id, __u32 half)
{
	const struct table_desc *desc = &table_descs[id];
	struct rows *removed = &plan->diff[id].removed;
	struct rows rest = {};
	int err = 0;

	for (size_t i = 0; i < removed->n && !err; i++) {
		const __u8 *key = removed->keys + i * desc->key_size;

		err = rows_add(policy_half(id, key) == half ? &plan->stale[id] : &rest, desc, key,
			       removed->values + i * desc->value_size);
	}
	rows_clear(removed);
	*removed = rest;
	return err;
}

/* The same for a port of a trunk: who takes over its tags. */
static const struct weft_port *vlan_heir(const struct plan *plan, __u32 port, __u32 ifindex)
{
	const struct weft_tags *tags = table_get(&plan->actual.t[TABLE_TAGS], &port);
	struct weft_vlan_key key = {.ifindex = ifindex};

	if (tags) {
		key.service = tags->service;
		key.vlan = tags->vlan;
	}
	return table_get(&plan->wanted.t[TABLE_VLANS], &key);
}

/* The port that takes over the interface of one that leaves under another name; 0 = none does. */
static __u32 heir_of(const struct plan *plan, __u32 port)
{
	const struct weft_port_info *info;
	const struct weft_port *heir;

	info = table_get(&plan->actual.t[TABLE_PORT_INFO], &port);
	if (!info)
		return 0;
	heir = table_get(&plan->wanted.t[TABLE_PORTS], &info->ifindex);
	if (heir && heir->kind == WEFT_PORT_TRUNK)
		heir = vlan_heir(plan, port, info->ifindex);
	return heir ? heir->id : 0;
}

static bool is_restricted(const struct plan *plan, __u32 port, int dir)
{
	const struct weft_pol_port *row;
	bool restricted = false;

	for (__u32 key = 2 * port; key <= 2 * port + 1; key++) {
		row = table_get(&plan->actual.t[TABLE_POL_PORTS], &key);
		restricted |= row && row->ruleset[dir];
	}
	return restricted;
}

/*
 * A port that leaves still has its interface for a moment when the new policies are in force, and
 * these do not know it: it is judged as its heir, or else shut where something restricted it.
 */
static int let_pass(struct plan *plan, __u32 port, __u32 half)
{
	const struct table *wanted = &plan->wanted.t[TABLE_POL_PORTS];
	__u32 key = 2 * port + half, heir = heir_of(plan, port);
	__u32 heir_key = 2 * heir + half;
	struct weft_pol_port row = {};
	const struct weft_pol_port *as;

	as = table_get(wanted, &heir_key);
	if (heir && as)
		row = *as;
	for (int dir = 0; dir < __WEFT_POL_DIR_MAX && !heir; dir++)
		row.ruleset[dir] = is_restricted(plan, port, dir) ? WEFT_POL_SHUT : 0;
	if (!row.ruleset[WEFT_POL_INGRESS] && !row.ruleset[WEFT_POL_EGRESS])
		return 0;
	return rows_add(&plan->passing, wanted->desc, &key, &row);
}

static int plan_leavers(struct plan *plan, __u32 half)
{
	const struct table *names = &plan->actual.t[TABLE_PORT_INFO];
	int err = 0;

	for (size_t i = 0; i < names->rows.n && !err; i++) {
		__u32 port = id_of(table_key(names, i));

		if (!table_get(&plan->wanted.t[TABLE_PORT_INFO], &port))
			err = let_pass(plan, port, half);
	}
	return err;
}

/* What a flow remembers, or what it was found by; and what the CPUs remember, see weft_peer_of().
 */
static bool is_forwarding(enum table_id id)
{
	return id == TABLE_TUNNELS || id == TABLE_PEERS || id == TABLE_NETWORKS ||
	       id == TABLE_TAGS || id == TABLE_VLANS || id == TABLE_PORTS || id == TABLE_FDB ||
	       id == TABLE_NEIGH || id == TABLE_FLOOD || id == TABLE_GUARDS || id == TABLE_PAIRS;
}

int plan_generation(struct plan *plan)
{
	struct generation_change change = {
		.policy = plan->new_policies,
		.fresh = plan->fresh_policies && plan->pinned.fd[TABLE_GENERATION] >= 0,
	};
	struct weft_generation was = in_force(plan);
	__u32 half = wanted_half(plan), zero = 0;
	int err = 0;

	for (int id = 0; id < __TABLE_WANTED_MAX && !err; id++) {
		if (table_is_policy(id) && change.policy)
			err = split_stale(plan, id, half);
		if (!is_forwarding(id))
			continue;
		change.forwarding |= !table_diff_empty(&plan->diff[id]);
		change.removal |= plan->diff[id].removed.n > 0;
	}
	/* What moved while these were copied is not counted in the new ones. */
	change.forwarding |= plan->create[TABLE_LEARN_NET] && plan->pinned.fd[TABLE_LEARN_NET] >= 0;
	if (!err && (change.policy || change.fresh))
		err = plan_leavers(plan, half);
	if (err)
		return err;

	plan->generations = generations_plan(was, change);
	err = table_put(&plan->wanted.t[TABLE_GENERATION], &zero, &plan->generations.end);
	return err ? err
		   : table_diff(&plan->actual.t[TABLE_GENERATION],
				&plan->wanted.t[TABLE_GENERATION], &plan->diff[TABLE_GENERATION]);
}
