# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""Services: nodes translate addresses and route by their host ports, as kube-proxy has them do.

    a1 = a [net0 10.1.0.1] [ul]====[ul] b [net0 10.1.0.2] = b1     the Service 10.96.N.M is workload
    a2 =                                                  = b2     10.1.N.M, on any port, on each node

Clients are not masqueraded: servers see who asks, and yet answer by way of the node that was asked.
"""
import contextlib
import errno
import hashlib
import os
import socket
import struct
import threading
import time

import pytest

from lab import two_hosts
from netns import wait_until
from test_host_ports import host_port
from traffic import INET, TIMEOUT, Frames, datagram, mark, ping

QUIET = 0.5  # seconds without an answer that mean that there is none
NAT = """
table ip svc {{
	chain pre {{
		type nat hook prerouting priority dstnat
		dnat to ip daddr map {{ {map4} }}
	}}
	chain post {{
		type nat hook postrouting priority srcnat
		ct status dnat ip saddr . ip daddr {{ {self4} }} masquerade
	}}
}}
table ip6 svc {{
	chain pre {{
		type nat hook prerouting priority dstnat
		dnat to ip6 daddr map {{ {map6} }}
	}}
	chain post {{
		type nat hook postrouting priority srcnat
		ct status dnat ip6 saddr . ip6 daddr {{ {self6} }} masquerade
	}}
}}
"""
# What workloads say by themselves: the kernel's reports of the multicast groups that it is in.
REPORTS = {"name": "groups", "applies_to": ["client", "server"], "direction": "ingress", "tier": 0,
           "default": "none", "rules": [{"protocol": "icmpv6", "icmp_type": 143}]}
# Workloads speak up by themselves while ports come and go. A node that forwards a packet by where it
# came in tells its sender of the short way, which is no way for a Service; port security stops that.
QUIET_DROPS = ("REPLICA_LOST", "ROUTER_ADVERT")
pytestmark = pytest.mark.drops(*QUIET_DROPS)


def vip(w, family=4):
    """The Service that w serves."""
    number = f"{w.host.index}.{w.ip4.split('.')[3]}"
    return f"10.96.{number}" if family == 4 else f"fd96::{number.replace('.', ':')}"


def translate(lab):
    """What kube-proxy does, on each node."""
    pairs = {f: [(vip(w, f), w.address(f)) for w in lab.workloads] for f in (4, 6)}
    rules = NAT.format(**{f"map{f}": ", ".join(f"{v} : {w}" for v, w in pairs[f]) for f in (4, 6)},
                       **{f"self{f}": ", ".join(f"{w} . {w}" for _, w in pairs[f]) for f in (4, 6)})
    for host in lab.hosts:
        host.sysctl("net/ipv4/ip_forward", 1)
        host.sysctl("net/ipv6/conf/all/forwarding", 1)
        host.run("nft", "-f", "-", input=rules)


def way_out(lab):
    """Each workload's gateway is its node."""
    for w in lab.workloads:
        n = w.host.index
        w.ip(f"route replace default via 10.1.0.{n}", f"route replace default via fd00:1::{n}")


def prepare(lab, **keys):
    for host in lab.hosts:
        host.sysctl("net/ipv6/conf/default/disable_ipv6", 0)
    for w, group in zip(lab.workloads, ("client", "other", "server", "idle")):
        w.groups = [group]
    lab.host_ports = [host_port(h, routed=True, **keys) for h in lab.hosts]


def document(lab, policies=(), ports=None):
    made = lab.document()
    return {**made, "ports": made["ports"] + (lab.host_ports if ports is None else ports),
            "policies": [*policies, REPORTS] if policies else []}


def apply(lab, policies=(), ports=None):
    file = lab.write("services.yaml", document(lab, policies, ports))
    for host in lab.hosts:
        host.apply(file)


@pytest.fixture(scope="module")
def lab():
    made = two_hosts("svc", ports=2, subnets=["10.1.0.0/16", "fd00:1::/64"])
    prepare(made)
    apply(made)
    translate(made)
    way_out(made)
    yield made
    made.close()


@pytest.fixture
def four(lab):
    """Without policies, to begin with."""
    apply(lab)
    return lab.workloads


@pytest.fixture(params=(4, 6), ids=("ipv4", "ipv6"))
def family(request):
    return request.param


