/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Packets written as a chain of layers, from the Ethernet header on:
 *
 *     PKT(ETH(.src = MAC_WEB1, .dst = MAC_WEB2), IP4(.src = IP4_WEB1, .dst = IP4_WEB2),
 *         UDP(.sport = 1000, .dport = 2000), DATA(32))
 *
 * What a header says about its neighbours (lengths, next protocol, checksums) is worked out unless
 * given; FORCE(x) gives any value, 0 too. ANY leaves a field out of comparisons. Numbers are in
 * host order, addresses are bytes as on the wire. Neighbours: dissect.c names what differs,
 * actors.h has the addresses.
 */
#ifndef WEFT_TEST_PACKET_H
#define WEFT_TEST_PACKET_H

#include <stdio.h>
#include <linux/types.h>

#define PACKET_MAX 9216

#define FORCE(x) ((x) | 0x80000000u)
#define ANY      0x40000000u
#define PARTIAL                                                                                    \
	0x20000000u /* L4 checksum: the pseudo-header's sum, the rest is left to offload           \
		     */

enum layer_kind {
	L_END,
	L_ETH,
	L_VLAN,
	L_ARP,
	L_IP4,
	L_IP6,
	L_EXT,
	L_UDP,
	L_TCP,
	L_ICMP,
	L_ICMP6,
	L_IGMP,
	L_ND,
	L_SCTP,
	L_VXLAN,
	L_GENEVE,
	L_OPT, /* of Geneve */
	L_GRE, /* with a key */
	L_DATA,
	L_BYTES,
	L_PAD,
	L_REF,
	/* Of either IP version; script_packet.c makes them one of the above. */
	L_FRAGMENT,
	L_QUERY,
	L_ERROR,
};

/** enum error_kind - ICMP and ICMPv6 errors. */
enum error_kind {
	PORT_UNREACHABLE,
	PROHIBITED,
	TOO_BIG,
	TIME_EXCEEDED,
	PARAMETER_PROBLEM,
};

/** struct layer - one header or payload; a kind per PKT() word below. */
struct layer {
	enum layer_kind kind;
	union {
		struct {
			__u8 dst[6], src[6];
			__u32 proto;
		} eth;
		struct {
			__u32 tpid; /* of this tag; 0x8100 unless given */
			__u32 tci;
			__u32 proto;
		} vlan;
		struct {
			__u32 htype, op; /* Ethernet, request */
			__u8 sha[6], spa[4], tha[6], tpa[4];
		} arp;
		struct {
			__u8 src[4], dst[4];
			__u32 tos, id, frag, options; /* options: in 4 bytes */
			__u32 version, ihl, len, ttl, proto, csum;
		} ip4;
		struct {
			__u8 src[16], dst[16];
			__u32 tc, flow, version, len, proto, hlim;
		} ip6;
		struct {
			__u32 nh;   /* what this header is: 0, 43, 44, 51, 60 */
			__u32 len;  /* bytes, a multiple of 8 (AH: of 4); 8 unless given */
			__u32 type; /* routing header */
			__u32 frag; /* fragment header: offset, flags */
			__u32 id;   /* of it */
			__u32 proto;
		} ext;
		struct {
			__u32 sport, dport, len, csum;
		} udp;
		struct {
			__u32 sport, dport, seq, ack, flags, options, doff, win, csum;
			__u32 scale; /* a window scale option, 4 bytes with its padding */
		} tcp;
		struct {
			__u32 type, code, rest, csum;
		} icmp; /* both versions, and IGMP; rest: the second word */
		struct {
			__u32 type, code, flags, opt, csum; /* opt: 1, 2, or 0 for no option */
			__u8 target[16], mac[6];
		} nd;
		struct {
			__u32 sport, dport;
		} sctp;
		struct {
			__u32 flip, vni,
				reserved; /* flip: bits to turn in a first word that is right */
		} vxlan;
		struct {
			__u32 opts; /* length of the options behind it, in 4 bytes */
			__u32 version, flags, proto, vni, reserved; /* flags: all of the byte */
		} geneve;
		struct {
			__u32 class, type;
			__u32 words; /* of data, of which the first two are given */
			__u32 a, b;
			__u32 len; /* words, as it says itself */
		} opt;
		struct {
			__u32 flags, proto, vsid, flow;
		} gre;
		struct {
			__u32 len, outer; /* pad: outer = behind the outermost frame */
			__u32 proto;      /* data: what IP calls it */
		} data;
		struct {
			const __u8 *v;
			__u32 len;
			__u32 proto; /* what IP calls it */
		} bytes;
		struct {
			__u32 off, len; /* len 0: all that is left */
		} ref;                  /* bytes of another packet */
		struct {
			__u32 id, off, more, proto; /* off: in units of 8 bytes */
		} fragment;
		struct {
			__u32 reply, id, seq, code;
		} query; /* an echo */
		struct {
			enum error_kind kind;
			__u32 rest;
		} error;
	};
};

