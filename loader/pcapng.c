/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Writes pcapng; see pcapng.h. A block is put together in memory, then written at once. */
#include "pcapng.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "util.h"

#define BLOCK_FIRST_SIZE 4096

enum block_type {
	BLOCK_SECTION = 0x0a0d0d0a,
	BLOCK_INTERFACE = 1,
	BLOCK_PACKET = 6,
};

#define BYTE_ORDER_MAGIC  0x1a2b3c4d
#define VERSION_MAJOR     1
#define VERSION_MINOR     0
#define LENGTH_UNKNOWN    (-1LL)
#define LINKTYPE_ETHERNET 1
#define TSRESOL_NS        9 /* 10^-9 s */
#define FLAGS_INBOUND     1

/* Options; their numbers are reused from block to block. */
enum option {
	OPT_END = 0,
	OPT_COMMENT = 1,
	SHB_OS = 3,
	SHB_USERAPPL = 4,
	IF_NAME = 2,
	IF_DESCRIPTION = 3,
	IF_TSRESOL = 9,
	IF_FILTER = 11,
	EPB_FLAGS = 2,
	EPB_DROPCOUNT = 4,
	EPB_VERDICT = 7,
};

#define OPTION_MAX 65535 /* its length field has 16 bits */

static int reserve(struct pcapng *w, size_t n)
{
	size_t size = w->size ? w->size : BLOCK_FIRST_SIZE;
	__u8 *larger;

	while (size < w->len + n)
		size *= 2;
	if (size == w->size)
		return 0;
	larger = realloc(w->block, size);
	if (!larger)
		return -ENOMEM;
	w->block = larger;
	w->size = size;
	return 0;
}

/* Appends bytes, filled up with zeros to a multiple of four. */
static int put(struct pcapng *w, const void *bytes, size_t len)
{
	size_t padded = (len + 3) & ~(size_t)3;
	int err;

	err = reserve(w, padded);
	if (err)
		return err;
	if (len)
		memcpy(w->block + w->len, bytes, len);
	memset(w->block + w->len + len, 0, padded - len);
	w->len += padded;
	return 0;
}

static int put32(struct pcapng *w, __u32 value)
{
	return put(w, &value, sizeof(value));
}

static int put_pair(struct pcapng *w, __u16 first, __u16 second)
{
	const __u16 pair[] = {first, second};

	return put(w, pair, sizeof(pair));
}

static int put_option(struct pcapng *w, enum option code, const void *value, size_t len)
{
	int err;

	len = len < OPTION_MAX ? len : OPTION_MAX;
	err = put_pair(w, code, len);
	return err ? err : put(w, value, len);
}

static int put_text(struct pcapng *w, enum option code, const char *text)
{
	return text ? put_option(w, code, text, strlen(text)) : 0;
}

/* The total length stands at both ends of a block; the first one is filled in by end(). */
static int begin(struct pcapng *w, enum block_type type)
{
	int err;

	w->len = 0;
	err = put32(w, type);
	return err ? err : put32(w, 0);
}

static int end(struct pcapng *w)
{
	__u32 total;
	int err;

	err = put_pair(w, OPT_END, 0);
	total = w->len + sizeof(total);
	if (!err)
		err = put32(w, total);
	if (err)
		return err;
	memcpy(w->block + sizeof(total), &total, sizeof(total));
	errno = 0;
	if (fwrite(w->block, 1, w->len, w->out) != w->len)
		return errno ? -errno : -EIO;
	return 0;
}

int pcapng_begin(struct pcapng *w, FILE *out, const struct pcapng_section *section)
{
	const __s64 length = LENGTH_UNKNOWN;
	int err;

	w->out = out;
	w->interfaces = 0;
	err = begin(w, BLOCK_SECTION);
	if (!err)
		err = put32(w, BYTE_ORDER_MAGIC);
	if (!err)
		err = put_pair(w, VERSION_MAJOR, VERSION_MINOR);
	if (!err)
		err = put(w, &length, sizeof(length));
	if (!err)
		err = put_text(w, OPT_COMMENT, section->comment);
	if (!err)
		err = put_text(w, SHB_OS, section->os);
	if (!err)
		err = put_text(w, SHB_USERAPPL, section->application);
	return err ? err : end(w);
}

/* A filter's first byte says of what kind it is; 0 is text. */
static int put_filter(struct pcapng *w, const char *filter)
{
	_cleanup_free_ char *option = NULL;
	size_t len;

	if (!filter)
		return 0;
	len = strlen(filter) + 1;
	option = malloc(len);
	if (!option)
		return -ENOMEM;
	option[0] = 0;
	memcpy(option + 1, filter, len - 1);
	return put_option(w, IF_FILTER, option, len);
}

int pcapng_interface(struct pcapng *w, const struct pcapng_interface *interface, __u32 *id)
{
	const __u8 resolution = TSRESOL_NS;
	int err;

	err = begin(w, BLOCK_INTERFACE);
	if (!err)
		err = put_pair(w, LINKTYPE_ETHERNET, 0);
	if (!err)
		err = put32(w, interface->snaplen);
	if (!err)
		err = put_text(w, IF_NAME, interface->name);
	if (!err)
		err = put_text(w, IF_DESCRIPTION, interface->description);
	if (!err)
		err = put_option(w, IF_TSRESOL, &resolution, sizeof(resolution));
	if (!err)
		err = put_filter(w, interface->filter);
	if (!err)
		err = end(w);
	if (!err)
		*id = w->interfaces++;
	return err;
}

static int put_verdict(struct pcapng *w, const struct pcapng_packet *packet)
{
	__u8 option[1 + sizeof(packet->verdict)] = {packet->verdict_by};

	if (packet->verdict_by == PCAPNG_VERDICT_NONE)
		return 0;
	memcpy(option + 1, &packet->verdict, sizeof(packet->verdict));
	return put_option(w, EPB_VERDICT, option, sizeof(option));
}

static int put_packet_options(struct pcapng *w, const struct pcapng_packet *packet)
{
	const __u32 flags = FLAGS_INBOUND;
	int err;

	err = put_text(w, OPT_COMMENT, packet->comment);
	if (!err)
		err = put_option(w, EPB_FLAGS, &flags, sizeof(flags));
	if (!err && packet->dropped)
		err = put_option(w, EPB_DROPCOUNT, &packet->dropped, sizeof(packet->dropped));
	return err ? err : put_verdict(w, packet);
}

int pcapng_packet(struct pcapng *w, const struct pcapng_packet *packet)
{
	int err;

	err = begin(w, BLOCK_PACKET);
	if (!err)
		err = put32(w, packet->interface);
	if (!err)
		err = put32(w, packet->time_ns >> 32);
	if (!err)
		err = put32(w, packet->time_ns);
	if (!err)
		err = put32(w, packet->cap_len);
	if (!err)
		err = put32(w, packet->len);
	if (!err)
		err = put(w, packet->bytes, packet->cap_len);
	if (!err)
		err = put_packet_options(w, packet);
	return err ? err : end(w);
}

void pcapng_clear(struct pcapng *w)
{
	free(w->block);
	*w = (struct pcapng){};
}
