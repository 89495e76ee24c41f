/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Host ports; see host_ports.h. */
#include "host_ports.h"

#include <errno.h>
#include <linux/if.h>
#include <linux/if_addr.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <netlink/route/addr.h>
#include <netlink/route/link/inet6.h>
#include <netlink/route/link/veth.h>

#include <weft/abi.h>

#include "compile.h"
#include "config.h"
#include "devices_parts.h"
#include "plan.h"
#include "pool.h"
#include "util.h"
#include "value.h"

/** struct mark - alias of a port's end. */
struct mark {
	char s[sizeof("weft host port of ") + WEFT_NAME_LEN];
};

static struct mark mark_of(const char *node)
{
	struct mark mark;

	snprintf(mark.s, sizeof(mark.s), "weft host port of %s", node);
	return mark;
}

static bool is_host_port(const struct cfg_port *port, const struct cfg_node *node)
{
	return port->host_interface.v && port->interface.v && !strcmp(port->node.v, node->name.v);
}

static int get_link(struct nl_sock *sock, const char *name, struct rtnl_link **link)
{
	return devices_errno(rtnl_link_get_kernel(sock, 0, name, link));
}

static int delete_link(struct nl_sock *sock, const char *name)
{
	_cleanup_(rtnl_link_putp) struct rtnl_link *link = rtnl_link_alloc();
	int err;

	if (!link)
		return -ENOMEM;
	rtnl_link_set_name(link, name);
	err = devices_errno(rtnl_link_delete(sock, link));
	return err == -ENODEV ? 0 : err;
}

static int make(struct nl_sock *sock, const struct cfg_port *port, const char *node)
{
	_cleanup_(rtnl_link_putp) struct rtnl_link *link = rtnl_link_veth_alloc();
	struct rtnl_link *peer;
	struct nl_addr *mac;
	int err;

	if (!link)
		return -ENOMEM;
	mac = nl_addr_build(AF_LLC, port->mac.v, sizeof(port->mac.v));
	peer = rtnl_link_veth_get_peer(link);
	rtnl_link_set_name(link, port->interface.v);
	rtnl_link_set_name(peer, port->host_interface.v);
	rtnl_link_set_addr(peer, mac);
	nl_addr_put(mac);
	rtnl_link_put(peer);
	err = devices_errno(rtnl_link_add(sock, link, NLM_F_CREATE | NLM_F_EXCL));
	return err ? err : devices_settle(sock, port->interface.v, mark_of(node).s);
}

/*
 * Without an alias, down, and with the other end as make() makes it, MAC address and all: what a
 * weft that was killed has just made. Any other one without is somebody's.
 */
static bool is_half_made(struct rtnl_link *link, struct rtnl_link *host,
			 const struct cfg_port *port)
{
	struct nl_addr *mac = host ? rtnl_link_get_addr(host) : NULL;
	const char *alias = rtnl_link_get_ifalias(link);

	return (!alias || !*alias) && !(rtnl_link_get_flags(link) & IFF_UP) && mac &&
	       nl_addr_get_len(mac) == sizeof(port->mac.v) &&
	       !memcmp(nl_addr_get_binary_addr(mac), port->mac.v, sizeof(port->mac.v));
}

/* There, ours, and with the other end that it should have? Else ours goes. */
static int look(struct nl_sock *sock, const struct cfg_port *port, const char *node, bool *there)
{
	_cleanup_(rtnl_link_putp) struct rtnl_link *link = NULL;
	_cleanup_(rtnl_link_putp) struct rtnl_link *host = NULL;
	int err = get_link(sock, port->interface.v, &link);
	const char *alias;

	*there = false;
	if (err)
		return err == -ENODEV ? 0 : err;
	err = get_link(sock, port->host_interface.v, &host);
	if (err && err != -ENODEV)
		return err;
	*there = !err && rtnl_link_get_link(link) == rtnl_link_get_ifindex(host);
	alias = rtnl_link_get_ifalias(link);
	if (alias && !strcmp(alias, mark_of(node).s))
		return *there ? 0 : delete_link(sock, port->interface.v);
	if (*there && is_half_made(link, host, port))
		return devices_settle(sock, port->interface.v, mark_of(node).s);
	return -EEXIST;
}

/* What was being done when the first thing failed. */
static void say(char **what, const struct cfg_port *port, const char *verb)
{
	if (!*what &&
	    asprintf(what, "%s %s, host port %s", verb, port->host_interface.v, port->name.v) < 0)
		*what = NULL;
}

static int bring(struct nl_sock *sock, const struct cfg_port *port, const char *node,
		 struct set *made)
{
	bool there;
	int err = look(sock, port, node, &there);

