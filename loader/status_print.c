/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* A node's status for people and for programs; see status.h. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "diag.h"
#include "devices.h"
#include "print.h"
#include "status.h"
#include "util.h"

static const struct print_column uplink_columns[] = {
	{"interface", "UPLINK", NULL, PRINT_TEXT},
	{"ifindex", NULL, NULL, PRINT_NUMBER},
	{"xdp", "XDP", NULL, PRINT_TEXT},
	{"xdp_shared", "SHARED", NULL, PRINT_BOOL},
	{"gro", "GRO", NULL, PRINT_TEXT},
	{"tc", "TC", NULL, PRINT_TEXT},
	{"tc_others", "OTHERS", NULL, PRINT_NUMBER},
	{"mtu", "MTU", NULL, PRINT_NUMBER},
	{"up", "UP", NULL, PRINT_BOOL},
	{"state", "STATE", NULL, PRINT_TEXT},
};

static const struct print_column port_columns[] = {
	{"port", "PORT", NULL, PRINT_TEXT},          {"interface", "INTERFACE", NULL, PRINT_TEXT},
	{"ifindex", NULL, NULL, PRINT_NUMBER},       {"network", "NETWORK", NULL, PRINT_TEXT},
	{"vlan", "VLAN", NULL, PRINT_TEXT},          {"tc", "TC", NULL, PRINT_TEXT},
	{"tc_others", "OTHERS", NULL, PRINT_NUMBER}, {"up", "UP", NULL, PRINT_BOOL},
	{"state", "STATE", NULL, PRINT_TEXT},
};

static const struct print_column network_columns[] = {
	{"network", "NETWORK", NULL, PRINT_TEXT}, {"vni", "VNI", NULL, PRINT_NUMBER},
	{"vlan", "VLAN", NULL, PRINT_TEXT},       {"mtu", "MTU", NULL, PRINT_NUMBER},
	{"ports", "PORTS", NULL, PRINT_NUMBER},   {"attached", "ATTACHED", NULL, PRINT_NUMBER},
	{"vteps", "VTEPS", NULL, PRINT_NUMBER},
};

static int fill_networks(const struct status *s, struct print_table *out)
{
	_cleanup_free_ struct view_network *rows = NULL;
	size_t i, n;

	if (view_networks(&s->view, 0, &rows, &n))
		return -ENOMEM;
	for (i = 0; i < n; i++) {
		print_text(out, rows[i].name.s);
		view_print_carrier(&rows[i], out);
		print_number(out, rows[i].network->mtu);
		print_number(out, rows[i].ports);
		print_number(out, rows[i].id <= UINT16_MAX ? s->attached[rows[i].id] : 0);
		print_number(out, rows[i].vteps);
	}
	return 0;
}

static void print_tc(const struct member *m, struct print_table *out)
{
	const struct attachment *a = m->attachment;

	print_text(out, tc_kind_name(a ? a->tc : TC_NONE));
	if (a && a->tc == TC_TCX)
		print_number(out, a->others);
	else
		print_absent(out); /* a clsact qdisc does not tell */
}

static void print_link(const struct member *m, struct print_table *out)
{
	if (m->iface)
		print_bool(out, m->iface->up);
	else
		print_absent(out);
	print_text(out, member_state_name(m->state));
}

/* Whether weft-vxlan is there, guarded and up. */
static bool has_gro_device(const struct status *s)
{
	const struct member *m;

	for (size_t i = s->n_ports; i < s->n_members; i++) {
		m = &s->members[i];
		if (m->info->kind == WEFT_PORT_GUARD)
			return m->state == MEMBER_ATTACHED && m->iface->up;
	}
	return false;
}

/* Who merges the TCP segments inside tunnels. */
static const char *gro_name(const struct member *m, bool device)
{
	if (m->attachment && m->attachment->xdp != XDP_NONE)
		return "driver";
	return device ? DEVICE_VXLAN : "none";
}

static void fill_uplinks(const struct status *s, struct print_table *out)
{
	const bool device = has_gro_device(s);
	const struct member *m;
	size_t i;

	for (i = s->n_ports; i < s->n_members; i++) {
		m = &s->members[i];
		if (m->info->kind != WEFT_PORT_UPLINK)
			continue;
		print_text(out, member_interface(m));
		print_number(out, m->info->ifindex);
		print_text(out, member_xdp_name(m));
		if (m->attachment && m->attachment->xdp != XDP_NONE)
			print_bool(out, m->attachment->xdp_shared);
		else
			print_absent(out);
		print_text(out, gro_name(m, device));
		print_tc(m, out);
		if (m->iface)
			print_number(out, m->iface->mtu);
		else
			print_absent(out);
		print_link(m, out);
	}
}

