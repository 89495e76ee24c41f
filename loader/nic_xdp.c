/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* What a driver says about XDP, by the kernel's generic netlink family "netdev"; see nic.h. */
#include "nic.h"

#include <errno.h>
#include <linux/genetlink.h>

#include <netlink/attr.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>

#include "devices_parts.h"
#include "util.h"

/* Newer than Debian 12's headers; include/uapi/linux/netdev.h of Linux 6.3. */
#define FAMILY                "netdev"
#define FAMILY_VERSION        1
#define CMD_DEV_GET           1
#define ATTR_DEV_IFINDEX      1
#define ATTR_DEV_XDP_FEATURES 3
#define ATTR_DEV_MAX          ATTR_DEV_XDP_FEATURES
#define FEATURE_BASIC         0x1 /* PASS, DROP, TX, ABORTED */
#define FEATURE_RX_SG         0x20

/** struct answer - one attribute of a reply. @attr: its number; @length: that it has to have. */
struct answer {
	int attr;
	int length;
	__u64 value;
	bool got;
};

static int take(struct nl_msg *msg, void *arg)
{
	struct nlattr *attrs[CTRL_ATTR_MAX + 1];
	struct answer *answer = arg;

	_Static_assert(CTRL_ATTR_MAX >= ATTR_DEV_MAX, "attrs");
	if (nlmsg_parse(nlmsg_hdr(msg), GENL_HDRLEN, attrs, CTRL_ATTR_MAX, NULL) ||
	    !attrs[answer->attr] || nla_len(attrs[answer->attr]) != answer->length)
		return NL_SKIP;
	answer->value = answer->length == sizeof(__u16) ? nla_get_u16(attrs[answer->attr])
							: nla_get_u64(attrs[answer->attr]);
	answer->got = true;
	return NL_SKIP;
}

/* Sends @msg, which stays the caller's. Return: 0 if @answer has come. */
static int ask(struct nl_sock *sock, struct nl_msg *msg, struct answer *answer)
{
	int err;

	nl_socket_modify_cb(sock, NL_CB_VALID, NL_CB_CUSTOM, take, answer);
	err = nl_send_auto(sock, msg);
	if (err >= 0)
		err = nl_recvmsgs_default(sock); /* the answer */
	if (err >= 0 && answer->got)
		err = nl_wait_for_ack(sock);
	return err < 0 || !answer->got ? -ENOENT : 0;
}

static struct nl_msg *request(int type, const struct genlmsghdr *head)
{
	struct nl_msg *msg = nlmsg_alloc_simple(type, NLM_F_REQUEST | NLM_F_ACK);

	if (msg && nlmsg_append(msg, (void *)head, sizeof(*head), NLMSG_ALIGNTO)) {
		nlmsg_free(msg);
		return NULL;
	}
	return msg;
}

static void msg_freep(struct nl_msg **msg)
{
	if (*msg)
		nlmsg_free(*msg);
}

static int find_family(struct nl_sock *sock, __u16 *family)
{
	const struct genlmsghdr head = {.cmd = CTRL_CMD_GETFAMILY, .version = 1};
	struct answer answer = {.attr = CTRL_ATTR_FAMILY_ID, .length = sizeof(*family)};
	_cleanup_(msg_freep) struct nl_msg *msg = request(GENL_ID_CTRL, &head);
	int err;

	if (!msg || nla_put_string(msg, CTRL_ATTR_FAMILY_NAME, FAMILY))
		return -ENOMEM;
	err = ask(sock, msg, &answer);
	*family = answer.value;
	return err;
}

static int read_features(struct nl_sock *sock, __u16 family, __u32 ifindex, __u64 *features)
{
	const struct genlmsghdr head = {.cmd = CMD_DEV_GET, .version = FAMILY_VERSION};
	struct answer answer = {.attr = ATTR_DEV_XDP_FEATURES, .length = sizeof(*features)};
	_cleanup_(msg_freep) struct nl_msg *msg = request(family, &head);
	int err;

	if (!msg || nla_put_u32(msg, ATTR_DEV_IFINDEX, ifindex))
		return -ENOMEM;
	err = ask(sock, msg, &answer);
	*features = answer.value;
	return err;
}

enum nic_xdp nic_read_xdp(__u32 ifindex)
{
	_cleanup_(nl_socket_freep) struct nl_sock *sock = nl_socket_alloc();
	__u64 features = 0;
	__u16 family = 0;

	if (!sock || nl_connect(sock, NETLINK_GENERIC) || find_family(sock, &family) ||
	    read_features(sock, family, ifindex, &features))
		return NIC_XDP_UNTOLD;
	if (!(features & FEATURE_BASIC))
		return NIC_XDP_NONE;
	return features & FEATURE_RX_SG ? NIC_XDP_FRAGS : NIC_XDP_BASIC;
}
