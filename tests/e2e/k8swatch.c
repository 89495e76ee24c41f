/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * What a source of a cluster's objects says, a JSON object a line: for test_k8s_source.py.
 *
 *	k8swatch [-s SERVER] [-t TOKEN-FILE] [-a CA-FILE] [-c CERT-FILE] [-k KEY-FILE] [-w SECONDS]
 *[-1]
 *
 * {"synced", "objects"} whenever they changed, {"resource", "problem"} whenever that did,
 *{"report"} for each SIGUSR1. Ends by SIGTERM, with -1 at the first change, or with status 2 if it
 *cannot begin.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/event.h>
#include <jansson.h>

#include "k8s_source.h"
#include "util.h"

struct program {
	struct event_base *base;
	struct k8s_source *source;
	bool once;
};

static void say(json_t *line)
{
	if (!line || json_dumpf(line, stdout, JSON_COMPACT))
		abort();
	json_decref(line);
	putchar('\n');
	fflush(stdout);
}

static void changed(void *arg)
{
	struct program *p = arg;

	say(json_pack("{s:b, s:o}", "synced", k8s_source_synced(p->source), "objects",
		      k8s_source_objects(p->source)));
	if (p->once) {
		k8s_source_close(TAKE_PTR(p->source));
		event_base_loopexit(p->base, NULL); /* what is active is served first */
	}
}

static void problem(const char *plural, const char *text, void *arg __attribute__((unused)))
{
	say(json_pack("{s:s, s:s?}", "resource", plural, "problem", text));
}

static void on_signal(evutil_socket_t number, short what __attribute__((unused)), void *arg)
{
	const struct program *p = arg;

	if (number == SIGUSR1)
		say(json_pack("{s:o}", "report", k8s_source_report(p->source)));
	else
		event_base_loopbreak(p->base);
}

static void parse(int argc, char **argv, struct k8s_source_config *config, bool *once)
{
	int option;

	while ((option = getopt(argc, argv, "s:t:a:c:k:w:1")) != -1) {
		switch (option) {
		case 's':
			config->server = optarg;
			break;
		case 't':
			config->token_file = optarg;
			break;
		case 'a':
			config->ca_file = optarg;
			break;
		case 'c':
			config->cert_file = optarg;
			break;
		case 'k':
			config->key_file = optarg;
			break;
		case 'w':
			config->watch_seconds = (unsigned int)strtoul(optarg, NULL, 10);
			break;
		case '1':
			*once = true;
			break;
		default:
			exit(2);
		}
	}
}

int main(int argc, char **argv)
{
	struct k8s_source_config config = {.problem = problem};
	struct program p = {.base = event_base_new()};
	const int signals[] = {SIGTERM, SIGUSR1};
	struct event *events[ARRAY_SIZE(signals)];
	char *why = NULL;

	parse(argc, argv, &config, &p.once);
	signal(SIGPIPE, SIG_IGN);
	p.source = k8s_source_open(p.base, &config, changed, &p, &why);
	if (!p.source) {
		fprintf(stderr, "%s\n", why);
		free(why);
		event_base_free(p.base);
		return 2;
	}
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++) {
		events[i] = evsignal_new(p.base, signals[i], on_signal, &p);
		event_add(events[i], NULL);
	}
	event_base_dispatch(p.base);
	k8s_source_close(p.source);
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
		event_free(events[i]);
	event_base_free(p.base);
	return 0;
}
