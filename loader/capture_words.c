/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* A frame in words; see capture_words.h. */
#include "capture_words.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <weft/wire.h>

#include "util.h"

#define TAGS_MAX 2
#define EXT_MAX  8 /* IPv6 extension headers followed */

/** struct cursor - what is left of a frame. */
struct cursor {
	const __u8 *at;
	size_t left;
};

/** struct ends - addresses and protocol of an IP packet. */
struct ends {
	int family;
	char from[INET6_ADDRSTRLEN];
	char to[INET6_ADDRSTRLEN];
	__u8 proto;
	bool later_fragment;
};

void words_add(struct words *words, const char *format, ...)
{
	size_t room = sizeof(words->s) - words->len;
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(words->s + words->len, room, format, args);
	va_end(args);
	if (n > 0)
		words->len += (size_t)n < room ? (size_t)n : room - 1;
}

/* The next @n bytes, or NULL. */
static const __u8 *take(struct cursor *c, size_t n)
{
	const __u8 *at = c->at;

	if (n > c->left)
		return NULL;
	c->at += n;
	c->left -= n;
	return at;
}

static __u16 get16(const __u8 *bytes)
{
	return bytes[0] << 8 | bytes[1];
}

static __u32 get32(const __u8 *bytes)
{
	return (__u32)get16(bytes) << 16 | get16(bytes + 2);
}

static void cut_short(struct words *words)
{
	words_add(words, " (cut short)");
}

static void add_mac(struct words *words, const __u8 *mac)
{
	words_add(words, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3], mac[4],
		  mac[5]);
}

static void add_hosts(struct words *words, const struct ends *ends)
{
	words_add(words, "%s > %s", ends->from, ends->to);
}

static void add_ports(struct words *words, const struct ends *ends, const __u8 *ports)
{
	const char *open = ends->family == AF_INET6 ? "[" : "";
	const char *close = ends->family == AF_INET6 ? "]" : "";

	words_add(words, "%s%s%s:%u > %s%s%s:%u", open, ends->from, close, get16(ports), open,
		  ends->to, close, get16(ports + 2));
}

static void add_flags(struct words *words, __u8 flags)
{
	static const char *const names[] = {"FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR"};
	const char *sep = " ";

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (!(flags & 1 << i))
			continue;
		words_add(words, "%s%s", sep, names[i]);
		sep = ",";
	}
	if (!flags)
		words_add(words, " no flags");
}

static void add_tcp(struct words *words, const struct ends *ends, struct cursor *c)
{
	const __u8 *ports = take(c, 4), *rest = take(c, 10);

	if (ports)
		add_ports(words, ends, ports);
	else
		add_hosts(words, ends);
	words_add(words, " TCP");
	if (ports && rest)
		add_flags(words, rest[9]);
	else
		cut_short(words);
}

/* Weft's own Geneve option, where it is the first. */
static void add_source(struct words *words, const __u8 *geneve, struct cursor *c)
{
	const __u8 *s;

	if ((geneve[0] & WEFT_GENEVE_OPT_WORDS) < sizeof(struct weft_geneve_source) / 4)
		return;
	s = take(c, sizeof(struct weft_geneve_source));
	if (s && get16(s) == WEFT_GENEVE_CLASS && s[2] == WEFT_GENEVE_SOURCE)
		words_add(words, " identity %#x port %u", get32(s + 4), get32(s + 8));
}

static void add_udp(struct words *words, const struct ends *ends, struct cursor *c)
{
	const __u8 *udp = take(c, 8), *own;
	__u16 port;

	if (!udp) {
		add_hosts(words, ends);
		words_add(words, " UDP");
		cut_short(words);
		return;
	}
	add_ports(words, ends, udp);
	words_add(words, " UDP");
	port = get16(udp + 2);
	if (port != WEFT_VXLAN_PORT && port != WEFT_GENEVE_PORT)
		return;
	own = take(c, 8);
	if (!own)
		return;
	words_add(words, " %s VNI %u", port == WEFT_VXLAN_PORT ? "VXLAN" : "Geneve",
		  get32(own + 4) >> 8);
	if (port == WEFT_VXLAN_PORT && get32(own) & WEFT_VXLAN_FLAG_G)
		words_add(words, " group %#x", get32(own) & WEFT_VXLAN_GROUP);
	else if (port == WEFT_GENEVE_PORT)
		add_source(words, own, c);
}

