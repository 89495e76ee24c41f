/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * A word to the service manager, as sd_notify(3) describes it: a datagram to the socket that it
 * named. Without a service manager nothing happens.
 */
#ifndef WEFT_LOADER_NOTIFY_H
#define WEFT_LOADER_NOTIFY_H

/** notify - tell the service manager: "READY=1". Failures are its loss. */
void notify(const char *state);

/** notify_watchdog_ms - how often "WATCHDOG=1" is to be said; 0 = never. */
unsigned int notify_watchdog_ms(void);

#endif
