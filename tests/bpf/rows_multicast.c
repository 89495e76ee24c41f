/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* IGMP and MLD snooping: who gets a multicast, a report, a query. What the table of members holds
 * afterwards is in test_multicast.c. */
#include <stddef.h>
#include <string.h>

#include "multicast.h"
#include "rows.h"

static void snoops(void)
{
	put_network_flags(NET_WEB, WEFT_NET_SNOOP);
}

static void web1_is_a_router(void)
{
	snoops();
	put_guard(WEB1, &(struct weft_guard){.flags = WEFT_GUARD_SECURE | WEFT_GUARD_ADDRS |
						      WEFT_GUARD_ROUTER});
}

static void web2_is_a_router(void)
{
	snoops();
	put_guard(WEB2, &(struct weft_guard){.flags = WEFT_GUARD_SECURE | WEFT_GUARD_ADDRS |
						      WEFT_GUARD_ROUTER});
}

static void web3_and_b(void)
{
	snoops();
	mcast_put(&mcast_group4, MCAST_PORT(WEB3), NULL);
	mcast_put(&mcast_group4, MCAST_TUNNEL(TUNNEL_B), NULL);
	mcast_put(&mcast_group6, MCAST_PORT(WEB3), NULL);
	mcast_put(&mcast_group6, MCAST_TUNNEL(TUNNEL_B), NULL);
}

static void web1_alone(void)
{
	snoops();
	mcast_put(&mcast_group4, MCAST_PORT(WEB1), NULL);
	mcast_put(&mcast_group6, MCAST_PORT(WEB1), NULL);
}

static void router_behind_c(void)
{
	web3_and_b();
	mcast_put(&mcast_router, MCAST_TUNNEL(TUNNEL_C), NULL);
	mcast_put(&mcast_router, MCAST_PORT(WEB2), NULL);
}

static void web1_and_web2(void)
{
	web1_alone();
	mcast_put(&mcast_group4, MCAST_PORT(WEB2), NULL);
	mcast_put(&mcast_group6, MCAST_PORT(WEB2), NULL);
}

static void web3_is_over(void)
{
	web3_and_b();
	mcast_put(&mcast_group4, MCAST_PORT(WEB3),
		  &(struct weft_mcast){.seen_ns = 1, .until_ns = 2});
}

/* clang-format off */
#define FROM(mac) ETH(.dst = mac, .src = MAC_WEB1)
#define UDP4(d) IP4(.src = IP4_WEB1, .dst = d), UDP(.sport = 1000, .dport = 2000), DATA(40)
#define UDP6(d) IP6(.src = IP6_WEB1, .dst = d), UDP(.sport = 1000, .dport = 2000), DATA(40)
#define REPORT2 FROM(MAC_MCAST4), IGMP_TO(IP4_MCAST), IGMP(.type = 0x16, .rest = 0xef010203)
#define LEAVE2 FROM(MAC_ALL_ROUTERS4), IGMP_TO(IP4_ALL_ROUTERS), IGMP(.type = 0x17, .rest = 0xef010203)
#define REPORT3(...) FROM(MAC_IGMP3), IGMP_TO(IP4_IGMP3), IGMP(.type = 0x22, .rest = 1), BYTES(__VA_ARGS__)
#define MLD1(kind) FROM(MAC_MCAST6), MLD_TO(IP6_MCAST), ICMP6(.type = kind), BYTES(GROUP6_BYTES)
#define MLD2(...) FROM(MAC_MLD2), MLD_TO(IP6_MLD2), ICMP6(.type = 143, .rest = 1), BYTES(__VA_ARGS__)
#define QUERY(s, group) IP4(.src = s, .dst = IP4_ALL_HOSTS, .ttl = 1, .options = 1), \
			IGMP(.type = 0x11, .code = 100, .rest = group), BYTES(2, 125, 0, 0)
#define QUERY6(s) IP6(.src = s, .dst = IP6_ALL_NODES, .hlim = 1), EXT(.nh = 0), \
		  ICMP6(.type = 130, .rest = 10000 << 16), BYTES([15] = 0), BYTES(2, 125, 0, 0)
#define ALL_BUT_WEB1 (TO(WEB2) | TO(WEB3) | VIA(TUNNEL_B) | VIA(TUNNEL_C))
#define NODES (VIA(TUNNEL_B) | VIA(TUNNEL_C))
#define LOST(reason) .from = WEB1, .drop = WEFT_DROP_##reason
#define TO_ALL .from = WEB1, .to = ALL_BUT_WEB1, .marked = true
#define TO_NODES .from = WEB1, .to = NODES, .marked = true

