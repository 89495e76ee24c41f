/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Who takes part in the packet tests. Node a is the one under test.
 *
 *     network web, VNI 100, floods       web1, web2 (veth), web3 (tap)   web-b at b, web-c at c
 *     network db, VNI 200, does not      db1 (veth)                      db-b at b, db-d at d
 *     network lone, VNI 300, floods      lone1 (veth), and nobody else
 *     network mix, VNI 5000, floods      mix1 (veth)                     one behind each of the
 *                                                                        tunnels to e and f
 *
 *     node a 192.0.2.1, 2001:db8::1      b 192.0.2.2 (web, db)   c 2001:db8::3 (web)
 *                                        d 192.0.2.4 (db; tunnel for jumbo frames)
 *                                        e 192.0.2.5, 2001:db8::5 (mix, by every encapsulation
 *                                          that carries identities, and NVGRE)
 *                                        f 192.0.2.6, 2001:db8::6 (mix, by plain Geneve)
 *
 * Here are the addresses; tables.c writes them into the maps, wires.c makes the interfaces.
 */
#ifndef WEFT_TEST_ACTORS_H
#define WEFT_TEST_ACTORS_H

/* clang-format off */
#define MAC_NONE { 0 }
#define MAC_BROADCAST { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff }
#define MAC_WEB1 { 0x02, 0, 0, 0, 1, 0x11 }
#define MAC_WEB2 { 0x02, 0, 0, 0, 1, 0x12 }
#define MAC_WEB3 { 0x02, 0, 0, 0, 1, 0x13 }
#define MAC_WEB_B { 0x02, 0, 0, 0, 1, 0x21 }
#define MAC_WEB_C { 0x02, 0, 0, 0, 1, 0x31 }
#define MAC_DB1 { 0x02, 0, 0, 0, 2, 0x11 }
#define MAC_DB_B { 0x02, 0, 0, 0, 2, 0x21 }
#define MAC_DB_D { 0x02, 0, 0, 0, 2, 0x41 }
#define MAC_LONE1 { 0x02, 0, 0, 0, 3, 0x11 }
#define MAC_GONE1 { 0x02, 0, 0, 0, 4, 0x11 }
#define MAC_MIX1 { 0x02, 0, 0, 0, 6, 0x11 }
#define MAC_MIX(tunnel) { 0x02, 0, 0, 0, 6, 0x80 | (tunnel) } /* behind that tunnel */
#define MAC_LOST { 0x02, 0, 0, 0, 1, 0x99 } /* in web's table, behind a tunnel that is not there */
#define MAC_NOBODY { 0x02, 0, 0, 0, 9, 9 }  /* in no table */
#define MAC_UPLINK { 0x02, 0, 0, 0, 0xaa, 1 }
#define MAC_ROUTER { 0x02, 0, 0, 0, 0xaa, 2 } /* the far end of the uplink's wire */
#define MAC_GROUP4 { 0x01, 0, 0x5e, 0, 0, 0x16 } /* 224.0.0.22 */
#define MAC_GROUP6 { 0x33, 0x33, 0, 0, 0, 0x16 } /* ff02::16 */
#define MAC_ALL_NODES { 0x33, 0x33, 0, 0, 0, 1 }
#define MAC_SOLICITED(last) { 0x33, 0x33, 0xff, 0, 0, (last) }

#define IP4_NONE { 0 }
#define IP4_WEB1 { 10, 9, 0, 11 }
#define IP4_WEB2 { 10, 9, 0, 12 }
#define IP4_WEB3 { 10, 9, 0, 13 }
#define IP4_WEB_B { 10, 9, 0, 21 }
#define IP4_WEB_C { 10, 9, 0, 31 }
#define IP4_WEB_NOBODY { 10, 9, 0, 99 }
#define IP4_DB1 { 10, 9, 0, 11 } /* the same as web1's: networks may overlap */
#define IP4_DB_B { 10, 9, 0, 21 }
#define IP4_DB_D { 10, 9, 0, 41 }
#define IP4_MIX1 { 10, 9, 0, 11 }
#define IP4_MIX { 10, 9, 0, 21 } /* of all of mix's remote ones; in no table */
#define IP4_GROUP { 224, 0, 0, 22 }
#define IP4_BROADCAST { 255, 255, 255, 255 }
#define VTEP4_A { 192, 0, 2, 1 }
#define VTEP4_B { 192, 0, 2, 2 }
#define VTEP4_D { 192, 0, 2, 4 }
#define VTEP4_E { 192, 0, 2, 5 }
#define VTEP4_F { 192, 0, 2, 6 }
#define VTEP4_STRANGER { 192, 0, 2, 99 }
#define IP4_ELSE { 192, 0, 2, 77 } /* an address of the underlay that is no VTEP of ours */

