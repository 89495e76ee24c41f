/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Stage 5a, what does not fit: tell the sender the size that does. Called by encap.h and flood.h;
 * off the fast path.
 *
 * The error is sent in the name of the packet's own destination, as the kernel's tunnels do on a
 * bridge (net/ipv4/ip_tunnel_core.c, iptunnel_pmtud_build_icmp): in an L2 network there is no
 * router to speak for, and the destination is the one address that the sender's policy expects to
 * hear from. It is sent whether or not DF is set: a switch cannot fragment, and a sender that
 * learns the size will.
 */
#ifndef WEFT_BPF_STAGES_TOO_BIG_H
#define WEFT_BPF_STAGES_TOO_BIG_H

#include <linux/ip.h>
#include <linux/ipv6.h>
#include <bpf/bpf_endian.h>

#include "../lib/csum.h"
#include "deliver.h"

#define WEFT_QUOTE_CHUNK 128 /* bytes of the packet quoted per checksum step */
#define WEFT_QUOTE_V4    2   /* chunks; RFC 1812 section 4.3.2.3 asks for 28 bytes or more */
#define WEFT_QUOTE_V6    8   /* RFC 4443 section 3.2: much of it, within 1280 bytes in all */

/* An address that one host sends from. */
static __always_inline int weft_is_unicast4(const struct weft_addr *a)
{
	return a->bytes[12] != 0 && a->bytes[12] < 224;
}

static __always_inline int weft_is_unicast6(const struct weft_addr *a)
{
	return a->bytes[0] != 0xff && !weft_addr_is_zero(a);
}

/*
 * Never an error about an error, about a fragment's tail, to a sender that is nobody or everybody,
 * nor in the name of a group: no host may send from there. RFC 1122 section 3.2.2; RFC 4443
 * sections 2.2 and 2.4.
 */
static __always_inline int weft_may_answer(const struct weft_hdrs *h)
{
	if (h->flags & WEFT_H_FRAG_LATER || weft_mac_is_group(h->dmac))
		return 0;
	if (h->version == 4) {
		if (!weft_is_unicast4(&h->saddr) || !weft_is_unicast4(&h->daddr))
			return 0;
		return h->l4_proto != IPPROTO_ICMP || h->icmp_type == WEFT_ICMP_ECHO ||
		       h->icmp_type == WEFT_ICMP_ECHO_REPLY || h->icmp_type == WEFT_ICMP_TIMESTAMP;
	}
	if (h->version != 6 || !weft_is_unicast6(&h->saddr) || !weft_is_unicast6(&h->daddr))
		return 0;
	return h->l4_proto != IPPROTO_ICMPV6 || h->icmp_type >= WEFT_ICMP6_INFO;
}

/*
 * At most WEFT_ICMP_BURST at once and one per WEFT_ICMP_INTERVAL_NS in the long run, per port. The
 * slot holds the time at which the bucket will be full again; two CPUs that race let one more pass.
 */
static __always_inline int weft_icmp_allowed(__u32 port)
{
	__u64 *next = bpf_map_lookup_elem(&weft_icmp_next, &port);
	__u64 now = bpf_ktime_get_ns();
	__u64 at;

	if (!next)
		return 0;
	at = *next > now ? *next : now;
	if (at - now > WEFT_ICMP_INTERVAL_NS * (WEFT_ICMP_BURST - 1))
		return 0;
	*next = at + WEFT_ICMP_INTERVAL_NS;
	return 1;
}

/* Ones' complement sum of @chunks chunks from @off on; -1 if the packet is shorter. */
static __always_inline __s64 weft_sum_quote(struct weft_pkt *p, __u32 off, int chunks, __u32 sum)
{
	__u32 buf[WEFT_QUOTE_CHUNK / 4];
	__s64 csum = sum;

	for (int i = 0; i < chunks; i++) {
		if (ctx_load(p->ctx, off + i * WEFT_QUOTE_CHUNK, buf, sizeof(buf)))
			return -1;
		csum = bpf_csum_diff(0, 0, buf, sizeof(buf), csum);
		if (csum < 0)
			return -1;
	}
	return csum;
}

static __always_inline void weft_swap_macs(const struct weft_hdrs *h, __u8 *eth, __be16 proto)
{
	__builtin_memcpy(eth, h->smac, WEFT_ETH_ALEN);
	__builtin_memcpy(eth + WEFT_ETH_ALEN, h->dmac, WEFT_ETH_ALEN);
	__builtin_memcpy(eth + 2 * WEFT_ETH_ALEN, &proto, sizeof(proto));
}

