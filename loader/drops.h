/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Drop reasons as text: their names and sentences, all from the list in <weft/drop.h>. */
#ifndef WEFT_LOADER_DROPS_H
#define WEFT_LOADER_DROPS_H

#include <stdio.h>

/** drops_name - "MAC_SPOOFED"; NULL for a number that this build does not know. */
const char *drops_name(unsigned int reason);

/** drops_meaning - the sentence that goes with a reason; NULL for a number not known. */
const char *drops_meaning(unsigned int reason);

/** drops_markdown - the reference page of all reasons, docs/drops.md. */
void drops_markdown(FILE *out);

#endif
