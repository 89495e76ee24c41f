/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Packets as a workload's kernel really hands them over: several segments in one, checksums still
 * to be filled in, headers outside the linear part. Sent on real interfaces, with the programs
 * attached.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>
#include <linux/virtio_net.h>

#include "live.h"
#include "rows.h"
#include "tests.h"
#include "wires.h"

/* clang-format off */
#define V4(d) IP4(.src = IP4_WEB1, .dst = d, .frag = 0x4000)
#define V6(d) IP6(.src = IP6_WEB1, .dst = d)
#define FROM_WEB1(to) ETH(.dst = to, .src = MAC_WEB1)
#define PORTS .sport = 1000, .dport = 2000
#define TCP_AT(l3) .csum_start = 14 + (l3), .csum_offset = 16

/**
 * struct offload_row - a packet from a workload.
 * @from: web1 unless given.
 * @vnet: what is pending.
 * @segs: that it stands for.
 * @drop, @to, @reply: as in struct port_row.
 */
struct offload_row {
	const char *name;
	const struct layer *in;
	struct vnet vnet;
	enum wire from;
	__u32 segs;
	enum weft_drop drop;
	__u32 to;
	const struct layer *reply;
};

#define GSO4(mss) { .gso_type = VIRTIO_NET_HDR_GSO_TCPV4, .hdr_len = 54, .gso_size = mss, TCP_AT(20) }
#define GSO6(mss) { .gso_type = VIRTIO_NET_HDR_GSO_TCPV6, .hdr_len = 74, .gso_size = mss, TCP_AT(40) }
#define FRAGMENTED { .hdr_len = 14 }
#define GSO_MIX(words, tunnel) \
	{ "GSO, IPv4 by " words, PKT(ETH(.dst = MAC_MIX(tunnel), .src = MAC_MIX1), \
		IP4(.src = IP4_MIX1, .dst = IP4_MIX), TCP(PORTS), DATA(5000)), \
	  GSO4(1000), .from = MIX1, .segs = 5, .to = VIA(tunnel) }, \
	{ "GSO, IPv6 by " words, PKT(ETH(.dst = MAC_MIX(tunnel), .src = MAC_MIX1), \
		IP6(.src = IP6_MIX1, .dst = IP6_MIX), TCP(PORTS), DATA(5000)), \
	  GSO6(1000), .from = MIX1, .segs = 5, .to = VIA(tunnel) }

