/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Routed host ports, and the way back to them: conversations, packet by packet, compared whole.
 *
 *     web3     this node's router: it speaks for web1, for 10.9.0.99 and for a Service (SVC)
 *     web-b    another node's, behind tunnel B: it speaks for web-c, which is behind tunnel C, and
 * web2
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <bpf/bpf.h>
#include <cmocka.h>

#include "check.h"
#include "flows.h"
#include "hand.h"
#include "tests.h"
#include "tunnels.h"
#include "wires.h"

enum { STEPS_MAX = 12 };

/**
 * struct step - a packet.
 * @from: the port that it comes in by; UPLINK: it is wrapped.
 * @in: the frame. @as: what becomes of it; NULL: nothing does.
 * @to: the port that gets it; @via: or the tunnel.
 * @identity: that goes along in the tunnel.
 * @drop: or it is lost, counted where it came in.
 * @change: before.
 */
struct step {
	enum wire from;
	const struct layer *in;
	const struct layer *as;
	enum wire to;
	enum tunnel_id via;
	__u32 identity;
	enum weft_drop drop;
	void (*change)(void);
};

/** struct story - packets in their order. @setup: tables for it, beside the two routers. */
struct story {
	const char *name;
	void (*setup)(void);
	struct step steps[STEPS_MAX];
};

static void routers(bool on)
{
	const __u8 web3[] = MAC_WEB3, web_b[] = MAC_WEB_B;

	put_routed(NET_WEB, web3, on);
	put_routed(NET_WEB, web_b, on);
	hand_moved();
}

static void no_routers(void)
{
	routers(false);
}

static void no_security(void)
{
	port_security_off();
}

static void moved(void)
{
	hand_moved();
}

/* web3, with its groups, is a port of mix's network; of mix1 the addresses are known. */
static void web3_in_mix(void)
{
	const __u8 mac[] = MAC_WEB3;
	__u32 ifindex = wires_index(WEB3);
	struct weft_fdb_key key = {.mac = MAC_WEB3, .network = NET_MIX};
	struct weft_fdb_entry at = {.kind = WEFT_FDB_LOCAL,
				    .delivery = WEFT_DELIVER_REDIRECT,
				    .ifindex = ifindex,
				    .port = PORT_ID(WEB3),
				    .flags = WEFT_FDB_ROUTED};
	struct weft_port port;

	bpf_map_lookup_elem(map_fd("weft_ports"), &ifindex, &port);
	port.network = NET_MIX;
	port.identity = IDENTITY_FAR;
	memcpy(port.mac, mac, sizeof(mac));
	table_put("weft_ports", &ifindex, &port);
	table_put("weft_fdb", &key, &at);
	put_network_flags(NET_MIX, WEFT_NET_ROUTED);
	hand_moved();
}

/* The same, and mix1 is the native port of a trunk. */
static void web3_in_mix_trunk(void)
{
	__u32 ifindex = wires_index(MIX1);
	struct weft_vlan_key native = {.ifindex = ifindex};
	struct weft_port port;

	web3_in_mix();
	bpf_map_lookup_elem(map_fd("weft_ports"), &ifindex, &port);
	table_put("weft_vlans", &native, &port);
	port.kind = WEFT_PORT_TRUNK;
	port.id = PORT_MAX - 1;
	port.identity = 0;
	table_put("weft_ports", &ifindex, &port);
	hand_moved();
}

/* web1 may use the router's MAC address. */
static void a_pair(void)
{
	const __u8 mac[] = MAC_WEB3;

	put_guard(WEB1, &(struct weft_guard){.flags = WEFT_GUARD_SECURE | WEFT_GUARD_ADDRS |
						      WEFT_GUARD_PAIRS});
	put_pair(WEB1, mac, NULL, 0, 0);
}

