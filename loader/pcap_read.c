/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* One frame out of a capture file; see pcap_read.h. */
#include "pcap_read.h"

#include <byteswap.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "util.h"

#define MAGIC_US       0xa1b2c3d4 /* pcap, stamps in microseconds */
#define MAGIC_NS       0xa1b23c4d
#define MAGIC_SECTION  0x0a0d0d0a /* pcapng; reads the same both ways */
#define MAGIC_ORDER    0x1a2b3c4d
#define LINK_ETHERNET  1
#define BLOCK_MAX      (16u << 20) /* no block of a sane file is larger */
#define INTERFACES_MAX 1024
#define OPTION_NAME    2 /* of an interface: if_name */

enum block_type {
	BLOCK_INTERFACE = 1,
	BLOCK_SIMPLE = 3,
	BLOCK_PACKET = 6,
};

/** struct interface - of a section. */
struct interface {
	__u16 link;
	char name[sizeof(((struct pcap_frame *)0)->interface)];
};

/**
 * struct reader - a file that is being read.
 * @swap: it has the other byte order.
 * @left: frames yet to be passed over, and the one that is wanted.
 */
struct reader {
	FILE *in;
	bool swap;
	unsigned long left;
	struct pcap_frame *frame;
	const char **problem;
	struct interface *interfaces;
	__u32 n_interfaces;
};

static int wrong(const struct reader *r, const char *what)
{
	*r->problem = what;
	return -EINVAL;
}

static __u32 get32(const struct reader *r, const __u8 *at)
{
	__u32 value;

	memcpy(&value, at, sizeof(value));
	return r->swap ? bswap_32(value) : value;
}

static __u16 get16(const struct reader *r, const __u8 *at)
{
	__u16 value;

	memcpy(&value, at, sizeof(value));
	return r->swap ? bswap_16(value) : value;
}

/* Return: 1; 0 at the end of the file; -EINVAL if it ends within; -errno. */
static int take(const struct reader *r, void *to, size_t len)
{
	size_t n = fread(to, 1, len, r->in);

	if (n == len)
		return 1;
	if (ferror(r->in))
		return errno ? -errno : -EIO;
	return n ? wrong(r, "ends within a record") : 0;
}

static int need(const struct reader *r, void *to, size_t len)
{
	int got = take(r, to, len);

	return got > 0 ? 0 : got < 0 ? got : wrong(r, "ends within a record");
}

static int skip(const struct reader *r, __u64 len)
{
	__u8 buf[4096];
	int err = 0;

	while (len && !err) {
		size_t n = len < sizeof(buf) ? len : sizeof(buf);

		err = need(r, buf, n);
		len -= n;
	}
	return err;
}

static int too_few(const struct reader *r)
{
	return wrong(r, "has fewer frames than that");
}

/* -- pcap ----------------------------------------------------------------------------------- */

/* Spec: draft-ietf-opsawg-pcap section 4; a file's header is 24 bytes, a record's 16. */
static int read_pcap(struct reader *r)
{
	__u8 head[20], record[16];
	__u32 cap_len;
	int got, err;

	err = need(r, head, sizeof(head));
	if (err)
		return err;
	if ((get32(r, head + 16) & 0xffff) != LINK_ETHERNET)
		return wrong(r, "has no Ethernet frames");
	while ((got = take(r, record, sizeof(record))) > 0) {
		cap_len = get32(r, record + 8);
		if (cap_len > BLOCK_MAX)
			return wrong(r, "has a record of an impossible length");
		if (--r->left) {
			err = skip(r, cap_len);
			if (err)
				return err;
			continue;
		}
		r->frame->len = get32(r, record + 12);
		r->frame->cap_len = cap_len < PCAP_FRAME_MAX ? cap_len : PCAP_FRAME_MAX;
		return need(r, r->frame->bytes, r->frame->cap_len);
	}
	return got < 0 ? got : too_few(r);
}

/* -- pcapng --------------------------------------------------------------------------------- */

/* @len: bytes that are left of a block; so many are skipped. */
static int skip_rest(const struct reader *r, __u32 len)
{
	return skip(r, (__u64)len + sizeof(__u32)); /* its length stands at its end again */
}

/* An interface's name; other options are passed over. */
static int read_options(const struct reader *r, struct interface *i, __u32 left)
{
	__u8 head[4];
	__u32 padded;
	__u16 len;
	int err;

	while (left >= sizeof(head)) {
		err = need(r, head, sizeof(head));
		if (err)
			return err;
		left -= sizeof(head);
		len = get16(r, head + 2);
		padded = (len + 3u) & ~3u;
		if (padded > left)
			return wrong(r, "has an option longer than its block");
		left -= padded;
		if (get16(r, head) == OPTION_NAME && len < sizeof(i->name)) {
			err = need(r, i->name, len);
			padded -= len;
		}
		if (!err)
			err = skip(r, padded);
		if (err)
			return err;
	}
	return skip_rest(r, left);
}

