/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* See invariant.h. */
#include <errno.h>
#include <string.h>

#include "invariant.h"
#include "wires.h"

/* The kernel runs nothing on less: an Ethernet header, at TC also the IP header it announces. */
static bool kernel_refuses(enum prog prog, const __u8 *data, __u32 len)
{
	__u16 proto;

	if (len <= WEFT_ETH_HLEN)
		return true;
	proto = data[12] << 8 | data[13];
	if (prog == XDP_UNDERLAY)
		return false;
	return (proto == WEFT_ETH_P_IPV4 && len < WEFT_ETH_HLEN + 20) ||
	       (proto == WEFT_ETH_P_IPV6 && len < WEFT_ETH_HLEN + 40);
}

static bool unchanged(const struct run *r, const __u8 *data, __u32 len)
{
	return !r->meta_len && r->len == len && !memcmp(r->data, data, len);
}

/* Lengths and checksum of an outer header, if there is one. */
static bool outer_is_sane(const struct run *r, __u32 in_len)
{
	const __u8 none[12] = {}, *ip = r->data + WEFT_ETH_HLEN;
	__u32 l3 = r->len - WEFT_ETH_HLEN;
	bool v4 = r->data[12] == 0x08;
	const __u8 *udp = ip + (v4 ? 20 : 40);

	if (r->len < in_len + 42 || memcmp(r->data, none, sizeof(none)))
		return true;
	if (v4 && (packet_fold(packet_csum(ip, 20, 0)) || (ip[2] << 8 | ip[3]) != (int)l3))
		return false;
	if (!v4 && (ip[4] << 8 | ip[5]) != (int)l3 - 40)
		return false;
	if (ip[v4 ? 9 : 6] == 47)
		return udp[0] == 0x20 && !udp[1] && udp[2] == 0x65 && udp[3] == 0x58;
	return (udp[4] << 8 | udp[5]) == (int)l3 - (v4 ? 20 : 40) && !udp[6] && !udp[7];
}

/* Exactly one drop by @wire, and nothing else. */
static bool one_drop(const struct moves *m, enum wire wire)
{
	return m->n == 1 && m->m[0].kind == C_DROP && m->m[0].id == PORT_ID(wire) &&
	       m->m[0].packets == 1;
}

static bool accepted(const struct moves *m, enum counter_kind kind, __u32 len)
{
	bool found = false;

	for (int i = 0; i < m->n; i++) {
		if (m->m[i].kind == C_DROP)
			return false;
		if (m->m[i].kind == kind)
			found = m->m[i].packets == 1 && (!len || m->m[i].bytes == len);
	}
	return found;
}

/* What the datapath reads itself goes to nobody, and is no loss. */
static bool taken(const struct moves *m, enum prog prog)
{
	for (int i = 0; i < m->n; i++)
		if (m->m[i].kind != C_FROM_PORT && m->m[i].kind != C_NET_FROM_PORTS &&
		    m->m[i].kind != C_NET_FROM_UNDERLAY)
			return false;
	return accepted(m, prog == TC_UNDERLAY ? C_NET_FROM_UNDERLAY : C_FROM_PORT, 0);
}

/* Bytes of a frame without its tags, all of which an access port's frames may have are VLAN
 * 0's. */
static __u32 untagged_len(const __u8 *data, __u32 len)
{
	__u32 tags = 0;

	while (tags < 8 && 18 + tags <= len) {
		__u16 proto = data[12 + tags] << 8 | data[13 + tags];

		if (proto != WEFT_ETH_P_8021Q && proto != WEFT_ETH_P_8021AD)
			break;
		tags += 4;
	}
	return len - tags;
}

static bool tc_holds(const struct run *r, const struct moves *m, enum wire wire, const __u8 *data,
		     __u32 len)
{
	switch (r->verdict) {
	case TC_SHOT:
		return one_drop(m, wire) || taken(m, r->prog);
	case TC_UNSPEC:
		return r->prog == TC_UNDERLAY && !m->n && unchanged(r, data, len);
	case TC_REDIRECT:
		if (r->prog == TC_UNDERLAY)
			return accepted(m, C_NET_FROM_UNDERLAY, 0);
		if (one_drop(m, wire))
			return m->m[0].reason == WEFT_DROP_PKT_TOO_BIG;
		return accepted(m, C_FROM_PORT, untagged_len(data, len)) &&
		       outer_is_sane(r, untagged_len(data, len));
	}
	return false;
}

static bool xdp_holds(const struct run *r, const struct moves *m, enum wire wire, const __u8 *data,
		      __u32 len)
{
	if (r->verdict == XDP_IS_DROP)
		return one_drop(m, wire);
	return r->verdict == XDP_IS_PASS && !m->n && (r->meta_len || unchanged(r, data, len));
}

static void print_frame(const __u8 *data, __u32 len)
{
	fputs("#   ", stderr);
	for (__u32 i = 0; i < len; i++)
		fprintf(stderr, "%02x", data[i]);
	fputc('\n', stderr);
}

bool check_invariants(enum prog prog, enum wire wire, const struct frame *f)
{
	const __u8 *data = f->data;
	__u32 len = f->len;
	static struct run r;
	struct moves m;
	bool holds;
	int err;

	r.prog = prog;
	r.ifindex = wires_index(wire);
	r.mark = 0;
	r.gso_size = 0;
	r.gso_segs = 0;
	r.linear = f->linear;
	err = prog_run(&r, data, len);
	if (err == -EINVAL && kernel_refuses(prog, data, len))
		return true;
	m.n = counters_moved(m.m);
	if (prog == XDP_UNDERLAY)
		holds = !err && xdp_holds(&r, &m, wire, data, len);
	else
		holds = !err && tc_holds(&r, &m, wire, data, len);
	if (check(holds, "%s on %u bytes (%u linear): %s, verdict %d; counters:", prog_name(prog),
		  len, f->linear, strerror(-err), r.verdict))
		return true;
	counters_print(m.m, m.n, stderr);
	print_frame(data, len);
	return false;
}
