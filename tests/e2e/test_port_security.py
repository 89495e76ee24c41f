# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""Port security: what is said in another's name arrives nowhere and changes nothing.

    a1, a2 on host a, b1 on host b. a1 and b1 may both have 10.1.0.200, and fd00:1::200 with the MAC
    address of a virtual router; whoever has it is not in the file.
"""
import struct
import subprocess

import pytest
from scapy.layers.dhcp import BOOTP, DHCP
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.inet6 import (ICMPv6MLReport2, ICMPv6ND_NA, ICMPv6ND_NS, ICMPv6ND_RA, ICMPv6ND_Redirect,
                                ICMPv6NDOptDstLLAddr, ICMPv6NDOptPrefixInfo, ICMPv6NDOptSrcLLAddr,
                                IPv6, IPv6ExtHdrDestOpt)
from scapy.layers.l2 import ARP, LLC, SNAP, Dot3, Ether
from scapy.layers.vxlan import VXLAN

from lab import two_hosts
from netns import PINS, run, wait_until
from traffic import BROADCAST, Frames, mac_bytes, mark, ping, settle

VIP, VIP6, VMAC = "10.1.0.200", "fd00:1::200", "00:00:5e:00:01:07"
PAIRS = [VIP, {"mac": VMAC, "address": VIP6}]
TABLES = ("weft_fdb", "weft_neigh", "weft_flows", "weft_flows_new", "weft_flows_over", "weft_mcast")
REASONS = ("MAC_SPOOFED", "MAC_INVALID_SOURCE", "ADDR_SPOOFED", "ADDR_NOT_OWN", "ARP_SPOOFED", "ND_SPOOFED",
           "DHCP_SERVER", "DHCPV6_SERVER", "ROUTER_ADVERT", "FRAME_LLC", "TUNNEL_FROM_PORT",
           "ADDR_NOT_RECEIVER")


@pytest.fixture(scope="module", params=("native", "off"))
def lab(request):
    made = two_hosts(f"sec{request.param}", ports=2, xdp=request.param)
    a1, _, b1, _ = made.workloads
    a1.options = b1.options = {"allowed_address_pairs": PAIRS}
    made.apply()
    yield made
    made.close()


def dump(lab):
    """All that a node believes about who is where."""
    return [subprocess.run(["bpftool", "-j", "map", "dump", "pinned", f"{PINS}/v1/{h.node}/maps/{t}"],
                           capture_output=True, check=True).stdout for h in lab.hosts for t in TABLES]


def lies(me, other, third, payload):
    """What me may not say, to other, about third or nobody: (reason, frame)."""
    to, all4 = Ether(src=me.mac, dst=other.mac), Ether(src=me.mac, dst=BROADCAST)
    all6 = Ether(src=me.mac, dst="33:33:00:00:00:01")
    udp, own4, own6 = UDP(sport=9, dport=9) / payload, IP(src=me.ip4, dst=other.ip4), IPv6(src=me.ip6, dst=other.ip6)
    lla = "fe80::" + "%x:%xff:fe%02x:%x" % (int(me.mac[:2], 16) << 8 & 0xfdff | int(me.mac[3:5], 16),
                                            int(me.mac[6:8], 16) << 8, int(me.mac[9:11], 16),
                                            int(me.mac[12:14], 16) << 8 | int(me.mac[15:], 16))
    na = {"R": 0, "S": 0, "O": 1}
    return [
        ("MAC_SPOOFED", Ether(src=third.mac, dst=other.mac) / own4 / udp),
        ("MAC_SPOOFED", Ether(src="02:00:00:00:77:77", dst=BROADCAST) / own4 / udp),
        ("MAC_INVALID_SOURCE", Ether(src=BROADCAST, dst=other.mac) / own4 / udp),
        ("ADDR_SPOOFED", to / IP(src=third.ip4, dst=other.ip4) / udp),
        ("ADDR_SPOOFED", to / IPv6(src=third.ip6, dst=other.ip6) / udp),
        ("ADDR_SPOOFED", to / IP(src=third.ip4, dst=other.ip4) / TCP(sport=9, dport=9, flags="S") / payload),
        ("ADDR_SPOOFED", to / IP(src=other.ip4, dst=other.ip4) / ICMP() / payload),
        ("ADDR_SPOOFED", to / IP(src=third.ip4, dst=other.ip4, frag=10, proto=17) / payload),
        ("ADDR_SPOOFED", all4 / IP(src=third.ip4, dst="255.255.255.255") / udp),
        ("ADDR_NOT_OWN", to / IP(src="10.1.77.77", dst=other.ip4) / udp),
        ("ADDR_NOT_OWN", to / IP(src="198.51.100.1", dst=other.ip4) / udp),
        ("ADDR_NOT_OWN", to / IPv6(src="fe80::1", dst=other.ip6) / udp),
        ("ADDR_NOT_OWN", to / IP(src="0.0.0.0", dst=other.ip4) / udp),
        ("ADDR_NOT_OWN", to / IP(src="224.1.2.3", dst=other.ip4) / udp),
        ("ADDR_NOT_OWN", to / IPv6(src="::", dst=other.ip6) / udp),
        ("ADDR_NOT_OWN", all6 / IPv6(src="fd00:1::dead", dst="ff02::1") / udp),
        ("ADDR_NOT_OWN", all6 / IPv6(src="fe80::2", dst="ff02::1", hlim=1) / ICMPv6MLReport2() / payload),
        ("ARP_SPOOFED", all4 / ARP(hwsrc=me.mac, psrc=third.ip4, pdst=other.ip4) / payload),
        ("ARP_SPOOFED", all4 / ARP(op=2, hwsrc=me.mac, psrc=third.ip4, pdst=third.ip4) / payload),
        ("ARP_SPOOFED", to / ARP(op=2, hwsrc=me.mac, psrc="10.1.77.77", pdst=other.ip4) / payload),
        ("ARP_SPOOFED", all4 / ARP(hwsrc=third.mac, psrc=me.ip4, pdst=other.ip4) / payload),
        ("ARP_SPOOFED", to / ARP(hwsrc=me.mac, psrc="0.0.0.0", pdst=other.ip4) / payload),
        ("ND_SPOOFED", all6 / IPv6(src=me.ip6, dst="ff02::1", hlim=255) / ICMPv6ND_NA(tgt=third.ip6, **na)
         / ICMPv6NDOptDstLLAddr(lladdr=me.mac)),
        ("ND_SPOOFED", to / IPv6(src=me.ip6, dst=other.ip6, hlim=255) / ICMPv6ND_NA(tgt=me.ip6, **na)
         / ICMPv6NDOptDstLLAddr(lladdr=third.mac)),
        ("ND_SPOOFED", to / IPv6(src=me.ip6, dst=other.ip6, hlim=255) / IPv6ExtHdrDestOpt()
         / ICMPv6ND_NA(tgt=third.ip6, **na) / ICMPv6NDOptDstLLAddr(lladdr=me.mac)),
        ("ND_SPOOFED", to / IPv6(src=me.ip6, dst=other.ip6, hlim=255) / ICMPv6ND_NS(tgt=other.ip6)
         / ICMPv6NDOptSrcLLAddr(lladdr=third.mac)),
        ("DHCP_SERVER", all4 / IP(src=me.ip4, dst="255.255.255.255") / UDP(sport=67, dport=68)
         / BOOTP(op=2) / DHCP(options=[("message-type", "offer"), "end"]) / payload),
        ("DHCP_SERVER", to / own4 / UDP(sport=67, dport=68) / BOOTP(op=2) / payload),
        ("DHCPV6_SERVER", to / own6 / UDP(sport=547, dport=546) / payload),
        ("ROUTER_ADVERT", all6 / IPv6(src=lla, dst="ff02::1", hlim=255) / ICMPv6ND_RA()
         / ICMPv6NDOptPrefixInfo(prefix="fd77::", prefixlen=64)),
        ("ROUTER_ADVERT", all6 / IPv6(src=lla, dst="ff02::1", hlim=255) / IPv6ExtHdrDestOpt()
         / IPv6ExtHdrDestOpt() / ICMPv6ND_RA() / ICMPv6NDOptPrefixInfo(prefix="fd77::", prefixlen=64)),
        ("ROUTER_ADVERT", to / IPv6(src=lla, dst=other.ip6, hlim=255) / ICMPv6ND_Redirect(tgt=lla, dst=third.ip6)),
        ("FRAME_LLC", Dot3(src=me.mac, dst=other.mac) / LLC(dsap=0xaa, ssap=0xaa, ctrl=3)
         / SNAP(code=0x0800) / IP(src=third.ip4, dst=other.ip4) / udp),
        ("TUNNEL_FROM_PORT", Ether(src=me.mac, dst="02:00:00:00:77:77") / IP(src=me.ip4, dst="192.0.2.1")
         / UDP(sport=9, dport=4789) / VXLAN(vni=100, flags=8) / to / own4 / udp),
    ]


@pytest.mark.drops(*REASONS)
@pytest.mark.parametrize("far", (False, True), ids=("here", "far"))
def test_lies_are_lost(lab, far):
    """Each is dropped for its reason, once, reaches nobody, and leaves all tables as they were."""
    a1, a2, b1, b2 = lab.workloads
    liar, sink, listeners = Frames(a2), b1 if far else a1, [Frames(w) for w in (a1, b1, b2)]
    payload = mark()
    told = lies(a2, sink, b2, payload)
    if not far:  # else it is for the other node to say
        told.append(("ADDR_NOT_RECEIVER", Ether(src=a2.mac, dst=sink.mac) / IP(src=a2.ip4, dst=b2.ip4)
                     / UDP(sport=9, dport=9) / payload))
    settle(liar, listeners)
    seen = [len(listener.poll()) for listener in listeners]
    before, lost = dump(lab), lab.drops()
    liar.send(*(bytes(f) for _, f in told))
    wait_until("all are counted", lambda: sum((lab.drops() - lost).values()) >= len(told))
    assert dump(lab) == before
    counted = {reason: n for (port, reason), n in (lab.drops() - lost).items() if port == a2.port}
    want = {reason: sum(r == reason for r, _ in told) for reason, _ in told}
    assert counted == want
    settle(liar, listeners)
    sent = {bytes(f).rstrip(b"\0") for _, f in told}
    for listener, n in zip(listeners, seen):
        assert not [f for f in listener.poll()[n:] if payload in f or f.rstrip(b"\0") in sent]


def advertise(w, address, mac):
    """As keepalived does when it becomes master."""
    if ":" in address:
        return bytes(Ether(src=mac, dst="33:33:00:00:00:01") / IPv6(src=address, dst="ff02::1", hlim=255)
                     / ICMPv6ND_NA(tgt=address, R=0, S=0, O=1) / ICMPv6NDOptDstLLAddr(lladdr=mac))
    return bytes(Ether(src=mac, dst=BROADCAST) / ARP(hwsrc=mac, psrc=address, pdst=address))


def test_address_that_moves(lab):
    """The holder of an allowed address is reached, on either node, and after it has moved."""
    a1, a2, b1, b2 = lab.workloads
    for holder in (a1, b1, a1):
        holder.ip(f"addr add {VIP}/16 dev eth0")
        Frames(holder).send(advertise(holder, VIP, holder.mac))
        for w in (a2, b2):
            w.ip("neigh flush all")
            ping(w, VIP)
        holder.ip(f"addr del {VIP}/16 dev eth0")


def test_mac_address_that_moves(lab):
    """So is that of a virtual MAC address, which no table has."""
    a1, a2, b1, b2 = lab.workloads
    for holder in (a1, b1):
        holder.ip(f"link add vrrp link eth0 address {VMAC} type macvlan mode private",
                  "link set vrrp addrgenmode none up", f"addr add {VIP6}/64 dev vrrp nodad")
        try:
            holder.wait_carrier(["vrrp"])
            for w in (a2, b2):
                w.ip("neigh flush all")
                ping(w, VIP6)
        finally:
            holder.ip("link del vrrp")


@pytest.mark.drops("ADDR_NOT_OWN")
def test_only_who_may(lab):
    """a2 may not have it."""
    _, a2, b1, _ = lab.workloads
    sink, payload = Frames(b1), mark()
    source = Frames(a2)
    source.send(bytes(Ether(src=a2.mac, dst=b1.mac) / IP(src=VIP, dst=b1.ip4) / UDP(sport=9, dport=9) / payload))
    settle(source, [sink])
    assert not sink.having(payload)


def test_switched_off(lab):
    """And on again, while everything else goes on."""
    a1, a2, b1, _ = lab.workloads
    source, sink, payload = Frames(a2), Frames(b1), mark()
    foreign = bytes(Ether(src="02:00:00:00:77:77", dst=b1.mac) / IP(src="198.51.100.1", dst="198.51.100.2")
                    / UDP(sport=9, dport=9) / payload)
    a2.options = {"port_security": False}
    b1.options = {"port_security": False}
    try:
        lab.apply()
        source.send(foreign)
        sink.expect(payload)
        body = b"\xf8\xf8\x03" + mark()  # IEEE 802.3, which crosses tunnels as well
        llc = (mac_bytes(b1.mac) + mac_bytes(a2.mac) + struct.pack("!H", len(body)) + body).ljust(60, b"\0")
        source.send(llc)
        assert sink.expect(body) == [llc]
    finally:
        a2.options, b1.options = {}, {"allowed_address_pairs": PAIRS}
        lab.apply()
    ping(a1, b1.ip4)
    assert {p["port"]: p["port_security"] for p in lab.hosts[0].show("ports")}[a2.port]
