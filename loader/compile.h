/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * From the file to table entries. A pure function: what it has to know of the machine is handed in
 * (facts.c finds it out), so a test can make up any machine.
 *
 * Ids (of ports, networks, tunnels) and places in replication lists are taken over from the state
 * that the kernel already holds, so that an apply changes no more than the file does. A new id is
 * the lowest that was not in use before either: within one apply no id means two things.
 */
#ifndef WEFT_LOADER_COMPILE_H
#define WEFT_LOADER_COMPILE_H

#include <netinet/in.h>
#include <stdbool.h>
#include <linux/types.h>

#include <weft/abi.h>

#include "tables.h"

/* MTU of a network without tunnels, as far as nothing else says one. */
#define COMPILE_NO_MTU 0xffff

struct cfg_node;
struct config;
struct diag;

/**
 * struct port_fact - what a local port's interface is.
 * @ifindex: 0: not a local port, or unusable.
 * @nic: it takes in only what is for itself, unless it is made promiscuous.
 * @promisc: somebody made it so.
 */
struct port_fact {
	__u32 ifindex;
	enum weft_delivery delivery;
	bool nic;
	bool promisc;
};

/** struct uplink_fact - what an uplink's interface is. @ifindex 0: unusable. */
struct uplink_fact {
	__u32 ifindex;
	__u32 mtu; /* bytes */
	bool promisc;
};

/**
 * struct compile_input - everything compile() looks at.
 * @node: this node; one of @cfg's.
 * @ports: by index of cfg->ports.
 * @uplinks: by index of node->uplinks.
 * @guard: interface of weft-vxlan, 0 = none.
 * @tick_ns: length of one of the kernel's ticks.
 * @route: which uplink leads to @remote (IPv4 is IPv4-mapped), an index into @uplinks; only called
 *         if the node has uplinks.
 * @previous: what the kernel holds; all empty on a first apply.
 */
struct compile_input {
	const struct config *cfg;
	const struct cfg_node *node;
	const struct port_fact *ports;
	const struct uplink_fact *uplinks;
	__u32 guard;
	__u32 tick_ns;
	size_t (*route)(void *arg, const struct in6_addr *remote);
	void *route_arg;
	const struct tables *previous;
};

/**
 * compile - fill the tables for one node.
 * @diag: told what cannot be done: a tunnel too narrow for its network.
 * @out: initialised and empty tables; release them in any case.
 *
 * Ports and uplinks with an unusable interface are left out; whoever found them so has said so.
 *
 * Return: 0, also if @diag was told something; -ENOMEM.
 */
int compile(const struct compile_input *in, struct diag *diag, struct tables *out);

#endif
