/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* How one packet of a script is played: by BPF_PROG_TEST_RUN, or on real interfaces. */
#ifndef WEFT_TEST_SCRIPT_PLAY_H
#define WEFT_TEST_SCRIPT_PLAY_H

#include "script.h"

/**
 * play_fn - let @frame come in, and check what comes out.
 * @answer: the frame that its sender gets, if step->answer.
 * @moves: receives the counters that should move.
 */
typedef void play_fn(const struct stage *stage, const struct step *step, const struct packet *frame,
		     const struct packet *answer, struct moves *moves);

/** play_by_run - by BPF_PROG_TEST_RUN; frames from other nodes come in by tc_underlay. */
play_fn play_by_run;

/** play_by_tc, play_by_xdp - sent at a far end, with the programs attached. */
play_fn play_by_tc, play_by_xdp;

/** run_scripts - play all of them. @how: for people. Return: number of failures. */
int run_scripts(const char *how, play_fn *play);

#endif
