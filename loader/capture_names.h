/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Names for the ids in records, from the node's maps; read again when a file has been applied. */
#ifndef WEFT_LOADER_CAPTURE_NAMES_H
#define WEFT_LOADER_CAPTURE_NAMES_H

#include <linux/types.h>

#include <weft/policy.h>

#include "rule_read.h"
#include "show.h"

struct pins;

/** struct capture_names - what the maps said when they were read last. */
struct capture_names {
	const struct pins *pins;
	struct view view;
	struct rules rules; /* their names only */
	struct weft_generation generation;
};

/**
 * capture_names_read - read all names.
 * @pins: must outlive @names.
 * @names: uninitialised; capture_names_clear() releases it, after a failure too.
 * @failed: receives the map that a failure is about.
 *
 * Return: as view_read().
 */
int capture_names_read(const struct pins *pins, struct capture_names *names, const char **failed);

/**
 * capture_names_refresh - read them again if a file has been applied since. Keeps the old ones if
 * that fails.
 */
void capture_names_refresh(struct capture_names *names);

/** capture_names_clear - release them. Also for _cleanup_(). */
void capture_names_clear(struct capture_names *names);

/** capture_names_rule - what is known of a rule, or NULL. */
const struct weft_rule_info *capture_names_rule(const struct capture_names *names, __u32 rule);

#endif
