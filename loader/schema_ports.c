/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The rows of `ports`; see schema.c. */
#include "config.h"
#include "schema_parts.h"

static const struct schema_type address_item = {.kind = SCHEMA_ADDRESS};
static const struct schema_type label_item = {.kind = SCHEMA_LABEL};
static const struct schema_type pair_item = {.kind = SCHEMA_TABLE, .table = &schema_pair};

static const struct schema_key port_keys[] = {
	{
		.name = "name",
		.type = {.kind = SCHEMA_NAME},
		.offset = offsetof(struct cfg_port, name),
		.required = true,
		.doc = "What output and counters call this port.",
		.example = "web-1",
	},
	{
		.name = "node",
		.type = {.kind = SCHEMA_REFERENCE, .target = "node"},
		.offset = offsetof(struct cfg_port, node),
		.required = true,
		.doc = "The node that the workload runs on.",
		.example = "a",
	},
	{
		.name = "interface",
		.type = {.kind = SCHEMA_INTERFACE},
		.offset = offsetof(struct cfg_port, interface),
		.doc = "The host's side of the workload's veth pair, its tap, or a NIC. Needed on "
		       "the port's own node; other nodes don't look at it. An interface with "
		       "several ports is a trunk.",
		.example = "veth-web1",
	},
	{
		.name = "host_interface",
		.type = {.kind = SCHEMA_INTERFACE},
		.offset = offsetof(struct cfg_port, host_interface),
		.doc = "The port is the node's own, a [host port](ports.md#host-ports): weft makes "
		       "`interface` and this one, the ends of a veth pair. This one has the "
		       "port's MAC and IP addresses, and the node uses it as any interface.",
		.example = "net0",
	},
	{
		.name = "routed",
		.type = {.kind = SCHEMA_BOOL},
		.offset = offsetof(struct cfg_port, routed),
		.fallback = "false",
		.doc = "With `host_interface`: the node [routes](ports.md#the-node-as-a-router) "
		       "for "
		       "others. What it forwards has their IP addresses, and policies judge it by "
		       "these; answers come back to this node.",
		.example = "true",
	},
	{
		.name = "network",
		.type = {.kind = SCHEMA_REFERENCE, .target = "network"},
		.offset = offsetof(struct cfg_port, network),
		.required = true,
		.doc = "The network that the workload joins.",
		.example = "web",
	},
	{
		.name = "mac",
		.type = {.kind = SCHEMA_MAC},
		.offset = offsetof(struct cfg_port, mac),
		.doc = "The workload's MAC address: that of its side of the veth pair, not of the "
		       "host's. Only a port with `learning` may be without one.",
		.example = "02:00:00:00:00:01",
	},
	{
		.name = "addresses",
		.type = {.kind = SCHEMA_LIST, .item = &address_item},
		.offset = offsetof(struct cfg_port, addresses),
		.doc = "The workload's IP addresses. ARP requests and neighbour solicitations for "
		       "them are answered on the asking node.",
		.example = "[10.9.0.11, \"fd00:9::11\"]",
	},
	{
		.name = "groups",
		.type = {.kind = SCHEMA_LIST, .item = &label_item, .lone = true},
		.offset = offsetof(struct cfg_port, groups),
		.doc = "Labels that policies name this workload by. A group needs no declaration.",
		.example = "[web, prod]",
	},
	{
		.name = "port_security",
		.type = {.kind = SCHEMA_BOOL},
		.offset = offsetof(struct cfg_port, port_security),
		.fallback = "true",
		.doc = "Whether the workload may use its own addresses only: source MAC address, "
		       "IP addresses, what ARP and neighbour discovery say of it. Its own are "
		       "`mac`, `addresses`, and the link-local address made of `mac`. A port "
		       "without "
		       "`addresses` and `allowed_address_pairs` may use any IP address that is not "
		       "another port's. A port with `learning` is not secured.",
		.example = "false",
	},
	{
		.name = "allowed_address_pairs",
		.type = {.kind = SCHEMA_LIST, .item = &pair_item},
		.offset = offsetof(struct cfg_port, allowed_address_pairs),
		.doc = "What it may use besides.",
		.example = "[10.9.0.100, {mac: \"00:00:5e:00:01:07\", address: 10.9.0.101}]",
	},
	{
		.name = "dhcp_server",
		.type = {.kind = SCHEMA_BOOL},
		.offset = offsetof(struct cfg_port, dhcp_server),
		.fallback = "false",
		.doc = "Whether the workload may speak as a DHCP or DHCPv6 server.",
		.example = "true",
	},
	{
		.name = "router",
		.type = {.kind = SCHEMA_BOOL},
		.offset = offsetof(struct cfg_port, router),
		.fallback = "false",
		.doc = "Whether the workload may speak as a router: IPv6 router advertisements, "
		       "redirects, IGMP and MLD queries. It gets the multicasts of all groups.",
		.example = "true",
	},
	{
		.name = "isolation",
		.type = {.kind = SCHEMA_ENUM,
			 .names =
				 WORDS([CFG_PROMISCUOUS] = "promiscuous",
				       [CFG_ISOLATED] = "isolated", [CFG_COMMUNITY] = "community")},
		.offset = offsetof(struct cfg_port, isolation),
		.fallback = "promiscuous",
		.doc = "Who in the network this port may talk to, on all nodes. `promiscuous`: "
		       "everybody. `isolated`: promiscuous ports. `community`: those, and ports of "
		       "the same `community`. A remote workload that the file does not have is "
		       "isolated.",
		.example = "isolated",
	},
	{
		.name = "community",
		.type = {.kind = SCHEMA_LABEL},
		.offset = offsetof(struct cfg_port, community),
		.doc = "Its community within the network, with `isolation: community`. It needs no "
		       "declaration.",
		.example = "blue",
	},
	{
		.name = "storm_control",
		.type = {.kind = SCHEMA_TABLE, .table = &schema_storm},
		.offset = offsetof(struct cfg_port, storm_control),
		.doc = "Limits for this port; what is left out is as `storm_control` of the "
		       "network says.",
		.example = "{unknown_unicast: 100}",
	},
	{
		.name = "learning",
		.type = {.kind = SCHEMA_BOOL},
		.offset = offsetof(struct cfg_port, learning),
		.fallback = "false",
		.doc = "Whether there may be more than one MAC address behind the port: a bridge, "
		       "or "
		       "a physical network. Frames may then come from any address that is not "
		       "another endpoint's of this file, and weft learns where it is.",
		.example = "true",
	},
	{
		.name = "mac_limit",
		.type = {.kind = SCHEMA_NUMBER, .min = 1, .max = CFG_FLOWS_MAX},
		.offset = offsetof(struct cfg_port, mac_limit),
		.fallback = "1024",
		.doc = "With `learning`: MAC addresses that are learned behind the port at most.",
		.example = "64",
	},
	{
		.name = "mac_limit_action",
		.type = {.kind = SCHEMA_ENUM,
			 .names = WORDS([CFG_MAC_LIMIT_DROP] = "drop", [CFG_MAC_LIMIT_FLOOD] =
									       "flood")},
		.offset = offsetof(struct cfg_port, mac_limit_action),
		.fallback = "drop",
		.doc = "With `learning`: what becomes of frames from an address that can not be "
		       "learned because the port, its network or the table is full. `drop`: "
		       "dropped and counted. `flood`: forwarded; answers to it are flooded.",
		.example = "flood",
	},
	{
		.name = "vlan",
		.type = {.kind = SCHEMA_NUMBER, .min = 1, .max = 4094},
		.offset = offsetof(struct cfg_port, vlan),
		.doc = "VLAN id of the 802.1Q tag that the port's frames have on its interface, "
		       "which may have other ports with other tags: a trunk. A port of a trunk "
		       "without tags is its native one. What no port of a trunk has is dropped.",
		.example = "10",
	},
	{
		.name = "service_vlan",
		.type = {.kind = SCHEMA_NUMBER, .min = 1, .max = 4094},
		.offset = offsetof(struct cfg_port, service_vlan),
		.doc = "The same for an 802.1ad tag, in front of the 802.1Q tag if there are both.",
		.example = "300",
	},
	{
		.name = "container",
		.type = {.kind = SCHEMA_ID},
		.offset = offsetof(struct cfg_port, container),
		.doc = "The container that the port was made for, as its runtime calls it. For "
		       "`weft-cni`; nothing depends on it.",
		.example = "4f2d9c",
	},
	{
		.name = "container_interface",
		.type = {.kind = SCHEMA_INTERFACE},
		.offset = offsetof(struct cfg_port, container_interface),
		.doc = "The same: what the interface is called inside.",
		.example = "eth0",
	},
	{
		.name = "container_network",
		.type = {.kind = SCHEMA_ID},
		.offset = offsetof(struct cfg_port, container_network),
		.doc = "The same: the name of the CNI configuration that it was made by.",
		.example = "weft",
	},
	{
		.name = "pod",
		.type = {.kind = SCHEMA_ID},
		.offset = offsetof(struct cfg_port, pod),
		.doc = "The same: the Kubernetes pod, as `NAMESPACE/NAME`.",
		.example = "default/web-1",
	},
	{},
};

const struct schema_table schema_port = {
	.doc = "Where one workload, or a physical network, joins one network.",
	.keys = port_keys,
	.size = sizeof(struct cfg_port),
	.rules = WORDS("No two ports have the same name, nor the same tags on one interface.",
		       "No two ports on one interface are in the same network.",
		       "Tags of a network with `vlan_transparent` must not be taken for those of "
		       "other ports: it has no native port of a trunk, and no `service_vlan` that "
		       "another port goes on with a `vlan`.",
		       "No two ports of a network have the same MAC address or an IP address in "
		       "common.",
		       "`isolation: community` and `community` go together.",
		       "A port with `host_interface` has an `interface` and a `mac`, and neither "
		       "tags nor `learning`. No other port or uplink has an interface of that "
		       "name.",
		       "`routed` goes with `host_interface`, and with port security.",
		       "Addresses are unicast, and not the network or broadcast address of an IPv4 "
		       "subnet."),
};
