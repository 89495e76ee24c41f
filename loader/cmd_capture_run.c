/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Runs a capture from its beginning to its last word; see cmd_capture.h. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <string.h>

#include "capture_claim.h"
#include "capture_names.h"
#include "capture_out.h"
#include "capture_words.h"
#include "cmd_capture.h"
#include "drops.h"
#include "pins.h"
#include "print.h"
#include "util.h"

#define READ_MS   100
#define NS_PER_MS 1000000ULL
#define NAMES_NS  1000000000ULL

/** struct session - one run. @file is to be closed. */
struct session {
	const struct capture_options *o;
	struct pins pins;
	struct capture_names names;
	struct capture *capture;
	struct capture_out out;
	struct capture_problem problem;
	struct words filter;
	FILE *file;
};

static volatile sig_atomic_t ended; /* by a signal */

static void describe_filter(struct session *s)
{
	const struct capture_want *want = &s->o->want;
	struct words *w = &s->filter;

	if (want->reason)
		words_add(w, ", drops for %s", drops_name(want->reason));
	else if (want->drops)
		words_add(w, ", drops");
	if (s->o->network)
		words_add(w, ", network %s", s->o->network);
	if (s->o->port)
		words_add(w, ", port %s", s->o->port);
	if (want->sample > 1)
		words_add(w, ", one packet in %u", want->sample);
	if (want->rate)
		words_add(w, ", at most %u packets a second", want->rate);
}

static enum cmd_exit resolve(struct session *s, struct capture_want *want)
{
	const struct capture_options *o = s->o;
	enum cmd_exit status = CMD_OK;

	if (o->network)
		status = cmd_find_network(&s->names.view, o->network, &want->network);
	if (!status && o->port)
		status = cmd_find_port(&s->names.view, o->port, &want->port);
	return status;
}

static enum cmd_exit begin(struct session *s, const struct capture_want *want)
{
	const struct capture_problem *problem = &s->problem;
	int err;

	err = capture_begin(&s->pins, want, &s->capture, &s->problem);
	if (!err)
		return CMD_OK;
	if (err == -EBUSY && problem->holder)
		return cmd_error(CMD_BUSY,
				 "process %d captures on node \"%s\" already; --force takes over",
				 problem->holder, s->pins.node);
	if (err == -EBUSY)
		return cmd_error(CMD_BUSY, "another weft holds the capture of node \"%s\"",
				 s->pins.node);
	if (err == -ENOENT || err == -EPROTO)
		return cmd_no_table(&s->pins, problem->map, err);
	return cmd_error(CMD_FAILED, "capture: %s", strerror(-err));
}

/* After the capture has begun, so that one that cannot begin overwrites nothing. */
static enum cmd_exit open_out(struct session *s)
{
	const struct capture_options *o = s->o;
	int fd, err;