/* GRE with a key and an Ethernet frame. */
static void add_gre(struct words *words, const struct ends *ends, struct cursor *c)
{
	const __u8 *gre = take(c, sizeof(struct weft_nvgrehdr));

	add_hosts(words, ends);
	if (gre && get16(gre) == WEFT_NVGRE_FLAGS && get16(gre + 2) == WEFT_ETH_P_TEB)
		words_add(words, " NVGRE VSID %u", get32(gre + 4) >> 8);
	else
		words_add(words, " GRE");
}

static const char *icmp4_name(__u8 type, __u8 code)
{
	switch (type) {
	case WEFT_ICMP_ECHO:
		return "echo request";
	case WEFT_ICMP_ECHO_REPLY:
		return "echo reply";
	case WEFT_ICMP_UNREACH:
		return code == WEFT_ICMP_CODE_FRAG_NEEDED ? "fragmentation needed"
		       : code == WEFT_ICMP_CODE_ADMIN     ? "administratively prohibited"
							  : "unreachable";
	case WEFT_ICMP_TIME_EXCEEDED:
		return "time exceeded";
	default:
		return NULL;
	}
}

static const char *icmp6_name(__u8 type, __u8 code)
{
	switch (type) {
	case WEFT_ICMP6_ECHO:
		return "echo request";
	case WEFT_ICMP6_ECHO_REPLY:
		return "echo reply";
	case WEFT_ICMP6_UNREACH:
		return code == WEFT_ICMP6_CODE_ADMIN ? "administratively prohibited"
						     : "unreachable";
	case WEFT_ICMP6_TOO_BIG:
		return "packet too big";
	case WEFT_ICMP6_TIME_EXCEEDED:
		return "time exceeded";
	case WEFT_ND_SOLICIT:
		return "neighbour solicitation";
	case WEFT_ND_ADVERT:
		return "neighbour advertisement";
	default:
		return NULL;
	}
}

static void add_icmp(struct words *words, const struct ends *ends, struct cursor *c)
{
	bool v6 = ends->proto == IPPROTO_ICMPV6;
	const __u8 *icmp = take(c, 2);
	const char *name;

	add_hosts(words, ends);
	words_add(words, v6 ? " ICMPv6" : " ICMP");
	if (!icmp) {
		cut_short(words);
		return;
	}
	name = v6 ? icmp6_name(icmp[0], icmp[1]) : icmp4_name(icmp[0], icmp[1]);
	if (name)
		words_add(words, " %s", name);
	else
		words_add(words, " type %u code %u", icmp[0], icmp[1]);
}

static void add_other(struct words *words, const struct ends *ends, struct cursor *c)
{
	const __u8 *ports = ends->proto == IPPROTO_SCTP ? take(c, 4) : NULL;

	if (ports)
		add_ports(words, ends, ports);
	else
		add_hosts(words, ends);
	if (ends->proto == IPPROTO_SCTP)
		words_add(words, " SCTP");
	else
		words_add(words, " protocol %u", ends->proto);
}

static void add_l4(struct words *words, const struct ends *ends, struct cursor *c)
{
	if (ends->later_fragment) {
		add_hosts(words, ends);
		words_add(words, " protocol %u, later fragment", ends->proto);
		return;
	}
	switch (ends->proto) {
	case IPPROTO_TCP:
		add_tcp(words, ends, c);
		break;
	case IPPROTO_UDP:
		add_udp(words, ends, c);
		break;
	case IPPROTO_GRE:
		add_gre(words, ends, c);
		break;
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		add_icmp(words, ends, c);
		break;
	default:
		add_other(words, ends, c);
	}
}

