/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The configuration file, key by key. This and its neighbours, schema_uplinks.c, schema_ports.c,
 * schema_guard.c, schema_pools.c, schema_policy.c, schema_flows.c and schema_limits.c, are the only
 * places that know a key's name, type, default and meaning; see schema.h for who reads them. Top
 * level first, then each table as it is met.
 */
#include "schema.h"

#include <string.h>

#include "config.h"
#include "schema_parts.h"

static const struct schema_table node_table, network_table;

static const struct schema_type address_item = {.kind = SCHEMA_ADDRESS};
static const struct schema_type prefix_item = {.kind = SCHEMA_PREFIX};
static const struct schema_type node_item = {.kind = SCHEMA_TABLE, .table = &node_table};
static const struct schema_type uplink_item = {.kind = SCHEMA_TABLE, .table = &schema_uplink};
static const struct schema_type network_item = {.kind = SCHEMA_TABLE, .table = &network_table};
static const struct schema_type port_item = {.kind = SCHEMA_TABLE, .table = &schema_port};
static const struct schema_type pool_item = {.kind = SCHEMA_TABLE, .table = &schema_pool};
static const struct schema_type set_item = {.kind = SCHEMA_TABLE, .table = &schema_address_set};
static const struct schema_type policy_item = {.kind = SCHEMA_TABLE, .table = &schema_policy};
static const char *const encap_names[] = {
	[CFG_ENCAP_VXLAN] = "vxlan",
	[CFG_ENCAP_VXLAN_GBP] = "vxlan-gbp",
	[CFG_ENCAP_GENEVE] = "geneve",
	[CFG_ENCAP_NVGRE] = "nvgre",
	NULL,
};

/* A network may besides be in no tunnel. */
static const char *const network_encap_names[] = {
	[CFG_ENCAP_VXLAN] = "vxlan",   [CFG_ENCAP_VXLAN_GBP] = "vxlan-gbp",
	[CFG_ENCAP_GENEVE] = "geneve", [CFG_ENCAP_NVGRE] = "nvgre",
	[CFG_ENCAP_VLAN] = "vlan",     NULL,
};
static const struct schema_type node_reference = {.kind = SCHEMA_REFERENCE, .target = "node"};

static const struct schema_key root_keys[] = {
	{
		.name = "node",
		.type = {.kind = SCHEMA_REFERENCE, .target = "node"},
		.offset = offsetof(struct config, node),
		.doc = "Which of `nodes` this machine is. `--node` on the command line comes "
		       "first; without either it is the host name up to its first dot. Leave it "
		       "out of a file that is given to several machines.",
		.example = "a",
	},
	{
		.name = "vxlan_port",
		.type = {.kind = SCHEMA_NUMBER, .min = 1, .max = 65535},
		.offset = offsetof(struct config, vxlan_port),
		.fallback = "4789",
		.doc = "UDP port that VXLAN packets are sent to and accepted on. The same on all "
		       "nodes.",
		.example = "8472",
	},
	{
		.name = "geneve_port",
		.type = {.kind = SCHEMA_NUMBER, .min = 1, .max = 65535},
		.offset = offsetof(struct config, geneve_port),
		.fallback = "6081",
		.doc = "The same for Geneve, where it is used.",
		.example = "6081",
	},
	{
		.name = "tunnel_gro",
		.type = {.kind = SCHEMA_BOOL},
		.offset = offsetof(struct config, tunnel_gro),
		.fallback = "true",
		.doc = "Whether the device `weft-vxlan` is up on a node where an uplink works "
		       "without XDP. It then holds the UDP port of VXLAN, so that the kernel "
		       "merges TCP segments inside tunnels. Nothing is sent or delivered by it. "
		       "With `false`, other programs can use the port.",
		.example = "false",
	},
	{
		.name = "nodes",
		.type = {.kind = SCHEMA_LIST, .item = &node_item, .min_items = 1},
		.offset = offsetof(struct config, nodes),
		.required = true,
		.doc = "The machines that share these networks, this one included.",
	},
	{
		.name = "networks",
		.type = {.kind = SCHEMA_LIST, .item = &network_item},
		.offset = offsetof(struct config, networks),
		.doc = "The virtual networks.",
	},
	{
		.name = "ports",
		.type = {.kind = SCHEMA_LIST, .item = &port_item},
		.offset = offsetof(struct config, ports),
		.doc = "Where workloads join, on all nodes: a port of another node is how this one "
		       "knows where to send.",
	},
	{
		.name = "address_sets",
		.type = {.kind = SCHEMA_LIST, .item = &set_item},
		.offset = offsetof(struct config, address_sets),
		.doc = "Addresses that rules can name together.",
	},
	{
		.name = "policies",
		.type = {.kind = SCHEMA_LIST, .item = &policy_item},
		.offset = offsetof(struct config, policies),
		.doc = "Who may talk to whom; see [policy.md](policy.md).",
	},
	{
		.name = "flows",
		.type = {.kind = SCHEMA_TABLE, .table = &schema_flows},
		.offset = offsetof(struct config, flows),
		.doc = "How connections are tracked.",
		.example = "{per_port: 32768}",
	},
	{
		.name = "limits",
		.type = {.kind = SCHEMA_TABLE, .table = &schema_limits},
		.offset = offsetof(struct config, limits),
		.doc = "Sizes of the kernel tables.",
		.example = "{ports: 64, endpoints: 1024}",
	},
	{},
};

