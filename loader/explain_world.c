/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The tables that a packet is explained on; see explain_world.h. */
#include "explain_world.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include <bpf/libbpf.h>

#include "attach.h"
#include "config.h"
#include "diag.h"
#include "limits.h"
#include "map_io.h"
#include "plan.h"
#include "util.h"

/* Entries of a table that a few packets write to. */
#define OWN_ENTRIES 1024

/* What is looked into to find addresses and names. */
#define VIEWED                                                                                     \
	(VIEW_NAMES | VIEW_TABLE(TABLE_NODE) | VIEW_TABLE(TABLE_RULE_INFO) |                       \
	 VIEW_TABLE(TABLE_TUNNELS) | VIEW_TABLE(TABLE_NETWORKS) | VIEW_TABLE(TABLE_PEERS) |        \
	 VIEW_PORTS | VIEW_TABLE(TABLE_FDB) | VIEW_TABLE(TABLE_NEIGH))

static void init_rules(struct rules *rules)
{
	table_init(&rules->info, &table_descs[TABLE_RULE_INFO]);
	table_init(&rules->stat, &table_descs[TABLE_RULE_STAT]); /* stays empty */
}

void explain_world_init(struct explain_world *w)
{
	*w = (struct explain_world){};
	for (int id = 0; id < __TABLE_MAX; id++)
		table_init(&w->view.t[id], &table_descs[id]);
	init_rules(&w->rules);
	init_rules(&w->old_rules);
	maps_init(&w->pinned);
	maps_init(&w->maps);
}

void explain_world_clear(struct explain_world *w)
{
	view_clear(&w->view);
	rules_clear(&w->rules);
	rules_clear(&w->old_rules);
	maps_close(&w->pinned);
	maps_close(&w->maps);
}

static void take_table(struct table *to, struct table *from)
{
	const struct table_desc *desc = from->desc;

	table_clear(to);
	*to = *from;
	table_init(from, desc);
}

static const enum table_id mirrored[] = {TABLE_LEARN_PORT, TABLE_LEARN_NET, TABLE_LEARN_VTEP,
					 TABLE_LEARN_NODE};

/* Room for all that there is, and for what the run adds. */
static __u32 mirror_entries(const struct explain_world *w, enum table_id id)
{
	const enum table_id names = id == TABLE_LEARN_NET ? TABLE_NET_INFO : TABLE_PORT_INFO;
	__u32 ids = table_highest_id(&w->view.t[names]) + 1;
	struct map_shape shape = {};

	if (w->pinned.fd[id] >= 0 && map_shape_of(w->pinned.fd[id], &shape))
		shape.max_entries = 0;
	if (!table_descs[id].array)
		ids = OWN_ENTRIES;
	return shape.max_entries > ids ? shape.max_entries : ids;
}

static int empty(int fd, const struct table_desc *desc)
{
	_cleanup_(table_clear) struct table table;
	int err;

	table_init(&table, desc);
	err = map_read(fd, &table);
	return err ? err : map_remove(fd, desc, &table.rows);
}

int explain_world_mirror(struct explain_world *w)
{
	int err = 0;

	for (size_t i = 0; i < ARRAY_SIZE(mirrored) && !err; i++) {
		enum table_id id = mirrored[i];

		err = empty(w->maps.fd[id], &table_descs[id]);
		if (!err && w->pinned.fd[id] >= 0)
			err = map_copy(w->pinned.fd[id], w->maps.fd[id], &table_descs[id]);
	}
	return err;
}

/* Arrays by id have room for the ids that there are. */
static __u32 own_entries(const struct explain_world *w, enum table_id id)
{
	const struct view *view = &w->view;

	switch (id) {
	case TABLE_PORT_STAT:
	case TABLE_ICMP_NEXT:
	case TABLE_FLOW_USE:
		return table_highest_id(&view->t[TABLE_PORT_INFO]) + 1;
	case TABLE_NET_STAT:
	case TABLE_NET_USE:
		return table_highest_id(&view->t[TABLE_NET_INFO]) + 1;
	case TABLE_RULE_STAT:
		return table_highest_id(&w->rules.info) + 1;
	case TABLE_FILE_INFO:
	case TABLE_FLOW_CLOCK:
	case TABLE_FLOW_STAT:
	case TABLE_CAP_CONF:
	case TABLE_CAP_STAT:
	case TABLE_CAP_REC:
	case TABLE_LEARN_NODE:
		return 1;
	case TABLE_LEARN_PORT:
	case TABLE_LEARN_NET:
	case TABLE_LEARN_VTEP:
		return mirror_entries(w, id);
	case TABLE_CAP_OUT:
		return libbpf_num_possible_cpus();
	default:
		return OWN_ENTRIES;
	}
}

/* The maps that the datapath writes to, and those of @entries. */
static int make_maps(struct explain_world *w, __u32 entries[static __TABLE_MAX])
{
	int err;

	for (int id = __TABLE_WANTED_MAX; id < __TABLE_MAX; id++)
		entries[id] = own_entries(w, id);
	err = datapath_create_maps(entries, &w->maps);
	return err ? err : explain_world_mirror(w);
}

