/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* A node's pins in bpffs; see pins.h. */
#include "pins.h"

#include <dirent.h>
#include <errno.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "util.h"

#define STR(x)   #x
#define XSTR(x)  STR(x)
#define WEFT_DIR PINS_BPFFS "/weft"
#define ABI_DIR  WEFT_DIR "/v" XSTR(WEFT_ABI_VERSION)

_Static_assert(sizeof(ABI_DIR) + WEFT_NAME_LEN + sizeof("/links/") + 32 < PINS_PATH_MAX,
	       "the longest path fits");

static const char *const dir_names[__PINS_DIR_MAX] = {
	[PINS_MAPS] = "maps",
	[PINS_NEW] = "new",
	[PINS_LINKS] = "links",
};

void pins_init(struct pins *pins, const char *node)
{
	snprintf(pins->node, sizeof(pins->node), "%s", node);
	snprintf(pins->base, sizeof(pins->base), "%s/%s", ABI_DIR, pins->node);
}

struct pins_path pins_path(const struct pins *pins, enum pins_dir dir, const char *name)
{
	struct pins_path path;

	/* The lengths are what the assertion above counts; a longer name is cut and not found. */
	snprintf(path.s, sizeof(path.s), "%.*s/%s%s%.32s", (int)(sizeof(ABI_DIR) + WEFT_NAME_LEN),
		 pins->base, dir_names[dir], name ? "/" : "", name ? name : "");
	return path;
}

struct pins_path pins_ifindex_name(const char *what, __u32 ifindex)
{
	struct pins_path name;

	snprintf(name.s, sizeof(name.s), "%s_%u", what, ifindex);
	return name;
}

static bool is_bpffs(const char *path)
{
	struct statfs fs;

	return !statfs(path, &fs) && (unsigned long)fs.f_type == BPF_FS_MAGIC;
}

static bool shares_mounts_with(pid_t pid)
{
	char path[32];
	struct stat self, other;

	snprintf(path, sizeof(path), "/proc/%d/ns/mnt", pid);
	/* A container may not let us look at its first process: give it the benefit of the doubt.
	 */
	return stat("/proc/self/ns/mnt", &self) || stat(path, &other) ||
	       self.st_ino == other.st_ino;
}

/* Neither the first process nor who called us would see what we mount. */
static bool own_mount_namespace(void)
{
	return !shares_mounts_with(1) || !shares_mounts_with(getppid());
}

int pins_mount(void)
{
	if (is_bpffs(PINS_BPFFS))
		return 0;
	if (own_mount_namespace())
		return -EXDEV;
	if (mount("bpffs", PINS_BPFFS, "bpf", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=0700"))
		return -errno;
	return 0;
}

bool pins_exist(const struct pins *pins)
{
	return !access(pins->base, F_OK);
}

/* Return: 0, -ENOENT, -EPERM or another -errno. */
static int check_owner(const char *path)
{
	struct stat st;

	if (lstat(path, &st))
		return -errno;
	if (st.st_uid || (st.st_mode & (S_IWGRP | S_IWOTH)) || S_ISLNK(st.st_mode))
		return -EPERM;
	return 0;
}

int pins_check(const struct pins *pins)
{
	const char *const way[] = {WEFT_DIR, ABI_DIR, pins->base};
	int err;

	for (size_t i = 0; i < ARRAY_SIZE(way); i++) {
		err = check_owner(way[i]);
		if (err)
			return err == -ENOENT ? 0 : err;
	}
	for (int dir = 0; dir < __PINS_DIR_MAX; dir++) {
		err = check_owner(pins_path(pins, dir, NULL).s);
		if (err && err != -ENOENT)
			return err;
	}
	return 0;
}

static int make_dir(const char *path, bool *made)
{
	if (!mkdir(path, 0700)) {
		if (made)
			*made = true;
		return 0;
	}
	return errno == EEXIST ? check_owner(path) : -errno;
}

int pins_make_dirs(const struct pins *pins, bool *made)
{
	bool new_node = false;
	int err;

	err = make_dir(WEFT_DIR, NULL);
	if (!err)
		err = make_dir(ABI_DIR, NULL);
	if (!err)
		err = make_dir(pins->base, &new_node);
	for (int dir = 0; dir < __PINS_DIR_MAX && !err; dir++)
		err = make_dir(pins_path(pins, dir, NULL).s, NULL);
	if (!err && made)
		*made = new_node;
	return err;
}

void pins_remove_dirs(const struct pins *pins)
{
	for (int dir = 0; dir < __PINS_DIR_MAX; dir++)
		rmdir(pins_path(pins, dir, NULL).s);
	rmdir(pins->base);
	rmdir(ABI_DIR);
	rmdir(WEFT_DIR);
}

int pins_open(const struct pins *pins, enum pins_dir dir, const char *name, int *fd)
{
	struct pins_path path = pins_path(pins, dir, name);
	int err, pinned;

	err = check_owner(path.s);
	if (err)
		return err;
	pinned = bpf_obj_get(path.s);
	if (pinned < 0)
		return pinned;
	*fd = pinned;
	return 0;
}

int pins_pin(const struct pins *pins, enum pins_dir dir, const char *name, int fd)
{
	/* bpffs makes pins with mode 0600, less the umask. */
	return bpf_obj_pin(fd, pins_path(pins, dir, name).s);
}

int pins_unpin(const struct pins *pins, enum pins_dir dir, const char *name)
{
	if (unlink(pins_path(pins, dir, name).s) && errno != ENOENT)
		return -errno;
	return 0;
}

int pins_commit(const struct pins *pins, const char *name)
{
	if (rename(pins_path(pins, PINS_NEW, name).s, pins_path(pins, PINS_MAPS, name).s))
		return -errno;
	return 0;
}

static int is_visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

int pins_list_dir(const char *path, char ***names)
{
	struct dirent **entries = NULL;
	char **list;
	int n, i, err = 0;

	n = scandir(path, &entries, is_visible, alphasort);
	if (n < 0 && errno != ENOENT)
		return -errno;
	if (n < 0)
		n = 0;

	list = calloc(n + 1, sizeof(*list));
	for (i = 0; i < n; i++) {
		if (list && !(list[i] = strdup(entries[i]->d_name)))
			err = -ENOMEM;
		free(entries[i]);
	}
	free(entries);
	if (!list || err) {
		pins_names_free(list);
		return -ENOMEM;
	}
	*names = list;
	return 0;
}

int pins_list(const struct pins *pins, enum pins_dir dir, char ***names)
{
	return pins_list_dir(pins_path(pins, dir, NULL).s, names);
}

int pins_nodes(char ***names)
{
	return pins_list_dir(ABI_DIR, names);
}

void pins_names_free(char **names)
{
	for (char **name = names; name && *name; name++)
		free(*name);
	free(names);
}
