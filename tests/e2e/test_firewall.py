# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""Policies between workloads on two hosts: what sockets notice of them.

    client a1 = a [ul]====[ul] b = b1 server         a1 may open connections to b1, as POLICIES say;
    other  a2 =                = b2                   nobody may open one to a1
"""
import contextlib
import errno
import os
import socket
import time

import pytest
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.inet6 import ICMPv6EchoReply, ICMPv6PacketTooBig, IPv6
from scapy.layers.l2 import Ether
from scapy.packet import Raw

from lab import two_hosts
from netns import wait_until
from traffic import INET, TIMEOUT, Frames, mark, ping, settle, tcp_between

WEB, SLOW, CLOSED, REFUSED, UNHEARD = 8000, 8001, 8002, 8100, 8200  # TCP ports
DATA, NOBODY, REFUSED_DATA, OTHER_DATA = 9000, 9001, 9100, 9200  # UDP ports
QUIET = 0.3  # seconds without an answer that mean that there is none

ECHO = [{"protocol": "icmp", "icmp_type": 8}, {"protocol": "icmpv6", "icmp_type": 128}]
POLICIES = [
    {"name": "server-in", "applies_to": "server", "direction": "ingress", "rules": [
        {"from": "client", "protocol": "tcp", "ports": f"{WEB}-{UNHEARD}"},
        {"from": "client", "protocol": "udp", "ports": [DATA, NOBODY]},
        *({"from": "client", **echo} for echo in ECHO),
        {"from": "other", "action": "reject", "protocol": "tcp", "ports": WEB},
        {"from": "client", "action": "reject", "protocol": "udp", "ports": REFUSED_DATA}]},
    {"name": "client-out", "applies_to": "client", "direction": "egress", "rules": [
        {"action": "reject", "protocol": "tcp", "ports": REFUSED},
        {"action": "deny", "protocol": "tcp", "ports": UNHEARD},
        {}]},
    {"name": "client-in", "applies_to": "client", "direction": "ingress", "rules": []},
    # What workloads say by themselves: the kernel's reports of the multicast groups that it is in.
    {"name": "groups", "applies_to": ["client", "server"], "direction": "ingress", "tier": 0,
     "default": "none", "rules": [{"protocol": "icmpv6", "icmp_type": 143}]},
]
DENIALS = ("POLICY_DENY_INGRESS", "POLICY_DENY_EGRESS")


@pytest.fixture(scope="module", params=(4, 6), ids=("over-ipv4", "over-ipv6"))
def lab(request):
    made = two_hosts(f"fw{request.param}", ports=2, family=request.param)
    for w, group in zip(made.workloads, ("client", "other", "server", "idle")):
        w.groups = [group]
    made.top["policies"] = POLICIES
    made.apply()
    yield made
    made.close()


@pytest.fixture(params=(4, 6), ids=("ipv4", "ipv6"))
def family(request):
    return request.param


@contextlib.contextmanager
def listening(w, family, port):
    with w.socket(INET[family], socket.SOCK_STREAM) as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.bind((w.address(family), port))
        s.listen(8)
        yield s


@contextlib.contextmanager
def datagrams(w, family, port=0, peer=None, timeout=TIMEOUT):
    with w.socket(INET[family], socket.SOCK_DGRAM) as s:
        s.bind((w.address(family), port))
        s.settimeout(timeout)
        if peer:
            s.connect(peer)
        yield s


def connect(src, dst, family, port, timeout=TIMEOUT):
    """Return: what a client is told, 0 = it is connected, None = nothing."""
    with src.socket(INET[family], socket.SOCK_STREAM) as s:
        s.settimeout(timeout)
        try:
            s.connect((dst.address(family), port))
        except TimeoutError:
            return None
        except OSError as e:
            return e.errno
        return 0


def lost(lab, reason):
    """Ports that have lost something for this reason since the last call."""
    return sorted(port for port, why in lab.new_drops() if why == reason)


# -- verdicts --------------------------------------------------------------------------------------

def test_allowed_connections(lab, family):
    a1, _, b1, _ = lab.workloads
    tcp_between(a1, a1.address(family), b1, b1.address(family), WEB, 4 << 20)
    ping(a1, b1.address(family))
    with datagrams(b1, family, DATA) as r, \
            datagrams(a1, family, peer=(b1.address(family), DATA)) as s:
        for size in (1, 1000, 8000, 60000):  # the last ones in fragments, both ways
            data = os.urandom(size)
            s.send(data)
            there, peer = r.recvfrom(1 << 16)
            r.sendto(there, peer)
            assert s.recv(1 << 16) == data


@pytest.mark.drops(*DENIALS)
def test_denied_connections_hear_nothing(lab, family):
    """And what the sender's node denies never goes on the wire."""
    a1, a2, b1, _ = lab.workloads
    with listening(b1, family, SLOW), listening(b1, family, UNHEARD), listening(a1, family, WEB):
        lab.new_drops()
        assert connect(a2, b1, family, SLOW, QUIET) is None
        assert lost(lab, "POLICY_DENY_INGRESS") == ["b1"]
        assert connect(a1, b1, family, UNHEARD, QUIET) is None
        assert lost(lab, "POLICY_DENY_EGRESS") == ["a1"]
        assert connect(b1, a1, family, WEB, QUIET) is None
        assert lost(lab, "POLICY_DENY_INGRESS") == ["a1"]
        assert connect(a1, b1, family, SLOW) == 0


