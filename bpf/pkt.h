/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * One packet on its way through the pipeline: the parsed view, what it was classified as, and the
 * decision. Values only: no packet pointers, so nothing here dies when the packet is resized, and
 * no context, so that it may lie in a map's memory (see weft_pkt_new) and leave the stack to the
 * stages.
 *
 * A stage returns 0 to go on, -WEFT_DROP_* to drop, or a final action (enum weft_action). One exit
 * per hook (lib/exit.h) turns that into the hook's code, and counts.
 */
#ifndef WEFT_BPF_PKT_H
#define WEFT_BPF_PKT_H

#include <linux/types.h>
#include <bpf/bpf_endian.h>

#include <weft/abi.h>
#include <weft/flow.h>

#ifndef __always_inline
#define __always_inline inline __attribute__((always_inline))
#endif

/* Headers must lie within this many bytes of the frame's start; bounds offsets for the verifier. */
#define WEFT_HDR_WINDOW 2048

/** enum weft_action - final actions of a stage; positive, so that 0 can mean "go on". */
enum weft_action {
	WEFT_ACT_PASS = 1, /* not ours: leave it to the host, untouched */
	WEFT_ACT_DELIVER,  /* to a local port; the kernel has the redirect */
	WEFT_ACT_SEND,     /* into a tunnel; likewise */
	WEFT_ACT_FLOOD,    /* copies were made and counted one by one */
	WEFT_ACT_REPLY,    /* turned into an answer to its sender */
	WEFT_ACT_REFUSE,   /* lost, and counted as that; turned into an error to its sender */
	WEFT_ACT_DENIED,   /* lost, and counted as that */
	WEFT_ACT_SHARED,   /* as WEFT_ACT_FLOOD, and the host may have the frame itself */
	WEFT_ACT_TAKEN,    /* meant for a switch; nobody else wants it */
};

/** enum weft_copies - who gets a copy of a flooded frame. */
enum weft_copies {
	WEFT_COPIES_ALL,
	WEFT_COPIES_GROUP,   /* members of the multicast group, and routers */
	WEFT_COPIES_ROUTERS, /* multicast routers, and all other nodes */
};

enum weft_hdrs_flags {
	WEFT_H_ARP = 1 << 0,        /* ARP for IPv4 over Ethernet; saddr, daddr are spa, tpa */
	WEFT_H_FRAG = 1 << 1,       /* a fragment, first or later */
	WEFT_H_FRAG_LATER = 1 << 2, /* not the first: no L4 header here */
	WEFT_H_FRAG_MORE = 1 << 3,  /* not the last */
};

/**
 * struct weft_hdrs - one chain of headers, from Ethernet to L4, as parse.h found it.
 * @saddr, @daddr: IP addresses (or ARP's protocol addresses), IPv4-mapped.
 * @dmac, @smac, @macs: both MAC addresses, in the Ethernet header's order.
 * @eth_proto: ethertype behind the VLAN tags, network order.
 * @vlan_tci: tags, outermost first, network order.
 * @sport, @dport: TCP, UDP, SCTP; ICMP: @sport is what an echo has as identifier. Network order; 0
 *                 if none.
 * @l3_off, @l4_off: bytes from the frame's start; @l4_off 0 = no L4 header found.
 * @l4_hlen: bytes of TCP or UDP header.
 * @l4_len: bytes from the L4 header to the end of the IP packet.
 * @tcp_seq, @tcp_ack, @tcp_win: TCP. Network order.
 * @tcp_flags: TCP: FIN 1, SYN 2, RST 4, PSH 8, ACK 0x10, URG 0x20, ECE 0x40, CWR 0x80.
 * @frag_id: of a fragment: the identification, as in the packet.
 * @frag_off: its place in the datagram, in units of 8 bytes.
 * @frag_len: bytes that it carries of the datagram.
 * @arp_op: WEFT_H_ARP: operation, network order.
 * @version: 4, 6, or 0 for anything that is not IP.
 * @l4_proto: IP protocol behind the IPv6 extension headers.
 * @tos: TOS or traffic class.
 * @ttl: TTL or hop limit.
 */
struct weft_hdrs {
	struct weft_addr saddr;
	struct weft_addr daddr;
	union {
		struct {
			__u8 dmac[WEFT_ETH_ALEN];
			__u8 smac[WEFT_ETH_ALEN];
		};
		__u8 macs[2 * WEFT_ETH_ALEN];
	};
	__be16 eth_proto;
	__be16 vlan_tci[2];
	__be16 sport;
	__be16 dport;
	__be16 arp_op;
	__u16 l3_off;
	__u16 l4_off;
	__u16 l4_hlen;
	__u32 l4_len;
	__be32 tcp_seq;
	__be32 tcp_ack;
	__u32 frag_id;
	__be16 tcp_win;
	__u16 frag_off;
	__u16 frag_len;
	__u8 vlans;
	__u8 version;
	__u8 l4_proto;
	__u8 tos;
	__u8 ttl;
	__u8 flags;
	__u8 icmp_type;
	__u8 icmp_code;
	__u8 tcp_flags;
};

