/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Builds packets of layers; see packet.h. Sizes first, then the headers, then the headers again
 * from the inside out, so that a checksum finds all that it covers. */
#include <assert.h>
#include <stdbool.h>
#include <string.h>
#include <arpa/inet.h>

#include "packet.h"

#define LAYERS_MAX 24

/**
 * struct building - a packet that is being made.
 * @off: where each layer starts.
 * @depth: how many Ethernet headers there are up to each layer.
 */
struct building {
	struct packet *p;
	const struct layer *l;
	const struct packet *ref;
	__u32 off[LAYERS_MAX];
	__u32 depth[LAYERS_MAX];
	int n;
};

/* A field's value: given by force, or given, or else @automatic. */
static __u32 value(__u32 given, __u32 automatic)
{
	if (given & 0x80000000u)
		return given & 0x7fffffffu;
	if (given & ANY)
		return 0;
	return given ? given : automatic;
}

static void put8(struct building *b, __u32 off, __u8 v)
{
	b->p->data[off] = v;
}

static void put16(struct building *b, __u32 off, __u16 v)
{
	b->p->data[off] = v >> 8;
	b->p->data[off + 1] = v;
}

static void put32(struct building *b, __u32 off, __u32 v)
{
	put16(b, off, v >> 16);
	put16(b, off + 2, v);
}

static void putn(struct building *b, __u32 off, const __u8 *from, __u32 len)
{
	memcpy(b->p->data + off, from, len);
}

static void ignore(struct building *b, __u32 given, __u32 off, __u32 len)
{
	if (!(given & 0x80000000u) && (given & ANY))
		memset(b->p->ignore + off, 0xff, len);
}

__u32 packet_csum(const void *data, __u32 len, __u32 sum)
{
	const __u8 *byte = data;

	for (; len > 1; len -= 2, byte += 2) {
		sum += byte[0] << 8 | byte[1];
		sum = (sum & 0xffff) + (sum >> 16);
	}
	if (len)
		sum += byte[0] << 8;
	return (sum & 0xffff) + (sum >> 16);
}

__u16 packet_fold(__u32 sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return htons(~sum);
}

static __u32 layer_size(const struct building *b, const struct layer *l)
{
	switch (l->kind) {
	case L_ETH:
		return 14;
	case L_VLAN:
		return 4;
	case L_ARP:
		return 28;
	case L_IP4:
		return 20 + 4 * l->ip4.options;
	case L_IP6:
		return 40;
	case L_EXT:
		return l->ext.len ? l->ext.len : 8;
	case L_UDP:
	case L_ICMP:
	case L_ICMP6:
	case L_VXLAN:
		return 8;
	case L_TCP:
		return 20 + 4 * l->tcp.options;
	case L_ND:
		return 24 + (l->nd.opt ? 8 : 0);
	case L_DATA:
	case L_PAD:
		return l->data.len;
	case L_REF:
		return l->ref.len ? l->ref.len : b->ref->len - l->ref.off;
	case L_END:
		break;
	}
	return 0;
}

static __u32 ethertype_of(const struct layer *next)
{
	switch (next->kind) {
	case L_VLAN:
		return value(next->vlan.tpid, 0x8100);
	case L_ARP:
		return 0x0806;
	case L_IP4:
		return 0x0800;
	case L_IP6:
		return 0x86dd;
	default:
		return 0x88b5; /* IEEE 802: for local experiments */
	}
}

static __u32 protocol_of(const struct layer *next)
{
	switch (next->kind) {
	case L_EXT:
		return next->ext.nh;
	case L_UDP:
		return 17;
	case L_TCP:
		return 6;
	case L_ICMP:
		return 1;
	case L_ICMP6:
	case L_ND:
		return 58;
	default:
		return 253; /* RFC 3692: for experiments */
	}
}

/* Where the IP packet of layer @i ends: before the padding of its own frame. */
static __u32 l3_end(const struct building *b, int i)
{
	__u32 end = b->p->len;

	for (int j = i; j < b->n; j++) {
		if (b->l[j].kind == L_PAD && (b->l[j].data.outer || b->depth[i] == b->depth[j]))
			end -= b->l[j].data.len;
	}
	return end;
}

/* The IP header that layer @i is in. */
static int ip_of(const struct building *b, int i)
{
	while (i > 0 && b->l[i].kind != L_IP4 && b->l[i].kind != L_IP6)
		i--;
	return i;
}

