/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Wire formats and constants that the UAPI headers lack. Big-endian types, packed by nature: every
 * struct here is made of naturally aligned members or bytes.
 */
#ifndef WEFT_WIRE_H
#define WEFT_WIRE_H

#include <linux/types.h>

#define WEFT_ETH_ALEN      6
#define WEFT_ETH_HLEN      14
#define WEFT_ETH_MIN_FRAME 60 /* shortest frame on a wire, without FCS; IEEE 802.3 */

#define WEFT_ETH_P_MIN    0x0600 /* what is less is a length */
#define WEFT_ETH_P_IPV4   0x0800
#define WEFT_ETH_P_ARP    0x0806
#define WEFT_ETH_P_8021Q  0x8100
#define WEFT_ETH_P_IPV6   0x86dd
#define WEFT_ETH_P_8021AD 0x88a8
#define WEFT_ETH_P_TEB    0x6558 /* an Ethernet frame, "transparent Ethernet bridging" */
#define WEFT_ETH_P_QINQ1  0x9100 /* tags of before 802.1ad */
#define WEFT_ETH_P_QINQ2  0x9200
#define WEFT_ETH_P_QINQ3  0x9300

#define WEFT_VLAN_HLEN 4      /* a tag: TPID and TCI; IEEE 802.1Q section 9.3 */
#define WEFT_VLAN_VID  0x0fff /* VLAN id; 0 = none, the tag only has a priority */
#define WEFT_VLAN_PRIO 0xf000 /* PCP and DEI */

#define WEFT_IP_DF     0x4000 /* IPv4 frag_off: don't fragment; RFC 791 */
#define WEFT_IP_MF     0x2000 /* more fragments */
#define WEFT_IP_OFFSET 0x1fff /* fragment offset, in 8 bytes */

#define WEFT_ECN_MASK    0x03 /* the two ECN bits of TOS or traffic class; RFC 3168 */
#define WEFT_ECN_NOT_ECT 0
#define WEFT_ECN_ECT1    1
#define WEFT_ECN_ECT0    2
#define WEFT_ECN_CE      3

#define WEFT_VXLAN_PORT   4789       /* UDP destination port; RFC 7348 section 5 */
#define WEFT_VXLAN_FLAG_I 0x08000000 /* first word, host order: the VNI is valid */
#define WEFT_VXLAN_FLAG_G 0x80000000 /* and so is the group policy id, the lower 16 bits */
#define WEFT_VXLAN_GROUP  0x0000ffff
#define WEFT_VNI_MAX      0xffffff

/** struct weft_vlanhdr - 802.1Q or 802.1ad tag, as it follows its TPID. */
struct weft_vlanhdr {
	__be16 tci;
	__be16 proto; /* ethertype of what the tag wraps */
};

/**
 * struct weft_vxlanhdr - VXLAN header.
 * @flags: I flag, and reserved bits: sent zero, ignored on receipt. With the group policy
 *         extension, G flag and group policy id too.
 * @vni: VNI in the upper 24 bits, the lower 8 reserved.
 *
 * Spec: RFC 7348 section 5; draft-smith-vxlan-group-policy-05 section 2.1.
 */
struct weft_vxlanhdr {
	__be32 flags;
	__be32 vni;
};
_Static_assert(sizeof(struct weft_vxlanhdr) == 8, "VXLAN header, RFC 7348");

#define WEFT_GENEVE_PORT      6081 /* UDP destination port; RFC 8926 section 3.3 */
#define WEFT_GENEVE_VERSION   0xc0 /* of the first byte; 0 is the only one */
#define WEFT_GENEVE_OPT_WORDS 0x3f /* of the first byte: length of all options, in 4 bytes */
#define WEFT_GENEVE_CONTROL   0x80 /* of the second byte: O, a message to the tunnel endpoint */
#define WEFT_GENEVE_OPTS_MAX  63   /* none is shorter than 4 bytes */

