/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Learned MAC addresses, as the tests look at them and set them up. */
#ifndef WEFT_TEST_LEARN_H
#define WEFT_TEST_LEARN_H

#include <stdbool.h>

#include <weft/fdb.h>

#include "actors.h"

/* clang-format off */
#define MAC_L1 { 0x02, 0, 0, 0, 7, 1 }
#define MAC_L2 { 0x02, 0, 0, 0, 7, 2 }
#define MAC_L3 { 0x02, 0, 0, 0, 7, 3 }
#define MAC_L4 { 0x02, 0, 0, 0, 7, 4 }
#define MAC_L5 { 0x02, 0, 0, 0, 7, 5 }
/* clang-format on */

/* What learn_begin() sets. */
enum {
	LEARN_AGE_MS = 20000,
	LEARN_PORT_LIMIT = 4,
	LEARN_NET_LIMIT = 10,
	LEARN_VTEP_LIMIT = 3,
};

/** struct mac - an address, by value. */
struct mac {
	__u8 b[WEFT_ETH_ALEN];
};

#define A_MAC(...) ((struct mac){__VA_ARGS__})

/**
 * learn_begin - check_begin(), with ports web1 and web3 and the network web learning.
 * @setup: what else; may be NULL.
 */
void learn_begin(void (*setup)(void));

/** learn_end - check_learn_use() and check_end(), with all tables as they were. */
void learn_end(void);

/** learn_clear - forget every learned address, and who had how many. */
void learn_clear(void);

/** learn_port - a port learns, up to @limit addresses. @flags: WEFT_PORT_* besides. */
void learn_port(enum wire wire, __u32 limit, __u16 flags);

/** learn_network - a network has learned addresses. @flags: WEFT_NET_* besides. */
void learn_network(enum network_id net, __u16 flags, __u32 age_ms, __u32 limit, __u32 vtep_limit);

/**
 * learn_find - where a learned address is.
 * @entry: receives what the table says; may be NULL.
 * Return: TO() or VIA() of it; 0 = it is not in the table.
 */
__u32 learn_find(enum network_id net, struct mac mac, struct weft_learned *entry);

/** learn_put - an entry as it is to be. */
void learn_put(enum network_id net, struct mac mac, const struct weft_learned *entry);

/** learn_age - make every entry @ms older, its moves and the last sweep too. */
void learn_age(__u32 ms);

/** Who has how many: a port, a network, a VTEP in a network. */
struct weft_learn_use learn_port_use(enum wire wire);
struct weft_learn_use learn_net_use(enum network_id net);
struct weft_learn_use learn_vtep_use(enum tunnel_id tunnel, enum network_id net);

/** learn_node - what is about the whole table. */
struct weft_learn_node learn_node(void);

/** check_learn_use - do the counts agree with what is in the table? */
bool check_learn_use(void);

#endif
