/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * What follows an apply: weft's own devices (devices.h) come or go, now that it is known which
 * uplinks took XDP. A weft-vxlan that came has its row and its guard from a second transaction, and
 * only then goes up, so that it never receives unguarded.
 */
#include "apply.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "config.h"
#include "devices.h"
#include "diag.h"
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

/* XDP that has no metadata passes packets on as they are. */
static bool strips(const struct plan *done, __u32 ifindex)
{
	const struct offload_record *r = offload_state_find(&done->offload_state, ifindex);

	return has_xdp(done, ifindex) && !(r && r->tests.rx == RX_NO_METADATA);
}

/* Whether some uplink leaves it to the stack to merge. */
static bool wants_gro(const struct plan *done)
{
	for (size_t i = 0; i < done->node->uplinks.n; i++)
		if (done->facts.uplinks[i].ifindex && !strips(done, done->facts.uplinks[i].ifindex))
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
	_cleanup_(diag_freep) struct diag *pending = diag_new(); /* told before */
	_cleanup_(plan_clear) struct plan plan = {};
	_cleanup_free_ char *problem = NULL;
	struct plan_terms terms = done->terms;
	struct plan_summary more;
	int err;

	if (!diag || !pending)
		return -ENOMEM;
	if (terms.pending)
		terms.pending = pending;
	err = plan_make(done->cfg, done->node, &terms, diag, &plan, &problem);
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

static int take_away(const struct plan *done, struct plan_summary *sum)
{
	int err = devices_remove(done->node->name.v);

	return err ? err : apply_again(done, sum);
}

/* The devices, with the guard attached; @now is what there is then. */
static int bring(const struct plan *done, struct devices *now, struct plan_summary *sum)
{
	const char *node = done->node->name.v;
	const __u16 port = done->cfg->vxlan_port.v;
	int err = 0;

	if (now->vxlan && now->port != port) {
		err = devices_remove(node);
		*now = (struct devices){};
	}
	if (err || (now->vxlan && now->bridge))
		return err;
	err = devices_create(node, port, now);
	if (!err)
		err = apply_again(done, sum);
	return err ? err : devices_find(node, now);
}

static bool is_port(const struct plan *done, const struct iface *iface)
{
	const struct weft_port *port = table_get(&done->wanted.t[TABLE_PORTS], &iface->ifindex);

	return port && (port->kind == WEFT_PORT_ACCESS || port->kind == WEFT_PORT_TRUNK);
}

/* Do the names of @table say that weft keeps this interface promiscuous? */
static bool is_promisc(const struct table *table, __u32 ifindex)
{
	for (size_t i = 0; i < table->rows.n; i++) {
		const struct weft_port_info *info = table_value(table, i);

		if (info->ifindex == ifindex && info->promisc)
			return true;
	}
	return false;
}

/* NICs that many hosts are behind take in frames for all of them. */
static int set_promisc(const struct plan *done)
{
	const struct table *was = &done->actual.t[TABLE_PORT_INFO];
	const struct table *wanted = &done->wanted.t[TABLE_PORT_INFO];
	const struct weft_port_info *info;
	const struct iface *iface;
	int err = 0;

	for (size_t i = 0; i < wanted->rows.n && (!err || err == -ENODEV); i++) {
		info = table_value(wanted, i);
		iface = ifaces_find_index(&done->facts.ifaces, info->ifindex);
		if (info->promisc && iface && !iface->promisc)
			err = devices_set_promisc(info->ifindex, true);
	}
	for (size_t i = 0; i < was->rows.n && (!err || err == -ENODEV); i++) {
		info = table_value(was, i);
		iface = ifaces_find_index(&done->facts.ifaces, info->ifindex);
		if (info->promisc && iface && iface->promisc && !is_promisc(wanted, info->ifindex))
			err = devices_set_promisc(info->ifindex, false);
	}
	return err == -ENODEV ? 0 : err;
}

/*
 * Ports into the bridge, as many as it takes; out of it what was a port. An interface that has gone
 * meanwhile is not worth a word.
 */
static int hold_ports(const struct plan *done, const struct devices *now)
{
	const struct ifaces *ifaces = &done->facts.ifaces;
	size_t room = DEVICE_BRIDGE_PORTS;
	int err = 0;

	for (size_t i = 0; i < ifaces->n && (!err || err == -ENODEV); i++) {
		const struct iface *iface = &ifaces->v[i];
		bool held = iface->master == now->bridge;

		if (is_port(done, iface)) {
			if (!held && room)
				err = devices_set_master(iface->ifindex, now->bridge);
			room -= room > 0;
		} else if (held && iface->ifindex != now->vxlan) {
			err = devices_set_master(iface->ifindex, 0);
		}
	}
	return err == -ENODEV ? 0 : err;
}

int apply_devices(const struct plan *done, struct plan_summary *sum)
{
	struct devices now = done->facts.devices;
	bool up = done->cfg->tunnel_gro.v && wants_gro(done);
	int err = set_promisc(done);

	if (err)
		return err;
	if (!done->node->uplinks.n)
		return now.vxlan || now.bridge ? take_away(done, sum) : 0;
	if (now.taken)
		return -EEXIST;
	err = bring(done, &now, sum);
	if (!err)
		err = hold_ports(done, &now);
	if (!err && up != now.up)
		err = devices_set_up(now.vxlan, up);
	return err;
}
