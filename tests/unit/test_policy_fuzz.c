/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Made-up files and packets: the tables, looked up as the datapath does (policy/world.h), against
 * the plain reading of the documentation (policy/naive.h). A million packets and more, each
 * to be decided by the same rule; and no rule may decide that `weft check` says never matches.
 *
 *	WEFT_FUZZ_SEED=7 build/tests/unit/test_policy_fuzz     another million; the seed is printed
 */
#include "policy/make.h"

#include "policy_shadow.h"

#define FILES   5000
#define PACKETS 220 /* to each file */

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
	uint64_t decided[3] = {}, hidden = 0;
	struct shadow s;
	struct world w;

	(void)unused;
	seed();
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
