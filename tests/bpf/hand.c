/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * See hand.h. Paints the ranges of a list point by point, which is plain and slow; the loader has a
 * compiler of its own.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <bpf/bpf.h>

#include "hand.h"
#include "prog_run.h"
#include "tables.h"

#define CUTS_MAX 64

static struct weft_generation in_force;
static __u32 next_range[2]; /* by parity */

static __u32 parity(void)
{
	return in_force.policy & 1;
}

void hand_generation(__u32 policy)
{
	const __u32 zero = 0;

	in_force.policy = policy;
	table_put("weft_generation", &zero, &in_force);
}

void hand_moved(void)
{
	in_force.forwarding++;
	hand_generation(in_force.policy);
}

struct weft_pol_ranges hand_list(__u32 generation, const struct weft_pol_range *ranges, __u32 n)
{
	__u32 *next = &next_range[generation & 1];
	const struct weft_pol_ranges list = {.first = 2 * *next + (generation & 1), .count = n};

	for (__u32 i = 0; i < n; i++) {
		__u32 at = 2 * (*next)++ + (generation & 1);

		table_put("weft_pol_l4", &at, &ranges[i]);
	}
	return list;
}

void hand_ruleset(__u32 generation, enum wire wire, enum weft_pol_dir dir, __u32 ruleset)
{
	const __u32 slot = 2 * PORT_ID(wire) + (generation & 1);
	struct weft_pol_port port = {};

	port.ruleset[dir] = ruleset;
	table_put("weft_pol_ports", &slot, &port);
}

static void points_of(const struct stage *stage, const struct hand_rule *r, __u32 *first,
		      __u32 *last)
{
	*first = r->first;
	*last = r->last;
	if (r->echo)
		*first = *last = stage->family == 4 ? WEFT_POL_POINT(1, WEFT_ICMP_ECHO << 8)
						    : WEFT_POL_POINT(58, WEFT_ICMP6_ECHO << 8);
}

/** struct list - the rules of one list: of a port and direction, about one peer or anybody. */
struct list {
	const struct stage *stage;
	const struct hand_rule *rules;
	enum role on;
	enum weft_pol_dir dir;
	enum role peer;
};

static bool is_in(const struct list *l, const struct hand_rule *r)
{
	return r->on == l->on && r->dir == l->dir && r->peer == l->peer;
}

static struct weft_pol_range range_at(const struct list *l, __u32 point)
{
	struct weft_pol_range r = {.start = point, .order = WEFT_POL_ORDER_NONE};
	__u32 first, last;

	for (int i = 0; l->rules[i].action; i++) {
		points_of(l->stage, &l->rules[i], &first, &last);
		if (!is_in(l, &l->rules[i]) || point < first || point > last)
			continue;
		r.order = i;
		r.rule = l->rules[i].id;
		r.action = l->rules[i].action;
		r.flags = l->rules[i].keep ? WEFT_POL_KEEP : 0;
		return r;
	}
	if (l->peer == NONE) {
		r.order = WEFT_POL_ORDER_NONE - 1;
		r.rule = RULE_DEFAULT;
		r.action = WEFT_POL_DENY;
	}
	return r;
}

static int compare(const void *a, const void *b)
{
	const __u32 *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* The list's ranges are put into the table. */
static struct weft_pol_ranges paint(const struct list *l)
{
	struct weft_pol_range ranges[CUTS_MAX];
	__u32 cuts[CUTS_MAX] = {0}, first, last;
	int n = 1, used = 0;

	for (int i = 0; l->rules[i].action && n + 2 <= CUTS_MAX; i++) {
		points_of(l->stage, &l->rules[i], &first, &last);
		if (!is_in(l, &l->rules[i]))
			continue;
		cuts[n++] = first;
		if (last != ~0u)
			cuts[n++] = last + 1;
	}
	qsort(cuts, n, sizeof(cuts[0]), compare);
	for (int i = 0; i < n; i++) {
		if (!i || cuts[i] != cuts[i - 1])
			ranges[used++] = range_at(l, cuts[i]);
	}
	return hand_list(in_force.policy, ranges, used);
}

static __u32 class_of(enum role role)
{
	return 2 * role + parity();
}

/* Every actor is a class of its own. */
static void put_classes(const struct stage *stage)
{
	for (enum role role = A; role <= C; role++) {
		const struct weft_pol_addr_key key = {
			.addr = host_addr(stage, role), .network = NET_WEB, .parity = parity()};
		__u32 class = class_of(role);

		table_put("weft_pol_class", &key, &class);
	}
}

static bool has_list(const struct list *l)
{
	for (int i = 0; l->rules[i].action; i++) {
		if (is_in(l, &l->rules[i]))
			return true;
	}
	return false;
}

bool hand_guards(const struct stage *stage, const struct hand_rule *rules, enum role role,
		 enum weft_pol_dir dir)
{
	if (!rules || role > C || role == NONE || !host_is_local(host_of(stage, role)))
		return false;
	for (int i = 0; rules[i].action; i++) {
		if (rules[i].on == role && rules[i].dir == dir)
			return true;
	}
	return false;
}

static __u32 put_ruleset(const struct stage *stage, const struct hand_rule *rules, enum role on,
			 enum weft_pol_dir dir)
{
	const __u32 set = 2 * (2 * on + dir) + parity();
	struct list l = {stage, rules, on, dir, NONE};
	struct weft_pol_ranges ranges;

	if (!hand_guards(stage, rules, on, dir))
		return 0;
	ranges = paint(&l);
	table_put("weft_pol_sets", &set, &ranges);
	for (l.peer = A; l.peer <= C; l.peer++) {
		const struct weft_pol_match_key key = {set, class_of(l.peer)};

		table_delete("weft_pol_match", &key);
		if (!has_list(&l))
			continue;
		ranges = paint(&l);
		table_put("weft_pol_match", &key, &ranges);
	}
	return set;
}

void hand_apply(const struct stage *stage, const struct hand_rule *rules)
{
	in_force.policy++; /* takes effect with hand_generation() */
	next_range[parity()] = 0;
	put_classes(stage);
	for (enum role role = A; role <= C; role++) {
		const struct host *host = host_of(stage, role);
		const __u32 slot = 2 * PORT_ID(host->wire) + parity();
		struct weft_pol_port port = {};

		if (!host_is_local(host))
			continue;
		for (int dir = 0; dir < __WEFT_POL_DIR_MAX; dir++)
			port.ruleset[dir] = put_ruleset(stage, rules, role, dir);
		table_put("weft_pol_ports", &slot, &port);
	}
	hand_generation(in_force.policy);
}

void hand_clear(void)
{
	const struct weft_pol_port nothing = {};

	for (__u32 slot = 0; slot < 2 * PORT_MAX; slot++)
		table_put("weft_pol_ports", &slot, &nothing);
	table_clear("weft_pol_match");
	table_clear("weft_pol_class");
	table_clear("weft_pol_cidr");
	next_range[0] = next_range[1] = 0;
	in_force.forwarding = 0;
	hand_generation(0);
}
