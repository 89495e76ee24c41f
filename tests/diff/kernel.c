/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The kernel's world: it routes between two links, and nftables judges with nf_conntrack. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_conntrack_tcp.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/netlink.h>

#include "util.h"
#include "world.h"

#define ANSWER_MAX 4096

/* The markers are not tracked. Rules: those of config[] in weft.c. */
static const char ruleset[] =
	"table inet f {\n"
	"	chain raw {\n"
	"		type filter hook prerouting priority raw\n"
	"		udp dport 9 notrack\n"
	"	}\n"
	"	chain forward {\n"
	"		type filter hook forward priority filter; policy drop\n"
	"		udp dport 9 accept\n"
	"		ct state invalid drop\n"
	"		ct state established,related accept\n"
	"		iifname ka tcp dport { 80, 443, 8000-8999 } accept\n"
	"		iifname kb tcp dport { 22, 41000-41999 } accept\n"
	"		iifname ka udp dport { 53, 8000-8999 } accept\n"
	"		iifname kb udp dport { 514, 41000-41999 } accept\n"
	"		iifname kb icmp type timestamp-request accept\n"
	"		iifname ka icmp type echo-request icmp code { 0, 7 } accept\n"
	"		iifname ka icmpv6 type echo-request icmpv6 code { 0, 7 } accept\n"
	"		iifname ka meta l4proto 253 accept\n"
	"	}\n"
	"}\n";

static const char links[] = "link set lo up\n"
			    "addr add 10.9.1.1/32 dev ka\n"
			    "addr add 10.9.1.2/32 dev kb\n"
			    "route add " A_ADDR4 "/32 dev ka\n"
			    "route add " B_ADDR4 "/32 dev kb\n"
			    "neigh add " A_ADDR4 " lladdr 02:00:00:00:00:0a dev ka nud permanent\n"
			    "neigh add " B_ADDR4 " lladdr 02:00:00:00:00:0b dev kb nud permanent\n"
			    "route add " A_ADDR6 "/128 dev ka\n"
			    "route add " B_ADDR6 "/128 dev kb\n"
			    "neigh add " A_ADDR6 " lladdr 02:00:00:00:00:0a dev ka nud permanent\n"
			    "neigh add " B_ADDR6 " lladdr 02:00:00:00:00:0b dev kb nud permanent\n";

/* No connection shall time out in the middle of a run: the test has no notion of time. */
static const char *const timeouts[] = {
	"tcp_timeout_close",    "tcp_timeout_close_wait",     "tcp_timeout_established",
	"tcp_timeout_fin_wait", "tcp_timeout_last_ack",       "tcp_timeout_max_retrans",
	"tcp_timeout_syn_recv", "tcp_timeout_syn_sent",       "tcp_timeout_time_wait",
	"udp_timeout",          "udp_timeout_stream",         "icmp_timeout",
	"icmpv6_timeout",       "tcp_timeout_unacknowledged", "generic_timeout",
};

static int conntrack = -1; /* socket */

static int set_timeouts(void)
{
	char path[128];
	int err = 0;

	for (size_t i = 0; !err && i < ARRAY_SIZE(timeouts); i++) {
		snprintf(path, sizeof(path), "netfilter/nf_conntrack_%s", timeouts[i]);
		err = world_sysctl(path, "100000");
	}
	return err;
}

int kernel_configure(void)
{
	int err = world_sysctl("ipv4/ip_forward", "1");

	err = err ? err : world_sysctl("ipv6/conf/all/forwarding", "1");
	err = err ? err : world_sysctl("ipv4/conf/ka/rp_filter", "0");
	err = err ? err : world_sysctl("ipv4/conf/kb/rp_filter", "0");
	err = err ? err : world_pipe("ip -batch -", links);
	err = err ? err : world_pipe("nft -f -", ruleset);
	err = err ? err : set_timeouts();
	if (err)
		return err;
	conntrack = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
	return conntrack < 0 ? -errno : 0;
}

/** struct request - IPCTNL_MSG_CT_GET, as far as it is put together. */
struct request {
	union {
		struct nlmsghdr h;
		uint8_t bytes[512];
	};
};

static void *put(struct request *r, int type, const void *data, size_t len)
{
	struct nlattr *a = (struct nlattr *)(r->bytes + r->h.nlmsg_len);

	a->nla_type = type;
	a->nla_len = NLA_HDRLEN + len;
	if (len)
		memcpy((uint8_t *)a + NLA_HDRLEN, data, len);
	r->h.nlmsg_len += NLA_ALIGN(a->nla_len);
	return a;
}

static struct nlattr *nest(struct request *r, int type)
{
	return put(r, type | NLA_F_NESTED, NULL, 0);
}

static void unnest(struct request *r, struct nlattr *a)
{
	a->nla_len = r->bytes + r->h.nlmsg_len - (uint8_t *)a;
}

