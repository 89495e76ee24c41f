/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The tunnels of node a: their rows in the tables, and what leaves by them. */
#ifndef WEFT_TEST_TUNNELS_H
#define WEFT_TEST_TUNNELS_H

#include "packet.h"
#include "tables.h"

/** tunnels_fill - into the tables: with who may send into which network. */
void tunnels_fill(void);

/**
 * tunnel_wrap - the packet that leaves by a tunnel.
 * @in: the inner frame, from a port with @identity and @port.
 * @ecn: its TOS or traffic class.
 */
void tunnel_wrap(enum tunnel_id id, const struct packet *in, __u32 vni, __u32 ecn, __u32 identity,
		 __u32 port, struct packet *out);

/** tunnel_header_len - bytes of a tunnel's header. */
__u32 tunnel_header_len(enum tunnel_id id);

#endif