	if (o->file && strcmp(o->file, "-") != 0) {
		fd = open(o->file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
		if (fd < 0 || !(s->file = fdopen(fd, "w")))
			return cmd_error(CMD_FAILED, "%s: %s", o->file, strerror(errno));
	}
	s->out.format = o->file ? CAPTURE_PCAPNG : o->common.json ? CAPTURE_JSON : CAPTURE_TEXT;
	s->out.stream = s->file ?: stdout;
	s->out.names = &s->names;
	s->out.filter = s->filter.len ? s->filter.s + strlen(", ") : NULL;
	s->out.snaplen = o->want.snaplen;
	s->out.limit = o->count;
	err = capture_out_begin(&s->out);
	if (err)
		return cmd_error(CMD_FAILED, "%s: %s", o->file ?: "capture", strerror(-err));
	return CMD_OK;
}

/* A second one also ends a write whose reader does not read. */
static void note_end(int signal)
{
	const struct sigaction again = {.sa_handler = note_end};

	ended = 1;
	sigaction(signal, &again, NULL);
}

static void catch_signals(void)
{
	const struct sigaction end = {.sa_handler = note_end, .sa_flags = SA_RESTART};
	const struct sigaction ignore = {.sa_handler = SIG_IGN};

	sigaction(SIGINT, &end, NULL);
	sigaction(SIGTERM, &end, NULL);
	sigaction(SIGHUP, &end, NULL);
	sigaction(SIGPIPE, &ignore, NULL);
}

static int wait_for_packets(const struct session *s, __u64 until_ns)
{
	struct pollfd fd = {.fd = capture_fd(s->capture), .events = POLLIN};
	__u64 now = claim_now(), left = until_ns > now ? (until_ns - now) / NS_PER_MS + 1 : 0;

	if (poll(&fd, 1, left < READ_MS ? left : READ_MS) < 0 && errno != EINTR)
		return -errno;
	return 0;
}

/* Return: 0 at the end that was asked for; -errno. */
static int pump(struct session *s)
{
	__u64 begun = claim_now(), names_ns = begun;
	__u64 until_ns = s->o->duration_ns ? begun + s->o->duration_ns : ~0ULL;
	int err = 0;

	while (!err && !ended && claim_now() < until_ns) {
		err = wait_for_packets(s, until_ns);
		if (claim_now() - names_ns > NAMES_NS) {
			capture_names_refresh(&s->names);
			names_ns = claim_now();
		}
		if (!err)
			err = capture_read(s->capture, capture_out_record, &s->out, &s->problem);
		if (!err)
			err = capture_out_flush(&s->out);
	}
	return err == -ECANCELED ? 0 : err;
}

static void report_text(const struct session *s, const struct weft_cap_stat *stat, FILE *to)
{
	__u64 chosen = stat->recorded + stat->limited + stat->lost;

	fprintf(to, "%s: %llu packets seen, %llu written", s->pins.node, stat->seen,
		s->out.written);
	if (stat->seen > chosen)
		fprintf(to, ", %llu left out by --sample", stat->seen - chosen);
	if (stat->limited)
		fprintf(to, ", %llu skipped: sampled under load (--rate %u)", stat->limited,
			s->o->want.rate);
	if (stat->lost)
		fprintf(to, ", %llu lost: the buffer was full", stat->lost);
	putc('\n', to);
}

/* What was asked for goes to standard output; where that is the packets, this goes to the other. */
static int report(const struct session *s, const struct weft_cap_stat *stat)
{
	if (s->file && s->o->common.json)
		return print_json(
			json_pack("{s:s, s:I, s:I, s:I, s:I, s:I}", "node", s->pins.node, "seen",
				  (json_int_t)stat->seen, "written", (json_int_t)s->out.written,
				  "recorded", (json_int_t)stat->recorded, "limited",
				  (json_int_t)stat->limited, "lost", (json_int_t)stat->lost),
			stdout);
	fflush(stdout);
	report_text(s, stat, s->file ? stdout : stderr);
	return 0;
}

/* cmd_finish() need not say it again. Who closed the pipe knows. */
static enum cmd_exit stdout_failed(int err)
{
	__fpurge(stdout);
	clearerr(stdout);
	return err == -EPIPE ? CMD_FAILED
			     : cmd_error(CMD_FAILED, "standard output: %s", strerror(-err));
}

static enum cmd_exit say_why(const struct session *s, int err)
{
	if (s->out.err && !s->file)
		return stdout_failed(s->out.err);
	if (s->out.err)
		return cmd_error(CMD_FAILED, "%s: %s", s->o->file, strerror(-s->out.err));
	if (err == -ESTALE)
		return cmd_error(CMD_FAILED, "process %d has taken over the capture",
				 s->problem.holder);
	if (err == -ENOENT)
		return cmd_error(CMD_FAILED, "node \"%s\" was taken down", s->pins.node);
	return err ? cmd_error(CMD_FAILED, "capture: %s", strerror(-err)) : CMD_OK;
}

static int close_file(struct session *s)
{
	FILE *file = s->file;

	s->file = NULL;
	if (file && fclose(file))
		return -errno;
	return 0;
}

/* Writes what came until the end, unless that is not wanted any more. */
static int finish(struct session *s, struct weft_cap_stat *stat)
{
	bool full = s->out.limit && s->out.written == s->out.limit;
	int err;

	err = capture_end(s->capture, full || s->out.err ? NULL : capture_out_record, &s->out,
			  stat);
	if (!s->out.err)
		capture_out_flush(&s->out);
	return err == -ECANCELED ? 0 : err;
}

static enum cmd_exit run(struct session *s)
{
	struct weft_cap_stat stat = {};
	enum cmd_exit status;
	int err, end;

	fprintf(stderr, "capturing on node %s; Ctrl-C ends it\n", s->pins.node);
	err = pump(s);
	end = finish(s, &stat);
	status = say_why(s, err ?: end);
	report(s, &stat);
	err = close_file(s);
	if (err && !status)
		status = cmd_error(CMD_FAILED, "%s: %s", s->o->file, strerror(-err));
	return status;
}

static void clear(struct session *s)
{
	capture_freep(&s->capture);
	capture_out_clear(&s->out);
	capture_names_clear(&s->names);
	close_file(s);
}

enum cmd_exit cmd_capture_run(const struct capture_options *o)
{
	_cleanup_(clear) struct session s = {.o = o};
	struct capture_want want = o->want;
	const char *failed;
	enum cmd_exit status;
	int err;

	status = cmd_enter_netns(&o->common);
	if (!status)
		status = cmd_choose_node(&o->common, &s.pins);
	if (status)
		return status;
	err = capture_names_read(&s.pins, &s.names, &failed);
	if (err)
		return cmd_no_table(&s.pins, failed, err);
	describe_filter(&s);
	status = resolve(&s, &want);
	catch_signals();
	if (!status)
		status = begin(&s, &want);
	if (!status)
		status = open_out(&s);
	return status ?: run(&s);
}
