/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Stage 2b, port security: does the sender speak in its own name, and only as what it is? Called by
 * pipeline.h for a MAC address that is not the port's, by flow_miss.h for a connection's first
 * packet, and by forward.h for what is no connection's.
 *
 *     IP            source address; servers (DHCP, router); tunnels. And the receiver's address,
 *                   because the answer to this packet is not asked again
 *     ARP           sender's MAC and IP address
 *     ND            target, link-layer options; neighbour_security.h
 *     802.3 length  not from a secured port; IP in SNAP from nobody
 *
 * A port's own addresses are those that `weft_neigh` gives its MAC address, and the link-local one
 * that is made of it (EUI-64). From the underlay, nobody may speak with an address of a port here.
 * A host port that routes speaks for everybody, and is spoken to in everybody's place, with its own
 * MAC address; see routed.h.
 */
#ifndef WEFT_BPF_STAGES_PORT_SECURITY_H
#define WEFT_BPF_STAGES_PORT_SECURITY_H

#include <stddef.h>
#include <linux/in.h>
#include <bpf/bpf_endian.h>

#include "../maps.h"
#include "../pkt.h"

/* UDP ports; RFC 2131 section 4.1, RFC 8415 section 7.2. */
#define WEFT_DHCP_SERVER  67
#define WEFT_DHCP_CLIENT  68
#define WEFT_DHCP6_CLIENT 546
#define WEFT_DHCP6_SERVER 547

/* IPv4 and IPv6 groups, and the IPv4 broadcast address. */
static __always_inline int weft_addr_is_group(const struct weft_addr *a, __u8 version)
{
	return version == 4 ? a->bytes[12] >= 224 && (a->bytes[12] < 240 || !~a->words[3])
			    : a->bytes[0] == 0xff;
}

static __always_inline int weft_addr_is_nobody(const struct weft_addr *a, __u8 version)
{
	return version == 6 ? weft_addr_is_zero(a) : !a->words[3];
}

/* The link-local address that a MAC address gives; RFC 4291 appendix A. */
static __always_inline int weft_addr_is_eui64(const struct weft_addr *a, const __u8 *mac)
{
	return a->words[0] == bpf_htonl(0xfe800000) && !a->words[1] &&
	       a->bytes[8] == (mac[0] ^ 2) && a->bytes[9] == mac[1] && a->bytes[10] == mac[2] &&
	       a->bytes[11] == 0xff && a->bytes[12] == 0xfe && a->bytes[13] == mac[3] &&
	       a->bytes[14] == mac[4] && a->bytes[15] == mac[5];
}

static __always_inline const struct weft_guard *weft_guard_of(__u32 port)
{
	return bpf_map_lookup_elem(&weft_guards, &port);
}

static __always_inline int weft_is_secure(const struct weft_guard *g)
{
	return g && g->flags & WEFT_GUARD_SECURE;
}

/* What the file allows a port besides its own addresses: WEFT_PAIR_*. @addr NULL: any. */
static __always_inline __u32 weft_pair_of(__u32 port, const __u8 *mac, const struct weft_addr *addr)
{
	struct weft_pair_key key = {.prefixlen = WEFT_PAIR_BITS, .port = port};
	const __u32 *pair;

	__builtin_memcpy(key.mac, mac, sizeof(key.mac));
	if (addr) {
		key.prefixlen += 8 * sizeof(key.addr);
		key.addr = *addr;
	}
	pair = bpf_map_lookup_elem(&weft_pairs, &key);
	return pair ? *pair : 0;
}

/**
 * weft_owns - may a port use an address, together with a MAC address that it may use?
 * @p: whose source MAC address, or with @dst whose destination, is meant.
 * @addr: the address.
 *
 * A global function, verified once on its own.
 * Return: 0; -WEFT_DROP_ADDR_SPOOFED: it is another endpoint's; -WEFT_DROP_ADDR_NOT_OWN.
 */
