/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Weft's world: weft itself between two ports, configured from a file that says what kernel.c does.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <arpa/inet.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <sys/wait.h>
#include <linux/netfilter/nf_conntrack_tcp.h>

#include <bpf/bpf.h>
#include <weft/flow.h>

#include "../../bpf/lib/ctx_host.h"
#include "../../bpf/lib/tcp.h"
#include "pins.h"
#include "util.h"
#include "world.h"

#define MAPPED 0xffff /* IPv4 addresses stand IPv4-mapped in the tables */

/*
 * Half of the rules judge what comes to B, the others what B sends. The order is that of ruleset[]
 * in kernel.c. Nothing shall time out or find no room, and anybody may send redirects: that is not
 * what is compared.
 */
static const char config[] =
	"nodes: [{name: %s, vtep: 192.0.2.1}]\n"
	"networks: [{name: net, vni: 1, subnets: [10.9.0.0/24, 'fd00:9::/64']}]\n"
	"ports:\n"
	"  - {name: a, node: %s, interface: wa, router: true, network: net, mac: "
	"'02:00:00:00:00:0a',\n"
	"     addresses: [" A_ADDR4 ", '" A_ADDR6 "']}\n"
	"  - {name: b, node: %s, interface: wb, router: true, network: net, mac: "
	"'02:00:00:00:00:0b',\n"
	"     addresses: [" B_ADDR4 ", '" B_ADDR6 "']}\n"
	"policies:\n"
	"  - name: to-b\n"
	"    applies_to: {ports: b}\n"
	"    direction: ingress\n"
	"    rules:\n"
	"      - {protocol: udp, ports: [9, 53, 8000-8999]}\n"
	"      - {protocol: tcp, ports: [80, 443, 8000-8999]}\n"
	"      - {protocol: icmp, icmp_type: 8, icmp_code: 0}\n"
	"      - {protocol: icmp, icmp_type: 8, icmp_code: 7}\n"
	"      - {protocol: icmpv6, icmp_type: 128, icmp_code: 0}\n"
	"      - {protocol: icmpv6, icmp_type: 128, icmp_code: 7}\n"
	"      - {protocol: 253}\n"
	"  - name: from-b\n"
	"    applies_to: {ports: b}\n"
	"    direction: egress\n"
	"    rules:\n"
	"      - {protocol: udp, ports: [9, 514, 41000-41999]}\n"
	"      - {protocol: tcp, ports: [22, 41000-41999]}\n"
	"      - {protocol: icmp, icmp_type: 13}\n"
	"limits: {flows: 262144, half_open: 131072}\n"
	"flows:\n"
	"  new_per_port: 16777216\n"
	"  timeouts: {tcp_syn_sent: 1d, tcp_syn_recv: 1d, tcp_established: 1d, tcp_fin_wait: 1d,\n"
	"    tcp_close_wait: 1d, tcp_last_ack: 1d, tcp_time_wait: 1d, tcp_close: 1d, udp: 1d,\n"
	"    udp_replied: 1d, icmp: 1d, other: 1d}\n";

static const char *const map_names[] = {"weft_flows", "weft_flows_new", "weft_flows_over"};
static int maps[ARRAY_SIZE(map_names)] = {-1, -1, -1};
static int leash = -1; /* a pipe: the guard holds the other end */
static pid_t guard_pid;

/* Waits for our end, however it comes about, and removes what weft has pinned. */
static void guard(int end, const char *binary, const char *node, int ns)
{
	char path[64], byte;

	setsid();
	signal(SIGTERM, SIG_IGN);
	while (read(end, &byte, 1) > 0)
		continue;
	snprintf(path, sizeof(path), "/proc/%d/fd/%d", getpid(), ns);
	if (fork()) {
		wait(NULL);
		_exit(0);
	}
	if (!freopen("/dev/null", "w", stdout))
		_exit(1);
	execl(binary, binary, "down", "--node", node, "--netns", path, NULL);
	_exit(1);
}

static int set_guard(const struct world *w, const char *binary, const char *node)
{
	int ends[2];

	if (pipe(ends))
		return -errno;
	guard_pid = fork();
	if (guard_pid < 0)
		return -errno;
	if (!guard_pid) {
		close(ends[1]);
		guard(ends[0], binary, node, w->ns);
	}
	close(ends[0]);
	leash = ends[1];
	return 0;
}

