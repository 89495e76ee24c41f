/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Which policies judge which port, and so which ports share a rule set; see policy_parts.h.
 *
 * A set of policies is a bit set: a port's is the union of what its groups, its network and its
 * name bring in.
 */
#include "policy_parts.h"

#include <string.h>

__u32 pol_label(const struct pol *p, const char *group)
{
	size_t label;

	return set_find(&p->labels, group, strlen(group), &label) ? label : POL_NONE;
}

static void add_labels(struct pol *p, const struct cfg_strs *groups)
{
	for (size_t i = 0; i < groups->n && !p->err; i++) {
		const char *group = groups->v[i].v;
		int err = set_add(&p->labels, group, strlen(group), p->n_labels, NULL);

		if (err == -EEXIST)
			continue;
		p->err = err;
		if (pol_grow(p, &p->label_names, p->n_labels, &p->labels_size,
			     sizeof(*p->label_names)))
			return;
		p->label_names[p->n_labels++] = group;
	}
}

/* The groups that policies name are all that matter of a port's. */
static void gather_labels(struct pol *p)
{
	const struct cfg_policy *policy;

	for (size_t i = 0; i < p->cfg->policies.n; i++) {
		policy = &p->cfg->policies.v[i];
		add_labels(p, &policy->applies_to.groups);
		for (size_t j = 0; j < policy->rules.n; j++) {
			add_labels(p, &policy->rules.v[j].from.groups);
			add_labels(p, &policy->rules.v[j].to.groups);
		}
	}
}

static void resolve_ports(struct pol *p)
{
	const struct config *cfg = p->cfg;
	struct pairs pairs = {};
	__u32 label;

	p->port_network = calloc(cfg->ports.n + 1, sizeof(*p->port_network));
	if (!p->port_network)
		p->err = -ENOMEM;
	for (size_t i = 0; i < cfg->ports.n && !p->err; i++) {
		const struct cfg_port *port = &cfg->ports.v[i];

		p->port_network[i] = config_find_network(cfg, port->network.v) - cfg->networks.v;
		for (size_t j = 0; j < port->groups.n && !p->err; j++) {
			label = pol_label(p, port->groups.v[j].v);
			if (label != POL_NONE)
				p->err = pairs_add(&pairs, i, label);
		}
	}
	if (!p->err)
		p->err = lists_build(&p->port_labels, cfg->ports.n, &pairs);
	pairs_clear(&pairs);
}

/** struct subjects - pairs (label, network or port; policy) for the selectors. */
struct subjects {
	struct pairs label, network, port;
};

/** struct pod_ports - the ports of each pod: the last, and of each port the one before it. */
struct pod_ports {
	struct set last;
	size_t *before; /* index + 1; 0: none */
};

static void index_pods(struct pol *p, struct pod_ports *pods)
{
	pods->before = calloc(p->cfg->ports.n + 1, sizeof(*pods->before));
	if (!pods->before)
		p->err = -ENOMEM;
	for (size_t i = 0; i < p->cfg->ports.n && !p->err; i++) {
		const char *pod = p->cfg->ports.v[i].pod.v;
		size_t before;
		int err;

		if (!pod)
			continue;
		err = set_add(&pods->last, pod, strlen(pod), i, &before);
		if (err == -EEXIST) {
			pods->before[i] = before + 1;
			set_move(&pods->last, pod, strlen(pod), i);
		} else {
			p->err = err;
		}
	}
}

/* A pod that has no port (yet) is selected all the same: when it gets one, it is judged at once. */
static void gather_pods(struct pol *p, const struct pod_ports *pods, size_t policy,
			struct pairs *out)
{
	const struct cfg_strs *names = &p->cfg->policies.v[policy].applies_to.pods;

	for (size_t i = 0; i < names->n; i++) {
		size_t port;

		if (!set_find(&pods->last, names->v[i].v, strlen(names->v[i].v), &port))
			continue;
		for (port++; port && !p->err; port = pods->before[port - 1])
			p->err = pairs_add(out, port - 1, policy);
	}
}

