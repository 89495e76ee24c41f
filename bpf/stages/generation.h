/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Before all stages: which policies and which forwarding tables are in force. */
#ifndef WEFT_BPF_STAGES_GENERATION_H
#define WEFT_BPF_STAGES_GENERATION_H

#include "../maps.h"
#include "../pkt.h"

/* What is in force, for the whole of the packet's way. */
static __always_inline void weft_generation_read(struct weft_pkt *p)
{
	__u32 zero = 0;
	const struct weft_generation *g = bpf_map_lookup_elem(&weft_generation, &zero);

	if (g)
		*(volatile __u64 *)&p->generation = weft_word(g);
}

#endif