static const struct port_row rows[] = {
	{ "a multicast without snooping", TO_ALL, .in = PKT(FROM(MAC_MCAST4), UDP4(IP4_MCAST)) },
	{ "a group that nobody has joined", .setup = snoops, LOST(MULTICAST_NO_MEMBER),
	  .in = PKT(FROM(MAC_MCAST4), UDP4(IP4_MCAST)) },
	{ "an IPv6 group that nobody has joined", .setup = snoops, LOST(MULTICAST_NO_MEMBER),
	  .in = PKT(FROM(MAC_MCAST6), UDP6(IP6_MCAST)) },
	{ "a group of the sender's own only", .setup = web1_alone, LOST(MULTICAST_NO_MEMBER),
	  .in = PKT(FROM(MAC_MCAST4), UDP4(IP4_MCAST)) },
	{ "to members here and on another node", .setup = web3_and_b, .from = WEB1,
	  .to = TO(WEB3) | VIA(TUNNEL_B), .in = PKT(FROM(MAC_MCAST4), UDP4(IP4_MCAST)) },
	{ "to IPv6 members here and on another node", .setup = web3_and_b, .from = WEB1,
	  .to = TO(WEB3) | VIA(TUNNEL_B), .in = PKT(FROM(MAC_MCAST6), UDP6(IP6_MCAST)) },
	{ "a fragment to members", .setup = web3_and_b, .from = WEB1, .to = TO(WEB3) | VIA(TUNNEL_B),
	  .in = PKT(FROM(MAC_MCAST4), IP4(.src = IP4_WEB1, .dst = IP4_MCAST, .frag = 10, .proto = 17),
		    DATA(40)) },
	{ "to members and multicast routers", .setup = router_behind_c, TO_ALL,
	  .in = PKT(FROM(MAC_MCAST4), UDP4(IP4_MCAST)) },
	{ "a router port gets all groups", .setup = web2_is_a_router, .from = WEB1, .to = TO(WEB2),
	  .in = PKT(FROM(MAC_MCAST4), UDP4(IP4_MCAST)) },
	{ "a membership that is over", .setup = web3_is_over, .from = WEB1, .to = VIA(TUNNEL_B),
	  .in = PKT(FROM(MAC_MCAST4), UDP4(IP4_MCAST)) },
	{ "a link-local group", .setup = snoops, TO_ALL, .in = PKT(FROM(MAC_ALL_ROUTERS4), UDP4(IP4_ALL_ROUTERS)) },
	{ "an IPv6 link-local group", .setup = snoops, TO_ALL, .in = PKT(FROM(MAC_GROUP6), UDP6(IP6_GROUP)) },
	{ "a group address that is not IP", .setup = snoops, TO_ALL, .in = PKT(FROM(MAC_MCAST4), DATA(46)) },
	{ "a broadcast", .setup = snoops, TO_ALL, .in = PKT(FROM(MAC_BROADCAST), UDP4(IP4_BROADCAST)) },

	{ "a report goes to other nodes, and to no host", .setup = snoops, TO_NODES, .in = PKT(REPORT2) },
	{ "a report goes to multicast routers", .setup = web2_is_a_router, .from = WEB1,
	  .to = TO(WEB2) | NODES, .marked = true, .in = PKT(REPORT2) },
	{ "a leave, where no member is left", .setup = web1_alone, TO_NODES, .in = PKT(LEAVE2) },
	{ "a join of version 3", .setup = snoops, TO_NODES, .in = PKT(REPORT3(4, 0, 0, 0, GROUP4_BYTES)) },
	{ "a leave of version 3, where no member is left", .setup = web1_alone, TO_NODES,
	  .in = PKT(REPORT3(3, 0, 0, 0, GROUP4_BYTES)) },
	{ "a join by MLD", .setup = snoops, TO_NODES, .in = PKT(MLD1(131)) },
	{ "a leave by MLD, where no member is left", .setup = web1_alone, TO_NODES, .in = PKT(MLD1(132)) },
	{ "a join by MLD version 2", .setup = snoops, TO_NODES, .in = PKT(MLD2(4, 0, 0, 0, GROUP6_BYTES)) },
	{ "a join by MLD version 2 from no address", .setup = snoops, TO_NODES,
	  .in = PKT(FROM(MAC_MLD2), IP6(.src = IP6_NONE, .dst = IP6_MLD2, .hlim = 1), EXT(.nh = 0),
		    ICMP6(.type = 143, .rest = 1), BYTES(4, 0, 0, 0, GROUP6_BYTES)) },

	{ "a query from a port that is no router", .setup = snoops, LOST(MULTICAST_QUERY),
	  .in = PKT(FROM(MAC_ALL_HOSTS), QUERY(IP4_WEB1, 0)) },
	{ "an MLD query from a port that is no router", .setup = snoops, LOST(MULTICAST_QUERY),
	  .in = PKT(FROM(MAC_ALL_NODES), QUERY6(LLA_WEB1)) },
	{ "a router's query", .setup = web1_is_a_router, TO_ALL, .in = PKT(FROM(MAC_ALL_HOSTS), QUERY(IP4_WEB1, 0)) },
	{ "a router's MLD query", .setup = web1_is_a_router, TO_ALL, .in = PKT(FROM(MAC_ALL_NODES), QUERY6(LLA_WEB1)) },
	{ "a query, where nobody snoops", TO_ALL, .in = PKT(FROM(MAC_ALL_HOSTS), QUERY(IP4_WEB1, 0)) },

	{ "a report with a wrong checksum", .setup = snoops, LOST(MULTICAST_INVALID), .odd = true,
	  .in = PKT(FROM(MAC_MCAST4), IGMP_TO(IP4_MCAST), IGMP(.type = 0x16, .rest = 0xef010203, .csum = FORCE(0x1234))) },
	{ "a report about no group", .setup = snoops, LOST(MULTICAST_INVALID),
	  .in = PKT(FROM(MAC_MCAST4), IGMP_TO(IP4_MCAST), IGMP(.type = 0x16, .rest = 0x0a090001)) },
	{ "IGMP that is too short", .setup = snoops, LOST(MULTICAST_INVALID), .odd = true,
	  .in = PKT(FROM(MAC_MCAST4), IP4(.src = IP4_WEB1, .dst = IP4_MCAST, .ttl = 1, .proto = 2), BYTES(0x16, 0, 0, 0)) },
	{ "more records than there are", .setup = snoops, LOST(MULTICAST_INVALID), .odd = true,
	  .in = PKT(FROM(MAC_IGMP3), IGMP_TO(IP4_IGMP3), IGMP(.type = 0x22, .rest = 2), BYTES(4, 0, 0, 0, GROUP4_BYTES)) },
	{ "more sources than there are", .setup = snoops, LOST(MULTICAST_INVALID), .odd = true,
	  .in = PKT(REPORT3(1, 0, 0, 2, GROUP4_BYTES, 10, 0, 0, 1)) },
	{ "more auxiliary data than there is", .setup = snoops, LOST(MULTICAST_INVALID), .odd = true,
	  .in = PKT(MLD2(4, 9, 0, 0, GROUP6_BYTES)) },
	{ "an MLD report with a wrong checksum", .setup = snoops, LOST(MULTICAST_INVALID), .odd = true,
	  .in = PKT(FROM(MAC_MLD2), MLD_TO(IP6_MLD2), ICMP6(.type = 143, .rest = 1, .csum = FORCE(0x1234)),
		    BYTES(4, 0, 0, 0, GROUP6_BYTES)) },
	{ "an MLD report that was routed", .setup = snoops, LOST(MULTICAST_INVALID),
	  .in = PKT(FROM(MAC_MLD2), IP6(.src = LLA_WEB1, .dst = IP6_MLD2), EXT(.nh = 0),
		    ICMP6(.type = 143, .rest = 1), BYTES(4, 0, 0, 0, GROUP6_BYTES)) },
	{ "an MLD report from an address that is not link-local", .setup = snoops, LOST(MULTICAST_INVALID),
	  .in = PKT(FROM(MAC_MLD2), IP6(.src = IP6_WEB1, .dst = IP6_MLD2, .hlim = 1), EXT(.nh = 0),
		    ICMP6(.type = 143, .rest = 1), BYTES(4, 0, 0, 0, GROUP6_BYTES)) },
	{ "MLD that is too short", .setup = snoops, LOST(MULTICAST_INVALID), .odd = true,
	  .in = PKT(FROM(MAC_MCAST6), MLD_TO(IP6_MCAST), ICMP6(.type = 131), BYTES(0xff, 5)) },
	{ "another's address in a report", .setup = snoops, LOST(ADDR_SPOOFED),
	  .in = PKT(FROM(MAC_MCAST4), IP4(.src = IP4_WEB2, .dst = IP4_MCAST, .ttl = 1),
		    IGMP(.type = 0x16, .rest = 0xef010203)) },

	{ "a leave while another port here stays, which is nobody's business", .setup = web1_and_web2,
	  .from = WEB1, .taken = true, .in = PKT(LEAVE2) },
	{ "a leave by MLD while another port here stays", .setup = web1_and_web2, .from = WEB1,
	  .taken = true, .in = PKT(MLD1(132)) },
	{ "a leave of version 3 while another port here stays becomes a report", .setup = web1_and_web2,
	  TO_NODES, .in = PKT(REPORT3(3, 0, 0, 0, GROUP4_BYTES)), .as = PKT(REPORT3(4, 0, 0, 0, GROUP4_BYTES)) },
	{ "a leave by MLD version 2 while another port here stays becomes a report", .setup = web1_and_web2,
	  TO_NODES, .in = PKT(MLD2(3, 0, 0, 0, GROUP6_BYTES)), .as = PKT(MLD2(4, 0, 0, 0, GROUP6_BYTES)) },
};

