/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * What an interface says of itself: its driver, the features that weft has to do with, whether the
 * driver runs XDP programs. nic.c asks by ethtool's ioctl, nic_xdp.c by generic netlink. All of it
 * is about the current network namespace.
 *
 * These are claims; offload_rx.h and offload_tx.h put some of them to the test.
 */
#ifndef WEFT_LOADER_NIC_H
#define WEFT_LOADER_NIC_H

#include <stdbool.h>
#include <linux/types.h>

/** enum nic_feature - features by their names in ethtool; see nic_feature_name(). */
enum nic_feature {
	NIC_GRO,
	NIC_CSUM_IPV4,
	NIC_CSUM_IPV6,
	NIC_CSUM_GENERIC,
	NIC_UDP_TUNNEL,
	NIC_UDP_TUNNEL_CSUM,
	NIC_GRE,
	NIC_GRE_CSUM,
	__NIC_FEATURE_MAX,
};

#define NIC_BIT(feature) (1u << (feature))
#define NIC_CHECKSUMS    (NIC_BIT(NIC_CSUM_IPV4) | NIC_BIT(NIC_CSUM_IPV6) | NIC_BIT(NIC_CSUM_GENERIC))
#define NIC_SEGMENTATIONS                                                                          \
	(NIC_BIT(NIC_UDP_TUNNEL) | NIC_BIT(NIC_UDP_TUNNEL_CSUM) | NIC_BIT(NIC_GRE) |               \
	 NIC_BIT(NIC_GRE_CSUM))

/** enum nic_xdp - whether the driver runs XDP programs. */
enum nic_xdp {
	NIC_XDP_UNTOLD, /* before Linux 6.3 nobody says so: trying tells */
	NIC_XDP_NONE,
	NIC_XDP_BASIC,
	NIC_XDP_FRAGS, /* packets of several buffers too */
};

/**
 * struct nic - an interface's claims.
 * @driver: "" if it has none that says its name.
 * @on, @can: sets of NIC_BIT(): what is on; what could be switched.
 */
struct nic {
	char driver[32];
	__u32 on;
	__u32 can;
	enum nic_xdp xdp;
};

/**
 * nic_read - ask an interface.
 * @nic: filled as far as the interface answers.
 *
 * Return: 0; -ENODEV if there is none of this name; -errno if its features cannot be told.
 */
int nic_read(const char *interface, struct nic *nic);

/**
 * nic_switch - switch features on or off.
 * @features: set of NIC_BIT(); those that the interface does not have are left out.
 *
 * Return: 0, also if it was so before; -EOPNOTSUPP if the interface did not do as it was told;
 * another -errno.
 */
int nic_switch(const char *interface, __u32 features, bool on);

/** nic_feature_name - as ethtool has it: "tx-udp_tnl-segmentation". */
const char *nic_feature_name(enum nic_feature feature);

/**
 * nic_read_xdp - what a driver says about XDP. Linux 6.3 and later; nic_xdp.c.
 *
 * Return: NIC_XDP_UNTOLD also if the kernel cannot be asked.
 */
enum nic_xdp nic_read_xdp(__u32 ifindex);

#endif
