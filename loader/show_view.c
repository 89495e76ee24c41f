/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* A node's maps, read; see show.h. */
#include "show.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "datapath.h"
#include "map_io.h"
#include "pins.h"
#include "util.h"

/* A map is read into buffers of our size, so it has to be the one we mean. */
static int check_shape(int fd, const struct table_desc *desc)
{
	struct map_shape shape;
	int err;

	err = map_shape_of(fd, &shape);
	if (err)
		return err;
	return shape.key_size == desc->key_size && shape.value_size == desc->value_size ? 0
											: -EPROTO;
}

int view_open(const struct pins *pins, const struct table_desc *desc, int *fd)
{
	_cleanup_close_ int map = -1;
	int err;

	err = pins_open(pins, PINS_MAPS, desc->name, &map);
	if (!err)
		err = check_shape(map, desc);
	if (!err)
		*fd = TAKE_FD(map);
	return err;
}

static int read_table(const struct pins *pins, struct table *table)
{
	_cleanup_close_ int fd = -1;
	int err;

	err = view_open(pins, table->desc, &fd);
	return err ?: map_read(fd, table);
}

int view_read(const struct pins *pins, __u64 tables, struct view *view, const char **failed)
{
	int id, err;

	for (id = 0; id < __TABLE_MAX; id++)
		table_init(&view->t[id], &table_descs[id]);
	for (id = 0; id < __TABLE_MAX; id++) {
		if (!(tables & VIEW_TABLE(id)))
			continue;
		err = read_table(pins, &view->t[id]);
		if (err) {
			*failed = table_descs[id].name;
			return err;
		}
	}
	return 0;
}

void view_clear(struct view *view)
{
	int id;

	for (id = 0; id < __TABLE_MAX; id++)
		table_clear(&view->t[id]);
}

static struct view_name name_of(const char *name, __u32 id)
{
	struct view_name out;

	if (name)
		snprintf(out.s, sizeof(out.s), "%.*s", WEFT_NAME_LEN - 1, name);
	else
		snprintf(out.s, sizeof(out.s), "#%u", id);
	return out;
}

struct view_name view_node_name(const struct view *view)
{
	const __u32 slot = 0;
	const struct weft_node_info *info = table_get(&view->t[TABLE_NODE_INFO], &slot);

	return name_of(info ? info->name : "", 0);
}

struct view_name view_port_name(const struct view *view, __u32 port)
{
	const struct weft_port_info *info = view_port_info(view, port);

	return name_of(info ? info->name : NULL, port);
}

struct view_name view_network_name(const struct view *view, __u32 network)
{
	const struct weft_network_info *info = table_get(&view->t[TABLE_NET_INFO], &network);

	return name_of(info ? info->name : NULL, network);
}

struct view_name view_tunnel_name(const struct view *view, __u32 tunnel)
{
	const struct weft_tunnel_info *info = table_get(&view->t[TABLE_TUN_INFO], &tunnel);

	return name_of(info ? info->node : NULL, tunnel);
}

const struct weft_port_info *view_port_info(const struct view *view, __u32 port)
{
	return table_get(&view->t[TABLE_PORT_INFO], &port);
}

const struct weft_port *view_interface_port(const struct view *view, __u32 ifindex)
{
	return table_get(&view->t[TABLE_PORTS], &ifindex);
}

const struct weft_tags *view_tags(const struct view *view, __u32 port)
{
	return table_get(&view->t[TABLE_TAGS], &port);
}

const struct weft_port *view_port(const struct view *view, __u32 port)
{
	const struct weft_port_info *info = view_port_info(view, port);
	const struct weft_tags *tags = view_tags(view, port);
	struct weft_vlan_key key = {};
	const struct weft_port *row;

	if (!info)
		return NULL;
	row = view_interface_port(view, info->ifindex);
	if (!row || row->id == port)
		return row;
	key.ifindex = info->ifindex;
	if (tags) {
		key.service = tags->service;
		key.vlan = tags->vlan;
	}
	row = table_get(&view->t[TABLE_VLANS], &key);
	return row && row->id == port ? row : NULL;
}

struct view_name view_tags_name(const struct weft_tags *tags)
{
	struct view_name name = {};

	if (tags->service && tags->vlan)
		snprintf(name.s, sizeof(name.s), "%u.%u", tags->service, tags->vlan);
	else if (tags->service)
		snprintf(name.s, sizeof(name.s), "%u.", tags->service);
	else if (tags->vlan)
		snprintf(name.s, sizeof(name.s), "%u", tags->vlan);
	return name;
}
