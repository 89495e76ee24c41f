/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * flows - UDP traffic of up to a million connections and more, which sockets could not make.
 *
 * The sender writes whole frames through a packet socket, the same frame over and over but for its
 * two ports: flow n has source port FLOW_PORT + n % FLOW_PORTS, and n / FLOW_PORTS is added to the
 * destination port that the frame came with. The receiver listens on all destination ports and
 * measures as traffic.c does, or sends everything back. Like that it answers `prime`, which opens
 * each flow once in both directions, with no more flows unanswered than the receiver can hold.
 * `flush` empties the connection tracking of a namespace. Started by sweeps.py.
 */
#include <arpa/inet.h>
#include <getopt.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <poll.h>
#include <sys/ioctl.h>

#include "bench_util.h"
#include "flow_ports.h"

#define BATCH        64
#define PORTS_MAX    64
#define FRAME_MAX    128
#define WINDOW       512 /* flows that may be unanswered: fewer than any queue on the way holds */
#define WAIT_MS      200 /* until unanswered ones count as lost */
#define CONTROL_WAIT 20  /* s */

struct options {
	const char *mode;
	const char *netns;
	const char *interface;
	const char *frame; /* hex */
	const char *address;
	int port;
	int ports;
	int cpu;
	bool echo;
	unsigned long flows;
	unsigned long first;
	double seconds;
	double warmup;
};

/* The frames of a batch, each with a flow of its own. */
struct batch {
	__u8 frame[BATCH][FRAME_MAX];
	struct iovec vector[BATCH];
	struct mmsghdr message[BATCH];
	__u16 dport; /* of flow 0 */
};

static void batch_init(struct batch *b, const char *hex)
{
	size_t length = strlen(hex) / 2;

	errno = 0;
	if (length < FLOW_AT_PORTS + 4 || length > FRAME_MAX)
		die("a frame of %zu bytes", length);
	memset(b, 0, sizeof(*b));
	for (int i = 0; i < BATCH; i++) {
		hex_parse(hex, b->frame[i], length);
		b->vector[i] = (struct iovec){b->frame[i], length};
		b->message[i].msg_hdr.msg_iov = &b->vector[i];
		b->message[i].msg_hdr.msg_iovlen = 1;
	}
	b->dport = flow_port_get(b->frame[0], FLOW_AT_PORTS + 2);
}

static void batch_fill(struct batch *b, const struct options *opt, unsigned long from,
		       unsigned int count)
{
	for (unsigned int i = 0; i < count; i++) {
		unsigned long flow = (from + i) % opt->flows;

		flow_ports_set(b->frame[i], FLOW_AT_PORTS, FLOW_AT_PORTS + 2, flow, b->dport);
	}
}

/* A packet socket that sees what arrives, of protocol @proto (0: nothing). */
static int packet_socket(const char *interface, int proto)
{
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0), one = 1;
	struct sockaddr_ll at = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons((__u16)proto),
		.sll_ifindex = (int)if_nametoindex(interface),
	};

	if (fd < 0 || !at.sll_ifindex)
		die("packet socket on %s", interface);
	setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one, sizeof(one));
	socket_roomy(fd);
	if (bind(fd, (struct sockaddr *)&at, sizeof(at)))
		die("packet socket on %s", interface);
	return fd;
}

static int flows_send(const struct options *opt)
{
	static struct batch b;
	uint64_t end = now_ns() + (uint64_t)((opt->warmup + opt->seconds) * 1e9);
	int fd = packet_socket(opt->interface, 0);
	unsigned long next = opt->first;

	batch_init(&b, opt->frame);
	while (now_ns() < end) {
		int n;

		batch_fill(&b, opt, next, BATCH);
		n = sendmmsg(fd, b.message, BATCH, 0);
		if (n < 0 && errno != ENOBUFS && errno != EINTR)
			die("send");
		next += n > 0 ? (unsigned int)n : 0;
	}
	printf("{\"packets\": %lu}\n", next - opt->first);
	return 0;
}

