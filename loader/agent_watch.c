/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* What wakes the agent: the file, interfaces and addresses, signals, the clock; see agent.h. */
#include <errno.h>
#include <libgen.h>
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <event2/event.h>

#include "agent.h"
#include "clock.h"
#include "devices.h"
#include "util.h"

/* A burst of changes is one; but a stream of them does not put a look off for longer than this. */
#define LONGEST_WAIT_MS 500
#define FILE_MS         50  /* editors write a file in several steps */
#define INTERFACE_MS    10  /* a new interface gets its name, its peer, its MTU in several */
#define SETTLE_MS       5   /* when what was asked for is answered */
#define RETRY_MS        200 /* doubled with each failure, up to the interval */

/* By event names alone it is not known that a symbolic link on the way leads elsewhere now. */
#define FILE_EVENTS                                                                                \
	(IN_CLOSE_WRITE | IN_MOVED_TO | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_ATTRIB)

/**
 * struct agent_watch - see above.
 * @why: what woke the agent since its last look.
 * @since_ms: when the first of them did; meaningless without @why.
 * @failed: looks in a row that failed.
 */
struct agent_watch {
	struct agent *agent;
	struct link_watcher watcher;
	struct link_watch *links;
	struct event *links_event;
	int inotify;
	struct event *file_event;
	struct event *signals[3];
	struct event *soon;
	struct event *tick;
	struct event *settle;
	unsigned int why;
	double since_ms;
	unsigned int failed;
};

static struct timeval to_timeval(double ms)
{
	if (ms < 0)
		ms = 0;
	return (struct timeval){.tv_sec = ms / 1000, .tv_usec = (long)(ms * 1000) % 1000000};
}

void agent_wake(struct agent *a, unsigned int why, unsigned int after_ms)
{
	struct agent_watch *w = a->watch;
	double now = clock_ms(), latest;
	struct timeval wait;

	if (!w->why)
		w->since_ms = now;
	w->why |= why;
	latest = w->since_ms + LONGEST_WAIT_MS;
	wait = to_timeval(now + after_ms < latest || why == WHY_RETRY ? after_ms : latest - now);
	event_add(w->soon, &wait);
}

static void look(evutil_socket_t fd __attribute__((unused)), short what __attribute__((unused)),
		 void *arg)
{
	struct agent_watch *w = arg;
	struct agent *a = w->agent;
	unsigned int why = w->why, wait = RETRY_MS;

	w->why = 0;
	if (!agent_reconcile(a, why)) {
		w->failed = 0;
		return;
	}
	for (unsigned int i = 0; i < w->failed && wait < a->options.interval_ms; i++)
		wait *= 2;
	w->failed++;
	agent_wake(a, WHY_RETRY, wait);
}

static void settle(evutil_socket_t fd __attribute__((unused)), short what __attribute__((unused)),
		   void *arg)
{
	struct agent_watch *w = arg;

	agent_settle(w->agent);
}

void agent_settle_soon(struct agent *a)
{
	const struct timeval soon = {.tv_usec = SETTLE_MS * 1000};

	event_add(a->watch->settle, &soon);
}

static void tick(evutil_socket_t fd __attribute__((unused)), short what __attribute__((unused)),
		 void *arg)
{
	struct agent_watch *w = arg;

	agent_observe(w->agent);
	agent_wake(w->agent, WHY_TIMER, 0);
	malloc_trim(0); /* what a large change took may never be needed again */
}

/* Whatever happens in the directory: a name may lead to another file by another name. */
static void file_changed(evutil_socket_t fd, short what __attribute__((unused)), void *arg)
{
	struct agent_watch *w = arg;
	char buffer[4096];

	while (read(fd, buffer, sizeof(buffer)) > 0)
		continue;
	if (agent_file_differs(w->agent))
		agent_wake(w->agent, WHY_FILE, FILE_MS);
}

static void links_readable(evutil_socket_t fd __attribute__((unused)),
			   short what __attribute__((unused)), void *arg)
{
	struct agent_watch *w = arg;

	link_watch_read(w->links);
}

static bool is_uplink(const struct agent *a, const char *name)
{
	for (size_t i = 0; a->self && i < a->self->uplinks.n; i++)
		if (!strcmp(a->self->uplinks.v[i].interface.v, name))
			return true;
	return false;
}

/* Only what the plan looks at: of a port not the MTU, and weft's own bridge as master is its own
 * doing. */
static bool same_iface(const struct agent *a, const struct iface *x, const struct iface *y)
{
	__u32 bridge = a->devices.bridge;

	return !strcmp(x->name, y->name) && x->kind == y->kind &&
	       (x->mtu == y->mtu || !is_uplink(a, x->name)) &&
	       x->peer_elsewhere == y->peer_elsewhere && x->promisc == y->promisc &&
	       (x->master == bridge ? 0 : x->master) == (y->master == bridge ? 0 : y->master);
}

