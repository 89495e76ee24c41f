# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""Broadcast, multicast and unknown unicast: exactly one copy for every other member of the network.

Three hosts with two workloads each. With an IPv4 underlay, with IPv6, and mixed: c has no IPv4, so
that a and b send to each other over IPv4 and to c over IPv6.
"""
import pytest
from scapy.layers.inet import IP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import Ether

from lab import Lab
from traffic import BROADCAST, Frames, frame, mark, settle

UNDERLAYS = {"ipv4": "4 4 4", "ipv6": "6 6 6", "mixed": "46 46 6"}
UNKNOWN = "02:00:00:00:77:77"
N = 10


def three_hosts(name, underlay, xdp, **options):
    lab = Lab(name, (4, 6))  # both, for the MTU
    for label, families in zip("abc", UNDERLAYS[underlay].split()):
        lab.host(label, xdp, tuple(map(int, families)))
    lab.wire()
    lab.network(**options)
    for host in lab.hosts:
        lab.workload(host, quiet=True)
        lab.workload(host, quiet=True)
    lab.apply()
    return lab


@pytest.fixture(scope="module", ids=lambda p: f"{p[0]}-xdp-{p[1]}", params=[
    ("ipv4", "native"), ("ipv6", "off"), ("mixed", "native"), ("mixed", "off")])
def six(request):
    lab = three_hosts("f" + "".join(request.param), *request.param)
    yield lab
    lab.close()


def bum_frames(src, payload):
    """One frame of every kind that is flooded."""
    udp = UDP(sport=9, dport=9) / payload
    return {
        "broadcast": frame(BROADCAST, src.mac, payload),
        "broadcast IPv4": bytes(Ether(dst=BROADCAST, src=src.mac) / IP(
            src=src.ip4, dst="255.255.255.255") / udp),
        "multicast": frame("01:80:c2:00:00:21", src.mac, payload),
        "multicast IPv4": bytes(Ether(dst="01:00:5e:01:02:03", src=src.mac) / IP(
            src=src.ip4, dst="239.1.2.3") / udp),
        "multicast IPv6": bytes(Ether(dst="33:33:00:00:01:02", src=src.mac) / IPv6(
            src=src.ip6, dst="ff05::102") / udp),
        "unknown unicast": frame(UNKNOWN, src.mac, payload),
        "unknown unicast IPv4": bytes(Ether(dst=UNKNOWN, src=src.mac) / IP(
            src=src.ip4, dst="10.1.77.77") / udp),
        "unknown unicast IPv6": bytes(Ether(dst=UNKNOWN, src=src.mac) / IPv6(
            src=src.ip6, dst="fd00:1::77") / udp),
        "large broadcast": frame(BROADCAST, src.mac, payload.ljust(1400, b"x")),
    }


def test_one_copy_for_every_other_member(six):
    everybody = [Frames(w) for w in six.workloads]
    for src, source in zip(six.workloads, everybody):
        payload = mark()
        frames = bum_frames(src, payload)
        for f in frames.values():
            source.send(*[f] * N)
        others = [f for f in everybody if f is not source]
        settle(source, others)
        assert not source.having(payload), "back to its sender"
        for receiver in others:
            got = receiver.having(payload)
            assert {kind: got.count(f) for kind, f in frames.items()} == dict.fromkeys(frames, N), \
                f"{src.port} to {receiver.name}"
            assert len(got) == N * len(frames)
            receiver.seen.clear()


def test_first_copies_wait_for_the_underlay_neighbours(six):
    """The kernel has to ask for each next hop's MAC address first, and loses nothing meanwhile."""
    source, *others = [Frames(w) for w in six.workloads]
    payload = mark()
    for host in six.hosts:
        host.ip("neigh flush dev ul")
    source.send(frame(BROADCAST, six.workloads[0].mac, payload))
    for receiver in others:
        assert len(receiver.expect(payload)) == 1


@pytest.fixture(scope="module")
def refusing():
    lab = three_hosts("frefuse", "ipv4", "native", flood=False)
    yield lab
    lab.close()


def test_refused_by_name(refusing):
    """Without flooding each kind is dropped, and counted against the port that sent it."""
    source, *others = [Frames(w) for w in refusing.workloads]
    payload = mark()
    for f in bum_frames(refusing.workloads[0], payload).values():
        source.send(*[f] * N)
    settle(source, others[:1], refusing.workloads[1].mac)
    assert refusing.new_drops() == {("a1", "BROADCAST_REFUSED"): 3 * N,
                                    ("a1", "MULTICAST_REFUSED"): 3 * N,
                                    ("a1", "UNKNOWN_UNICAST"): 3 * N}
    for receiver in others:
        assert not receiver.having(payload)


def test_known_unicast_needs_no_flooding(refusing):
    source = Frames(refusing.workloads[0])
    for w in refusing.workloads[1:]:
        receiver, payload = Frames(w), mark()
        source.send(frame(w.mac, refusing.workloads[0].mac, payload))
        receiver.expect(payload)


def test_alone_in_its_network(lab):
    """There is nobody to send a copy to, and that has a name."""
    host = lab.host("a")
    lab.wire()
    lab.network()
    w = lab.workload(host, quiet=True)
    lab.apply()
    Frames(w).send(frame(BROADCAST, w.mac, mark()))
    assert lab.new_drops() == {("a1", "NO_RECEIVER"): 1}
