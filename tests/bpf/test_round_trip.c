/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * What node a encapsulates for b, node b decapsulates to the same frame. One set of programs plays
 * both: the tables are turned round, so that b's addresses become ours and the other way.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "check.h"
#include "flows.h"
#include "tests.h"
#include "wires.h"

/** struct trip_row - a frame of web1's, or with @mix of mix1's. @identity: what the other end
 * hears. */
struct trip_row {
	const char *name;
	const struct layer *in;
	bool mix;
	__u32 identity;
};

/* clang-format off */
#define TO_B ETH(.dst = MAC_WEB_B, .src = MAC_WEB1)
#define TO_C ETH(.dst = MAC_WEB_C, .src = MAC_WEB1)
#define PORTS .sport = 1000, .dport = 2000
#define MIX(words, tunnel, told) \
	{ "IPv4 by " words, PKT(ETH(.dst = MAC_MIX(tunnel), .src = MAC_MIX1), \
				IP4(.src = IP4_MIX1, .dst = IP4_MIX, .tos = 0xb9), TCP(PORTS), DATA(1000)), \
	  .mix = true, .identity = told }, \
	{ "IPv6 by " words, PKT(ETH(.dst = MAC_MIX(tunnel), .src = MAC_MIX1), \
				IP6(.src = IP6_MIX1, .dst = IP6_MIX, .tc = 2), UDP(PORTS), DATA(1000)), \
	  .mix = true, .identity = told }, \
	{ "what is not IP by " words, PKT(ETH(.dst = MAC_MIX(tunnel), .src = MAC_MIX1), DATA(300)), \
	  .mix = true, .identity = told }

static const struct trip_row rows[] = {
	{ .name = "IPv4 in IPv4", .in = PKT(TO_B, IP4(.src = IP4_WEB1, .dst = IP4_WEB_B, .tos = 0xb9, .id = 3),
			      TCP(PORTS, .options = 3), DATA(1000)) },
	{ .name = "IPv4 in IPv6", .in = PKT(TO_C, IP4(.src = IP4_WEB1, .dst = IP4_WEB_C, .tos = 3, .frag = 0x4000),
			      UDP(PORTS), DATA(1000)) },
	{ .name = "IPv6 in IPv4", .in = PKT(TO_B, IP6(.src = IP6_WEB1, .dst = IP6_WEB_B, .tc = 2, .flow = 0xabcde),
			      TCP(PORTS), DATA(1000)) },
	{ .name = "IPv6 in IPv6", .in = PKT(TO_C, IP6(.src = IP6_WEB1, .dst = IP6_WEB_C, .tc = 1), FRAG(.frag = 1),
			      UDP(PORTS, .len = 3000), DATA(1000)) },
	{ .name = "ARP in IPv4", .in = PKT(TO_B, ARP(.op = 2, .sha = MAC_WEB1, .spa = IP4_WEB1, .tha = MAC_WEB_B,
				       .tpa = IP4_WEB_B)) },
	{ .name = "ARP in IPv6, padded", .in = PKT(TO_C, ARP(.op = 2, .sha = MAC_WEB1, .spa = IP4_WEB1), PAD(18)) },
	{ .name = "what is not IP in IPv4", .in = PKT(TO_B, DATA(300)) },
	{ .name = "what is not IP in IPv6", .in = PKT(TO_C, DATA(300)) },
	{ .name = "IPv4 with padding behind it", .in = PKT(TO_B, IP4(.src = IP4_WEB1, .dst = IP4_WEB_B), UDP(PORTS),
					     DATA(1), PAD(17)) },
	MIX("VXLAN-GBP over IPv4", TUNNEL_GBP4, IDENTITY_MIX1_SHORT),
	MIX("VXLAN-GBP over IPv6", TUNNEL_GBP6, IDENTITY_MIX1_SHORT),
	MIX("Geneve over IPv4", TUNNEL_GENEVE4, IDENTITY_MIX1),
	MIX("Geneve over IPv6", TUNNEL_GENEVE6, IDENTITY_MIX1),
	MIX("Geneve without options over IPv4", TUNNEL_PLAIN4, 0),
	MIX("Geneve without options over IPv6", TUNNEL_PLAIN6, 0),
	MIX("NVGRE over IPv4", TUNNEL_NVGRE4, 0),
	MIX("NVGRE over IPv6", TUNNEL_NVGRE6, 0),
};
/* clang-format on */

/* The sender, as the other end's table has it. */
static void sender_of(const struct trip_row *row, const __u8 *out, struct weft_peer_key *key)
{
	bool v4 = out[12] == 0x08;
	const __u8 *l4 = out + (v4 ? 34 : 54);

	*key = (struct weft_peer_key){.vni = row->mix ? VNI_MIX : VNI_WEB,
				      .encap = WEFT_ENCAP_VXLAN};
	if (out[v4 ? 23 : 20] == 47)
		key->encap = WEFT_ENCAP_NVGRE;
	else if ((l4[2] << 8 | l4[3]) == WEFT_GENEVE_PORT)
		key->encap = WEFT_ENCAP_GENEVE;
	if (v4)
		memset(key->remote.bytes + 10, 0xff, 2);
	memcpy(key->remote.bytes + (v4 ? 12 : 0), out + (v4 ? 26 : 22), v4 ? 4 : 16);
}

