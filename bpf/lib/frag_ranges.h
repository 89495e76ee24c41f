/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Which parts of a datagram have come. Arithmetic only, so that it can be tested on the host. */
#ifndef WEFT_BPF_LIB_FRAG_RANGES_H
#define WEFT_BPF_LIB_FRAG_RANGES_H

#include <weft/flow.h>

#ifndef __always_inline
#define __always_inline inline __attribute__((always_inline))
#endif

#define WEFT_FRAG_MASK (WEFT_FRAG_RANGES - 1) /* tells the verifier what an index is */
_Static_assert(!(WEFT_FRAG_RANGES & WEFT_FRAG_MASK), "a power of two");

/** enum weft_frag_fit - how a fragment fits those that came before it. */
enum weft_frag_fit {
	WEFT_FRAG_FITS,
	WEFT_FRAG_AGAIN,     /* all of it has come before */
	WEFT_FRAG_OVERLAPS,  /* a part of it has, or it contradicts where the datagram ends */
	WEFT_FRAG_SCATTERED, /* a piece of its own, of which there are too many already */
};

/** weft_frag_complete - has all of the datagram come? */
static __always_inline int weft_frag_complete(const struct weft_frag *f)
{
	int complete = 0;

	for (int i = 0; i < WEFT_FRAG_RANGES; i++)
		complete |= f->total && !f->ranges[i].start && f->ranges[i].end == f->total;
	return complete;
}

/* Nothing of a datagram is behind its end, be it known already or announced by this fragment. */
static __always_inline int weft_frag_misfits(const struct weft_frag *f, __u16 end, int last)
{
	int misfits = f->total && end > f->total;

	for (int i = 0; i < WEFT_FRAG_RANGES; i++)
		misfits |= last && f->ranges[i].end > end;
	return misfits;
}

/* The range that ends there; 0: one that is not in use; -1 if there is none. */
static __always_inline int weft_frag_ending(const struct weft_frag *f, __u16 end)
{
	int at = -1;

	for (int i = 0; i < WEFT_FRAG_RANGES; i++)
		at = f->ranges[i].end == end ? i : at;
	return at;
}

static __always_inline int weft_frag_starting(const struct weft_frag *f, __u16 start)
{
	int at = -1;

	for (int i = 0; i < WEFT_FRAG_RANGES; i++)
		at = f->ranges[i].start == start ? i : at;
	return at;
}

/* Join a new part with the one before it, the one after it, both or none. */
static __always_inline int weft_frag_join(struct weft_frag *f, __u16 start, __u16 end)
{
	int before = start ? weft_frag_ending(f, start) : -1;
	int after = weft_frag_starting(f, end);

	if (before >= 0 && after >= 0) {
		f->ranges[before & WEFT_FRAG_MASK].end = f->ranges[after & WEFT_FRAG_MASK].end;
		f->ranges[after & WEFT_FRAG_MASK] = (struct weft_frag_range){};
	} else if (before >= 0) {
		f->ranges[before & WEFT_FRAG_MASK].end = end;
	} else if (after >= 0) {
		f->ranges[after & WEFT_FRAG_MASK].start = start;
	} else {
		int unused = weft_frag_ending(f, 0);

		if (unused < 0)
			return WEFT_FRAG_SCATTERED;
		f->ranges[unused & WEFT_FRAG_MASK] =
			(struct weft_frag_range){.start = start, .end = end};
	}
	return WEFT_FRAG_FITS;
}

/**
 * weft_frag_add - note that a part of a datagram has come.
 * @f: changed only if the part fits.
 * @start, @end: of the part, in units of 8 bytes.
 * @last: the datagram ends here.
 *
 * Return: enum weft_frag_fit.
 */
static __always_inline int weft_frag_add(struct weft_frag *f, __u16 start, __u16 end, int last)
{
	int fit;

	if (start >= end || weft_frag_misfits(f, end, last))
		return WEFT_FRAG_OVERLAPS;
	for (int i = 0; i < WEFT_FRAG_RANGES; i++) {
		const struct weft_frag_range *r = &f->ranges[i];

		if (start < r->end && r->start < end)
			return r->start <= start && end <= r->end ? WEFT_FRAG_AGAIN
								  : WEFT_FRAG_OVERLAPS;
	}
	fit = weft_frag_join(f, start, end);
	if (fit == WEFT_FRAG_FITS && last)
		f->total = end;
	return fit;
}

#endif
