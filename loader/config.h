/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The desired state as the file says it, decoded and typed but not yet compiled.
 *
 * schema.c describes these structs to the decoder (decode.c); check.c judges what one key alone
 * cannot show; compile.c turns the result into table entries. Every value and every row begins with
 * the place it came from, because every later complaint has to name it; line 0 means the key was
 * absent and the value is the schema's default.
 */
#ifndef WEFT_LOADER_CONFIG_H
#define WEFT_LOADER_CONFIG_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <linux/types.h>

#include "config_values.h"
#include "set.h"

struct diag;

/** enum cfg_xdp - how an uplink may use XDP; see `xdp` in the reference. */
enum cfg_xdp {
	CFG_XDP_AUTO,    /* native where it works, else off; see offload.h */
	CFG_XDP_NATIVE,  /* native or refuse */
	CFG_XDP_GENERIC, /* only ever because the file asks for it */
	CFG_XDP_OFF,     /* decapsulate at TC */
};

/** enum cfg_offload - who does a part of sending, `segmentation` and `checksum` of an uplink. */
enum cfg_offload {
	CFG_OFFLOAD_AUTO,   /* who does it anyway, unless a test shows that it does not work */
	CFG_OFFLOAD_DEVICE, /* the device or refuse */
	CFG_OFFLOAD_KERNEL,
};

/** enum cfg_gro - whether the stack merges what comes in by an uplink. */
enum cfg_gro {
	CFG_GRO_AUTO, /* as it is */
	CFG_GRO_ON,
	CFG_GRO_OFF,
};

/** enum cfg_encap - encapsulation of a network. Values index schema.c's names. */
enum cfg_encap {
	CFG_ENCAP_VXLAN,
	CFG_ENCAP_VXLAN_GBP,
	CFG_ENCAP_GENEVE,
	CFG_ENCAP_NVGRE,
	CFG_ENCAP_VLAN, /* directly on an uplink, tagged or not */
};

/** enum cfg_underlay - address family that carries a network between nodes. */
enum cfg_underlay {
	CFG_UNDERLAY_AUTO, /* IPv4 where both nodes have it, else IPv6 */
	CFG_UNDERLAY_IPV4,
	CFG_UNDERLAY_IPV6,
};

/** enum cfg_mac_limit - what becomes of a frame whose source is over the limit. */
enum cfg_mac_limit {
	CFG_MAC_LIMIT_DROP,
	CFG_MAC_LIMIT_FLOOD, /* forward it without learning: answers are flooded */
};

/** enum cfg_action - what a rule does. */
enum cfg_action {
	CFG_ALLOW,
	CFG_DENY,
	CFG_REJECT,
};

/** enum cfg_default - what a policy does with what no rule matches. */
enum cfg_default {
	CFG_DEFAULT_DENY,
	CFG_DEFAULT_REJECT,
	CFG_DEFAULT_NONE, /* leaves it to other policies and the network */
};

/** enum cfg_direction - as enum weft_pol_dir. */
enum cfg_direction {
	CFG_INGRESS,
	CFG_EGRESS,
};

/** CFG_PROTOCOL_ANY - a rule's protocol that is none: 0 to 255 are. */
#define CFG_PROTOCOL_ANY 256

struct cfg_uplink {
	int line;
	int column;
	struct cfg_str interface;
	struct cfg_num xdp;          /* enum cfg_xdp */
	struct cfg_num segmentation; /* enum cfg_offload */
	struct cfg_num checksum;     /* enum cfg_offload */
	struct cfg_num gro;          /* enum cfg_gro */
	struct cfg_strs networks;    /* of CFG_ENCAP_VLAN, which live on it */
};

struct cfg_uplinks {
	struct cfg_uplink *v;
	size_t n;
};

/** enum cfg_isolation - `isolation` of a port. */
enum cfg_isolation {
	CFG_PROMISCUOUS,
	CFG_ISOLATED,
	CFG_COMMUNITY,
};

/** enum cfg_loop - `loop_protection` of a network. */
enum cfg_loop {
	CFG_LOOP_OFF,
	CFG_LOOP_REPORT,
	CFG_LOOP_BLOCK,
};

/** CFG_ID_MAX - longest SCHEMA_ID: a pod of 253 letters in a namespace of 63. */
#define CFG_ID_MAX 320

