/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The contract between control plane and data plane: what stands in the maps.
 *
 * Compiled by clang for BPF, by gcc for the loader, and by the tests; there is no second copy. Keys
 * have no implicit padding (explicit pad members are zero). Addresses and ports are in network
 * order, everything else in host order. IPv4 addresses are stored IPv4-mapped (::ffff:a.b.c.d), so
 * that one table serves both families.
 *
 * A change of any layout here is a new WEFT_ABI_VERSION, and with it a new pin directory.
 */
#ifndef WEFT_ABI_H
#define WEFT_ABI_H

#include <linux/types.h>

#include <weft/drop.h>
#include <weft/wire.h>

#define WEFT_ABI_VERSION 1

#define WEFT_NAME_LEN   64 /* names of nodes, networks and ports, with the final NUL */
#define WEFT_IFNAME_LEN 16 /* IFNAMSIZ */

/** struct weft_addr - an IP address of either family; IPv4 is IPv4-mapped. Network order. */
struct weft_addr {
	union {
		__u8 bytes[16];
		__be32 words[4];
	};
};

/** enum weft_family - IP version of an underlay; the value is the version number. */
enum weft_family {
	WEFT_FAMILY_NONE = 0,
	WEFT_FAMILY_IPV4 = 4,
	WEFT_FAMILY_IPV6 = 6,
};

/** enum weft_encap - how a network is carried between nodes. */
enum weft_encap {
	WEFT_ENCAP_NONE,
	WEFT_ENCAP_VXLAN,     /* RFC 7348 */
	WEFT_ENCAP_VXLAN_GBP, /* the same, with the sender's groups: draft-smith-vxlan-group-policy
			       */
	WEFT_ENCAP_GENEVE,    /* RFC 8926 */
	WEFT_ENCAP_NVGRE,     /* RFC 7637 */
	__WEFT_ENCAP_MAX,
};

/**
 * weft_identity_short - an identity as VXLAN-GBP carries it, in 16 bits. 0 stays 0, none.
 *
 * An identity is a number for a set of groups that all nodes work out alike from their file (see
 * loader/identity.h); it has WEFT_IDENTITY_LONG set, so that the two forms are never the same.
 */
static inline __u16 weft_identity_short(__u32 identity)
{
	__u16 folded = identity ^ identity >> 16;

	return identity && !folded ? 1 : folded;
}

#define WEFT_IDENTITY_LONG 0x80000000U

/**
 * struct weft_node - `weft_node`, array of one: who this node is.
 * @vtep4: own IPv4 VTEP address; 0 = none.
 * @vtep6: own IPv6 VTEP address; all zero = none.
 * @vxlan_port: UDP destination port of VXLAN, both ways; 0 = such packets are not ours.
 * @geneve_port: the same for Geneve.
 * @nvgre: whether Ethernet in GRE is ours.
 *
 * Written by the loader; read by every packet from the underlay.
 */
struct weft_node {
	__be32 vtep4;
	__u8 vtep6[16];
	__be16 vxlan_port;
	__be16 geneve_port;
	__u8 nvgre;
	__u8 pad[3];
};
_Static_assert(sizeof(struct weft_node) == 28, "ABI");

/** enum weft_port_kind - what an interface with our program on it is. */
enum weft_port_kind {
	WEFT_PORT_NONE,
	WEFT_PORT_ACCESS, /* one network: all of an interface, or one VLAN of a trunk */
	WEFT_PORT_UPLINK, /* carries the underlay */
	WEFT_PORT_GUARD,  /* a helper device of weft's own; a frame that reaches it is dropped */
	WEFT_PORT_TRUNK,  /* an interface whose ports are told apart by tags: `weft_vlans` */
	WEFT_PORT_WIRE,   /* a network that lives on an uplink as a VLAN; in `weft_vlans` only */
};

