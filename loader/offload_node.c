/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Uplinks are tested, and their features switched; see offload_node.h. */
#include "offload_node.h"

#include <errno.h>
#include <net/if.h>
#include <string.h>

#include "config.h"
#include "offload_rx.h"
#include "offload_tx.h"
#include "plan.h"
#include "util.h"

/* -- testing -- */

/*
 * Is it the device's segmentation? That it is off meanwhile is noted first: who is killed here can
 * still be put right.
 */
static void test_without(const struct plan *plan, const struct iface *iface, __u32 on,
			 struct offload_record *r)
{
	const __u32 switched = r->switched, was_on = r->was_on;

	r->switched |= on & NIC_SEGMENTATIONS;
	r->was_on |= on & NIC_SEGMENTATIONS & ~switched;
	if (!offload_state_write(plan->node->name.v, &plan->offload_state)) {
		if (!nic_switch(iface->name, NIC_SEGMENTATIONS, false))
			r->tests.tx_gso_retry = offload_tx(iface, plan->cfg->vxlan_port.v).gso;
		nic_switch(iface->name, on & NIC_SEGMENTATIONS, true);
	}
	r->switched = switched;
	r->was_on = was_on;
}

static void test_sending(const struct plan *plan, const struct iface *iface, __u32 on,
			 struct offload_record *r)
{
	struct tx_report report = offload_tx(iface, plan->cfg->vxlan_port.v);

	r->tests.tx_plain = report.plain;
	r->tests.tx_gso = report.gso;
	r->tests.tx_gso_retry = TX_UNTESTED;
	if (report.gso == TX_LOST && on & NIC_BIT(NIC_UDP_TUNNEL))
		test_without(plan, iface, on, r);
}

/* What a test of before found out stays, where XDP is in use and so cannot be tested. */
static void test_receiving(const struct iface *iface, struct offload_tests *t)
{
	__u32 frames = 0;
	enum rx_result result = offload_rx(iface, &frames);

	if (result == RX_UNTESTED)
		return;
	t->rx = result;
	t->rx_frames = frames;
}

static bool is_tested(const struct offload_record *r, const struct iface *iface,
		      const struct nic *nic)
{
	return r->has_tested && r->tested == nic->on && r->mtu == iface->mtu;
}

/* Return: 1 if something was tested, 0 or -ENOMEM. */
static int test_uplink(struct plan *plan, size_t i, const struct iface *iface)
{
	const struct cfg_uplink *uplink = &plan->node->uplinks.v[i];
	struct offload_record *r =
		offload_state_get(&plan->offload_state, iface->name, iface->ifindex);
	const struct nic nic = plan->offloads[i].nic;

	if (!r)
		return -ENOMEM;
	if (!iface->up || is_tested(r, iface, &nic))
		return 0;
	r->tested = nic.on;
	r->mtu = iface->mtu;
	r->has_tested = true;
	test_sending(plan, iface, nic.on, r);
	if (offload_wants_rx_test(uplink, iface->kind, &nic))
		test_receiving(iface, &r->tests);
	return 1;
}

int offload_test(struct plan *plan, struct diag *diag)
{
	const struct iface *iface;
	bool news = false;
	int err = 0;

	for (size_t i = 0; i < plan->node->uplinks.n && err >= 0; i++) {
		iface = ifaces_find_index(&plan->facts.ifaces, plan->facts.uplinks[i].ifindex);
		err = iface ? test_uplink(plan, i, iface) : 0;
		news |= err > 0;
	}
	if (err < 0 || !news)
		return err < 0 ? err : 0;
	err = plan_offloads(plan, diag);
	return err ? err : plan_attachments(plan);
}

/* -- switching -- */

static int keep(int err, int more)
{
	return err ?: more;
}

/* Back to how it was. */
static int switch_back(struct offload_record *r)
{
	int err = 0;

	if (if_nametoindex(r->interface) == r->ifindex) {
		err = nic_switch(r->interface, r->switched & r->was_on, true);
		err = keep(err, nic_switch(r->interface, r->switched & ~r->was_on, false));
	}
	r->switched = r->was_on = 0;
	return err;
}

/**
 * struct targets - sets of NIC_BIT().
 * @was: on, had weft never come.
 * @wanted: to be on.
 * @managed: weft's business, or was.
 */
struct targets {
	__u32 was;
	__u32 wanted;
	__u32 managed;
};

static struct targets targets_of(const struct offload_record *r, const struct offload *o,
				 const struct nic *nic)
{
	const __u32 was = offload_was(r, nic);

	return (struct targets){
		.was = was,
		.wanted = (was | (o->on & nic->can)) & ~o->off,
		.managed = o->on | o->off | r->switched,
	};
}

