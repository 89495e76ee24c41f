/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The floor: hard-coded VXLAN encap and decap with no look-up, no counter and no decision, attached
 * where weft's programs attach. It is what the same work costs with everything taken away that
 * makes it a switch, so weft's price is the distance to it. Loaded by floorctl.c, which fills in
 * floor_cfg; measured by progrun.c alone and by the bench's "floor" contender under traffic. Not a
 * program for anybody's network.
 *
 * Headers are moved in whole words: packed structs would be copied byte by byte, and a floor has to
 * be the best one can do.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include "floor.h"

const volatile struct floor_cfg floor_cfg = {};

/* What the XDP half leaves for the TC half. */
struct floor_meta {
	__u32 magic;
	__u32 vni; /* as on the wire */
};

#define FLOOR_MAGIC 0x666c6f6f
#define ENCAP_FLAGS                                                                                \
	(BPF_F_ADJ_ROOM_FIXED_GSO | BPF_F_ADJ_ROOM_ENCAP_L4_UDP |                                  \
	 BPF_F_ADJ_ROOM_ENCAP_L2(ETH_HLEN) | BPF_F_ADJ_ROOM_ENCAP_L2_ETH)

/* Byte offsets in the outer headers. */
enum {
	AT_PROTO = 12,
	AT4_TOT_LEN = 16,
	AT4_L4_PROTO = 23,
	AT4_CHECK = 24,
	AT4_DPORT = 36,
	AT4_UDP_LEN = 38,
	AT4_VNI = 46,
	AT6_LEN = 18,
	AT6_L4_PROTO = 20,
	AT6_DPORT = 56,
	AT6_UDP_LEN = 58,
	AT6_VNI = 66,
};

#define U8(p, at)  (*(__u8 *)((p) + (at)))
#define U16(p, at) (*(__u16 *)((p) + (at)))
#define U32(p, at) (*(__u32 *)((p) + (at)))
#define U64(p, at) (*(__u64 *)((p) + (at)))

/* An Ethernet header on its way from one place to another. */
struct eth_words {
	__u64 a;
	__u32 b;
	__u16 c;
};

static __always_inline struct eth_words eth_load(void *p)
{
	return (struct eth_words){U64(p, 0), U32(p, 8), U16(p, 12)};
}

static __always_inline void eth_store(void *p, struct eth_words eth)
{
	U64(p, 0) = eth.a;
	U32(p, 8) = eth.b;
	U16(p, 12) = eth.c;
}

static __always_inline int is_vxlan4(void *data, void *end)
{
	return data + FLOOR_OUTER4 + ETH_HLEN <= end &&
	       U16(data, AT_PROTO) == bpf_htons(ETH_P_IP) &&
	       U8(data, AT4_L4_PROTO) == IPPROTO_UDP &&
	       U16(data, AT4_DPORT) == bpf_htons(FLOOR_VXLAN_PORT);
}

static __always_inline int is_vxlan6(void *data, void *end)
{
	return data + FLOOR_OUTER6 + ETH_HLEN <= end &&
	       U16(data, AT_PROTO) == bpf_htons(ETH_P_IPV6) &&
	       U8(data, AT6_L4_PROTO) == IPPROTO_UDP &&
	       U16(data, AT6_DPORT) == bpf_htons(FLOOR_VXLAN_PORT);
}

static __always_inline int xdp_strip(struct xdp_md *ctx, int outer, __u32 vni)
{
	struct floor_meta *meta;

	if (bpf_xdp_adjust_head(ctx, outer) || bpf_xdp_adjust_meta(ctx, -(int)sizeof(*meta)))
		return XDP_ABORTED;
	meta = (void *)(long)ctx->data_meta;
	if ((void *)(meta + 1) > (void *)(long)ctx->data)
		return XDP_ABORTED;
	meta->magic = FLOOR_MAGIC;
	meta->vni = vni;
	return XDP_PASS;
}

SEC("xdp")
int floor_xdp4(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;

	if (!is_vxlan4(data, (void *)(long)ctx->data_end))
		return XDP_PASS;
	return xdp_strip(ctx, FLOOR_OUTER4, U32(data, AT4_VNI));
}

SEC("xdp")
int floor_xdp6(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;

	if (!is_vxlan6(data, (void *)(long)ctx->data_end))
		return XDP_PASS;
	return xdp_strip(ctx, FLOOR_OUTER6, U32(data, AT6_VNI));
}

/* The stack has marked the frame PACKET_OTHERHOST: its MAC is the workload's, not the uplink's. */
static __always_inline int deliver(struct __sk_buff *skb)
{
	bpf_skb_change_type(skb, 0 /* PACKET_HOST */);
	return bpf_redirect_peer(floor_cfg.port_ifindex, 0);
}

/* Uplink, behind floor_xdp4/6. */
SEC("tc")
int floor_tc_meta(struct __sk_buff *skb)
{
	struct floor_meta *meta = (void *)(long)skb->data_meta;

	if ((void *)(meta + 1) > (void *)(long)skb->data || meta->magic != FLOOR_MAGIC)
		return TC_ACT_UNSPEC;
	return deliver(skb);
}

/* adjust_room keeps the outer Ethernet header, so the inner one is saved and written over it. */
static __always_inline int tc_strip(struct __sk_buff *skb, int outer)
{
	void *data = (void *)(long)skb->data;
	struct eth_words eth = eth_load(data + outer);

	if (bpf_skb_adjust_room(skb, -outer, BPF_ADJ_ROOM_MAC, BPF_F_ADJ_ROOM_FIXED_GSO))
		return TC_ACT_SHOT;
	data = (void *)(long)skb->data;
	if (data + ETH_HLEN > (void *)(long)skb->data_end)
		return TC_ACT_SHOT;
	eth_store(data, eth);
	return deliver(skb);
}