/** enum weft_delivery - how a frame is handed to a port. */
enum weft_delivery {
	WEFT_DELIVER_NONE,
	WEFT_DELIVER_PEER, /* veth whose peer is in another network namespace: bpf_redirect_peer */
	WEFT_DELIVER_REDIRECT,      /* tap, NIC, or veth within this namespace: bpf_redirect */
	WEFT_DELIVER_TAGGED = 0x80, /* a bit besides: with the tags of `weft_tags` */
};

#define WEFT_PORT_LEARN      0x0001 /* any source that is nobody else's; it is learned */
#define WEFT_PORT_LIMIT_PASS 0x0002 /* a source for which there is no share left may send, too */

/**
 * struct weft_port - `weft_ports`, hash by ifindex (__u32): a port or uplink of this node; and
 * `weft_vlans`, see struct weft_vlan_key.
 * @id: index of its counters and name; 1.., stable across applies.
 * @network: network id; 0 for an uplink, a trunk or a guard.
 * @kind: enum weft_port_kind.
 * @delivery: enum weft_delivery.
 * @mac: the workload's own address; the only source that it may use, unless WEFT_PORT_LEARN.
 * @flags: WEFT_PORT_*.
 * @mac_limit: WEFT_PORT_LEARN: addresses that may be learned behind it.
 * @identity: of its groups, see weft_identity_short(); 0 = it is in none.
 */
struct weft_port {
	__u32 id;
	__u16 network;
	__u8 kind;
	__u8 delivery;
	__u8 mac[WEFT_ETH_ALEN];
	__u16 flags;
	__u32 mac_limit;
	__u32 identity;
};
_Static_assert(sizeof(struct weft_port) == 24, "ABI");

/**
 * struct weft_vlan_key - `weft_vlans`, hash to struct weft_port: the ports of a trunk, and the
 * networks that live on an uplink.
 * @ifindex: of the trunk or uplink.
 * @service: VLAN id of the 802.1ad tag that its frames have outermost; 0 = they have none.
 * @vlan: VLAN id of their 802.1Q tag; 0 = none.
 *
 * Both 0: the native port of a trunk, whose frames have no tag at all.
 */
struct weft_vlan_key {
	__u32 ifindex;
	__u16 service;
	__u16 vlan;
};
_Static_assert(sizeof(struct weft_vlan_key) == 8, "ABI");

/**
 * struct weft_tags - `weft_tags`, array by port id: the tags that a port's frames get on their way
 * out; all zero for most.
 * @service, @vlan: as in struct weft_vlan_key.
 * @wire: the port is a WEFT_PORT_WIRE.
 */
struct weft_tags {
	__u16 service;
	__u16 vlan;
	__u32 wire;
};
_Static_assert(sizeof(struct weft_tags) == 8, "ABI");

#define WEFT_NET_PRESENT       0x0001 /* the array slot is in use */
#define WEFT_NET_FLOOD         0x0002 /* replicate broadcast, multicast and unknown unicast */
#define WEFT_NET_LEARN         0x0004 /* it may have entries in `weft_learned`; see fdb.h */
#define WEFT_NET_LEARN_TUNNELS 0x0008 /* sources behind VTEPs are learned too */
#define WEFT_NET_ROUTED        0x0010 /* it has host ports that route; see WEFT_FDB_ROUTED */
#define WEFT_NET_SNOOP         0x0100 /* multicast goes to members only; see weft/multicast.h */
#define WEFT_NET_LOOPS         0x0200 /* look for loops between ports; see weft/guard.h */
#define WEFT_NET_TAGS          0x1000 /* frames may carry one VLAN tag of the tenant's own */
#define WEFT_NET_WIRE          0x2000 /* it lives on an uplink, and in no tunnel */

/**
 * struct weft_network - `weft_networks`, array by network id (1..): an L2 broadcast domain.
 * @vni: host order, 1 .. 2^24-1; 0: it has none, being a VLAN of an uplink.
 * @flags: WEFT_NET_*.
 * @mtu: largest L3 packet of a workload that fits every tunnel, or the uplink, bytes.
 * @flood_ports: slots 0 .. flood_ports-1 of `weft_flood` may hold local members.
 * @flood_tunnels: the same for remote members.
 * @mac_age_ms: how long a learned address lasts without a frame of it.
 * @mac_limit: addresses that may be learned in it.
 * @vtep_mac_limit: of these, behind one VTEP.
 * @flood_header: bytes of the shortest header among these members' tunnels; see bpf/stages/flood.h.
 */
