/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * A described packet as bytes: the frame that a workload would send, and the one that a remote VTEP
 * makes of it. Knows nothing of tables or names; cmd_explain_find.c finds the addresses.
 */
#ifndef WEFT_LOADER_EXPLAIN_PACKET_H
#define WEFT_LOADER_EXPLAIN_PACKET_H

#include <stdbool.h>
#include <linux/types.h>

#include <weft/abi.h>

#define EXPLAIN_FRAME_MAX 9216 /* bytes; what test runs of Linux 6.18 take */

/** enum explain_kind - what a frame carries. */
enum explain_kind {
	EXPLAIN_IP,
	EXPLAIN_QUESTION, /* ARP request, or neighbour solicitation, for @to */
};

/**
 * struct explain_packet - a packet in an overlay network.
 * @from, @to: IP addresses of one family.
 * @proto: IP protocol.
 * @sport, @dport: host order; of ICMP queries @sport is the identifier.
 * @tcp_flags: as in the header: FIN 1, SYN 2, ..
 * @seq, @ack: host order.
 * @icmp_type, @icmp_code: of ICMP and ICMPv6.
 * @size: bytes of the IP packet; 0 = its headers alone.
 * @ttl: TTL or hop limit.
 */
struct explain_packet {
	enum explain_kind kind;
	__u8 smac[WEFT_ETH_ALEN];
	__u8 dmac[WEFT_ETH_ALEN];
	struct weft_addr from;
	struct weft_addr to;
	__u8 proto;
	__u16 sport;
	__u16 dport;
	__u8 tcp_flags;
	__u32 seq;
	__u32 ack;
	__u8 icmp_type;
	__u8 icmp_code;
	__u32 size;
	__u8 ttl;
};

/**
 * struct explain_outer - how a frame is encapsulated.
 * @encap: enum weft_encap.
 * @from, @to: VTEPs, of one family.
 * @port: UDP destination port, where there is UDP. Network order.
 * @vni: host order.
 */
struct explain_outer {
	int encap;
	struct weft_addr from;
	struct weft_addr to;
	__be16 port;
	__u32 vni;
};

/** struct explain_frame - a frame from its Ethernet header on. */
struct explain_frame {
	__u32 len;
	__u8 bytes[EXPLAIN_FRAME_MAX];
};

/** explain_is_v4 - is the address IPv4 (IPv4-mapped)? */
bool explain_is_v4(const struct weft_addr *addr);

/** explain_headers_len - bytes of a packet's IP and L4 headers: the smallest @size there is. */
__u32 explain_headers_len(const struct explain_packet *packet);

/**
 * explain_build - the frame of a packet, all checksums right, its payload zero.
 *
 * Return: 0; -EMSGSIZE if @size is less than the headers or more than fits.
 */
int explain_build(const struct explain_packet *packet, struct explain_frame *frame);

/**
 * explain_tag - put VLAN tags into a frame, the 802.1ad one outermost.
 * @service, @vlan: VLAN ids; 0 = no such tag.
 *
 * Return: 0; -EMSGSIZE if there is no room.
 */
int explain_tag(__u16 service, __u16 vlan, struct explain_frame *frame);

/** explain_put_tag - put a tag (TPID << 16 | TCI) behind the MAC addresses; there is room. */
void explain_put_tag(__u8 *frame, __u32 len, __u32 tag);

/**
 * explain_wrap - put outer headers in front of a frame, as a remote VTEP would.
 *
 * Return: 0; -EMSGSIZE if there is no room; -EAFNOSUPPORT for an encapsulation not known here.
 */
int explain_wrap(const struct explain_outer *outer, struct explain_frame *frame);

#endif
