/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* A described packet as bytes; see explain_packet.h. */
#include "explain_packet.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/udp.h>
#include <netinet/in.h>
#include <string.h>

#define TCP_LEN  20
#define UDP_LEN  8
#define ICMP_LEN 8
#define SCTP_LEN 12

#define OUTER_SPORT 49152 /* RFC 7348 section 5: the dynamic range */

/* Whose they are does not matter, as long as they are unicast. */
static const __u8 outer_macs[2 * WEFT_ETH_ALEN] = {0x02, 0, 0, 0, 0, 2, 0x02, 0, 0, 0, 0, 1};

bool explain_is_v4(const struct weft_addr *addr)
{
	return !addr->words[0] && !addr->words[1] && addr->words[2] == htonl(0xffff);
}

static void put16(__u8 *at, __u16 value)
{
	at[0] = value >> 8;
	at[1] = value;
}

static void put32(__u8 *at, __u32 value)
{
	put16(at, value >> 16);
	put16(at + 2, value);
}

/* Spec: RFC 1071. @sum: of what came before, an even number of bytes. */
static __u32 sum16(const __u8 *bytes, size_t len, __u32 sum)
{
	for (size_t i = 0; i < len; i += 2)
		sum += bytes[i] << 8 | (i + 1 < len ? bytes[i + 1] : 0);
	return sum;
}

static __u16 fold(__u32 sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return ~sum;
}

/* The addresses, the length and the protocol of L4: RFC 793, RFC 8200 section 8.1. */
static __u32 sum_pseudo(const struct explain_packet *p, __u8 proto, __u32 len)
{
	size_t skip = explain_is_v4(&p->from) ? 12 : 0;
	__u32 sum = sum16(p->from.bytes + skip, 16 - skip, 0);

	return sum16(p->to.bytes + skip, 16 - skip, sum) + proto + len;
}

static __u32 l4_len(__u8 proto)
{
	switch (proto) {
	case IPPROTO_TCP:
		return TCP_LEN;
	case IPPROTO_UDP:
		return UDP_LEN;
	case IPPROTO_SCTP:
		return SCTP_LEN;
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		return ICMP_LEN;
	default:
		return 0;
	}
}

__u32 explain_headers_len(const struct explain_packet *p)
{
	return (explain_is_v4(&p->to) ? sizeof(struct iphdr) : sizeof(struct ipv6hdr)) +
	       l4_len(p->proto);
}

static void write_tcp(const struct explain_packet *p, __u8 *l4, __u32 len)
{
	put16(l4, p->sport);
	put16(l4 + 2, p->dport);
	put32(l4 + 4, p->seq);
	put32(l4 + 8, p->ack);
	l4[12] = TCP_LEN / 4 << 4;
	l4[13] = p->tcp_flags;
	put16(l4 + 14, 0xffff);
	put16(l4 + 16, fold(sum16(l4, len, sum_pseudo(p, IPPROTO_TCP, len))));
}

static void write_udp(const struct explain_packet *p, __u8 *l4, __u32 len)
{
	__u16 sum;

	put16(l4, p->sport);
	put16(l4 + 2, p->dport);
	put16(l4 + 4, len);
	sum = fold(sum16(l4, len, sum_pseudo(p, IPPROTO_UDP, len)));
	put16(l4 + 6, sum ?: 0xffff);
}

static void write_icmp(const struct explain_packet *p, __u8 *l4, __u32 len)
{
	bool v6 = p->proto == IPPROTO_ICMPV6;

	l4[0] = p->icmp_type;
	l4[1] = p->icmp_code;
	put16(l4 + 4, p->sport);
	put16(l4 + 6, 1);
	put16(l4 + 2, fold(sum16(l4, len, v6 ? sum_pseudo(p, IPPROTO_ICMPV6, len) : 0)));
}

/* Spec: RFC 9260 appendix A: reflected CRC-32C, least significant byte first. */
static void write_sctp(const struct explain_packet *p, __u8 *l4, __u32 len)
{
	__u32 crc = 0xffffffff;

	put16(l4, p->sport);
	put16(l4 + 2, p->dport);
	for (__u32 i = 0; i < len; i++) {
		crc ^= l4[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78 : 0);
	}
	crc = ~crc;
	for (int i = 0; i < 4; i++)
		l4[8 + i] = crc >> 8 * i;
}

