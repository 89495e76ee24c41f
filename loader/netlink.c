/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Questions to the kernel's rtnetlink; see netlink.h. */
#include "netlink_parts.h"

#include <errno.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <stdlib.h>
#include <string.h>

#include <netlink/netlink.h>
#include <netlink/msg.h>
#include <netlink/route/route.h>
#include <netlink/route/nexthop.h>

#include "util.h"

/* The kernel fills messages as large as the buffer that it has seen us read with. */
#define DUMP_BUFFER (64 * 1024)

static void nl_socket_freep(struct nl_sock **sock)
{
	nl_socket_free(*sock);
}

int netlink_open(struct nl_sock **out)
{
	_cleanup_(nl_socket_freep) struct nl_sock *sock = nl_socket_alloc();
	int err;

	if (!sock)
		return -ENOMEM;
	nl_socket_disable_auto_ack(sock);
	err = nl_connect(sock, NETLINK_ROUTE);
	if (!err)
		err = nl_socket_set_msg_buf_size(sock, DUMP_BUFFER);
	if (err)
		return err == -NLE_NOMEM ? -ENOMEM : -EIO;
	nl_socket_disable_msg_peek(sock);
	*out = TAKE_PTR(sock);
	return 0;
}

/* The namespace changed while the kernel listed it: the list may be incomplete. */
#define DUMP_TRIES 10

struct dump {
	int (*take)(void *arg, struct nlmsghdr *message);
	void *arg;
	int err;
};

static int dump_message(struct nl_msg *msg, void *arg)
{
	struct dump *dump = arg;

	dump->err = dump->take(dump->arg, nlmsg_hdr(msg));
	return dump->err ? NL_STOP : NL_OK;
}

static int dump(int type, const void *header, size_t header_len, __u32 link_filter,
		struct dump *dump)
{
	_cleanup_(nl_socket_freep) struct nl_sock *sock = NULL;
	struct nl_msg *msg;
	int err;

	err = netlink_open(&sock);
	if (err)
		return err;
	nl_socket_modify_cb(sock, NL_CB_VALID, NL_CB_CUSTOM, dump_message, dump);

	msg = nlmsg_alloc_simple(type, NLM_F_DUMP);
	if (!msg)
		return -ENOMEM;
	err = nlmsg_append(msg, (void *)header, header_len, NLMSG_ALIGNTO);
	if (!err && link_filter)
		err = nla_put_u32(msg, IFLA_EXT_MASK, link_filter);
	if (!err)
		err = nl_send_auto(sock, msg);
	nlmsg_free(msg);
	if (err >= 0)
		err = nl_recvmsgs_default(sock);
	if (dump->err)
		return dump->err;
	if (err == -NLE_DUMP_INTR)
		return -EAGAIN;
	return err < 0 ? -EIO : 0;
}

static void set_kind(struct iface *iface, struct nlattr *info, unsigned short hardware)
{
	struct nlattr *attrs[IFLA_INFO_MAX + 1];

	if (!info || nla_parse_nested(attrs, IFLA_INFO_MAX, info, NULL) || !attrs[IFLA_INFO_KIND])
		return;
	nla_strlcpy(iface->type, attrs[IFLA_INFO_KIND], sizeof(iface->type));
	if (!strcmp(iface->type, "veth"))
		iface->kind = IFACE_VETH;
	else if (!strcmp(iface->type, "tun") && hardware == ARPHRD_ETHER) /* else layer 3 */
		iface->kind = IFACE_TAP;
}

static int grow_ifaces(struct ifaces *ifaces)
{
	size_t size = ifaces->size ? ifaces->size * 2 : 16;
	struct iface *v = reallocarray(ifaces->v, size, sizeof(*v));

	if (!v)
		return -ENOMEM;
	ifaces->v = v;
	ifaces->size = size;
	return 0;
}

