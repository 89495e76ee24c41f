/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* See world.h. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <unistd.h>
#include <arpa/inet.h>
#include <net/if.h>
#include <sys/socket.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>

#include "util.h"
#include "world.h"

#define PATIENCE_MS   1000
#define MARKERS       3 /* a full socket buffer may cost one */
#define SOCKET_BUFFER (4 << 20)

static int ends_ns = -1;

int world_sysctl(const char *path, const char *value)
{
	char name[256];
	FILE *f;

	snprintf(name, sizeof(name), "/proc/sys/net/%s", path);
	f = fopen(name, "w");
	if (!f)
		return -errno;
	fputs(value, f);
	return fclose(f) ? -errno : 0;
}

int world_pipe(const char *command, const char *input)
{
	FILE *f = popen(command, "w");

	if (!f)
		return -errno;
	fputs(input, f);
	return pclose(f) ? -EIO : 0;
}

/* A namespace of our own, in which nobody speaks up by himself. Return: it, or -errno. */
static int new_namespace(void)
{
	int ns;

	if (unshare(CLONE_NEWNET))
		return -errno;
	ns = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	return ns < 0 ? -errno : ns;
}

int world_ends(void)
{
	int err;

	ends_ns = new_namespace();
	if (ends_ns < 0)
		return ends_ns;
	err = world_sysctl("ipv6/conf/default/disable_ipv6", "1");
	return err == -ENOENT ? 0 : err;
}

int world_enter(const struct world *w)
{
	return setns(w ? w->ns : ends_ns, CLONE_NEWNET) ? -errno : 0;
}

static int make_links(const struct world *w)
{
	char lines[1024];
	size_t n = 0;

	for (int end = 0; end < 2; end++) {
		const uint8_t *mac = probe_mac[!end];

		n += snprintf(lines + n, sizeof(lines) - n,
			      "link add %s mtu %d address %02x:%02x:%02x:%02x:%02x:%02x "
			      "type veth peer name %s mtu %d netns /proc/%d/fd/%d\n"
			      "link set %s up\n",
			      w->links[end], PROBE_MTU, mac[0], mac[1], mac[2], mac[3], mac[4],
			      mac[5], w->links[end], PROBE_MTU, getpid(), ends_ns, w->links[end]);
	}
	return world_pipe("ip -batch -", lines);
}

/* Promiscuous by nature: a packet socket takes what arrives, whoever it is for. */
static int open_socket(const char *link)
{
	struct sockaddr_ll at = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL)};
	int sock = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int one = 1, size = SOCKET_BUFFER;

	if (sock < 0)
		return -errno;
	at.sll_ifindex = if_nametoindex(link);
	if (setsockopt(sock, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one, sizeof(one)) ||
	    setsockopt(sock, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) ||
	    bind(sock, (struct sockaddr *)&at, sizeof(at))) {
		close(sock);
		return -errno;
	}
	return sock;
}

int world_make(struct world *w)
{
	char lines[64];
	int err;

	w->sock[0] = w->sock[1] = -1;
	w->ns = new_namespace();
	if (w->ns < 0)
		return w->ns;
	err = make_links(w);
	err = err ? err : world_enter(NULL);
	for (int end = 0; !err && end < 2; end++) {
		snprintf(lines, sizeof(lines), "link set %s up\n", w->links[end]);
		err = world_pipe("ip -batch -", lines);
		if (err)
			break;
		w->sock[end] = open_socket(w->links[end]);
		err = w->sock[end] < 0 ? w->sock[end] : 0;
	}
	return err;
}

static int send_frame(int sock, const uint8_t *frame, size_t len)
{
	return send(sock, frame, len, 0) == (ssize_t)len ? 0 : -errno;
}

/* Reads up to the marker. Return: how many pieces of @p came before it; -ETIMEDOUT. */
static int await(int sock, const struct probe *p, const struct probe *marker)
{
	struct pollfd fd = {.fd = sock, .events = POLLIN};
	uint8_t frame[FRAME_MAX];
	int seen = 0;
	ssize_t len;

	for (;;) {
		len = recv(sock, frame, sizeof(frame), 0);
		if (len < 0) {
			if (poll(&fd, 1, PATIENCE_MS) <= 0)
				return -ETIMEDOUT;
			continue;
		}
		if (probe_is(marker, frame, len))
			return seen;
		seen += probe_is(p, frame, len);
	}
}

int world_pass(struct world *w, const struct probe *p, const struct piece *pieces, int n)
{
	struct probe marker = probe_marker(p);
	uint8_t behind[FRAME_MAX];
	size_t len = probe_frame(&marker, behind);
	int err = 0;

	for (int i = 0; !err && i < n; i++)
		err = send_frame(w->sock[p->from], pieces[i].frame, pieces[i].len);
	for (int i = 0; !err && i < MARKERS; i++) {
		int got;

		err = send_frame(w->sock[p->from], behind, len);
		got = err ? err : await(w->sock[!p->from], p, &marker);
		if (got != -ETIMEDOUT)
			return got < 0 ? got : got == n ? PASSED : DROPPED;
	}
	return err ? err : -ETIMEDOUT;
}

void world_close(struct world *w)
{
	for (int end = 0; end < 2; end++)
		closep(&w->sock[end]);
	closep(&w->ns);
}
