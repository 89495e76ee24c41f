/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* What is allowed in policies but hardly meant; see config_warn() in check.h. */
#include <string.h>

#include "check.h"
#include "policy_shadow.h"
#include "suggest.h"
#include "value.h"

/* As in check.c: suggesting looks at every name. */
#define MAX_SUGGESTIONS 50

struct warner {
	const struct config *cfg;
	struct diag *diag;
	struct set groups; /* that some port is in */
	unsigned int suggestions;
	int err;
};

static void gather_groups(struct warner *w)
{
	for (size_t i = 0; i < w->cfg->ports.n && !w->err; i++) {
		const struct cfg_strs *groups = &w->cfg->ports.v[i].groups;

		for (size_t j = 0; j < groups->n && !w->err; j++) {
			int err = set_add(&w->groups, groups->v[j].v, strlen(groups->v[j].v), i,
					  NULL);

			w->err = err == -EEXIST ? 0 : err;
		}
	}
}

static bool has_port(const struct warner *w, const struct cfg_str *group)
{
	return set_find(&w->groups, group->v, strlen(group->v), NULL);
}

static bool all_have_ports(const struct warner *w, const struct cfg_strs *groups)
{
	for (size_t i = 0; i < groups->n; i++) {
		if (!has_port(w, &groups->v[i]))
			return false;
	}
	return true;
}

static void suggest_group(struct warner *w, const char *group)
{
	struct suggestion s = {.word = group};

	if (!w->suggestions)
		return;
	w->suggestions--;
	for (size_t i = 0; i < w->cfg->ports.n; i++) {
		const struct cfg_strs *groups = &w->cfg->ports.v[i].groups;

		for (size_t j = 0; j < groups->n; j++)
			suggest_try(&s, groups->v[j].v);
	}
	if (s.best)
		diag_hint(w->diag, "did you mean %s?", diag_quote(s.best).s);
}

/* @where: path of the list. */
static void warn_groups(struct warner *w, const struct cfg_strs *groups, struct diag_at where)
{
	for (size_t i = 0; i < groups->n; i++) {
		const struct cfg_str *group = &groups->v[i];

		if (has_port(w, group))
			continue;
		diag_warning(w->diag, DIAG_AT(*group, "%s.groups[%zu]", where.key, i),
			     "no port is in the group %s", diag_quote(group->v).s);
		suggest_group(w, group->v);
	}
}

static void warn_all_groups(struct warner *w)
{
	for (size_t i = 0; i < w->cfg->policies.n; i++) {
		const struct cfg_policy *policy = &w->cfg->policies.v[i];

		if (!all_have_ports(w, &policy->applies_to.groups))
			warn_groups(w, &policy->applies_to.groups,
				    diag_at(0, 0, "policies[%zu].applies_to", i));
		for (size_t j = 0; j < policy->rules.n; j++) {
			const struct cfg_peer *peer = pol_peer(policy, &policy->rules.v[j]);

			if (peer && !all_have_ports(w, &peer->groups))
				warn_groups(
					w, &peer->groups,
					diag_at(0, 0, "policies[%zu].rules[%zu].%s", i, j,
						peer == &policy->rules.v[j].from ? "from" : "to"));
		}
	}
}

/* Has one prefix a part of the other? */
static bool inside(const struct cfg_addr *inner, const struct cfg_addr *outer)
{
	struct in6_addr masked = inner->v;

	if (value_is_ipv4(&inner->v) != value_is_ipv4(&outer->v) ||
	    inner->prefix_len < outer->prefix_len)
		return false;
	value_mask(&masked, outer->prefix_len);
	return !memcmp(&masked, &outer->v, sizeof(masked));
}

static bool inside_any(const struct cfg_addr *inner, const struct cfg_addrs *outer)
{
	for (size_t i = 0; i < outer->n; i++) {
		if (inside(inner, &outer->v[i]))
			return true;
	}
	return false;
}

static void warn_set(struct warner *w, size_t i)
{
	const struct cfg_address_set *set = &w->cfg->address_sets.v[i];
	size_t left = 0;

	for (size_t j = 0; j < set->cidrs.n; j++)
		left += !inside_any(&set->cidrs.v[j], &set->except);
	if (!left)
		diag_warning(w->diag, DIAG_AT(*set, "address_sets[%zu]", i),
			     "the set is empty: all its prefixes are excepted");
	for (size_t j = 0; left && j < set->except.n; j++) {
		const struct cfg_addr *except = &set->except.v[j];
		bool matters = inside_any(except, &set->cidrs);

		for (size_t k = 0; k < set->cidrs.n && !matters; k++)
			matters = inside(&set->cidrs.v[k], except);
		if (!matters)
			diag_warning(w->diag,
				     DIAG_AT(*except, "address_sets[%zu].except[%zu]", i, j),
				     "%s is not in the set anyway", value_prefix(except).s);
	}
}

