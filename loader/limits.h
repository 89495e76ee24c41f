/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* How large the kernel's tables are, from the file's `limits`. */
#ifndef WEFT_LOADER_LIMITS_H
#define WEFT_LOADER_LIMITS_H

#include "tables.h"

struct config;
struct diag;

/**
 * limits_check - complain about limits that the tables exceed.
 * @actual: what the kernel holds: during an apply, what goes and what comes are there together.
 */
void limits_check(const struct config *cfg, const struct tables *wanted,
		  const struct tables *actual, struct diag *diag);

/**
 * limits_entries - size of a map.
 * @wanted, @actual: an array has room for the ids in both, even if they exceed the limit: they do
 * not change as long as their owner lives.
 */
__u32 limits_entries(const struct config *cfg, enum table_id id, const struct tables *wanted,
		     const struct tables *actual);

#endif
