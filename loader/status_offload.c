/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* How uplinks work, and why so, in a node's status; see status.h and offload.h. */
#include <stdio.h>
#include <string.h>

#include "offload_state.h"
#include "print.h"
#include "status.h"
#include "util.h"

static const struct print_column columns[] = {
	{"interface", "UPLINK", NULL, PRINT_TEXT}, {"what", "WHAT", NULL, PRINT_TEXT},
	{"mode", "MODE", NULL, PRINT_TEXT},        {"asked", "ASKED", NULL, PRINT_TEXT},
	{"changed", NULL, NULL, PRINT_BOOL},       {"why", "WHY", NULL, PRINT_TEXT},
};

/* Features that a choice is about. */
static __u32 features_of(enum offload_what what)
{
	switch (what) {
	case OFFLOAD_SEGMENTATION:
		return NIC_SEGMENTATIONS;
	case OFFLOAD_CHECKSUM:
		return NIC_CHECKSUMS;
	case OFFLOAD_GRO:
		return NIC_BIT(NIC_GRO);
	default:
		return 0;
	}
}

/* Somebody has switched what was tested and decided about. */
static bool has_changed(const struct offload_record *r, const struct nic *nic,
			enum offload_what what)
{
	return r->has_tested && (nic->on ^ r->tested) & features_of(what);
}

static void fill(const struct offload_record *r, const char *interface, struct print_table *out)
{
	char why[OFFLOAD_WHY_LEN + 64];
	struct nic nic;
	bool known = !nic_read(interface, &nic);

	for (int what = 0; what < __OFFLOAD_MAX; what++) {
		const struct offload_choice *choice = &r->offload.choice[what];
		bool changed = known && has_changed(r, &nic, what);

		snprintf(why, sizeof(why), "%s%s", choice->why,
			 changed ? "; CHANGED since, by others: apply again" : "");
		print_text(out, interface);
		print_text(out, offload_what_name(what));
		print_text(out, choice->mode);
		print_text(out, choice->asked[0] ? choice->asked : NULL);
		print_bool(out, changed);
		print_text(out, why);
	}
}

void offloads_fill(const struct status *s, struct print_table *out)
{
	_cleanup_(offload_state_clear) struct offload_state state = {};
	const struct offload_record *r;
	const struct member *m;

	print_init(out, columns, ARRAY_SIZE(columns));
	if (s->attachments.elsewhere || offload_state_read(view_node_name(&s->view).s, &state))
		return;
	for (size_t i = s->n_ports; i < s->n_members; i++) {
		m = &s->members[i];
		if (m->info->kind != WEFT_PORT_UPLINK || !m->iface)
			continue;
		r = offload_state_find(&state, m->iface->ifindex);
		if (r && r->decided)
			fill(r, m->iface->name, out);
	}
}
