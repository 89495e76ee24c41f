/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * One weft at a time changes a node. The lock is the kernel's (flock), so it goes with the process
 * that holds it, however that ends; the file only says who it is.
 */
#ifndef WEFT_LOADER_LOCK_H
#define WEFT_LOADER_LOCK_H

#include <sys/types.h>

#define LOCK_DIR "/run/weft"

/** enum lock_kind - what is held. */
enum lock_kind {
	LOCK_CHANGE, /* while a node is changed */
	LOCK_AGENT,  /* while an agent looks after it; the agent takes the other for each change */
};

/**
 * lock_take - take a lock of a node, or fail at once.
 * @fd: receives a descriptor that holds the lock while it is open.
 * @holder: receives the process that has the lock if it is taken; 0 if it cannot be told.
 *
 * Return: 0; -EBUSY if another process has it; another -errno.
 */
int lock_take(const char *node, enum lock_kind kind, int *fd, pid_t *holder);

/** lock_held - the process that holds a lock, 0 if none does or it cannot be told. */
pid_t lock_held(const char *node, enum lock_kind kind);

/** lock_remove - remove the files; only for who holds LOCK_CHANGE, and has nothing left to protect.
 */
void lock_remove(const char *node);

#endif
