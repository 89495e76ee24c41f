/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Policies: their references, and that the keys of a rule fit together; see check.h. */
#include "check_parts.h"

/** struct place - where something stands in the file. @rule is NULL for what no rule says. */
struct place {
	const struct cfg_policy *policy;
	const struct cfg_rule *rule;
	size_t i; /* of the policy */
	size_t j; /* of the rule in it */
};

/* The place of @value, which is "policies[3].rules[1].KEY" or "policies[3].KEY". */
static struct diag_at at_key(const struct place *p, struct cfg_pos value, const char *key)
{
	if (!p->rule)
		return DIAG_AT(value, "policies[%zu].%s", p->i, key);
	return DIAG_AT(value, "policies[%zu].rules[%zu].%s", p->i, p->j, key);
}

#define POS(value) ((struct cfg_pos){(value).line, (value).column})

static void check_refs(struct checker *c, const struct place *p, const struct rows *rows,
		       const struct cfg_strs *refs, const char *table, const char *list)
{
	char key[DIAG_KEY_LEN];

	for (size_t i = 0; i < refs->n; i++) {
		if (check_resolve(rows, &refs->v[i]) != NONE)
			continue;
		snprintf(key, sizeof(key), "%s.%s[%zu]", table, list, i);
		check_unknown(c, rows, &refs->v[i], at_key(p, POS(refs->v[i]), key));
	}
}

static void check_subject(struct checker *c, const struct place *p)
{
	const struct cfg_subject *subject = &p->policy->applies_to;

	check_refs(c, p, &c->networks, &subject->networks, "applies_to", "networks");
	check_refs(c, p, &c->ports, &subject->ports, "applies_to", "ports");
	if (!c->whole || subject->groups.n || subject->networks.n || subject->ports.n ||
	    subject->pods.n)
		return;
	diag_error(c->diag, at_key(p, POS(*subject), "applies_to"), "it names no port at all");
	diag_hint(c->diag, "give groups, networks, ports or pods");
}

static void check_peer(struct checker *c, const struct place *p, const struct cfg_peer *peer,
		       const char *key)
{
	check_refs(c, p, &c->networks, &peer->networks, key, "networks");
	check_refs(c, p, &c->address_sets, &peer->sets, key, "sets");
	if (!c->whole || !peer->line || peer->groups.n || peer->networks.n || peer->cidrs.n ||
	    peer->sets.n)
		return;
	diag_error(c->diag, at_key(p, POS(*peer), key), "it names nobody at all");
	diag_hint(c->diag, "give groups, networks, cidrs or sets; for anybody, leave \"%s\" out",
		  key);
}

static void check_direction(struct checker *c, const struct place *p)
{
	bool egress = p->policy->direction.v == CFG_EGRESS;
	const struct cfg_peer *wrong = egress ? &p->rule->from : &p->rule->to;
	const char *key = egress ? "from" : "to";

	if (!wrong->line || !c->whole)
		return;
	diag_error(c->diag, at_key(p, POS(*wrong), key), "a rule of an %s policy has no \"%s\"",
		   egress ? "egress" : "ingress", key);
	diag_hint(c->diag, "write \"%s\": the other end, %s", egress ? "to" : "from",
		  egress ? "which the connection goes to" : "which opens the connection");
}

static void refuse_protocol(struct checker *c, const struct place *p, struct diag_at at,
			    const char *what, const char *protocols)
{
	if (p->rule->protocol.v == CFG_PROTOCOL_ANY)
		diag_error(c->diag, at, "the rule is about any protocol, and not all have %s",
			   what);
	else
		diag_error(c->diag, at, "protocol %llu has no %s", p->rule->protocol.v, what);
	diag_hint(c->diag, "say which it is: protocol: %s", protocols);
}

static void check_protocol(struct checker *c, const struct place *p)
{
	const struct cfg_rule *rule = p->rule;
	__u64 protocol = rule->protocol.v;
	bool has_ports =
		protocol == IPPROTO_TCP || protocol == IPPROTO_UDP || protocol == IPPROTO_SCTP;
	bool has_types = protocol == IPPROTO_ICMP || protocol == IPPROTO_ICMPV6;

	if (!c->whole) /* a protocol that could not be read looks like 0 */
		return;
	if (rule->ports.n && !has_ports)
		refuse_protocol(c, p, at_key(p, POS(rule->ports.v[0]), "ports"), "ports",
				"tcp, udp or sctp");
	if (rule->icmp_type.line && !has_types)
		refuse_protocol(c, p, at_key(p, POS(rule->icmp_type), "icmp_type"), "types",
				"icmp or icmpv6");
	if (rule->icmp_code.line && !rule->icmp_type.line) {
		diag_error(c->diag, at_key(p, POS(rule->icmp_code), "icmp_code"),
			   "there is a code, but no type");
		diag_hint(c->diag, "add icmp_type: codes mean something within a type only");
	}
}

void check_policies(struct checker *c)
{
	const struct cfg_policies *policies = &c->cfg->policies;

	for (size_t i = 0; i < policies->n; i++) {
		struct place p = {.policy = &policies->v[i], .i = i};

		check_subject(c, &p);
		for (p.j = 0; p.j < p.policy->rules.n; p.j++) {
			p.rule = &p.policy->rules.v[p.j];
			check_peer(c, &p, &p.rule->from, "from");
			check_peer(c, &p, &p.rule->to, "to");
			check_direction(c, &p);
			check_protocol(c, &p);
		}
	}
}
