/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* See node.h. */
#include "node.h"

#include <errno.h>
#include <sched.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/ip_icmp.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <weft/flow.h>

#include "tc.skel.h"

#define PORTS_MAX  16
#define OPEN_PORT  100 /* ids of the ports that no policy is about: plus the network's */
#define NETWORK(i) (7u + (i) % 3)
#define SPORT      12345
#define L4_LEN     24
#define TCP_SYN    2
#define HOUR_MS    3600000
#define PLENTY     (1 << 20)
#define NOT_OURS   254 /* last byte of the MAC address of those ports */
#define HALVES     2

static struct weft_tc *tc;
static struct tables halves[HALVES]; /* what stands in each half of the policy tables */
static int cpus, cpu;

static int fd_of(const char *name)
{
	int fd = bpf_object__find_map_fd_by_name(tc->obj, name);

	assert_true(fd >= 0);
	return fd;
}

static void put(const char *map, const void *key, const void *value)
{
	assert_int_equal(bpf_map_update_elem(fd_of(map), key, value, BPF_ANY), 0);
}

/* Of a port of the file, or of the one that is not: by the last byte of the MAC address. */
static __u32 interface_of(__u8 number, __u16 network)
{
	static __u32 known[2 * PORTS_MAX];
	int i = number == NOT_OURS ? PORTS_MAX + network : number;
	char name[IFNAMSIZ];

	if (!known[i]) {
		snprintf(name, sizeof(name), "v%d", i);
		known[i] = if_nametoindex(name);
	}
	assert_true(known[i] > 0);
	return known[i];
}

static void put_endpoint(__u8 number, __u32 port, __u16 network)
{
	struct weft_fdb_key key = {.mac = {2, 0, 0, 0, 0, number}, .network = network};
	struct weft_fdb_entry entry = {.kind = WEFT_FDB_LOCAL,
				       .delivery = WEFT_DELIVER_REDIRECT,
				       .ifindex = interface_of(number, network),
				       .port = port};
	struct weft_port row = {.id = port,
				.network = network,
				.kind = WEFT_PORT_ACCESS,
				.delivery = WEFT_DELIVER_REDIRECT};

	memcpy(row.mac, key.mac, sizeof(row.mac));
	put("weft_fdb", &key, &entry);
	put("weft_ports", &entry.ifindex, &row);
}

/* Port @i of the file is in network @i % 3, as make.h has it; ids as world_ids() gives them. */
static void fill_networks(void)
{
	for (__u32 network = NETWORK(0); network <= NETWORK(2); network++) {
		struct weft_network net = {.vni = network, .flags = WEFT_NET_PRESENT, .mtu = 1500};

		put("weft_networks", &network, &net);
		put_endpoint(NOT_OURS, OPEN_PORT + network, network);
	}
	for (__u32 i = 0; i < PORTS_MAX; i++)
		put_endpoint(i, 3 + i, NETWORK(i));
}

/* Nothing ever passes them: they only have to be there. */
static int make_interfaces(void)
{
	FILE *ip = popen("ip -batch -", "w");

	if (!ip)
		return -errno;
	for (int i = 0; i < 2 * PORTS_MAX; i += 2)
		fprintf(ip, "link add v%d type veth peer name v%d\n", i, i + 1);
	return pclose(ip) ? -EIO : 0;
}

static void fill_conf(void)
{
	struct weft_flow_conf conf = {
		.tick_ns = 4000000, .per_port = PLENTY, .per_network = PLENTY, .new_per_port = ~0u};
	__u32 zero = 0;

	for (int i = 0; i < __WEFT_FLOW_STATE_MAX; i++)
		conf.timeout_ms[i] = HOUR_MS;
	put("weft_flow_conf", &zero, &conf);
}

/* Counters are read of one CPU. */
static int stay(void)
{
	cpu_set_t one;

	cpu = sched_getcpu();
	cpus = libbpf_num_possible_cpus();
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	return cpus < 0 ? cpus : sched_setaffinity(0, sizeof(one), &one) ? -errno : 0;
}

