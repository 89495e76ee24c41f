/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* capture_queue.c: records in the order of their time; capture_words.c: frames in words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capture_queue.h"
#include "capture_words.h"
#include "util.h"

/** struct seen - what a queue has handed out. */
struct seen {
	char order[64];
	int fail_at; /* the call that fails; 0: none */
	int calls;
};

static int see(void *arg, const struct weft_cap_rec *rec, const __u8 *frame)
{
	struct seen *seen = arg;
	size_t len = strlen(seen->order);

	assert_memory_equal(frame, "FRAME", rec->offset + rec->cap_len);
	snprintf(seen->order + len, sizeof(seen->order) - len, "%llu ", rec->time_ns);
	return ++seen->calls == seen->fail_at ? -EIO : 0;
}

static void add(struct capture_queue *queue, __u64 time_ns, __u32 offset, __u32 cap_len)
{
	struct weft_cap_rec rec = {.time_ns = time_ns, .offset = offset, .cap_len = cap_len};
	__u8 data[1 + sizeof(rec) + 8]; /* as in a buffer: not aligned, and padded */

	memcpy(data + 1, &rec, sizeof(rec));
	memcpy(data + 1 + sizeof(rec), "FRAMExxx", 8);
	assert_int_equal(capture_queue_add(queue, data + 1, sizeof(data) - 1), 0);
}

static void hands_out_in_order(void **state __attribute__((unused)))
{
	_cleanup_(capture_queue_clear) struct capture_queue queue = {};
	struct seen seen = {};

	assert_int_equal(capture_queue_take(&queue, ~0ULL, see, &seen), 0);
	add(&queue, 30, 0, 5);
	add(&queue, 10, 5, 0);
	add(&queue, 40, 2, 3);
	add(&queue, 20, 0, 0);
	assert_int_equal(capture_queue_take(&queue, 20, see, &seen), 0);
	assert_string_equal(seen.order, "10 20 ");
	add(&queue, 25, 0, 4);
	assert_int_equal(capture_queue_take(&queue, 30, see, &seen), 0);
	assert_string_equal(seen.order, "10 20 25 30 ");
	assert_int_equal(capture_queue_take(&queue, ~0ULL, see, &seen), 0);
	assert_string_equal(seen.order, "10 20 25 30 40 ");
	assert_int_equal(queue.n, 0);
}

static int number(void *arg, const struct weft_cap_rec *rec,
		  const __u8 *frame __attribute__((unused)))
{
	__u32 *next = arg;

	assert_int_equal(rec->len, *next);
	++*next;
	return 0;
}

/* Of one instant: as they came. */
static void keeps_the_order_of_one_instant(void **state __attribute__((unused)))
{
	_cleanup_(capture_queue_clear) struct capture_queue queue = {};
	struct weft_cap_rec rec = {.time_ns = 7};
	__u32 next = 0;

	for (rec.len = 0; rec.len < 1000; rec.len++)
		assert_int_equal(capture_queue_add(&queue, &rec, sizeof(rec)), 0);
	assert_int_equal(capture_queue_take(&queue, 6, number, &next), 0);
	assert_int_equal(next, 0);
	assert_int_equal(capture_queue_take(&queue, 7, number, &next), 0);
	assert_int_equal(next, 1000);
}

static void ends_with_a_failure(void **state __attribute__((unused)))
{
	_cleanup_(capture_queue_clear) struct capture_queue queue = {};
	struct seen seen = {.fail_at = 2};

	for (__u64 i = 1; i < 5; i++)
		add(&queue, i, 0, 0);
	assert_int_equal(capture_queue_take(&queue, ~0ULL, see, &seen), -EIO);
	assert_string_equal(seen.order, "1 2 ");
}

static void refuses_what_is_too_short(void **state __attribute__((unused)))
{
	_cleanup_(capture_queue_clear) struct capture_queue queue = {};
	struct weft_cap_rec rec = {.offset = 1};

	assert_int_equal(capture_queue_add(&queue, &rec, sizeof(rec) - 1), -EBADMSG);
	assert_int_equal(capture_queue_add(&queue, &rec, sizeof(rec)), -EBADMSG);
	rec.offset = ~0U;
	rec.cap_len = 1;
	assert_int_equal(capture_queue_add(&queue, &rec, sizeof(rec)), -EBADMSG);
	assert_int_equal(queue.n, 0);
}