__attribute__((noinline)) int weft_owns(struct weft_pkt *p, struct weft_addr *addr, __u32 port,
					__u32 dst)
{
	const struct weft_guard *g = weft_guard_of(port);
	struct weft_neigh_key key = {};
	const struct weft_neigh *n;
	__u8 mac[WEFT_ETH_ALEN];
	__u32 family;

	if (!p || !addr || !g)
		return -WEFT_DROP_ADDR_NOT_OWN;
	__builtin_memcpy(mac, dst ? p->h.dmac : p->h.smac, sizeof(mac));
	if (weft_addr_is_eui64(addr, mac))
		return 0;
	key.addr = *addr;
	key.network = p->network;
	n = bpf_map_lookup_elem(&weft_neigh, &key);
	if (n && weft_mac_equal(n->mac, mac))
		return 0;
	family = p->h.version == 6 ? WEFT_PAIR_IPV6 : WEFT_PAIR_IPV4;
	if (g->flags & WEFT_GUARD_PAIRS && weft_pair_of(port, mac, &key.addr) & family)
		return 0;
	if (n)
		return -WEFT_DROP_ADDR_SPOOFED;
	return g->flags & WEFT_GUARD_ADDRS ? -WEFT_DROP_ADDR_NOT_OWN : 0;
}

/* Is it the address of a port of this node, and not the sender's own? */
static __always_inline int weft_guard_local(const struct weft_pkt *p, const struct weft_addr *addr)
{
	struct weft_neigh_key key = {.addr = *addr, .network = p->network};
	const struct weft_neigh *n = bpf_map_lookup_elem(&weft_neigh, &key);
	struct weft_fdb_key fdb = {.network = p->network};
	const struct weft_fdb_entry *owner;

	if (!n || p->routed || weft_mac_equal(n->mac, p->h.smac))
		return 0;
	__builtin_memcpy(fdb.mac, n->mac, sizeof(fdb.mac));
	owner = bpf_map_lookup_elem(&weft_fdb, &fdb);
	return owner && owner->kind == WEFT_FDB_LOCAL ? -WEFT_DROP_LOCAL_ADDR : 0;
}

/*
 * Who has no address yet may ask for one: DHCP, ICMPv6 (detection of duplicates, router
 * solicitation, MLD), IGMP. Spec: RFC 2131 section 4.1; RFC 4861 section 4.3; RFC 3590 section 4;
 * RFC 3376 section 4.2.13.
 */
static __always_inline int weft_guard_nobody(const struct weft_hdrs *h)
{
	if (h->version == 4)
		return h->l4_proto == WEFT_IP_P_IGMP ||
		       (h->l4_proto == IPPROTO_UDP && h->sport == bpf_htons(WEFT_DHCP_CLIENT) &&
			h->dport == bpf_htons(WEFT_DHCP_SERVER));
	return h->l4_proto == IPPROTO_ICMPV6 &&
	       (h->icmp_type == WEFT_ND_FIRST || h->icmp_type == WEFT_ND_SOLICIT ||
		h->icmp_type == WEFT_MLD_REPORT || h->icmp_type == WEFT_MLD_DONE ||
		h->icmp_type == WEFT_MLD2_REPORT);
}

/* What only servers and routers send. By the port that clients listen on too: they look at no
 * other. IPv4 redirects: RFC 792. */
static __always_inline int weft_guard_server(const struct weft_hdrs *h, __u16 flags)
{
	int v6 = h->version == 6;

	if (h->l4_proto == IPPROTO_UDP && !(flags & WEFT_GUARD_DHCP)) {
		if (!v6 && (h->sport == bpf_htons(WEFT_DHCP_SERVER) ||
			    h->dport == bpf_htons(WEFT_DHCP_CLIENT)))
			return -WEFT_DROP_DHCP_SERVER;
		if (v6 && (h->sport == bpf_htons(WEFT_DHCP6_SERVER) ||
			   h->dport == bpf_htons(WEFT_DHCP6_CLIENT)))
			return -WEFT_DROP_DHCPV6_SERVER;
	}
	if (flags & WEFT_GUARD_ROUTER)
		return 0;
	if (v6 && h->l4_proto == IPPROTO_ICMPV6 &&
	    (h->icmp_type == WEFT_ND_ROUTER || h->icmp_type == WEFT_ND_REDIRECT))
		return -WEFT_DROP_ROUTER_ADVERT;
	if (!v6 && h->l4_proto == IPPROTO_ICMP && h->icmp_type == WEFT_ICMP_REDIRECT)
		return -WEFT_DROP_ROUTER_ADVERT;
	return 0;
}

static __always_inline int weft_is_tunnel(const struct weft_hdrs *h, const struct weft_node *node)
{
	if (h->l4_proto == IPPROTO_GRE)
		return node->nvgre;
	return h->dport && (h->dport == node->vxlan_port || h->dport == node->geneve_port);
}

