/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The hooks of `weft explain`, empty: this is what the programs that are attached are built with,
 * and it leaves no instruction in them. trace_on.h gives the same names contents, for the copies
 * that `weft explain` runs; the Makefile builds those from the same sources.
 *
 * An entry file includes this right behind its ctx_*.h. Of a look-up, the entry may be NULL.
 */
#ifndef WEFT_BPF_LIB_TRACE_H
#define WEFT_BPF_LIB_TRACE_H

#include <weft/trace.h>

#include "../pkt.h"

/* What is inlined here, and called where hooks need the stack that it would take. */
#define TRACE_STAGE __always_inline

/** trace_ifindex - the interface that the packet came in by. */
static __always_inline __u32 trace_ifindex(weft_ctx *ctx)
{
	return ctx_ifindex(ctx);
}

/** trace_meta - what XDP left in front of the frame. */
static __always_inline const struct weft_meta *trace_meta(const weft_ctx *ctx)
{
	return (void *)(long)ctx->data_meta;
}

/** trace_meta_whole - whether there is as much as that before @frame begins. */
static __always_inline int trace_meta_whole(const struct weft_meta *meta, const void *frame)
{
	return !((const void *)(meta + 1) > frame);
}

/** trace_result - a stage is over. Return: @result. */
static __always_inline int trace_result(__u32 step, int result)
{
	return result;
}

/** trace_parsed - headers were read. Return: @result. */
static __always_inline int trace_parsed(weft_ctx *ctx, int result)
{
	return result;
}

static __always_inline void trace_port(__u32 step, __u32 ifindex, const struct weft_port *port)
{
}

static __always_inline void trace_peer(const struct weft_peer_key *key,
				       const struct weft_peer *peer)
{
}

static __always_inline void trace_network(__u32 id, const struct weft_network *network)
{
}

static __always_inline void trace_fdb(__u32 step, const struct weft_fdb_key *key,
				      const struct weft_fdb_entry *entry)
{
}

static __always_inline void trace_neigh(__u32 step, const struct weft_neigh_key *key,
					const struct weft_neigh *neigh)
{
}

/** trace_learned - @here: where the frame comes from. */
static __always_inline void trace_learned(__u32 step, const struct weft_fdb_key *key,
					  const struct weft_learned *entry,
					  const struct weft_hop *here)
{
}

static __always_inline void trace_frag(const struct weft_frag_key *key,
				       const struct weft_frag *frag)
{
}

/** trace_flow - @side: of the packet's source; @table: enum weft_trace_table. */
static __always_inline void trace_flow(__u32 step, const struct weft_flow_key *key,
				       const struct weft_flow *flow, int side, int table)
{
}

/** trace_policy - one direction was judged; @slot: port id * 2 + enum weft_pol_dir. */
static __always_inline void trace_policy(const struct weft_addr *peer, __u32 slot, __u32 point,
					 __u32 rule, int action)
{
}

static __always_inline void trace_tunnel(__u32 id, const struct weft_tunnel *tunnel)
{
}

/** trace_copy - the frame as it is now is @member's copy. */
static __always_inline void trace_copy(weft_ctx *ctx, const struct weft_flood_member *member)
{
}

/**
 * trace_clone - bpf_clone_redirect(), the one helper whose effect leaves the program at once.
 * @member: whose copy it is.
 */
#define trace_clone(skb, member, ifindex, flags) bpf_clone_redirect(skb, ifindex, flags)

/** trace_handover - the frame goes to a port. */
static __always_inline void trace_handover(weft_ctx *ctx, __u32 ifindex, __u32 delivery, __u32 port)
{
}

/** trace_drop - a loss is counted against @port. */
static __always_inline void trace_drop(__u32 port, __u32 reason)
{
}

#endif
