/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Writes the headers of packet.c's layers into their places. */
#include <string.h>
#include <arpa/inet.h>

#include "packet_build.h"

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
		put32(b, off + 4, value(l->ext.id, 0x1234));
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
	put32(b, off + 8, value(l->tcp.ack, value(l->tcp.flags, 0x10) & 0x10 ? 1 : 0));
	put8(b, off + 12, value(l->tcp.doff, layer_size(b, l) / 4) << 4);
	put8(b, off + 13, value(l->tcp.flags, 0x10));
	put16(b, off + 14, value(l->tcp.win, 1024));
	memset(b->p->data + off + 20, 0, 4 * l->tcp.options);
	if (l->tcp.scale) /* NOP, and the option */
		put32(b, off + 20 + 4 * l->tcp.options, 0x01030300 | value(l->tcp.scale, 0));
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

static void write_geneve(struct building *b, int i, const struct layer *l, __u32 off)
{
	__u32 opts = 0;

	for (int j = i + 1; b->l[j].kind == L_OPT; j++)
		opts += layer_size(b, &b->l[j]);
	put8(b, off, value(l->geneve.version, 0) << 6 | value(l->geneve.opts, opts / 4));
	put8(b, off + 1, l->geneve.flags);
	put16(b, off + 2, value(l->geneve.proto, 0x6558));
	put32(b, off + 4, l->geneve.vni << 8 | l->geneve.reserved);
}

static void write_opt(struct building *b, const struct layer *l, __u32 off)
{
	put16(b, off, l->opt.class);
	put8(b, off + 2, l->opt.type);
	put8(b, off + 3, value(l->opt.len, l->opt.words));
	for (__u32 i = 0; i < l->opt.words; i++)
		put32(b, off + 4 + 4 * i, i == 0 ? l->opt.a : i == 1 ? l->opt.b : 0);
}

static void write_gre(struct building *b, const struct layer *l, __u32 off)
{
	put16(b, off, value(l->gre.flags, 0x2000));
	put16(b, off + 2, value(l->gre.proto, 0x6558));
	put32(b, off + 4, l->gre.vsid << 8 | value(l->gre.flow, 0));
	ignore(b, l->gre.flow, off + 7, 1);
}

void write_layer(struct building *b, int i)
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
	case L_IGMP:
		write_icmp(b, i, l, off);
		break;
	case L_ND:
		write_nd(b, i, l, off);
		break;
	case L_SCTP:
		put16(b, off, l->sctp.sport);
		put16(b, off + 2, l->sctp.dport);
		break;
	case L_VXLAN:
		put32(b, off, 0x08000000 ^ l->vxlan.flip);
		put32(b, off + 4, l->vxlan.vni << 8 | l->vxlan.reserved);
		break;
	case L_GENEVE:
		write_geneve(b, i, l, off);
		break;
	case L_OPT:
		write_opt(b, l, off);
		break;
	case L_GRE:
		write_gre(b, l, off);
		break;
	case L_DATA:
		for (__u32 j = 0; j < l->data.len; j++)
			put8(b, off + j, 'a' + j % 26);
		break;
	case L_BYTES:
		putn(b, off, l->bytes.v, l->bytes.len);
		break;
	case L_REF:
		putn(b, off, b->ref->data + l->ref.off, layer_size(b, l));
		break;
	case L_PAD:
	case L_END:
	case L_FRAGMENT:
	case L_QUERY:
	case L_ERROR:
		break;
	}
}
