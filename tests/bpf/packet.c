/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Builds packets of layers; see packet.h. Sizes first, then the headers, then the headers again
 * from the inside out, so that a checksum finds all that it covers. */
#include <assert.h>
#include <string.h>
#include <arpa/inet.h>

#include "packet_build.h"

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

__u32 layer_size(const struct building *b, const struct layer *l)
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
	case L_IGMP:
	case L_VXLAN:
	case L_GENEVE:
	case L_GRE:
		return 8;
	case L_OPT:
		return 4 + 4 * l->opt.words;
	case L_TCP:
		return 20 + 4 * l->tcp.options + (l->tcp.scale ? 4 : 0);
	case L_SCTP:
		return 12;
	case L_ND:
		return 24 + (l->nd.opt ? 8 : 0);
	case L_BYTES:
		return l->bytes.len;
	case L_DATA:
	case L_PAD:
		return l->data.len;
	case L_REF:
		return l->ref.len ? l->ref.len : b->ref->len - l->ref.off;
	case L_END:
	case L_FRAGMENT:
	case L_QUERY:
	case L_ERROR:
		break;
	}
	return 0;
}

__u32 ethertype_of(const struct layer *next)
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

__u32 protocol_of(const struct layer *next)
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
	case L_IGMP:
		return 2;
	case L_SCTP:
		return 132;
	case L_GRE:
		return 47;
	case L_DATA:
		return value(next->data.proto, 253);
	default:
		return 253; /* RFC 3692: for experiments */
	}
}

__u32 l3_end(const struct building *b, int i)
{
	__u32 end = b->p->len;

	for (int j = i; j < b->n; j++) {
		if (b->l[j].kind == L_PAD && (b->l[j].data.outer || b->depth[i] == b->depth[j]))
			end -= b->l[j].data.len;
	}
	return end;
}

int ip_of(const struct building *b, int i)
{
	while (i > 0 && b->l[i].kind != L_IP4 && b->l[i].kind != L_IP6)
		i--;
	return i;
}

__u32 pseudo_sum(const struct building *b, int i)
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

__u16 l4_csum(const struct building *b, int i, __u32 sum)
{
	__u32 start = b->off[i], end = b->p->len;
	enum layer_kind kind = b->l[ip_of(b, i)].kind;

	if (kind == L_IP4 || kind == L_IP6)
		end = l3_end(b, ip_of(b, i));
	return ntohs(packet_fold(packet_csum(b->p->data + start, end - start, sum)));
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
