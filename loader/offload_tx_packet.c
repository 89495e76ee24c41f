/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The packets of a test of sending; see offload_tx_packet.h. */
#include "offload_tx_packet.h"

#include <arpa/inet.h>
#include <linux/ip.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <linux/virtio_net.h>
#include <string.h>

#include "util.h"

#define INNER_SOURCE  0xc6336401 /* 198.51.100.1: TEST-NET-2 */
#define INNER_TARGET  0xc6336402
#define OUTER_SOURCE  0xcb007101 /* 203.0.113.1: TEST-NET-3 */
#define OUTER_TARGET  0xcb007102
#define SOURCE_PORT   49152
#define DISCARD_PORT  9
#define VXLAN_VALID   0x08000000
#define TEST_VNI      0xffffffu
#define DONT_FRAGMENT 0x4000
#define SMALL         64 /* bytes of payload of the packet that fits */

/** struct inner - headers of a workload's packet. */
struct inner {
	struct iphdr ip;
	struct tcphdr tcp;
} __attribute__((packed));

/** struct outer - what goes in front of it. */
struct outer {
	struct ethhdr eth;
	struct iphdr ip;
	struct udphdr udp;
	__be32 vxlan[2];
	struct ethhdr inner;
} __attribute__((packed));

/** struct written - what is written to the tap, before the payload. */
struct written {
	struct virtio_net_hdr vnet;
	struct ethhdr eth;
	struct inner inner;
} __attribute__((packed));

/** struct seen - what the packet socket shows, before the payload. */
struct seen {
	struct virtio_net_hdr vnet;
	struct outer outer;
	struct inner inner;
} __attribute__((packed));

_Static_assert(sizeof(struct outer) == PROBE_HEADER_LEN, "header");

/* -- checksums; RFC 1071 -- */

static __u32 sum(const void *bytes, size_t len, __u32 n)
{
	const __u8 *b = bytes;

	for (size_t i = 0; i < len; i++)
		n += i & 1 ? b[i] : (__u32)b[i] << 8;
	return n;
}

static __u16 fold(__u32 n)
{
	while (n >> 16)
		n = (n & 0xffff) + (n >> 16);
	return n;
}

/* @ip: an IPv4 header, wherever it is. */
static __u32 pseudo(const void *ip, size_t len)
{
	const __u8 *addresses = (const __u8 *)ip + offsetof(struct iphdr, saddr);

	return sum(addresses, 2 * sizeof(__be32), 0) + IPPROTO_TCP + (__u32)len;
}

/* -- making -- */

static struct iphdr ip_of(__u8 protocol, __u32 source, __u32 target, size_t len)
{
	struct iphdr ip = {
		.version = 4,
		.ihl = sizeof(ip) / 4,
		.tot_len = htons(len),
		.frag_off = htons(DONT_FRAGMENT),
		.ttl = 1,
		.protocol = protocol,
		.saddr = htonl(source),
		.daddr = htonl(target),
	};

	ip.check = htons(~fold(sum(&ip, sizeof(ip), 0)));
	return ip;
}

/* As a workload's stack hands it down: the checksum has its pseudo header's part only. */
static struct inner inner_of(size_t payload)
{
	struct inner inner;
	size_t len = sizeof(inner.tcp) + payload;

	inner.ip = ip_of(IPPROTO_TCP, INNER_SOURCE, INNER_TARGET, sizeof(inner.ip) + len);
	inner.tcp = (struct tcphdr){
		.source = htons(DISCARD_PORT),
		.dest = htons(DISCARD_PORT),
		.seq = htonl(1),
		.doff = sizeof(inner.tcp) / 4,
		.ack = 1,
		.window = htons(1024),
	};
	inner.tcp.check = htons(fold(pseudo(&inner, len)));
	return inner;
}

static struct outer outer_of(const __u8 *mac, __u16 port, size_t inner)
{
	const struct ethhdr eth = {
		.h_dest = {0x02, [5] = 0x02}, /* locally administered */
		.h_source = {0x02, [5] = 0x01},
		.h_proto = htons(ETH_P_IP),
	};
	struct outer outer = {.eth.h_proto = eth.h_proto, .inner = eth};
	size_t udp = sizeof(outer.udp) + sizeof(outer.vxlan) + sizeof(outer.inner) + inner;

	memcpy(outer.eth.h_dest, mac, ETH_ALEN);
	memcpy(outer.eth.h_source, mac, ETH_ALEN);
	outer.ip = ip_of(IPPROTO_UDP, OUTER_SOURCE, OUTER_TARGET, sizeof(outer.ip) + udp);
	outer.udp.source = htons(SOURCE_PORT);
	outer.udp.dest = htons(port);
	outer.udp.len = htons(udp);
	outer.vxlan[0] = htonl(VXLAN_VALID);
	outer.vxlan[1] = htonl(TEST_VNI << 8);
	return outer;
}

