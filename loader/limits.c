/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Sizes of the kernel's tables; see limits.h. */
#include "limits.h"

#include <stdbool.h>
#include <string.h>

#include <bpf/libbpf.h>
#include <weft/drop.h>

#include "config.h"
#include "diag.h"

/* Frames that are flooded within a quarter of a second, and compared with what comes back. */
#define FLOODED_FRAMES 4096

/**
 * struct limit - what sizes a table.
 * @name: key in `limits`; NULL: the table has one entry.
 * @offset: in struct cfg_limits.
 * @factor: entries per unit.
 * @share: units per entry, instead.
 * @more: entries besides.
 * @ids: of an array: the table with a row for each id in use; the array has a slot, or @factor of
 *       them, for each id.
 * @counted: that its rows fit is not said by what was checked before.
 * @cpus: it has an entry for each CPU instead.
 */
struct limit {
	const char *name;
	size_t offset;
	__u32 factor;
	__u32 share;
	__u32 more;
	enum table_id ids;
	bool counted;
	bool cpus;
};

#define LIMIT(key) .name = #key, .offset = offsetof(struct cfg_limits, key)
#define HASH(key, by)                                                                              \
	{                                                                                          \
		LIMIT(key), .factor = (by), .counted = true                                        \
	}
#define ARRAY(key, by, names)                                                                      \
	{                                                                                          \
		LIMIT(key), .factor = (by), .ids = (names)                                         \
	}
#define ROOM(key, by, plus)                                                                        \
	{                                                                                          \
		LIMIT(key), .factor = (by), .more = (plus)                                         \
	}
#define SHARE(key, of)                                                                             \
	{                                                                                          \
		LIMIT(key), .share = (of)                                                          \
	}

/* Of policies there are two generations; policy_compile() has counted each. A port has a rule set
 * in each direction, and the numbers of rule sets begin at 2. */
static const struct limit limits[__TABLE_MAX] = {
	[TABLE_TUN_INFO] = HASH(vteps, 1),
	[TABLE_NET_INFO] = HASH(networks, 1),
	[TABLE_PORT_INFO] = HASH(ports, 1),
	[TABLE_RULE_INFO] = HASH(rules, 2), /* old ones stay until new ones have come */
	[TABLE_POL_L4] = ROOM(policy_ranges, 2, 0),
	[TABLE_POL_MATCH] = ROOM(policy_matches, 2, 0),
	[TABLE_POL_SETS] = ROOM(ports, 4, 4),
	[TABLE_POL_CLASS] = ROOM(endpoints, 4, 0), /* no more than TABLE_NEIGH has, twice */
	[TABLE_POL_IDENT] = ROOM(endpoints, 4, 0), /* in two forms, twice */
	[TABLE_POL_CIDR] = ROOM(address_blocks, 2, 0),
	[TABLE_POL_PORTS] = ARRAY(ports, 2, TABLE_PORT_INFO),
	[TABLE_TUNNELS] = ARRAY(vteps, 1, TABLE_TUN_INFO),
	[TABLE_NETWORKS] = ARRAY(networks, 1, TABLE_NET_INFO),
	[TABLE_VNIS] = HASH(networks, 3), /* by VXLAN, Geneve and NVGRE */
	[TABLE_VTEPS] = HASH(vteps, 1),
	[TABLE_PEERS] = HASH(endpoints, 1),
	[TABLE_GUARDS] = ARRAY(ports, 1, TABLE_PORT_INFO),
	[TABLE_PAIRS] = HASH(endpoints, 2),
	[TABLE_TAGS] = ARRAY(ports, 1, TABLE_PORT_INFO),
	[TABLE_VLANS] = HASH(ports, 1),
	[TABLE_PORTS] = HASH(ports, 1),
	[TABLE_FDB] = HASH(endpoints, 1),
	[TABLE_NEIGH] = HASH(endpoints, 2), /* an endpoint has an IPv4 and an IPv6 address */
	[TABLE_FLOOD] = HASH(endpoints, 1),
	[TABLE_PORT_STAT] = ARRAY(ports, 1, TABLE_PORT_INFO),
	[TABLE_NET_STAT] = ARRAY(networks, 1, TABLE_NET_INFO),
	[TABLE_DROPS] = ROOM(ports, __WEFT_DROP_MAX, 0),
	[TABLE_ICMP_NEXT] = ARRAY(ports, 1, TABLE_PORT_INFO),
	[TABLE_PORT_STATE] = ARRAY(ports, 1, TABLE_PORT_INFO),
	[TABLE_FLOODED] = ROOM(ports, 0, FLOODED_FRAMES),
	[TABLE_BUM_STAT] = ARRAY(networks, 1, TABLE_NET_INFO),
	[TABLE_MCAST] = ROOM(multicast_members, 1, 0),
	[TABLE_MCAST_NET] = ARRAY(networks, 1, TABLE_NET_INFO),
	[TABLE_RULE_STAT] = ARRAY(rules, 1, TABLE_RULE_INFO),
	[TABLE_FLOWS] = ROOM(flows, 1, 0),
	[TABLE_FLOWS_NEW] = ROOM(half_open, 1, 0),
	[TABLE_FLOWS_OVER] = SHARE(half_open, 4),
	[TABLE_FRAGS] = ROOM(fragments, 1, 0),
	[TABLE_FLOW_USE] = ARRAY(ports, 1, TABLE_PORT_INFO),
	[TABLE_NET_USE] = ARRAY(networks, 1, TABLE_NET_INFO),
	[TABLE_LEARNED] = ROOM(fdb_learned, 1, 0),
	[TABLE_LEARN_PORT] = ARRAY(ports, 1, TABLE_PORT_INFO),
	[TABLE_LEARN_NET] = ARRAY(networks, 1, TABLE_NET_INFO),
	[TABLE_LEARN_VTEP] = ROOM(endpoints, 1, 0), /* no more than TABLE_PEERS has */
	[TABLE_CAP_OUT] = {.cpus = true},
};

