/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * What the kernel says about this network namespace: interfaces, addresses, routes. Reads only.
 *
 * Each question is one dump or one request, parsed as it arrives: a host with ten thousand veths
 * answers in one pass.
 */
#ifndef WEFT_LOADER_NETLINK_H
#define WEFT_LOADER_NETLINK_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <linux/types.h>

#include <weft/abi.h>

#include "set.h"

/** enum iface_kind - what a port can be made of, and everything else. */
enum iface_kind {
	IFACE_OTHER,
	IFACE_VETH,
	IFACE_TAP,
};

/**
 * struct iface - one interface.
 * @kind: enum iface_kind; @type has the kernel's word ("veth", "tun", "bridge", ...; "" for a NIC).
 * @master: index of the bridge, bond, ... it belongs to, or 0.
 * @peer_elsewhere: a veth whose other end is in another network namespace.
 */
struct iface {
	char name[WEFT_IFNAME_LEN];
	char type[16];
	__u32 ifindex;
	__u32 mtu;
	__u32 master;
	enum iface_kind kind;
	bool peer_elsewhere;
	bool loopback;
	bool up;
	bool promisc; /* somebody asked for it; not: it is in a bridge */
};

/** struct ifaces - all interfaces of the namespace. */
struct ifaces {
	struct iface *v;
	size_t n;
	size_t size;
	struct set by_name;
	struct set by_index;
};

/** ifaces_read - list the interfaces. @ifaces: all zero; release with ifaces_clear(). */
int ifaces_read(struct ifaces *ifaces);

void ifaces_clear(struct ifaces *ifaces);

/** ifaces_find - the interface with this name, or NULL. */
const struct iface *ifaces_find(const struct ifaces *ifaces, const char *name);

/** ifaces_find_index - the interface with this index, or NULL. */
const struct iface *ifaces_find_index(const struct ifaces *ifaces, __u32 ifindex);

/**
 * local_addresses - which of these addresses are configured in this namespace.
 * @addrs: @n addresses, IPv4 ones IPv4-mapped.
 * @found: @n results.
 *
 * Return: 0 or -errno, @found then undefined.
 */
int local_addresses(const struct in6_addr *addrs, size_t n, bool *found);

/**
 * clsact_filters - how many filters there are on an interface's clsact qdisc, both directions.
 * @n: untouched on failure.
 */
int clsact_filters(__u32 ifindex, size_t *n);

/**
 * struct link_watcher - who wants to hear of changes in this network namespace.
 * @link: an interface is new or has changed, or has gone.
 * @address: an address has come or gone, other than link-local ones.
 * @lost: there were more changes than could be told.
 */
struct link_watcher {
	void (*link)(void *arg, const struct iface *iface, bool gone);
	void (*address)(void *arg);
	void (*lost)(void *arg);
	void *arg;
};

struct link_watch;

/**
 * link_watch_open - begin to hear.
 * @watcher: must outlive @out.
 * @fd: becomes readable when link_watch_read() has something to tell; stays @out's.
 *
 * Return: 0 or -errno.
 */
int link_watch_open(const struct link_watcher *watcher, struct link_watch **out, int *fd);

/** link_watch_read - tell what has been heard; never waits. */
void link_watch_read(struct link_watch *watch);

/** link_watch_close - NULL is fine. */
void link_watch_close(struct link_watch *watch);

struct routes;

/** routes_open - for several calls of routes_out(). Return: 0 or -errno. */
int routes_open(struct routes **out);

void routes_close(struct routes *routes);

/**
 * routes_out - the interface by which this namespace sends to an address.
 * @addr: IPv4 is IPv4-mapped.
 * @ifindex: untouched on failure.
 *
 * Return: 0; -ENETUNREACH without a route; another -errno.
 */
int routes_out(struct routes *routes, const struct in6_addr *addr, __u32 *ifindex);

#endif