static void fill_ports(const struct status *s, bool troubled, struct print_table *out)
{
	const struct weft_tags *tags;
	const struct member *m;
	size_t i;

	for (i = 0; i < s->n_ports; i++) {
		m = &s->members[i];
		if (troubled && (m->state == MEMBER_ATTACHED || m->state == MEMBER_ELSEWHERE))
			continue;
		print_text(out, view_port_name(&s->view, m->id).s);
		print_text(out, member_interface(m));
		print_number(out, m->info->ifindex);
		if (m->port)
			print_text(out, view_network_name(&s->view, m->port->network).s);
		else
			print_absent(out);
		tags = view_tags(&s->view, m->id);
		print_text(out, tags ? view_tags_name(tags).s : NULL);
		print_tc(m, out);
		print_link(m, out);
	}
}

/** struct listing - the tables of a status. */
struct listing {
	struct print_table uplinks;
	struct print_table offloads;
	struct print_table networks;
	struct print_table ports;
	struct print_table troubles;
	struct firewall firewall;
	struct learning learning;
	struct differences differences;
};

static void listing_clear(struct listing *l)
{
	print_clear(&l->uplinks);
	print_clear(&l->offloads);
	print_clear(&l->networks);
	print_clear(&l->ports);
	print_clear(&l->troubles);
	firewall_clear(&l->firewall);
	learning_clear(&l->learning);
	differences_clear(&l->differences);
}

/* People see ports with trouble only; the others are in `weft show ports`. */
static int listing_fill(const struct status *s, const struct verdict *verdict, bool troubled,
			struct listing *l)
{
	int err;

	*l = (struct listing){};
	print_init(&l->uplinks, uplink_columns, ARRAY_SIZE(uplink_columns));
	print_init(&l->networks, network_columns, ARRAY_SIZE(network_columns));
	print_init(&l->ports, port_columns, ARRAY_SIZE(port_columns));
	fill_uplinks(s, &l->uplinks);
	offloads_fill(s, &l->offloads);
	fill_ports(s, troubled, &l->ports);
	troubles_fill(s, &l->troubles);
	differences_fill(verdict->plan, &l->differences);
	err = firewall_read(s, &l->firewall);
	if (!err)
		err = learning_read(s, &l->learning);
	return err ? err : fill_networks(s, &l->networks);
}

/**
 * struct vteps - own VTEP addresses as text, empty if there is none; what is listened to there.
 * @geneve_port: 0 = nothing.
 */
struct vteps {
	struct print_addr v4;
	struct print_addr v6;
	__u16 vxlan_port;
	__u16 geneve_port;
	bool nvgre;
};

static struct vteps vteps_of(const struct view *view)
{
	const __u32 slot = 0;
	const struct weft_node *node = table_get(&view->t[TABLE_NODE], &slot);
	static const __u8 none[sizeof(node->vtep6)];
	struct vteps vteps = {};

	if (!node)
		return vteps;
	if (node->vtep4)
		inet_ntop(AF_INET, &node->vtep4, vteps.v4.s, sizeof(vteps.v4.s));
	if (memcmp(node->vtep6, none, sizeof(none)) != 0)
		inet_ntop(AF_INET6, node->vtep6, vteps.v6.s, sizeof(vteps.v6.s));
	vteps.vxlan_port = ntohs(node->vxlan_port);
	vteps.geneve_port = ntohs(node->geneve_port);
	vteps.nvgre = node->nvgre;
	return vteps;
}

static void print_vteps(const struct vteps *vteps)
{
	printf("vtep    %s%s%s, VXLAN at UDP port %u", vteps->v4.s,
	       vteps->v4.s[0] && vteps->v6.s[0] ? " and " : "", vteps->v6.s, vteps->vxlan_port);
	if (vteps->geneve_port)
		printf(", Geneve at %u", vteps->geneve_port);
	puts(vteps->nvgre ? ", NVGRE" : "");
}

static void print_states(const struct status *s)
{
	const char *between = "";
	int state;

	printf("ports   ");
	for (state = 0; state < __MEMBER_STATE_MAX; state++) {
		if (!s->states[state])
			continue;
		printf("%s%zu %s", between, s->states[state], member_state_name(state));
		between = ", ";
	}
	puts(s->n_ports ? "" : "none");
}

static const char *state_text(const struct status *s, const struct verdict *verdict)
{
	if (s->attachments.elsewhere)
		return "attached in another network namespace: name it by --netns";
	if (!verdict->file)
		return verdict->in_step ? "all attached"
		       : verdict->agent ? "not in step: the agent waits, or is at it"
					: "not all attached: apply the file again";
	if (verdict->errors)
		return "cannot be what the file says: see the errors";
	return verdict->in_step ? "in step with " : "not in step with ";
}

