/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The differential test: the same packets through the kernel's connection tracking and through
 * ours.
 *
 *     conntrack [--seed N] [--packets N] [--trace]
 *
 * Every packet goes into each world, and has to come out of all of them or of none. What the
 * kernel's nf_conntrack then thinks of the connection has to be what the model thinks, too. On a
 * difference the connection's packets are printed. The last line is `N passed, N failed, N
 * skipped`.
 */
#include <errno.h>
#include <getopt.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <netinet/in.h>

#include "gen.h"
#include "model.h"
#include "probe.h"
#include "util.h"
#include "world.h"

#define PACKETS     20000
#define HISTORY     (1 << 16)
#define SHOWN       120 /* packets of a connection's history */
#define FAILURES    5   /* then it ends */
#define USAGE_ERROR 2

/** struct record - a packet, and what became of it. */
struct record {
	struct probe p;
	struct track track; /* nf_conntrack's, afterwards */
	struct track model;
	uint8_t kernel;
	uint8_t ours;
	int reason;
};

static struct record history[HISTORY];
static struct world kernel = {.name = "kernel", .links = {"ka", "kb"}};

static bool same_tuple(const struct probe *a, const struct probe *b)
{
	return a->v6 == b->v6 && a->proto == b->proto && a->port[0] == b->port[0] &&
	       a->port[1] == b->port[1];
}

static void print_track(const char *name, const struct track *t)
{
	printf(" %s %s%s%s", name, model_state(t->state), t->replied ? " replied" : "",
	       t->assured ? " assured" : "");
}

static void print_record(const struct record *r)
{
	char text[PROBE_TEXT];

	probe_text(&r->p, text);
	printf("%s\n%40s %s,", text, "kernel", r->kernel == PASSED ? "passes" : "drops");
	print_track("", &r->track);
	printf("; ours %s (%d),", r->ours == PASSED ? "passes" : "drops", r->reason);
	print_track("", &r->model);
	printf("\n");
}

static void print_history(const struct record *last)
{
	const struct record *chosen[SHOWN];
	uint64_t no = last->p.no;
	int n = 0;

	for (uint64_t back = 0; back < HISTORY && back < no && n < SHOWN; back++) {
		const struct record *r = &history[(no - back) % HISTORY];

		if (same_tuple(&r->p, &last->p))
			chosen[n++] = r;
	}
	while (n--)
		print_record(chosen[n]);
}

static bool same_track(const struct track *a, const struct track *b)
{
	return a->state == b->state && a->replied == b->replied && a->assured == b->assured;
}

static int judge(struct record *r)
{
	uint8_t frame[FRAME_MAX];
	size_t len = probe_frame(&r->p, frame);
	int v = world_pass(&kernel, &r->p, frame, len), err;

	if (v < 0)
		return v;
	r->kernel = v;
	r->ours = model_pass(&r->p, &r->reason);
	r->model = model_track(&r->p);
	err = kernel_track(&r->p, &r->track);
	if (err)
		return err;
	return r->kernel == r->ours && same_track(&r->track, &r->model);
}

static int run(unsigned long packets, bool trace, unsigned long *passed)
{
	int failures = 0, ok;

	while (packets-- && failures < FAILURES) {
		struct record r = {};

		gen_next(&r.p);
		ok = judge(&r);
		if (ok < 0) {
			fprintf(stderr, "conntrack: packet %llu: %s\n", (unsigned long long)r.p.no,
				strerror(-ok));
			return -1;
		}
		history[r.p.no % HISTORY] = r;
		gen_result(&r.p, r.kernel);
		if (trace)
			print_record(&r);
		*passed += ok;
		if (!ok) {
			failures++;
			printf("\n--- a difference\n");
			print_history(&r);
		}
	}
	return failures;
}

/* The worlds process a packet on the CPU that sent it, so packets cannot overtake each other. */
static int stay_on_one_cpu(void)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(sched_getcpu(), &one);
	return sched_setaffinity(0, sizeof(one), &one) ? -errno : 0;
}

static int make_worlds(void)
{
	int err = stay_on_one_cpu();

	err = err ? err : world_ends();
	err = err ? err : world_make(&kernel);
	err = err ? err : world_enter(&kernel);
	err = err ? err : kernel_configure();
	return err ? err : world_enter(NULL);
}

static unsigned long number(const char *text)
{
	char *end;
	unsigned long n = strtoul(text, &end, 0);

	if (*end || !*text) {
		fprintf(stderr, "conntrack: '%s' is no number\n", text);
		exit(USAGE_ERROR);
	}
	return n;
}

int main(int argc, char **argv)
{
	const struct option options[] = {{"seed", required_argument, NULL, 's'},
					 {"packets", required_argument, NULL, 'n'},
					 {"trace", no_argument, NULL, 't'},
					 {}};
	unsigned long seed = 1, packets = PACKETS, passed = 0;
	bool trace = false;
	int c, err, failed;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 's')
			seed = number(optarg);
		else if (c == 'n')
			packets = number(optarg);
		else if (c == 't')
			trace = true;
		else
			return USAGE_ERROR;
	}
	err = make_worlds();
	if (err) {
		fprintf(stderr, "conntrack: cannot make the worlds: %s\n", strerror(-err));
		return EXIT_FAILURE;
	}
	printf("seed %lu, %lu packets\n", seed, packets);
	gen_seed(seed);
	failed = run(packets, trace, &passed);
	world_close(&kernel);
	printf("%lu passed, %d failed, 0 skipped\n", passed, failed < 0 ? 1 : failed);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
