/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* A record in words; see explain_text.h. One function a step, found in a table. */
#include "explain_text.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "drops.h"
#include "explain_names.h"
#include "explain_run.h"
#include "explain_world.h"
#include "flow_filter.h"
#include "print.h"
#include "util.h"

typedef void (*text_fn)(const struct explain_world *w, const struct weft_trace_rec *r,
			struct explain_step *s);

static void add_network(struct words *words, const struct explain_world *w, __u32 network)
{
	words_add(words, "network %s", view_network_name(&w->view, network).s);
}

static void text_parse(const struct explain_world *w __attribute__((unused)),
		       const struct weft_trace_rec *r, struct explain_step *s)
{
	const struct weft_trace_frame *frame = &r->frame;

	words_frame(&s->words, frame->head,
		    frame->len < WEFT_TRACE_HEAD ? frame->len : WEFT_TRACE_HEAD);
	words_add(&s->words, ", %u bytes", frame->len);
}

static void text_port(const struct explain_world *w, const struct weft_trace_rec *r,
		      struct explain_step *s)
{
	const struct weft_port *port = &r->port.port;
	const char *interface = explain_interface(w, r->port.ifindex).s;

	if (r->found && port->kind == WEFT_PORT_TRUNK) {
		words_add(&s->words, "%s is a trunk", interface);
		return;
	}
	if (!r->found || port->kind != WEFT_PORT_ACCESS) {
		words_add(&s->words, "%s is no port of a network", interface);
		return;
	}
	words_add(&s->words, "%s is port %s, ", interface, view_port_name(&w->view, port->id).s);
	add_network(&s->words, w, port->network);
	words_add(&s->words, ", %s", print_mac(port->mac).s);
}

static void text_vlan(const struct explain_world *w, const struct weft_trace_rec *r,
		      struct explain_step *s)
{
	const struct weft_port *port = &r->port.port, *on;

	on = view_interface_port(&w->view, r->port.ifindex);
	if (!r->found) {
		words_add(&s->words, "its tags name no %s of %s",
			  on && on->kind == WEFT_PORT_UPLINK ? "network" : "port",
			  explain_interface(w, r->port.ifindex).s);
		return;
	}
	words_add(&s->words, "its tags name port %s, ", view_port_name(&w->view, port->id).s);
	add_network(&s->words, w, port->network);
}

static void text_peer(const struct explain_world *w, const struct weft_trace_rec *r,
		      struct explain_step *s)
{
	const struct weft_peer_key *key = &r->peer.key;

	if (!r->found) {
		words_add(&s->words, "%s may not send with VNI %u", print_addr(&key->remote).s,
			  key->vni);
		return;
	}
	words_add(&s->words, "node %s (%s) may send with VNI %u into ",
		  view_tunnel_name(&w->view, r->peer.peer.tunnel).s, print_addr(&key->remote).s,
		  key->vni);
	add_network(&s->words, w, r->peer.peer.network);
}

/* What this node takes for its own: its addresses, and the encapsulations. */
static void add_vtep(struct words *words, const struct weft_node *node)
{
	const struct weft_addr *v6 = (const void *)node->vtep6;
	struct weft_addr v4 = {.bytes = {[10] = 0xff, [11] = 0xff}};

	v4.words[3] = node->vtep4;
	if (node->vtep4)
		words_add(words, " %s", print_addr(&v4).s);
	if (memcmp(v6, &(struct weft_addr){}, sizeof(*v6)) != 0)
		words_add(words, " %s", print_addr(v6).s);
	if (node->vxlan_port)
		words_add(words, ", VXLAN at UDP port %u", ntohs(node->vxlan_port));
	if (node->geneve_port)
		words_add(words, ", Geneve at UDP port %u", ntohs(node->geneve_port));
	if (node->nvgre)
		words_add(words, ", NVGRE");
}