static void print_summary(const struct status *s, const struct verdict *verdict,
			  const struct listing *l)
{
	struct vteps vteps = vteps_of(&s->view);
	struct utsname system = {};

	uname(&system);
	printf("node    %s\n", view_node_name(&s->view).s);
	print_vteps(&vteps);
	printf("weft    %s, tables v%d\n", WEFT_VERSION, WEFT_ABI_VERSION);
	printf("kernel  %s, TC by %s\n", system.release, tc_kind_name(tc_best_kind()));
	print_states(s);
	firewall_print(&l->firewall, stdout);
	learning_print(&l->learning, stdout);
	status_agent_print(verdict->agent, stdout);
	printf("state   %s%s\n", state_text(s, verdict), verdict->plan ? verdict->file : "");
}

/* A table behind an empty line; nothing if it has no rows. */
static int print_section(const struct print_table *t)
{
	if (!t->n)
		return t->err;
	putchar('\n');
	return print_table(t, stdout);
}

int status_print(const struct status *s, const struct verdict *verdict)
{
	_cleanup_(listing_clear) struct listing l;
	int err;

	err = listing_fill(s, verdict, true, &l);
	if (err)
		return err;
	print_summary(s, verdict, &l);
	err = print_section(&l.uplinks);
	if (!err)
		err = print_section(&l.offloads);
	if (!err)
		err = print_section(&l.networks);
	if (!err)
		err = print_section(&l.ports);
	if (!err)
		err = print_section(&l.troubles);
	if (!err)
		err = print_section(&l.firewall.pressure);
	if (!err)
		err = print_section(&l.learning.pressure);
	if (!err)
		err = print_section(&l.learning.held);
	if (!err)
		err = print_section(&l.differences.entries);
	if (!err)
		err = print_section(&l.differences.programs);
	if (!err)
		err = status_agent_table(verdict->agent, stdout);
	return err;
}

static json_t *json_vteps(const struct vteps *vteps)
{
	json_t *list = json_array();
	int err = 0;

	if (vteps->v4.s[0])
		err |= json_array_append_new(list, json_string(vteps->v4.s));
	if (vteps->v6.s[0])
		err |= json_array_append_new(list, json_string(vteps->v6.s));
	if (!err)
		return list;
	json_decref(list);
	return NULL;
}

static json_t *json_identity(const struct status *s, const struct verdict *verdict)
{
	struct vteps vteps = vteps_of(&s->view);
	struct utsname system = {};

	uname(&system);
	return json_pack("{s:s, s:b, s:b, s:s?, s:s, s:i, s:s, s:s, s:o, s:i, s:i, s:b}", "node",
			 view_node_name(&s->view).s, "applied", 1, "in_step", verdict->in_step,
			 "file", verdict->file, "weft_version", WEFT_VERSION, "tables_version",
			 WEFT_ABI_VERSION, "kernel", system.release, "tc",
			 tc_kind_name(tc_best_kind()), "vteps", json_vteps(&vteps), "vxlan_port",
			 vteps.vxlan_port, "geneve_port", vteps.geneve_port, "nvgre", vteps.nvgre);
}

json_t *status_json(const struct status *s, const struct verdict *verdict)
{
	_cleanup_(listing_clear) struct listing l;
	json_t *doc;

	if (listing_fill(s, verdict, false, &l))
		return NULL;
	doc = json_identity(s, verdict);
	json_object_set_new(doc, "uplinks", print_rows(&l.uplinks));
	json_object_set_new(doc, "offloads", print_rows(&l.offloads));
	json_object_set_new(doc, "networks", print_rows(&l.networks));
	json_object_set_new(doc, "ports", print_rows(&l.ports));
	json_object_set_new(doc, "troubles", print_rows(&l.troubles));
	json_object_set_new(doc, "firewall", firewall_json(&l.firewall));
	json_object_set_new(doc, "learning", learning_json(&l.learning));
	if (verdict->plan) {
		json_object_set_new(doc, "entries", print_rows(&l.differences.entries));
		json_object_set_new(doc, "programs", print_rows(&l.differences.programs));
	}
	json_object_set(doc, "agent", verdict->agent ?: json_null());
	if (verdict->errors)
		json_object_set_new(doc, "errors", diag_json(verdict->errors));
	return doc;
}

int status_print_json(const struct status *s, const struct verdict *verdict)
{
	return print_json(status_json(s, verdict), stdout);
}
