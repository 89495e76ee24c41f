/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* An interface's driver and features, by ethtool's ioctl; see nic.h. */
#include "nic.h"

#include <errno.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "util.h"

#define BLOCK_BITS 32 /* features come in blocks of so many */
#define NO_PLACE   (~0u)

const char *nic_feature_name(enum nic_feature feature)
{
	/* net/ethtool/common.c of the kernel; "generic-receive-offload" is ethtool's word for the
	 * first. */
	static const char *const names[__NIC_FEATURE_MAX] = {
		[NIC_GRO] = "rx-gro",
		[NIC_CSUM_IPV4] = "tx-checksum-ipv4",
		[NIC_CSUM_IPV6] = "tx-checksum-ipv6",
		[NIC_CSUM_GENERIC] = "tx-checksum-ip-generic",
		[NIC_UDP_TUNNEL] = "tx-udp_tnl-segmentation",
		[NIC_UDP_TUNNEL_CSUM] = "tx-udp_tnl-csum-segmentation",
		[NIC_GRE] = "tx-gre-segmentation",
		[NIC_GRE_CSUM] = "tx-gre-csum-segmentation",
	};

	return names[feature];
}

/**
 * struct ask - questions about one interface.
 * @place: by feature: its number in the kernel, NO_PLACE if it has none by that name.
 * @blocks: that the kernel's features take.
 */
struct ask {
	struct ifreq ifr;
	int fd;
	__u32 place[__NIC_FEATURE_MAX];
	__u32 blocks;
};

static int ask(struct ask *a, void *command)
{
	a->ifr.ifr_data = command;
	return ioctl(a->fd, SIOCETHTOOL, &a->ifr) < 0 ? -errno : 0;
}

static int count_names(struct ask *a, __u32 *n)
{
	_cleanup_free_ struct ethtool_sset_info *sets = calloc(1, sizeof(*sets) + sizeof(*n));
	int err;

	if (!sets)
		return -ENOMEM;
	sets->cmd = ETHTOOL_GSSET_INFO;
	sets->sset_mask = 1ULL << ETH_SS_FEATURES;
	err = ask(a, sets);
	if (!err && !sets->sset_mask)
		err = -EOPNOTSUPP;
	*n = sets->data[0];
	return err;
}

static void find_places(struct ask *a, const __u8 *names, __u32 n)
{
	for (int f = 0; f < __NIC_FEATURE_MAX; f++) {
		a->place[f] = NO_PLACE;
		for (__u32 i = 0; i < n; i++)
			if (!strncmp((const char *)names + (size_t)i * ETH_GSTRING_LEN,
				     nic_feature_name(f), ETH_GSTRING_LEN))
				a->place[f] = i;
	}
}

/* The kernel's numbers of features are no promise of its; their names are. */
static int ask_places(struct ask *a)
{
	_cleanup_free_ struct ethtool_gstrings *strings = NULL;
	__u32 n = 0;
	int err = count_names(a, &n);

	if (err)
		return err;
	strings = calloc(1, sizeof(*strings) + (size_t)n * ETH_GSTRING_LEN);
	if (!strings)
		return -ENOMEM;
	*strings = (struct ethtool_gstrings){
		.cmd = ETHTOOL_GSTRINGS, .string_set = ETH_SS_FEATURES, .len = n};
	err = ask(a, strings);
	if (err)
		return err;
	find_places(a, strings->data, n);
	a->blocks = (n + BLOCK_BITS - 1) / BLOCK_BITS;
	return 0;
}

static int begin(struct ask *a, const char *interface)
{
	*a = (struct ask){};
	a->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (a->fd < 0)
		return -errno;
	snprintf(a->ifr.ifr_name, sizeof(a->ifr.ifr_name), "%s", interface);
	return 0;
}

static void endp(struct ask *a)
{
	closep(&a->fd);
}

static int ask_features(struct ask *a, struct nic *nic)
{
	_cleanup_free_ struct ethtool_gfeatures *features = NULL;
	int err;

	features = calloc(1, sizeof(*features) + a->blocks * sizeof(features->features[0]));
	if (!features)
		return -ENOMEM;
	features->cmd = ETHTOOL_GFEATURES;
	features->size = a->blocks;
	err = ask(a, features);
	if (err)
		return err;
	for (int f = 0; f < __NIC_FEATURE_MAX; f++) {
		const struct ethtool_get_features_block *block;
		__u32 bit;

		if (a->place[f] == NO_PLACE)
			continue;
		block = &features->features[a->place[f] / BLOCK_BITS];
		bit = 1u << a->place[f] % BLOCK_BITS;
		if (block->active & bit)
			nic->on |= NIC_BIT(f);
		if (block->available & bit && !(block->never_changed & bit))
			nic->can |= NIC_BIT(f);
	}
	return 0;
}

int nic_read(const char *interface, struct nic *nic)
{
	struct ethtool_drvinfo driver = {.cmd = ETHTOOL_GDRVINFO};
	_cleanup_(endp) struct ask a;
	int err;

	*nic = (struct nic){.xdp = nic_read_xdp(if_nametoindex(interface))};
	err = begin(&a, interface);
	if (err)
		return err;
	if (!ask(&a, &driver))
		snprintf(nic->driver, sizeof(nic->driver), "%.*s", (int)sizeof(driver.driver) - 1,
			 driver.driver);
	err = ask_places(&a);
	return err ? err : ask_features(&a, nic);
}

static int tell_features(struct ask *a, __u32 which, bool on)
{
	_cleanup_free_ struct ethtool_sfeatures *set = NULL;

	set = calloc(1, sizeof(*set) + a->blocks * sizeof(set->features[0]));
	if (!set)
		return -ENOMEM;
	set->cmd = ETHTOOL_SFEATURES;
	set->size = a->blocks;
	for (int f = 0; f < __NIC_FEATURE_MAX; f++) {
		__u32 bit;

		if (!(which & NIC_BIT(f)) || a->place[f] == NO_PLACE)
			continue;
		bit = 1u << a->place[f] % BLOCK_BITS;
		set->features[a->place[f] / BLOCK_BITS].valid |= bit;
		if (on)
			set->features[a->place[f] / BLOCK_BITS].requested |= bit;
	}
	return ask(a, set);
}

int nic_switch(const char *interface, __u32 features, bool on)
{
	_cleanup_(endp) struct ask a;
	struct nic nic = {};
	int err = begin(&a, interface);

	if (!err)
		err = ask_places(&a);
	if (!err)
		err = ask_features(&a, &nic);
	features &= on ? nic.can & ~nic.on : nic.on;
	if (err || !features)
		return err;
	err = tell_features(&a, features, on);
	nic = (struct nic){};
	if (!err)
		err = ask_features(&a, &nic);
	if (err)
		return err;
	return (nic.on & features) == (on ? features : 0) ? 0 : -EOPNOTSUPP;
}
