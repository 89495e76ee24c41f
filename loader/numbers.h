/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Lists of small numbers, such as indices into arrays: one that grows, and many in one piece of
 * memory ("which policies name group 7?").
 */
#ifndef WEFT_LOADER_NUMBERS_H
#define WEFT_LOADER_NUMBERS_H

#include <errno.h>
#include <stddef.h>
#include <linux/types.h>

/** struct numbers - a list that grows. All zero is empty. */
struct numbers {
	__u32 *v;
	size_t n;
	size_t size;
};

/** struct slice - part of a list; valid as long as the list does not change. */
struct slice {
	const __u32 *v;
	size_t n;
};

/** struct pairs - which number goes to which list, in the order wanted there. */
struct pairs {
	struct numbers list;
	struct numbers number;
};

/** struct lists - list i is v[first[i]] .. v[first[i + 1] - 1]. */
struct lists {
	__u32 *first;
	__u32 *v;
};

/** numbers_grow - make room for @more numbers. Return: 0 or -ENOMEM. */
int numbers_grow(struct numbers *list, size_t more);

/** numbers_add - append. Return: 0 or -ENOMEM. */
static inline int numbers_add(struct numbers *list, __u32 number)
{
	if (list->n == list->size && numbers_grow(list, 1))
		return -ENOMEM;
	list->v[list->n++] = number;
	return 0;
}

/** numbers_append - append all of a slice. Return: 0 or -ENOMEM. */
int numbers_append(struct numbers *list, struct slice more);

/** numbers_sort - sort from @from on, and keep each number once. */
void numbers_sort(struct numbers *list, size_t from);

/** numbers_clear - release; the list is empty and usable again. */
void numbers_clear(struct numbers *list);

static inline struct slice numbers_all(const struct numbers *list)
{
	return (struct slice){list->v, list->n};
}

/** pairs_add - @number belongs to list @list. Return: 0 or -ENOMEM. */
static inline int pairs_add(struct pairs *pairs, __u32 list, __u32 number)
{
	int err = numbers_add(&pairs->list, list);

	return err ? err : numbers_add(&pairs->number, number);
}

void pairs_clear(struct pairs *pairs);

/**
 * lists_build - turn pairs into @n lists, each in the order of the pairs.
 * @lists: what it held is released. Release with lists_clear().
 *
 * Linear. Return: 0 or -ENOMEM.
 */
int lists_build(struct lists *lists, size_t n, const struct pairs *pairs);

/** lists_get - list @i. */
static inline struct slice lists_get(const struct lists *lists, size_t i)
{
	return (struct slice){lists->v + lists->first[i], lists->first[i + 1] - lists->first[i]};
}

void lists_clear(struct lists *lists);

#endif
