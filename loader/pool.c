/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Addresses for containers; see pool.h. */
#include "pool.h"

#include <errno.h>
#include <string.h>

#include "util.h"
#include "value.h"

int pool_take(struct set *taken, const struct in6_addr *addr)
{
	int err = set_add(taken, addr, sizeof(*addr), 0, NULL);

	return err == -EEXIST ? 0 : err;
}

const struct cfg_addr *pool_subnet(const struct cfg_network *network, const struct in6_addr *addr)
{
	const struct cfg_addr one = {.v = *addr, .prefix_len = value_is_ipv4(addr) ? 32 : 128};

	for (size_t i = 0; i < network->subnets.n; i++)
		if (value_holds(&network->subnets.v[i], &one))
			return &network->subnets.v[i];
	return NULL;
}

/* The prefix as bits of the 16 bytes that hold it. */
static unsigned int bits_of(const struct cfg_addr *prefix)
{
	return prefix->prefix_len + (value_is_ipv4(&prefix->v) ? 96 : 0);
}

static struct in6_addr last_of(const struct cfg_addr *prefix)
{
	struct in6_addr addr = prefix->v;

	for (unsigned int bit = bits_of(prefix); bit < 128; bit++)
		addr.s6_addr[bit / 8] |= 0x80 >> bit % 8;
	return addr;
}

/* Programs take the first and the last address of an IPv4 prefix for something else than a host's.
 */
static void ends_of(const struct cfg_addr *cidr, struct in6_addr *from, struct in6_addr *to)
{
	*from = cidr->v;
	*to = last_of(cidr);
	if (value_is_ipv4(&cidr->v) && cidr->prefix_len <= 30) {
		from->s6_addr[15]++;
		to->s6_addr[15]--;
	}
}

/* Return: false behind the last address there is. */
static bool step(struct in6_addr *addr)
{
	for (int i = 15; i >= 0; i--)
		if (++addr->s6_addr[i])
			return true;
	return false;
}

static bool within(const struct cfg_addr *prefix, const struct in6_addr *addr)
{
	const struct in6_addr last = last_of(prefix);

	return memcmp(addr, &prefix->v, sizeof(*addr)) >= 0 &&
	       memcmp(addr, &last, sizeof(*addr)) <= 0;
}

/* Nobody's to have: the subnet itself and its broadcast; the routers' anycast address of IPv6,
 * RFC 4291 section 2.6.1; and gateways. */
static bool is_reserved(const struct cfg_network *network, const struct cfg_addr *subnet,
			const struct in6_addr *addr)
{
	const struct in6_addr last = last_of(subnet);
	bool ipv4 = value_is_ipv4(addr);

	if (bits_of(subnet) < 127 && !memcmp(addr, &subnet->v, sizeof(*addr)))
		return true;
	if (ipv4 && subnet->prefix_len < 31 && !memcmp(addr, &last, sizeof(*addr)))
		return true;
	for (size_t i = 0; i < network->pools.n; i++) {
		const struct cfg_addrs *gateways = &network->pools.v[i].gateways;

		for (size_t j = 0; j < gateways->n; j++)
			if (!memcmp(&gateways->v[j].v, addr, sizeof(*addr)))
				return true;
	}
	return false;
}

static const struct cfg_addr *exception(const struct cfg_pool *pool, const struct in6_addr *addr)
{
	for (size_t i = 0; i < pool->except.n; i++)
		if (within(&pool->except.v[i], addr))
			return &pool->except.v[i];
	return NULL;
}

/* From @from up to and including @to. A whole exception is stepped over at once. */
static int pick_between(const struct cfg_network *network, const struct cfg_pool *pool,
			const struct set *taken, struct in6_addr from, const struct in6_addr *to,
			struct in6_addr *out)
{
	const struct cfg_addr *subnet, *except;

	while (memcmp(&from, to, sizeof(from)) <= 0) {
		except = exception(pool, &from);
		subnet = pool_subnet(network, &from);
		if (except) {
			from = last_of(except);
		} else if (subnet && !is_reserved(network, subnet, &from) &&
			   !set_find(taken, &from, sizeof(from), NULL)) {
			*out = from;
			return 0;
		}
		if (!step(&from))
			break;
	}
	return -ENOSPC;
}

int pool_pick(const struct cfg_network *network, const struct cfg_pool *pool, bool ipv4,
	      const struct set *taken, const struct in6_addr *last, struct in6_addr *out)
{
	size_t n = pool->cidrs.n, first = 0, any = 0;
	struct in6_addr from, to;

	/* Behind @last in its prefix, then the others in turn, and at last what is before it. */
	for (size_t i = 0; i < n && last; i++)
		if (within(&pool->cidrs.v[i], last))
			first = i;
	for (size_t i = 0; i <= n; i++) {
		const struct cfg_addr *cidr = &pool->cidrs.v[n ? (first + i) % n : 0];

		if (!n || value_is_ipv4(&cidr->v) != ipv4)
			continue;
		any++;
		ends_of(cidr, &from, &to);
		if (!i && last && within(cidr, last)) {
			from = *last;
			if (!step(&from))
				continue;
		}
		if (!pick_between(network, pool, taken, from, &to, out))
			return 0;
	}
	return any ? -ENOSPC : -ENOENT;
}

/* FNV-1a, 32 bits. */
static __u32 hash(const __u8 *bytes, size_t len)
{
	__u32 h = 2166136261u;

	while (len--)
		h = (h ^ *bytes++) * 16777619u;
	return h;
}

void pool_mac(const struct in6_addr *addr, __u8 mac[static WEFT_ETH_ALEN])
{
	__u32 h = hash(addr->s6_addr, sizeof(*addr));

	mac[0] = 0x0a;
	mac[1] = value_is_ipv4(addr) ? 0x58 : 0x59;
	if (value_is_ipv4(addr))
		memcpy(mac + 2, addr->s6_addr + 12, 4);
	else
		memcpy(mac + 2, &h, 4);
}
