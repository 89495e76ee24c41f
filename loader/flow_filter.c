/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Which flows are meant; see flow_filter.h. */
#include "flow_filter.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "config.h"
#include "util.h"
#include "value.h"

#define NAME_MAX_LEN 16 /* of a state as typed */

static const char *const tables[__FLOW_TABLE_MAX] = {
	[FLOW_TABLE_ESTABLISHED] = "established",
	[FLOW_TABLE_NEW] = "new",
	[FLOW_TABLE_OVER] = "over",
};

/* As conntrack(8) has them. The states of protocols other than TCP share their names. */
static const char *const states[__WEFT_FLOW_STATE_MAX] = {
	[WEFT_TCP_SYN_SENT] = "SYN_SENT", [WEFT_TCP_SYN_SENT2] = "SYN_SENT2",
	[WEFT_TCP_SYN_RECV] = "SYN_RECV", [WEFT_TCP_ESTABLISHED] = "ESTABLISHED",
	[WEFT_TCP_FIN_WAIT] = "FIN_WAIT", [WEFT_TCP_CLOSE_WAIT] = "CLOSE_WAIT",
	[WEFT_TCP_LAST_ACK] = "LAST_ACK", [WEFT_TCP_TIME_WAIT] = "TIME_WAIT",
	[WEFT_TCP_CLOSE] = "CLOSE",       [WEFT_UDP_UNREPLIED] = "UNREPLIED",
	[WEFT_UDP_REPLIED] = "REPLIED",   [WEFT_ICMP_UNREPLIED] = "UNREPLIED",
	[WEFT_ICMP_REPLIED] = "REPLIED",  [WEFT_OTHER_UNREPLIED] = "UNREPLIED",
	[WEFT_OTHER_REPLIED] = "REPLIED",
};

static const struct {
	__u8 proto;
	const char *name;
} protocols[] = {
	{IPPROTO_TCP, "tcp"},   {IPPROTO_UDP, "udp"},       {IPPROTO_SCTP, "sctp"},
	{IPPROTO_ICMP, "icmp"}, {IPPROTO_ICMPV6, "icmpv6"},
};

static bool wrong(struct value_problem *problem, const char *what, const char *right)
{
	if (what)
		problem->wrong = what;
	if (!problem->right.s[0])
		snprintf(problem->right.s, sizeof(problem->right.s), "%s", right);
	return false;
}

/* An address alone is a prefix of full length. */
static bool set_address(struct flow_filter *filter, const char *text, struct value_problem *problem)
{
	static const struct schema_type prefix = {.kind = SCHEMA_PREFIX, .whole = true};
	static const char right[] =
		"write an address or a prefix, such as 10.9.0.11, 10.9.0.0/24 or fd00:9::/64";
	char whole[sizeof(struct value_text)];
	struct cfg_addr addr = {};

	if (!strchr(text, '/')) {
		if (strlen(text) >= INET6_ADDRSTRLEN)
			return wrong(problem, "is not an IP address", right);
		snprintf(whole, sizeof(whole), "%s/%d", text, strchr(text, ':') ? 128 : 32);
		text = whole;
	}
	if (!value_parse(&prefix, text, &addr, problem))
		return wrong(problem, NULL, right);
	memcpy(&filter->addr, &addr.v, sizeof(filter->addr));
	filter->bits = addr.prefix_len + (value_is_ipv4(&addr.v) ? 96 : 0);
	return true;
}

static bool set_peer_port(struct flow_filter *filter, const char *text,
			  struct value_problem *problem)
{
	static const struct schema_type type = {.kind = SCHEMA_NUMBER, .max = 65535};
	struct cfg_num number = {};

	if (!value_parse(&type, text, &number, problem))
		return wrong(problem, NULL, "write a number from 0 to 65535");
	filter->peer_port = htons(number.v);
	return true;
}

static bool set_protocol(struct flow_filter *filter, const char *text,
			 struct value_problem *problem)
{
	static const struct schema_type type = {.kind = SCHEMA_PROTOCOL};
	static const char right[] = "write tcp, udp, sctp, icmp, icmpv6 or a number from 0 to 255";
	struct cfg_num number = {};

	if (!value_parse(&type, text, &number, problem))
		return wrong(problem, NULL, right);
	if (number.v == CFG_PROTOCOL_ANY)
		return wrong(problem, "is every protocol", right);
	filter->proto = number.v;
	return true;
}

