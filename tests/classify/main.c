/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Made-up files and packets through the loaded program: the policies are compiled and put into the
 * maps, each packet runs through tc_from_port, and what decided has to be what the plain reading of
 * the documentation (tests/unit/policy/naive.h) says. Half a million packets.
 *
 *	WEFT_FUZZ_SEED=7 WEFT_FUZZ_FILES=50000 build/tests/test_classify
 *
 * The seed is printed. tests/unit/test_policy_fuzz plays twice as many without the program.
 */
#include "../unit/policy/make.h"
#include "node.h"

#define FILES   2500
#define PACKETS 220 /* to each file */

static void tell(const char *who, const struct world *w, const struct verdict *v)
{
	const struct weft_rule_info *info = world_info(w, v->rule);

	fprintf(stderr, "%s: action %u rule %d = %s[%d]%s\n", who, v->action, (int)v->rule,
		info ? info->policy : "-", info ? (int)info->index : 0, v->keep ? ", keep" : "");
}

static void explain(const struct world *w, const struct packet *packet,
		    const struct verdict *wanted, const struct verdict *got)
{
	char peer[INET6_ADDRSTRLEN];

	inet_ntop(AF_INET6, &packet->peer, peer, sizeof(peer));
	fprintf(stderr, "%sport %s %s peer %s protocol %u detail %u, generation %u\n", text,
		w->cfg->ports.v[packet->port].name.v, packet->direction ? "egress" : "ingress",
		peer, packet->protocol, packet->detail, w->generation);
	tell("wanted", w, wanted);
	tell("program", w, got);
}

/* What the wire has no room for is made something else. */
static struct packet make_sendable(const struct world *w)
{
	struct packet packet = make_packet(w);

	if (!node_can_send(&packet))
		packet.detail = 0;
	while (!node_can_send(&packet))
		packet.protocol = chance(50) ? 6 : 47;
	return packet;
}

static void judge_packet(const struct world *w, uint64_t decided[3])
{
	struct packet packet = make_sendable(w);
	struct opinion opinion = naive_judge(w->cfg, &packet);
	struct verdict wanted = world_look_up(w, &packet), got = {};
	bool guarded, flow, right;

	assert_true(agrees(w, &wanted, &opinion));
	flow = node_send(w, &packet, wanted.rule, &got, &guarded);
	right = got.action == wanted.action && got.rule == wanted.rule &&
		(!flow || (got.keep == wanted.keep && guarded == !!wanted.rule));
	if (!right) {
		explain(w, &packet, &wanted, &got);
		fail();
	}
	decided[!wanted.rule ? 0 : opinion.index < WEFT_POL_RULE_NETWORK ? 2 : 1]++;
}

static void program_as_naive(void **unused)
{
	const char *files = getenv("WEFT_FUZZ_FILES");
	uint64_t decided[3] = {}, n = files ? strtoull(files, NULL, 0) : FILES;
	struct world w;

	(void)unused;
	seed();
	assert_int_equal(node_load(), 0);
	for (uint64_t i = 0; i < n; i++) {
		make_file();
		world_load(&w, text);
		world_compile(&w, 1 + i, NULL);
		assert_int_equal(diag_count(w.diag), 0);
		node_policies(&w);
		for (int j = 0; j < PACKETS; j++)
			judge_packet(&w, decided);
		world_clear(&w);
	}
	node_close();
	print_message("%" PRIu64 " packets by rules, %" PRIu64 " by defaults, %" PRIu64 " free\n",
		      decided[2], decided[1], decided[0]);
	assert_true(decided[2] >= n * PACKETS / 4);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {cmocka_unit_test(program_as_naive)};

	return cmocka_run_group_tests_name("classification", tests, NULL, NULL);
}