/* clang-format off */
#define PKT(...) ((const struct layer[]){ __VA_ARGS__, { .kind = L_END } })
#define ETH(...) { .kind = L_ETH, .eth = { __VA_ARGS__ } }
#define VLAN(...) { .kind = L_VLAN, .vlan = { __VA_ARGS__ } }
#define ARP(...) { .kind = L_ARP, .arp = { __VA_ARGS__ } }
#define IP4(...) { .kind = L_IP4, .ip4 = { __VA_ARGS__ } }
#define IP6(...) { .kind = L_IP6, .ip6 = { __VA_ARGS__ } }
#define EXT(...) { .kind = L_EXT, .ext = { __VA_ARGS__ } }
#define FRAG(...) { .kind = L_EXT, .ext = { .nh = 44, __VA_ARGS__ } }
#define UDP(...) { .kind = L_UDP, .udp = { __VA_ARGS__ } }
#define TCP(...) { .kind = L_TCP, .tcp = { __VA_ARGS__ } }
#define ICMP(...) { .kind = L_ICMP, .icmp = { __VA_ARGS__ } }
#define ICMP6(...) { .kind = L_ICMP6, .icmp = { __VA_ARGS__ } }
#define IGMP(...) { .kind = L_IGMP, .icmp = { __VA_ARGS__ } }
#define ND(...) { .kind = L_ND, .nd = { __VA_ARGS__ } }
#define SCTP(...) { .kind = L_SCTP, .sctp = { __VA_ARGS__ } }
#define VXLAN(...) { .kind = L_VXLAN, .vxlan = { __VA_ARGS__ } }
#define GENEVE(...) { .kind = L_GENEVE, .geneve = { __VA_ARGS__ } }
#define OPT(...) { .kind = L_OPT, .opt = { __VA_ARGS__ } }
#define GRE(...) { .kind = L_GRE, .gre = { __VA_ARGS__ } }
#define DATA(n) { .kind = L_DATA, .data = { .len = (n) } }
#define BYTES(...) { .kind = L_BYTES, .bytes = { .v = (const __u8[]){ __VA_ARGS__ }, \
	.len = sizeof((const __u8[]){ __VA_ARGS__ }) } }
#define RAW(p, n) { .kind = L_DATA, .data = { .proto = (p), .len = (n) } }
#define PAD(n) { .kind = L_PAD, .data = { .len = (n) } }
#define OUTER_PAD(n) { .kind = L_PAD, .data = { .len = (n), .outer = 1 } }
#define REF(...) { .kind = L_REF, .ref = { __VA_ARGS__ } }
#define FRAGMENT(...) { .kind = L_FRAGMENT, .fragment = { __VA_ARGS__ } }
#define PING(...) { .kind = L_QUERY, .query = { __VA_ARGS__ } }
#define ERROR(...) { .kind = L_ERROR, .error = { __VA_ARGS__ } }
/* clang-format on */

/**
 * struct packet - the bytes.
 * @len: of @data.
 * @inner: offset of the second Ethernet header, 0 if there is none.
 * @ignore: the bits that a comparison passes over.
 */
struct packet {
	__u32 len;
	__u32 inner;
	__u8 data[PACKET_MAX];
	__u8 ignore[PACKET_MAX];
};

/**
 * packet_build - make a packet of layers.
 * @p: the result.
 * @layers: up to L_END.
 * @ref: what REF() layers copy from; may be NULL if there are none.
 */
void packet_build(struct packet *p, const struct layer *layers, const struct packet *ref);

/** packet_csum - internet checksum of @len bytes added to @sum; not folded. */
__u32 packet_csum(const void *data, __u32 len, __u32 sum);

/** packet_fold - a sum to the value of a checksum field, network order as it stands in memory. */
__u16 packet_fold(__u32 sum);

/**
 * packet_diff - compare, and name what differs.
 * @want: what should be there, with its ignored bytes.
 * @got: what is there.
 * @out: gets one line for each field that differs.
 *
 * Return: number of differences, 0 if the packets are the same.
 */
int packet_diff(const struct packet *want, const __u8 *got, __u32 got_len, FILE *out);

#endif
