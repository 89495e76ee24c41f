/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * xdp_underlay on an uplink. libxdp attaches it beside the programs of others, through a
 * dispatcher; where the kernel refuses that, libxdp attaches it alone ("legacy"). See attach.h.
 */
#include "attach.h"

#include <errno.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <xdp/libxdp.h>

#include "datapath.h"
#include "pins.h"
#include "util.h"

#define SECTION         "xdp"
#define SKIP_DISPATCHER "LIBXDP_SKIP_DISPATCHER" /* libxdp(3) */
#define LIBXDP_DIR      PINS_BPFFS "/xdp"        /* where libxdp pins what a dispatcher calls */

const char *xdp_kind_name(enum xdp_kind kind)
{
	return kind == XDP_NATIVE ? "native" : kind == XDP_GENERIC ? "generic" : "none";
}

static void object_freep(struct bpf_object **obj)
{
	bpf_object__close(*obj);
}

static void program_closep(struct xdp_program **prog)
{
	if (!libxdp_get_error(*prog))
		xdp_program__close(*prog);
}

static void multiprog_closep(struct xdp_multiprog **mp)
{
	if (!libxdp_get_error(*mp))
		xdp_multiprog__close(*mp);
}

static enum xdp_attach_mode mode_of(enum xdp_kind kind)
{
	return kind == XDP_GENERIC ? XDP_MODE_SKB : XDP_MODE_NATIVE;
}

static __u32 flags_of(enum xdp_kind kind)
{
	return kind == XDP_GENERIC ? XDP_FLAGS_SKB_MODE : XDP_FLAGS_DRV_MODE;
}

/* The program of ours among those on the hook, borrowed from @mp; NULL if there is none. */
static struct xdp_program *find_ours(const struct whose *whose, struct xdp_multiprog *mp,
				     const struct prog **found)
{
	struct xdp_program *prog;

	if (xdp_multiprog__is_legacy(mp)) {
		prog = xdp_multiprog__main_prog(mp);
		return prog && attach_is_ours(whose, xdp_program__id(prog), found) ? prog : NULL;
	}
	for (prog = xdp_multiprog__next_prog(NULL, mp); prog;
	     prog = xdp_multiprog__next_prog(prog, mp))
		if (attach_is_ours(whose, xdp_program__id(prog), found))
			return prog;
	return NULL;
}

int xdp_read(const struct whose *whose, struct attachment *a)
{
	_cleanup_(multiprog_closep) struct xdp_multiprog *mp =
		xdp_multiprog__get_from_ifindex(a->ifindex);
	const struct prog *prog;

	/* Nothing there, or no such interface. */
	if (libxdp_get_error(mp) || !find_ours(whose, mp, &prog))
		return 0;
	a->xdp = xdp_multiprog__attach_mode(mp) == XDP_MODE_SKB ? XDP_GENERIC : XDP_NATIVE;
	a->xdp_shared = !xdp_multiprog__is_legacy(mp);
	a->xdp_prog.prog = prog->id;
	memcpy(a->xdp_prog.name, prog->name, sizeof(a->xdp_prog.name));
	return 0;
}

/*
 * Jumbo frames come in several buffers. In generic mode we must not say that we take those: since
 * Linux 6.9 such a packet is copied and the copy does not know the length of its MAC header, so
 * that every TC program behind starts at the wrong byte.
 */
static bool takes_frags(enum xdp_kind kind)
{
	return kind == XDP_NATIVE;
}

static int attach_once(const struct maps *maps, enum xdp_kind kind, __u32 ifindex)
{
	_cleanup_(object_freep) struct bpf_object *obj = NULL;
	_cleanup_(program_closep) struct xdp_program *prog = NULL;
	int err;

	err = datapath_open_xdp(maps, &obj);
	if (err)
		return err;
	prog = xdp_program__from_bpf_obj(obj, SECTION);
	err = libxdp_get_error(prog);
	if (err)
		return err;
	xdp_program__set_xdp_frags_support(prog, takes_frags(kind)); /* also a dispatcher's */
	return xdp_program__attach(prog, ifindex, mode_of(kind), 0);
}

/*
 * Beside others if the kernel allows it, else alone if the place is free. libxdp sees to that, but
 * for one case: newer kernels (Debian's 6.12 is one) take no program that changes packets into the
 * dispatcher of a libxdp older than they are: "Extension program changes packet data, while
 * original does not".
 */
static int attach_new(const struct maps *maps, enum xdp_kind kind, __u32 ifindex)
{
	int err;

	err = attach_once(maps, kind, ifindex);
	if (err != -EINVAL || setenv(SKIP_DISPATCHER, "1", 1))
		return err;
	err = attach_once(maps, kind, ifindex);
	unsetenv(SKIP_DISPATCHER);
	return err;
}

int xdp_attach(const struct pins *pins, const struct maps *maps, enum xdp_kind kind, __u32 ifindex)
{
	const struct pins_path name = pins_ifindex_name("xdp", ifindex);
	int err;

	err = pins_pin(pins, PINS_LINKS, name.s, maps->fd[TABLE_NODE]);
	if (err && err != -EEXIST)
		return err;
	err = attach_new(maps, kind, ifindex);
	if (err)
		pins_unpin(pins, PINS_LINKS, name.s);
	return err;
}

/* Alone on the hook: one exchange, on condition that what is there is what we expect. */
static int exchange(__u32 ifindex, enum xdp_kind kind, int old, int new)
{
	LIBBPF_OPTS(bpf_xdp_attach_opts, opts, .old_prog_fd = old);

	if (new < 0)
		return bpf_xdp_detach(ifindex, flags_of(kind) | XDP_FLAGS_REPLACE, &opts);
	return bpf_xdp_attach(ifindex, new, flags_of(kind) | XDP_FLAGS_REPLACE, &opts);
}