class Session:
    """A TCP connection to a Service, and who the server says has opened it."""

    ports = iter(range(8000, 9000))

    def __init__(self, src, dst, family=4, timeout=TIMEOUT, address=None):
        self.address = address or vip(dst, family)
        port = next(self.ports)
        with dst.socket(INET[family], socket.SOCK_STREAM) as listener:
            listener.bind((dst.address(family), port))
            listener.listen(1)
            listener.settimeout(timeout)
            self.near = src.socket(INET[family], socket.SOCK_STREAM)
            self.near.settimeout(timeout)
            try:
                self.near.connect((self.address, port))
                self.far, peer = listener.accept()
            except OSError:
                self.near.close()  # it would try again
                raise
        self.far.settimeout(TIMEOUT)
        self.near.settimeout(TIMEOUT)
        self.client = peer[0]
        self.tuple = (self.near.getsockname()[1], port)

    def exchange(self, size=1000):
        """There and back."""
        for one, other in ((self.near, self.far), (self.far, self.near)):
            data = os.urandom(size)
            sender = threading.Thread(target=one.sendall, args=(data,))
            sender.start()
            digest, left = hashlib.blake2b(), size
            while left:
                chunk = other.recv(min(left, 1 << 20))
                assert chunk, "closed"
                digest.update(chunk)
                left -= len(chunk)
            sender.join()
            assert digest.digest() == hashlib.blake2b(data).digest()

    def close(self):
        """With a reset, so that nothing is sent again in the next test."""
        for s in (self.near, self.far):
            s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            s.close()


@contextlib.contextmanager
def session(*args, **kwargs):
    made = Session(*args, **kwargs)
    yield made
    made.close()


def refused(src, dst, family=4):
    """No connection comes about."""
    with pytest.raises(OSError) as e:
        Session(src, dst, family, timeout=QUIET).close()
    assert isinstance(e.value, (socket.timeout, TimeoutError)), e.value


def flows(host, port):
    return [f for f in host.show("flows") if port in (f["origin"]["port"], f["other"]["port"])]


PAIRS = ("same-node", "across", "same-node-back", "back")


@pytest.fixture(params=PAIRS)
def ends(request, four):
    a1, a2, b1, _ = four
    return dict(zip(PAIRS, ((a1, a2), (a1, b1), (a2, a1), (b1, a1))))[request.param]


def test_tcp(ends, family):
    """Much of it, both ways; the server sees the client."""
    src, dst = ends
    with session(src, dst, family) as s:
        assert s.client == src.address(family)
        s.exchange(4 << 20)
        routed = [f for f in flows(dst.host, s.tuple[1]) if f["other"]["address"] == dst.address(family)]
        assert [(f["table"], f["routed"]) for f in routed] == [("established", True)], routed


def test_udp(ends, family):
    """Questions and answers, until the stream has its place among the established flows, and on."""
    src, dst = ends
    with dst.socket(INET[family], socket.SOCK_DGRAM) as server, src.socket(INET[family], socket.SOCK_DGRAM) as client:
        for s in (server, client):
            s.settimeout(TIMEOUT)
        server.bind((dst.address(family), 0))
        port = server.getsockname()[1]
        client.connect((vip(dst, family), port))
        for n in range(24):
            client.send(b"%d" % n)
            asked, peer = server.recvfrom(2000)
            assert (asked, peer[0]) == (b"%d" % n, src.address(family))
            server.sendto(asked, peer)
            assert client.recv(2000) == asked
            time.sleep(0.1)
        found = [f for f in flows(dst.host, port) if f["other"]["address"] == dst.address(family)]
        assert [(f["table"], f["routed"]) for f in found] == [("established", True)], found


def test_icmp(ends, family):
    """Echo; and an error about a packet comes back by the way that the packet has taken."""
    src, dst = ends
    ping(src, vip(dst, family))
    with src.socket(INET[family], socket.SOCK_DGRAM) as s:
        s.settimeout(TIMEOUT)
        s.connect((vip(dst, family), 9))
        s.send(b"anybody?")
        with pytest.raises(OSError) as e:
            s.recv(100)
        assert e.value.errno == errno.ECONNREFUSED


def test_fragments(ends):
    """Datagrams in pieces: those that come behind the first find its flow."""
    src, dst = ends
    with dst.socket(socket.AF_INET, socket.SOCK_DGRAM) as server, \
            src.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        for s in (server, client):
            s.settimeout(TIMEOUT)
        server.bind((dst.ip4, 0))
        client.connect((vip(dst), server.getsockname()[1]))
        data = os.urandom(5000)
        client.send(data)
        asked, peer = server.recvfrom(1 << 16)
        assert asked == data and peer[0] == src.ip4
        server.sendto(asked, peer)
        assert client.recv(1 << 16) == data