/* A workload's tunnel packet to one of our nodes: were it ever to leave the overlay, it would be
 * taken for ours. */
static __always_inline int weft_guard_tunnel(const struct weft_pkt *p)
{
	const struct weft_hdrs *h = &p->h;
	struct weft_addr to = h->daddr;
	const struct weft_node *node;
	__u32 zero = 0;

	if (h->l4_proto != IPPROTO_UDP && h->l4_proto != IPPROTO_GRE)
		return 0;
	node = bpf_map_lookup_elem(&weft_node, &zero);
	if (!node || !weft_is_tunnel(h, node))
		return 0;
	if (h->version == 4 ? to.words[3] == node->vtep4
			    : weft_addr_equal(&to, (const void *)node->vtep6))
		return -WEFT_DROP_TUNNEL_FROM_PORT;
	return bpf_map_lookup_elem(&weft_vteps, &to) ? -WEFT_DROP_TUNNEL_FROM_PORT : 0;
}

static __always_inline int weft_guard_sender(struct weft_pkt *p)
{
	__u32 port = p->here.port;
	const struct weft_guard *g = weft_guard_of(port);
	struct weft_hdrs *h = &p->h;
	int err;

	if (!weft_is_secure(g))
		return 0;
	err = weft_guard_server(h, g->flags);
	if (!err)
		err = weft_guard_tunnel(p);
	if (err)
		return err;
	if (weft_addr_is_nobody(&h->saddr, h->version))
		return weft_guard_nobody(h) ? 0 : -WEFT_DROP_ADDR_NOT_OWN;
	if (weft_addr_is_group(&h->saddr, h->version))
		return -WEFT_DROP_ADDR_NOT_OWN;
	return p->routed ? 0 : weft_owns(p, &h->saddr, port, 0);
}

/* The port that gets it may answer from where it was sent to. */
static __always_inline int weft_guard_receiver(struct weft_pkt *p, __u32 port)
{
	const struct weft_guard *g = weft_guard_of(port);
	struct weft_hdrs *h = &p->h;

	if (!weft_is_secure(g))
		return 0;
	if (h->l4_proto == IPPROTO_UDP && !(g->flags & WEFT_GUARD_DHCP)) {
		if (h->version == 4 && h->dport == bpf_htons(WEFT_DHCP_SERVER))
			return -WEFT_DROP_DHCP_SERVER;
		if (h->version == 6 && h->dport == bpf_htons(WEFT_DHCP6_SERVER))
			return -WEFT_DROP_DHCPV6_SERVER;
	}
	if (!(g->flags & WEFT_GUARD_ADDRS) || p->to_routed ||
	    weft_addr_is_group(&h->daddr, h->version))
		return 0;
	return weft_owns(p, &h->daddr, port, 1) ? -WEFT_DROP_ADDR_NOT_RECEIVER : 0;
}

/**
 * weft_guard_ip - port security of both ends, for an IP packet.
 * @p: classified.
 * @to: where it goes.
 *
 * A global function, verified once on its own.
 * Return: 0; -WEFT_DROP_ADDR_SPOOFED, -WEFT_DROP_ADDR_NOT_OWN, -WEFT_DROP_LOCAL_ADDR,
 * -WEFT_DROP_ADDR_NOT_RECEIVER, -WEFT_DROP_DHCP_SERVER, -WEFT_DROP_DHCPV6_SERVER,
 * -WEFT_DROP_ROUTER_ADVERT, -WEFT_DROP_TUNNEL_FROM_PORT.
 */
__attribute__((noinline)) int weft_guard_ip(struct weft_pkt *p, const struct weft_hop *to)
{
	int err;

	if (!p || !to)
		return -WEFT_DROP_NETWORK_UNKNOWN;
	err = p->from_underlay ? weft_guard_local(p, &p->h.saddr) : weft_guard_sender(p);
	return !err && to->kind == WEFT_HOP_LOCAL ? weft_guard_receiver(p, to->port) : err;
}

/*
 * Whose question will be answered in place, and therefore goes nowhere? One that is about an
 * address of somebody else's, from a sender that has none yet.
 */
static __always_inline int weft_guard_probe(struct weft_pkt *p, struct weft_addr *target,
					    __u32 port, int answered)
{
	int err = weft_owns(p, target, port, 0);

	return err == -WEFT_DROP_ADDR_SPOOFED && answered ? 0 : err;
}

