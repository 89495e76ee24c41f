/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Internet checksum arithmetic. Spec: RFC 1071, RFC 1624. */
#ifndef WEFT_BPF_LIB_CSUM_H
#define WEFT_BPF_LIB_CSUM_H

#include <linux/types.h>

#ifndef __always_inline
#define __always_inline inline __attribute__((always_inline))
#endif

/** weft_csum_fold - 32-bit sum of 16-bit words to the checksum field, in the words' own order. */
static __always_inline __u16 weft_csum_fold(__u32 sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return ~sum;
}

/** weft_csum_replace - checksum @check after one word of what it covers went from @from to @to. */
static __always_inline __u16 weft_csum_replace(__u16 check, __u16 from, __u16 to)
{
	return weft_csum_fold((__u32)(__u16)~check + (__u16)~from + to); /* RFC 1624, eqn. 3 */
}

#endif
