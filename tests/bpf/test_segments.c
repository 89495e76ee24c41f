/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * GSO packets on a wire without offloads: what was encapsulated whole leaves in segments, and each
 * is a proper packet, inside and out.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>
#include <linux/virtio_net.h>

#include "check.h"
#include "dump.h"
#include "tests.h"
#include "wires.h"

/**
 * struct segments_row - a packet of several segments from web1.
 * @copies: tunnels that it goes into.
 * @from: web1 unless given.
 */
struct segments_row {
	const char *name;
	const struct layer *in;
	struct vnet vnet;
	unsigned int copies;
	enum wire from;
};

#define PAYLOAD 5000

/* clang-format off */
#define TO_B ETH(.dst = MAC_WEB_B, .src = MAC_WEB1)
#define TO_C ETH(.dst = MAC_WEB_C, .src = MAC_WEB1)
#define TO_ALL ETH(.dst = MAC_NOBODY, .src = MAC_WEB1)
#define V4 IP4(.src = IP4_WEB1, .dst = IP4_WEB_B, .frag = 0x4000, .tos = 2)
#define V6 IP6(.src = IP6_WEB1, .dst = IP6_WEB_B, .tc = 2)
#define SEGMENT TCP(.sport = 1000, .dport = 2000, .csum = PARTIAL), DATA(PAYLOAD)
#define GSO4(mss) { VIRTIO_NET_HDR_GSO_TCPV4, 54, mss, 34, 16 }
#define GSO6(mss) { VIRTIO_NET_HDR_GSO_TCPV6, 74, mss, 54, 16 }
#define MIX(words, tunnel, mtu) \
	{ "IPv4 by " words, PKT(ETH(.dst = MAC_MIX(tunnel), .src = MAC_MIX1), \
				IP4(.src = IP4_MIX1, .dst = IP4_MIX, .tos = 2), SEGMENT), \
	  GSO4((mtu) - 40), 1, MIX1 }, \
	{ "IPv6 by " words, PKT(ETH(.dst = MAC_MIX(tunnel), .src = MAC_MIX1), \
				IP6(.src = IP6_MIX1, .dst = IP6_MIX), SEGMENT), \
	  GSO6((mtu) - 60), 1, MIX1 }

static const struct segments_row rows[] = {
	{ .name = "IPv4 in IPv4", .in = PKT(TO_B, V4, SEGMENT), .vnet = GSO4(1400), .copies = 1 },
	{ .name = "IPv6 in IPv4", .in = PKT(TO_B, V6, SEGMENT), .vnet = GSO6(1380), .copies = 1 },
	{ .name = "IPv4 in IPv6", .in = PKT(TO_C, V4, SEGMENT), .vnet = GSO4(1390), .copies = 1 },
	{ .name = "IPv6 in IPv6", .in = PKT(TO_C, V6, SEGMENT), .vnet = GSO6(1370), .copies = 1 },
	{ .name = "IPv4 to everybody", .in = PKT(TO_ALL, V4, SEGMENT), .vnet = GSO4(1300), .copies = 2 },
	{ .name = "IPv6 to everybody", .in = PKT(TO_ALL, V6, SEGMENT), .vnet = GSO6(1300), .copies = 2 },
	MIX("VXLAN-GBP over IPv4", TUNNEL_GBP4, MTU_GBP4),
	MIX("VXLAN-GBP over IPv6", TUNNEL_GBP6, MTU_GBP6),
	MIX("Geneve over IPv4", TUNNEL_GENEVE4, MTU_GENEVE4),
	MIX("Geneve over IPv6", TUNNEL_GENEVE6, MTU_GENEVE6),
	MIX("NVGRE over IPv4", TUNNEL_NVGRE4, MTU_NVGRE4),
	MIX("NVGRE over IPv6", TUNNEL_NVGRE6, MTU_NVGRE6),
};
/* clang-format on */

/* An IP header that says the truth about @len bytes. Return: what it carries; NULL: it lies. */
static const __u8 *check_ip(const __u8 *ip, __u32 len, bool v4)
{
	if (v4)
		return (ip[2] << 8 | ip[3]) == (int)len && !packet_fold(packet_csum(ip, 20, 0))
			       ? ip + 20
			       : NULL;
	return (ip[4] << 8 | ip[5]) == (int)len - 40 ? ip + 40 : NULL;
}

/* Return: the inner frame; NULL if what is in front of it is wrong. */
static const __u8 *check_outer(const __u8 *frame, __u32 len)
{
	bool v4 = frame[12] == 0x08;
	const __u8 *own = check_ip(frame + 14, len - 14, v4);

	if (!own)
		return NULL;
	if (frame[v4 ? 23 : 20] == 47)
		return own + 8;
	if ((own[4] << 8 | own[5]) != (int)(frame + len - own) || own[6] || own[7])
		return NULL;
	return own + 16 + ((own[2] << 8 | own[3]) == WEFT_GENEVE_PORT ? 4 * (own[8] & 0x3f) : 0);
}

/* Return: bytes of TCP payload in a segment; -1 if anything about it is wrong. */
static int check_segment(const __u8 *frame, __u32 len)
{
	const __u8 *inner = check_outer(frame, len), *ip, *tcp;
	__u32 l3, l4, sum;
	bool v4;

	if (!inner)
		return -1;
	v4 = inner[12] == 0x08;
	ip = inner + 14;
	l3 = frame + len - ip;
	tcp = check_ip(ip, l3, v4);
	if (!tcp)
		return -1;
	l4 = frame + len - tcp;
	sum = packet_csum(tcp, l4, l4 + 6);
	sum = v4 ? packet_csum(ip + 12, 8, sum) : packet_csum(ip + 8, 32, sum);
	return packet_fold(sum) || len > 1514 ? -1 : (int)l4 - 20;
}

static void test_segments(void **state)
{
	const struct segments_row *row = *state;
	unsigned int each = (PAYLOAD + row->vnet.gso_size - 1) / row->vnet.gso_size;
	unsigned int payload = 0;
	static struct packet in;
	static __u8 got[PACKET_MAX];

	packet_build(&in, row->in, NULL);
	check_begin();
	assert_int_equal(wires_send(row->from, in.data, in.len, &row->vnet), 0);
	for (unsigned int i = 0; i < each * row->copies; i++) {
		int n = wires_receive(UPLINK, got, sizeof(got), NULL, check_patience());
		int bytes;

		if (!check(n > 0, "segment %u did not come", i))
			break;
		bytes = check_segment(got, n);
		check(bytes >= 0, "segment %u is wrong", i);
		payload += bytes;
		dump_packet(got, n);
	}
	check(payload == PAYLOAD * row->copies, "%u bytes of payload", payload);
	check(wires_receive(UPLINK, got, sizeof(got), NULL, 0) < 0, "a segment too much");
	check_end();
}

int test_segmented(void)
{
	int failed;

	if (wires_offload(UPLINK, false))
		return 1;
	failed = run_rows("segments", rows, sizeof(rows) / sizeof(rows[0]), sizeof(rows[0]),
			  test_segments);
	return failed + !!wires_offload(UPLINK, true);
}