const struct schema_table schema_root = {
	.doc = "One file describes all nodes; each machine is given the same one and finds its own "
	       "part in it.",
	.keys = root_keys,
	.size = sizeof(struct config),
	.example = "nodes:\n"
		   "  - {name: a, vtep: 192.0.2.1, uplinks: [eth0]}\n"
		   "  - {name: b, vtep: 192.0.2.2, uplinks: [eth0]}\n"
		   "networks:\n"
		   "  - {name: web, vni: 100, subnets: [10.9.0.0/24, \"fd00:9::/64\"]}\n"
		   "ports:\n"
		   "  - name: web-1\n"
		   "    node: a\n"
		   "    interface: veth-web1\n"
		   "    network: web\n"
		   "    mac: 02:00:00:00:00:01\n"
		   "    addresses: [10.9.0.11, \"fd00:9::11\"]\n"
		   "    groups: [web]\n"
		   "  - name: web-2\n"
		   "    node: b\n"
		   "    interface: veth-web2\n"
		   "    network: web\n"
		   "    mac: 02:00:00:00:00:02\n"
		   "    addresses: [10.9.0.12, \"fd00:9::12\"]\n"
		   "    groups: [lb]\n"
		   "policies:\n"
		   "  - name: web-in\n"
		   "    applies_to: web\n"
		   "    direction: ingress\n"
		   "    rules:\n"
		   "      - {action: allow, from: lb, protocol: tcp, ports: [80, 443]}\n",
};

static const struct schema_key node_keys[] = {
	{
		.name = "name",
		.type = {.kind = SCHEMA_NAME},
		.offset = offsetof(struct cfg_node, name),
		.required = true,
		.doc = "What the rest of the file calls this machine.",
		.example = "a",
	},
	{
		.name = "vtep",
		.type = {.kind = SCHEMA_LIST,
			 .item = &address_item,
			 .min_items = 1,
			 .max_items = 2,
			 .lone = true},
		.offset = offsetof(struct cfg_node, vtep),
		.required = true,
		.doc = "Underlay address that tunnels of this node start and end at; a list of one "
		       "IPv4 and one IPv6 address if it has both.",
		.example = "[192.0.2.1, \"2001:db8::1\"]",
	},
	{
		.name = "encap",
		.type = {.kind = SCHEMA_ENUM, .names = encap_names},
		.offset = offsetof(struct cfg_node, encap),
		.doc = "How frames travel to and from this node, whatever their network says: for "
		       "one that knows nothing else.",
		.example = "vxlan",
	},
	{
		.name = "uplinks",
		.type = {.kind = SCHEMA_LIST, .item = &uplink_item},
		.offset = offsetof(struct cfg_node, uplinks),
		.doc = "NICs that tunnel packets arrive on. Needed on a node that runs weft and "
		       "shares a network with another node; a foreign VTEP has none.",
		.example = "[eth0, {interface: eth1, xdp: off}]",
	},
	{},
};

static const struct schema_table node_table = {
	.doc = "A machine that takes part: one that runs weft, or a foreign VTEP (the Linux "
	       "kernel's "
	       "vxlan device, a hardware switch) that only needs a name and an address.",
	.keys = node_keys,
	.size = sizeof(struct cfg_node),
	.rules = WORDS("No two nodes have the same name or VTEP address.",
		       "A VTEP address is unicast; loopback and link-local IPv6 addresses are "
		       "refused.",
		       "Two nodes of one network do not have a different `encap`."),
};