static const struct offload_row rows[] = {
	{ "GSO to a local port", PKT(FROM_WEB1(MAC_WEB2), V4(IP4_WEB2), TCP(PORTS), DATA(5000)),
	  GSO4(1460), .segs = 4, .to = TO(WEB2) },
	{ "GSO to a local tap", PKT(FROM_WEB1(MAC_WEB3), V6(IP6_WEB3), TCP(PORTS), DATA(5000)),
	  GSO6(1440), .segs = 4, .to = TO(WEB3) },
	{ "GSO, IPv4 in IPv4, segments just fit",
	  PKT(FROM_WEB1(MAC_WEB_B), V4(IP4_WEB_B), TCP(PORTS), DATA(5000)), GSO4(MTU_B - 40),
	  .segs = 4, .to = VIA(TUNNEL_B) },
	{ "GSO, IPv6 in IPv4", PKT(FROM_WEB1(MAC_WEB_B), V6(IP6_WEB_B), TCP(PORTS), DATA(5000)),
	  GSO6(1000), .segs = 5, .to = VIA(TUNNEL_B) },
	{ "GSO, IPv4 in IPv6", PKT(FROM_WEB1(MAC_WEB_C), V4(IP4_WEB_C), TCP(PORTS), DATA(5000)),
	  GSO4(1000), .segs = 5, .to = VIA(TUNNEL_C) },
	{ "GSO, IPv6 in IPv6, segments just fit",
	  PKT(FROM_WEB1(MAC_WEB_C), V6(IP6_WEB_C), TCP(PORTS), DATA(5000)), GSO6(MTU_C - 60),
	  .segs = 4, .to = VIA(TUNNEL_C) },
	GSO_MIX("VXLAN-GBP over IPv4", TUNNEL_GBP4), GSO_MIX("VXLAN-GBP over IPv6", TUNNEL_GBP6),
	GSO_MIX("Geneve over IPv4", TUNNEL_GENEVE4), GSO_MIX("Geneve over IPv6", TUNNEL_GENEVE6),
	GSO_MIX("NVGRE over IPv4", TUNNEL_NVGRE4), GSO_MIX("NVGRE over IPv6", TUNNEL_NVGRE6),
	{ "GSO, segments one byte too long",
	  PKT(FROM_WEB1(MAC_WEB_B), V4(IP4_WEB_B), TCP(PORTS), DATA(5000)), GSO4(MTU_B - 39),
	  .segs = 4, .drop = WEFT_DROP_PKT_TOO_BIG,
	  .reply = PKT(ETH(.dst = MAC_WEB1, .src = MAC_WEB_B),
		       IP4(.src = IP4_WEB_B, .dst = IP4_WEB1),
		       ICMP(.type = 3, .code = 4, .rest = MTU_B), REF(.off = 14, .len = 256)) },
	{ "GSO, segments one byte too long, IPv6",
	  PKT(FROM_WEB1(MAC_WEB_C), V6(IP6_WEB_C), TCP(PORTS), DATA(5000)), GSO6(MTU_C - 59),
	  .segs = 4, .drop = WEFT_DROP_PKT_TOO_BIG,
	  .reply = PKT(ETH(.dst = MAC_WEB1, .src = MAC_WEB_C),
		       IP6(.src = IP6_WEB_C, .dst = IP6_WEB1),
		       ICMP6(.type = 2, .rest = MTU_C), REF(.off = 14, .len = 1024)) },
	{ "a checksum to be filled in, to a tunnel",
	  PKT(FROM_WEB1(MAC_WEB_B), V4(IP4_WEB_B), TCP(PORTS), DATA(100)), { TCP_AT(20) },
	  .segs = 1, .to = VIA(TUNNEL_B) },
	{ "headers outside the linear part, to a local port",
	  PKT(FROM_WEB1(MAC_WEB2), V4(IP4_WEB2), UDP(PORTS), DATA(6000)), FRAGMENTED,
	  .segs = 1, .to = TO(WEB2) },
	{ "IPv6 extension headers outside the linear part, to a local port",
	  PKT(FROM_WEB1(MAC_WEB2), V6(IP6_WEB2), EXT(.nh = 0, .len = 64), EXT(.nh = 60, .len = 64),
	      UDP(PORTS), DATA(6000)), FRAGMENTED, .segs = 1, .to = TO(WEB2) },
	{ "headers outside the linear part, too big",
	  PKT(FROM_WEB1(MAC_WEB_B), V4(IP4_WEB_B), UDP(PORTS), DATA(6000)), FRAGMENTED,
	  .segs = 1, .drop = WEFT_DROP_PKT_TOO_BIG,
	  .reply = PKT(ETH(.dst = MAC_WEB1, .src = MAC_WEB_B),
		       IP4(.src = IP4_WEB_B, .dst = IP4_WEB1),
		       ICMP(.type = 3, .code = 4, .rest = MTU_B), REF(.off = 14, .len = 256)) },
	{ "a solicitation whose checksum would be filled in behind where our answer ends",
	  PKT(ETH(.dst = MAC_SOLICITED(0x12), .src = MAC_WEB1),
	      IP6(.src = IP6_WEB1, .dst = IP6_SOLICITED(0x12), .hlim = 255),
	      ND(.target = IP6_WEB2, .opt = 1, .mac = MAC_WEB1), BYTES(253, 12, [95] = 0)),
	  { .csum_start = 150, .csum_offset = 16 }, .segs = 1, .drop = WEFT_DROP_REPLY_FAILED },
};

/* Packets that become something else, where a checksum was to be filled in. */
#define FROM_WEB3(to) ETH(.dst = to, .src = MAC_WEB3)
#define NEEDED(mtu) PKT(ETH(.dst = MAC_WEB3, .src = MAC_WEB_B), \
	IP4(.src = IP4_WEB_B, .dst = IP4_WEB3), ICMP(.type = 3, .code = 4, .rest = mtu), \
	REF(.off = 14, .len = 256))
#define TOO_BIG(mtu) PKT(ETH(.dst = MAC_WEB3, .src = MAC_WEB_C), \
	IP6(.src = IP6_WEB_C, .dst = IP6_WEB3), ICMP6(.type = 2, .rest = mtu), \
	REF(.off = 14, .len = 1024))
