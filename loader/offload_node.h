/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * What is done about a node's uplinks, besides XDP: they are tested before a plan is carried out,
 * and their features are switched after it. See offload.h for what is decided from it.
 */
#ifndef WEFT_LOADER_OFFLOAD_NODE_H
#define WEFT_LOADER_OFFLOAD_NODE_H

struct diag;
struct plan;

/**
 * offload_test - test the uplinks that are not tested yet, or that have changed since, and decide
 * anew. Attaches programs for some tenths of a second, and sends packets to the uplink's own MAC
 * address; leaves nothing behind but what @plan knows.
 * @plan: about to be carried out, and without errors.
 * @diag: of the plan.
 *
 * An uplink that is missing or down is left out; what the rights of this process do not suffice
 * for, is decided by what the interface claims.
 * Return: 0 or -errno of planning anew.
 */
int offload_test(struct plan *plan, struct diag *diag);

/**
 * offload_settle - after apply_plan(): switch features, switch back what is not wanted any more,
 * and remember what was decided.
 * @failed: receives the name of an interface that would not; as long as @done lives.
 *
 * Return: 0; -errno of the first failure, with all others done.
 */
int offload_settle(struct plan *done, const char **failed);

/** offload_restore - switch back all that weft has switched for a node, and forget about it. */
void offload_restore(const char *node);

#endif
