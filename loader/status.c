/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* A node's ports and uplinks, and what has become of them; see status.h. */
#include "status.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "pins.h"
#include "util.h"

#define TABLES                                                                                     \
	(VIEW_NAMES | VIEW_TABLE(TABLE_NODE) | VIEW_TABLE(TABLE_NETWORKS) | VIEW_PORTS |           \
	 VIEW_TABLE(TABLE_PEERS) | VIEW_TABLE(TABLE_RULE_INFO) | VIEW_TABLE(TABLE_GENERATION) |    \
	 VIEW_TABLE(TABLE_FLOW_CONF) | VIEW_TABLE(TABLE_FLOW_USE) | VIEW_TABLE(TABLE_NET_USE) |    \
	 VIEW_TABLE(TABLE_FLOW_STAT) | VIEW_TABLE(TABLE_LEARN_PORT) |                              \
	 VIEW_TABLE(TABLE_LEARN_NET) | VIEW_TABLE(TABLE_LEARN_VTEP) |                              \
	 VIEW_TABLE(TABLE_LEARN_NODE) | VIEW_TABLE(TABLE_PORT_STATE) | VIEW_TABLE(TABLE_DROPS))

#define MAX_NETWORKS (1u << 16) /* a network id is a __u16 */

static int by_name(const void *a, const void *b)
{
	const struct member *x = a, *y = b;

	if (x->info->kind != y->info->kind)
		return x->info->kind < y->info->kind ? -1 : 1;
	return strverscmp(x->info->name, y->info->name);
}

static enum member_state worse(enum member_state a, enum member_state b)
{
	return a > b ? a : b;
}

static enum member_state program_state(bool attached, const struct attached *program)
{
	if (!attached)
		return MEMBER_DETACHED;
	return program->current ? MEMBER_ATTACHED : MEMBER_OUTDATED;
}

/* XDP is what the file asks for or the driver can do; that there once was a program tells its pin.
 */
static enum member_state state_of(const struct member *m)
{
	const struct attachment *a = m->attachment;
	enum member_state state;

	if (!m->iface || !m->port)
		return MEMBER_MISSING;
	if (!a)
		return MEMBER_DETACHED;
	state = program_state(a->tc != TC_NONE, &a->tc_prog);
	if (a->xdp != XDP_NONE || a->pins & ATTACH_PIN_XDP)
		state = worse(state, program_state(a->xdp != XDP_NONE, &a->xdp_prog));
	return state;
}

static void collect(struct status *s)
{
	const struct table *infos = &s->view.t[TABLE_PORT_INFO];
	struct member *m = s->members;
	size_t i;

	for (i = 0; i < infos->rows.n; i++, m++) {
		m->id = *(const __u32 *)table_key(infos, i);
		m->info = table_value(infos, i);
		m->port = view_port(&s->view, m->id);
		m->state = MEMBER_ELSEWHERE;
		if (!s->attachments.elsewhere) { /* else the index means another interface here */
			m->iface = ifaces_find_index(&s->ifaces, m->info->ifindex);
			m->attachment = attachments_find(&s->attachments, m->info->ifindex);
			m->state = state_of(m);
		}
		if (m->info->kind != WEFT_PORT_ACCESS)
			continue;
		s->n_ports++;
		s->states[m->state]++;
		if (m->state == MEMBER_ATTACHED)
			s->attached[m->port->network]++;
	}
	s->n_members = infos->rows.n;
	qsort(s->members, s->n_members, sizeof(*s->members), by_name);
}

int status_read(const struct pins *pins, struct progs *progs, struct status *s, const char **failed)
{
	int err;

	memset(s, 0, sizeof(*s));
	maps_init(&s->maps);
	err = view_read(pins, TABLES, &s->view, failed);
	if (err)
		return err;
	*failed = "maps";
	err = maps_open_pinned(pins, &s->maps);
	if (err)
		return err;
	*failed = "interfaces";
	err = ifaces_read(&s->ifaces);
	if (err)
		return err;
	*failed = "attached programs";
	err = attach_read(pins, &s->maps, progs ?: &s->progs, !progs, &s->attachments);
	if (err)
		return err;
	s->members = calloc(s->view.t[TABLE_PORT_INFO].rows.n + 1, sizeof(*s->members));
	s->attached = calloc(MAX_NETWORKS, sizeof(*s->attached));
	if (!s->members || !s->attached)
		return -ENOMEM;
	collect(s);
	return 0;
}

void status_clear(struct status *s)
{
	free(s->members);
	free(s->attached);
	attachments_clear(&s->attachments);
	progs_clear(&s->progs);
	ifaces_clear(&s->ifaces);
	maps_close(&s->maps);
	view_clear(&s->view);
}

bool status_whole(const struct status *s)
{
	size_t i;

	for (i = 0; i < s->n_members; i++)
		if (s->members[i].state != MEMBER_ATTACHED)
			return false;
	return true;
}

const char *member_state_name(enum member_state state)
{
	static const char *const names[__MEMBER_STATE_MAX] = {
		[MEMBER_ATTACHED] = "attached",   [MEMBER_OUTDATED] = "outdated",
		[MEMBER_DETACHED] = "detached",   [MEMBER_MISSING] = "missing",
		[MEMBER_ELSEWHERE] = "elsewhere",
	};

	return names[state];
}

const char *member_interface(const struct member *m)
{
	return m->iface ? m->iface->name : m->info->interface;
}

const char *member_xdp_name(const struct member *m)
{
	const struct attachment *a = m->attachment;

	if (!a || a->xdp == XDP_NONE)
		return a && a->pins & ATTACH_PIN_XDP ? "lost" : "off";
	return xdp_kind_name(a->xdp);
}
