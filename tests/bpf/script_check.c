/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* What a script's step should do: who gets a copy, which counters move, which entry there is. */
#include <string.h>

#include "rows.h"
#include "script.h"
#include "wires.h"

static bool is_flooded(const struct step *step)
{
	enum role to = step->mac_of ? step->mac_of : script_dst(step);

	return to == ALL || to == STRANGER;
}

static const struct host *sender_of(const struct stage *stage, const struct step *step)
{
	return host_of(stage, step->leaves_at ? step->leaves_at : step->by);
}

static const struct host *receiver_of(const struct stage *stage, const struct step *step)
{
	if (step->lands_at)
		return host_of(stage, step->lands_at);
	return host_of(stage, step->mac_of ? step->mac_of : script_dst(step));
}

static __u32 flood_copies(const struct stage *stage, const struct step *step)
{
	const struct host *from = sender_of(stage, step);
	__u32 to = TO(WEB1) | TO(WEB2) | TO(WEB3);

	if (host_is_local(from)) {
		to |= VIA(TUNNEL_B) | VIA(TUNNEL_C);
		to &= ~TO(from->wire);
	}
	for (enum role role = A; role <= C; role++) {
		if (step->denied & 1u << role)
			to &= ~TO(host_of(stage, role)->wire);
	}
	return to;
}

__u32 script_copies(const struct stage *stage, const struct step *step)
{
	const struct host *to;

	if (step->drop)
		return 0;
	if (is_flooded(step))
		return flood_copies(stage, step);
	to = receiver_of(stage, step);
	return host_is_local(to) ? TO(to->wire) : VIA(to->tunnel);
}

static __u32 port_of(const struct host *host)
{
	return PORT_ID(host_is_local(host) ? host->wire : UPLINK);
}

/* Where a loss counts. */
static __u32 port_of_loss(const struct stage *stage, const struct step *step)
{
	if (step->at)
		return port_of(host_of(stage, step->at));
	if (step->drop == WEFT_DROP_POLICY_DENY_INGRESS ||
	    step->drop == WEFT_DROP_POLICY_REJECT_INGRESS)
		return port_of(receiver_of(stage, step));
	return port_of(sender_of(stage, step));
}

static void add_copies(const struct stage *stage, const struct step *step, __u32 segs, __u32 len,
		       struct moves *moves)
{
	__u32 copies = script_copies(stage, step);

	for (unsigned int bit = 0; bit < 32; bit++) {
		if (!(copies & 1u << bit))
			continue;
		if (bit < WIRE_MAX) {
			moves_add(moves, C_TO_PORT, PORT_ID(bit), 0, segs, len);
			moves_add(moves, C_NET_TO_PORTS, NET_WEB, 0, segs, len);
		} else {
			moves_add(moves, C_NET_TO_UNDERLAY, NET_WEB, 0, segs, len);
		}
	}
}

static void add_denied(const struct stage *stage, const struct step *step, __u32 segs, __u32 len,
		       struct moves *moves)
{
	enum weft_drop reason = step->denied_for ?: WEFT_DROP_POLICY_DENY_INGRESS;

	for (enum role role = A; role <= C; role++) {
		if (step->denied & 1u << role)
			moves_add(moves, C_DROP, port_of(host_of(stage, role)), reason, segs, len);
	}
}

void script_moves(const struct stage *stage, const struct step *step, __u32 len, __u32 answer_len,
		  struct moves *moves)
{
	const struct host *from = sender_of(stage, step);
	__u32 segs = step->gso_segs ? step->gso_segs : 1;

	if (step->drop) {
		moves_add(moves, C_DROP, port_of_loss(stage, step), step->drop, segs, len);
		if (step->answer && !host_is_local(from))
			moves_add(moves, C_NET_TO_UNDERLAY, NET_WEB, 0, 1, answer_len);
		return;
	}
	add_denied(stage, step, segs, len, moves);
	if (!script_copies(stage, step))
		return;
	add_copies(stage, step, segs, len, moves);
	if (host_is_local(from)) {
		moves_add(moves, C_FROM_PORT, PORT_ID(from->wire), 0, segs, len);
		moves_add(moves, C_NET_FROM_PORTS, NET_WEB, 0, segs, len);
	} else {
		moves_add(moves, C_NET_FROM_UNDERLAY, NET_WEB, 0, segs, len);
	}
}

