/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The datapath's parser, built for the host, on anything. An input is
 *
 *     bytes 0, 1   how much of the frame is linear (little endian; more than all means all)
 *     byte 2       odd: the frame stands for several segments
 *     from 3 on    the frame
 *
 * The linear part is a block of its own, so that AddressSanitizer sees a pointer that leaves it.
 * Seeds: corpus/parse, from the packet tables (test_packets --corpus).
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <arpa/inet.h>

#include "../../bpf/lib/ctx_host.h"
#include "../../bpf/stages/parse.h"

#define FRAME_MAX 65535
#define IP_ALIGN  2 /* in front of a frame, so that what follows its Ethernet header is aligned */

static void must(int ok)
{
	if (!ok)
		abort();
}

static int parse(struct weft_hdrs *h, const uint8_t *frame, size_t len, size_t linear, int gso)
{
	uint8_t *block = malloc(linear + IP_ALIGN), *head = block + IP_ALIGN;
	weft_ctx ctx = {.data = head, .frame = frame, .linear = linear, .len = len};
	int err;

	must(!!block);
	memcpy(head, frame, linear);
	memset(h, 0, sizeof(*h));
	err = weft_parse(h, &ctx, len, gso);
	free(block);
	return err;
}

/* What later stages rely on, whatever the frame. */
static void check_found(const struct weft_hdrs *h, size_t len, size_t linear, int err)
{
	must(err <= 0 && err > -__WEFT_DROP_MAX);
	must(h->vlans <= 2);
	must(h->version == 0 || h->version == 4 || h->version == 6);
	must(h->l3_off <= linear && h->l4_off <= len);
	must(!h->l4_off || h->l4_off > h->l3_off);
	if (h->flags & WEFT_H_FRAG_LATER)
		must(h->flags & WEFT_H_FRAG && !h->l4_off && !h->sport && !h->dport);
	if (h->flags & WEFT_H_ARP)
		must(!h->version && !h->l4_off);
	if (!h->version && !(h->flags & WEFT_H_ARP))
		must(!h->tos && !h->ttl && !h->sport && !h->dport);
	if (h->version == 4)
		must(h->saddr.words[2] == htonl(0xffff) && h->daddr.words[2] == htonl(0xffff));
}

/* What they may rely on once the parser found nothing wrong. */
static void check_accepted(const struct weft_hdrs *h, size_t len, size_t linear)
{
	must(h->l3_off >= WEFT_ETH_HLEN && h->l4_off <= WEFT_HDR_WINDOW);
	must(!h->l4_hlen || h->l4_off + 8 <= (int)linear);
	if (h->version && !(h->flags & WEFT_H_FRAG_LATER))
		must(h->l4_off >= h->l3_off + (h->version == 4 ? 20 : 40));
	must(!h->l4_hlen || h->l4_off + (size_t)h->l4_hlen <= len);
	if (h->version && h->l4_proto == IPPROTO_TCP && h->l4_off)
		must(h->l4_hlen >= 20 && h->l4_hlen <= 60);
	if (h->version && h->l4_proto == IPPROTO_UDP && h->l4_off)
		must(h->l4_hlen == 8);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct weft_hdrs h, again, whole;
	const uint8_t *frame = data + 3;
	size_t len, linear;
	int err, gso;

	if (size < 3 || size - 3 > FRAME_MAX)
		return -1;
	len = size - 3;
	linear = data[0] | data[1] << 8;
	linear = linear < len ? linear : len;
	gso = data[2] & 1;

	err = parse(&h, frame, len, linear, gso);
	check_found(&h, len, linear, err);
	if (!err)
		check_accepted(&h, len, linear);
	must(parse(&again, frame, len, linear, gso) == err && !memcmp(&h, &again, sizeof(h)));

	/* More in the linear part changes nothing, unless something was missing there. */
	if (err != -WEFT_DROP_HDR_TRUNC)
		must(parse(&whole, frame, len, len, gso) == err && !memcmp(&h, &whole, sizeof(h)));
	return 0;
}