#define MACS 0x02, 0, 0, 0, 0, 2, 0x02, 0, 0, 0, 0, 1
#define IP4(proto, frag, ...)                                                                      \
	MACS, 0x08, 0x00, 0x45, 0, 0, 0, 0, 0, (frag) >> 8, (frag)&0xff, 64, proto, 0, 0, 10, 9,   \
		0, 11, 10, 9, 0, 12, __VA_ARGS__
#define FD00(n) 0xfd, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, n
#define IP6(next, ...)                                                                             \
	MACS, 0x86, 0xdd, 0x60, 0, 0, 0, 0, 0, next, 64, FD00(1), FD00(2), __VA_ARGS__
#define TCP(flags) 0x9c, 0x40, 0, 80, 0, 0, 0, 1, 0, 0, 0, 2, 0x50, flags
#define FRAME(...) {__VA_ARGS__}, sizeof((const __u8[]){__VA_ARGS__})

static const struct {
	const char *words;
	__u8 bytes[128];
	size_t len;
} frames[] = {
	{"Ethernet (cut short)", FRAME(1, 2, 3)},
	{"02:00:00:00:00:01 > 02:00:00:00:00:02 ethertype 0x88b5", FRAME(MACS, 0x88, 0xb5, 1)},
	{"VLAN 5 02:00:00:00:00:01 > 02:00:00:00:00:02 ethertype 0x88b5",
	 FRAME(MACS, 0x81, 0, 0x20, 5, 0x88, 0xb5)},
	{"VLAN 5 VLAN 6 ARP (cut short)",
	 FRAME(MACS, 0x88, 0xa8, 0, 5, 0x81, 0, 0, 6, 0x08, 0x06, 0)},
	{"ARP who has 10.9.0.12? tell 10.9.0.11",
	 FRAME(MACS, 8, 6, 0, 1, 8, 0, 6, 4, 0, 1, 2, 0, 0, 0, 0, 1, 10, 9, 0, 11, 0, 0, 0, 0, 0, 0,
	       10, 9, 0, 12)},
	{"ARP 10.9.0.11 is at 02:00:00:00:00:01",
	 FRAME(MACS, 8, 6, 0, 1, 8, 0, 6, 4, 0, 2, 2, 0, 0, 0, 0, 1, 10, 9, 0, 11, 2, 0, 0, 0, 0, 2,
	       10, 9, 0, 12)},
	{"10.9.0.11:40000 > 10.9.0.12:80 TCP SYN,ACK", FRAME(IP4(6, 0, TCP(0x12)))},
	{"10.9.0.11:40000 > 10.9.0.12:80 TCP no flags", FRAME(IP4(6, 0x4000, TCP(0)))},
	{"10.9.0.11:40000 > 10.9.0.12:80 TCP (cut short)", FRAME(IP4(6, 0, 0x9c, 0x40, 0, 80, 1))},
	{"10.9.0.11 > 10.9.0.12 TCP (cut short)", FRAME(IP4(6, 0, 0x9c))},
	{"10.9.0.11 > 10.9.0.12 protocol 6, later fragment", FRAME(IP4(6, 100, 1, 2, 3))},
	{"10.9.0.11:4096 > 10.9.0.12:53 UDP", FRAME(IP4(17, 0x2000, 0x10, 0, 0, 53, 0, 8, 0, 0))},
	{"10.9.0.11:4096 > 10.9.0.12:4789 UDP VXLAN VNI 999",
	 FRAME(IP4(17, 0, 0x10, 0, 0x12, 0xb5, 0, 16, 0, 0, 8, 0, 0, 0, 0, 3, 0xe7, 0))},
	{"10.9.0.11 > 10.9.0.12 ICMP echo request", FRAME(IP4(1, 0, 8, 0, 0, 0))},
	{"10.9.0.11 > 10.9.0.12 ICMP fragmentation needed", FRAME(IP4(1, 0, 3, 4, 0, 0))},
	{"10.9.0.11 > 10.9.0.12 ICMP type 42 code 1", FRAME(IP4(1, 0, 42, 1, 0, 0))},
	{"10.9.0.11:1 > 10.9.0.12:2 SCTP", FRAME(IP4(132, 0, 0, 1, 0, 2))},
	{"10.9.0.11:4096 > 10.9.0.12:4789 UDP VXLAN VNI 999 group 0x17ba",
	 FRAME(IP4(17, 0, 0x10, 0, 0x12, 0xb5, 0, 16, 0, 0, 0x88, 0, 0x17, 0xba, 0, 3, 0xe7, 0))},
	{"10.9.0.11:4096 > 10.9.0.12:6081 UDP Geneve VNI 999",
	 FRAME(IP4(17, 0, 0x10, 0, 0x17, 0xc1, 0, 16, 0, 0, 0, 0, 0x65, 0x58, 0, 3, 0xe7, 0))},
	{"10.9.0.11:4096 > 10.9.0.12:6081 UDP Geneve VNI 999 identity 0x8b8f9c35 port 7",
	 FRAME(IP4(17, 0, 0x10, 0, 0x17, 0xc1, 0, 28, 0, 0, 3, 0, 0x65, 0x58, 0, 3, 0xe7, 0, 0xff,
		   0x77, 1, 2, 0x8b, 0x8f, 0x9c, 0x35, 0, 0, 0, 7))},
	{"10.9.0.11 > 10.9.0.12 NVGRE VSID 5000",
	 FRAME(IP4(47, 0, 0x20, 0, 0x65, 0x58, 0, 0x13, 0x88, 9))},
	{"10.9.0.11 > 10.9.0.12 GRE", FRAME(IP4(47, 0, 0, 0, 8, 0, 1, 2, 3, 4))},
	{"10.9.0.11 > 10.9.0.12 GRE", FRAME(IP4(47, 0, 1))},
	{"10.9.0.11 > 10.9.0.12 protocol 48", FRAME(IP4(48, 0, 1))},
	{"IPv4 (cut short)", FRAME(MACS, 8, 0, 0x45)},
	{"[fd00:9::1]:40000 > [fd00:9::2]:80 TCP RST", FRAME(IP6(6, TCP(4)))},
	{"fd00:9::1 > fd00:9::2 ICMPv6 neighbour solicitation", FRAME(IP6(58, 135, 0, 0, 0))},
	{"fd00:9::1 > fd00:9::2 ICMPv6 packet too big",
	 FRAME(IP6(0, 60, 0, 1, 4, 0, 0, 0, 0, 58, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0))},
	{"fd00:9::1 > fd00:9::2 protocol 17, later fragment",
	 FRAME(IP6(44, 17, 0, 1, 0, 0, 0, 0, 1, 1, 2, 3, 4, 5, 6, 7, 8))},
	{"IPv6 (cut short)", FRAME(MACS, 0x86, 0xdd, 0x60)},
};

