/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Errors to the sender of a packet: who may be told, how often, and the ICMP message. Shared by
 * too_big.h and reject.h; off the fast path.
 *
 * An error is sent in the name of the packet's own destination, as the kernel's tunnels do on a
 * bridge (net/ipv4/ip_tunnel_core.c, iptunnel_pmtud_build_icmp): in an L2 network there is no
 * router to speak for, and the destination is the one address that the sender's policy expects to
 * hear from.
 *
 * The packet becomes the answer. Reachable from tc_underlay: nothing here writes by pointer, see
 * weft_restore.
 */
#ifndef WEFT_BPF_STAGES_ICMP_ERROR_H
#define WEFT_BPF_STAGES_ICMP_ERROR_H

#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <bpf/bpf_endian.h>

#include "../lib/csum.h"
#include "../maps.h"
#include "../pkt.h"

#define WEFT_QUOTE_V4    256  /* bytes quoted; RFC 1812 section 4.3.2.3 asks for 28 or more */
#define WEFT_QUOTE_V6    1024 /* RFC 4443 section 3.2: much of it, within 1280 bytes in all */
#define WEFT_QUOTE_MAX   WEFT_QUOTE_V6
#define WEFT_QUOTE_CHUNK 32 /* bytes moved and summed at a time */

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

/* Move @len bytes @by bytes up and sum them; from the end, because the two places may overlap. */
static __always_inline __s64 weft_quote_move(weft_ctx *ctx, __u32 from, __u32 len, __u32 by)
{
	__u32 buf[WEFT_QUOTE_CHUNK / 4];
	__s64 sum = 0;

	for (int i = WEFT_QUOTE_MAX / WEFT_QUOTE_CHUNK - 1; i >= 0; i--) {
		__u32 off = i * WEFT_QUOTE_CHUNK, n = WEFT_QUOTE_CHUNK;

		if (off >= len)
			continue;
		if (len - off < WEFT_QUOTE_CHUNK) /* so put that Linux 6.1 sees 1 .. CHUNK */
			n = ((len - 1) & (WEFT_QUOTE_CHUNK - 1)) + 1;
		barrier_var(n);
		__builtin_memset(buf, 0, sizeof(buf));
		if (ctx_load(ctx, from + off, buf, n) || ctx_store(ctx, from + off + by, buf, n))
			return -1;
		sum = bpf_csum_diff(0, 0, buf, sizeof(buf), sum);
		if (sum < 0)
			return -1;
	}
	return sum;
}

/**
 * weft_make_room - give a frame the shape of an answer.
 * @ctx: the frame, without VLAN tags, of any length, GSO or not.
 * @l4_off: its L4 header.
 * @room: bytes that the answer has between the Ethernet header and what it quotes.
 * @quote: bytes of the packet that it quotes, at most WEFT_QUOTE_MAX.
 *
 *     tail     [eth][packet...................]        trimmed or padded; no segments any more
 *     grow     [eth][room][packet.............]
 *     move     [eth][room][packet.......[quote]
 *     shrink               [eth][room][quote]          the rest was in front, and is gone
 *
 * A sender leaves the L4 checksum to the NIC. A packet that says "to be filled in" would keep
 * saying so, and somebody on its way write into our answer. There is no helper to unsay it, but it
 * is forgotten when the place in question is cut off at the front: hence the quote moves up, far
 * enough for that.
 *
 * The kernel does not resize the tail of what is (or was) some other tunnel's packet. Then the tail
 * stays: what is too much is cut off at the front all the same, and a short packet keeps a pending
 * checksum. That takes a virtual underlay, on which nobody fills it in.
 *
 * A global function, verified once on its own.
 * Return: ones' complement sum of the quote; -1 where the kernel refuses.
 */
__attribute__((noinline)) long weft_make_room(weft_ctx *ctx, __u32 l4_off, __u32 room, __u32 quote)
{
	__u32 extra = quote + l4_off + room + 2;
	__s64 sum;

	if (quote > WEFT_QUOTE_MAX)
		return -1;
	if (bpf_skb_change_tail(ctx, WEFT_ETH_HLEN + quote + extra, 0)) {
		if (ctx_gso_size(ctx) || ctx_len(ctx) < WEFT_ETH_HLEN + quote)
			return -1;
		extra = ctx_len(ctx) - WEFT_ETH_HLEN - quote;
	}
	if (bpf_skb_adjust_room(ctx, room, BPF_ADJ_ROOM_MAC, 0))
		return -1;
	sum = weft_quote_move(ctx, WEFT_ETH_HLEN + room, quote, extra);
	if (sum < 0 || (extra && bpf_skb_adjust_room(ctx, -(int)extra, BPF_ADJ_ROOM_MAC, 0)))
		return -1;
	return sum;
}

/* Bytes of the packet to quote: the padding behind it is not of it. */
static __always_inline __u32 weft_quote_len(const struct weft_hdrs *h)
{
	__u32 most = h->version == 4 ? WEFT_QUOTE_V4 : WEFT_QUOTE_V6;
	__u32 len = h->l4_off - WEFT_ETH_HLEN + h->l4_len;

	return len < most ? len : most;
}

