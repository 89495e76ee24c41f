/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * traffic - the bench's traffic generator: UDP flood, TCP stream and request/response, each in a
 * receiving and a sending half.
 *
 * One tool drives every contender, so that nothing but the path differs. The receiver measures:
 * what counts is what arrived, inside a window that opens after a warm-up. Each half prints "ready"
 * once it listens, and one line of JSON when it is done. Nothing here can outlive its time: alarm()
 * ends a run that hangs, and a half whose parent died is killed by the kernel. Started by
 * workloads.py; what it shares with the other tools is in bench_util.h.
 */
#include <errno.h>
#include <getopt.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "bench_util.h"

#define BATCH     64
#define FLOWS_MAX 64
#define CHUNK     (128 * 1024) /* bytes per send() and recv() of a stream, iperf3's default */
#define RR_MAX    (4 << 20)

struct options {
	const char *mode;
	const char *netns;
	const char *address;
	const char *congestion;
	int port;
	int cpu;
	int payload;
	int flows;
	bool poll; /* request/response: spin on the socket instead of sleeping */
	double seconds;
	double warmup;
};

static int udp_receive(const struct options *opt)
{
	static char buffer[BATCH][2048];
	struct mmsghdr messages[BATCH] = {};
	struct iovec vectors[BATCH];
	struct window w = window_make(opt->warmup, opt->seconds);
	int fd = socket_bound(opt->address, opt->port, SOCK_DGRAM);
	bool more = true;
	int n;

	socket_roomy(fd);
	socket_timeout(fd, SILENCE_S);
	for (int i = 0; i < BATCH; i++) {
		vectors[i] = (struct iovec){buffer[i], sizeof(buffer[i])};
		messages[i].msg_hdr.msg_iov = &vectors[i];
		messages[i].msg_hdr.msg_iovlen = 1;
	}
	say_ready();
	while (more) {
		uint64_t bytes = 0;

		n = recvmmsg(fd, messages, BATCH, MSG_WAITFORONE, NULL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		for (int i = 0; i < n; i++)
			bytes += messages[i].msg_len;
		more = window_add(&w, n, bytes);
	}
	window_print(&w);
	return 0;
}

static int udp_send(const struct options *opt)
{
	static char payload[2048];
	struct mmsghdr messages[BATCH] = {};
	struct iovec vector = {payload, opt->payload};
	uint64_t end = now_ns() + (uint64_t)((opt->warmup + opt->seconds) * 1e9);
	int fds[FLOWS_MAX];

	for (int i = 0; i < opt->flows; i++)
		fds[i] = socket_connected(opt->address, opt->port, SOCK_DGRAM);
	for (int i = 0; i < BATCH; i++) {
		messages[i].msg_hdr.msg_iov = &vector;
		messages[i].msg_hdr.msg_iovlen = 1;
	}
	/* ECONNREFUSED and the like only say that the receiver has finished first. */
	for (unsigned int turn = 0; now_ns() < end; turn++)
		sendmmsg(fds[turn % opt->flows], messages, BATCH, 0);
	return 0;
}

static void stream_tune(int fd, const struct options *opt)
{
	int one = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (opt->congestion)
		setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, opt->congestion,
			   strlen(opt->congestion));
}

static int accept_flow(int listener)
{
	struct pollfd p = {listener, POLLIN, 0};

	if (poll(&p, 1, SILENCE_S * 1000) <= 0)
		return -1;
	return accept(listener, NULL, NULL);
}

/* With one flow a plain blocking call, with several the next ready one: poll() would cost the
 * single stream for nothing. */
static int next_ready(struct pollfd *flows, int count, int *turn)
{
	if (count == 1)
		return 0;
	if (poll(flows, count, SILENCE_S * 1000) <= 0)
		return -1;
	for (int i = 0; i < count; i++) {
		*turn = (*turn + 1) % count;
		if (flows[*turn].revents)
			return *turn;
	}
	return -1;
}

