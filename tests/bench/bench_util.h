/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * What the bench's tools (traffic.c, flows.c, conns.c, progrun.c, floorctl.c) share: dying with a
 * message, namespaces, pinning, sockets, the measuring window, and the summary of a sample. Header
 * only, so that each tool stays one source file. Needs -D_GNU_SOURCE, as all of the project is
 * built.
 */
#ifndef BENCH_UTIL_H
#define BENCH_UTIL_H

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define SILENCE_S 3 /* a receiver that hears nothing for this long gives up */

/* Print the message, and the errno if there is one, and exit with status 1: a tool of the bench has
 * nothing to recover. */
__attribute__((noreturn, format(printf, 1, 2))) static inline void die(const char *format, ...)
{
	int saved = errno;
	va_list args;

	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fprintf(stderr, saved ? ": %s\n" : "\n", strerror(saved));
	exit(1);
}

static inline uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

/* A bench that is killed takes its tools with it. The second look catches a parent that died before
 * the request. */
static inline void die_with_parent(void)
{
	pid_t parent = getppid();

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		exit(1);
}

static inline void pin_to_cpu(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		die("pin to CPU %d", cpu);
}

/* Change the network namespace only: the mounts stay, so bpffs stays in view. */
static inline void enter_netns(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || setns(fd, CLONE_NEWNET))
		die("enter network namespace %s", path);
	close(fd);
}

static inline int socket_open(const char *address, int port, int type, struct sockaddr_storage *to,
			      socklen_t *length)
{
	struct addrinfo hints = {.ai_socktype = type, .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV};
	struct addrinfo *found;
	char service[8];
	int fd, one = 1;

	snprintf(service, sizeof(service), "%d", port & 0xffff);
	errno = 0;
	if (getaddrinfo(address, service, &hints, &found))
		die("'%s' is not an address", address);
	memcpy(to, found->ai_addr, found->ai_addrlen);
	*length = found->ai_addrlen;
	fd = socket(found->ai_family, type | SOCK_CLOEXEC, 0);
	if (fd < 0)
		die("socket");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	freeaddrinfo(found);
	return fd;
}

static inline void socket_timeout(int fd, int seconds)
{
	struct timeval tv = {.tv_sec = seconds};

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv));
}

static inline int socket_bound(const char *address, int port, int type)
{
	struct sockaddr_storage to;
	socklen_t length;
	int fd = socket_open(address, port, type, &to, &length);

	if (bind(fd, (struct sockaddr *)&to, length) || (type == SOCK_STREAM && listen(fd, 64)))
		die("listen on %s port %d", address, port);
	return fd;
}

static inline int socket_connected(const char *address, int port, int type)
{
	struct sockaddr_storage to;
	socklen_t length;
	int fd = socket_open(address, port, type, &to, &length);

	socket_timeout(fd, 3); /* connect() heeds it too */
	if (connect(fd, (struct sockaddr *)&to, length))
		die("connect to %s port %d", address, port);
	return fd;
}

/* Room for what arrives while the receiver is away from the CPU; beyond net.core.rmem_max, as root
 * may. */
static inline void socket_roomy(int fd)
{
	int size = 4 << 20;

	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
}

static inline void say_ready(void)
{
	puts("ready");
	fflush(stdout);
}

/* The measuring window: opens @warm_ns after the first data, closes @length_ns later. */
struct window {
	uint64_t warm_ns, length_ns; /* durations */
	uint64_t first, open, last;  /* CLOCK_MONOTONIC; 0 = not yet */
	uint64_t packets, bytes;
};

static inline struct window window_make(double warmup, double seconds)
{
	return (struct window){
		.warm_ns = (uint64_t)(warmup * 1e9),
		.length_ns = (uint64_t)(seconds * 1e9),
	};
}

/* Count a batch that has just arrived. Return: false once the window is closed. */
static inline bool window_add(struct window *w, unsigned int packets, uint64_t bytes)
{
	uint64_t now = now_ns();

	if (!w->first)
		w->first = now;
	if (!w->open) {
		if (now - w->first >= w->warm_ns)
			w->open = w->last = now;
		return true;
	}
	w->packets += packets;
	w->bytes += bytes;
	w->last = now;
	return now - w->open < w->length_ns;
}

static inline double window_seconds(const struct window *w)
{
	return (double)(w->last - w->open) / 1e9;
}

static inline void window_print(const struct window *w)
{
	printf("{\"packets\": %llu, \"bytes\": %llu, \"seconds\": %.6f}\n",
	       (unsigned long long)w->packets, (unsigned long long)w->bytes, window_seconds(w));
}

/* @length bytes written as hex digits. */
static inline void hex_parse(const char *hex, uint8_t *out, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (sscanf(hex + 2 * i, "%2hhx", &out[i]) != 1)
			die("packet: not hex at '%.2s'", hex + 2 * i);
}

static inline int compare_u32(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

/**
 * summary_print - the order statistics of a sample, as a JSON object on stdout.
 * @values: sorted in place.
 * @count: 0 prints null.
 *
 * "mean" leaves out the slowest hundredth (interrupts, a neighbour's turn on the CPU). It has what
 * percentiles lack where the clock ticks in steps of several ns: a finer resolution than the
 * clock's.
 */
static inline void summary_print(uint32_t *values, size_t count)
{
	size_t kept = count * 99 / 100;
	double sum = 0;

	if (!kept) {
		printf("null");
		return;
	}
	qsort(values, count, sizeof(*values), compare_u32);
	for (size_t i = 0; i < kept; i++)
		sum += values[i];
	printf("{\"count\": %zu, \"min\": %u, \"p50\": %u, \"p90\": %u, \"p99\": %u, \"mean\": "
	       "%.1f}",
	       count, values[0], values[count / 2], values[count * 90 / 100], values[kept],
	       sum / (double)kept);
}

#endif
