/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The packet that a command line of `weft explain` means: names become interfaces, networks and
 * addresses, and what is not said is what the tables say about what is.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <string.h>

#include "cmd_explain_find.h"
#include "pcap_read.h"
#include "print.h"
#include "util.h"

#define SPORT_DEFAULT 40000

bool finder_addr(const char *text, struct weft_addr *addr)
{
	struct weft_addr a = {.bytes = {[10] = 0xff, [11] = 0xff}};

	if (inet_pton(AF_INET, text, &a.words[3]) != 1 && inet_pton(AF_INET6, text, &a) != 1)
		return false;
	*addr = a;
	return true;
}

static bool mac_equal(const __u8 *a, const __u8 *b)
{
	return !memcmp(a, b, WEFT_ETH_ALEN);
}

static bool family_fits(const struct finder *f, const struct weft_addr *addr)
{
	return explain_is_v4(addr) ? !f->v6 : !f->v4;
}

static void decide_family(struct finder *f, const struct weft_addr *addr)
{
	f->v4 = explain_is_v4(addr);
	f->v6 = !f->v4;
}

/* An address of the endpoint with this MAC address; IPv4 if it may be. Return: whether it has. */
static bool address_of(const struct finder *f, const __u8 *mac, struct weft_addr *addr)
{
	const struct table *neigh = &f->w->view.t[TABLE_NEIGH];
	bool found = false;

	for (size_t i = 0; i < neigh->rows.n; i++) {
		const struct weft_neigh_key *key = table_key(neigh, i);
		const struct weft_neigh *row = table_value(neigh, i);

		if (key->network != f->network || !mac_equal(row->mac, mac) ||
		    !family_fits(f, &key->addr) || (found && !explain_is_v4(&key->addr)))
			continue;
		*addr = key->addr;
		found = true;
	}
	return found;
}

static const struct weft_neigh *owner_of(const struct finder *f, const struct weft_addr *addr)
{
	struct weft_neigh_key key = {.addr = *addr, .network = f->network};

	return table_get(&f->w->view.t[TABLE_NEIGH], &key);
}

const struct weft_fdb_entry *finder_place(const struct finder *f, const __u8 *mac)
{
	struct weft_fdb_key key = {.network = f->network};

	memcpy(key.mac, mac, sizeof(key.mac));
	return table_get(&f->w->view.t[TABLE_FDB], &key);
}

/* A port's own row: access ports and uplinks have separate names. */
static const struct weft_port *port_called(const struct finder *f, const char *name, __u32 kind,
					   __u32 *ifindex)
{
	const struct table *infos = &f->w->view.t[TABLE_PORT_INFO];

	for (size_t i = 0; i < infos->rows.n; i++) {
		const struct weft_port_info *info = table_value(infos, i);

		if (info->kind != kind || strcmp(info->name, name) != 0)
			continue;
		*ifindex = info->ifindex;
		return view_port(&f->w->view, *(const __u32 *)table_key(infos, i));
	}
	return NULL;
}

static enum cmd_exit no_port(const struct finder *f, const char *name)
{
	__u32 id;

	if (!cmd_find_port(&f->w->view, name, &id)) /* else it has complained, and suggested */
		return cmd_error(CMD_FAILED, "\"%s\" is no port of a network", name);
	return CMD_FAILED;
}

/* -- where it comes in ---------------------------------------------------------------------- */

static enum cmd_exit enter_port(struct finder *f, const char *name)
{
	f->port = port_called(f, name, WEFT_PORT_ACCESS, &f->in->ifindex);
	if (!f->port)
		return no_port(f, name);
	f->network = f->port->network;
	return CMD_OK;
}

static enum cmd_exit enter_underlay(struct finder *f, const char *name)
{
	if (!port_called(f, name, WEFT_PORT_UPLINK, &f->in->ifindex))
		return cmd_error(CMD_FAILED, "\"%s\" is no uplink of this node", name);
	f->in->underlay = true;
	return CMD_OK;
}

static enum cmd_exit find_network(struct finder *f)
{
	const struct table *networks = &f->w->view.t[TABLE_NET_INFO];
	__u32 id;
	enum cmd_exit status;

	if (f->want->network) {
		status = cmd_find_network(&f->w->view, f->want->network, &id);
		if (!status)
			f->network = id;
		return status;
	}
	if (networks->rows.n != 1)
		return cmd_error(CMD_INVALID, "say in which --network");
	f->network = *(const __u32 *)table_key(networks, 0);
	return CMD_OK;
}

/* Neither port nor uplink was named: the port that has the source address. */
static enum cmd_exit enter_by_source(struct finder *f)
{
	const struct weft_fdb_entry *place;
	const struct weft_neigh *owner;
	struct weft_addr from;
	enum cmd_exit status;

