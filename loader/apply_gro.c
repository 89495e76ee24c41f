/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * What follows an apply: the GRO device (gro.h) comes or goes, now that it is known which uplinks
 * took XDP. A device that came has its row and its guard from a second transaction, and only then
 * goes up, so that it never receives unguarded.
 */
#include "apply.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "config.h"
#include "diag.h"
#include "gro.h"
#include "journal.h"
#include "plan.h"
#include "util.h"

/* Whether an uplink has XDP after the plan was carried out. */
static bool has_xdp(const struct plan *done, __u32 ifindex)
{
	const struct attachment *before = attachments_find(&done->attachments, ifindex);
	bool has = before && before->xdp != XDP_NONE;

	for (size_t i = 0; i < done->n_ops; i++) {
		const struct op *op = &done->ops[i];

		if (op->before.ifindex != ifindex || !op->done)
			continue;
		if (op->kind == OP_XDP_ATTACH)
			has = true;
		if (op->kind == OP_XDP_DETACH)
			has = false;
	}
	return has;
}

static bool is_wanted(const struct plan *done)
{
	if (!done->cfg->tunnel_gro.v)
		return false;
	for (size_t i = 0; i < done->node->uplinks.n; i++)
		if (!has_xdp(done, done->facts.uplinks[i].ifindex))
			return true;
	return false;
}

static void add(struct plan_summary *sum, const struct plan_summary *more)
{
	sum->added += more->added;
	sum->changed += more->changed;
	sum->removed += more->removed;
	sum->attached += more->attached;
	sum->replaced += more->replaced;
	sum->detached += more->detached;
	sum->made += more->made;
	sum->resized += more->resized;
}

/* The same file again, now that the set of interfaces is another. */
static int apply_again(const struct plan *done, struct plan_summary *sum)
{
	_cleanup_(journal_clear) struct journal journal = {};
	_cleanup_(diag_freep) struct diag *diag = diag_new();
	_cleanup_(plan_clear) struct plan plan = {};
	_cleanup_free_ char *problem = NULL;
	struct plan_summary more;
	int err;

	if (!diag)
		return -ENOMEM;
	err = plan_make(done->cfg, done->node, diag, &plan, &problem);
	if (!err && diag_count(diag))
		err = -EAGAIN; /* the machine has changed since it was looked at */
	if (!err)
		err = apply_plan(&plan, &journal);
	if (err)
		return err;
	more = plan_summarize(&plan);
	add(sum, &more);
	return 0;
}

static int bring(const struct plan *done, const struct gro *gro, struct plan_summary *sum)
{
	const char *node = done->node->name.v;
	struct gro made = *gro;
	int err = 0;

	if (!gro->ifindex) {
		err = gro_create(node, done->cfg->vxlan_port.v);
		if (!err)
			err = apply_again(done, sum);
		if (!err)
			err = gro_find(node, &made);
	}
	if (!err && !made.up)
		err = gro_up(made.ifindex);
	return err;
}

static int take_away(const struct plan *done, struct plan_summary *sum)
{
	int err = gro_remove(done->node->name.v);

	return err ? err : apply_again(done, sum);
}

int apply_gro(const struct plan *done, struct plan_summary *sum)
{
	const char *node = done->node->name.v;
	struct gro gro;
	int err;

	err = gro_find(node, &gro);
	if (err)
		return err;
	if (!is_wanted(done))
		return gro.ifindex ? take_away(done, sum) : 0;
	if (gro.taken)
		return -EEXIST;
	if (gro.ifindex && gro.port != done->cfg->vxlan_port.v) {
		err = take_away(done, sum);
		gro = (struct gro){};
	}
	if (!err)
		err = bring(done, &gro, sum);
	/* Without its port the device is of no use, and would only be in somebody's way. */
	if (err)
		take_away(done, sum);
	return err;
}
