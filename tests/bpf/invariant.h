/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* What holds for every packet whatsoever; for the tests that make many (test_cut.c, test_mutate.c).
 */
#ifndef WEFT_TEST_INVARIANT_H
#define WEFT_TEST_INVARIANT_H

#include "check.h"

/** struct frame - @linear: XDP: bytes in the first buffer; 0 = all, or as the kernel likes. */
struct frame {
	const __u8 *data;
	__u32 len;
	__u32 linear;
};

/**
 * check_invariants - run a program on a frame: it ends in a verdict that its hook knows, a drop is
 * counted once and nothing else is, what is not ours is left as it was, and what was encapsulated
 * has right lengths and checksum.
 *
 * A failure prints the frame. Return: true if all is well.
 */
bool check_invariants(enum prog prog, enum wire wire, const struct frame *f);

#endif
