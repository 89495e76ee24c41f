/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* See live.h. By clsact, which every supported kernel has; tcx is for the end-to-end tests. */
#include <bpf/libbpf.h>
#include <linux/if_link.h>
#include <linux/if_packet.h>
#include <string.h>

#include "check.h"
#include "live.h"
#include "prog_run.h"
#include "wires.h"

static bool has_hook[WIRE_MAX];

static int attach_tc(enum wire wire, enum prog prog)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = wires_index(wire),
		    .attach_point = BPF_TC_INGRESS);
	LIBBPF_OPTS(bpf_tc_opts, opts, .prog_fd = prog_fd(prog), .handle = 1, .priority = 1,
		    .flags = BPF_TC_F_REPLACE);
	int err = has_hook[wire] ? 0 : bpf_tc_hook_create(&hook);

	if (err)
		return err;
	has_hook[wire] = true;
	return bpf_tc_attach(&hook, &opts);
}

static int detach_tc(enum wire wire)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = wires_index(wire),
		    .attach_point = BPF_TC_INGRESS | BPF_TC_EGRESS);

	if (!has_hook[wire])
		return 0;
	has_hook[wire] = false;
	return bpf_tc_hook_destroy(&hook);
}

static int detach_xdp(void)
{
	int err = bpf_xdp_detach(wires_index(UPLINK), XDP_FLAGS_DRV_MODE, NULL);

	return err ? err : bpf_xdp_detach(wires_index(UPLINK), XDP_FLAGS_SKB_MODE, NULL);
}

int live_ports(void)
{
	int err = 0;

	for (enum wire wire = 0; !err && wire < UPLINK; wire++)
		err = attach_tc(wire, FROM_PORT);
	return err;
}

int live_uplink(enum live_mode mode)
{
	__u32 ifindex = wires_index(UPLINK);
	int err = detach_xdp();

	if (!err)
		err = mode == LIVE_XDP_ALONE ? detach_tc(UPLINK) : attach_tc(UPLINK, TC_UNDERLAY);
	if (err || mode == LIVE_TC)
		return err;
	if (mode == LIVE_XDP_GENERIC)
		return bpf_xdp_attach(ifindex, prog_fd(XDP_GENERIC), XDP_FLAGS_SKB_MODE, NULL);
	return bpf_xdp_attach(ifindex, prog_fd(XDP_UNDERLAY), XDP_FLAGS_DRV_MODE, NULL);
}

int live_detach(void)
{
	int err = detach_xdp();

	for (enum wire wire = 0; wire < WIRE_MAX; wire++)
		err = err ? err : detach_tc(wire);
	return err;
}

/* A receiver's stack goes by these two, not by the frame. Each port's MAC address is its
 * workload's. */
static void expect_arrival(const __u8 *frame, enum wire at)
{
	static const __u8 macs[WIRE_MAX][WEFT_ETH_ALEN] = {
		[WEB1] = MAC_WEB1,   [WEB2] = MAC_WEB2, [WEB3] = MAC_WEB3,     [DB1] = MAC_DB1,
		[LONE1] = MAC_LONE1, [MIX1] = MAC_MIX1, [UPLINK] = MAC_ROUTER,
	};
	static const __u8 all[] = MAC_BROADCAST;
	struct arrival a = wires_arrival();
	__u16 proto = frame[12] << 8 | frame[13];
	__u8 type = !memcmp(frame, all, sizeof(all))        ? PACKET_BROADCAST
		    : frame[0] & 1                          ? PACKET_MULTICAST
		    : !memcmp(frame, macs[at], sizeof(all)) ? PACKET_HOST
							    : PACKET_OTHERHOST;

	check(a.protocol == proto, "a frame of type %04x taken for %04x", proto, a.protocol);
	/* An answer to all nodes, which only its asker gets, may be called what it is: for us. */
	check(a.pkttype == type || (a.pkttype == PACKET_HOST && type != PACKET_OTHERHOST),
	      "packet type %u, not %u", a.pkttype, type);
}

void live_expect(const char *what, enum wire at, const struct packet *want)
{
	static __u8 got[PACKET_MAX];
	int n = wires_receive(at, got, sizeof(got), NULL, check_patience());

	if (!check(n > 0, "%s: nothing came", what))
		return;
	check_packet(what, want, got, n);
	expect_arrival(got, at);
}

void live_expect_no_more(void)
{
	static __u8 got[PACKET_MAX];

	for (enum wire wire = 0; wire < UPLINK; wire++)
		check(wires_receive(wire, got, sizeof(got), NULL, 0) < 0,
		      "a frame too much at port %u", wire);
}
