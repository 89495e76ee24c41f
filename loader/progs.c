/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Descriptions of loaded programs; see progs.h. */
#include "progs.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>

#include <weft/abi.h>

#include "tables.h"
#include "util.h"

#define CONFIG_NAME "weft_cfg"

static void btf_freep(struct btf **btf)
{
	btf__free(*btf);
}

/* Return: offset of weft_cfg in a .rodata map, or -ENOENT. */
static int config_offset(__u32 btf_id)
{
	_cleanup_(btf_freep) struct btf *btf = btf__load_from_kernel_by_id(btf_id);
	const struct btf_var_secinfo *var;
	const struct btf_type *section;
	int id;

	if (!btf)
		return -ENOENT;
	id = btf__find_by_name_kind(btf, ".rodata", BTF_KIND_DATASEC);
	if (id < 0)
		return -ENOENT;
	section = btf__type_by_id(btf, id);
	var = btf_var_secinfos(section);
	for (int i = 0; i < btf_vlen(section); i++, var++) {
		const char *name =
			btf__name_by_offset(btf, btf__type_by_id(btf, var->type)->name_off);

		if (!strcmp(name, CONFIG_NAME) && var->size == sizeof(struct weft_prog_config))
			return var->offset;
	}
	return -ENOENT;
}

/* One of bpf/maps.h: the others are what libbpf makes (".rodata"), or a program's own scratch. */
static bool is_table(const struct bpf_map_info *info)
{
	for (int id = 0; id < __TABLE_MAX; id++)
		if (!strncmp(table_descs[id].name, info->name, sizeof(info->name)))
			return true;
	return false;
}

/* Return: the build that an internal map names; 0 if it is not .rodata of one of our objects. */
static __u64 read_build(int fd, const struct bpf_map_info *info)
{
	_cleanup_free_ __u8 *value = NULL;
	struct weft_prog_config config;
	__u32 zero = 0;
	int offset;

	if (info->type != BPF_MAP_TYPE_ARRAY || info->max_entries != 1 || !info->btf_id)
		return 0;
	offset = config_offset(info->btf_id);
	value = calloc(1, info->value_size);
	if (offset < 0 || !value || offset + sizeof(config) > info->value_size ||
	    bpf_map_lookup_elem(fd, &zero, value))
		return 0;
	memcpy(&config, value + offset, sizeof(config));
	return config.build;
}

static int read_info(int fd, struct prog *prog, __u32 *type)
{
	struct bpf_prog_info info = {
		.nr_map_ids = PROG_MAX_MAPS,
		.map_ids = (__u64)(unsigned long)prog->map_ids,
	};
	__u32 len = sizeof(info);
	int err;

	err = bpf_obj_get_info_by_fd(fd, &info, &len);
	if (err)
		return err;
	*type = info.type;
	prog->id = info.id;
	prog->n_maps = info.nr_map_ids < PROG_MAX_MAPS ? info.nr_map_ids : PROG_MAX_MAPS;
	memcpy(prog->name, info.name, sizeof(prog->name));
	return 0;
}

/* Keeps the ids of tables, and learns the build from the rest. */
static void sort_maps(struct prog *prog)
{
	__u32 tables = 0;

	for (__u32 i = 0; i < prog->n_maps; i++) {
		_cleanup_close_ int fd = bpf_map_get_fd_by_id(prog->map_ids[i]);
		struct bpf_map_info info = {};
		__u32 len = sizeof(info);

		if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &len))
			continue;
		if (is_table(&info))
			prog->map_ids[tables++] = info.id;
		else if (!prog->build)
			prog->build = read_build(fd, &info);
	}
	prog->n_maps = tables;
}

static int read_prog(__u32 id, bool keep, struct prog *prog)
{
	_cleanup_close_ int fd = bpf_prog_get_fd_by_id(id);
	__u32 type;
	int err;

	if (fd < 0)
		return fd;
	err = read_info(fd, prog, &type);
	if (err)
		return err;
	sort_maps(prog);
	if (keep && prog->build)
		prog->fd = TAKE_FD(fd);
	return 0;
}

