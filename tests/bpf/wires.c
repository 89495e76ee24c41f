/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Namespaces, veths and packet sockets; see wires.h.
 *
 *     node a (this process)            workloads, and the underlay's other end
 *       pweb1, pweb2, ... ============== cweb1, cweb2, ...
 *       uplink ========================= wire
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <arpa/inet.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <linux/ethtool.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/sockios.h>
#include <linux/virtio_net.h>

#include "wires.h"

static const struct {
	const char *near, *far, *mac, *far_mac;
} names[WIRE_MAX] = {
	[WEB1] = {"pweb1", "cweb1", NULL, "02:00:00:00:01:11"},
	[WEB2] = {"pweb2", "cweb2", NULL, "02:00:00:00:01:12"},
	[WEB3] = {"pweb3", "cweb3", NULL, "02:00:00:00:01:13"},
	[DB1] = {"pdb1", "cdb1", NULL, "02:00:00:00:02:11"},
	[LONE1] = {"plone1", "clone1", NULL, "02:00:00:00:03:11"},
	[MIX1] = {"pmix1", "cmix1", NULL, "02:00:00:00:06:11"},
	[GONE1] = {"pgone1", "cgone1", NULL, "02:00:00:00:04:11"},
	[STRAY] = {"pstray", "cstray", NULL, "02:00:00:00:05:11"},
	[UPLINK] = {"uplink", "wire", "02:00:00:00:aa:01", "02:00:00:00:aa:02"},
};

static struct {
	__u32 index;
	int sock; /* at the far end */
} wires[WIRE_MAX];
static int near_sock; /* at the uplink's near end */
static struct arrival last;

/* IPv6 would speak up by itself: only where it is needed, and without detecting duplicates. */
static int quiet_ipv6(void)
{
	FILE *f = fopen("/proc/sys/net/ipv6/conf/default/disable_ipv6", "w");

	if (!f)
		return errno == ENOENT ? 0 : -errno;
	fputs("1", f);
	return fclose(f) ? -errno : 0;
}

static int new_namespace(void)
{
	int err;

	if (unshare(CLONE_NEWNET))
		return -errno;
	err = quiet_ipv6();
	if (err)
		return err;
	err = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	return err < 0 ? -errno : err;
}

int wires_ip(const char *commands)
{
	FILE *ip = popen("ip -batch -", "w");

	if (!ip)
		return -errno;
	fputs(commands, ip);
	return pclose(ip) ? -EIO : 0;
}

static int make_links(int far_ns)
{
	char commands[8192];
	size_t n = 0;

	for (int i = 0; i < WIRE_MAX; i++) {
		n += snprintf(commands + n, sizeof(commands) - n,
			      "link add %s mtu %u%s%s type veth peer name %s mtu %u address %s "
			      "netns /proc/%d/fd/%d\nlink set %s up\n",
			      names[i].near, MTU_WIRE, names[i].mac ? " address " : "",
			      names[i].mac ? names[i].mac : "", names[i].far, MTU_WIRE,
			      names[i].far_mac, getpid(), far_ns, names[i].near);
	}
	return wires_ip(commands);
}

static int raise_far_ends(void)
{
	char commands[1024];
	size_t n = 0;

	for (int i = 0; i < WIRE_MAX; i++)
		n += snprintf(commands + n, sizeof(commands) - n, "link set %s up\n", names[i].far);
	return wires_ip(commands);
}

/* A socket that sends and receives whole frames with their offloads. Return: it, or -errno. */
static int open_socket(const char *ifname)
{
	struct sockaddr_ll at = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL)};
	int sock = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), one = 1;

	if (sock < 0)
		return -errno;
	at.sll_ifindex = if_nametoindex(ifname);
	if (setsockopt(sock, SOL_PACKET, PACKET_VNET_HDR, &one, sizeof(one)) ||
	    setsockopt(sock, SOL_PACKET, PACKET_AUXDATA, &one, sizeof(one)) ||
	    bind(sock, (struct sockaddr *)&at, sizeof(at)))
		return -errno;
	return sock;
}

