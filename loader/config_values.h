/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The values that rows of a file are made of, each with the place where it stands; see config.h. */
#ifndef WEFT_LOADER_CONFIG_VALUES_H
#define WEFT_LOADER_CONFIG_VALUES_H

#include <netinet/in.h>
#include <stddef.h>
#include <linux/types.h>

/** struct cfg_pos - where a value stands in the file, from 1. The head of each struct below. */
struct cfg_pos {
	int line;
	int column;
};

/** struct cfg_str - a string value; @v is owned by the config, NULL if absent. */
struct cfg_str {
	int line;
	int column;
	char *v;
};

/** struct cfg_num - an unsigned number in the schema's range; also booleans, enums, durations. */
struct cfg_num {
	int line;
	int column;
	__u64 v;
};

/** struct cfg_mac - an Ethernet address in wire order. */
struct cfg_mac {
	int line;
	int column;
	__u8 v[6];
};

/**
 * struct cfg_addr - an IP address, or a prefix.
 * @v: network order; an IPv4 address is IPv4-mapped (::ffff:a.b.c.d), as everywhere in weft.
 * @prefix_len: bits, counted in the address's own family (0..32 or 0..128); full length for a plain
 * address.
 */
struct cfg_addr {
	int line;
	int column;
	struct in6_addr v;
	__u8 prefix_len;
};

/** struct cfg_range - numbers from @first to @last, both included. */
struct cfg_range {
	int line;
	int column;
	__u16 first;
	__u16 last;
};

struct cfg_ranges {
	struct cfg_range *v;
	size_t n;
};

struct cfg_strs {
	struct cfg_str *v;
	size_t n;
};

struct cfg_addrs {
	struct cfg_addr *v;
	size_t n;
};

#endif
