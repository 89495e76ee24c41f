/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Isolation, storm control and loop protection: who gets a frame, and how many. */
#include <stddef.h>
#include <string.h>
#include <time.h>

#include "rows.h"

#define SECURE (WEFT_GUARD_SECURE | WEFT_GUARD_ADDRS)
#define BLUE   (WEFT_ISO_COMMUNITY + 5)
#define RED    (WEFT_ISO_COMMUNITY + 9)

static void role(enum wire wire, const __u8 *mac, __u16 role)
{
	put_guard(wire, &(struct weft_guard){.flags = SECURE, .isolation = role});
	put_role(NET_WEB, mac, role);
}

static void roles(__u16 web1, __u16 web2, __u16 web3, __u16 web_b, __u16 web_c)
{
	const __u8 m1[] = MAC_WEB1, m2[] = MAC_WEB2, m3[] = MAC_WEB3, b[] = MAC_WEB_B,
		   c[] = MAC_WEB_C;

	role(WEB1, m1, web1);
	role(WEB2, m2, web2);
	role(WEB3, m3, web3);
	put_role(NET_WEB, b, web_b);
	put_role(NET_WEB, c, web_c);
}

static void all_isolated(void)
{
	roles(1, 1, 1, 1, 1);
}

static void web1_is_isolated(void)
{
	roles(1, 0, 0, 0, 0);
}

static void blue_and_red(void)
{
	roles(BLUE, BLUE, RED, BLUE, RED);
}

static void blue_red_isolated(void)
{
	roles(BLUE, RED, 1, RED, 1);
}

static void alone(void)
{
	all_isolated();
	put_member(NET_WEB, WEFT_FLOOD_TUNNEL, 1, NULL);
	put_member(NET_WEB, WEFT_FLOOD_TUNNEL, 3, NULL);
}

static __u64 now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

/* One packet a second of each kind, and the last one was just now; or long ago. */
static void limited(__u64 next)
{
	const struct weft_guard g = {.flags = SECURE,
				     .storm_ns = {1000000000, 1000000000, 1000000000}};
	struct weft_port_state state = {.storm_next_ns = {next, next, next}};
	__u32 port = PORT_ID(WEB1);

	put_guard(WEB1, &g);
	table_put("weft_port_state", &port, &state);
}

static void spent(void)
{
	limited(now() + 900000000);
}

static void rested(void)
{
	limited(now() - 1);
}

static void loop_ports(__u16 flags)
{
	put_network_flags(NET_WEB, WEFT_NET_LOOPS);
	for (int i = WEB1; i <= WEB3; i++)
		put_guard(i, &(struct weft_guard){.flags = flags, .loop_block_ms = 60000});
}

static void looks_for_loops(void)
{
	loop_ports(SECURE | WEFT_GUARD_LOOP_BLOCK);
}

static void cut_off(enum wire wire)
{
	struct weft_port_state state = {.loop_until_ns = now() + 60000000000ULL, .loops = 1};
	__u32 port = PORT_ID(wire);

	looks_for_loops();
	table_put("weft_port_state", &port, &state);
}

static void web1_is_cut_off(void)
{
	cut_off(WEB1);
}

static void web2_is_cut_off(void)
{
	cut_off(WEB2);
}

static void web2_was_cut_off(void)
{
	struct weft_port_state state = {.loop_until_ns = now() - 1, .loops = 1};
	__u32 port = PORT_ID(WEB2);

	looks_for_loops();
	table_put("weft_port_state", &port, &state);
}

/* clang-format off */
#define ONE(mac) ETH(.dst = mac, .src = MAC_WEB1)
#define TO_ALL ETH(.dst = MAC_BROADCAST, .src = MAC_WEB1)
#define SHOUT IP4(.src = IP4_WEB1, .dst = IP4_BROADCAST), UDP(.sport = 1000, .dport = 2000), DATA(40)
#define V4(to) IP4(.src = IP4_WEB1, .dst = to), UDP(.sport = 1000, .dport = 2000), DATA(40)
#define V6(to) IP6(.src = IP6_WEB1, .dst = to), UDP(.sport = 1000, .dport = 2000), DATA(40)
#define ALL_BUT_WEB1 (TO(WEB2) | TO(WEB3) | VIA(TUNNEL_B) | VIA(TUNNEL_C))
#define LOST(reason) .from = WEB1, .drop = WEFT_DROP_##reason
#define PASSES(where) .from = WEB1, .to = where
#define MULTI4 ETH(.dst = { 1, 0, 0x5e, 1, 1, 1 }, .src = MAC_WEB1), IP4(.src = IP4_WEB1, \
	.dst = { 239, 1, 1, 1 }), UDP(.sport = 1, .dport = 2), DATA(40)