static void gather_pod_subjects(struct pol *p, struct subjects *s)
{
	struct pod_ports pods = {};

	index_pods(p, &pods);
	for (size_t i = 0; i < p->cfg->policies.n && !p->err; i++)
		gather_pods(p, &pods, i, &s->port);
	set_clear(&pods.last);
	free(pods.before);
}

static void gather_subjects(struct pol *p, struct subjects *s)
{
	const struct config *cfg = p->cfg;

	for (size_t i = 0; i < cfg->policies.n; i++) {
		const struct cfg_subject *who = &cfg->policies.v[i].applies_to;

		for (size_t j = 0; j < who->groups.n && !p->err; j++)
			p->err = pairs_add(&s->label, pol_label(p, who->groups.v[j].v), i);
		for (size_t j = 0; j < who->networks.n && !p->err; j++)
			p->err = pairs_add(&s->network,
					   config_find_network(cfg, who->networks.v[j].v) -
						   cfg->networks.v,
					   i);
		for (size_t j = 0; j < who->ports.n && !p->err; j++)
			p->err = pairs_add(&s->port,
					   config_find_port(cfg, who->ports.v[j].v) - cfg->ports.v,
					   i);
	}
}

static void make_selector(struct pol *p, struct pol_selector *s, size_t n,
			  const struct pairs *pairs)
{
	s->n = n;
	s->bits = calloc(n + 1, sizeof(*s->bits));
	if (!s->bits)
		p->err = -ENOMEM;
	if (!p->err)
		p->err = lists_build(&s->policies, n, pairs);
}

static void make_selectors(struct pol *p)
{
	struct subjects s = {};

	gather_subjects(p, &s);
	gather_pod_subjects(p, &s);
	make_selector(p, &p->by_label, p->n_labels, &s.label);
	make_selector(p, &p->by_network, p->cfg->networks.n, &s.network);
	make_selector(p, &p->by_port, p->cfg->ports.n, &s.port);
	pairs_clear(&s.label);
	pairs_clear(&s.network);
	pairs_clear(&s.port);
}

static void set_bits(__u64 *bits, struct slice numbers)
{
	for (size_t i = 0; i < numbers.n; i++)
		bits[numbers.v[i] / 64] |= 1ull << numbers.v[i] % 64;
}

/* Add the policies that name @i. A list longer than a bit set becomes one. */
static void add_named(struct pol *p, struct pol_selector *s, size_t i, __u64 *bits)
{
	struct slice policies = lists_get(&s->policies, i);

	if (policies.n <= p->words) {
		set_bits(bits, policies);
		return;
	}
	if (!s->bits[i]) {
		s->bits[i] = calloc(p->words, sizeof(*s->bits[i]));
		if (!s->bits[i]) {
			p->err = -ENOMEM;
			return;
		}
		set_bits(s->bits[i], policies);
	}
	for (size_t j = 0; j < p->words; j++)
		bits[j] |= s->bits[i][j];
}

/* What the choice of rule sets depends on, of each policy: bit sets of policies. */
static void classify_policies(struct pol *p)
{
	const struct cfg_policies *policies = &p->cfg->policies;
	__u64 *all;

	p->words = policies->n / 64 + 1;
	all = calloc(6 * p->words + 1, sizeof(*all));
	if (!all) {
		p->err = -ENOMEM;
		return;
	}
	p->has_default = all;
	p->has_networks = all + p->words;
	p->direction[CFG_INGRESS] = all + 2 * p->words;
	p->direction[CFG_EGRESS] = all + 3 * p->words;
	p->used = all + 4 * p->words;
	p->key = all + 5 * p->words;
	for (size_t i = 0; i < policies->n; i++) {
		const struct cfg_policy *policy = &policies->v[i];
		__u64 bit = 1ull << i % 64;

		p->direction[policy->direction.v][i / 64] |= bit;
		if (policy->fallback.v != CFG_DEFAULT_NONE)
			p->has_default[i / 64] |= bit;
		for (size_t j = 0; j < policy->rules.n; j++) {
			const struct cfg_peer *peer = pol_peer(policy, &policy->rules.v[j]);

			if (peer && peer->networks.n)
				p->has_networks[i / 64] |= bit;
		}
	}
}