/* clang-format off */
#define SVC { 10, 96, 0, 1 }
#define SVC6 { 0xfd, 0x96, [15] = 1 }
#define LLA { 0xfe, 0x80, [15] = 0x77 }
#define ROUTER MAC_WEB3
#define FROM(mac_from, mac_to) ETH(.dst = mac_to, .src = mac_from)
#define V4(from, to_) IP4(.src = from, .dst = to_)
#define V6(from, to_) IP6(.src = from, .dst = to_)
#define ASK(port) UDP(.sport = 1000, .dport = port), DATA(20)
#define REPLY(port) UDP(.sport = port, .dport = 1000), DATA(30)
#define SYN TCP(.sport = 1000, .dport = 80, .flags = 2, .seq = 100)
#define SYN_ACK TCP(.sport = 80, .dport = 1000, .flags = 0x12, .seq = 500, .ack = 101)
#define ACK TCP(.sport = 1000, .dport = 80, .flags = 0x10, .seq = 101, .ack = 501)
#define MORE TCP(.sport = 1000, .dport = 80, .flags = 0x18, .seq = 101, .ack = 501), DATA(40)
#define MORE_BACK TCP(.sport = 80, .dport = 1000, .flags = 0x18, .seq = 501, .ack = 141), DATA(50)
#define SAME(...) .in = PKT(__VA_ARGS__), .as = PKT(__VA_ARGS__)
#define LOST(reason) .drop = WEFT_DROP_##reason
#define UNREACHABLE(from, to_) ICMP(.type = 3, .code = 3), IP4(.src = from, .dst = to_), ASK(53)

