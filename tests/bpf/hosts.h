/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The actors of network web by the parts that they play in a conversation: A opens it, B is spoken
 * to, C stands by. Who plays which part is a place, so that one script is played between two ports
 * of node a, towards another node, and from there.
 */
#ifndef WEFT_TEST_HOSTS_H
#define WEFT_TEST_HOSTS_H

#include <stdbool.h>
#include <weft/abi.h>

#include "actors.h"

enum role {
	NONE,
	A,
	B,
	C,
	ALL,      /* broadcast; of IPv6 all nodes' group */
	STRANGER, /* a destination that nobody knows */
	ROLE_MAX,
};

/** enum place - where the conversation takes place. A set of them: 1 << place. */
enum place {
	PLACE_LOCAL, /* A web1, B web2, C web3 */
	PLACE_OUT,   /* A web1, B web-b behind a tunnel, C web2 */
	PLACE_IN,    /* A web-b, B web1, C web2 */
	PLACE_IN6,   /* A web-c, behind an IPv6 tunnel, B web1, C web2 */
	PLACE_MAX,
};

/** struct host - one of the actors. @wire: its port; @tunnel: or the tunnel that leads to it. */
struct host {
	const char *name;
	__u8 mac[6];
	__u8 ip4[4];
	__u8 ip6[16];
	enum wire wire;
	enum tunnel_id tunnel;
};

/** struct stage - what a script is played on. @family: 4 or 6. */
struct stage {
	enum place place;
	int family;
};

/** host_of - who plays @role. */
const struct host *host_of(const struct stage *stage, enum role role);

/** host_is_local - is it a port of node a? */
bool host_is_local(const struct host *host);

/** host_addr - its address of the stage's family, as the tables have it. */
struct weft_addr host_addr(const struct stage *stage, enum role role);

/** place_name - for people. */
const char *place_name(enum place place);

#endif
