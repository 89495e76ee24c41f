# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""What weft does not let in: each frame is dropped under its name and nobody sees a byte of it; and
what is none of its business, which passes untouched.

    a1, a2 (web), a3 (other) = a (weft) [ul]====[ul] b: a host that sends what it is told to

The file also knows c (member of "other" only) and d (member of "web"), which are just addresses.
"""
import socket
import struct

import pytest
from scapy.layers.inet import IP, UDP
from scapy.layers.inet6 import IPv6, IPv6ExtHdrFragment
from scapy.layers.l2 import Dot1Q, Ether

from lab import KernelHost, Lab
from netns import wait_until
from traffic import BROADCAST, INET, Frames, frame, mark, ping, settle, tcp_between

N = 7  # of each frame, as nothing else is counted by sevens
D1 = "02:00:00:01:04:01"


class Wire:
    """Host b's end of the wire: builds and sends frames to a's VTEP."""

    def __init__(self, family, xdp):
        self.family = family
        self.lab = lab = Lab(f"r{family}{xdp}", (family,))
        self.a, self.b = lab.host("a", xdp), lab.host("b", "off", kind=KernelHost)
        lab.wire()
        web, other = lab.network("web"), lab.network("other")
        self.a1, self.a2 = lab.workload(self.a, web, quiet=True), lab.workload(self.a, web, quiet=True)
        self.a3 = lab.workload(self.a, other, quiet=True)
        self.b1 = lab.workload(self.b, web, quiet=True)
        document = lab.document()
        for index, label, network in (3, "c", other), (4, "d", web):
            document["nodes"].append({"name": label, "vtep": self.vtep(index)})
            document["ports"].append({
                "name": f"{label}1", "node": label, "network": network.name,
                "mac": f"02:00:00:{network.index:02x}:{index:02x}:01"})
        lab.write(document=document)
        self.a.apply()
        self.frames = Frames(self.b, "ul")
        self.mac_a, self.mac_b = (h.ip_json("link", "show", "ul")[0]["address"]
                                  for h in (self.a, self.b))

    def vtep(self, index):
        return f"192.0.2.{index}" if self.family == 4 else f"2001:db8::{index}"

    def outer(self, src=2, mac=None, **ip):
        header = IP if self.family == 4 else IPv6
        return Ether(dst=mac or self.mac_a, src=self.mac_b) / header(
            src=self.vtep(src), dst=self.vtep(1), **ip)

    def vxlan(self, vni=100, flags=8, reserved=0):
        return UDP(sport=50000, dport=4789, chksum=0) / struct.pack(
            "!II", flags << 24 | reserved & 0xffffff, vni << 8 | reserved & 0xff)

    def inner(self, payload, src=None, dst=None):
        return Ether(src=src or self.b1.mac, dst=dst or self.a1.mac) / IP(
            src=self.b1.ip4, dst=self.a1.ip4) / UDP(sport=7, dport=7) / payload


@pytest.fixture(scope="module", params=[(f, x) for f in (4, 6) for x in ("native", "off")],
                ids=lambda p: f"ipv{p[0]}-xdp-{p[1]}")
def wire(request):
    made = Wire(*request.param)
    yield made
    made.lab.close()


def fragment(w, rest):
    """A first fragment, whose headers are all there."""
    if w.family == 4:
        return w.outer(flags="MF") / rest
    return w.outer() / IPv6ExtHdrFragment(m=1, id=1) / rest


def congested(w):
    return w.outer(tos=3) if w.family == 4 else w.outer(tc=3)


# What -> how it is built from the wire w and the inner frame's payload; and the reason.
REFUSED = {
    "sender unknown": (lambda w, p: w.outer(src=99) / w.vxlan() / w.inner(p), "VTEP_UNKNOWN"),
    "VNI unknown": (lambda w, p: w.outer() / w.vxlan(999) / w.inner(p), "VXLAN_VNI_NOT_FOUND"),
    "VNI 0": (lambda w, p: w.outer() / w.vxlan(0) / w.inner(p), "VXLAN_VNI_NOT_FOUND"),
    "not a member": (lambda w, p: w.outer(src=3) / w.vxlan() / w.inner(p), "VTEP_NOT_MEMBER"),
    "no I flag": (lambda w, p: w.outer() / w.vxlan(flags=0) / w.inner(p), "VXLAN_INVALID_HDR"),
    "outer broadcast": (lambda w, p: w.outer(mac=BROADCAST) / w.vxlan() / w.inner(p),
                        "OUTER_NOT_UNICAST"),
    "outer multicast": (lambda w, p: w.outer(mac="01:00:5e:00:00:01") / w.vxlan() / w.inner(p),
                        "OUTER_NOT_UNICAST"),
    "outer fragment": (lambda w, p: fragment(w, w.vxlan() / w.inner(p)), "OUTER_FRAGMENT"),
    "congestion": (lambda w, p: congested(w) / w.vxlan() / w.inner(p), "IP_TUNNEL_ECN"),
    "a local MAC": (lambda w, p: w.outer() / w.vxlan() / w.inner(p, src=w.a2.mac), "LOCAL_MAC"),
    "another's MAC": (lambda w, p: w.outer() / w.vxlan() / w.inner(p, src=D1), "MAC_WRONG_VTEP"),
    "source zero": (lambda w, p: w.outer() / w.vxlan() / w.inner(p, src="00:00:00:00:00:00"),
                    "MAC_INVALID_SOURCE"),
    "source group": (lambda w, p: w.outer() / w.vxlan() / w.inner(p, src="03:00:00:00:00:01"),
                     "MAC_INVALID_SOURCE"),
    "inner tag": (lambda w, p: w.outer() / w.vxlan() / Ether(src=w.b1.mac, dst=w.a1.mac) /
                  Dot1Q(vlan=5) / IP() / UDP() / p, "VLAN_UNEXPECTED"),
    "another's address": (lambda w, p: w.outer() / w.vxlan() / Ether(src=w.b1.mac, dst=w.a1.mac) /
                          IP(src=w.a2.ip4, dst=w.a1.ip4) / UDP() / p, "LOCAL_ADDR"),
    "not the receiver's address": (lambda w, p: w.outer() / w.vxlan() / Ether(src=w.b1.mac, dst=w.a1.mac) /
                                   Dot1Q(vlan=0) / IP(src=w.b1.ip4, dst=w.a2.ip4) / UDP() / p,
                                   "ADDR_NOT_RECEIVER"),
    "tunnel to tunnel": (lambda w, p: w.outer() / w.vxlan() / w.inner(p, dst=D1), "SPLIT_HORIZON"),
    "cut short": (lambda w, p: w.outer() / UDP(sport=5, dport=4789, chksum=0) / (b"\x08" + p[:3]),
                  "HDR_TRUNC"),
    "nothing inside": (lambda w, p: w.outer() / w.vxlan() / p[:13], "HDR_TRUNC"),
    "inner lies": (lambda w, p: w.outer() / w.vxlan() / Ether(src=w.b1.mac, dst=w.a1.mac) /
                   IP(len=2000) / UDP() / p, "IP_INHDR"),
}


def test_the_like_is_let_in(wire):
    """What the refused frames are variations of."""
    receiver, payload = Frames(wire.a1), mark()
    f = wire.inner(payload)
    wire.frames.send(*[bytes(wire.outer() / wire.vxlan() / f)] * N)
    assert receiver.expect(payload, N) == [bytes(f)] * N


@pytest.mark.parametrize("what", REFUSED)
def test_refused_from_the_wire(wire, what):
    build, reason = REFUSED[what]
    receivers = [Frames(w) for w in (wire.a1, wire.a2, wire.a3)]
    payload, answers = mark(), Frames(wire.b, "ul")
    wire.frames.send(*[bytes(build(wire, payload))] * N)
    wait_until(reason, lambda: wire.lab.drops() != wire.lab.seen)
    last = mark()
    wire.frames.send(bytes(wire.outer() / wire.vxlan() / wire.inner(last)))
    receivers[0].expect(last)
    assert wire.lab.new_drops() == {("a.ul", reason): N}
    for frames in (*receivers, answers):
        assert not frames.having(payload), frames.name


def test_let_in_for_its_own_network_only(wire):
    """c may speak in "other", and reaches nobody of "web" there."""
    receivers = [Frames(w) for w in (wire.a1, wire.a2, wire.a3)]
    payload = mark()
    f = frame(BROADCAST, "02:00:00:02:03:01", payload)
    wire.frames.send(bytes(wire.outer(src=3) / wire.vxlan(200) / f))
    assert receivers[2].expect(payload) == [f]
    assert not receivers[0].having(payload) and not receivers[1].having(payload)


def test_reserved_bits_are_ignored(wire):
    receiver, payload = Frames(wire.a1), mark()
    wire.frames.send(bytes(wire.outer() / wire.vxlan(flags=0xff, reserved=0xffffff) / wire.inner(payload)))
    receiver.expect(payload)


REFUSED_FROM_PORT = {
    "another's MAC": (lambda a1, a2, p: frame(a2.mac, "02:00:00:00:00:99", p), "MAC_SPOOFED"),
    "the neighbour's MAC": (lambda a1, a2, p: frame(BROADCAST, a2.mac, p), "MAC_SPOOFED"),
    "zero": (lambda a1, a2, p: frame(a2.mac, "00:00:00:00:00:00", p), "MAC_INVALID_SOURCE"),
    "group": (lambda a1, a2, p: frame(a2.mac, BROADCAST, p), "MAC_INVALID_SOURCE"),
    "a tag": (lambda a1, a2, p: bytes(Ether(src=a1.mac, dst=a2.mac) / Dot1Q(vlan=5) / IP() / p),
              "VLAN_UNEXPECTED"),
    "to itself": (lambda a1, a2, p: frame(a1.mac, a1.mac, p), "HAIRPIN"),
    "cut short": (lambda a1, a2, p: bytes(Ether(src=a1.mac, dst=a2.mac, type=0x0800)) + p[:14],
                  "HDR_TRUNC"),
}


@pytest.mark.parametrize("what", REFUSED_FROM_PORT)
def test_refused_from_a_port(wire, what):
    build, reason = REFUSED_FROM_PORT[what]
    source, payload = Frames(wire.a1), mark()
    receivers = [Frames(wire.a2), Frames(wire.a3), Frames(wire.b, "ul")]
    source.send(*[build(wire.a1, wire.a2, payload)] * N)
    settle(source, [receivers[0], receivers[2]])
    assert wire.lab.new_drops() == {("a1", reason): N}
    for frames in receivers:
        assert not frames.having(payload), frames.name


def test_networks_do_not_mix(wire):
    """What a3 floods stays in its own network, also on its own host."""
    source, other, receivers = Frames(wire.a3), Frames(wire.a2), [Frames(wire.a1), Frames(wire.a2)]
    payload = mark()
    source.send(frame(BROADCAST, wire.a3.mac, payload), frame(wire.a1.mac, wire.a3.mac, payload))
    settle(other, receivers[:1])
    for frames in receivers:
        assert not frames.having(payload)


def test_what_is_not_ours_passes(wire):
    """The host keeps its own traffic: TCP, ICMP, fragments, and UDP that only looks like ours."""
    a, b, family = wire.a, wire.b, wire.family
    ping(b, a.vtep(family))
    ping(b, a.vtep(family), size=4000, df=False)
    tcp_between(b, b.vtep(family), a, a.vtep(family), 22, 1 << 20)
    second = wire.vtep(101)
    a.ip(f"addr add {second}/{24 if family == 4 else '64 nodad'} dev ul")
    # Without XDP, weft holds port 4789 itself, so that GRO looks into tunnels.
    for address, port in ((a.vtep(family), 4790), (second, 4789))[:2 if a.xdp == "native" else 1]:
        with a.socket(INET[family], socket.SOCK_DGRAM) as r, \
                b.socket(INET[family], socket.SOCK_DGRAM) as s:
            r.bind((address, port))
            r.settimeout(5)
            s.sendto(b"not ours", (address, port))
            assert r.recv(100) == b"not ours"


def test_neighbour_discovery_of_the_underlay_passes(wire):
    wire.b.ip("neigh flush dev ul")
    ping(wire.b, wire.vtep(1), count=1)
