/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Where a node's state lives between two runs of weft: pinned maps and links.
 *
 *	/sys/fs/bpf/weft/v<ABI>/<node>/maps/<map>          every map of bpf/maps.h
 *	                              /new/<map>           a map of another size, not yet in use
 *	                              /links/tc_<ifindex>      tcx link of a TC program
 *	                              /links/clsact_<ifindex>  a TC program is on the clsact qdisc
 *	                              /links/qdisc_<ifindex>   weft made that qdisc
 *	                              /links/xdp_<ifindex>     an XDP program is attached
 *
 * The last three are markers: pins of the map weft_node, for what cannot itself be pinned.
 * Directories are 0700, pins 0600, all owned by root; anything else was not made by weft and is
 * refused, since whoever owns it could have put a map of his own there.
 */
#ifndef WEFT_LOADER_PINS_H
#define WEFT_LOADER_PINS_H

#include <stdbool.h>
#include <stddef.h>
#include <linux/types.h>

#include <weft/abi.h>

#define PINS_BPFFS    "/sys/fs/bpf"
#define PINS_PATH_MAX 192 /* bpffs, a node, the longest name in it; checked in pins.c */

/** enum pins_dir - directories of a node. */
enum pins_dir {
	PINS_MAPS,
	PINS_NEW,
	PINS_LINKS,
	__PINS_DIR_MAX,
};

/** struct pins - a node's place in bpffs. Set by pins_init(). */
struct pins {
	char node[WEFT_NAME_LEN];
	char base[PINS_PATH_MAX];
};

/** struct pins_path - a path, by value. */
struct pins_path {
	char s[PINS_PATH_MAX];
};

/** pins_init - the place of the node called @node. Touches nothing. */
void pins_init(struct pins *pins, const char *node);

/** pins_path - path of a pin, or of the directory itself if @name is NULL. */
struct pins_path pins_path(const struct pins *pins, enum pins_dir dir, const char *name);

/** pins_ifindex_name - name of a pin that is about one interface: @what and the index. */
struct pins_path pins_ifindex_name(const char *what, __u32 ifindex);

/**
 * pins_mount - see to it that bpffs is mounted.
 *
 * Return: 0; -EXDEV if it is not and this is a mount namespace of its own, where a mount would
 * vanish with us, and with it all state ("ip netns exec" makes such namespaces); -errno.
 */
int pins_mount(void);

/** pins_exist - whether something of this node is pinned. */
bool pins_exist(const struct pins *pins);

/**
 * pins_check - refuse what weft has not made.
 *
 * Return: 0, also if nothing is there; -EPERM if a directory or pin on the way belongs to somebody
 * else or could be written by him; -errno.
 */
int pins_check(const struct pins *pins);

/**
 * pins_make_dirs - make the node's directories; those that exist are fine.
 * @made: receives whether the node's own directory is new; may be NULL.
 *
 * Return: 0 or -errno.
 */
int pins_make_dirs(const struct pins *pins, bool *made);

/** pins_remove_dirs - remove directories that are empty, up to weft's own. Never an error. */
void pins_remove_dirs(const struct pins *pins);

/**
 * pins_open - the object pinned under a name.
 * @fd: receives a descriptor; the caller closes it.
 *
 * Return: 0; -ENOENT; -EPERM if the pin is not root's; another -errno.
 */
int pins_open(const struct pins *pins, enum pins_dir dir, const char *name, int *fd);

/** pins_pin - pin an object with mode 0600. Return: 0; -EEXIST; -errno. */
int pins_pin(const struct pins *pins, enum pins_dir dir, const char *name, int fd);

/** pins_unpin - remove a pin; one that is not there is fine. Return: 0 or -errno. */
int pins_unpin(const struct pins *pins, enum pins_dir dir, const char *name);

/** pins_commit - move new/@name to maps/@name, replacing what is there in one step. */
int pins_commit(const struct pins *pins, const char *name);

/**
 * pins_list - names in a directory, sorted.
 * @names: receives a NULL-terminated array; pins_names_free() releases it. Empty if the directory
 * does not exist.
 *
 * Return: 0 or -errno.
 */
int pins_list(const struct pins *pins, enum pins_dir dir, char ***names);

/** pins_list_dir - pins_list() of any directory. */
int pins_list_dir(const char *path, char ***names);

/** pins_nodes - names of all nodes with something pinned; as pins_list(). */
int pins_nodes(char ***names);

void pins_names_free(char **names);

static inline void pins_names_freep(char ***names)
{
	pins_names_free(*names);
}

#endif