/**
 * struct weft_pkt - the packet's state between stages.
 * @len: bytes of the frame as the pipeline judges it (inner frame after decap).
 * @gso_size: payload bytes per segment; 0 = not GSO.
 * @segs: wire packets that this one stands for, at least 1.
 * @ifindex: interface it came in by.
 * @port: id of that port or uplink, 0 = not looked up yet.
 * @vni: of its network, host order.
 * @tunnel: from the underlay: the tunnel it came by; from a port: the one it goes into, if one.
 * @out_port: the port it was delivered to.
 * @outer_len: from the underlay: bytes in front of the inner Ethernet header.
 * @rule: the rule that decided about it, 0 = none.
 * @here: where it came from, as flows have it.
 * @generation: what is in force; read once, so that one packet is judged by one set.
 * @identity: of the sender's groups: from a port its own, from the underlay as told; 0 = none.
 * @network: network id, 0 = not known.
 * @net_flags: WEFT_NET_* of the network.
 * @port_flags: from a port: its WEFT_PORT_*.
 * @from_underlay: else from a port.
 * @delivery: from a port: how that port is delivered to (for answers).
 * @tagged: the outermost VLAN tag was taken off into the skb (hardware offload).
 * @shared: from the wire, untagged: the host has a part in that segment too.
 * @prio: PCP and DEI of the tag that was taken off, in a TCI's place; goes into the one put on.
 * @tag: the tenant's own VLAN tag, TPID << 16 | TCI, host order; 0 = none. It is taken off, and put
 *       on again on the way out. @h describes what is behind it, but for @h.version, which is 0:
 *       such a frame goes by its MAC addresses.
 * @proto_stale: skb->protocol still names the outer protocol (TC decap).
 * @guarded: a policy was asked: what is invalid is to be dropped.
 * @frag_drop: a fragment whose ports are not known, and why: a reason to drop it where ports
 * matter.
 * @role, @to_role: enum weft_isolation of sender and receiver; @role is known where a frame is
 * flooded.
 * @copies: enum weft_copies.
 * @kept_apart: a copy was not made for @role's sake.
 * @routed: a routed host port sends it, and its source address is somebody else's.
 * @to_routed: it goes to a routed host port.
 */
struct weft_pkt {
	__u32 len;
	__u32 gso_size;
	__u32 segs;
	__u32 ifindex;
	__u32 port;
	__u32 vni;
	__u32 tunnel;
	__u32 out_port;
	__u32 outer_len;
	__u32 rule;
	__u32 tag;
	__u32 identity;
	struct weft_hop here;
	struct weft_generation generation;
	__u16 network;
	__u16 net_flags;
	__u16 port_flags;
	__u8 from_underlay;
	__u8 delivery;
	__u16 prio;
	__u8 tagged;
	__u8 shared;
	__u8 proto_stale;
	__u8 guarded;
	__u8 frag_drop;
	__u16 role;
	__u16 to_role;
	__u8 copies;
	__u8 kept_apart;
	__u8 routed;
	__u8 to_routed;
	struct weft_hdrs h;
};

/** weft_mac_is_group - broadcast or multicast. */
static __always_inline int weft_mac_is_group(const __u8 mac[static WEFT_ETH_ALEN])
{
	return mac[0] & 1;
}

/** weft_mac_is_zero - all zero, which nobody may send from. */
static __always_inline int weft_mac_is_zero(const __u8 mac[static WEFT_ETH_ALEN])
{
	return !(mac[0] | mac[1] | mac[2] | mac[3] | mac[4] | mac[5]);
}

/**
 * weft_mac_equal - by halves of four bytes: clang would compare bytes.
 * @a, @b: MAC addresses, two-byte aligned or in a packet.
 */
static __always_inline int weft_mac_equal(const void *a, const void *b)
{
	const __u16 *x = a, *y = b;

	return !((x[0] ^ y[0]) | (x[1] ^ y[1]) | (x[2] ^ y[2]));
}

static __always_inline int weft_mac_is_broadcast(const __u8 mac[static WEFT_ETH_ALEN])
{
	return (mac[0] & mac[1] & mac[2] & mac[3] & mac[4] & mac[5]) == 0xff;
}

/** weft_word - eight bytes that others may change, read at once. */
static __always_inline __u64 weft_word(const void *eight)
{
	return *(const volatile __u64 *)eight;
}

/** weft_is_tag - is this ethertype a VLAN tag's? */
static __always_inline int weft_is_tag(__be16 proto)
{
	return proto == bpf_htons(WEFT_ETH_P_8021Q) || proto == bpf_htons(WEFT_ETH_P_8021AD);
}

/** weft_is_old_tag - is it a tag's from before IEEE 802.1ad? Nobody here looks behind those. */
static __always_inline int weft_is_old_tag(__be16 proto)
{
	return proto == bpf_htons(WEFT_ETH_P_QINQ1) || proto == bpf_htons(WEFT_ETH_P_QINQ2) ||
	       proto == bpf_htons(WEFT_ETH_P_QINQ3);
}

static __always_inline int weft_addr_is_zero(const struct weft_addr *a)
{
	return !(a->words[0] | a->words[1] | a->words[2] | a->words[3]);
}

static __always_inline int weft_addr_equal(const struct weft_addr *a, const struct weft_addr *b)
{
	return !((a->words[0] ^ b->words[0]) | (a->words[1] ^ b->words[1]) |
		 (a->words[2] ^ b->words[2]) | (a->words[3] ^ b->words[3]));
}

#endif
