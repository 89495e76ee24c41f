/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Rules that never win, found by compiling for all ports of all nodes and looking at who is first
 * where; see policy_parts.h.
 *
 * Of a group it is taken that its members are in no other group, but have the addresses that the
 * file gives them: a rule that is of no use only because of who is in which other group is of use
 * tomorrow.
 */
#include "policy_shadow.h"

#include <stdlib.h>
#include <string.h>

#include "policy_parts.h"

/** struct shadow_run - one pass over all lists. */
struct shadow_run {
	struct shadow *s;
	bool again;                /* second pass: who is in front of the dead ones? */
	struct pol_ranges anybody; /* list about anybody of the rule set at hand */
	struct numbers owners;     /* rules in it that do not win */
	size_t block_classes;      /* of address space, with a list in that rule set */
	bool started;
};

static void mark_before(struct shadow *s, __u32 dead, __u32 order)
{
	struct shadow_front *front = &s->fronts[dead];

	for (size_t i = 0; i < front->n && i < SHADOW_FRONT_MAX; i++) {
		if (front->order[i] == order)
			return;
	}
	if (order == dead)
		return;
	if (front->n < SHADOW_FRONT_MAX)
		front->order[front->n] = order;
	front->n++;
}

/* The last range that does not begin after @point. */
static size_t range_at(const struct pol_ranges *list, __u32 point)
{
	size_t low = 0, high = list->n;

	while (high - low > 1) {
		size_t mid = low + (high - low) / 2;

		if (list->v[mid].start <= point)
			low = mid;
		else
			high = mid;
	}
	return low;
}

/*
 * Call @visit for the winner of each piece of @span, in the list of a class (NULL: of none) and in
 * that about anybody.
 */
static void each_winner(struct shadow_run *run, const struct pol_ranges *class,
			const struct pol_span *span, __u32 who,
			void (*visit)(struct shadow_run *run, __u32 who, __u32 order))
{
	size_t i = range_at(&run->anybody, span->first);
	size_t j = class ? range_at(class, span->first) : 0;
	__u32 point = span->first, next, order;

	while (point <= span->last) {
		order = run->anybody.v[i].order;
		next = i + 1 < run->anybody.n ? run->anybody.v[i + 1].start : POL_POINTS;
		if (class) {
			if (class->v[j].order < order)
				order = class->v[j].order;
			if (j + 1 < class->n && class->v[j + 1].start < next)
				next = class->v[j + 1].start;
		}
		visit(run, who, order);
		i += i + 1 < run->anybody.n && run->anybody.v[i + 1].start == next;
		if (class)
			j += j + 1 < class->n && class->v[j + 1].start == next;
		point = next;
	}
}

static void visit_alive(struct shadow_run *run, __u32 who, __u32 order)
{
	(void)who;
	run->s->state[order] |= SHADOW_WINS;
}

static void visit_front(struct shadow_run *run, __u32 who, __u32 order)
{
	mark_before(run->s, who, order);
}

/* Who wins anywhere in these ranges. Where anybody wins needs no look if all of it shows elsewhere.
 */
static void look(struct shadow_run *run, const struct pol_ranges *class)
{
	for (size_t i = 0; i < class->n; i++) {
		struct pol_span span = {
			.first = class->v[i].start,
			.last = i + 1 < class->n ? class->v[i + 1].start - 1 : POL_POINTS - 1,
		};

		if (class->v[i].order == WEFT_POL_ORDER_NONE && run->s->has_nobody)
			continue;
		each_winner(run, class, &span, 0, visit_alive);
	}
}

/* Who is in front of these rules, where they do not win. */
static void look_again(struct shadow_run *run, const struct pol_ranges *class, struct slice orders)
{
	const struct pol *p = &run->s->pol;

	for (size_t i = 0; i < orders.n; i++) {
		const struct pol_rule *rule = &p->rules[orders.v[i]];

		if (run->s->state[orders.v[i]] & SHADOW_WINS)
			continue;
		for (size_t j = 0; j < rule->n_spans; j++)
			each_winner(run, class, &p->spans[rule->first_span + j], orders.v[i],
				    visit_front);
	}
}

/*
 * A rule set is done. What its list about anybody says is seen by peers without any of its tokens,
 * if there are such: class 0, or a class of address space that got no list of its own.
 */