static int open_maps(const char *node)
{
	struct pins pins;

	pins_init(&pins, node);
	for (size_t i = 0; i < ARRAY_SIZE(maps); i++) {
		maps[i] = bpf_obj_get(pins_path(&pins, PINS_MAPS, map_names[i]).s);
		if (maps[i] < 0)
			return -errno;
	}
	return 0;
}

int weft_configure(const struct world *w, const char *binary)
{
	char node[32], command[512], document[sizeof(config) + 128];
	int err;

	snprintf(node, sizeof(node), "diff-%d", getpid());
	snprintf(document, sizeof(document), config, node, node, node);
	snprintf(command, sizeof(command),
		 "'%s' apply - --node %s --netns /proc/%d/fd/%d >/dev/null", binary, node, getpid(),
		 w->ns);
	err = set_guard(w, binary, node);
	err = err ? err : world_pipe(command, document);
	return err ? err : open_maps(node);
}

void weft_close(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(maps); i++)
		closep(&maps[i]);
	closep(&leash);
	if (guard_pid > 0)
		waitpid(guard_pid, NULL, 0);
}

int weft_side(const struct probe *p, enum end end)
{
	return end ^ p->v6; /* see A_ADDR6 */
}

static void set_address(struct weft_addr *addr, const struct probe *p, enum end end)
{
	memset(addr, 0, sizeof(*addr));
	if (p->v6) {
		inet_pton(AF_INET6, PROBE_ADDR6(end), addr);
	} else {
		addr->words[2] = htonl(MAPPED);
		inet_pton(AF_INET, PROBE_ADDR4(end), &addr->words[3]);
	}
}

static struct weft_flow_key key_of(const struct probe *p)
{
	int a = weft_side(p, END_A), asker = weft_side(p, probe_asker(p));
	struct weft_flow_key key = {.network = 1, .proto = p->proto};

	set_address(&key.addr[a], p, END_A);
	set_address(&key.addr[!a], p, END_B);
	if (probe_is_icmp(p)) {
		key.asker = asker;
		key.port[asker] = htons(p->port[0]);
		key.port[!asker] = htons(WEFT_FLOW_QUERY(probe_question(p), p->icmp_code));
	} else {
		key.port[a] = htons(p->port[END_A]);
		key.port[!a] = htons(p->port[END_B]);
	}
	return key;
}

const struct weft_flow *weft_flow_of(const struct probe *p)
{
	static struct weft_flow_entry entry;
	struct weft_flow_key key = key_of(p);

	for (size_t i = 0; i < ARRAY_SIZE(maps); i++)
		if (!bpf_map_lookup_elem(maps[i], &key, &entry))
			return &entry.flow;
	return NULL;
}

static int conntrack_state(int state)
{
	static const int states[] = {
		[WEFT_TCP_SYN_SENT] = TCP_CONNTRACK_SYN_SENT,
		[WEFT_TCP_SYN_SENT2] = TCP_CONNTRACK_SYN_SENT2,
		[WEFT_TCP_SYN_RECV] = TCP_CONNTRACK_SYN_RECV,
		[WEFT_TCP_ESTABLISHED] = TCP_CONNTRACK_ESTABLISHED,
		[WEFT_TCP_FIN_WAIT] = TCP_CONNTRACK_FIN_WAIT,
		[WEFT_TCP_CLOSE_WAIT] = TCP_CONNTRACK_CLOSE_WAIT,
		[WEFT_TCP_LAST_ACK] = TCP_CONNTRACK_LAST_ACK,
		[WEFT_TCP_TIME_WAIT] = TCP_CONNTRACK_TIME_WAIT,
		[WEFT_TCP_CLOSE] = TCP_CONNTRACK_CLOSE,
	};

	return (size_t)state < ARRAY_SIZE(states) ? states[state] : 0;
}

struct track weft_track(const struct probe *p)
{
	const struct weft_flow *f = weft_flow_of(p);

	if (!f || (p->proto == IPPROTO_TCP && weft_tcp_is_void(f)))
		return (struct track){.state = -1};
	if (p->proto == IPPROTO_TCP)
		return (struct track){.state = conntrack_state(f->state),
				      .replied = weft_tcp_answered(f),
				      .assured = weft_tcp_settled(f)};
	return (struct track){.replied = f->state == WEFT_UDP_REPLIED ||
					 f->state == WEFT_ICMP_REPLIED ||
					 f->state == WEFT_OTHER_REPLIED};
}