#define LOST .from = WEB3, .drop = WEFT_DROP_PKT_TOO_BIG
#define V4_FROM_3(...) FROM_WEB3(MAC_WEB_B), IP4(.src = IP4_WEB3, .dst = IP4_WEB_B, __VA_ARGS__)
#define V6_FROM_3 FROM_WEB3(MAC_WEB_C), IP6(.src = IP6_WEB3, .dst = IP6_WEB_C)
#define UNFILLED .csum = PARTIAL

static const struct offload_row refused_rows[] = {
	{ "TCP over IPv4, too big", PKT(V4_FROM_3(), TCP(PORTS, UNFILLED), DATA(1411)),
	  { TCP_AT(20) }, .segs = 1, LOST, .reply = NEEDED(MTU_B) },
	{ "TCP over IPv4 with options, too big",
	  PKT(V4_FROM_3(.options = 10), TCP(PORTS, UNFILLED, .options = 10), DATA(1411)),
	  { TCP_AT(60) }, .segs = 1, LOST, .reply = NEEDED(MTU_B) },
	{ "UDP over IPv4, too big", PKT(V4_FROM_3(), UDP(PORTS, UNFILLED), DATA(1440)),
	  { .csum_start = 34, .csum_offset = 6 }, .segs = 1, LOST, .reply = NEEDED(MTU_B) },
	{ "TCP over IPv6, too big", PKT(V6_FROM_3, TCP(PORTS, UNFILLED), DATA(1411)),
	  { TCP_AT(40) }, .segs = 1, LOST, .reply = TOO_BIG(MTU_C) },
	{ "TCP behind extension headers, too big",
	  PKT(V6_FROM_3, EXT(.nh = 60, .len = 64), TCP(PORTS, UNFILLED), DATA(1411)),
	  { TCP_AT(104) }, .segs = 1, LOST, .reply = TOO_BIG(MTU_C) },
	{ "a checksum at the end of what is quoted, too big",
	  PKT(V4_FROM_3(), UDP(PORTS), DATA(1440)),
	  { .csum_start = 240, .csum_offset = 16 }, .segs = 1, LOST, .reply = NEEDED(MTU_B) },
	{ "GSO over IPv4, segments too big", PKT(V4_FROM_3(), TCP(PORTS, UNFILLED), DATA(5000)),
	  GSO4(1460), .segs = 4, LOST, .reply = NEEDED(MTU_B) },
	{ "GSO over IPv6, segments too big", PKT(V6_FROM_3, TCP(PORTS, UNFILLED), DATA(5000)),
	  GSO6(1440), .segs = 4, LOST, .reply = TOO_BIG(MTU_C) },
};
/* clang-format on */

/* The same frame that web1 sent, in a tunnel or not, with what was pending still pending. */
static void expect_copy(const struct offload_row *row, const struct packet *in)
{
	static struct packet want;
	static __u8 got[PACKET_MAX];
	const __u8 to[] = MAC_ROUTER, from[] = MAC_UPLINK;
	const struct port_row as_port = {.from = row->from, .to = row->to};
	unsigned int bit = last_bit(row->to);
	struct vnet vnet;
	int n = wires_receive(bit < WIRE_MAX ? bit : UPLINK, got, sizeof(got), &vnet,
			      check_patience());

	port_row_copy(&as_port, in, bit, &want);
	if (bit >= WIRE_MAX) {
		memcpy(want.data, to, sizeof(to));
		memcpy(want.data + 6, from, sizeof(from));
	}
	if (!check(n > 0, "nothing came"))
		return;
	check_packet("what came", &want, got, n);
	check(vnet.gso_size == row->vnet.gso_size, "segments of %u", vnet.gso_size);
	if (row->vnet.csum_start)
		check(vnet.csum_start == row->vnet.csum_start + (want.len - in->len),
		      "checksum from byte %u on", vnet.csum_start);
}

static void expect_reply(const struct offload_row *row, const struct packet *in)
{
	static struct packet want;
	static __u8 got[PACKET_MAX];
	struct vnet vnet;
	int n = wires_receive(row->from, got, sizeof(got), &vnet, check_patience());

	packet_build(&want, row->reply, in);
	if (!check(n > 0, "no answer"))
		return;
	check_packet("the answer", &want, got, n);
	check(!vnet.csum_start && !vnet.gso_size, "an answer with offloads pending");
}

