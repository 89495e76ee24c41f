/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* See tunnels.h. */
#include <string.h>
#include <arpa/inet.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/udp.h>

#include "tunnels.h"
#include "wires.h"

/** struct actor - a tunnel. @to4, @to6: the remote VTEP; one of them. */
struct actor {
	enum weft_encap encap;
	__u8 flags;
	__u32 mtu;
	__u8 to4[4];
	__u8 to6[16];
};

static const struct actor actors[TUNNEL_MAX] = {
	[TUNNEL_B] = {WEFT_ENCAP_VXLAN, 0, MTU_B, .to4 = VTEP4_B},
	[TUNNEL_C] = {WEFT_ENCAP_VXLAN, 0, MTU_C, .to6 = VTEP6_C},
	[TUNNEL_D] = {WEFT_ENCAP_VXLAN, 0, MTU_D, .to4 = VTEP4_D},
	[TUNNEL_NVGRE4] = {WEFT_ENCAP_NVGRE, 0, MTU_NVGRE4, .to4 = VTEP4_E},
	[TUNNEL_NVGRE6] = {WEFT_ENCAP_NVGRE, 0, MTU_NVGRE6, .to6 = VTEP6_E},
	[TUNNEL_GBP4] = {WEFT_ENCAP_VXLAN_GBP, 0, MTU_GBP4, .to4 = VTEP4_E},
	[TUNNEL_GBP6] = {WEFT_ENCAP_VXLAN_GBP, 0, MTU_GBP6, .to6 = VTEP6_E},
	[TUNNEL_GENEVE4] = {WEFT_ENCAP_GENEVE, WEFT_TUNNEL_SOURCE, MTU_GENEVE4, .to4 = VTEP4_E},
	[TUNNEL_GENEVE6] = {WEFT_ENCAP_GENEVE, WEFT_TUNNEL_SOURCE, MTU_GENEVE6, .to6 = VTEP6_E},
	[TUNNEL_PLAIN4] = {WEFT_ENCAP_GENEVE, 0, MTU_GBP4, .to4 = VTEP4_F},
	[TUNNEL_PLAIN6] = {WEFT_ENCAP_GENEVE, 0, MTU_GBP6, .to6 = VTEP6_F},
};

static bool is_v4(const struct actor *a)
{
	return a->to4[0];
}

static void add(struct weft_tunnel *t, const void *bytes, size_t len)
{
	memcpy(t->header + t->header_len, bytes, len);
	t->header_len += len;
}

static void add_ip4(struct weft_tunnel *t, const struct actor *a, __u8 protocol)
{
	const __u8 from[] = VTEP4_A;
	struct iphdr ip = {
		.version = 4,
		.ihl = 5,
		.ttl = 64,
		.protocol = protocol,
		.frag_off = htons(WEFT_IP_DF),
	};
	__u16 word;

	memcpy(&ip.saddr, from, 4);
	memcpy(&ip.daddr, a->to4, 4);
	add(t, &ip, sizeof(ip));
	for (int i = 0; i < 10; i++) {
		memcpy(&word, t->header + 2 * i, 2);
		t->csum += word;
	}
}

static void add_ip6(struct weft_tunnel *t, const struct actor *a, __u8 protocol)
{
	const __u8 from[] = VTEP6_A;
	struct ipv6hdr ip = {.version = 6, .hop_limit = 64, .nexthdr = protocol};

	memcpy(&ip.saddr, from, 16);
	memcpy(&ip.daddr, a->to6, 16);
	add(t, &ip, sizeof(ip));
}

static void add_udp(struct weft_tunnel *t, __u16 port)
{
	struct udphdr udp = {.dest = htons(port)};

	add(t, &udp, sizeof(udp));
}

/* The bytes are written out here, so that a mistake in wire.h shows. */
static void add_own(struct weft_tunnel *t)
{
	switch (t->encap) {
	case WEFT_ENCAP_VXLAN:
	case WEFT_ENCAP_VXLAN_GBP:
		add_udp(t, 4789);
		add(t, "\x08\0\0\0\0\0\0", 8);
		break;
	case WEFT_ENCAP_GENEVE:
		add_udp(t, 6081);
		add(t, t->flags ? "\x03\0\x65\x58\0\0\0" : "\0\0\x65\x58\0\0\0", 8);
		if (t->flags)
			add(t, "\xff\x77\x01\x02\0\0\0\0\0\0\0", 12);
		break;
	case WEFT_ENCAP_NVGRE:
		add(t, "\x20\0\x65\x58\0\0\0", 8);
		break;
	}
}

static struct weft_addr remote_of(const struct actor *a)
{
	struct weft_addr addr = {};

