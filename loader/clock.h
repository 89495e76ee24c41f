/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Time that only goes forward, whoever sets the clock. */
#ifndef WEFT_LOADER_CLOCK_H
#define WEFT_LOADER_CLOCK_H

#include <time.h>

/** clock_ms - milliseconds of CLOCK_MONOTONIC. */
static inline double clock_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1e3 + now.tv_nsec / 1e6;
}

#endif