/* Sum of the pseudo-header of L4 layer @i. */
static __u32 pseudo_sum(const struct building *b, int i)
{
	int ip = ip_of(b, i);
	const __u8 *data = b->p->data + b->off[ip];
	__u32 sum;

	if (b->l[ip].kind == L_IP4)
		sum = packet_csum(data + 12, 8, 0);
	else
		sum = packet_csum(data + 8, 32, 0);
	return sum + l3_end(b, ip) - b->off[i] + protocol_of(&b->l[i]);
}

/* What stands in the checksum field of L4 layer @i, given the pseudo-header's sum, or 0. */
static __u16 l4_csum(const struct building *b, int i, __u32 sum)
{
	__u32 start = b->off[i], end = b->p->len;
	enum layer_kind kind = b->l[ip_of(b, i)].kind;

	if (kind == L_IP4 || kind == L_IP6)
		end = l3_end(b, ip_of(b, i));
	return ntohs(packet_fold(packet_csum(b->p->data + start, end - start, sum)));
}

static void put_csum(struct building *b, int i, __u32 off, __u32 given, __u32 sum)
{
	put16(b, off, 0);
	if (given == PARTIAL)
		put16(b, off, ~ntohs(packet_fold(sum)));
	else
		put16(b, off, value(given, l4_csum(b, i, sum)));
}

static void write_arp(struct building *b, const struct layer *l, __u32 off)
{
	put16(b, off, value(l->arp.htype, 1));
	put16(b, off + 2, 0x0800);
	put8(b, off + 4, 6);
	put8(b, off + 5, 4);
	put16(b, off + 6, value(l->arp.op, 1));
	putn(b, off + 8, l->arp.sha, 6);
	putn(b, off + 14, l->arp.spa, 4);
	putn(b, off + 18, l->arp.tha, 6);
	putn(b, off + 24, l->arp.tpa, 4);
}

static void write_ip4(struct building *b, int i, const struct layer *l, __u32 off)
{
	__u32 hlen = 20 + 4 * l->ip4.options;

	put8(b, off, value(l->ip4.version, 4) << 4 | value(l->ip4.ihl, hlen / 4));
	put8(b, off + 1, l->ip4.tos);
	put16(b, off + 2, value(l->ip4.len, l3_end(b, i) - off));
	put16(b, off + 4, value(l->ip4.id, 0));
	put16(b, off + 6, l->ip4.frag);
	put8(b, off + 8, value(l->ip4.ttl, 64));
	put8(b, off + 9, value(l->ip4.proto, protocol_of(l + 1)));
	putn(b, off + 12, l->ip4.src, 4);
	putn(b, off + 16, l->ip4.dst, 4);
	memset(b->p->data + off + 20, 0, 4 * l->ip4.options); /* end of options */
	put16(b, off + 10, 0);
	put16(b, off + 10,
	      value(l->ip4.csum, ntohs(packet_fold(packet_csum(b->p->data + off, hlen, 0)))));
}

static void write_ip6(struct building *b, int i, const struct layer *l, __u32 off)
{
	put32(b, off, value(l->ip6.version, 6) << 28 | l->ip6.tc << 20 | value(l->ip6.flow, 0));
	put16(b, off + 4, value(l->ip6.len, l3_end(b, i) - off - 40));
	put8(b, off + 6, value(l->ip6.proto, protocol_of(l + 1)));
	put8(b, off + 7, value(l->ip6.hlim, 64));
	putn(b, off + 8, l->ip6.src, 16);
	putn(b, off + 24, l->ip6.dst, 16);
	ignore(b, l->ip6.flow, off + 2, 2);
	if (l->ip6.flow & ANY)
		b->p->ignore[off + 1] = 0x0f; /* its upper half is the traffic class */
}

static void write_ext(struct building *b, const struct layer *l, __u32 off)
{
	__u32 len = layer_size(b, l);

	put8(b, off, value(l->ext.proto, protocol_of(l + 1)));
	put8(b, off + 1, l->ext.nh == 51 ? len / 4 - 2 : len / 8 - 1);
	if (l->ext.nh == 44) {
		put8(b, off + 1, 0);
		put16(b, off + 2, l->ext.frag);
		put32(b, off + 4, 0x1234);
	} else if (l->ext.nh == 43) {
		put8(b, off + 2, l->ext.type);
	} else if (l->ext.nh == 0 || l->ext.nh == 60) {
		put8(b, off + 2, 1); /* PadN over all of it */
		put8(b, off + 3, len - 4);
	}
}