/* Spec: RFC 826; RFC 5227 section 1.1 (probes). */
static __always_inline int weft_guard_arp(weft_ctx *ctx, struct weft_pkt *p, __u32 port)
{
	struct weft_hdrs *h = &p->h;
	__u8 sha[WEFT_ETH_ALEN];
	int err, request = h->arp_op == bpf_htons(WEFT_ARP_REQUEST);

	if (!(h->flags & WEFT_H_ARP) ||
	    ctx_load(ctx, h->l3_off + offsetof(struct weft_arphdr, sha), sha, sizeof(sha)) ||
	    !weft_mac_equal(sha, h->smac))
		return -WEFT_DROP_ARP_SPOOFED;
	if (h->saddr.words[3])
		err = weft_owns(p, &h->saddr, port, 0);
	else
		err = weft_guard_probe(p, &h->daddr, port, weft_mac_is_group(h->dmac));
	return err || (!h->saddr.words[3] && !request) ? -WEFT_DROP_ARP_SPOOFED : 0;
}

/* Spec: IEEE 802.3 (a length is at most 1500, a type at least 1536); RFC 1042 (IP in SNAP). */
static __always_inline int weft_guard_llc(weft_ctx *ctx, struct weft_pkt *p, int secure)
{
	struct {
		__u8 llc[3];
		__u8 oui[3];
		__be16 proto;
	} w;

	if (bpf_ntohs(p->h.eth_proto) >= WEFT_ETH_P_MIN)
		return 0;
	if (secure)
		return -WEFT_DROP_FRAME_LLC;
	if (ctx_load(ctx, p->h.l3_off, &w, sizeof(w)) || w.llc[0] != 0xaa || w.llc[1] != 0xaa ||
	    w.llc[2] != 3)
		return 0;
	return w.proto == bpf_htons(WEFT_ETH_P_IPV4) || w.proto == bpf_htons(WEFT_ETH_P_IPV6) ||
			       w.proto == bpf_htons(WEFT_ETH_P_ARP)
		       ? -WEFT_DROP_FRAME_LLC
		       : 0;
}

/**
 * weft_guard_l2 - port security of what is not IP.
 *
 * A global function, verified once on its own.
 * Return: 0; -WEFT_DROP_ARP_SPOOFED, -WEFT_DROP_LOCAL_ADDR, -WEFT_DROP_FRAME_LLC.
 */
__attribute__((noinline)) int weft_guard_l2(weft_ctx *ctx, struct weft_pkt *p)
{
	int secure;

	if (!p)
		return -WEFT_DROP_NETWORK_UNKNOWN;
	if (p->tag) /* the tenant's own VLAN, which goes by MAC addresses alone */
		return 0;
	secure = !p->from_underlay && weft_is_secure(weft_guard_of(p->here.port));
	if (p->h.eth_proto != bpf_htons(WEFT_ETH_P_ARP))
		return weft_guard_llc(ctx, p, secure);
	if (p->from_underlay)
		return p->h.flags & WEFT_H_ARP ? weft_guard_local(p, &p->h.saddr) : 0;
	return secure ? weft_guard_arp(ctx, p, p->here.port) : 0;
}

/**
 * weft_guard_mac - may the port use a source MAC address that is not its own? Another's it may not
 * even without port security.
 *
 * A global function, verified once on its own. Return: 0; -WEFT_DROP_MAC_SPOOFED.
 */
__attribute__((noinline)) int weft_guard_mac(struct weft_pkt *p)
{
	struct weft_fdb_key key = {};
	const struct weft_guard *g;

	if (!p)
		return -WEFT_DROP_MAC_SPOOFED;
	g = weft_guard_of(p->port);
	if (!g)
		return -WEFT_DROP_MAC_SPOOFED;
	__builtin_memcpy(key.mac, p->h.smac, sizeof(key.mac));
	key.network = p->network;
	if (!weft_is_secure(g))
		return bpf_map_lookup_elem(&weft_fdb, &key) ? -WEFT_DROP_MAC_SPOOFED : 0;
	if (!(g->flags & WEFT_GUARD_PAIRS))
		return -WEFT_DROP_MAC_SPOOFED;
	return weft_pair_of(p->port, p->h.smac, 0) ? 0 : -WEFT_DROP_MAC_SPOOFED;
}

#endif
