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

#define WEFT_ETH_P_IPV4   0x0800
#define WEFT_ETH_P_ARP    0x0806
#define WEFT_ETH_P_8021Q  0x8100
#define WEFT_ETH_P_IPV6   0x86dd
#define WEFT_ETH_P_8021AD 0x88a8

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
#define WEFT_VNI_MAX      0xffffff

/** struct weft_vlanhdr - 802.1Q or 802.1ad tag, as it follows its TPID. */
struct weft_vlanhdr {
	__be16 tci;
	__be16 proto; /* ethertype of what the tag wraps */
};

/**
 * struct weft_vxlanhdr - VXLAN header.
 * @flags: I flag, and reserved bits: sent zero, ignored on receipt.
 * @vni: VNI in the upper 24 bits, the lower 8 reserved.
 *
 * Spec: RFC 7348 section 5.
 */
struct weft_vxlanhdr {
	__be32 flags;
	__be32 vni;
};
_Static_assert(sizeof(struct weft_vxlanhdr) == 8, "VXLAN header, RFC 7348");

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

#define WEFT_ND_SOLICIT        135
#define WEFT_ND_ADVERT         136
#define WEFT_ND_SOLICIT_LEN    24 /* without options */
#define WEFT_ND_OPT_TARGET     2
#define WEFT_ND_FLAG_SOLICITED 0x40000000 /* host order */
#define WEFT_ND_FLAG_OVERRIDE  0x20000000

#endif
