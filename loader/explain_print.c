/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* A packet's way, for people; see explain_print.h. */
#include "explain_print.h"

#include <string.h>

#include "explain_output.h"
#include "explain_names.h"
#include "explain_text.h"
#include "explain_world.h"

#define BYTES_A_LINE 16

/** struct printer - a report on its way. */
struct printer {
	const struct explain_report *report;
	FILE *out;
};

static void print_hex(const __u8 *bytes, __u32 len, FILE *out)
{
	for (__u32 i = 0; i < len; i++) {
		if (i % BYTES_A_LINE == 0)
			fprintf(out, "%s    %04x ", i ? "\n" : "", i);
		fprintf(out, " %02x", bytes[i]);
	}
	if (len)
		fputc('\n', out);
}

static void print_frame(const struct explain_report *report, const char *indent, const __u8 *frame,
			__u32 kept, __u32 len, FILE *out)
{
	struct words words = {};

	explain_frame_words(&words, frame, kept, len);
	fprintf(out, "%s%s\n", indent, words.s);
	if (report->hex)
		print_hex(frame, kept, out);
}

/* The same step twice in a row says nothing new: a flow that both look-ups have missed, say. */
static void print_steps(const struct explain_report *report, const struct explain_leg *leg,
			FILE *out)
{
	struct explain_step step, last = {};

	for (__u32 i = 0; i < explain_records(leg); i++) {
		if (!explain_step_of(report->w, leg, &leg->trace.recs[i], &step))
			continue;
		if (step.detail && !report->verbose)
			continue;
		if (last.stage && !strcmp(step.stage, last.stage) &&
		    !strcmp(step.words.s, last.words.s))
			continue;
		fprintf(out, "  %-9s %s", step.stage, step.words.s);
		fprintf(out, step.table ? "  [%s]\n" : "\n", step.table);
		last = step;
	}
	if (leg->trace.n > WEFT_TRACE_MAX)
		fprintf(out, "  %-9s %u more steps\n", "..", leg->trace.n - WEFT_TRACE_MAX);
}

static void print_leg(const struct explain_report *report, const struct explain_leg *leg, FILE *out)
{
	fprintf(out, "%s at %s%s\n", trace_prog_name(leg->prog),
		explain_interface(report->w, leg->trace.ifindex).s,
		leg->answer ? ", with the answer" : "");
	print_steps(report, leg, out);
}

static int print_output(void *arg, const struct explain_output *o)
{
	const struct printer *p = arg;

	fprintf(p->out, "  %s%s%s, by %s:\n", explain_target_name(o->to), o->name.s[0] ? " " : "",
		o->name.s, o->interface.s);
	print_frame(p->report, "    ", o->frame, o->kept, o->len, p->out);
	if (o->outer_len && o->outer_len < o->kept)
		print_frame(&(struct explain_report){.w = p->report->w}, "      around ",
			    o->frame + o->outer_len, o->kept - o->outer_len, o->len - o->outer_len,
			    p->out);
	return 0;
}

void explain_print(const struct explain_report *report, FILE *out)
{
	const struct explain_result *result = report->result;
	struct printer printer = {.report = report, .out = out};
	struct words verdict = {};

	print_frame(report, "", result->legs[0].frame, result->legs[0].len, result->legs[0].len,
		    out);
	for (int i = 0; i < result->n_legs; i++)
		print_leg(report, &result->legs[i], out);
	explain_verdict_words(&verdict, report->w, result);
	fprintf(out, "%s\n", verdict.s);
	if (result->verdict != EXPLAIN_PASSED)
		explain_outputs(report->w, result, print_output, &printer);
}
