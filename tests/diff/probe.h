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
#define MARKER     9   /* UDP port (discard) that every world lets by */
#define OTHER      253 /* a protocol without ports; RFC 3692 */
#define NO_SCALE   0xff
#define ERROR_MTU  1280
#define PROBE_TEXT 256
#define PIECES_MAX 4
#define PIECES_MIN 64 /* bytes of payload that are worth cutting */

/**
 * enum extra - what stands between the IP header and the rest.
 * @EXTRA_OPTIONS: IPv4: options; IPv6: destination options. All of them padding.
 * @EXTRA_HOP: hop-by-hop options; IPv6 only, like what follows.
 * @EXTRA_ATOMIC: a fragment header of a datagram that is in one piece, RFC 6946.
 */
enum extra { EXTRA_NONE, EXTRA_OPTIONS, EXTRA_HOP, EXTRA_ATOMIC };

/** enum end - the two ends of the path through a world. */
enum end { END_A, END_B };

/**
 * struct probe - one packet.
 * @no: its number; the IP identification, or the flow label, is the end of it.
 * @from: enum end.
 * @v6: IPv6.
 * @proto: IPPROTO_TCP, _UDP, _ICMP, _ICMPV6, or OTHER.
 * @port: TCP, UDP: the port of each end, host order. ICMP queries: @port[0] is the identifier.
 * @len: bytes of payload.
 * @seq, @ack, @win, @flags, @scale: TCP, as in struct weft_tcp_seg.
 * @pieces: fragments that it travels in; 0 or 1: it is whole.
 * @extra, @quote_extra: enum extra; of the packet, and of the one that it quotes.
 * @icmp_type, @icmp_code: ICMP, ICMPv6.
 * @quote_from, @quote_proto: of an ICMP error: the packet that it quotes goes between the same
 *                            addresses and @port, from this end. @quote_proto 0: it is no error.
 * @quote_type, @quote_code: of a quoted ICMP query.
 * @quote_short: no more than eight bytes behind the IP header are quoted.
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
	uint8_t pieces;
	uint8_t extra;
	uint8_t icmp_type;
	uint8_t icmp_code;
	uint8_t quote_from;
	uint8_t quote_proto;
	uint8_t quote_type;
	uint8_t quote_code;
	uint8_t quote_extra;
	bool quote_short;
};

extern const uint8_t probe_mac[2][6];

/* The lower address is A's in IPv4 and B's in IPv6, so that each is on each side of a flow. */
#define A_ADDR4 "10.9.0.1"
#define B_ADDR4 "10.9.0.2"
#define A_ADDR6 "fd00:9::2"
#define B_ADDR6 "fd00:9::1"

#define PROBE_ADDR4(end) ((end) == END_A ? A_ADDR4 : B_ADDR4)
#define PROBE_ADDR6(end) ((end) == END_A ? A_ADDR6 : B_ADDR6)

/** probe_is_icmp - ICMP or ICMPv6. */
bool probe_is_icmp(const struct probe *p);

/** probe_question - the type of the ICMP query that @p asks or answers; -1: it is none. */
int probe_question(const struct probe *p);

/** probe_answer - the type that answers a question of type @question. */
uint8_t probe_answer(uint8_t question);

/** probe_asker - the end that asked what @p, an ICMP query, asks or answers. */
enum end probe_asker(const struct probe *p);

/** probe_frame - @p as an Ethernet frame, all checksums right. Return: its bytes. */
size_t probe_frame(const struct probe *p, uint8_t frame[static FRAME_MAX]);

/** struct piece - a fragment, or all of a packet. */
struct piece {
	uint8_t frame[FRAME_MAX];
	size_t len;
};

/**
 * probe_cut - @p's frame as it travels.
 * @frame, @len: from probe_frame().
 * Return: number of @pieces, in order.
 */
int probe_cut(const struct probe *p, const uint8_t *frame, size_t len,
	      struct piece pieces[static PIECES_MAX]);

/** probe_marker - a probe that every world passes. */
struct probe probe_marker(const struct probe *behind);

/** probe_is - is this frame, as it came out of a world, @p? */
bool probe_is(const struct probe *p, const uint8_t *frame, size_t len);

/** probe_text - @p as a line, without its end. */
void probe_text(const struct probe *p, char text[static PROBE_TEXT]);

#endif