def test_hairpin(four, family):
    """A workload asks itself by its Service: the node has to put itself in the client's place."""
    a1 = four[0]
    with session(a1, a1, family) as s:
        assert s.client in ("10.1.0.1", "fd00:1::1")
        s.exchange()


def test_host_port(four):
    """hostPort, from within: the node's own addresses are translated, the one in the network and the other."""
    a1, a2, _, _ = four
    addresses = (a1.host.vtep(4), "10.1.0.1")
    a1.host.run("nft", "add", "table", "ip", "hostport")
    a1.host.run("nft", "-f", "-", input=f"""table ip hostport {{ chain pre {{
        type nat hook prerouting priority dstnat;
        ip daddr {{ {", ".join(addresses)} }} tcp dport 8000-9000 dnat to {a2.ip4}; }}; }}""")
    for address in addresses:
        with session(a1, a2, address=address) as s:
            assert s.client == a1.ip4
            s.exchange()
    a1.host.run("nft", "delete", "table", "ip", "hostport")


def test_beside(four):
    """The same two speak directly, and by the Service, and neither notices the other."""
    a1, _, b1, _ = four
    with session(a1, b1) as s, b1.socket(socket.AF_INET, socket.SOCK_STREAM) as listener, \
            a1.socket(socket.AF_INET, socket.SOCK_STREAM) as direct:
        listener.bind((b1.ip4, 0))
        listener.listen(1)
        listener.settimeout(TIMEOUT)
        direct.settimeout(TIMEOUT)
        direct.connect(listener.getsockname())
        accepted, _ = listener.accept()
        with accepted:
            for _ in range(3):
                s.exchange()
                direct.sendall(b"x")
                assert accepted.recv(10) == b"x"
                accepted.sendall(b"y")
                assert direct.recv(10) == b"y"
        assert not any(f["routed"] for f in flows(b1.host, listener.getsockname()[1]))


# -- policies ----------------------------------------------------------------------------------------

def server_in(*groups):
    return {"name": "server-in", "applies_to": "server", "direction": "ingress",
            "rules": [{"from": g} for g in groups]}


@pytest.mark.drops("POLICY_DENY_INGRESS")
def test_policy_of_the_client(lab, four, family):
    """A Service's server is asked for by who asks: not as the node that forwards."""
    a1, a2, b1, b2 = four
    apply(lab, [server_in("client")])
    with session(a1, b1, family) as s:
        s.exchange()
    refused(a2, b1, family)
    refused(b2, b1, family)
    assert b1.host.run("ping", "-c", 1, "-W", 1, b1.address(family), check=False).returncode
    apply(lab, [server_in("host")])
    refused(a1, b1, family)
    ping(a1.host, b1.address(family))
    ping(b1.host, b1.address(family))


@pytest.mark.drops("POLICY_DENY_INGRESS")
def test_policy_changes(lab, four):
    """A connection that a new policy does not let in is over; one that it does goes on."""
    a1, a2, b1, _ = four
    with session(a1, b1) as stays, session(a2, b1) as ends:
        for s in (stays, ends):
            s.exchange()
        apply(lab, [server_in("client")])
        stays.exchange()
        ends.near.settimeout(QUIET)
        ends.near.sendall(b"still there?")
        ends.far.settimeout(QUIET)
        with pytest.raises(OSError):
            ends.far.recv(100)
        apply(lab)
        stays.exchange()


@pytest.mark.drops("POLICY_DENY_INGRESS", "POLICY_REJECT_INGRESS")
def test_policy_refuses(lab, four):
    """What is rejected is told to the client, in the Service's name."""
    a1, a2, b1, _ = four
    rejects = {**server_in("client"), "default": "reject"}
    apply(lab, [rejects, {**rejects, "name": "here", "applies_to": "client"}])
    for src, dst in ((a2, b1), (a2, a1)):
        with pytest.raises(ConnectionRefusedError):
            Session(src, dst)


@pytest.mark.drops("POLICY_DENY_EGRESS")
def test_policy_of_egress(lab, four, family):
    """What a workload may ask is asked twice: about the Service, and about who serves it."""
    a1, a2, b1, _ = four
    services = {"to": {"cidrs": ["10.96.0.0/16", "fd96::/64"]}}

    def client_out(*rules):
        return {"name": "client-out", "applies_to": "client", "direction": "egress", "rules": list(rules)}

    apply(lab, [client_out(services)])
    refused(a1, b1, family)
    apply(lab, [client_out({"to": "server"})])
    refused(a1, b1, family)
    apply(lab, [client_out(services, {"to": "server"})])
    with session(a1, b1, family) as s:
        s.exchange()
    refused(a1, a2, family)


# -- who may not ---------------------------------------------------------------------------------------

