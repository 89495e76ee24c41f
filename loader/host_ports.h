/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Host ports: ports by which a node itself is in a network, to reach its workloads and be reached.
 * A veth pair with both ends on the node, made and removed by weft: one end is a port like any
 * other, the other has the port's MAC and IP addresses and is the node's.
 *
 *     host_ports_bring()    before a plan: what is missing is made, down and without addresses
 *     host_ports_settle()   after an apply, when the port is guarded: addresses, MTU, up; what the
 *                           file does not have any more is removed
 *
 * An alias tells whose they are, so that nothing has to be remembered.
 */
#ifndef WEFT_LOADER_HOST_PORTS_H
#define WEFT_LOADER_HOST_PORTS_H

#include <stddef.h>

#include "set.h"

struct cfg_node;
struct config;
struct plan;

/**
 * host_ports_bring - make the pairs that are missing.
 * @made: receives the names of the ports' ends that were made; all zero before.
 * @what: receives what failed, in words, which the caller frees; NULL before.
 *
 * Return: 0; -EEXIST: an interface of such a name is somebody else's, who is then left alone;
 * another -errno. What was made stays either way, see host_ports_take_back().
 */
int host_ports_bring(const struct config *cfg, const struct cfg_node *node, struct set *made,
		     char **what);

/** host_ports_take_back - remove what host_ports_bring() has made, the apply having failed. Once it
 * is carried out they stay, whatever becomes of their addresses: they are ports. */
void host_ports_take_back(const struct config *cfg, const struct cfg_node *node,
			  const struct set *made);

/** host_ports_settle - see above. @what: as before. Return: 0 or the first -errno; all is tried. */
int host_ports_settle(const struct plan *done, char **what);

/** host_ports_remove - remove all of a node's. Return: 0 or -errno. */
int host_ports_remove(const char *node);

#endif
