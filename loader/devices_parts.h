/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* What devices.c and host_ports.c share: libnl, with errors of the kernel's. */
#ifndef WEFT_LOADER_DEVICES_PARTS_H
#define WEFT_LOADER_DEVICES_PARTS_H

#include <netlink/netlink.h>
#include <netlink/route/link.h>

static inline void nl_socket_freep(struct nl_sock **sock)
{
	nl_socket_free(*sock);
}

static inline void rtnl_link_putp(struct rtnl_link **link)
{
	rtnl_link_put(*link);
}

/** devices_errno - an error of libnl's as -errno. */
int devices_errno(int err);

/** devices_open - a socket to rtnetlink. Return: 0 or -errno. */
int devices_open(struct nl_sock **out);

/**
 * devices_settle - make a device one that exists only: no address of its own, so that it has
 * nothing to say, and an alias that tells whose it is. A kernel without IPv6 does not take the
 * former, nor need it.
 *
 * Return: 0 or -errno.
 */
int devices_settle(struct nl_sock *sock, const char *device, const char *alias);

#endif
