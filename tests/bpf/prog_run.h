/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Loads the programs, and runs one on one packet by BPF_PROG_TEST_RUN. */
#ifndef WEFT_TEST_PROG_RUN_H
#define WEFT_TEST_PROG_RUN_H

#include <linux/types.h>
#include <weft/fdb.h>
#include <weft/flow.h>

#include "packet.h"

enum prog {
	FROM_PORT,
	TC_UNDERLAY,
	XDP_UNDERLAY,
	PROG_MAX,
	XDP_GENERIC =
		PROG_MAX, /* the same, for an interface without native XDP; not for prog_run() */
	FLOW_ORDER,       /* no packet's; see order_run() */
	LEARN_ORDER,
	PROGS_ALL,
};

/** progs_load - load both objects; they share their maps. Return: 0 or -errno. */
int progs_load(void);

/** prog_name, prog_fd - of a loaded program. */
const char *prog_name(enum prog prog);
int prog_fd(enum prog prog);

/** map_fd - of a map by name; ends the test if there is none. */
int map_fd(const char *name);

/**
 * struct run - one run.
 * @prog: which program.
 * @ifindex: interface that the packet came in by.
 * @mark, @gso_size, @gso_segs: of the skb, TC only; @mark is what the program left after the run.
 * @linear: XDP and TC: bytes of the frame that are linear; 0 = as the kernel likes.
 * @verdict: the program's return code.
 * @meta_len: XDP: bytes of metadata in front of @data.
 * @data, @len: the packet after the run, metadata first.
 */
struct run {
	enum prog prog;
	__u32 ifindex;
	__u32 mark;
	__u32 gso_size, gso_segs;
	__u32 linear;
	int verdict;
	__u32 meta_len;
	__u32 len;
	__u8 data[PACKET_MAX + 64];
};

/** order_run - run tc_flow_order. Return: how many of its keys had an entry. */
int order_run(const struct weft_flow_order *order);

/** learn_order_run - the same for tc_learn_order. */
int learn_order_run(const struct weft_learn_order *order);

/** prog_run - run @r->prog on @len bytes of @data. Return: 0, or -errno of the kernel's. */
int prog_run(struct run *r, const void *data, __u32 len);

#endif