@pytest.mark.drops("POLICY_REJECT_INGRESS", "POLICY_REJECT_EGRESS", *DENIALS)
def test_rejected_connections_are_told(lab, family):
    """By either node, across the tunnel too, and before anybody would try again."""
    a1, a2, b1, _ = lab.workloads
    with listening(b1, family, WEB), listening(b1, family, REFUSED):
        for src, port in (a2, WEB), (a1, REFUSED):
            began = time.monotonic()
            assert connect(src, b1, family, port) == errno.ECONNREFUSED
            assert time.monotonic() - began < 0.9
        assert connect(a1, b1, family, WEB) == 0
    with datagrams(a1, family, peer=(b1.address(family), REFUSED_DATA)) as s:
        s.send(b"x")
        with pytest.raises(OSError) as e:
            s.recv(10)
        assert e.value.errno == (errno.EHOSTUNREACH if family == 4 else errno.EACCES)


@pytest.mark.drops("FRAG_FIRST_MISSING", *DENIALS)
def test_denied_fragments(lab, family):
    """None of a datagram's fragments arrives if its first one is denied, though only that has ports."""
    a1, _, b1, _ = lab.workloads
    seen = Frames(b1)
    with datagrams(b1, family, OTHER_DATA, timeout=QUIET) as r, \
            datagrams(a1, family, peer=(b1.address(family), OTHER_DATA)) as s:
        lab.new_drops()
        part = mark()
        s.send(part * (8000 // len(part)))
        with pytest.raises(TimeoutError):
            r.recv(10)
    assert not seen.having(part)
    assert {(p, why) for p, why in lab.new_drops() if "DENY" in why} == {("b1", "POLICY_DENY_INGRESS")}


# -- answers and errors ----------------------------------------------------------------------------

def packet(src, dst, family):
    ip = IP(src=src.ip4, dst=dst.ip4) if family == 4 else IPv6(src=src.ip6, dst=dst.ip6)
    return Ether(src=src.mac, dst=dst.mac) / ip


@pytest.mark.drops(*DENIALS)
def test_unsolicited_answers(lab, family):
    """Nothing reaches the client that it has not asked for, whatever it pretends to be."""
    a1, _, b1, _ = lab.workloads
    sender, receiver = Frames(b1), Frames(a1)
    reply = ICMP(type=0, id=7, seq=1) if family == 4 else ICMPv6EchoReply(id=7, seq=1)
    marks = [mark() for _ in range(5)]
    lab.new_drops()
    sender.send(*(bytes(packet(b1, a1, family) / l4 / Raw(m)) for m, l4 in zip(marks, (
        TCP(sport=WEB, dport=40000, flags="SA", seq=1, ack=1),
        TCP(sport=WEB, dport=40000, flags="A", seq=1, ack=1),
        TCP(sport=WEB, dport=40000, flags="RA", seq=1, ack=1),
        UDP(sport=DATA, dport=40000),
        reply))))
    settle(sender, [receiver], a1.mac)
    assert not [m for m in marks if receiver.having(m)]
    assert lab.new_drops()["a1", "POLICY_DENY_INGRESS"] >= len(marks)


def test_errors_about_what_was_sent(lab, family):
    """A port that nobody listens at: the client, to whom nobody may speak, hears of it."""
    a1, _, b1, _ = lab.workloads
    assert connect(a1, b1, family, CLOSED) == errno.ECONNREFUSED
    with datagrams(a1, family, peer=(b1.address(family), NOBODY)) as s:
        s.send(b"x")
        with pytest.raises(ConnectionRefusedError):
            s.recv(10)


def too_big(family, mtu, quote):
    head = ICMP(type=3, code=4, nexthopmtu=mtu) if family == 4 else ICMPv6PacketTooBig(mtu=mtu)
    return head / quote


def path_mtu(s, family):
    return s.getsockopt(*((socket.IPPROTO_IP, 14) if family == 4 else (socket.IPPROTO_IPV6, 24)))


@pytest.mark.drops("ICMP_UNRELATED", *DENIALS)
def test_path_mtu(lab, family):
    """A router behind the server says that packets are too big: believed about packets that were
    sent, and nothing else.
    """
    a1, _, b1, _ = lab.workloads
    sender, receiver = Frames(b1), Frames(a1)
    with datagrams(b1, family, DATA) as r, \
            datagrams(a1, family, peer=(b1.address(family), DATA)) as s:
        before = path_mtu(s, family)
        s.send(b"x" * 1200)
        _, (_, port, *_) = r.recvfrom(2000)
        for sport, expected in (port + 1, before), (port, 1300):
            lab.new_drops()
            quote = packet(a1, b1, family)[1] / UDP(sport=sport, dport=DATA, len=1208)
            quote.len = quote.plen = None
            sender.send(bytes(packet(b1, a1, family) / too_big(family, 1300, quote / Raw(b"x" * 500))))
            settle(sender, [receiver], a1.mac)
            wait_until(f"a path MTU of {expected}", lambda: path_mtu(s, family) == expected)
            assert lost(lab, "ICMP_UNRELATED") == (["a.ul"] if sport != port else [])
    for w in (a1, b1):
        w.run("ip", f"-{family}", "route", "flush", "cache")


# -- policies change -------------------------------------------------------------------------------

class Connection:
    """TCP from the client to the server, whose two ends know what the other has said."""

    def __init__(self, src, dst, family):
        with listening(dst, family, WEB) as listener:
            self.near = src.socket(INET[family], socket.SOCK_STREAM)
            self.near.settimeout(TIMEOUT)
            self.near.connect(listener.getsockname()[:2])
            self.far = listener.accept()[0]

    def passes(self, timeout=TIMEOUT):
        """Do words arrive, both ways?"""
        for a, b in (self.near, self.far), (self.far, self.near):
            words = mark()
            a.sendall(words)
            b.settimeout(timeout)
            got = b""
            try:
                while not got.endswith(words):
                    got += b.recv(1000)
            except TimeoutError:
                return False
        return True

    def close(self):
        self.near.close()
        self.far.close()


def changed(lab, name, **keys):
    """The file with a policy that says something else."""
    policies = [{**p, **keys} if p["name"] == name else p for p in POLICIES]
    return lab.write("changed.yaml", {**lab.document(), "policies": policies})


@pytest.mark.drops(*DENIALS)
@pytest.mark.parametrize("where", ("server-in", "client-out"))
def test_a_live_connection_is_cut_and_goes_on(lab, family, where):
    """By the node of either end. TCP sends again what was lost meanwhile."""
    a1, _, b1, _ = lab.workloads
    host = lab.hosts[where == "server-in"]
    connection = Connection(a1, b1, family)
    try:
        assert connection.passes()
        host.apply(changed(lab, where, rules=[]))
        assert not connection.passes(QUIET)
        host.apply()
        assert connection.passes()
    finally:
        host.apply()
        connection.close()


@pytest.mark.drops(*DENIALS)
def test_established_connections_can_be_kept(lab, family):
    """What was allowed by a policy with keep_established goes on; the like cannot be opened."""
    a1, _, b1, _ = lab.workloads
    host = lab.hosts[1]
    host.apply(changed(lab, "server-in", keep_established=True))
    connection = Connection(a1, b1, family)
    try:
        assert connection.passes()
        host.apply(changed(lab, "server-in", rules=[]))
        assert connection.passes()
        with listening(b1, family, SLOW):
            assert connect(a1, b1, family, SLOW, QUIET) is None
        assert connection.passes()
    finally:
        host.apply()
        connection.close()
