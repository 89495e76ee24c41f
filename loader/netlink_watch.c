/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Changes that rtnetlink tells of; see netlink.h. */
#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

#include <netlink/msg.h>
#include <netlink/netlink.h>

#include "netlink_parts.h"
#include "util.h"

/* Room for a burst of changes; what does not fit is known to be lost. */
#define WATCH_BUFFER (1024 * 1024)

/** struct link_watch - a socket that hears of changes. */
struct link_watch {
	struct nl_sock *sock;
	const struct link_watcher *watcher;
};

static void tell_link(const struct link_watcher *watcher, struct nlmsghdr *message)
{
	const struct ifinfomsg *head = nlmsg_data(message);
	struct iface iface;

	/* Of a bridge's own: RTM_DELLINK there is not the end of a port. */
	if (head->ifi_family != AF_UNSPEC || netlink_parse_link(message, &iface))
		return;
	watcher->link(watcher->arg, &iface, message->nlmsg_type == RTM_DELLINK);
}

/* The kernel gives every interface such an address as it comes up, and nobody's VTEP is one. */
static bool is_link_local(struct nlmsghdr *message)
{
	const struct ifaddrmsg *addr = nlmsg_data(message);

	return nlmsg_valid_hdr(message, sizeof(*addr)) && addr->ifa_scope == RT_SCOPE_LINK;
}

static int hear(struct nl_msg *msg, void *arg)
{
	const struct link_watch *watch = arg;
	struct nlmsghdr *message = nlmsg_hdr(msg);

	switch (message->nlmsg_type) {
	case RTM_NEWLINK:
	case RTM_DELLINK:
		tell_link(watch->watcher, message);
		break;
	case RTM_NEWADDR:
	case RTM_DELADDR:
		if (!is_link_local(message))
			watch->watcher->address(watch->watcher->arg);
		break;
	default:
		break;
	}
	return NL_OK;
}

int link_watch_open(const struct link_watcher *watcher, struct link_watch **out, int *fd)
{
	struct link_watch *watch = calloc(1, sizeof(*watch));
	int err;

	if (!watch)
		return -ENOMEM;
	watch->watcher = watcher;
	err = netlink_open(&watch->sock);
	if (!err) {
		nl_socket_disable_seq_check(watch->sock);
		nl_socket_modify_cb(watch->sock, NL_CB_VALID, NL_CB_CUSTOM, hear, watch);
		if (nl_socket_set_buffer_size(watch->sock, WATCH_BUFFER, 0) ||
		    nl_socket_set_nonblocking(watch->sock) ||
		    nl_socket_add_memberships(watch->sock, RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR,
					      RTNLGRP_IPV6_IFADDR, RTNLGRP_NONE))
			err = -EIO;
	}
	if (err) {
		link_watch_close(watch);
		return err;
	}
	*out = watch;
	*fd = nl_socket_get_fd(watch->sock);
	return 0;
}

void link_watch_read(struct link_watch *watch)
{
	int err;

	do {
		err = nl_recvmsgs_default(watch->sock);
	} while (!err);
	if (err != -NLE_AGAIN)
		watch->watcher->lost(watch->watcher->arg);
}

void link_watch_close(struct link_watch *watch)
{
	if (!watch)
		return;
	nl_socket_free(watch->sock);
	free(watch);
}