	if (!f->want->from)
		return cmd_error(CMD_INVALID, "say where it comes from: --port, or --underlay");
	if (!finder_addr(f->want->from, &from))
		return enter_port(f, f->want->from);
	status = find_network(f);
	if (status)
		return status;
	owner = owner_of(f, &from);
	place = owner ? finder_place(f, owner->mac) : NULL;
	if (!place)
		return cmd_error(CMD_FAILED, "no port has the address %s; name one with --port",
				 f->want->from);
	if (place->kind == WEFT_FDB_WIRE)
		return cmd_error(
			CMD_FAILED,
			"%s is on the wire of %s; what comes from there comes in by an --underlay",
			f->want->from, view_port_name(&f->w->view, place->port).s);
	if (place->kind != WEFT_FDB_LOCAL)
		return cmd_error(
			CMD_FAILED,
			"%s is behind node %s; what comes from there comes in by an --underlay",
			f->want->from, view_tunnel_name(&f->w->view, place->tunnel).s);
	f->in->ifindex = place->ifindex;
	f->port = view_port(&f->w->view, place->port);
	return f->port ? CMD_OK
		       : cmd_error(CMD_FAILED, "no port has the address %s", f->want->from);
}

static enum cmd_exit enter(struct finder *f)
{
	enum cmd_exit status;

	if (f->want->underlay) {
		status = enter_underlay(f, f->want->underlay);
		return status ?: f->want->pcap ? CMD_OK : find_network(f);
	}
	if (f->want->port)
		return enter_port(f, f->want->port);
	return enter_by_source(f);
}

/* -- addresses ------------------------------------------------------------------------------ */

/* @text: an address, or the name of a port, whose address it then is. */
static enum cmd_exit find_addr(struct finder *f, const char *option, const char *text,
			       struct weft_addr *addr)
{
	const struct weft_port *port;
	__u32 ifindex;

	if (finder_addr(text, addr))
		return CMD_OK;
	port = port_called(f, text, WEFT_PORT_ACCESS, &ifindex);
	if (!port)
		return cmd_error(CMD_INVALID, "%s %s: neither an address nor a port of this node",
				 option, text);
	if (port->network != f->network)
		return cmd_error(CMD_INVALID, "%s %s: that port is in another network", option,
				 text);
	if (!address_of(f, port->mac, addr))
		return cmd_error(CMD_INVALID, "%s %s: the file gives that port no such address",
				 option, text);
	return CMD_OK;
}

/* The address decides the family if it is one; a name is then looked for one that fits. */
static enum cmd_exit find_to(struct finder *f)
{
	struct explain_packet *p = &f->in->packet;
	struct weft_addr from;
	enum cmd_exit status;

	if (f->want->from && finder_addr(f->want->from, &from))
		decide_family(f, &from);
	if (f->want->to) {
		status = find_addr(f, "--to", f->want->to, &p->to);
		if (status)
			return status;
	} else {
		finder_addr(f->v6 ? "ff02::1" : "255.255.255.255", &p->to);
	}
	if (!family_fits(f, &p->to))
		return cmd_error(CMD_INVALID, "--from and --to are of different IP versions");
	decide_family(f, &p->to);
	return CMD_OK;
}

static enum cmd_exit find_from(struct finder *f)
{
	struct explain_packet *p = &f->in->packet;

	if (f->want->from)
		return find_addr(f, "--from", f->want->from, &p->from);
	if (!f->port)
		return cmd_error(CMD_INVALID, "say who sends it: --from ADDRESS");
	if (!address_of(f, f->port->mac, &p->from))
		return cmd_error(CMD_INVALID,
				 "the file gives the port no %s address; say --from ADDRESS",
				 f->v4 ? "IPv4" : "IPv6");
	return CMD_OK;
}

/* A port that learns need not have one of its own. */
static bool is_zero_mac(const __u8 *mac)
{
	static const __u8 zero[WEFT_ETH_ALEN];

	return mac_equal(mac, zero);
}

static enum cmd_exit find_smac(struct finder *f)
{
	struct explain_packet *p = &f->in->packet;
	const struct weft_neigh *owner = owner_of(f, &p->from);

	if (f->want->smac.given)
		memcpy(p->smac, f->want->smac.v, sizeof(p->smac));
	else if (f->port && !is_zero_mac(f->port->mac))
		memcpy(p->smac, f->port->mac, sizeof(p->smac));
	else if (owner)
		memcpy(p->smac, owner->mac, sizeof(p->smac));
	else
		return cmd_error(CMD_INVALID,
				 "nobody known has %s: say its MAC address, --from-mac MAC",
				 print_addr(&p->from).s);
	return CMD_OK;
}

/* Spec: RFC 1112 section 6.4, RFC 2464 section 7. Return: whether the address is a group's. */
static bool group_mac(const struct weft_addr *to, __u8 *mac)
{
	const __u8 broadcast[WEFT_ETH_ALEN] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
	const __u8 *a = to->bytes;

	if (explain_is_v4(to) && to->words[3] == 0xffffffff) {
		memcpy(mac, broadcast, sizeof(broadcast));
	} else if (explain_is_v4(to) && (a[12] & 0xf0) == 0xe0) {
		memcpy(mac, (__u8[]){0x01, 0x00, 0x5e, a[13] & 0x7f, a[14], a[15]}, WEFT_ETH_ALEN);
	} else if (!explain_is_v4(to) && a[0] == 0xff) {
		memcpy(mac, (__u8[]){0x33, 0x33, a[12], a[13], a[14], a[15]}, WEFT_ETH_ALEN);
	} else {
		return false;
	}
	return true;
}