static const struct port_row rows[] = {
	{ "isolated to isolated", .setup = all_isolated, LOST(ISOLATED), .in = PKT(ONE(MAC_WEB2), V4(IP4_WEB2)) },
	{ "isolated to isolated, IPv6", .setup = all_isolated, LOST(ISOLATED),
	  .in = PKT(ONE(MAC_WEB2), V6(IP6_WEB2)) },
	{ "isolated to isolated, ARP", .setup = all_isolated, LOST(ISOLATED),
	  .in = PKT(ONE(MAC_WEB2), ARP(.sha = MAC_WEB1, .spa = IP4_WEB1, .tpa = IP4_WEB2)) },
	{ "isolated to isolated, what is not IP", .setup = all_isolated, LOST(ISOLATED),
	  .in = PKT(ONE(MAC_WEB2), DATA(46)) },
	{ "isolated to isolated on another node", .setup = all_isolated, LOST(ISOLATED),
	  .in = PKT(ONE(MAC_WEB_B), V4(IP4_WEB_B)) },
	{ "isolated to promiscuous", .setup = web1_is_isolated, PASSES(TO(WEB2)), .in = PKT(ONE(MAC_WEB2), V4(IP4_WEB2)) },
	{ "isolated to promiscuous on another node", .setup = web1_is_isolated, PASSES(VIA(TUNNEL_B)),
	  .in = PKT(ONE(MAC_WEB_B), V4(IP4_WEB_B)) },
	{ "within a community", .setup = blue_and_red, PASSES(TO(WEB2)), .in = PKT(ONE(MAC_WEB2), V4(IP4_WEB2)) },
	{ "within a community across nodes", .setup = blue_and_red, PASSES(VIA(TUNNEL_B)),
	  .in = PKT(ONE(MAC_WEB_B), V4(IP4_WEB_B)) },
	{ "between communities", .setup = blue_and_red, LOST(ISOLATED), .in = PKT(ONE(MAC_WEB3), V4(IP4_WEB3)) },
	{ "between communities across nodes", .setup = blue_and_red, LOST(ISOLATED),
	  .in = PKT(ONE(MAC_WEB_C), V6(IP6_WEB_C)) },
	{ "community to isolated", .setup = blue_red_isolated, LOST(ISOLATED), .in = PKT(ONE(MAC_WEB3), V4(IP4_WEB3)) },
	{ "a broadcast of an isolated port, to promiscuous ports and other nodes",
	  .setup = web1_is_isolated, PASSES(ALL_BUT_WEB1), .marked = true, .in = PKT(TO_ALL, SHOUT) },
	{ "a broadcast among isolated ports, to other nodes only", .setup = all_isolated,
	  PASSES(VIA(TUNNEL_B) | VIA(TUNNEL_C)), .in = PKT(TO_ALL, SHOUT), .marked = true },
	{ "a broadcast of a community", .setup = blue_and_red,
	  PASSES(TO(WEB2) | VIA(TUNNEL_B) | VIA(TUNNEL_C)), .marked = true, .in = PKT(TO_ALL, SHOUT) },
	{ "a broadcast that isolation keeps from everybody", .setup = alone, LOST(ISOLATED),
	  .in = PKT(TO_ALL, SHOUT) },
	{ "whom one must not talk to, one does not hear of", .setup = alone, LOST(ISOLATED),
	  .in = PKT(TO_ALL, ARP(.sha = MAC_WEB1, .spa = IP4_WEB1, .tpa = IP4_WEB2)) },
	{ "a question within a community is answered", .setup = blue_and_red, .from = WEB1,
	  .in = PKT(TO_ALL, ARP(.sha = MAC_WEB1, .spa = IP4_WEB1, .tpa = IP4_WEB2)),
	  .reply = PKT(ETH(.dst = MAC_WEB1, .src = MAC_WEB2),
		       ARP(.op = 2, .sha = MAC_WEB2, .spa = IP4_WEB2,
			   .tha = MAC_WEB1, .tpa = IP4_WEB1)) },

	{ "a broadcast beyond the limit", .setup = spent, LOST(STORM_BROADCAST), .in = PKT(TO_ALL, SHOUT) },
	{ "ARP for nobody beyond the limit", .setup = spent, LOST(STORM_BROADCAST),
	  .in = PKT(TO_ALL, ARP(.sha = MAC_WEB1, .spa = IP4_WEB1, .tpa = IP4_WEB_NOBODY)) },
	{ "a multicast beyond the limit", .setup = spent, LOST(STORM_MULTICAST), .in = PKT(MULTI4) },
	{ "an IPv6 multicast beyond the limit", .setup = spent, LOST(STORM_MULTICAST),
	  .in = PKT(ETH(.dst = MAC_GROUP6, .src = MAC_WEB1), V6(IP6_GROUP)) },
	{ "unknown unicast beyond the limit", .setup = spent, LOST(STORM_UNKNOWN),
	  .in = PKT(ONE(MAC_NOBODY), V4(IP4_WEB_NOBODY)) },
	{ "a broadcast within the limit", .setup = rested, PASSES(ALL_BUT_WEB1), .marked = true,
	  .in = PKT(TO_ALL, SHOUT) },
	{ "a multicast within the limit", .setup = rested, PASSES(ALL_BUT_WEB1), .marked = true,
	  .in = PKT(MULTI4) },
	{ "unknown unicast within the limit", .setup = rested, PASSES(ALL_BUT_WEB1), .marked = true,
	  .in = PKT(ONE(MAC_NOBODY), V4(IP4_WEB_NOBODY)) },
	{ "known unicast has no limit", .setup = spent, PASSES(TO(WEB2)), .in = PKT(ONE(MAC_WEB2), V4(IP4_WEB2)) },
	{ "nor has a question that is answered in place", .setup = spent, .from = WEB1,
	  .in = PKT(TO_ALL, ARP(.sha = MAC_WEB1, .spa = IP4_WEB1, .tpa = IP4_WEB2)),
	  .reply = PKT(ETH(.dst = MAC_WEB1, .src = MAC_WEB2),
		       ARP(.op = 2, .sha = MAC_WEB2, .spa = IP4_WEB2,
			   .tha = MAC_WEB1, .tpa = IP4_WEB1)) },

	{ "a first broadcast where loops are looked for", .setup = looks_for_loops,
	  PASSES(ALL_BUT_WEB1), .marked = true, .in = PKT(TO_ALL, SHOUT) },
	{ "a broadcast from a port that is cut off", .setup = web1_is_cut_off, LOST(LOOP_BLOCKED),
	  .in = PKT(TO_ALL, SHOUT) },
	{ "a broadcast does not go to a port that is cut off", .setup = web2_is_cut_off,
	  PASSES(TO(WEB3) | VIA(TUNNEL_B) | VIA(TUNNEL_C)), .marked = true, .in = PKT(TO_ALL, SHOUT) },
	{ "and goes to it again after a while", .setup = web2_was_cut_off,
	  PASSES(ALL_BUT_WEB1), .marked = true, .in = PKT(TO_ALL, SHOUT) },
	{ "unicast is no loop's concern", .setup = web1_is_cut_off, PASSES(TO(WEB2)),
	  .in = PKT(ONE(MAC_WEB2), V4(IP4_WEB2)) },
};

