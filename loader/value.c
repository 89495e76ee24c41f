/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Scalars of the configuration file; see value.h. */
#include "value.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "util.h"

#define NAME_LEN 63

#define ALNUM "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

/* "Wrong because ..." as the result of a parser. */
static bool wrong(struct value_problem *problem, const char *what)
{
	problem->wrong = what;
	return false;
}

static bool copy(struct cfg_str *out, const char *text, struct value_problem *problem)
{
	out->v = strdup(text);
	return out->v ? true : wrong(problem, "does not fit into memory");
}

static bool parse_name(const char *text, struct cfg_str *out, struct value_problem *problem)
{
	if (!copy(out, text, problem))
		return false;
	if (!strspn(text, ALNUM))
		return wrong(problem, "does not begin with a letter or digit");
	if (text[strspn(text, ALNUM "-_")])
		return wrong(problem, "is not a name");
	if (strlen(text) > NAME_LEN)
		return wrong(problem, "is too long for a name");
	return true;
}

/* A label may be a domain name: nothing is called after it, unlike after a name. */
static bool parse_label(const char *text, struct cfg_str *out, struct value_problem *problem)
{
	if (!strspn(text, ALNUM))
		return wrong(problem, "does not begin with a letter or digit");
	if (text[strspn(text, ALNUM "-_.")])
		return wrong(problem, "is not a group");
	if (strlen(text) > NAME_LEN)
		return wrong(problem, "is too long for a group");
	return copy(out, text, problem);
}

/* Of a container, or of a pod in its namespace: no more than to tell them apart. */
static bool parse_id(const char *text, struct cfg_str *out, struct value_problem *problem)
{
	if (!strspn(text, ALNUM))
		return wrong(problem, "does not begin with a letter or digit");
	if (text[strspn(text, ALNUM "-_./")])
		return wrong(problem, "is not an id");
	if (strlen(text) > CFG_ID_MAX)
		return wrong(problem, "is too long for an id");
	return copy(out, text, problem);
}

/* As dev_valid_name() of the kernel, net/core/dev.c. */
static bool parse_interface(const char *text, struct cfg_str *out, struct value_problem *problem)
{
	const char *p;

	if (!*text || !strcmp(text, ".") || !strcmp(text, ".."))
		return wrong(problem, "is not an interface name");
	if (strlen(text) >= IFNAMSIZ)
		return wrong(problem, "is too long for an interface name");
	for (p = text; *p; p++) {
		if (*p == '/' || *p == ':' || isspace((unsigned char)*p))
			return wrong(problem, "is not an interface name");
	}
	return copy(out, text, problem);
}

/* Decimal only: octal, hexadecimal and 1_000 are read differently by different YAML parsers. */
static bool parse_number(const struct schema_type *type, const char *text, struct cfg_num *out,
			 struct value_problem *problem)
{
	const char *p = text + (*text == '-');
	__u64 v = 0;

	if (!*p || p[strspn(p, "0123456789")])
		return wrong(problem, "is not a decimal number");
	if (p[0] == '0' && p[1])
		return wrong(problem, "has a leading zero");
	for (; *p && v <= type->max; p++)
		v = v * 10 + (*p - '0');
	if (*text == '-' || v < type->min || v > type->max)
		return wrong(problem, "is out of range");
	out->v = v;
	return true;
}

static const struct {
	const char *name;
	__u64 number;
} protocols[] = {
	{"any", CFG_PROTOCOL_ANY}, {"tcp", IPPROTO_TCP},   {"udp", IPPROTO_UDP},
	{"sctp", IPPROTO_SCTP},    {"icmp", IPPROTO_ICMP}, {"icmpv6", IPPROTO_ICMPV6},
};

const char *value_protocol(__u64 number)
{
	for (size_t i = 0; i < ARRAY_SIZE(protocols); i++)
		if (protocols[i].number == number)
			return protocols[i].name;
	return NULL;
}