/* Of a node that an older weft has applied, nobody knows. */
static void name_lines(struct explain_world *w)
{
	_cleanup_(table_clear) struct table table;
	const struct weft_file_info *info;
	const __u32 zero = 0;

	table_init(&table, &table_descs[TABLE_FILE_INFO]);
	if (w->pinned.fd[TABLE_FILE_INFO] < 0 || map_read(w->pinned.fd[TABLE_FILE_INFO], &table))
		return;
	info = table_get(&table, &zero);
	if (info)
		snprintf(w->lines, sizeof(w->lines), "%.*s", WEFT_FILE_LEN - 1, info->path);
}

/* A program that is attached but not ours to run is a reason to say so, and none to fail. */
static void compare_builds(struct explain_world *w)
{
	_cleanup_(attachments_clear) struct attachments attached = {};
	_cleanup_(progs_clear) struct progs progs = {};

	if (attach_read(&w->pins, &w->pinned, &progs, false, &attached))
		return;
	for (size_t i = 0; i < attached.n; i++) {
		const struct attachment *a = &attached.v[i];

		w->other_build |= (a->tc != TC_NONE && !a->tc_prog.current) ||
				  (a->xdp != XDP_NONE && !a->xdp_prog.current);
	}
}

static int share_pinned(struct explain_world *w, const char **failed)
{
	for (int id = 0; id < __TABLE_WANTED_MAX; id++) {
		*failed = table_descs[id].name;
		if (w->pinned.fd[id] < 0)
			return -ENOENT;
		w->maps.fd[id] = fcntl(w->pinned.fd[id], F_DUPFD_CLOEXEC, 3);
		if (w->maps.fd[id] < 0)
			return -errno;
	}
	*failed = NULL;
	return 0;
}

/* The programs of this binary would read what they do not understand. */
static int check_layouts(const struct explain_world *w, const char **failed)
{
	struct map_shape expected[__TABLE_MAX], shape;
	int err;

	err = datapath_shapes(expected);
	for (int id = 0; id < __TABLE_MAX && !err; id++) {
		if (w->pinned.fd[id] < 0)
			continue;
		*failed = table_descs[id].name;
		err = map_shape_of(w->pinned.fd[id], &shape);
		if (!err &&
		    (shape.type != expected[id].type || shape.key_size != expected[id].key_size ||
		     shape.value_size != expected[id].value_size))
			err = -EPROTO;
	}
	if (!err)
		*failed = NULL;
	return err;
}

int explain_world_live(struct explain_world *w, const struct pins *pins, const char **failed)
{
	__u32 entries[__TABLE_MAX] = {};
	int err;

	*failed = NULL;
	w->pins = *pins;
	view_clear(&w->view);
	err = view_read(pins, VIEWED, &w->view, failed);
	if (!err)
		err = maps_open_pinned(pins, &w->pinned);
	if (!err)
		err = check_layouts(w, failed);
	if (!err)
		err = share_pinned(w, failed);
	if (err)
		return err;
	take_table(&w->rules.info, &w->view.t[TABLE_RULE_INFO]);
	name_lines(w);
	compare_builds(w);
	return make_maps(w, entries);
}

/* The plan's tables are written to maps of our own, then looked into as if they had been read. */
static int take_plan(struct explain_world *w, struct plan *plan)
{
	__u32 entries[__TABLE_MAX] = {};
	int err;

	w->pins = plan->pins;
	w->pinned = plan->pinned;
	maps_init(&plan->pinned);
	for (int id = 0; id < __TABLE_WANTED_MAX; id++)
		entries[id] = limits_entries(plan->cfg, id, &plan->wanted, &plan->actual);
	for (int id = 0; id < __TABLE_WANTED_MAX; id++)
		take_table(&w->view.t[id], &plan->wanted.t[id]);
	take_table(&w->rules.info, &w->view.t[TABLE_RULE_INFO]);
	take_table(&w->old_rules.info, &plan->actual.t[TABLE_RULE_INFO]);
	err = make_maps(w, entries);
	for (int id = 0; id < __TABLE_WANTED_MAX && !err; id++)
		err = map_put(w->maps.fd[id], &table_descs[id],
			      id == TABLE_RULE_INFO ? &w->rules.info.rows : &w->view.t[id].rows);
	return err;
}

int explain_world_config(struct explain_world *w, const struct config *cfg,
			 const struct cfg_node *node, const char *file, struct diag *diag,
			 struct diag *fit, char **problem)
{
	_cleanup_(plan_clear) struct plan plan = {};
	int err;

	w->file = file;
	w->node = node;
	snprintf(w->lines, sizeof(w->lines), "%s", file);
	err = plan_preview(cfg, node, diag, fit, &plan, problem);
	return err || diag_count(diag) ? err : take_plan(w, &plan);
}

bool explain_world_has_xdp(const struct explain_world *w, __u32 ifindex)
{
	_cleanup_close_ int marker = -1;
	const struct weft_port *port = view_interface_port(&w->view, ifindex);
	const struct weft_port_info *info = port ? view_port_info(&w->view, port->id) : NULL;

	if (!w->file)
		return !pins_open(&w->pins, PINS_LINKS, pins_ifindex_name("xdp", ifindex).s,
				  &marker);
	for (size_t i = 0; info && i < w->node->uplinks.n; i++)
		if (!strcmp(w->node->uplinks.v[i].interface.v, info->interface))
			return w->node->uplinks.v[i].xdp.v != CFG_XDP_OFF;
	return false;
}
