/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Stage 2, classify: who sends by which encapsulation into which network. Called by classify.h. */
#ifndef WEFT_BPF_STAGES_CLASSIFY_PEER_H
#define WEFT_BPF_STAGES_CLASSIFY_PEER_H

#include "generation.h"

#define WEFT_PEER_MEMORY 256 /* a power of two */

/**
 * struct weft_peer_seen - `weft_peer_seen`: what `weft_peers` said about a sender.
 * @generation: when that was. Every change of a peer ends in another one.
 */
struct weft_peer_seen {
	struct weft_generation generation;
	struct weft_peer_key key;
	struct weft_peer peer;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, WEFT_PEER_MEMORY);
	__type(key, __u32);
	__type(value, struct weft_peer_seen);
} weft_peer_seen SEC(".maps");

static __always_inline int weft_peer_same(const struct weft_peer_key *a,
					  const struct weft_peer_key *b)
{
	return weft_addr_equal(&a->remote, &b->remote) && a->vni == b->vni && a->encap == b->encap;
}

/* Neighbours differ in the last byte of their addresses, and in the VNI. */
static __always_inline __u32 weft_peer_slot(const struct weft_peer_key *key)
{
	__u32 h = bpf_ntohl(key->remote.words[3]) ^ key->vni << 4;

	return (h ^ h >> 16) % WEFT_PEER_MEMORY;
}

/**
 * weft_peer_of - the permission that a sender has, or NULL. Each CPU remembers those it has asked
 * for; see weft_port_in().
 */
static __always_inline const struct weft_peer *weft_peer_of(const struct weft_pkt *p,
							    const struct weft_peer_key *key)
{
	__u32 slot = weft_peer_slot(key);
	struct weft_peer_seen *seen = bpf_map_lookup_elem(&weft_peer_seen, &slot);
	const struct weft_peer *peer;

	if (seen && weft_peer_same(&seen->key, key) &&
	    weft_word(&seen->generation) == weft_word(&p->generation))
		return &seen->peer;
	peer = bpf_map_lookup_elem(&weft_peers, key);
	if (!peer || !seen)
		return peer;
	seen->peer = *peer;
	seen->generation = p->generation;
	seen->key = *key;
	return &seen->peer;
}

#endif