static void write_udp(struct building *b, int i, const struct layer *l, __u32 off)
{
	put16(b, off, value(l->udp.sport, 0));
	put16(b, off + 2, l->udp.dport);
	put16(b, off + 4, value(l->udp.len, l3_end(b, ip_of(b, i)) - off));
	ignore(b, l->udp.sport, off, 2);
	put_csum(b, i, off + 6, l->udp.csum, pseudo_sum(b, i));
}

static void write_tcp(struct building *b, int i, const struct layer *l, __u32 off)
{
	put16(b, off, l->tcp.sport);
	put16(b, off + 2, l->tcp.dport);
	put32(b, off + 4, value(l->tcp.seq, 1));
	put32(b, off + 8, value(l->tcp.flags, 0x10) & 0x10 ? 1 : 0);
	put8(b, off + 12, value(l->tcp.doff, 5 + l->tcp.options) << 4);
	put8(b, off + 13, value(l->tcp.flags, 0x10));
	put16(b, off + 14, 1024);
	memset(b->p->data + off + 20, 0, 4 * l->tcp.options);
	put_csum(b, i, off + 16, l->tcp.csum, pseudo_sum(b, i));
}

static void write_icmp(struct building *b, int i, const struct layer *l, __u32 off)
{
	put8(b, off, l->icmp.type);
	put8(b, off + 1, l->icmp.code);
	put32(b, off + 4, l->icmp.rest);
	put_csum(b, i, off + 2, l->icmp.csum, l->kind == L_ICMP6 ? pseudo_sum(b, i) : 0);
}

static void write_nd(struct building *b, int i, const struct layer *l, __u32 off)
{
	put8(b, off, value(l->nd.type, 135));
	put8(b, off + 1, l->nd.code);
	put32(b, off + 4, l->nd.flags);
	putn(b, off + 8, l->nd.target, 16);
	if (l->nd.opt) {
		put8(b, off + 24, l->nd.opt);
		put8(b, off + 25, 1);
		putn(b, off + 26, l->nd.mac, 6);
	}
	put_csum(b, i, off + 2, l->nd.csum, pseudo_sum(b, i));
}

static void write_layer(struct building *b, int i)
{
	const struct layer *l = &b->l[i];
	__u32 off = b->off[i];

	switch (l->kind) {
	case L_ETH:
		putn(b, off, l->eth.dst, 6);
		putn(b, off + 6, l->eth.src, 6);
		put16(b, off + 12, value(l->eth.proto, ethertype_of(l + 1)));
		break;
	case L_VLAN:
		put16(b, off, l->vlan.tci);
		put16(b, off + 2, value(l->vlan.proto, ethertype_of(l + 1)));
		break;
	case L_ARP:
		write_arp(b, l, off);
		break;
	case L_IP4:
		write_ip4(b, i, l, off);
		break;
	case L_IP6:
		write_ip6(b, i, l, off);
		break;
	case L_EXT:
		write_ext(b, l, off);
		break;
	case L_UDP:
		write_udp(b, i, l, off);
		break;
	case L_TCP:
		write_tcp(b, i, l, off);
		break;
	case L_ICMP:
	case L_ICMP6:
		write_icmp(b, i, l, off);
		break;
	case L_ND:
		write_nd(b, i, l, off);
		break;
	case L_VXLAN:
		put32(b, off, 0x08000000 ^ l->vxlan.flip);
		put32(b, off + 4, l->vxlan.vni << 8 | l->vxlan.reserved);
		break;
	case L_DATA:
		for (__u32 j = 0; j < l->data.len; j++)
			put8(b, off + j, 'a' + j % 26);
		break;
	case L_REF:
		putn(b, off, b->ref->data + l->ref.off, layer_size(b, l));
		break;
	case L_PAD:
	case L_END:
		break;
	}
}

void packet_build(struct packet *p, const struct layer *layers, const struct packet *ref)
{
	struct building b = {.p = p, .l = layers, .ref = ref};
	__u32 depth = 0;

	memset(p, 0, sizeof(*p));
	for (; layers[b.n].kind != L_END; b.n++) {
		assert(b.n < LAYERS_MAX);
		if (layers[b.n].kind == L_ETH && ++depth == 2)
			p->inner = p->len;
		b.off[b.n] = p->len;
		b.depth[b.n] = depth;
		p->len += layer_size(&b, &layers[b.n]);
		assert(p->len <= PACKET_MAX);
	}
	for (int i = 0; i < b.n; i++)
		write_layer(&b, i);
	for (int i = b.n - 1; i >= 0; i--)
		write_layer(&b, i);
}