static void write_l4(const struct explain_packet *p, __u8 *l4, __u32 len)
{
	switch (p->proto) {
	case IPPROTO_TCP:
		write_tcp(p, l4, len);
		break;
	case IPPROTO_UDP:
		write_udp(p, l4, len);
		break;
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		write_icmp(p, l4, len);
		break;
	case IPPROTO_SCTP:
		write_sctp(p, l4, len);
		break;
	}
}

/* Return: bytes of the header. */
static __u32 write_ip(const struct weft_addr *from, const struct weft_addr *to, __u8 proto,
		      __u8 ttl, __u32 size, __u8 *at)
{
	if (explain_is_v4(to)) {
		at[0] = 0x45;
		put16(at + 2, size);
		put16(at + 6, WEFT_IP_DF);
		at[8] = ttl;
		at[9] = proto;
		memcpy(at + 12, &from->words[3], 4);
		memcpy(at + 16, &to->words[3], 4);
		put16(at + 10, fold(sum16(at, sizeof(struct iphdr), 0)));
		return sizeof(struct iphdr);
	}
	at[0] = 0x60;
	put16(at + 4, size - sizeof(struct ipv6hdr));
	at[6] = proto;
	at[7] = ttl;
	memcpy(at + 8, from, sizeof(*from));
	memcpy(at + 24, to, sizeof(*to));
	return sizeof(struct ipv6hdr);
}

static void write_eth(const __u8 *dmac, const __u8 *smac, __u16 proto, __u8 *at)
{
	memcpy(at, dmac, WEFT_ETH_ALEN);
	memcpy(at + WEFT_ETH_ALEN, smac, WEFT_ETH_ALEN);
	put16(at + 2 * WEFT_ETH_ALEN, proto);
}

static int build_ip(const struct explain_packet *p, struct explain_frame *frame)
{
	bool v4 = explain_is_v4(&p->to);
	__u32 least = explain_headers_len(p), size = p->size ?: least, len;
	__u8 *ip = frame->bytes + WEFT_ETH_HLEN;

	if (size < least || size > EXPLAIN_FRAME_MAX - WEFT_ETH_HLEN)
		return -EMSGSIZE;
	write_eth(p->dmac, p->smac, v4 ? WEFT_ETH_P_IPV4 : WEFT_ETH_P_IPV6, frame->bytes);
	len = write_ip(&p->from, &p->to, p->proto, p->ttl, size, ip);
	write_l4(p, ip + len, size - len);
	frame->len = WEFT_ETH_HLEN + size;
	return 0;
}

/* Spec: RFC 826. */
static void build_arp(const struct explain_packet *p, struct explain_frame *frame)
{
	struct weft_arphdr *arp = (void *)(frame->bytes + WEFT_ETH_HLEN);

	write_eth(p->dmac, p->smac, WEFT_ETH_P_ARP, frame->bytes);
	arp->htype = htons(WEFT_ARP_HTYPE_ETHER);
	arp->ptype = htons(WEFT_ETH_P_IPV4);
	arp->hlen = WEFT_ETH_ALEN;
	arp->plen = 4;
	arp->op = htons(WEFT_ARP_REQUEST);
	memcpy(arp->sha, p->smac, WEFT_ETH_ALEN);
	memcpy(arp->spa, &p->from.words[3], 4);
	memcpy(arp->tpa, &p->to.words[3], 4);
	frame->len = WEFT_ETH_HLEN + sizeof(*arp);
}

/* Spec: RFC 4861 section 4.3: to the solicited-node address, with our own as an option. */
static void build_solicit(const struct explain_packet *p, struct explain_frame *frame)
{
	struct explain_packet ip = *p;
	struct weft_ndmsg *nd;
	__u8 *at = frame->bytes + WEFT_ETH_HLEN, *l4 = at + sizeof(struct ipv6hdr);

	ip.to = (struct weft_addr){.bytes = {0xff, 0x02, [11] = 1, 0xff}};
	memcpy(&ip.to.bytes[13], &p->to.bytes[13], 3);
	write_eth(p->dmac, p->smac, WEFT_ETH_P_IPV6, frame->bytes);
	write_ip(&ip.from, &ip.to, IPPROTO_ICMPV6, 255, sizeof(struct ipv6hdr) + sizeof(*nd), at);
	nd = (void *)l4;
	nd->type = WEFT_ND_SOLICIT;
	memcpy(nd->target, &p->to, sizeof(nd->target));
	nd->opt_type = 1;
	nd->opt_len = 1;
	memcpy(nd->opt_mac, p->smac, WEFT_ETH_ALEN);
	put16(l4 + 2, fold(sum16(l4, sizeof(*nd), sum_pseudo(&ip, IPPROTO_ICMPV6, sizeof(*nd)))));
	frame->len = WEFT_ETH_HLEN + sizeof(struct ipv6hdr) + sizeof(*nd);
}