static const struct cfg_num *limit_of(const struct config *cfg, enum table_id id)
{
	return (const struct cfg_num *)((const char *)&cfg->limits + limits[id].offset);
}

__u32 limits_entries(const struct config *cfg, enum table_id id, const struct tables *wanted,
		     const struct tables *actual)
{
	__u32 last, kept;

	if (limits[id].cpus)
		return libbpf_num_possible_cpus();
	if (!limits[id].name)
		return 1;
	last = limit_of(cfg, id)->v;
	if (limits[id].share)
		return last / limits[id].share;
	if (!limits[id].ids)
		return last * limits[id].factor + limits[id].more;

	kept = table_highest_id(&wanted->t[limits[id].ids]);
	last = kept > last ? kept : last;
	kept = table_highest_id(&actual->t[limits[id].ids]);
	last = kept > last ? kept : last;
	return (last + 1) * limits[id].factor; /* ids begin with 1 */
}

/* Rows of @actual that are not in @wanted: they leave only after the new ones have come. */
static size_t leaving(const struct table *wanted, const struct table *actual)
{
	size_t n = 0;

	for (size_t i = 0; i < actual->rows.n; i++)
		n += !table_get(wanted, table_key(actual, i));
	return n;
}

static void check(const struct config *cfg, enum table_id id, const struct tables *wanted,
		  const struct tables *actual, struct diag *diag)
{
	const struct cfg_num *limit = limit_of(cfg, id);
	__u64 room = limit->v * limits[id].factor;
	size_t rows = wanted->t[id].rows.n;
	bool roomy = rows + actual->t[id].rows.n <= room; /* whoever leaves */
	size_t old = rows <= room && !roomy ? leaving(&wanted->t[id], &actual->t[id]) : 0;

	if (rows + old <= room)
		return;
	diag_error(diag, DIAG_AT(*limit, "limits.%s", limits[id].name),
		   "the limit is %llu, which gives the table %s room for %llu entries; %zu are "
		   "needed%s",
		   limit->v, table_descs[id].name, room, rows + old,
		   old ? " until the old ones have gone" : "");
	diag_hint(diag, "raise limits.%s to at least %zu", limits[id].name,
		  (rows + old + limits[id].factor - 1) / limits[id].factor);
}

void limits_check(const struct config *cfg, const struct tables *wanted,
		  const struct tables *actual, struct diag *diag)
{
	for (int id = 0; id < __TABLE_WANTED_MAX; id++)
		if (limits[id].counted)
			check(cfg, id, wanted, actual, diag);
}
