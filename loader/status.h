/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * What `weft status` knows of a node: its tables (show.h), and whether each port and uplink they
 * name still has its interface, with our programs on it. Reads only.
 */
#ifndef WEFT_LOADER_STATUS_H
#define WEFT_LOADER_STATUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <linux/types.h>

#include <weft/flow.h>

#include "attach.h"
#include "datapath.h"
#include "netlink.h"
#include "print.h"
#include "show.h"

struct diag;
struct plan;

/** enum member_state - how a port or uplink is; the greater, the worse. */
enum member_state {
	MEMBER_ATTACHED,
	MEMBER_OUTDATED,  /* forwards by a program that is not this weft's */
	MEMBER_DETACHED,  /* the interface is there, a program of ours is not on it */
	MEMBER_MISSING,   /* the interface is not there */
	MEMBER_ELSEWHERE, /* the node is attached in another network namespace */
	__MEMBER_STATE_MAX,
};

/**
 * struct member - a port or uplink as the tables name it.
 * @info: its names.
 * @port: its row in weft_ports, or NULL.
 * @iface: its interface as it is now, or NULL.
 * @attachment: what is attached there, or NULL.
 */
struct member {
	__u32 id;
	const struct weft_port_info *info;
	const struct weft_port *port;
	const struct iface *iface;
	const struct attachment *attachment;
	enum member_state state;
};

/**
 * struct status - a node in this network namespace.
 * @members: ports, then uplinks, then weft-vxlan, each sorted by name.
 * @n_ports: how many of the @n_members are ports.
 * @states: how many ports are in each state.
 * @attached: by network id, how many of its ports are attached.
 */
struct status {
	struct view view;
	struct maps maps;
	struct ifaces ifaces;
	struct progs progs;
	struct attachments attachments;
	struct member *members;
	size_t n_members;
	size_t n_ports;
	size_t states[__MEMBER_STATE_MAX];
	__u32 *attached;
};

/**
 * status_read - look at a node.
 * @progs: programs that are known already; NULL = none.
 * @status: uninitialised; status_clear() releases it, after a failure too.
 * @failed: receives what a failure is about.
 *
 * Return: 0; -ENOENT if a map is not pinned; -EPROTO if one has another layout; -errno.
 */
int status_read(const struct pins *pins, struct progs *progs, struct status *status,
		const char **failed);

/** status_clear - release what status_read() made. Also for _cleanup_(). */
void status_clear(struct status *status);

/** status_whole - whether every port and uplink is attached and current. */
bool status_whole(const struct status *status);

/** member_state_name - "attached" and so on. */
const char *member_state_name(enum member_state state);

/** member_interface - name of its interface: now, or when it was last seen. */
const char *member_interface(const struct member *member);

/** member_xdp_name - "native", "generic", "off", or "lost" for one that was there; of an uplink. */
const char *member_xdp_name(const struct member *member);

/**
 * struct verdict - a node against a file.
 * @file: its name; NULL if no file was given: the rest is then empty.
 * @plan: what would have to be done to make the node what the file says.
 * @errors: why that cannot be done; @plan is then no good. NULL if it can.
 * @in_step: everything is attached and, with a file, there is nothing to be done; without a file
 * but with an agent, the agent says so too.
 * @agent: what the node's agent says of itself; NULL: none runs.
 */
struct verdict {
	const char *file;
	const struct plan *plan;
	struct diag *errors;
	bool in_step;
	json_t *agent;
};

/** status_agent_in_step - whether an agent says so. */
bool status_agent_in_step(const json_t *agent);

/** status_agent_print - a line of the summary; nothing for NULL. */
void status_agent_print(const json_t *agent, FILE *out);

/**
 * status_agent_table - what it waits for, behind an empty line; nothing if for nothing.
 *
 * Return: as print_table().
 */
int status_agent_table(const json_t *agent, FILE *out);

/** status_print - for people, to standard output. Return: 0 or -errno. */
int status_print(const struct status *status, const struct verdict *verdict);

/** status_json - all of it for programs, owned by the caller; NULL without memory. */
json_t *status_json(const struct status *status, const struct verdict *verdict);

/** status_print_json - for programs, to standard output. Return: 0 or -errno. */
int status_print_json(const struct status *status, const struct verdict *verdict);

/**
 * struct firewall - what is in force, and how much room there is for flows.
 * @rules: rules and defaults that this node enforces.
 * @established: entries of weft_flows, of at most @limit.
 * @stat: what happened in the flow tables since they were made.
 * @pressure: who has used up most of his room, or was refused some.
 */
struct firewall {
	struct weft_generation generation;
	size_t rules;
	__u64 established;
	__u32 limit;
	struct weft_flow_stat stat;
	struct print_table pressure;
};

/**
 * firewall_read - sum up what a status has read; status_flows.c.
 * @firewall: uninitialised; firewall_clear() releases it, after a failure too.
 *
 * Return: 0 or -errno.
 */
int firewall_read(const struct status *status, struct firewall *firewall);

/** firewall_clear - also for _cleanup_(). */
void firewall_clear(struct firewall *firewall);

/** firewall_print - the lines of a summary. */
void firewall_print(const struct firewall *firewall, FILE *out);

/** firewall_json - all of it, owned by the caller; NULL without memory. */
json_t *firewall_json(const struct firewall *firewall);

/**
 * offloads_fill - a table of how uplinks work, and why; status_offload.c.
 * @out: uninitialised; print_clear() releases it.
 */
void offloads_fill(const struct status *status, struct print_table *out);

/**
 * troubles_fill - a table of the storms and loops there were; status_trouble.c.
 * @out: uninitialised; print_clear() releases it.
 */
void troubles_fill(const struct status *status, struct print_table *out);

/**
 * struct learning - learned MAC addresses.
 * @learned: entries of weft_learned, of at most @limit.
 * @pressure: who has used up most of his share, or was refused some.
 * @held: addresses that moved too often lately.
 */
struct learning {
	__u64 learned;
	__u32 limit;
	struct print_table pressure;
	struct print_table held;
};

/**
 * learning_read - sum up what a status has read; status_learning.c.
 * @learning: uninitialised; learning_clear() releases it, after a failure too.
 *
 * Return: 0 or -errno.
 */
int learning_read(const struct status *status, struct learning *learning);

/** learning_clear - also for _cleanup_(). */
void learning_clear(struct learning *learning);

/** learning_print - the line of a summary. */
void learning_print(const struct learning *learning, FILE *out);

/** learning_json - all of it, owned by the caller; NULL without memory. */
json_t *learning_json(const struct learning *learning);

/**
 * struct differences - a plan as tables.
 * @entries: table entries to be written.
 * @programs: programs to be attached, replaced and detached.
 */
struct differences {
	struct print_table entries;
	struct print_table programs;
};

/** differences_fill - list what a plan would do; nothing for NULL. */
void differences_fill(const struct plan *plan, struct differences *out);

/** differences_clear - release a list. Also for _cleanup_(). */
void differences_clear(struct differences *differences);

#endif
