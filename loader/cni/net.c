/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The kernel's side: a veth pair between the node and the container; see cni.h.
 *
 * The container's end is made in its network namespace at once. The host's end tells by its alias
 * whose it is, for GC. Nothing here looks into /sys, which belongs to a mount namespace and would
 * speak of another network namespace.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_addr.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <netlink/netlink.h>
#include <netlink/route/addr.h>
#include <netlink/route/link.h>
#include <netlink/route/link/inet6.h>
#include <netlink/route/link/veth.h>
#include <netlink/route/nexthop.h>
#include <netlink/route/route.h>

#include "net_parts.h"

#define ALIAS "weft-cni " /* CONFIGURATION CONTAINER IFNAME */

void net_sock_freep(struct nl_sock **sock)
{
	if (*sock)
		nl_socket_free(*sock);
}

void net_link_putp(struct rtnl_link **link)
{
	if (*link)
		rtnl_link_put(*link);
}

static int kernel_says(struct cni *c, const char *what, int err)
{
	return cni_fail(&c->error, CNI_KERNEL, what, "%s", nl_geterror(err));
}

static int open_here(struct cni *c, struct nl_sock **out)
{
	struct nl_sock *sock = nl_socket_alloc();
	int err = sock ? nl_connect(sock, NETLINK_ROUTE) : -NLE_NOMEM;

	if (err) {
		net_sock_freep(&sock);
		return kernel_says(c, "cannot talk to the kernel", err);
	}
	*out = sock;
	return 0;
}

static int open_netns(struct cni *c, int *fd)
{
	*fd = open(c->netns, O_RDONLY | O_CLOEXEC);
	if (*fd >= 0)
		return 0;
	return cni_fail(&c->error, errno == ENOENT ? CNI_UNKNOWN_CONTAINER : CNI_IO,
			"cannot open the container's network namespace", "%.300s: %s", c->netns,
			strerror(errno));
}

/* A socket stays in the namespace that it was made in. */
int net_open_there(struct cni *c, struct nl_sock **out)
{
	_cleanup_close_ int here = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	_cleanup_close_ int there = -1;
	int err;

	if (open_netns(c, &there))
		return -1;
	if (here < 0 || setns(there, CLONE_NEWNET))
		return cni_fail(&c->error, CNI_IO, "cannot enter the container's network namespace",
				"%.300s: %s", c->netns, strerror(errno));
	err = open_here(c, out);
	if (setns(here, CLONE_NEWNET))
		return cni_fail(&c->error, CNI_IO, "cannot return from the container", "%s",
				strerror(errno));
	return err;
}

/* The host's end is where the container's frames come in, and has no address of its own. A kernel
 * without IPv6 does not take that, nor need it. */
static void silence(struct nl_sock *sock, struct rtnl_link *link)
{
	_cleanup_link_ struct rtnl_link *change = rtnl_link_alloc();

	if (!change)
		return;
	rtnl_link_inet6_set_addr_gen_mode(change, rtnl_link_inet6_str2addrgenmode("none"));
	rtnl_link_change(sock, link, change, 0);
}

static int tell_alias(struct cni *c, struct nl_sock *sock)
{
	_cleanup_link_ struct rtnl_link *change = rtnl_link_alloc();
	_cleanup_link_ struct rtnl_link *link = NULL;
	char alias[256];
	int err = rtnl_link_get_kernel(sock, 0, c->host_if, &link);

	snprintf(alias, sizeof(alias), ALIAS "%s %s %s", c->name, c->container, c->ifname);
	if (!err && change) {
		rtnl_link_set_ifalias(change, alias);
		err = rtnl_link_change(sock, link, change, 0);
	}
	if (!err)
		silence(sock, link);
	return err;
}

int net_add(struct cni *c)
{
	_cleanup_link_ struct rtnl_link *link = rtnl_link_veth_alloc();
	_cleanup_sock_ struct nl_sock *sock = NULL;
	_cleanup_close_ int netns = -1;
	struct rtnl_link *peer;
	int err;

	if (!link)
		return kernel_says(c, "cannot make a veth pair", -NLE_NOMEM);
	if (open_netns(c, &netns) || open_here(c, &sock))
		return -1;
	peer = rtnl_link_veth_get_peer(link);
	rtnl_link_set_name(link, c->host_if);
	rtnl_link_set_name(peer, c->ifname);
	rtnl_link_set_ns_fd(peer, netns);
	rtnl_link_put(peer);
	err = rtnl_link_add(sock, link, NLM_F_CREATE | NLM_F_EXCL);
	if (err == -NLE_EXIST)
		return cni_fail(&c->error, CNI_KERNEL, "the interface exists already",
				"%s on the node, or %s in the container; DEL removes it",
				c->host_if, c->ifname);
	if (!err)
		err = tell_alias(c, sock);
	return err ? kernel_says(c, "cannot make a veth pair", err) : 0;
}

