/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * What policies mean: small files, and which rule decides about which packet. The same in prose is
 * docs/policy.md.
 */
#include "policy/naive.h"

#define HEAD                                                                                       \
	"nodes:\n"                                                                                 \
	"  - {name: a, vtep: 192.0.2.1, uplinks: [up0]}\n"                                         \
	"  - {name: b, vtep: 192.0.2.2, uplinks: [up0]}\n"                                         \
	"networks:\n"                                                                              \
	"  - {name: one, vni: 1, subnets: [10.9.0.0/24, \"fd00:9::/64\"]}\n"                       \
	"  - {name: two, vni: 2}\n"                                                                \
	"  - {name: shut, vni: 3, default_policy: deny}\n"                                         \
	"ports:\n"                                                                                 \
	"  - {name: web-1, node: a, interface: v1, network: one, mac: 02:00:00:00:00:01,\n"        \
	"     addresses: [10.9.0.11, \"fd00:9::11\"], groups: [web, prod]}\n"                      \
	"  - {name: lb-1, node: b, network: one, mac: 02:00:00:00:00:02,\n"                        \
	"     addresses: [10.9.0.12, \"fd00:9::12\", \"fe80::12\"], groups: lb}\n"                 \
	"  - {name: db-1, node: a, interface: v3, network: one, mac: 02:00:00:00:00:03,\n"         \
	"     addresses: [10.9.0.13], groups: [db, prod], pod: shop/db}\n"                         \
	"  - {name: free-1, node: a, interface: v4, network: one, mac: 02:00:00:00:00:04,\n"       \
	"     pod: shop/db}\n"                                                                     \
	"  - {name: web-2, node: a, interface: v5, network: two, mac: 02:00:00:00:00:01,\n"        \
	"     addresses: [10.9.0.11], groups: web}\n"                                              \
	"  - {name: db-2, node: b, network: two, mac: 02:00:00:00:00:02,\n"                        \
	"     addresses: [10.9.0.12], groups: db}\n"                                               \
	"  - {name: shut-1, node: a, interface: v7, network: shut, mac: 02:00:00:00:00:01,\n"      \
	"     addresses: [10.9.0.11], groups: [loose]}\n"

#define IN  WEFT_POL_INGRESS
#define OUT WEFT_POL_EGRESS

#define LB   "10.9.0.12"
#define DB   "10.9.0.13"
#define ELSE "203.0.113.7"

#define MAX_ROWS 24

enum { TCP = 6, UDP = 17, ICMP = 1, ICMP6 = 58, SCTP = 132 };

/** struct row - a packet, and who decides: "policy[rule]", "policy", "network" or "" for nobody. */
struct row {
	const char *port;
	__u32 direction;
	const char *peer;
	__u8 protocol;
	__u16 detail;
	__u32 action;
	const char *who;
};

struct policy_case {
	const char *name;
	const char *yaml;
	struct row rows[MAX_ROWS];
};

#define ALLOW  WEFT_POL_ALLOW
#define DENY   WEFT_POL_DENY
#define REJECT WEFT_POL_REJECT

