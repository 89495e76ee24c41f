# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""ARP and IPv6 neighbour discovery: questions about known endpoints are answered where they are
asked, and never reach their owner; what is unknown is flooded; nobody is told that his own address
is taken.
"""
import json
import socket

import pytest
from scapy.layers.inet6 import ICMPv6ND_NS, ICMPv6NDOptSrcLLAddr, IPv6
from scapy.layers.l2 import ARP, Ether
from scapy.utils6 import in6_getnsma

from netns import wait_until
from traffic import BROADCAST, ETH_P_ARP, Frames, mac_bytes, mark, settle

UNKNOWN4, UNKNOWN6 = "10.1.77.77", "fd00:1::77:77"


def arp_request(src, target, sender=None):
    return bytes(Ether(dst=BROADCAST, src=src.mac) /
                 ARP(op=1, hwsrc=src.mac, psrc=sender or src.ip4, pdst=target)).ljust(60, b"\0")


def solicitation(src, target):
    group = socket.inet_ntop(socket.AF_INET6,
                             in6_getnsma(socket.inet_pton(socket.AF_INET6, target)))
    return bytes(Ether(src=src.mac) / IPv6(src=src.ip6, dst=group, hlim=255) /
                 ICMPv6ND_NS(tgt=target) / ICMPv6NDOptSrcLLAddr(lladdr=src.mac))


def is_arp(f, op, target):
    e = Ether(f)
    return e.type == ETH_P_ARP and e.op == op and target in (e.psrc, e.pdst)


def is_question(f, target):
    e = Ether(f)
    return is_arp(f, 1, target) or (ICMPv6ND_NS in e and e[ICMPv6ND_NS].tgt == target)


def answers(frames, asker, target):
    """MAC addresses that frames give for an address."""
    macs = []
    for e in map(Ether, frames.poll()):
        if e.type == ETH_P_ARP and e.op == 2 and e.psrc == target:
            assert (e.dst, e.hwdst, e.pdst, e.src) == (asker.mac, asker.mac, asker.ip4, e.hwsrc)
            macs.append(e.hwsrc)
        if "ICMPv6 Neighbor Discovery - Neighbor Advertisement" in e and e[IPv6].src == target:
            advert = e["ICMPv6 Neighbor Discovery - Neighbor Advertisement"]
            assert (e.dst, e[IPv6].dst, advert.tgt, advert.S, advert.O, advert.R) == \
                (asker.mac, asker.ip6, target, 1, 1, 0)
            macs.append(advert.lladdr)
    return macs


@pytest.mark.parametrize("family", (4, 6))
def test_known_is_answered_in_place(four, family):
    """By the asker's own host, with the owner's address, and the owner is not disturbed."""
    a1, others = four[0], four[1:]
    asker, listeners = Frames(a1), [Frames(w) for w in others]
    for w in others:
        target = w.address(family)
        asker.send(arp_request(a1, target) if family == 4 else solicitation(a1, target))
        wait_until(f"an answer for {target}", lambda: answers(asker, a1, target))
        assert answers(asker, a1, target) == [w.mac]
    settle(asker, listeners)
    for w, listener in zip(others, listeners):
        assert not [f for f in listener.seen if is_question(f, w.address(family))]


@pytest.mark.parametrize("family", (4, 6))
def test_unknown_is_flooded(four, family):
    a1, listeners = four[0], [Frames(w) for w in four[1:]]
    asker = Frames(a1)
    asker.send(arp_request(a1, UNKNOWN4) if family == 4 else solicitation(a1, UNKNOWN6))
    settle(asker, listeners)
    target = UNKNOWN4 if family == 4 else UNKNOWN6
    for listener in listeners:
        assert len([f for f in listener.seen if is_question(f, target)]) == 1
    assert not answers(asker, a1, target)


def test_speaking_of_oneself_is_no_question(four):
    """A gratuitous ARP and a probe for one's own address go to everybody and are not answered."""
    a1, listeners = four[0], [Frames(w) for w in four[1:]]
    asker = Frames(a1)
    asker.send(arp_request(a1, a1.ip4), arp_request(a1, a1.ip4, sender="0.0.0.0"))
    settle(asker, listeners)
    for listener in listeners:
        assert len([f for f in listener.seen if is_arp(f, 1, a1.ip4)]) == 2
    assert not [f for f in asker.poll() if is_arp(f, 2, a1.ip4)]


def test_probe_for_anothers_address_is_answered(four):
    """RFC 5227: so a workload that tries to take a known address hears that it is taken."""
    a1, b1 = four[0], four[2]
    asker = Frames(a1)
    asker.send(arp_request(a1, b1.ip4, sender="0.0.0.0"))
    wait_until("an answer", lambda: [f for f in asker.poll() if is_arp(f, 2, b1.ip4)
                                     and mac_bytes(b1.mac) in f])


def test_unicast_probe_goes_to_the_owner(four):
    """Reachability is the owner's to confirm; across the tunnel, and his ARP reply comes back."""
    a1, b1 = four[0], four[2]
    asker, owner = Frames(a1), Frames(b1)
    probe = arp_request(a1, b1.ip4)
    asker.send(mac_bytes(b1.mac) + probe[6:])
    wait_until("an answer", lambda: answers(asker, a1, b1.ip4) == [b1.mac])
    assert [f for f in owner.poll() if is_arp(f, 1, b1.ip4)]


def address_state(w, address):
    for a in json.loads(w.run("ip", "-j", "-6", "addr", "show", "dev", "eth0").stdout)[0]["addr_info"]:
        if a["local"] == address:
            return "dadfailed" if a.get("dadfailed") else "tentative" if a.get("tentative") else "ok"
    return None


def test_duplicate_address_detection(four):
    """One's own address is free, another's is not."""
    a1, b1 = four[0], four[2]
    a1.sysctl("net/ipv6/neigh/eth0/retrans_time_ms", 200)
    try:
        a1.ip(f"addr del {a1.ip6}/64 dev eth0", f"addr add {a1.ip6}/64 dev eth0",
              f"addr add {b1.ip6}/64 dev eth0")
        wait_until("an end of detection", lambda: address_state(a1, a1.ip6) != "tentative")
        assert address_state(a1, a1.ip6) == "ok"
        wait_until("a duplicate", lambda: address_state(a1, b1.ip6) == "dadfailed")
    finally:
        a1.ip(f"addr del {b1.ip6}/64 dev eth0")


def test_answer_keeps_padding_harmless(four):
    """Bytes behind an ARP request, which padding may be, are not taken for anything."""
    a1, b1 = four[0], four[2]
    asker = Frames(a1)
    asker.send(arp_request(a1, b1.ip4) + mark() * 10)
    wait_until("an answer", lambda: answers(asker, a1, b1.ip4) == [b1.mac])