/* Answers that have come, waiting for the first one. */
static unsigned int drain(int fd, int wait_ms)
{
	static __u8 buffer[BATCH][FRAME_MAX];
	struct mmsghdr messages[BATCH] = {};
	struct iovec vectors[BATCH];
	struct pollfd p = {fd, POLLIN, 0};
	unsigned int answers = 0;
	int n;

	if (poll(&p, 1, wait_ms) <= 0)
		return 0;
	for (int i = 0; i < BATCH; i++) {
		vectors[i] = (struct iovec){buffer[i], sizeof(buffer[i])};
		messages[i].msg_hdr.msg_iov = &vectors[i];
		messages[i].msg_hdr.msg_iovlen = 1;
	}
	do {
		n = recvmmsg(fd, messages, BATCH, MSG_DONTWAIT, NULL);
		answers += n > 0 ? (unsigned int)n : 0;
	} while (n == BATCH);
	return answers;
}

/* Each flow once, and its answer. Ends early if nothing answers at all. */
static int flows_prime(const struct options *opt)
{
	static struct batch b;
	int fd = packet_socket(opt->interface, ETH_P_IP);
	unsigned long sent = 0, answered = 0, lost = 0;

	batch_init(&b, opt->frame);
	while (sent < opt->flows && lost < opt->flows / 10 + 10L * WINDOW) {
		unsigned int count = opt->flows - sent < BATCH ? opt->flows - sent : BATCH;
		int n;

		if (sent - answered - lost > WINDOW) {
			unsigned int now = drain(fd, WAIT_MS);

			answered += now;
			if (!now || answered + lost > sent) /* silence, or late answers */
				lost = sent - answered;
			continue;
		}
		batch_fill(&b, opt, opt->first + sent, count);
		n = sendmmsg(fd, b.message, count, 0);
		if (n < 0 && errno != ENOBUFS && errno != EINTR)
			die("send");
		sent += n > 0 ? (unsigned int)n : 0;
	}
	for (unsigned int now = 1; answered < sent && now; answered += now)
		now = drain(fd, WAIT_MS);
	printf("{\"packets\": %lu, \"answered\": %lu}\n", sent, answered);
	return 0;
}

/* What came is in @messages; sent back, each to where it came from. */
static void send_back(int fd, struct mmsghdr *messages, int count)
{
	for (int i = 0; i < count; i++)
		messages[i].msg_hdr.msg_iov->iov_len = messages[i].msg_len;
	sendmmsg(fd, messages, (unsigned int)count, 0);
}

struct receiver {
	char buffer[BATCH][FRAME_MAX];
	struct sockaddr_storage from[BATCH];
	struct iovec vector[BATCH];
	struct mmsghdr message[BATCH];
};

/* One batch from one socket. Return: packets. */
static int receive_batch(struct receiver *r, int fd, bool echo, uint64_t *bytes)
{
	int n;

	for (int i = 0; i < BATCH; i++) {
		r->vector[i] = (struct iovec){r->buffer[i], sizeof(r->buffer[i])};
		r->message[i].msg_hdr = (struct msghdr){
			.msg_iov = &r->vector[i],
			.msg_iovlen = 1,
			.msg_name = echo ? &r->from[i] : NULL,
			.msg_namelen = echo ? sizeof(r->from[i]) : 0,
		};
	}
	n = recvmmsg(fd, r->message, BATCH, MSG_DONTWAIT, NULL);
	for (int i = 0; i < n; i++)
		*bytes += r->message[i].msg_len;
	if (echo && n > 0)
		send_back(fd, r->message, n);
	return n;
}

static int flows_receive(const struct options *opt)
{
	static struct receiver r;
	struct pollfd sockets[PORTS_MAX];
	struct window w = window_make(opt->warmup, opt->seconds);
	bool more = true;

	for (int i = 0; i < opt->ports; i++) {
		sockets[i] = (struct pollfd){socket_bound(opt->address, opt->port + i, SOCK_DGRAM),
					     POLLIN, 0};
		socket_roomy(sockets[i].fd);
	}
	say_ready();
	while (more && poll(sockets, (nfds_t)opt->ports, SILENCE_S * 1000) > 0) {
		for (int i = 0; more && i < opt->ports; i++) {
			uint64_t bytes = 0;
			int n = sockets[i].revents
					? receive_batch(&r, sockets[i].fd, opt->echo, &bytes)
					: 0;

			if (n > 0)
				more = window_add(&w, (unsigned int)n, bytes);
		}
	}
	window_print(&w);
	return 0;
}

