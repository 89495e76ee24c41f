/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* What agent.c (how the kernel becomes what is wanted) and agent_file.c (what is wanted) share. */
#ifndef WEFT_LOADER_AGENT_PARTS_H
#define WEFT_LOADER_AGENT_PARTS_H

#include "agent.h"

/** struct candidate - what may come in the place of what is wanted. */
struct candidate {
	struct config *wanted;
	const struct cfg_node *self;
};

/**
 * agent_judge - a file and documents together.
 * @node: the name of this node.
 * @out: @wanted is to be released in any case, unless it is adopted.
 *
 * Return: 0; -EINVAL if @diag was told something; -ENOMEM.
 */
int agent_judge(const struct config *file, const struct documents *docs, const char *node,
		struct diag *diag, struct candidate *out);

/** agent_attempt - make the kernel what a candidate wants. Return: @out's err. */
int agent_attempt(struct agent *a, const struct config *cfg, const struct cfg_node *self,
		  const struct agent_try *try, struct outcome *out);

/** agent_adopt - a candidate is what is wanted from now on. */
void agent_adopt(struct agent *a, const struct candidate *c);

/** agent_remember - what is pending after an attempt that was not in vain. */
void agent_remember(struct agent *a, struct outcome *out);

#endif
