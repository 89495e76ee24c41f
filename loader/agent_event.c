/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * What the agent says: JSON, a line each. Never so much that it could fill a disk, and never so
 * that a reader who does not read could hold the agent up.
 */
#include <string.h>

#include "agent.h"
#include "api.h"
#include "clock.h"
#include "event_line.h"
#include "util.h"

/* Of each kind: so many at once, and then so many a second. */
#define BURST      50
#define PER_SECOND 5

static const char *const names[__EVENT_MAX] = {
	[EVENT_STARTED] = "started",
	[EVENT_STOPPED] = "stopped",
	[EVENT_RECONCILED] = "reconciled",
	[EVENT_REPAIRED] = "repaired",
	[EVENT_FAILED] = "failed",
	[EVENT_FILE_REFUSED] = "file_refused",
	[EVENT_PORT_UP] = "port_up",
	[EVENT_PORT_DOWN] = "port_down",
	[EVENT_LINK_UP] = "link_up",
	[EVENT_LINK_DOWN] = "link_down",
	[EVENT_ROLLED_BACK] = "rolled_back",
	[EVENT_PRESSURE] = "pressure",
	[EVENT_DENIED] = "denied",
	[EVENT_LEARNED] = "learned",
	[EVENT_MOVED] = "moved",
	[EVENT_FLAP] = "flap",
};

/** struct bucket - how many of a kind may still be said. @ms: when it was filled last. */
struct bucket {
	bool used;
	double tokens;
	double ms;
	__u64 suppressed;
};

static struct bucket buckets[__EVENT_MAX];

static bool may_say(struct bucket *b)
{
	double now = clock_ms();

	if (!b->used)
		*b = (struct bucket){.used = true, .tokens = BURST, .ms = now};
	b->tokens += (now - b->ms) * PER_SECOND / 1000;
	b->tokens = b->tokens > BURST ? BURST : b->tokens;
	b->ms = now;
	if (b->tokens < 1) {
		b->suppressed++;
		return false;
	}
	b->tokens--;
	return true;
}

void agent_event(struct agent *a, enum agent_event event, json_t *fields)
{
	_cleanup_free_ char *line = NULL;
	json_t *json = NULL;

	if (may_say(&buckets[event]))
		json = json_pack("{s:s}", "node", a->node);
	if (json && fields)
		json_object_update(json, fields);
	if (json && buckets[event].suppressed)
		json_object_set_new(json, "suppressed", json_integer(buckets[event].suppressed));
	json_decref(fields);
	if (!json)
		return;
	buckets[event].suppressed = 0;
	line = event_line(names[event], json);
	if (line && a->api)
		api_tell(a->api, line, strlen(line));
}