struct weft_network {
	__u32 vni;
	__u16 flags;
	__u16 mtu;
	__u32 flood_ports;
	__u32 flood_tunnels;
	__u32 mac_age_ms;
	__u32 mac_limit;
	__u32 vtep_mac_limit;
	__u8 flood_header;
	__u8 pad[3];
};
_Static_assert(sizeof(struct weft_network) == 32, "ABI");

/** struct weft_fdb_key - `weft_fdb`: a MAC address in a network. */
struct weft_fdb_key {
	__u8 mac[WEFT_ETH_ALEN];
	__u16 network;
};
_Static_assert(sizeof(struct weft_fdb_key) == 8, "ABI");

/** enum weft_fdb_kind - where a MAC address is. */
enum weft_fdb_kind {
	WEFT_FDB_NONE,
	WEFT_FDB_LOCAL,  /* behind a port of this node */
	WEFT_FDB_REMOTE, /* behind a remote VTEP */
	WEFT_FDB_WIRE,   /* on an uplink's wire, where its network lives as a VLAN */
};

/* Of a host port: its node routes for others. What has this source MAC address may have anybody's
 * IP address, and the answers go back there; see bpf/stages/return_path.h. */
#define WEFT_FDB_ROUTED 0x0001

/**
 * struct weft_fdb_entry - `weft_fdb`, hash: where frames for a MAC address go.
 * @kind: enum weft_fdb_kind.
 * @delivery: local and wire: enum weft_delivery of the port.
 * @isolation: enum weft_isolation of weft/guard.h.
 * @ifindex: local and wire: the port's interface.
 * @port: local and wire: the port's id.
 * @flags: WEFT_FDB_*.
 * @tunnel: remote: index of `weft_tunnels`.
 */
struct weft_fdb_entry {
	__u8 kind;
	__u8 delivery;
	__u16 isolation;
	__u32 ifindex;
	__u16 port;
	__u16 flags;
	__u32 tunnel;
};
_Static_assert(sizeof(struct weft_fdb_entry) == 16, "ABI");

/** struct weft_neigh_key - `weft_neigh`: an endpoint's IP address in a network. */
struct weft_neigh_key {
	struct weft_addr addr;
	__u16 network;
	__u16 pad;
};
_Static_assert(sizeof(struct weft_neigh_key) == 20, "ABI");

/** struct weft_neigh - `weft_neigh`, hash: the MAC address that ARP and ND answers give. */
struct weft_neigh {
	__u8 mac[WEFT_ETH_ALEN];
	__u16 pad;
};
_Static_assert(sizeof(struct weft_neigh) == 8, "ABI");

/** enum weft_flood_kind - which of a network's two replication lists. */
enum weft_flood_kind {
	WEFT_FLOOD_PORT,
	WEFT_FLOOD_TUNNEL,
};

/**
 * struct weft_flood_key - `weft_flood`: one slot of a network's replication list.
 *
 * A list is the slots 0 .. n-1, n being in struct weft_network; a slot may be empty. So a member
 * joins or leaves by one write, and no packet ever sees a list half changed.
 */
struct weft_flood_key {
	__u16 network;
	__u16 kind; /* enum weft_flood_kind */
	__u32 slot;
};
_Static_assert(sizeof(struct weft_flood_key) == 8, "ABI");

/** struct weft_flood_member - `weft_flood`, hash: who gets a copy; members as in weft_fdb_entry. */
struct weft_flood_member {
	__u32 ifindex; /* local and wire: the port's interface */
	__u32 port;    /* local and wire: its id */
	__u32 tunnel;  /* remote: index of `weft_tunnels` */
};
_Static_assert(sizeof(struct weft_flood_member) == 12, "ABI");