/* To whom the flow's opener speaks. */
static enum role partner_of(const struct step *step, enum role opener)
{
	if (step->by == opener && step->dst && !is_flooded(step))
		return step->dst;
	return opener == A ? B : A;
}

static void check_rules(const struct stage *stage, const struct script *script,
			const struct step *step, const struct weft_flow *f)
{
	const struct flow_want *want = &step->flow;
	const __u32 *rule = want->rule ? want->rule : script->rule;
	enum role opener = want->opener ? want->opener : A;
	const enum role asked[__WEFT_POL_DIR_MAX] = {
		[WEFT_POL_INGRESS] = partner_of(step, opener), [WEFT_POL_EGRESS] = opener};
	__u8 flags = 0;

	for (int dir = 0; dir < __WEFT_POL_DIR_MAX; dir++) {
		__u32 id = host_is_local(host_of(stage, asked[dir])) ? rule[dir] : 0;

		check(f->rule[dir] == id, "%s by rule %u, not %u", dir ? "egress" : "ingress",
		      f->rule[dir], id);
		flags |= id ? WEFT_FLOW_GUARDED : 0;
	}
	flags |= want->keep ? WEFT_FLOW_KEEP : 0;
	flags |= want->table == FLOW_ESTABLISHED ? WEFT_FLOW_COUNTED : 0;
	check(f->flags == flags, "flags of the flow %02x, not %02x", f->flags, flags);
}

/* Is @hop where @host is? */
static bool is_at(const struct weft_hop *hop, const struct host *host)
{
	if (host_is_local(host))
		return hop->kind == WEFT_HOP_LOCAL && hop->port == PORT_ID(host->wire) &&
		       hop->target == wires_index(host->wire);
	return hop->kind == WEFT_HOP_TUNNEL && hop->target == host->tunnel && !hop->port;
}

static void check_hops(const struct stage *stage, const struct step *step,
		       const struct weft_flow *f, int side)
{
	const struct host *from = sender_of(stage, step), *to = receiver_of(stage, step);

	if (step->of)
		return;
	check(is_at(&f->hop[side], from), "the sender is not where the flow has it");
	if (is_flooded(step))
		check(f->hop[!side].kind == WEFT_HOP_FLOOD, "a stranger's place is known");
	else
		check(is_at(&f->hop[!side], to), "the receiver is not where the flow has it");
	check(!memcmp(f->mac[side], host_of(stage, step->by)->mac, 6), "the sender's MAC address");
}

void script_check_flow(const struct stage *stage, const struct script *script,
		       const struct step *step)
{
	const struct flow_want *want = &step->flow;
	static struct packet frame;
	struct weft_flow_key key;
	struct weft_flow f = {};
	enum flow_table table;
	struct weft_addr addr;
	int side, origin;

	script_of(stage, step, &frame);
	side = flow_key_of(&frame, NET_WEB, &key);
	table = flow_find(&key, &f);
	if (!check(table == want->table, "the flow is in %s, not %s", flow_table_name(table),
		   flow_table_name(want->table)) ||
	    table == FLOW_NOWHERE)
		return;
	check(f.state == want->state, "the flow is %s, not %s", flow_state_name(f.state),
	      flow_state_name(want->state));
	addr = host_addr(stage, want->opener ? want->opener : A);
	origin = memcmp(&key.addr[0], &addr, sizeof(addr)) ? 1 : 0;
	check(f.origin == origin, "the other side is said to have opened it");
	check(f.count[origin].packets == want->packets[0] &&
		      f.count[!origin].packets == want->packets[1],
	      "%llu packets from the opener, %llu from the other, not %u and %u",
	      f.count[origin].packets, f.count[!origin].packets, want->packets[0],
	      want->packets[1]);
	check_rules(stage, script, step, &f);
	if (!step->drop)
		check_hops(stage, step, &f, side);
}