static void test_offload_row(void **state)
{
	const struct offload_row *row = *state;
	struct port_row as_port = {
		.from = row->from,
		.drop = row->drop,
		.to = row->to,
		.gso_segs = row->segs,
	};
	static struct packet in;
	struct moves moves = {};

	packet_build(&in, row->in, NULL);
	check_begin();
	assert_int_equal(wires_send(row->from, in.data, in.len, &row->vnet), 0);
	if (row->to)
		expect_copy(row, &in);
	if (row->reply)
		expect_reply(row, &in);
	port_row_moves(&as_port, in.len, &moves);
	check_moves_soon(&moves);
	check_end();
}

/* What TEST_RUN does not take for being too short. */
static void test_cut_short(void **state)
{
	static struct packet p;
	const struct layer *frames[] = {
		PKT(FROM_WEB1(MAC_WEB2), V4(IP4_WEB2), UDP(PORTS), DATA(20)),
		PKT(FROM_WEB1(MAC_WEB_B), V6(IP6_WEB_B), UDP(PORTS), DATA(20)),
	};

	(void)state;
	check_begin();
	for (int i = 0; i < 2; i++) {
		packet_build(&p, frames[i], NULL);
		for (__u32 len = WEFT_ETH_HLEN; len < p.len; len++) {
			struct moves moves = {};
			bool trunc = len < WEFT_ETH_HLEN + (i ? 40 : 20);

			moves_add(&moves, C_DROP, PORT_ID(WEB1),
				  trunc ? WEFT_DROP_HDR_TRUNC : WEFT_DROP_IP_INHDR, 1, len);
			assert_int_equal(wires_send(WEB1, p.data, len, NULL), 0);
			check_moves_soon(&moves);
		}
	}
	check_end();
}

/* A frame to the host itself, in a tunnel: with tc_underlay gone, nobody may see it. */
static void test_fails_closed(void **state)
{
	static struct packet p;
	static __u8 got[PACKET_MAX];
	const struct layer *ping =
		PKT(ETH(.dst = MAC_UPLINK, .src = MAC_ROUTER), IP4(.src = VTEP4_B, .dst = VTEP4_A),
		    UDP(.sport = 50000, .dport = 4789, .csum = FORCE(0)), VXLAN(.vni = VNI_WEB),
		    ETH(.dst = MAC_UPLINK, .src = MAC_WEB_B), IP4(.src = VTEP4_B, .dst = VTEP4_A),
		    ICMP(.type = 8, .rest = 0x10001), DATA(20));
	const struct moves none = {};

	(void)state;
	packet_build(&p, ping, NULL);
	assert_int_equal(live_uplink(LIVE_XDP_ALONE), 0);
	check_begin();
	/* The same in no tunnel is answered, so silence means something. */
	assert_int_equal(wires_send(UPLINK, p.data + p.inner, p.len - p.inner, NULL), 0);
	check(wires_receive(UPLINK, got, sizeof(got), NULL, check_patience()) > 0,
	      "the host does not answer pings at all");
	assert_int_equal(wires_send(UPLINK, p.data, p.len, NULL), 0);
	check(wires_receive(UPLINK, got, sizeof(got), NULL, 50) < 0,
	      "the host has seen an inner frame");
	check_moves(&none);
	assert_int_equal(live_uplink(LIVE_TC), 0);
	check_end();
}

/* Towards a port that fills them in at its end, and one that wants everything filled in. */
static int run_refused(void)
{
	const size_t n = sizeof(refused_rows) / sizeof(refused_rows[0]);
	int failed = run_rows("checksums pending", refused_rows, n, sizeof(refused_rows[0]),
			      test_offload_row);

	if (wires_offload(WEB3, false))
		return failed + 1;
	failed += run_rows("checksums pending, and no offload", refused_rows, n,
			   sizeof(refused_rows[0]), test_offload_row);
	return failed + !!wires_offload(WEB3, true);
}

int test_offload(void)
{
	const struct CMUnitTest tests[] = {
		{"frames too short for TEST_RUN", test_cut_short, NULL, NULL, NULL},
		{"without tc_underlay nothing gets in", test_fails_closed, NULL, NULL, NULL},
	};

	return run_rows("offloads", rows, sizeof(rows) / sizeof(rows[0]), sizeof(rows[0]),
			test_offload_row) +
	       run_refused() + cmocka_run_group_tests_name("attached", tests, NULL, NULL);
}
