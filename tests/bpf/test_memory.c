/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* What the datapath remembers, so as not to look it up for every packet: until the generation is
 * another, and no longer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <bpf/bpf.h>
#include <cmocka.h>

#include "check.h"
#include "flows.h"
#include "hand.h"
#include "tests.h"
#include "wires.h"

#define FROM_TO .sport = 1000, .dport = 2000

/* What becomes of a packet from web1 to another port of its node. */
static int local_verdict(void)
{
	static struct packet in;
	static struct run r;

	packet_build(&in,
		     PKT(ETH(.dst = MAC_WEB2, .src = MAC_WEB1),
			 IP4(.src = IP4_WEB1, .dst = IP4_WEB2), UDP(FROM_TO), DATA(20)),
		     NULL);
	r = (struct run){.prog = FROM_PORT, .ifindex = wires_index(WEB1)};
	assert_int_equal(prog_run(&r, in.data, in.len), 0);
	return r.verdict;
}

/* Each CPU remembers what weft_ports said, until the generation is another. */
static void test_port_memory(void **state)
{
	const struct weft_port other = {
		.id = PORT_ID(WEB1), .network = NET_WEB, .kind = WEFT_PORT_ACCESS, .mac = {2, 9}};
	const __u32 web1 = wires_index(WEB1);
	struct moved moved[MOVED_MAX];

	(void)state;
	check_begin();
	check(local_verdict() == TC_REDIRECT, "it is not delivered");
	table_put("weft_ports", &web1, &other);
	check(local_verdict() == TC_REDIRECT, "it forgets before there is another generation");
	hand_moved();
	check(local_verdict() == TC_SHOT, "it goes by what was");
	table_delete("weft_ports", &web1);
	check(counters_moved(moved) && local_verdict() == TC_SHOT, "a port that is gone");
	hand_moved();
	counters_moved(moved);
	check(local_verdict() == TC_SHOT, "a port that is gone");
	check(counters_moved(moved) == 1 && moved[0].reason == WEFT_DROP_PORT_UNKNOWN,
	      "it is still known");
	tables_fill();
	hand_clear();
	check_end();
}

/* What becomes of a packet from B's VTEP to web1. */
static int peer_verdict(enum prog prog)
{
	static struct packet in;
	static struct run r;

	packet_build(&in,
		     PKT(ETH(.dst = MAC_UPLINK, .src = MAC_ROUTER),
			 IP4(.src = VTEP4_B, .dst = VTEP4_A), UDP(.dport = 4789, .csum = FORCE(0)),
			 VXLAN(.vni = VNI_WEB), ETH(.dst = MAC_WEB1, .src = MAC_WEB_B),
			 IP4(.src = IP4_WEB_B, .dst = IP4_WEB1), UDP(FROM_TO), DATA(20)),
		     NULL);
	r = (struct run){.prog = prog, .ifindex = wires_index(UPLINK)};
	assert_int_equal(prog_run(&r, in.data, in.len), 0);
	return r.verdict;
}

static void peer_memory(enum prog prog, int passed, int lost)
{
	const struct weft_peer_key key = {
		.remote.bytes = {[10] = 0xff, [11] = 0xff, 192, 0, 2, 2}, /* VTEP4_B */
		.vni = VNI_WEB,
		.encap = WEFT_ENCAP_VXLAN,
	};
	struct moved moved[MOVED_MAX];

	check_begin();
	check(peer_verdict(prog) == passed, "it is not accepted");
	table_delete("weft_peers", &key);
	check(peer_verdict(prog) == passed, "it forgets before there is another generation");
	hand_moved();
	counters_moved(moved);
	check(peer_verdict(prog) == lost, "it goes by what was");
	check(counters_moved(moved) == 1 && moved[0].reason == WEFT_DROP_VTEP_NOT_MEMBER,
	      "another reason");
	tables_fill();
	hand_clear();
	check_end();
}

static void test_peer_memory(void **state)
{
	(void)state;
	peer_memory(TC_UNDERLAY, TC_REDIRECT, TC_SHOT);
	peer_memory(XDP_UNDERLAY, XDP_PASS, XDP_DROP);
}

/* A datagram that nobody has answered goes by its flow: nobody asks where its receiver is. */
static void test_still(void **state)
{
	const struct weft_fdb_key key = {.mac = MAC_WEB2, .network = NET_WEB};
	struct moved moved[MOVED_MAX];

	(void)state;
	check_begin();
	flows_clear();
	check(local_verdict() == TC_REDIRECT, "the first");
	table_delete("weft_fdb", &key);
	counters_moved(moved);
	check(local_verdict() == TC_REDIRECT, "the second");
	check(counters_moved(moved) == 4, "it was flooded");
	hand_moved();
	check(local_verdict() == TC_REDIRECT && counters_moved(moved) > 4, "it was not flooded");
	tables_fill();
	hand_clear();
	flows_clear();
	check_end();
}

int test_memory(void)
{
	const struct CMUnitTest tests[] = {
		{"a port is looked up once a generation", test_port_memory, NULL, NULL, NULL},
		{"a peer is looked up once a generation", test_peer_memory, NULL, NULL, NULL},
		{"datagrams without an answer go by their flow", test_still, NULL, NULL, NULL},
	};

	return cmocka_run_group_tests_name("memory", tests, NULL, NULL);
}
