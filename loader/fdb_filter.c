/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Which MAC addresses are meant; see fdb_filter.h. */
#include "fdb_filter.h"

#include <stdio.h>
#include <string.h>

#include "config.h"
#include "show.h"
#include "value.h"

struct fdb_seen fdb_static(const struct weft_fdb_key *key, const struct weft_fdb_entry *entry)
{
	struct fdb_seen seen = {.key = key};

	if (entry->kind != WEFT_FDB_REMOTE)
		seen.at = (struct weft_hop){.target = entry->ifindex,
					    .port = entry->port,
					    .kind = entry->kind == WEFT_FDB_LOCAL ? WEFT_HOP_LOCAL
										  : WEFT_HOP_WIRE,
					    .delivery = entry->delivery};
	else
		seen.at = (struct weft_hop){.target = entry->tunnel, .kind = WEFT_HOP_TUNNEL};
	return seen;
}

struct fdb_seen fdb_learned(const struct weft_fdb_key *key, const struct weft_learned *entry)
{
	return (struct fdb_seen){.key = key, .at = entry->where, .learned = entry};
}

static bool wrong(struct value_problem *problem, const char *right)
{
	if (!problem->right.s[0])
		snprintf(problem->right.s, sizeof(problem->right.s), "%s", right);
	return false;
}

static bool set_mac(struct fdb_filter *filter, const char *text, struct value_problem *problem)
{
	static const struct schema_type type = {.kind = SCHEMA_MAC};
	struct cfg_mac mac = {};

	if (!value_parse(&type, text, &mac, problem))
		return wrong(problem, "write a MAC address, such as 02:00:00:00:00:01");
	memcpy(filter->mac, mac.v, sizeof(filter->mac));
	return true;
}

static bool set_vtep(struct fdb_filter *filter, const char *text, struct value_problem *problem)
{
	static const struct schema_type type = {.kind = SCHEMA_ADDRESS};
	struct cfg_addr addr = {};

	if (!value_parse(&type, text, &addr, problem))
		return wrong(problem, "write the address of a VTEP, such as 192.0.2.2");
	memcpy(&filter->vtep, &addr.v, sizeof(filter->vtep));
	return true;
}

bool fdb_filter_set(struct fdb_filter *filter, enum fdb_by by, const char *text,
		    struct value_problem *problem)
{
	bool right = true;

	*problem = (struct value_problem){};
	if (by == FDB_BY_MAC)
		right = set_mac(filter, text, problem);
	else if (by == FDB_BY_VTEP)
		right = set_vtep(filter, text, problem);
	if (right)
		filter->set |= 1u << by;
	return right;
}

static bool is_behind(const struct fdb_filter *filter, const struct view *view,
		      const struct weft_hop *at)
{
	const struct weft_tunnel *tunnel = NULL;

	if (at->kind == WEFT_HOP_TUNNEL)
		tunnel = table_get(&view->t[TABLE_TUNNELS], &at->target);
	return tunnel && !memcmp(&tunnel->remote, &filter->vtep, sizeof(filter->vtep));
}

static bool meets(const struct fdb_filter *filter, enum fdb_by by, const struct view *view,
		  const struct fdb_seen *seen)
{
	switch (by) {
	case FDB_BY_MAC:
		return !memcmp(seen->key->mac, filter->mac, sizeof(filter->mac));
	case FDB_BY_VTEP:
		return is_behind(filter, view, &seen->at);
	case FDB_BY_LOCAL:
		return seen->at.kind == WEFT_HOP_LOCAL;
	case FDB_BY_REMOTE:
		return seen->at.kind != WEFT_HOP_LOCAL;
	case FDB_BY_LEARNED:
		return seen->learned;
	case FDB_BY_STATIC:
		return !seen->learned;
	case __FDB_BY_MAX:
		break;
	}
	return false;
}

bool fdb_filter_match(const struct fdb_filter *filter, const struct view *view,
		      const struct fdb_seen *seen)
{
	if (filter->network && filter->network != seen->key->network)
		return false;
	if (filter->port && filter->port != seen->at.port)
		return false;
	for (int by = 0; by < __FDB_BY_MAX; by++)
		if (filter->set & 1u << by && !meets(filter, by, view, seen))
			return false;
	return true;
}
