/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * What every test asks of a packet: the verdict, the bytes, the counters. A check that fails prints
 * what differs as TAP comments and is remembered; check_end() then fails the test.
 */
#ifndef WEFT_TEST_CHECK_H
#define WEFT_TEST_CHECK_H

#include <stdbool.h>
#include <stdint.h>
#include <linux/types.h>

#include "packet.h"
#include "prog_run.h"
#include "tables.h"

#define TC_SHOT     2
#define TC_REDIRECT 7
#define TC_UNSPEC   (-1)
#define XDP_IS_DROP 1
#define XDP_IS_PASS 2

/** struct moves - counters that should go up. */
struct moves {
	struct moved m[MOVED_MAX];
	int n;
};

/** check_begin - a new test; forgets counters and frames of the last one. */
void check_begin(void);

/** check_end - fail the running test if a check since check_begin() did. */
void check_end(void);

/** check_failures - how many checks have failed since check_begin(). */
int check_failures(void);

/** check - @ok, or print the message. Return: @ok. */
bool check(bool ok, const char *format, ...) __attribute__((format(printf, 2, 3)));

/** check_patience - milliseconds to wait for a packet; less once much has failed. */
int check_patience(void);

/** check_packet - is @got the packet @want? */
bool check_packet(const char *what, const struct packet *want, const __u8 *got, __u32 len);

/** moves_add - expect @packets and @bytes more in a counter. @reason: of a drop, else 0. */
void moves_add(struct moves *w, enum counter_kind kind, __u32 id, enum weft_drop reason,
	       __u64 packets, __u64 bytes);

/** check_moves - have exactly these counters moved since the last look? */
bool check_moves(const struct moves *want);

/** check_moves_soon - as check_moves(), for packets that are still on their way: waits for them. */
bool check_moves_soon(const struct moves *want);

/** check_sport - is the outer source port of an encapsulated frame in RFC 7348's range? */
bool check_sport(const __u8 *frame);

/** provoked - has a drop for @reason been seen by a test that expected it? */
bool provoked(enum weft_drop reason);

/** thin - how much of the exhaustive tests to leave out: run every thin()th case. */
unsigned int thin(void);

#endif
