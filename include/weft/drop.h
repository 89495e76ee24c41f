/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Why a packet was dropped: the one list.
 *
 * Each reason is a name and a sentence a person can act on. The enum, the strings in user space,
 * the reference page and the test that every reason can be provoked all come from here. Where the
 * kernel has a word for it (include/net/dropreason-core.h) we use the kernel's. The list is
 * append-only: the numbers are map keys and outlive an upgrade.
 */
#ifndef WEFT_DROP_H
#define WEFT_DROP_H

#define WEFT_DROP_REASONS(X)                                                                       \
	/* what the frame itself is */                                                             \
	X(HDR_TRUNC, "the frame ends inside a header that it announces")                           \
	X(IP_INHDR, "the IP header contradicts itself (version, header length or total length)")   \
	X(L4_INHDR, "the TCP or UDP header contradicts itself (data offset or length)")            \
	X(IPV6_EXTHDR, "more IPv6 extension headers than the datapath follows")                    \
	X(IPV6_RH0, "an IPv6 routing header of type 0, deprecated by RFC 5095")                    \
	X(VLAN_TOO_DEEP, "more VLAN tags than a frame may have")                                   \
	X(VLAN_UNEXPECTED, "a VLAN tag of the tenant's own in a network that does not carry them") \
	X(MAC_INVALID_SOURCE, "the source MAC address is zero or a group address")                 \
	X(MAC_SPOOFED, "the source MAC address is not the sending port's own, or is another's")    \
	/* what came from the underlay, addressed to this node's VTEP */                           \
	X(VXLAN_INVALID_HDR, "a VXLAN header without the I flag")                                  \
	X(VXLAN_VNI_NOT_FOUND, "no network on this node has the VNI")                              \
	X(VTEP_UNKNOWN, "the outer source address is not a known remote VTEP")                     \
	X(VTEP_NOT_MEMBER, "the remote VTEP has no part in the network with this VNI")             \
	X(OUTER_NOT_UNICAST, "the outer frame was sent to a group MAC address")                    \
	X(OUTER_FRAGMENT, "the outer packet is a fragment; a VTEP does not reassemble")            \
	X(IP_TUNNEL_ECN,                                                                           \
	  "congestion was marked on a packet that cannot carry the mark (RFC 6040)")               \
	X(LOCAL_MAC, "the underlay brought a frame from a MAC address that is local to this node") \
	X(MAC_WRONG_VTEP, "the source MAC address belongs behind another VTEP")                    \
	X(DECAP_FAILED, "the kernel refused to strip the tunnel header or a VLAN tag")             \
	/* where it was to go */                                                                   \
	X(PORT_UNKNOWN, "the interface is not a port of any network")                              \
	X(NETWORK_UNKNOWN, "the network is not in the table")                                      \
	X(UNKNOWN_UNICAST,                                                                         \
	  "nobody known has the destination MAC address and the network does not flood")           \
	X(BROADCAST_REFUSED, "a broadcast in a network that does not flood")                       \
	X(MULTICAST_REFUSED, "a multicast in a network that does not flood")                       \
	X(NO_RECEIVER, "a flooded frame in a network without any other member")                    \
	X(HAIRPIN, "the destination is behind the port that the frame came from")                  \
	X(SPLIT_HORIZON, "a frame from one tunnel whose destination is behind another tunnel")     \
	X(TUNNEL_UNKNOWN, "the tunnel to the destination's VTEP is not in the table")              \
	/* what could not be done with it */                                                       \
	X(PKT_TOO_BIG, "larger than the tunnel can carry; the sender is told the size that fits")  \
	X(ENCAP_FAILED, "the kernel refused to add the tunnel header or a VLAN tag")               \
	X(REPLICA_LOST, "one copy of a flooded frame could not be made or sent")                   \
	X(REPLY_FAILED,                                                                            \
	  "the answer to an ARP request or neighbour solicitation could not be built")             \
	X(META_LOST, "what xdp_underlay found out about the frame did not reach tc_underlay")      \
	/* what the firewall says; denials count at the port whose policies they are */            \
	X(POLICY_DENY_EGRESS, "the policies of the sending port deny it")                          \
	X(POLICY_DENY_INGRESS, "the policies of the receiving port deny it")                       \
	X(POLICY_REJECT_EGRESS, "the policies of the sending port deny it; the sender is told")    \
	X(POLICY_REJECT_INGRESS, "the policies of the receiving port deny it; the sender is told") \
	X(ADDR_SPOOFED, "the source IP address is another endpoint's")                             \
	X(TCP_INVALID_FLAGS, "TCP flags that no segment has (none, SYN with FIN or RST, ..)")      \
	X(TCP_INVALID_STATE, "a TCP segment that its connection's state does not allow, or that "  \
			     "belongs to none and opens none")                                     \
	X(TCP_OUT_OF_WINDOW, "a TCP sequence or acknowledgement number outside the window")        \
	X(ICMP_UNRELATED, "an ICMP error about a packet that nobody here sent")                    \
	X(ICMP_INVALID, "an ICMP message that neither asks nor answers a question that was asked") \
	X(FRAG_FIRST_MISSING, "a fragment whose first one, with the ports, did not pass here")     \
	X(FRAG_OVERLAP, "a fragment of a datagram of which two overlap")                           \
	X(FRAG_SCATTERED, "a fragment of a datagram that comes in too many separate pieces")       \
	/* learned MAC addresses */                                                                \
	X(MAC_LIMIT, "the port, or its network, has as many learned MAC addresses as it may")      \
	X(MAC_FLAPPING, "the source MAC address moves too often, and is held somewhere else")      \
	/* more of what came from the underlay, addressed to this node's VTEP */                   \
	X(GENEVE_INVALID_HDR,                                                                      \
	  "a Geneve header of another version, or with a payload that is not Ethernet")            \
	X(GENEVE_CONTROL, "a Geneve control packet (O bit), which carries nothing for a workload") \
	X(GENEVE_INVALID_OPT, "Geneve options that do not fit the length that the header gives")   \
	X(GENEVE_CRITICAL_OPT, "a critical Geneve option that is not known here")                  \
	X(NVGRE_INVALID_HDR, "Ethernet in GRE, but without a key, or with a checksum, a sequence " \
			     "number or another version")                                          \
	/* VLANs */                                                                                \
	X(VLAN_NOT_ALLOWED, "no port of the trunk has the frame's VLAN tag")                       \
	X(VLAN_UNTAGGED, "an untagged frame on a trunk without a native port")                     \
	X(VLAN_OLD_TPID, "a VLAN tag of before the standard (ethertype 0x9100, 0x9200 or 0x9300)") \
	X(VLAN_UNJUDGED,                                                                           \
	  "a frame with the tenant's own VLAN tag, at a port whose policies cannot judge it")      \
	/* port security */                                                                        \
	X(ADDR_NOT_OWN, "the source IP address is not one that the sending port may use")          \
	X(ADDR_NOT_RECEIVER, "the destination IP address is not one of the receiving port's")      \
	X(ARP_SPOOFED, "ARP whose sender is not the sending port, by MAC or IP address")           \
	X(ND_SPOOFED, "neighbour discovery with an address or a link-layer address that is not "   \
		      "the sending port's")                                                        \
	X(ND_INVALID, "a neighbour discovery message that contradicts its length or its options")  \
	X(DHCP_SERVER, "DHCP of a server, from a port or to a port that is none")                  \
	X(DHCPV6_SERVER, "DHCPv6 of a server, from a port or to a port that is none")              \
	X(ROUTER_ADVERT, "a router advertisement or a redirect, from a port that is no router")    \
	X(FRAME_LLC, "an 802.3 frame with a length in the place of a type (LLC, SNAP)")            \
	X(TUNNEL_FROM_PORT, "a workload sends a tunnel packet to a VTEP")                          \
	X(LOCAL_ADDR, "a remote VTEP sent a packet from an IP address that is a local port's")     \
	/* who may talk to whom, and how much of what everybody gets */                            \
	X(ISOLATED, "isolation keeps sender and receiver apart")                                   \
	X(STORM_BROADCAST, "more broadcasts than the port's storm control allows")                 \
	X(STORM_MULTICAST, "more multicasts than the port's storm control allows")                 \
	X(STORM_UNKNOWN, "more unknown unicasts than the port's storm control allows")             \
	X(LOOP_DETECTED, "a flooded frame came back by another port")                              \
	X(LOOP_BLOCKED, "flooding from this port is blocked for a while, because of a loop")       \
	X(MULTICAST_NO_MEMBER, "a multicast for a group that nobody has joined")                   \
	X(MULTICAST_QUERY, "an IGMP or MLD query from a port that is no router")                   \
	X(MULTICAST_INVALID, "an IGMP or MLD message with a wrong length, source or checksum")

/** enum weft_drop - drop reasons; 0 is none. A stage returns the reason negated. */
enum weft_drop {
	WEFT_DROP_NONE,
#define WEFT_DROP_ENUM(name, text) WEFT_DROP_##name,
	WEFT_DROP_REASONS(WEFT_DROP_ENUM)
#undef WEFT_DROP_ENUM
		__WEFT_DROP_MAX,
};

#endif
