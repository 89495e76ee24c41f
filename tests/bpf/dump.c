/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* See dump.h. Format: https://datatracker.ietf.org/doc/draft-ietf-opsawg-pcap/ */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>

#include "dump.h"
#include "rows.h"

#define SEEN_MAX 4096

static FILE *file;
static __u64 seen[SEEN_MAX];
static int seen_n;

/* FNV-1a */
static __u64 hash(const __u8 *data, __u32 len)
{
	__u64 h = 0xcbf29ce484222325ULL;

	for (__u32 i = 0; i < len; i++)
		h = (h ^ data[i]) * 0x100000001b3ULL;
	return h;
}

static bool is_new(__u64 h)
{
	for (int i = 0; i < seen_n; i++) {
		if (seen[i] == h)
			return false;
	}
	if (seen_n < SEEN_MAX)
		seen[seen_n++] = h;
	return true;
}

int dump_open(const char *path)
{
	const __u32 header[] = {0xa1b2c3d4, 4 << 16 | 2, 0, 0, 65535, 1};

	file = fopen(path, "wb");
	if (!file)
		return -errno;
	return fwrite(header, sizeof(header), 1, file) == 1 ? 0 : -EIO;
}

void dump_packet(const __u8 *data, __u32 len)
{
	__u32 header[] = {seen_n + 1, 0, len, len};

	if (!file || !is_new(hash(data, len)))
		return;
	fwrite(header, sizeof(header), 1, file);
	fwrite(data, len, 1, file);
}

int dump_close(void)
{
	int err;

	if (!file)
		return 0;
	err = ferror(file);
	return fclose(file) || err ? -EIO : 0;
}

/* The fuzzer's input: how many bytes are linear, GSO or not, the frame; see
 * tests/fuzz/fuzz_parse.c. */
static int dump_frame(const char *path, const struct layer *layers, __u32 cut)
{
	static struct packet p;
	char name[512];
	__u8 header[3] = {0xff, 0xff, 0};
	FILE *f;

	packet_build(&p, layers, NULL);
	p.len = cut ? cut : p.len;
	snprintf(name, sizeof(name), "%s/%016llx", path, hash(p.data, p.len));
	f = fopen(name, "wb");
	if (!f)
		return -errno;
	fwrite(header, sizeof(header), 1, f);
	fwrite(p.data, p.len, 1, f);
	return fclose(f) ? -EIO : 0;
}

int dump_corpus(const char *path)
{
	int err = 0;

	for (int t = 0; every_port_table[t]; t++) {
		const struct port_table *table = every_port_table[t];

		for (size_t i = 0; !err && i < table->n; i++)
			err = dump_frame(path, table->rows[i].in, table->rows[i].cut);
	}
	for (int t = 0; every_wire_table[t]; t++) {
		const struct wire_table *table = every_wire_table[t];

		for (size_t i = 0; !err && i < table->n; i++)
			err = dump_frame(path, table->rows[i].in, table->rows[i].cut);
	}
	return err;
}
