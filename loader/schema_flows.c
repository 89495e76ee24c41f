/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The key `flows`; see schema.c. The default timeouts are those of the Linux kernel. */
#include "config.h"
#include "schema_parts.h"

static const struct schema_key timeouts_keys[] = {
	{
		.name = "tcp_syn_sent",
		.type = {.kind = SCHEMA_DURATION},
		.offset = offsetof(struct cfg_timeouts, tcp_syn_sent),
		.fallback = "120s",
		.doc = "A SYN was sent.",
		.example = "60s",
	},
	{
		.name = "tcp_syn_recv",
		.type = {.kind = SCHEMA_DURATION},
		.offset = offsetof(struct cfg_timeouts, tcp_syn_recv),
		.fallback = "60s",
		.doc = "It was answered.",
		.example = "30s",
	},
	{
		.name = "tcp_established",
		.type = {.kind = SCHEMA_DURATION},
		.offset = offsetof(struct cfg_timeouts, tcp_established),
		.fallback = "5d",
		.doc = "The connection is established.",
		.example = "1h",
	},
	{
		.name = "tcp_fin_wait",
		.type = {.kind = SCHEMA_DURATION},
		.offset = offsetof(struct cfg_timeouts, tcp_fin_wait),
		.fallback = "120s",
		.doc = "One side has sent a FIN.",
		.example = "60s",
	},
	{
		.name = "tcp_close_wait",
		.type = {.kind = SCHEMA_DURATION},
		.offset = offsetof(struct cfg_timeouts, tcp_close_wait),
		.fallback = "60s",
		.doc = "Which the other side has acknowledged.",
		.example = "30s",
	},
	{
		.name = "tcp_last_ack",
		.type = {.kind = SCHEMA_DURATION},
		.offset = offsetof(struct cfg_timeouts, tcp_last_ack),
		.fallback = "30s",
		.doc = "Both sides have sent a FIN.",
		.example = "15s",
	},
	{
		.name = "tcp_time_wait",
		.type = {.kind = SCHEMA_DURATION},
		.offset = offsetof(struct cfg_timeouts, tcp_time_wait),
		.fallback = "120s",
		.doc = "And acknowledged the other's.",
		.example = "60s",
	},
	{
		.name = "tcp_close",
		.type = {.kind = SCHEMA_DURATION},
		.offset = offsetof(struct cfg_timeouts, tcp_close),
		.fallback = "10s",
		.doc = "One side has sent a RST.",
		.example = "5s",
	},
	{
		.name = "udp",
		.type = {.kind = SCHEMA_DURATION},
		.offset = offsetof(struct cfg_timeouts, udp),
		.fallback = "30s",
		.doc = "UDP: one side has sent.",
		.example = "10s",
	},
	{
		.name = "udp_replied",
		.type = {.kind = SCHEMA_DURATION},
		.offset = offsetof(struct cfg_timeouts, udp_replied),
		.fallback = "120s",
		.doc = "UDP: both sides have.",
		.example = "60s",
	},
	{
		.name = "icmp",
		.type = {.kind = SCHEMA_DURATION},
		.offset = offsetof(struct cfg_timeouts, icmp),
		.fallback = "30s",
		.doc = "Queries of ICMP and ICMPv6, such as echo requests.",
		.example = "10s",
	},
	{
		.name = "other",
		.type = {.kind = SCHEMA_DURATION},
		.offset = offsetof(struct cfg_timeouts, other),
		.fallback = "600s",
		.doc = "All other protocols.",
		.example = "5m",
	},
	{},
};

static const struct schema_table timeouts_table = {
	.doc = "How long a connection is remembered without a packet, by how far it has come. A "
	       "number "
	       "alone is seconds. A connection notices another value when its state changes, or "
	       "when "
	       "the time that it had is over.",
	.keys = timeouts_keys,
	.size = sizeof(struct cfg_timeouts),
};

static const struct schema_key flows_keys[] = {
	{
		.name = "timeouts",
		.type = {.kind = SCHEMA_TABLE, .table = &timeouts_table},
		.offset = offsetof(struct cfg_flows, timeouts),
		.doc = "When a connection is forgotten.",
		.example = "{tcp_established: 1h, udp: 500ms}",
	},
	{
		.name = "per_port",
		.type = {.kind = SCHEMA_NUMBER, .min = 1, .max = CFG_FLOWS_MAX},
		.offset = offsetof(struct cfg_flows, per_port),
		.doc = "Established connections that one port may have a place for. Without it, "
		       "half of `limits.flows`. What is more competes for less room, see "
		       "`limits.half_open`; nothing is dropped for it.",
		.example = "32768",
	},
	{
		.name = "per_network",
		.type = {.kind = SCHEMA_NUMBER, .min = 1, .max = CFG_FLOWS_MAX},
		.offset = offsetof(struct cfg_flows, per_network),
		.doc = "The same for all ports of a network together. Without it, `limits.flows`.",
		.example = "65536",
	},
	{
		.name = "new_per_port",
		.type = {.kind = SCHEMA_NUMBER, .min = 1, .max = CFG_FLOWS_MAX},
		.offset = offsetof(struct cfg_flows, new_per_port),
		.fallback = "16384",
		.doc = "Connections that one port may begin within a second, and not yet have "
		       "established, among those of the others.",
		.example = "4096",
	},
	{},
};

const struct schema_table schema_flows = {
	.doc = "Connection tracking. A connection that policies have accepted is remembered, so "
	       "that "
	       "its other packets cost one look-up.",
	.keys = flows_keys,
	.size = sizeof(struct cfg_flows),
};
