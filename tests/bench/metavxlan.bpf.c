/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The shape of overlay that container networks commonly have: the kernel's vxlan device in
 * collect-metadata mode, and TC programs that tell it where to send. At a port a program looks the
 * frame's MAC up, sets the tunnel key and redirects to the device; behind the device another one
 * looks VNI and MAC up and delivers with bpf_redirect_peer(). One look-up each, no firewall, no
 * counters: a peer that has taken everything off which could be taken. Set up by peers.py.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_helpers.h>
#include "metavxlan.h"

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, struct meta_key);
	__type(value, struct meta_value);
} meta_fdb SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, __u32); /* ifindex of a port */
	__type(value, __u32);
} meta_vni SEC(".maps");

static __always_inline struct meta_value *look_up(struct __sk_buff *skb, __u32 vni)
{
	void *data = (void *)(long)skb->data;
	struct meta_key key = {.vni = vni};

	if (data + ETH_HLEN > (void *)(long)skb->data_end)
		return NULL;
	__builtin_memcpy(key.mac, data, ETH_ALEN);
	return bpf_map_lookup_elem(&meta_fdb, &key);
}

SEC("tc")
int meta_from_port(struct __sk_buff *skb)
{
	__u32 ifindex = skb->ifindex, *vni = bpf_map_lookup_elem(&meta_vni, &ifindex);
	struct bpf_tunnel_key key = {.tunnel_ttl = 64};
	struct meta_value *to = vni ? look_up(skb, *vni) : NULL;
	__u64 flags = BPF_F_ZERO_CSUM_TX;

	if (!to)
		return TC_ACT_SHOT;
	if (to->local)
		return bpf_redirect_peer(to->ifindex, 0);
	key.tunnel_id = *vni;
	if (to->ipv6) {
		flags |= BPF_F_TUNINFO_IPV6;
		__builtin_memcpy(key.remote_ipv6, to->remote, sizeof(key.remote_ipv6));
	} else {
		key.remote_ipv4 = to->remote[0];
	}
	if (bpf_skb_set_tunnel_key(skb, &key, sizeof(key), flags))
		return TC_ACT_SHOT;
	return bpf_redirect(to->ifindex, 0);
}

SEC("tc")
int meta_from_vxlan(struct __sk_buff *skb)
{
	struct bpf_tunnel_key key = {};
	struct meta_value *to;

	/* The kernel answers only if flag and family of the packet agree. */
	if (bpf_skb_get_tunnel_key(skb, &key, sizeof(key), 0) &&
	    bpf_skb_get_tunnel_key(skb, &key, sizeof(key), BPF_F_TUNINFO_IPV6))
		return TC_ACT_SHOT;
	to = look_up(skb, key.tunnel_id);
	if (!to || !to->local)
		return TC_ACT_SHOT;
	return bpf_redirect_peer(to->ifindex, 0);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
