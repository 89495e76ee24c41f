/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* A test of XDP on an interface; see offload_rx.h. */
#include "offload_rx.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <netlink/msg.h>
#include <netlink/route/neighbour.h>

#include "clock.h"
#include "datapath_probe.h"
#include "devices_parts.h"
#include "util.h"

/* Newer than Debian 12's headers; include/uapi/linux/bpf.h of Linux 6.6. */
#define TCX_INGRESS 46

#define PATIENCE_MS  300  /* for something to come in */
#define RESTART_MS   5000 /* for a link that goes down because a driver restarts */
#define AGAIN_MS     90   /* until neighbours are asked again: answers get lost as queues restart */
#define STEP_NS      2000000
#define FRAMES_LEAST 2  /* for a verdict against the driver: one packet may have its own reasons */
#define NEIGHBOURS   16 /* asked at most */

/** struct probe - a test that goes on. @tc_link: -1 where the kernel has no such links. */
struct probe {
	struct weft_probe *programs;
	int xdp_link;
	int tc_link;
	__u64 received; /* packets of the interface, before */
	const char *interface;
	bool was_running;
};

static void probe_end(struct probe *p)
{
	closep(&p->xdp_link);
	closep(&p->tc_link);
	probe_free(p->programs);
}

/* Only a link goes with its process. */
static int attach_xdp(struct probe *p, int prog, __u32 ifindex)
{
	LIBBPF_OPTS(bpf_link_create_opts, opts, .flags = XDP_FLAGS_DRV_MODE);

	p->xdp_link = bpf_link_create(prog, ifindex, BPF_XDP, &opts);
	return p->xdp_link < 0 ? p->xdp_link : 0;
}

static __u64 count_received(__u32 ifindex)
{
	_cleanup_(rtnl_link_putp) struct rtnl_link *link = NULL;
	_cleanup_(nl_socket_freep) struct nl_sock *sock = NULL;

	if (devices_open(&sock) || rtnl_link_get_kernel(sock, ifindex, NULL, &link))
		return 0;
	return rtnl_link_get_stat(link, RTNL_LINK_RX_PACKETS);
}

/* -- something to come in -- */

static void cache_putp(struct nl_cache **cache)
{
	nl_cache_free(*cache);
}

static void set_state(struct nl_sock *sock, struct rtnl_neigh *neigh, int state)
{
	rtnl_neigh_unset_state(neigh, ~state); /* libnl adds to what it is */
	rtnl_neigh_set_state(neigh, state);
	rtnl_neigh_add(sock, neigh, NLM_F_REPLACE);
}

/* At once, by a unicast to its known address. One that is being asked already is not asked again,
 * hence the step between. */
static void ask_neighbour(struct nl_sock *sock, struct rtnl_neigh *neigh)
{
	struct rtnl_neigh *change = (struct rtnl_neigh *)nl_object_clone((struct nl_object *)neigh);

	if (!change)
		return;
	set_state(sock, change, NUD_STALE);
	set_state(sock, change, NUD_PROBE);
	rtnl_neigh_put(change);
}

/* Those that the kernel knows of, and found out itself. */
static void ask_neighbours(__u32 ifindex)
{
	const int found = NUD_REACHABLE | NUD_STALE | NUD_DELAY | NUD_PROBE;
	_cleanup_(nl_socket_freep) struct nl_sock *sock = NULL;
	_cleanup_(cache_putp) struct nl_cache *cache = NULL;
	int n = 0;

	if (devices_open(&sock) || rtnl_neigh_alloc_cache(sock, &cache))
		return;
	for (struct nl_object *o = nl_cache_get_first(cache); o && n < NEIGHBOURS;
	     o = nl_cache_get_next(o)) {
		struct rtnl_neigh *neigh = (struct rtnl_neigh *)o;

		if (rtnl_neigh_get_ifindex(neigh) != (int)ifindex ||
		    !(rtnl_neigh_get_state(neigh) & found) || rtnl_neigh_get_flags(neigh))
			continue;
		ask_neighbour(sock, neigh);
		n++;
	}
}

/* -- the verdict -- */

static bool has_seen_enough(const struct probe *p)
{
	const struct probe_seen seen = probe_seen(p->programs);

	if (p->tc_link >= 0)
		return seen.arrived || seen.bare >= FRAMES_LEAST;
	return seen.marked || seen.frames >= FRAMES_LEAST;
}

static bool is_running(const struct probe *p)
{
	_cleanup_close_ int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq ifr = {};

	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", p->interface);
	return fd < 0 || ioctl(fd, SIOCGIFFLAGS, &ifr) || ifr.ifr_flags & IFF_RUNNING;
}

/* A link that is down from the start is not waited for. */
static void watch(const struct probe *p, __u32 ifindex)
{
	const struct timespec step = {.tv_nsec = STEP_NS};
	const double begin = clock_ms();
	double end = begin + PATIENCE_MS;

	double again = 0;

	while (!has_seen_enough(p) && clock_ms() < end) {
		if (p->was_running && !is_running(p) && clock_ms() < begin + RESTART_MS)
			end = clock_ms() + PATIENCE_MS;
		if (clock_ms() >= again) {
			ask_neighbours(ifindex);
			again = clock_ms() + AGAIN_MS;
		}
		nanosleep(&step, NULL);
	}
}

static enum rx_result judge(const struct probe *p, const struct probe_seen *seen, __u32 ifindex)
{
	if (!seen->frames)
		return count_received(ifindex) >= p->received + FRAMES_LEAST ? RX_DEAF
									     : RX_NO_TRAFFIC;
	if (!seen->marked)
		return seen->frames >= FRAMES_LEAST ? RX_NO_METADATA : RX_NO_TRAFFIC;
	if (p->tc_link < 0 || seen->arrived)
		return RX_WORKS;
	return seen->bare >= FRAMES_LEAST ? RX_FORGETFUL : RX_NO_TRAFFIC;
}

enum rx_result offload_rx(const struct iface *iface, __u32 *frames)
{
	_cleanup_(probe_end) struct probe p = {
		.xdp_link = -1, .tc_link = -1, .interface = iface->name};
	struct probe_seen seen;
	int xdp, tc, err;

	p.was_running = is_running(&p);
	if (probe_load_look(&p.programs, &xdp, &tc))
		return RX_UNTESTED;
	err = attach_xdp(&p, xdp, iface->ifindex);
	if (err)
		return err == -EBUSY || err == -EEXIST || err == -EPERM ? RX_UNTESTED : RX_REFUSED;
	p.tc_link = bpf_link_create(tc, iface->ifindex, TCX_INGRESS, NULL);
	p.received = count_received(iface->ifindex); /* what came before it is not looked for */
	watch(&p, iface->ifindex);
	seen = probe_seen(p.programs);
	*frames = seen.frames;
	return judge(&p, &seen, iface->ifindex);
}
