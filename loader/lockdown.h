/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * What the agent gives up once it has begun, and never gets back; docs/agent.md says what each of
 * what it keeps is for.
 */
#ifndef WEFT_LOADER_LOCKDOWN_H
#define WEFT_LOADER_LOCKDOWN_H

#include <stdbool.h>

/**
 * lockdown - from now on, no more than is needed: capabilities, no new privileges, system calls.
 * @xdp: XDP programs may have to be attached, which takes CAP_SYS_ADMIN.
 *
 * Return: 0; -errno with some of it given up.
 */
int lockdown(bool xdp);

/**
 * lockdown_all - no capability at all from now on, and no new privileges: for a process that only
 * talks to others.
 *
 * Return: 0 or -errno.
 */
int lockdown_all(void);

#endif