int netlink_parse_link(struct nlmsghdr *message, struct iface *iface)
{
	const struct ifinfomsg *head = nlmsg_data(message);
	struct nlattr *attrs[IFLA_MAX + 1];

	if (nlmsg_parse(message, sizeof(*head), attrs, IFLA_MAX, NULL) || !attrs[IFLA_IFNAME])
		return -EBADMSG;
	*iface = (struct iface){
		.ifindex = head->ifi_index,
		.loopback = head->ifi_flags & IFF_LOOPBACK,
		.up = head->ifi_flags & IFF_UP,
		.promisc = head->ifi_flags & IFF_PROMISC,
		.mtu = attrs[IFLA_MTU] ? nla_get_u32(attrs[IFLA_MTU]) : 0,
		.master = attrs[IFLA_MASTER] ? nla_get_u32(attrs[IFLA_MASTER]) : 0,
		.peer_elsewhere = attrs[IFLA_LINK_NETNSID],
	};
	nla_strlcpy(iface->name, attrs[IFLA_IFNAME], sizeof(iface->name));
	set_kind(iface, attrs[IFLA_LINKINFO], head->ifi_type);
	return 0;
}

static int take_link(void *arg, struct nlmsghdr *message)
{
	struct ifaces *ifaces = arg;
	int err;

	if (message->nlmsg_type != RTM_NEWLINK)
		return 0;
	if (ifaces->n == ifaces->size && grow_ifaces(ifaces))
		return -ENOMEM;
	err = netlink_parse_link(message, &ifaces->v[ifaces->n]);
	ifaces->n += !err;
	return err;
}

static int index_ifaces(struct ifaces *ifaces)
{
	int err = 0;

	for (size_t i = 0; i < ifaces->n && !err; i++) {
		const struct iface *iface = &ifaces->v[i];

		err = set_add(&ifaces->by_name, iface->name, strlen(iface->name), i, NULL);
		if (!err)
			err = set_add(&ifaces->by_index, &iface->ifindex, sizeof(iface->ifindex), i,
				      NULL);
		if (err == -EEXIST) /* renamed during the dump */
			err = -EAGAIN;
	}
	return err;
}

int ifaces_read(struct ifaces *ifaces)
{
	const struct ifinfomsg head = {};
	int err = -EAGAIN;

	for (int i = 0; i < DUMP_TRIES && err == -EAGAIN; i++) {
		struct dump links = {.take = take_link, .arg = ifaces};

		ifaces_clear(ifaces);
		err = dump(RTM_GETLINK, &head, sizeof(head), RTEXT_FILTER_SKIP_STATS, &links);
		if (!err)
			err = index_ifaces(ifaces);
	}
	if (err)
		ifaces_clear(ifaces);
	return err;
}

void ifaces_clear(struct ifaces *ifaces)
{
	free(ifaces->v);
	set_clear(&ifaces->by_name);
	set_clear(&ifaces->by_index);
	*ifaces = (struct ifaces){};
}

const struct iface *ifaces_find(const struct ifaces *ifaces, const char *name)
{
	size_t i;

	return set_find(&ifaces->by_name, name, strlen(name), &i) ? &ifaces->v[i] : NULL;
}

const struct iface *ifaces_find_index(const struct ifaces *ifaces, __u32 ifindex)
{
	size_t i;

	return set_find(&ifaces->by_index, &ifindex, sizeof(ifindex), &i) ? &ifaces->v[i] : NULL;
}

struct address_search {
	const struct in6_addr *addrs;
	size_t n;
	bool *found;
};

static void map_address(struct in6_addr *addr, int family, const void *bytes)
{
	if (family == AF_INET6) {
		memcpy(addr, bytes, sizeof(*addr));
		return;
	}
	*addr = (struct in6_addr){.s6_addr = {[10] = 0xff, [11] = 0xff}};
	memcpy(&addr->s6_addr[12], bytes, sizeof(struct in_addr));
}

