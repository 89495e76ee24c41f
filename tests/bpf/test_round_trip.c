/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * What node a encapsulates for b, node b decapsulates to the same frame. One set of programs plays
 * both: the tables are turned round, so that b's addresses become ours and the other way.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <bpf/bpf.h>
#include <cmocka.h>

#include "check.h"
#include "flows.h"
#include "tests.h"
#include "wires.h"

struct trip_row {
	const char *name;
	const struct layer *in;
};

/* clang-format off */
#define TO_B ETH(.dst = MAC_WEB_B, .src = MAC_WEB1)
#define TO_C ETH(.dst = MAC_WEB_C, .src = MAC_WEB1)
#define PORTS .sport = 1000, .dport = 2000

static const struct trip_row rows[] = {
	{ "IPv4 in IPv4", PKT(TO_B, IP4(.src = IP4_WEB1, .dst = IP4_WEB_B, .tos = 0xb9, .id = 3),
			      TCP(PORTS, .options = 3), DATA(1000)) },
	{ "IPv4 in IPv6", PKT(TO_C, IP4(.src = IP4_WEB1, .dst = IP4_WEB_C, .tos = 3, .frag = 0x4000),
			      UDP(PORTS), DATA(1000)) },
	{ "IPv6 in IPv4", PKT(TO_B, IP6(.src = IP6_WEB1, .dst = IP6_WEB_B, .tc = 2, .flow = 0xabcde),
			      TCP(PORTS), DATA(1000)) },
	{ "IPv6 in IPv6", PKT(TO_C, IP6(.src = IP6_WEB1, .dst = IP6_WEB_C, .tc = 1), FRAG(.frag = 1),
			      UDP(PORTS, .len = 3000), DATA(1000)) },
	{ "ARP in IPv4", PKT(TO_B, ARP(.op = 2, .sha = MAC_WEB1, .spa = IP4_WEB1, .tha = MAC_WEB_B,
				       .tpa = IP4_WEB_B)) },
	{ "ARP in IPv6, padded", PKT(TO_C, ARP(.op = 2, .sha = MAC_WEB1, .spa = IP4_WEB1), PAD(18)) },
	{ "what is not IP in IPv4", PKT(TO_B, DATA(300)) },
	{ "what is not IP in IPv6", PKT(TO_C, DATA(300)) },
	{ "IPv4 with padding behind it", PKT(TO_B, IP4(.src = IP4_WEB1, .dst = IP4_WEB_B), UDP(PORTS),
					     DATA(1), PAD(17)) },
};
/* clang-format on */

/* Be the node that @out was sent to: its VTEP is ours, and we know node a's. */
static void turn_round(const __u8 *out)
{
	const __u8 mac1[] = MAC_WEB1, mac_b[] = MAC_WEB_B, mac_c[] = MAC_WEB_C;
	struct weft_peer_key key = {.vni = VNI_WEB, .encap = WEFT_ENCAP_VXLAN};
	struct weft_peer peer = {.tunnel = TUNNEL_D, .network = NET_WEB};
	struct weft_fdb_key fdb = {.network = NET_WEB};
	struct weft_fdb_entry local = {.kind = WEFT_FDB_LOCAL,
				       .delivery = WEFT_DELIVER_PEER,
				       .ifindex = wires_index(WEB2),
				       .port = PORT_ID(WEB2)};
	bool v4 = out[12] == 0x08;

	memset(key.remote.bytes + 10, 0xff, 2);
	memcpy(key.remote.bytes + (v4 ? 12 : 0), out + (v4 ? 26 : 22), v4 ? 4 : 16);
	put_node(v4 ? out + 30 : NULL, v4 ? NULL : out + 38, WEFT_VXLAN_PORT);
	bpf_map_update_elem(map_fd("weft_peers"), &key, &peer, BPF_ANY);
	memcpy(fdb.mac, mac1, sizeof(mac1));
	bpf_map_delete_elem(map_fd("weft_fdb"), &fdb);
	memcpy(fdb.mac, mac_b, sizeof(mac_b));
	bpf_map_update_elem(map_fd("weft_fdb"), &fdb, &local, BPF_ANY);
	memcpy(fdb.mac, mac_c, sizeof(mac_c));
	bpf_map_update_elem(map_fd("weft_fdb"), &fdb, &local, BPF_ANY);
	flows_clear();
}

static void turn_back(const __u8 *out)
{
	struct weft_peer_key key = {.vni = VNI_WEB, .encap = WEFT_ENCAP_VXLAN};
	bool v4 = out[12] == 0x08;

	memset(key.remote.bytes + 10, 0xff, 2);
	memcpy(key.remote.bytes + (v4 ? 12 : 0), out + (v4 ? 26 : 22), v4 ? 4 : 16);
	bpf_map_delete_elem(map_fd("weft_peers"), &key);
	tables_fill();
}

/* redirect_neigh writes the MAC addresses; here it did not run. */
static void address(struct run *r)
{
	const __u8 to[] = MAC_UPLINK, from[] = MAC_ROUTER;

	memcpy(r->data, to, sizeof(to));
	memcpy(r->data + 6, from, sizeof(from));
}

static void decap(const struct packet *in, const struct run *wire)
{
	static struct packet want;
	static struct run r;
	const __u8 parked[] = WEFT_PARKED_MAC;

	r = (struct run){.prog = TC_UNDERLAY, .ifindex = wires_index(UPLINK)};
	assert_int_equal(prog_run(&r, wire->data, wire->len), 0);
	check(r.verdict == TC_REDIRECT, "TC: verdict %d", r.verdict);
	check_packet("decapsulated at TC", in, r.data, r.len);

	r = (struct run){.prog = XDP_UNDERLAY, .ifindex = wires_index(UPLINK)};
	assert_int_equal(prog_run(&r, wire->data, wire->len), 0);
	check(r.verdict == XDP_IS_PASS && r.meta_len, "XDP: verdict %d", r.verdict);
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
	out = (struct run){.prog = FROM_PORT, .ifindex = wires_index(WEB1)};
	assert_int_equal(prog_run(&out, in.data, in.len), 0);
	assert_int_equal(out.verdict, TC_REDIRECT);
	address(&out);
	turn_round(out.data);
	decap(&in, &out);
	turn_back(out.data);
	check_end();
}

int test_round_trip(void)
{
	return run_rows("round trip", rows, sizeof(rows) / sizeof(rows[0]), sizeof(rows[0]),
			test_trip);
}