static int replace_alone(const struct maps *maps, const struct attachment *old)
{
	_cleanup_close_ int old_fd = bpf_prog_get_fd_by_id(old->xdp_prog.prog);
	_cleanup_(object_freep) struct bpf_object *obj = NULL;
	struct bpf_program *prog;
	int err;

	if (old_fd < 0)
		return old_fd;
	err = datapath_open_xdp(maps, &obj);
	if (err)
		return err;
	prog = bpf_object__next_program(obj, NULL);
	if (takes_frags(old->xdp))
		bpf_program__set_flags(prog, BPF_F_XDP_HAS_FRAGS);
	err = bpf_object__load(obj);
	return err ? err : exchange(old->ifindex, old->xdp, old_fd, bpf_program__fd(prog));
}

static int detach_shared(const struct attachment *a, __u32 id)
{
	_cleanup_(program_closep) struct xdp_program *prog = xdp_program__from_id(id);
	int err;

	err = libxdp_get_error(prog);
	return err ? err : xdp_program__detach(prog, a->ifindex, mode_of(a->xdp), 0);
}

/* Two at once do no harm: what the first has decapsulated is not for the second. */
int xdp_replace(const struct maps *maps, const struct attachment *old)
{
	int err;

	if (!old->xdp_shared)
		return replace_alone(maps, old);
	err = attach_new(maps, old->xdp, old->ifindex);
	return err ? err : detach_shared(old, old->xdp_prog.prog);
}

/* A loaded program comes back to where nothing of ours is. */
static int attach_again(const struct attachment *old, int old_fd)
{
	_cleanup_(program_closep) struct xdp_program *prog = xdp_program__from_fd(old_fd);
	int err = libxdp_get_error(prog);

	return err ? err : xdp_program__attach(prog, old->ifindex, mode_of(old->xdp), 0);
}

int xdp_restore(const struct pins *pins, const struct maps *maps, const struct whose *whose,
		const struct attachment *old, int old_fd)
{
	struct attachment now = {.ifindex = old->ifindex};
	_cleanup_close_ int new_fd = -1;
	int err;

	err = pins_pin(pins, PINS_LINKS, pins_ifindex_name("xdp", old->ifindex).s,
		       maps->fd[TABLE_NODE]);
	if (err && err != -EEXIST)
		return err;
	err = xdp_read(whose, &now);
	if (err || now.xdp_prog.prog == old->xdp_prog.prog)
		return err;
	if (now.xdp == XDP_NONE)
		return attach_again(old, old_fd);
	if (now.xdp_shared) {
		err = attach_again(old, old_fd);
		return err ? err : detach_shared(&now, now.xdp_prog.prog);
	}
	new_fd = bpf_prog_get_fd_by_id(now.xdp_prog.prog);
	return new_fd < 0 ? new_fd : exchange(old->ifindex, old->xdp, new_fd, old_fd);
}

static int detach_alone(const struct attachment *a)
{
	_cleanup_close_ int fd = bpf_prog_get_fd_by_id(a->xdp_prog.prog);

	return fd < 0 ? fd : exchange(a->ifindex, a->xdp, fd, -1);
}

/* Whether a directory of libxdp's holds a program of ours. */
static bool holds_ours(const struct whose *whose, const char *dir, char **names)
{
	const struct prog *prog;

	for (char **name = names; *name; name++) {
		_cleanup_(program_closep) struct xdp_program *pinned = NULL;
		_cleanup_free_ char *path = NULL;

		if (!strstr(*name, "-prog") || asprintf(&path, "%s/%s", dir, *name) < 0)
			continue;
		pinned = xdp_program__from_pin(path);
		if (!libxdp_get_error(pinned) &&
		    attach_is_ours(whose, xdp_program__id(pinned), &prog))
			return true;
	}
	return false;
}

static void sweep_dir(const struct whose *whose, const char *dir)
{
	_cleanup_(pins_names_freep) char **names = NULL;

	if (pins_list_dir(dir, &names) || !holds_ours(whose, dir, names))
		return;
	for (char **name = names; *name; name++) {
		_cleanup_free_ char *path = NULL;

		if (asprintf(&path, "%s/%s", dir, *name) >= 0)
			unlink(path);
	}
	rmdir(dir);
}

/*
 * An interface that goes takes its dispatcher along, but libxdp's pins stay, and with them our
 * program and its maps. libxdp's own way to clean up would take interfaces of the same index in
 * other network namespaces for this one.
 */
static void sweep(const struct whose *whose, __u32 ifindex)
{
	_cleanup_(pins_names_freep) char **names = NULL;
	char prefix[sizeof("dispatch--") + 10];

	snprintf(prefix, sizeof(prefix), "dispatch-%u-", ifindex);
	if (pins_list_dir(LIBXDP_DIR, &names))
		return;
	for (char **name = names; *name; name++) {
		_cleanup_free_ char *dir = NULL;

		if (!strncmp(*name, prefix, strlen(prefix)) &&
		    asprintf(&dir, LIBXDP_DIR "/%s", *name) >= 0)
			sweep_dir(whose, dir);
	}
}

int xdp_detach(const struct pins *pins, const struct whose *whose, const struct attachment *a)
{
	char name[IF_NAMESIZE];
	int err = 0;

	if (a->xdp == XDP_NONE)
		sweep(whose, a->ifindex);
	else
		err = a->xdp_shared ? detach_shared(a, a->xdp_prog.prog) : detach_alone(a);
	if (err && err != -ENOENT && if_indextoname(a->ifindex, name))
		return err;
	return pins_unpin(pins, PINS_LINKS, pins_ifindex_name("xdp", a->ifindex).s);
}