static enum cmd_exit find_dmac(struct finder *f)
{
	struct explain_packet *p = &f->in->packet;
	const struct weft_neigh *owner = owner_of(f, &p->to);

	if (f->want->dmac.given)
		memcpy(p->dmac, f->want->dmac.v, sizeof(p->dmac));
	else if (f->want->broadcast || (f->want->question && f->v4))
		memset(p->dmac, 0xff, sizeof(p->dmac));
	else if (f->want->question) /* RFC 4861 section 7.2.2: the solicited-node address */
		memcpy(p->dmac,
		       (__u8[]){0x33, 0x33, 0xff, p->to.bytes[13], p->to.bytes[14],
				p->to.bytes[15]},
		       WEFT_ETH_ALEN);
	else if (owner)
		memcpy(p->dmac, owner->mac, sizeof(p->dmac));
	else if (!group_mac(&p->to, p->dmac))
		return cmd_error(CMD_INVALID,
				 "nobody known has %s, so nobody would be sent to: say --to-mac "
				 "MAC, or ask for it with --arp",
				 print_addr(&p->to).s);
	return CMD_OK;
}

/* -- the rest ------------------------------------------------------------------------------- */

static enum cmd_exit describe(struct finder *f)
{
	const struct explain_want *want = f->want;
	struct explain_packet *p = &f->in->packet;

	p->kind = want->question ? EXPLAIN_QUESTION : EXPLAIN_IP;
	p->proto = finder_or(&want->proto, IPPROTO_ICMP);
	if (f->v6 && p->proto == IPPROTO_ICMP)
		p->proto = IPPROTO_ICMPV6;
	p->sport = finder_or(&want->sport, SPORT_DEFAULT);
	p->dport = want->dport.v;
	p->tcp_flags = finder_or(&want->flags, 0x02);
	p->seq = 1;
	p->ack = p->tcp_flags & 0x10 ? 1 : 0;
	p->icmp_type = finder_or(&want->icmp_type, f->v6 ? WEFT_ICMP6_ECHO : WEFT_ICMP_ECHO);
	p->icmp_code = want->icmp_code.v;
	p->size = want->size.v;
	p->ttl = finder_or(&want->ttl, 64);
	if (p->size && p->size < explain_headers_len(p))
		return cmd_error(CMD_INVALID, "--size %u: its headers alone take %u bytes", p->size,
				 explain_headers_len(p));
	return CMD_OK;
}

static enum cmd_exit build(struct finder *f)
{
	const struct weft_tags *tags = f->port ? view_tags(&f->w->view, f->port->id) : NULL;
	int err;

	if (tags)
		f->in->tags = *tags;

	f->in->described = true;
	err = explain_frame_of(f->in);
	if (err == -EMSGSIZE)
		return cmd_error(CMD_INVALID, "--size %u: more than can be explained, which is %u",
				 f->in->packet.size, EXPLAIN_FRAME_MAX);
	if (err)
		return cmd_error(CMD_FAILED, "the packet: %s", strerror(-err));
	return CMD_OK;
}

enum cmd_exit cmd_explain_find(const struct explain_world *w, const struct explain_want *want,
			       struct explain_input *in)
{
	struct finder f = {.w = w, .want = want, .in = in};
	static enum cmd_exit (*const steps[])(struct finder * f) = {
		enter, find_to, find_from, find_smac, find_dmac, describe,
	};
	enum cmd_exit status = CMD_OK;

	*in = (struct explain_input){};
	for (size_t i = 0; i < ARRAY_SIZE(steps) && !status; i++)
		status = steps[i](&f);
	if (!status && in->underlay)
		status = finder_outer(&f);
	return status ?: build(&f);
}

enum cmd_exit cmd_explain_find_frame(const struct explain_world *w, const struct explain_want *want,
				     const struct pcap_frame *frame, struct explain_input *in)
{
	struct explain_want by_file = *want;
	struct finder f = {.w = w, .want = &by_file, .in = in};
	enum cmd_exit status;
	__u32 ifindex;

	*in = (struct explain_input){};
	if (!want->port && !want->underlay) {
		if (!frame->interface[0])
			return cmd_error(CMD_INVALID,
					 "the file does not say where the frame was seen: say "
					 "--port, or --underlay");
		if (port_called(&f, frame->interface, WEFT_PORT_ACCESS, &ifindex))
			by_file.port = frame->interface;
		else
			by_file.underlay = frame->interface;
	}
	if (frame->cap_len < frame->len)
		return cmd_error(CMD_FAILED, "the file has only %u of the frame's %u bytes",
				 frame->cap_len, frame->len);
	if (frame->cap_len > EXPLAIN_FRAME_MAX)
		return cmd_error(CMD_FAILED, "the frame has %u bytes, more than can be explained",
				 frame->cap_len);
	status = enter(&f);
	memcpy(in->frame.bytes, frame->bytes, frame->cap_len);
	in->frame.len = frame->cap_len;
	return status;
}
