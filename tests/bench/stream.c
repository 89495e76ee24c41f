/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * stream - numbered datagrams at a steady pace, and how long the slowest was on its way.
 *
 * What a change does to traffic shows in neither a rate nor a count: it is one packet that waits.
 * The receiver compares when a datagram was sent (it says so itself) with when the kernel took it
 * in (SO_TIMESTAMPNS), so that no waking up is in between. Both halves go on until SIGTERM. Started
 * by growth.py.
 */
#include <getopt.h>

#include "bench_util.h"

#define LIFETIME_S 600 /* at most */

struct datagram {
	uint64_t number;
	uint64_t sent_ns; /* CLOCK_REALTIME, as the kernel's stamps */
};

static volatile sig_atomic_t ended;

static void on_term(int number)
{
	(void)number;
	ended = 1;
}

static uint64_t realtime_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static int stream_send(const char *address, int port, int rate)
{
	int fd = socket_connected(address, port, SOCK_DGRAM);
	struct timespec pause = {.tv_nsec = 1000000000 / rate};
	struct datagram d = {};

	for (; !ended; d.number++) {
		d.sent_ns = realtime_ns();
		send(fd, &d, sizeof(d), 0);
		nanosleep(&pause, NULL);
	}
	printf("{\"sent\": %llu}\n", (unsigned long long)d.number);
	return 0;
}

/* When the kernel took the message in; 0 if it does not say. */
static uint64_t stamp_of(struct msghdr *message)
{
	struct timespec ts;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_TIMESTAMPNS)
			continue;
		memcpy(&ts, CMSG_DATA(c), sizeof(ts));
		return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
	}
	return 0;
}

static int stream_receive(const char *address, int port)
{
	int fd = socket_bound(address, port, SOCK_DGRAM), one = 1;
	struct timeval turn = {.tv_usec = 100000};
	uint64_t received = 0, first = UINT64_MAX, last = 0, slowest = 0;

	socket_roomy(fd);
	setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &one, sizeof(one));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &turn, sizeof(turn));
	say_ready();
	while (!ended) {
		char control[CMSG_SPACE(sizeof(struct timespec))];
		struct datagram d;
		struct iovec vector = {&d, sizeof(d)};
		struct msghdr message = {.msg_iov = &vector,
					 .msg_iovlen = 1,
					 .msg_control = control,
					 .msg_controllen = sizeof(control)};
		uint64_t stamp;

		if (recvmsg(fd, &message, 0) != (ssize_t)sizeof(d))
			continue;
		stamp = stamp_of(&message);
		received++;
		first = d.number < first ? d.number : first;
		last = d.number > last ? d.number : last;
		if (stamp > d.sent_ns && stamp - d.sent_ns > slowest)
			slowest = stamp - d.sent_ns;
	}
	printf("{\"received\": %llu, \"lost\": %llu, \"slowest_us\": %.1f}\n",
	       (unsigned long long)received,
	       (unsigned long long)(received ? last - first + 1 - received : 0),
	       (double)slowest / 1000);
	return 0;
}

int main(int argc, char **argv)
{
	const char *address = NULL, *netns = NULL;
	int port = 5202, rate = 1000, c;

	die_with_parent();
	signal(SIGTERM, on_term);
	alarm(LIFETIME_S);
	while ((c = getopt(argc, argv, "n:a:p:r:")) != -1) {
		if (c == 'n')
			netns = optarg;
		else if (c == 'a')
			address = optarg;
		else if (c == 'p')
			port = atoi(optarg);
		else if (c == 'r')
			rate = atoi(optarg);
		else
			address = NULL;
	}
	if (!address || rate < 2 || rate > 100000 || optind + 1 != argc) {
		fputs("usage: stream -a ADDRESS [-n NETNS] [-p PORT] [-r RATE] send|receive\n",
		      stderr);
		return 2;
	}
	if (netns)
		enter_netns(netns);
	return !strcmp(argv[optind], "send") ? stream_send(address, port, rate)
					     : stream_receive(address, port);
}
