/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Every map, with who writes it and when an entry dies. Both objects (XDP and TC) include this
 * file and share the maps through their pins; the loader sizes them from the file's `limits`.
 *
 * Tables written by the loader only are not preallocated: they cost what they hold. The datapath
 * writes counters and the flow tables.
 */
#ifndef WEFT_BPF_MAPS_H
#define WEFT_BPF_MAPS_H

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include <weft/abi.h>
#include <weft/capture.h>
#include <weft/fdb.h>
#include <weft/flow.h>
#include <weft/guard.h>
#include <weft/multicast.h>
#include <weft/policy.h>

/* Who this node is. Loader writes at apply. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct weft_node);
} weft_node SEC(".maps");

/* ifindex -> port or uplink. An entry dies when the port leaves the file or its interface the node.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 16384);
	__type(key, __u32);
	__type(value, struct weft_port);
} weft_ports SEC(".maps");

/* (trunk or uplink, tags) -> port, or network on that uplink. Dies with it. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 16384);
	__type(key, struct weft_vlan_key);
	__type(value, struct weft_port);
} weft_vlans SEC(".maps");

/* Port id -> tags of what is delivered to it. A slot is zeroed when its port dies. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 16384);
	__type(key, __u32);
	__type(value, struct weft_tags);
} weft_tags SEC(".maps");

/* Network id -> network. A slot is zeroed when the network has no part on this node any more. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 4096);
	__type(key, __u32);
	__type(value, struct weft_network);
} weft_networks SEC(".maps");

/* (network, MAC) -> where. Static entries from the file; they die with their endpoint. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 131072);
	__type(key, struct weft_fdb_key);
	__type(value, struct weft_fdb_entry);
} weft_fdb SEC(".maps");

/* (network, MAC) -> where, as frames have told; see weft/fdb.h. The datapath inserts, moves, and
 * sweeps out; the loader removes an entry with its port, VTEP or network. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 16384);
	__type(key, struct weft_fdb_key);
	__type(value, struct weft_learned);
} weft_learned SEC(".maps");

/* Port id, network id, (VTEP, network) -> learned addresses. The datapath counts; the loader zeroes
 * a slot that it gives out, and removes what is left of a VTEP. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 16384);
	__type(key, __u32);
	__type(value, struct weft_learn_use);
} weft_learn_port SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 4096);
	__type(key, __u32);
	__type(value, struct weft_learn_use);
} weft_learn_net SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 131072);
	__type(key, struct weft_learn_vtep_key);
	__type(value, struct weft_learn_use);
} weft_learn_vtep SEC(".maps");

/* The latest addresses that moved too often, and when the table was swept. The datapath writes. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct weft_learn_node);
} weft_learn_node SEC(".maps");

/* (network, IP) -> MAC, for ARP and ND answers. Dies with its endpoint. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 262144);
	__type(key, struct weft_neigh_key);
	__type(value, struct weft_neigh);
} weft_neigh SEC(".maps");

/* Replication lists: (network, local or remote, slot) -> member. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 131072);
	__type(key, struct weft_flood_key);
	__type(value, struct weft_flood_member);
} weft_flood SEC(".maps");

/* Tunnel id -> remote VTEP with its header template. A slot is zeroed when the VTEP leaves the
 * file. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 4096);
	__type(key, __u32);
	__type(value, struct weft_tunnel);
} weft_tunnels SEC(".maps");

/* (remote VTEP, VNI) -> network: who may send into what. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 131072);
	__type(key, struct weft_peer_key);
	__type(value, struct weft_peer);
} weft_peers SEC(".maps");

/* VNI -> network id; asked only when weft_peers has no answer, to say which half was wrong. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 4096);
	__type(key, struct weft_vni_key);
	__type(value, __u32);
} weft_vnis SEC(".maps");

/* Remote VTEP -> tunnel id; the other half. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 4096);
	__type(key, struct weft_addr);
	__type(value, __u32);
} weft_vteps SEC(".maps");

/* Port id -> traffic. The datapath adds; the loader zeroes a slot when its port dies. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 16384);
	__type(key, __u32);
	__type(value, struct weft_port_stat);
} weft_port_stat SEC(".maps");

/* Network id -> traffic. As above. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 4096);
	__type(key, __u32);
	__type(value, struct weft_net_stat);
} weft_net_stat SEC(".maps");

/*
 * (port or uplink, reason) -> packets lost. The datapath inserts on a first drop; the loader
 * deletes a port's rows when it dies. Sized for every pair there can be, so an insert cannot fail
 * for room.
 */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 16384 * __WEFT_DROP_MAX);
	__type(key, struct weft_drop_key);
	__type(value, struct weft_count);
} weft_drops SEC(".maps");

/* Port id -> earliest time of the next ICMP error (CLOCK_MONOTONIC ns; see stages/too_big.h). */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 16384);
	__type(key, __u32);
	__type(value, __u64);
} weft_icmp_next SEC(".maps");