static void add_ipv4(struct words *words, struct cursor *c)
{
	struct ends ends = {.family = AF_INET};
	const __u8 *ip = take(c, 20);

	if (!ip) {
		words_add(words, "IPv4");
		cut_short(words);
		return;
	}
	inet_ntop(AF_INET, ip + 12, ends.from, sizeof(ends.from));
	inet_ntop(AF_INET, ip + 16, ends.to, sizeof(ends.to));
	ends.proto = ip[9];
	ends.later_fragment = get16(ip + 6) & WEFT_IP_OFFSET;
	if ((ip[0] & 0x0f) > 5)
		take(c, ((ip[0] & 0x0f) - 5) * 4);
	add_l4(words, &ends, c);
}

/* Leaves the cursor behind the extension headers that it can follow. */
static void skip_extensions(struct ends *ends, struct cursor *c)
{
	const __u8 *ext;
	size_t len;

	for (int i = 0; i < EXT_MAX && !ends->later_fragment; i++) {
		if (ends->proto != IPPROTO_HOPOPTS && ends->proto != IPPROTO_ROUTING &&
		    ends->proto != IPPROTO_DSTOPTS && ends->proto != IPPROTO_FRAGMENT)
			return;
		ext = take(c, 8);
		if (!ext)
			return;
		len = ends->proto == IPPROTO_FRAGMENT ? 0 : ext[1] * 8;
		if (ends->proto == IPPROTO_FRAGMENT)
			ends->later_fragment = get16(ext + 2) & 0xfff8;
		ends->proto = ext[0];
		if (len && !take(c, len))
			return;
	}
}

static void add_ipv6(struct words *words, struct cursor *c)
{
	struct ends ends = {.family = AF_INET6};
	const __u8 *ip = take(c, 40);

	if (!ip) {
		words_add(words, "IPv6");
		cut_short(words);
		return;
	}
	inet_ntop(AF_INET6, ip + 8, ends.from, sizeof(ends.from));
	inet_ntop(AF_INET6, ip + 24, ends.to, sizeof(ends.to));
	ends.proto = ip[6];
	skip_extensions(&ends, c);
	add_l4(words, &ends, c);
}

static void add_arp(struct words *words, struct cursor *c)
{
	const __u8 *arp = take(c, sizeof(struct weft_arphdr));
	char from[INET_ADDRSTRLEN], to[INET_ADDRSTRLEN];

	words_add(words, "ARP");
	if (!arp) {
		cut_short(words);
		return;
	}
	inet_ntop(AF_INET, arp + 14, from, sizeof(from));
	inet_ntop(AF_INET, arp + 24, to, sizeof(to));
	if (get16(arp + 6) == WEFT_ARP_REQUEST) {
		words_add(words, " who has %s? tell %s", to, from);
		return;
	}
	words_add(words, " %s is at ", from);
	add_mac(words, arp + 8);
}

static void add_payload(struct words *words, const __u8 *macs, __u16 proto, struct cursor *c)
{
	switch (proto) {
	case WEFT_ETH_P_IPV4:
		add_ipv4(words, c);
		break;
	case WEFT_ETH_P_IPV6:
		add_ipv6(words, c);
		break;
	case WEFT_ETH_P_ARP:
		add_arp(words, c);
		break;
	default:
		add_mac(words, macs + WEFT_ETH_ALEN);
		words_add(words, " > ");
		add_mac(words, macs);
		words_add(words, " ethertype 0x%04x", proto);
	}
}

void words_frame(struct words *words, const __u8 *frame, size_t len)
{
	struct cursor c = {.at = frame, .left = len};
	const __u8 *eth = take(&c, WEFT_ETH_HLEN), *tag;
	__u16 proto;

	if (!eth) {
		words_add(words, "Ethernet");
		cut_short(words);
		return;
	}
	proto = get16(eth + 2 * WEFT_ETH_ALEN);
	for (int i = 0; i < TAGS_MAX; i++) {
		if (proto != WEFT_ETH_P_8021Q && proto != WEFT_ETH_P_8021AD)
			break;
		tag = take(&c, 4);
		if (!tag)
			break;
		words_add(words, "VLAN %u ", get16(tag) & 0x0fff);
		proto = get16(tag + 2);
	}
	add_payload(words, eth, proto, &c);
}