	if (err || there)
		return err;
	err = make(sock, port, node);
	if (!err)
		err = set_add(made, port->interface.v, strlen(port->interface.v), 0, NULL);
	return err;
}

int host_ports_bring(const struct config *cfg, const struct cfg_node *node, struct set *made,
		     char **what)
{
	_cleanup_(nl_socket_freep) struct nl_sock *sock = NULL;
	int err = 0;

	for (size_t i = 0; i < cfg->ports.n && !err; i++) {
		const struct cfg_port *port = &cfg->ports.v[i];

		if (!is_host_port(port, node))
			continue;
		if (!sock)
			err = devices_open(&sock);
		if (!err)
			err = bring(sock, port, node->name.v, made);
		if (err)
			say(what, port, "make");
	}
	return err;
}

void host_ports_take_back(const struct config *cfg, const struct cfg_node *node,
			  const struct set *made)
{
	_cleanup_(nl_socket_freep) struct nl_sock *sock = NULL;

	if (!made->n || devices_open(&sock))
		return;
	for (size_t i = 0; i < cfg->ports.n; i++) {
		const char *name = cfg->ports.v[i].interface.v;

		if (is_host_port(&cfg->ports.v[i], node) &&
		    set_find(made, name, strlen(name), NULL))
			delete_link(sock, name);
	}
}

static struct nl_addr *build(const struct in6_addr *addr, unsigned int len)
{
	bool ipv4 = value_is_ipv4(addr);
	struct nl_addr *a = ipv4 ? nl_addr_build(AF_INET, addr->s6_addr + 12, 4)
				 : nl_addr_build(AF_INET6, addr, 16);

	if (a)
		nl_addr_set_prefixlen(a, len);
	return a;
}

static struct nl_addr *wanted_addr(const struct cfg_network *network, const struct in6_addr *addr)
{
	const struct cfg_addr *subnet = pool_subnet(network, addr);

	return build(addr, subnet ? subnet->prefix_len : value_is_ipv4(addr) ? 32 : 128);
}

static bool is_wanted(const struct cfg_port *port, const struct cfg_network *network,
		      struct rtnl_addr *have)
{
	struct nl_addr *local = rtnl_addr_get_local(have), *want;
	bool found = rtnl_addr_get_scope(have) == RT_SCOPE_LINK; /* the kernel's own */

	for (size_t i = 0; i < port->addresses.n && !found; i++) {
		want = wanted_addr(network, &port->addresses.v[i].v);
		found = want && local && !nl_addr_cmp(want, local);
		nl_addr_put(want);
	}
	return found;
}

static int add_address(struct nl_sock *sock, int ifindex, const struct cfg_network *network,
		       const struct in6_addr *addr)
{
	struct nl_addr *local = wanted_addr(network, addr);
	struct rtnl_addr *a = rtnl_addr_alloc();
	int err = -ENOMEM;

	if (a && local) {
		rtnl_addr_set_ifindex(a, ifindex);
		rtnl_addr_set_local(a, local);
		rtnl_addr_set_flags(a, IFA_F_NODAD);
		err = devices_errno(rtnl_addr_add(sock, a, NLM_F_EXCL));
	}
	nl_addr_put(local);
	rtnl_addr_put(a);
	return err == -EEXIST ? 0 : err;
}

/* Others first: one address may have been given another prefix length. With an address the kernel
 * removes those that came after it in its subnet, so some may have gone already. */
static int settle_addresses(struct nl_sock *sock, const struct cfg_port *port,
			    const struct cfg_network *network, int ifindex)
{
	struct nl_cache *cache = NULL;
	int err = devices_errno(rtnl_addr_alloc_cache(sock, &cache));

	for (struct nl_object *o = err ? NULL : nl_cache_get_first(cache); o && !err;
	     o = nl_cache_get_next(o)) {
		struct rtnl_addr *have = (struct rtnl_addr *)o;

		if (rtnl_addr_get_ifindex(have) == ifindex && !is_wanted(port, network, have))
			err = devices_errno(rtnl_addr_delete(sock, have, 0));
		if (err == -EADDRINUSE) /* EADDRNOTAVAIL */
			err = 0;
	}
	nl_cache_free(cache);
	for (size_t i = 0; i < port->addresses.n && !err; i++)
		err = add_address(sock, ifindex, network, &port->addresses.v[i].v);
	return err;
}