int node_load(void)
{
	int err = stay();

	if (err)
		return err;
	if (unshare(CLONE_NEWNET))
		return -errno;
	err = make_interfaces();
	if (err)
		return err;
	tc = weft_tc__open_and_load();
	if (!tc)
		return -errno;
	for (int i = 0; i < HALVES; i++)
		tables_init(&halves[i]);
	fill_networks();
	fill_conf();
	return 0;
}

void node_close(void)
{
	for (int i = 0; i < HALVES; i++)
		tables_clear(&halves[i]);
	weft_tc__destroy(tc);
}

static bool is_policy_table(const struct table *t)
{
	return !strncmp(t->desc->name, "weft_pol_", 9);
}

static void write_table(const struct table *t)
{
	for (size_t i = 0; i < t->rows.n; i++)
		put(t->desc->name, table_key(t, i), table_value(t, i));
}

static void erase_table(const struct table *t)
{
	static const __u8 nothing[256];
	int fd = fd_of(t->desc->name);

	for (size_t i = 0; i < t->rows.n; i++) {
		if (t->desc->array)
			put(t->desc->name, table_key(t, i), nothing);
		else
			assert_int_equal(bpf_map_delete_elem(fd, table_key(t, i)), 0);
	}
}

static void keep_table(struct table *copy, const struct table *t)
{
	table_clear(copy);
	for (size_t i = 0; i < t->rows.n; i++)
		assert_int_equal(table_put(copy, table_key(t, i), table_value(t, i)), 0);
}

void node_policies(const struct world *w)
{
	struct weft_generation generation = {.policy = w->generation};
	struct tables *half = &halves[w->generation & 1];
	__u32 zero = 0;

	for (int i = 0; i < __TABLE_WANTED_MAX; i++) {
		if (!is_policy_table(&w->t.t[i]))
			continue;
		erase_table(&half->t[i]);
		write_table(&w->t.t[i]);
		keep_table(&half->t[i], &w->t.t[i]);
	}
	put("weft_generation", &zero, &generation);
}

static bool is_ipv4(const struct packet *packet)
{
	static const __u8 mapped[12] = {[10] = 0xff, [11] = 0xff};

	return !memcmp(&packet->peer, mapped, sizeof(mapped));
}

static bool is_icmp(const struct packet *packet)
{
	return packet->protocol == (is_ipv4(packet) ? IPPROTO_ICMP : IPPROTO_ICMPV6);
}

static bool has_ports(const struct packet *packet)
{
	return packet->protocol == IPPROTO_TCP || packet->protocol == IPPROTO_UDP ||
	       packet->protocol == IPPROTO_SCTP;
}

/* Questions have a flow; what is neither question, answer nor error is judged by itself. */
static bool is_query(const struct packet *packet)
{
	__u8 type = packet->detail >> 8;

	return is_ipv4(packet) ? type == ICMP_ECHO || type == ICMP_TIMESTAMP : type == 128;
}

/* What is sent to a group is judged packet by packet, whatever the MAC address. */
static bool is_for_group(const struct packet *packet)
{
	__u32 ip = ntohl(packet->peer.s6_addr32[3]);

	if (packet->direction != WEFT_POL_EGRESS)
		return false;
	return is_ipv4(packet) ? IN_MULTICAST(ip) || ip == INADDR_BROADCAST
			       : IN6_IS_ADDR_MULTICAST(&packet->peer);
}

static bool makes_flow(const struct packet *packet)
{
	return !is_for_group(packet) && (!is_icmp(packet) || is_query(packet));
}

static bool is_answer_or_error(const struct packet *packet)
{
	__u8 type = packet->detail >> 8;

	if (!is_ipv4(packet))
		return type < 128 || type == 129;
	return type == ICMP_ECHOREPLY || type == ICMP_TIMESTAMPREPLY || type == ICMP_DEST_UNREACH ||
	       type == ICMP_SOURCE_QUENCH || type == ICMP_REDIRECT || type == ICMP_TIME_EXCEEDED ||
	       type == ICMP_PARAMETERPROB;
}

