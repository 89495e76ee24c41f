/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Changes to the API's documents; see api.h.
 *
 * A change on trial is in force but not saved: should the agent end before it is confirmed, the
 * next one goes back to what was saved.
 */
#include "api_change.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "api_parts.h"
#include "clock.h"
#include "diag.h"
#include "util.h"

#define TRIAL_MAX 86400 /* seconds */

void api_refuse_change(const struct api_request *r, int err, struct diag *diag)
{
	if (err == -EINVAL)
		api_reply(r, 422,
			  json_pack("{s:s, s:o}", "error", "the documents are wrong", "errors",
				    agent_errors_json(NULL, diag)));
	else
		api_refuse(r, 500, "%s", strerror(-err));
}

void api_refuse_outcome(const struct api_request *r, const struct outcome *out)
{
	int status = out->err == -EBUSY || out->err == -EAGAIN ? 503 : 500;

	if (out->err == -EINVAL && out->list)
		api_reply(r, 422,
			  json_pack("{s:s, s:O}", "error", "the documents are wrong", "errors",
				    out->list));
	else
		api_refuse(r, status, "%s", out->problem ?: strerror(-out->err));
}

json_t *api_outcome(const struct outcome *out, bool dry_run)
{
	const struct plan_summary *sum = &out->sum;

	return json_pack("{s:b, s:b, s:f, s:{s:I, s:I, s:I}, s:{s:I, s:I, s:I}, s:O, s:O, s:O}",
			 "dry_run", dry_run, "changes", !plan_summary_empty(sum), "ms", out->ms,
			 "entries", "added", (json_int_t)sum->added, "changed",
			 (json_int_t)sum->changed, "removed", (json_int_t)sum->removed, "programs",
			 "attached", (json_int_t)sum->attached, "replaced",
			 (json_int_t)sum->replaced, "detached", (json_int_t)sum->detached, "tables",
			 out->entries, "steps", out->programs, "pending", out->waiting);
}

static void end_trial(struct api_trial *trial)
{
	if (trial->timer)
		event_free(trial->timer);
	trial->timer = NULL;
	trial->id = 0;
	documents_clear(&trial->before);
}

void api_trial_close(struct api *api)
{
	end_trial(&api->trial);
}

/* Return: 0 or what keeps the documents of before from coming back; the trial goes on then. */
static int undo_trial(struct api *api, struct outcome *out)
{
	int err = outcome_init(out);

	if (!err)
		err = agent_try(api->agent, &api->trial.before, &(struct agent_try){}, out);
	if (err)
		return err;
	agent_say(api->agent, WHY_API, out);
	agent_event(api->agent, EVENT_ROLLED_BACK,
		    json_pack("{s:i}", "transaction", (int)api->trial.id));
	end_trial(&api->trial);
	return 0;
}

static void time_is_up(evutil_socket_t fd __attribute__((unused)),
		       short what __attribute__((unused)), void *arg)
{
	_cleanup_(outcome_clear) struct outcome out;
	const struct timeval again = {.tv_sec = 1};
	struct api *api = arg;

	if (undo_trial(api, &out))
		event_add(api->trial.timer, &again);
}

static int begin_trial(struct api *api, struct documents *before, unsigned long seconds)
{
	const struct timeval wait = {.tv_sec = seconds};
	struct api_trial *trial = &api->trial;

	trial->timer = evtimer_new(api->agent->base, time_is_up, api);
	if (!trial->timer || event_add(trial->timer, &wait)) {
		end_trial(trial);
		return -ENOMEM;
	}
	trial->id = ++trial->last_id;
	trial->until_ms = clock_ms() + seconds * 1000.0;
	trial->before = *before;
	*before = (struct documents){};
	return 0;
}

static json_t *trial_json(const struct api_trial *trial)
{
	double left = trial->until_ms - clock_ms();

	if (!trial->id)
		return json_null();
	return json_pack("{s:i, s:f}", "transaction", (int)trial->id, "seconds_left",
			 left > 0 ? left / 1000 : 0.0);
}

/** struct change - one that is being made. */
struct change {
	struct documents before;
	struct documents after;
	struct outcome out;
	struct diag *diag;
};

static void change_clear(struct change *c)
{
	documents_clear(&c->before);
	documents_clear(&c->after);
	outcome_clear(&c->out);
	diag_free(c->diag);
}

static int prepare(const struct api_request *r, const struct documents_change *change,
		   struct change *c)
{
	int err = outcome_init(&c->out);

	c->diag = api_diag();
	if (!err && !c->diag)
		err = -ENOMEM;
	if (!err)
		err = documents_copy(&r->agent->documents, &c->before);
	if (!err)
		err = documents_copy(&r->agent->documents, &c->after);
	return err ? err : documents_apply(&c->after, change, c->diag);
}

/* Dry, or on trial: by itself. */
static void change_now(const struct api_request *r, const struct documents_change *change,
		       bool dry_run, unsigned long seconds)
{
	_cleanup_(change_clear) struct change c = {};
	const struct agent_try try = {.dry_run = dry_run, .trusting = true};
	json_t *answer;
	int err;

	err = prepare(r, change, &c);
	if (err) {
		api_refuse_change(r, err, c.diag);
		return;
	}
	if (agent_try(r->agent, &c.after, &try, &c.out)) {
		api_refuse_outcome(r, &c.out);
		return;
	}
	answer = api_outcome(&c.out, dry_run);
	if (!dry_run)
		agent_say(r->agent, WHY_API, &c.out);
	if (!dry_run && !begin_trial(r->api, &c.before, seconds))
		json_object_set_new(answer, "trial", trial_json(&r->api->trial));
	api_reply(r, 200, answer);
}

void api_change(const struct api_request *r, struct documents_change **change)
{
	bool dry_run = api_query_flag(r, "dry_run");
	unsigned long seconds = 0;

	if (!api_query_number(r, "commit_confirmed", 1, TRIAL_MAX, &seconds))
		return;
	if (r->api->trial.id && !dry_run)
		api_refuse(r, 409, "transaction %u waits to be confirmed", r->api->trial.id);
	else if (dry_run || seconds)
		change_now(r, *change, dry_run, seconds);
	else
		api_queue(r, change, NULL);
}

void api_trial_get(const struct api_request *r)
{
	api_reply(r, 200, json_pack("{s:o}", "trial", trial_json(&r->api->trial)));
}

/* The one that waits, if it is the one that is meant. Refused if not. */
static bool is_waiting(const struct api_request *r)
{
	unsigned long id = strtoul(r->segments[1], NULL, 10);

	if (r->api->trial.id && id == r->api->trial.id)
		return true;
	api_refuse(r, 404, "no transaction %s waits to be confirmed", diag_quote(r->segments[1]).s);
	return false;
}

void api_trial_confirm(const struct api_request *r)
{
	int err;

	if (!is_waiting(r))
		return;
	err = documents_prepare(r->agent->options.state, &r->agent->documents);
	if (!err)
		err = documents_commit(r->agent->options.state);
	if (err) {
		api_refuse(r, 500, "%s: %s", r->agent->options.state, strerror(-err));
		return;
	}
	end_trial(&r->api->trial);
	api_trial_get(r);
}

void api_trial_undo(const struct api_request *r)
{
	_cleanup_(outcome_clear) struct outcome out = {};

	if (!is_waiting(r))
		return;
	if (undo_trial(r->api, &out))
		api_refuse_outcome(r, &out);
	else
		api_reply(r, 200, api_outcome(&out, false));
}
