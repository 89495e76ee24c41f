/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* tc_from_port: broadcast, multicast and unknown unicast. Every copy is looked at. */
#include "rows.h"
#include "wires.h"

static void one_port_only(void)
{
	put_member(NET_WEB, WEFT_FLOOD_PORT, 4, NULL);
	put_member(NET_WEB, WEFT_FLOOD_TUNNEL, 1, NULL);
	put_member(NET_WEB, WEFT_FLOOD_TUNNEL, 3, NULL);
}

static void one_tunnel_only(void)
{
	one_port_only();
	put_member(NET_WEB, WEFT_FLOOD_PORT, 2, NULL);
	put_member(NET_WEB, WEFT_FLOOD_TUNNEL, 3, &(struct weft_flood_member){.tunnel = TUNNEL_B});
}

static void ipv6_tunnel_only(void)
{
	one_tunnel_only();
	put_member(NET_WEB, WEFT_FLOOD_TUNNEL, 3, &(struct weft_flood_member){.tunnel = TUNNEL_C});
}

static void many_tunnels(void)
{
	put_member(NET_WEB, WEFT_FLOOD_TUNNEL, 0, &(struct weft_flood_member){.tunnel = TUNNEL_B});
	put_member(NET_WEB, WEFT_FLOOD_TUNNEL, 1, NULL);
	put_member(NET_WEB, WEFT_FLOOD_TUNNEL, 3, &(struct weft_flood_member){.tunnel = TUNNEL_D});
}

static void nobody_else(void)
{
	one_tunnel_only();
	put_member(NET_WEB, WEFT_FLOOD_TUNNEL, 3, NULL);
}

static void no_such_interface(void)
{
	put_member(NET_WEB, WEFT_FLOOD_PORT, 2,
		   &(struct weft_flood_member){.ifindex = 9999, .port = PORT_ID(WEB2)});
}

static void no_such_uplink(void)
{
	put_tunnel_ifindex(TUNNEL_B, 9999);
}

static void lost_tunnel_last(void)
{
	put_member(NET_WEB, WEFT_FLOOD_TUNNEL, 1,
		   &(struct weft_flood_member){.tunnel = TUNNEL_LOST});
	put_member(NET_WEB, WEFT_FLOOD_TUNNEL, 3, NULL);
}

/* clang-format off */
#define BROADCAST(from) ETH(.dst = MAC_BROADCAST, .src = from)
#define SHOUT IP4(.src = IP4_WEB1, .dst = IP4_BROADCAST), UDP(.sport = 1000, .dport = 2000), DATA(40)
#define REPORT IP4(.src = IP4_WEB1, .dst = IP4_GROUP, .options = 1, .ttl = 1), DATA(16)
#define REPORT6 IP6(.src = IP6_WEB1, .dst = IP6_GROUP, .hlim = 1), EXT(.nh = 0), \
		UDP(.sport = 1000, .dport = 2000), DATA(20)
#define ALL_BUT_WEB1 (TO(WEB2) | TO(WEB3) | VIA(TUNNEL_B) | VIA(TUNNEL_C))