/* Drops speak for themselves, at the end. */
static void text_classify(const struct explain_world *w, const struct weft_trace_rec *r,
			  struct explain_step *s)
{
	const struct table *nodes = &w->view.t[TABLE_NODE];

	if (r->result != WEFT_TRACE_PASS)
		return;
	s->table = table_descs[TABLE_NODE].name;
	words_add(&s->words, "not for this node's VTEP");
	if (nodes->rows.n)
		add_vtep(&s->words, table_value(nodes, 0));
}

static void text_restore(const struct explain_world *w __attribute__((unused)),
			 const struct weft_trace_rec *r, struct explain_step *s)
{
	if (!r->result)
		words_add(&s->words, "XDP has taken the outer headers off");
}

static void text_decap(const struct explain_world *w __attribute__((unused)),
		       const struct weft_trace_rec *r, struct explain_step *s)
{
	if (r->result >= 0)
		words_add(&s->words, "the outer headers come off");
}

static void text_network(const struct explain_world *w, const struct weft_trace_rec *r,
			 struct explain_step *s)
{
	const struct weft_network *net = &r->network.network;

	add_network(&s->words, w, r->network.id);
	s->detail = r->found && net->flags & WEFT_NET_PRESENT;
	if (s->detail)
		words_add(&s->words, ", VNI %u, %s", net->vni,
			  net->flags & WEFT_NET_FLOOD ? "floods" : "does not flood");
	else
		words_add(&s->words, " is not in the table");
}

static void add_place(struct words *words, const struct explain_world *w,
		      const struct weft_fdb_entry *entry)
{
	if (entry->kind != WEFT_FDB_REMOTE)
		words_add(words, "at port %s", view_port_name(&w->view, entry->port).s);
	else
		words_add(words, "behind node %s", view_tunnel_name(&w->view, entry->tunnel).s);
}

static void text_sender(const struct explain_world *w, const struct weft_trace_rec *r,
			struct explain_step *s)
{
	words_add(&s->words, "source %s is ", print_mac(r->fdb.key.mac).s);
	if (r->found)
		add_place(&s->words, w, &r->fdb.entry);
	else
		words_add(&s->words, "nobody's that is known");
}

static void text_fdb(const struct explain_world *w, const struct weft_trace_rec *r,
		     struct explain_step *s)
{
	words_add(&s->words, "%s is ", print_mac(r->fdb.key.mac).s);
	if (r->found)
		add_place(&s->words, w, &r->fdb.entry);
	else
		words_add(&s->words, "nobody's that is known");
}

static void text_return(const struct explain_world *w, const struct weft_trace_rec *r,
			struct explain_step *s)
{
	words_add(&s->words, "an answer to what %s has routed", print_mac(r->fdb.key.mac).s);
	if (!r->found || !(r->fdb.entry.flags & WEFT_FDB_ROUTED)) {
		words_add(&s->words, ", which routes no more");
		return;
	}
	words_add(&s->words, ": goes there, ");
	add_place(&s->words, w, &r->fdb.entry);
}

static void add_hop(struct words *words, const struct explain_world *w, const struct weft_hop *hop)
{
	if (hop->kind == WEFT_HOP_LOCAL || hop->kind == WEFT_HOP_WIRE)
		words_add(words, "at port %s", view_port_name(&w->view, hop->port).s);
	else if (hop->kind == WEFT_HOP_TUNNEL)
		words_add(words, "behind node %s", view_tunnel_name(&w->view, hop->target).s);
	else
		words_add(words, "about to be forgotten");
}

static void text_learn(const struct explain_world *w, const struct weft_trace_rec *r,
		       struct explain_step *s)
{
	const struct weft_trace_learned *l = &r->learned;

	words_add(&s->words, "source %s ", print_mac(l->key.mac).s);
	if (!r->found) {
		words_add(&s->words, "would be learned ");
		add_hop(&s->words, w, &l->here);
		return;
	}
	words_add(&s->words, "was learned ");
	add_hop(&s->words, w, &l->learned.where);
	if (!memcmp(&l->learned.where, &l->here, sizeof(l->here)))
		return;
	words_add(&s->words, ", and would move: it is ");
	add_hop(&s->words, w, &l->here);
}

