/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The BPF objects inside this binary: their maps, and their programs brought into the kernel. The
 * only place that knows the skeletons.
 *
 * Maps come first and live in pins; programs are loaded on top of them. So the maps outlive any
 * number of programs.
 */
#ifndef WEFT_LOADER_DATAPATH_H
#define WEFT_LOADER_DATAPATH_H

#include <linux/types.h>

#include "tables.h"

struct bpf_object;
struct pins;

#define PROG_FROM_PORT    "tc_from_port"
#define PROG_TC_UNDERLAY  "tc_underlay"
#define PROG_XDP_UNDERLAY "xdp_underlay"
#define PROG_FLOW_ORDER   "tc_flow_order"
#define PROG_LEARN_ORDER  "tc_learn_order"

/** struct maps - a descriptor for each map, -1 where there is none. */
struct maps {
	int fd[__TABLE_MAX];
};

/** maps_init - no map. */
void maps_init(struct maps *maps);

/** maps_close - close all descriptors. Also for _cleanup_(). */
void maps_close(struct maps *maps);

/**
 * maps_open_pinned - open a node's maps.
 * @maps: receives -1 for those that are not pinned.
 *
 * Return: 0 or -errno, then all are closed.
 */
int maps_open_pinned(const struct pins *pins, struct maps *maps);

/** struct map_shape - what a map looks like to the kernel. */
struct map_shape {
	__u32 type;
	__u32 key_size;
	__u32 value_size;
	__u32 flags;
	__u32 max_entries;
};

/** map_shape_of - the shape of an existing map. Return: 0 or -errno. */
int map_shape_of(int fd, struct map_shape *shape);

/**
 * datapath_shapes - the shapes that the programs expect; their max_entries is only a default.
 *
 * Return: 0 or -errno.
 */
int datapath_shapes(struct map_shape shapes[static __TABLE_MAX]);

/**
 * datapath_create_maps - create maps as the programs expect them, with names and types for bpftool.
 * @max_entries: by enum table_id; 0 = do not create this one.
 * @maps: receives the new maps; others stay as they are.
 *
 * Return: 0 or -errno, nothing created.
 */
int datapath_create_maps(const __u32 max_entries[static __TABLE_MAX], struct maps *maps);

/** datapath_tc_build, datapath_xdp_build - see struct weft_prog_config's @build. 0 on failure. */
__u64 datapath_tc_build(void);
__u64 datapath_xdp_build(void);

/**
 * datapath_load_tc - load the TC programs on these maps.
 * @maps: complete.
 * @from_port, @underlay: receive descriptors.
 *
 * Return: 0; -errno if the kernel refuses one; bpf_log.h then has the verifier's word.
 */
int datapath_load_tc(const struct maps *maps, int *from_port, int *underlay);

/**
 * datapath_load_order - load a program that carries out orders, and no other.
 * @maps: complete.
 * @name: PROG_FLOW_ORDER or PROG_LEARN_ORDER.
 * @fd: receives a descriptor.
 *
 * Return: as datapath_load_tc().
 */
int datapath_load_order(const struct maps *maps, const char *name, int *fd);

/**
 * datapath_open_xdp - the XDP object on these maps, ready to be loaded by libxdp.
 *
 * Return: 0 or -errno.
 */
int datapath_open_xdp(const struct maps *maps, struct bpf_object **out);

#endif