static const struct story stories[] = {
	{ "a connection to a Service, on one node", .steps = {
		{ WEB1, SAME(FROM(MAC_WEB1, ROUTER), V4(IP4_WEB1, SVC), SYN), WEB3 },
		{ WEB3, SAME(FROM(ROUTER, MAC_WEB2), V4(IP4_WEB1, IP4_WEB2), SYN), WEB2 },
		{ WEB2, .in = PKT(FROM(MAC_WEB2, MAC_WEB1), V4(IP4_WEB2, IP4_WEB1), SYN_ACK),
			.as = PKT(FROM(MAC_WEB2, ROUTER), V4(IP4_WEB2, IP4_WEB1), SYN_ACK), WEB3 },
		{ WEB3, SAME(FROM(ROUTER, MAC_WEB1), V4(SVC, IP4_WEB1), SYN_ACK), WEB1 },
		{ WEB1, SAME(FROM(MAC_WEB1, ROUTER), V4(IP4_WEB1, SVC), ACK), WEB3 },
		{ WEB3, SAME(FROM(ROUTER, MAC_WEB2), V4(IP4_WEB1, IP4_WEB2), ACK), WEB2 },
		{ WEB3, SAME(FROM(ROUTER, MAC_WEB2), V4(IP4_WEB1, IP4_WEB2), MORE), WEB2 },
		{ WEB2, .in = PKT(FROM(MAC_WEB2, MAC_WEB1), V4(IP4_WEB2, IP4_WEB1), MORE_BACK),
			.as = PKT(FROM(MAC_WEB2, ROUTER), V4(IP4_WEB2, IP4_WEB1), MORE_BACK), WEB3 },
		{ WEB2, .in = PKT(FROM(MAC_WEB2, MAC_WEB1), V4(IP4_WEB2, IP4_WEB1), MORE_BACK),
			.as = PKT(FROM(MAC_WEB2, ROUTER), V4(IP4_WEB2, IP4_WEB1), MORE_BACK), WEB3,
			.change = moved },
		{ WEB2, .in = PKT(FROM(MAC_WEB2, MAC_NOBODY), V4(IP4_WEB2, IP4_WEB1), MORE_BACK),
			.as = PKT(FROM(MAC_WEB2, ROUTER), V4(IP4_WEB2, IP4_WEB1), MORE_BACK), WEB3 } } },
	{ "the same by IPv6", .steps = {
		{ WEB1, SAME(FROM(MAC_WEB1, ROUTER), V6(IP6_WEB1, SVC6), ASK(53)), WEB3 },
		{ WEB3, SAME(FROM(ROUTER, MAC_WEB2), V6(IP6_WEB1, IP6_WEB2), ASK(53)), WEB2 },
		{ WEB2, .in = PKT(FROM(MAC_WEB2, MAC_WEB1), V6(IP6_WEB2, IP6_WEB1), REPLY(53)),
			.as = PKT(FROM(MAC_WEB2, ROUTER), V6(IP6_WEB2, IP6_WEB1), REPLY(53)), WEB3 },
		{ WEB3, SAME(FROM(ROUTER, MAC_WEB1), V6(SVC6, IP6_WEB1), REPLY(53)), WEB1 } } },
	{ "an answer goes into the tunnel to the router's node", .steps = {
		{ UPLINK, SAME(FROM(MAC_WEB_B, MAC_WEB1), V4(IP4_WEB_C, IP4_WEB1), SYN), WEB1 },
		{ WEB1, .in = PKT(FROM(MAC_WEB1, MAC_WEB_C), V4(IP4_WEB1, IP4_WEB_C), SYN_ACK),
			.as = PKT(FROM(MAC_WEB1, MAC_WEB_B), V4(IP4_WEB1, IP4_WEB_C), SYN_ACK), .via = TUNNEL_B },
		{ UPLINK, SAME(FROM(MAC_WEB_B, MAC_WEB1), V4(IP4_WEB_C, IP4_WEB1), ACK), WEB1 },
		{ UPLINK, SAME(FROM(MAC_WEB_B, MAC_WEB1), V4(IP4_WEB_C, IP4_WEB1), MORE), WEB1 },
		{ WEB1, .in = PKT(FROM(MAC_WEB1, MAC_WEB_C), V4(IP4_WEB1, IP4_WEB_C), MORE_BACK),
			.as = PKT(FROM(MAC_WEB1, MAC_WEB_B), V4(IP4_WEB1, IP4_WEB_C), MORE_BACK), .via = TUNNEL_B } } },
	{ "so does one for the world, whose gateway is another", .steps = {
		{ UPLINK, SAME(FROM(MAC_WEB_B, MAC_WEB1), V4(IP4_ELSE, IP4_WEB1), ASK(53)), WEB1 },
		{ WEB1, .in = PKT(FROM(MAC_WEB1, ROUTER), V4(IP4_WEB1, IP4_ELSE), REPLY(53)),
			.as = PKT(FROM(MAC_WEB1, MAC_WEB_B), V4(IP4_WEB1, IP4_ELSE), REPLY(53)), .via = TUNNEL_B } } },
	{ "an address of this node's may come back from another node's router", .steps = {
		{ UPLINK, SAME(FROM(MAC_WEB_B, MAC_WEB1), V4(IP4_WEB2, IP4_WEB1), ASK(53)), WEB1 },
		{ WEB1, .in = PKT(FROM(MAC_WEB1, MAC_WEB2), V4(IP4_WEB1, IP4_WEB2), REPLY(53)),
			.as = PKT(FROM(MAC_WEB1, MAC_WEB_B), V4(IP4_WEB1, IP4_WEB2), REPLY(53)), .via = TUNNEL_B } } },
	{ "a node that knows no routers answers to the client, and still the router here gets it", .steps = {
		{ WEB3, SAME(FROM(ROUTER, MAC_WEB_B), V4(IP4_WEB1, IP4_WEB_B), ASK(53)), .via = TUNNEL_B },
		{ UPLINK, .in = PKT(FROM(MAC_WEB_B, MAC_WEB1), V4(IP4_WEB_B, IP4_WEB1), REPLY(53)),
			  .as = PKT(FROM(MAC_WEB_B, ROUTER), V4(IP4_WEB_B, IP4_WEB1), REPLY(53)), WEB3 } } },
	{ "an error about what was routed goes back to the router", .steps = {
		{ WEB3, SAME(FROM(ROUTER, MAC_WEB2), V4(IP4_WEB1, IP4_WEB2), ASK(53)), WEB2 },
		{ WEB2, .in = PKT(FROM(MAC_WEB2, MAC_WEB1), V4(IP4_WEB2, IP4_WEB1), UNREACHABLE(IP4_WEB1, IP4_WEB2)),
			.as = PKT(FROM(MAC_WEB2, ROUTER), V4(IP4_WEB2, IP4_WEB1), UNREACHABLE(IP4_WEB1, IP4_WEB2)),
			WEB3 },
		{ WEB2, SAME(FROM(MAC_WEB2, MAC_WEB1), V4(IP4_WEB2, IP4_WEB1), UNREACHABLE(IP4_WEB3, IP4_WEB2)),
			WEB1 },
		{ WEB3, SAME(FROM(ROUTER, MAC_WEB2), V4(IP4_WEB1, IP4_WEB2), ICMP(.type = 3, .code = 3),
			V4(IP4_WEB2, IP4_WEB1), REPLY(53)), WEB2 } } },
	{ "what the router says for itself is no different", .steps = {
		{ WEB3, SAME(FROM(ROUTER, MAC_WEB2), V4(IP4_WEB3, IP4_WEB2), ASK(53)), WEB2 },
		{ WEB2, SAME(FROM(MAC_WEB2, MAC_WEB1), V4(IP4_WEB2, IP4_WEB3), REPLY(53)), .drop =
			WEFT_DROP_ADDR_NOT_RECEIVER } } },
	{ "what the client says directly makes the flow a direct one", .steps = {
		{ WEB3, SAME(FROM(ROUTER, MAC_WEB2), V4(IP4_WEB1, IP4_WEB2), ASK(53)), WEB2 },
		{ WEB1, SAME(FROM(MAC_WEB1, MAC_WEB2), V4(IP4_WEB1, IP4_WEB2), ASK(53)), WEB2 },
		{ WEB2, SAME(FROM(MAC_WEB2, MAC_WEB1), V4(IP4_WEB2, IP4_WEB1), REPLY(53)), WEB1 } } },
	{ "both halves of a routed way, within one flow", .steps = {
		{ WEB1, SAME(FROM(MAC_WEB1, ROUTER), V4(IP4_WEB1, IP4_WEB2), ASK(53)), WEB3 },
		{ WEB3, SAME(FROM(ROUTER, MAC_WEB2), V4(IP4_WEB1, IP4_WEB2), ASK(53)), WEB2 },
		{ WEB2, SAME(FROM(MAC_WEB2, ROUTER), V4(IP4_WEB2, IP4_WEB1), REPLY(53)), WEB3 },
		{ WEB3, SAME(FROM(ROUTER, MAC_WEB1), V4(IP4_WEB2, IP4_WEB1), REPLY(53)), WEB1 },
		{ WEB1, SAME(FROM(MAC_WEB1, ROUTER), V4(IP4_WEB1, IP4_WEB2), ASK(53)), WEB3 },
		{ WEB3, SAME(FROM(ROUTER, MAC_WEB2), V4(IP4_WEB1, IP4_WEB2), ASK(53)), WEB2 },
		{ WEB2, .in = PKT(FROM(MAC_WEB2, MAC_WEB1), V4(IP4_WEB2, IP4_WEB1), REPLY(53)),
			.as = PKT(FROM(MAC_WEB2, ROUTER), V4(IP4_WEB2, IP4_WEB1), REPLY(53)), WEB3 },
		{ WEB3, SAME(FROM(ROUTER, MAC_WEB1), V4(IP4_WEB2, IP4_WEB1), REPLY(53)), WEB1 } } },
	{ "a router that is one no more", .steps = {
		{ WEB3, SAME(FROM(ROUTER, MAC_WEB2), V4(IP4_WEB1, IP4_WEB2), ASK(53)), WEB2 },
		{ WEB2, SAME(FROM(MAC_WEB2, MAC_WEB1), V4(IP4_WEB2, IP4_WEB1), REPLY(53)), WEB1, .change = no_routers },
		{ WEB3, .in = PKT(FROM(ROUTER, MAC_WEB2), V4(IP4_WEB1, IP4_WEB2), ASK(54)), LOST(ADDR_SPOOFED) } } },
	{ "who is none pulls nobody's answers to himself", .setup = no_security, .steps = {
		{ WEB2, SAME(FROM(MAC_WEB2, MAC_WEB_C), V4(IP4_WEB1, IP4_WEB_C), ASK(53)), .via = TUNNEL_C },
		{ UPLINK, SAME(FROM(MAC_WEB_B, MAC_WEB1), V4(IP4_WEB_B, IP4_WEB1), ASK(54)), WEB1 },
		{ WEB1, SAME(FROM(MAC_WEB1, MAC_WEB_B), V4(IP4_WEB1, IP4_WEB_B), REPLY(54)), .via = TUNNEL_B },
		{ WEB2, SAME(FROM(MAC_WEB2, MAC_WEB1), V4(IP4_WEB_B, IP4_WEB1), ASK(55)), WEB1 },
		{ WEB1, SAME(FROM(MAC_WEB1, MAC_WEB_B), V4(IP4_WEB1, IP4_WEB_B), REPLY(55)), .via = TUNNEL_B } } },
	{ "a router is none with another MAC address, nor in ARP, nor to groups", .steps = {
		{ WEB3, .in = PKT(FROM(MAC_WEB1, MAC_WEB2), V4(IP4_WEB1, IP4_WEB2), ASK(53)), LOST(MAC_SPOOFED) },
		{ WEB3, .in = PKT(FROM(ROUTER, MAC_BROADCAST), V4(IP4_WEB1, IP4_BROADCAST), ASK(53)), LOST(ADDR_SPOOFED) },
		{ WEB3, .in = PKT(FROM(ROUTER, MAC_WEB2), ARP(.op = 2, .sha = MAC_WEB3, .spa = IP4_WEB1,
			.tha = MAC_WEB2, .tpa = IP4_WEB2)), LOST(ARP_SPOOFED) },
		{ WEB3, .in = PKT(FROM(ROUTER, MAC_WEB2), V6(LLA, IP6_WEB2), ASK(53)), LOST(ADDR_NOT_OWN) },
		{ WEB3, .in = PKT(FROM(ROUTER, MAC_WEB2), V4(IP4_GROUP, IP4_WEB2), ASK(53)), LOST(ADDR_NOT_OWN) },
		{ WEB3, .in = PKT(FROM(ROUTER, MAC_WEB2), V4(SVC, IP4_WEB2), UDP(.sport = 67, .dport = 68), DATA(240)),
		  LOST(DHCP_SERVER) },
		{ WEB1, .in = PKT(FROM(MAC_WEB1, MAC_WEB2), V4(IP4_WEB1, SVC), ASK(53)), LOST(ADDR_NOT_RECEIVER) } } },
	{ "a workload that may use the router's MAC address is none", .setup = a_pair, .steps = {
		{ WEB1, .in = PKT(FROM(ROUTER, MAC_WEB2), V4(IP4_WEB_C, IP4_WEB2), ASK(53)), LOST(ADDR_SPOOFED) } } },
	{ "groups of a client on a trunk", .setup = web3_in_mix_trunk, .steps = {
		{ WEB3, SAME(FROM(ROUTER, MAC_MIX(TUNNEL_GENEVE4)), V4(IP4_MIX1, IP4_MIX), ASK(53)),
		  .via = TUNNEL_GENEVE4, .identity = IDENTITY_MIX1 } } },
	{ "groups: the client's go along, not the router's", .setup = web3_in_mix, .steps = {
		{ WEB3, SAME(FROM(ROUTER, MAC_MIX(TUNNEL_GENEVE4)), V4(IP4_MIX1, IP4_MIX), ASK(53)),
		  .via = TUNNEL_GENEVE4, .identity = IDENTITY_MIX1 },
		{ WEB3, SAME(FROM(ROUTER, MAC_MIX(TUNNEL_GENEVE4)), V4(IP4_MIX1, IP4_MIX), ASK(53)),
		  .via = TUNNEL_GENEVE4, .identity = IDENTITY_MIX1 },
		{ WEB3, SAME(FROM(ROUTER, MAC_MIX(TUNNEL_GENEVE4)), V4(IP4_MIX1, IP4_MIX), ASK(53)),
		  .via = TUNNEL_GENEVE4, .identity = IDENTITY_MIX1, .change = moved },
		{ WEB3, SAME(FROM(ROUTER, MAC_MIX(TUNNEL_GBP4)), V4(IP4_MIX1, IP4_MIX), ASK(54)),
		  .via = TUNNEL_GBP4, .identity = IDENTITY_MIX1 },
		{ WEB3, SAME(FROM(ROUTER, MAC_MIX(TUNNEL_GENEVE4)), V4(SVC, IP4_MIX), ASK(53)),
		  .via = TUNNEL_GENEVE4 },
		{ WEB3, SAME(FROM(ROUTER, MAC_MIX(TUNNEL_GENEVE4)), V4(IP4_MIX1, IP4_MIX), ICMP(.type = 42), DATA(8)),
		  .via = TUNNEL_GENEVE4, .identity = IDENTITY_MIX1 } } },
};

