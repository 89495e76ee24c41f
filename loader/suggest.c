/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Nearest word by edit distance; see suggest.h. */
#include "suggest.h"

#include <string.h>

#define MAX_LEN 64

static size_t min2(size_t a, size_t b)
{
	return a < b ? a : b;
}

static size_t max2(size_t a, size_t b)
{
	return a > b ? a : b;
}

/*
 * Edits (insert, delete, replace a letter, swap two neighbours) that turn @a into @b: optimal
 * string alignment. Row i of the usual matrix needs only the two rows before it.
 */
static size_t edit_distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
	size_t rows[3][MAX_LEN + 1];
	size_t i, j, cost;

	for (j = 0; j <= b_len; j++)
		rows[0][j] = j;
	for (i = 1; i <= a_len; i++) {
		size_t *row = rows[i % 3], *above = rows[(i + 2) % 3], *above2 = rows[(i + 1) % 3];

		row[0] = i;
		for (j = 1; j <= b_len; j++) {
			cost = a[i - 1] != b[j - 1];
			row[j] = min2(min2(above[j], row[j - 1]) + 1, above[j - 1] + cost);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				row[j] = min2(row[j], above2[j - 2] + 1);
		}
	}
	return rows[a_len % 3][b_len];
}

/* One slip in a short word, up to three in a long one; more is another word. */
static size_t tolerance(size_t len)
{
	return min2(max2(len / 3, 1), 3);
}

void suggest_try(struct suggestion *s, const char *candidate)
{
	size_t word_len = strnlen(s->word, MAX_LEN + 1), len = strnlen(candidate, MAX_LEN + 1);
	size_t longer = max2(word_len, len), gap = longer - min2(word_len, len), distance;

	if (longer > MAX_LEN || longer < 2 || gap > tolerance(longer))
		return;
	distance = edit_distance(s->word, word_len, candidate, len);
	if (distance > tolerance(longer))
		return;
	/* Of two as near, the one of more similar length: letters swap more often than they go. */
	if (s->best && (distance > s->distance || (distance == s->distance && gap >= s->gap)))
		return;
	s->best = candidate;
	s->distance = distance;
	s->gap = gap;
}