/* Uplink, where XDP is off. */
SEC("tc")
int floor_tc_decap4(struct __sk_buff *skb)
{
	if (!is_vxlan4((void *)(long)skb->data, (void *)(long)skb->data_end))
		return TC_ACT_UNSPEC;
	return tc_strip(skb, FLOOR_OUTER4);
}

SEC("tc")
int floor_tc_decap6(struct __sk_buff *skb)
{
	if (!is_vxlan6((void *)(long)skb->data, (void *)(long)skb->data_end))
		return TC_ACT_UNSPEC;
	return tc_strip(skb, FLOOR_OUTER6);
}

/* Grow by @outer bytes and put the inner Ethernet header behind them. @start: the frame's new
 * start, @outer + ETH_HLEN bytes of it checked. */
static __always_inline int tc_grow(struct __sk_buff *skb, int outer, __u64 family_flag,
				   void **start)
{
	void *data = (void *)(long)skb->data;
	struct eth_words eth;

	if (data + ETH_HLEN > (void *)(long)skb->data_end)
		return -1;
	eth = eth_load(data);
	if (bpf_skb_adjust_room(skb, outer, BPF_ADJ_ROOM_MAC, ENCAP_FLAGS | family_flag))
		return -1;
	data = (void *)(long)skb->data;
	if (data + outer + ETH_HLEN > (void *)(long)skb->data_end)
		return -1;
	eth_store(data + outer, eth);
	*start = data;
	return 0;
}

/* Port: a constant header with the lengths filled in. */
SEC("tc")
int floor_tc_encap4(struct __sk_buff *skb)
{
	__u32 l3_len = skb->len + FLOOR_OUTER4 - ETH_HLEN, sum;
	void *data;

	if (tc_grow(skb, FLOOR_OUTER4, BPF_F_ADJ_ROOM_ENCAP_L3_IPV4, &data))
		return TC_ACT_SHOT;
	for (int i = 0; i < FLOOR_OUTER4 / 8; i++)
		U64(data, 8 * i) = floor_cfg.outer4[i];
	U16(data, 48) = (__u16)floor_cfg.outer4[6];
	U16(data, AT4_TOT_LEN) = bpf_htons(l3_len);
	U16(data, AT4_UDP_LEN) = bpf_htons(l3_len - 20);
	/* The template's checksum is ~sum; adding a field to the sum takes it off its complement
	 * (RFC 1624). */
	sum = (__u16)~U16(data, AT4_CHECK) + bpf_htons(l3_len);
	U16(data, AT4_CHECK) = ~(sum + (sum >> 16));
	return bpf_redirect_neigh(floor_cfg.uplink_ifindex, NULL, 0, 0);
}

SEC("tc")
int floor_tc_encap6(struct __sk_buff *skb)
{
	__u32 l4_len = skb->len + FLOOR_OUTER6 - ETH_HLEN - 40;
	void *data;

	if (tc_grow(skb, FLOOR_OUTER6, BPF_F_ADJ_ROOM_ENCAP_L3_IPV6, &data))
		return TC_ACT_SHOT;
	for (int i = 0; i < FLOOR_OUTER6 / 8; i++)
		U64(data, 8 * i) = floor_cfg.outer6[i];
	U32(data, 64) = (__u32)floor_cfg.outer6[8];
	U16(data, 68) = (__u16)(floor_cfg.outer6[8] >> 32);
	U16(data, AT6_LEN) = bpf_htons(l4_len);
	U16(data, AT6_UDP_LEN) = bpf_htons(l4_len);
	return bpf_redirect_neigh(floor_cfg.uplink_ifindex, NULL, 0, 0);
}

/* Port: to the other port of the same host. */
SEC("tc")
int floor_tc_local(struct __sk_buff *skb)
{
	return bpf_redirect_peer(floor_cfg.port_ifindex, 0);
}

/* What entering and leaving a program costs, to be taken off the others. */
SEC("tc")
int floor_tc_nop(struct __sk_buff *skb)
{
	return TC_ACT_UNSPEC;
}

SEC("xdp")
int floor_xdp_nop(struct xdp_md *ctx)
{
	return XDP_PASS;
}

/* The least that can be done with a frame. */
SEC("xdp")
int floor_xdp_drop(struct xdp_md *ctx)
{
	return XDP_DROP;
}

/* A source of tagged frames, by live test runs: out to the interface. Pages come back as the stack
 * has left them, which takes a VLAN tag out by moving the addresses on; here they move back. */
SEC("xdp")
int floor_xdp_send_tagged(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;

	if (data + 18 > (void *)(long)ctx->data_end)
		return XDP_ABORTED;
	if (U16(data, AT_PROTO) != bpf_htons(ETH_P_8021Q)) {
		U64(data, 0) = U64(data, 4);
		U32(data, 8) = U32(data, 12);
		U32(data, AT_PROTO) = bpf_htonl(ETH_P_8021Q << 16 | FLOOR_VLAN);
	}
	return bpf_redirect(floor_cfg.uplink_ifindex, 0);
}

/* A source of frames that come back untouched. */
SEC("xdp")
int floor_xdp_send(struct xdp_md *ctx)
{
	return bpf_redirect(floor_cfg.uplink_ifindex, 0);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