#define OUTER ETH(.dst = MAC_UPLINK, .src = MAC_ROUTER), IP4(.src = VTEP4_B, .dst = VTEP4_A), \
	UDP(.sport = 50000, .dport = 4789), VXLAN(.vni = VNI_WEB)
/* clang-format on */

/* @step's frame as it comes in: from the uplink, in the tunnel from b. */
static void build(const struct step *step, struct packet *in)
{
	struct layer outer[16] = {OUTER};
	int n = 4;

	if (step->from == UPLINK) {
		for (const struct layer *l = step->in; l->kind != L_END; l++)
			outer[n++] = *l;
		outer[n] = (struct layer){.kind = L_END};
		packet_build(in, outer, NULL);
	} else {
		packet_build(in, step->in, NULL);
	}
}

/* Where it went, or for what reason it did not go anywhere. */
static void check_way(const struct step *step, int number)
{
	struct moved moved[MOVED_MAX];
	enum weft_drop drop = 0;
	__u32 port = 0, sent = 0;
	int n = counters_moved(moved);

	for (int i = 0; i < n; i++) {
		if (moved[i].kind == C_DROP)
			drop = moved[i].reason;
		else if (moved[i].kind == C_TO_PORT)
			port = moved[i].id;
		else if (moved[i].kind == C_NET_TO_UNDERLAY)
			sent++;
	}
	check(drop == step->drop, "packet %d: %s", number, drop ? drop_name(drop) : "passed");
	if (step->drop)
		return;
	check(sent == !!step->via, "packet %d: %s into a tunnel", number, sent ? "goes" : "not");
	check(port == (step->via ? 0 : PORT_ID(step->to)), "packet %d: to port %u", number, port);
}

