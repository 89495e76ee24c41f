/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Segments that no end has sent: numbers at the edges of what a flow lets by, and flags at will. */
#ifndef WEFT_DIFF_FORGE_H
#define WEFT_DIFF_FORGE_H

#include "peer.h"
#include "probe.h"

/** forge - a segment that pretends to come from @end of @tuple's connection. */
void forge(const struct probe *tuple, enum end end, struct seg *s);

#endif