static bool parse_protocol(const char *text, struct cfg_num *out, struct value_problem *problem)
{
	static const struct schema_type number = {.kind = SCHEMA_NUMBER, .max = 255};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(protocols); i++) {
		if (!strcmp(protocols[i].name, text)) {
			out->v = protocols[i].number;
			return true;
		}
	}
	if (!isdigit((unsigned char)text[0]))
		return wrong(problem, "is not known here");
	return parse_number(&number, text, out, problem);
}

/* "80", or "8000-8080". */
static bool parse_ports(const char *text, struct cfg_range *out, struct value_problem *problem)
{
	static const struct schema_type port = {.kind = SCHEMA_NUMBER, .max = 65535};
	struct cfg_num first = {}, last = {};
	const char *dash = strchr(text, '-');
	char low[sizeof("65535")] = {};

	if (dash == text || (dash && dash - text >= (ptrdiff_t)sizeof(low)))
		return wrong(problem, "is not a port or a range of ports");
	if (dash)
		memcpy(low, text, dash - text);
	if (!parse_number(&port, dash ? low : text, &first, problem) ||
	    !parse_number(&port, dash ? dash + 1 : text, &last, problem))
		return false;
	if (first.v > last.v)
		return wrong(problem, "ends before it begins");
	out->first = first.v;
	out->last = last.v;
	return true;
}

