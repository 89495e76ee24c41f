/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * A host with VLAN interfaces, on a kernel that has none: copies frames between one interface,
 *where they are tagged, and a tap for each tag, where they are not.
 *
 *	vlanwire NETNS INTERFACE TAGS NETNS TAP [TAGS NETNS TAP]...
 *
 * TAGS: "10" 802.1Q; "300." 802.1ad; "300.20" both; "-" none. INTERFACE is made, as a tap, if it is
 * not there; else a packet socket is opened on it. Frames with other tags are lost. Offloads that
 * are pending (segments, checksums) stay pending. Prints "ready" when all are there, and runs until
 * it is killed or a namespace goes.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <linux/virtio_net.h>
#include <poll.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define FRAME_MAX        (1 << 17) /* a GSO packet and its headers */
#define MEMBERS_MAX      16
#define LIFETIME_SECONDS 300
#define MACS_LEN         12
#define HDR_LEN          ((ssize_t)sizeof(struct virtio_net_hdr))

/* struct member - a tap; its frames have these bytes behind their MAC addresses on the trunk. */
struct member {
	int fd;
	uint8_t tags[8];
	size_t len;
};

static int fail(const char *what)
{
	fprintf(stderr, "vlanwire: %s: %s\n", what, strerror(errno));
	return -1;
}

static int enter(const char *netns)
{
	int ns = open(netns, O_RDONLY | O_CLOEXEC), err;

	if (ns < 0)
		return fail(netns);
	err = setns(ns, CLONE_NEWNET);
	close(ns);
	return err ? fail(netns) : 0;
}

static int open_tap(const char *name)
{
	struct ifreq ifr = {.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR};
	int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return fail("/dev/net/tun");
	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", name);
	if (ioctl(fd, TUNSETIFF, &ifr) ||
	    ioctl(fd, TUNSETOFFLOAD, TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6))
		return fail(name);
	return fd;
}

static int open_packets(const char *name, int ifindex)
{
	struct sockaddr_ll at = {
		.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL), .sll_ifindex = ifindex};
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), one = 1;

	if (fd < 0 || setsockopt(fd, SOL_PACKET, PACKET_AUXDATA, &one, sizeof(one)) ||
	    setsockopt(fd, SOL_PACKET, PACKET_VNET_HDR, &one, sizeof(one)) ||
	    setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one, sizeof(one)) ||
	    bind(fd, (struct sockaddr *)&at, sizeof(at)))
		return fail(name);
	return fd;
}

/* Return: a descriptor; @is_socket: of a packet socket. */
static int open_trunk(const char *name, bool *is_socket)
{
	struct ifreq ifr = {};
	int probe = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", name);
	*is_socket = probe >= 0 && !ioctl(probe, SIOCGIFINDEX, &ifr);
	close(probe);
	return *is_socket ? open_packets(name, ifr.ifr_ifindex) : open_tap(name);
}

static void add_tag(struct member *m, uint16_t proto, unsigned long vid)
{
	const uint16_t tag[] = {htons(proto), htons(vid)};

	memcpy(m->tags + m->len, tag, sizeof(tag));
	m->len += sizeof(tag);
}

static void parse_tags(struct member *m, const char *text)
{
	char *end;
	unsigned long vid = strtoul(text, &end, 10);

	if (*end == '.') {
		add_tag(m, ETH_P_8021AD, vid);
		vid = strtoul(end + 1, NULL, 10);
	}
	if (vid)
		add_tag(m, ETH_P_8021Q, vid);
}

/* Bytes come in between, or go, behind the MAC addresses. */
static void move_offloads(struct virtio_net_hdr *hdr, int by)
{
	if (hdr->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM)
		hdr->csum_start += by;
	if (hdr->gso_type)
		hdr->hdr_len += by;
}

/* The kernel hands over a packet socket's outermost tag beside the frame. @buf: header and frame.
 */
static ssize_t read_packet(int fd, uint8_t *buf, size_t size)
{
	char control[CMSG_SPACE(sizeof(struct tpacket_auxdata))];
	struct iovec iov = {buf, size - 4};
	struct msghdr msg = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = control,
			     .msg_controllen = sizeof(control)};
	ssize_t len = recvmsg(fd, &msg, 0), at = HDR_LEN + MACS_LEN;
	struct cmsghdr *c = len > at ? CMSG_FIRSTHDR(&msg) : NULL;
	struct tpacket_auxdata aux;
	uint16_t tag[2];

	if (!c || c->cmsg_type != PACKET_AUXDATA)
		return len;
	memcpy(&aux, CMSG_DATA(c), sizeof(aux));
	if (!(aux.tp_status & TP_STATUS_VLAN_VALID))
		return len;
	tag[0] = htons(aux.tp_vlan_tpid);
	tag[1] = htons(aux.tp_vlan_tci);
	memmove(buf + at + 4, buf + at, len - at);
	memcpy(buf + at, tag, sizeof(tag));
	move_offloads((struct virtio_net_hdr *)buf, 4);
	return len + 4;
}

