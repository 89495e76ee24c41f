/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * One weft at a time changes a node. The lock is the kernel's (flock), so it goes with the process
 * that holds it, however that ends; the file only says who it is.
 */
#ifndef WEFT_LOADER_LOCK_H
#define WEFT_LOADER_LOCK_H

#include <sys/types.h>

#define LOCK_DIR "/run/weft"

/**
 * lock_take - take the lock of a node, or fail at once.
 * @fd: receives a descriptor that holds the lock while it is open.
 * @holder: receives the process that has the lock if it is taken; 0 if it cannot be told.
 *
 * Return: 0; -EBUSY if another process has it; another -errno.
 */
int lock_take(const char *node, int *fd, pid_t *holder);

/** lock_remove - remove the lock's file; only for who holds it, and has nothing left to protect. */
void lock_remove(const char *node);

#endif
