/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Programs on interfaces: what is attached, and attaching, replacing, detaching one.
 *
 * attach.c puts together what attach_tc.c and attach_xdp.c know. All of it is about the current
 * network namespace, touches only what weft itself attached, and leaves others on the same hook
 * alone. Every attachment has a pin under links/ (pins.h), made before it and removed after it, so
 * that nothing attached can be forgotten, whenever weft is killed.
 */
#ifndef WEFT_LOADER_ATTACH_H
#define WEFT_LOADER_ATTACH_H

#include <stdbool.h>
#include <stddef.h>
#include <linux/types.h>

#include "progs.h"
#include "set.h"

struct maps;
struct pins;

/** enum tc_kind - how a TC program is attached. */
enum tc_kind {
	TC_NONE,
	TC_TCX,    /* a link; Linux 6.6 and later */
	TC_CLSACT, /* a filter on a clsact qdisc */
};

/** enum xdp_kind - how an XDP program is attached. */
enum xdp_kind {
	XDP_NONE,
	XDP_NATIVE,  /* in the driver */
	XDP_GENERIC, /* in the stack */
};

/**
 * struct attached - a program of ours on a hook.
 * @prog: its id.
 * @name: its name.
 * @current: whether it comes from this binary and works on the pinned maps.
 */
struct attached {
	__u32 prog;
	char name[PROG_NAME_LEN];
	bool current;
};

/**
 * struct attachment - an interface that weft has, or had, to do with.
 * @tc, @tc_prog: TC program at ingress.
 * @xdp, @xdp_prog: XDP program.
 * @xdp_shared: through libxdp's dispatcher, beside which others have room.
 * @others: programs of other people at TC ingress, as far as tcx tells.
 * @pins: set of ATTACH_PIN_*; with nothing attached, they are left over.
 */
struct attachment {
	__u32 ifindex;
	enum tc_kind tc;
	struct attached tc_prog;
	enum xdp_kind xdp;
	struct attached xdp_prog;
	bool xdp_shared;
	__u32 others;
	unsigned int pins;
};

#define ATTACH_PIN_TCX    0x1 /* links/tc_<ifindex> */
#define ATTACH_PIN_CLSACT 0x2 /* links/clsact_<ifindex> */
#define ATTACH_PIN_QDISC  0x4 /* links/qdisc_<ifindex>: the clsact qdisc is weft's own */
#define ATTACH_PIN_XDP    0x8 /* links/xdp_<ifindex> */

/**
 * struct attachments - all of a node.
 * @elsewhere: nothing of it is attached here, but it is attached: in another network namespace.
 * Only if that was asked for.
 */
struct attachments {
	struct attachment *v;
	size_t n;
	size_t size;
	struct set by_ifindex;
	bool elsewhere;
};

/**
 * attach_read - find what a node has attached in this network namespace.
 * @maps: the node's pinned maps, as far as they are there.
 * @progs: filled on the way.
 * @everywhere: find out about other namespaces, which may take seconds if nothing is attached here.
 * @out: all zero; release with attachments_clear() in any case.
 *
 * Return: 0 or -errno.
 */
int attach_read(const struct pins *pins, const struct maps *maps, struct progs *progs,
		bool everywhere, struct attachments *out);

void attachments_clear(struct attachments *attachments);

/** attachments_find - the attachment on this interface, or NULL. */
const struct attachment *attachments_find(const struct attachments *attachments, __u32 ifindex);

/** tc_kind_name, xdp_kind_name - "tcx", "clsact", "native", "generic"; "none". */
const char *tc_kind_name(enum tc_kind kind);
const char *xdp_kind_name(enum xdp_kind kind);

/** tc_best_kind - what this kernel offers. */
enum tc_kind tc_best_kind(void);

/** struct whose - to tell our programs from others'. @node: id of the node's map weft_node. */
struct whose {
	struct progs *progs;
	__u32 node;
};

/** attach_is_ours - whether a program is this node's. @out: receives its description if so. */
bool attach_is_ours(const struct whose *whose, __u32 prog, const struct prog **out);

/**
 * tc_read - what of ours is attached at an interface's ingress; fills the TC half of @a.
 * @a: @ifindex and @pins are set.
 *
 * Return: 0, also if nothing is attached; -errno.
 */
int tc_read(const struct pins *pins, const struct whose *whose, struct attachment *a);

/** tc_is_alive - whether a pinned link is attached to something, in whichever namespace. */
bool tc_is_alive(const struct pins *pins, __u32 ifindex);

/**
 * tc_attach - attach a program.
 * @marker: some pinnable object of the node's, for markers.
 *
 * Return: 0; -EEXIST if somebody else has our place on a clsact qdisc; -errno, nothing attached.
 */
int tc_attach(const struct pins *pins, enum tc_kind kind, __u32 ifindex, int prog, int marker);

/** tc_replace - put another program in the place of the one attached, in one step. */
int tc_replace(const struct pins *pins, enum tc_kind kind, __u32 ifindex, int prog);

/**
 * tc_detach - take away what of ours is at an interface's ingress, and its pins. An interface that
 * has gone took it along, which is fine.
 */
int tc_detach(const struct pins *pins, const struct attachment *a);

/** xdp_read - what of ours is attached at XDP; fills the XDP half of @a. As tc_read(). */
int xdp_read(const struct whose *whose, struct attachment *a);

/**
 * xdp_attach - load and attach xdp_underlay.
 * @kind: XDP_NATIVE or XDP_GENERIC.
 *
 * Return: 0; -EBUSY if somebody else's program leaves no room; -errno, nothing attached.
 */
int xdp_attach(const struct pins *pins, const struct maps *maps, enum xdp_kind kind, __u32 ifindex);

/** xdp_replace - load xdp_underlay and put it in the place of the one in @old. */
int xdp_replace(const struct maps *maps, const struct attachment *old);

/**
 * xdp_restore - undo an xdp_replace() or xdp_detach(): put back what was there.
 * @old: as it was.
 * @old_fd: its program.
 */
int xdp_restore(const struct pins *pins, const struct maps *maps, const struct whose *whose,
		const struct attachment *old, int old_fd);

/**
 * xdp_detach - detach the program in @a, and remove the marker. If the program is not attached (any
 * more), what libxdp keeps of it is removed.
 */
int xdp_detach(const struct pins *pins, const struct whose *whose, const struct attachment *a);

#endif
