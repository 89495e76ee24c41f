/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * What tests of an uplink run; no packet of a workload meets these. See loader/offload_rx.h and
 * loader/offload_tx.h.
 */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#define PROBE_MAGIC  0x77656674 /* "weft" */
#define PROBE_HEADER 64         /* Ethernet, IPv4, UDP, VXLAN, Ethernet */
#define ETH_LEN      14

/* What xdp_looks and tc_looks saw: packets; those that took metadata; at TC, those with and without
 * it. */
__u64 probe_frames;
__u64 probe_with;
__u64 probe_arrived;
__u64 probe_bare;

/* What tc_sends writes in front, and where to. */
__u8 probe_header[PROBE_HEADER];
__u32 probe_ifindex;

/* Puts its mark on every packet, if there is room for one. Takes packets of several buffers, as
 * xdp_underlay does: with jumbo frames, a driver may refuse one that does not. */
SEC("xdp.frags")
int xdp_looks(struct xdp_md *xdp)
{
	__u32 *meta;

	__sync_fetch_and_add(&probe_frames, 1);
	if (bpf_xdp_adjust_meta(xdp, -(int)sizeof(*meta)))
		return XDP_PASS;
	meta = (void *)(long)xdp->data_meta;
	if ((void *)(meta + 1) > (void *)(long)xdp->data)
		return XDP_PASS;
	*meta = PROBE_MAGIC;
	__sync_fetch_and_add(&probe_with, 1);
	return XDP_PASS;
}

/* The stack takes a tag off before this, and metadata with it: such packets tell nothing. */
SEC("tc")
int tc_looks(struct __sk_buff *skb)
{
	const __u32 *meta = (void *)(long)skb->data_meta;

	if (skb->vlan_present)
		return TC_ACT_UNSPEC;
	if ((void *)(meta + 1) <= (void *)(long)skb->data && *meta == PROBE_MAGIC)
		__sync_fetch_and_add(&probe_arrived, 1);
	else
		__sync_fetch_and_add(&probe_bare, 1);
	return TC_ACT_UNSPEC;
}

/* As weft_encap_grow() does it for VXLAN over IPv4. */
SEC("tc")
int tc_sends(struct __sk_buff *skb)
{
	const __u64 flags = BPF_F_ADJ_ROOM_FIXED_GSO | BPF_F_ADJ_ROOM_ENCAP_L2(ETH_LEN) |
			    BPF_F_ADJ_ROOM_ENCAP_L2_ETH | BPF_F_ADJ_ROOM_ENCAP_L3_IPV4 |
			    BPF_F_ADJ_ROOM_ENCAP_L4_UDP;

	if (bpf_skb_adjust_room(skb, PROBE_HEADER - ETH_LEN, BPF_ADJ_ROOM_MAC, flags) ||
	    bpf_skb_store_bytes(skb, 0, probe_header, PROBE_HEADER, 0))
		return TC_ACT_SHOT;
	return bpf_redirect(probe_ifindex, 0);
}