static int open_far_ends(void)
{
	int err = raise_far_ends();

	for (int i = 0; !err && i < WIRE_MAX; i++) {
		wires[i].sock = open_socket(names[i].far);
		if (wires[i].sock < 0)
			err = wires[i].sock;
	}
	return err;
}

/* What redirect_neigh needs: addresses, and neighbours that are known without asking. The host's
 * own answers (to 192.0.2.77, IP4_ELSE) must not be asked for either: the kernel would ask for a
 * second. */
static int address_uplink(void)
{
	FILE *f = fopen("/proc/sys/net/ipv6/conf/uplink/disable_ipv6", "w");

	if (!f)
		return -errno;
	fputs("0", f);
	if (fclose(f))
		return -errno;
	return wires_ip(
		"link set lo up\n"
		"link set uplink addrgenmode none\n"
		"addr add 192.0.2.1/24 dev uplink\n"
		"addr add 2001:db8::1/64 dev uplink nodad\n"
		"neigh add 192.0.2.2 lladdr 02:00:00:00:aa:02 dev uplink nud permanent\n"
		"neigh add 192.0.2.4 lladdr 02:00:00:00:aa:02 dev uplink nud permanent\n"
		"neigh add 192.0.2.5 lladdr 02:00:00:00:aa:02 dev uplink nud permanent\n"
		"neigh add 192.0.2.6 lladdr 02:00:00:00:aa:02 dev uplink nud permanent\n"
		"neigh add 2001:db8::5 lladdr 02:00:00:00:aa:02 dev uplink nud permanent\n"
		"neigh add 2001:db8::6 lladdr 02:00:00:00:aa:02 dev uplink nud permanent\n"
		"neigh add 192.0.2.77 lladdr 02:00:00:00:aa:02 dev uplink nud permanent\n"
		"neigh add 2001:db8::77 lladdr 02:00:00:00:aa:02 dev uplink nud permanent\n"
		"neigh add 2001:db8::3 lladdr 02:00:00:00:aa:02 dev uplink nud permanent\n");
}

int wires_make(void)
{
	int far_ns, near_ns, err;

	far_ns = new_namespace();
	if (far_ns < 0)
		return far_ns;
	near_ns = new_namespace();
	if (near_ns < 0)
		return near_ns;
	err = make_links(far_ns);
	if (err)
		return err;
	for (int i = 0; i < WIRE_MAX; i++)
		wires[i].index = if_nametoindex(names[i].near);
	if (setns(far_ns, CLONE_NEWNET))
		return -errno;
	err = open_far_ends();
	if (setns(near_ns, CLONE_NEWNET))
		return -errno;
	if (err)
		return err;
	near_sock = open_socket(names[UPLINK].near);
	return near_sock < 0 ? near_sock : address_uplink();
}

int wires_offload(enum wire wire, bool on)
{
	struct ethtool_value value = {.cmd = ETHTOOL_STXCSUM, .data = on};
	struct ifreq request = {.ifr_data = (void *)&value};
	int sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), err;

	if (sock < 0)
		return -errno;
	strcpy(request.ifr_name, names[wire].near);
	err = ioctl(sock, SIOCETHTOOL, &request) ? -errno : 0;
	close(sock);
	return err;
}

__u32 wires_index(enum wire wire)
{
	return wires[wire].index;
}

int wires_send(enum wire wire, const void *frame, __u32 len, const struct vnet *vnet)
{
	struct virtio_net_hdr h = {};
	struct iovec iov[] = {{&h, sizeof(h)}, {(void *)frame, len}};
	struct msghdr msg = {.msg_iov = iov, .msg_iovlen = 2};
	ssize_t n;

	if (vnet) {
		h.flags = vnet->csum_start ? VIRTIO_NET_HDR_F_NEEDS_CSUM : 0;
		h.gso_type = vnet->gso_type;
		h.hdr_len = vnet->hdr_len;
		h.gso_size = vnet->gso_size;
		h.csum_start = vnet->csum_start;
		h.csum_offset = vnet->csum_offset;
	}
	n = sendmsg(wires[wire].sock, &msg, 0);
	return n < 0 ? -errno : 0;
}