static void run_step(const struct step *step, int number)
{
	static struct packet in, as, want;
	static struct run r;
	bool mix = step->via >= TUNNEL_NVGRE4;

	build(step, &in);
	r = (struct run){.prog = step->from == UPLINK ? TC_UNDERLAY : FROM_PORT,
			 .ifindex = wires_index(step->from)};
	assert_int_equal(prog_run(&r, in.data, in.len), 0);
	check(r.verdict == (step->drop ? TC_SHOT : TC_REDIRECT), "packet %d: verdict %d", number,
	      r.verdict);
	check_way(step, number);
	if (step->drop)
		return;
	packet_build(&as, step->as, NULL);
	if (step->via)
		tunnel_wrap(step->via, &as, mix ? VNI_MIX : VNI_WEB, 0, step->identity,
			    PORT_ID(step->from), &want);
	else
		want = as;
	check(check_packet("the packet", &want, r.data, r.len), "packet %d", number);
}

static void test_story(void **state)
{
	const struct story *story = *state;
	struct weft_vlan_key native = {.ifindex = wires_index(MIX1)};

	hand_clear();
	flows_clear();
	routers(true);
	if (story->setup)
		story->setup();
	check_begin();
	for (int i = 0; i < STEPS_MAX && story->steps[i].in; i++) {
		if (story->steps[i].change)
			story->steps[i].change();
		run_step(&story->steps[i], i);
	}
	hand_clear();
	flows_clear();
	table_clear("weft_fdb");
	table_clear("weft_pairs");
	table_delete("weft_vlans", &native);
	tables_fill();
	check_end();
}

int test_routed(void)
{
	return run_rows("routed", stories, sizeof(stories) / sizeof(stories[0]), sizeof(stories[0]),
			test_story);
}