	if (is_v4(a)) {
		memset(&addr.bytes[10], 0xff, 2);
		memcpy(&addr.bytes[12], a->to4, 4);
	} else {
		memcpy(addr.bytes, a->to6, 16);
	}
	return addr;
}

static void fill_tunnel(enum tunnel_id id, struct weft_tunnel *t)
{
	const struct actor *a = &actors[id];
	__u8 protocol = a->encap == WEFT_ENCAP_NVGRE ? 47 : 17;

	*t = (struct weft_tunnel){
		.family = is_v4(a) ? WEFT_FAMILY_IPV4 : WEFT_FAMILY_IPV6,
		.encap = a->encap,
		.flags = a->flags,
		.mtu = a->mtu,
		.ifindex = wires_index(UPLINK),
		.remote = remote_of(a),
	};
	if (is_v4(a))
		add_ip4(t, a, protocol);
	else
		add_ip6(t, a, protocol);
	add_own(t);
}

__u32 tunnel_header_len(enum tunnel_id id)
{
	struct weft_tunnel t;

	fill_tunnel(id, &t);
	return t.header_len;
}

static void put_peer(enum tunnel_id id, __u32 vni, enum network_id net)
{
	const struct actor *a = &actors[id];
	bool told = a->encap == WEFT_ENCAP_VXLAN_GBP || a->encap == WEFT_ENCAP_GENEVE;
	struct weft_peer_key key = {
		.remote = remote_of(a),
		.vni = vni,
		.encap = a->encap == WEFT_ENCAP_VXLAN_GBP ? WEFT_ENCAP_VXLAN : a->encap,
	};
	struct weft_peer peer = {
		.tunnel = id, .network = net, .flags = told ? WEFT_PEER_IDENTITY : 0};

	table_put("weft_peers", &key, &peer);
}

void tunnels_fill(void)
{
	struct weft_tunnel t;

	for (__u32 id = TUNNEL_B; id < TUNNEL_MAX; id++) {
		if (id == TUNNEL_LOST)
			continue;
		fill_tunnel(id, &t);
		table_put("weft_tunnels", &id, &t);
		table_put("weft_vteps", &t.remote, &id);
	}
	put_peer(TUNNEL_B, VNI_WEB, NET_WEB);
	put_peer(TUNNEL_C, VNI_WEB, NET_WEB);
	put_peer(TUNNEL_B, VNI_DB, NET_DB);
	put_peer(TUNNEL_D, VNI_DB, NET_DB);
	for (enum tunnel_id id = TUNNEL_NVGRE4; id < TUNNEL_MAX; id++)
		put_peer(id, VNI_MIX, NET_MIX);
}

/* The headers behind the outer IP header. Return: how many layers. */
static int own_layers(const struct actor *a, __u32 vni, __u32 identity, __u32 port,
		      struct layer l[static 4])
{
	__u32 group = (identity ^ identity >> 16) & 0xffff;

	l[0] = (struct layer)UDP(.sport = ANY, .dport = 4789, .csum = FORCE(0));
	switch (a->encap) {
	case WEFT_ENCAP_NVGRE:
		l[0] = (struct layer)GRE(.vsid = vni, .flow = ANY);
		return 1;
	case WEFT_ENCAP_GENEVE:
		l[0].udp.dport = 6081;
		l[1] = (struct layer)GENEVE(.vni = vni);
		if (!a->flags)
			return 2;
		l[2] = (struct layer)OPT(.class = 0xff77, .type = 1, .words = 2, .a = identity,
					 .b = port);
		return 3;
	case WEFT_ENCAP_VXLAN_GBP:
		l[1] = (struct layer)VXLAN(.vni = vni, .flip = group ? 0x80000000u | group : 0);
		return 2;
	default:
		l[1] = (struct layer)VXLAN(.vni = vni);
		return 2;
	}
}

void tunnel_wrap(enum tunnel_id id, const struct packet *in, __u32 vni, __u32 ecn, __u32 identity,
		 __u32 port, struct packet *out)
{
	const struct actor *a = &actors[id];
	struct layer l[8] = {
		ETH(), IP4(.src = VTEP4_A, .tos = ecn, .frag = 0x4000), {.kind = L_END}};
	int n = 2;

	if (is_v4(a)) {
		memcpy(l[1].ip4.dst, a->to4, sizeof(a->to4));
	} else {
		l[1] = (struct layer)IP6(.src = VTEP6_A, .tc = ecn, .flow = ANY);
		memcpy(l[1].ip6.dst, a->to6, sizeof(a->to6));
	}
	n += own_layers(a, vni, identity, port, &l[n]);
	l[n++] = (struct layer)REF();
	l[n] = (struct layer){.kind = L_END};
	packet_build(out, l, in);
}
