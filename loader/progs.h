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
 * @fd: a descriptor, of struct progs that @keep them; else -1.
 */
struct prog {
	__u32 id;
	char name[PROG_NAME_LEN];
	__u64 build;
	__u32 map_ids[PROG_MAX_MAPS];
	__u32 n_maps;
	int fd;
};

/**
 * struct progs - what was read so far: ten thousand ports share one program. All zero at first.
 * @keep: keep descriptors of ours, as it takes CAP_SYS_ADMIN to come by another one.
 */
struct progs {
	struct prog *v;
	size_t n;
	bool keep;
};

/**
 * progs_get - describe the program with this id.
 * @out: receives a description that lives until the next call.
 *
 * Return: 0; -ENOENT if there is none; another -errno.
 */
int progs_get(struct progs *progs, __u32 id, const struct prog **out);

void progs_clear(struct progs *progs);

/**
 * progs_add - describe a program that was just loaded, without asking by ids.
 * @fd: stays the caller's.
 * @build: that it is from.
 * @tables: ids of the maps that it was loaded on, @n of them.
 *
 * Return: 0 or -errno.
 */
int progs_add(struct progs *progs, int fd, __u64 build, const __u32 *tables, size_t n);

/** progs_fd - a descriptor of a program; the caller closes it. Return: it, or -errno. */
int progs_fd(const struct progs *progs, __u32 id);

/**
 * progs_kept - a program that is known and kept, by its name, build and one of its maps.
 *
 * Return: a descriptor that the caller closes; -ENOENT; -errno.
 */
int progs_kept(const struct progs *progs, const char *name, __u64 build, __u32 map_id);

/** progs_retain - forget all programs but those with these ids. */
void progs_retain(struct progs *progs, const __u32 *ids, size_t n);

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
