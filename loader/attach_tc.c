/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * TC programs at an interface's ingress: a pinned tcx link where the kernel has them, else a filter
 * on its clsact qdisc. See attach.h.
 */
#include "attach.h"

#include <errno.h>
#include <net/if.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "netlink.h"
#include "pins.h"
#include "util.h"

/* Newer than Debian 12's headers; include/uapi/linux/bpf.h of Linux 6.6. */
#define TCX_INGRESS   46 /* enum bpf_attach_type */
#define LINK_TYPE_TCX 11 /* enum bpf_link_type */
#define TCX_MAX_PROGS 64

/* Our place among the filters of a clsact qdisc: "weft". Behind those with everyday priorities. */
#define CLSACT_PRIORITY 0x7765
#define CLSACT_HANDLE   0x6674

const char *tc_kind_name(enum tc_kind kind)
{
	return kind == TC_TCX ? "tcx" : kind == TC_CLSACT ? "clsact" : "none";
}

enum tc_kind tc_best_kind(void)
{
	const char *forced = secure_getenv("WEFT_TEST_TC"); /* for tests of the other one */
	LIBBPF_OPTS(bpf_prog_query_opts, opts);
	int err;

	if (forced && !strcmp(forced, "clsact"))
		return TC_CLSACT;
	/* A kernel without tcx does not know the attach type; one with it may lack the interface.
	 */
	err = bpf_prog_query_opts(1, TCX_INGRESS, &opts);
	return err == -EINVAL ? TC_CLSACT : TC_TCX;
}

static bool interface_exists(__u32 ifindex)
{
	char name[IF_NAMESIZE];

	return if_indextoname(ifindex, name);
}

/* Return: the interface that a link is attached to, 0 if that has gone. */
static __u32 link_interface(int link, __u32 *prog)
{
	struct bpf_link_info info = {};
	__u32 len = sizeof(info);

	if (bpf_obj_get_info_by_fd(link, &info, &len) || info.type != LINK_TYPE_TCX)
		return 0;
	*prog = info.prog_id;
	/* The first word of the type's own part, as with XDP links. */
	return info.xdp.ifindex;
}

static int open_link(const struct pins *pins, __u32 ifindex, int *link)
{
	return pins_open(pins, PINS_LINKS, pins_ifindex_name("tc", ifindex).s, link);
}

bool tc_is_alive(const struct pins *pins, __u32 ifindex)
{
	_cleanup_close_ int link = -1;
	__u32 prog;

	return !open_link(pins, ifindex, &link) && link_interface(link, &prog);
}

/*
 * Interface indices mean something within one network namespace only: does *our* interface with
 * this index run the program?
 */
static bool runs_here(__u32 ifindex, __u32 prog, __u32 *others)
{
	__u32 ids[TCX_MAX_PROGS];
	LIBBPF_OPTS(bpf_prog_query_opts, opts, .prog_ids = ids, .prog_cnt = TCX_MAX_PROGS);
	bool found = false;

	if (bpf_prog_query_opts(ifindex, TCX_INGRESS, &opts))
		return false;
	for (__u32 i = 0; i < opts.prog_cnt; i++)
		found |= ids[i] == prog;
	*others = opts.prog_cnt - found;
	return found;
}

static int read_tcx(const struct pins *pins, struct attachment *a, __u32 *prog)
{
	_cleanup_close_ int link = -1;
	__u32 id = 0;
	int err;

	err = open_link(pins, a->ifindex, &link);
	if (err)
		return err == -ENOENT ? 0 : err;
	if (link_interface(link, &id) == a->ifindex && runs_here(a->ifindex, id, &a->others))
		*prog = id;
	return 0;
}

/* Not by value or initialiser: libbpf refuses a hook whose padding is not zero. */
static void ingress_of(__u32 ifindex, struct bpf_tc_hook *hook)
{
	memset(hook, 0, sizeof(*hook));
	hook->sz = sizeof(*hook);
	hook->ifindex = ifindex;
	hook->attach_point = BPF_TC_INGRESS;
}

/* Return: id of the program in our place, whosever it is; 0 if it is free. */
static __u32 clsact_program(__u32 ifindex)
{
	LIBBPF_OPTS(bpf_tc_opts, opts, .handle = CLSACT_HANDLE, .priority = CLSACT_PRIORITY);
	struct bpf_tc_hook hook;

	ingress_of(ifindex, &hook);
	return bpf_tc_query(&hook, &opts) ? 0 : opts.prog_id;
}

int tc_read(const struct pins *pins, const struct whose *whose, struct attachment *a)
{
	const struct prog *prog;
	__u32 id = 0;
	int err = 0;

	if (a->pins & ATTACH_PIN_TCX) {
		err = read_tcx(pins, a, &id);
		if (id)
			a->tc = TC_TCX;
	}
	if (!id && a->pins & ATTACH_PIN_CLSACT && interface_exists(a->ifindex)) {
		id = clsact_program(a->ifindex);
		if (id)
			a->tc = TC_CLSACT;
	}
	if (err || !id)
		return err;
	if (!attach_is_ours(whose, id, &prog)) {
		a->tc = TC_NONE;
		return 0;
	}
	a->tc_prog.prog = id;
	memcpy(a->tc_prog.name, prog->name, sizeof(a->tc_prog.name));
	return 0;
}