/* In any case, and also as ss(8) writes it: "syn-sent". */
static bool set_state(struct flow_filter *filter, const char *text, struct value_problem *problem)
{
	char name[NAME_MAX_LEN] = {};
	__u32 found = 0;

	snprintf(name, sizeof(name), "%s", text);
	for (char *p = name; *p; p++)
		if (*p == '-')
			*p = '_';
	for (unsigned int i = 0; i < __WEFT_FLOW_STATE_MAX; i++)
		if (states[i] && strlen(text) < sizeof(name) && !strcasecmp(states[i], name))
			found |= 1u << i;
	if (!found)
		return wrong(problem, "is no state",
			     "write SYN_SENT, SYN_SENT2, SYN_RECV, ESTABLISHED, FIN_WAIT, "
			     "CLOSE_WAIT, LAST_ACK, TIME_WAIT or CLOSE (TCP), UNREPLIED or REPLIED "
			     "(all others)");
	filter->states |= found;
	return true;
}

static bool set_table(struct flow_filter *filter, const char *text, struct value_problem *problem)
{
	for (unsigned int i = 0; i < __FLOW_TABLE_MAX; i++) {
		if (strcmp(tables[i], text) != 0)
			continue;
		filter->tables |= 1u << i;
		return true;
	}
	return wrong(problem, "is no table of flows", "write established, new or over");
}

bool flow_filter_set(struct flow_filter *filter, enum flow_by by, const char *text,
		     struct value_problem *problem)
{
	static bool (*const set[__FLOW_BY_MAX])(struct flow_filter *, const char *,
						struct value_problem *) = {
		[FLOW_BY_ADDRESS] = set_address,   [FLOW_BY_PEER_PORT] = set_peer_port,
		[FLOW_BY_PROTOCOL] = set_protocol, [FLOW_BY_STATE] = set_state,
		[FLOW_BY_TABLE] = set_table,
	};
	bool lone = by != FLOW_BY_STATE && by != FLOW_BY_TABLE;

	*problem = (struct value_problem){};
	if (lone && filter->set & 1u << by)
		return wrong(problem, "is the second of its kind", "give one");
	if (!set[by](filter, text, problem))
		return false;
	filter->set |= 1u << by;
	return true;
}

bool flow_filter_table(const struct flow_filter *filter, enum flow_table table)
{
	return !filter->tables || filter->tables & 1u << table;
}

static bool is_ipv4(const struct weft_addr *addr)
{
	return IN6_IS_ADDR_V4MAPPED((const struct in6_addr *)addr);
}

/* ::/0 is all of IPv6 and none of IPv4, as in policies. */
static bool in_prefix(const struct weft_addr *addr, const struct weft_addr *prefix, __u8 bits)
{
	unsigned int bytes = bits / 8, rest = bits % 8;

	if (is_ipv4(addr) != is_ipv4(prefix) || memcmp(addr->bytes, prefix->bytes, bytes) != 0)
		return false;
	return !rest || !((addr->bytes[bytes] ^ prefix->bytes[bytes]) >> (8 - rest));
}

static bool at_port(const struct weft_hop *hop, __u32 port)
{
	return (hop->kind == WEFT_HOP_LOCAL || hop->kind == WEFT_HOP_WIRE) && hop->port == port;
}

bool flow_filter_match(const struct flow_filter *filter, const struct weft_flow_key *key,
		       const struct weft_flow *flow)
{
	const unsigned int set = filter->set;

	if (filter->network && filter->network != key->network)
		return false;
	if (filter->port && !at_port(&flow->hop[0], filter->port) &&
	    !at_port(&flow->hop[1], filter->port))
		return false;
	if (set & 1u << FLOW_BY_ADDRESS && !in_prefix(&key->addr[0], &filter->addr, filter->bits) &&
	    !in_prefix(&key->addr[1], &filter->addr, filter->bits))
		return false;
	if (set & 1u << FLOW_BY_PROTOCOL && filter->proto != key->proto)
		return false;
	if (set & 1u << FLOW_BY_PEER_PORT &&
	    (!flow_has_ports(key->proto) || filter->peer_port != key->port[!(flow->origin & 1)]))
		return false;
	return !(set & 1u << FLOW_BY_STATE) ||
	       (flow->state < __WEFT_FLOW_STATE_MAX && filter->states & 1u << flow->state);
}

const char *flow_table_name(enum flow_table table)
{
	return tables[table];
}

const char *flow_state_name(unsigned int state)
{
	return state < __WEFT_FLOW_STATE_MAX ? states[state] : NULL;
}

const char *flow_protocol_name(__u8 proto)
{
	for (size_t i = 0; i < ARRAY_SIZE(protocols); i++)
		if (protocols[i].proto == proto)
			return protocols[i].name;
	return NULL;
}

bool flow_has_ports(__u8 proto)
{
	return proto == IPPROTO_TCP || proto == IPPROTO_UDP || proto == IPPROTO_SCTP;
}

bool flow_is_query(__u8 proto)
{
	return proto == IPPROTO_ICMP || proto == IPPROTO_ICMPV6;
}
