/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The programs that tell what they do; see datapath_trace.h. */
#include "datapath_trace.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <string.h>

#include <bpf/bpf.h>

#include "datapath_parts.h"
#include "tc_trace.skel.h"
#include "util.h"
#include "xdp_trace.skel.h"

#define XDP_LINEAR 2048 /* bytes that a driver would put into the first buffer, or more */

static const char *const names[__TRACE_PROG_MAX] = {
	[TRACE_FROM_PORT] = PROG_FROM_PORT,
	[TRACE_TC_UNDERLAY] = PROG_TC_UNDERLAY,
	[TRACE_XDP_UNDERLAY] = PROG_XDP_UNDERLAY,
};

const char *trace_prog_name(enum trace_prog prog)
{
	return names[prog];
}

static void tc_freep(struct weft_tc_trace **skel)
{
	weft_tc_trace__destroy(*skel);
}

static void xdp_freep(struct weft_xdp_trace **skel)
{
	weft_xdp_trace__destroy(*skel);
}

static int load_tc(const struct maps *maps, bool underlay, struct trace_progs *progs)
{
	_cleanup_(tc_freep) struct weft_tc_trace *skel = weft_tc_trace__open();
	struct bpf_program *prog;
	int err;

	if (!skel)
		return -errno;
	bpf_object__for_each_program(prog, skel->obj) bpf_program__set_autoload(
		prog,
		prog == skel->progs.tc_from_port || (underlay && prog == skel->progs.tc_underlay));
	err = datapath_reuse_maps(skel->obj, maps);
	if (!err)
		err = bpf_object__load(skel->obj);
	if (err)
		return err;
	progs->trace = fcntl(bpf_map__fd(skel->maps.weft_trace), F_DUPFD_CLOEXEC, 3);
	if (progs->trace < 0)
		return -errno;
	err = datapath_copy_program(skel->obj, PROG_FROM_PORT, &progs->prog[TRACE_FROM_PORT]);
	if (!err && underlay)
		err = datapath_copy_program(skel->obj, PROG_TC_UNDERLAY,
					    &progs->prog[TRACE_TC_UNDERLAY]);
	return err;
}

static int load_xdp(const struct maps *maps, struct trace_progs *progs)
{
	_cleanup_(xdp_freep) struct weft_xdp_trace *skel = weft_xdp_trace__open();
	int err;

	if (!skel)
		return -errno;
	err = bpf_program__set_flags(skel->progs.xdp_underlay, BPF_F_XDP_HAS_FRAGS);
	if (!err)
		err = datapath_reuse_maps(skel->obj, maps);
	if (!err)
		err = bpf_map__reuse_fd(skel->maps.weft_trace, progs->trace);
	if (!err)
		err = bpf_object__load(skel->obj);
	return err ? err
		   : datapath_copy_program(skel->obj, PROG_XDP_UNDERLAY,
					   &progs->prog[TRACE_XDP_UNDERLAY]);
}

int trace_progs_load(const struct maps *maps, bool underlay, struct trace_progs *progs)
{
	int err;

	for (int i = 0; i < __TRACE_PROG_MAX; i++)
		progs->prog[i] = -1;
	progs->trace = -1;
	err = load_tc(maps, underlay, progs);
	if (!err && underlay)
		err = load_xdp(maps, progs);
	return err;
}

void trace_progs_close(struct trace_progs *progs)
{
	for (int i = 0; i < __TRACE_PROG_MAX; i++)
		closep(&progs->prog[i]);
	closep(&progs->trace);
}

static int run_tc(int prog, struct trace_run *run)
{
	struct __sk_buff in = {.mark = run->mark}, out = {};
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = run->frame, .data_size_in = run->len,
		    .data_out = run->out, .data_size_out = run->out_len, .ctx_in = &in,
		    .ctx_size_in = sizeof(in), .ctx_out = &out, .ctx_size_out = sizeof(out));
	int err = bpf_prog_test_run_opts(prog, &opts);

	if (err)
		return err;
	run->verdict = opts.retval;
	run->out_len = opts.data_size_out;
	run->meta_len = 0;
	return 0;
}

static int run_xdp(int prog, struct trace_run *run)
{
	struct xdp_md in = {.data_end = run->len < XDP_LINEAR ? run->len : XDP_LINEAR}, out = {};
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = run->frame, .data_size_in = run->len,
		    .data_out = run->out, .data_size_out = run->out_len, .ctx_in = &in,
		    .ctx_size_in = sizeof(in), .ctx_out = &out, .ctx_size_out = sizeof(out));
	int err = bpf_prog_test_run_opts(prog, &opts);

	if (err)
		return err;
	run->verdict = opts.retval;
	run->out_len = opts.data_size_out;
	run->meta_len = out.data - out.data_meta;
	return 0;
}

int trace_progs_run(const struct trace_progs *progs, enum trace_prog prog, struct trace_run *run,
		    struct weft_trace *trace)
{
	const __u32 zero = 0;
	int err;

	trace->n = 0;
	memset(trace->recs, 0, sizeof(trace->recs));
	err = bpf_map_update_elem(progs->trace, &zero, trace, BPF_ANY);
	if (!err && prog == TRACE_XDP_UNDERLAY)
		err = run_xdp(progs->prog[prog], run);
	else if (!err)
		err = run_tc(progs->prog[prog], run);
	return err ? err : bpf_map_lookup_elem(progs->trace, &zero, trace);
}
