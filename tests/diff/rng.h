/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Random numbers that are the same for the same seed everywhere. */
#ifndef WEFT_DIFF_RNG_H
#define WEFT_DIFF_RNG_H

#include <stdbool.h>
#include <stdint.h>

extern uint64_t rng_state;

/** rng - 32 random bits: splitmix64. */
static inline uint32_t rng(void)
{
	uint64_t z = rng_state += 0x9e3779b97f4a7c15ULL;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
	return z >> 32;
}

/** below - a number less than @n. */
static inline uint32_t below(uint32_t n)
{
	return (uint64_t)rng() * n >> 32;
}

/** chance - true in @percent of the cases. */
static inline bool chance(uint32_t percent)
{
	return below(100) < percent;
}

#define ONE_OF(...)                                                                                \
	({                                                                                         \
		const int64_t _all[] = {__VA_ARGS__};                                              \
		_all[below(sizeof(_all) / sizeof(_all[0]))];                                       \
	})

#endif
