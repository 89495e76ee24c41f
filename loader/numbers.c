/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Lists of small numbers; see numbers.h. */
#include "numbers.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_SIZE 16
#define SHORT      16 /* lists up to this long are sorted by insertion */

int numbers_grow(struct numbers *list, size_t more)
{
	size_t size = list->size ? list->size : FIRST_SIZE;
	__u32 *v;

	while (size - list->n < more)
		size *= 2;
	if (size == list->size)
		return 0;
	v = reallocarray(list->v, size, sizeof(*v));
	if (!v)
		return -ENOMEM;
	list->v = v;
	list->size = size;
	return 0;
}

int numbers_append(struct numbers *list, struct slice more)
{
	if (!more.n)
		return 0;
	if (list->size - list->n < more.n && numbers_grow(list, more.n))
		return -ENOMEM;
	memcpy(list->v + list->n, more.v, more.n * sizeof(*more.v));
	list->n += more.n;
	return 0;
}

static int compare(const void *a, const void *b)
{
	__u32 x = *(const __u32 *)a, y = *(const __u32 *)b;

	return x < y ? -1 : x > y;
}

static void insertion_sort(__u32 *v, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		__u32 number = v[i];
		size_t j;

		for (j = i; j && v[j - 1] > number; j--)
			v[j] = v[j - 1];
		v[j] = number;
	}
}

void numbers_sort(struct numbers *list, size_t from)
{
	size_t n = list->n - from, kept = 0;
	__u32 *v;

	if (!n) /* and maybe no memory at all */
		return;
	v = list->v + from;
	if (n <= SHORT)
		insertion_sort(v, n);
	else
		qsort(v, n, sizeof(*v), compare);
	for (size_t i = 0; i < n; i++) {
		if (!i || v[i] != v[i - 1])
			v[kept++] = v[i];
	}
	list->n = from + kept;
}

void numbers_clear(struct numbers *list)
{
	free(list->v);
	*list = (struct numbers){};
}

void pairs_clear(struct pairs *pairs)
{
	numbers_clear(&pairs->list);
	numbers_clear(&pairs->number);
}

int lists_build(struct lists *lists, size_t n, const struct pairs *pairs)
{
	size_t n_pairs = pairs->list.n;
	__u32 *next;

	lists_clear(lists);
	lists->first = calloc(n + 2, sizeof(*lists->first));
	lists->v = calloc(n_pairs + 1, sizeof(*lists->v));
	if (!lists->first || !lists->v) {
		lists_clear(lists);
		return -ENOMEM;
	}

	/* Counted one further on, a list's end moves on to be the next one's beginning. */
	next = lists->first + 1;
	for (size_t i = 0; i < n_pairs; i++)
		next[pairs->list.v[i] + 1]++;
	for (size_t i = 1; i <= n; i++)
		next[i] += next[i - 1];
	for (size_t i = 0; i < n_pairs; i++)
		lists->v[next[pairs->list.v[i]]++] = pairs->number.v[i];
	return 0;
}

void lists_clear(struct lists *lists)
{
	free(lists->first);
	free(lists->v);
	*lists = (struct lists){};
}
