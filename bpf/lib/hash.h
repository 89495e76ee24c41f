/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * A flow's hash: the entropy that the outer header shows to ECMP and RSS. Our own and not the
 * skb's, so that all fragments of a packet go one way, and so that tests can expect a value.
 */
#ifndef WEFT_BPF_LIB_HASH_H
#define WEFT_BPF_LIB_HASH_H

#include "../pkt.h"

/* The finalizer of MurmurHash3: every input bit reaches every output bit. */
static __always_inline __u32 weft_mix(__u32 h)
{
	h ^= h >> 16;
	h *= 0x85ebca6b;
	h ^= h >> 13;
	h *= 0xc2b2ae35;
	return h ^ h >> 16;
}

static __always_inline __u32 weft_hash_words(const __u32 *w, int n, __u32 h)
{
#pragma unroll
	for (int i = 0; i < n; i++)
		h = (h ^ w[i]) * 0x9e3779b1 + (h >> 15);
	return h;
}

/** weft_flow_hash - by addresses, protocol and ports; by MAC addresses where there is no IP. */
static __always_inline __u32 weft_flow_hash(const struct weft_hdrs *h)
{
	__u32 ports = 0, proto = 0, hash;

	if (!h->version) {
		__u32 macs[3];

		__builtin_memcpy(macs, h->macs, sizeof(macs));
		return weft_mix(weft_hash_words(macs, 3, 0));
	}
	/* The first fragment must not part from the later ones, which have no ports, and behind
	 * IPv6 extension headers no protocol either. */
	if (!(h->flags & WEFT_H_FRAG)) {
		ports = (__u32)h->sport << 16 | h->dport;
		proto = h->l4_proto;
	}
	if (h->version == 4) {
		hash = weft_hash_words(&h->saddr.words[3], 1, ports);
		hash = weft_hash_words(&h->daddr.words[3], 1, hash);
	} else {
		hash = weft_hash_words(h->saddr.words, 4, ports);
		hash = weft_hash_words(h->daddr.words, 4, hash);
	}
	return weft_mix(hash ^ proto);
}

#endif
