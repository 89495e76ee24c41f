/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* See check.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include "check.h"
#include "flows.h"
#include "wires.h"

#define FAILURES_PATIENT                                                                           \
	10 /* after so many there is no point in waiting for what does not come                    \
	    */

static int failures, failures_in_all;
static bool reasons[__WEFT_DROP_MAX];

void check_begin(void)
{
	struct moved forget[MOVED_MAX];

	failures = 0;
	flows_clear();
	wires_drain();
	counters_moved(forget);
}

void check_end(void)
{
	if (failures)
		fail_msg("%d checks failed, see above", failures);
}

int check_failures(void)
{
	return failures;
}

bool check(bool ok, const char *format, ...)
{
	va_list args;

	if (ok)
		return true;
	failures++;
	failures_in_all++;
	va_start(args, format);
	fputs("# ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
	return false;
}

int check_patience(void)
{
	return failures_in_all < FAILURES_PATIENT ? 1000 : 10;
}

bool check_packet(const char *what, const struct packet *want, const __u8 *got, __u32 len)
{
	if (!packet_diff(want, got, len, stderr))
		return true;
	return check(false, "%s: not the packet that was expected", what);
}

void moves_add(struct moves *w, enum counter_kind kind, __u32 id, enum weft_drop reason,
	       __u64 packets, __u64 bytes)
{
	for (int i = 0; i < w->n; i++) {
		struct moved *m = &w->m[i];

		if (m->kind == kind && m->id == id && m->reason == reason) {
			m->packets += packets;
			m->bytes += bytes;
			return;
		}
	}
	w->m[w->n++] = (struct moved){kind, id, reason, packets, bytes};
}

static int compare_moved(const void *a, const void *b)
{
	const struct moved *x = a, *y = b;

	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	if (x->id != y->id)
		return x->id < y->id ? -1 : 1;
	return (x->reason > y->reason) - (x->reason < y->reason);
}

static bool same_moves(struct moves *a, struct moves *b)
{
	if (a->n != b->n)
		return false;
	qsort(a->m, a->n, sizeof(a->m[0]), compare_moved);
	qsort(b->m, b->n, sizeof(b->m[0]), compare_moved);
	for (int i = 0; i < a->n; i++) {
		if (compare_moved(&a->m[i], &b->m[i]) || a->m[i].packets != b->m[i].packets ||
		    a->m[i].bytes != b->m[i].bytes)
			return false;
	}
	return true;
}

static bool judge_moves(struct moves *want, struct moves *got)
{
	if (!same_moves(want, got)) {
		fputs("# counters: want\n", stderr);
		counters_print(want->m, want->n, stderr);
		fputs("# counters: got\n", stderr);
		counters_print(got->m, got->n, stderr);
		return check(false, "not the counters that were expected");
	}
	for (int i = 0; i < want->n; i++) {
		if (want->m[i].kind == C_DROP)
			reasons[want->m[i].reason] = true;
	}
	return true;
}

bool check_moves(const struct moves *want)
{
	struct moves w = *want, got;

	got.n = counters_moved(got.m);
	return judge_moves(&w, &got);
}

bool check_moves_soon(const struct moves *want)
{
	const struct timespec pause = {.tv_nsec = 1000000};
	struct moves w = *want, got = {}, more;

	for (int i = 0; i <= check_patience(); i++) {
		more.n = counters_moved(more.m);
		for (int j = 0; j < more.n; j++)
			moves_add(&got, more.m[j].kind, more.m[j].id, more.m[j].reason,
				  more.m[j].packets, more.m[j].bytes);
		if (same_moves(&w, &got))
			break;
		nanosleep(&pause, NULL);
	}
	return judge_moves(&w, &got);
}

bool check_sport(const __u8 *frame)
{
	int off = 14 + (frame[12] == 8 ? 20 : 40);

	if (frame[frame[12] == 8 ? 23 : 20] != 17)
		return true;
	return check((frame[off] << 8 | frame[off + 1]) >= 49152, "outer source port %d",
		     frame[off] << 8 | frame[off + 1]);
}

bool provoked(enum weft_drop reason)
{
	return reasons[reason];
}

/* A run with a look at the counters takes some 10 us on hardware, and 20 times that under TCG. */
static unsigned int measure_thin(void)
{
	const unsigned int runs = 200, fast_ns = 30000;
	struct moved forget[MOVED_MAX];
	struct timespec begin, end;
	static struct run r = {.prog = XDP_UNDERLAY};
	__u8 frame[64] = {};
	long long ns;

	clock_gettime(CLOCK_MONOTONIC, &begin);
	for (unsigned int i = 0; i < runs; i++) {
		r.mark = 0;
		prog_run(&r, frame, sizeof(frame));
		counters_moved(forget);
	}
	clock_gettime(CLOCK_MONOTONIC, &end);
	ns = (end.tv_sec - begin.tv_sec) * 1000000000LL + end.tv_nsec - begin.tv_nsec;
	return 1 + ns / runs / fast_ns;
}

unsigned int thin(void)
{
	static unsigned int every;
	const char *given = getenv("WEFT_TEST_THIN");

	if (!every) {
		every = given ? strtoul(given, NULL, 10) : measure_thin();
		every = every ? every : 1;
		if (every > 1)
			fprintf(stderr, "# exhaustive tests: every %u. case\n", every);
	}
	return every;
}