static bool overlaps(const __u64 *a, const __u64 *b, size_t words)
{
	for (size_t i = 0; i < words; i++) {
		if (a[i] & b[i])
			return true;
	}
	return false;
}

static bool is_empty(const __u64 *bits, size_t words)
{
	return !overlaps(bits, bits, words);
}

/* Remember a new rule set, whose policies are in @p->key. */
static void add_set(struct pol *p, const struct pol_set *set)
{
	size_t sets_size = p->sets_size, policies_size = p->sets_size;

	if (pol_grow(p, &p->sets, p->n_sets, &sets_size, sizeof(*p->sets)) ||
	    pol_grow(p, &p->set_policies, p->n_sets, &policies_size,
		     p->words * sizeof(*p->set_policies)))
		return;
	p->sets_size = sets_size;
	p->sets[p->n_sets] = *set;
	memcpy(p->set_policies + p->n_sets * p->words, p->key + 1, p->words * sizeof(*p->key));
	for (size_t i = 0; i < p->words; i++)
		p->used[i] |= p->key[i + 1];
	p->n_sets++;
}

/* The rule set of a port whose policies in that direction are in @p->key; POL_NONE if none. */
static __u32 find_set(struct pol *p, __u32 direction, __u32 network)
{
	bool has_default = overlaps(p->key + 1, p->has_default, p->words);
	struct pol_set set = {.direction = direction, .scope = POL_NONE, .network = network};
	size_t found = p->n_sets;
	int err;

	if (is_empty(p->key + 1, p->words) &&
	    p->cfg->networks.v[network].default_policy.v == CFG_ALLOW)
		return POL_NONE;
	if (!has_default || overlaps(p->key + 1, p->has_networks, p->words))
		set.scope = network;
	p->key[0] = (__u64)set.scope << 32 | direction;
	err = set_add(&p->set_index, p->key, (p->words + 1) * sizeof(*p->key), p->n_sets, &found);
	if (!err)
		add_set(p, &set);
	else if (err == -EEXIST && p->sets[found].network != network)
		p->sets[found].network = POL_MANY;
	else if (err != -EEXIST)
		p->err = err;
	return found;
}

static void select_port(struct pol *p, size_t port, __u64 *all)
{
	struct slice labels = lists_get(&p->port_labels, port);
	__u32 network = p->port_network[port];

	memset(all, 0, p->words * sizeof(*all));
	for (size_t i = 0; i < labels.n; i++)
		add_named(p, &p->by_label, labels.v[i], all);
	add_named(p, &p->by_network, network, all);
	add_named(p, &p->by_port, port, all);
	for (__u32 dir = 0; dir < __WEFT_POL_DIR_MAX && !p->err; dir++) {
		for (size_t i = 0; i < p->words; i++)
			p->key[i + 1] = all[i] & p->direction[dir][i];
		p->port_sets[port * 2 + dir] = find_set(p, dir, network);
	}
}

void pol_select(struct pol *p, const __u32 *ports)
{
	size_t n = p->cfg->ports.n;
	_cleanup_free_ __u64 *all = NULL;

	gather_labels(p);
	resolve_ports(p);
	classify_policies(p);
	p->port_sets = calloc(2 * n + 1, sizeof(*p->port_sets));
	all = calloc(p->words + 1, sizeof(*all));
	if (!p->port_sets || !all)
		p->err = -ENOMEM;
	if (!p->err)
		make_selectors(p);
	for (size_t i = 0; i < n && !p->err; i++) {
		if (ports && !ports[i])
			p->port_sets[2 * i] = p->port_sets[2 * i + 1] = POL_NONE;
		else
			select_port(p, i, all);
	}
}
