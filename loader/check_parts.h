/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* What the check_*.c files share while they judge one file. Private to them; see check.h. */
#ifndef WEFT_LOADER_CHECK_PARTS_H
#define WEFT_LOADER_CHECK_PARTS_H

#include <stdbool.h>
#include <stddef.h>

#include "config.h"
#include "diag.h"
#include "set.h"

/* No index: a value that is absent, wrong, or refers to nothing. */
#define NONE ((size_t)-1)

/** struct rows - one of the file's lists of named rows, whatever the rows are. */
struct rows {
	const char *list; /* "ports" */
	const char *one;  /* "port" */
	const char *v;
	size_t n;
	size_t size;        /* of a row */
	size_t name_offset; /* of its struct cfg_str */
	struct set *index;  /* name -> row */
	bool known;         /* false: empty, maybe only because it could not be decoded */
};

/** struct net_facts - what is gathered about a network on the way. */
struct net_facts {
	const struct cfg_addr **subnets; /* sorted, none inside another */
	size_t n_subnets;
	bool has_subnets; /* there are some, and none was wrong by itself */
	size_t members;
	size_t without_ipv4; /* first member node without such a VTEP address, or NONE */
	size_t without_ipv6;
	bool has_ipv6;     /* in a subnet or an address of a port */
	size_t with_encap; /* first member node with an encapsulation of its own, or NONE */
	bool encap_refused;
};

struct checker {
	struct config *cfg;
	struct diag *diag;
	int err;    /* -ENOMEM once anything did not fit */
	bool whole; /* decode() had nothing to complain about */
	struct rows nodes, networks, ports, address_sets, policies;
	struct set policy_index;     /* name -> policy */
	struct set members;          /* (network, node) */
	struct set interfaces;       /* (node, interface, tags) -> line */
	struct set uplinks;          /* (node, interface) -> line */
	struct set joined;           /* (node, interface, network) -> line */
	struct set trunks;           /* (node, interface), and with a service tag that others go on
					from */
	struct set macs;             /* (network, MAC) -> line */
	struct set addresses;        /* (network, address) -> line */
	struct net_facts *net_facts; /* by network */
	size_t *node_ports;          /* by node: ports and uplinks */
	unsigned int suggestions;    /* how many names may still be suggested */
};

/** struct scoped_key - a key of the sets above: something within a node or network. */
struct scoped_key {
	__u32 scope; /* index of the node or network */
	__u8 bytes[24];
};

/**
 * check_taken - claim a key within a scope.
 * @bytes: at most 24 bytes.
 * @line: of the claim.
 * @first: receives the line of the claim that was first.
 *
 * Return: whether it was taken already.
 */
bool check_taken(struct checker *c, struct set *set, size_t scope, const void *bytes, size_t len,
		 int line, size_t *first);

/** check_row_name - name of a row; NULL if it has none. */
const char *check_row_name(const struct rows *rows, size_t i);

/** check_resolve - the row that a reference names, or NONE. */
size_t check_resolve(const struct rows *rows, const struct cfg_str *ref);

/** check_unknown - complain about a reference that names no row, unless the row may only be broken.
 */
void check_unknown(struct checker *c, const struct rows *rows, const struct cfg_str *ref,
		   struct diag_at at);

/** struct port_place - where a port is on its node: an interface and the tags of its frames. */
struct port_place {
	char interface[16]; /* padded with zeros */
	__u16 service;
	__u16 vlan;
	__u32 network; /* see struct checker */
};

/** check_place_is_taken - as check_taken(). */
bool check_place_is_taken(struct checker *c, struct set *set, size_t node,
			  const struct port_place *place, int line, size_t *first);

/** check_interface - a port's interface and tags are its own, and its network's there. */
void check_interface(struct checker *c, size_t i, size_t node, size_t network);

/** check_trunks - tenants' tags are taken for nobody else's; once all ports have been seen. */
void check_trunks(struct checker *c);

/** check_network_tags - keys of a network that depend on its encapsulation. @wires: tags in use. */
void check_network_tags(struct checker *c, size_t i, struct set *wires);

/** check_uplink_networks - what lives on an uplink. */
void check_uplink_networks(struct checker *c);

/** check_names - names are unique within each list. Fills the indices. */
void check_names(struct checker *c);

/** check_nodes - VTEP addresses and uplinks. */
void check_nodes(struct checker *c);

/** check_networks - VNIs and subnets of each network by itself. */
void check_networks(struct checker *c);

/** check_ports - references, interfaces, MAC and IP addresses. */
void check_ports(struct checker *c);

/** check_pools - addresses for containers; after check_networks(), before check_members(). */
void check_pools(struct checker *c);

/** check_host_ports - names and keys of host ports; after check_ports(). */
void check_host_ports(struct checker *c);

/** check_guards - address pairs and isolation; after check_ports(). */
void check_guards(struct checker *c);

/** check_members - who takes part in each network, and whether they can reach each other. */
void check_members(struct checker *c);

/** check_encaps - numbers that an encapsulation has to carry, and its UDP port. */
void check_encaps(struct checker *c);

/** check_join_encap - check_join(): a new member has to agree with the others. */
void check_join_encap(struct checker *c, size_t network, size_t node);

/** check_policies - what policies refer to, and that their keys fit together. */
void check_policies(struct checker *c);

/** check_limits - the limits hold what the file has. */
void check_limits(struct checker *c);

/** check_join - a node takes part in a network; both may be NONE. */
void check_join(struct checker *c, size_t network, size_t node);

/** check_subnet_of - the subnet that holds an address, or NULL. */
const struct cfg_addr *check_subnet_of(const struct net_facts *facts, const struct cfg_addr *addr);

#endif
