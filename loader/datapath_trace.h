/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The datapath's programs once more, built from the same sources with the hooks of weft/trace.h:
 * attached nowhere, run by test runs only.
 */
#ifndef WEFT_LOADER_DATAPATH_TRACE_H
#define WEFT_LOADER_DATAPATH_TRACE_H

#include <stdbool.h>

#include <weft/trace.h>

#include "datapath.h"

/** enum trace_prog - the programs. */
enum trace_prog {
	TRACE_FROM_PORT,
	TRACE_TC_UNDERLAY,
	TRACE_XDP_UNDERLAY,
	__TRACE_PROG_MAX,
};

/** struct trace_progs - loaded. @trace: the map weft_trace, which all of them share. */
struct trace_progs {
	int prog[__TRACE_PROG_MAX];
	int trace;
};

/**
 * trace_progs_load - load them on these maps.
 * @maps: complete. The programs write to those that the attached ones would write to.
 * @underlay: all of them; else TRACE_FROM_PORT alone, which takes half the time.
 * @progs: uninitialised; trace_progs_close() releases it, after a failure too.
 *
 * Return: 0; -errno if the kernel refuses one; bpf_log.h then has the verifier's word.
 */
int trace_progs_load(const struct maps *maps, bool underlay, struct trace_progs *progs);

/** trace_progs_close - unload them. Also for _cleanup_(). */
void trace_progs_close(struct trace_progs *progs);

/** trace_prog_name - "tc_from_port". */
const char *trace_prog_name(enum trace_prog prog);

/**
 * struct trace_run - one test run.
 * @mark: of the packet, TC.
 * @frame, @len: the packet as it comes in, from its Ethernet header on.
 * @out, @out_len: room for the packet as it leaves, and, after the run, its length.
 * @meta_len: XDP: bytes of metadata at the beginning of @out.
 * @verdict: what the program returned.
 */
struct trace_run {
	__u32 mark;
	const __u8 *frame;
	__u32 len;
	__u8 *out;
	__u32 out_len;
	__u32 meta_len;
	int verdict;
};

/**
 * trace_progs_run - run a program on a packet.
 * @trace: its ifindex, has_meta and meta say how the packet comes in; receives the records.
 *
 * Return: 0; -errno of the kernel, to which the packet may be too short or too long.
 */
int trace_progs_run(const struct trace_progs *progs, enum trace_prog prog, struct trace_run *run,
		    struct weft_trace *trace);

#endif
