/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Writes pcapng, the file format of Wireshark: one section, in the byte order of this machine, with
 * Ethernet interfaces and packets stamped in ns.
 *
 * Spec: draft-ietf-opsawg-pcapng; sections are those of its version 02.
 */
#ifndef WEFT_LOADER_PCAPNG_H
#define WEFT_LOADER_PCAPNG_H

#include <stddef.h>
#include <stdio.h>
#include <linux/types.h>

/** struct pcapng - a file that is being written. Zero, then pcapng_begin(). */
struct pcapng {
	FILE *out;
	__u32 interfaces; /* described so far */
	__u8 *block;      /* the block being put together */
	size_t len;
	size_t size;
};

/**
 * struct pcapng_section - what stands at the head of a file; each may be NULL.
 * @os: operating system.
 * @application: what wrote the file.
 * @comment: for people.
 */
struct pcapng_section {
	const char *os;
	const char *application;
	const char *comment;
};

/** struct pcapng_interface - where packets were seen. @description and @filter may be NULL. */
struct pcapng_interface {
	const char *name;
	const char *description;
	const char *filter; /* what was captured, in words */
	__u32 snaplen;      /* bytes; 0 = no limit */
};

/** enum pcapng_verdict - who gave @verdict of a packet; the numbers of the format. */
enum pcapng_verdict {
	PCAPNG_VERDICT_NONE,
	PCAPNG_VERDICT_TC,  /* TC_ACT_* */
	PCAPNG_VERDICT_XDP, /* XDP_* */
};

/**
 * struct pcapng_packet - one packet, as received by an interface.
 * @interface: as pcapng_interface() numbered it.
 * @time_ns: since 1970.
 * @len: bytes that it had.
 * @cap_len: bytes of it in @bytes.
 * @dropped: packets that were missed since the last one; 0: none or not known.
 * @comment: for people; NULL: none.
 */
struct pcapng_packet {
	__u32 interface;
	__u64 time_ns;
	__u32 len;
	__u32 cap_len;
	const __u8 *bytes;
	__u64 dropped;
	enum pcapng_verdict verdict_by;
	__u64 verdict;
	const char *comment;
};

/**
 * pcapng_begin - write the section header. Spec: section 4.1.
 * @w: all zero; pcapng_clear() releases it.
 * @out: must outlive @w; what the functions here return is whether it took all bytes so far, as
 *       far as it tells before it is flushed.
 *
 * Return: 0; -ENOMEM; another -errno from @out.
 */
int pcapng_begin(struct pcapng *w, FILE *out, const struct pcapng_section *section);

/**
 * pcapng_interface - describe an interface; before the first packet of it. Spec: section 4.2.
 * @id: receives its number.
 *
 * Return: as pcapng_begin().
 */
int pcapng_interface(struct pcapng *w, const struct pcapng_interface *interface, __u32 *id);

/** pcapng_packet - write a packet. Return: as pcapng_begin(). Spec: section 4.3. */
int pcapng_packet(struct pcapng *w, const struct pcapng_packet *packet);

/** pcapng_clear - release what @w holds; the stream stays open. Also for _cleanup_(). */
void pcapng_clear(struct pcapng *w);

#endif
