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

/* @ifindex: 0 = whichever. */
static bool is_route(struct rtnl_route *route, struct nl_addr *to, struct nl_addr *via, int ifindex)
{
	struct rtnl_nexthop *hop = rtnl_route_nexthop_n(route, 0);
	struct nl_addr *dst = rtnl_route_get_dst(route);
	struct nl_addr *gw = hop ? rtnl_route_nh_get_gateway(hop) : NULL;

	if (!hop || !dst || (ifindex && rtnl_route_nh_get_ifindex(hop) != ifindex))
		return false;
	if (via && (!gw || nl_addr_cmp(gw, via)))
		return false;
	return nl_addr_get_family(dst) == nl_addr_get_family(to) &&
	       nl_addr_get_prefixlen(dst) == nl_addr_get_prefixlen(to) &&
	       (!nl_addr_get_prefixlen(to) || !nl_addr_cmp(dst, to));
}

static bool has_route(struct nl_cache *cache, int ifindex, const json_t *item)
{
	struct nl_addr *to = net_parse(json_string_value(json_object_get(item, "dst")));
	struct nl_addr *via = net_parse(json_string_value(json_object_get(item, "gw")));
	bool found = false;

	for (struct nl_object *o = nl_cache_get_first(cache); o && to && !found;
	     o = nl_cache_get_next(o))
		found = is_route((struct rtnl_route *)o, to, via, ifindex);
	nl_addr_put(to);
	nl_addr_put(via);
	return found;
}

static const char *name_of(const json_t *result, json_int_t index)
{
	const json_t *list = json_object_get(result, "interfaces");

	return json_string_value(json_object_get(json_array_get(list, index), "name")) ?: "";
}

bool net_is_own(const struct cni *c, const json_t *result, const json_t *ip)
{
	const json_t *index = json_object_get(ip, "interface");

	return !json_is_integer(index) ||
	       !strcmp(name_of(result, json_integer_value(index)), c->ifname);
}

/* Another plugin of the chain may have given the container another interface. A route does not say
 * which one it takes. */
static bool is_alone(const struct cni *c, const json_t *result)
{
	const json_t *list = json_object_get(result, "interfaces"), *item;
	size_t i;

	json_array_foreach (list, i, item)
		if (json_object_get(item, "sandbox") && strcmp(name_of(result, i), c->ifname) != 0)
			return false;
	return true;
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

		if (!err && net_is_own(c, result, item) && !has_address(addresses, ifindex, text))
			err = cni_fail(&c->error, CNI_DIFFERS, "an address is gone",
				       "%s lacks %.60s", c->ifname, text ?: "?");
	}
	json_array_foreach (json_object_get(result, "routes"), i, item) {
		if (!err && !has_route(routes, is_alone(c, result) ? ifindex : 0, item))
			err = cni_fail(&c->error, CNI_DIFFERS, "a route is gone", "to %.60s",
				       json_string_value(json_object_get(item, "dst")) ?: "?");
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
