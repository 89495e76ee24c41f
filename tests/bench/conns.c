/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * conns - TCP connections a second: connect, one byte there, one byte back, close; as RFC 9411,
 * section 7.2, but for the payload.
 *
 * The client keeps a number of connections under way at any time and takes its source ports in
 * turns, so that each comes back every few seconds. The server closes first, so that TIME_WAIT is
 * on its side and a port is free again at once on the other; it takes a new connection from the
 * same port then, as RFC 6191 lets it. The client counts what was completed within its window.
 */
#include <errno.h>
#include <getopt.h>
#include <sys/epoll.h>

#include "bench_util.h"

#define OPEN_MAX 64 /* connections under way */

struct options {
	const char *mode;
	const char *netns;
	const char *address;
	int port;
	int cpu;
	int open;
	int first_port;
	int ports;
	double seconds;
	double warmup;
};

static int conns_receive(const struct options *opt)
{
	int listener = socket_bound(opt->address, opt->port, SOCK_STREAM), fd;
	char byte;

	if (listen(listener, 1024))
		die("listen");
	socket_timeout(listener, SILENCE_S);
	say_ready();
	for (;;) {
		fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
		if (fd < 0 && (errno == ECONNABORTED || errno == EINTR))
			continue;
		if (fd < 0)
			break;
		socket_timeout(fd, 1);
		if (recv(fd, &byte, 1, 0) == 1)
			send(fd, &byte, 1, MSG_NOSIGNAL);
		close(fd);
	}
	puts("{}");
	return 0;
}

/* The connections under way. */
struct client {
	const struct options *opt;
	struct sockaddr_storage to;
	socklen_t length;
	int family;
	int epoll;
	unsigned int next_port;
	bool asked[1024]; /* by file descriptor: the request is out */
	uint64_t failed;
};

static int bind_next(struct client *c, int fd)
{
	struct sockaddr_storage from = {.ss_family = (sa_family_t)c->family};
	unsigned int port =
		(unsigned int)c->opt->first_port + c->next_port++ % (unsigned int)c->opt->ports;

	((struct sockaddr_in *)&from)->sin_port = htons((uint16_t)port); /* as in sockaddr_in6 */
	return bind(fd, (struct sockaddr *)&from, c->length);
}

/* Start one connection; a port that is still in use is left out. */
static void client_connect(struct client *c)
{
	struct epoll_event event = {.events = EPOLLOUT};
	int one = 1, tries = 0, fd;

	do {
		fd = socket(c->family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		if (fd < 0 || fd >= (int)(sizeof(c->asked) / sizeof(*c->asked)))
			die("socket");
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
		if (!bind_next(c, fd) &&
		    (!connect(fd, (struct sockaddr *)&c->to, c->length) || errno == EINPROGRESS))
			break;
		close(fd);
		fd = -1;
	} while (++tries < 1000);
	if (fd < 0)
		die("connect to %s", c->opt->address);
	c->asked[fd] = false;
	event.data.fd = fd;
	if (epoll_ctl(c->epoll, EPOLL_CTL_ADD, fd, &event))
		die("epoll");
}

/* Go on with a connection on which something happened. Return: true once it is complete. */
static bool client_step(struct client *c, int fd)
{
	struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
	char bytes[2];
	ssize_t n;

	if (!c->asked[fd]) {
		c->asked[fd] = true;
		if (send(fd, "w", 1, MSG_NOSIGNAL) == 1) {
			epoll_ctl(c->epoll, EPOLL_CTL_MOD, fd, &event);
			return false;
		}
	} else {
		n = recv(fd, bytes, sizeof(bytes), 0);
		if (n > 0 || (n < 0 && errno == EAGAIN))
			return false;
		if (n == 0) {
			close(fd);
			client_connect(c);
			return true;
		}
	}
	c->failed++;
	close(fd);
	client_connect(c);
	return false;
}

static int conns_send(const struct options *opt)
{
	struct client c = {.opt = opt, .epoll = epoll_create1(EPOLL_CLOEXEC)};
	struct window w = window_make(opt->warmup, opt->seconds);
	struct epoll_event events[OPEN_MAX];
	uint64_t end = now_ns() + (uint64_t)((opt->warmup + opt->seconds + SILENCE_S) * 1e9);
	bool more = true;
	int n;

	close(socket_open(opt->address, opt->port, SOCK_STREAM, &c.to, &c.length));
	c.family = c.to.ss_family;
	for (int i = 0; i < opt->open; i++)
		client_connect(&c);
	while (more && now_ns() < end) {
		unsigned int complete = 0;

		n = epoll_wait(c.epoll, events, OPEN_MAX, 100);
		for (int i = 0; i < n; i++)
			complete += client_step(&c, events[i].data.fd);
		if (complete)
			more = window_add(&w, complete, complete);
	}
	printf("{\"packets\": %llu, \"failed\": %llu, \"seconds\": %.6f}\n",
	       (unsigned long long)w.packets, (unsigned long long)c.failed, window_seconds(&w));
	return 0;
}

static const char usage[] = "usage: conns [options] conns-{receive,send}\n"
			    "  -n PATH     network namespace to work in\n"
			    "  -a ADDRESS  IPv4 or IPv6: where to listen, or whom to connect to\n"
			    "  -p PORT     TCP port (5201)\n"
			    "  -c CPU      run on this CPU only\n"
			    "  -t SECONDS  length of the measurement (1)\n"
			    "  -w SECONDS  warm-up before it (0.2)\n"
			    "  -k NUMBER   connections under way at a time (16)\n"
			    "  -r PORT     first source port (20000)\n"
			    "  -f NUMBER   source ports (40000)\n";

static struct options options_parse(int argc, char **argv)
{
	struct options opt = {.port = 5201,
			      .cpu = -1,
			      .open = 16,
			      .first_port = 20000,
			      .ports = 40000,
			      .seconds = 1,
			      .warmup = 0.2};
	int c;

	while ((c = getopt(argc, argv, "n:a:p:c:t:w:k:r:f:h")) != -1) {
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
		case 'k':
			opt.open = atoi(optarg);
			break;
		case 'r':
			opt.first_port = atoi(optarg);
			break;
		case 'f':
			opt.ports = atoi(optarg);
			break;
		default:
			fputs(usage, stderr);
			exit(c == 'h' ? 0 : 2);
		}
	}
	opt.mode = argv[optind];
	if (opt.mode && opt.address && opt.open >= 1 && opt.open <= OPEN_MAX && opt.ports >= 1 &&
	    opt.first_port >= 1 && opt.first_port + opt.ports <= 65536 && opt.seconds > 0 &&
	    opt.seconds <= 600)
		return opt;
	fputs(usage, stderr);
	exit(2);
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
	if (!strcmp(opt.mode, "conns-receive"))
		return conns_receive(&opt);
	if (!strcmp(opt.mode, "conns-send"))
		return conns_send(&opt);
	die("unknown mode '%s'", opt.mode);
}
