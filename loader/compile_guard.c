/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* What each port may send and get: port security, isolation, storm control; see weft/guard.h. */
#include "compile_parts.h"

#include <errno.h>
#include <string.h>

#include <weft/guard.h>

#include "value.h"

#define NS_PER_S 1000000000ULL

/* struct weft_isolation's numbers for communities. */
#define COMMUNITIES (0x10000 - WEFT_ISO_COMMUNITY)

static __u32 hash_name(const char *name)
{
	__u32 hash = 2166136261u; /* FNV-1a */

	for (; *name; name++)
		hash = (hash ^ (__u8)*name) * 16777619u;
	return hash ^ hash >> 16;
}

/*
 * A community's number comes from its name, so that it is the same in every apply, whatever else
 * the file has; two names that would get the same number are told apart in the order of the file.
 */
static __u16 community_of(struct compiler *c, const char *name)
{
	__u16 number;
	size_t known;

	if (set_find(&c->communities, name, strlen(name), &known))
		return known;
	number = hash_name(name) % COMMUNITIES;
	while (set_find(&c->community_numbers, &number, sizeof(number), NULL))
		number = (number + 1) % COMMUNITIES;
	if (set_add(&c->community_numbers, &number, sizeof(number), 0, NULL) == -ENOMEM ||
	    set_add(&c->communities, name, strlen(name), number + WEFT_ISO_COMMUNITY, NULL) ==
		    -ENOMEM)
		c->err = -ENOMEM;
	return number + WEFT_ISO_COMMUNITY;
}

__u16 compile_guard_role(struct compiler *c, const struct cfg_port *port)
{
	if (port->isolation.v == CFG_ISOLATED)
		return WEFT_ISO_ISOLATED;
	if (port->isolation.v == CFG_COMMUNITY)
		return community_of(c, port->community.v);
	return WEFT_ISO_PROMISCUOUS;
}

static __u32 storm_ns(const struct cfg_num *port, const struct cfg_num *network)
{
	const struct cfg_num *limit = port->line ? port : network;

	return limit->line ? NS_PER_S / limit->v : 0;
}

static __u16 flags_of(const struct cfg_port *port, const struct cfg_network *network)
{
	__u16 flags = 0;

	if (port->port_security.v && !port->learning.v)
		flags |= WEFT_GUARD_SECURE;
	if (port->addresses.n || port->allowed_address_pairs.n)
		flags |= WEFT_GUARD_ADDRS;
	if (port->allowed_address_pairs.n)
		flags |= WEFT_GUARD_PAIRS;
	if (port->dhcp_server.v)
		flags |= WEFT_GUARD_DHCP;
	if (port->router.v)
		flags |= WEFT_GUARD_ROUTER;
	if (network->loop_protection.v == CFG_LOOP_BLOCK)
		flags |= WEFT_GUARD_LOOP_BLOCK;
	return flags;
}

/* Rows of one key say all that any of them says: ::/0 has the key of the MAC address alone. */
static void put_pair(struct compiler *c, const struct weft_pair_key *key, __u32 what)
{
	const __u32 *there = table_get(&c->out->t[TABLE_PAIRS], key);

	what |= WEFT_PAIR_MAC | (there ? *there : 0);
	compile_put(c, TABLE_PAIRS, key, &what);
}

static void compile_pair(struct compiler *c, const struct cfg_port *port,
			 const struct cfg_pair *pair, __u32 id)
{
	const struct cfg_mac *mac = pair->mac.line ? &pair->mac : &port->mac;
	bool ipv4 = value_is_ipv4(&pair->address.v);
	struct weft_pair_key key = {.prefixlen = WEFT_PAIR_BITS, .port = id};

	memcpy(key.mac, mac->v, sizeof(key.mac));
	put_pair(c, &key, 0);
	memcpy(&key.addr, &pair->address.v, sizeof(key.addr));
	key.prefixlen += pair->address.prefix_len + (ipv4 ? 96 : 0);
	put_pair(c, &key, ipv4 ? WEFT_PAIR_IPV4 : WEFT_PAIR_IPV6);
}

void compile_guard_port(struct compiler *c, const struct cfg_port *port, size_t network, __u32 id)
{
	const struct cfg_network *net = &c->cfg->networks.v[network];
	const struct cfg_storm *own = &port->storm_control, *all = &net->storm_control;
	struct weft_guard guard = {
		.flags = flags_of(port, net),
		.isolation = compile_guard_role(c, port),
		.storm_ns =
			{
				[WEFT_STORM_BROADCAST] = storm_ns(&own->broadcast, &all->broadcast),
				[WEFT_STORM_MULTICAST] = storm_ns(&own->multicast, &all->multicast),
				[WEFT_STORM_UNKNOWN] =
					storm_ns(&own->unknown_unicast, &all->unknown_unicast),
			},
	};
	static const struct weft_guard nothing;

	if (guard.flags & WEFT_GUARD_LOOP_BLOCK)
		guard.loop_block_ms = net->loop_block.v;
	if (memcmp(&guard, &nothing, sizeof(guard)) != 0) /* which is the same as no row */
		compile_put(c, TABLE_GUARDS, &id, &guard);
	for (size_t i = 0; i < port->allowed_address_pairs.n; i++)
		compile_pair(c, port, &port->allowed_address_pairs.v[i], id);
}
