/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Devices of weft's own; see devices.h. */
#include "devices.h"

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

#include "devices_parts.h"
#include "util.h"

/* libnl folds the kernel's errors into its own; those that callers tell apart come back here. */
int devices_errno(int err)
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

int devices_open(struct nl_sock **out)
{
	_cleanup_(nl_socket_freep) struct nl_sock *sock = nl_socket_alloc();
	int err;

	if (!sock)
		return -ENOMEM;
	err = devices_errno(nl_connect(sock, NETLINK_ROUTE));
	if (!err)
		*out = TAKE_PTR(sock);
	return err;
}

/* A device says whose it is, so that no two nodes fight about it. */
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
static bool is_ours(struct rtnl_link *link, const char *type, const char *node)
{
	const char *alias = rtnl_link_get_ifalias(link);
	const char *is = rtnl_link_get_type(link);

	if (!is || strcmp(is, type) != 0)
		return false;
	if (!alias || !alias[0])
		return !(rtnl_link_get_flags(link) & IFF_UP);
	return !strcmp(alias, alias_of(node).s);
}

/* Return: 0, @link NULL if there is none of ours, @taken then if there is one all the same. */
static int find(struct nl_sock *sock, const char *name, const char *type, const char *node,
		struct rtnl_link **link, bool *taken)
{
	_cleanup_(rtnl_link_putp) struct rtnl_link *found = NULL;
	int err;

	err = devices_errno(rtnl_link_get_kernel(sock, 0, name, &found));
	if (err)
		return err == -ENODEV ? 0 : err;
	if (is_ours(found, type, node))
		*link = TAKE_PTR(found);
	else
		*taken = true;
	return 0;
}

int devices_find(const char *node, struct devices *found)
{
	_cleanup_(rtnl_link_putp) struct rtnl_link *vxlan = NULL;
	_cleanup_(rtnl_link_putp) struct rtnl_link *bridge = NULL;
	_cleanup_(nl_socket_freep) struct nl_sock *sock = NULL;
	struct devices d = {};
	__u32 port = 0;
	int err;

	err = devices_open(&sock);
	if (!err)
		err = find(sock, DEVICE_VXLAN, "vxlan", node, &vxlan, &d.taken);
	if (!err)
		err = find(sock, DEVICE_BRIDGE, "bridge", node, &bridge, &d.taken);
	if (err)
		return err;
	if (bridge)
		d.bridge = rtnl_link_get_ifindex(bridge);
	if (vxlan) {
		rtnl_link_vxlan_get_port(vxlan, &port);
		d.vxlan = rtnl_link_get_ifindex(vxlan);
		d.port = port;
		d.up = rtnl_link_get_flags(vxlan) & IFF_UP;
	}
	*found = d;
	return 0;
}

int devices_settle(struct nl_sock *sock, const char *device, const char *alias)
{
	_cleanup_(rtnl_link_putp) struct rtnl_link *silence = rtnl_link_alloc();
	_cleanup_(rtnl_link_putp) struct rtnl_link *name = rtnl_link_alloc();
	_cleanup_(rtnl_link_putp) struct rtnl_link *link = NULL;
	int err;

	if (!silence || !name)
		return -ENOMEM;
	err = devices_errno(rtnl_link_get_kernel(sock, 0, device, &link));
	if (err)
		return err;
	rtnl_link_inet6_set_addr_gen_mode(silence, rtnl_link_inet6_str2addrgenmode("none"));
	rtnl_link_change(sock, link, silence, 0);
	rtnl_link_set_ifalias(name, alias);
	return devices_errno(rtnl_link_change(sock, link, name, 0));
}

