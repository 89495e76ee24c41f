/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * What a loaded program is: whether it is one of ours, from which build, working on which maps.
 * Read from the kernel, so it holds for programs that another run of weft has loaded.
 */
#ifndef WEFT_LOADER_PROGS_H
#define WEFT_LOADER_PROGS_H

#include <stdbool.h>
#include <stddef.h>
#include <linux/types.h>

#define PROG_NAME_LEN 16 /* BPF_OBJ_NAME_LEN */
#define PROG_MAX_MAPS 64

/**
 * struct prog - a loaded program.
 * @build: struct weft_prog_config's; 0 if the program has none, and so is not ours.
 * @map_ids: the maps of bpf/maps.h that it uses, not those made for its own ends.
 */
struct prog {
	__u32 id;
	char name[PROG_NAME_LEN];
	__u64 build;
	__u32 map_ids[PROG_MAX_MAPS];
	__u32 n_maps;
};

/** struct progs - what was read so far: ten thousand ports share one program. All zero at first. */
struct progs {
	struct prog *v;
	size_t n;
};

/**
 * progs_get - describe the program with this id.
 * @out: receives a description that lives until the next call.
 *
 * Return: 0; -ENOENT if there is none; another -errno.
 */
int progs_get(struct progs *progs, __u32 id, const struct prog **out);

void progs_clear(struct progs *progs);

/** prog_uses - whether the program uses the map with this id. */
bool prog_uses(const struct prog *prog, __u32 map_id);

/**
 * progs_any_tc_uses - whether any TC program in the kernel uses the map with this id, in whichever
 * network namespace it may be attached.
 */
bool progs_any_tc_uses(__u32 map_id);

/** map_id - id of the map behind a descriptor, 0 if it cannot be told. */
__u32 map_id(int fd);

#endif
