/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Numbered UDP datagrams, and a receiver that names every one that is missing: what "0 lost" is
 * measured with, since rates hide gaps. Used by traffic.py.
 *
 *	seq send ADDRESS PORT RATE SIZE [FROM]  RATE datagrams a second, until SIGTERM; from port
 *FROM seq recv PORT [ADDRESS FROM]            until SIGTERM, then what is queued
 *
 * With ADDRESS and FROM the receiver speaks first, once, to who is going to send: so that the
 * datagrams are answers.
 *
 * The receiver prints "ready" once it listens. Each prints one JSON object at its end; loss in the
 * receiver's own socket buffer is told apart ("overflow").
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define SEQ_MAGIC        0x7765667473657131ULL
#define SEQ_MAX          (1u << 24) /* datagrams of one run */
#define SIZE_MAX_UDP     65000
#define CATCH_UP         16 /* datagrams sent at once after a stall; more would overrun a veth's ring */
#define SOCKET_BUFFER    (4 << 20)
#define LIFETIME_SECONDS 300 /* nobody waits for this process longer than that */

struct datagram {
	uint64_t magic;
	uint64_t seq;
	uint64_t sent_ns; /* CLOCK_MONOTONIC */
};

struct received {
	uint8_t *seen;
	uint64_t n, next, duplicates, reordered, foreign;
	uint64_t latency_max_ns;
	uint32_t overflow;
};

static volatile sig_atomic_t stop;

static void on_signal(int signal)
{
	(void)signal;
	stop = 1;
}

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

static void sleep_until(uint64_t ns)
{
	struct timespec ts = {.tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000};

	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL);
}

static int connect_to(const char *address, const char *port, struct sockaddr_storage *to,
		      socklen_t *len)
{
	struct addrinfo hints = {.ai_socktype = SOCK_DGRAM, .ai_flags = AI_NUMERICHOST};
	struct addrinfo *info;
	int fd;

	if (getaddrinfo(address, port, &hints, &info)) {
		fprintf(stderr, "seq: %s port %s is no address\n", address, port);
		exit(2);
	}
	fd = socket(info->ai_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		die("socket");
	memcpy(to, info->ai_addr, info->ai_addrlen);
	*len = info->ai_addrlen;
	freeaddrinfo(info);
	return fd;
}

static int listen_on(const char *port)
{
	struct sockaddr_in6 any = {.sin6_family = AF_INET6, .sin6_port = htons(atoi(port))};
	int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int on = 1, size = SOCKET_BUFFER;

	if (fd < 0 || bind(fd, (void *)&any, sizeof(any)))
		die("bind");
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) ||
	    setsockopt(fd, SOL_SOCKET, SO_RXQ_OVFL, &on, sizeof(on)))
		die("setsockopt");
	return fd;
}

static void bind_to(int fd, int family, const char *port)
{
	struct sockaddr_in any4 = {.sin_family = AF_INET, .sin_port = htons(atoi(port))};
	struct sockaddr_in6 any6 = {.sin6_family = AF_INET6, .sin6_port = htons(atoi(port))};

	if (family == AF_INET ? bind(fd, (void *)&any4, sizeof(any4))
			      : bind(fd, (void *)&any6, sizeof(any6)))
		die("bind");
}

/* Unconnected, so that an ICMP error about one datagram is not reported in place of the next. */
static int send_all(const char *address, const char *port, long rate, size_t size, const char *from)
{
	static uint8_t payload[SIZE_MAX_UDP];
	struct datagram *d = (void *)payload;
	uint64_t interval = 1000000000ULL / rate, due, stall = 0, errors = 0, now;
	struct sockaddr_storage to;
	socklen_t len;
	int fd = connect_to(address, port, &to, &len);

	if (from)
		bind_to(fd, to.ss_family, from);
	d->magic = SEQ_MAGIC;
	for (due = now_ns(); !stop && d->seq < SEQ_MAX; due += interval) {
		sleep_until(due);
		now = now_ns();
		if (now - due > stall)
			stall = now - due;
		if (now - due > CATCH_UP * interval) /* late: send later rather than in a burst */
			due = now - CATCH_UP * interval;
		d->sent_ns = now;
		if (sendto(fd, payload, size, 0, (void *)&to, len) == (ssize_t)size)
			d->seq++;
		else
			errors++;
	}
	printf("{\"sent\": %llu, \"errors\": %llu, \"stall_max_us\": %llu}\n",
	       (unsigned long long)d->seq, (unsigned long long)errors,
	       (unsigned long long)stall / 1000);
	return 0;
}

