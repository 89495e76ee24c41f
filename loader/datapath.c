/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The BPF objects inside this binary; see datapath.h. */
#include "datapath.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <weft/abi.h>

#include "datapath_parts.h"
#include "pins.h"
#include "tc.skel.h"
#include "util.h"
#include "xdp.skel.h"

void maps_init(struct maps *maps)
{
	for (int id = 0; id < __TABLE_MAX; id++)
		maps->fd[id] = -1;
}

void maps_close(struct maps *maps)
{
	for (int id = 0; id < __TABLE_MAX; id++)
		closep(&maps->fd[id]);
	maps_init(maps);
}

int maps_open_pinned(const struct pins *pins, struct maps *maps)
{
	int err = 0;

	maps_init(maps);
	for (int id = 0; id < __TABLE_MAX && !err; id++) {
		err = pins_open(pins, PINS_MAPS, table_descs[id].name, &maps->fd[id]);
		if (err == -ENOENT)
			err = 0;
	}
	if (err)
		maps_close(maps);
	return err;
}

int map_shape_of(int fd, struct map_shape *shape)
{
	struct bpf_map_info info = {};
	__u32 len = sizeof(info);
	int err;

	err = bpf_obj_get_info_by_fd(fd, &info, &len);
	if (err)
		return err;
	*shape = (struct map_shape){
		.type = info.type,
		.key_size = info.key_size,
		.value_size = info.value_size,
		.flags = info.map_flags,
		.max_entries = info.max_entries,
	};
	return 0;
}

static void object_freep(struct bpf_object **obj)
{
	bpf_object__close(*obj);
}

/* FNV-1a. The object's bytes decide; there are no settings besides them yet. */
static __u64 hash(const void *bytes, size_t len)
{
	const __u8 *p = bytes;
	__u64 hash = 0xcbf29ce484222325;

	while (len--) {
		hash ^= *p++;
		hash *= 0x100000001b3;
	}
	return hash;
}

__u64 datapath_tc_build(void)
{
	static __u64 build;
	size_t len;

	if (!build) {
		const void *elf = weft_tc__elf_bytes(&len);

		build = hash(elf, len);
	}
	return build;
}

__u64 datapath_xdp_build(void)
{
	static __u64 build;
	size_t len;

	if (!build) {
		const void *elf = weft_xdp__elf_bytes(&len);

		build = hash(elf, len);
	}
	return build;
}

/* Return: -ENOENT if the object lacks a map that the loader knows: it was built from other files.
 */
static int find_map(struct bpf_object *obj, enum table_id id, struct bpf_map **out)
{
	struct bpf_map *map = bpf_object__find_map_by_name(obj, table_descs[id].name);

	if (!map)
		return -ENOENT;
	*out = map;
	return 0;
}

/* What only the loader has an interest in. */
static int allow_mapping(struct bpf_object *obj)
{
	struct bpf_map *map;
	int err = 0;

	for (int id = 0; id < __TABLE_MAX && !err; id++) {
		if (!table_descs[id].mapped)
			continue;
		err = find_map(obj, id, &map);
		if (!err)
			err = bpf_map__set_map_flags(map, bpf_map__map_flags(map) | BPF_F_MMAPABLE);
	}
	return err;
}

static int open_tc(struct bpf_object **out)
{
	_cleanup_(object_freep) struct bpf_object *obj = NULL;
	struct weft_tc *skel = weft_tc__open();
	int err;

	if (!skel)
		return -errno;
	skel->rodata->weft_cfg.build = datapath_tc_build();
	obj = TAKE_PTR(skel->obj);
	weft_tc__destroy(skel);
	err = allow_mapping(obj);
	if (!err)
		*out = TAKE_PTR(obj);
	return err;
}

static int open_xdp(struct bpf_object **out)
{
	struct weft_xdp *skel = weft_xdp__open();

	if (!skel)
		return -errno;
	skel->rodata->weft_cfg.build = datapath_xdp_build();
	*out = TAKE_PTR(skel->obj);
	weft_xdp__destroy(skel);
	return 0;
}

int datapath_shapes(struct map_shape shapes[static __TABLE_MAX])
{
	_cleanup_(object_freep) struct bpf_object *obj = NULL;
	struct bpf_map *map;
	int err;

	err = open_tc(&obj);
	for (int id = 0; id < __TABLE_MAX && !err; id++) {
		err = find_map(obj, id, &map);
		if (err)
			break;
		shapes[id] = (struct map_shape){
			.type = bpf_map__type(map),
			.key_size = bpf_map__key_size(map),
			.value_size = bpf_map__value_size(map),
			.flags = bpf_map__map_flags(map),
			.max_entries = bpf_map__max_entries(map),
		};
	}
	return err;
}

