/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Storms and loops, for a node's status: which ports sent more than they may have flooded, and by
 * which of them a frame came back. */
#include <time.h>

#include <weft/guard.h>

#include "print.h"
#include "status.h"
#include "util.h"

static const struct print_column columns[] = {
	{"trouble", "TROUBLE", NULL, PRINT_TEXT}, {"port", "PORT", NULL, PRINT_TEXT},
	{"what", "WHAT", NULL, PRINT_TEXT},       {"packets", "PACKETS", NULL, PRINT_NUMBER},
	{"last_ms", NULL, NULL, PRINT_NUMBER},    {NULL, "LAST", NULL, PRINT_TEXT},
	{"blocked_ms", NULL, NULL, PRINT_NUMBER}, {NULL, "BLOCKED", NULL, PRINT_TEXT},
};

static __u64 now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

/* A span, for programs and for people. */
static void print_ms(struct print_table *out, bool known, __u64 ns)
{
	if (known) {
		print_number(out, ns / 1000000);
		print_text(out, print_span(ns / 1000000).s);
	} else {
		print_absent(out);
		print_absent(out);
	}
}

/* When the last packet was lost is not kept; that the port owes something for now is. */
static void add_storms(const struct view *view, __u32 id, const struct weft_port_state *state,
		       __u64 now, struct print_table *out)
{
	static const struct {
		enum weft_drop reason;
		const char *what;
	} storms[__WEFT_STORM_MAX] = {
		[WEFT_STORM_BROADCAST] = {WEFT_DROP_STORM_BROADCAST, "broadcast"},
		[WEFT_STORM_MULTICAST] = {WEFT_DROP_STORM_MULTICAST, "multicast"},
		[WEFT_STORM_UNKNOWN] = {WEFT_DROP_STORM_UNKNOWN, "unknown_unicast"},
	};
	const struct weft_count *lost;

	for (int i = 0; i < __WEFT_STORM_MAX; i++) {
		lost = table_get(&view->t[TABLE_DROPS],
				 &(struct weft_drop_key){.port = id, .reason = storms[i].reason});
		if (!lost || !lost->packets)
			continue;
		print_text(out, "storm");
		print_text(out, view_port_name(view, id).s);
		print_text(out, storms[i].what);
		print_number(out, lost->packets);
		print_ms(out, state,
			 state && state->storm_next_ns[i] < now ? now - state->storm_next_ns[i]
								: 0);
		print_ms(out, false, 0);
	}
}

static void add_loop(const struct view *view, __u32 id, const struct weft_port_state *state,
		     __u64 now, struct print_table *out)
{
	if (!state || !state->loops)
		return;
	print_text(out, "loop");
	print_text(out, view_port_name(view, id).s);
	print_text(out, state->loop_port ? view_port_name(view, state->loop_port).s : "underlay");
	print_number(out, state->loops);
	print_ms(out, true, now > state->loop_seen_ns ? now - state->loop_seen_ns : 0);
	print_ms(out, state->loop_until_ns > now, state->loop_until_ns - now);
}

void troubles_fill(const struct status *s, struct print_table *out)
{
	const __u64 now = now_ns();
	const struct weft_port_state *state;

	print_init(out, columns, ARRAY_SIZE(columns));
	for (size_t i = 0; i < s->n_ports; i++) {
		state = table_get(&s->view.t[TABLE_PORT_STATE], &s->members[i].id);
		add_storms(&s->view, s->members[i].id, state, now, out);
		add_loop(&s->view, s->members[i].id, state, now, out);
	}
}
