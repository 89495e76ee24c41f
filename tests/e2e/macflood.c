/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Frames from many MAC addresses, as fast as they go: what a switch's table is attacked with. Used
 *by test_learning.py.
 *
 *	macflood INTERFACE COUNT DESTINATION    from 02:ff:00:00:00:00 on, each address once
 */
#include <arpa/inet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/ether.h>
#include <netpacket/packet.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define BATCH     64
#define FRAME_LEN 60
#define ETH_TEST  0x88b5 /* IEEE 802 local experimental */

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static int open_on(const char *interface)
{
	struct sockaddr_ll at = {.sll_family = AF_PACKET, .sll_ifindex = if_nametoindex(interface)};
	int fd = socket(AF_PACKET, SOCK_RAW, 0); /* receives nothing */

	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)))
		die(interface);
	return fd;
}

static void fill(struct ether_header *frame, const struct ether_addr *to, uint32_t number)
{
	memcpy(frame->ether_dhost, to, sizeof(*to));
	frame->ether_shost[0] = 0x02;
	frame->ether_shost[1] = 0xff;
	number = htonl(number);
	memcpy(frame->ether_shost + 2, &number, sizeof(number));
	frame->ether_type = htons(ETH_TEST);
}

int main(int argc, char **argv)
{
	static uint8_t frames[BATCH][FRAME_LEN];
	static struct iovec vectors[BATCH];
	static struct mmsghdr messages[BATCH];
	const struct ether_addr *to;
	uint32_t sent = 0, count, n;
	int fd, done;

	if (argc != 4 || !(to = ether_aton(argv[3]))) {
		fputs("usage: macflood INTERFACE COUNT DESTINATION\n", stderr);
		return 2;
	}
	count = strtoul(argv[2], NULL, 10);
	fd = open_on(argv[1]);
	for (int i = 0; i < BATCH; i++) {
		vectors[i] = (struct iovec){frames[i], FRAME_LEN};
		messages[i].msg_hdr = (struct msghdr){.msg_iov = &vectors[i], .msg_iovlen = 1};
	}
	while (sent < count) {
		n = count - sent < BATCH ? count - sent : BATCH;
		for (uint32_t i = 0; i < n; i++)
			fill((struct ether_header *)frames[i], to, sent + i);
		done = sendmmsg(fd, messages, n, 0);
		if (done < 0)
			die("sendmmsg");
		sent += done;
	}
	printf("%u\n", sent);
	return 0;
}
