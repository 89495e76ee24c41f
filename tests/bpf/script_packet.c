/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The packets of a script, with the addresses of those who play in it. */
#include <assert.h>
#include <string.h>

#include "script.h"

#define LAYERS_MAX 16

/** struct addressing - whose addresses a frame has. */
struct addressing {
	const struct host *smac, *dmac, *saddr, *daddr;
};

static struct layer ip_layer(const struct stage *stage, const struct addressing *a)
{
	struct layer ip = {.kind = stage->family == 4 ? L_IP4 : L_IP6};

	if (stage->family == 4) {
		memcpy(ip.ip4.src, a->saddr->ip4, 4);
		memcpy(ip.ip4.dst, a->daddr->ip4, 4);
	} else {
		memcpy(ip.ip6.src, a->saddr->ip6, 16);
		memcpy(ip.ip6.dst, a->daddr->ip6, 16);
	}
	return ip;
}

static struct layer query_layer(int family, const struct layer *l)
{
	const __u32 types[2][2] = {{WEFT_ICMP_ECHO, WEFT_ICMP_ECHO_REPLY},
				   {WEFT_ICMP6_ECHO, WEFT_ICMP6_ECHO_REPLY}};

	return (struct layer){.kind = family == 4 ? L_ICMP : L_ICMP6,
			      .icmp = {.type = types[family == 6][!!l->query.reply],
				       .code = l->query.code,
				       .rest = l->query.id << 16 | l->query.seq}};
}

static struct layer error_layer(int family, const struct layer *l)
{
	static const struct {
		__u8 type, code;
	} kinds[2][PARAMETER_PROBLEM + 1] = {
		{[PORT_UNREACHABLE] = {3, 3},
		 [PROHIBITED] = {3, 13},
		 [TOO_BIG] = {3, 4},
		 [TIME_EXCEEDED] = {11, 0},
		 [PARAMETER_PROBLEM] = {12, 0}},
		{[PORT_UNREACHABLE] = {1, 4},
		 [PROHIBITED] = {1, 1},
		 [TOO_BIG] = {2, 0},
		 [TIME_EXCEEDED] = {3, 0},
		 [PARAMETER_PROBLEM] = {4, 0}},
	};

	return (struct layer){.kind = family == 4 ? L_ICMP : L_ICMP6,
			      .icmp = {.type = kinds[family == 6][l->error.kind].type,
				       .code = kinds[family == 6][l->error.kind].code,
				       .rest = l->error.rest}};
}

/* In IPv4 it is part of the IP header, @ip. Return: how many layers it takes, 0 or 1. */
static int fragment_layer(const struct layer *l, struct layer *ip, struct layer *ext)
{
	if (ip->kind == L_IP4) {
		ip->ip4.id = l->fragment.id;
		ip->ip4.frag = l->fragment.off | (l->fragment.more ? WEFT_IP_MF : 0);
		ip->ip4.proto = l->fragment.proto;
		return 0;
	}
	*ext = (struct layer){.kind = L_EXT,
			      .ext = {.nh = 44,
				      .id = l->fragment.id,
				      .frag = l->fragment.off << 3 | !!l->fragment.more,
				      .proto = l->fragment.proto == 1 ? 58 : l->fragment.proto}};
	return 1;
}

static void build(const struct stage *stage, const struct addressing *a, const struct layer *in,
		  const struct packet *ref, struct packet *p)
{
	struct layer out[LAYERS_MAX] = {{.kind = L_ETH}, ip_layer(stage, a)};
	int n = 2;

	memcpy(out[0].eth.dst, a->dmac->mac, 6);
	memcpy(out[0].eth.src, a->smac->mac, 6);
	for (; in->kind != L_END; in++) {
		assert(n < LAYERS_MAX - 1);
		if (in->kind == L_FRAGMENT)
			n += fragment_layer(in, &out[1], &out[n]);
		else if (in->kind == L_QUERY)
			out[n++] = query_layer(stage->family, in);
		else if (in->kind == L_ERROR)
			out[n++] = error_layer(stage->family, in);
		else
			out[n++] = *in;
	}
	packet_build(p, out, ref);
}

enum role script_dst(const struct step *step)
{
	return step->dst ? step->dst : step->by == A ? B : A;
}

static struct addressing addressing_of(const struct stage *stage, const struct step *step)
{
	enum role dst = script_dst(step);

	return (struct addressing){
		.smac = host_of(stage, step->by),
		.dmac = host_of(stage, step->mac_of ? step->mac_of : dst),
		.saddr = host_of(stage, step->claims ? step->claims : step->by),
		.daddr = host_of(stage, dst),
	};
}

/* A packet of @by, from the L4 header on. */
static void build_plain(const struct stage *stage, enum role by, const struct layer *in,
			struct packet *p)
{
	const struct step step = {.by = by};
	const struct addressing a = addressing_of(stage, &step);

	build(stage, &a, in, NULL, p);
}

void script_frame(const struct stage *stage, const struct step *step, struct packet *frame)
{
	static struct packet quote;
	const struct addressing a = addressing_of(stage, step);

	if (step->quote)
		build_plain(stage, step->quote_by, step->quote, &quote);
	if (step->frame)
		packet_build(frame, step->frame, NULL);
	else
		build(stage, &a, step->in, &quote, frame);
	frame->len -= step->cut;
}

void script_of(const struct stage *stage, const struct step *step, struct packet *frame)
{
	if (step->of)
		build_plain(stage, step->of_by ? step->of_by : step->by, step->of, frame);
	else
		script_frame(stage, step, frame);
}

/* Resets say that they may not be fragmented, errors do not. */
static void forbid_fragments(struct packet *p)
{
	__u16 csum;

	if (p->data[14] >> 4 != 4 || p->data[23] != 6)
		return;
	p->data[20] |= 0x40;
	memset(p->data + 24, 0, 2);
	csum = packet_fold(packet_csum(p->data + 14, 20, 0));
	memcpy(p->data + 24, &csum, 2);
}

void script_answer(const struct stage *stage, const struct step *step, const struct packet *in,
		   struct packet *answer)
{
	const struct addressing a = addressing_of(stage, step);
	const struct addressing back = {
		.smac = a.dmac, .dmac = a.smac, .saddr = a.daddr, .daddr = a.saddr};

	build(stage, &back, step->answer, in, answer);
	forbid_fragments(answer);
}

void script_wrap(const struct host *host, const struct packet *frame, struct packet *wire)
{
	const __u32 vni = VNI_WEB;

	if (host->tunnel == TUNNEL_C)
		packet_build(wire,
			     PKT(ETH(.dst = MAC_UPLINK, .src = MAC_ROUTER),
				 IP6(.src = VTEP6_C, .dst = VTEP6_A),
				 UDP(.sport = 50000, .dport = WEFT_VXLAN_PORT, .csum = FORCE(0)),
				 VXLAN(.vni = vni), REF()),
			     frame);
	else
		packet_build(wire,
			     PKT(ETH(.dst = MAC_UPLINK, .src = MAC_ROUTER),
				 IP4(.src = VTEP4_B, .dst = VTEP4_A),
				 UDP(.sport = 50000, .dport = WEFT_VXLAN_PORT, .csum = FORCE(0)),
				 VXLAN(.vni = vni), REF()),
			     frame);
}