/**
 * struct weft_genevehdr - Geneve header, without options.
 * @ver_opt: version, 2 bits; length of the options behind it, 6 bits.
 * @flags: O; C, some option is critical; 6 reserved bits.
 * @proto: ethertype of the payload.
 * @vni: VNI in the upper 24 bits, the lower 8 reserved.
 *
 * Reserved bits are sent zero and ignored on receipt. Spec: RFC 8926 section 3.4.
 */
struct weft_genevehdr {
	__u8 ver_opt;
	__u8 flags;
	__be16 proto;
	__be32 vni;
};
_Static_assert(sizeof(struct weft_genevehdr) == 8, "Geneve header, RFC 8926");

#define WEFT_GENEVE_OPT_CRITICAL 0x80 /* of @type: who does not know it drops the packet */
#define WEFT_GENEVE_OPT_LEN      0x1f /* of @len: bytes behind this header, in 4; the rest reserved */

/** struct weft_geneve_opt - the head of a Geneve option. Spec: RFC 8926 section 3.5. */
struct weft_geneve_opt {
	__be16 class;
	__u8 type;
	__u8 len;
};
_Static_assert(sizeof(struct weft_geneve_opt) == 4, "Geneve option, RFC 8926");

#define WEFT_GENEVE_CLASS  0xff77 /* weft's own, of the experimental ones; RFC 8926 section 7 */
#define WEFT_GENEVE_SOURCE 0x01   /* type, not critical: struct weft_geneve_source */

/**
 * struct weft_geneve_source - weft's option: who has sent the frame.
 * @identity: of the sender's groups, see weft_identity_short(); 0 = it is in none.
 * @port: id of the sending port on its node, for people: `weft show ports` there.
 */
struct weft_geneve_source {
	struct weft_geneve_opt opt;
	__be32 identity;
	__be32 port;
};
_Static_assert(sizeof(struct weft_geneve_source) == 12, "a multiple of 4");

#define WEFT_NVGRE_FLAGS 0x2000 /* K, and nothing else; RFC 7637 section 3.2 */
#define WEFT_NVGRE_MASK  0xfc07 /* what counts: C, R, K, S, s, recursion, version. RFC 2784 has */
				/* the other bits ignored. */

/**
 * struct weft_nvgrehdr - GRE header as NVGRE has it.
 * @flags: WEFT_NVGRE_FLAGS.
 * @proto: WEFT_ETH_P_TEB.
 * @key: VSID, which is our VNI, in the upper 24 bits; FlowID, the flow's entropy, in the lower 8.
 *
 * Spec: RFC 7637 section 3.2, RFC 2890.
 */
struct weft_nvgrehdr {
	__be16 flags;
	__be16 proto;
	__be32 key;
};
_Static_assert(sizeof(struct weft_nvgrehdr) == 8, "NVGRE header, RFC 7637");

#define WEFT_VSID_MIN 0x001000 /* those below, and the last, are reserved; RFC 7637 section 3.2 */
#define WEFT_VSID_MAX 0xfffffe

/**
 * struct weft_icmphdr - the first eight bytes of ICMP and ICMPv6.
 * @rest: echo: identifier and sequence number; IPv4 fragmentation needed: 0 and the MTU; packet too
 *        big: the MTU.
 *
 * Spec: RFC 792, RFC 4443. Our own, because <linux/icmp.h> drags in headers of the C library that a
 * BPF target does not have.
 */
struct weft_icmphdr {
	__u8 type;
	__u8 code;
	__be16 csum;
	union {
		__be32 rest;
		__be16 half[2];
	};
};
_Static_assert(sizeof(struct weft_icmphdr) == 8, "ICMP header, RFC 792");

/* ICMP types and codes that the datapath knows; RFC 792, RFC 1812 (13). */
enum weft_icmp {
	WEFT_ICMP_ECHO_REPLY = 0,
	WEFT_ICMP_UNREACH = 3,
	WEFT_ICMP_QUENCH = 4,
	WEFT_ICMP_REDIRECT = 5,
	WEFT_ICMP_ECHO = 8,
	WEFT_ICMP_TIME_EXCEEDED = 11,
	WEFT_ICMP_PARAMETER = 12,
	WEFT_ICMP_TIMESTAMP = 13,
	WEFT_ICMP_TIMESTAMP_REPLY = 14,

