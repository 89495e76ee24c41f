/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The order of a transaction; see apply.h. */
#include "apply.h"

#include <errno.h>
#include <linux/membarrier.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "apply_parts.h"
#include "hurry.h"
#include "util.h"

/* Tables whose entries are pointed to by others: a packet may be on its way from one to the other.
 */
static bool is_pointed_to(enum table_id id)
{
	return id == TABLE_TUNNELS || id == TABLE_NETWORKS || id == TABLE_TAGS ||
	       id == TABLE_VLANS || id == TABLE_PORTS || table_is_policy(id);
}

static bool has_stragglers(const struct plan *plan)
{
	for (int id = 0; id < __TABLE_WANTED_MAX; id++)
		if (is_pointed_to(id) && plan->diff[id].removed.n)
			return true;
	return false;
}

/*
 * Programs run within RCU read sections, and this waits for all of those: afterwards no packet is
 * on its way that has seen the old state. If the kernel cannot (nohz_full), such a packet may find
 * its tunnel or its rules gone, and be dropped as that.
 */
void apply_wait(void)
{
	syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0);
}

static int wait_for_packets(void *arg __attribute__((unused)))
{
	apply_wait();
	return 0;
}

/* Not until nobody can look any more into what was in force the last but one time. */
static int let_stragglers_pass(struct apply *a)
{
	if (!a->plan->terms.stragglers || !a->plan->new_policies)
		return 0;
	return journal_do(a->journal, wait_for_packets, NULL, NULL,
			  "wait for packets under older policies");
}

static int let_packets_pass(struct apply *a)
{
	if (!has_stragglers(a->plan))
		return 0;
	return journal_do(a->journal, wait_for_packets, NULL, NULL,
			  "wait for packets on their way");
}

/* How often it is waited for. */
static size_t waits(const struct plan *plan)
{
	return has_stragglers(plan) + (plan->terms.stragglers && plan->new_policies);
}

/* See apply.h for why in this order. */
static int (*const stages[])(struct apply *a) = {
	apply_make_maps,
	/* what is new */
	apply_new_names,
	let_stragglers_pass,
	apply_new_policies,
	apply_begin,
	apply_new_entries,
	apply_load,
	apply_copy_counters,
	apply_switch,
	apply_adopt_flows,
	apply_adopt_learned,
	apply_turn,
	/* what is old */
	apply_commit_maps,
	apply_detach,
	let_packets_pass,
	apply_remove_entries,
	apply_forget_learned,
	apply_end,
	apply_forget_flows,
	apply_remove_names,
	apply_file,
};

static int run(struct apply *a)
{
	int err = 0;

	for (size_t i = 0; i < ARRAY_SIZE(stages) && !err; i++)
		err = stages[i](a);
	return err;
}

static void release(struct apply *a)
{
	maps_close(&a->made);
	closep(&a->from_port);
	closep(&a->underlay);
	for (size_t i = 0; i < a->n_kept; i++)
		close(a->kept[i]);
	free(a->kept);
	free(a->ops);
}

int apply_plan(struct plan *plan, struct journal *journal)
{
	_cleanup_(release) struct apply a = {
		.plan = plan,
		.journal = journal,
		.from_port = -1,
		.underlay = -1,
		.use = plan->pinned,
	};
	_cleanup_(hurry_end) struct hurry hurry;
	int err;

	hurry = hurry_begin(plan->n_ops + waits(plan));
	maps_init(&a.made);
	a.ops = calloc(plan->n_ops + 1, sizeof(*a.ops));
	if (!a.ops)
		return -ENOMEM;
	for (int id = 0; id < __TABLE_MAX; id++)
		a.tables[id] = (struct table_step){.apply = &a, .id = id};
	for (size_t i = 0; i < plan->n_ops; i++)
		a.ops[i] = (struct op_step){.apply = &a, .op = &plan->ops[i]};

	err = run(&a);
	if (err)
		journal_undo(journal);
	return err;
}
