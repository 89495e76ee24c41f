/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* generation.c: the numbers of weft_generation, whatever happens to an apply. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "generation.h"
#include "set.h"
#include "util.h"

static const struct generation_change nothing,
	policy = {.policy = true}, forwarding = {.forwarding = true},
	removal = {.forwarding = true, .removal = true}, fresh = {.fresh = true};

static void check(struct weft_generation got, __u32 policy_is, __u32 forwarding_is)
{
	assert_int_equal(got.policy, policy_is);
	assert_int_equal(got.forwarding, forwarding_is);
}

static void first_is_one(void **state __attribute__((unused)))
{
	const struct generation_change all = {.policy = true, .forwarding = true};
	struct generations g = generations_plan((struct weft_generation){}, all);

	check(g.kept, 0, 0);
	check(g.begin, 1, 1);
	check(g.turn, 1, 2);
	check(g.end, 1, 2);
}

static void without_change_nothing_is_written(void **state __attribute__((unused)))
{
	const struct weft_generation was = {.policy = 7, .forwarding = 20};
	struct generations g = generations_plan(was, nothing);

	assert_true(generation_same(&g.kept, &was) && generation_same(&g.begin, &was));
	assert_true(generation_same(&g.turn, &was) && generation_same(&g.end, &was));
}

static void policies_alone_take_one_word(void **state __attribute__((unused)))
{
	struct generations g =
		generations_plan((struct weft_generation){.policy = 7, .forwarding = 20}, policy);

	check(g.begin, 8, 20);
	check(g.end, 8, 20);
	check(g.undone, 7, 22); /* another pair than before: some were decided under the new one */
}

static void forwarding_is_odd_while_it_changes(void **state __attribute__((unused)))
{
	const struct weft_generation was = {.policy = 7, .forwarding = 20};
	struct generations g = generations_plan(was, forwarding);

	check(g.begin, 7, 21);
	check(g.turn, 7, 22);
	check(g.end, 7, 22);
	assert_int_equal(g.undoing.forwarding & 1, 1);
	check(g.undone, 7, 24);
	/* Nobody is to learn again what is about to be removed. */
	g = generations_plan(was, removal);
	check(g.begin, 7, 21);
	check(g.turn, 7, 23);
	check(g.end, 7, 24);
}

static void killed_apply_is_completed(void **state __attribute__((unused)))
{
	struct generations g =
		generations_plan((struct weft_generation){.policy = 7, .forwarding = 21}, nothing);

	assert_int_equal(g.end.policy, 7);
	assert_int_equal(g.end.forwarding & 1, 0);
	assert_true(g.end.forwarding > 21);
}

static void fresh_tables_have_their_own(void **state __attribute__((unused)))
{
	const struct weft_generation was = {.policy = 7, .forwarding = 20};
	struct generations g = generations_plan(was, fresh);

	assert_int_equal(g.kept.policy, 7);
	assert_int_equal(g.kept.forwarding & 1, 1);
	assert_int_equal(g.begin.policy, 7);
	assert_true(g.begin.forwarding > g.kept.forwarding && g.kept.forwarding > 20);
	assert_int_equal(g.end.forwarding & 1, 0);
}

/**
 * struct history - a node's life.
 * @pinned: the row in the map that the next apply finds.
 * @seen: rows that flows may have been decided under -> content of the policies.
 * @content: of the policies in force by @pinned.
 */
struct history {
	struct weft_generation pinned;
	struct set seen;
	size_t content;
	size_t contents;
};

/* A row comes into force, with these policies: it must not have stood for others. */
static void in_force(struct history *h, const struct weft_generation *row, size_t content)
{
	size_t before;

	if (set_add(&h->seen, row, sizeof(*row), content, &before))
		assert_int_equal(before, content);
}

/* One that is to have flows decided again must not have been seen at all. */
static void in_force_anew(struct history *h, const struct weft_generation *row, size_t content)
{
	assert_int_equal(set_add(&h->seen, row, sizeof(*row), content, NULL), 0);
}

enum fate { DONE, KILLED, UNDONE };

static void undo(struct history *h, const struct generations *g)
{
	in_force_anew(h, &g->undone, h->content);
	assert_int_equal(g->undone.policy, g->was.policy);
	h->pinned = g->undone;
}

/* An apply that gets as far as the row with the number @end. */
static void apply(struct history *h, struct generation_change change, int end, enum fate fate)
{
	const struct generations g = generations_plan(h->pinned, change);
	const struct weft_generation *rows[] = {&g.begin, &g.turn, &g.end}, *last = &g.kept;
	size_t content = change.policy ? ++h->contents : h->content;

	assert_int_equal((g.begin.policy ^ g.was.policy) & 1, change.policy);
	if (!generation_same(&g.kept, &g.was)) {
		in_force_anew(h, &g.kept, h->content);
		h->pinned = g.kept;
	}
	for (int i = 0; i < end; i++) {
		if (!generation_same(rows[i], last))
			in_force_anew(h, rows[i], content);
		last = rows[i];
		if (!change.fresh && h->pinned.policy != rows[i]->policy)
			h->content = content;
		if (!change.fresh)
			h->pinned = *rows[i];
	}
	if (fate == UNDONE && end && !generation_same(&g.begin, &g.was)) {
		if (change.policy && !change.fresh)
			h->content = content - 1;
		return;
	}
	if (fate == DONE) {
		assert_int_equal(g.end.forwarding & 1, 0);
		h->pinned = g.end;
		h->content = content;
	}
	in_force(h, &h->pinned, h->content);
}

static void no_row_stands_for_two_things(void **state __attribute__((unused)))
{
	unsigned int seed = 4711;

	for (int life = 0; life < 200; life++) {
		struct history h = {};

		for (int i = 0; i < 100; i++) {
			unsigned int dice = rand_r(&seed);
			struct generation_change change = {
				.policy = !h.pinned.policy || dice & 1,
				.forwarding = dice & 2,
				.removal = (dice & 6) == 6,
				.fresh = dice & 8,
			};
			enum fate fate = dice >> 4 & 3;
			int end = fate == DONE ? 3 : (int)(dice >> 6) % 4;
			struct generations g = generations_plan(h.pinned, change);
			size_t content = h.content;

			apply(&h, change, end, fate);
			if (fate == UNDONE && end && !generation_same(&g.begin, &g.was)) {
				h.content = content;
				undo(&h, &g);
			}
		}
		set_clear(&h.seen);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(first_is_one),
		cmocka_unit_test(without_change_nothing_is_written),
		cmocka_unit_test(policies_alone_take_one_word),
		cmocka_unit_test(forwarding_is_odd_while_it_changes),
		cmocka_unit_test(killed_apply_is_completed),
		cmocka_unit_test(fresh_tables_have_their_own),
		cmocka_unit_test(no_row_stands_for_two_things),
	};

	return cmocka_run_group_tests_name("generation", tests, NULL, NULL);
}