/* "30", "30s", "500ms", "2m", "1h", "5d". */
static bool parse_duration(const char *text, struct cfg_num *out, struct value_problem *problem)
{
	static const struct schema_type number = {.kind = SCHEMA_NUMBER, .max = CFG_DURATION_MAX};
	static const struct {
		const char *name;
		__u64 ms;
	} units[] = {
		{"", 1000}, {"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000},
	};
	size_t digits = strspn(text, "0123456789"), i;
	char value[sizeof("864000000")] = {};
	struct cfg_num n = {};

	for (i = 0; i < ARRAY_SIZE(units) && strcmp(units[i].name, text + digits) != 0; i++)
		continue;
	if (!digits || i == ARRAY_SIZE(units))
		return wrong(problem, "is not a time");
	if (digits >= sizeof(value))
		return wrong(problem, "is out of range");
	memcpy(value, text, digits);
	if (!parse_number(&number, value, &n, problem))
		return false;
	n.v *= units[i].ms;
	if (!n.v || n.v > CFG_DURATION_MAX)
		return wrong(problem, "is out of range");
	out->v = n.v;
	return true;
}

static bool parse_enum(const char *const *names, const char *text, struct cfg_num *out,
		       struct value_problem *problem)
{
	size_t i;

	for (i = 0; names[i]; i++) {
		if (!strcmp(names[i], text)) {
			out->v = i;
			return true;
		}
	}
	return wrong(problem, "is not known here");
}

/* Not the yes, no, on and off of YAML 1.1: YAML 1.2 and JSON take those for strings. */
static bool parse_bool(const char *text, struct cfg_num *out, struct value_problem *problem)
{
	bool yes = !strcmp(text, "true");

	if (!yes && strcmp(text, "false") != 0)
		return wrong(problem, "is not a boolean");
	out->v = yes;
	return true;
}

static bool hex_byte(const char *text, __u8 *out)
{
	char digits[3] = {};

	if (!isxdigit((unsigned char)text[0]) || !isxdigit((unsigned char)text[1]))
		return false;
	memcpy(digits, text, 2);
	*out = strtoul(digits, NULL, 16);
	return true;
}

static bool parse_mac(const char *text, struct cfg_mac *out, struct value_problem *problem)
{
	static const __u8 zero[6];
	__u8 mac[6];
	size_t i;

	if (strlen(text) != strlen("02:00:00:00:00:01"))
		return wrong(problem, "is not a MAC address");
	for (i = 0; i < sizeof(mac); i++) {
		if (!hex_byte(text + 3 * i, &mac[i]) || (i < 5 && text[3 * i + 2] != ':'))
			return wrong(problem, "is not a MAC address");
	}
	if (mac[0] & 1)
		return wrong(problem, "is a multicast MAC address");
	if (!memcmp(mac, zero, sizeof(mac)))
		return wrong(problem, "is all zero");
	memcpy(out->v, mac, sizeof(mac));
	return true;
}

/* Text to 16 bytes; IPv4 becomes IPv4-mapped. A literal ::ffff:a.b.c.d would be a second spelling.
 */
static bool parse_ip(const char *text, struct in6_addr *out, struct value_problem *problem)
{
	struct in6_addr addr = {.s6_addr = {[10] = 0xff, [11] = 0xff}};

	if (inet_pton(AF_INET, text, &addr.s6_addr[12]) != 1) {
		if (inet_pton(AF_INET6, text, &addr) != 1)
			return wrong(problem, "is not an IP address");
		if (value_is_ipv4(&addr)) {
			snprintf(problem->right.s, sizeof(problem->right.s),
				 "write it as IPv4: %u.%u.%u.%u", addr.s6_addr[12],
				 addr.s6_addr[13], addr.s6_addr[14], addr.s6_addr[15]);
			return wrong(problem, "is an IPv4 address in IPv6 form");
		}
	}
	*out = addr;
	return true;
}

static const char *not_unicast(const struct in6_addr *addr)
{
	__u32 v4 = ntohl(addr->s6_addr32[3]);

	if (value_is_ipv4(addr)) {
		if (v4 == INADDR_BROADCAST)
			return "is the broadcast address";
		if (IN_MULTICAST(v4))
			return "is a multicast address";
		if (v4 >> 24 == IN_LOOPBACKNET)
			return "is a loopback address";
		return v4 >> 24 ? NULL : "is not a host's address";
	}
	if (IN6_IS_ADDR_MULTICAST(addr))
		return "is a multicast address";
	if (IN6_IS_ADDR_LOOPBACK(addr))
		return "is a loopback address";
	return IN6_IS_ADDR_UNSPECIFIED(addr) ? "is not a host's address" : NULL;
}

static bool parse_address(const char *text, struct cfg_addr *out, struct value_problem *problem)
{
	struct in6_addr addr;
	const char *what;

	if (strchr(text, '/'))
		return wrong(problem, "is a prefix, not an address");
	if (!parse_ip(text, &addr, problem))
		return false;
	what = not_unicast(&addr);
	if (what)
		return wrong(problem, what);
	out->v = addr;
	out->prefix_len = value_is_ipv4(&addr) ? 32 : 128;
	return true;
}

void value_mask(struct in6_addr *addr, unsigned int prefix_len)
{
	unsigned int len = prefix_len + (value_is_ipv4(addr) ? 96 : 0);
	unsigned int i;

	for (i = 0; i < 16; i++) {
		if (len < 8 * i)
			addr->s6_addr[i] = 0;
		else if (len < 8 * (i + 1))
			addr->s6_addr[i] &= 0xff00 >> (len - 8 * i);
	}
}

static bool prefix_len(const char *text, unsigned int max, __u8 *out)
{
	char *end;
	unsigned long len;

	if (!isdigit((unsigned char)text[0]) || (text[0] == '0' && text[1]))
		return false;
	len = strtoul(text, &end, 10);
	if (*end || len > max)
		return false;
	*out = len;
	return true;
}

static bool parse_prefix(const struct schema_type *type, const char *text, struct cfg_addr *out,
			 struct value_problem *problem)
{
	char ip[INET6_ADDRSTRLEN] = {};
	const char *slash = strchr(text, '/');
	struct cfg_addr prefix = {}, masked;

	if (!slash && type->host)
		return parse_address(text, out, problem);
	if (!slash)
		return wrong(problem, "has no prefix length");
	if (slash - text >= (ptrdiff_t)sizeof(ip))
		return wrong(problem, "is not a prefix");
	memcpy(ip, text, slash - text);
	if (!parse_ip(ip, &prefix.v, problem))
		return false;
	if (!prefix_len(slash + 1, value_is_ipv4(&prefix.v) ? 32 : 128, &prefix.prefix_len))
		return wrong(problem, "has a wrong prefix length");
	if (!prefix.prefix_len && !type->whole)
		return wrong(problem, "covers every address");

	masked = prefix;
	value_mask(&masked.v, prefix.prefix_len);
	if (memcmp(&masked.v, &prefix.v, sizeof(masked.v)) != 0) {
		snprintf(problem->right.s, sizeof(problem->right.s), "write %s",
			 value_prefix(&masked).s);
		return wrong(problem, "has host bits set");
	}
	out->v = prefix.v;
	out->prefix_len = prefix.prefix_len;
	return true;
}

bool value_parse(const struct schema_type *type, const char *text, void *out,
		 struct value_problem *problem)
{
	*problem = (struct value_problem){};
	switch (type->kind) {
	case SCHEMA_NAME:
		return parse_name(text, out, problem);
	case SCHEMA_REFERENCE:
		return copy(out, text, problem);
	case SCHEMA_INTERFACE:
		return parse_interface(text, out, problem);
	case SCHEMA_NUMBER:
		return parse_number(type, text, out, problem);
	case SCHEMA_BOOL:
		return parse_bool(text, out, problem);
	case SCHEMA_ENUM:
		return parse_enum(type->names, text, out, problem);
	case SCHEMA_MAC:
		return parse_mac(text, out, problem);
	case SCHEMA_ADDRESS:
		return parse_address(text, out, problem);
	case SCHEMA_PREFIX:
		return parse_prefix(type, text, out, problem);
	case SCHEMA_LABEL:
		return parse_label(text, out, problem);
	case SCHEMA_ID:
		return parse_id(text, out, problem);
	case SCHEMA_PROTOCOL:
		return parse_protocol(text, out, problem);
	case SCHEMA_PORTS:
		return parse_ports(text, out, problem);
	case SCHEMA_DURATION:
		return parse_duration(text, out, problem);
	case SCHEMA_LIST:
	case SCHEMA_TABLE:
	case __SCHEMA_MAX:
		break;
	}
	return wrong(problem, "is not a scalar's type");
}

struct value_text value_addr(const struct cfg_addr *addr)
{
	struct value_text text = {};

	if (value_is_ipv4(&addr->v))
		inet_ntop(AF_INET, &addr->v.s6_addr[12], text.s, sizeof(text.s));
	else
		inet_ntop(AF_INET6, &addr->v, text.s, sizeof(text.s));
	return text;
}

struct value_text value_prefix(const struct cfg_addr *prefix)
{
	struct value_text text = value_addr(prefix);
	size_t len = strlen(text.s);

	snprintf(text.s + len, sizeof(text.s) - len, "/%u", prefix->prefix_len);
	return text;
}

struct value_text value_mac(const __u8 mac[static 6])
{
	struct value_text text;

	snprintf(text.s, sizeof(text.s), "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2],
		 mac[3], mac[4], mac[5]);
	return text;
}

int value_compare(const struct cfg_addr *x, const struct cfg_addr *y)
{
	int diff = value_is_ipv4(&y->v) - value_is_ipv4(&x->v);

	if (!diff)
		diff = memcmp(&x->v, &y->v, sizeof(x->v));
	return diff ? diff : x->prefix_len - y->prefix_len;
}

bool value_holds(const struct cfg_addr *prefix, const struct cfg_addr *addr)
{
	struct in6_addr masked = addr->v;

	if (value_is_ipv4(&prefix->v) != value_is_ipv4(&addr->v) ||
	    prefix->prefix_len > addr->prefix_len)
		return false;
	value_mask(&masked, prefix->prefix_len);
	return !memcmp(&masked, &prefix->v, sizeof(masked));
}
