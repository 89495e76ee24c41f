/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * bpf/lib/frag_ranges.h against a model that keeps a flag for every 8 bytes: in every state that a
 * short datagram can get into, with every fragment; then full-size datagrams in random order.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../bpf/lib/frag_ranges.h"

#define UNITS_MAX 8192 /* 65,535 bytes */

/** struct model - what has come, unit by unit. */
struct model {
	bool came[UNITS_MAX + 1]; /* one more, which never comes */
	unsigned int total;
};

static unsigned int pieces(const struct model *m, unsigned int units)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < units; i++)
		n += m->came[i] && !m->came[i + 1];
	return n;
}

/* Is there anything in @start..@end, of that which is @came or not? */
static bool any(const struct model *m, unsigned int start, unsigned int end, bool came)
{
	for (unsigned int i = start; i < end; i++) {
		if (m->came[i] == came)
			return true;
	}
	return false;
}

/* What weft_frag_add() should return; @m is changed as it should change its @f. */
static int model_add(struct model *m, unsigned int units, unsigned int start, unsigned int end,
		     bool last)
{
	if (start >= end)
		return WEFT_FRAG_OVERLAPS;
	if (m->total && (last ? end != m->total : end > m->total))
		return WEFT_FRAG_OVERLAPS;
	if (last && any(m, end, units, true))
		return WEFT_FRAG_OVERLAPS;
	if (any(m, start, end, true))
		return any(m, start, end, false) ? WEFT_FRAG_OVERLAPS : WEFT_FRAG_AGAIN;
	for (unsigned int i = start; i < end; i++)
		m->came[i] = true;
	if (pieces(m, units) > WEFT_FRAG_RANGES) {
		for (unsigned int i = start; i < end; i++)
			m->came[i] = false;
		return WEFT_FRAG_SCATTERED;
	}
	if (last)
		m->total = end;
	return WEFT_FRAG_FITS;
}

static bool model_complete(const struct model *m)
{
	return m->total && !any(m, 0, m->total, false);
}

static bool in_range(const struct weft_frag *f, unsigned int unit)
{
	for (int i = 0; i < WEFT_FRAG_RANGES; i++) {
		if (f->ranges[i].start <= unit && unit < f->ranges[i].end)
			return true;
	}
	return false;
}

/* The same parts, and as few ranges as they need. */
static void assert_equals(const struct weft_frag *f, const struct model *m, unsigned int units)
{
	unsigned int used = 0;

	for (unsigned int i = 0; i < units; i++)
		assert_int_equal(in_range(f, i), m->came[i]);
	for (int i = 0; i < WEFT_FRAG_RANGES; i++)
		used += !!f->ranges[i].end;
	assert_int_equal(used, pieces(m, units));
	assert_int_equal(f->total, m->total);
	assert_int_equal(weft_frag_complete(f), model_complete(m));
}

/* Every state of a datagram of up to SMALL units, found from the empty one on. */
#define SMALL      9 /* five pieces with gaps between them */
#define STATES_MAX 400000
#define TABLE_SIZE (1 << 20)

static struct weft_frag states[STATES_MAX];
static int table[TABLE_SIZE]; /* index of states, and one */
static int n_states;

static uint64_t state_key(const struct weft_frag *f)
{
	uint64_t key = f->total;

	for (int i = 0; i < WEFT_FRAG_RANGES; i++)
		key = key << 8 | f->ranges[i].start << 4 | f->ranges[i].end;
	return key;
}

static void remember(const struct weft_frag *f)
{
	uint64_t key = state_key(f);
	unsigned int slot = (key * 0x9e3779b97f4a7c15ULL) >> 44;

	for (; table[slot]; slot = (slot + 1) % TABLE_SIZE) {
		if (state_key(&states[table[slot] - 1]) == key)
			return;
	}
	assert_true(n_states < STATES_MAX);
	states[n_states++] = *f;
	table[slot] = n_states;
}

static void model_of(struct model *m, const struct weft_frag *f)
{
	*m = (struct model){.total = f->total};
	for (unsigned int i = 0; i < SMALL; i++)
		m->came[i] = in_range(f, i);
}

static int try_small(const struct weft_frag *before, unsigned int start, unsigned int end,
		     bool last)
{
	static struct model m;
	struct weft_frag f = *before;
	int want, got;

	model_of(&m, before);
	want = model_add(&m, SMALL, start, end, last);
	got = weft_frag_add(&f, start, end, last);
	assert_int_equal(got, want);
	if (got == WEFT_FRAG_FITS)
		remember(&f);
	else
		assert_memory_equal(&f, before, sizeof(f));
	assert_equals(&f, &m, SMALL);
	return got;
}

