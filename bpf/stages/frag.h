/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Stage 4c, frag: later fragments follow the first. Only the first one has ports; it leaves them
 * here, and the others are taken for packets of the same connection. Called by forward.h.
 *
 * Nothing is reassembled, so the first fragment has to pass here before the others do, and nobody
 * may write over what a fragment that was judged has said: of a datagram of which two fragments
 * overlap nothing more passes (RFC 5722, RFC 8200 section 4.5; Linux does the same for IPv4). A
 * fragment that brings nothing but what has come already is a copy that the network made. It is
 * dropped, because nobody here knows whether it says the same, and the datagram lives on: as in
 * Linux. What cannot be put into its place (no bytes, an end that is no multiple of 8 bytes
 * although more is to come, or beyond 65,535) counts as overlapping.
 *
 * There is no lock: the kernel has none for a table that evicts. The fragments of a datagram mostly
 * meet the same CPU, because what spreads packets over CPUs does not see ports in them either.
 * Where two CPUs do handle two of them at the same moment, one may write over what the other has
 * noted: then of two overlapping fragments both may pass, or an id that is soon used again loses
 * another datagram. An entry that is evicted, and given to another datagram, in the few
 * instructions between look-up and use lends its ports to one fragment that its receiver cannot
 * use.
 */
#ifndef WEFT_BPF_STAGES_FRAG_H
#define WEFT_BPF_STAGES_FRAG_H

#include "../lib/frag_ranges.h"
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

/* Too old for its other fragments to come, or all of them have come: the id may mean another one.
 */
static __always_inline int weft_frag_is_over(const struct weft_frag *f)
{
	__u32 zero = 0, ticks = (__u32)bpf_jiffies64() - f->seen;
	const struct weft_flow_conf *conf = bpf_map_lookup_elem(&weft_flow_conf, &zero);

	if (conf && (__u64)ticks * conf->tick_ns > WEFT_FRAG_TIMEOUT_MS * 1000000ULL)
		return 1;
	return weft_frag_complete(f);
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
		.ranges = {{.end = end}},
		.seen = bpf_jiffies64(),
	};

	if (!end)
		return -WEFT_DROP_FRAG_OVERLAP;
	bpf_map_update_elem(&weft_frags, key, &f, BPF_ANY); /* or the others will miss it */
	return 0;
}

static __always_inline int weft_frag_go_on(const struct weft_hdrs *h, struct weft_frag *f,
					   __u16 end)
{
	int fit = WEFT_FRAG_OVERLAPS;

	if (!f->bad)
		fit = weft_frag_add(f, h->frag_off, end, !(h->flags & WEFT_H_FRAG_MORE));
	if (fit == WEFT_FRAG_OVERLAPS)
		f->bad = 1;
	if (fit == WEFT_FRAG_SCATTERED)
		return -WEFT_DROP_FRAG_SCATTERED;
	return fit ? -WEFT_DROP_FRAG_OVERLAP : 0;
}

/**
 * weft_frag - stage 4c: what datagram is this a fragment of?
 * @h: parsed, with WEFT_H_FRAG. Of a later fragment sport, dport, l4_proto, icmp_type and icmp_code
 *     become those of the first.
 * @network: network id.
 *
 * A global function, verified once on its own.
 * Return: 0; -WEFT_DROP_FRAG_FIRST_MISSING: a later one, and no first is known;
 * -WEFT_DROP_FRAG_OVERLAP: also for a copy of what has come; -WEFT_DROP_FRAG_SCATTERED: it would be
 * one separate piece too many.
 */
__attribute__((noinline)) int weft_frag(struct weft_hdrs *h, __u32 network)
{
	struct weft_frag_key key;
	struct weft_frag *f;
	int later, err;
	__u16 end;

	if (!h)
		return -WEFT_DROP_FRAG_FIRST_MISSING;
	later = h->flags & WEFT_H_FRAG_LATER;
	end = weft_frag_end(h);
	weft_frag_key_of(h, network, &key);
	f = bpf_map_lookup_elem(&weft_frags, &key);
	if (!f || weft_frag_is_over(f))
		return later ? -WEFT_DROP_FRAG_FIRST_MISSING : weft_frag_begin(h, &key, end);
	err = weft_frag_go_on(h, f, end);
	if (err || !later)
		return err;
	h->sport = f->sport;
	h->dport = f->dport;
	h->l4_proto = f->proto;
	h->icmp_type = f->icmp_type;
	h->icmp_code = f->icmp_code;
	return 0;
}

#endif
