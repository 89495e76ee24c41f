/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* What a node has attached in this network namespace; see attach.h. */
#include "attach.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "datapath.h"
#include "pins.h"
#include "util.h"

/* The kernel lets go of programs some time after the last attachment has gone. */
#define GONE_POLL_MS 50
#define GONE_POLLS   60

static const struct {
	const char *name;
	unsigned int flag;
} pin_kinds[] = {
	{"tc", ATTACH_PIN_TCX},
	{"clsact", ATTACH_PIN_CLSACT},
	{"qdisc", ATTACH_PIN_QDISC},
	{"xdp", ATTACH_PIN_XDP},
};

bool attach_is_ours(const struct whose *whose, __u32 id, const struct prog **out)
{
	const struct prog *prog;

	if (!id || progs_get(whose->progs, id, &prog) || !prog->build ||
	    !prog_uses(prog, whose->node))
		return false;
	*out = prog;
	return true;
}

static struct attachment *get(struct attachments *all, __u32 ifindex)
{
	struct attachment *v;
	size_t i, size;

	if (set_find(&all->by_ifindex, &ifindex, sizeof(ifindex), &i))
		return &all->v[i];
	if (all->n == all->size) {
		size = all->size ? all->size * 2 : 16;
		v = reallocarray(all->v, size, sizeof(*v));
		if (!v)
			return NULL;
		all->v = v;
		all->size = size;
	}
	if (set_add(&all->by_ifindex, &ifindex, sizeof(ifindex), all->n, NULL))
		return NULL;
	all->v[all->n] = (struct attachment){.ifindex = ifindex};
	return &all->v[all->n++];
}

/* Takes note of a pin; one with another name is not from here, and left alone. */
static int note_pin(struct attachments *all, const char *pin)
{
	const char *number = strchr(pin, '_');
	struct attachment *a;
	__u32 ifindex;
	char *end;

	if (!number)
		return 0;
	ifindex = strtoul(number + 1, &end, 10);
	for (size_t i = 0; i < ARRAY_SIZE(pin_kinds); i++) {
		if (strlen(pin_kinds[i].name) != (size_t)(number - pin) ||
		    strncmp(pin, pin_kinds[i].name, number - pin) != 0 || *end || !ifindex)
			continue;
		a = get(all, ifindex);
		if (!a)
			return -ENOMEM;
		a->pins |= pin_kinds[i].flag;
	}
	return 0;
}

static int note_pins(const struct pins *pins, struct attachments *all)
{
	_cleanup_(pins_names_freep) char **names = NULL;
	int err;

	err = pins_list(pins, PINS_LINKS, &names);
	for (char **name = names; name && *name && !err; name++)
		err = note_pin(all, *name);
	return err;
}

/** struct currency - what a program must be to be the one that we would load. */
struct currency {
	__u32 map_ids[__TABLE_MAX];
	__u32 last; /* program judged last: most ports share one */
	bool last_current;
};

static bool on_pinned_maps(const struct currency *c, const struct prog *prog)
{
	__u32 found = 0;

	for (int id = 0; id < __TABLE_MAX; id++)
		if (c->map_ids[id] && prog_uses(prog, c->map_ids[id]))
			found++;
	return found == prog->n_maps;
}

static bool is_current(struct currency *c, const struct whose *whose, __u32 id, __u64 build)
{
	const struct prog *prog;

	if (!id)
		return false;
	if (id != c->last) {
		c->last = id;
		c->last_current = attach_is_ours(whose, id, &prog) && prog->build == build &&
				  on_pinned_maps(c, prog);
	}
	return c->last_current;
}

static int read_one(const struct pins *pins, const struct whose *whose, struct currency *currency,
		    struct attachment *a)
{
	int err;

	err = tc_read(pins, whose, a);
	if (!err && a->pins & ATTACH_PIN_XDP)
		err = xdp_read(whose, a);
	if (err)
		return err;
	a->tc_prog.current = is_current(currency, whose, a->tc_prog.prog, datapath_tc_build());
	a->xdp_prog.current = is_current(currency, whose, a->xdp_prog.prog, datapath_xdp_build());
	return 0;
}

/*
 * A link says itself whether it is attached; that it holds a program says nothing. Where there are
 * no links, TC programs live by their attachments alone. XDP programs may not: libxdp has pins.
 */
static bool is_attached_somewhere(const struct pins *pins, const struct attachments *all,
				  __u32 node)
{
	bool links = false;

	for (size_t i = 0; i < all->n; i++) {
		if (!(all->v[i].pins & ATTACH_PIN_TCX))
			continue;
		links = true;
		if (tc_is_alive(pins, all->v[i].ifindex))
			return true;
	}
	return !links && progs_any_tc_uses(node);
}

/* Not attached here, so perhaps elsewhere. What has just gone is given time to be gone. */
static bool lives_elsewhere(const struct pins *pins, const struct attachments *all, __u32 node)
{
	const struct timespec pause = {.tv_nsec = GONE_POLL_MS * 1000000};

	for (int i = 0; i < GONE_POLLS; i++) {
		if (!is_attached_somewhere(pins, all, node))
			return false;
		nanosleep(&pause, NULL);
	}
	return true;
}

int attach_read(const struct pins *pins, const struct maps *maps, struct progs *progs,
		bool everywhere, struct attachments *out)
{
	struct currency currency = {};
	struct whose whose = {.progs = progs};
	bool found = false;
	int err;

	for (int id = 0; id < __TABLE_MAX; id++)
		if (maps->fd[id] >= 0)
			currency.map_ids[id] = map_id(maps->fd[id]);
	whose.node = currency.map_ids[TABLE_NODE];

	err = note_pins(pins, out);
	for (size_t i = 0; i < out->n && !err; i++) {
		err = read_one(pins, &whose, &currency, &out->v[i]);
		found |= out->v[i].tc != TC_NONE || out->v[i].xdp != XDP_NONE;
	}
	if (!err && everywhere && out->n && !found && whose.node)
		out->elsewhere = lives_elsewhere(pins, out, whose.node);
	return err;
}

void attachments_clear(struct attachments *attachments)
{
	free(attachments->v);
	set_clear(&attachments->by_ifindex);
	*attachments = (struct attachments){};
}

const struct attachment *attachments_find(const struct attachments *attachments, __u32 ifindex)
{
	size_t i;

	return set_find(&attachments->by_ifindex, &ifindex, sizeof(ifindex), &i)
		       ? &attachments->v[i]
		       : NULL;
}
