# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""Broadcast under control: storms, loops, and multicast that goes to members only.

Two hosts with two workloads each.
"""
import socket
import struct
import time

import pytest

from lab import two_hosts
from netns import wait_until
from traffic import BROADCAST, Frames, frame, mark, ping, settle

UNKNOWN = "02:00:00:00:77:77"
GROUP4, GROUP6 = "239.1.2.3", "ff05::102"
RATE, BURST = 2000, 0.05  # packets a second, and the seconds' worth that may come at once


# -- storms ----------------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def limited():
    lab = two_hosts("storm", ports=2, quiet=True, storm_control={
        "broadcast": RATE, "multicast": RATE, "unknown_unicast": RATE})
    lab.apply()
    yield lab
    lab.close()


@pytest.mark.drops("STORM_BROADCAST", "STORM_MULTICAST", "STORM_UNKNOWN")
@pytest.mark.parametrize("dst, kind", ((BROADCAST, "broadcast"), ("01:00:5e:01:02:03", "multicast"),
                                       (UNKNOWN, "unknown_unicast")), ids=lambda v: v.replace(":", ""))
def test_storm(limited, dst, kind):
    """A second's worth of frames: what passes is the rate's, within ten percent."""
    a1 = limited.workloads[0]
    source = Frames(a1)

    def counted():
        port = next(p for p in a1.host.show("ports") if p["port"] == a1.port)
        return port["from_port"]["packets"], port["storm_drops"][kind]

    passed, lost = counted()
    data, sent = frame(dst, a1.mac, mark()), 0
    begin = last = time.monotonic()
    stalled = 0  # seconds in which this process did not run, beyond what may be made up for
    while last - begin < 1:
        source.send(data)
        sent += 1
        stalled += max(0, time.monotonic() - last - BURST)
        last = time.monotonic()
    took = last - begin
    now = counted()
    passed, lost = now[0] - passed, now[1] - lost
    assert passed + lost == sent and lost
    assert RATE * (took - stalled) * 0.9 <= passed <= RATE * took * 1.1, (passed, took, stalled)
    trouble = [t for t in a1.host.status()["troubles"] if t["what"] == kind]
    assert trouble[0]["trouble"] == "storm" and trouble[0]["packets"] == now[1]


def test_suppression_is_counted(limited):
    """ARP requests for known addresses go no further, and are counted."""
    a1, _, b1, _ = limited.workloads
    before = limited.hosts[0].show("networks")[0]["answered"]
    request = struct.pack("!HHBBH6s4s6s4s", 1, 0x0800, 6, 4, 1, bytes.fromhex(a1.mac.replace(":", "")),
                          socket.inet_aton(a1.ip4), bytes(6), socket.inet_aton(b1.ip4))
    asker = Frames(a1)
    asker.send(*[frame(BROADCAST, a1.mac, request, 0x0806)] * 5)
    wait_until("answers", lambda: len([f for f in asker.poll() if f[20:22] == b"\0\2"]) == 5)
    assert limited.hosts[0].show("networks")[0]["answered"] == {"arp": before["arp"] + 5, "nd": before["nd"]}


# -- loops -----------------------------------------------------------------------------------------

@pytest.fixture
def looped(lab_name, request):
    """a1 and a2 are joined behind weft's back."""
    lab = two_hosts(f"loop{lab_name}", ports=3, quiet=True, loop_block="60s", **request.param[0])
    a1, a2, *_ = lab.workloads
    a1.options = a2.options = request.param[1]
    a1.ip(f"link add x1 type veth peer name x2 netns {a2.name}")
    for w, x in ((a1, "x1"), (a2, "x2")):
        w.ip("link add name bridge type bridge mcast_snooping 0", "link set bridge up",
             f"link set {x} up master bridge", "link set eth0 master bridge")
    a2.wait_carrier(["x2", "bridge"])
    a1.wait_carrier(["x1", "bridge"])
    lab.apply()
    yield lab
    lab.close()


def loops(host):
    return [t for t in host.status()["troubles"] if t["trouble"] == "loop"]


@pytest.mark.drops("LOOP_DETECTED", "LOOP_BLOCKED")
@pytest.mark.parametrize("looped", [({"loop_protection": "block"}, {"port_security": False})], indirect=True,
                         ids=["block"])
