/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Fuzz the reader of capture files, and the words that are made of a frame. Built and run by `make
 * fuzz`.
 *
 * Beyond what the sanitizers find: a file gives a frame, or a reason why it does not.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capture_words.h"
#include "pcap_read.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_one(const uint8_t *data, size_t size, unsigned long number)
{
	static struct pcap_frame frame;
	struct words words = {};
	const char *problem;
	FILE *in = fmemopen((void *)data, size, "r");
	int err;

	if (!in)
		abort();
	err = pcap_read(in, number, &frame, &problem);
	fclose(in);
	if ((err == -EINVAL) != !!problem || frame.cap_len > PCAP_FRAME_MAX ||
	    !memchr(frame.interface, '\0', sizeof(frame.interface)))
		abort();
	if (!err)
		words_frame(&words, frame.bytes, frame.cap_len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!size)
		return 0;
	read_one(data, size, 1);
	read_one(data, size, 3);
	return 0;
}