struct tx_packet tx_packet_make(const __u8 mac[static ETH_ALEN], __u16 vxlan_port, bool gso)
{
	const size_t payload = gso ? TX_MSS * TX_SEGMENTS : SMALL;
	const struct outer outer = outer_of(mac, vxlan_port, sizeof(struct inner) + payload);
	const struct written written = {
		.vnet.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
		.vnet.gso_type = gso ? VIRTIO_NET_HDR_GSO_TCPV4 : VIRTIO_NET_HDR_GSO_NONE,
		.vnet.gso_size = gso ? TX_MSS : 0,
		.vnet.hdr_len = sizeof(struct ethhdr) + sizeof(struct inner),
		.vnet.csum_start = sizeof(struct ethhdr) + sizeof(struct iphdr),
		.vnet.csum_offset = offsetof(struct tcphdr, check),
		.eth = outer.inner,
		.inner = inner_of(payload),
	};
	struct tx_packet packet = {.len = sizeof(written) + payload};

	_Static_assert(sizeof(written) + TX_MSS * TX_SEGMENTS <= sizeof(packet.frame), "frame");
	memcpy(packet.header, &outer, sizeof(outer));
	memcpy(packet.frame, &written, sizeof(written));
	for (size_t i = 0; i < payload; i++)
		packet.frame[sizeof(written) + i] = i * 7;
	return packet;
}

/* -- judging -- */

static bool is_ip_right(const struct iphdr *ip, size_t len)
{
	return ntohs(ip->tot_len) == len && fold(sum(ip, sizeof(*ip), 0)) == 0xffff;
}

/*
 * What the kernel has finished must be right. What is left to the device is not finished: of a GSO
 * packet neither the outer lengths nor any checksum but that of the inner IP header.
 * @tcp: @len bytes from the TCP header on.
 */
static bool is_right(const struct seen *s, const __u8 *tcp, size_t len)
{
	const bool partial = s->vnet.flags & VIRTIO_NET_HDR_F_NEEDS_CSUM;
	const struct iphdr inner = s->inner.ip, outer = s->outer.ip;
	const size_t own = sizeof(s->outer.vxlan) + sizeof(s->outer.inner) + sizeof(inner) + len;

	if (!is_ip_right(&inner, sizeof(inner) + len))
		return false;
	if (s->vnet.gso_type != VIRTIO_NET_HDR_GSO_NONE)
		return true;
	if (!is_ip_right(&outer, sizeof(outer) + sizeof(s->outer.udp) + own) ||
	    ntohs(s->outer.udp.len) != sizeof(s->outer.udp) + own || s->outer.udp.check)
		return false;
	return partial || fold(sum(tcp, len, pseudo(&inner, len))) == 0xffff;
}

static bool is_ours(const struct seen *s)
{
	return s->outer.eth.h_proto == htons(ETH_P_IP) &&
	       s->outer.ip.saddr == htonl(OUTER_SOURCE) &&
	       s->outer.ip.daddr == htonl(OUTER_TARGET) && s->inner.ip.saddr == htonl(INNER_SOURCE);
}

void tx_see(struct tx_sight *sight, const __u8 *bytes, size_t len)
{
	struct seen s;
	bool whole, partial;

	if (len < sizeof(s))
		return;
	memcpy(&s, bytes, sizeof(s));
	if (!is_ours(&s))
		return;
	whole = s.vnet.gso_type != VIRTIO_NET_HDR_GSO_NONE;
	partial = s.vnet.flags & VIRTIO_NET_HDR_F_NEEDS_CSUM;
	if (sight->gso ? whole : partial)
		sight->left++;
	if (!is_right(&s, bytes + offsetof(struct seen, inner.tcp),
		      len - offsetof(struct seen, inner.tcp)))
		sight->wrong++;
	sight->payload += len - sizeof(s);
}

static size_t payload_of(const struct tx_sight *sight)
{
	return sight->gso ? TX_MSS * TX_SEGMENTS : SMALL;
}

bool tx_seen_all(const struct tx_sight *sight)
{
	return sight->payload >= payload_of(sight);
}

enum tx_result tx_judge(const struct tx_sight *sight)
{
	if (!sight->payload)
		return TX_LOST;
	if (sight->wrong || sight->payload != payload_of(sight))
		return TX_BROKEN;
	return sight->left ? TX_WHOLE : TX_CUT;
}