struct nl_addr *net_parse(const char *text)
{
	struct nl_addr *addr = NULL;

	return text && !nl_addr_parse(text, AF_UNSPEC, &addr) ? addr : NULL;
}

/* The agent has seen to it that nobody else has the address. */
static int add_address(struct nl_sock *sock, int ifindex, const char *text)
{
	struct rtnl_addr *addr = rtnl_addr_alloc();
	struct nl_addr *local = net_parse(text);
	int err = -NLE_INVAL;

	if (addr && local) {
		rtnl_addr_set_ifindex(addr, ifindex);
		rtnl_addr_set_local(addr, local);
		rtnl_addr_set_flags(addr, IFA_F_NODAD);
		err = rtnl_addr_add(sock, addr, NLM_F_EXCL);
	}
	nl_addr_put(local);
	if (addr)
		rtnl_addr_put(addr);
	return err;
}

static const char *gateway_for(const json_t *attachment, bool ipv6)
{
	const json_t *item;
	size_t i;

	json_array_foreach (json_object_get(attachment, "addresses"), i, item) {
		const char *gw = json_string_value(json_object_get(item, "gateway"));

		if (gw && !!strchr(gw, ':') == ipv6)
			return gw;
	}
	return NULL;
}

static struct rtnl_route *route_to(int ifindex, struct nl_addr *to, struct nl_addr *via)
{
	struct rtnl_route *route = rtnl_route_alloc();
	struct rtnl_nexthop *hop = rtnl_route_nh_alloc();

	if (!route || !hop)
		return NULL;
	rtnl_route_nh_set_ifindex(hop, ifindex);
	if (via)
		rtnl_route_nh_set_gateway(hop, via);
	else
		rtnl_route_set_scope(route, RT_SCOPE_LINK);
	rtnl_route_set_family(route, nl_addr_get_family(to));
	rtnl_route_set_dst(route, to);
	rtnl_route_add_nexthop(route, hop);
	return route;
}

/* Without a gateway of its own, by that of the addresses. */
static int add_route(struct nl_sock *sock, int ifindex, const json_t *item,
		     const json_t *attachment)
{
	const char *dst = json_string_value(json_object_get(item, "dst"));
	const char *gw = json_string_value(json_object_get(item, "gw"));
	struct nl_addr *to = net_parse(dst), *via;
	struct rtnl_route *route;
	int err = -NLE_INVAL;

	via = net_parse(gw ?: gateway_for(attachment, dst && strchr(dst, ':')));
	route = to ? route_to(ifindex, to, via) : NULL;
	if (route)
		err = rtnl_route_add(sock, route, NLM_F_EXCL);
	nl_addr_put(to);
	nl_addr_put(via);
	rtnl_route_put(route);
	return err == -NLE_EXIST ? 0 : err;
}

static int fill(struct cni *c, struct nl_sock *sock, int ifindex, const json_t *attachment)
{
	const json_t *item;
	int err;
	size_t i;

	json_array_foreach (json_object_get(attachment, "addresses"), i, item) {
		const char *text = json_string_value(json_object_get(item, "address"));

		err = add_address(sock, ifindex, text);
		if (err)
			return cni_fail(&c->error, CNI_KERNEL, "cannot add an address", "%.60s: %s",
					text ?: "?", nl_geterror(err));
	}
	json_array_foreach (json_object_get(attachment, "routes"), i, item) {
		err = add_route(sock, ifindex, item, attachment);
		if (err)
			return cni_fail(&c->error, CNI_KERNEL, "cannot add a route", "to %.60s: %s",
					json_string_value(json_object_get(item, "dst")) ?: "?",
					nl_geterror(err));
	}
	return 0;
}

/* Down to up, with MTU and, inside, MAC address. Return: interface index or a negative error. */
static int bring_up(struct nl_sock *sock, const char *name, const char *mac, int mtu)
{
	_cleanup_link_ struct rtnl_link *change = rtnl_link_alloc();
	_cleanup_link_ struct rtnl_link *link = NULL;
	struct nl_addr *addr = NULL;
	int err = rtnl_link_get_kernel(sock, 0, name, &link);

	if (err || !change)
		return err ?: -NLE_NOMEM;
	if (mac && !nl_addr_parse(mac, AF_LLC, &addr)) {
		rtnl_link_set_addr(change, addr);
		nl_addr_put(addr);
	}
	rtnl_link_set_mtu(change, mtu);
	rtnl_link_set_flags(change, IFF_UP);
	err = rtnl_link_change(sock, link, change, 0);
	return err ? err : rtnl_link_get_ifindex(link);
}