static void warn_unused(struct warner *w, const struct pol *p)
{
	for (size_t i = 0; i < w->cfg->policies.n; i++) {
		const struct cfg_policy *policy = &w->cfg->policies.v[i];

		if (pol_bit(p->used, i) || !all_have_ports(w, &policy->applies_to.groups) ||
		    policy->applies_to.pods.n) /* pods get their ports when they start */
			continue;
		diag_warning(w->diag, DIAG_AT(policy->applies_to, "policies[%zu].applies_to", i),
			     "the policy selects no port");
	}
}

static struct diag_at at_rule(const struct warner *w, const struct pol_rule *rule)
{
	return DIAG_AT(*rule->rule, "policies[%zu].rules[%zu]", rule->policy - w->cfg->policies.v,
		       rule->rule - rule->policy->rules.v);
}

/* A group without a port was told already. */
static void warn_nobody(struct warner *w, const struct pol_rule *rule)
{
	const struct cfg_peer *peer = pol_peer(rule->policy, rule->rule);

	if (peer && !all_have_ports(w, &peer->groups))
		return;
	diag_warning(w->diag, at_rule(w, rule),
		     "the rule never matches: none of its peers has an address in the network of a "
		     "port that the policy selects");
}

/** struct lines - lines of the file, in words. */
struct lines {
	char s[96];
};

/* "line 3 decides", "lines 3, 4 and 9 decide", "lines 3, 4, 9 and others decide". */
static struct lines front_lines(const struct pol *p, const struct shadow_front *front)
{
	size_t n = front->n < SHADOW_FRONT_MAX ? front->n : SHADOW_FRONT_MAX, len;
	__u32 v[SHADOW_FRONT_MAX] = {};
	struct numbers sorted = {.n = n, .v = v};
	struct lines lines;

	for (size_t i = 0; i < n; i++)
		v[i] = p->rules[front->order[i]].rule->line;
	numbers_sort(&sorted, 0);
	len = snprintf(lines.s, sizeof(lines.s), "line%s %u", sorted.n == 1 ? "" : "s", v[0]);
	for (size_t i = 1; i < sorted.n; i++)
		len += snprintf(lines.s + len, sizeof(lines.s) - len, "%s%u",
				i + 1 == sorted.n && n == front->n ? " and " : ", ", v[i]);
	snprintf(lines.s + len, sizeof(lines.s) - len, "%s %s", n < front->n ? " and others" : "",
		 sorted.n == 1 ? "decides" : "decide");
	return lines;
}

static void warn_hidden(struct warner *w, const struct shadow *s, __u32 order)
{
	const struct shadow_front *front = &s->fronts[order];
	const struct pol *p = &s->pol;
	__u64 own = pol_identity(p, &p->rules[order]);
	struct diag_at at = at_rule(w, &p->rules[order]);

	for (size_t i = 0; i < front->n && i < SHADOW_FRONT_MAX; i++) {
		const struct pol_rule *rule = &p->rules[front->order[i]];

		if (pol_identity(p, rule) != own)
			continue;
		diag_warning(w->diag, at, "the rule says the same as that in %s",
			     diag_line(rule->rule->line).s);
		diag_hint(w->diag, "remove one of them");
		return;
	}
	diag_warning(w->diag, at, "the rule never matches: before it, %s", front_lines(p, front).s);
}

static void warn_rules(struct warner *w, const struct shadow *s)
{
	for (__u32 i = 0; i < s->pol.n_rules; i++) {
		if (!(s->state[i] & SHADOW_MET))
			warn_nobody(w, &s->pol.rules[i]);
		else if (!(s->state[i] & SHADOW_WINS) && s->fronts[i].n)
			warn_hidden(w, s, i);
	}
}

static void release(struct warner *w)
{
	set_clear(&w->groups);
}

int config_warn(const struct config *cfg, struct diag *diag)
{
	_cleanup_(shadow_clear) struct shadow s = {.pol.cfg = cfg};
	_cleanup_(release) struct warner w = {
		.cfg = cfg, .diag = diag, .suggestions = MAX_SUGGESTIONS};
	int err;

	gather_groups(&w);
	if (w.err)
		return w.err;
	err = shadow_find(&s);
	if (err)
		return err;
	warn_all_groups(&w);
	for (size_t i = 0; i < cfg->address_sets.n; i++)
		warn_set(&w, i);
	warn_unused(&w, &s.pol);
	warn_rules(&w, &s);
	return 0;
}