static int attach_tcx(const struct pins *pins, __u32 ifindex, int prog)
{
	const struct pins_path name = pins_ifindex_name("tc", ifindex);
	_cleanup_close_ int link = -1;
	int err;

	/* A pin that is there belongs to an interface that has gone. */
	err = pins_unpin(pins, PINS_LINKS, name.s);
	if (err)
		return err;
	link = bpf_link_create(prog, ifindex, TCX_INGRESS, NULL);
	if (link < 0)
		return link;
	/* Without the pin the link ends with us. */
	return pins_pin(pins, PINS_LINKS, name.s, link);
}

static int unmark(const struct pins *pins, const char *what, __u32 ifindex)
{
	return pins_unpin(pins, PINS_LINKS, pins_ifindex_name(what, ifindex).s);
}

/*
 * A qdisc that is there already is not an error, but it is not ours either; unless the marker says
 * that we were about to make it when we were killed.
 */
static int make_qdisc(const struct pins *pins, __u32 ifindex, int marker)
{
	const struct pins_path name = pins_ifindex_name("qdisc", ifindex);
	struct bpf_tc_hook hook;
	bool marked;
	int err;

	ingress_of(ifindex, &hook);
	err = pins_pin(pins, PINS_LINKS, name.s, marker);
	marked = err == -EEXIST;
	if (err && !marked)
		return err;
	err = bpf_tc_hook_create(&hook);
	if (err && !marked)
		pins_unpin(pins, PINS_LINKS, name.s);
	return err == -EEXIST ? 0 : err;
}

/* The qdisc goes if weft made it, and nobody has put a filter of his own there. */
static int remove_qdisc(const struct pins *pins, __u32 ifindex)
{
	struct bpf_tc_hook hook;
	size_t filters;
	int err;

	ingress_of(ifindex, &hook);
	err = clsact_filters(ifindex, &filters);
	if (!err && !filters) {
		hook.attach_point = BPF_TC_INGRESS | BPF_TC_EGRESS;
		err = bpf_tc_hook_destroy(&hook);
	}
	if (err && err != -ENOENT && interface_exists(ifindex))
		return err;
	return unmark(pins, "qdisc", ifindex);
}

static int attach_clsact(const struct pins *pins, __u32 ifindex, int prog, int marker)
{
	LIBBPF_OPTS(bpf_tc_opts, opts, .handle = CLSACT_HANDLE, .priority = CLSACT_PRIORITY,
		    .prog_fd = prog);
	struct bpf_tc_hook hook;
	int err;

	ingress_of(ifindex, &hook);
	err = pins_pin(pins, PINS_LINKS, pins_ifindex_name("clsact", ifindex).s, marker);
	if (!err || err == -EEXIST)
		err = make_qdisc(pins, ifindex, marker);
	if (!err && clsact_program(ifindex))
		err = -EEXIST;
	if (!err)
		err = bpf_tc_attach(&hook, &opts);
	if (err) {
		remove_qdisc(pins, ifindex);
		unmark(pins, "clsact", ifindex);
	}
	return err;
}

int tc_attach(const struct pins *pins, enum tc_kind kind, __u32 ifindex, int prog, int marker)
{
	if (kind == TC_TCX)
		return attach_tcx(pins, ifindex, prog);
	return attach_clsact(pins, ifindex, prog, marker);
}

int tc_replace(const struct pins *pins, enum tc_kind kind, __u32 ifindex, int prog)
{
	LIBBPF_OPTS(bpf_tc_opts, opts, .handle = CLSACT_HANDLE, .priority = CLSACT_PRIORITY,
		    .prog_fd = prog, .flags = BPF_TC_F_REPLACE);
	struct bpf_tc_hook hook;
	_cleanup_close_ int link = -1;
	int err;

	ingress_of(ifindex, &hook);
	if (kind == TC_CLSACT)
		return bpf_tc_attach(&hook, &opts);
	err = open_link(pins, ifindex, &link);
	return err ? err : bpf_link_update(link, prog, NULL);
}

static int detach_tcx(const struct pins *pins, __u32 ifindex)
{
	const struct pins_path name = pins_ifindex_name("tc", ifindex);
	_cleanup_close_ int link = -1;
	int err;

	/* Detached by itself first: the last reference to a link is dropped with a delay. */
	err = pins_open(pins, PINS_LINKS, name.s, &link);
	if (!err)
		err = bpf_link_detach(link);
	if (err && err != -ENOENT && err != -ENOLINK)
		return err;
	return pins_unpin(pins, PINS_LINKS, name.s);
}

/* The marker is made before the filter, so it may be alone, or what is there another's. */
static int detach_clsact(const struct pins *pins, const struct attachment *a)
{
	LIBBPF_OPTS(bpf_tc_opts, opts, .handle = CLSACT_HANDLE, .priority = CLSACT_PRIORITY);
	struct bpf_tc_hook hook;
	int err = 0;

	ingress_of(a->ifindex, &hook);
	if (a->tc == TC_CLSACT)
		err = bpf_tc_detach(&hook, &opts);
	if (err && interface_exists(a->ifindex))
		return err;
	err = a->pins & ATTACH_PIN_QDISC ? remove_qdisc(pins, a->ifindex) : 0;
	return err ? err : unmark(pins, "clsact", a->ifindex);
}

int tc_detach(const struct pins *pins, const struct attachment *a)
{
	int err = 0;

	if (a->pins & ATTACH_PIN_TCX)
		err = detach_tcx(pins, a->ifindex);
	if (!err && a->pins & (ATTACH_PIN_CLSACT | ATTACH_PIN_QDISC))
		err = detach_clsact(pins, a);
	return err;
}
