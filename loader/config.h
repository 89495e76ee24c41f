/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The desired state as the file says it, decoded and typed but not yet compiled.
 *
 * schema.c describes these structs to the decoder (decode.c); check.c judges what one key alone
 * cannot show; compile.c turns the result into table entries. Every value carries the line it came
 * from, because every later complaint has to name it; line 0 means the key was absent and the value
 * is the schema's default.
 */
#ifndef WEFT_LOADER_CONFIG_H
#define WEFT_LOADER_CONFIG_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <linux/types.h>

struct diag;

/** struct cfg_str - a string value; @v is owned by the config, NULL if absent. */
struct cfg_str {
	char *v;
	int line;
};

/** struct cfg_num - an unsigned number, already inside the schema's range; also booleans and enums. */
struct cfg_num {
	__u64 v;
	int line;
};

/** struct cfg_mac - an Ethernet address in wire order. */
struct cfg_mac {
	__u8 v[6];
	int line;
};

/**
 * struct cfg_addr - an IP address, or a prefix.
 * @v: network order; an IPv4 address is IPv4-mapped (::ffff:a.b.c.d), as everywhere in weft.
 * @prefix_len: bits, counted in the address's own family (0..32 or 0..128); full length for a plain address.
 */
struct cfg_addr {
	struct in6_addr v;
	__u8 prefix_len;
	int line;
};

struct cfg_strs {
	struct cfg_str *v;
	size_t n;
};

struct cfg_addrs {
	struct cfg_addr *v;
	size_t n;
};

/** enum cfg_xdp - how an uplink may use XDP; see `xdp` in the reference. */
enum cfg_xdp {
	CFG_XDP_AUTO,    /* native where the driver has it, else off */
	CFG_XDP_NATIVE,  /* native or refuse */
	CFG_XDP_GENERIC, /* only ever because the file asks for it */
	CFG_XDP_OFF,     /* decapsulate at TC */
};

/** enum cfg_encap - encapsulation of a network. Values index schema.c's names. */
enum cfg_encap {
	CFG_ENCAP_VXLAN,
};

/** enum cfg_underlay - address family that carries a network between nodes. */
enum cfg_underlay {
	CFG_UNDERLAY_AUTO, /* IPv4 where both nodes have it, else IPv6 */
	CFG_UNDERLAY_IPV4,
	CFG_UNDERLAY_IPV6,
};

struct cfg_uplink {
	struct cfg_str interface;
	struct cfg_num xdp; /* enum cfg_xdp */
	int line;
};

struct cfg_uplinks {
	struct cfg_uplink *v;
	size_t n;
};

struct cfg_node {
	struct cfg_str name;
	struct cfg_addrs vtep; /* one IPv4, one IPv6, or one of each */
	struct cfg_uplinks uplinks;
	int line;
};

struct cfg_network {
	struct cfg_str name;
	struct cfg_num vni;
	struct cfg_num encap;    /* enum cfg_encap */
	struct cfg_num underlay; /* enum cfg_underlay */
	struct cfg_addrs subnets;
	struct cfg_num flood; /* bool: replicate broadcast, multicast and unknown unicast */
	struct cfg_num mtu;   /* bytes of L3 packet; 0 = what the underlay leaves */
	struct cfg_strs nodes; /* members besides those that own a port here */
	int line;
};

struct cfg_port {
	struct cfg_str name;
	struct cfg_str node;
	struct cfg_str interface; /* needed on the port's own node only */
	struct cfg_str network;
	struct cfg_mac mac;
	struct cfg_addrs addresses;
	int line;
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

/** struct cfg_limits - sizes of the kernel tables, in entries. */
struct cfg_limits {
	struct cfg_num networks;
	struct cfg_num ports;     /* local ports and uplinks of one node */
	struct cfg_num endpoints; /* MAC addresses known on one node, local and remote */
	struct cfg_num vteps;     /* remote VTEPs */
	int line;
};

/** struct config - one file. Owned by the caller, released by config_free(). */
struct config {
	struct cfg_str node; /* which of @nodes this machine is, unless --node says so */
	struct cfg_num vxlan_port;
	struct cfg_nodes nodes;
	struct cfg_networks networks;
	struct cfg_ports ports;
	struct cfg_limits limits;
};

/**
 * config_load - read, decode and check a file.
 * @path: YAML file; "-" is standard input.
 * @diag: receives every complaint, in file order; the caller prints it.
 * @out: the config, untouched on failure.
 *
 * Return: 0; -EINVAL if the file is wrong (@diag says where and why); another -errno if it could not be read.
 */
int config_load(const char *path, struct diag *diag, struct config **out);

/** config_free - release a config; NULL is fine. */
void config_free(struct config *cfg);

/** config_find_node - the node called @name, or NULL. */
const struct cfg_node *config_find_node(const struct config *cfg, const char *name);

/** config_find_network - the network called @name, or NULL. Constant time after config_load(). */
const struct cfg_network *config_find_network(const struct config *cfg, const char *name);

#endif