	WEFT_ICMP_CODE_FRAG_NEEDED = 4,
	WEFT_ICMP_CODE_ADMIN = 13, /* communication administratively prohibited */
};

/* ICMPv6; RFC 4443. Types below 128 are errors. */
enum weft_icmp6 {
	WEFT_ICMP6_UNREACH = 1,
	WEFT_ICMP6_TOO_BIG = 2,
	WEFT_ICMP6_TIME_EXCEEDED = 3,
	WEFT_ICMP6_PARAMETER = 4,
	WEFT_ICMP6_INFO = 128,
	WEFT_ICMP6_ECHO = 128,
	WEFT_ICMP6_ECHO_REPLY = 129,

	WEFT_ICMP6_CODE_ADMIN = 1, /* of unreachable: administratively prohibited */
};

/** struct weft_arphdr - ARP for IPv4 over Ethernet. Spec: RFC 826. */
struct weft_arphdr {
	__be16 htype;
	__be16 ptype;
	__u8 hlen;
	__u8 plen;
	__be16 op;
	__u8 sha[WEFT_ETH_ALEN];
	__u8 spa[4];
	__u8 tha[WEFT_ETH_ALEN];
	__u8 tpa[4];
};
_Static_assert(sizeof(struct weft_arphdr) == 28, "ARP for IPv4 over Ethernet, RFC 826");

#define WEFT_ARP_HTYPE_ETHER 1
#define WEFT_ARP_REQUEST     1
#define WEFT_ARP_REPLY       2

/**
 * struct weft_ndmsg - neighbour solicitation or advertisement with one link-layer address option.
 * @flags: advertisement: R, S and O in the top three bits; solicitation: reserved.
 * @opt_type: 1 source, 2 target link-layer address.
 * @opt_len: in 8 bytes.
 *
 * Spec: RFC 4861 sections 4.3, 4.4 and 4.6.1.
 */
struct weft_ndmsg {
	__u8 type;
	__u8 code;
	__be16 csum;
	__be32 flags;
	__u8 target[16];
	__u8 opt_type;
	__u8 opt_len;
	__u8 opt_mac[WEFT_ETH_ALEN];
};
_Static_assert(sizeof(struct weft_ndmsg) == 32, "ND message with one option, RFC 4861");

#define WEFT_ND_FIRST          133 /* router solicitation .. */
#define WEFT_ND_LAST           137 /* .. redirect */
#define WEFT_ND_ROUTER         134 /* router advertisement */
#define WEFT_ND_REDIRECT       137
#define WEFT_ND_SOLICIT        135
#define WEFT_ND_ADVERT         136
#define WEFT_ND_SOLICIT_LEN    24 /* without options */
#define WEFT_ND_OPT_SOURCE     1
#define WEFT_ND_OPT_TARGET     2
#define WEFT_ND_FLAG_SOLICITED 0x40000000 /* host order */
#define WEFT_ND_FLAG_OVERRIDE  0x20000000

/* IGMP; RFC 2236, RFC 3376. */
#define WEFT_IP_P_IGMP    2
#define WEFT_IGMP_QUERY   0x11
#define WEFT_IGMP_REPORT  0x12
#define WEFT_IGMP2_REPORT 0x16
#define WEFT_IGMP2_LEAVE  0x17
#define WEFT_IGMP3_REPORT 0x22

/* MLD, which is ICMPv6; RFC 2710, RFC 3810. */
#define WEFT_MLD_QUERY   130
#define WEFT_MLD_REPORT  131
#define WEFT_MLD_DONE    132
#define WEFT_MLD2_REPORT 143

/** enum weft_mcast_record - kinds of group records in reports; RFC 3376 section 4.2.12. */
enum weft_mcast_record {
	WEFT_MCAST_IS_INCLUDE = 1,
	WEFT_MCAST_IS_EXCLUDE,
	WEFT_MCAST_TO_INCLUDE, /* without sources: a leave */
	WEFT_MCAST_TO_EXCLUDE,
	WEFT_MCAST_ALLOW,
	WEFT_MCAST_BLOCK,
};

#endif