static const struct prog *append(struct progs *progs, const struct prog *prog)
{
	struct prog *v = reallocarray(progs->v, progs->n + 1, sizeof(*v));

	if (!v)
		return NULL;
	progs->v = v;
	v[progs->n] = *prog;
	return &v[progs->n++];
}

int progs_get(struct progs *progs, __u32 id, const struct prog **out)
{
	struct prog prog = {.fd = -1};
	int err;

	for (size_t i = 0; i < progs->n; i++) {
		if (progs->v[i].id == id) {
			*out = &progs->v[i];
			return 0;
		}
	}
	err = read_prog(id, progs->keep, &prog);
	if (err)
		return err;
	*out = append(progs, &prog);
	if (*out)
		return 0;
	closep(&prog.fd);
	return -ENOMEM;
}

static bool is_among(__u32 id, const __u32 *ids, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (ids[i] == id)
			return true;
	return false;
}

int progs_add(struct progs *progs, int fd, __u64 build, const __u32 *tables, size_t n)
{
	struct prog prog = {.build = build, .fd = -1};
	__u32 type, used = 0;
	int err;

	err = read_info(fd, &prog, &type);
	if (err)
		return err;
	for (__u32 i = 0; i < prog.n_maps; i++)
		if (is_among(prog.map_ids[i], tables, n))
			prog.map_ids[used++] = prog.map_ids[i];
	prog.n_maps = used;
	if (progs->keep) {
		prog.fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
		if (prog.fd < 0)
			return -errno;
	}
	if (append(progs, &prog))
		return 0;
	closep(&prog.fd);
	return -ENOMEM;
}

int progs_fd(const struct progs *progs, __u32 id)
{
	int fd;

	for (size_t i = 0; i < progs->n; i++) {
		if (progs->v[i].id != id || progs->v[i].fd < 0)
			continue;
		fd = fcntl(progs->v[i].fd, F_DUPFD_CLOEXEC, 0);
		return fd < 0 ? -errno : fd;
	}
	return bpf_prog_get_fd_by_id(id);
}

int progs_kept(const struct progs *progs, const char *name, __u64 build, __u32 map_id)
{
	for (size_t i = 0; i < progs->n; i++) {
		const struct prog *prog = &progs->v[i];

		if (prog->fd >= 0 && prog->build == build && prog_uses(prog, map_id) &&
		    !strncmp(prog->name, name, sizeof(prog->name)))
			return progs_fd(progs, prog->id);
	}
	return -ENOENT;
}

void progs_retain(struct progs *progs, const __u32 *ids, size_t n)
{
	size_t kept = 0;

	for (size_t i = 0; i < progs->n; i++) {
		if (is_among(progs->v[i].id, ids, n))
			progs->v[kept++] = progs->v[i];
		else
			closep(&progs->v[i].fd);
	}
	progs->n = kept;
}

void progs_clear(struct progs *progs)
{
	progs_retain(progs, NULL, 0);
	free(progs->v);
	*progs = (struct progs){.keep = progs->keep};
}

bool prog_uses(const struct prog *prog, __u32 map_id)
{
	for (__u32 i = 0; i < prog->n_maps; i++)
		if (prog->map_ids[i] == map_id)
			return true;
	return false;
}

bool progs_any_tc_uses(__u32 map_id)
{
	__u32 id = 0, type;

	while (!bpf_prog_get_next_id(id, &id)) {
		_cleanup_close_ int fd = bpf_prog_get_fd_by_id(id);
		struct prog prog = {.fd = -1};

		if (fd >= 0 && !read_info(fd, &prog, &type) && type == BPF_PROG_TYPE_SCHED_CLS &&
		    prog_uses(&prog, map_id))
			return true;
	}
	return false;
}

__u32 map_id(int fd)
{
	struct bpf_map_info info = {};
	__u32 len = sizeof(info);

	return bpf_obj_get_info_by_fd(fd, &info, &len) ? 0 : info.id;
}
