/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Tables as data: what a BPF map holds or should hold, and the difference between the two.
 *
 * One mechanism for every map. compile.c fills tables with what the file wants, map_io.c with what
 * the kernel has, table_diff() compares, map_io.c writes the difference. Nothing here touches the
 * kernel. Keys and values are the bytes of the structs in include/weft/, which have no padding.
 */
#ifndef WEFT_LOADER_TABLES_H
#define WEFT_LOADER_TABLES_H

#include <stdbool.h>
#include <stddef.h>
#include <linux/types.h>

#include "set.h"

/**
 * enum table_id - the maps of bpf/maps.h.
 *
 * The order is the order in which entries are made, so that nothing points to what is not there
 * yet; they are removed in reverse. Names come first: at any moment, whatever is cut off where, an
 * id that stands in some table has its name, and so is not given out again. Policies come before
 * what they judge. TABLE_GENERATION is written in between, see generation.h.
 */
enum table_id {
	TABLE_NODE,
	TABLE_NODE_INFO,
	TABLE_TUN_INFO,
	TABLE_NET_INFO,
	TABLE_PORT_INFO,
	TABLE_RULE_INFO,
	TABLE_FLOW_CONF,
	TABLE_POL_L4,
	TABLE_POL_MATCH,
	TABLE_POL_SETS,
	TABLE_POL_CLASS,
	TABLE_POL_CIDR,
	TABLE_POL_IDENT,
	TABLE_POL_PORTS,
	TABLE_TUNNELS,
	TABLE_NETWORKS,
	TABLE_VNIS,
	TABLE_VTEPS,
	TABLE_PEERS,
	TABLE_GUARDS, /* what a port may do is there before the port is */
	TABLE_PAIRS,
	TABLE_TAGS,
	TABLE_VLANS,
	TABLE_PORTS,
	TABLE_NEIGH, /* and whose an address is before anything is sent there */
	TABLE_FDB,
	TABLE_FLOOD,
	TABLE_GENERATION,
	__TABLE_WANTED_MAX, /* up to here the loader writes; from here on the datapath */
	TABLE_PORT_STAT = __TABLE_WANTED_MAX,
	TABLE_NET_STAT,
	TABLE_DROPS,
	TABLE_ICMP_NEXT,
	TABLE_PORT_STATE,
	TABLE_FLOODED,
	TABLE_BUM_STAT,
	TABLE_MCAST,
	TABLE_MCAST_NET,
	TABLE_RULE_STAT,
	TABLE_FLOWS, /* this and its like may hold a million entries: never read as a whole */
	TABLE_FLOWS_NEW,
	TABLE_FLOWS_OVER,
	TABLE_FRAGS,
	TABLE_FLOW_CLOCK,
	TABLE_FLOW_USE,
	TABLE_NET_USE,
	TABLE_FLOW_STAT,
	TABLE_LEARNED,
	TABLE_LEARN_PORT,
	TABLE_LEARN_NET,
	TABLE_LEARN_VTEP,
	TABLE_LEARN_NODE,
	TABLE_CAP_CONF, /* capture.c's, like the next three; apply only makes them */
	TABLE_CAP_STAT,
	TABLE_CAP_REC,
	TABLE_CAP_OUT,
	TABLE_FILE_INFO, /* apply_file.c's: of which file the lines in TABLE_RULE_INFO are */
	__TABLE_MAX,
};

/** table_is_policy - one of the tables that hold a half for each parity of the generation? */
static inline bool table_is_policy(enum table_id id)
{
	return id >= TABLE_POL_L4 && id <= TABLE_POL_PORTS;
}

/**
 * struct table_desc - shape of a map.
 * @array: keys are the indices 0, 1, ..; an all-zero value stands for "no entry".
 * @percpu: every CPU has its own value, made of __u64 counters only.
 * @mapped: the map can be mapped into memory: an array too large for a system call's pace, of which
 *          little is in use.
 */
struct table_desc {
	const char *name;
	__u32 key_size;
	__u32 value_size;
	bool array;
	bool percpu;
	bool mapped;
};

extern const struct table_desc table_descs[__TABLE_MAX];

/** struct rows - keys and values, one behind the other, as the batch system calls take them. */
struct rows {
	__u8 *keys;
	__u8 *values;
	size_t n;
	size_t size; /* rows there is room for */
};

/** struct table - rows with an index over their keys. */
struct table {
	const struct table_desc *desc;
	struct rows rows;
	struct set index;
};

/** struct tables - one state, wanted or actual. Initialise with tables_init(). */
struct tables {
	struct table t[__TABLE_WANTED_MAX];
};

/**
 * struct table_diff - what turns one table into another.
 * @added: rows to be made.
 * @changed: rows whose value becomes another.
 * @previous: the same keys with the values that @changed replaces.
 * @removed: rows to be deleted, with the values they have.
 */
struct table_diff {
	struct rows added;
	struct rows changed;
	struct rows previous;
	struct rows removed;
};

/** rows_add - append a row; both byte strings are copied. Return: 0 or -ENOMEM. */
int rows_add(struct rows *rows, const struct table_desc *desc, const void *key, const void *value);

/** rows_clear - release the rows; the struct is empty and usable again. */
void rows_clear(struct rows *rows);

/** table_init - an empty table of this shape; @desc must outlive it. */
void table_init(struct table *table, const struct table_desc *desc);

/** table_clear - release a table's rows. */
void table_clear(struct table *table);

/**
 * table_put - add a row, or give the row with this key another value.
 *
 * Return: 0 or -ENOMEM.
 */
int table_put(struct table *table, const void *key, const void *value);

/** table_reserve - make room for @n rows at once. Return: 0 or -ENOMEM. */
int table_reserve(struct table *table, size_t n);

/** table_remove - forget the row with this key, if there is one; the last row takes its place. */
void table_remove(struct table *table, const void *key);

/** table_get - value of the row with this key, or NULL. Valid until the next table_put(). */
const void *table_get(const struct table *table, const void *key);

/** table_key, table_value - row @i of 0 .. rows.n-1. Valid until the next table_put(). */
static inline const void *table_key(const struct table *table, size_t i)
{
	return table->rows.keys + i * table->desc->key_size;
}

static inline const void *table_value(const struct table *table, size_t i)
{
	return table->rows.values + i * table->desc->value_size;
}

/** table_highest_id - the highest key of a table whose keys are numbers; 0 if it is empty. */
__u32 table_highest_id(const struct table *table);

/** tables_init - empty tables of all kinds. */
void tables_init(struct tables *tables);

/** tables_clear - release all tables; they are empty and usable again. Also for _cleanup_(). */
void tables_clear(struct tables *tables);

/**
 * table_diff - what has to be written to make @actual equal @wanted.
 * @diff: an all-zero struct; release with table_diff_clear().
 *
 * Linear in the rows of both. Return: 0 or -ENOMEM, @diff then empty.
 */
int table_diff(const struct table *actual, const struct table *wanted, struct table_diff *diff);

/**
 * table_diff_among - table_diff() that leaves some rows of @actual alone, wanted or not.
 * @counts: whether the row with this key is to be removed if it is not wanted; NULL: all are.
 */
int table_diff_among(const struct table *actual, const struct table *wanted,
		     bool (*counts)(void *arg, const void *key), void *arg,
		     struct table_diff *diff);

void table_diff_clear(struct table_diff *diff);

/** table_diff_empty - whether nothing has to be written. */
static inline bool table_diff_empty(const struct table_diff *diff)
{
	return !diff->added.n && !diff->changed.n && !diff->removed.n;
}

#endif
