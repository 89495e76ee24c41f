/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The generator: a few connections at a time, each with two TCPs that lose, repeat and reorder,
 * shut down, abort, forget; and somebody between them who forges. Beside them what has no
 * connection of its own, see talk.h. Mostly plausible, for what is nonsense is dropped early and
 * proves little.
 */
#ifndef WEFT_DIFF_GEN_H
#define WEFT_DIFF_GEN_H

#include "probe.h"
#include "world.h"

/** gen_seed - begin again. */
void gen_seed(uint64_t seed);

/** gen_next - the next packet for the worlds. */
void gen_next(struct probe *p);

/** gen_result - tell the ends what became of it. */
void gen_result(const struct probe *p, enum verdict v);

#endif
