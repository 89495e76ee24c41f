/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* weft explain, from the tables to the last word; see cmd_explain.h. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "bpf_log.h"
#include "cmd_explain.h"
#include "config.h"
#include "datapath_trace.h"
#include "diag.h"
#include "explain_print.h"
#include "explain_run.h"
#include "explain_world.h"
#include "pcap_read.h"
#include "print.h"
#include "util.h"

/** struct session - one run. */
struct session {
	const struct explain_options *o;
	struct config *cfg;
	struct diag *diag; /* what is wrong with the file */
	struct diag *fit;  /* what of it this machine has not */
	struct explain_world world;
	struct trace_progs progs;
	struct explain_input *in;
	struct explain_result *result;
};

static enum cmd_exit open_live(struct session *s)
{
	const char *failed;
	struct pins pins;
	enum cmd_exit status;
	int err;

	status = cmd_choose_node(&s->o->common, &pins);
	if (status)
		return status;
	err = explain_world_live(&s->world, &pins, &failed);
	if (err && failed)
		return cmd_no_table(&pins, failed, err);
	if (err) {
		cmd_error(CMD_FAILED, "tables to explain with: %s", strerror(-err));
		bpf_log_print(stderr);
		return CMD_FAILED;
	}
	if (s->world.other_build)
		fputs("weft: note: programs of another build of weft are attached here; this is "
		      "what those of this one would do\n",
		      stderr);
	return CMD_OK;
}

static enum cmd_exit invalid(struct session *s)
{
	diag_print(s->diag, stderr);
	return CMD_INVALID;
}

/* What is made up is told, but it is no mistake: the file is not applied yet. */
static void tell_fit(const struct session *s)
{
	if (diag_count(s->fit))
		fprintf(stderr,
			"weft: note: of what the file names, this machine has not all (%zu "
			"missing); "
			"it is made up. weft apply --dry-run says what\n",
			diag_count(s->fit));
}

static enum cmd_exit open_config(struct session *s)
{
	const char *file = s->o->config;
	_cleanup_free_ char *problem = NULL;
	const struct cfg_node *node;
	int err;

	s->diag = diag_new();
	s->fit = diag_new();
	if (!s->diag || !s->fit)
		return cmd_error(CMD_FAILED, "%s", strerror(ENOMEM));
	err = config_load(file, s->diag, &s->cfg);
	if (!err)
		err = config_select_node(s->cfg, s->o->common.node, s->diag, &node);
	if (err && !diag_count(s->diag))
		return cmd_error(CMD_FAILED, "%s: %s", file, strerror(-err));
	if (err)
		return invalid(s);
	err = explain_world_config(&s->world, s->cfg, node, file, s->diag, s->fit, &problem);
	if (diag_count(s->diag))
		return invalid(s);
	if (err)
		return cmd_error(CMD_FAILED, "node %s: %s%s", node->name.v,
				 problem ?: strerror(-err), geteuid() ? "; weft needs root" : "");
	tell_fit(s);
	return CMD_OK;
}

static enum cmd_exit read_pcap(const char *path, unsigned long number, struct pcap_frame *frame)
{
	FILE *in = strcmp(path, "-") != 0 ? fopen(path, "re") : stdin;
	const char *problem;
	int err;

	if (!in)
		return cmd_error(CMD_FAILED, "%s: %s", path, strerror(errno));
	err = pcap_read(in, number, frame, &problem);
	if (in != stdin)
		fclose(in);
	if (err && problem)
		return cmd_error(CMD_INVALID, "%s, frame %lu: it %s", path, number, problem);
	if (err)
		return cmd_error(CMD_FAILED, "%s: %s", path, strerror(-err));
	return CMD_OK;
}

static enum cmd_exit find_frame(struct session *s)
{
	_cleanup_free_ struct pcap_frame *frame = malloc(sizeof(*frame));
	const struct explain_want *want = &s->o->want;
	enum cmd_exit status;

	if (!frame)
		return cmd_error(CMD_FAILED, "%s", strerror(ENOMEM));
	status = read_pcap(want->pcap, want->frame, frame);
	return status ?: cmd_explain_find_frame(&s->world, want, frame, s->in);
}

static enum cmd_exit run(struct session *s)
{
	int err;

	err = trace_progs_load(&s->world.maps, s->in->underlay, &s->progs);
	if (err) {
		cmd_error(CMD_FAILED, "load the programs: %s", strerror(-err));
		bpf_log_print(stderr);
		return CMD_FAILED;
	}
	err = explain_run(&s->world, &s->progs, s->in, s->result);
	if (err == -EINVAL)
		return cmd_error(
			CMD_FAILED,
			"the kernel takes no frame of %u bytes for a test run; try another "
			"--size",
			s->in->frame.len);
	if (err)
		return cmd_error(CMD_FAILED, "run the programs: %s", strerror(-err));
	return CMD_OK;
}

static enum cmd_exit status_of(enum explain_verdict verdict)
{
	switch (verdict) {
	case EXPLAIN_DROPPED:
	case EXPLAIN_REFUSED:
		return CMD_DROPPED;
	case EXPLAIN_PASSED:
		return CMD_PASSED;
	default:
		return CMD_OK;
	}
}

static enum cmd_exit report(const struct session *s)
{
	const struct explain_report report = {
		.w = &s->world,
		.in = s->in,
		.result = s->result,
		.verbose = s->o->verbose,
		.hex = s->o->hex,
	};

	if (!s->o->common.json)
		explain_print(&report, stdout);
	else if (print_json(explain_json(&report), stdout))
		return cmd_error(CMD_FAILED, "%s", strerror(ENOMEM));
	return status_of(s->result->verdict);
}

static void release(struct session *s)
{
	trace_progs_close(&s->progs);
	explain_world_clear(&s->world);
	config_free(s->cfg);
	diag_free(s->diag);
	diag_free(s->fit);
	free(s->in);
	free(s->result);
}

enum cmd_exit cmd_explain_run(const struct explain_options *o)
{
	_cleanup_(release) struct session s = {.o = o, .progs = {{-1, -1, -1}, -1}};
	enum cmd_exit status;

	explain_world_init(&s.world);
	s.in = malloc(sizeof(*s.in));
	s.result = malloc(sizeof(*s.result));
	if (!s.in || !s.result)
		return cmd_error(CMD_FAILED, "%s", strerror(ENOMEM));
	status = cmd_enter_netns(&o->common);
	if (!status)
		status = o->config ? open_config(&s) : open_live(&s);
	if (!status)
		status = o->want.pcap ? find_frame(&s) : cmd_explain_find(&s.world, &o->want, s.in);
	if (!status)
		status = run(&s);
	return status ?: report(&s);
}
