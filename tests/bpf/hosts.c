/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Who plays which part; see hosts.h. */
#include <string.h>

#include "hosts.h"

/* clang-format off */
static const struct host web1 = { "web1", MAC_WEB1, IP4_WEB1, IP6_WEB1, .wire = WEB1 };
static const struct host web2 = { "web2", MAC_WEB2, IP4_WEB2, IP6_WEB2, .wire = WEB2 };
static const struct host web3 = { "web3", MAC_WEB3, IP4_WEB3, IP6_WEB3, .wire = WEB3 };
static const struct host web_b = { "web-b", MAC_WEB_B, IP4_WEB_B, IP6_WEB_B, .tunnel = TUNNEL_B };
static const struct host web_c = { "web-c", MAC_WEB_C, IP4_WEB_C, IP6_WEB_C, .tunnel = TUNNEL_C };
static const struct host all4 = { "all", MAC_BROADCAST, IP4_BROADCAST, IP6_NONE, .wire = STRAY };
static const struct host all6 = { "all", MAC_ALL_NODES, IP4_NONE, IP6_ALL_NODES, .wire = STRAY };
static const struct host stranger = { "a stranger", MAC_NOBODY, IP4_WEB_NOBODY, IP6_WEB_NOBODY,
	.wire = STRAY };
/* clang-format on */

const struct host *host_of(const struct stage *stage, enum role role)
{
	static const struct host *const cast[PLACE_MAX][ROLE_MAX] = {
		[PLACE_LOCAL] = {[A] = &web1, [B] = &web2, [C] = &web3},
		[PLACE_OUT] = {[A] = &web1, [B] = &web_b, [C] = &web2},
		[PLACE_IN] = {[A] = &web_b, [B] = &web1, [C] = &web2},
		[PLACE_IN6] = {[A] = &web_c, [B] = &web1, [C] = &web2},
	};

	if (role == ALL)
		return stage->family == 4 ? &all4 : &all6;
	return role == STRANGER ? &stranger : cast[stage->place][role];
}

bool host_is_local(const struct host *host)
{
	return !host->tunnel;
}

struct weft_addr host_addr(const struct stage *stage, enum role role)
{
	const struct host *host = host_of(stage, role);
	struct weft_addr a = {.bytes = {[10] = 0xff, [11] = 0xff}};

	if (stage->family == 4)
		memcpy(a.bytes + 12, host->ip4, sizeof(host->ip4));
	else
		memcpy(a.bytes, host->ip6, sizeof(host->ip6));
	return a;
}

const char *place_name(enum place place)
{
	static const char *const names[PLACE_MAX] = {
		[PLACE_LOCAL] = "on one node",
		[PLACE_OUT] = "to another node",
		[PLACE_IN] = "from another node",
		[PLACE_IN6] = "from another node over IPv6",
	};

	return names[place];
}
