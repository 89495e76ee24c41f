/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * One frame out of a capture file: pcap or pcapng, of either byte order. Nothing in the file is
 * believed: every length is bounded before it is used, and a file is read from front to back once.
 *
 * Spec: draft-ietf-opsawg-pcap, draft-ietf-opsawg-pcapng.
 */
#ifndef WEFT_LOADER_PCAP_READ_H
#define WEFT_LOADER_PCAP_READ_H

#include <stdio.h>
#include <linux/types.h>

#define PCAP_FRAME_MAX 65535 /* bytes of a frame that are kept */

/**
 * struct pcap_frame - a frame.
 * @bytes: its first @cap_len bytes.
 * @cap_len: at most PCAP_FRAME_MAX.
 * @len: bytes that it had.
 * @interface: name of the interface that it was seen at, as the file has it; "" = not told.
 */
struct pcap_frame {
	__u8 bytes[PCAP_FRAME_MAX];
	__u32 cap_len;
	__u32 len;
	char interface[64];
};

/**
 * pcap_read - read the frame with this number.
 * @in: the file, from its first byte on; need not be seekable.
 * @number: from 1.
 * @frame: receives it.
 * @problem: receives, on failure, what is wrong with the file, as a predicate to its name.
 *
 * Return: 0; -EINVAL: @problem says why; -errno from @in, @problem then NULL.
 */
int pcap_read(FILE *in, unsigned long number, struct pcap_frame *frame, const char **problem);

#endif
