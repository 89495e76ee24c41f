/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* See probe.h. */
#include <stdio.h>
#include <string.h>
#include <arpa/inet.h>
#include <netinet/icmp6.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/ip_icmp.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <linux/if_ether.h>

#include "../../bpf/lib/csum.h"
#include "probe.h"

#define MIN_OTHER 8
#define EXTRA_LEN 8

const uint8_t probe_mac[2][6] = {{2, 0, 0, 0, 0, 0xa}, {2, 0, 0, 0, 0, 0xb}};

bool probe_is_icmp(const struct probe *p)
{
	return p->proto == (p->v6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP);
}

int probe_question(const struct probe *p)
{
	switch (p->v6 << 8 | p->icmp_type) {
	case ICMP_ECHO:
	case ICMP_ECHOREPLY:
		return ICMP_ECHO;
	case ICMP_TIMESTAMP:
	case ICMP_TIMESTAMPREPLY:
		return ICMP_TIMESTAMP;
	case 1 << 8 | ICMP6_ECHO_REQUEST:
	case 1 << 8 | ICMP6_ECHO_REPLY:
		return ICMP6_ECHO_REQUEST;
	}
	return -1;
}

uint8_t probe_answer(uint8_t question)
{
	return question == ICMP_ECHO        ? ICMP_ECHOREPLY
	       : question == ICMP_TIMESTAMP ? ICMP_TIMESTAMPREPLY
					    : ICMP6_ECHO_REPLY;
}

enum end probe_asker(const struct probe *p)
{
	return p->icmp_type == probe_question(p) ? p->from : !p->from;
}

/* Ones' complement sum, in the order in memory. */
static uint32_t sum(const void *data, size_t len, uint32_t s)
{
	const uint8_t *bytes = data;
	uint16_t word;

	for (; len > 1; bytes += 2, len -= 2) {
		memcpy(&word, bytes, 2);
		s += word;
	}
	if (len)
		s += *bytes; /* little-endian hosts, as all that weft runs on */
	return s;
}

/* Which IP header is being written: the packet's, or that of the packet it quotes. */
static int extra_of(const struct probe *p, bool quoted)
{
	int extra = quoted ? p->quote_extra : p->extra;

	return p->v6 || extra == EXTRA_OPTIONS ? extra : EXTRA_NONE;
}

static size_t extra_len(const struct probe *p, bool quoted)
{
	return extra_of(p, quoted) ? EXTRA_LEN : 0;
}

static size_t put_ip4(const struct probe *p, int from, int proto, bool quoted, uint8_t *at,
		      size_t payload)
{
	size_t hlen = sizeof(struct iphdr) + extra_len(p, quoted);
	struct iphdr ip = {.version = 4, .ihl = hlen / 4, .ttl = 64, .protocol = proto};
	uint16_t check;

	ip.tot_len = htons(hlen + payload);
	ip.id = htons(p->no);
	ip.frag_off = htons(IP_DF);
	inet_pton(AF_INET, PROBE_ADDR4(from), &ip.saddr);
	inet_pton(AF_INET, PROBE_ADDR4(!from), &ip.daddr);
	memset(at, IPOPT_NOP, hlen);
	memcpy(at, &ip, sizeof(ip));
	check = weft_csum_fold(sum(at, hlen, 0));
	memcpy(at + offsetof(struct iphdr, check), &check, sizeof(check));
	return hlen;
}

static size_t put_ip6(const struct probe *p, int from, int proto, bool quoted, uint8_t *at,
		      size_t payload)
{
	static const uint8_t kinds[] = {[EXTRA_OPTIONS] = IPPROTO_DSTOPTS,
					[EXTRA_HOP] = IPPROTO_HOPOPTS,
					[EXTRA_ATOMIC] = IPPROTO_FRAGMENT};
	const uint8_t padding[EXTRA_LEN] = {proto, 0, IP6OPT_PADN, 4};
	const uint8_t atomic[EXTRA_LEN] = {proto, 0, 0, 0, 0, 0, 0, 1};
	size_t len = extra_len(p, quoted);
	struct ip6_hdr ip = {.ip6_nxt = len ? kinds[extra_of(p, quoted)] : proto, .ip6_hlim = 64};

	ip.ip6_flow = htonl(6U << 28 | (p->no & 0xfffff));
	ip.ip6_plen = htons(len + payload);
	inet_pton(AF_INET6, PROBE_ADDR6(from), &ip.ip6_src);
	inet_pton(AF_INET6, PROBE_ADDR6(!from), &ip.ip6_dst);
	memcpy(at, &ip, sizeof(ip));
	memcpy(at + sizeof(ip), extra_of(p, quoted) == EXTRA_ATOMIC ? atomic : padding, len);
	return sizeof(ip) + len;
}