/* A delete request without a tuple deletes all connections of the namespace. */
static int conntrack_flush(void)
{
	struct {
		struct nlmsghdr nl;
		struct nfgenmsg nf;
	} request = {
		.nl = {.nlmsg_len = sizeof(request),
		       .nlmsg_type = NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_DELETE,
		       .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK},
		.nf = {.nfgen_family = AF_UNSPEC, .version = NFNETLINK_V0},
	};
	struct {
		struct nlmsghdr nl;
		struct nlmsgerr error;
	} answer = {};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);

	if (fd < 0)
		die("netlink socket");
	socket_timeout(fd, CONTROL_WAIT);
	if (send(fd, &request, sizeof(request), 0) < 0 || recv(fd, &answer, sizeof(answer), 0) < 0)
		die("flush connections");
	errno = -answer.error.error;
	if (errno)
		die("flush connections");
	close(fd);
	return 0;
}

static const char usage[] =
	"usage: flows [options] {send,prime,receive,flush}\n"
	"  -n PATH       network namespace to work in\n"
	"  -i INTERFACE  send, prime: where the frames go\n"
	"  -x HEX        send, prime: the frame, Ethernet + IPv4 + UDP without checksum\n"
	"  -f FLOWS      send, prime: how many (1)\n"
	"  -F FIRST      send, prime: number of the first (0)\n"
	"  -a ADDRESS    receive: where to listen\n"
	"  -p PORT       receive: first port (5201)\n"
	"  -P PORTS      receive: how many (1)\n"
	"  -e            receive: send everything back\n"
	"  -c CPU        run on this CPU only\n"
	"  -t SECONDS    length of the measurement (1)\n"
	"  -w SECONDS    warm-up before it (0.2)\n";

static struct options options_parse(int argc, char **argv)
{
	struct options opt = {
		.port = 5201, .ports = 1, .cpu = -1, .flows = 1, .seconds = 1, .warmup = 0.2};
	int c;

	while ((c = getopt(argc, argv, "n:i:x:f:F:a:p:P:ec:t:w:h")) != -1) {
		switch (c) {
		case 'n':
			opt.netns = optarg;
			break;
		case 'i':
			opt.interface = optarg;
			break;
		case 'x':
			opt.frame = optarg;
			break;
		case 'f':
			opt.flows = strtoul(optarg, NULL, 10);
			break;
		case 'F':
			opt.first = strtoul(optarg, NULL, 10);
			break;
		case 'a':
			opt.address = optarg;
			break;
		case 'p':
			opt.port = atoi(optarg);
			break;
		case 'P':
			opt.ports = atoi(optarg);
			break;
		case 'e':
			opt.echo = true;
			break;
		case 'c':
			opt.cpu = atoi(optarg);
			break;
		case 't':
			opt.seconds = atof(optarg);
			break;
		case 'w':
			opt.warmup = atof(optarg);
			break;
		default:
			fputs(usage, stderr);
			exit(c == 'h' ? 0 : 2);
		}
	}
	opt.mode = argv[optind];
	if (opt.mode && opt.flows >= 1 && opt.flows <= FLOW_MAX && opt.ports >= 1 &&
	    opt.ports <= PORTS_MAX && opt.seconds > 0 && opt.seconds <= 600)
		return opt;
	fputs(usage, stderr);
	exit(2);
}

int main(int argc, char **argv)
{
	struct options opt = options_parse(argc, argv);
	bool sends = !strcmp(opt.mode, "send"), primes = !strcmp(opt.mode, "prime");

	die_with_parent();
	alarm((unsigned int)(opt.warmup + opt.seconds) + 3 * SILENCE_S + CONTROL_WAIT);
	if (opt.cpu >= 0)
		pin_to_cpu(opt.cpu);
	if (opt.netns)
		enter_netns(opt.netns);
	if ((sends || primes) && opt.interface && opt.frame)
		return sends ? flows_send(&opt) : flows_prime(&opt);
	if (!strcmp(opt.mode, "receive") && opt.address)
		return flows_receive(&opt);
	if (!strcmp(opt.mode, "flush"))
		return conntrack_flush();
	fputs(usage, stderr);
	return 2;
}
