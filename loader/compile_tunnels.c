/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Remote members of a network: which they are, and the tunnels to them. See compile.h. */
#include "compile_parts.h"

#include <errno.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/udp.h>
#include <string.h>

#include "value.h"

#define TUNNEL_TTL   64
#define IPV4_MIN_MTU 576  /* what every host must accept; RFC 791 */
#define IPV6_MIN_MTU 1280 /* what every link must carry; RFC 8200 section 5 */

/** struct member_key - a node in a network, both by index. No padding. */
struct member_key {
	__u32 network;
	__u32 node;
};

static const struct cfg_addr *vtep_of(const struct cfg_node *node, enum weft_family family)
{
	for (size_t i = 0; i < node->vtep.n; i++)
		if (value_is_ipv4(&node->vtep.v[i].v) == (family == WEFT_FAMILY_IPV4))
			return &node->vtep.v[i];
	return NULL;
}

static enum weft_family choose_family(const struct compiler *c, const struct cfg_network *network,
				      const struct cfg_node *remote)
{
	bool ipv4 = vtep_of(c->node, WEFT_FAMILY_IPV4) && vtep_of(remote, WEFT_FAMILY_IPV4);
	bool ipv6 = vtep_of(c->node, WEFT_FAMILY_IPV6) && vtep_of(remote, WEFT_FAMILY_IPV6);

	if (ipv4 && network->underlay.v != CFG_UNDERLAY_IPV6)
		return WEFT_FAMILY_IPV4;
	if (ipv6 && network->underlay.v != CFG_UNDERLAY_IPV4)
		return WEFT_FAMILY_IPV6;
	return WEFT_FAMILY_NONE; /* config_check() has complained */
}

/* The sum of a header as the datapath goes on with it: 16-bit words as they lie in memory. */
static __u32 sum_words(const void *bytes, size_t len)
{
	__u32 sum = 0;
	__u16 word;

	for (size_t i = 0; i < len; i += sizeof(word)) {
		memcpy(&word, (const char *)bytes + i, sizeof(word));
		sum += word;
	}
	return sum;
}

static __u8 outer_protocol(const struct weft_tunnel *tunnel)
{
	return tunnel->encap == WEFT_ENCAP_NVGRE ? IPPROTO_GRE : IPPROTO_UDP;
}

static size_t fill_ipv4(struct weft_tunnel *tunnel, const struct in6_addr *local,
			const struct in6_addr *remote)
{
	struct iphdr ip = {
		.version = 4,
		.ihl = sizeof(ip) / 4,
		.frag_off = htons(WEFT_IP_DF),
		.ttl = TUNNEL_TTL,
		.protocol = outer_protocol(tunnel),
	};

	memcpy(&ip.saddr, &local->s6_addr[12], sizeof(ip.saddr));
	memcpy(&ip.daddr, &remote->s6_addr[12], sizeof(ip.daddr));
	memcpy(tunnel->header, &ip, sizeof(ip));
	tunnel->csum = sum_words(&ip, sizeof(ip));
	return sizeof(ip);
}

/* No UDP checksum: RFC 6935, as tunnels of RFC 7348 are sent to who expects them. */
static size_t fill_ipv6(struct weft_tunnel *tunnel, const struct in6_addr *local,
			const struct in6_addr *remote)
{
	struct ipv6hdr ip = {
		.version = 6,
		.nexthdr = outer_protocol(tunnel),
		.hop_limit = TUNNEL_TTL,
		.saddr = *local,
		.daddr = *remote,
	};

	memcpy(tunnel->header, &ip, sizeof(ip));
	return sizeof(ip);
}

/* Adds to the header template. */
static void add(struct weft_tunnel *tunnel, const void *bytes, size_t len)
{
	memcpy(tunnel->header + tunnel->header_len, bytes, len);
	tunnel->header_len += len;
}

static void add_vxlan(struct weft_tunnel *tunnel, __u16 port)
{
	struct udphdr udp = {.dest = htons(port)};
	struct weft_vxlanhdr vxlan = {.flags = htonl(WEFT_VXLAN_FLAG_I)};

	add(tunnel, &udp, sizeof(udp));
	add(tunnel, &vxlan, sizeof(vxlan));
}

static void add_geneve(struct weft_tunnel *tunnel, __u16 port)
{
	struct udphdr udp = {.dest = htons(port)};
	struct weft_genevehdr geneve = {.proto = htons(WEFT_ETH_P_TEB)};
	struct weft_geneve_source source = {
		.opt = {.class = htons(WEFT_GENEVE_CLASS),
			.type = WEFT_GENEVE_SOURCE,
			.len = (sizeof(source) - sizeof(source.opt)) / 4},
	};

	if (tunnel->flags & WEFT_TUNNEL_SOURCE)
		geneve.ver_opt = sizeof(source) / 4;
	add(tunnel, &udp, sizeof(udp));
	add(tunnel, &geneve, sizeof(geneve));
	if (tunnel->flags & WEFT_TUNNEL_SOURCE)
		add(tunnel, &source, sizeof(source));
}

