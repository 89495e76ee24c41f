/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Plays scripts, see script.h: step by step, at each place, over both IP versions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include "dump.h"
#include "rows.h"
#include "script.h"
#include "script_play.h"
#include "tests.h"
#include "wires.h"

/** struct performance - a script on a stage, as a test. */
struct performance {
	const char *name;
	char title[160];
	const struct script *script;
	struct stage stage;
	play_fn *play;
};

static bool is_over(const struct step *step)
{
	return !step->by && !step->policy && !step->change && !step->wait_ms && !step->flow.look;
}

static void before(const struct stage *stage, const struct step *step)
{
	const struct timespec wait = {step->wait_ms / 1000, step->wait_ms % 1000 * 1000000};

	if (step->policy)
		hand_apply(stage, step->policy);
	if (step->change)
		step->change(stage);
	if (step->wait_ms)
		nanosleep(&wait, NULL);
}

static void play_step(const struct performance *p, const struct step *step)
{
	static struct packet frame, answer;
	struct moves want = {};

	before(&p->stage, step);
	if (step->by) {
		script_frame(&p->stage, step, &frame);
		if (step->answer)
			script_answer(&p->stage, step, &frame, &answer);
		p->play(&p->stage, step, &frame, &answer, &want);
		check_moves_soon(&want);
	}
	if (step->flow.look)
		script_check_flow(&p->stage, p->script, step);
	check_flow_use();
}

static void run(void **state)
{
	const struct performance *p = *state;
	const struct script *script = p->script;

	check_begin();
	put_flow_conf(&script->conf);
	if (script->policy)
		hand_apply(&p->stage, script->policy);
	for (int i = 0; i < STEPS_MAX && !is_over(&script->steps[i]); i++) {
		int failures = check_failures();

		play_step(p, &script->steps[i]);
		if (check_failures() > failures) {
			fprintf(stderr, "# at step %d\n", i + 1);
			break; /* what follows would only be confused */
		}
	}
	hand_clear();
	tables_fill();
	check_end();
}

static bool fits(const struct script *s, const struct stage *stage)
{
	return (!s->places || s->places & 1u << stage->place) &&
	       (!s->family || s->family == stage->family);
}

/* The performances of a table's scripts, into @to. Return: how many. */
static size_t collect(const struct script_table *table, play_fn *play, struct performance *to)
{
	size_t n = 0;

	for (size_t i = 0; i < table->n; i++) {
		for (int k = 0; k < 2 * PLACE_MAX; k++) {
			const struct script *s = &table->scripts[i];
			const struct stage stage = {k / 2, k % 2 ? 6 : 4};

			if (!fits(s, &stage) || (play != play_by_run && s->not_live) ||
			    (play == play_by_xdp && stage.place == PLACE_LOCAL))
				continue;
			snprintf(to[n].title, sizeof(to[n].title), "%s, IPv%d, %s", s->name,
				 stage.family, place_name(stage.place));
			to[n].name = to[n].title;
			to[n].script = s;
			to[n].stage = stage;
			to[n++].play = play;
		}
	}
	return n;
}

int run_scripts(const char *how, play_fn *play)
{
	char name[100];
	int failed = 0;

	for (int t = 0; every_script_table[t]; t++) {
		const struct script_table *table = every_script_table[t];
		struct performance *p = calloc(table->n * 2 * PLACE_MAX, sizeof(*p));
		size_t n;

		if (!p)
			abort();
		n = collect(table, play, p);
		snprintf(name, sizeof(name), "%s, %s", table->name, how);
		failed += run_rows(name, p, n, sizeof(*p), run);
		free(p);
	}
	return failed;
}

int test_scripts(void)
{
	return run_scripts("run", play_by_run);
}