#define WEFT_TUNNEL_HDR_MAX 68 /* IPv6 40 + UDP 8 + Geneve 8 + its option 12 */

#define WEFT_TUNNEL_SOURCE 0x01 /* Geneve: @header ends in a struct weft_geneve_source */

/**
 * struct weft_tunnel - `weft_tunnels`, array by tunnel id (1..): a remote VTEP and how to reach it.
 * @header: outer IP header and those of the encapsulation as sent, except what differs per packet
 *          (lengths, IPv4 checksum, ECN, UDP source port, VNI, FlowID, identity, port), which is
 *          zero.
 * @header_len: bytes used of @header; 0 = slot not in use.
 * @family: enum weft_family of the underlay.
 * @encap: enum weft_encap.
 * @flags: WEFT_TUNNEL_*.
 * @csum: IPv4: ones' complement sum of @header's IP header, not folded, not inverted, in network
 *        byte order as the checksum arithmetic of RFC 1071 leaves it.
 * @mtu: largest inner L3 packet that fits the underlay, bytes.
 * @ifindex: uplink to send by.
 * @remote: the remote VTEP's address.
 */
struct weft_tunnel {
	__u8 header[WEFT_TUNNEL_HDR_MAX];
	__u8 header_len;
	__u8 family;
	__u8 encap;
	__u8 flags;
	__u32 csum;
	__u32 mtu;
	__u32 ifindex;
	struct weft_addr remote;
};
_Static_assert(sizeof(struct weft_tunnel) == 100, "ABI");

/** struct weft_peer_key - `weft_peers`: a remote VTEP speaking with a VNI. */
struct weft_peer_key {
	struct weft_addr remote;
	__u32 vni;   /* host order */
	__u32 encap; /* enum weft_encap as packets tell it: VXLAN-GBP is VXLAN */
};
_Static_assert(sizeof(struct weft_peer_key) == 24, "ABI");

#define WEFT_PEER_IDENTITY 0x0001 /* it says which groups a sender is in, and is believed */

/**
 * struct weft_peer - `weft_peers`, hash: the permission to send into a network, and which.
 * What is not in this table is not decapsulated.
 */
struct weft_peer {
	__u32 tunnel; /* the way back */
	__u16 network;
	__u16 flags; /* WEFT_PEER_* */
};
_Static_assert(sizeof(struct weft_peer) == 8, "ABI");

/** struct weft_vni_key - `weft_vnis`, hash to __u32 network id. Only asked to name a drop. */
struct weft_vni_key {
	__u32 vni;
	__u32 encap; /* as in struct weft_peer_key */
};
_Static_assert(sizeof(struct weft_vni_key) == 8, "ABI");

/* `weft_vteps`, hash: struct weft_addr of a remote VTEP -> __u32 id of a tunnel to it. Only asked
 * to name a drop. */

/** struct weft_count - packets and bytes; a GSO packet counts as the segments it stands for. */
struct weft_count {
	__u64 packets;
	__u64 bytes; /* frames from the Ethernet header on, without FCS */
};

/** struct weft_port_stat - `weft_port_stat`, per-CPU array by port id. */
struct weft_port_stat {
	struct weft_count from_port; /* sent by the workload, and accepted */
	struct weft_count to_port;   /* delivered to the workload */
};

/** struct weft_net_stat - `weft_net_stat`, per-CPU array by network id. One cache line. */
struct weft_net_stat {
	struct weft_count from_ports;
	struct weft_count to_ports;
	struct weft_count from_underlay;
	struct weft_count to_underlay;
};

/** struct weft_drop_key - `weft_drops`, per-CPU hash to struct weft_count: who lost packets, and
 * why. */
struct weft_drop_key {
	__u32 port; /* id of the port or uplink that the packet came in by; 0 = none known */
	enum weft_drop reason;
};
_Static_assert(sizeof(struct weft_drop_key) == 8, "ABI");