/* From @src to the other end. */
static void put_addresses(struct request *r, const struct probe *p, enum end src)
{
	struct nlattr *a = nest(r, CTA_TUPLE_IP);
	uint8_t addr[16];

	for (int end = 0; end < 2; end++) {
		if (p->v6) {
			inet_pton(AF_INET6, PROBE_ADDR6(end), addr);
			put(r, end == (int)src ? CTA_IP_V6_SRC : CTA_IP_V6_DST, addr, 16);
		} else {
			inet_pton(AF_INET, PROBE_ADDR4(end), addr);
			put(r, end == (int)src ? CTA_IP_V4_SRC : CTA_IP_V4_DST, addr, 4);
		}
	}
	unnest(r, a);
}

static void put_query(struct request *r, const struct probe *p)
{
	uint16_t id = htons(p->port[0]);
	uint8_t type = probe_question(p);

	put(r, p->v6 ? CTA_PROTO_ICMPV6_ID : CTA_PROTO_ICMP_ID, &id, 2);
	put(r, p->v6 ? CTA_PROTO_ICMPV6_TYPE : CTA_PROTO_ICMP_TYPE, &type, 1);
	put(r, p->v6 ? CTA_PROTO_ICMPV6_CODE : CTA_PROTO_ICMP_CODE, &p->icmp_code, 1);
}

static void put_ports(struct request *r, const struct probe *p)
{
	uint16_t sport = htons(p->port[END_A]), dport = htons(p->port[END_B]);

	put(r, CTA_PROTO_SRC_PORT, &sport, 2);
	put(r, CTA_PROTO_DST_PORT, &dport, 2);
}

/* Either direction's tuple finds a connection: from A's side, or from that of whoever asked. */
static void put_tuple(struct request *r, const struct probe *p)
{
	struct nlattr *tuple = nest(r, CTA_TUPLE_ORIG), *a;

	put_addresses(r, p, probe_is_icmp(p) ? probe_asker(p) : END_A);
	a = nest(r, CTA_TUPLE_PROTO);
	put(r, CTA_PROTO_NUM, &p->proto, 1);
	if (probe_is_icmp(p))
		put_query(r, p);
	else if (p->proto != OTHER)
		put_ports(r, p);
	unnest(r, a);
	unnest(r, tuple);
}

/* The attribute @type among those in @len bytes at @at. Return: its payload, or NULL. */
static const void *find(const void *at, size_t len, int type, size_t *size)
{
	while (len >= NLA_HDRLEN) {
		const struct nlattr *a = at;
		size_t step = NLA_ALIGN(a->nla_len);

		if (a->nla_len < NLA_HDRLEN || a->nla_len > len)
			return NULL;
		*size = a->nla_len - NLA_HDRLEN;
		if ((a->nla_type & NLA_TYPE_MASK) == type)
			return (const uint8_t *)at + NLA_HDRLEN;
		if (step > len)
			return NULL;
		len -= step;
		at = (const uint8_t *)at + step;
	}
	return NULL;
}

static int read_tcp(const uint8_t *at, size_t len, uint32_t status, struct track *t)
{
	const void *info;
	const uint8_t *state;
	size_t n;

	info = find(at, len, CTA_PROTOINFO, &n);
	info = info ? find(info, n, CTA_PROTOINFO_TCP, &n) : NULL;
	state = info ? find(info, n, CTA_PROTOINFO_TCP_STATE, &n) : NULL;
	if (!state)
		return -EPROTO;
	t->state = *state;
	t->assured = status & IPS_ASSURED;
	return 0;
}

static int read_track(const struct probe *p, const struct nlmsghdr *h, struct track *t)
{
	const uint8_t *at = (const uint8_t *)h + NLMSG_LENGTH(sizeof(struct nfgenmsg));
	size_t len = h->nlmsg_len - NLMSG_LENGTH(sizeof(struct nfgenmsg)), n;
	const uint32_t *status = find(at, len, CTA_STATUS, &n);

	if (!status)
		return -EPROTO;
	*t = (struct track){.replied = ntohl(*status) & IPS_SEEN_REPLY};
	return p->proto == IPPROTO_TCP ? read_tcp(at, len, ntohl(*status), t) : 0;
}

int kernel_track(const struct probe *p, struct track *t)
{
	struct nfgenmsg family = {.nfgen_family = p->v6 ? AF_INET6 : AF_INET};
	struct request r = {.h = {.nlmsg_len = NLMSG_LENGTH(sizeof(family)),
				  .nlmsg_type = NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_GET,
				  .nlmsg_flags = NLM_F_REQUEST}};
	_Alignas(struct nlmsghdr) uint8_t answer[ANSWER_MAX];
	const struct nlmsghdr *h = (const void *)answer;
	ssize_t len;

	memcpy(r.bytes + NLMSG_HDRLEN, &family, sizeof(family));
	put_tuple(&r, p);
	if (send(conntrack, r.bytes, r.h.nlmsg_len, 0) < 0)
		return -errno;
	len = recv(conntrack, answer, sizeof(answer), 0);
	if (len < NLMSG_HDRLEN || len < h->nlmsg_len)
		return -EPROTO;
	*t = (struct track){.state = -1};
	if (h->nlmsg_type == NLMSG_ERROR) {
		int err = ((const struct nlmsgerr *)((const uint8_t *)h + NLMSG_HDRLEN))->error;

		return err == -ENOENT ? 0 : err;
	}
	return read_track(p, h, t);
}
