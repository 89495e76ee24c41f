/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The steps of a transaction, each with its undo. If a step fails, those before it are undone in
 * reverse, and the journal knows which it was. A step that fails has undone itself.
 *
 * Nothing is written down anywhere: who is killed leaves what the next apply completes.
 */
#ifndef WEFT_LOADER_JOURNAL_H
#define WEFT_LOADER_JOURNAL_H

#include <stddef.h>
#include <stdio.h>

/** step_fn - do or undo something. Return: 0 or -errno. */
typedef int (*step_fn)(void *arg);

struct journal_entry {
	step_fn undo;
	void *arg;
	char *what;
};

/** struct journal - what was done so far. All zero at first. */
struct journal {
	struct journal_entry *v;
	size_t n;
	size_t size;
	size_t steps; /* begun, including the one that failed */
	char *failed; /* what failed, NULL if nothing did */
	char *stuck;  /* what could not be undone, one to a line; NULL if all was */
};

/**
 * journal_do - do a step and remember how to undo it.
 * @undo: NULL: there is nothing to undo.
 * @arg: for both; outlives the journal.
 * @what: names the step, as for printf: "attach tc_from_port to veth-web1".
 *
 * Return: what @run returned; @failed is set if that is not 0.
 */
int journal_do(struct journal *j, step_fn run, step_fn undo, void *arg, const char *what, ...)
	__attribute__((format(printf, 5, 6)));

/** journal_undo - undo everything, last first, and forget it. */
void journal_undo(struct journal *j);

/** journal_clear - release a journal without undoing anything. Also for _cleanup_(). */
void journal_clear(struct journal *j);

#endif
