/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* A packet of the differential test: what it is, as a frame, and as a line of text. */
#ifndef WEFT_DIFF_PROBE_H
#define WEFT_DIFF_PROBE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <linux/types.h>

#define FRAME_MAX  9216
#define PROBE_MTU  9000
#define MARKER     9 /* UDP port (discard) that every world lets by, and nobody tracks */
#define NO_SCALE   0xff
#define ERROR_MTU  1280
#define PROBE_TEXT 256

/** enum end - the two ends of the path through a world. */
enum end { END_A, END_B };

/**
 * struct probe - one packet.
 * @no: its number; the IP identification, or the flow label, is the end of it.
 * @from: enum end.
 * @v6: IPv6.
 * @proto: IPPROTO_TCP, _UDP, _ICMP or _ICMPV6.
 * @port: TCP, UDP: the port of each end, host order. ICMP echo: @port[0] is the identifier.
 * @len: bytes of payload.
 * @seq, @ack, @win, @flags, @scale: TCP, as in struct weft_tcp_seg.
 * @icmp_type, @icmp_code: ICMP, ICMPv6.
 * @quote_from, @quote_proto: of an ICMP error: the packet that it quotes goes between the same
 *                            addresses and @port, from this end. @quote_proto 0: it is no error.
 * @why: what the generator meant by it.
 */
struct probe {
	uint64_t no;
	const char *why;
	uint32_t seq;
	uint32_t ack;
	uint16_t port[2];
	uint16_t len;
	uint16_t win;
	uint8_t from;
	uint8_t v6;
	uint8_t proto;
	uint8_t flags;
	uint8_t scale;
	uint8_t icmp_type;
	uint8_t icmp_code;
	uint8_t quote_from;
	uint8_t quote_proto;
};

extern const uint8_t probe_mac[2][6];
#define PROBE_ADDR4(end) ((end) == END_A ? "10.9.0.1" : "10.9.0.2")
#define PROBE_ADDR6(end) ((end) == END_A ? "fd00:9::1" : "fd00:9::2")

/** probe_frame - @p as an Ethernet frame, all checksums right. Return: its bytes. */
size_t probe_frame(const struct probe *p, uint8_t frame[static FRAME_MAX]);

/** probe_marker - a probe that every world passes. */
struct probe probe_marker(const struct probe *behind);

/** probe_is - is this frame, as it came out of a world, @p? */
bool probe_is(const struct probe *p, const uint8_t *frame, size_t len);

/** probe_text - @p as a line, without its end. */
void probe_text(const struct probe *p, char text[static PROBE_TEXT]);

#endif
