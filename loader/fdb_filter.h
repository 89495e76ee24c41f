/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Static and learned MAC addresses as one kind of thing, and which of them are meant: conditions of
 * a command line, all of which an address has to meet.
 */
#ifndef WEFT_LOADER_FDB_FILTER_H
#define WEFT_LOADER_FDB_FILTER_H

#include <stdbool.h>

#include <weft/fdb.h>

struct value_problem;
struct view;

/** enum fdb_by - conditions. */
enum fdb_by {
	FDB_BY_MAC,  /* @text: the address */
	FDB_BY_VTEP, /* @text: behind this remote VTEP */
	FDB_BY_LOCAL,
	FDB_BY_REMOTE, /* behind a VTEP, or on a wire */
	FDB_BY_LEARNED,
	FDB_BY_STATIC,
	__FDB_BY_MAX,
};

/**
 * struct fdb_filter - conditions. All zero: every address.
 * @set: bits 1 << enum fdb_by.
 * @network: id; 0 = any.
 * @port: id of a port of this node; 0 = any.
 */
struct fdb_filter {
	unsigned int set;
	__u32 network;
	__u32 port;
	__u8 mac[WEFT_ETH_ALEN];
	struct weft_addr vtep;
};

/**
 * struct fdb_seen - an address in one of the two tables.
 * @at: where it is.
 * @learned: its entry in weft_learned; NULL: it is static.
 */
struct fdb_seen {
	const struct weft_fdb_key *key;
	struct weft_hop at;
	const struct weft_learned *learned;
};

/** fdb_static - a row of weft_fdb. */
struct fdb_seen fdb_static(const struct weft_fdb_key *key, const struct weft_fdb_entry *entry);

/** fdb_learned - a row of weft_learned. */
struct fdb_seen fdb_learned(const struct weft_fdb_key *key, const struct weft_learned *entry);

/**
 * fdb_filter_set - add a condition.
 * @text: of those that have one.
 * @problem: set on failure, both its members.
 *
 * Return: true; false if the text is wrong: @filter is then unchanged.
 */
bool fdb_filter_set(struct fdb_filter *filter, enum fdb_by by, const char *text,
		    struct value_problem *problem);

/** fdb_filter_match - is this address meant? @view: needs TABLE_TUNNELS. */
bool fdb_filter_match(const struct fdb_filter *filter, const struct view *view,
		      const struct fdb_seen *seen);

/** fdb_filter_empty - is every address meant? */
static inline bool fdb_filter_empty(const struct fdb_filter *filter)
{
	return !filter->set && !filter->network && !filter->port;
}

#endif
