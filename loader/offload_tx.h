/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * What becomes of a packet that is sent in a tunnel? Features do not tell: which of them a device
 * has for what is encapsulated (hw_enc_features) is between the driver and the kernel. So two
 * packets are sent the way of a workload's, one that fits and one for GSO: written to a tap that
 * exists only meanwhile, encapsulated by a TC program there as tc_from_port does it, redirected to
 * the interface. A packet socket shows what the kernel hands to the driver: what is left to the
 * device, and whether what the kernel did itself is right.
 *
 * On the wire they go to the interface's own MAC address, between addresses for documentation
 * (RFC 5737): nobody takes them.
 */
#ifndef WEFT_LOADER_OFFLOAD_TX_H
#define WEFT_LOADER_OFFLOAD_TX_H

#include "offload.h"

/** struct tx_report - @plain: of the packet that fits; @gso: of the other. */
struct tx_report {
	enum tx_result plain;
	enum tx_result gso;
};

/**
 * offload_tx - find out.
 * @iface: up, and Ethernet.
 * @vxlan_port: UDP port of the tunnel: some devices know tunnels by it.
 *
 * Return: TX_UNTESTED for both if this process has no right to, or nothing leaves the interface.
 */
struct tx_report offload_tx(const struct iface *iface, __u16 vxlan_port);

#endif
