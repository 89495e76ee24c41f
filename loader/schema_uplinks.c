/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* `uplinks` of the configuration file; see schema.c. */
#include <stddef.h>

#include "config.h"
#include "schema_parts.h"

static const struct schema_type network_reference = {.kind = SCHEMA_REFERENCE, .target = "network"};

static const char *const offload_names[] = {
	[CFG_OFFLOAD_AUTO] = "auto",
	[CFG_OFFLOAD_DEVICE] = "device",
	[CFG_OFFLOAD_KERNEL] = "kernel",
	NULL,
};

static const struct schema_key uplink_keys[] = {
	{
		.name = "interface",
		.type = {.kind = SCHEMA_INTERFACE},
		.offset = offsetof(struct cfg_uplink, interface),
		.required = true,
		.doc = "Name of the NIC.",
		.example = "eth0",
	},
	{
		.name = "xdp",
		.type = {.kind = SCHEMA_ENUM,
			 .names = WORDS([CFG_XDP_AUTO] = "auto", [CFG_XDP_NATIVE] = "native",
					[CFG_XDP_GENERIC] = "generic", [CFG_XDP_OFF] = "off")},
		.offset = offsetof(struct cfg_uplink, xdp),
		.fallback = "auto",
		.doc = "Where tunnel headers are taken off. `auto`: in the driver (XDP) if that "
		       "works there (see [uplinks.md](uplinks.md)), else at TC; at TC on a veth, "
		       "where XDP would cost its peer GSO. `native`: in the driver, or refuse. "
		       "`generic`: by XDP without the driver's help. `off`: at TC.",
		.example = "off",
	},
	{
		.name = "segmentation",
		.type = {.kind = SCHEMA_ENUM, .names = offload_names},
		.offset = offsetof(struct cfg_uplink, segmentation),
		.fallback = "auto",
		.doc = "Who cuts a GSO packet that goes out in a tunnel. `auto`: the device if it "
		       "is "
		       "set up to, unless a test shows that the packet is lost. `device`: have the "
		       "device do it, or refuse. `kernel`: switch the device's tunnel segmentation "
		       "off (`tx-udp_tnl-segmentation`, `tx-gre-segmentation`, and both with "
		       "`csum`).",
		.example = "kernel",
	},
	{
		.name = "checksum",
		.type = {.kind = SCHEMA_ENUM, .names = offload_names},
		.offset = offsetof(struct cfg_uplink, checksum),
		.fallback = "auto",
		.doc = "Who fills in the checksums of what goes out. `auto`: as the device is set "
		       "up. `device`: have the device do it, or refuse. `kernel`: switch the "
		       "device's `tx-checksum-*` off, for all that it sends; there is no "
		       "segmentation by the device either then.",
		.example = "kernel",
	},
	{
		.name = "gro",
		.type = {.kind = SCHEMA_ENUM,
			 .names = WORDS([CFG_GRO_AUTO] = "auto", [CFG_GRO_ON] = "on",
					[CFG_GRO_OFF] = "off")},
		.offset = offsetof(struct cfg_uplink, gro),
		.fallback = "auto",
		.doc = "Whether the kernel merges TCP segments that come in by it (`rx-gro`), "
		       "those "
		       "inside tunnels included. `auto`: leave it as it is. `on`: switch it on, or "
		       "refuse. `off`: switch it off.",
		.example = "on",
	},
	{
		.name = "networks",
		.type = {.kind = SCHEMA_LIST, .item = &network_reference},
		.offset = offsetof(struct cfg_uplink, networks),
		.doc = "Networks with `encap: vlan` that live on this uplink of the node. One that "
		       "no uplink of the node names lives on the first.",
		.example = "[lan]",
	},
	{},
};

const struct schema_table schema_uplink = {
	.doc = "A NIC that carries the underlay. A lone name is short for `{interface: NAME}`.",
	.keys = uplink_keys,
	.size = sizeof(struct cfg_uplink),
	.shorthand = "interface",
	.rules = WORDS("An interface is used once on a node, as an uplink or as a port.",
		       "`checksum: kernel` leaves no `segmentation: device`.",
		       "What weft has switched is switched back when the file no longer asks for "
		       "it, and by `weft down`."),
};
