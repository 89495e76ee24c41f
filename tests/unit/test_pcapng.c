/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* pcapng.c: blocks as the format has them, byte by byte (on a little-endian host, like the BPF
 * programs). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pcapng.h"
#include "util.h"

/** struct memory - a stream whose bytes can be looked at. */
struct memory {
	FILE *stream;
	char *bytes;
	size_t len;
};

static FILE *memory_begin(struct memory *m)
{
	m->stream = open_memstream(&m->bytes, &m->len);
	assert_non_null(m->stream);
	return m->stream;
}

static void memory_clear(struct memory *m)
{
	if (m->stream)
		fclose(m->stream);
	free(m->bytes);
	*m = (struct memory){};
}

/* What was written since the last look is exactly this. */
static void expect(struct memory *m, size_t *from, const void *bytes, size_t len)
{
	assert_int_equal(fflush(m->stream), 0);
	assert_int_equal(m->len - *from, len);
	assert_memory_equal(m->bytes + *from, bytes, len);
	assert_int_equal(len % 4, 0);
	*from = m->len;
}

#define EXPECT(m, from, ...)                                                                       \
	do {                                                                                       \
		const __u8 wanted[] = {__VA_ARGS__};                                               \
		expect(m, from, wanted, sizeof(wanted));                                           \
	} while (0)

#define U16(n) (__u8)(n), (__u8)((n) >> 8)
#define U32(n) U16((n)&0xffff), U16((__u32)(n) >> 16)
#define U64(n) U32((n)&0xffffffff), U32((__u64)(n) >> 32)

static void writes_a_section(void **state __attribute__((unused)))
{
	const struct pcapng_section all = {.os = "Linux", .application = "weft", .comment = "no"};
	const struct pcapng_section nothing = {};
	_cleanup_(memory_clear) struct memory m = {};
	_cleanup_(pcapng_clear) struct pcapng w = {};
	size_t from = 0;

	assert_int_equal(pcapng_begin(&w, memory_begin(&m), &nothing), 0);
	EXPECT(&m, &from, U32(0x0a0d0d0a), U32(32), U32(0x1a2b3c4d), U16(1), U16(0), U64(~0ULL),
	       U16(0), U16(0), U32(32));

	assert_int_equal(pcapng_begin(&w, m.stream, &all), 0);
	EXPECT(&m, &from, U32(0x0a0d0d0a), U32(60), U32(0x1a2b3c4d), U16(1), U16(0), U64(~0ULL),
	       U16(1), U16(2), 'n', 'o', 0, 0,                   /* comment, padded */
	       U16(3), U16(5), 'L', 'i', 'n', 'u', 'x', 0, 0, 0, /* os, padded */
	       U16(4), U16(4), 'w', 'e', 'f', 't',               /* application */
	       U16(0), U16(0), U32(60));
}

static void describes_interfaces(void **state __attribute__((unused)))
{
	const struct pcapng_interface bare = {.name = "a"};
	const struct pcapng_interface all = {
		.name = "web-1",
		.description = "veth",
		.filter = "drops",
		.snaplen = 0x10203,
	};
	_cleanup_(memory_clear) struct memory m = {};
	_cleanup_(pcapng_clear) struct pcapng w = {.out = memory_begin(&m)};
	size_t from = 0;
	__u32 id = 17;

	assert_int_equal(pcapng_interface(&w, &bare, &id), 0);
	assert_int_equal(id, 0);
	EXPECT(&m, &from, U32(1), U32(40), U16(1), U16(0), U32(0), U16(2), U16(1), 'a', 0, 0, 0,
	       U16(9), U16(1), 9, 0, 0, 0, U16(0), U16(0), U32(40));

	assert_int_equal(pcapng_interface(&w, &all, &id), 0);
	assert_int_equal(id, 1);
	EXPECT(&m, &from, U32(1), U32(64), U16(1), U16(0), U32(0x10203), U16(2), U16(5), 'w', 'e',
	       'b', '-', '1', 0, 0, 0, U16(3), U16(4), 'v', 'e', 't', 'h', U16(9), U16(1), 9, 0, 0,
	       0, U16(11), U16(6), 0, 'd', 'r', 'o', 'p', 's', 0, 0, U16(0), U16(0), U32(64));
}

