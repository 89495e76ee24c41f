/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * A virtual machine's share of a tap, without the machine: makes a tap in each of two network
 * namespaces and copies frames between them, so that a workload's kernel sits behind the host's
 *tap.
 *
 *	tapwire plain|offload NETNS TAP NETNS TAP
 *
 * plain: frames as on a wire, so that the kernel segments and fills in checksums before the tap.
 * offload: with virtio-net headers and TSO, as QEMU uses a tap; large packets cross it whole.
 * Prints "ready" when both are there, and runs until it is killed or a namespace goes.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define FRAME_MAX        (1 << 17) /* a GSO packet and its headers */
#define LIFETIME_SECONDS 300

static int fail(const char *what)
{
	fprintf(stderr, "tapwire: %s: %s\n", what, strerror(errno));
	return -1;
}

static int open_tap(const char *netns, const char *name, bool offload)
{
	struct ifreq ifr = {.ifr_flags = IFF_TAP | IFF_NO_PI | (offload ? IFF_VNET_HDR : 0)};
	int ns = open(netns, O_RDONLY | O_CLOEXEC), fd;

	if (ns < 0 || setns(ns, CLONE_NEWNET))
		return fail(netns);
	close(ns);
	fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return fail("/dev/net/tun");
	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", name);
	if (ioctl(fd, TUNSETIFF, &ifr))
		return fail(name);
	if (offload && ioctl(fd, TUNSETOFFLOAD, TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6))
		return fail("TUNSETOFFLOAD");
	return fd;
}

/* A frame that the other end cannot take (it is down) is lost, as on a wire. Return: -1 at the end.
 */
static int copy(int from, int to)
{
	static char frame[FRAME_MAX];
	ssize_t len;

	while ((len = read(from, frame, sizeof(frame))) > 0) {
		if (write(to, frame, len) < 0 && errno == EBADFD)
			return -1;
	}
	return len < 0 && errno != EAGAIN ? -1 : 0;
}

int main(int argc, char **argv)
{
	struct pollfd p[2];
	bool offload;
	int i;

	if (argc != 6 || (strcmp(argv[1], "plain") && strcmp(argv[1], "offload"))) {
		fprintf(stderr, "usage: tapwire plain|offload NETNS TAP NETNS TAP\n");
		return 2;
	}
	alarm(LIFETIME_SECONDS);
	offload = !strcmp(argv[1], "offload");
	for (i = 0; i < 2; i++) {
		p[i].fd = open_tap(argv[2 + 2 * i], argv[3 + 2 * i], offload);
		p[i].events = POLLIN;
		if (p[i].fd < 0)
			return 1;
	}
	puts("ready");
	fflush(stdout);
	while (poll(p, 2, -1) > 0 || errno == EINTR) {
		for (i = 0; i < 2; i++) {
			if (p[i].revents && copy(p[i].fd, p[!i].fd))
				return 0;
		}
	}
	return 0;
}
