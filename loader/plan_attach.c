/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Which programs have to be attached, replaced and detached; see plan.h. */
#include "plan.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "config.h"
#include "util.h"

const char *op_verb(enum op_kind kind)
{
	static const char *const verbs[__OP_MAX] = {
		[OP_TC_ATTACH] = "attach",    [OP_TC_REPLACE] = "replace",
		[OP_TC_DETACH] = "detach",    [OP_XDP_ATTACH] = "attach",
		[OP_XDP_REPLACE] = "replace", [OP_XDP_DETACH] = "detach",
	};

	return verbs[kind];
}

static bool is_xdp(enum op_kind kind)
{
	return kind == OP_XDP_ATTACH || kind == OP_XDP_REPLACE || kind == OP_XDP_DETACH;
}

const char *op_how(const struct op *op)
{
	return is_xdp(op->kind) ? xdp_kind_name(op->xdp) : tc_kind_name(op->tc);
}

static int add(struct plan *plan, enum op_kind kind, const struct attachment *before,
	       const struct op *how)
{
	const struct iface *iface = ifaces_find_index(&plan->facts.ifaces, before->ifindex);
	struct op *ops, *op;
	size_t size;

	if (plan->n_ops == plan->ops_size) {
		size = plan->ops_size ? plan->ops_size * 2 : 16;
		ops = reallocarray(plan->ops, size, sizeof(*ops));
		if (!ops)
			return -ENOMEM;
		plan->ops = ops;
		plan->ops_size = size;
	}
	op = &plan->ops[plan->n_ops++];
	*op = *how;
	op->kind = kind;
	op->before = *before;
	if (iface)
		memcpy(op->interface, iface->name, sizeof(op->interface));
	else
		snprintf(op->interface, sizeof(op->interface), "#%u", before->ifindex);
	return 0;
}

static int plan_tc(struct plan *plan, const struct attachment *a, enum tc_kind best, bool uplink)
{
	struct op op = {
		.prog = uplink ? PROG_TC_UNDERLAY : PROG_FROM_PORT,
		.tc = a->tc == TC_NONE ? best : a->tc,
	};

	if (a->tc != TC_NONE && a->tc_prog.current && !plan->programs_stale &&
	    !strcmp(a->tc_prog.name, op.prog))
		return 0;
	return add(plan, a->tc == TC_NONE ? OP_TC_ATTACH : OP_TC_REPLACE, a, &op);
}

/* A change of mode goes through none; meanwhile TC decapsulates. */
static int plan_xdp(struct plan *plan, const struct attachment *a, enum xdp_kind kind,
		    bool optional)
{
	struct op op = {.prog = PROG_XDP_UNDERLAY, .xdp = a->xdp};
	int err = 0;

	if (a->xdp != XDP_NONE && a->xdp == kind)
		return a->xdp_prog.current && !plan->programs_stale
			       ? 0
			       : add(plan, OP_XDP_REPLACE, a, &op);
	if (a->xdp != XDP_NONE)
		err = add(plan, OP_XDP_DETACH, a, &op);
	if (err || kind == XDP_NONE)
		return err;
	op.xdp = kind;
	op.optional = optional;
	return add(plan, OP_XDP_ATTACH, a, &op);
}

/* What is there, or an attachment with nothing attached. */
static struct attachment attachment_of(const struct plan *plan, __u32 ifindex)
{
	const struct attachment *a = attachments_find(&plan->attachments, ifindex);

	return a ? *a : (struct attachment){.ifindex = ifindex};
}

static int plan_wanted(struct plan *plan)
{
	const struct table *ports = &plan->wanted.t[TABLE_PORTS];
	enum tc_kind best = tc_best_kind();
	const struct weft_port *port;
	struct attachment a;
	__u32 ifindex;
	int err = 0;

	for (size_t i = 0; i < ports->rows.n && !err; i++) {
		memcpy(&ifindex, table_key(ports, i), sizeof(ifindex));
		port = table_value(ports, i);
		a = attachment_of(plan, ifindex);
		err = plan_tc(plan, &a, best, port->kind == WEFT_PORT_UPLINK);
		if (!err && port->kind != WEFT_PORT_UPLINK) /* it may have been one */
			err = plan_xdp(plan, &a, XDP_NONE, false);
	}
	for (size_t i = 0; i < plan->node->uplinks.n && !err; i++) {
		a = attachment_of(plan, plan->facts.uplinks[i].ifindex);
		if (a.ifindex)
			err = plan_xdp(plan, &a, plan->offloads[i].xdp,
				       plan->offloads[i].xdp_optional);
	}
	return err;
}

/* Interfaces that the file does not name any more, and pins without an attachment. */
static int plan_unwanted(struct plan *plan)
{
	const struct attachment *a;
	struct op op;
	int err = 0;

	for (size_t i = 0; i < plan->attachments.n && !err; i++) {
		a = &plan->attachments.v[i];
		if (table_get(&plan->wanted.t[TABLE_PORTS], &a->ifindex))
			continue;
		op = (struct op){.prog = PROG_XDP_UNDERLAY, .xdp = a->xdp};
		if (a->pins & ATTACH_PIN_XDP)
			err = add(plan, OP_XDP_DETACH, a, &op);
		op = (struct op){.prog = a->tc_prog.name[0] ? a->tc_prog.name : "the TC program",
				 .tc = a->tc};
		if (!err && a->pins & ~ATTACH_PIN_XDP)
			err = add(plan, OP_TC_DETACH, a, &op);
	}
	return err;
}

int plan_attachments(struct plan *plan)
{
	int err;

	plan->n_ops = 0;
	err = plan_wanted(plan);

	return err ? err : plan_unwanted(plan);
}