static int tcp_receive(const struct options *opt)
{
	static char buffer[CHUNK];
	struct pollfd flows[FLOWS_MAX];
	struct window w = window_make(opt->warmup, opt->seconds);
	int listener = socket_bound(opt->address, opt->port, SOCK_STREAM);
	int turn = 0, i;
	ssize_t n;

	say_ready();
	for (i = 0; i < opt->flows; i++) {
		flows[i] = (struct pollfd){accept_flow(listener), POLLIN, 0};
		if (flows[i].fd >= 0)
			socket_timeout(flows[i].fd, SILENCE_S);
	}
	do {
		i = next_ready(flows, opt->flows, &turn);
		n = i < 0 ? -1 : recv(flows[i].fd, buffer, sizeof(buffer), 0);
	} while (n > 0 && window_add(&w, 1, n));
	window_print(&w);
	return 0;
}

static int tcp_send(const struct options *opt)
{
	static char buffer[CHUNK];
	struct pollfd flows[FLOWS_MAX];
	uint64_t end = now_ns() + (uint64_t)((opt->warmup + opt->seconds) * 1e9);
	int turn = 0, flags = opt->flows == 1 ? 0 : MSG_DONTWAIT, i;

	for (i = 0; i < opt->flows; i++) {
		flows[i] = (struct pollfd){socket_connected(opt->address, opt->port, SOCK_STREAM),
					   POLLOUT, 0};
		stream_tune(flows[i].fd, opt);
		socket_timeout(flows[i].fd, SILENCE_S);
	}
	while (now_ns() < end) {
		i = next_ready(flows, opt->flows, &turn);
		if (i < 0 || (send(flows[i].fd, buffer, sizeof(buffer), flags | MSG_NOSIGNAL) < 0 &&
			      errno != EAGAIN))
			break;
	}
	return 0;
}

/* One byte. Polling leaves out what waking a sleeper, and its CPU, takes: the path alone remains.
 */
static ssize_t receive_byte(int fd, bool poll, struct sockaddr_storage *peer, socklen_t *length)
{
	uint64_t end = now_ns() + SILENCE_S * 1000000000ULL;
	ssize_t n;

	do {
		n = recvfrom(fd, &(char){0}, 1, poll ? MSG_DONTWAIT : 0, (struct sockaddr *)peer,
			     length);
	} while (poll && n < 0 && errno == EAGAIN && now_ns() < end);
	return n;
}

/* The answering half of request/response: one byte back for each that comes. Ends when the asker
 * closes (TCP) or falls silent (UDP). */
static int rr_serve(const struct options *opt, int type)
{
	int fd = socket_bound(opt->address, opt->port, type);
	struct sockaddr_storage peer;
	char byte = 0;

	say_ready();
	if (type == SOCK_STREAM) {
		fd = accept_flow(fd);
		if (fd < 0)
			return 1;
		stream_tune(fd, opt);
	}
	socket_timeout(fd, SILENCE_S);
	for (;;) {
		socklen_t length = sizeof(peer);

		if (receive_byte(fd, opt->poll, &peer, &length) <= 0)
			break;
		sendto(fd, &byte, 1, MSG_NOSIGNAL,
		       type == SOCK_DGRAM ? (struct sockaddr *)&peer : NULL,
		       type == SOCK_DGRAM ? length : 0);
	}
	puts("{}");
	return 0;
}

