/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Which modes the uplinks of a plan are to work in, from what is known; see plan.h and offload.h.
 */
#include "plan.h"

#include <errno.h>
#include <string.h>

#include "config.h"
#include "diag.h"
#include "map_io.h"
#include "util.h"

/*
 * XDP has failed where most of what came in by tunnels reached TC without its metadata: since the
 * last look, and not just now and then. Who sends frames to WEFT_PARKED_MAC on the underlay can
 * feign that, and gets no more by it than that headers are taken off at TC.
 */
#define FAILED_LEAST 64

static __u64 count_lost(const struct plan *plan, __u32 ifindex, const struct table *drops)
{
	const struct weft_port *port = table_get(&plan->actual.t[TABLE_PORTS], &ifindex);
	struct weft_drop_key key = {.reason = WEFT_DROP_META_LOST};
	const struct weft_count *count;

	if (!port)
		return 0;
	key.port = port->id;
	count = table_get(drops, &key);
	return count ? count->packets : 0;
}

static __u64 count_received(const struct table *stats)
{
	const struct weft_net_stat *stat;
	__u64 n = 0;

	for (size_t i = 0; i < stats->rows.n; i++) {
		stat = table_value(stats, i);
		n += stat->from_underlay.packets;
	}
	return n;
}

/* How it went since the last look. Nothing is said where the counters cannot be read. */
static void look_at_traffic(const struct plan *plan, struct offload_record *r)
{
	const int drops_fd = plan->pinned.fd[TABLE_DROPS],
		  stats_fd = plan->pinned.fd[TABLE_NET_STAT];
	_cleanup_(table_clear) struct table drops, stats;
	__u64 lost, received;

	table_init(&drops, &table_descs[TABLE_DROPS]);
	table_init(&stats, &table_descs[TABLE_NET_STAT]);
	if (drops_fd < 0 || stats_fd < 0 || map_read(drops_fd, &drops) ||
	    map_read(stats_fd, &stats))
		return;
	lost = count_lost(plan, r->ifindex, &drops);
	received = count_received(&stats);
	if (lost >= r->meta_lost + FAILED_LEAST && received >= r->received &&
	    lost - r->meta_lost > received - r->received)
		r->tests.xdp_failed = true;
	r->meta_lost = lost;
	r->received = received;
}

/* By the driver, and nothing of ours is there all the same. */
static bool was_refused(const struct plan *plan, __u32 ifindex)
{
	const struct attachment *a = attachments_find(&plan->attachments, ifindex);

	return plan->terms.no_xdp && !(a && a->xdp != XDP_NONE) &&
	       set_find(plan->terms.no_xdp, &ifindex, sizeof(ifindex), NULL);
}

static const struct cfg_num *asked_of(const struct cfg_uplink *uplink, enum offload_what what)
{
	return what == OFFLOAD_SEGMENTATION ? &uplink->segmentation
	       : what == OFFLOAD_CHECKSUM   ? &uplink->checksum
					    : &uplink->gro;
}

static bool has_xdp(const struct plan *plan, __u32 ifindex)
{
	const struct attachment *a = attachments_find(&plan->attachments, ifindex);

	return a && a->xdp == XDP_NATIVE;
}

/* Where the file says how XDP is to be, a verdict of before is no longer needed: "auto" begins anew
 * after that. */
static int look_at(struct plan *plan, size_t i, const struct iface *iface, struct diag *diag)
{
	const struct cfg_uplink *uplink = &plan->node->uplinks.v[i];
	struct offload_record *r =
		offload_state_get(&plan->offload_state, iface->name, iface->ifindex);
	struct offload_facts facts = {.kind = iface->kind, .device = plan->cfg->tunnel_gro.v};
	enum offload_what what;
	const char *missing;

	if (!r)
		return -ENOMEM;
	nic_read(iface->name, &facts.nic);
	facts.was = offload_was(r, &facts.nic);
	if (uplink->xdp.v != CFG_XDP_AUTO)
		r->tests.xdp_failed = false;
	if (has_xdp(plan, iface->ifindex) && !plan->was_known)
		look_at_traffic(plan, r);
	facts.tests = r->tests;
	facts.refused = was_refused(plan, iface->ifindex);
	missing = offload_impossible(uplink, &facts, &what);
	if (missing) {
		diag_error(diag,
			   DIAG_AT(*asked_of(uplink, what), "nodes[%zu].uplinks[%zu].%s",
				   (size_t)(plan->node - plan->cfg->nodes.v), i,
				   offload_what_name(what)),
			   "%s has no %s", diag_quote(iface->name).s, missing);
		diag_hint(diag, "leave \"%s\" out, and it works without", offload_what_name(what));
	}
	offload_decide(uplink, &facts, &plan->offloads[i]);
	return 0;
}

static int begin(struct plan *plan)
{
	plan->offloads = calloc(plan->node->uplinks.n + 1, sizeof(*plan->offloads));
	if (!plan->offloads)
		return -ENOMEM;
	return offload_state_read(plan->node->name.v, &plan->offload_state);
}

int plan_offloads(struct plan *plan, struct diag *diag)
{
	const struct iface *iface;
	int err = plan->offloads ? 0 : begin(plan);

	for (size_t i = 0; i < plan->node->uplinks.n && !err; i++) {
		iface = ifaces_find_index(&plan->facts.ifaces, plan->facts.uplinks[i].ifindex);
		if (iface)
			err = look_at(plan, i, iface, diag);
	}
	return err;
}
