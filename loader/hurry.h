/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Many attachments in little time.
 *
 * The kernel waits for an RCU grace period with every tcx link that comes or goes: some 15 ms, one
 * after the other, so that two thousand ports take half a minute. With expedited grace periods
 * (/sys/kernel/rcu_expedited) the same takes a second. The switch is for the whole machine and
 * costs every CPU an interrupt per grace period, so it is thrown for bulk work only, and thrown
 * back by a process of its own that notices our end, whatever that is.
 *
 * The agent keeps such a process from its beginning, so that one container costs no more to attach
 * than it must: a guard that is there already is cheap.
 */
#ifndef WEFT_LOADER_HURRY_H
#define WEFT_LOADER_HURRY_H

#include <stddef.h>
#include <sys/types.h>

/** struct hurry - bulk work under way. */
struct hurry {
	int fd;    /* the guard waits for its end; -1: there is none */
	pid_t pid; /* of the guard; 0: of the one that is kept */
};

/** hurry_keep - have a guard from now on, until we end. Without one all works as well. */
void hurry_keep(void);

/**
 * hurry_begin - say that @n attachments are to come or go.
 *
 * Nothing happens if that is few and no guard is kept, if the machine is in a hurry already, or may
 * not be: then it takes as long as it takes.
 */
struct hurry hurry_begin(size_t n);

/** hurry_end - the work is done. Also for _cleanup_(). */
void hurry_end(struct hurry *hurry);

#endif
