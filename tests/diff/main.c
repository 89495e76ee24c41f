/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The differential test: the same packets through the kernel's connection tracking and firewall,
 * and through weft.
 *
 *     conntrack [--seed N] [--packets N] [--weft PATH] [--trace]
 *
 * Every packet goes into each world, and has to come out of both or of none. What nf_conntrack then
 * thinks of the connection has to be what weft's flow tables say, too. On a difference the
 * connection's packets are printed. What differs on purpose is in docs/flows.md, and not among the
 * packets. The last line is `N passed, N failed, N skipped`.
 */
#include <errno.h>
#include <getopt.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <netinet/in.h>
#include <linux/netfilter/nf_conntrack_tcp.h>

#include "gen.h"
#include "probe.h"
#include "util.h"
#include "world.h"

#define PACKETS     300000
#define HISTORY     (1 << 16)
#define SHOWN       120 /* packets of a connection's history */
#define FAILURES    5   /* then it ends */
#define USAGE_ERROR 2

enum { KERNEL, WEFT, WORLDS };

/** struct record - a packet, and what became of it in each world. */
struct record {
	struct probe p;
	struct track track[WORLDS]; /* afterwards */
	uint8_t verdict[WORLDS];
};

static struct record history[HISTORY];
static struct world worlds[WORLDS] = {
	[KERNEL] = {.name = "kernel", .links = {"ka", "kb"}},
	[WEFT] = {.name = "weft", .links = {"wa", "wb"}},
};
static volatile sig_atomic_t interrupted;

static void interrupt(int signal)
{
	(void)signal;
	interrupted = 1;
}

static bool same_tuple(const struct probe *a, const struct probe *b)
{
	return a->v6 == b->v6 && a->port[0] == b->port[0] && a->port[1] == b->port[1] &&
	       (a->quote_proto ?: a->proto) == (b->quote_proto ?: b->proto);
}

static const char *state_name(int state)
{
	static const char *const names[] = {
		[TCP_CONNTRACK_SYN_SENT] = "SYN_SENT",
		[TCP_CONNTRACK_SYN_SENT2] = "SYN_SENT2",
		[TCP_CONNTRACK_SYN_RECV] = "SYN_RECV",
		[TCP_CONNTRACK_FIN_WAIT] = "FIN_WAIT",
		[TCP_CONNTRACK_CLOSE_WAIT] = "CLOSE_WAIT",
		[TCP_CONNTRACK_LAST_ACK] = "LAST_ACK",
		[TCP_CONNTRACK_TIME_WAIT] = "TIME_WAIT",
		[TCP_CONNTRACK_CLOSE] = "CLOSE",
		[TCP_CONNTRACK_ESTABLISHED] = "ESTABLISHED",
	};

	if (state < 0)
		return "unknown";
	return (size_t)state < ARRAY_SIZE(names) && names[state] ? names[state] : "known";
}

static void print_record(const struct record *r)
{
	char text[PROBE_TEXT];

	probe_text(&r->p, text);
	printf("%s\n", text);
	for (int i = 0; i < WORLDS; i++)
		printf("%30s %s: %s%s%s\n", worlds[i].name,
		       r->verdict[i] == PASSED ? "passes" : "drops", state_name(r->track[i].state),
		       r->track[i].replied ? " replied" : "",
		       r->track[i].assured ? " assured" : "");
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

/* ICMP messages that are no queries have no connection of their own. */
static int ask_trackers(struct record *r)
{
	int err = 0;

	for (int i = 0; i < WORLDS; i++)
		r->track[i].state = -1;
	if (probe_is_icmp(&r->p) && probe_question(&r->p) < 0)
		return 0;
	err = kernel_track(&r->p, &r->track[KERNEL]);
	r->track[WEFT] = weft_track(&r->p);
	return err;
}

/* Return: whether all worlds agree; -errno. */
static int judge(struct record *r)
{
	const struct track *a = &r->track[KERNEL], *b = &r->track[WEFT];
	static struct piece pieces[PIECES_MAX];
	uint8_t frame[FRAME_MAX];
	size_t len = probe_frame(&r->p, frame);
	int n = probe_cut(&r->p, frame, len, pieces), err;

	for (int i = 0; i < WORLDS; i++) {
		int v = world_pass(&worlds[i], &r->p, pieces, n);

		if (v < 0) {
			fprintf(stderr, "conntrack: %s lost the marker\n", worlds[i].name);
			return v;
		}
		r->verdict[i] = v;
	}
	err = ask_trackers(r);
	if (err)
		return err;
	return r->verdict[KERNEL] == r->verdict[WEFT] && a->state == b->state &&
	       a->replied == b->replied && a->assured == b->assured;
}

static int run(unsigned long packets, bool trace, unsigned long *passed)
{
	int failures = 0, ok;

	while (packets-- && failures < FAILURES && !interrupted) {
		struct record r = {};

		gen_next(&r.p);
		ok = judge(&r);
		if (ok < 0) {
			fprintf(stderr, "conntrack: packet %llu: %s\n", (unsigned long long)r.p.no,
				strerror(-ok));
			return -1;
		}
		history[r.p.no % HISTORY] = r;
		gen_result(&r.p, r.verdict[KERNEL]);
		if (trace)
			print_record(&r);
		*passed += ok;
		if (!ok) {
			failures++;
			printf("\n--- a difference\n");
			print_history(&r);
		}
	}
	return interrupted && !failures ? -1 : failures;
}

/* The worlds process a packet on the CPU that sent it, so packets cannot overtake each other. */
static int stay_on_one_cpu(void)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(sched_getcpu(), &one);
	return sched_setaffinity(0, sizeof(one), &one) ? -errno : 0;
}

static int make_worlds(const char *weft)
{
	int err = stay_on_one_cpu();

	err = err ? err : world_ends();
	for (int i = 0; !err && i < WORLDS; i++)
		err = world_make(&worlds[i]);
	err = err ? err : world_enter(&worlds[KERNEL]);
	err = err ? err : kernel_configure();
	err = err ? err : world_enter(NULL);
	return err ? err : weft_configure(&worlds[WEFT], weft);
}

static void close_worlds(void)
{
	weft_close();
	for (int i = 0; i < WORLDS; i++)
		world_close(&worlds[i]);
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
					 {"weft", required_argument, NULL, 'w'},
					 {"trace", no_argument, NULL, 't'},
					 {}};
	unsigned long seed = 1, packets = PACKETS, passed = 0;
	const char *weft = "build/weft";
	bool trace = false;
	int c, err, failed = 1;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 's')
			seed = number(optarg);
		else if (c == 'n')
			packets = number(optarg);
		else if (c == 'w')
			weft = optarg;
		else if (c == 't')
			trace = true;
		else
			return USAGE_ERROR;
	}
	signal(SIGTERM, interrupt);
	signal(SIGINT, interrupt);
	printf("seed %lu, %lu packets\n", seed, packets);
	fflush(stdout); /* before anybody forks */
	err = make_worlds(weft);
	if (err) {
		fprintf(stderr, "conntrack: cannot make the worlds: %s\n", strerror(-err));
	} else {
		gen_seed(seed);
		failed = run(packets, trace, &passed);
	}
	close_worlds();
	printf("%lu passed, %d failed, 0 skipped\n", passed, failed < 0 ? 1 : failed);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
