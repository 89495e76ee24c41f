/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* A frame in words, on one line: who speaks to whom, about what. For people; tshark knows more. */
#ifndef WEFT_LOADER_CAPTURE_WORDS_H
#define WEFT_LOADER_CAPTURE_WORDS_H

#include <stddef.h>
#include <linux/types.h>

/** struct words - a line that is put together; what does not fit is cut off. All zero is empty. */
struct words {
	char s[1024];
	size_t len;
};

/** words_add - append. */
void words_add(struct words *words, const char *format, ...) __attribute__((format(printf, 2, 3)));

/**
 * words_frame - append what a frame is: "10.9.0.11:40000 > 10.9.0.12:80 TCP SYN".
 * @frame: its first @len bytes, from the Ethernet header on; any bytes at all.
 */
void words_frame(struct words *words, const __u8 *frame, size_t len);

#endif
