/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* What the parts of the compiler share: compile.c (order, ports, networks), compile_tunnels.c
 * (remote nodes), compile_flood.c (replication lists), compile_vlans.c (trunks, wires),
 * compile_flows.c (connection tracking), compile_guard.c (port security), compile_learning.c
 * (learned addresses), compile_ids.c (who was who). */
#ifndef WEFT_LOADER_COMPILE_PARTS_H
#define WEFT_LOADER_COMPILE_PARTS_H

#include <stdbool.h>

#include "compile.h"
#include "config.h"
#include "diag.h"
#include "ids.h"
#include "set.h"
#include "util.h"

/**
 * struct net_state - a network on its way, by index of cfg->networks.
 * @id: 0 if this node takes no part in it.
 * @mtu: smallest of its tunnels so far.
 * @flood: slots of its two replication lists, by enum weft_flood_kind.
 * @flood_header: length of the shortest header of its tunnels, 0 if it has none.
 * @narrow: a tunnel of it was complained about.
 * @wire: if it lives on an uplink: where its remote endpoints are; kind 0 = nowhere.
 * @learns: a port of this node in it does.
 * @routed: it has host ports, here or elsewhere, that route.
 */
struct net_state {
	__u16 id;
	__u32 mtu;
	__u32 flood[2];
	__u8 flood_header;
	bool narrow;
	bool learns;
	bool routed;
	struct weft_fdb_entry wire;
};

/** struct flood_row - a member of a replication list that has no slot yet. */
struct flood_row {
	size_t network; /* index of cfg->networks */
	struct weft_flood_key key;
	struct weft_flood_member member;
	bool placed;
};

/** struct compiler - one run of compile(). @err is -ENOMEM once memory has run out. */
struct compiler {
	const struct compile_input *in;
	const struct config *cfg;
	const struct cfg_node *node;
	struct diag *diag;
	struct tables *out;
	struct ids port_ids;
	struct ids network_ids;
	struct ids tunnel_ids;
	struct net_state *nets;
	struct set members;           /* struct member_key -> tunnel id */
	struct set trunks;            /* interface indices of trunks */
	struct set communities;       /* name -> number */
	struct set community_numbers; /* those in use */
	struct flood_row *flood;
	size_t n_flood;
	size_t flood_size;
	int err;
};

/** compile_ids_load - take over the ids of the previous state. */
void compile_ids_load(struct compiler *c);

/** compile_port_id - id of a port or uplink. @kind: enum weft_port_kind. */
__u32 compile_port_id(struct compiler *c, int kind, const char *name);
__u32 compile_network_id(struct compiler *c, const char *name);

/** compile_tunnel_id - id of a tunnel. Its header is a constant for as long as it has this id. */
__u32 compile_tunnel_id(struct compiler *c, const struct in6_addr *remote, __u8 encap, __u8 flags);

/** compile_put - a row of a wanted table. */
static inline void compile_put(struct compiler *c, enum table_id id, const void *key,
			       const void *value)
{
	if (!c->err)
		c->err = table_put(&c->out->t[id], key, value);
}

/** compile_put_info - the name of a port, uplink or the like. @port: its id and kind. */
void compile_put_info(struct compiler *c, const struct weft_port *port, const char *name,
		      const char *interface, __u32 ifindex, bool promisc);

/** compile_is_wire - does the network live on an uplink? */
static inline bool compile_is_wire(const struct compiler *c, size_t network)
{
	return c->cfg->networks.v[network].encap.v == CFG_ENCAP_VLAN;
}

/** compile_trunks - interfaces whose ports are told apart by tags. */
void compile_trunks(struct compiler *c);

/** compile_place_port - @port into the table where its interface and tags are looked up. */
void compile_place_port(struct compiler *c, const struct cfg_port *cfg_port,
			const struct port_fact *fact, const struct weft_port *port);

/** compile_wires - networks that live on an uplink. */
void compile_wires(struct compiler *c);

/** compile_promisc - is it weft that keeps port @id's interface promiscuous? @now: it is. */
bool compile_promisc(const struct compiler *c, __u32 id, bool now);

/** compile_members - find the remote members of the networks here; make their tunnels. */
void compile_members(struct compiler *c);

/** compile_vni - by which numbers packets of a network are known; of a network of this node. */
void compile_vni(struct compiler *c, size_t network);

/** compile_tunnel_to - tunnel to a remote member of a network (both by index), 0 if none. */
__u32 compile_tunnel_to(const struct compiler *c, size_t network, size_t node);

/** compile_flood_add - a member of the replication list that @kind names. */
void compile_flood_add(struct compiler *c, size_t network, enum weft_flood_kind kind,
		       const struct weft_flood_member *member);

/** compile_flood - give every member a slot: its old one, or else the lowest free. */
void compile_flood(struct compiler *c);

/** compile_guard_role - enum weft_isolation of a port, local or remote. */
__u16 compile_guard_role(struct compiler *c, const struct cfg_port *port);

/** compile_guard_port - what local port @id may send and get. @network: index of cfg->networks. */
void compile_guard_port(struct compiler *c, const struct cfg_port *port, size_t network, __u32 id);

/** compile_port_learning - what a port of this node may learn; @network by index. */
void compile_port_learning(struct compiler *c, const struct cfg_port *cfg, size_t network,
			   struct weft_port *port);

/** compile_network_learning - what is learned in a network, once all ports are known. */
void compile_network_learning(const struct cfg_network *cfg, const struct net_state *net,
			      struct weft_network *row);

/** compile_flow_conf - timeouts and quotas of flows. */
void compile_flow_conf(struct compiler *c);

#endif