/* Spec: RFC 792, RFC 1191 section 4 (next-hop MTU). */
static __attribute__((noinline)) int weft_too_big_v4(struct weft_pkt *p, __u32 mtu)
{
	struct {
		__u8 pad[2];
		__u8 eth[WEFT_ETH_HLEN];
		struct iphdr ip;
		struct weft_icmphdr icmp;
	} r = {
		.ip = {.version = 4, .ihl = 5, .ttl = 64, .protocol = IPPROTO_ICMP},
		.icmp = {.type = WEFT_ICMP_UNREACH, .code = WEFT_ICMP_CODE_FRAG_NEEDED},
	};
	const __u32 quote = WEFT_QUOTE_V4 * WEFT_QUOTE_CHUNK;
	__u32 extra = sizeof(r.ip) + sizeof(r.icmp);
	__s64 sum;

	if (bpf_skb_change_tail(p->ctx, WEFT_ETH_HLEN + quote, 0) ||
	    bpf_skb_adjust_room(p->ctx, extra, BPF_ADJ_ROOM_MAC, 0))
		return -1;
	weft_swap_macs(&p->h, r.eth, bpf_htons(WEFT_ETH_P_IPV4));
	r.ip.tot_len = bpf_htons(extra + quote);
	r.ip.saddr = p->h.daddr.words[3];
	r.ip.daddr = p->h.saddr.words[3];
	r.ip.check = weft_csum_fold(bpf_csum_diff(0, 0, (void *)&r.ip, sizeof(r.ip), 0));
	r.icmp.half[1] = bpf_htons(mtu);
	sum = bpf_csum_diff(0, 0, (void *)&r.icmp, sizeof(r.icmp), 0);
	sum = weft_sum_quote(p, WEFT_ETH_HLEN + extra, WEFT_QUOTE_V4, sum);
	if (sum < 0)
		return -1;
	r.icmp.csum = weft_csum_fold(sum);
	return ctx_store(p->ctx, 0, r.eth, sizeof(r) - sizeof(r.pad));
}

/* Spec: RFC 4443 section 3.2; pseudo-header: RFC 8200 section 8.1. */
static __attribute__((noinline)) int weft_too_big_v6(struct weft_pkt *p, __u32 mtu)
{
	struct {
		__u8 pad[2];
		__u8 eth[WEFT_ETH_HLEN];
		struct ipv6hdr ip;
		struct weft_icmphdr icmp;
	} r = {
		.ip = {.version = 6, .nexthdr = IPPROTO_ICMPV6, .hop_limit = 64},
		.icmp = {.type = WEFT_ICMP6_TOO_BIG},
	};
	const __u32 quote = WEFT_QUOTE_V6 * WEFT_QUOTE_CHUNK;
	__u32 extra = sizeof(r.ip) + sizeof(r.icmp);
	__be32 pseudo[2];
	__s64 sum;

	if (bpf_skb_change_tail(p->ctx, WEFT_ETH_HLEN + quote, 0) ||
	    bpf_skb_adjust_room(p->ctx, extra, BPF_ADJ_ROOM_MAC, 0))
		return -1;
	weft_swap_macs(&p->h, r.eth, bpf_htons(WEFT_ETH_P_IPV6));
	r.ip.payload_len = bpf_htons(sizeof(r.icmp) + quote);
	__builtin_memcpy(&r.ip.saddr, &p->h.daddr, sizeof(r.ip.saddr));
	__builtin_memcpy(&r.ip.daddr, &p->h.saddr, sizeof(r.ip.daddr));
	r.icmp.rest = bpf_htonl(mtu);
	pseudo[0] = bpf_htonl(sizeof(r.icmp) + quote);
	pseudo[1] = bpf_htonl(IPPROTO_ICMPV6);
	sum = bpf_csum_diff(0, 0, (void *)&r.ip.saddr, 2 * sizeof(r.ip.saddr), 0);
	sum = bpf_csum_diff(0, 0, pseudo, sizeof(pseudo), sum);
	sum = bpf_csum_diff(0, 0, (void *)&r.icmp, sizeof(r.icmp), sum);
	sum = weft_sum_quote(p, WEFT_ETH_HLEN + extra, WEFT_QUOTE_V6, sum);
	if (sum < 0)
		return -1;
	r.icmp.csum = weft_csum_fold(sum);
	return ctx_store(p->ctx, 0, r.eth, sizeof(r) - sizeof(r.pad));
}

/**
 * weft_fits - is every segment of @p at most @mtu bytes of L3 packet?
 *
 * A GSO packet is judged by what its segments will be: headers plus gso_size.
 */
static __always_inline int weft_fits(const struct weft_pkt *p, __u32 mtu)
{
	if (p->gso_size)
		return p->gso_size + p->h.l4_off + p->h.l4_hlen - p->h.l3_off <= mtu;
	return p->len - p->h.l3_off <= mtu;
}

/**
 * weft_too_big - stage 5a: answer a packet that does not fit.
 * @p: from a port; its frame becomes the answer.
 * @mtu: L3 bytes that would fit.
 *
 * Return: WEFT_ACT_REFUSE with the loss counted, or -WEFT_DROP_PKT_TOO_BIG where an answer is not
 * allowed (by the rate limit or by the packet's kind).
 */
static __always_inline int weft_too_big(struct weft_pkt *p, __u32 mtu)
{
	int err;

	if (!weft_may_answer(&p->h) || !weft_icmp_allowed(p->port))
		return -WEFT_DROP_PKT_TOO_BIG;
	err = p->h.version == 4 ? weft_too_big_v4(p, mtu) : weft_too_big_v6(p, mtu);
	if (err)
		return -WEFT_DROP_PKT_TOO_BIG;
	weft_count_drop(p, WEFT_DROP_PKT_TOO_BIG);
	weft_reply(p);
	return WEFT_ACT_REFUSE;
}

#endif
