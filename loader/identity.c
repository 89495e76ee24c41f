/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Numbers for sets of groups; see identity.h. */
#include "identity.h"

#include <stdbool.h>
#include <string.h>

#include <weft/abi.h>

#include "config.h"

static __u64 hash_name(const char *name)
{
	__u64 h = 0xcbf29ce484222325ULL;

	for (; *name; name++)
		h = (h ^ (__u8)*name) * 0x100000001b3ULL;
	return h;
}

static bool is_first(const struct cfg_strs *groups, size_t i)
{
	for (size_t j = 0; j < i; j++)
		if (!strcmp(groups->v[j].v, groups->v[i].v))
			return false;
	return true;
}

static __u64 mix(__u64 h)
{
	h ^= h >> 33;
	h *= 0xff51afd7ed558ccdULL;
	h ^= h >> 33;
	h *= 0xc4ceb9fe1a85ec53ULL;
	return h ^ h >> 33;
}

__u32 identity_of(const struct cfg_strs *groups)
{
	__u64 sum = 0;

	for (size_t i = 0; i < groups->n; i++)
		if (is_first(groups, i))
			sum += hash_name(groups->v[i].v);
	return groups->n ? (__u32)(mix(sum) >> 32) | WEFT_IDENTITY_LONG : 0;
}
