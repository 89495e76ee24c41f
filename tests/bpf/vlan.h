/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Trunks, tagged tenants and networks on the uplink's wire, on top of actors.h. They are in the
 * tables only while their tests run.
 *
 *     STRAY is a trunk     native       T_DB      network db
 *                          10           T10       network web
 *                          40           T40       network bare
 *                          ad 30        S30       network tags, which carries tenants' tags
 *                          ad 31, 32    SC        network lone: a gateway with any hosts behind it
 *     LONE1 is in tags, and so is a host behind TUNNEL_B; GONE1 is in v70
 *     UPLINK has           70           W70       network v70, with the host BEYOND
 *                          untagged     W0        network bare, and the node itself
 */
#ifndef WEFT_TEST_VLAN_H
#define WEFT_TEST_VLAN_H

#include "rows.h"
#include "wires.h"

enum {
	P_TRUNK = PORT_VLANS,
	P_T_DB,
	P_T10,
	P_T40,
	P_S30,
	P_SC,
	P_W70,
	P_W0,
};
_Static_assert(P_W0 + 1 == PORT_MAX, "ids of ports");

enum { VNI_TAGS = 500 };

/* clang-format off */
#define MAC_T_DB { 0x02, 0, 0, 0, 2, 0x51 }
#define MAC_T10 { 0x02, 0, 0, 0, 1, 0x51 }
#define MAC_T40 { 0x02, 0, 0, 0, 7, 0x51 }
#define MAC_S30 { 0x02, 0, 0, 0, 5, 0x51 }
#define MAC_TAGS_B { 0x02, 0, 0, 0, 5, 0x21 } /* behind TUNNEL_B */
#define MAC_TAGS_C { 0x02, 0, 0, 0, 5, 0x31 } /* behind TUNNEL_C */
#define MAC_BEYOND { 0x02, 0, 0, 0, 6, 0x61 } /* on the wire, in the file */
#define MAC_PLAIN { 0x02, 0, 0, 0, 8, 0x71 }  /* a host that nobody has listed */
#define IP4_T10 { 10, 9, 0, 51 }
/* clang-format on */

#define VLAN_OUTS 6

/**
 * struct vlan_out - a frame that comes out.
 * @wire: where; UPLINK for tunnels too. @port: id, 0 = it went into a tunnel.
 * @frame: with its tags; NULL: there is no such frame.
 */
struct vlan_out {
	enum wire wire;
	__u32 port;
	const struct layer *frame;
};

/**
 * struct vlan_row - a frame, tags and all.
 * @setup: changes tables for this row.
 * @from: where it comes in: a port's wire, or UPLINK.
 * @port, @network: what it is taken for; @port 0 = it comes by a tunnel.
 * @len: bytes of it that are counted if it passes, 0 = all but its tags.
 * @drop: it is lost, and counted at @port. @late: with all tags off. @at: counted there instead.
 * @pass: it goes on to the host, unchanged; @shared: and is counted, and copied, all the same.
 * @copied: others get their copies, although @drop says that one did not.
 * @out: what comes out, in the order of the copies.
 * @answer: bytes of an answer in a port's name that goes into a tunnel.
 * @vnet: offloads that are pending. @segs: that it stands for.
 */
struct vlan_row {
	const char *name;
	void (*setup)(void);
	enum wire from;
	__u32 port;
	enum network_id network;
	const struct layer *in;
	__u32 len;
	enum weft_drop drop;
	bool late;
	__u32 at;
	bool pass;
	bool shared;
	bool copied;
	struct vlan_out out[VLAN_OUTS];
	struct vnet vnet;
	__u32 segs;
	__u32 answer;
};

extern const struct vlan_row vlan_rows[];
extern const size_t vlan_rows_n;

/** vlan_live_rows - for real interfaces; vlan_gso_rows - too, with several segments in one. */
extern const struct vlan_row vlan_live_rows[], vlan_gso_rows[];
extern const size_t vlan_live_rows_n, vlan_gso_rows_n;

/** vlan_tables_fill, vlan_tables_clear - the above into the tables, and out of them again. */
void vlan_tables_fill(void);
void vlan_tables_clear(void);

#endif
