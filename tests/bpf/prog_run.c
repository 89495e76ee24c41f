/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* See prog_run.h. Maps are small and never pinned, so that a run leaves nothing behind. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <weft/abi.h> /* the type of the skeletons' rodata */

#include "flows.h"
#include "prog_run.h"
#include "tc.skel.h"
#include "xdp.skel.h"

#define ENTRIES_MAX FLOWS_MAX

static struct weft_tc *tc;
static struct weft_xdp *xdp, *xdp_generic;

/* Policies are compiled for the sizes that the loader gives these by default. */
static bool keeps_size(const char *name)
{
	return !strncmp(name, "weft_pol_", 9);
}

static int shrink_map(struct bpf_map *map)
{
	const char *name = bpf_map__name(map);
	__u32 most = strcmp(name, flows_map(FLOW_NEW)) ? ENTRIES_MAX : FLOWS_NEW_MAX;

	if (bpf_map__is_internal(map) || keeps_size(name) || bpf_map__max_entries(map) <= most)
		return 0;
	return bpf_map__set_max_entries(map, most);
}

static int shrink_maps(struct bpf_object *object)
{
	struct bpf_map *map;
	int err = 0;

	bpf_object__for_each_map(map, object)
	{
		err = err ? err : shrink_map(map);
	}
	return err;
}

/* As the loader's pins do it: one set of maps under both objects. */
static int share_maps(struct bpf_object *object, struct bpf_object *with)
{
	struct bpf_map *map;
	int err = 0;

	bpf_object__for_each_map(map, object)
	{
		if (!bpf_map__is_internal(map) && !err)
			err = bpf_map__reuse_fd(
				map, bpf_object__find_map_fd_by_name(with, bpf_map__name(map)));
	}
	return err;
}

/* As the loader does it: packets of several buffers in the driver, but not in generic mode. */
static int load_xdp(struct weft_xdp **to, __u32 flags)
{
	int err;

	*to = weft_xdp__open();
	if (!*to)
		return -errno;
	err = share_maps((*to)->obj, tc->obj);
	if (!err)
		err = bpf_program__set_flags((*to)->progs.xdp_underlay, flags);
	return err ? err : weft_xdp__load(*to);
}

int progs_load(void)
{
	int err;

	tc = weft_tc__open();
	if (!tc)
		return -errno;
	err = shrink_maps(tc->obj);
	if (!err)
		err = weft_tc__load(tc);
	if (!err)
		err = load_xdp(&xdp, BPF_F_XDP_HAS_FRAGS);
	return err ? err : load_xdp(&xdp_generic, 0);
}

static const struct bpf_program *program(enum prog prog)
{
	switch (prog) {
	case FROM_PORT:
		return tc->progs.tc_from_port;
	case TC_UNDERLAY:
		return tc->progs.tc_underlay;
	case FLOW_ORDER:
		return tc->progs.tc_flow_order;
	case LEARN_ORDER:
		return tc->progs.tc_learn_order;
	case XDP_GENERIC:
		return xdp_generic->progs.xdp_underlay;
	default:
		return xdp->progs.xdp_underlay;
	}
}

const char *prog_name(enum prog prog)
{
	return bpf_program__name(program(prog));
}

int prog_fd(enum prog prog)
{
	return bpf_program__fd(program(prog));
}

int map_fd(const char *name)
{
	int fd = bpf_object__find_map_fd_by_name(tc->obj, name);

	if (fd < 0) {
		fprintf(stderr, "# there is no map called %s\n", name);
		exit(1);
	}
	return fd;
}

static int run_tc(struct run *r, const void *data, __u32 len)
{
	struct __sk_buff in = {
		.ifindex = r->ifindex,
		.mark = r->mark,
		.gso_size = r->gso_size,
		.gso_segs = r->gso_segs,
		.data_end = r->linear,
	};
	struct __sk_buff out = {};
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = data, .data_size_in = len,
		    .data_out = r->data, .data_size_out = sizeof(r->data), .ctx_in = &in,
		    .ctx_size_in = sizeof(in), .ctx_out = &out, .ctx_size_out = sizeof(out));
	int err = bpf_prog_test_run_opts(prog_fd(r->prog), &opts);

	if (err)
		return err;
	r->verdict = opts.retval;
	r->len = opts.data_size_out;
	r->mark = out.mark;
	r->meta_len = 0;
	return 0;
}

static int run_xdp(struct run *r, const void *data, __u32 len)
{
	struct xdp_md in = {
		.data_end = r->linear ? r->linear : len,
		.ingress_ifindex = r->ifindex,
	};
	struct xdp_md out = {};
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = data, .data_size_in = len,
		    .data_out = r->data, .data_size_out = sizeof(r->data), .ctx_in = &in,
		    .ctx_size_in = sizeof(in), .ctx_out = &out, .ctx_size_out = sizeof(out));
	int err = bpf_prog_test_run_opts(prog_fd(r->prog), &opts);

	if (err)
		return err;
	r->verdict = opts.retval;
	r->len = opts.data_size_out;
	r->meta_len = out.data - out.data_meta;
	return 0;
}

int prog_run(struct run *r, const void *data, __u32 len)
{
	return r->prog == XDP_UNDERLAY ? run_xdp(r, data, len) : run_tc(r, data, len);
}

static int run_order(enum prog prog, const void *order, __u32 size)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = order, .data_size_in = size);
	int err = bpf_prog_test_run_opts(prog_fd(prog), &opts);

	return err ? err : (int)opts.retval;
}

int order_run(const struct weft_flow_order *order)
{
	return run_order(FLOW_ORDER, order, sizeof(*order));
}

int learn_order_run(const struct weft_learn_order *order)
{
	return run_order(LEARN_ORDER, order, sizeof(*order));
}
