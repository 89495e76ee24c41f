/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Files for other tools: a pcap of what weft emits, for tshark; a corpus of frames, for the fuzzer.
 */
#ifndef WEFT_TEST_DUMP_H
#define WEFT_TEST_DUMP_H

#include <linux/types.h>

/** dump_open - write every distinct packet of dump_packet() to pcap file @path. Return: 0 or
 * -errno. */
int dump_open(const char *path);

/** dump_packet - an encapsulated packet or an answer, as weft made it. */
void dump_packet(const __u8 *data, __u32 len);

/** dump_close - finish the file. Return: 0 or -errno. */
int dump_close(void);

/** dump_corpus - write every row's frame to directory @path. Return: 0 or -errno. */
int dump_corpus(const char *path);

#endif