bool node_can_send(const struct packet *packet)
{
	if (is_icmp(packet))
		return !is_answer_or_error(packet);
	if (has_ports(packet))
		return true;
	/* Protocol 0 in IPv6 is an extension header. */
	return !packet->detail && (packet->protocol || is_ipv4(packet));
}

struct frame {
	struct ethhdr eth;
	union {
		struct iphdr ip;
		struct ip6_hdr ip6;
	};
} __attribute__((packed));

/** struct sent - a frame, where it comes in, and the flow that it may make. */
struct sent {
	__u8 bytes[128];
	size_t len;
	__u32 ifindex;
	struct weft_flow_key key;
};

static void put_l4(const struct packet *packet, __u8 *l4)
{
	__be16 sport = htons(SPORT), dport = htons(packet->detail);

	memset(l4, 0, L4_LEN);
	if (is_icmp(packet)) {
		l4[0] = packet->detail >> 8;
		l4[1] = packet->detail;
		memcpy(l4 + 4, &sport, 2);
	} else if (has_ports(packet)) {
		memcpy(l4, &sport, 2);
		memcpy(l4 + 2, &dport, 2);
	}
	if (packet->protocol == IPPROTO_TCP) {
		l4[12] = 5 << 4;
		l4[13] = TCP_SYN;
	}
	if (packet->protocol == IPPROTO_UDP)
		l4[5] = L4_LEN;
}

static size_t put_ip(const struct packet *packet, const struct in6_addr *src,
		     const struct in6_addr *dst, struct frame *f)
{
	if (is_ipv4(packet)) {
		f->eth.h_proto = htons(ETH_P_IP);
		f->ip = (struct iphdr){.version = 4,
				       .ihl = 5,
				       .ttl = 64,
				       .tot_len = htons(sizeof(f->ip) + L4_LEN),
				       .protocol = packet->protocol,
				       .saddr = src->s6_addr32[3],
				       .daddr = dst->s6_addr32[3]};
		return sizeof(f->eth) + sizeof(f->ip);
	}
	f->eth.h_proto = htons(ETH_P_IPV6);
	f->ip6 = (struct ip6_hdr){.ip6_nxt = packet->protocol,
				  .ip6_hlim = 64,
				  .ip6_plen = htons(L4_LEN),
				  .ip6_src = *src,
				  .ip6_dst = *dst};
	f->ip6.ip6_vfc = 6 << 4;
	return sizeof(f->eth) + sizeof(f->ip6);
}

static void fill_key(const struct packet *packet, const struct in6_addr *src,
		     const struct in6_addr *dst, struct weft_flow_key *key)
{
	__be16 sport = 0, dport = 0;
	int side;

	if (has_ports(packet) || is_icmp(packet)) {
		sport = htons(SPORT);
		dport = htons(packet->detail);
	}
	side = is_icmp(packet) ? weft_flow_side((void *)src, (void *)dst, 0, 0)
			       : weft_flow_side((void *)src, (void *)dst, sport, dport);
	if (is_icmp(packet)) {
		key->asker = side;
		dport = htons(WEFT_FLOW_QUERY(packet->detail >> 8, packet->detail & 0xff));
	}
	memcpy(&key->addr[side], src, sizeof(*src));
	memcpy(&key->addr[!side], dst, sizeof(*dst));
	key->port[side] = sport;
	key->port[!side] = dport;
	key->proto = packet->protocol;
	key->network = NETWORK(packet->port);
}

