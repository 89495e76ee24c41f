/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Addresses for containers: which one is next. Pure functions of a pool and of what is taken; who
 * keeps what is taken is api_attach.c.
 */
#ifndef WEFT_LOADER_POOL_H
#define WEFT_LOADER_POOL_H

#include <netinet/in.h>
#include <stdbool.h>

#include <weft/abi.h>

#include "config.h"
#include "set.h"

/** pool_take - note that an address is taken. @taken: keys are struct in6_addr. 0 or -ENOMEM. */
int pool_take(struct set *taken, const struct in6_addr *addr);

/**
 * pool_pick - a free address.
 * @network: the pool's.
 * @taken: from pool_take(): those that are not free.
 * @last: the one that was picked last, so that one that has just become free is not used again at
 *        once; NULL: there was none.
 * @out: receives it; IPv4 is IPv4-mapped.
 *
 * Return: 0; -ENOSPC: there is none; -ENOENT: the pool has none of this family.
 */
int pool_pick(const struct cfg_network *network, const struct cfg_pool *pool, bool ipv4,
	      const struct set *taken, const struct in6_addr *last, struct in6_addr *out);

/** pool_subnet - the subnet that an address lies in, or NULL. */
const struct cfg_addr *pool_subnet(const struct cfg_network *network, const struct in6_addr *addr);

/**
 * pool_mac - the MAC address of a container with this address: 0a:58 and the IPv4 address, so that
 * who knows the one knows the other; for IPv6 0a:59 and a hash.
 */
void pool_mac(const struct in6_addr *addr, __u8 mac[static WEFT_ETH_ALEN]);

#endif
