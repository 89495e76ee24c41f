/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* What stands in the maps for the packet tests (actors.h), and the counters that come back. */
#ifndef WEFT_TEST_TABLES_H
#define WEFT_TEST_TABLES_H

#include <stdbool.h>
#include <stdio.h>
#include <weft/abi.h>
#include <weft/guard.h>
#include <weft/multicast.h>

#include "actors.h"

/** tables_fill - write every table from the actors; also undoes what a test changed. */
void tables_fill(void);

/** table_put, table_delete, table_clear - an entry of a map, or all of them. */
void table_put(const char *map, const void *key, const void *val);
void table_delete(const char *map, const void *key);
void table_clear(const char *map);

/* What single tests change. */
void put_network_mtu(enum network_id id, __u16 mtu);
void put_node(const __u8 *vtep4, const __u8 *vtep6, __u16 vxlan_port); /* NULL = none */
void put_encaps(__u16 geneve_port, bool nvgre);                        /* after put_node() */
void put_member(enum network_id net, enum weft_flood_kind kind, __u32 slot,
		const struct weft_flood_member *member); /* NULL = empty slot */
void port_security_off(void);
void put_guard(enum wire wire, const struct weft_guard *guard);
void put_pair(enum wire wire, const __u8 mac[static 6], const struct weft_addr *addr,
	      __u32 prefix_len, __u32 what); /* NULL = the MAC address alone */
void put_role(enum network_id net, const __u8 mac[static 6], __u16 role);
void put_routed(enum network_id net, const __u8 mac[static 6],
		bool on);                                /* a router's, or no more */
void put_network_flags(enum network_id id, __u16 flags); /* besides those it has */
void put_tunnel_ifindex(enum tunnel_id id, __u32 ifindex);
void put_icmp_next(enum wire wire, __u64 at_ns);
__u64 get_icmp_next(enum wire wire);

/** enum counter - the traffic counters; a number of counter_name(). */
enum counter_kind {
	C_FROM_PORT = 1,
	C_TO_PORT,
	C_NET_FROM_PORTS,
	C_NET_TO_PORTS,
	C_NET_FROM_UNDERLAY,
	C_NET_TO_UNDERLAY,
	C_DROP,
	C_MAX,
};

/** struct moved - a counter that went up. @id: port or network; @reason: of a drop. */
struct moved {
	enum counter_kind kind;
	__u32 id;
	enum weft_drop reason;
	__u64 packets;
	__u64 bytes;
};

#define MOVED_MAX 64

/**
 * counters_moved - what went up since the last call.
 * @moved: filled in order of kind, id and reason.
 * Return: how many.
 */
int counters_moved(struct moved moved[static MOVED_MAX]);

/** counters_print - for people. */
void counters_print(const struct moved *moved, int n, FILE *out);

/** drop_name - of a reason. */
const char *drop_name(enum weft_drop reason);

#endif
