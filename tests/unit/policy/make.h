/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Made-up files and packets, for those who compare the tables with naive.h: small worlds in which
 * the same few names, prefixes and ports meet again and again.
 */
#ifndef WEFT_TESTS_POLICY_MAKE_H
#define WEFT_TESTS_POLICY_MAKE_H

#include "naive.h"

#include <inttypes.h>

#define TEXT_MAX 65536

static uint64_t state; /* of the random numbers; WEFT_FUZZ_SEED */

/* splitmix64 */
static uint64_t next_random(void)
{
	uint64_t z = (state += 0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

static unsigned int below(unsigned int n)
{
	return next_random() % n;
}

static bool chance(unsigned int percent)
{
	return below(100) < percent;
}

#define PICK(array) ((array)[below(ARRAY_SIZE(array))])

/* Prefixes that hold, cut and touch each other. */
static const char *const cidrs[] = {
	"0.0.0.0/0",       "0.0.0.0/1",        "128.0.0.0/1",       "10.0.0.0/8",
	"10.0.0.0/9",      "10.128.0.0/9",     "10.9.0.0/16",       "10.9.0.0/24",
	"10.9.0.0/25",     "10.9.0.128/25",    "10.9.0.11/32",      "10.9.0.10/31",
	"10.9.1.0/24",     "192.168.0.0/16",   "224.0.0.0/4",       "255.255.255.255/32",
	"\"::/0\"",        "\"::/1\"",         "\"::/80\"",         "\"fd00::/8\"",
	"\"fd00:9::/64\"", "\"fd00:9::/120\"", "\"fd00:9::b/128\"", "\"fe80::/10\"",
	"\"fe80::1/128\"", "\"ff00::/8\"",     "\"2001:db8::/32\"", "\"8000::/1\"",
};

static const char *const pods[] = {"a/p", "a/q", "b/p"};
static const char *const groups[] = {"web", "db", "lb", "prod", "dev", "a.b"};
static const char *const networks[] = {"one", "two", "three"};
static const char *const sets[] = {"s0", "s1", "s2", "s3"};
static const char *const protocols[] = {"any", "tcp", "udp", "sctp", "icmp", "icmpv6",
					"0",   "6",   "17",  "47",   "255",  "1"};
static const char *const port_lists[] = {
	"80",        "0",          "65535",           "[80, 443]",     "[8000-8080, 80]",
	"0-65535",   "[1-79, 81]", "[79-81, 80-443]", "[443, 80, 81]", "1024-65535",
	"[0, 2, 4]", "80-80",
};
static const __u16 details[] = {0,      1,      2,      3,      4,     78,     79,     80,
				81,     82,     442,    443,    444,   1023,   1024,   7999,
				8000,   8080,   8081,   65534,  65535, 0x0800, 0x0801, 0x0300,
				0x0304, 0x8000, 0xff00, 0x07ff, 0x0900};
static const char *const peers[] = {
	"0.0.0.0",
	"9.255.255.255",
	"10.0.0.0",
	"10.9.0.10",
	"10.9.0.11",
	"10.9.0.12",
	"10.9.0.13",
	"10.9.0.127",
	"10.9.0.128",
	"10.9.1.1",
	"10.8.255.255",
	"10.127.255.255",
	"10.128.0.0",
	"11.0.0.0",
	"127.255.255.255",
	"128.0.0.0",
	"192.168.7.7",
	"224.0.0.1",
	"223.255.255.255",
	"255.255.255.255",
	"255.255.255.254",
	"::",
	"::1",
	"::fffe:ffff:ffff",
	"::1:0:0:0",
	"7fff::1",
	"8000::",
	"fd00::1",
	"fcff:ffff::1",
	"fd00:9::a",
	"fd00:9::b",
	"fd00:9::c",
	"fd00:9::d",
	"fd00:9::100",
	"fd00:9:0:1::",
	"fe80::1",
	"fe80::2",
	"febf::1",
	"fec0::1",
	"ff02::1",
	"2001:db8::7",
	"2001:db9::7",
};

static char text[TEXT_MAX];
static size_t text_len;

__attribute__((format(printf, 1, 2))) static void say(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	text_len += vsnprintf(text + text_len, sizeof(text) - text_len, fmt, args);
	va_end(args);
	assert_true(text_len < sizeof(text));
}

/* KEY: [some of @names, maybe one twice] */
static void say_list(const char *key, const char *const *names, size_t n, unsigned int most)
{
	unsigned int count = 1 + below(most);

	say("%s: [", key);
	while (count--)
		say("%s%s", names[below(n)], count ? ", " : "]");
}

#define SAY_LIST(key, names, most) say_list(key, names, ARRAY_SIZE(names), most)

static void say_networks(void)
{
	static const char *const subnets[] = {"", ", subnets: [10.9.0.0/24, \"fd00:9::/64\"]",
					      ", subnets: [10.0.0.0/8, \"fd00::/8\"]"};

	say("networks:\n");
	for (size_t i = 0; i < ARRAY_SIZE(networks); i++)
		say("  - {name: %s, vni: %zu%s, default_policy: %s}\n", networks[i], i + 1,
		    PICK(subnets), chance(50) ? "allow" : "deny");
}

static void say_ports(void)
{
	unsigned int n = 3 + below(9);

	say("ports:\n");
	for (unsigned int i = 0; i < n; i++) {
		const char *network = networks[i % 3];

		say("  - {name: p%u, node: %s, interface: v%u, network: %s, mac: "
		    "02:00:00:00:00:%02x",
		    i, i < 2 || chance(60) ? "a" : "b", i, network, i + 1);
		/* The same addresses in each of the three networks. */
		if (chance(90))
			say(", addresses: [10.9.0.%u, \"fd00:9::%x\"%s]", 10 + i / 3, 10 + i / 3,
			    i < 3 && chance(50) ? ", \"fe80::1\"" : "");
		if (chance(75))
			SAY_LIST(", groups", groups, 3);
		if (chance(50)) /* a pod may have several ports */
			say(", pod: %s", PICK(pods));
		say("}\n");
	}
}

static void say_sets(void)
{
	say("address_sets:\n");
	for (size_t i = 0; i < ARRAY_SIZE(sets); i++) {
		say("  - {name: %s, ", sets[i]);
		SAY_LIST("cidrs", cidrs, 4);
		if (chance(60))
			SAY_LIST(", except", cidrs, 3);
		say("}\n");
	}
}

static void say_peer(const char *key)
{
	unsigned int which = 1 + below(15);
	const char *comma = "";

	say(", %s: {", key);
	if (which & 1) {
		SAY_LIST("groups", groups, 2);
		comma = ", ";
	}
	if (which & 2) {
		say("%s", comma);
		SAY_LIST("cidrs", cidrs, 3);
		comma = ", ";
	}
	if (which & 4) {
		say("%s", comma);
		SAY_LIST("sets", sets, 2);
		comma = ", ";
	}
	if (which & 8) {
		say("%s", comma);
		SAY_LIST("networks", networks, 2);
	}
	say("}");
}

static void say_rule(bool ingress)
{
	static const char *const actions[] = {"allow", "deny", "reject", "allow"};
	const char *protocol = PICK(protocols);

	say("      - {action: %s", PICK(actions));
	if (chance(70))
		say_peer(ingress ? "from" : "to");
	if (chance(80))
		say(", protocol: %s", protocol);
	else
		protocol = "any";
	if ((!strcmp(protocol, "tcp") || !strcmp(protocol, "udp") || !strcmp(protocol, "sctp") ||
	     !strcmp(protocol, "6") || !strcmp(protocol, "17")) &&
	    chance(70))
		say(", ports: %s", PICK(port_lists));
	if ((!strncmp(protocol, "icmp", 4) || !strcmp(protocol, "1")) && chance(70)) {
		say(", icmp_type: %u", below(2) ? 8 : below(256));
		if (chance(50))
			say(", icmp_code: %u", below(2) ? 0 : below(256));
	}
	say("}\n");
}

static void say_policies(void)
{
	static const char *const defaults[] = {"deny", "reject", "none"};
	unsigned int n = below(12);

	say("policies:%s\n", n ? "" : " []");
	for (unsigned int i = 0; i < n; i++) {
		unsigned int rules = below(9);
		bool ingress = below(2);

		say("  - name: n%u\n    direction: %s\n    applies_to: {", i,
		    ingress ? "ingress" : "egress");
		if (chance(50))
			SAY_LIST("groups", groups, 3);
		else if (chance(50))
			SAY_LIST("networks", networks, 3);
		else if (chance(50))
			SAY_LIST("pods", pods, 3);
		else
			say("ports: [p0, p%u]", below(3));
		say("}\n    default: %s\n    tier: %u\n    priority: %u\n", PICK(defaults),
		    below(2), below(2));
		say("    keep_established: %s\n    rules:%s\n", below(2) ? "true" : "false",
		    rules ? "" : " []");
		while (rules--)
			say_rule(ingress);
	}
}

static void make_file(void)
{
	text_len = 0;
	say("nodes:\n  - {name: a, vtep: 192.0.2.1, uplinks: [up0]}\n"
	    "  - {name: b, vtep: 192.0.2.2, uplinks: [up0]}\n");
	say_networks();
	say_ports();
	say_sets();
	say_policies();
}

static struct packet make_packet(const struct world *w)
{
	static const __u8 numbers[] = {0, 1, 6, 17, 47, 58, 132, 255, 2};
	struct packet packet = {.direction = below(2), .protocol = PICK(numbers)};

	do
		packet.port = below(w->cfg->ports.n);
	while (!w->ports[packet.port]);
	packet.detail = chance(85) ? PICK(details) : next_random();
	packet.peer = world_addr(PICK(peers));
	if (chance(10))
		packet.peer.s6_addr32[3] = next_random();
	return packet;
}

/* Is @verdict what @opinion expects? */
static bool agrees(const struct world *w, const struct verdict *verdict,
		   const struct opinion *opinion)
{
	static const __u32 actions[] = {WEFT_POL_ALLOW, WEFT_POL_DENY, WEFT_POL_REJECT};
	const struct weft_rule_info *info = world_info(w, verdict->rule);

	if (verdict->action != actions[opinion->action] || verdict->keep != opinion->keep)
		return false;
	if (!opinion->policy)
		return !verdict->rule;
	return info && !strcmp(info->policy, opinion->policy) && info->index == opinion->index &&
	       info->action == verdict->action;
}

/* Begin with the seed that the environment gives, or 1, and say which it is. */
static inline void seed(void)
{
	const char *text = getenv("WEFT_FUZZ_SEED");

	state = text ? strtoull(text, NULL, 0) : 1;
	print_message("WEFT_FUZZ_SEED=%" PRIu64 "\n", state);
}

#endif