static int take_address(void *arg, struct nlmsghdr *message)
{
	const struct address_search *search = arg;
	const struct ifaddrmsg *head = nlmsg_data(message);
	struct nlattr *attrs[IFA_MAX + 1], *attr;
	struct in6_addr addr;
	int len = head->ifa_family == AF_INET6 ? sizeof(struct in6_addr) : sizeof(struct in_addr);

	if (message->nlmsg_type != RTM_NEWADDR ||
	    (head->ifa_family != AF_INET && head->ifa_family != AF_INET6))
		return 0;
	if (nlmsg_parse(message, sizeof(*head), attrs, IFA_MAX, NULL))
		return -EBADMSG;
	/* On a point-to-point link IFA_ADDRESS is the other end's. */
	attr = attrs[IFA_LOCAL] ? attrs[IFA_LOCAL] : attrs[IFA_ADDRESS];
	if (!attr || nla_len(attr) != len)
		return 0;

	map_address(&addr, head->ifa_family, nla_data(attr));
	for (size_t i = 0; i < search->n; i++)
		if (IN6_ARE_ADDR_EQUAL(&addr, &search->addrs[i]))
			search->found[i] = true;
	return 0;
}

int local_addresses(const struct in6_addr *addrs, size_t n, bool *found)
{
	struct address_search search = {.addrs = addrs, .n = n, .found = found};
	const struct ifaddrmsg head = {};
	int err = -EAGAIN;

	memset(found, 0, n * sizeof(*found));
	for (int i = 0; i < DUMP_TRIES && err == -EAGAIN; i++) {
		struct dump addresses = {.take = take_address, .arg = &search};

		err = dump(RTM_GETADDR, &head, sizeof(head), 0, &addresses);
	}
	return err;
}

static int count_filter(void *arg, struct nlmsghdr *message)
{
	size_t *n = arg;

	*n += message->nlmsg_type == RTM_NEWTFILTER;
	return 0;
}

int clsact_filters(__u32 ifindex, size_t *n)
{
	static const __u32 directions[] = {TC_H_MIN_INGRESS, TC_H_MIN_EGRESS};
	size_t count = 0;
	int err = 0;

	for (size_t i = 0; i < ARRAY_SIZE(directions) && !err; i++) {
		struct dump filters = {.take = count_filter, .arg = &count};
		struct tcmsg head = {
			.tcm_family = AF_UNSPEC,
			.tcm_ifindex = ifindex,
			.tcm_parent = TC_H_MAKE(TC_H_CLSACT, directions[i]),
		};

		err = dump(RTM_GETTFILTER, &head, sizeof(head), 0, &filters);
	}
	if (!err)
		*n = count;
	return err;
}

/** struct routes - a socket to ask by. */
struct routes {
	struct nl_sock *sock;
};

int routes_open(struct routes **out)
{
	_cleanup_free_ struct routes *routes = calloc(1, sizeof(*routes));
	int err;

	if (!routes)
		return -ENOMEM;
	err = netlink_open(&routes->sock);
	if (!err)
		*out = TAKE_PTR(routes);
	return err;
}

void routes_close(struct routes *routes)
{
	if (!routes)
		return;
	nl_socket_free(routes->sock);
	free(routes);
}

static struct nl_addr *to_nl_addr(const struct in6_addr *addr)
{
	if (IN6_IS_ADDR_V4MAPPED(addr))
		return nl_addr_build(AF_INET, &addr->s6_addr[12], sizeof(struct in_addr));
	return nl_addr_build(AF_INET6, addr, sizeof(*addr));
}

int routes_out(struct routes *routes, const struct in6_addr *addr, __u32 *ifindex)
{
	struct nl_addr *dst = to_nl_addr(addr);
	struct rtnl_route *route = NULL;
	struct rtnl_nexthop *hop = NULL;
	int err;

	if (!dst)
		return -ENOMEM;
	err = rtnl_route_lookup(routes->sock, dst, &route);
	nl_addr_put(dst);
	if (err)
		return err == -NLE_NOMEM ? -ENOMEM : -ENETUNREACH;

	if (rtnl_route_get_type(route) == RTN_UNICAST)
		hop = rtnl_route_nexthop_n(route, 0);
	if (hop)
		*ifindex = rtnl_route_nh_get_ifindex(hop);
	else
		err = -ENETUNREACH;
	rtnl_route_put(route);
	return err;
}