static const struct policy_case cases[] = {
	{"nothing said",
	 "policies: []\n",
	 {{"web-1", IN, ELSE, TCP, 80, ALLOW, ""},
	  {"web-1", OUT, ELSE, TCP, 80, ALLOW, ""},
	  {"shut-1", IN, ELSE, TCP, 80, DENY, "shut"},
	  {"shut-1", OUT, "::1", 0, 0, DENY, "shut"}}},

	{"selecting denies the rest, in that direction",
	 "policies:\n"
	 "  - {name: n, applies_to: web, direction: ingress, rules: [{from: lb, protocol: tcp, "
	 "ports: 80}]}\n",
	 {{"web-1", IN, LB, TCP, 80, ALLOW, "n[0]"},
	  {"web-1", IN, "fd00:9::12", TCP, 80, ALLOW, "n[0]"},
	  {"web-1", IN, "fe80::12", TCP, 80, ALLOW, "n[0]"},
	  {"web-1", IN, LB, TCP, 79, DENY, "n"},
	  {"web-1", IN, LB, TCP, 81, DENY, "n"},
	  {"web-1", IN, LB, UDP, 80, DENY, "n"},
	  {"web-1", IN, DB, TCP, 80, DENY, "n"},
	  {"web-1", IN, ELSE, TCP, 80, DENY, "n"},
	  {"web-1", OUT, ELSE, TCP, 80, ALLOW, ""},
	  {"db-1", IN, ELSE, TCP, 80, ALLOW, ""},
	  {"free-1", IN, ELSE, TCP, 80, ALLOW, ""}}},

	{"a group is one of the port's own network",
	 "policies:\n"
	 "  - {name: n, applies_to: web, direction: ingress, rules: [{from: db}]}\n",
	 {{"web-1", IN, DB, TCP, 80, ALLOW, "n[0]"},
	  {"web-1", IN, LB, TCP, 80, DENY, "n"},
	  {"web-2", IN, DB, TCP, 80, DENY, "n"},
	  {"web-2", IN, LB, TCP, 80, ALLOW, "n[0]"}}},

	{"a pod is all ports that were made for it; one without ports is nobody",
	 "policies:\n"
	 "  - {name: n, applies_to: {pods: [shop/db, shop/none]}, direction: ingress, rules: "
	 "[{from: lb}]}\n",
	 {{"db-1", IN, LB, TCP, 80, ALLOW, "n[0]"},
	  {"db-1", IN, ELSE, TCP, 80, DENY, "n"},
	  {"db-1", OUT, ELSE, TCP, 80, ALLOW, ""},
	  {"free-1", IN, ELSE, TCP, 80, DENY, "n"},
	  {"web-1", IN, ELSE, TCP, 80, ALLOW, ""}}},

	{"a network is its workloads, subnets and link-local addresses",
	 "policies:\n"
	 "  - {name: n, applies_to: {groups: web}, direction: ingress, rules: [{from: {networks: "
	 "one}}]}\n"
	 "  - {name: m, applies_to: {groups: web}, direction: egress, rules: [{to: {networks: "
	 "[one, two]}}]}\n",
	 {{"web-1", IN, DB, TCP, 80, ALLOW, "n[0]"},
	  {"web-1", IN, "10.9.0.200", TCP, 80, ALLOW, "n[0]"},
	  {"web-1", IN, "fd00:9::200", TCP, 80, ALLOW, "n[0]"},
	  {"web-1", IN, "fe80::200", TCP, 80, ALLOW, "n[0]"},
	  {"web-1", IN, "fec0::1", TCP, 80, DENY, "n"},
	  {"web-1", IN, ELSE, TCP, 80, DENY, "n"},
	  {"web-2", IN, LB, TCP, 80, DENY, "n"},
	  {"web-2", IN, "10.9.0.200", TCP, 80, DENY, "n"},
	  {"web-2", IN, "fe80::200", TCP, 80, DENY, "n"},
	  {"web-2", OUT, LB, TCP, 80, ALLOW, "m[0]"},
	  {"web-2", OUT, "10.9.0.200", TCP, 80, DENY, "m"},
	  {"web-2", OUT, "fe80::200", TCP, 80, ALLOW, "m[0]"},
	  {"web-1", OUT, "10.9.0.200", TCP, 80, ALLOW, "m[0]"}}},

	{"deny comes before allow where prefixes overlap, the longer one or not",
	 "policies:\n"
	 "  - name: n\n"
	 "    applies_to: web\n"
	 "    direction: ingress\n"
	 "    rules:\n"
	 "      - {from: {cidrs: 10.1.0.0/16}}\n"
	 "      - {from: {cidrs: 10.2.2.0/24}}\n"
	 "      - {from: {cidrs: [10.0.0.0/8]}, protocol: udp}\n"
	 "      - {action: deny, from: {cidrs: 10.1.1.0/24}}\n"
	 "      - {action: reject, from: {cidrs: 10.2.0.0/16}}\n"
	 "      - {action: deny, from: {cidrs: 10.2.2.0/25}}\n",
	 {{"web-1", IN, "10.1.0.1", TCP, 1, ALLOW, "n[0]"},
	  {"web-1", IN, "10.1.1.0", TCP, 1, DENY, "n[3]"},
	  {"web-1", IN, "10.1.1.255", UDP, 1, DENY, "n[3]"},
	  {"web-1", IN, "10.1.2.0", TCP, 1, ALLOW, "n[0]"},
	  {"web-1", IN, "10.2.2.1", TCP, 1, REJECT, "n[4]"},
	  {"web-1", IN, "10.2.2.1", UDP, 1, REJECT, "n[4]"},
	  {"web-1", IN, "10.3.0.0", UDP, 1, ALLOW, "n[2]"},
	  {"web-1", IN, "10.3.0.0", TCP, 1, DENY, "n"},
	  {"web-1", IN, "9.255.255.255", UDP, 1, DENY, "n"}}},

	{"a higher priority before a deny; a lower tier before any priority",
	 "policies:\n"
	 "  - {name: low, applies_to: web, direction: ingress, tier: 100, priority: 5,\n"
	 "     rules: [{action: deny, from: lb}, {action: deny, from: db}]}\n"
	 "  - {name: high, applies_to: web, direction: ingress, tier: 100, priority: 4,\n"
	 "     rules: [{from: lb, protocol: tcp}]}\n"
	 "  - {name: first, applies_to: prod, direction: ingress, tier: 99, priority: 65535,\n"
	 "     default: none, rules: [{action: reject, from: lb, protocol: tcp, ports: 22}, {from: "
	 "db, protocol: udp}]}\n",
	 {{"web-1", IN, LB, TCP, 80, ALLOW, "high[0]"},
	  {"web-1", IN, LB, TCP, 22, REJECT, "first[0]"},
	  {"web-1", IN, LB, UDP, 80, DENY, "low[0]"},
	  {"web-1", IN, DB, UDP, 80, ALLOW, "first[1]"},
	  {"web-1", IN, DB, TCP, 80, DENY, "low[1]"},
	  {"db-1", IN, LB, TCP, 22, REJECT, "first[0]"},
	  {"db-1", IN, ELSE, TCP, 22, ALLOW, "one"},
	  {"web-2", IN, DB, TCP, 22, DENY, "high"}}},

	{"of equal ones, deny first, then the file's order",
	 "policies:\n"
	 "  - {name: n, applies_to: web, direction: ingress, rules: [{protocol: tcp}, {protocol: "
	 "tcp, ports: 5}]}\n"
	 "  - {name: m, applies_to: web, direction: ingress, rules: [{action: deny, protocol: tcp, "
	 "ports: 7}]}\n"
	 "  - {name: o, applies_to: web, direction: ingress, rules: [{action: reject, protocol: "
	 "tcp, "
	 "ports: [7, 8]}]}\n",
	 {{"web-1", IN, ELSE, TCP, 5, ALLOW, "n[0]"},
	  {"web-1", IN, ELSE, TCP, 6, ALLOW, "n[0]"},
	  {"web-1", IN, ELSE, TCP, 7, DENY, "m[0]"},
	  {"web-1", IN, ELSE, TCP, 8, REJECT, "o[0]"}}},

	{"allowing policies add up, as in Kubernetes",
	 "policies:\n"
	 "  - {name: deny-all, applies_to: {networks: one}, direction: ingress}\n"
	 "  - {name: web-from-lb, applies_to: web, direction: ingress, rules: [{from: lb, "
	 "protocol: "
	 "tcp, ports: 80}]}\n"
	 "  - {name: prod-from-db, applies_to: prod, direction: ingress, rules: [{from: db}]}\n",
	 {{"web-1", IN, LB, TCP, 80, ALLOW, "web-from-lb[0]"},
	  {"web-1", IN, DB, TCP, 80, ALLOW, "prod-from-db[0]"},
	  {"web-1", IN, LB, TCP, 81, DENY, "deny-all"},
	  {"free-1", IN, LB, TCP, 80, DENY, "deny-all"},
	  {"free-1", OUT, LB, TCP, 80, ALLOW, ""},
	  {"web-2", IN, LB, TCP, 80, DENY, "web-from-lb"}}},

	{"the example of Kubernetes' documentation",
	 "address_sets:\n"
	 "  - {name: block, cidrs: 172.17.0.0/16, except: 172.17.1.0/24}\n"
	 "policies:\n"
	 "  - {name: in, applies_to: db, direction: ingress,\n"
	 "     rules: [{from: {sets: block, groups: [web]}, protocol: tcp, ports: 6379}]}\n"
	 "  - {name: out, applies_to: db, direction: egress,\n"
	 "     rules: [{to: {cidrs: 10.0.0.0/24}, protocol: tcp, ports: 5978}]}\n",
	 {{"db-1", IN, "172.17.0.255", TCP, 6379, ALLOW, "in[0]"},
	  {"db-1", IN, "172.17.2.0", TCP, 6379, ALLOW, "in[0]"},
	  {"db-1", IN, "172.17.1.0", TCP, 6379, DENY, "in"},
	  {"db-1", IN, "172.17.1.255", TCP, 6379, DENY, "in"},
	  {"db-1", IN, "10.9.0.11", TCP, 6379, ALLOW, "in[0]"},
	  {"db-1", IN, LB, TCP, 6379, DENY, "in"},
	  {"db-1", OUT, "10.0.0.255", TCP, 5978, ALLOW, "out[0]"},
	  {"db-1", OUT, "10.0.1.0", TCP, 5978, DENY, "out"},
	  {"db-1", OUT, "10.0.0.1", TCP, 5977, DENY, "out"}}},

	{"allow all ingress, deny all egress",
	 "policies:\n"
	 "  - {name: all, applies_to: {networks: shut}, direction: ingress, rules: [{}]}\n"
	 "  - {name: none, applies_to: web, direction: egress, default: reject}\n",
	 {{"shut-1", IN, ELSE, TCP, 80, ALLOW, "all[0]"},
	  {"shut-1", IN, "::", 255, 0xffff, ALLOW, "all[0]"},
	  {"shut-1", OUT, ELSE, TCP, 80, DENY, "shut"},
	  {"web-1", OUT, ELSE, TCP, 80, REJECT, "none"}}},

	{"an exception wins in its set, but not over another set",
	 "address_sets:\n"
	 "  - {name: s, cidrs: [10.0.0.0/8, 10.1.2.0/24], except: [10.1.0.0/16, \"::/0\"]}\n"
	 "  - {name: t, cidrs: [\"::/0\", 10.1.2.0/24], except: \"fd00:9::/64\"}\n"
	 "policies:\n"
	 "  - {name: n, applies_to: web, direction: egress,\n"
	 "     rules: [{to: {sets: s}, protocol: tcp}, {to: {sets: t}, protocol: udp}, {to: {sets: "
	 "[s, t]}, protocol: sctp}]}\n",
	 {{"web-1", OUT, "10.0.0.0", TCP, 1, ALLOW, "n[0]"},
	  {"web-1", OUT, "10.1.0.0", TCP, 1, DENY, "n"},
	  {"web-1", OUT, "10.1.2.3", TCP, 1, DENY, "n"},
	  {"web-1", OUT, "10.1.2.3", UDP, 1, ALLOW, "n[1]"},
	  {"web-1", OUT, "10.1.2.3", SCTP, 1, ALLOW, "n[2]"},
	  {"web-1", OUT, "10.2.0.0", TCP, 1, ALLOW, "n[0]"},
	  {"web-1", OUT, "10.2.0.0", UDP, 1, DENY, "n"},
	  {"web-1", OUT, "::1", TCP, 1, DENY, "n"},
	  {"web-1", OUT, "::1", UDP, 1, ALLOW, "n[1]"},
	  {"web-1", OUT, "fd00:9::12", UDP, 1, DENY, "n"},
	  {"web-1", OUT, "fd00:9:0:1::", UDP, 1, ALLOW, "n[1]"}}},

	{"one family's everything is not the other's",
	 "policies:\n"
	 "  - {name: n, applies_to: web, direction: ingress,\n"
	 "     rules: [{from: {cidrs: \"::/0\"}, protocol: tcp}, {from: {cidrs: 0.0.0.0/0}, "
	 "protocol: udp}, {from: {cidrs: \"::/80\"}, protocol: sctp}]}\n",
	 {{"web-1", IN, "::1", TCP, 1, ALLOW, "n[0]"},
	  {"web-1", IN, "ffff::1", TCP, 1, ALLOW, "n[0]"},
	  {"web-1", IN, "0.0.0.1", TCP, 1, DENY, "n"},
	  {"web-1", IN, "255.0.0.1", UDP, 1, ALLOW, "n[1]"},
	  {"web-1", IN, "::1", UDP, 1, DENY, "n"},
	  {"web-1", IN, "::1", SCTP, 1, ALLOW, "n[2]"},
	  {"web-1", IN, "10.9.0.12", SCTP, 1, DENY, "n"},
	  {"web-1", IN, "::fffe:0:1", TCP, 1, ALLOW, "n[0]"}}},

	{"only IPv6's everything",
	 "policies:\n"
	 "  - {name: n, applies_to: web, direction: ingress, rules: [{from: {cidrs: \"::/0\"}}]}\n",
	 {{"web-1", IN, "::1", TCP, 1, ALLOW, "n[0]"},
	  {"web-1", IN, LB, TCP, 1, DENY, "n"},
	  {"web-1", IN, ELSE, TCP, 1, DENY, "n"}}},

	{"zero is a protocol, a port, a type and a code",
	 "policies:\n"
	 "  - name: n\n"
	 "    applies_to: web\n"
	 "    direction: ingress\n"
	 "    rules:\n"
	 "      - {protocol: 0}\n"
	 "      - {protocol: tcp, ports: 0}\n"
	 "      - {protocol: icmp, icmp_type: 0}\n"
	 "      - {protocol: icmpv6, icmp_type: 128, icmp_code: 0}\n"
	 "      - {protocol: 255}\n",
	 {{"web-1", IN, ELSE, 0, 0, ALLOW, "n[0]"},
	  {"web-1", IN, ELSE, 0, 0xffff, ALLOW, "n[0]"},
	  {"web-1", IN, ELSE, TCP, 0, ALLOW, "n[1]"},
	  {"web-1", IN, ELSE, TCP, 1, DENY, "n"},
	  {"web-1", IN, ELSE, UDP, 0, DENY, "n"},
	  {"web-1", IN, ELSE, ICMP, 0x0000, ALLOW, "n[2]"},
	  {"web-1", IN, ELSE, ICMP, 0x00ff, ALLOW, "n[2]"},
	  {"web-1", IN, ELSE, ICMP, 0x0100, DENY, "n"},
	  {"web-1", IN, "::1", ICMP6, 0x8000, ALLOW, "n[3]"},
	  {"web-1", IN, "::1", ICMP6, 0x8001, DENY, "n"},
	  {"web-1", IN, "::1", ICMP6, 0x7fff, DENY, "n"},
	  {"web-1", IN, ELSE, 255, 0, ALLOW, "n[4]"},
	  {"web-1", IN, ELSE, 255, 0xffff, ALLOW, "n[4]"},
	  {"web-1", IN, ELSE, 254, 0xffff, DENY, "n"}}},

	{"ranges and lists of ports, overlapping and touching",
	 "policies:\n"
	 "  - {name: n, applies_to: web, direction: ingress,\n"
	 "     rules: [{protocol: tcp, ports: [8080, 8000-8010, 8005-8020, 8021]},\n"
	 "             {action: deny, protocol: tcp, ports: [8007-8009]},\n"
	 "             {protocol: udp, ports: [0-65535]}, {protocol: sctp, ports: [65535]}]}\n",
	 {{"web-1", IN, ELSE, TCP, 7999, DENY, "n"},
	  {"web-1", IN, ELSE, TCP, 8000, ALLOW, "n[0]"},
	  {"web-1", IN, ELSE, TCP, 8006, ALLOW, "n[0]"},
	  {"web-1", IN, ELSE, TCP, 8007, DENY, "n[1]"},
	  {"web-1", IN, ELSE, TCP, 8009, DENY, "n[1]"},
	  {"web-1", IN, ELSE, TCP, 8010, ALLOW, "n[0]"},
	  {"web-1", IN, ELSE, TCP, 8021, ALLOW, "n[0]"},
	  {"web-1", IN, ELSE, TCP, 8022, DENY, "n"},
	  {"web-1", IN, ELSE, TCP, 8080, ALLOW, "n[0]"},
	  {"web-1", IN, ELSE, UDP, 0, ALLOW, "n[2]"},
	  {"web-1", IN, ELSE, UDP, 65535, ALLOW, "n[2]"},
	  {"web-1", IN, ELSE, SCTP, 65535, ALLOW, "n[3]"},
	  {"web-1", IN, ELSE, SCTP, 65534, DENY, "n"},
	  {"web-1", IN, ELSE, SCTP + 1, 0, DENY, "n"}}},

	{"the first default of the policies, then the network's",
	 "policies:\n"
	 "  - {name: n, applies_to: {ports: [web-1, shut-1]}, direction: ingress, default: none}\n"
	 "  - {name: late, applies_to: web, direction: ingress, default: deny, priority: 7}\n"
	 "  - {name: early, applies_to: prod, direction: ingress, default: reject, priority: 6}\n"
	 "  - {name: same, applies_to: db, direction: ingress, default: deny, priority: 6}\n",
	 {{"web-1", IN, ELSE, TCP, 1, REJECT, "early"},
	  {"web-2", IN, ELSE, TCP, 1, DENY, "late"},
	  {"db-1", IN, ELSE, TCP, 1, REJECT, "early"},
	  {"shut-1", IN, ELSE, TCP, 1, DENY, "shut"},
	  {"shut-1", OUT, ELSE, TCP, 1, DENY, "shut"}}},

	{"a default comes after the rules of all tiers",
	 "policies:\n"
	 "  - {name: n, applies_to: web, direction: ingress, tier: 0, default: reject}\n"
	 "  - {name: m, applies_to: web, direction: ingress, tier: 9, default: deny, rules: "
	 "[{from: "
	 "lb}]}\n",
	 {{"web-1", IN, LB, TCP, 1, ALLOW, "m[0]"}, {"web-1", IN, DB, TCP, 1, REJECT, "n"}}},

	{"applies_to is a union",
	 "policies:\n"
	 "  - {name: n, applies_to: {groups: db, networks: shut, ports: web-2}, direction: "
	 "egress}\n",
	 {{"db-1", OUT, ELSE, TCP, 1, DENY, "n"},
	  {"shut-1", OUT, ELSE, TCP, 1, DENY, "n"},
	  {"web-2", OUT, ELSE, TCP, 1, DENY, "n"},
	  {"web-1", OUT, ELSE, TCP, 1, ALLOW, ""}}},

	{"a prefix holds endpoints as well",
	 "policies:\n"
	 "  - {name: n, applies_to: web, direction: ingress,\n"
	 "     rules: [{action: deny, from: {cidrs: 10.9.0.12/32}, protocol: tcp}, {from: lb}, "
	 "{from: {cidrs: 10.9.0.0/24}, protocol: udp}]}\n",
	 {{"web-1", IN, LB, TCP, 1, DENY, "n[0]"},
	  {"web-1", IN, "fd00:9::12", TCP, 1, ALLOW, "n[1]"},
	  {"web-1", IN, LB, UDP, 1, ALLOW, "n[1]"},
	  {"web-1", IN, DB, UDP, 1, ALLOW, "n[2]"},
	  {"web-1", IN, "10.9.0.99", UDP, 1, ALLOW, "n[2]"},
	  {"web-1", IN, "10.9.0.99", TCP, 1, DENY, "n"}}},
};

