/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* What netlink.c (questions) and netlink_watch.c (changes) share. Private to them; see netlink.h.
 */
#ifndef WEFT_LOADER_NETLINK_PARTS_H
#define WEFT_LOADER_NETLINK_PARTS_H

#include "netlink.h"

struct nl_sock;
struct nlmsghdr;

/** netlink_open - a socket to rtnetlink. Return: 0; -ENOMEM; -EIO. */
int netlink_open(struct nl_sock **out);

/** netlink_parse_link - a message about an interface. Return: 0 or -EBADMSG. */
int netlink_parse_link(struct nlmsghdr *message, struct iface *iface);

#endif
