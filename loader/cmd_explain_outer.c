/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The remote VTEP that a frame of `weft explain --underlay` comes from; see cmd_explain_find.h. */
#include <string.h>

#include "cmd_explain_find.h"
#include "util.h"

static bool is_vtep(const struct finder *f, const struct weft_peer_key *key, __u32 tunnel)
{
	const struct weft_fdb_entry *place = finder_place(f, f->in->packet.smac);
	struct weft_addr addr;

	if (!f->want->vtep)
		return !place || place->kind != WEFT_FDB_REMOTE || place->tunnel == tunnel;
	if (finder_addr(f->want->vtep, &addr))
		return !memcmp(&addr, &key->remote, sizeof(addr));
	return !strcmp(view_tunnel_name(&f->w->view, tunnel).s, f->want->vtep);
}

/*
 * Who may send into the network, and is meant: the VTEP that was named, or that the source is
 * behind, or the only one. @any: receives one that may, for the encapsulation of the network.
 */
static const struct weft_peer_key *find_peer(const struct finder *f, size_t *n,
					     const struct weft_peer_key **any)
{
	const struct table *peers = &f->w->view.t[TABLE_PEERS];
	const struct weft_peer_key *found = NULL;

	*n = 0;
	*any = NULL;
	for (size_t i = 0; i < peers->rows.n; i++) {
		const struct weft_peer_key *key = table_key(peers, i);
		const struct weft_peer *peer = table_value(peers, i);

		if (peer->network != f->network)
			continue;
		*any = key;
		if (!is_vtep(f, key, peer->tunnel))
			continue;
		found = key;
		++*n;
	}
	return found;
}

/* The node's own end, as the remote VTEP would address it. */
static void fill_outer_to(const struct weft_node *node, struct explain_outer *o)
{
	if (explain_is_v4(&o->from)) {
		o->to = (struct weft_addr){.bytes = {[10] = 0xff, [11] = 0xff}};
		o->to.words[3] = node->vtep4;
	} else {
		memcpy(&o->to, node->vtep6, sizeof(o->to));
	}
	o->port = o->encap == WEFT_ENCAP_GENEVE ? node->geneve_port : node->vxlan_port;
}

/* A network that lives on the uplink as a VLAN: tags are all that its frames have. */
static bool find_wire(struct finder *f)
{
	const struct table *vlans = &f->w->view.t[TABLE_VLANS];

	for (size_t i = 0; i < vlans->rows.n; i++) {
		const struct weft_vlan_key *key = table_key(vlans, i);
		const struct weft_port *port = table_value(vlans, i);

		if (port->kind != WEFT_PORT_WIRE || port->network != f->network ||
		    key->ifindex != f->in->ifindex)
			continue;
		f->in->tags = (struct weft_tags){.service = key->service, .vlan = key->vlan};
		return true;
	}
	return false;
}

enum cmd_exit finder_outer(struct finder *f)
{
	const struct table *nodes = &f->w->view.t[TABLE_NODE];
	const struct weft_node *node = nodes->rows.n ? table_value(nodes, 0) : NULL;
	struct explain_outer *o = &f->in->outer;
	const struct weft_peer_key *peer, *any;
	const struct weft_network *net;
	size_t n;

	if (find_wire(f))
		return CMD_OK;
	net = table_get(&f->w->view.t[TABLE_NETWORKS], &f->network);
	peer = find_peer(f, &n, &any);
	if (!node || !net || !any)
		return cmd_error(CMD_FAILED, "no remote VTEP has a part in the network");
	o->encap = (peer ?: any)->encap;
	o->vni = finder_or(&f->want->vni, net->vni);
	if (peer && (n == 1 || f->want->vtep))
		o->from = peer->remote;
	else if (!f->want->vtep)
		return cmd_error(CMD_INVALID, "say which --vtep sends it");
	else if (!finder_addr(f->want->vtep, &o->from))
		return cmd_error(CMD_INVALID,
				 "--vtep %s: neither an address nor a node with a part in the "
				 "network",
				 f->want->vtep);
	fill_outer_to(node, o);
	return CMD_OK;
}