static void text_learned(const struct explain_world *w, const struct weft_trace_rec *r,
			 struct explain_step *s)
{
	words_add(&s->words, "%s was ", print_mac(r->learned.key.mac).s);
	if (!r->found) {
		words_add(&s->words, "not learned either");
		return;
	}
	words_add(&s->words, "learned ");
	add_hop(&s->words, w, &r->learned.learned.where);
}

static void text_address(const struct explain_world *w __attribute__((unused)),
			 const struct weft_trace_rec *r, struct explain_step *s)
{
	words_add(&s->words, "source %s is ", print_addr(&r->neigh.key.addr).s);
	if (r->found)
		words_add(&s->words, "the address of %s", print_mac(r->neigh.neigh.mac).s);
	else
		words_add(&s->words, "nobody's that is known");
	s->detail = true;
}

static void text_question(const struct explain_world *w __attribute__((unused)),
			  const struct weft_trace_rec *r, struct explain_step *s)
{
	words_add(&s->words, "%s is ", print_addr(&r->neigh.key.addr).s);
	if (r->found)
		words_add(&s->words, "the address of %s", print_mac(r->neigh.neigh.mac).s);
	else
		words_add(&s->words, "nobody's that is known");
}

static void text_fragment(const struct explain_world *w __attribute__((unused)),
			  const struct weft_trace_rec *r, struct explain_step *s)
{
	const struct weft_frag_key *key = &r->frag.key;
	__u32 id = key->proto ? ntohs(key->id) : ntohl(key->id); /* IPv4 has 16 bits */

	words_add(&s->words, "of datagram %u from %s: ", id, print_addr(&key->saddr).s);
	words_add(&s->words, r->found ? "others of it have come" : "nothing of it has come before");
}

static void add_end(struct words *words, const struct weft_flow_key *key, int side)
{
	struct print_addr addr = print_addr(&key->addr[side]);

	words_add(words, strchr(addr.s, ':') && flow_has_ports(key->proto) ? "[%s]" : "%s", addr.s);
	if (flow_has_ports(key->proto))
		words_add(words, ":%u", ntohs(key->port[side]));
}

static void text_flow(const struct explain_world *w, const struct weft_trace_rec *r,
		      struct explain_step *s)
{
	const struct weft_flow *flow = &r->flow.flow;
	int from = flow->origin & 1;

	if (!r->found) {
		words_add(&s->words, r->step == WEFT_TRACE_RELATED
					     ? "it is about no flow that is known"
					     : "none yet: this is a first packet");
		return;
	}
	s->table = explain_table_name(r->flow.table);
	words_add(&s->words, r->step == WEFT_TRACE_RELATED ? "it is about " : "of ");
	add_end(&s->words, &r->flow.key, from);
	words_add(&s->words, " > ");
	add_end(&s->words, &r->flow.key, !from);
	words_add(&s->words, ", %s, %llu + %llu packets",
		  flow_state_name(flow->state) ?: "in no known state", flow->count[from].packets,
		  flow->count[!from].packets);
	for (int dir = __WEFT_POL_DIR_MAX - 1; dir >= 0; dir--) {
		if (!flow->rule[dir])
			continue;
		words_add(&s->words, ", %s by ", dir == WEFT_POL_EGRESS ? "egress" : "ingress");
		explain_rule_words(&s->words, w, flow->rule[dir]);
	}
	if (flow->flags & WEFT_FLOW_ROUTED)
		words_add(&s->words, ", answers go to %s", print_mac(flow->mac[from]).s);
}

static void text_stale(const struct explain_world *w __attribute__((unused)),
		       const struct weft_trace_rec *r __attribute__((unused)),
		       struct explain_step *s)
{
	words_add(&s->words, "it was decided under other policies, or its ends were elsewhere: it "
			     "is decided again");
}

