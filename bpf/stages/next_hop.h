/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Stage 5a, next hop: who on the underlay's link gets an encapsulated packet. Called by encap.h.
 *
 * The route to a remote VTEP is the kernel's business, and so is the neighbour's MAC address. But
 * the kernel looks the route up for every packet, which takes longer than writing all the headers.
 * So each CPU remembers the answer for a moment: a change of routes takes effect that much later.
 * The neighbour is found anew with every packet.
 */
#ifndef WEFT_BPF_STAGES_NEXT_HOP_H
#define WEFT_BPF_STAGES_NEXT_HOP_H

#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/udp.h>

#include "flow_table.h"

#define WEFT_NEXT_HOPS 256 /* a power of two */
#define WEFT_NEXT_HOP_TICKS                                                                        \
	16 /* 16, 64 or 160 ms where the kernel has 1000, 250 or 100 a second                      \
	    */

/* <sys/socket.h> is not for BPF. */
#define WEFT_AF_INET  2
#define WEFT_AF_INET6 10

/**
 * struct weft_next_hop - `weft_next_hop`: what the kernel said about a tunnel's remote VTEP.
 * @generation: under which the tunnel was what it is.
 * @tunnel: its id.
 * @ticks: when that was, in jiffies, low word.
 * @nh: as bpf_redirect_neigh() wants it; nh_family 0: there was no simple answer.
 * @fib: the question. Only room for it, which the stack has not.
 */
struct weft_next_hop {
	struct weft_generation generation;
	__u32 tunnel;
	__u32 ticks;
	struct bpf_redir_neigh nh;
	__u32 pad;
	struct bpf_fib_lookup fib;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, WEFT_NEXT_HOPS);
	__type(key, __u32);
	__type(value, struct weft_next_hop);
} weft_next_hop SEC(".maps");

static __always_inline void weft_next_hop_ask4(struct weft_next_hop *n, const struct weft_tunnel *t)
{
	const struct iphdr *ip = (const void *)t->header;

	n->fib.family = WEFT_AF_INET;
	n->fib.l4_protocol = ip->protocol;
	__builtin_memcpy(&n->fib.ipv4_src, &ip->saddr, sizeof(n->fib.ipv4_src));
	n->fib.ipv4_dst = t->remote.words[3];
}

static __always_inline void weft_next_hop_ask6(struct weft_next_hop *n, const struct weft_tunnel *t)
{
	const struct ipv6hdr *ip = (const void *)t->header;

	n->fib.family = WEFT_AF_INET6;
	n->fib.l4_protocol = ip->nexthdr;
	__builtin_memcpy(n->fib.ipv6_src, &ip->saddr, sizeof(n->fib.ipv6_src));
	__builtin_memcpy(n->fib.ipv6_dst, &t->remote, sizeof(n->fib.ipv6_dst));
}

/*
 * A route by another interface than the tunnel's, by a gateway of the other family, or none at all
 * is left to bpf_redirect_neigh(), with what it does about it. That the neighbour is not known yet
 * is not: the packet is what makes the kernel ask.
 *
 * A global function, verified once.
 */
__attribute__((noinline)) int weft_next_hop_find(weft_ctx *ctx, struct weft_next_hop *n,
						 struct weft_tunnel *t)
{
	__u8 family;
	long err;

	if (!n || !t)
		return 0;
	__builtin_memset(&n->fib, 0, sizeof(n->fib));
	n->nh.nh_family = 0;
	n->fib.ifindex = t->ifindex;
	if (t->family == WEFT_FAMILY_IPV4)
		weft_next_hop_ask4(n, t);
	else
		weft_next_hop_ask6(n, t);
	family = n->fib.family;
	err = bpf_fib_lookup(ctx, &n->fib, sizeof(n->fib), BPF_FIB_LOOKUP_OUTPUT);
	if ((err != BPF_FIB_LKUP_RET_SUCCESS && err != BPF_FIB_LKUP_RET_NO_NEIGH) ||
	    n->fib.ifindex != t->ifindex || n->fib.family != family)
		return 0;
	__builtin_memcpy(n->nh.ipv6_nh, n->fib.ipv6_dst, sizeof(n->nh.ipv6_nh));
	n->nh.nh_family = family;
	return 0;
}

/**
 * weft_send_to_next_hop - send an encapsulated packet on its way.
 * @id, @t: the tunnel.
 */
static __always_inline void weft_send_to_next_hop(weft_ctx *ctx, const struct weft_pkt *p, __u32 id,
						  struct weft_tunnel *t)
{
	__u32 slot = id % WEFT_NEXT_HOPS, now = weft_ticks();
	struct weft_next_hop *n = bpf_map_lookup_elem(&weft_next_hop, &slot);

	if (n && (n->tunnel != id || now - n->ticks >= WEFT_NEXT_HOP_TICKS ||
		  weft_word(&n->generation) != weft_word(&p->generation))) {
		n->generation = p->generation;
		n->tunnel = id;
		n->ticks = now;
		weft_next_hop_find(ctx, n, t);
	}
	if (n && n->nh.nh_family)
		bpf_redirect_neigh(t->ifindex, &n->nh, sizeof(n->nh), 0);
	else
		bpf_redirect_neigh(t->ifindex, 0, 0, 0);
}

#endif