static void puts_frames_into_words(void **state __attribute__((unused)))
{
	for (size_t i = 0; i < ARRAY_SIZE(frames); i++) {
		struct words words = {};

		words_frame(&words, frames[i].bytes, frames[i].len);
		assert_string_equal(words.s, frames[i].words);
		assert_int_equal(words.len, strlen(words.s));
	}
}

/* Each cut at every byte, in memory that ends there; for the sanitizers. */
static void reads_no_further(void **state __attribute__((unused)))
{
	for (size_t i = 0; i < ARRAY_SIZE(frames); i++) {
		for (size_t len = 0; len < frames[i].len; len++) {
			_cleanup_free_ __u8 *copy = malloc(len + !len);
			struct words words = {};

			assert_non_null(copy);
			memcpy(copy, frames[i].bytes, len);
			words_frame(&words, copy, len);
			assert_true(words.len > 0);
		}
	}
}

static void takes_any_bytes(void **state __attribute__((unused)))
{
	__u8 *bytes;
	size_t len;

	srand(1);
	for (int i = 0; i < 20000; i++) {
		const size_t kind = rand() % ARRAY_SIZE(frames);
		struct words words = {};

		len = rand() % 128;
		bytes = malloc(len + 1);
		assert_non_null(bytes);
		for (size_t j = 0; j < len; j++)
			bytes[j] = rand() % 4 ? frames[kind].bytes[j] : rand();
		words_frame(&words, bytes, len);
		assert_true(words.len < 300);
		free(bytes);
	}
}

static void cuts_what_does_not_fit(void **state __attribute__((unused)))
{
	struct words words = {};

	for (int i = 0; i < 1000; i++)
		words_add(&words, "%s", "four");
	assert_int_equal(words.len, sizeof(words.s) - 1);
	assert_int_equal(strlen(words.s), words.len);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hands_out_in_order),
		cmocka_unit_test(keeps_the_order_of_one_instant),
		cmocka_unit_test(ends_with_a_failure),
		cmocka_unit_test(refuses_what_is_too_short),
		cmocka_unit_test(puts_frames_into_words),
		cmocka_unit_test(reads_no_further),
		cmocka_unit_test(takes_any_bytes),
		cmocka_unit_test(cuts_what_does_not_fit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
