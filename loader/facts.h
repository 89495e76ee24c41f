/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * What compile.c has to know of this machine, and what about the file does not fit it: an interface
 * that is missing, an address that is not configured. Looks at the current network namespace;
 * changes nothing.
 */
#ifndef WEFT_LOADER_FACTS_H
#define WEFT_LOADER_FACTS_H

#include "compile.h"
#include "devices.h"
#include "netlink.h"

/**
 * struct facts - the machine as the file needs it.
 * @ports, @uplinks: see struct compile_input.
 * @devices: weft's own devices as they are.
 * @tick_ns: length of one of the kernel's ticks: 1/HZ.
 * @detours: number of remote VTEPs whose route does not lead out by an uplink; tunnels to them use
 *           the first.
 * @detour: one of them.
 */
struct facts {
	const struct config *cfg;
	const struct cfg_node *node;
	struct ifaces ifaces;
	struct routes *routes;
	struct port_fact *ports;
	struct uplink_fact *uplinks;
	struct devices devices;
	__u32 tick_ns;
	size_t detours;
	struct in6_addr detour;
};

/**
 * facts_read - look at the machine.
 * @cfg, @node: must outlive @facts.
 * @diag: told everything that is wrong, or only missing so far: ports and uplinks that it was told
 *        of are unusable, see compile.h.
 * @facts: all zero; release with facts_clear() in any case.
 *
 * Return: 0, also if @diag was told something; -errno if the kernel could not be asked.
 */
int facts_read(const struct config *cfg, const struct cfg_node *node, struct diag *diag,
	       struct facts *facts);

/**
 * facts_pretend - make up the interfaces that are missing, for a file that is only asked what it
 * would do: ports and uplinks get numbers that no interface has, uplinks 1500 bytes.
 */
void facts_pretend(struct facts *facts);

/** facts_clear - release what facts_read() made. Also for _cleanup_(). */
void facts_clear(struct facts *facts);

/** facts_route - struct compile_input's @route; @arg is the struct facts. */
size_t facts_route(void *arg, const struct in6_addr *remote);

#endif