/* Port id -> what it may send and get. Loader writes, before the port is in weft_ports. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 16384);
	__type(key, __u32);
	__type(value, struct weft_guard);
} weft_guards SEC(".maps");

/* (port, MAC, prefix) that a port may use besides its own. Loader writes. */
struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 262144);
	__type(key, struct weft_pair_key);
	__type(value, __u32);
} weft_pairs SEC(".maps");

/* Port id -> storm and loop state. The datapath writes; the loader zeroes a slot that it gives out.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 16384);
	__type(key, __u32);
	__type(value, struct weft_port_state);
} weft_port_state SEC(".maps");

/* What was flooded a moment ago. The datapath inserts; the oldest goes when there is no room. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, struct weft_flooded_key);
	__type(value, struct weft_flooded);
} weft_flooded SEC(".maps");

/* Network id -> questions answered and reports read. The datapath adds. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 4096);
	__type(key, __u32);
	__type(value, struct weft_bum_stat);
} weft_bum_stat SEC(".maps");

/* Members of multicast groups. The datapath inserts and removes; the loader removes those of ports
 * and tunnels that die. The least recently used goes when there is no room. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, struct weft_mcast_key);
	__type(value, struct weft_mcast);
} weft_mcast SEC(".maps");

/* Network id -> when somebody asked for members. The datapath writes. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 4096);
	__type(key, __u32);
	__type(value, struct weft_mcast_net);
} weft_mcast_net SEC(".maps");

/* What is in force. Loader writes, last in a transaction. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct weft_generation);
} weft_generation SEC(".maps");

/* The policy tables, see weft/policy.h; both generations. Entries die with the generation. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 32768);
	__type(key, __u32);
	__type(value, struct weft_pol_port);
} weft_pol_ports SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 65536);
	__type(key, __u32);
	__type(value, struct weft_pol_ranges);
} weft_pol_sets SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 65536);
	__type(key, struct weft_pol_match_key);
	__type(value, struct weft_pol_ranges);
} weft_pol_match SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 131072);
	__type(key, __u32);
	__type(value, struct weft_pol_range);
} weft_pol_l4 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 524288);
	__type(key, struct weft_pol_addr_key);
	__type(value, __u32);
} weft_pol_class SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 32768);
	__type(key, struct weft_pol_cidr_key);
	__type(value, __u32);
} weft_pol_cidr SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 524288);
	__type(key, struct weft_pol_ident_key);
	__type(value, __u32);
} weft_pol_ident SEC(".maps");

/* Rule id -> what it decided. The datapath adds; the loader zeroes a slot that it gives out. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 16384);
	__type(key, __u32);
	__type(value, struct weft_rule_stat);
} weft_rule_stat SEC(".maps");

/* The flow tables, see weft/flow.h. The datapath inserts and removes. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 262144);
	__type(key, struct weft_flow_key);
	__type(value, struct weft_flow_entry);
} weft_flows SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 65536);
	__type(key, struct weft_flow_key);
	__type(value, struct weft_flow);
} weft_flows_new SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, struct weft_flow_key);
	__type(value, struct weft_flow);
} weft_flows_over SEC(".maps");

/* Datagrams in pieces. The datapath inserts; the oldest goes when there is no room. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, struct weft_frag_key);
	__type(value, struct weft_frag);
} weft_frags SEC(".maps");

/* Timeouts and quotas. Loader writes. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct weft_flow_conf);
} weft_flow_conf SEC(".maps");

/* What the flow tables' clock reads. The datapath writes. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct weft_flow_clock);
} weft_flow_clock SEC(".maps");

/* Port id, network id -> flows. The datapath counts; the loader zeroes a slot that it gives out. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 16384);
	__type(key, __u32);
	__type(value, struct weft_flow_use);
} weft_flow_use SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 4096);
	__type(key, __u32);
	__type(value, struct weft_flow_use);
} weft_net_use SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct weft_flow_stat);
} weft_flow_stat SEC(".maps");

/* Names, for people; see abi.h and policy.h. The datapath does not read them. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct weft_node_info);
} weft_node_info SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct weft_file_info);
} weft_file_info SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 16384);
	__type(key, __u32);
	__type(value, struct weft_port_info);
} weft_port_info SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 4096);
	__type(key, __u32);
	__type(value, struct weft_network_info);
} weft_net_info SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 4096);
	__type(key, __u32);
	__type(value, struct weft_tunnel_info);
} weft_tun_info SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 16384);
	__type(key, __u32);
	__type(value, struct weft_rule_info);
} weft_rule_info SEC(".maps");

/* Capture, see weft/capture.h. `weft capture` writes; the datapath ends what nobody renews. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct weft_cap_conf);
} weft_cap_conf SEC(".maps");

/* The datapath counts; `weft capture` zeroes. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct weft_cap_stat);
} weft_cap_stat SEC(".maps");

/* Scratch: the record being put together. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct weft_cap_rec);
} weft_cap_rec SEC(".maps");

/* CPU -> buffer of the process that captures. An entry dies with that process. As many as CPUs. */
struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__type(key, __u32);
	__type(value, __u32);
} weft_cap_out SEC(".maps");

#endif