static const struct schema_key network_keys[] = {
	{
		.name = "name",
		.type = {.kind = SCHEMA_NAME},
		.offset = offsetof(struct cfg_network, name),
		.required = true,
		.doc = "What ports call this network.",
		.example = "web",
	},
	{
		.name = "vni",
		.type = {.kind = SCHEMA_NUMBER, .min = 1, .max = (1 << 24) - 1},
		.offset = offsetof(struct cfg_network, vni),
		.doc = "Number of the network on the wire (RFC 7348): the VNI of VXLAN and Geneve, "
		       "the VSID of NVGRE. Needed, except with `encap: vlan`.",
		.example = "100",
	},
	{
		.name = "encap",
		.type = {.kind = SCHEMA_ENUM, .names = network_encap_names},
		.offset = offsetof(struct cfg_network, encap),
		.fallback = "vxlan",
		.doc = "How frames travel between nodes. `vxlan`: RFC 7348. `geneve`: RFC 8926; "
		       "between nodes that run weft with an option that tells which groups the "
		       "sender is in. `vxlan-gbp`: VXLAN with the group policy extension, which "
		       "tells the same in 16 bits. `nvgre`: RFC 7637. See "
		       "[interop.md](interop.md). `vlan`: as they are, on the wire of an uplink, "
		       "with the tags that `vlan` and `service_vlan` say or with none; hosts on "
		       "that wire that weft knows nothing of are then part of the network.",
		.example = "geneve",
	},
	{
		.name = "underlay",
		.type = {.kind = SCHEMA_ENUM,
			 .names = WORDS([CFG_UNDERLAY_AUTO] = "auto", [CFG_UNDERLAY_IPV4] = "ipv4",
					[CFG_UNDERLAY_IPV6] = "ipv6")},
		.offset = offsetof(struct cfg_network, underlay),
		.fallback = "auto",
		.doc = "Address family of the tunnels. `auto`: IPv4 between two nodes that both "
		       "have an IPv4 VTEP address, else IPv6.",
		.example = "ipv6",
	},
	{
		.name = "subnets",
		.type = {.kind = SCHEMA_LIST, .item = &prefix_item},
		.offset = offsetof(struct cfg_network, subnets),
		.doc = "The network's prefixes. If there are any, every address of its ports must "
		       "lie in one (IPv6 link-local addresses excepted).",
		.example = "[10.9.0.0/24, \"fd00:9::/64\"]",
	},
	{
		.name = "flood",
		.type = {.kind = SCHEMA_BOOL},
		.offset = offsetof(struct cfg_network, flood),
		.fallback = "true",
		.doc = "Whether broadcast, multicast and unknown unicast frames are copied to "
		       "every "
		       "port and node of the network. With `false` they are dropped and counted; "
		       "ARP and neighbour discovery for known addresses work either way.",
		.example = "false",
	},
	{
		.name = "mtu",
		.type = {.kind = SCHEMA_NUMBER, .min = 576, .max = 65535},
		.offset = offsetof(struct cfg_network, mtu),
		.doc = "MTU of the network's workloads in bytes, as `weft status` shows it; at "
		       "least 1280 if it has IPv6. A flooded packet has to fit it, another one "
		       "the tunnel it takes. Without it, what the underlay leaves: its MTU less "
		       "50 bytes over IPv4, 70 over IPv6 (Geneve between nodes that run weft: 12 "
		       "more; NVGRE: 8 less).",
		.example = "1450",
	},
	{
		.name = "nodes",
		.type = {.kind = SCHEMA_LIST, .item = &node_reference},
		.offset = offsetof(struct cfg_network, nodes),
		.doc = "Nodes that take part although no port here is theirs, such as a foreign "
		       "VTEP. A node with a port in the network takes part anyway.",
		.example = "[k]",
	},
	{
		.name = "default_policy",
		.type = {.kind = SCHEMA_ENUM,
			 .names = WORDS([CFG_ALLOW] = "allow", [CFG_DENY] = "deny")},
		.offset = offsetof(struct cfg_network, default_policy),
		.fallback = "allow",
		.doc = "What a port's traffic meets in a direction for which no policy has a rule "
		       "that matches or a default.",
		.example = "deny",
	},
	{
		.name = "multicast_snooping",
		.type = {.kind = SCHEMA_BOOL},
		.offset = offsetof(struct cfg_network, multicast_snooping),
		.fallback = "false",
		.doc = "Whether a multicast goes to members of its group only, on all nodes, as "
		       "IGMP and MLD tell. Groups of link-local scope are flooded nevertheless.",
		.example = "true",
	},
	{
		.name = "storm_control",
		.type = {.kind = SCHEMA_TABLE, .table = &schema_storm},
		.offset = offsetof(struct cfg_network, storm_control),
		.doc = "Limits for each of the network's ports.",
		.example = "{broadcast: 500}",
	},
	{
		.name = "loop_protection",
		.type = {.kind = SCHEMA_ENUM,
			 .names = WORDS([CFG_LOOP_OFF] = "off", [CFG_LOOP_REPORT] = "report",
					[CFG_LOOP_BLOCK] = "block")},
		.offset = offsetof(struct cfg_network, loop_protection),
		.fallback = "report",
		.doc = "What happens when a flooded frame comes back by another port. `report`: "
		       "`weft status` tells. `block`: besides, nothing is flooded from and to that "
		       "port for a while.",
		.example = "block",
	},
	{
		.name = "loop_block",
		.type = {.kind = SCHEMA_DURATION},
		.offset = offsetof(struct cfg_network, loop_block),
		.fallback = "30s",
		.doc = "For how long, with `loop_protection: block`.",
		.example = "10s",
	},
	{
		.name = "learning",
		.type = {.kind = SCHEMA_BOOL},
		.offset = offsetof(struct cfg_network, learning),
		.fallback = "false",
		.doc = "Whether MAC addresses behind other nodes are learned from what these send. "
		       "For networks with foreign VTEPs, or with ports that learn on other nodes. "
		       "Without it, frames for addresses that the file does not have are flooded.",
		.example = "true",
	},
	{
		.name = "mac_age",
		.type = {.kind = SCHEMA_DURATION},
		.offset = offsetof(struct cfg_network, mac_age),
		.fallback = "5m",
		.doc = "How long a learned MAC address is believed without another frame of it; at "
		       "least 10 seconds.",
		.example = "60s",
	},
	{
		.name = "mac_limit",
		.type = {.kind = SCHEMA_NUMBER, .min = 1, .max = CFG_FLOWS_MAX},
		.offset = offsetof(struct cfg_network, mac_limit),
		.fallback = "8192",
		.doc = "MAC addresses of this network that one node learns at most.",
		.example = "1024",
	},
	{
		.name = "vtep_mac_limit",
		.type = {.kind = SCHEMA_NUMBER, .min = 1, .max = CFG_FLOWS_MAX},
		.offset = offsetof(struct cfg_network, vtep_mac_limit),
		.doc = "Of these, how many behind one VTEP. Without it, half of them. A frame from "
		       "a "
		       "VTEP is forwarded even if its source can not be learned.",
		.example = "512",
	},
	{
		.name = "vlan",
		.type = {.kind = SCHEMA_NUMBER, .min = 1, .max = 4094},
		.offset = offsetof(struct cfg_network, vlan),
		.doc = "With `encap: vlan`: VLAN id of the 802.1Q tag that frames have on the "
		       "wire.",
		.example = "70",
	},
	{
		.name = "service_vlan",
		.type = {.kind = SCHEMA_NUMBER, .min = 1, .max = 4094},
		.offset = offsetof(struct cfg_network, service_vlan),
		.doc = "The same for an 802.1ad tag, in front of the 802.1Q tag if there are both. "
		       "Without either, the network shares the untagged segment of the uplink with "
		       "the node itself.",
		.example = "300",
	},
	{
		.name = "vlan_transparent",
		.type = {.kind = SCHEMA_BOOL},
		.offset = offsetof(struct cfg_network, vlan_transparent),
		.fallback = "false",
		.doc = "Whether frames may carry one VLAN tag of the workloads' own, which goes "
		       "with them unchanged. Policies cannot judge such frames: no port that one "
		       "restricts sends or receives any.",
		.example = "true",
	},
	{
		.name = "pools",
		.type = {.kind = SCHEMA_LIST, .item = &pool_item},
		.offset = offsetof(struct cfg_network, pools),
		.doc = "Addresses that agents give to containers; see [cni.md](cni.md). A node "
		       "with "
		       "a pool takes part in the network.",
		.example = "[{node: a, cidrs: 10.9.0.128/26, gateways: 10.9.0.1}]",
	},
	{},
};

static const struct schema_table network_table = {
	.doc = "An Ethernet segment of its own. Addresses may be the same in different networks.",
	.keys = network_keys,
	.size = sizeof(struct cfg_network),
	.rules = WORDS(
		"No two networks have the same name or VNI, nor the same tags on a wire.",
		"`vlan` and `service_vlan` go with `encap: vlan`, `vni` with the others.",
		"The VNI of a network that NVGRE carries lies between 4096 and 16777214, and it "
		"is not `vlan_transparent`.",
		"Where groups are told (`geneve`, `vxlan-gbp`), no two sets of groups that "
		"ports have come to the same number.",
		"Subnets of one network do not overlap.",
		"All nodes of a network have a VTEP address of the family that `underlay` "
		"asks for; with `auto`, every two of them share a family."),
};

const char *schema_encap_name(__u64 encap)
{
	return encap_names[encap];
}

const struct schema_key *schema_find_key(const struct schema_table *table, const char *name)
{
	const struct schema_key *key;

	for (key = table->keys; key->name; key++) {
		if (!strcmp(key->name, name))
			return key;
	}
	return NULL;
}
