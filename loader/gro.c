/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The device behind GRO at TC; see gro.h. */
#include "gro.h"

#include <errno.h>
#include <linux/if.h>
#include <stdio.h>
#include <string.h>

#include <netlink/netlink.h>
#include <netlink/errno.h>
#include <netlink/route/link.h>
#include <netlink/route/link/inet6.h>
#include <netlink/route/link/vxlan.h>

#include <weft/abi.h>

#include "util.h"

static void nl_socket_freep(struct nl_sock **sock)
{
	nl_socket_free(*sock);
}

static void rtnl_link_putp(struct rtnl_link **link)
{
	rtnl_link_put(*link);
}

/* libnl folds the kernel's errors into its own; those that callers tell apart come back here. */
static int to_errno(int err)
{
	switch (-err) {
	case 0:
		return 0;
	case NLE_EXIST:
		return -EEXIST;
	case NLE_NOADDR:
	case NLE_BUSY:
		return -EADDRINUSE;
	case NLE_OBJ_NOTFOUND:
	case NLE_NODEV:
		return -ENODEV;
	case NLE_NOMEM:
		return -ENOMEM;
	case NLE_PERM:
	case NLE_NOACCESS:
		return -EPERM;
	case NLE_OPNOTSUPP:
		return -EOPNOTSUPP;
	default:
		return -EIO;
	}
}

static int open_socket(struct nl_sock **out)
{
	_cleanup_(nl_socket_freep) struct nl_sock *sock = nl_socket_alloc();
	int err;

	if (!sock)
		return -ENOMEM;
	err = to_errno(nl_connect(sock, NETLINK_ROUTE));
	if (!err)
		*out = TAKE_PTR(sock);
	return err;
}

/* The device says whose it is, so that no two nodes fight about it. */
struct alias {
	char s[sizeof("weft node ") + WEFT_NAME_LEN];
};

static struct alias alias_of(const char *node)
{
	struct alias alias;

	snprintf(alias.s, sizeof(alias.s), "weft node %s", node);
	return alias;
}

/* Down and without an alias, it is what a weft that was killed left half made. */
static bool is_ours(struct rtnl_link *link, const char *node)
{
	const char *alias = rtnl_link_get_ifalias(link);

	if (!rtnl_link_is_vxlan(link))
		return false;
	if (!alias || !alias[0])
		return !(rtnl_link_get_flags(link) & IFF_UP);
	return !strcmp(alias, alias_of(node).s);
}

int gro_find(const char *node, struct gro *gro)
{
	_cleanup_(nl_socket_freep) struct nl_sock *sock = NULL;
	_cleanup_(rtnl_link_putp) struct rtnl_link *link = NULL;
	struct gro found = {};
	__u32 port = 0;
	int err;

	err = open_socket(&sock);
	if (err)
		return err;
	err = to_errno(rtnl_link_get_kernel(sock, 0, GRO_DEVICE, &link));
	if (err && err != -ENODEV)
		return err;
	if (!err && is_ours(link, node)) {
		rtnl_link_vxlan_get_port(link, &port);
		found.ifindex = rtnl_link_get_ifindex(link);
		found.port = port;
		found.up = rtnl_link_get_flags(link) & IFF_UP;
	} else {
		found.taken = !err;
	}
	*gro = found;
	return 0;
}

/*
 * What the kernel takes for an interface that exists only. No address of its own, ever: it must
 * have nothing to say; a kernel without IPv6 does not take that, nor need it.
 */
static int settle(struct nl_sock *sock, const char *node)
{
	_cleanup_(rtnl_link_putp) struct rtnl_link *silence = rtnl_link_alloc();
	_cleanup_(rtnl_link_putp) struct rtnl_link *name = rtnl_link_alloc();
	_cleanup_(rtnl_link_putp) struct rtnl_link *link = NULL;
	int err;

	if (!silence || !name)
		return -ENOMEM;
	err = to_errno(rtnl_link_get_kernel(sock, 0, GRO_DEVICE, &link));
	if (err)
		return err;
	rtnl_link_inet6_set_addr_gen_mode(silence, rtnl_link_inet6_str2addrgenmode("none"));
	rtnl_link_change(sock, link, silence, 0);
	rtnl_link_set_ifalias(name, alias_of(node).s);
	return to_errno(rtnl_link_change(sock, link, name, 0));
}

int gro_create(const char *node, __u16 port)
{
	_cleanup_(nl_socket_freep) struct nl_sock *sock = NULL;
	_cleanup_(rtnl_link_putp) struct rtnl_link *link = rtnl_link_vxlan_alloc();
	int err;

	if (!link)
		return -ENOMEM;
	err = open_socket(&sock);
	if (err)
		return err;
	rtnl_link_set_name(link, GRO_DEVICE);
	rtnl_link_vxlan_set_collect_metadata(link, 1);
	rtnl_link_vxlan_set_learning(link, 0);
	rtnl_link_vxlan_set_port(link, port);
	rtnl_link_vxlan_set_udp_zero_csum6_rx(link, 1);
	err = to_errno(rtnl_link_add(sock, link, NLM_F_CREATE | NLM_F_EXCL));
	return err ? err : settle(sock, node);
}

int gro_up(__u32 ifindex)
{
	_cleanup_(nl_socket_freep) struct nl_sock *sock = NULL;
	_cleanup_(rtnl_link_putp) struct rtnl_link *link = rtnl_link_alloc();
	_cleanup_(rtnl_link_putp) struct rtnl_link *change = rtnl_link_alloc();
	int err;

	if (!link || !change)
		return -ENOMEM;
	err = open_socket(&sock);
	if (err)
		return err;
	rtnl_link_set_ifindex(link, ifindex);
	rtnl_link_set_flags(change, IFF_UP);
	return to_errno(rtnl_link_change(sock, link, change, 0));
}

int gro_remove(const char *node)
{
	_cleanup_(nl_socket_freep) struct nl_sock *sock = NULL;
	_cleanup_(rtnl_link_putp) struct rtnl_link *link = rtnl_link_alloc();
	struct gro gro;
	int err;

	if (!link)
		return -ENOMEM;
	err = gro_find(node, &gro);
	if (err || !gro.ifindex)
		return err;
	err = open_socket(&sock);
	if (err)
		return err;
	rtnl_link_set_ifindex(link, gro.ifindex);
	err = to_errno(rtnl_link_delete(sock, link));
	return err == -ENODEV ? 0 : err;
}