static size_t put_ip(const struct probe *p, int from, int proto, bool quoted, uint8_t *at,
		     size_t payload)
{
	return p->v6 ? put_ip6(p, from, proto, quoted, at, payload)
		     : put_ip4(p, from, proto, quoted, at, payload);
}

/* Over the pseudo-header of the IP header at @ip, and the @len bytes at @l4. */
static uint16_t l4_check(const struct probe *p, const uint8_t *ip, const uint8_t *l4, int proto,
			 size_t len)
{
	uint32_t s = htons(proto) + htons(len);

	return weft_csum_fold(sum(l4, len, p->v6 ? sum(ip + 8, 32, s) : sum(ip + 12, 8, s)));
}

/* A SYN always has options: nf_conntrack takes one without any to confirm what an earlier one said.
 */
static size_t put_options(const struct probe *p, uint8_t *at)
{
	const uint8_t mss[] = {TCPOPT_MAXSEG, TCPOLEN_MAXSEG, 1460 >> 8, 1460 & 0xff};
	const uint8_t scale[] = {TCPOPT_NOP, TCPOPT_WINDOW, TCPOLEN_WINDOW, p->scale};

	if (!(p->flags & TH_SYN))
		return 0;
	memcpy(at, mss, sizeof(mss));
	if (p->scale == NO_SCALE)
		return sizeof(mss);
	memcpy(at + sizeof(mss), scale, sizeof(scale));
	return sizeof(mss) + sizeof(scale);
}

static size_t put_tcp(const struct probe *p, int from, uint8_t *at)
{
	struct tcphdr tcp = {.th_flags = p->flags};
	size_t hlen = sizeof(tcp) + put_options(p, at + sizeof(tcp));

	tcp.th_off = hlen / 4;
	tcp.th_sport = htons(p->port[from]);
	tcp.th_dport = htons(p->port[!from]);
	tcp.th_seq = htonl(p->seq);
	tcp.th_ack = htonl(p->ack);
	tcp.th_win = htons(p->win);
	memcpy(at, &tcp, sizeof(tcp));
	memset(at + hlen, 'x', p->len);
	return hlen + p->len;
}

static size_t put_udp(const struct probe *p, int from, uint8_t *at)
{
	struct udphdr udp = {.uh_sport = htons(p->port[from]), .uh_dport = htons(p->port[!from])};

	udp.uh_ulen = htons(sizeof(udp) + p->len);
	memcpy(at, &udp, sizeof(udp));
	memset(at + sizeof(udp), 'x', p->len);
	return sizeof(udp) + p->len;
}

static size_t put_query(const struct probe *p, int type, int code, uint8_t *at)
{
	struct icmphdr icmp = {.type = type, .code = code};

	icmp.un.echo.id = htons(p->port[0]);
	icmp.un.echo.sequence = htons(1);
	memcpy(at, &icmp, sizeof(icmp));
	memset(at + sizeof(icmp), 'x', p->len);
	return sizeof(icmp) + p->len;
}

static size_t put_other(const struct probe *p, uint8_t *at)
{
	memset(at, 'x', MIN_OTHER + p->len);
	return MIN_OTHER + p->len;
}

static size_t check_at(int proto)
{
	if (proto == IPPROTO_TCP)
		return offsetof(struct tcphdr, th_sum);
	if (proto == IPPROTO_UDP)
		return offsetof(struct udphdr, uh_sum);
	return offsetof(struct icmphdr, checksum);
}

/* The packet at @ip is complete but for the checksum of its payload, at @l4. */
static void put_check(const struct probe *p, int proto, const uint8_t *ip, uint8_t *l4,
		      size_t payload)
{
	uint16_t check;

	if (proto == OTHER)
		return;
	if (proto == IPPROTO_ICMP)
		check = weft_csum_fold(sum(l4, payload, 0));
	else
		check = l4_check(p, ip, l4, proto, payload);
	if (proto == IPPROTO_UDP && !check)
		check = 0xffff;
	memcpy(l4 + check_at(proto), &check, 2);
}

