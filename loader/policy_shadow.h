/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Which rules never win, and why; for policy_warn.c. */
#ifndef WEFT_LOADER_POLICY_SHADOW_H
#define WEFT_LOADER_POLICY_SHADOW_H

#include "policy_parts.h"

#define SHADOW_FRONT_MAX 3

#define SHADOW_MET  0x01 /* there are peers that it is about */
#define SHADOW_WINS 0x02 /* it is the first for some of them */

/** struct shadow_front - rules that decide before one that never wins. @n: also beyond the array.
 */
struct shadow_front {
	__u32 order[SHADOW_FRONT_MAX];
	size_t n;
};

/**
 * struct shadow - what was found. Set pol.cfg and zero the rest.
 * @state: SHADOW_*, by order.
 * @fronts: by order.
 */
struct shadow {
	struct pol pol;
	__u8 *state;
	struct shadow_front *fronts;
	size_t n_block_classes; /* classes 1 .. n are of address space */
	bool has_nobody;        /* there are addresses without any token */
};

/** shadow_find - do it. Return: 0 or -ENOMEM; shadow_clear() in any case. */
int shadow_find(struct shadow *s);

/** shadow_clear - release everything; for _cleanup_(). */
void shadow_clear(struct shadow *s);

#endif