static void note(struct received *r, const struct datagram *d, ssize_t len)
{
	uint64_t latency = now_ns() - d->sent_ns;

	if (len < (ssize_t)sizeof(*d) || d->magic != SEQ_MAGIC || d->seq >= SEQ_MAX) {
		r->foreign++;
		return;
	}
	if (r->seen[d->seq]) {
		r->duplicates++;
		return;
	}
	r->seen[d->seq] = 1;
	r->n++;
	if (d->seq < r->next)
		r->reordered++;
	else
		r->next = d->seq + 1;
	if (latency > r->latency_max_ns)
		r->latency_max_ns = latency;
}

/* Return: false if nothing is queued. */
static bool receive_one(int fd, struct received *r)
{
	static uint8_t payload[SIZE_MAX_UDP];
	uint8_t control[CMSG_SPACE(sizeof(uint32_t))];
	struct iovec iov = {.iov_base = payload, .iov_len = sizeof(payload)};
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	ssize_t len = recvmsg(fd, &msg, MSG_DONTWAIT);
	struct cmsghdr *c;

	if (len < 0)
		return false;
	for (c = CMSG_FIRSTHDR(&msg); c; c = CMSG_NXTHDR(&msg, c)) {
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SO_RXQ_OVFL)
			memcpy(&r->overflow, CMSG_DATA(c), sizeof(r->overflow));
	}
	note(r, (void *)payload, len);
	return true;
}

static void print_received(const struct received *r)
{
	const char *comma = "";
	uint64_t i, first;

	printf("{\"received\": %llu, \"next\": %llu, \"gaps\": [", (unsigned long long)r->n,
	       (unsigned long long)r->next);
	for (i = 0; i < r->next; i++) {
		if (r->seen[i])
			continue;
		for (first = i; !r->seen[i + 1]; i++)
			;
		printf("%s[%llu, %llu]", comma, (unsigned long long)first, (unsigned long long)i);
		comma = ", ";
	}
	printf("], \"duplicates\": %llu, \"reordered\": %llu, \"foreign\": %llu, \"overflow\": %u, "
	       "\"latency_max_us\": %llu}\n",
	       (unsigned long long)r->duplicates, (unsigned long long)r->reordered,
	       (unsigned long long)r->foreign, r->overflow,
	       (unsigned long long)r->latency_max_ns / 1000);
}

/* From the socket that listens. IPv4 addresses are IPv4-mapped there. */
static void speak_first(int fd, const char *address, const char *port)
{
	char mapped[64];
	struct sockaddr_storage to;
	socklen_t len;

	snprintf(mapped, sizeof(mapped), "%s%s", strchr(address, ':') ? "" : "::ffff:", address);
	close(connect_to(mapped, port, &to, &len));
	if (sendto(fd, "hello", 5, 0, (void *)&to, len) != 5)
		die("sendto");
}

static int receive_all(const char *port, const char *address, const char *from)
{
	struct received r = {.seen = calloc(SEQ_MAX + 1, 1)};
	struct pollfd p = {.fd = listen_on(port), .events = POLLIN};

	if (!r.seen)
		die("calloc");
	if (address)
		speak_first(p.fd, address, from);
	puts("ready");
	fflush(stdout);
	while (!stop) {
		poll(&p, 1, 100);
		while (receive_one(p.fd, &r))
			;
	}
	print_received(&r);
	free(r.seen);
	return 0;
}

int main(int argc, char **argv)
{
	struct sigaction sa = {.sa_handler = on_signal};
	long rate, size;

	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGINT, &sa, NULL);
	alarm(LIFETIME_SECONDS);
	if ((argc == 3 || argc == 5) && !strcmp(argv[1], "recv"))
		return receive_all(argv[2], argv[3], argc == 5 ? argv[4] : NULL);
	if ((argc == 6 || argc == 7) && !strcmp(argv[1], "send")) {
		rate = atol(argv[4]);
		size = atol(argv[5]);
		if (rate > 0 && size >= (long)sizeof(struct datagram) && size <= SIZE_MAX_UDP)
			return send_all(argv[2], argv[3], rate, size, argv[6]);
	}
	fprintf(stderr,
		"usage: seq send ADDRESS PORT RATE SIZE [FROM] | seq recv PORT [ADDRESS FROM]\n");
	return 2;
}
