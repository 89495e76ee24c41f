/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * What `weft show` and `weft status` read: a node's pinned maps and nothing else, so that they work
 * whatever else runs or does not. One file per thing shown, show_<thing>.c; cmd_show.c picks.
 */
#ifndef WEFT_LOADER_SHOW_H
#define WEFT_LOADER_SHOW_H

#include <stdbool.h>
#include <stddef.h>
#include <linux/types.h>

#include <weft/abi.h>

#include "rule_read.h"
#include "tables.h"

struct fdb_filter;
struct flow_filter;
struct pins;
struct print_column;
struct print_stream;
struct print_table;

/** VIEW_TABLE - one map in the set that view_read() takes. */
#define VIEW_TABLE(id) (1ull << (id))

/** VIEW_NAMES - the maps that view_port_name() and its kin look into. */
#define VIEW_NAMES                                                                                 \
	(VIEW_TABLE(TABLE_NODE_INFO) | VIEW_TABLE(TABLE_NET_INFO) | VIEW_TABLE(TABLE_PORT_INFO) |  \
	 VIEW_TABLE(TABLE_TUN_INFO))

/**
 * struct view - maps as they were a moment ago, per-CPU values summed.
 *
 * Each map is read by itself: while weft applies a file, one may be ahead of another, so that any
 * id may be unknown in the next.
 */
struct view {
	struct table t[__TABLE_MAX];
};

/**
 * view_open - open one of a node's maps.
 * @fd: receives a descriptor; the caller closes it.
 *
 * Return: 0; -ENOENT if it is not pinned; -EPROTO if it has another layout; -errno.
 */
int view_open(const struct pins *pins, const struct table_desc *desc, int *fd);

/**
 * view_read - read some of a node's maps.
 * @tables: set of VIEW_TABLE().
 * @view: uninitialised; view_clear() releases it, after a failure too.
 * @failed: receives the map that a failure is about.
 *
 * Return: 0; -ENOENT if the map is not pinned; -EPROTO if it has another layout; -errno.
 */
int view_read(const struct pins *pins, __u64 tables, struct view *view, const char **failed);

/** view_clear - release what view_read() read. Also for _cleanup_(). */
void view_clear(struct view *view);

/** struct view_name - a name, or "#17" where id 17 has none (any more). */
struct view_name {
	char s[WEFT_NAME_LEN];
};

struct view_name view_node_name(const struct view *view);
struct view_name view_port_name(const struct view *view, __u32 port);
struct view_name view_network_name(const struct view *view, __u32 network);
struct view_name view_tunnel_name(const struct view *view, __u32 tunnel); /* the remote node */

/** view_encap_name - an encapsulation as the file spells it. @encap: enum weft_encap. */
const char *view_encap_name(__u8 encap);

/** view_port_info - names of a port or uplink, or NULL. */
const struct weft_port_info *view_port_info(const struct view *view, __u32 port);

/** view_interface_port - the port or uplink with this interface, or NULL. Needs TABLE_PORTS. */
const struct weft_port *view_interface_port(const struct view *view, __u32 ifindex);

/** VIEW_PORTS - what view_port() needs. */
#define VIEW_PORTS (VIEW_TABLE(TABLE_PORTS) | VIEW_TABLE(TABLE_VLANS) | VIEW_TABLE(TABLE_TAGS))

/** view_port - the port, trunk or uplink with this id, or NULL if its interface is not in use. */
const struct weft_port *view_port(const struct view *view, __u32 port);

/** view_tags - the tags of a port's frames, or NULL. Needs TABLE_TAGS. */
const struct weft_tags *view_tags(const struct view *view, __u32 port);

/** view_tags_name - tags as text: "70"; "300.70", the 802.1ad one first; "300." without another. */
struct view_name view_tags_name(const struct weft_tags *tags);

/**
 * struct view_network - a network that has a part on this node.
 * @ports: local ports in it.
 * @vteps: remote VTEPs that may send into it.
 * @wire: its tags on an uplink, if it lives on one.
 */
struct view_network {
	struct view_name name;
	__u32 id;
	const struct weft_network *network;
	__u32 ports;
	__u32 vteps;
	const struct weft_tags *wire;
};

/**
 * view_networks - networks by name. Needs TABLE_NETWORKS, VIEW_PORTS and TABLE_PEERS.
 * @only: this network; 0 = all.
 * @out: receives an array of @n; free() releases it.
 *
 * Return: 0 or -ENOMEM.
 */
int view_networks(const struct view *view, __u32 only, struct view_network **out, size_t *n);

/** view_print_carrier - two cells: VNI, and tags on the wire of an uplink. */
void view_print_carrier(const struct view_network *row, struct print_table *out);

/** enum show_filter - what can narrow a listing. */
enum show_filter {
	SHOW_BY_NETWORK = 1,
	SHOW_BY_PORT = 2,
	SHOW_BY_FLOW = 4,   /* all else in struct flow_filter, @expired, @limit */
	SHOW_BY_POLICY = 8, /* @policy, @denied */
	SHOW_BY_MAC = 16,   /* all else in struct fdb_filter */
};

/**
 * struct show - one listing that was asked for.
 * @rules: of kinds that ask for them.
 * @pins: where the node is, for tables that are not in @view.
 * @network: only what belongs to this network; 0 = all.
 * @port: only what belongs to this port; 0 = all.
 * @all: rows without anything to say too.
 * @policy: only this policy; NULL = all.
 * @denied: only rules that denied something.
 * @flows: which flows; @network and @port are in it.
 * @macs: which MAC addresses; as @flows.
 * @expired: also flows that are over.
 * @limit: end after so many flows; 0 = never.
 * @failed: receives the map that a failure of @write is about.
 */
struct show {
	struct view view;
	struct rules rules;
	const struct pins *pins;
	__u32 network;
	__u32 port;
	bool all;
	const char *policy;
	bool denied;
	const struct flow_filter *flows;
	const struct fdb_filter *macs;
	bool expired;
	__u64 limit;
	const char **failed;
};

/**
 * struct show_kind - a thing that can be shown.
 * @tables: set of VIEW_TABLE() that @fill or @write needs, besides VIEW_NAMES.
 * @rules: whether @fill or @write needs them.
 * @filters: set of enum show_filter.
 * @fill: adds the rows. Return: 0 or -ENOMEM.
 * @write: instead of @fill, where there may be more rows than fit into memory: writes them as it
 *         reads them. Return: 0; as flow_read() with @failed set; as print_stream_row().
 */
struct show_kind {
	const char *name;
	__u64 tables;
	bool rules;
	unsigned int filters;
	const struct print_column *columns;
	size_t n_columns;
	int (*fill)(const struct show *show, struct print_table *out);
	int (*write)(const struct show *show, struct print_stream *out);
};

extern const struct show_kind show_networks, show_ports, show_fdb, show_tunnels, show_drops,
	show_policies, show_flows, show_multicast;

/** show_flow_counts - how many flows show_flows would show. */
extern const struct show_kind show_flow_counts;

struct address;

/** struct addresses - IP addresses of endpoints, sorted so that one endpoint's are together. */
struct addresses {
	struct address *v;
	size_t n;
};

/** addresses_sort - the view's weft_neigh by network and MAC address. Return: 0 or -ENOMEM. */
int addresses_sort(const struct view *view, struct addresses *out);

/** addresses_clear - release them. Also for _cleanup_(). */
void addresses_clear(struct addresses *addresses);

/** addresses_print - a list cell with the addresses of an endpoint. */
void addresses_print(const struct addresses *addresses, __u32 network,
		     const __u8 mac[static WEFT_ETH_ALEN], struct print_table *out);

#endif
