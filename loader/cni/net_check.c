/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Is a container's interface still as ADD left it? See cni.h. */
#include <string.h>
#include <strings.h>

#include <netlink/route/addr.h>
#include <netlink/route/nexthop.h>
#include <netlink/route/route.h>

#include "net_parts.h"

static bool has_address(struct nl_cache *cache, int ifindex, const char *text)
{
	struct nl_addr *want = net_parse(text);
	bool found = false;

	for (struct nl_object *o = nl_cache_get_first(cache); o && want && !found;
	     o = nl_cache_get_next(o)) {
		struct rtnl_addr *addr = (struct rtnl_addr *)o;
		struct nl_addr *local = rtnl_addr_get_local(addr);

		found = rtnl_addr_get_ifindex(addr) == ifindex && local &&
			!nl_addr_cmp(local, want) &&
			rtnl_addr_get_prefixlen(addr) == (int)nl_addr_get_prefixlen(want);
	}
	nl_addr_put(want);
	return found;
}

static bool has_route(struct nl_cache *cache, int ifindex, const char *dst)
{
	struct nl_addr *want = net_parse(dst);
	bool found = false;

	for (struct nl_object *o = nl_cache_get_first(cache); o && want && !found;
	     o = nl_cache_get_next(o)) {
		struct rtnl_route *route = (struct rtnl_route *)o;
		struct rtnl_nexthop *hop = rtnl_route_nexthop_n(route, 0);
		struct nl_addr *to = rtnl_route_get_dst(route);

		found = hop && rtnl_route_nh_get_ifindex(hop) == ifindex && to &&
			nl_addr_get_family(to) == nl_addr_get_family(want) &&
			nl_addr_get_prefixlen(to) == nl_addr_get_prefixlen(want) &&
			(!nl_addr_get_prefixlen(want) || !nl_addr_cmp(to, want));
	}
	nl_addr_put(want);
	return found;
}

/* Does entry @item of a result stand for the container's interface? */
static bool is_inside(const struct cni *c, const json_t *result, const json_t *item)
{
	const json_t *index = json_object_get(item, "interface");
	const json_t *interface =
		json_array_get(json_object_get(result, "interfaces"), json_integer_value(index));
	const char *name = json_string_value(json_object_get(interface, "name"));

	return !json_is_integer(index) || !interface || (name && !strcmp(name, c->ifname));
}

static int check_link(struct cni *c, struct nl_sock *sock, const char *mac, int *ifindex)
{
	_cleanup_link_ struct rtnl_link *link = NULL;
	char own[18];

	if (rtnl_link_get_kernel(sock, 0, c->ifname, &link))
		return cni_fail(&c->error, CNI_DIFFERS, "the interface is gone",
				"there is no %s in the container", c->ifname);
	*ifindex = rtnl_link_get_ifindex(link);
	net_mac_text(link, own);
	if (mac && strcasecmp(mac, own) != 0)
		return cni_fail(&c->error, CNI_DIFFERS, "the MAC address differs",
				"%s has %s instead of %s", c->ifname, own, mac);
	if (!(rtnl_link_get_flags(link) & IFF_UP))
		return cni_fail(&c->error, CNI_DIFFERS, "the interface is down", "%s", c->ifname);
	return 0;
}

static int check_result(struct cni *c, struct nl_sock *sock, int ifindex, const json_t *result)
{
	struct nl_cache *addresses = NULL, *routes = NULL;
	const json_t *item;
	int err = 0;
	size_t i;

	if (rtnl_addr_alloc_cache(sock, &addresses) ||
	    rtnl_route_alloc_cache(sock, AF_UNSPEC, 0, &routes))
		err = cni_fail(&c->error, CNI_KERNEL, "cannot list addresses and routes", "%s",
			       c->ifname);
	json_array_foreach (json_object_get(result, "ips"), i, item) {
		const char *text = json_string_value(json_object_get(item, "address"));

		if (!err && is_inside(c, result, item) && !has_address(addresses, ifindex, text))
			err = cni_fail(&c->error, CNI_DIFFERS, "an address is gone",
				       "%s lacks %.60s", c->ifname, text ?: "?");
	}
	json_array_foreach (json_object_get(result, "routes"), i, item) {
		const char *dst = json_string_value(json_object_get(item, "dst"));

		if (!err && !has_route(routes, ifindex, dst))
			err = cni_fail(&c->error, CNI_DIFFERS, "a route is gone", "%.60s",
				       dst ?: "?");
	}
	nl_cache_free(addresses);
	nl_cache_free(routes);
	return err;
}

int net_check(struct cni *c, const char *mac, const json_t *result)
{
	_cleanup_sock_ struct nl_sock *sock = NULL;
	int ifindex = 0;

	if (net_open_there(c, &sock) || check_link(c, sock, mac, &ifindex))
		return -1;
	return check_result(c, sock, ifindex, result);
}