static int read_interface(struct reader *r, __u32 len)
{
	struct interface *larger, *i;
	__u8 fixed[8];
	int err;

	if (len < sizeof(fixed))
		return wrong(r, "has a block that is too short");
	if (r->n_interfaces == INTERFACES_MAX)
		return wrong(r, "has too many interfaces");
	larger = reallocarray(r->interfaces, r->n_interfaces + 1, sizeof(*larger));
	if (!larger)
		return -ENOMEM;
	r->interfaces = larger;
	i = &larger[r->n_interfaces++];
	*i = (struct interface){};
	err = need(r, fixed, sizeof(fixed));
	if (err)
		return err;
	i->link = get16(r, fixed);
	return read_options(r, i, len - sizeof(fixed));
}

/* A frame of @cap_len bytes, in a block of which @left bytes are left. */
static int read_frame(struct reader *r, __u32 interface, __u32 cap_len, __u32 left)
{
	struct pcap_frame *frame = r->frame;

	if (interface >= r->n_interfaces)
		return wrong(r, "has a frame of an interface that it does not describe");
	if (cap_len > left)
		return wrong(r, "has a frame longer than its block");
	if (r->interfaces[interface].link != LINK_ETHERNET)
		return wrong(r, "has no Ethernet frame there");
	frame->cap_len = cap_len < PCAP_FRAME_MAX ? cap_len : PCAP_FRAME_MAX;
	memcpy(frame->interface, r->interfaces[interface].name, sizeof(frame->interface));
	return need(r, frame->bytes, frame->cap_len);
}

/* Spec: draft-ietf-opsawg-pcapng sections 4.3 and 4.4. Return: 1: that was it; 0; -errno. */
static int read_packet(struct reader *r, enum block_type type, __u32 len)
{
	__u32 fixed_len = type == BLOCK_PACKET ? 20 : 4, cap_len, interface = 0;
	__u8 fixed[20];
	int err;

	if (len < fixed_len)
		return wrong(r, "has a block that is too short");
	if (--r->left)
		return skip_rest(r, len);
	err = need(r, fixed, fixed_len);
	if (err)
		return err;
	len -= fixed_len;
	r->frame->len = get32(r, fixed + fixed_len - 4);
	cap_len = r->frame->len < len ? r->frame->len : len;
	if (type == BLOCK_PACKET) {
		interface = get32(r, fixed);
		cap_len = get32(r, fixed + 12);
	}
	err = read_frame(r, interface, cap_len, len);
	return err ? err : 1;
}

/* The rest of a section header, whose type has been read. Spec: section 4.1. */
static int read_section(struct reader *r)
{
	__u8 head[8];
	__u32 magic, len;
	int err;

	err = need(r, head, sizeof(head));
	if (err)
		return err;
	memcpy(&magic, head + 4, sizeof(magic));
	r->swap = magic == bswap_32(MAGIC_ORDER);
	if (!r->swap && magic != MAGIC_ORDER)
		return wrong(r, "has a section of no known byte order");
	len = get32(r, head);
	if (len < 28 || len > BLOCK_MAX)
		return wrong(r, "has a block of an impossible length");
	r->n_interfaces = 0;
	return skip(r, len - 12);
}

/* Return: as read_packet(). */
static int read_block(struct reader *r, const __u8 *head)
{
	__u32 type = get32(r, head), len = get32(r, head + 4);

	if (len < 12 || len > BLOCK_MAX || len % 4)
		return wrong(r, "has a block of an impossible length");
	len -= 12;
	switch (type) {
	case BLOCK_INTERFACE:
		return read_interface(r, len);
	case BLOCK_SIMPLE:
	case BLOCK_PACKET:
		return read_packet(r, type, len);
	default:
		return skip_rest(r, len);
	}
}

static int read_pcapng(struct reader *r)
{
	__u8 head[8];
	__u32 type;
	int err;

	err = read_section(r);
	while (!err) {
		err = take(r, head, sizeof(type));
		if (err <= 0)
			return err ? err : too_few(r);
		memcpy(&type, head, sizeof(type));
		if (type == MAGIC_SECTION) {
			err = read_section(r);
			continue;
		}
		err = need(r, head + sizeof(type), sizeof(head) - sizeof(type));
		if (!err)
			err = read_block(r, head);
	}
	return err > 0 ? 0 : err;
}

static int read_file(struct reader *r)
{
	__u8 bytes[4];
	__u32 magic;
	int err;

	err = need(r, bytes, sizeof(bytes));
	if (err)
		return err == -EINVAL ? wrong(r, "is neither pcap nor pcapng") : err;
	memcpy(&magic, bytes, sizeof(magic));
	if (magic == MAGIC_SECTION)
		return read_pcapng(r);
	r->swap = magic == bswap_32(MAGIC_US) || magic == bswap_32(MAGIC_NS);
	if (!r->swap && magic != MAGIC_US && magic != MAGIC_NS)
		return wrong(r, "is neither pcap nor pcapng");
	return read_pcap(r);
}

int pcap_read(FILE *in, unsigned long number, struct pcap_frame *frame, const char **problem)
{
	struct reader r = {.in = in, .left = number, .frame = frame, .problem = problem};
	int err;

	*problem = NULL;
	frame->cap_len = frame->len = 0;
	frame->interface[0] = '\0';
	if (!number)
		return wrong(&r, "counts its frames from 1");
	err = read_file(&r);
	free(r.interfaces);
	return err;
}