static size_t port_of(const struct world *w, const char *name)
{
	const struct cfg_port *port = config_find_port(w->cfg, name);

	assert_non_null(port);
	assert_true(w->ports[port - w->cfg->ports.v] != 0);
	return port - w->cfg->ports.v;
}

static void describe(const struct world *w, __u32 rule, char *text, size_t size)
{
	const struct weft_rule_info *info = world_info(w, rule);

	text[0] = '\0';
	if (!rule)
		return;
	assert_non_null(info);
	if (info->index >= WEFT_POL_RULE_NETWORK)
		snprintf(text, size, "%s", info->policy);
	else
		snprintf(text, size, "%s[%u]", info->policy, info->index);
}

static void check_row(const struct world *w, const struct row *row)
{
	struct packet packet = {
		.port = port_of(w, row->port),
		.direction = row->direction,
		.peer = world_addr(row->peer),
		.protocol = row->protocol,
		.detail = row->detail,
	};
	struct verdict verdict = world_look_up(w, &packet);
	struct opinion opinion = naive_judge(w->cfg, &packet);
	char who[128];

	describe(w, verdict.rule, who, sizeof(who));
	if (verdict.action != row->action || strcmp(who, row->who) != 0)
		print_error("%s %s %s protocol %u detail %u: action %u by %s\n", row->port,
			    row->direction ? "to" : "from", row->peer, row->protocol, row->detail,
			    verdict.action, who);
	assert_string_equal(who, row->who);
	assert_int_equal(verdict.action, row->action);
	/* The fuzzer's judge is judged here. */
	assert_int_equal(opinion.action + WEFT_POL_ALLOW, row->action);
	assert_int_equal(!opinion.policy, !row->who[0]);
	if (opinion.policy)
		assert_int_equal(strncmp(opinion.policy, who, strlen(opinion.policy)), 0);
}

static void decides(void **state)
{
	const struct policy_case *c = *state;
	char text[8192];
	struct world w;

	snprintf(text, sizeof(text), "%s%s", HEAD, c->yaml);
	world_make(&w, text);
	for (size_t i = 0; i < MAX_ROWS && c->rows[i].port; i++)
		check_row(&w, &c->rows[i]);
	world_clear(&w);
}

int main(void)
{
	struct CMUnitTest tests[ARRAY_SIZE(cases)] = {};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		tests[i] = (struct CMUnitTest){.name = cases[i].name,
					       .test_func = decides,
					       .initial_state = (void *)&cases[i]};
	return cmocka_run_group_tests_name("policy", tests, NULL, NULL);
}