static void end_set(struct shadow_run *run)
{
	const struct shadow *s = run->s;

	if (!run->started || run->again)
		return;
	if (!s->has_nobody && run->block_classes == s->n_block_classes)
		return;
	for (size_t i = 0; i < run->anybody.n; i++)
		run->s->state[run->anybody.v[i].order] |= SHADOW_WINS;
}

static void begin_set(struct shadow_run *run)
{
	struct pol *p = &run->s->pol;

	end_set(run);
	run->started = true;
	run->block_classes = 0;
	run->anybody.n = 0;
	run->owners.n = 0;
	for (size_t i = 0; i < p->painted.n; i++) {
		__u32 order = p->painted.v[i].order;

		if (pol_grow(p, &run->anybody.v, i, &run->anybody.size, sizeof(*run->anybody.v)))
			return;
		run->anybody.v[run->anybody.n++] = p->painted.v[i];
		if (order < p->n_rules && !(run->s->state[order] & SHADOW_WINS))
			p->err = numbers_add(&run->owners, order);
	}
	numbers_sort(&run->owners, 0);
}

static __u32 take_list(void *arg, size_t set, struct slice orders, bool anybody)
{
	struct shadow_run *run = arg;
	const struct pol_ranges *class = anybody ? NULL : &run->s->pol.painted;

	(void)set;
	for (size_t i = 0; i < orders.n; i++)
		run->s->state[orders.v[i]] |= SHADOW_MET;
	if (anybody)
		begin_set(run);
	if (run->s->pol.err)
		return 0;
	if (run->again)
		look_again(run, class, orders);
	if (run->again && class)
		look_again(run, class, numbers_all(&run->owners));
	if (!run->again && class)
		look(run, class);
	return 0;
}

static void take_match(void *arg, size_t set, __u32 class, __u32 list)
{
	struct shadow_run *run = arg;

	(void)set, (void)list;
	run->block_classes += class && class <= run->s->n_block_classes;
}

static void pass(struct shadow *s, bool again)
{
	struct shadow_run run = {.s = s, .again = again};
	const struct pol_sink sink = {.arg = &run, .list = take_list, .match = take_match};

	if (!s->pol.err)
		pol_lists(&s->pol, &sink);
	end_set(&run);
	free(run.anybody.v);
	numbers_clear(&run.owners);
}

/* Each member of each group by itself, where it is. */
static void add_members(struct pol *p)
{
	for (size_t i = 0; i < p->cfg->ports.n; i++) {
		const struct cfg_addrs *addrs = &p->cfg->ports.v[i].addresses;
		struct slice labels = lists_get(&p->port_labels, i);
		__u32 network = p->port_network[i];

		for (size_t j = 0; j < addrs->n; j++) {
			__u32 block = pol_block_class(p, &addrs->v[j].v);

			for (size_t k = 0; k <= labels.n; k++) {
				__u32 token = k < labels.n ? p->label_token[labels.v[k]]
							   : p->network_token[network];

				if (token != POL_NONE)
					pol_class(p, block, (struct slice){&token, 1}, network);
			}
		}
	}
}

static void make_classes(struct shadow *s)
{
	struct pol *p = &s->pol;

	pol_blocks(p);
	s->n_block_classes = p->n_classes ? p->n_classes - 1 : 0;
	s->has_nobody = !pol_whole_class(p, true) || !pol_whole_class(p, false);
	for (size_t i = 0; i < p->n_nodes; i++)
		s->has_nobody |= !p->nodes[i].class;
	if (!p->err)
		add_members(p);
	if (!p->err)
		pol_classes_end(p);
}

static bool has_dead(const struct shadow *s)
{
	for (size_t i = 0; i < s->pol.n_rules; i++) {
		if (s->state[i] == SHADOW_MET)
			return true;
	}
	return false;
}

int shadow_find(struct shadow *s)
{
	struct pol *p = &s->pol;

	pol_select(p, NULL);
	if (!p->err)
		pol_rules(p);
	s->state = calloc(p->n_all + 1, sizeof(*s->state));
	s->fronts = calloc(p->n_all + 1, sizeof(*s->fronts));
	if (!s->state || !s->fronts)
		p->err = -ENOMEM;
	if (!p->err)
		make_classes(s);
	pass(s, false);
	if (!p->err && has_dead(s))
		pass(s, true);
	return p->err;
}

void shadow_clear(struct shadow *s)
{
	pol_clear(&s->pol);
	free(s->state);
	free(s->fronts);
}
