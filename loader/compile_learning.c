/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Who may learn how many MAC addresses; see compile.h and weft/fdb.h. */
#include "compile_parts.h"

void compile_port_learning(struct compiler *c, const struct cfg_port *cfg, size_t network,
			   struct weft_port *port)
{
	if (!cfg->learning.v)
		return;
	port->flags |= WEFT_PORT_LEARN;
	if (cfg->mac_limit_action.v == CFG_MAC_LIMIT_FLOOD)
		port->flags |= WEFT_PORT_LIMIT_PASS;
	port->mac_limit = cfg->mac_limit.v;
	c->nets[network].learns = true;
}

void compile_network_learning(const struct cfg_network *cfg, const struct net_state *net,
			      struct weft_network *row)
{
	if (!cfg->learning.v && !net->learns)
		return;
	row->flags |= WEFT_NET_LEARN | (cfg->learning.v ? WEFT_NET_LEARN_TUNNELS : 0);
	row->mac_age_ms = cfg->mac_age.v;
	row->mac_limit = cfg->mac_limit.v;
	row->vtep_mac_limit =
		cfg->vtep_mac_limit.line ? cfg->vtep_mac_limit.v : (cfg->mac_limit.v + 1) / 2;
}