static void tell_link(struct agent *a, const struct iface *iface)
{
	agent_event(a, iface->up ? EVENT_LINK_UP : EVENT_LINK_DOWN,
		    json_pack("{s:s}", "interface", iface->name));
}

static void link_changed(void *arg, const struct iface *iface, bool gone)
{
	struct agent_watch *w = arg;
	struct agent *a = w->agent;
	const struct iface *seen = ifaces_find_index(&a->ifaces, iface->ifindex);
	bool named = set_find(&a->interfaces, iface->name, strlen(iface->name), NULL);

	named |= seen && set_find(&a->interfaces, seen->name, strlen(seen->name), NULL);
	named |= !strcmp(iface->name, DEVICE_VXLAN) || !strcmp(iface->name, DEVICE_BRIDGE);
	if (!named)
		return;
	if (seen && !gone && seen->up != iface->up) {
		tell_link(a, iface);
		((struct iface *)seen)->up = iface->up; /* ours, found through a const look-up */
	}
	if (gone || !seen || !same_iface(a, seen, iface))
		agent_wake(a, WHY_INTERFACE, INTERFACE_MS);
}

static void address_changed(void *arg)
{
	struct agent_watch *w = arg;

	if (w->agent->self && w->agent->self->uplinks.n)
		agent_wake(w->agent, WHY_ADDRESS, INTERFACE_MS);
}

static void links_lost(void *arg)
{
	struct agent_watch *w = arg;

	agent_wake(w->agent, WHY_INTERFACE | WHY_ADDRESS, INTERFACE_MS);
}

static void signalled(evutil_socket_t number, short what __attribute__((unused)), void *arg)
{
	struct agent_watch *w = arg;

	if (number == SIGHUP)
		agent_wake(w->agent, WHY_SIGNAL, 0);
	else
		event_base_loopbreak(w->agent->base);
}

static int watch_file(struct agent_watch *w)
{
	_cleanup_free_ char *path = strdup(w->agent->options.file);

	w->inotify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (!path || w->inotify < 0)
		return -errno;
	if (inotify_add_watch(w->inotify, dirname(path), FILE_EVENTS) < 0)
		return -errno;
	w->file_event =
		event_new(w->agent->base, w->inotify, EV_READ | EV_PERSIST, file_changed, w);
	return w->file_event && !event_add(w->file_event, NULL) ? 0 : -ENOMEM;
}

static int watch_links(struct agent_watch *w)
{
	int fd, err;

	w->watcher = (struct link_watcher){
		.link = link_changed, .address = address_changed, .lost = links_lost, .arg = w};
	err = link_watch_open(&w->watcher, &w->links, &fd);
	if (err)
		return err;
	w->links_event = event_new(w->agent->base, fd, EV_READ | EV_PERSIST, links_readable, w);
	return w->links_event && !event_add(w->links_event, NULL) ? 0 : -ENOMEM;
}

static int watch_rest(struct agent_watch *w)
{
	static const int signals[] = {SIGHUP, SIGTERM, SIGINT};
	struct timeval interval = to_timeval(w->agent->options.interval_ms);

	for (size_t i = 0; i < ARRAY_SIZE(signals); i++) {
		w->signals[i] = evsignal_new(w->agent->base, signals[i], signalled, w);
		if (!w->signals[i] || event_add(w->signals[i], NULL))
			return -ENOMEM;
	}
	w->soon = evtimer_new(w->agent->base, look, w);
	w->tick = event_new(w->agent->base, -1, EV_PERSIST, tick, w);
	w->settle = evtimer_new(w->agent->base, settle, w);
	return w->soon && w->tick && w->settle && !event_add(w->tick, &interval) ? 0 : -ENOMEM;
}

int agent_watch_open(struct agent *a)
{
	struct agent_watch *w = calloc(1, sizeof(*w));
	int err;

	if (!w)
		return -ENOMEM;
	a->watch = w;
	w->agent = a;
	w->inotify = -1;
	err = watch_file(w);
	if (!err)
		err = watch_links(w);
	if (!err)
		err = watch_rest(w);
	return err;
}

static void event_freep(struct event *event)
{
	if (event)
		event_free(event);
}

void agent_watch_close(struct agent *a)
{
	struct agent_watch *w = TAKE_PTR(a->watch);

	if (!w)
		return;
	event_freep(w->file_event);
	event_freep(w->links_event);
	event_freep(w->soon);
	event_freep(w->tick);
	event_freep(w->settle);
	for (size_t i = 0; i < ARRAY_SIZE(w->signals); i++)
		event_freep(w->signals[i]);
	link_watch_close(w->links);
	closep(&w->inotify);
	free(w);
}
