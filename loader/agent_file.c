/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The agent's look at both sides: the file, if it is another; then the kernel. See agent.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent_parts.h"
#include "diag.h"
#include "util.h"

/* The kernel is read, as somebody may have changed it. */
static const struct agent_try look = {.keep = false};

static void say_failure(struct agent *a, unsigned int why, struct outcome *out)
{
	json_t *errors = diag_count(out->errors) ? diag_json(out->errors) : json_null();
	char *problem = out->problem ? TAKE_PTR(out->problem) : strdup("the file does not fit");

	if (!a->problem || !problem || strcmp(a->problem, problem) != 0)
		agent_event(a, EVENT_FAILED,
			    json_pack("{s:o, s:s?, s:O}", "why", agent_why_json(why), "problem",
				      problem, "errors", errors));
	json_decref(errors);
	free(a->problem);
	a->problem = problem;
}

static bool same_mark(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
	       !memcmp(&a->st_mtim, &b->st_mtim, sizeof(a->st_mtim)) &&
	       !memcmp(&a->st_ctim, &b->st_ctim, sizeof(a->st_ctim));
}

bool agent_file_differs(const struct agent *a)
{
	struct stat now = {};

	if (stat(a->options.file, &now))
		now = (struct stat){};
	return !same_mark(&now, &a->seen);
}

/* The file as it is now does not become what is wanted. Said once for each different trouble. */
static void refuse_file(struct agent *a, struct diag *errors, char *problem)
{
	_cleanup_free_ char *old = NULL, *new = NULL;
	json_t *was = a->file_errors ? diag_json(a->file_errors) : NULL;
	json_t *is = errors ? diag_json(errors) : json_null();

	old = was               ? json_dumps(was, JSON_COMPACT)
	      : a->file_problem ? strdup(a->file_problem)
				: NULL;
	new = errors ? json_dumps(is, JSON_COMPACT) : problem ? strdup(problem) : NULL;
	if (!old || !new || strcmp(old, new) != 0)
		agent_event(a, EVENT_FILE_REFUSED,
			    json_pack("{s:s, s:s?, s:O}", "file", a->options.file, "problem",
				      problem, "errors", is));
	json_decref(was);
	json_decref(is);
	diag_free(a->file_errors);
	free(a->file_problem);
	a->file_errors = errors;
	a->file_problem = problem;
}

static void accept_file(struct agent *a, struct config *file, const struct stat *mark)
{
	config_free(a->file);
	a->file = file;
	a->mark = *mark;
	diag_free(a->file_errors);
	a->file_errors = NULL;
	free(a->file_problem);
	a->file_problem = NULL;
}

static void refuse_unread(struct agent *a, struct diag *errors, int err)
{
	char *problem = NULL;

	if (diag_count(errors)) {
		refuse_file(a, errors, NULL);
		return;
	}
	if (asprintf(&problem, "%s: %s", a->options.file, strerror(-err)) < 0)
		problem = NULL;
	diag_free(errors);
	refuse_file(a, NULL, problem);
}

/* A file that changed is tried; if it is no good, all stays as it was. Return: whether it was. */
static bool take_file(struct agent *a, unsigned int why, struct outcome *out)
{
	_cleanup_(config_freep) struct config *file = NULL;
	_cleanup_(diag_freep) struct diag *errors = diag_new();
	struct candidate c = {};
	struct stat mark = {};
	int err = 0;

	if (stat(a->options.file, &mark)) {
		err = -errno;
		mark = (struct stat){};
	}
	a->seen = mark;
	if (!err && a->file && !(why & WHY_SIGNAL) && same_mark(&mark, &a->mark))
		return false;
	if (!err)
		err = config_read(a->options.file, errors, &file);
	if (!err)
		err = agent_judge(file, &a->documents, a->node, errors, &c);
	if (!err && agent_attempt(a, c.wanted, c.self, &look, out) == -EINVAL) {
		diag_free(errors);
		errors = TAKE_PTR(out->errors);
		out->errors = diag_new();
		err = -EINVAL;
	}
	if (err) {
		config_free(c.wanted);
		refuse_unread(a, TAKE_PTR(errors), err);
		out->err = 0;
		return false;
	}
	/* Also if the kernel refused it: that is tried again. */
	agent_adopt(a, &c);
	accept_file(a, TAKE_PTR(file), &mark);
	return true;
}

int agent_reconcile(struct agent *a, unsigned int why)
{
	_cleanup_(outcome_clear) struct outcome out;
	bool looks = why & (WHY_FILE | WHY_SIGNAL | WHY_TIMER | WHY_START | WHY_RETRY);
	int err;

	err = outcome_init(&out);
	if (err)
		return err;
	diag_set_file(out.pending, a->options.file);
	if (looks && take_file(a, why, &out))
		why |= WHY_NEW;
	else if (a->wanted)
		agent_attempt(a, a->wanted, a->self, &look, &out);
	if (out.err) {
		say_failure(a, why, &out);
		return out.err;
	}
	if (!a->wanted)
		return -EINVAL;
	agent_remember(a, &out);
	agent_say(a, why, &out);
	return 0;
}