/** CFG_STORM_MAX - highest limit of storm control, packets a second. */
#define CFG_STORM_MAX 10000000

/** struct cfg_storm - packets a second; line 0: no limit. */
struct cfg_storm {
	int line;
	int column;
	struct cfg_num broadcast;
	struct cfg_num multicast;
	struct cfg_num unknown_unicast;
};

/**
 * struct cfg_pool - addresses that the agent of a node gives to containers.
 * @gateways: at most one of each family.
 */
struct cfg_pool {
	int line;
	int column;
	struct cfg_str node;
	struct cfg_addrs cidrs;
	struct cfg_addrs except;
	struct cfg_addrs gateways;
	struct cfg_addrs routes;
};

struct cfg_pools {
	struct cfg_pool *v;
	size_t n;
};

/** struct cfg_pair - an address that a port may use besides its own. */
struct cfg_pair {
	int line;
	int column;
	struct cfg_mac mac; /* line 0: the port's own */
	struct cfg_addr address;
};

struct cfg_pairs {
	struct cfg_pair *v;
	size_t n;
};

struct cfg_node {
	int line;
	int column;
	struct cfg_str name;
	struct cfg_addrs vtep; /* one IPv4, one IPv6, or one of each */
	struct cfg_num encap;  /* enum cfg_encap; line 0: what the network says */
	struct cfg_uplinks uplinks;
};

struct cfg_network {
	int line;
	int column;
	struct cfg_str name;
	struct cfg_num vni;
	struct cfg_num encap;    /* enum cfg_encap */
	struct cfg_num underlay; /* enum cfg_underlay */
	struct cfg_addrs subnets;
	struct cfg_num flood;  /* bool: replicate broadcast, multicast and unknown unicast */
	struct cfg_num mtu;    /* bytes of L3 packet; 0 = what the underlay leaves */
	struct cfg_strs nodes; /* members besides those that own a port here */
	struct cfg_num default_policy;     /* enum cfg_action */
	struct cfg_num multicast_snooping; /* bool */
	struct cfg_storm storm_control;    /* of ports that don't say otherwise */
	struct cfg_num loop_protection;    /* enum cfg_loop */
	struct cfg_num loop_block;         /* milliseconds */
	struct cfg_num learning;           /* bool: what is behind remote nodes */
	struct cfg_num mac_age;            /* milliseconds */
	struct cfg_num mac_limit;
	struct cfg_num vtep_mac_limit;   /* line 0: half of @mac_limit */
	struct cfg_num vlan;             /* CFG_ENCAP_VLAN: 802.1Q tag, 0 = none */
	struct cfg_num service_vlan;     /* the same: 802.1ad tag in front of it */
	struct cfg_num vlan_transparent; /* bool: tenants may use a tag of their own */
	struct cfg_pools pools;
};

struct cfg_port {
	int line;
	int column;
	struct cfg_str name;
	struct cfg_str node;
	struct cfg_str interface;      /* needed on the port's own node only */
	struct cfg_str host_interface; /* the other end of it is the node's own */
	struct cfg_str network;
	struct cfg_mac mac;
	struct cfg_addrs addresses;
	struct cfg_strs groups;
	struct cfg_num port_security; /* bool */
	struct cfg_pairs allowed_address_pairs;
	struct cfg_num dhcp_server;      /* bool */
	struct cfg_num router;           /* bool */
	struct cfg_num routed;           /* bool: with host_interface, its node routes for others */
	struct cfg_num isolation;        /* enum cfg_isolation */
	struct cfg_str community;        /* CFG_COMMUNITY: which */
	struct cfg_storm storm_control;  /* what it leaves out is the network's */
	struct cfg_num learning;         /* bool: any source that is nobody else's */
	struct cfg_num mac_limit;        /* addresses learned behind it */
	struct cfg_num mac_limit_action; /* enum cfg_mac_limit */
	struct cfg_num vlan;             /* 802.1Q tag of its frames, 0 = none */
	struct cfg_num service_vlan;     /* 802.1ad tag in front of it */
	struct cfg_str container;        /* whose port it is, as the runtime calls it */
	struct cfg_str container_interface;
	struct cfg_str container_network; /* CNI configuration that it was made by */
	struct cfg_str pod;               /* NAMESPACE/NAME */
};

