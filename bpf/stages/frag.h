/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Stage 4c, frag: later fragments follow the first. Only the first one has ports; it leaves them
 * here, and the others are taken for packets of the same connection. Called by forward.h.
 *
 * Nothing is reassembled, so the first fragment has to pass here before the others do, and nobody
 * may write over what a fragment that was judged has said: of a datagram of which two fragments
 * overlap nothing more passes (RFC 5722, RFC 8200 section 4.5; Linux does the same for IPv4). What
 * cannot be put into its place (no bytes, an end that is no multiple of 8 bytes although more is to
 * come, or beyond 65,535) counts as overlapping.
 *
 * A fragment that brings nothing but what has come already is a copy that the network made, or of
 * another datagram with the same id of which the rest was lost. It passes, as it would if nobody
 * looked, and harms nothing: a first one is judged by its own header, and the entry begins anew; a
 * later one counts as a copy only behind the first, where no header is. (Linux, which puts the
 * datagram together, drops copies. A first fragment longer than the one before it is no copy.)
 *
 * There is no lock: the kernel has none for a table that evicts. The fragments of a datagram mostly
 * meet the same CPU, because what spreads packets over CPUs does not see ports in them either.
 * Where two CPUs do handle two of them at the same moment, one may write over what the other has
 * noted: then of two overlapping fragments both may pass, or a datagram more is dropped. The same
 * if an entry is evicted, and given to another datagram, in the few instructions between look-up
 * and use; that one fragment may also be taken for one of the other datagram.
 */
#ifndef WEFT_BPF_STAGES_FRAG_H
#define WEFT_BPF_STAGES_FRAG_H

#include <bpf/bpf_endian.h>

#include "../lib/frag_ranges.h"
#include "../lib/tcp_state.h"
#include "../maps.h"
#include "../pkt.h"

#define WEFT_DATAGRAM_MAX 65535 /* bytes; RFC 791, RFC 8200 */

/* Where the fragment ends, in units of 8 bytes; 0: nowhere that is possible. */
static __always_inline __u16 weft_frag_end(const struct weft_hdrs *h)
{
	__u32 end = h->frag_off * 8 + h->frag_len;

	if (!h->frag_len || end > WEFT_DATAGRAM_MAX || (h->flags & WEFT_H_FRAG_MORE && end % 8))
		return 0;
	return (end + 7) / 8;
}

/* Spec: RFC 791 section 3.2; RFC 8200 section 4.5: the next header of later ones does not count. */
static __always_inline void weft_frag_key_of(const struct weft_hdrs *h, __u32 network,
					     struct weft_frag_key *key)
{
	key->saddr = h->saddr;
	key->daddr = h->daddr;
	key->id = h->frag_id;
	key->network = network;
	key->proto = h->version == 4 ? h->l4_proto : 0;
	key->pad = 0;
}

static __always_inline int weft_frag_is_old(const struct weft_frag *f)
{
	__u32 zero = 0, ticks = (__u32)bpf_jiffies64() - f->seen;
	const struct weft_flow_conf *conf = bpf_map_lookup_elem(&weft_flow_conf, &zero);

	return conf && (__u64)ticks * conf->tick_ns > WEFT_FRAG_TIMEOUT_MS * 1000000ULL;
}

/* See struct weft_frag. */
static __always_inline __u32 weft_frag_tcp_base(const struct weft_hdrs *h)
{
	return bpf_ntohl(h->tcp_seq) - h->l4_hlen + !!(h->tcp_flags & WEFT_TCP_SYN) +
	       !!(h->tcp_flags & WEFT_TCP_FIN);
}

static __always_inline int weft_frag_begin(const struct weft_hdrs *h,
					   const struct weft_frag_key *key, __u16 end)
{
	const struct weft_frag f = {
		.sport = h->sport,
		.dport = h->dport,
		.proto = h->l4_proto,
		.icmp_type = h->icmp_type,
		.icmp_code = h->icmp_code,
		.head = end,
		.ranges = {{.end = end}},
		.tcp_base = weft_frag_tcp_base(h),
		.seen = bpf_jiffies64(),
	};

	if (!end)
		return -WEFT_DROP_FRAG_OVERLAP;
	bpf_map_update_elem(&weft_frags, key, &f, BPF_ANY); /* or the others will miss it */
	return 0;
}

/* One more of a datagram that has begun. Return: enum weft_frag_fit. */
static __always_inline int weft_frag_go_on(const struct weft_hdrs *h, struct weft_frag *f,
					   __u16 end)
{
	int fit = WEFT_FRAG_OVERLAPS;

	if (!f->bad)
		fit = weft_frag_add(f, h->frag_off, end, !(h->flags & WEFT_H_FRAG_MORE));
	if (fit == WEFT_FRAG_AGAIN && h->frag_off && h->frag_off < f->head)
		fit = WEFT_FRAG_OVERLAPS;
	return fit;
}

static __always_inline void weft_frag_fill(struct weft_hdrs *h, const struct weft_frag *f)
{
	h->sport = f->sport;
	h->dport = f->dport;
	h->l4_proto = f->proto;
	h->icmp_type = f->icmp_type;
	h->icmp_code = f->icmp_code;
	h->tcp_seq = bpf_htonl(f->tcp_base + h->frag_off * 8);
}

/**
 * weft_frag - stage 4c: what datagram is this a fragment of?
 * @h: parsed, with WEFT_H_FRAG. Of a later fragment sport, dport, l4_proto, icmp_type and icmp_code
 *     become those of the first, and of a TCP segment tcp_seq that of its own first byte.
 * @network: network id.
 *
 * A global function, verified once on its own.
 * Return: 0; -WEFT_DROP_FRAG_FIRST_MISSING: a later one, and no first is known;
 * -WEFT_DROP_FRAG_OVERLAP; -WEFT_DROP_FRAG_SCATTERED: it would be one separate piece too many.
 */
__attribute__((noinline)) int weft_frag(struct weft_hdrs *h, __u32 network)
{
	struct weft_frag_key key;
	struct weft_frag *f;
	int first, fit;
	__u16 end;

	if (!h)
		return -WEFT_DROP_FRAG_FIRST_MISSING;
	first = !(h->flags & WEFT_H_FRAG_LATER);
	end = weft_frag_end(h);
	weft_frag_key_of(h, network, &key);
	f = bpf_map_lookup_elem(&weft_frags, &key);
	trace_frag(&key, f);
	if (!f || weft_frag_is_old(f))
		return first ? weft_frag_begin(h, &key, end) : -WEFT_DROP_FRAG_FIRST_MISSING;
	fit = weft_frag_go_on(h, f, end);
	if (first && fit != WEFT_FRAG_OVERLAPS)
		return weft_frag_begin(h, &key, end);
	if (fit == WEFT_FRAG_OVERLAPS) {
		/* All of the old one has come, so this is of another one with its id. */
		if (weft_frag_complete(f))
			return first ? weft_frag_begin(h, &key, end)
				     : -WEFT_DROP_FRAG_FIRST_MISSING;
		f->bad = 1;
		return -WEFT_DROP_FRAG_OVERLAP;
	}
	if (fit == WEFT_FRAG_SCATTERED)
		return -WEFT_DROP_FRAG_SCATTERED;
	weft_frag_fill(h, f);
	return 0;
}

#endif