static void add_nvgre(struct weft_tunnel *tunnel)
{
	struct weft_nvgrehdr nvgre = {
		.flags = htons(WEFT_NVGRE_FLAGS),
		.proto = htons(WEFT_ETH_P_TEB),
	};

	add(tunnel, &nvgre, sizeof(nvgre));
}

static void fill_header(const struct compiler *c, struct weft_tunnel *tunnel,
			const struct in6_addr *remote)
{
	const struct in6_addr *local = &vtep_of(c->node, tunnel->family)->v;

	tunnel->header_len = tunnel->family == WEFT_FAMILY_IPV4 ? fill_ipv4(tunnel, local, remote)
								: fill_ipv6(tunnel, local, remote);
	if (tunnel->encap == WEFT_ENCAP_GENEVE)
		add_geneve(tunnel, c->cfg->geneve_port.v);
	else if (tunnel->encap == WEFT_ENCAP_NVGRE)
		add_nvgre(tunnel);
	else
		add_vxlan(tunnel, c->cfg->vxlan_port.v);
}

/* What packets tell of their encapsulation. */
static enum weft_encap encap_on_wire(__u8 encap)
{
	return encap == WEFT_ENCAP_VXLAN_GBP ? WEFT_ENCAP_VXLAN : encap;
}

static enum weft_encap encap_to(const struct compiler *c, const struct cfg_network *network,
				const struct cfg_node *remote)
{
	static const enum weft_encap of[] = {
		[CFG_ENCAP_VXLAN] = WEFT_ENCAP_VXLAN,
		[CFG_ENCAP_VXLAN_GBP] = WEFT_ENCAP_VXLAN_GBP,
		[CFG_ENCAP_GENEVE] = WEFT_ENCAP_GENEVE,
		[CFG_ENCAP_NVGRE] = WEFT_ENCAP_NVGRE,
	};

	return of[config_encap(network, c->node, remote)];
}

/* @tunnel: family, encap, flags and remote are set. */
static const struct weft_tunnel *make_tunnel(struct compiler *c, __u32 id,
					     struct weft_tunnel *tunnel,
					     const struct cfg_node *node,
					     const struct in6_addr *remote)
{
	size_t route = c->in->route(c->in->route_arg, remote);
	const struct uplink_fact *uplink = &c->in->uplinks[route];
	struct weft_tunnel_info info = {};
	__u32 overhead;

	fill_header(c, tunnel, remote);
	overhead = tunnel->header_len + WEFT_ETH_HLEN;
	tunnel->ifindex = uplink->ifindex;
	tunnel->mtu = uplink->mtu > overhead ? uplink->mtu - overhead : 0;
	strncpy(info.node, node->name.v, sizeof(info.node) - 1);

	compile_put(c, TABLE_TUNNELS, &id, tunnel);
	compile_put(c, TABLE_TUN_INFO, &id, &info);
	if (!table_get(&c->out->t[TABLE_VTEPS], remote))
		compile_put(c, TABLE_VTEPS, remote, &id);
	return table_get(&c->out->t[TABLE_TUNNELS], &id);
}

static bool has_ipv6(const struct cfg_network *network)
{
	for (size_t i = 0; i < network->subnets.n; i++)
		if (!value_is_ipv4(&network->subnets.v[i].v))
			return true;
	return false;
}

/* Once per network: what is wrong with one tunnel is mostly wrong with all. */
static void check_mtu(struct compiler *c, size_t i, const struct weft_tunnel *tunnel,
		      const char *node)
{
	const struct cfg_network *network = &c->cfg->networks.v[i];
	struct net_state *net = &c->nets[i];
	__u32 overhead = tunnel->header_len + WEFT_ETH_HLEN;
	__u32 least = has_ipv6(network) ? IPV6_MIN_MTU : IPV4_MIN_MTU;

	if (net->narrow || !tunnel->ifindex)
		return;
	if (network->mtu.v > tunnel->mtu) {
		diag_error(c->diag, DIAG_AT(network->mtu, "networks[%zu].mtu", i),
			   "%llu is more than the %u that the tunnel to node %s carries",
			   network->mtu.v, tunnel->mtu, diag_quote(node).s);
		diag_hint(c->diag, "leave it out, or raise the uplink's MTU to at least %llu",
			  network->mtu.v + overhead);
		net->narrow = true;
	} else if (tunnel->mtu < least) {
		diag_error(c->diag, DIAG_AT(*network, "networks[%zu]", i),
			   "the tunnel to node %s carries packets of %u bytes; %s needs %u",
			   diag_quote(node).s, tunnel->mtu, has_ipv6(network) ? "IPv6" : "IPv4",
			   least);
		diag_hint(c->diag, "raise the uplink's MTU to at least %u", least + overhead);
		net->narrow = true;
	}
}