const struct port_table multicast_table = { "multicast", rows, sizeof(rows) / sizeof(rows[0]) };

#define FROM_B ETH(.dst = MAC_UPLINK, .src = MAC_ROUTER), \
	       IP4(.src = VTEP4_B, .dst = VTEP4_A, .frag = 0x4000), \
	       UDP(.sport = 50000, .dport = 4789, .csum = FORCE(0)), VXLAN(.vni = VNI_WEB)
#define BY_B(mac) ETH(.dst = mac, .src = MAC_WEB_B)
#define EVERYBODY (TO(WEB1) | TO(WEB2) | TO(WEB3))

static const struct wire_row wire_rows[] = {
	{ "to members here", .setup = web3_and_b, .take = true, .to = TO(WEB3),
	  .in = PKT(FROM_B, BY_B(MAC_MCAST4), IP4(.src = IP4_WEB_B, .dst = IP4_MCAST),
		    UDP(.sport = 1, .dport = 2), DATA(40)) },
	{ "to IPv6 members here", .setup = web3_and_b, .take = true, .to = TO(WEB3),
	  .in = PKT(FROM_B, BY_B(MAC_MCAST6), IP6(.src = IP6_WEB_B, .dst = IP6_MCAST),
		    UDP(.sport = 1, .dport = 2), DATA(40)) },
	{ "to nobody here", .setup = snoops, .take = true, .inner_drop = WEFT_DROP_MULTICAST_NO_MEMBER,
	  .in = PKT(FROM_B, BY_B(MAC_MCAST4), IP4(.src = IP4_WEB_B, .dst = IP4_MCAST),
		    UDP(.sport = 1, .dport = 2), DATA(40)) },
	{ "a link-local group", .setup = snoops, .take = true, .to = EVERYBODY,
	  .in = PKT(FROM_B, BY_B(MAC_ALL_ROUTERS4), IP4(.src = IP4_WEB_B, .dst = IP4_ALL_ROUTERS),
		    UDP(.sport = 1, .dport = 2), DATA(40)) },
	{ "a report from another node, for a router", .setup = web2_is_a_router, .take = true,
	  .to = TO(WEB2), .in = PKT(FROM_B, BY_B(MAC_MCAST4),
		IP4(.src = IP4_WEB_B, .dst = IP4_MCAST, .ttl = 1), IGMP(.type = 0x16, .rest = 0xef010203)) },
	{ "a query from another node", .setup = snoops, .take = true, .to = EVERYBODY,
	  .in = PKT(FROM_B, BY_B(MAC_ALL_HOSTS), QUERY(IP4_WEB_B, 0)) },
	{ "a broken report from another node", .setup = snoops, .take = true,
	  .inner_drop = WEFT_DROP_MULTICAST_INVALID,
	  .in = PKT(FROM_B, BY_B(MAC_MCAST4), IP4(.src = IP4_WEB_B, .dst = IP4_MCAST, .ttl = 1),
		    IGMP(.type = 0x16, .rest = 0xef010203, .csum = FORCE(1))) },
};

const struct wire_table wire_multicast_table = { "multicast, out of a tunnel", wire_rows,
	sizeof(wire_rows) / sizeof(wire_rows[0]) };