/* Between the port, whose own address no rule is about, and the packet's peer. */
static void make(const struct packet *packet, struct sent *s)
{
	struct in6_addr own = world_addr(is_ipv4(packet) ? "10.9.0.200" : "fd00:9::c8");
	const bool egress = packet->direction == WEFT_POL_EGRESS;
	const struct in6_addr *src = egress ? &own : &packet->peer;
	const struct in6_addr *dst = egress ? &packet->peer : &own;
	__u8 number = packet->port;
	struct frame *f = (void *)s->bytes;

	memset(s, 0, sizeof(*s));
	f->eth = (struct ethhdr){.h_source = {2, 0, 0, 0, 0, egress ? number : NOT_OURS},
				 .h_dest = {2, 0, 0, 0, 0, egress ? NOT_OURS : number}};
	s->len = put_ip(packet, src, dst, f);
	put_l4(packet, s->bytes + s->len);
	s->len += L4_LEN;
	fill_key(packet, src, dst, &s->key);
	s->ifindex = interface_of(egress ? number : NOT_OURS, s->key.network);
}

static __u64 hits_of(__u32 rule)
{
	struct weft_rule_stat stats[cpus];

	if (!rule)
		return 0;
	assert_int_equal(bpf_map_lookup_elem(bpf_map__fd(tc->maps.weft_rule_stat), &rule, stats),
			 0);
	return stats[cpu].hits;
}

static __u64 drops_of(__u32 port, enum weft_drop reason)
{
	struct weft_drop_key key = {.port = port, .reason = reason};
	struct weft_count counts[cpus];

	if (bpf_map_lookup_elem(bpf_map__fd(tc->maps.weft_drops), &key, counts))
		return 0;
	return counts[cpu].packets;
}

static int run(const struct sent *s)
{
	struct __sk_buff in = {.ifindex = s->ifindex};
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = s->bytes, .data_size_in = s->len,
		    .ctx_in = &in, .ctx_size_in = sizeof(in));

	assert_int_equal(bpf_prog_test_run_opts(bpf_program__fd(tc->progs.tc_from_port), &opts), 0);
	return opts.retval;
}

/* The flow that it made, which is forgotten. */
static bool take_flow(const struct sent *s, const struct packet *packet, struct verdict *v,
		      bool *guarded)
{
	int fd = bpf_map__fd(tc->maps.weft_flows_new);
	struct weft_flow flow;

	if (bpf_map_lookup_elem(fd, &s->key, &flow))
		return false;
	assert_int_equal(bpf_map_delete_elem(fd, &s->key), 0);
	assert_int_equal(flow.rule[!packet->direction], 0);
	v->rule = flow.rule[packet->direction];
	v->keep = flow.flags & WEFT_FLOW_KEEP;
	*guarded = flow.flags & WEFT_FLOW_GUARDED;
	return true;
}

bool node_send(const struct world *w, const struct packet *packet, __u32 rule, struct verdict *v,
	       bool *guarded)
{
	const bool egress = packet->direction == WEFT_POL_EGRESS;
	const enum weft_drop reasons[] = {
		egress ? WEFT_DROP_POLICY_DENY_EGRESS : WEFT_DROP_POLICY_DENY_INGRESS,
		egress ? WEFT_DROP_POLICY_REJECT_EGRESS : WEFT_DROP_POLICY_REJECT_INGRESS};
	const __u32 port = w->ports[packet->port];
	const __u64 denied = drops_of(port, reasons[0]), rejected = drops_of(port, reasons[1]);
	const __u64 hits = hits_of(rule);
	struct sent s;
	bool flow;
	int ret;

	make(packet, &s);
	ret = run(&s);
	*guarded = true;
	v->rule = hits_of(rule) == hits + !!rule ? rule : ~0u;
	v->keep = false;
	flow = take_flow(&s, packet, v, guarded);
	if (drops_of(port, reasons[0]) != denied)
		v->action = WEFT_POL_DENY;
	else if (drops_of(port, reasons[1]) != rejected)
		v->action = WEFT_POL_REJECT;
	else
		v->action = ret == TC_ACT_REDIRECT ? WEFT_POL_ALLOW : ~0u;
	assert_true(!flow || v->action == WEFT_POL_ALLOW);
	assert_true(flow || v->action != WEFT_POL_ALLOW || !makes_flow(packet));
	return flow;
}
