/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Says which field of which header differs, for packet_diff(). It reads the bytes and knows nothing
 * of how they were built. */
#include <arpa/inet.h>
#include <stdbool.h>
#include <string.h>

#include "packet.h"

#define FIELDS_MAX 160

struct field {
	const char *name;
	__u32 len; /* bytes */
};

/** struct found - a field where it stands in a packet. @frame: which Ethernet frame, 0 the
 * outermost. */
struct found {
	const char *layer;
	const char *name;
	__u32 off, len;
	int frame;
};

struct dissection {
	struct found f[FIELDS_MAX];
	int n;
	int frame;
	__u32 off, len;
	const __u8 *data;
	char chain[256];
};

static const struct field eth[] = {{"dst", 6}, {"src", 6}, {"proto", 2}, {}};
static const struct field vlan[] = {{"tci", 2}, {"proto", 2}, {}};
static const struct field arp[] = {{"htype", 2}, {"ptype", 2}, {"hlen", 1}, {"plen", 1}, {"op", 2},
				   {"sha", 6},   {"spa", 4},   {"tha", 6},  {"tpa", 4},  {}};
static const struct field ip4[] = {
	{"version/ihl", 1}, {"tos", 1},  {"len", 2}, {"id", 2},  {"frag", 2}, {"ttl", 1},
	{"proto", 1},       {"csum", 2}, {"src", 4}, {"dst", 4}, {}};
static const struct field ip6[] = {{"version/tc/flow", 4},
				   {"len", 2},
				   {"proto", 1},
				   {"hlim", 1},
				   {"src", 16},
				   {"dst", 16},
				   {}};
static const struct field ext[] = {{"proto", 1}, {"len", 1}, {"body", 6}, {}};
static const struct field udp[] = {{"sport", 2}, {"dport", 2}, {"len", 2}, {"csum", 2}, {}};
static const struct field tcp[] = {
	{"sport", 2}, {"dport", 2},  {"seq", 4},  {"ack", 4},    {"doff", 1},
	{"flags", 1}, {"window", 2}, {"csum", 2}, {"urgent", 2}, {}};
static const struct field icmp[] = {{"type", 1}, {"code", 1}, {"csum", 2}, {"rest", 4}, {}};
static const struct field nd[] = {{"type", 1},    {"code", 1},    {"csum", 2},
				  {"flags", 4},   {"target", 16}, {"opt.type", 1},
				  {"opt.len", 1}, {"opt.mac", 6}, {}};
static const struct field vxlan[] = {{"flags", 4}, {"vni", 3}, {"reserved", 1}, {}};
static const struct field geneve[] = {{"version/opts", 1}, {"flags", 1},    {"proto", 2},
				      {"vni", 3},          {"reserved", 1}, {}};
static const struct field opt[] = {{"class", 2}, {"type", 1}, {"len", 1}, {}};
static const struct field word[] = {{"data", 4}, {}};
static const struct field gre[] = {{"flags", 2}, {"proto", 2}, {"vsid", 3}, {"flow", 1}, {}};

/* Adds a header's fields, as far as the packet goes. Return: its bytes; NULL if it is cut. */
static const __u8 *add(struct dissection *d, const char *layer, const struct field *fields)
{
	const __u8 *start = d->data + d->off;
	size_t used = strlen(d->chain);

	snprintf(d->chain + used, sizeof(d->chain) - used, "%s%s", used ? "/" : "", layer);
	for (; fields->name; fields++) {
		if (d->off + fields->len > d->len || d->n == FIELDS_MAX)
			return NULL;
		d->f[d->n++] = (struct found){layer, fields->name, d->off, fields->len, d->frame};
		d->off += fields->len;
	}
	return start;
}

static void dissect_eth(struct dissection *d);

static bool add_geneve(struct dissection *d)
{
	const __u8 *h = add(d, "geneve", geneve), *o;
	__u32 end = h ? d->off + 4 * (h[0] & 0x3f) : 0;

	while (h && d->off < end) {
		o = add(d, "opt", opt);
		for (int i = 0; o && i < (o[3] & 0x1f); i++)
			add(d, "opt", word);
		if (!o)
			return false;
	}
	return h;
}

static void dissect_udp(struct dissection *d)
{
	const __u8 *h = add(d, "udp", udp);
	__u16 port = h ? h[2] << 8 | h[3] : 0;

	if ((port == 4789 && add(d, "vxlan", vxlan)) || (port == 6081 && add_geneve(d))) {
		d->frame++;
		dissect_eth(d);
	}
}