/* Be the node that @out was sent to: its VTEP is ours, and we know node a's. */
static void turn_round(const struct trip_row *row, const struct packet *in, const __u8 *out)
{
	enum network_id net = row->mix ? NET_MIX : NET_WEB;
	struct weft_peer peer = {.tunnel = TUNNEL_D, .network = net, .flags = WEFT_PEER_IDENTITY};
	struct weft_fdb_key fdb = {.network = net};
	struct weft_fdb_entry local = {.kind = WEFT_FDB_LOCAL,
				       .delivery = WEFT_DELIVER_PEER,
				       .ifindex = wires_index(WEB2),
				       .port = PORT_ID(WEB2)};
	bool v4 = out[12] == 0x08;
	struct weft_peer_key key;

	port_security_off();
	sender_of(row, out, &key);
	put_node(v4 ? out + 30 : NULL, v4 ? NULL : out + 38, WEFT_VXLAN_PORT);
	table_put("weft_peers", &key, &peer);
	memcpy(fdb.mac, in->data + 6, sizeof(fdb.mac));
	table_delete("weft_fdb", &fdb);
	memcpy(fdb.mac, in->data, sizeof(fdb.mac));
	table_put("weft_fdb", &fdb, &local);
	flows_clear();
}

static void turn_back(const struct trip_row *row, const __u8 *out)
{
	struct weft_peer_key key;

	sender_of(row, out, &key);
	table_delete("weft_peers", &key);
	tables_fill();
}

/* redirect_neigh writes the MAC addresses; here it did not run. */
static void address(struct run *r)
{
	const __u8 to[] = MAC_UPLINK, from[] = MAC_ROUTER;

	memcpy(r->data, to, sizeof(to));
	memcpy(r->data + 6, from, sizeof(from));
}

static void decap(const struct trip_row *row, const struct packet *in, const struct run *wire)
{
	static struct packet want;
	static struct run r;
	const __u8 parked[] = WEFT_PARKED_MAC;
	struct weft_meta meta;

	r = (struct run){.prog = TC_UNDERLAY, .ifindex = wires_index(UPLINK)};
	assert_int_equal(prog_run(&r, wire->data, wire->len), 0);
	check(r.verdict == TC_REDIRECT, "TC: verdict %d", r.verdict);
	check_packet("decapsulated at TC", in, r.data, r.len);

	r = (struct run){.prog = XDP_UNDERLAY, .ifindex = wires_index(UPLINK)};
	assert_int_equal(prog_run(&r, wire->data, wire->len), 0);
	check(r.verdict == XDP_IS_PASS && r.meta_len, "XDP: verdict %d", r.verdict);
	memcpy(&meta, r.data, sizeof(meta));
	check(meta.identity == row->identity, "identity %#x", meta.identity);
	want = *in;
	memcpy(want.data, parked, sizeof(parked));
	check_packet("decapsulated at XDP", &want, r.data + r.meta_len, r.len - r.meta_len);
}

static void test_trip(void **state)
{
	const struct trip_row *row = *state;
	static struct packet in;
	static struct run out;

	packet_build(&in, row->in, NULL);
	check_begin();
	out = (struct run){.prog = FROM_PORT, .ifindex = wires_index(row->mix ? MIX1 : WEB1)};
	assert_int_equal(prog_run(&out, in.data, in.len), 0);
	assert_int_equal(out.verdict, TC_REDIRECT);
	address(&out);
	turn_round(row, &in, out.data);
	decap(row, &in, &out);
	turn_back(row, out.data);
	check_end();
}

/** struct entropy_row - a tunnel, and where its outer headers show which flow it is. */
struct entropy_row {
	const char *name;
	enum tunnel_id tunnel;
	__u32 off;
	__u32 bytes;
};

static const struct entropy_row entropy_rows[] = {
	{"UDP source port of VXLAN-GBP over IPv4", TUNNEL_GBP4, 34, 2},
	{"UDP source port of Geneve over IPv6", TUNNEL_GENEVE6, 54, 2},
	{"FlowID of NVGRE over IPv4", TUNNEL_NVGRE4, 41, 1},
	{"FlowID of NVGRE over IPv6", TUNNEL_NVGRE6, 61, 1},
	{"flow label of NVGRE", TUNNEL_NVGRE6, 16, 2},
};

/* What the outer headers show of a flow of mix1's. */
static __u32 shown(const struct entropy_row *row, __u16 sport)
{
	static struct packet in;
	static struct run out;

	packet_build(&in,
		     PKT(ETH(.dst = MAC_MIX(row->tunnel), .src = MAC_MIX1),
			 IP4(.src = IP4_MIX1, .dst = IP4_MIX), UDP(.sport = sport, .dport = 2000),
			 DATA(20)),
		     NULL);
	out = (struct run){.prog = FROM_PORT, .ifindex = wires_index(MIX1)};
	assert_int_equal(prog_run(&out, in.data, in.len), 0);
	return row->bytes == 1 ? out.data[row->off]
			       : out.data[row->off] << 8 | out.data[row->off + 1];
}

/* 64 flows that only differ in their source port, each of them twice. */
static void test_entropy(void **state)
{
	const struct entropy_row *row = *state;
	unsigned int different = 0;
	static bool seen[1 << 16];

	memset(seen, 0, sizeof(seen));
	check_begin();
	for (__u16 sport = 1000; sport < 1064; sport++) {
		__u32 value = shown(row, sport);

		check(shown(row, sport) == value, "a flow is shown in two ways");
		different += !seen[value];
		seen[value] = true;
	}
	check(different > 48, "64 flows are shown in %u ways", different);
	check_end();
}

int test_round_trip(void)
{
	return run_rows("round trip", rows, sizeof(rows) / sizeof(rows[0]), sizeof(rows[0]),
			test_trip) +
	       run_rows("entropy", entropy_rows, sizeof(entropy_rows) / sizeof(entropy_rows[0]),
			sizeof(entropy_rows[0]), test_entropy);
}
