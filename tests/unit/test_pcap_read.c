/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* pcap_read.c: frames out of files, and what is wrong with others. What pcapng.c writes is read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <byteswap.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "pcap_read.h"
#include "pcapng.h"
#include "util.h"

static const __u8 first[] = "the first frame", second[] = "the second one";

/** struct file - a file in memory. */
struct file {
	__u8 bytes[1024];
	size_t len;
	bool swap;
};

static void put16(struct file *f, __u16 value)
{
	value = f->swap ? bswap_16(value) : value;
	memcpy(f->bytes + f->len, &value, sizeof(value));
	f->len += sizeof(value);
}

static void put32(struct file *f, __u32 value)
{
	value = f->swap ? bswap_32(value) : value;
	memcpy(f->bytes + f->len, &value, sizeof(value));
	f->len += sizeof(value);
}

static void put_bytes(struct file *f, const void *bytes, size_t len)
{
	memcpy(f->bytes + f->len, bytes, len);
	f->len += len;
}

static int read_at(const struct file *f, size_t len, unsigned long number, struct pcap_frame *frame,
		   const char **problem)
{
	FILE *in = fmemopen((void *)f->bytes, len, "r");
	int err;

	assert_non_null(in);
	err = pcap_read(in, number, frame, problem);
	fclose(in);
	return err;
}

static void check(const struct file *f, unsigned long number, const void *bytes, size_t len,
		  const char *interface)
{
	static struct pcap_frame frame;
	const char *problem;

	assert_int_equal(read_at(f, f->len, number, &frame, &problem), 0);
	assert_null(problem);
	assert_int_equal(frame.cap_len, len);
	assert_int_equal(frame.len, len);
	assert_memory_equal(frame.bytes, bytes, len);
	assert_string_equal(frame.interface, interface);
}

static void check_wrong(const struct file *f, size_t len, unsigned long number, const char *says)
{
	static struct pcap_frame frame;
	const char *problem;

	assert_int_equal(read_at(f, len, number, &frame, &problem), -EINVAL);
	assert_string_equal(problem, says);
}

static void make_pcap(struct file *f, __u32 magic, __u32 link)
{
	put32(f, magic);
	put16(f, 2);
	put16(f, 4);
	put32(f, 0);
	put32(f, 0);
	put32(f, 65535);
	put32(f, link);
}

static void add_record(struct file *f, const void *bytes, __u32 len)
{
	put32(f, 1);
	put32(f, 2);
	put32(f, len);
	put32(f, len);
	put_bytes(f, bytes, len);
}

static void test_pcap(void **state)
{
	static const __u32 magics[] = {0xa1b2c3d4, 0xa1b23c4d};

	(void)state;
	for (int swap = 0; swap < 2; swap++) {
		for (size_t i = 0; i < ARRAY_SIZE(magics); i++) {
			struct file f = {.swap = swap};

			make_pcap(&f, magics[i], 1);
			add_record(&f, first, sizeof(first));
			add_record(&f, second, sizeof(second));
			check(&f, 1, first, sizeof(first), "");
			check(&f, 2, second, sizeof(second), "");
			check_wrong(&f, f.len, 3, "has fewer frames than that");
			check_wrong(&f, f.len, 0, "counts its frames from 1");
		}
	}
}

static void test_wrong_pcap(void **state)
{
	struct file f = {}, other = {}, huge = {};

	(void)state;
	make_pcap(&f, 0xa1b2c3d4, 1);
	add_record(&f, first, sizeof(first));
	for (size_t len = 1; len < 4; len++)
		check_wrong(&f, len, 1, "is neither pcap nor pcapng");
	for (size_t len = 4; len < f.len; len++)
		if (len == 24)
			check_wrong(&f, len, 1, "has fewer frames than that");
		else
			check_wrong(&f, len, 1, "ends within a record");
	make_pcap(&other, 0xa1b2c3d4, 113);
	check_wrong(&other, other.len, 1, "has no Ethernet frames");
	make_pcap(&huge, 0xa1b2c3d4, 1);
	put32(&huge, 0);
	put32(&huge, 0);
	put32(&huge, 0xffffffff);
	put32(&huge, 0xffffffff);
	check_wrong(&huge, huge.len, 1, "has a record of an impossible length");
	put_bytes(&other, "x", 1);
	other.bytes[0] = 'x';
	check_wrong(&other, other.len, 1, "is neither pcap nor pcapng");
}

