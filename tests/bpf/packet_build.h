/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Between packet.c, which works out sizes and sums, and packet_headers.c, which writes them. */
#ifndef WEFT_TEST_PACKET_BUILD_H
#define WEFT_TEST_PACKET_BUILD_H

#include "packet.h"

#define LAYERS_MAX 24

/**
 * struct building - a packet that is being made.
 * @off: where each layer starts.
 * @depth: how many Ethernet headers there are up to each layer.
 */
struct building {
	struct packet *p;
	const struct layer *l;
	const struct packet *ref;
	__u32 off[LAYERS_MAX];
	__u32 depth[LAYERS_MAX];
	int n;
};

/* A field's value: given by force, or given, or else @automatic. */
static inline __u32 value(__u32 given, __u32 automatic)
{
	if (given & 0x80000000u)
		return given & 0x7fffffffu;
	if (given & ANY)
		return 0;
	return given ? given : automatic;
}

/** layer_size - bytes of a layer. */
__u32 layer_size(const struct building *b, const struct layer *l);

/** ethertype_of, protocol_of - how the header before @next announces it. */
__u32 ethertype_of(const struct layer *next);
__u32 protocol_of(const struct layer *next);

/** l3_end - where the IP packet of layer @i ends: before the padding of its own frame. */
__u32 l3_end(const struct building *b, int i);

/** ip_of - the IP header that layer @i is in. */
int ip_of(const struct building *b, int i);

/** pseudo_sum - sum of the pseudo-header of L4 layer @i. */
__u32 pseudo_sum(const struct building *b, int i);

/** l4_csum - what stands in the checksum field of L4 layer @i. @sum: the pseudo-header's, or 0. */
__u16 l4_csum(const struct building *b, int i, __u32 sum);

/** write_layer - layer @i into its place. */
void write_layer(struct building *b, int i);

#endif