/* A packet with no error in it. @from: not p->from when it is quoted by an error of p->from. */
static size_t put_plain(const struct probe *p, int from, int proto, uint8_t *at)
{
	uint8_t l4[FRAME_MAX];
	size_t len, hlen;

	if (proto == IPPROTO_TCP)
		len = put_tcp(p, from, l4);
	else if (proto == IPPROTO_UDP)
		len = put_udp(p, from, l4);
	else if (proto == OTHER)
		len = put_other(p, l4);
	else if (p->quote_proto)
		len = put_query(p, p->quote_type, p->quote_code, l4);
	else
		len = put_query(p, p->icmp_type, p->icmp_code, l4);
	hlen = put_ip(p, from, proto, p->quote_proto, at, len);
	memcpy(at + hlen, l4, len);
	put_check(p, proto, at, at + hlen, len);
	return hlen + len;
}

static size_t put_error(const struct probe *p, uint8_t *at)
{
	struct icmphdr icmp = {.type = p->icmp_type, .code = p->icmp_code};
	uint8_t quote[FRAME_MAX];
	size_t len = put_plain(p, p->quote_from, p->quote_proto, quote), hlen;

	if (p->quote_short)
		len = (p->v6 ? sizeof(struct ip6_hdr) : sizeof(struct iphdr)) + extra_len(p, true) +
		      8;
	icmp.un.gateway = htonl(ERROR_MTU); /* where one belongs; else unused, or a pointer */
	hlen = put_ip(p, p->from, p->proto, false, at, sizeof(icmp) + len);
	memcpy(at + hlen, &icmp, sizeof(icmp));
	memcpy(at + hlen + sizeof(icmp), quote, len);
	put_check(p, p->proto, at, at + hlen, sizeof(icmp) + len);
	return hlen + sizeof(icmp) + len;
}

size_t probe_frame(const struct probe *p, uint8_t frame[static FRAME_MAX])
{
	struct ethhdr eth = {.h_proto = htons(p->v6 ? ETH_P_IPV6 : ETH_P_IP)};
	size_t len;

	memcpy(eth.h_source, probe_mac[p->from], ETH_ALEN);
	memcpy(eth.h_dest, probe_mac[!p->from], ETH_ALEN);
	memcpy(frame, &eth, sizeof(eth));
	if (p->quote_proto)
		len = put_error(p, frame + sizeof(eth));
	else
		len = put_plain(p, p->from, p->proto, frame + sizeof(eth));
	return sizeof(eth) + len;
}

/* The IP header, of which only what has to do with fragments changes, and the @n bytes at @off. */
static void cut_ip4(const uint8_t *frame, size_t off, size_t n, bool more, struct piece *piece)
{
	uint8_t *at = piece->frame + ETH_HLEN;
	struct iphdr ip;

	memcpy(&ip, frame + ETH_HLEN, sizeof(ip));
	ip.tot_len = htons(sizeof(ip) + n);
	ip.frag_off = htons(off / 8 | (more ? IP_MF : 0));
	ip.check = 0;
	ip.check = weft_csum_fold(sum(&ip, sizeof(ip), 0));
	memcpy(at, &ip, sizeof(ip));
	memcpy(at + sizeof(ip), frame + ETH_HLEN + sizeof(ip) + off, n);
	piece->len = ETH_HLEN + sizeof(ip) + n;
}

static void cut_ip6(const uint8_t *frame, size_t off, size_t n, bool more, uint32_t id,
		    struct piece *piece)
{
	uint8_t *at = piece->frame + ETH_HLEN;
	struct ip6_frag frag = {.ip6f_offlg = htons(off | more), .ip6f_ident = htonl(id)};
	struct ip6_hdr ip;

	memcpy(&ip, frame + ETH_HLEN, sizeof(ip));
	frag.ip6f_nxt = ip.ip6_nxt;
	ip.ip6_nxt = IPPROTO_FRAGMENT;
	ip.ip6_plen = htons(sizeof(frag) + n);
	memcpy(at, &ip, sizeof(ip));
	memcpy(at + sizeof(ip), &frag, sizeof(frag));
	memcpy(at + sizeof(ip) + sizeof(frag), frame + ETH_HLEN + sizeof(ip) + off, n);
	piece->len = ETH_HLEN + sizeof(ip) + sizeof(frag) + n;
}