static void allow_peer(struct compiler *c, size_t network, const struct weft_tunnel *tunnel,
		       __u32 id)
{
	struct weft_peer_key key = {
		.remote = tunnel->remote,
		.vni = c->cfg->networks.v[network].vni.v,
		.encap = encap_on_wire(tunnel->encap),
	};
	struct weft_peer peer = {.tunnel = id, .network = c->nets[network].id};

	if (tunnel->encap == WEFT_ENCAP_VXLAN_GBP || tunnel->encap == WEFT_ENCAP_GENEVE)
		peer.flags = WEFT_PEER_IDENTITY;

	compile_put(c, TABLE_PEERS, &key, &peer);
}

/* A foreign VTEP, which has no uplinks in the file, has no use for our option. */
static struct weft_tunnel tunnel_for(const struct compiler *c, const struct cfg_network *network,
				     const struct cfg_node *node, enum weft_family family)
{
	struct weft_tunnel tunnel = {.family = family, .encap = encap_to(c, network, node)};

	if (tunnel.encap == WEFT_ENCAP_GENEVE && node->uplinks.n)
		tunnel.flags = WEFT_TUNNEL_SOURCE;
	memcpy(&tunnel.remote, &vtep_of(node, family)->v, sizeof(tunnel.remote));
	return tunnel;
}

static void note_tunnel(struct net_state *net, const struct weft_tunnel *tunnel)
{
	if (tunnel->ifindex && tunnel->mtu < net->mtu) /* else its uplink is not there yet */
		net->mtu = tunnel->mtu;
	if (!net->flood_header || tunnel->header_len < net->flood_header)
		net->flood_header = tunnel->header_len;
}

/* Return: id of the tunnel, 0 if there is none. */
static __u32 reach(struct compiler *c, size_t network, const struct cfg_node *node)
{
	enum weft_family family = choose_family(c, &c->cfg->networks.v[network], node);
	const struct weft_tunnel *tunnel;
	const struct in6_addr *remote;
	struct weft_tunnel new;
	__u32 id;

	if (family == WEFT_FAMILY_NONE || !c->node->uplinks.n)
		return 0;
	remote = &vtep_of(node, family)->v;
	new = tunnel_for(c, &c->cfg->networks.v[network], node, family);
	id = compile_tunnel_id(c, remote, new.encap, new.flags);
	tunnel = table_get(&c->out->t[TABLE_TUNNELS], &id);
	if (!tunnel && !c->err)
		tunnel = make_tunnel(c, id, &new, node, remote);
	if (c->err)
		return 0;

	check_mtu(c, network, tunnel, node->name.v);
	note_tunnel(&c->nets[network], tunnel);
	allow_peer(c, network, tunnel, id);
	compile_flood_add(c, network, WEFT_FLOOD_TUNNEL, &(struct weft_flood_member){.tunnel = id});
	return id;
}

static void join(struct compiler *c, size_t network, const char *name)
{
	const struct cfg_node *node = config_find_node(c->cfg, name);
	struct member_key key = {.network = network, .node = node - c->cfg->nodes.v};

	if (node == c->node || !c->nets[network].id || c->err || compile_is_wire(c, network) ||
	    set_find(&c->members, &key, sizeof(key), NULL))
		return;
	c->err = set_add(&c->members, &key, sizeof(key), reach(c, network, node), NULL);
}

void compile_members(struct compiler *c)
{
	const struct cfg_network *network;
	const struct cfg_port *port;

	for (size_t i = 0; i < c->cfg->networks.n; i++) {
		network = &c->cfg->networks.v[i];
		for (size_t j = 0; j < network->nodes.n; j++)
			join(c, i, network->nodes.v[j].v);
		for (size_t j = 0; j < network->pools.n; j++)
			join(c, i, network->pools.v[j].node.v);
	}
	for (size_t i = 0; i < c->cfg->ports.n; i++) {
		port = &c->cfg->ports.v[i];
		network = config_find_network(c->cfg, port->network.v);
		join(c, network - c->cfg->networks.v, port->node.v);
	}
}

__u32 compile_tunnel_to(const struct compiler *c, size_t network, size_t node)
{
	struct member_key key = {.network = network, .node = node};
	size_t id;

	return set_find(&c->members, &key, sizeof(key), &id) ? id : 0;
}

void compile_vni(struct compiler *c, size_t network)
{
	const struct cfg_network *cfg = &c->cfg->networks.v[network];
	__u32 id = c->nets[network].id;
	struct weft_vni_key key = {.vni = cfg->vni.v};
	const struct cfg_node *node;
	struct member_key member = {.network = network};

	key.encap = encap_on_wire(encap_to(c, cfg, c->node));
	compile_put(c, TABLE_VNIS, &key, &id);
	for (size_t i = 0; i < c->cfg->nodes.n; i++) {
		node = &c->cfg->nodes.v[i];
		member.node = i;
		if (!node->encap.line || !set_find(&c->members, &member, sizeof(member), NULL))
			continue;
		key.encap = encap_on_wire(encap_to(c, cfg, node));
		compile_put(c, TABLE_VNIS, &key, &id);
	}
}