/* The kernel hands over a tag beside the frame: put it where it was. Return: bytes of it. */
static int restore_tag(struct msghdr *msg, __u8 *frame, size_t len)
{
	struct cmsghdr *c = CMSG_FIRSTHDR(msg);
	struct tpacket_auxdata aux;
	__be16 tag[2];

	if (!c || c->cmsg_level != SOL_PACKET || c->cmsg_type != PACKET_AUXDATA)
		return 0;
	memcpy(&aux, CMSG_DATA(c), sizeof(aux));
	if (!(aux.tp_status & TP_STATUS_VLAN_VALID) || len < 12)
		return 0;
	tag[0] = htons(aux.tp_vlan_tpid);
	tag[1] = htons(aux.tp_vlan_tci);
	memmove(frame + 16, frame + 12, len - 12);
	memcpy(frame + 12, tag, sizeof(tag));
	return sizeof(tag);
}

static int receive_from(int sock, void *frame, __u32 size, struct vnet *vnet)
{
	char control[CMSG_SPACE(sizeof(struct tpacket_auxdata))];
	struct virtio_net_hdr h;
	struct sockaddr_ll from;
	struct iovec iov[] = {{&h, sizeof(h)}, {frame, size - 4}};
	struct msghdr msg = {
		.msg_iov = iov,
		.msg_iovlen = 2,
		.msg_name = &from,
		.msg_namelen = sizeof(from),
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	ssize_t n = recvmsg(sock, &msg, 0);
	int tag;

	if (n < 0)
		return -errno;
	last = (struct arrival){ntohs(from.sll_protocol), from.sll_pkttype};
	tag = restore_tag(&msg, frame, n - sizeof(h));
	n += tag;
	if (vnet)
		*vnet = (struct vnet){h.gso_type, h.hdr_len, h.gso_size,
				      h.flags & VIRTIO_NET_HDR_F_NEEDS_CSUM ? h.csum_start + tag
									    : 0,
				      h.csum_offset};
	return n - sizeof(h);
}

/* The next frame that arrived at @sock, not one that was sent by it. */
static int next_frame(int sock, void *frame, __u32 size, struct vnet *vnet, int wait_ms,
		      bool passes_groups)
{
	struct pollfd pfd = {.fd = sock, .events = POLLIN};
	int n;

	for (int i = 0; i < 1000; i++) {
		n = receive_from(sock, frame, size, vnet);
		if (n == -EAGAIN && poll(&pfd, 1, wait_ms) == 1)
			continue;
		if (n < 0)
			return n;
		if (last.pkttype == PACKET_OUTGOING)
			continue;
		if (passes_groups || *(__u8 *)frame != 0x33)
			return n;
	}
	return -EAGAIN;
}

int wires_receive(enum wire wire, void *frame, __u32 size, struct vnet *vnet, int wait_ms)
{
	return next_frame(wires[wire].sock, frame, size, vnet, wait_ms, wire != UPLINK);
}

struct arrival wires_arrival(void)
{
	return last;
}

int wires_receive_near(void *frame, __u32 size, int wait_ms)
{
	return next_frame(near_sock, frame, size, NULL, wait_ms, true);
}

void wires_drain(void)
{
	static __u8 frame[16];

	for (int i = 0; i < WIRE_MAX; i++) {
		while (next_frame(wires[i].sock, frame, sizeof(frame), NULL, 0, true) >= 0)
			;
	}
	while (next_frame(near_sock, frame, sizeof(frame), NULL, 0, true) >= 0)
		;
}