/* A section with one interface, "eth7". */
static void begin_section(struct file *f)
{
	put32(f, 0x0a0d0d0a);
	put32(f, 28);
	put32(f, 0x1a2b3c4d);
	put16(f, 1);
	put16(f, 0);
	put32(f, 0xffffffff);
	put32(f, 0xffffffff);
	put32(f, 28);
	put32(f, 1);
	put32(f, 20 + 16);
	put16(f, 1);
	put16(f, 0);
	put32(f, 0);
	put16(f, 3); /* a description first */
	put16(f, 1);
	put32(f, 'x');
	put16(f, 2);
	put16(f, 4);
	put_bytes(f, "eth7", 4);
	put32(f, 20 + 16);
}

static void add_simple(struct file *f)
{
	put32(f, 3);
	put32(f, 16 + 16);
	put32(f, sizeof(first));
	put_bytes(f, first, sizeof(first));
	put32(f, 16 + 16);
}

static void add_packet(struct file *f, __u32 interface, __u32 cap_len)
{
	put32(f, 6);
	put32(f, 32 + 16);
	put32(f, interface);
	put32(f, 0);
	put32(f, 0);
	put32(f, cap_len);
	put32(f, sizeof(second));
	put_bytes(f, second, sizeof(second));
	put_bytes(f, "", 1);
	put32(f, 32 + 16);
}

_Static_assert(sizeof(first) == 16 && sizeof(second) == 15, "with their padding, 16");

static void test_pcapng(void **state)
{
	(void)state;
	for (int swap = 0; swap < 2; swap++) {
		struct file f = {.swap = swap};

		begin_section(&f);
		add_simple(&f);
		add_packet(&f, 0, sizeof(second));
		f.swap = !swap; /* sections may differ */
		begin_section(&f);
		add_packet(&f, 0, sizeof(second));
		check(&f, 1, first, sizeof(first), "eth7");
		check(&f, 2, second, sizeof(second), "eth7");
		check(&f, 3, second, sizeof(second), "eth7");
		check_wrong(&f, f.len, 4, "has fewer frames than that");
	}
}

static void test_wrong_pcapng(void **state)
{
	struct file f = {}, no_interface = {}, too_long = {}, bad_length = {};
	size_t head;

	(void)state;
	begin_section(&f);
	head = f.len;
	add_packet(&f, 0, sizeof(second));
	for (size_t len = 4; len < head + 32; len++)
		if (len == 28 || len == head)
			check_wrong(&f, len, 1, "has fewer frames than that");
		else
			check_wrong(&f, len, 1, "ends within a record");
	begin_section(&no_interface);
	add_packet(&no_interface, 1, sizeof(second));
	check_wrong(&no_interface, no_interface.len, 1,
		    "has a frame of an interface that it does not describe");
	begin_section(&too_long);
	add_packet(&too_long, 0, 17);
	check_wrong(&too_long, too_long.len, 1, "has a frame longer than its block");
	begin_section(&bad_length);
	put32(&bad_length, 6);
	put32(&bad_length, 13);
	check_wrong(&bad_length, bad_length.len, 1, "has a block of an impossible length");
}

/* What weft capture writes can be explained. */
static void test_own_file(void **state)
{
	_cleanup_(pcapng_clear) struct pcapng w = {};
	struct pcapng_packet packet = {.len = sizeof(first), .cap_len = 4, .bytes = first};
	static struct pcap_frame frame;
	struct file f = {};
	FILE *out = fmemopen(f.bytes, sizeof(f.bytes), "w");
	const char *problem;

	(void)state;
	assert_non_null(out);
	assert_int_equal(pcapng_begin(&w, out, &(struct pcapng_section){.comment = "x"}), 0);
	assert_int_equal(pcapng_interface(&w,
					  &(struct pcapng_interface){.name = "web-1",
								     .description = "a port"},
					  &packet.interface),
			 0);
	packet.comment = "dropped";
	assert_int_equal(pcapng_packet(&w, &packet), 0);
	fflush(out);
	f.len = ftell(out);
	fclose(out);
	assert_int_equal(read_at(&f, f.len, 1, &frame, &problem), 0);
	assert_int_equal(frame.cap_len, 4);
	assert_int_equal(frame.len, sizeof(first));
	assert_memory_equal(frame.bytes, first, 4);
	assert_string_equal(frame.interface, "web-1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pcap),     cmocka_unit_test(test_wrong_pcap),
		cmocka_unit_test(test_pcapng),   cmocka_unit_test(test_wrong_pcapng),
		cmocka_unit_test(test_own_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