int explain_build(const struct explain_packet *p, struct explain_frame *frame)
{
	*frame = (struct explain_frame){};
	if (p->kind == EXPLAIN_IP)
		return build_ip(p, frame);
	if (explain_is_v4(&p->to))
		build_arp(p, frame);
	else
		build_solicit(p, frame);
	return 0;
}

void explain_put_tag(__u8 *frame, __u32 len, __u32 tag)
{
	__u8 *at = frame + 2 * WEFT_ETH_ALEN;

	memmove(at + WEFT_VLAN_HLEN, at, len - 2 * WEFT_ETH_ALEN);
	put32(at, tag);
}

int explain_tag(__u16 service, __u16 vlan, struct explain_frame *frame)
{
	const __u32 tags[] = {
		vlan ? (__u32)WEFT_ETH_P_8021Q << 16 | vlan : 0,
		service ? (__u32)WEFT_ETH_P_8021AD << 16 | service : 0,
	};

	if (frame->len > EXPLAIN_FRAME_MAX - sizeof(tags))
		return -EMSGSIZE;
	for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++) {
		if (!tags[i])
			continue;
		explain_put_tag(frame->bytes, frame->len, tags[i]);
		frame->len += WEFT_VLAN_HLEN;
	}
	return 0;
}

/* -- outer headers -------------------------------------------------------------------------- */

/* A tunnel's own header. Return: its bytes, 0 if the encapsulation is not known. */
static __u32 write_tunnel(const struct explain_outer *o, __u8 *at)
{
	switch (o->encap) {
	case WEFT_ENCAP_VXLAN: /* RFC 7348 section 5 */
	case WEFT_ENCAP_VXLAN_GBP:
		put32(at, WEFT_VXLAN_FLAG_I);
		put32(at + 4, o->vni << 8);
		return sizeof(struct weft_vxlanhdr);
	case WEFT_ENCAP_GENEVE: /* RFC 8926 section 3.4 */
		put16(at + 2, WEFT_ETH_P_TEB);
		put32(at + 4, o->vni << 8);
		return sizeof(struct weft_genevehdr);
	case WEFT_ENCAP_NVGRE: /* RFC 7637 section 3.2 */
		put16(at, WEFT_NVGRE_FLAGS);
		put16(at + 2, WEFT_ETH_P_TEB);
		put32(at + 4, o->vni << 8);
		return sizeof(struct weft_nvgrehdr);
	default:
		return 0;
	}
}

/* Return: bytes; NVGRE has none. */
static __u32 write_udp_to(const struct explain_outer *o, __u8 *at, __u32 len)
{
	if (o->encap == WEFT_ENCAP_NVGRE)
		return 0;
	put16(at, OUTER_SPORT);
	memcpy(at + 2, &o->port, sizeof(o->port));
	put16(at + 4, len); /* no checksum: RFC 7348, RFC 6935 */
	return sizeof(struct udphdr);
}

int explain_wrap(const struct explain_outer *o, struct explain_frame *frame)
{
	bool v4 = explain_is_v4(&o->to), gre = o->encap == WEFT_ENCAP_NVGRE;
	__u32 ip_len = v4 ? sizeof(struct iphdr) : sizeof(struct ipv6hdr), head, size;
	__u8 tunnel[64] = {}, *at = frame->bytes;
	__u32 tunnel_len = write_tunnel(o, tunnel);

	if (!tunnel_len)
		return -EAFNOSUPPORT;
	head = WEFT_ETH_HLEN + ip_len + (gre ? 0 : sizeof(struct udphdr)) + tunnel_len;
	if (frame->len > EXPLAIN_FRAME_MAX - head)
		return -EMSGSIZE;
	memmove(at + head, at, frame->len);
	memset(at, 0, head);
	frame->len += head;
	size = frame->len - WEFT_ETH_HLEN;
	write_eth(outer_macs, outer_macs + WEFT_ETH_ALEN, v4 ? WEFT_ETH_P_IPV4 : WEFT_ETH_P_IPV6,
		  at);
	at += WEFT_ETH_HLEN;
	at += write_ip(&o->from, &o->to, gre ? IPPROTO_GRE : IPPROTO_UDP, 64, size, at);
	at += write_udp_to(o, at, size - ip_len);
	memcpy(at, tunnel, tunnel_len);
	return 0;
}
