/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * What docs/policy.md says, done in the plainest way: every rule of every policy is looked at for
 * every packet, by name. Shares nothing with the compiler but the decoded file.
 */
#ifndef WEFT_TESTS_POLICY_NAIVE_H
#define WEFT_TESTS_POLICY_NAIVE_H

#include "world.h"

/** struct opinion - who decides. @policy: name, of a network if @index says so; NULL: nobody. */
struct opinion {
	enum cfg_action action;
	const char *policy;
	__u32 index; /* as in struct weft_rule_info */
	bool keep;
};

static inline bool naive_named(const struct cfg_strs *names, const char *name)
{
	for (size_t i = 0; i < names->n; i++) {
		if (!strcmp(names->v[i].v, name))
			return true;
	}
	return false;
}

static inline bool naive_shares(const struct cfg_strs *a, const struct cfg_strs *b)
{
	for (size_t i = 0; i < a->n; i++) {
		if (naive_named(b, a->v[i].v))
			return true;
	}
	return false;
}

static inline bool naive_is_ipv4(const struct in6_addr *addr)
{
	static const __u8 mapped[12] = {[10] = 0xff, [11] = 0xff};

	return !memcmp(addr, mapped, sizeof(mapped));
}

static inline bool naive_in(const struct cfg_addr *prefix, const struct in6_addr *addr)
{
	const __u8 *want = prefix->v.s6_addr, *have = addr->s6_addr;
	bool ipv4 = naive_is_ipv4(&prefix->v);

	if (ipv4 != naive_is_ipv4(addr))
		return false;
	return world_bits(want + (ipv4 ? 12 : 0), have + (ipv4 ? 12 : 0), prefix->prefix_len);
}

static inline bool naive_in_any(const struct cfg_addrs *prefixes, const struct in6_addr *addr)
{
	for (size_t i = 0; i < prefixes->n; i++) {
		if (naive_in(&prefixes->v[i], addr))
			return true;
	}
	return false;
}

static inline const struct cfg_port *naive_endpoint(const struct config *cfg, const char *network,
						    const struct in6_addr *addr)
{
	for (size_t i = 0; i < cfg->ports.n; i++) {
		const struct cfg_port *port = &cfg->ports.v[i];

		if (strcmp(port->network.v, network) != 0)
			continue;
		for (size_t j = 0; j < port->addresses.n; j++) {
			if (!memcmp(&port->addresses.v[j].v, addr, sizeof(*addr)))
				return port;
		}
	}
	return NULL;
}

static inline const struct cfg_network *naive_network(const struct config *cfg, const char *name)
{
	for (size_t i = 0; i < cfg->networks.n; i++) {
		if (!strcmp(cfg->networks.v[i].name.v, name))
			return &cfg->networks.v[i];
	}
	return NULL;
}

static inline bool naive_selects(const struct cfg_policy *policy, const struct cfg_port *port)
{
	const struct cfg_subject *who = &policy->applies_to;

	return naive_shares(&who->groups, &port->groups) ||
	       naive_named(&who->networks, port->network.v) ||
	       naive_named(&who->ports, port->name.v) ||
	       (port->pod.v && naive_named(&who->pods, port->pod.v));
}

static inline bool naive_in_set(const struct config *cfg, const char *name,
				const struct in6_addr *addr)
{
	for (size_t i = 0; i < cfg->address_sets.n; i++) {
		const struct cfg_address_set *set = &cfg->address_sets.v[i];

		if (!strcmp(set->name.v, name))
			return naive_in_any(&set->cidrs, addr) && !naive_in_any(&set->except, addr);
	}
	fail();
	return false;
}

static inline bool naive_is_peer(const struct config *cfg, const struct cfg_peer *peer,
				 const char *network, const struct cfg_port *endpoint,
				 const struct in6_addr *addr)
{
	bool link_local = addr->s6_addr[0] == 0xfe && addr->s6_addr[1] >> 6 == 2;

	if (!peer->line)
		return true;
	if (endpoint && naive_shares(&peer->groups, &endpoint->groups))
		return true;
	if (naive_named(&peer->networks, network) &&
	    (endpoint || link_local || naive_in_any(&naive_network(cfg, network)->subnets, addr)))
		return true;
	for (size_t i = 0; i < peer->sets.n; i++) {
		if (naive_in_set(cfg, peer->sets.v[i].v, addr))
			return true;
	}
	return naive_in_any(&peer->cidrs, addr);
}