/* Only what differs: a change is an event for the agent, which would look again. */
static int settle_link(struct nl_sock *sock, const char *name, const struct cfg_port *port,
		       unsigned int mtu, int *ifindex)
{
	_cleanup_(rtnl_link_putp) struct rtnl_link *change = rtnl_link_alloc();
	_cleanup_(rtnl_link_putp) struct rtnl_link *link = NULL;
	int err = get_link(sock, name, &link);
	bool differs = false;
	struct nl_addr *mac;

	if (err || !change)
		return err ?: -ENOMEM;
	*ifindex = rtnl_link_get_ifindex(link);
	mac = port ? nl_addr_build(AF_LLC, port->mac.v, sizeof(port->mac.v)) : NULL;
	if (mac && memcmp(nl_addr_get_binary_addr(rtnl_link_get_addr(link)), port->mac.v,
			  sizeof(port->mac.v)) != 0) {
		rtnl_link_set_addr(change, mac);
		differs = true;
	}
	nl_addr_put(mac);
	if (mtu && rtnl_link_get_mtu(link) != mtu) {
		rtnl_link_set_mtu(change, mtu);
		differs = true;
	}
	if (!(rtnl_link_get_flags(link) & IFF_UP)) {
		rtnl_link_set_flags(change, IFF_UP);
		differs = true;
	}
	return differs ? devices_errno(rtnl_link_change(sock, link, change, 0)) : 0;
}

/* As compiled; 0 where nothing bounds it. */
static unsigned int mtu_of(const struct plan *done, const char *network)
{
	const struct table *names = &done->wanted.t[TABLE_NET_INFO];

	for (size_t i = 0; i < names->rows.n; i++) {
		const struct weft_network_info *info = table_value(names, i);
		const struct weft_network *row;

		if (strcmp(info->name, network) != 0)
			continue;
		row = table_get(&done->wanted.t[TABLE_NETWORKS], table_key(names, i));
		return row && row->mtu != COMPILE_NO_MTU ? row->mtu : 0;
	}
	return 0;
}

static int settle(struct nl_sock *sock, const struct plan *done, const struct cfg_port *port,
		  char **what)
{
	const struct cfg_network *network = config_find_network(done->cfg, port->network.v);
	unsigned int mtu = mtu_of(done, port->network.v);
	int ifindex, err;

	err = settle_link(sock, port->interface.v, NULL, mtu, &ifindex);
	if (!err)
		err = settle_link(sock, port->host_interface.v, port, mtu, &ifindex);
	if (err)
		say(what, port, "set up");
	if (!err) {
		err = settle_addresses(sock, port, network, ifindex);
		if (err)
			say(what, port, "set addresses of");
	}
	return err;
}

static bool is_kept(const struct config *cfg, const struct cfg_node *node, const char *name)
{
	for (size_t i = 0; cfg && i < cfg->ports.n; i++)
		if (is_host_port(&cfg->ports.v[i], node) &&
		    !strcmp(cfg->ports.v[i].interface.v, name))
			return true;
	return false;
}

/* @cfg NULL: all of them. */
static int prune(struct nl_sock *sock, const struct config *cfg, const struct cfg_node *node,
		 const char *name)
{
	const struct mark mark = mark_of(name);
	struct nl_cache *links = NULL;
	int err = devices_errno(rtnl_link_alloc_cache(sock, AF_UNSPEC, &links)), one;

	for (struct nl_object *o = err ? NULL : nl_cache_get_first(links); o;
	     o = nl_cache_get_next(o)) {
		struct rtnl_link *link = (struct rtnl_link *)o;
		const char *alias = rtnl_link_get_ifalias(link);

		if (!alias || strcmp(alias, mark.s) != 0 ||
		    is_kept(cfg, node, rtnl_link_get_name(link)))
			continue;
		one = delete_link(sock, rtnl_link_get_name(link));
		err = err ?: one;
	}
	nl_cache_free(links);
	return err;
}

int host_ports_settle(const struct plan *done, char **what)
{
	const struct config *cfg = done->cfg;
	_cleanup_(nl_socket_freep) struct nl_sock *sock = NULL;
	int err = devices_open(&sock), one;

	if (err)
		return err;
	for (size_t i = 0; i < cfg->ports.n; i++) {
		if (!is_host_port(&cfg->ports.v[i], done->node))
			continue;
		one = settle(sock, done, &cfg->ports.v[i], what);
		err = err ?: one;
	}
	one = prune(sock, cfg, done->node, done->node->name.v);
	return err ?: one;
}

int host_ports_remove(const char *node)
{
	_cleanup_(nl_socket_freep) struct nl_sock *sock = NULL;
	int err = devices_open(&sock);

	return err ? err : prune(sock, NULL, NULL, node);
}