static void dissect_l4(struct dissection *d, __u8 proto)
{

	switch (proto) {
	case 6:
		add(d, "tcp", tcp);
		return;
	case 17:
		dissect_udp(d);
		return;
	case 47:
		if (!add(d, "gre", gre))
			return;
		d->frame++;
		dissect_eth(d);
		return;
	case 1:
		add(d, "icmp", icmp);
		return;
	case 58:
		if (d->off < d->len && (d->data[d->off] == 135 || d->data[d->off] == 136))
			add(d, "nd", nd);
		else
			add(d, "icmp6", icmp);
		return;
	}
}

static void dissect_ip6(struct dissection *d)
{
	const __u8 *h = add(d, "ip6", ip6);
	__u8 proto = h ? h[6] : 255;

	while (proto == 0 || proto == 43 || proto == 44 || proto == 60) {
		h = add(d, "ext", ext);
		if (!h)
			return;
		if (proto == 44 && (h[2] << 8 | h[3]) & 0xfff8)
			return;
		d->off += proto == 44 ? 0 : h[1] * 8;
		proto = h[0];
	}
	dissect_l4(d, proto);
}

static void dissect_ip4(struct dissection *d)
{
	const __u8 *h = add(d, "ip4", ip4);

	if (!h || (h[0] & 15) < 5 || (h[6] << 8 | h[7]) & 0x1fff)
		return;
	d->off += ((h[0] & 15) - 5) * 4;
	dissect_l4(d, h[9]);
}

static void dissect_eth(struct dissection *d)
{
	const __u8 *h = add(d, "eth", eth);
	__u16 proto = h ? h[12] << 8 | h[13] : 0;

	while (proto == 0x8100 || proto == 0x88a8) {
		h = add(d, "vlan", vlan);
		proto = h ? h[2] << 8 | h[3] : 0;
	}
	if (proto == 0x0800)
		dissect_ip4(d);
	else if (proto == 0x86dd)
		dissect_ip6(d);
	else if (proto == 0x0806)
		add(d, "arp", arp);
}

static int differs(const struct packet *want, const __u8 *got, __u32 got_len, __u32 off)
{
	if (off >= want->len || off >= got_len)
		return off < want->len || off < got_len;
	return (want->data[off] ^ got[off]) & ~want->ignore[off];
}

static void print_bytes(FILE *out, const char *title, const __u8 *data, __u32 len, __u32 off,
			__u32 n)
{
	fprintf(out, " %s", title);
	for (__u32 i = off; i < off + n && i < len; i++)
		fprintf(out, "%02x", data[i]);
}

static int diff_fields(const struct dissection *d, const struct packet *want, const __u8 *got,
		       __u32 got_len, FILE *out)
{
	int found = 0;

	for (int i = 0; i < d->n; i++) {
		const struct found *f = &d->f[i];
		int bad = 0;

		for (__u32 off = f->off; off < f->off + f->len; off++)
			bad |= differs(want, got, got_len, off);
		if (!bad)
			continue;
		found++;
		fprintf(out, "# %s%s.%s (byte %u):", d->frame ? f->frame ? "inner " : "outer " : "",
			f->layer, f->name, f->off);
		print_bytes(out, "want ", want->data, want->len, f->off, f->len);
		print_bytes(out, "got ", got, got_len, f->off, f->len);
		fputc('\n', out);
	}
	return found;
}

static void dissect(struct dissection *d, const __u8 *data, __u32 len)
{
	*d = (struct dissection){.data = data, .len = len};
	dissect_eth(d);
}

int packet_diff(const struct packet *want, const __u8 *got, __u32 got_len, FILE *out)
{
	static struct dissection d, other;
	__u32 len = want->len > got_len ? want->len : got_len;
	int found = 0, bad = 0;

	for (__u32 off = 0; off < len; off++)
		bad += !!differs(want, got, got_len, off);
	if (!bad)
		return 0;
	dissect(&d, want->data, want->len);
	dissect(&other, got, got_len);
	fprintf(out, "# want %s, %u bytes\n# got  %s, %u bytes\n", d.chain, want->len, other.chain,
		got_len);
	found = diff_fields(&d, want, got, got_len, out);
	for (__u32 off = d.off; off < len; off++) {
		if (!differs(want, got, got_len, off))
			continue;
		fprintf(out, "# payload (byte %u):", off);
		print_bytes(out, "want ", want->data, want->len, off, 8);
		print_bytes(out, "got ", got, got_len, off, 8);
		fputc('\n', out);
		found++;
		break;
	}
	return found ? found : bad;
}