const struct port_table guard_table = { "guards", rows, sizeof(rows) / sizeof(rows[0]) };

#define FROM_B ETH(.dst = MAC_UPLINK, .src = MAC_ROUTER), \
	       IP4(.src = VTEP4_B, .dst = VTEP4_A, .frag = 0x4000), \
	       UDP(.sport = 50000, .dport = 4789, .csum = FORCE(0)), VXLAN(.vni = VNI_WEB)
#define HELLO(to) IP4(.src = IP4_WEB_B, .dst = to), UDP(.sport = 1, .dport = 2), DATA(40)
#define INNER(reason) .take = true, .inner_drop = WEFT_DROP_##reason
#define ALL_FROM(mac) ETH(.dst = MAC_BROADCAST, .src = mac)

static const struct wire_row wire_rows[] = {
	{ "isolated to isolated from another node", .setup = all_isolated, INNER(ISOLATED),
	  .in = PKT(FROM_B, ETH(.dst = MAC_WEB1, .src = MAC_WEB_B), HELLO(IP4_WEB1)) },
	{ "promiscuous to isolated from another node", .setup = web1_is_isolated, .take = true,
	  .to = TO(WEB1), .in = PKT(FROM_B, ETH(.dst = MAC_WEB1, .src = MAC_WEB_B), HELLO(IP4_WEB1)) },
	{ "within a community from another node", .setup = blue_and_red, .take = true,
	  .to = TO(WEB1), .in = PKT(FROM_B, ETH(.dst = MAC_WEB1, .src = MAC_WEB_B), HELLO(IP4_WEB1)) },
	{ "between communities from another node", .setup = blue_and_red, INNER(ISOLATED),
	  .in = PKT(FROM_B, ETH(.dst = MAC_WEB3, .src = MAC_WEB_B), HELLO(IP4_WEB3)) },
	{ "from somebody whom the file does not have, to isolated", .setup = web1_is_isolated,
	  INNER(ISOLATED), .in = PKT(FROM_B, ETH(.dst = MAC_WEB1, .src = MAC_NOBODY), HELLO(IP4_WEB1)) },
	{ "from somebody whom the file does not have, to promiscuous", .setup = web1_is_isolated,
	  .take = true, .to = TO(WEB2),
	  .in = PKT(FROM_B, ETH(.dst = MAC_WEB2, .src = MAC_NOBODY), HELLO(IP4_WEB2)) },
	{ "a broadcast of a community from another node", .setup = blue_and_red, .take = true,
	  .to = TO(WEB1) | TO(WEB2), .in = PKT(FROM_B, ALL_FROM(MAC_WEB_B), HELLO(IP4_BROADCAST)) },
	{ "a broadcast of an isolated endpoint of another node", .setup = all_isolated, INNER(ISOLATED),
	  .in = PKT(FROM_B, ALL_FROM(MAC_WEB_B), HELLO(IP4_BROADCAST)) },
	{ "a broadcast from another node, while a port is cut off", .setup = web2_is_cut_off,
	  .take = true, .to = TO(WEB1) | TO(WEB3),
	  .in = PKT(FROM_B, ALL_FROM(MAC_WEB_B), HELLO(IP4_BROADCAST)) },
};

const struct wire_table wire_guard_table = { "guards, out of a tunnel", wire_rows,
	sizeof(wire_rows) / sizeof(wire_rows[0]) };