static int rr_ask(const struct options *opt, int type)
{
	static uint32_t times[RR_MAX];
	uint64_t start = now_ns(), open = start + (uint64_t)(opt->warmup * 1e9);
	uint64_t end = open + (uint64_t)(opt->seconds * 1e9), sent, now;
	int fd = socket_connected(opt->address, opt->port, type);
	size_t count = 0, lost = 0;
	char byte = 0;

	if (type == SOCK_STREAM)
		stream_tune(fd, opt);
	socket_timeout(fd, 1);
	do {
		sent = now_ns();
		if (send(fd, &byte, 1, MSG_NOSIGNAL) != 1 ||
		    receive_byte(fd, opt->poll, NULL, NULL) != 1) {
			lost++;
			now = now_ns();
			continue;
		}
		now = now_ns();
		if (sent >= open && count < RR_MAX)
			times[count++] = (uint32_t)(now - sent);
	} while (now < end && lost < 10);
	printf("{\"lost\": %zu, \"ns\": ", lost);
	summary_print(times, count);
	puts("}");
	return 0;
}

static int run(const struct options *opt)
{
	const char *mode = opt->mode;

	if (!strcmp(mode, "udp-receive"))
		return udp_receive(opt);
	if (!strcmp(mode, "udp-send"))
		return udp_send(opt);
	if (!strcmp(mode, "tcp-receive"))
		return tcp_receive(opt);
	if (!strcmp(mode, "tcp-send"))
		return tcp_send(opt);
	if (!strcmp(mode, "tcp-rr-receive"))
		return rr_serve(opt, SOCK_STREAM);
	if (!strcmp(mode, "tcp-rr-send"))
		return rr_ask(opt, SOCK_STREAM);
	if (!strcmp(mode, "udp-rr-receive"))
		return rr_serve(opt, SOCK_DGRAM);
	if (!strcmp(mode, "udp-rr-send"))
		return rr_ask(opt, SOCK_DGRAM);
	die("unknown mode '%s'", mode);
}

static const char usage[] = "usage: traffic [options] {udp,tcp,tcp-rr,udp-rr}-{receive,send}\n"
			    "  -n PATH     network namespace to work in\n"
			    "  -a ADDRESS  IPv4 or IPv6: where to listen, or whom to send to\n"
			    "  -p PORT     UDP or TCP port (5201)\n"
			    "  -c CPU      run on this CPU only\n"
			    "  -t SECONDS  length of the measurement (1)\n"
			    "  -w SECONDS  warm-up before it (0.2)\n"
			    "  -s BYTES    UDP payload (18, which makes a 64-byte frame)\n"
			    "  -f FLOWS    connections or source ports (1)\n"
			    "  -g NAME     TCP congestion control\n"
			    "  -b          request/response: poll the socket, don't sleep\n";

static struct options options_parse(int argc, char **argv)
{
	struct options opt = {
		.port = 5201, .cpu = -1, .payload = 18, .flows = 1, .seconds = 1, .warmup = 0.2};
	int c;

	while ((c = getopt(argc, argv, "n:a:p:c:t:w:s:f:g:bh")) != -1) {
		switch (c) {
		case 'n':
			opt.netns = optarg;
			break;
		case 'a':
			opt.address = optarg;
			break;
		case 'p':
			opt.port = atoi(optarg);
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
		case 's':
			opt.payload = atoi(optarg);
			break;
		case 'f':
			opt.flows = atoi(optarg);
			break;
		case 'g':
			opt.congestion = optarg;
			break;
		case 'b':
			opt.poll = true;
			break;
		default:
			fputs(usage, stderr);
			exit(c == 'h' ? 0 : 2);
		}
	}
	opt.mode = argv[optind];
	if (!opt.mode || !opt.address || opt.flows < 1 || opt.flows > FLOWS_MAX ||
	    opt.payload < 1 || opt.payload > 2048 || opt.seconds <= 0 || opt.seconds > 600) {
		fputs(usage, stderr);
		exit(2);
	}
	return opt;
}

int main(int argc, char **argv)
{
	struct options opt = options_parse(argc, argv);

	die_with_parent();
	alarm((unsigned int)(opt.warmup + opt.seconds) + 3 * SILENCE_S);
	if (opt.cpu >= 0)
		pin_to_cpu(opt.cpu);
	if (opt.netns)
		enter_netns(opt.netns);
	return run(&opt);
}