static bool is_tag(const uint8_t *frame)
{
	uint16_t proto = frame[0] << 8 | frame[1];

	return proto == ETH_P_8021Q || proto == ETH_P_8021AD;
}

/* Priorities don't count. */
static bool same_tag(const uint8_t *a, const uint8_t *b)
{
	return a[0] == b[0] && a[1] == b[1] && (a[2] & 0x0f) == (b[2] & 0x0f) && a[3] == b[3];
}

static bool belongs(const struct member *m, const uint8_t *frame, ssize_t len)
{
	if (len < MACS_LEN + (ssize_t)m->len + 2)
		return false;
	for (size_t i = 0; i < m->len; i += 4) {
		if (!same_tag(frame + MACS_LEN + i, m->tags + i))
			return false;
	}
	return !is_tag(frame + MACS_LEN + m->len);
}

/* Return: -1 at the end. A frame that the other end cannot take is lost, as on a wire. */
static int from_trunk(int fd, bool is_socket, const struct member *members, int n)
{
	static uint8_t buf[FRAME_MAX];
	ssize_t len;

	while ((len = is_socket ? read_packet(fd, buf, sizeof(buf)) : read(fd, buf, sizeof(buf))) >
	       0) {
		for (int i = 0; i < n; i++) {
			const struct member *m = &members[i];

			if (!belongs(m, buf + HDR_LEN, len - HDR_LEN))
				continue;
			move_offloads((struct virtio_net_hdr *)buf, -(int)m->len);
			memmove(buf + m->len, buf, HDR_LEN + MACS_LEN);
			if (write(m->fd, buf + m->len, len - m->len) < 0 && errno == EBADFD)
				return -1;
			break;
		}
	}
	return len < 0 && errno != EAGAIN && errno != ENETDOWN ? -1 : 0;
}

static int to_trunk(const struct member *m, int fd)
{
	static uint8_t buf[FRAME_MAX];
	ssize_t len;

	while ((len = read(m->fd, buf + m->len, sizeof(buf) - m->len)) > 0) {
		memmove(buf, buf + m->len, HDR_LEN + MACS_LEN);
		memcpy(buf + HDR_LEN + MACS_LEN, m->tags, m->len);
		move_offloads((struct virtio_net_hdr *)buf, m->len);
		if (write(fd, buf, len + m->len) < 0 && errno == EBADFD)
			return -1;
	}
	return len < 0 && errno != EAGAIN ? -1 : 0;
}

static int run(int trunk, bool is_socket, const struct member *members, int n)
{
	struct pollfd p[MEMBERS_MAX + 1] = {{.fd = trunk, .events = POLLIN}};

	for (int i = 0; i < n; i++)
		p[i + 1] = (struct pollfd){.fd = members[i].fd, .events = POLLIN};
	puts("ready");
	fflush(stdout);
	while (poll(p, n + 1, -1) > 0 || errno == EINTR) {
		if (p[0].revents && from_trunk(trunk, is_socket, members, n))
			return 0;
		for (int i = 0; i < n; i++) {
			if (p[i + 1].revents && to_trunk(&members[i], trunk))
				return 0;
		}
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct member members[MEMBERS_MAX] = {};
	bool is_socket;
	int trunk, n = 0;

	if (argc < 6 || argc % 3 || argc / 3 - 1 > MEMBERS_MAX) {
		fprintf(stderr,
			"usage: vlanwire NETNS INTERFACE TAGS NETNS TAP [TAGS NETNS TAP]...\n");
		return 2;
	}
	alarm(LIFETIME_SECONDS);
	if (enter(argv[1]))
		return 1;
	trunk = open_trunk(argv[2], &is_socket);
	if (trunk < 0)
		return 1;
	for (int i = 3; i < argc; i += 3) {
		parse_tags(&members[n], argv[i]);
		if (enter(argv[i + 1]))
			return 1;
		members[n].fd = open_tap(argv[i + 2]);
		if (members[n++].fd < 0)
			return 1;
	}
	return run(trunk, is_socket, members, n);
}
