/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Outer headers of every encapsulation (stages/outer.h), built for the host, on anything. Inputs
 * are those of fuzz_parse.c. What Geneve options come to is worked out a second time here.
 *
 * Seeds: corpus/outer, tunnel packets of the packet tables (test_packets --corpus).
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <arpa/inet.h>

#include "../../bpf/lib/ctx_host.h"
#include "../../bpf/stages/parse.h"
#include "../../bpf/stages/outer.h"

#define FRAME_MAX 65535
#define IP_ALIGN  2

static void must(int ok)
{
	if (!ok)
		abort();
}

/* Return: what the options should come to, and the identity in them. */
static int naive_options(const uint8_t *o, uint32_t len, uint32_t *identity)
{
	for (uint32_t size; len; o += size, len -= size) {
		size = 4 + 4 * (o[3] & 0x1f);
		if (size > len)
			return -WEFT_DROP_GENEVE_INVALID_OPT;
		if (o[0] == 0xff && o[1] == 0x77 && o[2] == 1 && size > 4)
			*identity = (uint32_t)o[4] << 24 | o[5] << 16 | o[6] << 8 | o[7];
		else if (o[2] & 0x80)
			return -WEFT_DROP_GENEVE_CRITICAL_OPT;
	}
	return 0;
}

static int naive_geneve(const struct weft_pkt *p, const uint8_t *frame, uint32_t *identity)
{
	const uint8_t *udp = frame + p->h.l4_off, *g = udp + 8;
	uint32_t len;

	if (p->h.l4_off + 16 > p->len)
		return -WEFT_DROP_HDR_TRUNC;
	len = 4 * (g[0] & 0x3f);
	if (g[0] >> 6)
		return -WEFT_DROP_GENEVE_INVALID_HDR;
	if (!p->gso_size && (uint32_t)(udp[4] << 8 | udp[5]) < 16 + len + 14)
		return -WEFT_DROP_HDR_TRUNC;
	if (g[1] & 0x80)
		return -WEFT_DROP_GENEVE_CONTROL;
	if (g[2] != 0x65 || g[3] != 0x58)
		return -WEFT_DROP_GENEVE_INVALID_HDR;
	if (p->h.l4_off + 16 + len > p->len)
		return -WEFT_DROP_HDR_TRUNC;
	return naive_options(g + 8, len, identity);
}

static void check_read(struct weft_pkt *p, weft_ctx *ctx, __u32 encap)
{
	uint32_t identity = 0;
	int err, want;

	p->identity = 0;
	err = weft_outer_read(ctx, p, encap);
	must(err <= 0 && err > -__WEFT_DROP_MAX);
	if (encap == WEFT_ENCAP_GENEVE) {
		want = naive_geneve(p, ctx->frame, &identity);
		/* Where the frame ends too early, something else may be found first, or the caller
		 * finds that out. */
		must(err == want ||
		     (want == -WEFT_DROP_HDR_TRUNC && (err || p->outer_len > p->len)));
		must(err || want || p->identity == identity);
	}
	if (err)
		return;
	must(p->vni <= WEFT_VNI_MAX);
	must(p->outer_len >= p->h.l4_off + 8u && p->outer_len <= p->h.l4_off + 16u + 252u);
	must(encap != WEFT_ENCAP_NVGRE || !p->identity);
	must(encap != WEFT_ENCAP_VXLAN || p->identity <= WEFT_VXLAN_GROUP);
}

static void try(const uint8_t *frame, size_t len, size_t linear, int gso)
{
	const struct weft_node node = {
		.vxlan_port = htons(4789), .geneve_port = htons(6081), .nvgre = 1};
	uint8_t *block = malloc(linear + IP_ALIGN), *head = block + IP_ALIGN;
	weft_ctx ctx = {.data = head, .frame = frame, .linear = linear, .len = len};
	struct weft_pkt p = {.len = len, .gso_size = gso};
	__u32 encap;

	must(!!block);
	memcpy(head, frame, linear);
	if (!weft_parse(&p.h, &ctx, len, gso)) {
		encap = weft_outer_encap(&ctx, &p, &node);
		must(encap == WEFT_ENCAP_NONE || encap == WEFT_ENCAP_VXLAN ||
		     encap == WEFT_ENCAP_GENEVE || encap == WEFT_ENCAP_NVGRE);
		if (encap != WEFT_ENCAP_NONE)
			check_read(&p, &ctx, encap);
	}
	free(block);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t len, linear;

	if (size < 3 || size - 3 > FRAME_MAX)
		return -1;
	len = size - 3;
	linear = data[0] | data[1] << 8;
	try(data + 3, len, linear < len ? linear : len, data[2] & 1);
	return 0;
}