@pytest.mark.drops("ADDR_NOT_OWN", "ADDR_SPOOFED", "ADDR_NOT_RECEIVER")
def test_not_routed(lab, four):
    """A host port that does not say so neither gets what is for others nor speaks for them."""
    a1, _, b1, _ = four
    apply(lab, ports=[host_port(h) for h in lab.hosts])
    before = a1.host.drops()
    refused(a1, b1)
    assert a1.host.drops()["host-a", "ADDR_NOT_RECEIVER"] or \
        any(r == "ADDR_NOT_RECEIVER" for _, r in a1.host.drops() - before)
    a1.host.ip(f"route add {vip(b1)}/32 via {b1.ip4}")
    a1.host.ip("addr add 10.77.0.1/32 dev lo")
    a1.host.run("ping", "-c", 1, "-W", 0.3, "-I", "10.77.0.1", b1.ip4, check=False)
    assert (a1.host.drops() - before)["host-a", "ADDR_NOT_OWN"]
    a1.host.ip(f"route del {vip(b1)}/32", "addr del 10.77.0.1/32 dev lo")


def test_nobody_pulls_answers(lab, four):
    """Who is no host port, and speaks with another's address, has the answer go to that address."""
    a1, a2, b1, _ = four
    a2.options = {"port_security": False}
    try:
        apply(lab)
        with b1.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
            server.bind((b1.ip4, 8765))
            server.settimeout(TIMEOUT)
            at_a1, at_a2, question, answer = Frames(a1), Frames(a2), mark(), mark()
            at_a2.send(datagram(a2, b1, 4321, 8765, question, src_ip=a1.ip4))
            asked, peer = server.recvfrom(100)
            assert (asked, peer) == (question, (a1.ip4, 4321))
            server.sendto(answer, peer)
            at_a1.expect(answer)
            assert not at_a2.having(answer)
            assert [f["routed"] for f in flows(b1.host, 8765)] == [False]
    finally:
        a2.options = {}


# -- time goes by ----------------------------------------------------------------------------------------

@pytest.mark.drops("ADDR_NOT_OWN")  # its interface keeps the link-local address of the MAC address before
def test_another_mac(lab, four):
    """A host port gets another MAC address: connections go on when the client speaks."""
    a1, _, b1, _ = four
    with session(a1, b1) as s:
        s.exchange()
        changed = [{**p, "mac": "02:00:00:01:00:77"} if p["name"] == "host-a" else p for p in lab.host_ports]
        apply(lab, ports=changed)
        a1.ip("neigh flush all")
        s.exchange()
        assert [f["routed"] for f in flows(b1.host, s.tuple[1])] == [True]
    apply(lab)
    a1.ip("neigh flush all")


@pytest.mark.drops("ADDR_NOT_RECEIVER")  # what the client has to say in the end
def test_gone(lab, four):
    """Where the host port routes no more, answers go to whom they are addressed, and nothing is stuck."""
    a1, _, b1, _ = four
    with session(a1, b1) as s:
        s.exchange()
        at_a1 = Frames(a1)
        apply(lab, ports=[host_port(h) for h in lab.hosts])
        text = mark()
        s.far.sendall(text)
        at_a1.expect(text)
        wait_until("not routed", lambda: not any(f["routed"] for f in flows(b1.host, s.tuple[1])))


def test_moved_gateway(lab, four):
    """A client whose gateway is another node's host port: its own node lets its address come back."""
    _, _, b1, b2 = four
    b1.ip("route replace default via 10.1.0.1", "route replace default via fd00:1::1")
    try:
        for f in (4, 6):
            with session(b1, b2, f) as s:
                assert s.client == b1.address(f)
                s.exchange(100000)
    finally:
        way_out(lab)


def test_explained(lab, four):
    """weft explain says why an answer goes elsewhere than it is addressed to."""
    a1, _, b1, _ = four
    with session(a1, b1) as s:
        s.exchange()
        near, port = s.tuple
        p = b1.host.weft("explain", "--port", b1.port, "--to", a1.ip4, "--to-mac", a1.mac, "--tcp", near,
                         "--source-port", port, "--flags", "ACK")
        assert "answers go to 02:00:00:01:00:01" in p.stdout, p.stdout
        apply(lab, [server_in("client")])  # so that it is decided again
        p = b1.host.weft("explain", "--port", b1.port, "--to", a1.ip4, "--to-mac", a1.mac, "--tcp", near,
                         "--source-port", port, "--flags", "ACK")
        assert "an answer to what 02:00:00:01:00:01 has routed: goes there, behind node" in p.stdout, p.stdout