static int create_vxlan(struct nl_sock *sock, const char *node, __u16 port)
{
	_cleanup_(rtnl_link_putp) struct rtnl_link *link = rtnl_link_vxlan_alloc();
	int err;

	if (!link)
		return -ENOMEM;
	rtnl_link_set_name(link, DEVICE_VXLAN);
	rtnl_link_vxlan_set_collect_metadata(link, 1);
	rtnl_link_vxlan_set_learning(link, 0);
	rtnl_link_vxlan_set_port(link, port);
	rtnl_link_vxlan_set_udp_zero_csum6_rx(link, 1);
	err = devices_errno(rtnl_link_add(sock, link, NLM_F_CREATE | NLM_F_EXCL));
	return err ? err : devices_settle(sock, DEVICE_VXLAN, alias_of(node).s);
}

static int create_bridge(struct nl_sock *sock, const char *node)
{
	_cleanup_(rtnl_link_putp) struct rtnl_link *link = rtnl_link_alloc();
	int err;

	if (!link)
		return -ENOMEM;
	rtnl_link_set_name(link, DEVICE_BRIDGE);
	rtnl_link_set_type(link, "bridge");
	err = devices_errno(rtnl_link_add(sock, link, NLM_F_CREATE | NLM_F_EXCL));
	return err ? err : devices_settle(sock, DEVICE_BRIDGE, alias_of(node).s);
}

int devices_create(const char *node, __u16 port, const struct devices *present)
{
	_cleanup_(nl_socket_freep) struct nl_sock *sock = NULL;
	struct devices now;
	int err;

	err = devices_open(&sock);
	if (!err && !present->vxlan)
		err = create_vxlan(sock, node, port);
	if (!err && !present->bridge)
		err = create_bridge(sock, node);
	if (!err)
		err = devices_find(node, &now);
	return err ? err : devices_set_master(now.vxlan, now.bridge);
}

/* Change one thing of an interface. @change is released. */
static int change(__u32 ifindex, struct rtnl_link *change)
{
	_cleanup_(nl_socket_freep) struct nl_sock *sock = NULL;
	_cleanup_(rtnl_link_putp) struct rtnl_link *owned = change;
	_cleanup_(rtnl_link_putp) struct rtnl_link *link = rtnl_link_alloc();
	int err;

	if (!link || !owned)
		return -ENOMEM;
	err = devices_open(&sock);
	if (err)
		return err;
	rtnl_link_set_ifindex(link, ifindex);
	return devices_errno(rtnl_link_change(sock, link, owned, 0));
}

int devices_set_up(__u32 ifindex, bool up)
{
	struct rtnl_link *flags = rtnl_link_alloc();

	if (flags && up)
		rtnl_link_set_flags(flags, IFF_UP);
	else if (flags)
		rtnl_link_unset_flags(flags, IFF_UP);
	return change(ifindex, flags);
}

int devices_set_promisc(__u32 ifindex, bool on)
{
	struct rtnl_link *flags = rtnl_link_alloc();

	if (flags && on)
		rtnl_link_set_flags(flags, IFF_PROMISC);
	else if (flags)
		rtnl_link_unset_flags(flags, IFF_PROMISC);
	return change(ifindex, flags);
}

int devices_set_master(__u32 ifindex, __u32 bridge)
{
	struct rtnl_link *master = rtnl_link_alloc();

	if (master)
		rtnl_link_set_master(master, bridge);
	return change(ifindex, master);
}

static int remove_one(struct nl_sock *sock, __u32 ifindex)
{
	_cleanup_(rtnl_link_putp) struct rtnl_link *link = rtnl_link_alloc();
	int err;

	if (!ifindex)
		return 0;
	if (!link)
		return -ENOMEM;
	rtnl_link_set_ifindex(link, ifindex);
	err = devices_errno(rtnl_link_delete(sock, link));
	return err == -ENODEV ? 0 : err;
}

/* The one that can receive first. */
int devices_remove(const char *node)
{
	_cleanup_(nl_socket_freep) struct nl_sock *sock = NULL;
	struct devices devices;
	int err;

	err = devices_find(node, &devices);
	if (!err)
		err = devices_open(&sock);
	if (!err)
		err = remove_one(sock, devices.vxlan);
	return err ? err : remove_one(sock, devices.bridge);
}
