/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Made-up files and packets: the tables, looked up as the datapath does (policy/world.h), against
 * the plain reading of the documentation (policy/naive.h). A million packets and more, each
 * to be decided by the same rule; and no rule may decide that `weft check` says never matches.
 *
 *	WEFT_FUZZ_SEED=7 build/tests/unit/test_policy_fuzz     another million; the seed is printed
 */
#include "policy/naive.h"

#include "policy_shadow.h"

#include <inttypes.h>

#define FILES   5000
#define PACKETS 220 /* to each file */

#define TEXT_MAX 65536

static uint64_t state;

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
		else if (chance(70))
			SAY_LIST("networks", networks, 3);
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

static void explain(const struct world *w, const struct packet *packet,
		    const struct verdict *verdict, const struct opinion *opinion)
{
	const struct weft_rule_info *info = world_info(w, verdict->rule);
	char peer[INET6_ADDRSTRLEN];

	inet_ntop(AF_INET6, &packet->peer, peer, sizeof(peer));
	fprintf(stderr, "%s", text);
	fprintf(stderr, "port %s %s peer %s protocol %u detail %u\n",
		w->cfg->ports.v[packet->port].name.v, packet->direction ? "egress" : "ingress",
		peer, packet->protocol, packet->detail);
	fprintf(stderr, "tables: action %u rule %u = %s[%d]\n", verdict->action, verdict->rule,
		info ? info->policy : "-", info ? (int)info->index : 0);
	fprintf(stderr, "expected: action %u %s[%d]\n", opinion->action,
		opinion->policy ? opinion->policy : "-", (int)opinion->index);
}

/* What `weft check` thinks of the rule that decided. */
static bool is_seen_to_win(const struct shadow *s, const struct opinion *opinion)
{
	for (size_t i = 0; i < s->pol.n_rules; i++) {
		const struct pol_rule *rule = &s->pol.rules[i];

		if (rule->rule == &rule->policy->rules.v[opinion->index] &&
		    !strcmp(rule->policy->name.v, opinion->policy))
			return s->state[i] == (SHADOW_MET | SHADOW_WINS);
	}
	return false;
}

static void count_hidden(const struct shadow *s, uint64_t *hidden)
{
	for (size_t i = 0; i < s->pol.n_rules; i++) {
		*hidden += !(s->state[i] & SHADOW_WINS);
		/* Whoever does not win has somebody in front, or nobody to match. */
		assert_int_equal(s->state[i] == SHADOW_MET, s->fronts[i].n > 0);
	}
}

static void judge_packets(const struct world *w, const struct shadow *s, uint64_t decided[3])
{
	for (int i = 0; i < PACKETS; i++) {
		struct packet packet = make_packet(w);
		struct verdict verdict = world_look_up(w, &packet);
		struct opinion opinion = naive_judge(w->cfg, &packet);
		bool by_rule = opinion.policy && opinion.index < WEFT_POL_RULE_NETWORK;

		if (!agrees(w, &verdict, &opinion) || (by_rule && !is_seen_to_win(s, &opinion))) {
			explain(w, &packet, &verdict, &opinion);
			fail();
		}
		decided[by_rule ? 2 : opinion.policy ? 1 : 0]++;
	}
}

static void same_as_naive(void **unused)
{
	const char *seed = getenv("WEFT_FUZZ_SEED");
	uint64_t decided[3] = {}, hidden = 0;
	struct shadow s;
	struct world w;

	(void)unused;
	state = seed ? strtoull(seed, NULL, 0) : 1;
	print_message("WEFT_FUZZ_SEED=%" PRIu64 "\n", state);
	for (int i = 0; i < FILES; i++) {
		make_file();
		world_load(&w, text);
		world_compile(&w, 1 + below(4), NULL);
		assert_int_equal(diag_count(w.diag), 0);
		s = (struct shadow){.pol.cfg = w.cfg};
		assert_int_equal(shadow_find(&s), 0);
		count_hidden(&s, &hidden);
		judge_packets(&w, &s, decided);
		shadow_clear(&s);
		world_clear(&w);
	}
	/* A test that decides little by rules would say little about them. */
	print_message("%" PRIu64 " packets by rules, %" PRIu64 " by defaults, %" PRIu64
		      " free; %" PRIu64 " rules never match\n",
		      decided[2], decided[1], decided[0], hidden);
	assert_true(decided[0] + decided[1] + decided[2] >= 1000000);
	assert_true(decided[2] >= 300000);
	assert_true(hidden >= 1000);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {cmocka_unit_test(same_as_naive)};

	return cmocka_run_group_tests_name("policy fuzz", tests, NULL, NULL);
}
