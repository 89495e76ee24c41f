/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* All that is not TCP: datagrams, ICMP queries with their answers, and ICMP errors. */
#ifndef WEFT_DIFF_TALK_H
#define WEFT_DIFF_TALK_H

#include "probe.h"

/** talk_begin - begin all anew. */
void talk_begin(void);

/** talk_next - the next packet. @tcp: a TCP connection that an error may be about. */
void talk_next(struct probe *p, const struct probe *tcp);

#endif
