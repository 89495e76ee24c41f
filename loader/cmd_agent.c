/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* weft agent: make the kernel do what a file says, and see to it that it stays so. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "agent.h"
#include "api.h"
#include "bpf_log.h"
#include "cmd.h"
#include "diag.h"
#include "hurry.h"
#include "lockdown.h"
#include "notify.h"
#include "util.h"

#define INTERVAL_MS 15000

enum {
	OPT_INTERVAL = 0x200,
	OPT_SOCKET,
	OPT_STATE,
	OPT_METRICS,
	OPT_UNCONFINED,
};

/** struct options - the command line. */
struct options {
	struct cmd_common common;
	struct agent_options agent;
};

static const struct argp_option argp_options[] = {
	{"interval", OPT_INTERVAL, "SECONDS", 0, "How often to look without being woken (15)", 0},
	{"socket", OPT_SOCKET, "PATH", 0, "Where the API listens (/run/weft/NODE.sock)", 0},
	{"state", OPT_STATE, "PATH", 0,
	 "Where documents of the API are kept (/var/lib/weft/NODE.json)", 0},
	{"unconfined", OPT_UNCONFINED, NULL, 0, "Keep all rights (for debugging)", 0},
	{"metrics", OPT_METRICS, "ADDRESS:PORT", 0, "Where Prometheus may ask for /metrics", 0},
	{},
};

static void parse_interval(struct options *o, const char *arg, struct argp_state *state)
{
	char *end;
	double seconds = strtod(arg, &end);

	if (end == arg || *end || !(seconds >= 0.1 && seconds <= 86400))
		argp_error(state, "--interval %s: give seconds, from 0.1 to 86400", arg);
	o->agent.interval_ms = seconds * 1000;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &o->common;
		return 0;
	case OPT_INTERVAL:
		parse_interval(o, arg, state);
		return 0;
	case OPT_SOCKET:
		o->agent.socket = arg;
		return 0;
	case OPT_STATE:
		o->agent.state = arg;
		return 0;
	case OPT_UNCONFINED:
		o->agent.unconfined = true;
		return 0;
	case OPT_METRICS:
		o->agent.metrics = arg;
		return 0;
	case ARGP_KEY_ARG:
		if (o->agent.file)
			argp_error(state, "one FILE at a time");
		o->agent.file = arg;
		return 0;
	case ARGP_KEY_END:
		if (!o->agent.file || !strcmp(o->agent.file, "-"))
			argp_error(state, "name the FILE to keep to; it is read again when it "
					  "changes");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_child children[] = {{.argp = &cmd_common_argp}, {}};

static const struct argp argp = {
	.options = argp_options,
	.parser = parse,
	.args_doc = "FILE",
	.doc = "Make this node what a configuration file says, as apply does, and stay: whenever "
	       "the file, an interface or an address changes, and now and then without a reason, "
	       "compare and put right. What it does is said on standard output, a JSON object a "
	       "line; its API is HTTP over a UNIX socket. Packets do not need it."
	       "\v"
	       "Interfaces that do not exist (yet) are waited for. A file that is wrong changes "
	       "nothing. SIGHUP has it read again, SIGTERM ends the agent and leaves the node as "
	       "it is.",
	.children = children,
};

/* Why it does not begin. */
static enum cmd_exit refused(const struct agent *a, struct diag *diag, const char *problem, int err)
{
	if (diag && diag_count(diag)) {
		diag_print(diag, stderr);
		return CMD_INVALID;
	}
	return cmd_error(err == -EBUSY ? CMD_BUSY : CMD_FAILED, "%s%s: %s",
			 a->node[0] ? "node " : "", a->node[0] ? a->node : "agent",
			 problem ?: strerror(-err));
}

/* A file that never was right, and nothing in the kernel to look after: who starts it is told. */
static enum cmd_exit first_look(struct agent *a)
{
	int err = agent_reconcile(a, WHY_START);

	if (a->wanted || pins_exist(&a->pins)) {
		if (err)
			agent_wake(a, WHY_RETRY, 1000);
		return CMD_OK;
	}
	return refused(a, a->file_errors, a->file_problem ?: a->problem, err);
}

/* Whether an uplink has, or may get, an XDP program. */
static bool wants_xdp(const struct agent *a)
{
	const struct cfg_uplinks *uplinks = a->self ? &a->self->uplinks : NULL;

	for (size_t i = 0; uplinks && i < uplinks->n; i++) {
		const struct cfg_uplink *uplink = &uplinks->v[i];
		const struct iface *iface = ifaces_find(&a->ifaces, uplink->interface.v);
		bool veth = iface && iface->kind == IFACE_VETH;

		if (uplink->xdp.v != CFG_XDP_OFF && !(veth && uplink->xdp.v == CFG_XDP_AUTO))
			return true;
	}
	return !a->self; /* not known yet */
}

static enum cmd_exit lock_down(const struct agent *a)
{
	int err = a->options.unconfined ? 0 : lockdown(wants_xdp(a));

	return err ? cmd_error(CMD_FAILED, "give up what is not needed: %s", strerror(-err))
		   : CMD_OK;
}

static void feed_watchdog(evutil_socket_t fd __attribute__((unused)),
			  short what __attribute__((unused)), void *arg __attribute__((unused)))
{
	notify("WATCHDOG=1");
}

/* The service manager takes a loop that does not turn for dead. */
static void loop(struct agent *a)
{
	unsigned int ms = notify_watchdog_ms();
	const struct timeval often = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};
	struct event *timer = ms ? event_new(a->base, -1, EV_PERSIST, feed_watchdog, NULL) : NULL;

	if (timer)
		event_add(timer, &often);
	event_base_dispatch(a->base);
	if (timer)
		event_free(timer);
}