struct cfg_address_set {
	int line;
	int column;
	struct cfg_str name;
	struct cfg_addrs cidrs;
	struct cfg_addrs except;
};

/** struct cfg_subject - ports that a policy selects: those that meet any condition. */
struct cfg_subject {
	int line;
	int column;
	struct cfg_strs groups;
	struct cfg_strs networks;
	struct cfg_strs ports;
	struct cfg_strs pods; /* as ports call them; they need not have one */
};

/** struct cfg_peer - the other end, as a rule describes it; line 0: anybody. */
struct cfg_peer {
	int line;
	int column;
	struct cfg_strs groups;
	struct cfg_strs networks;
	struct cfg_addrs cidrs;
	struct cfg_strs sets;
};

struct cfg_rule {
	int line;
	int column;
	struct cfg_num action; /* enum cfg_action */
	struct cfg_peer from;  /* ingress */
	struct cfg_peer to;    /* egress */
	struct cfg_num protocol;
	struct cfg_ranges ports;  /* none: all */
	struct cfg_num icmp_type; /* line 0: all */
	struct cfg_num icmp_code; /* line 0: all */
};

struct cfg_rules {
	struct cfg_rule *v;
	size_t n;
};

struct cfg_policy {
	int line;
	int column;
	struct cfg_str name;
	struct cfg_subject applies_to;
	struct cfg_num direction; /* enum cfg_direction */
	struct cfg_num tier;
	struct cfg_num priority;
	struct cfg_num fallback; /* key `default`; enum cfg_default */
	struct cfg_num keep_established;
	struct cfg_rules rules;
};

struct cfg_nodes {
	struct cfg_node *v;
	size_t n;
};

struct cfg_networks {
	struct cfg_network *v;
	size_t n;
};

struct cfg_ports {
	struct cfg_port *v;
	size_t n;
};

struct cfg_address_sets {
	struct cfg_address_set *v;
	size_t n;
};

struct cfg_policies {
	struct cfg_policy *v;
	size_t n;
};

/** CFG_POLICY_MAX - largest value of the limits that are about policies. */
#define CFG_POLICY_MAX 4194304

/** CFG_FLOWS_MAX - most flows there may be. */
#define CFG_FLOWS_MAX 16777216

/** struct cfg_limits - sizes of the kernel tables, in entries. */
struct cfg_limits {
	int line;
	int column;
	struct cfg_num networks;
	struct cfg_num ports;     /* local ports and uplinks of one node */
	struct cfg_num endpoints; /* MAC addresses known on one node, local and remote */
	struct cfg_num vteps;     /* remote VTEPs */
	struct cfg_num rules;     /* of all policies of one node */
	struct cfg_num policy_ranges;
	struct cfg_num policy_matches;
	struct cfg_num address_blocks;
	struct cfg_num flows;     /* established */
	struct cfg_num half_open; /* not yet established */
	struct cfg_num fdb_learned;
	struct cfg_num fragments; /* datagrams that travel in pieces */
	struct cfg_num multicast_members;
};

/** CFG_DURATION_MAX - longest time, in milliseconds: ten days. */
#define CFG_DURATION_MAX 864000000

/** struct cfg_timeouts - how long a flow lasts without a packet, by its state; milliseconds. */
struct cfg_timeouts {
	int line;
	int column;
	struct cfg_num tcp_syn_sent;
	struct cfg_num tcp_syn_recv;
	struct cfg_num tcp_established;
	struct cfg_num tcp_fin_wait;
	struct cfg_num tcp_close_wait;
	struct cfg_num tcp_last_ack;
	struct cfg_num tcp_time_wait;
	struct cfg_num tcp_close;
	struct cfg_num udp;
	struct cfg_num udp_replied;
	struct cfg_num icmp;
	struct cfg_num other;
};

/** struct cfg_flows - connection tracking. */
struct cfg_flows {
	int line;
	int column;
	struct cfg_timeouts timeouts;
	struct cfg_num per_port;     /* line 0: half of limits.flows */
	struct cfg_num per_network;  /* line 0: all of limits.flows */
	struct cfg_num new_per_port; /* begun within a second */
};

