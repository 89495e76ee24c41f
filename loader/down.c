/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Taking a node down: the way back from any state that an apply, finished or not, has left. */
#include "apply.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "attach.h"
#include "datapath.h"
#include "devices.h"
#include "host_ports.h"
#include "hurry.h"
#include "map_io.h"
#include "offload_node.h"
#include "pins.h"
#include "progs.h"
#include "util.h"

/** struct down - one run of down_node(). @err and @what are the first failure. */
struct down {
	const struct pins *pins;
	struct down_summary *summary;
	int err;
	char *what;
};

static void note(struct down *d, int err, const char *what, __u32 ifindex)
{
	if (!err || d->err)
		return;
	d->err = err;
	if (asprintf(&d->what, ifindex ? "%s interface %u" : "%s", what, ifindex) < 0)
		d->what = NULL;
}

/* XDP before TC: what XDP has decapsulated needs TC. */
static void detach_all(struct down *d, const struct whose *whose, const struct attachments *all)
{
	_cleanup_(hurry_end) struct hurry hurry = hurry_begin(all->n);
	const struct attachment *a;
	int err;

	for (size_t i = 0; i < all->n; i++) {
		a = &all->v[i];
		if (!(a->pins & ATTACH_PIN_XDP))
			continue;
		err = xdp_detach(d->pins, whose, a);
		note(d, err, "detach the XDP program from", a->ifindex);
		d->summary->programs += !err && a->xdp != XDP_NONE;
	}
	for (size_t i = 0; i < all->n; i++) {
		a = &all->v[i];
		if (!(a->pins & ~ATTACH_PIN_XDP))
			continue;
		err = tc_detach(d->pins, a);
		note(d, err, "detach the TC program from", a->ifindex);
		d->summary->programs += !err && a->tc != TC_NONE;
	}
}

/* weft_node goes last: it tells whose the programs are, should we be killed before the end. */
static void unpin_maps(struct down *d)
{
	for (int id = __TABLE_MAX - 1; id >= 0; id--) {
		const char *name = table_descs[id].name;
		int fd, err;

		err = pins_unpin(d->pins, PINS_NEW, name);
		if (!err && !pins_open(d->pins, PINS_MAPS, name, &fd)) {
			close(fd);
			d->summary->maps++;
		}
		if (!err)
			err = pins_unpin(d->pins, PINS_MAPS, name);
		note(d, err, name, 0);
	}
}

/* What weft made promiscuous. */
static void leave_promisc(struct down *d, const struct maps *maps)
{
	_cleanup_(table_clear) struct table names;
	int fd = maps->fd[TABLE_PORT_INFO], err;

	table_init(&names, &table_descs[TABLE_PORT_INFO]);
	if (fd < 0 || map_read(fd, &names))
		return;
	for (size_t i = 0; i < names.rows.n; i++) {
		const struct weft_port_info *info = table_value(&names, i);

		if (!info->promisc)
			continue;
		err = devices_set_promisc(info->ifindex, false);
		note(d, err == -ENODEV ? 0 : err, "end promiscuous mode of", info->ifindex);
	}
}

static void take_down(struct down *d)
{
	_cleanup_(attachments_clear) struct attachments attachments = {};
	_cleanup_(progs_clear) struct progs progs = {};
	_cleanup_(maps_close) struct maps maps;
	struct whose whose = {.progs = &progs};
	int err;

	err = maps_open_pinned(d->pins, &maps);
	if (!err)
		err = attach_read(d->pins, &maps, &progs, true, &attachments);
	if (!err && attachments.elsewhere) {
		note(d, -EEXIST, "it is applied in another network namespace", 0);
		return;
	}
	note(d, err, "find the attached programs", 0);
	/* Before its guard goes. */
	note(d, devices_remove(d->pins->node), "remove " DEVICE_VXLAN, 0);
	note(d, host_ports_remove(d->pins->node), "remove host ports", 0);
	whose.node = map_id(maps.fd[TABLE_NODE]);
	detach_all(d, &whose, &attachments);
	leave_promisc(d, &maps);
	offload_restore(d->pins->node);
	/* What could not be detached can only be found again by the pins. */
	if (!d->err)
		unpin_maps(d);
	pins_remove_dirs(d->pins);
}

int down_node(const struct pins *pins, struct down_summary *summary, char **what)
{
	struct down d = {.pins = pins, .summary = summary};

	*summary = (struct down_summary){};
	d.err = pins_check(pins);
	if (d.err)
		d.what = strdup(pins->base);
	else
		take_down(&d);
	*what = d.what;
	return d.err;
}