static enum cmd_exit run(struct agent *a)
{
	enum cmd_exit status = first_look(a);

	if (!status)
		status = lock_down(a);
	if (status)
		return status;
	agent_event(a, EVENT_STARTED,
		    json_pack("{s:s, s:i}", "file", a->options.file, "pid", (int)getpid()));
	notify("READY=1");
	agent_observe(a);
	loop(a);
	notify("STOPPING=1");
	agent_event(a, EVENT_STOPPED, NULL);
	return CMD_OK;
}

static enum cmd_exit serve(struct agent *a)
{
	int err;

	hurry_keep();
	a->base = event_base_new();
	if (!a->base)
		return cmd_error(CMD_FAILED, "%s", strerror(ENOMEM));
	err = agent_watch_open(a);
	if (err)
		return cmd_error(CMD_FAILED, "watch %s and the interfaces: %s", a->options.file,
				 strerror(-err));
	err = api_open(a, &a->api);
	if (err)
		return cmd_error(CMD_FAILED, "listen at %s%s%s: %s", a->options.socket,
				 a->options.metrics ? " and " : "", a->options.metrics ?: "",
				 strerror(-err));
	return run(a);
}

static void release(struct agent *a)
{
	api_close(a->api);
	agent_watch_close(a);
	if (a->base)
		event_base_free(a->base);
	agent_close(a);
}

int cmd_agent(int argc, char **argv)
{
	_cleanup_(release) struct agent a = {.lock = -1};
	_cleanup_(diag_freep) struct diag *diag = diag_new();
	struct options o = {.agent.interval_ms = INTERVAL_MS};
	_cleanup_free_ char *problem = NULL;
	enum cmd_exit status;
	int err;

	cmd_parse(&argp, argc, argv, &o);
	bpf_log_capture();
	signal(SIGPIPE, SIG_IGN);
	if (!diag)
		return cmd_error(CMD_FAILED, "%s", strerror(ENOMEM));
	status = cmd_enter_netns(&o.common);
	if (status)
		return status;
	a.options = o.agent;
	err = agent_open(&a, o.common.node, diag, &problem);
	return err ? refused(&a, diag, problem, err) : serve(&a);
}
