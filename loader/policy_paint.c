/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Rules laid over each other: which one is the first at each point of (protocol, port)? See
 * policy_parts.h.
 *
 * All points where a span begins or ends cut the line into pieces. The rules, in their order, each
 * take the pieces of their spans that are still free; a free piece knows where the next one may be,
 * so that no piece is looked at twice by more than a constant.
 */
#include "policy_parts.h"

#include <string.h>

static void gather_starts(struct pol *p, struct slice orders)
{
	p->starts.n = 0;
	p->err = numbers_add(&p->starts, 0);
	for (size_t i = 0; i < orders.n; i++) {
		const struct pol_rule *rule = &p->rules[orders.v[i]];

		for (size_t j = 0; j < rule->n_spans && !p->err; j++) {
			const struct pol_span *span = &p->spans[rule->first_span + j];

			p->err = numbers_add(&p->starts, span->first);
			if (!p->err && span->last + 1 < POL_POINTS)
				p->err = numbers_add(&p->starts, span->last + 1);
		}
	}
	numbers_sort(&p->starts, 0);
}

/* The first piece that does not begin before @point. */
static size_t piece_at(const struct pol *p, __u32 point)
{
	size_t low = 0, high = p->starts.n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (p->starts.v[mid] < point)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* The first free piece from @i on. Halves the way there for those who ask next. */
static __u32 next_free(struct pol *p, __u32 i)
{
	__u32 *next = p->next.v;

	while (next[i] != i) {
		next[i] = next[next[i]];
		i = next[i];
	}
	return i;
}

static void take(struct pol *p, __u32 order)
{
	const struct pol_rule *rule = &p->rules[order];

	for (size_t j = 0; j < rule->n_spans; j++) {
		const struct pol_span *span = &p->spans[rule->first_span + j];
		__u32 i = next_free(p, piece_at(p, span->first));
		__u32 end = piece_at(p, span->last + 1);

		while (i < end) {
			p->owner.v[i] = order;
			p->next.v[i] = i + 1;
			i = next_free(p, i + 1);
		}
	}
}

static void add_range(struct pol *p, __u32 start, __u32 order)
{
	struct weft_pol_range *range;

	if (pol_grow(p, &p->painted.v, p->painted.n, &p->painted.size, sizeof(*range)))
		return;
	range = &p->painted.v[p->painted.n++];
	*range = (struct weft_pol_range){.start = start, .order = WEFT_POL_ORDER_NONE};
	if (order == POL_NONE)
		return;
	range->order = order;
	range->rule = p->rules[order].id;
	range->action = p->rules[order].action;
	range->flags = p->rules[order].flags;
}

void pol_paint(struct pol *p, struct slice orders, __u32 fallback)
{
	size_t n;

	p->painted.n = 0;
	if (p->err)
		return;
	gather_starts(p, orders);
	n = p->starts.n;
	p->owner.n = p->next.n = 0;
	if (p->err || numbers_grow(&p->owner, n) || numbers_grow(&p->next, n + 1)) {
		p->err = -ENOMEM;
		return;
	}
	for (size_t i = 0; i <= n; i++) {
		p->next.v[i] = i;
		if (i < n)
			p->owner.v[i] = fallback;
	}
	for (size_t i = 0; i < orders.n; i++)
		take(p, orders.v[i]);
	for (size_t i = 0; i < n && !p->err; i++) {
		if (!i || p->owner.v[i] != p->owner.v[i - 1])
			add_range(p, p->starts.v[i], p->owner.v[i]);
	}
}