def test_loop_is_cut(looped):
    """One side is cut off; everybody gets a broadcast once, and the loop is reported."""
    _, _, a3, b1, *_ = looped.workloads
    source, sink, payload = Frames(a3), Frames(b1), mark()
    source.send(frame(BROADCAST, a3.mac, payload))
    found = wait_until("a loop", lambda: loops(a3.host))
    assert sum(t["blocked_ms"] is not None for t in found) == 1
    time.sleep(0.1)
    assert len(sink.having(payload)) == 1 and len(source.having(payload)) <= 1
    payload = mark()
    source.send(frame(BROADCAST, a3.mac, payload))
    settle(source, [sink])
    assert len(sink.having(payload)) == 1 and not source.having(payload)


@pytest.mark.drops("MAC_SPOOFED")
@pytest.mark.parametrize("looped", [({}, {})], indirect=True, ids=["secured"])
def test_loop_of_secured_ports(looped):
    """Port security breaks it; it is reported, and nothing is cut off."""
    _, _, a3, b1, *_ = looped.workloads
    source, sink, payload = Frames(a3), Frames(b1), mark()
    source.send(frame(BROADCAST, a3.mac, payload))
    found = wait_until("a loop", lambda: loops(a3.host))
    assert found[0]["what"] == a3.port and found[0]["blocked_ms"] is None
    assert len(sink.expect(payload)) == 1


# -- multicast -------------------------------------------------------------------------------------

@pytest.fixture(scope="module", params=("native", "off"))
def snooping(request):
    lab = two_hosts(f"mc{request.param}", ports=2, xdp=request.param, multicast_snooping=True)
    lab.apply()
    yield lab
    lab.close()


class Member:
    """A socket that has joined a group."""

    def __init__(self, w, family):
        v6 = family == 6
        self.socket = w.socket(socket.AF_INET6 if v6 else socket.AF_INET, socket.SOCK_DGRAM)
        if v6:
            self.args = (socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP,
                         socket.inet_pton(socket.AF_INET6, GROUP6) + struct.pack("@i", w.ifindex("eth0")))
        else:
            self.args = (socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP,
                         socket.inet_aton(GROUP4) + socket.inet_aton(w.ip4))
        self.socket.setsockopt(*self.args)

    def leave(self):
        level, option, value = self.args
        self.socket.setsockopt(level, socket.IPV6_LEAVE_GROUP if option == socket.IPV6_JOIN_GROUP
                               else socket.IP_DROP_MEMBERSHIP, value)


def members(host, group):
    return {m["port"] or m["node"] for m in host.show("multicast") if m["group"] == group}


def send_group(w, family, payload):
    if family == 6:
        s = w.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, w.ifindex("eth0"))
        s.sendto(payload, (GROUP6, 9999))
    else:
        s = w.socket(socket.AF_INET, socket.SOCK_DGRAM)
        s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(w.ip4))
        s.sendto(payload, (GROUP4, 9999))


@pytest.mark.drops("MULTICAST_NO_MEMBER")
@pytest.mark.parametrize("family", (4, 6))
def test_members_only(snooping, family):
    """A group's traffic arrives at members on both nodes, and nowhere else; and ends with a leave."""
    a1, a2, b1, b2 = snooping.workloads
    a, b = snooping.hosts
    group = GROUP6 if family == 6 else GROUP4
    ears = {w: Frames(w) for w in (a2, b1, b2)}

    def arrives_at(*expected):
        payload = mark()
        send_group(a1, family, payload)
        settle(Frames(a1), ears.values())
        assert {w for w, ear in ears.items() if ear.having(payload)} == set(expected)
        assert all(len(ear.having(payload)) <= 1 for ear in ears.values())

    arrives_at()
    here, there = Member(a2, family), Member(b1, family)
    wait_until("both nodes know", lambda: members(a, group) == {a2.port, b.node}
               and members(b, group) == {b1.port, a.node})
    arrives_at(a2, b1)
    also = Member(b2, family)
    wait_until("the other member is known", lambda: members(b, group) == {b1.port, b2.port, a.node})
    arrives_at(a2, b1, b2)
    there.leave()
    wait_until("it has left", lambda: members(b, group) == {b2.port, a.node})
    time.sleep(0.1)
    assert members(a, group) == {a2.port, b.node}  # b has another member
    arrives_at(a2, b2)
    here.leave()
    also.leave()
    wait_until("all have left", lambda: not members(a, group) and not members(b, group))
    arrives_at()


def test_local_groups_are_flooded(snooping):
    a1, *others = snooping.workloads
    source, ears, payload = Frames(a1), [Frames(w) for w in others], mark()
    source.send(frame("01:00:5e:00:00:fb", a1.mac, payload))
    for ear in ears:
        ear.expect(payload)
    ping(a1, others[1].ip6)