static void test_every_small_state(void **state __attribute__((unused)))
{
	unsigned int seen[4] = {};

	remember(&(struct weft_frag){});
	for (int i = 0; i < n_states; i++) {
		const struct weft_frag before = states[i];

		for (unsigned int start = 0; start <= SMALL; start++) {
			for (unsigned int end = 0; end <= SMALL; end++) {
				seen[try_small(&before, start, end, false)]++;
				seen[try_small(&before, start, end, true)]++;
			}
		}
	}
	/* The states of nine units that have come or not, each with its possible ends, at least. */
	assert_true(n_states > 512);
	for (int i = 0; i < 4; i++)
		assert_true(seen[i] > 0);
}

static void test_in_order(void **state __attribute__((unused)))
{
	struct weft_frag f = {};

	for (unsigned int i = 0; i < 44; i++) {
		assert_int_equal(weft_frag_complete(&f), 0);
		assert_int_equal(weft_frag_add(&f, i * 185, (i + 1) * 185, i == 43),
				 WEFT_FRAG_FITS);
	}
	assert_int_equal(weft_frag_complete(&f), 1);
	assert_int_equal(f.total, 44 * 185);
}

static void test_reversed(void **state __attribute__((unused)))
{
	struct weft_frag f = {};

	for (int i = 43; i >= 0; i--)
		assert_int_equal(weft_frag_add(&f, i * 185, (i + 1) * 185, i == 43),
				 WEFT_FRAG_FITS);
	assert_int_equal(weft_frag_complete(&f), 1);
}

/* Room for the last bytes of the largest datagram, whose end is no multiple of 8. */
static void test_largest(void **state __attribute__((unused)))
{
	struct weft_frag f = {};

	assert_int_equal(weft_frag_add(&f, 0, 8191, 0), WEFT_FRAG_FITS);
	assert_int_equal(weft_frag_add(&f, 8191, 8192, 1), WEFT_FRAG_FITS);
	assert_int_equal(weft_frag_complete(&f), 1);
}

/* Cut points of a datagram: @at[0] = 0 < .. < @at[n] = its end. Return: n. */
static unsigned int cut(unsigned int *at, unsigned int units, unsigned int n)
{
	unsigned int step = units / n;

	for (unsigned int i = 0; i <= n; i++)
		at[i] = i * step + (i && i < n ? rand() % step : 0);
	return n;
}

/* Fragments in random order; some twice, some with a wrong start or end, some that claim the end.
 */
static void test_random_orders(void **state __attribute__((unused)))
{
	static struct model m;
	unsigned int at[33], seen[4] = {}, complete = 0;

	srand(1);
	for (int round = 0; round < 4000; round++) {
		unsigned int n = cut(at, 32 + rand() % (UNITS_MAX - 32), 1 + rand() % 32);
		unsigned int units = at[n] + 8 < UNITS_MAX ? at[n] + 8 : UNITS_MAX;
		bool honest = rand() % 2;
		struct weft_frag f = {};

		memset(&m, 0, sizeof(m));
		for (int i = 0; i < 60; i++) {
			/* Mostly near where the last one was, so that some become complete. */
			unsigned int k = (rand() % 4 ? i + rand() % 3 : rand()) % n;
			unsigned int start = at[k], end = at[k + 1];
			bool last = k + 1 == n;
			int want, got;

			if (!honest && rand() % 8 == 0) {
				start += rand() % 3;
				end -= rand() % 3;
				last ^= rand() % 4 == 0;
			}
			want = model_add(&m, units, start, end, last);
			got = weft_frag_add(&f, start, end, last);
			assert_int_equal(got, want);
			if (honest)
				assert_int_not_equal(got, WEFT_FRAG_OVERLAPS);
			seen[got]++;
		}
		assert_equals(&f, &m, units);
		complete += weft_frag_complete(&f);
	}
	for (int i = 0; i < 4; i++)
		assert_true(seen[i] > 100);
	assert_true(complete > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_small_state), cmocka_unit_test(test_in_order),
		cmocka_unit_test(test_reversed),          cmocka_unit_test(test_largest),
		cmocka_unit_test(test_random_orders),
	};

	return cmocka_run_group_tests_name("frag", tests, NULL, NULL);
}