static void writes_packets(void **state __attribute__((unused)))
{
	const __u8 frame[] = {1, 2, 3, 4, 5};
	const struct pcapng_packet bare = {
		.interface = 3,
		.time_ns = 0x1122334455667788,
		.len = 1500,
		.cap_len = sizeof(frame),
		.bytes = frame,
	};
	_cleanup_(memory_clear) struct memory m = {};
	_cleanup_(pcapng_clear) struct pcapng w = {.out = memory_begin(&m)};
	struct pcapng_packet all = bare, empty = bare;
	size_t from = 0;

	assert_int_equal(pcapng_packet(&w, &bare), 0);
	EXPECT(&m, &from, U32(6), U32(52), U32(3), U32(0x11223344), U32(0x55667788), U32(5),
	       U32(1500), 1, 2, 3, 4, 5, 0, 0, 0, U16(2), U16(4), U32(1), U16(0), U16(0), U32(52));

	all.comment = "lost";
	all.dropped = 7;
	all.verdict_by = PCAPNG_VERDICT_TC;
	all.verdict = 2;
	assert_int_equal(pcapng_packet(&w, &all), 0);
	EXPECT(&m, &from, U32(6), U32(88), U32(3), U32(0x11223344), U32(0x55667788), U32(5),
	       U32(1500), 1, 2, 3, 4, 5, 0, 0, 0, U16(1), U16(4), 'l', 'o', 's', 't', U16(2),
	       U16(4), U32(1), U16(4), U16(8), U64(7), U16(7), U16(9), 1, U64(2), 0, 0, 0, U16(0),
	       U16(0), U32(88));

	empty.cap_len = 0;
	empty.bytes = NULL;
	empty.verdict_by = PCAPNG_VERDICT_XDP;
	empty.verdict = 1;
	assert_int_equal(pcapng_packet(&w, &empty), 0);
	EXPECT(&m, &from, U32(6), U32(60), U32(3), U32(0x11223344), U32(0x55667788), U32(0),
	       U32(1500), U16(2), U16(4), U32(1), U16(7), U16(9), 2, U64(1), 0, 0, 0, U16(0),
	       U16(0), U32(60));
}

/* Every length of frame and comment, so every padding: blocks are closed, and nothing is left of
 * the one before. */
static void pads(void **state __attribute__((unused)))
{
	__u8 frame[64];
	char comment[64] = "";
	struct pcapng_packet packet = {.bytes = frame, .comment = comment};
	_cleanup_(memory_clear) struct memory m = {};
	_cleanup_(pcapng_clear) struct pcapng w = {.out = memory_begin(&m)};
	size_t from = 0, padded, text;
	__u32 total, last;

	memset(frame, 0xff, sizeof(frame));
	for (size_t n = 0; n < sizeof(frame); n++) {
		packet.cap_len = packet.len = n;
		memset(comment, 'c', n);
		comment[n] = '\0';
		padded = (n + 3) / 4 * 4;
		assert_int_equal(pcapng_packet(&w, &packet), 0);
		assert_int_equal(fflush(m.stream), 0);
		memcpy(&total, m.bytes + from + 4, sizeof(total));
		memcpy(&last, m.bytes + m.len - 4, sizeof(last));
		assert_int_equal(total, m.len - from);
		assert_int_equal(last, total);
		assert_int_equal(total, 28 + padded + 4 + padded + 8 + 4 + 4);
		text = from + 28 + padded + 4;
		for (size_t i = n; i < padded; i++) {
			assert_int_equal(m.bytes[from + 28 + i], 0);
			assert_int_equal(m.bytes[text + i], 0);
		}
		from = m.len;
	}
}

static void holds_large_frames(void **state __attribute__((unused)))
{
	const __u32 len = 40000;
	_cleanup_free_ __u8 *frame = malloc(len);
	_cleanup_(memory_clear) struct memory m = {};
	_cleanup_(pcapng_clear) struct pcapng w = {.out = memory_begin(&m)};
	struct pcapng_packet packet = {.bytes = frame, .len = len, .cap_len = len};

	assert_non_null(frame);
	for (__u32 i = 0; i < len; i++)
		frame[i] = i;
	assert_int_equal(pcapng_packet(&w, &packet), 0);
	assert_int_equal(fflush(m.stream), 0);
	assert_int_equal(m.len, 28 + len + 8 + 4 + 4);
	assert_memory_equal(m.bytes + 28, frame, len);
}

/* An option's length has 16 bits. */
static void cuts_long_text(void **state __attribute__((unused)))
{
	_cleanup_free_ char *comment = calloc(1, 100001);
	_cleanup_(memory_clear) struct memory m = {};
	_cleanup_(pcapng_clear) struct pcapng w = {.out = memory_begin(&m)};
	struct pcapng_packet packet = {.comment = comment};
	__u32 total;

	assert_non_null(comment);
	memset(comment, 'c', 100000);
	assert_int_equal(pcapng_packet(&w, &packet), 0);
	assert_int_equal(fflush(m.stream), 0);
	memcpy(&total, m.bytes + 4, sizeof(total));
	assert_int_equal(total, m.len);
	assert_int_equal(m.len, 28 + 4 + 65536 + 8 + 4 + 4);
	assert_int_equal(m.bytes[28 + 4 + 65534], 'c');
	assert_int_equal(m.bytes[28 + 4 + 65535], 0);
}

/* A full disk is found out at the latest when the stream is flushed. */
static void reports_a_full_disk(void **state __attribute__((unused)))
{
	const struct pcapng_section section = {.application = "weft"};
	_cleanup_(pcapng_clear) struct pcapng w = {};
	FILE *full = fopen("/dev/full", "w");

	assert_non_null(full);
	setvbuf(full, NULL, _IONBF, 0);
	assert_int_equal(pcapng_begin(&w, full, &section), -ENOSPC);
	fclose(full);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_a_section),    cmocka_unit_test(describes_interfaces),
		cmocka_unit_test(writes_packets),      cmocka_unit_test(pads),
		cmocka_unit_test(holds_large_frames),  cmocka_unit_test(cuts_long_text),
		cmocka_unit_test(reports_a_full_disk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