static void text_policy(const struct explain_world *w, const struct weft_trace_rec *r,
			struct explain_step *s)
{
	const struct weft_trace_policy *p = &r->policy;
	bool egress = p->dir == WEFT_POL_EGRESS;

	s->table = table_descs[r->found ? TABLE_RULE_INFO : TABLE_POL_PORTS].name;
	if (!p->port) {
		words_add(&s->words, "%s: the %s is not here, and not asked",
			  egress ? "egress" : "ingress", egress ? "sender" : "receiver");
		s->detail = true;
		return;
	}
	words_add(&s->words, "%s of %s: %s", egress ? "egress" : "ingress",
		  view_port_name(&w->view, p->port).s, explain_policy_verdict(r->result));
	if (r->found) {
		words_add(&s->words, " by ");
		explain_rule_words(&s->words, w, p->rule);
	} else {
		words_add(&s->words, r->result == WEFT_POL_ALLOW ? ", nothing restricts it"
								 : ", the port is about to leave");
	}
}

static void text_begin(const struct explain_world *w __attribute__((unused)),
		       const struct weft_trace_rec *r, struct explain_step *s)
{
	s->table = explain_table_name(r->result);
	words_add(&s->words, "a flow would begin");
}

static void text_settle(const struct explain_world *w __attribute__((unused)),
			const struct weft_trace_rec *r, struct explain_step *s)
{
	s->table = explain_table_name(r->result);
	words_add(&s->words, "it would become an established flow");
}

static void text_tunnel(const struct explain_world *w, const struct weft_trace_rec *r,
			struct explain_step *s)
{
	const struct weft_tunnel *t = &r->tunnel.tunnel;

	if (!r->found) {
		words_add(&s->words, "tunnel %u is not in the table", r->tunnel.id);
		return;
	}
	words_add(&s->words, "%s to node %s (%s) by %s, for packets up to %u bytes",
		  view_encap_name(t->encap) ?: "tunnel", view_tunnel_name(&w->view, r->tunnel.id).s,
		  print_addr(&t->remote).s, explain_interface(w, t->ifindex).s, t->mtu);
}

static void text_copy(const struct explain_world *w, const struct weft_trace_rec *r,
		      struct explain_step *s)
{
	const struct weft_flood_member *m = &r->copy.member;

	if (m->port)
		words_add(&s->words, "a copy to port %s", view_port_name(&w->view, m->port).s);
	else
		words_add(&s->words, "a copy to node %s", view_tunnel_name(&w->view, m->tunnel).s);
}

static void text_handover(const struct explain_world *w, const struct weft_trace_rec *r,
			  struct explain_step *s)
{
	words_add(&s->words, "to port %s", view_port_name(&w->view, r->hop.port).s);
	switch (r->hop.delivery) {
	case WEFT_DELIVER_PEER:
		words_add(&s->words, ", straight into its workload's namespace");
		break;
	case WEFT_DELIVER_REDIRECT:
		words_add(&s->words, ", through %s", explain_interface(w, r->hop.ifindex).s);
		break;
	case WEFT_DELIVER_NONE: /* an answer in its name */
		s->words = (struct words){};
		words_add(&s->words, "an answer enters by port %s, in its name",
			  view_port_name(&w->view, r->hop.port).s);
		break;
	}
}

static void text_drop(const struct explain_world *w, const struct weft_trace_rec *r,
		      struct explain_step *s)
{
	__u32 reason = r->drop.reason;

	words_add(&s->words, "%s", drops_name(reason) ?: "for a reason that is not known");
	if (r->drop.port)
		words_add(&s->words, " at %s", view_port_name(&w->view, r->drop.port).s);
	if (drops_meaning(reason))
		words_add(&s->words, ": %s", drops_meaning(reason));
}