/* The object has programs for several ends: keep libbpf from loading others than these two. */
static void choose_programs(struct bpf_object *obj, const char *one, const char *other)
{
	struct bpf_program *prog;

	bpf_object__for_each_program(prog, obj)
	{
		const char *name = bpf_program__name(prog);

		bpf_program__set_autoload(prog, !strcmp(name, one) || !strcmp(name, other));
	}
}

/* Of the maps in an object that is not to create them all: keep libbpf from those not wanted. */
static int choose_maps(struct bpf_object *obj, const __u32 max_entries[static __TABLE_MAX])
{
	struct bpf_map *map;
	int err = 0;

	for (int id = 0; id < __TABLE_MAX && !err; id++) {
		err = find_map(obj, id, &map);
		if (!err && max_entries[id])
			err = bpf_map__set_max_entries(map, max_entries[id]);
		else if (!err)
			err = bpf_map__set_autocreate(map, false);
	}
	return err;
}

int datapath_create_maps(const __u32 max_entries[static __TABLE_MAX], struct maps *maps)
{
	_cleanup_(object_freep) struct bpf_object *obj = NULL;
	_cleanup_(maps_close) struct maps made;
	struct bpf_map *map;
	int err;

	maps_init(&made);
	err = open_tc(&obj);
	if (err)
		return err;
	choose_programs(obj, "", "");
	err = choose_maps(obj, max_entries);
	if (!err)
		err = bpf_object__load(obj);

	for (int id = 0; id < __TABLE_MAX && !err; id++) {
		if (!max_entries[id])
			continue;
		err = find_map(obj, id, &map);
		if (err)
			break;
		made.fd[id] = fcntl(bpf_map__fd(map), F_DUPFD_CLOEXEC, 3);
		if (made.fd[id] < 0)
			err = -errno;
	}
	for (int id = 0; id < __TABLE_MAX && !err; id++)
		if (max_entries[id])
			maps->fd[id] = TAKE_FD(made.fd[id]);
	return err;
}

int datapath_reuse_maps(struct bpf_object *obj, const struct maps *maps)
{
	struct bpf_map *map;
	int err = 0;

	for (int id = 0; id < __TABLE_MAX && !err; id++) {
		err = find_map(obj, id, &map);
		if (!err)
			err = bpf_map__reuse_fd(map, maps->fd[id]);
	}
	return err;
}

int datapath_copy_program(struct bpf_object *obj, const char *name, int *fd)
{
	struct bpf_program *prog = bpf_object__find_program_by_name(obj, name);
	int copy;

	if (!prog)
		return -ENOENT;
	copy = fcntl(bpf_program__fd(prog), F_DUPFD_CLOEXEC, 3);
	if (copy < 0)
		return -errno;
	*fd = copy;
	return 0;
}

/*
 * Every program that is to be attached is bound to weft_node, used or not: that map is a node's
 * alone and is never replaced, so it tells whose the program is.
 */
static int take_program(struct bpf_object *obj, const struct maps *maps, const char *name, int *fd)
{
	_cleanup_close_ int copy = -1;
	int err;

	err = datapath_copy_program(obj, name, &copy);
	if (!err)
		err = bpf_prog_bind_map(copy, maps->fd[TABLE_NODE], NULL);
	if (err && err != -EEXIST)
		return err;
	*fd = TAKE_FD(copy);
	return 0;
}

int datapath_load_tc(const struct maps *maps, int *from_port, int *underlay)
{
	_cleanup_(object_freep) struct bpf_object *obj = NULL;
	_cleanup_close_ int port_fd = -1;
	int err;

	err = open_tc(&obj);
	if (err)
		return err;
	choose_programs(obj, PROG_FROM_PORT, PROG_TC_UNDERLAY);
	err = datapath_reuse_maps(obj, maps);
	if (!err)
		err = bpf_object__load(obj);
	if (!err)
		err = take_program(obj, maps, PROG_FROM_PORT, &port_fd);
	if (!err)
		err = take_program(obj, maps, PROG_TC_UNDERLAY, underlay);
	if (!err)
		*from_port = TAKE_FD(port_fd);
	return err;
}

int datapath_load_order(const struct maps *maps, const char *name, int *fd)
{
	_cleanup_(object_freep) struct bpf_object *obj = NULL;
	int err;

	err = open_tc(&obj);
	if (err)
		return err;
	choose_programs(obj, name, "");
	err = datapath_reuse_maps(obj, maps);
	if (!err)
		err = bpf_object__load(obj);
	return err ? err : datapath_copy_program(obj, name, fd);
}

int datapath_open_xdp(const struct maps *maps, struct bpf_object **out)
{
	_cleanup_(object_freep) struct bpf_object *obj = NULL;
	int err;

	err = open_xdp(&obj);
	if (!err)
		err = datapath_reuse_maps(obj, maps);
	if (!err)
		*out = TAKE_PTR(obj);
	return err;
}
