/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Numbered flows: what flows.c and progrun.c write into one frame to make many connections of it.
 * The side that opened a flow is the client, whichever way a frame goes.
 */
#ifndef BENCH_FLOW_PORTS_H
#define BENCH_FLOW_PORTS_H

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define FLOW_PORT     1024  /* client port of flow 0 */
#define FLOW_PORTS    62500 /* client ports, before the server's port changes */
#define FLOW_MAX      (64UL * FLOW_PORTS)
#define FLOW_AT_PORTS 34 /* of the source port behind Ethernet and IPv4 headers, in bytes */

static inline void flow_port_set(uint8_t *frame, unsigned int at, unsigned int port)
{
	frame[at] = (uint8_t)(port >> 8);
	frame[at + 1] = (uint8_t)port;
}

static inline uint16_t flow_port_get(const uint8_t *frame, unsigned int at)
{
	return (uint16_t)(frame[at] << 8 | frame[at + 1]);
}

/* @client_at, @server_at: where the two ports are, in bytes. @server_port: of flow 0. */
static inline void flow_ports_set(uint8_t *frame, unsigned int client_at, unsigned int server_at,
				  unsigned long flow, unsigned int server_port)
{
	flow_port_set(frame, client_at, (unsigned int)(FLOW_PORT + flow % FLOW_PORTS));
	flow_port_set(frame, server_at, (unsigned int)(server_port + flow / FLOW_PORTS));
}

#endif