static inline bool naive_is_traffic(const struct cfg_rule *rule, const struct packet *packet)
{
	bool listed = !rule->ports.n;

	if (rule->protocol.v == CFG_PROTOCOL_ANY)
		return true;
	if (rule->protocol.v != packet->protocol)
		return false;
	for (size_t i = 0; i < rule->ports.n; i++)
		listed |= packet->detail >= rule->ports.v[i].first &&
			  packet->detail <= rule->ports.v[i].last;
	if (rule->icmp_type.line && rule->icmp_type.v != packet->detail >> 8)
		return false;
	if (rule->icmp_code.line && rule->icmp_code.v != (packet->detail & 0xff))
		return false;
	return listed;
}

/* Is @a asked before @b, which stands before it in the file? */
static inline bool naive_before(const struct cfg_policy *a, bool a_allows,
				const struct cfg_policy *b, bool b_allows)
{
	if (a->tier.v != b->tier.v)
		return a->tier.v < b->tier.v;
	if (a->priority.v != b->priority.v)
		return a->priority.v < b->priority.v;
	return !a_allows && b_allows;
}

struct naive_best {
	const struct cfg_policy *policy;
	const struct cfg_rule *rule;
	const struct cfg_policy *fallback;
	bool selected;
};

static inline void naive_policy(const struct config *cfg, const struct cfg_policy *policy,
				const char *network, const struct cfg_port *endpoint,
				const struct packet *packet, struct naive_best *best)
{
	best->selected = true;
	for (size_t j = 0; j < policy->rules.n; j++) {
		const struct cfg_rule *rule = &policy->rules.v[j];
		const struct cfg_peer *peer =
			packet->direction == WEFT_POL_INGRESS ? &rule->from : &rule->to;

		if (!naive_is_traffic(rule, packet) ||
		    !naive_is_peer(cfg, peer, network, endpoint, &packet->peer))
			continue;
		if (best->rule && !naive_before(policy, rule->action.v == CFG_ALLOW, best->policy,
						best->rule->action.v == CFG_ALLOW))
			continue;
		best->policy = policy;
		best->rule = rule;
	}
	if (policy->fallback.v != CFG_DEFAULT_NONE &&
	    (!best->fallback || naive_before(policy, false, best->fallback, false)))
		best->fallback = policy;
}

static inline struct opinion naive_judge(const struct config *cfg, const struct packet *packet)
{
	const struct cfg_port *port = &cfg->ports.v[packet->port];
	const struct cfg_network *network = naive_network(cfg, port->network.v);
	const struct cfg_port *endpoint = naive_endpoint(cfg, port->network.v, &packet->peer);
	struct naive_best best = {};

	for (size_t i = 0; i < cfg->policies.n; i++) {
		const struct cfg_policy *policy = &cfg->policies.v[i];

		if (policy->direction.v == packet->direction && naive_selects(policy, port))
			naive_policy(cfg, policy, port->network.v, endpoint, packet, &best);
	}
	if (best.rule)
		return (struct opinion){
			best.rule->action.v, best.policy->name.v, best.rule - best.policy->rules.v,
			best.rule->action.v == CFG_ALLOW && best.policy->keep_established.v};
	if (best.fallback)
		return (struct opinion){best.fallback->fallback.v == CFG_DEFAULT_REJECT ? CFG_REJECT
											: CFG_DENY,
					best.fallback->name.v, WEFT_POL_RULE_DEFAULT, false};
	if (!best.selected && network->default_policy.v == CFG_ALLOW)
		return (struct opinion){.action = CFG_ALLOW};
	return (struct opinion){network->default_policy.v, network->name.v, WEFT_POL_RULE_NETWORK,
				false};
}

#endif