int net_set_up(struct cni *c, const char *mac, const json_t *attachment)
{
	_cleanup_sock_ struct nl_sock *here = NULL;
	_cleanup_sock_ struct nl_sock *there = NULL;
	int mtu = json_integer_value(json_object_get(attachment, "mtu")), ifindex;

	if (open_here(c, &here) || net_open_there(c, &there))
		return -1;
	ifindex = bring_up(here, c->host_if, NULL, mtu);
	if (ifindex > 0)
		ifindex = bring_up(there, c->ifname, mac, mtu);
	if (ifindex < 0)
		return kernel_says(c, "cannot bring the interface up", ifindex);
	return fill(c, there, ifindex, attachment);
}

int net_del(struct cni *c, const char *host_if)
{
	_cleanup_sock_ struct nl_sock *sock = NULL;
	_cleanup_link_ struct rtnl_link *link = rtnl_link_alloc();
	int err;

	if (open_here(c, &sock))
		return -1;
	rtnl_link_set_name(link, host_if);
	err = rtnl_link_delete(sock, link);
	if (err == -NLE_NODEV || err == -NLE_OBJ_NOTFOUND)
		return 0;
	return err ? kernel_says(c, "cannot remove the interface", err) : 0;
}

void net_mac_text(struct rtnl_link *link, char mac[static 18])
{
	struct nl_addr *addr = rtnl_link_get_addr(link);

	mac[0] = '\0';
	if (addr && nl_addr_get_len(addr) == 6)
		nl_addr2str(addr, mac, 18);
}

void net_host_mac(const struct cni *c, char mac[static 18])
{
	_cleanup_link_ struct rtnl_link *link = NULL;
	_cleanup_sock_ struct nl_sock *sock = NULL;
	struct cni copy = *c;

	mac[0] = '\0';
	if (!open_here(&copy, &sock) && !rtnl_link_get_kernel(sock, 0, c->host_if, &link))
		net_mac_text(link, mac);
}

void net_inside_mac(const struct cni *c, char mac[static 18])
{
	_cleanup_link_ struct rtnl_link *link = NULL;
	_cleanup_sock_ struct nl_sock *sock = NULL;
	struct cni copy = *c;

	mac[0] = '\0';
	if (!net_open_there(&copy, &sock) && !rtnl_link_get_kernel(sock, 0, c->ifname, &link))
		net_mac_text(link, mac);
}

/* "weft" and eleven hexadecimal digits. */
static bool is_ours(const char *name)
{
	return name && !strncmp(name, "weft", 4) && strlen(name) == IFNAMSIZ - 1 &&
	       strspn(name + 4, "0123456789abcdef") == IFNAMSIZ - 5;
}

/* An alias that was never written is of an ADD that was killed at once. */
static bool is_left(const struct cni *c, struct rtnl_link *link, const json_t *valid)
{
	const char *alias = rtnl_link_get_ifalias(link);
	size_t len = strlen(c->name);

	if (!is_ours(rtnl_link_get_name(link)))
		return false;
	if (!alias || !*alias)
		return true;
	if (strncmp(alias, ALIAS, strlen(ALIAS)) != 0)
		return false;
	alias += strlen(ALIAS);
	return !strncmp(alias, c->name, len) && alias[len] == ' ' &&
	       !json_object_get(valid, alias + len + 1);
}

int net_leftovers(struct cni *c, const json_t *valid, json_t **names)
{
	_cleanup_sock_ struct nl_sock *sock = NULL;
	struct nl_cache *links = NULL;

	if (open_here(c, &sock))
		return -1;
	if (rtnl_link_alloc_cache(sock, AF_UNSPEC, &links))
		return cni_fail(&c->error, CNI_KERNEL, "cannot list interfaces", "%s", "");
	*names = json_array();
	for (struct nl_object *o = nl_cache_get_first(links); o; o = nl_cache_get_next(o)) {
		struct rtnl_link *link = (struct rtnl_link *)o;

		if (is_left(c, link, valid))
			json_array_append_new(*names, json_string(rtnl_link_get_name(link)));
	}
	nl_cache_free(links);
	return 0;
}
