/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Carrying out a plan as one transaction, and taking a node down.
 *
 *	make what is new    maps; names; policies, into the half of their tables that is not in
 *	                    force; put them in force; then entries, each before what points to it
 *	switch              programs loaded, then TC, then XDP, each interface in one step
 *	remove what is old  programs first, then entries, in reverse, then the old policies
 *
 * Policies change at one moment, with one word (generation.h). It comes before ports and endpoints
 * do, so that a new port is never without its policies, not for a packet; and a port that leaves is
 * judged by rows of its own until it has left.
 *
 * A failure anywhere undoes what was done, in reverse. Being killed anywhere leaves a mixture of
 * old and new that forwards, under policies that are whole, and that the next apply completes.
 */
#ifndef WEFT_LOADER_APPLY_H
#define WEFT_LOADER_APPLY_H

#include <stddef.h>

struct journal;
struct pins;
struct plan;
struct plan_summary;

/**
 * apply_plan - carry out a plan.
 * @plan: from plan_make(), made while the node's lock was held.
 * @journal: all zero; tells what failed, and what could not be undone.
 *
 * Return: 0; -errno with everything undone. bpf_log.h may have more to say.
 */
int apply_plan(struct plan *plan, struct journal *journal);

/** apply_wait - until no packet is on its way that began before. */
void apply_wait(void);

/**
 * struct down_summary - what was removed: attached programs, and pinned maps.
 */
struct down_summary {
	size_t programs;
	size_t maps;
};

/**
 * down_node - remove all that weft made for a node: programs, then pins. Goes on after a failure,
 * so that as much as possible goes.
 * @what: receives what failed first, in words; NULL if nothing did. The caller frees it.
 *
 * Return: 0, also if nothing was there; -EEXIST if the node is attached in another network
 * namespace, nothing then removed; another -errno.
 */
int down_node(const struct pins *pins, struct down_summary *summary, char **what);

/**
 * apply_devices - after apply_plan(): see to weft's own devices, see devices.h.
 * @done: the plan that was carried out.
 * @sum: what is done here is added.
 *
 * Return: 0; -errno if they could not be made what they should be: worth a note, no more.
 */
int apply_devices(const struct plan *done, struct plan_summary *sum);

#endif