static const struct port_row rows[] = {
	{ "an IPv4 broadcast", .from = WEB1, .to = ALL_BUT_WEB1, .marked = true,
	  .in = PKT(BROADCAST(MAC_WEB1), SHOUT) },
	{ "a broadcast from another port, which is not in the list's middle", .from = WEB3,
	  .to = TO(WEB1) | TO(WEB2) | VIA(TUNNEL_B) | VIA(TUNNEL_C), .marked = true,
	  .in = PKT(BROADCAST(MAC_WEB3), IP4(.src = IP4_WEB3, .dst = IP4_BROADCAST),
		    UDP(.sport = 1000, .dport = 2000), DATA(40)) },
	{ "an IPv4 multicast", .from = WEB1, .to = ALL_BUT_WEB1, .marked = true,
	  .in = PKT(ETH(.dst = MAC_GROUP4, .src = MAC_WEB1), REPORT) },
	{ "an IPv6 multicast", .from = WEB1, .to = ALL_BUT_WEB1, .marked = true,
	  .in = PKT(ETH(.dst = MAC_GROUP6, .src = MAC_WEB1), REPORT6) },
	{ "a broadcast that is not IP", .from = WEB1, .to = ALL_BUT_WEB1, .marked = true,
	  .in = PKT(BROADCAST(MAC_WEB1), DATA(46)) },
	{ "unknown unicast", .from = WEB1, .to = ALL_BUT_WEB1, .marked = true,
	  .in = PKT(ETH(.dst = MAC_NOBODY, .src = MAC_WEB1), SHOUT) },
	{ "unicast to no address", .from = WEB1, .to = ALL_BUT_WEB1, .marked = true,
	  .in = PKT(ETH(.dst = MAC_NONE, .src = MAC_WEB1), SHOUT) },
	{ "every copy carries the ECN mark", .from = WEB1, .to = ALL_BUT_WEB1, .marked = true,
	  .ecn = 2, .in = PKT(BROADCAST(MAC_WEB1),
			      IP4(.src = IP4_WEB1, .dst = IP4_BROADCAST, .tos = 2),
			      UDP(.sport = 1, .dport = 2), DATA(4)) },

	{ "to one port", .setup = one_port_only, .from = WEB1, .to = TO(WEB2),
	  .in = PKT(BROADCAST(MAC_WEB1), SHOUT) },
	{ "to one IPv4 tunnel", .setup = one_tunnel_only, .from = WEB1, .to = VIA(TUNNEL_B),
	  .in = PKT(BROADCAST(MAC_WEB1), SHOUT) },
	{ "to one IPv4 tunnel, what is not IP", .setup = one_tunnel_only, .from = WEB1,
	  .to = VIA(TUNNEL_B), .marked = true, .in = PKT(BROADCAST(MAC_WEB1), DATA(46)) },
	{ "to one IPv6 tunnel", .setup = ipv6_tunnel_only, .from = WEB1, .to = VIA(TUNNEL_C),
	  .in = PKT(BROADCAST(MAC_WEB1), REPORT6) },
	{ "to two IPv4 tunnels", .setup = many_tunnels, .from = WEB1,
	  .to = TO(WEB2) | TO(WEB3) | VIA(TUNNEL_B) | VIA(TUNNEL_D), .not_live = true,
	  .in = PKT(BROADCAST(MAC_WEB1), SHOUT) },
	{ "to nobody", .setup = nobody_else, .from = WEB1, .drop = WEFT_DROP_NO_RECEIVER,
	  .in = PKT(BROADCAST(MAC_WEB1), SHOUT) },
	{ "in a network with one member", .from = LONE1, .drop = WEFT_DROP_NO_RECEIVER,
	  .in = PKT(BROADCAST(MAC_LONE1), SHOUT) },

	{ "a copy for an interface that is gone", .setup = no_such_interface, .from = WEB1,
	  .drop = WEFT_DROP_REPLICA_LOST, .to = TO(WEB3) | VIA(TUNNEL_B) | VIA(TUNNEL_C),
	  .marked = true, .in = PKT(BROADCAST(MAC_WEB1), SHOUT) },
	{ "a copy for an uplink that is gone", .setup = no_such_uplink, .from = WEB1,
	  .drop = WEFT_DROP_REPLICA_LOST, .to = TO(WEB2) | TO(WEB3) | VIA(TUNNEL_C),
	  .marked = true, .in = PKT(BROADCAST(MAC_WEB1), SHOUT) },
	{ "the last copy for a tunnel that is gone", .setup = lost_tunnel_last, .from = WEB1,
	  .drop = WEFT_DROP_REPLICA_LOST, .last_lost = true, .to = TO(WEB2) | TO(WEB3),
	  .in = PKT(BROADCAST(MAC_WEB1), SHOUT) },

	{ "a broadcast, refused", .from = DB1, .drop = WEFT_DROP_BROADCAST_REFUSED,
	  .in = PKT(BROADCAST(MAC_DB1), SHOUT) },
	{ "an IPv4 multicast, refused", .from = DB1, .drop = WEFT_DROP_MULTICAST_REFUSED,
	  .in = PKT(ETH(.dst = MAC_GROUP4, .src = MAC_DB1), REPORT) },
	{ "an IPv6 multicast, refused", .setup = port_security_off, .from = DB1, .drop = WEFT_DROP_MULTICAST_REFUSED,
	  .in = PKT(ETH(.dst = MAC_GROUP6, .src = MAC_DB1), REPORT6) },
};

const struct port_table flood_table = { "flood", rows, sizeof(rows) / sizeof(rows[0]) };