/** CFG_MAC_AGE_MIN - shortest life of a learned MAC address, in milliseconds. */
#define CFG_MAC_AGE_MIN 10000

/** struct config - one file. Owned by the caller, released by config_free(). */
struct config {
	int line;
	int column;
	struct cfg_str node; /* which of @nodes this machine is, unless --node says so */
	struct cfg_num vxlan_port;
	struct cfg_num geneve_port;
	struct cfg_num
		tunnel_gro; /* bool: merge inner segments where XDP does not strip the tunnel */
	struct cfg_nodes nodes;
	struct cfg_networks networks;
	struct cfg_ports ports;
	struct cfg_address_sets address_sets;
	struct cfg_policies policies;
	struct cfg_flows flows;
	struct cfg_limits limits;
	struct set node_index; /* name -> index in @nodes */
	struct set network_index;
	struct set port_index;
	struct set address_set_index;
	char *file;   /* absolute path; NULL: it was read from elsewhere */
	bool borrows; /* all but the lists of rows themselves is another's; see documents.h */
};

/** CFG_FILE_MAX - largest file that is read, in bytes: room for a million endpoints. */
#define CFG_FILE_MAX (64u << 20)

/**
 * config_load - read, decode and check a file.
 * @path: YAML file; "-" is standard input.
 * @diag: receives every complaint and the file's name; the caller prints it.
 * @out: the config, untouched on failure.
 *
 * Return: 0; -EINVAL if the file is wrong (@diag says where and why); another -errno if it could
 * not be read (@diag says nothing).
 */
int config_load(const char *path, struct diag *diag, struct config **out);

/**
 * config_read - config_load() without what has to be checked between values: for documents.h.
 * config_find_*() don't work on the result yet.
 */
int config_read(const char *path, struct diag *diag, struct config **out);

/**
 * config_bytes - a whole file as it is; "-" is standard input.
 * @out: the caller frees it; untouched on failure.
 * @len: at most CFG_FILE_MAX and a bit, of a larger file.
 *
 * Return: 0 or -errno.
 */
int config_bytes(const char *path, char **out, size_t *len);

/** config_load_bytes - config_load() of @len bytes at @text; @name stands for the file in messages.
 */
int config_load_bytes(const char *name, const void *text, size_t len, struct diag *diag,
		      struct config **out);

/** config_free - release a config; NULL is fine. */
void config_free(struct config *cfg);

/** config_freep - for _cleanup_(). */
static inline void config_freep(struct config **cfg)
{
	config_free(*cfg);
}

/** config_find_node - the node called @name, or NULL. Constant time. */
const struct cfg_node *config_find_node(const struct config *cfg, const char *name);

/** config_find_network - the network called @name, or NULL. Constant time. */
const struct cfg_network *config_find_network(const struct config *cfg, const char *name);

/** config_find_port - the port called @name, or NULL. Constant time. */
const struct cfg_port *config_find_port(const struct config *cfg, const char *name);

/** config_find_address_set - the address set called @name, or NULL. Constant time. */
const struct cfg_address_set *config_find_address_set(const struct config *cfg, const char *name);

/**
 * config_encap - how a network is carried between two of its nodes: enum cfg_encap.
 *
 * The same seen from either end: config_check() has seen to it that only one has a say.
 */
static inline enum cfg_encap config_encap(const struct cfg_network *network,
					  const struct cfg_node *a, const struct cfg_node *b)
{
	return a->encap.line ? a->encap.v : b->encap.line ? b->encap.v : network->encap.v;
}

/** config_uses - whether any network or node of the file asks for this encapsulation. */
bool config_uses(const struct config *cfg, enum cfg_encap encap);

/**
 * config_find_self - which node this machine is, as far as it can be told.
 * @wanted: the name given to --node, or NULL: then the file's `node`, else the host name up to its
 * first dot.
 *
 * Return: the node, or NULL if the file has none of that name.
 */
const struct cfg_node *config_find_self(const struct config *cfg, const char *wanted);

/**
 * config_select_node - config_find_self() for one who needs a node.
 * @diag: told if there is no such node.
 * @out: the node, untouched on failure.
 *
 * Return: 0; -ENOENT if there is none.
 */
int config_select_node(const struct config *cfg, const char *wanted, struct diag *diag,
		       const struct cfg_node **out);

#endif