/* Headers of an answer to @h, to be zeroed before; @len: bytes behind them. */
static __always_inline void weft_answer_eth(const struct weft_hdrs *h, __u8 *eth, __be16 proto)
{
	__builtin_memcpy(eth, h->smac, WEFT_ETH_ALEN);
	__builtin_memcpy(eth + WEFT_ETH_ALEN, h->dmac, WEFT_ETH_ALEN);
	__builtin_memcpy(eth + 2 * WEFT_ETH_ALEN, &proto, sizeof(proto));
}

static __always_inline void weft_answer_ipv4(struct iphdr *ip, const struct weft_hdrs *h, __u32 len)
{
	ip->version = 4;
	ip->ihl = 5;
	ip->ttl = 64;
	ip->tot_len = bpf_htons(sizeof(*ip) + len);
	ip->saddr = h->daddr.words[3];
	ip->daddr = h->saddr.words[3];
	ip->check = weft_csum_fold(bpf_csum_diff(0, 0, (void *)ip, sizeof(*ip), 0));
}

static __always_inline void weft_answer_ipv6(struct ipv6hdr *ip, const struct weft_hdrs *h,
					     __u32 len)
{
	ip->version = 6;
	ip->hop_limit = 64;
	ip->payload_len = bpf_htons(len);
	__builtin_memcpy(&ip->saddr, &h->daddr, sizeof(ip->saddr));
	__builtin_memcpy(&ip->daddr, &h->saddr, sizeof(ip->daddr));
}

/* Spec: RFC 8200 section 8.1. */
static __always_inline __s64 weft_sum_pseudo6(struct ipv6hdr *ip, __s64 sum)
{
	__be32 pseudo[2] = {bpf_htonl(bpf_ntohs(ip->payload_len)), bpf_htonl(ip->nexthdr)};

	sum = bpf_csum_diff(0, 0, (void *)&ip->saddr, 2 * sizeof(ip->saddr), sum);
	return bpf_csum_diff(0, 0, pseudo, sizeof(pseudo), sum);
}

/**
 * weft_icmp_write4 - write the headers of an ICMP error, in front of what it quotes.
 * @ctx: as weft_make_room left it.
 * @h: of the packet that is quoted.
 * @kind: type and code, type << 8 | code.
 * @rest: of the ICMP header.
 * @sum: of the quote.
 *
 * A global function, verified once on its own. Return: 0, or an error.
 * Spec: RFC 792.
 */
__attribute__((noinline)) int weft_icmp_write4(weft_ctx *ctx, struct weft_hdrs *h, __u32 kind,
					       __be32 rest, __u32 sum)
{
	struct {
		__u8 pad[2];
		__u8 eth[WEFT_ETH_HLEN];
		struct iphdr ip;
		struct weft_icmphdr icmp;
	} r = {.ip = {.protocol = IPPROTO_ICMP}};

	if (!h)
		return -1;
	r.icmp.type = kind >> 8;
	r.icmp.code = kind;
	r.icmp.rest = rest;
	r.icmp.csum = weft_csum_fold(bpf_csum_diff(0, 0, (void *)&r.icmp, sizeof(r.icmp), sum));
	weft_answer_eth(h, r.eth, bpf_htons(WEFT_ETH_P_IPV4));
	weft_answer_ipv4(&r.ip, h, sizeof(r.icmp) + weft_quote_len(h));
	return ctx_store(ctx, 0, r.eth, sizeof(r) - sizeof(r.pad));
}

/** weft_icmp_write6 - the same for ICMPv6. Spec: RFC 4443 section 2. */
__attribute__((noinline)) int weft_icmp_write6(weft_ctx *ctx, struct weft_hdrs *h, __u32 kind,
					       __be32 rest, __u32 sum)
{
	struct {
		__u8 pad[2];
		__u8 eth[WEFT_ETH_HLEN];
		struct ipv6hdr ip;
		struct weft_icmphdr icmp;
	} r = {.ip = {.nexthdr = IPPROTO_ICMPV6}};

	if (!h)
		return -1;
	r.icmp.type = kind >> 8;
	r.icmp.code = kind;
	r.icmp.rest = rest;
	weft_answer_eth(h, r.eth, bpf_htons(WEFT_ETH_P_IPV6));
	weft_answer_ipv6(&r.ip, h, sizeof(r.icmp) + weft_quote_len(h));
	sum = bpf_csum_diff(0, 0, (void *)&r.icmp, sizeof(r.icmp), sum);
	r.icmp.csum = weft_csum_fold(weft_sum_pseudo6(&r.ip, sum));
	return ctx_store(ctx, 0, r.eth, sizeof(r) - sizeof(r.pad));
}

/**
 * weft_icmp_error - turn a packet into an ICMP or ICMPv6 error about itself, to its sender.
 * @ctx: the packet.
 * @h: of it; weft_may_answer.
 * @kind: type and code, type << 8 | code.
 * @rest: of the ICMP header.
 *
 * Return: 0, or an error where the kernel refuses.
 */
static __always_inline int weft_icmp_error(weft_ctx *ctx, struct weft_hdrs *h, __u32 kind,
					   __be32 rest)
{
	int v4 = h->version == 4;
	__u32 room =
		(v4 ? sizeof(struct iphdr) : sizeof(struct ipv6hdr)) + sizeof(struct weft_icmphdr);
	long sum = weft_make_room(ctx, h->l4_off, room, weft_quote_len(h));

	if (sum < 0)
		return -1;
	return v4 ? weft_icmp_write4(ctx, h, kind, rest, sum)
		  : weft_icmp_write6(ctx, h, kind, rest, sum);
}

#endif