/* What was, is noted before it changes: who is killed here can still be put right. */
static int switch_features(struct plan *done, struct offload_record *r, const struct offload *o,
			   bool *changed)
{
	struct targets t;
	struct nic nic;
	__u32 differ;
	int err = nic_read(r->interface, &nic);

	if (err)
		return err;
	t = targets_of(r, o, &nic);
	differ = (t.was ^ t.wanted) & t.managed;
	*changed = (nic.on ^ t.wanted) & t.managed;
	r->switched |= differ;
	r->was_on = t.was & r->switched;
	if (!*changed)
		return 0;
	err = offload_state_write(done->node->name.v, &done->offload_state);
	if (err) /* nobody would know how it was */
		return err;
	err = nic_switch(r->interface, t.wanted & t.managed, true);
	err = keep(err, nic_switch(r->interface, ~t.wanted & t.managed, false));
	r->switched = differ;
	r->was_on = t.was & differ;
	return err;
}

static bool was_refused(const struct plan *done, __u32 ifindex)
{
	for (size_t i = 0; i < done->n_ops; i++)
		if (done->ops[i].before.ifindex == ifindex && done->ops[i].optional &&
		    !done->ops[i].done)
			return true;
	return false;
}

/* What the device does now is what is told; a test of how it was before says nothing of it. */
static void tell(const struct plan *done, size_t i, const struct iface *iface,
		 struct offload_record *r, bool changed)
{
	struct offload_facts facts = {.kind = iface->kind,
				      .device = done->cfg->tunnel_gro.v,
				      .refused = done->offloads[i].refused ||
						 was_refused(done, iface->ifindex)};

	nic_read(iface->name, &facts.nic);
	if (changed && r->has_tested && iface->up && r->tests.tx_gso != TX_LOST)
		test_sending(done, iface, facts.nic.on, r);
	if (r->has_tested)
		r->tested = facts.nic.on;
	facts.was = offload_was(r, &facts.nic);
	facts.tests = r->tests;
	offload_decide(&done->node->uplinks.v[i], &facts, &r->offload);
	r->decided = true;
}

/* All is as the last apply left it. */
static bool is_settled(const struct offload_record *r, const struct offload *o)
{
	const struct targets t = targets_of(r, o, &o->nic);

	return r->decided && r->has_tested && r->tested == o->nic.on &&
	       !((o->nic.on ^ t.wanted) & t.managed) &&
	       !memcmp(r->offload.choice, o->choice, sizeof(o->choice));
}

static int settle_uplink(struct plan *done, size_t i, const struct iface *iface)
{
	struct offload_record *r =
		offload_state_get(&done->offload_state, iface->name, iface->ifindex);
	bool changed = false;
	int err;

	if (!r)
		return -ENOMEM;
	if (is_settled(r, &done->offloads[i]))
		return 0;
	err = switch_features(done, r, &done->offloads[i], &changed);
	tell(done, i, iface, r, changed);
	return err;
}

/* Interfaces that are no uplinks any more, and what has gone. */
static void forget_others(struct plan *done)
{
	struct offload_state *state = &done->offload_state;
	size_t n = 0;

	for (size_t i = 0; i < state->n; i++) {
		bool found = false;

		for (size_t j = 0; j < done->node->uplinks.n; j++)
			found |= done->facts.uplinks[j].ifindex == state->v[i].ifindex;
		if (found)
			state->v[n++] = state->v[i];
		else
			switch_back(&state->v[i]);
	}
	state->n = n;
}

int offload_settle(struct plan *done, const char **failed)
{
	const struct iface *iface;
	int err = 0, one;

	forget_others(done);
	for (size_t i = 0; i < done->node->uplinks.n; i++) {
		iface = ifaces_find_index(&done->facts.ifaces, done->facts.uplinks[i].ifindex);
		one = iface ? settle_uplink(done, i, iface) : 0;
		if (one && !err) {
			*failed = iface->name;
			err = one;
		}
	}
	if (!done->offload_state.n)
		offload_state_remove(done->node->name.v);
	else
		offload_state_write(done->node->name.v, &done->offload_state);
	return err;
}

void offload_restore(const char *node)
{
	_cleanup_(offload_state_clear) struct offload_state state = {};

	if (!offload_state_read(node, &state))
		for (size_t i = 0; i < state.n; i++)
			switch_back(&state.v[i]);
	offload_state_remove(node);
}
