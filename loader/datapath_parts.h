/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* What the two files that know the skeletons share: datapath.c (the programs that are attached, and
 * all maps) and datapath_trace.c (their copies that tell what they do). */
#ifndef WEFT_LOADER_DATAPATH_PARTS_H
#define WEFT_LOADER_DATAPATH_PARTS_H

#include <bpf/libbpf.h>

#include "datapath.h"

/** datapath_reuse_maps - have an object that is not loaded yet work on these maps. */
int datapath_reuse_maps(struct bpf_object *obj, const struct maps *maps);

/**
 * datapath_copy_program - a descriptor of a loaded object's program, which outlives the object.
 *
 * Return: 0 or -errno, @fd then untouched.
 */
int datapath_copy_program(struct bpf_object *obj, const char *name, int *fd);

#endif
