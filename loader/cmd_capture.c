/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* weft capture: what the datapath saw or dropped, with the reason. Running it is
 * cmd_capture_run.c. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include <weft/capture.h>

#include "bpf_log.h"
#include "cmd_capture.h"
#include "drops.h"
#include "suggest.h"

#define SNAPLEN_DEFAULT 256
#define RATE_DEFAULT    10000

enum {
	OPT_DROPS = 0x200,
	OPT_REASON,
	OPT_NETWORK,
	OPT_PORT,
	OPT_SNAPLEN,
	OPT_SAMPLE,
	OPT_RATE,
	OPT_DURATION,
	OPT_FORCE,
};

static const struct argp_option options[] = {
	{"drops", OPT_DROPS, NULL, 0, "Only packets that are lost", 0},
	{"reason", OPT_REASON, "NAME", 0, "Only packets that are lost for this reason", 0},
	{"network", OPT_NETWORK, "NAME", 0, "Only packets of this network", 0},
	{"port", OPT_PORT, "NAME", 0,
	 "Only packets that come in by this port or uplink, or are delivered to this port", 0},
	{"write", 'w', "FILE", 0, "Write pcapng to FILE; - is standard output", 0},
	{"snaplen", OPT_SNAPLEN, "BYTES", 0, "Record at most so much of a frame (256)", 0},
	{"count", 'c', "N", 0, "End after N packets", 0},
	{"duration", OPT_DURATION, "SECONDS", 0, "End after this time", 0},
	{"sample", OPT_SAMPLE, "N", 0, "Record one packet in N, at random", 0},
	{"rate", OPT_RATE, "N", 0, "Record at most N packets a second (10000); 0: no bound", 0},
	{"force", OPT_FORCE, NULL, 0, "Take over from whoever captures now", 0},
	{},
};

static __u64 parse_number(const char *what, const char *arg, __u64 min, __u64 max,
			  struct argp_state *state)
{
	unsigned long long n;
	char *end;

	errno = 0;
	n = strtoull(arg, &end, 10);
	if (errno || *end || *arg < '0' || *arg > '9' || n < min || n > max)
		argp_error(state, "--%s %s: a number from %llu to %llu", what, arg, min, max);
	return n;
}

static __u64 parse_seconds(const char *arg, struct argp_state *state)
{
	double seconds;
	char *end;

	seconds = strtod(arg, &end);
	if (*end || end == arg || !isfinite(seconds) || seconds < 0.001 || seconds > 1e9)
		argp_error(state, "--duration %s: seconds, from 0.001 to 1000000000", arg);
	return seconds * 1e9;
}

static __u32 parse_reason(const char *arg, struct argp_state *state)
{
	struct suggestion s = {.word = arg};

	for (__u32 reason = WEFT_DROP_NONE + 1; reason < __WEFT_DROP_MAX; reason++) {
		suggest_try(&s, drops_name(reason));
		if (!strcasecmp(drops_name(reason), arg))
			return reason;
	}
	if (s.best)
		argp_error(state, "--reason %s: there is no such reason; did you mean %s?", arg,
			   s.best);
	else
		argp_error(state,
			   "--reason %s: there is no such reason; \"weft show drops --reasons\" "
			   "lists them",
			   arg);
	return 0;
}

static void check_options(const struct capture_options *o, struct argp_state *state)
{
	bool to_stdout = o->file && !strcmp(o->file, "-");

	if (to_stdout && o->common.json)
		argp_error(state, "--json and --write - both want standard output");
	else if (to_stdout && isatty(STDOUT_FILENO))
		argp_error(state, "--write -: this is a terminal, and pcapng is not text");
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct capture_options *o = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &o->common;
		return 0;
	case OPT_DROPS:
		o->want.drops = true;
		return 0;
	case OPT_REASON:
		o->want.drops = true;
		o->want.reason = parse_reason(arg, state);
		return 0;
	case OPT_NETWORK:
		o->network = arg;
		return 0;
	case OPT_PORT:
		o->port = arg;
		return 0;
	case OPT_SNAPLEN:
		o->want.snaplen =
			parse_number("snaplen", arg, WEFT_ETH_HLEN, WEFT_CAP_SNAPLEN_MAX, state);
		return 0;
	case OPT_SAMPLE:
		o->want.sample = parse_number("sample", arg, 1, 1000000000, state);
		return 0;
	case OPT_RATE:
		o->want.rate = parse_number("rate", arg, 0, 1000000000, state);
		return 0;
	case OPT_DURATION:
		o->duration_ns = parse_seconds(arg, state);
		return 0;
	case OPT_FORCE:
		o->want.force = true;
		return 0;
	case 'c':
		o->count = parse_number("count", arg, 1, ~0ULL, state);
		return 0;
	case 'w':
		o->file = arg;
		return 0;
	case ARGP_KEY_END:
		check_options(o, state);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_child children[] = {{.argp = &cmd_common_argp}, {}};

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.doc = "Show the packets that the datapath of this node sees or drops, and what it does "
	       "with "
	       "them."
	       "\v"
	       "Without --write, prints a line a packet, with --json an object a packet. Ends by "
	       "Ctrl-C, --count or --duration, and says how many packets there were.",
	.children = children,
};

int cmd_capture(int argc, char **argv)
{
	struct capture_options o = {.want = {.snaplen = SNAPLEN_DEFAULT, .rate = RATE_DEFAULT}};

	cmd_parse(&argp, argc, argv, &o);
	bpf_log_capture();
	return cmd_capture_run(&o);
}
