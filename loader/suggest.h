/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * "Did you mean ...?": the known word nearest to a mistyped one.
 *
 *	struct suggestion s = { .word = "wbe" };
 *
 *	suggest_try(&s, "web");   for every known word
 *	if (s.best) ...
 */
#ifndef WEFT_LOADER_SUGGEST_H
#define WEFT_LOADER_SUGGEST_H

#include <stddef.h>

/** struct suggestion - a search for the word meant. Set @word; the rest starts as zero. */
struct suggestion {
	const char *word;
	const char *best; /* nearest candidate so far, if any is near enough; not owned */
	size_t distance;  /* of @best, in edits */
	size_t gap;       /* of @best, in length */
};

/** suggest_try - consider one candidate. It must outlive @s. */
void suggest_try(struct suggestion *s, const char *candidate);

#endif