int probe_cut(const struct probe *p, const uint8_t *frame, size_t len,
	      struct piece pieces[static PIECES_MAX])
{
	size_t hlen = ETH_HLEN + (p->v6 ? sizeof(struct ip6_hdr) : sizeof(struct iphdr));
	size_t room = len - hlen, each, off = 0;
	int i;

	if (p->pieces < 2) {
		memcpy(pieces[0].frame, frame, len);
		pieces[0].len = len;
		return 1;
	}
	each = (room / p->pieces + 7) & ~7ul;
	for (i = 0; off < room; i++, off += each) {
		bool more = off + each < room;
		size_t n = more ? each : room - off;

		memcpy(pieces[i].frame, frame, ETH_HLEN);
		if (p->v6)
			cut_ip6(frame, off, n, more, p->no, &pieces[i]);
		else
			cut_ip4(frame, off, n, more, &pieces[i]);
	}
	return i;
}

struct probe probe_marker(const struct probe *behind)
{
	return (struct probe){.no = behind->no,
			      .from = behind->from,
			      .proto = IPPROTO_UDP,
			      .port = {MARKER, MARKER},
			      .why = "marker"};
}

/* By number: one packet and its marker, which is IPv4, are under way at a time. */
bool probe_is(const struct probe *p, const uint8_t *frame, size_t len)
{
	uint16_t proto, id, port;
	uint32_t flow;
	bool marker;

	if (len < ETH_HLEN + (p->v6 ? 40 : 24))
		return false;
	memcpy(&proto, frame + 12, 2);
	if (proto != htons(p->v6 ? ETH_P_IPV6 : ETH_P_IP))
		return false;
	frame += ETH_HLEN;
	if (p->v6) {
		memcpy(&flow, frame, 4);
		return (ntohl(flow) & 0xfffff) == (p->no & 0xfffff);
	}
	memcpy(&id, frame + 4, 2);
	memcpy(&port, frame + 20, 2);
	marker = frame[9] == IPPROTO_UDP && frame[0] == 0x45 && port == htons(MARKER);
	return ntohs(id) == (uint16_t)p->no && frame[9] == p->proto &&
	       marker == (p->proto == IPPROTO_UDP && p->port[0] == MARKER);
}

static int text_tcp(const struct probe *p, char *text, size_t room)
{
	const char *const names[] = {"FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR"};
	int n = 0;

	for (int i = 0; i < 8; i++)
		if (p->flags & 1 << i)
			n += snprintf(text + n, room - n, " %s", names[i]);
	n += snprintf(text + n, room - n, "%s seq %u ack %u len %u win %u",
		      p->flags ? "" : " no flags", p->seq, p->ack, p->len, p->win);
	if (p->flags & TH_SYN && p->scale != NO_SCALE)
		n += snprintf(text + n, room - n, " scale %u", p->scale);
	return n;
}

void probe_text(const struct probe *p, char text[static PROBE_TEXT])
{
	const char *proto = p->proto == IPPROTO_TCP      ? "tcp"
			    : p->proto == IPPROTO_UDP    ? "udp"
			    : p->proto == OTHER          ? "other"
			    : p->proto == IPPROTO_ICMPV6 ? "icmpv6"
							 : "icmp";
	int n = snprintf(text, PROBE_TEXT, "#%-7llu %s ip%c %s a:%u b:%u",
			 (unsigned long long)p->no, p->from == END_A ? "a>b" : "b>a",
			 p->v6 ? '6' : '4', proto, p->port[0], p->port[1]);

	if (p->proto == IPPROTO_TCP)
		n += text_tcp(p, text + n, PROBE_TEXT - n);
	else if (probe_is_icmp(p))
		n += snprintf(text + n, PROBE_TEXT - n, " type %u code %u", p->icmp_type,
			      p->icmp_code);
	if (p->pieces > 1)
		n += snprintf(text + n, PROBE_TEXT - n, " in %u", p->pieces);
	if (p->extra)
		n += snprintf(text + n, PROBE_TEXT - n, " extra %u", p->extra);
	if (p->quote_proto)
		n += snprintf(text + n, PROBE_TEXT - n, " about %s protocol %u type %u code %u%s",
			      p->quote_from == END_A ? "a>b" : "b>a", p->quote_proto, p->quote_type,
			      p->quote_code, p->quote_short ? ", short" : "");
	snprintf(text + n, PROBE_TEXT - n, "  (%s)", p->why);
}
