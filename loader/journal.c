/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Steps with their undo; see journal.h. */
#include "journal.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "util.h"

/* Tests break off at any step: the environment says at which. Not for setuid programs. */
static size_t test_step(const char *name)
{
	const char *value = secure_getenv(name);

	return value ? strtoul(value, NULL, 10) : 0;
}

static int provoke(size_t step)
{
	if (step == test_step("WEFT_TEST_KILL_STEP"))
		raise(SIGKILL);
	return step == test_step("WEFT_TEST_FAIL_STEP") ? -EIO : 0;
}

static int make_room(struct journal *j)
{
	size_t size = j->size ? j->size * 2 : 64;
	struct journal_entry *v;

	if (j->n < j->size)
		return 0;
	v = reallocarray(j->v, size, sizeof(*v));
	if (!v)
		return -ENOMEM;
	j->v = v;
	j->size = size;
	return 0;
}

int journal_do(struct journal *j, step_fn run, step_fn undo, void *arg, const char *what, ...)
{
	_cleanup_free_ char *text = NULL;
	va_list args;
	int err;

	va_start(args, what);
	if (vasprintf(&text, what, args) < 0)
		text = NULL;
	va_end(args);

	j->steps++;
	err = text ? make_room(j) : -ENOMEM;
	if (!err)
		err = provoke(j->steps);
	if (!err)
		err = run(arg);
	if (err) {
		free(j->failed);
		j->failed = TAKE_PTR(text);
		return err;
	}
	j->v[j->n++] = (struct journal_entry){.undo = undo, .arg = arg, .what = TAKE_PTR(text)};
	return 0;
}

static void note_stuck(struct journal *j, const char *what, int err)
{
	char *stuck;

	if (asprintf(&stuck, "%s%s: %s\n", j->stuck ? j->stuck : "", what, strerror(-err)) < 0)
		return;
	free(j->stuck);
	j->stuck = stuck;
}

void journal_undo(struct journal *j)
{
	int err;

	while (j->n) {
		struct journal_entry *entry = &j->v[--j->n];

		err = entry->undo ? entry->undo(entry->arg) : 0;
		if (err)
			note_stuck(j, entry->what, err);
		free(entry->what);
	}
}

void journal_clear(struct journal *j)
{
	while (j->n)
		free(j->v[--j->n].what);
	free(j->v);
	free(j->failed);
	free(j->stuck);
	*j = (struct journal){};
}