/** struct step - how a step is told. @table: 0 = TABLE_NODE, which is never the point. */
struct step {
	const char *stage;
	enum table_id table;
	text_fn text;
};

static const struct step steps[__WEFT_TRACE_MAX] = {
	[WEFT_TRACE_PARSE] = {"parse", 0, text_parse},
	[WEFT_TRACE_PORT] = {"classify", TABLE_PORTS, text_port},
	[WEFT_TRACE_VLAN] = {"classify", TABLE_VLANS, text_vlan},
	[WEFT_TRACE_PEER] = {"classify", TABLE_PEERS, text_peer},
	[WEFT_TRACE_CLASSIFY] = {"classify", 0, text_classify},
	[WEFT_TRACE_RESTORE] = {"decap", 0, text_restore},
	[WEFT_TRACE_DECAP] = {"decap", 0, text_decap},
	[WEFT_TRACE_NETWORK] = {"forward", TABLE_NETWORKS, text_network},
	[WEFT_TRACE_SENDER] = {"classify", TABLE_FDB, text_sender},
	[WEFT_TRACE_RETURN] = {"return", TABLE_FDB, text_return},
	[WEFT_TRACE_FDB] = {"forward", TABLE_FDB, text_fdb},
	[WEFT_TRACE_LEARN] = {"learn", TABLE_LEARNED, text_learn},
	[WEFT_TRACE_LEARNED] = {"forward", TABLE_LEARNED, text_learned},
	[WEFT_TRACE_ADDRESS] = {"policy", TABLE_NEIGH, text_address},
	[WEFT_TRACE_QUESTION] = {"answer", TABLE_NEIGH, text_question},
	[WEFT_TRACE_FRAGMENT] = {"fragment", TABLE_FRAGS, text_fragment},
	[WEFT_TRACE_FLOW] = {"flow", 0, text_flow},
	[WEFT_TRACE_STALE] = {"flow", TABLE_GENERATION, text_stale},
	[WEFT_TRACE_RELATED] = {"related", 0, text_flow},
	[WEFT_TRACE_POLICY] = {"policy", 0, text_policy},
	[WEFT_TRACE_BEGIN] = {"flow", 0, text_begin},
	[WEFT_TRACE_SETTLE] = {"flow", 0, text_settle},
	[WEFT_TRACE_TUNNEL] = {"encap", TABLE_TUNNELS, text_tunnel},
	[WEFT_TRACE_COPY] = {"flood", TABLE_FLOOD, text_copy},
	[WEFT_TRACE_HANDOVER] = {"deliver", 0, text_handover},
	[WEFT_TRACE_DROP] = {"drop", 0, text_drop},
};

/* What the packet was turned into goes to its sender. */
static void tell_answer(const struct explain_world *w, const struct weft_trace_rec *rec,
			struct explain_step *s)
{
	s->stage = "answer";
	s->words = (struct words){};
	words_add(&s->words, "back to port %s", view_port_name(&w->view, rec->hop.port).s);
}

bool explain_step_of(const struct explain_world *w, const struct explain_leg *leg,
		     const struct weft_trace_rec *rec, struct explain_step *s)
{
	const struct step *step;

	*s = (struct explain_step){};
	if (rec->step >= __WEFT_TRACE_MAX || !steps[rec->step].text)
		return false;
	step = &steps[rec->step];
	s->stage = step->stage;
	if (step->table)
		s->table = table_descs[step->table].name;
	step->text(w, rec, s);
	if (rec->step == WEFT_TRACE_HANDOVER && rec->hop.delivery != WEFT_DELIVER_NONE &&
	    (leg->end == WEFT_TRACE_REPLY || leg->end == WEFT_TRACE_REFUSE))
		tell_answer(w, rec, s);
	if (rec->step == WEFT_TRACE_PARSE)
		s->detail = rec == &leg->trace.recs[0] && rec->result >= 0;
	return s->words.len;
}