/* Names: written and read by the loader only, so that a table alone tells what it is about. */

/** struct weft_node_info - `weft_node_info`, array of one. */
struct weft_node_info {
	char name[WEFT_NAME_LEN];
};

#define WEFT_FILE_LEN 256

/** struct weft_file_info - `weft_file_info`, array of one: what was applied last. */
struct weft_file_info {
	char path[WEFT_FILE_LEN]; /* absolute; empty: it was no file, or its path is longer */
};

/** struct weft_port_info - `weft_port_info`, hash by port id (__u32). */
struct weft_port_info {
	char name[WEFT_NAME_LEN]; /* of an uplink or trunk its interface's; of a wire "eth0.7" */
	char interface[WEFT_IFNAME_LEN];
	__u32 ifindex;
	__u16 kind;    /* enum weft_port_kind */
	__u16 promisc; /* weft keeps the interface promiscuous for it */
};
_Static_assert(sizeof(struct weft_port_info) == 88, "ABI");

/** struct weft_network_info - `weft_net_info`, hash by network id (__u32). */
struct weft_network_info {
	char name[WEFT_NAME_LEN];
};

/** struct weft_tunnel_info - `weft_tun_info`, hash by tunnel id (__u32). */
struct weft_tunnel_info {
	char node[WEFT_NAME_LEN]; /* name of the remote node */
};

#define WEFT_META_MAGIC 0x77656674 /* "weft" */

/**
 * struct weft_meta - what xdp_underlay tells tc_underlay, in the packet's XDP metadata.
 * @magic: WEFT_META_MAGIC; other programs may leave metadata of their own.
 * @tunnel: the tunnel it came by.
 * @network: the network it belongs to.
 * @tag: the tenant's own tag, as in struct weft_pkt; xdp_underlay has taken it off.
 * @dmac: the inner frame's destination. The frame itself carries WEFT_PARKED_MAC until tc_underlay
 *        puts this back, so that a frame that misses tc_underlay is nobody's.
 * @identity: of the sender's groups, as the tunnel header has it; 0 = none.
 *
 * Nobody but an XDP program on this host can write metadata, so it is believed.
 */
struct weft_meta {
	__u32 magic;
	__u32 tunnel;
	__u32 tag;
	__u16 network;
	__u8 dmac[WEFT_ETH_ALEN];
	__u32 identity;
};
_Static_assert(sizeof(struct weft_meta) == 24, "a multiple of 4, at most 32");

/** WEFT_PARKED_MAC - a locally administered unicast address that no host owns. */
#define WEFT_PARKED_MAC                                                                            \
	{                                                                                          \
		0x02, 'w', 'e', 'f', 't', 0x00                                                     \
	}

/**
 * WEFT_MARK_SEND - skb mark of an encapsulated frame on its way through the uplink's own ingress.
 * tc_from_port sends what needs the stack's neighbour resolution outside a redirect verdict (a
 * replica, a non-IP payload) through there; tc_underlay clears the mark and sends it out. Marks do
 * not cross network namespaces, so a workload cannot forge one.
 */
#define WEFT_MARK_SEND 0x77656674

/**
 * WEFT_MARK_ANSWER - skb mark of an answer that tc_underlay made in a port's name (the refusal of
 * a packet that came by a tunnel). It enters by that port, and tc_from_port takes the mark off and
 * forwards it without asking the firewall.
 */
#define WEFT_MARK_ANSWER 0x77656675

/**
 * struct weft_prog_config - `weft_cfg`, the .rodata of every object: constant from load to unload.
 * @build: identity of the object file and its settings. The loader reads it back from a loaded
 *         program to see whether that program is the one it would load.
 */
struct weft_prog_config {
	__u64 build;
};

/* ICMP errors that one port may provoke: sustained rate and burst. */
#define WEFT_ICMP_INTERVAL_NS 1000000ULL /* 1,000 a second */
#define WEFT_ICMP_BURST       100

#endif
