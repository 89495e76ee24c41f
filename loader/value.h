/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * One scalar of a configuration file: from text to a checked value, and back. Knows nothing of
 * YAML, positions or other keys; decode.c does.
 */
#ifndef WEFT_LOADER_VALUE_H
#define WEFT_LOADER_VALUE_H

#include <stdbool.h>
#include <netinet/in.h>
#include <linux/types.h>

#include "schema.h"

struct cfg_addr;

/** struct value_problem - why a text is not the value it should be. */
struct value_problem {
	const char *wrong;        /* predicate to the text: "has host bits set" */
	struct schema_text right; /* what to write instead; empty: what the type expects */
};

/** struct value_text - a value as the file would spell it. */
struct value_text {
	char s[INET6_ADDRSTRLEN + sizeof("/128")];
};

/**
 * value_parse - decode a scalar.
 * @type: any kind but LIST and TABLE.
 * @out: the struct of config.h for that kind; its position is left alone. Strings are allocated.
 * @problem: set on failure.
 *
 * Return: true; false if the text is wrong: @out is then unchanged, except that a NAME keeps its
 * text, so that references to it still find it.
 */
bool value_parse(const struct schema_type *type, const char *text, void *out,
		 struct value_problem *problem);

/** value_addr - an address without its prefix length: "10.9.0.11". */
struct value_text value_addr(const struct cfg_addr *addr);

/** value_prefix - a prefix: "10.9.0.0/24". */
struct value_text value_prefix(const struct cfg_addr *prefix);

/** value_mac - an Ethernet address: "02:00:00:00:00:01". */
struct value_text value_mac(const __u8 mac[static 6]);

/** value_protocol - "tcp", "any"; NULL for a protocol that the file knows by its number only. */
const char *value_protocol(__u64 number);

/** value_is_ipv4 - is this an IPv4 address or prefix (IPv4-mapped inside)? */
static inline bool value_is_ipv4(const struct in6_addr *addr)
{
	return IN6_IS_ADDR_V4MAPPED(addr);
}

/** value_mask - clear the bits of @addr beyond @prefix_len, counted in its own family. */
void value_mask(struct in6_addr *addr, unsigned int prefix_len);

/** value_compare - order of prefixes: IPv4 before IPv6, then by address, then the larger first. */
int value_compare(const struct cfg_addr *x, const struct cfg_addr *y);

/** value_holds - whether a prefix has all addresses of another, or an address. */
bool value_holds(const struct cfg_addr *prefix, const struct cfg_addr *addr);

#endif
