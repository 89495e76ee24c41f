/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* What net.c and net_check.c share; see cni.h. */
#ifndef WEFT_CNI_NET_PARTS_H
#define WEFT_CNI_NET_PARTS_H

#include <netlink/netlink.h>
#include <netlink/route/link.h>

#include "cni.h"
#include "util.h"

#define _cleanup_sock_ _cleanup_(net_sock_freep)
#define _cleanup_link_ _cleanup_(net_link_putp)

void net_sock_freep(struct nl_sock **sock);
void net_link_putp(struct rtnl_link **link);

/** net_open_there - a socket to the kernel, in the container. Return: 0, or -1 with @c->error. */
int net_open_there(struct cni *c, struct nl_sock **out);

/** net_parse - an address or prefix; NULL if it is none. nl_addr_put() releases it. */
struct nl_addr *net_parse(const char *text);

/** net_mac_text - of an interface; empty if it has none. */
void net_mac_text(struct rtnl_link *link, char mac[static 18]);

#endif