#define IP6_NONE { 0 }
#define IP6_WEB1 { 0xfd, 0, 0, 9, [15] = 0x11 }
#define IP6_WEB2 { 0xfd, 0, 0, 9, [15] = 0x12 }
#define IP6_WEB3 { 0xfd, 0, 0, 9, [15] = 0x13 }
#define IP6_WEB_B { 0xfd, 0, 0, 9, [15] = 0x21 }
#define IP6_WEB_C { 0xfd, 0, 0, 9, [15] = 0x31 }
#define IP6_WEB_NOBODY { 0xfd, 0, 0, 9, [15] = 0x99 }
#define IP6_MIX1 { 0xfd, 0, 0, 9, [15] = 0x11 }
#define IP6_MIX { 0xfd, 0, 0, 9, [15] = 0x21 }
#define IP6_ALL_NODES { 0xff, 2, [15] = 1 }
#define IP6_GROUP { 0xff, 2, [15] = 0x16 }
#define IP6_SOLICITED(last) { 0xff, 2, [11] = 1, [12] = 0xff, [15] = (last) }
#define IP6_MAPPED_B { [10] = 0xff, [11] = 0xff, 192, 0, 2, 2 } /* node b's, IPv4-mapped */
#define VTEP6_A { 0x20, 1, 0x0d, 0xb8, [15] = 1 }
#define VTEP6_C { 0x20, 1, 0x0d, 0xb8, [15] = 3 }
#define VTEP6_E { 0x20, 1, 0x0d, 0xb8, [15] = 5 }
#define VTEP6_F { 0x20, 1, 0x0d, 0xb8, [15] = 6 }
#define VTEP6_STRANGER { 0x20, 1, 0x0d, 0xb8, [15] = 0x99 }
#define IP6_ELSE { 0x20, 1, 0x0d, 0xb8, [15] = 0x77 }
/* clang-format on */

enum network_id {
	NET_WEB = 1,
	NET_DB,
	NET_LONE,
	NET_MIX,
	NET_GONE, /* ports name it, but it is not in the table */
	NET_TAGS, /* from here on see vlan.h */
	NET_V70,
	NET_BARE,
	NET_MAX,
};

enum {
	VNI_WEB = 100,
	VNI_DB = 200,
	VNI_LONE = 300,
	VNI_MIX = 5000,
	VNI_NOBODY = 999,
};

enum tunnel_id {
	TUNNEL_B = 1,
	TUNNEL_C,
	TUNNEL_D,
	TUNNEL_LOST, /* not in use */
	/* In the order of their headers' lengths. */
	TUNNEL_NVGRE4,
	TUNNEL_GBP4,
	TUNNEL_PLAIN4, /* Geneve without our option */
	TUNNEL_GENEVE4,
	TUNNEL_NVGRE6,
	TUNNEL_GBP6,
	TUNNEL_PLAIN6,
	TUNNEL_GENEVE6,
	TUNNEL_MAX,
};

/** enum wire - the interfaces of node a, each a veth with a far end in another namespace. */
enum wire {
	WEB1,
	WEB2,
	WEB3,
	DB1,
	LONE1,
	MIX1,
	GONE1,
	STRAY, /* in no table */
	UPLINK,
	WIRE_MAX,
};

#define PORT_ID(wire) ((wire) == STRAY ? 0u : (wire) + 1u)
#define PORT_VLANS    (WIRE_MAX + 1) /* the first id of the ports of vlan.h */
#define PORT_MAX      (PORT_VLANS + 8)

enum {
	MTU_WIRE = 9000,
	MTU_B = 1450, /* 1500 less Ethernet, IPv4, UDP and VXLAN */
	MTU_C = 1430,
	MTU_D = 8950,
	/* 1500 less all that is in front of the inner IP packet */
	MTU_NVGRE4 = 1458,
	MTU_GBP4 = 1450,
	MTU_GENEVE4 = 1438,
	MTU_NVGRE6 = 1438,
	MTU_GBP6 = 1430,
	MTU_GENEVE6 = 1418,
};

/* Of mix1's groups, and as VXLAN-GBP folds it. */
#define IDENTITY_MIX1       0x9234abcdu
#define IDENTITY_MIX1_SHORT 0x39f9u
/* Of groups at the other end. */
#define IDENTITY_FAR       0x80000777u
#define IDENTITY_FAR_SHORT 0x8777u

#endif
