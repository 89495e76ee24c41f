/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* See event_line.h. */
#include "event_line.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "util.h"

static json_t *time_json(void)
{
	struct timespec now;
	struct tm utc;
	char text[32];

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &utc);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &utc);
	return json_sprintf("%s.%03ldZ", text, now.tv_nsec / 1000000);
}

/* A pipe whose reader sleeps takes nothing: the line is lost, not the process. */
static void print_line(const char *line, size_t len)
{
	struct pollfd out = {.fd = STDOUT_FILENO, .events = POLLOUT};

	if (poll(&out, 1, 0) == 1 && out.revents == POLLOUT && write(STDOUT_FILENO, line, len) < 0)
		return;
}

char *event_line(const char *name, json_t *fields)
{
	json_t *json = json_pack("{s:o, s:s}", "time", time_json(), "event", name);
	_cleanup_free_ char *text = NULL;
	char *line;

	if (json && fields)
		json_object_update(json, fields);
	json_decref(fields);
	text = json ? json_dumps(json, JSON_COMPACT) : NULL;
	json_decref(json);
	if (!text || asprintf(&line, "%s\n", text) < 0)
		return NULL;
	print_line(line, strlen(line));
	return line;
}
