/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* A test of sending in a tunnel; see offload_tx.h. offload_tx_packet.c knows the packets. */
#include "offload_tx.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <bpf/libbpf.h>

#include "clock.h"
#include "datapath_probe.h"
#include "offload_tx_packet.h"
#include "util.h"

#define TAP_NAME    "weft-test%d"
#define PATIENCE_MS 100 /* for a packet to get to the driver; a queue may hold it up */
#define FRAME_MAX   (1 << 16)

/** struct bench - a tap, the program behind it, and who watches the interface. */
struct bench {
	struct weft_probe *programs;
	int tap;
	int watcher;
	__u8 mac[ETH_ALEN];
	__u16 vxlan_port;
};

static void bench_clear(struct bench *b)
{
	closep(&b->watcher);
	probe_free(b->programs);
	closep(&b->tap); /* the tap goes, and all that is attached there */
}

static int open_watcher(__u32 ifindex)
{
	const struct sockaddr_ll address = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_ALL),
		.sll_ifindex = (int)ifindex,
	};
	_cleanup_close_ int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int one = 1;

	if (fd < 0 || setsockopt(fd, SOL_PACKET, PACKET_VNET_HDR, &one, sizeof(one)) ||
	    bind(fd, (const struct sockaddr *)&address, sizeof(address)))
		return -errno;
	return TAKE_FD(fd);
}

/* Up, or nothing can be written to it. */
static int raise(struct ifreq *ifr)
{
	_cleanup_close_ int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	ifr->ifr_flags = IFF_UP;
	return ioctl(fd, SIOCSIFFLAGS, ifr) ? -errno : 0;
}

/* Return: the tap's index. */
static int open_tap(struct bench *b)
{
	struct ifreq ifr = {.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR, .ifr_name = TAP_NAME};
	int err;

	b->tap = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);
	if (b->tap < 0 || ioctl(b->tap, TUNSETIFF, &ifr))
		return -errno;
	err = raise(&ifr);
	return err ? err : (int)if_nametoindex(ifr.ifr_name);
}

/* A filter on a clsact qdisc: every kernel has those, and both go with the tap. */
static int attach(int prog, int tap)
{
	LIBBPF_OPTS(bpf_tc_opts, opts, .prog_fd = prog);
	struct bpf_tc_hook hook;
	int err;

	memset(&hook, 0, sizeof(hook)); /* libbpf refuses padding that is not zero */
	hook.sz = sizeof(hook);
	hook.ifindex = tap;
	hook.attach_point = BPF_TC_INGRESS;
	err = bpf_tc_hook_create(&hook);
	return err ? err : bpf_tc_attach(&hook, &opts);
}

static int read_mac(const char *interface, __u8 mac[static ETH_ALEN])
{
	_cleanup_close_ int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq ifr = {};

	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", interface);
	if (fd < 0 || ioctl(fd, SIOCGIFHWADDR, &ifr))
		return -errno;
	memcpy(mac, ifr.ifr_hwaddr.sa_data, ETH_ALEN);
	return 0;
}

static int set_up(struct bench *b, const struct iface *iface)
{
	int tap, prog, err = read_mac(iface->name, b->mac);

	if (err)
		return err;
	b->watcher = open_watcher(iface->ifindex);
	if (b->watcher < 0)
		return b->watcher;
	tap = open_tap(b);
	if (tap <= 0)
		return tap ?: -ENODEV;
	err = probe_load_send(iface->ifindex, &b->programs, &prog);
	return err ? err : attach(prog, tap);
}

/* Takes what is there. What comes in may be the other end's test. */
static void look(const struct bench *b, struct tx_sight *sight)
{
	static __u8 frame[FRAME_MAX];
	struct sockaddr_ll from = {};
	socklen_t size = sizeof(from);
	ssize_t len =
		recvfrom(b->watcher, frame, sizeof(frame), 0, (struct sockaddr *)&from, &size);

	if (len > 0 && from.sll_pkttype == PACKET_OUTGOING)
		tx_see(sight, frame, len);
}

/* Until all of the packet has been seen, or it is too late. */
static void watch(const struct bench *b, struct tx_sight *sight)
{
	const double end = clock_ms() + PATIENCE_MS;
	struct pollfd ready = {.fd = b->watcher, .events = POLLIN};

	while (!tx_seen_all(sight) && clock_ms() < end) {
		if (poll(&ready, 1, (int)(end - clock_ms()) + 1) > 0)
			look(b, sight);
	}
}

static enum tx_result send_one(const struct bench *b, bool gso)
{
	struct tx_packet packet = tx_packet_make(b->mac, b->vxlan_port, gso);
	struct tx_sight sight = {.gso = gso};

	probe_set_header(b->programs, packet.header);
	if (write(b->tap, packet.frame, packet.len) != (ssize_t)packet.len)
		return TX_UNTESTED;
	watch(b, &sight);
	return tx_judge(&sight);
}

struct tx_report offload_tx(const struct iface *iface, __u16 vxlan_port)
{
	_cleanup_(bench_clear) struct bench b = {
		.tap = -1, .watcher = -1, .vxlan_port = vxlan_port};
	struct tx_report report = {};

	if (set_up(&b, iface))
		return report;
	report.plain = send_one(&b, false);
	if (report.plain == TX_LOST || report.plain == TX_UNTESTED) /* nothing leaves, GSO or not */
		return (struct tx_report){};
	report.gso = send_one(&b, true);
	return report;
}
